//! What an earlier run rejected, tried again: which run stands in the way, and what is tried.

use std::sync::Arc;

use super::cleanup::check_migration;
use super::home::KnownRun;
use super::refused;
use crate::database::Result;
use crate::migrate::again::{AgainCount, again};
use crate::migrate::journal::{Journal, RunHeader, RunState};
use crate::plan::Plan;

/// An earlier run, and what is tried again of it.
pub struct Rejects {
    /// What its journal says of it.
    pub header: RunHeader,
    /// What is to be done.
    pub plan: Arc<Plan>,
    /// How much that is.
    pub count: AgainCount,
}

impl Rejects {
    /// Reads them from a run's journal. Errs with a sentence where they cannot be tried again: the
    /// run has not come to its end or is undone, another one has tried them already, or there are
    /// none.
    pub fn read(known: &KnownRun) -> Result<Self> {
        let journal = Journal::open(&known.folder)?;
        journal.check()?;
        check_migration(&journal, "rejects nothing")?;
        let (plan, count) = again(&journal)?;
        if let Some((later, state)) = tried_again_by(known) {
            let advice = match state {
                RunState::Running | RunState::Stopped | RunState::Failed => {
                    format!("`osferry resume {later}` goes on with it.")
                }
                _ => format!("What it rejected in turn: `osferry run --rejects-of {later}`."),
            };
            return Err(refused(format!(
                "the rejects of run {} have been tried again already, by run {later} ({})",
                known.id,
                state.label()
            ))
            .advise(advice));
        }
        Ok(Self { header: journal.header()?, plan: Arc::new(plan), count })
    }
}

/// The run that has tried the rejects of this one again, unless it is undone.
fn tried_again_by(known: &KnownRun) -> Option<(String, RunState)> {
    let beside = std::fs::read_dir(known.folder.parent()?).ok()?;
    for folder in beside.flatten().map(|entry| entry.path()) {
        let Ok(journal) = Journal::open(&folder) else { continue };
        let (Ok(header), Ok(state)) = (journal.header(), journal.state()) else { continue };
        let is_undone = matches!(state, RunState::Undone | RunState::UndoneInPart);
        if header.rejects_of.as_deref() == Some(known.id.as_str()) && !is_undone {
            return Some((header.id, state));
        }
    }
    None
}

/// Refuses to undo a run on whose rows those of a later one rely, which has tried its rejects again.
pub(super) fn check_nothing_relies_on(known: &KnownRun) -> Result<()> {
    let Some((later, state)) = tried_again_by(known) else { return Ok(()) };
    Err(refused(format!(
        "run {} cannot be undone yet: run {later} has tried its rejects again ({}), and its rows rely \
         on those of this one",
        known.id,
        state.label()
    ))
    .advise(format!("Undo run {later} first (`osferry undo {later}`), then this one.")))
}
