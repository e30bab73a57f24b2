//! Judges a finished migration by what lies in the files, and by what the report says of it.
//!
//! It asks both databases in plain SQL, pairs everything by keys, takes out of the source what
//! the report says did not come along, and wants the rest to be in the destination: nothing less,
//! nothing more, nothing else.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::colours::compare;
use super::instances;
use super::model::{Key, Model, espaces_of, ids};
use super::names::Names;
use super::pairs::{Pair, pair_up};
use super::people;
use super::rows::{Rows, Side};
use super::sql::{Cell, Sheet, ask, table, tables};
use super::story::{Story, Told};

/// What is judged.
pub struct Case<'a> {
    pub source: &'a Connection,
    /// The destination as it was.
    pub before: &'a Connection,
    /// The destination as it is.
    pub after: &'a Connection,
    pub story: &'a Story,
}

/// Everything that is not as it has to be; empty when all is well.
pub fn judge(case: &Case<'_>) -> Vec<String> {
    let mut troubles = Vec::new();
    sound(case.after, &mut troubles);
    let (mut source, destination) = (Model::read(case.source), Model::read(case.after));
    let story = case.story;
    for (key, entity) in &mut source.entities {
        entity.is_static &= !story.plan.takes_records_in(key);
    }
    if story.report.verdict != "proved" {
        troubles.push(format!("the verdict is {}", story.report.verdict));
    }
    let espaces = espaces_of(case.source, &story.plan.scope.applications);
    let mut due: BTreeSet<Key> = source.scope(&espaces);
    due.retain(|key| {
        let is_there = destination.entities.contains_key(key);
        let name = &source.entities[key].name;
        if !is_there && !story.tells_of(name) {
            troubles.push(format!("{name} is not there, and the report does not say so"));
        }
        is_there
    });
    let keys = |told: &Told| (told.espace.to_lowercase(), told.entity.to_lowercase());
    let (instances, told): (Vec<&Told>, Vec<&Told>) =
        story.report.entities.iter().partition(|told| instances::is_told(told));
    let count = told.len();
    let told: BTreeSet<Key> = told.into_iter().map(keys).collect();
    if told != due || told.len() != count {
        troubles.push(format!("{} entities were due, {} are told", due.len(), told.len()));
        return troubles;
    }
    if !instances::are_told(&instances) {
        troubles.push("not all tables of instances are told".into());
        return troubles;
    }
    let mut pairs =
        pair_up((&source, case.source), (&destination, case.after), story, &mut troubles);
    pairs.extend(instances::subscriptions(case, &pairs));
    untouched(case, &destination, &pairs, &mut troubles);
    let names =
        Names::read((case.source, &source), (case.after, &destination), &story.plan, &mut troubles);
    instances::other_subscriptions(case, &pairs, &mut troubles);
    let sheets = pairs.iter().map(|pair| instances::sheet(case.source, &pair.source)).collect();
    let mut ours = Rows { side: Side::Source, pairs: &pairs, sheets, names: &names };
    for (sheet, told) in ours.sheets.iter().zip(&story.report.entities) {
        if sheet.rows.len() != told.source_rows {
            troubles.push(format!("{}: not as many source rows as told", told.name));
        }
    }
    ours.take_out(&story.report.entities, &mut troubles);
    let users = people::in_use(case.source, &espaces, &ours);
    people::judge(case, &espaces, &names, &users, &mut troubles);
    let arrived = |(pair, told): (&Pair, &Told)| {
        let before = table(case.before, &pair.destination);
        let stays = people::standing(pair, &before, &names, &users);
        without_standing(case, pair, told, (&before, &stays), &mut troubles)
    };
    let mut sheets: Vec<Sheet> = pairs.iter().zip(&story.report.entities).map(arrived).collect();
    let rest = pairs.iter().skip(sheets.len());
    sheets.extend(rest.map(|pair| instances::sheet(case.after, &pair.destination)));
    let theirs = Rows { side: Side::Destination, pairs: &pairs, sheets, names: &names };
    let (ours, theirs) = (ours.nodes(&mut troubles), theirs.nodes(&mut troubles));
    let names: Vec<&str> = pairs.iter().map(|pair| pair.name.as_str()).collect();
    troubles.extend(compare(&names, &ours, &theirs));
    troubles
}

