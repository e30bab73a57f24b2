//! `osferry restore`: a restored platform database compared with the one that it was.

use std::path::{Path, PathBuf};

use super::ending::{Exit, Trouble};
use super::road::plan_text;
use super::secrets::secret;
use super::{RestoreArguments, show};
use crate::front::Home;
use crate::front::checklists::Checklist;
use crate::front::dry_run::{DryScript, reading_script, save_scripts, script_beside};
use crate::front::restore::{RESTORE, Restore, check_not_too_late, tick};
use crate::outsystems::Side;
use crate::plan::RestoreFile;
use crate::procedures::{Compared, ToCompare};

pub(super) async fn restore(home: &Home, arguments: &RestoreArguments) -> Result<Exit, Trouble> {
    let (file, folder) = read(&arguments.plan)?;
    let mut checklist = Checklist::open(home, RESTORE, &arguments.label)?;
    check_not_too_late(&checklist)?;
    let restore = with_secrets(&file, &folder)?;
    if arguments.dry_run {
        return dry_run(&restore, arguments).await;
    }
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

/// The plan, and the folder that relative paths in it start from.
pub(super) fn read(plan: &Path) -> Result<(RestoreFile, PathBuf), Trouble> {
    let (path, text, folder) = plan_text(plan)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = RestoreFile::parse(&text, &name).map_err(|error| {
        Trouble::refused(format!("the plan {} cannot be used: {error}", plan.display()))
    })?;
    Ok((file, folder))
}

/// Its databases, with what their sign-in needs.
pub(super) fn with_secrets<'a>(
    file: &'a RestoreFile,
    folder: &'a Path,
) -> Result<Restore<'a>, Trouble> {
    Ok(Restore {
        folder,
        old_secret: secret(Side::Source, &file.old)?,
        new_secret: secret(Side::Destination, &file.new)?,
        file,
    })
}

/// Says what would be compared, and writes the statements down.
async fn dry_run(restore: &Restore<'_>, arguments: &RestoreArguments) -> Result<Exit, Trouble> {
    let all = restore.foresee().await?;
    if arguments.json {
        let json = serde_json::to_string_pretty(&all)
            .map_err(|error| Trouble::refused(error.to_string()))?;
        show::result(&json);
    } else {
        let lines: Vec<String> = all.iter().map(ToCompare::lines).collect();
        show::result(&lines.join("\n\n"));
    }
    let file = arguments.script.clone().unwrap_or_else(|| script_beside(&arguments.plan));
    let script = DryScript { text: reading_script(&all), file };
    show::say(&format!("script: {}", script.file.display()));
    Ok(save_scripts(&[script]).map(|()| Exit::Done)?)
}
