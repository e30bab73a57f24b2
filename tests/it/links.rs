//! Rows that only say what belongs together: where no unique index tells them apart, a pair that
//! stands in the destination is not written a second time.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;

use crate::estate::generate;
use crate::estate::model::{Attribute, Cell, Entity, EntityKey, Pair, Target};
use crate::estate::recipe::{Feature, Recipe};
use crate::keep::{decision, found, keeping, known_by_tag, rows};
use crate::never_silent::choices;
use crate::program::{Bench, Plan};
use crate::rejects::{refuse, relent, report};
use crate::support::engine::TestEngine;
use crate::updates::{content, runs, undo};

crate::on_both_engines!(
    a_pair_that_stands_there_is_not_written_again,
    a_run_that_was_cut_off_adds_no_pair_twice,
    whether_rows_that_hold_more_are_links_is_decided,
);

/// A pair whose link entity has no unique index: two of our rows are the same as two others, and
/// one is what the destination has already. The last is told in the number of rows.
struct Linked {
    pair: Pair,
    link: Entity,
    /// Rows of ours that are no others.
    different: usize,
}

fn entity<'a>(pair: &'a mut Pair, side: Side, key: &EntityKey) -> &'a mut Entity {
    let environment = match side {
        Side::Source => &mut pair.source,
        Side::Destination => &mut pair.destination,
    };
    environment.entity_mut(key).expect("on both sides")
}

fn side_of<'a>(link: &'a Entity, name: &str) -> (&'a Attribute, EntityKey) {
    let attribute = link.attributes.iter().find(|a| a.name == name).expect("a reference");
    match attribute.target() {
        Some(Target::Entity(key)) => (attribute, key.clone()),
        other => unreachable!("{other:?}"),
    }
}

fn linked() -> Linked {
    let features = vec![Feature::ManyToMany, Feature::ExistingRows, Feature::OtherTables];
    for seed in 0.. {
        let recipe = Recipe { seed, size: 3, features: features.clone(), flaw: None };
        let mut pair = generate::pair(&recipe);
        known_by_tag(&mut [&mut pair.source, &mut pair.destination]);
        let Some(link) = pair.source.named("Pairing").cloned() else { continue };
        let (left, right) = (side_of(&link, "LeftId"), side_of(&link, "RightId"));
        let has_rows = |key: &EntityKey| {
            [&pair.source, &pair.destination].into_iter().all(|side| {
                side.entity(key).is_some_and(|one| {
                    !one.rows.is_empty()
                        && one.tag().is_some()
                        && one.identifier().is_some_and(|id| id.autonumber)
                })
            })
        };
        let there = pair.destination.entity(&link.full_key()).map_or(0, |there| there.rows.len());
        let fits = left.1 != right.1 && has_rows(&left.1) && has_rows(&right.1);
        if !fits || link.rows.len() < 4 || there == 0 {
            continue;
        }
        let (left, right) = ((left.0.key.clone(), left.1), (right.0.key.clone(), right.1));
        return make_alike(pair, &link.full_key(), &left, &right);
    }
    unreachable!("some pair has such an entity")
}

fn make_alike(
    mut pair: Pair,
    link: &EntityKey,
    left: &(String, EntityKey),
    right: &(String, EntityKey),
) -> Linked {
    for side in [Side::Source, Side::Destination] {
        entity(&mut pair, side, link).uniques.clear();
    }
    let first = pair.source.entity(link).expect("there").rows[0].clone();
    for (attribute, target) in [left, right] {
        let tag = format!("one of both {attribute}");
        let ours = entity(&mut pair, Side::Source, target);
        let key = ours.tag().expect("it has one").key.clone();
        let place = ours
            .rows
            .iter()
            .position(|row| ours.id_of(row) == Some(&first.cells[attribute]))
            .expect("a reference leads somewhere");
        ours.rows[place].cells.insert(key.clone(), Cell::text(&tag));
        let theirs = entity(&mut pair, Side::Destination, target);
        theirs.rows[0].cells.insert(key, Cell::text(tag));
        let id = theirs.id_of(&theirs.rows[0]).expect("an id").clone();
        let there = entity(&mut pair, Side::Destination, link);
        there.rows[0].cells.insert(attribute.clone(), id);
    }
    let ours = entity(&mut pair, Side::Source, link);
    let different = ours.rows.len();
    let key = ours.identifier.clone().expect("numbered");
    for place in [0, 1] {
        let mut again = ours.rows[place].clone();
        again.cells.insert(key.clone(), Cell::Int(900_001 + i64::try_from(place).expect("small")));
        ours.rows.push(again);
    }
    let link = ours.clone();
    Linked { pair, link, different }
}

