//! Who worked on a run, and when: for its audit record.

use rusqlite::params;
use serde::Serialize;

use super::{Journal, Operator, Recorder};
use crate::database::Result;

/// What somebody had done with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StretchKind {
    /// It was started.
    Run,
    /// It was gone on with.
    Resume,
    /// It was proved.
    Proof,
    /// It was undone, or its undoing was gone on with.
    Undo,
    /// The rows kept for its undo were deleted.
    Forget,
}

impl StretchKind {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Run, "run"),
        (Self::Resume, "resume"),
        (Self::Proof, "proof"),
        (Self::Undo, "undo"),
        (Self::Forget, "forget"),
    ];
}

/// One time that somebody had something done with a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// What.
    pub kind: StretchKind,
    /// When it began.
    pub at: String,
    /// Who.
    pub operator: Operator,
    /// With which version.
    pub version: String,
}

impl Stretch {
    /// One of this version.
    #[must_use]
    pub fn new(kind: StretchKind, at: String, operator: Operator) -> Self {
        Self { kind, at, operator, version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

impl Recorder {
    /// Notes who has something done with the run from now on.
    pub async fn stretch(&self, stretch: Stretch) -> Result<()> {
        self.write(move |connection| {
            let operator = serde_json::to_string(&stretch.operator)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            let kind = StretchKind::ALL.iter().find(|(kind, _)| *kind == stretch.kind);
            let kind = kind.map_or("run", |(_, name)| name);
            connection
                .execute(
                    "INSERT INTO stretch (kind, at, operator, version) VALUES (?1, ?2, ?3, ?4)",
                    params![kind, stretch.at, operator, stretch.version],
                )
                .map(drop)
        })
        .await
    }
}

impl Journal {
    /// Who had something done with the run, in order.
    pub fn stretches(&self) -> Result<Vec<Stretch>> {
        self.all(
            "SELECT kind, at, operator, version FROM stretch WHERE id > ?1 ORDER BY id",
            0,
            |row| {
                let (kind, operator): (String, String) = (row.get(0)?, row.get(2)?);
                let kind = StretchKind::ALL.iter().find(|(_, name)| *name == kind);
                Ok(Stretch {
                    kind: kind.map_or(StretchKind::Run, |(kind, _)| *kind),
                    at: row.get(1)?,
                    operator: serde_json::from_str(&operator).unwrap_or_default(),
                    version: row.get(3)?,
                })
            },
        )
    }
}
