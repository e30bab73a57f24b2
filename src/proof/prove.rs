//! The proof from the first entity to the last link.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::keep::{Keep, Keeping};
use super::maps::Maps;
use super::result::{Difference, EntityProof, Proof};
use super::rows::Forms;
use super::surroundings::{Ours, Surroundings, SurroundingsProof, compare, take_again};
use super::unverified::unverified;
use super::{complete, events, keyed, keyless, looked_up, mask, people, references, stayed};
use crate::database::{Fault, FaultKind, Result, Secret, Source, Value};
use crate::migrate::journal::{BatchKind, Journal};
use crate::plan::{EntityPlan, Plan};

/// How much is compared.
#[derive(Clone, Default)]
pub struct ProofOptions {
    /// About so many rows of each entity: whole batches, the first, the last and some between.
    /// Whether the other rows are there is checked all the same. `None`: all of them.
    ///
    /// Entities without identifier are always compared as a whole.
    pub sample: Option<u64>,
    /// That the journal keeps what is found, so that a proof that is interrupted can go on, and
    /// how the destination looked when the run was first proved. `None`: it keeps nothing.
    pub keep: Option<Keep>,
    /// The key of the masks, where the plan masks personal data: what is compared are masks.
    pub mask_key: Option<Secret>,
}

/// How far a proof is.
#[derive(Clone, Debug)]
pub struct ProofProgress {
    /// The place of the entity among those proved.
    pub entity: usize,
    /// Entities to prove; everything else in the destination counts as one more.
    pub entities: usize,
    /// Its name.
    pub name: String,
    /// Rows of it compared so far; tables, where it is everything else.
    pub rows: u64,
    /// Rows, or tables, to compare.
    pub of: u64,
}

/// What the proof of everything around is called while it is under way.
const SURROUNDINGS: &str = "other tables of the destination";

impl ProofProgress {
    /// What is counted, for people.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        if self.name == SURROUNDINGS { "tables" } else { "rows" }
    }
}

/// Proves that the destination holds what the journal says was carried over, as the source had it
/// at reading.
///
/// It reads only. Each batch of an entity is read from the destination by its ids, put in the
/// source's terms, and compared with the digest that was taken when the source was read; the
/// source is read again only where a digest differs, to name row and column. What the source has
/// changed since then is information, not a difference.
///
/// Proved besides: that every id of our rows leads to a row, that columns only the destination has
/// hold what the plan says, that rows recognised in the destination are still there, those that
/// took the values of ours with these values, that the
/// users and groups of the run are there with their links, that the source has no row, among
/// those that were read, of which the journal knows nothing, and, where the journal has a picture
/// of the destination from before the run, that everything else there is as it was.
///
/// Not proved, and listed in the result: the other columns of a created user (people sign in and
/// change them), and for entities without identifier which row is which: their rows are compared as a multiset.
/// Where the source has changed since and a digest differs besides, the rows in question are told
/// apart by the digest as far as it allows (all of them up to 32 in a batch); where it does not,
/// all of them count as differences.
pub async fn prove(
    plan: &Plan,
    journal: &Mutex<Journal>,
    source: &dyn Source,
    destination: &dyn Source,
    options: ProofOptions,
    mut progress: impl FnMut(ProofProgress) + Send,
) -> Result<Proof> {
    let print = lock(journal).header()?.mask_key;
    let keys = mask::key_of_run(plan, print.as_deref(), options.mask_key.as_ref())?;
    let clear = source;
    let source = &mask::as_masked(clear, plan, keys) as &dyn Source;
    let mut maps = Maps::new(plan, &lock(journal))?;
    let mut keeping = Keeping::open(plan, journal, options.keep.as_ref())?;
    let before = lock(journal).surroundings()?.as_deref().map(Surroundings::from_json);
    let before = before.transpose()?;
    let people = people::People::new(plan, journal, [clear, destination], keys)?;
    let kinds = plan.entities.len() + people.kinds();
    let entities = kinds + usize::from(before.is_some());
    let mut tell = |entity, name: &str, rows, of| {
        progress(ProofProgress { entity, entities, name: name.to_owned(), rows, of });
    };
    let mut proof = Proof { sample: options.sample, ..Proof::default() };
    for (place, entity) in plan.entities.iter().enumerate() {
        if let Some(proved) = keeping.take_over(place) {
            tell(place, &entity.name, proved.written, proved.written);
            proof.entities.push(proved);
            continue;
        }
        let job = Job {
            plan,
            place,
            journal,
            source,
            destination,
            sample: options.sample,
            against: Against::Plan,
        };
        let proved = whole(job, &mut maps, &mut |rows, of| tell(place, &entity.name, rows, of))
            .await
            .map_err(|fault| fault.while_doing(format!("proving {}", entity.name)))?;
        keeping.keep(place, &proved)?;
        proof.entities.push(proved);
    }
    let first = plan.entities.len();
    let found =
        people.prove(&mut |kind, name, rows, of| tell(first + kind, name, rows, of)).await?;
    proof.entities.extend(found);
    if let Some(before) = before {
        let around = Around { plan, journal, source, destination, before };
        let mut tell = |done, all| tell(kinds, SURROUNDINGS, done, all);
        proof.surroundings = Some(around.prove(options.keep.as_ref(), &mut tell).await?);
    }
    proof.taken_over = keeping.taken_over.take();
    proof.unverified = unverified(plan, &proof);
    keeping.finish()?;
    Ok(proof)
}

