//! The port, on both engines alike.

use osferry::database::{
    Batch, Builder, ColumnRef, ColumnShape, ColumnType, ConnectionSpec, Destination, EngineKind,
    FaultKind, Fence, Filter, InsertTarget, JournalToken, NewColumn, NewForeignKey, NewIndex,
    NewTable, NewTrigger, Outcome, RowsRequest, ScanRequest, Source, TableName, UpdateTarget,
    Value, Witness, Writer, date_time_from_text, decimal_from_text, open_builder,
    open_destination, open_source, same_name,
};

use crate::support::engine::TestEngine;

crate::on_both_engines!(
    every_type_comes_back,
    large_values_come_back,
    ids_come_in_row_order,
    paging_sees_every_row_once,
    paging_stops_at_the_byte_limit,
    a_table_without_key_is_read_in_one_go,
    conditions_mean_the_same,
    distinct_values_are_counted,
    shapes_are_told,
    rights_are_told,
    one_run_at_a_time,
    a_fence_waits_for_its_session,
    the_witness_counts,
    rows_are_updated_deleted_and_cleared,
    a_rollback_leaves_nothing,
    what_does_not_fit_is_refused,
    explicit_keys_are_kept,
    triggers_fire_and_do_not_disturb,
    a_wrong_name_is_not_found,
);

fn column(name: &str, data_type: &str) -> ColumnShape {
    ColumnShape {
        name: name.to_owned(),
        data_type: ColumnType::parse(data_type),
        nullable: true,
        identity: false,
        computed: false,
        has_default: false,
    }
}

fn identity(name: &str, data_type: &str) -> ColumnShape {
    ColumnShape { nullable: false, identity: true, ..column(name, data_type) }
}

fn new_table(name: &str, columns: Vec<ColumnShape>, key: &[&str]) -> NewTable {
    NewTable {
        name: TableName::new(name),
        columns: columns
            .into_iter()
            .map(|shape| NewColumn {
                shape: ColumnShape {
                    nullable: shape.nullable && !key.contains(&shape.name.as_str()),
                    ..shape
                },
                default: None,
            })
            .collect(),
        primary_key: key.iter().map(|&column| column.to_owned()).collect(),
        indexes: Vec::new(),
    }
}

fn refs(columns: &[ColumnShape]) -> Vec<ColumnRef> {
    columns.iter().map(ColumnRef::from).collect()
}

fn batch(columns: &[ColumnShape], rows: &[Vec<Value>]) -> Batch {
    let mut batch =
        Batch::for_types(columns.iter().map(|column| &column.data_type)).expect("types");
    for row in rows {
        batch.push_row(row).expect("a row");
    }
    batch
}

fn rows_request(table: &str, columns: &[ColumnShape], filter: Filter) -> RowsRequest {
    RowsRequest {
        table: TableName::new(table),
        columns: refs(columns),
        filter,
        order_by: Some(columns[0].name.clone()),
        limit: None,
    }
}

async fn build(spec: &ConnectionSpec, tables: Vec<NewTable>) -> Box<dyn Builder> {
    let mut builder = open_builder(spec).await.expect("a builder");
    assert!(builder.is_empty().await.expect("asked"), "a scratch database is empty");
    for table in tables {
        builder.create_table(&table).await.expect("a table");
    }
    builder
}

async fn commit(writer: &mut Box<dyn Writer>) {
    match writer.commit(JournalToken::for_engine_tests()).await {
        Outcome::Done => {}
        other => panic!("not committed: {other:?}"),
    }
}

async fn insert(
    writer: &mut Box<dyn Writer>,
    table: &str,
    columns: &[ColumnShape],
    rows: &Batch,
    identity: Option<&str>,
) -> Vec<i64> {
    let target = InsertTarget {
        table: TableName::new(table),
        columns: columns.to_vec(),
        identity: identity.map(str::to_owned),
    };
    writer.begin().await.expect("begin");
    let ids = writer.insert(&target, rows).await.expect("insert");
    commit(writer).await;
    ids
}

fn text(text: &str) -> Value {
    Value::text(text)
}

fn moment(text: &str) -> Value {
    Value::DateTime(date_time_from_text(text).expect(text))
}

fn decimal(text: &str, scale: u8) -> Value {
    Value::Decimal { value: decimal_from_text(text, scale).expect(text), scale }
}

/// A numbered table with a label: what most scenarios need.
fn numbered() -> Vec<ColumnShape> {
    vec![identity("Id", "int"), column("Label", "nvarchar(50)"), column("Parent", "int")]
}

async fn filled(engine: &TestEngine, rows: usize) -> (ConnectionSpec, Box<dyn Destination>) {
    let spec = engine.scratch().await;
    let builder = build(&spec, vec![new_table("OSUSR_x_Thing", numbered(), &["Id"])]).await;
    builder.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    if rows > 0 {
        let columns = &numbered()[1..];
        let labels: Vec<Vec<Value>> = (1..=rows)
            .map(|row| {
                let parent = if row % 3 == 0 { Value::Null } else { Value::Integer(row as i64 / 2) };
                vec![text(&format!("row {row:05}")), parent]
            })
            .collect();
        let mut writer = destination.writer("fill").await.expect("a writer");
        insert(&mut writer, "OSUSR_x_Thing", columns, &batch(columns, &labels), Some("Id")).await;
    }
    (spec, destination)
}

async fn read_all(source: &dyn Source, table: &str, columns: &[ColumnShape]) -> Vec<Vec<Value>> {
    let batch =
        source.rows(&rows_request(table, columns, Filter::All)).await.expect("rows are read");
    (0..batch.len()).map(|row| batch.row(row)).collect()
}

