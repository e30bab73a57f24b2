//! Identifiers that are made otherwise on the two sides: wider, narrower, by the database or by the
//! application; ids from one end of the range to the other; references too narrow for them.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use osferry::database::{Destination, EngineKind, Source, open_destination, open_source};
use osferry::migrate::{Command, Controller, RunEnd, resume, run};
use osferry::outsystems::Side;
use osferry::plan::PlanFile;

use crate::estate::judge::judge;
use crate::estate::model::{Attribute, Cell, Damage, EntityKey, Environment, Kind, Pair, Target};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::Feature;
use crate::never_silent::{
    asks, attribute, bench, choices, comes_to, decide, decide_in, entity, findings, found, pair,
};
use crate::program::{Bench, Plan};
use crate::support::engine::TestEngine;
use crate::support::library::planned;

crate::on_both_engines!(
    an_int_becomes_a_long_one,
    a_long_one_becomes_an_int_whatever_the_ids_were,
    ids_reach_from_one_end_to_the_other,
    a_reference_too_narrow_for_the_ids_to_come_stops_the_run,
    a_reference_too_narrow_for_the_identity_stops_the_run,
    a_reference_too_narrow_for_ids_that_stay_stops_the_run,
    ids_that_the_application_gave_are_given_anew,
    ids_that_the_database_gave_are_kept_if_asked,
    ids_that_the_database_gave_do_not_say_which_row_is_meant,
    nor_do_they_of_what_is_taken_in,
    guids_in_another_case_collide,
    an_identifier_of_another_type_is_refused,
);

const FEATURES: [Feature; 5] = [
    Feature::Extension,
    Feature::SelfReference,
    Feature::TwoCycle,
    Feature::ExistingRows,
    Feature::NegativeIds,
];

/// The last id of an int.
const END: i64 = i32::MAX as i64;

/// Gives the identifiers that the database makes this type.
fn retype(environment: &mut Environment, kind: &Kind) {
    for entity in environment.entities.iter_mut().filter(|entity| !entity.is_static) {
        let Some(key) = entity.identifier.clone() else { continue };
        let identifier = entity.attributes.iter_mut().find(|a| a.key == key).expect("its own");
        if identifier.autonumber {
            identifier.kind = kind.clone();
        }
    }
}

/// The entity whose rows give what refers to a target its ids, along extensions.
fn giver(environment: &Environment, target: &Target) -> Option<EntityKey> {
    let Target::Entity(key) = target else { return None };
    match environment.entity(key)?.extends() {
        Some(further) => giver(environment, further),
        None => Some(key.clone()),
    }
}

/// Gives the rows of an entity other ids, and whatever refers to them follows.
fn renumber(environment: &mut Environment, key: &EntityKey, id: impl Fn(usize) -> Cell) {
    let before = environment.clone();
    let renumbered = before.entity(key).expect("there");
    let ids: BTreeMap<Cell, Cell> = renumbered
        .rows
        .iter()
        .enumerate()
        .map(|(place, row)| (renumbered.id_of(row).expect("identified").clone(), id(place)))
        .collect();
    let own = (key.clone(), renumbered.identifier.clone().expect("it has one"));
    for entity in &mut environment.entities {
        let full = entity.full_key();
        for attribute in entity.attributes.clone() {
            let is_own = (full.clone(), attribute.key.clone()) == own;
            let follows =
                attribute.target().and_then(|target| giver(&before, target)).as_ref() == Some(key);
            if !is_own && !follows {
                continue;
            }
            for row in &mut entity.rows {
                if let Some(cell) = row.cells.get_mut(&attribute.key)
                    && let Some(id) = ids.get(cell)
                {
                    *cell = id.clone();
                }
            }
        }
    }
}

/// Makes the identifier of an entity one that the application gives, or the database.
fn numbered(environment: &mut Environment, key: &EntityKey, kind: Kind, autonumber: bool) {
    let own = entity(environment, key).identifier.clone().expect("it has one");
    let all = &mut entity(environment, key).attributes;
    let identifier = all.iter_mut().find(|a| a.key == own).expect("its own");
    (identifier.kind, identifier.autonumber) = (kind, autonumber);
}

