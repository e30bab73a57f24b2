//! Processes: definitions matched by their keys, statuses by their names, and every difference
//! told with the instances that it touches.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;
use serde_json::Value;

use crate::databases::Databases;
use crate::estate::generate;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    every_difference_is_told_with_its_instances,
    a_platform_without_processes_says_nothing_of_them,
);

/// Table and columns, as far as the scenario needs them.
const TABLES: [(&str, &str); 11] = [
    (
        "OSSYS_BPM_PROCESS_DEFINITION",
        "NAME nvarchar(50), SS_KEY nvarchar(100), IS_ACTIVE bit, ESPACE_ID int",
    ),
    (
        "OSSYS_BPM_ACTIVITY_DEFINITION",
        "NAME nvarchar(50), SS_KEY nvarchar(100), IS_ACTIVE bit, PROCESS_DEF_ID int",
    ),
    (
        "OSSYS_BPM_PROCESS_INPUT_DEF",
        "NAME nvarchar(50), SS_KEY nvarchar(100), IS_ACTIVE bit, PROCESS_DEF_ID int, SS_TYPE nvarchar(200)",
    ),
    (
        "OSSYS_BPM_PROCESS_OUTPUT_DEF",
        "NAME nvarchar(50), SS_KEY nvarchar(100), IS_ACTIVE bit, PROCESS_DEF_ID int, SS_TYPE nvarchar(200)",
    ),
    (
        "OSSYS_BPM_ACTIVITY_OUTPUT_DEF",
        "NAME nvarchar(50), SS_KEY nvarchar(100), IS_ACTIVE bit, ACTIVITY_DEF_ID int, SS_TYPE nvarchar(200)",
    ),
    ("OSSYS_BPM_PROCESS_STATUS", "NAME nvarchar(50)"),
    ("OSSYS_BPM_ACTIVITY_STATUS", "NAME nvarchar(50)"),
    ("OSSYS_BPM_PROCESS", "PROCESS_DEF_ID int, STATUS_ID int"),
    ("OSSYS_BPM_PROCESS_INPUT", "INPUT_DEF_ID int"),
    ("OSSYS_BPM_ACTIVITY", "ACTIVITY_DEF_ID int, STATUS_ID int"),
    ("OSSYS_BPM_ACTIVITY_OUTPUT", "OUTPUT_DEF_ID int"),
];

const SIDES: [Side; 2] = [Side::Source, Side::Destination];

fn bench(engine: &TestEngine, whim: u64) -> Bench {
    let recipe = Recipe { seed: 12, size: 3, features: vec![Feature::ExistingRows], flaw: None };
    let bench = Bench::on(engine, &generate::pair(&recipe), whim);
    for side in SIDES {
        let there = bench.databases.read(side).tables;
        for (table, columns) in TABLES {
            if there.keys().any(|name| name.eq_ignore_ascii_case(table)) {
                bench.databases.execute(side, &format!("DROP TABLE {table}"));
            }
            let create = format!("CREATE TABLE {table} (ID int NOT NULL PRIMARY KEY, {columns})");
            bench.databases.execute(side, &create);
        }
    }
    bench.plan(&bench.usual_plan().text());
    bench
}

/// Adds rows; the values of each as SQL, from the id on.
fn add(bench: &Bench, side: Side, table: &str, rows: &[&str]) {
    for row in rows {
        bench.databases.execute(side, &format!("INSERT INTO {table} VALUES ({row})"));
    }
}

/// The ID of an espace of the scope, and of one of the platform's.
fn espaces(bench: &Bench, side: Side) -> [String; 2] {
    let ask = |condition: &str| {
        let sql = format!(
            "SELECT CAST(ID AS nvarchar(20)) FROM OSSYS_ESPACE WHERE IS_ACTIVE = 1 AND {condition}"
        );
        bench.databases.ask(side, &sql).first().cloned().expect("an espace")
    };
    [ask("NAME = 'Core'"), ask("NAME = 'Users'")]
}

/// The source's processes: Approve with all its parts, Gone, Old, and one of nobody's scope.
fn in_the_source(bench: &Bench) {
    let side = Side::Source;
    let [core, other] = espaces(bench, side);
    let rows = |table: &str, rows: &[&str]| add(bench, side, table, rows);
    rows(
        "OSSYS_BPM_PROCESS_DEFINITION",
        &[
            &format!("11, 'Approve', 'Aa', 1, {core}"),
            &format!("12, 'Gone', 'bb', 1, {core}"),
            &format!("13, 'Old', 'cc', 1, {core}"),
            &format!("14, 'Foreign', 'dd', 1, {other}"),
            // Nobody misses what was inactive and has no instance.
            &format!("15, 'Forgotten', 'ee', 0, {core}"),
        ],
    );
    rows(
        "OSSYS_BPM_ACTIVITY_DEFINITION",
        &["21, 'Check', 'k1', 1, 11", "22, 'Sign', 'k2', 1, 11", "23, 'Wait', 'k1', 1, 13"],
    );
    rows(
        "OSSYS_BPM_PROCESS_INPUT_DEF",
        &[
            "31, 'Order', 'i1.#EventGeneratedInput', 1, 11, 'rtInteger'",
            "32, 'Text', 'i2', 1, 11, 'rtText'",
        ],
    );
    rows("OSSYS_BPM_ACTIVITY_OUTPUT_DEF", &["41, 'Outcome', 'o1', 1, 21, 'rtText'"]);
    rows("OSSYS_BPM_PROCESS_STATUS", &["1, 'Active'", "2, 'Closed'", "3, 'Odd'", "4, 'Unused'"]);
    rows("OSSYS_BPM_ACTIVITY_STATUS", &["9, 'Ready'"]);
    rows(
        "OSSYS_BPM_PROCESS",
        &["-7, 11, 1", "1, 11, 2", "2, 12, 3", "3, 12, 3", "4, 13, 1", "5, 14, 1", "6, 14, 1"],
    );
    rows("OSSYS_BPM_ACTIVITY", &["1, 21, 9", "2, 22, 9", "3, 22, 9", "4, 22, 9"]);
    rows("OSSYS_BPM_PROCESS_INPUT", &["1, 31", "2, 31"]);
    rows("OSSYS_BPM_ACTIVITY_OUTPUT", &["1, 41"]);
}

