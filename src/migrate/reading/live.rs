//! A source as of one instant, which can be closed and taken anew while scans are under way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use futures::future::join_all;

use super::super::story::Note;
use crate::database::{
    Batch, ColumnRef, EngineFacts, Filter, Referrer, Result, Rights, RowsRequest, Scan,
    ScanRequest, Source, TableName, TableShape, Value, row_digest, same_name,
};

/// What a scan reads by; nothing when its instant was closed.
type Slot = tokio::sync::Mutex<Option<Box<dyn Scan>>>;

/// The source as of one instant.
pub(super) struct Live {
    inner: Arc<Inner>,
}

struct Inner {
    base: Arc<dyn Source>,
    tables: Vec<TableName>,
    note: Note,
    instant: tokio::sync::Mutex<Option<Arc<dyn Source>>>,
    /// Instants begun.
    begun: AtomicU64,
    /// Instants closed: what fails meanwhile fails because of that.
    closed: AtomicU64,
    scans: Mutex<Vec<Weak<Slot>>>,
}

/// Asks the instant; once more where it was closed meanwhile.
macro_rules! ask {
    ($inner:expr, $call:ident ( $($argument:expr),* )) => {
        loop {
            let closed = $inner.closed();
            let instant = $inner.instant().await?;
            match instant.$call($($argument),*).await {
                Err(_) if $inner.closed() != closed => {}
                answer => break answer,
            }
        }
    };
}

impl Live {
    /// Begins with the first request.
    pub(super) fn new(base: Arc<dyn Source>, tables: Vec<TableName>, note: Note) -> Self {
        Self {
            inner: Arc::new(Inner {
                base,
                tables,
                note,
                instant: tokio::sync::Mutex::default(),
                begun: AtomicU64::new(0),
                closed: AtomicU64::new(0),
                scans: Mutex::default(),
            }),
        }
    }

    /// Whether all that was read is of the first instant, or of a source that does not change.
    pub(super) fn is_the_first(&self) -> bool {
        self.inner.begun.load(Ordering::SeqCst) <= 1
            || self.inner.base.facts().capabilities.instant.lasts()
    }

    /// Ends the instant, for a reason that goes to the run's story. What is asked next begins
    /// another, and scans go on where they are. `false` when there was nothing to end.
    pub(super) async fn close(&self, why: &str) -> Result<bool> {
        if self.inner.instant.lock().await.take().is_none() {
            return Ok(false);
        }
        self.inner.closed.fetch_add(1, Ordering::SeqCst);
        // All at once: one may wait for the connection that another holds.
        join_all(self.inner.scans().into_iter().map(|slot| async move {
            slot.lock().await.take();
        }))
        .await;
        (self.inner.note)(why)?;
        Ok(true)
    }
}

impl Inner {
    fn closed(&self) -> u64 {
        self.closed.load(Ordering::SeqCst)
    }

    /// The instant, begun if there is none.
    async fn instant(&self) -> Result<Arc<dyn Source>> {
        let mut instant = self.instant.lock().await;
        if let Some(instant) = &*instant {
            return Ok(Arc::clone(instant));
        }
        let begun: Arc<dyn Source> = Arc::from(self.base.instant(&self.tables).await?);
        if self.begun.fetch_add(1, Ordering::SeqCst) > 0
            && !self.base.facts().capabilities.instant.lasts()
        {
            (self.note)(
                "the source is read as of another instant from here on: rows may be newer than \
                 those of tables that were read before",
            )?;
        }
        *instant = Some(Arc::clone(&begun));
        Ok(begun)
    }

    /// The scans under way.
    fn scans(&self) -> Vec<Arc<Slot>> {
        let mut scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        scans.retain(|scan| scan.strong_count() > 0);
        scans.iter().filter_map(Weak::upgrade).collect()
    }

    fn register(&self, slot: &Arc<Slot>) {
        self.scans();
        let mut scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        scans.push(Arc::downgrade(slot));
    }
}

#[async_trait]
impl Source for Live {
    fn facts(&self) -> &EngineFacts {
        self.inner.base.facts()
    }
    fn keep_to(&self, connections: usize) {
        self.inner.base.keep_to(connections);
    }
    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        self.inner.base.tables(catalog).await
    }
    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        self.inner.base.shapes(tables).await
    }
    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        ask!(self.inner, rows(request))
    }
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        let slot = Arc::new(Slot::default());
        self.inner.register(&slot);
        let key = request
            .key
            .as_deref()
            .and_then(|key| request.columns.iter().position(|column| same_name(&column.name, key)));
        Ok(Box::new(LiveScan {
            inner: Arc::clone(&self.inner),
            slot,
            request,
            key,
            seen: HashMap::new(),
            skip: HashMap::new(),
        }))
    }
    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        ask!(self.inner, count(table, filter))
    }
    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        ask!(self.inner, highest(table, column))
    }
    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        ask!(self.inner, distinct(table, column, filter, limit))
    }
    async fn referrers(&self, tables: &[TableName]) -> Result<Vec<Referrer>> {
        ask!(self.inner, referrers(tables))
    }
    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.inner.base.row_bytes(tables).await
    }
    async fn index_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.inner.base.index_bytes(tables).await
    }
    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        self.inner.base.rights(tables).await
    }
    async fn version_store(&self) -> Result<Option<u64>> {
        self.inner.base.version_store().await
    }
}

/// A scan that goes on in the next instant when its own was closed: after its last key, or, where
/// there is none, without the rows it has seen.
struct LiveScan {
    inner: Arc<Inner>,
    slot: Arc<Slot>,
    request: ScanRequest,
    key: Option<usize>,
    seen: HashMap<[u8; 16], u32>,
    skip: HashMap<[u8; 16], u32>,
}

impl LiveScan {
    async fn page(&mut self) -> Result<Option<Batch>> {
        loop {
            let closed = self.inner.closed();
            let slot = Arc::clone(&self.slot);
            let mut scan = slot.lock().await;
            let answer = match &mut *scan {
                Some(scan) => scan.next().await,
                None => {
                    self.skip.clone_from(&self.seen);
                    let instant = self.inner.instant().await?;
                    match instant.scan(self.request.clone()).await {
                        Ok(begun) => scan.insert(begun).next().await,
                        Err(fault) => Err(fault),
                    }
                }
            };
            match answer {
                Err(_) if self.inner.closed() != closed => *scan = None,
                answer => return answer,
            }
        }
    }

    /// Notes how far it is; `None` when all of the rows were seen before.
    fn noted(&mut self, batch: Batch) -> Result<Option<Batch>> {
        if let Some(key) = self.key {
            let last = batch.len().checked_sub(1);
            let last: Option<Value> = last.map(|last| batch.column(key).value(last));
            self.request.after = last.or(self.request.after.take());
            return Ok(Some(batch));
        }
        let mut new = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            let digest = row_digest(&batch, row);
            match self.skip.get_mut(&digest) {
                Some(times) if *times > 0 => *times -= 1,
                _ => {
                    *self.seen.entry(digest).or_default() += 1;
                    new.push(row);
                }
            }
        }
        match new.len() {
            0 => Ok(None),
            all if all == batch.len() => Ok(Some(batch)),
            _ => batch.select(&new).map(Some),
        }
    }
}

#[async_trait]
impl Scan for LiveScan {
    async fn next(&mut self) -> Result<Option<Batch>> {
        while let Some(batch) = self.page().await? {
            if let Some(batch) = self.noted(batch)? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}
