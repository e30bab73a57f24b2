//! Building a practice environment in an empty database the person owns.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use super::connect::{Intent, Target};
use super::connection::{Connection, integer, unexpected};
use super::facts::facts;
use super::source::SqlServerSource;
use super::statements::build;
use super::writer::SqlServerWriter;
use crate::database::{
    Batch, Builder, ColumnShape, EngineFacts, InsertTarget, NewForeignKey, NewTable, NewTrigger,
    Result, Source, TableName, Writer,
};

/// Rows filled in one transaction.
const ROWS_AT_ONCE: usize = 4_000;

/// A name of its own for the session that fills.
fn session() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("build:{}:{}", std::process::id(), now.as_nanos())
}

/// A database under construction.
pub(super) struct SqlServerBuilder {
    target: Arc<Target>,
    connection: Connection,
    facts: EngineFacts,
    /// Opened with the first rows.
    filling: Option<Filling>,
    /// Tables made since rows were last filled.
    unseen: Vec<TableName>,
}

/// What fills tables, and knows what they look like.
struct Filling {
    reading: Arc<SqlServerSource>,
    writer: SqlServerWriter,
}

impl SqlServerBuilder {
    /// Connects.
    pub(super) async fn open(target: Arc<Target>) -> Result<Self> {
        let mut connection = target.connect(Intent::Write).await?;
        let facts = facts(&mut connection, &target).await?;
        Ok(Self { target, connection, facts, filling: None, unseen: Vec::new() })
    }

    async fn execute(&mut self, sql: &str) -> Result<()> {
        self.connection.batch(sql, self.target.limits.statement).await.map(drop)
    }

    /// What fills tables, having seen all that were made so far.
    async fn filling(&mut self) -> Result<&mut SqlServerWriter> {
        let filling = match &mut self.filling {
            Some(filling) => filling,
            slot => {
                let reading =
                    SqlServerSource::open(Arc::clone(&self.target), Intent::Write).await?;
                let reading = Arc::new(reading);
                let (known, name) = (Arc::default(), session());
                let writer = SqlServerWriter::open(Arc::clone(&reading), known, &name).await?;
                slot.insert(Filling { reading, writer })
            }
        };
        // One request for all of them rather than one each.
        if !self.unseen.is_empty() {
            filling.reading.shapes(&self.unseen).await?;
            self.unseen.clear();
        }
        Ok(&mut filling.writer)
    }
}

#[async_trait]
impl Builder for SqlServerBuilder {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    async fn is_empty(&mut self) -> Result<bool> {
        let limit = self.target.limits.metadata;
        let results = self.connection.batch(build::COUNT_OBJECTS, limit).await?;
        let row = results.iter().flatten().next().ok_or_else(|| unexpected("a count"))?;
        Ok(integer(row, 0)? == Some(0))
    }

    async fn create_table(&mut self, table: &NewTable) -> Result<()> {
        self.execute(&build::create_table(table))
            .await
            .map_err(|fault| fault.while_doing(&table.name))?;
        self.unseen.push(table.name.clone());
        Ok(())
    }

    async fn add_foreign_keys(&mut self, table: &TableName, keys: &[NewForeignKey]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        self.execute(&build::add_foreign_keys(table, keys))
            .await
            .map_err(|fault| fault.while_doing(table))
    }

    async fn add_trigger(&mut self, trigger: &NewTrigger) -> Result<()> {
        self.execute(&build::create_trigger(trigger))
            .await
            .map_err(|fault| fault.while_doing(&trigger.table))
    }

    async fn fill(
        &mut self,
        table: &TableName,
        columns: &[ColumnShape],
        rows: &Batch,
    ) -> Result<()> {
        let writer = self.filling().await?;
        let target =
            InsertTarget { table: table.clone(), columns: columns.to_vec(), identity: None };
        for from in (0..rows.len()).step_by(ROWS_AT_ONCE) {
            let places: Vec<usize> = (from..rows.len().min(from + ROWS_AT_ONCE)).collect();
            let part = rows.select(&places)?;
            writer.begin().await?;
            match writer.insert(&target, &part).await {
                Ok(_) => writer.finish_fill().await?,
                Err(fault) => {
                    writer.rollback().await?;
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        // Every table and every part of its rows was committed as it came.
        Ok(())
    }
}
