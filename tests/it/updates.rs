//! Rows that stay take the values of ours that equal them: once, proved, and not for good.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::generate;
use crate::estate::model::{Attribute, Cell, Entity, Kind, Pair, Unique};
use crate::estate::oracle::{Verdict, Way, migrate_as};
use crate::estate::recipe::{Feature, Recipe};
use crate::foretold::comparison;
use crate::keep::known_by_tag;
use crate::masking::{attribute, run_with, with_key};
use crate::migration::updates;
use crate::never_silent::choices;
use crate::program::{Bench, Said};
use crate::support::engine::TestEngine;
use crate::support::library::MASK_KEY;

crate::on_both_engines!(
    values_come_once_and_an_undo_brings_the_old_ones_back,
    a_changed_value_is_found_and_holds_an_undo_back,
    without_the_tenant_in_the_key_no_row_takes_values,
    values_are_masked_before_they_are_taken,
    an_update_that_another_index_refuses_is_left_and_the_rest_goes_on,
);

const AROUND: [Feature; 8] = [
    Feature::ExistingRows,
    Feature::OtherTables,
    Feature::Extension,
    Feature::TextIdentifier,
    Feature::PlainIdentifier,
    Feature::SelfReference,
    Feature::TwoCycle,
    Feature::MissingUsers,
];

/// A pair of which rows of the destination are like rows of ours, and every row is known again.
fn alike(seed: u64, features: &[Feature]) -> Pair {
    let recipe = Recipe { seed, size: 4, features: features.to_vec(), flaw: None };
    let mut pair = generate::pair(&recipe);
    generate::liken(&mut pair, &recipe);
    known_by_tag(&mut [&mut pair.source, &mut pair.destination]);
    pair
}

/// A bench whose plan has rows that stay take the values of ours.
fn bench(engine: &TestEngine, pair: &Pair, whim: u64) -> Bench {
    let bench = Bench::on(engine, pair, whim);
    let mut plan = bench.usual_plan();
    plan.options = vec!["destination_rows = \"keep\"".into(), "batch_rows = 3".into()];
    bench.plan(&plan.text());
    plan.more = updates(&comparison(&bench));
    bench.plan(&plan.text());
    bench
}

/// The destination's rows by table, in an order of their own.
pub fn content(bench: &Bench) -> BTreeMap<String, Vec<String>> {
    let tables = bench.databases.read(Side::Destination).tables.into_iter();
    tables
        .map(|(table, rows)| {
            let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
            rows.sort_unstable();
            (table, rows)
        })
        .collect()
}

/// The runs, the last one last.
pub fn runs(bench: &Bench) -> Vec<String> {
    let runs = bench.osferry(&["runs", "--json"]);
    let runs: Value = serde_json::from_str(&runs.out).expect("a list of runs");
    let runs = runs.as_array().expect("a list").iter();
    runs.map(|run| run["id"].as_str().expect("an id").to_owned()).collect()
}

pub fn undo(bench: &Bench, run: &str, more: &[&str]) -> Said {
    let name = bench.databases.name(Side::Destination);
    let mut all = vec!["undo", run, "--confirm", &name];
    all.extend(more);
    bench.osferry(&all)
}

/// How many rows the last run says that it has updated.
fn updated(bench: &Bench) -> u64 {
    let run = runs(bench).pop().expect("a run");
    let report = bench.folder.path().join("home/runs").join(run).join("report.json");
    let report = std::fs::read_to_string(report).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    report["totals"]["updated"].as_u64().expect("a number")
}

async fn values_come_once_and_an_undo_brings_the_old_ones_back(engine: &TestEngine) {
    let mut all = 0;
    for seed in if engine.is_slow() { 601..602 } else { 600..606 } {
        let pair = alike(seed, &AROUND);
        if matches!(migrate_as(&pair, Way::Update), Verdict::Refused(_)) {
            continue;
        }
        let bench = bench(engine, &pair, seed);
        let before = content(&bench);
        let first = bench.run();
        assert_eq!(first.code, Some(0), "seed {seed}: {}", first.all());
        all += updated(&bench);
        let once = content(&bench);
        if !engine.is_slow() {
            let second = bench.run();
            assert_eq!(second.code, Some(0), "seed {seed}: {}", second.all());
            let twice = content(&bench);
            for (table, was) in &once {
                assert!(twice[table] == *was, "seed {seed}: {table}\n{}", second.all());
            }
        }
        for run in runs(&bench).iter().rev() {
            let said = undo(&bench, run, &[]);
            assert_eq!(said.code, Some(0), "seed {seed}: {}", said.all());
        }
        let after = content(&bench);
        for (table, was) in &before {
            assert!(after[table] == *was, "seed {seed}: {table} is not as before");
        }
    }
    assert!(all > 0, "no row has taken values of ours");
}

