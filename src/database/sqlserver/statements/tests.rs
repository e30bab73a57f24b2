//! What the engine can send, pinned.

mod scripts;

use std::sync::Arc;

use super::catalogue::Space;
use super::filter::{Names, Writer};
use super::read::{Selection, TextForm};
use super::write::{Before, Insert, StageColumn};
use super::*;
use crate::database::{
    ColumnRef, ColumnShape, ColumnType, Filter, Likened, NewColumn, NewForeignKey, NewIndex,
    NewTable, NewTrigger, ObjectKind, TableShape, Value, date_time_from_text,
};

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

fn dbo(name: &str) -> TableName {
    TableName { catalog: None, schema: Some("dbo".to_owned()), name: name.to_owned() }
}

/// Every type that is moved, under a name that has to be quoted.
fn every_type() -> Vec<ColumnShape> {
    [
        ("ID", "int"),
        ("Long", "bigint"),
        ("Small", "smallint"),
        ("Tiny", "tinyint"),
        ("Flag", "bit"),
        ("Amount", "decimal(37,8)"),
        ("Cash", "money"),
        ("Coins", "smallmoney"),
        ("Ratio", "float"),
        ("Single", "real"),
        ("At", "datetime"),
        ("Minute", "smalldatetime"),
        ("Exact", "datetime2(7)"),
        ("Day", "date"),
        ("Clock", "time(3)"),
        ("Key", "uniqueidentifier"),
        ("Odd]Name", "nvarchar(50)"),
        ("Wide", "nvarchar(4000)"),
        ("Huge", "nvarchar(max)"),
        ("Phone", "varchar(20)"),
        ("LongNarrow", "varchar(8000)"),
        ("HugeNarrow", "varchar(max)"),
        ("Fixed", "nchar(5)"),
        ("FixedNarrow", "char(5)"),
        ("OldText", "ntext"),
        ("OldNarrow", "text"),
        ("Hash", "varbinary(32)"),
        ("FixedHash", "binary(16)"),
        ("Blob", "varbinary(max)"),
        ("OldBlob", "image"),
    ]
    .map(|(name, data_type)| column(name, data_type))
    .into()
}

fn shape(name: TableName, columns: Vec<ColumnShape>) -> Arc<TableShape> {
    Arc::new(TableShape {
        name,
        kind: ObjectKind::Table,
        columns,
        primary_key: vec!["ID".to_owned()],
        unique_indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        triggers: Vec::new(),
    })
}

fn names() -> Names {
    let mut names = Names::default();
    names.add(TableName::new("OSUSR_abc_Claim"), shape(dbo("OSUSR_ABC_CLAIM"), every_type()));
    let parent = vec![column("ID", "int"), column("TENANT_ID", "int")];
    names.add(
        TableName::new("OSUSR_abc_Policy").in_catalog(Some("Other]Db".to_owned())),
        shape(
            TableName { catalog: Some("Other]Db".to_owned()), ..dbo("OSUSR_ABC_POLICY") },
            parent,
        ),
    );
    names
}

fn claim() -> TableName {
    TableName::new("OSUSR_abc_Claim")
}

fn policy() -> TableName {
    TableName::new("OSUSR_abc_Policy").in_catalog(Some("Other]Db".to_owned()))
}

/// Columns as another database compares what becomes of them.
fn likened() -> Vec<Likened> {
    let number = Value::Integer;
    vec![
        Likened::plain("Odd]Name", Some("Latin1_General_CI_AI".to_owned())),
        Likened {
            count_as: vec![
                (Filter::AnyOf("Long".to_owned(), vec![number(0)]), Value::Null),
                (Filter::AnyOf("Long".to_owned(), vec![number(5), number(9)]), number(5)),
            ],
            others_are_null: true,
            ..Likened::plain("Long", None)
        },
        Likened { cut_to: Some(30), ..Likened::plain("Huge", None) },
        Likened {
            count_as: vec![(Filter::IsNull("Text".to_owned()), number(7))],
            converted_to: Some(ColumnType::parse("int")),
            ..Likened::plain("Text", None)
        },
        Likened {
            converted_to: Some(ColumnType::parse("decimal(9,2)")),
            ..Likened::plain("Text", None)
        },
        Likened {
            converted_to: Some(ColumnType::parse("datetime")),
            ..Likened::plain("Text", None)
        },
    ]
}

