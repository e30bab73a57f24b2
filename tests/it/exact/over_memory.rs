//! Whole migrations over servers in memory, nothing broken: thousands of small ones are tried in
//! the time that a few take on a real database.
//!
//! `OSFERRY_TEST_MODELS=5000` tries so many.

use std::sync::Arc;

use osferry::migrate::{RunEnd, run};

use super::case::{Case, Stage, process};
use super::trial::folder;
use super::wanted;
use crate::estate::recipe::{Feature, Recipe};
use crate::model_server::Habits;

/// Migrates a recipe's pair over servers of these habits; what is wrong, or `None`.
fn failure(recipe: &Recipe, habits: Habits) -> Option<String> {
    let case = Case::of(recipe)?;
    let folder = folder();
    let stage = Stage::memory(&case, habits);
    let before = stage.content();
    let end = process().block_on(async {
        let batch = [1, 7, 250, 4000][recipe.seed as usize % 4];
        let planned = stage.planned(&[format!("batch_rows = {batch}")]).await;
        let source = Arc::from(stage.source().await);
        let destination = Arc::from(stage.destination().await);
        run(planned.request(&folder.path().join("run"), source, destination)).await
    });
    let mut troubles = match end {
        Ok(RunEnd::Written) => case.troubles(&before, &stage.content()),
        Ok(other) => vec![format!("{other:?}")],
        Err(fault) => vec![format!("refused: {fault}")],
    };
    if troubles.is_empty() {
        return None;
    }
    troubles.truncate(20);
    let others = match &stage {
        Stage::Memory { destination, .. } => destination.of_others(),
        Stage::Files(_) => 0,
    };
    let what = troubles.join("\n");
    Some(format!("{recipe:?}\n{habits:?}, {others} rows of others\n{what}"))
}

fn check(recipe: Recipe, habits: Habits) {
    let Some(first) = failure(&recipe, habits) else { return };
    let (_, why) = recipe.shrink(first, |recipe| failure(recipe, habits), 100);
    panic!("{why}");
}

/// A small random pair, without the features that only make it large.
pub fn small(seed: u64) -> Recipe {
    let mut recipe = Recipe::random(seed);
    let large = [Feature::NarrowerExceeding, Feature::BigValues];
    recipe.features.retain(|feature| !large.contains(feature));
    recipe.size = 1 + seed as usize % 3;
    recipe
}

#[test]
fn random_pairs_migrate_in_memory() {
    for seed in 0..wanted("OSFERRY_TEST_MODELS", 60) as u64 {
        check(small(seed), Habits::of(seed));
    }
}

#[test]
fn a_pair_with_every_oddity_migrates_in_memory() {
    check(Recipe::full(1, 4), Habits::of(1));
}
