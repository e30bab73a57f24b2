//! What SQL Server refuses: values that do not fit their column.

use osferry::database::{
    ColumnShape, ColumnType, Fault, FaultKind, Result, Value, ValueKind, date_time_from_text,
    in_precision, rescale, utf16_length,
};

/// The value as the column keeps it, or why it is refused.
pub(super) fn fitting(value: Value, column: &ColumnShape) -> Result<Value> {
    let data_type = &column.data_type;
    let refuse = |why: &str| {
        let what = format!("{}: {why} ({data_type})", column.name);
        Err(Fault::new(FaultKind::Refused, what))
    };
    let wanted = data_type.kind();
    let value = match (value, wanted) {
        (Value::Null, _) if column.nullable => return Ok(Value::Null),
        (Value::Null, _) => return refuse("NULL is not allowed"),
        (Value::Integer(value), Some(ValueKind::Decimal)) => {
            Value::Decimal { value: i128::from(value), scale: 0 }
        }
        (Value::Integer(value), Some(ValueKind::Bit)) => Value::Bit(value != 0),
        (Value::Bit(value), Some(ValueKind::Integer)) => Value::Integer(i64::from(value)),
        (value, _) => value,
    };
    match (&value, wanted) {
        (Value::Integer(number), Some(ValueKind::Integer)) => match data_type.integer_range() {
            Some((least, most)) if *number < least || *number > most => refuse("too large"),
            _ => Ok(value),
        },
        (Value::Decimal { value, scale }, Some(ValueKind::Decimal)) => {
            let Some((precision, to)) = data_type.decimal() else { return refuse("no decimal") };
            match rescale(*value, *scale, to).and_then(|value| in_precision(value, precision)) {
                Some(value) => Ok(Value::Decimal { value, scale: to }),
                None => refuse("digits would be lost"),
            }
        }
        (Value::DateTime(ticks), Some(ValueKind::DateTime)) => {
            let first = date_time_from_text("1753-01-01").expect("a date");
            match data_type {
                ColumnType::DateTime if *ticks < first => refuse("too early"),
                _ => Ok(value),
            }
        }
        (Value::Text(text), Some(ValueKind::Text)) => match data_type.max_length() {
            Some(longest) if utf16_length(text) > longest => refuse("the text is too long"),
            _ => Ok(value),
        },
        (Value::Binary(bytes), Some(ValueKind::Binary)) => match data_type.max_length() {
            Some(longest) if bytes.len() > longest => refuse("too many bytes"),
            _ => Ok(value),
        },
        (Value::Bit(_), Some(ValueKind::Bit))
        | (Value::Float(_), Some(ValueKind::Float))
        | (Value::Guid(_), Some(ValueKind::Guid)) => Ok(value),
        _ => refuse("the value is of another kind"),
    }
}
