//! How many rows go into one transaction: fewer where it takes long, so that its locks are short.

use std::time::Duration;

/// A transaction that takes longer is followed by smaller ones.
const LONG: Duration = Duration::from_millis(500);
/// One that is done in less is followed by larger ones.
const SHORT: Duration = Duration::from_millis(200);
/// No fewer rows than this, unless the plan has fewer: what a transaction costs however small it is
/// would be most of it.
const LEAST: usize = 250;

/// How many rows the next transaction takes (`engine.md` D9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::migrate) struct BatchSize {
    now: usize,
    most: usize,
}

impl BatchSize {
    /// Begins with the most that the plan allows.
    pub(in crate::migrate) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { now: most, most }
    }

    #[cfg(test)]
    fn rows(self) -> usize {
        self.now
    }

    /// Rows in groups of that size, in their order.
    pub(super) fn parts(self, rows: &[usize]) -> impl DoubleEndedIterator<Item = &[usize]> {
        rows.chunks(self.now)
    }

    /// A transaction of so many rows took so long.
    pub(super) fn took(&mut self, rows: usize, time: Duration) {
        if time > LONG {
            self.shrink();
        } else if time < SHORT && rows >= self.now {
            self.now = (self.now + self.now / 2 + 1).min(self.most);
        }
    }

    /// The server took a transaction back for the sake of others.
    pub(super) fn shrink(&mut self) {
        self.now = (self.now / 2).max(LEAST.min(self.most));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_transactions_get_smaller_and_short_ones_larger_again() {
        let mut size = BatchSize::new(2_000);
        size.took(2_000, Duration::from_millis(300));
        assert_eq!(size.rows(), 2_000, "neither long nor short");
        size.took(2_000, Duration::from_secs(3));
        assert_eq!(size.rows(), 1_000);
        for _ in 0..9 {
            size.took(1_000, Duration::from_secs(3));
        }
        assert_eq!(size.rows(), LEAST);
        // The last rows of a table say nothing of as many as there could be.
        size.took(10, Duration::from_millis(1));
        assert_eq!(size.rows(), LEAST);
        for _ in 0..9 {
            size.took(size.rows(), Duration::from_millis(20));
        }
        assert_eq!(size.rows(), 2_000);
    }

    #[test]
    fn a_plan_with_small_batches_has_no_smaller_ones() {
        let mut size = BatchSize::new(5);
        size.shrink();
        size.took(5, Duration::from_secs(3));
        assert_eq!(size.rows(), 5);
        assert_eq!(BatchSize::new(0).rows(), 1);
    }

    #[test]
    fn rows_stay_in_their_order() {
        let mut size = BatchSize::new(600);
        size.shrink();
        let rows: Vec<usize> = (0..700).collect();
        let parts: Vec<&[usize]> = size.parts(&rows).collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [300, 300, 100]);
        assert_eq!(parts.concat(), rows);
    }
}
