//! What a model says wrongly, or not at all, becomes a finding that stops a run until somebody
//! decides it; and what was decided is done, to the row.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fmt::Write as _;

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::generate;
use crate::estate::judge::judge;
use crate::estate::model::{
    Attribute, Cell, Damage, Entity, EntityKey, Environment, Kind, Pair, Rule, Target,
};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::{Feature, Recipe};
use crate::identifiers::undone;
use crate::program::{Bench, Plan};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    a_type_that_says_nothing_is_decided,
    a_type_unclear_in_the_destination_only_can_be_left_out,
    a_key_is_never_cut_nor_left_out,
    an_attribute_without_its_column_can_be_left_out,
    a_record_whose_id_cannot_be_read_is_asked_about,
    a_leftover_tenant_column_that_demands_a_value_stops_the_run,
    what_demands_a_value_is_not_left_out,
    a_reference_decided_empty_stays_empty,
    a_reference_to_an_entity_that_is_not_there_is_decided,
    an_entity_of_an_unknown_kind_can_be_left_out,
    two_active_entities_of_one_key_can_be_left_out,
);

/// A pair of a few features, and the key of its first entity.
pub fn pair(seed: u64, features: &[Feature]) -> (Pair, EntityKey) {
    let pair = generate::pair(&Recipe { seed, size: 2, features: features.to_vec(), flaw: None });
    let first = pair.source.named("Thing0").expect("always there").full_key();
    (pair, first)
}

/// A pair with an entity of that name, of four rows or more, that no other one refers to.
pub fn apart(features: &[Feature], name: &str) -> (Pair, EntityKey) {
    let fits = |pair: &Pair| {
        let one = pair.source.named(name)?;
        let to_it = Target::Entity(one.full_key());
        let mut all = pair.source.entities.iter().flat_map(|entity| &entity.attributes);
        let is_apart = all.all(|attribute| attribute.target() != Some(&to_it));
        let is_numbered = one.identifier().is_some_and(|id| id.autonumber);
        (is_apart && is_numbered && one.rows.len() > 3).then(|| one.full_key())
    };
    (0..)
        .find_map(|seed| {
            let (pair, _) = pair(seed, features);
            fits(&pair).map(|key| (pair, key))
        })
        .expect("some pair has one")
}

pub fn entity<'a>(environment: &'a mut Environment, key: &EntityKey) -> &'a mut Entity {
    environment.entity_mut(key).expect("an entity of the pair")
}

pub fn attribute<'a>(
    environment: &'a mut Environment,
    key: &EntityKey,
    name: &str,
) -> &'a mut Attribute {
    let all = &mut entity(environment, key).attributes;
    all.iter_mut().find(|a| a.name == name).expect("an attribute of the entity")
}

/// All that `osferry compare` found.
pub fn findings(bench: &Bench) -> Vec<Value> {
    let said = bench.osferry(&["compare", "plan.toml", "--json"]);
    let report: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()));
    report["findings"].as_array().unwrap_or_else(|| panic!("{}", said.all())).clone()
}

/// Whether something is named; names of columns have no case.
fn names(text: &str, name: &str) -> bool {
    text.to_lowercase().contains(&name.to_lowercase())
}

/// What it found of a kind about something.
pub fn found(bench: &Bench, kind: &str, about: &str) -> Option<Value> {
    findings(bench)
        .into_iter()
        .find(|f| f["kind"] == kind && f["about"].as_str().is_some_and(|a| names(a, about)))
}

/// The names of what can be chosen.
pub fn choices(finding: &Value) -> Vec<&str> {
    let all = finding["choices"].as_array().expect("choices");
    all.iter().map(|choice| choice["name"].as_str().expect("a name")).collect()
}

/// Refused with this finding, which stops unless decided; nothing is written.
pub fn asks(bench: &Bench, kind: &str, about: &str) -> Value {
    let finding = found(bench, kind, about).unwrap_or_else(|| {
        let all: Vec<String> = findings(bench)
            .iter()
            .map(|f| format!("{} {}: {}", f["kind"], f["about"], f["what"]))
            .collect();
        panic!("nothing of the kind {kind} is found about {about}, but:\n{}", all.join("\n"))
    });
    assert_eq!(finding["recommended"], "stop", "{finding}");
    let said = bench.run();
    assert!(!said.panicked(), "{}", said.all());
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(names(&said.err, about), "{about} is not named\n{}", said.all());
    assert!(bench.destination_unchanged(), "something was written\n{}", said.all());
    finding
}

