//! Keeps what is shown up to date: the catalogue with the models, the marks with the scope and the
//! comparison, the lines and the details with both.

use std::sync::Arc;

use super::super::migration::Migration;
use super::catalogue::Catalogue;
use super::counting::Counting;
use super::details::Known;
use super::marks::{Mark, Marks, Rows};
use super::tree::Node;
use super::{Scope, tree_height};
use crate::outsystems::{EntityIndex, Environment, Side};
use crate::plan::{Review, ScopeRequest};

/// What the marks were worked out from.
#[derive(Debug, Default)]
pub(super) struct Basis {
    scope: ScopeRequest,
    review: Option<Arc<Review>>,
}

impl Scope {
    /// Comes up to date with the models, the scope and the review.
    pub(super) fn sync(&mut self, migration: &Migration) {
        let Some((source, destination)) = migration.models() else {
            self.catalogue = None;
            self.tree.lines.clear();
            return;
        };
        let is_same = |known: Option<&Arc<Environment>>, model: &Arc<Environment>| {
            known.is_some_and(|known| Arc::ptr_eq(known, model))
        };
        let is_new = !is_same(self.catalogue.as_ref().map(|c| &c.model), source)
            || !is_same(self.destination.as_ref(), destination);
        if is_new {
            self.read(source, destination, migration);
        }
        let is_reviewed = migration.is_newest(self.basis.review.as_ref());
        if is_new || !is_reviewed {
            self.take_counts(migration);
        }
        if is_new || !is_reviewed || self.basis.scope != migration.plan.scope {
            self.basis =
                Basis { scope: migration.plan.scope.clone(), review: migration.review.clone() };
            if let Some(catalogue) = &mut self.catalogue {
                catalogue.take_components(migration.plan.scope.components);
            }
            self.mark(migration, is_new);
        }
    }

    fn read(
        &mut self,
        source: &Arc<Environment>,
        destination: &Arc<Environment>,
        migration: &Migration,
    ) {
        let catalogue = Catalogue::new(source);
        self.rows = Rows::new(&catalogue, Some(destination));
        for ((side, entity), rows) in &migration.counts {
            self.rows.put(&catalogue, *side, *entity, *rows);
        }
        self.catalogue = Some(catalogue);
        self.destination = Some(Arc::clone(destination));
        self.counting = Counting::default();
    }

    /// Takes over the rows that the newest review has counted.
    fn take_counts(&mut self, migration: &Migration) {
        let (Some(catalogue), Some(review)) = (&self.catalogue, &migration.review) else { return };
        for (side, entity, rows) in review.comparison.pairs.iter().flat_map(|pair| pair.counted()) {
            self.rows.put(catalogue, side, entity, rows);
        }
    }

    /// Works out the marks, and the lines that follow from them.
    fn mark(&mut self, migration: &Migration, is_new: bool) {
        let Some(catalogue) = &self.catalogue else { return };
        let scope = &migration.plan.scope;
        self.marks = Marks::new(catalogue, scope, migration.review.as_deref(), &self.rows);
        self.tree.read_unknown(catalogue, scope);
        if is_new {
            for top in 0..catalogue.tops.len() {
                if !matches!(self.marks.of_top(catalogue, top), Mark::Not) {
                    self.tree.unfold(Node::Top(top));
                }
            }
        }
        self.arrange(migration);
    }

    /// Works out the visible lines again.
    pub(super) fn arrange(&mut self, migration: &Migration) {
        if let Some(catalogue) = &self.catalogue {
            self.tree.arrange(catalogue, &self.marks.named, tree_height(migration));
        }
        self.counting.look_again();
        self.describe(migration);
    }

    /// Works out what is said of the selected line.
    pub(super) fn describe(&mut self, migration: &Migration) {
        let Some(catalogue) = &self.catalogue else { return };
        let names = (migration.name_of(Side::Source), migration.name_of(Side::Destination));
        let known = Known {
            catalogue,
            marks: &self.marks,
            rows: &self.rows,
            destination: self.destination.as_deref(),
            names: &names,
            trouble: migration.scope_trouble.as_deref(),
        };
        self.details = known.details(&self.tree, self.tree.selected());
    }

    /// Rows were counted: they are added up, without working anything else out.
    pub(super) fn counted(
        &mut self,
        side: Side,
        entity: EntityIndex,
        rows: u64,
        migration: &Migration,
    ) {
        let Some(catalogue) = &self.catalogue else { return };
        let Some(index) = self.rows.put(catalogue, side, entity, rows) else { return };
        if self.marks.chosen.get(index.0) == Some(&true) || self.marks.added.contains_key(&index) {
            self.marks.count(&self.rows);
        }
        self.describe(migration);
    }
}
