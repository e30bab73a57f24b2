//! What masked values have to be, worked out from `docs/manual.md` ("How values are masked").
//!
//! The proof makes its own masks. Nothing here is shared with the code that masked the rows, so a
//! mistake there, and a value that was not masked at all, shows as a difference.

mod permutation;

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::form::units;
use crate::database::{
    Alteration, Altered, Batch, Column, ColumnRef, ColumnType, Fault, FaultKind, Result, Secret,
    Source, TableName, Value,
};
use crate::plan::{MASK_KEY_VARIABLE, Mask, Plan, UserMask};
use permutation::successor;

/// 100-nanosecond steps in a day.
const DAY: i64 = 24 * 60 * 60 * 10_000_000;
/// 1900-01-01, in days from 0001-01-01.
const NO_DATE: i64 = 693_595;
/// 9999-12-31, likewise.
const LAST_DATE: i64 = 3_652_058;

/// What depends on the key: a label and a message become as many bytes as are wanted.
#[derive(Clone, Copy)]
pub(super) struct Keyed([u8; 32]);

impl Keyed {
    /// From the secret text.
    fn of(secret: &Secret) -> Self {
        let context = "osferry 2026-11 masks of personal data v1";
        Self(blake3::derive_key(context, secret.expose_secret().trim().as_bytes()))
    }

    fn bytes<const N: usize>(&self, label: &str, message: &[u8]) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(label, message, &mut bytes);
        bytes
    }

    fn fill(&self, label: &str, message: &[u8], bytes: &mut [u8]) {
        let said = [label.as_bytes(), &[0], message].concat();
        blake3::Hasher::new_keyed(&self.0).update(&said).finalize_xof().fill(bytes);
    }

    fn fingerprint(&self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.bytes("fingerprint", b"")))
    }
}

/// The key by which a run's rows are proved: the one it was made with.
///
/// Errors where that is not given.
pub(super) fn key_of_run(plan: &Plan, print: Option<&str>, given: Option<&Secret>) -> Result<Keys> {
    if !plan.needs_mask_key() {
        return Ok(Keys(None));
    }
    let key = given.map(Keyed::of);
    match (key, print) {
        (Some(key), Some(print)) if key.fingerprint() == print => Ok(Keys(Some(key))),
        (key, _) => {
            let what = match key {
                Some(key) => format!(
                    "the run masked personal data with another key: its fingerprint is {}, that \
                     of the key given now is {}",
                    print.unwrap_or("not known"),
                    key.fingerprint()
                ),
                None => {
                    "the run masked personal data, and the key of the masks is not given".to_owned()
                }
            };
            Err(Fault::new(FaultKind::NotApplicable, what).advise(format!(
                "Set {MASK_KEY_VARIABLE} to the key that the run was started with: without it \
                 nobody can tell whether a mask is the right one."
            )))
        }
    }
}

/// The same; where the key is not given, masked values count as changed in the source.
pub(super) fn key_or_none(plan: &Plan, print: Option<&str>, given: Option<&Secret>) -> Keys {
    key_of_run(plan, print, given).unwrap_or(Keys(None))
}

/// The key, where there is one.
#[derive(Clone, Copy)]
pub(super) struct Keys(Option<Keyed>);

/// The source as the destination has to show it: with masks in place of personal data.
pub(super) fn as_masked<'a>(
    source: &'a dyn Source,
    plan: &Plan,
    keys: Keys,
) -> Altered<&'a dyn Source> {
    let columns = plan.entities.iter().flat_map(|entity| {
        entity.columns.iter().filter_map(|column| {
            let mask = column.mask.clone()?;
            Some(MaskedColumn {
                table: entity.source_table.clone(),
                name: column.source.name.clone(),
                rule: CellRule {
                    mask,
                    read: column.source.data_type.clone(),
                    written: column.destination.data_type.clone(),
                },
            })
        })
    });
    let columns = columns.collect();
    Altered::new(source, Arc::new(Expected { columns, key: keys.0 }))
}

/// What e-mail address and phone number of a created user have to be; `None` where the plan
/// leaves them as they are.
pub(super) fn of_user(
    plan: &Plan,
    keys: Keys,
    source: i64,
    mask: &Mask,
    value: &Value,
) -> Option<Value> {
    if is_nothing(value) {
        return Some(value.clone());
    }
    match plan.user_mask {
        UserMask::Real => None,
        UserMask::ById if *mask == Mask::Email => {
            Some(Value::text(&format!("user{source}@masked.invalid")))
        }
        UserMask::ById => Some(Value::text("")),
        UserMask::Keyed => {
            let width = if *mask == Mask::Email { 250 } else { 20 };
            let text = ColumnType::NVarChar(Some(width));
            let rule = CellRule { mask: mask.clone(), read: text.clone(), written: text };
            rule.expected(&keys.0?, value)
        }
    }
}

