//! Reading a SQLite environment.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, Value as Cell};
use rusqlite::{Connection, params_from_iter};

use super::session::{Access, Session, attach, fault, locked_once, quote, table_sql};
use super::statement::{Condition, add_functions};
use super::{cell, sample, shape};
use crate::database::{
    Batch, Capabilities, Column, ColumnRef, ColumnType, DatabaseIdentity, EngineFacts, EngineKind,
    Fault, FaultKind, Filter, IdentityFacts, OneInstant, Result, Rights, RowsRequest, Scan,
    ScanRequest, Source, TableName, TableShape, Value, ValueKind,
};

/// A SQLite file that is read.
pub(super) struct SqliteSource {
    session: Arc<Session>,
    facts: EngineFacts,
}

impl SqliteSource {
    /// Opens the file read-only.
    pub(super) async fn open(path: &Path) -> Result<Self> {
        Self::with_access(path, Access::Read).await
    }

    /// Opens the file; the caller may only read through this all the same.
    pub(super) async fn with_access(path: &Path, access: Access) -> Result<Self> {
        let session = Session::open(path, access).await?;
        let instant = session
            .call(|connection| {
                add_functions(connection)?;
                instant_of(connection)
            })
            .await?;
        let facts = facts(path, access == Access::Read, instant)?;
        Ok(Self { session: Arc::new(session), facts })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        self.session.path()
    }
}

/// Readers and writers of a file go side by side only where it has a write-ahead log.
pub(super) fn instant_of(connection: &Connection) -> Result<OneInstant> {
    let mode: String = connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .map_err(|error| fault(&error))?;
    Ok(if mode == "wal" { OneInstant::Allowed } else { OneInstant::Blocking })
}

/// What is known of a file.
pub(super) fn facts(path: &Path, read_only: bool, instant: OneInstant) -> Result<EngineFacts> {
    let place = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    Ok(EngineFacts {
        kind: EngineKind::Sqlite,
        version: format!("SQLite {}", rusqlite::version()),
        stand_in: false,
        database: path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default(),
        place: path.display().to_string(),
        identity: identity(&place)?,
        collation: "without case".to_owned(),
        compatibility: 0,
        user: String::new(),
        read_only,
        capabilities: Capabilities {
            parallel_writers: false,
            ids_come_back: true,
            rights: false,
            instant,
            catalogs: true,
            switches: false,
            untyped: true,
        },
    })
}

#[cfg(unix)]
fn identity(path: &Path) -> Result<DatabaseIdentity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).map_err(|error| {
        Fault::new(FaultKind::Unreachable, format!("cannot look at {}: {error}", path.display()))
    })?;
    Ok(DatabaseIdentity {
        server: metadata.dev().to_string(),
        database_id: metadata.ino().to_string(),
        created: String::new(),
        group_id: None,
        recovery_id: None,
    })
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Result<DatabaseIdentity> {
    Ok(DatabaseIdentity {
        server: String::new(),
        database_id: path.display().to_string().to_lowercase(),
        created: String::new(),
        group_id: None,
        recovery_id: None,
    })
}

/// The named columns as a SELECT list; a column the table lacks is an error, never a text literal.
fn select_list(columns: &[ColumnRef]) -> String {
    columns.iter().map(|column| format!("t.{}", quote(&column.name))).collect::<Vec<_>>().join(", ")
}

/// Begins a transaction that sees the files as they are now. A file is seen as of the first read
/// in it, and none can be added later.
fn begin_instant(connection: &Connection, tables: &[TableName]) -> Result<()> {
    let mut files = vec!["main".to_owned()];
    for table in tables {
        let file = attach(connection, table)?;
        if !files.contains(&file) {
            files.push(file);
        }
    }
    let begin = || -> rusqlite::Result<()> {
        connection.execute_batch("BEGIN")?;
        for file in &files {
            let sql = format!("SELECT COUNT(*) FROM {}.sqlite_master", quote(file));
            connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?;
        }
        Ok(())
    };
    begin().map_err(|error| fault(&error))
}

fn read_row(
    row: &rusqlite::Row<'_>,
    columns: &[ColumnRef],
    batch: &mut Batch,
    table: &TableName,
) -> Result<()> {
    for (index, column) in columns.iter().enumerate() {
        let value = row.get_ref(index).map_err(|error| fault(&error))?;
        cell::read(value, &column.data_type, batch.column_mut(index))
            .map_err(|fault| fault.while_doing(format!("{table}.{}", column.name)))?;
    }
    Ok(())
}

