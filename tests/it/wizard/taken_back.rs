//! The box in which a run is undone: what it looks like, what may stay, what it waits for.

use osferry::migrate::Room;
use osferry::migrate::journal::Images;
use osferry::migrate::undo::UndoProgress;
use osferry::report::Verdict;
use osferry::wizard::keys::Key;
use osferry::wizard::message::{Effect, Fact, Message};
use osferry::wizard::overlay::Overlay;
use rusqlite::Connection;

use super::driver::{Driver, LARGE, MEDIUM, SMALL};
use super::past::{content, started, verdict};
use super::road::{go_to, open_sample_plan, settle_times, start};
use super::screens::{pin, settle_places};

/// The practice pair's run, with its report.
fn reported() -> Driver {
    let mut driver = started(LARGE);
    driver.release();
    driver
}

fn file(driver: &Driver) -> Connection {
    Connection::open(driver.pair().join("dev.sqlite")).expect("the destination")
}

/// The destination's table of an entity.
fn table(driver: &Driver, entity: &str) -> String {
    let report = &driver.model.migration.report.as_ref().expect("a report").report;
    let ending = format!(".{entity}");
    let found = report.entities.iter().find(|known| known.name.ends_with(&ending));
    found.expect("an entity").destination_table.clone()
}

/// Somebody notes something about a customer of ours, and corrects the city of a garage.
fn somebody_works_there(driver: &Driver) {
    let (notes, shops) = (table(driver, "CustomerNote"), table(driver, "RepairShop"));
    let file = file(driver);
    let noted = format!(
        "INSERT INTO \"{notes}\" (CUSTOMERID, TEXT, ISPINNED) SELECT MAX(CUSTOMERID), 'ours', 0 \
         FROM \"{notes}\""
    );
    assert_eq!(file.execute(&noted, []).expect("noted"), 1);
    let moved = format!(
        "UPDATE \"{shops}\" SET CITY = 'Moved away' WHERE ID = (SELECT MAX(ID) FROM \"{shops}\")"
    );
    assert_eq!(file.execute(&moved, []).expect("moved"), 1);
}

/// Gives the report the times and places that screens have; the run is still found by its id.
fn settle_report(driver: &mut Driver) {
    let id = |driver: &mut Driver| {
        let reported = driver.model.migration.report.as_mut().expect("a report");
        std::mem::take(&mut reported.report.id)
    };
    let own = id(driver);
    settle_times(driver);
    driver.model.migration.report.as_mut().expect("a report").report.id = own;
}

/// Gives the box another id; returns the one it had.
fn rename(driver: &mut Driver, id: &str) -> String {
    let overlays = driver.model.migration.overlays.iter_mut();
    let mut boxes = overlays.filter_map(|overlay| match overlay {
        Overlay::Undo(undoing) => Some(undoing),
        _ => None,
    });
    let undoing = boxes.next().expect("the box");
    std::mem::replace(&mut undoing.id, id.to_owned())
}

fn pin_box(name: &str, driver: &mut Driver) {
    let own = rename(driver, "260203-141328-d67a");
    pin(name, driver);
    rename(driver, &own);
}

#[test]
fn before_images_take_about_what_was_said() {
    let mut driver = started(LARGE);
    let room = driver.model.migration.room.clone().expect("a forecast");
    assert!(room.is_kept && room.rows > 900 && room.unknown.is_empty(), "{room:?}");
    assert!(room.free.is_some_and(|free| free > 0), "{room:?}");
    driver.release();
    let folder = driver.model.migration.report.as_ref().expect("a report").folder.clone();
    let taken = Images::size(&folder);
    assert!((taken / 2..taken * 2).contains(&room.bytes), "{taken} bytes were taken: {room:?}");
}

#[test]
fn before_images_are_declined_on_options() {
    let mut driver = Driver::new(LARGE);
    driver.holds_run = true;
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Options");
    driver.shows("[x] keep a copy for undo: about ");
    driver.press("Down Down Space");
    driver.shows("[ ] ! keep a copy for undo");
    go_to(&mut driver, "Review");
    let checks = &driver.model.migration.checks;
    let is_said = "plan does not keep rows as they were";
    assert!(checks.iter().any(|check| check.text.contains(is_said)), "{checks:?}");
    assert!(checks.iter().all(|check| !check.text.contains("undo file")), "{checks:?}");
    start(&mut driver);
    driver.release();
    let folder = driver.model.migration.report.as_ref().expect("a report").folder.clone();
    assert!(!Images::are_there(&folder));
    driver.press("u");
    driver.shows("Afterwards the destination is not in every row as it was before the run.");
}

#[test]
fn too_little_room_is_a_warning_before_the_start() {
    let mut driver = Driver::at_review(LARGE);
    let short = Room {
        is_kept: true,
        rows: 974,
        bytes: 2_100_000_000,
        free: Some(1_000_000_000),
        ..Room::default()
    };
    driver.model.migration.room = Some(short);
    driver.press("Ctrl+P");
    assert_eq!(driver.step(), "Options");
    driver.shows("[x] ! keep a copy for undo: 2.1 GB");
    driver.press("Down Down v");
    driver.shows("1 GB are free. Make room");
}

