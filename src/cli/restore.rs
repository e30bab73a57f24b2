//! `osferry restore`: a restored platform database compared with the one that it was.

use super::ending::{Exit, Trouble};
use super::road::plan_text;
use super::secrets::secret;
use super::{RestoreArguments, show};
use crate::front::Home;
use crate::front::checklists::Checklist;
use crate::front::restore::{RESTORE, Restore, check_not_too_late, tick};
use crate::outsystems::Side;
use crate::plan::RestoreFile;
use crate::procedures::Compared;

pub(super) async fn restore(home: &Home, arguments: &RestoreArguments) -> Result<Exit, Trouble> {
    let shown = arguments.plan.display();
    let (path, text, folder) = plan_text(&arguments.plan)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = RestoreFile::parse(&text, &name)
        .map_err(|error| Trouble::refused(format!("the plan {shown} cannot be used: {error}")))?;
    let mut checklist = Checklist::open(home, RESTORE, &arguments.label)?;
    check_not_too_late(&checklist)?;
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
    match tick(&mut checklist, &compared)? {
        None => Ok(Exit::WithRejects),
        Some(report) => {
            show::say(&format!("ticked in {}", report.display()));
            Ok(Exit::Done)
        }
    }
}
