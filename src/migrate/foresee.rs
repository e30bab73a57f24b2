//! Looking ahead around circles of references.
//!
//! A reference that waits for the second pass is written empty. Where the destination's attribute
//! is mandatory it must not stay so: a row that refers to one that is not carried over is left
//! out itself, and this has to be known before it is written. So the tables of such a circle are
//! read and remapped without writing, again and again until no further row is left out.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::control::Control;
use super::past::Past;
use super::reader::{Wanted, key_of, request};
use super::remap::{Carried, Maps, came_twice, fold, remap};
use super::unreadable::Unreadable;
use crate::database::{Result, Source};
use crate::outsystems::SourceId;
use crate::plan::{Plan, ReferenceRule, Target};

/// Tables that have to be looked at together, by their places in the plan, ascending.
pub(super) type Circle = BTreeSet<usize>;

/// The references of an entity to rows of the plan, with the place of the entity referred to.
pub(super) fn references(
    plan: &Plan,
    entity: usize,
) -> impl Iterator<Item = (&ReferenceRule, usize)> {
    let rules = plan.entities[entity].columns.iter().flat_map(|column| column.rule.references());
    rules.filter_map(|rule| match rule.target {
        Target::Entity(target) => Some((rule, target)),
        _ => None,
    })
}

/// The circles in which a reference has to wait that may not stay empty.
pub(super) fn circles(plan: &Plan) -> Vec<Circle> {
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<NodeIndex> = plan.entities.iter().map(|_| graph.add_node(())).collect();
    for entity in 0..plan.entities.len() {
        for (_, target) in references(plan, entity) {
            graph.add_edge(nodes[entity], nodes[target], ());
        }
    }
    tarjan_scc(&graph)
        .into_iter()
        .map(|part| part.into_iter().map(NodeIndex::index).collect::<Circle>())
        .filter(|circle| {
            circle.iter().any(|entity| {
                references(plan, *entity).any(|(rule, target)| {
                    rule.is_deferred && !rule.may_be_emptied && circle.contains(&target)
                })
            })
        })
        .collect()
}

/// What looking ahead needs.
pub(super) struct Foresight<'a> {
    pub(super) plan: &'a Plan,
    pub(super) source: &'a dyn Source,
    pub(super) marks: &'a [Option<SourceId>],
    pub(super) control: Control,
    /// What was done before.
    pub(super) past: &'a Past,
}

impl Foresight<'_> {
    /// Finds out which rows of a circle will be carried over, and has the maps know it. Returns
    /// the number of rows that are left out.
    pub(super) async fn look(&mut self, circle: &Circle, maps: &mut Maps) -> Result<u64> {
        let tables = self.with_parents(circle, maps);
        let mut known = None;
        loop {
            let mut ahead = maps.clone();
            let mut left_out = 0;
            for place in &tables {
                let carried = self.read(*place, &ahead).await?;
                left_out += carried.left_out.len() as u64;
                ahead.entities[*place] = OnceLock::from(Arc::new(carried));
            }
            for place in circle {
                maps.foreseen[*place] = ahead.entities[*place].get().cloned();
            }
            // The first pass knows nothing of references that wait; each later one can only
            // leave out more.
            if known == Some(left_out) {
                return Ok(left_out);
            }
            known = Some(left_out);
        }
    }

    /// The circle with all tables it refers to that are not carried over yet, parents first.
    fn with_parents(&self, circle: &Circle, maps: &Maps) -> BTreeSet<usize> {
        let mut tables = circle.clone();
        let mut open: Vec<usize> = circle.iter().copied().collect();
        while let Some(entity) = open.pop() {
            for (_, target) in references(self.plan, entity) {
                if maps.entities[target].get().is_none() && tables.insert(target) {
                    open.push(target);
                }
            }
        }
        tables
    }

    /// Reads and remaps a table without writing; rows keep their ids.
    async fn read(&mut self, place: usize, maps: &Maps) -> Result<Carried> {
        let entity = &self.plan.entities[place];
        let doing = || format!("looking ahead in {}", entity.name);
        // Where rows are tried again, the others are there.
        let past = self.plan.rejects_of.as_ref().map(|_| self.past.entity(place));
        let mut carried =
            past.as_ref().map_or_else(Carried::default, |past| (*past.carried).clone());
        let wanted = Wanted::new(entity);
        let mut request = request(self.plan, place, self.marks[place], None)?;
        let unreadable = Unreadable::find(self.source, entity, place, &request.filter).await?;
        request.filter = unreadable.others(request.filter);
        for row in unreadable.rows {
            carried.left_out.insert(fold(&row.key), false);
        }
        let mut scan = self.source.scan(request).await?;
        while let Some(batch) = scan.next().await.map_err(|fault| fault.while_doing(doing()))? {
            self.control.between_batches().await?;
            let new: Vec<usize> = (0..batch.len())
                .filter(|row| {
                    let key = key_of(entity, &batch, *row);
                    wanted.has(&key) && past.as_ref().is_none_or(|past| !past.knows(&key))
                })
                .collect();
            let batch = if new.len() == batch.len() { batch } else { batch.select(&new)? };
            let remapped = remap(self.plan, place, &batch, maps)?;
            for row in remapped.left_out {
                carried.left_out.insert(fold(&row.key), row.planned);
            }
            for row in &remapped.kept {
                let key = key_of(entity, &batch, *row);
                if !carried.keep(&key, &key) {
                    return Err(came_twice(entity));
                }
            }
        }
        Ok(carried)
    }
}