async fn every_type_comes_back(engine: &TestEngine) {
    let mut columns = vec![
        identity("Id", "bigint"),
        column("Text", "nvarchar(50)"),
        column("LongText", "nvarchar(2000)"),
        column("WideText", "nvarchar(4000)"),
        column("HugeText", "nvarchar(max)"),
        column("Number", "int"),
        column("LongNumber", "bigint"),
        column("Small", "smallint"),
        column("Tiny", "tinyint"),
        column("Money", "decimal(37,8)"),
        column("Amount", "decimal(10,2)"),
        column("Flag", "bit"),
        column("At", "datetime"),
        column("Phone", "varchar(20)"),
        column("Email", "varchar(250)"),
        column("Blob", "varbinary(max)"),
        column("Hash", "varbinary(32)"),
        column("Key", "uniqueidentifier"),
        column("Ratio", "float"),
    ];
    if engine.kind() == EngineKind::SqlServer {
        columns.extend([
            column("OldBlob", "image"),
            column("OldText", "ntext"),
            column("OldNarrow", "text"),
            column("Cash", "money"),
            column("Coins", "smallmoney"),
            column("Day", "date"),
            column("Clock", "time(3)"),
            column("Exact", "datetime2(7)"),
            column("Minute", "smalldatetime"),
            column("Fixed", "nchar(5)"),
            column("Narrow", "char(5)"),
            column("Single", "real"),
        ]);
    }
    let guid = Value::Guid(*b"0123456789abcdef");
    let widest = "99999999999999999999999999999.99999999";
    let mut rows = vec![
        vec![
            text("plain"),
            text(&"é".repeat(2000)),
            text(&"w".repeat(4000)),
            text("\u{1F600} and ' ] -- @P1"),
            Value::Integer(i64::from(i32::MAX)),
            Value::Integer(i64::MAX),
            Value::Integer(-32768),
            Value::Integer(255),
            decimal(widest, 8),
            decimal("-0.05", 2),
            Value::Bit(true),
            moment("9999-12-31 23:59:59"),
            text("+49 30 1"),
            text("a@b.example"),
            Value::Binary(vec![0, 1, 2, 255]),
            Value::Binary(vec![7; 32]),
            guid.clone(),
            Value::Float(1.5e-300),
        ],
        vec![
            text(""),
            text(""),
            text(""),
            text(""),
            Value::Integer(i64::from(i32::MIN)),
            Value::Integer(i64::MIN),
            Value::Integer(32767),
            Value::Integer(0),
            decimal(&format!("-{widest}"), 8),
            decimal("0", 2),
            Value::Bit(false),
            moment("1753-01-01"),
            text(""),
            text(""),
            Value::Binary(Vec::new()),
            Value::Binary(Vec::new()),
            Value::Guid([0; 16]),
            Value::Float(0.0),
        ],
        vec![Value::Null; 18],
        vec![
            text("trailing  "),
            text("a\r\nb\t\u{0}c"),
            text("\u{FFFD}\u{FEFF}"),
            text(&"x".repeat(5000)),
            Value::Integer(0),
            Value::Integer(-1),
            Value::Integer(0),
            Value::Integer(1),
            decimal("0.00000001", 8),
            decimal("12345678.90", 2),
            Value::Bit(true),
            moment("1900-01-01"),
            text("x"),
            text("y"),
            Value::Binary(vec![0; 9000]),
            Value::Binary(vec![0]),
            guid,
            Value::Float(-123.25),
        ],
    ];
    if engine.kind() == EngineKind::Sqlite {
        // A file keeps text as UTF-8, where NUL ends nothing either; nothing to leave out.
        assert_eq!(columns.len(), rows[0].len() + 1);
    } else {
        let extra = [
            vec![
                Value::Binary(vec![1; 10_000]),
                text("ntext \u{1F600}"),
                text("text é"),
                decimal("922337203685477.5807", 4),
                decimal("-214748.3648", 4),
                moment("0001-01-01"),
                moment("1900-01-01 23:59:59.999"),
                moment("9999-12-31 23:59:59.9999999"),
                moment("2079-06-06 23:59:00"),
                text("ab   "),
                text("ab   "),
                Value::Float(0.5),
            ],
            vec![
                Value::Binary(Vec::new()),
                text(""),
                text(""),
                decimal("0", 4),
                decimal("0.0001", 4),
                moment("9999-12-31"),
                moment("1900-01-01"),
                moment("0001-01-01"),
                moment("1900-01-01"),
                text("     "),
                text("     "),
                Value::Float(-0.25),
            ],
            vec![Value::Null; 12],
            vec![Value::Null; 12],
        ];
        for (row, more) in rows.iter_mut().zip(extra) {
            row.extend(more);
        }
    }
    let spec = engine.scratch().await;
    build(&spec, vec![new_table("OSUSR_x_Types", columns.clone(), &["Id"])])
        .await
        .finish()
        .await
        .expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let mut writer = destination.writer("types").await.expect("a writer");
    let ids = insert(
        &mut writer,
        "OSUSR_x_Types",
        &columns[1..],
        &batch(&columns[1..], &rows),
        Some("Id"),
    )
    .await;
    assert_eq!(ids.len(), rows.len());
    let back = read_all(destination.as_source(), "OSUSR_x_Types", &columns).await;
    for ((row, back), id) in rows.iter().zip(&back).zip(ids) {
        assert_eq!(back[0], Value::Integer(id));
        for ((value, back), column) in row.iter().zip(&back[1..]).zip(&columns[1..]) {
            assert_eq!(value, back, "{} {}", column.name, column.data_type);
        }
    }
    // Every three-hundredth of a second on the wire is one number of ticks and back.
    let source = open_source(&spec).await.expect("a source");
    assert_eq!(read_all(source.as_ref(), "osusr_X_TYPES", &columns).await, back);
}
