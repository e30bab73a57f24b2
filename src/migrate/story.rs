//! The journal as everything that works in a run shares it, and the run's story in it.

use std::sync::Arc;

use super::journal::{Images, Recorder, Refused};
use super::rejects::Rejects;
use crate::database::Result;

/// Tells the time, in words.
pub(super) type Clock = Arc<dyn Fn() -> String + Send + Sync>;

/// What a run writes down, and when it was.
#[derive(Clone)]
pub(super) struct Story {
    pub(super) recorder: Recorder,
    /// Where rows are kept as they were; `None` when the plan declines that.
    pub(super) images: Option<Images>,
    pub(super) clock: Clock,
    /// What is done about rejects.
    pub(super) rejects: Rejects,
}

/// Adds a line to the run's story.
pub(super) type Note = Arc<dyn Fn(&str) -> Result<()> + Send + Sync>;

impl Story {
    /// For readers, which may end a moment after the run and must not keep its journal.
    pub(super) fn note(&self) -> Note {
        let (recorder, clock) = (self.recorder.downgrade(), Arc::clone(&self.clock));
        Arc::new(move |text: &str| match recorder.upgrade() {
            Some(recorder) => recorder.event(&clock(), text),
            None => Ok(()),
        })
    }

    /// Adds a line to the run's story.
    pub(super) fn tell(&self, text: &str) -> Result<()> {
        self.recorder.event(&(self.clock)(), text)
    }

    /// Notes something that the destination refused, besides rows of entities. `what` says it
    /// without any value of a row. Errs when the plan says to stop.
    pub(super) fn refused(&self, refused: Refused, what: &str) -> Result<()> {
        self.recorder.refuse(refused)?;
        self.rejects.another(what)
    }
}
