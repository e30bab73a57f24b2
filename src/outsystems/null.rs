//! What the platform means by nothing (`metamodel.md` §3.5).

use crate::database::{ColumnType, Value, ValueKind, date_time_from_text};

/// The null value of a type: what stands in a column that refuses NULL. `None` where the platform
/// has none.
#[must_use]
pub fn null_value(data_type: &ColumnType) -> Option<Value> {
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
