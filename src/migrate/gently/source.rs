//! A source that is asked through a gate.

use std::ops::Deref;

use async_trait::async_trait;

use super::{Gate, Turn};
use crate::database::{
    Batch, ColumnRef, EngineFacts, Filter, Referrer, Result, Rights, RowsRequest, Scan,
    ScanRequest, Source, TableName, TableShape, Value,
};

/// A source of which every request waits for its turn.
pub struct Gentle<S> {
    gate: Gate,
    inner: S,
}

impl<S> Gentle<S> {
    pub(super) fn new(gate: Gate, inner: S) -> Self {
        Self { gate, inner }
    }
}

/// Makes one request in a turn of its own.
macro_rules! ask {
    ($self:ident, $call:ident ( $($argument:expr),* )) => {{
        let mut turn = $self.gate.turn().await?;
        turn.begin().await?;
        let answer = $self.inner.$call($($argument),*).await;
        turn.end()?;
        answer
    }};
}

#[async_trait]
impl<S> Source for Gentle<S>
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
        ask!(self, tables(catalog))
    }
    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        ask!(self, shapes(tables))
    }
    async fn referrers(&self, tables: &[TableName]) -> Result<Vec<Referrer>> {
        ask!(self, referrers(tables))
    }
    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        ask!(self, rows(request))
    }
    async fn look_up(
        &self,
        table: &TableName,
        wanted: &ColumnRef,
        key: &[String],
        values: &[Vec<Value>],
    ) -> Result<Vec<Vec<Value>>> {
        ask!(self, look_up(table, wanted, key, values))
    }
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        let table = request.table.to_string();
        let is_one_request = request.key.is_none();
        let inner = ask!(self, scan(request))?;
        let gate = self.gate.clone();
        Ok(Box::new(GentleScan { inner, gate, table, is_one_request, turn: None }))
    }
    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        ask!(self, count(table, filter))
    }
    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        ask!(self, highest(table, column))
    }
    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        ask!(self, distinct(table, column, filter, limit))
    }
    async fn instant(&self, tables: &[TableName]) -> Result<Box<dyn Source>> {
        let gate = self.gate.clone();
        let inner = ask!(self, instant(tables))?;
        Ok(Box::new(Gentle { gate, inner }))
    }
    async fn version_store(&self) -> Result<Option<u64>> {
        ask!(self, version_store())
    }
    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        ask!(self, row_bytes(tables))
    }
    async fn index_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        ask!(self, index_bytes(tables))
    }
    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        ask!(self, rights(tables))
    }
}

/// Reads page by page, each in its turn; a table without a key in one long turn.
struct GentleScan {
    // Before its turn: what it holds of the source is given back first.
    inner: Box<dyn Scan>,
    gate: Gate,
    table: String,
    is_one_request: bool,
    turn: Option<Turn>,
}

#[async_trait]
impl Scan for GentleScan {
    async fn next(&mut self) -> Result<Option<Batch>> {
        let turn = match &mut self.turn {
            Some(turn) => turn,
            None => self.turn.insert(self.gate.turn().await?),
        };
        let begun = turn.begin().await;
        let answer = match begun {
            Ok(()) => self.inner.next().await,
            Err(fault) => Err(fault),
        };
        let told = match &answer {
            Ok(Some(batch)) => turn.read(&self.table, batch),
            _ => turn.end(),
        };
        if !self.is_one_request || !matches!(answer, Ok(Some(_))) {
            self.turn = None;
        }
        told?;
        answer
    }
}
