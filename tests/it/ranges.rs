//! Ids that a run reserves and gives itself: the same rows come of it as in the ordinary way,
//! whatever is refused on the way, and nobody else is ever given one of them.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod scene;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use osferry::database::{
    ColumnRef, ColumnShape, Destination, EngineKind, FaultKind, Filter, InsertTarget, NewIndex,
    NewTable, Right, RowsRequest, TableName, Value, Writer, open_destination, open_source,
};
use osferry::migrate::journal::{BatchKind, Journal};
use osferry::migrate::{RunEnd, check_destination, rights_in_destination};
use osferry::outsystems::Side;
use osferry::plan::{IdentifierPlan, Plan, RunOptions};

use crate::estate::judge::judge;
use crate::estate::model::{Cell, Entity, EntityKey, Pair, Rule, Target};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::{Feature, Recipe};
use crate::exact::case::Case;
use crate::exact::over_memory::small;
use crate::exact::undo::differences;
use crate::port::{
    batch, build, column, commit, filled, identity, insert, new_table, numbered, read_all, refs,
    session, text,
};
use crate::program::Bench;
use crate::rejects::{id_of, is_row, numbered as is_numbered, pair, refuse, rejects, undone};
use crate::support::calling::Call;
use crate::support::engine::TestEngine;
use crate::support::restricted::Restricted;
use scene::{Scene, delete, least, nothing, of_somebody, plain};

crate::on_both_engines!(
    ids_are_reserved_once,
    a_table_without_ids_to_give_has_none_to_reserve,
    an_identity_without_room_has_none_to_reserve,
    rows_with_reserved_ids_come_back,
    what_is_refused_leaves_the_session_usable,
    rows_come_to_the_same_with_ids_of_our_own,
    references_to_rows_before_need_no_second_pass,
    a_row_refused_among_others_is_found,
    a_row_that_an_index_refuses_is_found,
    ids_of_others_lie_outside,
    ids_that_somebody_took_stop_the_run,
    rights_that_lack_are_named_before_the_run,
);

const THING: &str = "OSUSR_x_Thing";
const OPTION: &str = "identity_ranges = true";

fn thing() -> TableName {
    TableName::new(THING)
}

fn key() -> ColumnRef {
    refs(&numbered()).remove(0)
}

async fn give(destination: &dyn Destination, label: &str) -> i64 {
    let columns = &numbered()[1..];
    let mut writer = destination.writer(&session("give")).await.expect("a writer");
    let rows = batch(columns, &[vec![text(label), Value::Null]]);
    insert(&mut writer, THING, columns, &rows, Some("Id")).await[0]
}

/// Inserts rows with ids from this one on.
async fn put(
    writer: &mut Box<dyn Writer>,
    table: &str,
    columns: &[ColumnShape],
    first: i64,
    rows: &[Vec<Value>],
) -> osferry::database::Result<()> {
    let target =
        InsertTarget { table: TableName::new(table), columns: columns.to_vec(), identity: None };
    let rows: Vec<Vec<Value>> = (first..)
        .zip(rows)
        .map(|(id, row)| [&[Value::Integer(id)], row.as_slice()].concat())
        .collect();
    writer.begin().await.expect("begin");
    let last = first + 1_000;
    writer.insert_reserved(&target, &batch(columns, &rows), last).await
}

