//! The proof's own form of a row: equal for a row of the source and its copy in the destination.
//!
//! Nothing here is shared with the code that rewrites and encodes rows, so a mistake there cannot
//! hide itself. Ids are put in the source's terms on both sides: the source's as they are, the
//! destination's by an inverse map made from the journal.

use std::collections::HashMap;

use super::form::{
    fitting, hash, null_value, put_binary, put_id, put_key, put_none, put_plain, put_text,
    put_unknown, step_of, trimmed, units,
};
use super::maps::{IdKey, Inverse, Maps};
use super::soft::SoftForm;
use super::turn::turn;
use super::typed::{Beside, TypedForm};
use crate::database::{Batch, Column, ColumnShape, ColumnType, Value, Values};
use crate::plan::{
    ColumnPlan, ConvertRule, EntityPlan, Fate, LookupRows, Misfit, Nothing, PersonFate, PersonPlan,
    Plan, ReferenceRule, Rule, Target,
};

/// The form of a row of one entity.
pub struct Canonical {
    has_key: bool,
    columns: Vec<Form>,
}

/// The form of one column.
enum Form {
    Plain(Plain),
    Id(IdForm),
    Soft(SoftForm),
    Typed(TypedForm),
}

/// How a value that is no id is brought into form.
#[derive(Default)]
pub(super) struct Plain {
    /// Text is cut to this many UTF-16 units, by decision.
    cut: Option<usize>,
    /// What stands for NULL, by decision.
    default: Option<Value>,
    /// The column is of fixed width on a side, which pads: padding does not count.
    padded: bool,
    /// The column is `datetime` on a side, which keeps steps of 1/300 s.
    stepped: bool,
    /// Whether an empty text counts as NULL, by decision.
    blank: bool,
    /// The type that values are converted to, by decision.
    turned: Option<ColumnType>,
}

/// How an id is brought into form.
pub(super) struct IdForm {
    zero_is_row: bool,
    /// What the destination holds for no reference, where its column refuses NULL.
    none: Option<IdKey>,
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
    /// The source has it, the destination gets one id for all.
    One(IdKey),
    /// The destination has it: as in the source.
    Destination(Inverse),
}

/// What may be said of a value: numbers, moments and ids as they are, texts and binaries by length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// NULL, or no reference.
    Nothing,
    /// The value itself.
    Said(String),
    /// A text of so many UTF-16 units.
    Text(usize),
    /// So many bytes.
    Binary(usize),
}

impl Canonical {
    /// The canonical form of the rows of one entity as the source has them.
    ///
    /// Batches have the key column first if the entity has one, then the plan's columns in order.
    #[must_use]
    pub fn for_source(plan: &Plan, entity: &EntityPlan) -> Self {
        let columns = entity
            .columns
            .iter()
            .map(|column| match &column.rule {
                Rule::Copy { misfit } => Form::Plain(Plain::of(column, *misfit)),
                Rule::Convert(rule) => Form::Plain(Plain::of_converted(column, rule)),
                Rule::Reference(rule @ ReferenceRule { soft: Some(misfit), .. }) => {
                    Form::Soft(SoftForm::of_source(plan, rule, Plain::of(column, *misfit)))
                }
                Rule::Reference(rule) => Form::Id(IdForm::of_source(plan, rule)),
                Rule::Typed(rule) => {
                    let ids = rule.types.iter().map(|ids| IdForm::of_source(plan, &ids.reference));
                    let plain = Plain::of(column, rule.misfit);
                    Form::Typed(TypedForm::of_source(rule, plain, ids.collect()))
                }
            })
            .collect();
        Self { has_key: entity.key_column().is_some(), columns }
    }

