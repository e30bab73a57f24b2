//! The way back on the report: ticked, noted, read again.

use osferry::migrate::journal::{Journal, Tick};
use osferry::report::{TaskReport, TaskState};
use osferry::wizard::message::{Answer, Message};
use osferry::wizard::step::AskKind;

use super::driver::{Driver, LARGE, MEDIUM, SMALL, TO_SAVED};
use super::past::started;
use super::road::settle_times;
use super::screens::{pin, settle_places};

/// The practice pair's run, its way back on the screen.
fn on_the_way_back() -> Driver {
    let mut driver = started(LARGE);
    driver.release();
    driver.press("Tab Tab Tab");
    driver.shows("▸Way back");
    driver
}

fn task(driver: &Driver, name: &str) -> TaskReport {
    let report = &driver.model.migration.report.as_ref().expect("a report").report;
    let list = report.way_back.as_ref().expect("a way back");
    list.tasks.iter().find(|task| task.name == name).expect("a task").clone()
}

/// What the journal keeps of a task.
fn kept(driver: &Driver, name: &str) -> Option<Tick> {
    let folder = &driver.model.migration.report.as_ref().expect("a report").folder;
    let ticks = Journal::open(folder).expect("a journal").ticks().expect("ticks");
    ticks.into_iter().find(|tick| tick.name == name)
}

#[test]
fn the_way_back_on_the_screen() {
    let mut driver = started(LARGE);
    driver.release();
    settle_times(&mut driver);
    settle_places(&mut driver);
    let reported = driver.model.migration.report.as_mut().expect("a report");
    let list = reported.report.way_back.as_mut().expect("a way back");
    list.read = Some("2026-02-03 14:13:50+00:00".to_owned());
    for task in &mut list.tasks {
        if task.name == "before-images" {
            task.how = "osferry forget 260203-141328-d67a --confirm dev".to_owned();
            let size = task.what.find('(').zip(task.what.find(')')).expect("a size");
            task.what.replace_range(size.0..=size.1, "(181 KB)");
        }
    }
    driver.press("Tab Tab Tab Down Down");
    pin("report_way_back", &mut driver);
}

#[test]
fn tasks_are_ticked_and_noted_and_the_journal_keeps_it() {
    let mut driver = on_the_way_back();
    driver.shows("[ ] emails");
    driver.press("Space");
    driver.shows("[x] emails");
    assert!(kept(&driver, "emails").is_some_and(|tick| tick.is_done && tick.note.is_empty()));

    driver.press("t");
    driver.type_in("q Ctrl: by Anna, ticket 4711");
    driver.shows("Note: q Ctrl: by Anna, ticket 4711");
    driver.press("Esc");
    assert_eq!(task(&driver, "emails").note, "", "what was left is kept as it was");
    driver.press("t");
    driver.type_in("by Anna");
    driver.press("Enter");
    driver.shows("by Anna");
    let tick = kept(&driver, "emails").expect("kept");
    assert!(tick.is_done && tick.note == "by Anna", "{tick:?}");

    // What is opened again keeps its note.
    driver.press("Space");
    driver.shows("[ ] emails");
    let tick = kept(&driver, "emails").expect("kept");
    assert!(!tick.is_done && tick.note == "by Anna", "{tick:?}");
    for size in [MEDIUM, SMALL] {
        driver.send(Message::Resized(size));
        driver.shows("▸Way back");
        driver.shows("▸ [ ] emails");
        driver.press("t");
        driver.shows("Note: by Anna");
        driver.press("Esc");
    }
}

#[test]
fn the_destination_is_read_again_for_a_run_of_before() {
    let mut driver = on_the_way_back();
    let read = |driver: &Driver| {
        let report = &driver.model.migration.report.as_ref().expect("a report").report;
        report.way_back.as_ref().expect("a way back").read.clone()
    };
    let folder = driver.model.migration.report.as_ref().expect("a report").folder.clone();
    assert!(osferry::migrate::journal::Images::are_there(&folder));
    assert_eq!(task(&driver, "before-images").state, TaskState::Open);
    osferry::migrate::journal::Images::delete(&folder).expect("deleted");
    let before = read(&driver);
    // Whatever was open is closed, the databases too.
    driver.press(&format!("n {TO_SAVED} Enter"));
    driver.press("Tab Tab Tab");
    driver.shows("▸Way back");
    driver.press("Ctrl+T");
    driver.settle();
    assert_eq!(driver.step(), "Report", "{}", driver.screen());
    assert_eq!(task(&driver, "before-images").state, TaskState::Seen, "{}", driver.screen());
    assert!(before.is_some() && read(&driver).is_some());
    driver.shows("▸Way back");
}

#[test]
fn line_by_line_they_are_choices() {
    let mut driver = on_the_way_back();
    let choose = |driver: &mut Driver, label: &str| {
        let step = driver.model.step().expect("a step");
        let ask = step.ask(&driver.model.migration).expect("a question");
        let AskKind::Choice(choices) = ask.kind else { panic!("no choice") };
        let place = choices.iter().position(|choice| choice == label);
        let place = place.unwrap_or_else(|| panic!("no {label} in {choices:?}"));
        driver.send(Message::Answered(Answer::Chosen(place)));
        driver.settle();
        ask.text
    };
    let text = choose(&mut driver, "tick trial");
    assert!(text.iter().any(|line| line.starts_with("[ ] trial: ")), "{text:?}");
    assert_eq!(task(&driver, "trial").state, TaskState::Done);
    let text = choose(&mut driver, "trial is not done");
    assert!(text.iter().any(|line| line.starts_with("[x] trial: ")), "{text:?}");
    assert_eq!(task(&driver, "trial").state, TaskState::Open);
    choose(&mut driver, "read the destination again for the way back");
    assert_eq!(driver.step(), "Report");
}
