//! Foreign keys of tables that no active entity uses: what they would delete, change or forbid is
//! said before a run, and the run refused.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;

use crate::estate::generate;
use crate::estate::model::{Cell, Entity, Kind, Pair, Rule};
use crate::estate::recipe::{Feature, Flaw, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rows_that_would_be_deleted_with_others_stop_the_run,
    rows_that_forbid_deleting_stop_the_run,
    rows_of_an_inactive_entity_stop_the_run,
    strangers_without_rows_in_the_way_do_no_harm,
);

/// A pair whose destination has rows to be replaced, and one of their entities.
pub fn pair() -> (Pair, Entity) {
    for seed in 0.. {
        let features = vec![Feature::ExistingRows];
        let pair = generate::pair(&Recipe { seed, size: 3, features, flaw: None });
        let fits = |e: &&Entity| {
            e.name.starts_with("Thing")
                && e.rows.len() > 2
                && e.identifier().is_some_and(|id| id.autonumber && id.kind == Kind::LongInteger)
        };
        if let Some(entity) = pair.destination.entities.iter().find(fits).cloned() {
            return (pair, entity);
        }
    }
    unreachable!("some pair has such an entity")
}

pub fn id(entity: &Entity, row: usize) -> i64 {
    match entity.id_of(&entity.rows[row]) {
        Some(Cell::Int(id)) => *id,
        other => unreachable!("an identifier is a number, not {other:?}"),
    }
}

/// Makes a table of nobody's that refers to the table of the entity.
pub fn add_stranger(bench: &Bench, table: &str, parent: &str, key: &str, action: &str) {
    let sql = format!(
        "CREATE TABLE [{table}] ([ID] bigint NOT NULL PRIMARY KEY, [OF_ROW] bigint NULL, \
         CONSTRAINT [FK_{table}] FOREIGN KEY ([OF_ROW]) REFERENCES [{parent}] ([{key}]) {action})"
    );
    bench.databases.execute(Side::Destination, &sql);
}

pub fn add_row(bench: &Bench, table: &str, id: i64, of_row: i64) {
    let sql = format!("INSERT INTO [{table}] ([ID], [OF_ROW]) VALUES ({id}, {of_row})");
    bench.databases.execute(Side::Destination, &sql);
}

/// Starts a run that has to be refused with these words, and has to leave everything as it is.
fn refused(bench: &Bench, words: &[&str]) {
    bench.plan(&bench.usual_plan().text());
    let before = bench.databases.read(Side::Destination);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    for word in words {
        // Not every server keeps the case of names.
        let said_in_lower_case = said.err.to_lowercase();
        assert!(
            said_in_lower_case.contains(&word.to_lowercase()),
            "{word} is not said\n{}",
            said.all()
        );
    }
    assert!(bench.databases.read(Side::Destination) == before, "{}", said.all());
}

async fn rows_that_would_be_deleted_with_others_stop_the_run(engine: &TestEngine) {
    let (pair, entity) = pair();
    for action in ["ON DELETE CASCADE", "ON DELETE SET NULL"] {
        let bench = Bench::on(engine, &pair, 1);
        let key = &entity.identifier().expect("it has one").column;
        add_stranger(&bench, "AUDIT_NOTE", &entity.table, key, action);
        add_stranger(&bench, "AUDIT_LINE", "AUDIT_NOTE", "ID", "ON DELETE CASCADE");
        add_row(&bench, "AUDIT_NOTE", 1, id(&entity, 0));
        add_row(&bench, "AUDIT_NOTE", 2, id(&entity, 1));
        add_row(&bench, "AUDIT_LINE", 7, 2);
        let cascades = action.ends_with("CASCADE");
        let further = if cascades { "and with them 1 of the table" } else { "would be changed" };
        refused(&bench, &["AUDIT_NOTE", entity.name.as_str(), further]);
        let compared = bench.osferry(&["compare", "plan.toml"]);
        let words = compared.all().to_lowercase();
        assert!(words.contains("audit_note"), "{words}");
    }
}

async fn rows_that_forbid_deleting_stop_the_run(engine: &TestEngine) {
    let (pair, entity) = pair();
    let bench = Bench::on(engine, &pair, 2);
    let key = &entity.identifier().expect("it has one").column;
    add_stranger(&bench, "AUDIT_NOTE", &entity.table, key, "");
    add_row(&bench, "AUDIT_NOTE", 1, id(&entity, 0));
    refused(&bench, &["AUDIT_NOTE", "forbids deleting rows", entity.name.as_str()]);
}

async fn rows_of_an_inactive_entity_stop_the_run(engine: &TestEngine) {
    for rule in [Rule::Protect, Rule::Delete] {
        let features = vec![Feature::ExistingRows, Feature::Outsiders];
        let flaw = Some(Flaw::ChosenInUse);
        let mut pair = generate::pair(&Recipe { seed: 5, size: 3, features, flaw });
        assert!(pair.refused.is_some(), "the pair shows nothing");
        let watcher =
            pair.destination.entities.iter_mut().find(|e| e.active && e.name == "Watcher");
        let watcher = watcher.expect("an outsider");
        watcher.active = false;
        for attribute in watcher.attributes.iter_mut().filter(|a| a.name.starts_with("Thing")) {
            attribute.rule = rule;
        }
        let bench = Bench::on(engine, &pair, 3);
        refused(&bench, &["Watcher (inactive)"]);
    }
}

async fn strangers_without_rows_in_the_way_do_no_harm(engine: &TestEngine) {
    let (pair, entity) = pair();
    let bench = Bench::on(engine, &pair, 4);
    let key = &entity.identifier().expect("it has one").column;
    add_stranger(&bench, "AUDIT_NOTE", &entity.table, key, "ON DELETE CASCADE");
    bench.databases.execute(Side::Destination, "INSERT INTO [AUDIT_NOTE] ([ID]) VALUES (1)");
    bench.plan(&bench.usual_plan().text());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
}
