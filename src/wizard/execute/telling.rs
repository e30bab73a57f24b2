//! What is told to a run from here: to pause, to stop, and how gently to read its source.

use super::super::migration::{Migration, Running};
use super::STOP;
use crate::migrate::{self, EntityProgress, EntityState};
use crate::plan::SourcePace;
use crate::report::{counted, number};

/// The run, while something can be told to it.
pub(super) fn writing(migration: &Migration) -> Option<&Running> {
    migration.run.as_ref().filter(|run| !run.ended && run.proving.is_none())
}

fn why_not(migration: &Migration) -> &'static str {
    match &migration.run {
        None => "Nothing is running: Review starts the run.",
        Some(run) if run.ended => "The run has ended already; Ctrl+N leads to its report.",
        Some(_) => "All is written already; the proof only reads, and nothing waits for it.",
    }
}

pub(super) fn pause(migration: &mut Migration) {
    let Some(run) = writing(migration) else {
        migration.say(why_not(migration));
        return;
    };
    match run.told {
        migrate::Command::Run | migrate::Command::Pause if run.held().is_some() => {
            migration.tell(migrate::Command::Run);
        }
        migrate::Command::Run => migration.tell(migrate::Command::Pause),
        migrate::Command::Pause => migration.tell(migrate::Command::Run),
        migrate::Command::Stop | migrate::Command::Cancel => {
            migration.say("It was told to stop already: the current batches are being finished.");
        }
    }
}

/// Has the source read at the pace beside the one that is.
pub(super) fn pace(migration: &mut Migration, step: impl Fn(SourcePace) -> SourcePace) {
    match migration.run.as_ref().filter(|run| !run.ended) {
        Some(run) => {
            let pace = step(run.pace());
            migration.choose_pace(pace);
        }
        None => migration.say(why_not(migration)),
    }
}

pub(super) fn ask_stop(migration: &mut Migration) {
    let Some(run) = writing(migration) else {
        migration.say(why_not(migration));
        return;
    };
    if matches!(run.told, migrate::Command::Stop | migrate::Command::Cancel) {
        migration.say("It was told to stop already: the current batches are being finished.");
        return;
    }
    let (done, all) = run.progress.as_ref().map_or((0, 0), |progress| {
        let is_done = |entity: &&EntityProgress| entity.state == EntityState::Done;
        (progress.entities.iter().filter(is_done).count(), progress.entities.len())
    });
    let lines = vec![
        format!("{} of {} complete.", number(done as u64), counted(all as u64, "entity is", "entities are")),
        "The batches under way are finished; what is written stays, and the report says what it is."
            .to_owned(),
        "It can be gone on with later, where it ended: r on its report, or on Home."
            .to_owned(),
    ];
    let choices = [
        ("Keep running", ""),
        ("Stop", "after the current batches"),
        ("Pause", "instead: it can go on at any time, with p"),
    ];
    let choices = choices.map(|(name, what)| (name.to_owned(), what.to_owned())).to_vec();
    migration.ask(STOP, "Stop after this batch?", lines, choices);
}
