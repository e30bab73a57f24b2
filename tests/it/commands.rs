//! The commands as a person uses them: what they print, what they keep, how they end.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use crate::estate::generate;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Plan, Said};

const RUN: &[&str] = &["run", "plan.toml", "--confirm", "dev", "--decide", "recommended"];

/// A small pair that migrates without anything left out.
fn bench() -> Bench {
    let features = vec![Feature::ExistingRows, Feature::Extension, Feature::MissingUsers];
    let pair = generate::pair(&Recipe { seed: 12, size: 3, features, flaw: None });
    let bench = Bench::new(&pair, 12);
    bench.plan(&Plan::new().text());
    bench
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()))
}

/// The id of the only run.
fn only_run(bench: &Bench) -> String {
    let runs = json(&bench.osferry(&["runs", "--json"]));
    let runs = runs.as_array().expect("an array");
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0]["id"].as_str().expect("an id").to_owned()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Changes the destination behind the program's back.
fn tamper(bench: &Bench, statement: &str) {
    let connection = Connection::open(bench.destination()).expect("the destination");
    connection.pragma_update(None, "foreign_keys", false).expect("off");
    assert!(connection.execute(statement, []).expect(statement) > 0, "{statement}: no row");
}

/// The table of an entity in the destination.
fn table_of(bench: &Bench, entity: &str) -> String {
    Connection::open(bench.destination())
        .and_then(|connection| {
            connection.query_row(
                "SELECT PHYSICAL_TABLE_NAME FROM OSSYS_ENTITY WHERE NAME = ? AND IS_ACTIVE = 1",
                [entity],
                |row| row.get(0),
            )
        })
        .expect("a table")
}

#[test]
fn a_run_is_listed_reported_and_verified() {
    let bench = bench();
    let said = bench.osferry(RUN);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.out.contains("Done and proved"), "{}", said.all());
    let id = only_run(&bench);
    let listed = json(&bench.osferry(&["runs", "--json"]));
    assert_eq!(listed[0]["name"], "estate");
    assert_eq!(listed[0]["state"], "proved");
    assert!(listed[0]["rows"].as_u64().is_some_and(|rows| rows > 0), "{listed}");
    for word in [&id, "estate", "done and proved"] {
        assert!(bench.osferry(&["runs"]).out.contains(word), "{word} is not listed");
    }
    let folder = bench.folder.path().join("home/runs").join(&id);
    for file in ["journal.sqlite", "report.md", "report.json"] {
        assert!(folder.join(file).is_file(), "{file} is missing");
    }
    for run in [id.as_str(), "estate"] {
        let said = bench.osferry(&["verify", run]);
        assert_eq!(said.code, Some(0), "{}", said.all());
    }
    let said = bench.osferry(&["verify", &id, "--sample", "1", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(json(&said)["sample"], 1);
}

#[test]
fn verify_finds_what_was_changed_since() {
    let bench = bench();
    assert_eq!(bench.osferry(RUN).code, Some(0));
    let id = only_run(&bench);
    let table = table_of(&bench, "Thing0");
    tamper(
        &bench,
        &format!(
            "UPDATE \"{table}\" SET TAG = TAG || '!' \
             WHERE rowid = (SELECT max(rowid) FROM \"{table}\")"
        ),
    );
    let said = bench.osferry(&["verify", &id]);
    assert_eq!(said.code, Some(4), "{}", said.all());
    assert!(said.out.contains("Thing0"), "{}", said.all());
    let listed = json(&bench.osferry(&["runs", "--json"]));
    assert_eq!(listed[0]["state"], "disproved");
}

#[test]
fn verify_writes_to_neither_database() {
    let bench = bench();
    assert_eq!(bench.osferry(RUN).code, Some(0));
    let id = only_run(&bench);
    let after = std::fs::read(bench.destination()).expect("the destination");
    assert_eq!(bench.osferry(&["verify", &id]).code, Some(0));
    assert!(bench.source_unchanged());
    assert!(std::fs::read(bench.destination()).is_ok_and(|bytes| bytes == after));
}

/// Rows of a table in the destination.
fn count(bench: &Bench, table: &str) -> u64 {
    let rows: i64 = Connection::open(bench.destination())
        .and_then(|connection| {
            connection.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0))
        })
        .expect("a count");
    rows.unsigned_abs()
}