/// The destination's: Approve has lost a step and gained an output, Old is inactive.
fn in_the_destination(bench: &Bench) {
    let side = Side::Destination;
    let [core, _] = espaces(bench, side);
    let rows = |table: &str, rows: &[&str]| add(bench, side, table, rows);
    rows(
        "OSSYS_BPM_PROCESS_DEFINITION",
        &[&format!("51, 'Approve', 'AA', 1, {core}"), &format!("53, 'Old', 'cc', 0, {core}")],
    );
    // The same inner key under another process is another activity.
    rows("OSSYS_BPM_ACTIVITY_DEFINITION", &["61, 'Check', 'k1', 1, 51", "62, 'Wait', 'k2', 1, 53"]);
    rows(
        "OSSYS_BPM_PROCESS_INPUT_DEF",
        &[
            "71, 'Order', 'i1.#EventGeneratedInput', 1, 51, 'rtText'",
            "72, 'Text', 'i2', 1, 51, 'RTTEXT'",
        ],
    );
    rows("OSSYS_BPM_PROCESS_OUTPUT_DEF", &["81, 'Result', 'r1', 1, 51, 'rtText'"]);
    rows("OSSYS_BPM_PROCESS_STATUS", &["1, 'Closed'", "2, 'Suspended'", "3, 'ACTIVE'"]);
    rows("OSSYS_BPM_ACTIVITY_STATUS", &["9, 'Ready'"]);
    rows("OSSYS_BPM_PROCESS", &["1, 51, 3", "2, 51, 3", "3, 51, 3"]);
}

/// What is said of processes: kind, about and the instances touched, sorted.
fn said(bench: &Bench) -> Vec<(String, String, Option<u64>)> {
    let compared = bench.osferry(&["compare", "plan.toml", "--json"]);
    let report: Value = serde_json::from_str(&compared.out)
        .unwrap_or_else(|error| panic!("{error}\n{}", compared.all()));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut said: Vec<_> = report["findings"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", compared.all()))
        .iter()
        .filter(|finding| text(&finding["kind"]).starts_with("process-"))
        .map(|finding| (text(&finding["kind"]), text(&finding["about"]), finding["rows"].as_u64()))
        .collect();
    said.sort();
    said
}

async fn every_difference_is_told_with_its_instances(engine: &TestEngine) {
    let bench = bench(engine, 61);
    in_the_source(&bench);
    in_the_destination(&bench);
    let expected = [
        ("process-inactive", "Core.Old", Some(1)),
        ("process-instances", "Core.Approve", Some(2)),
        ("process-missing", "Core.Gone", Some(2)),
        ("process-part-missing", "Core.Approve.Check.Outcome", Some(1)),
        ("process-part-missing", "Core.Approve.Sign", Some(3)),
        ("process-part-missing", "Core.Old.Wait", Some(0)),
        ("process-part-new", "Core.Approve.Result", None),
        ("process-part-new", "Core.Old.Wait", None),
        ("process-status-id-differs", "Process_Status.Active", Some(2)),
        ("process-status-id-differs", "Process_Status.Closed", Some(1)),
        ("process-status-missing", "Process_Status.Odd", Some(2)),
        ("process-value-retyped", "Core.Approve.Order", Some(2)),
    ]
    .map(|(kind, about, rows)| (kind.to_owned(), about.to_owned(), rows));
    assert_eq!(said(&bench), expected);
    // They are to be known; nothing of them is written, and they hold no run up.
    let run = bench.run();
    assert_eq!(run.code, Some(0), "{}", run.all());
}

/// Its columns that are not there are not asked for.
async fn a_platform_without_processes_says_nothing_of_them(engine: &TestEngine) {
    let bench = bench(engine, 62);
    in_the_source(&bench);
    for side in SIDES {
        let tables = ["OSSYS_BPM_PROCESS", "OSSYS_BPM_ACTIVITY", "OSSYS_BPM_PROCESS_STATUS"];
        for table in tables {
            bench.databases.execute(side, &format!("DROP TABLE {table}"));
        }
    }
    let told = said(&bench);
    let is_missing =
        |one: &(String, String, Option<u64>)| one.0 == "process-missing" && one.2 == Some(0);
    assert_eq!(told.iter().filter(|one| is_missing(one)).count(), 3, "{told:?}");
    assert_eq!(told.len(), 3, "{told:?}");
    for side in SIDES {
        bench.databases.execute(side, "DROP TABLE OSSYS_BPM_PROCESS_DEFINITION");
    }
    assert_eq!(said(&bench), []);
    if let Databases::Files(_) = &bench.databases {
        let run = bench.run();
        assert_eq!(run.code, Some(0), "{}", run.all());
    }
}
