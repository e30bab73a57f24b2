//! The sample plan: how the practice pair is migrated without anybody to ask.

use toml_edit::{DocumentMut, Item, Table};

use super::company::wrong;
use crate::database::Result;

const SAMPLE: &str = include_str!("../../assets/practice/sample-plan.toml");

/// The sample plan for these two connections, the tables `[source]` and `[destination]` of a
/// plan file.
pub fn sample_plan(source: Table, destination: Table) -> Result<String> {
    let mut plan: DocumentMut =
        SAMPLE.parse().map_err(|error| wrong(format!("sample-plan.toml: {error}")))?;
    for (name, connection) in [("source", source), ("destination", destination)] {
        let place = plan
            .get_mut(name)
            .and_then(Item::as_table_mut)
            .ok_or_else(|| wrong(format!("sample-plan.toml has no [{name}]")))?;
        place.clear();
        for (key, value) in connection {
            place.insert(&key, value);
        }
    }
    Ok(plan.to_string())
}
