//! `osferry forget`: the rows kept for the undo of a run, deleted.

use super::ending::{Exit, Trouble};
use super::{ForgetArguments, show};
use crate::database::same_name;
use crate::front::{self, Home};
use crate::migrate::undo::PutBackScript;
use crate::report::counted;

pub(super) async fn forget(home: &Home, arguments: &ForgetArguments) -> Result<Exit, Trouble> {
    let known = home.known(&arguments.run)?;
    let kept = front::forget::kept(&known)?;
    let bytes = counted(kept.bytes, "byte", "bytes");
    let what = match kept.script {
        true => format!("before-images and {}, together {bytes},", PutBackScript::FILE),
        false => format!("before-images of {bytes}"),
    };
    let Some(confirm) = &arguments.confirm else {
        show::result(&format!(
            "Run {}: {what} would be deleted. Afterwards an undo takes out what \
             the run wrote, and what it deleted or changed does not come back.",
            known.id
        ));
        return Ok(Exit::Done);
    };
    if !same_name(confirm, &kept.destination_database) {
        return Err(Trouble::refused(format!(
            "--confirm {confirm:?} is not the destination's name\n  The run wrote to {:?}. Nothing \
             was deleted.",
            kept.destination_database
        )));
    }
    front::forget::forget(&known, confirm).await?;
    show::result(&format!(
        "Run {}: {what} are deleted. An undo takes out what the run wrote; what \
         it deleted or changed comes back from a backup only.",
        known.id
    ));
    Ok(Exit::Done)
}
