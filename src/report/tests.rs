//! Reports over a journal made by hand.

mod proofs;

use std::path::Path;
use std::sync::Arc;

use proofs::proof;

use super::{ComparisonReport, RunReport, Verdict};
use crate::compare::{
    Choice, Comparison, Finding, FindingKey, FindingKind, LeftOut, Selection, Severity, choice,
};
use crate::database::{
    ColumnRef, ColumnShape, ColumnType, Filter, Refusal, RefusalClass, TableName, Value,
};
use crate::migrate::journal::{
    BatchKind, EmptiedCell, LeftOutRow, NewBatch, Operator, PersonRecord, ReadingRecord, Recorder,
    RunHeader, RunState,
};
use crate::outsystems::{DestinationId, Key, SourceId};
use crate::plan::{
    ColumnPlan, Decision, Decisions, EntityPlan, ExistingPlan, IdentifierPlan, LinksPlan, Misfit,
    OnMatch, Order, Orphan, PersonFate, PersonPlan, Plan, ReferenceRule, Review, Rule, RunOptions,
    SourceReading, Target, UserMask,
};

fn shape(name: &str, data_type: ColumnType, nullable: bool) -> ColumnShape {
    ColumnShape {
        name: name.to_owned(),
        data_type,
        nullable,
        identity: false,
        computed: false,
        has_default: false,
    }
}

fn reference(name: &str, column: &str, target: Target) -> ColumnPlan {
    let source = ColumnRef { name: column.to_owned(), data_type: ColumnType::Int };
    ColumnPlan {
        attribute: name.to_owned(),
        key: Key::new(name),
        source,
        destination: shape(column, ColumnType::Int, true),
        rule: Rule::Reference(ReferenceRule {
            soft: None,
            target,
            may_be_emptied: true,
            none: Value::Null,
            none_is_row: false,
            zero_is_row: false,
            is_deferred: false,
            orphan: Orphan::Empty,
        }),
        mask: None,
    }
}

fn copied(name: &str, column: &str, data_type: ColumnType) -> ColumnPlan {
    ColumnPlan {
        attribute: name.to_owned(),
        key: Key::new(name),
        source: ColumnRef { name: column.to_owned(), data_type: ColumnType::NVarChar(Some(50)) },
        destination: shape(column, data_type, true),
        rule: Rule::Copy { misfit: Misfit::LeaveOut },
        mask: None,
    }
}

fn entity(name: &str, columns: Vec<ColumnPlan>, existing: ExistingPlan, rows: u64) -> EntityPlan {
    let own = name.split('.').next_back().unwrap_or(name).to_uppercase();
    EntityPlan {
        espace: Key::new("e1"),
        entity: Key::new(name),
        name: name.to_owned(),
        reason: None,
        source_table: TableName::new(format!("OSUSR_1_{own}")),
        destination_table: TableName::new(format!("OSUSR_9_{own}")),
        identifier: IdentifierPlan::Generated {
            source: ColumnRef { name: "ID".to_owned(), data_type: ColumnType::Int },
            destination: shape("ID", ColumnType::Int, false),
        },
        columns,
        constants: Vec::new(),
        existing,
        uniques: Vec::new(),
        rows: crate::database::Filter::All,
        source_rows: rows,
        again: None,
    }
}

fn plan() -> Plan {
    let replace = |rows, standing| ExistingPlan::Replace { filter: Filter::All, rows, standing };
    let mut customer = entity(
        "Claims_Core.Customer",
        vec![copied("Name", "NAME", ColumnType::NVarChar(Some(30)))],
        ExistingPlan::Recognise {
            key: vec![0],
            ours: OnMatch::Reuse,
            sets: Vec::new(),
            matches: None,
            rows: 40,
        },
        1_240,
    );
    customer.reason = Some("Claims_CS.Claim.CustomerId".to_owned());
    Plan {
        name: "claims-refresh".to_owned(),
        espaces: Vec::new(),
        entities: vec![
            customer,
            entity(
                "Claims_CS.Claim",
                vec![
                    reference("CustomerId", "CUSTOMERID", Target::Entity(0)),
                    reference("HandledBy", "HANDLEDBY", Target::Users),
                    copied("Reference", "REFERENCE", ColumnType::NVarChar(Some(30))),
                ],
                replace(1_200, 7),
                33_885,
            ),
        ],
        levels: vec![vec![0], vec![1]],
        outside: Vec::new(),
        deletions: vec![1],
        cleared: Vec::new(),
        leaf_first: Vec::new(),
        lookups: Vec::new(),
        fixed: Vec::new(),
        tenants: vec![(SourceId(1), DestinationId(2))],
        users: vec![
            PersonPlan {
                source: SourceId(11),
                name: "anna".to_owned(),
                fate: PersonFate::Create { tenant: Some(DestinationId(2)) },
            },
            PersonPlan {
                source: SourceId(12),
                name: "bert".to_owned(),
                fate: PersonFate::Use(DestinationId(77)),
            },
            PersonPlan { source: SourceId(13), name: "carl".to_owned(), fate: PersonFate::Empty },
        ],
        groups: Vec::new(),
        links: LinksPlan::default(),
        user_columns: Vec::new(),
        user_mask: UserMask::ById,
        rejects_of: None,
        copies_passwords: false,
        events: Vec::new(),
        options: RunOptions::default(),
        decisions: vec![
            "user anna of Users: the destination does not have this user — create the user".into(),
        ],
        left_out: vec![("Claims_CS.ClaimAudit".to_owned(), "the plan excludes it".to_owned())],
        fingerprint: "7c1f-09ab-0000-0001".to_owned(),
    }
}

