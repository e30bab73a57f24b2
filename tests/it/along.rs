//! What goes along with rows that are left out is told with the choice to leave them out, whatever
//! the choice is about: rows that demand a reference to them, and references that are emptied.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::decided::Wish;
use crate::estate::model::{Cell, Entity, EntityKey, Kind, Pair, Rule, Target, Unique};
use crate::estate::recipe::Feature;
use crate::foretold::{comparison, not_foretold, report};
use crate::keep::keeping;
use crate::masking;
use crate::mismatches::add;
use crate::never_silent::{attribute, comes_to, decide_in, entity, findings, found, pair};
use crate::program::{Bench, Plan};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    with_references_to_a_record_that_is_missing,
    with_references_to_nothing_that_could_be_emptied,
    with_references_to_nothing_that_wait_for_all_rows,
    a_row_that_extends_nothing_is_told_as_one_that_extends_what_is_gone,
    with_rows_that_the_destination_has,
    with_rows_that_an_index_refuses_beside_those_that_stay,
    with_rows_that_an_index_refuses_in_a_circle,
    but_not_beside_those_that_stay_in_a_circle,
    a_circle_that_may_stay_empty_demands_nothing,
    with_masks_that_an_index_may_refuse,
);

/// A pair in which another entity refers to the rows of the first in turn: by MustId, which is
/// demanded, and by MayId. Returns the keys of both.
fn with_dependants(seed: u64, features: &[Feature]) -> (Pair, EntityKey, EntityKey) {
    let fits = |(both, thing): &(Pair, EntityKey)| {
        let refers = both.source.entity(thing)?.attributes.iter().any(|a| {
            matches!(a.target(), Some(Target::Entity(key))
                if both.source.entity(key).is_some_and(|e| e.name == "Thing1"))
        });
        let child = both.source.named("Thing1")?;
        let there = both.destination.entity(&child.full_key())?;
        let rows = both.source.entity(thing)?.rows.len();
        (!refers && rows > 3 && child.rows.len() > 3 && there.rows.is_empty())
            .then(|| child.full_key())
    };
    let ((mut both, thing), child) = (seed..)
        .map(|seed| pair(seed, features))
        .find_map(|made| fits(&made).map(|child| (made, child)))
        .expect("some pair");
    let first = both.source.entity(&thing).expect("there").clone();
    let ids: Vec<Cell> = first.rows.iter().filter_map(|row| first.id_of(row)).cloned().collect();
    for (number, name) in [(901, "MustId"), (902, "MayId")] {
        let target = Kind::Reference(Target::Entity(thing.clone()));
        let mut link = masking::attribute(number, name, target);
        (link.mandatory, link.nullable) = (number == 901, number == 902);
        for (place, row) in entity(&mut both.source, &child).rows.iter_mut().enumerate() {
            let to = ids[(place + usize::from(number == 902)) % ids.len()].clone();
            row.cells.insert(link.key.clone(), to);
        }
        for side in [&mut both.source, &mut both.destination] {
            entity(side, &child).attributes.push(link.clone());
        }
    }
    (both, thing, child)
}

/// What the choice to leave rows out costs.
fn cost(finding: &Value) -> &str {
    let choices = finding["choices"].as_array().expect("choices");
    let reject = choices.iter().find(|choice| choice["name"] == "reject").expect("to reject");
    reject["cost"].as_str().expect("a cost")
}

