//! Databases that break at chosen calls, in a chosen way.
//!
//! Every call of a source, a destination and its sessions has a number, and three moments at which
//! something may happen to it: before it is sent, when it is sent and not answered, and when it
//! is done and its answer on the way. What may happen is what a server answers, a connection
//! that breaks, and the end of the program itself.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use osferry::database::{
    Alike, AlikeTarget, Batch, ColumnRef, Destination, EngineFacts, Fault, FaultKind, Fence,
    Filter, InsertTarget, JournalToken, Outcome, Removal, Removed, Result, Rights, RowsRequest,
    RunLock, Scan, ScanRequest, Script, Source, TableName, TableShape, UpdateTarget, Value,
    Witness, Writer,
};
use tokio::sync::Notify;

/// When it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the call is sent.
    Before,
    /// When it is sent and not answered: whether it is done is decided later, or never.
    Sent,
    /// When it is done; its answer does not arrive.
    After,
}

/// How it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The server answers with an error of this kind, having done nothing.
    Answer(FaultKind),
    /// The connection is gone; the client notices by an error of this kind.
    Cut(FaultKind),
    /// The program ends there and then.
    Crash,
    /// The computer does: what the journal did not sync is gone as well.
    PowerCut,
    /// The program panics.
    Panic,
}

/// Every way to break a call.
pub const WAYS: &[(Moment, How)] = &[
    (Moment::Before, How::Answer(FaultKind::Retry)),
    (Moment::Before, How::Answer(FaultKind::Refused)),
    (Moment::Before, How::Answer(FaultKind::Full)),
    (Moment::Before, How::Answer(FaultKind::Permission)),
    (Moment::Before, How::Cut(FaultKind::Lost)),
    (Moment::Sent, How::Cut(FaultKind::Lost)),
    (Moment::After, How::Cut(FaultKind::Lost)),
    (Moment::Sent, How::Cut(FaultKind::Timeout)),
    (Moment::After, How::Cut(FaultKind::Timeout)),
    (Moment::Before, How::Crash),
    (Moment::Sent, How::Crash),
    (Moment::After, How::Crash),
    (Moment::Before, How::PowerCut),
    (Moment::Sent, How::PowerCut),
    (Moment::After, How::PowerCut),
    (Moment::Before, How::Panic),
    (Moment::After, How::Panic),
];

/// Which call, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Of all calls.
    Call(usize),
    /// Of those of this name.
    Of(&'static str, usize),
}

/// A call that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    pub at: At,
    pub moment: Moment,
    pub how: How,
}

/// What is done when the program or the computer ends, and when the journal is known to be synced.
pub trait Witnessed: Send {
    /// The run's files are safe up to here.
    fn synced(&mut self);
    /// The program ends; with `power`, the computer too.
    fn ended(&mut self, power: bool);
}

/// Which calls break, and which were made.
pub struct Breaks {
    plan: Vec<Break>,
    calls: Mutex<Vec<&'static str>>,
    hit: AtomicBool,
    ending: Mutex<Option<Box<dyn Witnessed>>>,
    ended: Notify,
    has_ended: AtomicBool,
}

impl Breaks {
    pub fn new(plan: Vec<Break>, ending: Option<Box<dyn Witnessed>>) -> Arc<Self> {
        Arc::new(Self {
            plan,
            calls: Mutex::default(),
            hit: AtomicBool::new(false),
            ending: Mutex::new(ending),
            ended: Notify::new(),
            has_ended: AtomicBool::new(false),
        })
    }

    /// Whether any of the calls was reached.
    pub fn hit(&self) -> bool {
        self.hit.load(Ordering::SeqCst)
    }

    /// The calls made so far.
    pub fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the program has to end.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Counts a call; how it breaks, if it does. Once the program has ended nobody calls any more.
    async fn next(&self, call: &'static str) -> Option<Break> {
        if self.has_ended.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = calls.iter().filter(|made| **made == call).count();
        let here = |one: &&Break| match one.at {
            At::Call(at) => at == calls.len(),
            At::Of(name, at) => call == name && at == alike,
        };
        let found = self.plan.iter().find(here).copied();
        calls.push(call);
        if found.is_some() {
            self.hit.store(true, Ordering::SeqCst);
        }
        found
    }

    fn ending(&self, what: impl FnOnce(&mut dyn Witnessed)) {
        if let Some(ending) = &mut *self.ending.lock().unwrap_or_else(PoisonError::into_inner) {
            what(ending.as_mut());
        }
    }

    /// What is in the journal now is on disk.
    fn synced(&self) {
        self.ending(|ending| ending.synced());
    }

    /// Ends the program where that is the way: then it does not come back.
    async fn end(&self, how: How) {
        match how {
            How::Crash | How::PowerCut => {
                self.has_ended.store(true, Ordering::SeqCst);
                self.ending(|ending| ending.ended(how == How::PowerCut));
                self.ended.notify_one();
                std::future::pending::<()>().await;
            }
            // Without a word on standard error.
            How::Panic => std::panic::resume_unwind(Box::new("the test wants a panic")),
            How::Answer(_) | How::Cut(_) => {}
        }
    }
}

