//! Before-images deleted, and the script that an undo made of them: nobody wants the undo of a run
//! to be exact any more.

use super::carry::{clock, reported, system_user};
use super::home::KnownRun;
use super::{refused, way_back};
use crate::database::Result;
use crate::migrate::journal::{
    Images, Journal, Operator, Recorder, RunState, Stretch, StretchKind,
};
use crate::migrate::undo::PutBackScript;

/// Rows as they were that may be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptImages {
    /// What they take on disk, as before-images and as script.
    pub bytes: u64,
    /// Whether there is a script.
    pub script: bool,
    /// The name of the database whose rows they are.
    pub destination_database: String,
}

/// The before-images of a run. Refused where there are none, and while the run or its undo is not
/// at its end: going on needs them.
pub fn kept(known: &KnownRun) -> Result<KeptImages> {
    let journal = Journal::open(&known.folder)?;
    let state = journal.state()?;
    if matches!(state, RunState::Running | RunState::Stopped | RunState::Failed | RunState::Undoing)
    {
        return Err(refused(format!(
            "run {} is not at its end ({}), and may need its before-images",
            known.id,
            state.label()
        ))
        .advise("Nothing was deleted. `osferry resume` or `osferry undo` brings it to its end."));
    }
    let script = PutBackScript::size(&known.folder);
    if !Images::are_there(&known.folder) && script == 0 {
        return Err(refused(format!("run {} has no before-images", known.id)));
    }
    Ok(KeptImages {
        bytes: Images::size(&known.folder) + script,
        script: script > 0,
        destination_database: journal.header()?.destination_database,
    })
}

/// Deletes the before-images of a run for good, with the script made of them, and notes who did.
pub async fn forget(known: &KnownRun, confirmed: &str) -> Result<()> {
    // Nobody else writes the journal while this is open.
    let recorder = Recorder::open(&known.folder)?;
    let kept = kept(known)?;
    let operator = Operator {
        system_user: system_user(),
        sign_in: String::new(),
        confirmed: confirmed.to_owned(),
    };
    recorder.stretch(Stretch::new(StretchKind::Forget, clock(), operator)).await?;
    PutBackScript::delete(&known.folder)?;
    Images::delete(&known.folder)?;
    recorder.event(&clock(), &format!("before-images deleted: {} bytes", kept.bytes))?;
    way_back::images_gone(&recorder).await?;
    drop(recorder);
    if Journal::open(&known.folder)?.header()?.procedure.is_some() {
        return Ok(());
    }
    // That the report could not be made anew leaves the old one.
    drop(reported(known.id.clone(), known.folder.clone()));
    Ok(())
}
