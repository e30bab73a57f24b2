//! Random pairs: what was carried over right is proved, and any cell changed afterwards is found.

use rusqlite::types::Value;

use super::bench::{Bench, plan_file, side, wrong};
use crate::estate::generate;
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::Recipe;
use crate::estate::sqlite_file;
use crate::program::Plan;
use osferry::migrate::journal::BatchKind;
use osferry::plan::ExistingPlan;

/// Migrates the pair of a recipe; `None` when it is to be refused.
async fn bench(recipe: &Recipe, batch_rows: usize) -> Option<Bench> {
    let pair = generate::pair(recipe);
    if matches!(migrate(&pair), Verdict::Refused(_)) {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    sqlite_file::write(&side(folder.path(), "prod"), &pair.source, recipe.seed);
    sqlite_file::write(&side(folder.path(), "dev"), &pair.destination, recipe.seed + 1);
    let mut plan = Plan::new();
    plan.options.push(format!("batch_rows = {batch_rows}"));
    Some(Bench::migrate(folder, plan_file(&plan.text())).await)
}

/// `OSFERRY_TEST_SEEDS=700..900` proves these; without it, a few.
fn seeds() -> std::ops::Range<u64> {
    let wanted = std::env::var("OSFERRY_TEST_SEEDS").unwrap_or_else(|_| "0..6".to_owned());
    match wanted.split_once("..") {
        Some((low, high)) => low.parse().expect("a seed")..high.parse().expect("a seed"),
        None => 0..wanted.parse().expect("a number of seeds"),
    }
}

#[tokio::test]
async fn random_pairs_are_proved() {
    let mut migrated = 0;
    for seed in seeds() {
        println!("seed {seed}");
        let recipe = if seed % 3 == 0 { Recipe::full(seed, 4) } else { Recipe::random(seed) };
        let Some(bench) = bench(&recipe, [3, 40, 2000][seed as usize % 3]).await else { continue };
        let proof = bench.prove(None).await;
        assert!(proof.holds(), "{recipe:?}\n{}", wrong(&proof));
        for entity in &proof.entities {
            assert_eq!(entity.found, entity.written, "{}", entity.name);
            assert_eq!(entity.compared, entity.written, "{}", entity.name);
            assert_eq!((entity.changed_since, entity.appeared_since), (0, 0), "{}", entity.name);
        }
        let sampled = bench.prove(Some(5)).await;
        assert!(sampled.holds(), "{recipe:?}\n{}", wrong(&sampled));
        migrated += 1;
    }
    assert!(migrated > 2, "nearly every pair was to be refused");
}

/// Another value of the same kind.
fn other(value: &Value) -> Value {
    match value {
        Value::Null => Value::Integer(987_654),
        Value::Integer(number) => Value::Integer(number ^ 1),
        Value::Real(number) => Value::Real(number + 1.0),
        Value::Text(text) => {
            // The last sign, so that numbers stay numbers and dates stay dates.
            let mut signs: Vec<char> = text.chars().collect();
            match signs.pop() {
                Some('1') => signs.push('2'),
                Some(digit) if digit.is_ascii_digit() => signs.push('1'),
                Some('x') => signs.push('y'),
                _ => signs.push('x'),
            }
            Value::Text(signs.into_iter().collect())
        }
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            match bytes.last_mut() {
                Some(last) => *last ^= 1,
                None => bytes.push(1),
            }
            Value::Blob(bytes)
        }
    }
}

#[tokio::test]
async fn any_changed_cell_is_found_and_named() {
    let several = std::env::var_os("OSFERRY_TEST_SEEDS").is_some();
    let mut migrated = 0;
    for seed in if several { seeds() } else { 3..4 } {
        if let Some(bench) = bench(&Recipe::full(seed, 4), 7).await {
            let cells = change_cells(&bench).await;
            assert!(cells > 40, "seed {seed}: only {cells} cells could be changed");
            migrated += 1;
        }
    }
    assert!(migrated > 0, "every pair was to be refused");
}

