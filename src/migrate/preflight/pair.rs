//! Whether these two may be source and destination.

use crate::database::{Fault, FaultKind, Result, same_name};
use crate::outsystems::{Environment, Key};
use crate::plan::Purpose;

/// Refuses a destination that is, or may be, Production: known before anything is opened.
pub fn check_purpose(purpose: Option<Purpose>) -> Result<()> {
    match purpose {
        Some(Purpose::NonProduction | Purpose::Development) => Ok(()),
        Some(Purpose::Production) => Err(Fault::new(
            FaultKind::Invalid,
            "the destination is declared Production (purpose = \"production\"), which is never \
             written",
        )
        .advise("Choose a non-production environment as destination.")),
        None => {
            Err(Fault::new(FaultKind::Invalid, "the plan does not say what the destination is for")
                .advise("Set purpose = \"non-production\" or \"development\" under [destination]."))
        }
    }
}

/// Refuses a destination that is, or may be, Production or the source itself
/// (`design.md` decision 14).
pub fn check_pair(
    source: &Environment,
    destination: &Environment,
    purpose: Option<Purpose>,
) -> Result<Vec<String>> {
    check_purpose(purpose)?;
    if source.facts.identity.is_same(&destination.facts.identity) {
        return Err(Fault::new(
            FaultKind::Invalid,
            format!("source and destination are the same database: {}", source.facts.place),
        )
        .advise("Check server and database of both sides."));
    }
    let mut warnings = Vec::new();
    if are_copies(source, destination) {
        if !source.servers.is_empty() && source.servers == destination.servers {
            return Err(Fault::new(
                FaultKind::Invalid,
                "the destination is a clone of the source that still has the source's front-end \
                 servers registered",
            )
            .advise("Clean the clone up first, or check that these are two environments."));
        }
        warnings.push(
            "both sides have the same ids and keys: the destination looks like a clone of the source"
                .to_owned(),
        );
    }
    Ok(warnings)
}

/// Whether they have the same ids and keys of espaces and entities, as a database and its clone have.
fn are_copies(source: &Environment, destination: &Environment) -> bool {
    fn espaces(of: &Environment) -> impl Iterator<Item = (i64, &Key)> {
        of.espaces.iter().map(|espace| (espace.id, &espace.key))
    }
    let entities = source.entities.iter().zip(&destination.entities);
    espaces(source).eq(espaces(destination))
        && source.entities.len() == destination.entities.len()
        && entities.into_iter().all(|(ours, theirs)| {
            (ours.id, &ours.key) == (theirs.id, &theirs.key)
                && same_name(&ours.table.name, &theirs.table.name)
        })
}