/// Leaves out what the finding is about; the run then meets nothing of the rows that depend on it
/// which was not told, and there is something.
fn goes_along(
    bench: &Bench,
    plan: Plan,
    finding: &Value,
    decided: &[(&Value, &str, Option<&str>)],
) {
    let all: Vec<_> = decided.iter().copied().chain([(finding, "reject", None)]).collect();
    decide_in(bench, plan, &all);
    let said = comparison(bench);
    let run = bench.run();
    let made = report(bench).expect("a report");
    assert!(matches!(run.code, Some(0 | 1)), "{}", run.all());
    let child = made["entities"]
        .as_array()
        .expect("entities")
        .iter()
        .find(|one| one["name"].as_str().is_some_and(|name| name.ends_with(".Thing1")));
    let child = child.expect("it is in the scope");
    assert!(child["left_out"].as_u64() > Some(0), "nothing depends on them: {child:#}");
    let of_child = |line: &String| line.contains(".Thing1.");
    let missed: Vec<String> = not_foretold(&said, &made).into_iter().filter(of_child).collect();
    assert!(missed.is_empty(), "{missed:?}\n{finding:#}");
    assert!(cost(finding).contains(".Thing1"), "{finding:#}");
}

async fn with_references_to_a_record_that_is_missing(engine: &TestEngine) {
    let (mut both, thing, _) = with_dependants(81, &[]);
    let key = attribute(&mut both.source, &thing, "StatusId").key.clone();
    let status = both.source.named("Status").expect("of every pair").full_key();
    let first = entity(&mut both.source, &status).records[0].clone();
    let rows = &mut entity(&mut both.source, &thing).rows;
    rows[0].cells.insert(key.clone(), first.data_id.clone());
    let there = entity(&mut both.destination, &status);
    let gone = there.records.iter().find(|one| one.key == first.key).expect("there").clone();
    there.records.retain(|one| one.key != first.key);
    let own = there.identifier.clone().expect("it has one");
    there.rows.retain(|row| row.cells[&own] != gone.data_id);
    for entity in both.destination.entities.iter_mut().filter(|entity| !entity.is_static) {
        entity.rows.clear();
    }
    let bench = Bench::on(engine, &both, 81);
    bench.plan(&bench.usual_plan().text());
    let all = findings(&bench);
    let is_it = |one: &&Value| one["kind"] == "record-missing" || one["kind"] == "record-recreated";
    let finding = all.iter().find(is_it).expect("a record is missing").clone();
    goes_along(&bench, bench.usual_plan(), &finding, &[]);
}

async fn with_references_to_nothing_that_could_be_emptied(engine: &TestEngine) {
    let (mut both, thing, _) = with_dependants(82, &[]);
    for side in [&mut both.source, &mut both.destination] {
        let link = attribute(side, &thing, "StatusId");
        (link.nullable, link.mandatory, link.rule) = (true, false, Rule::Ignore);
    }
    let key = attribute(&mut both.source, &thing, "StatusId").key.clone();
    entity(&mut both.source, &thing).rows[0].cells.insert(key, Cell::Int(98_765));
    let bench = Bench::on(engine, &both, 82);
    bench.plan(&bench.usual_plan().text());
    let finding = found(&bench, "orphan-references", "Thing0.StatusId").expect("an orphan");
    assert_eq!(finding["recommended"], "empty", "{finding}");
    goes_along(&bench, bench.usual_plan(), &finding, &[]);
}

/// A reference to rows of the same entity is set when all are there. It leads to nothing, and could
/// be emptied; that its row is to stay behind has to be known before.
async fn with_references_to_nothing_that_wait_for_all_rows(engine: &TestEngine) {
    let refers_to_itself = |both: Pair| {
        let has_parent = |one: &&Entity| {
            one.rows.len() > 3 && one.attributes.iter().any(|a| a.name == "ParentId")
        };
        let found = both.source.entities.iter().filter(|one| one.active).find(has_parent);
        let (key, name) = found.map(|one| (one.full_key(), one.name.clone()))?;
        Some((both, key, name))
    };
    let (mut both, thing, name) = (84..)
        .map(|seed| pair(seed, &[Feature::SelfReference]).0)
        .find_map(refers_to_itself)
        .expect("some pair");
    for side in [&mut both.source, &mut both.destination] {
        let link = attribute(side, &thing, "ParentId");
        (link.nullable, link.mandatory, link.rule) = (true, false, Rule::Ignore);
    }
    let key = attribute(&mut both.source, &thing, "ParentId").key.clone();
    entity(&mut both.source, &thing).rows[0].cells.insert(key.clone(), Cell::Int(98_765));
    let bench = Bench::on(engine, &both, 84);
    bench.plan(&bench.usual_plan().text());
    let finding = found(&bench, "orphan-references", &format!("{name}.ParentId"));
    let finding = finding.expect("an orphan");
    decide_in(&bench, bench.usual_plan(), &[(&finding, "reject", None)]);
    both.decided.attributes.insert(key, Wish::OrphansStayBehind);
    let foretold = comparison(&bench);
    comes_to(&bench, &both);
    let report = report(&bench).expect("a report");
    assert_eq!(not_foretold(&foretold, &report), Vec::<String>::new());
}

