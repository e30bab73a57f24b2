//! `osferry cleanup`: a cloned database cleaned up.

use std::path::Path;

use serde::Serialize;

use super::ending::{Exit, Trouble};
use super::road::plan_text;
use super::secrets::secret;
use super::{CleanupArguments, ExportArguments, UndoArguments, run, show};
use crate::database::{Fault, FaultKind, same_name};
use crate::front::cleanup::{self, CleanedUp, Cleanup, Looked};
use crate::front::dry_run::{save_scripts, script_beside};
use crate::front::{Home, KnownRun, open};
use crate::migrate::Controller;
use crate::migrate::changes::{SavedTable, saved};
use crate::migrate::journal::RunHeader;
use crate::outsystems::Side;
use crate::plan::CleanupFile;
use crate::procedures::{Evidence, ForeseenStep, SecurityContext, preview};

pub(super) async fn cleanup(home: &Home, arguments: &CleanupArguments) -> Result<Exit, Trouble> {
    let cleanup = opened(&arguments.plan).await?;
    let original = arguments.original.as_deref();
    if arguments.scan {
        let scan = cleanup.scan().await?;
        show::result(&if arguments.json { in_json(&scan)? } else { scan.lines() });
        return Ok(if scan.of_original() == 0 { Exit::Done } else { Exit::WithRejects });
    }
    if arguments.dry_run {
        let looked = cleanup.look().await?;
        show::result(&if arguments.json { json(&looked)? } else { in_words(&looked) });
        // What would be refused is refused here as well.
        looked.copy.check(original)?;
        let file = match &arguments.script {
            Some(file) => file.clone(),
            None => script_beside(&arguments.plan),
        };
        let scripts = cleanup.scripts(&looked, &file).await?;
        save_scripts(&scripts)?;
        for script in &scripts {
            show::say(&format!("script: {}", script.file.display()));
        }
        return Ok(Exit::Done);
    }
    let confirm = arguments.confirm.as_deref().unwrap_or_default();
    let (controller, control) = Controller::new();
    let listening = tokio::spawn(run::obey(controller));
    let done = cleanup.carry_out(home, confirm, original, control).await;
    listening.abort();
    let done = done.map_err(unless_in_doubt)?;
    finish(&done, arguments.json);
    Ok(if done.record.is_clean() { Exit::Done } else { Exit::Failed })
}

/// Whoever is told that nothing was written has to be able to rely on it.
fn unless_in_doubt(fault: Fault) -> Trouble {
    match fault.kind {
        FaultKind::InDoubt => Trouble::failed(&fault),
        _ => fault.into(),
    }
}

pub(super) async fn opened(path: &Path) -> Result<Cleanup, Trouble> {
    let (path, text, folder) = plan_text(path)?;
    let file = parsed(&text, &path)?;
    let clone = file.clone.connection(&folder, secret(Side::Destination, &file.clone)?);
    let original = file.original.connection(&folder, secret(Side::Source, &file.original)?);
    let log = match &file.log {
        Some(log) => Some(log.connection(&folder, secret(Side::Destination, log)?)),
        None => None,
    };
    show::say(&format!("clone: {}", clone.place()));
    show::say(&format!("original: {} (only read)", original.place()));
    let mut cleanup = Cleanup::open(file, (path, text, folder), &clone, Ok(original)).await?;
    if let Some(log) = &log {
        show::say(&format!("log: {} (only read)", log.place()));
        cleanup.open_log(log).await?;
    }
    Ok(cleanup)
}

fn parsed(text: &str, path: &Path) -> Result<CleanupFile, Trouble> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    CleanupFile::parse(text, &name).map_err(|error| {
        Trouble::refused(format!("the plan {} cannot be used: {error}", path.display()))
    })
}

fn json(looked: &Looked) -> Result<String, Trouble> {
    #[derive(Serialize)]
    struct Foreseen<'a> {
        evidence: &'a [Evidence],
        users: &'a [SecurityContext],
        steps: &'a [ForeseenStep],
    }
    let Looked { copy, steps, users } = looked;
    in_json(&Foreseen { evidence: &copy.evidence, users, steps })
}

fn in_words(looked: &Looked) -> String {
    let users: Vec<String> = looked.users.iter().map(SecurityContext::lines).collect();
    let users = users.join("\n").replace('\n', "\n  ");
    format!("{}\n\nSecurity context (C2.1, N1):\n  {users}", preview(&looked.copy, &looked.steps))
}

fn in_json(what: &impl Serialize) -> Result<String, Trouble> {
    serde_json::to_string_pretty(what).map_err(|error| Trouble::refused(error.to_string()))
}

fn finish(done: &CleanedUp, json: bool) {
    if json {
        show::result(&done.record.to_json());
    } else {
        show::result(&format!("Run {}: {}", done.record.run, done.record.summary()));
    }
    if let Some(fault) = &done.unsaved {
        show::say(&format!("osferry: {fault}"));
    } else if !json {
        let files: Vec<String> = done.files.iter().map(|file| file.display().to_string()).collect();
        show::result(&format!("Report: {}", files.join("\n        ")));
    }
}

/// Takes a clean-up back.
pub(super) async fn undo(
    known: &KnownRun,
    mut header: RunHeader,
    arguments: &UndoArguments,
) -> Result<Exit, Trouble> {
    let confirm = arguments.confirm.clone().unwrap_or_default();
    if !arguments.dry_run && !same_name(&confirm, &header.destination_database) {
        return Err(Trouble::refused(format!(
            "--confirm {confirm:?} is not the clone's name\n  The run wrote to {:?} ({}). Nothing \
             was written.",
            header.destination_database, header.destination
        )));
    }
    header.operator.confirmed = confirm;
    let file = parsed(&header.plan_text, Path::new(&header.plan_file))?;
    let clone = file.clone.connection(&header.folder, secret(Side::Destination, &file.clone)?);
    show::say(&format!("clone: {}", clone.place()));
    let clone = open::to_write(&clone).await?;
    let (controller, control) = Controller::new();
    let listening = tokio::spawn(run::obey(controller));
    let undone = cleanup::undo(known, header, clone, control, arguments.dry_run).await;
    listening.abort();
    let undone = undone.map_err(unless_in_doubt)?;
    show::result(&cleanup::undone_in_words(&undone, arguments.dry_run).join("\n"));
    Ok(if undone.differs.is_none() { Exit::Done } else { Exit::WithRejects })
}

/// Writes the rows that a clean-up kept, as JSON lines.
pub(super) async fn export(home: &Home, arguments: &ExportArguments) -> Result<Exit, Trouble> {
    let (known, journal) = home.run(&arguments.run)?;
    if journal.header()?.procedure.is_none() {
        return Err(Trouble::refused(format!(
            "run {} is a migration; only the rows that a clean-up kept are exported",
            known.id
        )));
    }
    show::say("These rows may hold secrets of the original, as its database stored them.");
    for table in saved(&known.folder).await? {
        for row in 0..table.rows.len() {
            show::result(&line(&table, row));
        }
    }
    Ok(Exit::Done)
}

fn line(table: &SavedTable, row: usize) -> String {
    let mut line = serde_json::Map::new();
    for (place, column) in table.columns.iter().enumerate() {
        let cells = table.rows.column(place);
        let value = match cells.is_null(row) {
            true => serde_json::Value::Null,
            false => cells.value(row).to_string().into(),
        };
        line.insert(column.name.clone(), value);
    }
    serde_json::json!({ "table": table.table, "row": line }).to_string()
}
