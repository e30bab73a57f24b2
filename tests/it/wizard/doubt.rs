//! What an earlier answer puts in doubt: the rail's marks, and what was typed to confirm.

use osferry::wizard::Message;
use osferry::wizard::message::Sign;

use super::driver::{Driver, LARGE};

fn sign(driver: &Driver, step: &str) -> Sign {
    driver.model.sign(driver.model.place_of(step).expect("a step"))
}

fn typed(driver: &Driver) -> bool {
    !driver.screen().contains("3 letters to go")
}

#[test]
fn a_change_of_the_plan_clears_what_was_typed() {
    let mut driver = Driver::at_review(LARGE);
    driver.press("Tab d e v");
    assert!(typed(&driver), "{}", driver.screen());
    // Looking at a step changes nothing.
    driver.press("Tab 7 8");
    assert_eq!(driver.step(), "Review");
    assert!(typed(&driver), "{}", driver.screen());
    let before = driver.model.migration.built.clone().expect("a plan").fingerprint.clone();
    driver.press("7");
    while !driver.screen().contains("▸Batch size") {
        driver.press("Tab");
    }
    driver.press("Ctrl+U 5 0 0 Enter Esc 8");
    assert_eq!(driver.step(), "Review");
    assert_ne!(driver.model.migration.built.clone().expect("a plan").fingerprint, before);
    assert!(!typed(&driver), "{}", driver.screen());
    driver.shows("[ Start ]  (locked");
    // And no key starts it.
    driver.press("Tab Tab Enter Space");
    assert!(!driver.model.migration.is_running() && driver.model.migration.run.is_none());
}

#[test]
fn a_changed_scope_clears_what_was_typed_and_asks_for_a_second_look() {
    let mut driver = Driver::at_review(LARGE);
    driver.press("Tab d e v Tab");
    driver.press("2");
    assert_eq!(driver.step(), "Scope");
    driver.model.migration.set_scope(|scope| scope.applications.retain(|name| name == "Claims"));
    driver.send(Message::Resized(LARGE));
    driver.settle();
    let doubted = ["Mismatches", "Static records", "Users", "Options"]
        .into_iter()
        .filter(|step| matches!(sign(&driver, step), Sign::Recheck | Sign::Warning))
        .count();
    assert!(doubted >= 2, "{}", driver.screen());
    // As long as there is no plan nothing starts, whatever is typed.
    driver.press("8");
    driver.shows("[ Start ]  (locked");
    driver.decide(&["Policies", "Claims", "Partner Network"]);
    assert!(driver.model.migration.built.is_some(), "{}", driver.screen());
    assert!(!typed(&driver), "{}", driver.screen());
}

#[test]
fn what_is_as_it_was_needs_no_second_look() {
    let mut driver = Driver::at_review(LARGE);
    driver.press("2");
    let change = |driver: &mut Driver, wanted: &[&str]| {
        driver.model.migration.set_scope(|scope| {
            scope.applications = wanted.iter().map(|name| (*name).to_owned()).collect();
        });
        driver.send(Message::Resized(LARGE));
        driver.settle();
    };
    change(&mut driver, &["Claims"]);
    change(&mut driver, &["Policies", "Claims"]);
    for step in ["Mismatches", "Static records", "Users", "Options"] {
        assert_eq!(sign(&driver, step), Sign::Good, "{step}\n{}", driver.screen());
    }
}
