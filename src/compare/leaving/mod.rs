//! References to entities that were not chosen: what can be done with them, and what becomes of
//! the one that was decided.

mod decided;
mod tables;

use super::references::{Target, is_none};
use super::selection::{Reason, attribute_key};
use super::telling::{PREVIEWED, Telling, row_in_words};
use super::{Choice, Finding, FindingKey, FindingKind, Most, NamedRow, Work, choice};
use crate::database::{ColumnRef, Filter, TableName, Value};
use crate::outsystems::{DataKind, EntityIndex, Side};
use tables::Tables;

/// What a reference that leaves the scope is set to.
#[derive(Clone, Debug)]
pub struct LeavingMap {
    /// The name of the entity referred to.
    pub name: String,
    /// To which rows.
    pub rows: LeavingRows,
}

/// Rows of the destination that references are set to.
#[derive(Clone, Debug)]
pub enum LeavingRows {
    /// To none: rows that hold a reference are left out.
    Reject,
    /// All to this one.
    Replacement(NamedRow),
    /// Each to the row with the same key.
    ByKey(Box<KeyMap>),
}

/// Rows referred to, matched by a key.
#[derive(Clone, Debug)]
pub struct KeyMap {
    /// What the key is made of: attributes, and the tenant last, where rows belong to one.
    pub parts: Vec<KeyPart>,
    /// Table and identifier in the source.
    pub source: (TableName, ColumnRef),
    /// Table and identifier in the destination.
    pub destination: (TableName, ColumnRef),
    /// The rows that something refers to.
    pub rows: Vec<LeavingRow>,
}

impl KeyMap {
    /// What the key is, and how many of the rows it tells.
    #[must_use]
    pub fn words(&self) -> String {
        let is_told = |row: &&LeavingRow| matches!(row.matched, LeavingMatch::Row(_));
        format!(
            "the key {}, by which the destination has {} of {} rows",
            in_words(&self.parts),
            self.rows.iter().filter(is_told).count(),
            self.rows.len()
        )
    }
}

/// A part of a key that rows are matched by: an attribute, or the tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyPart {
    /// The attribute's name.
    pub name: String,
    /// Its column in the source.
    pub source: ColumnRef,
    /// Its column in the destination.
    pub destination: ColumnRef,
    /// Whether it is the tenant that a row belongs to: the source's, looked for as the destination's
    /// that it is mapped to.
    pub is_tenant: bool,
}

/// `Code and the tenant`
fn in_words(parts: &[KeyPart]) -> String {
    let word = |part: &KeyPart| match part.is_tenant {
        true => "the tenant".to_owned(),
        false => part.name.clone(),
    };
    parts.iter().map(word).collect::<Vec<String>>().join(" and ")
}

/// A row of the source that something refers to.
#[derive(Clone, Debug)]
pub struct LeavingRow {
    /// Its identifier.
    pub id: Value,
    /// Its key as the destination has it, a value for each part. Where one of them is NULL it has
    /// none: it is gone itself, has no value there, or is of a tenant without a counterpart.
    pub key: Vec<Value>,
    /// The destination's row.
    pub matched: LeavingMatch,
}

/// The destination's row of the same key.
#[derive(Clone, Debug, PartialEq)]
pub enum LeavingMatch {
    /// This one.
    Row(Value),
    /// There is none.
    Missing,
    /// There are several, or several of ours are like it.
    Ambiguous,
}

/// Where a reference leads that no row of the scope is at the end of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outward {
    /// To an entity that was chosen, and cannot be carried over.
    StaysBehind,
    /// To an entity that was not chosen.
    LeavesScope,
}

