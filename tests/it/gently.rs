//! A source that is read gently: over one connection, and slower while its answers are slow.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use osferry::database::{
    Batch, ColumnRef, ConnectionSpec, EngineFacts, Filter, Referrer, Result, Rights, RowsRequest,
    Scan, ScanRequest, Source, TableName, TableShape, open_destination, open_source,
};
use osferry::front::open;
use osferry::migrate::journal::Journal;
use osferry::migrate::{Controller, Progress, RunEnd, run};
use osferry::outsystems::Side;
use osferry::plan::{PlanFile, SourcePace, SourceReading};
use osferry::proof::{Proof, ProofOptions, prove};
use tokio::sync::watch;

use crate::support::engine::{Server, TestEngine};
use crate::support::library::{Planned, mask_key};
use crate::support::sample::{pair, planned_on, sample, side_by_side};
use crate::support::wire::Wire;

crate::on_both_engines!(
    a_slow_source_slows_the_run_down_until_it_answers_as_before,
    entities_that_are_read_at_the_same_time_share_one_connection,
    a_source_that_rests_is_not_read_until_somebody_says_so,
);

/// What is seen of a source, and how slow it is made.
#[derive(Default)]
struct Seen {
    /// Pages take this much longer than they would.
    slower: Mutex<Duration>,
    /// The table whose page of that number makes it slow, and by how much.
    from: Option<(TableName, usize, Duration)>,
    pages: AtomicUsize,
    requests: AtomicUsize,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Seen {
    async fn asked<T>(&self, answer: impl Future<Output = T>) -> T {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let answer = answer.await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    fn is_slower_by(&self, time: Duration) {
        *self.slower.lock().expect("a time") = time;
    }

    /// A page of that table is asked for.
    async fn page(&self, table: &TableName) {
        if let Some((from, number, time)) = &self.from
            && from == table
            && self.pages.fetch_add(1, Ordering::SeqCst) + 1 == *number
        {
            self.is_slower_by(*time);
        }
        let slower = *self.slower.lock().expect("a time");
        tokio::time::sleep(slower).await;
    }
}

struct Watched {
    inner: Arc<dyn Source>,
    seen: Arc<Seen>,
}

struct WatchedScan {
    inner: Box<dyn Scan>,
    table: TableName,
    seen: Arc<Seen>,
}

#[async_trait]
impl Scan for WatchedScan {
    async fn next(&mut self) -> Result<Option<Batch>> {
        let (seen, inner) = (&self.seen, &mut self.inner);
        seen.asked(async {
            seen.page(&self.table).await;
            inner.next().await
        })
        .await
    }
}

#[async_trait]
impl Source for Watched {
    fn facts(&self) -> &EngineFacts {
        self.inner.facts()
    }
    fn keep_to(&self, connections: usize) {
        self.inner.keep_to(connections);
    }
    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        self.seen.asked(self.inner.tables(catalog)).await
    }
    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        self.seen.asked(self.inner.shapes(tables)).await
    }
    async fn referrers(&self, tables: &[TableName]) -> Result<Vec<Referrer>> {
        self.seen.asked(self.inner.referrers(tables)).await
    }
    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        self.seen.asked(self.inner.rows(request)).await
    }
    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        let table = request.table.clone();
        let inner = self.inner.scan(request).await?;
        Ok(Box::new(WatchedScan { inner, table, seen: Arc::clone(&self.seen) }))
    }
    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        self.seen.asked(self.inner.count(table, filter)).await
    }
    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        self.seen.asked(self.inner.highest(table, column)).await
    }
    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        self.seen.asked(self.inner.distinct(table, column, filter, limit)).await
    }
    async fn instant(&self, tables: &[TableName]) -> Result<Box<dyn Source>> {
        let inner = Arc::from(self.seen.asked(self.inner.instant(tables)).await?);
        Ok(Box::new(Watched { inner, seen: Arc::clone(&self.seen) }))
    }
    async fn version_store(&self) -> Result<Option<u64>> {
        self.inner.version_store().await
    }
    async fn row_bytes(&self, tables: &[TableName]) -> Result<Vec<Option<u64>>> {
        self.seen.asked(self.inner.row_bytes(tables)).await
    }
    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        self.seen.asked(self.inner.rights(tables)).await
    }
}

