//! What every screen and overlay looks like, at three sizes, and what holds for all of them.

use std::path::PathBuf;
use std::sync::Arc;

use osferry::database::{Fault, FaultKind};
use osferry::outsystems::Side;
use osferry::plan::EndpointEngine;
use osferry::wizard::look::Canvas;
use osferry::wizard::message::{Effect, Fact};
use osferry::wizard::{Manners, Message, Size};
use ratatui::style::{Color, Modifier};

use super::driver::{Driver, LARGE, MEDIUM, SMALL, canvas, text};
use super::road::{course, decide_the_rest, go_to, open_sample_plan, settle_times, start};

/// The screen in all three sizes, Unicode and ASCII, pinned.
pub fn pin(name: &str, driver: &mut Driver) {
    let mut pinned = String::new();
    for size in [LARGE, MEDIUM, SMALL] {
        driver.send(Message::Resized(size));
        for ascii in [false, true] {
            let drawn = canvas(&driver.model, Manners { color: false, ascii });
            let shown = text(&drawn);
            has_no_color(&drawn);
            has_a_frame(&shown, size);
            if driver.model.migration.overlays.is_empty() {
                has_a_focus(&drawn, name);
            }
            if ascii {
                assert!(shown.is_ascii(), "{name} is not ASCII:\n{shown}");
            }
            let signs = if ascii { "ASCII" } else { "Unicode" };
            pinned.push_str(&format!("=== {}x{} {signs}\n{shown}", size.width, size.height));
        }
    }
    let folder = driver.home().display().to_string();
    assert!(!pinned.contains(&folder[..10]), "a path of this machine is shown:\n{pinned}");
    insta::assert_snapshot!(name, pinned);
    driver.send(Message::Resized(LARGE));
}

fn has_no_color(drawn: &Canvas) {
    let plain = Color::Reset;
    assert!(drawn.content.iter().all(|cell| cell.fg == plain && cell.bg == plain));
}

/// The footer is in the last line, and leads to the help.
fn has_a_frame(shown: &str, size: Size) {
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), usize::from(size.height));
    let footer = lines.last().copied().unwrap_or_default();
    assert!(
        ["help", "more", "Esc close", "s stop"].iter().any(|key| footer.contains(key)),
        "{shown}"
    );
}

/// Where the keys go is told without colours: something is reversed, or stands in a heavier box.
fn has_a_focus(drawn: &Canvas, name: &str) {
    let is_seen = drawn
        .content
        .iter()
        .any(|cell| cell.modifier.contains(Modifier::REVERSED) || cell.symbol() == "\u{250f}");
    assert!(is_seen, "nothing has the focus on {name}");
}

/// Gives what differs from machine to machine values that stay: folders, and how long a test took.
pub fn settle_places(driver: &mut Driver) {
    let migration = &mut driver.model.migration;
    for side in [Side::Source, Side::Destination] {
        let name = if side == Side::Source { "prod" } else { "dev" };
        let path = format!("/home/dba/practice/{name}.sqlite");
        let endpoint = match side {
            Side::Source => &mut migration.plan.source,
            Side::Destination => &mut migration.plan.destination,
        };
        if let EndpointEngine::Sqlite { path: old } = &mut endpoint.engine {
            *old = PathBuf::from(&path);
        }
        let known = migration.side_mut(side);
        if let Some(model) = &mut known.model {
            let model = Arc::make_mut(model);
            model.facts.place.clone_from(&path);
            model.facts.version = "SQLite 3".to_owned();
        }
        for check in &mut known.checks {
            if let Some((before, _)) = check.text.split_once(" in ") {
                check.text = format!("{before} in 3 ms; SQLite 3");
            }
        }
    }
    settle_room(driver);
}

/// How much room there is on a disk is that disk's.
fn settle_room(driver: &mut Driver) {
    let migration = &mut driver.model.migration;
    if let Some(room) = &mut migration.room {
        room.free = Some(61_000_000_000);
    }
    for check in &mut migration.checks {
        if let Some((before, after)) = check.text.split_once(" free; it keeps ") {
            let needed = before.rsplit_once(", ").map_or(before, |(needed, _)| needed);
            check.text = format!("{needed}, 61 GB free; it keeps {after}");
        }
    }
}

#[test]
fn home() {
    pin("home", &mut Driver::new(LARGE));
}

#[test]
fn connect() {
    let mut driver = Driver::new(LARGE);
    driver.press("n");
    pin("connect_empty", &mut driver);
    driver.press("Ctrl+N");
    pin("connect_missing", &mut driver);
    let mut driver = Driver::practice(LARGE);
    settle_places(&mut driver);
    driver.press("Ctrl+N Ctrl+P");
    pin("connect_practice", &mut driver);
}

