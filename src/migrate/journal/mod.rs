//! The journal of a run: one SQLite file that knows, at every moment, what is in the destination.
//!
//! What must be known after a crash is synced before COMMIT is sent; only then does the journal
//! hand out the [`JournalToken`](crate::database::JournalToken) that a commit takes. Observers may
//! read the file while a run writes it (write-ahead log, normal locking). It holds no secrets.

mod evidence;
mod keys;
mod proofs;
mod read;
mod records;
mod schema;
mod surroundings;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::database::{Fault, FaultKind, Result};
use crate::plan::Plan;

pub use keys::Keys;
pub use proofs::ProvedEntity;
pub use records::{
    BatchKind, BatchRecord, DeferredCell, EmptiedCell, EventRecord, LeftOutRow, NewBatch, Operator,
    PersonRecord, RunHeader, RunState,
};

/// An open journal.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
}

fn fault(error: &rusqlite::Error) -> Fault {
    let kind = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => FaultKind::Full,
        _ => FaultKind::Other,
    };
    Fault::new(kind, format!("the journal cannot be used: {error}"))
        .advise("Check that its disk has room and can be written.")
}

impl Journal {
    /// Starts the journal of a new run in a folder of its own.
    pub fn create(folder: &Path, header: &RunHeader, plan: &Plan) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| {
            Fault::new(
                FaultKind::Permission,
                format!("cannot make the folder {}: {error}", folder.display()),
            )
            .advise("Set OSFERRY_HOME to a folder that can be written.")
        })?;
        let path = folder.join("journal.sqlite");
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| {
            Fault::new(
                FaultKind::Permission,
                format!("cannot write the journal {}: {error}", path.display()),
            )
            .advise("Set OSFERRY_HOME to a folder that can be written.")
        })?;
        schema::prepare(&connection).map_err(|error| fault(&error))?;
        let journal = Self { connection, path };
        let text = |value: std::result::Result<String, serde_json::Error>| {
            value.map_err(|error| Fault::new(FaultKind::Other, error.to_string()))
        };
        let header_text = text(serde_json::to_string(header))?;
        let plan_text = text(serde_json::to_string(plan))?;
        journal
            .connection
            .execute(
                "INSERT INTO run (id, header, plan, state) VALUES (?1, ?2, ?3, ?4)",
                params![header.id, header_text, plan_text, state_name(RunState::Running)],
            )
            .map_err(|error| fault(&error))?;
        Ok(journal)
    }

    /// Opens the journal of an earlier run to read it.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("journal.sqlite");
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| {
                Fault::new(
                    FaultKind::NotFound,
                    format!("no journal at {}: {error}", path.display()),
                )
            })?;
        connection
            .busy_timeout(std::time::Duration::from_secs(10))
            .map_err(|error| fault(&error))?;
        let known: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(|error| fault(&error))?;
        if known != schema::VERSION {
            return Err(Fault::new(
                FaultKind::Invalid,
                format!("{} was written by another version of osferry", path.display()),
            ));
        }
        Ok(Self { connection, path })
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

    /// Says what it has come to.
    pub fn set_state(&self, state: RunState) -> Result<()> {
        self.connection
            .execute("UPDATE run SET state = ?1", [state_name(state)])
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// When it ended, if it did.
    pub fn ended(&self) -> Result<Option<String>> {
        self.one("SELECT ended FROM run")
    }

    /// Says when it ended.
    pub fn set_ended(&self, at: &str) -> Result<()> {
        self.connection
            .execute("UPDATE run SET ended = ?1", [at])
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Keeps the result of the last proof, as JSON.
    pub fn set_proof(&self, proof: &str) -> Result<()> {
        self.connection
            .execute("UPDATE run SET proof = ?1", [proof])
            .map(drop)
            .map_err(|error| fault(&error))
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
