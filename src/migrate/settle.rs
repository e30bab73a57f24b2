//! Whether a batch is in the database, when nobody has said so: the witness (`engine.md` D2).
//!
//! Everything that is asked here is in the journal, so that the answer is the same in the run that
//! lost its connection and in one that goes on after a crash. It is to be asked only once the
//! session that wrote the batch is gone.

use std::collections::HashMap;

use super::journal::{BatchKind, BatchRecord, Keys, NewBatch, WrittenTo};
use super::marker::Marker;
use super::operation::{folded, row_hashes};
use crate::database::{
    Batch, ColumnRef, Destination, Fault, FaultKind, Filter, Result, RowsRequest, Value, Witness,
};

/// Rows read at once when contents are compared.
const AT_ONCE: usize = 1_000;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is there.
    Committed,
    /// It is not there, or doing it again does no harm.
    Aborted,
}

/// A batch in doubt, as the journal has it.
pub(super) struct Doubt<'a> {
    number: i64,
    kind: BatchKind,
    rows: u64,
    written_to: Option<&'a WrittenTo>,
    keys: &'a Keys,
    hashes: &'a [u128],
    counted: Option<u64>,
}

impl<'a> Doubt<'a> {
    /// A batch of this run.
    pub(super) fn of_new(number: i64, batch: &'a NewBatch) -> Self {
        Self {
            number,
            kind: batch.kind,
            rows: batch.rows,
            written_to: batch.written_to.as_ref(),
            keys: &batch.destination_keys,
            hashes: &batch.hashes,
            counted: batch.counted,
        }
    }

    /// A batch of a run that goes on.
    pub(super) fn of_record(batch: &'a BatchRecord) -> Self {
        Self {
            number: batch.id,
            kind: batch.kind,
            rows: batch.rows,
            written_to: batch.written_to.as_ref(),
            keys: &batch.destination_keys,
            hashes: &batch.hashes,
            counted: batch.counted,
        }
    }

    /// Looks. With markers that is one look-up.
    pub(super) async fn settle(
        &self,
        destination: &dyn Destination,
        marker: Option<&Marker>,
    ) -> Result<Verdict> {
        // Both look at what is there when they are done again.
        if matches!(self.kind, BatchKind::Mute | BatchKind::Unmute) {
            return Ok(Verdict::Aborted);
        }
        if let Some(marker) = marker.filter(|_| !self.kind.is_undo()) {
            return marker.verdict(destination, self.number).await;
        }
        match self.kind {
            BatchKind::Insert | BatchKind::People | BatchKind::Links | BatchKind::UndoDelete => {
                self.added(destination).await
            }
            BatchKind::Delete | BatchKind::UndoInsert => self.removed(destination).await,
            BatchKind::Clear => self.cleared(destination).await,
            BatchKind::Change => self.changed(destination).await,
            // Setting the same values again does no harm, and nothing was written for the others.
            BatchKind::SecondPass
            | BatchKind::UndoClear
            | BatchKind::UndoUpdate
            | BatchKind::Recognise
            | BatchKind::Mute
            | BatchKind::Unmute
            | BatchKind::LeftBefore => Ok(Verdict::Aborted),
        }
    }

    fn keyed(&self) -> Option<(&WrittenTo, &ColumnRef, Vec<Value>)> {
        let to = self.written_to?;
        let key = to.key.as_ref()?;
        let keys: Vec<Value> = self.keys.iter().collect();
        (!keys.is_empty()).then_some((to, key, keys))
    }

    async fn added(&self, destination: &dyn Destination) -> Result<Verdict> {
        let Some((to, key, keys)) = self.keyed() else { return self.counted(destination, 1).await };
        if destination.witness(&to.table, key, &keys).await? == Witness::None {
            return Ok(Verdict::Aborted);
        }
        // Someone may have deleted rows since: some of them prove as much as all.
        if self.hashes.is_empty() {
            return Ok(Verdict::Committed);
        }
        // Keys that others can give as well prove nothing; rows with what we wrote do.
        let ours: HashMap<String, u128> =
            keys.iter().map(folded).zip(self.hashes.iter().copied()).collect();
        self.as_written(destination, to, key, &keys, &ours).await
    }

