//! The clean-up of a clone, from the proof that it is one to its undo, on both engines.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod commands;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use osferry::database::{
    ColumnRef, ConnectionSpec, Destination, Filter, RowsRequest, Source, TableName, open_builder,
    open_destination, open_source,
};
use osferry::front::checklists::Checklist;
use osferry::front::cleanup::{self, Cleanup};
use osferry::front::{Home, KnownRun};
use osferry::migrate::Controller;
use osferry::migrate::journal::{Journal, RunState};
use osferry::outsystems::Side;
use osferry::plan::CleanupFile;
use osferry::practice::{self, PracticeOptions};
use osferry::procedures::{self, Found, Says, Standing, StepState};

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
    // Its front-ends were those of the original; what leads elsewhere is still there, to be changed.
    let [scanned, clean] = &done.record.scans;
    assert!(scanned.of_original() > 0, "{}", scanned.lines());
    assert_eq!(clean.of_original(), 0, "{}", clean.lines());
    assert!(clean.remains.iter().any(|found| found.host == "partner.nordhaven.example"));
    assert!(!done.record.to_json().contains("AES:secret-of-production"));
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
    assert!(undone.differs.is_none());
    assert_eq!(undone.tables, foreseen.tables);
    assert_eq!(changed(&before, &bench.rows().await), Vec::<String>::new());
    assert!(undo(false).await.is_err(), "undone twice");
}

/// A text as it stands in a row that is printed.
fn as_shown(text: &str) -> String {
    format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned()
}

/// What a DBA's own tools make of a script.
async fn carried_out(engine: &TestEngine, spec: &ConnectionSpec, script: &str) -> bool {
    match (engine, spec) {
        (TestEngine::SqlServer(server, _), ConnectionSpec::SqlServer(spec)) => {
            server.try_carry_out(&spec.database, script).await.is_ok()
        }
        (_, ConnectionSpec::Sqlite { path }) => {
            let connection = rusqlite::Connection::open(path).expect("the file");
            let done = connection.execute_batch(script).is_ok();
            assert!(connection.is_autocommit(), "a transaction is left open");
            done
        }
        _ => panic!("an engine with another's database"),
    }
}

async fn the_script_does_what_a_clean_up_does(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let before = bench.rows().await;
    let cleanup = bench.cleanup("[cleanup]\nwith = [\"cut-connections\"]\n").await;
    let looked = cleanup.look().await.expect("a look");
    let file = Path::new("out/cleanup.sql");
    let scripts = cleanup.scripts(&looked, file).await.expect("scripts");
    // A practice database has no users of the original's.
    let [script] = scripts.as_slice() else { panic!("{scripts:?}") };
    assert_eq!(script.file, file);
    for secret in ["AES:", "env-nordhaven-prod", "not set"] {
        assert!(!script.text.contains(secret), "{secret}: {}", script.text);
    }
    assert!(script.text.contains("[mobile-configuration]"), "{}", script.text);
    let original = Some(bench.original_name());
    let done = cleanup
        .carry_out(&bench.home, &bench.name(), original.as_deref(), Controller::new().1)
        .await
        .expect("cleaned up");
    let cleaned = bench.rows().await;
    let run = bench.only_run();
    let header = Journal::open(&run.folder).and_then(|journal| journal.header()).expect("a header");
    let clone = bench.destination().await;
    cleanup::undo(&run, header, clone, Controller::new().1, false).await.expect("undone");
    assert_eq!(changed(&before, &bench.rows().await), Vec::<String>::new());

    assert!(carried_out(engine, &bench.clone, &script.text).await);
    assert_eq!(changed(&cleaned, &bench.rows().await), Vec::<String>::new());
    // There are no longer as many rows: nothing happens.
    assert!(!carried_out(engine, &bench.clone, &script.text).await);
    assert_eq!(changed(&cleaned, &bench.rows().await), Vec::<String>::new());
    let nothing = cleanup.scripts(&cleanup.look().await.expect("a look"), file).await;
    assert!(nothing.expect("no scripts").is_empty());
    assert!(done.record.is_clean());
}

