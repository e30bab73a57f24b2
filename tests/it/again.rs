//! What a run rejected is tried again by a later one: only that, with the ids of the first run, and
//! each of the two can be taken back in its turn.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::time::Duration;

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::judge::judge;
use crate::estate::model::{Entity, Pair, Target};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::Feature;
use crate::program::{Bench, Said};
use crate::rejects::{id, id_of, is_row, numbered, pair, refuse, rejects, relent, report, run};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rejects_are_tried_again,
    a_retry_that_is_cut_off_goes_on,
    what_cannot_be_tried_again_is_refused,
);

/// A pair with an entity on which others depend that must not be without it, and none that may.
fn with_dependants() -> (Pair, Entity) {
    let find = |seed| {
        let pair = pair(seed, &[Feature::Extension, Feature::ManyToMany]);
        let refers = |e: &Entity, to: &Entity, may_be_emptied: bool| {
            let key = to.full_key();
            e.attributes.iter().any(|a| {
                a.active
                    && a.may_be_emptied() == may_be_emptied
                    && matches!(a.target(), Some(Target::Entity(to)) if *to == key)
            })
        };
        let all = &pair.source.entities;
        let entity = all.iter().find(|e| {
            numbered(e, 5)
                && all.iter().any(|other| !other.rows.is_empty() && refers(other, e, false))
                && !all.iter().any(|other| refers(other, e, true))
        });
        entity.cloned().map(|entity| (pair, entity))
    };
    (0..500).find_map(find).expect("some pair has one")
}

/// A run of which some rows are refused, and what refuses them.
fn rejected(engine: &TestEngine, options: &[&str]) -> (Bench, Pair, Value) {
    let (pair, entity) = with_dependants();
    let there = pair.destination.entity(&entity.full_key()).expect("it is there").clone();
    let bench = Bench::on(engine, &pair, 1);
    let rows = [1, 3].map(|place| is_row(&pair, &entity, &entity.rows[place]));
    refuse(&bench, "KEEPER", &there.table, "INSERT", &rows.join(" OR "));
    let first = run(&bench, options, 1);
    assert!(rejects(&bench, &first).len() >= 2, "{first}");
    let keys = [1, 3].map(|place| format!(",{},", id(&entity, &entity.rows[place])));
    let lines = rejects(&bench, &first).join("\n");
    assert!(keys.iter().all(|key| lines.contains(key)), "{lines}");
    (bench, pair, first)
}

fn again(bench: &Bench, run: &str, more: &[&str]) -> Said {
    let name = bench.databases.name(Side::Destination);
    let mut arguments = vec!["run", "--rejects-of", run, "--confirm", &name];
    arguments.extend(more);
    bench.osferry(&arguments)
}

fn undo(bench: &Bench, run: &str) -> Said {
    let name = bench.databases.name(Side::Destination);
    bench.osferry(&["undo", run, "--confirm", &name])
}

/// Whether everything is as if nothing had ever been refused.
fn check_whole(bench: &Bench, pair: &Pair) {
    let Verdict::Done(expected) = migrate(pair) else { panic!("refused") };
    let before = bench.databases.made(Side::Destination);
    let after = bench.databases.read(Side::Destination);
    let troubles = judge(&before, &after, &expected, &pair.destination);
    assert!(troubles.is_empty(), "{troubles:#?}");
}

