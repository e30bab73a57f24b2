//! The journal of a run: one SQLite file that knows, at every moment, what is in the destination.
//!
//! What must be known after a crash is synced before COMMIT is sent; only then does the journal
//! hand out the [`JournalToken`](crate::database::JournalToken) that a commit takes. Observers may
//! read the file while a run writes it (write-ahead log, normal locking). It holds no secrets.
//!
//! A [`Recorder`] writes it, a [`Journal`] reads it.

mod evidence;
mod images;
mod keys;
mod marks;
mod muting;
mod proofs;
mod read;
mod recorder;
mod records;
mod refused;
mod salvage;
mod schema;
mod stretches;
mod surroundings;
mod tally;
mod tasks;
pub(crate) mod varint;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::database::{Fault, FaultKind, Result};
use crate::plan::Plan;

pub use images::{Image, Images};
pub use keys::Keys;
pub use marks::{Mark, ReadingRecord};
pub use muting::{MutedRows, MutedState};
pub use proofs::ProvedEntity;
pub use recorder::{Recorder, WeakRecorder};
pub use records::{
    BatchKind, BatchRecord, DeferredBatch, DeferredCell, EARLIER, EmptiedCell, EventRecord,
    LeftOutRow, NewBatch, Operator, PersonRecord, RunHeader, RunState, WrittenTo,
};
pub use refused::{Refused, RefusedKind};
pub use salvage::{Salvage, SavedBatch, SavedPerson};
pub use stretches::{Stretch, StretchKind};
pub use tasks::Tick;

/// A journal open to be read.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    /// Whether it is of an edition that knows which rule refused what.
    has_refused: bool,
    /// Whether it is of an edition that knows the tasks of the way back.
    has_tasks: bool,
    /// Whether it is of an edition that knows what is put away.
    has_muting: bool,
}

fn fault(error: &rusqlite::Error) -> Fault {
    let kind = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => FaultKind::Full,
        _ => FaultKind::Other,
    };
    Fault::new(kind, format!("the journal cannot be used: {error}"))
        .advise("Check that its disk has room and can be written.")
}

/// Where a run's folder has its journal.
fn file(folder: &Path) -> PathBuf {
    folder.join("journal.sqlite")
}

fn damaged(path: &Path, what: &str) -> Fault {
    let run = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    Fault::new(FaultKind::Data, format!("the journal {} is damaged: {what}", path.display()))
        .advise(format!(
            "Nothing was written. Bring the file back from a copy if there is one; `osferry export \
             {run} ids` saves what can still be read of whose id became whose, and `osferry export \
             {run} audit` what was done."
        ))
}

impl Journal {
    /// Opens the journal of a run to read it; a run may be writing it at the same time.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = file(folder);
        let shown = path.display();
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|error| {
                Fault::new(FaultKind::NotFound, format!("no journal at {shown}: {error}"))
            })?;
        let version = connection
            .busy_timeout(std::time::Duration::from_secs(10))
            .and_then(|()| connection.query_row("PRAGMA user_version", [], |row| row.get(0)))
            .map_err(|error| damaged(&path, &error.to_string()))?;
        if !schema::is_known(version) {
            return Err(Fault::new(
                FaultKind::Invalid,
                format!("{shown} was written by another version of osferry (schema {version})"),
            )
            .advise("Use the version that wrote it; the run's report says which one."));
        }
        let (has_refused, has_tasks) = (schema::has_refused(version), schema::has_tasks(version));
        let has_muting = schema::has_muting(version);
        Ok(Self { connection, path, has_refused, has_tasks, has_muting })
    }

    /// Reads the whole file and refuses it when it is damaged: before a run goes on, is undone or
    /// proved by it.
    pub fn check(&self) -> Result<()> {
        let found = self
            .connection
            // Looks into indexes too: rows may be found through one that is another table's.
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))
            .and_then(|verdict| match verdict.as_str() {
                "ok" => tally::check(&self.connection),
                _ => Ok(Some(verdict)),
            });
        match found {
            Ok(None) => {}
            Ok(Some(what)) => return Err(damaged(&self.path, &what)),
            Err(error) => return Err(damaged(&self.path, &error.to_string())),
        }
        // What it says of itself has to fit together as well.
        let torn = |fault: Fault| damaged(&self.path, &fault.what);
        let (header, plan) = (self.header().map_err(torn)?, self.plan().map_err(torn)?);
        if plan.pinned() == header.plan_fingerprint {
            return Ok(());
        }
        Err(damaged(&self.path, "the plan in it is not the one that it was started with"))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the run is about.
    pub fn header(&self) -> Result<RunHeader> {
        let text: String = self.one("SELECT header FROM run")?;
        serde_json::from_str(&text).map_err(|error| Fault::new(FaultKind::Data, error.to_string()))
    }

    /// The plan it follows.
    pub fn plan(&self) -> Result<Plan> {
        let text: String = self.one("SELECT plan FROM run")?;
        serde_json::from_str(&text).map_err(|error| Fault::new(FaultKind::Data, error.to_string()))
    }

    /// What it has come to.
    pub fn state(&self) -> Result<RunState> {
        let text: String = self.one("SELECT state FROM run")?;
        serde_json::from_str(&format!("\"{text}\""))
            .map_err(|error| Fault::new(FaultKind::Data, error.to_string()))
    }

    /// When it ended, if it did.
    pub fn ended(&self) -> Result<Option<String>> {
        self.one("SELECT ended FROM run")
    }

    /// The result of the last proof, as JSON.
    pub fn proof(&self) -> Result<Option<String>> {
        self.connection
            .query_row("SELECT proof FROM run", [], |row| row.get(0))
            .optional()
            .map(Option::flatten)
            .map_err(|error| fault(&error))
    }

    fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> Result<T> {
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|error| fault(&error))
    }
}

fn state_name(state: RunState) -> String {
    serde_json::to_string(&state).unwrap_or_default().trim_matches('"').to_owned()
}
