//! The neighbouring procedures, gone through on the screen.

use std::path::Path;

use rusqlite::Connection;

use super::driver::{Driver, LARGE, MEDIUM};

/// Everything that a database holds, table by table, row by row.
fn contents(file: &Path) -> Vec<String> {
    let database = Connection::open(file).expect("a database");
    let mut names = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .expect("tables");
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))
        .expect("tables")
        .collect::<Result<_, _>>()
        .expect("names");
    let mut all = Vec::new();
    for name in names {
        let mut rows = database.prepare(&format!("SELECT * FROM \"{name}\"")).expect("a table");
        let width = rows.column_count();
        let mut lines: Vec<String> = rows
            .query_map([], |row| {
                let cells = (0..width).map(|at| row.get_ref(at).map(|cell| format!("{cell:?}")));
                cells.collect::<Result<Vec<_>, _>>().map(|cells| format!("{name} {cells:?}"))
            })
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("rows");
        lines.sort();
        all.extend(lines);
    }
    all
}

/// At the walk through the clean-up of the practice clone.
fn at_cleanup(driver: &mut Driver) {
    driver.press("c Down Enter");
    assert_eq!(driver.step(), "Connect", "{}", driver.screen());
    driver.shows("CLONE (will be written)");
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Clean-up", "{}", driver.screen());
}

/// The cursor goes to the step with this title.
fn select(driver: &mut Driver, title: &str) {
    driver.press("Home");
    for _ in 0..60 {
        // Beside the rail, which has a ▸ of its own.
        let is_there = driver.screen().lines().any(|line| {
            let body: String = line.chars().skip(20).collect();
            body.contains('▸') && body.contains(title)
        });
        if is_there {
            return;
        }
        driver.press("Down");
    }
    panic!("{title} is not there:\n{}", driver.screen());
}

#[test]
fn a_clone_is_cleaned_up_and_taken_back_to_its_exact_rows() {
    let mut driver = Driver::new(LARGE);
    at_cleanup(&mut driver);
    let clone = driver.pair().join("clone.sqlite");
    let before = contents(&clone);
    driver.shows("to delete or set");
    // A task is ticked, and kept at once.
    select(&mut driver, "Take the backup");
    driver.press("Space");
    driver.shows("done");
    // A statement shows its rows.
    select(&mut driver, "Empty the list of front-end");
    driver.shows("OSSYS_SERVER");
    // An optional one that the practice plan takes is not taken, another one left out with a reason,
    // and with none it is not.
    select(&mut driver, "Save and delete the database conn");
    driver.press("Space");
    driver.shows("not taken");
    select(&mut driver, "Empty the configuration of mobile");
    driver.press("x Enter");
    driver.shows("Not yet: say why.");
    driver.type_in("no mobile apps");
    driver.press("Enter");
    driver.shows("left out");
    // Another name carries nothing out.
    driver.press("a");
    driver.shows("That this is the copy");
    driver.type_in("prod");
    driver.press("Enter Esc");
    assert_eq!(contents(&clone), before);
    driver.press("a");
    driver.type_in("clone");
    driver.press("Enter");
    assert_eq!(driver.step(), "Record", "{}", driver.screen());
    driver.shows("nothing is left to do");
    let database = Connection::open(&clone).expect("the clone");
    let rows = |table: &str| -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        database.query_row(&sql, [], |row| row.get(0)).expect("a count")
    };
    assert_eq!(rows("OSSYS_SERVER"), 0);
    assert!(rows("OSSYS_DBCONNECTION") > 0, "it was not taken");
    assert!(rows("OSSYS_APP_MOBILE_CONFIG") > 0, "it was left out");
    // The databases say what they can of the installation that follows; nothing is ticked by that.
    driver.press("4 t");
    driver.shows("0 of 17 done");
    select(&mut driver, "Save, then delete the data");
    driver.shows("checked 20");
    // A later session finds what was said, and takes the clean-up back.
    driver.start_anew();
    driver.shows("practice-clone-1");
    driver.press("End Enter 2");
    assert_eq!(driver.step(), "Clean-up", "{}", driver.screen());
    select(&mut driver, "Take the backup");
    driver.shows("✓ Take the backup");
    driver.press("3 u");
    driver.shows("would be put back");
    driver.type_in("clone");
    driver.press("Enter");
    driver.shows("every row is as it was before");
    assert_eq!(contents(&clone), before);
    driver.press("Esc u");
    driver.shows("taken back already");
}

