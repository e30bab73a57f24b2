//! Writing a SQLite environment: one transaction per batch.

use std::fs::File;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params_from_iter};

use super::insert::{insert, reserve};
use super::script::SqliteScript;
use super::session::{Access, Session, fault, quote, table_sql};
use super::source::{SqliteSource, select};
use super::statement::{Condition, add_functions};
use super::{alike, cell, changes};
use crate::database::{
    Alike, AlikeTarget, Batch, ColumnRef, Destination, EngineFacts, Fault, FaultKind, Fence,
    Filter, IdentityFacts, InsertTarget, JournalToken, Outcome, Removal, Removed, Result, Rights,
    RowsRequest, RunLock, Scan, ScanRequest, Script, ScriptChange, Source, TableName, TableShape,
    UpdateTarget, Value, Witness, Writer,
};

/// A SQLite file that is written.
pub(super) struct SqliteDestination {
    reading: SqliteSource,
}

impl SqliteDestination {
    /// Opens the file.
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let reading = SqliteSource::with_access(path, Access::Write).await?;
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly()) {
            return Err(Fault::new(
                FaultKind::Permission,
                format!("{} cannot be written", path.display()),
            )
            .advise("Take the write protection off the file, or choose another destination."));
        }
        Ok(Self { reading })
    }
}

#[async_trait]
impl Source for SqliteDestination {
    fn facts(&self) -> &EngineFacts {
        self.reading.facts()
    }
    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        self.reading.tables(catalog).await
    }
    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        self.reading.shapes(tables).await
    }
    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        self.reading.rows(request).await
    }
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        self.reading.scan(request).await
    }
    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        self.reading.count(table, filter).await
    }
    async fn counts(&self, asked: &[(TableName, Filter)]) -> Result<Vec<u64>> {
        self.reading.counts(asked).await
    }
    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        self.reading.highest(table, column).await
    }
    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        self.reading.distinct(table, column, filter, limit).await
    }
    async fn instant(&self, tables: &[TableName]) -> Result<Box<dyn Source>> {
        self.reading.instant(tables).await
    }
    async fn identities(&self, tables: &[TableName]) -> Result<Vec<Option<IdentityFacts>>> {
        self.reading.identities(tables).await
    }
    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.reading.row_bytes(tables).await
    }
    async fn index_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.reading.index_bytes(tables).await
    }
    fn statistics(&self, tables: &[TableName]) -> Option<String> {
        self.reading.statistics(tables)
    }

    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        self.reading.rights(tables).await
    }
}

/// The run's lock: a locked file beside the database, gone when the run is.
struct FileLock {
    file: Option<File>,
    path: PathBuf,
}

impl RunLock for FileLock {}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Remove first, then unlock: nobody can lock a file that is about to vanish.
        let _ = std::fs::remove_file(&self.path);
        drop(self.file.take());
    }
}

#[async_trait]
impl Destination for SqliteDestination {
    fn as_source(&self) -> &dyn Source {
        self
    }

    async fn lock_run(&self, run: &str) -> Result<Box<dyn RunLock>> {
        let mut name = self.reading.path().as_os_str().to_owned();
        name.push(".osferry-lock");
        let path = PathBuf::from(name);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(
            |error| {
                Fault::new(
                    FaultKind::Permission,
                    format!("cannot write {}: {error}", path.display()),
                )
                .advise("The run locks its destination with a file beside it.")
            },
        )?;
        match file.try_lock() {
            Ok(()) => {
                use std::io::Write;
                let _ = writeln!(&file, "{run}");
                Ok(Box::new(FileLock { file: Some(file), path }))
            }
            Err(_) => Err(Fault::new(
                FaultKind::Busy,
                format!("another run is writing to {}", self.facts().place),
            )
            .advise("Wait until it has ended, or stop it; `osferry runs` lists the runs.")),
        }
    }

