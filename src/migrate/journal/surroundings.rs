//! Pictures of the destination that the proof compares: right before the first write, and when the
//! run was first proved.

use rusqlite::{OptionalExtension, params};

use super::{Journal, Recorder, fault};
use crate::database::Result;

impl Recorder {
    /// Keeps the picture taken before the first write, as JSON. A resumed run leaves it alone: its
    /// own first write is not the run's.
    pub fn set_surroundings(&self, taken: String) -> Result<()> {
        self.set_picture("before", taken)
    }

    /// Keeps the picture taken when the run was first proved, as JSON: what changes afterwards was
    /// not done by the run. A later one does not replace it.
    pub fn set_proved_surroundings(&self, taken: String) -> Result<()> {
        self.set_picture("proved", taken)
    }

    /// Keeps what waited in the queues of process events before the first write, as JSON.
    pub fn set_queues(&self, taken: String) -> Result<()> {
        self.set_picture("queues", taken)
    }

    /// Keeps what of event tables differed when the run was first proved, as JSON: it goes on to
    /// differ until it is put right. A later one does not replace it.
    pub fn set_proved_events(&self, differed: String) -> Result<()> {
        self.set_picture("proved-events", differed)
    }

    fn set_picture(&self, name: &'static str, taken: String) -> Result<()> {
        self.post(move |connection| {
            connection
                .execute(
                    "INSERT OR IGNORE INTO surroundings (name, taken) VALUES (?1, ?2)",
                    params![name, taken],
                )
                .map(drop)
        })
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

    /// What waited in the queues of process events before the first write, as JSON.
    pub fn queues(&self) -> Result<Option<String>> {
        self.picture("queues")
    }

    /// What of event tables differed when the run was first proved, as JSON.
    pub fn proved_events(&self) -> Result<Option<String>> {
        self.picture("proved-events")
    }

    fn picture(&self, name: &str) -> Result<Option<String>> {
        self.connection
            .query_row("SELECT taken FROM surroundings WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|error| fault(&error))
    }
}
