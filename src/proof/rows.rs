//! The form of whole rows, and what is said of cells that differ.

use std::collections::{HashMap, HashSet};

use super::canonical::{Canonical, Look, Plain};
use super::form::{hash, put_key, put_none};
use super::maps::{IdKey, Inverse, Maps};
use super::prove::Against;
use super::typed::Beside;
use crate::database::{Batch, Value, ValueKind, decimal_from_text};
use crate::migrate::journal::{EmptiedCell, Keys};
use crate::plan::{EntityPlan, Plan, Rule};

/// A row taken apart: what tells it from another, and what may be said of it.
pub(super) struct RowForm {
    pub(super) hash: u128,
    pub(super) cells: Vec<CellForm>,
}

/// A cell of it.
pub(super) struct CellForm {
    pub(super) hash: u128,
    pub(super) look: Look,
    /// The id it holds, as that side has it.
    pub(super) id: Option<IdKey>,
}

/// Cells that were emptied, by the source key of their row: the column and the value it had.
#[derive(Default)]
pub(super) struct Emptied(HashMap<IdKey, Vec<(usize, Value)>>);

impl Emptied {
    /// Adds what the journal noted.
    pub(super) fn add(&mut self, entity: &EntityPlan, cells: Vec<EmptiedCell>) {
        for cell in cells {
            let Some(key) = IdKey::of(&cell.key) else { continue };
            let value = as_read(entity, cell.column, cell.value);
            self.0.entry(key).or_default().push((cell.column, value));
        }
    }

    /// Adds what another one knows of these rows.
    pub(super) fn join(&mut self, other: &Self, keys: &Keys) {
        if other.0.is_empty() {
            return;
        }
        for place in 0..keys.len() {
            let Some(key) = IdKey::of(&keys.get(place)) else { continue };
            if let Some(cells) = other.0.get(&key) {
                self.0.entry(key).or_default().extend(cells.iter().cloned());
            }
        }
    }

    /// The emptied cells of a row.
    pub(super) fn of(&self, key: &Value) -> &[(usize, Value)] {
        if self.0.is_empty() {
            return &[];
        }
        IdKey::of(key).and_then(|key| self.0.get(&key)).map_or(&[], Vec::as_slice)
    }
}

/// A row of the destination: its columns start at `first`.
pub(super) struct Cells<'a> {
    pub(super) batch: &'a Batch,
    pub(super) row: usize,
    pub(super) first: usize,
    /// By column, the form that stands for a cell which does not count.
    pub(super) instead: &'a [Option<Vec<u8>>],
}

/// The forms of the values that were emptied, by column.
pub(super) type EmptiedForms = HashMap<usize, HashSet<Vec<u8>>>;

/// A value as the source's column holds it: the journal keeps numbers and texts only.
pub(super) fn as_read(entity: &EntityPlan, column: usize, value: Value) -> Value {
    let Some(column) = entity.columns.get(column) else { return value };
    let kind = column.source.data_type.kind();
    match (&value, kind, column.source.data_type.decimal()) {
        (Value::Text(_), Some(ValueKind::Decimal), Some((_, scale))) => value
            .as_str()
            .and_then(|text| decimal_from_text(text, scale))
            .map_or(value, |value| Value::Decimal { value, scale }),
        _ => value,
    }
}

/// The forms of one entity's rows on both sides.
pub(super) struct Forms<'a> {
    pub(super) entity: &'a EntityPlan,
    pub(super) source: Canonical,
    pub(super) destination: Canonical,
    /// The ways back, by column; `None` for columns that hold no ids.
    inverses: Vec<Option<Inverse>>,
    /// Columns that hold the same in every row of ours.
    constants: Vec<(Plain, Vec<u8>)>,
    /// Whether a soft key may hold an id of the source still.
    may_wait: bool,
}

