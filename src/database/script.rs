//! Rows written down for somebody who puts them into the database with its own tools.

use std::fmt::Write as _;

use super::{Batch, ColumnRef, ColumnShape, Result, TableName};

/// Rows of one statement: SQL Server takes up to 1,000, and is long about many of them.
const ROWS: usize = 500;
/// The text of one statement ends after the row that reaches this many bytes.
const BYTES: usize = 1 << 19;

/// What a part of a script does with a table.
#[derive(Clone, Debug)]
pub struct ScriptTable {
    /// The table.
    pub table: TableName,
    /// The columns of the rows, in their order, as the table has them.
    pub columns: Vec<ColumnShape>,
    /// The places of the columns that tell rows apart; empty where nothing does.
    pub key: Vec<usize>,
    /// What is done with the rows.
    pub work: ScriptWork,
}

/// What a script does with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptWork {
    /// Rows are inserted whose key is not there yet; those that are there stay as they are.
    Insert,
    /// Nothing tells the rows of the table apart: they are inserted in one transaction, and only
    /// where the table has as many rows as it had. Where it has them all, nothing is done.
    InsertAll {
        /// Rows that the table had.
        there: u64,
        /// Rows that are inserted.
        rows: u64,
    },
    /// Nothing tells the rows of the table apart: of each row as many are inserted as are not there.
    Lacking,
    /// The table is emptied; there are no rows to write down.
    Empty,
    /// The last column is set in the rows that have the key, where it is NULL.
    Set,
}

/// How an engine writes a script: a text that its own tools carry out, and that does no harm when
/// it is carried out twice.
///
/// A script is a head, then for each table its beginning, its rows batch by batch, and its end.
pub trait Script: Send + Sync {
    /// What comes first: what the script is, line by line, how the `file` that it lies in is carried
    /// out and with which `right`, and what guards it against being run in another database or badly
    /// read.
    fn head(&self, about: &[String], file: &str, right: &str) -> String;

    /// Begins with a table.
    fn begin(&self, table: &ScriptTable) -> String;

    /// Rows of the table that was begun. Errors with [`super::FaultKind::Refused`] for a value that
    /// the table could not keep.
    fn rows(&self, table: &ScriptTable, batch: &Batch) -> Result<String>;

    /// Ends with a table.
    fn end(&self, table: &ScriptTable) -> String;
}

/// Lines of a comment.
pub(super) fn comment<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    let mut sql = String::new();
    for line in lines {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(sql, "-- {line}");
    }
    sql
}

/// The rows of a batch as lists of values, each in the statements that `part` makes of it; `cell`
/// adds the value at a column's place and a row to such a list.
pub(super) fn parts(
    batch: &Batch,
    mut cell: impl FnMut(usize, usize, &mut String) -> Result<()>,
    part: impl Fn(&str) -> String,
) -> Result<String> {
    let (mut sql, mut values, mut rows) = (String::new(), String::new(), 0);
    for row in 0..batch.len() {
        values.push_str(if rows == 0 { "\n(" } else { ",\n(" });
        for place in 0..batch.columns().len() {
            if place > 0 {
                values.push_str(", ");
            }
            cell(place, row, &mut values)?;
        }
        values.push(')');
        rows += 1;
        if rows == ROWS || values.len() >= BYTES || row + 1 == batch.len() {
            sql.push_str(&part(&values));
            values.clear();
            rows = 0;
        }
    }
    Ok(sql)
}

/// The statements with which a table is counted and read, by the names that every database takes.
pub(super) fn reads(table: &TableName, columns: &[ColumnRef]) -> Vec<String> {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let parts = [table.catalog.as_deref(), table.schema.as_deref(), Some(table.name.as_str())];
    let parts: Vec<String> = parts.into_iter().flatten().map(quote).collect();
    let name = parts.join(".");
    let mut all = vec![format!("SELECT COUNT(*) FROM {name};")];
    if !columns.is_empty() {
        let columns: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        all.push(format!("SELECT {} FROM {name};", columns.join(", ")));
    }
    all
}
