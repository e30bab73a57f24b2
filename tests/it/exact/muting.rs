//! Subscriptions of processes are put away and come back, whatever breaks meanwhile.

use std::collections::BTreeMap;

use osferry::database::FaultKind;
use osferry::migrate::PutEventsBack;
use osferry::migrate::journal::{Journal, MutedState};
use osferry::migrate::undo::Leave;

use super::boundaries::each_break;
use super::case::{Case, Stage};
use super::trial::{Ground, Part, Stretch, folder, watched};
use super::wanted;
use crate::estate::content::{Cells, Content};
use crate::estate::recipe::{Feature, Recipe};
use crate::model_server::Habits;
use crate::support::breaking::{At, Break, How, Moment};

/// As little as has every sort of subscription: to rows that are replaced, to users that are
/// created, to rows that nobody writes.
fn case() -> Case {
    use Feature as F;
    let features = vec![F::ExistingRows, F::MissingUsers, F::SelfReference, F::Subscriptions];
    Case::of(&Recipe { seed: 31, size: 1, features, flaw: None }).expect("it can be migrated")
}

fn options() -> Vec<String> {
    vec!["batch_rows = 200".to_owned(), "parallel_entities = 1".to_owned()]
}

/// The event tables and queues, each row as often as it is there.
fn events(content: &Content) -> BTreeMap<String, BTreeMap<Cells, usize>> {
    let of_events = |name: &&String| {
        let name = name.to_uppercase();
        name.starts_with("OSEVT_") || name.starts_with("OSSYS_BPM_EVENT")
    };
    let mut all = BTreeMap::new();
    for name in content.tables.keys().filter(of_events) {
        let mut rows = BTreeMap::new();
        for row in content.rows(name) {
            *rows.entry(row.clone()).or_insert(0) += 1;
        }
        all.insert(name.clone(), rows);
    }
    all
}

fn rows(events: &BTreeMap<String, BTreeMap<Cells, usize>>) -> usize {
    events.values().flat_map(BTreeMap::values).sum()
}

/// What breaks while nobody dies, and whether a stretch ends by it.
const ANSWERS: [(Moment, How); 4] = [
    (Moment::Before, How::Answer(FaultKind::Permission)),
    (Moment::Before, How::Answer(FaultKind::Full)),
    (Moment::Before, How::Answer(FaultKind::NotFound)),
    (Moment::After, How::Cut(FaultKind::Lost)),
];

/// A run and an undo that break off are over with nothing put away.
fn a_stretch_that_ends_leaves_nothing_away(ground: &Ground, often: usize) {
    let was = events(&ground.before);
    assert!(rows(&was) > 8, "{was:?}");
    let calls = ground.trial(&[], Habits::orderly()).calls.len();
    let mut ended = 0;
    for at in (0..calls).step_by(often) {
        for (moment, how) in ANSWERS {
            let folder = folder();
            let stage = ground.stage(folder.path(), Habits::orderly());
            let run = folder.path().join("run");
            let broken = Break { at: At::Call(at), moment, how };
            let told = ground.stretch(&stage, &run, &watched(&run, &[broken]), Part::Run);
            let name = match &told {
                Stretch::Written => "written",
                Stretch::Refused(_) => "refused",
                _ => "ended",
            };
            ended += usize::from(name == "ended");
            let is = events(&stage.content());
            assert!(is == was, "{broken:?}, {}\n{was:?}\n{is:?}", told.told());
            assert!(!PutEventsBack::file(&run).exists(), "{broken:?}, {}", told.told());
        }
    }
    assert!(ended > 5, "only {ended} runs ended");
}

#[test]
fn a_run_that_ends_leaves_nothing_away() {
    a_stretch_that_ends_leaves_nothing_away(&Ground::memory(case(), &options()), 5);
    a_stretch_that_ends_leaves_nothing_away(&Ground::files(case(), &options()), 23);
}