async fn ids_are_reserved_once(engine: &TestEngine) {
    // One that has rows, and one that never had any.
    for rows in [5, 0] {
        let (_, destination) = filled(engine, rows).await;
        let destination = destination.as_ref();
        let reserve = async |rows| {
            destination.reserve_ids(&thing(), &key(), rows).await.expect("ids").expect("some")
        };
        let first = reserve(100).await;
        assert!(first > rows as i64, "{first}");
        let theirs = give(destination, "theirs").await;
        assert!(theirs > first + 99, "{theirs} of {first}");
        let second = reserve(10).await;
        assert!(second > theirs, "{second} of {theirs}");
        let mut writer = destination.writer(&session("own")).await.expect("a writer");
        let ours = [vec![text("one"), Value::Null], vec![text("two"), Value::Integer(7)]];
        put(&mut writer, THING, &numbered(), first, &ours).await.expect("inserted");
        commit(&mut writer).await;
        let theirs = give(destination, "theirs again").await;
        assert!(theirs > second + 9, "{theirs} of {second}");
        put(&mut writer, THING, &numbered(), second + 9, &ours[..1]).await.expect("inserted");
        commit(&mut writer).await;
        let theirs = give(destination, "theirs once more").await;
        assert!(theirs > second + 9, "{theirs} of {second}");
        let all = read_all(destination.as_source(), THING, &numbered()).await;
        let labels =
            |id| all.iter().find(|row| row[0] == Value::Integer(id)).expect("it")[1].clone();
        assert_eq!([labels(first), labels(first + 1)], [text("one"), text("two")]);
        assert_eq!(all.len(), rows + 6);
    }
}

async fn a_table_without_ids_to_give_has_none_to_reserve(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let coded = vec![column("Code", "nvarchar(36)"), column("Label", "nvarchar(50)")];
    let plain = vec![column("Id", "int"), column("Label", "nvarchar(50)")];
    let tables = vec![
        new_table("OSUSR_x_Coded", coded.clone(), &["Code"]),
        new_table("OSUSR_x_Plain", plain.clone(), &["Id"]),
    ];
    build(&spec, tables).await.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    for (table, columns) in [("OSUSR_x_Coded", &coded), ("OSUSR_x_Plain", &plain)] {
        let key = refs(columns).remove(0);
        let reserved = destination.reserve_ids(&TableName::new(table), &key, 10).await;
        assert_eq!(reserved.expect("an answer"), None, "{table}");
    }
}

async fn an_identity_without_room_has_none_to_reserve(engine: &TestEngine) {
    // A file's identifiers have 64 bits whatever their type is.
    let most = match engine.kind() {
        EngineKind::Sqlite => i64::MAX as u64,
        EngineKind::SqlServer => i32::MAX as u64,
    };
    let (_, destination) = filled(engine, 3).await;
    let reserve = async |rows| destination.reserve_ids(&thing(), &key(), rows).await.expect("ids");
    assert_eq!(reserve(most).await, None);
    assert_eq!(reserve(u64::MAX).await, None);
    // Nothing was changed by that.
    assert_eq!(give(destination.as_ref(), "next").await, 4);
    let few = most - 100;
    assert!(reserve(few).await.is_some());
    assert_eq!(reserve(few).await, None);
}

