//! How long a migration takes, against a raw copy of the same tables.
//!
//! `cargo bench --bench whole` prints, for narrow rows, rows with texts and binaries and the practice
//! mix, the time of a migration without its proof, that of a raw copy of its tables (`ATTACH` and
//! `INSERT … SELECT` with explicit columns, foreign keys on, as many rows a commit), that of the proof
//! and that of a bare read of the rows that it checks; measured one after the other, on this machine,
//! with their ratios. The number of rows can be given, and one of the three shapes (`-- 100000 narrow`).

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark says what is wrong by panicking"
)]
#![expect(clippy::print_stdout, reason = "what it measures is what it prints")]

#[expect(dead_code, reason = "each benchmark uses a part of it")]
mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use osferry::compare::Answers;
use osferry::database::{Result, TableName};
use osferry::front::{Home, Ready, Stage, carry_out, open, review};
use osferry::migrate::{Controller, Environments, Progress};
use osferry::outsystems::Side;
use osferry::plan::{Plan, PlanFile, build};
use rusqlite::Connection;

use support::{Attribute, Pair, fill, narrow};

/// Rows of the large entity, unless told otherwise.
const ROWS: u32 = 1_000_000;

/// What the rows are like.
const SHAPES: [&str; 3] = ["narrow", "wide", "practice"];

fn main() {
    let told: Vec<String> = std::env::args().skip(1).collect();
    let rows: u32 = told.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROWS);
    let any = !told.iter().any(|argument| SHAPES.contains(&argument.as_str()));
    let shape = |name: &str, practice: Option<u64>, fill: &dyn Fn(&Pair)| {
        if any || told.iter().any(|argument| argument == name) {
            shape(name, practice, fill);
        }
    };
    println!("rows        migration   raw copy   ratio      proof  bare read   ratio");
    shape("narrow", Some(300), &|pair| narrow(pair, rows));
    shape("wide", Some(300), &|pair| {
        let attributes = [
            Attribute::new("Name", "rtText", "nvarchar(50)"),
            Attribute::new("Notes", "rtText", "nvarchar(2000)"),
            Attribute::new("Content", "rtBinaryData", "varbinary(4000)"),
        ];
        let values = "'row ' || n, printf('%.*c', 200 + n % 800, 'x'), randomblob(500 + n % 1500)";
        fill(pair, &attributes, rows / 10, "NAME, NOTES, CONTENT", values);
    });
    shape("practice", Some(u64::from(rows) / 10), &|_| {});
}

