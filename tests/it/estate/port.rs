//! Writes and reads an environment through the port: the way into SQL Server.

use std::collections::BTreeSet;

use osferry::database::{
    Batch, ColumnRef, ColumnShape, ColumnType, ConnectionSpec, EngineKind, NewColumn,
    NewForeignKey, NewIndex, NewTable, NewTrigger, RowsRequest, Source, TableName, TableShape,
    Value, date_time_from_text, date_time_to_text, decimal_from_text, open_builder, open_source,
};

use super::chance::Chance;
use super::content::{Cells, Content, plain};
use super::model::{Cell, Environment};
use super::platform::{Column, Table, tables};

/// 100-nanosecond steps in a millisecond.
const MILLISECOND: i64 = 10_000;

/// A point in time as `datetime` keeps it: in steps of 1/300 s, shown to the millisecond.
fn ticks(text: &str) -> i64 {
    let exact = date_time_from_text(text).expect("a point in time");
    let second = 1000 * MILLISECOND;
    let (seconds, rest) = (exact.div_euclid(second), exact.rem_euclid(second));
    let steps = (rest * 300 + second / 2) / second;
    seconds * second + (steps * second + 150) / 300
}

/// A cell as the port takes it.
pub fn value(cell: &Cell, data_type: &ColumnType, kind: EngineKind) -> Value {
    match (cell, data_type) {
        (Cell::Null, _) => Value::Null,
        (Cell::Int(value), ColumnType::Bit) => Value::Bit(*value != 0),
        (Cell::Int(value), _) => Value::Integer(*value),
        (Cell::Bytes(bytes), _) => Value::Binary(bytes.clone()),
        (Cell::Text(text), ColumnType::Decimal { scale, .. }) => {
            Value::Decimal { value: decimal_from_text(text, *scale).expect("fits"), scale: *scale }
        }
        (Cell::Text(text), ColumnType::DateTime) if kind == EngineKind::Sqlite => Value::DateTime(
            date_time_from_text(text).unwrap_or_else(|| panic!("{text:?} is no time")),
        ),
        (Cell::Text(text), ColumnType::DateTime) => Value::DateTime(ticks(text)),
        (Cell::Text(text), _) => Value::text(text),
    }
}

/// A value of the port as the judge reads it.
pub fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(value) => Cell::Int(*value),
        Value::Bit(value) => Cell::Int(i64::from(*value)),
        Value::DateTime(ticks) => {
            let rounded = (ticks + MILLISECOND / 2).div_euclid(MILLISECOND) * MILLISECOND;
            plain(Cell::Text(date_time_to_text(rounded)), "datetime")
        }
        Value::Decimal { .. } => plain(Cell::Text(value.to_string()), "decimal"),
        Value::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
        Value::Binary(bytes) => Cell::Bytes(bytes.clone()),
        other => Cell::Text(other.to_string()),
    }
}

/// A column as a catalogue describes it.
pub fn shape(column: &Column) -> ColumnShape {
    ColumnShape {
        name: column.name.clone(),
        data_type: ColumnType::parse(&column.sql),
        nullable: column.nullable,
        identity: column.identity,
        computed: false,
        has_default: column.default.is_some(),
    }
}

fn new_table(table: &Table, kind: EngineKind) -> NewTable {
    NewTable {
        name: TableName::new(&table.name),
        columns: table
            .columns
            .iter()
            .map(|column| {
                let shape = shape(column);
                let default = column.default.as_ref().filter(|d| *d != &Cell::Null);
                let default = default.map(|d| value(d, &shape.data_type, kind));
                NewColumn { shape, default }
            })
            .collect(),
        primary_key: table.primary.iter().cloned().collect(),
        indexes: table
            .uniques
            .iter()
            .enumerate()
            .map(|(number, columns)| NewIndex {
                name: format!("OSIDX_{}_{number}", table.name),
                columns: columns.clone(),
                unique: true,
            })
            .collect(),
    }
}

/// To SQL Server, NULLs are equal in a unique index, and so are texts that differ in case or in
/// trailing spaces only.
fn unique_to_sql_server(table: &Table) {
    for unique in &table.uniques {
        let place = |name: &String| table.columns.iter().position(|column| column.name == *name);
        let places: Vec<usize> = unique.iter().filter_map(place).collect();
        let mut seen = BTreeSet::new();
        for row in &table.rows {
            let plain = |at: &usize| match &row[*at] {
                Cell::Text(text) => Cell::text(text.trim_end_matches(' ').to_lowercase()),
                other => other.clone(),
            };
            let values: Vec<Cell> = places.iter().map(plain).collect();
            assert!(seen.insert(values), "{}: two rows with the same {unique:?}", table.name);
        }
    }
}

