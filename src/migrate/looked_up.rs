//! Rows of the destination that references which leave the scope are set to: still there, and
//! still the ones that were meant, before a run writes.

use crate::database::{Destination, Fault, FaultKind, Result, Value};
use crate::plan::{Fate, KeyLookup, LookupRows, Plan};

/// Refuses when a row that was looked up at the review has gone, has got another key, or is not
/// the only one of its key any more.
pub(super) async fn check(plan: &Plan, destination: &dyn Destination) -> Result<()> {
    for lookup in &plan.lookups {
        match &lookup.rows {
            LookupRows::Reject => {}
            LookupRows::Replacement { table, id, row } => {
                let rows = std::slice::from_ref(row);
                let found = destination.look_up(table, id, &id.name, rows).await?;
                if found.first().map(Vec::len) != Some(1) {
                    return Err(gone(&lookup.name, &row.to_string()));
                }
            }
            LookupRows::ByKey(keys) => check_keys(&lookup.name, keys, destination).await?,
        }
    }
    Ok(())
}

async fn check_keys(name: &str, keys: &KeyLookup, destination: &dyn Destination) -> Result<()> {
    let expected: Vec<(&Value, &Value)> = keys
        .rows
        .iter()
        .filter_map(|row| match &row.fate {
            Fate::To(id) => Some((&row.key, id)),
            Fate::Empty | Fate::LeaveOut => None,
        })
        .collect();
    let values: Vec<Value> = expected.iter().map(|(key, _)| (*key).clone()).collect();
    let (table, id) = (&keys.destination_table, &keys.destination_id);
    let found = destination.look_up(table, id, &keys.destination_key.name, &values).await?;
    for ((key, id), found) in expected.into_iter().zip(found) {
        if !matches!(found.as_slice(), [one] if one == id) {
            return Err(gone(name, &format!("{id} ({} {key})", keys.attribute)));
        }
    }
    Ok(())
}

fn gone(name: &str, row: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        format!(
            "references are to be set to the row {row} of {name} in the destination, which is not \
             there any more as it was reviewed"
        ),
    )
    .advise("Compare again and decide anew. Nothing was written just now.")
}
