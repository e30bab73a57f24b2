//! Users: what is said of all of them, of one who is plainly found, and by tables.

use std::path::Path;

use osferry::compare::{FindingKind, UserMatch, WhenFound, WhenMissing, choice};
use osferry::plan::{MapFiles, PersonFate};
use osferry::wizard::Message;
use osferry::wizard::message::Answer;
use osferry::wizard::overlay::Overlay;
use osferry::wizard::step::AskKind;

use super::driver::{Driver, LARGE, MEDIUM, SMALL};
use super::road::{go_to, open_sample_plan};

fn at_users() -> Driver {
    let mut driver = Driver::new(LARGE);
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Users");
    driver
}

/// Somebody who is plainly found, and whose name stands in nobody else's.
fn somebody(driver: &Driver) -> UserMatch {
    let review = driver.model.migration.review.clone().expect("compared");
    let users = &review.comparison.users;
    let is_alone = |name: &str| {
        users.iter().filter(|other| other.username.folded().contains(name)).count() == 1
    };
    let mut plain = users.iter().filter(|user| user.finding.is_none() && user.may_be_written);
    plain.find(|user| is_alone(user.username.folded())).expect("somebody").clone()
}

/// What became of the user, as the comparison has it now.
fn of(driver: &Driver, user: &UserMatch) -> (Option<FindingKind>, Option<String>) {
    let review = driver.model.migration.review.clone().expect("compared");
    let mut users = review.comparison.users.iter();
    let now = users.find(|other| other.source == user.source).expect("still there");
    let decisions = &driver.model.migration.plan.decisions;
    let choice = now.finding.as_ref().and_then(|key| decisions.choice(key));
    (now.finding.as_ref().map(|key| key.kind), choice.map(str::to_owned))
}

fn draft(driver: &Driver) -> String {
    let name = format!("{}.toml", driver.model.migration.plan.name);
    std::fs::read_to_string(driver.home().join("drafts").join(name)).expect("a draft")
}

/// Every finding with what is decided about it.
fn decided(driver: &Driver) -> Vec<String> {
    let migration = &driver.model.migration;
    let findings = migration.findings().iter();
    findings
        .map(|finding| {
            let made = migration.plan.decisions.get(&finding.key);
            format!("{:?} {:?}", finding.key, made.map(|made| (&made.choice, &made.to)))
        })
        .collect()
}

#[test]
fn what_is_said_of_all_users_is_shown_and_changed() {
    let mut driver = at_users();
    let user = somebody(&driver);
    driver.shows("By user name; there: use; passwords: unusable; missing: decide each (s)");
    driver.press("s");
    driver.shows("those that dev has");
    driver.press("Down Enter Down Enter");
    driver.shows("there: update;");
    assert_eq!(driver.model.migration.plan.scope.users.existing, WhenFound::Update);
    let updated = Some(choice::UPDATE.to_owned());
    assert_eq!(of(&driver, &user), (Some(FindingKind::UserFound), updated));
    assert!(draft(&driver).contains("existing = \"update\""), "{}", draft(&driver));

    // One of the destination for all that are missing.
    driver.press("s Down Down Enter Down Down Enter");
    driver.type_in("tomas.ribeiro");
    driver.press("Enter");
    let strategy = driver.model.migration.plan.scope.users.clone();
    assert_eq!(strategy.missing, Some(WhenMissing::Map));
    // Two have the name, so the id says which.
    let to = strategy.map_to.expect("somebody was picked");
    assert!(to.parse::<i64>().is_ok(), "{to}");
    driver.shows(&format!("missing: map to {to}"));

    driver.press("s Down Down Down Enter Down Enter");
    driver.shows("passwords: copied;");
    let findings = driver.model.migration.findings();
    assert!(findings.iter().any(|one| one.key.kind == FindingKind::PasswordsCopied));

    // What is said of all is not taken back at one of them.
    driver.press("/");
    driver.type_in(user.username.as_str());
    driver.press("Enter Space");
    driver.shows("That is said of all of them");

    driver.press("s Down Enter Enter s Down Down Enter Enter s Down Down Down Enter Enter");
    driver.shows("By user name; there: use; passwords: unusable; missing: decide each (s)");
    assert_eq!(of(&driver, &user), (None, None));
}