/// The usual plan with decisions about findings.
pub fn decide(bench: &Bench, decisions: &[(&Value, &str, Option<&str>)]) {
    decide_in(bench, bench.usual_plan(), decisions);
}

/// The same in a plan that is not quite the usual one.
pub fn decide_in(bench: &Bench, mut plan: Plan, decisions: &[(&Value, &str, Option<&str>)]) {
    for (finding, choice, to) in decisions {
        plan.more.push_str("\n[[decision]]\n");
        for key in ["kind", "espace", "entity", "attribute", "record", "user", "tenant"] {
            if let Some(text) = finding[key].as_str() {
                let _ = writeln!(plan.more, "{key} = \"{text}\"");
            }
        }
        let _ = writeln!(plan.more, "choice = \"{choice}\"");
        if let Some(to) = to {
            let _ = writeln!(plan.more, "to = \"{to}\"");
        }
    }
    bench.plan(&plan.text());
}

/// The run makes of the destination what the oracle makes of that pair, in which nothing is amiss.
pub fn comes_to(bench: &Bench, sound: &Pair) {
    let before = bench.databases.made(Side::Destination);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let expected = match migrate(sound) {
        Verdict::Done(expected) => expected,
        Verdict::Refused(why) => panic!("the oracle refuses a sound pair: {why:?}"),
    };
    let after = bench.databases.read(Side::Destination);
    let troubles = judge(&before, &after, &expected, &sound.destination);
    assert!(troubles.is_empty(), "{}\n{}", troubles.join("\n"), said.all());
}

/// A bench with the usual plan.
pub fn bench(engine: &TestEngine, pair: &Pair, whim: u64) -> Bench {
    let bench = Bench::on(engine, pair, whim);
    bench.plan(&bench.usual_plan().text());
    bench
}

/// A reference to rows of another application whose type no longer says so: carried as it is, it
/// would hold ids of the source.
async fn a_type_that_says_nothing_is_decided(engine: &TestEngine) {
    for (damaged, both_sides) in [("rtEntityReference", true), ("bt0815", false)] {
        let (mut sound, thing) = pair(31, &[Feature::ProducerKept]);
        for side in [&mut sound.source, &mut sound.destination] {
            let link = attribute(side, &thing, "PartyId");
            (link.mandatory, link.nullable) = (false, true);
        }
        let mut spoilt = sound.clone();
        let damage = Some(Damage::Type(damaged.into()));
        attribute(&mut spoilt.source, &thing, "PartyId").damage.clone_from(&damage);
        if both_sides {
            attribute(&mut spoilt.destination, &thing, "PartyId").damage = damage;
        }
        let first = bench(engine, &spoilt, 31);
        let finding = asks(&first, "type-unknown", "Thing0.PartyId");
        assert_eq!(choices(&finding), ["stop", "leave-out", "map"], "{finding}");

        decide(&first, &[(&finding, "map", Some("Base_CS.Nobody"))]);
        let said = first.run();
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains("Base_CS.Nobody"), "{}", said.all());
        assert!(first.destination_unchanged());

        decide(&first, &[(&finding, "map", Some("Base_CS.Party"))]);
        comes_to(&first, &sound);

        let second = bench(engine, &spoilt, 31);
        decide(&second, &[(&finding, "leave-out", None)]);
        attribute(&mut sound.source, &thing, "PartyId").active = false;
        comes_to(&second, &sound);
        if engine.is_slow() {
            return;
        }
    }
}

/// Plain values could be taken for ids by the destination's application.
async fn a_type_unclear_in_the_destination_only_can_be_left_out(engine: &TestEngine) {
    let (mut sound, thing) = pair(32, &[]);
    let remark = attribute(&mut sound.destination, &thing, "Remark");
    remark.nullable = true;
    let mut spoilt = sound.clone();
    attribute(&mut spoilt.destination, &thing, "Remark").damage =
        Some(Damage::Type("rtGuess".into()));
    let bench = bench(engine, &spoilt, 32);
    let finding = asks(&bench, "type-unknown", "Thing0.Remark");
    assert_eq!(choices(&finding), ["stop", "leave-out"], "{finding}");
    decide(&bench, &[(&finding, "leave-out", None)]);
    for side in [&mut sound.source, &mut sound.destination] {
        attribute(side, &thing, "Remark").active = false;
    }
    comes_to(&bench, &sound);
}

