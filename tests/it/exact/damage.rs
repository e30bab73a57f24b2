//! What is read from disk, damaged: it is refused with a sentence, or it does no harm.
//!
//! `OSFERRY_TEST_DAMAGES=10000` damages so many journals and plans.

use std::panic::catch_unwind;
use std::path::Path;

use osferry::migrate::Standing;
use osferry::migrate::journal::Journal;
use osferry::plan::PlanFile;
use osferry::report::RunReport;
use rusqlite::Connection;

use super::case::Case;
use super::trial::Ground;
use super::wanted;
use crate::estate::chance::Chance;
use crate::estate::recipe::{Feature, Recipe};
use crate::model_server::Habits;
use crate::program::Plan;
use crate::support::breaking::{At, Break, How, Moment};

/// What may stand where it should not.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "[",
    "]",
    "[[",
    "]]",
    "=",
    "\n",
    "\r\n",
    "\t",
    "\u{0}",
    "\u{feff}",
    "#",
    ",",
    "{",
    "}",
    "true",
    "-1",
    "1e999",
    "99999999999999999999",
    "0x7f",
    "[source]",
    "[[decision]]",
    "version = 2",
    "1979-05-27",
    "é",
    "漢",
    "\u{301}",
    "''",
    "\"\"\"",
    "\\u0000",
    "\\",
];

/// Changes a text somewhere.
fn damaged(text: &str, chance: &mut Chance) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + chance.below(30)).min(bytes.len());
        match chance.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, chance.pick(PIECES).bytes())),
            3 => drop(bytes.splice(at..end, chance.pick(PIECES).bytes())),
            4 => {
                let again = bytes[at..end].to_vec();
                let to = chance.below(bytes.len() + 1);
                drop(bytes.splice(to..to, again));
            }
            _ if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            _ => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A plan with everything that a plan may say.
fn full_plan() -> String {
    let mut plan = Plan::new();
    plan.source = crate::program::Endpoint(
        "engine = \"sqlserver\"\nserver = \"tcp:prdsql02.corp.local\\\\PROD,1533\"\n\
         database = \"OS[PR]OD\"\nuser = \"osferry_ro\"\nauth = \"windows\"\n\
         encrypt = \"login-only\"\nca_file = \"corp-ca.pem\"\npurpose = \"production\""
            .to_owned(),
    );
    plan.scope = "applications = [\"Core\"]\nespaces = [\"Core_CS\"]\nsolutions = [\"All\"]\n\
                  exclude = [\"Core_CS.Audit\"]"
        .to_owned();
    for option in [
        "source_reading = \"frozen\"",
        "batch_rows = 2000",
        "parallel_entities = 4",
        "keep_before_images = true",
    ] {
        plan.options.push(option.to_owned());
    }
    plan.more = "\n[[decision]]\nkind = \"text-too-long\"\nespace = \"7f3c\"\nentity = \"91aa\"\n\
                 attribute = \"0b77\"\nabout = \"Core_CS.Claim.Reference\"\nchoice = \"reject\"\n"
        .to_owned();
    plan.text()
}

#[test]
fn a_damaged_plan_is_read_or_refused_with_a_sentence() {
    let text = full_plan();
    PlanFile::parse(&text, "whole").expect("the whole plan is understood");
    let mut refused = 0;
    for seed in 0..wanted("OSFERRY_TEST_DAMAGES", 1_000) as u64 {
        let damaged = damaged(&text, &mut Chance::new(seed).fork("plan"));
        let read = catch_unwind(|| {
            let file = PlanFile::parse(&damaged, "damaged")?;
            // What can be read can be written and read again, and its ends named.
            let folder = Path::new(".");
            for side in [&file.source, &file.destination] {
                let _ = side.connection(folder, None);
            }
            Ok::<PlanFile, osferry::plan::PlanFileError>(file)
        });
        match read {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                refused += 1;
                assert!(error.0.trim().len() > 10, "seed {seed}: {error}\n{damaged}");
            }
            Err(_) => panic!("seed {seed}: it panicked\n{damaged}"),
        }
    }
    assert!(refused > 50, "only {refused} were refused");
}