/// Everything that the plan does not write.
struct Around<'a> {
    plan: &'a Plan,
    journal: &'a Mutex<Journal>,
    source: &'a dyn Source,
    destination: &'a dyn Source,
    before: Surroundings,
}

impl Around<'_> {
    /// Takes the picture again and compares; `keep` has the journal keep it, if it is the first.
    async fn prove(
        &self,
        keep: Option<&Keep>,
        tell: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<SurroundingsProof> {
        let ours = Ours::read(self.plan, &lock(self.journal), &self.before)?;
        let mut told = |done: usize, all: usize| {
            // Tables may have come since they were listed.
            tell(done as u64, all.max(done) as u64);
            Ok(())
        };
        let now = take_again(&self.before, &ours, self.plan, self.destination, &mut told).await?;
        let proved = lock(self.journal).proved_surroundings()?;
        let proved = proved.as_deref().map(Surroundings::from_json).transpose()?;
        let switches = self.destination.facts().capabilities.switches;
        let mut found = compare(&self.before, proved.as_ref(), &now, switches);
        let then = match proved {
            Some(_) => Some(self.events_then()?),
            None => None,
        };
        let Self { plan, journal, source, destination, .. } = *self;
        let sides = [source, destination];
        let differed = events::check(plan, journal, sides, then.as_ref(), &mut found).await?;
        if let Some(keep) = keep.filter(|_| proved.is_none()) {
            keep.recorder.set_proved_events(json(&differed)?)?;
            keep.recorder.set_proved_surroundings(now.to_json()?)?;
        }
        Ok(found)
    }

    /// What of event tables differed when the run was first proved.
    fn events_then(&self) -> Result<events::Differed> {
        let Some(kept) = lock(self.journal).proved_events()? else {
            return Ok(events::Differed::new());
        };
        serde_json::from_str(&kept).map_err(|error| {
            Fault::new(FaultKind::Data, format!("the journal's first proof of events: {error}"))
        })
    }
}

fn json(differed: &events::Differed) -> Result<String> {
    serde_json::to_string(differed)
        .map_err(|error| Fault::new(FaultKind::Other, format!("no JSON can be made: {error}")))
}

