//! Subscriptions of activities: those of instances that are carried over come along, those of
//! instances that are deleted do not come back (`metamodel.md` §5.5).

use std::collections::{BTreeSet, HashSet};

use super::super::key_set::KeySet;
use super::super::remap::{Maps, remapped};
use super::Muting;
use super::rows::{lacking, union};
use crate::database::{
    Batch, Column, ColumnRef, Filter, Result, RowsRequest, Source, TableName, Value, same_name,
};
use crate::outsystems::InstanceTable;
use crate::plan::{EntityPlan, EventTable, ExistingPlan};

/// The column with the activity that waits; empty for a process that waits to be started.
const ACTIVITY: &str = "_ACTIVITY_ID";
/// Ids that are asked for at once.
const AT_ONCE: usize = 1_000;

/// What comes back besides what was put away.
#[derive(Clone, Copy)]
pub(in crate::migrate) enum Along<'a> {
    /// Nothing: what ends has not come to its end.
    Nothing,
    /// A run has come to its end: subscriptions of the activities that it has carried over.
    Run { source: &'a dyn Source, maps: &'a Maps },
    /// An undo has: those of the activities that are there again, and not those of ours.
    Undo { ours: Option<&'a KeySet> },
}

impl Muting<'_> {
    /// The rows that an event table has to hold at least once it is filled again; `going` is what the
    /// journal has of [`Self::going`]. It is in the journal before it is done, and the proof goes by that.
    pub(super) async fn coming_back(
        &self,
        table: &EventTable,
        put_away: &Batch,
        going: Option<Batch>,
    ) -> Result<Batch> {
        match self.along {
            Along::Nothing => Ok(put_away.clone()),
            Along::Run { source, maps } => {
                let stays = without(put_away, going.as_ref())?;
                match self.of_ours(table, source, maps).await? {
                    Some(ours) => union(&stays, &ours),
                    None => Ok(stays),
                }
            }
            Along::Undo { ours } => {
                let there = self.activities_there(table, put_away).await?;
                let column = column(table);
                let stays: Vec<usize> = (0..put_away.len())
                    .filter(|row| {
                        let id = column.map_or(Value::Null, |at| put_away.column(at).value(*row));
                        let is_ours = ours.is_some_and(|keys| keys.contains(&id));
                        !is_ours || id.as_integer().is_some_and(|id| there.contains(&id))
                    })
                    .collect();
                let stays = put_away.select(&stays)?;
                match going {
                    Some(going) => union(&stays, &going),
                    None => Ok(stays),
                }
            }
        }
    }

    /// Which rows of an event table are of activities that this run deletes: known before the first of
    /// them goes.
    pub(super) async fn going(&self, table: &EventTable, rows: &Batch) -> Result<Option<Batch>> {
        let (Some(at), Some(activities)) = (column(table), self.activities()) else {
            return Ok(None);
        };
        let ExistingPlan::Replace { filter, .. } = &activities.existing else { return Ok(None) };
        let gone = self.found(&activities.destination_table, filter, rows, at).await?;
        let places: Vec<usize> = (0..rows.len())
            .filter(|row| rows.column(at).integer(*row).is_some_and(|id| gone.contains(&id)))
            .collect();
        Ok(Some(rows.select(&places)?))
    }

    /// The activities of a table's rows that the destination has.
    async fn activities_there(&self, table: &EventTable, rows: &Batch) -> Result<HashSet<i64>> {
        let (Some(at), Some(activities)) = (column(table), self.activities()) else {
            return Ok(HashSet::new());
        };
        self.found(&activities.destination_table, &Filter::All, rows, at).await
    }

    /// Which of the ids in a column are rows of that table that the condition lets through.
    async fn found(
        &self,
        table: &TableName,
        among: &Filter,
        rows: &Batch,
        at: usize,
    ) -> Result<HashSet<i64>> {
        let ids: BTreeSet<i64> =
            (0..rows.len()).filter_map(|row| rows.column(at).integer(row)).collect();
        let ids: Vec<Value> = ids.into_iter().map(Value::Integer).collect();
        let mut found = HashSet::new();
        let Some(key) = self.activities().and_then(|entity| entity.destination_key()) else {
            return Ok(found);
        };
        for some in ids.chunks(AT_ONCE) {
            let request = RowsRequest {
                filter: Filter::AnyOf(key.name.clone(), some.to_vec()).and(among.clone()),
                ..RowsRequest::whole(table, vec![ColumnRef::from(key)])
            };
            let there = self.destination.rows(&request).await?;
            found.extend((0..there.len()).filter_map(|row| there.column(0).integer(row)));
        }
        Ok(found)
    }

    /// The entity of activities, where instances are carried over.
    fn activities(&self) -> Option<&EntityPlan> {
        self.plan.instances(InstanceTable::Activity).map(|place| &self.plan.entities[place])
    }

    /// The source's subscriptions of activities that were carried over, as the destination knows what
    /// they name. One that names something that was not carried over would wait for other rows, or for
    /// all: it does not come along.
    async fn of_ours(
        &self,
        table: &EventTable,
        source: &dyn Source,
        maps: &Maps,
    ) -> Result<Option<Batch>> {
        let Some(own) = &table.along else { return Ok(None) };
        let columns = own.columns.iter().map(|column| column.source.clone()).collect();
        let request = RowsRequest {
            filter: own.rows.clone(),
            ..RowsRequest::whole(&own.source_table, columns)
        };
        let read = source.rows(&request).await?;
        let made = remapped(self.plan, own, self.plan.entities.len(), &read, maps)?;
        let named = own.columns.iter().map(|column| &column.destination);
        let named: Vec<_> = named.chain(own.constants.iter().map(|(column, _)| column)).collect();
        let mut columns: Vec<Column> = Vec::new();
        for wanted in &table.columns {
            let at = named.iter().position(|column| same_name(&column.name, &wanted.name));
            let Some(at) = at else { return Ok(None) };
            columns.push(made.batch.column(at).clone());
        }
        if !made.left_out.is_empty() {
            self.story.tell(&format!(
                "{} of {} subscriptions of activities to {} do not come along: they name rows that \
                 were not carried over",
                made.left_out.len(),
                read.len(),
                table.entity
            ))?;
        }
        Batch::new(columns).map(Some)
    }
}

/// The place of the column with the activity.
fn column(table: &EventTable) -> Option<usize> {
    table.columns.iter().position(|column| same_name(&column.name, ACTIVITY))
}

/// The rows that are not among others, each as often as it is there more often.
fn without(rows: &Batch, others: Option<&Batch>) -> Result<Batch> {
    match others {
        Some(others) => rows.select(&lacking(rows, others)),
        None => Ok(rows.clone()),
    }
}