#[test]
fn the_steps_that_decide() {
    let mut driver = Driver::practice(LARGE);
    driver.press("Ctrl+N");
    pin("scope_nothing", &mut driver);
    driver.press("Space Right Down Right Down Down");
    pin("scope", &mut driver);
    driver.press("/");
    driver.type_in("audit");
    pin("scope_find", &mut driver);
    let mut driver = Driver::new(LARGE);
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Mismatches");
    driver.press("Home Down Down Down Down Down Down Space Space");
    pin("mismatches", &mut driver);
    driver.press("Enter");
    pin("mismatches_deciding", &mut driver);
    driver.press("Esc R");
    pin("question", &mut driver);
    driver.press("Esc v");
    pin("reading", &mut driver);
    driver.press("Esc");
    go_to(&mut driver, "Static records");
    pin("static_records", &mut driver);
    driver.press("Tab Enter");
    pin("static_records_deciding", &mut driver);
    driver.press("Enter");
    pin("picker", &mut driver);
}

#[test]
fn the_steps_up_to_the_run() {
    let mut driver = Driver::new(LARGE);
    driver.holds_run = true;
    open_sample_plan(&mut driver);
    settle_places(&mut driver);
    go_to(&mut driver, "Users");
    pin("users", &mut driver);
    driver.press("a");
    pin("users_all", &mut driver);
    go_to(&mut driver, "Processes");
    pin("processes", &mut driver);
    go_to(&mut driver, "Options");
    settle_room(&mut driver);
    pin("options", &mut driver);
    driver.press("Down Down");
    pin("options_images", &mut driver);
    driver.press("Space");
    pin("options_no_images", &mut driver);
    driver.press("Space Up Up");
    decide_the_rest(&mut driver);
    settle_room(&mut driver);
    pin("options_plan", &mut driver);
    go_to(&mut driver, "Review");
    settle_room(&mut driver);
    pin("review", &mut driver);
    driver.press("Down Down Down Down Down");
    pin("review_last_check", &mut driver);
    start(&mut driver);
    course(&mut driver);
    pin("execute", &mut driver);
    driver.press("Enter");
    pin("execute_entity", &mut driver);
    driver.press("Esc Ctrl+C");
    pin("leave_run", &mut driver);
    driver.press("Esc");
    let Some(Effect::Run { job, .. }) = driver.held.take() else { panic!("no run waits") };
    let fault = Fault::new(FaultKind::Lost, "the connection to dev was lost")
        .advise("See whether the server runs, then look into the report.");
    driver.send(Message::Reported { job, fact: Fact::Failed(fault) });
    pin("error", &mut driver);
}

#[test]
fn report() {
    let mut driver = Driver::new(LARGE);
    driver.holds_run = true;
    open_sample_plan(&mut driver);
    go_to(&mut driver, "Review");
    start(&mut driver);
    driver.release();
    settle_times(&mut driver);
    settle_places(&mut driver);
    pin("report", &mut driver);
    driver.press("Tab");
    pin("report_entities", &mut driver);
    driver.press("Tab");
    pin("report_left_behind", &mut driver);
    driver.press("Tab Tab");
    pin("report_lessons", &mut driver);
}

#[test]
fn help_and_the_question_before_leaving() {
    let mut driver = Driver::new(LARGE);
    driver.press("?");
    pin("help", &mut driver);
    driver.press("Esc n Ctrl+C");
    pin("leave", &mut driver);
}

#[test]
fn a_window_that_is_too_small() {
    let mut driver = Driver::practice(LARGE);
    let mut pinned = String::new();
    for (width, height) in [(59, 18), (60, 17), (30, 3), (1, 1), (0, 0)] {
        driver.send(Message::Resized(Size { width, height }));
        let drawn = canvas(&driver.model, Manners { color: false, ascii: false });
        pinned.push_str(&format!("=== {width}x{height}\n{}", text(&drawn)));
    }
    insta::assert_snapshot!("too_small", pinned);
    // Whatever is open, at whatever size.
    for keys in ["?", "Esc Ctrl+C", "Esc Ctrl+N v", "Esc Space Ctrl+N v", "Esc A", "Esc R"] {
        driver.press(keys);
        for width in (0..=100).step_by(10) {
            for height in (0..=30).step_by(3) {
                driver.send(Message::Resized(Size { width, height }));
                canvas(&driver.model, Manners { color: true, ascii: true });
            }
        }
        driver.send(Message::Resized(LARGE));
    }
}
