//! Rows that are not the plan's and hang on rows it deletes: they go too or lose their reference,
//! as it was decided, and come back with an undo.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;

use osferry::outsystems::Side;

use crate::estate::content::Cells;
use crate::estate::generate;
use crate::estate::recipe::{Feature, Flaw, Recipe};
use crate::never_silent::{choices, decide, found};
use crate::program::{Bench, Said};
use crate::strangers::{add_row, add_stranger, id, pair};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    what_hangs_on_deleted_rows_goes_too_and_comes_back,
    what_hangs_on_deleted_rows_can_lose_its_reference_and_has_it_again,
    rows_of_entities_outside_the_scope_go_or_lose_their_reference,
    what_cannot_go_stops_the_run,
);

const ACTIONS: [&str; 3] = ["ON DELETE CASCADE", "ON DELETE SET NULL", ""];

/// A bench with notes about rows that will be deleted, lines that hang on the notes, and a note
/// about nothing.
fn with_notes(engine: &TestEngine, action: &str, whim: u64) -> (Bench, String) {
    let (pair, entity) = pair();
    let bench = Bench::on(engine, &pair, whim);
    let key = &entity.identifier().expect("it has one").column;
    add_stranger(&bench, "AUDIT_NOTE", &entity.table, key, action);
    add_stranger(&bench, "AUDIT_LINE", "AUDIT_NOTE", "ID", "ON DELETE CASCADE");
    add_row(&bench, "AUDIT_NOTE", 1, id(&entity, 0));
    add_row(&bench, "AUDIT_NOTE", 2, id(&entity, 1));
    bench.databases.execute(Side::Destination, "INSERT INTO [AUDIT_NOTE] ([ID]) VALUES (3)");
    add_row(&bench, "AUDIT_LINE", 7, 2);
    add_row(&bench, "AUDIT_LINE", 8, 3);
    bench.plan(&bench.usual_plan().text());
    let kind = if action.is_empty() { "foreign-key-outside" } else { "cascade-deletes" };
    (bench, kind.to_owned())
}

fn ask(bench: &Bench, sql: &str) -> String {
    bench.databases.ask(Side::Destination, sql).join(",")
}

/// The destination's rows by table, in an order of their own: rows that come back lie elsewhere.
fn rows(bench: &Bench) -> BTreeMap<String, Vec<String>> {
    let tables = bench.databases.read(Side::Destination).tables;
    let sorted = |rows: Vec<Cells>| {
        let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        rows.sort_unstable();
        rows
    };
    tables.into_iter().map(|(table, rows)| (table, sorted(rows))).collect()
}

fn proved(bench: &Bench) -> Said {
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    said
}