fn header() -> RunHeader {
    RunHeader {
        id: "01jq3b".to_owned(),
        name: "claims-refresh".to_owned(),
        started: "2026-03-01 14:13:28".to_owned(),
        source: "prod.sqlite".to_owned(),
        destination: "dev.sqlite".to_owned(),
        destination_database: "dev".to_owned(),
        plan_file: "claims.toml".to_owned(),
        plan_text: String::new(),
        folder: ".".into(),
        plan_fingerprint: "7c1f-09ab-0000-0001".to_owned(),
        source_fingerprint: "aaaa-0000-0000-0001".to_owned(),
        destination_fingerprint: "bbbb-0000-0000-0001".to_owned(),
        version: "0.1.0".to_owned(),
        operator: Operator::default(),
        mask_key: None,
        rejects_of: None,
        procedure: None,
        forecast: None,
    }
}

fn batch(entity: usize, kind: BatchKind, rows: u64) -> NewBatch {
    NewBatch { entity: Some(entity), ..NewBatch::new(kind, "c.1", rows) }
}

/// Waits for the journal.
fn done<T>(work: impl Future<Output = crate::database::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(work).expect("it is written down")
}

fn write(journal: &Recorder, batch: &NewBatch) {
    let number = journal.next_batch();
    let _token = done(journal.prepare(number, Arc::new(batch.clone())));
    journal.committed(number).expect("it is noted");
}

fn left_out(journal: &Recorder, entity: usize, key: i64, reason: &str, code: Option<i64>) {
    journal
        .leave_out(&LeftOutRow {
            entity,
            key: Value::Integer(key),
            reason: reason.to_owned(),
            planned: code.is_none(),
            code,
            refusal: code.map(|_| Refusal::by(RefusalClass::Unique, "UQ_1")),
        })
        .expect("it is noted");
}

/// The report of what a journal holds by now.
fn read(journal: &Recorder) -> RunReport {
    done(journal.flush());
    RunReport::read(&journal.reader().expect("a journal")).expect("a report")
}

fn set_proof(journal: &Recorder, differences: u64) {
    let proof = serde_json::to_string(&proof(differences)).expect("JSON");
    done(journal.set_proof(proof));
}

/// A run that wrote everything, with a bit of everything.
fn journal(folder: &Path, state: RunState) -> Recorder {
    let journal = Recorder::create(folder, &header(), &plan()).expect("a journal");
    journal.event("2026-03-01 14:13:28", "started, plan 7c1f-09ab-0000-0001").expect("noted");
    done(journal.set_reading(ReadingRecord {
        reading: SourceReading::Snapshot,
        why: "the plan asks for it".to_owned(),
        marks: Vec::new(),
        after: Vec::new(),
        one_instant: true,
    }));
    write(&journal, &batch(1, BatchKind::Delete, 1_200));
    done(journal.people(vec![
        PersonRecord {
            is_group: false,
            source: SourceId(11),
            destination: DestinationId(301),
            is_ours: true,
        },
        PersonRecord {
            is_group: false,
            source: SourceId(12),
            destination: DestinationId(77),
            is_ours: false,
        },
    ]));
    write(&journal, &batch(0, BatchKind::Recognise, 3));
    write(&journal, &batch(0, BatchKind::Insert, 1_235));
    let emptied = |column, key, reason: &str| EmptiedCell {
        column,
        key: Value::Integer(key),
        value: Value::Integer(13),
        reason: reason.to_owned(),
    };
    write(
        &journal,
        &NewBatch {
            emptied: vec![
                emptied(1, 500, "user 13 has no counterpart"),
                emptied(1, 501, "user 13 has no counterpart"),
                emptied(0, 502, "Claims_Core.Customer 990 is not there"),
            ],
            ..batch(1, BatchKind::Insert, 33_880)
        },
    );
    write(&journal, &batch(1, BatchKind::SecondPass, 12));
    left_out(&journal, 0, 4, "Name: a text of 44 characters does not fit NVARCHAR(30)", None);
    left_out(&journal, 0, 9, "Name: a text of 31 characters does not fit NVARCHAR(30)", None);
    for key in 100..113 {
        left_out(&journal, 1, key, "CustomerId: Claims_Core.Customer 4 is left out", None);
    }
    left_out(
        &journal,
        1,
        640,
        "Violation of UNIQUE KEY constraint 'UQ_1'. Cannot insert duplicate key in object 'dbo.T'. \
         The duplicate key value is (my secret).",
        Some(2627),
    );
    done(journal.set_state(state, None));
    journal
}

