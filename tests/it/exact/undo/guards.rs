//! What the command refuses, says and leaves, with the real program.

use std::collections::BTreeSet;

use osferry::outsystems::Side;

use super::super::case::Case;
use super::differences;
use crate::estate::content::{Cells, Content};
use crate::estate::model::{Attribute, Cell, Entity, Kind, Target};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Said};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    a_run_is_undone_by_the_command,
    rows_of_others_stand_in_the_way,
    rows_that_have_changed_stand_in_the_way,
    rows_of_others_stay_where_only_content_tells
);

fn case(seed: u64) -> Case {
    let features = vec![
        Feature::ExistingRows,
        Feature::MissingUsers,
        Feature::TwoCycle,
        Feature::ManyToMany,
        Feature::NoIdentifier,
    ];
    let recipe = Recipe { seed, size: 2, features, flaw: None };
    Case::of(&recipe).expect("it can be migrated")
}

/// A case whose entity without identifier refers to nothing, and has a few different texts.
fn case_without_references() -> Case {
    let is_plain = |case: &Case| {
        let mut entities = case.pair.source.entities.iter();
        let bare = entities.find(|entity| entity.name == "Bare").expect("an entity");
        let Some(text) = bare.attributes.iter().find(|one| is_text(one)) else { return false };
        let texts: BTreeSet<_> =
            bare.rows.iter().filter_map(|row| row.cells.get(&text.key)).collect();
        texts.len() > 3 && bare.attributes.iter().all(|attribute| attribute.target().is_none())
    };
    (1..).map(case).find(is_plain).expect("there is no end of them")
}

fn is_text(attribute: &Attribute) -> bool {
    attribute.active && matches!(attribute.kind, Kind::Text(_))
}

/// A pair that has been migrated.
struct Migrated {
    bench: Bench,
    case: Case,
    run: String,
    before: Content,
    written: Content,
}

impl Migrated {
    fn new(engine: &TestEngine) -> Self {
        Self::of(engine, case(31))
    }

    fn of(engine: &TestEngine, case: Case) -> Self {
        let bench = Bench::on(engine, &case.pair, case.recipe.seed);
        bench.plan(&bench.usual_plan().text());
        let said = bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let runs: serde_json::Value =
            serde_json::from_str(&bench.osferry(&["runs", "--json"]).out).expect("JSON");
        let run = runs[0]["id"].as_str().expect("an id").to_owned();
        let before = bench.databases.made(Side::Destination);
        let written = bench.databases.read(Side::Destination);
        Self { bench, case, run, before, written }
    }

    fn now(&self) -> Content {
        self.bench.databases.read(Side::Destination)
    }

    fn undo(&self, more: &[&str]) -> Said {
        let name = self.bench.databases.name(Side::Destination);
        let mut arguments = vec!["undo", &self.run, "--confirm", &name];
        arguments.extend_from_slice(more);
        self.bench.osferry(&arguments)
    }

    fn entity(&self, name: &str) -> &Entity {
        let entities = &self.case.pair.destination.entities;
        entities.iter().find(|entity| entity.active && entity.name == name).expect("an entity")
    }

    /// An entity's key column as contents name it.
    fn key(entity: &Entity) -> String {
        entity.identifier().expect("an identifier").column.to_uppercase()
    }

    /// The rows of an entity that the run wrote.
    fn ours(&self, entity: &Entity) -> Vec<Cells> {
        let before = self.before.rows(&entity.table);
        let written = self.written.rows(&entity.table);
        written.iter().filter(|row| !before.contains(row)).cloned().collect()
    }

    /// The keys of the rows of ours that a column may refer to.
    fn referred(&self, entity: &Entity, column: &str) -> Vec<Cell> {
        let is_it = |column: &str, other: &str| column.eq_ignore_ascii_case(other);
        let attribute = entity.attributes.iter().find(|one| is_it(&one.column, column));
        let Some(Target::Entity(full)) = attribute.and_then(|attribute| attribute.target()) else {
            panic!("{column} refers to no entity");
        };
        let entities = &self.case.pair.destination.entities;
        let parent = entities.iter().find(|other| other.active && other.full_key() == *full);
        let parent = parent.expect("a parent");
        self.ours(parent).iter().map(|row| row[&Self::key(parent)].clone()).collect()
    }

