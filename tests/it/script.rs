//! Rows written down as a script: what the database's own tools make of it is what was written.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::database::{
    Batch, ColumnShape, ColumnType, ConnectionSpec, Destination, ScriptTable, ScriptWork,
    TableName, Value, ValueKind, date_time_from_text, open_destination,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::port::{batch, build, column, identity, new_table, read_all, text};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    literals_are_the_values,
    rows_without_a_key_come_back_once,
    references_are_set_where_they_are_empty,
);

/// Every type that is moved, first the key.
fn every_type() -> Vec<ColumnShape> {
    let mut columns = vec![identity("Id", "bigint")];
    columns.extend(
        [
            "int",
            "bigint",
            "smallint",
            "tinyint",
            "bit",
            "decimal(37,8)",
            "decimal(5,0)",
            "money",
            "smallmoney",
            "float",
            "real",
            "datetime",
            "smalldatetime",
            "datetime2(7)",
            "date",
            "time(7)",
            "uniqueidentifier",
            "nvarchar(60)",
            "nvarchar(max)",
            "varchar(60)",
            "varchar(max)",
            "ntext",
            "text",
            "varbinary(30)",
            "varbinary(max)",
            "image",
        ]
        .iter()
        .enumerate()
        .map(|(place, data_type)| column(&format!("C{place}"), data_type)),
    );
    columns
}

/// Points in time from one to another, in steps of so many 100-nanosecond steps.
fn moments(first: &str, last: &str, step: i64) -> BoxedStrategy<Value> {
    let ticks = |text: &str| date_time_from_text(text).expect(text) / step;
    (ticks(first)..=ticks(last)).prop_map(move |at| Value::DateTime(at * step)).boxed()
}

/// Points in time in steps of 1/300 s.
fn three_hundredths() -> BoxedStrategy<Value> {
    let seconds = |text: &str| date_time_from_text(text).expect(text) / 10_000_000;
    (seconds("1753-01-01")..seconds("9999-12-31"), 0..300_i64)
        .prop_map(|(second, part)| Value::DateTime(second * 10_000_000 + (part * 200_000 + 3) / 6))
        .boxed()
}

/// Texts that the type can keep; `plain` where the server keeps no NUL.
fn texts(data_type: &ColumnType, plain: bool) -> BoxedStrategy<Value> {
    let most = data_type.max_length().unwrap_or(40);
    let narrow = data_type.is_code_page();
    let traps = ["\r\nGO\r\n", "$(x)", "''", "\\\n", "<000A>", "é", " ", "-- ", "\t", "%"];
    let wide = ["漢", "🚚", "\u{2028}", "ß", "\u{301}"];
    let odd = ["\0", "\u{1}", "\n<000A>"];
    let mut parts: Vec<String> = traps.iter().map(|part| (*part).to_owned()).collect();
    if !narrow {
        parts.extend(wide.iter().map(|part| (*part).to_owned()));
    }
    if !plain {
        parts.extend(odd.iter().map(|part| (*part).to_owned()));
    }
    let long = data_type.is_large();
    let part = prop_oneof![proptest::sample::select(parts), "[ -;=?-~]{0,9}"];
    (proptest::collection::vec(part, 0..12), 0..20_u8)
        .prop_map(move |(parts, times)| {
            let mut whole = parts.concat();
            if long && times == 7 {
                whole = whole.repeat(1 + 9_000 / whole.len().max(1));
            }
            while whole.encode_utf16().count() > most && !long {
                whole.pop();
            }
            // What stands at the end of a fixed length is not to be told from filling.
            Value::text(&whole)
        })
        .boxed()
}

