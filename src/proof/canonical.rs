//! The proof's own form of a row: equal for a row of the source and its copy in the destination.
//!
//! Nothing here is shared with the code that rewrites and encodes rows, so a mistake there cannot
//! hide itself. Ids are put in the source's terms on both sides: the source's as they are, the
//! destination's by an inverse map made from the journal.

use std::collections::HashMap;

use super::maps::{IdKey, Inverse, Maps};
use crate::database::{Batch, Column, ColumnType, Value, Values, date_time_from_text};
use crate::plan::{ColumnPlan, Fate, Misfit, PersonFate, PersonPlan, Plan, Rule, Target};

// What a value is, written before it so that values of different kinds never look alike.
const NULL: u8 = 0;
const NUMBER: u8 = 1;
const FLOAT: u8 = 2;
const MOMENT: u8 = 3;
const GUID: u8 = 4;
const TEXT: u8 = 5;
const BYTES: u8 = 6;
const NONE: u8 = 7;
const ID: u8 = 8;
const TEXT_ID: u8 = 9;
const UNKNOWN: u8 = 10;
const ABSENT: u8 = 11;

/// The form of a row of one entity.
pub struct Canonical {
    has_key: bool,
    columns: Vec<Form>,
}

/// The form of one column.
enum Form {
    Plain(Plain),
    Id(IdForm),
}

/// How a value that is no id is brought into form.
#[derive(Default)]
struct Plain {
    /// Text is cut to this many UTF-16 units, by decision.
    cut: Option<usize>,
    /// What stands for NULL, by decision.
    default: Option<Value>,
    /// The column is of fixed width on a side, which pads: padding does not count.
    padded: bool,
}

/// How an id is brought into form.
struct IdForm {
    zero_is_row: bool,
    side: IdSide,
}

enum IdSide {
    /// The source has it: as it is.
    Source,
    /// The source has it: some ids are emptied by decision (`None`), some share their row in the
    /// destination with others and are shown as the smallest of them.
    Classes(HashMap<IdKey, Option<IdKey>>),
    /// The source has it, the destination gets nothing.
    Nothing,
    /// The destination has it: as in the source.
    Destination(Inverse),
}

/// Digest of some rows, whatever their order.
pub fn combine(hashes: impl IntoIterator<Item = u128>) -> u128 {
    hashes.into_iter().fold(0, u128::wrapping_add)
}

impl Canonical {
    /// The canonical form of the rows of one entity as the source has them.
    ///
    /// Batches have the key column first if the entity has one, then the plan's columns in order.
    #[must_use]
    pub fn for_source(plan: &Plan, entity: usize) -> Self {
        let entity = &plan.entities[entity];
        let columns = entity
            .columns
            .iter()
            .map(|column| match &column.rule {
                Rule::Copy { misfit } => Form::Plain(Plain::of(column, *misfit)),
                Rule::Reference(rule) => Form::Id(IdForm {
                    zero_is_row: rule.zero_is_row,
                    side: source_side(plan, rule.target),
                }),
            })
            .collect();
        Self { has_key: entity.key_column().is_some(), columns }
    }

    /// The canonical form of the rows of one entity as the destination has them, the key left to
    /// the caller: batches have the plan's columns in order.
    pub(super) fn for_destination(plan: &Plan, entity: usize, maps: &Maps) -> Self {
        let entity = &plan.entities[entity];
        let columns = entity
            .columns
            .iter()
            .map(|column| match &column.rule {
                Rule::Copy { .. } => Form::Plain(Plain::of(column, Misfit::Refuse)),
                Rule::Reference(rule) => Form::Id(IdForm {
                    zero_is_row: rule.zero_is_row,
                    side: IdSide::Destination(maps.of(rule.target)),
                }),
            })
            .collect();
        Self { has_key: false, columns }
    }

