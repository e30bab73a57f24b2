//! Values that only the destination demands: rows without one are told before the run, and it does
//! with them what was decided, to the row.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use serde_json::Value;

use crate::estate::decided::Wish;
use crate::estate::model::{Cell, Entity, EntityKey, Kind, Pair, Rule, Target};
use crate::estate::recipe::Feature;
use crate::mismatches::{add, fill};
use crate::never_silent::{attribute, bench, choices, comes_to, decide, entity, found, pair};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    references_that_only_the_destinations_model_demands,
    references_that_only_the_destinations_column_demands,
    references_that_wait_and_are_demanded,
    values_of_every_type_that_only_the_destinations_model_demands,
    references_that_only_the_destination_has,
    a_row_that_nobody_can_name_is_refused,
);

/// A pair in which an attribute of the entity is a reference that may be none in the source, and of
/// which some rows are: NULL or 0. No key guards it, and no row or record has the id 0.
fn with_none(seed: u64, features: &[Feature], reference: &str) -> (Pair, EntityKey, usize) {
    let (mut both, thing) = (seed..)
        .map(|seed| pair(seed, features))
        .find(|(both, thing)| {
            let entity = both.source.entity(thing).expect("there");
            entity.rows.len() > 3 && entity.attributes.iter().any(|a| a.name == reference)
        })
        .expect("some pair");
    for side in [&mut both.source, &mut both.destination] {
        let link = attribute(side, &thing, reference);
        (link.nullable, link.mandatory, link.rule) = (true, false, Rule::Ignore);
        let key = link.key.clone();
        let own = entity(side, &thing);
        own.uniques.retain(|unique| !unique.attributes.contains(&key));
    }
    let key = attribute(&mut both.source, &thing, reference).key.clone();
    let rows = &mut entity(&mut both.source, &thing).rows;
    rows[0].cells.insert(key.clone(), Cell::Null);
    rows[1].cells.insert(key.clone(), Cell::Int(0));
    let none = rows.iter().filter(|row| row.cells[&key].is_no_identifier()).count();
    assert!(none < rows.len(), "every row refers to nothing");
    (both, thing, none)
}

fn needed(bench: &Bench, kind: &str, about: &str) -> Value {
    found(bench, kind, about).expect("a finding")
}

/// The pair without the rows of the entity that refer to nothing.
fn without_none(both: &Pair, thing: &EntityKey, reference: &str) -> Pair {
    let mut sound = both.clone();
    let key = attribute(&mut sound.source, thing, reference).key.clone();
    let rows = &mut entity(&mut sound.source, thing).rows;
    rows.retain(|row| !row.cells[&key].is_no_identifier());
    sound
}

async fn references_that_only_the_destinations_model_demands(engine: &TestEngine) {
    let (mut both, thing, none) = with_none(71, &[], "StatusId");
    attribute(&mut both.destination, &thing, "StatusId").mandatory = true;
    let first = bench(engine, &both, 71);
    let finding = needed(&first, "mandatory-empty", "Thing0.StatusId");
    assert_eq!((&finding["rows"], &finding["recommended"]), (&none.into(), &"empty".into()));
    assert_eq!(choices(&finding), ["empty", "reject", "stop"], "{finding}");
    comes_to(&first, &both);

    let second = bench(engine, &both, 72);
    decide(&second, &[(&finding, "reject", None)]);
    comes_to(&second, &without_none(&both, &thing, "StatusId"));
}

