//! Both models, read again while a run goes on: what somebody publishes meanwhile makes the plan
//! one for other tables.

use tokio::sync::Mutex;

use super::past::published;
use super::retry::{is_broken, needs_somebody};
use super::run::RunRequest;
use crate::database::{Result, Source};
use crate::outsystems::{self, Environment, ReadAt};

/// Reading the models may take one part in so many of the run's time.
const SHARE: u32 = 20;

/// When the models were read last.
#[derive(Debug)]
pub(super) struct Models(Mutex<ReadAt>);

impl Models {
    /// They have been read for the start of the run, or of the stretch of it.
    pub(super) fn new(source: &Environment, destination: &Environment) -> Self {
        Self(Mutex::new(read_at(source, destination)))
    }

    /// Before an entity: errs when a model is another one than at the start. Where reading them
    /// takes long they are not read before each.
    pub(super) async fn check(&self, request: &RunRequest, source: &dyn Source) -> Result<()> {
        let mut last = self.0.lock().await;
        if last.begun.elapsed() < last.took * SHARE {
            return Ok(());
        }
        let destination = request.destination.as_source();
        let read =
            futures::future::try_join(outsystems::read(source), outsystems::read(destination));
        match read.await {
            Ok((source, destination)) => {
                published(&request.header, &source, &destination)?;
                *last = read_at(&source, &destination);
                Ok(())
            }
            // Whatever is in the way is met by the writing as well, which knows how to wait.
            Err(fault) if is_broken(&fault) || needs_somebody(&fault) => Ok(()),
            Err(fault) => Err(fault.while_doing("reading both models again")),
        }
    }
}

/// When both were read, side by side.
fn read_at(source: &Environment, destination: &Environment) -> ReadAt {
    let [source, destination] = [source.read_at, destination.read_at];
    ReadAt { begun: source.begun.min(destination.begun), took: source.took.max(destination.took) }
}
