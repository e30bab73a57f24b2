//! Values that stand in where there is none.

use crate::database::{ColumnType, Value, ValueKind, date_time_from_text, decimal_from_text};
use crate::outsystems::Attribute;

/// The platform's null value of a type (`metamodel.md` §3.5).
#[must_use]
pub(super) fn type_default(data_type: &ColumnType) -> Option<Value> {
    Some(match data_type.kind()? {
        ValueKind::Integer => Value::Integer(0),
        ValueKind::Decimal => {
            Value::Decimal { value: 0, scale: data_type.decimal().map_or(0, |(_, scale)| scale) }
        }
        ValueKind::Float => Value::Float(0.0),
        ValueKind::Bit => Value::Bit(false),
        ValueKind::DateTime => Value::DateTime(date_time_from_text("1900-01-01 00:00:00")?),
        ValueKind::Text => Value::text(""),
        ValueKind::Binary => Value::Binary(Vec::new()),
        ValueKind::Guid => return None,
    })
}

/// The model's default as a value of the column's type, else the type's null value.
pub(super) fn model_default(attribute: &Attribute, data_type: &ColumnType) -> Option<Value> {
    let text = attribute.default_value.trim().trim_matches('"');
    let literal = match data_type.kind()? {
        _ if text.is_empty() => None,
        ValueKind::Integer => text.parse().ok().map(Value::Integer),
        ValueKind::Decimal => {
            let scale = data_type.decimal().map_or(0, |(_, scale)| scale);
            decimal_from_text(text, scale).map(|value| Value::Decimal { value, scale })
        }
        ValueKind::Bit => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Bit(true)),
            "false" | "0" => Some(Value::Bit(false)),
            _ => None,
        },
        ValueKind::Text => Some(Value::text(text)),
        ValueKind::DateTime => date_time_from_text(text.trim_matches('#')).map(Value::DateTime),
        _ => None,
    };
    literal.or_else(|| type_default(data_type))
}
