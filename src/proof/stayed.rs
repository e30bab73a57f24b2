//! Rows of the destination that were to be deleted and stayed, as the journal says, are there.

use std::collections::HashSet;

use super::canonical::shown;
use super::lookup::Lookup;
use super::prove::Job;
use super::result::{Difference, EntityProof};
use crate::database::{ColumnRef, Result, Value};
use crate::migrate::journal::{Keys, RefusedKind};

/// Looks for them.
pub(super) async fn check(job: Job<'_>, proof: &mut EntityProof) -> Result<()> {
    let entity = job.entity();
    let Some(key) = entity.destination_key() else { return Ok(()) };
    let stayed: Vec<Value> = job
        .ask(|journal| journal.refused(RefusedKind::Delete))?
        .into_iter()
        .filter(|refused| refused.entity == Some(job.place))
        .map(|refused| refused.key)
        .collect();
    if stayed.is_empty() {
        return Ok(());
    }
    let lookup = Lookup {
        database: job.destination,
        table: &entity.destination_table,
        key: ColumnRef::from(key),
        columns: Vec::new(),
    };
    let keys = Keys::of(stayed.iter().cloned());
    let mut found: HashSet<usize> = HashSet::new();
    lookup
        .read(&keys, &mut |_, _, place| {
            found.insert(place);
            Ok(())
        })
        .await?;
    for (place, key) in stayed.iter().enumerate() {
        if !found.contains(&place) {
            proof.differs(Difference {
                destination: shown(key),
                what: "could not be deleted, but is not there".to_owned(),
                ..Difference::default()
            });
        }
    }
    Ok(())
}
