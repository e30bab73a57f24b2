//! A destination that calls back while a run is in the middle of a table.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::future::BoxFuture;
use osferry::database::{
    Alike, AlikeTarget, Batch, ColumnRef, Destination, EngineFacts, Fence, Filter, InsertTarget,
    JournalToken, Outcome, Removal, Removed, Result, Rights, RowsRequest, RunLock, Scan,
    ScanRequest, Source, TableName, TableShape, UpdateTarget, Value, Witness, Writer,
};

/// What is called.
pub type Call = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

struct Calls {
    table: TableName,
    /// After so many batches of the table.
    after: usize,
    batches: AtomicUsize,
    call: Call,
}

/// The destination.
pub struct Calling {
    inner: Box<dyn Destination>,
    calls: Arc<Calls>,
}

impl Calling {
    /// Calls once, when so many batches of a table were inserted and committed.
    pub fn new(inner: Box<dyn Destination>, table: TableName, after: usize, call: Call) -> Self {
        let calls = Arc::new(Calls { table, after, batches: AtomicUsize::new(0), call });
        Self { inner, calls }
    }
}

#[async_trait]
impl Source for Calling {
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
    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.inner.row_bytes(tables).await
    }
    async fn index_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.inner.index_bytes(tables).await
    }
    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        self.inner.rights(tables).await
    }
}

#[async_trait]
impl Destination for Calling {
    fn as_source(&self) -> &dyn Source {
        self
    }
    async fn lock_run(&self, run: &str) -> Result<Box<dyn RunLock>> {
        self.inner.lock_run(run).await
    }
    async fn writer(&self, session: &str) -> Result<Box<dyn Writer>> {
        let inner = self.inner.writer(session).await?;
        Ok(Box::new(CallingWriter { inner, calls: Arc::clone(&self.calls), is_due: false }))
    }
    async fn fence(&self, session: &str) -> Result<Fence> {
        self.inner.fence(session).await
    }
    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness> {
        self.inner.witness(table, key, keys).await
    }
    async fn reserve_ids(
        &self,
        table: &TableName,
        key: &ColumnRef,
        rows: u64,
    ) -> Result<Option<i64>> {
        self.inner.reserve_ids(table, key, rows).await
    }
}

struct CallingWriter {
    inner: Box<dyn Writer>,
    calls: Arc<Calls>,
    is_due: bool,
}

#[async_trait]
impl Writer for CallingWriter {
    async fn begin(&mut self) -> Result<()> {
        self.is_due = false;
        self.inner.begin().await
    }
    async fn stage(&mut self, target: &InsertTarget, batch: &Batch) -> Result<()> {
        self.inner.stage(target, batch).await
    }
    async fn insert(&mut self, target: &InsertTarget, batch: &Batch) -> Result<Vec<i64>> {
        self.is_due = target.table == self.calls.table;
        self.inner.insert(target, batch).await
    }
    async fn insert_reserved(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
        last: i64,
    ) -> Result<()> {
        self.is_due = target.table == self.calls.table;
        self.inner.insert_reserved(target, batch, last).await
    }
    async fn alike(&mut self, target: &AlikeTarget, batch: &Batch) -> Result<Vec<Alike>> {
        self.inner.alike(target, batch).await
    }
    async fn update(&mut self, target: &UpdateTarget, batch: &Batch) -> Result<u64> {
        self.inner.update(target, batch).await
    }
    async fn rows(&mut self, request: &RowsRequest) -> Result<Batch> {
        self.inner.rows(request).await
    }
    async fn held(&mut self, request: &RowsRequest) -> Result<Batch> {
        self.inner.held(request).await
    }
    async fn delete(&mut self, removal: &Removal) -> Result<Removed> {
        self.inner.delete(removal).await
    }
    async fn clear(&mut self, removal: &Removal, column: &str) -> Result<Removed> {
        self.inner.clear(removal, column).await
    }
    async fn commit(&mut self, token: JournalToken) -> Outcome {
        let outcome = self.inner.commit(token).await;
        if self.is_due && self.calls.batches.fetch_add(1, Ordering::SeqCst) + 1 == self.calls.after
        {
            (self.calls.call)().await;
        }
        outcome
    }
    async fn rollback(&mut self) -> Result<()> {
        self.inner.rollback().await
    }
}
