//! What a proof has found so far, entity by entity: so that one that was interrupted goes on.

use rusqlite::params;

use super::{Journal, Recorder, fault};
use crate::database::Result;

/// What a proof has found for one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedEntity {
    /// Its place in the plan.
    pub number: usize,
    /// What was proved, as a digest: results of something else are not to be used.
    pub about: String,
    /// The result, as JSON.
    pub result: String,
}

impl Recorder {
    /// Keeps what a proof has found for one entity, in place of an earlier result.
    pub fn keep_proved(&self, proved: ProvedEntity) -> Result<()> {
        self.post(move |connection| {
            connection
                .execute(
                    "INSERT OR REPLACE INTO proof_entity (number, about, result) \
                     VALUES (?1, ?2, ?3)",
                    params![proved.number as i64, proved.about, proved.result],
                )
                .map(drop)
        })
    }

    /// Forgets what an interrupted proof has found: a proof has ended, or starts anew.
    pub fn forget_proved(&self) -> Result<()> {
        self.post(|connection| connection.execute("DELETE FROM proof_entity", []).map(drop))
    }
}

impl Journal {
    /// What an interrupted proof has found, by entity.
    pub fn proved_entities(&self) -> Result<Vec<ProvedEntity>> {
        let read = || -> rusqlite::Result<Vec<ProvedEntity>> {
            self.connection
                .prepare("SELECT number, about, result FROM proof_entity ORDER BY number")?
                .query_map([], |row| {
                    Ok(ProvedEntity {
                        number: usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX),
                        about: row.get(1)?,
                        result: row.get(2)?,
                    })
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// The number of the last batch that was written down; 0 where there is none. While it is the
    /// same, nothing more has been written.
    pub fn last_batch(&self) -> Result<i64> {
        self.one("SELECT COALESCE(MAX(id), 0) FROM batch")
    }

    /// The highest number of a before-image; 0 where there is none.
    pub(super) fn last_image(&self) -> Result<i64> {
        self.one("SELECT COALESCE(MAX(image), 0) FROM batch")
    }
}
