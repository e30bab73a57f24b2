//! `osferry verify`: the proof of an earlier run, made again.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::ending::{Exit, Trouble};
use super::home::Home;
use super::road::{self, Saved};
use super::{VerifyArguments, run, show};
use crate::migrate::journal::RunState;
use crate::plan::model_fingerprint;
use crate::proof::{ProofOptions, prove};

pub(super) async fn verify(home: &Home, arguments: &VerifyArguments) -> Result<Exit, Trouble> {
    let (known, journal) = home.run(&arguments.run)?;
    let state = journal.state()?;
    if !matches!(state, RunState::Written | RunState::Proved | RunState::Disproved) {
        return Err(Trouble::refused(format!(
            "run {} has not written everything ({}), so there is nothing whole to prove",
            known.id,
            state.label()
        )));
    }
    let header = journal.header()?;
    let plan = journal.plan()?;
    let saved = Saved::parse(
        header.plan_text.clone(),
        PathBuf::from(&header.plan_file),
        header.folder.clone(),
    )?;
    let (source, destination) = saved.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination_to_read(&destination).await?;
    let (source_model, destination_model) =
        road::models(source.as_ref(), destination.as_ref()).await?;
    for (side, model, then) in [
        ("source", &source_model, &header.source_fingerprint),
        ("destination", &destination_model, &header.destination_fingerprint),
    ] {
        let now = model_fingerprint(model);
        if now != *then {
            show::say(&format!(
                "note: the {side}'s model is another one than at the run ({then} then, {now} now); \
                 what was published since may show as differences"
            ));
        }
    }
    let journal = Mutex::new(journal);
    let shown = show::ProofShown::new();
    let options = ProofOptions { sample: arguments.sample };
    let proof = prove(&plan, &journal, source.as_ref(), destination.as_ref(), options, |now| {
        shown.look(&now);
    })
    .await?;
    drop(shown);
    // A sample says less than the proof of all rows that the journal may already have.
    if arguments.sample.is_none() {
        run::keep_proof(&journal, &proof)?;
        let journal = journal.into_inner().unwrap_or_else(PoisonError::into_inner);
        return run::finish(&journal, &known.folder, arguments.json);
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&proof)
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&json);
    } else {
        show::result(&crate::report::proof_summary(&proof));
    }
    Ok(if proof.holds() { Exit::Done } else { Exit::Failed })
}