fn fault(how: How) -> Fault {
    match how {
        How::Answer(kind) | How::Cut(kind) => {
            Fault::new(kind, format!("{kind:?}, as the test wants it"))
        }
        _ => lost(),
    }
}

fn lost() -> Fault {
    Fault::new(FaultKind::Lost, "the connection broke, as the test wants it")
}

/// Polls once: a call is sent by that, and no more.
async fn send<F: Future>(mut call: Pin<&mut F>) {
    std::future::poll_fn(|context| {
        let _ = call.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

/// Makes a call, or breaks it. What the call leaves behind is for the caller to see to.
macro_rules! call {
    ($breaks:expr, $name:expr, $call:expr) => {
        match $breaks.next($name).await {
            None => Ok($call.await),
            Some(broken) => {
                match broken.moment {
                    Moment::Before => {}
                    Moment::Sent => {
                        let mut call = pin!($call);
                        send(call.as_mut()).await;
                        // It is dropped with the program, not before.
                        $breaks.end(broken.how).await;
                    }
                    Moment::After => drop($call.await),
                }
                $breaks.end(broken.how).await;
                Err(broken)
            }
        }
    };
}

/// The same for calls that answer with a result and leave nothing behind.
macro_rules! plain {
    ($breaks:expr, $name:literal, $call:expr) => {
        match call!($breaks, $name, $call) {
            Ok(answer) => answer,
            Err(broken) => Err(fault(broken.how)),
        }
    };
}

/// A source that breaks.
pub struct BreakingSource {
    inner: Box<dyn Source>,
    breaks: Arc<Breaks>,
}

/// A destination that breaks.
pub struct Breaking {
    inner: Box<dyn Destination>,
    breaks: Arc<Breaks>,
}

impl BreakingSource {
    pub fn new(inner: Box<dyn Source>, breaks: &Arc<Breaks>) -> Self {
        Self { inner, breaks: Arc::clone(breaks) }
    }
}

impl Breaking {
    pub fn new(inner: Box<dyn Destination>, breaks: &Arc<Breaks>) -> Self {
        Self { inner, breaks: Arc::clone(breaks) }
    }
}

macro_rules! source {
    ($name:ty) => {
        #[async_trait]
        impl Source for $name {
            fn facts(&self) -> &EngineFacts {
                Source::facts(self.inner.as_ref())
            }
            async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
                plain!(self.breaks, "tables", self.inner.tables(catalog))
            }
            async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
                plain!(self.breaks, "shapes", self.inner.shapes(tables))
            }
            async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
                plain!(self.breaks, "rows", self.inner.rows(request))
            }
            async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
                let inner = plain!(self.breaks, "scan", self.inner.scan(request.clone()))?;
                Ok(Box::new(BreakingScan { inner, breaks: Arc::clone(&self.breaks) }))
            }
            async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
                plain!(self.breaks, "count", self.inner.count(table, filter))
            }
            async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
                plain!(self.breaks, "highest", self.inner.highest(table, column))
            }
            async fn distinct(
                &self,
                table: &TableName,
                column: &ColumnRef,
                filter: &Filter,
                limit: usize,
            ) -> Result<Batch> {
                plain!(self.breaks, "distinct", self.inner.distinct(table, column, filter, limit))
            }
            async fn instant(&self, tables: &[TableName]) -> Result<Box<dyn Source>> {
                let inner = plain!(self.breaks, "instant", self.inner.instant(tables))?;
                Ok(Box::new(BreakingSource::new(inner, &self.breaks)))
            }
            async fn version_store(&self) -> Result<Option<u64>> {
                plain!(self.breaks, "version_store", self.inner.version_store())
            }
            async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
                plain!(self.breaks, "row_bytes", self.inner.row_bytes(tables))
            }
            async fn index_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
                plain!(self.breaks, "index_bytes", self.inner.index_bytes(tables))
            }
            async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
                plain!(self.breaks, "rights", self.inner.rights(tables))
            }
        }
    };
}

source!(BreakingSource);
source!(Breaking);

struct BreakingScan {
    inner: Box<dyn Scan>,
    breaks: Arc<Breaks>,
}

#[async_trait]
impl Scan for BreakingScan {
    async fn next(&mut self) -> Result<Option<Batch>> {
        plain!(self.breaks, "next", self.inner.next())
    }
}

