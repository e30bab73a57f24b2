//! The destination keeps its rows: ours that it has already are recognised as it compares them.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::content::Cells;
use crate::estate::generate;
use crate::estate::model::{Cell, Entity, Environment, Pair, TAG, Unique};
use crate::estate::recipe::{Feature, Recipe};
use crate::foretold::{comparison, not_foretold, report};
use crate::program::{Bench, Plan};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    a_second_run_that_keeps_rows_adds_nothing,
    rows_that_are_there_are_reused_or_left_out,
    rows_of_ours_that_are_one_there_become_one,
    rows_of_a_producer_that_are_there_are_counted,
    a_key_that_is_none_is_refused,
    a_kept_identifier_that_is_another_one_there_is_rejected,
    rows_that_nothing_tells_apart_are_told,
    a_key_of_the_source_is_offered_where_the_destination_has_none,
);

/// Has rows of each entity known by their tags, in these environments.
pub fn known_by_tag(environments: &mut [&mut Environment]) {
    for entity in environments.iter_mut().flat_map(|all| &mut all.entities) {
        if let Some(tag) = entity.tag().filter(|_| entity.active).map(|tag| tag.key.clone()) {
            entity.uniques = vec![Unique { attributes: vec![tag], tenant: false }];
        }
    }
}

pub fn keeping(bench: &Bench) -> Plan {
    Plan { options: vec!["destination_rows = \"keep\"".into()], ..bench.usual_plan() }
}

async fn a_second_run_that_keeps_rows_adds_nothing(engine: &TestEngine) {
    use Feature as F;
    let around = [
        F::OtherTables,
        F::ColumnOrder,
        F::Extension,
        F::UserExtension,
        F::TextIdentifier,
        F::PlainIdentifier,
        F::ManyToMany,
        F::SelfReference,
        F::MissingUsers,
        F::Groups,
        F::ExistingRows,
        F::NegativeIds,
        F::Orphans,
    ];
    for seed in if engine.is_slow() { 1..3 } else { 0..8 } {
        let features = around.iter().copied().filter(|f| seed % 2 == 0 || *f != F::ExistingRows);
        let mut pair =
            generate::pair(&Recipe { seed, size: 4, features: features.collect(), flaw: None });
        known_by_tag(&mut [&mut pair.source, &mut pair.destination]);
        let bench = Bench::on(engine, &pair, seed);
        bench.plan(&keeping(&bench).text());
        let first = bench.run();
        assert_eq!(first.code, Some(0), "seed {seed}: {}", first.all());
        let once = bench.databases.read(Side::Destination);
        let second = bench.run();
        assert_eq!(second.code, Some(0), "seed {seed}: {}", second.all());
        let twice = bench.databases.read(Side::Destination);
        for (name, rows) in &once.tables {
            let (mut was, mut is) = (rows.clone(), twice.tables[name].clone());
            was.sort();
            is.sort();
            assert!(
                was == is,
                "seed {seed}: {name} is another after the second run\n{}",
                second.all()
            );
        }
    }
}

/// A pair of two entities of which one refers to the other, the other known by its tag in the
/// destination.
pub fn pair(both: bool) -> (Pair, Entity) {
    let features = vec![Feature::ExistingRows];
    for seed in 0.. {
        let mut pair =
            generate::pair(&Recipe { seed, size: 3, features: features.clone(), flaw: None });
        for environment in [&mut pair.source, &mut pair.destination] {
            environment.entities.iter_mut().for_each(|entity| entity.uniques.clear());
        }
        known_by_tag(&mut [&mut pair.destination]);
        if both {
            known_by_tag(&mut [&mut pair.source]);
        }
        let fits = |e: &&Entity| {
            let there = pair.destination.entity(&e.full_key());
            e.name.starts_with("Thing")
                && e.rows.len() > 3
                && e.identifier().is_some_and(|id| id.autonumber)
                && there.is_some_and(|there| there.rows.len() > 2)
        };
        if let Some(entity) = pair.source.entities.iter().find(fits).cloned() {
            return (pair, entity);
        }
    }
    unreachable!("some pair has such an entity")
}

pub fn tag_of(entity: &Entity) -> String {
    entity.attributes.iter().find(|a| a.name == TAG).expect("a tag").key.clone()
}

pub fn set_tag(environment: &mut Environment, entity: &Entity, row: usize, tag: &str) {
    let key = tag_of(entity);
    let entity = environment.entity_mut(&entity.full_key()).expect("an entity");
    entity.rows[row].cells.insert(key, Cell::text(tag));
}

pub fn rows(bench: &Bench, table: &str) -> Vec<Cells> {
    bench.databases.read(Side::Destination).rows(&table.to_uppercase()).to_vec()
}

/// The finding about an entity's rows that are there.
pub fn found(bench: &Bench, name: &str) -> Value {
    of_kind(bench, "existing-match", name)
}

