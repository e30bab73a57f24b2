//! A destination where whoever signs in has no more than certain rights, or that tells something
//! else of itself.

use async_trait::async_trait;
use osferry::database::{
    Batch, ColumnRef, Destination, EngineFacts, Fence, Filter, Result, Right, Rights, RowsRequest,
    RunLock, Scan, ScanRequest, Script, Source, TableName, TableShape, Value, Witness, Writer,
};

/// The destination; everything but these rights is the inner one's.
pub struct Restricted {
    inner: Box<dyn Destination>,
    may_alter: bool,
    /// The rights on tables, where they are not all there but the one to alter them.
    only: Option<Vec<(TableName, Vec<Right>)>>,
    facts: EngineFacts,
}

impl Restricted {
    /// Tables may not be altered.
    pub fn without_alter(inner: Box<dyn Destination>) -> Self {
        Self::of(inner, false, None)
    }

    /// Tables may be altered, and their identities not be set.
    pub fn without_identities(inner: Box<dyn Destination>) -> Self {
        Self::of(inner, true, None)
    }

    /// All tables may be read, and these written, each as is said.
    pub fn to(inner: Box<dyn Destination>, only: Vec<(TableName, Vec<Right>)>) -> Self {
        Self::of(inner, false, Some(only))
    }

    /// Texts are sorted otherwise than they are, by what it tells of itself.
    pub fn sorting_by(inner: Box<dyn Destination>, collation: &str) -> Self {
        let mut made = Self::of(inner, true, None);
        collation.clone_into(&mut made.facts.collation);
        made
    }

    fn of(
        inner: Box<dyn Destination>,
        may_alter: bool,
        only: Option<Vec<(TableName, Vec<Right>)>>,
    ) -> Self {
        let facts = Source::facts(inner.as_ref()).clone();
        Self { inner, may_alter, only, facts }
    }
}

#[async_trait]
impl Source for Restricted {
    fn facts(&self) -> &EngineFacts {
        &self.facts
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
        let mut rights = self.inner.rights(tables).await?;
        for (table, rights) in tables.iter().zip(&mut rights) {
            let Some(only) = &self.only else {
                rights.alter = Some(self.may_alter);
                continue;
            };
            let given = only.iter().filter(|(known, _)| known.may_be(table));
            let given: Vec<Right> = given.flat_map(|(_, rights)| rights.iter().copied()).collect();
            let has = |right| Some(given.contains(&right));
            rights.insert = has(Right::Insert);
            rights.update = has(Right::Update);
            rights.delete = has(Right::Delete);
            rights.alter = has(Right::Alter);
        }
        Ok(rights)
    }
}

#[async_trait]
impl Destination for Restricted {
    fn as_source(&self) -> &dyn Source {
        self
    }
    async fn lock_run(&self, run: &str) -> Result<Box<dyn RunLock>> {
        self.inner.lock_run(run).await
    }
    async fn writer(&self, session: &str) -> Result<Box<dyn Writer>> {
        self.inner.writer(session).await
    }
    async fn fence(&self, session: &str) -> Result<Fence> {
        self.inner.fence(session).await
    }
    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness> {
        self.inner.witness(table, key, keys).await
    }
    async fn may_reserve_ids(&self, _tables: &[TableName]) -> Result<Option<bool>> {
        Ok(Some(false))
    }
    fn script(&self) -> Option<Box<dyn Script>> {
        self.inner.script()
    }
}