    /// Rows of ours with everything of ours that they refer to, through all generations: what has
    /// to stay if they do. `from` are rows as they are now.
    fn with_parents(&self, entity: &Entity, from: &Cells) -> Vec<(String, Cells)> {
        let mut all = Vec::new();
        let mut seen: BTreeSet<(String, Cells)> = BTreeSet::new();
        let mut open = vec![(entity.clone(), from.clone())];
        while let Some((entity, row)) = open.pop() {
            for attribute in &entity.attributes {
                let Some(target) = attribute.target() else { continue };
                let value = &row[&attribute.column.to_uppercase()];
                let (table, key, next) = match target {
                    Target::User => ("OSSYS_USER".to_owned(), "ID".to_owned(), None),
                    Target::Entity(full) => {
                        let entities = &self.case.pair.destination.entities;
                        let parent = entities
                            .iter()
                            .find(|other| other.active && other.full_key() == *full)
                            .expect("a parent");
                        (parent.table.to_uppercase(), Self::key(parent), Some(parent.clone()))
                    }
                    _ => continue,
                };
                let is_it = |row: &&Cells| row[&key] == *value && *value != Cell::Null;
                let Some(parent) = self.written.rows(&table).iter().find(is_it) else { continue };
                let is_ours = !self.before.rows(&table).contains(parent);
                if is_ours && seen.insert((table.clone(), parent.clone())) {
                    all.push((table, parent.clone()));
                    open.extend(next.map(|entity| (entity, parent.clone())));
                }
            }
        }
        all
    }

    /// What has to be there when these rows stay.
    fn before_and(&self, more: Vec<(String, Cells)>) -> Content {
        let mut expected = self.before.clone();
        for (table, row) in more {
            expected.tables.entry(table).or_default().push(row);
        }
        expected
    }
}

/// The rows of a state that are not in another.
fn added(table: &str, before: &Content, after: &Content) -> Vec<Cells> {
    let rows = before.rows(table);
    after.rows(table).iter().filter(|row| !rows.contains(row)).cloned().collect()
}

#[track_caller]
fn says(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{}", said.all());
    assert!(!said.panicked(), "{}", said.all());
    let all = format!("{}{}", said.out, said.err);
    let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(all.contains(word), "{word:?} is not in:\n{}", said.all());
    }
}