    /// The canonical form of the rows of one entity as the destination has them, the key left to
    /// the caller: batches have the plan's columns in order.
    pub(super) fn for_destination(plan: &Plan, entity: &EntityPlan, maps: &Maps) -> Self {
        let columns = entity
            .columns
            .iter()
            .map(|column| match &column.rule {
                Rule::Copy { .. } | Rule::Convert(_) => {
                    Form::Plain(Plain::of(column, Misfit::Refuse))
                }
                Rule::Reference(ReferenceRule { soft: Some(_), target, .. }) => {
                    let plain = Plain::of(column, Misfit::Refuse);
                    let inverse = maps.of(*target);
                    Form::Soft(SoftForm::of_destination(plan, *target, plain, inverse))
                }
                Rule::Reference(rule) => Form::Id(IdForm::of_destination(maps, rule)),
                Rule::Typed(rule) => {
                    let ids = rule.types.iter();
                    let ids = ids.map(|ids| IdForm::of_destination(maps, &ids.reference)).collect();
                    let plain = Plain::of(column, Misfit::Refuse);
                    Form::Typed(TypedForm::of_destination(plan, entity, rule, plain, ids))
                }
            })
            .collect();
        Self { has_key: false, columns }
    }

    /// A 128-bit hash of each row of a batch of the source.
    #[must_use]
    pub fn row_hashes(&self, batch: &Batch) -> Vec<u128> {
        let first = usize::from(self.has_key);
        let mut bytes = Vec::with_capacity(256);
        (0..batch.len())
            .map(|row| {
                bytes.clear();
                if self.has_key {
                    put_key(&batch.column(0).value(row), &mut bytes);
                }
                let beside = Some(Beside { batch, first });
                for place in 0..self.columns.len() {
                    self.cell(place, batch.column(first + place), row, beside, &mut bytes);
                }
                hash(&bytes)
            })
            .collect()
    }

    /// Number of columns.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Appends the form of one cell: a column of the plan, by its place. `beside`: the row's other
    /// cells, where they are at hand.
    pub(super) fn cell(
        &self,
        place: usize,
        column: &Column,
        row: usize,
        beside: Option<Beside<'_>>,
        to: &mut Vec<u8>,
    ) {
        match &self.columns[place] {
            Form::Typed(form) => form.put(column, row, beside, to),
            Form::Plain(form) => form.put(column, row, to),
            Form::Id(form) => form.put(&column.value(row), to),
            Form::Soft(form) => form.put_cell(column, row, to),
        }
    }

    /// The form of a value that a cell had in the source.
    pub(super) fn value(&self, place: usize, value: &Value, to: &mut Vec<u8>) {
        match &self.columns[place] {
            Form::Typed(form) => form.plain().put_value(value, to),
            Form::Plain(form) => form.put_value(value, to),
            Form::Id(form) => form.put(value, to),
            Form::Soft(form) => form.put(value, to),
        }
    }

    /// The form of a value that a cell of a row of the destination had in the source. What else the
    /// row has says of which type it was: `of_destination` knows the definitions there.
    pub(super) fn value_of(
        &self,
        of_destination: &Self,
        place: usize,
        value: &Value,
        (row, beside): (usize, Beside<'_>),
        to: &mut Vec<u8>,
    ) {
        match (&self.columns[place], &of_destination.columns[place]) {
            (Form::Typed(own), Form::Typed(there)) => {
                own.put_as(there.place(beside, row), value, to);
            }
            _ => self.value(place, value, to),
        }
    }

    /// Whether a cell holds no reference; never for columns that are none.
    pub(super) fn is_none(&self, place: usize, value: &Value) -> bool {
        match &self.columns[place] {
            Form::Typed(_) => TypedForm::is_none(value),
            Form::Plain(_) | Form::Soft(_) => false,
            Form::Id(form) => form.is_none(value),
        }
    }

    /// Whether a column holds ids by decision only.
    pub(super) fn is_soft(&self, place: usize) -> bool {
        matches!(self.columns.get(place), Some(Form::Soft(_)))
    }

    /// Whether a cell of the destination holds a value that was noted to stay.
    pub(super) fn keeps(&self, place: usize, noted: &Value, found: &Value, waits: bool) -> bool {
        matches!(&self.columns[place], Form::Soft(form) if form.keeps(noted, found, waits))
    }

    /// The id that a cell holds; `None` for no reference and for columns that are none.
    pub(super) fn id(&self, place: usize, value: &Value) -> Option<IdKey> {
        match &self.columns[place] {
            Form::Id(form) if !form.is_none(value) => IdKey::of(value),
            Form::Soft(form) => form.id(value),
            _ => None,
        }
    }

    /// What may be said of a cell.
    pub(super) fn look(&self, place: usize, column: &Column, row: usize) -> Look {
        match &self.columns[place] {
            Form::Plain(form) => form.look(column, row),
            Form::Soft(form) => match form.id(&column.value(row)) {
                Some(id) => Look::Said(id.to_string()),
                None => form.plain().look(column, row),
            },
            Form::Typed(form) => form.plain().look(column, row),
            Form::Id(form) => {
                let value = column.value(row);
                if form.is_none(&value) { Look::Nothing } else { Look::Said(shown(&value)) }
            }
        }
    }
}

/// An id in words.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(_) => value.to_string().trim_end().to_owned(),
        other => other.to_string(),
    }
}

