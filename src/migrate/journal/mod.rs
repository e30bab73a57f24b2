//! The journal of a run: one SQLite file that knows, at every moment, what is in the destination.
//!
//! What must be known after a crash is synced before COMMIT is sent; only then does the journal
//! hand out the [`JournalToken`] that a commit takes. Observers may read the file while a run
//! writes it (write-ahead log, normal locking). It holds no secrets.

mod keys;
mod reading;
mod schema;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::database::{Fault, FaultKind, JournalToken, Result, Value};
use crate::plan::Plan;

pub use keys::Keys;

/// What a run has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It writes, or it was interrupted while writing.
    Running,
    /// It was stopped in order.
    Stopped,
    /// Something went wrong that it could not get over.
    Failed,
    /// Everything is written, nothing is proved yet.
    Written,
    /// Everything is written and proved.
    Proved,
    /// Everything is written and the proof found differences.
    Disproved,
}

impl RunState {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "running or interrupted",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Written => "written, not proved",
            Self::Proved => "done and proved",
            Self::Disproved => "written, the proof fails",
        }
    }
}

/// What a run is about; written once, when it starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunHeader {
    /// Its id: short, and later runs sort after earlier ones.
    pub id: String,
    /// The plan's name.
    pub name: String,
    /// When it started, as the clock of this machine says.
    pub started: String,
    /// Where rows are read.
    pub source: String,
    /// Where rows are written.
    pub destination: String,
    /// The destination database's name.
    pub destination_database: String,
    /// The plan file it came from.
    pub plan_file: String,
    /// The text of that file; it never holds secrets.
    pub plan_text: String,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    /// The plan's fingerprint.
    pub plan_fingerprint: String,
    /// The source model's fingerprint.
    pub source_fingerprint: String,
    /// The destination model's fingerprint.
    pub destination_fingerprint: String,
    /// The version that wrote it.
    pub version: String,
}

/// What a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchKind {
    /// Inserted rows of ours.
    Insert,
    /// Recognised rows the destination had; nothing was written.
    Recognise,
    /// Set references in the second pass.
    SecondPass,
    /// Deleted rows of the destination.
    Delete,
    /// Created users, groups or links.
    People,
}

impl BatchKind {
    fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Recognise => "recognise",
            Self::SecondPass => "second-pass",
            Self::Delete => "delete",
            Self::People => "people",
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "recognise" => Self::Recognise,
            "second-pass" => Self::SecondPass,
            "delete" => Self::Delete,
            "people" => Self::People,
            _ => Self::Insert,
        }
    }
}

/// A batch about to be committed.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// The place of its entity in the plan; `None` for people.
    pub entity: Option<usize>,
    /// What it does.
    pub kind: BatchKind,
    /// The session that writes it.
    pub session: String,
    /// Rows it touches.
    pub rows: u64,
    /// Source keys, in row order; empty for deletes and entities without identifier.
    pub source_keys: Keys,
    /// Destination keys, in the same order.
    pub destination_keys: Keys,
    /// The proof's digest of the source rows as read.
    pub digest: u128,
    /// Cells that were emptied.
    pub emptied: Vec<EmptiedCell>,
    /// References to set in the second pass.
    pub deferred: Vec<DeferredCell>,
}

/// A reference that was written empty although the source had a value.
#[derive(Clone, Debug, PartialEq)]
pub struct EmptiedCell {
    /// Place of the column in the entity's plan.
    pub column: usize,
    /// The source key of the row; NULL where the entity has none.
    pub key: Value,
    /// The value the source had.
    pub value: Value,
    /// Why.
    pub reason: String,
}

/// A reference to be set once all rows are there.
#[derive(Clone, Debug, PartialEq)]
pub struct DeferredCell {
    /// Place of the column in the entity's plan.
    pub column: usize,
    /// The source key of the row.
    pub key: Value,
    /// The destination key of the row.
    pub destination: Value,
    /// The value the source had.
    pub value: Value,
}

/// A row that was not carried over.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOutRow {
    /// The place of its entity in the plan.
    pub entity: usize,
    /// Its source key; NULL where the entity has none.
    pub key: Value,
    /// Why.
    pub reason: String,
    /// Whether a decision foresaw it; otherwise it is a reject.
    pub planned: bool,
    /// The server's error number, for rejects.
    pub code: Option<i64>,
}

/// A batch as the journal knows it.
#[derive(Clone, Debug)]
pub struct BatchRecord {
    /// Its number.
    pub id: i64,
    /// What it did.
    pub kind: BatchKind,
    /// Rows it touched.
    pub rows: u64,
    /// Source keys.
    pub source_keys: Keys,
    /// Destination keys, in the same order.
    pub destination_keys: Keys,
    /// The proof's digest of the source rows as read.
    pub digest: u128,
}

/// A user or group: whose id became whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonRecord {
    /// Whether it is a group.
    pub is_group: bool,
    /// Its id in the source.
    pub source: i64,
    /// Its id in the destination.
    pub destination: i64,
    /// Whether this run created it.
    pub is_ours: bool,
}

