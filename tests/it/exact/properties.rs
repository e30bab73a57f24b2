//! Random pairs, random servers, several random breaks: what fails is made small.
//!
//! `OSFERRY_TEST_PROPERTIES=10000` tries so many.

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use proptest::test_runner::{Config, TestRunner};

use super::case::Case;
use super::trial::Ground;
use super::wanted;
use crate::estate::recipe::{FEATURES, Feature, Recipe};
use crate::model_server::Habits;
use crate::support::breaking::{At, Break, WAYS};

/// What is tried.
#[derive(Clone, Debug)]
struct Attempt {
    recipe: Recipe,
    habits: Habits,
    options: Vec<String>,
    breaks: Vec<Break>,
}

/// Features that only make a pair large.
const LARGE: [Feature; 2] = [Feature::NarrowerExceeding, Feature::BigValues];

fn recipes() -> impl Strategy<Value = Recipe> {
    let small: Vec<Feature> =
        FEATURES.iter().copied().filter(|feature| !LARGE.contains(feature)).collect();
    let count = small.len();
    (1_usize..4, subsequence(small, 0..count), 0_u64..1_000)
        .prop_map(|(size, features, seed)| Recipe { seed, size, features, flaw: None })
}

fn habits() -> impl Strategy<Value = Habits> {
    let percent = prop_oneof![Just(0_u64), Just(10), Just(40)];
    let swiftness = prop_oneof![Just(100_u64), Just(30), Just(5)];
    (0_u64..1_000, any::<bool>(), any::<bool>(), percent.clone(), percent, swiftness).prop_map(
        |(seed, locking_reads, parallel_writers, gaps, applications, swiftness)| Habits {
            seed,
            locking_reads,
            parallel_writers,
            gaps,
            applications,
            swiftness,
            may_alter: true,
        },
    )
}

/// Calls of all sorts, and the commits, on which the most depends.
fn places() -> impl Strategy<Value = At> {
    prop_oneof![
        (0_usize..250).prop_map(At::Call),
        (0_usize..40).prop_map(|at| At::Of("commit", at))
    ]
}

fn attempts() -> impl Strategy<Value = Attempt> {
    let breaks = proptest::collection::vec((places(), any::<Index>()), 0..4);
    let batch = prop_oneof![Just(4000), Just(7), Just(1)];
    (recipes(), habits(), batch, 1_usize..5, any::<bool>(), breaks).prop_map(
        |(recipe, habits, batch, parallel, reserves, breaks)| {
            let broken = |(at, way): (At, Index)| {
                let (moment, how) = WAYS[way.index(WAYS.len())];
                Break { at, moment, how }
            };
            let options = vec![
                format!("batch_rows = {batch}"),
                format!("parallel_entities = {parallel}"),
                format!("identity_ranges = {reserves}"),
            ];
            Attempt { recipe, habits, options, breaks: breaks.into_iter().map(broken).collect() }
        },
    )
}

fn holds(attempt: &Attempt) -> Result<(), TestCaseError> {
    let Some(case) = Case::of(&attempt.recipe) else { return Ok(()) };
    let ground = Ground::memory(case, &attempt.options);
    let trial = ground.trial(&attempt.breaks, attempt.habits);
    match trial.wrong() {
        None => Ok(()),
        Some(why) => Err(TestCaseError::fail(why)),
    }
}

#[test]
fn whatever_breaks_the_oracle_is_right() {
    let cases = wanted("OSFERRY_TEST_PROPERTIES", 60) as u32;
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    if let Err(failure) = runner.run(&attempts(), |attempt| holds(&attempt)) {
        panic!("{failure}");
    }
}
