//! Building a practice environment in an empty file.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::Connection;

use super::cell;
use super::session::{Access, Session, fault, quote};
use super::source::facts;
use crate::database::{
    Batch, Builder, ColumnShape, ColumnType, EngineFacts, InsertTarget, NewColumn, NewForeignKey,
    NewTable, NewTrigger, OneInstant, Result, TableName,
};

/// A file under construction: one transaction until it is finished.
pub(super) struct SqliteBuilder {
    session: Session,
    facts: EngineFacts,
    foreign_keys: Vec<(TableName, Vec<NewForeignKey>)>,
}

impl SqliteBuilder {
    /// Opens or makes the file.
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let session = Session::open(path, Access::Create).await?;
        session
            .call(|connection| {
                connection
                    .execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")
                    .map_err(|error| fault(&error))
            })
            .await?;
        Ok(Self {
            session,
            facts: facts(path, false, OneInstant::Denied)?,
            foreign_keys: Vec::new(),
        })
    }

    async fn execute(&self, sql: String) -> Result<()> {
        self.session
            .call(move |connection| connection.execute_batch(&sql).map_err(|error| fault(&error)))
            .await
    }
}

/// The type as a file declares it (`design.md` decision 6).
fn declared(data_type: &ColumnType) -> String {
    match data_type {
        ColumnType::Decimal { precision, scale } => format!("DECIMALTEXT({precision},{scale})"),
        ColumnType::NVarChar(None) | ColumnType::VarChar(None) | ColumnType::VarBinary(None) => {
            format!("\"{}\"", data_type.to_string().to_uppercase())
        }
        other => other.to_string().to_uppercase(),
    }
}

fn column_sql(column: &NewColumn, alone_in_key: bool) -> String {
    let name = quote(&column.shape.name);
    if column.shape.identity && alone_in_key {
        return format!("{name} INTEGER PRIMARY KEY AUTOINCREMENT");
    }
    let mut sql = format!("{name} {}", declared(&column.shape.data_type));
    if !column.shape.nullable {
        sql.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        let literal = match cell::parameter(default) {
            rusqlite::types::Value::Null => "NULL".to_owned(),
            rusqlite::types::Value::Integer(value) => value.to_string(),
            rusqlite::types::Value::Real(value) => value.to_string(),
            rusqlite::types::Value::Text(value) => format!("'{}'", value.replace('\'', "''")),
            rusqlite::types::Value::Blob(_) => "X''".to_owned(),
        };
        sql.push_str(&format!(" DEFAULT {literal}"));
    }
    // The platform's databases compare text without case.
    if column.shape.data_type.kind() == Some(crate::database::ValueKind::Text) {
        sql.push_str(" COLLATE NOCASE");
    }
    sql
}

#[async_trait]
impl Builder for SqliteBuilder {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    async fn is_empty(&mut self) -> Result<bool> {
        self.session
            .call(|connection| {
                connection
                    .query_row("SELECT COUNT(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))
                    .map(|tables| tables == 0)
                    .map_err(|error| fault(&error))
            })
            .await
    }

    async fn create_table(&mut self, table: &NewTable) -> Result<()> {
        let name = &table.name.name;
        let mut has_identity = false;
        let mut parts = Vec::new();
        for column in &table.columns {
            let alone = table.primary_key.len() == 1
                && crate::database::same_name(&table.primary_key[0], &column.shape.name);
            has_identity |= alone && column.shape.identity;
            parts.push(column_sql(column, alone));
        }
        if !has_identity && !table.primary_key.is_empty() {
            let key: Vec<String> = table.primary_key.iter().map(|column| quote(column)).collect();
            parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
        }
        let mut sql = format!("CREATE TABLE {} (\n  {}\n)", quote(name), parts.join(",\n  "));
        for index in &table.indexes {
            let columns: Vec<String> = index.columns.iter().map(|column| quote(column)).collect();
            sql.push_str(&format!(
                ";\nCREATE {}INDEX {} ON {} ({})",
                if index.unique { "UNIQUE " } else { "" },
                quote(&index.name),
                quote(name),
                columns.join(", ")
            ));
        }
        self.execute(sql).await
    }

