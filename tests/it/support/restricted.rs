//! A destination where whoever signs in may not alter tables.

use async_trait::async_trait;
use osferry::database::{
    Batch, ColumnRef, Destination, EngineFacts, Fence, Filter, Result, Rights, RowsRequest,
    RunLock, Scan, ScanRequest, Script, Source, TableName, TableShape, Value, Witness, Writer,
};

/// The destination; everything but that right is the inner one's.
pub struct WithoutAlter(pub Box<dyn Destination>);

#[async_trait]
impl Source for WithoutAlter {
    fn facts(&self) -> &EngineFacts {
        Source::facts(self.0.as_ref())
    }
    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        self.0.tables(catalog).await
    }
    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        self.0.shapes(tables).await
    }
    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        self.0.rows(request).await
    }
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        self.0.scan(request).await
    }
    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        self.0.count(table, filter).await
    }
    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        self.0.highest(table, column).await
    }
    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        self.0.distinct(table, column, filter, limit).await
    }
    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        let mut rights = self.0.rights(tables).await?;
        rights.iter_mut().for_each(|rights| rights.alter = Some(false));
        Ok(rights)
    }
}

#[async_trait]
impl Destination for WithoutAlter {
    fn as_source(&self) -> &dyn Source {
        self
    }
    async fn lock_run(&self, run: &str) -> Result<Box<dyn RunLock>> {
        self.0.lock_run(run).await
    }
    async fn writer(&self, session: &str) -> Result<Box<dyn Writer>> {
        self.0.writer(session).await
    }
    async fn fence(&self, session: &str) -> Result<Fence> {
        self.0.fence(session).await
    }
    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness> {
        self.0.witness(table, key, keys).await
    }
    fn script(&self) -> Option<Box<dyn Script>> {
        self.0.script()
    }
}
