//! The port to a database, and who gives it.
//!
//! The port speaks *operations*, never SQL: the shape of tables, rows for the model, a paged scan
//! of one table, counts, and on a destination one batch at a time inside one transaction. Two
//! engines give it: [`sqlserver`] for real environments, [`sqlite`] for practice, tests and demos.
//! Nothing here knows what an espace or a plan is.
//!
//! A [`Source`] has no method that writes, so code that holds one cannot change Production.

mod altered;
mod batch;
mod change;
mod connect;
mod convert;
mod digest;
mod facts;
mod fault;
mod filter;
mod name;
mod refusal;
mod request;
mod script;
mod security;
mod shape;
pub mod sqlite;
pub mod sqlserver;
mod types;
mod value;

pub use altered::{Alteration, Altered};
pub use batch::{Batch, Bytes, Column, Values};
pub use change::{ScriptChange, TableChange, TableWork, ValuesFrom};
pub use connect::{
    Authentication, ConnectionSpec, Encryption, EngineKind, Secret, ServerSpec, open_builder,
    open_destination, open_source,
};
pub use convert::{LONGEST_READ, LONGEST_TEXT, converted, in_other_type, is_convertible};
pub use digest::{row_digest, row_digests};
pub use facts::{
    Backup, CopyFacts, FileFacts, GrantRequest, GrantScript, Growth, IdentityFacts, OtherSession,
    Restored, Right, ServerFacts,
};
pub use fault::{Fault, FaultKind, Result};
pub use filter::{Filter, Likened};
pub use name::{TableName, same_name};
pub use refusal::{Refusal, RefusalClass};
pub use request::{
    Alike, AlikeTarget, ColumnRef, Fence, InsertTarget, JournalToken, NewColumn, NewForeignKey,
    NewIndex, NewTable, NewTrigger, Outcome, Removal, Removed, RowsRequest, ScanRequest,
    UpdateTarget, Witness,
};
pub use script::{Script, ScriptTable, ScriptWork};
pub use security::{
    DatabaseRole, DatabaseUser, Owned, OwnedKind, SecurityFacts, UserLogin, UserRemoval,
};
pub use shape::{
    Capabilities, CheckShape, ColumnShape, DatabaseIdentity, DeleteAction, EngineFacts, ForeignKey,
    IndexShape, ObjectKind, OneInstant, Referrer, Rights, TableShape, TriggerShape,
};
pub use types::{ColumnType, ValueKind};
pub(crate) use value::first_moment;
pub use value::{
    Value, date_time_from_text, date_time_to_text, decimal_from_text, decimal_to_text,
    in_precision, rescale, utf16_length, utf16_prefix,
};

use std::collections::HashMap;

use async_trait::async_trait;

/// What can be read from one environment's database.
///
/// Every method is one or a few requests to the server, never one per row.
#[async_trait]
pub trait Source: Send + Sync {
    /// Facts of server and database, read when the connection was opened.
    fn facts(&self) -> &EngineFacts;

    /// At most so many requests are under way at once from now on, on as many connections; further
    /// ones wait. An [instant](Source::instant) holds one connection more, and a scan without a key
    /// its own until it ends or is dropped. A file has no connections to be spared.
    fn keep_to(&self, connections: usize) {
        let _ = connections;
    }

    /// Every table of the connection's own database, or of a further catalog, by its full name and
    /// in the order of names; no views, none of the server's own.
    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>>;

    /// The shape of each named object, in the order asked; `None` where no such object exists.
    ///
    /// Names are resolved without regard to case; the returned shape carries the resolved schema
    /// and the catalogue's own spelling.
    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>>;

    /// The shape of one object; `None` where there is no such object.
    async fn shape(&self, table: &TableName) -> Result<Option<TableShape>> {
        let shapes = self.shapes(std::slice::from_ref(table)).await?;
        Ok(shapes.into_iter().next().flatten())
    }

    /// The foreign keys that lead to the named tables from any table of their databases, whether a
    /// model knows it or not; a key of a table to itself is one too. It needs no more rights than
    /// [`Source::shapes`], and like it tells only of tables the person may see.
    async fn referrers(&self, tables: &[TableName]) -> Result<Vec<Referrer>> {
        let mut catalogs: Vec<Option<&str>> = Vec::new();
        let mut by_name: HashMap<String, Vec<&TableName>> = HashMap::new();
        for table in tables {
            by_name.entry(table.name.to_lowercase()).or_default().push(table);
            if !catalogs.contains(&table.catalog.as_deref()) {
                catalogs.push(table.catalog.as_deref());
            }
        }
        let mut found = Vec::new();
        for catalog in catalogs {
            let all = self.tables(catalog).await?;
            let shapes: Vec<TableShape> = self.shapes(&all).await?.into_iter().flatten().collect();
            for shape in &shapes {
                let keys = shape.foreign_keys.iter().filter(|key| {
                    let named = by_name.get(&key.parent.name.to_lowercase());
                    named.is_some_and(|all| all.iter().any(|table| table.may_be(&key.parent)))
                });
                found.extend(keys.map(|key| {
                    let mut key = key.clone();
                    // The primary key is meant where no column is named.
                    if key.parent_column.is_empty()
                        && let Some(parent) = shapes.iter().find(|s| s.name.may_be(&key.parent))
                        && let [primary] = parent.primary_key.as_slice()
                    {
                        key.parent_column.clone_from(primary);
                    }
                    Referrer { table: shape.name.clone(), key }
                }));
            }
        }
        Ok(found)
    }