/// Its own id is 0, which is nobody's: there is no row without an id.
async fn a_row_that_extends_nothing_is_told_as_one_that_extends_what_is_gone(engine: &TestEngine) {
    let made = (0..200).find_map(|seed| {
        let (mut both, _) = pair(seed, &[Feature::Extension]);
        let detail = both.source.named("Detail")?.full_key();
        let own = both.source.entity(&detail)?.identifier()?.clone();
        let is_number = |cell: &&Cell| matches!(cell, Cell::Int(_));
        let rows = &mut entity(&mut both.source, &detail).rows;
        rows.first().map(|row| &row.cells[&own.key]).filter(is_number)?;
        (own.rule == Rule::Ignore && rows.len() > 1).then_some(())?;
        rows[0].cells.insert(own.key, Cell::Int(0));
        // Whatever extends it in turn is about other rows.
        let gone: Vec<EntityKey> =
            both.source.named("Footnote").map(Entity::full_key).into_iter().collect();
        for key in gone {
            entity(&mut both.source, &key).rows.clear();
        }
        Some(both)
    });
    let both = made.expect("some pair has such an entity");
    let bench = Bench::on(engine, &both, 86);
    bench.plan(&bench.usual_plan().text());
    let finding = found(&bench, "orphan-references", "Core.Detail.Id").expect("it is told");
    assert_eq!(finding["rows"], 1, "{finding}");
    let foretold = comparison(&bench);
    comes_to(&bench, &both);
    let report = report(&bench).expect("a report");
    assert_eq!(not_foretold(&foretold, &report), Vec::<String>::new());
}

/// Has a row of the first entity in the destination, with the text of the first one of ours in an
/// attribute that a unique index is over.
fn with_one_there(seed: u64, name: &str) -> (Pair, EntityKey) {
    let (mut both, thing, _) = with_dependants(seed, &[]);
    for side in [&mut both.source, &mut both.destination] {
        add(side, &thing, name, Kind::Text(20), &Cell::Null);
    }
    let key = attribute(&mut both.source, &thing, name).key.clone();
    let ours = entity(&mut both.source, &thing);
    for (place, row) in ours.rows.iter_mut().enumerate() {
        row.cells.insert(key.clone(), Cell::text(format!("code {place}")));
    }
    let mut row = ours.rows[0].clone();
    let there = entity(&mut both.destination, &thing);
    there.uniques = vec![Unique { attributes: vec![key], tenant: false }];
    row.cells.retain(|key, _| there.attributes.iter().any(|own| &own.key == key));
    for own in &there.attributes {
        if own.target().is_some() {
            let none = if own.nullable { Cell::Null } else { Cell::Int(0) };
            row.cells.insert(own.key.clone(), none);
        } else {
            row.cells.entry(own.key.clone()).or_insert(Cell::Null);
        }
    }
    there.rows = vec![row];
    (both, thing)
}

async fn with_rows_that_the_destination_has(engine: &TestEngine) {
    let (both, _) = with_one_there(83, "Code");
    let bench = Bench::on(engine, &both, 83);
    bench.plan(&keeping(&bench).text());
    let finding = found(&bench, "existing-match", "Thing0").expect("rows stay");
    assert_eq!(finding["rows"], 1, "{finding}");
    goes_along(&bench, keeping(&bench), &finding, &[]);
}