/// Changes one cell of ours in every column, one after the other; returns how many.
async fn change_cells(bench: &Bench) -> usize {
    let mut cases = 0;
    for (place, entity) in bench.plan.entities.iter().enumerate() {
        let batches = bench.journal.lock().expect("a journal").batches(place).expect("batches");
        let inserted: Vec<_> =
            batches.into_iter().filter(|batch| batch.kind == BatchKind::Insert).collect();
        let Some(batch) = inserted.get(inserted.len() / 2) else { continue };
        let key = entity.destination_key();
        for column in &entity.columns {
            if key.is_some_and(|key| key.name == column.destination.name) {
                continue;
            }
            let (name, table) = (&column.destination.name, &entity.destination_table.name);
            let row = match (key, batch.destination_keys.get(0)) {
                (Some(key), osferry::database::Value::Integer(id)) => {
                    format!("\"{}\" = {id}", key.name)
                }
                (Some(key), osferry::database::Value::Text(id)) => {
                    let id = String::from_utf8(id).expect("a text").replace('\'', "''");
                    format!("\"{}\" = '{id}'", key.name)
                }
                // Only where all rows of the table are ours is a changed one ours.
                _ => format!("rowid = (SELECT MAX(rowid) FROM \"{table}\")"),
            };
            let connection = bench.open("dev");
            // Triggers and guards of the estate are not what is tested.
            let sql = format!("SELECT \"{name}\" FROM \"{table}\" WHERE {row}");
            let value: Value = connection.query_row(&sql, [], |row| row.get(0)).expect(&sql);
            drop(connection);
            let sql = format!("UPDATE \"{table}\" SET \"{name}\" = ?1 WHERE {row}");
            let changed = other(&value);
            let done = bench.quietly("dev", |connection| connection.execute(&sql, [&changed]));
            if done.is_err() {
                // A unique index of the table refuses this one.
                continue;
            }
            let mut what = format!("{}.{} from {value:?}", entity.name, column.attribute);
            what = what.chars().take(200).collect();
            let proof = match bench.try_prove(None).await {
                Ok(proof) => proof,
                // The column cannot hold this at all.
                Err(_) if matches!(value, Value::Null) => {
                    bench.restore();
                    continue;
                }
                Err(fault) => panic!("{what}: {fault}"),
            };
            assert!(!proof.holds(), "{what} is not found");
            let found = super::bench::of(&proof, &entity.name);
            assert_eq!(proof.differences(), 1, "{what}\n{}", wrong(&proof));
            assert_eq!(found.shown[0].attribute, column.attribute, "{what}\n{}", wrong(&proof));
            if key.is_some() {
                let id = osferry::database::Value::to_string(&batch.source_keys.get(0));
                assert_eq!(found.shown[0].source.to_lowercase(), id.to_lowercase(), "{what}");
            }
            cases += 1;
            bench.restore();
        }
    }
    cases
}

#[tokio::test]
async fn recognised_rows_are_still_there_and_still_the_same() {
    let bench = bench(&Recipe::full(3, 4), 7).await.expect("a pair to migrate");
    let mut cases = 0;
    for (place, entity) in bench.plan.entities.iter().enumerate() {
        let ExistingPlan::Recognise { key: parts, .. } = &entity.existing else { continue };
        let batches = bench.journal.lock().expect("a journal").batches(place).expect("batches");
        let Some(batch) = batches.iter().find(|batch| batch.kind == BatchKind::Recognise) else {
            continue;
        };
        let (source, id) = (batch.source_keys.get(0), batch.destination_keys.get(0));
        let (table, key) = (bench.table(&entity.name), bench.key(&entity.name));
        let column = &entity.columns[parts[0]];
        let own = &column.destination.name;
        let theirs = &column.source.name;
        let source_table = bench.source_table(&entity.name);
        let source_key = &entity.key_column().expect("an identifier").name;
        assert_eq!(super::bench::of(&bench.prove(None).await, &entity.name).recognised, batch.rows);

        bench.harm("dev", &[format!("DELETE FROM {table} WHERE {key} = {id}")]);
        let proof = bench.prove(None).await;
        let found = super::bench::of(&proof, &entity.name);
        assert_eq!(found.shown[0].what, "the row is missing", "{}", wrong(&proof));
        assert_eq!(found.shown[0].source, source.to_string());
        bench.restore();

        let rename = format!("UPDATE {table} SET {own} = {own} || 'x' WHERE {key} = {id}");
        bench.harm("dev", &[&rename]);
        let proof = bench.prove(None).await;
        let found = super::bench::of(&proof, &entity.name);
        assert_eq!(found.differences, 1, "{}", wrong(&proof));
        assert_eq!(found.shown[0].attribute, column.attribute);
        bench.restore();

        // Another way to write it is the same name; and what the source calls it now is its own.
        let louder = format!("UPDATE {table} SET {own} = upper({own}) WHERE {key} = {id}");
        let renamed = format!(
            "UPDATE {source_table} SET {theirs} = {theirs} || 'x' WHERE {source_key} = {source}"
        );
        bench.harm("dev", &[louder]);
        assert!(bench.prove(None).await.holds());
        bench.harm("prod", &[renamed]);
        let proof = bench.prove(None).await;
        assert!(proof.holds(), "{}", wrong(&proof));
        assert_eq!(super::bench::of(&proof, &entity.name).changed_since, 1);
        bench.restore();
        cases += 1;
    }
    assert!(cases > 0, "nothing was recognised");
}