/// The practice pair in two scratch databases, and a plan of small batches.
struct Bench {
    specs: [ConnectionSpec; 2],
    planned: Planned,
    folder: tempfile::TempDir,
    seen: Arc<Seen>,
}

impl Bench {
    async fn new(engine: &TestEngine, change: impl FnOnce(&mut PlanFile)) -> Self {
        let specs = pair(engine).await;
        side_by_side(&specs[0]);
        let mut file = sample("gently");
        change(&mut file);
        let planned = planned_on(&specs, file).await;
        let folder = tempfile::tempdir().expect("a folder");
        Self { specs, planned, folder, seen: Arc::default() }
    }

    /// The source's table with the most rows among those with a key.
    fn largest(&self) -> TableName {
        let keyed = self.planned.plan.entities.iter().filter(|e| e.key_column().is_some());
        let largest = keyed.max_by_key(|entity| entity.source_rows).expect("an entity");
        assert!(largest.source_rows >= 1_200, "a table of many batches");
        largest.source_table.clone()
    }

    /// Runs the plan over that source, watched; the run's story.
    async fn run(&self, spec: &ConnectionSpec, watched: &Seeing) -> Vec<String> {
        let source = open::to_read(Side::Source, spec).await.expect("a source");
        let source = Arc::new(Watched { inner: source, seen: Arc::clone(&self.seen) });
        let destination = open_destination(&self.specs[1]).await.expect("a destination");
        let folder = self.folder.path().join("run");
        let mut request = self.planned.request(&folder, source, Arc::from(destination));
        request.control = watched.control.clone();
        request.progress = watched.progress.clone();
        let end = run(request).await.expect("a run");
        assert!(matches!(end, RunEnd::Written), "{end:?}");
        let journal = Journal::open(&folder).expect("a journal");
        journal.events().expect("a story").into_iter().map(|event| event.text).collect()
    }

    async fn prove(&self) -> Proof {
        let journal = Mutex::new(Journal::open(&self.folder.path().join("run")).expect("it"));
        let source = open_source(&self.specs[0]).await.expect("a source");
        let destination = open_source(&self.specs[1]).await.expect("a destination");
        let options = ProofOptions { mask_key: mask_key(), ..ProofOptions::default() };
        let plan = &self.planned.plan;
        prove(plan, &journal, source.as_ref(), destination.as_ref(), options, |_| {})
            .await
            .expect("a proof")
    }
}

/// Who watches a run.
struct Seeing {
    controller: Controller,
    control: osferry::migrate::Control,
    progress: watch::Sender<Progress>,
}

impl Seeing {
    fn new(bench: &Bench) -> Self {
        let (controller, control) = Controller::new();
        let progress = watch::channel(Progress::new(&bench.planned.plan)).0;
        Self { controller, control, progress }
    }
}

fn place(story: &[String], start: &str) -> usize {
    let found = story.iter().position(|line| line.starts_with(start));
    found.ok_or((start, story)).expect("it is told")
}

