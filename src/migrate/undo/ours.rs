//! What a run has written, as its journal tells it: the rows that undo may take out.

use std::collections::{BTreeSet, HashMap};

use super::super::journal::{BatchKind, BatchRecord, Journal};
use super::super::key_set::KeySet;
use super::super::operation::{Contents, folded};
use crate::database::{ColumnRef, Result, TableName, Value, same_name};
use crate::plan::Plan;

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
    /// The keys of rows that are not ours and took values of ours, their number, and the columns
    /// that were set.
    pub(super) changed: KeySet,
    pub(super) changed_rows: u64,
    pub(super) changed_columns: Vec<String>,
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

impl OurTable {
    /// Whether what a row holds in this column is of this run, although the row is not.
    pub(super) fn has_set(&self, key: &Value, column: &str) -> bool {
        self.changed_columns.iter().any(|set| same_name(set, column)) && self.changed.contains(key)
    }
}

impl Ours {
    /// Reads it.
    pub(super) fn read(journal: &Journal, plan: &Plan) -> Result<Self> {
        let mut ours = Self::default();
        let mut before = i64::MAX;
        let mut kinds = ADDED.to_vec();
        kinds.push(BatchKind::Change);
        while let Some(batch) = journal.previous_batch(&kinds, before)? {
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
                changed: KeySet::default(),
                changed_rows: 0,
                changed_columns: Vec::new(),
            });
            self.tables.len() - 1
        });
        let table = &mut self.tables[place];
        if batch.kind == BatchKind::Change {
            table.changed_rows += batch.rows;
            batch.destination_keys.iter().for_each(|key| table.changed.add(&key));
            table.changed_columns = to.columns.iter().map(|column| column.name.clone()).collect();
            return;
        }
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