fn not_convertible(column: &str, to: &str) -> Filter {
    Filter::NotConvertible { column: column.to_owned(), to: ColumnType::parse(to) }
}

fn filters() -> Vec<Filter> {
    let id = || "ID".to_owned();
    let at = |text| Value::DateTime(date_time_from_text(text).expect(text));
    vec![
        Filter::All,
        Filter::IsNull("Odd]Name".to_owned()),
        Filter::not_null("Odd]Name"),
        Filter::Equals(id(), Value::Integer(-7)),
        Filter::Equals("Odd]Name".to_owned(), Value::text("it's")),
        Filter::Equals("Odd]Name".to_owned(), Value::Text(vec![0xED, 0xA0, 0xBD])),
        Filter::Equals("Hash".to_owned(), Value::Binary(vec![1, 2])),
        Filter::Equals(id(), Value::Null),
        Filter::AnyOf(id(), [5, 1, 2, 3, 9, 7].map(Value::Integer).into()),
        Filter::AnyOf("Phone".to_owned(), vec![Value::text("1"), Value::text("2")]),
        Filter::AnyOf(id(), vec![]),
        Filter::Between("At".to_owned(), at("1900-01-01"), at("2024-06-30 10:20:30.003")),
        Filter::Between("Exact".to_owned(), at("0001-01-01"), at("2024-06-30 10:20:30.1234567")),
        Filter::Between("Phone".to_owned(), Value::text("a"), Value::text("b")),
        Filter::Between(
            "Amount".to_owned(),
            Value::Decimal { value: -5, scale: 2 },
            Value::Decimal { value: 1_000_000_000, scale: 8 },
        ),
        Filter::Equals("Ratio".to_owned(), Value::Float(1.5e-300)),
        Filter::Equals("Flag".to_owned(), Value::Bit(true)),
        Filter::Equals("Key".to_owned(), Value::Guid(*b"0123456789abcdef")),
        Filter::LongerThan("Huge".to_owned(), 30),
        Filter::LongerThan("OldBlob".to_owned(), 30),
        Filter::OutsideDecimal { column: "Amount".to_owned(), precision: 20, scale: 2 },
        not_convertible("Odd]Name", "int"),
        not_convertible("Phone", "decimal(9,2)"),
        not_convertible("OldText", "datetime"),
        not_convertible("Huge", "date"),
        not_convertible("Long", "nvarchar(4)"),
        not_convertible("Long", "bit"),
        not_convertible("Amount", "int"),
        not_convertible("At", "date"),
        not_convertible("Exact", "datetime"),
        Filter::Orphan {
            column: "Long".to_owned(),
            parent: policy(),
            key: id(),
            among: Box::new(Filter::Equals("TENANT_ID".to_owned(), Value::Integer(1))),
        },
        Filter::Refers {
            column: "Long".to_owned(),
            parent: policy(),
            key: id(),
            among: Box::new(Filter::All),
        },
        Filter::NotReferred { key: id(), child: policy(), column: "TENANT_ID".to_owned() },
        Filter::NotReferred { key: id(), child: claim(), column: "Long".to_owned() },
        Filter::AtMost(id(), Value::Integer(41)),
        Filter::AtMost("Phone".to_owned(), Value::text("m")),
        Filter::AtMost("At".to_owned(), at("2024-06-30 10:20:30.003")),
        Filter::AnyOf("Odd]Name".to_owned(), vec![Value::Integer(1), Value::text("a")]),
        Filter::All.negated(),
        Filter::Repeated {
            columns: likened(),
            key: id(),
            among: Box::new(Filter::not_null("Odd]Name")),
        },
        Filter::Repeated { columns: vec![], key: id(), among: Box::new(Filter::All) },
        Filter::OneOf(
            likened(),
            vec![vec![Value::text("a"), Value::Integer(7)], vec![Value::text("b"), Value::Null]],
        ),
        Filter::OneOf(likened(), vec![]),
        Filter::Or(vec![
            Filter::Equals(id(), Value::Integer(1)).negated(),
            Filter::And(vec![
                Filter::IsNull("At".to_owned()),
                Filter::Or(vec![]),
                Filter::And(vec![]),
            ]),
        ]),
    ]
}

