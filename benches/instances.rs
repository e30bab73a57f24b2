//! How long process instances take, against as many plain rows in tables of the same sizes.
//!
//! `cargo bench --bench instances` prints both times and their ratio, measured one after the other on
//! this machine. The number of processes can be given (`-- 20000`); there are four activities and six
//! values to each. Both pairs are practice pairs to which the rows are added.

#![expect(clippy::expect_used, reason = "a benchmark says what is wrong by panicking")]
#![expect(clippy::print_stdout, reason = "what it measures is what it prints")]

#[expect(dead_code, reason = "each benchmark uses a part of it")]
mod support;

use std::time::{Duration, Instant};

use support::{Attribute, ESPACE, Pair, add_entity, espace_key, id, numbered};

/// Processes, unless told otherwise.
const PROCESSES: u32 = 100_000;
const ACTIVITIES: u32 = 4;

fn main() {
    // cargo itself passes `--bench`.
    let told = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let processes = told.unwrap_or(PROCESSES);
    let plain = measured("plain rows", |pair| plain_rows(pair, processes));
    let instances = measured("instances", |pair| process_instances(pair, processes));
    let ratio = instances.as_secs_f64() / plain.as_secs_f64();
    println!("{processes} processes, {} rows each way", u64::from(processes) * 11);
    println!("plain rows {plain:.1?}, instances {instances:.1?}: {ratio:.2} times as long");
}

/// The time of one run, its proof included.
fn measured(what: &str, fill: impl Fn(&Pair)) -> Duration {
    let pair = Pair::make(None);
    fill(&pair);
    let started = Instant::now();
    let run = ["run", "pair/practice.toml", "--confirm", "dev", "--decide", "recommended"];
    pair.osferry(&run);
    let took = started.elapsed();
    println!("{what}: {took:.1?}");
    took
}

/// Three entities of the same sizes as the tables of instances, each referring to the one before.
fn plain_rows(pair: &Pair, processes: u32) {
    for (side, database) in pair.databases().iter().enumerate() {
        let key = espace_key(database);
        for (place, parent) in [None, Some(0), Some(1)].into_iter().enumerate() {
            let table = format!("OSUSR_BNC_PART{place}");
            let mut attributes = vec![
                Attribute::new("Name", "rtText", "nvarchar(200)"),
                Attribute::new("Created", "rtDateTime", "datetime"),
                Attribute::new("Closed", "rtDateTime", "datetime"),
                Attribute::new("Value", "rtText", "nvarchar(200)"),
                Attribute::new("Count", "rtInteger", "int"),
            ];
            attributes.extend(parent.map(|parent| Attribute {
                name: "ParentId",
                kind: format!("bt{key}*part{parent}"),
                column: format!("int REFERENCES OSUSR_BNC_PART{parent} (ID)"),
            }));
            add_entity(database, place, &table, &attributes);
            if side == 0 {
                let (times, parent) = match place {
                    0 => (1, ""),
                    1 => (ACTIVITIES, ", n / 4 + 1"),
                    _ => (6, ", n / 2 % (SELECT MAX(ID) FROM OSUSR_BNC_PART1) + 1"),
                };
                let into = if parent.is_empty() { "" } else { ", PARENTID" };
                let sql = numbered(
                    processes * times,
                    &format!("INSERT INTO {table} (NAME, CREATED, CLOSED, VALUE, COUNT{into})"),
                    &format!(
                        "'row ' || n, '2026-01-02 03:04:05', NULL, 'value ' || n % 1000, n % 7{parent}"
                    ),
                );
                database.execute_batch(&sql).expect("rows");
            }
        }
    }
}

