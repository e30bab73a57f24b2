//! A run undone: what that would do, its doing, its report.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::again::check_nothing_relies_on;
use super::carry::{Carried, clock, operator, reported};
use super::home::KnownRun;
use super::one_writer::one_writer;
use super::way_back;
use crate::database::{Destination, Result, Secret, Source};
use crate::migrate::Control;
use crate::migrate::journal::{Recorder, RunHeader};
use crate::migrate::undo::{self, Leave, UndoEnd, UndoPreview, UndoProgress, UndoRequest};
use crate::outsystems::Environment;
use crate::plan::Plan;

/// A run to be undone, with both sides opened again.
pub struct Undo {
    /// The run.
    pub known: KnownRun,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// What the journal says of it; `operator.confirmed` is what was given as the destination's name
    /// to confirm the undo.
    pub header: RunHeader,
    /// Where it read rows.
    pub source: Arc<dyn Source>,
    /// Where it wrote.
    pub destination: Arc<dyn Destination>,
    /// The destination's model as it is now.
    pub destination_model: Arc<Environment>,
    /// Which rows of the run may stay.
    pub leave: Leave,
    /// The key of the masks, where the run has any: what it wrote is known again by it.
    pub mask_key: Option<Secret>,
}

impl Undo {
    fn request(&self, control: Control, progress: watch::Sender<UndoProgress>) -> UndoRequest {
        let mut header = self.header.clone();
        header.operator = operator(self.destination.as_ref(), &header.operator.confirmed);
        UndoRequest {
            plan: Arc::clone(&self.plan),
            header,
            folder: self.known.folder.clone(),
            source: Arc::clone(&self.source),
            destination: Arc::clone(&self.destination),
            destination_model: Arc::clone(&self.destination_model),
            leave: self.leave,
            mask_key: self.mask_key.clone(),
            control,
            progress,
            clock: Arc::new(clock),
        }
    }

    /// What undoing it would do. It only reads.
    pub async fn look(
        &self,
        control: Control,
        progress: watch::Sender<UndoProgress>,
    ) -> Result<UndoPreview> {
        check_nothing_relies_on(&self.known)?;
        undo::look(&self.request(control, progress)).await
    }

    /// Undoes it, and writes its report anew. An error means that nothing was written.
    pub async fn carry_out(
        &self,
        control: Control,
        progress: watch::Sender<UndoProgress>,
    ) -> Result<Carried> {
        check_nothing_relies_on(&self.known)?;
        let alone = one_writer(&self.known.folder, self.destination.as_ref())?;
        let end = undo::undo(self.request(control, progress)).await?;
        drop(alone);
        let (id, folder): (String, PathBuf) = (self.known.id.clone(), self.known.folder.clone());
        let kept = match end {
            UndoEnd::Failed(_) | UndoEnd::Stopped(_) => Ok(()),
            _ => self.way_back().await,
        };
        let mut carried = reported(id, folder);
        carried.trouble = carried.trouble.or(kept.err());
        if let UndoEnd::Failed(fault) | UndoEnd::Stopped(fault) = end {
            carried.trouble.get_or_insert(fault);
        }
        Ok(carried)
    }

    /// What was ticked is of before: the destination was written once more.
    async fn way_back(&self) -> Result<()> {
        let folder = &self.known.folder;
        let recorder = Recorder::open(folder)?;
        recorder.forget_ticks().await?;
        let destination = self.destination.as_source();
        way_back::keep(&recorder, &self.plan, destination, &self.destination_model, folder).await
    }
}
