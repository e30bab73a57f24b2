//! What the destination refuses in the middle of a run: rows, references, people, links, and rows
//! of its own that were to go. Each is recorded with its rule, the run goes on or stops as the plan
//! says, the proof holds, and an undo puts everything back.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod since;

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::generate;
use crate::estate::model::{Cell, Entity, Kind, Pair, Row, Target};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Said};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    a_row_that_cannot_be_deleted_stays,
    a_reference_that_is_refused_stays_empty,
    people_that_are_refused_are_left_out,
    a_run_stops_at_a_reject_and_goes_on,
);

/// A run of the usual plan with some options, with its report.
pub fn run(bench: &Bench, options: &[&str], code: i32) -> Value {
    let mut plan = bench.usual_plan();
    plan.options.extend(options.iter().map(|option| (*option).to_owned()));
    bench.plan(&plan.text());
    let name = bench.databases.name(Side::Destination);
    let arguments = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--json"];
    report(&bench.osferry(&arguments), code)
}

pub fn report(said: &Said, code: i32) -> Value {
    assert_eq!(said.code, Some(code), "{}", said.all());
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()))
}

pub fn id_of(report: &Value) -> String {
    report["id"].as_str().expect("an id").to_owned()
}

/// The lines of the run's `rejects.csv`, without its head.
pub fn rejects(bench: &Bench, report: &Value) -> Vec<String> {
    let folder = bench.folder.path().join("home/runs").join(id_of(report));
    let text = std::fs::read_to_string(folder.join("rejects.csv")).expect("rejects.csv");
    let mut lines = text.lines().map(str::to_owned);
    let head = "what,where,source_id,destination_id,class,constraint,error,reason";
    assert_eq!(lines.next().as_deref(), Some(head));
    lines.collect()
}

