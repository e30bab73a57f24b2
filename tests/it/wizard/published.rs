//! Somebody publishes while a migration is planned: what was planned is not carried out.

use std::path::Path;

use osferry::wizard::message::Sign;
use rusqlite::Connection;

use super::driver::{Driver, LARGE};
use super::road::start;

/// Publishes a module of the scope under another name.
fn publish(database: &Path, from: &str, to: &str) {
    let connection = Connection::open(database).expect("a database");
    let renamed =
        connection.execute("UPDATE OSSYS_ESPACE SET NAME = ?2 WHERE NAME = ?1", [from, to]);
    assert_eq!(renamed.expect("a table"), 1, "{from} is one module");
}

/// A module of the scope.
fn module(database: &Path) -> String {
    let connection = Connection::open(database).expect("a database");
    let name = "SELECT NAME FROM OSSYS_ESPACE WHERE NAME LIKE 'Claims%' AND IS_ACTIVE = 1";
    connection.query_row(name, [], |row| row.get(0)).expect("a module")
}

/// Accepts the warnings and types the name, so that one key more starts the run.
fn confirm(driver: &mut Driver) {
    for _ in 0..20 {
        driver.press("Ctrl+N");
        if driver.model.in_text() {
            driver.type_in("dev");
            driver.press("Tab");
            driver.shows("▸[ Start ]");
            return;
        }
        driver.press("Space");
    }
    panic!("nothing can be confirmed:\n{}", driver.screen());
}

/// Whether a check says this and forbids the start.
fn says(driver: &Driver, words: &str) -> bool {
    let mut checks = driver.model.migration.checks.iter();
    checks.any(|check| check.text == words && check.sign == Sign::Bad)
}

#[test]
fn what_is_published_once_the_plan_is_made_stops_the_start() {
    for (file, side) in
        [("prod.sqlite", "the source (prod)"), ("dev.sqlite", "the destination (dev)")]
    {
        let mut driver = Driver::at_review(LARGE);
        driver.holds_run = true;
        driver.shows("both environments unchanged since you planned");
        confirm(&mut driver);
        let (database, destination) = (driver.pair().join(file), driver.pair().join("dev.sqlite"));
        let name = module(&database);
        publish(&database, &name, "PublishedSince");
        let before = std::fs::read(&destination).expect("a destination");
        driver.press("Enter");
        assert!(driver.held.is_none(), "it was started\n{}", driver.screen());
        driver.shows("The checks came out differently");
        driver.shows("1 failed check to mend");
        let words = format!("somebody published: {side} changed since you planned");
        assert!(says(&driver, &words), "{}", driver.screen());
        // Neither waiting nor pressing helps.
        driver.press("Ctrl+T");
        assert!(says(&driver, &words), "{}", driver.screen());
        driver.press("Ctrl+N");
        assert!(driver.held.is_none(), "it was started\n{}", driver.screen());
        driver.shows("[ Start ]  (locked");
        assert!(std::fs::read(&destination).expect("a destination") == before);

        // What the check advises: both sides are tested again, the decisions are kept.
        driver.press("1 Ctrl+T");
        while driver.step() != "Review" {
            let before = driver.step();
            driver.press("Ctrl+N");
            assert_ne!(driver.step(), before, "{}", driver.screen());
        }
        driver.shows("both environments unchanged since you planned");
        start(&mut driver);
    }
}

#[test]
fn what_is_published_and_taken_back_stops_nothing() {
    let mut driver = Driver::at_review(LARGE);
    driver.holds_run = true;
    let database = driver.pair().join("prod.sqlite");
    let name = module(&database);
    publish(&database, &name, "PublishedSince");
    driver.press("Ctrl+T");
    driver.shows("somebody published: the source (prod) changed since you planned");
    publish(&database, "PublishedSince", &name);
    driver.press("Ctrl+T");
    driver.shows("both environments unchanged since you planned");
    start(&mut driver);
}
