//! Confirming: warnings accepted, the name typed, Start pressed. That holds for the plan, its sums
//! and its checks as they were read; at the start all checks are made once more.

use std::sync::Arc;

use super::super::jobs::Purpose;
use super::super::message::{Check, Effect, Sign};
use super::super::migration::Migration;
use super::super::text_field::TextField;
use super::ledger::Ledger;
use super::{NAME, Pane, Review};
use crate::plan::{Acceptance, CheckKind};

/// What was confirmed: another plan, other sums or other findings have to be confirmed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Basis {
    fingerprint: String,
    rows: [u64; 3],
    /// Each check's sign; with its text unless all is well.
    checks: Vec<(Sign, String)>,
}

impl Basis {
    fn of(ledger: &Ledger, checks: &[Check]) -> Self {
        let report = &ledger.report;
        let finding = |check: &Check| match check.sign {
            Sign::Good => (Sign::Good, String::new()),
            sign => (sign, check.text.clone()),
        };
        Self {
            fingerprint: report.fingerprint.clone(),
            rows: [report.rows(), report.deleted(), report.kept()],
            checks: checks.iter().map(finding).collect(),
        }
    }
}

impl Review {
    /// Brings what is kept here up to date with the migration; starts the run when Start was
    /// pressed and everything is still as it was.
    pub(super) fn sync(&mut self, migration: &mut Migration) {
        let is_new = match (&self.ledger, &migration.built) {
            (Some(ledger), Some(plan)) => !Arc::ptr_eq(&ledger.plan, plan),
            (None, None) => false,
            _ => true,
        };
        if is_new {
            self.ledger = migration.built.as_ref().map(Ledger::new);
            self.whole = None;
            self.is_starting = false;
        }
        if !migration.may_change() || migration.step != NAME {
            self.is_starting = false;
            return;
        }
        if self.ledger.is_none() || migration.jobs.is_running(Purpose::Check) {
            return;
        }
        if migration.checks.is_empty() {
            self.is_starting = false;
            if is_new {
                self.check(migration);
            }
            return;
        }
        let was_starting = std::mem::take(&mut self.is_starting);
        self.compare(migration);
        if !was_starting {
            return;
        }
        if !migration.overlays.is_empty() {
            self.lapsed = Some("Nothing was started: a question was open. Press Start again.");
        } else if self.locks(migration).is_empty() {
            // What comes after a start has to be confirmed anew.
            let typed = std::mem::take(&mut self.typed);
            self.pane = Pane::Checks;
            migration.start_run(typed.text().trim().to_owned());
        } else {
            self.lapsed.get_or_insert("Nothing was started: see what is missing.");
        }
    }

    /// Clears what was typed and accepted when it was about something else.
    fn compare(&mut self, migration: &Migration) {
        let Some(ledger) = &self.ledger else { return };
        let now = Basis::of(ledger, &migration.checks);
        if self.basis.as_ref() == Some(&now) {
            return;
        }
        let before = self.basis.replace(now);
        let (Some(before), Some(now)) = (before, &self.basis) else { return };
        if self.typed.text().is_empty() && self.accepted.is_empty() {
            return;
        }
        self.lapsed = Some(if before.fingerprint != now.fingerprint {
            "The plan has changed since you confirmed it: read it again, then confirm it again."
        } else if before.rows != now.rows {
            "Rows were counted anew since you confirmed: read the plan again, then confirm again."
        } else {
            "The checks came out differently: read them again, then confirm again."
        });
        self.typed = TextField::default();
        self.accepted.clear();
        self.pane = Pane::Checks;
    }

    /// Makes all checks.
    pub(super) fn check(&self, migration: &mut Migration) {
        let Some(ledger) = self.ledger.as_ref().filter(|_| migration.may_change()) else { return };
        let fingerprint = ledger.report.fingerprint.clone();
        let purpose = migration.plan.destination.purpose;
        migration.checks.clear();
        migration.start(Purpose::Check, |job| Effect::Check { job, fingerprint, purpose });
    }

    pub(super) fn is_accepted(&self, place: usize, check: &Check) -> bool {
        self.accepted.iter().any(|(at, text)| *at == place && *text == check.text)
    }

    /// Accepts the selected warning, or takes that back.
    pub(super) fn accept(&mut self, place: usize, migration: &mut Migration) {
        let Some(check) = migration.checks.get(place) else { return };
        if check.sign != Sign::Warning {
            let text = match check.sign {
                Sign::Bad => "This cannot be accepted: it has to be mended, then Ctrl+T.",
                _ => "There is nothing to accept here; only warnings (!) are.",
            };
            migration.say(text);
            return;
        }
        let wanted = (place, check.text.clone());
        if self.is_accepted(place, check) {
            self.accepted.retain(|accepted| *accepted != wanted);
        } else {
            self.accepted.push(wanted);
        }
    }

    /// What was accepted, as a plan file says it.
    pub(super) fn acceptance(&self, migration: &Migration) -> Acceptance {
        let mut said = migration.plan.preflight.clone();
        for (place, check) in migration.checks.iter().enumerate() {
            let Some(kind) = check.kind.filter(|_| self.is_accepted(place, check)) else {
                continue;
            };
            if kind == CheckKind::Frozen {
                let now = &migration.now;
                said.frozen = format!("ticked on Review, {} {}", now.day, now.clock);
            } else if kind.is_acceptable() && !said.accept.contains(&kind) {
                said.accept.push(kind);
            }
        }
        said
    }

    /// Start was pressed.
    pub(super) fn start(&mut self, migration: &mut Migration) {
        if !migration.may_change() {
            migration.say("The run was started already; Ctrl+N leads to it.");
            return;
        }
        if self.is_starting {
            return;
        }
        if let Some(missing) = self.missing(migration) {
            self.go_to_missing(migration);
            migration.say(format!("Start is locked: {missing}."));
            return;
        }
        self.lapsed = None;
        self.is_starting = true;
        self.check(migration);
    }
}
