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
