//! Rows without an identifier. Where the destination's rows stay, what stands there already is not
//! added, and as often as it stands there; where they are replaced, all of them go.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use crate::estate::content::Cells;
use crate::estate::generate;
use crate::estate::model::{Attribute, Cell, Entity, EntityKey, Kind, Pair, Target};
use crate::estate::recipe::{Feature, Recipe};
use crate::keep::{decision, found, keeping, known_by_tag, rows, set_tag};
use crate::masking::{attribute, run_with};
use crate::never_silent::choices;
use crate::program::Bench;
use crate::rejects::{refuse, relent};
use crate::support::engine::TestEngine;
use crate::support::library::MASK_KEY;
use crate::updates::{content, runs, undo};

crate::on_both_engines!(
    what_stands_there_is_not_added,
    with_references_a_second_run_adds_nothing,
    a_reference_to_rows_that_became_one_is_no_difference,
    a_run_that_was_cut_off_adds_nothing_twice,
    old_rows_all_go_however_many_go_at_once,
    masked_rows_are_known_again_by_their_masks,
);

/// A pair with an entity without identifier, whose rows are told by a tag. Of ours the first is
/// there three times, and twice in the destination where nothing is referred to.
fn bare(with_references: bool) -> (Pair, Entity) {
    let features = vec![Feature::NoIdentifier, Feature::ExistingRows, Feature::ColumnOrder];
    for seed in 0.. {
        let recipe = Recipe { seed, size: 3, features: features.clone(), flaw: None };
        let mut pair = generate::pair(&recipe);
        known_by_tag(&mut [&mut pair.source, &mut pair.destination]);
        let Some(bare) = pair.source.named("Bare").cloned() else { continue };
        let key = bare.full_key();
        let refers = bare.attributes.iter().any(|a| a.active && a.target().is_some());
        let there = pair.destination.entity(&key).map_or(0, |there| there.rows.len());
        if bare.tag().is_none() || bare.rows.len() < 4 || there == 0 || refers != with_references {
            continue;
        }
        for side in [&mut pair.source, &mut pair.destination] {
            side.entity_mut(&key).expect("on both sides").uniques.clear();
        }
        let first = bare.rows[0].clone();
        let ours = pair.source.entity_mut(&key).expect("there");
        ours.rows.extend([first.clone(), first.clone()]);
        if !with_references {
            stands_there(&mut pair, &key, &first.cells);
        }
        let bare = pair.source.entity(&key).expect("there").clone();
        return (pair, bare);
    }
    unreachable!("some pair has such an entity")
}

/// Puts a row into the destination twice.
fn stands_there(
    pair: &mut Pair,
    key: &EntityKey,
    cells: &std::collections::BTreeMap<String, Cell>,
) {
    let there = pair.destination.entity_mut(key).expect("there");
    for _ in 0..2 {
        let mut row = there.rows[0].clone();
        for (attribute, cell) in &mut row.cells {
            if let Some(ours) = cells.get(attribute) {
                cell.clone_from(ours);
            }
        }
        there.rows.push(row);
    }
}

fn undo_all(bench: &Bench) {
    for run in runs(bench).iter().rev() {
        let said = undo(bench, run, &[]);
        assert_eq!(said.code, Some(0), "{}", said.all());
    }
}

async fn what_stands_there_is_not_added(engine: &TestEngine) {
    let (pair, bare) = bare(false);
    let table = pair.destination.entity(&bare.full_key()).expect("there").table.clone();
    for (choice, added, again) in
        [("reuse", bare.rows.len() - 2, 0), ("add", bare.rows.len(), bare.rows.len())]
    {
        let bench = Bench::on(engine, &pair, 41);
        let mut plan = keeping(&bench);
        plan.options.push("batch_rows = 2".to_owned());
        bench.plan(&plan.text());
        let finding = found(&bench, "Bare");
        assert_eq!(finding["recommended"], "reuse", "{finding}");
        assert_eq!(choices(&finding), ["reuse", "add", "stop"], "{finding}");
        plan.more = decision(&bare, choice, "");
        bench.plan(&plan.text());
        let (before, was) = (content(&bench), rows(&bench, &table));
        let first = bench.run();
        assert_eq!(first.code, Some(0), "{choice}: {}", first.all());
        let once = rows(&bench, &table);
        assert_eq!(once.len(), was.len() + added, "{choice}: {}", first.all());
        assert!(was.iter().all(|row| once.contains(row)), "{choice}: {}", first.all());
        let second = bench.run();
        assert_eq!(second.code, Some(0), "{choice}: {}", second.all());
        assert_eq!(rows(&bench, &table).len(), once.len() + again, "{choice}: {}", second.all());
        undo_all(&bench);
        assert!(content(&bench) == before, "{choice}: an undo leaves something");
    }
}

