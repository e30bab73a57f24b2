//! Rows of a table whose rows the plan deletes that are neither the run's nor were to stay.

use serde::{Deserialize, Serialize};

use super::take::Looking;
use crate::database::{ColumnRef, ColumnShape, Filter, Result, ScanRequest, Value};
use crate::proof::lookup::PAGE_BYTES;

/// Rows of a page of keys.
const PAGE_ROWS: usize = 50_000;

/// Rows that nobody expects in a table whose rows were to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strangers {
    /// Rows that were there before the run. Without an identity nothing tells when a row came, so
    /// these are all that are not the run's.
    pub left: u64,
    /// Rows that have come since the first write by somebody else's hand, as their identity says.
    pub come: u64,
    /// Whether the table has an identity, which tells the two apart.
    pub told_apart: bool,
}

impl Looking<'_> {
    /// Counts them among the rows that the plan deletes; `None` before the run, and where the
    /// picture from before it lacks what tells them.
    pub(super) async fn strangers(&self, goes: &Filter) -> Result<Option<Strangers>> {
        let Some((before, ours)) = self.earlier else { return Ok(None) };
        let name = &self.shape.name;
        let (Some(was), Some(ours)) = (before.table(name), ours.of(name)) else {
            return Ok(None);
        };
        let all = self.destination.count(name, goes).await?;
        let identity = self.shape.identity();
        let (earlier, key) = match (identity, was.up_to) {
            (Some(identity), Some(up_to)) => {
                let up_to = Filter::AtMost(identity.name.clone(), Value::Integer(up_to));
                (goes.clone().and(up_to), Some(identity))
            }
            (Some(_), None) => return Ok(None),
            (None, _) => (goes.clone(), self.key()),
        };
        let left = match key {
            Some(key) => self.unknown(earlier, key).await?,
            None => all.saturating_sub(ours.rows + ours.held_rows),
        };
        let come = match identity {
            Some(_) => all.saturating_sub(left + ours.rows + ours.held_rows),
            None => 0,
        };
        Ok(Some(Strangers { left, come, told_apart: identity.is_some() }))
    }

    /// How many of these rows are neither ours nor held.
    async fn unknown(&self, among: Filter, key: &ColumnShape) -> Result<u64> {
        let name = &self.shape.name;
        let Some(ours) = self.earlier.and_then(|(_, ours)| ours.of(name)) else { return Ok(0) };
        // With an identity there are none, as a rule, and to know that takes no scan.
        if key.identity && self.destination.count(name, &among).await? == 0 {
            return Ok(0);
        }
        let mut scan = self
            .destination
            .scan(ScanRequest {
                table: name.clone(),
                columns: vec![ColumnRef::from(key)],
                filter: among,
                key: Some(key.name.clone()),
                after: None,
                batch_rows: PAGE_ROWS,
                batch_bytes: PAGE_BYTES,
            })
            .await?;
        let mut unknown = 0;
        while let Some(batch) = scan.next().await? {
            let ids = (0..batch.len()).map(|row| batch.column(0).integer(row));
            let known = |id: i64| ours.has(id) || ours.holds(id);
            unknown += ids.filter(|id| !id.is_some_and(known)).count() as u64;
        }
        Ok(unknown)
    }
}
