//! How long a migration takes, against a raw copy of the same tables.
//!
//! `cargo bench --bench whole` prints, for narrow rows, rows with texts and binaries and the practice
//! mix, the time of a migration without its proof, that of a raw copy of its tables, that of the proof
//! and that of a bare read of the rows that it checks; measured one after the other, on this machine,
//! with their ratios, and what the parts of the migration took. The number of rows can be given, and any
//! of the three shapes (`-- 100000 narrow`).
//!
//! On SQLite the raw copy is `ATTACH` and `INSERT … SELECT` with explicit columns, foreign keys on, as
//! many rows a commit. Where `OSFERRY_TEST_SQLSERVER`, `_USER` and `_PASSWORD` name a server, the same
//! is measured there: against FreeTDS's `freebcp`, every table out and in again, and against a bare
//! loop of the driver which reads rows and bulk-loads them. `sqlite` or `server` chooses one of both;
//! with `ranges` the migration reserves ids ahead and gives them itself.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark says what is wrong by panicking"
)]
#![expect(clippy::print_stdout, reason = "what it measures is what it prints")]

#[expect(dead_code, reason = "it serves the tests first")]
#[path = "../../tests/it/support/engine.rs"]
mod engine;
#[path = "../support/on_server.rs"]
mod on_server;
mod server;
mod sqlite;
#[expect(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use osferry::database::{Result, Secret};
use osferry::front::{Home, Ready, Stage, carry_out};
use osferry::migrate::{Controller, Phase, Progress};
use osferry::plan::Plan;

use support::opened;

/// What the rows are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One entity of six columns.
    Narrow,
    /// One entity with texts and binaries.
    Wide,
    /// The practice pair.
    Practice,
}

impl Shape {
    const ALL: [Self; 3] = [Self::Narrow, Self::Wide, Self::Practice];

    fn name(self) -> &'static str {
        match self {
            Self::Narrow => "narrow",
            Self::Wide => "wide",
            Self::Practice => "practice",
        }
    }

    /// Rows of the practice pair's large entities, by those asked for.
    fn practice_rows(self, rows: u32) -> u32 {
        if self == Self::Practice { rows / 10 } else { 300 }
    }
}

fn main() {
    let told: Vec<String> = std::env::args().skip(1).collect();
    let is_told = |name: &str| told.iter().any(|argument| argument == name);
    let rows = told.iter().find_map(|argument| argument.parse().ok());
    let any = !Shape::ALL.iter().any(|shape| is_told(shape.name()));
    let shapes = Shape::ALL.into_iter().filter(|shape| any || is_told(shape.name()));
    let shapes: Vec<Shape> = shapes.collect();
    let ranges = is_told("ranges");
    if !is_told("server") {
        sqlite::measure(&shapes, rows, ranges);
    }
    if !is_told("sqlite") {
        server::measure(&shapes, rows, ranges);
    }
}

/// A migration with how long its parts took.
struct Migrated {
    plan: Arc<Plan>,
    writing: Duration,
    proving: Duration,
    /// What it was busy with, and for how long.
    phases: Vec<(Phase, Duration)>,
}

impl Migrated {
    /// Prints what its parts took.
    fn say_phases(&self) {
        let parts = self.phases.iter().map(|(phase, time)| {
            let name = match phase {
                Phase::Checking => "before the first row",
                other => other.label(),
            };
            format!("{name} {:.2} s", time.as_secs_f64())
        });
        println!("           of it: {}", parts.collect::<Vec<_>>().join(", "));
    }
}

/// Carries a plan out, everything decided as recommended; `home` is the program's folder.
fn migrated(plan_file: &Path, secret: Option<&Secret>, home: &Path, ranges: bool) -> Migrated {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(carried(plan_file, secret, home, ranges));
    done.unwrap_or_else(|fault| panic!("{fault}"))
}

async fn carried(
    plan_file: &Path,
    secret: Option<&Secret>,
    home: &Path,
    ranges: bool,
) -> Result<Migrated> {
    let mut opened = opened(plan_file, secret).await?;
    opened.file.options.identity_ranges = ranges;
    let plan = Arc::new(opened.plan().await?);
    let ready = Ready {
        plan: Arc::clone(&plan),
        source: opened.source,
        destination: opened.destination,
        source_model: opened.source_model,
        destination_model: opened.destination_model,
        plan_file: plan_file.display().to_string(),
        plan_text: opened.text,
        folder: opened.folder,
        confirmed: String::new(),
        mask_key: None,
    };
    let home = Home::at(home.to_path_buf());
    let (_controller, control) = Controller::new();
    let (progress, mut watched) = tokio::sync::watch::channel(Progress::new(&plan));
    let started = Instant::now();
    let watching = tokio::spawn(async move {
        let mut phases = Vec::new();
        let (mut phase, mut since) = (Phase::Checking, started);
        while watched.changed().await.is_ok() {
            let now = watched.borrow_and_update().phase;
            if now != phase {
                phases.push((phase, since.elapsed()));
                (phase, since) = (now, Instant::now());
            }
        }
        phases
    });
    let mut written = None;
    let carried = carry_out(&home, &ready, control, progress, |stage| {
        if let Stage::Ended(_) = stage {
            written.get_or_insert_with(Instant::now);
        }
    })
    .await?;
    assert!(carried.trouble.is_none(), "{:?}", carried.trouble);
    let written = written.expect("it has ended");
    let (writing, proving) = (written - started, written.elapsed());
    let phases = watching.await.expect("it was watched");
    Ok(Migrated { plan, writing, proving, phases })
}

/// How often one time is as long as another.
fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// Rows that a plan carries over.
fn rows_of(plan: &Plan) -> u64 {
    plan.entities.iter().map(|entity| entity.source_rows).sum()
}
