//! Rows of a table that are to go or to get other values, found out before anything is written.

use super::{Batch, ColumnShape, Filter, TableShape};

/// What becomes of rows of one table.
#[derive(Clone, Debug)]
pub struct TableChange {
    /// The table.
    pub table: TableShape,
    /// What becomes of them.
    pub work: TableWork,
}

/// What becomes of rows.
#[derive(Clone, Debug)]
pub enum TableWork {
    /// They are deleted.
    Delete {
        /// Which ones.
        filter: Filter,
        /// How many there were when it was looked.
        rows: u64,
    },
    /// They get values.
    Set {
        /// The column that tells them apart.
        key: ColumnShape,
        /// The columns that are set.
        columns: Vec<ColumnShape>,
        /// The key of each row, then its values.
        values: Batch,
    },
}

impl TableChange {
    /// How many rows it touches.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match &self.work {
            TableWork::Delete { rows, .. } => *rows,
            TableWork::Set { values, .. } => values.len() as u64,
        }
    }
}
