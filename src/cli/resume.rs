//! `osferry resume`: a run that did not come to its end, gone on with.

use std::path::PathBuf;
use std::sync::Arc;

use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::{ResumeArguments, run, show};
use crate::front::{self, Home, Ready};
use crate::migrate::{Progress, Standing};
use crate::report::{counted, number};

/// Entities named in each line of what is kept and what is not.
const NAMED: usize = 3;

pub(super) async fn resume(home: &Home, arguments: &ResumeArguments) -> Result<Exit, Trouble> {
    let (known, journal) = home.run(&arguments.run)?;
    journal.check()?;
    let (header, plan) = (journal.header()?, journal.plan()?);
    let standing = Standing::read(&journal, &plan)?;
    drop(journal);
    let saved = Saved::parse(
        header.plan_text.clone(),
        PathBuf::from(&header.plan_file),
        header.folder.clone(),
    )?;
    let (source, destination) = saved.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination(&destination).await?;
    let (source_model, destination_model) =
        road::models(source.as_ref(), destination.as_source()).await?;
    say(&standing);
    let ready = Ready {
        plan: Arc::new(plan),
        source,
        destination,
        source_model,
        destination_model,
        plan_file: header.plan_file.clone(),
        plan_text: header.plan_text.clone(),
        folder: header.folder.clone(),
        confirmed: header.operator.confirmed.clone(),
    };
    let progress = Progress::new(&ready.plan);
    run::watched(&ready, progress, arguments.json, async |control, sender, events| {
        front::go_on(&known, header, &ready, control, sender, events).await
    })
    .await
}

/// Says where the run stands before anything is written.
fn say(standing: &Standing) {
    let finished: Vec<String> = standing
        .finished
        .iter()
        .map(|(name, rows)| format!("{name} ({})", number(*rows)))
        .collect();
    let begun: Vec<String> = standing
        .begun
        .iter()
        .map(|(name, rows, of)| format!("{name} ({} of about {})", number(*rows), number(*of)))
        .collect();
    if standing.deleted > 0 {
        let rows = counted(standing.deleted, "row", "rows");
        show::say(&format!("stays deleted: {rows} of the destination"));
    }
    for (what, names) in [
        ("kept: ", finished),
        ("goes on at the next batch: ", begun),
        ("not begun: ", standing.waiting.clone()),
    ] {
        if !names.is_empty() {
            show::say(&format!("{what}{}", list(&names)));
        }
    }
    if standing.in_doubt > 0 {
        let batches = counted(standing.in_doubt as u64, "batch", "batches");
        show::say(&format!(
            "looked for first: {batches} of which nobody knows whether it is there"
        ));
    }
}

fn list(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
