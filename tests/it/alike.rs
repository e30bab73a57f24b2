//! What a database finds equal is what its unique indexes find equal: the port says the same.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use osferry::database::{
    Alike, AlikeTarget, Batch, ColumnRef, ColumnShape, FaultKind, InsertTarget, NewIndex,
    TableName, Value, Writer, open_destination,
};

use crate::port::{batch, build, column, identity, insert, new_table, text};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rows_are_alike_where_a_unique_index_refuses_them,
    nulls_several_rows_and_earlier_rows_are_told,
    a_value_that_does_not_fit_is_alike_to_nothing,
);

const TABLE: &str = "OSUSR_x_Alike";

fn columns() -> Vec<ColumnShape> {
    vec![
        identity("Id", "bigint"),
        column("Code", "nvarchar(20)"),
        column("Mail", "varchar(20)"),
        column("Number", "int"),
    ]
}

fn target(names: &[usize]) -> AlikeTarget {
    let columns = columns();
    AlikeTarget {
        table: TableName::new(TABLE),
        columns: names.iter().map(|at| columns[*at].clone()).collect(),
        identifier: ColumnRef::from(&columns[0]),
    }
}

/// A table with these rows, and somebody who writes there.
async fn table(
    engine: &TestEngine,
    unique: &[&str],
    rows: &[Vec<Value>],
) -> (Box<dyn Writer>, Vec<i64>) {
    let spec = engine.scratch().await;
    let mut made = new_table(TABLE, columns(), &["Id"]);
    if !unique.is_empty() {
        made.indexes.push(NewIndex {
            name: "OSIDX_Alike".to_owned(),
            columns: unique.iter().map(|&name| name.to_owned()).collect(),
            unique: true,
        });
    }
    build(&spec, vec![made]).await.finish().await.expect("made");
    let destination = open_destination(&spec).await.expect("a destination");
    // A session's lock outlives its connection for a moment.
    static OPENED: AtomicUsize = AtomicUsize::new(0);
    let session = format!("alike {}", OPENED.fetch_add(1, Ordering::Relaxed));
    let mut writer = destination.writer(&session).await.expect("a writer");
    let columns = &columns()[1..];
    let ids = insert(&mut writer, TABLE, columns, &batch(columns, rows), Some("Id")).await;
    (writer, ids)
}

async fn find(writer: &mut Box<dyn Writer>, names: &[usize], rows: &Batch) -> Vec<Alike> {
    writer.begin().await.expect("begin");
    let alike = writer.alike(&target(names), rows).await.expect("an answer");
    writer.rollback().await.expect("rolled back");
    alike
}

async fn rows_are_alike_where_a_unique_index_refuses_them(engine: &TestEngine) {
    let there = [
        vec![text("Café"), text("one@x"), Value::Integer(1)],
        vec![text("strasse"), text("two@x"), Value::Integer(2)],
        vec![text("plain"), text("three@x"), Value::Integer(3)],
        vec![text(""), text(""), Value::Integer(4)],
        vec![text("\u{ff21}"), text("four@x"), Value::Integer(5)],
    ];
    for (at, name, candidates) in [
        (
            1,
            "Code",
            vec![
                "Café",
                "CAFÉ",
                "Cafe",
                "cafe",
                "Cafe\u{301}",
                "Café ",
                "straße",
                "PLAIN",
                "plain  ",
                " plain",
                " ",
                "A",
                "a",
                "\u{ff41}",
                "plain\t",
                "other",
            ],
        ),
        (2, "Mail", vec!["one@x", "ONE@X", "one@x ", "öne@x", "one@y", "", " "]),
    ] {
        let (mut writer, ids) = table(engine, &[name], &there).await;
        let all = columns();
        for candidate in candidates {
            let ours = batch(&all[at..=at], &[vec![text(candidate)]]);
            let alike = find(&mut writer, &[at], &ours).await;
            let whole: Vec<Value> =
                (1..4).map(|c| if c == at { text(candidate) } else { Value::Null }).collect();
            writer.begin().await.expect("begin");
            let target = InsertTarget {
                table: TableName::new(TABLE),
                columns: all[1..].to_vec(),
                identity: Some("Id".to_owned()),
            };
            let inserted = writer.insert(&target, &batch(&all[1..], &[whole])).await;
            writer.rollback().await.expect("rolled back");
            match (&alike[0], inserted) {
                (Alike::Nothing, Ok(_)) => {}
                (Alike::Row(Value::Integer(id)), Err(fault)) => {
                    assert!(ids.contains(id), "{candidate:?}");
                    assert_eq!(fault.kind, FaultKind::Refused, "{candidate:?}: {fault}");
                }
                (alike, inserted) => unreachable!("{candidate:?}: {alike:?}, but {inserted:?}"),
            }
        }
        let upper = there[2][at - 1].to_string().to_uppercase();
        let ours = batch(&all[at..=at], &[vec![text(&upper)]]);
        let found = find(&mut writer, &[at], &ours).await;
        assert_eq!(found, [Alike::Row(Value::Integer(ids[2]))], "case is not seen here");
    }
}

async fn nulls_several_rows_and_earlier_rows_are_told(engine: &TestEngine) {
    let there = [
        vec![text("a"), Value::Null, Value::Integer(1)],
        vec![text("b"), Value::Null, Value::Null],
        vec![text("c"), Value::Null, Value::Integer(7)],
        vec![text("C"), text("x"), Value::Integer(7)],
    ];
    let (mut writer, ids) = table(engine, &[], &there).await;
    let all = columns();
    let key = [all[1].clone(), all[3].clone()];
    let ours = batch(
        &key,
        &[
            vec![text("A"), Value::Integer(1)],
            vec![text("B"), Value::Null],
            vec![text("b"), Value::Integer(0)],
            vec![text("c"), Value::Integer(7)],
            vec![text("new"), Value::Null],
            vec![text("NEW"), Value::Null],
            vec![Value::Null, Value::Null],
            vec![text("new"), Value::Null],
            vec![Value::Null, Value::Null],
        ],
    );
    let found = find(&mut writer, &[1, 3], &ours).await;
    assert_eq!(
        found,
        [
            Alike::Row(Value::Integer(ids[0])),
            Alike::Row(Value::Integer(ids[1])),
            Alike::Nothing,
            Alike::Several(2),
            Alike::Nothing,
            Alike::Earlier(4),
            Alike::Nothing,
            Alike::Earlier(4),
            Alike::Earlier(6),
        ]
    );
    // The same session goes on writing as before.
    let more = batch(&all[1..], &[vec![text("d"), Value::Null, Value::Integer(9)]]);
    let new = insert(&mut writer, TABLE, &all[1..], &more, Some("Id")).await;
    assert!(new[0] > ids[3]);
}

async fn a_value_that_does_not_fit_is_alike_to_nothing(engine: &TestEngine) {
    let there = [vec![text("01234567890123456789"), text("m"), Value::Integer(1)]];
    let (mut writer, _) = table(engine, &[], &there).await;
    let long = [ColumnShape { name: "Code".to_owned(), ..column("Code", "nvarchar(30)") }];
    let ours = batch(&long, &[vec![text("012345678901234567890")]]);
    writer.begin().await.expect("begin");
    match writer.alike(&target(&[1]), &ours).await {
        Ok(alike) => assert_eq!(alike, [Alike::Nothing]),
        Err(fault) => assert_eq!(fault.kind, FaultKind::Refused, "{fault}"),
    }
    writer.rollback().await.expect("rolled back");
}