/// Undoes the last run; the destination is as it was.
fn undone(bench: &Bench, before: &BTreeMap<String, Vec<String>>) {
    let runs = bench.osferry(&["runs", "--json"]);
    let runs: serde_json::Value = serde_json::from_str(&runs.out).expect("a list of runs");
    let last = runs.as_array().and_then(|runs| runs.last()).expect("a run");
    let run = last["id"].as_str().expect("an id");
    let name = bench.databases.name(Side::Destination);
    let said = bench.osferry(&["undo", run, "--confirm", &name]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(rows(bench) == *before, "not as before\n{}", said.all());
}

async fn what_hangs_on_deleted_rows_goes_too_and_comes_back(engine: &TestEngine) {
    for (whim, action) in ACTIONS.into_iter().enumerate() {
        let (bench, kind) = with_notes(engine, action, whim as u64);
        let before = rows(&bench);
        let finding = found(&bench, &kind, "AUDIT_NOTE").expect("it is found");
        assert_eq!(choices(&finding), ["delete-too", "empty", "stop"], "{finding}");
        assert_eq!(finding["recommended"], "stop", "{finding}");
        decide(&bench, &[(&finding, "delete-too", None)]);
        let name = bench.databases.name(Side::Destination);
        let told = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--dry-run"];
        let told = bench.osferry(&told);
        let words = told.all().to_lowercase();
        assert!(words.contains("2 rows deleted too"), "{words}");
        assert!(words.contains("1 row deleted too"), "{words}");
        proved(&bench);
        assert_eq!(ask(&bench, "SELECT CAST([ID] AS varchar(20)) FROM [AUDIT_NOTE]"), "3");
        assert_eq!(ask(&bench, "SELECT CAST([ID] AS varchar(20)) FROM [AUDIT_LINE]"), "8");
        undone(&bench, &before);
        if engine.is_slow() {
            return;
        }
    }
}

async fn what_hangs_on_deleted_rows_can_lose_its_reference_and_has_it_again(engine: &TestEngine) {
    for (whim, action) in ACTIONS.into_iter().enumerate() {
        let (bench, kind) = with_notes(engine, action, 10 + whim as u64);
        let before = rows(&bench);
        let finding = found(&bench, &kind, "AUDIT_NOTE").expect("it is found");
        decide(&bench, &[(&finding, "empty", None)]);
        proved(&bench);
        let still = "SELECT CAST(COUNT(*) AS varchar(20)) FROM [AUDIT_NOTE] WHERE [OF_ROW] IS NULL";
        assert_eq!(ask(&bench, still), "3");
        assert_eq!(ask(&bench, "SELECT CAST(COUNT(*) AS varchar(20)) FROM [AUDIT_LINE]"), "2");
        undone(&bench, &before);
        if engine.is_slow() {
            return;
        }
    }
}

async fn rows_of_entities_outside_the_scope_go_or_lose_their_reference(engine: &TestEngine) {
    let features = vec![Feature::ExistingRows, Feature::Outsiders];
    let flaw = Some(Flaw::ChosenInUse);
    let mut pair = generate::pair(&Recipe { seed: 5, size: 3, features, flaw });
    let watcher = pair.destination.entities.iter_mut().find(|e| e.active && e.name == "Watcher");
    let watcher = watcher.expect("an outsider");
    for link in watcher.attributes.iter_mut().filter(|a| a.name.starts_with("Thing")) {
        (link.mandatory, link.nullable) = (false, true);
    }
    let table = watcher.table.clone();
    let watching = watcher.rows.len();
    for (whim, choice) in ["empty", "delete-too"].into_iter().enumerate() {
        let bench = Bench::on(engine, &pair, 20 + whim as u64);
        bench.plan(&bench.usual_plan().text());
        let before = rows(&bench);
        let finding = found(&bench, "consumer-outside-scope", "Watcher").expect("it is found");
        assert_eq!(choices(&finding), ["delete-too", "empty", "stop"], "{finding}");
        let hanging = finding["rows"].as_u64().expect("a count") as usize;
        assert!(hanging > 0, "{finding}");
        decide(&bench, &[(&finding, choice, None)]);
        proved(&bench);
        let left: usize =
            ask(&bench, &format!("SELECT CAST(COUNT(*) AS varchar(20)) FROM [{table}]"))
                .parse()
                .expect("a number");
        assert_eq!(left, if choice == "empty" { watching } else { watching - hanging });
        undone(&bench, &before);
    }
}

/// A circle of strangers has no end that could go first.
async fn what_cannot_go_stops_the_run(engine: &TestEngine) {
    let (bench, kind) = with_notes(engine, "", 30);
    let sql = "ALTER TABLE [AUDIT_LINE] ADD [NEXT] bigint NULL REFERENCES [AUDIT_LINE] ([ID])";
    bench.databases.execute(Side::Destination, sql);
    let sql = "INSERT INTO [AUDIT_LINE] ([ID], [NEXT]) VALUES (9, 7)";
    bench.databases.execute(Side::Destination, sql);
    let finding = found(&bench, &kind, "AUDIT_NOTE").expect("it is found");
    assert_eq!(choices(&finding), ["empty", "stop"], "{finding}");
    assert!(finding["why"].as_str().is_some_and(|why| why.contains("circle")), "{finding}");
    let before = rows(&bench);
    decide(&bench, &[(&finding, "delete-too", None)]);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("is no choice here"), "{}", said.all());
    assert!(rows(&bench) == before, "{}", said.all());
}
