//! Entities that are made in another way there: static on one side only, of tenants on one side only.

use super::references::refer;
use super::{Deciding, row};
use crate::estate::model::{Cell, EntityKey, Kind, Record, Rule, Target};

/// Static here and ordinary there, or the other way round.
pub fn kind_changed(deciding: &mut Deciding<'_>) {
    if deciding.chance.percent(60) {
        records_as_rows(deciding);
    }
    if deciding.chance.percent(60) {
        rows_as_records(deciding);
    }
}

/// Rows of ours have counterparts among the records of the destination, by their labels.
fn rows_as_records(deciding: &mut Deciding<'_>) {
    let key = deciding.outside("Rank", "Core_CS", "Label", Kind::Text(50));
    let label = |number: usize| Cell::text(format!("Rank {number}"));
    let here: Vec<Cell> = (0..5).map(label).collect();
    let there: Vec<Cell> = (0..6).filter(|number| number % 4 != 2).map(label).collect();
    deciding.fill_outside(&key, &here, &there);
    let keys: Vec<String> = (0..there.len()).map(|_| deciding.chance.key()).collect();
    let entity = deciding.destination(&key);
    entity.is_static = true;
    let ids: Vec<Cell> = entity.rows.iter().filter_map(|row| entity.id_of(row).cloned()).collect();
    for (number, (data_id, key)) in ids.into_iter().zip(keys).enumerate() {
        let name = format!("Rank{number}");
        entity.records.push(Record { key, name, data_id, active: true });
    }
    deciding.decide_entity("entity-kind-changed", &key, "leave-out", "");
    refer(deciding, &key, "Rank", &["Label"], false);
}

/// Records of ours become rows of the destination.
fn records_as_rows(deciding: &mut Deciding<'_>) {
    let espace = *deciding.chance.pick(&["Core_CS", "Base_CS"]);
    let key = deciding.outside("Grade", espace, "Label", Kind::Text(50));
    let numbered = deciding.chance.percent(50);
    let label = |number: usize| Cell::text(format!("Grade {number}"));
    let here: Vec<Cell> = (0..4).map(label).collect();
    let there: Vec<Cell> = (7..9).map(label).collect();
    let there = if deciding.chance.percent(50) { there } else { Vec::new() };
    deciding.fill_outside(&key, &here, &there);
    let keys: Vec<String> = (0..here.len()).map(|_| deciding.chance.key()).collect();
    for side in deciding.both() {
        let entity = side.entity_mut(&key).expect("just made");
        for attribute in &mut entity.attributes {
            attribute.autonumber &= numbered;
        }
    }
    let entity = deciding.source(&key);
    entity.is_static = true;
    let ids: Vec<Cell> = entity.rows.iter().filter_map(|row| entity.id_of(row).cloned()).collect();
    for (number, (data_id, key)) in ids.iter().zip(keys).enumerate() {
        let (name, data_id) = (format!("Grade{number}"), data_id.clone());
        entity.records.push(Record { key, name, data_id, active: true });
    }
    deciding.decide_entity("entity-kind-changed", &key, "take-in", "");
    deciding.pair.decided.as_rows.insert(key.clone());
    let keys = deciding.chosen();
    let keys: Vec<EntityKey> = keys.into_iter().filter(|other| *other != key).collect();
    for holder in deciding.some(&keys, 3) {
        let kind = Kind::Reference(Target::Entity(key.clone()));
        let mut link = deciding.attribute("GradeId", kind);
        link.rule = *deciding.chance.pick(&[Rule::Protect, Rule::Ignore]);
        link.mandatory = deciding.chance.percent(30);
        let mut cells = ids.clone();
        if !link.mandatory {
            cells.push(Cell::Null);
        }
        let cells = deciding.cells_here(&holder, &cells);
        deciding.add_here(&holder, link.clone(), &cells);
        deciding.add_there(&holder, link, &[]);
    }
}

