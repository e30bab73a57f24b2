//! `osferry runs`: what this machine has run.

use serde::Serialize;

use super::ending::{Exit, Trouble};
use super::{RunsArguments, show};
use crate::database::Result;
use crate::front::Home;
use crate::migrate::Away;
use crate::migrate::journal::{BatchKind, Journal, RunState};
use crate::report::number;

/// One run as it is listed.
#[derive(Serialize)]
struct Listed {
    id: String,
    name: String,
    state: RunState,
    started: String,
    ended: Option<String>,
    source: String,
    destination: String,
    /// Rows written.
    rows: u64,
    /// The procedure whose statements it carried out, where it is no migration.
    #[serde(skip_serializing_if = "Option::is_none")]
    procedure: Option<String>,
    /// The run whose rejects it tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejects_of: Option<String>,
    folder: String,
    /// Subscriptions of processes that it has put away and not put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    put_away: Option<Away>,
}

pub(super) fn runs(home: &Home, arguments: &RunsArguments) -> std::result::Result<Exit, Trouble> {
    let mut listed = Vec::new();
    for run in home.runs()? {
        match read(&run.folder) {
            Ok(run) => listed.push(run),
            Err(fault) => show::say(&format!("run {}: {fault}", run.id)),
        }
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&listed)
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&json);
        return Ok(Exit::Done);
    }
    if listed.is_empty() {
        show::result("No runs yet.");
    }
    for run in &listed {
        let (whose, done) = match &run.procedure {
            None => (format!("{} → {}", run.source, run.destination), "written"),
            Some(_) => (format!("clean-up of {}", run.destination), "deleted or set"),
        };
        show::result(&format!(
            "{}  {}\n    {whose}\n    started {}, {} rows {done}: {}",
            run.id,
            run.name,
            run.started,
            number(run.rows),
            run.state.label()
        ));
        if let Some(earlier) = &run.rejects_of {
            show::result(&format!("    tried again what run {earlier} rejected"));
        }
        if let Some(away) = &run.put_away {
            show::result(&format!("    {}", away.words(&run.id)));
        }
    }
    Ok(Exit::Done)
}

fn read(folder: &std::path::Path) -> Result<Listed> {
    let journal = Journal::open(folder)?;
    let header = journal.header()?;
    let plan = journal.plan()?;
    let put_away = Away::read(&journal, &plan)?;
    let mut rows = 0;
    for entity in 0..plan.entities.len() {
        rows += journal.rows_of(entity, BatchKind::Insert)?;
    }
    if header.procedure.is_some() {
        for kind in [BatchKind::Delete, BatchKind::Change] {
            rows += journal.of_kind(kind)?.iter().map(|batch| batch.rows).sum::<u64>();
        }
    }
    Ok(Listed {
        id: header.id,
        name: header.name,
        state: journal.state()?,
        started: header.started,
        ended: journal.ended()?,
        source: header.source,
        destination: header.destination,
        rows,
        procedure: header.procedure,
        rejects_of: header.rejects_of,
        folder: folder.display().to_string(),
        put_away,
    })
}
