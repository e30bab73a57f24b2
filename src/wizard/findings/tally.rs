//! How far the findings of a step are decided.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::compare::{Finding, Severity, choice};
use crate::plan::{Decision, Decisions};

/// Where a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is nothing to decide.
    Known,
    /// Somebody has to decide it.
    Open,
    /// It was decided not to run.
    Stopped,
    /// It blocks, and nothing can be chosen: it has to be mended.
    Unmendable,
    /// It was decided.
    Decided,
}

impl Standing {
    /// Where a finding stands under these decisions.
    #[must_use]
    pub fn of(finding: &Finding, decisions: &Decisions) -> Self {
        if !finding.needs_decision() {
            return Self::Known;
        }
        if finding.choices.is_empty() {
            return Self::Unmendable;
        }
        let Some(decision) = decisions.get(&finding.key) else { return Self::Open };
        match finding.choices.iter().find(|made| made.name == decision.choice) {
            Some(made) if made.name == choice::STOP => Self::Stopped,
            Some(made) if !made.needs_target || decision.to.is_some() => Self::Decided,
            // A plan file may name what is no choice here, or no target.
            _ => Self::Open,
        }
    }

    /// Whether the run cannot start because of it.
    #[must_use]
    pub fn holds(self) -> bool {
        matches!(self, Self::Open | Self::Stopped | Self::Unmendable)
    }
}

/// Counts over the findings of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Findings that keep the run from starting and are a block.
    pub blocks: usize,
    /// Warnings that wait for a decision or were decided to stop.
    pub warnings: usize,
    /// Things to know.
    pub notes: usize,
    /// Findings that nobody decided.
    pub open: usize,
    /// Findings decided not to run.
    pub stopped: usize,
    /// Findings that have to be mended.
    pub unmendable: usize,
    /// Findings decided.
    pub decided: usize,
    /// Findings whose rows are being counted.
    pub counting: usize,
    /// Changes when a decision about one of these findings does.
    pub answers: u64,
    /// Changes when one of these findings does.
    pub shown: u64,
}

impl Tally {
    /// Adds a finding.
    pub fn add(&mut self, finding: &Finding, standing: Standing, decisions: &Decisions) {
        self.count(finding.severity, standing, true);
        self.counting += usize::from(finding.awaits_rows);
        self.answers ^= mark_of_decision(decisions.get(&finding.key));
        // The order does not count: the same findings show the same.
        self.shown ^= mark(|hasher| {
            finding.key.hash(hasher);
            (finding.severity as u8, &finding.what, finding.rows).hash(hasher);
        });
    }

    /// A finding's decision changed.
    pub fn redecide(
        &mut self,
        severity: Severity,
        from: (Standing, u64),
        to: (Standing, Option<&Decision>),
    ) {
        self.count(severity, from.0, false);
        self.count(severity, to.0, true);
        self.answers ^= from.1 ^ mark_of_decision(to.1);
    }

    fn count(&mut self, severity: Severity, standing: Standing, more: bool) {
        let step = |count: &mut usize| {
            *count = if more { *count + 1 } else { count.saturating_sub(1) };
        };
        match severity {
            Severity::Block if standing.holds() => step(&mut self.blocks),
            Severity::Warning if standing.holds() => step(&mut self.warnings),
            Severity::Note => step(&mut self.notes),
            Severity::Block | Severity::Warning => {}
        }
        match standing {
            Standing::Known => {}
            Standing::Open => step(&mut self.open),
            Standing::Stopped => step(&mut self.stopped),
            Standing::Unmendable => step(&mut self.unmendable),
            Standing::Decided => step(&mut self.decided),
        }
    }
}

/// A number that tells a decision from others; 0 for none.
#[must_use]
pub fn mark_of_decision(decision: Option<&Decision>) -> u64 {
    let Some(decision) = decision else { return 0 };
    mark(|hasher| {
        decision.key.hash(hasher);
        (&decision.choice, &decision.to).hash(hasher);
    })
}

/// A number that tells a finding's key from others.
#[must_use]
pub fn mark_of_key(key: &crate::compare::FindingKey) -> u64 {
    mark(|hasher| key.hash(hasher))
}

fn mark(write: impl FnOnce(&mut DefaultHasher)) -> u64 {
    let mut hasher = DefaultHasher::new();
    write(&mut hasher);
    hasher.finish()
}