/// A pair with an entity whose text identifiers other rows refer to.
fn with_text_identifier() -> (Pair, EntityKey) {
    for seed in 0..200 {
        let (pair, _) = pair(seed, &[Feature::TextIdentifier]);
        let is_text = |e: &&Entity| {
            !e.is_static
                && !e.rows.is_empty()
                && e.name.starts_with("Thing")
                && e.identifier().is_some_and(|a| a.kind == Kind::Text(36))
        };
        let Some(named) = pair.source.entities.iter().find(is_text) else { continue };
        let key = named.full_key();
        let target = Target::Entity(key.clone());
        let refers = |e: &Entity| {
            !e.rows.is_empty() && e.attributes.iter().any(|a| a.target() == Some(&target))
        };
        if pair.source.entities.iter().any(refers) {
            return (pair, key);
        }
    }
    panic!("no pair has a text identifier that rows refer to");
}

/// A key that is cut is another row's, or nobody's; without its key a row is none.
async fn a_key_is_never_cut_nor_left_out(engine: &TestEngine) {
    let (mut narrow, key) = with_text_identifier();
    attribute(&mut narrow.destination, &key, "Id").kind = Kind::Text(2);
    let name = narrow.source.entity(&key).expect("there").name.clone();
    let first = bench(engine, &narrow, 33);
    let finding = asks(&first, "text-too-long", &format!("{name}.Id"));
    assert!(!choices(&finding).contains(&"cut"), "{finding}");
    decide(&first, &[(&finding, "cut", None)]);
    let said = first.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(first.destination_unchanged());

    let (mut retyped, key) = with_text_identifier();
    attribute(&mut retyped.destination, &key, "Id").kind = Kind::Integer;
    for side in [&mut retyped.source, &mut retyped.destination] {
        let target = Target::Entity(key.clone());
        for entity in &mut side.entities {
            entity.attributes.retain(|a| a.target() != Some(&target));
            entity.uniques.retain(|u| {
                u.attributes.iter().all(|k| entity.attributes.iter().any(|a| &a.key == k))
            });
        }
    }
    let second = bench(engine, &retyped, 33);
    let finding = asks(&second, "attribute-retyped", &format!("{name}.Id"));
    assert_eq!(choices(&finding), ["stop"], "{finding}");
}

async fn an_attribute_without_its_column_can_be_left_out(engine: &TestEngine) {
    for side in [Side::Source, Side::Destination] {
        let (mut sound, thing) = pair(34, &[Feature::ExistingRows]);
        attribute(&mut sound.destination, &thing, "Remark").nullable = true;
        let mut spoilt = sound.clone();
        let environment = match side {
            Side::Source => &mut spoilt.source,
            Side::Destination => &mut spoilt.destination,
        };
        attribute(environment, &thing, "Remark").damage = Some(Damage::NoColumn);
        let bench = bench(engine, &spoilt, 34);
        let finding = asks(&bench, "column-missing", "Thing0.Remark");
        assert_eq!(choices(&finding), ["stop", "leave-out"], "{finding}");
        for other in ["attribute-missing", "attribute-new"] {
            assert!(found(&bench, other, "Thing0.Remark").is_none(), "{side} is {other}");
        }
        decide(&bench, &[(&finding, "leave-out", None)]);
        for side in [&mut sound.source, &mut sound.destination] {
            attribute(side, &thing, "Remark").active = false;
        }
        if side == Side::Destination {
            entity(&mut sound.destination, &thing).attributes.retain(|a| a.name != "Remark");
        }
        comes_to(&bench, &sound);
    }
}

async fn a_record_whose_id_cannot_be_read_is_asked_about(engine: &TestEngine) {
    let (mut spoilt, thing) = pair(35, &[]);
    let link = attribute(&mut spoilt.source, &thing, "StatusId").key.clone();
    let rows = &spoilt.source.entity(&thing).expect("there").rows;
    let used: Vec<Cell> =
        rows.iter().map(|r| r.cells[&link].clone()).filter(|c| !c.is_no_identifier()).collect();
    let used = used.first().expect("a record in use").clone();
    let status = spoilt.source.named("Status").expect("there").full_key();
    let records = &mut entity(&mut spoilt.source, &status).records;
    let record = records.iter_mut().find(|r| r.data_id == used).expect("in use");
    record.data_id = Cell::text("12 or so");
    let name = record.name.clone();
    let bench = bench(engine, &spoilt, 35);
    let finding = asks(&bench, "record-id-unreadable", &name);
    assert_eq!(choices(&finding), ["stop", "leave-out"], "{finding}");
    assert!(finding["what"].as_str().is_some_and(|what| what.contains("12 or so")), "{finding}");
    // Going on without the record makes orphans of the references to it, which are findings too.
    decide(&bench, &[(&finding, "leave-out", None)]);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(found(&bench, "orphan-references", "Thing0.StatusId").is_some());
}