/// Takes the run back and looks whether everything is as it was.
pub fn undone(bench: &Bench, report: &Value) {
    let name = bench.databases.name(Side::Destination);
    let said = bench.osferry(&["undo", &id_of(report), "--confirm", &name]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    // What refuses was added after the database had been made.
    let before = bench.databases.made(Side::Destination).tables;
    let mut after = bench.databases.read(Side::Destination).tables;
    after.retain(|table, _| table != "ECHO");
    assert!(after == before, "{}", said.all());
}

/// Has the destination refuse what is done to rows of a table that meet a condition; `r` is a row.
pub fn refuse(bench: &Bench, name: &str, table: &str, event: &str, condition: &str) {
    let sql = if bench.databases.name(Side::Destination) == "dev" {
        let row = if event == "DELETE" { "OLD." } else { "NEW." };
        format!(
            "CREATE TRIGGER [{name}] BEFORE {event} ON [{table}] WHEN {} BEGIN \
             SELECT RAISE(ABORT, 'Anna will not have it'); END",
            condition.replace("r.", row)
        )
    } else {
        let rows = if event == "DELETE" { "deleted" } else { "inserted" };
        format!(
            "CREATE TRIGGER [{name}] ON [{table}] AFTER {event} AS IF EXISTS (SELECT 1 FROM \
             {rows} AS r WHERE {condition}) THROW 50001, 'Anna will not have it', 1;"
        )
    };
    bench.databases.execute(Side::Destination, &sql);
}

/// And has it think better of it.
pub fn relent(bench: &Bench, name: &str) {
    bench.databases.execute(Side::Destination, &format!("DROP TRIGGER [{name}]"));
}

pub fn pair(seed: u64, features: &[Feature]) -> Pair {
    generate::pair(&Recipe { seed, size: 3, features: features.to_vec(), flaw: None })
}

/// An entity with numbers as identifiers and at least so many rows.
pub fn numbered(entity: &Entity, rows: usize) -> bool {
    entity.active
        && !entity.is_static
        && entity.name.starts_with("Thing")
        && entity.rows.len() >= rows
        && entity.identifier().is_some_and(|id| id.autonumber && id.kind == Kind::LongInteger)
}

pub fn id(entity: &Entity, row: &Row) -> i64 {
    match entity.id_of(row) {
        Some(Cell::Int(id)) => *id,
        other => panic!("an identifier is a number, not {other:?}"),
    }
}

/// A condition that only this row of the source meets once it is in the destination.
pub fn is_row(pair: &Pair, entity: &Entity, row: &Row) -> String {
    let there = pair.destination.entity(&entity.full_key()).expect("the same entity there");
    let tag = there.tag().expect("a tag");
    let Some(Cell::Text(text)) = entity.tag().and_then(|tag| row.cells.get(&tag.key)) else {
        panic!("a row without its tag")
    };
    format!("r.[{}] = '{}'", tag.column, text.replace('\'', "''"))
}

async fn a_row_that_cannot_be_deleted_stays(engine: &TestEngine) {
    let (pair, entity) = (0..)
        .find_map(|seed| {
            let pair = pair(seed, &[Feature::ExistingRows]);
            let entity = pair.destination.entities.iter().find(|e| numbered(e, 3)).cloned();
            entity.map(|entity| (pair, entity))
        })
        .expect("some pair has one");
    let bench = Bench::on(engine, &pair, 1);
    let stays = id(&entity, &entity.rows[1]);
    let column = &entity.identifier().expect("it has one").column;
    refuse(&bench, "KEEPER", &entity.table, "DELETE", &format!("r.[{column}] = {stays}"));
    let report = run(&bench, &["batch_rows = 2"], 1);
    assert_eq!(report["verdict"], "proved-with-rejects");
    let lines = rejects(&bench, &report);
    let stayed = format!(",{stays},trigger,,");
    assert!(lines.iter().any(|l| l.starts_with("delete,") && l.contains(&stayed)), "{lines:?}");
    assert!(!lines.join("").contains("Anna"), "{lines:?}");
    let after = bench.databases.read(Side::Destination);
    assert!(format!("{after:?}").contains(&stays.to_string()));
    undone(&bench, &report);
}

async fn a_reference_that_is_refused_stays_empty(engine: &TestEngine) {
    let (pair, entity, place, link) = (0..)
        .find_map(|seed| {
            let pair = pair(seed, &[Feature::SelfReference]);
            let to_itself = |e: &Entity| {
                let key = e.full_key();
                let own = e.attributes.iter().find(|a| {
                    a.active
                        && a.may_be_emptied()
                        && matches!(a.target(), Some(Target::Entity(to)) if *to == key)
                });
                own.cloned()
            };
            let (entity, link) = pair
                .source
                .entities
                .iter()
                .filter(|e| numbered(e, 5))
                .find_map(|e| Some((e.clone(), to_itself(e)?)))?;
            let ids: Vec<i64> = entity.rows.iter().map(|row| id(&entity, row)).collect();
            let place = entity.rows.iter().position(
                |row| matches!(row.cells.get(&link.key), Some(Cell::Int(to)) if ids.contains(to)),
            )?;
            Some((pair, entity, place, link))
        })
        .expect("some pair has one");
    let bench = Bench::on(engine, &pair, 2);
    let there = pair.destination.entity(&entity.full_key()).expect("it is there").clone();
    let column = &there.attribute(&link.key).expect("it is there").column;
    let row = &entity.rows[place];
    let condition = format!("{} AND r.[{column}] IS NOT NULL", is_row(&pair, &entity, row));
    refuse(&bench, "KEEPER", &there.table, "UPDATE", &condition);
    let report = run(&bench, &[], 1);
    assert_eq!(report["verdict"], "proved-with-rejects");
    assert_eq!(report["totals"]["refused"], 1, "{report}");
    let lines = rejects(&bench, &report);
    let key = id(&entity, row);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("reference,") && lines[0].contains(&format!(",{key},,trigger,,")),
        "{lines:?}"
    );
    undone(&bench, &report);
}

async fn people_that_are_refused_are_left_out(engine: &TestEngine) {
    let pair = pair(3, &[Feature::MissingUsers, Feature::Groups]);
    let known: Vec<&str> = pair.destination.users.iter().map(|u| u.username.as_str()).collect();
    let bench = Bench::on(engine, &pair, 3);
    let first = run(&bench, &[], 0);
    let created: Vec<&Value> =
        first["people"]["created"].as_array().expect("people").iter().collect();
    let user = created.iter().find(|p| p["is_group"] == false).expect("a user is created");
    let name = user["name"].as_str().expect("a name");
    assert!(!known.contains(&name));
    undone(&bench, &first);

    let bench = Bench::on(engine, &pair, 3);
    let condition = format!("r.[USERNAME] = '{}'", name.replace('\'', "''"));
    refuse(&bench, "KEEPER", "OSSYS_USER", "INSERT", &condition);
    refuse(&bench, "BINDER", "OSSYS_GROUP_USER", "INSERT", "r.[USER_ID] > 0");
    let report = run(&bench, &["batch_rows = 3"], 1);
    assert_eq!(report["verdict"], "proved-with-rejects", "{report}");
    let lines = rejects(&bench, &report);
    let source = user["source"].as_i64().expect("an id");
    let refused = format!(",{source},,trigger,,");
    assert!(lines.iter().any(|l| l.starts_with("person,") && l.contains(&refused)), "{lines:?}");
    assert!(!lines.join("").contains(name), "{lines:?}");
    let created = report["people"]["created"].as_array().expect("people");
    assert!(created.iter().all(|person| person["name"] != name), "{created:?}");
    undone(&bench, &report);
}