async fn rows_with_reserved_ids_come_back(engine: &TestEngine) {
    let mut columns = vec![
        identity("Id", "bigint"),
        column("ItsText", "nvarchar(50)"),
        column("ItsHuge", "nvarchar(max)"),
        column("ItsNumber", "int"),
        column("ItsLong", "bigint"),
        column("ItsSmall", "smallint"),
        column("ItsTiny", "tinyint"),
        column("ItsAmount", "decimal(10,2)"),
        column("ItsFlag", "bit"),
        column("ItsTime", "datetime"),
        column("ItsBlob", "varbinary(max)"),
        column("ItsHash", "varbinary(32)"),
        column("ItsKey", "uniqueidentifier"),
        column("ItsRatio", "float"),
        column("ItsMust", "int"),
        column("ItsToo", "nvarchar(20)"),
    ];
    for must in &mut columns[14..] {
        must.nullable = false;
    }
    // A NULL that is sent stays NULL.
    for default in &mut columns[1..4] {
        default.has_default = true;
    }
    let mut table = new_table("OSUSR_x_All", columns.clone(), &["Id"]);
    table.columns[1].default = Some(text("a default"));
    table.columns[2].default = Some(text("another"));
    table.columns[3].default = Some(Value::Integer(42));
    let spec = engine.scratch().await;
    build(&spec, vec![table]).await.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let full = |label: &str, huge: Value, blob: Value| {
        vec![
            text(label),
            huge,
            Value::Integer(i64::from(i32::MIN)),
            Value::Integer(i64::MAX),
            Value::Integer(-32768),
            Value::Integer(255),
            Value::Decimal { value: -1_234_567_890, scale: 2 },
            Value::Bit(true),
            Value::DateTime(636_000_000_000_000_000),
            blob,
            Value::Binary(vec![7; 32]),
            Value::Guid(*b"0123456789abcdef"),
            Value::Float(1.5e-300),
            Value::Integer(-1),
            text("\u{1F600} ' ]"),
        ]
    };
    let mut empty = vec![Value::Null; 13];
    empty.extend([Value::Integer(1), text("")]);
    let small = || Value::Binary(vec![0, 255]);
    let lone = || Value::Text(b"half \xED\xA0\x80 a pair".to_vec());
    let mut batches = vec![
        vec![full("plain", text("short"), small()), empty.clone()],
        vec![full("edge", text(&"é".repeat(32_767)), small()), empty.clone()],
        vec![full("large text", text(&"é".repeat(40_000)), small()), empty.clone()],
        vec![empty, full("large binary", text(""), Value::Binary(vec![9; 70_000]))],
    ];
    if engine.kind() == EngineKind::Sqlite || !destination.facts().stand_in {
        batches.push(vec![full("half", lone(), small())]);
    }
    let mut writer = destination.writer(&session("all")).await.expect("a writer");
    let mut expected = Vec::new();
    let name = TableName::new("OSUSR_x_All");
    for rows in batches {
        let key = refs(&columns).remove(0);
        let reserved = destination.reserve_ids(&name, &key, rows.len() as u64).await;
        let first = reserved.expect("ids").expect("some");
        put(&mut writer, "OSUSR_x_All", &columns, first, &rows).await.expect("inserted");
        commit(&mut writer).await;
        expected
            .extend((first..).zip(rows).map(|(id, row)| [vec![Value::Integer(id)], row].concat()));
    }
    let back = read_all(destination.as_source(), "OSUSR_x_All", &columns).await;
    assert_eq!(back.len(), expected.len());
    for (back, expected) in back.iter().zip(&expected) {
        for ((back, expected), column) in back.iter().zip(expected).zip(&columns) {
            assert!(back == expected, "{}: {expected:.200} became {back:.200}", column.name);
        }
    }
}

async fn what_is_refused_leaves_the_session_usable(engine: &TestEngine) {
    let spec = engine.scratch().await;
    let mut columns =
        vec![identity("Id", "int"), column("Label", "nvarchar(5)"), column("Key", "int")];
    columns[2].nullable = false;
    let wide =
        vec![identity("Id", "int"), column("Label", "nvarchar(50)"), column("Key", "bigint")];
    let table = NewTable {
        indexes: vec![NewIndex {
            name: "OSIDX_Strict".to_owned(),
            columns: vec!["Key".to_owned()],
            unique: true,
        }],
        ..new_table("OSUSR_x_Strict", columns.clone(), &["Id"])
    };
    build(&spec, vec![table]).await.finish().await.expect("finished");
    let destination = open_destination(&spec).await.expect("a destination");
    let name = TableName::new("OSUSR_x_Strict");
    let reserved = destination.reserve_ids(&name, &refs(&columns).remove(0), 100).await;
    let first = reserved.expect("ids").expect("some");
    let mut writer = destination.writer(&session("strict")).await.expect("a writer");
    let row = |label: &str, key: i64| vec![text(label), Value::Integer(key)];
    put(&mut writer, "OSUSR_x_Strict", &columns, first, &[row("a", 1)]).await.expect("inserted");
    commit(&mut writer).await;
    for (why, at, bad) in [
        ("the index", first + 10, row("b", 1)),
        ("the id", first - 1, row("b", 2)),
        ("NULL", first + 10, vec![text("b"), Value::Null]),
        ("its length", first + 10, row("123456", 2)),
        ("its width", first + 10, row("b", 1 << 40)),
    ] {
        let rows = [row("good", 3), bad];
        let target = InsertTarget { table: name.clone(), columns: columns.clone(), identity: None };
        let rows: Vec<Vec<Value>> = (at..)
            .zip(&rows)
            .map(|(id, row)| [&[Value::Integer(id)], row.as_slice()].concat())
            .collect();
        writer.begin().await.expect("begin");
        let refused = writer.insert_reserved(&target, &batch(&wide, &rows), first + 99).await;
        let fault = refused.expect_err(why);
        assert_eq!(fault.kind, FaultKind::Refused, "{why}: {fault}");
        writer.rollback().await.expect("rolled back");
        assert_eq!(destination.count(&name, &Filter::All).await.expect("count"), 1, "{why}");
    }
    put(&mut writer, "OSUSR_x_Strict", &columns, first + 20, &[row("c", 2)])
        .await
        .expect("inserted");
    commit(&mut writer).await;
    assert_eq!(destination.count(&name, &Filter::All).await.expect("count"), 2);
}

