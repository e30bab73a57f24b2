//! The target of a decision, looked for while it is typed.

use super::Reporter;
use super::desk::Desk;
use crate::database::Result;
use crate::front::look_for_target;
use crate::plan::{Decision, Decisions, ScopeRequest};
use crate::wizard::message::Fact;

pub(super) async fn look(
    desk: &Desk,
    scope: &ScopeRequest,
    decisions: &Decisions,
    made: Decision,
    to: &Reporter,
) -> Result<()> {
    let sides = desk.sides().await?;
    let mut answers = desk.answers.lock().await;
    let found =
        look_for_target(sides.environments(), scope, decisions, &made, &mut answers).await?;
    to.tell(Fact::TargetLookedFor(made, found));
    Ok(())
}
