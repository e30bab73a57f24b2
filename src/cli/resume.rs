//! `osferry resume`: a run that did not come to its end, gone on with.

use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::secrets::key_of_masks;
use super::{ResumeArguments, run, show};
use crate::front::cleanup::check_migration;
use crate::front::{self, Home, Ready};
use crate::migrate::{Progress, Standing};
use crate::report::standing_lines;

pub(super) async fn resume(home: &Home, arguments: &ResumeArguments) -> Result<Exit, Trouble> {
    let (known, journal) = home.run(&arguments.run)?;
    check_migration(&journal, "is one transaction, done or not")?;
    journal.check()?;
    let (header, plan) = (journal.header()?, journal.plan()?);
    let standing = Standing::read(&journal, &plan)?;
    drop(journal);
    let saved = Saved::of_run(&header)?;
    let (source, destination) = saved.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination(&destination).await?;
    let (source_model, destination_model) =
        road::models(source.as_ref(), destination.as_source()).await?;
    say(&standing);
    let models = [source_model, destination_model];
    let mask_key = key_of_masks(&plan)?;
    let ready = Ready { mask_key, ..Ready::of_run(&header, plan, source, destination, models) };
    let progress = Progress::new(&ready.plan);
    run::watched(&ready, progress, arguments.json, async |control, sender, events| {
        front::go_on(&known, header, &ready, control, sender, events).await
    })
    .await
}

/// Says where the run stands before anything is written.
fn say(standing: &Standing) {
    standing_lines(standing).iter().for_each(|line| show::say(line));
}