#[test]
fn what_could_not_be_put_back_exactly_is_said() {
    let mut driver = Driver::new(LARGE);
    at_cleanup(&mut driver);
    driver.press("a");
    driver.type_in("clone");
    driver.press("Enter");
    assert_eq!(driver.step(), "Record", "{}", driver.screen());
    // Somebody's trigger changes what is put back.
    let clone = Connection::open(driver.pair().join("clone.sqlite")).expect("the clone");
    let trigger = "CREATE TRIGGER spoils AFTER INSERT ON OSSYS_SERVER BEGIN \
                   UPDATE OSSYS_SERVER SET NAME = 'another' WHERE ID = NEW.ID; END";
    clone.execute_batch(trigger).expect("a trigger");
    driver.press("u");
    driver.type_in("clone");
    driver.press("Enter");
    driver.shows("The clean-up is taken back in part");
    driver.shows("row 1 of OSSYS_SERVER");
    let name = "SELECT NAME FROM OSSYS_SERVER WHERE ID = 1";
    let name: String = clone.query_row(name, [], |row| row.get(0)).expect("it is there");
    assert_eq!(name, "another");
}

#[test]
fn the_original_in_the_place_of_its_clone_is_refused() {
    let mut driver = Driver::new(MEDIUM);
    at_cleanup(&mut driver);
    let original = driver.pair().join("prod.sqlite");
    let before = contents(&original);
    let migration = &mut driver.model.migration;
    let mut endpoint = migration.plan.source.clone();
    endpoint.purpose = Some(osferry::plan::Purpose::NonProduction);
    migration.set_endpoint(osferry::outsystems::Side::Destination, endpoint);
    driver.press("1 Ctrl+T Ctrl+N a");
    driver.shows("does not look like the copy");
    driver.press("Esc a");
    driver.shows("Nothing overrides this");
    assert_eq!(contents(&original), before);
    // Nor is anything carried out where nobody says what the original is.
    let clone = osferry::plan::EndpointEngine::Sqlite { path: driver.pair().join("clone.sqlite") };
    let before = contents(&driver.pair().join("clone.sqlite"));
    driver.press("Esc");
    let migration = &mut driver.model.migration;
    let mut endpoint = migration.plan.destination.clone();
    endpoint.engine = clone;
    migration.set_endpoint(osferry::outsystems::Side::Destination, endpoint);
    migration.set_endpoint(osferry::outsystems::Side::Source, osferry::plan::Endpoint::empty());
    driver.press("1 Ctrl+T Ctrl+N a");
    driver.shows("Name the original on Connect first");
    driver.press("Enter");
    assert_eq!(contents(&driver.pair().join("clone.sqlite")), before);
}

#[test]
fn a_restore_is_gone_through_for_each_server_and_compared() {
    let mut driver = Driver::new(LARGE);
    let (old, new) = (driver.pair().join("prod.sqlite"), driver.pair().join("moved.sqlite"));
    std::fs::copy(&old, &new).expect("restored");
    driver.press("s");
    assert_eq!(driver.step(), "Restore", "{}", driver.screen());
    driver.press("m");
    driver.type_in("CTRL, FE1");
    driver.press("Enter");
    driver.shows("CTRL: Stop IIS");
    driver.shows("FE1: Stop IIS");
    driver.press("Space");
    let file = |path: &Path| osferry::plan::Endpoint {
        engine: osferry::plan::EndpointEngine::Sqlite { path: path.to_path_buf() },
        purpose: None,
    };
    use osferry::outsystems::Side::{Destination, Source};
    driver.model.migration.set_endpoint(Source, file(&old));
    driver.model.migration.set_endpoint(Destination, file(&new));
    driver.press("2 Ctrl+T 3 c");
    driver.shows("Intact");
    driver.press("1");
    select(&mut driver, "Compare");
    driver.shows("intact");
    // What was kept is there for the commands as well.
    let home = osferry::front::Home::at(driver.home());
    let kept = home.open_errand(osferry::procedures::Errand::Restore, "restore-1").expect("kept");
    assert_eq!(kept.walks[0].servers, ["CTRL", "FE1"]);
    assert!(kept.walks[0].marks.contains_key("compare"));
    let text = kept.plan.expect("a plan");
    osferry::plan::RestoreFile::parse(&text, "x").expect("a plan that the command takes");
    // A difference is said, and once a server is pointed over nothing is compared.
    Connection::open(&new)
        .expect("the new one")
        .execute_batch("UPDATE OSSYS_ESPACE SET NAME = NAME || 'x' WHERE ID = (SELECT MIN(ID) FROM OSSYS_ESPACE)")
        .expect("changed");
    driver.press("3 c");
    driver.shows("Not intact");
    let kept = home.open_errand(osferry::procedures::Errand::Restore, "restore-1").expect("kept");
    assert!(!kept.walks[0].marks.contains_key("compare"), "it is not intact any more");
    driver.press("1");
    select(&mut driver, "CTRL: Open the Configuration Tool");
    driver.press("Space 3 c");
    driver.shows("could not be compared");
}

#[test]
fn names_that_are_none_of_oracles_are_refused_before_anything_is_written() {
    let mut driver = Driver::new(MEDIUM);
    driver.press("c Down Down Enter");
    assert_eq!(driver.step(), "Scripts", "{}", driver.screen());
    driver.press("Tab Tab");
    driver.type_in("may; drop user");
    driver.press("Esc Ctrl+T");
    driver.shows("Not yet");
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Clone");
    driver.press("Space Ctrl+N v");
    assert_eq!(driver.step(), "Install");
}