/// Every call, broken in every way: gone on with, nothing was started and everything is back.
#[test]
fn whatever_breaks_subscriptions_come_back() {
    for (ground, often) in [
        (Ground::memory(case(), &options()), wanted("OSFERRY_TEST_EVERY", 17)),
        (Ground::files(case(), &options()), wanted("OSFERRY_TEST_EVERY", 97)),
    ] {
        let calls = ground.trial(&[], Habits::of(0)).calls.len();
        each_break(calls, calls / 4, often, |at, broken, way| {
            let trial = ground.trial(&[broken], Habits::of(way as u64));
            let call = trial.calls.get(at).copied().unwrap_or("not reached");
            (trial.hit, trial.wrong().map(|why| format!("{call}, {broken:?}:\n{why}")))
        });
    }
}

/// A run that died while subscriptions were away: what the journal and the script know.
fn died(ground: &Ground, stage: &Stage, run: &std::path::Path) -> usize {
    let calls = ground.trial(&[], Habits::orderly()).calls;
    let first = calls.iter().position(|call| *call == "insert").expect("an insert");
    let broken = Break { at: At::Call(first), moment: Moment::After, how: How::Crash };
    ground.stretch(stage, run, &watched(run, &[broken]), Part::Run);
    let journal = Journal::open(run).expect("a journal");
    let known = journal.muted().expect("what is away");
    let away = known.iter().filter(|table| table.is_away());
    away.map(|table| table.rows.len()).sum()
}

#[test]
fn a_run_that_died_is_undone_with_its_subscriptions() {
    for ground in [Ground::memory(case(), &options()), Ground::files(case(), &options())] {
        let folder = folder();
        let stage = ground.stage(folder.path(), Habits::orderly());
        let run = folder.path().join("run");
        let was = events(&ground.before);
        assert!(died(&ground, &stage, &run) > 5, "nothing is away");
        assert!(events(&stage.content()) != was, "nothing is away");
        let part = Part::Undo(Leave::default());
        let told = ground.stretch(&stage, &run, &watched(&run, &[]), part);
        assert!(matches!(told, Stretch::Undone(_)), "{}", told.told());
        assert_eq!(events(&stage.content()), was);
        let known = Journal::open(&run).expect("a journal").muted().expect("what is known");
        assert!(known.iter().all(|table| table.state == MutedState::Back), "{known:?}");
    }
}

/// What a publish writes while subscriptions are away counts as there.
#[test]
fn what_is_published_meanwhile_is_not_doubled() {
    let ground = Ground::files(case(), &options());
    let folder = folder();
    let stage = ground.stage(folder.path(), Habits::orderly());
    let run = folder.path().join("run");
    let was = events(&ground.before);
    died(&ground, &stage, &run);
    let table = &ground.case.pair.destination.named("Thing0").expect("there").table;
    let table = table.replacen("OSUSR_", "OSEVT_", 1);
    let file = rusqlite::Connection::open(folder.path().join("dev.sqlite")).expect("a file");
    let publish = |process: usize| {
        let sql = format!(
            "INSERT INTO \"{table}\" (_ESPACE_ID, _PROCESS_DEF_ID, _IS_UPDATE, _IS_LIGHT) SELECT ID, \
             {process}, 0, 0 FROM OSSYS_ESPACE WHERE ID = {}",
            ground.case.pair.destination.espace_named("Core_CS").id
        );
        assert_eq!(file.execute(&sql, []).expect("a row"), 1);
    };
    // The first is one of two that are away; the other one is new.
    publish(1);
    publish(77);
    let script = std::fs::read_to_string(PutEventsBack::file(&run)).expect("a script");
    let part = Part::Undo(Leave::default());
    let told = ground.stretch(&stage, &run, &watched(&run, &[]), part);
    assert!(matches!(told, Stretch::Undone(_)), "{}", told.told());
    let is = events(&stage.content());
    let added: Vec<_> = is[&table.to_uppercase()]
        .keys()
        .filter(|row| !was[&table.to_uppercase()].contains_key(*row))
        .collect();
    assert_eq!(added.len(), 1, "{added:?}");
    assert_eq!(rows(&is), rows(&was) + 1);
    // The script adds nothing to what is there, and all that is not.
    file.execute_batch(&script).expect("it is carried out");
    assert_eq!(events(&stage.content()), is);
    file.execute_batch(&format!("DELETE FROM \"{table}\" WHERE _PROCESS_DEF_ID < 77"))
        .expect("gone");
    file.execute_batch(&script).expect("it is carried out");
    assert_eq!(events(&stage.content()), is);
}
