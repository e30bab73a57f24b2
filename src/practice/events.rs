//! Event tables: who waits for rows of an entity, and the triggers that tell them
//! (`metamodel.md` §5.5).

use super::company::wrong;
use super::entity::Entity;
use super::environment::{EntityColumn, Environment, Holds};
use super::factory::Factory;
use super::instances::Begun;
use super::process::{Activity, Process, Waits};
use super::processes::process_id;
use super::records::{Filler, flag, number};
use super::rows::{Rows, identifier};
use crate::database::{
    Builder, ColumnShape, ColumnType, NewColumn, NewTable, NewTrigger, Result, TableName, Value,
    same_name,
};

/// The queue of processes, and that of light ones.
const QUEUE: &str = "OSSYS_BPM_EVENT_QUEUE";
const LIGHT_QUEUE: &str = "OSSYS_BPM_EVENT";

/// The event table of an entity whose new rows start a process.
pub(super) fn event_table(
    environment: &Environment<'_>,
    entity: &Entity,
) -> Result<Option<String>> {
    let full_name = entity.full_name();
    let mut processes = environment.company.processes.all.iter();
    if !processes.any(|process| process.is_launched_by(&full_name)) {
        return Ok(None);
    }
    let table = environment.table(entity)?;
    let rest = table.strip_prefix("OSUSR_").unwrap_or(&table);
    Ok(Some(format!("OSEVT_{rest}")))
}

/// The event table of an entity whose rows processes wait for, its subscriptions, and its triggers.
pub(super) async fn add_events(
    builder: &mut dyn Builder,
    environment: &Environment<'_>,
    factory: &Factory<'_>,
    place: usize,
) -> Result<()> {
    let entity = environment.entity(place)?;
    let Some(event_table) = event_table(environment, entity)? else { return Ok(()) };
    let mut columns = environment.columns(entity)?;
    // The entity's own columns are filters: NULL lets every value through.
    let mut first = true;
    columns.retain(|column| {
        std::mem::take(&mut first)
            || column.parent.is_some()
            || matches!(column.holds, Holds::Tenant)
    });
    let mut shapes: Vec<ColumnShape> = [
        ("_ESPACE_ID", ColumnType::Int),
        ("_TENANT_ID", ColumnType::Int),
        ("_ACTIVITY_ID", ColumnType::Int),
        ("_PROCESS_DEF_ID", ColumnType::Int),
        ("_IS_UPDATE", ColumnType::Bit),
        ("_IS_LIGHT", ColumnType::Bit),
    ]
    .into_iter()
    .map(|(name, data_type)| plain(name, data_type))
    .collect();
    let own = columns.iter().map(|column| &column.shape);
    shapes.extend(own.map(|shape| plain(&shape.name, shape.data_type.clone())));
    let name = TableName::new(event_table);
    builder
        .create_table(&NewTable {
            name: name.clone(),
            columns: shapes
                .iter()
                .map(|shape| NewColumn { shape: shape.clone(), default: None })
                .collect(),
            primary_key: Vec::new(),
            indexes: Vec::new(),
        })
        .await?;
    let mut filler = Filler::new(&mut *builder, name.clone(), shapes.clone())?;
    for row in subscriptions(environment, factory, place, &columns)? {
        let named = |shape: &ColumnShape| row.iter().find(|(name, _)| *name == shape.name);
        let values: Vec<Value> = shapes
            .iter()
            .map(|shape| named(shape).map_or(Value::Null, |(_, value)| value.clone()))
            .collect();
        filler.push(&values).await?;
    }
    filler.finish().await?;
    let table = environment.table(entity)?;
    let key = columns.first().map_or_else(|| "ID".to_owned(), |column| column.shape.name.clone());
    for (prefix, queue, on_update, is_light) in [
        ("OSTRG_EI__", QUEUE, false, false),
        ("OSTRG_EIL__", LIGHT_QUEUE, false, true),
        ("OSTRG_EU__", QUEUE, true, false),
    ] {
        builder
            .add_trigger(&NewTrigger {
                name: format!("{prefix}{table}"),
                table: TableName::new(table.clone()),
                key: key.clone(),
                filters: columns.iter().map(|column| column.shape.name.clone()).collect(),
                event_table: name.clone(),
                queue: TableName::new(queue),
                on_update,
                is_light,
            })
            .await?;
    }
    Ok(())
}

/// A subscription: its columns that hold something.
type Subscription = Vec<(String, Value)>;

/// Who waits for rows of an entity: processes to be started, written when they were published, and
/// activities under way.
fn subscriptions(
    environment: &Environment<'_>,
    factory: &Factory<'_>,
    place: usize,
    columns: &[EntityColumn<'_>],
) -> Result<Vec<Subscription>> {
    let company = environment.company;
    let full_name = environment.entity(place)?.full_name();
    let subscription = |process: &Process, name: &str, id: i64, is_update: bool| {
        [
            ("_ESPACE_ID", number(factory.espace(&process.espace))),
            (name, number(id)),
            ("_IS_UPDATE", flag(is_update)),
            ("_IS_LIGHT", flag(process.light)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    };
    let mut all = Vec::new();
    for (place, process) in company.processes.all.iter().enumerate() {
        if process.is_launched_by(&full_name) {
            let id = process_id(environment, place);
            all.push(subscription(process, "_PROCESS_DEF_ID", id, false));
        }
    }
    let instances = &environment.instances;
    for begun in &instances.activities {
        let done = instances.done(company, begun);
        let process = &company.processes.all[instances.processes[begun.of].process];
        let step = process.activities.iter().find(|step| step.name == done.name);
        let Some((step, waits)) = step.and_then(|step| Some((step, step.waits?))) else { continue };
        if done.status != "Listening" || !process.is_launched_by(&full_name) {
            continue;
        }
        let is_update = waits == Waits::Changed;
        let mut row = subscription(process, "_ACTIVITY_ID", begun.id, is_update);
        let tenant = company.tenant(super::instances::TENANT)?.id(environment.side);
        row.push(("_TENANT_ID".to_owned(), number(tenant)));
        row.push(filter(environment, place, columns, (begun, step))?);
        all.push(row);
    }
    Ok(all)
}

/// The column by which an activity knows the rows that it waits for, and what it has to hold.
fn filter(
    environment: &Environment<'_>,
    place: usize,
    columns: &[EntityColumn<'_>],
    (begun, step): (&Begun, &Activity),
) -> Result<(String, Value)> {
    let by = step.by.as_deref().unwrap_or("Id");
    let column = columns.iter().find(|column| same_name(&column.shape.name, by));
    let column = column.ok_or_else(|| wrong(format!("{} waits by {by}", step.name)))?;
    let row = environment.instances.processes[begun.of].row;
    let is_key = columns.first().is_some_and(|first| first.shape.name == column.shape.name);
    let value = match is_key {
        true => identifier(environment, place, row)?,
        false => Rows::new(environment, place)?.value(column, row)?,
    };
    Ok((column.shape.name.clone(), value))
}

fn plain(name: &str, data_type: ColumnType) -> ColumnShape {
    ColumnShape {
        name: name.to_owned(),
        data_type,
        nullable: true,
        identity: false,
        computed: false,
        has_default: false,
    }
}
