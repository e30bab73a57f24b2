//! Migrations of random pairs by the real program, judged against the oracle.
//!
//! `OSFERRY_TEST_SEEDS=100` judges a hundred pairs more, `OSFERRY_TEST_SEEDS=700..900` just
//! those. What fails is made as small as it goes and its files are kept for a look.

#![expect(clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::PathBuf;

use crate::estate::content::read;
use crate::estate::generate;
use crate::estate::judge::judge;
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::{FEATURES, FLAWS, Feature, Recipe};
use crate::program::{Bench, Plan, Said};

/// A plan that varies what must not matter.
fn plan(recipe: &Recipe, bench: &Bench) -> Plan {
    let mut plan = Plan::new();
    if recipe.seed.is_multiple_of(2) {
        plan.source = bench.source().display().to_string();
        plan.destination = bench.destination().display().to_string();
    }
    if recipe.seed.is_multiple_of(3) {
        plan.scope = "espaces = [\"Core_CS\", \"Core\"]".into();
    }
    if !recipe.seed.is_multiple_of(4) {
        plan.purpose = Some("development");
    }
    let batch = [1, 7, 250, 4000][recipe.seed as usize % 4];
    // One row a batch is for small pairs: the long table takes minutes that way.
    if batch != 1 || !recipe.has(Feature::NarrowerExceeding) {
        plan.options.push(format!("batch_rows = {batch}"));
    }
    if recipe.seed % 5 == 1 {
        plan.options.push("parallel_entities = 1".into());
    }
    plan
}

/// Migrates the pair of a recipe; why it is not right, or `None`.
fn failure(recipe: &Recipe) -> Option<String> {
    let pair = generate::pair(recipe);
    let bench = Bench::new(&pair, recipe.seed);
    bench.plan(&plan(recipe, &bench).text());
    let before = read(&bench.destination());
    let said = bench.osferry(&["run", "plan.toml", "--confirm", "dev", "--decide", "recommended"]);
    let mut troubles = Vec::new();
    if said.panicked() {
        troubles.push("the program panicked, or ended as it never may".into());
    }
    if !bench.source_unchanged() {
        troubles.push("the source file changed".into());
    }
    match migrate(&pair) {
        Verdict::Refused(why) => {
            if said.code != Some(2) {
                troubles.push(format!("exit code 2 was due, for {why:?}"));
            }
            if !bench.destination_unchanged() {
                troubles.push("the destination file changed although it was refused".into());
            }
            if let Some(refusal) = &pair.refused
                && !refusal.names.iter().any(|name| said.err.contains(name.as_str()))
            {
                let names = refusal.names.join(" or ");
                troubles.push(format!("{}: {names} is not named", refusal.why));
            }
        }
        Verdict::Done(expected) => {
            if said.code != Some(0) {
                troubles.push("exit code 0 was due".into());
            }
            let after = read(&bench.destination());
            troubles.extend(judge(&before, &after, &expected, &pair.destination));
        }
    }
    if troubles.is_empty() {
        return None;
    }
    let kept = keep(&bench);
    let count = troubles.len();
    troubles.truncate(25);
    Some(format!(
        "{recipe:?}\n{count} troubles, files in {}\n{}\n{}",
        kept.display(),
        troubles.join("\n"),
        shortened(&said)
    ))
}

fn shortened(said: &Said) -> String {
    said.all().chars().take(6000).collect()
}

/// Leaves the files of the last failure where they can be looked at.
fn keep(bench: &Bench) -> PathBuf {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("failed-migration");
    let _ = std::fs::remove_dir_all(&place);
    let _ = std::fs::create_dir_all(&place);
    for file in ["prod.sqlite", "dev.sqlite", "plan.toml"] {
        let _ = std::fs::copy(bench.folder.path().join(file), place.join(file));
    }
    let _ = std::fs::write(place.join("dev-before.sqlite"), &bench.destination_bytes);
    place
}

/// Fails with the smallest recipe that still does.
fn check(recipe: Recipe) {
    let Some(first) = failure(&recipe) else { return };
    let (_, why) = recipe.shrink(first, failure, 60);
    panic!("{why}");
}

#[test]
fn a_pair_without_any_oddity_migrates() {
    check(Recipe { seed: 2, size: 3, features: Vec::new(), flaw: None });
}

#[test]
fn every_oddity_alone_migrates() {
    for (seed, feature) in FEATURES.iter().enumerate() {
        let size = if *feature == Feature::NarrowerExceeding { 1 } else { 3 };
        check(Recipe { seed: 50 + seed as u64, size, features: vec![*feature], flaw: None });
    }
}

#[test]
fn random_pairs_migrate() {
    for seed in 0..6 {
        check(Recipe::random(seed));
    }
}

#[test]
fn a_pair_with_every_oddity_migrates() {
    check(Recipe::full(1, 5));
}

#[test]
fn what_must_be_refused_is_refused() {
    for (seed, flaw) in FLAWS.iter().enumerate() {
        check(Recipe::flawed(200 + seed as u64, *flaw));
    }
}

#[test]
fn more_seeds_from_the_environment() {
    let Ok(wanted) = std::env::var("OSFERRY_TEST_SEEDS") else { return };
    let range = match wanted.split_once("..") {
        Some((low, high)) => low.parse().expect("a seed")..high.parse().expect("a seed"),
        None => 1000..1000 + wanted.parse::<u64>().expect("a number of seeds"),
    };
    for seed in range {
        check(match seed % 8 {
            0 => Recipe::full(seed, 3 + (seed / 8 % 6) as usize),
            1 => Recipe::flawed(seed, FLAWS[(seed / 8) as usize % FLAWS.len()]),
            _ => Recipe::random(seed),
        });
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let pair = generate::pair(&Recipe::random(3));
    let bench = Bench::new(&pair, 3);
    bench.plan(&Plan::new().text());
    let said = bench.osferry(&[
        "run",
        "plan.toml",
        "--confirm",
        "dev",
        "--decide",
        "recommended",
        "--dry-run",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(bench.source_unchanged() && bench.destination_unchanged(), "{}", said.all());
}

#[test]
fn compare_writes_nothing() {
    let pair = generate::pair(&Recipe::random(4));
    let bench = Bench::new(&pair, 4);
    bench.plan(&Plan::new().text());
    let said = bench.osferry(&["compare", "plan.toml"]);
    assert!(matches!(said.code, Some(0 | 1)), "{}", said.all());
    assert!(bench.source_unchanged() && bench.destination_unchanged(), "{}", said.all());
}

#[test]
fn a_second_run_makes_the_same_again() {
    let recipe = Recipe { seed: 7, size: 4, features: FEATURES.to_vec(), flaw: None };
    let pair = generate::pair(&recipe);
    let bench = Bench::new(&pair, 7);
    bench.plan(&plan(&recipe, &bench).text());
    let Verdict::Done(expected) = migrate(&pair) else { panic!("refused") };
    let count = |content: &crate::estate::content::Content| -> Vec<(String, usize)> {
        content.tables.iter().map(|(name, rows)| (name.clone(), rows.len())).collect()
    };
    let arguments = ["run", "plan.toml", "--confirm", "dev", "--decide", "recommended"];
    let first = bench.osferry(&arguments);
    assert_eq!(first.code, Some(0), "{}", first.all());
    let once = read(&bench.destination());
    let second = bench.osferry(&arguments);
    assert_eq!(second.code, Some(0), "{}", second.all());
    let twice = read(&bench.destination());
    // Rows without a natural key would be there twice in a kept table; there are none here.
    assert_eq!(count(&once), count(&twice), "{} tables", expected.len());
}