fn proved(folder: &Path, differences: u64) -> RunReport {
    let state = if differences == 0 { RunState::Proved } else { RunState::Disproved };
    let journal = journal(folder, state);
    set_proof(&journal, differences);
    journal.event("2026-03-01 14:54:02", "proved").expect("noted");
    done(journal.set_state(state, Some("2026-03-01 14:54:02".to_owned())));
    read(&journal)
}

#[test]
fn a_finished_run_as_markdown() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = proved(folder.path(), 0);
    insta::assert_snapshot!(report.to_markdown());
}

#[test]
fn a_finished_run_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = proved(folder.path(), 0);
    insta::assert_snapshot!(report.to_json().expect("JSON"));
}

#[test]
fn a_finished_run_on_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = proved(folder.path(), 0);
    let summary = report.summary();
    assert!(summary.lines().count() <= 25, "{summary}");
    assert!(summary.lines().all(|line| line.chars().count() <= 80), "{summary}");
    insta::assert_snapshot!(summary);
}

#[test]
fn a_failed_run_on_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = journal(folder.path(), RunState::Failed);
    journal
        .event(
            "2026-03-01 14:40:00",
            "failed: writing OSSYS_USER: Cannot insert duplicate key row in object 'dbo.OSSYS_USER' \
             with unique index 'OSIDX_1'. The duplicate key value is (my secret, 3). (error 2601)",
        )
        .expect("noted");
    let report = read(&journal);
    insta::assert_snapshot!(report.summary());
}

#[test]
fn a_proof_that_fails_shows_its_differences() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = proved(folder.path(), 3);
    assert_eq!(report.verdict(), Verdict::Disproved);
    let text = report.to_markdown();
    let from = text.find("## Proof").expect("a chapter");
    let to = text.find("## What happened").expect("a chapter");
    insta::assert_snapshot!(&text[from..to]);
}

#[test]
fn no_form_shows_what_a_row_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = proved(folder.path(), 3);
    for text in [report.to_markdown(), report.to_json().expect("JSON"), report.summary()] {
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn every_state_has_its_verdict() {
    for (state, verdict) in [
        (RunState::Running, Verdict::Stopped),
        (RunState::Stopped, Verdict::Stopped),
        (RunState::Failed, Verdict::Failed),
        (RunState::Written, Verdict::Written),
        (RunState::Disproved, Verdict::Disproved),
        (RunState::Proved, Verdict::ProvedWithRejects),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = journal(folder.path(), state);
        set_proof(&journal, 0);
        let report = read(&journal);
        assert_eq!(report.verdict(), verdict, "{state:?}");
    }
}

#[test]
fn nothing_is_proved_without_a_proof_that_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Recorder::create(folder.path(), &header(), &plan()).expect("a journal");
    done(journal.set_state(RunState::Proved, None));
    let verdict = || read(&journal).verdict();
    assert_eq!(verdict(), Verdict::Written);
    for (differences, expected) in [(0, Verdict::Proved), (1, Verdict::Disproved)] {
        set_proof(&journal, differences);
        assert_eq!(verdict(), expected);
    }
}

#[test]
fn a_stopped_run_says_how_to_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Recorder::create(folder.path(), &header(), &plan()).expect("a journal");
    write(&journal, &batch(1, BatchKind::Insert, 10));
    done(journal.set_state(RunState::Stopped, None));
    let report = read(&journal);
    assert!(report.next()[0].contains("osferry resume 01jq3b"), "{:?}", report.next());
    assert!(report.result.starts_with("Stopped before the end: 10 rows of 1 entity"));
}

#[test]
fn a_proof_of_before_an_undo_is_called_that() {
    let folder = tempfile::tempdir().unwrap();
    for (state, said) in [
        (
            RunState::Undone,
            "The run was undone on 2026-03-02 09:10:11+01:00; the proof is of before",
        ),
        (RunState::UndoneInPart, "The run was undone in part on 2026-03-02 09:10:11+01:00"),
        (RunState::Undoing, "has begun and ended early on 2026-03-02 09:10:11+01:00"),
    ] {
        let folder = folder.path().join(format!("{state:?}"));
        std::fs::create_dir(&folder).unwrap();
        let journal = journal(&folder, state);
        set_proof(&journal, 0);
        done(journal.set_state(state, Some("2026-03-02 09:10:11+01:00".to_owned())));
        let report = read(&journal);
        let flat = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in [report.summary(), report.to_markdown(), report.to_json().unwrap()] {
            assert!(flat(text.clone()).contains(said), "{text}");
        }
        assert!(!report.summary().contains("certificate"), "{}", report.summary());
    }
    let report = proved(folder.path(), 0);
    assert_eq!(report.since_proof, None);
}

