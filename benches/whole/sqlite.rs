//! Measured in two files, against SQLite's own copy.

use std::path::Path;
use std::time::{Duration, Instant};

use osferry::database::TableName;
use osferry::plan::Plan;
use rusqlite::Connection;

use crate::support::{Pair, narrow, wide};
use crate::{Migrated, Shape, migrated, ratio, rows_of};

/// Rows of the large entity, unless told otherwise.
const ROWS: u32 = 1_000_000;

/// Pages that the raw copy keeps in memory, as a migration does: 32 MB.
const CACHE: i64 = -(32 << 10);

/// How often each is measured; the least of each time counts.
const ROUNDS: u32 = 3;

/// Measures some shapes, and prints a line of each.
pub(crate) fn measure(shapes: &[Shape], rows: Option<u32>, ranges: bool) {
    let rows = rows.unwrap_or(ROWS);
    println!("SQLite      migration   raw copy   ratio      proof  bare read   ratio");
    for shape in shapes {
        let pair = Pair::make(Some(u64::from(shape.practice_rows(rows))));
        match shape {
            Shape::Narrow => narrow(&pair, rows),
            Shape::Wide => wide(&pair, rows / 10),
            Shape::Practice => {}
        }
        one(*shape, &pair, ranges);
    }
}

/// Measures one shape of rows, and prints its line.
fn one(shape: Shape, pair: &Pair, ranges: bool) {
    // The raw copy goes into what the source was before it had these rows: all that they refer to is
    // there under the same ids. Each time both begin with the same files, one after the other.
    let (made, target) = (pair.path("made.sqlite"), pair.path("raw.sqlite"));
    let (source, destination) = (pair.path("prod.sqlite"), pair.path("dev.sqlite"));
    let home = pair.folder.path().join("home");
    std::fs::copy(&destination, &made).expect("a copy");
    let mut best: Option<(Migrated, Duration, Duration)> = None;
    for _ in 0..ROUNDS {
        std::fs::copy(&source, &target).expect("a copy");
        std::fs::copy(&made, &destination).expect("a copy");
        let run = migrated(&pair.path("practice.toml"), None, &home, ranges);
        let raw = raw_copy(&source, &target, &run.plan);
        let read = bare_read(&destination, &run.plan);
        best = Some(match best {
            None => (run, raw, read),
            Some((known, least, bare)) => {
                let proving = known.proving.min(run.proving);
                let quicker = if run.writing < known.writing { run } else { known };
                (Migrated { proving, ..quicker }, least.min(raw), bare.min(read))
            }
        });
    }
    let (run, raw, read) = best.expect("it was measured");
    println!(
        "{:<10} {:>9.2} s {:>8.2} s {:>7.2} {:>8.2} s {:>8.2} s {:>7.2}   {} rows",
        shape.name(),
        run.writing.as_secs_f64(),
        raw.as_secs_f64(),
        ratio(run.writing, raw),
        run.proving.as_secs_f64(),
        read.as_secs_f64(),
        ratio(run.proving, read),
        rows_of(&run.plan),
    );
    run.say_phases();
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
    database.pragma_update(None, "cache_size", CACHE).expect("as much memory as a migration");
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
