//! What a run rejected, tried again: what that would do, and doing it.

use super::Reporter;
use super::carry::carry_on;
use super::check::shown;
use super::desk::Desk;
use super::past::known;
use crate::database::{Fault, FaultKind, Result};
use crate::front::{Home, Ready, Rejects, open, preflight};
use crate::migrate::again::{AgainCount, check_fits};
use crate::migrate::{Check, CheckSign, Control, check_pair, check_purpose};
use crate::plan::{PlanFile, Purpose};
use crate::wizard::message::{Again, Fact};

/// Whose rejects are tried again, which checks were accepted by their texts, and what was typed to
/// confirm it.
pub(super) struct Order {
    pub(super) id: String,
    pub(super) accepted: Vec<String>,
    pub(super) confirmed: String,
}

/// Everything that the run needs, both models read anew.
async fn prepared(
    home: &Home,
    desk: &Desk,
    id: &str,
) -> Result<(Ready, Option<Purpose>, AgainCount)> {
    home.check()?;
    let (known, header, _, sides) = known(home, desk, id).await?;
    let Rejects { plan, count, .. } = Rejects::read(&known)?;
    let answers = PlanFile::understand(&header.plan_text, &header.name).map_err(|error| {
        Fault::new(FaultKind::Invalid, format!("the plan of run {id} cannot be read: {error}"))
    })?;
    let purpose = answers.plan.destination.purpose;
    check_purpose(purpose)?;
    let (source, destination) =
        open::models(sides.source.as_ref(), sides.destination.as_source()).await?;
    check_pair(&source, &destination, purpose)?;
    check_fits(&known.folder, [&source, &destination], sides.destination.as_ref()).await?;
    let models = [source, destination];
    let ready = Ready::of_run(&header, (*plan).clone(), sides.source, sides.destination, models);
    Ok((Ready { mask_key: desk.mask_key(), ..ready }, purpose, count))
}

async fn checked(home: &Home, ready: &Ready, purpose: Option<Purpose>) -> Vec<Check> {
    let mut checks = Vec::new();
    preflight(home, &ready.preflight(purpose), &mut |check| checks.push(check)).await;
    checks
}

/// What trying the rejects of a run again would do.
pub(super) async fn look(home: &Home, desk: &Desk, id: &str, to: &Reporter) -> Result<()> {
    let (ready, purpose, count) = prepared(home, desk, id).await?;
    let checks = checked(home, &ready, purpose).await.into_iter().map(shown).collect();
    let again = Again { id: id.to_owned(), plan: ready.plan, count, checks };
    to.tell(Fact::AgainForeseen(Box::new(again)));
    Ok(())
}

/// Tries them again. What was looked at before is looked at once more.
pub(super) async fn carry(
    home: &Home,
    desk: &Desk,
    order: Order,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let (ready, purpose, _) = prepared(home, desk, &order.id).await?;
    let ready = Ready { confirmed: order.confirmed, ..ready };
    let is_accepted = |check: &Check| match check.sign {
        CheckSign::Good | CheckSign::Note => true,
        CheckSign::Warning | CheckSign::Task => order.accepted.contains(&check.text),
        CheckSign::Bad => false,
    };
    let checks = checked(home, &ready, purpose).await;
    if let Some(check) = checks.into_iter().find(|check| !is_accepted(check)) {
        let what = format!("the checks came out differently: {}", check.text);
        return Err(Fault::new(FaultKind::Invalid, what).advise(check.advice));
    }
    carry_on(home, &ready, control, to).await
}
