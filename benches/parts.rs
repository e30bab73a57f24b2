//! How long the parts take that grow with an environment: id maps, the reading and comparing of
//! models, frames of the wizard.
//!
//! `cargo bench --bench parts [-- FILTER]`. Where there is another way to do the same, it is measured
//! side by side in the same run, and the ratio of both stands below.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark says what is wrong by panicking"
)]
#![expect(clippy::print_stdout, reason = "what it measures is what it prints")]

#[expect(dead_code, reason = "it serves the tests first")]
#[path = "../tests/it/wizard/driver.rs"]
mod driver;
#[expect(dead_code, reason = "each benchmark uses a part of it")]
mod support;

use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use osferry::migrate::IdMap;
use osferry::outsystems::{DestinationId, SourceId};
use osferry::wizard::Size;
use rusqlite::Connection;

use driver::Driver;
use support::{Attribute, ESPACE, Pair, add_entity, id, numbered, opened};

/// Rows in an id map.
const ROWS: usize = 10_000_000;
/// Look-ups measured at once.
const LOOK_UPS: usize = 1_000_000;

/// A model as large as there are any.
const ENTITIES: usize = 2_000;
const ATTRIBUTES: usize = 20;
const RECORDS: usize = 5_000;
const USERS: u32 = 50_000;

/// Lists of the wizard as long as there are any.
const LISTED_ENTITIES: usize = 10_000;
const LISTED_USERS: u32 = 100_000;

/// Has the program say only what a map takes.
const MEMORY_OF: &str = "--memory-of";

fn main() {
    let mut told = std::env::args().skip(1);
    if told.next().as_deref() == Some(MEMORY_OF) {
        say_bytes_a_row(&told.next().expect("of what"));
        return;
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    id_maps(&mut criterion);
    models(&mut criterion);
    frames(&mut criterion);
    criterion.final_summary();
}

/// The shortest time of what a group measured under a name.
struct Shortest(RefCell<HashMap<String, Duration>>);

impl Shortest {
    fn new() -> Self {
        Self(RefCell::default())
    }

    /// Has criterion measure it, and keeps the shortest time.
    fn measure(
        &self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        name: &str,
        mut work: impl FnMut(),
    ) {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let mut all = Duration::ZERO;
                for _ in 0..times {
                    let started = Instant::now();
                    work();
                    let taken = started.elapsed();
                    let mut shortest = self.0.borrow_mut();
                    let least = shortest.entry(name.to_owned()).or_insert(taken);
                    *least = taken.min(*least);
                    all += taken;
                }
                all
            });
        });
    }

    fn of(&self, name: &str) -> Option<Duration> {
        self.0.borrow().get(name).copied()
    }
}

/// A number that looks like chance and is the same each time.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    number ^ (number >> 29)
}

/// The id of a row where one of so many was deleted, now this one, now that.
fn with_gaps(row: u64, one_of: u64) -> i64 {
    let (stretch, place) = (row / (one_of - 1), row % (one_of - 1));
    let is_behind = place >= mixed(stretch) % one_of;
    (stretch * one_of + place + u64::from(is_behind)) as i64
}