/// A pair whose rows are looked for by their tag, while another index would refuse one: the finding
/// about that, the one about the rows that stay, and the tag's name.
fn beside_those_that_stay(
    engine: &TestEngine,
    mut both: Pair,
    thing: &EntityKey,
    whim: u64,
) -> (Bench, Value, (Value, String)) {
    let tag = entity(&mut both.source, thing).tag().expect("it has one").clone();
    let there = entity(&mut both.destination, thing);
    there.rows[0].cells.insert(tag.key.clone(), Cell::text("nobody's"));
    there.uniques.push(Unique { attributes: vec![tag.key.clone()], tenant: false });
    let bench = Bench::on(engine, &both, whim);
    bench.plan(&keeping(&bench).text());
    let by = found(&bench, "existing-match", "Thing0").expect("rows stay");
    decide_in(&bench, keeping(&bench), &[(&by, "reuse", Some(tag.name.as_str()))]);
    let finding = found(&bench, "unique-taken", "Thing0").expect("a row is refused");
    assert_eq!(finding["rows"], 1, "{finding}");
    (bench, finding, (by, tag.name))
}

async fn with_rows_that_an_index_refuses_beside_those_that_stay(engine: &TestEngine) {
    let (both, thing) = with_one_there(84, "Code");
    let (bench, finding, (by, tag)) = beside_those_that_stay(engine, both, &thing, 84);
    // Which index refuses a row is told by its name.
    if !bench.databases.are_on_a_stand_in() {
        goes_along(&bench, keeping(&bench), &finding, &[(&by, "reuse", Some(tag.as_str()))]);
    }
}

/// Has rows of the first entity demand references to the other's, so that neither can be written
/// before the other. The one with more such references is written last: the first.
fn close_circle(both: &mut Pair, thing: &EntityKey, child: &EntityKey) {
    let first = both.source.entity(child).expect("there").clone();
    let ids: Vec<Cell> = first.rows.iter().filter_map(|row| first.id_of(row)).cloned().collect();
    for (number, name) in [(903, "BackId"), (904, "OtherBackId")] {
        let target = Kind::Reference(Target::Entity(child.clone()));
        let mut back = masking::attribute(number, name, target);
        (back.mandatory, back.nullable, back.late) = (true, false, true);
        for (place, row) in entity(&mut both.source, thing).rows.iter_mut().enumerate() {
            row.cells.insert(back.key.clone(), ids[place % ids.len()].clone());
        }
        for row in &mut entity(&mut both.destination, thing).rows {
            row.cells.insert(back.key.clone(), Cell::Int(0));
        }
        for side in [&mut both.source, &mut both.destination] {
            entity(side, thing).attributes.push(back.clone());
        }
    }
}

/// Which rows an index will refuse has to be known before either entity of a circle is written.
async fn with_rows_that_an_index_refuses_in_a_circle(engine: &TestEngine) {
    let (mut both, thing, child) = with_dependants(86, &[]);
    close_circle(&mut both, &thing, &child);
    let mut text = masking::attribute(905, "Badge", Kind::Text(50));
    (text.mandatory, text.nullable) = (false, true);
    let ours = entity(&mut both.source, &thing);
    let mut order: Vec<usize> = (0..ours.rows.len()).collect();
    order.sort_by_key(|place| ours.id_of(&ours.rows[*place]).cloned());
    for (number, place) in order.into_iter().enumerate() {
        // The second is like the first.
        let said = Cell::text(format!("badge {}", number.saturating_sub(1)));
        ours.rows[place].cells.insert(text.key.clone(), said);
    }
    for side in [&mut both.source, &mut both.destination] {
        entity(side, &thing).attributes.push(text.clone());
    }
    let index = Unique { attributes: vec![text.key.clone()], tenant: false };
    entity(&mut both.destination, &thing).uniques.push(index);
    let bench = Bench::on(engine, &both, 86);
    bench.plan(&bench.usual_plan().text());
    let finding = found(&bench, "unique-only-in-destination", "Thing0").expect("rows are alike");
    assert_eq!(finding["rows"], 1, "{finding}");
    // Which index refuses a row is told by its name.
    if !bench.databases.are_on_a_stand_in() {
        goes_along(&bench, bench.usual_plan(), &finding, &[]);
        let made = report(&bench).expect("a report");
        let stays_empty = |line: &String| line.contains("stays empty");
        let lines = made["events"].as_array().expect("a story").iter();
        let lines: Vec<String> = lines.map(Value::to_string).collect();
        assert!(!lines.iter().any(stays_empty), "{lines:#?}");
    }
}