    async fn add_foreign_keys(&mut self, table: &TableName, keys: &[NewForeignKey]) -> Result<()> {
        if !keys.is_empty() {
            self.foreign_keys.push((table.clone(), keys.to_vec()));
        }
        Ok(())
    }

    async fn add_trigger(&mut self, trigger: &NewTrigger) -> Result<()> {
        let filters = trigger.filters.iter().map(|column| {
            let column = quote(column);
            format!(" AND (e.{column} IS NULL OR e.{column} = NEW.{column})")
        });
        let filters: String = filters.collect();
        self.execute(format!(
            "CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN \
               INSERT INTO {queue} (ESPACE_ID, TENANT_ID, ACTIVITY_ID, PROCESS_DEF_ID, {record}, \
                 ENQUEUE_TIME, ERROR_COUNT, NEXT_RUN) \
               SELECT e._ESPACE_ID, e._TENANT_ID, e._ACTIVITY_ID, e._PROCESS_DEF_ID, NEW.{key}, \
                 '1900-01-01 00:00:00', 0, '1900-01-01 00:00:00' \
               FROM {events} AS e WHERE e._IS_UPDATE = {update} \
                 AND COALESCE(e._IS_LIGHT, 0) = {light}{filters}; END",
            event = if trigger.on_update { "UPDATE" } else { "INSERT" },
            record = trigger.record_column(),
            update = i64::from(trigger.on_update),
            light = i64::from(trigger.is_light),
            name = quote(&trigger.name),
            table = quote(&trigger.table.name),
            queue = quote(&trigger.queue.name),
            events = quote(&trigger.event_table.name),
            key = quote(&trigger.key),
        ))
        .await
    }

    async fn fill(
        &mut self,
        table: &TableName,
        columns: &[ColumnShape],
        rows: &Batch,
    ) -> Result<()> {
        let target =
            InsertTarget { table: table.clone(), columns: columns.to_vec(), identity: None };
        let rows = rows.clone();
        self.session
            .call(move |connection| super::insert::insert(connection, &target, &rows).map(drop))
            .await
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        let keys = self.foreign_keys;
        self.session
            .call(move |connection| {
                connection.execute_batch("COMMIT").map_err(|error| fault(&error))?;
                write_foreign_keys(connection, &keys).map_err(|error| fault(&error))
            })
            .await
    }
}

/// SQLite knows foreign keys only as part of CREATE TABLE, so the stored statement is amended.
fn write_foreign_keys(
    connection: &Connection,
    tables: &[(TableName, Vec<NewForeignKey>)],
) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA writable_schema = ON; BEGIN IMMEDIATE")?;
    for (table, keys) in tables {
        let sql: String = connection.query_row(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
            [&table.name],
            |row| row.get(0),
        )?;
        let whole = sql.trim_end();
        let mut amended = whole.strip_suffix(')').unwrap_or(whole).trim_end().to_owned();
        for key in keys {
            amended.push_str(&format!(
                ",\n  CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){}",
                quote(&key.name),
                quote(&key.column),
                quote(&key.parent.name),
                quote(&key.parent_column),
                if key.cascade { " ON DELETE CASCADE" } else { "" }
            ));
        }
        amended.push_str("\n)");
        connection.execute(
            "UPDATE sqlite_master SET sql = ?1 WHERE type = 'table' AND name = ?2 COLLATE NOCASE",
            [&amended, &table.name],
        )?;
    }
    let version: i64 = connection.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
    connection.execute_batch(&format!(
        "PRAGMA schema_version = {}; COMMIT; PRAGMA writable_schema = RESET",
        version + 1
    ))
}
