//! What keeps Start locked, where that is mended, and what is said of it.

use super::super::jobs::Purpose;
use super::super::letters::Letters;
use super::super::message::{Check, Sign};
use super::super::migration::Migration;
use super::{Pane, Review};
use crate::outsystems::Side;
use crate::report::counted;

/// Something that keeps Start locked, and where it can be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) text: String,
    pub(super) pane: Pane,
}

impl Review {
    /// What keeps Start locked: first what the person has to do elsewhere, then here.
    pub(super) fn locks(&self, migration: &Migration) -> Vec<Lock> {
        let lock = |text: String, pane| Lock { text, pane };
        let mut locks: Vec<Lock> =
            migration.unready.iter().map(|text| lock(text.clone(), Pane::Plan)).collect();
        if self.ledger.is_none() {
            let text = if migration.is_comparing() {
                "the plan is still being made"
            } else {
                "there is no plan (see above)"
            };
            locks.push(lock(text.to_owned(), Pane::Plan));
        } else if migration.is_probing() {
            locks.push(lock("the probe on Options is still under way".to_owned(), Pane::Plan));
        } else if migration.jobs.is_running(Purpose::Check) {
            locks.push(lock("the checks are still being made".to_owned(), Pane::Checks));
        } else if migration.checks.is_empty() {
            locks.push(lock("the checks have not been made (Ctrl+T)".to_owned(), Pane::Checks));
        }
        let bad = migration.checks.iter().filter(|check| check.sign == Sign::Bad).count() as u64;
        if bad > 0 {
            let text = format!("{} to mend", counted(bad, "failed check", "failed checks"));
            locks.push(lock(text, Pane::Checks));
        }
        let warnings = self.unaccepted(migration).count() as u64;
        if warnings > 0 {
            let text = format!("{} to accept", counted(warnings, "warning", "warnings"));
            locks.push(lock(text, Pane::Checks));
        }
        if let Some(text) = self.letters(migration).missing() {
            locks.push(lock(text, Pane::Name));
        }
        locks
    }

    /// The same in one sentence; `None` when nothing does.
    pub(super) fn missing(&self, migration: &Migration) -> Option<String> {
        let texts: Vec<String> = self.locks(migration).into_iter().map(|lock| lock.text).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// Warnings that nobody has accepted, by their places.
    pub(super) fn unaccepted<'a>(
        &'a self,
        migration: &'a Migration,
    ) -> impl Iterator<Item = (usize, &'a Check)> {
        migration.checks.iter().enumerate().filter(|(place, check)| {
            check.sign == Sign::Warning && !self.is_accepted(*place, check)
        })
    }

    pub(super) fn letters(&self, migration: &Migration) -> Letters {
        Letters::of(self.typed.text(), &migration.name_of(Side::Destination))
    }

    /// Why there is no plan, as a sentence.
    pub(super) fn no_plan(&self, migration: &Migration) -> String {
        if migration.is_comparing() {
            return "The plan is still being made.".to_owned();
        }
        match &migration.refusal {
            Some(refusal) => {
                let open = refusal.undecided.len() + refusal.stopped.len();
                match refusal.wrong.first() {
                    Some(wrong) if open == 0 => format!("There is no plan: {wrong}."),
                    _ => format!(
                        "There is no plan: {} to decide; the steps marked ! say which.",
                        counted(open as u64, "finding is", "findings are")
                    ),
                }
            }
            None => "There is no plan yet: choose what is carried over, then decide what the \
                     comparison finds."
                .to_owned(),
        }
    }

    /// The cursor goes to the first thing that is missing.
    pub(super) fn go_to_missing(&mut self, migration: &Migration) {
        let Some(lock) = self.locks(migration).into_iter().next() else {
            self.pane = Pane::Start;
            return;
        };
        self.pane = lock.pane;
        let bad = migration.checks.iter().position(|check| check.sign == Sign::Bad);
        let place = bad.or_else(|| self.unaccepted(migration).next().map(|(place, _)| place));
        if let Some(place) = place.filter(|_| lock.pane == Pane::Checks) {
            self.checks.select(place, migration.checks.len(), 1);
        }
    }

    /// What the person may know below the field.
    pub(super) fn hint(&self, migration: &Migration) -> String {
        if !migration.may_change() {
            return "The run was started; nothing can be changed any more.".to_owned();
        }
        if self.is_starting {
            return "checking once more; it starts only if nothing has changed (Esc: call it off)"
                .to_owned();
        }
        let locks = self.locks(migration);
        if locks.is_empty() {
            return if self.pane == Pane::Start {
                let name = migration.name_of(Side::Destination);
                format!("Enter starts: {name} is written from then on")
            } else {
                "all is there: Tab to [ Start ], Enter presses it".to_owned()
            };
        }
        // The letters first: they are what the person looks at while typing.
        let (typed, others): (Vec<_>, Vec<_>) =
            locks.into_iter().partition(|lock| lock.pane == Pane::Name);
        let texts: Vec<String> = typed.into_iter().chain(others).map(|lock| lock.text).collect();
        let more = if texts.len() > 2 { "; more above" } else { "" };
        let first: Vec<&str> = texts.iter().take(2).map(String::as_str).collect();
        format!("{}{more}; then Start unlocks", first.join(", and "))
    }
}