#[test]
fn rows_that_are_kept_stay_and_ours_are_added() {
    let bench = bench();
    let mut plan = Plan::new();
    plan.options = vec!["destination_rows = \"keep\"".into()];
    bench.plan(&plan.text());
    let table = table_of(&bench, "Thing0");
    let before = count(&bench, &table);
    assert!(before > 0, "nothing to keep");
    let said = bench.osferry(&[RUN, &["--json"]].concat());
    assert_eq!(said.code, Some(0), "{}", said.all());
    let report = json(&said);
    assert_eq!(report["totals"]["deleted"], 0);
    let written = report["totals"]["written"].as_u64().expect("a number");
    assert!(written > 0);
    let ours = report["entities"]
        .as_array()
        .expect("entities")
        .iter()
        .find(|entity| entity["name"].as_str().is_some_and(|name| name.ends_with(".Thing0")))
        .and_then(|entity| entity["written"].as_u64())
        .expect("Thing0");
    assert_eq!(count(&bench, &table), before + ours);
}

#[test]
fn a_producer_that_kept_rows_point_to_is_not_replaced() {
    let features = vec![Feature::ExistingRows, Feature::ProducerReplaced];
    let pair = generate::pair(&Recipe { seed: 12, size: 4, features, flaw: None });
    let bench = Bench::new(&pair, 12);
    let mut plan = Plan::new();
    plan.options = vec!["destination_rows = \"keep\"".into()];
    bench.plan(&plan.text());
    let said = bench.osferry(RUN);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("producer-rows"), "{}", said.all());
    assert!(bench.destination_unchanged());
}

#[test]
fn a_row_that_the_server_refuses_is_a_reject() {
    let bench = bench();
    let table = table_of(&bench, "Thing0");
    Connection::open(bench.destination())
        .and_then(|connection| {
            connection.execute_batch(&format!(
                "CREATE TRIGGER refuses BEFORE INSERT ON \"{table}\" WHEN NEW.TAG LIKE 's-Thing0-1 %' \
                 BEGIN SELECT RAISE(ABORT, 'not this one'); END"
            ))
        })
        .expect("a trigger");
    let said = bench.osferry(&[RUN, &["--json"]].concat());
    assert_eq!(said.code, Some(1), "{}", said.all());
    let report = json(&said);
    assert_eq!(report["verdict"], "proved-with-rejects");
    let entities = report["entities"].as_array().expect("entities");
    let thing = entities
        .iter()
        .find(|entity| entity["name"].as_str().is_some_and(|name| name.ends_with(".Thing0")))
        .expect("Thing0");
    assert_eq!(thing["rejected"], 1, "{thing}");
    assert_eq!(bench.osferry(&["verify", &only_run(&bench)]).code, Some(1));
    // Who only reads that report in the wizard has run nothing; five ways to start are listed above it.
    let read = assert_cmd::Command::new(env!("CARGO_BIN_EXE_osferry"))
        .arg("--plain")
        .env("OSFERRY_HOME", bench.folder.path().join("home"))
        .write_stdin("6\n1\n")
        .output()
        .expect("the program starts");
    let out = String::from_utf8_lossy(&read.stdout);
    assert!(out.contains("1 rejected"), "{out}");
    assert_eq!(read.status.code(), Some(0), "{out}");
}

#[test]
fn an_unknown_run_is_refused() {
    let bench = bench();
    for run in ["nothing", "", "../runs"] {
        let said = bench.osferry(&["verify", run]);
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains("osferry runs"), "{}", said.all());
    }
    assert_eq!(bench.osferry(&["runs"]).code, Some(0));
}

