//! How long the parts take that grow with an environment: id maps, the reading and comparing of
//! models, frames of the wizard.
//!
//! `cargo bench --bench parts [-- FILTER]`. Where there is another way to do the same, it is measured
//! side by side in the same run, and the ratio of both stands below. Where `OSFERRY_TEST_SQLSERVER`,
//! `_USER` and `_PASSWORD` name a server, models are read and compared there too.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark says what is wrong by panicking"
)]
#![expect(clippy::print_stdout, reason = "what it measures is what it prints")]

#[expect(dead_code, reason = "it serves the tests first")]
#[path = "../../tests/it/wizard/driver.rs"]
mod driver;
#[expect(dead_code, reason = "it serves the tests first")]
#[path = "../../tests/it/support/engine.rs"]
mod engine;
mod models;
#[path = "../support/on_server.rs"]
mod on_server;
#[expect(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../support/mod.rs"]
mod support;
mod wizard;

use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use osferry::migrate::IdMap;
use osferry::outsystems::{DestinationId, SourceId};

/// Rows in an id map.
const ROWS: usize = 10_000_000;
/// Look-ups measured at once.
const LOOK_UPS: usize = 1_000_000;

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
    models::measure(&mut criterion);
    wizard::measure(&mut criterion);
    criterion.final_summary();
}

/// Whether something that criterion does not measure was asked for.
fn is_wanted(name: &str) -> bool {
    let mut told =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    told.peek().is_none() || told.any(|filter| name.contains(&filter))
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
