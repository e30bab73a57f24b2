//! Whether whoever is signed in may do what the plan needs, and what to ask for where not.

use super::super::marker::MARKER_TABLE;
use super::super::{looked_up, reading};
use super::{NAMED, listed};
use crate::database::{
    ColumnType, Destination, Fault, FaultKind, GrantRequest, Result, Right, Rights, Source,
    TableName, TableShape,
};
use crate::plan::{
    EntityPlan, ExistingPlan, IdentifierPlan, OutsideFate, PersonFate, PersonPlan, Plan, Rule,
};

/// A table that a plan writes.
pub(super) struct Written {
    pub(super) table: TableName,
    /// Whether it is of an entity of the plan; else of the platform.
    pub(super) is_entity: bool,
    /// Whether the run deletes rows there, or sets columns of rows that are there.
    pub(super) needs: Vec<Right>,
    /// Rows that the run adds at most.
    pub(super) rows: u64,
}

/// Whether the run gives the ids of an entity's rows itself.
fn gives_ids(plan: &Plan, entity: &EntityPlan) -> bool {
    plan.options.identity_ranges && matches!(entity.identifier, IdentifierPlan::Generated { .. })
}

/// Every table that a plan writes.
pub(super) fn written(plan: &Plan) -> Vec<Written> {
    let entities = plan.entities.iter().enumerate().map(|(place, entity)| {
        let mut needs = vec![Right::Insert];
        let is_deferred = entity
            .columns
            .iter()
            .any(|column| matches!(&column.rule, Rule::Reference(rule) if rule.is_deferred));
        let changes = !entity.existing.sets().is_empty();
        if is_deferred || changes || plan.cleared.iter().any(|(cleared, _)| *cleared == place) {
            needs.push(Right::Update);
        }
        if matches!(entity.existing, ExistingPlan::Replace { rows, .. } if rows > 0) {
            needs.push(Right::Delete);
        }
        if gives_ids(plan, entity) {
            needs.push(Right::Alter);
        }
        let table = entity.destination_table.clone();
        Written { table, is_entity: true, needs, rows: entity.source_rows }
    });
    let created = |people: &[PersonPlan]| {
        let is_new = |person: &&PersonPlan| matches!(person.fate, PersonFate::Create { .. });
        people.iter().filter(is_new).count()
    };
    let updates = plan.users.iter().any(|user| user.fate.is_update());
    let updated = updates.then(|| Written {
        table: TableName::new("OSSYS_USER"),
        is_entity: false,
        needs: vec![Right::Update],
        rows: 0,
    });
    let people = [
        ("OSSYS_USER", created(&plan.users)),
        ("OSSYS_GROUP", created(&plan.groups)),
        ("OSSYS_USER_ROLE", plan.links.user_roles.len()),
        ("OSSYS_GROUP_ROLE", plan.links.group_roles.len()),
        ("OSSYS_GROUP_USER", plan.links.group_users.len()),
    ];
    let people = people.into_iter().filter(|(_, rows)| *rows > 0).map(|(table, rows)| Written {
        table: TableName::new(table),
        is_entity: false,
        needs: vec![Right::Insert],
        rows: rows as u64,
    });
    let outside = plan.outside.iter().map(|outside| Written {
        table: outside.table.clone(),
        is_entity: true,
        needs: vec![match outside.fate {
            OutsideFate::Deleted => Right::Delete,
            OutsideFate::Emptied(_) => Right::Update,
        }],
        rows: 0,
    });
    entities.chain(outside).chain(people).chain(updated).collect()
}

