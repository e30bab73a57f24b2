//! The pictures of the documentation: screens of the program on the practice pair.
//!
//! Everything comes from the program but times, which would differ each day, and the course of
//! the run on Execute: the practice pair is done before anybody could look.

use std::time::Duration;

use osferry::compare::Finding;
use osferry::migrate::{EntityState, Phase, Progress};
use osferry::wizard::message::{Effect, Fact, Message, Now};
use osferry::wizard::steps;

use super::keep;
use super::svg::picture;
use crate::wizard::driver::{Driver, LARGE, make_pair};

/// From Scope to Report, in the order in which a person sees them.
#[test]
fn the_pictures_are_the_programs_screens() {
    let pair = make_pair(None);
    let mut driver = Driver::on(pair.path(), LARGE);
    driver.holds_run = true;
    open_sample_plan(&mut driver);
    // Lessons belong to the practice pair; a picture shows what every migration looks like.
    driver.press("L");

    go_to(&mut driver, "Scope");
    driver.press("Down Right Down Down");
    show(&driver, "scope", "Scope: applications, modules and entities, and what they refer to");

    go_to(&mut driver, "Mismatches");
    driver.press("Space Down Space Down Space Down Space Down");
    show(&driver, "mismatches", "Mismatches: where the two environments differ, and what to do");

    driver.press("Space");
    go_to(&mut driver, "Users");
    driver.press("Down");
    show(&driver, "users", "Users: who is who in the destination");

    go_to(&mut driver, "Options");
    decide_the_rest(&mut driver);
    show(&driver, "options", "Options: what becomes of the destination's rows, and the plan");

    go_to(&mut driver, "Review");
    start(&mut driver);
    course(&mut driver);
    show(&driver, "execute", "Execute: the run, entity by entity");

    driver.release();
    settle_times(&mut driver);
    show(&driver, "report", "Report: what was written, and the proof of it");
}

/// Keeps the screen as a picture.
fn show(driver: &Driver, name: &str, title: &str) {
    keep(&format!("docs/pictures/{name}.svg"), &picture(&driver.canvas(), title));
}

fn open_sample_plan(driver: &mut Driver) {
    let plan = driver.pair().join("practice.toml");
    driver.press("Home Down Down Enter");
    driver.type_in(&plan.display().to_string());
    driver.press("Enter");
    driver.shows("PRACTICE");
}

/// On to a step; what is open on the way is decided as recommended.
fn go_to(driver: &mut Driver, name: &str) {
    for _ in 0..20 {
        if driver.step() == name {
            return;
        }
        let before = driver.step();
        driver.press("Ctrl+N");
        if driver.step() == before {
            decide_the_rest(driver);
        }
    }
    panic!("there is no way to {name}:\n{}", driver.screen());
}

fn decide_the_rest(driver: &mut Driver) {
    let migration = &mut driver.model.migration;
    let open: Vec<Finding> =
        migration.findings().iter().filter(|finding| migration.is_open(finding)).cloned().collect();
    for finding in &open {
        if let Some(choice) = finding.recommended {
            migration.decide(finding, choice, None);
        }
    }
    driver.send(time(0));
    driver.settle();
}

/// Accepts the warnings, types the name, presses Start.
fn start(driver: &mut Driver) {
    for _ in 0..20 {
        if driver.held.is_some() {
            return;
        }
        driver.press("Ctrl+N");
        if driver.model.in_text() {
            driver.type_in("dev");
            driver.press("Enter Enter");
        } else {
            driver.press("Space");
        }
    }
    panic!("the run does not start:\n{}", driver.screen());
}

/// When the run starts in the pictures.
const START: u64 = 14 * 3600 + 13 * 60 + 28;

fn time(quarters: u64) -> Message {
    let at = START + quarters / 4;
    Message::Time(Now {
        day: "2026-02-03".to_owned(),
        clock: format!("{:02}:{:02}:{:02}", at / 3600, at / 60 % 60, at % 60),
        since_start: Duration::from_secs(700) + Duration::from_millis(250) * quarters as u32,
    })
}

/// A run as a server of some distance would have it, up to a little less than its half.
fn course(driver: &mut Driver) {
    let Some(Effect::Run { job, .. }) = driver.held else { panic!("no run waits") };
    let plan = driver.model.migration.built.clone().expect("a plan");
    let mut progress = Progress::new(&plan);
    progress.phase = Phase::Loading;
    for quarter in 0.. {
        let (read, total) = progress.totals();
        if read * 100 >= total * 43 {
            break;
        }
        let mut sessions = 4;
        for (place, entity) in progress.entities.iter_mut().enumerate() {
            if sessions == 0 || entity.state == EntityState::Done {
                continue;
            }
            sessions -= 1;
            entity.state = EntityState::Writing;
            let pace = 90 + place as u64 * 17 % 71 + quarter * 13 % 37;
            entity.read = (entity.read + pace).min(entity.total);
            entity.written = entity.read;
            if entity.read == entity.total {
                entity.state = EntityState::Done;
            }
        }
        driver.send(time(quarter));
        driver.send(Message::Reported { job, fact: Fact::Progressed(progress.clone()) });
    }
}

/// Gives what the run itself has dated times that stay, and places that are nobody's.
fn settle_times(driver: &mut Driver) {
    let place = driver.model.place_of("Report").expect("a report");
    driver.press("Ctrl+P");
    let migration = &mut driver.model.migration;
    let reported = migration.report.as_mut().expect("a report");
    reported.report.id = "260203-141328-d67a".to_owned();
    reported.report.started = "2026-02-03 14:13:28+00:00".to_owned();
    reported.report.ended = Some("2026-02-03 14:13:52+00:00".to_owned());
    reported.folder = format!("/home/dba/.local/share/osferry/runs/{}", reported.report.id).into();
    if let Some(run) = &mut migration.run {
        run.id.clone_from(&reported.report.id);
    }
    driver.model.steps[place] = steps::all().remove(place);
    driver.press("Ctrl+N");
}
