//! Reads the source gently: no more requests at once than the plan allows, and no faster than its
//! [`Governor`] and whoever watches allow.
//!
//! Everything that a run or a proof asks its source goes through one [`Gate`]. Each request takes a
//! turn, in the order in which they come, so entities that are read at the same time get a page
//! each. A table without a key is read by one long request, which keeps its turn until it ends:
//! whoever reads such a table must ask the source nothing else meanwhile.

mod governor;
mod pacing;
mod source;
mod usual;

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::control::{Control, stopped};
use crate::database::{Batch, Result};
use crate::plan::SourcePace;
use governor::{Change, Governor, Leave, Page};

pub use pacing::Pacing;
pub use source::Gentle;

/// Is told how the source is read from now on, and why.
pub type Told = Box<dyn Fn(&Pacing) -> Result<()> + Send + Sync>;

/// Where requests to the source wait for their turn.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    turns: Arc<Semaphore>,
    /// The last requests of the turns that nobody has.
    rested: Mutex<Vec<Last>>,
    governor: Mutex<Governor>,
    /// Sent when what waits is to look again whether it may go on.
    changed: watch::Sender<()>,
    pacing: Mutex<Pacing>,
    halted: AtomicBool,
    control: Control,
    told: Told,
    begun: Instant,
}

/// The last request of a turn.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    ended: Duration,
    took: Duration,
}

impl Gate {
    /// A gate for so many requests at once. It begins at this pace, ends with the control's
    /// commands, and [follows](Gate::attend) its choices.
    #[must_use]
    pub fn new(connections: usize, pace: SourcePace, control: Control, told: Told) -> Self {
        let turns = connections.max(1);
        Self {
            inner: Arc::new(Inner {
                turns: Arc::new(Semaphore::new(turns)),
                rested: Mutex::new(vec![Last::default(); turns]),
                governor: Mutex::new(Governor::new(pace)),
                changed: watch::channel(()).0,
                pacing: Mutex::new(Pacing { pace, ..Pacing::default() }),
                halted: AtomicBool::new(false),
                control,
                told,
                begun: Instant::now(),
            }),
        }
    }

    /// What this source is asked through the gate.
    pub fn over<S>(&self, source: S) -> Gentle<S> {
        Gentle::new(self.clone(), source)
    }

    /// How the source is read just now.
    #[must_use]
    pub fn pacing(&self) -> Pacing {
        self.inner.pacing().clone()
    }

    /// One request at a time from now on. To be called before the first.
    pub(super) fn narrow(&self) {
        let others = self.inner.rested().len().saturating_sub(1);
        self.inner.turns.forget_permits(others);
        self.inner.rested().truncate(1);
    }

    /// Follows whoever chooses another pace; until dropped.
    pub async fn attend(&self, who: &str) -> Result<Infallible> {
        let mut control = self.inner.control.clone();
        loop {
            let pace = control.next_pace().await;
            if pace == self.inner.governor().pace() {
                continue;
            }
            let is_hindered = self.inner.governor().choose(pace);
            self.inner.changed.send_replace(());
            let by = if who.is_empty() { String::new() } else { format!(", chosen by {who}") };
            let words = format!("the source is to be read {}{by}", pace.words());
            let hindered = self.pacing().hindered.filter(|_| is_hindered);
            self.inner.say(&Pacing { pace, hindered, said: words })?;
        }
    }

    /// Ends everything that waits for its turn, and all that would: what waits for the source must
    /// not keep a run that has failed elsewhere from its end.
    pub(super) fn halt(&self) {
        self.inner.halted.store(true, Ordering::Relaxed);
        self.inner.changed.send_replace(());
    }

    /// Whether nothing is to be read until somebody says otherwise.
    pub(super) fn rests(&self) -> bool {
        self.inner.governor().pace() == SourcePace::Rest
    }

    /// Waits for a turn, which ends when dropped.
    async fn turn(&self) -> Result<Turn> {
        let turns = Arc::clone(&self.inner.turns);
        let permit = tokio::select! {
            permit = turns.acquire_owned() => permit.map_err(|_| stopped())?,
            () = self.inner.ended() => return Err(stopped()),
        };
        let last = self.inner.best_rested();
        let inner = Arc::clone(&self.inner);
        Ok(Turn { inner, last, asked: None, is_trial: false, _permit: permit })
    }
}

