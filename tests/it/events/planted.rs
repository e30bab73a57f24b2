//! A process that was started by a row of the run is a difference, however often the proof is made;
//! what else waits in the queues is information.

use osferry::migrate::journal::Recorder;
use osferry::outsystems::Side;
use serde_json::Value;

use super::{QUEUES, event_table, pair, run_id};
use crate::estate::model::Entity;
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    a_process_that_a_run_starts_fails_its_proof_each_time,
    what_waits_for_other_rows_or_came_later_is_only_told,
);

/// The destination's column for the row, of each queue.
const RECORDS: [&str; 2] = ["DATA_ID", "ENTITY_RECORD_ID"];
/// A process and an activity that wait for new rows of one entity and of no other.
const PROCESS: u32 = 77;
const ACTIVITY: u32 = 78;
const STARTS: &str = "that this run wrote";

/// Proves the run again: the exit code, what differs and what is noted.
fn verify(bench: &Bench) -> (Option<i32>, Vec<String>, Vec<String>) {
    let said = bench.osferry(&["verify", &run_id(bench), "--json"]);
    let report: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()));
    let around = &report["proof"]["surroundings"];
    let lines = |of: &str| {
        let all = around[of].as_array().expect("a list").iter();
        // How a table's name is written, its server says.
        let table = |one: &Value| one["table"].to_string().to_uppercase();
        all.map(|one| format!("{}: {}", table(one), one["what"])).collect()
    };
    (said.code, lines("shown"), lines("notes"))
}

/// A pair whose processes wait as said.
fn bench(engine: &TestEngine, whim: u64) -> (Bench, Entity) {
    let (pair, entity) = pair();
    let bench = Bench::on(engine, &pair, whim);
    for (column, id) in [("_PROCESS_DEF_ID", PROCESS), ("_ACTIVITY_ID", ACTIVITY)] {
        let sql = format!(
            "INSERT INTO [{}] (_ESPACE_ID, {column}, _IS_UPDATE, _IS_LIGHT) VALUES (1, {id}, 0, 0)",
            event_table(&entity)
        );
        bench.databases.execute(Side::Destination, &sql);
    }
    (bench, entity)
}

/// Puts a row into a queue, as if this process were to start by this row.
fn plant(bench: &Bench, queue: usize, process: u32, record: &str) {
    let (table, column) = (QUEUES[queue], RECORDS[queue]);
    let of = if process == ACTIVITY { "ACTIVITY_ID" } else { "PROCESS_DEF_ID" };
    let sql = format!(
        "INSERT INTO {table} ({of}, {column}, ERROR_COUNT) VALUES ({process}, '{record}', 0)"
    );
    bench.databases.execute(Side::Destination, &sql);
}

fn empty_queues(bench: &Bench) {
    for queue in QUEUES {
        bench.databases.execute(Side::Destination, &format!("DELETE FROM {queue}"));
    }
}

/// A row that the run wrote.
fn ours(bench: &Bench, entity: &Entity) -> String {
    let key = &entity.identifier().expect("it has one").column;
    let sql = format!("SELECT CAST(MAX([{key}]) AS varchar(20)) FROM [{}]", entity.table);
    bench.databases.ask(Side::Destination, &sql).remove(0)
}

/// A trigger that nobody put away starts a process for each row.
fn start_by_each_row(engine: &TestEngine, bench: &Bench, entity: &Entity) {
    let (table, key) = (&entity.table, &entity.identifier().expect("it has one").column);
    let into = "INSERT INTO OSSYS_BPM_EVENT_QUEUE (PROCESS_DEF_ID, DATA_ID, ERROR_COUNT)";
    let sql = match engine {
        TestEngine::Sqlite(_) => format!(
            "CREATE TRIGGER Starts AFTER INSERT ON [{table}] BEGIN {into} \
             VALUES ({PROCESS}, CAST(NEW.[{key}] AS TEXT), 0); END"
        ),
        TestEngine::SqlServer(..) => format!(
            "CREATE TRIGGER Starts ON [{table}] AFTER INSERT AS BEGIN SET NOCOUNT ON; {into} \
             SELECT {PROCESS}, CAST([{key}] AS nvarchar(60)), 0 FROM inserted; END"
        ),
    };
    bench.databases.execute(Side::Destination, &sql);
}

