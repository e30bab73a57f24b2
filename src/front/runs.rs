//! The runs of this machine in a few words: migrations, and clean-ups in words of their own.

use std::path::Path;

use serde::Serialize;

use super::home::KnownRun;
use crate::database::Result;
use crate::migrate::Away;
use crate::migrate::journal::{BatchKind, Journal, RunState};
use crate::report::number;

/// One run as it is listed.
#[derive(Clone, Debug, Serialize)]
pub struct ListedRun {
    /// Its id.
    pub id: String,
    /// The plan's name.
    pub name: String,
    /// Where it is.
    pub state: RunState,
    /// When it began.
    pub started: String,
    /// When it ended.
    pub ended: Option<String>,
    /// Where it read; a clean-up's declared original.
    pub source: String,
    /// Where it wrote.
    pub destination: String,
    /// Rows written; of a clean-up those deleted or set.
    pub rows: u64,
    /// The procedure whose statements it carried out, where it is no migration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub procedure: Option<String>,
    /// The run whose rejects it tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejects_of: Option<String>,
    /// Its folder.
    pub folder: String,
    /// Subscriptions of processes that it has put away and not put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub put_away: Option<Away>,
}

impl KnownRun {
    /// What is known of it, in a few words. Errs where its journal is damaged.
    pub fn listed(&self) -> Result<ListedRun> {
        read(&self.folder)
    }
}

impl ListedRun {
    /// Whether it is a clean-up of a clone.
    #[must_use]
    pub fn is_cleanup(&self) -> bool {
        self.procedure.is_some()
    }

    /// What it is about: `source → destination`, or `clean-up of destination`.
    #[must_use]
    pub fn whose(&self) -> String {
        match self.is_cleanup() {
            true => format!("clean-up of {}", self.destination),
            false => format!("{} → {}", self.source, self.destination),
        }
    }

    /// How many rows it wrote, in words.
    #[must_use]
    pub fn rows_in_words(&self) -> String {
        let done = if self.is_cleanup() { "deleted or set" } else { "written" };
        let rows = if self.rows == 1 { "row" } else { "rows" };
        format!("{} {rows} {done}", number(self.rows))
    }

    /// Where it is, in words.
    #[must_use]
    pub fn state_in_words(&self) -> &'static str {
        if !self.is_cleanup() {
            return self.state.label();
        }
        match self.state {
            RunState::Running | RunState::Stopped => "interrupted; undo finds out what was written",
            RunState::Failed => "failed, nothing was written",
            RunState::Written => "cleaned up, not looked at again",
            RunState::Proved => "cleaned up and looked at again",
            RunState::Disproved => "cleaned up, rows have come back",
            RunState::Undoing => "being taken back, or interrupted there",
            RunState::Undone => "taken back: every row is as it was before",
            RunState::UndoneInPart => "taken back in part",
        }
    }
}

fn read(folder: &Path) -> Result<ListedRun> {
    let journal = Journal::open(folder)?;
    let header = journal.header()?;
    let plan = journal.plan()?;
    let put_away = Away::read(&journal, &plan)?;
    let mut rows = 0;
    for entity in 0..plan.entities.len() {
        rows += journal.rows_of(entity, BatchKind::Insert)?;
    }
    if header.procedure.is_some() {
        for kind in [BatchKind::Delete, BatchKind::Change] {
            rows += journal.of_kind(kind)?.iter().map(|batch| batch.rows).sum::<u64>();
        }
    }
    Ok(ListedRun {
        id: header.id,
        name: header.name,
        state: journal.state()?,
        started: header.started,
        ended: journal.ended()?,
        source: header.source,
        destination: header.destination,
        rows,
        procedure: header.procedure,
        rejects_of: header.rejects_of,
        folder: folder.display().to_string(),
        put_away,
    })
}
