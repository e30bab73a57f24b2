//! A run that is killed while event tables are empty: everybody who looks is told, and each way back
//! leads to the same rows.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use osferry::migrate::PutEventsBack;
use osferry::outsystems::Side;

use super::{count, event_table, events, events_of, listed, pair, run_id};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(whoever_looks_at_a_killed_run_is_led_back,);

/// How often a run may be faster than who kills it.
const TRIES: usize = 30;

fn folder(bench: &Bench) -> Option<PathBuf> {
    let mut runs = std::fs::read_dir(bench.folder.path().join("home/runs")).ok()?;
    Some(runs.next()?.ok()?.path())
}

/// Starts a run and kills it as soon as this event table is empty; whether subscriptions were away
/// then.
fn kill(bench: &Bench, table: &str) -> bool {
    let mut program = bench.begin();
    let deadline = Instant::now() + Duration::from_secs(120);
    while program.try_wait().expect("its state").is_none() {
        assert!(Instant::now() < deadline, "it hangs");
        let script = folder(bench).map(|run| PutEventsBack::file(&run));
        if script.is_some_and(|script| script.exists()) && count(bench, table) == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    program.kill().expect("it can be killed");
    program.wait().expect("it is gone");
    listed(bench)["put_away"]["rows"].as_u64().is_some_and(|rows| rows > 0)
        && count(bench, table) == 0
}

async fn whoever_looks_at_a_killed_run_is_led_back(engine: &TestEngine) {
    let (pair, entity) = pair();
    let table = event_table(&entity);
    let bench = (0..TRIES).find_map(|_| {
        let bench = Bench::on(engine, &pair, 6);
        let mut plan = bench.usual_plan();
        plan.options.extend(["batch_rows = 2", "parallel_entities = 1"].map(str::to_owned));
        bench.plan(&plan.text());
        kill(&bench, &table).then_some(bench)
    });
    let bench = bench.expect("a run that is killed in time");
    let before = events_of(bench.databases.made(Side::Destination));
    assert_ne!(events(&bench), before);
    let run = run_id(&bench);
    let ways = [
        format!("osferry resume {run}"),
        format!("osferry undo {run}"),
        PutEventsBack::FILE.into(),
    ];
    let is_told = |said: &str| {
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("EVENT TABLES ARE EMPTY"), "{said}");
        for way in &ways {
            assert!(words.contains(way), "{way} is not named:\n{said}");
        }
    };
    is_told(&bench.osferry(&["runs"]).all());
    let said = bench.osferry(&["verify", &run]);
    assert_eq!(said.code, Some(2), "{}", said.all());
    is_told(&said.all());
    let put_away = listed(&bench)["put_away"].clone();
    let tables = put_away["tables"].as_array().expect("tables");
    let is_listed = |one: &serde_json::Value| {
        one[0].as_str().expect("a table").to_uppercase().ends_with(&table.to_uppercase())
    };
    assert!(tables.iter().any(is_listed), "{put_away}");
    #[cfg(unix)]
    home_tells(&bench, is_told);

    // A DBA carries the script out, twice even.
    let script = folder(&bench).map(|run| PutEventsBack::file(&run)).expect("a script");
    let script = std::fs::read_to_string(script).expect("a script");
    for _ in 0..2 {
        bench.databases.carry_out(Side::Destination, &script);
        assert_eq!(events(&bench), before);
    }
    // The lock of a killed run may be there until the server has noticed.
    let deadline = Instant::now() + Duration::from_secs(60);
    let said = loop {
        let said = bench.osferry(&["resume", &run]);
        let is_held = said.code == Some(2) && said.all().contains("another run is writing");
        if !is_held || Instant::now() > deadline {
            break said;
        }
        std::thread::sleep(Duration::from_millis(300));
    };
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(events(&bench), before, "{}", said.all());
    assert!(listed(&bench)["put_away"].is_null());
    assert!(!bench.osferry(&["runs"]).all().contains("EVENT TABLES"));
    assert!(!folder(&bench).is_some_and(|run| PutEventsBack::file(&run).exists()));
}

/// Home, in a window: the run is the first of all that is saved.
#[cfg(unix)]
fn home_tells(bench: &Bench, is_told: impl Fn(&str)) {
    use crate::terminal::window::{LARGE, MEDIUM, Window};
    for size in [LARGE, MEDIUM] {
        let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_osferry"));
        command.cwd(bench.folder.path());
        command.env("OSFERRY_HOME", bench.folder.path().join("home"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let window = Window::open(command, size);
        window.shows("EVENT TABLES ARE EMPTY");
        window.press("End");
        window.shows("ABOUT").shows("DBA.");
        is_told(&window.screen());
    }
}
