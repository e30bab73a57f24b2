//! What becomes of a run when its connection breaks: at every step of every batch, before the
//! server has done it and after.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use osferry::database::sqlserver::{Limits, open_destination, open_destination_within};
use osferry::database::{ConnectionSpec, Destination, FaultKind, ServerSpec, Source, sqlite};
use osferry::migrate::{RunEnd, run};
use osferry::plan::PlanFile;

use crate::estate::content::{Content, read};
use crate::estate::generate;
use crate::estate::judge::judge;
use crate::estate::oracle::{ExpectedTable, Verdict, migrate};
use crate::estate::recipe::{Feature, Recipe};
use crate::estate::{model::Pair, sqlite_file};
use crate::program::Plan;
use crate::support::breaking::{Break, Breaking};
use crate::support::engine::TestEngine;
use crate::support::library::planned;
use crate::support::wire::Wire;

crate::on_sqlserver!(a_run_that_lost_its_lock_to_another_writes_no_more);

async fn a_run_that_lost_its_lock_to_another_writes_no_more(engine: &TestEngine) {
    let TestEngine::SqlServer(server, _) = engine else { return };
    let ConnectionSpec::SqlServer(direct) = engine.scratch().await else { return };
    let wire = Wire::to(server, None, 0).await;
    let by_wire = ServerSpec { server: wire.address().to_owned(), ..direct.clone() };
    let limits = Limits { fence: Duration::from_secs(2), ..Limits::default() };
    let ours = open_destination_within(&by_wire, limits).await.expect("opened");
    let lock = ours.lock_run("ours").await.expect("the lock");
    drop(ours.writer("ours:1").await.expect("a writer"));
    // Nobody else came: the lock is taken again.
    wire.cut();
    drop(ours.writer("ours:2").await.expect("a writer"));
    let theirs = open_destination(&direct).await.expect("opened");
    let refused = theirs.lock_run("theirs").await.err().expect("refused");
    assert_eq!(refused.kind, FaultKind::Busy, "{refused}");
    // Somebody was quicker.
    wire.cut();
    let mut taken = theirs.lock_run("theirs").await;
    for _ in 0..50 {
        if taken.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        taken = theirs.lock_run("theirs").await;
    }
    let _taken = taken.expect("the lock of a lost connection is free");
    let refused = ours.writer("ours:3").await.err().expect("refused");
    assert_eq!(refused.kind, FaultKind::Busy, "{refused}");
    drop(lock);
}

/// A small pair with everything that is written in a way of its own: rows to delete first,
/// people to create, references to set later, identifiers of every kind.
fn recipe() -> Recipe {
    use Feature as F;
    let features = vec![
        F::ExistingRows,
        F::MissingUsers,
        F::Groups,
        F::SelfReference,
        F::TwoCycle,
        F::Extension,
        F::PlainIdentifier,
        F::ManyToMany,
        F::ProducerKept,
    ];
    Recipe { seed: 31, size: 1, features, flaw: None }
}

/// What a run over a breaking connection left behind.
struct Left {
    end: RunEnd,
    steps: usize,
    content: Content,
}

async fn broken_run(folder: &Path, pair: &Pair, how: Break) -> Left {
    let side = |name: &str| folder.join(format!("{name}.sqlite"));
    sqlite_file::write(&side("prod"), &pair.source, 1);
    sqlite_file::write(&side("dev"), &pair.destination, 2);
    let source = sqlite::open_source(&side("prod")).await.expect("a source");
    let destination = sqlite::open_destination(&side("dev")).await.expect("a destination");
    let mut plan = Plan::new();
    plan.options.push("batch_rows = 40".into());
    let file = PlanFile::parse(&plan.text(), "broken").expect("a plan");
    let planned = planned(source.as_ref(), destination.as_source(), file).await;
    let source: Arc<dyn Source> = Arc::from(source);
    let breaking = Arc::new(Breaking::new(destination, how));
    let destination = Arc::clone(&breaking) as Arc<dyn Destination>;
    let end = run(planned.request(&folder.join("run"), source, destination)).await.expect("a run");
    Left { end, steps: breaking.steps(), content: read(&side("dev")) }
}

fn expected(pair: &Pair) -> std::collections::BTreeMap<String, ExpectedTable> {
    match migrate(pair) {
        Verdict::Done(tables) => tables,
        Verdict::Refused(why) => panic!("refused: {why:?}"),
    }
}

fn untouched(pair: &Pair) -> Content {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dev.sqlite");
    sqlite_file::write(&path, &pair.destination, 2);
    read(&path)
}

// Waits between tries take no time here.
#[tokio::test(start_paused = true)]
async fn a_connection_may_break_at_every_step() {
    let pair = generate::pair(&recipe());
    let (before, expected) = (untouched(&pair), expected(&pair));
    for done in [false, true] {
        for at in 0.. {
            let folder = tempfile::tempdir().expect("a folder");
            let how = Break { at, done, blind: false };
            let left = broken_run(folder.path(), &pair, how).await;
            assert!(matches!(left.end, RunEnd::Written), "{how:?}: {:?}", left.end);
            let troubles = judge(&before, &left.content, &expected, &pair.destination);
            assert!(troubles.is_empty(), "{how:?}\n{}", troubles.join("\n"));
            if left.steps <= at {
                assert!(at > 60, "only {at} steps");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_in_doubt_is_never_written_twice() {
    let pair = generate::pair(&recipe());
    let (before, expected) = (untouched(&pair), expected(&pair));
    let mut doubted = 0;
    for done in [false, true] {
        for at in 0.. {
            let folder = tempfile::tempdir().expect("a folder");
            let how = Break { at, done, blind: true };
            let left = broken_run(folder.path(), &pair, how).await;
            if left.steps <= at {
                break;
            }
            let RunEnd::Stopped(fault) = &left.end else { continue };
            doubted += 1;
            let said = fault.to_string();
            assert!(said.contains("committed is not known") && said.contains("resume"), "{said}");
            for (name, table) in expected.iter().filter(|(name, _)| name.starts_with("OSUSR_")) {
                let rows = left.content.rows(name).len();
                // Rows of the destination stay where their deletion is what is in doubt.
                let most = table.rows.len().max(before.rows(name).len());
                assert!(rows <= most, "{how:?}: {name} has {rows} rows");
            }
        }
    }
    assert!(doubted > 10, "only {doubted} batches were in doubt");
}
