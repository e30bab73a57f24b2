//! A plan carried out as a front end does it: what it is told on the way, and what it gets in the
//! end when something goes wrong late.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use osferry::compare::Answers;
use osferry::front::practice::{Making, is_there, make_files};
use osferry::front::verify::{Again, Verified};
use osferry::front::{Carried, Home, Ready, Sides, Stage, carry_out, open, review};
use osferry::migrate::journal::RunState;
use osferry::migrate::{Command, Controller, Environments, Progress, RunEnd};
use osferry::outsystems::Side;
use osferry::plan::{self, PlanFile};
use osferry::practice::PracticeOptions;
use osferry::report::Verdict;
use rusqlite::Connection;
use tokio::sync::watch;

use crate::estate::generate;
use crate::estate::model::Pair;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Plan};
use crate::support::engine::TestEngine;

crate::on_both_engines!(what_is_published_after_the_last_row_leaves_the_run_unproved);

fn pair() -> Pair {
    let features = vec![Feature::ExistingRows, Feature::Extension, Feature::MissingUsers];
    generate::pair(&Recipe { seed: 12, size: 2, features, flaw: None })
}

fn bench() -> Bench {
    Bench::new(&pair(), 12)
}

fn home(bench: &Bench) -> Home {
    Home::at(bench.folder.path().join("home"))
}

/// Opens, reads, compares, decides as recommended, plans.
async fn ready(bench: &Bench, text: &str) -> Ready {
    let folder = bench.folder.path();
    let file = PlanFile::parse(text, "x").expect("a plan");
    let (there, here) =
        (bench.databases.spec(Side::Source), bench.databases.spec(Side::Destination));
    let source = open::to_read(Side::Source, &there).await.expect("the source");
    let destination = open::to_write(&here).await.expect("the destination");
    let models = open::models(source.as_ref(), destination.as_source());
    let (source_model, destination_model) = can_be_spawned(models).await.expect("both models");
    let environments = Environments {
        source: source.as_ref(),
        destination: destination.as_source(),
        source_model: &source_model,
        destination_model: &destination_model,
    };
    let (mut decisions, mut answers) = (file.decisions.clone(), Answers::default());
    let reviewing = review(environments, &file.scope, &mut decisions, &mut answers, true, |_| {});
    let reviewed = can_be_spawned(reviewing).await.expect("a review");
    let plan = plan::build(
        &file.name,
        &source_model,
        &destination_model,
        &reviewed,
        &decisions,
        &file.options,
    );
    Ready {
        plan: Arc::new(plan.unwrap_or_else(|refusal| panic!("{refusal:?}"))),
        source,
        destination,
        source_model,
        destination_model,
        plan_file: "plan.toml".to_owned(),
        plan_text: text.to_owned(),
        folder: folder.to_path_buf(),
        confirmed: "dev".to_owned(),
        mask_key: None,
    }
}

/// A front end that draws meanwhile has it done by a task of its own.
fn can_be_spawned<T: Send>(work: T) -> T {
    work
}