async fn a_leftover_tenant_column_that_demands_a_value_stops_the_run(engine: &TestEngine) {
    let (mut spoilt, thing) = pair(36, &[Feature::ExistingRows]);
    generate::leave_tenant(entity(&mut spoilt.destination, &thing));
    asks(&bench(engine, &spoilt, 36), "leftover-not-null", "TENANT_ID");
}

/// Left out, every row would be refused.
async fn what_demands_a_value_is_not_left_out(engine: &TestEngine) {
    let (mut retyped, thing) = pair(37, &[]);
    let remark = attribute(&mut retyped.destination, &thing, "Remark");
    (remark.kind, remark.nullable, remark.default) = (Kind::Integer, false, None);
    let status = retyped.destination.named("Status").expect("there").full_key();
    let mut elsewhere = retyped.clone();
    let bench_of = |pair: &Pair| bench(engine, pair, 37);
    let finding = asks(&bench_of(&retyped), "attribute-retyped", "Thing0.Remark");
    assert_eq!(choices(&finding), ["stop", "convert"], "{finding}");

    let owner = attribute(&mut elsewhere.destination, &thing, "OwnerId");
    (owner.kind, owner.nullable, owner.default) =
        (Kind::Reference(Target::Entity(status)), false, None);
    let finding = asks(&bench_of(&elsewhere), "reference-retargeted", "Thing0.OwnerId");
    assert_eq!(choices(&finding), ["stop"], "{finding}");
}

/// Whatever another attribute does with the same entity.
async fn a_reference_decided_empty_stays_empty(engine: &TestEngine) {
    let (mut pair, thing) = pair(38, &[Feature::ProducerKept]);
    for side in [&mut pair.source, &mut pair.destination] {
        let link = attribute(side, &thing, "PartyId");
        (link.mandatory, link.nullable) = (false, true);
        let mut other = link.clone();
        (other.name, other.column) = ("OtherPartyId".into(), "OTHERPARTYID".into());
        other.key = other.key.chars().rev().collect();
        let (from, to) = (link.key.clone(), other.key.clone());
        let entity = entity(side, &thing);
        entity.attributes.push(other);
        for row in &mut entity.rows {
            let cell = row.cells[&from].clone();
            row.cells.insert(to.clone(), cell);
        }
    }
    let bench = bench(engine, &pair, 38);
    let finding = found(&bench, "reference-leaves-scope", "Thing0.PartyId").expect("it leaves");
    decide(&bench, &[(&finding, "empty", None)]);
    let thing = entity(&mut pair.source, &thing);
    let link = thing.attributes.iter().find(|a| a.name == "PartyId").expect("there").key.clone();
    let filled = thing.rows.iter().filter(|r| r.cells[&link] != Cell::Null).count();
    assert!(filled > 0, "no row refers to a party");
    for row in &mut thing.rows {
        row.cells.insert(link.clone(), Cell::Null);
    }
    comes_to(&bench, &pair);
}