/// Measures one shape of rows, and prints its line.
fn shape(name: &str, practice: Option<u64>, fill: &dyn Fn(&Pair)) {
    let pair = Pair::make(practice);
    fill(&pair);
    // The raw copy goes into what the source was before it had these rows: all that they refer to is
    // there under the same ids.
    let target = pair.path("raw.sqlite");
    std::fs::copy(pair.path("prod.sqlite"), &target).expect("a copy");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let run = runtime.block_on(migrated(&pair)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    let raw = raw_copy(&pair.path("prod.sqlite"), &target, &run.plan);
    let read = bare_read(&pair.path("dev.sqlite"), &run.plan);
    println!(
        "{name:<10} {:>9.2} s {:>8.2} s {:>7.2} {:>8.2} s {:>8.2} s {:>7.2}   {} rows",
        run.writing.as_secs_f64(),
        raw.as_secs_f64(),
        run.writing.as_secs_f64() / raw.as_secs_f64(),
        run.proving.as_secs_f64(),
        read.as_secs_f64(),
        run.proving.as_secs_f64() / read.as_secs_f64(),
        run.plan.entities.iter().map(|entity| entity.source_rows).sum::<u64>(),
    );
}

/// A migration with how long its parts took.
struct Migrated {
    plan: Arc<Plan>,
    writing: Duration,
    proving: Duration,
}

/// Carries the sample plan out, everything decided as recommended.
async fn migrated(pair: &Pair) -> Result<Migrated> {
    let plan_file = pair.path("practice.toml");
    let text = std::fs::read_to_string(&plan_file).expect("the sample plan");
    let file = PlanFile::parse(&text, "practice").expect("a plan");
    let folder = pair.path("");
    let source = open::to_read(Side::Source, &file.source.connection(&folder, None)).await?;
    let destination = open::to_write(&file.destination.connection(&folder, None)).await?;
    let (source_model, destination_model) =
        open::models(source.as_ref(), destination.as_source()).await?;
    let environments = Environments {
        source: source.as_ref(),
        destination: destination.as_source(),
        source_model: &source_model,
        destination_model: &destination_model,
    };
    let mut decisions = file.decisions.clone();
    let mut answers = Answers::default();
    let reviewed =
        review(environments, &file.scope, &mut decisions, &mut answers, true, |_| {}).await?;
    let plan =
        build(&file.name, &source_model, &destination_model, &reviewed, &decisions, &file.options)
            .unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let plan = Arc::new(plan);
    let ready = Ready {
        plan: Arc::clone(&plan),
        source,
        destination,
        source_model,
        destination_model,
        plan_file: plan_file.display().to_string(),
        plan_text: text,
        folder,
        confirmed: "dev".to_owned(),
        mask_key: None,
    };
    let home = Home::at(pair.folder.path().join("home"));
    let (_controller, control) = Controller::new();
    let (progress, _watched) = tokio::sync::watch::channel(Progress::new(&plan));
    let started = Instant::now();
    let mut written = None;
    let carried = carry_out(&home, &ready, control, progress, |stage| {
        if let Stage::Ended(_) = stage {
            written.get_or_insert_with(Instant::now);
        }
    })
    .await?;
    assert!(carried.trouble.is_none(), "{:?}", carried.trouble);
    let written = written.expect("it has ended");
    Ok(Migrated { plan, writing: written - started, proving: written.elapsed() })
}

/// Columns of a table that both databases have.
fn columns(database: &Connection, table: &TableName) -> Vec<String> {
    let sql = format!("SELECT name FROM pragma_table_info('{}')", table.name);
    let mut names = database.prepare(&sql).expect("a table");
    names
        .query_map([], |row| row.get(0))
        .expect("columns")
        .collect::<rusqlite::Result<_>>()
        .expect("names")
}

/// The same tables, copied by SQLite itself.
fn raw_copy(source: &Path, target: &Path, plan: &Plan) -> Duration {
    let database = Connection::open(target).expect("a database");
    let tables: Vec<&TableName> = plan.entities.iter().map(|entity| &entity.source_table).collect();
    database.execute_batch("PRAGMA foreign_keys = OFF; BEGIN").expect("begun");
    for table in &tables {
        database.execute_batch(&format!("DELETE FROM \"{}\"", table.name)).expect("emptied");
    }
    database.execute_batch("COMMIT; PRAGMA foreign_keys = ON").expect("emptied");
    let attach = format!("ATTACH '{}' AS source", source.display());
    database.execute_batch(&attach).expect("attached");
    let batch = plan.options.batch_rows;
    let mut unguarded: Vec<String> = Vec::new();
    let started = Instant::now();
    for table in &tables {
        let name = &table.name;
        let list: Vec<String> =
            columns(&database, table).iter().map(|column| format!("\"{column}\"")).collect();
        let list = list.join(", ");
        let mut last = i64::MIN;
        loop {
            let copied = database.execute(
                &format!(
                    "INSERT INTO main.\"{name}\" ({list}) SELECT {list} FROM source.\"{name}\" \
                     WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"
                ),
                (last, i64::try_from(batch).expect("a number")),
            );
            match copied {
                Ok(0) => break,
                Ok(_) => {}
                // A circle of references: the copy has no second pass, and is not checked there. That
                // is in its favour.
                Err(_) if !unguarded.contains(name) => {
                    database.execute_batch("PRAGMA foreign_keys = OFF").expect("unguarded");
                    unguarded.push(name.clone());
                    continue;
                }
                Err(error) => panic!("{name}: {error}"),
            }
            last = database
                .query_row(&format!("SELECT MAX(rowid) FROM main.\"{name}\""), [], |row| row.get(0))
                .expect("the last row");
        }
        database.execute_batch("PRAGMA foreign_keys = ON").expect("guarded again");
    }
    started.elapsed()
}

/// Every row that the proof reads, read once and thrown away.
fn bare_read(destination: &Path, plan: &Plan) -> Duration {
    let database = Connection::open(destination).expect("a database");
    let started = Instant::now();
    for entity in &plan.entities {
        let sql = format!("SELECT * FROM \"{}\"", entity.destination_table.name);
        let mut statement = database.prepare(&sql).expect("a table");
        let width = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        let mut bytes = 0;
        while let Some(row) = rows.next().expect("a row") {
            for at in 0..width {
                bytes += match row.get_ref(at).expect("a cell") {
                    rusqlite::types::ValueRef::Text(text) => text.len(),
                    rusqlite::types::ValueRef::Blob(blob) => blob.len(),
                    _ => 8,
                };
            }
        }
        std::hint::black_box(bytes);
    }
    started.elapsed()
}
