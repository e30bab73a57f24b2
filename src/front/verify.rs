//! The proof of an earlier run, made again.

use std::sync::{Mutex, PoisonError};

use super::carry::{Carried, reported};
use super::home::KnownRun;
use super::prove::{Sides, gate, keep_proof, signed};
use super::{refused, way_back};
use crate::database::Result;
use crate::migrate::journal::{Journal, Recorder, RunHeader, RunState};
use crate::migrate::{Away, Controller, Pacing};
use crate::outsystems::{Environment, Side};
use crate::plan::model_fingerprint;
use crate::proof::{Keep, Proof, ProofOptions, ProofProgress, interrupted};
use crate::report::counted;

/// What a proof that was made again has shown.
#[derive(Debug)]
pub enum Verified {
    /// All rows were compared: the journal keeps the result, and the report is new.
    Whole(Box<Carried>),
    /// Some rows were compared. That says less than the proof of all rows that the journal may
    /// already have, so nothing is kept.
    Sample(Box<Proof>),
}

/// Refuses a run that has not written everything.
pub fn check_written(known: &KnownRun, journal: &Journal) -> Result<()> {
    let state = journal.state()?;
    if matches!(state, RunState::Written | RunState::Proved | RunState::Disproved) {
        return Ok(());
    }
    if matches!(state, RunState::Undoing | RunState::Undone | RunState::UndoneInPart) {
        return Err(refused(format!(
            "run {} is {}, so there is nothing to prove any more",
            known.id,
            state.label()
        )));
    }
    let fault = refused(format!(
        "run {} has not written everything ({}), so there is nothing whole to prove",
        known.id,
        state.label()
    ));
    Err(match Away::read(journal, &journal.plan()?)? {
        Some(away) => fault.advise(away.words(&known.id)),
        None => fault,
    })
}

/// Which models are other ones than at the run, a sentence for each.
#[must_use]
pub fn model_changes(
    header: &RunHeader,
    source_model: &Environment,
    destination_model: &Environment,
) -> Vec<String> {
    [
        (Side::Source, source_model, &header.source_fingerprint),
        (Side::Destination, destination_model, &header.destination_fingerprint),
    ]
    .into_iter()
    .filter_map(|(side, model, then)| {
        let now = model_fingerprint(model);
        (now != *then).then(|| {
            format!(
                "the {side}'s model is another one than at the run ({then} then, {now} now); what \
                 was published since may show as differences"
            )
        })
    })
    .collect()
}

/// A proof to be made again.
pub struct Again<'a> {
    /// The run.
    known: &'a KnownRun,
    /// Both databases, to be read only.
    sides: Sides<'a>,
    /// About so many rows of each entity; `None`: all.
    sample: Option<u64>,
    /// Whether what an interrupted proof has found is to be forgotten.
    afresh: bool,
    /// Where what is found is kept; a sample keeps nothing.
    recorder: Option<Recorder>,
}

impl<'a> Again<'a> {
    /// Opens the journal of the run to keep what is found, unless only a sample is compared.
    pub fn open(
        known: &'a KnownRun,
        sides: Sides<'a>,
        sample: Option<u64>,
        afresh: bool,
    ) -> Result<Self> {
        let recorder = match sample {
            Some(_) => {
                Journal::open(&known.folder)?.check()?;
                None
            }
            None => Some(Recorder::open(&known.folder)?),
        };
        Ok(Self { known, sides, sample, afresh, recorder })
    }

    fn keep(&self) -> Option<Keep> {
        self.recorder.as_ref().map(|recorder| self.sides.keep(recorder, self.afresh))
    }

    /// What is taken over from a proof that was interrupted, in a sentence; `None` where nothing
    /// is.
    pub fn goes_on(&self, journal: &Mutex<Journal>) -> Result<Option<String>> {
        let Some(keep) = self.keep() else { return Ok(None) };
        let plan = journal.lock().unwrap_or_else(PoisonError::into_inner).plan()?;
        let taken = interrupted(&plan, journal, &keep)?;
        Ok(taken.map(|taken| {
            format!(
                "the proof that began at {} was interrupted; it goes on, and takes over what was \
                 found for {} of {}. --afresh starts anew.",
                taken.begun,
                taken.entities,
                counted(plan.entities.len() as u64, "entity", "entities"),
            )
        }))
    }

    /// Proves the run again. It only reads the databases, the source as gently as the plan says;
    /// whenever that changes, it is `shown`.
    pub async fn verify(
        &self,
        journal: Mutex<Journal>,
        shown: impl Fn(&Pacing) + Send + Sync + 'static,
        progress: impl FnMut(ProofProgress) + Send,
    ) -> Result<Verified> {
        let plan = journal.lock().unwrap_or_else(PoisonError::into_inner).plan()?;
        let options = ProofOptions {
            sample: self.sample,
            keep: self.keep(),
            mask_key: self.sides.mask_key.cloned(),
        };
        // Nobody chooses another pace: a command takes no keys.
        let (_, control) = Controller::new();
        let gate = gate(&plan, &control, self.recorder.clone(), shown);
        let proof = signed(&plan, &journal, self.sides, &gate, options, progress).await?;
        let Some(recorder) = &self.recorder else {
            return Ok(Verified::Sample(Box::new(proof)));
        };
        keep_proof(recorder, &proof).await?;
        let Sides { destination, destination_model: model, .. } = self.sides;
        way_back::keep(recorder, &plan, destination, model, &self.known.folder).await?;
        let carried = reported(self.known.id.clone(), self.known.folder.clone());
        Ok(Verified::Whole(Box::new(carried)))
    }
}