/// An entity that nobody has, and one whose module has another key: it may be meant, or its clone.
async fn a_reference_to_an_entity_that_is_not_there_is_decided(engine: &TestEngine) {
    let nowhere = "0815feed-0000-4000-8000-000000000000";
    for is_clone in [true, false] {
        let (mut sound, thing) = pair(40, &[Feature::ProducerKept]);
        for side in [&mut sound.source, &mut sound.destination] {
            let link = attribute(side, &thing, "PartyId");
            (link.mandatory, link.nullable) = (false, true);
        }
        let party = sound.source.named("Party").expect("there").key.clone();
        let named = if is_clone { &party } else { nowhere };
        let mut spoilt = sound.clone();
        for side in [&mut spoilt.source, &mut spoilt.destination] {
            attribute(side, &thing, "PartyId").damage =
                Some(Damage::Type(format!("bt{nowhere}*{named}")));
        }
        let bench = bench(engine, &spoilt, 40);
        let finding = asks(&bench, "reference-unresolved", "Thing0.PartyId");
        assert_eq!(choices(&finding), ["stop", "map", "empty"], "{finding}");
        let candidates: &[&str] = if is_clone { &["Base_CS.Party"] } else { &[] };
        assert_eq!(finding["candidates"], serde_json::json!(candidates), "{finding}");

        let map = |to| decide(&bench, &[(&finding, "map", Some(to))]);
        map("Base_CS.Nobody");
        let said = bench.run();
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains("Base_CS.Nobody"), "{}", said.all());
        map("Base_CS.Party");
        comes_to(&bench, &sound);
        undone(&bench);

        // Nobody refers to a party then, so that none is taken in.
        decide(&bench, &[(&finding, "empty", None)]);
        attribute(&mut sound.source, &thing, "PartyId").active = false;
        comes_to(&bench, &sound);
        if engine.is_slow() {
            return;
        }
    }
}

async fn an_entity_of_an_unknown_kind_can_be_left_out(engine: &TestEngine) {
    let (mut sound, thing) = apart(&[], "Thing1");
    let bench = bench(engine, &sound, 41);
    let kind = "UPDATE OSSYS_ENTITY SET DATA_KIND = 'hologram' WHERE NAME = 'Thing1'";
    bench.databases.execute(Side::Source, kind);
    let finding = asks(&bench, "entity-kind-unknown", "Thing1");
    assert_eq!(choices(&finding), ["stop", "leave-out"], "{finding}");
    assert!(finding["what"].as_str().is_some_and(|what| what.contains("hologram")), "{finding}");
    decide(&bench, &[(&finding, "leave-out", None)]);
    entity(&mut sound.source, &thing).active = false;
    comes_to(&bench, &sound);
}

/// Nothing tells which of the two tables is meant: neither is read, and neither is written.
async fn two_active_entities_of_one_key_can_be_left_out(engine: &TestEngine) {
    for side in [Side::Source, Side::Destination] {
        let (mut real, thing) = apart(&[], "Thing1");
        let environment = match side {
            Side::Source => &mut real.source,
            Side::Destination => &mut real.destination,
        };
        let mut twin = entity(environment, &thing).clone();
        twin.id += 4000;
        twin.table.push_str("_twin");
        twin.uniques.clear();
        twin.events = None;
        environment.entities.push(twin);
        let bench = bench(engine, &real, 42);
        let finding = asks(&bench, "entity-ambiguous", "Thing1");
        assert_eq!(choices(&finding), ["stop", "leave-out"], "{finding}");
        decide(&bench, &[(&finding, "leave-out", None)]);
        for entity in &mut real.source.entities {
            entity.active &= entity.full_key() != thing;
        }
        real.destination.entities.retain(|one| !one.table.ends_with("_twin"));
        comes_to(&bench, &real);
        undone(&bench);
    }
}

/// What is beyond the last value looked at would be taken for nobody's.
#[test]
fn more_values_than_can_be_looked_at_are_not_passed_over() {
    let (mut pair, thing) = pair(39, &[]);
    for side in [&mut pair.source, &mut pair.destination] {
        let first = entity(side, &thing);
        let kept = ["Id", "OwnerId"];
        first.attributes.retain(|a| kept.contains(&a.name.as_str()) || a.nullable);
        first.uniques.clear();
        attribute(side, &thing, "OwnerId").rule = Rule::Ignore;
    }
    let bench = bench(&TestEngine::sqlite(), &pair, 39);
    let first = pair.source.entity(&thing).expect("there");
    let column = |name: &str| {
        first.attributes.iter().find(|a| a.name == name).expect("there").column.clone()
    };
    let key = match first.identifier().expect("there").autonumber {
        true => (String::new(), ""),
        false => (format!(", \"{}\"", column("Id")), ", 5000000 + n"),
    };
    bench.databases.execute(
        Side::Source,
        &format!(
            "PRAGMA foreign_keys = OFF; \
             WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers \
             WHERE n <= 500000) \
             INSERT INTO \"{}\" (\"{}\"{}) SELECT 100000 + n{} FROM numbers",
            first.table,
            column("OwnerId"),
            key.0,
            key.1
        ),
    );
    let finding = asks(&bench, "too-many-values", "Thing0.OwnerId");
    assert_eq!(choices(&finding), ["stop"], "{finding}");
}
