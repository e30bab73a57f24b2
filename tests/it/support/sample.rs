//! The practice pair in two scratch databases, and its sample plan.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::database::{ConnectionSpec, open_builder, open_destination, open_source};
use osferry::outsystems::Side;
use osferry::plan::PlanFile;
use osferry::practice::{self, PracticeOptions};

use super::engine::TestEngine;
use super::library::{Planned, planned};

/// The text of the sample plan, for files beside it.
pub fn sample_text() -> String {
    let file = |path: &str, purpose: &str| {
        let mut table = toml_edit::Table::new();
        table.insert("engine", toml_edit::value("sqlite"));
        table.insert("path", toml_edit::value(path));
        table.insert("purpose", toml_edit::value(purpose));
        table
    };
    practice::sample_plan(file("prod.sqlite", "production"), file("dev.sqlite", "development"))
        .expect("the sample plan")
}

/// The sample plan, under this name.
pub fn sample(name: &str) -> PlanFile {
    PlanFile::parse(&sample_text(), name).expect("a plan")
}

/// A small practice pair: Production, then Non-Production.
pub async fn pair(engine: &TestEngine) -> [ConnectionSpec; 2] {
    let specs = [engine.scratch().await, engine.scratch().await];
    for (spec, side) in specs.iter().zip([Side::Source, Side::Destination]) {
        let builder = open_builder(spec).await.expect("a builder");
        practice::build(builder, side, PracticeOptions { rows: Some(60) }).await.expect("built");
    }
    specs
}

/// A plan of a pair as it is now.
pub async fn planned_on([source, destination]: &[ConnectionSpec; 2], file: PlanFile) -> Planned {
    let source = open_source(source).await.expect("a source");
    let destination = open_destination(destination).await.expect("a destination");
    planned(source.as_ref(), destination.as_source(), file).await
}

/// Has readers and writers of a file go side by side, as on a server.
pub fn side_by_side(spec: &ConnectionSpec) {
    if let ConnectionSpec::Sqlite { path } = spec {
        let connection = rusqlite::Connection::open(path).expect("a file");
        connection.pragma_update(None, "journal_mode", "wal").expect("a write-ahead log");
    }
}
