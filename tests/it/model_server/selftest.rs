//! The server in memory shows which ways of writing a batch lose or double rows, and which do not
//! (`engine.md`, appendix): a model in which everything goes well proves nothing.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use osferry::database::{
    Batch, ColumnRef, ColumnShape, ColumnType, Fence, Filter, InsertTarget, JournalToken,
    ObjectKind, Outcome, TableName, TableShape, Value, Witness,
};

use super::table::Table;
use super::{Habits, Server};

/// When a client writes down what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Policy {
    /// Once COMMIT is answered.
    After,
    /// Before the rows are inserted, so without their ids.
    Intent,
    /// Their ids, before COMMIT.
    Prepared,
}

/// What is left on the client's disk.
#[derive(Default)]
struct Notes {
    ids: Option<Vec<i64>>,
    is_done: bool,
}

fn columns() -> Vec<ColumnShape> {
    let column = |name: &str, data_type: ColumnType, identity: bool| ColumnShape {
        name: name.to_owned(),
        data_type,
        nullable: !identity,
        identity,
        computed: false,
        has_default: false,
    };
    vec![column("ID", ColumnType::Int, true), column("TAG", ColumnType::NVarChar(Some(50)), false)]
}

fn server(habits: Habits) -> Arc<Server> {
    let server = Server::new("dev", habits);
    let shape = TableShape {
        name: TableName::new("T"),
        kind: ObjectKind::Table,
        columns: columns(),
        primary_key: vec!["ID".to_owned()],
        unique_indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        triggers: Vec::new(),
    };
    let table = Table::new(shape, vec![Value::Null, Value::Null]);
    server.world().tables.insert("T".to_owned(), table);
    server
}

fn target() -> (InsertTarget, Batch) {
    let tag = columns().remove(1);
    let mut batch = Batch::for_types([&tag.data_type]).expect("a type");
    batch.push_row(&[Value::text("the row")]).expect("a row");
    let target = InsertTarget {
        table: TableName::new("T"),
        columns: vec![tag],
        identity: Some("ID".to_owned()),
    };
    (target, batch)
}

/// Writes the one row, and dies after so many steps. At the fourth, COMMIT is sent and no more.
async fn write(server: &Arc<Server>, policy: Policy, dies_after: usize, notes: &mut Notes) {
    let destination = server.destination();
    let mut writer = destination.writer("first").await.expect("a session");
    let (target, batch) = target();
    if dies_after == 0 {
        return;
    }
    writer.begin().await.expect("begun");
    let ids = writer.insert(&target, &batch).await.expect("inserted");
    if dies_after == 1 {
        return;
    }
    if policy == Policy::Prepared {
        notes.ids = Some(ids.clone());
    }
    if dies_after == 2 {
        return;
    }
    if dies_after == 3 {
        let mut commit = pin!(writer.commit(JournalToken::for_engine_tests()));
        std::future::poll_fn(|context| {
            assert!(commit.as_mut().poll(context).is_pending(), "an answer without a network");
            Poll::Ready(())
        })
        .await;
        return;
    }
    let outcome = writer.commit(JournalToken::for_engine_tests()).await;
    assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    if dies_after > 4 {
        notes.is_done = true;
    }
}

/// Goes on: looks where there is something to look for, and writes the row if it is not there.
async fn go_on(server: &Arc<Server>, fence: bool, notes: &Notes) {
    if notes.is_done {
        return;
    }
    let destination = server.destination();
    while fence && destination.fence("first").await.expect("asked") == Fence::StillThere {}
    let key = ColumnRef::from(&columns()[0]);
    let table = TableName::new("T");
    if let Some(ids) = &notes.ids {
        let ids: Vec<Value> = ids.iter().copied().map(Value::Integer).collect();
        let witness = destination.witness(&table, &key, &ids).await.expect("asked");
        if witness != Witness::None {
            return;
        }
    }
    let mut writer = destination.writer("second").await.expect("a session");
    let (target, batch) = target();
    writer.begin().await.expect("begun");
    writer.insert(&target, &batch).await.expect("inserted");
    let outcome = writer.commit(JournalToken::for_engine_tests()).await;
    assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
}

/// How often, of many histories, the row is there not exactly once.
async fn wrong(policy: Policy, fence: bool, locking_reads: bool) -> usize {
    let mut wrong = 0;
    for seed in 0..60 {
        for dies_after in 0..6 {
            let habits = Habits { seed, locking_reads, swiftness: 30, ..Habits::orderly() };
            let server = server(habits);
            let mut notes = Notes::default();
            write(&server, policy, dies_after, &mut notes).await;
            go_on(&server, fence, &notes).await;
            // Whatever was still on its way arrives or never does.
            (0..200).for_each(|_| server.world().tick());
            let rows = server.source().count(&TableName::new("T"), &Filter::All).await;
            wrong += usize::from(rows.expect("asked") != 1);
        }
    }
    wrong
}

#[tokio::test]
async fn it_tells_exact_protocols_from_those_that_double_rows() {
    for fence in [false, true] {
        for locking in [false, true] {
            for policy in [Policy::After, Policy::Intent] {
                let wrong = wrong(policy, fence, locking).await;
                assert!(wrong > 0, "{policy:?}, fence {fence}, locking {locking}: all exact");
            }
            let wrong = wrong(Policy::Prepared, fence, locking).await;
            let is_exact = fence || locking;
            assert_eq!(wrong == 0, is_exact, "fence {fence}, locking {locking}: {wrong} wrong");
        }
    }
}

#[tokio::test]
async fn an_identity_value_is_never_given_twice() {
    let server = server(Habits::orderly());
    let destination = server.destination();
    let mut writer = destination.writer("one").await.expect("a session");
    let (target, batch) = target();
    let mut seen = Vec::new();
    for _ in 0..3 {
        writer.begin().await.expect("begun");
        seen.extend(writer.insert(&target, &batch).await.expect("inserted"));
        writer.rollback().await.expect("rolled back");
    }
    assert_eq!(seen, [1, 2, 3]);
    let rows = destination.count(&target.table, &Filter::All).await.expect("asked");
    assert_eq!(rows, 0);
}

/// A reader that waits sees what a writer leaves behind; one that does not sees what was before.
#[tokio::test]
async fn readers_wait_or_see_the_last_version() {
    for locking_reads in [false, true] {
        let server = server(Habits { locking_reads, ..Habits::orderly() });
        let destination = server.destination();
        let mut writer = destination.writer("one").await.expect("a session");
        let (target, batch) = target();
        writer.begin().await.expect("begun");
        writer.insert(&target, &batch).await.expect("inserted");
        let reading =
            async { destination.count(&target.table, &Filter::All).await.expect("asked") };
        let writing = async { writer.commit(JournalToken::for_engine_tests()).await };
        let (rows, outcome) = tokio::join!(reading, writing);
        assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
        assert_eq!(rows, u64::from(locking_reads), "locking reads: {locking_reads}");
    }
}