impl Inner {
    fn governor(&self) -> MutexGuard<'_, Governor> {
        self.governor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rested(&self) -> MutexGuard<'_, Vec<Last>> {
        self.rested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn that has rested longest for what it did last.
    fn best_rested(&self) -> Last {
        let governor = self.governor();
        let mut rested = self.rested();
        let free_at = |last: &Last| last.ended + governor.rest(last.took);
        let best = (0..rested.len()).min_by_key(|place| free_at(&rested[*place]));
        best.map_or_else(Last::default, |place| rested.swap_remove(place))
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
    }

    /// Waits until there is nothing more to be read.
    async fn ended(&self) {
        let mut changed = self.changed.subscribe();
        let mut control = self.control.clone();
        tokio::select! {
            () = control.ending() => {}
            _ = changed.wait_for(|()| self.is_halted()) => {}
        }
    }

    /// Says what the governor has made of an answer.
    fn tell(&self, change: Option<Change>, pace: SourcePace) -> Result<()> {
        let Some(change) = change else { return Ok(()) };
        self.changed.send_replace(());
        let hindered = change.hinders(pace).then(|| change.line());
        self.say(&Pacing { pace, hindered, said: change.words() })
    }

    fn say(&self, pacing: &Pacing) -> Result<()> {
        self.pacing().clone_from(pacing);
        (self.told)(pacing)
    }

    fn pacing(&self) -> MutexGuard<'_, Pacing> {
        self.pacing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of one who asks the source.
struct Turn {
    inner: Arc<Inner>,
    last: Last,
    /// When the request that is under way was made.
    asked: Option<Instant>,
    is_trial: bool,
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Waits until a request may be made; from here on it is the source that takes its time.
    async fn begin(&mut self) -> Result<()> {
        let mut changed = self.inner.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if self.inner.is_halted() || self.inner.control.is_ending() {
                return Err(stopped());
            }
            let Some(until) = self.may_begin() else {
                self.asked = Some(Instant::now());
                return Ok(());
            };
            let time = async {
                match until {
                    Some(until) => tokio::time::sleep_until(self.inner.begun + until).await,
                    None => std::future::pending().await,
                }
            };
            let mut control = self.inner.control.clone();
            tokio::select! {
                () = time => {}
                _ = changed.changed() => {}
                () = control.ending() => {}
            }
        }
    }

    /// `None` when a request may be made; else when to look again, if that is known.
    fn may_begin(&mut self) -> Option<Option<Duration>> {
        let now = self.inner.now();
        let mut governor = self.inner.governor();
        match governor.leave(now) {
            Leave::Now => {
                let rested = self.last.ended + governor.rest(self.last.took);
                (rested > now).then_some(Some(rested))
            }
            Leave::Trial => {
                self.is_trial = true;
                None
            }
            Leave::NotBefore(then) => Some(Some(then)),
            Leave::Wait => Some(None),
        }
    }

    /// The request was answered with a page of that table.
    fn read(&mut self, table: &str, batch: &Batch) -> Result<()> {
        let took = self.answered();
        let page = Page { rows: batch.len() as u64, bytes: batch.size() as u64, took };
        let is_trial = std::mem::take(&mut self.is_trial);
        let mut governor = self.inner.governor();
        let change = governor.read(table, &page, is_trial, self.inner.now());
        let pace = governor.pace();
        drop(governor);
        if is_trial {
            self.inner.changed.send_replace(());
        }
        self.inner.tell(change, pace)
    }

    /// The request has ended in another way.
    fn end(&mut self) -> Result<()> {
        self.answered();
        if !std::mem::take(&mut self.is_trial) {
            return Ok(());
        }
        let mut governor = self.inner.governor();
        let change = governor.nothing_read(self.inner.now());
        let pace = governor.pace();
        drop(governor);
        self.inner.changed.send_replace(());
        self.inner.tell(change, pace)
    }

    /// What the source took.
    fn answered(&mut self) -> Duration {
        let took = self.asked.take().map_or(Duration::ZERO, |asked| asked.elapsed());
        self.last = Last { ended: self.inner.now(), took };
        took
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.asked.is_some() {
            // Nobody waits for the answer any more, and so nobody is told what it says.
            let _ = self.end();
        }
        self.inner.rested().push(self.last);
    }
}

#[cfg(test)]
mod tests;
