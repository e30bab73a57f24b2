//! Rows of ours without an identifier that stand in the destination already, told by what they
//! hold.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::journal::{BatchKind, NewBatch};
use super::super::operation::row_hashes;
use super::super::reader::BATCH_BYTES;
use super::super::remap::Remapped;
use super::Load;
use super::insert::record;
use crate::database::{ColumnRef, Filter, Result, ScanRequest, Value};
use crate::plan::ExistingPlan;
use crate::proof::combine;

/// Rows of the destination read at once.
const ROWS_AT_ONCE: usize = 4_000;

impl Load<'_> {
    /// What the rows of the destination hold that may stand for ours, each with its number; none
    /// where all of ours are added. Rows that this run has written or taken for ours before are not
    /// among them.
    pub(super) async fn contents_there(&self) -> Result<HashMap<u128, u64>> {
        let entity = self.entity();
        let mut there = HashMap::new();
        if entity.key_column().is_some()
            || !matches!(entity.existing, ExistingPlan::Recognise { .. })
        {
            return Ok(there);
        }
        let columns = entity.columns.iter().map(|column| ColumnRef::from(&column.destination));
        let constants = entity.constants.iter().map(|(column, _)| ColumnRef::from(column));
        let request = ScanRequest {
            table: entity.destination_table.clone(),
            columns: columns.chain(constants).collect(),
            filter: Filter::All,
            key: None,
            after: None,
            batch_rows: ROWS_AT_ONCE,
            batch_bytes: BATCH_BYTES,
        };
        let reading = |fault: crate::database::Fault| {
            fault.while_doing(format!("reading {} of the destination", entity.name))
        };
        let mut scan = self.destination.scan(request).await.map_err(reading)?;
        while let Some(batch) = scan.next().await.map_err(reading)? {
            for hash in row_hashes(&batch) {
                *there.entry(hash).or_default() += 1;
            }
        }
        for (hash, rows) in &self.unkeyed.written {
            if let Some(times) = there.get_mut(hash) {
                *times = u64::saturating_sub(*times, *rows);
            }
        }
        there.retain(|_, times| *times > 0);
        Ok(there)
    }

    /// Takes a row of the destination that is the same for each of these rows, as long as there is
    /// one; what is left of `new` is to be inserted.
    pub(super) async fn stand_there(
        &mut self,
        remapped: &Remapped,
        hashes: &[u128],
        new: &mut Vec<usize>,
    ) -> Result<()> {
        if self.unkeyed.standing.is_empty() {
            return Ok(());
        }
        let contents = row_hashes(&remapped.batch);
        let standing = &mut self.unkeyed.standing;
        let mut found = Vec::new();
        new.retain(|place| match standing.get_mut(&contents[*place]) {
            Some(times) if *times > 0 => {
                *times -= 1;
                found.push(*place);
                false
            }
            _ => true,
        });
        if found.is_empty() {
            return Ok(());
        }
        let rows = found.len() as u64;
        let read_rows: Vec<usize> = found.iter().map(|place| remapped.kept[*place]).collect();
        let digest = combine(read_rows.iter().map(|row| hashes[*row]));
        let none = vec![Value::Null; read_rows.len()];
        let batch = NewBatch {
            kind: BatchKind::Recognise,
            hashes: found.iter().map(|place| contents[*place]).collect(),
            ..record(remapped, self.place, &read_rows, &none, Vec::new(), digest, "")
        };
        let number = self.story.recorder.next_batch();
        let _ = self.story.recorder.prepare(number, Arc::new(batch)).await?;
        self.story.recorder.committed(number)?;
        self.teller.entity(self.place, |progress| progress.recognised += rows);
        Ok(())
    }
}
