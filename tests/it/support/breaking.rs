//! A destination whose connection breaks once, at a chosen step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use osferry::database::{
    Batch, ColumnRef, Destination, EngineFacts, Fault, FaultKind, Fence, Filter, InsertTarget,
    JournalToken, Outcome, Removal, Removed, Result, Rights, RowsRequest, RunLock, Scan,
    ScanRequest, Source, TableName, TableShape, UpdateTarget, Value, Witness, Writer,
};

/// When and how it breaks.
#[derive(Clone, Copy, Debug)]
pub struct Break {
    /// At which step of writing sessions, counted from 0; of the commits alone when blind.
    pub at: usize,
    /// Whether the step is done and only its answer lost.
    pub done: bool,
    /// Whether nobody can look afterwards what is there.
    pub blind: bool,
}

struct Breaks {
    plan: Break,
    step: AtomicUsize,
}

impl Breaks {
    fn now(&self, commit: bool) -> bool {
        (commit || !self.plan.blind) && self.step.fetch_add(1, Ordering::SeqCst) == self.plan.at
    }
}

/// The destination.
pub struct Breaking {
    inner: Box<dyn Destination>,
    breaks: Arc<Breaks>,
}

impl Breaking {
    pub fn new(inner: Box<dyn Destination>, plan: Break) -> Self {
        Self { inner, breaks: Arc::new(Breaks { plan, step: AtomicUsize::new(0) }) }
    }

    /// How many steps were taken.
    pub fn steps(&self) -> usize {
        self.breaks.step.load(Ordering::SeqCst)
    }
}

fn lost() -> Fault {
    Fault::new(FaultKind::Lost, "the connection broke, as the test wants it")
}

#[async_trait]
impl Source for Breaking {
    fn facts(&self) -> &EngineFacts {
        Source::facts(self.inner.as_ref())
    }
    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        self.inner.tables(catalog).await
    }
    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        self.inner.shapes(tables).await
    }
    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        self.inner.rows(request).await
    }
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        self.inner.scan(request).await
    }
    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        self.inner.count(table, filter).await
    }
    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        self.inner.highest(table, column).await
    }
    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        self.inner.distinct(table, column, filter, limit).await
    }
    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        self.inner.rights(tables).await
    }
}

#[async_trait]
impl Destination for Breaking {
    fn as_source(&self) -> &dyn Source {
        self
    }
    async fn lock_run(&self, run: &str) -> Result<Box<dyn RunLock>> {
        self.inner.lock_run(run).await
    }
    async fn writer(&self, session: &str) -> Result<Box<dyn Writer>> {
        let inner = Some(self.inner.writer(session).await?);
        Ok(Box::new(BreakingWriter { inner, breaks: Arc::clone(&self.breaks) }))
    }
    async fn fence(&self, session: &str) -> Result<Fence> {
        self.inner.fence(session).await
    }
    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness> {
        if self.breaks.plan.blind {
            return Err(lost());
        }
        self.inner.witness(table, key, keys).await
    }
}

struct BreakingWriter {
    inner: Option<Box<dyn Writer>>,
    breaks: Arc<Breaks>,
}

/// Takes a step of the session, or breaks before or after it.
macro_rules! step {
    ($self:ident, $call:ident ( $($argument:expr),* )) => {{
        let breaks = $self.breaks.now(false);
        let inner = $self.inner.as_mut().ok_or_else(lost)?;
        if !breaks {
            return inner.$call($($argument),*).await;
        }
        if $self.breaks.plan.done {
            let _ = inner.$call($($argument),*).await;
        }
        $self.inner = None;
        Err(lost())
    }};
}

#[async_trait]
impl Writer for BreakingWriter {
    async fn begin(&mut self) -> Result<()> {
        step!(self, begin())
    }
    async fn insert(&mut self, target: &InsertTarget, batch: &Batch) -> Result<Vec<i64>> {
        step!(self, insert(target, batch))
    }
    async fn update(&mut self, target: &UpdateTarget, batch: &Batch) -> Result<u64> {
        step!(self, update(target, batch))
    }
    async fn rows(&mut self, request: &RowsRequest) -> Result<Batch> {
        step!(self, rows(request))
    }
    async fn delete(&mut self, removal: &Removal) -> Result<Removed> {
        step!(self, delete(removal))
    }
    async fn clear(&mut self, removal: &Removal, column: &str) -> Result<Removed> {
        step!(self, clear(removal, column))
    }
    async fn rollback(&mut self) -> Result<()> {
        step!(self, rollback())
    }
    async fn commit(&mut self, token: JournalToken) -> Outcome {
        let breaks = self.breaks.now(true);
        let Some(inner) = &mut self.inner else { return Outcome::Unknown(lost()) };
        if !breaks {
            return inner.commit(token).await;
        }
        if self.breaks.plan.done {
            let _ = inner.commit(token).await;
        }
        self.inner = None;
        Outcome::Unknown(lost())
    }
}
