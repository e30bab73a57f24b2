//! Options on the practice pair.

use osferry::compare::{Choice, FindingKind, choice};
use osferry::wizard::Message;
use osferry::wizard::findings::belongs_to;

use super::driver::{Driver, LARGE, MEDIUM, SMALL};

/// At Options with Policies and Claims chosen; what other steps ask is decided.
fn at_options() -> Driver {
    let mut driver = Driver::practice(LARGE);
    driver.press("Ctrl+N");
    for name in ["Policies", "Claims"] {
        driver.press("/");
        driver.type_in(name);
        driver.press("Enter Home Space Esc");
    }
    assert_eq!(driver.model.migration.plan.scope.applications, ["Policies", "Claims"]);
    decide_elsewhere(&mut driver);
    driver.press("Ctrl+N Ctrl+N Ctrl+N Ctrl+N");
    assert_eq!(driver.step(), "Options", "{}", driver.screen());
    driver
}

/// Decides whatever other steps ask, until nothing is open: as recommended, else what needs no
/// other row.
fn decide_elsewhere(driver: &mut Driver) {
    loop {
        let migration = &mut driver.model.migration;
        let open: Vec<_> = migration
            .findings()
            .iter()
            .filter(|finding| belongs_to(finding.key.kind) != "Options")
            .filter(|finding| migration.is_open(finding))
            .cloned()
            .collect();
        if open.is_empty() {
            return;
        }
        for finding in open {
            let fits = |made: &&Choice| made.name != choice::STOP && !made.needs_target;
            let recommended = finding.recommended.filter(|name| *name != choice::STOP);
            let first = || finding.choices.iter().find(fits).map(|made| made.name);
            let made = recommended.or_else(first).expect("a choice");
            migration.decide(&finding, made, None);
        }
        driver.send(Message::Resized(LARGE));
        driver.settle();
    }
}

#[test]
fn rows_are_chosen_findings_decided_and_the_plan_follows() {
    let mut driver = at_options();
    driver.shows("LESSON Decide what becomes of the rows that the destination already has");
    driver.shows("Plan: none yet");
    driver.shows("( ) ! delete them first: 970 rows");
    driver.shows("( ) keep them: 971 rows");
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Options");
    driver.shows("Not yet: choose whether the rows that dev has are deleted or kept");
    driver.press("Space");
    driver.shows("(•) ! delete them first: 970 rows");
    // RepairShop was taken in by reference: that is decided here as well.
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Options");
    driver.shows("▸! RepairShop");
    driver.press("Space Esc");
    for wanted in [
        "Order   5 groups by reference",
        "insert         11,421",
        "! delete          974",
        "Ids     4 kinds rewritten",
        "Users   57 matched, 1",
        "974 rows of dev are deleted before any is written.",
        "planned 14:02:11",
    ] {
        driver.shows(wanted);
    }
    let fingerprint = driver.model.migration.built.clone().expect("a plan").fingerprint.clone();
    driver.shows(&fingerprint);
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Review", "{}", driver.screen());
    driver.shows(&fingerprint);
}

#[test]
fn a_number_typed_counts_with_ctrl_n_too() {
    let mut driver = at_options();
    driver.press("Space Ctrl+N Space Esc Shift+Tab Shift+Tab Ctrl+U");
    driver.type_in("4001");
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Options");
    driver.shows("✗ 4,000 at most");
    driver.press("Ctrl+U");
    driver.type_in("250");
    driver.press("Ctrl+N");
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Review", "{}", driver.screen());
    driver.shows("in batches of 250 rows");
    assert_eq!(driver.model.migration.plan.options.batch_rows, 250);
}

#[test]
fn keeping_rows_needs_no_deletion() {
    let mut driver = at_options();
    driver.press("Down Space");
    let open: Vec<_> = driver
        .model
        .migration
        .findings()
        .iter()
        .filter(|finding| driver.model.migration.is_open(finding))
        // Which of the rows that stay are ours is asked of each entity.
        .filter(|finding| finding.key.kind != FindingKind::ExistingMatch)
        .map(|finding| finding.about.clone())
        .collect();
    assert_eq!(open, ["Partner_CS.RepairShop"]);
    driver.press("Ctrl+N");
    driver.shows("41 of Claims_CS.Inspection.RepairShopId stay and point to them");
    driver.shows("Esc leads back");
}

#[test]
fn what_is_decided_here_can_be_done_in_a_small_window() {
    for size in [SMALL, MEDIUM] {
        let mut driver = at_options();
        driver.send(Message::Resized(size));
        driver.press("Space Ctrl+N Space Esc Tab");
        driver.shows("11,421");
        driver.press("Enter");
        driver.shows("Plan: 32 entities in 5 groups");
        driver.press("Esc Ctrl+N");
        assert_eq!(driver.step(), "Review", "{}", driver.screen());
    }
}