/// What has become of a table, and the ids of its rows in their order.
type Pattern = (&'static str, fn(u64) -> i64);

const PATTERNS: [Pattern; 4] = [
    ("dense", |row| row as i64 + 1),
    ("a tenth deleted", |row| with_gaps(row, 10)),
    ("half deleted", |row| with_gaps(row, 2)),
    ("sparse", |row| (1_000 * row + mixed(row) % 1_000) as i64),
];

/// Building and asking id maps, beside a plain hash map.
fn id_maps(criterion: &mut Criterion) {
    let rows = ROWS as u64;
    for (name, source) in PATTERNS {
        let mut group = criterion.benchmark_group(format!("id map, {name}"));
        let shortest = Shortest::new();
        group.throughput(Throughput::Elements(rows));
        shortest.measure(&mut group, "build", || {
            black_box(built(source));
        });
        let map = built(source);
        let plain: HashMap<i64, i64> =
            (0..rows).map(|row| (source(row), 500 + row as i64)).collect();
        let mut asked = Vec::with_capacity(LOOK_UPS);
        let mut row = 1_u64;
        for _ in 0..LOOK_UPS {
            row =
                row.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            asked.push(source((row >> 33) % rows));
        }
        for id in &asked {
            let found = map.integer(SourceId(*id)).map(|id| id.0);
            assert_eq!(found, plain.get(id).copied(), "{name}: {id}");
        }
        group.throughput(Throughput::Elements(LOOK_UPS as u64));
        shortest.measure(&mut group, "look up", || {
            for id in &asked {
                black_box(map.integer(SourceId(*id)));
            }
        });
        shortest.measure(&mut group, "look up in a hash map", || {
            for id in &asked {
                black_box(plain.get(id));
            }
        });
        group.finish();
        let times = shortest.of("look up").zip(shortest.of("look up in a hash map"));
        if let Some((ours, plain)) = times {
            let a_second = LOOK_UPS as f64 / ours.as_secs_f64() / 1e6;
            let ratio = ours.as_secs_f64() / plain.as_secs_f64();
            println!(
                "id map, {name}: {:.3} bytes a row, {a_second:.1} million look-ups a second, {ratio:.2} \
                 times as long as in a hash map\n",
                bytes_a_row(name)
            );
        }
    }
}

/// A map of all rows.
fn built(source: fn(u64) -> i64) -> IdMap {
    let mut map = IdMap::default();
    for row in 0..ROWS as u64 {
        let _ = map.push(SourceId(source(row)), DestinationId(500 + row as i64));
    }
    map
}

/// What a process of its own, whose memory nothing else has used before, holds for each row of a map.
fn bytes_a_row(name: &str) -> f64 {
    let program = std::env::current_exe().expect("this program");
    let said =
        std::process::Command::new(program).args([MEMORY_OF, name]).output().expect("it starts");
    String::from_utf8_lossy(&said.stdout).trim().parse().expect("a number")
}

/// Says how much that is.
fn say_bytes_a_row(name: &str) {
    let (_, source) = PATTERNS.iter().find(|(known, _)| *known == name).expect("a pattern");
    let before = resident();
    let maps = [built(*source), built(*source), built(*source), built(*source)];
    println!("{}", (resident() - before) as f64 / (black_box(&maps).len() * ROWS) as f64);
}

/// Bytes of memory that this process holds.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

/// A practice pair whose model is made so large on both sides.
fn enlarged(entities: usize, attributes: usize, records: usize, users: u32) -> Pair {
    let pair = Pair::make(Some(300));
    for database in pair.databases() {
        database.execute_batch("BEGIN").expect("begun");
        let all: Vec<Attribute> = (0..attributes)
            .map(|number| {
                let name: &'static str = Box::leak(format!("Text{number}").into_boxed_str());
                Attribute::new(name, "rtText", "nvarchar(50)")
            })
            .collect();
        for place in 1..=entities {
            add_entity(&database, place, &format!("OSUSR_BNC_PART{place}"), &all);
        }
        add_records(&database, entities + 1, records);
        add_users(&database, entities + 2, users);
        database.execute_batch("COMMIT").expect("done");
    }
    pair
}

/// A static entity with so many records.
fn add_records(database: &Connection, place: usize, records: usize) {
    let table = format!("OSUSR_BNC_PART{place}");
    add_entity(database, place, &table, &[Attribute::new("Label", "rtText", "nvarchar(50)")]);
    let espace = id(database, &format!("SELECT ID FROM OSSYS_ESPACE WHERE NAME = '{ESPACE}'"));
    let rows = u32::try_from(records).expect("few");
    let sql = [
        format!("UPDATE OSSYS_ENTITY SET DATA_KIND = 'staticEntity' WHERE SS_KEY = 'part{place}';"),
        numbered(rows, &format!("INSERT INTO {table} (LABEL)"), "'record ' || n"),
        format!(
            "INSERT INTO OSSYS_ENTITY_RECORD (DATA_ID, NAME, SS_KEY, ENTITY_SS_KEY, ESPACE_ID, \
             IS_ACTIVE) SELECT ID, 'Record' || ID, 'record' || ID, 'part{place}', {espace}, 1 FROM \
             {table};"
        ),
    ];
    database.execute_batch(&sql.concat()).expect("records");
}

/// So many users, and an entity whose rows refer to each of them.
fn add_users(database: &Connection, place: usize, users: u32) {
    let table = format!("OSUSR_BNC_PART{place}");
    let key =
        |sql: &str| -> String { database.query_row(sql, [], |row| row.get(0)).expect("a key") };
    let of_platform = key("SELECT SS_KEY FROM OSSYS_ESPACE WHERE NAME = 'ServiceCenter'");
    let user = key("SELECT SS_KEY FROM OSSYS_ENTITY WHERE PHYSICAL_TABLE_NAME = 'OSSYS_USER'");
    let attribute = Attribute::new("UserId", &format!("bt{of_platform}*{user}"), "int");
    add_entity(database, place, &table, &[attribute]);
    let tenant = id(database, "SELECT TENANT_ID FROM OSSYS_USER GROUP BY 1 ORDER BY COUNT(*) DESC");
    let into = "INSERT INTO OSSYS_USER (TENANT_ID, NAME, USERNAME, IS_ACTIVE)";
    let values = format!("{tenant}, 'Person ' || n, 'person.' || n, 1");
    let sql = [
        numbered(users, into, &values),
        format!(
            "INSERT INTO {table} (USERID) SELECT ID FROM OSSYS_USER WHERE USERNAME LIKE 'person.%';"
        ),
    ];
    database.execute_batch(&sql.concat()).expect("users");
}

/// Reading both models, and comparing them as Findings does.
fn models(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("models");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let pair = RefCell::new(None);
    let made = || {
        let mut pair = pair.borrow_mut();
        pair.get_or_insert_with(|| enlarged(ENTITIES, ATTRIBUTES, RECORDS, USERS)).path("")
    };
    group.bench_function("read", |bencher| {
        let folder = made();
        bencher.iter(|| runtime.block_on(read(&folder, Until::Read)));
    });
    group.bench_function("read and compare", |bencher| {
        let folder = made();
        bencher.iter(|| runtime.block_on(read(&folder, Until::Compared)));
    });
    group.bench_function("read, compare and decide", |bencher| {
        let folder = made();
        bencher.iter(|| runtime.block_on(read(&folder, Until::Decided)));
    });
    group.finish();
}

/// How far a benchmark of models goes.
enum Until {
    Read,
    Compared,
    Decided,
}

async fn read(folder: &std::path::Path, until: Until) {
    let opened = opened(&folder.join("practice.toml"), None).await.expect("read");
    assert!(opened.source_model.entities.len() > ENTITIES, "the model is not so large");
    let fault = match until {
        Until::Read => None,
        Until::Compared => opened.compared().await.map(black_box).err(),
        Until::Decided => opened.reviewed().await.map(black_box).err(),
    };
    assert!(fault.is_none(), "{fault:?}");
}

/// A frame of the wizard, and what a key does, with lists as long as there are any.
fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wizard");
    let mut driver = None;
    let mut at = |step: &str, group: &mut BenchmarkGroup<'_, WallTime>| {
        let driver = driver.get_or_insert_with(with_long_lists);
        while driver.step() != step {
            let before = driver.step();
            driver.press("Ctrl+N");
            assert_ne!(driver.step(), before, "{}", driver.screen());
        }
        group.bench_function(format!("{step}: a frame"), |bencher| {
            bencher.iter(|| black_box(driver.canvas()));
        });
        for key in ["Down", "PgDn", "End", "Home"] {
            group.bench_function(format!("{step}: {key}"), |bencher| {
                bencher.iter(|| driver.send(osferry::wizard::Message::Key(driver::key(key))));
            });
        }
    };
    for step in ["Scope", "Users"] {
        at(step, &mut group);
    }
    group.finish();
}

/// The wizard on a pair with long lists, everything decided.
fn with_long_lists() -> Driver {
    let pair = enlarged(LISTED_ENTITIES, 1, 0, LISTED_USERS);
    let mut driver = Driver::on(&pair.path(""), Size { width: 160, height: 50 });
    driver.press("p");
    driver.decide(&["Policies", "Claims"]);
    driver
}
