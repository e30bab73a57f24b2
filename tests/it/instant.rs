//! One instant of a source, on both engines.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::database::{
    ConnectionSpec, Destination, FaultKind, Filter, OneInstant, Removal, ScanRequest, TableName,
    Value, open_destination, open_source,
};

use crate::port::{
    batch, build, column, commit, drain, filled, identity, insert, new_table, numbered, read_all,
    refs, scan, session, text,
};
use crate::support::engine::TestEngine;
use crate::support::sample::side_by_side;
use crate::support::wire::Wire;

crate::on_both_engines!(
    an_instant_sees_nothing_of_later,
    scans_of_an_instant_take_turns,
    an_instant_outlives_a_page_that_was_cut,
    several_tables_are_of_the_same_instant,
);

const TABLE: &str = "OSUSR_x_Thing";

async fn opened(engine: &TestEngine, rows: usize) -> (ConnectionSpec, Box<dyn Destination>) {
    let (spec, first) = filled(engine, rows).await;
    drop(first);
    side_by_side(&spec);
    let destination = open_destination(&spec).await.expect("a destination");
    (spec, destination)
}

/// Adds a row, changes one and deletes one.
async fn stir(destination: &dyn Destination, by: &str) {
    let columns = &numbered()[1..];
    let mut writer = destination.writer(&session(by)).await.expect("a writer");
    let new = batch(columns, &[vec![text("later"), Value::Null]]);
    insert(&mut writer, TABLE, columns, &new, Some("Id")).await;
    let table = TableName::new(TABLE);
    let few = |id| Filter::Equals("Id".to_owned(), Value::Integer(id));
    writer.begin().await.expect("begun");
    let rows = |filter| Removal {
        table: table.clone(),
        filter,
        limit: 10,
        key: None,
        returning: Vec::new(),
    };
    writer.delete(&rows(few(7))).await.expect("deleted");
    writer.clear(&rows(few(8)), "Label").await.expect("emptied");
    commit(&mut writer).await;
}

async fn an_instant_sees_nothing_of_later(engine: &TestEngine) {
    let (spec, destination) = opened(engine, 50).await;
    let source = open_source(&spec).await.expect("a source");
    assert_eq!(source.facts().capabilities.instant, OneInstant::Allowed);
    let table = TableName::new(TABLE);
    let before = read_all(source.as_ref(), TABLE, &numbered()).await;
    let instant = source.instant(std::slice::from_ref(&table)).await.expect("an instant");
    stir(destination.as_ref(), "first").await;
    let after = read_all(source.as_ref(), TABLE, &numbered()).await;
    assert_ne!(before, after);
    for _ in 0..2 {
        assert_eq!(read_all(instant.as_ref(), TABLE, &numbered()).await, before);
        assert_eq!(drain(instant.as_ref(), scan(&numbered(), Some("Id"))).await.0, before);
        assert_eq!(drain(instant.as_ref(), scan(&numbered(), None)).await.0.len(), 50);
        assert_eq!(instant.count(&table, &Filter::All).await.expect("counted"), 50);
        assert_eq!(instant.highest(&table, "Id").await.expect("asked"), Some(50));
        assert_eq!(instant.shapes(std::slice::from_ref(&table)).await.expect("shapes").len(), 1);
    }
    drop(instant);
    let next = source.instant(&[table]).await.expect("another instant");
    assert_eq!(read_all(next.as_ref(), TABLE, &numbered()).await, after);
}

async fn scans_of_an_instant_take_turns(engine: &TestEngine) {
    let (spec, destination) = opened(engine, 450).await;
    let source = open_source(&spec).await.expect("a source");
    let table = TableName::new(TABLE);
    let before = read_all(source.as_ref(), TABLE, &numbered()).await;
    let instant = source.instant(std::slice::from_ref(&table)).await.expect("an instant");
    let mut one = instant.scan(scan(&numbered(), Some("Id"))).await.expect("a scan");
    let mut other = instant.scan(scan(&numbered(), Some("Id"))).await.expect("a scan");
    let (mut by_one, mut by_other) = (Vec::new(), Vec::new());
    for turn in 0..5 {
        for (scan, rows) in [(&mut one, &mut by_one), (&mut other, &mut by_other)] {
            let page = scan.next().await.expect("a page").expect("rows");
            rows.extend((0..page.len()).map(|row| page.row(row)));
        }
        assert_eq!(instant.count(&table, &Filter::All).await.expect("counted"), 450);
        stir(destination.as_ref(), &format!("turn {turn}")).await;
    }
    assert!(one.next().await.expect("the end").is_none());
    assert!(by_one == before && by_other == before);
    // One that nobody wants to the end does not disturb the others.
    let mut dropped = instant.scan(scan(&numbered(), Some("Id"))).await.expect("a scan");
    dropped.next().await.expect("a page");
    drop(dropped);
    assert_eq!(instant.count(&table, &Filter::All).await.expect("counted"), 450);
}