fn refs(columns: &[ColumnShape]) -> Vec<ColumnRef> {
    columns.iter().map(ColumnRef::from).collect()
}

/// Everything that a source can send, its session's set-up apart.
fn source_statements() -> Vec<String> {
    let names = names();
    let table = claim();
    let columns = refs(&every_type());
    let selection = Selection {
        table: &table,
        columns: &columns,
        filter: &Filter::All,
        order_by: None,
        after: None,
        limit: None,
        form: TextForm::Text,
        held: false,
    };
    let select =
        |selection: &Selection<'_>| read::select(&names, selection).expect("a statement").sql;
    let mut all = vec![
        PROBE.to_owned(),
        SERVER_FACTS.to_owned(),
        DATABASE_FACTS.to_owned(),
        GROUP_ID.to_owned(),
        RECOVERY_ID.to_owned(),
        TRANSACTIONS.to_owned(),
        VERSION_STORE.to_owned(),
        checks::LOG.to_owned(),
        checks::FILES.to_owned(),
        checks::BACKUP.to_owned(),
        checks::RESTORE.to_owned(),
        checks::SEES_SESSIONS.to_owned(),
        checks::SESSIONS.to_owned(),
        checks::DATABASE_USER.to_owned(),
        principals::SEES_LOGINS.to_owned(),
        principals::users(true),
        principals::users(false),
        principals::ROLES.to_owned(),
        checks::identities(None, &[&dbo("OSUSR_ABC_CLAIM")]).sql,
        checks::identities(Some("Other]Db"), &[&policy()]).sql,
        catalogue::objects(None, &["OSUSR_abc_Claim", "it's"]).sql,
        catalogue::objects(Some("Other]Db"), &["OSUSR_abc_Policy"]).sql,
        catalogue::tables(None).sql,
        catalogue::tables(Some("Other]Db")).sql,
        catalogue::details(None, &[1, 2]).sql,
        catalogue::details(Some("Other]Db"), &[3]).sql,
        catalogue::called(None, &[1, 2]).sql,
        catalogue::called(Some("Other]Db"), &[3]).sql,
        catalogue::referrers(None, &[1, 2]).sql,
        catalogue::referrers(Some("Other]Db"), &[3]).sql,
        catalogue::rights(&[dbo("OSUSR_ABC_CLAIM"), policy()]).sql,
        select(&selection),
        select(&Selection { form: TextForm::Bytes, ..selection }),
        read::first(&names, &table).expect("a statement").sql,
        read::distinct(&names, &table, &columns[19], &filters()[2], 10).expect("fine").sql,
        read::look_up(
            &names,
            &table,
            &columns[0],
            &[columns[19].name.clone()],
            &[vec![Value::text("A-1")], vec![Value::Null], vec![Value::Integer(7)]],
        )
        .expect("fine")
        .sql,
        read::look_up(
            &names,
            &table,
            &columns[0],
            &[columns[19].name.clone(), columns[16].name.clone(), "Long".to_owned()],
            &[
                vec![Value::text("A-1"), Value::text("North"), Value::Integer(7)],
                vec![Value::text("A-2"), Value::Null, Value::Integer(7)],
            ],
        )
        .expect("fine")
        .sql,
        read::highest(&names, &table, "ID").expect("a statement").sql,
        read::highest(&names, &policy(), "TENANT_ID").expect("a statement").sql,
    ];
    all.extend(principals::owned().into_iter().map(|(_, sql)| sql));
    all.extend(read::in_words(&dbo("OSUSR_ABC_CLAIM"), &columns[..2]));
    // Columns that the model knows by another type than the table's.
    let other = [
        ColumnRef::from(&column("Amount", "int")),
        ColumnRef::from(&column("Long", "nvarchar(50)")),
    ];
    for form in [TextForm::Text, TextForm::Bytes] {
        all.push(select(&Selection { columns: &other, form, ..selection }));
    }
    let few = [columns[0].clone(), columns[16].clone()];
    for (key, after) in [
        ("ID", Value::Integer(41)),
        ("Odd]Name", Value::text("m")),
        ("Phone", Value::text("m")),
        ("Key", Value::Guid([0; 16])),
        ("At", Value::DateTime(date_time_from_text("2024-06-30 10:20:30.003").expect("date"))),
    ] {
        all.push(select(&Selection {
            columns: &few,
            filter: &filters()[2],
            order_by: Some(key),
            after: Some(&after),
            limit: Some(2000),
            ..selection
        }));
    }
    for filter in filters() {
        all.push(read::count(&names, &table, &filter, "").expect("a statement").sql);
    }
    let several: Vec<(TableName, Filter)> =
        filters().into_iter().take(6).map(|filter| (table.clone(), filter)).collect();
    let several = read::counts(&names, &several).expect("statements");
    all.extend(several.into_iter().map(|statement| statement.sql));
    all
}