fn table(linked: &Linked) -> String {
    let there = linked.pair.destination.entity(&linked.link.full_key());
    there.expect("on both sides").table.clone()
}

fn plan(bench: &Bench, options: &[&str]) -> Plan {
    let mut plan = keeping(bench);
    plan.options.extend(options.iter().map(|&option| option.to_owned()));
    plan
}

async fn a_pair_that_stands_there_is_not_written_again(engine: &TestEngine) {
    for batch in ["batch_rows = 1", "batch_rows = 4000"] {
        let linked = linked();
        let bench = Bench::on(engine, &linked.pair, 31);
        bench.plan(&plan(&bench, &[batch]).text());
        let finding = found(&bench, "Pairing");
        assert_eq!(finding["recommended"], "reuse", "{finding}");
        assert_eq!(choices(&finding), ["reuse", "reject", "add", "stop"], "{finding}");
        let what = finding["what"].as_str().expect("a sentence");
        assert!(what.contains("at least 2 of ours are the same by it"), "{finding}");
        let (name, before) = (table(&linked), content(&bench));
        let was = rows(&bench, &name);
        let first = bench.run();
        assert_eq!(first.code, Some(0), "{}", first.all());
        let once = rows(&bench, &name);
        assert!(was.iter().all(|row| once.contains(row)), "{}", first.all());
        assert_eq!(once.len(), was.len() + linked.different - 1, "{}", first.all());
        let after = content(&bench);
        let second = bench.run();
        assert_eq!(second.code, Some(0), "{}", second.all());
        assert!(content(&bench) == after, "{}", second.all());
        for run in runs(&bench).iter().rev() {
            let said = undo(&bench, run, &[]);
            assert_eq!(said.code, Some(0), "{}", said.all());
        }
        assert!(content(&bench) == before, "an undo leaves something");
    }
}

/// The row of the destination that our third link becomes, as the tags of what it refers to say.
fn is_third(linked: &Linked) -> String {
    let side = |name: &str| {
        let (attribute, target) = side_of(&linked.link, name);
        let ours = linked.pair.source.entity(&target).expect("in the source");
        let id = &linked.link.rows[2].cells[&attribute.key];
        let row = ours.rows.iter().find(|row| ours.id_of(row) == Some(id)).expect("it is there");
        let tag = match &row.cells[&ours.tag().expect("it has one").key] {
            Cell::Text(tag) => tag.replace('\'', "''"),
            other => unreachable!("{other:?}"),
        };
        let theirs = linked.pair.destination.entity(&target).expect("in the destination");
        let key = &theirs.identifier().expect("numbered").column;
        let known_by = &theirs.tag().expect("it has one").column;
        let there = linked.pair.destination.entity(&linked.link.full_key()).expect("a link");
        let column = &side_of(there, name).0.column;
        format!(
            "(SELECT [{known_by}] FROM [{}] WHERE [{key}] = r.[{column}]) = '{tag}'",
            theirs.table
        )
    };
    format!("{} AND {}", side("LeftId"), side("RightId"))
}

