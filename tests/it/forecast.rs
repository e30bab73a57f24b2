//! What a run will take, told before; what a probe measures for it, and that nothing of it stays.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use osferry::database::{
    ColumnRef, ConnectionSpec, EngineKind, FaultKind, RowsRequest, Source, open_destination,
    open_source,
};
use osferry::migrate::journal::Journal;
use osferry::migrate::{
    Basis, Command, Controller, Fact, Known, LogUse, Probe, ProbeProgress, ProbeRequest, RunEnd,
    choose, forecast, probe, run,
};
use osferry::report::{RunReport, forecast_and_fact, forecast_words};

use crate::estate::generate;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench as ProgramBench;
use crate::support::engine::TestEngine;
use crate::support::library::{Planned, mask_key};
use crate::support::sample::{pair, planned_on, sample};

crate::on_both_engines!(
    a_probe_leaves_the_destination_as_it_was,
    a_unique_index_that_refuses_is_named_and_nothing_stays,
    a_probe_that_is_stopped_leaves_nothing,
    nothing_is_probed_while_something_writes,
    rows_refer_to_one_that_is_inserted_first_where_there_is_none,
    what_a_run_took_stands_beside_its_forecast,
);

/// The practice pair in two scratch databases, and what is to be done with it.
struct Bench {
    specs: [ConnectionSpec; 2],
    planned: Planned,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new(engine: &TestEngine) -> Self {
        let specs = pair(engine).await;
        Self::on(specs).await
    }

    /// The plan of the pair as it is now.
    async fn on(specs: [ConnectionSpec; 2]) -> Self {
        let mut file = sample("forecast");
        file.options.batch_rows = 20;
        let planned = planned_on(&specs, file).await;
        Self { specs, planned, folder: tempfile::tempdir().expect("a folder") }
    }

    async fn probe(
        &self,
        controller: &Controller,
        control: osferry::migrate::Control,
        stop_at: usize,
    ) -> osferry::database::Result<Probe> {
        let request = ProbeRequest {
            plan: Arc::clone(&self.planned.plan),
            source: Arc::from(open_source(&self.specs[0]).await.expect("a source")),
            destination: Arc::from(open_destination(&self.specs[1]).await.expect("a destination")),
            mask_key: mask_key(),
            control,
            at: "2026-02-03 14:02:11+01:00".to_owned(),
        };
        probe(request, |now: ProbeProgress| {
            if now.number == stop_at {
                controller.say(Command::Cancel);
            }
        })
        .await
    }

    async fn probed(&self) -> Probe {
        let (controller, control) = Controller::new();
        self.probe(&controller, control, 0).await.expect("a probe")
    }

    /// Every row of every table of the destination, each as text, without an order.
    async fn everything(&self) -> Vec<(String, Vec<String>)> {
        let destination = open_source(&self.specs[1]).await.expect("a destination");
        let tables = destination.tables(None).await.expect("tables");
        let shapes = destination.shapes(&tables).await.expect("shapes");
        let mut all = Vec::new();
        for shape in shapes.into_iter().flatten() {
            let columns: Vec<ColumnRef> = shape.columns.iter().map(ColumnRef::from).collect();
            let request = RowsRequest::whole(&shape.name, columns);
            let rows = destination.rows(&request).await.expect("rows");
            let mut rows: Vec<String> =
                (0..rows.len()).map(|row| format!("{:?}", rows.row(row))).collect();
            rows.sort();
            all.push((shape.name.to_string(), rows));
        }
        all
    }
}

fn assert_same(before: &[(String, Vec<String>)], after: &[(String, Vec<String>)]) {
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(after) {
        assert!(before == after, "{} is not as it was", before.0);
    }
}