pub(super) fn select(connection: &Connection, request: &RowsRequest) -> Result<Batch> {
    let condition = Condition::new(connection, &request.table, &request.filter)?;
    let mut sql = format!(
        "SELECT {} FROM {} AS t WHERE {}",
        select_list(&request.columns),
        table_sql(connection, &request.table)?,
        condition.sql
    );
    if let Some(order) = &request.order_by {
        sql.push_str(&format!(" ORDER BY t.{}", quote(order)));
    }
    if let Some(limit) = request.limit {
        sql.push_str(&format!(" LIMIT {limit}"));
    }
    let mut batch = Batch::for_types(request.columns.iter().map(|column| &column.data_type))?;
    let mut statement = connection.prepare(&sql).map_err(|error| fault(&error))?;
    let mut rows =
        statement.query(params_from_iter(&condition.parameters)).map_err(|error| fault(&error))?;
    while let Some(row) = rows.next().map_err(|error| fault(&error))? {
        read_row(row, &request.columns, &mut batch, &request.table)?;
    }
    Ok(batch)
}

fn count(connection: &Connection, table: &TableName, filter: &Filter) -> Result<u64> {
    let condition = Condition::new(connection, table, filter)?;
    let sql = format!(
        "SELECT COUNT(*) FROM {} AS t WHERE {}",
        table_sql(connection, table)?,
        condition.sql
    );
    connection
        .query_row(&sql, params_from_iter(&condition.parameters), |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
        .map_err(|error| fault(&error))
}

#[async_trait]
impl Source for SqliteSource {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        let catalog = catalog.map(str::to_owned);
        self.session.call(move |connection| shape::tables(connection, catalog.as_deref())).await
    }

    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        let tables = tables.to_vec();
        self.session.call(move |connection| shape::shapes(connection, &tables)).await
    }

    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        let request = request.clone();
        self.session.call(move |connection| select(connection, &request)).await
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        let after = request.after.clone();
        Ok(Box::new(SqliteScan {
            session: Arc::clone(&self.session),
            request: Arc::new(request),
            after,
            ended: false,
        }))
    }

    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        let (table, filter) = (table.clone(), filter.clone());
        self.session.call(move |connection| count(connection, &table, &filter)).await
    }

    async fn counts(&self, asked: &[(TableName, Filter)]) -> Result<Vec<u64>> {
        let asked = asked.to_vec();
        self.session
            .call(move |connection| {
                locked_once(connection, || {
                    asked.iter().map(|(table, filter)| count(connection, table, filter)).collect()
                })
            })
            .await
    }

    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        let (table, column) = (table.clone(), column.to_owned());
        self.session
            .call(move |connection| {
                let highest = |condition: &str| {
                    let sql = format!(
                        "SELECT MAX(t.{0}) FROM {1} AS t{condition}",
                        quote(&column),
                        table_sql(connection, &table)?
                    );
                    connection
                        .query_row(&sql, [], |row| row.get::<_, Cell>(0))
                        .map_err(|error| fault(&error))
                };
                match highest("")? {
                    Cell::Integer(highest) => Ok(Some(highest)),
                    Cell::Null => Ok(None),
                    // Anything else sorts behind the numbers.
                    _ => {
                        match highest(&format!(" WHERE typeof(t.{}) = 'integer'", quote(&column)))?
                        {
                            Cell::Integer(highest) => Ok(Some(highest)),
                            _ => Ok(None),
                        }
                    }
                }
            })
            .await
    }

    async fn identities(&self, tables: &[TableName]) -> Result<Vec<Option<IdentityFacts>>> {
        let tables = tables.to_vec();
        self.session
            .call(move |connection| {
                tables.iter().map(|table| shape::identity(connection, table)).collect()
            })
            .await
    }

    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        let (table, column, filter) = (table.clone(), column.clone(), filter.clone());
        self.session
            .call(move |connection| {
                let condition = Condition::new(connection, &table, &filter)?;
                let name = quote(&column.name);
                let sql = format!(
                    "SELECT t.{name}, COUNT(*) FROM {} AS t WHERE t.{name} IS NOT NULL AND {} \
                     GROUP BY t.{name} ORDER BY 2 DESC, 1 LIMIT {limit}",
                    table_sql(connection, &table)?,
                    condition.sql
                );
                let columns =
                    [column, ColumnRef { name: "count".to_owned(), data_type: ColumnType::BigInt }];
                let mut batch = Batch::new(vec![
                    Column::for_type(&columns[0].data_type)?,
                    Column::new(ValueKind::Integer, 0),
                ])?;
                let mut statement = connection.prepare(&sql).map_err(|error| fault(&error))?;
                let mut rows = statement
                    .query(params_from_iter(&condition.parameters))
                    .map_err(|error| fault(&error))?;
                while let Some(row) = rows.next().map_err(|error| fault(&error))? {
                    match read_row(row, &columns, &mut batch, &table) {
                        // A value that is none of its type is nobody's; that there are such is asked
                        // by itself.
                        Err(fault) if fault.kind == FaultKind::Data => {}
                        other => other?,
                    }
                }
                Ok(batch)
            })
            .await
    }

    async fn instant(&self, tables: &[TableName]) -> Result<Box<dyn Source>> {
        let session = Session::open(self.path(), Access::Read).await?;
        let tables = tables.to_vec();
        session
            .call(move |connection| {
                add_functions(connection)?;
                begin_instant(connection, &tables)
            })
            .await?;
        Ok(Box::new(Self { session: Arc::new(session), facts: self.facts.clone() }))
    }

    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        let tables = tables.to_vec();
        self.session
            .call(move |connection| {
                tables.iter().map(|table| sample::row_bytes(connection, table)).collect()
            })
            .await
    }

    fn statistics(&self, tables: &[TableName]) -> Option<String> {
        Some(super::script::statistics(self.path(), tables))
    }

    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        // A file has no rights per table: whoever can open it for writing can do everything.
        let write = Some(!self.facts.read_only);
        let rights = Rights {
            select: Some(true),
            insert: write,
            update: write,
            delete: write,
            alter: write,
            view_definition: Some(true),
        };
        Ok(vec![rights; tables.len()])
    }
}