    /// A 128-bit hash of each row of a batch of the source.
    #[must_use]
    pub fn row_hashes(&self, batch: &Batch) -> Vec<u128> {
        let first = usize::from(self.has_key);
        (0..batch.len())
            .map(|row| {
                let mut bytes = Vec::with_capacity(256);
                if self.has_key {
                    bytes.extend(key_form(&batch.column(0).value(row)));
                }
                for place in 0..self.columns.len() {
                    self.cell(place, batch.column(first + place), row, &mut bytes);
                }
                hash(&bytes)
            })
            .collect()
    }

    /// Appends the form of one cell: a column of the plan, by its place.
    pub(super) fn cell(&self, place: usize, column: &Column, row: usize, to: &mut Vec<u8>) {
        match &self.columns[place] {
            Form::Plain(form) => form.put(column, row, to),
            Form::Id(form) => form.put(&column.value(row), to),
        }
    }

    /// The form of a value that a cell had in the source.
    pub(super) fn value(&self, place: usize, value: &Value, to: &mut Vec<u8>) {
        match &self.columns[place] {
            Form::Plain(form) => form.put_value(value, to),
            Form::Id(form) => form.put(value, to),
        }
    }

    /// Whether a cell holds no reference; never for columns that are none.
    pub(super) fn is_none(&self, place: usize, value: &Value) -> bool {
        match &self.columns[place] {
            Form::Plain(_) => false,
            Form::Id(form) => form.is_none(value),
        }
    }
}

/// The form of a row's key, in the source's terms; a row without one has a form of its own.
pub(super) fn key_form(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    match IdKey::of(value) {
        Some(key) => put_id(&key, &mut bytes),
        None if value.is_null() => bytes.push(ABSENT),
        None => put_plain(value, &mut bytes),
    }
    bytes
}

/// 128 bits that stand for a row.
pub(super) fn hash(bytes: &[u8]) -> u128 {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    u128::from_be_bytes(short)
}

fn source_side(plan: &Plan, target: Target) -> IdSide {
    match target {
        Target::Nothing => IdSide::Nothing,
        Target::External | Target::Entity(_) => IdSide::Source,
        Target::Users => IdSide::Classes(person_classes(&plan.users)),
        Target::Groups => IdSide::Classes(person_classes(&plan.groups)),
        Target::Tenants => {
            IdSide::Classes(classes(plan.tenants.iter().map(|(source, destination)| {
                (IdKey::Number(*source), Some(IdKey::Number(*destination)))
            })))
        }
        Target::Fixed(place) => {
            IdSide::Classes(classes(plan.fixed[place].fates.iter().filter_map(|(source, fate)| {
                match fate {
                    Fate::To(destination) => Some((IdKey::of(source)?, IdKey::of(destination))),
                    Fate::Empty => Some((IdKey::of(source)?, None)),
                    // The row is not carried over; should it be, this id has no counterpart.
                    Fate::LeaveOut => None,
                }
            })))
        }
    }
}

fn person_classes(people: &[PersonPlan]) -> HashMap<IdKey, Option<IdKey>> {
    classes(people.iter().filter_map(|person| {
        let source = IdKey::Number(person.source);
        match person.fate {
            PersonFate::Use(destination) => Some((source, Some(IdKey::Number(destination)))),
            PersonFate::Empty => Some((source, None)),
            // A new row stands for this one only.
            PersonFate::Create { .. } => None,
        }
    }))
}

/// For each source id that is not simply itself: the smallest source id of those that share its
/// row in the destination, or `None` when references to it are emptied.
fn classes(pairs: impl Iterator<Item = (IdKey, Option<IdKey>)>) -> HashMap<IdKey, Option<IdKey>> {
    let pairs: Vec<_> = pairs.collect();
    let mut smallest: HashMap<&IdKey, &IdKey> = HashMap::new();
    for (source, destination) in &pairs {
        if let Some(destination) = destination {
            let least = smallest.entry(destination).or_insert(source);
            *least = (*least).min(source);
        }
    }
    pairs
        .iter()
        .filter_map(|(source, destination)| match destination {
            None => Some((source.clone(), None)),
            Some(destination) => {
                let least = smallest[destination];
                (least != source).then(|| (source.clone(), Some(least.clone())))
            }
        })
        .collect()
}

