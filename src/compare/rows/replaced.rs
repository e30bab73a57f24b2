//! Which rows of the destination go when an entity is replaced.

use super::super::attributes::without_tenant;
use super::super::references::Target;
use super::super::{EntityPair, GroupMatch, IdentifierKind, TenantMatch, UserMatch, Work};
use crate::database::{Filter, Value};
use crate::outsystems::{EntityIndex, SystemTarget};

impl Work<'_> {
    /// Which rows replacing would delete.
    pub(in super::super) fn replaced_rows(&self, pair: &EntityPair) -> Filter {
        self.replaced_along(pair, &mut Vec::new())
    }

    /// The same, with the entities whose rows lead here: identifiers may refer to each other in a
    /// circle in a damaged model.
    fn replaced_along(&self, pair: &EntityPair, extended: &mut Vec<EntityIndex>) -> Filter {
        let instances = self.source.entity(pair.source).instance_table();
        let mut filter = instances.map(|table| self.instances_there(table)).unwrap_or_default();
        if let Some((_, column)) = &pair.tenant {
            let tenants = self
                .out
                .tenants
                .iter()
                .filter_map(TenantMatch::destination)
                .map(Value::from)
                .collect();
            let of_tenants = Filter::AnyOf(column.name.clone(), tenants);
            // Otherwise each further run would add those of ours to those of before.
            filter = filter.and(match pair.carries_tenantless {
                true => Filter::Or(vec![of_tenants, without_tenant(column)]),
                false => of_tenants,
            });
        }
        if let Some((column, tenant)) = &pair.into_tenant {
            filter = filter.and(Filter::AnyOf(column.name.clone(), vec![Value::from(*tenant)]));
        }
        if pair.identifier_kind == IdentifierKind::Extension
            && let Some(identifier) = pair.identifier()
        {
            let column = identifier.destination_column.name.clone();
            let mapped = match identifier.reference.as_ref().map(|reference| reference.target) {
                Some(Target::System(SystemTarget::User, _)) => Some(
                    self.out
                        .users
                        .iter()
                        .filter_map(UserMatch::destination)
                        .map(Value::from)
                        .collect::<Vec<_>>(),
                ),
                Some(Target::System(SystemTarget::Group, _)) => Some(
                    self.out
                        .groups
                        .iter()
                        .filter_map(GroupMatch::destination)
                        .map(Value::from)
                        .collect(),
                ),
                Some(Target::Static(index) | Target::System(_, index)) => {
                    self.out.fixed.get(&index).map(|map| {
                        map.records.iter().filter_map(|r| r.destination.clone()).collect()
                    })
                }
                _ => None,
            };
            if let Some(mapped) = mapped {
                filter = filter.and(Filter::AnyOf(column, mapped));
            } else if let Some(stays) = self.extended_that_stay(pair, extended) {
                filter = filter.and(stays.negated());
            }
        }
        filter
    }

    /// Which rows of an extension extend rows that stay; `None` where none can. Where the other
    /// entity keeps all its rows, ours are to extend those of them that are recognised, so there
    /// all go.
    fn extended_that_stay(
        &self,
        pair: &EntityPair,
        extended: &mut Vec<EntityIndex>,
    ) -> Option<Filter> {
        let identifier = pair.identifier()?;
        let parent = identifier.reference.as_ref()?.target.entity()?;
        let parent = self.out.pair(parent)?;
        if !self.is_replaced(parent) || extended.contains(&pair.source) {
            return None;
        }
        extended.push(pair.source);
        match self.replaced_along(parent, extended) {
            Filter::All => None,
            goes => Some(Filter::Refers {
                column: identifier.destination_column.name.clone(),
                parent: self.destination.entity(parent.destination).table.clone(),
                key: parent.identifier()?.destination_column.name.clone(),
                among: Box::new(goes.negated()),
            }),
        }
    }
}
