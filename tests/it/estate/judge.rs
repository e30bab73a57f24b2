//! Compares what a destination holds with what it has to hold, ids apart.
//!
//! New ids are whatever the database gave. The judge learns them from rows it knows by a tag, by
//! name or by a key that stays, and reads every reference through them. Rows without any of
//! these are compared as a heap, each cell but the new id, which is learned from there: of rows that
//! are equal, the first that was expected is the first that is there.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{Cells, Content};
use super::model::{Cell, Environment, Target};
use super::oracle::{Expect, ExpectedRow, ExpectedTable, Symbol};
use super::platform::system;

/// Everything that is not as it has to be, a sentence each; empty when all is well.
pub fn judge(
    before: &Content,
    after: &Content,
    expected: &BTreeMap<String, ExpectedTable>,
    destination: &Environment,
) -> Vec<String> {
    let mut judge = Judge { ids: BTreeMap::new(), troubles: Vec::new() };
    if before.schema != after.schema {
        judge.say("the definitions of tables, indexes or triggers changed".into());
    }
    judge.untouched(before, after, expected);
    let mut pending = Vec::new();
    for (name, table) in expected {
        let platform: &[Cells] = if name.starts_with("OSSYS_") { before.rows(name) } else { &[] };
        // Those that are expected to be otherwise are among the expected rows.
        let is_changed = |row: &&Cells| {
            let is_it = |other: &ExpectedRow| match other.cells.get("ID") {
                Some(Expect::Is(id)) => row.get("ID") == Some(id),
                _ => false,
            };
            table.rows.iter().any(is_it)
        };
        let may_go = |row: &&Cells, is_certain: bool| {
            let goes = |(column, cell, certain): &(&str, Cell, bool)| {
                row.get(*column) == Some(cell) && (*certain || !is_certain)
            };
            table.gone.iter().any(goes)
        };
        // Who perhaps goes is there as before, or not at all.
        let is_gone = |row: &&Cells| {
            may_go(row, true) || may_go(row, false) && !after.rows(name).contains(row)
        };
        let platform: Vec<&Cells> =
            platform.iter().filter(|row| !is_changed(row) && !is_gone(row)).collect();
        pending.push(judge.known(name, table, &platform, after.rows(name)));
    }
    judge.learn(&mut pending);
    for rest in pending {
        judge.compare(rest);
    }
    judge.orphans(before, after, destination);
    judge.troubles
}

struct Judge {
    /// The new ids learned.
    ids: BTreeMap<Symbol, Cell>,
    troubles: Vec<String>,
}

/// What is left to compare in a table once its rows are known: expected and actual side by
/// side, and the heap of those that nothing names.
struct Rest<'a> {
    table: &'a str,
    key: Option<&'a str>,
    pairs: Vec<(&'a ExpectedRow, &'a Cells)>,
    unnamed: Vec<&'a ExpectedRow>,
    left: Vec<&'a Cells>,
}

/// A row for the person.
fn shown(row: &Cells) -> String {
    let mut text = String::new();
    for (column, cell) in row {
        let value = match cell {
            Cell::Null => "NULL".into(),
            Cell::Int(value) => value.to_string(),
            Cell::Text(value) if value.len() > 60 => format!("text of {} bytes", value.len()),
            Cell::Text(value) => format!("{value:?}"),
            Cell::Bytes(value) => format!("{} bytes", value.len()),
        };
        text.push_str(&format!(" {column}={value}"));
    }
    text
}

/// How many rows occur how often.
fn heap(rows: &[Cells]) -> BTreeMap<&Cells, usize> {
    let mut heap = BTreeMap::new();
    for row in rows {
        *heap.entry(row).or_insert(0) += 1;
    }
    heap
}

impl Judge {
    fn say(&mut self, trouble: String) {
        self.troubles.push(trouble);
    }