async fn users_of_the_original_are_found_and_their_owners_changed(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let look = async || bench.cleanup("").await.look().await.expect("a look").users;
    let [platform, log] = look().await.try_into().expect("two databases");
    assert!(log.absent.expect("said").contains("not declared"));
    let (TestEngine::SqlServer(server, _), ConnectionSpec::SqlServer(spec)) =
        (engine, &bench.clone)
    else {
        assert!(platform.absent.expect("said").contains("a file has no users"));
        return;
    };
    assert_eq!(platform.orphaned().count(), 0, "{}", platform.lines());
    let database = &spec.database;
    for sql in [
        &*format!("CREATE LOGIN {database}_gone WITH PASSWORD = 'Osferry-Test-1'"),
        &*format!("CREATE LOGIN {database}_here WITH PASSWORD = 'Osferry-Test-1'"),
        &*format!("CREATE USER OSRUNTIME FOR LOGIN {database}_gone"),
        &*format!("CREATE USER OSADMIN FOR LOGIN {database}_here"),
        "CREATE SCHEMA of_runtime AUTHORIZATION OSRUNTIME",
        &*format!("DROP LOGIN {database}_gone"),
    ] {
        server.query(database, sql).await;
    }
    let [platform, _] = look().await.try_into().expect("two databases");
    server.query("master", &format!("DROP LOGIN {database}_here")).await;
    let orphaned: Vec<&str> = platform.orphaned().map(|user| user.name.as_str()).collect();
    assert_eq!(orphaned, ["OSRUNTIME"], "{}", platform.lines());
    let lines = platform.lines();
    assert!(lines.contains("schema of_runtime"), "{lines}");
    assert!(lines.contains(&format!("OSADMIN: login {database}_here, the platform's")), "{lines}");
    let removals = platform.removals();
    let told: Vec<(&str, bool)> =
        removals.iter().map(|one| (one.user.as_str(), one.is_optional)).collect();
    assert_eq!(told, [("OSADMIN", true), ("OSRUNTIME", false)]);
    let cleanup = bench.cleanup("").await;
    let looked = cleanup.look().await.expect("a look");
    let scripts = cleanup.scripts(&looked, Path::new("cleanup.sql")).await.expect("scripts");
    let users = scripts.iter().find(|script| script.file.ends_with("cleanup-platform-users.sql"));
    let text = &users.expect("the users' script").text;
    assert!(text.contains("ALTER AUTHORIZATION ON SCHEMA::[of_runtime] TO [dbo];"), "{text}");
    assert!(text.contains("\nDROP USER IF EXISTS [OSRUNTIME];"), "{text}");
}

async fn a_log_database_is_another_one(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let log = engine.scratch().await;
    let builder = open_builder(&log).await.expect("a database");
    builder.finish().await.expect("an empty database");
    let mut cleanup = bench.cleanup("").await;
    for (wrong, said) in [(&bench.clone, "the clone itself"), (&bench.original, "original")] {
        let fault = cleanup.open_log(wrong).await.expect_err("another database");
        assert!(fault.what.contains(said), "{fault}");
    }
    cleanup.open_log(&log).await.expect("open");
    let looked = cleanup.look().await.expect("a look");
    let [_, users] = looked.users.as_slice() else { panic!("{:?}", looked.users) };
    assert_eq!(users.role, "Log");
    assert_eq!(users.place, cleanup.log().expect("open").facts().place);
    let is_about_log = |text: &str| text.contains("Log database");
    let evidence = looked.copy.evidence.iter().filter(|fact| is_about_log(&fact.text)).count();
    // A file has no sessions.
    assert_eq!(evidence, usize::from(matches!(engine, TestEngine::SqlServer(..))));
}

