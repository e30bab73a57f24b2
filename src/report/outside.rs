//! Rows that are not the plan's and hang on rows it deletes.

use serde::Serialize;

use super::text::{counted, number};
use crate::database::Result;
use crate::migrate::journal::{BatchKind, Journal};
use crate::plan::{OutsideFate, OutsidePlan, Plan};

/// Rows of one table that go, or lose a reference, because the plan deletes rows they hang on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutsideReport {
    /// Whose they are, in words.
    pub name: String,
    /// Their table.
    pub table: String,
    /// The column that is emptied; `None` where they are deleted too.
    pub emptied: Option<String>,
    /// How many there were at review.
    pub planned: u64,
}

impl OutsideReport {
    /// Of a plan.
    pub(super) fn all(plan: &Plan) -> Vec<Self> {
        let report = |outside: &OutsidePlan| Self {
            name: outside.name.clone(),
            table: outside.table.to_string(),
            emptied: match &outside.fate {
                OutsideFate::Deleted => None,
                OutsideFate::Emptied(column) => Some(column.name.clone()),
            },
            planned: outside.rows,
        };
        plan.outside.iter().map(report).collect()
    }

    /// Rows that are deleted.
    pub(super) fn deleted(&self) -> u64 {
        if self.emptied.is_none() { self.planned } else { 0 }
    }

    /// What becomes of them, as a sentence's part.
    #[must_use]
    pub fn words(&self) -> String {
        let rows = counted(self.planned, "row", "rows");
        match &self.emptied {
            None => format!("{}: {rows} deleted too", self.name),
            Some(column) => format!("{}: {column} emptied in {rows}", self.name),
        }
    }
}

/// What a run did to rows outside its plan, as a sentence; empty where it did nothing.
pub(super) fn done(journal: &Journal, plan: &Plan) -> Result<String> {
    let (mut deleted, mut emptied) = (0, 0);
    let mut tables: Vec<_> = plan.outside.iter().map(|outside| &outside.table).collect();
    tables.sort_by_key(ToString::to_string);
    tables.dedup();
    for table in tables {
        deleted += journal.rows_outside(table, BatchKind::Delete)?;
        emptied += journal.rows_outside(table, BatchKind::Clear)?;
    }
    Ok(match (deleted, emptied) {
        (0, 0) => String::new(),
        _ => format!(
            "Of rows outside the plan that hung on deleted ones {} deleted too and {} lost their \
             reference.",
            number(deleted),
            number(emptied)
        ),
    })
}
