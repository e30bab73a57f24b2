//! Reading an environment.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tiberius::Row;

use super::connect::{Intent, Target};
use super::connection::{Connection, Flow, ReadFailure, integer, text, unexpected};
use super::facts::{facts, probe};
use super::pool::Pool;
use super::scan::{self, SqlServerScan, UnorderedScan};
use super::statements::catalogue::{Space, rights as rights_statement};
use super::statements::checks::DATABASE_USER;
use super::statements::filter::{Names, missing, tables};
use super::statements::read::{self, Selection, TextForm};
use super::statements::rights::scripts;
use super::statements::script::TransactScript;
use super::statements::{self, Statement};
use super::written::Written;
use super::{catalogue, checks, fault, principals, space};
use crate::database::{
    Batch, Column, ColumnRef, ColumnType, CopyFacts, EngineFacts, Fault, FaultKind, Filter,
    GrantRequest, GrantScript, IdentityFacts, OneInstant, Referrer, Result, Rights, RowsRequest,
    Scan, ScanRequest, ScriptChange, SecurityFacts, ServerFacts, Source, TableName, TableShape,
    TableWork, UserRemoval, Value, ValueKind, same_name,
};

/// Tables whose rights are asked for in one request.
const RIGHTS_AT_ONCE: usize = 500;

/// Values that one request looks for.
const LOOKED_UP_AT_ONCE: usize = 200;

/// The server's number for a database that does not allow snapshot isolation.
const NOT_ALLOWED: i64 = 3952;

/// A database that is read.
pub(super) struct SqlServerSource {
    pool: Arc<Pool>,
    facts: EngineFacts,
    known: Mutex<HashMap<TableName, Arc<TableShape>>>,
    /// Tables of which a writing session met a text that is not Unicode.
    odd: Mutex<HashSet<TableName>>,
}

impl SqlServerSource {
    /// Connects and reads the facts.
    pub(super) async fn open(target: Arc<Target>, intent: Intent) -> Result<Self> {
        let mut connection = target.connect(intent).await?;
        let facts = facts(&mut connection, &target).await?;
        let pool = Pool::new(target, intent);
        pool.give(connection);
        Ok(Self { pool, facts, known: Mutex::default(), odd: Mutex::default() })
    }

    /// The way to the database.
    pub(super) fn target(&self) -> &Arc<Target> {
        self.pool.target()
    }

    /// A connection for more than one request, to be [given back](Self::give) when nothing on it is
    /// left undone.
    pub(super) async fn part_with(&self) -> Result<Connection> {
        self.pool.part_with().await
    }

    /// Takes a connection back.
    pub(super) fn give(&self, connection: Connection) {
        self.pool.give(connection);
    }

