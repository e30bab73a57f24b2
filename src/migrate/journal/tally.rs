//! Sums of everything that a journal holds, so that damage is noticed which SQLite does not see: a
//! wrong bit within a value, a page that is another one, rows that are gone.
//!
//! For each table the journal keeps how many rows it has and the sum of their hashes, in the same
//! transaction as the rows. Triggers that live only in the writing connection see to it, whatever
//! writes and whatever the table: a change of state counts like a new row.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

/// The function that adds a row to a sum, or takes it away: both are the same.
const FUNCTION: &str = "osferry_tally";
/// What the sum of the tables' definitions is called.
const DEFINITIONS: &str = "sqlite_schema";

type Sum = [u8; 16];

/// Makes the table of sums; all tables are there and empty.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE tally (of TEXT PRIMARY KEY, rows INTEGER NOT NULL, sum BLOB NOT NULL);",
    )?;
    for table in tables(connection)? {
        of_none(connection, &table)?;
    }
    of_definitions(connection)
}

/// Takes in a table that was added to an earlier journal, and is empty.
pub(super) fn count_in(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    of_none(connection, table)?;
    of_definitions(connection)
}

/// Keeps the sum of a table that is empty.
fn of_none(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    let none = params![table, Sum::default()];
    connection.execute("INSERT INTO tally (of, rows, sum) VALUES (?1, 0, ?2)", none).map(drop)
}

/// Keeps the sum of what the tables are now.
fn of_definitions(connection: &Connection) -> rusqlite::Result<()> {
    let (rows, sum) = definitions(connection)?;
    let all = params![DEFINITIONS, rows, sum];
    connection
        .execute("INSERT OR REPLACE INTO tally (of, rows, sum) VALUES (?1, ?2, ?3)", all)
        .map(drop)
}

/// Has every change of every table counted that this connection makes.
pub(super) fn watch(connection: &Connection) -> rusqlite::Result<()> {
    // Otherwise a row that replaces another one does not count as its end.
    connection.execute_batch("PRAGMA recursive_triggers = ON")?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(FUNCTION, -1, flags, |context| {
        let mut sum = context.get::<Sum>(0)?;
        add(&mut sum, (1..context.len()).map(|place| context.get_raw(place)));
        Ok(sum)
    })?;
    for table in tables(connection)? {
        let columns = columns(connection, &table)?;
        let row = |which: &str| -> String {
            let cells = columns.iter().map(|column| format!(", {which}.\"{column}\""));
            format!("'{table}', {which}.rowid{}", cells.collect::<String>())
        };
        let (old, new) = (row("OLD"), row("NEW"));
        let of = format!("WHERE of = '{table}'");
        connection.execute_batch(&format!(
            "CREATE TEMP TRIGGER \"{table} in\" AFTER INSERT ON main.\"{table}\" BEGIN \
               UPDATE tally SET rows = rows + 1, sum = {FUNCTION}(sum, {new}) {of}; END; \
             CREATE TEMP TRIGGER \"{table} out\" AFTER DELETE ON main.\"{table}\" BEGIN \
               UPDATE tally SET rows = rows - 1, sum = {FUNCTION}(sum, {old}) {of}; END; \
             CREATE TEMP TRIGGER \"{table} set\" AFTER UPDATE ON main.\"{table}\" BEGIN \
               UPDATE tally SET sum = {FUNCTION}({FUNCTION}(sum, {old}), {new}) {of}; END;"
        ))?;
    }
    Ok(())
}

/// Reads everything; what is not as it was written, in words.
pub(super) fn check(connection: &Connection) -> rusqlite::Result<Option<String>> {
    // A run may be writing meanwhile: all of it as of one instant.
    let instant = connection.unchecked_transaction()?;
    if kept(&instant, DEFINITIONS)? != Some(definitions(&instant)?) {
        return Ok(Some("its tables are not defined as they were".to_owned()));
    }
    for table in tables(&instant)? {
        let Some(kept) = kept(&instant, &table)? else {
            return Ok(Some(format!("nothing is known of its table {table}")));
        };
        if counted(&instant, &table)? != kept {
            return Ok(Some(format!("its table {table} does not hold what was written into it")));
        }
    }
    Ok(None)
}