#[test]
fn two_runs_of_one_name_are_told_apart_by_id() {
    let bench = bench();
    assert_eq!(bench.osferry(RUN).code, Some(0));
    assert_eq!(bench.osferry(RUN).code, Some(0));
    let said = bench.osferry(&["verify", "estate"]);
    assert_eq!(said.code, Some(2), "{}", said.all());
    let runs = json(&bench.osferry(&["runs", "--json"]));
    let ids: Vec<&str> = runs
        .as_array()
        .expect("an array")
        .iter()
        .map(|run| run["id"].as_str().expect("an id"))
        .collect();
    assert!(ids.is_sorted(), "newest last: {ids:?}");
    for id in ids {
        assert!(said.err.contains(id), "{}", said.all());
    }
}

#[test]
fn json_is_all_there_is_on_standard_output() {
    let bench = bench();
    let compared = json(&bench.osferry(&["compare", "plan.toml", "--json"]));
    assert!(compared["findings"].as_array().is_some_and(|all| !all.is_empty()), "{compared}");
    let dry = json(&bench.osferry(&[RUN, &["--dry-run", "--json"]].concat()));
    assert!(dry["entities"].as_array().is_some_and(|all| !all.is_empty()), "{dry}");
    let ran = json(&bench.osferry(&[RUN, &["--json"]].concat()));
    assert_eq!(ran["verdict"], "proved", "{ran}");
}

#[test]
fn a_dry_run_needs_no_confirmation_and_keeps_nothing() {
    let bench = bench();
    let said = bench.osferry(&["run", "plan.toml", "--dry-run", "--decide", "recommended"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(bench.destination_unchanged());
    assert!(said.out.contains("nothing was written"), "{}", said.all());
    assert_eq!(json(&bench.osferry(&["runs", "--json"])), Value::Array(Vec::new()));
}

#[test]
fn a_probe_asks_for_the_name_and_its_forecast_is_kept_for_the_run() {
    let bench = bench();
    let before = std::fs::read(bench.destination()).expect("the destination");
    let probe = ["run", "plan.toml", "--dry-run", "--probe", "--decide", "recommended"];
    let said = bench.osferry(&probe);
    assert_eq!(said.code, Some(64), "{}", said.all());
    let said = bench.osferry(&[&probe[..], &["--confirm", "prod"]].concat());
    assert_eq!(said.code, Some(2), "{}", said.all());
    let said = bench.osferry(&["run", "plan.toml", "--dry-run", "--decide", "recommended"]);
    assert!(said.out.contains("nothing was measured: a probe"), "{}", said.all());
    let said = bench.osferry(&[&probe[..], &["--confirm", "dev", "--json"]].concat());
    assert_eq!(said.code, Some(0), "{}", said.all());
    let found = json(&said);
    assert_eq!(found["forecast"]["basis"]["from"], "probe", "{found}");
    assert!(found["probe"]["entities"].as_array().is_some_and(|all| !all.is_empty()), "{found}");
    assert_eq!(before, std::fs::read(bench.destination()).expect("the destination"));
    let said = bench.osferry(RUN);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let id = only_run(&bench);
    let home = bench.destination().with_file_name("home");
    let report = home.join("runs").join(&id).join("report.json");
    let report: Value =
        serde_json::from_slice(&std::fs::read(report).expect("a report")).expect("JSON");
    assert_eq!(report["forecast"]["basis"]["from"], "probe", "{}", report["forecast"]);
    assert!(report["fact"]["rows"].as_u64().is_some_and(|rows| rows > 0), "{}", report["fact"]);
}

#[test]
fn compare_ends_with_1_when_something_blocks() {
    let bench = bench();
    assert_eq!(bench.osferry(&["compare", "plan.toml"]).code, Some(0));
    let mut plan = Plan::new();
    plan.options.clear();
    bench.plan(&plan.text());
    let said = bench.osferry(&["compare", "plan.toml"]);
    assert_eq!(said.code, Some(1), "{}", said.all());
    assert!(said.out.contains("destination-rows-undecided"), "{}", said.all());
    let quick = bench.osferry(&["compare", "plan.toml", "--no-counts"]);
    assert_eq!(quick.code, Some(1), "{}", quick.all());
}

#[test]
fn nothing_but_the_run_is_left_behind() {
    let bench = bench();
    let before = files(bench.folder.path()).len();
    assert_eq!(bench.osferry(&["compare", "plan.toml"]).code, Some(0));
    assert_eq!(files(bench.folder.path()).len(), before, "compare left something");
    assert_eq!(bench.osferry(RUN).code, Some(0));
    let outside: Vec<PathBuf> = files(bench.folder.path())
        .into_iter()
        .filter(|file| !file.starts_with(bench.folder.path().join("home")))
        .collect();
    assert_eq!(outside.len(), before, "{outside:?}");
}

#[test]
fn secrets_are_in_no_file_and_in_no_output() {
    let bench = bench();
    assert_eq!(bench.osferry(RUN).code, Some(0));
    // What the environment holds must not be written even where it is not needed.
    let secret = "correct-horse-battery-staple";
    let mut plan = Plan::new().text();
    plan = plan.replacen(
        "engine = \"sqlite\"\npath = 'prod.sqlite'",
        "engine = \"sqlserver\"\nserver = \"127.0.0.1,1\"\ndatabase = \"x\"\nuser = \"u\"",
        1,
    );
    bench.plan(&plan);
    let variables = ["PASSWORD", "TOKEN"].map(|what| format!("OSFERRY_SOURCE_{what}"));
    let said = bench.osferry_with(RUN, &variables.map(|name| (name, secret.to_owned())));
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(!said.all().contains(secret), "{}", said.all());
    for file in files(bench.folder.path()) {
        let bytes = std::fs::read(&file).expect("a file");
        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "the secret is in {}", file.display());
    }
}

#[test]
fn without_a_terminal_a_missing_password_is_a_sentence() {
    let bench = bench();
    let plan = Plan::new().text().replacen(
        "engine = \"sqlite\"\npath = 'prod.sqlite'",
        "engine = \"sqlserver\"\nserver = \"127.0.0.1,1\"\ndatabase = \"x\"\nuser = \"u\"",
        1,
    );
    bench.plan(&plan);
    let said = bench.osferry(RUN);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("OSFERRY_SOURCE_PASSWORD"), "{}", said.all());
}

