//! What SQLite's catalogue says of a table, in SQL Server's terms.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::Connection;

use super::session::{attach, fault, locked_once};
use crate::database::{
    ColumnShape, ColumnType, DeleteAction, ForeignKey, IdentityFacts, IndexShape, ObjectKind,
    Result, TableName, TableShape, TriggerShape,
};

/// Every table of a database.
pub(super) fn tables(connection: &Connection, catalog: Option<&str>) -> Result<Vec<TableName>> {
    let asked = TableName::new("").in_catalog(catalog.map(str::to_owned));
    let schema = attach(connection, &asked)?;
    let read = || -> rusqlite::Result<Vec<TableName>> {
        let mut list = connection.prepare_cached(&format!(
            "SELECT name FROM {}.sqlite_master \
             WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
            super::session::quote(&schema)
        ))?;
        list.query_map([], |row| {
            Ok(TableName::new(row.get::<_, String>(0)?).in_catalog(asked.catalog.clone()))
        })?
        .collect()
    };
    read().map_err(|error| fault(&error))
}

/// The shape of a table or view; `None` when there is none of that name.
pub(super) fn shape(connection: &Connection, table: &TableName) -> Result<Option<TableShape>> {
    Ok(shapes(connection, std::slice::from_ref(table))?.pop().flatten())
}

/// The shapes of tables and views, each `None` when there is none of that name.
pub(super) fn shapes(
    connection: &Connection,
    tables: &[TableName],
) -> Result<Vec<Option<TableShape>>> {
    let mut listed: HashMap<String, Listed> = HashMap::new();
    let mut read = |table: &TableName| -> Result<Option<TableShape>> {
        let schema = attach(connection, table)?;
        let mut read = || -> rusqlite::Result<Option<TableShape>> {
            let listed = match listed.entry(schema.clone()) {
                Entry::Occupied(listed) => listed.into_mut(),
                Entry::Vacant(schemas) => {
                    let wanted = (tables.len() == 1).then_some(table.name.as_str());
                    schemas.insert(Listed::read(connection, &schema, wanted)?)
                }
            };
            read(connection, table, &schema, listed)
        };
        read().map_err(|error| fault(&error))
    };
    locked_once(connection, || tables.iter().map(&mut read).collect())
}

/// What SQLite lists of the tables and views of one database, by their names without case.
#[derive(Default)]
struct Listed {
    /// Name, kind and statement.
    tables: HashMap<String, (String, String, String)>,
    triggers: HashMap<String, Vec<TriggerShape>>,
}

impl Listed {
    /// Reads it at once: to look for each table in the list takes long where there are many. `only`:
    /// the one table that is wanted.
    fn read(connection: &Connection, schema: &str, only: Option<&str>) -> rusqlite::Result<Self> {
        let mut listed = Self::default();
        let mut list = connection.prepare_cached(&format!(
            "SELECT type, name, tbl_name, COALESCE(sql, '') FROM {}.sqlite_master \
             WHERE type IN ('table', 'view', 'trigger') \
             AND (?1 IS NULL OR tbl_name = ?1 COLLATE NOCASE) ORDER BY rowid",
            super::session::quote(schema)
        ))?;
        let mut rows = list.query([only])?;
        while let Some(row) = rows.next()? {
            let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
            let (of, sql): (String, String) = (row.get(2)?, row.get(3)?);
            let of = of.to_ascii_lowercase();
            if kind == "trigger" {
                let instead_of = sql.to_ascii_uppercase().contains("INSTEAD OF");
                let trigger = TriggerShape { name, instead_of, disabled: false };
                listed.triggers.entry(of).or_default().push(trigger);
            } else {
                listed.tables.insert(of, (name, kind, sql));
            }
        }
        Ok(listed)
    }
}

