//! Migrations of random pairs by the real program, judged against the oracle.
//!
//! `OSFERRY_TEST_SEEDS=100` judges a hundred pairs more, `OSFERRY_TEST_SEEDS=700..900` just
//! those. What fails is made as small as it goes and its files are kept for a look.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::PathBuf;

use osferry::outsystems::Side;

use crate::databases::is_a_stand_in;
use crate::estate::content::Content;
use crate::estate::generate;
use crate::estate::judge::judge;
use crate::estate::model::Pair;
use crate::estate::oracle::{Verdict, Way, migrate, migrate_as};
use crate::estate::recipe::{DECIDED, FEATURES, FLAWS, Feature, Recipe};
use crate::estate::tables;
use crate::foretold::{comparison, not_foretold, report};
use crate::masking::run_with;
use crate::program::{Bench, Plan, Said};
use crate::support::engine::TestEngine;
use crate::support::library::MASK_KEY;
use crate::support::wire::Wire;

crate::on_both_engines!(
    random_pairs_migrate,
    random_pairs_migrate_beside_rows_that_stay,
    random_pairs_migrate_into_rows_that_stay,
    random_pairs_are_masked_linked_and_spread_over_databases,
    a_pair_with_every_oddity_migrates,
    what_must_be_refused_is_refused,
    more_seeds_from_the_environment,
    a_dry_run_and_a_comparison_write_nothing,
    a_second_run_makes_the_same_again,
    a_tenant_that_is_mapped_takes_its_rows_and_users_along,
    tenants_shown_as_attributes_are_mapped,
    what_extends_rows_that_stay_stays,
);