fn of_kind(bench: &Bench, kind: &str, name: &str) -> Value {
    let said = bench.osferry(&["compare", "plan.toml", "--json"]);
    let report: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()));
    let all = report["findings"].as_array().expect("findings");
    let of =
        |f: &&Value| f["kind"] == kind && f["about"].as_str().is_some_and(|a| a.ends_with(name));
    all.iter().find(of).unwrap_or_else(|| panic!("{}", said.all())).clone()
}

pub fn decision(entity: &Entity, choice: &str, to: &str) -> String {
    let to = if to.is_empty() { String::new() } else { format!("to = \"{to}\"\n") };
    format!(
        "\n[[decision]]\nkind = \"existing-match\"\nespace = \"{}\"\nentity = \"{}\"\n\
         choice = \"{choice}\"\n{to}",
        entity.espace, entity.key
    )
}

async fn rows_that_are_there_are_reused_or_left_out(engine: &TestEngine) {
    for choice in ["reuse", "reject"] {
        let (mut pair, entity) = pair(true);
        set_tag(&mut pair.source, &entity, 0, "one of both");
        set_tag(&mut pair.destination, &entity, 1, "ONE of Both");
        let there = pair.destination.entity(&entity.full_key()).expect("paired").clone();
        let bench = Bench::on(engine, &pair, 7);
        let mut plan = keeping(&bench);
        bench.plan(&plan.text());
        let finding = found(&bench, &entity.name);
        assert_eq!(finding["rows"], 1, "{finding}");
        assert_eq!(finding["recommended"], "reuse", "{finding}");
        plan.more = decision(&entity, choice, TAG);
        bench.plan(&plan.text());
        let before = rows(&bench, &there.table);
        let said = bench.run();
        assert_eq!(said.code, Some(0), "{choice}: {}", said.all());
        let after = rows(&bench, &there.table);
        let stays = before.iter().all(|row| after.contains(row));
        assert!(stays, "{choice}: a row of the destination is another now\n{}", said.all());
        assert_eq!(after.len(), before.len() + entity.rows.len() - 1, "{choice}: {}", said.all());
    }
}

async fn rows_of_ours_that_are_one_there_become_one(engine: &TestEngine) {
    for batch in [1, 4000] {
        let (mut pair, entity) = pair(false);
        set_tag(&mut pair.source, &entity, 1, "twice here");
        set_tag(&mut pair.source, &entity, 3, "TWICE here");
        let there = pair.destination.entity(&entity.full_key()).expect("paired").clone();
        let bench = Bench::on(engine, &pair, 9);
        let mut plan = keeping(&bench);
        plan.options.push(format!("batch_rows = {batch}"));
        bench.plan(&plan.text());
        let before = rows(&bench, &there.table);
        let finding = found(&bench, &entity.name);
        let told = finding["what"].as_str().expect("words");
        assert!(told.contains("; 1 of ours is the same by it as an earlier one"), "{finding}");
        let said = bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let after = rows(&bench, &there.table);
        assert_eq!(after.len(), before.len() + entity.rows.len() - 1, "{}", said.all());
    }
}

/// Nobody chose the entity, and its rows are recognised all the same.
async fn rows_of_a_producer_that_are_there_are_counted(engine: &TestEngine) {
    let features = vec![Feature::ProducerKept];
    let made = (0..200).find_map(|seed| {
        let recipe = Recipe { seed, size: 3, features: features.clone(), flaw: None };
        let pair = generate::pair(&recipe);
        let party = pair.source.named("Party")?.clone();
        let there = pair.destination.entity(&party.full_key())?;
        let code = party.attributes.iter().find(|a| a.name == "Code")?.key.clone();
        let codes = |entity: &Entity| -> Vec<String> {
            let text = |cell: &Cell| format!("{cell:?}").to_lowercase();
            entity.rows.iter().map(|row| text(&row.cells[&code])).collect()
        };
        let theirs = codes(there);
        let same = codes(&party).iter().filter(|code| theirs.contains(code)).count();
        (same > 1 && !party.multitenant).then_some((pair, same))
    });
    let (pair, same) = made.expect("some pair has rows in common");
    let bench = Bench::on(engine, &pair, 8);
    bench.plan(&bench.usual_plan().text());
    let finding = of_kind(&bench, "producer-rows", ".Party");
    let told = finding["what"].as_str().expect("words");
    assert!(
        told.ends_with(&format!("; {same} of ours have the Code of a row that stays")),
        "{told}"
    );
    let said = comparison(&bench);
    let run = bench.run();
    assert_eq!(run.code, Some(0), "{}", run.all());
    let met = report(&bench).expect("a report");
    assert_eq!(not_foretold(&said, &met), Vec::<String>::new());
}

async fn a_key_that_is_none_is_refused(engine: &TestEngine) {
    let (pair, entity) = pair(true);
    let bench = Bench::on(engine, &pair, 11);
    let mut plan = keeping(&bench);
    plan.more = decision(&entity, "reuse", "Field0+Nothing");
    bench.plan(&plan.text());
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("no key that is unique"), "{}", said.all());
    assert!(bench.destination_unchanged(), "{}", said.all());
}

