//! Which entity is which.

use std::sync::Arc;

use super::attributes::AttributePair;
use super::rows::ExistingRows;
use super::selection::Reason;
use super::uniques::UniquePair;
use super::{Choice, Finding, FindingKey, FindingKind, NewReference, Work, choice};
use crate::database::{ColumnShape, Filter, ObjectKind, Value};
use crate::outsystems::{DataKind, DestinationId, Entity, EntityIndex, Side, SystemTarget};

/// How a row of an entity gets its identifier in the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierKind {
    /// It has none.
    None,
    /// The destination gives a new one.
    Generated,
    /// It keeps its own: a text, or a number the application gives.
    Kept,
    /// It is another row's id and follows that row.
    Extension,
}

/// A column that a person may give one value, and the finding that says so.
pub type Fillable = (FindingKey, ColumnShape);

/// An entity that is on both sides.
#[derive(Clone, Debug)]
pub struct EntityPair {
    /// In the source.
    pub source: EntityIndex,
    /// In the destination.
    pub destination: EntityIndex,
    /// `Espace.Entity`, as the source calls it.
    pub name: String,
    /// Why it is in the scope.
    pub reason: Reason,
    /// How its rows get their identifier.
    pub identifier_kind: IdentifierKind,
    /// The identifier's place in `attributes`.
    pub identifier: Option<usize>,
    /// Attributes that are on both sides.
    pub attributes: Vec<AttributePair>,
    /// Destination columns that demand a value the source does not have, with the value.
    pub constants: Vec<(ColumnShape, Value)>,
    /// Destination columns that the source does not fill and that a person may give one value in
    /// every row, each with the finding that says so.
    pub fillable: Vec<Fillable>,
    /// References that only the destination has.
    pub new_references: Vec<NewReference>,
    /// The hidden tenant columns, source and destination (`metamodel.md` §3.8).
    pub tenant: Option<(ColumnShape, ColumnShape)>,
    /// Whether rows of ours that belong to no tenant are carried over: there are some, and nobody
    /// decided to leave them out.
    pub carries_tenantless: bool,
    /// The destination's tenant column and the tenant that was chosen for all rows, where the source
    /// has none.
    pub into_tenant: Option<(ColumnShape, DestinationId)>,
    /// The rows of the source that are carried over.
    pub rows: Filter,
    /// How many these are, once counted.
    pub source_rows: Option<u64>,
    /// What becomes of the rows the destination has.
    pub existing: ExistingRows,
    /// The unique indexes of the destination's table.
    pub uniques: Vec<UniquePair>,
}

impl EntityPair {
    /// The identifier's attribute pair.
    #[must_use]
    pub fn identifier(&self) -> Option<&AttributePair> {
        self.identifier.map(|place| &self.attributes[place])
    }

    /// Whether rows can be inserted without the attribute at that place.
    #[must_use]
    pub fn may_be_left_out(&self, place: usize) -> bool {
        let column = &self.attributes[place].destination_column;
        self.identifier != Some(place) && !column.demands_value()
    }

    /// Whether rows bring along ids that the source's database gave: that a row of the destination has
    /// one of them does not make it the same row.
    #[must_use]
    pub fn brings_given_ids(&self) -> bool {
        self.identifier_kind == IdentifierKind::Kept
            && self.identifier().is_some_and(|identifier| identifier.source_column.identity)
    }

    /// Its rows on each side, as far as they are counted.
    pub fn counted(&self) -> impl Iterator<Item = (Side, EntityIndex, u64)> + use<> {
        let existing = self.existing.replaced.zip(self.existing.standing);
        let theirs =
            existing.map(|(goes, stays)| (Side::Destination, self.destination, goes + stays));
        let ours = self.source_rows.map(|rows| (Side::Source, self.source, rows));
        ours.into_iter().chain(theirs)
    }
}