    async fn writer(&self, _session: &str) -> Result<Box<dyn Writer>> {
        let session = Session::open(self.reading.path(), Access::Write).await?;
        session.call(|connection| add_functions(connection)).await?;
        Ok(Box::new(SqliteWriter { session }))
    }

    async fn fence(&self, _session: &str) -> Result<Fence> {
        // One writer at a time: whoever gets the write lock knows that no other transaction is
        // undecided.
        let probe = Session::open(self.reading.path(), Access::Write).await?;
        probe
            .call(|connection| match connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
                Ok(()) => Ok(Fence::Gone),
                Err(error) if fault(&error).kind == FaultKind::Retry => Ok(Fence::StillThere),
                Err(error) => Err(fault(&error)),
            })
            .await
    }

    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness> {
        let found = self.count(table, &Filter::AnyOf(key.name.clone(), keys.to_vec())).await?;
        Ok(match found {
            0 => Witness::None,
            found if found == keys.len() as u64 => Witness::All,
            found => Witness::Some(found),
        })
    }

    async fn reserve_ids(
        &self,
        table: &TableName,
        key: &ColumnRef,
        rows: u64,
    ) -> Result<Option<i64>> {
        let session = Session::open(self.reading.path(), Access::Write).await?;
        let (table, key) = (table.clone(), key.name.clone());
        session.call(move |connection| reserve(connection, &table, &key, rows)).await
    }

    fn script(&self) -> Option<Box<dyn Script>> {
        Some(Box::new(SqliteScript { path: self.reading.path().to_path_buf() }))
    }

    async fn changes_script(
        &self,
        about: &[String],
        _file: &str,
        changes: &[ScriptChange],
    ) -> Result<Option<String>> {
        let session = Session::open(self.reading.path(), Access::Read).await?;
        let (path, about, changes) =
            (self.reading.path().to_path_buf(), about.to_vec(), changes.to_vec());
        session
            .call(move |connection| changes::script(connection, &path, &about, &changes).map(Some))
            .await
    }
}

/// One writing session.
struct SqliteWriter {
    session: Session,
}

#[async_trait]
impl Writer for SqliteWriter {
    async fn begin(&mut self) -> Result<()> {
        self.batch("BEGIN IMMEDIATE").await
    }

    async fn insert(&mut self, target: &InsertTarget, batch: &Batch) -> Result<Vec<i64>> {
        let (target, batch) = (target.clone(), batch.clone());
        self.session.call(move |connection| insert(connection, &target, &batch)).await
    }

    async fn rows(&mut self, request: &RowsRequest) -> Result<Batch> {
        let request = request.clone();
        self.session.call(move |connection| select(connection, &request)).await
    }

    async fn held(&mut self, request: &RowsRequest) -> Result<Batch> {
        // The transaction has begun with the lock for writing.
        self.rows(request).await
    }

    async fn alike(&mut self, target: &AlikeTarget, batch: &Batch) -> Result<Vec<Alike>> {
        let (target, batch) = (target.clone(), batch.clone());
        self.session.call(move |connection| alike::find(connection, &target, &batch)).await
    }

    async fn update(&mut self, target: &UpdateTarget, batch: &Batch) -> Result<u64> {
        let (target, batch) = (target.clone(), batch.clone());
        self.session.call(move |connection| update(connection, &target, &batch)).await
    }

    async fn delete(&mut self, removal: &Removal) -> Result<Removed> {
        let removal = removal.clone();
        self.session.call(move |connection| remove(connection, &removal, None)).await
    }

    async fn clear(&mut self, removal: &Removal, column: &str) -> Result<Removed> {
        let (removal, column) = (removal.clone(), column.to_owned());
        self.session.call(move |connection| remove(connection, &removal, Some(&column))).await
    }

