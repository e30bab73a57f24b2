//! Writing an environment.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;

use super::connect::{Intent, Target};
use super::connection::Connection;
use super::reserve;
use super::source::SqlServerSource;
use super::statements::changes;
use super::statements::script::TransactScript;
use super::statements::{PROBE, take_lock};
use super::writer::{SqlServerWriter, granted, session_lock};
use super::written::Written;
use crate::database::{
    Batch, ColumnRef, CopyFacts, Destination, EngineFacts, Fault, FaultKind, Fence, Filter,
    GrantRequest, GrantScript, IdentityFacts, Referrer, Result, Rights, RowsRequest, RunLock, Scan,
    ScanRequest, Script, ScriptChange, SecurityFacts, ServerFacts, Source, TableName, TableShape,
    UserRemoval, Value, Witness, Writer,
};

/// The lock that lets one run at a time write to a database.
fn run_lock(database: &str) -> String {
    format!("osferry:run:{database}")
}

/// Rows asked for by locking reads, so that a transaction still open is waited for.
const LOCKING: &str = " WITH (READCOMMITTEDLOCK)";

/// Keys asked for at once.
const WITNESSES: usize = 2_000;

/// A database that is written.
pub(super) struct SqlServerDestination {
    reading: Arc<SqlServerSource>,
    /// What its sessions know of the tables they write to.
    written: Arc<Written>,
    /// The run that writes, for as long as it holds its lock.
    run: Mutex<Weak<HeldLock>>,
}

impl SqlServerDestination {
    /// Connects.
    pub(super) async fn open(target: Arc<Target>) -> Result<Self> {
        let reading = SqlServerSource::open(target, Intent::Write).await?;
        if reading.facts().read_only {
            return Err(Fault::new(
                FaultKind::Permission,
                format!("{} can only be read at present", reading.facts().place),
            )
            .advise("Connect to the primary, or take the database out of read-only."));
        }
        let (written, run) = (Arc::default(), Mutex::default());
        Ok(Self { reading: Arc::new(reading), written, run })
    }
}

#[async_trait]
impl Source for SqlServerDestination {
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
    async fn version_store(&self) -> Result<Option<u64>> {
        self.reading.version_store().await
    }
    async fn referrers(&self, tables: &[TableName]) -> Result<Vec<Referrer>> {
        self.reading.referrers(tables).await
    }
    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.reading.row_bytes(tables).await
    }
    async fn index_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.reading.index_bytes(tables).await
    }
    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        self.reading.rights(tables).await
    }
    async fn server_facts(&self) -> Result<ServerFacts> {
        self.reading.server_facts().await
    }

    async fn copy_facts(&self) -> Result<CopyFacts> {
        self.reading.copy_facts().await
    }
    fn reads(&self, table: &TableName, columns: &[ColumnRef]) -> Vec<String> {
        self.reading.reads(table, columns)
    }
    async fn security(&self) -> Result<SecurityFacts> {
        self.reading.security().await
    }
    fn removal_of_users(
        &self,
        about: &[String],
        file: &str,
        removals: &[UserRemoval],
    ) -> Option<String> {
        self.reading.removal_of_users(about, file, removals)
    }
    async fn identities(&self, tables: &[TableName]) -> Result<Vec<Option<IdentityFacts>>> {
        self.reading.identities(tables).await
    }
    fn statistics(&self, tables: &[TableName]) -> Option<String> {
        self.reading.statistics(tables)
    }
    async fn grants(&self, request: &GrantRequest) -> Result<Option<GrantScript>> {
        self.reading.grants(request).await
    }
}

/// The run's lock: it lasts as long as its connection.
struct HeldLock {
    run: String,
    connection: tokio::sync::Mutex<Connection>,
}

/// What whoever locked the run holds.
struct Holder {
    _lock: Arc<HeldLock>,
}

impl RunLock for Holder {}

/// Opens a connection and takes the lock on it; waits so long for another run to end.
async fn lock_database(
    target: &Target,
    database: &str,
    run: &str,
    wait: Duration,
) -> Result<Connection> {
    let mut connection = target.connect_as(Intent::Write, run).await?;
    let lock = take_lock(&run_lock(database), wait.as_millis());
    let answer = connection.batch(&lock, wait + target.limits.metadata).await?;
    if granted(&answer)? {
        return Ok(connection);
    }
    Err(Fault::new(FaultKind::Busy, format!("another run is writing to {}", target.place()))
        .advise("Wait until it has ended, or stop it; `osferry runs` lists the runs."))
}

