//! Values in the form that the destination's column holds.

use crate::database::{
    Column, ColumnShape, ColumnType, Value, ValueKind, Values, converted, in_precision, rescale,
    utf16_length, utf16_prefix,
};
use crate::outsystems::null_value;
use crate::plan::{ColumnPlan, ConvertRule, Misfit, Nothing};

/// An id in the form of its column, when it fits.
pub(in super::super) fn fitting_id(id: &Value, column: &ColumnShape) -> Option<Value> {
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
            let length = utf16_length(text);
            if length <= longest {
                return Ok(Value::Text(text.to_vec()));
            }
            if misfit == Misfit::Cut {
                return Ok(Value::Text(utf16_prefix(text, longest).to_vec()));
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

/// The value that stands in the destination by a rule that makes others of them, or why there is
/// none and whether a decision foresaw it.
pub(super) fn turned(
    values: &Column,
    row: usize,
    column: &ColumnPlan,
    rule: &ConvertRule,
) -> std::result::Result<Value, (String, bool)> {
    let to = &column.destination;
    // Blanks are a value, where they do not pad an empty one.
    let pads = column.source.data_type.is_padded();
    let is_empty = |text: &[u8]| text.iter().all(|byte| pads && *byte == b' ');
    let is_nothing = values.is_null(row)
        || match values.values() {
            Values::Text(texts) => rule.blank_is_nothing && is_empty(texts.get(row)),
            Values::Binary(blobs) => rule.blank_is_nothing && blobs.get(row).is_empty(),
            _ => false,
        };
    match &rule.nothing {
        Nothing::Value(value) if is_nothing => return Ok(value.clone()),
        Nothing::LeaveOut if is_nothing => return Err(("there is no value".to_owned(), true)),
        _ => {}
    }
    let planned = rule.misfit == Misfit::LeaveOut;
    let (from, kind) = (&column.source.data_type, to.data_type.kind());
    let converts =
        from.kind() != kind || (kind == Some(ValueKind::DateTime) && *from != to.data_type);
    if values.is_null(row) || !converts {
        return fitted(values, row, to, rule.misfit).map_err(|why| (why, planned));
    }
    let value = values.value(row);
    converted(&value, &to.data_type)
        .ok_or_else(|| (format!("'{value}' has no form in {}", to.data_type), planned))
}

/// A decimal at the destination's scale; `None` when digits would be lost.
fn decimal(digits: i128, from: u8, to: &ColumnShape) -> Option<Value> {
    let (precision, scale) = to.data_type.decimal()?;
    let digits = in_precision(rescale(digits, from, scale)?, precision)?;
    Some(Value::Decimal { value: digits, scale })
}