async fn a_probe_leaves_the_destination_as_it_was(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let before = bench.everything().await;
    assert!(before.iter().any(|(_, rows)| !rows.is_empty()));
    let probe = bench.probed().await;
    assert!(probe.entities.len() > 3, "{probe:?}");
    assert!(probe.rows() > 100, "{probe:?}");
    for probed in &probe.entities {
        assert!((1..=3).contains(&probed.batches.len()), "{probed:?}");
        assert!(probed.batches.iter().all(|batch| batch.write > 0), "{probed:?}");
    }
    assert_same(&before, &bench.everything().await);
    // Whose rows start processes is not tried out: somebody may act on what is not committed.
    let watched = probe.skipped.iter().filter(|one| one.why == "its rows start processes");
    let events = bench.planned.plan.events.iter().filter(|table| table.rows > 0);
    assert!(watched.count() <= events.count());
    // The lock is free again, and so is everything else.
    let again = bench.probed().await;
    assert_eq!(again.entities.len(), probe.entities.len());
    assert_same(&before, &bench.everything().await);
}

async fn a_unique_index_that_refuses_is_named_and_nothing_stays(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    // What the run wrote is there already, so that its unique indexes refuse it a second time.
    let source = Arc::from(open_source(&bench.specs[0]).await.expect("a source"));
    let destination = Arc::from(open_destination(&bench.specs[1]).await.expect("a destination"));
    let folder = bench.folder.path().join("run");
    let end = run(bench.planned.request(&folder, source, destination)).await.expect("a run");
    assert!(matches!(end, RunEnd::Written), "{end:?}");
    let bench = Bench::on(bench.specs).await;
    let before = bench.everything().await;
    let probe = bench.probed().await;
    let refused = probe.skipped.iter().find(|one| one.why.contains("unique index"));
    let refused = refused.unwrap_or_else(|| panic!("nothing refuses: {probe:?}"));
    assert!(refused.why.ends_with("of the destination refuses its rows"), "{refused:?}");
    assert!(!probe.entities.is_empty(), "the others are tried out: {probe:?}");
    assert_same(&before, &bench.everything().await);
}

async fn a_probe_that_is_stopped_leaves_nothing(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let before = bench.everything().await;
    for stop_at in [1, 3] {
        let (controller, control) = Controller::new();
        let fault = bench.probe(&controller, control, stop_at).await.expect_err("stopped");
        assert_eq!(fault.kind, FaultKind::Cancelled, "{fault}");
        assert!(fault.what.contains("everything it did is rolled back"), "{fault}");
        assert_same(&before, &bench.everything().await);
    }
    // In the middle of whatever it does.
    for millis in [20, 60, 140] {
        let (controller, control) = Controller::new();
        let stopping = controller.clone();
        let stop = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            stopping.say(Command::Cancel);
        });
        if let Err(fault) = bench.probe(&controller, control, 0).await {
            assert_eq!(fault.kind, FaultKind::Cancelled, "{fault}");
        }
        stop.await.expect("said");
        assert_same(&before, &bench.everything().await);
    }
    assert!(!bench.probed().await.entities.is_empty(), "another one can be made");
}

async fn nothing_is_probed_while_something_writes(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let destination = open_destination(&bench.specs[1]).await.expect("a destination");
    let lock = destination.lock_run("another").await.expect("the lock");
    let (controller, control) = Controller::new();
    let fault = bench.probe(&controller, control, 0).await.expect_err("refused");
    assert_eq!(fault.kind, FaultKind::Busy, "{fault}");
    drop(lock);
}

/// In a first migration no row is there that a mandatory reference could be led to.
async fn rows_refer_to_one_that_is_inserted_first_where_there_is_none(engine: &TestEngine) {
    let features = vec![Feature::ManyToMany, Feature::MissingUsers];
    let pair = generate::pair(&Recipe { seed: 12, size: 4, features, flaw: None });
    let bench = ProgramBench::on(engine, &pair, 12);
    bench.plan(&bench.usual_plan().text());
    let name = bench.destination_name();
    let probe = ["run", "plan.toml", "--dry-run", "--probe", "--json", "--decide", "recommended"];
    let said = bench.osferry(&[&probe[..], &["--confirm", &name]].concat());
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(bench.destination_unchanged());
    let found: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let found = &found["probe"];
    assert!(found["entities"].as_array().is_some_and(|all| all.len() > 2), "{found}");
    assert!(!found.to_string().contains("has to refer to"), "{found}");
}

