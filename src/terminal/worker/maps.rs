//! Maps written for the person, and taken in again.

use super::Reporter;
use super::desk::Desk;
use crate::database::Result;
use crate::front::{Home, find_maps, review, take_maps, write_maps};
use crate::plan::{Decisions, ScopeRequest};
use crate::wizard::message::{Fact, MapsAt};

/// Writes the maps into a folder of their own beside the drafts.
pub(super) async fn write(
    home: &Home,
    desk: &Desk,
    name: &str,
    scope: &ScopeRequest,
    mut decisions: Decisions,
    to: &Reporter,
) -> Result<()> {
    let sides = desk.sides().await?;
    let environments = sides.environments();
    let mut answers = desk.answers.lock().await;
    let reviewed = review(environments, scope, &mut decisions, &mut answers, false, |_| {}).await?;
    drop(answers);
    let folder = home.free_maps_folder(name);
    let written = write_maps(
        &folder,
        &reviewed.comparison,
        &decisions,
        environments.source_model,
        environments.destination_model,
    )?;
    let names = written.iter().filter_map(|path| path.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned()).collect();
    to.tell(Fact::MapsWritten(folder, names));
    Ok(())
}

/// Reads maps, and finds out whether they can be obeyed.
pub(super) async fn read(
    desk: &Desk,
    which: &MapsAt,
    scope: &ScopeRequest,
    decisions: &Decisions,
    to: &Reporter,
) -> Result<()> {
    let (files, is_named) = match which {
        MapsAt::Path(path) => (find_maps(path)?, false),
        MapsAt::Named(files) => (files.clone(), true),
    };
    let sides = desk.sides().await?;
    let mut answers = desk.answers.lock().await;
    let read =
        take_maps(sides.environments(), &files, is_named, scope, decisions, &mut answers).await?;
    to.tell(Fact::MapsRead(read));
    Ok(())
}
