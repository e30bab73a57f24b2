//! Attributes of which the model does not say what they hold: plain values, or ids.

use super::attributes::stop_or_leave_out;
use super::{Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Work, choice};
use crate::database::same_name;
use crate::outsystems::{Attribute, Entity, Resolution, Side};

impl Work<'_> {
    /// Whether an attribute refers to rows, by the word of the model or of a person; what is
    /// neither a reference nor surely plain values becomes a finding.
    pub(super) fn refers(&mut self, pair_place: usize, place: usize) -> bool {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place].attribute;
        if attribute.data_type.is_reference() {
            return true;
        }
        // Ids that the destination makes anew are not copied, whatever they are called.
        if pair.identifier == Some(place) && pair.identifier_kind == IdentifierKind::Generated {
            return false;
        }
        let entity = self.source.entity(pair.source);
        let theirs = self.destination.entity(pair.destination).attribute(&attribute.key);
        if attribute.data_type.is_unclear() {
            self.unclear(&pair, place, theirs);
            return self.confirmed(entity, attribute).is_some();
        }
        let Some(theirs) = theirs else { return false };
        let key = |kind| FindingKey::attribute(kind, entity, attribute);
        let about = || format!("{}.{}", entity.full_name(), attribute.name);
        if theirs.data_type.is_reference() {
            self.find(Finding::decide(
                key(FindingKind::ReferenceRetargeted),
                about(),
                "it holds ids in the destination only",
                "Plain values would be taken for ids of rows. Publish the same version on both sides.",
                vec![Choice::stop("do not run until the module is published")],
                choice::STOP,
            ));
        } else if theirs.data_type.is_unclear() {
            self.find(Finding::decide(
                key(FindingKind::TypeUnknown),
                about(),
                says_nothing(theirs, Side::Destination),
                "Plain values could be taken for ids of rows there. Publish the module again in \
                 the destination.",
                stop_or_leave_out(pair.may_be_left_out(place)),
                choice::STOP,
            ));
        }
        false
    }

    /// The source's model does not say what an attribute holds.
    fn unclear(&mut self, pair: &EntityPair, place: usize, theirs: Option<&Attribute>) {
        let entity = self.source.entity(pair.source);
        let attribute = &pair.attributes[place].attribute;
        let mut choices = stop_or_leave_out(pair.may_be_left_out(place));
        // Where the destination knows plain values, ids would be taken for such.
        let may_refer = theirs
            .is_some_and(|theirs| theirs.data_type.is_reference() || theirs.data_type.is_unclear());
        if may_refer && pair.identifier != Some(place) {
            choices.push(Choice::new(choice::MAP, "it refers to this entity").to_a_target());
        }
        let candidates = self.may_be_meant(pair, place, theirs);
        self.find(
            Finding::decide(
                FindingKey::attribute(FindingKind::TypeUnknown, entity, attribute),
                format!("{}.{}", entity.full_name(), attribute.name),
                says_nothing(attribute, Side::Source),
                "If its values are ids of rows, they mean other rows in the destination: copied as \
                 they are, they would be wrong without anybody noticing. Usual cause: a damaged \
                 module. Publish it again.",
                choices,
                choice::STOP,
            )
            .offering(candidates),
        );
    }

    /// Entities of the source that a foreign key or the destination's model points to.
    fn may_be_meant(
        &self,
        pair: &EntityPair,
        place: usize,
        theirs: Option<&Attribute>,
    ) -> Vec<String> {
        let column = &pair.attributes[place].source_column.name;
        let keys = self.source.shape_of(pair.source).into_iter().flat_map(|s| &s.foreign_keys);
        let parents: Vec<_> = keys.filter(|key| same_name(&key.column, column)).collect();
        let other = self.destination.entity(pair.destination);
        let there = theirs
            .and_then(|theirs| self.destination.resolve(other, &theirs.data_type))
            .and_then(|resolution| match resolution {
                Resolution::Entity(index) => Some(self.destination.entity(index)),
                Resolution::Candidates(_) => None,
            });
        let is_meant = |entity: &&Entity| {
            parents.iter().any(|key| same_name(&key.parent.name, &entity.table.name))
                || there.is_some_and(|there| {
                    there.key == entity.key && there.espace_key == entity.espace_key
                })
        };
        let active = self.source.entities.iter().filter(|entity| entity.is_active);
        active.filter(is_meant).map(Entity::full_name).collect()
    }
}

fn says_nothing(attribute: &Attribute, side: Side) -> String {
    format!(
        "its type is {} in the {side}, which does not say whether its values are ids, nor of what",
        attribute.data_type
    )
}
