//! Writes an environment into a SQLite file by the document alone (`design.md` decision 6), as
//! somebody who never saw this program would: what the document leaves open varies.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::chance::Chance;
use super::model::{Cell, Environment};
use super::platform::{Column, Table, tables};

/// A name in one of the quotes that SQLite takes.
fn quoted(name: &str, chance: &mut Chance) -> String {
    match chance.below(4) {
        0 => format!("[{name}]"),
        1 => format!("`{name}`"),
        _ => format!("\"{name}\""),
    }
}

fn declared(column: &Column, chance: &mut Chance) -> String {
    let upper = if chance.percent(70) { column.sql.to_uppercase() } else { column.sql.clone() };
    if let Some(size) = column.sql.strip_prefix("decimal") {
        let size = if chance.percent(30) { size.replace(',', ", ") } else { size.to_owned() };
        return format!("DECIMALTEXT{size}");
    }
    if column.sql.contains("max") || chance.percent(10) { format!("\"{upper}\"") } else { upper }
}

fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".into(),
        Cell::Int(value) => format!("({value})"),
        Cell::Text(text) => format!("('{}')", text.replace('\'', "''")),
        Cell::Bytes(bytes) if bytes.is_empty() => "(x'')".into(),
        Cell::Bytes(_) => unreachable!("no such default"),
    }
}

fn create(table: &Table, chance: &mut Chance) -> String {
    let name = quoted(&table.name, chance);
    let mut parts = Vec::new();
    let identity = table.columns.iter().any(|c| c.identity);
    for column in &table.columns {
        let mut text = quoted(&column.name, chance);
        if column.identity {
            text.push_str(" INTEGER PRIMARY KEY AUTOINCREMENT");
            if chance.percent(30) {
                text.push_str(" NOT NULL");
            }
        } else {
            let _ = write!(text, " {}", declared(column, chance));
            if !column.nullable {
                text.push_str(" NOT NULL");
            }
            if table.primary.as_ref() == Some(&column.name) && !identity && chance.percent(50) {
                text.push_str(" PRIMARY KEY");
            }
            if let Some(default) = &column.default {
                let _ = write!(text, " DEFAULT {}", literal(default));
            }
        }
        parts.push(text);
    }
    if let Some(primary) = &table.primary
        && !parts.iter().any(|p| p.contains("PRIMARY KEY"))
    {
        parts.push(format!("PRIMARY KEY ({})", quoted(primary, chance)));
    }
    for foreign in &table.foreign {
        let mut text = String::new();
        if chance.percent(60) {
            let _ = write!(
                text,
                "CONSTRAINT \"OSFRK_{}_{}_{}\" ",
                table.name, foreign.parent, foreign.column
            );
        }
        let _ = write!(
            text,
            "FOREIGN KEY ({}) REFERENCES {}",
            quoted(&foreign.column, chance),
            quoted(&foreign.parent, chance)
        );
        // Without a column it is the parent's primary key that is meant.
        if chance.percent(70) {
            let _ = write!(text, " ({})", quoted(&foreign.parent_column, chance));
        }
        if foreign.cascade {
            text.push_str(" ON DELETE CASCADE");
        }
        parts.push(text);
    }
    let mut indexes = String::new();
    for (number, unique) in table.uniques.iter().enumerate() {
        let columns: Vec<String> = unique
            .iter()
            .map(|column| {
                let text =
                    table.columns.iter().any(|c| &c.name == column && c.sql.contains("char"));
                let collate = if text { " COLLATE NOCASE" } else { "" };
                format!("{}{collate}", quoted(column, chance))
            })
            .collect();
        let _ = writeln!(
            indexes,
            "CREATE UNIQUE INDEX \"OSIDX_{}_{number}\" ON {name} ({});",
            table.name,
            columns.join(", ")
        );
    }
    format!("CREATE TABLE {name} (\n  {}\n);\n{indexes}", parts.join(",\n  "))
}

/// The value as SQLite stores it.
pub fn stored(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Integer(*value),
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Bytes(bytes) => Value::Blob(bytes.clone()),
    }
}