    async fn commit(&mut self, _token: JournalToken) -> Outcome {
        match self.batch("COMMIT").await {
            Ok(()) => Outcome::Done,
            // SQLite answers in this process: a refused COMMIT leaves the transaction open.
            Err(fault) if fault.kind == FaultKind::Lost => Outcome::Unknown(fault),
            Err(fault) => match self.rollback().await {
                Ok(()) => Outcome::RolledBack(fault),
                Err(_) => Outcome::Unknown(fault),
            },
        }
    }

    async fn rollback(&mut self) -> Result<()> {
        self.session
            .call(|connection| {
                if connection.is_autocommit() {
                    return Ok(());
                }
                connection.execute_batch("ROLLBACK").map_err(|error| fault(&error))
            })
            .await
    }
}

impl SqliteWriter {
    async fn batch(&self, sql: &'static str) -> Result<()> {
        self.session
            .call(move |connection| connection.execute_batch(sql).map_err(|error| fault(&error)))
            .await
    }
}

/// Deletes rows, or empties a column of them where it is filled.
fn remove(connection: &Connection, removal: &Removal, emptied: Option<&str>) -> Result<Removed> {
    let name = table_sql(connection, &removal.table)?;
    let condition = Condition::new(connection, &removal.table, &removal.filter)?;
    let filled =
        emptied.map_or_else(String::new, |column| format!(" AND t.{} IS NOT NULL", quote(column)));
    let mut wanted = vec!["t.rowid".to_owned()];
    wanted.extend(removal.returning.iter().map(|column| format!("t.{}", quote(&column.name))));
    let sql = format!(
        "SELECT {} FROM {name} AS t WHERE ({}){filled} LIMIT {}",
        wanted.join(", "),
        condition.sql,
        removal.limit
    );
    let mut before = Batch::for_types(removal.returning.iter().map(|column| &column.data_type))?;
    let mut places: Vec<i64> = Vec::new();
    let mut read = connection.prepare(&sql).map_err(|error| fault(&error))?;
    let mut rows =
        read.query(params_from_iter(&condition.parameters)).map_err(|error| fault(&error))?;
    while let Some(row) = rows.next().map_err(|error| fault(&error))? {
        places.push(row.get(0).map_err(|error| fault(&error))?);
        for (index, column) in removal.returning.iter().enumerate() {
            let cell = row.get_ref(index + 1).map_err(|error| fault(&error))?;
            cell::read(cell, &column.data_type, before.column_mut(index))
                .map_err(|fault| fault.while_doing(format!("{}.{}", removal.table, column.name)))?;
        }
    }
    let verb = emptied.map_or_else(
        || format!("DELETE FROM {name}"),
        |column| format!("UPDATE {name} SET {} = NULL", quote(column)),
    );
    let places = serde_json::to_string(&places)
        .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
    let rows = connection
        .execute(&format!("{verb} WHERE rowid IN (SELECT value FROM json_each(?1))"), [places])
        .map_err(|error| fault(&error))?;
    Ok(Removed { rows: rows as u64, before })
}

fn update(connection: &Connection, target: &UpdateTarget, batch: &Batch) -> Result<u64> {
    let table = table_sql(connection, &target.table)?;
    let sets: Vec<String> = target
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| format!("{} = ?{}", quote(&column.name), index + 2))
        .collect();
    let sql =
        format!("UPDATE {table} SET {} WHERE {} = ?1", sets.join(", "), quote(&target.key.name));
    let mut statement = connection.prepare_cached(&sql).map_err(|error| fault(&error))?;
    let mut found = 0;
    for row in 0..batch.len() {
        let mut cells = vec![ToSqlOutput::Owned(cell::parameter(&batch.column(0).value(row)))];
        for (values, column) in batch.columns().iter().skip(1).zip(&target.columns) {
            cells.push(
                cell::stored(values, row, column)
                    .map_err(|fault| fault.while_doing(&target.table))?,
            );
        }
        found += statement
            .execute(params_from_iter(cells))
            .map_err(|error| fault(&error).while_doing(&target.table))? as u64;
    }
    Ok(found)
}
