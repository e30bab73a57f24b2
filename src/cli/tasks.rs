//! `osferry tasks`: what is left to do after a run, ticked, noted, read again.

use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::{TasksArguments, show};
use crate::front::cleanup::check_migration;
use crate::front::open;
use crate::front::{Carried, Home, way_back};
use crate::migrate::journal::Journal;
use crate::outsystems::Side;
use crate::report::RunReport;

pub(super) async fn tasks(home: &Home, arguments: &TasksArguments) -> Result<Exit, Trouble> {
    let (known, journal) = home.run(&arguments.run)?;
    check_migration(&journal, "has no tasks of its own")?;
    let mut report = way_back::report(&known)?;
    for (names, is_done) in [(&arguments.done, true), (&arguments.open, false)] {
        for name in names {
            let note = arguments.note.as_deref().unwrap_or_default();
            report = new_report(way_back::tick(&known, name, is_done, note).await?)?;
        }
    }
    if arguments.check {
        let saved = Saved::of_run(&journal.header()?)?;
        let destination = road::destination_to_read(&saved.destination()?).await?;
        let model = open::model(Side::Destination, destination.as_ref()).await?;
        let carried = way_back::check(&known, destination.as_ref(), &model).await?;
        report = new_report(carried)?;
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&report.way_back)
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&json);
    } else {
        show::result(&report.way_back_lines().unwrap_or_default());
    }
    Ok(Exit::Done)
}

/// What was said is in the journal by now, whatever became of the report's files.
fn new_report(carried: Carried) -> Result<RunReport, Trouble> {
    if let Some(fault) = carried.unsaved {
        show::say(&format!("osferry: {fault}"));
    }
    match (carried.report, carried.trouble) {
        (Some(report), _) => Ok(report),
        (None, Some(fault)) => Err(fault.into()),
        (None, None) => Ok(RunReport::read(&Journal::open(&carried.folder)?)?),
    }
}
