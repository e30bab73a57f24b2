//! What is asked of the port, and what it answers.

use super::{Batch, ColumnShape, ColumnType, Fault, Filter, TableName, Value};

/// A column to read, with the type it is declared as.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ColumnRef {
    /// Its name.
    pub name: String,
    /// Its declared type.
    pub data_type: ColumnType,
}

impl From<&ColumnShape> for ColumnRef {
    fn from(column: &ColumnShape) -> Self {
        Self { name: column.name.clone(), data_type: column.data_type.clone() }
    }
}

/// Rows to read at once.
#[derive(Clone, Debug)]
pub struct RowsRequest {
    /// The table.
    pub table: TableName,
    /// Its columns, in the order wanted.
    pub columns: Vec<ColumnRef>,
    /// Which rows.
    pub filter: Filter,
    /// Sorted by this column, ascending.
    pub order_by: Option<String>,
    /// At most this many rows.
    pub limit: Option<usize>,
}

impl RowsRequest {
    /// Every row of a table, in whatever order.
    #[must_use]
    pub fn whole(table: &TableName, columns: Vec<ColumnRef>) -> Self {
        Self { table: table.clone(), columns, filter: Filter::All, order_by: None, limit: None }
    }
}

/// A table to read batch by batch.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The table.
    pub table: TableName,
    /// Its columns, in the order wanted.
    pub columns: Vec<ColumnRef>,
    /// Which rows.
    pub filter: Filter,
    /// The unique column to page by, one of `columns`. `None`: in no order, in one long request.
    pub key: Option<String>,
    /// Start after this key.
    pub after: Option<Value>,
    /// At most this many rows a batch.
    pub batch_rows: usize,
    /// A batch ends after the row that reaches this many bytes.
    pub batch_bytes: usize,
}

/// Where rows are inserted.
#[derive(Clone, Debug)]
pub struct InsertTarget {
    /// The table.
    pub table: TableName,
    /// The columns of the batch, in its order, as the destination declares them.
    pub columns: Vec<ColumnShape>,
    /// The column whose values the database gives; its values are returned.
    pub identity: Option<String>,
}

/// Which columns are set in existing rows.
#[derive(Clone, Debug)]
pub struct UpdateTarget {
    /// The table.
    pub table: TableName,
    /// The key column: the batch's first.
    pub key: ColumnShape,
    /// The columns to set: the batch's others, in order.
    pub columns: Vec<ColumnShape>,
}

/// Where rows are looked for that equal those of a batch.
#[derive(Clone, Debug)]
pub struct AlikeTarget {
    /// The table.
    pub table: TableName,
    /// The columns that have to be equal: those of the batch, in its order, as the destination
    /// declares them.
    pub columns: Vec<ColumnShape>,
    /// The column whose value is wanted of a row that is found.
    pub identifier: ColumnRef,
}

/// What a row of a batch is equal to.
#[derive(Clone, Debug, PartialEq)]
pub enum Alike {
    /// Neither a row of the table nor an earlier one of the batch.
    Nothing,
    /// One row of the table, by the value that was wanted of it.
    Row(Value),
    /// So many rows of the table.
    Several(u64),
    /// No row of the table, but the row of the batch at this earlier place; the first of them.
    Earlier(usize),
}

/// Rows of the destination that are deleted, or of which a column is emptied.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The table.
    pub table: TableName,
    /// Which rows.
    pub filter: Filter,
    /// At most this many.
    pub limit: usize,
    /// The column that tells rows apart, where there is one: the rows are chosen by it.
    pub key: Option<String>,
    /// The columns that are wanted of each row as it was before.
    pub returning: Vec<ColumnRef>,
}

/// What a removal did.
#[derive(Clone, Debug, Default)]
pub struct Removed {
    /// Rows deleted or changed.
    pub rows: u64,
    /// What was asked for of each of them, as it was before; without columns when nothing was.
    pub before: Batch,
}

/// Says that what must be known after a crash has reached the disk. Only a journal makes one.
#[derive(Debug)]
pub struct JournalToken(());

impl JournalToken {
    /// To be called by a journal after its sync, and by nobody else.
    pub(crate) fn after_sync() -> Self {
        Self(())
    }

    /// For tests of an engine alone, which have no journal.
    #[doc(hidden)]
    #[must_use]
    pub fn for_engine_tests() -> Self {
        Self(())
    }
}

/// What became of a transaction.
#[must_use]
#[derive(Debug)]
pub enum Outcome {
    /// It is in the database for good.
    Done,
    /// The database says it is not.
    RolledBack(Fault),
    /// Nobody knows: the connection broke after COMMIT was sent. To be settled by fence and
    /// witness, never by trying again.
    Unknown(Fault),
}

/// Whether an earlier session is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// It is gone: its transaction is decided.
    Gone,
    /// It still lives.
    StillThere,
}

/// How many of the keys asked about are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// All of them.
    All,
    /// None of them.
    None,
    /// Some, with their number.
    Some(u64),
}

/// A table to be created in an empty database.
#[derive(Clone, Debug)]
pub struct NewTable {
    /// Its name.
    pub name: TableName,
    /// Its columns.
    pub columns: Vec<NewColumn>,
    /// The columns of its primary key.
    pub primary_key: Vec<String>,
    /// Its indexes.
    pub indexes: Vec<NewIndex>,
}

/// A column to be created.
#[derive(Clone, Debug)]
pub struct NewColumn {
    /// Name, type, nullability, identity.
    pub shape: ColumnShape,
    /// Its default.
    pub default: Option<Value>,
}

/// An index to be created.
#[derive(Clone, Debug)]
pub struct NewIndex {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Whether it is unique.
    pub unique: bool,
}

/// A foreign key to be created.
#[derive(Clone, Debug)]
pub struct NewForeignKey {
    /// Its name.
    pub name: String,
    /// The referring column.
    pub column: String,
    /// The table referred to.
    pub parent: TableName,
    /// The column referred to.
    pub parent_column: String,
    /// Whether deleting the parent deletes the children (`Delete rule = Delete`).
    pub cascade: bool,
}

/// A process-event trigger to be created: for each row that is inserted, or changed, and each
/// subscription to that in `event_table`, one row in the queue (`metamodel.md` §5.5). Normal and light
/// events have queues, and triggers, of their own.
#[derive(Clone, Debug)]
pub struct NewTrigger {
    /// Its name, `OSTRG_EI__…`.
    pub name: String,
    /// The table it watches.
    pub table: TableName,
    /// The identifier column of that table.
    pub key: String,
    /// The columns by which a subscription may ask for some rows only: it has them too, NULL where it
    /// asks for none of them.
    pub filters: Vec<String>,
    /// The event table with the subscriptions.
    pub event_table: TableName,
    /// The queue it writes to.
    pub queue: TableName,
    /// Whether it watches rows that are changed, and not those that are inserted.
    pub on_update: bool,
    /// Whether it is for light events.
    pub is_light: bool,
}

impl NewTrigger {
    /// The column of its queue that holds the row's identifier, as text (`metamodel.md` §5.4).
    pub(super) fn record_column(&self) -> &'static str {
        if self.is_light { "ENTITY_RECORD_ID" } else { "DATA_ID" }
    }
}