async fn a_slow_source_slows_the_run_down_until_it_answers_as_before(engine: &TestEngine) {
    let mut bench = Bench::new(engine, |file| file.options.batch_rows = 40).await;
    let slow = Duration::from_millis(300);
    bench.seen = Arc::new(Seen { from: Some((bench.largest(), 6, slow)), ..Seen::default() });
    let seeing = Seeing::new(&bench);
    let was_hindered = Arc::new(AtomicBool::new(false));
    let (seen, hindered) = (Arc::clone(&bench.seen), Arc::clone(&was_hindered));
    let mut newest = seeing.progress.subscribe();
    // As soon as it is read slower the source answers as before.
    let watching = tokio::spawn(async move {
        let now = newest.wait_for(|progress| progress.pacing.hindered.is_some()).await;
        let line = now.expect("a run").pacing.line().expect("a line");
        seen.is_slower_by(Duration::ZERO);
        hindered.store(true, Ordering::SeqCst);
        line
    });
    let story = bench.run(&bench.specs[0], &seeing).await;
    assert!(was_hindered.load(Ordering::SeqCst), "it went on as if nothing were: {story:#?}");
    let line = watching.await.expect("no panic");
    assert!(line.starts_with("reading half of the time: the source takes "), "{line}");
    let (slower, faster) = (place(&story, "reading slower: "), place(&story, "reading faster: "));
    assert!(slower < faster, "{story:#?}");
    assert!(story[slower].ends_with("; reading half of the time"), "{story:#?}");
    assert!(story[faster].ends_with("; reading as fast as it answers"), "{story:#?}");
    assert_eq!(seeing.progress.borrow().pacing.line(), None, "nothing is in its way any more");
    let proof = bench.prove().await;
    assert!(proof.holds(), "{proof:#?}");
    engine.clean_up().await;
}

async fn entities_that_are_read_at_the_same_time_share_one_connection(engine: &TestEngine) {
    for reading in [SourceReading::HighWater, SourceReading::Snapshot] {
        let bench = Bench::new(engine, |file| {
            file.options.batch_rows = 7;
            file.options.source_reading = reading;
        })
        .await;
        // On a server the connections themselves are counted, on their way there.
        let mut spec = bench.specs[0].clone();
        let mut wire = None;
        if let ConnectionSpec::SqlServer(server) = &mut spec {
            let there = Server::from_environment().expect("a server");
            let counted = Wire::to(&there, None, 1).await;
            counted.address().clone_into(&mut server.server);
            wire = Some(counted);
        }
        bench.run(&spec, &Seeing::new(&bench)).await;
        assert!(bench.seen.requests.load(Ordering::SeqCst) > 50, "it was read through this");
        assert_eq!(bench.seen.most.load(Ordering::SeqCst), 1, "{reading:?}");
        // The instant has one, and what is asked besides another.
        let allowed = if reading == SourceReading::Snapshot { 2 } else { 1 };
        if let Some(wire) = wire {
            assert!((1..=allowed).contains(&wire.most()), "{reading:?}: {}", wire.most());
        }
        let proof = bench.prove().await;
        assert!(proof.holds(), "{reading:?}: {proof:#?}");
    }
    engine.clean_up().await;
}

async fn a_source_that_rests_is_not_read_until_somebody_says_so(engine: &TestEngine) {
    let bench = Bench::new(engine, |file| file.options.source_pace = SourcePace::Half).await;
    let seeing = Seeing::new(&bench);
    seeing.controller.choose(SourcePace::Rest);
    let mut newest = seeing.progress.subscribe();
    let seen = Arc::clone(&bench.seen);
    let choosing = async {
        let now = newest.wait_for(|progress| progress.pacing.pace == SourcePace::Rest).await;
        let line = now.expect("a run").pacing.line();
        assert_eq!(line.as_deref(), Some("the source rests: nothing is read until you say so"));
        // What was asked before that is answered still.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = seen.requests.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(seen.requests.load(Ordering::SeqCst), before, "nothing is asked meanwhile");
        seeing.controller.choose(SourcePace::Full);
    };
    let (story, ()) = tokio::join!(bench.run(&bench.specs[0], &seeing), choosing);
    let rests = place(&story, "the source is to be read not at all");
    let goes_on = place(&story, "the source is to be read as fast as it answers");
    assert!(rests < goes_on, "{story:#?}");
    let proof = bench.prove().await;
    assert!(proof.holds(), "{proof:#?}");
    engine.clean_up().await;
}
