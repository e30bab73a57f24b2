//! `osferry verify`: the proof of an earlier run, made again.

use std::sync::Mutex;

use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::secrets::key_of_masks;
use super::{VerifyArguments, run, show};
use crate::front::cleanup::check_migration;
use crate::front::verify::{self, Again, Verified};
use crate::front::{Home, Sides};
use crate::migrate::Pacing;

pub(super) async fn verify(home: &Home, arguments: &VerifyArguments) -> Result<Exit, Trouble> {
    let (known, journal) = home.run(&arguments.run)?;
    check_migration(&journal, "has no proof but its last look")?;
    verify::check_written(&known, &journal)?;
    let header = journal.header()?;
    let saved = Saved::of_run(&header)?;
    let (source, destination) = saved.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination_to_read(&destination).await?;
    let (source_model, destination_model) =
        road::models(source.as_ref(), destination.as_ref()).await?;
    for change in verify::model_changes(&header, &source_model, &destination_model) {
        show::say(&format!("note: {change}"));
    }
    let mask_key = key_of_masks(&journal.plan()?)?;
    let sides = Sides {
        source: source.as_ref(),
        destination: destination.as_ref(),
        source_model: &source_model,
        destination_model: &destination_model,
        mask_key: mask_key.as_ref(),
    };
    let again = Again::open(&known, sides, arguments.sample, arguments.afresh)?;
    let journal = Mutex::new(journal);
    if let Some(words) = again.goes_on(&journal)? {
        show::say(&format!("note: {words}"));
    }
    let shown = show::ProofShown::new();
    let pacing = |pacing: &Pacing| show::say(&format!("  {}", pacing.said));
    let verified = again.verify(journal, pacing, |now| shown.look(&now)).await?;
    drop(shown);
    let proof = match verified {
        Verified::Whole(carried) => return run::finish(*carried, arguments.json),
        Verified::Sample(proof) => proof,
    };
    if arguments.json {
        let json = serde_json::to_string_pretty(proof.as_ref())
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&json);
    } else {
        show::result(&crate::report::sample_summary(&header, &proof));
    }
    Ok(if proof.holds() { Exit::Done } else { Exit::Failed })
}