/// The ids that a run reserved, by the place of the entity.
fn reserved(journal: &Path) -> Vec<(usize, i64, i64)> {
    let journal = Journal::open(journal).expect("a journal");
    let plan = journal.plan().expect("a plan");
    let of = |place| {
        let (first, last) = journal.reserved(place).expect("steps")?;
        Some((place, first, last))
    };
    (0..plan.entities.len()).filter_map(of).collect()
}

/// A run of the program with ids of its own, with its report.
fn carried(bench: &Bench, options: &[&str], code: i32) -> serde_json::Value {
    let all: Vec<&str> = options.iter().copied().chain([OPTION]).collect();
    let report = crate::rejects::run(bench, &all, code);
    let run = bench.folder.path().join("home/runs").join(id_of(&report));
    assert!(!reserved(&run).is_empty(), "no ids were reserved");
    report
}

async fn rows_come_to_the_same_with_ids_of_our_own(engine: &TestEngine) {
    let seeds = if engine.is_slow() { 1 } else { 4 };
    let mut tried = 0;
    for seed in 40.. {
        let large = [Feature::NarrowerExceeding];
        let mut recipe = Recipe::full(seed, 2);
        recipe.features.retain(|feature| !large.contains(feature));
        if engine.is_slow() {
            recipe = Recipe { size: 1, ..small(seed) };
        }
        let Some(case) = Case::of(&recipe) else { continue };
        let bench = Bench::on(engine, &case.pair, seed);
        let before = bench.databases.made(Side::Destination);
        let report = carried(&bench, &["batch_rows = 7"], 0);
        assert_eq!(report["verdict"], "proved", "{report}");
        let troubles = case.troubles(&before, &bench.databases.read(Side::Destination));
        assert!(troubles.is_empty(), "{recipe:?}\n{}", troubles.join("\n"));
        assert!(bench.source_unchanged());
        let said =
            bench.osferry(&["undo", &id_of(&report), "--confirm", &bench.destination_name()]);
        assert_eq!(said.code, Some(0), "{}", said.all());
        let troubles = differences(&before, &bench.databases.read(Side::Destination));
        assert!(troubles.is_empty(), "{recipe:?}\n{}", troubles.join("\n"));
        tried += 1;
        if tried == seeds {
            return;
        }
    }
}

/// A pair with an entity whose rows refer to one another: its rows, in the order of their ids, refer
/// to the rows at these places.
fn family(refers: &[Option<usize>]) -> (Pair, EntityKey) {
    let own = |entity: &Entity| {
        let to = Target::Entity(entity.full_key());
        let mut all = entity.attributes.iter();
        all.find(|one| one.target() == Some(&to) && one.may_be_emptied()).map(|one| one.key.clone())
    };
    let (mut made, key, own) = (0..)
        .find_map(|seed| {
            let made = pair(seed, &[Feature::SelfReference]);
            let all = made.source.entities.iter();
            let mut all = all.filter(|entity| is_numbered(entity, refers.len()));
            let (key, own) = all.find_map(|entity| Some((entity.full_key(), own(entity)?)))?;
            Some((made, key, own))
        })
        .expect("some pair has one");
    for side in [&mut made.source, &mut made.destination] {
        let entity = side.entity_mut(&key).expect("it is there");
        let own = entity.attributes.iter_mut().find(|one| one.key == own);
        own.expect("there too").rule = Rule::Protect;
    }
    let entity = made.source.entity_mut(&key).expect("it is there");
    let unsorted = entity.clone();
    entity.rows.sort_by_key(|row| crate::rejects::id(&unsorted, row));
    let ids: Vec<i64> = entity.rows.iter().map(|row| crate::rejects::id(&unsorted, row)).collect();
    for (place, row) in entity.rows.iter_mut().enumerate() {
        let to = refers.get(place).copied().flatten();
        row.cells.insert(own.clone(), to.map_or(Cell::Null, |to| Cell::Int(ids[to])));
    }
    (made, key)
}

