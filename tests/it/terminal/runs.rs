//! A run that is asked to pause, to stop, to end: by keys, by signals, by a window that is gone.
//!
//! The test holds the destination's file for writing while it looks: a run that is about to write
//! waits for it, as it would for any other program, and so can be met at a known place.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Deserialize;

use super::place::Place;
use super::road::{Walker, about_to_start};
use super::window::{LARGE, MEDIUM, Size};
use crate::program::osferry;

/// Holds the destination's file for writing until the connection is dropped.
fn hold(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("a database");
    connection.execute_batch("BEGIN IMMEDIATE").expect("nobody writes");
    connection
}

/// What the program calls a run whose proof was left: there may be no report of it.
const NOT_PROVED: &str = "written, not proved";

/// What the report says of what was written.
#[derive(Deserialize)]
struct Report {
    entities: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    destination_table: String,
    deleted: i64,
    written: i64,
}

/// A place with a run that has begun and waits for the destination.
struct Begun {
    place: Place,
    walker: Walker,
    held: Connection,
    before: Vec<(String, i64)>,
}

fn destination(place: &Place) -> PathBuf {
    place.home().join("practice").join("dev.sqlite")
}

/// Rows of each table.
fn rows(file: &Path) -> Vec<(String, i64)> {
    let connection = Connection::open(file).expect("a database");
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .expect("tables");
    let names: Vec<String> =
        tables.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("names");
    let count = |name: String| {
        let sql = format!("SELECT count(*) FROM \"{name}\"");
        let rows = connection.query_row(&sql, [], |row| row.get(0)).expect("a count");
        (name, rows)
    };
    names.into_iter().map(count).collect()
}

impl Begun {
    fn new(size: Size) -> Self {
        let place = Place::practice();
        let before = rows(&destination(&place));
        let walker = about_to_start(&place, size);
        let held = hold(&destination(&place));
        walker.window.press("Enter").shows("WRITING TO dev");
        Self { place, walker, held, before }
    }
}

