//! `osferry undo`: a run taken back.

use std::sync::Arc;

use tokio::sync::watch;

use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::secrets::key_of_masks;
use super::{LeaveWhat, UndoArguments, cleanup, run, show};
use crate::database::{Fault, same_name};
use crate::front::Home;
use crate::front::undo::Undo;
use crate::migrate::undo::{Leave, UndoProgress};
use crate::migrate::{Control, Controller};
use crate::report::undo_summary;

pub(super) async fn undo(home: &Home, arguments: &UndoArguments) -> Result<Exit, Trouble> {
    let (known, journal) = home.run(&arguments.run)?;
    journal.check()?;
    crate::migrate::undo::check_undoable(&journal)?;
    let (mut header, plan) = (journal.header()?, journal.plan()?);
    drop(journal);
    if header.procedure.is_some() {
        return cleanup::undo(&known, header, arguments).await;
    }
    header.operator.confirmed = arguments.confirm.clone().unwrap_or_default();
    if let Some(confirm) = &arguments.confirm
        && !same_name(confirm, &header.destination_database)
    {
        return Err(Trouble::refused(format!(
            "--confirm {confirm:?} is not the destination's name\n  The run wrote to {:?} ({}). \
             Nothing was written.",
            header.destination_database, header.destination
        )));
    }
    let saved = Saved::of_run(&header)?;
    let (source, destination) = saved.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination(&destination).await?;
    let (_, destination_model) = road::models(source.as_ref(), destination.as_source()).await?;
    let leave = Leave {
        referenced: arguments.leave.contains(&LeaveWhat::Referenced),
        changed: arguments.leave.contains(&LeaveWhat::Changed),
    };
    let undo = Undo {
        known,
        mask_key: key_of_masks(&plan)?,
        plan: Arc::new(plan),
        header,
        source,
        destination,
        destination_model,
        leave,
    };
    if arguments.dry_run {
        look(&undo, arguments.json).await
    } else {
        carry(&undo, arguments.json).await
    }
}

/// Shows how far something is, and obeys Ctrl+C meanwhile.
async fn shown<T>(
    work: impl AsyncFnOnce(Control, watch::Sender<UndoProgress>) -> Result<T, Fault>,
) -> Result<T, Trouble> {
    let (controller, control) = Controller::new();
    let (sender, watched) = watch::channel(UndoProgress::default());
    let listening = tokio::spawn(run::obey(controller));
    let showing = show::follow_undo(watched);
    let done = work(control, sender).await;
    listening.abort();
    let _ = showing.await;
    Ok(done?)
}

/// Says what an undo would do.
async fn look(undo: &Undo, json: bool) -> Result<Exit, Trouble> {
    let preview = shown(async |control, sender| undo.look(control, sender).await).await?;
    if json {
        let text = serde_json::to_string_pretty(&preview)
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&text);
    } else {
        show::result(&undo_summary(&preview));
    }
    match preview.refusal(undo.leave) {
        Some(fault) => Err(fault.into()),
        None => Ok(Exit::Done),
    }
}

/// Undoes.
async fn carry(undo: &Undo, json: bool) -> Result<Exit, Trouble> {
    let mut carried = shown(async |control, sender| undo.carry_out(control, sender).await).await?;
    let trouble = carried.trouble.take();
    let exit = run::finish(carried, json)?;
    match trouble {
        Some(fault) => {
            show::say(&format!("osferry: {fault}"));
            Ok(if exit == Exit::Stopped { exit } else { Exit::Failed })
        }
        None => Ok(exit),
    }
}
