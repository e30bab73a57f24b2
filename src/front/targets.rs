//! The target of a decision, looked for before it is decided.

use super::review;
use crate::compare::Answers;
use crate::database::Result;
use crate::migrate::Environments;
use crate::plan::{Decision, Decisions, ScopeRequest, check_target};

/// Whether the target of a decision can be: both environments are compared as if it were decided.
/// The inner result says what the target is, or what is wrong with it.
pub async fn look_for_target(
    environments: Environments<'_>,
    scope: &ScopeRequest,
    decisions: &Decisions,
    made: &Decision,
    answers: &mut Answers,
) -> Result<std::result::Result<String, String>> {
    let mut decisions = decisions.clone();
    decisions.put(made.clone());
    let reviewed = review(environments, scope, &mut decisions, answers, false, |_| {}).await?;
    let (source, destination) = (environments.source_model, environments.destination_model);
    Ok(check_target(source, destination, &reviewed, made))
}
