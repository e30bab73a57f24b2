//! What the pages of one table usually take.

use std::time::Duration;

use super::governor::Page;

/// The best pages that say what is usual.
const BEST: usize = 5;
/// Pages that have to be known before one is judged.
const ENOUGH: usize = 3;
/// A page of this share of the largest size, or more, says what is usual; smaller ones take less
/// for that alone.
const LIKE_OTHERS: f64 = 0.5;
/// A page of this many times the size is none like the others: what is usual is learned anew.
const LARGER: f64 = 2.0;
/// What a page may always take: below this nobody is waiting for anybody.
const NOTHING: Duration = Duration::from_millis(50);

/// A page beside those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judged {
    /// What the source took for it.
    pub(super) took: Duration,
    /// What such a page usually takes.
    pub(super) usual: Duration,
}

impl Judged {
    /// How many times the usual it took, where the usual counts as something at least.
    pub(super) fn times(&self) -> f64 {
        self.took.as_secs_f64() / self.usual.max(NOTHING).as_secs_f64()
    }
}

/// The size that pages have, and the best of them.
#[derive(Debug, Default)]
pub(super) struct Usual {
    rows: f64,
    bytes: f64,
    /// Seconds, the shortest first.
    best: Vec<f64>,
}

impl Usual {
    /// Judges a page by those before it, as far as they are enough, and learns from it.
    ///
    /// `slower` is how many times slower the source is just now, by its other tables: what is not
    /// known of this one yet is taken for that much quicker than it looks.
    pub(super) fn judge(&mut self, page: &Page, slower: f64) -> Option<Judged> {
        let (rows, bytes) = (page.rows as f64, page.bytes as f64);
        let mut size = (rows / self.rows.max(1.0)).max(bytes / self.bytes.max(1.0));
        if size > LARGER {
            *self = Self { rows, bytes, best: Vec::new() };
            size = 1.0;
        }
        let usual = self.best.get(self.best.len() / 2).filter(|_| self.best.len() >= ENOUGH);
        let usual = usual.map(|usual| Duration::from_secs_f64(usual * size.max(1.0)));
        if size >= LIKE_OTHERS {
            let took =
                page.took.as_secs_f64() / if usual.is_some() { 1.0 } else { slower.max(1.0) };
            let place = self.best.partition_point(|best| *best <= took);
            self.best.insert(place, took);
            self.best.truncate(BEST);
        }
        usual.map(|usual| Judged { took: page.took, usual })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: u64, milliseconds: u64) -> Page {
        Page { rows, bytes: rows * 100, took: Duration::from_millis(milliseconds) }
    }

    fn known() -> Usual {
        let mut usual = Usual::default();
        for took in [130, 110, 120, 900, 115, 125] {
            usual.judge(&page(2000, took), 1.0);
        }
        usual
    }

    #[test]
    fn the_first_pages_are_not_judged_and_one_slow_page_is_no_measure() {
        let mut usual = Usual::default();
        for took in [120, 900, 110] {
            assert_eq!(usual.judge(&page(2000, took), 1.0), None);
        }
        let judged = usual.judge(&page(2000, 240), 1.0).expect("judged");
        assert_eq!(judged.usual, Duration::from_millis(120));
        assert!((judged.times() - 2.0).abs() < 0.01, "{judged:?}");
    }

    #[test]
    fn a_larger_page_may_take_more_and_a_smaller_one_says_nothing() {
        let mut usual = known();
        let larger = usual.judge(&page(3000, 180), 1.0).expect("judged");
        assert!((larger.times() - 1.0).abs() < 0.01, "{larger:?}");
        // The last page of a table is nearly empty; it is not what others are measured by.
        for _ in 0..10 {
            usual.judge(&page(10, 1), 1.0);
        }
        let next = usual.judge(&page(2000, 120), 1.0).expect("judged");
        assert!((next.times() - 1.0).abs() < 0.05, "{next:?}");
    }

    #[test]
    fn pages_of_documents_after_pages_of_texts_are_learned_anew() {
        let mut usual = known();
        let large = Page { bytes: 8_000_000, ..page(2000, 2_000) };
        assert_eq!(usual.judge(&large, 1.0), None);
        for _ in 0..2 {
            usual.judge(&large, 1.0);
        }
        let judged = usual.judge(&large, 1.0).expect("judged");
        assert!((judged.times() - 1.0).abs() < 0.01, "{judged:?}");
    }

    #[test]
    fn what_is_next_to_nothing_is_never_slow() {
        let mut usual = Usual::default();
        for _ in 0..5 {
            usual.judge(&page(2000, 2), 1.0);
        }
        let judged = usual.judge(&page(2000, 40), 1.0).expect("judged");
        assert!(judged.times() < 1.0, "twenty times as long, and still nothing: {judged:?}");
    }

    #[test]
    fn a_table_that_begins_while_the_source_is_slow_is_not_taken_for_slow_itself() {
        let mut usual = Usual::default();
        for _ in 0..3 {
            usual.judge(&page(2000, 800), 8.0);
        }
        let slow = usual.judge(&page(2000, 800), 8.0).expect("judged");
        assert!((slow.times() - 8.0).abs() < 0.1, "{slow:?}");
        let quick = usual.judge(&page(2000, 100), 8.0).expect("judged");
        assert!((quick.times() - 1.0).abs() < 0.1, "{quick:?}");
    }
}