/// Writes the environment into an empty database, or the part of it that a further one holds.
pub async fn write(
    spec: &ConnectionSpec,
    environment: &Environment,
    whim: u64,
    catalog: Option<&String>,
) {
    let mut builder = open_builder(spec).await.expect("an empty database");
    assert!(builder.is_empty().await.expect("an answer"), "the database is not empty");
    let kind = builder.facts().kind;
    let mut all = tables(environment, &Chance::new(whim));
    all.retain(|table| table.catalog.as_ref() == catalog);
    all.iter().for_each(unique_to_sql_server);
    for table in &all {
        builder.create_table(&new_table(table, kind)).await.expect(&table.name);
    }
    for table in &all {
        let columns: Vec<ColumnShape> = table.columns.iter().map(shape).collect();
        if table.rows.is_empty() {
            continue;
        }
        for rows in table.rows.chunks(500) {
            let mut batch =
                Batch::for_types(columns.iter().map(|c| &c.data_type)).expect("types that travel");
            for row in rows {
                let values: Vec<Value> =
                    row.iter().zip(&columns).map(|(c, s)| value(c, &s.data_type, kind)).collect();
                batch.push_row(&values).expect(&table.name);
            }
            builder
                .fill(&TableName::new(&table.name), &columns, &batch)
                .await
                .unwrap_or_else(|e| panic!("{}: {e}", table.name));
        }
    }
    for table in &all {
        let keys: Vec<NewForeignKey> = table
            .foreign
            .iter()
            .map(|key| NewForeignKey {
                name: format!("OSFRK_{}_{}_{}", table.name, key.parent, key.column),
                column: key.column.clone(),
                parent: TableName::new(&key.parent),
                parent_column: key.parent_column.clone(),
                // SQL Server refuses several ways of cascading between two tables.
                cascade: key.cascade && kind == EngineKind::Sqlite,
            })
            .collect();
        builder
            .add_foreign_keys(&TableName::new(&table.name), &keys)
            .await
            .unwrap_or_else(|e| panic!("{}: {e}", table.name));
        if let Some(events) = &table.trigger {
            for (on_update, is_light) in
                [(false, false), (true, false), (false, true), (true, true)]
            {
                let queue = if is_light { "OSSYS_BPM_EVENT" } else { "OSSYS_BPM_EVENT_QUEUE" };
                let trigger = NewTrigger {
                    name: format!(
                        "OSTRG_{}{}__{}",
                        u8::from(is_light),
                        u8::from(on_update),
                        table.name
                    ),
                    table: TableName::new(&table.name),
                    key: table.primary.clone().expect("events need a key"),
                    filters: Vec::new(),
                    event_table: TableName::new(events),
                    queue: TableName::new(queue),
                    on_update,
                    is_light,
                };
                builder.add_trigger(&trigger).await.expect("a trigger");
            }
        }
    }
    builder.finish().await.expect("the end");
}

/// Reads back every table of the environment.
pub async fn read(spec: &ConnectionSpec, environment: &Environment, whim: u64) -> Content {
    let source = open_source(spec).await.expect("the database");
    let names: Vec<TableName> = tables(environment, &Chance::new(whim))
        .iter()
        .map(|table| TableName::new(&table.name).in_catalog(table.catalog.clone()))
        .collect();
    let mut content = Content::default();
    for (name, shape) in names.iter().zip(source.shapes(&names).await.expect("shapes")) {
        let shape = shape.unwrap_or_else(|| panic!("{name} is missing"));
        let rows = read_table(source.as_ref(), &shape).await;
        content.tables.insert(name.name.to_uppercase(), rows);
    }
    content
}

async fn read_table(source: &dyn Source, shape: &TableShape) -> Vec<Cells> {
    let columns: Vec<ColumnRef> = shape.columns.iter().map(ColumnRef::from).collect();
    let names: Vec<String> = columns.iter().map(|c| c.name.to_uppercase()).collect();
    let request = RowsRequest::whole(&shape.name, columns);
    let batch = source.rows(&request).await.unwrap_or_else(|e| panic!("{}: {e}", shape.name));
    (0..batch.len())
        .map(|row| names.iter().cloned().zip(batch.row(row).iter().map(cell)).collect())
        .collect()
}

#[test]
fn estates_are_unique_to_sql_server() {
    use super::recipe::Recipe;

    for seed in 0..200 {
        let recipe = if seed % 4 == 0 { Recipe::full(seed, 5) } else { Recipe::random(seed) };
        let pair = super::generate::pair(&recipe);
        for environment in [&pair.source, &pair.destination] {
            tables(environment, &Chance::new(seed)).iter().for_each(unique_to_sql_server);
        }
    }
}

#[tokio::test]
async fn the_port_and_a_plain_reader_read_the_same() {
    use super::content;
    use super::recipe::Recipe;

    let folder = tempfile::tempdir().expect("a folder");
    let sorted = |content: &Content| {
        let mut tables = content.tables.clone();
        tables.values_mut().for_each(|rows| rows.sort());
        tables
    };
    for seed in [3, 8] {
        let environment = super::generate::pair(&Recipe::full(seed, 4)).source;
        let plainly = folder.path().join(format!("plain{seed}.sqlite"));
        super::sqlite_file::write(&plainly, &environment, seed);
        let ported = folder.path().join(format!("port{seed}.sqlite"));
        let spec = ConnectionSpec::Sqlite { path: ported.clone() };
        write(&spec, &environment, seed, None).await;
        let expected = sorted(&content::read(&plainly));
        for (how, found) in [
            ("written through the port", content::read(&ported)),
            ("written and read through the port", read(&spec, &environment, seed).await),
            (
                "read through the port",
                read(&ConnectionSpec::Sqlite { path: plainly.clone() }, &environment, seed).await,
            ),
        ] {
            let found = sorted(&found);
            for (table, rows) in &expected {
                let other = found.get(table);
                assert!(other.is_some(), "{how}: {table} is missing");
                for (row, other) in rows.iter().zip(other.into_iter().flatten()) {
                    assert_eq!(row, other, "{how}: {table}, seed {seed}");
                }
                assert_eq!(Some(rows.len()), other.map(Vec::len), "{how}: {table}");
            }
        }
    }
}
