//! Writes one side of the pair: platform tables, entities, rows, keys, triggers.

use super::company::Company;
use super::definitions::Definitions;
use super::entity::{DeleteRule, Entity};
use super::environment::{EntityColumn, Environment, Holds, Parent, TENANT_COLUMN};
use super::events::add_events;
use super::factory::Factory;
use super::platform::{foreign_key_name, index, tables};
use super::records::{Filler, in_order};
use super::rows::Rows;
use crate::database::{Builder, NewColumn, NewForeignKey, NewTable, Result, TableName};
use crate::outsystems::Side;

/// Writes one side into an empty database; returns the number of application rows.
pub(super) async fn write(
    builder: &mut dyn Builder,
    company: &Company,
    side: Side,
    rows: Option<u64>,
) -> Result<u64> {
    let environment = Environment::new(company, side, rows)?;
    let factory = Factory::new(&environment);
    let platform = tables()?;
    for table in &platform {
        builder.create_table(&table.table).await?;
    }
    let mut records = factory.records()?;
    records.extend(Definitions::records(&environment, &factory, &platform)?);
    for table in &platform {
        let columns = table.columns();
        let mut filler = Filler::new(&mut *builder, table.table.name.clone(), columns.clone())?;
        for records in records.iter().filter(|records| records.table == table.name()) {
            for row in &records.rows {
                filler.push(&in_order(records.table, &columns, row)?).await?;
            }
        }
        filler.finish().await?;
    }
    let mut written = 0;
    let here: Vec<(usize, &Entity)> = company
        .entities
        .iter()
        .enumerate()
        .filter(|(_, entity)| entity.only.allows(side))
        .collect();
    for (place, entity) in here.iter().copied() {
        written += write_entity(builder, &environment, place, entity).await?;
    }
    for table in &platform {
        builder.add_foreign_keys(&table.table.name, &table.foreign_keys).await?;
    }
    for (place, entity) in here.iter().copied() {
        let keys = foreign_keys(&environment, place, entity)?;
        builder.add_foreign_keys(&TableName::new(environment.table(entity)?), &keys).await?;
    }
    // Last, so that none of the rows above has started a process.
    for (place, _) in here {
        add_events(builder, &environment, &factory, place).await?;
    }
    Ok(written)
}

async fn write_entity(
    builder: &mut dyn Builder,
    environment: &Environment<'_>,
    place: usize,
    entity: &Entity,
) -> Result<u64> {
    let rows = Rows::new(environment, place)?;
    let name = environment.table(entity)?;
    let mut written = write_table(builder, &rows, entity, &name, environment.count(place)).await?;
    if let (Some(duplicate), Side::Destination) = (&entity.duplicate, environment.side) {
        written += write_table(builder, &rows, entity, &duplicate.table, duplicate.rows).await?;
    }
    Ok(written)
}

async fn write_table(
    builder: &mut dyn Builder,
    rows: &Rows<'_>,
    entity: &Entity,
    name: &str,
    count: u64,
) -> Result<u64> {
    builder.create_table(&table(rows, entity, name)).await?;
    let columns = rows.columns.iter().map(|column| column.shape.clone()).collect();
    let mut filler = Filler::new(builder, TableName::new(name), columns)?;
    let mut values = Vec::with_capacity(rows.columns.len());
    for row in 0..count {
        values.clear();
        for column in &rows.columns {
            values.push(rows.value(column, row)?);
        }
        filler.push(&values).await?;
    }
    filler.finish().await
}

fn table(rows: &Rows<'_>, entity: &Entity, name: &str) -> NewTable {
    let mut indexes = Vec::new();
    for columns in entity.unique_on(rows.side()) {
        let mut columns: Vec<String> = columns.iter().map(|name| name.to_uppercase()).collect();
        if entity.is_multi_tenant_on(rows.side()) {
            columns.push(TENANT_COLUMN.to_owned());
        }
        indexes.push(index(name, columns, true));
    }
    let mut primary_key = Vec::new();
    for (place, column) in rows.columns.iter().enumerate() {
        if place == 0 && entity.has_key {
            primary_key.push(column.shape.name.clone());
        } else if is_indexed(column) {
            indexes.push(index(name, vec![column.shape.name.clone()], false));
        }
    }
    let columns = rows
        .columns
        .iter()
        .map(|column| NewColumn { shape: column.shape.clone(), default: column.default.clone() })
        .collect();
    NewTable { name: TableName::new(name), columns, primary_key, indexes }
}

/// The platform indexes tenants and every reference that has a foreign key.
fn is_indexed(column: &EntityColumn<'_>) -> bool {
    match column.holds {
        Holds::Tenant => true,
        Holds::Attribute(attribute) => Environment::is_enforced(attribute),
        Holds::Leftover(_) => false,
    }
}

fn foreign_keys(
    environment: &Environment<'_>,
    place: usize,
    entity: &Entity,
) -> Result<Vec<NewForeignKey>> {
    let table = environment.table(entity)?;
    let mut keys = Vec::new();
    for column in &environment.columns(environment.entity(place)?)? {
        let (parent, parent_column, cascade) = match (column.holds, column.parent) {
            (Holds::Tenant, _) => ("OSSYS_TENANT".to_owned(), "ID".to_owned(), false),
            (Holds::Attribute(attribute), Some(parent)) if Environment::is_enforced(attribute) => {
                let cascade = attribute.rule == DeleteRule::Delete;
                match parent {
                    Parent::User => ("OSSYS_USER".to_owned(), "ID".to_owned(), cascade),
                    Parent::Process => ("OSSYS_BPM_PROCESS".to_owned(), "ID".to_owned(), cascade),
                    Parent::Entity(place) => {
                        let parent = environment.entity(place)?;
                        let key = parent.identifier().map_or("Id", |id| id.name.as_str());
                        (environment.table(parent)?, key.to_uppercase(), cascade)
                    }
                }
            }
            _ => continue,
        };
        keys.push(NewForeignKey {
            name: foreign_key_name(&table, &parent, &column.shape.name),
            column: column.shape.name.clone(),
            parent: TableName::new(parent),
            parent_column,
            cascade,
        });
    }
    Ok(keys)
}