fn stage(as_bytes: bool) -> Vec<StageColumn> {
    every_type()
        .iter()
        .skip(1)
        .map(|column| {
            let text = column.data_type.kind() == Some(crate::database::ValueKind::Text);
            let collation = text.then(|| "Latin1_General_CI_AI".to_owned());
            StageColumn::new(column, collation, as_bytes && text).expect("moved")
        })
        .collect()
}

fn insert() -> Insert {
    Insert {
        table: dbo("OSUSR_ABC_CLAIM"),
        columns: stage(false),
        identity: Some("ID".to_owned()),
        descending: false,
        key: Vec::new(),
        explicit_identity: false,
        triggers: false,
    }
}

/// Everything that a destination sends besides.
fn destination_statements() -> Vec<String> {
    let names = names();
    let table = dbo("OSUSR_ABC_CLAIM");
    let mut all = vec![
        take_lock("osferry:it's", 0),
        catalogue::space(None, &[&dbo("OSUSR_ABC_CLAIM"), &table], Space::Rows).sql,
        catalogue::space(Some("Other]Db"), &[&policy()], Space::Rows).sql,
        catalogue::space(None, &[&dbo("OSUSR_ABC_CLAIM"), &table], Space::Indexes).sql,
        catalogue::space(Some("Other]Db"), &[&policy()], Space::Indexes).sql,
        catalogue::written(None, &[&table]),
        catalogue::written(None, &[&dbo("OSUSR_ABC_CLAIM"), &table]),
        catalogue::written(Some("Other]Db"), &[&policy()]),
        write::ROLLBACK.to_owned(),
        write::identity_insert(&table, true),
        write::identity_insert(&table, false),
        write::place_large(3, false, 1),
        write::place_large(3, true, 3),
        write::update(&table, &stage(false)[..4]),
        write::update(&table, &stage(true)[14..]),
        read::count(&names, &claim(), &filters()[8], " WITH (READCOMMITTEDLOCK)")
            .expect("a statement")
            .sql,
        read::select(
            &names,
            &Selection {
                table: &claim(),
                columns: &refs(&every_type())[..3],
                filter: &filters()[2],
                order_by: None,
                after: None,
                limit: None,
                form: TextForm::Text,
                held: true,
            },
        )
        .expect("a statement")
        .sql,
    ];
    let other = TableName { catalog: Some("Other]Db".to_owned()), ..dbo("Übersicht's") };
    for table in [&table, &other] {
        all.push(reserve::look(table, "ID"));
        all.push(reserve::reseed(table, 42));
        all.push(reserve::count(table, "ID", 7, 42));
    }
    all.push(reserve::may_reseed(&["dbo", "sales"]).sql);
    let keyless = Insert { identity: None, ..insert() };
    let large: Vec<StageColumn> =
        stage(false).into_iter().filter(|column| column.destination.data_type.is_large()).collect();
    for variant in [
        insert(),
        Insert { columns: stage(true), ..insert() },
        Insert { triggers: true, descending: true, ..insert() },
        Insert { key: vec![0, 15], ..keyless.clone() },
        Insert { key: vec![0], explicit_identity: true, triggers: true, ..keyless.clone() },
        Insert { columns: large.clone(), ..keyless.clone() },
        Insert { columns: large, triggers: true, ..insert() },
        keyless,
    ] {
        all.push(write::create_stage(
            &variant.columns,
            variant.identity.is_some(),
            variant.captures(),
        ));
        all.push(variant.sql());
        all.extend(variant.diagnosis().map(|(_, statement)| statement.sql));
    }
    let kept = every_type();
    let wanted: Vec<ColumnRef> = kept.iter().map(ColumnRef::from).collect();
    let whole: Vec<Before<'_>> = wanted
        .iter()
        .zip(&kept)
        .map(|(wanted, kept)| Before {
            wanted,
            kept: &kept.data_type,
            collation: Some("Latin1_General_CI_AI"),
        })
        .collect();
    for (emptied, before, form) in [
        (None, &[][..], TextForm::Text),
        (Some("Long"), &[][..], TextForm::Text),
        (None, &whole[..], TextForm::Text),
        (None, &whole[..], TextForm::Bytes),
        (Some("Long"), &whole[..2], TextForm::Text),
    ] {
        let key = (before.len() != 2).then_some("ID");
        let mut statement = write::remove(&table, emptied, 4000, key, before);
        Writer { names: &names, statement: &mut statement }
            .add(&claim(), "t", &filters()[21])
            .expect("a condition");
        statement.add(&write::removed(key, before, form));
        all.push(statement.sql);
    }
    for (columns, form) in
        [(&stage(false)[..], TextForm::Text), (&stage(true)[14..16], TextForm::Bytes)]
    {
        let columns: Vec<StageColumn> =
            columns.iter().filter(|one| !one.destination.data_type.is_large()).cloned().collect();
        let id = &every_type()[0];
        all.push(alike::find(&table, &columns, &id.into(), &id.data_type, form).sql);
    }
    all
}