async fn with_references_a_second_run_adds_nothing(engine: &TestEngine) {
    let (pair, bare) = bare(true);
    let table = pair.destination.entity(&bare.full_key()).expect("there").table.clone();
    let bench = Bench::on(engine, &pair, 42);
    bench.plan(&keeping(&bench).text());
    let before = content(&bench);
    let was = rows(&bench, &table).len();
    let first = bench.run();
    assert_eq!(first.code, Some(0), "{}", first.all());
    assert_eq!(rows(&bench, &table).len(), was + bare.rows.len(), "{}", first.all());
    let once = content(&bench);
    let second = bench.run();
    assert_eq!(second.code, Some(0), "{}", second.all());
    assert!(content(&bench) == once, "{}", second.all());
    undo_all(&bench);
    assert!(content(&bench) == before, "an undo leaves something");
}

/// Which of the rows that became one a reference was to, the destination no longer shows.
async fn a_reference_to_rows_that_became_one_is_no_difference(engine: &TestEngine) {
    let features = vec![Feature::NoIdentifier];
    let made = (0..500).find_map(|seed| {
        let recipe = Recipe { seed, size: 4, features: features.clone(), flaw: None };
        let mut pair = generate::pair(&recipe);
        known_by_tag(&mut [&mut pair.source, &mut pair.destination]);
        let bare = pair.source.named("Bare")?.clone();
        let to = |attribute: &Attribute| match attribute.target() {
            Some(Target::Entity(key)) => Some(key.clone()),
            _ => None,
        };
        let mut links = bare.attributes.iter().filter(|a| a.active);
        let (link, thing) = links.find_map(|link| {
            let thing = pair.source.entity(&to(link)?)?;
            let fits = !thing.is_static
                && thing.uniques.len() == 1
                && thing.rows.len() > 3
                && thing.identifier().is_some_and(|id| id.autonumber);
            fits.then(|| (link.key.clone(), thing.clone()))
        })?;
        (bare.rows.len() > 2).then_some((pair, bare, link, thing))
    });
    let (mut pair, bare, link, thing) = made.expect("some pair has such an entity");
    set_tag(&mut pair.source, &thing, 1, "twice here");
    set_tag(&mut pair.source, &thing, 2, "TWICE here");
    pair.source.entity_mut(&thing.full_key()).expect("there").uniques.clear();
    let ours = &mut pair.source.entity_mut(&bare.full_key()).expect("there").rows;
    for (row, to) in ours.iter_mut().zip([1, 2]) {
        let id = thing.id_of(&thing.rows[to]).expect("identified").clone();
        row.cells.insert(link.clone(), id);
    }
    let bench = Bench::on(engine, &pair, 45);
    bench.plan(&keeping(&bench).text());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.all().contains("1 were there already"), "none became one: {}", said.all());
}

async fn a_run_that_was_cut_off_adds_nothing_twice(engine: &TestEngine) {
    let (pair, bare) = bare(false);
    let there = pair.destination.entity(&bare.full_key()).expect("there").clone();
    let bench = Bench::on(engine, &pair, 43);
    let mut plan = keeping(&bench);
    plan.options.extend(["batch_rows = 1".to_owned(), "rejects = \"stop\"".to_owned()]);
    bench.plan(&plan.text());
    let before = content(&bench);
    let was = rows(&bench, &there.table);
    let tag = there.tag().expect("it has one");
    let Cell::Text(text) = &bare.rows[2].cells[&tag.key] else { unreachable!("a tag is text") };
    let condition = format!("r.[{}] = '{}'", tag.column, text.replace('\'', "''"));
    refuse(&bench, "KEEPER", &there.table, "INSERT", &condition);
    let said = bench.run();
    assert_eq!(said.code, Some(3), "{}", said.all());
    let cut = rows(&bench, &there.table).len();
    assert!(cut > was.len() && cut < was.len() + bare.rows.len() - 2, "{}", said.all());
    relent(&bench, "KEEPER");
    let run = runs(&bench).pop().expect("a run");
    let resumed = bench.osferry(&["resume", &run]);
    // Nothing is wrong but that somebody has taken a trigger away in the middle of it.
    assert_eq!(resumed.code, Some(4), "{}", resumed.all());
    let told = resumed.all().to_lowercase();
    assert!(told.contains("the trigger keeper is gone"), "{told}");
    assert!(told.contains("1 difference"), "{told}");
    let once: Vec<Cells> = rows(&bench, &there.table);
    assert_eq!(once.len(), was.len() + bare.rows.len() - 2, "{}", resumed.all());
    let second = bench.run();
    assert_eq!(second.code, Some(0), "{}", second.all());
    assert_eq!(rows(&bench, &there.table).len(), once.len(), "{}", second.all());
    undo_all(&bench);
    assert!(content(&bench) == before, "an undo leaves something");
}