/// Processes of one definition, with activities, inputs and what activities gave.
fn process_instances(pair: &Pair, processes: u32) {
    let [source, _] = pair.databases();
    let of = |table: &str, condition: &str| {
        id(&source, &format!("SELECT MIN(ID) FROM {table} WHERE {condition}"))
    };
    let espace = of("OSSYS_ESPACE", &format!("NAME = '{ESPACE}'"));
    let process =
        of("OSSYS_BPM_PROCESS_DEFINITION", &format!("ESPACE_ID = {espace} AND IS_ACTIVE = 1"));
    let activity = of("OSSYS_BPM_ACTIVITY_DEFINITION", &format!("PROCESS_DEF_ID = {process}"));
    let [active, closed] = ["Active", "Closed"]
        .map(|name| of("OSSYS_BPM_PROCESS_STATUS", &format!("NAME = '{name}'")));
    let done = of("OSSYS_BPM_ACTIVITY_STATUS", "NAME = 'Closed'");
    let user = of(
        "OSSYS_USER",
        "IS_ACTIVE = 1 AND TENANT_ID = (SELECT MIN(ID) FROM OSSYS_TENANT WHERE NAME = 'Users')",
    );
    let tenant = id(&source, &format!("SELECT TENANT_ID FROM OSSYS_USER WHERE ID = {user}"));
    let first = id(&source, "SELECT COALESCE(MAX(ID), 0) FROM OSSYS_BPM_PROCESS") + 1;
    let task = id(&source, "SELECT COALESCE(MAX(ID), 0) FROM OSSYS_BPM_ACTIVITY") + 1;
    // Definitions of values, on both sides: an input and what an activity gives.
    let key = "bench-value";
    for (side, database) in pair.databases().iter().enumerate() {
        let of = |table: &str, key: i64| -> i64 {
            let sql = format!("SELECT SS_KEY FROM {table} WHERE ID = {key}");
            let key: String = source.query_row(&sql, [], |row| row.get(0)).expect("a key");
            let sql = format!("SELECT ID FROM {table} WHERE LOWER(SS_KEY) = LOWER('{key}')");
            id(database, &sql)
        };
        let (process, activity) = (
            of("OSSYS_BPM_PROCESS_DEFINITION", process),
            of("OSSYS_BPM_ACTIVITY_DEFINITION", activity),
        );
        let number = 990_000 + side;
        let sql = format!(
            "INSERT INTO OSSYS_BPM_PROCESS_INPUT_DEF (ID, SS_KEY, PROCESS_DEF_ID, NAME, IS_ACTIVE, SS_TYPE) \
             VALUES ({number}, '{key}', {process}, 'Bench', 1, 'rtText'); \
             INSERT INTO OSSYS_BPM_ACTIVITY_OUTPUT_DEF (ID, SS_KEY, ACTIVITY_DEF_ID, NAME, IS_ACTIVE, SS_TYPE) \
             VALUES ({number}, '{key}', {activity}, 'Bench', 1, 'rtText');"
        );
        database.execute_batch(&sql).expect("definitions");
    }
    let at = "'2026-01-02 03:04:05'";
    let user_type: String = source
        .query_row(
            "SELECT 'bt' || s.SS_KEY || '*' || e.SS_KEY FROM OSSYS_ENTITY e JOIN OSSYS_ESPACE s ON s.ID = \
             e.ESPACE_ID WHERE UPPER(e.PHYSICAL_TABLE_NAME) = 'OSSYS_USER'",
            [],
            |row| row.get(0),
        )
        .expect("the type of users");
    let mut sql = numbered(
        processes,
        "INSERT INTO OSSYS_BPM_PROCESS (ID, TENANT_ID, LABEL, CREATED, CREATED_BY, PROCESS_DEF_ID, \
         TOP_PROCESS_ID, STATUS_ID)",
        &format!(
            "{first} + n, {tenant}, 'process ' || n, {at}, {user}, {process}, {first} + n, \
             CASE n % 2 WHEN 0 THEN {active} ELSE {closed} END"
        ),
    );
    sql.push_str(&numbered(
        processes * ACTIVITIES,
        "INSERT INTO OSSYS_BPM_ACTIVITY (ID, TENANT_ID, ACTIVITY_DEF_ID, PROCESS_ID, NAME, USER_ID, CREATED, \
         STATUS_ID, PRECEDENT_ACTIVITY_ID)",
        &format!(
            "{task} + n, {tenant}, {activity}, {first} + n / {ACTIVITIES}, 'activity ' || n, {user}, {at}, \
             {done}, CASE n % {ACTIVITIES} WHEN 0 THEN NULL ELSE {task} + n - 1 END"
        ),
    ));
    sql.push_str(&numbered(
        processes * 2,
        "INSERT INTO OSSYS_BPM_PROCESS_INPUT (TENANT_ID, INPUT_DEF_ID, PROCESS_ID, SS_KEY, NAME, DATA_TYPE, \
         INPUT_VALUE, SS_TYPE)",
        &format!(
            "{tenant}, 990000, {first} + n / 2, '{key}', 'Bench', 'rtInteger', CASE n % 2 WHEN 0 THEN \
             '{user}' ELSE 'value ' || n END, CASE n % 2 WHEN 0 THEN '{user_type}' ELSE 'rtText' END"
        ),
    ));
    sql.push_str(&numbered(
        processes * ACTIVITIES,
        "INSERT INTO OSSYS_BPM_ACTIVITY_OUTPUT (TENANT_ID, OUTPUT_DEF_ID, ACTIVITY_ID, SS_KEY, NAME, DATA_TYPE, \
         OUTPUT_VALUE, SS_TYPE)",
        &format!("{tenant}, 990000, {task} + n, '{key}', 'Bench', 'rtText', 'value ' || n, 'rtText'"),
    ));
    source.execute_batch(&sql).expect("instances");
}