#[test]
fn somebody_plainly_found_is_decided_in_the_list() {
    let mut driver = at_users();
    let user = somebody(&driver);
    driver.press("a /");
    driver.type_in(user.username.as_str());
    driver.press("Enter Enter");
    driver.shows("use it as it is");
    driver.shows("delete it and create it again");
    driver.press("Down Enter");
    let updated = Some(choice::UPDATE.to_owned());
    assert_eq!(of(&driver, &user), (Some(FindingKind::UserFound), updated));
    driver.shows("update");
    assert!(draft(&driver).contains("user-found"), "{}", draft(&driver));
    if let Some(plan) = &driver.model.migration.built {
        let mut users = plan.users.iter();
        let fate = users.find(|one| one.source == user.source).map(|one| one.fate);
        let id = user.matched.found().expect("found");
        assert_eq!(fate, Some(PersonFate::Update(id)));
    }
    // Now there is a finding with choices, the one for use first.
    driver.press("Tab Home Enter");
    assert_eq!(of(&driver, &user), (None, None), "{}", driver.screen());

    // To somebody else.
    driver.press("Enter Down Down Down Enter");
    driver.type_in("tomas.ribeiro");
    driver.press("Enter");
    let mapped = Some(choice::MAP.to_owned());
    assert_eq!(of(&driver, &user), (Some(FindingKind::UserMapped), mapped), "{}", driver.screen());
    driver.shows("your choice");
}

fn put(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a map");
}

#[test]
fn maps_are_written_and_taken_in() {
    let mut driver = at_users();
    let user = somebody(&driver);
    let before = decided(&driver);
    driver.press("m");
    let folder = driver.model.migration.maps_folder.clone().expect("written somewhere");
    driver.shows("Written there: records.csv, users.csv, groups.csv, tenants.csv.");
    assert!(folder.starts_with(driver.home()), "{}", folder.display());
    let text = std::fs::read_to_string(folder.join("users.csv")).expect("a map");
    assert!(text.contains(user.username.as_str()), "{text}");
    // As they are they change nothing; the folder is proposed.
    driver.press("Esc i Enter");
    assert!(driver.model.migration.overlays.is_empty(), "{}", driver.screen());
    assert_eq!(decided(&driver), before);

    // Whatever cannot be obeyed is said at once, and nothing is changed.
    let name = user.username.as_str();
    put(&folder, "users.csv", &format!("user,choice,to\nnobody at all,,x\n{name},,nobody there\n"));
    put(&folder, "groups.csv", "group,to\nno such group,x\n");
    driver.press("i Enter");
    driver.shows("3 lines cannot be obeyed, so none was:");
    let Some(Overlay::Text(read)) = driver.model.migration.overlays.last() else {
        panic!("nothing to read: {}", driver.screen());
    };
    let wanted = [
        "users.csv, line 2: the source has no user \"nobody at all\"",
        "groups.csv, line 2: the source has no group \"no such group\"",
        "users.csv, line 3: the destination has no user \"nobody there\"",
    ];
    assert_eq!(read.lines[1..4], wanted);
    driver.press("Esc");
    assert_eq!(decided(&driver), before);
    driver.press("i");
    driver.shows("Enter take in  Esc leave");
    driver.press("Ctrl+U");
    driver.type_in("nowhere at all");
    driver.press("Enter");
    driver.shows("is neither a folder nor a map");
    driver.press("Esc");

    // One file alone; what it says goes before what was decided.
    put(&folder, "users.csv", &format!("user,choice,to\n{name},update,\n"));
    driver.press("i Ctrl+U");
    driver.type_in(&folder.join("users.csv").display().to_string());
    driver.press("Enter");
    let updated = Some(choice::UPDATE.to_owned());
    assert_eq!(of(&driver, &user), (Some(FindingKind::UserFound), updated), "{}", driver.screen());
    assert_eq!(decided(&driver).len(), before.len() + 1, "{:#?}", decided(&driver));
}