impl Work<'_> {
    pub(super) fn entities(&mut self) {
        for selected in &self.selection.entities {
            let index = selected.entity;
            if self.are_instances(index) && self.instances.is_empty() {
                continue;
            }
            let entity = self.source.entity(index);
            if let Some(destination) = self.counterpart(index) {
                self.physical_notes(entity, destination);
                if let Some(pair) = self.pair(index, destination, selected.reason.clone()) {
                    self.out.pairs.push(Arc::new(pair));
                }
            }
        }
        self.new_entities();
    }

    /// Active entities of the chosen espaces that only the destination has.
    fn new_entities(&mut self) {
        let destination = self.destination;
        for espace in &self.selection.espaces {
            for other in destination.entities.iter().filter(|other| other.espace_key == *espace) {
                let here = self.source.entities_by_key(&other.espace_key, &other.key);
                let is_known = here.iter().any(|index| self.source.entity(*index).is_active);
                if is_known || !other.is_active || other.is_system || other.is_external {
                    continue;
                }
                let rows = match destination.shape(&other.table) {
                    Some(_) => self.inquiry.count(Side::Destination, &other.table, Filter::All),
                    None => Some(0),
                };
                self.find(
                    Finding::note(
                        FindingKey::entity(FindingKind::EntityNew, other),
                        other.full_name(),
                        "only the destination has this entity",
                        "Usual cause: a newer version of the module is published in the destination. \
                         Its rows stay as they are.",
                    )
                    .touching(rows),
                );
            }
        }
    }

    /// The destination's entity with the same keys, or the finding that says why there is none.
    fn counterpart(&mut self, index: EntityIndex) -> Option<EntityIndex> {
        let entity = self.source.entity(index);
        let about = entity.full_name();
        let same_key = |environment: &crate::outsystems::Environment| -> Vec<EntityIndex> {
            environment.entities_by_key(&entity.espace_key, &entity.key)
        };
        let active = |side: &crate::outsystems::Environment, all: &[EntityIndex]| {
            all.iter().copied().filter(|one| side.entity(*one).is_active).collect::<Vec<_>>()
        };
        let sources = same_key(self.source);
        let destinations = same_key(self.destination);
        if active(self.source, &sources).len() > 1
            || active(self.destination, &destinations).len() > 1
        {
            self.find(Finding::decide(
                FindingKey::entity(FindingKind::EntityAmbiguous, entity),
                about,
                "several active entities carry the same espace key and entity key",
                "The model is damaged: it cannot be told which table is meant. Publish the module again.",
                vec![
                    Choice::stop("do not run until the model is repaired"),
                    Choice::new(choice::LEAVE_OUT, "leave the entity out"),
                ],
                choice::STOP,
            ));
            return None;
        }
        if let DataKind::Other(kind) = &entity.kind {
            let what = format!("its data kind is \"{kind}\", which osferry does not know");
            self.find(Finding::decide(
                FindingKey::entity(FindingKind::EntityKindUnknown, entity),
                about,
                what,
                "Rows of an unknown kind may belong to the platform.",
                vec![
                    Choice::stop("do not run"),
                    Choice::new(choice::LEAVE_OUT, "leave the entity out"),
                ],
                choice::STOP,
            ));
            return None;
        }
        let Some(destination) = active(self.destination, &destinations).first().copied() else {
            let inactive = !destinations.is_empty();
            self.entity_missing(index, inactive);
            return None;
        };
        let other = self.destination.entity(destination);
        if (&entity.kind, &other.kind) == (&DataKind::Static, &DataKind::Entity) {
            // It is among those that are compared only where its records are taken in as rows.
            self.records_are_rows(entity);
        } else if other.kind != entity.kind {
            self.kind_changed(entity, other);
            return None;
        }
        for (side, environment, entity) in
            [(Side::Source, self.source, entity), (Side::Destination, self.destination, other)]
        {
            let problem = match environment.shape(&entity.table) {
                None => "is not there or cannot be seen",
                Some(shape) if shape.kind != ObjectKind::Table && self.is_of_process(index) => {
                    self.process_entity(self.source.entity(index));
                    return None;
                }
                Some(shape) if shape.kind != ObjectKind::Table => {
                    "is no table but a view or synonym"
                }
                Some(_) => continue,
            };
            let what = format!("its table {} {problem} in the {side}", entity.table);
            self.find(Finding::decide(
                FindingKey::entity(FindingKind::TableMissing, self.source.entity(index)),
                entity.full_name(),
                what,
                "The model names a table that cannot be used. Publish the module, or ask for the \
                 right to see the table.",
                vec![
                    Choice::stop("do not run"),
                    Choice::new(choice::LEAVE_OUT, "leave the entity out"),
                ],
                choice::STOP,
            ));
            return None;
        }
        Some(destination)
    }

    /// Whether an entity shows the instances of a process.
    fn is_of_process(&self, index: EntityIndex) -> bool {
        let id = self.source.entity(index).id;
        let processes = self.source.definitions.get(&SystemTarget::ProcessDefinition);
        processes.into_iter().flatten().any(|process| process.entity_id == Some(id))
    }

    /// The entity of a process that is a view: what it shows are the instances themselves.
    fn process_entity(&mut self, entity: &Entity) {
        self.find(Finding::note(
            FindingKey::entity(FindingKind::ProcessEntityView, entity),
            entity.full_name(),
            "it shows the instances of a process and has no rows of its own",
            "It is a view. Instances are decided on the step Processes.",
        ));
    }

    /// Rows of one kind would have to become rows of another.
    fn kind_changed(&mut self, entity: &Entity, other: &Entity) {
        let left_out = match other.kind {
            DataKind::Static => Choice::new(
                choice::LEAVE_OUT,
                "leave the entity out; references to its rows are decided one by one, by a key of the \
                 destination's records for instance",
            ),
            _ => Choice::new(choice::LEAVE_OUT, "leave the entity out"),
        };
        self.find(Finding::decide(
            FindingKey::entity(FindingKind::EntityKindChanged, entity),
            entity.full_name(),
            format!("{} in the source, {} in the destination", entity.kind, other.kind),
            "Rows of a static entity come from the module's code and are never written. \
             Publish the same version of the module on both sides.",
            vec![Choice::stop("do not run until the module is published"), left_out],
            choice::STOP,
        ));
    }

    /// Records of a static entity that is an ordinary one in the destination.
    pub(super) fn records_are_rows(&mut self, entity: &Entity) {
        self.find(Finding::decide(
            FindingKey::entity(FindingKind::EntityKindChanged, entity),
            entity.full_name(),
            "static in the source, entity in the destination",
            "Its records are no longer part of the module there, but rows like any others. Publish \
             the same version of the module on both sides, or have them carried over as rows.",
            vec![
                Choice::stop("do not run until the module is published"),
                Choice::new(choice::TAKE_IN, "carry its records over as rows"),
                Choice::new(
                    choice::LEAVE,
                    "leave its records behind; references to each are decided one by one",
                ),
            ],
            choice::STOP,
        ));
    }

    fn entity_missing(&mut self, index: EntityIndex, inactive: bool) {
        let entity = self.source.entity(index);
        let rows = self.count_source(index);
        let held = self.referring(index).iter().any(|(_, may_be_emptied)| !may_be_emptied);
        let what = if inactive {
            "it is inactive in the destination: its model row is there, the module no longer has it"
        } else {
            "the destination has no entity with these keys"
        };
        let (cost, recommended) = if held {
            ("rows of other entities demand a reference to it", choice::STOP)
        } else {
            ("its rows stay behind; references to it are emptied", choice::LEAVE_OUT)
        };
        let finding = Finding::decide(
            FindingKey::entity(FindingKind::EntityMissing, entity),
            entity.full_name(),
            what,
            "Usual cause: another version of the module is published there.",
            vec![
                Choice::new(choice::LEAVE_OUT, "leave the entity out").costing(cost),
                Choice::stop("do not run until the module is published"),
            ],
            recommended,
        )
        .touching(rows);
        self.find(finding);
    }

    /// Source attributes of the selection that refer to an entity, and whether each may be
    /// emptied in the destination.
    fn referring(&self, target: EntityIndex) -> Vec<(EntityIndex, bool)> {
        let mut found = Vec::new();
        for selected in &self.selection.entities {
            if selected.entity == target {
                continue;
            }
            let entity = self.source.entity(selected.entity);
            for attribute in entity.active_attributes() {
                let resolved = self.source.resolve(entity, &attribute.data_type);
                if resolved != Some(crate::outsystems::Resolution::Entity(target)) {
                    continue;
                }
                let may_be_emptied = self
                    .destination
                    .entities_by_key(&entity.espace_key, &entity.key)
                    .first()
                    .map(|index| self.destination.entity(*index))
                    .is_none_or(|other| match other.attribute(&attribute.key) {
                        None => true,
                        Some(attribute) => {
                            !attribute.is_mandatory
                                && self
                                    .destination
                                    .shape(&other.table)
                                    .and_then(|shape| shape.column(&attribute.column))
                                    .is_some_and(|column| column.nullable)
                        }
                    });
                found.push((selected.entity, may_be_emptied));
            }
        }
        found
    }

    pub(super) fn count_source(&mut self, index: EntityIndex) -> Option<u64> {
        let table = &self.source.entity(index).table;
        self.source.shape(table)?;
        self.inquiry.count(Side::Source, table, Filter::All)
    }

    /// What is good to know about tables: other names, leftovers of earlier models, clones.
    fn physical_notes(&mut self, entity: &Entity, destination: EntityIndex) {
        let other = self.destination.entity(destination);
        if entity.table.name.to_lowercase() != other.table.name.to_lowercase() {
            self.find(Finding::note(
                FindingKey::entity(FindingKind::PhysicalNameDiffers, entity),
                entity.full_name(),
                format!("{} in the source, {} in the destination", entity.table, other.table),
                "Table names are made when a table is made; the keys say that it is the same entity.",
            ));
        }
        for (side, environment) in
            [(Side::Source, self.source), (Side::Destination, self.destination)]
        {
            for index in environment.entities_by_key(&entity.espace_key, &entity.key) {
                let duplicate = environment.entity(index);
                if duplicate.is_active || environment.shape(&duplicate.table).is_none() {
                    continue;
                }
                let rows = self.inquiry.count(side, &duplicate.table, Filter::All);
                let what = format!(
                    "an inactive entity with the same keys has the table {} in the {side}",
                    duplicate.table
                );
                self.find(
                    Finding::note(
                        FindingKey::entity(FindingKind::InactiveDuplicate, entity),
                        entity.full_name(),
                        what,
                        "Its rows belong to no entity any more; they are neither read nor touched.",
                    )
                    .touching(rows),
                );
            }
        }
        let same_key = self.source.entities_of_key(&entity.key).iter();
        let clone = same_key
            .map(|index| self.source.entity(*index))
            .find(|other| other.is_active && other.espace_key != entity.espace_key);
        if let Some(clone) = clone {
            let what = format!("{} has the same inner keys", clone.espace_name);
            self.find(Finding::note(
                FindingKey::entity(FindingKind::ClonedEspace, entity),
                entity.full_name(),
                what,
                "A cloned module keeps its inner keys; only together with the espace's key do they \
                 tell the two apart.",
            ));
        }
    }
}
