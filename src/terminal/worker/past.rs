//! What is done with a run that has ended: gone on with, looked at for its undoing, undone.

use std::sync::Arc;

use tokio::sync::watch::{Receiver, channel};

use super::Reporter;
use super::carry::{LOOK, carried, stages, watch};
use super::desk::{Desk, Sides};
use crate::database::{Fault, FaultKind, Result};
use crate::front::secrets;
use crate::front::undo::Undo;
use crate::front::{Home, KnownRun, Ready, go_on, way_back};
use crate::migrate::journal::{Journal, RunHeader};
use crate::migrate::mask_key;
use crate::migrate::undo::{Leave, UndoProgress};
use crate::migrate::{Control, Progress, Standing};
use crate::outsystems::Side;
use crate::plan::{Plan, PlanFile};
use crate::wizard::message::{Fact, Past};

/// What a journal tells that its run can be taken up with; `None` where it cannot be.
pub(super) fn past(journal: &Journal) -> Option<Box<Past>> {
    let (header, plan) = (journal.header().ok()?, journal.plan().ok()?);
    let standing = Standing::read(journal, &plan).ok()?;
    let mut answers = PlanFile::understand(&header.plan_text, &header.name).ok()?.plan;
    answers.name.clone_from(&header.name);
    super::lists::make_whole(&mut answers, &header.folder);
    // The environment's key is there whenever it is needed.
    let there = secrets::mask_key().and_then(|key| mask_key(&key).ok());
    let is_there = |print: &String| there.as_ref().is_some_and(|key| key.fingerprint() == *print);
    let mask_key = header.mask_key.filter(|print| !is_there(print));
    Some(Box::new(Past { answers, plan: Arc::new(plan), standing, mask_key }))
}

/// The run, what its journal says of it, and both sides, which have to be its own.
pub(super) async fn known(
    home: &Home,
    desk: &Desk,
    id: &str,
) -> Result<(KnownRun, RunHeader, Plan, Sides)> {
    let (known, header, plan) = {
        let (known, journal) = home.run(id)?;
        journal.check()?;
        (known, journal.header()?, journal.plan()?)
    };
    let sides = desk.sides().await?;
    for (side, then, now) in [
        (Side::Source, &header.source, &sides.source.facts().place),
        (Side::Destination, &header.destination, &sides.destination.facts().place),
    ] {
        if then != now {
            return Err(Fault::new(
                FaultKind::Invalid,
                format!("the {side} is {now}, and the run's was {then}"),
            )
            .advise("Nothing was written. Open the run on Home: it brings its databases along."));
        }
    }
    Ok((known, header, plan, sides))
}

/// Goes on with a run.
pub(super) async fn resume(
    home: &Home,
    desk: &Desk,
    id: &str,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let (known, header, plan, sides) = known(home, desk, id).await?;
    let models = [sides.source_model, sides.destination_model];
    let ready = Ready::of_run(&header, plan, sides.source, sides.destination, models);
    let ready = Ready { mask_key: desk.mask_key(), ..ready };
    let (sender, watching) = watch(Progress::new(&ready.plan), to);
    let stages = stages(to);
    let ended =
        aside(async move || go_on(&known, header, &ready, control, sender, stages).await).await;
    watching.abort();
    to.tell(Fact::Reported(carried(ended?)?));
    Ok(())
}

async fn undo_of(home: &Home, desk: &Desk, id: &str, leave: Leave) -> Result<Undo> {
    let (known, mut header, plan, sides) = known(home, desk, id).await?;
    // No name is typed for it here.
    header.operator.confirmed.clear();
    Ok(Undo {
        known,
        plan: Arc::new(plan),
        header,
        source: sides.source,
        destination: sides.destination,
        destination_model: sides.destination_model,
        leave,
        mask_key: desk.mask_key(),
    })
}

/// What undoing a run would do.
pub(super) async fn look(
    home: &Home,
    desk: &Desk,
    id: &str,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let undo = undo_of(home, desk, id, Leave::default()).await?;
    let (sender, newest) = channel(UndoProgress::default());
    let watching = tokio::spawn(watch_undo(newest, to.clone()));
    let preview = aside(async move || undo.look(control, sender).await).await;
    watching.abort();
    to.tell(Fact::UndoForeseen(Box::new(preview?)));
    Ok(())
}

/// Undoes a run.
pub(super) async fn undo(
    home: &Home,
    desk: &Desk,
    id: &str,
    leave: Leave,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let undo = undo_of(home, desk, id, leave).await?;
    let (sender, newest) = channel(UndoProgress::default());
    let watching = tokio::spawn(watch_undo(newest, to.clone()));
    let ended = aside(async move || undo.carry_out(control, sender).await).await;
    watching.abort();
    to.tell(Fact::Reported(carried(ended?)?));
    Ok(())
}

/// Ticks a task of a run's way back, or opens it again.
pub(super) async fn tick(
    home: &Home,
    id: &str,
    name: &'static str,
    is_done: bool,
    note: &str,
    to: &Reporter,
) -> Result<()> {
    let known = home.run(id)?.0;
    let note = note.to_owned();
    let ticked = aside(async move || way_back::tick(&known, name, is_done, &note).await).await?;
    to.tell(Fact::Reported(carried(ticked)?));
    Ok(())
}

/// Reads the destination again for a run's way back.
pub(super) async fn read_again(home: &Home, desk: &Desk, id: &str, to: &Reporter) -> Result<()> {
    let (known, _, _, sides) = known(home, desk, id).await?;
    let read = aside(async move || {
        way_back::check(&known, sides.destination.as_source(), &sides.destination_model).await
    });
    to.tell(Fact::Reported(carried(read.await?)?));
    Ok(())
}

/// Does it in a thread of its own: what takes a run up reads its journal as it goes, and a journal
/// stays in the thread that opened it. It ends with whoever waits for it.
async fn aside<T: Send + 'static>(
    work: impl AsyncFnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let runtime = tokio::runtime::Handle::current();
    let (waits, gone) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            tokio::select! {
                done = work() => done,
                _ = gone => Err(Fault::new(FaultKind::Cancelled, "nobody waits for it any more")),
            }
        })
    });
    let done = task.await.unwrap_or_else(|error| {
        Err(Fault::new(FaultKind::Other, format!("this is a mistake in osferry itself: {error}"))
            .advise("Please report it with what you did; the run's journal is kept."))
    });
    drop(waits);
    done
}

async fn watch_undo(mut newest: Receiver<UndoProgress>, to: Reporter) {
    loop {
        let now = newest.borrow_and_update().clone();
        to.tell(Fact::UndoProgressed(now));
        tokio::time::sleep(LOOK).await;
        if newest.changed().await.is_err() {
            return;
        }
    }
}
