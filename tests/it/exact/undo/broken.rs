//! Every call of a run and of its undoing, broken in every way, one at a time.
//!
//! `OSFERRY_TEST_EVERY=1` tries all; so does `cargo test -- --ignored`.

use super::super::boundaries::{case, each_break, keeping, options, updating};
use super::super::trial::Ground;
use super::super::wanted;
use super::{Course, TakenBack, taken_back};
use crate::model_server::Habits;
use crate::support::breaking::Break;

/// In which of the two something breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Where {
    Run,
    Undo,
}

fn attempt(ground: &Ground, place: Where, broken: Break, way: usize) -> TakenBack {
    let broken = [broken];
    let habits = Habits::of(way as u64);
    match place {
        Where::Run => taken_back(ground, Course { run: &broken, undo: &[], habits }),
        Where::Undo => taken_back(ground, Course { run: &[], undo: &broken, habits }),
    }
}

/// Tries every so many of all breaks, on two threads; says what went wrong with each.
pub fn every(ground: &Ground, place: Where, every: usize) {
    let all = taken_back(ground, Course { run: &[], undo: &[], habits: Habits::of(0) });
    assert!(all.troubles.is_empty(), "unbroken:\n{}", all.wrong().unwrap_or_default());
    let calls = all.calls[usize::from(place == Where::Undo)].len();
    each_break(calls, calls / 8, every, |at, broken, way| {
        let back = attempt(ground, place, broken, way);
        let call = &back.calls[usize::from(place == Where::Undo)];
        let call = call.get(at).copied().unwrap_or("not reached");
        (back.hit, back.wrong().map(|why| format!("{call}, {broken:?}, habits {way}:\n{why}")))
    });
}

#[test]
fn rows_that_took_values_get_theirs_back() {
    let often = wanted("OSFERRY_TEST_EVERY", 211);
    for place in [Where::Run, Where::Undo] {
        every(&Ground::memory(updating(), &keeping()), place, often);
        every(&Ground::files(updating(), &keeping()), place, often);
    }
}

#[test]
fn a_broken_run_is_undone_in_memory() {
    let ground = Ground::memory(case(), &options());
    every(&ground, Where::Run, wanted("OSFERRY_TEST_EVERY", 211));
}

#[test]
fn a_broken_run_is_undone_on_files() {
    let ground = Ground::files(case(), &options());
    every(&ground, Where::Run, wanted("OSFERRY_TEST_EVERY", 401));
}

#[test]
fn a_broken_undo_goes_on_in_memory() {
    let ground = Ground::memory(case(), &options());
    every(&ground, Where::Undo, wanted("OSFERRY_TEST_EVERY", 211));
}

#[test]
fn a_broken_undo_goes_on_on_files() {
    let ground = Ground::files(case(), &options());
    every(&ground, Where::Undo, wanted("OSFERRY_TEST_EVERY", 401));
}

#[test]
#[ignore = "thousands of migrations: all calls, all ways to break"]
fn every_broken_run_is_undone() {
    let often = wanted("OSFERRY_TEST_EVERY", 1);
    every(&Ground::memory(case(), &options()), Where::Run, often);
    every(&Ground::files(case(), &options()), Where::Run, often);
}

#[test]
#[ignore = "thousands of migrations: all calls, all ways to break"]
fn every_broken_undo_goes_on() {
    let often = wanted("OSFERRY_TEST_EVERY", 1);
    every(&Ground::memory(case(), &options()), Where::Undo, often);
    every(&Ground::files(case(), &options()), Where::Undo, often);
}