async fn a_run_that_was_cut_off_adds_no_pair_twice(engine: &TestEngine) {
    let linked = linked();
    let bench = Bench::on(engine, &linked.pair, 32);
    bench.plan(&plan(&bench, &["batch_rows = 1", "rejects = \"stop\""]).text());
    let (name, before) = (table(&linked), content(&bench));
    let was = rows(&bench, &name).len();
    refuse(&bench, "KEEPER", &name, "INSERT", &is_third(&linked));
    let said = bench.run();
    assert_eq!(said.code, Some(3), "{}", said.all());
    assert_eq!(rows(&bench, &name).len(), was + 1, "{}", said.all());
    let run = runs(&bench).pop().expect("a run");
    let resumed = report(&bench.osferry(&["resume", &run, "--json"]), 1);
    assert_eq!(resumed["totals"]["rejected"], 1, "{resumed}");
    assert_eq!(rows(&bench, &name).len(), was + linked.different - 2, "{resumed}");
    // The next run adds what was refused, and nothing else.
    relent(&bench, "KEEPER");
    let next = bench.run();
    assert_eq!(next.code, Some(0), "{}", next.all());
    assert_eq!(rows(&bench, &name).len(), was + linked.different - 1, "{}", next.all());
    for run in runs(&bench).iter().rev() {
        let said = undo(&bench, run, &[]);
        assert_eq!(said.code, Some(0), "{}", said.all());
    }
    assert!(content(&bench) == before, "an undo leaves something");
}

/// With an attribute of its own a row may be one of several of the same pair.
async fn whether_rows_that_hold_more_are_links_is_decided(engine: &TestEngine) {
    let mut linked = linked();
    let link = linked.link.full_key();
    let (_, left) = side_of(&linked.link, "LeftId");
    let mut note = linked.pair.source.entity(&left).and_then(Entity::tag).expect("a tag").clone();
    note.key = "00000000-0000-4000-8000-000000000777".to_owned();
    (note.name, note.column) = ("Note".to_owned(), "NOTE".to_owned());
    (note.mandatory, note.nullable) = (false, true);
    for side in [Side::Source, Side::Destination] {
        let own = entity(&mut linked.pair, side, &link);
        own.attributes.push(note.clone());
        for (place, row) in own.rows.iter_mut().enumerate() {
            row.cells.insert(note.key.clone(), Cell::text(format!("{side} {place}")));
        }
    }
    let ours = linked.pair.source.entity(&link).expect("there").rows.len();
    let name = table(&linked);
    // What rows have in common besides is theirs to share, unless somebody says otherwise.
    let bench = Bench::on(engine, &linked.pair, 34);
    let mut unnamed = plan(&bench, &[]);
    unnamed.more = decision(&linked.link, "update", "");
    bench.plan(&unnamed.text());
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(bench.destination_unchanged(), "{}", said.all());
    for (choice, to, added, again) in [
        ("add", "", ours, ours),
        ("reuse", "Note+RightId+LeftId", ours, 0),
        ("reuse", "LeftId+RightId", ours - 3, 0),
        ("update", "LeftId+RightId", ours - 3, 0),
    ] {
        let bench = Bench::on(engine, &linked.pair, 33);
        let mut plan = plan(&bench, &["batch_rows = 3"]);
        bench.plan(&plan.text());
        let finding = found(&bench, "Pairing");
        assert_eq!(finding["recommended"], "add", "{finding}");
        assert_eq!(choices(&finding), ["reuse", "update", "reject", "add", "stop"], "{finding}");
        plan.more = decision(&linked.link, choice, to);
        bench.plan(&plan.text());
        let was = rows(&bench, &name).len();
        let first = bench.run();
        assert_eq!(first.code, Some(0), "{choice} {to}: {}", first.all());
        assert_eq!(rows(&bench, &name).len(), was + added, "{choice} {to}: {}", first.all());
        let second = bench.run();
        assert_eq!(second.code, Some(0), "{choice} {to}: {}", second.all());
        let twice = rows(&bench, &name);
        assert_eq!(twice.len(), was + added + again, "{choice} {to}: {}", second.all());
        if choice == "update" {
            let noted = |row: &crate::estate::content::Cells| {
                row.values().any(|cell| *cell == Cell::text("source 0"))
            };
            assert_eq!(twice.iter().filter(|row| noted(row)).count(), 1, "{}", second.all());
        }
    }
}