fn builder_statements() -> Vec<String> {
    let mut columns: Vec<NewColumn> =
        every_type().into_iter().map(|shape| NewColumn { shape, default: None }).collect();
    columns[0].shape.identity = true;
    for (place, default) in [
        (1, Value::Integer(-1)),
        (4, Value::Bit(false)),
        (8, Value::Float(0.5)),
        (15, Value::Guid(*b"0123456789abcdef")),
        (5, Value::Decimal { value: 5, scale: 1 }),
        (10, Value::DateTime(date_time_from_text("1900-01-01").expect("date"))),
        (16, Value::text("it's")),
        (28, Value::Binary(Vec::new())),
        (29, Value::Null),
    ] {
        columns[place].default = Some(default);
    }
    let table = NewTable {
        name: dbo("OSUSR_abc_Claim"),
        columns,
        primary_key: vec!["ID".to_owned()],
        indexes: vec![NewIndex {
            name: "OSIDX_OSUSR_ABC_CLAIM_5PHONE".to_owned(),
            columns: vec!["Phone".to_owned(), "Long".to_owned()],
            unique: true,
        }],
    };
    let foreign_key = |column: &str, cascade| NewForeignKey {
        name: format!("OSFRK_OSUSR_ABC_CLAIM_{}", column.to_uppercase()),
        column: column.to_owned(),
        parent: dbo("OSUSR_abc_Policy"),
        parent_column: "ID".to_owned(),
        cascade,
    };
    let bare = NewTable {
        name: dbo("OSUSR_abc_Log"),
        columns: vec![NewColumn { shape: column("At", "datetime"), default: None }],
        primary_key: Vec::new(),
        indexes: vec![NewIndex {
            name: "OSIDX_OSUSR_ABC_LOG".to_owned(),
            columns: vec!["At".to_owned()],
            unique: false,
        }],
    };
    vec![
        build::COUNT_OBJECTS.to_owned(),
        build::create_table(&table),
        build::create_table(&bare),
        build::add_foreign_keys(
            &table.name,
            &[foreign_key("Long", true), foreign_key("Small", false)],
        ),
        build::create_trigger(&NewTrigger {
            name: "OSTRG_EI__OSUSR_ABC_CLAIM".to_owned(),
            table: table.name,
            key: "ID".to_owned(),
            filters: vec!["ID".to_owned(), "POLICYID".to_owned()],
            event_table: dbo("OSEVT_abc_Claim"),
            queue: dbo("OSSYS_BPM_EVENT_QUEUE"),
            on_update: false,
            is_light: false,
        }),
    ]
}

