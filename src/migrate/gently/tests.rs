//! The gate over a source that is made slow, with a clock that only waiting moves.

use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;

use super::*;
use crate::database::{
    ColumnRef, ColumnType, EngineFacts, Fault, Filter, Rights, RowsRequest, Scan, ScanRequest,
    Source, TableName, TableShape, Value,
};
use crate::migrate::control::{Command, Controller};
use crate::plan::SourcePace;

/// Answers every request after a while, and counts those under way.
#[derive(Default)]
struct Slow {
    takes: Mutex<Duration>,
    asked: AtomicUsize,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Slow {
    fn taking(milliseconds: u64) -> Arc<Self> {
        let slow = Self::default();
        slow.takes(milliseconds);
        Arc::new(slow)
    }

    fn takes(&self, milliseconds: u64) {
        *self.takes.lock().expect("takes") = Duration::from_millis(milliseconds);
    }

    async fn answer(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let takes = *self.takes.lock().expect("takes");
        tokio::time::sleep(takes).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Pages(Arc<Slow>, usize);

#[async_trait]
impl Scan for Pages {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.0.answer().await;
        if self.1 == 0 {
            return Ok(None);
        }
        self.1 -= 1;
        let mut batch = Batch::for_types([&ColumnType::BigInt])?;
        batch.push_row(&[Value::Integer(1)])?;
        Ok(Some(batch))
    }
}

struct Database(Arc<Slow>);

#[async_trait]
impl Source for Database {
    fn facts(&self) -> &EngineFacts {
        unreachable!("nobody asks")
    }
    async fn tables(&self, _: Option<&str>) -> Result<Vec<TableName>> {
        Ok(Vec::new())
    }
    async fn shapes(&self, _: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        Ok(Vec::new())
    }
    async fn rows(&self, _: &RowsRequest) -> Result<Batch> {
        Batch::for_types([&ColumnType::BigInt])
    }
    async fn scan(&self, _: ScanRequest) -> Result<Box<dyn Scan>> {
        Ok(Box::new(Pages(Arc::clone(&self.0), 8)))
    }
    async fn count(&self, _: &TableName, _: &Filter) -> Result<u64> {
        self.0.answer().await;
        Ok(0)
    }
    async fn highest(&self, _: &TableName, _: &str) -> Result<Option<i64>> {
        Err(Fault::new(crate::database::FaultKind::Lost, "gone"))
    }
    async fn distinct(&self, _: &TableName, _: &ColumnRef, _: &Filter, _: usize) -> Result<Batch> {
        Batch::for_types([&ColumnType::BigInt])
    }
    async fn rights(&self, _: &[TableName]) -> Result<Vec<Rights>> {
        Ok(Vec::new())
    }
}

struct Bench {
    slow: Arc<Slow>,
    gate: Gate,
    source: Arc<dyn Source>,
    controller: Controller,
    story: Arc<Mutex<Vec<String>>>,
}

fn bench(connections: usize, pace: SourcePace, milliseconds: u64) -> Bench {
    let slow = Slow::taking(milliseconds);
    let (controller, control) = Controller::new();
    let story = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&story);
    let told: Told = Box::new(move |pacing| {
        told.lock().expect("story").push(pacing.said.clone());
        Ok(())
    });
    let gate = Gate::new(connections, pace, control, told);
    let source = Arc::new(gate.over(Arc::new(Database(Arc::clone(&slow)))));
    Bench { slow, gate, source, controller, story }
}

fn request(table: &str, key: Option<&str>) -> ScanRequest {
    ScanRequest {
        table: TableName::new(table),
        columns: Vec::new(),
        filter: Filter::All,
        key: key.map(str::to_owned),
        after: None,
        batch_rows: 1,
        batch_bytes: 1000,
    }
}

/// Reads a table to its end.
async fn drain(source: &Arc<dyn Source>, table: &str, key: Option<&str>) -> Result<usize> {
    let mut scan = source.scan(request(table, key)).await?;
    let mut pages = 0;
    while scan.next().await?.is_some() {
        pages += 1;
    }
    Ok(pages)
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_under_way_than_there_are_turns() {
    for connections in [1, 3] {
        let bench = bench(connections, SourcePace::Gentle, 10);
        let all = (0..6).map(|table| {
            let source = Arc::clone(&bench.source);
            // Tables without a key among them, which keep their turn.
            let key = (table % 3 != 0).then_some("Id");
            async move { drain(&source, &format!("T{table}"), key).await }
        });
        let pages = futures::future::try_join_all(all).await.expect("read");
        assert_eq!(pages, [8; 6]);
        assert_eq!(bench.slow.most.load(Ordering::SeqCst), connections);
        assert_eq!(bench.gate.inner.rested().len(), connections, "every turn has come back");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_who_waits_for_a_turn_is_passed_over() {
    let bench = bench(1, SourcePace::Gentle, 10);
    let mut one = bench.source.scan(request("A", Some("Id"))).await.expect("a scan");
    let mut other = bench.source.scan(request("B", Some("Id"))).await.expect("a scan");
    for _ in 0..4 {
        let begun = Instant::now();
        let (first, second) = tokio::join!(one.next(), other.next());
        assert!(first.expect("a page").is_some() && second.expect("a page").is_some());
        assert_eq!(begun.elapsed().as_millis(), 20, "a page each");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_answers_evenly_waits_for_nothing_but_itself() {
    let bench = bench(1, SourcePace::Gentle, 100);
    let begun = Instant::now();
    drain(&bench.source, "A", Some("Id")).await.expect("read");
    assert_eq!(begun.elapsed().as_millis(), 900);
    assert!(bench.story.lock().expect("story").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_time_is_a_share_of_the_time() {
    for (pace, milliseconds) in [(SourcePace::Half, 1700), (SourcePace::Quarter, 3300)] {
        let bench = bench(1, pace, 100);
        let begun = Instant::now();
        drain(&bench.source, "A", Some("Id")).await.expect("read");
        // Nine requests, and eight rests between them.
        assert_eq!(begun.elapsed().as_millis(), milliseconds, "{pace:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_is_spared_and_that_is_told() {
    let bench = bench(1, SourcePace::Gentle, 100);
    drain(&bench.source, "A", Some("Id")).await.expect("read");
    bench.slow.takes(500);
    drain(&bench.source, "A", Some("Id")).await.expect("read");
    bench.slow.takes(100);
    for _ in 0..3 {
        drain(&bench.source, "A", Some("Id")).await.expect("read");
    }
    let story = bench.story.lock().expect("story");
    let starts =
        ["reading slower: ", "reading slower still: ", "reading faster: ", "reading faster: "];
    assert_eq!(story.len(), starts.len(), "{story:?}");
    for (line, start) in story.iter().zip(starts) {
        assert!(line.starts_with(start), "{story:?}");
    }
    assert!(story[0].contains("500 ms a page, 100 ms before; reading half"), "{story:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_chosen_counts_at_once_even_while_it_waits() {
    let bench = bench(1, SourcePace::Rest, 100);
    let source = Arc::clone(&bench.source);
    let reading = tokio::spawn(async move { drain(&source, "A", Some("Id")).await });
    let gate = bench.gate.clone();
    let following =
        tokio::spawn(async move { gate.attend("ada").await.map(|never| match never {}) });
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(bench.slow.asked.load(Ordering::SeqCst), 0, "nothing is read");
    bench.controller.choose(SourcePace::Full);
    let begun = Instant::now();
    reading.await.expect("no panic").expect("read");
    assert_eq!(begun.elapsed().as_millis(), 900);
    following.abort();
    let story = bench.story.lock().expect("story");
    assert_eq!(*story, ["the source is to be read as fast as it answers, chosen by ada"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_to_end_does_not_wait_for_its_source() {
    for ends in [true, false] {
        let bench = bench(1, SourcePace::Rest, 100);
        let waiting: Vec<_> = [Some("Id"), None, Some("Id")]
            .into_iter()
            .map(|key| {
                let source = Arc::clone(&bench.source);
                tokio::spawn(async move { drain(&source, "A", key).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(60)).await;
        match ends {
            true => bench.controller.say(Command::Stop),
            false => bench.gate.halt(),
        }
        for reading in waiting {
            let fault = reading.await.expect("no panic").expect_err("it has to end");
            assert_eq!(fault.kind, crate::database::FaultKind::Cancelled);
        }
        assert_eq!(bench.slow.asked.load(Ordering::SeqCst), 0);
        // Whatever asks later ends as well.
        assert!(bench.source.count(&TableName::new("A"), &Filter::All).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_gives_its_turn_back() {
    let bench = bench(1, SourcePace::Gentle, 10_000);
    let table = TableName::new("A");
    let given_up =
        tokio::time::timeout(Duration::from_secs(1), bench.source.count(&table, &Filter::All));
    assert!(given_up.await.is_err());
    assert!(bench.source.highest(&table, "Id").await.is_err(), "a fault is passed on");
    bench.slow.takes(10);
    drain(&bench.source, "A", None).await.expect("read");
}
