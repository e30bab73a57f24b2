//! The port, on both engines alike.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::database::{
    Batch, Builder, ColumnRef, ColumnShape, ColumnType, ConnectionSpec, Destination, EngineKind,
    FaultKind, Fence, Filter, InsertTarget, JournalToken, Likened, NewColumn, NewForeignKey,
    NewIndex, NewTable, NewTrigger, Outcome, Removal, RowsRequest, ScanRequest, Source, TableName,
    UpdateTarget, Value, Witness, Writer, date_time_from_text, decimal_from_text, open_builder,
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
    lengths_of_rows_are_told,
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

pub fn column(name: &str, data_type: &str) -> ColumnShape {
    ColumnShape {
        name: name.to_owned(),
        data_type: ColumnType::parse(data_type),
        nullable: true,
        identity: false,
        computed: false,
        has_default: false,
    }
}

pub fn identity(name: &str, data_type: &str) -> ColumnShape {
    ColumnShape { nullable: false, identity: true, ..column(name, data_type) }
}

pub fn new_table(name: &str, columns: Vec<ColumnShape>, key: &[&str]) -> NewTable {
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

pub fn refs(columns: &[ColumnShape]) -> Vec<ColumnRef> {
    columns.iter().map(ColumnRef::from).collect()
}

pub fn batch(columns: &[ColumnShape], rows: &[Vec<Value>]) -> Batch {
    let mut batch =
        Batch::for_types(columns.iter().map(|column| &column.data_type)).expect("types");
    for row in rows {
        batch.push_row(row).expect("a row");
    }
    batch
}

pub fn rows_request(table: &str, columns: &[ColumnShape], filter: Filter) -> RowsRequest {
    RowsRequest {
        table: TableName::new(table),
        columns: refs(columns),
        filter,
        order_by: Some(columns[0].name.clone()),
        limit: None,
    }
}

pub async fn build(spec: &ConnectionSpec, tables: Vec<NewTable>) -> Box<dyn Builder> {
    let mut builder = open_builder(spec).await.expect("a builder");
    assert!(builder.is_empty().await.expect("asked"), "a scratch database is empty");
    for table in tables {
        builder.create_table(&table).await.expect("a table");
    }
    builder
}

pub async fn commit(writer: &mut Box<dyn Writer>) {
    match writer.commit(JournalToken::for_engine_tests()).await {
        Outcome::Done => {}
        other => panic!("not committed: {other:?}"),
    }
}

pub async fn insert(
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

pub fn text(text: &str) -> Value {
    Value::text(text)
}

fn moment(text: &str) -> Value {
    Value::DateTime(date_time_from_text(text).expect(text))
}

fn decimal(text: &str, scale: u8) -> Value {
    Value::Decimal { value: decimal_from_text(text, scale).expect(text), scale }
}

/// A session's name that no other test has.
pub fn session(name: &str) -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{name}-{:x}", RandomState::new().hash_one(name))
}

/// A numbered table with a label: what most scenarios need.
pub fn numbered() -> Vec<ColumnShape> {
    vec![identity("Id", "int"), column("Label", "nvarchar(50)"), column("Parent", "int")]
}

pub async fn filled(engine: &TestEngine, rows: usize) -> (ConnectionSpec, Box<dyn Destination>) {
    let spec = engine.scratch().await;
    let builder = build(&spec, vec![new_table("OSUSR_x_Thing", numbered(), &["Id"])]).await;
    builder.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    if rows > 0 {
        let columns = &numbered()[1..];
        let labels: Vec<Vec<Value>> = (1..=rows)
            .map(|row| {
                let parent =
                    if row % 3 == 0 { Value::Null } else { Value::Integer(row as i64 / 2) };
                vec![text(&format!("row {row:05}")), parent]
            })
            .collect();
        let mut writer = destination.writer(&session("fill")).await.expect("a writer");
        insert(&mut writer, "OSUSR_x_Thing", columns, &batch(columns, &labels), Some("Id")).await;
    }
    (spec, destination)
}

pub async fn read_all(
    source: &dyn Source,
    table: &str,
    columns: &[ColumnShape],
) -> Vec<Vec<Value>> {
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
    let spec = engine.scratch().await;
    let mut builder = build(&spec, vec![]).await;
    // Stand-ins exist that keep no NUL in a text and count in microseconds.
    let stand_in = builder.facts().stand_in;
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
            text(if stand_in { "a\r\nb\tc" } else { "a\r\nb\t\u{0}c" }),
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
                moment(if stand_in {
                    "9999-12-31 23:59:59.9999990"
                } else {
                    "9999-12-31 23:59:59.9999999"
                }),
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
    builder
        .create_table(&new_table("OSUSR_x_Types", columns.clone(), &["Id"]))
        .await
        .expect("a table");
    builder.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let mut writer = destination.writer(&session("types")).await.expect("a writer");
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

async fn large_values_come_back(engine: &TestEngine) {
    let columns = vec![
        identity("Id", "int"),
        column("Text", "nvarchar(max)"),
        column("Blob", "varbinary(max)"),
    ];
    let spec = engine.scratch().await;
    build(&spec, vec![new_table("OSUSR_x_Large", columns.clone(), &["Id"])])
        .await
        .finish()
        .await
        .expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let mut writer = destination.writer(&session("large")).await.expect("a writer");
    let noise = |length: usize| -> Vec<u8> {
        (0..length as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
    };
    let rows: Vec<Vec<Value>> = [0, 32_767, 32_768, 65_535, 65_536, 1_000_000]
        .into_iter()
        .map(|length| vec![text(&"é".repeat(length)), Value::Binary(noise(length))])
        .chain([
            vec![text(&"\u{1F600}".repeat(20_000)), Value::Null],
            vec![Value::Null, Value::Binary(noise(5_000_000))],
        ])
        .collect();
    let rows = batch(&columns[1..], &rows);
    let ids = insert(&mut writer, "OSUSR_x_Large", &columns[1..], &rows, Some("Id")).await;
    let request = rows_request("OSUSR_x_Large", &columns, Filter::All);
    let back = destination.rows(&request).await.expect("read");
    assert_eq!(back.len(), ids.len());
    for row in 0..rows.len() {
        for column in 0..2 {
            assert!(
                rows.column(column).value(row) == back.column(column + 1).value(row),
                "row {row}, column {column}"
            );
        }
    }
}

async fn ids_come_in_row_order(engine: &TestEngine) {
    let (_, destination) = filled(engine, 3).await;
    let columns = &numbered()[1..];
    let rows: Vec<Vec<Value>> =
        (0..2_500).map(|row| vec![text(&format!("n{row}")), Value::Integer(row)]).collect();
    let mut writer = destination.writer(&session("order")).await.expect("a writer");
    let first =
        insert(&mut writer, "OSUSR_x_Thing", columns, &batch(columns, &rows), Some("Id")).await;
    let second =
        insert(&mut writer, "OSUSR_x_Thing", columns, &batch(columns, &rows[..10]), Some("Id"))
            .await;
    assert!(first.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(second[0] > *first.last().expect("ids"));
    let stored = read_all(destination.as_source(), "OSUSR_x_Thing", &numbered()).await;
    for (row, id) in rows.iter().zip(&first) {
        let found = stored.iter().find(|stored| stored[0] == Value::Integer(*id)).expect("stored");
        assert_eq!(&found[1..], &row[..]);
    }
}

pub fn scan(columns: &[ColumnShape], key: Option<&str>) -> ScanRequest {
    ScanRequest {
        table: TableName::new("OSUSR_x_Thing"),
        columns: refs(columns),
        filter: Filter::All,
        key: key.map(str::to_owned),
        after: None,
        batch_rows: 100,
        batch_bytes: 1 << 20,
    }
}

pub async fn drain(source: &dyn Source, request: ScanRequest) -> (Vec<Vec<Value>>, Vec<usize>) {
    let mut scan = source.scan(request).await.expect("a scan");
    let (mut rows, mut sizes) = (Vec::new(), Vec::new());
    while let Some(batch) = scan.next().await.expect("a batch") {
        assert!(!batch.is_empty());
        sizes.push(batch.len());
        rows.extend((0..batch.len()).map(|row| batch.row(row)));
    }
    assert!(scan.next().await.expect("still at the end").is_none());
    (rows, sizes)
}

async fn paging_sees_every_row_once(engine: &TestEngine) {
    let (_, destination) = filled(engine, 450).await;
    let source = destination.as_source();
    let all = read_all(source, "OSUSR_x_Thing", &numbered()).await;
    let (rows, sizes) = drain(source, scan(&numbered(), Some("Id"))).await;
    assert_eq!(rows, all);
    assert_eq!(sizes, [100, 100, 100, 100, 50]);
    let after = ScanRequest { after: Some(Value::Integer(440)), ..scan(&numbered(), Some("Id")) };
    assert_eq!(drain(source, after).await.0, all[440..]);
    let filtered = ScanRequest {
        filter: Filter::IsNull("Parent".to_owned()),
        ..scan(&numbered(), Some("Id"))
    };
    assert_eq!(drain(source, filtered).await.0.len(), 150);
    // By a text: the labels are unique and sort as they were numbered.
    let by_text = ScanRequest { batch_rows: 7, ..scan(&numbered(), Some("Label")) };
    assert_eq!(drain(source, by_text).await.0, all);
    // A scan that is dropped half-way does not disturb the next.
    let mut dropped = source.scan(scan(&numbered(), Some("Id"))).await.expect("a scan");
    dropped.next().await.expect("a batch").expect("rows");
    drop(dropped);
    assert_eq!(drain(source, scan(&numbered(), Some("Id"))).await.0, all);
}

async fn paging_stops_at_the_byte_limit(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let columns = vec![identity("Id", "int"), column("Blob", "varbinary(max)")];
    let table = new_table("OSUSR_x_Thing", columns.clone(), &["Id"]);
    build(&spec, vec![table]).await.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let rows: Vec<Vec<Value>> = (0..40).map(|n| vec![Value::Binary(vec![n; 100_000])]).collect();
    let mut writer = destination.writer(&session("bytes")).await.expect("a writer");
    let rows = batch(&columns[1..], &rows);
    insert(&mut writer, "OSUSR_x_Thing", &columns[1..], &rows, Some("Id")).await;
    let request = ScanRequest { batch_bytes: 450_000, ..scan(&columns, Some("Id")) };
    let (back, sizes) = drain(destination.as_source(), request).await;
    assert_eq!(back.len(), 40);
    assert!(sizes.iter().all(|size| *size <= 5), "{sizes:?}");
    for (n, row) in back.iter().enumerate() {
        assert!(row[1] == Value::Binary(vec![n as u8; 100_000]), "row {n}");
    }
}

async fn a_table_without_key_is_read_in_one_go(engine: &TestEngine) {
    let (_, destination) = filled(engine, 450).await;
    let source = destination.as_source();
    let (mut rows, sizes) = drain(source, scan(&numbered(), None)).await;
    assert_eq!(sizes, [100, 100, 100, 100, 50]);
    rows.sort_by(|a, b| a[0].partial_cmp(&b[0]).expect("numbers"));
    assert_eq!(rows, read_all(source, "OSUSR_x_Thing", &numbered()).await);
    let mut dropped = source.scan(scan(&numbered(), None)).await.expect("a scan");
    dropped.next().await.expect("a batch").expect("rows");
}

async fn conditions_mean_the_same(engine: &TestEngine) {
    let (_, destination) = filled(engine, 30).await;
    let table = TableName::new("OSUSR_x_Thing");
    let id = || "Id".to_owned();
    let label = || "Label".to_owned();
    let parent = || "Parent".to_owned();
    let number = Value::Integer;
    let orphan = |among: Filter| Filter::Orphan {
        column: parent(),
        parent: table.clone(),
        key: id(),
        among: Box::new(among),
    };
    let refers = |among: Filter| Filter::Refers {
        column: parent(),
        parent: table.clone(),
        key: id(),
        among: Box::new(among),
    };
    let repeated = |columns: Vec<Likened>| Filter::Repeated {
        columns,
        key: id(),
        among: Box::new(Filter::All),
    };
    let converts = |column: &str, to: &str| Filter::NotConvertible {
        column: column.to_owned(),
        to: ColumnType::parse(to),
    };
    let many: Vec<Value> = (0..5_000).map(|n| number(n * 2)).collect();
    let labels: Vec<Value> = (0..3_000).map(|n| text(&format!("ROW {n:05}"))).collect();
    let mut at_once = (Vec::new(), Vec::new());
    for (filter, expected) in [
        (Filter::All, 30),
        (Filter::IsNull(parent()), 10),
        (Filter::not_null("Parent"), 20),
        (Filter::Equals(id(), number(7)), 1),
        (Filter::Equals(label(), text("ROW 00007")), 1),
        (Filter::Equals(label(), text("' OR 1=1 --")), 0),
        (Filter::Equals(id(), Value::Null), 0),
        (Filter::AnyOf(id(), vec![]), 0),
        (Filter::AnyOf(id(), vec![number(1), number(2), number(3), number(9), number(99)]), 4),
        (Filter::AnyOf(id(), many), 15),
        (Filter::AnyOf(label(), labels), 30),
        (Filter::Between(id(), number(5), number(9)), 5),
        (Filter::Between(label(), text("row 00005"), text("row 00009")), 5),
        (Filter::LongerThan(label(), 8), 30),
        (Filter::LongerThan(label(), 9), 0),
        (Filter::OutsideDecimal { column: id(), precision: 1, scale: 0 }, 21),
        (converts(&id(), "bit").negated(), 1),
        (converts(&id(), "nvarchar(1)"), 21),
        (converts(&label(), "int"), 30),
        // Row 1 refers to 0, which is nobody.
        (orphan(Filter::All), 1),
        (orphan(Filter::Between(id(), number(1), number(5))), 13),
        (refers(Filter::All), 19),
        (refers(Filter::Equals(id(), number(5))), 2),
        (Filter::NotReferred { key: id(), child: table.clone(), column: parent() }, 16),
        // Ten rows have no parent, and the twenty others have 15 among them.
        (repeated(vec![Likened::plain(parent(), None)]), 14),
        (repeated(vec![Likened::plain(label(), None)]), 0),
        (repeated(vec![]), 29),
        (
            repeated(vec![Likened {
                count_as: vec![
                    (Filter::AnyOf(parent(), vec![number(1), number(2)]), number(1)),
                    (Filter::AnyOf(parent(), vec![number(0)]), Value::Null),
                ],
                ..Likened::plain(parent(), None)
            }]),
            16,
        ),
        (repeated(vec![Likened { others_are_null: true, ..Likened::plain(parent(), None) }]), 29),
        (
            repeated(vec![Likened {
                count_as: vec![(Filter::IsNull(parent()), number(2))],
                ..Likened::plain(parent(), None)
            }]),
            15,
        ),
        (
            repeated(vec![Likened {
                count_as: vec![(Filter::Equals(label(), text("row 00004")), number(4))],
                converted_to: Some(ColumnType::parse("int")),
                ..Likened::plain(label(), None)
            }]),
            28,
        ),
        (
            Filter::OneOf(
                vec![Likened::plain(label(), None), Likened::plain(parent(), None)],
                vec![
                    vec![text("ROW 00003"), Value::Null],
                    vec![text("row 00004"), Value::Null],
                    vec![text("row 00004"), number(2)],
                    vec![text("nobody"), number(2)],
                ],
            ),
            2,
        ),
        (Filter::OneOf(vec![Likened::plain(id(), None)], vec![]), 0),
        (Filter::Equals(parent(), number(2)).negated(), 28),
        (Filter::All.negated(), 0),
        (Filter::And(vec![]), 30),
        (Filter::Or(vec![]), 0),
        (
            Filter::Or(vec![
                Filter::Equals(id(), number(1)),
                Filter::Between(id(), number(10), number(11))
                    .and(Filter::IsNull(parent()).negated()),
            ]),
            3,
        ),
    ] {
        let counted = destination.count(&table, &filter).await;
        assert_eq!(counted.map_err(|fault| fault.to_string()), Ok(expected), "{filter:?}");
        at_once.0.push((table.clone(), filter.clone()));
        at_once.1.push(expected);
        if expected < 30 {
            let request = rows_request("OSUSR_x_Thing", &numbered(), filter.clone());
            let rows = destination.rows(&request).await.expect("rows");
            assert_eq!(rows.len() as u64, expected, "{filter:?}");
        }
    }
    let (asked, expected) = at_once;
    assert_eq!(destination.counts(&asked).await.expect("counts"), expected);
    assert_eq!(destination.counts(&[]).await.expect("counts"), [0; 0]);
    let with_nobody = [asked[..2].to_vec(), vec![(TableName::new("OSUSR_x_Nobody"), Filter::All)]];
    destination.counts(&with_nobody.concat()).await.expect_err("a table is not there");
}

async fn distinct_values_are_counted(engine: &TestEngine) {
    let (_, destination) = filled(engine, 10).await;
    // Parents: 0, 1, -, 2, 2, -, 3, 4, -, 5
    let counted = destination
        .distinct(
            &TableName::new("OSUSR_x_Thing"),
            &ColumnRef::from(&numbered()[2]),
            &Filter::All,
            3,
        )
        .await
        .expect("counted");
    let rows: Vec<Vec<Value>> = (0..counted.len()).map(|row| counted.row(row)).collect();
    let pair = |value, count| vec![Value::Integer(value), Value::Integer(count)];
    assert_eq!(rows, [pair(2, 2), pair(0, 1), pair(1, 1)]);
}

async fn shapes_are_told(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let parent = new_table("OSUSR_abc_Parent", numbered(), &["Id"]);
    let mut child = new_table(
        "OSUSR_abc_Child",
        vec![
            column("Code", "nvarchar(36)"),
            column("Amount", "decimal(37,8)"),
            column("Parent", "int"),
            column("Notes", "nvarchar(max)"),
            column("Phone", "varchar(20)"),
            column("At", "datetime"),
        ],
        &["Code"],
    );
    child.columns[1].shape.nullable = false;
    child.columns[1].default = Some(Value::Integer(0));
    child.indexes = vec![
        NewIndex {
            name: "OSIDX_Child_Unique".to_owned(),
            columns: vec!["Phone".to_owned(), "At".to_owned()],
            unique: true,
        },
        NewIndex {
            name: "OSIDX_Child_Plain".to_owned(),
            columns: vec!["Parent".to_owned()],
            unique: false,
        },
    ];
    let mut builder = build(&spec, vec![parent, child]).await;
    builder
        .add_foreign_keys(
            &TableName::new("OSUSR_abc_Child"),
            &[NewForeignKey {
                name: "OSFRK_Child_Parent".to_owned(),
                column: "Parent".to_owned(),
                parent: TableName::new("OSUSR_abc_Parent"),
                parent_column: "Id".to_owned(),
                cascade: true,
            }],
        )
        .await
        .expect("a key");
    builder.finish().await.expect("finished");
    let source = open_source(&spec).await.expect("a source");
    let names = ["osusr_ABC_child", "nobody", "OSUSR_abc_Parent"].map(TableName::new);
    let shapes = source.shapes(&names).await.expect("shapes");
    assert!(shapes[1].is_none());
    let child = shapes[0].as_ref().expect("the child");
    assert!(same_name(&child.name.name, "OSUSR_abc_Child"));
    let types: Vec<String> =
        child.columns.iter().map(|column| column.data_type.to_string()).collect();
    assert_eq!(
        types,
        ["nvarchar(36)", "decimal(37,8)", "int", "nvarchar(max)", "varchar(20)", "datetime"]
    );
    assert!(!child.columns[1].nullable && child.columns[1].has_default);
    assert!(child.columns[2].nullable && !child.columns[2].has_default);
    assert!(child.primary_key.iter().map(String::as_str).eq_by_name(&["Code"]));
    assert_eq!(child.unique_indexes.len(), 1, "{:?}", child.unique_indexes);
    let unique = &child.unique_indexes[0];
    assert!(unique.columns.iter().map(String::as_str).eq_by_name(&["Phone", "At"]));
    assert_eq!(child.foreign_keys.len(), 1);
    let key = &child.foreign_keys[0];
    assert!(same_name(&key.column, "Parent") && same_name(&key.parent_column, "Id"));
    assert!(same_name(&key.parent.name, "OSUSR_abc_Parent"));
    assert_eq!(key.on_delete, osferry::database::DeleteAction::Cascade);
    let own = key.clone();
    let leading = |name| {
        let source = &source;
        async move { source.referrers(&[TableName::new(name)]).await.expect("referrers") }
    };
    let referrers = leading("OSUSR_ABC_PARENT").await;
    let [referrer] = referrers.as_slice() else { panic!("one key leads there: {referrers:?}") };
    assert!(same_name(&referrer.table.name, "OSUSR_abc_Child"));
    assert!(same_name(&referrer.key.name, &own.name) && referrer.key == own);
    assert!(leading("OSUSR_abc_Child").await.is_empty() && leading("nobody").await.is_empty());
    let parent = shapes[2].as_ref().expect("the parent");
    assert!(parent.identity().is_some_and(|column| same_name(&column.name, "Id")));
    assert!(parent.triggers.is_empty() && child.identity().is_none());
}

trait Names {
    fn eq_by_name(self, other: &[&str]) -> bool;
}

impl<'a, I: Iterator<Item = &'a str>> Names for I {
    fn eq_by_name(self, other: &[&str]) -> bool {
        let own: Vec<&str> = self.collect();
        own.len() == other.len() && own.iter().zip(other).all(|(a, b)| same_name(a, b))
    }
}

async fn rights_are_told(engine: &TestEngine) {
    let (_, destination) = filled(engine, 0).await;
    let tables = [TableName::new("OSUSR_x_Thing")];
    let rights = destination.rights(&tables).await.expect("rights");
    let ours = rights[0];
    for right in [ours.select, ours.insert, ours.update, ours.delete] {
        assert_ne!(right, Some(false), "{ours:?}");
    }
    assert_eq!(ours.select, Some(true));
}

async fn lengths_of_rows_are_told(engine: &TestEngine) {
    let (_, destination) = filled(engine, 300).await;
    let tables = ["OSUSR_x_Nothing", "OSUSR_x_Thing"].map(TableName::new);
    let lengths = destination.row_bytes(&tables).await.expect("lengths");
    assert_eq!((lengths.len(), lengths[0]), (2, None));
    match lengths[1] {
        // A row, and not its table; SQL Server counts whole pages.
        Some(bytes) => assert!((4..=400).contains(&bytes), "{bytes}"),
        None => assert!(destination.facts().stand_in, "only a stand-in may not tell"),
    }
    let lengths = destination.index_bytes(&tables).await.expect("lengths");
    assert_eq!((lengths.len(), lengths[0]), (2, None));
    match (lengths[1], destination.facts().kind) {
        (Some(bytes), EngineKind::SqlServer) => assert!(bytes <= 400, "{bytes}"),
        (Some(bytes), EngineKind::Sqlite) => panic!("SQLite keeps no such number: {bytes}"),
        (None, EngineKind::SqlServer) => assert!(destination.facts().stand_in, "it tells"),
        (None, EngineKind::Sqlite) => {}
    }
}

async fn one_run_at_a_time(engine: &TestEngine) {
    let (spec, destination) = filled(engine, 0).await;
    let other = open_destination(&spec).await.expect("a second destination");
    let lock = destination.lock_run("first").await.expect("the lock");
    let refused = other.lock_run("second").await.err().expect("refused");
    assert_eq!(refused.kind, FaultKind::Busy, "{refused}");
    drop(lock);
    for attempt in 0.. {
        match other.lock_run("second").await {
            Ok(_) => break,
            Err(fault) => assert!(attempt < 20 && fault.kind == FaultKind::Busy, "{fault}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

async fn a_fence_waits_for_its_session(engine: &TestEngine) {
    let (_, destination) = filled(engine, 0).await;
    let columns = &numbered()[1..];
    let rows = batch(columns, &[vec![text("undecided"), Value::Null]]);
    let session = session("run:c1");
    let mut writer = destination.writer(&session).await.expect("a writer");
    let target = InsertTarget {
        table: TableName::new("OSUSR_x_Thing"),
        columns: columns.to_vec(),
        identity: Some("Id".to_owned()),
    };
    writer.begin().await.expect("begin");
    let ids = writer.insert(&target, &rows).await.expect("insert");
    // The session goes without a COMMIT: behind the fence its rows are gone.
    drop(writer);
    assert_eq!(destination.fence(&session).await.expect("fenced"), Fence::Gone);
    assert_eq!(destination.fence("never:was").await.expect("fenced"), Fence::Gone);
    let key = ColumnRef::from(&numbered()[0]);
    let ids: Vec<Value> = ids.into_iter().map(Value::Integer).collect();
    let witness = destination.witness(&target.table, &key, &ids).await.expect("asked");
    assert_eq!(witness, Witness::None);
}

async fn the_witness_counts(engine: &TestEngine) {
    let (_, destination) = filled(engine, 5).await;
    let (table, key) = (TableName::new("OSUSR_x_Thing"), ColumnRef::from(&numbered()[0]));
    for (ids, expected) in [
        (vec![1, 2, 3, 4, 5], Witness::All),
        (vec![2, 4], Witness::All),
        (vec![100, 101], Witness::None),
        (vec![4, 5, 6, 7], Witness::Some(2)),
    ] {
        let ids: Vec<Value> = ids.into_iter().map(Value::Integer).collect();
        assert_eq!(destination.witness(&table, &key, &ids).await.expect("asked"), expected);
    }
    let label = ColumnRef::from(&numbered()[1]);
    for (labels, expected) in [
        (vec![text("ROW 00001"), text("row 00002")], Witness::All),
        (vec![text("row 00001"), text("nobody")], Witness::Some(1)),
    ] {
        assert_eq!(destination.witness(&table, &label, &labels).await.expect("asked"), expected);
    }
}

async fn rows_are_updated_deleted_and_cleared(engine: &TestEngine) {
    let (_, destination) = filled(engine, 20).await;
    let table = TableName::new("OSUSR_x_Thing");
    let columns = numbered();
    let mut writer = destination.writer(&session("change")).await.expect("a writer");
    writer.begin().await.expect("begin");
    let target = UpdateTarget {
        table: table.clone(),
        key: ColumnShape { identity: false, ..columns[0].clone() },
        columns: vec![columns[1].clone(), columns[2].clone()],
    };
    let changes = batch(
        &columns,
        &[
            vec![Value::Integer(3), text("third"), Value::Integer(33)],
            vec![Value::Integer(4), Value::Null, Value::Null],
            vec![Value::Integer(99), text("nobody"), Value::Null],
        ],
    );
    assert_eq!(writer.update(&target, &changes).await.expect("updated"), 2);
    let upper = Filter::Between("Id".to_owned(), Value::Integer(11), Value::Integer(20));
    let removal = |filter: &Filter, limit, returning: &[ColumnShape]| Removal {
        table: table.clone(),
        filter: filter.clone(),
        limit,
        key: Some("Id".to_owned()),
        returning: returning.iter().map(ColumnRef::from).collect(),
    };
    let removed = writer.delete(&removal(&upper, 4, &columns)).await.expect("deleted");
    // Each row comes back whole, as it was.
    assert_eq!((removed.rows, removed.before.len()), (4, 4));
    for row in 0..4 {
        let id = removed.before.column(0).integer(row).expect("an id");
        assert!((11..=20).contains(&id));
        assert_eq!(removed.before.column(1).value(row), text(&format!("row {id:05}")));
    }
    for rows in [6, 0] {
        let removed = writer.delete(&removal(&upper, 100, &[])).await.expect("deleted");
        assert_eq!((removed.rows, removed.before.columns().len()), (rows, 0));
    }
    let label = Filter::Equals("Label".to_owned(), text("row 00008"));
    let held = RowsRequest {
        table: table.clone(),
        columns: vec![ColumnRef::from(&columns[2])],
        filter: label.clone(),
        order_by: None,
        limit: None,
    };
    // As this session sees it, and as nobody else yet can.
    let held = writer.rows(&held).await.expect("rows").column(0).value(0);
    let returning = [columns[0].clone(), columns[2].clone()];
    let cleared = writer.clear(&removal(&label, 10, &returning), "Parent").await.expect("cleared");
    assert_eq!(cleared.rows, 1);
    assert_eq!(cleared.before.column(0).value(0), Value::Integer(8));
    assert_eq!(cleared.before.column(1).value(0), held);
    for (filter, rows) in [(&label, 0), (&Filter::All, 2)] {
        let cleared = writer.clear(&removal(filter, 2, &[]), "Parent").await.expect("cleared");
        assert_eq!(cleared.rows, rows);
    }
    commit(&mut writer).await;
    let rows = read_all(destination.as_source(), "OSUSR_x_Thing", &columns).await;
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[2][1], text("third"));
    assert_eq!(rows[3][1..], [Value::Null, Value::Null]);
    assert_eq!(rows[7][2], Value::Null);
}

async fn a_rollback_leaves_nothing(engine: &TestEngine) {
    let (_, destination) = filled(engine, 5).await;
    let columns = &numbered()[1..];
    let rows = batch(columns, &[vec![text("gone"), Value::Null], vec![text("too"), Value::Null]]);
    let target = InsertTarget {
        table: TableName::new("OSUSR_x_Thing"),
        columns: columns.to_vec(),
        identity: Some("Id".to_owned()),
    };
    let mut writer = destination.writer(&session("back")).await.expect("a writer");
    for _ in 0..2 {
        writer.begin().await.expect("begin");
        assert_eq!(writer.insert(&target, &rows).await.expect("insert").len(), 2);
        let removal = Removal {
            table: target.table.clone(),
            filter: Filter::All,
            limit: 100,
            key: None,
            returning: Vec::new(),
        };
        writer.delete(&removal).await.expect("deleted");
        writer.rollback().await.expect("rolled back");
    }
    assert_eq!(destination.count(&target.table, &Filter::All).await.expect("count"), 5);
    // The session works on.
    insert(&mut writer, "OSUSR_x_Thing", columns, &rows, Some("Id")).await;
    assert_eq!(destination.count(&target.table, &Filter::All).await.expect("count"), 7);
}

async fn what_does_not_fit_is_refused(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let mut columns = vec![
        identity("Id", "int"),
        column("Label", "nvarchar(5)"),
        column("Number", "int"),
        column("Parent", "int"),
        column("Key", "int"),
    ];
    columns[4].nullable = false;
    let mut table = new_table("OSUSR_x_Strict", columns.clone(), &["Id"]);
    table.indexes = vec![NewIndex {
        name: "OSIDX_Strict".to_owned(),
        columns: vec!["Key".to_owned()],
        unique: true,
    }];
    let mut builder = build(&spec, vec![table]).await;
    builder
        .add_foreign_keys(
            &TableName::new("OSUSR_x_Strict"),
            &[NewForeignKey {
                name: "OSFRK_Strict".to_owned(),
                column: "Parent".to_owned(),
                parent: TableName::new("OSUSR_x_Strict"),
                parent_column: "Id".to_owned(),
                cascade: false,
            }],
        )
        .await
        .expect("a key");
    builder.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let target = InsertTarget {
        table: TableName::new("OSUSR_x_Strict"),
        columns: columns[1..].to_vec(),
        identity: Some("Id".to_owned()),
    };
    let wide: Vec<ColumnShape> = vec![
        column("Label", "nvarchar(50)"),
        column("Number", "bigint"),
        column("Parent", "int"),
        column("Key", "int"),
    ];
    let good = |key| vec![text("12345"), Value::Integer(1), Value::Null, Value::Integer(key)];
    let mut writer = destination.writer(&session("strict")).await.expect("a writer");
    insert(&mut writer, "OSUSR_x_Strict", &columns[1..], &batch(&wide, &[good(1)]), Some("Id"))
        .await;
    for (why, bad) in [
        ("text too long", vec![text("123456"), Value::Null, Value::Null, Value::Integer(2)]),
        (
            "number too wide",
            vec![Value::Null, Value::Integer(1 << 40), Value::Null, Value::Integer(2)],
        ),
        ("no such parent", vec![Value::Null, Value::Null, Value::Integer(77), Value::Integer(2)]),
        ("NULL not allowed", vec![Value::Null, Value::Null, Value::Null, Value::Null]),
        ("key taken", good(1)),
    ] {
        writer.begin().await.expect("begin");
        let outcome = writer.insert(&target, &batch(&wide, &[good(3), bad])).await;
        let fault = match outcome {
            Err(fault) => fault,
            // SQLite looks at references when the transaction ends.
            Ok(_) => match writer.commit(JournalToken::for_engine_tests()).await {
                Outcome::RolledBack(fault) => fault,
                other => panic!("{why}: {other:?}"),
            },
        };
        assert_eq!(fault.kind, FaultKind::Refused, "{why}: {fault}");
        writer.rollback().await.expect("rolled back");
        assert_eq!(destination.count(&target.table, &Filter::All).await.expect("count"), 1);
    }
    insert(&mut writer, "OSUSR_x_Strict", &columns[1..], &batch(&wide, &[good(3)]), Some("Id"))
        .await;
}

async fn explicit_keys_are_kept(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let columns = vec![column("Code", "nvarchar(36)"), column("Label", "nvarchar(50)")];
    let mut builder = build(
        &spec,
        vec![
            new_table("OSUSR_x_Coded", columns.clone(), &["Code"]),
            new_table("OSUSR_x_Thing", numbered(), &["Id"]),
        ],
    )
    .await;
    // A practice environment keeps the ids it was written with, and new ones come after them.
    let things = numbered();
    let rows = batch(
        &things,
        &[
            vec![Value::Integer(7), text("seven"), Value::Null],
            vec![Value::Integer(40), text("forty"), Value::Integer(7)],
        ],
    );
    builder.fill(&TableName::new("OSUSR_x_Thing"), &things, &rows).await.expect("filled");
    builder.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let mut writer = destination.writer(&session("coded")).await.expect("a writer");
    let coded = batch(&columns, &[vec![text("b"), text("two")], vec![text("a"), text("one")]]);
    let ids = insert(&mut writer, "OSUSR_x_Coded", &columns, &coded, None).await;
    assert!(ids.is_empty());
    let more = batch(&things[1..], &[vec![text("next"), Value::Null]]);
    let ids = insert(&mut writer, "OSUSR_x_Thing", &things[1..], &more, Some("Id")).await;
    assert!(ids[0] > 40, "{ids:?}");
    let back = read_all(destination.as_source(), "OSUSR_x_Coded", &columns).await;
    assert_eq!(back, [vec![text("a"), text("one")], vec![text("b"), text("two")]]);
    let taken = batch(&columns, &[vec![text("A"), text("again")]]);
    let target = InsertTarget {
        table: TableName::new("OSUSR_x_Coded"),
        columns: columns.clone(),
        identity: None,
    };
    writer.begin().await.expect("begin");
    if engine.kind() == EngineKind::SqlServer {
        let fault = writer.insert(&target, &taken).await.expect_err("taken, case apart");
        assert_eq!(fault.kind, FaultKind::Refused, "{fault}");
    }
    writer.rollback().await.expect("rolled back");
}

async fn triggers_fire_and_do_not_disturb(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let events = vec![
        column("_ESPACE_ID", "int"),
        column("_TENANT_ID", "int"),
        column("_ACTIVITY_ID", "int"),
        column("_PROCESS_DEF_ID", "int"),
        column("_IS_UPDATE", "bit"),
        column("_IS_LIGHT", "bit"),
        column("Id", "bigint"),
    ];
    let queue = vec![
        identity("ID", "int"),
        column("ESPACE_ID", "int"),
        column("TENANT_ID", "int"),
        column("ACTIVITY_ID", "int"),
        column("PROCESS_DEF_ID", "int"),
        column("DATA_ID", "varchar(36)"),
        column("ENQUEUE_TIME", "datetime"),
        column("ERROR_COUNT", "int"),
        column("NEXT_RUN", "datetime"),
    ];
    let mut builder = build(
        &spec,
        vec![
            new_table("OSUSR_x_Thing", numbered(), &["Id"]),
            new_table("OSEVT_x_Thing", events.clone(), &[]),
            new_table("OSSYS_BPM_EVENT_QUEUE", queue.clone(), &["ID"]),
        ],
    )
    .await;
    let flags = [Value::Bit(false), Value::Bit(false)];
    // One for any row, and one for a row that never comes.
    let subscription = |row: Value| {
        let ids = [1, 2, 3, 4].map(Value::Integer).into_iter();
        ids.chain(flags.clone()).chain([row]).collect()
    };
    let subscriptions =
        batch(&events, &[subscription(Value::Null), subscription(Value::Integer(-1))]);
    builder.fill(&TableName::new("OSEVT_x_Thing"), &events, &subscriptions).await.expect("filled");
    builder
        .add_trigger(&NewTrigger {
            name: "OSTRG_EI__OSUSR_X_THING".to_owned(),
            table: TableName::new("OSUSR_x_Thing"),
            key: "Id".to_owned(),
            filters: vec!["Id".to_owned()],
            event_table: TableName::new("OSEVT_x_Thing"),
            queue: TableName::new("OSSYS_BPM_EVENT_QUEUE"),
            on_update: false,
            is_light: false,
        })
        .await
        .expect("a trigger");
    builder.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let shapes = destination.shapes(&[TableName::new("OSUSR_x_Thing")]).await.expect("shapes");
    let triggers = &shapes[0].as_ref().expect("there").triggers;
    assert_eq!(triggers.len(), 1);
    assert!(!triggers[0].instead_of && !triggers[0].disabled);
    let columns = &numbered()[1..];
    let rows: Vec<Vec<Value>> =
        (0..50).map(|n| vec![text(&format!("t{n}")), Value::Null]).collect();
    let mut writer = destination.writer(&session("trigger")).await.expect("a writer");
    let ids =
        insert(&mut writer, "OSUSR_x_Thing", columns, &batch(columns, &rows), Some("Id")).await;
    let queued = read_all(destination.as_source(), "OSSYS_BPM_EVENT_QUEUE", &queue).await;
    let mut data: Vec<String> = queued.iter().map(|row| row[5].to_string()).collect();
    let mut expected: Vec<String> = ids.iter().map(ToString::to_string).collect();
    data.sort();
    expected.sort();
    assert_eq!(data, expected);
}

async fn a_wrong_name_is_not_found(engine: &TestEngine) {
    let (_, destination) = filled(engine, 1).await;
    let fault = destination
        .count(&TableName::new("OSUSR_x_Nobody"), &Filter::All)
        .await
        .expect_err("no such table");
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    let columns = vec![numbered()[0].clone(), column("Nowhere", "int")];
    let request = rows_request("OSUSR_x_Thing", &columns, Filter::All);
    let fault = destination.rows(&request).await.expect_err("no such column");
    assert!(matches!(fault.kind, FaultKind::NotFound | FaultKind::Other), "{fault}");
}
