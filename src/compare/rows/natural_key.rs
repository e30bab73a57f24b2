//! Keys by which rows are recognised on both sides.

use super::super::{EntityPair, IdentifierKind, Work};
use crate::database::same_name;
use crate::outsystems::Side;

/// Columns by which rows are told apart, all of them carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaturalKey {
    /// Places in [`EntityPair::attributes`].
    pub attributes: Vec<usize>,
    /// Whether the tenant is part of it.
    pub with_tenant: bool,
}

impl NaturalKey {
    /// `Code and the tenant`.
    pub(super) fn words(&self, pair: &EntityPair) -> String {
        self.parts(pair, "the tenant").join(" and ")
    }

    /// Whether a row with the same key is of the same tenant, so that it may take values of ours.
    #[must_use]
    pub fn stays_in_tenant(&self, pair: &EntityPair) -> bool {
        self.with_tenant || (pair.tenant.is_none() && pair.into_tenant.is_none())
    }

    /// `Code+Tenant`, as a decision names it.
    #[must_use]
    pub fn name(&self, pair: &EntityPair) -> String {
        self.parts(pair, "Tenant").join("+")
    }

    /// Whether a decision means this key, in whatever order it names the parts.
    #[must_use]
    pub fn is_called(&self, pair: &EntityPair, name: &str) -> bool {
        let sorted = |parts: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            let mut parts: Vec<String> = parts
                .map(|part| match part.trim().to_lowercase().replace('_', "").as_str() {
                    "tenantid" | "the tenant" => "tenant".to_owned(),
                    _ => part.trim().to_lowercase(),
                })
                .collect();
            parts.sort();
            parts
        };
        sorted(&mut name.split('+')) == sorted(&mut self.parts(pair, "Tenant").into_iter())
    }

    fn parts<'a>(&self, pair: &'a EntityPair, tenant: &'a str) -> Vec<&'a str> {
        let names = self.attributes.iter().map(|at| pair.attributes[*at].attribute.name.as_str());
        names.chain(self.with_tenant.then_some(tenant)).collect()
    }
}

impl NaturalKey {
    /// The identifier, where rows bring theirs along.
    pub(super) fn of_identifier(pair: &EntityPair) -> Option<Self> {
        let is_kept = pair.identifier_kind == IdentifierKind::Kept;
        let place = pair.identifier.filter(|_| is_kept)?;
        Some(Self { attributes: vec![place], with_tenant: false })
    }
}

impl Work<'_> {
    /// A unique index on both sides whose columns are all plain or mapped attributes.
    pub(super) fn natural_key(&self, pair: &EntityPair) -> Option<NaturalKey> {
        let own = NaturalKey::of_identifier(pair).filter(|_| !pair.brings_given_ids());
        if own.is_some() {
            return own;
        }
        let ours = self.source.shape(&self.source.entity(pair.source).table)?;
        let theirs = self.destination.shape(&self.destination.entity(pair.destination).table)?;
        let places = |columns: &[String], side: Side| -> Option<(Vec<usize>, bool)> {
            let mut places = Vec::new();
            let mut with_tenant = false;
            for column in columns {
                let of_tenant = pair.tenant.as_ref().is_some_and(|(source, destination)| {
                    let own = if side == Side::Source { source } else { destination };
                    same_name(&own.name, column)
                });
                if of_tenant {
                    with_tenant = true;
                    continue;
                }
                let place = pair.attributes.iter().position(|attribute| {
                    let own = match side {
                        Side::Source => &attribute.source_column,
                        Side::Destination => &attribute.destination_column,
                    };
                    same_name(&own.name, column)
                })?;
                if pair.identifier == Some(place) || pair.attributes[place].source_column.nullable {
                    // A key that may be NULL does not tell every row from every other.
                    let plain = pair.attributes[place].reference.is_none();
                    if pair.identifier == Some(place) || !plain {
                        return None;
                    }
                }
                places.push(place);
            }
            places.sort_unstable();
            Some((places, with_tenant))
        };
        theirs
            .unique_indexes
            .iter()
            .filter(|index| !index.filtered && !index.columns.is_empty())
            .filter_map(|index| places(&index.columns, Side::Destination))
            .filter(|(attributes, _)| !attributes.is_empty())
            .find(|found| {
                ours.unique_indexes
                    .iter()
                    .filter(|index| !index.filtered)
                    .filter_map(|index| places(&index.columns, Side::Source))
                    .any(|own| own == *found)
            })
            .map(|(attributes, with_tenant)| NaturalKey { attributes, with_tenant })
    }
}
