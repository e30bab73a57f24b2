//! Process events: nothing starts by rows that are carried over, and everything can start again
//! afterwards.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;

use osferry::outsystems::Side;

use crate::estate::content::{Cells, Content};
use crate::estate::generate;
use crate::estate::model::{Entity, Pair};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

mod by_hand;
mod foretold;
mod killed;
mod planted;

crate::on_both_engines!(nothing_starts_and_afterwards_everything_can,);

const QUEUES: [&str; 2] = ["OSSYS_BPM_EVENT_QUEUE", "OSSYS_BPM_EVENT"];

/// A pair with subscriptions to rows that are written, and an entity of it to which another row can
/// be added: one process waits for its new rows.
fn pair() -> (Pair, Entity) {
    use Feature as F;
    for seed in 0.. {
        let features =
            vec![F::ExistingRows, F::MissingUsers, F::Groups, F::SelfReference, F::Subscriptions];
        let mut pair = generate::pair(&Recipe { seed, size: 3, features, flaw: None });
        let fits = |e: &&mut Entity| {
            e.active
                && e.events.is_some()
                && e.name.starts_with("Thing")
                && e.uniques.is_empty()
                && e.identifier().is_some_and(|id| id.autonumber)
        };
        let source = |e: &Entity| pair.source.named(&e.name).is_some_and(|e| !e.rows.is_empty());
        if let Some(entity) = pair.destination.entities.iter_mut().find(|e| fits(e) && source(e)) {
            entity.events = Some(1);
            let entity = entity.clone();
            return (pair, entity);
        }
    }
    unreachable!("some pair has such an entity")
}

/// Event tables and queues.
fn events(bench: &Bench) -> BTreeMap<String, Vec<Cells>> {
    events_of(bench.databases.read(Side::Destination))
}

fn events_of(content: Content) -> BTreeMap<String, Vec<Cells>> {
    let of_events = |name: &String| {
        let name = name.to_uppercase();
        name.starts_with("OSEVT_") || name.starts_with("OSSYS_BPM_EVENT")
    };
    let sorted = |(name, mut rows): (String, Vec<Cells>)| {
        rows.sort();
        (name, rows)
    };
    content.tables.into_iter().filter(|(name, _)| of_events(name)).map(sorted).collect()
}

fn count(bench: &Bench, table: &str) -> usize {
    let sql = format!("SELECT CAST(COUNT(*) AS varchar(20)) FROM [{table}]");
    bench.databases.ask(Side::Destination, &sql)[0].parse().expect("a number")
}

/// What the list of runs says of the first one.
fn listed(bench: &Bench) -> serde_json::Value {
    let said = bench.osferry(&["runs", "--json"]);
    let mut runs: serde_json::Value = serde_json::from_str(&said.out).expect("a list of runs");
    runs[0].take()
}

fn run_id(bench: &Bench) -> String {
    listed(bench)["id"].as_str().expect("an id").to_owned()
}

/// The event table of an entity.
fn event_table(entity: &Entity) -> String {
    entity.table.replacen("OSUSR_", "OSEVT_", 1)
}

/// Adds a row to the entity as an application does: a copy of the last one.
fn add(bench: &Bench, entity: &Entity) {
    let key = &entity.identifier().expect("it has one").column;
    let table = &entity.table;
    let attributes = entity.attributes.iter().filter(|a| a.damage.is_none() && a.column != *key);
    let mut columns: Vec<String> = attributes.map(|a| format!("[{}]", a.column)).collect();
    if entity.multitenant {
        columns.push("[TENANT_ID]".to_owned());
    }
    let columns = columns.join(", ");
    let sql = format!(
        "INSERT INTO [{table}] ({columns}) SELECT {columns} FROM [{table}] WHERE [{key}] = \
         (SELECT MAX([{key}]) FROM [{table}])"
    );
    bench.databases.execute(Side::Destination, &sql);
}

async fn nothing_starts_and_afterwards_everything_can(engine: &TestEngine) {
    let (pair, entity) = pair();
    let bench = Bench::on(engine, &pair, 3);
    bench.plan(&bench.usual_plan().text());
    let before = events(&bench);
    let subscriptions: usize = before.values().map(Vec::len).sum();
    assert!(subscriptions > 5, "{before:?}");
    let name = bench.databases.name(Side::Destination);
    let dry = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--dry-run"];
    let said = bench.osferry(&dry);
    let words = said.all().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("are put away before the first write"), "{}", said.all());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(events(&bench), before, "{}", said.all());
    add(&bench, &entity);
    assert_eq!(count(&bench, QUEUES[0]), 1, "the trigger lives again");
    assert_eq!(count(&bench, QUEUES[1]), 0);
    bench.databases.execute(Side::Destination, &format!("DELETE FROM [{}]", QUEUES[0]));
    let key = &entity.identifier().expect("it has one").column;
    let table = &entity.table;
    let last =
        format!("DELETE FROM [{table}] WHERE [{key}] = (SELECT MAX([{key}]) FROM [{table}])");
    bench.databases.execute(Side::Destination, &last);
    let said = bench.osferry(&["undo", &run_id(&bench), "--confirm", &name]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(events(&bench), before, "{}", said.all());
}
