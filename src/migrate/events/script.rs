//! The script that puts subscriptions back when osferry cannot: it lies in the run's folder for as
//! long as an event table is empty.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::journal::RunHeader;
use super::super::own_file;
use crate::database::{Batch, Destination, Fault, FaultKind, Result, ScriptTable, ScriptWork};
use crate::plan::EventTable;

/// The script that puts subscriptions back.
pub struct PutEventsBack;

impl PutEventsBack {
    /// The name of its file.
    pub const FILE: &'static str = "put-events-back.sql";

    /// Where a run's folder has it.
    #[must_use]
    pub fn file(folder: &Path) -> PathBuf {
        folder.join(Self::FILE)
    }

    /// Deletes the script of a run, as far as there is one.
    pub(super) fn delete(folder: &Path) -> Result<()> {
        for path in [Self::file(folder), unfinished(folder)] {
            own_file::delete(&path).map_err(|error| not_written(&error))?;
        }
        Ok(())
    }
}

/// Where it is until it is whole.
fn unfinished(folder: &Path) -> PathBuf {
    folder.join(format!("{}.part", PutEventsBack::FILE))
}

fn not_written(error: &std::io::Error) -> Fault {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => FaultKind::Full,
        _ => FaultKind::Permission,
    };
    Fault::new(kind, format!("{} cannot be written: {error}", PutEventsBack::FILE)).advise(
        "No event table is emptied without it. See to the disk of OSFERRY_HOME, then go on.",
    )
}

/// Has the disk keep the script for these tables, in place of an earlier one.
pub(super) fn write(
    folder: &Path,
    header: &RunHeader,
    destination: &dyn Destination,
    away: &[(&EventTable, &Batch)],
) -> Result<()> {
    let Some(script) = destination.script().filter(|_| !away.is_empty()) else { return Ok(()) };
    let run = &header.id;
    let about = [
        format!(
            "Puts back the subscriptions of processes that osferry's run {run} has put away in"
        ),
        format!(
            "{}. `osferry resume {run}` and `osferry undo {run}` do the same.",
            header.destination
        ),
        "Only rows that are not there are inserted, so it can be run again, and after a publish."
            .to_owned(),
    ];
    let mut text = script.head(&about, PutEventsBack::FILE, "INSERT");
    for (table, rows) in away {
        let table = ScriptTable {
            table: table.table.clone(),
            columns: table.columns.clone(),
            key: Vec::new(),
            work: ScriptWork::Lacking,
        };
        text.push_str(&script.begin(&table));
        text.push_str(&script.rows(&table, rows)?);
        text.push_str(&script.end(&table));
    }
    let kept = || -> std::io::Result<()> {
        let path = unfinished(folder);
        own_file::delete(&path)?;
        let mut file = own_file::create(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(path, PutEventsBack::file(folder))?;
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    };
    kept().map_err(|error| not_written(&error))
}