/// The references that a run has set in its second pass.
fn set_late(bench: &Bench, report: &serde_json::Value) -> u64 {
    let run = bench.folder.path().join("home/runs").join(id_of(report));
    let journal = Journal::open(&run).expect("a journal");
    let late = journal.of_kind(BatchKind::SecondPass).expect("batches");
    late.iter().map(|batch| batch.rows).sum()
}

async fn references_to_rows_before_need_no_second_pass(engine: &TestEngine) {
    // In its own batch, to itself, to a row that is still to come, to one of an earlier batch.
    let refers = [None, Some(0), Some(2), Some(4), Some(1), None];
    let (pair, key) = family(&refers);
    let bench = Bench::on(engine, &pair, 4);
    let before = bench.databases.made(Side::Destination);
    let report = carried(&bench, &["batch_rows = 3"], 0);
    assert_eq!(report["verdict"], "proved", "{report}");
    let Verdict::Done(expected) = migrate(&pair) else { panic!("a sound pair") };
    let after = bench.databases.read(Side::Destination);
    let troubles = judge(&before, &after, &expected, &pair.destination);
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
    assert_eq!(set_late(&bench, &report), 1, "only the one to a row that was still to come");
    undone(&bench, &report);
    // A row that is refused takes the reference to it along, and no other.
    let bench = Bench::on(engine, &pair, 4);
    let entity = pair.source.entity(&key).expect("it is there");
    let there = pair.destination.entity(&key).expect("it is there");
    refuse(&bench, "KEEPER", &there.table, "INSERT", &is_row(&pair, entity, &entity.rows[1]));
    let report = carried(&bench, &["batch_rows = 3"], 1);
    assert_eq!(report["verdict"], "proved-with-rejects", "{report}");
    let emptied = report["entities"].as_array().expect("entities").iter();
    let emptied = emptied.filter_map(|entity| entity["emptied"].as_array()).flatten();
    let emptied: u64 = emptied.filter_map(|one| one["count"].as_u64()).sum();
    assert_eq!(emptied, 1, "{report}");
    undone(&bench, &report);
}

async fn a_row_refused_among_others_is_found(engine: &TestEngine) {
    let pair = pair(4, &[]);
    let entity = pair.source.entities.iter().find(|e| is_numbered(e, 6)).expect("one").clone();
    let there = pair.destination.entity(&entity.full_key()).expect("it is there").clone();
    let bench = Bench::on(engine, &pair, 4);
    let conditions: Vec<String> =
        [1, 4].iter().map(|place| is_row(&pair, &entity, &entity.rows[*place])).collect();
    refuse(&bench, "KEEPER", &there.table, "INSERT", &conditions.join(" OR "));
    let report = carried(&bench, &["parallel_entities = 1"], 1);
    assert_eq!(report["verdict"], "proved-with-rejects");
    let lines = rejects(&bench, &report);
    let refused: BTreeSet<i64> =
        [1, 4].iter().map(|place| crate::rejects::id(&entity, &entity.rows[*place])).collect();
    for id in refused {
        assert!(lines.iter().any(|line| line.contains(&format!(",{id},,trigger,"))), "{lines:?}");
    }
    undone(&bench, &report);
}

