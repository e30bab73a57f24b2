//! In which order rows are written, and which references have to wait.

use std::collections::{BTreeSet, HashMap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::compare::{Comparison, Finding, FindingKey, FindingKind, choice};
use crate::database::same_name;
use crate::outsystems::{Environment, InstanceTable};

/// The order of writing. Places are those of [`Comparison::pairs`].
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Parents before children.
    pub entities: Vec<usize>,
    /// The same in groups, each referring only to earlier ones.
    pub levels: Vec<Vec<usize>>,
    /// References (entity, attribute) that are set in a second pass.
    pub deferred: BTreeSet<(usize, usize)>,
    /// Children before parents, by the destination's foreign keys.
    pub deletions: Vec<usize>,
    /// Columns to empty before deleting, because foreign keys go round in a circle.
    pub cleared: Vec<(usize, String)>,
    /// Columns that refer to their own table and cannot be emptied: rows go leaf by leaf.
    pub leaf_first: Vec<(usize, String)>,
}

/// A reference from one node to another.
struct Edge {
    child: usize,
    parent: usize,
    /// What has to wait if this edge is cut; `None` when it cannot be cut.
    cut: Option<u32>,
    /// The caller's number for it.
    tag: usize,
}

/// The edges of one child, of edges in the order of their children.
fn edges_of(edges: &[Edge], child: usize) -> &[Edge] {
    let first = edges.partition_point(|edge| edge.child < child);
    let behind = edges.partition_point(|edge| edge.child <= child);
    &edges[first..behind]
}

/// Orders nodes parents first, cutting as few and as cheap edges as it can. Returns the order and
/// the tags of the edges cut, or the nodes of a circle that cannot be cut. Edges are in the order of
/// their children.
fn arrange(nodes: usize, edges: &[Edge]) -> Result<(Vec<usize>, BTreeSet<usize>), Vec<usize>> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let handles: Vec<NodeIndex> = (0..nodes).map(|_| graph.add_node(())).collect();
    for edge in edges {
        graph.add_edge(handles[edge.child], handles[edge.parent], ());
    }
    let mut order = Vec::with_capacity(nodes);
    let mut cut = BTreeSet::new();
    // Components come parents first: an edge leads from child to parent.
    for component in tarjan_scc(&graph) {
        let mut members: Vec<usize> = component.iter().map(|node| node.index()).collect();
        members.sort_unstable();
        let of_members = members.iter().flat_map(|member| edges_of(edges, *member));
        let inner: Vec<&Edge> = of_members.filter(|edge| members.contains(&edge.parent)).collect();
        while !members.is_empty() {
            let present = members.clone();
            let waiting = |node: usize| -> Vec<&Edge> {
                inner
                    .iter()
                    .copied()
                    .filter(|edge| edge.child == node && present.contains(&edge.parent))
                    .collect()
            };
            let next = members
                .iter()
                .copied()
                .filter(|node| waiting(*node).iter().all(|edge| edge.cut.is_some()))
                .min_by_key(|node| {
                    (waiting(*node).iter().filter_map(|edge| edge.cut).sum::<u32>(), *node)
                });
            let Some(node) = next else { return Err(members) };
            cut.extend(waiting(node).iter().map(|edge| edge.tag));
            members.retain(|member| *member != node);
            order.push(node);
        }
    }
    Ok((order, cut))
}

/// Orders the pairs of a comparison; circles are findings.
pub(super) fn order(
    source: &Environment,
    destination: &Environment,
    comparison: &Comparison,
) -> (Order, Vec<Finding>) {
    let pairs = &comparison.pairs;
    let mut findings = Vec::new();
    let mut edges = Vec::new();
    let mut tags = Vec::new();
    for (child, pair) in pairs.iter().enumerate() {
        let shape = destination.shape_of(pair.destination);
        for (place, attribute) in pair.attributes.iter().enumerate() {
            let referred = attribute.reference.as_ref();
            let referred = referred.and_then(|reference| reference.target.entity());
            let parent = referred.or(attribute.soft).and_then(|index| comparison.place(index));
            let Some(parent) = parent else { continue };
            let column = &attribute.destination_column;
            let guarded = shape.is_some_and(|shape| {
                shape
                    .foreign_keys
                    .iter()
                    .any(|key| !key.disabled && same_name(&key.column, &column.name))
            });
            let cut = if attribute.typed.is_some() {
                // Values of instances are read last: nothing refers to them.
                None
            } else if attribute.soft.is_some() {
                // Nothing guards it.
                Some(1)
            } else if pair.identifier == Some(place) || (!column.nullable && guarded) {
                None
            } else if attribute.may_be_emptied() {
                Some(1)
            } else {
                Some(10)
            };
            edges.push(Edge { child, parent, cut, tag: tags.len() });
            tags.push((child, place));
        }
    }
    circles(source, comparison, &edges, &mut findings);
    let mut order = Order::default();
    match arrange(pairs.len(), &edges) {
        Ok((entities, cut)) => {
            order.deferred = cut.into_iter().map(|tag| tags[tag]).collect();
            let mut level = vec![0; pairs.len()];
            for node in &entities {
                for edge in edges_of(&edges, *node) {
                    if !order.deferred.contains(&tags[edge.tag]) {
                        level[*node] = level[*node].max(level[edge.parent] + 1);
                    }
                }
            }
            let deepest = level.iter().copied().max().unwrap_or(0);
            order.levels = (0..=deepest)
                .map(|depth| {
                    entities.iter().copied().filter(|node| level[*node] == depth).collect()
                })
                .filter(|group: &Vec<usize>| !group.is_empty())
                .collect();
            order.entities = order.levels.iter().flatten().copied().collect();
        }
        Err(members) => findings.push(stuck(source, comparison, &members)),
    }
    deletions(source, destination, comparison, &mut order, &mut findings);
    (order, findings)
}

