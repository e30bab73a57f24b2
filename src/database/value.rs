//! One value on its own: for conditions, decisions, reports and tests.

use std::cmp::Ordering;
use std::fmt;

/// A single value. Rows travel in a [`super::Batch`]; this is for the few that stand alone.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Value {
    /// NULL
    Null,
    /// A whole number.
    Integer(i64),
    /// `value / 10^scale`
    Decimal {
        /// The digits.
        value: i128,
        /// Digits after the point.
        scale: u8,
    },
    /// Binary floating point.
    Float(f64),
    /// Yes or no.
    Bit(bool),
    /// 100-nanosecond steps since 0001-01-01T00:00:00.
    DateTime(i64),
    /// Sixteen bytes, in the order they are printed.
    Guid([u8; 16]),
    /// Text in WTF-8: UTF-8 that may also hold lone surrogates.
    Text(Vec<u8>),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }

    /// The whole number, when it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Bit(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// The text, when it is valid Unicode text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Whether it is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Decimal { value, scale } => f.write_str(&decimal_to_text(*value, *scale)),
            Self::Float(value) => write!(f, "{value}"),
            Self::Bit(value) => write!(f, "{}", i32::from(*value)),
            Self::DateTime(ticks) => f.write_str(&date_time_to_text(*ticks)),
            Self::Guid(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    if matches!(index, 4 | 6 | 8 | 10) {
                        f.write_str("-")?;
                    }
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
            Self::Text(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
            Self::Binary(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
}

/// Decimal digits as text, every digit of the scale printed: `-0.50`.
#[must_use]
pub fn decimal_to_text(value: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = match u64::try_from(value.unsigned_abs()) {
        // Most are short, and 128 bits are slow to divide.
        Ok(short) => short.to_string(),
        Err(_) => value.unsigned_abs().to_string(),
    };
    let mut text = String::with_capacity(digits.len().max(scale + 1) + 2);
    if value < 0 {
        text.push('-');
    }
    for _ in digits.len()..=scale {
        text.push('0');
    }
    text.push_str(&digits);
    if scale > 0 {
        text.insert(text.len() - scale, '.');
    }
    text
}

/// Digits that fit 64 bits, whatever they are.
const SHORT: usize = 18;

/// Reads a decimal text into digits at the wanted scale; `None` when it is no decimal or when
/// digits would be lost.
#[must_use]
pub fn decimal_from_text(text: &str, scale: u8) -> Option<i128> {
    let text = text.trim();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > usize::from(scale) {
        return None;
    }
    let zeros = usize::from(scale) - fraction.len();
    let mut digits = whole.bytes().chain(fraction.bytes());
    let value = if whole.len() + usize::from(scale) <= SHORT {
        let short = digits.try_fold(0_i64, |value, digit| {
            digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
        })?;
        i128::from(short * 10_i64.pow(zeros as u32))
    } else {
        let padding = std::iter::repeat_n(b'0', zeros);
        digits.chain(padding).try_fold(0_i128, |value, digit| match digit.is_ascii_digit() {
            true => value.checked_mul(10)?.checked_add(i128::from(digit - b'0')),
            false => None,
        })?
    };
    Some(if negative { -value } else { value })
}

/// 100-nanosecond steps in a second.
pub(crate) const SECOND: i64 = 10_000_000;
/// 100-nanosecond steps in a day.
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// Days from 0001-01-01 to the first of a month, in the proleptic Gregorian calendar.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_shifted = (month + 9) % 12;
    let day_of_year = (153 * month_shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 306
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 306;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The first moment of a day.
pub(crate) const fn first_moment(year: i64, month: i64, day: i64) -> i64 {
    days_from_civil(year, month, day) * DAY
}

/// A point in time as `YYYY-MM-DD HH:MM:SS[.fff[ffff]]`; the fraction is left out when zero.
#[must_use]
pub fn date_time_to_text(ticks: i64) -> String {
    let (year, month, day) = civil_from_days(ticks.div_euclid(DAY));
    let in_day = ticks.rem_euclid(DAY);
    let seconds = in_day / SECOND;
    let fraction = in_day % SECOND;
    let mut text = String::with_capacity("0001-01-01 00:00:00.0000000".len());
    let is_common = (0..=9999).contains(&year);
    if !is_common {
        text.push_str(&year.to_string());
    }
    let mut put = |before: &str, number: i64, width: u32| {
        text.push_str(before);
        for place in (0..width).rev() {
            text.push(char::from(b'0' + (number / 10_i64.pow(place) % 10) as u8));
        }
    };
    if is_common {
        put("", year, 4);
    }
    put("-", month, 2);
    put("-", day, 2);
    put(" ", seconds / 3600, 2);
    put(":", seconds / 60 % 60, 2);
    put(":", seconds % 60, 2);
    match fraction {
        0 => {}
        _ if fraction % 10_000 == 0 => put(".", fraction / 10_000, 3),
        _ => put(".", fraction, 7),
    }
    text
}

/// Reads `YYYY-MM-DD[ HH:MM[:SS[.f…]]]` (a `T` between is fine, as is `HH:MM:SS` alone, which
/// lies on 1900-01-01); `None` when it is no date and time.
#[must_use]
pub fn date_time_from_text(text: &str) -> Option<i64> {
    if let Some(ticks) = as_written_here(text.as_bytes()) {
        return Some(ticks);
    }
    let text = text.trim();
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, time),
        None if text.contains('-') => (text, ""),
        None if text.contains(':') => ("1900-01-01", text),
        None => return None,
    };
    let number = |part: &str, width: usize| {
        (part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<i64>().ok())
            .flatten()
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = number(parts.next()?, 2)?;
    let day = number(parts.next()?, 2)?;
    if parts.next().is_some() || !(1..=12).contains(&month) || year < 1 || day < 1 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    if civil_from_days(days) != (year, month, day) {
        return None;
    }
    let mut ticks = days * DAY;
    if !time.is_empty() {
        let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
        let mut parts = clock.split(':');
        let hour = number(parts.next()?, 2)?;
        let minute = number(parts.next()?, 2)?;
        let second = match parts.next() {
            Some(part) => number(part, 2)?,
            None => 0,
        };
        if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 || fraction.len() > 7 {
            return None;
        }
        let fraction_ticks = match fraction {
            "" => 0,
            digits => number(digits, digits.len())? * 10_i64.pow(7 - digits.len() as u32),
        };
        ticks += (hour * 3600 + minute * 60 + second) * SECOND + fraction_ticks;
    }
    Some(ticks)
}

/// The same for the form that [`date_time_to_text`] writes, which most moments have; `None` for any
/// other.
fn as_written_here(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        text.get(from..to)?.iter().try_fold(0, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let signs = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':'), (19, b'.')];
    if signs.iter().any(|(place, sign)| text.get(*place).is_some_and(|found| found != sign)) {
        return None;
    }
    let fraction = match text.len() {
        19 => 0,
        23 => number(20, 23)? * 10_000,
        27 => number(20, 27)?,
        _ => return None,
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Every month has 28 days.
    if year < 1 || !(1..=12).contains(&month) || !(1..=28).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second;
    Some(days_from_civil(year, month, day) * DAY + seconds * SECOND + fraction)
}

/// Orders two values of one kind; values of different kinds do not compare.
impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::DateTime(a), Self::DateTime(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) | (Self::Binary(a), Self::Binary(b)) => Some(a.cmp(b)),
            (Self::Guid(a), Self::Guid(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

/// The digits when a decimal of this precision holds them.
#[must_use]
pub fn in_precision(digits: i128, precision: u8) -> Option<i128> {
    (digits.unsigned_abs() < 10_u128.checked_pow(u32::from(precision))?).then_some(digits)
}

/// The digits of a decimal at another scale; `None` when some would be lost.
#[must_use]
pub fn rescale(digits: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        digits.checked_mul(10_i128.checked_pow(u32::from(to - from))?)
    } else {
        let factor = 10_i128.checked_pow(u32::from(from - to))?;
        (digits % factor == 0).then_some(digits / factor)
    }
}

/// Length of a WTF-8 text in UTF-16 units, by its lead bytes.
#[must_use]
pub fn utf16_length(text: &[u8]) -> usize {
    text.iter()
        .map(|byte| match byte {
            0x80..=0xBF => 0,
            0xF0..=0xFF => 2,
            _ => 1,
        })
        .sum()
}

/// As many whole characters of a WTF-8 text as have no more UTF-16 units than that.
#[must_use]
pub fn utf16_prefix(text: &[u8], most: usize) -> &[u8] {
    let mut used = 0;
    for (place, byte) in text.iter().enumerate() {
        let width = match byte {
            0x80..=0xBF => continue,
            0xF0..=0xFF => 2,
            _ => 1,
        };
        if used + width > most {
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
        assert_eq!(utf16_prefix("aé🚚b".as_bytes(), 3), "aé".as_bytes());
        assert_eq!(utf16_prefix("aé🚚b".as_bytes(), 4), "aé🚚".as_bytes());
        assert_eq!(utf16_prefix("ab".as_bytes(), 5), "ab".as_bytes());
        assert_eq!(utf16_prefix("漢字".as_bytes(), 1), "漢".as_bytes());
    }

    #[test]
    fn lengths_count_utf16_units() {
        assert_eq!(utf16_length("aé漢🚚".as_bytes()), 5);
    }

    #[test]
    fn dates_read_back_as_they_were_written() {
        for text in [
            "0001-01-01 00:00:00",
            "1753-01-01 00:00:00",
            "1900-01-01 00:00:00",
            "2000-02-29 23:59:59.997",
            "2024-12-31 12:00:00.1234567",
            "9999-12-31 23:59:59.997",
        ] {
            assert_eq!(date_time_to_text(date_time_from_text(text).expect(text)), text);
        }
        assert_eq!(date_time_from_text("1900-01-01"), Some(693_595 * DAY));
        assert_eq!(date_time_from_text("10:20:30"), date_time_from_text("1900-01-01 10:20:30"));
        // The form that is written here is read by a way of its own.
        for text in
            ["1899-02-28 03:04:05", "2024-12-01 12:00:00.1234567", "9999-01-28 00:00:00.120"]
        {
            assert_eq!(date_time_from_text(text), date_time_from_text(&text.replace(' ', "T")));
        }
        for wrong in ["2024-12-01 24:00:00", "2024-00-01 12:00:00", "0000-12-01 12:00:00.120"] {
            assert_eq!(date_time_from_text(wrong), None, "{wrong}");
        }
        for wrong in
            ["", "2023-02-29", "2023-13-01", "2023-01-01 24:00:00", "yesterday", "2023-1-1"]
        {
            assert_eq!(date_time_from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn decimals_keep_every_digit() {
        let widest = "99999999999999999999999999999.99999999";
        let value = decimal_from_text(widest, 8).expect("37 digits fit");
        assert_eq!(decimal_to_text(value, 8), widest);
        assert_eq!(decimal_to_text(-5, 2), "-0.05");
        assert_eq!(decimal_from_text("-.5", 1), Some(-5));
        assert_eq!(decimal_from_text("1.230", 2), Some(123));
        assert_eq!(decimal_from_text("1.234", 2), None);
        for wrong in ["x", ".", "", "1.x", "--1", "12345678901234567890x"] {
            assert_eq!(decimal_from_text(wrong, 2), None, "{wrong}");
        }
        for (text, scale) in [("0", 0), ("-7", 0), ("0.00", 2), ("123456789012345678.9", 1)] {
            let value = decimal_from_text(text, scale).expect(text);
            assert_eq!(decimal_to_text(value, scale), text);
        }
        let [short, long] = ["999999999999999999", "1000000000000000000"];
        assert_eq!(decimal_from_text(short, 0).map(|value| value + 1), decimal_from_text(long, 0));
        assert_eq!(decimal_to_text(i128::MIN, 0), i128::MIN.to_string());
    }
}
