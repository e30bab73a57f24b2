//! Before-images: rows of the destination as they were before a run deleted or changed them.
//!
//! They lie in a file of their own beside the journal, because they hold the applications' data:
//! its owner alone may read it, nothing shows what is in it, and it can be deleted when nobody
//! wants to undo the run any more (`design.md` decision 17).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::super::own_file;
use super::{schema, tally};
use crate::database::{Batch, ColumnRef, Fault, FaultKind, Result};

/// The file of before-images of one run. Clones are the same file.
#[derive(Clone)]
pub struct Images {
    connection: Arc<Mutex<Connection>>,
}

/// Rows as they were.
#[derive(Clone, Debug)]
pub struct Image {
    /// The columns, in the batch's order.
    pub columns: Vec<ColumnRef>,
    /// The rows.
    pub rows: Batch,
}

/// Where a run's folder has its before-images.
fn file(folder: &Path) -> PathBuf {
    folder.join("before-images.sqlite")
}

fn fault(error: &rusqlite::Error) -> Fault {
    let kind = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => FaultKind::Full,
        _ => FaultKind::Other,
    };
    Fault::new(kind, format!("the before-images cannot be used: {error}"))
        .advise("Check that the disk of OSFERRY_HOME has room and can be written.")
}

fn unreadable(error: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Data, format!("a before-image cannot be read: {error}"))
}

impl Images {
    /// Opens the file of a run to add to it, and makes it first if there is none.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = file(folder);
        let mut before = None;
        if !path.exists() {
            // Batches of a file that is gone must not find rows of this one under their numbers.
            before = Some(super::Journal::open(folder).and_then(|journal| journal.last_image())?);
            own_file::create(&path).map_err(|error| {
                Fault::new(
                    FaultKind::Permission,
                    format!("cannot make {}: {error}", path.display()),
                )
                .advise("Set OSFERRY_HOME to a folder that can be written.")
            })?;
        }
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| fault(&error))?;
        schema::configure(&connection)
            .and_then(|()| {
                connection.execute_batch(
                    "CREATE TABLE IF NOT EXISTS image (
                       id INTEGER PRIMARY KEY AUTOINCREMENT, columns TEXT NOT NULL,
                       rows BLOB NOT NULL, sum INTEGER NOT NULL)",
                )
            })
            .and_then(|()| match before {
                Some(last @ 1..) => connection
                    .execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('image', ?1)", [last])
                    .map(drop),
                _ => Ok(()),
            })
            .map_err(|error| fault(&error))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Keeps rows; they are on disk when this returns. The number is what a batch of the journal
    /// calls them by.
    pub async fn keep(&self, columns: Vec<ColumnRef>, rows: Batch) -> Result<i64> {
        self.call(move |connection| {
            let columns = serde_json::to_string(&columns).map_err(unreadable)?;
            let rows = postcard::to_stdvec(&rows).map_err(unreadable)?;
            connection
                .prepare_cached("INSERT INTO image (columns, rows, sum) VALUES (?1, ?2, ?3)")
                .and_then(|mut statement| {
                    statement.execute(params![columns, rows, tally::of_image(&columns, &rows)])
                })
                .map_err(|error| fault(&error))?;
            Ok(connection.last_insert_rowid())
        })
        .await
    }

    /// Reads rows again. An error when they are not there: the file was deleted or is another one.
    pub async fn get(&self, image: i64) -> Result<Image> {
        self.call(move |connection| {
            let found: Option<(String, Vec<u8>, i64)> = connection
                .prepare_cached("SELECT columns, rows, sum FROM image WHERE id = ?1")
                .and_then(|mut statement| {
                    statement
                        .query_row([image], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                        .optional()
                })
                .map_err(|error| fault(&error))?;
            let (columns, rows, sum) = found.ok_or_else(|| {
                Fault::new(
                    FaultKind::NotFound,
                    format!("before-image {image} is not there any more"),
                )
                .advise("Rows whose image is gone can only come from a backup.")
            })?;
            if tally::of_image(&columns, &rows) != sum {
                return Err(Fault::new(
                    FaultKind::Data,
                    format!("before-image {image} is not what was kept: its file is damaged"),
                )
                .advise(
                    "Bring the file back from a copy; else its rows come from a backup only.",
                ));
            }
            Ok(Image {
                columns: serde_json::from_str(&columns).map_err(unreadable)?,
                rows: postcard::from_bytes(&rows).map_err(unreadable)?,
            })
        })
        .await
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.connection);
        tokio::task::spawn_blocking(move || {
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
        .map_err(unreadable)?
    }

    /// Whether a run has before-images.
    #[must_use]
    pub fn are_there(folder: &Path) -> bool {
        file(folder).exists()
    }

    /// Bytes that the before-images of a run take.
    #[must_use]
    pub fn size(folder: &Path) -> u64 {
        std::fs::metadata(file(folder)).map_or(0, |metadata| metadata.len())
    }

    /// Deletes the before-images of a run, for good.
    pub fn delete(folder: &Path) -> Result<()> {
        for ending in ["", "-wal", "-shm"] {
            let mut path = file(folder).into_os_string();
            path.push(ending);
            let path = PathBuf::from(path);
            own_file::delete(&path).map_err(|error| {
                let what = format!("cannot delete {}: {error}", path.display());
                Fault::new(FaultKind::Permission, what)
            })?;
        }
        Ok(())
    }
}