/// The file is whole and no foreign key leads nowhere.
fn sound(after: &Connection, troubles: &mut Vec<String>) {
    let answer = ask(after, "PRAGMA integrity_check").rows;
    if answer.len() != 1 || answer[0][0].text() != "ok" {
        troubles.push("the destination's file is damaged".into());
    }
    for row in ask(after, "PRAGMA foreign_key_check").rows.iter().take(5) {
        let (child, parent) = (row[0].text(), row[2].text());
        troubles.push(format!("foreign key check: a row of {child} has no row of {parent}"));
    }
}

/// Nothing but the tables in scope has changed, and people, who are judged apart.
fn untouched(case: &Case<'_>, model: &Model, pairs: &[Pair], troubles: &mut Vec<String>) {
    let schema = |connection| {
        ask(connection, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").rows
    };
    if schema(case.before) != schema(case.after) {
        troubles.push("tables, indexes or triggers of the destination changed".into());
    }
    for name in tables(case.before) {
        let is_ours = pairs.iter().any(|pair| pair.destination == name);
        // Which ids were given last is the engine's own book.
        if is_ours || people::TABLES.contains(&name.as_str()) || name == "SQLITE_SEQUENCE" {
            continue;
        }
        let mut before = table(case.before, &name);
        emptied_outside(case, model, &name, &mut before);
        if before.sorted() != table(case.after, &name).sorted() {
            troubles.push(format!("{name} changed and nothing there was in scope"));
        }
    }
}

/// Empties the references that were decided to be emptied, where the rows that they led to are gone.
fn emptied_outside(case: &Case<'_>, model: &Model, name: &str, before: &mut Sheet) {
    for decision in &case.story.plan.decision {
        if decision.kind != "consumer-outside-scope" || decision.choice != "empty" {
            continue;
        }
        let entity = model.entities.iter().find(|(key, _)| decision.is_about(key));
        let Some((_, entity)) = entity.filter(|(_, entity)| entity.table == name) else { continue };
        let key = decision.attribute.to_lowercase();
        let attribute = entity.attributes.iter().find(|other| other.key.to_lowercase() == key);
        let parent = attribute.and_then(|attribute| model.entities.get(&attribute.refers()?));
        let (Some(attribute), Some(parent)) = (attribute, parent) else { continue };
        let there = ids(case.after, parent);
        let at = before.at(&attribute.column);
        for row in before.rows.iter_mut().filter(|row| !there.contains(&row[at].key())) {
            row[at] = Cell::Null;
        }
    }
}

/// The rows of a table that were written: all but those that had to stay, which must be there as
/// they were. Columns that nothing is carried into hold their defaults.
fn without_standing(
    case: &Case<'_>,
    pair: &Pair,
    told: &Told,
    (before, stays): (&Sheet, &BTreeSet<String>),
    troubles: &mut Vec<String>,
) -> Sheet {
    let mut after = table(case.after, &pair.destination);
    let mut say = |what: &str| troubles.push(format!("{}: {what}", pair.name));
    if told.existing != "replaced" {
        say("its rows were not replaced, which the judge does not know");
    }
    if let Some(identifier) = pair.identifier.map(|at| &pair.columns[at].destination) {
        let (was, is) = (before.by(identifier), after.by(identifier));
        if stays.iter().any(|id| was.get(id) != is.get(id)) {
            say("rows that had to stay are gone or changed");
        }
        let at = after.at(identifier);
        after.rows.retain(|row| !stays.contains(&row[at].key()));
    }
    for (what, said, is) in [
        ("written", told.written, after.rows.len()),
        ("deleted", told.deleted, before.rows.len() - stays.len()),
        ("left standing", told.standing, stays.len()),
    ] {
        if said != is {
            say(&format!("{said} rows are told to be {what}, {is} are"));
        }
    }
    for column in &pair.alone {
        let at = after.at(&column.name);
        if after.rows.iter().any(|row| row[at] != column.default) {
            say(&format!("{} does not hold its default", column.name));
        }
    }
    after
}