impl<'a> Forms<'a> {
    /// For the entity at this place in the plan.
    pub(super) fn new(plan: &'a Plan, place: usize, maps: &Maps, against: Against) -> Self {
        let entity = &plan.entities[place];
        let inverses = entity.columns.iter().map(|column| match &column.rule {
            Rule::Reference(rule) => Some(maps.of(rule.target)),
            Rule::Copy { .. } | Rule::Convert(_) | Rule::Typed(_) => None,
        });
        let constants = entity.constants.iter().map(|(column, value)| {
            let form = Plain::of_constant(column);
            let mut bytes = Vec::new();
            form.put_value(value, &mut bytes);
            (form, bytes)
        });
        Self {
            entity,
            source: Canonical::for_source(plan, entity),
            destination: Canonical::for_destination(plan, entity, maps),
            inverses: inverses.collect(),
            constants: constants.collect(),
            may_wait: against != Against::Plan,
        }
    }

    /// The hash of a row of the destination in the source's terms. Its columns start at `first`;
    /// the key is the source's, `None` where the entity has none. `scratch` is
    /// room for its form.
    pub(super) fn destination_hash(
        &self,
        key: Option<&Value>,
        batch: &Batch,
        row: usize,
        first: usize,
        emptied: &[(usize, Value)],
        scratch: &mut Vec<u8>,
    ) -> u128 {
        scratch.clear();
        put_own_key(key, scratch);
        for place in 0..self.destination.width() {
            self.put_destination(place, batch, row, first, emptied, scratch);
        }
        hash(scratch)
    }

    /// The same row taken apart.
    pub(super) fn destination_row(
        &self,
        key: Option<&Value>,
        from: &Cells<'_>,
        emptied: &[(usize, Value)],
    ) -> RowForm {
        let Cells { batch, row, first, instead } = *from;
        let mut bytes = Vec::new();
        put_own_key(key, &mut bytes);
        let cells = (0..self.destination.width())
            .map(|place| {
                let column = batch.column(first + place);
                let start = bytes.len();
                match instead.get(place) {
                    Some(Some(cell)) => bytes.extend_from_slice(cell),
                    _ => self.put_destination(place, batch, row, first, emptied, &mut bytes),
                }
                CellForm {
                    hash: hash(&bytes[start..]),
                    look: self.destination.look(place, column, row),
                    id: self.destination.id(place, &column.value(row)),
                }
            })
            .collect();
        RowForm { hash: hash(&bytes), cells }
    }

    /// The forms of those cells of a row of the source that are not among these columns.
    pub(super) fn source_cells(
        &self,
        batch: &Batch,
        row: usize,
        first: usize,
        except: &[usize],
    ) -> Vec<Option<Vec<u8>>> {
        let cell = |place: usize| {
            let mut bytes = Vec::new();
            let beside = Some(Beside { batch, first });
            self.source.cell(place, batch.column(first + place), row, beside, &mut bytes);
            bytes
        };
        let all = 0..self.source.width();
        all.map(|place| (!except.contains(&place)).then(|| cell(place))).collect()
    }

    /// A row of the source taken apart.
    pub(super) fn source_row(
        &self,
        key: Option<&Value>,
        batch: &Batch,
        row: usize,
        first: usize,
    ) -> RowForm {
        let mut bytes = Vec::new();
        put_own_key(key, &mut bytes);
        let cells = (0..self.source.width())
            .map(|place| {
                let column = batch.column(first + place);
                let start = bytes.len();
                let beside = Some(Beside { batch, first });
                self.source.cell(place, column, row, beside, &mut bytes);
                CellForm {
                    hash: hash(&bytes[start..]),
                    look: self.source.look(place, column, row),
                    id: self.source.id(place, &column.value(row)),
                }
            })
            .collect();
        RowForm { hash: hash(&bytes), cells }
    }

