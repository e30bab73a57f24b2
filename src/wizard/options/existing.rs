//! The rows that the destination has of the chosen entities, counted over all of them.

use std::sync::Arc;

use super::super::migration::Migration;
use crate::compare::Reason;
use crate::plan::Review;
use crate::report::counted;

/// What deleting first would delete and leave, as far as it was counted.
#[derive(Debug, Default)]
pub(super) struct Existing {
    review: Option<Arc<Review>>,
    /// Rows that would be deleted.
    pub(super) goes: u64,
    /// Rows that stay in any case: of tenants that are not carried over, and the like.
    pub(super) stays: u64,
    /// Whether a table is not counted yet.
    pub(super) is_open: bool,
}

impl Existing {
    /// Comes up to date with the comparison; an entity taken in by reference is decided by its
    /// finding and does not count here.
    pub(super) fn sync(&mut self, migration: &Migration) {
        if migration.is_newest(self.review.as_ref()) {
            return;
        }
        *self = Self { review: migration.review.clone(), ..Self::default() };
        let Some(review) = &self.review else { return };
        for pair in &review.comparison.pairs {
            if matches!(pair.reason, Reason::Chosen) {
                self.goes += pair.existing.replaced.unwrap_or_default();
                self.stays += pair.existing.standing.unwrap_or_default();
                self.is_open |= pair.existing.replaced.is_none();
            }
        }
    }

    /// Whether anything is known.
    pub(super) fn is_known(&self) -> bool {
        self.review.is_some()
    }

    /// `43,118 rows`, as far as it is known.
    pub(super) fn goes_words(&self) -> String {
        match (self.is_known(), self.is_open) {
            (false, _) => "rows not counted yet".to_owned(),
            (true, true) if self.goes == 0 => "… rows, being counted".to_owned(),
            (true, true) => {
                format!("{} so far, being counted", counted(self.goes, "row", "rows"))
            }
            (true, false) if self.goes == 0 => "there are none".to_owned(),
            (true, false) => counted(self.goes, "row", "rows"),
        }
    }

    /// The same of all rows that there are.
    pub(super) fn all_words(&self) -> String {
        match (self.is_known(), self.is_open) {
            (false, _) => "rows not counted yet".to_owned(),
            (true, true) => "… rows, being counted".to_owned(),
            (true, false) => counted(self.goes + self.stays, "row", "rows"),
        }
    }
}