/// What becomes of the ids of rows that are matched, for columns that hold them by decision only:
/// see [`classes`].
pub(super) fn classes_of(plan: &Plan, target: Target) -> HashMap<IdKey, Option<IdKey>> {
    match source_side(plan, target) {
        IdSide::Classes(classes) => classes,
        _ => HashMap::new(),
    }
}

fn source_side(plan: &Plan, target: Target) -> IdSide {
    match target {
        Target::Nothing => IdSide::Nothing,
        Target::External | Target::Entity(_) => IdSide::Source,
        Target::Lookup(place) => match &plan.lookups[place].rows {
            // Rows that hold one are not carried over; should one be, its id has no counterpart.
            LookupRows::Reject => IdSide::Source,
            LookupRows::Replacement { row, .. } => {
                IdKey::of(row).map_or(IdSide::Source, IdSide::One)
            }
            LookupRows::ByKey(keys) => {
                IdSide::Classes(classes(keys.rows.iter().filter_map(|row| match &row.fate {
                    Fate::To(id) => Some((IdKey::of(&row.source)?, IdKey::of(id))),
                    Fate::Empty => Some((IdKey::of(&row.source)?, None)),
                    Fate::LeaveOut => None,
                })))
            }
        },
        Target::Users => IdSide::Classes(person_classes(&plan.users)),
        Target::Groups => IdSide::Classes(person_classes(&plan.groups)),
        Target::Tenants => {
            IdSide::Classes(classes(plan.tenants.iter().map(|(source, destination)| {
                (IdKey::from(*source), Some(IdKey::from(*destination)))
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
        let source = IdKey::from(person.source);
        match person.fate {
            PersonFate::Use(destination) | PersonFate::Update(destination) => {
                Some((source, Some(IdKey::from(destination))))
            }
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
    /// Of ids as the source has them.
    fn of_source(plan: &Plan, rule: &ReferenceRule) -> Self {
        let side = source_side(plan, rule.target);
        Self { zero_is_row: rule.zero_is_row, none: None, side }
    }

    /// Of ids as the destination has them.
    fn of_destination(maps: &Maps, rule: &ReferenceRule) -> Self {
        let side = IdSide::Destination(maps.of(rule.target));
        Self { zero_is_row: rule.zero_is_row, none: IdKey::of(&rule.none), side }
    }

    #[cfg(test)]
    pub(super) fn with(inverse: Option<Inverse>) -> Self {
        let side = inverse.map_or(IdSide::Source, IdSide::Destination);
        Self { zero_is_row: false, none: None, side }
    }

    fn is_none(&self, value: &Value) -> bool {
        let zero = match value {
            Value::Null => return true,
            Value::Text(text) => text.iter().all(|byte| *byte == b' '),
            other => other.as_integer() == Some(0),
        };
        match &self.side {
            // Whether 0 is a row is another question on each side: a record that is 0 here may
            // have another id there.
            IdSide::Destination(inverse) if zero && inverse.translates() => {
                let key = IdKey::of(value);
                key.as_ref().is_none_or(|key| inverse.source(key).is_none())
                    && (!self.zero_is_row || self.none == key)
            }
            _ => zero && !self.zero_is_row,
        }
    }

    pub(super) fn put(&self, value: &Value, to: &mut Vec<u8>) {
        if self.is_none(value) {
            put_none(to);
            return;
        }
        let Some(key) = IdKey::of(value) else {
            put_plain(value, to);
            return;
        };
        match &self.side {
            IdSide::Source => put_id(&key, to),
            IdSide::Nothing => put_none(to),
            IdSide::One(row) => put_id(row, to),
            IdSide::Classes(classes) => match classes.get(&key) {
                None => put_id(&key, to),
                Some(None) => put_none(to),
                Some(Some(least)) => put_id(least, to),
            },
            IdSide::Destination(inverse) => match inverse.source(&key) {
                Some(source) => put_id(&source, to),
                None => put_unknown(&key, to),
            },
        }
    }
}

impl Plain {
    fn of(column: &ColumnPlan, misfit: Misfit) -> Self {
        let to = &column.destination.data_type;
        let either = |is: fn(&ColumnType) -> bool| is(&column.source.data_type) || is(to);
        Self {
            cut: (misfit == Misfit::Cut).then(|| to.max_length()).flatten(),
            default: (misfit == Misfit::Default).then(|| null_value(to)).flatten(),
            padded: either(ColumnType::is_padded),
            stepped: either(steps),
            blank: false,
            turned: None,
        }
    }

    /// The form of a column whose values become others.
    fn of_converted(column: &ColumnPlan, rule: &ConvertRule) -> Self {
        let to = &column.destination.data_type;
        let plain = Self::of(column, rule.misfit);
        let default = match &rule.nothing {
            Nothing::Value(value) => Some(value.clone()),
            Nothing::Stays | Nothing::LeaveOut => plain.default.clone(),
        };
        let turned = (column.source.data_type.kind() != to.kind()).then(|| to.clone());
        Self { default, blank: rule.blank_is_nothing, turned, ..plain }
    }

    /// The value as decisions make it, where they make another of it.
    fn made<'v>(&self, value: &'v Value) -> std::borrow::Cow<'v, Value> {
        use std::borrow::Cow;
        if let (true, Value::Text(text)) = (self.blank, value)
            && self.text(text).is_empty()
        {
            return Cow::Owned(Value::Null);
        }
        match &self.turned {
            Some(to) => turn(value, to).map_or(Cow::Borrowed(value), Cow::Owned),
            None => Cow::Borrowed(value),
        }
    }

    /// The form of a column that holds the same value in every row of ours.
    pub(super) fn of_constant(column: &ColumnShape) -> Self {
        let is = &column.data_type;
        Self { padded: is.is_padded(), stepped: steps(is), ..Self::default() }
    }

    /// Appends the form of one cell.
    pub(super) fn put(&self, column: &Column, row: usize, to: &mut Vec<u8>) {
        if self.blank || self.turned.is_some() {
            return self.put_value(&column.value(row), to);
        }
        match column.values() {
            // The long ones are not copied before they are written down.
            Values::Text(all) if !column.is_null(row) => self.put_text(all.get(row), to),
            Values::Binary(all) if !column.is_null(row) => self.put_binary(all.get(row), to),
            _ => self.put_value(&column.value(row), to),
        }
    }

    /// Appends the form of a value.
    pub(super) fn put_value(&self, value: &Value, to: &mut Vec<u8>) {
        let value = self.made(value);
        match value.as_ref() {
            Value::Null => put_plain(self.default.as_ref().unwrap_or(&Value::Null), to),
            Value::Text(text) => self.put_text(text, to),
            Value::Binary(bytes) => self.put_binary(bytes, to),
            Value::DateTime(ticks) if self.stepped => {
                put_plain(&Value::DateTime(step_of(*ticks)), to);
            }
            other => put_plain(other, to),
        }
    }

    /// What may be said of a cell.
    pub(super) fn look(&self, column: &Column, row: usize) -> Look {
        if self.blank || self.turned.is_some() {
            return self.look_at(&self.made(&column.value(row)));
        }
        match column.values() {
            Values::Text(all) if !column.is_null(row) => Look::Text(units(self.text(all.get(row)))),
            Values::Binary(all) if !column.is_null(row) => {
                Look::Binary(self.binary(all.get(row)).len())
            }
            _ => self.look_at(&column.value(row)),
        }
    }

    fn look_at(&self, value: &Value) -> Look {
        match (value, &self.default) {
            (Value::Null, None) => Look::Nothing,
            (Value::Null, Some(Value::Text(text))) => Look::Text(units(text)),
            (Value::Null, Some(Value::Binary(bytes))) => Look::Binary(bytes.len()),
            (Value::Null, Some(default)) => Look::Said(default.to_string()),
            (Value::Text(text), _) => Look::Text(units(self.text(text))),
            (Value::Binary(bytes), _) => Look::Binary(self.binary(bytes).len()),
            (value, _) => Look::Said(value.to_string()),
        }
    }

    fn text<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        let text = self.cut.map_or(text, |units| fitting(text, units));
        if self.padded { trimmed(text, b' ') } else { text }
    }

    fn binary<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        if self.padded { trimmed(bytes, 0) } else { bytes }
    }

    fn put_text(&self, text: &[u8], to: &mut Vec<u8>) {
        put_text(self.text(text), to);
    }

    fn put_binary(&self, bytes: &[u8], to: &mut Vec<u8>) {
        put_binary(self.binary(bytes), to);
    }
}

fn steps(data_type: &ColumnType) -> bool {
    matches!(data_type, ColumnType::DateTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(id: i64) -> IdKey {
        IdKey::Number(id)
    }

    #[test]
    fn ids_with_one_destination_are_one() {
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

    fn destination(zero_is_row: bool, none: &Value, pairs: &[(i64, i64)]) -> IdForm {
        let pairs = pairs.iter().map(|(source, id)| (number(*source), number(*id)));
        IdForm {
            zero_is_row,
            none: IdKey::of(none),
            side: IdSide::Destination(Inverse::few(pairs)),
        }
    }

    #[test]
    fn zero_is_nothing_unless_it_is_a_row_on_that_side() {
        let zero = Value::Integer(0);
        // The source's record 5 is 0 in the destination.
        assert!(!destination(false, &Value::Null, &[(5, 0)]).is_none(&zero));
        // The source's record 0 is 5 in the destination, whose column refuses NULL.
        assert!(destination(true, &zero, &[(0, 5)]).is_none(&zero));
        // The same where NULL is allowed: nobody writes 0 there.
        assert!(!destination(true, &Value::Null, &[(0, 5)]).is_none(&zero));
        assert!(destination(false, &Value::Null, &[(4, 5)]).is_none(&zero));
        let same =
            IdForm { zero_is_row: false, none: None, side: IdSide::Destination(Inverse::Same) };
        assert!(same.is_none(&zero));
    }

    #[test]
    fn padding_counts_only_where_a_column_has_no_fixed_width() {
        let form = |padded: bool, text: &str| {
            let mut bytes = Vec::new();
            Plain { padded, ..Plain::default() }.put_value(&Value::text(text), &mut bytes);
            bytes
        };
        assert_eq!(form(true, "a  "), form(true, "a"));
        assert_ne!(form(false, "a  "), form(false, "a"));
    }
}
