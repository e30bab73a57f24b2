//! How long a plan takes, by what it counts alone: wide bounds, the same for whoever has the plan.

use serde::{Deserialize, Serialize};

use super::{ExistingPlan, Plan, Rule};

/// Rows a second that a run carries over at most.
const FASTEST: u64 = 50_000;
/// Rows a second that a run carries over at least. Low on purpose: what is forecast too short keeps
/// old row versions on the source's server for longer than it was told.
const SLOWEST: u64 = 5_000;
/// Rows a second that a proof compares at most, and at least.
const PROOF: (u64, u64) = (100_000, 5_000);

/// From the least to the most; milliseconds or bytes, as it is said where it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
}

impl Span {
    /// From here to there.
    #[must_use]
    pub const fn new(least: u64, most: u64) -> Self {
        Self { least, most }
    }

    /// Both of them, one after the other.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self::new(self.least.saturating_add(more.least), self.most.saturating_add(more.most))
    }

    /// So many times this, each end by its own.
    #[must_use]
    pub fn times(self, times: Self) -> Self {
        Self::new(self.least.saturating_mul(times.least), self.most.saturating_mul(times.most))
    }

    /// Whether it lies between both ends.
    #[must_use]
    pub fn holds(self, value: u64) -> bool {
        (self.least..=self.most).contains(&value)
    }
}

/// What a run writes, in rows as they were counted at review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Rows inserted, or recognised and perhaps changed; users and groups that are created.
    pub inserted: u64,
    /// Rows of the destination that are deleted first.
    pub deleted: u64,
    /// References that are set once all rows are there, at most.
    pub updated: u64,
}

impl Work {
    /// What a plan writes.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut work = Self::default();
        for entity in &plan.entities {
            let rows = entity.rows_to_carry();
            let is_deferred = |rule: &Rule| rule.references().any(|rule| rule.is_deferred);
            let deferred = entity.columns.iter().filter(|column| is_deferred(&column.rule)).count();
            work.inserted = work.inserted.saturating_add(rows);
            work.updated = work.updated.saturating_add(rows.saturating_mul(deferred as u64));
            if let ExistingPlan::Replace { rows, .. } = entity.existing {
                work.deleted = work.deleted.saturating_add(rows);
            }
        }
        let outside = plan.outside.iter().map(|outside| outside.rows);
        work.deleted = outside.fold(work.deleted, u64::saturating_add);
        let created = |people: &[super::PersonPlan]| {
            let is_created = |person: &&super::PersonPlan| {
                matches!(person.fate, super::PersonFate::Create { .. })
            };
            people.iter().filter(is_created).count() as u64
        };
        work.inserted = work.inserted.saturating_add(created(&plan.users) + created(&plan.groups));
        work
    }

    /// The same in rows inserted: deleting a row takes between three tenths of the time that
    /// inserting one does and one and a half times that; setting a reference no time, where it is
    /// empty, and at most as long.
    #[must_use]
    pub fn units(&self) -> Span {
        let (deleted, updated) = (self.deleted, self.updated);
        Span::new(
            self.inserted.saturating_add(deleted / 10 * 3 + deleted % 10 * 3 / 10),
            self.inserted
                .saturating_add(deleted.saturating_add(deleted / 2))
                .saturating_add(updated),
        )
    }

    /// How long writing it takes where nothing else is known, in milliseconds.
    #[must_use]
    pub fn writing_bounds(&self) -> Span {
        let units = self.units();
        Span::new(millis(units.least, FASTEST), millis(units.most, SLOWEST))
    }

    /// How long proving it takes where nothing else is known, in milliseconds.
    #[must_use]
    pub fn proof_bounds(&self) -> Span {
        let (fastest, slowest) = PROOF;
        Span::new(millis(self.inserted, fastest), millis(self.inserted, slowest))
    }
}

/// Milliseconds for so many rows at so many a second.
fn millis(rows: u64, a_second: u64) -> u64 {
    (rows / a_second).saturating_mul(1_000).saturating_add(rows % a_second * 1_000 / a_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_ten_apart_and_bear_any_count() {
        let work = Work { inserted: 1_284_322, ..Work::default() };
        assert_eq!(work.writing_bounds(), Span::new(25_686, 256_864));
        assert_eq!(work.proof_bounds(), Span::new(12_843, 256_864));
        let all = Work { inserted: u64::MAX, deleted: u64::MAX, updated: u64::MAX };
        assert!(all.writing_bounds().least < all.writing_bounds().most);
        assert_eq!(Work::default().writing_bounds(), Span::default());
    }

    #[test]
    fn what_is_deleted_and_set_later_counts() {
        let work = Work { inserted: 100, deleted: 10, updated: 7 };
        assert_eq!(work.units(), Span::new(103, 122));
    }

    #[test]
    fn spans_add_up_end_by_end() {
        let one = Span::new(2, 3);
        assert_eq!(one.plus(Span::new(10, 20)), Span::new(12, 23));
        assert_eq!(one.times(Span::new(10, 20)), Span::new(20, 60));
        assert!(one.holds(2) && one.holds(3) && !one.holds(4));
    }
}