fn read(
    connection: &Connection,
    table: &TableName,
    schema: &str,
    listed: &Listed,
) -> rusqlite::Result<Option<TableShape>> {
    let asked = table.name.to_ascii_lowercase();
    let Some((name, kind, sql)) = listed.tables.get(&asked).cloned() else { return Ok(None) };
    let autoincrement = sql.to_ascii_uppercase().contains("AUTOINCREMENT");

    let mut primary_key: Vec<(i64, String)> = Vec::new();
    let mut columns = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, ?2)",
    )?;
    let mut rows = statement.query([name.as_str(), schema])?;
    while let Some(row) = rows.next()? {
        let column: String = row.get(0)?;
        let declared: String = row.get(1)?;
        let place: i64 = row.get(4)?;
        let rowid = place > 0 && declared.trim().eq_ignore_ascii_case("integer");
        if place > 0 {
            primary_key.push((place, column.clone()));
        }
        columns.push(ColumnShape {
            // An INTEGER PRIMARY KEY holds 64 bits whatever the environment's identifier type.
            data_type: if rowid { ColumnType::BigInt } else { ColumnType::parse(&declared) },
            nullable: row.get::<_, i64>(2)? == 0 && place == 0,
            identity: rowid && autoincrement,
            computed: row.get::<_, i64>(5)? != 0,
            has_default: row.get::<_, Option<String>>(3)?.is_some(),
            name: column,
        });
    }
    primary_key.sort();

    Ok(Some(TableShape {
        unique_indexes: unique_indexes(connection, &name, schema)?,
        foreign_keys: foreign_keys(connection, &name, schema, table)?,
        // The catalogue does not list them one by one; none can be switched off.
        checks: Vec::new(),
        triggers: listed.triggers.get(&asked).cloned().unwrap_or_default(),
        name: TableName { catalog: table.catalog.clone(), schema: None, name },
        kind: if kind == "view" { ObjectKind::View } else { ObjectKind::Table },
        columns,
        primary_key: primary_key.into_iter().map(|(_, name)| name).collect(),
    }))
}

fn unique_indexes(
    connection: &Connection,
    table: &str,
    schema: &str,
) -> rusqlite::Result<Vec<IndexShape>> {
    let mut list = connection.prepare_cached(
        "SELECT name, partial FROM pragma_index_list(?1, ?2) WHERE \"unique\" = 1 AND origin <> 'pk'",
    )?;
    let names = list
        .query_map([table, schema], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut columns = connection.prepare_cached(
        "SELECT name, coll FROM pragma_index_xinfo(?1, ?2) WHERE \"key\" = 1 ORDER BY seqno",
    )?;
    names
        .into_iter()
        .map(|(name, filtered)| {
            let parts = columns
                .query_map([name.as_str(), schema], |row| {
                    Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            // A part without a name is an expression.
            let filtered = filtered || parts.iter().any(|(column, _)| column.is_none());
            let (columns, collations) = parts
                .into_iter()
                .filter_map(|(column, collation)| Some((column?, collation)))
                .unzip();
            Ok(IndexShape { name, columns, collations, filtered })
        })
        .collect()
}

fn foreign_keys(
    connection: &Connection,
    table: &str,
    schema: &str,
    asked: &TableName,
) -> rusqlite::Result<Vec<ForeignKey>> {
    let mut list = connection.prepare_cached(
        "SELECT id, \"table\", \"from\", COALESCE(\"to\", ''), on_delete \
         FROM pragma_foreign_key_list(?1, ?2)",
    )?;
    list.query_map([table, schema], |row| {
        Ok(ForeignKey {
            name: format!("foreign key {}", row.get::<_, i64>(0)?),
            parent: TableName::new(row.get::<_, String>(1)?).in_catalog(asked.catalog.clone()),
            column: row.get(2)?,
            parent_column: row.get(3)?,
            on_delete: match row.get::<_, String>(4)?.as_str() {
                "CASCADE" => DeleteAction::Cascade,
                "SET NULL" => DeleteAction::SetNull,
                "SET DEFAULT" => DeleteAction::SetDefault,
                _ => DeleteAction::NoAction,
            },
            disabled: false,
            not_trusted: false,
        })
    })?
    .collect()
}

/// What the identity of a table has come to: the highest id it ever gave, as a row with it may be
/// gone. `None` for a table without one, or that is not there.
pub(super) fn identity(
    connection: &Connection,
    table: &TableName,
) -> Result<Option<IdentityFacts>> {
    let schema = attach(connection, table)?;
    let Some(shape) = shape(connection, table)? else { return Ok(None) };
    let Some(column) = shape.identity() else { return Ok(None) };
    let schema = super::session::quote(&schema);
    let read = || -> rusqlite::Result<Option<i64>> {
        let (name, key) =
            (super::session::quote(&shape.name.name), super::session::quote(&column.name));
        connection.query_row(
            &format!(
                "SELECT MAX(last) FROM (SELECT MAX({key}) AS last FROM {schema}.{name} \
                 UNION ALL SELECT seq FROM {schema}.sqlite_sequence WHERE name = ?1)"
            ),
            [&shape.name.name],
            |row| row.get(0),
        )
    };
    let last = read().map_err(|error| fault(&error))?;
    Ok(Some(IdentityFacts { column: column.name.clone(), step: 1, last }))
}
