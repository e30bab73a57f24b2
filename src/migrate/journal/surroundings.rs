//! Pictures of the destination that the proof compares: right before the first write, and when the
//! run was first proved.

use rusqlite::{OptionalExtension, params};

use super::{Journal, Recorder, fault};
use crate::database::Result;

impl Recorder {
    /// Keeps the picture taken before the first write, as JSON. A resumed run leaves it alone: its
    /// own first write is not the run's.
    pub async fn set_surroundings(&self, taken: String) -> Result<()> {
        self.set_picture("before", taken).await
    }

    /// Keeps the picture taken when the run was first proved, as JSON: what changes afterwards was
    /// not done by the run. A later one does not replace it.
    pub async fn set_proved_surroundings(&self, taken: String) -> Result<()> {
        self.set_picture("proved", taken).await
    }

    async fn set_picture(&self, name: &'static str, taken: String) -> Result<()> {
        self.write(move |connection| {
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS surroundings (name TEXT PRIMARY KEY, taken TEXT NOT NULL)",
            )?;
            connection.execute(
                "INSERT OR IGNORE INTO surroundings (name, taken) VALUES (?1, ?2)",
                params![name, taken],
            )
        })
        .await
        .map(drop)
    }
}

impl Journal {
    /// The picture taken before the first write, as JSON; `None` for runs that took none.
    pub fn surroundings(&self) -> Result<Option<String>> {
        self.picture("before")
    }

    /// The picture taken when the run was first proved, as JSON.
    pub fn proved_surroundings(&self) -> Result<Option<String>> {
        self.picture("proved")
    }

    fn picture(&self, name: &str) -> Result<Option<String>> {
        if !self.has_table("surroundings")? {
            return Ok(None);
        }
        self.connection
            .query_row("SELECT taken FROM surroundings WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|error| fault(&error))
    }

    /// Whether the journal has a table that is made when it is first needed.
    pub(super) fn has_table(&self, name: &str) -> Result<bool> {
        self.connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)",
                [name],
                |row| row.get(0),
            )
            .map_err(|error| fault(&error))
    }
}
