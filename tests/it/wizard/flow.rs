//! Messages in, effects and gates out: the rules that hold on every step.

use osferry::database::{Fault, FaultKind};
use osferry::wizard::jobs::Purpose;
use osferry::wizard::message::{Effect, Fact, Leaving};
use osferry::wizard::overlay::Overlay;
use osferry::wizard::{Message, Model, Screen, Size, update};

use super::driver::{Driver, LARGE, key};

fn press(model: &mut Model, name: &str) -> Vec<Effect> {
    update(model, Message::Key(key(name)))
}

/// At Connect of a new migration, nothing filled in.
fn at_connect() -> Model {
    let mut model = Model::new(LARGE);
    model.start();
    press(&mut model, "n");
    assert_eq!(model.screen, Screen::Step(0));
    model
}

#[test]
fn next_names_every_reason_and_goes_to_the_first() {
    let mut model = at_connect();
    press(&mut model, "Esc");
    press(&mut model, "Ctrl+N");
    assert_eq!(model.screen, Screen::Step(0));
    let said = model.migration.said.clone().expect("a reason");
    assert!(said.contains("source has not been tested") && said.contains("destination"), "{said}");
    assert!(model.in_text(), "the cursor is in the field that is missing");
}

#[test]
fn back_is_never_refused_by_an_invalid_field() {
    let mut model = at_connect();
    for name in ["Tab", "Tab", "x", ",", "y"] {
        press(&mut model, name);
    }
    press(&mut model, "Ctrl+P");
    assert_eq!(model.screen, Screen::Home);
}

#[test]
fn a_reply_of_an_earlier_job_is_dropped() {
    let mut model = at_connect();
    let first = model.migration.jobs.start(Purpose::Export);
    let second = model.migration.jobs.start(Purpose::Export);
    let fault = || Fact::Failed(Fault::new(FaultKind::Other, "late"));
    update(&mut model, Message::Reported { job: first, fact: fault() });
    assert!(model.migration.overlays.is_empty());
    update(&mut model, Message::Reported { job: second, fact: fault() });
    assert!(matches!(model.migration.overlays.last(), Some(Overlay::Error(_))));
}

#[test]
fn a_practice_pair_is_made_once_however_often_it_is_asked_for() {
    let mut model = Model::new(LARGE);
    model.start();
    let makes = |effects: Vec<Effect>| {
        effects.iter().filter(|effect| matches!(effect, Effect::MakePractice(_))).count()
    };
    let made: usize = ["p", "Enter", "p"].map(|name| makes(press(&mut model, name))).iter().sum();
    assert_eq!(made, 1, "two would write the same files");
}

#[test]
fn leaving_asks_first() {
    let mut model = at_connect();
    press(&mut model, "Ctrl+C");
    assert!(matches!(model.migration.overlays.last(), Some(Overlay::Question(_))));
    let effects = press(&mut model, "Enter");
    assert!(effects.contains(&Effect::Quit(Leaving::AsItIs)), "{effects:?}");
}

#[test]
fn the_system_may_end_it_at_once_while_nothing_runs() {
    let mut model = at_connect();
    let effects = update(&mut model, Message::AskedToEnd);
    assert!(effects.contains(&Effect::Quit(Leaving::AsItIs)), "{effects:?}");
}

#[test]
fn digits_are_typed_in_fields_and_lead_to_steps_elsewhere() {
    let mut driver = Driver::practice(LARGE);
    assert_eq!(driver.step(), "Connect");
    driver.press("9");
    assert!(driver.model.migration.said.is_some(), "it says why it does not go there");
    driver.press("Ctrl+N 1");
    assert_eq!(driver.step(), "Connect");
}

#[test]
fn a_draft_is_saved_after_each_change_and_holds_no_secret() {
    let mut driver = Driver::new(LARGE);
    driver.press("n Tab Tab");
    driver.type_in("prdsql02");
    driver.press("Tab");
    driver.type_in("OSPROD");
    driver.press("Tab Tab");
    driver.type_in("osferry_ro");
    driver.press("Tab");
    driver.type_in("S3cret-of-mine");
    driver.press("Tab");
    let draft = driver.home().join("drafts").join("migration-1.toml");
    let text = std::fs::read_to_string(&draft).expect("a draft");
    assert!(text.contains("prdsql02") && text.contains("osferry_ro"), "{text}");
    assert!(!text.contains("S3cret"), "{text}");
}

#[test]
fn a_window_that_is_too_small_says_so_and_loses_nothing() {
    let mut driver = Driver::practice(LARGE);
    driver.send(Message::Resized(Size { width: 52, height: 14 }));
    driver.shows("needs 60×18");
    driver.send(Message::Resized(LARGE));
    driver.shows("PRACTICE");
}