/// A line of the run's story.
#[derive(Clone, Debug, Serialize)]
pub struct EventRecord {
    /// When.
    pub at: String,
    /// What.
    pub text: String,
}

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

    fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> Result<T> {
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|error| fault(&error))
    }

    /// Notes a writing session before its first write: its lock is what a fence waits for.
    pub fn session(&self, session: &str) -> Result<()> {
        self.connection
            .execute("INSERT OR IGNORE INTO session (name) VALUES (?1)", [session])
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Writes a batch down as prepared and syncs. What comes back lets it be committed.
    pub fn prepare(&mut self, batch: &NewBatch) -> Result<(i64, JournalToken)> {
        let entity = batch.entity.map(|entity| entity as i64);
        let work = |transaction: &Transaction<'_>| -> rusqlite::Result<i64> {
            transaction
                .prepare_cached(
                    "INSERT INTO batch (entity, kind, session, rows, source_keys, \
                     destination_keys, digest, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'prepared')",
                )?
                .execute(params![
                    entity,
                    batch.kind.name(),
                    batch.session,
                    batch.rows as i64,
                    batch.source_keys.to_bytes(),
                    batch.destination_keys.to_bytes(),
                    batch.digest.to_be_bytes().as_slice(),
                ])?;
            let id = transaction.last_insert_rowid();
            for cell in &batch.emptied {
                transaction
                    .prepare_cached(
                        "INSERT INTO emptied (batch, entity, column, key, value, reason) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![
                        id,
                        entity,
                        cell.column as i64,
                        keys::cell(&cell.key),
                        keys::cell(&cell.value),
                        cell.reason
                    ])?;
            }
            for cell in &batch.deferred {
                transaction
                    .prepare_cached(
                        "INSERT INTO deferred (batch, entity, column, key, destination, value) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![
                        id,
                        entity,
                        cell.column as i64,
                        keys::cell(&cell.key),
                        keys::cell(&cell.destination),
                        keys::cell(&cell.value)
                    ])?;
            }
            Ok(id)
        };
        let transaction = self.connection.transaction().map_err(|error| fault(&error))?;
        let id = work(&transaction).map_err(|error| fault(&error))?;
        // synchronous = FULL: this returns once the disk has it.
        transaction.commit().map_err(|error| fault(&error))?;
        Ok((id, JournalToken::after_sync()))
    }

    /// Notes that a batch is in the database for good.
    pub fn committed(&self, batch: i64) -> Result<()> {
        self.connection
            .execute("UPDATE batch SET state = 'committed' WHERE id = ?1", [batch])
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Notes that a batch is not in the database, and forgets what it would have left behind.
    pub fn aborted(&mut self, batch: i64) -> Result<()> {
        let transaction = self.connection.transaction().map_err(|error| fault(&error))?;
        for sql in [
            "UPDATE batch SET state = 'aborted' WHERE id = ?1",
            "DELETE FROM emptied WHERE batch = ?1",
            "DELETE FROM deferred WHERE batch = ?1",
        ] {
            transaction.execute(sql, [batch]).map_err(|error| fault(&error))?;
        }
        transaction.commit().map_err(|error| fault(&error))
    }

    /// Notes a row that is not carried over.
    pub fn leave_out(&self, row: &LeftOutRow) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO left_out (entity, key, reason, planned, code) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    row.entity as i64,
                    keys::cell(&row.key),
                    row.reason,
                    row.planned,
                    row.code
                ])
            })
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Notes a cell that the second pass could not set.
    pub fn empty(&self, entity: usize, cell: &EmptiedCell) -> Result<()> {
        self.connection
            .execute(
                "INSERT INTO emptied (batch, entity, column, key, value, reason) \
                 VALUES (NULL, ?1, ?2, ?3, ?4, ?5)",
                params![
                    entity as i64,
                    cell.column as i64,
                    keys::cell(&cell.key),
                    keys::cell(&cell.value),
                    cell.reason
                ],
            )
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Notes whose id became whose.
    pub fn people(&mut self, people: &[PersonRecord]) -> Result<()> {
        let transaction = self.connection.transaction().map_err(|error| fault(&error))?;
        for person in people {
            transaction
                .execute(
                    "INSERT OR REPLACE INTO person (is_group, source, destination, is_ours) \
                     VALUES (?1, ?2, ?3, ?4)",
                    params![person.is_group, person.source, person.destination, person.is_ours],
                )
                .map_err(|error| fault(&error))?;
        }
        transaction.commit().map_err(|error| fault(&error))
    }

    /// Adds a line to the run's story.
    pub fn event(&self, at: &str, text: &str) -> Result<()> {
        self.connection
            .execute("INSERT INTO event (at, text) VALUES (?1, ?2)", [at, text])
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// The run's story.
    pub fn events(&self) -> Result<Vec<EventRecord>> {
        let read = || -> rusqlite::Result<Vec<EventRecord>> {
            let mut statement =
                self.connection.prepare("SELECT at, text FROM event ORDER BY id")?;
            statement
                .query_map([], |row| Ok(EventRecord { at: row.get(0)?, text: row.get(1)? }))?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// Whose id became whose.
    pub fn all_people(&self) -> Result<Vec<PersonRecord>> {
        let read = || -> rusqlite::Result<Vec<PersonRecord>> {
            let mut statement = self
                .connection
                .prepare("SELECT is_group, source, destination, is_ours FROM person")?;
            statement
                .query_map([], |row| {
                    Ok(PersonRecord {
                        is_group: row.get(0)?,
                        source: row.get(1)?,
                        destination: row.get(2)?,
                        is_ours: row.get(3)?,
                    })
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// The committed batches of an entity that carried rows over or recognised them, in the
    /// order they were written.
    pub fn batches(&self, entity: usize) -> Result<Vec<BatchRecord>> {
        let read = || -> rusqlite::Result<Vec<BatchRecord>> {
            let mut statement = self.connection.prepare(
                "SELECT id, kind, rows, source_keys, destination_keys, digest FROM batch \
                 WHERE entity = ?1 AND state = 'committed' AND kind IN ('insert', 'recognise') \
                 ORDER BY id",
            )?;
            statement
                .query_map([entity as i64], |row| {
                    let digest: Vec<u8> = row.get(5)?;
                    let mut bytes = [0; 16];
                    bytes.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
                    Ok(BatchRecord {
                        id: row.get(0)?,
                        kind: BatchKind::parse(&row.get::<_, String>(1)?),
                        rows: row.get::<_, i64>(2)?.unsigned_abs(),
                        source_keys: Keys::from_bytes(&row.get::<_, Vec<u8>>(3)?),
                        destination_keys: Keys::from_bytes(&row.get::<_, Vec<u8>>(4)?),
                        digest: u128::from_be_bytes(bytes),
                    })
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// Rows that committed batches of a kind touched in an entity.
    pub fn rows_of(&self, entity: usize, kind: BatchKind) -> Result<u64> {
        self.connection
            .query_row(
                "SELECT COALESCE(SUM(rows), 0) FROM batch \
                 WHERE entity = ?1 AND kind = ?2 AND state = 'committed'",
                params![entity as i64, kind.name()],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::unsigned_abs)
            .map_err(|error| fault(&error))
    }

    /// Cells of an entity that were emptied.
    pub fn emptied(&self, entity: usize) -> Result<Vec<EmptiedCell>> {
        let read = || -> rusqlite::Result<Vec<EmptiedCell>> {
            let mut statement = self.connection.prepare(
                "SELECT column, key, value, reason FROM emptied WHERE entity = ?1 ORDER BY rowid",
            )?;
            statement
                .query_map([entity as i64], |row| {
                    Ok(EmptiedCell {
                        column: row.get::<_, i64>(0)?.unsigned_abs() as usize,
                        key: keys::value(row.get_ref(1)?),
                        value: keys::value(row.get_ref(2)?),
                        reason: row.get(3)?,
                    })
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// Rows of an entity that were not carried over.
    pub fn left_out(&self, entity: usize) -> Result<Vec<LeftOutRow>> {
        let read = || -> rusqlite::Result<Vec<LeftOutRow>> {
            let mut statement = self.connection.prepare(
                "SELECT key, reason, planned, code FROM left_out WHERE entity = ?1 ORDER BY rowid",
            )?;
            statement
                .query_map([entity as i64], |row| {
                    Ok(LeftOutRow {
                        entity,
                        key: keys::value(row.get_ref(0)?),
                        reason: row.get(1)?,
                        planned: row.get(2)?,
                        code: row.get(3)?,
                    })
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// References of an entity's column to set in the second pass: at most `limit` after the
    /// given number, with their numbers.
    pub fn deferred(
        &self,
        entity: usize,
        column: usize,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, DeferredCell)>> {
        let read = || -> rusqlite::Result<Vec<(i64, DeferredCell)>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT d.id, d.key, d.destination, d.value FROM deferred d \
                 JOIN batch b ON b.id = d.batch AND b.state = 'committed' \
                 WHERE d.entity = ?1 AND d.column = ?2 AND d.id > ?3 ORDER BY d.id LIMIT ?4",
            )?;
            statement
                .query_map(params![entity as i64, column as i64, after, limit as i64], |row| {
                    Ok((
                        row.get(0)?,
                        DeferredCell {
                            column,
                            key: keys::value(row.get_ref(1)?),
                            destination: keys::value(row.get_ref(2)?),
                            value: keys::value(row.get_ref(3)?),
                        },
                    ))
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
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
}

fn state_name(state: RunState) -> String {
    serde_json::to_string(&state).unwrap_or_default().trim_matches('"').to_owned()
}
