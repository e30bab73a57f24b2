//! The next batch made ready while the one before it is written.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::super::operation::target_of;
use super::super::past::PastEntity;
use super::super::range::IdRange;
use super::super::reader::{Read, Wanted, key_of};
use super::super::remap::{Maps, Remapped, remap};
use super::super::session::WriteSession;
use super::size::BatchSize;
use crate::database::{Batch, Fault, FaultKind, Result, Value};
use crate::plan::{EntityPlan, ExistingPlan, Plan};

/// A batch as it was read, and what it becomes.
pub(super) struct Ready {
    /// The rows that are to be carried over and were not dealt with before this stretch of the run.
    pub(super) batch: Batch,
    /// The proof's hash of each.
    pub(super) hashes: Vec<u128>,
    /// What they become; whatever it is, everything before it is written first.
    pub(super) remapped: Result<Remapped>,
    /// The key of the last row that was read; NULL where there is none.
    pub(super) last: Value,
}

/// Makes batches ready.
pub(super) struct Ahead<'a> {
    pub(super) plan: &'a Plan,
    pub(super) place: usize,
    pub(super) maps: &'a Maps,
    pub(super) past: &'a PastEntity,
    pub(super) wanted: &'a Wanted,
    pub(super) range: Option<Arc<IdRange>>,
}

impl Ahead<'_> {
    fn entity(&self) -> &EntityPlan {
        &self.plan.entities[self.place]
    }

    /// The next batch; `None` after the last. A session that has nothing else to do takes the rows of
    /// its first transaction to the server, if transactions stay as large as they are.
    pub(super) async fn next(
        &self,
        batches: &mut mpsc::Receiver<Result<Read>>,
        session: Option<(&mut WriteSession, BatchSize)>,
    ) -> Result<Option<Ready>> {
        let read = batches.recv().await.unwrap_or_else(|| {
            Err(Fault::new(FaultKind::Other, "the reader ended before the last row"))
        });
        let Some((batch, hashes)) = read? else { return Ok(None) };
        let last = key_of(self.entity(), &batch, batch.len().saturating_sub(1));
        let (batch, hashes) = self.unknown(batch, hashes)?;
        let remapped = remap(self.plan, self.place, &batch, self.maps);
        // Which rows are inserted is known only then where some may be there.
        let is_certain = !matches!(self.entity().existing, ExistingPlan::Recognise { .. })
            && self.entity().key_column().is_some();
        // With ids of our own rows may take another way than by the staging table.
        let is_ordinary = self.range.as_ref().is_none_or(|range| range.is_ordinary());
        let stages = is_certain && is_ordinary;
        if let (Ok(remapped), Some((session, size)), true) = (&remapped, session, stages) {
            let target = target_of(self.entity());
            let all: Vec<usize> = (0..remapped.kept.len()).collect();
            match size.parts(&all).next() {
                Some(first) if first.len() < all.len() => {
                    session.stage(&target, &remapped.batch.select(first)?).await;
                }
                _ => session.stage(&target, &remapped.batch).await,
            }
        }
        Ok(Some(Ready { batch, hashes, remapped, last }))
    }

    /// The rows of a batch that are to be carried over and were not dealt with before this stretch of
    /// the run.
    fn unknown(&self, batch: Batch, hashes: Vec<u128>) -> Result<(Batch, Vec<u128>)> {
        let is_new = self.past.is_empty() && self.wanted.is_any();
        if is_new || self.entity().key_column().is_none() {
            return Ok((batch, hashes));
        }
        let new: Vec<usize> = (0..batch.len())
            .filter(|row| {
                let key = key_of(self.entity(), &batch, *row);
                self.wanted.has(&key) && !self.past.knows(&key)
            })
            .collect();
        if new.len() == batch.len() {
            return Ok((batch, hashes));
        }
        let hashes = new.iter().map(|row| hashes[*row]).collect();
        Ok((batch.select(&new)?, hashes))
    }
}
