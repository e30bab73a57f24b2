//! The clean-up of a clone, from the proof that it is one to its undo, on both engines.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use osferry::database::{
    ColumnRef, ConnectionSpec, Destination, Filter, RowsRequest, Source, TableName, open_builder,
    open_destination, open_source,
};
use osferry::front::cleanup::{self, Cleanup};
use osferry::front::{Home, KnownRun};
use osferry::migrate::Controller;
use osferry::migrate::journal::{Journal, RunState};
use osferry::outsystems::Side;
use osferry::plan::CleanupFile;
use osferry::practice::{self, PracticeOptions};
use osferry::procedures::{Found, Standing, StepState};

use crate::support::engine::TestEngine;

/// Rows of each table as one sorted list of lines.
type Rows = BTreeMap<String, Vec<String>>;

struct Bench {
    home: Home,
    clone: ConnectionSpec,
    original: ConnectionSpec,
    _folder: tempfile::TempDir,
}

const PLAN: &str = "version = 1
name = \"may\"
[clone]
engine = \"sqlite\"
path = \"clone.sqlite\"
purpose = \"non-production\"
[original]
engine = \"sqlite\"
path = \"prod.sqlite\"
";

impl Bench {
    /// The original first: a copy is younger.
    async fn new(engine: &TestEngine) -> Self {
        let options = PracticeOptions { rows: Some(12) };
        let (original, clone) = (engine.scratch().await, engine.scratch().await);
        let builder = open_builder(&original).await.expect("a database");
        practice::build(builder, Side::Source, options).await.expect("the original");
        let builder = open_builder(&clone).await.expect("a database");
        practice::build_clone(builder, options).await.expect("the clone");
        let folder = tempfile::tempdir().expect("a folder");
        Self { home: Home::at(folder.path().join("home")), clone, original, _folder: folder }
    }

    async fn cleanup(&self, more: &str) -> Cleanup {
        let text = format!("{PLAN}{more}");
        let file = CleanupFile::parse(&text, "plan").expect("a plan");
        let plan = ("cleanup.toml".into(), text, Path::new(".").to_path_buf());
        Cleanup::open(file, plan, &self.clone, Ok(self.original.clone())).await.expect("both open")
    }

    fn name(&self) -> String {
        name_of(&self.clone)
    }

    /// The name that makes up for facts that a server does not tell.
    fn original_name(&self) -> String {
        "prod".to_owned()
    }

    async fn destination(&self) -> Arc<dyn Destination> {
        Arc::from(open_destination(&self.clone).await.expect("the clone"))
    }

    async fn rows(&self) -> Rows {
        let source = open_source(&self.clone).await.expect("the clone");
        let mut all = Rows::new();
        for table in source.tables(None).await.expect("tables") {
            // What a server keeps for the program's own lock is none of the clone's.
            all.insert(table.name.to_uppercase(), lines(source.as_ref(), &table).await);
        }
        all
    }

    fn only_run(&self) -> KnownRun {
        let mut runs = self.home.runs().expect("runs");
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }
}

fn name_of(spec: &ConnectionSpec) -> String {
    match spec {
        ConnectionSpec::Sqlite { path } => path.file_stem().expect("a name").display().to_string(),
        ConnectionSpec::SqlServer(spec) => spec.database.clone(),
    }
}

async fn lines(source: &dyn Source, table: &TableName) -> Vec<String> {
    let shape = source.shape(table).await.expect("a shape").expect("a table");
    let columns: Vec<ColumnRef> = shape.columns.iter().map(ColumnRef::from).collect();
    let rows = source.rows(&RowsRequest::whole(&shape.name, columns)).await.expect("rows");
    let mut lines: Vec<String> =
        (0..rows.len()).map(|row| format!("{:?}", rows.row(row))).collect();
    lines.sort();
    lines
}

async fn count(bench: &Bench, table: &str) -> u64 {
    let source = open_source(&bench.clone).await.expect("the clone");
    source.count(&TableName::new(table), &Filter::All).await.expect(table)
}

/// The tables whose rows differ.
fn changed(before: &Rows, after: &Rows) -> Vec<String> {
    before
        .iter()
        .filter(|(name, rows)| after.get(*name) != Some(rows))
        .map(|(n, _)| n.clone())
        .collect()
}

