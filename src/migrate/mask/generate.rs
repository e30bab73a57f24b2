//! One value in, its mask out.

use super::MaskKey;
use super::permute::Order;
use crate::database::{ColumnType, Fault, FaultKind, Result, Value, utf16_length};
use crate::plan::Mask;

/// What masks consist of: letters and digits that no code page lacks and no two of which are equal
/// by any collation.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A domain that never exists (RFC 2606), and a shorter one for narrow columns.
const DOMAINS: [&str; 2] = ["@example.invalid", "@x.invalid"];

/// 100-nanosecond steps in a day.
const DAY: i64 = 864_000_000_000;
/// Days from 0001-01-01 to the null date, 1900-01-01.
const NULL_DAY: i64 = 693_595;
/// Days from 0001-01-01 to 9999-12-31.
const LAST_DAY: i64 = 3_652_058;
/// Days among which a day is moved.
const WINDOW: i64 = 1024;

/// What a column holds on both sides, so that masks fit.
pub(super) struct Bounds {
    /// UTF-16 units of a text.
    length: Option<usize>,
    /// Smallest and largest number that fits, as digits without a point.
    numbers: (i128, i128),
    /// The same for where it is read.
    read: (i128, i128),
    /// First and last day.
    days: (i64, i64),
}

impl Bounds {
    /// What all of these types hold; values are read by the first.
    pub(super) fn of(types: &[&ColumnType]) -> Self {
        let all = (i128::MIN, i128::MAX);
        let mut bounds = Self { length: None, numbers: all, read: all, days: (0, LAST_DAY) };
        for (place, data_type) in types.iter().enumerate() {
            if let Some(most) = data_type.max_length() {
                bounds.length = Some(bounds.length.map_or(most, |length| length.min(most)));
            }
            let (least, most) = match data_type {
                ColumnType::Money => (i128::from(i64::MIN), i128::from(i64::MAX)),
                ColumnType::SmallMoney => (i128::from(i32::MIN), i128::from(i32::MAX)),
                other => other.integer_range().map_or((i128::MIN, i128::MAX), |(least, most)| {
                    (i128::from(least), i128::from(most))
                }),
            };
            bounds.numbers = (bounds.numbers.0.max(least), bounds.numbers.1.min(most));
            if place == 0 {
                bounds.read = bounds.numbers;
            }
            let (first, last) = match data_type {
                // 1753-01-01, the first day of `datetime`.
                ColumnType::DateTime => (639_905, LAST_DAY),
                // 1900-01-01 to 2079-06-05, whose every minute `smalldatetime` holds.
                ColumnType::SmallDateTime => (NULL_DAY, 759_129),
                _ => (0, LAST_DAY),
            };
            bounds.days = (bounds.days.0.max(first), bounds.days.1.min(last));
        }
        bounds
    }
}

/// Whether a value says nothing: it is not masked.
pub(in crate::migrate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.iter().all(u8::is_ascii_whitespace),
        Value::Integer(number) => *number == 0,
        Value::Decimal { value, .. } => *value == 0,
        Value::Float(number) => *number == 0.0,
        Value::DateTime(ticks) => ticks.div_euclid(DAY) == NULL_DAY,
        Value::Binary(bytes) => bytes.is_empty(),
        Value::Bit(_) | Value::Guid(_) => false,
    }
}

/// The mask of a value that is not empty.
pub(super) fn masked(key: &MaskKey, mask: &Mask, bounds: &Bounds, value: &Value) -> Result<Value> {
    Ok(match (mask, value) {
        (Mask::Email, Value::Text(text)) => email(key, trimmed(text), bounds),
        (Mask::Phone, Value::Text(text)) => phone(key, trimmed(text), bounds),
        (Mask::Text, Value::Text(text)) => plain(key, trimmed(text), bounds),
        (Mask::Number, Value::Integer(number)) => {
            let masked = digits(key, i128::from(*number), 0, bounds);
            Value::Integer(i64::try_from(masked).map_err(|_| unfit())?)
        }
        (Mask::Number, Value::Decimal { value, scale }) => {
            Value::Decimal { value: digits(key, *value, *scale, bounds), scale: *scale }
        }
        (Mask::Date, Value::DateTime(ticks)) => {
            let day = day(key, ticks.div_euclid(DAY), bounds);
            Value::DateTime(day * DAY + ticks.rem_euclid(DAY))
        }
        _ => return Err(unfit()),
    })
}

fn unfit() -> Fault {
    // The value is not named: it is personal.
    Fault::new(FaultKind::Data, "a value cannot be masked in the way the plan says")
}

