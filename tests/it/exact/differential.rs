//! What must not matter does not: rows in a batch, sessions that write at once, who gives the ids,
//! the server's history. Databases are compared with each new id replaced by whose id it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use osferry::database::sqlserver::{open_destination, open_source};
use osferry::migrate::journal::Journal;
use osferry::migrate::{RunEnd, run};
use osferry::outsystems::Side;
use osferry::plan::{Plan, PlanFile};

use super::case::{Case, Stage, process};
use super::over_memory::small;
use super::trial::folder;
use super::wanted;
use crate::estate::content::Content;
use crate::estate::model::{Cell, Environment, Target};
use crate::estate::platform::system;
use crate::estate::recipe::Recipe;
use crate::model_server::Habits;
use crate::program::Bench;
use crate::support::engine::TestEngine;
use crate::support::library::planned;

crate::on_sqlserver!(on_a_server_only_the_rows_matter);

/// Every table's rows, sorted, without an id that anybody gave.
type Canonical = BTreeMap<String, Vec<String>>;

/// Tables whose own ids nothing refers to.
const LINKS: [&str; 3] = ["OSSYS_USER_ROLE", "OSSYS_GROUP_ROLE", "OSSYS_GROUP_USER"];

/// Whose id became whose, by table and new id.
fn origins(plan: &Plan, journal: &Journal) -> BTreeMap<(String, String), String> {
    let mut origins = BTreeMap::new();
    for (place, entity) in plan.entities.iter().enumerate() {
        let table = entity.destination_table.name.to_uppercase();
        for batch in journal.batches(place).expect("batches") {
            for row in 0..batch.source_keys.len().min(batch.destination_keys.len()) {
                let new = batch.destination_keys.get(row).to_string();
                origins.insert((table.clone(), new), batch.source_keys.get(row).to_string());
            }
        }
    }
    for person in journal.all_people().expect("people") {
        let table = if person.is_group { "OSSYS_GROUP" } else { "OSSYS_USER" };
        let new = person.destination.to_string();
        origins.insert((table.to_owned(), new), person.source.to_string());
    }
    origins
}

/// To which table each column of a table refers, its own key included.
fn references(environment: &Environment) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    let mut add = |table: &str, column: &str, parent: &str| {
        found.insert((table.to_uppercase(), column.to_uppercase()), parent.to_uppercase());
    };
    for entity in environment.entities.iter().filter(|entity| entity.active) {
        for attribute in &entity.attributes {
            match attribute.target() {
                Some(Target::Entity(key)) => {
                    if let Some(parent) = environment.entity(key) {
                        add(&entity.table, &attribute.column, &parent.table);
                    }
                }
                Some(target) => add(&entity.table, &attribute.column, system(target).1),
                None if Some(&attribute.key) == entity.identifier.as_ref() => {
                    add(&entity.table, &attribute.column, &entity.table);
                }
                None => {}
            }
        }
    }
    for table in ["OSSYS_USER", "OSSYS_GROUP"] {
        add(table, "ID", table);
    }
    for table in LINKS {
        add(table, "USER_ID", "OSSYS_USER");
        add(table, "GROUP_ID", "OSSYS_GROUP");
    }
    found
}