#[test]
fn a_second_run_on_the_same_destination_waits_for_nobody() {
    let bench = bench();
    // What a run in progress holds.
    let lock = bench.folder.path().join("dev.sqlite.osferry-lock");
    let held = std::fs::File::create(&lock).expect("the lock's file");
    held.lock().expect("the lock");
    let said = bench.osferry(RUN);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("another run"), "{}", said.all());
    assert!(bench.destination_unchanged());
    drop(held);
    assert_eq!(bench.osferry(RUN).code, Some(0));
}

#[test]
fn help_and_version_are_no_mistakes() {
    let bench = bench();
    for arguments in [&["--help"][..], &["--version"], &["run", "--help"], &["help", "practice"]] {
        let said = bench.osferry(arguments);
        assert_eq!(said.code, Some(0), "{}", said.all());
        assert!(!said.out.is_empty(), "{arguments:?}");
    }
    let bare = bench.osferry(&[]);
    // Without a terminal the wizard asks in lines, and an input that has ended leaves it.
    assert_eq!(bare.code, Some(0), "{}", bare.all());
    assert!(bare.out.contains("Practice"), "{}", bare.all());
}

#[test]
fn the_keys_of_every_screen_fit_eighty_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_osferry"))
        .arg("keys")
        .env("OSFERRY_HOME", folder.path().join("home"))
        .output()
        .expect("the program starts");
    let out = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(output.stderr.is_empty());
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let mut titles = vec!["EVERYWHERE".to_owned(), "IN TEXT FIELDS".to_owned(), "HOME".to_owned()];
    for (place, step) in osferry::wizard::steps::all().iter().enumerate() {
        titles.push(format!("STEP {}, {}", place + 1, step.name().to_uppercase()));
    }
    for title in titles {
        assert!(out.lines().any(|line| line == title), "{title} is missing:\n{out}");
    }
    for text in ["Ctrl+N, F8", "next step; says what is missing", "pause after the current"] {
        assert!(out.contains(text), "{text:?} is missing:\n{out}");
    }
    assert!(!folder.path().join("home").exists(), "it keeps nothing");
}

