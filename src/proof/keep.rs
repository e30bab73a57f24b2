//! A proof that was interrupted goes on: what it found for each entity stays in the journal until
//! it has ended.

use std::collections::HashMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::form::hash;
use super::prove::lock;
use super::result::{EntityProof, TakenOver};
use crate::database::{Fault, FaultKind, Result};
use crate::migrate::journal::{Journal, ProvedEntity, Recorder};
use crate::plan::Plan;

/// What an interrupted proof found is used for so long: a day.
const GOOD_FOR: i64 = 24 * 3600;

/// That a proof is kept entity by entity, and goes on where an earlier one was interrupted.
#[derive(Clone)]
pub struct Keep {
    /// When this proof begins, as `YYYY-MM-DD HH:MM:SS±HH:MM`.
    pub begun: String,
    /// The fingerprints of the models as they are now, the source's first: a proof of other models
    /// does not go on.
    pub models: [String; 2],
    /// Whether what an earlier one found is to be forgotten.
    pub afresh: bool,
    /// Where it is kept.
    pub recorder: Recorder,
}

/// One entity's result as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    begun: String,
    proof: EntityProof,
}

/// What is kept, and what was found there.
pub(super) struct Keeping<'a> {
    keep: Option<&'a Keep>,
    about: String,
    earlier: HashMap<usize, Kept>,
    /// What was taken over so far.
    pub(super) taken_over: Option<TakenOver>,
}

impl<'a> Keeping<'a> {
    /// Reads what an earlier proof of the same has found.
    pub(super) fn open(
        plan: &Plan,
        journal: &Mutex<Journal>,
        keep: Option<&'a Keep>,
    ) -> Result<Self> {
        let mut keeping =
            Self { keep, about: String::new(), earlier: HashMap::new(), taken_over: None };
        let Some(keep) = keep else { return Ok(keeping) };
        let journal = lock(journal);
        keeping.about = about(plan, &journal, keep)?;
        if keep.afresh {
            keep.recorder.forget_proved()?;
            return Ok(keeping);
        }
        for proved in journal.proved_entities()? {
            let Ok(kept) = serde_json::from_str::<Kept>(&proved.result) else { continue };
            // What was wrong may have been put right since.
            if proved.about == keeping.about
                && kept.proof.holds()
                && is_recent(&kept.begun, &keep.begun)
            {
                keeping.earlier.insert(proved.number, kept);
            }
        }
        Ok(keeping)
    }

    /// The result for an entity that an earlier proof has found already.
    pub(super) fn take_over(&mut self, place: usize) -> Option<EntityProof> {
        let kept = self.earlier.remove(&place)?;
        let taken = self
            .taken_over
            .get_or_insert_with(|| TakenOver { entities: 0, begun: kept.begun.clone() });
        taken.entities += 1;
        if seconds(&kept.begun) < seconds(&taken.begun) {
            taken.begun = kept.begun;
        }
        Some(kept.proof)
    }

    /// Keeps the result for an entity.
    pub(super) fn keep(&self, place: usize, proof: &EntityProof) -> Result<()> {
        let Some(keep) = self.keep else { return Ok(()) };
        let kept = Kept { begun: keep.begun.clone(), proof: proof.clone() };
        let result = serde_json::to_string(&kept)
            .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
        let about = self.about.clone();
        keep.recorder.keep_proved(ProvedEntity { number: place, about, result })
    }

    /// Forgets everything: the proof has ended.
    pub(super) fn finish(&self) -> Result<()> {
        self.keep.map_or(Ok(()), |keep| keep.recorder.forget_proved())
    }
}

/// What is proved: another plan, further rows, other models or another version are another proof.
fn about(plan: &Plan, journal: &Journal, keep: &Keep) -> Result<String> {
    let last = journal.last_batch()?.to_string();
    let [source, destination] = &keep.models;
    let parts = [&plan.fingerprint, &last, source, destination, env!("CARGO_PKG_VERSION")];
    Ok(format!("{:032x}", hash(parts.join("\0").as_bytes())))
}

fn seconds(moment: &str) -> Option<i64> {
    moment.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

fn is_recent(begun: &str, now: &str) -> bool {
    let age = seconds(now).zip(seconds(begun)).map(|(now, then)| now - then);
    age.is_some_and(|age| (0..GOOD_FOR).contains(&age))
}

/// How many entities an interrupted proof of the same has proved already, and when it began.
pub fn interrupted(
    plan: &Plan,
    journal: &Mutex<Journal>,
    keep: &Keep,
) -> Result<Option<TakenOver>> {
    if keep.afresh {
        return Ok(None);
    }
    let mut keeping = Keeping::open(plan, journal, Some(keep))?;
    for place in 0..plan.entities.len() {
        keeping.take_over(place);
    }
    Ok(keeping.taken_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_counted_in_hours_whatever_the_offset() {
        let then = "2026-03-01 12:00:00+01:00";
        assert!(is_recent(then, "2026-03-01 12:00:00+01:00"));
        assert!(is_recent(then, "2026-03-02 10:59:59+00:00"));
        assert!(!is_recent(then, "2026-03-02 11:00:00+00:00"));
        assert!(!is_recent(then, "2026-03-01 10:00:00+00:00"));
        assert!(!is_recent("", then));
    }
}