    /// All rows of one request at once: for the model and for small look-ups.
    async fn rows(&self, request: &RowsRequest) -> Result<Batch>;

    /// For each of these keys, in order, up to two rows that have its values in the columns `key`, as
    /// this database compares (by the columns' collations), each told by its `wanted` column: none,
    /// one, or too many. A key has a value for each column; NULL in any of them equals nothing.
    ///
    /// A server is asked for many keys at once; a file is asked for each.
    async fn look_up(
        &self,
        table: &TableName,
        wanted: &ColumnRef,
        key: &[String],
        values: &[Vec<Value>],
    ) -> Result<Vec<Vec<Value>>> {
        let mut found = Vec::with_capacity(values.len());
        for values in values {
            let request = RowsRequest {
                table: table.clone(),
                columns: vec![wanted.clone()],
                filter: Filter::all_equal(key, values),
                order_by: None,
                limit: Some(2),
            };
            let batch = self.rows(&request).await?;
            found.push((0..batch.len()).map(|row| batch.column(0).value(row)).collect());
        }
        Ok(found)
    }

    /// Starts reading one table batch by batch, in key order where a key is named.
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>>;

    /// Number of rows the filter lets through.
    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64>;

    /// The same of several tables, in the order asked: for when there is much to be counted, as one
    /// request or a few. Which table a fault is about, it does not always say.
    async fn counts(&self, asked: &[(TableName, Filter)]) -> Result<Vec<u64>> {
        let mut counts = Vec::with_capacity(asked.len());
        for (table, filter) in asked {
            counts.push(self.count(table, filter).await?);
        }
        Ok(counts)
    }

    /// The highest value of an integer column; `None` when there is no row. With a reader that
    /// stops there, rows that come later are not seen.
    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>>;

    /// Distinct non-NULL values of a column with the number of rows of each: a batch with the
    /// value first and the count (integer) second, at most `limit` rows, most frequent first.
    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch>;

    /// The same database as of one instant: whatever the answer is asked, it answers as things
    /// were when this was called. Ends when dropped, with all scans that it started.
    ///
    /// `tables` are those to be read, as far as they are known: databases besides the main one have
    /// to be joined at the start. Requests are answered one after the other, a page at a time; a
    /// table without a key is read in one go, and the others wait; dropping such a scan half-way
    /// ends the instant.
    ///
    /// A lost connection ends the instant: from then on every request errs with
    /// [`FaultKind::Lost`]. Errors with [`FaultKind::NotApplicable`] where
    /// [`Capabilities::instant`] says that there is none.
    async fn instant(&self, tables: &[TableName]) -> Result<Box<dyn Source>> {
        let _ = tables;
        Err(Fault::new(
            FaultKind::NotApplicable,
            format!("{} cannot be read as of one instant", self.facts().place),
        ))
    }

    /// How many bytes of old row versions the server keeps for this database, which open instants
    /// make grow; `None` where it does not say.
    async fn version_store(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    /// About how many bytes a row of each named table takes up where it is stored, in the order
    /// asked; `None` where the database does not tell, and for tables without rows or that are not
    /// there.
    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        Ok(vec![None; tables.len()])
    }