/// Without the blanks at the end, which do not count and which columns of fixed width add.
fn trimmed(text: &[u8]) -> &[u8] {
    text.trim_ascii_end()
}

fn letters(key: &MaskKey, label: &str, message: &[u8], count: usize) -> String {
    let mut bytes = vec![0; count];
    key.stream(label, message).fill(&mut bytes);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

fn email(key: &MaskKey, text: &[u8], bounds: &Bounds) -> Value {
    let length = bounds.length.unwrap_or(usize::MAX);
    // The same address in other letters is the same address.
    let text = text.to_ascii_lowercase();
    let [long, short] = DOMAINS;
    let (count, domain) = match length {
        ..14 => (length, ""),
        14..24 => (length - short.len(), short),
        _ => ((length - long.len()).min(20), long),
    };
    Value::text(&(letters(key, "email", &text, count) + domain))
}

fn plain(key: &MaskKey, text: &[u8], bounds: &Bounds) -> Value {
    let units = utf16_length(text);
    let class = [16, 64, 256, 1024].into_iter().find(|class| units <= *class).unwrap_or(4096);
    let count = bounds.length.map_or(class, |most| class.min(most));
    Value::text(&letters(key, "text", text, count))
}

fn phone(key: &MaskKey, text: &[u8], bounds: &Bounds) -> Value {
    let given: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
    let is_number = text.iter().all(|byte| byte.is_ascii_digit() || b" +-()./".contains(byte));
    let fits = bounds.length.is_none_or(|most| text.len() <= most);
    if !is_number || !fits || !(1..=36).contains(&given.len()) {
        let count = bounds.length.map_or(20, |most| most.min(20));
        let mut bytes = vec![0; count];
        key.stream("phone text", text).fill(&mut bytes);
        let digits: String = bytes.iter().map(|byte| char::from(b'0' + byte % 10)).collect();
        return Value::text(&digits);
    }
    let number = given.iter().fold(0, |number, digit| number * 10 + u128::from(digit - b'0'));
    let count = given.len();
    let most = 10_u128.pow(u32::try_from(count).unwrap_or(36));
    let order = Order::new(key, "phone", u32::try_from(count).unwrap_or(36), most);
    let masked = format!("{:0>count$}", order.next(number, |found| found < most));
    let mut masked = masked.bytes();
    let put = |byte: &u8| if byte.is_ascii_digit() { masked.next().unwrap_or(b'0') } else { *byte };
    Value::Text(text.iter().map(put).collect())
}

/// Another number with as many digits and as many decimals.
fn digits(key: &MaskKey, number: i128, scale: u8, bounds: &Bounds) -> i128 {
    let sign = number.signum();
    let mut whole = number.unsigned_abs();
    let mut zeros = 0;
    while zeros < scale && whole.is_multiple_of(10) {
        whole /= 10;
        zeros += 1;
    }
    let keeps_decimals = |found: u128| zeros == scale || !found.is_multiple_of(10);
    let unit = 10_u128.pow(u32::from(zeros));
    let count = whole.ilog10() + 1;
    let (least, beyond) = (10_u128.pow(count - 1), 10_u128.checked_pow(count));
    let signed = |found: u128| {
        let found = i128::try_from(found.checked_mul(unit)?).ok()? * sign;
        (bounds.read.0..=bounds.read.1).contains(&found).then_some(found)
    };
    // What does not fit the destination still does not: the run meets what was foretold.
    let fits = |found: i128| (bounds.numbers.0..=bounds.numbers.1).contains(&found);
    let order = Order::new(key, "number", count, beyond.unwrap_or(u128::MAX));
    let found = order.next(whole, |found| {
        found >= least
            && beyond.is_none_or(|beyond| found < beyond)
            && keeps_decimals(found)
            && signed(found).is_some_and(|found| fits(found) == fits(number))
    });
    signed(found).unwrap_or(number)
}

fn day(key: &MaskKey, day: i64, bounds: &Bounds) -> i64 {
    let window = day.div_euclid(WINDOW);
    let at = |place: u128| window * WINDOW + i64::try_from(place).unwrap_or_default();
    let order = Order::new(key, "date", u32::try_from(window).unwrap_or_default(), 1024);
    let place = u128::try_from(day.rem_euclid(WINDOW)).unwrap_or_default();
    let fits = |day: i64| (bounds.days.0..=bounds.days.1).contains(&day);
    at(order.next(place, |found| {
        let found_day = at(found);
        (0..=LAST_DAY).contains(&found_day) && found_day != NULL_DAY && fits(found_day) == fits(day)
    }))
}