/// The database gives the ids on one side, the application on the other.
pub fn identifier_given(deciding: &mut Deciding<'_>) {
    let fits = |key: &EntityKey| {
        let sides = [&deciding.pair.source, &deciding.pair.destination];
        sides.into_iter().all(|side| {
            let identifier = side.entity(key).and_then(|entity| entity.identifier());
            identifier.is_some_and(|id| id.autonumber)
        })
    };
    let keys: Vec<EntityKey> = deciding.chosen().into_iter().filter(fits).collect();
    for key in deciding.some(&keys, 2) {
        let is_given_here = deciding.chance.percent(50);
        let entity = if is_given_here { deciding.source(&key) } else { deciding.destination(&key) };
        let own = entity.identifier.clone();
        let identifier = entity.attributes.iter_mut().find(|a| Some(&a.key) == own.as_ref());
        identifier.expect("just seen").autonumber = false;
        if !is_given_here {
            deciding.decide_entity("identifier-changed", &key, "keep", "");
        }
    }
}

/// Of tenants on one side only.
pub fn tenancy_changed(deciding: &mut Deciding<'_>) {
    let keys: Vec<EntityKey> = deciding
        .chosen()
        .into_iter()
        .filter(|key| {
            let sides = [&deciding.pair.source, &deciding.pair.destination];
            sides.into_iter().all(|side| {
                let entity = side.entity(key).expect("on both sides");
                !entity.multitenant && entity.identifier().is_some_and(|id| id.autonumber)
            })
        })
        .collect();
    for (number, key) in deciding.some(&keys, 2).into_iter().enumerate() {
        if (deciding.recipe.seed as usize + number).is_multiple_of(2) {
            tenants_are_gone(deciding, &key);
        } else {
            tenants_are_new(deciding, &key);
        }
    }
}

fn tenants_are_gone(deciding: &mut Deciding<'_>, key: &EntityKey) {
    let tenants: Vec<i64> =
        deciding.pair.source.tenants.iter().map(|t| t.id).filter(|id| *id != 1).collect();
    for place in 0..deciding.source(key).rows.len() {
        let tenant = *deciding.chance.pick(&tenants);
        deciding.source(key).rows[place].tenant = Some(tenant);
    }
    deciding.source(key).multitenant = true;
    deciding.decide_entity("multi-tenancy-changed", key, "all-tenants", "");
}

fn tenants_are_new(deciding: &mut Deciding<'_>, key: &EntityKey) {
    let tenants: Vec<i64> =
        deciding.pair.destination.tenants.iter().map(|t| t.id).filter(|id| *id != 1).collect();
    let to = *deciding.chance.pick(&tenants);
    let entity = deciding.destination(key);
    entity.multitenant = true;
    for row in &mut entity.rows {
        row.tenant = Some(to);
    }
    // Rows of others refer to nothing, so that they stay without any doubt.
    let is_tied = |a: &crate::estate::model::Attribute| a.target().is_some() && !a.nullable;
    let other = tenants.iter().find(|id| **id != to);
    let entity = entity.clone();
    if let Some(other) = other
        && entity.uniques.is_empty()
        && !entity.attributes.iter().any(is_tied)
        && let Some(like) = entity.rows.first()
    {
        for number in 0..2 {
            let cells = entity.attributes.iter().map(|a| {
                if Some(&a.key) == entity.identifier.as_ref() {
                    Cell::Int(60_001 + number)
                } else if a.target().is_some() {
                    Cell::Null
                } else if Some(&a.key) == entity.tag().map(|tag| &tag.key) {
                    Cell::text(format!("other-{}-{number}", entity.name))
                } else {
                    like.cells.get(&a.key).cloned().unwrap_or(Cell::Null)
                }
            });
            let mut made = row(&entity, cells);
            made.tenant = Some(*other);
            deciding.destination(key).rows.push(made);
        }
    }
    deciding.decide_entity("multi-tenancy-changed", key, "map", &to.to_string());
    deciding.pair.decided.into_tenant.insert(key.clone(), to);
}