#[test]
fn static_records_are_mapped_by_tables_on_their_own_step() {
    let mut driver = Driver::new(LARGE);
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Static records");
    driver.shows("m write maps  i take maps in");
    driver.press("m");
    driver.shows("Written there: records.csv, users.csv, groups.csv, tenants.csv.");
    let folder = driver.model.migration.maps_folder.clone().expect("written somewhere");
    let before = decided(&driver);
    driver.press("Esc i Enter");
    assert_eq!(decided(&driver), before, "as they are they change nothing");

    let review = driver.model.migration.review.clone().expect("compared");
    let mut maps = review.comparison.fixed.values();
    let (map, record) = maps
        .find_map(|map| Some((map, map.records.iter().find(|one| one.finding.is_some())?)))
        .expect("a record to decide");
    let key = record.finding.clone().expect("a finding");
    let (id, _) = map.offered.last().expect("a record there");
    let line = format!("entity,record,to\n{},{},{id}\n", map.name, record.name);
    put(&folder, "records.csv", &line);
    driver.press("i");
    driver.shows("Maps: ");
    for size in [MEDIUM, SMALL, LARGE] {
        driver.send(Message::Resized(size));
        driver.shows("Maps: ");
        driver.shows("Esc leave");
    }
    driver.press("Ctrl+U");
    driver.type_in(&folder.join("records.csv").display().to_string());
    driver.press("Enter");
    let made = driver.model.migration.plan.decisions.get(&key).expect("decided");
    assert_eq!((made.choice.as_str(), made.to.clone()), (choice::MAP, Some(id.to_string())));

    // A line that cannot be obeyed is said, and Esc leaves the path as it was.
    put(
        &folder,
        "records.csv",
        &format!("entity,record,to\n{},{},nothing\n", map.name, record.name),
    );
    driver.press("i Enter");
    driver.shows("cannot be obeyed");
    driver.press("Esc i");
    driver.type_in("x");
    driver.press("Esc");
    assert!(!driver.screen().contains("Maps: "), "{}", driver.screen());
    assert_eq!(driver.step(), "Static records");
}

#[test]
fn plain_mode_offers_maps_where_records_wait_for_an_answer() {
    let mut driver = Driver::new(LARGE);
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Static records");
    let answer = |driver: &mut Driver, answer: Answer| {
        driver.send(Message::Answered(answer));
        driver.settle();
    };
    let step = driver.model.step().expect("a step");
    assert!(step.ask(&driver.model.migration).is_none(), "nothing waits");
    let findings = driver.model.migration.findings().iter();
    let mut missing = findings.filter(|one| one.key.kind == FindingKind::RecordMissing);
    let missing = missing.next().cloned().expect("a record that is missing");
    driver.model.migration.undecide(&missing.key);
    driver.send(Message::Resized(LARGE));
    driver.settle();
    assert!(matches!(asked(&driver), AskKind::Choice(all) if all.len() == 3));
    answer(&mut driver, Answer::Chosen(1));
    let folder = driver.model.migration.maps_folder.clone().expect("written somewhere");
    driver.press("Esc");
    put(&folder, "records.csv", "entity,record,to\nClaims_CS.ClaimCause,Drone,Storm\n");
    answer(&mut driver, Answer::Chosen(2));
    assert!(matches!(asked(&driver), AskKind::Text { .. }));
    let map = folder.join("records.csv").display().to_string();
    answer(&mut driver, Answer::Text(map));
    let made = driver.model.migration.plan.decisions.get(&missing.key).expect("decided");
    assert_eq!(made.choice, choice::MAP);
    let step = driver.model.step().expect("a step");
    assert!(step.ask(&driver.model.migration).is_none(), "nothing waits any more");
    // Who would rather look at each is asked about each.
    driver.model.migration.undecide(&missing.key);
    driver.send(Message::Resized(LARGE));
    driver.settle();
    answer(&mut driver, Answer::Chosen(0));
    let step = driver.model.step().expect("a step");
    let ask = step.ask(&driver.model.migration).expect("a question");
    assert!(ask.text.iter().any(|line| line.contains("Drone")), "{ask:?}");
}

/// The sample plan, with maps named in it; opened, and both sides compared.
fn open_with_maps(users: &str, maps: &str) -> Driver {
    let mut driver = Driver::new(LARGE);
    let plan = driver.pair().join("practice.toml");
    let text = std::fs::read_to_string(&plan).expect("a plan");
    let (before, after) = text.split_once("[options]").expect("options");
    std::fs::write(&plan, format!("{before}[maps]\n{maps}\n[options]{after}")).expect("written");
    put(&driver.pair(), "who.csv", users);
    open_sample_plan(&mut driver);
    driver
}