    /// About how many bytes the indexes of each named table take up for each of its rows, beside
    /// the row itself; `None` as for [`Source::row_bytes`].
    async fn index_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        Ok(vec![None; tables.len()])
    }

    /// What the signed-in person may do with each named table, in the order asked.
    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>>;

    /// What the server tells of the database before it is written; what the login may not see is
    /// left out. Errors with [`FaultKind::NotApplicable`] where there is no server.
    async fn server_facts(&self) -> Result<ServerFacts> {
        Err(Fault::new(
            FaultKind::NotApplicable,
            format!("{} is no server that tells of its log and its backups", self.facts().place),
        ))
    }

    /// What tells a copy of a database from its original: restores and sessions. Errors with
    /// [`FaultKind::NotApplicable`] where there is no server.
    async fn copy_facts(&self) -> Result<CopyFacts> {
        Err(Fault::new(
            FaultKind::NotApplicable,
            format!("{} is no server that tells of restores and sessions", self.facts().place),
        ))
    }

    /// The statements with which a table is counted and read, for somebody who wants to know before.
    fn reads(&self, table: &TableName, columns: &[ColumnRef]) -> Vec<String> {
        script::reads(table, columns)
    }

    /// Users, their logins and roles, and what belongs to users. Errors with
    /// [`FaultKind::NotApplicable`] where a database knows nobody.
    async fn security(&self) -> Result<SecurityFacts> {
        Err(Fault::new(
            FaultKind::NotApplicable,
            format!("{} is a file, which has no users", self.facts().place),
        ))
    }

    /// The script that deletes users, after what belongs to them got another owner: what it is,
    /// line by line, and the `file` that it lies in. `None` where a database knows nobody.
    fn removal_of_users(
        &self,
        about: &[String],
        file: &str,
        removals: &[UserRemoval],
    ) -> Option<String> {
        let _ = (about, file, removals);
        None
    }

    /// What the identity of each named table has come to, in the order asked; `None` for tables
    /// without one, or that are not there.
    async fn identities(&self, tables: &[TableName]) -> Result<Vec<Option<IdentityFacts>>> {
        let mut found = Vec::new();
        for shape in self.shapes(tables).await? {
            let identity = shape.as_ref().and_then(|shape| Some((shape, shape.identity()?)));
            found.push(match identity {
                Some((shape, column)) => Some(IdentityFacts {
                    column: column.name.clone(),
                    step: 1,
                    last: self.highest(&shape.name, &column.name).await?,
                }),
                None => None,
            });
        }
        Ok(found)
    }

    /// The script with which the database's own tools bring the statistics of these tables up to
    /// date; `None` where there are none.
    fn statistics(&self, tables: &[TableName]) -> Option<String> {
        let _ = tables;
        None
    }

    /// The scripts that give a login these rights and take them back; `None` where nobody is given
    /// rights.
    async fn grants(&self, request: &GrantRequest) -> Result<Option<GrantScript>> {
        let _ = request;
        Ok(None)
    }
}

/// Rows of one table on their way, a batch at a time.
///
/// Dropping a scan ends the request on the server as well.
#[async_trait]
pub trait Scan: Send {
    /// The next rows in key order, or `None` after the last. Never an empty batch.
    async fn next(&mut self) -> Result<Option<Batch>>;
}

/// A database that may be written.
#[async_trait]
pub trait Destination: Source {
    /// The same database seen as a source: for code that only reads.
    fn as_source(&self) -> &dyn Source;

    /// Takes the lock that lets one run at a time write here; held until dropped.
    ///
    /// Errors with [`FaultKind::Busy`] when another run holds it.
    async fn lock_run(&self, run: &str) -> Result<Box<dyn RunLock>>;

    /// Opens a session that writes. `session` is unique within the run and names the lock by
    /// which a later session can wait for this one's end (see [`Destination::fence`]).
    async fn writer(&self, session: &str) -> Result<Box<dyn Writer>>;

    /// Tells which tables, named as the catalogue does, sessions will write to, so that what they have to know of them is asked
    /// once, and not by each session for each table.
    async fn about_to_write(&self, tables: &[TableName]) -> Result<()> {
        let _ = tables;
        Ok(())
    }

    /// Waits until the named session is gone, so that its transaction is decided.
    async fn fence(&self, session: &str) -> Result<Fence>;

    /// How many of these keys are in the table: what an answer to "was that COMMIT done?" starts
    /// from. To be asked after [`Destination::fence`] only; waits for transactions still open.
    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness>;

    /// Reserves ids: the first of so many successive values of a table's identity, which nobody else
    /// is given from now on, whatever becomes of them. To be asked while no transaction of ours is
    /// open on the table: it waits until nobody's is.
    ///
    /// `None` where there is nothing to reserve: the identity is another column or none, does not
    /// count up by one, or has no room for so many; a row with an id that is there would not be
    /// refused. Errs with [`FaultKind::Permission`] where the login may not set identities.
    async fn reserve_ids(
        &self,
        table: &TableName,
        key: &ColumnRef,
        rows: u64,
    ) -> Result<Option<i64>> {
        let _ = (table, key, rows);
        Ok(None)
    }

    /// Whether whoever is signed in may set the identities of these tables, which reserving ids asks
    /// for besides the right to alter them; `None` where the database does not say.
    async fn may_reserve_ids(&self, tables: &[TableName]) -> Result<Option<bool>> {
        let _ = tables;
        Ok(None)
    }

    /// How a script is written that somebody with other rights has the database's own tools carry
    /// out; `None` where there are no such tools.
    fn script(&self) -> Option<Box<dyn Script>> {
        None
    }

