//! Targets of one's own: typed for a choice, judged as a plan file's would be, and taken.

use osferry::compare::{Finding, choice};
use osferry::wizard::Message;
use osferry::wizard::message::Answer;
use osferry::wizard::step::AskKind;

use super::driver::{Driver, LARGE};
use super::road::{go_to, open_sample_plan};
use super::screens::pin;

/// An attribute that only the destination has, of type Integer.
const NEW: &str = "Claims_CS.Inspection.TravelMinutes";
/// A reference that leaves the scope.
const LEAVES: &str = "Claims_CS.Inspection.RepairShopId";

fn at_mismatches() -> Driver {
    let mut driver = Driver::new(LARGE);
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Mismatches");
    driver
}

fn finding(driver: &Driver, about: &str, name: &str) -> Finding {
    let mut findings = driver.model.migration.findings().iter();
    let has =
        |one: &&Finding| one.about == about && one.choices.iter().any(|choice| choice.name == name);
    findings.find(has).expect("a finding with that choice").clone()
}

/// Opens the list of what a choice may point to.
fn open_targets(driver: &mut Driver, about: &str, name: &str) -> Finding {
    let finding = finding(driver, about, name);
    driver.press("/");
    driver.type_in(about.rsplit('.').next().expect("a name"));
    driver.press("Enter Enter Home");
    let place = finding.choices.iter().position(|choice| choice.name == name).expect("a choice");
    for _ in 0..place {
        driver.press("Down");
    }
    driver.press("Enter");
    finding
}

/// What is decided about a finding.
fn decided(driver: &Driver, finding: &Finding) -> Option<(String, Option<String>)> {
    let made = driver.model.migration.plan.decisions.get(&finding.key)?;
    Some((made.choice.clone(), made.to.clone()))
}

fn rewrite(driver: &mut Driver, text: &str) {
    driver.press("Ctrl+U");
    driver.type_in(text);
}

#[test]
fn a_value_of_ones_own_is_judged_as_it_is_typed() {
    let mut driver = at_mismatches();
    let finding = open_targets(&mut driver, NEW, choice::VALUE);
    driver.shows("Take one of these, or type another one.");
    let before = decided(&driver, &finding);
    driver.type_in("ten");
    driver.shows("\"ten\" is no value for int: write a whole number from -2147483648");
    driver.press("Enter");
    assert_eq!(decided(&driver, &finding), before, "what is wrong is not taken");
    rewrite(&mut driver, "1");
    driver.shows("1   as typed");
    pin("picker_typed", &mut driver);
    driver.type_in("5");
    driver.press("Enter");
    let made = Some((choice::VALUE.to_owned(), Some("15".to_owned())));
    assert_eq!(decided(&driver, &finding), made);
    let name = format!("{}.toml", driver.model.migration.plan.name);
    let draft = std::fs::read_to_string(driver.home().join("drafts").join(name)).expect("a draft");
    assert!(draft.contains("to = \"15\""), "{draft}");
    // What is offered can be taken as before.
    driver.press("Enter Home Down Down Enter Down Enter");
    let made = Some((choice::VALUE.to_owned(), Some("1".to_owned())));
    assert_eq!(decided(&driver, &finding), made);
}

#[test]
fn a_constant_is_one_only_where_the_type_takes_it() {
    let mut driver = at_mismatches();
    driver.model.migration.set_scope(|scope| scope.personal_data = None);
    driver.send(Message::Resized(LARGE));
    driver.settle();
    let findings = driver.model.migration.findings().iter();
    let mut dates = findings.filter(|finding| {
        finding.choices.iter().any(|one| one.name == choice::CONSTANT)
            && finding.candidates.iter().any(|one| one.starts_with("1970-01-01"))
    });
    let about = dates.next().expect("a date that may be personal").about.clone();
    let finding = open_targets(&mut driver, &about, choice::CONSTANT);
    driver.type_in("in spring");
    driver.shows("\"in spring\" is no value of its type");
    driver.press("Enter");
    assert_eq!(decided(&driver, &finding).and_then(|(_, to)| to), None);
    rewrite(&mut driver, "1980-05-17");
    driver.press("Enter");
    let made = Some((choice::CONSTANT.to_owned(), Some("1980-05-17".to_owned())));
    assert_eq!(decided(&driver, &finding), made);
}

#[test]
fn a_row_that_stands_for_all_is_looked_for_before_it_is_taken() {
    let mut driver = at_mismatches();
    let finding = open_targets(&mut driver, LEAVES, choice::REPLACEMENT);
    let offered = finding.choices.iter().find(|one| one.name == choice::REPLACEMENT);
    let (row, shown) = offered.and_then(|one| one.offers.first()).cloned().expect("a row");
    let before = decided(&driver, &finding);
    driver.type_in("987654");
    driver.shows("Enter looks for it in dev.");
    driver.press("Enter");
    driver.shows("The destination has no row \"987654\" of Partner_CS.RepairShop.");
    driver.press("Enter");
    assert_eq!(decided(&driver, &finding), before, "what is not there is not taken");
    rewrite(&mut driver, &row);
    driver.press("Enter");
    driver.shows("Enter takes it.");
    let label: String = shown.split(" · ").nth(1).expect("a label").chars().take(12).collect();
    driver.shows(&label);
    assert_eq!(decided(&driver, &finding), before, "it is shown first");
    driver.press("Enter");
    let made = Some((choice::REPLACEMENT.to_owned(), Some(row)));
    assert_eq!(decided(&driver, &finding), made);
    assert!(driver.model.migration.overlays.is_empty());
}