    /// A cell of the destination in the source's terms. Where the journal says that a value was
    /// emptied and the cell is empty indeed, the value stands for it.
    fn put_destination(
        &self,
        place: usize,
        batch: &Batch,
        row: usize,
        first: usize,
        emptied: &[(usize, Value)],
        to: &mut Vec<u8>,
    ) {
        let column = batch.column(first + place);
        let beside = Beside { batch, first };
        let was = emptied.iter().find(|(column, _)| *column == place);
        match was {
            Some((_, value)) if self.destination.is_none(place, &column.value(row)) => {
                self.source.value_of(&self.destination, place, value, (row, beside), to);
            }
            Some((_, value))
                if self.destination.keeps(place, value, &column.value(row), self.may_wait) =>
            {
                self.source.value_of(&self.destination, place, value, (row, beside), to);
            }
            _ => self.destination.cell(place, column, row, Some(beside), to),
        }
    }

    /// For each column that holds ids, those of the source that became one with a smaller one, and
    /// that: the destination shows all of them as the smallest.
    pub(super) fn shared(&self) -> Vec<HashMap<IdKey, Value>> {
        let soft = (0..self.source.width()).map(|place| self.source.is_soft(place));
        let inverses = self.inverses.iter().zip(soft);
        inverses
            .map(|(inverse, is_soft)| match inverse {
                Some(inverse) if !is_soft => inverse.shared(),
                _ => HashMap::new(),
            })
            .collect()
    }

    /// The hash of a row of the source as it is, and as the destination shows it once these
    /// values are emptied and these ids are one: the forms of each column's.
    pub(super) fn source_hashes(
        &self,
        batch: &Batch,
        row: usize,
        emptied: &EmptiedForms,
        shared: &[HashMap<IdKey, Value>],
    ) -> (u128, u128) {
        let (mut read, mut shown, mut cell) = (Vec::new(), Vec::new(), Vec::new());
        for (place, ids) in shared.iter().enumerate() {
            cell.clear();
            let beside = Some(Beside { batch, first: 0 });
            self.source.cell(place, batch.column(place), row, beside, &mut cell);
            read.extend_from_slice(&cell);
            if emptied.get(&place).is_some_and(|values| values.contains(&cell)) {
                put_none(&mut shown);
                continue;
            }
            let id = if ids.is_empty() { None } else { IdKey::of(&batch.column(place).value(row)) };
            match id.and_then(|id| ids.get(&id)) {
                Some(smallest) => self.source.value(place, smallest, &mut shown),
                None => shown.extend_from_slice(&cell),
            }
        }
        (hash(&read), hash(&shown))
    }

    /// The columns whose cells differ between two rows.
    pub(super) fn differing(&self, source: &RowForm, destination: &RowForm) -> Vec<usize> {
        let pairs = source.cells.iter().zip(&destination.cells);
        pairs
            .enumerate()
            .filter(|(place, (ours, theirs))| {
                ours.hash != theirs.hash && !self.is_same_row(*place, ours, theirs)
            })
            .map(|(place, _)| place)
            .collect()
    }

    /// Whether two ids mean the same row although their forms differ: several rows of the source
    /// may have become one.
    fn is_same_row(&self, place: usize, ours: &CellForm, theirs: &CellForm) -> bool {
        match (&self.inverses[place], &ours.id, &theirs.id) {
            (Some(inverse), Some(ours), Some(theirs)) => inverse.is_pair(ours, theirs),
            _ => false,
        }
    }

    /// Whether an id of the source became this one of the destination.
    pub(super) fn is_pair(&self, place: usize, ours: &Value, theirs: &Value) -> bool {
        match (&self.inverses[place], IdKey::of(ours), IdKey::of(theirs)) {
            (Some(inverse), Some(ours), Some(theirs)) => inverse.is_pair(&ours, &theirs),
            _ => false,
        }
    }

