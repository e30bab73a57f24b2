//! Rows that stay and refer to rows which would be deleted.

use std::collections::BTreeMap;

use super::super::{Finding, FindingKey, FindingKind, Work};
use super::along::OutsidePart;
use crate::database::Filter;
use crate::outsystems::{EntityIndex, Resolution, Side};

/// Rows of one attribute that stay, and refer to rows that would go.
pub(super) struct Outside {
    pub(super) key: FindingKey,
    /// The attribute, or what the column is called.
    pub(super) name: String,
    /// The column they refer by.
    pub(super) column: String,
    /// Whether the model demands a value in it.
    pub(super) mandatory: bool,
    pub(super) rows: OutsidePart,
}

impl Work<'_> {
    /// Rows of the destination that stay and point to rows which replacing this entity would
    /// delete; `None` while a question is open.
    pub(super) fn outside_references(
        &mut self,
        place: usize,
        filter: &Filter,
    ) -> Option<Vec<Outside>> {
        let pair = self.out.pairs[place].clone();
        let parent = self.destination.entity(pair.destination);
        let key = pair.identifier()?.destination_column.name.clone();
        // What stays of each entity of the scope; `None` for one that goes with all its rows.
        let staying: BTreeMap<EntityIndex, Option<Filter>> = self
            .out
            .pairs
            .iter()
            .map(|other| {
                let stays = if other.source == pair.source || self.is_replaced(other) {
                    match self.replaced_rows(other) {
                        Filter::All => None,
                        goes => Some(goes.negated()),
                    }
                } else {
                    Some(Filter::All)
                };
                (other.destination, stays)
            })
            .collect();
        let mut found = Vec::new();
        let mut complete = true;
        for (index, entity) in self.destination.entities.iter().enumerate() {
            let stays = match staying.get(&EntityIndex(index)) {
                Some(None) => continue,
                Some(Some(stays)) => stays.clone(),
                None => Filter::All,
            };
            if !entity.is_active || entity.is_external {
                continue;
            }
            let Some(shape) = self.destination.shape_with_rows(entity) else { continue };
            for attribute in entity.active_attributes() {
                if self.destination.resolve(entity, &attribute.data_type)
                    != Some(Resolution::Entity(pair.destination))
                {
                    continue;
                }
                let Some(column) = shape.column(&attribute.column) else { continue };
                let refers = Filter::Refers {
                    column: column.name.clone(),
                    parent: parent.table.clone(),
                    key: key.clone(),
                    among: Box::new(filter.clone()),
                }
                .and(stays.clone());
                match self.inquiry.count(Side::Destination, &entity.table, refers.clone()) {
                    Some(0) => {}
                    Some(count) => found.push(Outside {
                        key: FindingKey::attribute(
                            FindingKind::ConsumerOutsideScope,
                            entity,
                            attribute,
                        ),
                        name: format!("{}.{}", entity.full_name(), attribute.name),
                        column: column.name.clone(),
                        mandatory: attribute.is_mandatory,
                        rows: OutsidePart {
                            name: entity.full_name(),
                            table: shape.name.clone(),
                            filter: refers,
                            count,
                        },
                    }),
                    None => complete = false,
                }
            }
        }
        complete.then_some(found)
    }

    /// Notes the rows outside the scope that point to rows of an entity whose rows stay.
    pub(super) fn consumers(&mut self, place: usize) {
        let pair = self.out.pairs[place].clone();
        let parent = self.destination.entity(pair.destination).table.clone();
        let Some(key) = pair.identifier().map(|i| i.destination_column.name.clone()) else {
            return;
        };
        let destination = self.destination;
        for (index, entity) in destination.entities.iter().enumerate() {
            let is_inside = self.out.pairs.iter().any(|other| other.destination.0 == index);
            if is_inside || !entity.is_active || entity.is_external {
                continue;
            }
            let Some(shape) = destination.shape_with_rows(entity) else { continue };
            for attribute in entity.active_attributes() {
                let resolved = destination.resolve(entity, &attribute.data_type);
                let (Some(Resolution::Entity(target)), Some(column)) =
                    (resolved, shape.column(&attribute.column))
                else {
                    continue;
                };
                if target != pair.destination {
                    continue;
                }
                let refers = Filter::Refers {
                    column: column.name.clone(),
                    parent: parent.clone(),
                    key: key.clone(),
                    among: Box::new(Filter::All),
                };
                let rows = self.inquiry.count(Side::Destination, &entity.table, refers);
                if rows == Some(0) {
                    continue;
                }
                let kind = FindingKind::ConsumerInDestination;
                let note = Finding::note(
                    FindingKey::attribute(kind, entity, attribute),
                    format!("{}.{}", entity.full_name(), attribute.name),
                    format!("rows outside the scope point to rows of {}, which stay", pair.name),
                    "They keep what they point to: ours are added beside it.",
                );
                self.find(note.touching(rows));
            }
        }
    }

    /// Everything that forbids deleting rows of an entity taken in by reference; `None` while a
    /// question is open.
    pub(super) fn in_the_way(&mut self, place: usize, filter: &Filter) -> Option<Vec<Outside>> {
        let pair = self.out.pairs[place].clone();
        let references = self.outside_references(place, filter);
        let hanging = self.hanging(&pair, filter);
        let mut all = references?;
        all.extend(hanging?.into_iter().map(|hanging| Outside {
            key: FindingKey::new(FindingKind::ForeignKeyOutside),
            name: format!("{}, column {}", hanging.name, hanging.referrer.key.column),
            column: hanging.referrer.key.column.clone(),
            mandatory: false,
            rows: hanging.part(),
        }));
        Some(all)
    }
}
