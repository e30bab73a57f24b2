//! The real program, killed again and again at whatever it is doing, and started again until it
//! comes to its end.
//!
//! `OSFERRY_TEST_KILLS=200` kills so often; so does `cargo test -- --ignored`.

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::Duration;

use osferry::outsystems::Side;

use super::case::Case;
use super::wanted;
use crate::estate::chance::Chance;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(killed_a_few_times_it_comes_to_its_end);

/// After so many kills a migration may go on in peace.
const AT_MOST: usize = 25;
/// The longest time from a start to a kill, in milliseconds.
const LONGEST: usize = 500;

async fn killed_a_few_times_it_comes_to_its_end(engine: &TestEngine) {
    let usual = if engine.is_slow() { 4 } else { 12 };
    kill(engine, wanted("OSFERRY_TEST_KILLS", usual), migrate);
}

#[test]
#[ignore = "takes minutes"]
fn killed_two_hundred_times_on_files() {
    kill(&TestEngine::sqlite(), wanted("OSFERRY_TEST_KILLS", 200), migrate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn killed_fifty_times_on_a_server() {
    let Some(engine) = TestEngine::sqlserver(module_path!()) else { return };
    kill(&engine, wanted("OSFERRY_TEST_KILLS", 50), migrate);
}

/// What is killed at most so often with a pair: how often it was, and what is wrong afterwards.
pub type Killed = fn(&TestEngine, &Case, usize) -> (usize, Vec<String>);

/// Does it with pair after pair until the program was killed so often.
pub fn kill(engine: &TestEngine, often: usize, one: Killed) {
    let mut killed = 0;
    for seed in 0.. {
        if killed >= often {
            return;
        }
        let mut recipe = Recipe::full(seed, if engine.is_slow() { 1 } else { 3 });
        let large = [Feature::NarrowerExceeding, Feature::BigValues];
        recipe.features.retain(|feature| !large.contains(feature));
        let Some(case) = Case::of(&recipe) else { continue };
        let by = (often - killed).min(AT_MOST);
        let (kills, troubles) = one(engine, &case, by);
        assert!(troubles.is_empty(), "{recipe:?}, killed {kills} times\n{}", troubles.join("\n"));
        killed += kills;
        assert!(seed < 1_000, "of {seed} pairs none takes long enough to be killed");
    }
}

/// Migrates a pair, killed at most so often; how often it was, and what is wrong afterwards.
pub fn migrate(engine: &TestEngine, case: &Case, at_most: usize) -> (usize, Vec<String>) {
    let bench = Bench::on(engine, &case.pair, case.recipe.seed);
    let mut plan = bench.usual_plan();
    plan.options.push("batch_rows = 5".to_owned());
    plan.options.push(format!("identity_ranges = {}", case.recipe.seed % 2 == 1));
    plan.more.push_str(&case.decided);
    bench.plan(&plan.text());
    let before = bench.databases.made(Side::Destination);
    let mut chance = Chance::new(case.recipe.seed).fork("kills");
    let (mut kills, mut story) = (0, Vec::new());
    for start in 0.. {
        let (what, arguments) = next(&bench);
        let patience =
            (kills < at_most).then(|| Duration::from_millis(5 + chance.below(LONGEST - 5) as u64));
        let said = patient(&bench, &arguments, patience);
        story.push(format!("{what}: {said:?}"));
        match said {
            None => kills += 1,
            Some((Some(0), _)) => break,
            // The lock of a killed run may be there until the server has noticed.
            Some((Some(2), said)) if said.contains("another run is writing") => {
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
    let mut troubles = case.troubles(&before, &bench.databases.read(Side::Destination));
    if !bench.source_unchanged() {
        troubles.push("the source changed".to_owned());
    }
    if !troubles.is_empty() {
        troubles.extend(story);
    }
    (kills, troubles)
}

/// What has to be done next: a run, its going on, or its proof alone.
pub fn next(bench: &Bench) -> (String, Vec<String>) {
    let said = bench.osferry(&["runs", "--json"]);
    let runs: serde_json::Value =
        serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.all()));
    let text = |run: &serde_json::Value, key: &str| run[key].as_str().expect(key).to_owned();
    let arguments = match runs.as_array().and_then(|runs| runs.last()) {
        None => {
            let name = bench.databases.name(Side::Destination);
            ["run", "plan.toml", "--confirm", &name, "--decide", "recommended"]
                .map(str::to_owned)
                .to_vec()
        }
        Some(run) => {
            let command = match text(run, "state").as_str() {
                "running" | "stopped" | "failed" => "resume",
                _ => "verify",
            };
            vec![command.to_owned(), text(run, "id")]
        }
    };
    (arguments.join(" "), arguments)
}

/// Runs the program, at most so long; `None` when it had to be killed.
pub fn patient(
    bench: &Bench,
    arguments: &[String],
    patience: Option<Duration>,
) -> Option<(Option<i32>, String)> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = bench.folder.path().join("said.txt");
    let file = File::create(&said).expect("a file");
    let mut program = bench
        .command(&arguments)
        .stdin(Stdio::null())
        .stdout(file.try_clone().expect("a file"))
        .stderr(file)
        .spawn()
        .expect("the program starts");
    let code = ended_within(&mut program, patience);
    program.kill().expect("it can be killed");
    program.wait().expect("it is gone");
    Some((code?, std::fs::read_to_string(&said).expect("what it said")))
}

/// The exit code of a program that ends within this time.
fn ended_within(program: &mut Child, patience: Option<Duration>) -> Option<Option<i32>> {
    let Some(patience) = patience else {
        return Some(program.wait().expect("it ends").code());
    };
    std::thread::sleep(patience);
    program.try_wait().expect("its state").map(|status| status.code())
}
