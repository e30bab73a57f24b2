//! Rows inserted.

use rusqlite::Connection;

use super::cell;
use super::session::{attach, fault, quote, table_sql};
use super::shape::shape;
use crate::database::{Batch, Fault, FaultKind, InsertTarget, Result, TableName, same_name};

/// Inserts rows; the ids they got, where the table gives them.
pub(super) fn insert(
    connection: &Connection,
    target: &InsertTarget,
    batch: &Batch,
) -> Result<Vec<i64>> {
    let table = table_sql(connection, &target.table)?;
    let sql = if target.columns.is_empty() {
        format!("INSERT INTO {table} DEFAULT VALUES")
    } else {
        let names: Vec<String> = target.columns.iter().map(|column| quote(&column.name)).collect();
        let places = vec!["?"; names.len()].join(", ");
        format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "))
    };
    if target.identity.is_some() {
        find_sequence_first(connection, &target.table)?;
    }
    let mut statement = connection.prepare_cached(&sql).map_err(|error| fault(&error))?;
    let mut ids = Vec::with_capacity(batch.len());
    let refused = |error| fault(&error).while_doing(&target.table);
    for row in 0..batch.len() {
        for (place, (values, column)) in batch.columns().iter().zip(&target.columns).enumerate() {
            let cell = cell::stored(values, row, column)
                .map_err(|fault| fault.while_doing(&target.table))?;
            statement.raw_bind_parameter(place + 1, cell).map_err(refused)?;
        }
        statement.raw_execute().map_err(refused)?;
        if target.identity.is_some() {
            ids.push(connection.last_insert_rowid());
        }
    }
    // A trigger could have moved rows about; the ids must be there, each its own.
    if let Some(identity) = &target.identity
        && let (Some(least), Some(most)) = (ids.iter().min(), ids.iter().max())
    {
        let name = quote(identity);
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {name} BETWEEN ?1 AND ?2");
        let found: i64 = connection
            .query_row(&sql, [least, most], |row| row.get(0))
            .map_err(|error| fault(&error))?;
        if (found.unsigned_abs() as usize) < ids.len()
            || ids.windows(2).any(|pair| pair[0] >= pair[1])
        {
            return Err(Fault::new(
                FaultKind::Other,
                format!("{}: the rows' new ids cannot be told apart", target.table),
            ));
        }
    }
    Ok(ids)
}

/// Has SQLite find the last id of a table at once. For each row it goes through the last ids of all
/// tables up to the one in question, which takes longer than the row itself where that is the last of
/// many. (One statement for many rows would find it once, but copies each page that it touches.)
fn find_sequence_first(connection: &Connection, table: &TableName) -> Result<()> {
    let sequence = format!("{}.sqlite_sequence", quote(&attach(connection, table)?));
    let sql = format!(
        "UPDATE {sequence} SET rowid = (SELECT MIN(rowid) FROM {sequence}) - 1 \
         WHERE name = ?1 COLLATE NOCASE AND rowid > (SELECT MIN(rowid) FROM {sequence})"
    );
    let moved =
        connection.prepare_cached(&sql).and_then(|mut statement| statement.execute([&table.name]));
    moved.map(drop).map_err(|error| fault(&error))
}

/// Has a table's ids go on behind so many more; the first of these. `None` where SQLite may give an
/// id again, so that none can be reserved.
pub(super) fn reserve(
    connection: &Connection,
    table: &TableName,
    key: &str,
    rows: u64,
) -> Result<Option<i64>> {
    let Some(shape) = shape(connection, table)? else { return Ok(None) };
    if !shape.identity().is_some_and(|column| same_name(&column.name, key)) {
        return Ok(None);
    }
    let sequence = format!("{}.sqlite_sequence", quote(&attach(connection, table)?));
    let (name, key) = (table_sql(connection, table)?, quote(key));
    let work = || -> rusqlite::Result<Option<i64>> {
        // Nobody else gives an id between the look and the change.
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let given: Option<i64> = connection.query_row(
            &format!(
                "SELECT MAX(last) FROM (SELECT MAX({key}) AS last FROM {name} UNION ALL \
                 SELECT MAX(seq) FROM {sequence} WHERE name = ?1 COLLATE NOCASE)"
            ),
            [&shape.name.name],
            |row| row.get(0),
        )?;
        let given = given.unwrap_or_default().max(0);
        let last = i64::try_from(rows).ok().and_then(|rows| given.checked_add(rows));
        // An id has to be left for whoever comes after.
        let Some(last) = last.filter(|last| *last < i64::MAX) else { return Ok(None) };
        let raised = connection.execute(
            &format!("UPDATE {sequence} SET seq = ?2 WHERE name = ?1 COLLATE NOCASE"),
            rusqlite::params![shape.name.name, last],
        )?;
        if raised == 0 {
            connection.execute(
                &format!("INSERT INTO {sequence} (name, seq) VALUES (?1, ?2)"),
                rusqlite::params![shape.name.name, last],
            )?;
        }
        connection.execute_batch("COMMIT")?;
        Ok(Some(given + 1))
    };
    let reserved = work();
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    reserved.map_err(|error| fault(&error).while_doing(table))
}
