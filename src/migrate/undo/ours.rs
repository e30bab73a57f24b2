//! What a run has written, as its journal tells it: the rows that undo may take out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::super::journal::{BatchKind, BatchRecord, Journal};
use super::super::operation::{Contents, folded};
use crate::database::{ColumnRef, Result, TableName, Value};
use crate::plan::Plan;

/// Keys of rows, small where they lie close together.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet {
    /// First and last of each stretch, by the first.
    ranges: BTreeMap<i64, i64>,
    texts: HashSet<String>,
}

impl KeySet {
    pub(super) fn add(&mut self, key: &Value) {
        let Value::Integer(number) = key else {
            self.texts.insert(folded(key));
            return;
        };
        if self.contains(key) {
            return;
        }
        let (mut first, mut last) = (*number, *number);
        if let Some((start, end)) = self.ranges.range(..number).next_back()
            && end.checked_add(1) == Some(*number)
        {
            first = *start;
        }
        if let Some(next) = number.checked_add(1)
            && let Some(end) = self.ranges.remove(&next)
        {
            last = end;
        }
        self.ranges.insert(first, last);
    }

    pub(super) fn contains(&self, key: &Value) -> bool {
        match key {
            Value::Null => false,
            Value::Integer(number) => {
                self.ranges.range(..=number).next_back().is_some_and(|(_, last)| number <= last)
            }
            other => self.texts.contains(&folded(other)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.texts.is_empty()
    }

    #[cfg(test)]
    fn len(&self) -> u64 {
        let numbers: u64 = self.ranges.iter().map(|(first, last)| last.abs_diff(*first) + 1).sum();
        numbers + self.texts.len() as u64
    }

    /// The smallest and the largest number.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let (first, _) = self.ranges.first_key_value()?;
        let (_, last) = self.ranges.last_key_value()?;
        Some((*first, *last))
    }
}

/// The rows of one table that a run has written.
#[derive(Clone, Debug)]
pub(super) struct OurTable {
    /// For people.
    pub(super) name: String,
    /// The table of the destination.
    pub(super) table: TableName,
    /// The place of its entity in the plan; `None` for tables of the platform.
    pub(super) entity: Option<usize>,
    /// Its key; `None` where nothing tells rows apart.
    pub(super) key: Option<ColumnRef>,
    /// The keys of our rows.
    pub(super) keys: KeySet,
    /// Number of our rows.
    pub(super) rows: u64,
    /// Where nothing tells rows apart: the columns that we wrote, and the hashes of our rows that
    /// are still there, each with its number.
    pub(super) columns: Vec<ColumnRef>,
    pub(super) hashes: Contents,
}

/// Everything of ours, by table.
#[derive(Clone, Debug, Default)]
pub(super) struct Ours {
    pub(super) tables: Vec<OurTable>,
    by_name: HashMap<TableName, usize>,
}

/// Takes rows off.
pub(super) fn take_off(contents: &mut Contents, rows: &[u128]) {
    for hash in rows {
        if let Some(times) = contents.get_mut(hash) {
            *times -= 1;
            if *times == 0 {
                contents.remove(hash);
            }
        }
    }
}

/// The kinds of batches that have added rows.
pub(super) const ADDED: [BatchKind; 3] = [BatchKind::Insert, BatchKind::People, BatchKind::Links];

impl Ours {
    /// Reads it.
    pub(super) fn read(journal: &Journal, plan: &Plan) -> Result<Self> {
        let mut ours = Self::default();
        let mut before = i64::MAX;
        while let Some(batch) = journal.previous_batch(&ADDED, before)? {
            before = batch.id;
            ours.add(&batch, plan);
        }
        if ours.tables.iter().any(|table| table.key.is_none()) {
            ours.take_off_undone(journal)?;
        }
        Ok(ours)
    }