fn canonical(content: &Content, case: &Case, plan: &Plan, journal: &Path) -> Canonical {
    let journal = Journal::open(journal).expect("a journal");
    let (origins, references) = (origins(plan, &journal), references(&case.pair.destination));
    let text = |cell: &Cell| match cell {
        Cell::Int(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let mut canonical = Canonical::new();
    for (table, rows) in &content.tables {
        let shown = rows.iter().map(|row| {
            let cells = row.iter().filter(|(column, _)| {
                !(LINKS.contains(&table.as_str()) && column.as_str() == "ID")
            });
            let cells = cells.map(|(column, cell)| {
                let parent = references.get(&(table.clone(), column.clone()));
                let origin = parent.and_then(|parent| origins.get(&(parent.clone(), text(cell))));
                match origin {
                    Some(origin) => format!("{column} of {origin}"),
                    None => format!("{column} {cell:?}"),
                }
            });
            cells.collect::<Vec<_>>().join(", ")
        });
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        canonical.insert(table.clone(), shown);
    }
    canonical
}

/// Where two databases differ first.
fn difference(one: &Canonical, other: &Canonical) -> Option<String> {
    for (table, rows) in one {
        let others = other.get(table).map_or(&[][..], Vec::as_slice);
        for at in 0..rows.len().max(others.len()) {
            let (a, b) = (rows.get(at), others.get(at));
            if a != b {
                return Some(format!("{table}\n  {a:?}\n  {b:?}"));
            }
        }
    }
    None
}

/// What a plan varies, as its options.
fn options(batch: usize, parallel: usize, reserves: bool) -> Vec<String> {
    vec![
        format!("batch_rows = {batch}"),
        format!("parallel_entities = {parallel}"),
        format!("identity_ranges = {reserves}"),
    ]
}

#[test]
fn in_memory_only_the_rows_matter() {
    for seed in 0..wanted("OSFERRY_TEST_PAIRS", 6) as u64 {
        let Some(case) = Case::of(&small(seed)) else { continue };
        let mut first: Option<Canonical> = None;
        for (number, batch) in [1, 7, 4000].into_iter().enumerate() {
            for (parallel, reserves) in [(1, false), (4, false), (4, true)] {
                let habits = Habits {
                    parallel_writers: true,
                    ..Habits::of(seed * 10 + (number + parallel) as u64)
                };
                let stage = Stage::memory(&case, habits);
                let folder = folder();
                let journal = folder.path().join("run");
                let plan = process().block_on(async {
                    let planned = stage.planned(&options(batch, parallel, reserves)).await;
                    let source = Arc::from(stage.source().await);
                    let destination = Arc::from(stage.destination().await);
                    let end = run(planned.request(&journal, source, destination)).await;
                    assert!(matches!(end, Ok(RunEnd::Written)), "{end:?}");
                    planned.plan
                });
                let found = canonical(&stage.content(), &case, &plan, &journal);
                let what = format!(
                    "seed {seed}, {batch} rows in a batch, {parallel} at once, ids of our own: \
                     {reserves}"
                );
                match &first {
                    None => first = Some(found),
                    Some(first) => assert_eq!(difference(first, &found), None, "{what}"),
                }
            }
        }
    }
}

async fn on_a_server_only_the_rows_matter(engine: &TestEngine) {
    all_ways(engine, &[(7, 1, false), (4000, 4, false), (7, 2, true)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn on_a_server_only_the_rows_matter_in_all_ways() {
    let Some(engine) = TestEngine::sqlserver(module_path!()) else { return };
    for reserves in [false, true] {
        let ways = [(1, 1), (7, 1), (4000, 1), (1, 4), (7, 4), (4000, 4)];
        let ways = ways.map(|(batch, parallel)| (batch, parallel, reserves));
        all_ways(&engine, &[&[(4000, 1, false)], ways.as_slice()].concat()).await;
    }
}

async fn all_ways(engine: &TestEngine, ways: &[(usize, usize, bool)]) {
    let TestEngine::SqlServer(server, _) = engine else { return };
    let case = Case::of(&Recipe { size: 2, ..small(5) }).expect("it can be migrated");
    let mut first: Option<Canonical> = None;
    for (batch, parallel, reserves) in ways {
        let bench = Bench::on(engine, &case.pair, 5);
        let spec = |side| server.spec(&bench.databases.name(side));
        let source = open_source(&spec(Side::Source)).await.expect("a source");
        let destination = open_destination(&spec(Side::Destination)).await.expect("open");
        let mut plan = crate::program::Plan::new();
        plan.options.extend(options(*batch, *parallel, *reserves));
        let file = PlanFile::parse(&plan.text(), "differential").expect("a plan");
        let planned = planned(source.as_ref(), destination.as_source(), file).await;
        let journal = bench.folder.path().join("run");
        let end = run(planned.request(&journal, Arc::from(source), Arc::from(destination))).await;
        assert!(matches!(end, Ok(RunEnd::Written)), "{end:?}");
        let content = bench.databases.read(Side::Destination);
        let found = canonical(&content, &case, &planned.plan, &journal);
        match &first {
            None => first = Some(found),
            Some(first) => {
                let what = format!(
                    "{batch} rows in a batch, {parallel} at once, ids of our own: {reserves}"
                );
                assert_eq!(difference(first, &found), None, "{what}");
            }
        }
    }
}