    /// Asks what writing to these tables has to know of them.
    pub(super) async fn ask_of(&self, tables: &[TableName], written: &Written) -> Result<()> {
        let limit = self.target().limits.metadata;
        let ask = || async move { written.ask(&mut *self.pool.lend().await?, tables, limit).await };
        self.pool.patiently(ask).await
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<TableName, Arc<TableShape>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In which form a writing session reads the texts of a table.
    pub(super) fn text_form(&self, table: &TableName) -> TextForm {
        let odd = self.odd.lock().unwrap_or_else(PoisonError::into_inner);
        if odd.contains(table) { TextForm::Bytes } else { TextForm::Text }
    }

    /// A text of this table is not Unicode: its texts are read as bytes from here on. The
    /// connection that met it is lost, so what it did is to be done again.
    pub(super) fn met_odd_text(&self, table: &TableName) -> Fault {
        self.odd.lock().unwrap_or_else(PoisonError::into_inner).insert(table.clone());
        fault::lost("a text that is not Unicode was met, and is read again as bytes")
    }

    /// What the names of a request stand for: remembered, or asked for in one request.
    pub(super) async fn names(&self, table: &TableName, filter: &Filter) -> Result<Names> {
        let mut wanted = vec![table];
        tables(filter, &mut wanted);
        self.named(wanted).await
    }

    /// What the names in these changes stand for.
    pub(super) async fn names_of(&self, changes: &[ScriptChange]) -> Result<Names> {
        let mut wanted = Vec::new();
        for ScriptChange { change, .. } in changes {
            wanted.push(&change.table.name);
            if let TableWork::Delete { filter, .. } = &change.work {
                tables(filter, &mut wanted);
            }
        }
        self.named(wanted).await
    }

    async fn named(&self, wanted: Vec<&TableName>) -> Result<Names> {
        let mut names = Names::default();
        let mut unknown = Vec::new();
        {
            let known = self.known();
            for name in wanted {
                match known.get(name) {
                    Some(shape) => names.add(name.clone(), Arc::clone(shape)),
                    None => unknown.push(name.clone()),
                }
            }
        }
        if !unknown.is_empty() {
            let shapes = self.shapes(&unknown).await?;
            for (name, shape) in unknown.into_iter().zip(shapes) {
                let shape = shape.ok_or_else(|| missing(&name))?;
                names.add(name, Arc::new(shape));
            }
        }
        Ok(names)
    }

    /// The shapes of tables whose names are all that is wanted: those that are known are not asked for
    /// again.
    pub(super) async fn known_shapes(
        &self,
        tables: &[TableName],
    ) -> Result<Vec<Option<TableShape>>> {
        let of = |table: &TableName| self.known().get(table).map(|shape| TableShape::clone(shape));
        let unknown: Vec<TableName> =
            tables.iter().filter(|table| of(table).is_none()).cloned().collect();
        if !unknown.is_empty() {
            self.shapes(&unknown).await?;
        }
        Ok(tables.iter().map(of).collect())
    }

    async fn run(&self, statement: &Statement) -> Result<Vec<Vec<Row>>> {
        let limit = self.target().limits.statement;
        self.pool
            .patiently(|| async move { self.pool.lend().await?.run(statement, limit).await })
            .await
    }

    /// A transaction of one instant on a connection of its own. It begins with the first read, and
    /// every database has to allow it.
    async fn begin_instant(&self, set_up: &str, tables: &[TableName]) -> Result<Arc<Pool>> {
        let limit = self.target().limits.metadata;
        let mut first_reads: Vec<(Option<&str>, Statement)> = Vec::new();
        for table in tables {
            let catalog = table.catalog.as_deref();
            if first_reads.iter().all(|(known, _)| *known != catalog) {
                let names = self.names(table, &Filter::All).await?;
                first_reads.push((catalog, read::first(&names, table)?));
            }
        }
        // The one that stands idle, so that no more are open than have to be.
        let mut connection = self.pool.part_with().await?;
        connection.batch(set_up, limit).await?;
        connection.begin(limit).await?;
        for (_, statement) in first_reads {
            connection.run(&statement, limit).await?;
        }
        Ok(Pool::instant(Arc::clone(self.target()), connection))
    }

    /// Rows in one batch; read again as bytes where a text is not Unicode.
    async fn collect(&self, names: &Names, selection: &Selection<'_>) -> Result<Batch> {
        let read = || async move {
            match self.attempt(names, selection).await {
                Err(ReadFailure::LoneSurrogate) => {
                    let again = Selection { form: TextForm::Bytes, ..*selection };
                    Ok(self.attempt(names, &again).await?)
                }
                other => Ok(other?),
            }
        };
        self.pool.patiently(read).await
    }

    async fn attempt(
        &self,
        names: &Names,
        selection: &Selection<'_>,
    ) -> std::result::Result<Batch, ReadFailure> {
        let statement = read::select(names, selection)?;
        let mut batch = Batch::for_types(selection.columns.iter().map(|column| &column.data_type))?;
        let mut connection = self.pool.lend().await?;
        connection
            .read(&statement, &mut |row| {
                scan::push(row, selection.columns, &mut batch)
                    .map_err(|fault| fault.while_doing(selection.table))?;
                Ok(Flow::More)
            })
            .await?;
        Ok(batch)
    }

    /// Number of rows, with a table hint.
    pub(super) async fn count_with(
        &self,
        table: &TableName,
        filter: &Filter,
        hint: &str,
    ) -> Result<u64> {
        let names = self.names(table, filter).await?;
        let results = self.run(&read::count(&names, table, filter, hint)?).await?;
        match &numbers(&results)?[..] {
            [rows] => Ok(*rows),
            _ => Err(unexpected("a count")),
        }
    }
}

/// The numbers of rows that were counted.
fn numbers(results: &[Vec<Row>]) -> Result<Vec<u64>> {
    let rows = results.iter().flatten();
    rows.map(|row| integer(row, 0)?.map(i64::unsigned_abs).ok_or_else(|| unexpected("a count")))
        .collect()
}

#[async_trait]
impl Source for SqlServerSource {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    fn keep_to(&self, connections: usize) {
        self.pool.keep_to(connections);
    }

    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        let limit = self.target().limits.metadata;
        let ask = || async move {
            catalogue::tables(&mut *self.pool.lend().await?, catalog, limit).await
        };
        self.pool.patiently(ask).await
    }