    /// What an earlier stretch of the undo has taken out is there no more.
    fn take_off_undone(&mut self, journal: &Journal) -> Result<()> {
        let mut before = i64::MAX;
        while let Some(batch) = journal.previous_batch(&[BatchKind::UndoInsert], before)? {
            before = batch.id;
            let Some(to) = batch.written_to.filter(|to| to.key.is_none()) else { continue };
            let Some(place) = self.by_name.get(&to.table) else { continue };
            take_off(&mut self.tables[*place].hashes, &batch.hashes);
        }
        Ok(())
    }

    fn add(&mut self, batch: &BatchRecord, plan: &Plan) {
        let Some(to) = &batch.written_to else { return };
        let place = *self.by_name.entry(to.table.clone()).or_insert_with(|| {
            let name = match batch.entity.and_then(|place| plan.entities.get(place)) {
                Some(entity) => entity.name.clone(),
                None => to.table.name.clone(),
            };
            self.tables.push(OurTable {
                name,
                table: to.table.clone(),
                entity: batch.entity,
                key: to.key.clone(),
                keys: KeySet::default(),
                rows: 0,
                columns: to.columns.clone(),
                hashes: Contents::new(),
            });
            self.tables.len() - 1
        });
        let table = &mut self.tables[place];
        table.rows += batch.rows;
        batch.destination_keys.iter().for_each(|key| table.keys.add(&key));
        if table.key.is_none() {
            for hash in &batch.hashes {
                *table.hashes.entry(*hash).or_default() += 1;
            }
        }
    }

    /// Our rows of a table.
    pub(super) fn table(&self, name: &TableName) -> Option<&OurTable> {
        self.by_name.get(name).map(|place| &self.tables[*place])
    }
}

/// Rows of ours that stay, by table: keys as they are compared.
#[derive(Clone, Debug, Default)]
pub(super) struct Left(HashMap<TableName, BTreeSet<String>>);

impl Left {
    /// Leaves a row; `false` when it was left already.
    pub(super) fn add(&mut self, table: &TableName, key: &Value) -> bool {
        self.add_folded(table, folded(key))
    }

    /// The same with a key as it is compared.
    pub(super) fn add_folded(&mut self, table: &TableName, key: String) -> bool {
        self.0.entry(table.clone()).or_default().insert(key)
    }

    /// All of them, in an order that is always the same.
    pub(super) fn all(&self) -> Vec<(TableName, Vec<String>)> {
        let mut all: Vec<(TableName, Vec<String>)> = self
            .0
            .iter()
            .map(|(table, keys)| (table.clone(), keys.iter().cloned().collect()))
            .collect();
        all.sort_by_key(|(table, _)| table.to_string());
        all
    }

    pub(super) fn contains(&self, table: &TableName, key: &Value) -> bool {
        self.0.get(table).is_some_and(|keys| keys.contains(&folded(key)))
    }

    pub(super) fn has(&self, table: &TableName) -> bool {
        self.0.get(table).is_some_and(|keys| !keys.is_empty())
    }

    /// How many of these rows stay.
    pub(super) fn among(&self, table: &TableName, own: &KeySet) -> u64 {
        let Some(keys) = self.0.get(table) else { return 0 };
        let is_number =
            |key: &str| key.parse().is_ok_and(|number| own.contains(&Value::Integer(number)));
        let is_ours = |key: &&String| is_number(key) || own.contains(&Value::text(key));
        keys.iter().filter(is_ours).count() as u64
    }

    pub(super) fn rows(&self) -> u64 {
        self.0.values().map(|keys| keys.len() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_of_keys_is_a_set(keys in proptest::collection::vec(-20_i64..60, 0..80)) {
            let mut set = KeySet::default();
            let mut plain = BTreeSet::new();
            for key in keys {
                set.add(&Value::Integer(key));
                plain.insert(key);
            }
            for key in -25..65 {
                prop_assert_eq!(set.contains(&Value::Integer(key)), plain.contains(&key));
            }
            prop_assert_eq!(set.len(), plain.len() as u64);
            prop_assert_eq!(set.span(), plain.first().copied().zip(plain.last().copied()));
        }
    }
}