async fn a_checklist_is_told_what_the_databases_know(engine: &TestEngine) {
    let bench = Bench::new(engine).await;
    let cleanup = bench.cleanup("[cleanup]\nwith = [\"cut-connections\"]\n").await;
    let ask = async |name: &str, label: &str| -> BTreeMap<String, (Says, String)> {
        let mut checklist = Checklist::open(&bench.home, name, label).expect("a checklist");
        let asked = cleanup.asked(&[], "2030-01-01 00:00:00");
        checklist.ask(&asked).await.expect("answers");
        checklist.save().expect("kept");
        let kept = Checklist::open(&bench.home, name, label).expect("the same checklist");
        assert_eq!(kept.walk, checklist.walk);
        assert!(kept.walk.marks.is_empty(), "ticked");
        kept.walk.answers.into_iter().map(|(step, a)| (step, (a.says, a.text))).collect()
    };
    let told = |answers: &BTreeMap<String, (Says, String)>, expected: &[(&str, Says, &str)]| {
        for (step, says, text) in expected {
            let (said, words) = &answers[*step];
            assert_eq!(said, says, "{step}: {words}");
            assert!(words.contains(text), "{step}: {words}");
        }
    };
    let statements = ask("clone-sqlserver", "before").await;
    told(
        &statements,
        &[
            ("servers", Says::No, "2 rows are left"),
            ("identifier", Says::No, "rows are left"),
            ("users", Says::Yes, if engine_is_server(engine) { "none orphaned" } else { "a file" }),
        ],
    );
    assert!(!statements.contains_key("cut-connections"), "{statements:?}");
    told(
        &ask("installation-fresh", "before").await,
        &[
            ("service-center", Says::No, "the original's are there: NHPRDFE01"),
            ("extensions", Says::No, "rows of OSSYS_EXTENSION_DBCONNECTION"),
            ("extensions", Says::No, "no host of its Service Center: the original's"),
            ("references", Says::No, "places name the original"),
            ("log", Says::Unclear, "no Log database is declared"),
        ],
    );
    let original = Some(bench.original_name());
    cleanup
        .carry_out(&bench.home, &bench.name(), original.as_deref(), Controller::new().1)
        .await
        .expect("cleaned up");
    for (step, (says, text)) in ask("clone-sqlserver", "after").await {
        assert_eq!(says, Says::Yes, "{step}: {text}");
    }
    // No user of the practice databases has one of the platform's names.
    let platform = if engine_is_server(engine) { Says::Unclear } else { Says::Yes };
    for name in ["installation-fresh", "installation-existing"] {
        let answers = ask(name, "after").await;
        let start = if name == "installation-fresh" { "service-center" } else { "apply" };
        told(
            &answers,
            &[
                ("platform", platform, "version 11."),
                (start, Says::No, "no server has registered yet"),
                ("extensions", Says::Yes, "0 rows"),
                ("delete-connections", Says::Yes, "0 database connections"),
                (
                    "delete-connections",
                    Says::Yes,
                    "no host of its Service Center: OSSYS_SERVER has no rows",
                ),
                ("catalogs", Says::No, "has no login yet"),
                ("references", Says::Yes, "0 places name the original"),
                ("waiting", Says::No, "due"),
            ],
        );
    }
    // The clone's own server has registered: the host to be confirmed is named.
    let registers = "INSERT INTO OSSYS_SERVER (NAME) VALUES ('NHCLONE01')";
    match (engine, &bench.clone) {
        (TestEngine::SqlServer(server, _), ConnectionSpec::SqlServer(spec)) => {
            server.query(&spec.database, registers).await;
        }
        _ => assert!(carried_out(engine, &bench.clone, registers).await, "it registers"),
    }
    let host = "the clone's own Service Center is on NHCLONE01";
    let answers = ask("installation-fresh", "later").await;
    let expected = [("extensions", Says::Yes, host), ("delete-connections", Says::Yes, host)];
    told(&answers, &expected);
}

fn engine_is_server(engine: &TestEngine) -> bool {
    matches!(engine, TestEngine::SqlServer(..))
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
    assert!(fault.what.to_uppercase().contains("REFER BY SERVER_ID"), "{fault}");
    assert_eq!(changed(&before, &bench.rows().await), Vec::<String>::new());
}