/// A row that brings its identifier along and is found under another one is not taken for that
/// one: what refers to it would lead nowhere.
async fn a_kept_identifier_that_is_another_one_there_is_rejected(engine: &TestEngine) {
    let features = [Feature::ExistingRows, Feature::TextIdentifier, Feature::PlainIdentifier];
    let brings_its_own = |entity: &&Entity| {
        entity.name.starts_with("Thing")
            && entity.identifier().is_some_and(|id| !id.autonumber && id.target().is_none())
            && entity.tag().is_some()
            && entity.rows.len() > 2
    };
    let made = (0..500).find_map(|seed| {
        let recipe = Recipe { seed, size: 3, features: features.to_vec(), flaw: None };
        let pair = generate::pair(&recipe);
        let entity = pair.source.entities.iter().find(brings_its_own)?.clone();
        let there = pair.destination.entity(&entity.full_key())?;
        let of_there: Vec<_> = there.rows.iter().map(|row| there.id_of(row)).collect();
        let is_free = entity.rows.iter().all(|row| !of_there.contains(&entity.id_of(row)));
        (there.rows.len() > 1 && is_free).then_some((pair, entity))
    });
    let (mut pair, entity) = made.expect("some pair has such an entity");
    known_by_tag(&mut [&mut pair.source, &mut pair.destination]);
    set_tag(&mut pair.source, &entity, 0, "one of both");
    set_tag(&mut pair.destination, &entity, 1, "One of both");
    let there = pair.destination.entity(&entity.full_key()).expect("paired").clone();
    let bench = Bench::on(engine, &pair, 13);
    let mut plan = keeping(&bench);
    plan.more = decision(&entity, "reuse", TAG);
    bench.plan(&plan.text());
    let finding = found(&bench, &entity.name);
    let what = finding["what"].as_str().expect("a sentence");
    assert!(what.contains("1 of them under another"), "{finding}");
    let before = rows(&bench, &there.table);
    let said = bench.run();
    assert_eq!(said.code, Some(1), "{}", said.all());
    let rejected = "under the identifier";
    let folder = std::fs::read_dir(bench.folder.path().join("home/runs")).expect("runs");
    let run = folder.flatten().next().expect("a run").path();
    let listed = std::fs::read_to_string(run.join("rejects.csv")).expect("rejects.csv");
    assert!(listed.contains(rejected), "{listed}");
    let after = rows(&bench, &there.table);
    assert_eq!(after.len(), before.len() + entity.rows.len() - 1, "{}", said.all());
    assert!(before.iter().all(|row| after.contains(row)), "{}", said.all());
}

/// A pair with an entity that is no link and that no unique index of the destination tells apart.
fn without_a_key(in_source: bool) -> (Pair, Entity) {
    let (mut pair, _) = pair(true);
    let is_plain = |entity: &&Entity| {
        let demanded = entity.attributes.iter().filter(|a| a.mandatory && a.target().is_some());
        entity.name.starts_with("Thing")
            && !entity.rows.is_empty()
            && entity.identifier().is_some_and(|id| id.autonumber)
            && demanded.count() < 2
    };
    let entity = pair.source.entities.iter().find(is_plain).expect("an entity").clone();
    let key = entity.full_key();
    pair.destination.entity_mut(&key).expect("paired").uniques.clear();
    if !in_source {
        pair.source.entity_mut(&key).expect("there").uniques.clear();
    }
    (pair, entity)
}

async fn rows_that_nothing_tells_apart_are_told(engine: &TestEngine) {
    let (pair, entity) = without_a_key(false);
    let there = pair.destination.entity(&entity.full_key()).expect("paired").clone();
    let bench = Bench::on(engine, &pair, 15);
    bench.plan(&keeping(&bench).text());
    let told = of_kind(&bench, "existing-unknown", &entity.name);
    assert_eq!((&told["rows"], &told["severity"]), (&entity.rows.len().into(), &"note".into()));
    for run in 1..=2 {
        let said = bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let all = there.rows.len() + run * entity.rows.len();
        assert_eq!(rows(&bench, &there.table).len(), all, "{}", said.all());
    }
}

async fn a_key_of_the_source_is_offered_where_the_destination_has_none(engine: &TestEngine) {
    let (pair, entity) = without_a_key(true);
    let there = pair.destination.entity(&entity.full_key()).expect("paired").clone();
    let bench = Bench::on(engine, &pair, 17);
    let mut plan = keeping(&bench);
    bench.plan(&plan.text());
    let told = found(&bench, &entity.name);
    assert_eq!(told["recommended"], "add", "{told:#}");
    assert!(told["candidates"].to_string().contains(TAG), "{told:#}");
    plan.more = decision(&entity, "reuse", TAG);
    bench.plan(&plan.text());
    for _ in 0..2 {
        let said = bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let all = there.rows.len() + entity.rows.len();
        assert_eq!(rows(&bench, &there.table).len(), all, "{}", said.all());
    }
}