async fn references_that_only_the_destinations_column_demands(engine: &TestEngine) {
    let (mut both, thing, none) = with_none(73, &[], "StatusId");
    let link = attribute(&mut both.destination, &thing, "StatusId");
    (link.nullable, link.default) = (false, None);
    let key = link.key.clone();
    let first = bench(engine, &both, 73);
    let finding = needed(&first, "null-not-allowed", "Thing0.StatusId");
    assert_eq!((&finding["rows"], &finding["recommended"]), (&none.into(), &"default".into()));
    assert_eq!(choices(&finding), ["default", "reject", "stop"], "{finding}");
    let mut zeroes = both.clone();
    for row in &mut entity(&mut zeroes.source, &thing).rows {
        let cell = row.cells.get_mut(&key).expect("a cell");
        if *cell == Cell::Null {
            *cell = Cell::Int(0);
        }
    }
    comes_to(&first, &zeroes);

    let second = bench(engine, &both, 74);
    decide(&second, &[(&finding, "reject", None)]);
    comes_to(&second, &without_none(&both, &thing, "StatusId"));
}

async fn references_that_wait_and_are_demanded(engine: &TestEngine) {
    let (mut both, thing, none) = with_none(75, &[Feature::SelfReference], "ParentId");
    attribute(&mut both.destination, &thing, "ParentId").mandatory = true;
    let bench = bench(engine, &both, 75);
    let finding = needed(&bench, "mandatory-empty", "Thing0.ParentId");
    assert_eq!(finding["rows"], none, "{finding}");
    // Every row refers in the end to one that refers to nothing: none is left.
    decide(&bench, &[(&finding, "reject", None)]);
    comes_to(&bench, &without_none(&both, &thing, "ParentId"));
}

async fn values_of_every_type_that_only_the_destinations_model_demands(engine: &TestEngine) {
    let (mut both, thing) = (76..)
        .map(|seed| pair(seed, &[]))
        .find(|(both, thing)| both.source.entity(thing).expect("there").rows.len() > 4)
        .expect("some pair");
    let bytes = |bytes: &[u8]| Cell::Bytes(bytes.to_vec());
    let cells = [
        ("Picture", Kind::Binary, [bytes(b"x"), Cell::Null, bytes(b"")]),
        ("Story", Kind::Text(4000), [Cell::text("x"), Cell::Null, Cell::text("")]),
        ("Moment", Kind::Time, [Cell::text("1900-01-01 10:00:00"), Cell::Null, Cell::Null]),
    ];
    for (name, kind, cells) in &cells {
        for side in [&mut both.source, &mut both.destination] {
            add(side, &thing, name, kind.clone(), &cells[0]);
        }
        attribute(&mut both.destination, &thing, name).mandatory = true;
        fill(&mut both.source, &thing, name, cells);
    }
    let bench = bench(engine, &both, 76);
    let rows = both.source.entity(&thing).expect("there").rows.len();
    let empty = (0..rows).filter(|place| place % 3 > 0).count();
    let found: Vec<Value> = cells
        .iter()
        .map(|(name, ..)| needed(&bench, "mandatory-empty", &format!("Thing0.{name}")))
        .collect();
    for finding in &found {
        assert_eq!(finding["rows"], empty, "{finding}");
    }
    assert_eq!(choices(&found[0]), ["empty", "reject", "stop"], "{}", found[0]);
    decide(&bench, &found.iter().map(|one| (one, "reject", None)).collect::<Vec<_>>());
    let mut sound = both.clone();
    let mut place = 0;
    entity(&mut sound.source, &thing).rows.retain(|_| {
        place += 1;
        (place - 1) % 3 == 0
    });
    comes_to(&bench, &sound);
}

/// What an attribute of the entity refers to.
fn target(both: &Pair, thing: &EntityKey, name: &str) -> Target {
    let entity = both.source.entity(thing).expect("there");
    let own = entity.attributes.iter().find(|attribute| attribute.name == name).expect("there");
    own.target().expect("a reference").clone()
}

/// The destination's entity that an attribute refers to.
fn referred<'a>(both: &'a Pair, thing: &EntityKey, name: &str) -> &'a Entity {
    let Target::Entity(key) = target(both, thing, name) else { unreachable!("an entity") };
    both.destination.entity(&key).expect("on both sides")
}

