//! Rows of the destination that references are set to by decision: still there, and still the ones
//! that were meant, before a run writes.

use crate::database::{Destination, Fault, FaultKind, Result, Value};
use crate::plan::{Fate, KeyLookup, LookupRows, Plan};

/// Refuses when a row that was looked up at the review has gone, has got another key, or is not
/// the only one of its key any more.
pub(super) async fn check(plan: &Plan, destination: &dyn Destination) -> Result<()> {
    for lookup in &plan.lookups {
        match &lookup.rows {
            LookupRows::Reject => {}
            LookupRows::Replacement { table, id, row } => {
                let key = std::slice::from_ref(&id.name);
                let found = destination.look_up(table, id, key, &[vec![row.clone()]]).await?;
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
    let (values, expected): (Vec<Vec<Value>>, Vec<&Value>) = keys
        .rows
        .iter()
        .filter_map(|row| match &row.fate {
            Fate::To(id) => Some((row.key(), id)),
            Fate::Empty | Fate::LeaveOut => None,
        })
        .unzip();
    let parts = keys.parts();
    let columns: Vec<String> = parts.iter().map(|part| part.destination.name.clone()).collect();
    let (table, id) = (&keys.destination_table, &keys.destination_id);
    let found = destination.look_up(table, id, &columns, &values).await?;
    for ((key, id), found) in values.iter().zip(expected).zip(found) {
        if !matches!(found.as_slice(), [one] if one == id) {
            let key = parts.iter().zip(key).map(|(part, value)| match part.is_tenant {
                true => format!("tenant {value}"),
                false => format!("{} {value}", part.attribute),
            });
            return Err(gone(name, &format!("{id} ({})", key.collect::<Vec<_>>().join(", "))));
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