/// Every table that a run of the plan writes to; some of them more than once.
pub(in crate::migrate) fn every_written(plan: &Plan) -> impl Iterator<Item = TableName> {
    let events = plan.events.iter().map(|events| events.table.clone());
    written(plan).into_iter().map(|written| written.table).chain(events)
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
    check_select("the source", &tables, &source.rights(&tables).await?)?;
    reading::check(plan, source).await?;
    let written = written(plan);
    let tables: Vec<TableName> = written.iter().map(|written| written.table.clone()).collect();
    let rights = destination.rights(&tables).await?;
    check_select("the destination", &tables, &rights)?;
    let denied: Vec<(TableName, Vec<Right>)> = written
        .iter()
        .zip(&rights)
        .map(|(written, rights)| {
            let denied = |right: &&Right| has(rights, **right) == Some(false);
            (written.table.clone(), written.needs.iter().filter(denied).copied().collect())
        })
        .filter(|(_, denied): &(_, Vec<Right>)| !denied.is_empty())
        .collect();
    if !denied.is_empty() {
        return Err(missing(destination, denied).await);
    }
    check_identities(plan, destination).await?;
    looked_up::check(plan, destination).await
}

/// Refuses a login that may not set identities where the run reserves ids.
async fn check_identities(plan: &Plan, destination: &dyn Destination) -> Result<()> {
    let tables: Vec<TableName> = plan
        .entities
        .iter()
        .filter(|entity| gives_ids(plan, entity))
        .map(|entity| entity.destination_table.clone())
        .collect();
    if tables.is_empty() || destination.may_reserve_ids(&tables).await? != Some(false) {
        return Ok(());
    }
    let what = format!("no right to set identities in the destination, as of {}", shown(&tables));
    Err(Fault::new(FaultKind::Permission, what).advise(format!(
        "identity_ranges takes a role for that: ask for db_ddladmin there; `osferry rights PLAN` \
         writes the script. {WITHOUT_RANGES}"
    )))
}

/// Every right, in the order in which they are named.
const ALL: [Right; 4] = [Right::Insert, Right::Update, Right::Delete, Right::Alter];

/// What can be done without rights that only ranges of ids take.
const WITHOUT_RANGES: &str = "Without identity_ranges the run needs neither.";

fn has(rights: &Rights, right: Right) -> Option<bool> {
    match right {
        Right::Insert => rights.insert,
        Right::Update => rights.update,
        Right::Delete => rights.delete,
        Right::Alter => rights.alter,
    }
}

fn check_select(side: &str, tables: &[TableName], rights: &[Rights]) -> Result<()> {
    let denied: Vec<TableName> = tables
        .iter()
        .zip(rights)
        .filter(|(_, rights)| rights.select == Some(false))
        .map(|(table, _)| table.clone())
        .collect();
    if denied.is_empty() {
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::Permission,
        format!("no right to SELECT in {side} on {}", shown(&denied)),
    )
    .advise("Ask for db_datareader there; `osferry rights PLAN` writes the script to ask with."))
}