impl SqlServerDestination {
    /// Makes sure that the lock is still ours: with its connection it may have been lost, and
    /// then another run may have begun.
    async fn keep_run_locked(&self) -> Result<()> {
        let held = self.run.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        let Some(held) = held else { return Ok(()) };
        let target = self.reading.target();
        let mut connection = held.connection.lock().await;
        if connection.batch(PROBE, target.limits.metadata).await.is_err() {
            // The server may take its time to notice that the lost connection is gone.
            let wait = target.limits.fence;
            *connection = lock_database(target, &self.facts().database, &held.run, wait).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Destination for SqlServerDestination {
    fn as_source(&self) -> &dyn Source {
        self
    }

    async fn lock_run(&self, run: &str) -> Result<Box<dyn RunLock>> {
        let target = self.reading.target();
        let connection = lock_database(target, &self.facts().database, run, Duration::ZERO).await?;
        let lock = Arc::new(HeldLock { run: run.to_owned(), connection: connection.into() });
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&lock);
        self.written.forget();
        Ok(Box::new(Holder { _lock: lock }))
    }

    async fn writer(&self, session: &str) -> Result<Box<dyn Writer>> {
        self.keep_run_locked().await?;
        let (reading, written) = (Arc::clone(&self.reading), Arc::clone(&self.written));
        Ok(Box::new(SqlServerWriter::open(reading, written, session).await?))
    }

    async fn about_to_write(&self, tables: &[TableName]) -> Result<()> {
        self.reading.ask_of(tables, &self.written).await
    }

    async fn fence(&self, session: &str) -> Result<Fence> {
        let target = self.reading.target();
        let mut connection = target.connect(Intent::Write).await?;
        let wait = target.limits.fence;
        let lock = take_lock(&session_lock(session), wait.as_millis());
        let answer = connection.batch(&lock, wait + target.limits.metadata).await?;
        Ok(if granted(&answer)? { Fence::Gone } else { Fence::StillThere })
    }

    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness> {
        let mut all = 0;
        // Texts travel as parameters, of which a request may have only so many.
        for some in keys.chunks(WITNESSES) {
            let filter = Filter::AnyOf(key.name.clone(), some.to_vec());
            all += self.reading.count_with(table, &filter, LOCKING).await?;
        }
        Ok(match all {
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
        self.keep_run_locked().await?;
        let names = self.reading.names(table, &Filter::All).await?;
        let shape = names.shape(table)?;
        let Some(most) = reserve::room(shape, &key.name) else { return Ok(None) };
        let limits = &self.reading.target().limits;
        // One that others are done with: opening one takes longer than reserving.
        let mut connection = self.reading.part_with().await?;
        let reserved = reserve::reserve(&mut connection, limits, (shape, key), rows, most).await?;
        if reserved.is_some() {
            self.reading.give(connection);
        }
        Ok(reserved)
    }

    async fn may_reserve_ids(&self, tables: &[TableName]) -> Result<Option<bool>> {
        let target = self.reading.target();
        let named: Vec<TableName> = self
            .reading
            .known_shapes(tables)
            .await?
            .into_iter()
            .flatten()
            .map(|shape| shape.name)
            .collect();
        let mut connection = self.reading.part_with().await?;
        let (own, limit) = (&self.facts().database, target.limits.metadata);
        let may = reserve::may_reserve(&mut connection, &named, own, limit).await?;
        self.reading.give(connection);
        Ok(may)
    }

    fn script(&self) -> Option<Box<dyn Script>> {
        Some(Box::new(TransactScript { database: self.facts().database.clone() }))
    }

    async fn changes_script(
        &self,
        about: &[String],
        file: &str,
        changes: &[ScriptChange],
    ) -> Result<Option<String>> {
        let names = self.reading.names_of(changes).await?;
        let script = TransactScript { database: self.facts().database.clone() };
        let server = &self.facts().identity.server;
        changes::script(&script, server, about, file, changes, &names).map(Some)
    }
}
