//! Rows that are brought to the server before the transaction that inserts them: nobody sees them
//! until then, and other rows never take their place.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::database::{Destination, Filter, InsertTarget, TableName, Value, Writer};

use crate::port::{batch, commit, filled, insert, numbered, read_all, session, text};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rows_brought_ahead_are_inserted_once,
    other_rows_are_inserted_as_if_none_had_been_brought,
    rows_brought_ahead_go_with_a_rollback,
);

const TABLE: &str = "OSUSR_x_Thing";

/// A table, and a session that brings rows ahead.
struct Site {
    destination: Box<dyn Destination>,
    writer: Box<dyn Writer>,
    target: InsertTarget,
}

impl Site {
    async fn of(engine: &TestEngine, name: &str) -> Self {
        let (_, destination) = filled(engine, 3).await;
        let writer = destination.writer(&session(name)).await.expect("a writer");
        let target = InsertTarget {
            table: TableName::new(TABLE),
            columns: numbered()[1..].to_vec(),
            identity: Some("Id".to_owned()),
        };
        Self { destination, writer, target }
    }

    async fn bring(&mut self, names: &[&str]) {
        let rows = batch(&self.target.columns, &rows(names));
        self.writer.stage(&self.target, &rows).await.expect("brought");
    }

    async fn insert(&mut self, names: &[&str]) -> Vec<i64> {
        let rows = batch(&self.target.columns, &rows(names));
        insert(&mut self.writer, TABLE, &self.target.columns, &rows, Some("Id")).await
    }

    /// The rows that have one of these ids.
    async fn names_of(&self, ids: &[i64]) -> Vec<Value> {
        let stored = read_all(self.destination.as_source(), TABLE, &numbered()).await;
        let row = |id: &i64| stored.iter().find(|row| row[0] == Value::Integer(*id));
        ids.iter().map(|id| row(id).expect("stored")[1].clone()).collect()
    }

    async fn count(&self) -> u64 {
        self.destination.count(&self.target.table, &Filter::All).await.expect("a count")
    }
}

fn rows(names: &[&str]) -> Vec<Vec<Value>> {
    names.iter().map(|name| vec![text(name), Value::Null]).collect()
}

async fn rows_brought_ahead_are_inserted_once(engine: &TestEngine) {
    let mut site = Site::of(engine, "ahead").await;
    site.bring(&["a", "b"]).await;
    assert_eq!(site.count().await, 3);
    let ids = site.insert(&["a", "b"]).await;
    assert_eq!(site.names_of(&ids).await, [text("a"), text("b")]);
    assert_eq!(site.count().await, 5);
    // What is brought twice counts once.
    site.bring(&["c"]).await;
    site.bring(&["c"]).await;
    let ids = site.insert(&["c"]).await;
    assert_eq!(site.names_of(&ids).await, [text("c")]);
    assert_eq!(site.count().await, 6);
}

async fn other_rows_are_inserted_as_if_none_had_been_brought(engine: &TestEngine) {
    let mut site = Site::of(engine, "others").await;
    site.bring(&["a", "b"]).await;
    let ids = site.insert(&["c", "d", "e"]).await;
    assert_eq!(site.names_of(&ids).await, [text("c"), text("d"), text("e")]);
    // As many, and still others.
    site.bring(&["f"]).await;
    let ids = site.insert(&["g"]).await;
    assert_eq!(site.names_of(&ids).await, [text("g")]);
    assert_eq!(site.count().await, 7);
}

async fn rows_brought_ahead_go_with_a_rollback(engine: &TestEngine) {
    let mut site = Site::of(engine, "rolled").await;
    site.bring(&["a", "b"]).await;
    site.writer.begin().await.expect("begin");
    let rows = batch(&site.target.columns, &rows(&["a", "b"]));
    assert_eq!(site.writer.insert(&site.target, &rows).await.expect("inserted").len(), 2);
    site.writer.rollback().await.expect("rolled back");
    assert_eq!(site.count().await, 3);
    let ids = site.insert(&["a", "b"]).await;
    assert_eq!(site.names_of(&ids).await, [text("a"), text("b")]);
    // A transaction that inserts nothing takes nothing either.
    site.bring(&["c"]).await;
    site.writer.begin().await.expect("begin");
    commit(&mut site.writer).await;
    assert_eq!(site.count().await, 5);
    site.insert(&["c"]).await;
    assert_eq!(site.count().await, 6);
}
