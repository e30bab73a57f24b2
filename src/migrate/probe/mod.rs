//! Trying out how fast a plan's rows go: some rows of each large entity are read as the run reads
//! them and inserted as the run inserts them, in transactions that are rolled back.
//!
//! Nothing of it stays. A commit needs a token that only a journal hands out
//! ([`crate::database::JournalToken`]), and a probe has no journal: that it cannot commit is seen by
//! the compiler. What it leaves in the destination is identity values that were given out, and a log
//! that says that rows came and went.

mod choose;
mod lead;
mod trial;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::control::Control;
use super::mask::{masked, needed_key};
use super::preflight::check_destination;
use super::retry::is_broken;
use crate::database::{Destination, Fault, FaultKind, Fence, RefusalClass, Result, Secret, Source};
use crate::plan::Plan;
pub use choose::{Chosen, MOST_BATCHES, MOST_ENTITIES, MOST_ROWS, choose};
use trial::Trial;

/// How long the server is given to end a session that broke off, a second at a time.
const PATIENCE: u32 = 30;
/// Longer than any probe: what is waited for is a word of whoever watches.
const ALWAYS: Duration = Duration::from_secs(30 * 86_400);

/// What a probe needs.
pub struct ProbeRequest {
    /// What would be done.
    pub plan: Arc<Plan>,
    /// Where rows are read.
    pub source: Arc<dyn Source>,
    /// Where rows are tried out.
    pub destination: Arc<dyn Destination>,
    /// The key of the masks, where the plan masks personal data.
    pub mask_key: Option<Secret>,
    /// Stop and cancel: either ends it at once.
    pub control: Control,
    /// When it is made.
    pub at: String,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// When.
    pub at: String,
    /// Where rows were tried out.
    pub destination: String,
    /// The plan's fingerprint.
    pub fingerprint: String,
    /// The entities whose rows were.
    pub entities: Vec<Probed>,
    /// Those whose rows could not be, and why.
    pub skipped: Vec<NotProbed>,
}

/// An entity whose rows were tried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// `Espace.Entity`.
    pub name: String,
    /// Its place in the plan.
    pub place: usize,
    /// What each batch took.
    pub batches: Vec<Timed>,
}

/// What a batch took, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// Its rows.
    pub rows: u64,
    /// Reading them in the source, masks included.
    pub read: u64,
    /// Rewriting and inserting them, and reading back what the destination gave them.
    pub write: u64,
}

/// An entity whose rows could not be tried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotProbed {
    /// `Espace.Entity`.
    pub name: String,
    /// Why, in a sentence without its full stop.
    pub why: String,
}

/// How far a probe is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeProgress {
    /// The entity that is tried out now.
    pub name: String,
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl Probe {
    /// Rows that were inserted and rolled back.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let batches = self.entities.iter().flat_map(|entity| &entity.batches);
        batches.map(|batch| batch.rows).sum()
    }
}

/// Tries out what a plan's rows take.
///
/// Refused as the run itself would be: by a missing right, by another run or probe on the same
/// destination. An entity whose rows cannot be tried out is no error, and named. Whatever ends the
/// probe, everything is rolled back.
pub async fn probe(
    request: ProbeRequest,
    mut told: impl FnMut(ProbeProgress) + Send,
) -> Result<Probe> {
    let ProbeRequest { plan, source, destination, mask_key, mut control, at } = request;
    let key = needed_key(&plan, mask_key.as_ref())?;
    check_destination(&plan, source.as_ref(), destination.as_ref()).await?;
    let lock = destination.lock_run("probe").await?;
    let source = masked(source, &plan, key);
    let session = format!("probe.{:016x}", number_of(&at));
    let outcome = tokio::select! {
        outcome = entities(&plan, &source, &destination, &session, &mut told) => outcome,
        ended = control.wait(ALWAYS) => Err(ended.err().unwrap_or_else(stopped)),
    };
    let (entities, skipped) = match outcome {
        Ok(probed) => probed,
        Err(fault) => {
            // The lock goes once the server has rolled back: what it guards is not over before.
            let is_gone = gone(destination.as_ref(), &session).await;
            drop(lock);
            return Err(told_as(fault, is_gone));
        }
    };
    drop(lock);
    let destination = destination.facts().place.clone();
    Ok(Probe { at, destination, fingerprint: plan.fingerprint.clone(), entities, skipped })
}

/// Tries the chosen entities out, one after the other.
async fn entities(
    plan: &Arc<Plan>,
    source: &Arc<dyn Source>,
    destination: &Arc<dyn Destination>,
    session: &str,
    told: &mut (impl FnMut(ProbeProgress) + Send),
) -> Result<(Vec<Probed>, Vec<NotProbed>)> {
    let (mut probed, mut skipped) = (Vec::new(), Vec::new());
    let chosen = choose(plan);
    let mut trial = Trial::new(plan, source.as_ref(), destination.as_ref(), session).await?;
    for (number, Chosen { place, .. }) in chosen.iter().enumerate() {
        let Some(entity) = plan.entities.get(*place) else { continue };
        told(ProbeProgress { name: entity.name.clone(), number: number + 1, of: chosen.len() });
        match trial.entity(*place).await {
            Ok(batches) => {
                probed.push(Probed { name: entity.name.clone(), place: *place, batches });
            }
            Err(fault) if is_broken(&fault) || fault.kind == FaultKind::Permission => {
                return Err(fault.while_doing(format!("trying out {}", entity.name)));
            }
            Err(fault) => {
                skipped.push(NotProbed { name: entity.name.clone(), why: why(&fault) });
            }
        }
    }
    Ok((probed, skipped))
}

/// Why rows could not be tried out. The server names values of rows; nobody is to read them here.
fn why(fault: &Fault) -> String {
    match (&fault.refusal, fault.code) {
        (Some(refusal), _) => {
            let what = match refusal.class {
                RefusalClass::ForeignKey => "a foreign key",
                RefusalClass::Check => "a check",
                RefusalClass::Unique => "a unique index",
                RefusalClass::NotNull => "a column that demands a value",
                RefusalClass::TooLong | RefusalClass::Value => "the type of a column",
                RefusalClass::Trigger => "a trigger",
                RefusalClass::Dependant => "a row that is not there",
            };
            let by = refusal.by.as_ref().map_or_else(String::new, |by| format!(", {by},"));
            format!("{what}{by} of the destination refuses its rows")
        }
        (None, Some(code)) => format!("the destination refuses its rows with error {code}"),
        (None, None) => fault.what.clone(),
    }
}

/// Waits until a session that broke off is gone, and what it had open with it.
async fn gone(destination: &dyn Destination, session: &str) -> bool {
    for _ in 0..PATIENCE {
        match destination.fence(session).await {
            Ok(Fence::Gone) => return true,
            Ok(Fence::StillThere) | Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
    false
}

fn told_as(fault: Fault, is_gone: bool) -> Fault {
    let fault = if fault.kind == FaultKind::Cancelled { stopped() } else { fault };
    if is_gone {
        return fault;
    }
    fault.advise(
        "The server does not say yet that the probe's session has ended; it rolls back what that \
         has open as soon as it notices. Nothing was committed.",
    )
}

fn stopped() -> Fault {
    Fault::new(FaultKind::Cancelled, "the probe was stopped, and everything it did is rolled back")
}

/// Something that differs from probe to probe.
fn number_of(at: &str) -> u64 {
    let hash = blake3::hash(format!("{at} {}", std::process::id()).as_bytes());
    hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