async fn a_clone_is_cleaned_and_undone_to_its_exact_rows(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let before = bench.rows().await;
    let cleanup = bench.cleanup("[cleanup]\nwith = [\"cut-connections\"]\n").await;
    let done = cleanup
        .carry_out(&bench.home, &bench.name(), Some(&bench.original_name()), Controller::new().1)
        .await
        .expect("cleaned up");
    assert!(done.record.is_clean(), "{}", done.record.to_markdown());
    let after = bench.rows().await;
    // What the guide says is empty is empty, what it says stays is there.
    for (table, rows) in [
        ("OSSYS_SERVER", 0),
        ("OSSYS_MODULEFRONTEND", 0),
        ("OSSYS_MODULEINTERNALADDRESS", 0),
        ("OSSYS_PLATFORMCONFIG", 1),
        ("OSSYS_APP_MOBILE_CONFIG", 0),
        ("OSSYS_MOBILE_CERTIFICATE", 0),
        ("OSSYS_MOBILE_CONFIG_DATA", 0),
        ("OSSYS_EXTENSION_DBCONNECTION", 0),
        ("OSSYS_DBCONNECTION", 1),
        ("OSSYS_PLATFORMSVCS_OBSERVER", 0),
        ("OSUSR_USR_CONFIGIDP", 0),
        ("OSUSR_USR_CONFIG_USERMAPPINGS", 0),
        // Version, SessionVersion and the mark of practice.
        ("OSSYS_PARAMETER", 3),
    ] {
        assert_eq!(count(&bench, table).await, rows, "{table}");
    }
    let held = |table: &str, text: &str| {
        after[table].iter().filter(|row| row.contains(&as_shown(text))).count()
    };
    assert_eq!(held("OSSYS_DBCATALOG", "OSRUNTIME_ARCHIVE"), 0);
    assert_eq!(held("OSSYS_DBCATALOG", "OSPROD_ARCHIVE"), 1);
    assert_eq!(held("OSSYS_SITE_PROPERTY_SHARED", "AES:secret-of-production"), 0);
    assert_eq!(held("OSSYS_SITE_PROPERTY_SHARED", "not set"), 1);
    assert_eq!(held("OSSYS_SITE_PROPERTY_SHARED", "env-nordhaven-prod"), 0);
    assert_eq!(held("OSSYS_SITE_PROPERTY_SHARED", "https://partner.nordhaven.example/api"), 1);
    assert_eq!(held("OSUSR_LTM_ENVIRONMENT", "Production"), 1);
    assert!(after["OSUSR_LTM_ENVIRONMENT"].iter().all(|row| row.contains("Bit(false)")));
    // Nothing else was touched.
    assert_eq!(
        changed(&before, &after),
        [
            "OSSYS_APP_MOBILE_CONFIG",
            "OSSYS_DBCATALOG",
            "OSSYS_DBCONNECTION",
            "OSSYS_EXTENSION_DBCONNECTION",
            "OSSYS_MOBILE_CERTIFICATE",
            "OSSYS_MOBILE_CONFIG_DATA",
            "OSSYS_MODULEFRONTEND",
            "OSSYS_MODULEINTERNALADDRESS",
            "OSSYS_PARAMETER",
            "OSSYS_PLATFORMCONFIG",
            "OSSYS_PLATFORMSVCS_OBSERVER",
            "OSSYS_SERVER",
            "OSSYS_SITE_PROPERTY",
            "OSSYS_SITE_PROPERTY_SHARED",
            "OSUSR_LTM_ENVIRONMENT",
            "OSUSR_USR_CONFIGIDP",
            "OSUSR_USR_CONFIG_USERMAPPINGS",
        ]
    );

    let run = bench.only_run();
    let journal = Journal::open(&run.folder).expect("a journal");
    journal.check().expect("whole");
    assert_eq!(journal.state().expect("a state"), RunState::Proved);
    let header = journal.header().expect("a header");
    drop(journal);
    let undo = async |only_look| {
        let control = Controller::new().1;
        let clone = bench.destination().await;
        cleanup::undo(&run, header.clone(), clone, control, only_look).await
    };
    let foreseen = undo(true).await.expect("a look");
    assert_eq!(changed(&after, &bench.rows().await), Vec::<String>::new());
    let undone = undo(false).await.expect("undone");
    assert!(undone.is_exact);
    assert_eq!(undone.tables, foreseen.tables);
    assert_eq!(changed(&before, &bench.rows().await), Vec::<String>::new());
    assert!(undo(false).await.is_err(), "undone twice");
}

