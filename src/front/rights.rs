//! The scripts with which rights are asked for, and given back afterwards.

use std::path::{Path, PathBuf};

use super::refused;
use crate::database::{Destination, Result, Rights, Source};
use crate::migrate::{events_by_hand, rights_in_destination, rights_in_source, written_tables};
use crate::plan::Plan;
use crate::report::{RightsSide, rights_script};

/// Whose rights they are.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    /// The login that reads; whoever is signed in otherwise.
    pub source: Option<String>,
    /// The login that writes; whoever is signed in otherwise.
    pub destination: Option<String>,
    /// Whether an undo is to bring deleted rows back under their own ids.
    pub exact_undo: bool,
}

impl Logins {
    /// Those of a run: whoever is signed in. What they may alter was given to them for an exact undo,
    /// and is to be taken back with the rest.
    pub(super) async fn of_a_run(plan: &Plan, destination: &dyn Source) -> Self {
        let held = async {
            let tables = written_tables(plan, destination).await?;
            destination.rights(&tables).await
        };
        let may_alter = |rights: Vec<Rights>| rights.iter().any(|one| one.alter == Some(true));
        Self { exact_undo: held.await.is_ok_and(may_alter), ..Self::default() }
    }
}

/// A script and the one that takes back what it did.
#[derive(Clone, Debug)]
pub struct Scripts {
    /// Gives the rights.
    pub grant: String,
    /// Takes them away.
    pub revoke: String,
}

/// The scripts for both sides of a plan. Errs where neither side is a server.
pub async fn scripts(
    plan: &Plan,
    source: &dyn Source,
    destination: &dyn Source,
    logins: &Logins,
) -> Result<Scripts> {
    let login = |given: &Option<String>, side: &dyn Source| {
        given.clone().unwrap_or_else(|| side.facts().user.clone())
    };
    let reader = rights_in_source(plan, source, &login(&logins.source, source)).await?;
    let name = login(&logins.destination, destination);
    let writer = rights_in_destination(plan, destination, &name, logins.exact_undo).await?;
    let mut sides = Vec::new();
    for (database, request, what) in [
        (source, &reader, "reads, and is forbidden to write, whatever else allows it"),
        (destination, &writer, "reads, and writes the tables of the plan and no others"),
    ] {
        if let Some(script) = database.grants(request).await? {
            let (place, login) = (database.facts().place.clone(), request.login.clone());
            sides.push(RightsSide { place, login, what, script });
        }
    }
    if sides.is_empty() {
        return Err(refused("both sides are files: nobody is given rights there"));
    }
    let [grant, revoke] = rights_script(&plan.name, &plan.fingerprint, &sides);
    Ok(Scripts { grant, revoke })
}

/// Writes both as `rights.sql` and `revoke.sql` into a folder.
pub fn save(scripts: &Scripts, folder: &Path) -> Result<Vec<PathBuf>> {
    let scripts = [("rights.sql", &scripts.grant), ("revoke.sql", &scripts.revoke)];
    scripts.into_iter().map(|(name, text)| save_one(folder, name, text)).collect()
}

/// Writes the scripts with which a DBA empties event tables before a run and fills them after it,
/// where whoever runs it may not; no files where there is nothing to put away.
pub async fn save_events(
    plan: &Plan,
    destination: &dyn Destination,
    folder: &Path,
) -> Result<Vec<PathBuf>> {
    let scripts = events_by_hand(plan, destination).await?;
    let all = scripts.iter().flatten();
    all.map(|(name, text)| save_one(folder, name, text)).collect()
}

fn save_one(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let file = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, text))
        .map_err(|error| refused(format!("cannot write {}: {error}", file.display())))?;
    Ok(file)
}
