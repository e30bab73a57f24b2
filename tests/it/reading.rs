//! A source that is in use while it is read, in each of the ways in which it can be read.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use osferry::database::{
    Batch, ColumnRef, ColumnShape, ConnectionSpec, Destination, Filter, InsertTarget, JournalToken,
    Outcome, Removal, RowsRequest, Source, TableName, Value, open_destination, open_source,
};
use osferry::migrate::journal::{Journal, ReadingRecord};
use osferry::migrate::{Command, Controller, RunEnd, run};
use osferry::plan::{EntityPlan, IdentifierPlan, Plan, Rule, SourceReading, Target};
use osferry::proof::{EntityProof, Proof, ProofOptions, prove};

use crate::support::calling::{Call, Calling};
use crate::support::engine::TestEngine;
use crate::support::library::{Planned, mask_key};
use crate::support::sample::{pair, planned_on, sample, side_by_side};

crate::on_both_engines!(
    a_snapshot_takes_nothing_of_what_happens_meanwhile,
    high_water_stops_at_the_marks_and_takes_what_was_committed_late,
    a_frozen_source_that_moved_fails_its_proof,
    a_frozen_source_may_move_after_the_run,
);

/// The practice pair in two scratch databases, and what is to be done with it.
struct Bench {
    specs: [ConnectionSpec; 2],
    planned: Planned,
    folder: tempfile::TempDir,
    /// The entity in whose middle things happen: many rows, ids of its own, none of them left out,
    /// nobody refers to it.
    place: usize,
}

fn is_leaf(plan: &Plan, place: usize) -> bool {
    let refers = |entity: &EntityPlan| {
        entity.columns.iter().any(|column| match &column.rule {
            Rule::Reference(rule) => rule.target == Target::Entity(place),
            Rule::Copy { .. } | Rule::Convert(_) | Rule::Typed(_) => false,
        })
    };
    let leaves_out = plan.entities[place].uniques.iter().any(|unique| unique.leaves_out);
    matches!(plan.entities[place].identifier, IdentifierPlan::Generated { .. })
        && !leaves_out
        && !plan.entities.iter().any(refers)
}

impl Bench {
    async fn new(engine: &TestEngine, reading: SourceReading) -> Self {
        let specs = pair(engine).await;
        side_by_side(&specs[0]);
        let mut file = sample("reading");
        file.options.batch_rows = 7;
        file.options.source_reading = reading;
        let planned = planned_on(&specs, file).await;
        let plan = Arc::clone(&planned.plan);
        let place = (0..plan.entities.len())
            .filter(|place| is_leaf(&plan, *place))
            .max_by_key(|place| plan.entities[*place].source_rows)
            .expect("a leaf");
        assert!(plan.entities[place].source_rows >= 42, "a table of several batches");
        let folder = tempfile::tempdir().expect("a folder");
        Self { specs, planned, folder, place }
    }

    fn entity(&self) -> &EntityPlan {
        &self.planned.plan.entities[self.place]
    }

    async fn source(&self) -> Box<dyn Source> {
        open_source(&self.specs[0]).await.expect("a source")
    }

    /// The rows of the table in the middle of which things happen, their ids first.
    async fn rows(&self) -> Vec<Vec<Value>> {
        let batch = self.source().await.rows(&request(self.entity())).await.expect("rows");
        (0..batch.len()).map(|row| batch.row(row)).collect()
    }

    /// Runs the plan; `meanwhile` happens once two batches of the table are written.
    async fn run(&self, meanwhile: Call) -> (Arc<Mutex<Journal>>, Proof) {
        let (_, control) = Controller::new();
        self.run_under(control, meanwhile).await
    }

    async fn run_under(
        &self,
        control: osferry::migrate::Control,
        meanwhile: Call,
    ) -> (Arc<Mutex<Journal>>, Proof) {
        let destination = open_destination(&self.specs[1]).await.expect("a destination");
        let table = self.entity().destination_table.clone();
        let destination = Arc::new(Calling::new(destination, table, 2, meanwhile));
        let source = Arc::from(self.source().await);
        let mut request =
            self.planned.request(&self.folder.path().join("run"), source, destination);
        request.control = control;
        let end = run(request).await.expect("a run");
        assert!(matches!(end, RunEnd::Written), "{end:?}");
        let journal = Journal::open(&self.folder.path().join("run")).expect("a journal");
        let journal = Arc::new(Mutex::new(journal));
        let proof = self.prove(&journal).await;
        (journal, proof)
    }

