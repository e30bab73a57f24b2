//! What is checked before the first write.

use super::{looked_up, reading};
use crate::database::{Destination, Fault, FaultKind, Result, Source, TableName};
use crate::outsystems::Environment;
use crate::plan::{ExistingPlan, OutsideFate, PersonFate, Plan, Purpose, platform_fingerprint};

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
    if platform_fingerprint(source) == platform_fingerprint(destination) {
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

/// Refuses a destination that cannot be written as the plan needs.
pub async fn check_destination(
    plan: &Plan,
    source: &dyn Source,
    destination: &dyn Destination,
) -> Result<()> {
    if destination.facts().read_only {
        return Err(Fault::new(
            FaultKind::Permission,
            format!("{} can only be read at present", destination.facts().place),
        )
        .advise("A snapshot or a readable secondary cannot be a destination."));
    }
    let tables: Vec<TableName> =
        plan.entities.iter().map(|entity| entity.source_table.clone()).collect();
    let rights = source.rights(&tables).await?;
    let denied: Vec<String> = tables
        .iter()
        .zip(&rights)
        .filter(|(_, rights)| rights.select == Some(false))
        .map(|(table, _)| table.to_string())
        .collect();
    if !denied.is_empty() {
        return Err(missing("SELECT", "the source", &denied, "db_datareader"));
    }
    reading::check(plan, source).await?;
    let mut tables: Vec<(TableName, bool, bool)> = plan
        .entities
        .iter()
        .enumerate()
        .map(|(place, entity)| {
            let deletes = matches!(entity.existing, ExistingPlan::Replace { rows, .. } if rows > 0);
            let updates = entity.columns.iter().any(|column| {
                matches!(&column.rule, crate::plan::Rule::Reference(rule) if rule.is_deferred)
            }) || plan.cleared.iter().any(|(cleared, _)| *cleared == place);
            (entity.destination_table.clone(), deletes, updates)
        })
        .collect();
    let creates = |people: &[crate::plan::PersonPlan]| {
        people.iter().any(|person| matches!(person.fate, PersonFate::Create { .. }))
    };
    for (table, needed) in [
        ("OSSYS_USER", creates(&plan.users)),
        ("OSSYS_GROUP", creates(&plan.groups)),
        ("OSSYS_USER_ROLE", !plan.links.user_roles.is_empty()),
        ("OSSYS_GROUP_ROLE", !plan.links.group_roles.is_empty()),
        ("OSSYS_GROUP_USER", !plan.links.group_users.is_empty()),
    ] {
        if needed {
            tables.push((TableName::new(table), false, false));
        }
    }
    let names: Vec<TableName> = tables.iter().map(|(table, _, _)| table.clone()).collect();
    let rights = destination.rights(&names).await?;
    for (right, needed) in [("INSERT", 0), ("DELETE", 1), ("UPDATE", 2)] {
        let denied: Vec<String> = tables
            .iter()
            .zip(&rights)
            .filter(|((_, deletes, updates), rights)| match needed {
                0 => rights.insert == Some(false),
                1 => *deletes && rights.delete == Some(false),
                _ => *updates && rights.update == Some(false),
            })
            .map(|((table, _, _), _)| table.to_string())
            .collect();
        if !denied.is_empty() {
            return Err(missing(right, "the destination", &denied, "db_datawriter"));
        }
    }
    looked_up::check(plan, destination).await?;
    check_outside(plan, destination).await
}

/// Refuses where the plan may not do what it does to rows that hang on those it deletes.
async fn check_outside(plan: &Plan, destination: &dyn Destination) -> Result<()> {
    let tables: Vec<TableName> = plan.outside.iter().map(|one| one.table.clone()).collect();
    let rights = destination.rights(&tables).await?;
    for (outside, rights) in plan.outside.iter().zip(rights) {
        let (right, has) = match outside.fate {
            OutsideFate::Deleted => ("DELETE", rights.delete),
            OutsideFate::Emptied(_) => ("UPDATE", rights.update),
        };
        if has == Some(false) {
            let table = [outside.table.to_string()];
            return Err(missing(right, "the destination", &table, "db_datawriter"));
        }
    }
    Ok(())
}

fn missing(right: &str, side: &str, tables: &[String], role: &str) -> Fault {
    let shown = tables.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    let more =
        if tables.len() > 5 { format!(" and {} more", tables.len() - 5) } else { String::new() };
    Fault::new(FaultKind::Permission, format!("no right to {right} in {side} on {shown}{more}"))
        .advise(format!("Ask for {role}; no other right is needed."))
}
