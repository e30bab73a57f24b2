//! Plain values in another type: exactly, or not at all.

use super::{
    ColumnType, Value, ValueKind, date_time_from_text, decimal_from_text, decimal_to_text,
    in_precision, rescale, utf16_length,
};

/// The most characters of a text that is read as a number or a date, blanks around it apart.
pub const LONGEST_READ: usize = 38;

/// The longest text, with the blanks around it, that is read as a number or a date.
pub const LONGEST_TEXT: usize = 100;

/// The first day that `datetime` holds.
const FIRST_DATE_TIME: &str = "1753-01-01";

/// 100-nanosecond steps in a day, and in the hundredth of a second that every type of 1/300 s
/// and finer holds exactly.
const DAY: i64 = 864_000_000_000;
const HUNDREDTH: i64 = 100_000;

/// Whether values of one type may have a form in another, so that each can be asked for.
#[must_use]
pub fn is_convertible(from: &ColumnType, to: &ColumnType) -> bool {
    let (Some(ours), Some(theirs)) = (from.kind(), to.kind()) else { return false };
    let room = |longest: usize| to.max_length().is_none_or(|room| room >= longest);
    match (ours, theirs) {
        (ValueKind::Integer, ValueKind::Text) => true,
        (ValueKind::Bit, ValueKind::Text) => room("False".len()),
        (ValueKind::Decimal, ValueKind::Text) => {
            // A sign, a point and a zero before it.
            from.decimal().is_some_and(|(precision, _)| room(usize::from(precision) + 3))
        }
        (ValueKind::Text, ValueKind::Integer | ValueKind::Decimal)
        | (ValueKind::Decimal, ValueKind::Integer | ValueKind::Bit)
        | (ValueKind::Integer, ValueKind::Bit)
        | (ValueKind::Bit, ValueKind::Decimal) => true,
        (ValueKind::Text, ValueKind::DateTime) => {
            matches!(to, ColumnType::DateTime | ColumnType::DateTime2 { .. } | ColumnType::Date)
        }
        (ValueKind::DateTime, ValueKind::DateTime) => {
            !matches!(from, ColumnType::Time { .. })
                && matches!(to, ColumnType::DateTime | ColumnType::Date)
        }
        _ => false,
    }
}

/// The value in another type, when it has exactly one form there. An empty text, which is how the
/// platform keeps "nothing", becomes the platform's nothing of that type (`metamodel.md` §3.5).
#[must_use]
pub fn converted(value: &Value, to: &ColumnType) -> Option<Value> {
    match (value, to.kind()?) {
        (Value::Integer(number), ValueKind::Text) => text_that_fits(&number.to_string(), to),
        (Value::Bit(bit), ValueKind::Text) => {
            text_that_fits(if *bit { "True" } else { "False" }, to)
        }
        (Value::Decimal { value, scale }, ValueKind::Text) => {
            let mut text = decimal_to_text(*value, *scale);
            if *scale > 0 {
                let whole = text.trim_end_matches('0').trim_end_matches('.').len();
                text.truncate(whole);
            }
            text_that_fits(&text, to)
        }
        (Value::Text(bytes), kind) => {
            let text = std::str::from_utf8(bytes).ok()?;
            if utf16_length(bytes) > LONGEST_TEXT {
                return None;
            }
            from_text(text.trim_matches(' '), kind, to)
        }
        (Value::Decimal { value, scale }, ValueKind::Integer) => {
            integer_in(i64::try_from(rescale(*value, *scale, 0)?).ok()?, to)
        }
        (Value::Decimal { value, scale }, ValueKind::Bit) => {
            bit_of(i64::try_from(rescale(*value, *scale, 0)?).ok()?)
        }
        (Value::Integer(number), ValueKind::Bit) => bit_of(*number),
        (Value::Bit(bit), ValueKind::Decimal) => decimal_in(i128::from(*bit), 0, to),
        (Value::DateTime(ticks), ValueKind::DateTime) => moment_in(*ticks, to),
        _ => None,
    }
}

/// The same value as a column of another type holds it whose values are converted to this one's
/// type; `None` where that holds no such value.
#[must_use]
pub fn in_other_type(value: &Value, to: &ColumnType) -> Option<Value> {
    match (value, to.kind()?) {
        (Value::Decimal { value, scale }, ValueKind::Decimal) => decimal_in(*value, *scale, to),
        (Value::Integer(number), ValueKind::Decimal) => decimal_in(i128::from(*number), 0, to),
        (Value::Bit(bit), ValueKind::Integer) => integer_in(i64::from(*bit), to),
        (Value::Null, _)
        | (Value::Integer(_), ValueKind::Integer)
        | (Value::Bit(_), ValueKind::Bit)
        | (Value::Float(_), ValueKind::Float)
        | (Value::DateTime(_), ValueKind::DateTime)
        | (Value::Guid(_), ValueKind::Guid)
        | (Value::Text(_), ValueKind::Text)
        | (Value::Binary(_), ValueKind::Binary) => Some(value.clone()),
        (Value::Text(bytes), kind) => {
            let text = std::str::from_utf8(bytes).ok()?;
            let value = match kind {
                ValueKind::Bit => Value::Bit(text.eq_ignore_ascii_case("true")),
                _ => from_text(text, kind, to)?,
            };
            // A number has one form as a text, whatever else is read as that number.
            let written = converted(&value, &ColumnType::parse("nvarchar(max)"))?;
            written.to_string().eq_ignore_ascii_case(text).then_some(value)
        }
        (value, _) => converted(value, to),
    }
}