async fn an_instant_outlives_a_page_that_was_cut(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let columns = vec![identity("Id", "int"), column("Blob", "varbinary(max)")];
    let made = new_table(TABLE, columns.clone(), &["Id"]);
    build(&spec, vec![made]).await.finish().await.expect("finished");
    side_by_side(&spec);
    let destination = open_destination(&spec).await.expect("a destination");
    let rows: Vec<Vec<Value>> = (0..40).map(|n| vec![Value::Binary(vec![n; 100_000])]).collect();
    let mut writer = destination.writer(&session("bytes")).await.expect("a writer");
    let rows = batch(&columns[1..], &rows);
    insert(&mut writer, TABLE, &columns[1..], &rows, Some("Id")).await;
    let source = open_source(&spec).await.expect("a source");
    let table = TableName::new(TABLE);
    let instant = source.instant(std::slice::from_ref(&table)).await.expect("an instant");
    let request = ScanRequest { batch_bytes: 450_000, ..scan(&columns, Some("Id")) };
    let mut cut = instant.scan(request).await.expect("a scan");
    let mut read = cut.next().await.expect("a page").expect("rows").len();
    assert!(read < 40);
    let rows = batch(&columns[1..], &[vec![Value::Null]]);
    insert(&mut writer, TABLE, &columns[1..], &rows, Some("Id")).await;
    // A server that ended the transaction with the page would show the new row, or say so.
    match cut.next().await {
        Err(fault) => assert_eq!(fault.kind, FaultKind::Lost, "{fault}"),
        Ok(mut page) => {
            while let Some(rows) = page {
                read += rows.len();
                page = cut.next().await.expect("a page");
            }
            assert_eq!(read, 40);
            assert_eq!(instant.count(&table, &Filter::All).await.expect("counted"), 40);
        }
    }
}

async fn several_tables_are_of_the_same_instant(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let columns = vec![identity("Id", "int"), column("Label", "nvarchar(50)")];
    let names = ["OSUSR_x_One", "OSUSR_x_Two"];
    let tables = names.map(|name| new_table(name, columns.clone(), &["Id"])).to_vec();
    build(&spec, tables).await.finish().await.expect("finished");
    side_by_side(&spec);
    let source = open_source(&spec).await.expect("a source");
    let destination = open_destination(&spec).await.expect("a destination");
    let mut writer = destination.writer(&session("both")).await.expect("a writer");
    let row = batch(&columns[1..], &[vec![text("row")]]);
    // Only the first table is read when the instant begins.
    let instant = source.instant(&[TableName::new(names[0])]).await.expect("an instant");
    for name in names {
        insert(&mut writer, name, &columns[1..], &row, Some("Id")).await;
    }
    for name in names {
        let table = TableName::new(name);
        assert_eq!(instant.count(&table, &Filter::All).await.expect("counted"), 0, "{name}");
        assert_eq!(source.count(&table, &Filter::All).await.expect("counted"), 1, "{name}");
    }
    let request = ScanRequest {
        table: TableName::new(names[1]),
        columns: refs(&columns),
        ..scan(&columns, None)
    };
    assert!(drain(instant.as_ref(), request).await.0.is_empty());
}

/// A broken wire ends the instant, and nobody reads on in another one without knowing it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_ends_the_instant() {
    let Some(engine) = TestEngine::sqlserver(module_path!()) else { return };
    let TestEngine::SqlServer(server, _) = &engine else { return };
    let (spec, _destination) = opened(&engine, 450).await;
    let ConnectionSpec::SqlServer(mut spec) = spec else { return };
    let wire = Wire::to(server, None, 1).await;
    spec.server = wire.address().to_owned();
    let source = open_source(&ConnectionSpec::SqlServer(spec)).await.expect("a source");
    let table = TableName::new(TABLE);
    let instant = source.instant(std::slice::from_ref(&table)).await.expect("an instant");
    let mut scan = instant.scan(scan(&numbered(), Some("Id"))).await.expect("a scan");
    scan.next().await.expect("a page").expect("rows");
    wire.cut();
    let first = scan.next().await.expect_err("the wire is cut");
    assert_eq!(first.kind, FaultKind::Lost, "{first}");
    assert!(first.what.contains("one instant") && first.what.contains("has ended"), "{first}");
    let later = instant.count(&table, &Filter::All).await.expect_err("the instant has ended");
    assert_eq!(later.kind, FaultKind::Lost, "{later}");
    assert!(later.what.starts_with("the transaction in which one instant"), "{later}");
    // The source itself connects again, and has another instant.
    assert_eq!(source.count(&table, &Filter::All).await.expect("counted"), 450);
    let next = source.instant(std::slice::from_ref(&table)).await.expect("another instant");
    assert_eq!(next.count(&table, &Filter::All).await.expect("counted"), 450);
    engine.clean_up().await;
}

#[tokio::test]
async fn a_file_without_a_log_has_its_writers_wait() {
    let engine = TestEngine::sqlite();
    let (spec, destination) = filled(&engine, 5).await;
    let source = open_source(&spec).await.expect("a source");
    assert_eq!(source.facts().capabilities.instant, OneInstant::Blocking);
    assert_eq!(destination.facts().capabilities.instant, OneInstant::Blocking);
}