/// The file of a further database: beside the first one, under its own name.
pub fn further(path: &Path, catalog: &str) -> PathBuf {
    path.with_file_name(format!("{catalog}.sqlite"))
}

/// Writes the environment; `whim` decides everything that is left open.
pub fn write(path: &Path, environment: &Environment, whim: u64) {
    write_one(path, environment, whim, None);
    for catalog in environment.catalogs() {
        write_one(&further(path, &catalog), environment, whim, Some(&catalog));
    }
}

/// Writes one of its databases.
fn write_one(path: &Path, environment: &Environment, whim: u64, catalog: Option<&String>) {
    let whim = Chance::new(whim);
    let mut chance = whim.fork("file");
    let connection = Connection::open(path).expect("a new file");
    if chance.percent(30) {
        connection.pragma_update(None, "page_size", 1024).expect("page size");
    }
    connection.pragma_update(None, "foreign_keys", false).expect("off while it is written");
    let mut all = tables(environment, &whim);
    all.retain(|table| table.catalog.as_ref() == catalog);
    chance.shuffle(&mut all);
    connection.execute_batch("BEGIN").expect("begin");
    for table in &all {
        let sql = create(table, &mut chance);
        connection.execute_batch(&sql).unwrap_or_else(|e| panic!("{e}\n{sql}"));
        insert(&connection, table);
    }
    for table in &all {
        if let Some(events) = &table.trigger {
            let key = table.primary.as_ref().expect("events need a key");
            trigger(&connection, &table.name, key, events);
        }
    }
    if chance.percent(50) && catalog.is_none() {
        connection
            .execute_batch(
                "CREATE VIEW OSSYS_USER_EFFECTIVE_ROLE AS \
                 SELECT USER_ID, ROLE_ID, TENANT_ID FROM OSSYS_USER_ROLE",
            )
            .expect("a view");
    }
    connection.execute_batch("COMMIT").expect("commit");
    let broken: Option<String> = connection
        .query_row(
            "SELECT group_concat(DISTINCT c.\"table\" || '.' || f.\"from\" || ' → ' || c.parent) \
             FROM pragma_foreign_key_check c, pragma_foreign_key_list(c.\"table\") f \
             WHERE f.id = c.fkid",
            [],
            |row| row.get(0),
        )
        .expect("a check");
    assert_eq!(broken, None, "the estate itself has broken foreign keys");
}

fn insert(connection: &Connection, table: &Table) {
    let names: Vec<String> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let sql = format!("INSERT INTO \"{}\" ({}) VALUES ({marks})", table.name, names.join(", "));
    let mut statement = connection.prepare(&sql).expect("a statement");
    for row in &table.rows {
        statement
            .execute(params_from_iter(row.iter().map(stored)))
            .unwrap_or_else(|e| panic!("{}: {e}: {row:?}", table.name));
    }
}

fn trigger(connection: &Connection, table: &str, key: &str, events: &str) {
    for (event, is_update) in [("INSERT", 0), ("UPDATE", 1)] {
        for (queue, record, is_light) in
            [("OSSYS_BPM_EVENT_QUEUE", "DATA_ID", 0), ("OSSYS_BPM_EVENT", "ENTITY_RECORD_ID", 1)]
        {
            let sql = format!(
                "CREATE TRIGGER \"OSTRG_{is_light}{is_update}__{table}\" AFTER {event} ON \"{table}\" \
                 BEGIN INSERT INTO {queue} (ESPACE_ID, TENANT_ID, ACTIVITY_ID, PROCESS_DEF_ID, \
                 {record}, ERROR_COUNT) SELECT _ESPACE_ID, _TENANT_ID, _ACTIVITY_ID, \
                 _PROCESS_DEF_ID, CAST(NEW.\"{key}\" AS TEXT), 0 FROM \"{events}\" \
                 WHERE _IS_UPDATE = {is_update} AND _IS_LIGHT = {is_light}; END"
            );
            connection.execute_batch(&sql).expect("a trigger");
        }
    }
}
