//! The real program, killed again and again while it undoes, and started again until it has.
//!
//! `OSFERRY_TEST_KILLS=200` kills so often; so does `cargo test -- --ignored`.

use std::time::Duration;

use osferry::outsystems::Side;

use super::super::case::Case;
use super::super::kills::{kill, patient};
use super::super::wanted;
use super::differences;
use crate::estate::chance::Chance;
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(killed_a_few_times_everything_is_undone);

async fn killed_a_few_times_everything_is_undone(engine: &TestEngine) {
    let usual = if engine.is_slow() { 2 } else { 5 };
    kill(engine, wanted("OSFERRY_TEST_KILLS", usual), undo);
}

#[test]
#[ignore = "takes minutes"]
fn undo_killed_two_hundred_times_on_files() {
    kill(&TestEngine::sqlite(), wanted("OSFERRY_TEST_KILLS", 200), undo);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn undo_killed_fifty_times_on_a_server() {
    let Some(engine) = TestEngine::sqlserver(module_path!()) else { return };
    kill(&engine, wanted("OSFERRY_TEST_KILLS", 50), undo);
}

/// Migrates a pair in peace and undoes that, killed at most so often; how often it was, and what
/// is wrong afterwards.
pub fn undo(engine: &TestEngine, case: &Case, at_most: usize) -> (usize, Vec<String>) {
    let bench = Bench::on(engine, &case.pair, case.recipe.seed);
    let mut plan = bench.usual_plan();
    plan.options.push("batch_rows = 5".to_owned());
    plan.more.push_str(&case.decided);
    bench.plan(&plan.text());
    let before = bench.databases.made(Side::Destination);
    let said = bench.run();
    assert!(matches!(said.code, Some(0 | 1)), "{}", said.all());
    let runs: serde_json::Value =
        serde_json::from_str(&bench.osferry(&["runs", "--json"]).out).expect("JSON");
    let run = runs[0]["id"].as_str().expect("an id").to_owned();
    let name = bench.databases.name(Side::Destination);
    let arguments = ["undo", &run, "--confirm", &name].map(str::to_owned).to_vec();
    let mut chance = Chance::new(case.recipe.seed).fork("undo kills");
    let (mut kills, mut story, mut longest) = (0, Vec::new(), 300);
    for start in 0.. {
        let patience =
            (kills < at_most).then(|| Duration::from_millis(5 + chance.below(longest) as u64));
        match patient(&bench, &arguments, patience) {
            None => {
                kills += 1;
                // Time enough for at least some of it, sooner or later.
                longest += 20;
                story.push("killed".to_owned());
            }
            Some((Some(0), _)) => break,
            // It was killed when everything was done and said.
            Some((Some(2), said)) if said.contains("undone already") => break,
            // The lock of a killed run may be there until the server has noticed.
            Some((Some(2), said)) if said.contains("is writing") => {
                std::thread::sleep(Duration::from_millis(300));
            }
            Some((code, said)) => {
                story.push(format!("exit code {code:?}\n{said}"));
                return (kills, story);
            }
        }
        if start > at_most + 200 {
            story.push("it does not come to its end".to_owned());
            return (kills, story);
        }
    }
    let mut troubles = differences(&before, &bench.databases.read(Side::Destination));
    if !troubles.is_empty() {
        troubles.extend(story);
    }
    (kills, troubles)
}