    /// Tables without an expectation hold exactly the rows they held.
    fn untouched(
        &mut self,
        before: &Content,
        after: &Content,
        expected: &BTreeMap<String, ExpectedTable>,
    ) {
        let names: BTreeSet<&String> = before.tables.keys().chain(after.tables.keys()).collect();
        for name in names.into_iter().filter(|n| !expected.contains_key(*n)) {
            let (was, is) = (heap(before.rows(name)), heap(after.rows(name)));
            for (row, count) in &was {
                if is.get(row).unwrap_or(&0) < count {
                    self.say(format!("{name}: a row that had to stay is gone:{}", shown(row)));
                }
            }
            for (row, count) in &is {
                if was.get(row).unwrap_or(&0) < count {
                    self.say(format!("{name}: a row that nobody asked for:{}", shown(row)));
                }
            }
        }
    }

    /// Finds the rows that have a name, and learns the ids of those that are new.
    fn known<'a>(
        &mut self,
        name: &'a str,
        table: &'a ExpectedTable,
        platform: &[&Cells],
        after: &'a [Cells],
    ) -> Rest<'a> {
        let mut left: Vec<&Cells> = after.iter().collect();
        for row in platform {
            match left.iter().position(|other| other == row) {
                Some(at) => drop(left.swap_remove(at)),
                None => self.say(format!("{name}: changed or gone:{}", shown(row))),
            }
        }
        let mut rest =
            Rest { table: name, key: table.key.as_deref(), pairs: vec![], unnamed: vec![], left };
        for row in &table.rows {
            let names: Vec<&String> = match &table.key {
                Some(key) if matches!(row.cells.get(key), Some(Expect::Is(_))) => vec![key],
                _ => row.known_by.iter().collect(),
            };
            if names.is_empty() {
                rest.unnamed.push(row);
                continue;
            }
            let what: Cells = names
                .iter()
                .filter_map(|column| match &row.cells[*column] {
                    Expect::Is(cell) => Some(((*column).clone(), cell.clone())),
                    _ => None,
                })
                .collect();
            let fits = |other: &Cells| what.iter().all(|(c, cell)| other.get(c) == Some(cell));
            let Some(at) = rest.left.iter().position(|other| fits(other)) else {
                if !row.optional {
                    self.say(format!("{name}: missing:{}", shown(&what)));
                }
                continue;
            };
            // Rows mostly come back in the order they were expected in.
            let found = rest.left.remove(at);
            if let (Some(symbol), Some(key)) = (&row.symbol, &table.key)
                && let Some(id) = found.get(key)
            {
                self.ids.insert(symbol.clone(), id.clone());
            }
            rest.pairs.push((row, found));
        }
        // What only must not be something is like almost any row: it takes what the others leave.
        let secrets = |row: &&ExpectedRow| {
            row.cells.values().filter(|expect| matches!(expect, Expect::Secret(_))).count()
        };
        rest.unnamed.sort_by_key(secrets);
        rest
    }

    /// Whether a cell is as expected; `None` when the id it needs was never learned.
    fn agrees(&self, expect: &Expect, cell: &Cell) -> Option<bool> {
        Some(match expect {
            Expect::Is(wanted) => wanted == cell,
            Expect::Made(symbol) => self.ids.get(symbol)? == cell,
            Expect::Written(symbol) => match self.ids.get(symbol)? {
                Cell::Int(id) => cell == &Cell::text(id.to_string()),
                _ => false,
            },
            Expect::OneOf(wanted) => wanted.contains(cell),
            Expect::Secret(clear) => cell != clear,
            Expect::Any => true,
        })
    }

    /// Whether a row is one that is expected, all but its new id.
    fn fits(&self, row: &ExpectedRow, key: Option<&str>, other: &Cells) -> bool {
        other.iter().all(|(column, cell)| {
            let own = Some(column.as_str()) == key && row.symbol.is_some();
            let expect = row.cells.get(column);
            own || expect.is_some_and(|e| self.agrees(e, cell) == Some(true))
        })
    }

    /// Learns the new ids of rows that have no name, as soon as all that they refer to is known.
    fn learn(&mut self, pending: &mut [Rest<'_>]) {
        loop {
            let mut learned = false;
            for rest in pending.iter_mut() {
                let Some(key) = rest.key else { continue };
                for row in std::mem::take(&mut rest.unnamed) {
                    let is_known = |(column, expect): (&String, &Expect)| match expect {
                        Expect::Made(symbol) | Expect::Written(symbol) => {
                            column == key || self.ids.contains_key(symbol)
                        }
                        _ => true,
                    };
                    let found = match row.cells.iter().all(is_known) {
                        true => rest.left.iter().position(|it| self.fits(row, rest.key, it)),
                        false => None,
                    };
                    // What is missing is said when everything is known.
                    let Some(at) = found else {
                        rest.unnamed.push(row);
                        continue;
                    };
                    let found = rest.left.remove(at);
                    if let (Some(symbol), Some(id)) = (&row.symbol, found.get(key)) {
                        self.ids.insert(symbol.clone(), id.clone());
                    }
                    learned = true;
                }
            }
            if !learned {
                return;
            }
        }
    }

    /// Compares cell by cell what is known, then what is not as a heap.
    fn compare(&mut self, mut rest: Rest<'_>) {
        let name = rest.table;
        for (row, found) in std::mem::take(&mut rest.pairs) {
            for (column, cell) in found {
                let Some(expect) = row.cells.get(column) else {
                    self.say(format!("{name}.{column}: a column nobody expected"));
                    continue;
                };
                if self.agrees(expect, cell) != Some(true) {
                    let text = format!("{name}.{column}: {expect:?} expected in{}", shown(found));
                    self.say(text);
                }
            }
            for column in row.cells.keys().filter(|c| !found.contains_key(*c)) {
                self.say(format!("{name}.{column}: the column is gone"));
            }
        }
        for row in std::mem::take(&mut rest.unnamed) {
            match rest.left.iter().position(|other| self.fits(row, rest.key, other)) {
                Some(at) => drop(rest.left.swap_remove(at)),
                None => self.say(format!("{name}: missing: {:?}", row.cells)),
            }
        }
        for row in rest.left {
            self.say(format!("{name}: a row that nobody asked for:{}", shown(row)));
        }
    }

    /// No reference of an active entity points at nothing that did not before.
    fn orphans(&mut self, before: &Content, after: &Content, destination: &Environment) {
        for entity in destination.entities.iter().filter(|e| e.active) {
            for attribute in entity.attributes.iter().filter(|a| a.active) {
                let Some(target) = attribute.target() else { continue };
                let (table, key) = match target {
                    Target::Entity(key) => match destination.entity(key) {
                        // Nobody here knows its rows.
                        Some(parent) if parent.external => continue,
                        Some(parent) => match parent.identifier() {
                            Some(id) => (parent.table.to_uppercase(), id.column.to_uppercase()),
                            None => continue,
                        },
                        None => continue,
                    },
                    other => (system(other).1.to_owned(), "ID".to_owned()),
                };
                let column = attribute.column.to_uppercase();
                let pointing = |content: &Content| -> BTreeMap<Cell, usize> {
                    let ids: BTreeSet<&Cell> =
                        content.rows(&table).iter().filter_map(|r| r.get(&key)).collect();
                    let mut found = BTreeMap::new();
                    for row in content.rows(&entity.table) {
                        if let Some(cell) = row.get(&column)
                            && !cell.is_no_identifier()
                            && !ids.contains(cell)
                        {
                            *found.entry(cell.clone()).or_insert(0) += 1;
                        }
                    }
                    found
                };
                let was = pointing(before);
                for (cell, count) in pointing(after) {
                    if was.get(&cell).unwrap_or(&0) < &count {
                        self.say(format!("{}.{column}: an orphan, {cell:?}", entity.table));
                    }
                }
            }
        }
    }
}