#[test]
fn an_undo_on_the_screen() {
    let mut driver = reported();
    settle_report(&mut driver);
    driver.press("u");
    pin_box("undo_preview", &mut driver);
    driver.type_in("dev");
    driver.holds_run = true;
    driver.press("Enter");
    let Some(Effect::Undo { job, .. }) = driver.held else { panic!("no undo waits") };
    let mut progress = UndoProgress {
        done: 8_000,
        of: 12_300,
        doing: "taking rows of Customer_CS.Customer out".to_owned(),
        ..UndoProgress::default()
    };
    driver.send(Message::Reported { job, fact: Fact::UndoProgressed(progress.clone()) });
    pin_box("undo_under_way", &mut driver);
    progress.held = Some(
        "database or disk is full. Make room where the destination keeps its log and its data."
            .to_owned(),
    );
    driver.send(Message::Reported { job, fact: Fact::UndoProgressed(progress) });
    pin_box("undo_waits", &mut driver);
    driver.release();
    settle_times(&mut driver);
    settle_places(&mut driver);
    pin("undo_done", &mut driver);
}

#[test]
fn what_others_refer_to_and_what_has_changed_stays_where_the_person_says_so() {
    let mut driver = reported();
    let (note, shop) = (table(&driver, "CustomerNote"), table(&driver, "RepairShop"));
    let before = content(&driver);
    somebody_works_there(&driver);
    settle_report(&mut driver);
    driver.press("u");
    driver.shows("leave what 1 row of others refers to");
    driver.shows("leave 1 row that has changed since");
    pin_box("undo_in_the_way", &mut driver);
    // Neither tick alone is enough.
    driver.press("Space Tab Tab");
    driver.type_in("dev");
    driver.press("Enter");
    driver.shows("Locked: see to the rows that have changed since");
    driver.press("Shift+Tab Space");
    pin_box("undo_in_the_way_ticked", &mut driver);
    driver.press("Shift+Tab Space Tab Tab Enter");
    driver.shows("Locked: see to the rows of others");
    driver.press("Tab Space Tab Tab Enter");
    assert_eq!(verdict(&driver), Verdict::UndoneInPart, "{}", driver.screen());
    for size in [LARGE, MEDIUM, SMALL] {
        driver.send(Message::Resized(size));
        driver.shows("Undone in part");
    }
    settle_times(&mut driver);
    settle_places(&mut driver);
    pin("undo_done_in_part", &mut driver);

    let rows =
        |sql: &str| -> u32 { file(&driver).query_row(sql, [], |row| row.get(0)).expect("a count") };
    assert_eq!(rows(&format!("SELECT COUNT(*) FROM \"{note}\" WHERE TEXT = 'ours'")), 1);
    assert_eq!(rows(&format!("SELECT COUNT(*) FROM \"{shop}\" WHERE CITY = 'Moved away'")), 1);
    let customer = table(&driver, "Customer");
    let referred = format!(
        "SELECT COUNT(*) FROM \"{customer}\" WHERE ID IN (SELECT CUSTOMERID FROM \"{note}\" \
         WHERE TEXT = 'ours')"
    );
    assert_eq!(rows(&referred), 1);
    // The other notes of the run are gone.
    let after = content(&driver);
    let count = |content: &[(String, Vec<String>)], name: &str| {
        content.iter().find(|(known, _)| known == name).map_or(0, |(_, rows)| rows.len())
    };
    assert!(count(&after, &note) < count(&before, &note) / 2, "the run's notes are still there");
}

/// A disk that is full where rows go, until somebody makes room: SQLite says so where no further
/// number is free.
struct Full(&'static str);

impl Full {
    fn new(driver: &Driver, entity: &str) -> Self {
        let watched = table(driver, entity);
        file(driver)
            .execute_batch(&format!(
                "CREATE TABLE Full (Id INTEGER PRIMARY KEY AUTOINCREMENT);
                 INSERT INTO Full (Id) VALUES (9223372036854775807);
                 CREATE TRIGGER IsFull AFTER DELETE ON \"{watched}\"
                 BEGIN INSERT INTO Full (Id) VALUES (NULL); END;"
            ))
            .expect("a full disk");
        Self("DROP TRIGGER IsFull; DROP TABLE Full")
    }

    fn make_room(self, driver: &Driver) {
        file(driver).execute_batch(self.0).expect("room");
    }
}

/// An undo that waits for room.
fn held() -> (Driver, Full) {
    let mut driver = reported();
    let full = Full::new(&driver, "RepairShop");
    driver.press("u");
    driver.type_in("dev");
    driver.send(Message::Key(Key::Enter));
    driver.until(|model| model.migration.held().is_some());
    (driver, full)
}

#[test]
fn an_undo_waits_for_the_person_who_makes_room() {
    let (mut driver, full) = held();
    for size in [LARGE, MEDIUM, SMALL] {
        driver.send(Message::Resized(size));
        driver.shows("Waiting for you: ");
        driver.shows("p go on   s stop");
    }
    full.make_room(&driver);
    driver.send(Message::Key(Key::Char('p')));
    driver.settle();
    assert!(
        matches!(verdict(&driver), Verdict::Undone | Verdict::UndoneInPart),
        "{}",
        driver.screen()
    );
    driver.shows("Undone");
}

#[test]
fn an_undo_that_waits_is_stopped_and_gone_on_with() {
    let (mut driver, full) = held();
    driver.send(Message::Key(Key::Char('s')));
    driver.settle();
    assert_eq!(verdict(&driver), Verdict::Undoing, "{}", driver.screen());
    driver.shows("u  go on with the undoing");
    full.make_room(&driver);
    driver.press("u");
    driver.type_in("dev");
    driver.press("Enter");
    driver.shows("Undone");
    assert!(matches!(verdict(&driver), Verdict::Undone | Verdict::UndoneInPart));
}
