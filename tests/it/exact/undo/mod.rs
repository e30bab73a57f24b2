//! Undo: whatever breaks in a run and in its undoing, the destination ends as it was.

pub mod broken;
mod guards;
mod identity;
pub mod kills;
mod rights;
mod script;

use std::collections::BTreeMap;

use osferry::database::FaultKind;
use osferry::migrate::undo::{Leave, UndoResult};

use super::trial::{Ground, Part, Stretch, folder, watched};
use crate::estate::content::{Cells, Content};
use crate::model_server::Habits;
use crate::support::breaking::Break;

/// How often an undo is asked for again at most.
const PATIENCE: usize = 20;

/// Rows of a difference that are shown.
const SHOWN: usize = 12;

/// What differs between two states of a database: every row of every table, each as often as it
/// is there.
pub fn differences(before: &Content, after: &Content) -> Vec<String> {
    let mut all = Vec::new();
    if before.schema != after.schema {
        all.push("the definitions of tables, indexes or triggers changed".to_owned());
    }
    for name in before.tables.keys().chain(after.tables.keys()) {
        let mut rows: BTreeMap<&Cells, i64> = BTreeMap::new();
        before.rows(name).iter().for_each(|row| *rows.entry(row).or_default() += 1);
        after.rows(name).iter().for_each(|row| *rows.entry(row).or_default() -= 1);
        for (row, count) in rows.into_iter().filter(|(_, count)| *count != 0) {
            let what = if count > 0 { "gone" } else { "too much" };
            all.push(format!("{name}: {what} {} times: {row:?}", count.abs()));
        }
    }
    all.dedup();
    all.truncate(SHOWN);
    all
}

/// What breaks in a run and in its undoing.
#[derive(Clone, Copy)]
struct Course<'a> {
    run: &'a [Break],
    undo: &'a [Break],
    habits: Habits,
}

/// What came of a run and its undoing.
struct TakenBack {
    /// Whether a break was reached.
    hit: bool,
    /// The calls that the first stretch of the run made, and that of the undo.
    calls: [Vec<&'static str>; 2],
    /// What the undo says of itself; `None` where there was nothing to undo.
    result: Option<UndoResult>,
    /// What is not as it has to be.
    troubles: Vec<String>,
    /// How each stretch ended.
    story: Vec<String>,
}

impl TakenBack {
    /// What is wrong and how it came to that; `None` when all is well.
    fn wrong(&self) -> Option<String> {
        let lines: Vec<&String> = self.troubles.iter().chain(&self.story).collect();
        let text = lines.iter().map(|line| format!("  {line}\n")).collect();
        (!self.troubles.is_empty()).then_some(text)
    }
}

/// Starts a run, whatever becomes of it, and has it undone without going on with it.
fn taken_back(ground: &Ground, course: Course<'_>) -> TakenBack {
    let folder = folder();
    let stage = ground.stage(folder.path(), course.habits);
    let run = folder.path().join("run");
    let first = watched(&run, course.run);
    let ended = ground.stretch(&stage, &run, &first, Part::Run);
    let mut story = vec![format!("run: {}", ended.told())];
    let second = watched(&run, course.undo);
    let none = watched(&run, &[]);
    let (mut result, mut troubles) = (None, Vec::new());
    let mut tries = 0;
    // Without a journal nothing was written, and nobody knows of a run.
    while run.join("journal.sqlite").exists() && result.is_none() {
        let breaks = if tries == 0 { &second } else { &none };
        let stretch = ground.stretch(&stage, &run, breaks, Part::Undo(Leave::default()));
        story.push(format!("undo: {}", stretch.told()));
        match stretch {
            Stretch::Undone(done) => result = Some(done),
            // The lock of a run that has died may be there for a while.
            Stretch::Refused(fault) if fault.kind == FaultKind::Busy => continue,
            // Before anything is written a fault that the test wants is an error like others.
            Stretch::Refused(_) if tries > 0 => break,
            _ if tries == PATIENCE => break,
            _ => {}
        }
        tries += 1;
    }
    match &result {
        Some(result) if !result.is_exact() => troubles.push("it says it is not exact".to_owned()),
        None if tries > 0 => troubles.push("it does not come to its end".to_owned()),
        _ => {}
    }
    troubles.extend(differences(&ground.before, &stage.content()));
    TakenBack {
        hit: first.hit() || second.hit(),
        calls: [first.calls(), second.calls()],
        result,
        troubles,
        story,
    }
}
