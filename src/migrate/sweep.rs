//! After the last page of a table: were all rows read that are to be carried over?
//!
//! Ids are given in order and committed in any: a row below the mark may have come after its page
//! was read. What is found so is carried over as one more batch.

use super::load::Load;
use super::reader::{BATCH_BYTES, rows_below};
use super::remap::{Carried, fold, remap};
use crate::database::{ColumnRef, Fault, FaultKind, Filter, Result, Scan, ScanRequest, Value};
use crate::outsystems::SourceId;
use crate::proof::Canonical;

/// Ids below the mark that are looked through in any case: rows that are committed late are nearly
/// always among the last, and rows deleted meanwhile may hide them from the count.
const LAST_IDS: i64 = 100_000;
/// Keys of a page.
const PAGE_ROWS: usize = 50_000;

impl Load<'_> {
    /// Asks the source in another way which rows there are, and carries over what was committed
    /// late.
    pub(super) async fn sweep(&mut self, read: u64, carried: &mut Carried) -> Result<()> {
        let one_instant = self.reading.is_one_instant();
        // What moves in a frozen source is found when all tables are read.
        // Rows that are tried again are told by their keys, and those that came late by nobody.
        if self.entity().again.is_some() || (self.mark.is_none() && !one_instant) {
            return Ok(());
        }
        let there = self
            .source
            .count(&self.entity().source_table, &rows_below(self.entity(), self.mark))
            .await?;
        match self.mark {
            _ if one_instant && there == read => Ok(()),
            // Asked again: a long pause may have ended the instant just now.
            _ if one_instant && self.reading.is_one_instant() => Err(Fault::new(
                FaultKind::Data,
                format!("one instant of the source has {there} rows, and {read} were read"),
            )
            .advise("This must not be: keep the run's folder and report it.")),
            Some(mark) => self.fetch_late(there > read, mark, carried).await,
            None => Ok(()),
        }
    }

    /// Carries over the rows up to the mark of which nothing is known yet.
    async fn fetch_late(
        &mut self,
        everywhere: bool,
        mark: SourceId,
        carried: &mut Carried,
    ) -> Result<()> {
        let Some(key) = self.entity().key_column().cloned() else { return Ok(()) };
        let after = (!everywhere).then(|| Value::Integer(mark.0.saturating_sub(LAST_IDS)));
        let mut keys = self.scan_late(vec![key.clone()], Filter::All, after, PAGE_ROWS).await?;
        let mut late = 0;
        while let Some(page) = keys.next().await? {
            let ids = page.column(0);
            let unknown: Vec<Value> = (0..page.len())
                .map(|row| ids.value(row))
                .filter(|id| {
                    carried.map.lookup(id).is_none() && !carried.left_out.contains_key(&fold(id))
                })
                .collect();
            for ids in unknown.chunks(self.plan.options.batch_rows.max(1)) {
                let among = Filter::AnyOf(key.name.clone(), ids.to_vec());
                late += self.carry_late(&key, among, carried).await?;
            }
        }
        if late > 0 {
            let name = &self.entity().name;
            let rows = if late == 1 { "1 row was" } else { &format!("{late} rows were") };
            self.reading
                .note(&format!("{name}: {rows} committed late and carried over as well"))?;
        }
        Ok(())
    }

    /// Carries over the rows of a filter; returns how many were read.
    async fn carry_late(
        &mut self,
        key: &ColumnRef,
        among: Filter,
        carried: &mut Carried,
    ) -> Result<u64> {
        let canonical = Canonical::for_source(self.plan, self.entity());
        let mut columns = vec![key.clone()];
        columns.extend(self.entity().columns.iter().map(|column| column.source.clone()));
        let batch_rows = self.plan.options.batch_rows;
        let mut scan = self.scan_late(columns, among, None, batch_rows).await?;
        let mut rows = 0;
        while let Some(batch) = scan.next().await? {
            self.control.between_batches().await?;
            rows += batch.len() as u64;
            let more = batch.len() as u64;
            self.teller.entity(self.place, |progress| progress.read += more);
            let hashes = canonical.row_hashes(&batch);
            let remapped = remap(self.plan, self.place, &batch, self.maps)?;
            self.carry(&batch, &hashes, &remapped, carried).await?;
        }
        Ok(rows)
    }

    async fn scan_late(
        &self,
        columns: Vec<ColumnRef>,
        among: Filter,
        after: Option<Value>,
        batch_rows: usize,
    ) -> Result<Box<dyn Scan>> {
        let entity = self.entity();
        self.source
            .scan(ScanRequest {
                table: entity.source_table.clone(),
                key: columns.first().map(|key| key.name.clone()),
                columns,
                filter: Filter::And(vec![rows_below(entity, self.mark), among]),
                after,
                batch_rows,
                batch_bytes: BATCH_BYTES,
            })
            .await
    }
}