/// Pages through one table.
struct SqliteScan {
    session: Arc<Session>,
    request: Arc<ScanRequest>,
    after: Option<Value>,
    ended: bool,
}

#[async_trait]
impl Scan for SqliteScan {
    async fn next(&mut self) -> Result<Option<Batch>> {
        if self.ended {
            return Ok(None);
        }
        let request = Arc::clone(&self.request);
        let after = self.after.clone();
        let (batch, last, ended) =
            self.session.call(move |connection| page(connection, &request, after)).await?;
        self.after = last;
        self.ended = ended;
        Ok((!batch.is_empty()).then_some(batch))
    }
}

/// One page: the batch, the key to go on after, and whether the table is done.
fn page(
    connection: &Connection,
    request: &ScanRequest,
    after: Option<Value>,
) -> Result<(Batch, Option<Value>, bool)> {
    let mut condition = Condition::new(connection, &request.table, &request.filter)?;
    // A table without a key of its own is paged by SQLite's row number.
    let key = request.key.as_deref().map_or_else(|| "rowid".to_owned(), quote);
    if let Some(after) = &after {
        condition.parameters.push(cell::parameter(after));
        let place = condition.parameters.len();
        condition.sql = format!("({}) AND t.{key} > ?{place}", condition.sql);
    }
    let sql = format!(
        "SELECT {}, t.{key} FROM {} AS t WHERE {} ORDER BY t.{key} LIMIT {}",
        select_list(&request.columns),
        table_sql(connection, &request.table)?,
        condition.sql,
        request.batch_rows
    );
    let mut batch = Batch::for_types(request.columns.iter().map(|column| &column.data_type))?;
    let mut statement = connection.prepare_cached(&sql).map_err(|error| fault(&error))?;
    let mut rows =
        statement.query(params_from_iter(&condition.parameters)).map_err(|error| fault(&error))?;
    let mut last = after;
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(|error| fault(&error))? {
        for index in 0..request.columns.len() {
            let value = row.get_ref(index).map_err(|error| fault(&error))?;
            bytes += match ToSqlOutput::Borrowed(value) {
                ToSqlOutput::Borrowed(
                    rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes),
                ) => bytes.len() + 8,
                _ => 8,
            };
        }
        read_row(row, &request.columns, &mut batch, &request.table)?;
        let key: Cell = row.get(request.columns.len()).map_err(|error| fault(&error))?;
        last = Some(match key {
            Cell::Integer(value) => Value::Integer(value),
            Cell::Text(value) => Value::text(&value),
            Cell::Real(value) => Value::Float(value),
            Cell::Blob(value) => Value::Binary(value),
            Cell::Null => {
                return Err(Fault::new(
                    FaultKind::Data,
                    format!("{} has a row whose identifier is NULL", request.table),
                ));
            }
        });
        if bytes >= request.batch_bytes {
            return Ok((batch, last, false));
        }
    }
    let ended = batch.len() < request.batch_rows;
    Ok((batch, last, ended))
}
