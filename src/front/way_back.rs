//! The way back after a run: what of it can be read, what somebody ticks, and the report made anew.

use std::path::{Path, PathBuf};

use super::carry::{Carried, clock, reported, system_user};
use super::home::KnownRun;
use super::refused;
use crate::database::{Result, Source};
use crate::migrate::journal::{Journal, Recorder, Tick};
use crate::migrate::{Written, written_tables};
use crate::outsystems::Environment;
use crate::plan::Plan;
use crate::report::{RunReport, STATISTICS_FILE};

/// Reads what is left to do in the destination, and has the journal keep it. What cannot be read is
/// kept as that; an error is one of the journal.
pub(super) async fn keep(
    recorder: &Recorder,
    plan: &Plan,
    destination: &dyn Source,
    model: &Environment,
    folder: &Path,
) -> Result<()> {
    recorder.flush().await?;
    let people = recorder.reader()?.all_people()?;
    let written = Written { plan, people: &people, destination, model, folder };
    // Front-ends write the time of their place; that of this machine is as near as can be had.
    let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    let found = written.aftermath(clock(), &now).await;
    recorder.set_aftermath(&found).await
}

/// Writes the script for the statistics of the written tables into the run's folder.
pub(super) async fn save_statistics(
    plan: &Plan,
    destination: &dyn Source,
    folder: &Path,
) -> Result<Option<PathBuf>> {
    let tables = written_tables(plan, destination).await?;
    let Some(script) = destination.statistics(&tables) else { return Ok(None) };
    let file = folder.join(STATISTICS_FILE);
    std::fs::write(&file, script)
        .map_err(|error| refused(format!("cannot write {}: {error}", file.display())))?;
    Ok(Some(file))
}

/// Notes that the rows kept for an undo are gone, and makes the report anew.
pub(super) async fn images_gone(recorder: &Recorder) -> Result<()> {
    let found = recorder.reader()?.aftermath()?;
    match found {
        Some(found) => {
            recorder.set_aftermath(&crate::migrate::Aftermath { images: 0, ..found }).await
        }
        None => Ok(()),
    }
}

/// The report of a run that has a way back. Refused while the run or its undo is not at its end.
pub fn report(known: &KnownRun) -> Result<RunReport> {
    let journal = Journal::open(&known.folder)?;
    let report = RunReport::read(&journal)?;
    if report.way_back.is_some() {
        return Ok(report);
    }
    Err(refused(format!("run {} is not at its end ({})", known.id, report.state.label()))
        .advise("`osferry resume` or `osferry undo` brings it there; then there is a way back."))
}

/// Ticks a task, or opens it again, with a note; the report is made anew.
pub async fn tick(known: &KnownRun, name: &str, is_done: bool, note: &str) -> Result<Carried> {
    let tasks = report(known)?.way_back.map(|list| list.tasks).unwrap_or_default();
    if !tasks.iter().any(|task| task.name == name) {
        let names: Vec<&str> = tasks.iter().map(|task| task.name).collect();
        return Err(refused(format!("run {} has no task {name:?}", known.id))
            .advise(format!("They are: {}.", names.join(", "))));
    }
    let recorder = Recorder::open(&known.folder)?;
    let tick = Tick {
        name: name.to_owned(),
        is_done,
        note: note.to_owned(),
        at: clock(),
        by: system_user(),
    };
    recorder.tick(tick).await?;
    drop(recorder);
    Ok(reported(known.id.clone(), known.folder.clone()))
}

/// Reads the destination again for the tasks of a run; the report is made anew.
pub async fn check(
    known: &KnownRun,
    destination: &dyn Source,
    model: &Environment,
) -> Result<Carried> {
    report(known)?;
    let recorder = Recorder::open(&known.folder)?;
    let plan = recorder.reader()?.plan()?;
    keep(&recorder, &plan, destination, model, &known.folder).await?;
    drop(recorder);
    Ok(reported(known.id.clone(), known.folder.clone()))
}