async fn rejects_are_tried_again(engine: &TestEngine) {
    let (bench, pair, first) = rejected(engine, &["batch_rows = 2"]);
    let (id, lost) = (id_of(&first), first["totals"]["rejected"].as_u64().expect("a count"));
    assert!(lost > 2, "rows that depend on them went along: {first}");
    assert!(first["next"].is_null() || first.to_string().contains("--rejects-of"));
    // As long as they are refused nothing comes of it.
    let in_vain = report(&again(&bench, &id, &["--json"]), 1);
    assert_eq!(in_vain["totals"]["written"], 0, "{in_vain}");
    assert_eq!(in_vain["totals"]["rejected"], lost, "{in_vain}");
    assert_eq!(in_vain["rejects_of"], id.as_str());
    // Two at once would write rows twice.
    let twice = again(&bench, &id, &[]);
    assert_eq!(twice.code, Some(2), "{}", twice.all());
    assert!(twice.err.contains(&id_of(&in_vain)), "{}", twice.all());
    // What it rejected in turn is tried again by a third one.
    relent(&bench, "KEEPER");
    let dry = again(&bench, &id_of(&in_vain), &["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.all());
    assert!(dry.out.contains("Writing takes"), "{}", dry.all());
    let second = report(&again(&bench, &id_of(&in_vain), &["--json"]), 0);
    assert_eq!(second["verdict"], "proved", "{second}");
    assert_eq!(second["totals"]["written"], lost, "{second}");
    check_whole(&bench, &pair);
    let listed = bench.osferry(&["runs"]);
    let tried = format!("tried again what run {id} rejected");
    assert!(listed.out.contains(&tried), "{}", listed.all());
    // Neither of the earlier ones can go while the rows of a later one rely on theirs.
    for (earlier, later) in [(&id, id_of(&in_vain)), (&id_of(&in_vain), id_of(&second))] {
        let said = undo(&bench, earlier);
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains(&later), "{}", said.all());
    }
    for run in [id_of(&second), id_of(&in_vain), id] {
        let said = undo(&bench, &run);
        assert_eq!(said.code, Some(0), "{}", said.all());
    }
    let before = bench.databases.made(Side::Destination).tables;
    assert!(bench.databases.read(Side::Destination).tables == before);
}

async fn a_retry_that_is_cut_off_goes_on(engine: &TestEngine) {
    let cuts: &[u64] = if engine.is_slow() { &[900] } else { &[60, 160, 260, 420] };
    for wait in cuts {
        let (bench, pair, first) = rejected(engine, &["batch_rows = 1"]);
        relent(&bench, "KEEPER");
        let (id, name) = (id_of(&first), bench.databases.name(Side::Destination));
        let arguments = ["run", "--rejects-of", &id, "--confirm", &name];
        let mut child = bench
            .command(&arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_millis(*wait));
        let _ = child.kill();
        let _ = child.wait();
        let listed = bench.osferry(&["runs", "--json"]);
        let runs: Value = serde_json::from_str(&listed.out).expect("JSON");
        let retry = runs.as_array().expect("runs").iter().find(|run| run["rejects_of"] == *id);
        match retry {
            // It was cut off before it began.
            None => report(&again(&bench, &id, &["--json"]), 0),
            Some(run) if run["state"] == "proved" => Value::Null,
            Some(run) if run["state"] == "written" => Value::Null,
            Some(run) => {
                let run = run["id"].as_str().expect("an id");
                report(&bench.osferry(&["resume", run, "--json"]), 0)
            }
        };
        check_whole(&bench, &pair);
    }
    // In order as well: one that stops at a reject goes on after it.
    let (bench, _, first) = rejected(engine, &["rejects = \"go-on\"", "max_rejects = 1000"]);
    let retry = report(&again(&bench, &id_of(&first), &["--json"]), 1);
    assert_eq!(retry["verdict"], "proved-with-rejects");
}

async fn what_cannot_be_tried_again_is_refused(engine: &TestEngine) {
    let (bench, _, first) = rejected(engine, &[]);
    let id = id_of(&first);
    let refused = |said: Said, words: &str| {
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains(words), "{words:?} in {}", said.all());
    };
    refused(again(&bench, "nobody", &[]), "there is no run");
    refused(
        bench.osferry(&["run", "--rejects-of", &id, "--confirm", "other"]),
        "not the destination",
    );
    // Undone.
    let said = undo(&bench, &id);
    assert_eq!(said.code, Some(0), "{}", said.all());
    refused(again(&bench, &id, &[]), "undone");
    // Nothing rejected.
    relent(&bench, "KEEPER");
    let whole = run(&bench, &[], 0);
    refused(again(&bench, &id_of(&whole), &[]), "rejected no row");
    // A map that is gone.
    let folder = bench.folder.path().join("home/runs").join(id_of(&whole));
    std::fs::remove_file(folder.join("journal.sqlite")).expect("it goes");
    assert_eq!(again(&bench, &id_of(&whole), &[]).code, Some(2));
    // A model that is another one.
    let (bench, pair, first) = rejected(engine, &[]);
    let table = &pair.destination.entities.iter().find(|e| numbered(e, 0)).expect("one").table;
    let sql = format!("ALTER TABLE [{table}] ADD [PUBLISHED] int NULL");
    bench.databases.execute(Side::Destination, &sql);
    refused(again(&bench, &id_of(&first), &[]), "model is another one");
}
