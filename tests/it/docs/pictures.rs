//! The pictures of the documentation: screens of the program on the practice pair.
//!
//! Everything comes from the program but times, which would differ each day, and the course of
//! the run on Execute: the practice pair is done before anybody could look.

use super::keep;
use super::svg::picture;
use crate::wizard::driver::{Driver, LARGE, make_pair};
use crate::wizard::road::{course, decide_the_rest, go_to, open_sample_plan, settle_times, start};

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
    driver.press("Space Down Down Down Down Space Down Down Space Down Space Down");
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

/// The clean-up of a clone, at the statement that empties its list of front-ends.
#[test]
fn the_picture_of_a_clean_up_is_the_programs_screen() {
    let mut driver = Driver::new(LARGE);
    driver.press("c Down Enter L Ctrl+N Home");
    for _ in 0..40 {
        if driver.screen().contains("─ Front-end servers ─") {
            break;
        }
        driver.press("Down");
    }
    driver.shows("OSSYS_SERVER");
    show(&driver, "clean-up", "Clean-up: each statement with the rows that it would touch");
}

/// Keeps the screen as a picture.
fn show(driver: &Driver, name: &str, title: &str) {
    keep(&format!("docs/pictures/{name}.svg"), &picture(&driver.canvas(), title));
}