impl IdForm {
    fn is_none(&self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Text(text) => !self.zero_is_row && text.iter().all(|byte| *byte == b' '),
            other => !self.zero_is_row && other.as_integer() == Some(0),
        }
    }

    fn put(&self, value: &Value, to: &mut Vec<u8>) {
        if self.is_none(value) {
            to.push(NONE);
            return;
        }
        let Some(key) = IdKey::of(value) else {
            put_plain(value, to);
            return;
        };
        match &self.side {
            IdSide::Source => put_id(&key, to),
            IdSide::Nothing => to.push(NONE),
            IdSide::Classes(classes) => match classes.get(&key) {
                None => put_id(&key, to),
                Some(None) => to.push(NONE),
                Some(Some(least)) => put_id(least, to),
            },
            IdSide::Destination(inverse) => match inverse.source(&key) {
                Some(source) => put_id(&source, to),
                None => {
                    to.push(UNKNOWN);
                    put_id(&key, to);
                }
            },
        }
    }
}

fn put_id(key: &IdKey, to: &mut Vec<u8>) {
    match key {
        IdKey::Number(number) => {
            to.push(ID);
            to.extend(number.to_le_bytes());
        }
        IdKey::Text(text) => put_bytes(TEXT_ID, text, to),
    }
}

fn put_bytes(tag: u8, bytes: &[u8], to: &mut Vec<u8>) {
    to.push(tag);
    to.extend((bytes.len() as u64).to_le_bytes());
    to.extend_from_slice(bytes);
}

fn put_number(digits: i128, scale: u8, to: &mut Vec<u8>) {
    let (mut digits, mut scale) = (digits, scale);
    while scale > 0 && digits % 10 == 0 {
        digits /= 10;
        scale -= 1;
    }
    to.push(NUMBER);
    to.push(scale);
    to.extend(digits.to_le_bytes());
}

fn put_float(number: f64, to: &mut Vec<u8>) {
    // A zero has no sign that every database keeps.
    let number = if number == 0.0 { 0.0 } else { number };
    to.push(FLOAT);
    to.extend(number.to_bits().to_le_bytes());
}

fn put_plain(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Null => to.push(NULL),
        Value::Integer(number) => put_number(i128::from(*number), 0, to),
        Value::Bit(bit) => put_number(i128::from(*bit), 0, to),
        Value::Decimal { value, scale } => put_number(*value, *scale, to),
        Value::Float(number) => put_float(*number, to),
        Value::DateTime(ticks) => {
            to.push(MOMENT);
            to.extend(ticks.to_le_bytes());
        }
        Value::Guid(bytes) => {
            to.push(GUID);
            to.extend_from_slice(bytes);
        }
        Value::Text(text) => put_bytes(TEXT, text, to),
        Value::Binary(bytes) => put_bytes(BYTES, bytes, to),
    }
}

impl Plain {
    fn of(column: &ColumnPlan, misfit: Misfit) -> Self {
        let to = &column.destination.data_type;
        let pads = |data_type: &ColumnType| {
            matches!(data_type, ColumnType::NChar(_) | ColumnType::Char(_) | ColumnType::Binary(_))
        };
        Self {
            cut: (misfit == Misfit::Cut).then(|| to.max_length()).flatten(),
            default: (misfit == Misfit::Default).then(|| null_value(to)).flatten(),
            padded: pads(&column.source.data_type) || pads(to),
        }
    }

    fn put(&self, column: &Column, row: usize, to: &mut Vec<u8>) {
        if column.is_null(row) {
            put_plain(self.default.as_ref().unwrap_or(&Value::Null), to);
            return;
        }
        match column.values() {
            // The long ones are not copied before they are written down.
            Values::Text(all) => self.put_text(all.get(row), to),
            Values::Binary(all) => self.put_binary(all.get(row), to),
            _ => put_plain(&column.value(row), to),
        }
    }

    fn put_value(&self, value: &Value, to: &mut Vec<u8>) {
        match value {
            Value::Null => put_plain(self.default.as_ref().unwrap_or(&Value::Null), to),
            Value::Text(text) => self.put_text(text, to),
            Value::Binary(bytes) => self.put_binary(bytes, to),
            other => put_plain(other, to),
        }
    }