#[test]
fn every_statement_is_pinned() {
    let mut all = vec![prologue("run:c1")];
    all.extend([ONE_INSTANT, ONE_INSTANT_OF_A_SECONDARY].map(str::to_owned));
    all.extend(source_statements());
    all.extend(destination_statements());
    all.extend(builder_statements());
    all.extend(scripts::script_statements());
    insta::assert_snapshot!(all.join("\n--//--\n"));
}

/// A statement without literals and quoted names.
fn bare(sql: &str) -> String {
    let mut bare = String::new();
    let mut until = None;
    for character in sql.chars() {
        match (until, character) {
            (Some(end), character) if character == end => until = None,
            (Some(_), _) => {}
            (None, '\'') => until = Some('\''),
            (None, '[') => until = Some(']'),
            (None, character) => bare.push(character.to_ascii_uppercase()),
        }
    }
    bare
}

#[test]
fn a_source_only_reads() {
    for sql in source_statements() {
        let bare = bare(&sql);
        // Scripts end each statement with one.
        for part in bare.split(';').filter(|part| !part.trim().is_empty()) {
            assert!(part.trim_start().starts_with("SELECT "), "{sql}");
        }
        for word in bare.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let writes = [
                "INSERT",
                "UPDATE",
                "DELETE",
                "MERGE",
                "INTO",
                "EXEC",
                "EXECUTE",
                "CREATE",
                "ALTER",
                "DROP",
                "TRUNCATE",
                "GRANT",
                "BULK",
                "OPENQUERY",
                "OPENROWSET",
            ];
            assert!(!writes.contains(&word), "{word} in {sql}");
        }
    }
    for set_up in [prologue("").as_str(), ONE_INSTANT, ONE_INSTANT_OF_A_SECONDARY] {
        for part in set_up.trim_end_matches(';').split(';') {
            assert!(part.trim_start().starts_with("SET "), "{part}");
        }
    }
}

#[test]
fn a_source_never_reads_without_locks() {
    let all = [source_statements(), destination_statements()].concat();
    assert!(all.iter().all(|sql| !sql.to_uppercase().contains("NOLOCK")));
    assert!(all.iter().all(|sql| !sql.to_uppercase().contains("READ UNCOMMITTED")));
}

#[test]
fn what_is_counted_at_once_is_neither_a_request_each_nor_one_without_end() {
    let values = (0..4_000).map(|n| Filter::Equals("ID".to_owned(), Value::Integer(n)));
    let few = (claim(), Filter::All);
    let many = (claim(), Filter::Or(values.collect()));
    let asked: Vec<_> = std::iter::repeat_n(few, 50).chain(std::iter::repeat_n(many, 4)).collect();
    let statements = read::counts(&names(), &asked).expect("statements");
    let counts = |statement: &Statement| statement.sql.matches("COUNT_BIG").count();
    assert_eq!(statements.iter().map(counts).collect::<Vec<_>>(), [51, 1, 1, 1]);
}

#[test]
fn more_values_than_parameters_are_written_out() {
    let names = names();
    let values = (0..3_000).map(|n| Value::text(&format!("it's {n}"))).collect();
    let filter = Filter::AnyOf("Odd]Name".to_owned(), values);
    let statement = read::count(&names, &claim(), &filter, "").expect("a statement");
    assert_eq!(statement.parameters.len(), MOST_PARAMETERS);
    assert!(statement.sql.contains("N'it''s 2999'"));
}
