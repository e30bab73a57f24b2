//! Values that stand in where there is none.

use crate::database::{
    ColumnShape, ColumnType, Value, ValueKind, converted, date_time_from_text, decimal_from_text,
    utf16_length,
};
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

/// Whether a person may write down a value for a column of this type.
pub(super) fn takes_values(data_type: &ColumnType) -> bool {
    matches!(
        data_type.kind(),
        Some(
            ValueKind::Integer
                | ValueKind::Decimal
                | ValueKind::Bit
                | ValueKind::Text
                | ValueKind::DateTime
        )
    ) && !matches!(data_type, ColumnType::Time { .. })
}

/// Values that a person may want, as one writes them down.
pub(super) fn likely_values(data_type: &ColumnType) -> Vec<String> {
    match data_type.kind() {
        Some(ValueKind::Integer | ValueKind::Decimal) => vec!["0".to_owned(), "1".to_owned()],
        Some(ValueKind::Bit) => vec!["False".to_owned(), "True".to_owned()],
        Some(ValueKind::DateTime) => vec!["1900-01-01".to_owned()],
        Some(ValueKind::Text) => vec!["-".to_owned()],
        _ => Vec::new(),
    }
}

/// A value that a person wrote down for a column, or the sentence that says why it is none.
pub fn chosen_value(text: &str, column: &ColumnShape) -> Result<Value, String> {
    let to = &column.data_type;
    let refuse = |wanted: &str| Err(format!("\"{text}\" is no value for {to}: write {wanted}"));
    if !takes_values(to) {
        return Err(format!("no value can be given for {to}"));
    }
    let value = match to.kind() {
        Some(ValueKind::Text) => {
            let is_too_long =
                to.max_length().is_some_and(|longest| utf16_length(text.as_bytes()) > longest);
            if is_too_long || (to.is_code_page() && !text.is_ascii()) {
                return refuse("a text that fits it");
            }
            return Ok(Value::text(text));
        }
        // Nothing at all is no number and no date.
        _ if text.trim().is_empty() => None,
        Some(ValueKind::Bit) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Bit(true)),
            "false" | "0" => Some(Value::Bit(false)),
            _ => None,
        },
        _ => converted(&Value::text(text), to),
    };
    match (value, to.kind()) {
        (Some(value), _) => Ok(value),
        (None, Some(ValueKind::Integer)) => match to.integer_range() {
            Some((least, most)) => refuse(&format!("a whole number from {least} to {most}")),
            None => refuse("a whole number"),
        },
        (None, Some(ValueKind::Bit)) => refuse("True or False"),
        (None, Some(ValueKind::DateTime)) => {
            refuse("a date as 2026-12-31, or with a time as 2026-12-31 23:59:59")
        }
        (None, _) => refuse("a number with a point before its decimals, as 12.50"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: &str) -> ColumnShape {
        ColumnShape {
            name: "C".to_owned(),
            data_type: ColumnType::parse(data_type),
            nullable: false,
            identity: false,
            computed: false,
            has_default: false,
        }
    }

    #[test]
    fn a_value_written_down_is_the_columns_or_refused() {
        for (data_type, text, value) in [
            ("int", "-12", Value::Integer(-12)),
            ("decimal(9,2)", "1.5", Value::Decimal { value: 150, scale: 2 }),
            ("bit", "TRUE", Value::Bit(true)),
            ("nvarchar(3)", "a b", Value::text("a b")),
            ("nvarchar(3)", "", Value::text("")),
        ] {
            assert_eq!(chosen_value(text, &column(data_type)), Ok(value), "{text}");
        }
        for (data_type, text) in [
            ("int", "3000000000"),
            ("int", "1.0"),
            ("int", ""),
            ("decimal(4,2)", "1.005"),
            ("decimal(4,2)", "123"),
            ("bit", "yes"),
            ("datetime", "31/12/2026"),
            ("datetime", "1752-12-31"),
            ("nvarchar(3)", "abcd"),
            ("varchar(3)", "é"),
            ("uniqueidentifier", "1"),
        ] {
            let refused = chosen_value(text, &column(data_type));
            assert!(refused.is_err(), "{text:?} as {data_type} is {refused:?}");
        }
    }
}
