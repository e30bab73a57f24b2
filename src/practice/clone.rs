//! The practice clone: a copy of the pair's Production that still believes to be it.
//!
//! What a living environment has beside a practice one lies in `clone.toml`: front-ends with zones,
//! tokens, connections, mobile configuration, single sign-on, LifeTime.

use serde::Deserialize;
use toml::Value as Toml;
use toml_edit::{DocumentMut, Item, Table};

use super::build;
use super::company::{Company, parse, wrong};
use super::environment::Environment;
use super::factory::Factory;
use super::platform::{Entry, PlatformTable, table, tables};
use super::records::{Filler, in_order};
use crate::database::{
    Builder, ColumnShape, Result, TableName, Value, ValueKind, date_time_from_text,
};
use crate::outsystems::Side;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    table: Vec<Entry>,
    rows: Vec<Rows>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    table: String,
    columns: Vec<String>,
    values: Vec<Vec<Toml>>,
}

/// Writes the clone into an empty database; returns the number of application rows.
pub(super) async fn write(
    builder: &mut dyn Builder,
    company: &Company,
    rows: Option<u64>,
) -> Result<u64> {
    let file: File = parse("clone.toml", include_str!("../../assets/practice/clone.toml"))?;
    let written = build::write(builder, company, Side::Source, rows).await?;
    let environment = Environment::new(company, Side::Source, rows)?;
    let factory = Factory::new(&environment);
    let own: Vec<PlatformTable> = file.table.into_iter().map(table).collect::<Result<_>>()?;
    for table in &own {
        builder.create_table(&table.table).await?;
    }
    let platform = tables()?;
    for rows in &file.rows {
        let known = own.iter().chain(&platform).find(|table| table.name() == rows.table);
        let known = known.ok_or_else(|| wrong(format!("clone.toml: no table {}", rows.table)))?;
        let columns = known.columns();
        let name = TableName::new(rows.table.as_str());
        let mut filler = Filler::new(&mut *builder, name, columns.clone())?;
        for row in &rows.values {
            filler.push(&values(&factory, rows, &columns, row)?).await?;
        }
        filler.finish().await?;
    }
    for table in &own {
        builder.add_foreign_keys(&table.table.name, &table.foreign_keys).await?;
    }
    Ok(written)
}

/// A row's values in the order of the table's columns.
fn values(
    factory: &Factory<'_>,
    rows: &Rows,
    columns: &[ColumnShape],
    row: &[Toml],
) -> Result<Vec<Value>> {
    let table = rows.table.as_str();
    if row.len() != rows.columns.len() {
        return Err(wrong(format!("clone.toml: a row of {table} has another number of values")));
    }
    let mut named = Vec::new();
    for (name, given) in rows.columns.iter().zip(row) {
        let column = columns.iter().find(|column| column.name == *name);
        let column = column.ok_or_else(|| wrong(format!("{table} has no column {name}")))?;
        let value = value(factory, column, given);
        let value = value.ok_or_else(|| wrong(format!("{table}.{name} cannot hold {given}")))?;
        named.push((name.as_str(), value));
    }
    in_order(table, columns, &named)
}

fn value(factory: &Factory<'_>, column: &ColumnShape, given: &Toml) -> Option<Value> {
    Some(match (column.data_type.kind()?, given) {
        (ValueKind::Text, Toml::String(text)) => Value::text(text),
        (ValueKind::Integer, Toml::Integer(number)) => Value::Integer(*number),
        (ValueKind::Integer, Toml::Table(table)) => {
            Value::Integer(factory.espace(table.get("espace")?.as_str()?))
        }
        (ValueKind::Bit, Toml::Boolean(flag)) => Value::Bit(*flag),
        (ValueKind::DateTime, Toml::String(text)) => Value::DateTime(date_time_from_text(text)?),
        _ => return None,
    })
}

const PLAN: &str = include_str!("../../assets/practice/cleanup-plan.toml");

/// The plan that cleans the clone up, for these two connections: the tables `[clone]` and
/// `[original]`.
pub fn cleanup_plan(clone: Table, original: Table) -> Result<String> {
    let mut plan: DocumentMut =
        PLAN.parse().map_err(|error| wrong(format!("cleanup-plan.toml: {error}")))?;
    for (name, connection) in [("clone", clone), ("original", original)] {
        let place = plan.get_mut(name).and_then(Item::as_table_mut);
        let place = place.ok_or_else(|| wrong(format!("cleanup-plan.toml has no [{name}]")))?;
        for (key, value) in connection {
            place.insert(&key, value);
        }
    }
    Ok(plan.to_string())
}