impl Work<'_> {
    /// Finds what leaves the scope.
    pub(super) fn leaving(&mut self) {
        for (pair_place, place, index, outward) in self.outward() {
            match outward {
                Outward::StaysBehind => self.stays_behind(pair_place, place),
                Outward::LeavesScope => self.leaves_scope(pair_place, place, index),
            }
        }
    }

    /// Works out what was decided about it.
    pub(super) fn decided_leaving(&mut self) {
        for (pair_place, place, index, outward) in self.outward() {
            let pair = &self.out.pairs[pair_place];
            let entity = self.source.entity(pair.source);
            let key = attribute_key(entity, &pair.attributes[place].attribute);
            if outward == Outward::LeavesScope
                && let Some(leaving) = self.selection.leaving.get(&key)
            {
                self.decided_outside(pair_place, place, index, leaving);
            }
        }
    }

    /// The references that lead out of the scope: the places of pair and attribute, and where to.
    fn outward(&self) -> Vec<(usize, usize, EntityIndex, Outward)> {
        let mut found = Vec::new();
        for (pair_place, pair) in self.out.pairs.iter().enumerate() {
            for (place, attribute) in pair.attributes.iter().enumerate() {
                // Values of instances have a finding of their own.
                let reference = attribute.reference.as_ref().filter(|_| attribute.typed.is_none());
                let Some(Target::Entity(index) | Target::Outside(index)) =
                    reference.map(|reference| reference.target)
                else {
                    continue;
                };
                let reason = self.selection.get(index).map(|selected| &selected.reason);
                if matches!(reason, Some(Reason::Chosen)) {
                    found.push((pair_place, place, index, Outward::StaysBehind));
                    continue;
                }
                // Records that are carried over as rows: a decision about the entity says so.
                if reason.is_some() && self.source.entity(index).kind == DataKind::Static {
                    continue;
                }
                found.push((pair_place, place, index, Outward::LeavesScope));
            }
        }
        found
    }

    /// Rows that hold a reference.
    fn filled(&self, pair_place: usize, place: usize) -> Filter {
        let attribute = &self.out.pairs[pair_place].attributes[place];
        let column = &attribute.source_column;
        let filled = Filter::not_null(&column.name);
        if attribute.reference.as_ref().is_some_and(|reference| reference.zero_is_row) {
            return filled;
        }
        filled.and(is_none(&column.name, column.data_type.kind()).negated())
    }

    fn about_attribute(&self, pair_place: usize, place: usize) -> String {
        let pair = &self.out.pairs[pair_place];
        format!("{}.{}", pair.name, pair.attributes[place].attribute.name)
    }

    fn key_of_attribute(&self, kind: FindingKind, pair_place: usize, place: usize) -> FindingKey {
        let pair = &self.out.pairs[pair_place];
        let entity = self.source.entity(pair.source);
        FindingKey::attribute(kind, entity, &pair.attributes[place].attribute)
    }

    /// To leave rows out, with what goes along.
    fn reject(&mut self, pair_place: usize, filter: &Filter) -> Choice {
        let cost = self.cost_of_rejecting(pair_place, filter);
        Choice::new(choice::REJECT, "leave these rows out").costing(cost.words.join(", "))
    }

    fn may_hold_none(&self, pair_place: usize, place: usize) -> bool {
        let pair = &self.out.pairs[pair_place];
        pair.attributes[place].may_be_emptied() && pair.identifier != Some(place)
    }

    /// A reference to a chosen entity that cannot be carried over: what is decided about that entity
    /// decides this too.
    fn stays_behind(&mut self, pair_place: usize, place: usize) {
        let pair = &self.out.pairs[pair_place];
        let reference = pair.attributes[place].reference.as_ref();
        let Some(Target::Outside(index)) = reference.map(|reference| reference.target) else {
            return;
        };
        let table = &self.source.entity(pair.source).table;
        let filled = self.filled(pair_place, place);
        let rows = self.inquiry.count(Side::Source, table, filled);
        if rows == Some(0) {
            return;
        }
        let referred = self.source.entity(index).full_name();
        let why = match self.may_hold_none(pair_place, place) {
            true => "Where that entity is left out, these references are emptied.",
            false => {
                "The destination demands this reference: where that entity is left out, these rows \
                 are too."
            }
        };
        let finding = Finding::note(
            self.key_of_attribute(FindingKind::ReferenceLeavesScope, pair_place, place),
            self.about_attribute(pair_place, place),
            format!("it refers to {referred}, which cannot be carried over"),
            why,
        );
        self.find(finding.touching(rows));
    }

    /// A reference to an entity that was not chosen.
    fn leaves_scope(&mut self, pair_place: usize, place: usize, index: EntityIndex) {
        let referred = self.source.entity(index);
        // To take in what the plan keeps out would be a choice without effect.
        let is_barred = self.selection.barred.contains(&index);
        let may_be_taken_in = self.source.is_application_entity(referred) && !is_barred;
        let is_component = self.selection.components.contains(&index);
        let may_be_emptied = self.may_hold_none(pair_place, place);
        let is_identifier = self.out.pairs[pair_place].identifier == Some(place);
        let filled = self.filled(pair_place, place);
        let table = &self.source.entity(self.out.pairs[pair_place].source).table;
        let rows = self.inquiry.count(Side::Source, table, filled.clone());
        let mut choices = Vec::new();
        if may_be_taken_in {
            choices.push(Choice::new(choice::TAKE_IN, "take that entity in"));
        }
        if !is_identifier && let Some(tables) = self.tables_of(pair_place, place, index) {
            self.offer_rows(&tables, &mut choices);
        }
        if may_be_emptied {
            choices.push(Choice::new(choice::EMPTY, "write no reference"));
        }
        if !is_identifier {
            let reject = self.reject(pair_place, &filled);
            choices.push(reject);
        }
        choices.push(Choice::stop("do not run"));
        let recommended = if may_be_taken_in && !is_component {
            choice::TAKE_IN
        } else if may_be_emptied {
            choice::EMPTY
        } else {
            choice::STOP
        };
        let preview = self.preview(pair_place, place, index);
        let finding = Finding::decide(
            self.key_of_attribute(FindingKind::ReferenceLeavesScope, pair_place, place),
            self.about_attribute(pair_place, place),
            format!(
                "it refers to {}, which {}",
                referred.full_name(),
                if is_barred { "is left out" } else { "was not chosen" }
            ),
            if is_component {
                "It belongs to a module that comes with the platform, whose tables hold settings and \
                 people's data of this environment; it goes along only where somebody asks for it."
            } else {
                "The rows referred to have other ids in the destination, or are not there."
            },
            choices,
            recommended,
        );
        self.find(finding.touching(rows).previewing(preview));
    }

    /// The choices that set references to rows the destination has.
    fn offer_rows(&mut self, tables: &Tables, choices: &mut Vec<Choice>) {
        let keys = tables.keys();
        if !keys.is_empty() {
            let offers = keys.iter().map(|key| {
                let unique = if key.is_unique { "unique there" } else { "not known to be unique" };
                (key.name(), format!("{}  {unique}", in_words(&key.parts)))
            });
            choices.push(
                Choice::new(choice::MAP_BY_KEY, "use the destination's rows with the same key")
                    .to_one_of(offers.collect()),
            );
        }
        choices.push(self.one_of(&tables.there));
    }

    /// The first rows that are referred to.
    fn preview(&mut self, pair_place: usize, place: usize, index: EntityIndex) -> Vec<String> {
        let referred = self.source.entity(index);
        let Some(shape) = self.source.shape_of(index) else { return Vec::new() };
        let Some(id) = referred.identifier().and_then(|id| shape.column(&id.column)) else {
            return Vec::new();
        };
        let pair = &self.out.pairs[pair_place];
        let Telling { columns, names } = Telling::of(referred, shape, id);
        let refers = Filter::Refers {
            column: id.name.clone(),
            parent: self.source.entity(pair.source).table.clone(),
            key: pair.attributes[place].source_column.name.clone(),
            among: Box::new(Filter::All),
        };
        let first = Most::First(PREVIEWED);
        let rows = self.inquiry.rows(Side::Source, &referred.table, columns, refers, first);
        rows.unwrap_or_default().iter().map(|row| row_in_words(&names, row)).collect()
    }
}
