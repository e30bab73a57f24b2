//! The proof of an earlier run, made again.

use std::sync::Mutex;

use super::carry::{Carried, keep_proof, reported};
use super::home::KnownRun;
use super::refused;
use crate::database::{Result, Source};
use crate::migrate::journal::{Journal, RunHeader, RunState};
use crate::outsystems::{Environment, Side};
use crate::plan::model_fingerprint;
use crate::proof::{Proof, ProofOptions, ProofProgress, prove};

/// What a proof that was made again has shown.
#[derive(Debug)]
pub enum Verified {
    /// All rows were compared: the journal keeps the result, and the report is new.
    Whole(Box<Carried>),
    /// Some rows were compared. That says less than the proof of all rows that the journal may
    /// already have, so nothing is kept.
    Sample(Proof),
}

/// Refuses a run that has not written everything.
pub fn check_written(known: &KnownRun, journal: &Journal) -> Result<()> {
    let state = journal.state()?;
    if matches!(state, RunState::Written | RunState::Proved | RunState::Disproved) {
        return Ok(());
    }
    Err(refused(format!(
        "run {} has not written everything ({}), so there is nothing whole to prove",
        known.id,
        state.label()
    )))
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

/// Proves a run again, all rows or about so many of each entity. It only reads the databases.
pub async fn verify(
    known: &KnownRun,
    journal: Journal,
    source: &dyn Source,
    destination: &dyn Source,
    sample: Option<u64>,
    progress: impl FnMut(ProofProgress) + Send,
) -> Result<Verified> {
    let plan = journal.plan()?;
    let journal = Mutex::new(journal);
    let options = ProofOptions { sample };
    let proof = prove(&plan, &journal, source, destination, options, progress).await?;
    if sample.is_some() {
        return Ok(Verified::Sample(proof));
    }
    drop(journal);
    keep_proof(&known.folder, &proof).await?;
    let carried = reported(known.id.clone(), known.folder.clone());
    Ok(Verified::Whole(Box::new(carried)))
}