#[track_caller]
fn same(one: &Content, other: &Content) {
    let troubles = differences(one, other);
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

async fn a_run_is_undone_by_the_command(engine: &TestEngine) {
    let it = Migrated::new(engine);
    let said = it.bench.osferry(&["undo", &it.run, "--confirm", "elsewhere"]);
    says(&said, 2, &["not the destination's name", "Nothing was written"]);
    let said = it.bench.osferry(&["undo", &it.run]);
    assert!(matches!(said.code, Some(2 | 64)), "without a word of agreement:\n{}", said.all());
    let said = it.bench.osferry(&["undo", &it.run, "--dry-run"]);
    says(&said, 0, &["Undo would take", "is as it was before the run"]);
    same(&it.written, &it.now());
    says(&it.undo(&[]), 0, &["Undone, everything is as it was before"]);
    same(&it.before, &it.now());
    says(&it.undo(&[]), 2, &["undone already"]);
    says(&it.bench.osferry(&["undo", &it.run, "--dry-run"]), 2, &["undone already"]);
    says(&it.bench.osferry(&["verify", &it.run]), 2, &["undone", "nothing to prove"]);
    says(&it.bench.osferry(&["resume", &it.run]), 2, &["nothing left to write", "undone"]);
    same(&it.before, &it.now());
}

/// A row that somebody has added refers to two rows of the run, and those to others.
async fn rows_of_others_stand_in_the_way(engine: &TestEngine) {
    let it = Migrated::new(engine);
    let pairing = it.entity("Pairing");
    let (table, key) = (pairing.table.to_uppercase(), Migrated::key(pairing));
    let pair = |row: &Cells| (row["LEFTID"].clone(), row["RIGHTID"].clone());
    let (lefts, rights) = (it.referred(pairing, "LEFTID"), it.referred(pairing, "RIGHTID"));
    let all = lefts.iter().flat_map(|one| rights.iter().map(move |other| (one, other)));
    let mut all = all.map(|(one, other)| (one.clone(), other.clone()));
    let new = all.find(|new| it.written.rows(&table).iter().all(|row| pair(row) != *new));
    let Some((Cell::Int(left), Cell::Int(right))) = new else { panic!("no pair is free") };
    it.bench.databases.execute(
        Side::Destination,
        &format!("INSERT INTO \"{}\" (LEFTID, RIGHTID) VALUES ({left}, {right})", pairing.table),
    );
    let there = it.now();
    let others = added(&table, &it.written, &there);
    let [other] = others.as_slice() else { panic!("{} rows of others", others.len()) };
    let Cell::Int(id) = other[&key] else { panic!("no id") };
    let name = format!("row {id} of Core.Pairing refers to row");
    says(&it.undo(&[]), 2, &["of others refer", &name, "--leave referenced"]);
    says(&it.undo(&["--leave", "changed"]), 2, &["of others refer"]);
    let said = it.bench.osferry(&["undo", &it.run, "--dry-run"]);
    says(&said, 2, &[&format!("row {id} refers to row")]);
    same(&there, &it.now());
    says(
        &it.undo(&["--leave", "referenced"]),
        1,
        &["not everything is as it was before", "left there"],
    );
    let mut stays = it.with_parents(pairing, other);
    assert!(stays.len() > 1, "{stays:?}");
    stays.push((table, other.clone()));
    same(&it.before_and(stays), &it.now());
    says(&it.undo(&[]), 2, &["undone already"]);
}

async fn rows_that_have_changed_stand_in_the_way(engine: &TestEngine) {
    let it = Migrated::new(engine);
    let alpha = it.entity("Alpha");
    let (table, key) = (alpha.table.to_uppercase(), Migrated::key(alpha));
    let ours = it.ours(alpha);
    let Some(Cell::Int(id)) = ours.first().map(|row| row[&key].clone()) else {
        panic!("no row of ours");
    };
    it.bench.databases.execute(
        Side::Destination,
        &format!("UPDATE \"{}\" SET TAG = 'changed' WHERE \"{key}\" = {id}", alpha.table),
    );
    let there = it.now();
    let changed = added(&table, &it.written, &there);
    let [row] = changed.as_slice() else { panic!("{} rows changed", changed.len()) };
    let name = format!("row {id} of Core_CS.Alpha");
    says(&it.undo(&[]), 2, &["has changed since it was written", &name, "--leave changed"]);
    says(&it.undo(&["--leave", "referenced"]), 2, &["has changed"]);
    same(&there, &it.now());
    says(
        &it.undo(&["--leave", "changed"]),
        1,
        &["not everything is as it was before", "left there"],
    );
    let mut stays = it.with_parents(alpha, row);
    stays.push((table, row.clone()));
    same(&it.before_and(stays), &it.now());
}

/// In a table without identifier others have added what ours hold, some of it in small letters.
async fn rows_of_others_stay_where_only_content_tells(engine: &TestEngine) {
    let it = Migrated::of(engine, case_without_references());
    let bare = it.entity("Bare");
    let table = bare.table.to_uppercase();
    let columns: Vec<&str> =
        bare.attributes.iter().filter(|one| one.active).map(|one| one.column.as_str()).collect();
    let text = bare.attributes.iter().find(|one| is_text(one));
    let text = format!("\"{}\"", text.expect("a text").column);
    let columns = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let number = it.written.rows(&table).len() / 2;
    // Those of others lie before ours, where a deletion meets them first.
    let first = match engine {
        TestEngine::Sqlite(_) => format!(
            "UPDATE \"{table}\" SET {text} = LOWER({text}) WHERE rowid IN \
             (SELECT rowid FROM \"{table}\" ORDER BY rowid LIMIT {number})"
        ),
        TestEngine::SqlServer(..) => {
            format!("UPDATE TOP ({number}) \"{table}\" SET {text} = LOWER({text})")
        }
    };
    let twice = format!("INSERT INTO \"{table}\" ({columns}) SELECT {columns} FROM \"{table}\"");
    for statement in [twice, first] {
        it.bench.databases.execute(Side::Destination, &statement);
    }
    let ours = it.ours(bare);
    let mut others = it.now();
    for row in &ours {
        let rows = others.tables.get_mut(&table).expect("the table");
        let place = rows.iter().position(|other| other == row).expect("a row of ours");
        rows.remove(place);
    }
    let mut expected = it.before.clone();
    let own = expected.tables.entry(table.clone()).or_default();
    own.extend(others.rows(&table).iter().cloned());
    let said = it.undo(&[]);
    let now = it.now();
    let missing: Vec<String> =
        differences(&expected, &now).into_iter().filter(|one| one.contains("gone")).collect();
    assert!(missing.is_empty(), "{}\n{}", missing.join("\n"), said.all());
    let stayed = now.rows(&table).len() - expected.rows(&table).len();
    let alike = |row: &&Cells| {
        let twin = |other: &&Cells| folded(other) == folded(row) && other != row;
        others.rows(&table).iter().any(|other| twin(&other))
    };
    let twins = ours.iter().filter(alike).count();
    assert!(twins > 0 && twins < ours.len(), "{twins} of {} have a twin", ours.len());
    assert!(stayed <= twins, "{stayed} stayed, {twins} have a twin\n{}", said.all());
    match stayed {
        0 => says(&said, 0, &["everything is as it was before"]),
        _ => says(&said, 1, &["not everything is as it was before"]),
    }
}

/// A row as a database compares it.
fn folded(row: &Cells) -> String {
    format!("{row:?}").to_lowercase()
}
