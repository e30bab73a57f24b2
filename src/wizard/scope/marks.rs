//! What stands before each line of the tree, and the sums beside it.

use std::collections::HashMap;

use super::catalogue::Catalogue;
use super::request::{Named, Pick};
use crate::compare::Reason;
use crate::outsystems::{EntityIndex, Side};
use crate::plan::{Review, ScopeRequest};

/// The mark of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The person chose it, or all of it.
    Chosen,
    /// It was added because something refers to it.
    Added,
    /// Some of it is chosen or added.
    Partly,
    /// It is not in the scope.
    Not,
    /// It cannot be carried over.
    Never,
}

impl Mark {
    /// The mark as it is drawn.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Chosen => "[x]",
            Self::Added => "[+]",
            Self::Partly => "[-]",
            Self::Not => "[ ]",
            Self::Never => " · ",
        }
    }
}

/// Entities, and rows as far as they are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Entities.
    pub entities: usize,
    /// Those of them whose rows are known.
    pub counted: usize,
    /// Rows of those.
    pub rows: u64,
}

impl Sum {
    /// One entity.
    #[must_use]
    pub fn of(rows: Option<u64>) -> Self {
        let mut sum = Self::default();
        sum.add(rows);
        sum
    }

    fn add(&mut self, rows: Option<u64>) {
        self.entities += 1;
        if let Some(rows) = rows {
            self.counted += 1;
            self.rows += rows;
        }
    }

    /// Adds others.
    pub fn join(&mut self, other: Self) {
        self.entities += other.entities;
        self.counted += other.counted;
        self.rows += other.rows;
    }

    /// The rows, once all are counted.
    #[must_use]
    pub fn complete(&self) -> Option<u64> {
        (self.counted == self.entities).then_some(self.rows)
    }
}

/// The marks of all lines.
#[derive(Debug, Default)]
pub struct Marks {
    /// What the request names.
    pub named: Named,
    /// The chosen entities.
    pub chosen: Vec<bool>,
    /// The entities that were added, each with the reference that needs it.
    pub added: HashMap<EntityIndex, String>,
    /// Chosen entities that a decision leaves out.
    pub left_out: HashMap<EntityIndex, String>,
    /// Chosen and added entities of each espace.
    inside: Vec<(usize, usize)>,
    /// All that is chosen.
    pub chosen_sum: Sum,
    /// All that was added.
    pub added_sum: Sum,
    /// Espaces of which something is chosen.
    pub modules: usize,
}

impl Marks {
    /// Works them out from what is named, and from the newest review.
    #[must_use]
    pub fn new(
        catalogue: &Catalogue,
        request: &ScopeRequest,
        review: Option<&Review>,
        rows: &Rows,
    ) -> Self {
        let named = Named::new(catalogue, request);
        let mut marks = Self {
            chosen: named.chosen(catalogue),
            named,
            inside: vec![(0, 0); catalogue.espaces.len()],
            ..Self::default()
        };
        if let Some(review) = review {
            marks.read(catalogue, review);
        }
        for (place, item) in catalogue.items.iter().enumerate() {
            let Some(espace) = item.espace else { continue };
            if marks.chosen[place] {
                marks.inside[espace].0 += 1;
            } else if marks.added.contains_key(&EntityIndex(place)) {
                marks.inside[espace].1 += 1;
            }
        }
        marks.modules = marks.inside.iter().filter(|(chosen, _)| *chosen > 0).count();
        marks.count(rows);
        marks
    }

    fn read(&mut self, catalogue: &Catalogue, review: &Review) {
        for left_out in &review.selection.left_out {
            for index in catalogue.entities(&left_out.what) {
                if self.chosen[index.0] {
                    self.chosen[index.0] = false;
                    self.left_out.insert(*index, left_out.why.clone());
                }
            }
        }
        for selected in &review.selection.entities {
            if let Reason::Producer(by) = &selected.reason
                && self.chosen.get(selected.entity.0) == Some(&false)
            {
                self.added.insert(selected.entity, by.clone());
            }
        }
    }

    /// Adds the rows up.
    pub fn count(&mut self, rows: &Rows) {
        let (mut chosen, mut added) = (Sum::default(), Sum::default());
        for place in (0..self.chosen.len()).filter(|place| self.chosen[*place]) {
            chosen.add(rows.get(Side::Source, EntityIndex(place)));
        }
        for index in self.added.keys() {
            added.add(rows.get(Side::Source, *index));
        }
        (self.chosen_sum, self.added_sum) = (chosen, added);
    }

    /// The mark of an entity.
    #[must_use]
    pub fn of_entity(&self, catalogue: &Catalogue, index: EntityIndex) -> Mark {
        if catalogue.items[index.0].never.is_some() {
            Mark::Never
        } else if self.chosen.get(index.0) == Some(&true) {
            Mark::Chosen
        } else if self.added.contains_key(&index) {
            Mark::Added
        } else {
            Mark::Not
        }
    }