/// A plan that varies what must not matter.
fn plan(recipe: &Recipe, pair: &Pair, bench: &Bench) -> Plan {
    let mut plan = bench.usual_plan();
    if recipe.seed.is_multiple_of(2) {
        plan.source = bench.databases.endpoint_otherwise(Side::Source);
        plan.destination = bench.databases.endpoint_otherwise(Side::Destination);
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
    if recipe.has(Feature::Masked) {
        plan.options.push("personal_data = \"mask\"".into());
    }
    let excluded = pair.decided.excluded.iter().map(|key| {
        let entity = pair.source.entity(key).expect("in the source");
        format!("{}.{}", pair.source.espace(&key.0).name, entity.name)
    });
    let excluded: Vec<String> = excluded.collect();
    if !excluded.is_empty() {
        plan.scope.push_str(&format!("\nexclude = {excluded:?}"));
    }
    plan.more = pair.decided.text();
    tables::write(bench.folder.path(), pair, recipe.seed);
    plan
}

/// Migrates the pair of a recipe; why it is not right, or `None`.
fn failure(engine: &TestEngine, recipe: &Recipe) -> Option<String> {
    let pair = generate::pair(recipe);
    let bench = Bench::on(engine, &pair, recipe.seed);
    trouble(recipe, &pair, &bench, &plan(recipe, &pair, &bench), Way::Replace)
}

/// The same with the destination's rows kept, some of which are like rows of ours.
fn failure_beside(engine: &TestEngine, recipe: &Recipe) -> Option<String> {
    let mut pair = generate::pair(recipe);
    generate::liken(&mut pair, recipe);
    let bench = Bench::on(engine, &pair, recipe.seed);
    let mut plan = plan(recipe, &pair, &bench);
    plan.options[0] = "destination_rows = \"keep\"".into();
    trouble(recipe, &pair, &bench, &plan, Way::Keep)
}

/// The same with the destination's rows taking the values of those of ours that they are like.
fn failure_into(engine: &TestEngine, recipe: &Recipe) -> Option<String> {
    let mut pair = generate::pair(recipe);
    generate::liken(&mut pair, recipe);
    let bench = Bench::on(engine, &pair, recipe.seed);
    let mut plan = plan(recipe, &pair, &bench);
    plan.options[0] = "destination_rows = \"keep\"".into();
    bench.plan(&plan.text());
    plan.more.push_str(&updates(&comparison(&bench)));
    trouble(recipe, &pair, &bench, &plan, Way::Update)
}

/// The decisions with which rows that stay take the values of ours, wherever that may be.
pub fn updates(comparison: &serde_json::Value) -> String {
    let findings = comparison["findings"].as_array().expect("findings").iter();
    let may = |f: &&serde_json::Value| {
        f["kind"] == "existing-match"
            && f["decided"].is_null()
            // Where nothing is unique, a key has to be named.
            && f["recommended"] != "add"
            // Only a person can say whether rows with the same number are the same.
            && f["recommended"] != "stop"
            && crate::never_silent::choices(f).contains(&"update")
    };
    let decision = |f: &serde_json::Value| {
        format!(
            "\n[[decision]]\nkind = \"existing-match\"\nespace = {}\nentity = {}\n\
             choice = \"update\"\n",
            f["espace"], f["entity"]
        )
    };
    findings.filter(may).map(decision).collect()
}

/// Carries a plan out that treats the destination's rows of chosen entities in this way; what is
/// not right, or `None`.
fn trouble(
    recipe: &Recipe,
    pair: &Pair,
    bench: &Bench,
    plan: &Plan,
    chosen: Way,
) -> Option<String> {
    bench.plan(&plan.text());
    let before = bench.databases.made(Side::Destination);
    let foretold = comparison(bench);
    let is_keyed = pair.masked || pair.decided.masks_by_key();
    let said = if is_keyed { run_with(bench, MASK_KEY) } else { bench.run() };
    let mut troubles = Vec::new();
    if said.panicked() {
        troubles.push("the program panicked, or ended as it never may".into());
    }
    if !bench.source_unchanged() {
        troubles.push("the source changed".into());
    }
    let met = report(bench);
    if let Some(met) = &met {
        troubles.extend(not_foretold(&foretold, met));
    }
    match migrate_as(pair, chosen) {
        Verdict::Refused(why) => {
            if said.code != Some(2) {
                troubles.push(format!("exit code 2 was due, for {why:?}"));
            }
            if !bench.destination_unchanged() {
                troubles.push("the destination changed although it was refused".into());
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
            let after = bench.databases.read(Side::Destination);
            troubles.extend(judge(&before, &after, &expected, &pair.destination));
        }
    }
    if troubles.is_empty() {
        return None;
    }
    let kept = keep(bench, &[("foretold", Some(foretold)), ("met", met)]);
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

/// Leaves the files of the last failure where they can be looked at, with what the program said.
fn keep(bench: &Bench, said: &[(&str, Option<serde_json::Value>)]) -> PathBuf {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("failed-migration");
    let _ = std::fs::remove_dir_all(&place);
    let _ = std::fs::create_dir_all(&place);
    let files = std::fs::read_dir(bench.folder.path()).into_iter().flatten().flatten();
    for file in files.filter(|file| file.path().is_file()) {
        let _ = std::fs::copy(file.path(), place.join(file.file_name()));
    }
    for (name, said) in said {
        let _ =
            std::fs::write(place.join(format!("{name}.json")), serde_json::json!(said).to_string());
    }
    place
}

/// Fails with the smallest recipe that still does.
fn check(engine: &TestEngine, recipe: Recipe) {
    check_as(engine, recipe, failure);
}

#[expect(clippy::print_stderr, reason = "looking for a smaller one may be cut short")]
fn check_as(
    engine: &TestEngine,
    mut recipe: Recipe,
    failure: fn(&TestEngine, &Recipe) -> Option<String>,
) {
    // A stand-in counts characters where it cuts a text, and refuses it for its units afterwards.
    if let TestEngine::SqlServer(server, _) = engine
        && is_a_stand_in(server)
    {
        recipe.features.retain(|feature| *feature != Feature::TextsCut);
    }
    let Some(first) = failure(engine, &recipe) else { return };
    eprintln!("{first}");
    let patience = if engine.is_slow() { 12 } else { 60 };
    let (_, why) = recipe.shrink(first, |recipe| failure(engine, recipe), patience);
    panic!("{why}");
}

async fn random_pairs_migrate(engine: &TestEngine) {
    for seed in if engine.is_slow() { 4..6 } else { 0..6 } {
        check(engine, Recipe::random(seed));
    }
}

/// A random pair, the destination's rows of which all stay. Where one of an entity that is to be
/// replaced would lose what it refers to, the program has to refuse: that is most pairs with such
/// an entity, so they are few.
fn beside(seed: u64) -> Recipe {
    staying(Recipe::random(seed))
}

/// The same with some of the further features. Rows without an identifier are never like those that
/// were masked: that has a test of its own.
fn mixed_beside(seed: u64) -> Recipe {
    let mut recipe = staying(Recipe::mixed(seed));
    let masked = recipe.has(Feature::Masked);
    recipe.features.retain(|f| *f != Feature::NoIdentifier || !masked);
    recipe
}

fn staying(mut recipe: Recipe) -> Recipe {
    let seed = recipe.seed;
    recipe.features.retain(|f| *f != Feature::ProducerReplaced || seed.is_multiple_of(5));
    recipe
}

async fn random_pairs_are_masked_linked_and_spread_over_databases(engine: &TestEngine) {
    for seed in if engine.is_slow() { 701..702 } else { 701..704 } {
        check(engine, Recipe::mixed(seed));
        check_as(engine, mixed_beside(seed), failure_beside);
        check_as(engine, mixed_beside(seed), failure_into);
    }
}

async fn random_pairs_migrate_beside_rows_that_stay(engine: &TestEngine) {
    let (mut refused, mut carried) = (0, 0);
    for seed in if engine.is_slow() { 401..403 } else { 401..407 } {
        check_as(engine, beside(seed), failure_beside);
        let mut pair = generate::pair(&beside(seed));
        generate::liken(&mut pair, &beside(seed));
        match migrate_as(&pair, Way::Keep) {
            Verdict::Refused(_) => refused += 1,
            Verdict::Done(_) => carried += 1,
        }
    }
    assert!(carried > refused, "{refused} pairs are refused and only {carried} carried over");
}

async fn random_pairs_migrate_into_rows_that_stay(engine: &TestEngine) {
    for seed in if engine.is_slow() { 501..503 } else { 501..507 } {
        check_as(engine, beside(seed), failure_into);
    }
}

async fn a_pair_with_every_oddity_migrates(engine: &TestEngine) {
    check(engine, Recipe::full(1, if engine.is_slow() { 2 } else { 5 }));
}

/// Small pairs with rows of tenants that only the destination has.
fn check_rows_that_stay(engine: &TestEngine, own: &[Feature]) {
    use Feature::{ExistingRows, ExtraTenant, MultiTenant, SelfReference};
    for seed in if engine.is_slow() { 301..303 } else { 300..308 } {
        let around = [MultiTenant, ExtraTenant, ExistingRows, SelfReference];
        let features = around.iter().chain(own).copied().collect();
        check(engine, Recipe { seed, size: 4, features, flaw: None });
    }
}

async fn tenants_shown_as_attributes_are_mapped(engine: &TestEngine) {
    check_rows_that_stay(engine, &[Feature::VisibleTenant]);
}

async fn what_extends_rows_that_stay_stays(engine: &TestEngine) {
    check_rows_that_stay(engine, &[Feature::Extension, Feature::ExtensionStays]);
}

async fn what_must_be_refused_is_refused(engine: &TestEngine) {
    let flaws = if engine.is_slow() { &FLAWS[..2] } else { FLAWS };
    for (seed, flaw) in flaws.iter().enumerate() {
        check(engine, Recipe::flawed(200 + seed as u64, *flaw));
    }
}

async fn more_seeds_from_the_environment(engine: &TestEngine) {
    let Ok(wanted) = std::env::var("OSFERRY_TEST_SEEDS") else { return };
    let range = match wanted.split_once("..") {
        Some((low, high)) => low.parse().expect("a seed")..high.parse().expect("a seed"),
        None => 1000..1000 + wanted.parse::<u64>().expect("a number of seeds"),
    };
    for seed in range {
        check(
            engine,
            match seed % 8 {
                0 => Recipe::full(seed, 3 + (seed / 8 % 6) as usize),
                1 => Recipe::flawed(seed, FLAWS[(seed / 8) as usize % FLAWS.len()]),
                2..5 => Recipe::random(seed),
                _ => Recipe::mixed(seed),
            },
        );
        let recipe = if seed % 2 == 0 { beside(seed) } else { mixed_beside(seed) };
        check_as(engine, recipe.clone(), failure_beside);
        check_as(engine, recipe, failure_into);
    }
}

async fn a_dry_run_and_a_comparison_write_nothing(engine: &TestEngine) {
    let pair = generate::pair(&Recipe::random(3));
    let bench = Bench::on(engine, &pair, 3);
    bench.plan(&bench.usual_plan().text());
    let said = bench.osferry(&["run", "plan.toml", "--decide", "recommended", "--dry-run"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let compared = bench.osferry(&["compare", "plan.toml"]);
    assert!(matches!(compared.code, Some(0 | 1)), "{}", compared.all());
    let both = format!("{}\n{}", said.all(), compared.all());
    assert!(bench.source_unchanged() && bench.destination_unchanged(), "{both}");
}

async fn a_second_run_makes_the_same_again(engine: &TestEngine) {
    let size = if engine.is_slow() { 2 } else { 4 };
    let recipe = Recipe { seed: 7, size, features: FEATURES.to_vec(), flaw: None };
    let pair = generate::pair(&recipe);
    let bench = Bench::on(engine, &pair, 7);
    bench.plan(&plan(&recipe, &pair, &bench).text());
    let Verdict::Done(expected) = migrate(&pair) else { panic!("refused") };
    let count = |content: &Content| -> Vec<(String, usize)> {
        content.tables.iter().map(|(name, rows)| (name.clone(), rows.len())).collect()
    };
    let first = bench.run();
    assert_eq!(first.code, Some(0), "{}", first.all());
    let once = bench.databases.read(Side::Destination);
    let second = bench.run();
    assert_eq!(second.code, Some(0), "{}", second.all());
    let twice = bench.databases.read(Side::Destination);
    // Rows without a natural key would be there twice in a kept table; there are none here.
    assert_eq!(count(&once), count(&twice), "{} tables", expected.len());
}

/// The wire breaks several times, at whatever the run is doing just then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_migrates_over_a_wire_that_breaks() {
    let Some(engine) = TestEngine::sqlserver(module_path!()) else { return };
    let TestEngine::SqlServer(server, _) = &engine else { return };
    let mut recipe = Recipe::full(22, 3);
    // What is larger than the distance between two breaks can never pass.
    recipe.features.retain(|f| ![Feature::BigValues, Feature::NarrowerExceeding].contains(f));
    let pair = generate::pair(&recipe);
    let bench = Bench::on(&engine, &pair, recipe.seed);
    let wire = Wire::to(server, Some(300_000), recipe.seed).await;
    let by_wire = |side| bench.databases.endpoint_by(side, wire.address());
    let mut plan = Plan {
        source: by_wire(Side::Source),
        destination: by_wire(Side::Destination),
        ..plan(&recipe, &pair, &bench)
    };
    // One instant ends with its connection.
    plan.options.push("source_reading = \"high-water\"".into());
    let trouble = trouble(&recipe, &pair, &bench, &plan, Way::Replace);
    let breaks = wire.breaks();
    assert!(trouble.is_none(), "after {breaks} breaks: {}", trouble.unwrap_or_default());
    assert!(breaks > 3, "only {breaks} breaks");
}

#[test]
fn every_oddity_alone_and_none_migrates() {
    let engine = TestEngine::sqlite();
    check(&engine, Recipe { seed: 2, size: 3, features: Vec::new(), flaw: None });
    for (seed, feature) in FEATURES.iter().enumerate() {
        let size = if *feature == Feature::NarrowerExceeding { 1 } else { 3 };
        let features = vec![*feature];
        check(&engine, Recipe { seed: 50 + seed as u64, size, features, flaw: None });
    }
}

/// Each in one of the three ways; the mixed pairs have them in all of them.
#[test]
fn every_decision_alone_is_carried_out() {
    use Feature::{ExistingRows, ExtraTenant, MissingUsers, MultiTenant, Orphans, ProducerKept};
    let engine = TestEngine::sqlite();
    let around = [ExistingRows, ExtraTenant, MissingUsers, MultiTenant, Orphans, ProducerKept];
    for (seed, feature) in DECIDED.iter().enumerate() {
        let features = around.iter().chain([feature]).copied().collect();
        let recipe = Recipe { seed: 800 + seed as u64, size: 3, features, flaw: None };
        check_as(&engine, recipe, [failure, failure_beside, failure_into][seed % 3]);
    }
}

/// A tenant has another name in the destination. Where a person says which it is, everything goes
/// as if it had the same.
async fn a_tenant_that_is_mapped_takes_its_rows_and_users_along(engine: &TestEngine) {
    use Feature as F;
    let features = vec![
        F::MultiTenant,
        F::ExtraTenant,
        F::ExistingRows,
        F::MissingUsers,
        F::UserExtension,
        F::Groups,
    ];
    let seeds = if engine.is_slow() { 1 } else { 6 };
    for seed in 0..seeds {
        let recipe = Recipe { seed, size: 4, features: features.clone(), flaw: None };
        let pair = generate::pair(&recipe);
        let mut renamed = pair.clone();
        let tenants = &mut renamed.destination.tenants;
        let tenant = tenants.iter_mut().find(|tenant| tenant.name == "Acme").expect("a tenant");
        tenant.name = "Elsewhere".to_owned();
        let to =
            if seed % 2 == 0 { "Elsewhere of Users".to_owned() } else { tenant.id.to_string() };
        let provider = tenant.espace.clone();
        let bench = Bench::on(engine, &renamed, seed);
        let mut plan = plan(&recipe, &pair, &bench);
        plan.more = format!(
            "\n[[decision]]\nkind = \"tenant-missing\"\ntenant = \"Acme\"\nespace = \"{provider}\"\n\
             choice = \"map\"\nto = \"{to}\"\n"
        );
        let trouble = trouble(&recipe, &pair, &bench, &plan, Way::Replace);
        assert!(trouble.is_none(), "{}", trouble.unwrap_or_default());
    }
}
