//! How long rows are, by some of them: SQLite keeps no such number.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::session::{fault, table_sql};
use crate::database::{FaultKind, Result, TableName};

/// Rows that stand for all of a table.
const SAMPLE: u64 = 1000;

/// Bytes of a row on average, over the first of a table; `None` when it has no rows.
pub(super) fn row_bytes(connection: &Connection, table: &TableName) -> Result<Option<u64>> {
    let sql = format!("SELECT t.* FROM {} AS t LIMIT {SAMPLE}", table_sql(connection, table)?);
    let mut statement = match connection.prepare(&sql).map_err(|error| fault(&error)) {
        Err(fault) if fault.kind == FaultKind::NotFound => return Ok(None),
        prepared => prepared?,
    };
    let columns = statement.column_count();
    let mut rows = statement.query([]).map_err(|error| fault(&error))?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next().map_err(|error| fault(&error))? {
        count += 1;
        for column in 0..columns {
            bytes += match row.get_ref(column).map_err(|error| fault(&error))? {
                ValueRef::Null => 1,
                ValueRef::Integer(_) => 5,
                ValueRef::Real(_) => 9,
                ValueRef::Text(text) | ValueRef::Blob(text) => text.len() as u64 + 2,
            };
        }
    }
    Ok((count > 0).then(|| bytes.div_ceil(count)))
}