#[test]
fn both_files_are_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = proved(folder.path(), 0);
    let files = super::save(&report, folder.path()).expect("saved");
    assert!(files.iter().all(|file| file.is_file()), "{files:?}");
    let json = std::fs::read_to_string(folder.path().join("report.json")).expect("a report");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["verdict"], "proved-with-rejects");
    assert_eq!(json["entities"][1]["emptied"][0]["attribute"], "CustomerId");
}

fn finding(kind: FindingKind, about: &str, rows: Option<u64>) -> Finding {
    let key = FindingKey { attribute: Key::new(about), ..FindingKey::new(kind) };
    match kind {
        FindingKind::TextTooLong => Finding::decide(
            key,
            about,
            "NVARCHAR(50) in the source, NVARCHAR(30) in the destination",
            "Rows that exceed the destination's size cannot be stored there.",
            vec![
                Choice::new(choice::REJECT, "leave these rows out")
                    .costing("118 of 1000 rows of Claims_CS.Claim"),
                Choice::stop("do not run: widen the attribute and publish"),
            ],
            choice::STOP,
        )
        .touching(rows),
        FindingKind::UserMissing => Finding::decide(
            key,
            about,
            "the destination does not have this user",
            "Rows that this person made or owns need somebody to refer to.",
            vec![
                Choice::new(choice::CREATE, "create the user, e-mail and phone masked"),
                Choice::new(choice::MAP, "use another user").to_a_target(),
                Choice::stop("do not run"),
            ],
            choice::CREATE,
        )
        .touching(rows)
        .offering(vec!["anna.b (Anna B, id 4)".to_owned()]),
        _ => Finding::note(key, about, "something to know", "It is good to know.").touching(rows),
    }
}

fn review() -> Review {
    let mut blocked = finding(FindingKind::EventTableNotEmpty, "Claims_CS.Claim", Some(2));
    blocked.severity = Severity::Block;
    Review {
        selection: Selection {
            left_out: vec![LeftOut {
                what: "Claims_CS.ClaimAudit".to_owned(),
                why: "the plan excludes it".to_owned(),
            }],
            ..Selection::default()
        },
        comparison: Comparison {
            findings: vec![
                blocked,
                finding(FindingKind::TextTooLong, "Claims_CS.Claim.Reference", Some(118)),
                finding(FindingKind::UserMissing, "user anna of Users", Some(3)),
                finding(FindingKind::UserMissing, "user bert of Users", None),
                finding(FindingKind::LargeValues, "Claims_CS.Document.File", None),
            ],
            ..Comparison::default()
        },
        order: Order::default(),
    }
}

fn decided(about: &str, kind: FindingKind, choice: &str, to: Option<&str>) -> Decisions {
    let mut decisions = Decisions::default();
    decisions.put(Decision {
        key: FindingKey { attribute: Key::new(about), ..FindingKey::new(kind) },
        about: about.to_owned(),
        choice: choice.to_owned(),
        to: to.map(str::to_owned),
    });
    decisions
}

#[test]
fn a_comparison_on_the_terminal() {
    let decisions =
        decided("user anna of Users", FindingKind::UserMissing, choice::MAP, Some("anna.b"));
    let report = ComparisonReport::new(&review(), &decisions);
    let text = report.to_text();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_comparison_as_json() {
    let mut review = review();
    review.comparison.findings.truncate(2);
    let report = ComparisonReport::new(&review, &Decisions::default()).between("PROD", "DEV");
    insta::assert_snapshot!(report.to_json().expect("JSON"));
}

#[test]
fn a_decision_takes_the_block_away_unless_it_is_to_stop() {
    let about = "Claims_CS.Claim.Reference";
    let kind = FindingKind::TextTooLong;
    let blocking = |decisions: &Decisions| ComparisonReport::new(&review(), decisions).blocking;
    assert_eq!(blocking(&Decisions::default()), 2);
    assert_eq!(blocking(&decided(about, kind, choice::REJECT, None)), 1);
    assert_eq!(blocking(&decided(about, kind, choice::STOP, None)), 2);
    assert_eq!(blocking(&decided(about, kind, "nonsense", None)), 2);
    let user = decided("user anna of Users", FindingKind::UserMissing, choice::MAP, None);
    assert_eq!(blocking(&user), 3, "to whom is not said");
}
