//! Processes on the practice pair: what is told of definitions and statuses, and the way on from there.

use osferry::compare::{Finding, FindingKind, choice};
use osferry::wizard::findings::belongs_to;
use osferry::wizard::{Message, Model};
use rusqlite::Connection;

use super::driver::{Driver, LARGE, key};
use super::road::{decide_the_rest, go_to, open_sample_plan};

/// How what processes consist of is named, and the states of their instances.
const OF_PROCESSES: [&str; 5] = [
    "Claims_CS.HandleClaim",
    "Claims_CS.PayClaim",
    "Policies_CS.RenewPolicy",
    "Activity_Status.",
    "Process_Status.",
];

/// Has the destination's activity of this name published anew, under another key.
fn remake_activity(driver: &Driver, name: &str) {
    let file = driver.pair().join("dev.sqlite");
    let database = Connection::open(file).expect("a destination");
    let sql = "UPDATE OSSYS_BPM_ACTIVITY_DEFINITION SET SS_KEY = 'remade' WHERE NAME = ?1";
    assert_eq!(database.execute(sql, [name]), Ok(1));
}

fn named<'a>(driver: &'a Driver, name: &str) -> Vec<&'a Finding> {
    let findings = driver.model.migration.findings().iter();
    findings.filter(|finding| finding.about.ends_with(name)).collect()
}

/// At Processes, everything decided that can be decided as recommended.
fn at_processes(prepare: impl FnOnce(&Driver)) -> Driver {
    let mut driver = Driver::new(LARGE);
    prepare(&driver);
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Processes");
    decide_the_rest(&mut driver);
    driver
}

#[test]
fn definitions_and_statuses_are_shown_on_processes_only() {
    let driver = at_processes(|_| ());
    let findings = driver.model.migration.findings().iter();
    let told: Vec<&Finding> = findings
        .filter(|finding| OF_PROCESSES.iter().any(|of| finding.about.starts_with(of)))
        .collect();
    let is_told =
        |kind, about| told.iter().any(|finding| finding.key.kind == kind && finding.about == about);
    let id_differs = FindingKind::RecordIdDiffers;
    for about in ["Claims_CS.HandleClaim", "Claims_CS.HandleClaim.AssessDamage.AssessedBy"] {
        assert!(is_told(id_differs, about), "{about} {told:?}");
    }
    assert!(is_told(FindingKind::ProcessStatusIdDiffers, "Activity_Status.Ready"), "{told:?}");
    for finding in &told {
        assert_eq!(belongs_to(finding), "Processes", "{} {}", finding.about, finding.key.kind);
        let status = finding.about.rsplit('.').next().unwrap_or_default();
        let is_twice = finding.about.contains("Status.")
            && finding.key.kind == FindingKind::RecordIdDiffers
            && told.iter().any(|one| {
                one.key.kind == FindingKind::ProcessStatusIdDiffers && one.about.ends_with(status)
            });
        assert!(!is_twice, "{} is told twice", finding.about);
    }
    let mut driver = driver;
    driver.press("4");
    assert_eq!(driver.step(), "Static records");
    driver.shows("ClaimCause");
    let screen = driver.screen();
    assert!(!screen.contains("Activity_") && !screen.contains("Process_"), "{screen}");
}

#[test]
fn an_activity_that_is_missing_is_decided_on_processes() {
    let mut driver = at_processes(|driver| remake_activity(driver, "AssessDamage"));
    let told = named(&driver, ".AssessDamage");
    // The destination has one of that name, with another key.
    let [found] = told.iter().filter(|one| one.needs_decision()).collect::<Vec<_>>()[..] else {
        panic!("{told:?}");
    };
    assert_eq!(found.key.kind, FindingKind::RecordRecreated);
    assert_eq!(belongs_to(found), "Processes");
    assert!(found.rows.is_some_and(|rows| rows > 0), "{found:?}");
    let is_double = |one: &&&Finding| one.key.kind == FindingKind::ProcessPartMissing;
    assert_eq!(told.iter().filter(is_double).count(), 0, "{told:?}");
    // Its outputs are others' too. Next goes to the first, and it is decided here.
    driver.press("Esc Ctrl+N");
    assert_eq!(driver.step(), "Processes");
    driver.shows("▸✗ HandleClaim.AssessDamage");
    driver.press("Enter Down Enter");
    driver.shows("AssessDamage  id");
    driver.press("Enter");
    driver.shows("→ AssessDamage");
    let migration = &mut driver.model.migration;
    let findings = migration.findings().iter();
    let open: Vec<Finding> = findings.filter(|one| migration.is_open(one)).cloned().collect();
    assert_eq!(open.len(), 3);
    for finding in open {
        let name = finding.about.rsplit('.').next().map(str::to_owned);
        migration.decide(&finding, choice::MAP, name);
    }
    driver.send(Message::Resized(LARGE));
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Options", "{}", driver.screen());
}

/// Whether a step up to Processes keeps Next from going on.
fn is_something_open(model: &Model) -> bool {
    model.steps[..=5].iter().any(|step| !step.gate(&model.migration).is_empty())
}

#[test]
fn next_waits_for_the_comparison_and_then_leads_on() {
    let mut driver = at_processes(|_| ());
    driver.settle();
    driver.send(Message::Key(key("Ctrl+T")));
    // Rows are being counted again: as long as that lasts, some findings look open.
    driver.until(is_something_open);
    driver.send(Message::Key(key("Ctrl+N")));
    assert_eq!(driver.step(), "Processes");
    driver.shows("Comparing again; Next leads on as soon as that is done.");
    driver.settle();
    assert_eq!(driver.step(), "Options", "{}", driver.screen());
    // Whoever does something else meanwhile stays.
    driver.press("6");
    driver.send(Message::Key(key("Ctrl+T")));
    driver.until(is_something_open);
    driver.send(Message::Key(key("Ctrl+N")));
    driver.send(Message::Key(key("Down")));
    driver.settle();
    assert_eq!(driver.step(), "Processes");
}

#[test]
fn next_says_which_step_before_has_something_open_and_its_number_leads_to_it() {
    let mut driver = at_processes(|_| ());
    let migration = &mut driver.model.migration;
    let mut decided = migration.findings().iter().filter(|finding| {
        belongs_to(finding) == "Mismatches" && migration.plan.decisions.get(&finding.key).is_some()
    });
    let last = decided.next_back().expect("a decision").clone();
    migration.undecide(&last.key);
    driver.send(Message::Resized(LARGE));
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Processes");
    driver.shows("Mismatches (press 3) needs a look first: 1 finding still needs a decision");
    driver.press("3 y");
    assert_eq!(driver.step(), "Mismatches");
    let copied = driver.copied.last().expect("the selected finding");
    assert!(copied.starts_with(&last.about), "{copied}");
    // Decided there, the way on is the number of the step it came from.
    driver.press("Space 6 Ctrl+N");
    assert_eq!(driver.step(), "Options", "{}", driver.screen());
}