async fn a_process_that_a_run_starts_fails_its_proof_each_time(engine: &TestEngine) {
    let (bench, entity) = bench(engine, 4);
    start_by_each_row(engine, &bench, &entity);
    bench.plan(&bench.usual_plan().text());
    let said = bench.run();
    assert_eq!(said.code, Some(4), "{}", said.all());
    assert!(said.all().contains(STARTS), "{}", said.all());
    for _ in 0..2 {
        let (code, shown, _) = verify(&bench);
        assert_eq!((code, shown.len()), (Some(4), 1), "{shown:?}");
        let words = [QUEUES[0], STARTS, &entity.name];
        for word in words {
            assert!(shown[0].contains(word), "{word}: {shown:?}");
        }
    }
    empty_queues(&bench);
    let (code, shown, _) = verify(&bench);
    assert_eq!((code, shown.len()), (Some(0), 0), "{shown:?}");
}

async fn what_waits_for_other_rows_or_came_later_is_only_told(engine: &TestEngine) {
    let (bench, entity) = bench(engine, 5);
    bench.plan(&bench.usual_plan().text());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let record = ours(&bench, &entity);
    // Another row, and a process that does not wait for this entity.
    for (queue, process, record) in
        [(0, PROCESS, "987654321"), (1, ACTIVITY, "987654321"), (0, 99, &*record)]
    {
        plant(&bench, queue, process, record);
        forget(&bench).await;
        let (code, shown, notes) = verify(&bench);
        assert_eq!((code, shown.len()), (Some(0), 0), "{shown:?}");
        assert!(notes.iter().any(|note| note.contains(QUEUES[queue])), "{notes:?}");
        assert!(notes.iter().all(|note| !note.contains(STARTS)), "{notes:?}");
        empty_queues(&bench);
    }
    for (queue, process) in [(0, PROCESS), (1, ACTIVITY)] {
        // What comes after the proof is not the run's.
        plant(&bench, queue, process, &record);
        let (code, shown, notes) = verify(&bench);
        assert_eq!((code, shown.len()), (Some(0), 0), "{shown:?}");
        let is_told = |note: &String| note.contains(STARTS) && note.contains("was proved");
        assert!(notes.iter().any(is_told), "{notes:?}");
        empty_queues(&bench);
    }
    // Not so what was there when the run was first proved.
    forget(&bench).await;
    plant(&bench, 1, ACTIVITY, &record);
    for _ in 0..2 {
        let (code, shown, _) = verify(&bench);
        assert_eq!((code, shown.len()), (Some(4), 1), "{shown:?}");
        assert!(shown[0].contains(QUEUES[1]) && shown[0].contains(STARTS), "{shown:?}");
    }
    empty_queues(&bench);
    let table = event_table(&entity);
    bench.databases.execute(Side::Destination, &format!("DELETE FROM [{table}]"));
    let (code, _, notes) = verify(&bench);
    assert_eq!(code, Some(0), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("3 of 3 subscriptions")), "{notes:?}");
    forget(&bench).await;
    for _ in 0..2 {
        let (code, shown, _) = verify(&bench);
        assert_eq!((code, shown.len()), (Some(4), 1), "{shown:?}");
        assert!(shown[0].contains("3 of 3 subscriptions"), "{shown:?}");
    }
}

/// As if the run had not been proved yet.
async fn forget(bench: &Bench) {
    let run = bench.folder.path().join("home/runs").join(run_id(bench));
    let journal = Recorder::open(&run).expect("the journal");
    let forget = "DELETE FROM surroundings WHERE name IN ('proved', 'proved-events')";
    journal.write(|connection| connection.execute(forget, [])).await.expect("a table");
}