/// Plain mode draws no screen that would have to be given back, and yet Ctrl+C is its to obey: a
/// run that goes on has to finish its batches.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_plain_mode_in_order() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Command::new(env!("CARGO_BIN_EXE_osferry"))
        .arg("--plain")
        .env("OSFERRY_HOME", folder.path().join("home"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(program.stdout.take().expect("its output")).lines();
    let asks = lines.by_ref().any(|line| line.is_ok_and(|line| line.contains("Open a plan file")));
    assert!(asks, "it asks at Home");
    let told = Command::new("kill").args(["-INT", &program.id().to_string()]).status();
    assert!(told.is_ok_and(|status| status.success()));
    let status = program.wait().expect("it ends");
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn a_destination_is_written_by_one_program_of_the_machine() {
    let bench = bench();
    assert_eq!(bench.osferry(RUN).code, Some(0));
    let id = only_run(&bench);
    let locks = files(&bench.folder.path().join("home/locks"));
    assert_eq!(locks.len(), 1, "{locks:?}");
    let lock = std::fs::File::options().write(true).open(&locks[0]).expect("the lock");
    lock.lock().expect("nobody writes");
    let undo = ["undo", &id, "--confirm", "dev"];
    for arguments in [RUN, &undo] {
        let said = bench.osferry(arguments);
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains("another osferry on this machine"), "{}", said.all());
    }
    drop(lock);
    assert_eq!(bench.osferry(&undo).code, Some(0));
}

#[test]
fn a_run_is_exported_and_its_images_forgotten() {
    let bench = bench();
    assert_eq!(bench.osferry(RUN).code, Some(0));
    let id = only_run(&bench);
    let ids = bench.osferry(&["export", &id, "ids"]);
    assert_eq!(ids.code, Some(0), "{}", ids.all());
    assert!(ids.out.lines().any(|line| line.contains(",inserted,committed,")), "{}", ids.all());
    let audit = bench.osferry(&["export", "estate", "audit"]);
    assert_eq!(audit.code, Some(0), "{}", audit.all());
    let records: Vec<Value> =
        audit.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let has = |record: &str, kind: Option<&str>| {
        let is_it = |one: &&Value| kind.is_none_or(|kind| one["kind"] == kind);
        records.iter().filter(|one| one["record"] == record).any(|one| is_it(&one))
    };
    assert!(has("run", None) && has("event", None) && has("proof", None), "{}", audit.out);
    assert!(has("stretch", Some("run")) && has("stretch", Some("proof")), "{}", audit.out);

    let images = bench.folder.path().join("home/runs").join(&id).join("before-images.sqlite");
    let asked = bench.osferry(&["forget", &id, "--dry-run"]);
    assert_eq!(asked.code, Some(0), "{}", asked.all());
    assert_eq!(bench.osferry(&["forget", &id, "--confirm", "other"]).code, Some(2));
    assert!(images.is_file(), "it was not to be deleted");
    let script = images.with_file_name("put-back.sql");
    std::fs::write(&script, "rows of the applications").expect("a file");
    let said = bench.osferry(&["forget", &id, "--confirm", "dev"]);
    assert!(said.out.contains("put-back.sql") && !script.exists(), "{}", said.all());
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.out.contains("bytes") && !images.exists(), "{}", said.all());
    assert_eq!(bench.osferry(&["forget", &id, "--confirm", "dev"]).code, Some(2));
    // What is left of the undo says what it is.
    let undo = bench.osferry(&["undo", &id, "--dry-run"]);
    assert!(undo.out.contains("is not in every row as it was"), "{}", undo.all());

    // A journal that was changed is refused, and what can be read of it exported.
    let journal = images.with_file_name("journal.sqlite");
    let harm = Connection::open(journal).expect("the journal");
    harm.execute("UPDATE batch SET destination_keys = x'0304' WHERE id = 1", []).expect("harm");
    drop(harm);
    let said = bench.osferry(&["undo", &id, "--dry-run"]);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains(&format!("osferry export {id} ids")), "{}", said.all());
    let ids = bench.osferry(&["export", &id, "ids"]);
    assert_eq!(ids.code, Some(1), "{}", ids.all());
    assert!(ids.out.contains(",inserted,committed,") && ids.err.contains("batch 1 cannot"));
}
