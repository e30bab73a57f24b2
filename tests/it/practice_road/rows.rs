//! The rows that count: of the source those that had to come along, as they had to arrive; of
//! the destination those that are not left from before. And what they refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::colours::{Node, hash};
use super::names::Names;
use super::pairs::{Column, Holds, Pair};
use super::sql::{Cell, Sheet};
use super::story::{Reason, Told};

/// One of the two databases.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Source,
    Destination,
}

impl Side {
    fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }

    fn column(self, column: &Column) -> &str {
        match self {
            Self::Source => &column.source,
            Self::Destination => &column.destination,
        }
    }
}

/// The rows of all pairs on one side.
pub struct Rows<'a> {
    pub side: Side,
    pub pairs: &'a [Pair],
    pub sheets: Vec<Sheet>,
    pub names: &'a Names,
}

/// What the columns of a unique index hold, with the identifier of the first row that holds it.
type Taken = BTreeMap<Vec<String>, Cell>;

/// Where a reference leads.
enum Leads {
    /// Nothing is referred to.
    Empty,
    Row(usize, String),
    Named(String),
    Nowhere,
}

impl Rows<'_> {
    /// The column of an identifier in a pair's sheet.
    pub fn identifier(&self, pair: usize) -> Option<usize> {
        let column = &self.pairs[pair].columns[self.pairs[pair].identifier?];
        Some(self.sheets[pair].at(self.side.column(column)))
    }

    /// What a row's cell is.
    pub fn holds<'h>(&self, pair: usize, column: &'h Column, row: &[Cell]) -> &'h Holds {
        let Holds::Typed(typed) = &column.holds else { return &column.holds };
        let cell = |name: &str| row[self.sheets[pair].at(name)].key();
        let named = cell("SS_TYPE");
        let defined = &typed.defined[usize::from(self.side == Side::Destination)];
        let of = match named.is_empty() {
            true => defined.get(&cell(typed.definition)).cloned().unwrap_or_default(),
            false => named,
        };
        typed.types.get(&of).unwrap_or(&Holds::Value)
    }

    /// Takes what the report says has not come along out of the source. Nothing may be taken out
    /// without need.
    pub fn take_out(&mut self, told: &[Told], troubles: &mut Vec<String>) {
        for (place, told) in told.iter().enumerate() {
            let rest = self.leave_out(place, told, troubles);
            if rest != told.left_out + told.rejected {
                troubles.push(format!(
                    "{}: {} rows were left out and the report names {rest}",
                    told.name, told.left_out
                ));
            }
        }
        let known = self.known();
        for (place, told) in told.iter().enumerate() {
            for emptied in &told.emptied {
                let keys = keys(&emptied.reasons);
                if keys.len() != emptied.count {
                    troubles.push(format!(
                        "{}.{}: {} references were emptied and the report names {}",
                        told.name,
                        emptied.attribute,
                        emptied.count,
                        keys.len()
                    ));
                }
                self.empty(place, &emptied.attribute, &keys, &known, troubles);
            }
        }
    }

    /// Removes the rows that a pair's report names; how many there were.
    fn leave_out(&mut self, place: usize, told: &Told, troubles: &mut Vec<String>) -> usize {
        let mut found = 0;
        let Some(identifier) = self.identifier(place) else { return found };
        let all: BTreeSet<String> = told
            .left_out_reasons
            .iter()
            .flat_map(|reason| keys(std::slice::from_ref(reason)))
            .collect();
        for reason in &told.left_out_reasons {
            let named: BTreeSet<String> =
                reason.keys.iter().map(|key| key.to_lowercase()).collect();
            let column = self.pairs[place]
                .columns
                .iter()
                .find(|column| Some(&column.attribute) == reason.attribute.as_ref());
            let at = column.map(|column| self.sheets[place].at(&column.source));
            let taken = self.taken(place, &all);
            self.sheets[place].rows.retain(|row| {
                if !named.contains(&row[identifier].key()) {
                    return true;
                }
                found += 1;
                let does_not_fit = column.zip(at).is_some_and(|(column, at)| {
                    column.holds == Holds::Number && number(&row[at]).is_none()
                        || longest(&column.data_type)
                            .is_some_and(|most| row[at].text().encode_utf16().count() > most)
                });
                let is_taken = taken.iter().any(|(columns, first)| {
                    let id =
                        first.get(&columns.iter().map(|at| row[*at].key()).collect::<Vec<_>>());
                    id.is_some_and(|id| *id < row[identifier])
                });
                if !does_not_fit && !is_taken {
                    troubles.push(format!(
                        "{} {} was left out and would fit",
                        told.name,
                        row[identifier].text()
                    ));
                }
                false
            });
        }
        found
    }

    /// For each unique index of the destination the values that rows bring along, with the first
    /// row that does: but for those that are left out.
    fn taken(&self, place: usize, left_out: &BTreeSet<String>) -> Vec<(Vec<usize>, Taken)> {
        let (pair, sheet) = (&self.pairs[place], &self.sheets[place]);
        let Some(identifier) = self.identifier(place) else { return Vec::new() };
        let of_index = |columns: &Vec<usize>| {
            let columns = columns.iter().map(|at| sheet.at(&pair.columns[*at].source));
            let columns: Vec<usize> = columns.collect();
            let mut taken = Taken::new();
            for row in &sheet.rows {
                if left_out.contains(&row[identifier].key()) {
                    continue;
                }
                let first = taken.entry(columns.iter().map(|at| row[*at].key()).collect());
                let id = row[identifier].clone();
                first.and_modify(|first| *first = id.clone().min(first.clone())).or_insert(id);
            }
            (columns, taken)
        };
        pair.uniques.iter().map(of_index).collect()
    }

    /// Empties the cells that a pair's report names.
    fn empty(
        &mut self,
        place: usize,
        attribute: &str,
        keys: &BTreeSet<String>,
        known: &[BTreeMap<String, usize>],
        troubles: &mut Vec<String>,
    ) {
        let name = format!("{}.{attribute}", self.pairs[place].name);
        let column = self.pairs[place].columns.iter().find(|column| column.attribute == attribute);
        let Some((column, identifier)) = column.zip(self.identifier(place)) else {
            troubles.push(format!("{name} was emptied and the judge cannot tell where"));
            return;
        };
        let at = self.sheets[place].at(&column.source);
        let mut emptied = 0;
        for row in 0..self.sheets[place].rows.len() {
            if !keys.contains(&self.sheets[place].rows[row][identifier].key()) {
                continue;
            }
            let cells = &self.sheets[place].rows[row];
            let holds = self.holds(place, column, cells);
            let leads = self.leads(holds, column.is_nullable, &cells[at], known);
            if !matches!(leads, Leads::Nowhere) {
                troubles.push(format!("{name} was emptied and leads somewhere"));
            }
            self.sheets[place].rows[row][at] = Cell::Null;
            emptied += 1;
        }
        if emptied != keys.len() {
            troubles.push(format!("{name}: the report names rows that are not there"));
        }
    }

    /// The rows of every pair by their identifiers: which one it is among all rows.
    fn known(&self) -> Vec<BTreeMap<String, usize>> {
        let mut before = 0;
        let index = |(place, sheet): (usize, &Sheet)| {
            let start = before;
            before += sheet.rows.len();
            let Some(at) = self.identifier(place) else { return BTreeMap::new() };
            sheet.rows.iter().zip(start..).map(|(row, number)| (row[at].key(), number)).collect()
        };
        self.sheets.iter().enumerate().map(index).collect()
    }

    fn leads(
        &self,
        holds: &Holds,
        is_nullable: bool,
        cell: &Cell,
        known: &[BTreeMap<String, usize>],
    ) -> Leads {
        if *cell == Cell::Null {
            return Leads::Empty;
        }
        let id = cell.key();
        let found = match holds {
            Holds::Row(parent) => {
                known[*parent].contains_key(&id).then(|| Leads::Row(*parent, id.clone()))
            }
            Holds::Named(what) => {
                let names = match self.side {
                    Side::Source => &self.names.source,
                    Side::Destination => &self.names.destination,
                };
                let meaning = names.get(what).and_then(|names| names.get(&id));
                meaning.map(|meaning| Leads::Named(meaning.clone()))
            }
            Holds::OwnId | Holds::Value | Holds::Number | Holds::Same(_) => None,
            Holds::Typed(_) | Holds::Soft(_) => None,
        };
        // An empty identifier is written as NULL wherever the column takes it.
        let may_stand_for_null = self.side == Side::Source || !is_nullable;
        match found {
            Some(found) => found,
            None if cell.is_null_identifier() && may_stand_for_null => Leads::Empty,
            None => Leads::Nowhere,
        }
    }

    /// All rows with what they hold and refer to. No reference may lead nowhere.
    pub fn nodes(&self, troubles: &mut Vec<String>) -> Vec<Node> {
        let known = self.known();
        let mut nodes = Vec::new();
        for (entity, (pair, sheet)) in self.pairs.iter().zip(&self.sheets).enumerate() {
            let columns: Vec<(&Column, usize)> = pair
                .columns
                .iter()
                .map(|column| (column, sheet.at(self.side.column(column))))
                .collect();
            let identifier = self.identifier(entity);
            let mut nowhere: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for row in &sheet.rows {
                let mut held = Vec::new();
                let mut links = Vec::new();
                for (attribute, (column, at)) in columns.iter().enumerate() {
                    let is_text = matches!(column.holds, Holds::Typed(_));
                    // What says that a text is no id is carried as it is.
                    let is_nullable = column.is_nullable && !is_text;
                    let (holds, is_soft) = match self.holds(entity, column, row) {
                        Holds::Soft(of) => (&**of, true),
                        holds => (holds, false),
                    };
                    match holds {
                        Holds::OwnId => {}
                        Holds::Number => match self.side {
                            Side::Source => held.push(hash(&number(&row[*at]))),
                            Side::Destination => held.push(hash(&Some(&row[*at]))),
                        },
                        Holds::Same(to) => {
                            let has_value = !row[*at].text().trim().is_empty();
                            let is_replaced = self.side == Side::Source && has_value;
                            held.push(hash(if is_replaced { to } else { &row[*at] }));
                        }
                        Holds::Value | Holds::Typed(_) | Holds::Soft(_) => {
                            held.push(hash(&row[*at]));
                        }
                        Holds::Row(_) | Holds::Named(_) => {
                            match self.leads(holds, is_nullable, &row[*at], &known) {
                                Leads::Empty | Leads::Nowhere if is_soft => {
                                    held.push(hash(&row[*at]));
                                }
                                Leads::Empty if is_text => held.push(hash(&row[*at])),
                                Leads::Empty => held.push(0),
                                Leads::Named(meaning) => held.push(hash(&meaning)),
                                Leads::Row(parent, id) => {
                                    held.push(1);
                                    links.push((attribute, known[parent][&id]));
                                }
                                Leads::Nowhere => {
                                    held.push(2);
                                    let rows = nowhere.entry(&column.attribute).or_default();
                                    rows.push(row[*at].text());
                                }
                            }
                        }
                    }
                }
                let id = identifier.map_or_else(|| "without id".into(), |at| row[at].text());
                nodes.push(Node { entity, id, colour: hash(&held), links });
            }
            for (attribute, ids) in nowhere {
                troubles.push(format!(
                    "{}.{attribute}: {} references of the {} lead nowhere, the first to {}",
                    pair.name,
                    ids.len(),
                    self.side.word(),
                    ids[0]
                ));
            }
        }
        nodes
    }
}

fn keys(reasons: &[Reason]) -> BTreeSet<String> {
    reasons.iter().flat_map(|reason| &reason.keys).map(|key| key.to_lowercase()).collect()
}

/// The whole number that a text is; an empty one is 0, and NULL stays.
fn number(cell: &Cell) -> Option<Cell> {
    let text = cell.text();
    match (cell, text.trim()) {
        (Cell::Null, _) => Some(Cell::Null),
        (_, "") => Some(Cell::Integer(0)),
        (_, digits) => digits.parse().ok().map(Cell::Integer),
    }
}

/// How many UTF-16 units a text type takes: `NVARCHAR(30)` takes 30.
fn longest(data_type: &str) -> Option<usize> {
    data_type.split_once('(')?.1.split_once(')')?.0.parse().ok()
}
