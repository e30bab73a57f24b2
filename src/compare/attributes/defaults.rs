//! Values that stand in where there is none.

use crate::database::{ColumnType, Value, ValueKind, date_time_from_text, decimal_from_text};
use crate::outsystems::{Attribute, null_value};

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
    literal.or_else(|| null_value(data_type))
}
