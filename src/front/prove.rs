//! A proof: made, signed with when and by whom, kept by the journal.

use std::sync::Mutex;

use super::carry::{clock, system_user};
use crate::database::{Fault, FaultKind, Result, Secret, Source};
use crate::migrate::journal::{Journal, Operator, Recorder, RunState, Stretch, StretchKind};
use crate::migrate::{Control, Gate, Pacing};
use crate::outsystems::Environment;
use crate::plan::{Plan, model_fingerprint};
use crate::proof::{Keep, Made, Proof, ProofOptions, ProofProgress, prove};

/// Both sides as they are read for a proof.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    /// Where the source's rows are read.
    pub source: &'a dyn Source,
    /// Where the destination's rows are read.
    pub destination: &'a dyn Source,
    /// The source's model as it is now.
    pub source_model: &'a Environment,
    /// The destination's model as it is now.
    pub destination_model: &'a Environment,
    /// The key of the masks, where one was given.
    pub mask_key: Option<&'a Secret>,
}

impl Sides<'_> {
    /// That a proof of all rows is kept entity by entity; it begins now.
    pub(super) fn keep(&self, recorder: &Recorder, afresh: bool) -> Keep {
        let models = [self.source_model, self.destination_model].map(model_fingerprint);
        Keep { begun: clock(), models, afresh, recorder: recorder.clone() }
    }
}

/// The gate through which a proof reads its source: as the plan says, or as was chosen since. Its
/// changes are told, and go to the run's story where one is kept.
pub(super) fn gate(
    plan: &Plan,
    control: &Control,
    story: Option<Recorder>,
    shown: impl Fn(&Pacing) + Send + Sync + 'static,
) -> Gate {
    let pace = control.pace().unwrap_or(plan.options.source_pace);
    let told = move |pacing: &Pacing| {
        shown(pacing);
        match &story {
            Some(recorder) => recorder.event(&clock(), &pacing.said),
            None => Ok(()),
        }
    };
    Gate::new(plan.options.source_connections, pace, control.of_reading(), Box::new(told))
}

/// Proves a run and says in the proof when, where and by whom it was made.
pub(super) async fn signed(
    plan: &Plan,
    journal: &Mutex<Journal>,
    sides: Sides<'_>,
    gate: &Gate,
    options: ProofOptions,
    progress: impl FnMut(ProofProgress) + Send,
) -> Result<Proof> {
    let begun = clock();
    let Sides { source, destination, source_model, destination_model, .. } = sides;
    source.keep_to(plan.options.source_connections);
    let gently = gate.over(source);
    let mut proof = prove(plan, journal, &gently, destination, options, progress).await?;
    let (ours, theirs) = (source.facts(), destination.facts());
    proof.made = Some(Made {
        begun,
        ended: clock(),
        system_user: system_user(),
        source_sign_in: ours.user.clone(),
        destination_sign_in: theirs.user.clone(),
        source: ours.place.clone(),
        destination: theirs.place.clone(),
        source_fingerprint: model_fingerprint(source_model),
        destination_fingerprint: model_fingerprint(destination_model),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    });
    Ok(proof)
}

/// Has the journal keep the result of a proof of all rows.
pub(super) async fn keep_proof(recorder: &Recorder, proof: &Proof) -> Result<()> {
    let state = if proof.holds() { RunState::Proved } else { RunState::Disproved };
    let text = serde_json::to_string(proof)
        .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
    let at = clock();
    if let Some(made) = &proof.made {
        let operator = Operator {
            system_user: made.system_user.clone(),
            sign_in: made.destination_sign_in.clone(),
            confirmed: String::new(),
        };
        recorder.stretch(Stretch::new(StretchKind::Proof, made.begun.clone(), operator)).await?;
    }
    recorder.set_proof(text).await?;
    recorder.event(&at, state.label())?;
    recorder.set_state(state, Some(at)).await
}
