//! What an open instant costs the source's server, watched while a run goes on.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::super::control::Control;
use super::super::progress::{EntityState, Teller};
use super::Reading;
use super::live::Live;
use crate::database::{Result, Source};

/// A pause of this length closes the instant.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// How often it is looked whether there is a pause.
const PAUSE_EVERY: Duration = Duration::from_secs(10);
/// How often the server is asked for the size of its old row versions.
const VERSIONS_EVERY: Duration = Duration::from_secs(5 * 60);
/// Old row versions of this many bytes are spoken of.
const MANY_VERSIONS: u64 = 10 << 30;

impl Reading {
    /// Watches until dropped; errs when the journal cannot be written.
    pub(in super::super) async fn watch(
        &self,
        control: &Control,
        teller: &Teller,
    ) -> Result<Infallible> {
        let Some(live) =
            self.live.as_ref().filter(|live| !live.facts().capabilities.instant.lasts())
        else {
            return std::future::pending().await;
        };
        let mut ticks = interval(PAUSE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut paused: Option<Instant> = None;
        let mut asked = Instant::now();
        loop {
            ticks.tick().await;
            let is_paused = control.is_paused() || self.gate.rests();
            paused = is_paused.then(|| paused.unwrap_or_else(Instant::now));
            if paused.is_some_and(|since| since.elapsed() >= LONGEST_PAUSE)
                && live.close(PAUSED).await?
            {
                tell(teller, PAUSED);
            }
            if asked.elapsed() >= VERSIONS_EVERY {
                asked = Instant::now();
                look_at_versions(live, teller).await;
            }
        }
    }
}

const PAUSED: &str = "paused for more than five minutes: the source's instant is closed, so that its \
                      server need not keep old row versions";

/// A server that does not say is not asked why.
async fn look_at_versions(live: &Live, teller: &Teller) {
    if let Ok(Some(bytes)) = live.version_store().await
        && bytes >= MANY_VERSIONS
    {
        tell(
            teller,
            &format!(
                "the source's server keeps {} GB of old row versions while its instant is open; a \
                 pause of more than five minutes closes it",
                bytes >> 30
            ),
        );
    }
}

/// Tells whoever watches the entities that are being carried over.
fn tell(teller: &Teller, text: &str) {
    teller.each(|entity| {
        if entity.state == EntityState::Writing {
            entity.trouble = Some(text.to_owned());
        }
    });
}
