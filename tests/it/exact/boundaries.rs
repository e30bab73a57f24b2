//! Every call that a run makes to its databases, broken in every way, one at a time.
//!
//! The ordinary tests try every so many of them, `OSFERRY_TEST_EVERY=1` all; so does
//! `cargo test -- --ignored`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use osferry::database::FaultKind;

use super::case::Case;
use super::trial::Ground;
use super::wanted;
use crate::estate::recipe::{Feature, Recipe};
use crate::model_server::Habits;
use crate::support::breaking::{At, Break, How, Moment, WAYS};

/// What went wrong is shown so often at least before the rest is left.
const SHOWN: usize = 10;

/// A small pair with everything that is written in a way of its own: rows to delete first,
/// people to create, references to set later, identifiers of every kind.
fn recipe() -> Recipe {
    use Feature as F;
    let features = vec![
        F::ExistingRows,
        F::MissingUsers,
        F::Groups,
        F::SelfReference,
        F::TwoCycle,
        F::Extension,
        F::TextIdentifier,
        F::PlainIdentifier,
        F::NoIdentifier,
        F::ManyToMany,
        F::ProducerKept,
        F::Subscriptions,
    ];
    Recipe { seed: 31, size: 1, features, flaw: None }
}

pub fn case() -> Case {
    Case::of(&recipe()).expect("it can be migrated")
}

/// The same with rows that stay and take the values of ours.
pub fn updating() -> Case {
    let mut recipe = recipe();
    recipe.features.retain(|feature| *feature != Feature::NoIdentifier);
    Case::updating(&recipe).expect("it can be migrated")
}

/// Keeps the destination's rows.
pub fn keeping() -> Vec<String> {
    let mut all = options();
    all.push("destination_rows = \"keep\"".to_owned());
    all
}

/// The same with a table of markers.
fn marked() -> Case {
    let mut recipe = recipe();
    recipe.features.push(Feature::Markers);
    Case::of(&recipe).expect("it can be migrated")
}

pub fn options() -> Vec<String> {
    vec!["batch_rows = 8".to_owned(), "parallel_entities = 2".to_owned()]
}

/// Tries every so many of all breaks, on two threads; says what went wrong with each.
pub fn every(ground: &Ground, every: usize) {
    let all = ground.trial(&[], Habits::of(0));
    assert!(all.troubles.is_empty(), "unbroken:\n{}", all.wrong().unwrap_or_default());
    let calls = all.calls.len();
    // The calls of a run may be more than those of another, where waits and tries differ.
    each_break(calls, calls / 4, every, |at, broken, way| {
        // The history of a server in memory is another one for each way.
        let trial = ground.trial(&[broken], Habits::of(way as u64));
        let call = trial.calls.get(at).copied().unwrap_or("not reached");
        (trial.hit, trial.wrong().map(|why| format!("{call}, {broken:?}, habits {way}:\n{why}")))
    });
}

/// Has every so many of the ways to break each of so many calls, and of some more, tried on two
/// threads. `attempt` is given the call, what breaks and its way, and says whether that was reached
/// and what went wrong.
pub fn each_break(
    calls: usize,
    more: usize,
    every: usize,
    attempt: impl Fn(usize, Break, usize) -> (bool, Option<String>) + Sync,
) {
    let next = AtomicUsize::new(0);
    let reached = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(every, Ordering::SeqCst);
                    let (at, way) = (number / WAYS.len(), number % WAYS.len());
                    if at >= calls + more || wrong.lock().expect("a list").len() > SHOWN {
                        return;
                    }
                    let (moment, how) = WAYS[way];
                    let (hit, why) = attempt(at, Break { at: At::Call(at), moment, how }, way);
                    reached.fetch_add(usize::from(hit), Ordering::SeqCst);
                    wrong.lock().expect("a list").extend(why);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("a list");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let (reached, tried) = (reached.into_inner(), calls * WAYS.len() / every);
    assert!(reached * 2 > tried, "of about {tried} breaks only {reached} were reached");
}

/// A COMMIT whose answer is lost, and then nobody can look whether it was done: the run must not
/// guess. It ends in doubt, and finds out when it goes on.
pub fn doubts(ground: &Ground, every: usize) {
    let calls = ground.trial(&[], Habits::of(0)).calls;
    let commits = calls.iter().filter(|call| **call == "commit").count();
    let (mut tried, mut doubted) = (0, 0);
    for number in (0..commits).filter(|number| (number / 2).is_multiple_of(every)) {
        let moment = [Moment::Sent, Moment::After][number % 2];
        let lost = How::Cut(FaultKind::Lost);
        let mut breaks = vec![Break { at: At::Of("commit", number), moment, how: lost }];
        // Whoever has lost a session asks for its end before anything else, and is answered this.
        breaks.extend((0..4).map(|asked| Break {
            at: At::Of("fence", asked),
            moment: Moment::Before,
            how: How::Answer(FaultKind::Permission),
        }));
        let trial = ground.trial(&breaks, Habits::of(0));
        assert!(trial.troubles.is_empty(), "{breaks:?}\n{}", trial.wrong().unwrap_or_default());
        tried += 1;
        doubted += usize::from(trial.story[0].contains("committed is not known"));
    }
    assert!(doubted > 0 && doubted == tried, "of {tried} runs only {doubted} ended in doubt");
}

