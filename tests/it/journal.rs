//! The journal of a run: its size, and what of it is noticed and saved when it is damaged.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use osferry::database::{ColumnRef, ColumnType, FaultKind, TableName, Value};
use osferry::migrate::journal::{
    BatchKind, EmptiedCell, Journal, Keys, NewBatch, Operator, PersonRecord, Recorder, RunHeader,
    RunState, Salvage, Stretch, StretchKind, WrittenTo,
};
use osferry::outsystems::{DestinationId, SourceId};
use osferry::plan::{Plan, UserMask};
use osferry::report::{write_audit, write_ids};
use rusqlite::Connection;

use crate::estate::chance::Chance;

/// The journal of a run whose plan names nothing.
fn begun(folder: &Path) -> Recorder {
    let mut plan = Plan {
        user_mask: UserMask::ById,
        decisions: vec!["Claims_CS.Claim.Reference: reject".to_owned()],
        ..Plan::nothing("scaled")
    };
    plan.fingerprint = plan.pinned();
    let header = RunHeader {
        id: "261121-101112-abcd".to_owned(),
        name: plan.name.clone(),
        started: "2026-11-21 10:11:12+00:00".to_owned(),
        source: "prdsql02/OSPROD".to_owned(),
        destination: "devsql01/OSDEV".to_owned(),
        destination_database: "OSDEV".to_owned(),
        plan_file: "plan.toml".to_owned(),
        plan_text: "version = 1".to_owned(),
        folder: folder.to_path_buf(),
        plan_fingerprint: plan.fingerprint.clone(),
        source_fingerprint: "s".to_owned(),
        destination_fingerprint: "d".to_owned(),
        version: "0".to_owned(),
        mask_key: None,
        rejects_of: None,
        procedure: None,
        forecast: None,
        operator: someone("anna"),
    };
    Recorder::create(folder, &header, &plan).expect("a journal")
}

fn someone(name: &str) -> Operator {
    Operator {
        system_user: name.to_owned(),
        sign_in: "osferry_rw".to_owned(),
        confirmed: "OSDEV".to_owned(),
    }
}

/// Batches of rows as a run writes them: ids of the source of which a part is missing, dense ones
/// of the destination.
async fn fill(recorder: &Recorder, batches: i64, rows: usize, missing: u64) {
    let to = WrittenTo {
        table: TableName::new("OSUSR_ABC_CLAIM"),
        key: Some(ColumnRef { name: "ID".to_owned(), data_type: ColumnType::BigInt }),
        columns: Vec::new(),
    };
    let mut chance = Chance::new(7);
    let (mut source, mut destination) = (10_000_i64, 5_000_000_i64);
    for _ in 0..batches {
        let mut keys = Vec::with_capacity(rows);
        while keys.len() < rows {
            source += 1;
            if !chance.percent(missing) {
                keys.push(source);
            }
        }
        let given = destination..destination + rows as i64;
        destination = given.end;
        let batch = NewBatch {
            entity: Some(0),
            written_to: Some(to.clone()),
            source_keys: Keys::Integers(keys),
            destination_keys: Keys::Integers(given.collect()),
            digest: u128::from(chance.bits()) << 64 | u128::from(chance.bits()),
            ..NewBatch::new(BatchKind::Insert, "261121-101112-abcd.1.w1.1", rows as u64)
        };
        let number = recorder.next_batch();
        recorder.prepare(number, Arc::new(batch)).await.expect("it is prepared");
        recorder.committed(number).expect("it is committed");
    }
    recorder.flush().await.expect("it is written");
}

/// 100 million rows with dense ids, half of them deleted, keep the journal under 100 MB.
#[tokio::test]
async fn a_hundred_million_rows_take_less_than_a_hundred_megabytes() {
    const BATCHES: i64 = 1_000;
    const ROWS: usize = 2_000;
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = begun(folder.path());
    let file = folder.path().join("journal.sqlite");
    let size = || {
        let connection = Connection::open(&file).expect("a journal");
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        connection.query_row(checkpoint, [], |_| Ok(())).expect("a checkpoint");
        std::fs::metadata(&file).expect("a journal").len()
    };
    let before = size();
    fill(&recorder, BATCHES, ROWS, 50).await;
    let grown = size() - before;
    let rows = BATCHES as u64 * ROWS as u64;
    let of_all = grown * 100_000_000 / rows;
    assert!(of_all < 100_000_000, "{grown} bytes for {rows} rows, {of_all} for 100 million");
    Journal::open(folder.path()).and_then(|journal| journal.check()).expect("it is whole");
}

/// Every table whose rows a resume, an undo or a proof acts on, with everything that changes.
async fn everything(recorder: &Recorder) {
    fill(recorder, 3, 4, 20).await;
    let entity = NewBatch {
        entity: Some(0),
        emptied: vec![EmptiedCell {
            column: 1,
            key: Value::Integer(7),
            value: Value::Integer(8),
            reason: "gone".to_owned(),
        }],
        ..NewBatch::new(BatchKind::Insert, "s", 1)
    };
    let number = recorder.next_batch();
    recorder.prepare(number, Arc::new(entity)).await.expect("prepared");
    recorder.aborted(number).await.expect("aborted");
    recorder.session("s").await.expect("a session");
    recorder.session_gone("s").expect("gone");
    // The same key twice: the second takes the place of the first.
    recorder.reached(0, &Value::Integer(5)).expect("reached");
    recorder.reached(0, &Value::Integer(9)).expect("reached");
    recorder.step("stretch", 1).await.expect("a step");
    let person = |destination| PersonRecord {
        is_group: false,
        source: SourceId(3),
        destination: DestinationId(destination),
        is_ours: true,
    };
    recorder.people(vec![person(4)]).await.expect("people");
    recorder.people(vec![person(40)]).await.expect("people");
    recorder.event("now", "something, with \"quotes\"").expect("an event");
    for (kind, name) in [(StretchKind::Run, "anna"), (StretchKind::Undo, "bert")] {
        let stretch = Stretch::new(kind, "then".to_owned(), someone(name));
        recorder.stretch(stretch).await.expect("a stretch");
    }
    recorder.set_state(RunState::Written, None).await.expect("a state");
}

