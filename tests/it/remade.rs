//! Entities that are made in another way in the destination: of tenants on one side only, static on
//! one side only. Each has an answer, and what was answered is done, to the row.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::content::Content;
use crate::estate::model::{Cell, EntityKey, Environment, Pair};
use crate::estate::recipe::Feature;
use crate::identifiers::undone;
use crate::never_silent::{asks, bench, choices, comes_to, decide, entity, findings, found, pair};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rows_of_nobody_go_to_the_tenant_that_was_chosen,
    rows_of_all_tenants_become_rows_of_nobody,
    records_are_carried_over_as_rows,
    rows_are_mapped_to_records_by_a_key,
);

/// The tenant `Users` of each side.
const HERE: i64 = 10;
const THERE: i64 = 90;

/// Makes an entity one of tenants, all its rows in these by turns.
fn of_tenants(environment: &mut Environment, key: &EntityKey, tenants: &[i64]) {
    let entity = entity(environment, key);
    entity.multitenant = true;
    for (row, tenant) in entity.rows.iter_mut().zip(tenants.iter().cycle()) {
        row.tenant = Some(*tenant);
    }
}

async fn rows_of_nobody_go_to_the_tenant_that_was_chosen(engine: &TestEngine) {
    let features = [Feature::ExistingRows, Feature::ExtraTenant, Feature::SelfReference];
    let (spoilt, thing) = pair(91, &features);
    let mut spoilt = spoilt;
    let extra = {
        let known: Vec<i64> = spoilt.source.tenants.iter().map(|t| 100 - t.id).collect();
        let other = |t: &&crate::estate::model::Tenant| t.id != 1 && !known.contains(&t.id);
        spoilt.destination.tenants.iter().find(other).map(|tenant| tenant.id)
    };
    of_tenants(&mut spoilt.destination, &thing, &[THERE]);
    if let (Some(extra), Some(row)) =
        (extra, entity(&mut spoilt.destination, &thing).rows.last_mut())
    {
        row.tenant = Some(extra);
    }
    let mut sound = spoilt.clone();
    of_tenants(&mut sound.source, &thing, &[HERE]);
    let bench = bench(engine, &spoilt, 91);
    let finding = asks(&bench, "multi-tenancy-changed", "Thing0");
    assert_eq!(choices(&finding), ["stop", "map", "leave-out"]);
    decide(&bench, &[(&finding, "map", Some("Nobody of Users"))]);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("is no active tenant of the destination"), "{}", said.all());
    decide(&bench, &[(&finding, "map", Some(&THERE.to_string()))]);
    comes_to(&bench, &sound);
    undone(&bench);
}

async fn rows_of_all_tenants_become_rows_of_nobody(engine: &TestEngine) {
    let (sound, thing) = pair(92, &[Feature::ExistingRows, Feature::SelfReference]);
    let mut spoilt = sound.clone();
    let tenants: Vec<i64> =
        spoilt.source.tenants.iter().map(|t| t.id).filter(|id| *id != 1).collect();
    of_tenants(&mut spoilt.source, &thing, &tenants);
    let bench = bench(engine, &spoilt, 92);
    let finding = asks(&bench, "multi-tenancy-changed", "Thing0");
    assert_eq!(choices(&finding), ["stop", "all-tenants", "leave-out"]);
    decide(&bench, &[(&finding, "all-tenants", None)]);
    comes_to(&bench, &sound);
    undone(&bench);
}

/// The label of the record, or the row, that each row of an entity refers to, by its tag.
fn labels(content: &Content, environment: &Environment, name: &str) -> BTreeMap<String, String> {
    let entity = environment.named(name).expect("there");
    let status = environment.named("Status").expect("there");
    let column = |entity: &crate::estate::model::Entity, name: &str| {
        let found = entity.attributes.iter().find(|a| a.name == name && a.active);
        found.expect("an attribute").column.to_uppercase()
    };
    let (tag, link) = (column(entity, "Tag"), column(entity, "StatusId"));
    let (label, id) = (column(status, "Label"), column(status, "Id"));
    let known: BTreeMap<&Cell, &Cell> =
        content.rows(&status.table).iter().map(|row| (&row[&id], &row[&label])).collect();
    content
        .rows(&entity.table)
        .iter()
        .map(|row| (format!("{:?}", row[&tag]), format!("{:?}", known.get(&row[&link]))))
        .collect()
}

/// Makes an entity an ordinary one, with its records as rows.
pub fn ordinary(environment: &mut Environment, key: &EntityKey) {
    let entity = entity(environment, key);
    entity.is_static = false;
    entity.records.clear();
}

fn status(pair: &Pair) -> EntityKey {
    pair.source.named("Status").expect("always there").full_key()
}

/// Every row of the entity that came over refers to what it referred to, by its label.
fn means_the_same(bench: &Bench, pair: &Pair, name: &str) {
    let here = labels(&bench.databases.made(Side::Source), &pair.source, name);
    let there = labels(&bench.databases.read(Side::Destination), &pair.destination, name);
    assert!(here.values().any(|label| label.contains("Some")), "no row refers to anything");
    assert_eq!(here, there);
}

async fn records_are_carried_over_as_rows(engine: &TestEngine) {
    let (mut pair, _) = pair(93, &[Feature::SelfReference]);
    let status = status(&pair);
    ordinary(&mut pair.destination, &status);
    entity(&mut pair.destination, &status).rows.clear();
    let bench = bench(engine, &pair, 93);
    let finding = asks(&bench, "entity-kind-changed", "Status");
    assert_eq!(choices(&finding), ["stop", "take-in", "leave"]);
    assert!(found(&bench, "record-missing", "Status").is_none());
    decide(&bench, &[(&finding, "take-in", None)]);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    means_the_same(&bench, &pair, "Thing0");
    undone(&bench);
    // Left behind, each record is asked about.
    decide(&bench, &[(&finding, "leave", None)]);
    assert!(found(&bench, "record-missing", "Status").is_some(), "{:?}", findings(&bench));
}

async fn rows_are_mapped_to_records_by_a_key(engine: &TestEngine) {
    let (mut pair, _) = pair(94, &[Feature::SelfReference]);
    let status = status(&pair);
    ordinary(&mut pair.source, &status);
    let bench = bench(engine, &pair, 94);
    let finding = asks(&bench, "entity-kind-changed", "Status");
    assert_eq!(choices(&finding), ["stop", "leave-out"]);
    decide(&bench, &[(&finding, "leave-out", None)]);
    let leaving: Vec<Value> = findings(&bench)
        .into_iter()
        .filter(|f| {
            f["kind"] == "reference-leaves-scope"
                && choices(f).contains(&"map-by-key")
                && f["what"].as_str().is_some_and(|what| what.contains("Status"))
        })
        .collect();
    assert!(!leaving.is_empty(), "{:?}", findings(&bench));
    let mut decisions: Vec<(&Value, &str, Option<&str>)> = vec![(&finding, "leave-out", None)];
    decisions.extend(leaving.iter().map(|f| (f, "map-by-key", Some("Label"))));
    decide(&bench, &decisions);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    means_the_same(&bench, &pair, "Thing0");
    let table = &pair.destination.entity(&status).expect("there").table;
    let before = bench.databases.made(Side::Destination);
    let after = bench.databases.read(Side::Destination);
    assert_eq!(before.rows(table), after.rows(table), "records were written");
    undone(&bench);
}