/// The run is stopped between two batches and goes on; what it makes is what the oracle makes.
pub async fn comes_to_after_a_stop(bench: &Bench, plan: &str, sound: &Pair) {
    let before = bench.databases.made(Side::Destination);
    let file = PlanFile::parse(plan, "identifiers").expect("a plan");
    let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
    let spec = bench.databases.spec(Side::Destination);
    let destination = open_destination(&spec).await.expect("a destination");
    let planned = planned(source.as_ref(), destination.as_source(), file).await;
    let (source, destination): (Arc<dyn Source>, Arc<dyn Destination>) =
        (source.into(), destination.into());
    let folder = bench.folder.path().join("run");
    let request = || planned.request(&folder, Arc::clone(&source), Arc::clone(&destination));
    let (controller, control) = Controller::new();
    controller.say(Command::Stop);
    let end = run(osferry::migrate::RunRequest { control, ..request() }).await.expect("a run");
    assert!(matches!(end, RunEnd::Stopped(_)), "{end:?}");
    let end = resume(request()).await.expect("gone on with");
    assert!(matches!(end, RunEnd::Written), "{end:?}");
    let Verdict::Done(expected) = migrate(sound) else { panic!("the oracle refuses") };
    let after = bench.databases.read(Side::Destination);
    let troubles = judge(&before, &after, &expected, &sound.destination);
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

/// Everything is as it was, ids apart that only an identity remembers.
pub fn undone(bench: &Bench) {
    let before = bench.databases.made(Side::Destination);
    let name = bench.databases.name(Side::Destination);
    let said = bench.osferry(&["undo", "estate", "--confirm", &name]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let mut after = bench.databases.read(Side::Destination);
    for (table, rows) in &before.tables {
        let mut was = rows.clone();
        was.sort();
        let is = after.tables.get_mut(table).expect("a table");
        is.sort();
        assert_eq!(*is, was, "{table} is not as it was");
    }
}

async fn an_int_becomes_a_long_one(engine: &TestEngine) {
    let (mut pair, _) = pair(81, &FEATURES);
    retype(&mut pair.source, &Kind::Integer);
    retype(&mut pair.destination, &Kind::LongInteger);
    let bench = bench(engine, &pair, 81);
    comes_to(&bench, &pair);
    undone(&bench);
}

async fn a_long_one_becomes_an_int_whatever_the_ids_were(engine: &TestEngine) {
    let (mut pair, thing) = pair(82, &FEATURES);
    retype(&mut pair.source, &Kind::LongInteger);
    retype(&mut pair.destination, &Kind::Integer);
    numbered(&mut pair.source, &thing, Kind::LongInteger, true);
    numbered(&mut pair.destination, &thing, Kind::Integer, true);
    renumber(&mut pair.source, &thing, |place| Cell::Int((1 << 61) + 1000 * place as i64));
    let bench = bench(engine, &pair, 82);
    comes_to(&bench, &pair);
    undone(&bench);
}

async fn ids_reach_from_one_end_to_the_other(engine: &TestEngine) {
    let (mut pair, thing) = pair(83, &FEATURES);
    retype(&mut pair.source, &Kind::LongInteger);
    retype(&mut pair.destination, &Kind::LongInteger);
    let ends = [i64::MIN, -(1 << 62), -1, 1, END, END + 1, 1 << 62, i64::MAX - 4];
    renumber(&mut pair.source, &thing, |place| {
        Cell::Int(ends.get(place).copied().unwrap_or(7_000_000_000 + 999 * place as i64))
    });
    let bench = bench(engine, &pair, 83);
    let plan = bench.usual_plan().text();
    comes_to_after_a_stop(&bench, &plan, &pair).await;
}

/// A pair in which an attribute of a second entity refers to the first: by a column that holds an
/// int only in the destination.
fn narrow(seed: u64) -> (Pair, EntityKey, EntityKey) {
    let has_rows = |pair: &Pair| pair.source.named("Thing1").is_some_and(|e| e.rows.len() > 1);
    let mut pairs = (seed..).map(|seed| pair(seed, &[Feature::ExistingRows]));
    let (mut pair, thing) = pairs.find(|(pair, _)| has_rows(pair)).expect("some pair");
    let other = pair.source.named("Thing1").expect("always there").full_key();
    for side in [&mut pair.source, &mut pair.destination] {
        numbered(side, &thing, Kind::LongInteger, true);
    }
    let target = Target::Entity(thing.clone());
    let mut made: Attribute = attribute(&mut pair.source, &other, "Tag").clone();
    made.key = "0a0a0a0a-0000-4000-8000-000000000000".into();
    (made.name, made.column) = ("NarrowId".into(), "NARROWID".into());
    (made.kind, made.nullable, made.mandatory) = (Kind::Reference(target), true, false);
    made.default = None;
    made.rule = crate::estate::model::Rule::Ignore;
    let first = pair.source.entity(&thing).expect("there");
    let id = first.id_of(first.rows.first().expect("a row")).expect("identified").clone();
    let here = entity(&mut pair.source, &other);
    for row in &mut here.rows {
        row.cells.insert(made.key.clone(), id.clone());
    }
    here.attributes.push(made.clone());
    // The model says that it is a reference, and the column is what it was before.
    made.damage = Some(Damage::Type(format!("bt{}*{}", thing.0, thing.1)));
    made.kind = Kind::Integer;
    let there = entity(&mut pair.destination, &other);
    for row in &mut there.rows {
        row.cells.insert(made.key.clone(), Cell::Null);
    }
    there.attributes.push(made);
    (pair, thing, other)
}

/// The pair as if the reference had not been in the source.
fn without_it(pair: &Pair, other: &EntityKey) -> Pair {
    let mut sound = pair.clone();
    for side in [&mut sound.source, &mut sound.destination] {
        attribute(side, other, "NarrowId").active = false;
    }
    attribute(&mut sound.destination, other, "NarrowId").damage = None;
    sound
}

async fn a_reference_too_narrow_for_the_ids_to_come_stops_the_run(engine: &TestEngine) {
    let (mut pair, thing, other) = narrow(84);
    renumber(&mut pair.destination, &thing, |place| Cell::Int(END - 1 - place as i64));
    let bench = bench(engine, &pair, 84);
    let finding = asks(&bench, "reference-narrower", "Thing1.NarrowId");
    assert_eq!(choices(&finding), ["stop", "leave-out"]);
    assert!(finding["rows"].as_u64().is_some_and(|rows| rows > 0), "{finding}");
    decide(&bench, &[(&finding, "leave-out", None)]);
    comes_to(&bench, &without_it(&pair, &other));
}

/// Has the destination number the next rows of a table after this.
pub fn number_after(engine: &TestEngine, bench: &Bench, table: &str, last: i64) {
    let sqls = match engine {
        // A table that never had a row has no line there.
        TestEngine::Sqlite(_) => vec![
            format!("DELETE FROM sqlite_sequence WHERE name = '{table}'"),
            format!("INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {last})"),
        ],
        TestEngine::SqlServer(..) => vec![format!("DBCC CHECKIDENT ('{table}', RESEED, {last})")],
    };
    for sql in sqls {
        bench.databases.execute(Side::Destination, &sql);
    }
}

/// The destination's rows say nothing of how far its identity has come.
async fn a_reference_too_narrow_for_the_identity_stops_the_run(engine: &TestEngine) {
    let (pair, thing, _) = narrow(85);
    let bench = bench(engine, &pair, 85);
    assert!(found(&bench, "reference-narrower", "Thing1.NarrowId").is_none());
    let table = &pair.destination.entity(&thing).expect("there").table;
    number_after(engine, &bench, table, END);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("references too narrow for the ids to come"), "{}", said.all());
    assert!(said.err.contains("Thing1.NarrowId is int"), "{}", said.all());
}

async fn a_reference_too_narrow_for_ids_that_stay_stops_the_run(engine: &TestEngine) {
    let (mut pair, thing, other) = narrow(86);
    for side in [&mut pair.source, &mut pair.destination] {
        numbered(side, &thing, Kind::LongInteger, false);
    }
    renumber(&mut pair.source, &thing, |place| Cell::Int(END + 1 + place as i64));
    let bench = bench(engine, &pair, 86);
    let finding = asks(&bench, "reference-narrower", "Thing1.NarrowId");
    let rows = pair.source.entity(&other).expect("there").rows.len();
    assert_eq!(finding["rows"], rows, "{finding}");
    decide(&bench, &[(&finding, "leave-out", None)]);
    comes_to(&bench, &without_it(&pair, &other));
}

async fn ids_that_the_application_gave_are_given_anew(engine: &TestEngine) {
    let (mut pair, thing) = pair(87, &FEATURES);
    numbered(&mut pair.source, &thing, Kind::Integer, false);
    numbered(&mut pair.destination, &thing, Kind::Integer, true);
    let bench = bench(engine, &pair, 87);
    let finding = found(&bench, "identifier-changed", "Thing0").expect("told");
    assert_eq!(finding["recommended"], "create", "{finding}");
    assert_eq!(choices(&finding), ["create", "stop", "leave-out"]);
    decide(&bench, &[(&finding, "stop", None)]);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    decide(&bench, &[(&finding, "create", None)]);
    comes_to(&bench, &pair);
    undone(&bench);
}

async fn ids_that_the_database_gave_are_kept_if_asked(engine: &TestEngine) {
    let (mut pair, thing) = pair(88, &FEATURES);
    numbered(&mut pair.source, &thing, Kind::LongInteger, true);
    numbered(&mut pair.destination, &thing, Kind::LongInteger, false);
    let bench = bench(engine, &pair, 88);
    let finding = asks(&bench, "identifier-changed", "Thing0");
    assert_eq!(choices(&finding), ["stop", "keep", "leave-out"]);
    decide(&bench, &[(&finding, "keep", None)]);
    comes_to(&bench, &pair);
    undone(&bench);
    // Rows that stay have some of them, and the type does not hold others.
    let mut plan = bench.usual_plan();
    plan.options = vec!["destination_rows = \"keep\"".into()];
    bench.plan(&plan.text());
    let said: Vec<String> = findings(&bench).iter().map(|f| f["kind"].to_string()).collect();
    assert!(said.iter().any(|kind| kind.contains("identifier-changed")), "{said:?}");
}

/// Row 7 of the source is not row 7 of the destination because both have that number: the source's
/// database gave it. Only a person can say so.
async fn ids_that_the_database_gave_do_not_say_which_row_is_meant(engine: &TestEngine) {
    let (mut pair, thing) = pair(88, &FEATURES);
    numbered(&mut pair.source, &thing, Kind::LongInteger, true);
    numbered(&mut pair.destination, &thing, Kind::LongInteger, false);
    for side in [&mut pair.source, &mut pair.destination] {
        renumber(side, &thing, |place| Cell::Int(700 + place as i64));
        entity(side, &thing).uniques.clear();
    }
    let same = pair.destination.entity(&thing).expect("there").rows.len();
    let same = same.min(pair.source.entity(&thing).expect("there").rows.len());
    assert!(same > 0, "no two rows have the same number");
    let bench = Bench::on(engine, &pair, 90);
    let keeping =
        || Plan { options: vec!["destination_rows = \"keep\"".into()], ..bench.usual_plan() };
    bench.plan(&keeping().text());
    let changed = found(&bench, "identifier-changed", "Thing0").expect("asked");
    let keep = (&changed, "keep", None);
    decide_in(&bench, keeping(), &[keep]);
    let finding = asks(&bench, "existing-match", "Thing0");
    assert_eq!(finding["rows"], same, "{finding}");
    decide_in(&bench, keeping(), &[keep, (&finding, "reuse", None)]);
    let table = &pair.destination.entity(&thing).expect("there").table;
    let before = bench.databases.made(Side::Destination).rows(table).to_vec();
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let after = bench.databases.read(Side::Destination).rows(table).to_vec();
    assert!(before.iter().all(|row| after.contains(row)), "{}", said.all());
    // What nobody has there yet is no question.
    renumber(&mut pair.source, &thing, |place| Cell::Int(90_000 + place as i64));
    let bench = Bench::on(engine, &pair, 90);
    decide_in(
        &bench,
        Plan { options: vec!["destination_rows = \"keep\"".into()], ..bench.usual_plan() },
        &[keep],
    );
    let finding = found(&bench, "existing-match", "Thing0").expect("rows stay");
    assert_eq!(finding["recommended"], "reuse", "{finding}");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
}

/// The same of an entity that a reference takes in: its rows are not known by such ids, and are replaced.
async fn nor_do_they_of_what_is_taken_in(engine: &TestEngine) {
    let (mut pair, _) = pair(91, &[Feature::ProducerReplaced, Feature::ExistingRows]);
    let ledger = pair.source.named("Ledger").expect("of the feature").full_key();
    numbered(&mut pair.source, &ledger, Kind::LongInteger, true);
    numbered(&mut pair.destination, &ledger, Kind::LongInteger, false);
    for side in [&mut pair.source, &mut pair.destination] {
        renumber(side, &ledger, |place| Cell::Int(700 + place as i64));
    }
    let bench = bench(engine, &pair, 91);
    let finding = asks(&bench, "identifier-changed", "Ledger");
    decide(&bench, &[(&finding, "keep", None)]);
    comes_to(&bench, &pair);
    undone(&bench);
}

/// Texts are alike to a destination whose key disregards case: SQL Server's does, a file's key does
/// not.
async fn guids_in_another_case_collide(engine: &TestEngine) {
    let (mut pair, thing) = pair(89, &FEATURES);
    let guid = |place: usize| format!("ab12cd34-0000-4000-8000-{place:012x}");
    for side in [&mut pair.source, &mut pair.destination] {
        numbered(side, &thing, Kind::Text(36), false);
    }
    renumber(&mut pair.source, &thing, |place| Cell::text(guid(place)));
    let count = pair.source.entity(&thing).expect("there").rows.len();
    renumber(&mut pair.destination, &thing, |place| {
        let number = if place == 0 { 0 } else { count + place };
        Cell::text(guid(number).to_uppercase())
    });
    let bench = bench(engine, &pair, 89);
    let mut plan = bench.usual_plan();
    plan.options = vec!["destination_rows = \"keep\"".into()];
    bench.plan(&plan.text());
    let finding = found(&bench, "existing-match", "Thing0")
        .or_else(|| found(&bench, "identifier-collision", "Thing0"))
        .unwrap_or_else(|| panic!("{:?}", findings(&bench)));
    let alike = u64::from(engine.kind() == EngineKind::SqlServer);
    assert_eq!(finding["rows"], alike, "{finding}");
    // Replaced, none of them is in the way.
    bench.plan(&bench.usual_plan().text());
    comes_to(&bench, &pair);
    undone(&bench);
}

async fn an_identifier_of_another_type_is_refused(engine: &TestEngine) {
    let (mut pair, thing) = pair(90, &[Feature::ExistingRows]);
    for side in [&mut pair.source, &mut pair.destination] {
        numbered(side, &thing, Kind::Decimal(28, 0), false);
        renumber(side, &thing, |place| Cell::text((place + 1).to_string()));
    }
    let bench = bench(engine, &pair, 90);
    let finding = asks(&bench, "identifier-changed", "Thing0");
    assert!(finding["what"].as_str().is_some_and(|what| what.contains("decimal(28,0)")));
    assert_eq!(choices(&finding), ["stop", "leave-out"]);
}