fn values(column: &ColumnShape, plain: bool) -> BoxedStrategy<Value> {
    let data_type = column.data_type.clone();
    // The test server keeps microseconds.
    let finest = if plain { 10 } else { 1 };
    let some = match data_type.kind().expect("a type that is moved") {
        ValueKind::Integer => {
            let (least, most) = data_type.integer_range().expect("a range");
            prop_oneof![(least..=most), Just(least), Just(most)].prop_map(Value::Integer).boxed()
        }
        ValueKind::Bit => any::<bool>().prop_map(Value::Bit).boxed(),
        ValueKind::Decimal => {
            let (precision, scale) = data_type.decimal().expect("digits");
            // smallmoney ends before its last digit does.
            let least = if data_type == ColumnType::SmallMoney { 1 } else { 0 };
            let most = match data_type {
                // A file keeps it as a number.
                ColumnType::Money => 999_999_999_999_999,
                _ => 10_i128.pow(u32::from(precision - least)) - 1,
            };
            prop_oneof![-most..=most, Just(most), Just(-most), -9..=9_i128]
                .prop_map(move |value| Value::Decimal { value, scale })
                .boxed()
        }
        ValueKind::Float if data_type == ColumnType::Real => {
            let number = any::<f32>().prop_filter("normal", |number| number.is_normal());
            number.prop_map(|number| Value::Float(f64::from(number))).boxed()
        }
        ValueKind::Float => {
            let number = any::<f64>().prop_filter("normal", |number| number.is_normal());
            number.prop_map(Value::Float).boxed()
        }
        ValueKind::DateTime => match data_type {
            ColumnType::DateTime => three_hundredths(),
            ColumnType::SmallDateTime => moments("1900-01-01", "2079-06-06", 600_000_000),
            ColumnType::Date => moments("0001-01-02", "9999-12-30", 864_000_000_000),
            ColumnType::Time { .. } => {
                moments("1900-01-01 00:00:00", "1900-01-01 23:59:59.9999999", finest)
            }
            _ => moments("0001-01-01", "9999-12-31 23:59:59.9999999", finest),
        },
        ValueKind::Guid => any::<[u8; 16]>().prop_map(Value::Guid).boxed(),
        ValueKind::Text => texts(&data_type, plain),
        ValueKind::Binary => {
            let most = data_type.max_length().unwrap_or(9_000);
            proptest::collection::vec(any::<u8>(), 0..=most).prop_map(Value::Binary).boxed()
        }
    };
    prop_oneof![1 => Just(Value::Null), 6 => some].boxed()
}

/// Rows by chance, with ids of their own.
fn rows(columns: &[ColumnShape], count: usize, plain: bool) -> Vec<Vec<Value>> {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let each: Vec<BoxedStrategy<Value>> =
        columns[1..].iter().map(|column| values(column, plain)).collect();
    let mut rows = Vec::new();
    for id in 0..count {
        let mut row = vec![Value::Integer(id as i64 * 3 - 20)];
        row.extend(each.iter().map(|one| one.new_tree(&mut runner).expect("a value").current()));
        rows.push(row);
    }
    // Half of a pair of surrogates, where the server keeps such.
    if !plain {
        for row in &mut rows {
            for (value, column) in row.iter_mut().zip(columns) {
                let is_wide =
                    matches!(column.data_type, ColumnType::NVarChar(_) | ColumnType::NText);
                if is_wide && *value == Value::Null {
                    *value = Value::Text(vec![b'x', 0xED, 0xA0, 0xBD]);
                }
            }
        }
    }
    rows
}

/// A script about one table.
fn written(destination: &dyn Destination, table: &ScriptTable, rows: &[&Batch]) -> String {
    let script = destination.script().expect("an engine with tools");
    let mut text = script.head(&["A script\nof a test".to_owned()], "put-back.sql", "ALTER");
    text.push_str(&script.begin(table));
    for rows in rows {
        text.push_str(&script.rows(table, rows).expect("rows"));
    }
    text + &script.end(table)
}

async fn carry_out(engine: &TestEngine, spec: &ConnectionSpec, script: &str) {
    match (engine, spec) {
        (TestEngine::SqlServer(server, _), ConnectionSpec::SqlServer(spec)) => {
            server.carry_out(&spec.database, script).await;
        }
        (_, ConnectionSpec::Sqlite { path }) => {
            let connection = rusqlite::Connection::open(path).expect("a file");
            connection.execute_batch(script).expect("it runs");
        }
        _ => unreachable!("an engine of another kind"),
    }
}

async fn destination(spec: &ConnectionSpec) -> Box<dyn Destination> {
    open_destination(spec).await.expect("a destination")
}

