//! Links: rows that only say what belongs together, which no unique index tells apart.

use super::super::references::Target;
use super::super::{EntityPair, IdentifierKind, Work};
use super::NaturalKey;
use crate::database::ValueKind;

impl Work<'_> {
    /// The keys by which rows that refer to others can be looked for although the destination would
    /// take a second one: everything that is carried over, and all references together. None where
    /// an entity demands fewer than two references, or has no identifier that the destination
    /// gives.
    pub(super) fn link_keys(&self, pair: &EntityPair) -> Vec<NaturalKey> {
        let attributes = pair.attributes.iter();
        let demanded = attributes.filter(|one| one.reference.is_some() && one.is_mandatory);
        let is_numbered = pair.identifier_kind == IdentifierKind::Generated;
        // Where all rows get one tenant, a row of another one would pass for ours.
        if !is_numbered || demanded.count() < 2 || pair.into_tenant.is_some() {
            return Vec::new();
        }
        let with_tenant = pair.tenant.is_some();
        let key = |attributes| NaturalKey { attributes, with_tenant };
        let carried = carried(pair);
        let references: Vec<usize> = carried
            .iter()
            .copied()
            .filter(|place| pair.attributes[*place].reference.is_some())
            .collect();
        let is_more = carried.len() > references.len();
        let can_be_compared = carried.iter().all(|place| is_comparable(pair, *place));
        let mut keys = Vec::new();
        if is_more && can_be_compared {
            keys.push(key(carried));
        }
        keys.push(key(references));
        keys
    }

    /// Whether rows of an entity hold nothing but references, at least two of which are demanded,
    /// and nothing refers to them: two with the same references say the same.
    pub(super) fn is_pure_link(&self, pair: &EntityPair) -> bool {
        let is_reference = |place: usize| pair.attributes[place].reference.is_some();
        let refers = |other: &EntityPair| {
            other.attributes.iter().any(|attribute| {
                let target = attribute.reference.as_ref().map(|reference| reference.target);
                target == Some(Target::Entity(pair.source)) || attribute.soft == Some(pair.source)
            })
        };
        !self.link_keys(pair).is_empty()
            && carried(pair).into_iter().all(is_reference)
            && !self.out.pairs.iter().any(|other| refers(other))
    }
}

impl NaturalKey {
    /// Whether it is all that is carried over of a row.
    #[must_use]
    pub fn is_everything(&self, pair: &EntityPair) -> bool {
        self.attributes == carried(pair)
    }
}

/// The places of the attributes that are carried over, the identifier aside.
pub(super) fn carried(pair: &EntityPair) -> Vec<usize> {
    (0..pair.attributes.len()).filter(|place| pair.identifier != Some(*place)).collect()
}

/// Whether values of an attribute are looked for: what may be as long as it likes is not.
pub(super) fn is_comparable(pair: &EntityPair, place: usize) -> bool {
    let column = &pair.attributes[place].destination_column;
    match column.data_type.kind() {
        Some(ValueKind::Binary) | None => false,
        Some(ValueKind::Text) => column.data_type.max_length().is_some(),
        Some(_) => true,
    }
}
