//! What the proof found.

use serde::{Deserialize, Serialize};

use super::surroundings::SurroundingsProof;

/// Differences that are kept per entity with row and column; the others are counted.
pub const SHOWN_DIFFERENCES: usize = 20;

/// The result of a proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The entities, in the plan's order.
    pub entities: Vec<EntityProof>,
    /// About how many rows of each entity were compared, when not all were.
    pub sample: Option<u64>,
    /// Everything else in the destination, where the journal has a picture from before the run.
    #[serde(default)]
    pub surroundings: Option<SurroundingsProof>,
    /// What was not verified, and why.
    #[serde(default)]
    pub unverified: Vec<Unverified>,
    /// What was taken over from a proof that was interrupted.
    #[serde(default)]
    pub taken_over: Option<TakenOver>,
    /// When and by whom it was made.
    #[serde(default)]
    pub made: Option<Made>,
}

/// Something that a proof says nothing about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unverified {
    /// What, in words.
    pub what: String,
    /// Why, in words.
    pub why: String,
}

/// Results of an earlier proof that was interrupted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOver {
    /// Entities whose results were taken over.
    pub entities: u64,
    /// When that proof began.
    pub begun: String,
}

/// When, where and by whom a proof was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// When it began, by the clock of the machine that made it.
    pub begun: String,
    /// When it ended.
    pub ended: String,
    /// Who was signed in to that machine.
    pub system_user: String,
    /// Who was signed in to the source.
    pub source_sign_in: String,
    /// Who was signed in to the destination.
    pub destination_sign_in: String,
    /// Where the source's rows were read.
    pub source: String,
    /// Where the destination's rows were read.
    pub destination: String,
    /// The source model's fingerprint at the proof.
    pub source_fingerprint: String,
    /// The destination model's fingerprint at the proof.
    pub destination_fingerprint: String,
    /// The version of osferry that made it.
    pub version: String,
}

impl Proof {
    /// Whether everything was found as it should be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differences() == 0
    }

    /// Rows of ours that were compared, over all entities.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.entities.iter().map(|entity| entity.compared).sum()
    }

    /// Rows of ours that there were to compare, over all entities.
    #[must_use]
    pub fn carried(&self) -> u64 {
        self.entities.iter().map(|entity| entity.written).sum()
    }

    /// Differences, over all entities and everything around them.
    #[must_use]
    pub fn differences(&self) -> u64 {
        let around = self.surroundings.as_ref().map_or(0, |around| around.differences);
        self.entities.iter().map(|entity| entity.differences).sum::<u64>() + around
    }
}

/// The result for one entity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityProof {
    /// `Espace.Entity`.
    pub name: String,
    /// Rows that the journal says were written.
    pub written: u64,
    /// Rows that the journal says were recognised in the destination.
    pub recognised: u64,
    /// Rows of ours that are in the destination, of those looked for.
    pub found: u64,
    /// Rows of ours that were compared.
    pub compared: u64,
    /// Of these, rows whose batch had the digest that was taken at reading: equal as a whole.
    pub by_digest: u64,
    /// Rows that are as they were read though the source has changed or deleted them since. They
    /// are noticed where the source had to be read again, because something else differs nearby.
    pub changed_since: u64,
    /// Rows that the source has now and that came after it was read.
    #[serde(default)]
    pub appeared_since: u64,
    /// The references, one for each column that holds ids.
    pub references: Vec<ReferenceProof>,
    /// Everything that is not as it should be: rows missing, cells that differ, ids that lead
    /// nowhere.
    pub differences: u64,
    /// The first of them.
    pub shown: Vec<Difference>,
}

impl EntityProof {
    /// Whether everything was found as it should be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differences == 0
    }

    /// Counts a difference, and keeps it if it is one of the first.
    pub(super) fn differs(&mut self, difference: Difference) {
        self.differences += 1;
        if self.shown.len() < SHOWN_DIFFERENCES {
            self.shown.push(difference);
        }
    }
}

/// The result for one reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceProof {
    /// The attribute.
    pub attribute: String,
    /// Cells of ours that were emptied, as the journal says.
    pub emptied: u64,
    /// Cells of our rows whose id leads to no row of the destination.
    pub orphans: u64,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The row's identifier in the source; empty where it is not known.
    pub source: String,
    /// The row's identifier in the destination; empty where it is not known.
    pub destination: String,
    /// The attribute; empty when it is about the row as a whole.
    pub attribute: String,
    /// What is wrong, in words; values of text and binary are described, not shown.
    pub what: String,
}
