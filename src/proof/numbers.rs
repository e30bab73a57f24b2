//! Many whole numbers in little room.

/// A set of numbers, as the stretches in which they follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// First and last of each stretch, ascending; none touches the next.
    stretches: Vec<(i64, i64)>,
}

impl FromIterator<i64> for Numbers {
    /// Numbers in any order; those that ascend take least room while they are taken in.
    fn from_iter<I: IntoIterator<Item = i64>>(numbers: I) -> Self {
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        for number in numbers {
            match stretches.last_mut() {
                Some((first, last)) if (*first..=*last).contains(&number) => {}
                Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
                _ => stretches.push((number, number)),
            }
        }
        stretches.sort_unstable();
        stretches.dedup_by(|next, before| {
            let touches = next.0 <= before.1 || before.1.checked_add(1) == Some(next.0);
            if touches {
                before.1 = before.1.max(next.1);
            }
            touches
        });
        stretches.shrink_to_fit();
        Self { stretches }
    }
}

impl Numbers {
    pub(super) fn contains(&self, number: i64) -> bool {
        let after = self.stretches.partition_point(|(first, _)| *first <= number);
        after.checked_sub(1).is_some_and(|place| number <= self.stretches[place].1)
    }

    /// The largest.
    pub(super) fn highest(&self) -> Option<i64> {
        self.stretches.last().map(|(_, last)| *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_answers_as_a_plain_set_does(
            numbers in proptest::collection::vec(-60_i64..60, 0..80), sorted in 0_usize..80
        ) {
            let mut numbers = numbers;
            let sorted = sorted.min(numbers.len());
            numbers[..sorted].sort_unstable();
            let plain: BTreeSet<i64> = numbers.iter().copied().collect();
            let ours: Numbers = numbers.into_iter().collect();
            for number in -62..62 {
                prop_assert_eq!(ours.contains(number), plain.contains(&number));
            }
            prop_assert_eq!(ours.highest(), plain.last().copied());
        }
    }

    #[test]
    fn the_ends_of_the_range_are_numbers_too() {
        let ends: Numbers = [i64::MAX, i64::MIN, i64::MAX - 1].into_iter().collect();
        assert!(ends.contains(i64::MIN) && ends.contains(i64::MAX) && !ends.contains(0));
        assert_eq!(ends.stretches, [(i64::MIN, i64::MIN), (i64::MAX - 1, i64::MAX)]);
    }

    #[test]
    fn a_dense_table_takes_one_stretch() {
        let ids: Numbers = (1..=1_000_000).collect();
        assert_eq!(ids.stretches, [(1, 1_000_000)]);
    }
}