fn choice_of(driver: &Driver, name: &str) -> (Option<String>, Option<String>) {
    let review = driver.model.migration.review.clone().expect("compared");
    let user = review.comparison.users.iter().find(|user| user.username.as_str() == name);
    let key = user.expect("the user").finding.clone().expect("a finding");
    let made = driver.model.migration.plan.decisions.get(&key);
    (made.map(|made| made.choice.clone()), made.and_then(|made| made.to.clone()))
}

#[test]
fn maps_that_an_opened_plan_names_are_taken_in_and_the_draft_has_what_they_decide() {
    let map = "user,tenant,choice,to\nrosa.almeida,Users,update,\n";
    let driver = open_with_maps(map, "users = \"who.csv\"");
    driver.shows("1 decision was taken from the maps.");
    assert_eq!(choice_of(&driver, "rosa.almeida").0.as_deref(), Some(choice::UPDATE));
    // From now on the decisions are all there is: the file is not needed again.
    let draft = draft(&driver);
    assert!(draft.contains("rosa.almeida") && !draft.contains("[maps]"), "{draft}");
}

#[test]
fn a_named_map_that_is_missing_wrong_or_in_two_minds_with_the_plan_is_said_and_changes_nothing() {
    let mut driver = open_with_maps("user,to\n", "users = \"who.csv\"\ngroups = \"gone.csv\"");
    driver.shows("The map of groups that the plan names is not there");
    driver.press("Esc");
    assert!(driver.model.migration.plan.maps == MapFiles::default());

    let wrong = "user,tenant,choice,to\nnobody at all,,,x\ntomas.ribeiro,Users,,675\n";
    let mut driver = open_with_maps(wrong, "users = \"who.csv\"");
    driver.shows("The maps were not taken in");
    let Some(Overlay::Text(read)) = driver.model.migration.overlays.last() else {
        panic!("nothing to read: {}", driver.screen());
    };
    let text = read.lines.join("\n");
    assert!(text.contains("line 2: the source has no user \"nobody at all\""), "{text}");
    assert!(text.contains("a [[decision]] of the plan says \"626\""), "{text}");
    driver.press("Esc");
    assert_eq!(choice_of(&driver, "tomas.ribeiro").1.as_deref(), Some("626"));
}

/// What plain mode would ask now.
fn asked(driver: &Driver) -> AskKind {
    let step = driver.model.step().expect("a step");
    step.ask(&driver.model.migration).expect("a question").kind
}

#[test]
fn plain_mode_offers_the_same() {
    let mut driver = at_users();
    let user = somebody(&driver);
    let answer = |driver: &mut Driver, answer: Answer| {
        driver.send(Message::Answered(answer));
        driver.settle();
    };
    assert!(matches!(asked(&driver), AskKind::Choice(all) if all.len() == 5));
    answer(&mut driver, Answer::Chosen(1));
    driver.press("Down Enter Down Enter");
    assert_eq!(driver.model.migration.plan.scope.users.existing, WhenFound::Update);
    answer(&mut driver, Answer::Chosen(1));
    driver.press("Down Enter Enter");
    // One user.
    answer(&mut driver, Answer::Chosen(2));
    driver.type_in(user.username.as_str());
    driver.press("Enter Down Enter");
    let updated = Some(choice::UPDATE.to_owned());
    assert_eq!(of(&driver, &user), (Some(FindingKind::UserFound), updated));
    // Maps.
    answer(&mut driver, Answer::Chosen(3));
    let folder = driver.model.migration.maps_folder.clone().expect("written somewhere");
    driver.press("Esc");
    put(&folder, "users.csv", &format!("user,choice,to\n{},recreate,\n", user.username));
    answer(&mut driver, Answer::Chosen(4));
    assert!(matches!(asked(&driver), AskKind::Text { .. }));
    answer(&mut driver, Answer::Text(folder.display().to_string()));
    let again = Some(choice::RECREATE.to_owned());
    assert_eq!(of(&driver, &user), (Some(FindingKind::UserFound), again));
    // The findings are asked about afterwards, if any is open.
    answer(&mut driver, Answer::Chosen(0));
    let step = driver.model.step().expect("a step");
    let ask = step.ask(&driver.model.migration);
    assert!(
        !matches!(ask, Some(ask) if matches!(&ask.kind, AskKind::Choice(all) if all.len() == 5 && all[0] == "go on"))
    );
}