async fn a_run_stops_at_a_reject_and_goes_on(engine: &TestEngine) {
    let pair = pair(4, &[]);
    let entity = pair.source.entities.iter().find(|e| numbered(e, 6)).expect("one").clone();
    let there = pair.destination.entity(&entity.full_key()).expect("it is there").clone();
    let bench = Bench::on(engine, &pair, 4);
    let conditions: Vec<String> =
        [1, 3, 4].iter().map(|place| is_row(&pair, &entity, &entity.rows[*place])).collect();
    refuse(&bench, "KEEPER", &there.table, "INSERT", &conditions.join(" OR "));
    let options = ["rejects = \"stop\"", "batch_rows = 4", "parallel_entities = 1"];
    let mut report = run(&bench, &options, 3);
    let id = id_of(&report);
    assert_eq!(rejects(&bench, &report).len(), 1);
    let mut stops = 1;
    loop {
        let said = bench.osferry(&["resume", &id, "--json"]);
        if said.code != Some(3) {
            report = self::report(&said, 1);
            break;
        }
        stops += 1;
        report = self::report(&said, 3);
        assert_eq!(rejects(&bench, &report).len(), stops);
        assert!(stops < 100, "it never ends");
    }
    assert!(stops >= 3, "{stops}");
    assert_eq!(report["verdict"], "proved-with-rejects");
    let group = &report["entities"]
        .as_array()
        .expect("entities")
        .iter()
        .find(|e| e["name"].as_str().is_some_and(|name| name.ends_with(&entity.name)))
        .expect("the entity")["rejected_reasons"][0];
    assert_eq!((&group["class"], &group["count"]), (&"trigger".into(), &3.into()), "{group}");
    undone(&bench, &report);

    relent(&bench, "KEEPER");
    refuse(&bench, "KEEPER", &there.table, "INSERT", &conditions[0]);
    let report = run(&bench, &["max_rejects = 100"], 1);
    assert_eq!(report["verdict"], "proved-with-rejects");
}

/// On files; what a server says is taken apart beside its adapter, word by word.
#[test]
fn constraints_are_named() {
    let engine = &TestEngine::sqlite();
    let pair = pair(5, &[]);
    let entity = pair.source.entities.iter().find(|e| numbered(e, 6)).expect("one").clone();
    let there = pair.destination.entity(&entity.full_key()).expect("it is there").clone();
    let bench = Bench::on(engine, &pair, 5);
    // A table of nobody's that every row of ours goes into as well: its rules are met nowhere else.
    let tag = &there.tag().expect("a tag").column;
    let sql = format!(
        "CREATE TABLE [ECHO] ([N] bigint NOT NULL, CONSTRAINT [CK_ECHO] CHECK ([N] > {}))",
        i64::from(i32::MAX)
    );
    bench.databases.execute(Side::Destination, &sql);
    let condition = is_row(&pair, &entity, &entity.rows[2]);
    let sql = if bench.databases.name(Side::Destination) == "dev" {
        format!(
            "CREATE TRIGGER [ECHOES] AFTER INSERT ON [{}] WHEN {} BEGIN INSERT INTO [ECHO] \
             VALUES (1); END",
            there.table,
            condition.replace("r.", "NEW.")
        )
    } else {
        format!(
            "CREATE TRIGGER [ECHOES] ON [{}] AFTER INSERT AS INSERT INTO [ECHO] SELECT 1 FROM \
             inserted AS r WHERE {condition}",
            there.table
        )
    };
    bench.databases.execute(Side::Destination, &sql);
    let report = run(&bench, &[], 1);
    let lines = rejects(&bench, &report);
    let named = lines
        .iter()
        .any(|line| line.starts_with("row,") && line.to_uppercase().contains(",CHECK,CK_ECHO,"));
    assert!(named, "{lines:?} {tag}");
}
