//! Rows that stay and refer to rows which would be deleted.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::{EntityPair, Finding, FindingKey, FindingKind, Work};
use super::along::OutsidePart;
use crate::database::Filter;
use crate::outsystems::{Attribute, EntityIndex, Environment, Resolution, Side};

/// The attributes that refer to each entity of an environment, with whose they are.
pub(in super::super) type ReferringThere<'a> =
    HashMap<EntityIndex, Vec<(EntityIndex, &'a Attribute)>>;

fn referring(environment: &Environment) -> ReferringThere<'_> {
    let mut all = ReferringThere::new();
    for (index, entity) in environment.entities.iter().enumerate() {
        if !entity.is_active || entity.is_external {
            continue;
        }
        for attribute in entity.active_attributes() {
            let to = environment.resolve(entity, &attribute.data_type);
            if let Some(Resolution::Entity(to)) = to {
                all.entry(to).or_default().push((EntityIndex(index), attribute));
            }
        }
    }
    all
}

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

impl<'a> Work<'a> {
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
        let mut found = Vec::new();
        let mut complete = true;
        for (index, attribute) in self.referring_there(pair.destination) {
            let entity = self.destination.entity(index);
            let other = self.out.pairs.iter().find(|other| other.destination == index);
            let Some(stays) = self.staying_of(other.map(Arc::as_ref), &pair) else { continue };
            let Some(shape) = self.destination.shape_with_rows(entity) else { continue };
            let Some(column) = shape.column(&attribute.column) else { continue };
            let refers = Filter::Refers {
                column: column.name.clone(),
                parent: parent.table.clone(),
                key: key.clone(),
                among: Box::new(filter.clone()),
            }
            .and(stays);
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
        complete.then_some(found)
    }

    /// Which rows stay where those of one pair are replaced: of another pair, or of what is none;
    /// `None` where all of them go.
    pub(super) fn staying_of(
        &self,
        pair: Option<&EntityPair>,
        replaced: &EntityPair,
    ) -> Option<Filter> {
        let Some(pair) = pair else { return Some(Filter::All) };
        if pair.source != replaced.source && !self.is_replaced(pair) {
            return Some(Filter::All);
        }
        match self.replaced_rows(pair) {
            Filter::All => None,
            goes => Some(goes.negated()),
        }
    }

    /// The attributes of the destination that refer to an entity, with whose they are.
    pub(super) fn referring_there(&self, to: EntityIndex) -> Vec<(EntityIndex, &'a Attribute)> {
        let all = self.referring_there.get_or_init(|| referring(self.destination));
        all.get(&to).cloned().unwrap_or_default()
    }

    /// Notes the rows outside the scope that point to rows of an entity whose rows stay.
    pub(super) fn consumers(&mut self, place: usize) {
        let pair = self.out.pairs[place].clone();
        let parent = self.destination.entity(pair.destination).table.clone();
        let Some(key) = pair.identifier().map(|i| i.destination_column.name.clone()) else {
            return;
        };
        for (index, attribute) in self.referring_there(pair.destination) {
            let entity = self.destination.entity(index);
            if self.out.pairs.iter().any(|other| other.destination == index) {
                continue;
            }
            let Some(shape) = self.destination.shape_with_rows(entity) else { continue };
            let Some(column) = shape.column(&attribute.column) else { continue };
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
