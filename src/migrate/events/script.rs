//! The script that puts subscriptions back when osferry cannot: it lies in the run's folder for as
//! long as an event table is empty.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::journal::RunHeader;
use super::super::own_file;
use crate::database::{
    Batch, Destination, Fault, FaultKind, Result, RowsRequest, Script, ScriptTable, ScriptWork,
};
use crate::plan::{EventTable, Plan};

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
    let text = back(script.as_ref(), &about, PutEventsBack::FILE, away)?;
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

/// What puts these rows back.
fn back(
    script: &dyn Script,
    about: &[String],
    file: &str,
    away: &[(&EventTable, &Batch)],
) -> Result<String> {
    let mut text = script.head(about, file, "INSERT on these tables");
    for (table, rows) in away {
        text.push_str(&filled(script, table, rows)?);
    }
    Ok(text)
}

/// The part of a script that inserts what lacks of these rows.
pub(in crate::migrate) fn filled(
    script: &dyn Script,
    table: &EventTable,
    rows: &Batch,
) -> Result<String> {
    let table = part(table, ScriptWork::Lacking);
    Ok(script.begin(&table) + &script.rows(&table, rows)? + &script.end(&table))
}

/// The part of a script that empties an event table.
pub(in crate::migrate) fn emptied(script: &dyn Script, table: &EventTable) -> String {
    let table = part(table, ScriptWork::Empty);
    script.begin(&table) + &script.end(&table)
}

fn part(table: &EventTable, work: ScriptWork) -> ScriptTable {
    let (columns, key) = (table.columns.clone(), Vec::new());
    ScriptTable { table: table.table.clone(), columns, key, work }
}

/// The scripts with which a DBA empties the event tables of a plan before a run and puts the rows
/// that they have now back after it, where whoever runs it may not: file name and text of each.
/// `None` where there is nothing to put away, or nobody to carry them out.
pub async fn events_by_hand(
    plan: &Plan,
    destination: &dyn Destination,
) -> Result<Option<[(&'static str, String); 2]>> {
    const AWAY: &str = "events-away.sql";
    const BACK: &str = "events-back.sql";
    let Some(script) = destination.script() else { return Ok(None) };
    let mut away = Vec::new();
    for table in &plan.events {
        let request = RowsRequest::whole(&table.table, table.column_refs());
        let rows = destination.rows(&request).await?;
        if !rows.is_empty() {
            away.push((table, rows));
        }
    }
    if away.is_empty() {
        return Ok(None);
    }
    let name: String = plan.name.chars().filter(|c| !c.is_control()).collect();
    let place = &destination.facts().place;
    let about = [
        format!("Empties the event tables of the plan {name} in {place}."),
        format!("Only after {BACK}, which holds their rows, is kept safe; right before the run."),
    ];
    let mut empty = script.head(&about, AWAY, "DELETE on these tables");
    for (table, _) in &away {
        empty.push_str(&emptied(script.as_ref(), table));
    }
    let about = [
        format!("Puts the rows back that {AWAY} deleted for the plan {name} in {place}:"),
        "right after the run. Only rows that are not there are inserted.".to_owned(),
    ];
    let rows: Vec<(&EventTable, &Batch)> =
        away.iter().map(|(table, rows)| (*table, rows)).collect();
    let back = back(script.as_ref(), &about, BACK, &rows)?;
    Ok(Some([(AWAY, empty), (BACK, back)]))
}
