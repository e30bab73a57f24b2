//! Runs that have ended, gone on with and undone.

use osferry::migrate::Command;
use osferry::report::Verdict;
use osferry::wizard::message::{Effect, Message};
use rusqlite::Connection;

use super::driver::{Driver, LARGE, MEDIUM, SMALL, TO_SAVED};
use super::road::{go_to, open_sample_plan, start, time};

/// At Review's start, the run held.
pub fn started(size: osferry::wizard::Size) -> Driver {
    let mut driver = Driver::new(size);
    driver.holds_run = true;
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Review");
    start(&mut driver);
    driver
}

pub fn verdict(driver: &Driver) -> Verdict {
    driver.model.migration.report.as_ref().expect("a report").report.verdict()
}

/// Every row of every table of the destination, as text.
pub fn content(driver: &Driver) -> Vec<(String, Vec<String>)> {
    let file = Connection::open(driver.pair().join("dev.sqlite")).expect("the destination");
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
               ORDER BY name";
    let mut named = file.prepare(sql).expect("a statement");
    let names: Vec<String> = named
        .query_map([], |row| row.get(0))
        .expect("names")
        .collect::<Result<_, _>>()
        .expect("names");
    let rows = |name: &String| {
        let mut read = file.prepare(&format!("SELECT * FROM \"{name}\"")).expect("a statement");
        let columns = read.column_count();
        let mut rows: Vec<String> = read
            .query_map([], |row| {
                let cells = (0..columns).map(|at| row.get_ref(at).map(|cell| format!("{cell:?}")));
                cells.collect::<Result<Vec<_>, _>>().map(|cells| cells.join("|"))
            })
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("rows");
        rows.sort();
        rows
    };
    names.iter().map(|name| (name.clone(), rows(name))).collect()
}

#[test]
fn a_run_is_undone_on_its_report_and_all_is_as_before() {
    let mut driver = started(LARGE);
    let before = content(&driver);
    driver.release();
    driver.shows("u undo");
    assert_ne!(content(&driver), before);
    for size in [SMALL, MEDIUM, LARGE] {
        driver.send(Message::Resized(size));
        driver.press("u");
        driver.shows("Undo would take");
        driver.shows("Type dev");
        driver.press("Esc");
        assert!(driver.model.migration.overlays.is_empty(), "{}", driver.screen());
    }
    driver.press("u");
    driver.type_in("de");
    driver.press("Enter");
    driver.shows("1 letter to go");
    driver.type_in("v");
    driver.press("Enter");
    driver.shows("Undone");
    assert!(matches!(verdict(&driver), Verdict::Undone | Verdict::UndoneInPart));
    if verdict(&driver) == Verdict::Undone {
        assert_eq!(content(&driver), before);
    }
    driver.press("u");
    driver.shows("undone already");
}

#[test]
fn a_stopped_run_is_gone_on_with_from_home() {
    let mut driver = started(LARGE);
    driver.holds_run = false;
    let held = driver.held.take();
    driver.obey(held.into_iter().collect());
    driver.model.migration.tell(Command::Stop);
    driver.send(time(1));
    driver.settle();
    assert_eq!(verdict(&driver), Verdict::Stopped, "{}", driver.screen());
    driver.shows("r  go on where it ended");
    driver.press(&format!("n {TO_SAVED}"));
    driver.shows("r resumes");
    driver.press("r");
    driver.shows("Go on where the run ended?");
    driver.shows("not begun: ");
    driver.press("Esc r Down Enter");
    let verdict = verdict(&driver);
    assert!(matches!(verdict, Verdict::Proved | Verdict::ProvedWithRejects), "{verdict:?}");
    assert_eq!(driver.step(), "Report");
}

#[test]
fn a_run_of_other_databases_is_neither_resumed_nor_undone() {
    let mut driver = started(LARGE);
    driver.release();
    let before = content(&driver);
    let id = driver.model.migration.report.as_ref().expect("a report").report.id.clone();
    let practice = driver.pair();
    let other = practice.with_file_name("other");
    std::fs::create_dir_all(&other).expect("a folder");
    std::fs::copy(practice.join("dev.sqlite"), other.join("dev.sqlite")).expect("a copy");
    let migration = &mut driver.model.migration;
    let mut endpoint = migration.plan.destination.clone();
    let osferry::plan::EndpointEngine::Sqlite { path } = &mut endpoint.engine else {
        panic!("no file")
    };
    *path = other.join("dev.sqlite");
    let job = migration
        .jobs
        .start(osferry::wizard::jobs::Purpose::Test(osferry::outsystems::Side::Destination));
    driver.obey(vec![Effect::Test {
        job,
        side: osferry::outsystems::Side::Destination,
        endpoint,
        secret: None,
    }]);
    driver.settle();
    driver.press("u");
    driver.shows("and the run's was");
    assert!(driver.screen().contains("could not be found out"), "{id}: {}", driver.screen());
    assert_eq!(content(&driver), before);
}
