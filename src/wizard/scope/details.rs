//! What is known of the selected line: an entity with its table, rows, key and references; an
//! application or espace with its sums.

use std::collections::HashSet;

use super::super::look::text_width;
use super::super::message::Sign;
use super::catalogue::{Catalogue, TopKind};
use super::marks::{Mark, Marks, Rows, Sum};
use super::request::Pick;
use super::tree::{Node, Tree};
use crate::outsystems::{DataKind, Entity, EntityIndex, Environment, Side, SystemTarget};
use crate::report::{counted, number};

/// A line of the details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A name and what it is.
    Pair(String, String),
    /// A heading of a list.
    Head(&'static str),
    /// An entity in a list: how it stands, its name, and why.
    Item(Sign, String, String),
    /// A sentence.
    Text(String),
}

/// What is known of the selected line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Its name.
    pub title: String,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Details {
    /// As lines of text.
    #[must_use]
    pub fn to_lines(&self) -> Vec<String> {
        self.lines
            .iter()
            .map(|line| match line {
                Line::Pair(name, what) => format!("{name}: {what}"),
                Line::Head(text) => format!("{text}:"),
                Line::Item(sign, name, why) if why.is_empty() => {
                    format!("  {} {name}", sign.text())
                }
                Line::Item(sign, name, why) => format!("  {} {name}, {why}", sign.text()),
                Line::Text(text) => text.clone(),
            })
            .collect()
    }
}

/// Everything that the details are read off.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What can be chosen.
    pub catalogue: &'a Catalogue,
    /// What is chosen.
    pub marks: &'a Marks,
    /// Rows.
    pub rows: &'a Rows,
    /// The destination's model.
    pub destination: Option<&'a Environment>,
    /// The databases' names.
    pub names: &'a (String, String),
    /// What is wrong with the scope.
    pub trouble: Option<&'a str>,
}