/// A text as it stands in a row that is printed.
fn as_shown(text: &str) -> String {
    format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned()
}

async fn what_is_absent_is_said_and_what_is_left_out_stays(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let before = bench.rows().await;
    let skip =
        "[cleanup.skip]\nservers = \"the list is wanted\"\ndeployment-zones = \"it names it\"\n";
    let cleanup = bench.cleanup(skip).await;
    let looked = cleanup.look().await.expect("a look");
    let observers = looked.steps.iter().find(|step| step.step == "observers").expect("the step");
    let absent = observers.tables.iter().find(|table| table.name == "OSSYS_CLOUDSERVICES_OBSERVER");
    assert!(matches!(absent.expect("the table").found, Found::Absent(_)), "{observers:?}");
    assert!(
        looked.steps.iter().all(|step| step.step != "servers" && step.step != "cut-connections")
    );
    let original = Some(bench.original_name());
    let done = cleanup
        .carry_out(&bench.home, &bench.name(), original.as_deref(), Controller::new().1)
        .await
        .expect("cleaned up");
    let servers = done.record.steps.iter().find(|step| step.name == "servers").expect("the step");
    assert_eq!(servers.state, StepState::Skipped("the list is wanted".to_owned()));
    let after = bench.rows().await;
    for table in ["OSSYS_SERVER", "OSSYS_MODULEFRONTEND", "OSSYS_DBCONNECTION"] {
        assert_eq!(before[table], after[table], "{table}");
    }
}

async fn the_original_itself_and_a_wrong_name_are_refused(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let before = bench.rows().await;
    let original = Some(bench.original_name());
    let wrong = bench.cleanup("").await;
    let control = || Controller::new().1;
    let refused = wrong.carry_out(&bench.home, "prod", original.as_deref(), control()).await;
    let fault = refused.err().expect("refused");
    assert!(fault.what.contains("is not the clone's name"), "{fault}");

    // The clone declared as its own original.
    let itself = Bench {
        original: bench.clone.clone(),
        home: bench.home.clone(),
        ..Bench::new(engine).await
    };
    let itself = Bench { clone: bench.clone.clone(), ..itself };
    let mixed_up = itself.cleanup("").await;
    let looked = mixed_up.look().await.expect("a look");
    assert!(looked.copy.evidence.iter().any(|fact| fact.standing == Standing::Contradicts));
    let refused =
        mixed_up.carry_out(&bench.home, &bench.name(), original.as_deref(), control()).await;
    let fault = refused.err().expect("refused");
    assert!(fault.what.contains("the declared original itself"), "{fault}");
    assert_eq!(changed(&before, &bench.rows().await), Vec::<String>::new());
    assert!(bench.home.runs().expect("runs").is_empty());
}

async fn rows_that_others_refer_to_stop_it(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let before = bench.rows().await;
    // Modules' front-ends refer to the servers.
    let skip = "[cleanup.skip]\ndeployment-zones = \"zones are kept\"\n";
    let cleanup = bench.cleanup(skip).await;
    let original = Some(bench.original_name());
    let refused = cleanup
        .carry_out(&bench.home, &bench.name(), original.as_deref(), Controller::new().1)
        .await;
    let fault = refused.err().expect("refused");
    assert!(fault.what.contains("refer by SERVER_ID"), "{fault}");
    assert_eq!(changed(&before, &bench.rows().await), Vec::<String>::new());
}

crate::on_both_engines!(
    a_clone_is_cleaned_and_undone_to_its_exact_rows,
    what_is_absent_is_said_and_what_is_left_out_stays,
    the_original_itself_and_a_wrong_name_are_refused,
    rows_that_others_refer_to_stop_it,
);