fn text_that_fits(text: &str, to: &ColumnType) -> Option<Value> {
    let fits = to.max_length().is_none_or(|longest| text.len() <= longest);
    fits.then(|| Value::text(text))
}

fn integer_in(number: i64, to: &ColumnType) -> Option<Value> {
    let (least, most) = to.integer_range()?;
    (least..=most).contains(&number).then_some(Value::Integer(number))
}

fn bit_of(number: i64) -> Option<Value> {
    match number {
        0 => Some(Value::Bit(false)),
        1 => Some(Value::Bit(true)),
        _ => None,
    }
}

fn decimal_in(digits: i128, from: u8, to: &ColumnType) -> Option<Value> {
    let (precision, scale) = to.decimal()?;
    let value = in_precision(rescale(digits, from, scale)?, precision)?;
    Some(Value::Decimal { value, scale })
}

/// A moment that the type holds exactly.
fn moment_in(ticks: i64, to: &ColumnType) -> Option<Value> {
    let fits = match to {
        ColumnType::Date => ticks.rem_euclid(DAY) == 0,
        ColumnType::DateTime => {
            ticks >= date_time_from_text(FIRST_DATE_TIME)? && ticks.rem_euclid(HUNDREDTH) == 0
        }
        ColumnType::DateTime2 { .. } => true,
        _ => false,
    };
    fits.then_some(Value::DateTime(ticks))
}

/// A text without blanks around it.
fn from_text(text: &str, kind: ValueKind, to: &ColumnType) -> Option<Value> {
    if text.chars().count() > LONGEST_READ {
        return None;
    }
    match kind {
        ValueKind::Integer if text.is_empty() => Some(Value::Integer(0)),
        ValueKind::Integer => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            integer_in(text.parse().ok().filter(|_| is_whole)?, to)
        }
        ValueKind::Decimal if text.is_empty() => decimal_in(0, 0, to),
        ValueKind::Decimal => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
            let bytes = digits.as_bytes();
            if !ends(bytes.first()) || !ends(bytes.last()) {
                return None;
            }
            let (precision, scale) = to.decimal()?;
            let value = in_precision(decimal_from_text(text, scale)?, precision)?;
            Some(Value::Decimal { value, scale })
        }
        ValueKind::DateTime => {
            let text = if text.is_empty() { "1900-01-01" } else { text };
            let spaced = if is_like(text, "0000-00-00T00:00:00") {
                text.replacen('T', " ", 1)
            } else if is_like(text, "0000-00-00") || is_like(text, "0000-00-00 00:00:00") {
                text.to_owned()
            } else {
                return None;
            };
            moment_in(date_time_from_text(&spaced)?, to)
        }
        _ => None,
    }
}

/// Whether a text has the pattern's signs, and a digit wherever it has 0.
fn is_like(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(one, wanted)| match wanted {
            b'0' => one.is_ascii_digit(),
            other => one == other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(value: &Value, data_type: &str) -> Option<String> {
        converted(value, &ColumnType::parse(data_type)).map(|value| value.to_string())
    }

    fn read(text: &str, data_type: &str) -> Option<String> {
        to(&Value::text(text), data_type)
    }

    #[test]
    fn texts_are_read_exactly_or_not_at_all() {
        for (text, data_type, wanted) in [
            (" 0042 ", "int", Some("42")),
            ("-7", "int", Some("-7")),
            ("+7", "int", Some("7")),
            ("", "int", Some("0")),
            ("2147483648", "int", None),
            ("12.0", "int", None),
            ("1e3", "int", None),
            ("-", "int", None),
            ("--1", "int", None),
            ("٣", "int", None),
            ("1.250", "decimal(9,2)", Some("1.25")),
            ("1.251", "decimal(9,2)", None),
            (".5", "decimal(9,2)", None),
            ("5.", "decimal(9,2)", None),
            ("1,5", "decimal(9,2)", None),
            ("100", "decimal(4,2)", None),
            ("2024-02-29", "datetime", Some("2024-02-29 00:00:00")),
            ("2024-02-29T10:20:30", "datetime", Some("2024-02-29 10:20:30")),
            ("2023-02-29", "datetime", None),
            ("2024-02-29 10:20", "datetime", None),
            ("29.02.2024", "datetime", None),
            ("1752-12-31", "datetime", None),
            ("2024-02-29 10:20:30", "date", None),
            ("", "datetime", Some("1900-01-01 00:00:00")),
        ] {
            assert_eq!(read(text, data_type).as_deref(), wanted, "{text:?} as {data_type}");
        }
        assert_eq!(read(&" ".repeat(101), "int"), None);
        assert_eq!(read(&"0".repeat(39), "int"), None);
    }

    #[test]
    fn numbers_become_texts_and_narrower_numbers_only_whole() {
        assert_eq!(to(&Value::Integer(-12), "nvarchar(3)").as_deref(), Some("-12"));
        assert_eq!(to(&Value::Integer(-12), "nvarchar(2)"), None);
        let decimal = |value| Value::Decimal { value, scale: 2 };
        assert_eq!(to(&decimal(1200), "nvarchar(50)").as_deref(), Some("12"));
        assert_eq!(to(&decimal(-5), "nvarchar(50)").as_deref(), Some("-0.05"));
        assert_eq!(to(&decimal(0), "nvarchar(50)").as_deref(), Some("0"));
        assert_eq!(to(&decimal(1200), "int").as_deref(), Some("12"));
        assert_eq!(to(&decimal(1201), "int"), None);
        assert_eq!(to(&Value::Integer(1), "bit"), Some(Value::Bit(true).to_string()));
        assert_eq!(to(&Value::Integer(2), "bit"), None);
    }
}