/// Sets the value of a site property, past the program.
async fn spoil(spec: &ConnectionSpec, id: i64) {
    let destination = open_destination(spec).await.expect("the new database");
    let name = TableName::new("OSSYS_SITE_PROPERTY_SHARED");
    let shape = destination.shape(&name).await.expect("a shape").expect("the table");
    let column = |name: &str| shape.column(name).expect(name).clone();
    let (key, value) = (column("ID"), column("PROPERTY_VALUE"));
    let types = [&key.data_type, &value.data_type];
    let mut batch = osferry::database::Batch::for_types(types).expect("a batch");
    let row = [osferry::database::Value::Integer(id), osferry::database::Value::text("spoilt")];
    batch.push_row(&row).expect("a row");
    let target = osferry::database::UpdateTarget { table: shape.name, key, columns: vec![value] };
    let mut writer =
        destination.writer(&format!("spoil{id}x{}", std::process::id())).await.expect("a session");
    writer.begin().await.expect("begun");
    assert_eq!(writer.update(&target, &batch).await.expect("set"), 1);
    let token = osferry::database::JournalToken::for_engine_tests();
    assert!(matches!(writer.commit(token).await, osferry::database::Outcome::Done));
}

async fn a_restored_database_is_intact_until_a_value_differs(engine: &TestEngine) {
    let options = PracticeOptions { rows: Some(12) };
    let (old, new) = (engine.scratch().await, engine.scratch().await);
    for spec in [&old, &new] {
        let builder = open_builder(spec).await.expect("a database");
        practice::build(builder, Side::Source, options).await.expect("the database");
    }
    let compared = async || {
        let (old, new) =
            (open_source(&old).await.expect("old"), open_source(&new).await.expect("new"));
        procedures::compare(old.as_ref(), new.as_ref(), |_| {}).await.expect("compared")
    };
    let intact = compared().await;
    assert!(intact.is_intact(), "{}", intact.lines());
    assert!(intact.tables > 40 && intact.rows > 300, "{}", intact.lines());
    let source = open_source(&new).await.expect("new");
    let known = TableName::new("OSSYS_SITE_PROPERTY_SHARED");
    let id = source.highest(&known, "ID").await.expect("ids").expect("a row");
    drop(source);
    spoil(&new, id).await;
    let spoilt = compared().await;
    let [only] = spoilt.differences.as_slice() else { panic!("{}", spoilt.lines()) };
    assert!(only.table.to_uppercase().ends_with("OSSYS_SITE_PROPERTY_SHARED"), "{only:?}");
    assert!(only.what.contains("rows differ"), "{only:?}");

    if let (TestEngine::SqlServer(server, _), ConnectionSpec::SqlServer(spec)) = (engine, &old) {
        let login = format!("{}_rt", spec.database);
        server
            .query("master", &format!("CREATE LOGIN {login} WITH PASSWORD = 'Osferry-Test-1'"))
            .await;
        let user = format!("CREATE USER OSRUNTIME FOR LOGIN {login}");
        server.query(&spec.database, &user).await;
        server.query(&spec.database, "CREATE ROLE os_readers").await;
        server.query(&spec.database, "ALTER ROLE os_readers ADD MEMBER OSRUNTIME").await;
        let lacking = compared().await;
        server.query("master", &format!("DROP LOGIN {login}")).await;
        let told: Vec<&str> = lacking.differences.iter().map(|one| one.what.as_str()).collect();
        assert!(told.contains(&"the user osruntime is not there"), "{told:?}");
        assert!(told.contains(&"osruntime is no member of os_readers any more"), "{told:?}");
    }

    let other = open_source(&old).await.expect("old");
    let itself = procedures::compare(other.as_ref(), other.as_ref(), |_| {}).await;
    assert!(itself.is_err(), "compared with itself");
}

crate::on_both_engines!(
    a_restored_database_is_intact_until_a_value_differs,
    a_clone_is_cleaned_and_undone_to_its_exact_rows,
    the_script_does_what_a_clean_up_does,
    users_of_the_original_are_found_and_their_owners_changed,
    a_log_database_is_another_one,
    a_checklist_is_told_what_the_databases_know,
    what_is_absent_is_said_and_what_is_left_out_stays,
    the_original_itself_and_a_wrong_name_are_refused,
    rows_that_others_refer_to_stop_it,
);
