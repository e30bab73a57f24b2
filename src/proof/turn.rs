//! A plain value in another type, in the proof's own words. What has no exact form there is not
//! carried over, so nothing is to be said of it.

use crate::database::{ColumnType, Value, ValueKind, date_time_from_text};

/// What stands in a column of that type for a value that was converted; `None` where it is none
/// that the proof can make, which then finds the two to differ.
pub(super) fn turn(value: &Value, to: &ColumnType) -> Option<Value> {
    let kind = to.kind()?;
    if kind == ValueKind::Text {
        return Some(Value::Text(written(value)?.into_bytes()));
    }
    match value {
        Value::Text(bytes) => {
            let text = String::from_utf8(bytes.clone()).ok()?;
            let text = text.trim_matches(' ');
            match kind {
                ValueKind::Integer | ValueKind::Decimal => number(text),
                ValueKind::DateTime if text.is_empty() => Some(Value::DateTime(nothing()?)),
                ValueKind::DateTime => {
                    let day_and_time: Vec<&str> = text.splitn(2, ['T', ' ']).collect();
                    date_time_from_text(&day_and_time.join(" ")).map(Value::DateTime)
                }
                _ => None,
            }
        }
        // Numbers of every kind look alike to the proof.
        Value::Integer(_) | Value::Bit(_) | Value::Decimal { .. } | Value::DateTime(_) => {
            Some(value.clone())
        }
        _ => None,
    }
}

/// What the platform means by no date.
fn nothing() -> Option<i64> {
    date_time_from_text("1900-01-01")
}

/// A number as people write it: no zeros at the end of its decimals.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Integer(number) => Some(number.to_string()),
        Value::Bit(true) => Some("True".into()),
        Value::Bit(false) => Some("False".into()),
        Value::Decimal { value, scale } => {
            let (mut digits, mut places) = (*value, *scale);
            while places > 0 && digits % 10 == 0 {
                (digits, places) = (digits / 10, places - 1);
            }
            if places == 0 {
                return Some(digits.to_string());
            }
            let power = 10_u128.checked_pow(u32::from(places))?;
            let size = digits.unsigned_abs();
            let sign = if digits < 0 { "-" } else { "" };
            let width = usize::from(places);
            Some(format!("{sign}{}.{:0width$}", size / power, size % power))
        }
        _ => None,
    }
}

/// A number that somebody wrote; no text is 0.
fn number(text: &str) -> Option<Value> {
    let (mut digits, mut places, mut is_past_point) = (0_i128, 0_u8, false);
    for sign in text.trim_start_matches(['+', '-']).chars() {
        match sign.to_digit(10) {
            Some(digit) => {
                digits = digits.checked_mul(10)?.checked_add(i128::from(digit))?;
                places += u8::from(is_past_point);
            }
            None if sign == '.' && !is_past_point => is_past_point = true,
            None => return None,
        }
    }
    let value = if text.starts_with('-') { -digits } else { digits };
    Some(Value::Decimal { value, scale: places })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_reads_and_writes_numbers_by_itself() {
        let of = |text: &str| turn(&Value::text(text), &ColumnType::BigInt);
        let decimal = |value, scale| Some(Value::Decimal { value, scale });
        assert_eq!(of(" -012 "), decimal(-12, 0));
        assert_eq!(of("+3.50"), decimal(350, 2));
        assert_eq!(of(""), decimal(0, 0));
        assert_eq!(of("1.2.3"), None);
        let text = |value| turn(&value, &ColumnType::NVarChar(None));
        assert_eq!(text(Value::Decimal { value: -50, scale: 3 }), Some(Value::text("-0.05")));
        assert_eq!(text(Value::Decimal { value: 1200, scale: 2 }), Some(Value::text("12")));
    }
}
