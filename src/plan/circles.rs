//! Entities of a plan that refer to each other in a circle.

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{EntityPlan, Orphan, ReferenceRule, Target};

/// Entities that have to be looked at together, by their places in the plan, ascending.
pub type Circle = BTreeSet<usize>;

impl EntityPlan {
    /// Its references to rows of the plan, with the place of the entity referred to.
    pub fn references(&self) -> impl Iterator<Item = (&ReferenceRule, usize)> {
        let rules = self.columns.iter().flat_map(|column| column.rule.references());
        rules.filter_map(|rule| match rule.target {
            Target::Entity(target) => Some((rule, target)),
            _ => None,
        })
    }
}

impl ReferenceRule {
    /// Whether it has to wait until all rows are written, and demands a row then.
    #[must_use]
    pub fn demands_late(&self) -> bool {
        self.is_deferred && !self.may_be_emptied
    }

    /// Whether it has to wait, and its row may have to be left out for what it leads to: what it
    /// demands, or nothing.
    #[must_use]
    pub fn decides_late(&self) -> bool {
        self.demands_late() || self.is_deferred && self.orphan == Orphan::LeaveOut
    }
}

/// The circles in which a reference has to wait of which this is so.
#[must_use]
pub fn circles(entities: &[EntityPlan], is_so: fn(&ReferenceRule) -> bool) -> Vec<Circle> {
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<NodeIndex> = entities.iter().map(|_| graph.add_node(())).collect();
    for (place, entity) in entities.iter().enumerate() {
        for (_, target) in entity.references() {
            graph.add_edge(nodes[place], nodes[target], ());
        }
    }
    tarjan_scc(&graph)
        .into_iter()
        .map(|part| part.into_iter().map(NodeIndex::index).collect::<Circle>())
        .filter(|circle| {
            let mut inner = circle.iter().flat_map(|place| entities[*place].references());
            inner.any(|(rule, target)| is_so(rule) && circle.contains(&target))
        })
        .collect()
}