    /// What is wrong with a cell of the destination.
    pub(super) fn what(
        &self,
        place: usize,
        ours: &CellForm,
        theirs: &CellForm,
        emptied: &[(usize, Value)],
    ) -> String {
        let Some(inverse) = &self.inverses[place] else {
            return differs(&ours.look, &theirs.look);
        };
        let is = match (&theirs.look, theirs.id.as_ref().and_then(|id| inverse.source(id))) {
            (Look::Said(id), Some(source)) if theirs.id.as_ref() != Some(&source) => {
                format!("is {id}, which is {source} in the source")
            }
            (Look::Said(id), None) => format!("is {id}, which no row of the source has become"),
            (Look::Nothing, _) => "is empty".to_owned(),
            (look, _) => format!("is {}", described(look)),
        };
        match &ours.look {
            Look::Said(id) if emptied.iter().any(|(column, _)| *column == place) => {
                format!("{is}; it was left empty, as {id} of the source has no counterpart")
            }
            Look::Said(id) => format!("{is}; it should be what {id} of the source has become"),
            Look::Nothing => format!("{is}; it should be empty"),
            look => format!("{is}; it should be {}", described(look)),
        }
    }

    /// Constants that a row of the destination does not hold, by their place; they start at the
    /// column `first`.
    pub(super) fn wrong_constants(&self, batch: &Batch, row: usize, first: usize) -> Vec<usize> {
        let mut bytes = Vec::new();
        let mut wrong = Vec::new();
        for (place, (form, expected)) in self.constants.iter().enumerate() {
            bytes.clear();
            form.put(batch.column(first + place), row, &mut bytes);
            if bytes != *expected {
                wrong.push(place);
            }
        }
        wrong
    }

    /// What is wrong with a constant.
    pub(super) fn wrong_constant(
        &self,
        place: usize,
        batch: &Batch,
        row: usize,
        first: usize,
    ) -> String {
        let (form, _) = &self.constants[place];
        let (_, value) = &self.entity.constants[place];
        let expected = match value {
            Value::Null => Look::Nothing,
            Value::Text(text) => Look::Text(super::form::units(text)),
            Value::Binary(bytes) => Look::Binary(bytes.len()),
            other => Look::Said(other.to_string()),
        };
        differs(&expected, &form.look(batch.column(first + place), row))
    }
}

/// The form of a row begins with its key, where it has one.
fn put_own_key(key: Option<&Value>, to: &mut Vec<u8>) {
    if let Some(key) = key {
        put_key(key, to);
    }
}

/// A value in words. Texts and binaries are described, never shown.
fn described(look: &Look) -> String {
    match look {
        Look::Nothing => "empty (NULL)".to_owned(),
        Look::Said(value) => value.clone(),
        Look::Text(1) => "a text of 1 character".to_owned(),
        Look::Text(units) => format!("a text of {units} characters"),
        Look::Binary(1) => "1 byte".to_owned(),
        Look::Binary(bytes) => format!("{bytes} bytes"),
    }
}

/// What is wrong with a value that is no id.
pub(super) fn differs(expected: &Look, found: &Look) -> String {
    if expected == found {
        return match found {
            Look::Text(_) => format!("is {}, but another one", described(found)),
            Look::Binary(_) => format!("is {}, but not the same", described(found)),
            _ => format!("is {}, which is not as it was", described(found)),
        };
    }
    format!("is {}; it should be {}", described(found), described(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_binaries_are_never_shown() {
        assert_eq!(
            differs(&Look::Text(14), &Look::Text(12)),
            "is a text of 12 characters; it should be a text of 14 characters"
        );
        assert_eq!(
            differs(&Look::Text(12), &Look::Text(12)),
            "is a text of 12 characters, but another one"
        );
        assert_eq!(differs(&Look::Binary(5), &Look::Binary(5)), "is 5 bytes, but not the same");
        assert_eq!(
            differs(&Look::Said("4".into()), &Look::Nothing),
            "is empty (NULL); it should be 4"
        );
    }
}
