//! Migrations over a wire on which everything happens, gone on with until they are done.
//!
//! `OSFERRY_TEST_CUTS=100` lets so much happen; so does `cargo test -- --ignored`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use osferry::database::sqlserver::{
    Limits, open_destination, open_destination_within, open_source, open_source_within,
};
use osferry::database::{Destination, Encryption, FaultKind, ServerSpec, Source};
use osferry::migrate::{RunEnd, resume, run};
use osferry::outsystems::Side;
use osferry::plan::PlanFile;

use super::case::Case;
use super::wanted;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Plan};
use crate::support::chaos::{Chaos, Trouble};
use crate::support::engine::{Server, TestEngine};
use crate::support::library::planned;

crate::on_sqlserver!(over_a_bad_wire_it_comes_to_its_end);

/// Bytes between two troubles.
const EVERY: usize = 60_000;

/// Less patience than a person has.
fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        handshake: Duration::from_secs(5),
        metadata: Duration::from_secs(3),
        statement: Duration::from_secs(5),
        fence: Duration::from_secs(10),
    }
}

async fn over_a_bad_wire_it_comes_to_its_end(engine: &TestEngine) {
    troubled(engine, wanted("OSFERRY_TEST_CUTS", 5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn over_a_bad_wire_a_hundred_times() {
    let Some(engine) = TestEngine::sqlserver(module_path!()) else { return };
    troubled(&engine, wanted("OSFERRY_TEST_CUTS", 100)).await;
}

/// Migrates pair after pair until so much has happened on the wire.
async fn troubled(engine: &TestEngine, often: usize) {
    let TestEngine::SqlServer(server, _) = engine else { return };
    let mut happened: HashMap<Trouble, usize> = HashMap::new();
    for seed in 0.. {
        let mut recipe = Recipe::full(seed, 1);
        let large = [Feature::NarrowerExceeding, Feature::BigValues];
        recipe.features.retain(|feature| !large.contains(feature));
        let Some(case) = Case::of(&recipe) else { continue };
        for trouble in migrate(server, engine, &case).await {
            *happened.entry(trouble).or_default() += 1;
        }
        if happened.values().sum::<usize>() >= often {
            break;
        }
        assert!(seed < 500, "only this has happened: {happened:?}");
    }
    if often >= 100 {
        assert!(happened.len() > 5, "only this has happened: {happened:?}");
    }
}

/// One migration; what has happened on its wire.
async fn migrate(server: &Server, engine: &TestEngine, case: &Case) -> Vec<Trouble> {
    let bench = Bench::on(engine, &case.pair, case.recipe.seed);
    let before = bench.databases.made(Side::Destination);
    // Without encryption, so that the wire can tell what passes it.
    let spec = |side| ServerSpec {
        encryption: Encryption::None,
        ..server.spec(&bench.databases.name(side))
    };
    let (from, to) = (spec(Side::Source), spec(Side::Destination));
    let planned = {
        let source = open_source(&from).await.expect("a source");
        let destination = open_destination(&to).await.expect("a destination");
        let mut plan = Plan::new();
        plan.options.push("batch_rows = 10".to_owned());
        let file = PlanFile::parse(&plan.text(), "wires").expect("a plan");
        planned(source.as_ref(), destination.as_source(), file).await
    };
    let chaos = Chaos::to(server, EVERY, case.recipe.seed).await;
    let by_wire =
        |spec: &ServerSpec| ServerSpec { server: chaos.address().to_owned(), ..spec.clone() };
    let folder = bench.folder.path().join("run");
    let mut story = Vec::new();
    for _ in 0..60 {
        // Opening is not tried again by itself.
        let Ok(destination) = open_destination_within(&by_wire(&to), limits()).await else {
            continue;
        };
        let Ok(source) = open_source_within(&by_wire(&from), limits()).await else { continue };
        let (source, destination): (Arc<dyn Source>, Arc<dyn Destination>) =
            (Arc::from(source), Arc::from(destination));
        let request = planned.request(&folder, source, destination);
        let end = match folder.join("journal.sqlite").exists() {
            true => resume(request).await,
            false => run(request).await,
        };
        story.push(format!("{end:?}"));
        match end {
            Ok(RunEnd::Written) => break,
            Err(fault) if fault.kind == FaultKind::Busy => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            _ => {}
        }
    }
    let happened = chaos.happened();
    drop(chaos);
    let mut troubles = case.troubles(&before, &bench.databases.read(Side::Destination));
    if story.last().is_none_or(|last| last != "Ok(Written)") {
        troubles.push("it does not come to its end".to_owned());
    }
    assert!(
        troubles.is_empty(),
        "{:?}\n{happened:?}\n{}\n{}",
        case.recipe,
        troubles.join("\n"),
        story.join("\n")
    );
    happened
}
