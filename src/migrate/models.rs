//! Both models, read again while a run goes on: what somebody publishes meanwhile makes the plan
//! one for other tables.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::past::published;
use super::retry::{is_broken, needs_somebody};
use super::run::RunRequest;
use crate::database::{Result, Source};
use crate::outsystems;

/// Reading the models may take one part in so many of the run's time.
const SHARE: u32 = 20;

/// When the models were read last, and how long that took.
#[derive(Debug, Default)]
pub(super) struct Models(Mutex<Option<(Instant, Duration)>>);

impl Models {
    /// Before an entity: errs when a model is another one than at the start. Where reading them
    /// takes long they are not read before each.
    pub(super) async fn check(&self, request: &RunRequest, source: &dyn Source) -> Result<()> {
        let mut last = self.0.lock().await;
        if last.is_some_and(|(at, took)| at.elapsed() < took * SHARE) {
            return Ok(());
        }
        let begun = Instant::now();
        let destination = request.destination.as_source();
        let read =
            futures::future::try_join(outsystems::read(source), outsystems::read(destination));
        match read.await {
            Ok((source, destination)) => published(&request.header, &source, &destination)?,
            // Whatever is in the way is met by the writing as well, which knows how to wait.
            Err(fault) if is_broken(&fault) || needs_somebody(&fault) => return Ok(()),
            Err(fault) => return Err(fault.while_doing("reading both models again")),
        }
        *last = Some((Instant::now(), begun.elapsed()));
        Ok(())
    }
}
