//! Subscriptions of activities that were carried over: each names in the destination what one of the
//! source names, and none names anything else.

use std::collections::HashMap;
use std::sync::Mutex;

use super::super::canonical::Canonical;
use super::super::maps::{IdKey, Maps, rows_of};
use super::super::prove::lock;
use super::super::surroundings::SurroundingsProof;
use crate::database::{Batch, ColumnRef, Result, RowsRequest, Source, same_name};
use crate::migrate::journal::{BatchKind, Journal};
use crate::plan::{EntityPlan, EventTable, Plan, Target};

/// The column with the activity that waits.
const ACTIVITY: &str = "_ACTIVITY_ID";

/// Looks at the subscriptions of our activities in one event table; whether any is wrong.
pub(super) async fn check(
    plan: &Plan,
    table: &EventTable,
    journal: &Mutex<Journal>,
    [source, destination]: [&dyn Source; 2],
    proof: &mut SurroundingsProof,
) -> Result<bool> {
    let Some(own) = &table.along else { return Ok(false) };
    let Some((at, activities)) = activities(own) else { return Ok(false) };
    let (maps, ours) = {
        let journal = lock(journal);
        let mut maps = Maps::new(plan, &journal)?;
        maps.load(own, &journal)?;
        (maps, rows_of(activities, &journal, &[BatchKind::Insert])?)
    };
    let read = |columns: Vec<ColumnRef>, table| RowsRequest {
        filter: own.rows.clone(),
        ..RowsRequest::whole(table, columns)
    };
    let columns = own.columns.iter().map(|column| column.source.clone()).collect();
    let here = source.rows(&read(columns, &own.source_table)).await?;
    let columns = own.columns.iter().map(|column| ColumnRef::from(&column.destination)).collect();
    let there = destination.rows(&read(columns, &table.table)).await?;
    let mut wanted: HashMap<u128, i64> = HashMap::new();
    for hash in Canonical::for_source(plan, own).row_hashes(&here) {
        *wanted.entry(hash).or_default() += 1;
    }
    let is_ours = |batch: &Batch, row: usize| {
        IdKey::of(&batch.column(at).value(row)).is_some_and(|id| ours.source(&id).is_some())
    };
    let hashes = Canonical::for_destination(plan, own, &maps).row_hashes(&there);
    let mut wrong = 0;
    for (_, hash) in hashes.iter().enumerate().filter(|(row, _)| is_ours(&there, *row)) {
        match wanted.get_mut(hash) {
            Some(times) if *times > 0 => *times -= 1,
            _ => wrong += 1,
        }
    }
    if wrong > 0 {
        let what = format!(
            "{wrong} subscriptions of activities that this run carried over, to {}, are not what the \
             source has",
            table.entity
        );
        proof.differs(&table.table, what);
    }
    Ok(wrong > 0)
}

/// The column with the activity, and the place of the activities in the plan.
fn activities(own: &EntityPlan) -> Option<(usize, usize)> {
    let at = own.columns.iter().position(|column| same_name(&column.source.name, ACTIVITY))?;
    match own.columns[at].rule.references().next()?.target {
        Target::Entity(place) => Some((at, place)),
        _ => None,
    }
}