/// Rights that are missing, and the statements that give them.
async fn missing(destination: &dyn Destination, denied: Vec<(TableName, Vec<Right>)>) -> Fault {
    let source = destination.as_source();
    let lacks: Vec<String> = ALL
        .iter()
        .filter_map(|right| {
            let tables = denied.iter().filter(|(_, rights)| rights.contains(right));
            let tables: Vec<TableName> = tables.map(|(table, _)| table.clone()).collect();
            (!tables.is_empty()).then(|| format!("to {} on {}", right.word(), shown(&tables)))
        })
        .collect();
    let alters = denied.iter().any(|(_, rights)| rights.contains(&Right::Alter));
    let more = denied.len() > NAMED;
    let request = GrantRequest {
        login: destination.facts().user.clone(),
        reads_only: false,
        sets_identities: false,
        tables: in_full(source, denied).await.unwrap_or_default(),
    };
    let statements: Vec<String> = match source.grants(&request).await {
        Ok(Some(script)) => script
            .grant
            .lines()
            .filter(|line| line.starts_with("GRANT ") && line.contains(" ON OBJECT::"))
            .take(NAMED)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    let what = format!("no right in the destination {}", lacks.join("; "));
    Fault::new(FaultKind::Permission, what).advise(format!(
        "Ask for {}{}; `osferry rights PLAN` writes the script with all that is needed.{}",
        statements.join(" "),
        if more { " and the others" } else { "" },
        if alters { format!(" {WITHOUT_RANGES}") } else { String::new() }
    ))
}

/// A few of these tables, and how many more there are.
pub(super) fn shown(tables: &[TableName]) -> String {
    let names: Vec<String> = tables.iter().map(TableName::to_string).collect();
    listed(&names)
}

/// The same with the names as the catalogue has them; tables that are not there are left out.
async fn in_full(
    database: &dyn Source,
    wanted: Vec<(TableName, Vec<Right>)>,
) -> Result<Vec<(TableName, Vec<Right>)>> {
    let names: Vec<TableName> = wanted.iter().map(|(table, _)| table.clone()).collect();
    let shapes = database.shapes(&names).await?;
    let known = |((_, rights), shape): (_, Option<TableShape>)| Some((shape?.name, rights));
    Ok(wanted.into_iter().zip(shapes).filter_map(known).collect())
}

/// What a login has to be allowed in the source: to read, and nothing else.
pub async fn rights_in_source(
    plan: &Plan,
    source: &dyn Source,
    login: &str,
) -> Result<GrantRequest> {
    let tables = plan.entities.iter().map(|entity| (entity.source_table.clone(), Vec::new()));
    let tables = in_full(source, tables.collect()).await?;
    Ok(GrantRequest { login: login.to_owned(), reads_only: true, sets_identities: false, tables })
}

/// What a login has to be allowed in the destination: to write the tables of the plan. With
/// `exact_undo` also to put deleted rows back under their own ids, which needs ALTER; where the run
/// gives ids itself, that on those tables and to set their identities.
pub async fn rights_in_destination(
    plan: &Plan,
    destination: &dyn Source,
    login: &str,
    exact_undo: bool,
) -> Result<GrantRequest> {
    let mut wanted: Vec<(TableName, Vec<Right>)> = Vec::new();
    for written in written(plan) {
        // An undo takes out what was added, whatever the run itself does there.
        let rights = match written.is_entity {
            // Rows that hang on those deleted lose their reference, and nothing else.
            true if written.needs == [Right::Update] => vec![Right::Update],
            true if written.needs.contains(&Right::Alter)
                || (exact_undo && written.needs.contains(&Right::Delete)) =>
            {
                vec![Right::Insert, Right::Update, Right::Delete, Right::Alter]
            }
            true => vec![Right::Insert, Right::Update, Right::Delete],
            false if written.needs == [Right::Update] => vec![Right::Update],
            false => vec![Right::Insert, Right::Delete],
        };
        match wanted.iter_mut().find(|(table, _)| *table == written.table) {
            // A table of people may be changed for one reason, and added to for another.
            Some((_, known)) => {
                known.extend(rights);
                known.sort_unstable();
                known.dedup();
            }
            None => wanted.push((written.table, rights)),
        }
    }
    let events = plan.events.iter().map(|table| table.table.clone());
    wanted.extend(events.map(|table| (table, vec![Right::Insert, Right::Delete])));
    wanted.push((TableName::new(MARKER_TABLE), vec![Right::Insert, Right::Delete]));
    let tables = in_full(destination, wanted).await?;
    let sets_identities = plan.entities.iter().any(|entity| gives_ids(plan, entity));
    Ok(GrantRequest { login: login.to_owned(), reads_only: false, sets_identities, tables })
}

/// Every table that a plan writes, with the names as the catalogue has them.
pub async fn written_tables(plan: &Plan, destination: &dyn Source) -> Result<Vec<TableName>> {
    let wanted = written(plan).into_iter().map(|written| (written.table, Vec::new())).collect();
    let tables = in_full(destination, wanted).await?;
    Ok(tables.into_iter().map(|(table, _)| table).collect())
}

/// The highest and the lowest value of a whole number's type.
pub(super) fn bounds(data_type: &ColumnType) -> Option<(i128, i128)> {
    match data_type {
        ColumnType::Decimal { precision, scale: 0 } => {
            let most = 10_i128.checked_pow(u32::from(*precision))? - 1;
            Some((-most, most))
        }
        whole => whole.integer_range().map(|(least, most)| (least.into(), most.into())),
    }
}
