//! Where references lead (`design.md` decision 8: types say so, foreign keys do not).

use super::attributes::stop_or_leave_out;
use super::selection::{Reason, attribute_key};
use super::{Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Work, choice};
use crate::database::{Filter, Value, ValueKind, same_name};
use crate::outsystems::{Attribute, DataKind, Entity, EntityIndex, Resolution, Side, SystemTarget};

/// What a reference refers to, by its place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Rows of an entity that is carried over.
    Entity(EntityIndex),
    /// Records of a static entity.
    Static(EntityIndex),
    /// Rows of the platform.
    System(SystemTarget, EntityIndex),
    /// Ids of another system: they stay as they are.
    External,
    /// Rows that are not carried over.
    Outside(EntityIndex),
    /// Nobody knows.
    Unresolved,
}

impl Target {
    /// The entity carried over, when it is one.
    #[must_use]
    pub fn entity(self) -> Option<EntityIndex> {
        match self {
            Self::Entity(index) => Some(index),
            _ => None,
        }
    }
}

/// A reference that is on both sides.
#[derive(Clone, Debug)]
pub struct ReferencePair {
    /// What it refers to.
    pub target: Target,
    /// Whether 0 (or an empty text) is the id of a row there, rather than "none"
    /// (`metamodel.md` §3.5).
    pub zero_is_row: bool,
}

/// A reference whose target is looked for.
struct Referring<'a> {
    entity: &'a Entity,
    attribute: &'a Attribute,
    /// Its column in the source.
    column: &'a str,
    /// The rows of which it is the attribute.
    among: Filter,
    may_be_left_out: bool,
    may_be_emptied: bool,
}

impl Referring<'_> {
    fn about(&self) -> String {
        format!("{}.{}", self.entity.full_name(), self.attribute.name)
    }

    fn key(&self, kind: FindingKind) -> FindingKey {
        FindingKey::attribute(kind, self.entity, self.attribute)
    }
}

