//! What can be done with the run whose report is shown: going on with it, undoing it.

use super::super::migration::{Migration, Taking};
use super::{SURE_RESUME, way_back};
use crate::outsystems::Side;
use crate::report::{NextStep, RunReport, TaskReport, TaskState, standing_lines};

/// What can be done next, with the key that does it.
pub(super) fn next_in_words(report: &RunReport, step: NextStep) -> String {
    match step {
        NextStep::Resume => "r  go on where it ended, without writing anything twice".to_owned(),
        NextStep::TryAgain => "w  try the rejected rows again; looks first".to_owned(),
        NextStep::UndoFurther => "u  go on with the undoing".to_owned(),
        NextStep::Undo => "u  take back what it wrote; looks first".to_owned(),
        step => report.next_in_words(step),
    }
}

/// Begins to resume or undo the run, where that can be done.
pub(super) fn take(taking: Taking, migration: &mut Migration) {
    let Some(reported) = &migration.report else { return };
    if taking.fits(&reported.report) && reported.past.is_some() {
        migration.take(taking);
        return;
    }
    migration.say(match (taking, reported.past.is_some()) {
        (_, false) => "Its journal does not tell what is needed for that.",
        (Taking::Resume, true) => "There is nothing to go on with: the run came to its end.",
        (Taking::Again, true) => "There is nothing to try again: the run rejected no row.",
        (Taking::Undo, true) => "This run is undone already.",
        (Taking::ReadAgain, true) => "The way back begins where the run or its undo has ended.",
    });
}

/// Asks whether the run is gone on with, and says where it stands.
pub(in crate::wizard) fn ask_to_resume(migration: &mut Migration) {
    let Some(past) = migration.past() else { return };
    let mut lines = standing_lines(&past.standing);
    lines.push(
        "Both databases are checked first; nothing is written twice, and what is complete is not \
         sent again."
            .to_owned(),
    );
    let name = migration.name_of(Side::Destination);
    let choices =
        [("Stay", "with this report".to_owned()), ("Go on", format!("writing to {name}"))];
    let choices = choices.map(|(name, what)| (name.to_owned(), what)).to_vec();
    migration.ask(SURE_RESUME, "Go on where the run ended?", lines, choices);
}

/// Whether this can be done with the run whose report is shown.
pub(super) fn may(taking: Taking, migration: &Migration) -> bool {
    let fits = migration.report.as_ref().is_some_and(|reported| taking.fits(&reported.report));
    fits && migration.past().is_some()
}

/// What plain mode offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Leave,
    Another,
    Take(Taking),
    /// A task of the way back is done, or is not.
    Tick(TaskReport),
}

impl Asked {
    pub(super) fn label(&self) -> String {
        match self {
            Self::Leave => "leave".to_owned(),
            Self::Another => "another migration".to_owned(),
            Self::Take(Taking::Resume) => "go on where it ended".to_owned(),
            Self::Take(Taking::Again) => "try the rejected rows again; looks first".to_owned(),
            Self::Take(Taking::Undo) => "undo: take back what it wrote; looks first".to_owned(),
            Self::Take(Taking::ReadAgain) => {
                "read the destination again for the way back".to_owned()
            }
            Self::Tick(task) if task.state == TaskState::Open => format!("tick {}", task.name),
            Self::Tick(task) => format!("{} is not done", task.name),
        }
    }
}

pub(super) fn asked(migration: &Migration) -> Vec<Asked> {
    let taken = [Taking::Resume, Taking::Again, Taking::Undo, Taking::ReadAgain].into_iter();
    let taken = taken.filter(|taking| may(*taking, migration)).map(Asked::Take);
    let tasks = way_back::list(migration).into_iter().flat_map(|list| list.tasks.clone());
    let always = [Asked::Leave, Asked::Another].into_iter();
    always.chain(taken).chain(tasks.map(Asked::Tick)).collect()
}
