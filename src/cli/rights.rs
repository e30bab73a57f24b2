//! `osferry rights`: the scripts that give exactly the rights that a plan needs, and take them back.

use std::path::PathBuf;

use super::RightsArguments;
use super::ending::{Exit, Trouble};
use super::road::{self, Both, Saved};
use super::show;
use crate::front::rights::{self, Logins};

pub(super) async fn rights(arguments: &RightsArguments) -> Result<Exit, Trouble> {
    let saved = Saved::read(&arguments.plan)?;
    let both = Both::open(&saved).await?;
    let environments = both.environments();
    let (plan, _) = road::planned(&saved, environments, arguments.decide.is_some()).await?;
    let logins = Logins {
        source: arguments.source_login.clone(),
        destination: arguments.login.clone(),
        exact_undo: arguments.exact_undo,
    };
    let scripts =
        rights::scripts(&plan, environments.source, environments.destination, &logins).await?;
    let folder: PathBuf = arguments.dir.clone().unwrap_or_else(|| saved.folder.clone());
    let mut files = rights::save(&scripts, &folder)?;
    let (_, destination) = saved.connections()?;
    let destination = road::destination(&destination).await?;
    files.extend(rights::save_events(&plan, destination.as_ref(), &folder).await?);
    let shown: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    show::result(&shown.join("\n"));
    Ok(Exit::Done)
}
