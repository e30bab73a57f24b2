//! Values that stand in where there is none.

use crate::database::{ColumnShape, ColumnType, Value, ValueKind, converted, utf16_length};
use crate::outsystems::Attribute;

/// What the model says that an attribute of a new record gets.
pub(super) enum ModelDefault {
    /// Nothing: the type's null value (`metamodel.md` §3.5).
    Null,
    /// This value.
    Value(Value),
    /// An expression, or no value that the column holds.
    Unclear,
}

/// What the model says that an attribute of a new record gets, as a value of its column.
pub(super) fn model_default(attribute: &Attribute, column: &ColumnShape) -> ModelDefault {
    let said = attribute.default_value.trim();
    if said.is_empty() || said.eq_ignore_ascii_case("NullDate()") {
        return ModelDefault::Null;
    }
    let literal = match column.data_type.kind() {
        Some(ValueKind::Text) => text_literal(said),
        Some(ValueKind::DateTime) => Some(said.trim_matches(['"', '#']).to_owned()),
        _ => Some(said.trim_matches('"').to_owned()),
    };
    let value = literal.and_then(|literal| chosen_value(&literal, column).ok());
    value.map_or(ModelDefault::Unclear, ModelDefault::Value)
}

/// The text that an expression is: one in quotes, or one that can be nothing else.
fn text_literal(said: &str) -> Option<String> {
    if let Some(inner) = said.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let whole = inner.replace("\"\"", "");
        return (!whole.contains('"')).then(|| inner.replace("\"\"", "\""));
    }
    let is_plain = |one: char| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_');
    said.chars().all(is_plain).then(|| said.to_owned())
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
    fn only_a_text_that_is_no_expression_is_taken_by_the_letter() {
        for (said, text) in [
            ("\"a b\"", Some("a b")),
            ("\"\"", Some("")),
            ("\"say \"\"a\"\"\"", Some("say \"a\"")),
            ("Open-1", Some("Open-1")),
            ("\"a\" + \"b\"", None),
            ("GetUserId()", None),
            ("Entities.Status.Open", None),
            ("\"", None),
        ] {
            assert_eq!(text_literal(said).as_deref(), text, "{said}");
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