impl Known<'_> {
    /// The details of a line.
    #[must_use]
    pub fn details(&self, tree: &Tree, node: Option<Node>) -> Details {
        match node {
            None => Details::default(),
            Some(Node::Unknown(place)) => self.unknown(tree, place),
            Some(Node::Top(top)) => self.top(top),
            Some(Node::Espace(_, espace)) => self.espace(espace),
            Some(Node::Entity(_, _, index)) => self.entity(index),
        }
    }

    fn unknown(&self, tree: &Tree, place: usize) -> Details {
        let Some(unknown) = tree.unknown.get(place) else { return Details::default() };
        let mut lines = vec![Line::Text(format!(
            "The plan names the {} \"{}\", which {} does not have. Space takes it out of the plan.",
            unknown.kind, unknown.name, self.names.0
        ))];
        if let Some(trouble) = self.trouble.filter(|trouble| trouble.contains(&unknown.name)) {
            lines.extend(trouble.lines().skip(1).map(|line| Line::Text(line.trim().to_owned())));
        }
        Details { title: unknown.name.clone(), lines }
    }

    fn top(&self, top: usize) -> Details {
        let of = &self.catalogue.tops[top];
        let kind = match of.kind {
            TopKind::Application => "application",
            TopKind::Solution => "solution",
            TopKind::Rest => "modules of no application",
        };
        let mut lines =
            vec![pair("Kind", kind.to_owned()), pair("Modules", number(of.espaces.len() as u64))];
        self.sums(Pick::Top(top), self.rows.of_top(self.catalogue, top), &mut lines);
        Details { title: of.name.clone(), lines }
    }

    fn espace(&self, espace: usize) -> Details {
        let of = &self.catalogue.espaces[espace];
        let mut lines = Vec::new();
        for top in &of.tops {
            let top = &self.catalogue.tops[*top];
            match top.kind {
                TopKind::Application => {
                    lines.push(pair("Application", top.name.clone()));
                }
                TopKind::Solution => lines.push(pair("Solution", top.name.clone())),
                TopKind::Rest => {}
            }
        }
        if of.is_system {
            lines.push(Line::Text(
                "It belongs to the platform, which is never written. Space takes it out of the \
                 plan."
                    .to_owned(),
            ));
            return Details { title: of.name.clone(), lines };
        }
        self.sums(Pick::Espace(espace), self.rows.of_espace(espace), &mut lines);
        let others = of.entities.len() - of.carried;
        if others > 0 {
            let what = format!("{} static, external or on devices", number(others as u64));
            lines.push(pair("Not moved", what));
        }
        Details { title: of.name.clone(), lines }
    }

    /// How many entities, how many of them are in the scope, and their rows.
    fn sums(&self, pick: Pick, all: Sum, lines: &mut Vec<Line>) {
        let (mut chosen, mut added, mut inside, mut there) = (0, 0, Sum::default(), Sum::default());
        let mut added_lines = Vec::new();
        for index in super::request::entities_of(self.catalogue, pick) {
            let rows = Sum::of(self.rows.get(Side::Source, index));
            if self.rows.counterpart(index).is_some() {
                there.join(Sum::of(self.rows.get(Side::Destination, index)));
            }
            match self.marks.of_entity(self.catalogue, index) {
                Mark::Chosen => chosen += 1,
                Mark::Added => {
                    added += 1;
                    let by = self.marks.added.get(&index).map_or("", String::as_str);
                    let name = self.catalogue.model.entity(index).name.clone();
                    added_lines.push(Line::Item(Sign::Good, name, format!("needed by {by}")));
                }
                _ => continue,
            }
            inside.join(rows);
        }
        lines.push(pair("Entities", number(all.entities as u64)));
        lines.push(pair("Chosen", number(chosen)));
        lines.push(pair("Added", number(added)));
        lines.push(pair("Rows", shown(all)));
        if chosen + added > 0 {
            lines.push(pair("In scope", counted_rows(inside)));
        }
        lines.push(self.there(&shown(there)));
        if !added_lines.is_empty() {
            lines.push(Line::Head("Added because something refers to it"));
            lines.extend(added_lines);
        }
    }

    fn entity(&self, index: EntityIndex) -> Details {
        let model = &self.catalogue.model;
        let entity = model.entity(index);
        let mut lines = vec![
            pair("Module", entity.espace_name.clone()),
            pair("Table", entity.table.to_string()),
        ];
        let is_never = self.catalogue.items[index.0].never;
        if is_never.is_none() {
            let rows = self.rows.get(Side::Source, index);
            lines.push(pair("Rows", self.row_words(index, rows)));
        }
        lines.push(pair("Key", self.key_words(entity)));
        if is_never.is_none() {
            let there = match self.rows.counterpart(index) {
                None => "no such entity".to_owned(),
                Some(_) => self
                    .rows
                    .get(Side::Destination, index)
                    .map_or_else(|| "…".to_owned(), |rows| counted(rows, "row", "rows")),
            };
            lines.push(self.there(&there));
        }
        lines.push(pair("Scope", self.scope_words(index)));
        self.references(index, entity, &mut lines);
        if is_never.is_none() {
            lines.push(pair("Matched", self.matched_words(index, entity)));
        }
        Details { title: entity.name.clone(), lines }
    }

    /// What the destination has; its name is the label where that is short.
    fn there(&self, what: &str) -> Line {
        let name = &self.names.1;
        if text_width(name) <= 7 {
            Line::Pair(format!("In {name}"), what.to_owned())
        } else {
            pair("There", format!("{what} in {name}"))
        }
    }

    fn row_words(&self, index: EntityIndex, rows: Option<u64>) -> String {
        match rows {
            Some(rows) => number(rows),
            None if self.catalogue.model.shape_of(index).is_none() => "no table".to_owned(),
            None => "…".to_owned(),
        }
    }

    /// Which keys paired it, and what it is called there. Names never do (`metamodel.md` §3.1).
    fn matched_words(&self, index: EntityIndex, entity: &Entity) -> String {
        let keys = format!("module {}, entity {}", entity.espace_key, entity.key);
        let there = self.rows.counterpart(index).zip(self.destination);
        let Some((there, destination)) = there else {
            return format!("none there with its keys: {keys}");
        };
        let there = destination.entity(there);
        format!("by keys, as {} in {}: {keys}", there.full_name(), there.table)
    }

    fn key_words(&self, entity: &Entity) -> String {
        let Some(attribute) = entity.identifier() else { return "none".to_owned() };
        let how = if attribute.is_autonumber {
            "auto number"
        } else if attribute.data_type.is_reference() {
            "another row's id"
        } else {
            "given by the application"
        };
        format!("{}, {how}", attribute.name)
    }

    fn scope_words(&self, index: EntityIndex) -> String {
        if let Some(never) = self.catalogue.items[index.0].never {
            return never.to_owned();
        }
        if let Some(by) = self.marks.added.get(&index) {
            return format!("added: {by} refers to it");
        }
        if let Some(why) = self.marks.left_out.get(&index) {
            return why.clone();
        }
        if self.marks.chosen.get(index.0) == Some(&true) {
            return "you chose it".to_owned();
        }
        if self.marks.named.excluded.get(index.0) == Some(&true) {
            return "left out".to_owned();
        }
        "not chosen".to_owned()
    }

    fn references(&self, index: EntityIndex, entity: &Entity, lines: &mut Vec<Line>) {
        let item = &self.catalogue.items[index.0];
        let mut items = Vec::new();
        let mut seen = HashSet::new();
        let mut resolved = HashSet::new();
        for link in &item.links {
            resolved.insert(link.attribute);
            if seen.insert(link.target) {
                items.push(self.standing(entity, link.target));
            }
        }
        for (place, attribute) in entity.attributes.iter().enumerate() {
            let is_lost = attribute.is_active
                && attribute.data_type.is_reference()
                && !resolved.contains(&place);
            if is_lost {
                let why = "leads nowhere for sure, see Mismatches".to_owned();
                items.push(Line::Item(Sign::Warning, attribute.name.clone(), why));
            }
        }
        if !items.is_empty() {
            lines.push(Line::Head("Refers to"));
            lines.append(&mut items);
        }
        let mut items: Vec<Line> =
            item.referred_by.iter().map(|by| self.standing(entity, *by)).collect();
        // Those in the scope first.
        items.sort_by_key(|line| !matches!(line, Line::Item(Sign::Good, ..)));
        if !items.is_empty() {
            lines.push(Line::Head("Referred to by"));
            lines.append(&mut items);
        }
    }

    /// How another entity stands to the scope.
    fn standing(&self, from: &Entity, index: EntityIndex) -> Line {
        let other = self.catalogue.model.entity(index);
        let is_near = other.espace_key == from.espace_key;
        let is_platforms = other.is_system || other.system_target().is_some();
        let name = if is_near || is_platforms { other.name.clone() } else { other.full_name() };
        let (sign, why) = match other.system_target() {
            Some(
                SystemTarget::User
                | SystemTarget::Group
                | SystemTarget::Role
                | SystemTarget::Tenant,
            ) => (Sign::Good, "step Users"),
            Some(SystemTarget::Process | SystemTarget::Activity) => (Sign::Good, "step Processes"),
            Some(SystemTarget::Other) => (Sign::Warning, "the platform's, see Mismatches"),
            Some(_) => (Sign::Good, "the platform's, by key"),
            None if other.kind == DataKind::Static => (Sign::Good, "static, by key"),
            None if other.is_external || other.espace_id.is_none() => {
                (Sign::Later, "another system's")
            }
            None => match self.marks.of_entity(self.catalogue, index) {
                Mark::Chosen => (Sign::Good, ""),
                Mark::Added => (Sign::Good, "added for you"),
                _ if self.marks.left_out.contains_key(&index) => (Sign::Later, "left out"),
                _ if self.marks.named.excluded.get(index.0) == Some(&true) => {
                    (Sign::Later, "left out")
                }
                _ => (Sign::Later, "not in scope"),
            },
        };
        Line::Item(sign, name, why.to_owned())
    }
}

fn pair(name: &str, what: String) -> Line {
    Line::Pair(name.to_owned(), what)
}

/// Rows, once all are counted.
#[must_use]
pub fn shown(sum: Sum) -> String {
    sum.complete().map_or_else(|| "…".to_owned(), number)
}

/// Rows with their word, once all are counted.
#[must_use]
pub fn counted_rows(sum: Sum) -> String {
    match sum.complete() {
        Some(rows) => counted(rows, "row", "rows"),
        None => "… rows".to_owned(),
    }
}