async fn literals_are_the_values(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let columns = every_type();
    let table = new_table("OSUSR_x_Every", columns.clone(), &["Id"]);
    build(&spec, vec![table]).await.finish().await.expect("finished");
    let destination = destination(&spec).await;
    let expected = rows(&columns, 700, destination.facts().stand_in);
    let all = batch(&columns, &expected);
    let table = ScriptTable {
        table: TableName::new("OSUSR_x_Every"),
        columns: columns.clone(),
        key: vec![0],
        work: ScriptWork::Insert,
    };
    let script = written(destination.as_ref(), &table, &[&all]);
    for _ in 0..2 {
        carry_out(engine, &spec, &script).await;
        let found = read_all(destination.as_ref(), "OSUSR_x_Every", &columns).await;
        assert_eq!(found.len(), expected.len());
        for (found, wanted) in found.iter().zip(&expected) {
            for ((found, wanted), column) in found.iter().zip(wanted).zip(&columns) {
                assert!(
                    is_same(found, wanted, column),
                    "{} {}: {found:?} instead of {wanted:?}",
                    column.name,
                    column.data_type
                );
            }
        }
    }
}

/// Whether it is the same. A file shows the steps of `datetime` in thousandths of a second.
fn is_same(found: &Value, wanted: &Value, column: &ColumnShape) -> bool {
    let step = |ticks: &i64| (i128::from(*ticks) * 3 + 50_000).div_euclid(100_000);
    match (found, wanted) {
        (Value::DateTime(found), Value::DateTime(wanted))
            if column.data_type == ColumnType::DateTime =>
        {
            step(found) == step(wanted)
        }
        _ => found == wanted,
    }
}

async fn rows_without_a_key_come_back_once(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let columns = vec![column("Label", "nvarchar(50)"), column("Number", "int")];
    let table = new_table("OSUSR_x_Log", columns.clone(), &[]);
    build(&spec, vec![table]).await.finish().await.expect("finished");
    let destination = destination(&spec).await;
    let label =
        |number: i64| vec![text(if number % 2 == 0 { "a" } else { "A" }), Value::Integer(1)];
    let lots: Vec<Vec<Value>> = (0..1_200).map(label).collect();
    let (first, second) = (batch(&columns, &lots[..5]), batch(&columns, &lots[5..]));
    let rows = lots.len() as u64;
    let table = ScriptTable {
        table: TableName::new("OSUSR_x_Log"),
        columns: columns.clone(),
        key: Vec::new(),
        work: ScriptWork::InsertAll { there: 0, rows },
    };
    let script = written(destination.as_ref(), &table, &[&first, &second]);
    for _ in 0..2 {
        carry_out(engine, &spec, &script).await;
        let found = read_all(destination.as_ref(), "OSUSR_x_Log", &columns).await;
        let large = found.iter().filter(|row| row[0] == text("A")).count();
        assert_eq!((found.len(), large), (1_200, 600));
    }
    // Somebody has added a row: nobody can tell any more which are back.
    let other = ScriptTable { work: ScriptWork::InsertAll { there: 7, rows: 1 }, ..table };
    let script = written(destination.as_ref(), &other, &[&batch(&columns, &lots[..1])]);
    let refused = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(carry_out(
        engine, &spec, &script,
    )));
    assert!(refused.await.is_err(), "it was not refused");
    let found = read_all(destination.as_ref(), "OSUSR_x_Log", &columns).await;
    assert_eq!(found.len(), 1_200, "rows were added");
}

async fn references_are_set_where_they_are_empty(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let columns = vec![identity("Id", "int"), column("Other", "int")];
    let table = new_table("OSUSR_x_Link", columns.clone(), &["Id"]);
    build(&spec, vec![table]).await.finish().await.expect("finished");
    let destination = destination(&spec).await;
    let numbers = |rows: &[(i64, Option<i64>)]| {
        let value = |number: Option<i64>| number.map_or(Value::Null, Value::Integer);
        let rows: Vec<Vec<Value>> =
            rows.iter().map(|(id, other)| vec![Value::Integer(*id), value(*other)]).collect();
        rows
    };
    let insert = ScriptTable {
        table: TableName::new("OSUSR_x_Link"),
        columns: columns.clone(),
        key: vec![0],
        work: ScriptWork::Insert,
    };
    let there = batch(&columns, &numbers(&[(1, None), (2, Some(5)), (3, None)]));
    carry_out(engine, &spec, &written(destination.as_ref(), &insert, &[&there])).await;
    let set = ScriptTable { work: ScriptWork::Set, ..insert };
    let wanted = batch(&columns, &numbers(&[(1, Some(2)), (2, Some(1)), (9, Some(1))]));
    carry_out(engine, &spec, &written(destination.as_ref(), &set, &[&wanted])).await;
    let found = read_all(destination.as_ref(), "OSUSR_x_Link", &columns).await;
    assert_eq!(found, numbers(&[(1, Some(2)), (2, Some(5)), (3, None)]));
}
