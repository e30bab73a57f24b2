//! The rail's states: what is done, what needs attention, what an earlier answer has put in doubt.

use super::message::Sign;
use super::{Model, Screen};

/// What a step had been checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The answers of the steps before it.
    basis: String,
    /// What it showed.
    shown: String,
}

impl Model {
    fn basis(&self, place: usize) -> String {
        let answers: Vec<String> =
            self.steps[..place].iter().map(|step| step.answers(&self.migration)).collect();
        answers.join("\u{1f}")
    }

    /// The step that is shown counts as checked against what is known now.
    pub(super) fn remember(&mut self) {
        if let Screen::Step(place) = self.screen {
            let basis = self.basis(place);
            let shown = self.steps[place].shown(&self.migration);
            self.seen[place] = Some(Seen { basis, shown });
        }
    }

    /// A step that shows what it showed when it was checked needs no second look, whatever
    /// changed before it; the one that is looked at is checked.
    pub(super) fn look_again(&mut self) {
        self.remember();
        if self.migration.is_comparing() {
            return;
        }
        for place in 0..self.steps.len() {
            let Some(seen) = &self.seen[place] else { continue };
            let basis = self.basis(place);
            if seen.basis != basis && seen.shown == self.steps[place].shown(&self.migration) {
                self.seen[place] = Some(Seen { basis, ..seen.clone() });
            }
        }
    }

    /// Whether an earlier answer changed since a step was checked.
    #[must_use]
    pub fn needs_recheck(&self, place: usize) -> bool {
        self.seen[place].as_ref().is_some_and(|seen| seen.basis != self.basis(place))
    }

    /// The sign of a step in the rail.
    #[must_use]
    pub fn sign(&self, place: usize) -> Sign {
        if self.screen == Screen::Step(place) {
            return Sign::Here;
        }
        if place > self.reached || self.seen[place].is_none() {
            return Sign::Later;
        }
        if !self.steps[place].gate(&self.migration).is_empty() {
            return Sign::Warning;
        }
        if self.needs_recheck(place) { Sign::Recheck } else { Sign::Good }
    }
}