#[tokio::test]
async fn whatever_is_changed_past_the_program_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = begun(folder.path());
    everything(&recorder).await;
    drop(recorder);
    let check = || Journal::open(folder.path()).and_then(|journal| journal.check());
    check().expect("it is whole");
    // It can be gone on with, and is whole again.
    drop(Recorder::open(folder.path()).expect("a journal"));
    let file = folder.path().join("journal.sqlite");
    let whole = std::fs::read(&file).expect("a journal");
    for harm in [
        "UPDATE batch SET state = 'prepared' WHERE id = 2",
        "UPDATE batch SET destination_keys = x'03' WHERE id = 2",
        "UPDATE session SET gone = 0",
        "UPDATE step SET value = 2",
        "UPDATE reached SET key = 1",
        "UPDATE run SET state = 'stopped'",
        "UPDATE person SET is_ours = 0",
        "DELETE FROM batch WHERE id = 1",
        "INSERT INTO left_out (entity, key, reason, planned) VALUES (0, 1, 'because', 1)",
        "DELETE FROM tally WHERE of = 'left_out'",
        "DELETE FROM tally",
        "DROP INDEX batch_prepared",
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, 'DEFAULT 0', 'DEFAULT 1')",
    ] {
        Connection::open(&file).expect("a journal").execute_batch(harm).expect("harm");
        let fault = check().expect_err(harm);
        assert_eq!(fault.kind, FaultKind::Data, "{harm}: {fault}");
        assert!(fault.to_string().contains("export"), "{harm}: {fault}");
        assert!(Recorder::open(folder.path()).is_err(), "{harm}");
        std::fs::write(&file, &whole).expect("the journal");
        check().expect(harm);
    }
}

fn ids(folder: &Path) -> (Vec<String>, Vec<String>) {
    let mut out = Vec::new();
    let lost = write_ids(&Salvage::open(folder).expect("a journal"), &mut out).expect("written");
    let text = String::from_utf8(out).expect("text");
    (text.lines().map(str::to_owned).collect(), lost)
}

#[tokio::test]
async fn ids_are_exported_as_far_as_they_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = begun(folder.path());
    everything(&recorder).await;
    fill(&recorder, 200, 500, 50).await;
    drop(recorder);
    let (lines, lost) = ids(folder.path());
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(lines[0], "entity,source_id,destination_id,what,state,batch");
    assert_eq!(lines[1], "User,3,40,created,,");
    let first = lines.iter().find(|line| line.ends_with(",1")).expect("the first batch");
    assert!(first.starts_with("entity 0,100"), "{first}");
    assert!(first.ends_with(",5000000,inserted,committed,1"), "{first}");
    assert_eq!(lines.len(), 2 + 3 * 4 + 200 * 500);

    // A batch whose keys are other ones is not written; the others are.
    let file = folder.path().join("journal.sqlite");
    let harm = "UPDATE batch SET source_keys = x'0303' WHERE id = 2";
    Connection::open(&file).expect("a journal").execute(harm, []).expect("harm");
    let (fewer, lost) = ids(folder.path());
    assert_eq!(lost, ["batch 2 cannot be read"]);
    assert_eq!(fewer.len(), lines.len() - 4);

    // Some pages of batches are gone.
    let mut bytes = std::fs::read(&file).expect("a journal");
    let session = b"261121-101112-abcd.1.w1.1";
    let mut pages: Vec<&mut [u8]> = bytes
        .chunks_mut(4096)
        .filter(|page| page.windows(session.len()).any(|here| here == session))
        .collect();
    let middle = pages.len() / 2;
    pages[middle..middle + 2].iter_mut().for_each(|page| page.fill(0));
    std::fs::write(&file, bytes).expect("a journal");
    let (some, lost) = ids(folder.path());
    assert!(some.len() > lines.len() / 2 && some.len() < fewer.len(), "{} {lost:?}", some.len());
    assert!(lost.len() > 1, "{lost:?}");
    let known: HashSet<&String> = lines.iter().collect();
    assert!(some.iter().all(|line| known.contains(line)), "something is made up");
}

#[tokio::test]
async fn the_audit_record_says_who_did_what() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = begun(folder.path());
    everything(&recorder).await;
    drop(recorder);
    let mut out = Vec::new();
    let journal = Journal::open(folder.path()).expect("a journal");
    assert_eq!(write_audit(&journal, &mut out).expect("written"), Vec::<String>::new());
    let records: Vec<serde_json::Value> = String::from_utf8(out)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |name: &str| -> Vec<&serde_json::Value> {
        records.iter().filter(|record| record["record"] == name).collect()
    };
    assert_eq!(of("run")[0]["operator"]["system_user"], "anna");
    assert_eq!(of("run")[0]["state"], "written");
    assert_eq!(of("run")[0]["plan_text"], "version = 1");
    assert_eq!(of("decision")[0]["text"], "Claims_CS.Claim.Reference: reject");
    assert_eq!(of("event")[0]["text"], "something, with \"quotes\"");
    let stretches = of("stretch");
    assert_eq!(stretches.len(), 2);
    assert_eq!(stretches[1]["kind"], "undo");
    assert_eq!(stretches[1]["operator"]["system_user"], "bert");
    assert_eq!(stretches[1]["operator"]["sign_in"], "osferry_rw");
}