/// A server may delete fewer rows with a statement than it was allowed to: that says nothing of those
/// that are left.
async fn old_rows_all_go_however_many_go_at_once(engine: &TestEngine) {
    let (mut pair, bare) = bare(false);
    let there = pair.destination.entity_mut(&bare.full_key()).expect("there");
    let first = there.rows[0].clone();
    there.rows.extend(std::iter::repeat_n(first, 9));
    let table = there.table.clone();
    let bench = Bench::on(engine, &pair, 44);
    let mut plan = bench.usual_plan();
    plan.options.push("batch_rows = 5".to_owned());
    bench.plan(&plan.text());
    let before = content(&bench);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(rows(&bench, &table).len(), bare.rows.len(), "{}", said.all());
    undo_all(&bench);
    assert!(content(&bench) == before, "an undo leaves something");
}

/// A row is compared as it would be written: one that stands there in clear is not one of ours, and
/// one that a run with the same key has brought is.
async fn masked_rows_are_known_again_by_their_masks(engine: &TestEngine) {
    let (mut pair, bare) = bare(false);
    let key = bare.full_key();
    let email = attribute(901, "ContactEmail", Kind::Email);
    for side in [&mut pair.source, &mut pair.destination] {
        let entity = side.entity_mut(&key).expect("on both sides");
        // Otherwise more than one attribute would be masked.
        let is_personal = |kind: &Kind| matches!(kind, Kind::Email | Kind::Phone);
        for own in &mut entity.attributes {
            if is_personal(&own.kind) {
                own.kind = Kind::Text(250);
            }
        }
        entity.attributes.push(email.clone());
        for row in &mut entity.rows {
            row.cells.insert(email.key.clone(), Cell::text(""));
        }
    }
    // The first row, which is there three times, has no address: nothing of it is masked, and two of
    // it stand there. The second has one, and stands there in clear.
    let ours = pair.source.entity_mut(&key).expect("there");
    for (place, row) in ours.rows.iter_mut().enumerate().filter(|(place, _)| *place > 0) {
        if place < bare.rows.len() - 2 {
            row.cells.insert(email.key.clone(), Cell::text(format!("vera{place}@company.test")));
        }
    }
    let second = ours.rows[1].cells.clone();
    stands_there(&mut pair, &key, &second);
    let there = pair.destination.entity(&key).expect("there");
    let (table, column) = (there.table.clone(), email.column.clone());
    let bench = Bench::on(engine, &pair, 45);
    let mut plan = keeping(&bench);
    plan.options.push("personal_data = \"mask\"".to_owned());
    bench.plan(&plan.text());
    let (before, was) = (content(&bench), rows(&bench, &table));
    let in_clear = |rows: &[Cells]| -> usize {
        let clear =
            |row: &&Cells| matches!(&row[&column], Cell::Text(text) if text.contains("vera"));
        rows.iter().filter(clear).count()
    };
    assert_eq!(in_clear(&was), 2);

    let first = run_with(&bench, MASK_KEY);
    assert_eq!(first.code, Some(0), "{}", first.all());
    let once = rows(&bench, &table);
    assert_eq!(once.len(), was.len() + bare.rows.len() - 2, "{}", first.all());
    assert!(was.iter().all(|row| once.contains(row)), "{}", first.all());
    assert_eq!(in_clear(&once), 2, "only what was in clear is");
    let again = run_with(&bench, MASK_KEY);
    assert_eq!(again.code, Some(0), "{}", again.all());
    assert_eq!(rows(&bench, &table), once, "{}", again.all());
    // With another key they are others; those without an address are still the same.
    let other = run_with(&bench, "another key of masks");
    assert_eq!(other.code, Some(0), "{}", other.all());
    let masked = bare.rows.len() - 3;
    assert_eq!(rows(&bench, &table).len(), once.len() + masked, "{}", other.all());
    undo_all(&bench);
    assert!(content(&bench) == before, "an undo leaves something");
}
