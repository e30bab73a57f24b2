//! Rows that may not be given their own ids come back by the script that an undo leaves.

use std::path::Path;
use std::sync::Arc;

use osferry::database::{EngineKind, open_destination, open_source};
use osferry::migrate::undo::{Leave, PutBackScript, UndoEnd, UndoResult, undo};
use osferry::migrate::{RunEnd, run};
use osferry::outsystems::Side;
use osferry::plan::PlanFile;

use super::super::over_memory::small;
use super::super::trial::folder;
use super::super::wanted;
use super::differences;
use crate::databases::Databases;
use crate::estate::generate;
use crate::estate::model::{Cell, Environment, Kind};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Plan;
use crate::support::engine::TestEngine;
use crate::support::library::planned_if_possible;
use crate::support::restricted::Restricted;

crate::on_both_engines!(what_may_not_come_back_comes_back_by_the_script);

/// Texts that a script may stumble over.
const NASTY: &[&str] = &[
    "it's ''quoted''",
    "a\r\nGO\r\nb",
    "\nGO\n",
    "$(PATH)",
    "x'; DROP TABLE t; --",
    "/* not a comment",
    "\\",
    "漢字 é 🚚 ß",
    "a\tb\u{2028}c\u{7f}",
    "<000A> as it is",
    "N'[x]' \"y\"",
];

/// Puts such texts, long ones and long binaries into the rows of a destination.
fn make_nasty(environment: &mut Environment) {
    let mut next = 0;
    for entity in environment.entities.iter_mut().filter(|e| e.active && !e.is_static) {
        let tag = entity.tag().map(|tag| tag.key.clone());
        let is_free = |key: &String| {
            Some(key) != tag.as_ref()
                && Some(key) != entity.identifier.as_ref()
                && !entity.uniques.iter().any(|unique| unique.attributes.contains(key))
        };
        let free = entity.attributes.iter().filter(|attribute| is_free(&attribute.key));
        let kinds: Vec<(String, Kind)> =
            free.map(|attribute| (attribute.key.clone(), attribute.kind.clone())).collect();
        for row in &mut entity.rows {
            for (key, kind) in &kinds {
                next += 1;
                match (kind, row.cells.get_mut(key)) {
                    (Kind::Text(longest), Some(cell)) => {
                        let mut text = NASTY[next % NASTY.len()].to_owned();
                        if *longest > 2_000 && next % 3 == 0 {
                            text = text.repeat(9_000 / text.chars().count());
                        }
                        if text.encode_utf16().count() <= usize::from(*longest) || *longest > 2_000
                        {
                            *cell = Cell::Text(text);
                        }
                    }
                    (Kind::Binary, Some(cell)) if next % 2 == 0 => {
                        let byte = |place: usize| (place * 7 + next) as u8;
                        *cell = Cell::Bytes((0..9_001).map(byte).collect());
                    }
                    _ => {}
                }
            }
        }
    }
}

fn shortened(lines: &[String]) -> String {
    lines.iter().map(|line| line.chars().take(400).collect::<String>() + "\n").collect()
}

/// A pair that can be migrated, its destination's rows full of traps.
fn trapped(recipe: &Recipe) -> Option<crate::estate::model::Pair> {
    let mut pair = generate::pair(recipe);
    if matches!(migrate(&pair), Verdict::Refused(_)) {
        return None;
    }
    make_nasty(&mut pair.destination);
    Some(pair)
}

/// Migrates and undoes without the right to give ids.
async fn taken_back(databases: &Databases, run_folder: &Path, seed: u64) -> Option<UndoResult> {
    let source = || async { open_source(&databases.spec(Side::Source)).await.expect("a source") };
    let destination = || async {
        let inner = open_destination(&databases.spec(Side::Destination)).await;
        Arc::new(Restricted::without_alter(inner.expect("a destination")))
    };
    let mut plan = Plan::new();
    let is_file = matches!(databases, Databases::Files(_));
    let batch = if is_file { [7, 1, 40][seed as usize % 3] } else { 40 };
    plan.options.push(format!("batch_rows = {batch}"));
    let file = PlanFile::parse(&plan.text(), "script").expect("a plan");
    let (from, to) = (source().await, destination().await);
    let planned = planned_if_possible(from.as_ref(), to.as_ref(), file).await.ok()?;
    let ended = run(planned.request(run_folder, Arc::from(source().await), destination().await));
    let ended = ended.await.expect("it begins");
    assert!(matches!(ended, RunEnd::Written), "{ended:?}");
    let none = Leave::default();
    let request =
        planned.undo_request(run_folder, Arc::from(source().await), destination().await, none);
    match undo(request).await.expect("it begins") {
        UndoEnd::Undone(result) => Some(result),
        other => panic!("{other:?}"),
    }
}

async fn what_may_not_come_back_comes_back_by_the_script(engine: &TestEngine) {
    let (seeds, wanted_scripts) = if engine.is_slow() { (3, 1) } else { (12, 5) };
    let mut scripts = 0;
    let mut rows = 0;
    for seed in 0..wanted("OSFERRY_TEST_UNDOS", seeds) as u64 {
        let mut recipe = small(seed);
        if engine.is_slow() {
            recipe.size = 1;
        }
        let wanted = [
            Feature::ExistingRows,
            Feature::TwoCycle,
            Feature::SelfReference,
            Feature::NoIdentifier,
        ];
        for feature in wanted {
            if !recipe.has(feature) {
                recipe.features.push(feature);
            }
        }
        let Some(pair) = trapped(&recipe) else { continue };
        let folder = folder();
        let databases = match engine {
            TestEngine::Sqlite(_) => Databases::in_folder(folder.path(), &pair, seed),
            TestEngine::SqlServer(server, _) => Databases::on_server(server, &pair, seed),
        };
        let before = databases.made(Side::Destination);
        let run_folder = folder.path().join("run");
        let Some(result) = taken_back(&databases, &run_folder, seed).await else { continue };
        let path = PutBackScript::file(&run_folder);
        let Some(said) = result.script else {
            assert!(!path.exists(), "{recipe:?}: a script that nobody speaks of");
            continue;
        };
        let undone = databases.read(Side::Destination);
        assert!(!differences(&before, &undone).is_empty(), "{recipe:?}: nothing was missing");
        let script = std::fs::read_to_string(&path).expect("a script");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "others can read it");
        }
        let scripted: u64 = result.tables.iter().map(|table| table.scripted).sum();
        assert_eq!(scripted, said.rows, "{result:?}");
        for often in ["once", "twice"] {
            databases.carry_out(Side::Destination, &script);
            let wrong = differences(&before, &databases.read(Side::Destination));
            assert!(wrong.is_empty(), "{recipe:?}, {often}:\n{}", shortened(&wrong));
        }
        if engine.kind() == EngineKind::SqlServer {
            let lines = script.lines().filter(|line| line.trim() == "GO").count();
            assert!(lines > 5, "{lines} batches");
        }
        scripts += 1;
        rows += said.rows;
        if engine.is_slow() {
            break;
        }
    }
    assert!(scripts >= wanted_scripts && rows > 0, "{scripts} scripts with {rows} rows");
}
