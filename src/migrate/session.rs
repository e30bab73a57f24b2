//! A writing session: one transaction at a time, journaled before COMMIT, settled when in doubt.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::control::Control;
use super::journal::{Journal, NewBatch};
use crate::database::{
    Batch, ColumnRef, ColumnType, Destination, Fault, FaultKind, Fence, Filter, InsertTarget,
    Outcome, Result, TableName, UpdateTarget, Witness, Writer,
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

impl Operation<'_> {
    fn table(&self) -> &TableName {
        match self {
            Self::Insert { target, .. } => &target.table,
            Self::Update { target, .. } => &target.table,
            Self::Delete { table, .. } | Self::Clear { table, .. } => table,
        }
    }
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
    /// went wrong when it is waited for, and when it is tried again.
    pub(super) async fn write(
        &mut self,
        operation: &Operation<'_>,
        record: &mut (dyn FnMut(&Done, &str) -> NewBatch + Send),
        trouble: &(dyn Fn(&str) + Sync),
    ) -> Result<Done> {
        let mut tries = 0;
        loop {
            let fault = match self.attempt(operation, record, trouble).await {
                Ok(done) => return Ok(done),
                Err(fault) => fault,
            };
            tries += 1;
            if !(fault.kind == FaultKind::Retry || is_broken(&fault)) || tries >= TRIES {
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
        trouble: &(dyn Fn(&str) + Sync),
    ) -> Result<Done> {
        let writer = self.open().await?;
        let done = match perform(writer, operation).await {
            Ok(done) if done.rows > 0 => done,
            Ok(done) => {
                self.roll_back().await;
                return Ok(done);
            }
            Err(fault) => {
                self.give_up(&fault, trouble).await?;
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
                self.give_up(&fault, trouble).await?;
                Err(fault)
            }
            Outcome::Unknown(fault) => self.settle(operation, number, done, fault, trouble).await,
        }
    }

    /// Nobody knows whether COMMIT was done: wait until the old session is gone, then look.
    async fn settle(
        &mut self,
        operation: &Operation<'_>,
        number: i64,
        done: Done,
        fault: Fault,
        trouble: &(dyn Fn(&str) + Sync),
    ) -> Result<Done> {
        self.writer = None;
        match self.look(operation, &done, &fault, trouble).await {
            Ok(Witness::All | Witness::Some(_)) => {
                lock(&self.journal).committed(number)?;
                Ok(done)
            }
            Ok(Witness::None) => {
                lock(&self.journal).aborted(number)?;
                Err(Fault { kind: FaultKind::Retry, ..fault })
            }
            // To be neither repeated nor forgotten: the journal keeps the batch as prepared.
            Err(why) => {
                let kind = match why.kind {
                    FaultKind::Cancelled => FaultKind::Cancelled,
                    _ => FaultKind::Other,
                };
                let what = format!(
                    "whether the last {} rows of {} were committed is not known: {}",
                    done.rows,
                    operation.table(),
                    why.what
                );
                Err(Fault::new(kind, what).advise(
                    "Look before you run again. A run with destination_rows = \"replace\" deletes \
                     them if they are there.",
                ))
            }
        }
    }

    /// Whether the rows of a transaction are there, once its session is gone.
    async fn look(
        &mut self,
        operation: &Operation<'_>,
        done: &Done,
        fault: &Fault,
        trouble: &(dyn Fn(&str) + Sync),
    ) -> Result<Witness> {
        self.fence(fault, trouble).await?;
        // Doing the others again does no harm, so "not done" is a safe answer.
        let Operation::Insert { target, known, .. } = operation else { return Ok(Witness::None) };
        let (key, ids) = match (&target.identity, known) {
            (Some(identity), _) => {
                let key = target.columns.iter().find(|column| column.name == *identity);
                let data_type = key.map_or(ColumnType::BigInt, |column| column.data_type.clone());
                (ColumnRef { name: identity.clone(), data_type }, &done.ids)
            }
            (None, Some((key, ids))) => (key.clone(), ids),
            (None, None) => {
                let what =
                    format!("{}, and rows without a number cannot be looked for", fault.what);
                return Err(Fault::new(FaultKind::Other, what));
            }
        };
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        self.destination.witness(&target.table, &key, &ids).await
    }

    /// Waits until the lost session is gone, so that its transaction is decided.
    async fn fence(&mut self, why: &Fault, trouble: &(dyn Fn(&str) + Sync)) -> Result<()> {
        for tried in 0..FENCE_TRIES {
            match self.destination.fence(&self.name).await {
                Ok(Fence::Gone) => return Ok(()),
                Ok(Fence::StillThere) => {}
                Err(fault) if is_broken(&fault) => {}
                Err(fault) => return Err(fault),
            }
            if tried == 0 {
                trouble(&format!("{}; waiting for the server", why.what));
            }
            self.control.before_commit()?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Err(Fault::new(
            FaultKind::Lost,
            format!("{}, and the destination's server does not come back", why.what),
        )
        .advise(
            "See to the server, and to a session that it may still hold; then run the plan again.",
        ))
    }

    /// After an error: rolls back, or drops the session and waits until the server has.
    async fn give_up(&mut self, fault: &Fault, trouble: &(dyn Fn(&str) + Sync)) -> Result<()> {
        if is_broken(fault) {
            self.writer = None;
            return self.fence(fault, trouble).await;
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

/// Whether the connection is gone, or as good as gone.
fn is_broken(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Lost | FaultKind::Unreachable | FaultKind::Timeout)
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