struct MaskedColumn {
    table: TableName,
    name: String,
    rule: CellRule,
}

struct Expected {
    columns: Vec<MaskedColumn>,
    key: Option<Keyed>,
}

impl Alteration for Expected {
    fn alter(&self, table: &TableName, columns: &[ColumnRef], batch: Batch) -> Result<Batch> {
        let of_table: Vec<&MaskedColumn> =
            self.columns.iter().filter(|column| column.table.may_be(table)).collect();
        if of_table.is_empty() {
            return Ok(batch);
        }
        let rule = |place: usize| {
            let asked = columns.get(place)?;
            let is_it = |one: &&&MaskedColumn| one.name.eq_ignore_ascii_case(&asked.name);
            of_table.iter().find(is_it).map(|one| &one.rule)
        };
        let altered = batch.columns().iter().enumerate().map(|(place, column)| match rule(place) {
            Some(rule) => rule.column(self.key.as_ref(), column),
            None => Ok(column.clone()),
        });
        Batch::new(altered.collect::<Result<Vec<_>>>()?)
    }
}

/// How one column is masked.
struct CellRule {
    mask: Mask,
    read: ColumnType,
    written: ColumnType,
}

impl CellRule {
    fn column(&self, key: Option<&Keyed>, column: &Column) -> Result<Column> {
        let mut expected = Column::for_type(&self.read)?;
        for row in 0..column.len() {
            let value = column.value(row);
            // Without a key nobody knows: no mask is like nothing.
            let is = match key {
                _ if is_nothing(&value) => Some(value),
                _ if !self.mask.is_keyed() => self.expected(&Keyed([0; 32]), &value),
                None => Some(Value::Null),
                Some(key) => self.expected(key, &value),
            };
            let is = is.ok_or_else(|| {
                Fault::new(FaultKind::Data, "a value cannot be masked in the way the plan says")
            })?;
            expected.push(&is)?;
        }
        Ok(expected)
    }

    /// The mask of a value; `None` where a value of this kind has none.
    fn expected(&self, key: &Keyed, value: &Value) -> Option<Value> {
        match (&self.mask, value) {
            (Mask::Fixed(fixed), _) => Some(fixed.clone()),
            (Mask::Email, Value::Text(text)) => {
                let address: Vec<u8> =
                    text.trim_ascii_end().iter().map(u8::to_ascii_lowercase).collect();
                let room = self.room().unwrap_or(250);
                let domain = if room >= 24 {
                    "@example.invalid"
                } else if room >= 14 {
                    "@x.invalid"
                } else {
                    ""
                };
                let most = if domain.len() == 16 { 20 } else { usize::MAX };
                let name = word(key, "email", &address, (room - domain.len()).min(most));
                Some(Value::text(&format!("{name}{domain}")))
            }
            (Mask::Phone, Value::Text(text)) => {
                Some(Value::Text(self.phone(key, text.trim_ascii_end())))
            }
            (Mask::Text, Value::Text(text)) => {
                let text = text.trim_ascii_end();
                let mut class = 16;
                while class < units(text) && class < 4096 {
                    class *= 4;
                }
                let length = self.room().map_or(class, |room| room.min(class));
                Some(Value::text(&word(key, "text", text, length)))
            }
            (Mask::Number, Value::Integer(number)) => {
                let number = self.number(key, i128::from(*number), 0);
                Some(Value::Integer(i64::try_from(number).ok()?))
            }
            (Mask::Number, Value::Decimal { value, scale }) => {
                Some(Value::Decimal { value: self.number(key, *value, *scale), scale: *scale })
            }
            (Mask::Date, Value::DateTime(moment)) => {
                let day = self.day(key, moment / DAY);
                Some(Value::DateTime(day * DAY + moment % DAY))
            }
            _ => None,
        }
    }

    /// UTF-16 units that both sides hold.
    fn room(&self) -> Option<usize> {
        let lengths = [&self.read, &self.written].into_iter().filter_map(ColumnType::max_length);
        lengths.min()
    }

