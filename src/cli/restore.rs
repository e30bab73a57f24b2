//! `osferry restore`: a restored platform database compared with the one that it was.

use super::ending::{Exit, Trouble};
use super::road::plan_text;
use super::secrets::secret;
use super::{RestoreArguments, show};
use crate::front::Home;
use crate::front::checklists::{Checklist, Said};
use crate::front::restore::Restore;
use crate::outsystems::Side;
use crate::plan::RestoreFile;
use crate::procedures::Compared;

/// The procedure whose checklist goes with it, and its step.
const PROCEDURE: &str = "restore";
const STEP: &str = "compare";
/// From this step on a comparison says nothing of the restore.
const TOO_LATE: &str = "open-tool";

pub(super) async fn restore(home: &Home, arguments: &RestoreArguments) -> Result<Exit, Trouble> {
    let shown = arguments.plan.display();
    let (path, text, folder) = plan_text(&arguments.plan)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = RestoreFile::parse(&text, &name)
        .map_err(|error| Trouble::refused(format!("the plan {shown} cannot be used: {error}")))?;
    let mut checklist = Checklist::open(home, PROCEDURE, &arguments.label)?;
    let is_step = |name: &&String| name.split('@').next() == Some(TOO_LATE);
    if let Some(step) = checklist.walk.marks.keys().find(is_step) {
        return Err(Trouble::refused(format!(
            "the checklist says that an application server is pointed over already ({step})\n  What \
             differs now says nothing of the restore, so nothing was compared."
        )));
    }
    let restore = Restore {
        folder: &folder,
        old_secret: secret(Side::Source, &file.old)?,
        new_secret: secret(Side::Destination, &file.new)?,
        file: &file,
    };
    let compared = restore.compare(|table| show::say(&format!("comparing {table}"))).await?;
    if arguments.json {
        let json = serde_json::to_string_pretty(&compared)
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&json);
    } else {
        let lines: Vec<String> = compared.iter().map(Compared::lines).collect();
        show::result(&lines.join("\n\n"));
    }
    if !compared.iter().all(Compared::is_intact) {
        return Ok(Exit::WithRejects);
    }
    let rows: u64 = compared.iter().map(|one| one.rows).sum();
    let note = format!("{} databases, {rows} rows: intact", compared.len());
    checklist.say(STEP, Said::Done, &note)?;
    let report = checklist.save()?;
    show::say(&format!("ticked in {}", report.display()));
    Ok(Exit::Done)
}