/// A number that only these keys of this batch have, kept with them: a damaged journal tells by it
/// which of its batches are still whole.
pub(super) fn of_batch(
    id: i64,
    entity: Option<i64>,
    kind: &str,
    source: &[u8],
    destination: &[u8],
) -> i64 {
    let entity = entity.map_or(ValueRef::Null, ValueRef::Integer);
    let keys = [ValueRef::Blob(source), ValueRef::Blob(destination)];
    let what = [ValueRef::Integer(id), entity, ValueRef::Text(kind.as_bytes())];
    number(what.into_iter().chain(keys))
}

/// The same for a user or a group.
pub(super) fn of_person(is_group: bool, source: i64, destination: i64, is_ours: bool) -> i64 {
    let cells = [i64::from(is_group), source, destination, i64::from(is_ours)];
    number(cells.into_iter().map(ValueRef::Integer))
}

/// The same for rows as they were.
pub(super) fn of_image(columns: &str, rows: &[u8]) -> i64 {
    number([ValueRef::Text(columns.as_bytes()), ValueRef::Blob(rows)].into_iter())
}

fn number<'a>(values: impl Iterator<Item = ValueRef<'a>>) -> i64 {
    let mut sum = Sum::default();
    add(&mut sum, values);
    let (first, _) = sum.as_chunks::<8>();
    first.first().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

/// Adds the hash of some values to a sum. No two rows have the same values, since the number of
/// the row is one of them; so none cancels another.
fn add<'a>(sum: &mut Sum, values: impl Iterator<Item = ValueRef<'a>>) {
    let mut hasher = blake3::Hasher::new();
    let mut cell = |tag: u8, bytes: &[u8]| {
        hasher.update(&[tag]);
        hasher.update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    for value in values {
        match value {
            ValueRef::Null => cell(0, &[]),
            ValueRef::Integer(number) => cell(1, &number.to_be_bytes()),
            ValueRef::Real(number) => cell(2, &number.to_bits().to_be_bytes()),
            ValueRef::Text(text) => cell(3, text),
            ValueRef::Blob(bytes) => cell(4, bytes),
        }
    }
    let hash = hasher.finalize();
    for (byte, more) in sum.iter_mut().zip(hash.as_bytes()) {
        *byte ^= more;
    }
}

fn kept(connection: &Connection, of: &str) -> rusqlite::Result<Option<(i64, Sum)>> {
    connection
        .query_row("SELECT rows, sum FROM tally WHERE of = ?1", [of], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
}

/// The rows of a table as they are.
fn counted(connection: &Connection, table: &str) -> rusqlite::Result<(i64, Sum)> {
    let width = columns(connection, table)?.len();
    let mut statement = connection.prepare(&format!("SELECT rowid, * FROM \"{table}\""))?;
    let mut rows = statement.query([])?;
    let (mut count, mut sum) = (0, Sum::default());
    while let Some(row) = rows.next()? {
        let cells = (0..=width).map(|place| row.get_ref(place)).collect::<Result<Vec<_>, _>>()?;
        let name = ValueRef::Text(table.as_bytes());
        add(&mut sum, std::iter::once(name).chain(cells));
        count += 1;
    }
    Ok((count, sum))
}

/// How everything is defined. Where it lies in the file is no part of it.
fn definitions(connection: &Connection) -> rusqlite::Result<(i64, Sum)> {
    let mut statement =
        connection.prepare("SELECT rowid, type, name, tbl_name, sql FROM main.sqlite_schema")?;
    let mut rows = statement.query([])?;
    let (mut count, mut sum) = (0, Sum::default());
    while let Some(row) = rows.next()? {
        let cells = (0..5).map(|place| row.get_ref(place)).collect::<Result<Vec<_>, _>>()?;
        add(&mut sum, cells.into_iter());
        count += 1;
    }
    Ok((count, sum))
}

/// Every table but those of SQLite itself and that of the sums.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(
            "SELECT name FROM main.sqlite_schema WHERE type = 'table' \
             AND name <> 'tally' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?
        .query_map([table], |row| row.get(0))?
        .collect()
}
