//! The picture of the destination before the first write, for the proof to compare.

use futures::FutureExt;

use super::control::Control;
use super::story::Story;
use crate::database::{Result, Source};
use crate::plan::Plan;
use crate::proof::{Queues, Surroundings};

/// Takes the picture and has the journal keep it, unless it has one already: a resumed run must not
/// take one of what it has written itself. Stops between two tables when the run is to stop.
pub(super) async fn look_around(
    plan: &Plan,
    destination: &dyn Source,
    story: &Story,
    control: &Control,
) -> Result<()> {
    let journal = story.recorder.reader()?;
    if journal.surroundings()?.is_some() || journal.last_batch()? > 0 {
        return Ok(());
    }
    drop(journal);
    let tell = |_, _| {
        // A pause lasts until the first batch; nothing is held that others wait for.
        control.clone().between_batches().now_or_never().unwrap_or(Ok(()))
    };
    let queues = Queues::take(plan, destination).await?;
    story.recorder.set_queues(queues.to_json()?)?;
    let taken = Surroundings::take(plan, destination, tell).await?;
    story.recorder.set_surroundings(taken.to_json()?)
}
