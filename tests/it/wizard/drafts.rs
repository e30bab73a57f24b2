//! What is kept between two sessions, and what is not.

use osferry::wizard::Message;

use super::driver::{Driver, LARGE, key};

fn drafts(driver: &Driver) -> Vec<String> {
    let folder = driver.home().join("drafts");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn practice_is_kept_once_something_is_answered_and_never_takes_a_drafts_place() {
    let mut driver = Driver::practice(LARGE);
    driver.press("Ctrl+N Ctrl+P Ctrl+P");
    assert!(drafts(&driver).is_empty(), "nobody answered anything");
    driver.press("p Ctrl+N Space Ctrl+P Ctrl+P");
    assert_eq!(drafts(&driver), ["practice.toml"]);
    let first = driver.home().join("drafts").join("practice.toml");
    let text = std::fs::read_to_string(&first).expect("a draft");
    driver.press("p Ctrl+N Down Space Ctrl+P Ctrl+P");
    assert_eq!(drafts(&driver), ["practice-2.toml", "practice.toml"]);
    assert_eq!(std::fs::read_to_string(&first).expect("a draft"), text);
}

#[test]
fn a_name_that_another_draft_has_is_refused() {
    let mut driver = Driver::practice(LARGE);
    driver.press("Ctrl+N Space Ctrl+P Ctrl+P n Shift+Tab");
    driver.press("Ctrl+U");
    driver.type_in("PRACTICE");
    driver.press("Tab");
    driver.shows("Another draft is called PRACTICE already.");
    assert_eq!(driver.model.migration.plan.name, "migration-1");
    driver.press("Esc Ctrl+N");
    assert_eq!(driver.step(), "Connect");
}

#[test]
fn a_password_is_not_taken_along_to_another_server() {
    let mut driver = Driver::new(LARGE);
    let connect = |driver: &mut Driver, server: &str| {
        driver.press("n Tab Tab");
        driver.type_in(server);
        driver.press("Tab Tab Tab Tab");
        driver.type_in("Only-for-one");
        driver.press("Tab");
    };
    connect(&mut driver, "prdsql02");
    assert!(driver.model.migration.source.secret.is_some(), "{}", driver.screen());
    driver.press("Esc Ctrl+P");
    driver.send(Message::Key(key("n")));
    driver.settle();
    assert!(driver.model.migration.source.secret.is_none());
}

#[test]
fn a_question_stays_while_something_opens() {
    let mut driver = Driver::new(LARGE);
    driver.settle();
    // The pair is opened while the question whether to leave is there.
    driver.send(Message::Key(key("p")));
    driver.send(Message::Key(key("Ctrl+C")));
    driver.settle();
    assert_eq!(driver.step(), "Connect");
    driver.shows("Leave osferry?");
    driver.press("Enter");
    assert!(driver.left.is_some());
}

/// A draft of the practice pair, left on Mismatches; returns its file.
fn draft_left_on_mismatches(driver: &mut Driver) -> std::path::PathBuf {
    driver.press("Ctrl+N a Ctrl+N");
    assert_eq!(driver.step(), "Mismatches");
    driver.press("1 Ctrl+P");
    let file = driver.home().join("drafts").join("practice.toml");
    let text = std::fs::read_to_string(&file).expect("a draft");
    std::fs::write(&file, text.replace("step = \"Connect\"", "step = \"Mismatches\""))
        .expect("a draft");
    file
}

#[test]
fn a_draft_that_is_only_looked_at_stays_as_it_is() {
    let mut driver = Driver::practice(LARGE);
    let file = draft_left_on_mismatches(&mut driver);
    let text = std::fs::read_to_string(&file).expect("a draft");
    driver.press("End Enter");
    driver.shows("you were at Mismatches (3)");
    driver.press("Ctrl+P");
    assert_eq!(std::fs::read_to_string(&file).expect("a draft"), text);
    // What is changed on Connect is kept, the step it was left at too.
    driver.press("End Enter Tab Tab Space Space Space Ctrl+P");
    driver.shows("continue at Mismatches");
}

#[test]
fn a_copied_draft_never_takes_the_place_of_the_one_it_was_copied_from() {
    let mut driver = Driver::practice(LARGE);
    let file = draft_left_on_mismatches(&mut driver);
    let text = std::fs::read_to_string(&file).expect("a draft");
    std::fs::write(file.with_file_name("variant.toml"), &text).expect("a copy");
    std::fs::remove_file(&file).expect("gone");
    driver.press("n Ctrl+P");
    std::fs::write(&file, "# the first one\n").expect("a draft");
    driver.press("/ v a r i a n t Enter Enter");
    assert_eq!(driver.model.migration.plan.name, "variant", "{}", driver.screen());
    driver.press("Ctrl+N Space Ctrl+P Ctrl+P");
    assert_eq!(std::fs::read_to_string(&file).expect("a draft"), "# the first one\n");
}

#[test]
fn what_a_draft_says_that_is_not_understood_is_not_lost() {
    let mut driver = Driver::practice(LARGE);
    let file = draft_left_on_mismatches(&mut driver);
    let text = std::fs::read_to_string(&file).expect("a draft");
    let newer = text.replace("[options]", "[options]\nundo = \"always\"");
    std::fs::write(&file, &newer).expect("a draft");
    driver.press("End Enter");
    driver.shows("Opened, but not quite as it is");
    driver.shows("what you change is kept as \"practice-2\"");
    driver.press("Esc Ctrl+N Space Ctrl+P Ctrl+P");
    assert_eq!(drafts(&driver), ["practice-2.toml", "practice.toml"]);
    assert_eq!(std::fs::read_to_string(&file).expect("a draft"), newer);
}

#[test]
fn a_draft_that_cannot_be_saved_is_not_said_to_be_kept() {
    let mut driver = Driver::practice(LARGE);
    std::fs::write(driver.home().join("drafts"), "no folder").expect("a file");
    driver.press("Ctrl+N a");
    for _ in 0..500 {
        driver.take_in();
        if driver.model.migration.draft_trouble.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    driver.shows("draft NOT saved");
    driver.press("q");
    driver.shows("Your answers are NOT kept");
}

#[test]
fn a_new_migration_is_kept_once_something_is_answered() {
    let mut driver = Driver::new(LARGE);
    driver.press("n Tab Tab Esc Ctrl+P");
    assert_eq!(drafts(&driver), [""; 0]);
    driver.press("n Tab Tab");
    driver.type_in("prdsql02");
    driver.press("Tab");
    assert_eq!(drafts(&driver), ["migration-1.toml"]);
}
