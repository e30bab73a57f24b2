//! A source whose rows are altered as they are read, whichever way they are asked for.

use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Batch, ColumnRef, EngineFacts, Filter, Referrer, Result, Rights, RowsRequest, Scan,
    ScanRequest, Source, TableName, TableShape,
};

/// What becomes of rows that are read.
pub trait Alteration: Send + Sync {
    /// The rows of a table as they are to be seen: as many, with the same columns of the same kinds.
    fn alter(&self, table: &TableName, columns: &[ColumnRef], batch: Batch) -> Result<Batch>;
}

/// A source of which nobody sees a row before it was altered.
///
/// Conditions are judged by the database, so they see rows as they are stored.
pub struct Altered<S> {
    inner: S,
    alteration: Arc<dyn Alteration>,
}

impl<S> Altered<S> {
    /// Alters what this source reads.
    pub fn new(inner: S, alteration: Arc<dyn Alteration>) -> Self {
        Self { inner, alteration }
    }
}

#[async_trait]
impl<S> Source for Altered<S>
where
    S: Deref + Send + Sync,
    S::Target: Source,
{
    fn facts(&self) -> &EngineFacts {
        self.inner.facts()
    }
    fn keep_to(&self, connections: usize) {
        self.inner.keep_to(connections);
    }
    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        self.inner.tables(catalog).await
    }
    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        self.inner.shapes(tables).await
    }
    async fn referrers(&self, tables: &[TableName]) -> Result<Vec<Referrer>> {
        self.inner.referrers(tables).await
    }
    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        let batch = self.inner.rows(request).await?;
        self.alteration.alter(&request.table, &request.columns, batch)
    }
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        let (table, columns) = (request.table.clone(), request.columns.clone());
        let inner = self.inner.scan(request).await?;
        let alteration = Arc::clone(&self.alteration);
        Ok(Box::new(AlteredScan { inner, table, columns, alteration }))
    }
    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        self.inner.count(table, filter).await
    }
    async fn counts(&self, asked: &[(TableName, Filter)]) -> Result<Vec<u64>> {
        self.inner.counts(asked).await
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
        let batch = self.inner.distinct(table, column, filter, limit).await?;
        self.alteration.alter(table, std::slice::from_ref(column), batch)
    }
    async fn instant(&self, tables: &[TableName]) -> Result<Box<dyn Source>> {
        let instant = self.inner.instant(tables).await?;
        Ok(Box::new(Altered::new(instant, Arc::clone(&self.alteration))))
    }
    async fn version_store(&self) -> Result<Option<u64>> {
        self.inner.version_store().await
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

struct AlteredScan {
    inner: Box<dyn Scan>,
    table: TableName,
    columns: Vec<ColumnRef>,
    alteration: Arc<dyn Alteration>,
}

#[async_trait]
impl Scan for AlteredScan {
    async fn next(&mut self) -> Result<Option<Batch>> {
        let Some(batch) = self.inner.next().await? else { return Ok(None) };
        self.alteration.alter(&self.table, &self.columns, batch).map(Some)
    }
}