    /// The mark of an espace.
    #[must_use]
    pub fn of_espace(&self, catalogue: &Catalogue, espace: usize) -> Mark {
        let is_named = self.named.espaces.get(espace) == Some(&true);
        let all = catalogue.espaces[espace].carried;
        match self.inside.get(espace).copied().unwrap_or_default() {
            (0, 0) if is_named && all == 0 => Mark::Chosen,
            (0, 0) => Mark::Not,
            (chosen, _) if chosen == all => Mark::Chosen,
            _ => Mark::Partly,
        }
    }

    /// The mark of an application or solution: that of its espaces, the platform's aside.
    #[must_use]
    pub fn of_top(&self, catalogue: &Catalogue, top: usize) -> Mark {
        let mut marks = catalogue.tops[top]
            .espaces
            .iter()
            .filter(|espace| !catalogue.espaces[**espace].is_system)
            .map(|espace| self.of_espace(catalogue, *espace));
        let is_named = self.named.tops.get(top) == Some(&true);
        let Some(first) = marks.next() else {
            return if is_named { Mark::Chosen } else { Mark::Not };
        };
        if marks.all(|mark| mark == first) { first } else { Mark::Partly }
    }

    /// The mark of anything.
    #[must_use]
    pub fn of(&self, catalogue: &Catalogue, pick: Pick) -> Mark {
        match pick {
            Pick::Top(top) => self.of_top(catalogue, top),
            Pick::Espace(espace) => self.of_espace(catalogue, espace),
            Pick::Entity(index) => self.of_entity(catalogue, index),
        }
    }
}

/// Rows of entities as far as they are counted, by the places of the source's entities.
#[derive(Debug, Default)]
pub struct Rows {
    source: Vec<Option<u64>>,
    destination: Vec<Option<u64>>,
    /// The destination's entity with the same keys.
    counterparts: Vec<Option<EntityIndex>>,
    /// The other way round.
    originals: HashMap<EntityIndex, EntityIndex>,
    espaces: Vec<Sum>,
}

impl Rows {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(
        catalogue: &Catalogue,
        destination: Option<&crate::outsystems::Environment>,
    ) -> Self {
        let counterpart = |entity: &crate::outsystems::Entity| {
            let there = destination?;
            there
                .entities_by_key(&entity.espace_key, &entity.key)
                .into_iter()
                .find(|index| there.entity(*index).is_active)
        };
        let counterparts: Vec<Option<EntityIndex>> =
            catalogue.model.entities.iter().map(counterpart).collect();
        let mut rows = Self {
            source: vec![None; counterparts.len()],
            destination: vec![None; counterparts.len()],
            originals: counterparts
                .iter()
                .enumerate()
                .filter_map(|(place, there)| Some(((*there)?, EntityIndex(place))))
                .collect(),
            counterparts,
            espaces: Vec::new(),
        };
        rows.add_up(catalogue);
        rows
    }

    /// The destination's entity with the same keys.
    #[must_use]
    pub fn counterpart(&self, index: EntityIndex) -> Option<EntityIndex> {
        self.counterparts.get(index.0).copied().flatten()
    }

    /// The rows of a source entity on one of the sides.
    #[must_use]
    pub fn get(&self, side: Side, index: EntityIndex) -> Option<u64> {
        let side = match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        };
        side.get(index.0).copied().flatten()
    }

    /// Rows were counted; says which source entity that was about.
    pub fn put(
        &mut self,
        catalogue: &Catalogue,
        side: Side,
        entity: EntityIndex,
        rows: u64,
    ) -> Option<EntityIndex> {
        let index = match side {
            Side::Source => entity,
            Side::Destination => *self.originals.get(&entity)?,
        };
        let known = match side {
            Side::Source => self.source.get_mut(index.0)?,
            Side::Destination => self.destination.get_mut(index.0)?,
        };
        let before = known.replace(rows);
        let item = &catalogue.items[index.0];
        if side == Side::Source
            && item.never.is_none()
            && let Some(espace) = item.espace
        {
            let sum = &mut self.espaces[espace];
            sum.counted += usize::from(before.is_none());
            sum.rows = sum.rows - before.unwrap_or(0) + rows;
        }
        Some(index)
    }

    fn add_up(&mut self, catalogue: &Catalogue) {
        self.espaces = catalogue
            .espaces
            .iter()
            .map(|espace| {
                let mut sum = Sum::default();
                for index in espace.candidates() {
                    sum.add(self.get(Side::Source, *index));
                }
                sum
            })
            .collect();
    }

    /// The rows of an espace's entities.
    #[must_use]
    pub fn of_espace(&self, espace: usize) -> Sum {
        self.espaces.get(espace).copied().unwrap_or_default()
    }

    /// The rows of a top's entities.
    #[must_use]
    pub fn of_top(&self, catalogue: &Catalogue, top: usize) -> Sum {
        let mut sum = Sum::default();
        for espace in &catalogue.tops[top].espaces {
            sum.join(self.of_espace(*espace));
        }
        sum
    }
}
