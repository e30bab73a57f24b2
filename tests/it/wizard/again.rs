//! What a run rejected, tried again from its report; and the key of the masks, which a new session
//! asks for.

use osferry::migrate::Command;
use osferry::plan::{PersonalData, RejectPolicy};
use osferry::report::Verdict;
use osferry::wizard::message::Message;
use osferry::wizard::overlay::Overlay;
use osferry::wizard::secret_field::Password;
use rusqlite::Connection;

use super::driver::{Driver, LARGE, MEDIUM, SMALL, TO_SAVED};
use super::past::{content, verdict};
use super::road::{decide_the_rest, go_to, open_sample_plan, start, time};

/// A run of which some notes were refused, proved.
fn rejected() -> Driver {
    let mut driver = Driver::new(LARGE);
    driver.holds_run = true;
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Options");
    driver.model.migration.set_options(|options| options.rejects = RejectPolicy::GoOn);
    driver.send(Message::Resized(LARGE));
    driver.settle();
    let plan = driver.model.migration.built.clone().expect("a plan");
    let note = plan.entities.iter().find(|entity| entity.name.ends_with("ClaimNote"));
    let table = note.expect("notes").destination_table.name.clone();
    execute(
        &driver,
        &format!(
            "CREATE TRIGGER KEEPER BEFORE INSERT ON [{table}] WHEN length(NEW.[TEXT]) > 400 BEGIN \
             SELECT RAISE(ABORT, 'Anna will not have it'); END"
        ),
    );
    go_to(&mut driver, "Review");
    start(&mut driver);
    driver.release();
    assert_eq!(verdict(&driver), Verdict::ProvedWithRejects, "{}", driver.screen());
    driver
}

fn execute(driver: &Driver, sql: &str) {
    let file = Connection::open(driver.pair().join("dev.sqlite")).expect("the destination");
    file.execute_batch(sql).expect("executed");
}

fn id(driver: &Driver) -> String {
    driver.model.migration.report.as_ref().expect("a report").report.id.clone()
}

fn sums(driver: &Driver) -> (u64, u64) {
    let totals = &driver.model.migration.report.as_ref().expect("a report").report.totals;
    (totals.written, totals.rejected)
}

/// Accepts each warning of the sheet that is open, types the name, and starts.
fn confirm(driver: &mut Driver) {
    driver.press("Enter");
    assert!(!driver.model.migration.overlays.is_empty(), "nothing starts unconfirmed");
    for _ in 0..20 {
        let Some(Overlay::Sheet(sheet)) = driver.model.migration.overlays.last() else { return };
        if sheet.in_text() {
            driver.type_in("de");
            driver.press("Enter");
            driver.shows("1 letter to go");
            driver.type_in("v");
            driver.shows("All is there");
        } else {
            driver.press("Space");
        }
        driver.press("Enter");
    }
    panic!("it does not start:\n{}", driver.screen());
}

#[test]
fn rejected_rows_are_tried_again_from_the_report_and_each_run_is_taken_back_in_its_turn() {
    let mut driver = rejected();
    let (first, (written, lost)) = (id(&driver), sums(&driver));
    assert!(lost > 0 && written > 0);
    for size in [SMALL, MEDIUM, LARGE] {
        driver.send(Message::Resized(size));
        driver.press("w");
        driver.shows("Try again what run");
        driver.shows("accept: ");
        driver.press("Esc");
        assert!(driver.model.migration.overlays.is_empty(), "{}", driver.screen());
    }
    let before = content(&driver);
    execute(&driver, "DROP TRIGGER KEEPER");
    driver.press("w");
    confirm(&mut driver);
    assert_eq!(driver.step(), "Report");
    assert_eq!(verdict(&driver), Verdict::Proved, "{}", driver.screen());
    assert_eq!(sums(&driver), (lost, 0));
    let second = id(&driver);
    assert_ne!(second, first);
    assert_ne!(content(&driver), before);
    // Nothing is left to be tried; the key does nothing more.
    assert!(!driver.screen().contains("w try rejects"), "{}", driver.screen());
    driver.press("w");
    driver.shows("rejected no row");
    // Its own undo takes back only its rows.
    driver.press("u");
    driver.type_in("dev");
    driver.press("Enter");
    assert_eq!(verdict(&driver), Verdict::Undone, "{}", driver.screen());
    assert_eq!(content(&driver), before);
}

#[test]
fn rejects_of_an_earlier_session_are_tried_again_over_connect() {
    let mut driver = rejected();
    let (first, (_, lost)) = (id(&driver), sums(&driver));
    driver.start_anew();
    driver.press(&format!("{TO_SAVED} Enter"));
    assert_eq!(id(&driver), first, "{}", driver.screen());
    driver.press("w");
    driver.shows("Try again what run");
    confirm(&mut driver);
    // As long as they are refused nothing comes of it.
    assert_eq!(sums(&driver), (0, lost), "{}", driver.screen());
    assert_ne!(id(&driver), first);
    // The first run's rejects are the second one's now: two at once would write rows twice.
    driver.start_anew();
    driver.press(&format!("{TO_SAVED} Down Enter"));
    assert_eq!(id(&driver), first, "{}", driver.screen());
    driver.press("w");
    driver.shows("have been tried again");
    assert_eq!(id(&driver), first);
}

const KEY: &str = "the key of spring 2026";

#[test]
fn a_new_session_asks_for_the_key_of_a_run_that_masked_and_takes_no_other() {
    let mut driver = Driver::new(LARGE);
    driver.holds_run = true;
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Options");
    driver.model.migration.set_scope(|scope| scope.personal_data = Some(PersonalData::Mask));
    driver.model.migration.set_mask_key(Some(Password::from(KEY)));
    driver.send(Message::Resized(LARGE));
    driver.settle();
    decide_the_rest(&mut driver);
    go_to(&mut driver, "Review");
    start(&mut driver);
    driver.holds_run = false;
    let held = driver.held.take();
    driver.obey(held.into_iter().collect());
    driver.model.migration.tell(Command::Stop);
    driver.send(time(1));
    driver.settle();
    assert_eq!(verdict(&driver), Verdict::Stopped, "{}", driver.screen());
    let id = id(&driver);

    driver.start_anew();
    driver.press(&format!("{TO_SAVED} r"));
    driver.shows("The key of this run's masks");
    driver.type_in("the key of autumn 2026");
    driver.press("Enter");
    driver.shows("another key than the run masked with");
    driver.press("Ctrl+U");
    driver.type_in(KEY);
    assert!(!driver.screen().contains("spring"), "{}", driver.screen());
    driver.press("Enter");
    driver.shows("Go on where the run ended?");
    driver.press("Down Enter");
    assert_eq!(verdict(&driver), Verdict::Proved, "{}", driver.screen());
    assert_eq!(self::id(&driver), id);
    // It is known in this session from now on; and to undo it needs it too.
    driver.press("u");
    driver.shows("Undo would take");
    driver.start_anew();
    driver.press(&format!("{TO_SAVED} Enter u"));
    driver.shows("The key of this run's masks");
}
