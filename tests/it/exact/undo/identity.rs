//! Random pairs, migrated and undone: the destination is as it was, in every row of every table.
//!
//! `OSFERRY_TEST_UNDOS=100` undoes so many; so does `cargo test -- --ignored`.

use super::super::case::Case;
use super::super::over_memory::small;
use super::super::trial::Ground;
use super::super::wanted;
use super::{Course, taken_back};
use crate::estate::recipe::Recipe;
use crate::model_server::Habits;

/// What a plan may say of the destination's rows, and how large batches are.
fn options(seed: u64) -> Vec<String> {
    let rows = ["replace", "replace", "keep"][seed as usize % 3];
    let batch = [4000, 7, 1, 40][seed as usize % 4];
    let parallel = 1 + seed as usize % 3;
    vec![
        format!("destination_rows = \"{rows}\""),
        format!("batch_rows = {batch}"),
        format!("parallel_entities = {parallel}"),
        format!("identity_ranges = {}", seed % 5 > 2),
    ]
}

/// Migrates the recipe's pair and undoes that. What is wrong, or `None`; whether rows were
/// written at all.
fn failure(recipe: &Recipe, in_memory: bool, written: &mut u64) -> Option<String> {
    let case = Case::of(recipe)?;
    let options = options(recipe.seed);
    let ground = match in_memory {
        true => Ground::memory_if_possible(case, &options),
        false => Ground::files_if_possible(case, &options),
    };
    // Rows that were to be replaced may not be such as can be kept.
    let ground = ground.ok()?;
    let course = Course { run: &[], undo: &[], habits: Habits::of(recipe.seed) };
    let back = taken_back(&ground, course);
    *written += back.result.iter().flat_map(|r| &r.tables).map(|t| t.removed).sum::<u64>();
    back.wrong().map(|why| format!("{recipe:?}\n{options:?}\n{why}"))
}

fn identity(seeds: impl Iterator<Item = u64>, in_memory: bool) {
    let mut written = 0;
    for seed in seeds {
        let recipe = small(seed);
        if let Some(first) = failure(&recipe, in_memory, &mut written) {
            let (_, why) =
                recipe.shrink(first, |recipe| failure(recipe, in_memory, &mut written), 100);
            panic!("{why}");
        }
    }
    assert!(written > 0, "nothing was written");
}

#[test]
fn random_pairs_are_undone_in_memory() {
    identity(0..wanted("OSFERRY_TEST_UNDOS", 16) as u64, true);
}

#[test]
fn random_pairs_are_undone_on_files() {
    identity(1_000..1_000 + wanted("OSFERRY_TEST_UNDOS", 5) as u64, false);
}

#[test]
fn a_pair_with_every_oddity_is_undone() {
    let mut written = 0;
    for seed in 0..2 {
        let why = failure(&Recipe::full(seed, 3), seed % 2 == 0, &mut written);
        assert!(why.is_none(), "{}", why.unwrap_or_default());
    }
    assert!(written > 0, "nothing was written");
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_random_pairs_are_undone() {
    let often = wanted("OSFERRY_TEST_UNDOS", 100) as u64;
    identity(10_000..10_000 + often, false);
    identity(20_000..20_000 + 4 * often, true);
}
