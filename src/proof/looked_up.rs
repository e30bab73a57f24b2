//! Rows outside the scope that references were set to: there, and with the key that says so.

use std::collections::HashMap;

use super::canonical::shown;
use super::lookup::Lookup;
use super::maps::IdKey;
use super::prove::Job;
use super::result::{Difference, EntityProof};
use crate::database::{ColumnRef, Filter, Result, Source, TableName, Value};
use crate::migrate::journal::Keys;
use crate::outsystems::{DestinationId, SourceId};
use crate::plan::{Fate, KeyLookup, KeyPart, LookupRows, Rule, Target};

/// So many keys are asked about at a time.
const ASKED_AT_ONCE: usize = 50;

/// Checks what the references of an entity were set to, against both databases as they are now.
pub(super) async fn check(job: Job<'_>, proof: &mut EntityProof) -> Result<()> {
    for column in &job.entity().columns {
        let Rule::Reference(rule) = &column.rule else { continue };
        let Target::Lookup(place) = rule.target else { continue };
        let lookup = &job.plan.lookups[place];
        let wrong = match &lookup.rows {
            // Whether the one row is there is seen where cells are compared.
            LookupRows::Reject | LookupRows::Replacement { .. } => continue,
            LookupRows::ByKey(keys) => wrong_keys(job, keys).await?,
        };
        for (source, destination, what) in wrong {
            proof.differs(Difference {
                attribute: column.attribute.clone(),
                what: format!(
                    "the row {source} of {} was taken for {destination} of the destination by {}; \
                     {what}",
                    lookup.name,
                    match &lookup.rows {
                        LookupRows::ByKey(keys) => keys.words(),
                        _ => String::new(),
                    }
                ),
                ..Difference::default()
            });
        }
    }
    Ok(())
}

/// Rows that were paired: ours, and the destination's.
type Paired<'a> = (&'a Value, &'a Value);

/// Pairs whose keys are not equal, with what is wrong.
async fn wrong_keys(job: Job<'_>, keys: &KeyLookup) -> Result<Vec<(String, String, String)>> {
    let pairs: Vec<Paired<'_>> = keys
        .rows
        .iter()
        .filter_map(|row| match &row.fate {
            Fate::To(id) => Some((&row.source, id)),
            Fate::Empty | Fate::LeaveOut => None,
        })
        .collect();
    let parts = keys.parts();
    let ours = read(
        job.source,
        (&keys.source_table, &keys.source_id),
        parts.iter().map(|part| part.source.clone()).collect(),
        pairs.iter().map(|(source, _)| *source),
    )
    .await?;
    let theirs = read(
        job.destination,
        (&keys.destination_table, &keys.destination_id),
        parts.iter().map(|part| part.destination.clone()).collect(),
        pairs.iter().map(|(_, destination)| *destination),
    )
    .await?;
    let tenants: HashMap<SourceId, DestinationId> = job.plan.tenants.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut says = |(source, destination): Paired<'_>, what: &str| {
        wrong.push((shown(source), shown(destination), what.to_owned()));
    };
    let mut asked: Vec<(Paired<'_>, Vec<Value>)> = Vec::new();
    for pair in pairs {
        let key_of = |map: &HashMap<IdKey, Vec<Value>>, id| map.get(&IdKey::of(id)?).cloned();
        match (key_of(&ours, pair.0), key_of(&theirs, pair.1)) {
            // What the source has lost since says nothing.
            (None, Some(_)) => {}
            (_, None) => says(pair, "it is not there"),
            (Some(ours), Some(theirs)) => {
                let ours = as_there(&tenants, &parts, ours);
                if ours != theirs || ours.iter().any(Value::is_null) {
                    asked.push((pair, ours));
                }
            }
        }
    }
    for (pair, is_equal) in are_equal(job.destination, keys, &asked).await? {
        if !is_equal {
            says(pair, "their keys are not equal");
        }
    }
    Ok(wrong)
}

/// A key of the source as the destination should have it: with the tenant that its own became, or
/// NULL where that became none.
fn as_there(
    tenants: &HashMap<SourceId, DestinationId>,
    parts: &[KeyPart],
    mut key: Vec<Value>,
) -> Vec<Value> {
    for (part, value) in parts.iter().zip(&mut key) {
        if part.is_tenant {
            let became = value.as_integer().and_then(|id| tenants.get(&SourceId(id)));
            *value = became.map_or(Value::Null, |id| Value::from(*id));
        }
    }
    key
}

/// Whether the destination finds the keys of its rows equal to these, part by part.
async fn are_equal<'a>(
    destination: &dyn Source,
    keys: &KeyLookup,
    asked: &[(Paired<'a>, Vec<Value>)],
) -> Result<Vec<(Paired<'a>, bool)>> {
    let parts = keys.parts();
    let mut columns: Vec<String> = parts.iter().map(|part| part.destination.name.clone()).collect();
    columns.push(keys.destination_id.name.clone());
    let mut answers = Vec::with_capacity(asked.len());
    for some in asked.chunks(ASKED_AT_ONCE) {
        let filters = some.iter().map(|((_, id), key)| {
            let values: Vec<Value> = key.iter().chain([*id]).cloned().collect();
            (keys.destination_table.clone(), Filter::all_equal(&columns, &values))
        });
        let counts = destination.counts(&filters.collect::<Vec<_>>()).await?;
        answers.extend(some.iter().zip(counts).map(|((pair, _), rows)| (*pair, rows == 1)));
    }
    Ok(answers)
}

/// The columns of a key, of rows by their ids.
async fn read(
    database: &dyn Source,
    (table, id): (&TableName, &ColumnRef),
    columns: Vec<ColumnRef>,
    ids: impl Iterator<Item = &Value>,
) -> Result<HashMap<IdKey, Vec<Value>>> {
    let mut numbers = Vec::new();
    let mut texts = Vec::new();
    for value in ids {
        match value {
            Value::Text(text) => texts.push(text.clone()),
            other => numbers.extend(other.as_integer()),
        }
    }
    let wanted = if texts.is_empty() { Keys::Integers(numbers) } else { Keys::Texts(texts) };
    let wide = columns.len();
    let lookup = Lookup { database, table, key: id.clone(), columns };
    let mut found = HashMap::new();
    lookup
        .read(&wanted, &mut |batch, row, _| {
            if let Some(id) = IdKey::of(&batch.column(0).value(row)) {
                found.insert(id, (1..=wide).map(|at| batch.column(at).value(row)).collect());
            }
            Ok(())
        })
        .await?;
    Ok(found)
}
