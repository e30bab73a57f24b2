//! Every call of a run and of its undoing, broken in every way, one at a time.
//!
//! `OSFERRY_TEST_EVERY=1` tries all; so does `cargo test -- --ignored`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::boundaries::{case, options};
use super::super::trial::Ground;
use super::super::wanted;
use super::{Course, TakenBack, taken_back};
use crate::model_server::Habits;
use crate::support::breaking::{At, Break, WAYS};

/// In which of the two something breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Where {
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
fn every(ground: &Ground, place: Where, every: usize) {
    let all = taken_back(ground, Course { run: &[], undo: &[], habits: Habits::of(0) });
    assert!(all.troubles.is_empty(), "unbroken:\n{}", all.wrong().unwrap_or_default());
    let calls = all.calls[usize::from(place == Where::Undo)].len();
    let next = AtomicUsize::new(0);
    let reached = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(every, Ordering::SeqCst);
                    let (at, way) = (number / WAYS.len(), number % WAYS.len());
                    if at >= calls + calls / 8 || wrong.lock().expect("a list").len() > 6 {
                        return;
                    }
                    let (moment, how) = WAYS[way];
                    let broken = Break { at: At::Call(at), moment, how };
                    let back = attempt(ground, place, broken, way);
                    if back.hit {
                        reached.fetch_add(1, Ordering::SeqCst);
                    }
                    if let Some(why) = back.wrong() {
                        let call = &back.calls[usize::from(place == Where::Undo)];
                        let call = call.get(at).copied().unwrap_or("not reached");
                        let what = format!("{call}, {broken:?}, habits {way}:\n{why}");
                        wrong.lock().expect("a list").push(what);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("a list");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let (reached, tried) = (reached.into_inner(), calls * WAYS.len() / every);
    assert!(reached * 2 > tried, "of about {tried} breaks only {reached} were reached");
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