    async fn prove(&self, journal: &Mutex<Journal>) -> Proof {
        let destination = open_source(&self.specs[1]).await.expect("a destination");
        let source = self.source().await;
        let (source, destination) = (source.as_ref(), destination.as_ref());
        let options = ProofOptions { mask_key: mask_key(), ..ProofOptions::default() };
        prove(&self.planned.plan, journal, source, destination, options, |_| {})
            .await
            .expect("a proof")
    }

    /// How many of the table's rows the destination holds, and with how many cells of a column
    /// empty.
    async fn arrived(&self, column: &str) -> (u64, u64) {
        let destination = open_source(&self.specs[1]).await.expect("a destination");
        let table = &self.entity().destination_table;
        let all = destination.count(table, &Filter::All).await.expect("counted");
        let empty = Filter::IsNull(column.to_owned());
        (all, destination.count(table, &empty).await.expect("counted"))
    }

    fn of<'a>(&self, proof: &'a Proof) -> &'a EntityProof {
        &proof.entities[self.place]
    }

    /// A column that may be empty and that nothing hangs on.
    fn nullable(&self) -> String {
        let is_free = |column: &&osferry::plan::ColumnPlan| {
            matches!(column.rule, Rule::Copy { .. }) && column.destination.nullable
        };
        let column = self.entity().columns.iter().find(is_free).expect("such a column");
        column.source.name.clone()
    }
}

fn request(entity: &EntityPlan) -> RowsRequest {
    let key = entity.key_column().expect("a key").clone();
    let mut columns: Vec<ColumnRef> = vec![key.clone()];
    columns.extend(entity.columns.iter().map(|column| column.source.clone()));
    RowsRequest {
        table: entity.source_table.clone(),
        columns,
        filter: Filter::All,
        order_by: Some(key.name),
        limit: None,
    }
}

/// What somebody does in the source's table.
struct Doing {
    spec: ConnectionSpec,
    table: TableName,
    columns: Vec<ColumnShape>,
    key: String,
}

impl Doing {
    async fn new(bench: &Bench) -> Self {
        let entity = bench.entity();
        let table = entity.source_table.clone();
        let shapes = bench.source().await.shapes(std::slice::from_ref(&table)).await;
        let shape = shapes.expect("shapes").remove(0).expect("a shape");
        let wanted = request(entity).columns;
        let columns = wanted.iter().map(|column| shape.column(&column.name).expect("it").clone());
        Self {
            spec: bench.specs[0].clone(),
            table,
            columns: columns.collect(),
            key: wanted[0].name.clone(),
        }
    }

    async fn writer(&self) -> (Box<dyn Destination>, Box<dyn osferry::database::Writer>) {
        use std::hash::{BuildHasher, RandomState};
        let database = open_destination(&self.spec).await.expect("the source, past the run");
        let session = format!("doing-{:x}", RandomState::new().hash_one(0));
        let mut writer = database.writer(&session).await.expect("a writer");
        writer.begin().await.expect("begun");
        (database, writer)
    }

    /// Inserts a row, under its own id or under a new one.
    async fn insert(&self, row: &[Value], with_id: bool) {
        let from = usize::from(!with_id);
        let columns = self.columns[from..].to_vec();
        let mut batch = Batch::for_types(columns.iter().map(|column| &column.data_type));
        let batch = batch.as_mut().expect("types");
        batch.push_row(&row[from..]).expect("a row");
        let identity = (!with_id).then(|| self.key.clone());
        let target = InsertTarget { table: self.table.clone(), columns, identity };
        let (_database, mut writer) = self.writer().await;
        writer.insert(&target, batch).await.expect("inserted");
        self.commit(writer).await;
    }

    async fn delete(&self, id: &Value) {
        let (_database, mut writer) = self.writer().await;
        let removed = writer.delete(&self.one(id)).await.expect("deleted");
        assert_eq!(removed.rows, 1);
        self.commit(writer).await;
    }