/// A pair with one entity that has a row which is there already, told by its tag.
fn one(features: &[Feature]) -> (Pair, Entity) {
    for seed in 0.. {
        let recipe = Recipe { seed, size: 3, features: features.to_vec(), flaw: None };
        let mut pair = generate::pair(&recipe);
        let fits = |e: &&Entity| {
            let there = pair.destination.entity(&e.full_key());
            e.name.starts_with("Thing")
                && e.rows.len() > 3
                && e.tag().is_some()
                && e.identifier().is_some_and(|id| id.autonumber)
                && there.is_some_and(|there| there.rows.len() > 2 && there.tag().is_some())
        };
        let Some(found) = pair.source.entities.iter().find(fits).cloned() else { continue };
        let tag = found.tag().expect("it has one").key.clone();
        for side in [&mut pair.source, &mut pair.destination] {
            let entity = side.entity_mut(&found.full_key()).expect("on both sides");
            let tenant = false;
            entity.uniques = vec![Unique { attributes: vec![tag.clone()], tenant }];
            entity.rows[1].cells.insert(tag.clone(), Cell::text("on both sides"));
        }
        let there = pair.destination.entity(&found.full_key()).expect("there").clone();
        return (pair, there);
    }
    unreachable!("some pair has such an entity")
}

async fn a_changed_value_is_found_and_holds_an_undo_back(engine: &TestEngine) {
    let (pair, there) = one(&[Feature::ExistingRows]);
    let bench = bench(engine, &pair, 71);
    let before = content(&bench);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(updated(&bench), 1, "{}", said.all());
    let run = runs(&bench).pop().expect("a run");
    let Some(Cell::Int(id)) = there.id_of(&there.rows[1]) else { unreachable!("a number") };
    let key = &there.identifier().expect("it has one").column;
    let is_text =
        |a: &&Attribute| a.active && a.name.starts_with("Field") && matches!(a.kind, Kind::Text(_));
    let column = &there.attributes.iter().find(is_text).expect("a text").column;
    let table = &there.table;
    let sql = format!("UPDATE [{table}] SET [{column}] = 'x' WHERE [{key}] = {id}");
    bench.databases.execute(Side::Destination, &sql);
    let verified = bench.osferry(&["verify", &run]);
    assert_eq!(verified.code, Some(4), "{}", verified.all());
    assert!(verified.all().contains(&there.name), "{}", verified.all());
    let held = undo(&bench, &run, &[]);
    assert_eq!(held.code, Some(2), "{}", held.all());
    assert!(held.err.contains("has changed since"), "{}", held.all());
    let left = undo(&bench, &run, &["--leave", "changed"]);
    assert_ne!(left.code, Some(2), "{}", left.all());
    let after = content(&bench);
    let name = table.to_uppercase();
    assert_eq!(after[&name].len(), before[&name].len(), "{}", left.all());
    let other = after[&name].iter().filter(|row| !before[&name].contains(row)).count();
    assert_eq!(other, 1, "only the row that somebody has changed is another\n{}", left.all());
}

async fn without_the_tenant_in_the_key_no_row_takes_values(engine: &TestEngine) {
    let (mut pair, there) = one(&[Feature::ExistingRows, Feature::MultiTenant]);
    for side in [&mut pair.source, &mut pair.destination] {
        let entity = side.entity_mut(&there.full_key()).expect("on both sides");
        if !entity.multitenant {
            entity.multitenant = true;
            let tenant = side.tenants.first().map(|tenant| tenant.id);
            let entity = side.entity_mut(&there.full_key()).expect("on both sides");
            entity.rows.iter_mut().for_each(|row| row.tenant = tenant);
        }
    }
    let bench = Bench::on(engine, &pair, 72);
    let mut plan = bench.usual_plan();
    plan.options = vec!["destination_rows = \"keep\"".into()];
    bench.plan(&plan.text());
    let all = comparison(&bench);
    let about = |f: &&Value| {
        f["kind"] == "existing-match"
            && f["about"].as_str().is_some_and(|a| a.ends_with(&there.name))
    };
    let finding = all["findings"].as_array().expect("findings").iter().find(about);
    let finding = finding.expect("rows stay");
    assert_eq!(choices(finding), ["reuse", "reject", "stop"], "{finding}");
}

/// The row of an entity's table that has this tag.
fn tagged(bench: &Bench, there: &Entity, tag: &str) -> crate::estate::content::Cells {
    let column = there.tag().expect("it has one").column.to_uppercase();
    let all = crate::keep::rows(bench, &there.table);
    let found = all.into_iter().find(|row| row.get(&column) == Some(&Cell::text(tag)));
    found.expect("a row with that tag")
}

