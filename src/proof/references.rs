//! Where the ids of our rows lead: to rows of the destination, all of them.
//!
//! The database itself is asked, one request for a reference, with or without a foreign key.
//! References to rows that are only looked up (static records and the like) are left to the
//! comparison: an id that is none of the plan's has no source id, so its row's digest differs.

use std::collections::HashSet;

use super::canonical::shown;
use super::lookup::PAGE_BYTES;
use super::maps::{IdKey, Inverse, Maps, rows_of};
use super::prove::Job;
use super::result::{Difference, EntityProof, ReferenceProof};
use crate::database::{ColumnRef, Filter, Result, ScanRequest, TableName, Value, ValueKind};
use crate::migrate::journal::BatchKind;
use crate::plan::{ColumnPlan, Plan, ReferenceRule, Rule, Target};

/// Cells that lead nowhere and are remembered, so that the comparison does not count them again.
const REMEMBERED: usize = 200_000;
/// Rows of a page.
const PAGE_ROWS: usize = 4000;

/// The references of an entity, with the cells that were emptied.
pub(super) fn all(job: Job<'_>) -> Result<Vec<ReferenceProof>> {
    let counts = job.ask(|journal| journal.emptied_counts(job.place))?;
    let emptied = |place: usize| {
        counts.iter().find(|(column, _)| *column == place).map_or(0, |(_, cells)| *cells)
    };
    Ok(references(job)
        .map(|(place, column, _)| ReferenceProof {
            attribute: column.attribute.clone(),
            emptied: emptied(place),
            orphans: 0,
        })
        .collect())
}

fn references<'a>(
    job: Job<'a>,
) -> impl Iterator<Item = (usize, &'a ColumnPlan, &'a ReferenceRule)> {
    job.entity().columns.iter().enumerate().filter_map(|(place, column)| match &column.rule {
        // Where only a decision says so, a value may lead nowhere.
        Rule::Reference(rule) if rule.soft.is_none() => Some((place, column, rule)),
        Rule::Reference(_) | Rule::Copy { .. } | Rule::Convert(_) | Rule::Typed(_) => None,
    })
}

/// Table and key of the rows that a reference leads to; `None` where it is not in the plan.
fn parent(plan: &Plan, target: Target) -> Option<(TableName, String)> {
    let platform = |name: &str| Some((TableName::new(name), "ID".to_owned()));
    match target {
        Target::Entity(place) => {
            let parent = &plan.entities[place];
            Some((parent.destination_table.clone(), parent.destination_key()?.name.clone()))
        }
        Target::Lookup(place) => {
            let (table, id) = plan.lookups[place].rows.destination()?;
            Some((table.clone(), id.name.clone()))
        }
        Target::Users => platform("OSSYS_USER"),
        Target::Groups => platform("OSSYS_GROUP"),
        Target::Tenants => platform("OSSYS_TENANT"),
        Target::Fixed(_) | Target::External | Target::Nothing => None,
    }
}

/// Counts the cells of our rows whose id leads nowhere, and names the first. Returns them by
/// destination key and column.
pub(super) async fn orphans(
    job: Job<'_>,
    maps: &Maps,
    proof: &mut EntityProof,
) -> Result<HashSet<(IdKey, usize)>> {
    let entity = job.entity();
    let mut ours: Option<Inverse> = None;
    let mut found = HashSet::new();
    for (number, (place, column, rule)) in references(job).enumerate() {
        let Some((table, parent_key)) = parent(job.plan, rule.target) else { continue };
        let own = &column.destination;
        let mut filter = Filter::Orphan {
            column: own.name.clone(),
            parent: table.clone(),
            key: parent_key,
            among: Box::new(Filter::All),
        };
        if let Some(none) = none_of(column, rule) {
            filter = filter.and(Filter::Equals(own.name.clone(), none).negated());
        }
        let key = entity.destination_key().map(ColumnRef::from);
        let mut scan = job
            .destination
            .scan(ScanRequest {
                table: entity.destination_table.clone(),
                columns: key.iter().cloned().chain([ColumnRef::from(own)]).collect(),
                filter,
                key: key.as_ref().map(|key| key.name.clone()),
                after: None,
                batch_rows: PAGE_ROWS,
                batch_bytes: PAGE_BYTES,
            })
            .await?;
        while let Some(batch) = scan.next().await? {
            for row in 0..batch.len() {
                let id = batch.column(usize::from(key.is_some())).value(row);
                let mut difference = Difference {
                    attribute: column.attribute.clone(),
                    what: format!("is {}, and {table} has no such row", shown(&id)),
                    ..Difference::default()
                };
                if key.is_some() {
                    let Some(own) = IdKey::of(&batch.column(0).value(row)) else { continue };
                    if ours.is_none() {
                        let inserted = [BatchKind::Insert, BatchKind::Change];
                        ours = Some(job.ask(|journal| rows_of(job.place, journal, &inserted))?);
                    }
                    let source = ours.as_ref().and_then(|ours| ours.source(&own));
                    let Some(source) = source else { continue };
                    difference.source = source.to_string();
                    difference.destination = own.to_string();
                    if found.len() < REMEMBERED {
                        found.insert((own, place));
                    }
                } else if !stands_for_ours(maps, rule, &id) {
                    // Which rows are ours cannot be told; one with an id that no row of ours has
                    // got stood there before, or the comparison finds it.
                    continue;
                }
                proof.references[number].orphans += 1;
                proof.differs(difference);
            }
        }
    }
    Ok(found)
}

fn stands_for_ours(maps: &Maps, rule: &ReferenceRule, id: &Value) -> bool {
    IdKey::of(id).is_some_and(|id| maps.of(rule.target).source(&id).is_some())
}

/// What stands for no reference beside NULL.
fn none_of(column: &ColumnPlan, rule: &ReferenceRule) -> Option<Value> {
    if rule.zero_is_row {
        return (!rule.none.is_null()).then(|| rule.none.clone());
    }
    Some(match column.destination.data_type.kind()? {
        ValueKind::Text => Value::text(""),
        ValueKind::Integer | ValueKind::Decimal => Value::Integer(0),
        _ => return None,
    })
}
