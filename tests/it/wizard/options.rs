//! Options on the practice pair.

use osferry::compare::{Finding, FindingKind, choice};
use osferry::plan::{CheckKind, EndpointEngine, PersonalData, RejectPolicy};
use osferry::wizard::Message;
use osferry::wizard::findings::belongs_to;
use osferry::wizard::keys::Key;
use osferry::wizard::message::{Answer, Sign};
use osferry::wizard::step::AskKind;

use super::driver::{Driver, LARGE, MEDIUM, SMALL, sample, way_on};
use super::road::{decide_the_rest, go_to, open_sample_plan};

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
    // What becomes of the commissions, once there is something to become of them.
    let sample = sample(&driver.pair());
    let mut decided = sample.decisions.all().into_iter();
    let decided = decided.find(|one| one.key.kind == FindingKind::ConsumerOutsideScope);
    driver.model.migration.plan.decisions.put(decided.expect("a decision").clone());
    decide_elsewhere(&mut driver);
    driver.press("Ctrl+N Ctrl+N Ctrl+N Ctrl+N Ctrl+N");
    assert_eq!(driver.step(), "Options", "{}", driver.screen());
    driver
}

/// Decides whatever other steps ask, until nothing is open.
fn decide_elsewhere(driver: &mut Driver) {
    let pair = driver.pair();
    loop {
        let migration = &mut driver.model.migration;
        let open: Vec<_> = migration
            .findings()
            .iter()
            .filter(|finding| belongs_to(finding) != "Options")
            .filter(|finding| migration.is_open(finding))
            .cloned()
            .collect();
        if open.is_empty() {
            return;
        }
        for finding in open {
            let (made, to) = way_on(&pair, &finding);
            migration.decide(&finding, made, to);
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
    driver.shows("( ) ! delete them first: 1,051 rows");
    driver.shows("( ) keep them: 1,052 rows");
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Options");
    driver.shows("Not yet: choose whether the rows that dev has are deleted or kept");
    driver.press("Space");
    driver.shows("(•) ! delete them first: 1,051 rows");
    // RepairShop was taken in by reference, and so were records that are rows: that is decided here
    // as well.
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Options");
    driver.shows("▸! RepairShop");
    driver.press("Space Down Space Esc");
    for wanted in [
        "Order   5 groups by reference",
        "insert         12,122",
        "! delete        1,059",
        "Ids     5 kinds rewritten",
        "Users   57 matched, 1",
        "1,059 rows of dev are deleted before any is written.",
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
    driver.press("Space Ctrl+N Space Down Space Esc");
    for _ in 0..6 {
        driver.press("Shift+Tab");
    }
    driver.press("Ctrl+U");
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
fn after_how_many_refused_rows_a_run_stops_is_typed() {
    let mut driver = at_options();
    driver.shows("Refused at most  [      ]  any");
    driver.press("Space Ctrl+N Space Down Space Esc Shift+Tab Shift+Tab Shift+Tab");
    driver.type_in("some");
    driver.press("Ctrl+N");
    driver.shows("✗ digits only");
    driver.press("Ctrl+U");
    driver.type_in("0");
    driver.press("Ctrl+N Ctrl+N");
    assert_eq!(driver.step(), "Review", "{}", driver.screen());
    assert_eq!(driver.model.migration.plan.options.rejects, RejectPolicy::Stop);
    driver.press("Ctrl+P Shift+Tab Shift+Tab Shift+Tab Shift+Tab Shift+Tab Ctrl+U");
    driver.type_in("12");
    driver.press("Ctrl+N");
    let options = &driver.model.migration.plan.options;
    assert_eq!((options.rejects, options.max_rejects), (RejectPolicy::GoOn, Some(12)));
}

/// What creating a user that the destination lacks is said to do.
fn creating(driver: &Driver) -> String {
    let mut findings = driver.model.migration.findings().iter();
    let made = findings.find_map(|finding| {
        finding.choices.iter().find(|made| made.name == choice::CREATE && is_user(finding))
    });
    made.expect("a missing user").label.clone()
}

fn is_user(finding: &Finding) -> bool {
    finding.key.kind == FindingKind::UserMissing
}

#[test]
fn what_becomes_of_personal_data_is_chosen_and_whether_soft_keys_are_looked_for() {
    let mut driver = at_options();
    let count = |driver: &Driver, kind: FindingKind| {
        let findings = driver.model.migration.findings().iter();
        findings.filter(|finding| finding.key.kind == kind && finding.needs_decision()).count()
    };
    driver.model.migration.set_scope(|scope| scope.personal_data = Some(PersonalData::Real));
    driver.send(Message::Resized(LARGE));
    driver.settle();
    assert_eq!(
        creating(&driver),
        "create the user, e-mail and phone as in the source, no password"
    );
    driver.press("Shift+Tab Shift+Tab Shift+Tab");
    driver.shows("Plain attributes whose values may be ids");
    driver.press("Right");
    driver.shows("do not look");
    assert!(driver.model.migration.plan.scope.no_soft_keys);

    driver.press("Shift+Tab");
    driver.shows("will stand in dev");
    driver.press("Right");
    driver.shows("decide each");
    assert_eq!(driver.model.migration.plan.scope.personal_data, None);
    assert!(count(&driver, FindingKind::PersonalData) > 0);
    assert_eq!(creating(&driver), "create the user, e-mail and phone masked, no password");
    driver.press("Right");
    assert_eq!(driver.model.migration.plan.scope.personal_data, Some(PersonalData::Mask));
    let name = format!("{}.toml", driver.model.migration.plan.name);
    let draft = std::fs::read_to_string(driver.home().join("drafts").join(name)).expect("a draft");
    assert!(draft.contains("personal_data = \"mask\""), "{draft}");
    assert!(draft.contains("soft_keys = \"off\""), "{draft}");
    // Defaults of how rows are written say nothing of whose data they are.
    driver.press("d");
    assert_eq!(driver.model.migration.plan.scope.personal_data, Some(PersonalData::Mask));
    driver.press("Shift+Tab Shift+Tab Shift+Tab Left Shift+Tab Left");
    let scope = &driver.model.migration.plan.scope;
    assert_eq!((scope.personal_data, scope.no_soft_keys), (None, false));
}

#[test]
fn plain_mode_asks_for_them_too() {
    let mut driver = at_options();
    driver.press("Space Ctrl+N Space Down Space Esc");
    let answer = |driver: &mut Driver, place| {
        driver.send(Message::Answered(Answer::Chosen(place)));
        driver.settle();
    };
    let asked = |driver: &Driver| {
        let step = driver.model.step().expect("a step");
        step.ask(&driver.model.migration).expect("a question")
    };
    let AskKind::Choice(all) = asked(&driver).kind else { panic!("no choices") };
    assert!(all[4].contains("personal data"), "{all:?}");
    answer(&mut driver, 4);
    assert!(asked(&driver).text[0].contains("personal data"), "{:?}", asked(&driver));
    answer(&mut driver, 1);
    assert!(asked(&driver).text[0].contains("soft keys"), "{:?}", asked(&driver));
    answer(&mut driver, 1);
    let scope = &driver.model.migration.plan.scope;
    assert_eq!((scope.personal_data, scope.no_soft_keys), (Some(PersonalData::Mask), true));
}

#[test]
fn component_modules_are_taken_in_by_a_key() {
    let mut driver = Driver::practice(LARGE);
    driver.press("Ctrl+N Space");
    driver.shows("[ ] components (c)");
    driver.press("c");
    driver.shows("[x] components (c)");
    driver.shows("References take tables of component modules in");
    assert!(driver.model.migration.plan.scope.components);
    let name = format!("{}.toml", driver.model.migration.plan.name);
    let draft = std::fs::read_to_string(driver.home().join("drafts").join(name)).expect("a draft");
    assert!(draft.contains("components = true"), "{draft}");
    driver.press("c");
    driver.shows("[ ] components (c)");
    driver.send(Message::Answered(Answer::Chosen(4)));
    driver.settle();
    assert!(driver.model.migration.plan.scope.components);
}

#[test]
fn a_plan_that_masks_asks_for_the_key_and_no_file_holds_it() {
    let mut driver = Driver::new(LARGE);
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Options");
    assert!(!driver.screen().contains("Key of masks"), "{}", driver.screen());
    driver.model.migration.set_scope(|scope| scope.personal_data = Some(PersonalData::Mask));
    driver.send(Message::Resized(LARGE));
    driver.settle();
    decide_the_rest(&mut driver);
    driver.shows("Key of masks");
    go_to(&mut driver, "Review");
    let mask_key = |driver: &Driver| {
        let mut checks = driver.model.migration.checks.iter();
        checks.find(|check| check.kind == Some(CheckKind::MaskKey)).expect("a check").clone()
    };
    let without = mask_key(&driver);
    assert_eq!((without.sign, without.step), (Sign::Bad, "Options"), "{without:?}");
    driver.press("Ctrl+P Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab");
    driver.type_in("short");
    driver.press("Ctrl+N");
    assert_eq!(driver.step(), "Options", "{}", driver.screen());
    driver.shows("16 characters at least");
    driver.press("Ctrl+U");
    for c in "the key of spring 2026".chars() {
        driver.send(Message::Key(Key::Char(c)));
    }
    driver.shows("••••••••  not stored");
    go_to(&mut driver, "Review");
    assert_eq!(mask_key(&driver).sign, Sign::Good, "{:?}", mask_key(&driver));

    // What is accepted here is accepted in the plan file.
    for _ in 0..20 {
        driver.press("Ctrl+N");
        if driver.model.in_text() {
            break;
        }
        driver.press("Space");
    }
    driver.press("Esc e");
    let said = driver.model.migration.said.clone().expect("where it was written");
    let path = said.strip_prefix("Written: ").expect("a path");
    let text = std::fs::read_to_string(path).expect("a plan file");
    std::fs::remove_file(path).expect("removed");
    assert!(text.contains("[preflight]") && text.contains("frozen = \"ticked on Review"), "{text}");
    assert!(!text.contains("the key of spring"), "{text}");
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
    assert_eq!(open, ["Partner_CS.RepairShop", "Policy_CS.PaymentFrequency"]);
    driver.press("Ctrl+N");
    driver.shows("41 of Claims_CS.Inspection.RepairShopId stay and point to them");
    driver.shows("Esc leads back");
}

#[test]
fn what_is_decided_here_can_be_done_in_a_small_window() {
    for size in [SMALL, MEDIUM] {
        let mut driver = at_options();
        driver.send(Message::Resized(size));
        driver.press("Space Ctrl+N Space Down Space Esc Tab");
        driver.shows("12,122");
        driver.press("Enter");
        driver.shows("Plan: 39 entities in 5 groups");
        driver.press("Esc Ctrl+N");
        assert_eq!(driver.step(), "Review", "{}", driver.screen());
    }
}

#[test]
fn review_asks_for_the_logins_of_the_rights_scripts_where_a_server_gives_any() {
    let mut driver = Driver::new(LARGE);
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Review");
    assert!(!driver.screen().contains("r rights"), "{}", driver.screen());
    driver.press("r");
    driver.shows("Both sides are files: nobody is given rights there.");
    // A destination that is a server, as far as the answers say.
    driver.model.migration.plan.destination.engine = EndpointEngine::SqlServer {
        server: "devsql01".to_owned(),
        database: "OSDEV".to_owned(),
        user: "svc_osmig".to_owned(),
        authentication: osferry::database::Authentication::Sql,
        encryption: osferry::database::Encryption::Required,
        trust_certificate: false,
        ca_file: None,
    };
    driver.shows("r rights");
    driver.press("r");
    driver.shows("Scripts for the rights of this plan");
    driver.shows("Login that reads prod");
    driver.type_in("reader");
    driver.press("Tab");
    driver.type_in("svc_osmig");
    driver.press("Tab Space");
    driver.shows("[x] ask for ALTER");
    driver.shows("All is there: Enter to write them.");
    // What is open is a file, and the job says so: nothing is made up.
    driver.press("Enter");
    driver.shows("The scripts of the rights could not be written");
    driver.press("Esc");
    assert_eq!(driver.step(), "Review");
}

/// With rows chosen and everything decided: the plan is there.
fn with_a_plan(size: osferry::wizard::Size) -> Driver {
    let mut driver = at_options();
    driver.press("Space Ctrl+N Space Down Space Esc");
    driver.send(Message::Resized(size));
    assert!(driver.model.migration.built.is_some(), "{}", driver.screen());
    driver
}

#[test]
fn the_plan_says_what_it_will_take_and_a_probe_says_it_better() {
    for size in [LARGE, MEDIUM] {
        let mut driver = with_a_plan(size);
        driver.shows("not probed");
        driver.shows("Proof   ");
        assert!(driver.screen().contains("p probe"), "{}", driver.screen());
        driver.press("p");
        driver.shows("Try out in dev how fast rows go?");
        driver.shows("rolled back: nothing is committed");
        // The first choice is the safe one.
        driver.press("Enter");
        driver.shows("not probed");
        driver.press("p Down Enter");
        driver.shows("probed and rolled back");
        assert!(!driver.screen().contains("not probed"), "{}", driver.screen());
        driver.shows("Time    ");
        let forecast = driver.model.migration.forecast.clone().expect("a forecast");
        assert!(matches!(forecast.basis, osferry::migrate::Basis::Probe { .. }), "{forecast:?}");
        // All of it can be read from the plan.
        while !driver.screen().contains("Enter shows all") {
            driver.press("Tab");
        }
        driver.press("v");
        driver.shows("What it will take");
        driver.shows("of 100 rows");
        driver.press("Esc");
        // Another plan is not what was probed.
        driver.press("d");
        driver.model.migration.set_options(|options| options.batch_rows = 777);
        driver.send(Message::Resized(size));
        driver.settle();
        driver.shows("not probed");
    }
}

#[test]
fn a_probe_that_is_refused_says_so_and_nothing_starts_meanwhile() {
    let mut driver = with_a_plan(LARGE);
    let path = driver.pair().join("dev.sqlite");
    let spec = osferry::database::ConnectionSpec::Sqlite { path };
    let lock = crate::support::engine::wait(async {
        let destination = osferry::database::open_destination(&spec).await.expect("opened");
        destination.lock_run("another").await.expect("the lock")
    });
    driver.press("p Down Enter");
    driver.shows("Rows could not be tried out; nothing was committed");
    driver.shows("another run is writing");
    drop(lock);
    driver.press("Esc p Down Enter");
    driver.shows("probed and rolled back");
}
