//! The source goes on living between the end of a run and its going on.

use std::path::Path;

use osferry::database::FaultKind;
use rusqlite::Connection;

use super::case::Case;
use super::trial::Ground;
use crate::estate::model::Entity;
use crate::estate::recipe::{Feature, Recipe};
use crate::model_server::Habits;
use crate::support::breaking::{At, Break, How, Moment};

/// Copies the last row of an entity's table under the next id, with some columns changed.
fn copy(source: &Connection, entity: &Entity, changed: &[(&str, i64)]) -> i64 {
    let key = &entity.identifier().expect("an identifier").column;
    let table = &entity.table;
    let next: i64 = source
        .query_row(&format!("SELECT MAX(\"{key}\") + 1 FROM \"{table}\""), [], |row| row.get(0))
        .expect("an id");
    let mut names = Vec::new();
    let mut values = Vec::new();
    for attribute in &entity.attributes {
        names.push(format!("\"{}\"", attribute.column));
        let given = changed.iter().find(|(name, _)| *name == attribute.name);
        values.push(match given {
            Some((_, value)) => value.to_string(),
            None if attribute.column == *key => next.to_string(),
            None => format!("\"{}\"", attribute.column),
        });
    }
    let sql = format!(
        "INSERT INTO \"{table}\" ({}) SELECT {} FROM \"{table}\" ORDER BY \"{key}\" DESC LIMIT 1",
        names.join(", "),
        values.join(", ")
    );
    assert_eq!(source.execute(&sql, []).expect(&sql), 1, "{table} has no row");
    next
}

/// What comes to the source after the run had started stays out of it, also when it goes on: a
/// row whose parent's table was finished before would have lost its parent.
#[test]
fn rows_that_come_before_a_run_goes_on_stay_out_as_those_that_come_during_it() {
    let features = vec![Feature::ManyToMany, Feature::ExistingRows];
    let recipe = Recipe { seed: 31, size: 2, features, flaw: None };
    let case = Case::of(&recipe).expect("it can be migrated");
    let child = case.pair.source.named("Pairing").expect("an entity").clone();
    let parent = case.pair.source.entities.iter().find(|entity| {
        let key = child.attributes.iter().find(|attribute| attribute.name == "LeftId");
        let target = key.and_then(|attribute| attribute.target());
        matches!(target, Some(crate::estate::model::Target::Entity(key)) if entity.full_key() == *key)
    });
    let parent = parent.expect("its parent").clone();
    let ground = Ground::files(case, &["batch_rows = 4".to_owned()]);
    let calls = ground.trial(&[], Habits::orderly()).calls;
    let first = calls.iter().position(|call| *call == "insert").expect("an insert");
    let mut wrong = Vec::new();
    for at in (first..calls.len()).filter(|at| calls[*at] == "commit") {
        let lost = How::Answer(FaultKind::Permission);
        let ended = Break { at: At::Call(at), moment: Moment::Before, how: lost };
        let trial = ground.trial_after(&[ended], Habits::orderly(), |run: &Path| {
            let folder = run.parent().expect("a folder");
            let source = Connection::open(folder.join("prod.sqlite")).expect("the source");
            let id = copy(&source, &parent, &[]);
            copy(&source, &child, &[("LeftId", id), ("RightId", id)]);
        });
        wrong.extend(trial.wrong().map(|why| format!("call {at}:\n{why}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