/// Which rows it refuses beside those that stay is known when they are written: too late in a circle.
async fn but_not_beside_those_that_stay_in_a_circle(engine: &TestEngine) {
    let (mut both, thing) = with_one_there(87, "Code");
    let child = both.source.named("Thing1").expect("there").full_key();
    close_circle(&mut both, &thing, &child);
    let (bench, finding, tag) = beside_those_that_stay(engine, both, &thing, 87);
    decide_in(
        &bench,
        keeping(&bench),
        &[(&tag.0, "reuse", Some(&tag.1)), (&finding, "reject", None)],
    );
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("it is part of a circle of mandatory references"), "{}", said.all());
    assert!(bench.destination_unchanged(), "something was written\n{}", said.all());
}

/// References that wait and may be emptied lose the rows that an index refuses, and that is all:
/// nothing has to be known before, though rows with references to nothing are to stay behind.
async fn a_circle_that_may_stay_empty_demands_nothing(engine: &TestEngine) {
    let (mut both, thing) = with_one_there(88, "Code");
    let child = both.source.named("Thing1").expect("there").full_key();
    close_circle(&mut both, &thing, &child);
    for side in [&mut both.source, &mut both.destination] {
        for name in ["BackId", "OtherBackId"] {
            let back = attribute(side, &thing, name);
            (back.mandatory, back.nullable, back.rule) = (false, true, Rule::Ignore);
        }
    }
    let key = attribute(&mut both.source, &thing, "BackId").key.clone();
    entity(&mut both.source, &thing).rows[0].cells.insert(key, Cell::Int(98_765));
    let (bench, finding, tag) = beside_those_that_stay(engine, both, &thing, 88);
    let orphan = found(&bench, "orphan-references", "Thing0.BackId").expect("an orphan");
    decide_in(
        &bench,
        keeping(&bench),
        &[(&tag.0, "reuse", Some(&tag.1)), (&finding, "reject", None), (&orphan, "reject", None)],
    );
    let said = bench.run();
    assert!(!said.err.contains("circle of mandatory references"), "{}", said.all());
    assert_eq!(said.code, Some(0), "{}", said.all());
}

async fn with_masks_that_an_index_may_refuse(engine: &TestEngine) {
    let (mut both, thing) = with_one_there(85, "Surname");
    entity(&mut both.destination, &thing).rows.clear();
    let bench = Bench::on(engine, &both, 85);
    let mut plan = bench.usual_plan();
    plan.options.push("personal_data = \"mask\"".to_owned());
    bench.plan(&plan.text());
    let surname = found(&bench, "personal-data-likely", "Thing0.Surname").expect("a name");
    let same = [(&surname, "constant", Some("nobody"))];
    decide_in(&bench, plan, &same);
    let finding =
        found(&bench, "personal-data-key", "Thing0.Surname").expect("one index, one value");
    let rows = both.source.entity(&thing).expect("there").rows.len();
    assert_eq!(finding["rows"], rows, "{finding}");
    let cost = cost(&finding);
    assert!(cost.starts_with("at most ") && cost.contains(".Thing1"), "{finding:#}");
    assert!(bench.databases.unchanged(Side::Destination), "a comparison writes nothing");
}