    async fn referrers(&self, tables: &[TableName]) -> Result<Vec<Referrer>> {
        let limit = self.target().limits.metadata;
        let ask = || async move {
            catalogue::referrers(&mut *self.pool.lend().await?, tables, limit).await
        };
        self.pool.patiently(ask).await
    }

    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        let limit = self.target().limits.metadata;
        let ask = || async move {
            let mut connection = self.pool.lend().await?;
            catalogue::shapes(&mut connection, tables, limit).await
        };
        let shapes = self.pool.patiently(ask).await?;
        let mut known = self.known();
        for (name, shape) in tables.iter().zip(&shapes) {
            let Some(shape) = shape else {
                known.remove(name);
                continue;
            };
            // Plans name a table as the catalogue does, the platform without its schema.
            let shape = Arc::new(shape.clone());
            known.insert(shape.name.clone(), Arc::clone(&shape));
            known.insert(name.clone(), shape);
        }
        Ok(shapes)
    }

    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        let names = self.names(&request.table, &request.filter).await?;
        self.collect(&names, &Selection::of(request, TextForm::Text)).await
    }

    async fn look_up(
        &self,
        table: &TableName,
        wanted: &ColumnRef,
        key: &[String],
        values: &[Vec<Value>],
    ) -> Result<Vec<Vec<Value>>> {
        let names = self.names(table, &Filter::All).await?;
        let place = ColumnRef { name: "place".to_owned(), data_type: ColumnType::BigInt };
        let columns = &[place, wanted.clone()];
        let mut found = vec![Vec::new(); values.len()];
        // A request has no more than 2,100 parameters.
        let at_once = LOOKED_UP_AT_ONCE.min(2_000 / key.len().max(1)).max(1);
        for (chunk, values) in values.chunks(at_once).enumerate() {
            let statement = &read::look_up(&names, table, wanted, key, values)?;
            let read = || async move {
                let mut batch = Batch::for_types(columns.iter().map(|column| &column.data_type))?;
                let mut connection = self.pool.lend().await?;
                connection
                    .read(statement, &mut |row| {
                        scan::push(row, columns, &mut batch)?;
                        Ok(Flow::More)
                    })
                    .await?;
                Ok(batch)
            };
            let batch: Batch = self.pool.patiently(read).await?;
            for row in 0..batch.len() {
                let place = batch.column(0).integer(row).and_then(|n| usize::try_from(n).ok());
                let place = place.map(|place| chunk * at_once + place);
                match place.and_then(|place| found.get_mut(place)) {
                    Some(rows) => rows.push(batch.column(1).value(row)),
                    None => return Err(unexpected("the place of a key")),
                }
            }
        }
        Ok(found)
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        let names = self.names(&request.table, &request.filter).await?;
        Ok(match request.key {
            Some(_) => Box::new(SqlServerScan::new(Arc::clone(&self.pool), names, request)?),
            None => Box::new(UnorderedScan::start(Arc::clone(&self.pool), names, request)),
        })
    }

    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        self.count_with(table, filter, "").await
    }

    async fn counts(&self, asked: &[(TableName, Filter)]) -> Result<Vec<u64>> {
        let mut wanted = Vec::new();
        for (table, filter) in asked {
            wanted.push(table);
            tables(filter, &mut wanted);
        }
        let names = self.named(wanted).await?;
        let mut counts = Vec::with_capacity(asked.len());
        for statement in read::counts(&names, asked)? {
            counts.extend(numbers(&self.run(&statement).await?)?);
        }
        match counts.len() == asked.len() {
            true => Ok(counts),
            false => Err(unexpected("a count of each table")),
        }
    }

    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        let names = self.names(table, &Filter::All).await?;
        let results = self.run(&read::highest(&names, table, column)?).await?;
        let row = results.first().and_then(|rows| rows.first());
        row.map(|row| integer(row, 0)).transpose().map(Option::flatten)
    }

    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        let names = self.names(table, filter).await?;
        let statement = read::distinct(&names, table, column, filter, limit)?;
        let columns =
            [column.clone(), ColumnRef { name: "count".to_owned(), data_type: ColumnType::BigInt }];
        let (statement, columns) = (&statement, &columns);
        let read = || async move {
            let mut batch = Batch::new(vec![
                Column::for_type(&column.data_type)?,
                Column::new(ValueKind::Integer, 0),
            ])?;
            let mut connection = self.pool.lend().await?;
            connection
                .read(statement, &mut |row| {
                    scan::push(row, columns, &mut batch)?;
                    Ok(Flow::More)
                })
                .await?;
            Ok(batch)
        };
        self.pool.patiently(read).await
    }

    async fn instant(&self, tables: &[TableName]) -> Result<Box<dyn Source>> {
        let elsewhere = tables.iter().any(|table| table.catalog.is_some());
        let pool = match self.facts.capabilities.instant {
            OneInstant::Standing if !elsewhere => Arc::clone(&self.pool),
            OneInstant::Denied => {
                return Err(Fault::new(
                    FaultKind::NotApplicable,
                    format!("{} does not allow snapshot isolation", self.facts.place),
                )
                .advise(
                    "Ask for ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON, or choose another \
                     source_reading.",
                ));
            }
            OneInstant::Secondary => {
                match self.begin_instant(statements::ONE_INSTANT, tables).await {
                    Err(fault) if fault.code == Some(NOT_ALLOWED) => {
                        self.begin_instant(statements::ONE_INSTANT_OF_A_SECONDARY, tables).await?
                    }
                    begun => begun?,
                }
            }
            _ => self.begin_instant(statements::ONE_INSTANT, tables).await?,
        };
        let known = Mutex::new(self.known().clone());
        Ok(Box::new(Self { pool, facts: self.facts.clone(), known, odd: Mutex::default() }))
    }

    async fn version_store(&self) -> Result<Option<u64>> {
        let mut connection = self.pool.lend().await?;
        let row = probe(&mut connection, statements::VERSION_STORE, self.target()).await?;
        let kilobytes = row.map(|row| integer(&row, 0)).transpose()?.flatten();
        Ok(kilobytes.and_then(|kilobytes| u64::try_from(kilobytes).ok()).map(|kb| kb << 10))
    }

    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        // The catalogue is asked by full names.
        let shapes = self.known_shapes(tables).await?;
        let limit = self.target().limits.metadata;
        let mut connection = self.pool.lend().await?;
        space::bytes(&mut connection, &shapes, Space::Rows, limit).await
    }

    async fn index_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        let shapes = self.known_shapes(tables).await?;
        let limit = self.target().limits.metadata;
        let mut connection = self.pool.lend().await?;
        space::bytes(&mut connection, &shapes, Space::Indexes, limit).await
    }

    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        // A right is asked for the object, so its schema has to be known first.
        let shapes = self.known_shapes(tables).await?;
        let named: Vec<TableName> = tables
            .iter()
            .zip(shapes)
            .map(|(asked, shape)| shape.map_or_else(|| asked.clone(), |shape| shape.name))
            .collect();
        let mut rights = vec![Rights::default(); tables.len()];
        for (chunk, rights) in named.chunks(RIGHTS_AT_ONCE).zip(rights.chunks_mut(RIGHTS_AT_ONCE)) {
            for row in self.run(&rights_statement(chunk)).await?.iter().flatten() {
                let place = integer(row, 0)?.and_then(|place| usize::try_from(place).ok());
                let Some(slot) = place.and_then(|place| rights.get_mut(place)) else {
                    return Err(unexpected("the tables asked for"));
                };
                let right = |index| -> Result<Option<bool>> {
                    Ok(integer(row, index)?.map(|value| value == 1))
                };
                *slot = Rights {
                    select: right(1)?,
                    insert: right(2)?,
                    update: right(3)?,
                    delete: right(4)?,
                    alter: right(5)?,
                    view_definition: right(6)?,
                };
            }
        }
        Ok(rights)
    }

    async fn server_facts(&self) -> Result<ServerFacts> {
        let limit = self.target().limits.metadata;
        let mut connection = self.pool.lend().await?;
        checks::facts(&mut connection, &self.facts.database, limit).await
    }

    async fn copy_facts(&self) -> Result<CopyFacts> {
        let limit = self.target().limits.metadata;
        let mut connection = self.pool.lend().await?;
        checks::copy(&mut connection, limit).await
    }

    fn reads(&self, table: &TableName, columns: &[ColumnRef]) -> Vec<String> {
        // So that the statements of several databases can be carried out one after the other.
        let catalog = table.catalog.clone().unwrap_or_else(|| self.facts.database.clone());
        read::in_words(&TableName { catalog: Some(catalog), ..table.clone() }, columns)
    }

    async fn security(&self) -> Result<SecurityFacts> {
        let limit = self.target().limits.metadata;
        let mut connection = self.pool.lend().await?;
        principals::security(&mut connection, limit).await
    }

    fn removal_of_users(
        &self,
        about: &[String],
        file: &str,
        removals: &[UserRemoval],
    ) -> Option<String> {
        let script = TransactScript { database: self.facts.database.clone() };
        let server = &self.facts.identity.server;
        Some(statements::principals::removal(&script, server, about, file, removals))
    }

    async fn identities(&self, tables: &[TableName]) -> Result<Vec<Option<IdentityFacts>>> {
        let shapes = self.known_shapes(tables).await?;
        let limit = self.target().limits.metadata;
        let mut connection = self.pool.lend().await?;
        checks::identities(&mut connection, &shapes, limit).await
    }

    fn statistics(&self, tables: &[TableName]) -> Option<String> {
        Some(statements::statistics::script(&self.facts.database, tables))
    }

    async fn grants(&self, request: &GrantRequest) -> Result<Option<GrantScript>> {
        // Whoever is signed in may have another name in the database.
        let user = if same_name(&request.login, &self.facts.user) {
            let mut connection = self.pool.lend().await?;
            let row = probe(&mut connection, DATABASE_USER, self.target()).await?;
            row.map(|row| text(&row, 0)).transpose()?.flatten()
        } else {
            None
        };
        // Nobody grants an owner anything.
        let user = user.filter(|user| !same_name(user, "dbo"));
        Ok(Some(scripts(&self.facts.database, user.as_deref(), request)))
    }
}
