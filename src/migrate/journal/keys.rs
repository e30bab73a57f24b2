//! Lists of keys in a batch, small: numbers as differences, texts with their lengths.

use rusqlite::types::{Value as Cell, ValueRef};

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

    /// As stored in the journal.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::None => {}
            Self::Integers(all) => {
                bytes.push(1);
                let mut last = 0_i64;
                for number in all {
                    let difference = number.wrapping_sub(last);
                    put(&mut bytes, ((difference << 1) ^ (difference >> 63)) as u64);
                    last = *number;
                }
            }
            Self::Texts(all) => {
                bytes.push(2);
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
        match kind {
            1 => {
                let mut all = Vec::new();
                let mut last = 0_i64;
                while let Some(coded) = take(&mut rest) {
                    let difference = ((coded >> 1) as i64) ^ -((coded & 1) as i64);
                    last = last.wrapping_add(difference);
                    all.push(last);
                }
                Self::Integers(all)
            }
            2 => {
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

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number as u8) | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
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
        fn texts_read_back(texts in proptest::collection::vec(any::<Vec<u8>>(), 1..20)) {
            let keys = Keys::Texts(texts);
            prop_assert_eq!(Keys::from_bytes(&keys.to_bytes()), keys);
        }

        #[test]
        fn damage_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = Keys::from_bytes(&bytes);
        }
    }
}
