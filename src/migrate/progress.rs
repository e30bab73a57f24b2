//! How far a run has come: a value that any front end can show, newest only.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::gently::Pacing;
use crate::plan::Plan;

/// What a run is busy with, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Checking before the first write.
    Checking,
    /// Emptying event tables, which are the first to be written.
    Muting,
    /// Deleting the destination's rows.
    Deleting,
    /// Creating users and groups.
    People,
    /// Carrying rows over.
    Loading,
    /// Setting references that had to wait.
    SecondPass,
    /// Nothing more.
    Ended,
}

impl Phase {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Muting => "putting subscriptions of processes away",
            Self::Deleting => "deleting the destination's rows",
            Self::People => "creating users and groups",
            Self::Loading => "carrying rows over",
            Self::SecondPass => "setting references that had to wait",
            Self::Ended => "ended",
        }
    }
}

/// What an entity is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityState {
    /// Its turn has not come.
    Waiting,
    /// Its rows in the destination are being deleted.
    Deleting,
    /// Rows are being written.
    Writing,
    /// Its references are being set.
    SecondPass,
    /// All its rows are there.
    Done,
    /// It could not be finished.
    Failed,
}

/// One entity.
#[derive(Clone, Debug)]
pub struct EntityProgress {
    /// `Espace.Entity`.
    pub name: String,
    /// What it is doing.
    pub state: EntityState,
    /// Rows the source had at review.
    pub total: u64,
    /// Rows deleted from the destination.
    pub deleted: u64,
    /// Rows read.
    pub read: u64,
    /// Rows written.
    pub written: u64,
    /// Rows recognised in the destination.
    pub recognised: u64,
    /// Rows left out by decision.
    pub left_out: u64,
    /// Rows refused by the server.
    pub rejected: u64,
    /// The last trouble, in words.
    pub trouble: Option<String>,
    started: Option<Instant>,
    ended: Option<Instant>,
}

impl EntityProgress {
    /// Rows a second since it started.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let started = self.started?;
        let time = self.ended.unwrap_or_else(Instant::now).duration_since(started).as_secs_f64();
        (time > 0.2 && self.read > 0).then(|| self.read as f64 / time)
    }

    /// Time left at that rate.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let rate = self.rate()?;
        let left = self.total.saturating_sub(self.read);
        (self.state == EntityState::Writing).then(|| Duration::from_secs_f64(left as f64 / rate))
    }
}

/// The whole run.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What it is busy with.
    pub phase: Phase,
    /// Its entities, in the plan's order.
    pub entities: Vec<EntityProgress>,
    /// What it waits for somebody to see to, with what to do; it goes on when it is told to.
    pub held: Option<String>,
    /// How the source is read.
    pub pacing: Pacing,
}

impl Progress {
    /// Nothing done yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let entities = plan
            .entities
            .iter()
            .map(|entity| EntityProgress {
                name: entity.name.clone(),
                state: EntityState::Waiting,
                total: entity.source_rows,
                deleted: 0,
                read: 0,
                written: 0,
                recognised: 0,
                left_out: 0,
                rejected: 0,
                trouble: None,
                started: None,
                ended: None,
            })
            .collect();
        let pacing = Pacing { pace: plan.options.source_pace, ..Pacing::default() };
        Self { phase: Phase::Checking, entities, held: None, pacing }
    }

    /// Rows read and rows expected, over all entities.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        self.entities.iter().fold((0, 0), |(read, total), entity| {
            (read + entity.read, total + entity.total.max(entity.read))
        })
    }
}

/// The end that tells.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    sender: watch::Sender<Progress>,
}

impl Teller {
    pub(super) fn new(sender: watch::Sender<Progress>) -> Self {
        Self { sender }
    }

    pub(super) fn phase(&self, phase: Phase) {
        self.sender.send_modify(|progress| progress.phase = phase);
    }

    pub(super) fn pacing(&self, pacing: Pacing) {
        self.sender.send_modify(|progress| progress.pacing = pacing);
    }

    pub(super) fn held(&self, held: Option<String>) {
        self.sender.send_modify(|progress| progress.held = held);
    }

    pub(super) fn state(&self, entity: usize, state: EntityState) {
        self.entity(entity, |progress| {
            match state {
                EntityState::Writing if progress.started.is_none() => {
                    progress.started = Some(Instant::now());
                }
                EntityState::Done | EntityState::Failed => {
                    progress.ended.get_or_insert_with(Instant::now);
                }
                _ => {}
            }
            progress.state = state;
        });
    }

    pub(super) fn each(&self, change: impl FnMut(&mut EntityProgress)) {
        self.sender.send_modify(|progress| progress.entities.iter_mut().for_each(change));
    }

    /// Tells the last trouble of an entity, whenever there is one.
    pub(super) fn trouble(&self, entity: usize) -> impl Fn(&str) + Send + Sync + 'static {
        let teller = self.clone();
        move |trouble| {
            teller.entity(entity, |progress| progress.trouble = Some(trouble.to_owned()));
        }
    }

    pub(super) fn entity(&self, entity: usize, change: impl FnOnce(&mut EntityProgress)) {
        self.sender.send_modify(|progress| {
            if let Some(entity) = progress.entities.get_mut(entity) {
                change(entity);
            }
        });
    }
}
