//! Generator, oracle and judge against each other.

use std::path::Path;

use rusqlite::Connection;

use super::chance::Chance;
use super::content::{Content, read};
use super::judge::judge;
use super::model::{Pair, SERVICE_CENTER};
use super::oracle::{ExpectedTable, Verdict, migrate, write};
use super::recipe::{FEATURES, FLAWS, Feature, Recipe};
use super::{generate, sqlite_file};

fn expected(pair: &Pair, recipe: &Recipe) -> std::collections::BTreeMap<String, ExpectedTable> {
    match migrate(pair) {
        Verdict::Done(tables) => tables,
        Verdict::Refused(why) => panic!("{recipe:?} is refused: {why:#?}"),
    }
}

/// Carries the oracle's verdict out; returns what was there before.
fn carried_out(path: &Path, pair: &Pair, recipe: &Recipe) -> Content {
    sqlite_file::write(path, &pair.destination, recipe.seed);
    let before = read(path);
    write(path, &expected(pair, recipe));
    before
}

#[test]
fn estates_can_be_written() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..8 {
        let pair = generate::pair(&Recipe::random(seed));
        assert_eq!(pair.source.espaces[0].name, SERVICE_CENTER);
        for (name, side) in [("prod", &pair.source), ("dev", &pair.destination)] {
            let path = folder.path().join(format!("{name}{seed}.sqlite"));
            sqlite_file::write(&path, side, seed);
            assert!(read(&path).tables.len() > 15);
        }
    }
}

#[test]
fn what_the_oracle_does_pleases_the_judge() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipes = (0..24).map(Recipe::random).chain((0..3).map(|s| Recipe::full(s, 6)));
    for (number, recipe) in recipes.enumerate() {
        let pair = generate::pair(&recipe);
        let path = folder.path().join(format!("{number}.sqlite"));
        let before = carried_out(&path, &pair, &recipe);
        let troubles = judge(&before, &read(&path), &expected(&pair, &recipe), &pair.destination);
        assert!(troubles.is_empty(), "{recipe:?}\n{}", troubles.join("\n"));
    }
}

#[test]
fn the_judge_finds_every_changed_cell_and_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut chance = Chance::new(11);
    for seed in 0..4 {
        let mut recipe = Recipe::full(seed, 4);
        recipe.features.retain(|f| *f != Feature::NarrowerExceeding);
        let pair = generate::pair(&recipe);
        let path = folder.path().join(format!("{seed}.sqlite"));
        let before = carried_out(&path, &pair, &recipe);
        let expected = expected(&pair, &recipe);
        let good = read(&path);
        let tables: Vec<&String> =
            good.tables.iter().filter(|(_, rows)| !rows.is_empty()).map(|(name, _)| name).collect();
        for _ in 0..40 {
            let table = *chance.pick(&tables);
            let mut bad = good.clone();
            let rows = bad.tables.get_mut(table).expect("there");
            let at = chance.below(rows.len());
            let what = match chance.below(3) {
                0 => {
                    rows.remove(at);
                    "a row is gone".to_owned()
                }
                1 => {
                    let twin = rows[at].clone();
                    rows.push(twin);
                    "a row is there twice".to_owned()
                }
                _ => {
                    let columns: Vec<String> = rows[at].keys().cloned().collect();
                    let column = chance.pick(&columns).clone();
                    let unspecified = ["PASSWORD", "EMAIL", "MOBILEPHONE", "EXTERNAL_ID", "ID"];
                    let dates = ["CREATION_DATE", "LAST_LOGIN", "CREATED", "CREATED_BY"];
                    if unspecified.contains(&column.as_str()) || dates.contains(&column.as_str()) {
                        continue;
                    }
                    let cell = super::model::Cell::text("changed by the test");
                    rows[at].insert(column.clone(), cell);
                    format!("{column} is changed")
                }
            };
            let troubles = judge(&before, &bad, &expected, &pair.destination);
            assert!(!troubles.is_empty(), "seed {seed}, {table} row {at}: {what}, unseen");
        }
    }
}

#[test]
fn an_untouched_destination_does_not_please_the_judge() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = Recipe::random(5);
    let pair = generate::pair(&recipe);
    let path = folder.path().join("dev.sqlite");
    sqlite_file::write(&path, &pair.destination, 1);
    let before = read(&path);
    let troubles = judge(&before, &before, &expected(&pair, &recipe), &pair.destination);
    assert!(troubles.iter().any(|t| t.contains("THING0")), "{troubles:?}");
}

#[test]
fn a_swapped_reference_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = Recipe::full(2, 6);
    let pair = generate::pair(&recipe);
    let path = folder.path().join("dev.sqlite");
    let before = carried_out(&path, &pair, &recipe);
    let table = &pair.destination.named("Thing0").expect("there").table;
    let connection = Connection::open(&path).expect("the file");
    connection.pragma_update(None, "foreign_keys", false).expect("off");
    let changed = connection
        .execute(&format!("UPDATE \"{table}\" SET STATUSID = STATUSID + 1"), [])
        .expect("an update");
    assert!(changed > 0);
    let troubles = judge(&before, &read(&path), &expected(&pair, &recipe), &pair.destination);
    assert!(troubles.iter().any(|t| t.contains("STATUSID")), "{troubles:?}");
}

#[test]
fn flaws_are_refused_and_nothing_else_is() {
    for seed in 0..12 {
        let recipe = Recipe::random(seed);
        expected(&generate::pair(&recipe), &recipe);
    }
    for flaw in FLAWS {
        let mut shown = 0;
        for seed in 0..5 {
            let recipe = Recipe::flawed(seed, *flaw);
            let pair = generate::pair(&recipe);
            if pair.refused.is_none() {
                continue;
            }
            shown += 1;
            let verdict = migrate(&pair);
            assert!(matches!(verdict, Verdict::Refused(_)), "{recipe:?}");
        }
        assert!(shown > 1, "{flaw:?} is hardly ever shown");
    }
}

/// Pairs about which a person decides are for the most part carried over: a test that only ever sees
/// them refused would show nothing. What the oracle makes of them pleases the judge.
#[test]
fn what_is_decided_is_mostly_carried_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut refused, mut carried) = (Vec::new(), 0);
    for seed in 600..660 {
        let mut recipe = Recipe::mixed(seed);
        // One file holds one database.
        recipe.features.retain(|f| *f != Feature::Catalogs);
        let pair = generate::pair(&recipe);
        match migrate(&pair) {
            Verdict::Refused(why) => refused.push((seed, why)),
            Verdict::Done(_) if seed % 4 > 0 => carried += 1,
            Verdict::Done(tables) => {
                carried += 1;
                let path = folder.path().join(format!("{seed}.sqlite"));
                let before = carried_out(&path, &pair, &recipe);
                let troubles = judge(&before, &read(&path), &tables, &pair.destination);
                assert!(troubles.is_empty(), "{recipe:?}\n{}", troubles.join("\n"));
            }
        }
    }
    assert!(carried > 4 * refused.len(), "{carried} are carried over, and not {refused:#?}");
}

#[test]
fn one_seed_makes_one_estate() {
    let recipe = Recipe { seed: 3, size: 5, features: FEATURES.to_vec(), flaw: None };
    let (one, other) = (generate::pair(&recipe), generate::pair(&recipe));
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}