/// An entity, and whether rows of the source were overlooked.
async fn whole(
    job: Job<'_>,
    maps: &mut Maps,
    tell: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<EntityProof> {
    let mut proof = one(job, maps, tell).await?;
    complete::check(job, &mut proof).await?;
    stayed::check(job, &mut proof).await?;
    looked_up::check(job, &mut proof).await?;
    Ok(proof)
}

async fn one(
    job: Job<'_>,
    maps: &mut Maps,
    tell: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<EntityProof> {
    let entity = job.entity();
    let mut proof = EntityProof {
        name: entity.name.clone(),
        written: job.ask(|journal| journal.rows_of(job.place, BatchKind::Insert))?,
        recognised: job.ask(|journal| {
            let found = journal.rows_of(job.place, BatchKind::Recognise)?;
            Ok(found + journal.rows_of(job.place, BatchKind::Change)?)
        })?,
        references: references::all(job)?,
        ..EntityProof::default()
    };
    tell(0, proof.written);
    if proof.written + proof.recognised > 0 {
        job.ask(|journal| maps.load(entity, journal))?;
        let forms = Forms::new(job.plan, job.place, maps, job.against);
        let orphans = references::orphans(job, maps, &mut proof).await?;
        proof = if entity.key_column().is_some() {
            keyed::Keyed::new(job, forms, orphans, proof)?.run(tell).await?
        } else {
            keyless::prove(job, forms, proof, tell).await?
        };
    }
    Ok(proof)
}

/// Rows of a run that are not in the destination any more as they were written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// `Espace.Entity`.
    pub name: String,
    /// Its place in the plan.
    pub place: usize,
    /// How many rows.
    pub rows: u64,
    /// The first of them, with what is different.
    pub shown: Vec<Difference>,
    /// The keys of all of them that are there.
    #[serde(skip)]
    pub keys: Vec<Value>,
}

/// Looks for rows of a run that have changed since they were written. It reads only. `unfinished`:
/// the run has not come to its end, so references may still wait for the second pass. Without the
/// key of the masks, rows that hold one are told apart by the digest alone.
pub async fn changed(
    plan: &Plan,
    journal: &Mutex<Journal>,
    source: &dyn Source,
    destination: &dyn Source,
    unfinished: bool,
    mask_key: Option<&Secret>,
    mut progress: impl FnMut(ProofProgress) + Send,
) -> Result<Vec<Changed>> {
    let print = lock(journal).header()?.mask_key;
    let keys = mask::key_or_none(plan, print.as_deref(), mask_key);
    let source = &mask::as_masked(source, plan, keys) as &dyn Source;
    let mut maps = Maps::new(plan, &lock(journal))?;
    let entities = plan.entities.len();
    let mut all = Vec::new();
    let against = if unfinished { Against::Halfway } else { Against::End };
    for (place, entity) in plan.entities.iter().enumerate() {
        let job = Job { plan, place, journal, source, destination, sample: None, against };
        let mut tell = |rows, of| {
            progress(ProofProgress {
                entity: place,
                entities,
                name: entity.name.clone(),
                rows,
                of,
            });
        };
        let found = one(job, &mut maps, &mut tell)
            .await
            .map_err(|fault| fault.while_doing(format!("comparing {}", entity.name)))?;
        let rows = match found.differing.len() {
            0 => found.differences,
            rows => rows as u64,
        };
        if rows > 0 {
            let (name, shown, keys) = (entity.name.clone(), found.shown, found.differing);
            all.push(Changed { name, place, rows, shown, keys });
        }
    }
    Ok(all)
}

/// One entity and what it takes to prove it.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) plan: &'a Plan,
    pub(super) place: usize,
    journal: &'a Mutex<Journal>,
    pub(super) source: &'a dyn Source,
    pub(super) destination: &'a dyn Source,
    pub(super) sample: Option<u64>,
    pub(super) against: Against,
}

/// What rows of the destination are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Against {
    /// What they have to be.
    Plan,
    /// What a run left at its end, right or not.
    End,
    /// What a run left that has not come to its end: references may still wait for the second pass.
    Halfway,
}

impl<'a> Job<'a> {
    /// The entity.
    pub(super) fn entity(&self) -> &'a EntityPlan {
        &self.plan.entities[self.place]
    }

    /// Asks the journal, which is free again when this returns.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Journal) -> Result<T>) -> Result<T> {
        question(&lock(self.journal))
    }
}

/// Locks the journal for one question.
pub(super) fn lock(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The batches that a sample takes, evenly over all of them: as many as hold so many rows.
pub(super) fn chosen(batches: &[(i64, u64)], sample: Option<u64>) -> Vec<(i64, u64)> {
    let all: u64 = batches.iter().map(|(_, rows)| rows).sum();
    let Some(wanted) = sample.filter(|wanted| *wanted < all) else { return batches.to_vec() };
    let count = batches.len();
    let most = batches.iter().map(|(_, rows)| *rows).max().unwrap_or_default().max(1);
    // Fewer than this can never be enough.
    let mut take = usize::try_from(wanted / most).unwrap_or(count).clamp(1, count);
    loop {
        let picked: Vec<(i64, u64)> = if take == 1 {
            batches[..1].to_vec()
        } else {
            (0..take).map(|n| batches[n * (count - 1) / (take - 1)]).collect()
        };
        if take == count || picked.iter().map(|(_, rows)| rows).sum::<u64>() >= wanted {
            return picked;
        }
        take += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_even_and_takes_first_and_last() {
        let batches: Vec<(i64, u64)> = (1..=101).map(|id| (id, 10)).collect();
        let ids = |sample| -> Vec<i64> {
            chosen(&batches, sample).into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(ids(Some(30)), [1, 51, 101]);
        assert_eq!(ids(Some(21)), [1, 51, 101]);
        assert_eq!(ids(Some(20)), [1, 101]);
        assert_eq!(ids(Some(0)), [1]);
        assert_eq!(ids(None).len(), 101);
        assert_eq!(ids(Some(1_000_000)).len(), 101);
        assert_eq!(chosen(&[], Some(5)), []);
    }

    #[test]
    fn a_sample_of_uneven_batches_is_large_enough() {
        let batches: Vec<(i64, u64)> = (1..=50).map(|id| (id, id as u64)).collect();
        for wanted in [1, 10, 200, 900, 1274] {
            let rows: u64 = chosen(&batches, Some(wanted)).iter().map(|(_, rows)| rows).sum();
            assert!(rows >= wanted, "{rows} of {wanted}");
        }
    }
}
