//! The tree's lines: what is unfolded, what fits the filter, where the cursor is. The visible
//! lines are worked out when one of these changes, never while drawing.

use std::collections::HashSet;

use super::super::keys::Command;
use super::super::list::List;
use super::super::text_field::TextField;
use super::catalogue::{Catalogue, TopKind};
use super::request::{Named, Pick};
use crate::plan::ScopeRequest;

/// Something that a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A name of the request that the source does not have, by its place among these.
    Unknown(usize),
    /// An application, a solution, or the rest.
    Top(usize),
    /// An espace, below its top.
    Espace(usize, usize),
    /// An entity, below its top and espace.
    Entity(usize, usize, crate::outsystems::EntityIndex),
}

impl Node {
    /// What choosing it means.
    #[must_use]
    pub fn pick(self) -> Option<Pick> {
        match self {
            Self::Unknown(_) => None,
            Self::Top(top) => Some(Pick::Top(top)),
            Self::Espace(_, espace) => Some(Pick::Espace(espace)),
            Self::Entity(_, _, index) => Some(Pick::Entity(index)),
        }
    }

    /// The line above it that it belongs to.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        match self {
            Self::Unknown(_) | Self::Top(_) => None,
            Self::Espace(top, _) => Some(Self::Top(top)),
            Self::Entity(top, espace, _) => Some(Self::Espace(top, espace)),
        }
    }

    /// How far it is set in.
    #[must_use]
    pub fn depth(self) -> usize {
        match self {
            Self::Unknown(_) | Self::Top(_) => 0,
            Self::Espace(..) => 1,
            Self::Entity(..) => 2,
        }
    }
}

/// A name of the request that the source does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What it should be.
    pub kind: &'static str,
    /// The name.
    pub name: String,
}

/// The tree as it is seen.
#[derive(Debug, Default)]
pub struct Tree {
    /// The visible lines.
    pub lines: Vec<Node>,
    /// The cursor.
    pub list: List,
    /// What narrows it.
    pub filter: TextField,
    /// Whether the filter is being typed.
    pub is_filtering: bool,
    /// Names that the source does not have.
    pub unknown: Vec<Unknown>,
    /// What is unfolded while nothing narrows the tree.
    open: HashSet<Node>,
    /// What was folded or unfolded against the filter's own way.
    turned: HashSet<Node>,
}