    /// Committed where one of the rows is now as it was written; `written` has what was, by key.
    async fn as_written(
        &self,
        destination: &dyn Destination,
        to: &WrittenTo,
        key: &ColumnRef,
        keys: &[Value],
        written: &HashMap<String, u128>,
    ) -> Result<Verdict> {
        let mut verdict = Verdict::Aborted;
        self.read(destination, to, key, keys, |read| {
            let hashes = row_hashes(read);
            let same = |(row, hash): (usize, &u128)| {
                written.get(&folded(&read.column(0).value(row))) == Some(hash)
            };
            if hashes.iter().enumerate().any(same) {
                verdict = Verdict::Committed;
            }
        })
        .await?;
        Ok(verdict)
    }

    async fn removed(&self, destination: &dyn Destination) -> Result<Verdict> {
        let Some((to, key, keys)) = self.keyed() else {
            return self.counted(destination, -1).await;
        };
        Ok(match destination.witness(&to.table, key, &keys).await? {
            Witness::None => Verdict::Committed,
            Witness::All | Witness::Some(_) => Verdict::Aborted,
        })
    }

    /// A column of rows that was emptied: it is in all of them, or in none.
    async fn cleared(&self, destination: &dyn Destination) -> Result<Verdict> {
        let Some((to, key, keys)) = self.keyed() else { return Ok(Verdict::Aborted) };
        let mut verdict = Verdict::Committed;
        self.read(destination, to, key, &keys, |read| {
            let filled = |row| (1..read.columns().len()).any(|at| !read.column(at).is_null(row));
            if (0..read.len()).any(filled) {
                verdict = Verdict::Aborted;
            }
        })
        .await?;
        Ok(verdict)
    }

    /// Rows that were changed: one that was another before is now as it was written. To be done
    /// again they must not be: what they were before is kept with this batch.
    async fn changed(&self, destination: &dyn Destination) -> Result<Verdict> {
        let Some((to, key, keys)) = self.keyed() else { return Ok(Verdict::Aborted) };
        let written: HashMap<String, u128> = keys
            .iter()
            .map(folded)
            .zip(self.hashes.iter().copied())
            .filter(|(_, hash)| *hash != 0)
            .collect();
        if written.is_empty() {
            // They hold what they held, whichever it is.
            return Ok(Verdict::Committed);
        }
        self.as_written(destination, to, key, &keys, &written).await
    }

    /// Rows that nothing tells apart: their number says it, if nobody else was there.
    async fn counted(&self, destination: &dyn Destination, sign: i64) -> Result<Verdict> {
        let (Some(to), Some(before)) = (self.written_to, self.counted) else {
            return match sign {
                // Without anything to look for, only doing it again is safe, and only deleting.
                ..0 => Ok(Verdict::Aborted),
                _ => Err(self.undecided("its rows cannot be told from others")),
            };
        };
        let now = destination.count(&to.table, &Filter::All).await?;
        let after = before.saturating_add_signed(sign * self.rows as i64);
        match now {
            now if now == after => Ok(Verdict::Committed),
            now if now == before => Ok(Verdict::Aborted),
            now => Err(self.undecided(&format!(
                "{} had {before} rows before it, would have {after} with it, and has {now}: \
                 somebody else has written there",
                to.table
            ))),
        }
    }

    fn undecided(&self, why: &str) -> Fault {
        let table = self.written_to.map_or_else(String::new, |to| format!(" of {}", to.table));
        Fault::new(
            FaultKind::InDoubt,
            format!(
                "whether the last {} rows{table} (batch {}) were committed is not known: {why}",
                self.rows, self.number
            ),
        )
        .advise(
            "Nothing is written before this is decided. Look whether the rows are there; bring the \
             table to one of the two states, then `osferry resume`.",
        )
    }

    async fn read(
        &self,
        destination: &dyn Destination,
        to: &WrittenTo,
        key: &ColumnRef,
        keys: &[Value],
        mut each: impl FnMut(&Batch),
    ) -> Result<()> {
        let mut columns = vec![key.clone()];
        columns.extend(to.columns.iter().cloned());
        for some in keys.chunks(AT_ONCE) {
            let read = destination
                .rows(&RowsRequest {
                    table: to.table.clone(),
                    columns: columns.clone(),
                    filter: Filter::AnyOf(key.name.clone(), some.to_vec()),
                    order_by: None,
                    limit: None,
                })
                .await?;
            each(&read);
        }
        Ok(())
    }
}
