//! Rows that are left out only when they are met: too late for references that wait until all rows are
//! written, and may not stay empty then.

use std::collections::HashSet;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::plan::{EntityPlan, ExistingPlan, OnMatch, ReferenceRule, Rule, Target, UniquePlan};

/// Why such rows cannot be left out, a sentence for each entity.
pub(super) fn left_out(entities: &[EntityPlan]) -> Vec<String> {
    let demanded = demanded(entities);
    let in_circles = in_circles(entities);
    let mut wrong = Vec::new();
    for (place, entity) in entities.iter().enumerate() {
        let name = &entity.name;
        let existing = &entity.existing;
        if demanded.contains(&place)
            && matches!(existing, ExistingPlan::Recognise { ours: OnMatch::LeaveOut, .. })
        {
            wrong.push(format!(
                "{name}: rows of a circle of mandatory references lead to it, so none of its rows can \
                 be left out while the destination is written; choose \"reuse\""
            ));
        }
        // What the destination has already is not added, so it is not known what is refused.
        let is_recognised = matches!(existing, ExistingPlan::Recognise { .. });
        let is_unknown = |unique: &&UniquePlan| {
            unique.leaves_out && (is_recognised || unique.repeated.is_none())
        };
        if in_circles.contains(&place)
            && let Some(unique) = entity.uniques.iter().find(is_unknown)
        {
            wrong.push(format!(
                "{name}: it is part of a circle of mandatory references, and which of its rows the \
                 destination refuses for having the same {} as another one is known only when they \
                 are written; replace the destination's rows, or change one side's",
                unique.columns.join(", ")
            ));
        }
    }
    wrong
}

/// The entities that rows of this one refer to, and whether such a reference waits and may not stay
/// empty.
fn references(entity: &EntityPlan) -> impl Iterator<Item = (usize, bool)> + '_ {
    entity.columns.iter().filter_map(|column| match &column.rule {
        Rule::Reference(ReferenceRule {
            target: Target::Entity(to),
            is_deferred,
            may_be_emptied,
            ..
        }) => Some((*to, *is_deferred && !*may_be_emptied)),
        _ => None,
    })
}

/// The entities with such references, and all that these refer to.
fn demanded(entities: &[EntityPlan]) -> HashSet<usize> {
    let is_strict = |place: &usize| references(&entities[*place]).any(|(_, is_strict)| is_strict);
    let mut open: Vec<usize> = (0..entities.len()).filter(is_strict).collect();
    let mut reached: HashSet<usize> = open.iter().copied().collect();
    while let Some(place) = open.pop() {
        let further = references(&entities[place]).map(|(to, _)| to);
        open.extend(further.filter(|to| reached.insert(*to)));
    }
    reached
}

/// The entities that refer to each other in a circle with such a reference.
fn in_circles(entities: &[EntityPlan]) -> HashSet<usize> {
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<NodeIndex> = entities.iter().map(|_| graph.add_node(())).collect();
    for (place, entity) in entities.iter().enumerate() {
        for (to, _) in references(entity) {
            graph.add_edge(nodes[place], nodes[to], ());
        }
    }
    let circles = tarjan_scc(&graph).into_iter();
    let circles = circles.map(|circle| circle.into_iter().map(NodeIndex::index));
    circles
        .map(Iterator::collect::<HashSet<usize>>)
        .filter(|circle| {
            let mut all = circle.iter().flat_map(|place| references(&entities[*place]));
            all.any(|(to, is_strict)| is_strict && circle.contains(&to))
        })
        .flatten()
        .collect()
}
