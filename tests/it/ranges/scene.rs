//! A migration by the library with ids of its own, in the middle of which somebody does something.

use std::sync::Arc;

use futures::FutureExt;
use osferry::database::{
    ColumnShape, ConnectionSpec, Destination, InsertTarget, TableName, Value, ValueKind,
    open_destination, open_source,
};
use osferry::migrate::journal::Journal;
use osferry::migrate::{RunEnd, resume, run};
use osferry::outsystems::Side;
use osferry::plan::{IdentifierPlan, Plan, PlanFile};

use super::{OPTION, reserved};
use crate::estate::recipe::Recipe;
use crate::exact::case::Case;
use crate::port::{batch, commit, session, text};
use crate::program::Bench;
use crate::rejects::numbered as is_numbered;
use crate::support::calling::{Call, Calling};
use crate::support::engine::TestEngine;
use crate::support::library::{Planned, planned};

/// A migration by the library, in the middle of which something happens.
pub struct Scene {
    pub specs: [ConnectionSpec; 2],
    pub planned: Planned,
    folder: tempfile::TempDir,
    /// A table of several batches that no other one refers to.
    pub place: usize,
}

impl Scene {
    pub async fn of(engine: &TestEngine, bench: &Bench) -> Self {
        let specs = [Side::Source, Side::Destination].map(|side| match engine {
            TestEngine::Sqlite(_) => ConnectionSpec::Sqlite {
                path: if side == Side::Source { bench.source() } else { bench.destination() },
            },
            TestEngine::SqlServer(server, _) => {
                ConnectionSpec::SqlServer(server.spec(&bench.databases.name(side)))
            }
        });
        let source = open_source(&specs[0]).await.expect("a source");
        let destination = open_source(&specs[1]).await.expect("a destination");
        let mut plan = crate::program::Plan::new();
        plan.options.extend([OPTION.to_owned(), "batch_rows = 4".to_owned()]);
        let file = PlanFile::parse(&plan.text(), "ranges").expect("a plan");
        let planned = planned(source.as_ref(), destination.as_ref(), file).await;
        let place = largest(&planned.plan);
        assert!(planned.plan.entities[place].source_rows >= 12, "a table of several batches");
        let folder = tempfile::tempdir().expect("a folder");
        Self { specs, planned, folder, place }
    }

    pub fn table(&self) -> TableName {
        self.planned.plan.entities[self.place].destination_table.clone()
    }

    pub fn journal(&self) -> std::path::PathBuf {
        self.folder.path().join("run")
    }

    /// Runs, or goes on; `meanwhile` happens once a batch of the table is written.
    pub async fn carry(&self, meanwhile: Call) -> RunEnd {
        let destination = open_destination(&self.specs[1]).await.expect("a destination");
        let destination = Arc::new(Calling::new(destination, self.table(), 1, meanwhile));
        let source = Arc::from(open_source(&self.specs[0]).await.expect("a source"));
        let is_new = !self.journal().join("journal.sqlite").exists();
        let request = self.planned.request(&self.journal(), source, destination);
        let end = if is_new { run(request).await } else { resume(request).await };
        end.expect("it is not refused")
    }

    pub fn range(&self) -> (i64, i64) {
        let all = reserved(&self.journal());
        let own = all.iter().find(|(place, ..)| *place == self.place).expect("a range");
        (own.1, own.2)
    }

    /// The ids that rows of the table got.
    pub fn ids(&self) -> Vec<i64> {
        let journal = Journal::open(&self.journal()).expect("a journal");
        let batches = journal.batches(self.place).expect("batches");
        let ids = batches.iter().flat_map(|batch| batch.destination_keys.iter());
        ids.filter_map(|id| id.as_integer()).collect()
    }
}

fn largest(plan: &Plan) -> usize {
    let is_generated = |place: &usize| {
        matches!(plan.entities[*place].identifier, IdentifierPlan::Generated { .. })
    };
    (0..plan.entities.len())
        .filter(is_generated)
        .max_by_key(|place| plan.entities[*place].source_rows)
        .expect("a table with ids")
}

pub fn nothing() -> Call {
    Arc::new(|| async {}.boxed())
}

/// A pair without anything special, and where it lies.
pub fn plain(engine: &TestEngine) -> (Case, Bench) {
    let case = (60..)
        .find_map(|seed| {
            let case = Case::of(&Recipe { seed, size: 5, features: Vec::new(), flaw: None })?;
            let has_rows = case.pair.source.entities.iter().any(|e| is_numbered(e, 12));
            has_rows.then_some(case)
        })
        .expect("some pair");
    let bench = Bench::on(engine, &case.pair, case.recipe.seed);
    (case, bench)
}

fn identifier(scene: &Scene) -> String {
    match &scene.planned.plan.entities[scene.place].identifier {
        IdentifierPlan::Generated { destination, .. } => destination.name.clone(),
        other => panic!("{other:?}"),
    }
}

pub fn delete(bench: &Bench, scene: &Scene, id: i64) {
    let (table, key) = (scene.table().name, identifier(scene));
    let sql = format!("DELETE FROM [{table}] WHERE [{key}] = {id}");
    bench.databases.execute(Side::Destination, &sql);
}

/// What a row of somebody else holds: as little as possible.
pub async fn least(
    destination: &dyn Destination,
    table: &TableName,
) -> (Vec<ColumnShape>, Vec<Value>) {
    let shape = destination.shape(table).await.expect("a shape").expect("a table");
    let own = shape.columns.iter().filter(|column| !column.identity && !column.computed);
    let (may, must): (Vec<ColumnShape>, Vec<ColumnShape>) =
        own.cloned().partition(|column| column.nullable || column.has_default);
    // A row needs some column.
    let columns: Vec<ColumnShape> =
        must.into_iter().chain(may.into_iter().filter(|column| column.nullable).take(1)).collect();
    let row: Vec<Value> = columns
        .iter()
        .map(|column| match column.data_type.kind() {
            _ if column.nullable => Value::Null,
            Some(ValueKind::Text) => text("x"),
            Some(ValueKind::Bit) => Value::Bit(false),
            _ => Value::Integer(0),
        })
        .collect();
    (columns, row)
}

/// Somebody inserts a row; the id that it is given.
pub async fn of_somebody(destination: &dyn Destination, table: &TableName) -> i64 {
    let (columns, row) = least(destination, table).await;
    let identity = destination.shape(table).await.expect("a shape").expect("a table");
    let identity = identity.identity().expect("an identity").name.clone();
    let target =
        InsertTarget { table: table.clone(), columns: columns.clone(), identity: Some(identity) };
    let mut writer = destination.writer(&session("somebody")).await.expect("a writer");
    writer.begin().await.expect("begun");
    let ids = writer.insert(&target, &batch(&columns, &[row])).await.expect("inserted");
    commit(&mut writer).await;
    ids[0]
}
