//! Keys of many rows in little room.

use std::collections::{BTreeMap, HashSet};

use super::operation::folded;
use crate::database::Value;

/// Keys of rows, small where they lie close together.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet {
    /// First and last of each stretch, by the first.
    ranges: BTreeMap<i64, i64>,
    texts: HashSet<String>,
}

impl KeySet {
    pub(super) fn add(&mut self, key: &Value) {
        let Value::Integer(number) = key else {
            self.texts.insert(folded(key));
            return;
        };
        if self.contains(key) {
            return;
        }
        let (mut first, mut last) = (*number, *number);
        if let Some((start, end)) = self.ranges.range(..number).next_back()
            && end.checked_add(1) == Some(*number)
        {
            first = *start;
        }
        if let Some(next) = number.checked_add(1)
            && let Some(end) = self.ranges.remove(&next)
        {
            last = end;
        }
        self.ranges.insert(first, last);
    }

    pub(super) fn contains(&self, key: &Value) -> bool {
        match key {
            Value::Null => false,
            Value::Integer(number) => {
                self.ranges.range(..=number).next_back().is_some_and(|(_, last)| number <= last)
            }
            other => self.texts.contains(&folded(other)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.texts.is_empty()
    }

    #[cfg(test)]
    fn len(&self) -> u64 {
        let numbers: u64 = self.ranges.iter().map(|(first, last)| last.abs_diff(*first) + 1).sum();
        numbers + self.texts.len() as u64
    }

    /// The smallest and the largest number.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let (first, _) = self.ranges.first_key_value()?;
        let (_, last) = self.ranges.last_key_value()?;
        Some((*first, *last))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_of_keys_is_a_set(keys in proptest::collection::vec(-20_i64..60, 0..80)) {
            let mut set = KeySet::default();
            let mut plain = BTreeSet::new();
            for key in keys {
                set.add(&Value::Integer(key));
                plain.insert(key);
            }
            for key in -25..65 {
                prop_assert_eq!(set.contains(&Value::Integer(key)), plain.contains(&key));
            }
            prop_assert_eq!(set.len(), plain.len() as u64);
            prop_assert_eq!(set.span(), plain.first().copied().zip(plain.last().copied()));
        }
    }
}
