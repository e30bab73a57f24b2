//! Runs of before in plain mode: gone on with, and undone, each question answered in its order.

use std::path::PathBuf;

use rusqlite::Connection;

use super::place::Place;
use super::talk::Talk;
use crate::program::osferry;

const NOTES: &str = "OSUSR_C7D_CUSTOMERNOTE";
const SHOPS: &str = "OSUSR_N2P_REPAIRSHOP";

fn destination(place: &Place) -> PathBuf {
    place.home().join("practice").join("dev.sqlite")
}

fn execute(place: &Place, sql: &str) {
    let file = Connection::open(destination(place)).expect("the destination");
    file.execute_batch(sql).expect("done");
}

fn count(place: &Place, sql: &str) -> u32 {
    let file = Connection::open(destination(place)).expect("the destination");
    file.query_row(sql, [], |row| row.get(0)).expect("a count")
}

/// The disk is full as soon as something is done with the rows of a table: SQLite says so where no
/// further number is free.
fn fill_the_disk(place: &Place, when: &str, table: &str) {
    execute(
        place,
        &format!(
            "CREATE TABLE Full (Id INTEGER PRIMARY KEY AUTOINCREMENT);
             INSERT INTO Full (Id) VALUES (9223372036854775807);
             CREATE TRIGGER IsFull AFTER {when} ON {table}
             BEGIN INSERT INTO Full (Id) VALUES (NULL); END;"
        ),
    );
}

fn make_room(place: &Place) {
    execute(place, "DROP TRIGGER IsFull; DROP TABLE Full");
}

/// Has the practice plan accept the trigger that fills the disk.
fn accept_triggers(place: &Place) {
    let plan = place.home().join("practice").join("practice.toml");
    let text = std::fs::read_to_string(&plan).expect("the practice plan");
    let accepted = text.replace("accept = [", "accept = [\"triggers\", ");
    assert_ne!(text, accepted, "the plan accepts nothing");
    std::fs::write(plan, accepted).expect("the practice plan");
}

/// Carries the practice plan out; returns the exit code.
fn run(place: &Place) -> Option<i32> {
    let plan = place.home().join("practice").join("practice.toml");
    let plan = plan.display().to_string();
    let words = ["run", &plan, "--decide", "recommended", "--confirm", "dev"];
    osferry(&place.path("."), &place.home(), &words, &[]).code
}

#[test]
fn an_undo_is_asked_about_line_by_line_and_waits_for_room() {
    let place = Place::practice();
    assert_eq!(run(&place), Some(0));
    let notes = count(&place, &format!("SELECT COUNT(*) FROM {NOTES}"));
    execute(
        &place,
        &format!(
            "INSERT INTO {NOTES} (CUSTOMERID, TEXT, ISPINNED)
               SELECT MAX(CUSTOMERID), 'of others', 0 FROM {NOTES};
             UPDATE {SHOPS} SET CITY = 'Moved away' WHERE ID = (SELECT MAX(ID) FROM {SHOPS})"
        ),
    );
    fill_the_disk(&place, "DELETE", SHOPS);
    let mut talk = Talk::start(&place, &["--plain"]);
    talk.chooses("practice, today").chooses("undo: take back what it wrote");
    talk.hears("Undo would take").hears("not in every row as it was before the run");
    talk.hears("1 row of Customer_CS.CustomerNote, not of this run, refers to");
    // Whoever does not agree undoes nothing.
    talk.chooses("undo nothing").chooses("undo: take back what it wrote");
    talk.chooses("leave what 1 row of others refers to");
    talk.chooses("leave 1 row that has changed since");
    talk.hears("To undo, type dev").says("de");
    talk.hears("Not yet: 1 letter to go.").hears("To undo, type dev").says("dev");
    talk.hears("Waiting for you: database or disk is full").hears("Make room");
    make_room(&place);
    talk.chooses("go on");
    talk.hears("Undone, but not everything is as it was before");
    talk.hears("The run was undone in part on ").chooses("leave");
    assert_eq!(talk.ends(), Some(1), "{}", talk.said());
    assert_eq!(count(&place, &format!("SELECT COUNT(*) FROM {NOTES} WHERE TEXT = 'of others'")), 1);
    assert_eq!(
        count(&place, &format!("SELECT COUNT(*) FROM {SHOPS} WHERE CITY = 'Moved away'")),
        1
    );
    assert!(count(&place, &format!("SELECT COUNT(*) FROM {NOTES}")) < notes / 2);
}

#[test]
fn an_undo_that_waits_is_stopped_and_gone_on_with() {
    let place = Place::practice();
    assert_eq!(run(&place), Some(0));
    fill_the_disk(&place, "DELETE", SHOPS);
    let mut talk = Talk::start(&place, &["--plain"]);
    talk.chooses("practice, today").chooses("undo: take back what it wrote");
    talk.hears("To undo, type dev").says("dev");
    talk.hears("Waiting for you: ").chooses("stop");
    // It is asked once only what is to be done.
    talk.hears("Undone up to a point");
    assert_eq!(talk.said().matches("Waiting for you: ").count(), 1, "{}", talk.said());
    make_room(&place);
    talk.chooses("undo").hears("To undo, type dev").says("dev");
    talk.hears("Undone, everything is as it was before").chooses("leave");
    assert_eq!(talk.ends(), Some(0), "{}", talk.said());
}

#[test]
fn a_stopped_run_is_gone_on_with_line_by_line() {
    let place = Place::practice();
    fill_the_disk(&place, "INSERT", "OSUSR_4F2_CLAIMNOTE");
    accept_triggers(&place);
    assert_eq!(run(&place), Some(3));
    make_room(&place);
    let mut talk = Talk::start(&place, &["--plain"]);
    talk.chooses("r resumes").hears("Stopped before the end");
    talk.chooses("go on where it ended").hears("Go on where the run ended?");
    talk.hears("kept: ServiceCenter.Process (27), Policy_CS.PaymentFrequency (3)")
        .hears("not begun: Claims_CS.ClaimNote");
    // Staying changes nothing.
    talk.chooses("Stay: with this report");
    talk.chooses("go on where it ended").hears("Go on where the run ended?");
    talk.chooses("Go on: writing to dev");
    talk.hears("12,118 rows of 39 entities").hears("12,120 rows compared");
    // The proof has seen who made room.
    talk.hears("the trigger IsFull is gone").chooses("leave");
    assert_eq!(talk.ends(), Some(4), "{}", talk.said());
}
