//! A writing session: one transaction at a time, journaled before COMMIT, settled when in doubt.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::control::Control;
use super::journal::{Journal, NewBatch};
use crate::database::{
    Batch, ColumnRef, Destination, Fault, FaultKind, Fence, Filter, InsertTarget, Outcome, Result,
    TableName, UpdateTarget, Witness, Writer,
};
use crate::outsystems::DestinationId;

/// The journal as several sessions share it.
pub(super) type SharedJournal = Arc<Mutex<Journal>>;

/// Locks the journal for one call. It is never held across an await.
pub(super) fn lock(journal: &SharedJournal) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a batch is tried again when the server says that it may work, or the connection broke.
const TRIES: u32 = 6;
/// How long a lost session is waited for, a second at a time.
const FENCE_TRIES: u32 = 300;

/// What a transaction does.
pub(super) enum Operation<'a> {
    /// Inserts rows. For tables whose ids are known beforehand, the key column and the ids.
    Insert {
        target: &'a InsertTarget,
        batch: &'a Batch,
        known: Option<(ColumnRef, Vec<DestinationId>)>,
    },
    /// Sets columns of rows; doing it twice does no harm.
    Update { target: &'a UpdateTarget, batch: &'a Batch },
    /// Deletes rows; doing it twice does no harm.
    Delete { table: &'a TableName, filter: &'a Filter, limit: usize },
    /// Empties a column; doing it twice does no harm.
    Clear { table: &'a TableName, column: &'a str, filter: &'a Filter, limit: usize },
}

/// What it did.
pub(super) struct Done {
    /// The ids that the destination gave.
    pub(super) ids: Vec<DestinationId>,
    /// Rows touched.
    pub(super) rows: u64,
}

/// One session and what it needs to be opened again.
pub(super) struct WriteSession {
    destination: Arc<dyn Destination>,
    journal: SharedJournal,
    control: Control,
    label: String,
    opened: u32,
    name: String,
    writer: Option<Box<dyn Writer>>,
}

impl WriteSession {
    /// A session to be opened with its first write. `label` is unique within the run.
    pub(super) fn new(
        destination: Arc<dyn Destination>,
        journal: SharedJournal,
        control: Control,
        label: String,
    ) -> Self {
        Self { destination, journal, control, label, opened: 0, name: String::new(), writer: None }
    }

    /// Does one transaction. `record` says what the journal is to know before COMMIT. A
    /// transaction that touches no row is rolled back and not recorded. `trouble` is told what
    /// went wrong when it is tried again.
    pub(super) async fn write(
        &mut self,
        operation: &Operation<'_>,
        record: &mut (dyn FnMut(&Done, &str) -> NewBatch + Send),
        trouble: &(dyn Fn(&str) + Sync),
    ) -> Result<Done> {
        let mut tries = 0;
        loop {
            let fault = match self.attempt(operation, record).await {
                Ok(done) => return Ok(done),
                Err(fault) => fault,
            };
            tries += 1;
            let again =
                matches!(fault.kind, FaultKind::Retry | FaultKind::Lost | FaultKind::Timeout);
            if !again || tries >= TRIES {
                return Err(fault);
            }
            let wait = Duration::from_millis(50 << tries);
            trouble(&format!("{}; trying again ({tries} of {})", fault.what, TRIES - 1));
            tokio::time::sleep(wait).await;
        }
    }

    async fn open(&mut self) -> Result<&mut Box<dyn Writer>> {
        if self.writer.is_none() {
            self.opened += 1;
            self.name = format!("{}.{}", self.label, self.opened);
            // The name has to be on disk before the session's first write: a fence asks for it.
            lock(&self.journal).session(&self.name)?;
            self.writer = Some(self.destination.writer(&self.name).await?);
        }
        self.writer.as_mut().ok_or_else(|| Fault::new(FaultKind::Lost, "no writing session"))
    }

