//! What a database holds, read back table by table in one plain form for both engines.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::model::Cell;

/// A row by column name, in upper case.
pub type Cells = BTreeMap<String, Cell>;

/// Everything in a database: its tables by name in upper case, and how they are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    pub tables: BTreeMap<String, Vec<Cells>>,
    /// The statements that made tables, indexes, triggers and views; empty where not known.
    pub schema: Vec<String>,
}

impl Content {
    pub fn rows(&self, table: &str) -> &[Cells] {
        self.tables.get(&table.to_uppercase()).map_or(&[], Vec::as_slice)
    }
}

/// Reads a SQLite file.
pub fn read(path: &Path) -> Content {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("a database to judge");
    let mut content = Content::default();
    let mut statement = connection
        .prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name")
        .expect("a schema");
    let objects: Vec<(String, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .expect("a schema")
        .map(|row| row.expect("a schema row"))
        .collect();
    for (kind, name, sql) in objects {
        if name.starts_with("sqlite_") {
            continue;
        }
        content.schema.push(sql);
        if kind == "table" {
            content.tables.insert(name.to_uppercase(), read_table(&connection, &name));
        }
    }
    content
}

fn read_table(connection: &Connection, name: &str) -> Vec<Cells> {
    let mut types = connection
        .prepare("SELECT upper(name), lower(type) FROM pragma_table_info(?) ORDER BY cid")
        .expect("the table's columns");
    let columns: Vec<(String, String)> = types
        .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("the table's columns")
        .map(|row| row.expect("a column"))
        .collect();
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).expect("a table");
    let mut rows = statement.query([]).expect("rows");
    let mut found = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        let cells = columns.iter().enumerate().map(|(index, (column, declared))| {
            let cell = match row.get_ref(index).expect("a value") {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Int(value),
                ValueRef::Real(value) => Cell::Text(format!("real {value}")),
                ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
            };
            (column.clone(), plain(cell, declared))
        });
        found.push(cells.collect());
    }
    found
}

/// Decimals without needless zeros, points in time without an empty fraction.
pub fn plain(cell: Cell, declared: &str) -> Cell {
    match cell {
        Cell::Text(text) if declared.starts_with("decimal") => Cell::Text(plain_decimal(&text)),
        Cell::Int(value) if declared.starts_with("decimal") => Cell::Text(value.to_string()),
        Cell::Text(text) if declared.starts_with("datetime") => Cell::Text(plain_time(&text)),
        other => other,
    }
}

fn plain_decimal(text: &str) -> String {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match (whole, fraction) {
        ("0", "") => "0".into(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

fn plain_time(text: &str) -> String {
    match text.split_once('.') {
        Some((clock, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { clock.to_owned() } else { format!("{clock}.{fraction}") }
        }
        None => text.to_owned(),
    }
}

#[test]
fn one_number_has_one_form() {
    for (given, plainly) in
        [("1.50", "1.5"), ("-0.00", "0"), ("007", "7"), (".5", "0.5"), ("-12.0", "-12")]
    {
        assert_eq!(plain_decimal(given), plainly);
    }
    assert_eq!(plain_time("1900-01-01 00:00:00.000"), "1900-01-01 00:00:00");
    assert_eq!(plain_time("2000-01-01 00:00:00.010"), "2000-01-01 00:00:00.01");
}
