//! Rows of platform tables on their way into a database.

use super::company::wrong;
use crate::database::{Batch, Builder, Column, ColumnShape, Result, TableName, Value};

/// Most rows of a batch.
const BATCH_ROWS: usize = 4_000;
/// A batch ends after the row that reaches this many bytes.
const BATCH_BYTES: usize = 4 << 20;

/// The rows of one platform table, by column name.
pub(super) struct Records {
    /// The table.
    pub(super) table: &'static str,
    /// Its rows; columns that are not named are NULL.
    pub(super) rows: Vec<Vec<(&'static str, Value)>>,
}

impl Records {
    /// No rows yet.
    pub(super) fn of(table: &'static str) -> Self {
        Self { table, rows: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: Vec<(&'static str, Value)>) {
        self.rows.push(row);
    }
}

/// A text value.
pub(super) fn text(text: impl AsRef<str>) -> Value {
    Value::text(text.as_ref())
}

/// A number.
pub(super) fn number(number: i64) -> Value {
    Value::Integer(number)
}

/// A flag.
pub(super) fn flag(flag: bool) -> Value {
    Value::Bit(flag)
}

/// Writes rows into a table, batch by batch.
pub(super) struct Filler<'a> {
    builder: &'a mut dyn Builder,
    table: TableName,
    columns: Vec<ColumnShape>,
    batch: Batch,
    bytes: usize,
    written: u64,
}

impl<'a> Filler<'a> {
    /// Starts on a table.
    pub(super) fn new(
        builder: &'a mut dyn Builder,
        table: TableName,
        columns: Vec<ColumnShape>,
    ) -> Result<Self> {
        let batch = empty(&columns)?;
        Ok(Self { builder, table, columns, batch, bytes: 0, written: 0 })
    }

    /// Adds a row that has a value for every column.
    pub(super) async fn push(&mut self, row: &[Value]) -> Result<()> {
        self.bytes += row.iter().map(size).sum::<usize>();
        self.batch.push_row(row).map_err(|fault| fault.while_doing(&self.table))?;
        if self.batch.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.builder.fill(&self.table, &self.columns, &self.batch).await?;
        self.written += self.batch.len() as u64;
        self.batch = empty(&self.columns)?;
        self.bytes = 0;
        Ok(())
    }

    /// Writes what is left; returns the number of rows.
    pub(super) async fn finish(mut self) -> Result<u64> {
        self.flush().await?;
        Ok(self.written)
    }
}

fn empty(columns: &[ColumnShape]) -> Result<Batch> {
    let columns = columns.iter().map(|column| Column::for_type(&column.data_type));
    Batch::new(columns.collect::<Result<Vec<_>>>()?)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(bytes) | Value::Binary(bytes) => bytes.len() + 8,
        _ => 16,
    }
}

/// The values of a row in the order of the columns.
pub(super) fn in_order(
    table: &str,
    columns: &[ColumnShape],
    row: &[(&str, Value)],
) -> Result<Vec<Value>> {
    if let Some((name, _)) =
        row.iter().find(|(name, _)| !columns.iter().any(|column| column.name == *name))
    {
        return Err(wrong(format!("{table} has no column {name}")));
    }
    Ok(columns
        .iter()
        .map(|column| {
            let given = row.iter().find(|(name, _)| column.name == *name);
            given.map_or(Value::Null, |(_, value)| value.clone())
        })
        .collect())
}