    /// These changes as a script of one transaction, in this order, for the database's own tools:
    /// what it is, line by line, and the `file` that it lies in. It ends without a change in another
    /// database, and where there are not as many rows as there were. `None` where there are no such
    /// tools.
    async fn changes_script(
        &self,
        about: &[String],
        file: &str,
        changes: &[ScriptChange],
    ) -> Result<Option<String>> {
        let _ = (about, file, changes);
        Ok(None)
    }
}

/// The lock of a run; released when dropped.
pub trait RunLock: Send + Sync {}

/// One session that writes, one transaction at a time.
///
/// Each transaction is `begin`, any number of operations, then `commit` or `rollback`. After an
/// error of an operation only `rollback` is meaningful; after [`Outcome::Unknown`] nothing is,
/// and the session is closed.
///
/// `Sync`, so that what holds a session may be borrowed while a run waits: only then can a run be
/// a task of its own beside one that draws.
#[async_trait]
pub trait Writer: Send + Sync {
    /// Starts a transaction.
    async fn begin(&mut self) -> Result<()>;

    /// Brings rows to the server before the transaction that inserts them begins, so that it is
    /// short. No table of anybody's is touched; an insert of other rows does as if nothing had been
    /// brought, and so does one after a fault here. A database that is at hand does nothing.
    async fn stage(&mut self, _target: &InsertTarget, _batch: &Batch) -> Result<()> {
        Ok(())
    }

    /// Inserts the rows of a batch and returns the ids the database gave them, in row order
    /// (empty when the target names no identity column). That each row has its own id is
    /// checked against the stored rows before returning.
    async fn insert(&mut self, target: &InsertTarget, batch: &Batch) -> Result<Vec<i64>>;

    /// Inserts the rows of a batch whose identity values stand in it, one above the other without a
    /// gap, and are of ids [reserved](Destination::reserve_ids) for this writer alone, up to `last`.
    /// With that a server may take them another way; that each is there, and that the identity stays
    /// behind `last`, is seen to before returning.
    /// To be the first in its transaction.
    async fn insert_reserved(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
        last: i64,
    ) -> Result<()> {
        let _ = last;
        self.insert(target, batch).await.map(drop)
    }

    /// Rows as this transaction sees them.
    async fn rows(&mut self, request: &RowsRequest) -> Result<Batch>;

    /// The same of rows that are about to be changed: nobody else changes them before this
    /// transaction ends.
    async fn held(&mut self, request: &RowsRequest) -> Result<Batch>;

    /// What each row of a batch is equal to, for each row in order. Equal is what the database
    /// finds equal in these columns: by the collation of each, as its unique indexes do; NULL
    /// equals NULL. Errs with [`FaultKind::Refused`] when a value does not fit its column. To be
    /// followed by [`Writer::rollback`].
    async fn alike(&mut self, target: &AlikeTarget, batch: &Batch) -> Result<Vec<Alike>>;

    /// Sets columns of existing rows; the batch's first column is the key. Returns the number
    /// of rows found.
    async fn update(&mut self, target: &UpdateTarget, batch: &Batch) -> Result<u64>;

    /// Deletes rows, and returns what was asked for of each as it was.
    async fn delete(&mut self, removal: &Removal) -> Result<Removed>;

    /// Sets one column to NULL in rows where it is not NULL yet, and returns what was asked for
    /// of each as it was.
    async fn clear(&mut self, removal: &Removal, column: &str) -> Result<Removed>;

    /// Commits. The token says that what must be known after a crash is on disk.
    async fn commit(&mut self, token: JournalToken) -> Outcome;

    /// Rolls back.
    async fn rollback(&mut self) -> Result<()>;
}

/// Creates tables and rows in an empty database the person owns: for practice only.
#[async_trait]
pub trait Builder: Send {
    /// Facts of server and database.
    fn facts(&self) -> &EngineFacts;

    /// Whether the database holds no table of anybody's.
    async fn is_empty(&mut self) -> Result<bool>;

    /// Creates a table with its keys and indexes, without foreign keys.
    async fn create_table(&mut self, table: &NewTable) -> Result<()>;

    /// Adds foreign keys, after the rows are in.
    async fn add_foreign_keys(&mut self, table: &TableName, keys: &[NewForeignKey]) -> Result<()>;

    /// Adds a trigger.
    async fn add_trigger(&mut self, trigger: &NewTrigger) -> Result<()>;

    /// Inserts rows as they are, identity values included; the batch has the named columns.
    async fn fill(
        &mut self,
        table: &TableName,
        columns: &[ColumnShape],
        rows: &Batch,
    ) -> Result<()>;

    /// Makes everything written durable and closes.
    async fn finish(self: Box<Self>) -> Result<()>;
}
