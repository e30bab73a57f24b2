//! `osferry rights`: the scripts that give exactly the rights that a plan needs, and take them back.

use std::path::PathBuf;

use super::RightsArguments;
use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::show;
use crate::front::rights::{self, Logins};

pub(super) async fn rights(arguments: &RightsArguments) -> Result<Exit, Trouble> {
    let saved = Saved::read(&arguments.plan)?;
    let (source, destination) = saved.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination_to_read(&destination).await?;
    let (source_model, destination_model) =
        road::models(source.as_ref(), destination.as_ref()).await?;
    let plan = road::planned(
        &saved,
        [source.as_ref(), destination.as_ref()],
        [&source_model, &destination_model],
        arguments.decide.is_some(),
    )
    .await?;
    let logins = Logins {
        source: arguments.source_login.clone(),
        destination: arguments.login.clone(),
        exact_undo: arguments.exact_undo,
    };
    let scripts = rights::scripts(&plan, source.as_ref(), destination.as_ref(), &logins).await?;
    let folder: PathBuf = arguments.dir.clone().unwrap_or_else(|| saved.folder.clone());
    let files = rights::save(&scripts, &folder)?;
    let shown: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    show::result(&shown.join("\n"));
    Ok(Exit::Done)
}
