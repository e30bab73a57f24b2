//! Values written down: equal bytes for equal values, whatever type holds them.

use super::maps::IdKey;
use crate::database::{ColumnType, Value, ValueKind, date_time_from_text};

// What a value is, written before it so that values of different kinds never look alike.
const NULL: u8 = 0;
const NUMBER: u8 = 1;
const FLOAT: u8 = 2;
const MOMENT: u8 = 3;
const GUID: u8 = 4;
const TEXT: u8 = 5;
const BYTES: u8 = 6;
const NONE: u8 = 7;
const ID: u8 = 8;
const TEXT_ID: u8 = 9;
const UNKNOWN: u8 = 10;
const ABSENT: u8 = 11;

/// 100-nanosecond steps in a millisecond.
const MILLISECOND: i128 = 10_000;

/// Digest of some rows, whatever their order.
pub fn combine(hashes: impl IntoIterator<Item = u128>) -> u128 {
    hashes.into_iter().fold(0, u128::wrapping_add)
}

/// 128 bits that stand for a row.
pub(super) fn hash(bytes: &[u8]) -> u128 {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    u128::from_be_bytes(short)
}

/// The form of a row's key, in the source's terms; a row without one has a form of its own.
pub(super) fn put_key(value: &Value, to: &mut Vec<u8>) {
    match IdKey::of(value) {
        Some(key) => put_id(&key, to),
        None if value.is_null() => to.push(ABSENT),
        None => put_plain(value, to),
    }
}

/// No reference.
pub(super) fn put_none(to: &mut Vec<u8>) {
    to.push(NONE);
}

/// An id that stands for no row of the source.
pub(super) fn put_unknown(key: &IdKey, to: &mut Vec<u8>) {
    to.push(UNKNOWN);
    put_id(key, to);
}

/// An id in the source's terms.
pub(super) fn put_id(key: &IdKey, to: &mut Vec<u8>) {
    match key {
        IdKey::Number(number) => {
            to.push(ID);
            to.extend(number.to_le_bytes());
        }
        IdKey::Text(text) => put_bytes(TEXT_ID, text, to),
    }
}

fn put_bytes(tag: u8, bytes: &[u8], to: &mut Vec<u8>) {
    to.push(tag);
    to.extend((bytes.len() as u64).to_le_bytes());
    to.extend_from_slice(bytes);
}

/// A text.
pub(super) fn put_text(text: &[u8], to: &mut Vec<u8>) {
    put_bytes(TEXT, text, to);
}

/// A binary.
pub(super) fn put_binary(bytes: &[u8], to: &mut Vec<u8>) {
    put_bytes(BYTES, bytes, to);
}

fn put_number(digits: i128, scale: u8, to: &mut Vec<u8>) {
    let (mut digits, mut scale) = (digits, scale);
    match i64::try_from(digits) {
        // Most fit 64 bits, which are faster to divide.
        Ok(mut short) => {
            while scale > 0 && short % 10 == 0 {
                short /= 10;
                scale -= 1;
            }
            digits = i128::from(short);
        }
        Err(_) => {
            while scale > 0 && digits % 10 == 0 {
                digits /= 10;
                scale -= 1;
            }
        }
    }
    to.push(NUMBER);
    to.push(scale);
    to.extend(digits.to_le_bytes());
}

fn put_float(number: f64, to: &mut Vec<u8>) {
    // A zero has no sign that every database keeps.
    let number = if number == 0.0 { 0.0 } else { number };
    to.push(FLOAT);
    to.extend(number.to_bits().to_le_bytes());
}

/// Any value that is no id.
pub(super) fn put_plain(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Null => to.push(NULL),
        Value::Integer(number) => put_number(i128::from(*number), 0, to),
        Value::Bit(bit) => put_number(i128::from(*bit), 0, to),
        Value::Decimal { value, scale } => put_number(*value, *scale, to),
        Value::Float(number) => put_float(*number, to),
        Value::DateTime(ticks) => {
            to.push(MOMENT);
            to.extend(ticks.to_le_bytes());
        }
        Value::Guid(bytes) => {
            to.push(GUID);
            to.extend_from_slice(bytes);
        }
        Value::Text(text) => put_text(text, to),
        Value::Binary(bytes) => put_binary(bytes, to),
    }
}