    async fn attempt(
        &mut self,
        operation: &Operation<'_>,
        record: &mut (dyn FnMut(&Done, &str) -> NewBatch + Send),
    ) -> Result<Done> {
        let writer = self.open().await?;
        let done = match perform(writer, operation).await {
            Ok(done) if done.rows > 0 => done,
            Ok(done) => {
                self.roll_back().await;
                return Ok(done);
            }
            Err(fault) => {
                self.give_up(&fault).await?;
                return Err(fault);
            }
        };
        let batch = record(&done, &self.name);
        let prepared = lock(&self.journal).prepare(&batch);
        let (number, token) = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => {
                self.roll_back().await;
                return Err(fault);
            }
        };
        if let Err(stop) = self.control.before_commit() {
            self.roll_back().await;
            lock(&self.journal).aborted(number)?;
            return Err(stop);
        }
        let outcome = match &mut self.writer {
            Some(writer) => writer.commit(token).await,
            None => return Err(Fault::new(FaultKind::Lost, "no writing session")),
        };
        match outcome {
            Outcome::Done => {
                lock(&self.journal).committed(number)?;
                Ok(done)
            }
            Outcome::RolledBack(fault) => {
                lock(&self.journal).aborted(number)?;
                self.give_up(&fault).await?;
                Err(fault)
            }
            Outcome::Unknown(fault) => self.settle(operation, number, done, fault).await,
        }
    }

    /// Nobody knows whether COMMIT was done: wait until the old session is gone, then look.
    async fn settle(
        &mut self,
        operation: &Operation<'_>,
        number: i64,
        done: Done,
        fault: Fault,
    ) -> Result<Done> {
        self.writer = None;
        self.fence().await?;
        let verdict = match operation {
            Operation::Insert { target, known, .. } => {
                let seen = match (&target.identity, known) {
                    (Some(identity), _) => {
                        let key = target.columns.iter().find(|c| c.name == *identity);
                        let data_type = key.map_or(crate::database::ColumnType::BigInt, |column| {
                            column.data_type.clone()
                        });
                        Some((ColumnRef { name: identity.clone(), data_type }, done.ids.clone()))
                    }
                    (None, Some((key, ids))) => Some((key.clone(), ids.clone())),
                    (None, None) => None,
                };
                match seen {
                    Some((key, ids)) => {
                        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
                        self.destination.witness(&target.table, &key, &ids).await?
                    }
                    None => {
                        return Err(Fault::new(
                            FaultKind::Other,
                            format!(
                                "the connection broke during COMMIT and nothing tells whether the \
                                 rows of {} are there: {}",
                                target.table, fault.what
                            ),
                        )
                        .advise(
                            "Its rows have no number to look for. Start over after removing them.",
                        ));
                    }
                }
            }
            // Doing these again does no harm, so "not done" is a safe answer.
            _ => Witness::None,
        };
        match verdict {
            Witness::All | Witness::Some(_) => {
                lock(&self.journal).committed(number)?;
                Ok(done)
            }
            Witness::None => {
                lock(&self.journal).aborted(number)?;
                Err(Fault { kind: FaultKind::Retry, ..fault })
            }
        }
    }

    async fn fence(&self) -> Result<()> {
        for _ in 0..FENCE_TRIES {
            match self.destination.fence(&self.name).await {
                Ok(Fence::Gone) => return Ok(()),
                Ok(Fence::StillThere) => {}
                Err(fault)
                    if matches!(
                        fault.kind,
                        FaultKind::Lost | FaultKind::Unreachable | FaultKind::Timeout
                    ) => {}
                Err(fault) => return Err(fault),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Err(Fault::new(
            FaultKind::Lost,
            "the destination still holds a session whose connection broke",
        )
        .advise("A DBA can end the session; then start again."))
    }

    /// After an error: rolls back, or drops the session and waits until the server has.
    async fn give_up(&mut self, fault: &Fault) -> Result<()> {
        if matches!(fault.kind, FaultKind::Lost | FaultKind::Timeout) {
            self.writer = None;
            return self.fence().await;
        }
        self.roll_back().await;
        Ok(())
    }

    async fn roll_back(&mut self) {
        if let Some(writer) = &mut self.writer
            && writer.rollback().await.is_err()
        {
            // The server rolls back when the session ends.
            self.writer = None;
        }
    }
}

async fn perform(writer: &mut Box<dyn Writer>, operation: &Operation<'_>) -> Result<Done> {
    writer.begin().await?;
    Ok(match operation {
        Operation::Insert { target, batch, .. } => {
            let ids = writer.insert(target, batch).await?;
            if target.identity.is_some() && ids.len() != batch.len() {
                return Err(Fault::new(
                    FaultKind::Other,
                    format!("{}: {} rows got {} ids", target.table, batch.len(), ids.len()),
                ));
            }
            let ids = ids.into_iter().map(DestinationId).collect();
            Done { ids, rows: batch.len() as u64 }
        }
        Operation::Update { target, batch } => {
            Done { ids: Vec::new(), rows: writer.update(target, batch).await? }
        }
        Operation::Delete { table, filter, limit } => {
            Done { ids: Vec::new(), rows: writer.delete(table, filter, *limit).await? }
        }
        Operation::Clear { table, column, filter, limit } => {
            Done { ids: Vec::new(), rows: writer.clear(table, column, filter, *limit).await? }
        }
    })
}
