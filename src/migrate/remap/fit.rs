//! Values in the form that the destination's column holds.

use crate::database::{
    Column, ColumnShape, ColumnType, Value, ValueKind, Values, date_time_from_text,
};
use crate::plan::Misfit;

/// An id in the form of its column, when it fits.
pub(super) fn fitting_id(id: &Value, column: &ColumnShape) -> Option<Value> {
    match (id, column.data_type.kind()?) {
        (Value::Integer(number), ValueKind::Integer) => {
            let (least, most) = column.data_type.integer_range()?;
            (least..=most).contains(number).then(|| id.clone())
        }
        (Value::Text(_), ValueKind::Text) => Some(id.clone()),
        (Value::Integer(number), ValueKind::Text) => Some(Value::text(&number.to_string())),
        (Value::Text(_), ValueKind::Integer) => {
            id.as_str()?.trim().parse().ok().map(Value::Integer)
        }
        (Value::Integer(_), ValueKind::Decimal) => Some(id.clone()),
        (Value::Decimal { .. }, ValueKind::Decimal) => Some(id.clone()),
        _ => None,
    }
}

/// A value for the cell of a row that is taken out anyway.
pub(super) fn filler(_data_type: &ColumnType) -> Value {
    Value::Null
}

/// The value as the destination's column holds it, or why it does not.
pub(super) fn fitted(
    values: &Column,
    row: usize,
    to: &ColumnShape,
    misfit: Misfit,
) -> std::result::Result<Value, String> {
    if values.is_null(row) {
        if to.nullable {
            return Ok(Value::Null);
        }
        if misfit == Misfit::Default {
            return null_value(&to.data_type).ok_or_else(|| "NULL is not allowed".to_owned());
        }
        return Err("NULL is not allowed".to_owned());
    }
    let misfits = |shown: String| format!("{shown} does not fit {}", to.data_type);
    match (values.values(), to.data_type.kind()) {
        (Values::Integer(numbers), Some(ValueKind::Integer)) => {
            let number = numbers[row];
            match to.data_type.integer_range() {
                Some((least, most)) if number < least || number > most => {
                    Err(misfits(number.to_string()))
                }
                _ => Ok(Value::Integer(number)),
            }
        }
        (Values::Bit(bits), Some(ValueKind::Integer)) => Ok(Value::Integer(i64::from(bits[row]))),
        (Values::Integer(numbers), Some(ValueKind::Decimal)) => {
            let number = numbers[row];
            decimal(i128::from(number), 0, to).ok_or_else(|| misfits(number.to_string()))
        }
        (Values::Decimal { scale, values: numbers }, Some(ValueKind::Decimal)) => {
            decimal(numbers[row], *scale, to).ok_or_else(|| misfits(values.value(row).to_string()))
        }
        (Values::Text(texts), Some(ValueKind::Text)) => {
            let text = texts.get(row);
            let Some(longest) = to.data_type.max_length() else {
                return Ok(Value::Text(text.to_vec()));
            };
            let length = units(text);
            if length <= longest {
                return Ok(Value::Text(text.to_vec()));
            }
            if misfit == Misfit::Cut {
                return Ok(Value::Text(cut(text, longest).to_vec()));
            }
            Err(misfits(format!("a text of {length} characters")))
        }
        (Values::Binary(blobs), Some(ValueKind::Binary)) => {
            let bytes = blobs.get(row);
            match to.data_type.max_length() {
                Some(longest) if bytes.len() > longest => {
                    Err(misfits(format!("a binary of {} bytes", bytes.len())))
                }
                _ => Ok(Value::Binary(bytes.to_vec())),
            }
        }
        (_, Some(kind)) if kind == values.kind() => Ok(values.value(row)),
        _ => Err(misfits(values.value(row).to_string())),
    }
}

/// The platform's null value of a type (`metamodel.md` §3.5).
fn null_value(data_type: &ColumnType) -> Option<Value> {
    Some(match data_type.kind()? {
        ValueKind::Integer | ValueKind::Decimal => Value::Integer(0),
        ValueKind::Float => Value::Float(0.0),
        ValueKind::Bit => Value::Bit(false),
        ValueKind::DateTime => Value::DateTime(date_time_from_text("1900-01-01 00:00:00")?),
        ValueKind::Text => Value::text(""),
        ValueKind::Binary => Value::Binary(Vec::new()),
        ValueKind::Guid => return None,
    })
}

/// A decimal at the destination's scale; `None` when digits would be lost.
fn decimal(digits: i128, from: u8, to: &ColumnShape) -> Option<Value> {
    let (precision, scale) = to.data_type.decimal()?;
    let digits = if scale >= from {
        digits.checked_mul(10_i128.checked_pow(u32::from(scale - from))?)?
    } else {
        let factor = 10_i128.checked_pow(u32::from(from - scale))?;
        if digits % factor != 0 {
            return None;
        }
        digits / factor
    };
    let limit = 10_u128.checked_pow(u32::from(precision))?;
    (digits.unsigned_abs() < limit).then_some(Value::Decimal { value: digits, scale })
}

/// UTF-16 units of a WTF-8 text, by its lead bytes.
fn units(text: &[u8]) -> usize {
    text.iter()
        .map(|byte| match byte {
            0x80..=0xBF => 0,
            0xF0..=0xFF => 2,
            _ => 1,
        })
        .sum()
}

/// The longest prefix of whole characters that fits.
fn cut(text: &[u8], longest: usize) -> &[u8] {
    let mut used = 0;
    for (place, byte) in text.iter().enumerate() {
        let width = match byte {
            0x80..=0xBF => continue,
            0xF0..=0xFF => 2,
            _ => 1,
        };
        if used + width > longest {
            return &text[..place];
        }
        used += width;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aé🚚b".as_bytes(), 3), "aé".as_bytes());
        assert_eq!(cut("aé🚚b".as_bytes(), 4), "aé🚚".as_bytes());
        assert_eq!(cut("ab".as_bytes(), 5), "ab".as_bytes());
        assert_eq!(cut("漢字".as_bytes(), 1), "漢".as_bytes());
    }
}