/// A moment of a `datetime` column. Its steps of 1/300 s show as thousandths on an engine that
/// keeps texts; both mean the same step. What is no step stays as it is.
pub(super) fn step_of(ticks: i64) -> i64 {
    let steps = (i128::from(ticks) * 3 + 50_000).div_euclid(100_000);
    let exact = (steps * 100_000 + 1).div_euclid(3);
    let shown = (exact + MILLISECOND / 2).div_euclid(MILLISECOND) * MILLISECOND;
    if shown == i128::from(ticks) { i64::try_from(exact).unwrap_or(ticks) } else { ticks }
}

/// What the platform means by nothing in a column that refuses NULL.
pub(super) fn null_value(data_type: &ColumnType) -> Option<Value> {
    Some(match data_type.kind()? {
        ValueKind::Integer | ValueKind::Bit | ValueKind::Decimal => Value::Integer(0),
        ValueKind::Float => Value::Float(0.0),
        ValueKind::DateTime => Value::DateTime(date_time_from_text("1900-01-01")?),
        ValueKind::Guid => Value::Guid([0; 16]),
        ValueKind::Text => Value::Text(Vec::new()),
        ValueKind::Binary => Value::Binary(Vec::new()),
    })
}

/// Without the padding at its end.
pub(super) fn trimmed(bytes: &[u8], padding: u8) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != padding).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// The longest beginning of whole characters that is at most this many UTF-16 units long.
pub(super) fn fitting(text: &[u8], units: usize) -> &[u8] {
    let (mut end, mut used) = (0, 0);
    while end < text.len() {
        let (length, cost) = width(text[end]);
        if used + cost > units || end + length > text.len() {
            break;
        }
        used += cost;
        end += length;
    }
    &text[..end]
}

/// UTF-16 units of a text.
pub(super) fn units(text: &[u8]) -> usize {
    let (mut at, mut units) = (0, 0);
    while at < text.len() {
        let (length, cost) = width(text[at]);
        at += length;
        units += cost;
    }
    units
}

/// Bytes and UTF-16 units of the character that starts with this byte.
fn width(first: u8) -> (usize, usize) {
    match first {
        0xF0.. => (4, 2),
        0xE0.. => (3, 1),
        0xC0.. => (2, 1),
        _ => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_plain(value, &mut bytes);
        bytes
    }

    #[test]
    fn numbers_are_equal_by_value() {
        let two = plain(&Value::Integer(2));
        assert_eq!(two, plain(&Value::Decimal { value: 200, scale: 2 }));
        assert_eq!(two, plain(&Value::Decimal { value: 2, scale: 0 }));
        assert_ne!(two, plain(&Value::Decimal { value: 20, scale: 0 }));
        assert_eq!(plain(&Value::Bit(true)), plain(&Value::Integer(1)));
        assert_eq!(plain(&Value::Float(-0.0)), plain(&Value::Float(0.0)));
    }

    #[test]
    fn null_empty_and_zero_are_apart() {
        let all = [
            plain(&Value::Null),
            plain(&Value::text("")),
            plain(&Value::Binary(Vec::new())),
            plain(&Value::Integer(0)),
            plain(&Value::Float(0.0)),
            plain(&Value::DateTime(0)),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all[place + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        let text = "aé€😀z".as_bytes();
        assert_eq!(fitting(text, 0), b"");
        assert_eq!(fitting(text, 3), "aé€".as_bytes());
        assert_eq!(fitting(text, 4), "aé€".as_bytes());
        assert_eq!(fitting(text, 5), "aé€😀".as_bytes());
        assert_eq!(fitting(text, 99), text);
        assert_eq!(units(text), 6);
        // A lone surrogate is one unit of three bytes.
        assert_eq!(fitting(&[0xED, 0xA0, 0xBD, b'x'], 1), &[0xED, 0xA0, 0xBD]);
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        assert_eq!(combine([1, 2, u128::MAX]), combine([u128::MAX, 2, 1]));
    }

    #[test]
    fn a_step_and_its_thousandths_are_one_moment_and_other_moments_stay() {
        let second = 638_000_000_000_000_000;
        for (shown, exact) in [(30_000, 33_333), (70_000, 66_667), (100_000, 100_000)] {
            assert_eq!(step_of(second + shown), second + exact);
            assert_eq!(step_of(second + exact), second + exact);
        }
        for other in [10_000, 40_000, 33_332, 1] {
            assert_eq!(step_of(second + other), second + other);
        }
        assert_eq!(step_of(0), 0);
    }
}