/// Gives the destination's entity a reference that the source lacks.
fn gets(both: &mut Pair, thing: &EntityKey, name: &str, target: Target, nullable: bool) {
    add(&mut both.destination, thing, name, Kind::Reference(target), &Cell::Null);
    let own = attribute(&mut both.destination, thing, name);
    (own.nullable, own.mandatory, own.rule) = (nullable, !nullable, Rule::Ignore);
}

/// A pair whose destination has a reference to a static entity, to users, to an entity whose rows
/// stay and to one whose rows are replaced that the source lacks, of which one is demanded.
fn with_new_references(seed: u64) -> (Pair, EntityKey) {
    let (mut both, thing) = (seed..)
        .map(|seed| pair(seed, &[Feature::ProducerKept]))
        .find(|(both, thing)| {
            let entity = both.source.entity(thing).expect("there");
            let has = |name: &str| entity.attributes.iter().any(|a| a.name == name);
            !entity.rows.is_empty() && has("StatusId") && has("PartyId")
        })
        .expect("some pair");
    let (status, party) = (target(&both, &thing, "StatusId"), target(&both, &thing, "PartyId"));
    gets(&mut both, &thing, "Standing", status, false);
    gets(&mut both, &thing, "Keeper", Target::User, true);
    gets(&mut both, &thing, "Agent", party, true);
    gets(&mut both, &thing, "Fellow", Target::Entity(thing.clone()), true);
    (both, thing)
}

async fn references_that_only_the_destination_has(engine: &TestEngine) {
    let (mut both, thing) = with_new_references(77);
    let bench = bench(engine, &both, 77);
    let new = |name: &str| needed(&bench, "attribute-new", &format!("Thing0.{name}"));
    let [standing, keeper, agent, fellow] = ["Standing", "Keeper", "Agent", "Fellow"].map(new);
    assert_eq!(choices(&standing), ["stop", "replacement"], "{standing}");
    assert_eq!(choices(&keeper), ["default", "stop", "replacement"], "{keeper}");
    // Those that stand there now go.
    assert_eq!(choices(&fellow), ["default", "stop"], "{fellow}");
    let record = referred(&both, &thing, "StatusId").records.iter().find(|one| one.active);
    let record = record.expect("a record").clone();
    let user = both.destination.users.iter().find(|user| {
        user.active
            && both.destination.users.iter().filter(|u| u.username == user.username).count() == 1
    });
    let user = user.expect("a user").clone();
    let parties = referred(&both, &thing, "PartyId");
    let party = parties.id_of(&parties.rows[0]).expect("an id").clone();
    let Cell::Int(number) = party else { unreachable!("a number") };
    let to = number.to_string();
    decide(
        &bench,
        &[
            (&standing, "replacement", Some(&record.name)),
            (&keeper, "replacement", Some(&user.username)),
            (&agent, "replacement", Some(&to)),
        ],
    );
    let cells = [
        ("Standing", record.data_id),
        ("Keeper", Cell::Int(user.id)),
        ("Agent", Cell::Int(number)),
    ];
    for (name, cell) in cells {
        let key = attribute(&mut both.destination, &thing, name).key.clone();
        both.decided.attributes.insert(key, Wish::Value(cell));
    }
    comes_to(&bench, &both);
}

async fn a_row_that_nobody_can_name_is_refused(engine: &TestEngine) {
    let (both, _) = with_new_references(78);
    let bench = bench(engine, &both, 78);
    for (name, to, words) in [
        ("Standing", "Nowhere", "the destination has no row \"Nowhere\" of"),
        ("Keeper", "nobody at all", "the destination has no user \"nobody at all\""),
        ("Agent", "Tag=nothing", "the destination has no row \"Tag=nothing\" of"),
    ] {
        let finding = needed(&bench, "attribute-new", &format!("Thing0.{name}"));
        decide(&bench, &[(&finding, "replacement", Some(to))]);
        let said = bench.run();
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains(words), "{words:?} is not said\n{}", said.all());
        assert!(bench.destination_unchanged(), "something was written\n{}", said.all());
    }
}
