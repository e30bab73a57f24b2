//! Rows outside the scope that references were set to: there, and with the key that says so.

use std::collections::HashMap;

use super::canonical::shown;
use super::lookup::Lookup;
use super::maps::IdKey;
use super::prove::Job;
use super::result::{Difference, EntityProof};
use crate::database::{ColumnRef, Filter, Result, Source, TableName, Value};
use crate::migrate::journal::Keys;
use crate::plan::{Fate, KeyLookup, LookupRows, Rule, Target};

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
                        LookupRows::ByKey(keys) => keys.attribute.as_str(),
                        _ => "",
                    }
                ),
                ..Difference::default()
            });
        }
    }
    Ok(())
}

/// Pairs whose keys are not equal, with what is wrong.
async fn wrong_keys(job: Job<'_>, keys: &KeyLookup) -> Result<Vec<(String, String, String)>> {
    let pairs: Vec<(&Value, &Value)> = keys
        .rows
        .iter()
        .filter_map(|row| match &row.fate {
            Fate::To(id) => Some((&row.source, id)),
            Fate::Empty | Fate::LeaveOut => None,
        })
        .collect();
    let ours = read(
        job.source,
        (&keys.source_table, &keys.source_id, &keys.source_key),
        pairs.iter().map(|(source, _)| *source),
    )
    .await?;
    let theirs = read(
        job.destination,
        (&keys.destination_table, &keys.destination_id, &keys.destination_key),
        pairs.iter().map(|(_, destination)| *destination),
    )
    .await?;
    let mut wrong = Vec::new();
    for (source, destination) in pairs {
        let key_of = |map: &HashMap<IdKey, Value>, id| map.get(&IdKey::of(id)?).cloned();
        let what = match (key_of(&ours, source), key_of(&theirs, destination)) {
            // What the source has lost since says nothing.
            (None, Some(_)) => continue,
            (_, None) => "it is not there".to_owned(),
            (Some(ours), Some(theirs)) => {
                if IdKey::of(&ours) == IdKey::of(&theirs)
                    || are_equal(job.destination, keys, destination, &ours).await?
                {
                    continue;
                }
                "their keys are not equal".to_owned()
            }
        };
        wrong.push((shown(source), shown(destination), what));
    }
    Ok(wrong)
}

/// Whether the destination finds the row's key equal to this one.
async fn are_equal(
    destination: &dyn Source,
    keys: &KeyLookup,
    id: &Value,
    key: &Value,
) -> Result<bool> {
    let filter = Filter::Equals(keys.destination_id.name.clone(), id.clone())
        .and(Filter::Equals(keys.destination_key.name.clone(), key.clone()));
    Ok(destination.count(&keys.destination_table, &filter).await? == 1)
}

/// The keys of rows, by their ids.
async fn read(
    database: &dyn Source,
    (table, id, key): (&TableName, &ColumnRef, &ColumnRef),
    ids: impl Iterator<Item = &Value>,
) -> Result<HashMap<IdKey, Value>> {
    let mut numbers = Vec::new();
    let mut texts = Vec::new();
    for value in ids {
        match value {
            Value::Text(text) => texts.push(text.clone()),
            other => numbers.extend(other.as_integer()),
        }
    }
    let wanted = if texts.is_empty() { Keys::Integers(numbers) } else { Keys::Texts(texts) };
    let columns = vec![key.clone()];
    let lookup = Lookup { database, table, key: id.clone(), columns };
    let mut found = HashMap::new();
    lookup
        .read(&wanted, &mut |batch, row, _| {
            if let Some(id) = IdKey::of(&batch.column(0).value(row)) {
                found.insert(id, batch.column(1).value(row));
            }
            Ok(())
        })
        .await?;
    Ok(found)
}
