//! What a table looks like, what an engine is, what the person may do.

use super::{ColumnType, TableName, same_name};
use crate::database::EngineKind;

/// Table, view or synonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A base table.
    Table,
    /// A view.
    View,
    /// A synonym.
    Synonym,
}

/// A table as the database's own catalogue describes it.
#[derive(Clone, Debug)]
pub struct TableShape {
    /// The resolved name.
    pub name: TableName,
    /// What kind of object it is.
    pub kind: ObjectKind,
    /// Its columns in the catalogue's order.
    pub columns: Vec<ColumnShape>,
    /// The columns of the primary key, in order.
    pub primary_key: Vec<String>,
    /// Unique constraints and unique indexes other than the primary key.
    pub unique_indexes: Vec<IndexShape>,
    /// Foreign keys of this table.
    pub foreign_keys: Vec<ForeignKey>,
    /// Check constraints of this table.
    pub checks: Vec<CheckShape>,
    /// Triggers on this table.
    pub triggers: Vec<TriggerShape>,
}

impl ColumnShape {
    /// Whether a row cannot be inserted without a value for it.
    #[must_use]
    pub fn demands_value(&self) -> bool {
        !self.nullable && !self.has_default
    }
}

impl TableShape {
    /// The column of that name, case apart.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnShape> {
        self.columns.iter().find(|c| same_name(&c.name, name))
    }

    /// The identity column.
    #[must_use]
    pub fn identity(&self) -> Option<&ColumnShape> {
        self.columns.iter().find(|c| c.identity)
    }
}

/// A column as the catalogue describes it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: ColumnType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether the database gives its values (IDENTITY).
    pub identity: bool,
    /// Whether it is computed, a row version, or otherwise not to be written.
    pub computed: bool,
    /// Whether it has a default.
    pub has_default: bool,
}

/// A unique index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexShape {
    /// Its name, for texts only.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<String>,
    /// By which collation it compares each of them; `None` for what is no text.
    pub collations: Vec<Option<String>>,
    /// Whether its columns alone do not say which rows it refuses: it covers only part of the rows
    /// (a filtered or partial index), or something made of columns.
    pub filtered: bool,
}

/// What a foreign key does when the parent is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteAction {
    /// The delete is refused.
    NoAction,
    /// The children are deleted too.
    Cascade,
    /// The reference is emptied.
    SetNull,
    /// The reference gets its default.
    SetDefault,
}

/// A foreign key of one column. Keys of several columns are listed once per column.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignKey {
    /// Its name, for texts only.
    pub name: String,
    /// The referring column.
    pub column: String,
    /// The table referred to.
    pub parent: TableName,
    /// The column referred to.
    pub parent_column: String,
    /// What deleting the parent does.
    pub on_delete: DeleteAction,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether the server no longer vouches for it: rows came in unchecked.
    pub not_trusted: bool,
}

/// A foreign key with the table that it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Referrer {
    /// The table whose rows refer, by its resolved name.
    pub table: TableName,
    /// Its key.
    pub key: ForeignKey,
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckShape {
    /// Its name.
    pub name: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether the server no longer vouches for it: rows came in unchecked.
    pub not_trusted: bool,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerShape {
    /// Its name.
    pub name: String,
    /// Whether it runs instead of the statement: then what was inserted cannot be known.
    pub instead_of: bool,
    /// Whether it is switched off.
    pub disabled: bool,
}

/// Whether everything can be read as of one instant, and at which price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneInstant {
    /// The database is one by itself, for nothing changes in it: a database snapshot, or a
    /// database that is set read-only. It lasts over lost connections.
    Standing,
    /// A readable secondary, or a standby between two restores: every transaction sees one.
    Secondary,
    /// In a transaction of its own, while others go on writing.
    Allowed,
    /// In a transaction of its own, and whoever writes waits until it has ended.
    Blocking,
    /// The database does not allow it.
    Denied,
}

impl OneInstant {
    /// Whether it lasts by itself, so that reading may stop and go on without leaving it.
    #[must_use]
    pub fn lasts(self) -> bool {
        self == Self::Standing
    }
}

/// What an engine can do; what it cannot is a named `NotApplicable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Several sessions may write at once.
    pub parallel_writers: bool,
    /// An id that was given in a transaction is given again after its rollback, so that an id
    /// alone does not prove whose row it is.
    pub ids_come_back: bool,
    /// Rights can be asked for per table.
    pub rights: bool,
    /// Whether one instant of the whole database can be read.
    pub instant: OneInstant,
    /// Other databases can be named.
    pub catalogs: bool,
    /// Constraints and triggers can be switched off, and the catalogue says which are; check
    /// constraints are listed.
    pub switches: bool,
    /// A cell may hold a value that the declared type of its column cannot hold.
    pub untyped: bool,
}

/// What makes a database itself: equal only when it is the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// The server's own name for itself, or the file's device.
    pub server: String,
    /// The database's number on that server, or the file's inode.
    pub database_id: String,
    /// When the database was created, in the server's own words; empty for files.
    pub created: String,
    /// The availability group's id of the database, equal on every replica.
    pub group_id: Option<String>,
    /// The recovery fork's id where the person may see it.
    pub recovery_id: Option<String>,
}

impl DatabaseIdentity {
    /// Whether both are one database, or replicas of one (`design.md` decision 14).
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let equal =
            |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a == b);
        (same_name(&self.server, &other.server)
            && self.database_id == other.database_id
            && self.created == other.created)
            || equal(&self.group_id, &other.group_id)
            || equal(&self.recovery_id, &other.recovery_id)
    }
}

/// Facts of server and database.
#[derive(Clone, Debug)]
pub struct EngineFacts {
    /// Which engine.
    pub kind: EngineKind,
    /// Product and version, as the server says.
    pub version: String,
    /// Whether it is a server that only speaks the protocol (a stand-in): allowed for tests.
    pub stand_in: bool,
    /// The database's name; on SQLite the file's name without its ending.
    pub database: String,
    /// Where it is, for the person: `server/database` or the file's path.
    pub place: String,
    /// What makes it itself.
    pub identity: DatabaseIdentity,
    /// The database's collation.
    pub collation: String,
    /// The database's compatibility level; 0 where there is none.
    pub compatibility: u16,
    /// Who is signed in.
    pub user: String,
    /// Whether the database can only be read at present (a readable secondary, a snapshot).
    pub read_only: bool,
    /// What the engine can do.
    pub capabilities: Capabilities,
}

/// What the person may do with a table; `None` means the server does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// SELECT
    pub select: Option<bool>,
    /// INSERT
    pub insert: Option<bool>,
    /// UPDATE
    pub update: Option<bool>,
    /// DELETE
    pub delete: Option<bool>,
    /// ALTER
    pub alter: Option<bool>,
    /// VIEW DEFINITION: whether triggers and constraints can be seen.
    pub view_definition: Option<bool>,
}