/// Tells of self references and circles: they are handled, and good to know.
fn circles(
    source: &Environment,
    comparison: &Comparison,
    edges: &[Edge],
    findings: &mut Vec<Finding>,
) {
    let pairs = &comparison.pairs;
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let handles: Vec<NodeIndex> = pairs.iter().map(|_| graph.add_node(())).collect();
    for edge in edges {
        graph.add_edge(handles[edge.child], handles[edge.parent], ());
    }
    let why = "A reference to a row that is still to come is left empty at first and set once all \
               are there.";
    for component in tarjan_scc(&graph) {
        let mut members: Vec<usize> = component.iter().map(|node| node.index()).collect();
        members.sort_unstable();
        let names: Vec<&str> = members.iter().map(|place| pairs[*place].name.as_str()).collect();
        if let [first, _, ..] = members[..] {
            findings.push(Finding::note(
                FindingKey::entity(FindingKind::Cycle, source.entity(pairs[first].source)),
                names.join(" ↔ "),
                "these entities refer to each other in a circle",
                why,
            ));
        }
        for member in members {
            if edges_of(edges, member).iter().any(|edge| edge.parent == member) {
                findings.push(Finding::note(
                    FindingKey::entity(
                        FindingKind::SelfReference,
                        source.entity(pairs[member].source),
                    ),
                    &pairs[member].name,
                    "its rows refer to rows of the same entity",
                    why,
                ));
            }
        }
    }
}

fn stuck(source: &Environment, comparison: &Comparison, members: &[usize]) -> Finding {
    let names: Vec<&str> =
        members.iter().map(|place| comparison.pairs[*place].name.as_str()).collect();
    let first = &comparison.pairs[members[0]];
    Finding::decide(
        FindingKey::entity(FindingKind::CycleMandatory, source.entity(first.source)),
        names.join(" ↔ "),
        "these references go round in a circle and none of them can be empty at first",
        "Each row would have to be inserted before the other. A DBA can let one of the columns be \
         NULL for the time of the run.",
        vec![crate::compare::Choice::stop("do not run")],
        choice::STOP,
    )
}

