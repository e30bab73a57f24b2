//! Several operations in one transaction: all of them or none.
//!
//! Each is a batch of its own in the journal, prepared before the one COMMIT. They share its fate:
//! where that is not known, one of them that is found there says that all are.

use std::sync::Arc;

use super::{Setback, Trouble, WriteSession, no_session, stays_unknown};
use crate::database::{Fault, FaultKind, JournalToken, Outcome, Result, RowsRequest, Writer};
use crate::migrate::journal::NewBatch;
use crate::migrate::operation::{Done, Operation, within};
use crate::migrate::retry::Patience;
use crate::migrate::settle::{Doubt, Verdict};

/// What the journal is to know of an operation, by its place: made from what it did.
pub(in crate::migrate) type Records<'a> = &'a mut (dyn FnMut(usize, &Done) -> NewBatch + Send);

/// What is in the transaction that is open, with what lets it be committed.
type Prepared = (Vec<(i64, Arc<NewBatch>)>, JournalToken);

impl WriteSession {
    /// Does all of them in one transaction, again while that may help. Rows that a deletion leaves
    /// behind, because they came after it was counted, are an error.
    pub(in crate::migrate) async fn write_together(
        &mut self,
        operations: &[Operation<'_>],
        records: Records<'_>,
        trouble: Trouble<'_>,
    ) -> Result<Vec<Done>> {
        let mut patience = Patience::default();
        let Some(first) = operations.first() else { return Ok(Vec::new()) };
        loop {
            let fault = match self.attempt_together(operations, records, trouble).await {
                Ok(done) => return Ok(done),
                Err(Setback::Final(fault)) => return Err(fault),
                Err(Setback::Decided(fault)) => fault,
            };
            self.bear(&mut patience, fault, first.table(), trouble).await?;
        }
    }

    async fn attempt_together(
        &mut self,
        operations: &[Operation<'_>],
        records: Records<'_>,
        trouble: Trouble<'_>,
    ) -> std::result::Result<Vec<Done>, Setback> {
        let ids_come_back = self.destination.facts().capabilities.ids_come_back;
        let writer = self.open().await?;
        let done = match perform_all(writer, operations, ids_come_back).await {
            Ok(done) => done,
            Err(fault) => return Err(self.give_up(fault, trouble).await),
        };
        if done.iter().all(|done| done.rows == 0) {
            let _ = self.roll_back().await;
            return Ok(done);
        }
        let (done, (batches, token)) = match self.prepare_all(operations, done, records).await {
            Ok(prepared) => prepared,
            Err(fault) => {
                let _ = self.roll_back().await;
                return Err(fault.into());
            }
        };
        if let Err(stop) = self.control.before_commit() {
            let _ = self.roll_back().await;
            self.none_of(&batches).await?;
            return Err(stop.into());
        }
        let Some(writer) = &mut self.writer else { return Err(no_session().into()) };
        match writer.commit(token).await {
            Outcome::Done => {
                self.all_of(&batches).map_err(Setback::Final)?;
                Ok(done)
            }
            Outcome::RolledBack(fault) => {
                self.none_of(&batches).await?;
                Err(self.give_up(fault, trouble).await)
            }
            Outcome::Unknown(fault) => {
                self.writer = None;
                self.settle_all(&batches, fault, trouble).await.map(|()| done)
            }
        }
    }

    /// Has everything on disk that must be known after a crash.
    async fn prepare_all(
        &self,
        operations: &[Operation<'_>],
        mut done: Vec<Done>,
        records: Records<'_>,
    ) -> Result<(Vec<Done>, Prepared)> {
        let mut batches = Vec::new();
        let mut token = None;
        for (place, (operation, done)) in operations.iter().zip(&mut done).enumerate() {
            if done.rows == 0 {
                continue;
            }
            if let (Some(columns), Some(images)) = (operation.kept(), &self.story.images) {
                done.image = Some(images.keep(columns.to_vec(), done.before.clone()).await?);
            }
            let mut batch = records(place, done);
            batch.session.clone_from(&self.name);
            batch.image = done.image;
            let (number, batch) = (self.story.recorder.next_batch(), Arc::new(batch));
            token = Some(self.story.recorder.prepare(number, Arc::clone(&batch)).await?);
            batches.push((number, batch));
        }
        let token = token.ok_or_else(|| Fault::new(FaultKind::Other, "nothing was prepared"))?;
        Ok((done, (batches, token)))
    }

    fn all_of(&self, batches: &[(i64, Arc<NewBatch>)]) -> Result<()> {
        batches.iter().try_for_each(|(number, _)| self.story.recorder.committed(*number))
    }

    async fn none_of(&self, batches: &[(i64, Arc<NewBatch>)]) -> Result<()> {
        for (number, _) in batches {
            self.story.recorder.aborted(*number).await?;
        }
        Ok(())
    }

    /// Nobody knows whether COMMIT was done: wait until the old session is gone, then look.
    async fn settle_all(
        &mut self,
        batches: &[(i64, Arc<NewBatch>)],
        fault: Fault,
        trouble: Trouble<'_>,
    ) -> std::result::Result<(), Setback> {
        self.fence(&fault, trouble).await.map_err(stays_unknown)?;
        let mut is_there = false;
        for (number, batch) in batches {
            let doubt = Doubt::of_new(*number, batch);
            let verdict = doubt.settle(self.destination.as_ref(), None).await;
            is_there |= verdict.map_err(stays_unknown)? == Verdict::Committed;
        }
        if is_there {
            return self.all_of(batches).map_err(Setback::Final);
        }
        self.none_of(batches).await.map_err(Setback::Final)?;
        Err(Setback::Decided(Fault { kind: FaultKind::Lost, ..fault }))
    }
}

/// Does all of them in a transaction that is begun here and left open.
async fn perform_all(
    writer: &mut Box<dyn Writer>,
    operations: &[Operation<'_>],
    ids_come_back: bool,
) -> Result<Vec<Done>> {
    writer.begin().await?;
    let mut all = Vec::with_capacity(operations.len());
    for operation in operations {
        let done = within(writer, operation, ids_come_back).await;
        let done = done.map_err(|fault| fault.while_doing(operation.table()))?;
        if let Operation::Delete { removal, .. } = operation {
            let left = writer
                .rows(&RowsRequest {
                    table: removal.table.clone(),
                    columns: removal.returning.iter().take(1).cloned().collect(),
                    filter: removal.filter.clone(),
                    order_by: None,
                    limit: Some(1),
                })
                .await?;
            if !left.is_empty() {
                let what = format!("rows came into {} after they were counted", removal.table);
                return Err(Fault::new(FaultKind::Changed, what)
                    .advise("Nothing was written. See who writes there, then start again."));
            }
        }
        all.push(done);
    }
    Ok(all)
}
