//! What of a table is the run's, as the journal says.

use std::collections::HashMap;

use super::{Class, Surroundings, TableState};
use crate::database::{Result, TableName, Value, same_name};
use crate::migrate::journal::{BatchKind, Journal, Keys, RefusedKind};
use crate::plan::Plan;
use crate::proof::numbers::Numbers;

/// By table, what the run has added and what it had to leave.
pub(in crate::proof) struct Ours(HashMap<TableName, OfTable>);

/// The run's part of a table.
#[derive(Default)]
pub(super) struct OfTable {
    /// Rows that it added, whatever their identifiers.
    pub(super) rows: u64,
    /// Of those the identifiers that may lie among the ones from before.
    ids: Numbers,
    /// How many these are.
    pub(super) among: u64,
    /// Rows that were to be deleted and that the database did not let go, by number.
    held: Numbers,
    /// The same by whatever identifier.
    pub(super) held_rows: u64,
}

impl Ours {
    /// Identifiers: of tables with an identity those that are no higher than the highest that was
    /// there before: none, unless it was set back. Of others all of them.
    pub(in crate::proof) fn read(
        plan: &Plan,
        journal: &Journal,
        before: &Surroundings,
    ) -> Result<Self> {
        let mut held: HashMap<usize, Vec<Value>> = HashMap::new();
        for refused in journal.refused(RefusedKind::Delete)? {
            if let Some(place) = refused.entity {
                held.entry(place).or_default().push(refused.key);
            }
        }
        let mut all = HashMap::new();
        for table in &before.tables {
            if matches!(table.class, Class::Added | Class::Replaced) {
                all.insert(table.name.clone(), of_table(plan, journal, table, &held)?);
            }
        }
        Ok(Self(all))
    }

    pub(super) fn of(&self, table: &TableName) -> Option<&OfTable> {
        self.0.get(table)
    }
}

impl OfTable {
    /// Whether the run added the row of this number.
    pub(super) fn has(&self, id: i64) -> bool {
        self.ids.contains(id)
    }

    /// Whether the row of this number was to be deleted and could not be.
    pub(super) fn holds(&self, id: i64) -> bool {
        self.held.contains(id)
    }
}

fn of_table(
    plan: &Plan,
    journal: &Journal,
    table: &TableState,
    held: &HashMap<usize, Vec<Value>>,
) -> Result<OfTable> {
    let mut of_table = OfTable::default();
    let (mut ids, mut stay) = (Vec::new(), Vec::new());
    for (place, entity) in plan.entities.iter().enumerate() {
        if !is_table(&entity.destination_table, &table.name) {
            continue;
        }
        of_table.rows += journal.rows_of(place, BatchKind::Insert)?;
        ids.extend(inserted(journal, place)?);
        let held = held.get(&place).map_or(&[][..], Vec::as_slice);
        of_table.held_rows += held.len() as u64;
        stay.extend(held.iter().filter_map(Value::as_integer));
    }
    let is_group = same_name(&table.name.name, "OSSYS_GROUP");
    if is_group || same_name(&table.name.name, "OSSYS_USER") {
        let people = journal.all_people()?.into_iter();
        let created = people.filter(|person| person.is_ours && person.is_group == is_group);
        let before = ids.len();
        ids.extend(created.map(|person| person.destination.0));
        of_table.rows += (ids.len() - before) as u64;
    }
    ids.retain(|id| table.up_to.is_none_or(|up_to| *id <= up_to));
    of_table.among = ids.len() as u64;
    of_table.ids = ids.into_iter().collect();
    of_table.held = stay.into_iter().collect();
    Ok(of_table)
}

/// Whether a plan's table is this one; plans may leave the schema out.
fn is_table(planned: &TableName, table: &TableName) -> bool {
    let catalog = |table: &TableName| table.catalog.as_deref().map(str::to_lowercase);
    same_name(&planned.name, &table.name) && catalog(planned) == catalog(table)
}

/// The identifiers of the rows that were inserted for an entity.
fn inserted(journal: &Journal, entity: usize) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    let mut after = 0;
    while let Some(batch) = journal.next_batch(entity, after)? {
        after = batch.id;
        if let (BatchKind::Insert, Keys::Integers(keys)) = (batch.kind, batch.destination_keys) {
            ids.extend(keys);
        }
    }
    Ok(ids)
}