impl Tree {
    /// Whether a filter narrows it.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        !self.filter.text().trim().is_empty()
    }

    /// The selected line.
    #[must_use]
    pub fn selected(&self) -> Option<Node> {
        self.lines.get(self.list.selected).copied()
    }

    /// Whether this is an unfolded module.
    #[must_use]
    pub fn shows_entities_of(&self, node: Node) -> bool {
        matches!(node, Node::Espace(..)) && self.open.contains(&node)
    }

    /// Unfolds a node.
    pub fn unfold(&mut self, node: Node) {
        self.open.insert(node);
    }

    /// The names that the source does not have.
    pub fn read_unknown(&mut self, catalogue: &Catalogue, request: &ScopeRequest) {
        self.unknown.clear();
        let mut add = |kind, names: &[String], is_known: &dyn Fn(&str) -> bool| {
            for name in names.iter().filter(|name| !is_known(name)) {
                self.unknown.push(Unknown { kind, name: name.clone() });
            }
        };
        add("application", &request.applications, &|name| catalogue.application(name).is_some());
        add("solution", &request.solutions, &|name| catalogue.solution(name).is_some());
        add("espace", &request.espaces, &|name| catalogue.espace(name).is_some());
        add("entity", &request.entities, &|name| !catalogue.entities(name).is_empty());
        add("entity to leave out", &request.exclude, &|name| !catalogue.entities(name).is_empty());
    }

    /// Works the visible lines out; the cursor stays on what it was on, or near it.
    pub fn arrange(&mut self, catalogue: &Catalogue, named: &Named, height: usize) {
        let selected = self.selected();
        self.lines.clear();
        self.lines.extend((0..self.unknown.len()).map(Node::Unknown));
        let wanted = self.filter.text().trim().to_lowercase();
        for top in 0..catalogue.tops.len() {
            if wanted.is_empty() {
                self.add_top(catalogue, named, top);
            } else {
                self.add_fitting(catalogue, named, top, &wanted);
            }
        }
        let mut node = selected;
        let mut place = None;
        // A folded line's place is taken by the one it is folded into.
        while let (Some(looked_for), None) = (node, place) {
            place = self.lines.iter().position(|line| *line == looked_for);
            node = looked_for.parent();
        }
        let place = place.unwrap_or_else(|| self.list.selected.min(self.unknown.len()));
        self.list.select(place, self.lines.len(), height);
    }

    /// Whether an espace has a line: the platform's only where they are chosen.
    fn is_shown(catalogue: &Catalogue, named: &Named, espace: usize) -> bool {
        !catalogue.espaces[espace].is_system || named.espaces.get(espace) == Some(&true)
    }

    fn add_top(&mut self, catalogue: &Catalogue, named: &Named, top: usize) {
        let of = &catalogue.tops[top];
        let shown: Vec<usize> = of
            .espaces
            .iter()
            .copied()
            .filter(|espace| Self::is_shown(catalogue, named, *espace))
            .collect();
        let is_named = named.tops.get(top) == Some(&true);
        if shown.is_empty() && !is_named {
            return;
        }
        self.lines.push(Node::Top(top));
        if !self.open.contains(&Node::Top(top)) {
            return;
        }
        for espace in shown {
            let node = Node::Espace(top, espace);
            self.lines.push(node);
            if self.open.contains(&node) {
                self.add_entities(catalogue, top, espace);
            }
        }
    }

    fn add_entities(&mut self, catalogue: &Catalogue, top: usize, espace: usize) {
        let entities = &catalogue.espaces[espace].entities;
        self.lines.extend(entities.iter().map(|index| Node::Entity(top, espace, *index)));
    }

    /// The lines of a top that fit, each below what it belongs to. What holds something that fits
    /// is unfolded; what fits by its own name only is folded. Espaces of a solution are found below
    /// their applications, the solution by its own name.
    fn add_fitting(&mut self, catalogue: &Catalogue, named: &Named, top: usize, wanted: &str) {
        let of = &catalogue.tops[top];
        let fits = of.kind != TopKind::Rest && of.folded.contains(wanted);
        let below: Vec<usize> = of
            .espaces
            .iter()
            .copied()
            .filter(|espace| Self::is_shown(catalogue, named, *espace))
            .collect();
        let fitting: Vec<usize> = below
            .iter()
            .copied()
            .filter(|espace| of.kind != TopKind::Solution && fits_in(catalogue, *espace, wanted))
            .collect();
        if !fits && fitting.is_empty() {
            return;
        }
        let node = Node::Top(top);
        self.lines.push(node);
        match (fitting.is_empty(), self.turned.contains(&node)) {
            (false, false) => {
                for espace in fitting {
                    self.add_fitting_espace(catalogue, top, espace, wanted);
                }
            }
            (true, true) => {
                for espace in below {
                    let node = Node::Espace(top, espace);
                    self.lines.push(node);
                    if self.turned.contains(&node) {
                        self.add_entities(catalogue, top, espace);
                    }
                }
            }
            _ => {}
        }
    }

    fn add_fitting_espace(
        &mut self,
        catalogue: &Catalogue,
        top: usize,
        espace: usize,
        wanted: &str,
    ) {
        let node = Node::Espace(top, espace);
        self.lines.push(node);
        let fitting: Vec<Node> = catalogue.espaces[espace]
            .entities
            .iter()
            .filter(|index| catalogue.items[index.0].folded.contains(wanted))
            .map(|index| Node::Entity(top, espace, *index))
            .collect();
        match (fitting.is_empty(), self.turned.contains(&node)) {
            (false, false) => self.lines.extend(fitting),
            (true, true) => self.add_entities(catalogue, top, espace),
            _ => {}
        }
    }

    /// Whether lines that belong to this one stand below it.
    #[must_use]
    pub fn is_open(&self, place: usize) -> bool {
        let (Some(node), Some(next)) = (self.lines.get(place), self.lines.get(place + 1)) else {
            return false;
        };
        next.parent() == Some(*node)
    }

    /// Folds, unfolds, or goes along; says whether the lines have to be worked out again.
    pub fn turn(&mut self, command: Command, height: usize) -> bool {
        let Some(node) = self.selected() else { return false };
        let is_open = self.is_open(self.list.selected);
        let is_leaf = matches!(node, Node::Entity(..) | Node::Unknown(_));
        match command {
            Command::Right if is_open => {
                self.list.select(self.list.selected + 1, self.lines.len(), height);
                false
            }
            Command::Right if !is_leaf => {
                self.flip(node);
                true
            }
            Command::Left if is_open => {
                self.flip(node);
                true
            }
            Command::Left => {
                let parent = node.parent();
                let above = &self.lines[..self.list.selected];
                if let Some(place) = above.iter().rposition(|line| Some(*line) == parent) {
                    self.list.select(place, self.lines.len(), height);
                }
                false
            }
            _ => false,
        }
    }

    fn flip(&mut self, node: Node) {
        let set = if self.is_narrowed() { &mut self.turned } else { &mut self.open };
        if !set.remove(&node) {
            set.insert(node);
        }
    }

    /// The filter changed.
    pub fn refilter(&mut self) {
        self.turned.clear();
    }

    /// What `a` means: each shown line that has none of its own shown below it.
    #[must_use]
    pub fn shown_picks(&self) -> Vec<Pick> {
        if !self.is_narrowed() {
            let tops = self.lines.iter().filter(|line| matches!(line, Node::Top(_)));
            return tops.filter_map(|line| line.pick()).collect();
        }
        self.lines
            .iter()
            .enumerate()
            .filter(|(place, _)| !self.is_open(*place))
            .filter_map(|(_, line)| line.pick())
            .collect()
    }
}

/// Whether an espace fits, or an entity of it.
fn fits_in(catalogue: &Catalogue, espace: usize, wanted: &str) -> bool {
    let module = &catalogue.espaces[espace];
    let mut entities = module.entities.iter();
    module.folded.contains(wanted)
        || entities.any(|index| catalogue.items[index.0].folded.contains(wanted))
}