/// The order of deleting follows the foreign keys that the server enforces.
fn deletions(
    source: &Environment,
    destination: &Environment,
    comparison: &Comparison,
    order: &mut Order,
    findings: &mut Vec<Finding>,
) {
    let pairs = &comparison.pairs;
    let mut edges = Vec::new();
    let mut columns = Vec::new();
    // Tables of the same name may lie in several catalogs.
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, pair) in pairs.iter().enumerate() {
        let own = &destination.entity(pair.destination).table;
        let table = destination.shape(own).map_or(own, |shape| &shape.name);
        named.entry(table.name.to_lowercase()).or_default().push(place);
    }
    for (child, pair) in pairs.iter().enumerate() {
        let Some(shape) = destination.shape_of(pair.destination) else { continue };
        for key in shape.foreign_keys.iter().filter(|key| !key.disabled) {
            let mut parents = named.get(&key.parent.name.to_lowercase()).into_iter().flatten();
            let parent = parents
                .find(|place| destination.is_table_of(pairs[**place].destination, &key.parent));
            let Some(parent) = parent.copied() else { continue };
            let nullable = shape.column(&key.column).is_some_and(|column| column.nullable);
            // Rows that refer to their own table can go leaf by leaf; others need the column empty.
            let mut cut = (nullable || child == parent).then_some(1);
            // Emptied, it would no longer say which rows are to go.
            let owner = destination.entity(pair.destination).instance_table();
            if let Some(owner) = owner.and_then(InstanceTable::owner)
                && same_name(owner, &key.column)
            {
                cut = None;
            }
            edges.push(Edge { child, parent, cut, tag: columns.len() });
            columns.push((child, key.column.clone(), nullable));
        }
    }
    match arrange(pairs.len(), &edges) {
        Ok((mut nodes, cut)) => {
            nodes.reverse();
            order.deletions = nodes;
            for tag in cut {
                let (child, column, nullable) = &columns[tag];
                let list = if *nullable { &mut order.cleared } else { &mut order.leaf_first };
                list.push((*child, column.clone()));
            }
        }
        Err(members) => {
            let finding = stuck(source, comparison, &members);
            if !findings.iter().any(|known| known.key == finding.key) {
                findings.push(finding);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::compare::{EntityPair, ExistingRows, IdentifierKind, Reason};
    use crate::database::{DeleteAction, ForeignKey, ObjectKind, TableName, TableShape};
    use crate::outsystems::invented::{InventedEntity, environment};
    use crate::outsystems::{DataKind, EntityIndex};

    /// A child and two parents of one table name, in two catalogs; the child's foreign key leads to
    /// the second.
    #[test]
    fn foreign_keys_lead_to_the_table_of_their_own_catalog() {
        let entities = ["Note", "Claim", "Other"].map(|name| InventedEntity {
            espace: 0,
            name: name.to_owned(),
            kind: DataKind::Entity,
            refers_to: Vec::new(),
        });
        let mut model = environment("dev", &[("Core".to_owned(), false)], &[], &[], &entities);
        let table =
            |name: &str, catalog: &str| TableName::new(name).in_catalog(Some(catalog.to_owned()));
        let tables = [table("NOTE", "Stock"), table("CLAIM", "Sales"), table("CLAIM", "Stock")];
        for (place, table) in tables.iter().enumerate() {
            model.entities[place].table = table.clone();
            let key = ForeignKey {
                name: "FK".to_owned(),
                column: "CLAIMID".to_owned(),
                parent: TableName { schema: Some("dbo".to_owned()), ..tables[2].clone() },
                parent_column: "ID".to_owned(),
                on_delete: DeleteAction::NoAction,
                disabled: false,
                not_trusted: false,
            };
            let shape = TableShape {
                name: TableName { schema: Some("dbo".to_owned()), ..table.clone() },
                kind: ObjectKind::Table,
                columns: Vec::new(),
                primary_key: Vec::new(),
                unique_indexes: Vec::new(),
                foreign_keys: (place == 0).then_some(key).into_iter().collect(),
                checks: Vec::new(),
                triggers: Vec::new(),
            };
            model.shapes.insert(table.clone(), shape);
        }
        let pair = |place: usize| EntityPair {
            source: EntityIndex(place),
            destination: EntityIndex(place),
            reason: Reason::Chosen,
            identifier_kind: IdentifierKind::None,
            identifier: None,
            attributes: Vec::new(),
            constants: Vec::new(),
            fillable: Vec::new(),
            new_references: Vec::new(),
            into_tenant: None,
            tenant: None,
            carries_tenantless: false,
            rows: crate::database::Filter::All,
            source_rows: None,
            uniques: Vec::new(),
            existing: ExistingRows::default(),
            name: format!("entity {place}"),
        };
        let comparison =
            Comparison { pairs: (0..3).map(pair).map(Arc::new).collect(), ..Comparison::default() };
        let (order, findings) = order(&model, &model, &comparison);
        assert!(findings.is_empty());
        let at = |place| order.deletions.iter().position(|one| *one == place);
        assert!(at(0) < at(2), "the child goes first: {:?}", order.deletions);
    }

    fn edge(child: usize, parent: usize, cut: Option<u32>, tag: usize) -> Edge {
        Edge { child, parent, cut, tag }
    }

    #[test]
    fn parents_come_before_children() {
        let (order, cut) =
            arrange(3, &[edge(0, 1, None, 0), edge(1, 2, None, 1)]).expect("no circle");
        assert_eq!(order, [2, 1, 0]);
        assert!(cut.is_empty());
    }

    #[test]
    fn a_circle_is_cut_where_it_is_cheapest() {
        let edges = [edge(0, 1, Some(10), 0), edge(1, 2, Some(1), 1), edge(2, 0, None, 2)];
        let (order, cut) = arrange(3, &edges).expect("it can be cut");
        assert_eq!(cut.into_iter().collect::<Vec<_>>(), [1]);
        assert_eq!(order, [1, 0, 2]);
    }

    #[test]
    fn a_circle_without_a_weak_place_is_refused() {
        let edges = [edge(0, 1, None, 0), edge(1, 0, None, 1), edge(2, 0, None, 2)];
        assert_eq!(arrange(3, &edges), Err(vec![0, 1]));
    }

    #[test]
    fn a_self_reference_waits() {
        let (order, cut) = arrange(1, &[edge(0, 0, Some(1), 7)]).expect("it can wait");
        assert_eq!(order, [0]);
        assert_eq!(cut.into_iter().collect::<Vec<_>>(), [7]);
    }
}