async fn ids_of_others_lie_outside(engine: &TestEngine) {
    let (case, bench) = plain(engine);
    let before = bench.databases.made(Side::Destination);
    let scene = Scene::of(engine, &bench).await;
    let (spec, table) = (scene.specs[1].clone(), scene.table());
    let given = Arc::new(Mutex::new(None));
    let note = Arc::clone(&given);
    let meanwhile: Call = Arc::new(move || {
        let (spec, table, note) = (spec.clone(), table.clone(), Arc::clone(&note));
        async move {
            let destination = open_destination(&spec).await.expect("past the run");
            let id = of_somebody(destination.as_ref(), &table).await;
            *note.lock().expect("a note") = Some(id);
        }
        .boxed()
    });
    let end = scene.carry(meanwhile).await;
    assert!(matches!(end, RunEnd::Written), "{end:?}");
    let theirs = given.lock().expect("a note").take().expect("somebody was there");
    let (first, last) = scene.range();
    assert!(theirs > last, "{theirs} lies in {first} to {last}");
    let ids = scene.ids();
    assert!(ids.iter().all(|id| (first..=last).contains(id)), "{ids:?} of {first} to {last}");
    // Nothing else is there but these two rows; an index may want them one at a time.
    delete(&bench, &scene, theirs);
    let destination = open_destination(&scene.specs[1]).await.expect("a destination");
    let after = of_somebody(destination.as_ref(), &scene.table()).await;
    assert!(after > last && after != theirs, "{after} of {first} to {last}");
    delete(&bench, &scene, after);
    let troubles = case.troubles(&before, &bench.databases.read(Side::Destination));
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

async fn ids_that_somebody_took_stop_the_run(engine: &TestEngine) {
    let (case, bench) = plain(engine);
    let before = bench.databases.made(Side::Destination);
    let scene = Scene::of(engine, &bench).await;
    let (spec, table) = (scene.specs[1].clone(), scene.table());
    let journal = scene.journal();
    let place = scene.place;
    let meanwhile: Call = Arc::new(move || {
        let (spec, table, journal) = (spec.clone(), table.clone(), journal.clone());
        async move {
            let all = reserved(&journal);
            let (_, first, _) = all.iter().find(|(at, ..)| *at == place).expect("a range");
            let destination = open_destination(&spec).await.expect("past the run");
            let (columns, row) = least(destination.as_ref(), &table).await;
            let shape = destination.shape(&table).await.expect("a shape").expect("a table");
            let mut columns = columns;
            columns.insert(0, shape.identity().expect("an identity").clone());
            let row = [vec![Value::Integer(first + 5)], row].concat();
            let target =
                InsertTarget { table: table.clone(), columns: columns.clone(), identity: None };
            let mut writer = destination.writer(&session("thief")).await.expect("a writer");
            writer.begin().await.expect("begun");
            writer.insert(&target, &batch(&columns, &[row])).await.expect("inserted");
            commit(&mut writer).await;
        }
        .boxed()
    });
    let end = scene.carry(meanwhile).await;
    let RunEnd::Stopped(fault) = &end else { panic!("{end:?}") };
    assert!(fault.what.contains("were reserved for this run"), "{fault}");
    assert!(fault.next.contains("osferry resume"), "{fault}");
    let stolen = Journal::open(&scene.journal()).expect("a journal");
    let rejected = stolen.left_out(scene.place).expect("rows");
    assert!(rejected.iter().all(|row| row.planned), "{rejected:?}");
    drop(stolen);
    let theirs = scene.ids().iter().max().expect("a batch") + 2;
    let end = scene.carry(nothing()).await;
    assert!(matches!(end, RunEnd::Written), "{end:?}");
    assert!(!scene.ids().contains(&theirs));
    let ids = scene.ids();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    delete(&bench, &scene, theirs);
    let troubles = case.troubles(&before, &bench.databases.read(Side::Destination));
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

async fn a_row_that_an_index_refuses_is_found(engine: &TestEngine) {
    let (_, bench) = plain(engine);
    let scene = Scene::of(engine, &bench).await;
    let entity = &scene.planned.plan.entities[scene.place];
    let source = open_source(&scene.specs[0]).await.expect("a source");
    let IdentifierPlan::Generated { source: id, .. } = &entity.identifier else { panic!("ids") };
    let tag = entity.columns.iter().find(|c| c.source.name.eq_ignore_ascii_case("tag"));
    let tag = tag.expect("a tag");
    let request = RowsRequest {
        order_by: Some(id.name.clone()),
        ..RowsRequest::whole(&entity.source_table, vec![id.clone(), tag.source.clone()])
    };
    let rows = source.rows(&request).await.expect("rows");
    // The seventh row is in the middle of the second batch, and repeats one of somebody's.
    let (refused, repeated) = (rows.column(0).value(6), rows.column(1).value(6));
    let (spec, table) = (scene.specs[1].clone(), scene.table());
    let index = format!(
        "CREATE UNIQUE INDEX [OSIDX_LATE] ON [{}] ([{}])",
        table.name, tag.destination.name
    );
    let tag = tag.destination.clone();
    let meanwhile: Call = Arc::new(move || {
        let (spec, table, tag, repeated) =
            (spec.clone(), table.clone(), tag.clone(), repeated.clone());
        async move {
            let destination = open_destination(&spec).await.expect("past the run");
            let (mut columns, mut row) = least(destination.as_ref(), &table).await;
            match columns.iter().position(|column| column.name == tag.name) {
                Some(place) => row[place] = repeated,
                None => {
                    columns.push(tag);
                    row.push(repeated);
                }
            }
            let target =
                InsertTarget { table: table.clone(), columns: columns.clone(), identity: None };
            let mut writer = destination.writer(&session("twin")).await.expect("a writer");
            writer.begin().await.expect("begun");
            writer.insert(&target, &batch(&columns, &[row])).await.expect("inserted");
            commit(&mut writer).await;
        }
        .boxed()
    });
    let cleared = format!("DELETE FROM [{}]", scene.table().name);
    bench.databases.execute(Side::Destination, &cleared);
    bench.databases.execute(Side::Destination, &index);
    let end = scene.carry(meanwhile).await;
    assert!(matches!(end, RunEnd::Written), "{end:?}");
    let journal = Journal::open(&scene.journal()).expect("a journal");
    let left: Vec<Value> =
        journal.left_out(scene.place).expect("rows").into_iter().map(|row| row.key).collect();
    assert_eq!(left, [refused]);
    assert_eq!(scene.ids().len() + 1, rows.len());
}

async fn rights_that_lack_are_named_before_the_run(engine: &TestEngine) {
    let (_, bench) = plain(engine);
    let scene = Scene::of(engine, &bench).await;
    let source = open_source(&scene.specs[0]).await.expect("a source");
    let source = source.as_ref();
    let open = async || open_destination(&scene.specs[1]).await.expect("a destination");
    let plan = &scene.planned.plan;
    let ordinary = Plan {
        options: RunOptions { identity_ranges: false, ..plan.options.clone() },
        ..Plan::clone(plan)
    };
    check_destination(plan, source, open().await.as_ref()).await.expect("all rights");
    for (restricted, words) in [
        (Restricted::without_alter(open().await), ["to ALTER on ", "rights PLAN"]),
        (
            Restricted::without_identities(open().await),
            ["no right to set identities", "db_ddladmin"],
        ),
    ] {
        let fault = check_destination(plan, source, &restricted).await.expect_err("a refusal");
        assert_eq!(fault.kind, FaultKind::Permission);
        let said = fault.to_string();
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(said.contains("Without identity_ranges"), "{said}");
        check_destination(&ordinary, source, &restricted).await.expect("it needs neither");
    }
    let destination = open().await;
    let destination = destination.as_source();
    let asked = rights_in_destination(plan, destination, "anna", false).await.expect("rights");
    let table = scene.table();
    let own = asked.tables.iter().find(|(name, _)| name.may_be(&table)).expect("the table");
    assert!(asked.sets_identities && own.1.contains(&Right::Alter), "{asked:?}");
    let asked = rights_in_destination(&ordinary, destination, "anna", false).await.expect("rights");
    let alters = asked.tables.iter().any(|(_, rights)| rights.contains(&Right::Alter));
    assert!(!asked.sets_identities && !alters, "{asked:?}");
}