#[async_trait]
impl Destination for Breaking {
    fn as_source(&self) -> &dyn Source {
        self
    }
    async fn lock_run(&self, run: &str) -> Result<Box<dyn RunLock>> {
        plain!(self.breaks, "lock_run", self.inner.lock_run(run))
    }
    async fn writer(&self, session: &str) -> Result<Box<dyn Writer>> {
        // The session's name has to be on disk by now.
        self.breaks.synced();
        let inner = plain!(self.breaks, "writer", self.inner.writer(session))?;
        let breaks = Arc::clone(&self.breaks);
        Ok(Box::new(BreakingWriter { inner: Some(inner), breaks, rows: 0 }))
    }
    async fn fence(&self, session: &str) -> Result<Fence> {
        plain!(self.breaks, "fence", self.inner.fence(session))
    }
    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness> {
        plain!(self.breaks, "witness", self.inner.witness(table, key, keys))
    }
    async fn reserve_ids(
        &self,
        table: &TableName,
        key: &ColumnRef,
        rows: u64,
    ) -> Result<Option<i64>> {
        plain!(self.breaks, "reserve_ids", self.inner.reserve_ids(table, key, rows))
    }
    async fn may_reserve_ids(&self, tables: &[TableName]) -> Result<Option<bool>> {
        plain!(self.breaks, "may_reserve_ids", self.inner.may_reserve_ids(tables))
    }
    fn script(&self) -> Option<Box<dyn Script>> {
        self.inner.script()
    }
}

struct BreakingWriter {
    inner: Option<Box<dyn Writer>>,
    breaks: Arc<Breaks>,
    /// Rows of the last insert or update.
    rows: usize,
}

impl BreakingWriter {
    /// What a broken call leaves of the session, and what its client is told.
    async fn broken(&mut self, broken: Break) -> Fault {
        match broken.how {
            // The last row of a batch that is refused is a reject, or its reference stays empty: then
            // data are missing by rule.
            How::Answer(FaultKind::Refused) if self.rows == 1 => {
                self.roll_back().await;
                fault(How::Answer(FaultKind::Retry))
            }
            // The server has rolled back.
            How::Answer(FaultKind::Retry) => {
                self.roll_back().await;
                fault(broken.how)
            }
            How::Answer(_) => fault(broken.how),
            _ => {
                self.inner = None;
                fault(broken.how)
            }
        }
    }

    async fn roll_back(&mut self) {
        if let Some(inner) = &mut self.inner {
            let _ = inner.rollback().await;
        }
    }
}

macro_rules! step {
    ($self:ident, $name:literal, $call:ident ( $($argument:expr),* )) => {{
        let inner = $self.inner.as_mut().ok_or_else(lost)?;
        match call!($self.breaks, $name, inner.$call($($argument),*)) {
            Ok(answer) => answer,
            Err(broken) => Err($self.broken(broken).await),
        }
    }};
}

#[async_trait]
impl Writer for BreakingWriter {
    async fn begin(&mut self) -> Result<()> {
        // No row is refused before there is one.
        self.rows = 1;
        let begun = step!(self, "begin", begin());
        self.rows = 0;
        begun
    }
    async fn rows(&mut self, request: &RowsRequest) -> Result<Batch> {
        step!(self, "rows within", rows(request))
    }
    async fn held(&mut self, request: &RowsRequest) -> Result<Batch> {
        step!(self, "held", held(request))
    }
    async fn stage(&mut self, target: &InsertTarget, batch: &Batch) -> Result<()> {
        step!(self, "stage", stage(target, batch))
    }
    async fn insert(&mut self, target: &InsertTarget, batch: &Batch) -> Result<Vec<i64>> {
        self.rows = batch.len();
        step!(self, "insert", insert(target, batch))
    }
    async fn insert_reserved(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
        last: i64,
    ) -> Result<()> {
        self.rows = batch.len();
        step!(self, "insert", insert_reserved(target, batch, last))
    }
    async fn alike(&mut self, target: &AlikeTarget, batch: &Batch) -> Result<Vec<Alike>> {
        step!(self, "alike", alike(target, batch))
    }
    async fn update(&mut self, target: &UpdateTarget, batch: &Batch) -> Result<u64> {
        self.rows = batch.len();
        step!(self, "update", update(target, batch))
    }
    async fn delete(&mut self, removal: &Removal) -> Result<Removed> {
        step!(self, "delete", delete(removal))
    }
    async fn clear(&mut self, removal: &Removal, column: &str) -> Result<Removed> {
        step!(self, "clear", clear(removal, column))
    }
    async fn rollback(&mut self) -> Result<()> {
        step!(self, "rollback", rollback())
    }
    async fn commit(&mut self, token: JournalToken) -> Outcome {
        // The token says so.
        self.breaks.synced();
        let Some(inner) = self.inner.as_mut() else { return Outcome::Unknown(lost()) };
        match call!(self.breaks, "commit", inner.commit(token)) {
            Ok(outcome) => outcome,
            Err(broken) => match broken.how {
                How::Answer(_) => {
                    self.roll_back().await;
                    Outcome::RolledBack(self.broken(broken).await)
                }
                _ => Outcome::Unknown(self.broken(broken).await),
            },
        }
    }
}