#[test]
fn a_key_of_several_attributes_is_counted_before_it_is_taken() {
    let mut driver = at_mismatches();
    let finding = open_targets(&mut driver, LEAVES, choice::MAP_BY_KEY);
    let offered = finding.choices.iter().find(|one| one.name == choice::MAP_BY_KEY);
    let names: Vec<String> =
        offered.expect("the choice").offers.iter().map(|(to, _)| to.clone()).collect();
    let [one, other, ..] = &names[..] else { panic!("too few attributes: {names:?}") };
    let before = decided(&driver, &finding);
    driver.type_in(&format!("{one}, Nothing"));
    driver.shows("Enter looks whether that can be.");
    driver.press("Enter");
    driver.shows("\"Nothing\" cannot be part of a key.");
    assert_eq!(decided(&driver, &finding), before, "what is no key is not taken");
    let key = format!("{one}, {other}");
    rewrite(&mut driver, &key);
    driver.press("Enter");
    driver.shows(&format!("It is the key {one} and {other}, by which"));
    assert_eq!(decided(&driver, &finding), before, "it is counted first");
    driver.press("Enter");
    let made = Some((choice::MAP_BY_KEY.to_owned(), Some(key)));
    assert_eq!(decided(&driver, &finding), made);
}

#[test]
fn what_is_said_of_a_row_holds_for_what_was_looked_for_alone() {
    let mut driver = at_mismatches();
    let finding = open_targets(&mut driver, LEAVES, choice::REPLACEMENT);
    let offered = finding.choices.iter().find(|one| one.name == choice::REPLACEMENT);
    let row = offered.and_then(|one| one.offers.first()).map(|(row, _)| row.clone());
    let before = decided(&driver, &finding);
    driver.type_in(&row.expect("a row"));
    driver.press("Enter");
    driver.shows("Enter takes it.");
    driver.type_in("987654");
    driver.shows("Enter looks for it in dev.");
    driver.press("Enter Enter Esc");
    assert_eq!(decided(&driver, &finding), before);
}

#[test]
fn what_is_typed_is_given_to_others_of_the_kind_only_where_it_can_be() {
    let mut driver = at_mismatches();
    let open = open_targets(&mut driver, LEAVES, choice::REPLACEMENT);
    driver.press("Down Up Enter");
    let made = decided(&driver, &open).expect("decided");
    driver.press("Esc A");
    let others: Vec<Finding> = driver.model.migration.findings().to_vec();
    while !driver.model.migration.overlays.is_empty() {
        driver.press("Down Down Enter");
    }
    for other in others.iter().filter(|one| one.key.kind == open.key.kind) {
        if other.what != open.what {
            assert_ne!(decided(&driver, other), Some(made.clone()), "{}", other.about);
        }
    }
}

#[test]
fn plain_mode_takes_any_text() {
    let mut driver = at_mismatches();
    let answer = |driver: &mut Driver, answer: Answer| {
        driver.send(Message::Answered(answer));
        driver.settle();
    };
    let asked = |driver: &Driver| {
        let step = driver.model.step().expect("a step");
        step.ask(&driver.model.migration).expect("a question")
    };
    let ask_for = |driver: &mut Driver, finding: &Finding, name: &str| {
        for _ in 0..50 {
            let ask = asked(driver);
            let AskKind::Choice(all) = &ask.kind else { panic!("{ask:?}") };
            let of_it = ask.text.first().is_some_and(|line| line.contains(&finding.about));
            let place = finding.choices.iter().position(|choice| choice.name == name);
            let chosen = match &all[..] {
                [first, ..] if first == "take the recommended decisions" => 1,
                _ if of_it => place.expect("a choice"),
                all => all.iter().position(|line| line.ends_with("recommended")).unwrap_or(0),
            };
            answer(driver, Answer::Chosen(chosen));
            if of_it {
                return;
            }
        }
        panic!("{} is not asked about", finding.about);
    };
    let open = finding(&driver, LEAVES, choice::REPLACEMENT);
    ask_for(&mut driver, &open, choice::REPLACEMENT);
    let AskKind::Choice(all) = asked(&driver).kind else { panic!("no list") };
    assert_eq!(all.last().map(String::as_str), Some("type another one"));
    let row = open.choices.iter().find(|one| one.name == choice::REPLACEMENT);
    let row = row.and_then(|one| one.offers.first()).map(|(row, _)| row.clone()).expect("a row");
    answer(&mut driver, Answer::Chosen(all.len() - 1));
    answer(&mut driver, Answer::Text("987654".to_owned()));
    let ask = asked(&driver);
    assert!(ask.text.iter().any(|line| line.contains("has no row \"987654\"")), "{ask:?}");
    answer(&mut driver, Answer::Text(row.clone()));
    let AskKind::Choice(all) = asked(&driver).kind else { panic!("nothing was found") };
    assert!(all[0].starts_with(&format!("take it: {row}")), "{all:?}");
    answer(&mut driver, Answer::Chosen(0));
    assert_eq!(decided(&driver, &open), Some((choice::REPLACEMENT.to_owned(), Some(row))));

    let new = finding(&driver, NEW, choice::VALUE);
    ask_for(&mut driver, &new, choice::VALUE);
    let AskKind::Choice(all) = asked(&driver).kind else { panic!("no list") };
    answer(&mut driver, Answer::Chosen(all.len() - 1));
    answer(&mut driver, Answer::Text("ten".to_owned()));
    let ask = asked(&driver);
    assert!(ask.text.iter().any(|line| line.contains("\"ten\" is no value for int")), "{ask:?}");
    answer(&mut driver, Answer::Text("45".to_owned()));
    let made = Some((choice::VALUE.to_owned(), Some("45".to_owned())));
    assert_eq!(decided(&driver, &new), made);
}
