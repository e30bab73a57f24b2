//! What a run will take, told before it: time, the destination's log, room beside it (`engine.md`
//! B3). Nothing is touched for it.
//!
//! How fast rows go is known from a probe of the plan, else from earlier runs into the same
//! destination, else within wide bounds only; a forecast says which.

mod fact;
mod pace;
mod space;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::probe::Probe;
use crate::database::{Result, Source};
use crate::plan::{Plan, Span, Work};

pub use fact::{Fact, seconds};
pub(super) use fact::{LogMoment, note_log};
pub use space::LogUse;

/// What a run will take, as far as it can be told before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// What it is taken from.
    pub basis: Basis,
    /// Rows, as they were counted at review.
    pub work: Work,
    /// How long writing takes, in milliseconds, without pauses.
    pub writing: Span,
    /// How long the proof takes after it, in milliseconds.
    pub proof: Span,
    /// What is written to the destination's log.
    pub log: LogUse,
    /// Bytes that batches take at most in tempdb while they are written; `None` where there is no
    /// such thing.
    pub temp: Option<u64>,
}

/// What a forecast is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Basis {
    /// A probe of this plan.
    Probe {
        /// When it was made.
        at: String,
        /// Entities that were probed.
        entities: u64,
        /// Entities that were to be probed and could not.
        skipped: u64,
        /// Of a hundred rows of the plan, how many are of entities that were probed.
        share: u64,
    },
    /// Earlier runs into the same destination.
    Runs {
        /// Their ids, the newest first.
        runs: Vec<String>,
    },
    /// Nothing but the number of rows.
    Bounds,
}

/// What is known of how fast rows go.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// A probe of the plan.
    pub probe: Option<Probe>,
    /// What earlier runs into the same destination took, by their ids, the newest first.
    pub runs: Vec<(String, Fact)>,
}

/// What a plan will take.
pub async fn forecast(
    plan: &Plan,
    source: &dyn Source,
    destination: &dyn Source,
    known: &Known,
) -> Result<Forecast> {
    let work = Work::of(plan);
    let is_parallel = destination.facts().capabilities.parallel_writers;
    let at_once = if is_parallel { plan.options.parallel_entities.max(1) } else { 1 };
    let (basis, writing, proof) = pace::times(plan, &work, known, at_once as u64);
    let needed = space::needed(plan, source, destination, at_once as u64).await?;
    // Long rows take their time, whatever their number.
    let writing = match basis {
        Basis::Bounds => pace::not_faster_than(writing, needed.bytes),
        _ => writing,
    };
    Ok(Forecast { basis, work, writing, proof, log: needed.log, temp: needed.temp })
}

/// Bytes that a plan's rows take in the data files of the destination, as far as they are known.
pub(super) async fn bytes_of_rows(
    plan: &Plan,
    source: &dyn Source,
    destination: &dyn Source,
) -> Result<(u64, LogUse)> {
    let needed = space::needed(plan, source, destination, 1).await?;
    Ok((needed.bytes, needed.log))
}