impl Work<'_> {
    /// Resolves every reference of every pair.
    pub(super) fn references(&mut self) {
        for pair_place in 0..self.out.pairs.len() {
            for place in 0..self.out.pairs[pair_place].attributes.len() {
                if !self.refers(pair_place, place) {
                    continue;
                }
                let target = self.target(pair_place, place);
                let zero_is_row = self.zero_is_row(target);
                if let Some(entity) = target.entity() {
                    self.referring.entry(entity).or_default().push((pair_place, place));
                }
                self.pair_mut(pair_place).attributes[place].reference =
                    Some(ReferencePair { target, zero_is_row });
            }
        }
        // Targets are known for all before orphans are asked about: rejecting needs them.
        for pair_place in 0..self.out.pairs.len() {
            for place in 0..self.out.pairs[pair_place].attributes.len() {
                self.orphans(pair_place, place);
                if let Some(key) = self.none_is_row(pair_place, place) {
                    self.pair_mut(pair_place).attributes[place].misfit = Some(key);
                }
            }
        }
    }

    fn target(&mut self, pair_place: usize, place: usize) -> Target {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let referring = Referring {
            entity: self.source.entity(pair.source),
            attribute: &attribute.attribute,
            column: &attribute.source_column.name,
            among: attribute.rows(),
            may_be_left_out: pair.may_be_left_out(place),
            may_be_emptied: attribute.may_be_emptied() && pair.identifier != Some(place),
        };
        let Some(resolved) = self.resolved(&referring) else { return Target::Unresolved };
        let referred = self.source.entity(resolved);
        let other = self.destination.entity(pair.destination);
        if !self.means_the_same(&referring, referred, other) {
            return Target::Unresolved;
        }
        if self.are_instances(resolved) && self.out.pair(resolved).is_some() {
            return Target::Entity(resolved);
        }
        if let Some(system) = referred.system_target() {
            if matches!(
                system,
                SystemTarget::Other | SystemTarget::Process | SystemTarget::Activity
            ) {
                self.refers_to_platform(&referring, referred);
            }
            return Target::System(system, resolved);
        }
        if referred.is_external || referred.espace_id.is_none() {
            self.find(Finding::note(
                FindingKey::entity(FindingKind::ExternalEntity, referred),
                referred.full_name(),
                format!("it refers to {}, which another system keeps", referred.full_name()),
                "External entities are not migrated; their ids stay as they are.",
            ));
            return Target::External;
        }
        let is_paired = self.out.pair(resolved).is_some();
        let selected = self.selection.get(resolved);
        // Its records are carried over as rows where somebody asked for it.
        if referred.kind == DataKind::Static && !(selected.is_some() && is_paired) {
            return Target::Static(resolved);
        }
        match selected.map(|selected| &selected.reason) {
            Some(Reason::Chosen) if is_paired => return Target::Entity(resolved),
            Some(Reason::Chosen) => return Target::Outside(resolved),
            Some(Reason::Producer(_)) | None => {}
        }
        // Another attribute may take the entity in all the same.
        let key = attribute_key(referring.entity, referring.attribute);
        if selected.is_some() && is_paired && !self.selection.leaving.contains_key(&key) {
            Target::Entity(resolved)
        } else {
            Target::Outside(resolved)
        }
    }

    /// The entity that the type names, or the one a person confirmed.
    fn resolved(&mut self, referring: &Referring<'_>) -> Option<EntityIndex> {
        let (entity, attribute) = (referring.entity, referring.attribute);
        if attribute.data_type.is_unclear() {
            return self.confirmed(entity, attribute);
        }
        let candidates = match self.source.resolve(entity, &attribute.data_type)? {
            Resolution::Entity(index) => return Some(index),
            Resolution::Candidates(candidates) => candidates,
        };
        let names = candidates.iter().map(|index| self.source.entity(*index).full_name()).collect();
        let mut choices = vec![
            Choice::stop("do not run"),
            Choice::new(choice::MAP, "it refers to this entity").to_a_target(),
        ];
        if referring.may_be_emptied {
            choices.push(Choice::new(choice::EMPTY, "write no reference"));
        }
        self.find(
            Finding::decide(
                referring.key(FindingKind::ReferenceUnresolved),
                referring.about(),
                "its type names an entity that is not there",
                "A deleted or cloned module changes the key that types name. A candidate with \
                 the same entity key may be meant, or may be a clone.",
                choices,
                choice::STOP,
            )
            .offering(names),
        );
        self.confirmed(entity, attribute)
    }

    /// The entity that a person confirmed an attribute to refer to.
    pub(super) fn confirmed(&self, entity: &Entity, attribute: &Attribute) -> Option<EntityIndex> {
        self.selection.confirmed.get(&attribute_key(entity, attribute)).copied()
    }

    /// Whether the attribute means the same entity in the destination; a finding when it does not.
    fn means_the_same(
        &mut self,
        referring: &Referring<'_>,
        referred: &Entity,
        other: &Entity,
    ) -> bool {
        let Some(theirs) = other.attribute(&referring.attribute.key) else { return true };
        let same = match self.destination.resolve(other, &theirs.data_type) {
            Some(Resolution::Entity(index)) => {
                let there = self.destination.entity(index);
                there.key == referred.key && there.espace_key == referred.espace_key
            }
            // Damaged in the same way on both sides: what a person said goes for both.
            Some(Resolution::Candidates(_)) => theirs.data_type == referring.attribute.data_type,
            None => {
                theirs.data_type.is_unclear() && theirs.data_type == referring.attribute.data_type
            }
        };
        if !same {
            self.find(Finding::decide(
                referring.key(FindingKind::ReferenceRetargeted),
                referring.about(),
                format!(
                    "it refers to {} in the source and to something else in the destination",
                    referred.full_name()
                ),
                "Ids of one entity would be taken for ids of another. Publish the same version \
                 on both sides.",
                stop_or_leave_out(referring.may_be_left_out),
                choice::STOP,
            ));
        }
        same
    }

    /// A reference to a table of the platform whose rows have no counterpart.
    fn refers_to_platform(&mut self, referring: &Referring<'_>, referred: &Entity) {
        // Whether instances come along is asked first: it decides about these references too.
        if self.instances.is_open && referred.instance_table().is_some() {
            return;
        }
        let filled = Filter::not_null(referring.column).and(referring.among.clone());
        let rows = self.inquiry.count(Side::Source, &referring.entity.table, filled);
        if rows == Some(0) {
            return;
        }
        let mut choices = vec![Choice::stop("do not run")];
        if referring.may_be_emptied {
            choices.push(Choice::new(choice::EMPTY, "write no reference"));
        }
        self.find(
            Finding::decide(
                referring.key(FindingKind::ReferenceToPlatform),
                referring.about(),
                format!("it refers to {}", referred.table),
                "Rows of that platform table are not carried over, so their ids mean \
                 nothing in the destination.",
                choices,
                choice::STOP,
            )
            .touching(rows),
        );
    }

    /// Whether 0 is a row of the target, so that it is an id and not "none".
    fn zero_is_row(&mut self, target: Target) -> bool {
        match target {
            Target::Entity(index) | Target::Outside(index) => {
                let entity = self.source.entity(index);
                let Some(column) = entity
                    .identifier()
                    .and_then(|attribute| self.source.shape_of(index)?.column(&attribute.column))
                else {
                    return false;
                };
                let none = match column.data_type.kind() {
                    Some(ValueKind::Integer) => Value::Integer(0),
                    Some(ValueKind::Text) => Value::text(""),
                    _ => return false,
                };
                let filter = Filter::Equals(column.name.clone(), none);
                self.inquiry.count(Side::Source, &entity.table, filter).is_some_and(|rows| rows > 0)
            }
            Target::Static(index) => {
                let entity = self.source.entity(index);
                self.source.records_of(entity).any(|record| record.data_id == "0")
            }
            _ => false,
        }
    }

    /// A column that refuses NULL holds 0 for "none" (`metamodel.md` §3.5). Where a record of the
    /// destination has that id, and none of the source, a row without a reference would get one;
    /// and where a foreign key guards the column, the destination refuses it.
    fn none_is_row(&mut self, pair_place: usize, place: usize) -> Option<FindingKey> {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let reference = attribute.reference.as_ref()?;
        // An extension's row without the row it extends is another matter.
        if attribute.destination_column.nullable
            || reference.zero_is_row
            || pair.identifier == Some(place)
        {
            return None;
        }
        let (what, why) = match self.record_of_none(reference.target) {
            Some(record) => (
                format!(
                    "the destination's column refuses NULL, and what stands for no reference there \
                     is the id of the record {record}"
                ),
                "Rows that refer to nothing would refer to that record.",
            ),
            None if self.is_guarded_there(&pair, &attribute.destination_column.name) => (
                "the destination's column refuses NULL, and a foreign key refuses what stands for no \
                 reference"
                    .to_owned(),
                "Rows that refer to nothing could not be inserted.",
            ),
            None => return None,
        };
        let entity = self.source.entity(pair.source);
        let column = &attribute.source_column;
        let without = Filter::Or(vec![
            Filter::IsNull(column.name.clone()),
            is_none(&column.name, column.data_type.kind()),
        ]);
        let cost = self.cost_of_rejecting(pair_place, &without);
        if cost.rows == Some(0) {
            return None;
        }
        let key = FindingKey::attribute(FindingKind::NullNotAllowed, entity, &attribute.attribute);
        self.find(
            Finding::decide(
                key.clone(),
                format!("{}.{}", pair.name, attribute.attribute.name),
                what,
                why,
                vec![
                    Choice::stop("do not run"),
                    Choice::new(choice::REJECT, "leave these rows out")
                        .costing(cost.words.join(", ")),
                ],
                choice::STOP,
            )
            .touching(cost.rows),
        );
        Some(key)
    }

    /// The record of the destination that has the id which stands for "none".
    fn record_of_none(&self, target: Target) -> Option<String> {
        let Target::Static(index) = target else { return None };
        let referred = self.source.entity(index);
        self.destination
            .entities_by_key(&referred.espace_key, &referred.key)
            .into_iter()
            .map(|index| self.destination.entity(index))
            .filter(|entity| entity.is_active)
            .flat_map(|entity| self.destination.records_of(entity))
            .find(|record| matches!(record.data_id.as_str(), "" | "0"))
            .map(|record| record.name.clone())
    }

    /// Whether a foreign key of the destination watches over a column.
    pub(super) fn is_guarded_there(&self, pair: &EntityPair, column: &str) -> bool {
        self.destination.shape_of(pair.destination).is_some_and(|shape| {
            shape.foreign_keys.iter().any(|key| !key.disabled && same_name(&key.column, column))
        })
    }

    /// Asks for references that point to nothing, where no foreign key forbids them.
    fn orphans(&mut self, pair_place: usize, place: usize) {
        let pair = &self.out.pairs[pair_place];
        let attribute = &pair.attributes[place];
        let Some(Target::Entity(index)) = attribute.reference.as_ref().map(|r| r.target) else {
            return;
        };
        let column = attribute.source_column.name.clone();
        let parents = self.out.pair(index).map(|pair| pair.rows.clone()).unwrap_or_default();
        let are_all = parents == Filter::All;
        let guarded = self.source.shape_of(pair.source).is_some_and(|shape| {
            shape.foreign_keys.iter().any(|key| {
                !key.disabled
                    && same_name(&key.column, &column)
                    && self.source.is_table_of(index, &key.parent)
            })
        });
        // Where only some of the rows referred to are carried over, no foreign key forbids a reference
        // to one of the others.
        if guarded && are_all {
            return;
        }
        let Some(key_column) = self
            .out
            .pair(index)
            .and_then(|pair| pair.identifier())
            .map(|i| i.source_column.clone())
        else {
            return;
        };
        let filter = Filter::Orphan {
            column: column.clone(),
            parent: self.source.entity(index).table.clone(),
            key: key_column.name.clone(),
            among: Box::new(parents),
        };
        // A row whose own id is that of another row is none without it.
        let refers_to_nothing = match pair.identifier == Some(place) {
            true => Filter::IsNull(column.clone()),
            false => is_none(&column, attribute.source_column.data_type.kind()),
        };
        let filter = filter.and(refers_to_nothing.negated()).and(attribute.rows());
        let filter = match &attribute.typed {
            Some(typed) => match typed.no_id(&column) {
                // What is no number refers to nothing.
                Some(no_id) => filter
                    .and(Filter::Equals(column.clone(), Value::text("0")).negated())
                    .and(no_id.negated()),
                None => filter,
            },
            None => filter,
        };
        let rows = self.inquiry.count(
            Side::Source,
            &self.source.entity(pair.source).table,
            filter.clone(),
        );
        if rows == Some(0) && guarded {
            return;
        }
        if rows == Some(0) {
            let pair = &self.out.pairs[pair_place];
            let attribute = &pair.attributes[place];
            let finding = Finding::note(
                FindingKey::attribute(
                    FindingKind::OrphanReferences,
                    self.source.entity(pair.source),
                    &attribute.attribute,
                ),
                format!("{}.{}", pair.name, attribute.attribute.name),
                "nothing in the database guards this reference; every row it names is there",
                "With the delete rule Ignore there is no foreign key, yet its ids are rewritten all \
                 the same.",
            );
            self.find(finding.touching(rows));
            return;
        }
        let finding = self.orphan_finding(pair_place, place, &filter, rows);
        self.find(finding);
    }

    /// The finding about references that point to nothing; `filter` says which rows, `rows` how many,
    /// once counted.
    pub(super) fn orphan_finding(
        &mut self,
        pair_place: usize,
        place: usize,
        filter: &Filter,
        rows: Option<u64>,
    ) -> Finding {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let entity = self.source.entity(pair.source);
        let is_identifier =
            pair.identifier == Some(place) && pair.identifier_kind == IdentifierKind::Extension;
        let may_be_emptied = attribute.may_be_emptied() && !is_identifier;
        let costs = self.cost_of_rejecting(pair_place, filter).words;
        let target = attribute.reference.as_ref().and_then(|reference| reference.target.entity());
        let referred = target.and_then(|index| self.out.pair(index));
        let (what, why) = match referred.filter(|referred| referred.rows != Filter::All) {
            Some(referred) => (
                "some rows refer to rows that are gone or stay behind",
                format!(
                    "Not all rows of {} are carried over. In the destination the same number could be \
                     a stranger's row.",
                    referred.name
                ),
            ),
            None => (
                "some rows refer to rows that are gone",
                "With the delete rule Ignore nothing in the database forbids it. In the destination \
                 the same number could be a stranger's row."
                    .to_owned(),
            ),
        };
        let mut choices = Vec::new();
        if may_be_emptied {
            choices.push(Choice::new(choice::EMPTY, "write no reference"));
        }
        choices.push(Choice::new(choice::REJECT, "leave these rows out").costing(costs.join(", ")));
        choices.push(Choice::stop("do not run"));
        Finding::decide(
            FindingKey::attribute(FindingKind::OrphanReferences, entity, &attribute.attribute),
            format!("{}.{}", pair.name, attribute.attribute.name),
            what,
            why,
            choices,
            if may_be_emptied { choice::EMPTY } else { choice::REJECT },
        )
        .touching(rows)
    }
}

/// The column holds the null identifier in its other form: 0 or an empty text.
pub(super) fn is_none(column: &str, kind: Option<ValueKind>) -> Filter {
    let none = match kind {
        Some(ValueKind::Text) => Value::text(""),
        _ => Value::Integer(0),
    };
    Filter::Equals(column.to_owned(), none)
}
