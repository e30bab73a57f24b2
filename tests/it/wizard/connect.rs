//! Connect: what is wrong is said whole, beside its field or in the check.

use osferry::wizard::message::{Check, Sign};

use super::driver::{Driver, LARGE};

#[test]
fn a_server_that_is_not_reached_is_said_with_what_to_do() {
    let mut driver = Driver::new(LARGE);
    driver.press("n Tab Tab");
    driver.type_in("127.0.0.1,1");
    driver.press("Tab");
    driver.type_in("OSPROD");
    driver.press("Tab Tab");
    driver.type_in("osferry_ro");
    driver.press("Tab");
    driver.type_in("secret");
    driver.press("Ctrl+T");
    // The side and its place stand in the fields above.
    driver.shows("✗ not reached: cannot reach");
    driver.shows("between.");
    assert!(!driver.screen().contains("source 127.0.0.1,1/OSPROD"), "{}", driver.screen());
}

#[test]
fn the_end_of_long_checks_is_seen() {
    let mut driver = Driver::new(LARGE);
    driver.press("n");
    let check = |text: &str, advice: &str| Check {
        kind: None,
        sign: Sign::Warning,
        text: text.to_owned(),
        advice: advice.to_owned(),
        all: Vec::new(),
        step: "Connect",
    };
    let long = "a sentence about a server, as long as they often are";
    driver.model.migration.destination.checks =
        vec![check(long, ""), check(long, ""), check(long, long), check("last", "what to do now")];
    driver.shows("what to do now");
    // The field that is filled in is seen as well.
    driver.press("Shift+Tab Shift+Tab");
    driver.shows("what to do now");
    driver.shows("▸CA file");
}

#[test]
fn a_refused_answer_is_said_in_a_whole_sentence() {
    let mut driver = Driver::new(LARGE);
    driver.press("n Shift+Tab Shift+Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab");
    while !driver.screen().contains("Production is never written") {
        driver.press("Space");
    }
    driver.shows("Production is never written; choose another environment.");
    driver.press("Tab");
    driver.type_in(&"x".repeat(10_000));
    driver.press("Tab");
    driver.shows("✗ No server's name is that long");
}

#[test]
fn nothing_is_said_to_be_compared_while_a_side_is_gone() {
    let mut driver = Driver::practice(LARGE);
    driver.press("Ctrl+N a Ctrl+N");
    std::fs::remove_file(driver.pair().join("dev.sqlite")).expect("removed");
    driver.press("1 Ctrl+T 3");
    assert_eq!(driver.step(), "Mismatches");
    driver.shows("Both sides have to be connected first");
    let screen = driver.screen().to_lowercase();
    assert!(!screen.contains("comparing"), "{screen}");
}

#[test]
fn the_same_database_twice_is_said_with_what_to_do() {
    let mut driver = Driver::practice(LARGE);
    let source = driver.model.migration.plan.source.engine.clone();
    driver.model.migration.plan.destination.engine = source;
    driver.model.migration.destination.model = driver.model.migration.source.model.clone();
    let screen = driver.screen();
    assert!(screen.contains("are the same database"), "{screen}");
    let line = screen.lines().find(|line| line.contains("are the same database"));
    assert!(line.is_some_and(|line| !line.contains("sqlite Check")), "{screen}");
    let step = driver.model.step().expect("a step");
    let notice = step.notice(&driver.model.migration).expect("a notice");
    assert!(notice.text.contains("prod.sqlite. Check"), "{}", notice.text);
}