    fn one(&self, id: &Value) -> Removal {
        Removal {
            table: self.table.clone(),
            filter: Filter::Equals(self.key.clone(), id.clone()),
            limit: 2,
            key: Some(self.key.clone()),
            returning: Vec::new(),
        }
    }

    async fn clear(&self, id: &Value, column: &str) {
        let (_database, mut writer) = self.writer().await;
        let cleared = writer.clear(&self.one(id), column).await.expect("cleared");
        assert_eq!(cleared.rows, 1);
        self.commit(writer).await;
    }

    async fn commit(&self, mut writer: Box<dyn osferry::database::Writer>) {
        let outcome = writer.commit(JournalToken::for_engine_tests()).await;
        assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    }
}

fn story(journal: &Mutex<Journal>) -> String {
    let events = journal.lock().expect("a journal").events().expect("events");
    events.iter().map(|event| format!("{}\n", event.text)).collect()
}

fn record(journal: &Mutex<Journal>) -> ReadingRecord {
    journal.lock().expect("a journal").reading().expect("read").expect("a record")
}

fn wrong(proof: &Proof) -> String {
    let shown = proof.entities.iter().flat_map(|entity| {
        entity.shown.iter().map(|one| format!("{} {}: {}", entity.name, one.source, one.what))
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// Nothing happens.
fn quiet() -> Call {
    Arc::new(|| async {}.boxed())
}

/// A new row, one that is committed late, one deleted that was read, one deleted and one emptied
/// that were not.
fn stir(doing: Doing, rows: Vec<Vec<Value>>, late: Vec<Value>, column: String) -> Call {
    let doing = Arc::new((doing, rows, late, column));
    Arc::new(move || {
        let doing = Arc::clone(&doing);
        async move {
            let (doing, rows, late, column) = &*doing;
            doing.insert(&rows[rows.len() - 3], false).await;
            doing.insert(late, true).await;
            doing.delete(&rows[1][0]).await;
            doing.delete(&rows[rows.len() - 1][0]).await;
            doing.clear(&rows[rows.len() - 2][0], column).await;
        }
        .boxed()
    })
}

async fn a_snapshot_takes_nothing_of_what_happens_meanwhile(engine: &TestEngine) {
    let bench = Bench::new(engine, SourceReading::Auto).await;
    let (doing, column) = (Doing::new(&bench).await, bench.nullable());
    let late = bench.rows().await.remove(0);
    doing.delete(&late[0]).await;
    let rows = bench.rows().await;
    let at = 1 + bench.entity().columns.iter().position(|c| c.source.name == column).expect("it");
    let empty = rows.iter().filter(|row| row[at].is_null()).count() as u64;
    let number = rows.len() as u64;
    let (journal, proof) = bench.run(stir(doing, rows, late, column.clone())).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    assert_eq!(bench.arrived(&column).await, (number, empty));
    let reading = record(&journal);
    assert_eq!((reading.reading, reading.one_instant), (SourceReading::Snapshot, true));
    assert!(story(&journal).contains("the source is read by snapshot: reading takes 1 min"));
    // Two came and two went.
    assert_eq!(bench.rows().await.len() as u64, number);
    assert_eq!(bench.of(&proof).appeared_since, 0);
    let doing = Doing::new(&bench).await;
    doing.insert(&bench.rows().await[5], false).await;
    let proof = bench.prove(&journal).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    assert_eq!(bench.of(&proof).appeared_since, 1);
}

async fn high_water_stops_at_the_marks_and_takes_what_was_committed_late(engine: &TestEngine) {
    let bench = Bench::new(engine, SourceReading::HighWater).await;
    let (doing, column) = (Doing::new(&bench).await, bench.nullable());
    let late = bench.rows().await.remove(0);
    doing.delete(&late[0]).await;
    let rows = bench.rows().await;
    let number = rows.len() as u64;
    let highest = rows.last().expect("rows")[0].as_integer().expect("a number");
    let late_id = late[0].as_integer().expect("a number");
    let (journal, proof) = bench.run(stir(doing, rows, late, column.clone())).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    // One that was not read yet is gone, one was committed late, the new one stays out.
    assert_eq!(bench.arrived(&column).await.0, number);
    let story = story(&journal);
    let name = &bench.entity().name;
    assert!(story.contains("the source is read by high-water: the plan asks for it"), "{story}");
    assert!(story.contains(&format!("{name}: 1 row was committed late and carried")), "{story}");
    let reading = record(&journal);
    let mark = reading.marks[bench.place].highest.map(|id| id.0);
    assert_eq!((reading.reading, mark), (SourceReading::HighWater, Some(highest)));
    assert_eq!(bench.of(&proof).appeared_since, 1);
    // What comes below the mark after the run was overlooked, as far as anybody can tell.
    let doing = Doing::new(&bench).await;
    let again = bench.rows().await.remove(3);
    doing.insert(&again, false).await;
    assert!(bench.prove(&journal).await.holds());
    // Two went, so a single one would not be noticed by its number.
    for id in [late_id - 2, late_id - 1] {
        let mut below = again.clone();
        below[0] = Value::Integer(id);
        doing.insert(&below, true).await;
    }
    let proof = bench.prove(&journal).await;
    assert_eq!(proof.differences(), 2, "{}", wrong(&proof));
    assert_eq!(bench.of(&proof).shown[0].source, (late_id - 2).to_string());
    assert_eq!(bench.of(&proof).appeared_since, 2);
}

async fn a_frozen_source_that_moved_fails_its_proof(engine: &TestEngine) {
    let bench = Bench::new(engine, SourceReading::Frozen).await;
    let doing = Arc::new(Doing::new(&bench).await);
    let rows = bench.rows().await;
    let number = rows.len();
    let call: Call = Arc::new(move || {
        let (doing, row) = (Arc::clone(&doing), rows[4].clone());
        async move { doing.insert(&row, false).await }.boxed()
    });
    let (journal, proof) = bench.run(call).await;
    let how = format!("had {number} rows and has {}, 1 more", number + 1);
    let story = story(&journal);
    let name = &bench.entity().name;
    assert!(story.contains(&format!("the source is not frozen: {name} {how}")), "{story}");
    assert_eq!(proof.differences(), 1, "{}", wrong(&proof));
    assert!(bench.of(&proof).shown[0].what.ends_with(&how), "{}", wrong(&proof));
}

async fn a_frozen_source_may_move_after_the_run(engine: &TestEngine) {
    let bench = Bench::new(engine, SourceReading::Frozen).await;
    let (journal, proof) = bench.run(quiet()).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    assert_eq!(record(&journal).marks, record(&journal).after);
    let doing = Doing::new(&bench).await;
    doing.insert(&bench.rows().await[4], false).await;
    let proof = bench.prove(&journal).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    assert_eq!(bench.of(&proof).appeared_since, 1);
}

/// A pause of more than five minutes: the clock of the test goes on as soon as everybody waits.
#[tokio::test(start_paused = true)]
async fn a_long_pause_closes_the_instant_and_the_run_goes_on_in_another() {
    let engine = TestEngine::sqlite();
    let bench = Bench::new(&engine, SourceReading::Snapshot).await;
    let (doing, column) = (Doing::new(&bench).await, bench.nullable());
    let late = bench.rows().await.remove(0);
    doing.delete(&late[0]).await;
    let rows = bench.rows().await;
    let number = rows.len() as u64;
    let stir = stir(doing, rows, late, column.clone());
    let (controller, control) = Controller::new();
    let call: Call = Arc::new(move || {
        let (stir, controller) = (Arc::clone(&stir), controller.clone());
        async move {
            stir().await;
            controller.say(Command::Pause);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(6 * 60)).await;
                controller.say(Command::Run);
            });
        }
        .boxed()
    });
    let (journal, proof) = bench.run_under(control, call).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    let story = story(&journal);
    let closed =
        story.find("paused for more than five minutes").unwrap_or_else(|| panic!("{story}"));
    let begun =
        story.find("as of another instant from here on").unwrap_or_else(|| panic!("{story}"));
    assert!(closed < begun, "{story}");
    assert!(story.contains("1 row was committed late and carried over as well"), "{story}");
    assert!(!record(&journal).one_instant);
    assert_eq!(bench.arrived(&column).await.0, number);
}
