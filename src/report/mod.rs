//! What a run did and what a comparison found, for people and for scripts.
//!
//! A [`RunReport`] is read from a journal alone, so it can be made again at any time. Every form
//! (Markdown, JSON, the lines on the terminal) is made from it; none of them asks a database.
//!
//! Reports go into tickets and mails: they name entities, attributes, people and identifiers, and
//! never show what a row holds.

mod certificate;
mod comparison;
mod export;
mod forecast;
mod json;
mod markdown;
mod outside;
mod plan;
mod read;
mod reasons;
mod refused;
mod rejects;
mod rights;
mod room;
mod run;
mod standing;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod undo;
mod way_back;

use std::path::{Path, PathBuf};

pub use certificate::Certificate;
pub use comparison::{
    ChoiceReport, ComparisonReport, DecidedReport, FindingReport, LessonReport, PairReport,
    SeverityCounts,
};
pub use export::{write_audit, write_ids};
pub use forecast::{
    fact_of, forecast_and_fact, forecast_and_fact_line, forecast_lines, forecast_words,
    probe_foretold, probe_words, time_words,
};
pub use outside::OutsideReport;
pub use plan::{PlanReport, PlannedEntity, PlannedPeople, PlannedRecords};
pub use reasons::ReasonGroup;
pub use refused::RefusedReport;
pub use rejects::{REJECTS_FILE, save_rejects, write_rejects};
pub use rights::{RightsSide, rights_script};
pub use room::{room_advice, room_short, room_words};
pub use run::{
    EmptiedReport, EntityReport, ExistingRows, FORMAT, NextStep, NotCarriedOver, PeopleReport,
    PersonReport, RunReport, Totals, Verdict,
};
pub use standing::{standing_in_words, standing_lines};
pub use summary::{proof_summary, sample_summary};
pub(crate) use text::{counted, number};
pub use undo::undo_summary;
pub use way_back::{STATISTICS_FILE, TaskReport, TaskState, WayBackReport};

use crate::database::{Fault, FaultKind, Result};

/// Writes `report.md` and `report.json` into a run's folder; returns where they are.
pub fn save(report: &RunReport, folder: &Path) -> Result<Vec<PathBuf>> {
    [("report.md", report.to_markdown()), ("report.json", report.to_json()?)]
        .into_iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| {
                Fault::new(
                    FaultKind::Other,
                    format!("cannot write the report {}: {error}", path.display()),
                )
                .advise("What the run did is in its journal; check that the disk has room.")
            })?;
            Ok(path)
        })
        .collect()
}