    fn put_text(&self, text: &[u8], to: &mut Vec<u8>) {
        let text = self.cut.map_or(text, |units| fitting(text, units));
        put_bytes(TEXT, if self.padded { trimmed(text, b' ') } else { text }, to);
    }

    fn put_binary(&self, bytes: &[u8], to: &mut Vec<u8>) {
        put_bytes(BYTES, if self.padded { trimmed(bytes, 0) } else { bytes }, to);
    }
}

/// What the platform means by nothing in a column that refuses NULL.
fn null_value(data_type: &ColumnType) -> Option<Value> {
    use crate::database::ValueKind;
    Some(match data_type.kind()? {
        ValueKind::Integer | ValueKind::Bit | ValueKind::Decimal => Value::Integer(0),
        ValueKind::Float => Value::Float(0.0),
        ValueKind::DateTime => Value::DateTime(date_time_from_text("1900-01-01")?),
        ValueKind::Guid => Value::Guid([0; 16]),
        ValueKind::Text => Value::Text(Vec::new()),
        ValueKind::Binary => Value::Binary(Vec::new()),
    })
}

fn trimmed(bytes: &[u8], padding: u8) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != padding).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// The longest beginning of whole characters that is at most this many UTF-16 units long.
fn fitting(text: &[u8], units: usize) -> &[u8] {
    let (mut end, mut used) = (0, 0);
    while end < text.len() {
        let (length, cost) = match text[end] {
            0xF0.. => (4, 2),
            0xE0.. => (3, 1),
            0xC0.. => (2, 1),
            _ => (1, 1),
        };
        if used + cost > units || end + length > text.len() {
            break;
        }
        used += cost;
        end += length;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_plain(value, &mut bytes);
        bytes
    }

    #[test]
    fn numbers_are_equal_by_value() {
        let two = plain(&Value::Integer(2));
        assert_eq!(two, plain(&Value::Decimal { value: 200, scale: 2 }));
        assert_eq!(two, plain(&Value::Decimal { value: 2, scale: 0 }));
        assert_ne!(two, plain(&Value::Decimal { value: 20, scale: 0 }));
        assert_eq!(plain(&Value::Bit(true)), plain(&Value::Integer(1)));
        assert_eq!(plain(&Value::Float(-0.0)), plain(&Value::Float(0.0)));
    }

    #[test]
    fn null_empty_and_zero_are_apart() {
        let all = [
            plain(&Value::Null),
            plain(&Value::text("")),
            plain(&Value::Binary(Vec::new())),
            plain(&Value::Integer(0)),
            plain(&Value::Float(0.0)),
            plain(&Value::DateTime(0)),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all[place + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        let text = "aé€😀z".as_bytes();
        assert_eq!(fitting(text, 0), b"");
        assert_eq!(fitting(text, 3), "aé€".as_bytes());
        assert_eq!(fitting(text, 4), "aé€".as_bytes());
        assert_eq!(fitting(text, 5), "aé€😀".as_bytes());
        assert_eq!(fitting(text, 99), text);
        // A lone surrogate is one unit of three bytes.
        assert_eq!(fitting(&[0xED, 0xA0, 0xBD, b'x'], 1), &[0xED, 0xA0, 0xBD]);
    }

    #[test]
    fn ids_with_one_destination_are_one() {
        let number = IdKey::Number;
        let map = classes(
            [
                (number(9), Some(number(1))),
                (number(4), Some(number(1))),
                (number(5), Some(number(2))),
                (number(6), None),
            ]
            .into_iter(),
        );
        assert_eq!(map.get(&number(9)), Some(&Some(number(4))));
        assert_eq!(map.get(&number(4)), None);
        assert_eq!(map.get(&number(5)), None);
        assert_eq!(map.get(&number(6)), Some(&None));
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        assert_eq!(combine([1, 2, u128::MAX]), combine([u128::MAX, 2, 1]));
    }
}
