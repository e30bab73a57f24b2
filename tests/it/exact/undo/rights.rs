//! Rows that cannot come back as they were: ours go all the same, the others are not made up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use osferry::database::FaultKind;
use osferry::migrate::journal::{Journal, RunState};
use osferry::migrate::undo::{Leave, UndoResult};

use super::super::case::Case;
use super::super::over_memory::small;
use super::super::trial::{Ground, Part, Stretch, folder, watched};
use super::super::wanted;
use super::differences;
use crate::estate::content::{Cells, Content};
use crate::estate::model::Cell;
use crate::estate::recipe::{Feature, Recipe};
use crate::model_server::Habits;

/// A state between two: of these tables what is in both, of the others what was before.
fn only_ours_gone(before: &Content, written: &Content, lost: &BTreeSet<String>) -> Content {
    let mut expected = before.clone();
    for name in lost {
        let mut there: BTreeMap<&Cells, usize> = BTreeMap::new();
        written.rows(name).iter().for_each(|row| *there.entry(row).or_default() += 1);
        let mut rows = Vec::new();
        for row in before.rows(name) {
            if let Some(left) = there.get_mut(row).filter(|left| **left > 0) {
                *left -= 1;
                rows.push(row.clone());
            }
        }
        expected.tables.insert(name.clone(), rows);
    }
    expected
}

/// Takes rows of a table out of both that are missing, or there without some reference; how many.
fn forgive(table: &str, expected: &mut Content, after: &mut Content) -> u64 {
    let (Some(wanted), Some(there)) = (expected.tables.get_mut(table), after.tables.get_mut(table))
    else {
        return 0;
    };
    let mut forgiven = 0;
    let lost: Vec<Cells> = wanted.iter().filter(|row| !there.contains(row)).cloned().collect();
    for row in lost {
        let is_poorer = |other: &Cells| {
            row.iter().all(|(column, cell)| {
                other[column] == *cell
                    || (other[column] == Cell::Null && !column.starts_with("TAG"))
            })
        };
        if let Some(at) = there.iter().position(is_poorer) {
            there.remove(at);
        }
        let at = wanted.iter().position(|other| *other == row).expect("it was there");
        wanted.remove(at);
        forgiven += 1;
    }
    forgiven
}

/// Migrates and undoes; what the undo says, and what is wrong.
fn undone(
    case: Case,
    options: &[String],
    habits: Habits,
    meanwhile: impl FnOnce(&Path),
) -> Option<(UndoResult, Vec<String>)> {
    let ground = Ground::memory_if_possible(case, options).ok()?;
    let folder = folder();
    let stage = ground.stage(folder.path(), habits);
    let run = folder.path().join("run");
    let none = watched(&run, &[]);
    let stretch = ground.stretch(&stage, &run, &none, Part::Run);
    assert!(matches!(stretch, Stretch::Written), "{}", stretch.told());
    let written = stage.content();
    meanwhile(&run);
    let (result, told) = loop {
        let stretch = ground.stretch(&stage, &run, &none, Part::Undo(Leave::default()));
        let told = stretch.told();
        match stretch {
            Stretch::Undone(result) => break (result, told),
            // The server has not noticed yet that the run's connections are closed.
            Stretch::Refused(fault) if fault.kind == FaultKind::Busy => {}
            _ => panic!("{:?}\n{told}", ground.case.recipe),
        }
    };
    let lost: BTreeSet<String> = result
        .tables
        .iter()
        .filter(|table| !table.inexact.is_empty())
        .map(|table| {
            let entities = &ground.case.pair.destination.entities;
            let name = table.name.rsplit('.').next().expect("a name");
            let entity = entities.iter().find(|entity| entity.active && entity.name == name);
            entity.expect("an entity").table.to_uppercase()
        })
        .collect();
    let mut expected = only_ours_gone(&ground.before, &written, &lost);
    let mut after = stage.content();
    // Rows that refer to rows that did not come back do not either, or without the reference.
    let mut poorer = 0;
    for name in ground.before.tables.keys().filter(|name| !lost.contains(*name)) {
        poorer += forgive(name, &mut expected, &mut after);
    }
    let mut troubles = differences(&expected, &after);
    if (poorer > 0) != (result.not_restored_rows > 0) || poorer > result.not_restored_rows {
        troubles.push(format!("{poorer} rows are not as they were"));
    }
    let state = Journal::open(&run).and_then(|journal| journal.state()).expect("a journal");
    let wanted = if result.is_exact() { RunState::Undone } else { RunState::UndoneInPart };
    if state != wanted {
        troubles.push(format!("the run is {state:?}"));
    }
    if lost.is_empty() != result.is_exact() && result.not_restored_rows == 0 {
        troubles.push("it says that it is exact, and it is not".to_owned());
    }
    if !troubles.is_empty() {
        troubles.insert(0, format!("{:?}\n{told}", ground.case.recipe));
    }
    Some((result, troubles))
}

/// Small pairs whose destination has rows to lose.
fn cases() -> impl Iterator<Item = Case> {
    (0..wanted("OSFERRY_TEST_UNDOS", 5) as u64).filter_map(|seed| {
        let mut recipe: Recipe = small(seed);
        // Rows without key that were deleted may equal rows of ours.
        recipe.features.retain(|feature| *feature != Feature::NoIdentifier);
        for feature in [Feature::ExistingRows, Feature::TwoCycle] {
            if !recipe.has(feature) {
                recipe.features.push(feature);
            }
        }
        Case::of(&recipe)
    })
}

fn each(more: &str, may_alter: bool, why: &str, meanwhile: impl Fn(&Path)) {
    let mut said = 0;
    for case in cases() {
        let mut options = vec!["batch_rows = 9".to_owned()];
        if !more.is_empty() {
            options.push(more.to_owned());
        }
        let habits = Habits { may_alter, ..Habits::of(case.recipe.seed) };
        let Some((result, troubles)) = undone(case, &options, habits, &meanwhile) else { continue };
        assert!(troubles.is_empty(), "{}", troubles.join("\n"));
        for table in result.tables.iter().filter(|table| !table.inexact.is_empty()) {
            assert!(table.inexact.contains(why), "{}", table.inexact);
            assert_eq!(table.restored, 0, "{table:?}");
            said += 1;
        }
    }
    assert!(said > 2, "only {said} tables lost rows");
}

#[test]
fn without_the_right_to_give_ids_exactly_our_rows_go() {
    each("", false, "needs ALTER", |_| {});
}

#[test]
fn without_rows_as_they_were_exactly_our_rows_go() {
    each("keep_before_images = false", true, "does not keep rows", |_| {});
}

#[test]
fn without_the_file_of_rows_as_they_were_exactly_our_rows_go() {
    each("", true, "not kept any more", |run| {
        let mut removed = 0;
        for entry in std::fs::read_dir(run).expect("the run's folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name.contains("image") {
                std::fs::remove_file(&path).expect("the rows as they were");
                removed += 1;
            }
        }
        assert!(removed > 0, "there are none");
    });
}