/// Fails unless every batch is in the destination as a whole or not at all, and the program knows
/// which.
fn ended_between_batches(place: &Place, before: &[(String, i64)], state: &str) {
    let file = destination(place);
    let connection = Connection::open(&file).expect("a database");
    let sound: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
    assert_eq!(sound, "ok");
    let left: Vec<_> = std::fs::read_dir(place.home().join("practice"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .filter(|name| !["prod.sqlite", "dev.sqlite", "practice.toml"].iter().any(|n| name == n))
        .collect();
    assert!(left.is_empty(), "{left:?} is left over");
    let said = osferry(&place.path("."), &place.home(), &["runs"], &[]);
    assert!(said.out.contains(state), "{state}\n{}", said.all());
    let runs = std::fs::read_dir(place.home().join("runs")).expect("runs");
    let run = runs.map(|run| run.expect("a run").path()).next().expect("a run");
    if state == NOT_PROVED && !run.join("report.json").exists() {
        return;
    }
    let report = std::fs::read_to_string(run.join("report.json")).expect("a report");
    let report: Report = serde_json::from_str(&report).expect("a report");
    let after = rows(&file);
    for told in report.entities {
        let of = |rows: &[(String, i64)]| {
            let found =
                rows.iter().find(|(name, _)| name.eq_ignore_ascii_case(&told.destination_table));
            found.expect("a table").1
        };
        assert_eq!(
            of(&after),
            of(before) - told.deleted + told.written,
            "{} has not the rows that the journal tells",
            told.destination_table
        );
    }
}

#[test]
fn ctrl_c_asks_and_keeps_running_unless_told_otherwise() {
    let Begun { place, walker, held, before } = Begun::new(LARGE);
    let window = &walker.window;
    window.press("Ctrl+C").shows("Leave while the run is writing?").shows("▸ Keep running");
    window.shows("Pause").shows("Stop").shows("Abort");
    window.press("Enter").hides("Leave while the run is writing?").shows("WRITING TO dev");
    // Esc is the same as keeping on.
    window.press("q").shows("Leave while the run is writing?").press("Esc");
    window.hides("Leave while the run is writing?").shows("WRITING TO dev");
    drop(held);
    window.shows("Done and proved");
    window.titled("% practice");
    walker.leave().well(0);
    ended_between_batches(&place, &before, "done and proved");
}

#[test]
fn a_second_ctrl_c_stops_after_this_batch() {
    let Begun { place, walker, held, before } = Begun::new(LARGE);
    walker.window.press("Ctrl+C").shows("Leave while the run is writing?").press("Ctrl+C");
    walker.window.hides("Leave while the run is writing?").shows("told to stop");
    drop(held);
    walker.window.ends().well(3);
    ended_between_batches(&place, &before, "stopped");
}

#[test]
fn a_pause_is_gone_on_from_or_stopped() {
    for goes_on in [true, false] {
        let Begun { place, walker, held, before } = Begun::new(MEDIUM);
        let window = &walker.window;
        window.press("Ctrl+C").shows("Leave while the run is writing?");
        walker.choose("Pause");
        window.hides("Leave while the run is writing?").shows("aused");
        drop(held);
        if goes_on {
            walker.key("p");
            window.shows("Done and proved");
            walker.leave().well(0);
            ended_between_batches(&place, &before, "done and proved");
        } else {
            window.press("Ctrl+C").shows("Leave while the run is writing?");
            walker.select("Stop").window.press("Enter");
            walker.window.ends().well(3);
            ended_between_batches(&place, &before, "stopped");
        }
    }
}

#[test]
fn abort_rolls_back_and_leaves() {
    let Begun { place, walker, held, before } = Begun::new(LARGE);
    walker.window.press("Ctrl+C").shows("Leave while the run is writing?");
    walker.select("Abort").window.press("Enter").shows("told to roll");
    drop(held);
    walker.window.ends().well(3);
    ended_between_batches(&place, &before, "stopped");
}

/// The system's wish to end, at whatever moment: the batches end, and the exit code says so.
#[test]
fn a_signal_during_a_run_ends_it_between_batches() {
    for signal in ["TERM", "HUP", "INT"] {
        let Begun { place, walker, held, before } = Begun::new(LARGE);
        walker.window.signal(signal).shows("told to stop");
        drop(held);
        walker.window.ends().well(3);
        ended_between_batches(&place, &before, "stopped");
    }
}

/// The person closes the window: there is nothing to draw on any more, and the run still ends in
/// order.
#[test]
fn a_window_that_is_closed_during_a_run_ends_it_between_batches() {
    let Begun { place, walker, held, before } = Begun::new(LARGE);
    let closing = std::thread::spawn(move || walker.window.close());
    drop(held);
    let code = closing.join().expect("it ends");
    let said = osferry(&place.path("."), &place.home(), &["runs"], &[]);
    assert_eq!(code, 3, "{}", said.all());
    ended_between_batches(&place, &before, "stopped");
}

/// Where nothing is held, the signal may come at any time of the run.
#[test]
fn a_signal_at_any_time_leaves_whole_batches() {
    for _ in 0..3 {
        let place = Place::practice();
        let before = rows(&destination(&place));
        let walker = about_to_start(&place, LARGE);
        walker.window.press("Enter").shows("WRITING TO dev").signal("TERM");
        let ended = walker.window.ends();
        ended.restored();
        let state = match ended.code {
            0 => "done and proved",
            3 => "stopped",
            // Everything was written and the proof was going on, which only reads.
            4 => NOT_PROVED,
            code => panic!("{code}\n{}", ended.screen),
        };
        ended_between_batches(&place, &before, state);
    }
}

/// Every size while rows are written.
#[test]
fn the_window_may_have_any_size_during_a_run() {
    let Begun { place, walker, held, before } = Begun::new(LARGE);
    let window = &walker.window;
    window.resize((50, 12)).shows("Window is 50×12, needs 60×18").shows("rows");
    window.resize(MEDIUM).shows("WRITING TO dev");
    drop(held);
    for size in [(61, 18), (3, 2), (200, 60), LARGE].into_iter().cycle().take(40) {
        window.resize(size).obeyed();
    }
    window.resize(LARGE).shows("Done and proved");
    walker.leave().well(0);
    ended_between_batches(&place, &before, "done and proved");
}
