//! Lists of keys in a batch, small: numbers as differences, texts with their lengths.

use rusqlite::types::{Value as Cell, ValueRef};

use super::varint::{put, put_signed, take, take_signed};
use crate::database::Value;

/// Keys of the rows of a batch, in row order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// None: the entity has no identifier, or none is needed.
    #[default]
    None,
    /// Numbers.
    Integers(Vec<i64>),
    /// Texts, as stored.
    Texts(Vec<Vec<u8>>),
}

impl Keys {
    /// The keys of some values; numbers or texts, by the first.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = Value>) -> Self {
        let mut keys = Self::None;
        for value in values {
            match (&mut keys, value) {
                (Self::None, Value::Integer(number)) => keys = Self::Integers(vec![number]),
                (Self::None, Value::Text(text)) => keys = Self::Texts(vec![text]),
                (Self::None, Value::Guid(_)) => {}
                (Self::Integers(all), Value::Integer(number)) => all.push(number),
                (Self::Texts(all), Value::Text(text)) => all.push(text),
                (_, _) => {}
            }
        }
        keys
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Integers(all) => all.len(),
            Self::Texts(all) => all.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One key.
    #[must_use]
    pub fn get(&self, place: usize) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Integers(all) => Value::Integer(all[place]),
            Self::Texts(all) => Value::Text(all[place].clone()),
        }
    }

    /// All of them, in row order.
    pub fn iter(&self) -> impl Iterator<Item = Value> {
        (0..self.len()).map(|place| self.get(place))
    }

    /// As stored in the journal: whichever form is the shortest.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::None => {}
            Self::Integers(all) => {
                bytes = differences(all);
                // Only what goes up has the other forms.
                if all.windows(2).all(|pair| pair[0] < pair[1]) {
                    let others = [runs(all), bits(all, bytes.len())];
                    bytes = others.into_iter().flatten().fold(bytes, |shortest, other| {
                        if other.len() < shortest.len() { other } else { shortest }
                    });
                }
            }
            Self::Texts(all) => {
                bytes.push(TEXTS);
                for text in all {
                    put(&mut bytes, text.len() as u64);
                    bytes.extend_from_slice(text);
                }
            }
        }
        bytes
    }

    /// From what the journal stored; what is damaged is left off.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let Some((kind, mut rest)) = bytes.split_first() else { return Self::None };
        match *kind {
            DIFFERENCES => {
                let mut all = Vec::new();
                let mut last = 0_i64;
                while let Some(difference) = take_signed(&mut rest) {
                    last = last.wrapping_add(difference);
                    all.push(last);
                }
                Self::Integers(all)
            }
            RUNS => {
                let mut all = Vec::new();
                let mut next = 0_i64;
                while let (Some(gap), Some(more)) = (take_signed(&mut rest), take(&mut rest)) {
                    let first = next.wrapping_add(gap);
                    // No batch is as large as damage can claim.
                    for step in 0..=more.min(MOST) {
                        all.push(first.wrapping_add(step as i64));
                    }
                    next = first.wrapping_add(more as i64);
                }
                Self::Integers(all)
            }
            BITS => {
                let Some(first) = take_signed(&mut rest) else { return Self::None };
                let set = |(place, byte): (usize, &u8)| {
                    let byte = *byte;
                    (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| place * 8 + bit)
                };
                let offsets = rest.iter().enumerate().flat_map(set);
                Self::Integers(offsets.map(|at| first.wrapping_add(at as i64)).collect())
            }
            TEXTS => {
                let mut all = Vec::new();
                while let Some(length) = take(&mut rest) {
                    let Some((text, more)) = rest.split_at_checked(length as usize) else { break };
                    all.push(text.to_vec());
                    rest = more;
                }
                Self::Texts(all)
            }
            _ => Self::None,
        }
    }
}

/// Numbers as differences to the one before.
const DIFFERENCES: u8 = 1;
/// Texts with their lengths.
const TEXTS: u8 = 2;
/// Ascending numbers as stretches: the gap to the end of the one before, and how many follow.
const RUNS: u8 = 3;
/// Ascending numbers as bits, from the first on.
const BITS: u8 = 4;
/// More keys than any batch has.
const MOST: u64 = 1 << 20;

fn differences(all: &[i64]) -> Vec<u8> {
    let mut bytes = vec![DIFFERENCES];
    let mut last = 0_i64;
    for number in all {
        put_signed(&mut bytes, number.wrapping_sub(last));
        last = *number;
    }
    bytes
}

fn runs(all: &[i64]) -> Option<Vec<u8>> {
    let mut bytes = vec![RUNS];
    let mut next = 0_i64;
    for run in all.chunk_by(|one, other| one.checked_add(1) == Some(*other)) {
        let (first, more) = (*run.first()?, run.len() as u64 - 1);
        put_signed(&mut bytes, first.wrapping_sub(next));
        put(&mut bytes, more);
        next = first.wrapping_add(more as i64);
    }
    Some(bytes)
}

/// The bits, if they need less than so many bytes.
fn bits(all: &[i64], limit: usize) -> Option<Vec<u8>> {
    let (first, last) = (*all.first()?, *all.last()?);
    let span = usize::try_from(last.checked_sub(first)?).ok()?;
    if span / 8 >= limit {
        return None;
    }
    let mut bytes = vec![BITS];
    put_signed(&mut bytes, first);
    let start = bytes.len();
    bytes.resize(start + span / 8 + 1, 0);
    for number in all {
        let at = (number - first) as usize;
        bytes[start + at / 8] |= 1 << (at % 8);
    }
    Some(bytes)
}

/// A key or reference as a cell of the journal: numbers and texts as they are.
pub(super) fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(number) => Cell::Integer(*number),
        Value::Text(text) => Cell::Blob(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

pub(super) fn value(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(text) | ValueRef::Blob(text) => Value::Text(text.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back(numbers in proptest::collection::vec(any::<i64>(), 1..50)) {
            let keys = Keys::Integers(numbers);
            prop_assert_eq!(Keys::from_bytes(&keys.to_bytes()), keys);
        }

        #[test]
        fn ascending_numbers_read_back(
            first in any::<i64>(), steps in proptest::collection::vec(1_i64..9, 0..300)
        ) {
            let mut all = vec![first];
            for step in steps {
                let Some(next) = all.last().and_then(|last| last.checked_add(step)) else { break };
                all.push(next);
            }
            let keys = Keys::Integers(all);
            prop_assert_eq!(Keys::from_bytes(&keys.to_bytes()), keys);
        }

        #[test]
        fn texts_read_back(texts in proptest::collection::vec(any::<Vec<u8>>(), 1..20)) {
            let keys = Keys::Texts(texts);
            prop_assert_eq!(Keys::from_bytes(&keys.to_bytes()), keys);
        }

        #[test]
        fn damage_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = Keys::from_bytes(&bytes);
        }
    }

    #[test]
    fn dense_ids_take_next_to_nothing() {
        let all = Keys::Integers((1_000_000..1_004_000).collect());
        assert!(all.to_bytes().len() < 10);
        let every_second = Keys::Integers((0..4_000).map(|n| 5_000 + 2 * n).collect());
        assert!(every_second.to_bytes().len() < 1_010);
    }
}