/// Lost while a table is read, and answered an error by the first try to read on.
#[test]
fn a_table_is_read_to_its_end_whatever_reading_on_is_answered() {
    let alone = ["batch_rows = 8".to_owned(), "parallel_entities = 1".to_owned()];
    let ground = Ground::memory(case(), &alone);
    let (mut scans, mut reads, mut hit) = (0, 0, 0);
    for call in ground.trial(&[], Habits::of(0)).calls {
        scans += usize::from(call == "scan");
        if call != "next" {
            continue;
        }
        let lost = How::Cut(FaultKind::Lost);
        let breaks = [
            Break { at: At::Of("next", reads), moment: Moment::After, how: lost },
            Break {
                at: At::Of("scan", scans),
                moment: Moment::Before,
                how: How::Answer(FaultKind::Permission),
            },
        ];
        let trial = ground.trial(&breaks, Habits::of(0));
        assert!(trial.troubles.is_empty(), "{breaks:?}\n{}", trial.wrong().unwrap_or_default());
        hit += usize::from(trial.hit);
        reads += 1;
    }
    assert!(reads > 10 && hit == reads, "of {reads} readings {hit} were lost");
}

#[test]
fn a_batch_in_doubt_is_never_written_twice() {
    let every = wanted("OSFERRY_TEST_EVERY", 3);
    doubts(&Ground::memory(case(), &options()), every);
    doubts(&Ground::files(case(), &options()), every);
}

#[test]
fn with_markers_a_batch_in_doubt_is_never_written_twice() {
    let every = wanted("OSFERRY_TEST_EVERY", 3);
    doubts(&Ground::memory(marked(), &options()), every);
    doubts(&Ground::files(marked(), &options()), every);
}

/// The same with ids that the run reserves and gives itself.
fn reserving() -> Vec<String> {
    [options(), vec!["identity_ranges = true".to_owned()]].concat()
}

#[test]
fn ids_of_our_own_are_given_once_whatever_breaks() {
    let often = wanted("OSFERRY_TEST_EVERY", 37);
    every(&Ground::memory(case(), &reserving()), often);
    every(&Ground::files(case(), &reserving()), often + 30);
}

#[test]
fn with_ids_of_our_own_a_batch_in_doubt_is_never_written_twice() {
    let every = wanted("OSFERRY_TEST_EVERY", 3);
    doubts(&Ground::memory(case(), &reserving()), every);
    doubts(&Ground::files(case(), &reserving()), every);
}

#[test]
fn rows_that_take_values_do_so_whatever_breaks() {
    let often = wanted("OSFERRY_TEST_EVERY", 43);
    every(&Ground::memory(updating(), &keeping()), often);
    every(&Ground::files(updating(), &keeping()), often + 30);
}

#[test]
fn a_change_in_doubt_is_never_taken_for_what_was_there() {
    let every = wanted("OSFERRY_TEST_EVERY", 3);
    doubts(&Ground::memory(updating(), &keeping()), every);
    doubts(&Ground::files(updating(), &keeping()), every);
}

#[test]
fn with_markers_some_calls_break() {
    every(&Ground::memory(marked(), &options()), wanted("OSFERRY_TEST_EVERY", 67));
    every(&Ground::files(marked(), &options()), wanted("OSFERRY_TEST_EVERY", 101));
}

#[test]
fn some_calls_break_in_memory() {
    every(&Ground::memory(case(), &options()), wanted("OSFERRY_TEST_EVERY", 29));
}

#[test]
fn some_calls_break_on_files() {
    every(&Ground::files(case(), &options()), wanted("OSFERRY_TEST_EVERY", 53));
}

#[test]
#[ignore = "thousands of migrations: all calls, all ways to break"]
fn every_call_may_break_with_ids_of_our_own() {
    every(&Ground::memory(case(), &reserving()), wanted("OSFERRY_TEST_EVERY", 1));
}

#[test]
#[ignore = "thousands of migrations: all calls, all ways to break"]
fn every_call_may_break_in_memory() {
    every(&Ground::memory(case(), &options()), wanted("OSFERRY_TEST_EVERY", 1));
}

#[test]
#[ignore = "thousands of migrations: all calls, all ways to break"]
fn every_call_may_break_on_files() {
    every(&Ground::files(case(), &options()), wanted("OSFERRY_TEST_EVERY", 1));
}