async fn what_a_run_took_stands_beside_its_forecast(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let plan = Arc::clone(&bench.planned.plan);
    let source: Arc<dyn Source> = Arc::from(open_source(&bench.specs[0]).await.expect("a source"));
    let destination: Arc<dyn osferry::database::Destination> =
        Arc::from(open_destination(&bench.specs[1]).await.expect("a destination"));
    let told = async |known: &Known| {
        let (source, destination) = (source.as_ref(), destination.as_source());
        forecast(&plan, source, destination, known).await.expect("a forecast")
    };
    let bounds = told(&Known::default()).await;
    assert_eq!(bounds.basis, Basis::Bounds);
    let rows: u64 = plan.entities.iter().map(|entity| entity.source_rows).sum();
    assert!(bounds.work.inserted >= rows && bounds.work.deleted > 0, "{bounds:?}");
    assert!(bounds.writing.least < bounds.writing.most);
    match (engine.kind(), &bounds.log) {
        (EngineKind::Sqlite, log) => {
            assert_eq!((log, bounds.temp), (&LogUse::None, None), "a file has neither");
        }
        (EngineKind::SqlServer, LogUse::Bytes { bytes, unknown }) => {
            let is_told = bytes.least > 0 && bytes.least < bytes.most;
            assert!(is_told || destination.facts().stand_in && !unknown.is_empty(), "{bounds:?}");
            assert!(bounds.temp.is_some_and(|bytes| bytes > 0), "{bounds:?}");
        }
        (EngineKind::SqlServer, LogUse::None) => panic!("a server has a log"),
    }
    let known = Known { probe: Some(bench.probed().await), runs: Vec::new() };
    let probed = told(&known).await;
    assert!(matches!(probed.basis, Basis::Probe { share: 1..=100, .. }), "{probed:?}");
    assert!(probed.writing.least <= probed.writing.most && probed.writing.most > 0);
    assert!(forecast_words(&probed)[0].contains("By a probe of 2026-02-03 14:02:"));
    // The run keeps it, and its report has both.
    let folder = bench.folder.path().join("run");
    let mut request = bench.planned.request(&folder, source.clone(), destination.clone());
    request.header.forecast = Some(probed.clone());
    request.clock = Arc::new(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time");
        let second = now.as_secs() % 86_400;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        format!("2026-02-03 {hour:02}:{minute:02}:{:02}+00:00", second % 60)
    });
    let (controller, control) = Controller::new();
    request.control = control;
    controller.say(Command::Pause);
    let paused = async {
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        controller.say(Command::Run);
    };
    let (end, ()) = tokio::join!(run(request), paused);
    let end = end.expect("a run");
    assert!(matches!(end, RunEnd::Written), "{end:?}");
    let journal = Journal::open(&folder).expect("a journal");
    let fact = Fact::read(&journal).expect("read").expect("a fact");
    // A server takes its time until there is anything to pause.
    assert!(fact.paused > 0 || engine.is_slow(), "{fact:?}");
    assert!(fact.is_whole && fact.rows > 0 && fact.besides > 0 && fact.proof.is_none(), "{fact:?}");
    let report = RunReport::read(&journal).expect("a report");
    assert_eq!((&report.forecast, &report.fact), (&Some(probed), &Some(fact)));
    let lines = forecast_and_fact(&report);
    assert_eq!(lines[0][0], "Writing");
    assert!(lines[0].iter().all(|cell| cell != "-"), "{lines:?}");
    assert!(report.to_markdown().contains("## Forecast and fact"));
    assert!(report.summary().contains("time "), "{}", report.summary());
    let is_told = lines.iter().any(|line| line[0] == "Pauses besides");
    assert_eq!(is_told, report.fact.is_some_and(|fact| fact.paused > 0), "{lines:?}");
    // Entities that are chosen for a probe have rows, and are the plan's own.
    let chosen = choose(&plan);
    assert!(chosen.iter().all(|one| plan.entities[one.place].source_rows >= one.rows));
}