    fn phone(&self, key: &Keyed, text: &[u8]) -> Vec<u8> {
        let digits: String =
            text.iter().filter(|c| c.is_ascii_digit()).map(|c| char::from(*c)).collect();
        let is_signs = text
            .iter()
            .all(|c| matches!(c, b'0'..=b'9' | b' ' | b'+' | b'-' | b'(' | b')' | b'.' | b'/'));
        let has_room = self.room().is_none_or(|room| room >= text.len());
        if !(is_signs && has_room && !digits.is_empty() && digits.len() <= 36) {
            let mut bytes = vec![0; self.room().unwrap_or(20).min(20)];
            key.fill("phone text", text, &mut bytes);
            return bytes.iter().map(|byte| b'0' + byte % 10).collect();
        }
        let length = u32::try_from(digits.len()).unwrap_or(0);
        let end = 10_u128.pow(length);
        let number: u128 = digits.parse().unwrap_or(0);
        let masked = successor(key, ("phone", length), end, number, |candidate| candidate < end);
        let masked = format!("{masked:0>width$}", width = digits.len()).into_bytes();
        let mut shown = text.to_vec();
        let signs = shown.iter_mut().filter(|sign| sign.is_ascii_digit());
        for (at, sign) in signs.enumerate() {
            *sign = masked.get(at).copied().unwrap_or(b'0');
        }
        shown
    }

    fn number(&self, key: &Keyed, number: i128, scale: u8) -> i128 {
        let text = number.unsigned_abs().to_string();
        // Zeros after the point stay.
        let dropped = text.len() - text.trim_end_matches('0').len();
        let dropped = dropped.min(usize::from(scale));
        let kept = &text[..text.len() - dropped];
        let length = u32::try_from(kept.len()).unwrap_or(0);
        let from = 10_u128.pow(length - 1);
        let to = 10_u128.checked_pow(length).unwrap_or(u128::MAX);
        let whole = |candidate: u128| -> Option<i128> {
            let text = format!("{candidate}{}", "0".repeat(dropped));
            let signed = if number < 0 { format!("-{text}") } else { text };
            signed.parse().ok()
        };
        let is_within = |data_type: &ColumnType, number: i128| match limits(data_type) {
            Some((least, most)) => least <= number && number <= most,
            None => true,
        };
        let fits = |n: i128| is_within(&self.read, n) && is_within(&self.written, n);
        let is_candidate = |candidate: u128| {
            if candidate < from || candidate >= to {
                return false;
            }
            if dropped < usize::from(scale) && candidate.is_multiple_of(10) {
                return false;
            }
            whole(candidate)
                .is_some_and(|found| is_within(&self.read, found) && fits(found) == fits(number))
        };
        let start = kept.parse().unwrap_or(0);
        whole(successor(key, ("number", length), to, start, is_candidate)).unwrap_or(number)
    }

    fn day(&self, key: &Keyed, day: i64) -> i64 {
        let window = day / 1024;
        let fits = |day: i64| {
            [&self.read, &self.written].into_iter().all(|data_type| match data_type {
                ColumnType::DateTime => day >= 639_905,
                ColumnType::SmallDateTime => (NO_DATE..=759_129).contains(&day),
                _ => true,
            })
        };
        let real = |place: u128| window * 1024 + i64::try_from(place).unwrap_or(0);
        let is_candidate = |place: u128| {
            let found = real(place);
            found <= LAST_DATE && found != NO_DATE && fits(found) == fits(day)
        };
        let place = u128::try_from(day % 1024).unwrap_or(0);
        let window = u32::try_from(window).unwrap_or(0);
        real(successor(key, ("date", window), 1024, place, is_candidate))
    }
}

/// What a type holds, as digits without a point; `None` where it holds as many as it shows.
fn limits(data_type: &ColumnType) -> Option<(i128, i128)> {
    Some(match data_type {
        ColumnType::TinyInt => (0, 255),
        ColumnType::SmallInt => (-(1 << 15), (1 << 15) - 1),
        ColumnType::Int | ColumnType::SmallMoney => (-(1 << 31), (1 << 31) - 1),
        ColumnType::BigInt | ColumnType::Money => (-(1 << 63), (1 << 63) - 1),
        _ => return None,
    })
}

/// Whether a value says nothing, and so has no mask.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim_ascii().is_empty(),
        Value::DateTime(moment) => moment / DAY == NO_DATE,
        Value::Integer(0) | Value::Decimal { value: 0, .. } => true,
        Value::Float(number) => *number == 0.0,
        Value::Binary(bytes) => bytes.is_empty(),
        _ => false,
    }
}

/// Letters and digits that depend on a text.
fn word(key: &Keyed, label: &str, text: &[u8], length: usize) -> String {
    let mut bytes = vec![0; length];
    key.fill(label, text, &mut bytes);
    let sign = |byte: u8| match byte & 31 {
        letter @ 0..=25 => char::from(b'a' + letter),
        digit => char::from(b'2' + digit - 26),
    };
    bytes.into_iter().map(sign).collect()
}
