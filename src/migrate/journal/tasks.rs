//! The way back: what somebody ticked or noted, and what was read for it in the destination.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::{Journal, Recorder, fault};
use crate::database::{Fault, FaultKind, Result};
use crate::migrate::Aftermath;

const DONE: &str = "done";
const OPEN: &str = "open";

/// What somebody said of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tick {
    /// The task.
    pub name: String,
    /// Whether it is done.
    pub is_done: bool,
    /// What was noted; empty when nothing.
    pub note: String,
    /// When.
    pub at: String,
    /// Who, as signed in to the machine.
    pub by: String,
}

impl Recorder {
    /// Notes what somebody says of a task; what was said of it before goes.
    pub async fn tick(&self, tick: Tick) -> Result<()> {
        let state = if tick.is_done { DONE } else { OPEN };
        self.write(move |connection| {
            connection
                .execute(
                    "INSERT OR REPLACE INTO task (name, state, note, at, who) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![tick.name, state, tick.note, tick.at, tick.by],
                )
                .map(drop)
        })
        .await
    }

    /// Forgets what was said of the tasks: the destination was written anew.
    pub async fn forget_ticks(&self) -> Result<()> {
        self.write(|connection| connection.execute("DELETE FROM task", []).map(drop)).await
    }

    /// Keeps what was read in the destination, in place of what was read before.
    pub async fn set_aftermath(&self, found: &Aftermath) -> Result<()> {
        let found = serde_json::to_string(found)
            .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
        self.write(move |connection| {
            connection
                .execute("INSERT OR REPLACE INTO aftermath (id, found) VALUES (1, ?1)", [found])
                .map(drop)
        })
        .await
    }
}

impl Journal {
    /// What was said of the tasks.
    pub fn ticks(&self) -> Result<Vec<Tick>> {
        if !self.has_tasks {
            return Ok(Vec::new());
        }
        self.all(
            "SELECT name, state, note, at, who FROM task WHERE rowid > ?1 ORDER BY rowid",
            0,
            |row| {
                Ok(Tick {
                    name: row.get(0)?,
                    is_done: row.get::<_, String>(1)? == DONE,
                    note: row.get(2)?,
                    at: row.get(3)?,
                    by: row.get(4)?,
                })
            },
        )
    }

    /// What was read in the destination after the run, if anything was.
    pub fn aftermath(&self) -> Result<Option<Aftermath>> {
        if !self.has_tasks {
            return Ok(None);
        }
        let text: Option<String> = self
            .connection
            .query_row("SELECT found FROM aftermath", [], |row| row.get(0))
            .optional()
            .map_err(|error| fault(&error))?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| Fault::new(FaultKind::Data, error.to_string()))
    }
}