async fn values_are_masked_before_they_are_taken(engine: &TestEngine) {
    let (mut pair, there) = one(&[Feature::ExistingRows]);
    let email = attribute(1, "ContactEmail", Kind::Email);
    for (side, clear) in [(&mut pair.source, true), (&mut pair.destination, false)] {
        let entity = side.entity_mut(&there.full_key()).expect("on both sides");
        entity.attributes.push(email.clone());
        for row in &mut entity.rows {
            let text = if clear { "Vera.Clara@Company.test" } else { "was@here.test" };
            row.cells.insert(email.key.clone(), Cell::text(text));
        }
    }
    let bench = Bench::on(engine, &pair, 73);
    let mut plan = bench.usual_plan();
    plan.options = vec!["destination_rows = \"keep\"".into(), "personal_data = \"mask\"".into()];
    bench.plan(&plan.text());
    plan.more = updates(&comparison(&bench));
    bench.plan(&plan.text());
    let before = content(&bench);
    let first = run_with(&bench, MASK_KEY);
    assert_eq!(first.code, Some(0), "{}", first.all());
    assert_eq!(updated(&bench), 1, "{}", first.all());
    let Some(Cell::Text(mask)) = tagged(&bench, &there, "on both sides").remove("CONTACTEMAIL")
    else {
        unreachable!("a text")
    };
    assert!(mask.ends_with("@example.invalid"), "{mask}");
    let once = content(&bench);
    let second = run_with(&bench, MASK_KEY);
    assert_eq!(second.code, Some(0), "{}", second.all());
    let table = there.table.to_uppercase();
    assert!(content(&bench)[&table] == once[&table], "{}", second.all());
    for run in runs(&bench).iter().rev() {
        let name = bench.databases.name(Side::Destination);
        let said = with_key(&bench, MASK_KEY, &["undo", run, "--confirm", &name]);
        assert_eq!(said.code, Some(0), "{}", said.all());
    }
    assert!(content(&bench) == before, "an undo leaves something");
}

async fn an_update_that_another_index_refuses_is_left_and_the_rest_goes_on(engine: &TestEngine) {
    let (mut pair, there) = one(&[Feature::ExistingRows]);
    let code = attribute(2, "Code", Kind::Text(40));
    let tag = there.tag().expect("it has one").key.clone();
    for (side, name) in [(&mut pair.source, "ours"), (&mut pair.destination, "theirs")] {
        let entity = side.entity_mut(&there.full_key()).expect("on both sides");
        entity.attributes.push(code.clone());
        entity.uniques.push(Unique { attributes: vec![code.key.clone()], tenant: false });
        for (place, row) in entity.rows.iter_mut().enumerate() {
            row.cells.insert(code.key.clone(), Cell::text(format!("{name} {place}")));
        }
        entity.rows[2].cells.insert(tag.clone(), Cell::text("also there"));
    }
    // The row that ours would change has a neighbour with its new value.
    let ours = pair.source.entity_mut(&there.full_key()).expect("there");
    ours.rows[1].cells.insert(code.key.clone(), Cell::text("THEIRS 0"));
    let bench = Bench::on(engine, &pair, 74);
    let mut plan = bench.usual_plan();
    plan.options = vec!["destination_rows = \"keep\"".into(), "batch_rows = 50".into()];
    bench.plan(&plan.text());
    let to = there.tag().expect("it has one").name.clone();
    plan.more = crate::keep::decision(&there, "update", &to);
    bench.plan(&plan.text());
    let taken = crate::never_silent::found(&bench, "unique-taken", &there.name);
    let taken = taken.expect("foretold");
    assert_eq!(taken["rows"], 1, "{taken}");
    let _ = write!(
        plan.more,
        "\n[[decision]]\nkind = \"unique-taken\"\nespace = {}\nentity = {}\nattribute = {}\n\
         choice = \"reject\"\n",
        taken["espace"], taken["entity"], taken["attribute"]
    );
    bench.plan(&plan.text());
    let before = content(&bench);
    let was = tagged(&bench, &there, "on both sides");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(updated(&bench), 1, "{}", said.all());
    assert_eq!(tagged(&bench, &there, "on both sides"), was, "{}", said.all());
    let other = tagged(&bench, &there, "also there");
    assert_eq!(other.get("CODE"), Some(&Cell::text("ours 2")), "{}", said.all());
    let run = runs(&bench).pop().expect("a run");
    let undone = undo(&bench, &run, &[]);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
    assert!(content(&bench) == before, "an undo leaves something");
}
