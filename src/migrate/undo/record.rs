//! What an undo has come to, and what the journal keeps of it.

use serde::{Deserialize, Serialize};

use super::super::journal::Journal;
use super::super::story::Story;
use super::{PutBackScript, UndoneTable};
use crate::database::{Fault, FaultKind, Result, TableName};

/// A row that could not be put back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRestored {
    /// Its table, and its key if it has one.
    pub row: String,
    /// Why, as the server says it: that may show what a row holds.
    pub what: String,
    /// The server's error number.
    pub code: Option<i64>,
}

/// What an undo has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoResult {
    /// What was done.
    pub tables: Vec<UndoneTable>,
    /// Rows that could not be put back, the first of them.
    pub not_restored: Vec<NotRestored>,
    /// How many could not.
    pub not_restored_rows: u64,
    /// References that were set again.
    pub references: u64,
    /// What did not come back and is in a script; `None` where there is none.
    #[serde(default)]
    pub script: Option<PutBackScript>,
}

impl UndoResult {
    /// Whether everything is as it was before the run.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.not_restored_rows == 0
            && self.tables.iter().all(|table| table.inexact.is_empty() && table.left == 0)
    }
}

/// What the journal keeps of an undo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRecord {
    /// Rows of ours that stay, by table: decided before the first write, and kept to when the
    /// undo goes on after it was interrupted.
    pub left: Vec<(TableName, Vec<String>)>,
    /// What it has come to; `None` until it has.
    pub result: Option<UndoResult>,
}

impl UndoRecord {
    /// Reads it; `None` where nobody has begun to undo the run.
    pub fn read(journal: &Journal) -> Result<Option<Self>> {
        journal
            .undo()?
            .map(|text| serde_json::from_str(&text).map_err(|error| not_readable(&error)))
            .transpose()
    }

    /// Keeps it in the journal.
    pub(super) async fn keep(&self, story: &Story) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|error| not_readable(&error))?;
        story.recorder.set_undo(text).await
    }
}

fn not_readable(error: &serde_json::Error) -> Fault {
    Fault::new(FaultKind::Data, format!("the journal's record of the undo: {error}"))
}
