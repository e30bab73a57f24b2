//! Subscriptions of processes that a run puts away while it writes, and puts back.
//!
//! What a table held is on disk before the first of its rows goes. They are ids and flags of the
//! platform, nothing of what applications keep, so they lie in the journal itself.

use rusqlite::params;

use super::{Journal, Recorder};
use crate::database::{Batch, Fault, FaultKind, Result};

/// What has become of an event table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutedState {
    /// Its rows are known; from now on any of them may be gone.
    PutAway,
    /// They are being put back.
    ComingBack,
    /// They are back.
    Back,
    /// It was accepted that it stays as it is, for nobody may empty it: processes start.
    LeftOpen,
}

impl MutedState {
    const ALL: [(Self, &str); 4] = [
        (Self::PutAway, "put-away"),
        (Self::ComingBack, "coming-back"),
        (Self::Back, "back"),
        (Self::LeftOpen, "left-open"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("put-away", |(_, name)| name)
    }

    /// A state that nobody knows is taken for the one that loses nothing.
    fn parse(name: &str) -> Self {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map_or(Self::PutAway, |(state, _)| *state)
    }
}

/// What is known of one event table.
#[derive(Clone, Debug)]
pub struct MutedRows {
    /// Its place in [`crate::plan::Plan::events`].
    pub place: usize,
    /// What has become of it.
    pub state: MutedState,
    /// Its rows, in the columns of the plan: what it has to hold at least once it is filled again.
    pub rows: Batch,
}

impl MutedRows {
    /// Whether rows of it may be missing in the destination.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self.state, MutedState::PutAway | MutedState::ComingBack) && !self.rows.is_empty()
    }
}

impl Recorder {
    /// Keeps what has become of event tables; it is on disk when this returns.
    pub async fn muted(&self, tables: Vec<MutedRows>) -> Result<()> {
        let mut lines = Vec::new();
        for table in tables {
            let rows = postcard::to_stdvec(&table.rows)
                .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
            lines.push((table.place as i64, table.state.name(), rows));
        }
        self.write(move |connection| {
            for (place, state, rows) in lines {
                connection.execute(
                    "INSERT INTO muting (place, state, rows) VALUES (?1, ?2, ?3)",
                    params![place, state, rows],
                )?;
            }
            Ok(())
        })
        .await
    }
}

/// The state of lines that say which rows do not come back.
const GOING: &str = "going";

impl Recorder {
    /// Keeps which rows of an event table are of activities that the run deletes; it is on disk when
    /// this returns.
    pub async fn going(&self, place: usize, rows: &Batch) -> Result<()> {
        let rows = postcard::to_stdvec(rows)
            .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
        self.write(move |connection| {
            let line = params![place as i64, GOING, rows];
            connection
                .execute("INSERT INTO muting (place, state, rows) VALUES (?1, ?2, ?3)", line)
                .map(drop)
        })
        .await
    }
}

impl Journal {
    /// Which rows of an event table are of activities that the run deletes, as they were before the
    /// first of them went; `None` where nobody has looked.
    pub fn going(&self, place: usize) -> Result<Option<Batch>> {
        if !self.has_muting {
            return Ok(None);
        }
        let lines = self.all(
            &format!(
                "SELECT rows FROM muting WHERE place = ?1 AND state = '{GOING}' ORDER BY id LIMIT 1"
            ),
            place as i64,
            |row| row.get::<_, Vec<u8>>(0),
        )?;
        lines.first().map(|rows| read(rows)).transpose()
    }

    /// What is known of each event table, by its place; nothing of those that were never looked at.
    pub fn muted(&self) -> Result<Vec<MutedRows>> {
        if !self.has_muting {
            return Ok(Vec::new());
        }
        let lines = self.all(
            "SELECT place, state, rows FROM muting WHERE id IN \
             (SELECT MAX(id) FROM muting WHERE state <> 'going' GROUP BY place) AND id > ?1 \
             ORDER BY place",
            0,
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?)),
        )?;
        lines
            .into_iter()
            .map(|(place, state, rows)| {
                let (place, state) = (place as usize, MutedState::parse(&state));
                Ok(MutedRows { place, state, rows: read(&rows)? })
            })
            .collect()
    }
}

fn read(rows: &[u8]) -> Result<Batch> {
    postcard::from_bytes(rows).map_err(|error| {
        let what = format!("subscriptions that are put away cannot be read: {error}");
        Fault::new(FaultKind::Data, what)
    })
}
