//! One connection on one thread, and the translation of SQLite's errors.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::oneshot;

use crate::database::{Fault, FaultKind, Result, TableName};

/// How long a statement waits for another connection's write to end.
const BUSY: Duration = Duration::from_secs(10);

/// Pages that a connection keeps which writes, in KiB.
const WRITERS_CACHE: i64 = 32 << 10;

/// The collation that compares text as the platform's does: without case.
pub(super) const CASELESS: &str = "OSFERRY_CASELESS";

/// What a connection may do with its file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    Create,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A connection on its own thread; calls are answered in order.
pub(super) struct Session {
    jobs: mpsc::Sender<Job>,
    path: PathBuf,
}

impl Session {
    /// Opens the file and starts the thread.
    pub(super) async fn open(path: &Path, access: Access) -> Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (opened, answer) = oneshot::channel();
        let file = path.to_path_buf();
        std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(move || {
                let mut connection = match connect(&file, access) {
                    Ok(connection) => connection,
                    Err(fault) => {
                        let _ = opened.send(Err(fault));
                        return;
                    }
                };
                let _ = opened.send(Ok(()));
                while let Ok(job) = inbox.recv() {
                    job(&mut connection);
                }
            })
            .map_err(|error| {
                Fault::new(FaultKind::Other, format!("no thread for SQLite: {error}"))
            })?;
        answer.await.map_err(|_| gone())??;
        Ok(Self { jobs, path: path.to_path_buf() })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs something on the connection's thread and waits for its answer.
    pub(super) async fn call<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<R> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.jobs
            .send(Box::new(move |connection| {
                let _ = reply.send(work(connection));
            }))
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> Fault {
    Fault::new(FaultKind::Lost, "the SQLite connection has ended")
}

fn connect(path: &Path, access: Access) -> Result<Connection> {
    let shown = path.display();
    if access != Access::Create && !path.is_file() {
        return Err(Fault::new(FaultKind::Unreachable, format!("{shown} is not there"))
            .advise("Check the path; it is taken relative to the plan file."));
    }
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI
        | match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Access::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| fault(&error).while_doing(format!("cannot open {shown}")))?;
    let prepare = || -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.create_collation(CASELESS, compare_caseless)?;
        connection.execute_batch("PRAGMA foreign_keys = ON")?;
        match access {
            Access::Read => connection.execute_batch("PRAGMA query_only = ON")?,
            // Rows that come in no order of an index touch pages all over it.
            Access::Write | Access::Create => {
                connection.pragma_update(None, "cache_size", -WRITERS_CACHE)?;
            }
        }
        connection
            .query_row("SELECT COUNT(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))?;
        Ok(())
    };
    prepare().map_err(|error| {
        if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
            Fault::new(FaultKind::Data, format!("{shown} is not a SQLite file"))
                .advise("`osferry practice --make-only` writes files of the right shape.")
        } else {
            fault(&error).while_doing(format!("cannot read {shown}"))
        }
    })?;
    Ok(connection)
}

fn compare_caseless(a: &str, b: &str) -> Ordering {
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

/// Makes a further catalog readable: the sibling file `<NAME>.sqlite`. Returns the name by which
/// statements call the table's database.
pub(super) fn attach(connection: &Connection, table: &TableName) -> Result<String> {
    let Some(catalog) = &table.catalog else { return Ok("main".to_owned()) };
    let known = connection
        .prepare_cached("SELECT name FROM pragma_database_list")
        .and_then(|mut list| {
            list.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(|error| fault(&error))?;
    if let Some(name) = known.iter().find(|name| name.eq_ignore_ascii_case(catalog)) {
        return Ok(name.clone());
    }
    let main = connection.path().unwrap_or_default().to_owned();
    let folder = Path::new(&main).parent().unwrap_or(Path::new("."));
    let file = folder.join(format!("{catalog}.sqlite"));
    if !file.is_file() {
        return Err(Fault::new(
            FaultKind::NotFound,
            format!("the database catalog {catalog} is not there: {} is missing", file.display()),
        ));
    }
    connection
        .execute(
            &format!("ATTACH DATABASE ?1 AS {}", quote(catalog)),
            [file.to_string_lossy().as_ref()],
        )
        .map_err(|error| fault(&error))?;
    Ok(catalog.clone())
}

/// Reads with the files locked all the while: each statement by itself would lock its file, look
/// whether somebody has changed it, and let go of it again.
pub(super) fn locked_once<R>(
    connection: &Connection,
    read: impl FnOnce() -> Result<R>,
) -> Result<R> {
    // No transaction of its own: one may be under way.
    connection.execute_batch("SAVEPOINT reading").map_err(|error| fault(&error))?;
    let answer = read();
    connection.execute_batch("RELEASE reading").map_err(|error| fault(&error))?;
    answer
}

/// A name in double quotes.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table as a statement names it.
pub(super) fn table_sql(connection: &Connection, table: &TableName) -> Result<String> {
    Ok(format!("{}.{}", quote(&attach(connection, table)?), quote(&table.name)))
}

/// SQLite's error in our words.
pub(super) fn fault(error: &rusqlite::Error) -> Fault {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
            FaultKind::Refused
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => FaultKind::Retry,
        Some(ErrorCode::DiskFull) => FaultKind::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => FaultKind::Permission,
        Some(ErrorCode::CannotOpen) => FaultKind::Unreachable,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => FaultKind::Data,
        Some(ErrorCode::OperationInterrupted) => FaultKind::Cancelled,
        // SQLite has no code of its own for a name it does not know.
        _ if error.to_string().starts_with("no such ") => FaultKind::NotFound,
        _ => FaultKind::Other,
    };
    let mut fault = Fault::new(kind, error.to_string());
    if kind == FaultKind::Full {
        fault = fault.advise("Make room on the disk where the file lies.");
    }
    match error.sqlite_error() {
        Some(inner) => {
            let refusal = super::refusal::of(inner.extended_code, &fault.what);
            fault.with_code(i64::from(inner.extended_code)).refused_by(refusal)
        }
        None => fault,
    }
}
