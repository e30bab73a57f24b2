//! Rows of ours that the destination has already.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::journal::{BatchKind, Keys, NewBatch};
use super::super::reader::BATCH_BYTES;
use super::super::remap::fold;
use super::Load;
use crate::database::{ColumnRef, Filter, Result, ScanRequest, Value};
use crate::plan::ExistingPlan;
use crate::proof::combine;

impl Load<'_> {
    /// Where rows are recognised by key values: the destination's rows by these values.
    pub(super) async fn recognisable(&mut self) -> Result<Option<HashMap<String, Value>>> {
        let ExistingPlan::Recognise { key, .. } = &self.entity().existing else { return Ok(None) };
        let Some(identifier) = self.entity().destination_key() else { return Ok(None) };
        let mut columns = vec![ColumnRef::from(identifier)];
        columns.extend(
            key.iter().map(|place| ColumnRef::from(&self.entity().columns[*place].destination)),
        );
        let mut scan = self
            .destination
            .scan(ScanRequest {
                table: self.entity().destination_table.clone(),
                columns,
                filter: Filter::All,
                key: Some(identifier.name.clone()),
                after: None,
                batch_rows: 4000,
                batch_bytes: BATCH_BYTES,
            })
            .await?;
        let mut known = HashMap::new();
        while let Some(batch) = scan.next().await? {
            for row in 0..batch.len() {
                let values: Vec<Value> = (1..batch.columns().len())
                    .map(|column| batch.column(column).value(row))
                    .collect();
                known.insert(joined(&values), batch.column(0).value(row));
            }
        }
        Ok(Some(known))
    }

    /// Notes rows that the destination has already. Nothing is written to it.
    pub(super) async fn recognise(
        &self,
        found: &[(usize, Value, Value)],
        hashes: &[u128],
    ) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        let rows = found.len() as u64;
        let batch = NewBatch {
            entity: Some(self.place),
            source_keys: Keys::of(found.iter().map(|(_, source, _)| source.clone())),
            destination_keys: Keys::of(found.iter().map(|(_, _, id)| id.clone())),
            digest: combine(found.iter().map(|(row, _, _)| hashes[*row])),
            ..NewBatch::new(BatchKind::Recognise, "", rows)
        };
        let number = self.story.recorder.next_batch();
        let _ = self.story.recorder.prepare(number, Arc::new(batch)).await?;
        self.story.recorder.committed(number)?;
        self.teller.entity(self.place, |progress| progress.recognised += rows);
        Ok(())
    }
}

/// Several values as one key, without case.
pub(super) fn joined(values: &[Value]) -> String {
    let mut key = String::new();
    for value in values {
        let folded = fold(value);
        key.push_str(&format!("{}:{folded};", folded.len()));
    }
    key
}
