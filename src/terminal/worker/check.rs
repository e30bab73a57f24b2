//! The checks before a run: both environments once more, then the list that `osferry run` makes too.

use super::Reporter;
use super::desk::Desk;
use crate::database::Result;
use crate::front::{Home, any_engine, open, preflight};
use crate::migrate::{self, CheckSign, Preflight};
use crate::outsystems::Side;
use crate::plan::{CheckKind, Purpose, model_fingerprint};
use crate::wizard::message::{Check, Fact, Sign};

pub(super) async fn check(
    home: &Home,
    desk: &Desk,
    fingerprint: &str,
    purpose: Option<Purpose>,
    to: &Reporter,
) -> Result<()> {
    let plan = desk.plan(fingerprint).await?;
    let sides = desk.sides().await?;
    let mut list = Vec::new();
    let mut told = |check: migrate::Check| {
        list.push(shown(check));
        to.tell(Fact::Checks(list.clone()));
    };

    let (source, destination) =
        open::models(sides.source.as_ref(), sides.destination.as_source()).await?;
    let mut changed = Vec::new();
    for (side, before, now) in [
        (Side::Source, &sides.source_model, &source),
        (Side::Destination, &sides.destination_model, &destination),
    ] {
        if model_fingerprint(before) != model_fingerprint(now) {
            changed.push(format!("the {side} ({})", now.facts.database));
        }
    }
    told(if changed.is_empty() {
        migrate::Check::good(CheckKind::Models, "both environments unchanged since you planned")
    } else {
        migrate::Check::new(
            CheckKind::Models,
            CheckSign::Bad,
            format!("somebody published: {} changed since you planned", changed.join(" and ")),
            "Test both sides again on Connect (Ctrl+T there); your decisions are kept.",
        )
    });
    let mask_key = desk.mask_key();
    let request = Preflight {
        plan: &plan,
        source: sides.source.as_ref(),
        destination: sides.destination.as_ref(),
        source_model: &source,
        destination_model: &destination,
        purpose,
        mask_key: mask_key.as_ref(),
        any_engine: any_engine(),
    };
    preflight(home, &request, &mut told).await;
    Ok(())
}

/// A check as Review shows it: a task is ticked like a warning.
pub(super) fn shown(check: migrate::Check) -> Check {
    let sign = match check.sign {
        CheckSign::Good => Sign::Good,
        CheckSign::Note => Sign::Note,
        CheckSign::Warning | CheckSign::Task => Sign::Warning,
        CheckSign::Bad => Sign::Bad,
    };
    let step = match check.kind {
        CheckKind::Models
        | CheckKind::Pair
        | CheckKind::Clone
        | CheckKind::Rights
        | CheckKind::Engine
        | CheckKind::Versions
        | CheckKind::Collation => "Connect",
        CheckKind::Room | CheckKind::MaskKey => "Options",
        _ => "",
    };
    let (text, advice, all) = (check.text, check.advice, check.all);
    Check { sign, text, advice, all, step, kind: Some(check.kind) }
}
