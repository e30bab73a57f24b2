//! Users of the destination that a run changes, or deletes and creates again: whatever breaks, each
//! ends as the oracle says, and an undo brings every one of them back.

use super::boundaries;
use super::case::Case;
use super::trial::Ground;
use super::undo::broken::{self, Where};
use super::wanted;
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::{Feature, Recipe};
use crate::user_rows::{as_sound, differing, recreated, updated};

/// How often one is tried, of all calls and all ways to break them.
const EVERY: usize = 131;

/// A pair whose users are written so, and what has to come of it.
fn case(existing: &str) -> (Case, Case) {
    let features = vec![Feature::MissingUsers, Feature::Groups, Feature::ExistingRows];
    let recipe = Recipe { seed: 86, size: 1, features, flaw: None };
    let real = differing(&recipe);
    let sound = if existing == "update" { updated(&real) } else { recreated(&real) };
    let Verdict::Done(expected) = migrate(&sound) else { panic!("a sound pair") };
    let of = |pair| Case {
        recipe: recipe.clone(),
        pair,
        expected: expected.clone(),
        decided: String::new(),
    };
    (of(real), of(sound))
}

fn options(existing: &str) -> Vec<String> {
    let users = format!("personal_data = \"real\"\n\n[users]\nexisting = \"{existing}\"");
    vec!["batch_rows = 2".to_owned(), users]
}

/// Where such a run is tried, on files and on servers in memory.
fn grounds(existing: &str) -> [Ground; 2] {
    let options = options(existing);
    [Ground::files(case(existing).0, &options), Ground::memory(case(existing).0, &options)]
}

/// Breaks the run, and has it go on: what there was before is what the sound pair had.
fn goes_on(existing: &str) {
    let sound = case(existing).1;
    for mut ground in grounds(existing) {
        ground.before = as_sound(&ground.before, &ground.case.pair, &sound.pair);
        boundaries::every(&ground, wanted("OSFERRY_TEST_EVERY", EVERY));
    }
}

fn comes_back(existing: &str, place: Where) {
    for ground in grounds(existing) {
        broken::every(&ground, place, wanted("OSFERRY_TEST_EVERY", EVERY));
    }
}

#[test]
fn updated_users_end_as_the_oracle_says() {
    goes_on("update");
}

#[test]
fn users_created_again_end_as_the_oracle_says() {
    goes_on("recreate");
}

#[test]
fn updated_users_come_back_whatever_breaks() {
    comes_back("update", Where::Run);
    comes_back("update", Where::Undo);
}

#[test]
fn users_created_again_come_back_whatever_breaks() {
    comes_back("recreate", Where::Run);
    comes_back("recreate", Where::Undo);
}

#[test]
fn a_batch_of_updated_users_in_doubt_is_never_written_twice() {
    for existing in ["update", "recreate"] {
        let sound = case(existing).1;
        for mut ground in grounds(existing) {
            ground.before = as_sound(&ground.before, &ground.case.pair, &sound.pair);
            boundaries::doubts(&ground, 2);
        }
    }
}