/// A migration that died half-way, of which a journal is left.
fn ground() -> Ground {
    use Feature as F;
    let features = vec![F::ExistingRows, F::MissingUsers, F::TwoCycle, F::Extension, F::ManyToMany];
    let case = Case::of(&Recipe { seed: 31, size: 2, features, flaw: None });
    Ground::memory(case.expect("it can be migrated"), &["batch_rows = 8".to_owned()])
}

/// Everything into the one file: a write-ahead log that was torn is for SQLite to see to.
fn settle(file: &Path) {
    let connection = Connection::open(file).expect("a journal");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
}

/// Whoever looks at a run looks at everything in its journal.
fn look(folder: &Path) {
    let Ok(journal) = Journal::open(folder) else { return };
    let _ = journal.check();
    let _ = (journal.state(), journal.ended(), journal.proof(), journal.events());
    let _ = (journal.header(), journal.all_people(), journal.prepared());
    if let Ok(plan) = journal.plan() {
        let _ = Standing::read(&journal, &plan);
        for entity in 0..plan.entities.len() {
            let _ = (journal.batches(entity), journal.left_out(entity), journal.emptied(entity));
        }
    }
    let _ = RunReport::read(&journal);
}

/// Damages the journal of a migration that died, and goes on with it. `spoil` changes the bytes;
/// how many were refused, and what is wrong.
fn spoilt(label: &str, spoil: impl Fn(&mut Vec<u8>, &mut Chance)) -> (usize, Vec<String>) {
    let ground = ground();
    let calls = ground.trial(&[], Habits::orderly()).calls.len();
    let (mut refused, mut wrong) = (0, Vec::new());
    for seed in 0..wanted("OSFERRY_TEST_DAMAGES", 60) as u64 {
        let mut chance = Chance::new(seed).fork(label);
        let at = calls / 3 + chance.below(calls / 2);
        let died = Break { at: At::Call(at), moment: Moment::After, how: How::Crash };
        let mut looked = true;
        let trial = ground.trial_after(&[died], Habits::orderly(), |run| {
            let file = run.join("journal.sqlite");
            settle(&file);
            let mut bytes = std::fs::read(&file).expect("a journal");
            spoil(&mut bytes, &mut chance);
            std::fs::write(&file, bytes).expect("a journal");
            looked = catch_unwind(|| look(run)).is_ok();
        });
        let mut say = |what: &str| {
            let story = trial.story.join("\n  ");
            wrong
                .push(format!("seed {seed}: {what}\n  {}\n  {story}", trial.troubles.join("\n  ")));
        };
        match (trial.is_written, trial.story.last()) {
            _ if !looked => say("looking at it panics"),
            (_, Some(last)) if last.contains("panicked") => say("going on panics"),
            (true, _) if !trial.troubles.is_empty() => say("it went on, and wrong"),
            (true, _) => {}
            (false, _) => refused += 1,
        }
    }
    (refused, wrong)
}

fn flip(bytes: &mut [u8], chance: &mut Chance) {
    let at = chance.below(bytes.len());
    bytes[at] ^= 1 << chance.below(8);
}

#[test]
fn a_journal_with_a_wrong_bit_is_refused_or_does_no_harm() {
    let (_, wrong) = spoilt("flip", |bytes, chance| flip(bytes, chance));
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_journal_with_a_lost_page_is_refused_or_does_no_harm() {
    let (refused, wrong) = spoilt("pages", |bytes, chance| {
        let page = chance.below(bytes.len() / 4096) * 4096;
        match chance.below(3) {
            0 => bytes.truncate(page),
            1 => bytes[page..page + 4096].fill(0),
            _ => {
                let other = chance.below(bytes.len() / 4096) * 4096;
                bytes.copy_within(other..other + 4096, page);
            }
        }
    });
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(refused > 10, "only {refused} were refused");
}
