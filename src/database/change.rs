//! Rows of a table that are to go or to get other values, found out before anything is written.

use super::{Batch, ColumnShape, Filter, TableName, TableShape, Value, same_name};

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
        /// Where one of the columns gets its values from, where they stand in another table.
        from: Option<ValuesFrom>,
    },
}

/// Values that stand in another table: a script names the place, and not the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesFrom {
    /// The column that gets them.
    pub column: String,
    /// The table's own column that refers to the other table.
    pub link: String,
    /// The other table.
    pub table: TableName,
    /// Its key.
    pub key: String,
    /// Its column with the values.
    pub value: String,
}

/// A change as a script does it.
#[derive(Clone, Debug)]
pub struct ScriptChange {
    /// What it is for, line by line.
    pub about: Vec<String>,
    /// What is done.
    pub change: TableChange,
}

/// Rows of a change that get the same values, and what a script sets in them.
pub(super) struct Alike<'a> {
    /// The rows' keys, as a condition.
    pub(super) filter: Filter,
    /// The place of one of them in the change.
    pub(super) row: usize,
    /// How many they are.
    pub(super) rows: u64,
    /// The columns with their places among the values, those with values of another table apart.
    pub(super) given: Vec<(usize, &'a ColumnShape)>,
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

    /// The rows that are set, those with the same values together; none where rows are deleted.
    pub(super) fn alike(&self) -> Vec<Alike<'_>> {
        let TableWork::Set { key, columns, values, from } = &self.work else { return Vec::new() };
        let is_elsewhere = |column: &ColumnShape| {
            from.as_ref().is_some_and(|from| same_name(&from.column, &column.name))
        };
        // The key comes first.
        let given: Vec<(usize, &ColumnShape)> = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !is_elsewhere(column))
            .map(|(place, column)| (place + 1, column))
            .collect();
        let mut groups: Vec<(Vec<Value>, Vec<usize>)> = Vec::new();
        for row in 0..values.len() {
            let held: Vec<Value> =
                given.iter().map(|(place, _)| values.column(*place).value(row)).collect();
            match groups.iter_mut().find(|(known, _)| *known == held) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((held, vec![row])),
            }
        }
        groups
            .into_iter()
            .map(|(_, rows)| {
                let keys = rows.iter().map(|row| values.column(0).value(*row)).collect();
                Alike {
                    filter: Filter::AnyOf(key.name.clone(), keys),
                    row: rows.first().copied().unwrap_or_default(),
                    rows: rows.len() as u64,
                    given: given.clone(),
                }
            })
            .collect()
    }
}
