//! Two environments compared with nothing left open.

use super::refused;
use crate::compare::Answers;
use crate::database::Result;
use crate::migrate::{Environments, survey};
use crate::plan::{Decisions, Review, ScopeRequest};

/// Compares with every question answered; `asked` is told how many are still open. A decision for
/// all findings of a kind is given to each of them that has none of its own. With `recommended`, open findings are decided as recommended until none is left that has a
/// recommendation other than to stop.
///
/// Answers that are known already are not asked for again.
pub async fn review(
    environments: Environments<'_>,
    scope: &ScopeRequest,
    decisions: &mut Decisions,
    answers: &mut Answers,
    recommended: bool,
    mut asked: impl FnMut(usize) + Send,
) -> Result<Review> {
    loop {
        let reviewed = survey(environments, scope, decisions, answers, &mut asked)
            .await?
            .map_err(|error| refused(error.to_string()))?;
        decisions.follow(&reviewed.comparison);
        let mut taken = decisions.take_for_kinds(&reviewed.comparison);
        if recommended {
            taken += decisions.take_recommended(&reviewed.comparison);
        }
        // A decision can bring further entities into the scope, and with them findings.
        if taken == 0 {
            return Ok(reviewed);
        }
    }
}
