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
    /// Whether it has to wait until all rows are written, and may not stay empty then: at all, or
    /// where it leads to nothing.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.is_deferred && (!self.may_be_emptied || self.orphan == Orphan::LeaveOut)
    }
}

/// The circles in which a reference has to wait that may not stay empty.
#[must_use]
pub fn circles(entities: &[EntityPlan]) -> Vec<Circle> {
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
            inner.any(|(rule, target)| rule.is_strict() && circle.contains(&target))
        })
        .collect()
}