/// What a run told on the way, in a word each; the same word in a row counts once.
#[derive(Default)]
struct Heard(Vec<&'static str>);

impl Heard {
    fn hear(&mut self, stage: &Stage<'_>) {
        let word = match stage {
            Stage::Started { .. } => "started",
            Stage::Ended(RunEnd::Written) => "written",
            Stage::Ended(RunEnd::Stopped(_)) => "stopped",
            Stage::Ended(RunEnd::Failed(_)) => "failed",
            Stage::Proving(_) => "proving",
        };
        if self.0.last() != Some(&word) {
            self.0.push(word);
        }
    }
}

/// Carries the usual plan out; `meddle` may do something to the run's folder once it has ended.
async fn carried(
    bench: &Bench,
    mut meddle: impl FnMut(&Path) + Send,
) -> (Carried, Vec<&'static str>) {
    let ready = ready(bench, &bench.usual_plan().text()).await;
    let (_controller, control) = Controller::new();
    let (progress, _watched) = watch::channel(Progress::new(&ready.plan));
    let mut heard = Heard::default();
    let mut place = None;
    let home = home(bench);
    let carrying = carry_out(&home, &ready, control, progress, |stage| {
        heard.hear(&stage);
        match stage {
            Stage::Started { folder, .. } => place = Some(folder.to_path_buf()),
            Stage::Ended(_) => meddle(place.as_deref().expect("it started")),
            Stage::Proving(_) => {}
        }
    });
    let carried = can_be_spawned(carrying).await.expect("not refused");
    (carried, heard.0)
}

fn spoil(file: &Path, statement: &str) {
    let connection = Connection::open(file).expect("a database");
    connection.pragma_update(None, "foreign_keys", false).expect("off");
    connection.execute_batch(statement).expect(statement);
}

#[tokio::test]
async fn a_run_is_followed_proved_reported_and_proved_again() {
    let bench = bench();
    let (carried, heard) = carried(&bench, |_| {}).await;
    assert_eq!(heard, ["started", "written", "proving"]);
    assert_eq!(carried.report.as_ref().map(|report| report.verdict), Some(Verdict::Proved));
    assert!(carried.trouble.is_none() && carried.unsaved.is_none(), "{carried:?}");
    // The report twice, and the script for the statistics.
    assert_eq!(carried.files.len(), 3);
    assert!(carried.files.iter().all(|file| file.starts_with(&carried.folder) && file.is_file()));
    let (known, journal) = home(&bench).run(&carried.id).expect("the run");
    assert_eq!(known.folder, carried.folder);
    let header = journal.header().expect("a header");
    assert_eq!(header.operator.confirmed, "dev");
    assert_eq!(header.plan_text, Plan::new().text());
    let ready = ready(&bench, &header.plan_text).await;
    let sides = Sides {
        source: ready.source.as_ref(),
        destination: ready.destination.as_source(),
        source_model: &ready.source_model,
        destination_model: &ready.destination_model,
        mask_key: None,
    };
    let again = Again::open(&known, sides, Some(1), false).expect("a journal");
    let verifying = again.verify(Mutex::new(journal), |_| {}, |_| {});
    assert!(
        matches!(can_be_spawned(verifying).await, Ok(Verified::Sample(proof)) if proof.holds())
    );
}

#[tokio::test]
async fn what_is_refused_leaves_no_run_behind() {
    let bench = bench();
    let ready = ready(&bench, &Plan::new().text()).await;
    // Somebody else is writing there.
    let _lock = ready.destination.lock_run("another").await.expect("a lock");
    let (_controller, control) = Controller::new();
    let (progress, _watched) = watch::channel(Progress::new(&ready.plan));
    let mut heard = Heard::default();
    let outcome =
        carry_out(&home(&bench), &ready, control, progress, |stage| heard.hear(&stage)).await;
    outcome.expect_err("refused");
    assert_eq!(heard.0, ["started"]);
    assert!(home(&bench).runs().expect("runs").is_empty());
    assert!(bench.source_unchanged());
}

#[tokio::test]
async fn a_stopped_run_has_a_report_and_no_proof() {
    let bench = bench();
    let ready = ready(&bench, &Plan::new().text()).await;
    let (controller, control) = Controller::new();
    controller.say(Command::Stop);
    let (progress, _watched) = watch::channel(Progress::new(&ready.plan));
    let mut heard = Heard::default();
    let carried =
        carry_out(&home(&bench), &ready, control, progress, |stage| heard.hear(&stage)).await;
    let carried = carried.expect("not refused");
    assert_eq!(heard.0, ["started", "stopped"]);
    assert!(carried.trouble.is_none(), "{carried:?}");
    let report = carried.report.expect("a report");
    assert_eq!((report.verdict, report.proof.is_none()), (Verdict::Stopped, true));
}

#[tokio::test]
async fn a_proof_that_cannot_be_made_leaves_the_report_of_what_was_written() {
    let bench = bench();
    let destination = bench.destination();
    let (carried, heard) = carried(&bench, |_| {
        let table: String = Connection::open(&destination)
            .and_then(|connection| {
                connection.query_row(
                    "SELECT PHYSICAL_TABLE_NAME FROM OSSYS_ENTITY WHERE NAME = 'Thing0' \
                     AND IS_ACTIVE = 1",
                    [],
                    |row| row.get(0),
                )
            })
            .expect("a table");
        spoil(&destination, &format!("DROP TABLE \"{table}\""));
    })
    .await;
    assert_eq!(heard, ["started", "written", "proving"]);
    let trouble = carried.trouble.expect("no proof").to_string();
    assert!(trouble.contains("osferry verify"), "{trouble}");
    let report = carried.report.expect("a report");
    assert_eq!((report.verdict, report.state), (Verdict::Written, RunState::Written));
    assert!(report.totals.written > 0);
    // The report twice, and the script for the statistics.
    assert_eq!(carried.files.len(), 3);
}

/// The tables that a proof would compare may be others by then.
async fn what_is_published_after_the_last_row_leaves_the_run_unproved(engine: &TestEngine) {
    for side in [Side::Source, Side::Destination] {
        let pair = pair();
        let bench = Bench::on(engine, &pair, 12);
        let rename = |from: &str, to: &str| {
            let sql = format!("UPDATE OSSYS_ESPACE SET NAME = '{to}' WHERE NAME = '{from}'");
            bench.databases.execute(side, &sql);
        };
        let (carried, heard) = carried(&bench, |_| rename("Core_CS", "RenamedSince")).await;
        assert_eq!(heard, ["started", "written", "proving"]);
        let trouble = carried.trouble.expect("no proof").to_string();
        assert!(trouble.contains("everything is written, and not proved: "), "{trouble}");
        assert!(trouble.contains(&format!("somebody published in the {side}")), "{trouble}");
        assert!(trouble.contains("osferry verify"), "{trouble}");
        let report = carried.report.expect("a report");
        assert_eq!((report.verdict, report.state), (Verdict::Written, RunState::Written));
        assert!(report.totals.written > 0 && report.proof.is_none());
        // Everything is there, and is proved once the model is again what it was.
        rename("RenamedSince", "Core_CS");
        let verified = bench.osferry(&["verify", &carried.id]);
        assert_eq!(verified.code, Some(0), "{}", verified.all());
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_written_undoes_nothing() {
    let bench = bench();
    let (carried, _) = carried(&bench, |folder| {
        std::fs::create_dir(folder.join("report.md")).expect("something in its place");
    })
    .await;
    assert_eq!(carried.report.map(|report| report.verdict), Some(Verdict::Proved));
    assert!(carried.trouble.is_none());
    let is_report = |file: &PathBuf| file.file_stem().is_some_and(|stem| stem == "report");
    assert!(!carried.files.iter().any(is_report));
    let unsaved = carried.unsaved.expect("it cannot be written").to_string();
    assert!(unsaved.contains("report.md"), "{unsaved}");
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_any_more_is_no_refusal() {
    let bench = bench();
    let (carried, _) = carried(&bench, |folder| {
        spoil(&folder.join("journal.sqlite"), "UPDATE run SET header = 'gone'");
    })
    .await;
    assert!(carried.report.is_none() && carried.files.is_empty());
    assert!(carried.trouble.is_some(), "nobody says why");
}

/// Older journals do not say who started the run.
#[tokio::test]
async fn a_journal_without_an_operator_can_be_read() {
    let bench = bench();
    let (carried, _) = carried(&bench, |_| {}).await;
    spoil(
        &carried.folder.join("journal.sqlite"),
        "UPDATE run SET header = json_remove(header, '$.operator')",
    );
    let (_, journal) = home(&bench).run(&carried.id).expect("the run");
    let header = journal.header().expect("a header");
    assert_eq!(header.operator, osferry::migrate::journal::Operator::default());
}

#[tokio::test]
async fn a_practice_pair_is_made_told_about_and_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = Mutex::new(Vec::new());
    let hear = |making: Making<'_>| {
        let words = match making {
            Making::UsedAgain { .. } => "used again".to_owned(),
            Making::Begun { side, .. } => format!("{side} begun"),
            Making::Made { side, rows } => format!("{side} made {}", rows > 0),
        };
        told.lock().expect("nobody panicked").push(words);
    };
    assert!(!is_there(folder.path()).await.expect("an empty folder"));
    let options = PracticeOptions { rows: Some(20) };
    let made = can_be_spawned(make_files(folder.path(), options, false, hear)).await;
    let pair = made.unwrap_or_else(|fault| panic!("{fault}"));
    assert!(is_there(folder.path()).await.expect("a pair"));
    let text = std::fs::read_to_string(&pair.plan).expect("the plan");
    let plan = PlanFile::parse(&text, "x").expect("a plan");
    pair.check(&plan, folder.path()).expect("its own plan");
    let mut elsewhere = plan.clone();
    elsewhere.destination = plan.source.clone();
    let fault = pair.check(&elsewhere, folder.path()).expect_err("another database");
    assert!(fault.what.contains("destination"), "{fault}");
    let again = make_files(folder.path(), PracticeOptions::default(), false, hear).await;
    assert!(again.is_ok());
    let told = told.into_inner().expect("nobody panicked");
    let made = ["source begun", "source made true", "destination begun", "destination made true"];
    assert_eq!(told[..4], made);
    assert_eq!(told[4..], ["used again"]);
}

#[test]
fn runs_of_one_second_are_listed_in_the_order_they_began() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::at(folder.path().to_path_buf());
    let second = jiff::civil::date(2026, 3, 4).at(5, 6, 7, 0);
    let second = second.to_zoned(jiff::tz::TimeZone::UTC).expect("a time");
    let mut begun = Vec::new();
    // The last two begin at the very same time.
    for passed in [1_000_000, 2_000_000, 40_000_000, 500_000_000, 999_999_999, 999_999_999] {
        let now = second.with().subsec_nanosecond(passed).build().expect("a time");
        let (id, folder) = home.new_run(&now);
        assert!(id.starts_with("260304-050607-"), "{id}");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("journal.sqlite"), b"").expect("a file");
        begun.push(id);
    }
    let listed: Vec<String> = home.runs().expect("runs").into_iter().map(|run| run.id).collect();
    assert_eq!(listed, begun);
}
