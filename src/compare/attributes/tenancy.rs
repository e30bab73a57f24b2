//! Entities whose rows belong to tenants on one side only, and rows that belong to none.

use crate::compare::references::is_none;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice, tenants_named};
use crate::database::{ColumnShape, Filter};
use crate::outsystems::{DestinationId, Entity, Side};

/// Rows that belong to no tenant, by the column that holds it (`metamodel.md` §3.8).
pub(in crate::compare) fn without_tenant(column: &ColumnShape) -> Filter {
    let mut ways = vec![is_none(&column.name, column.data_type.kind())];
    if column.nullable {
        ways.push(Filter::IsNull(column.name.clone()));
    }
    Filter::Or(ways)
}

impl Work<'_> {
    /// Rows of an entity whose rows belong to tenants, that belong to none.
    pub(in crate::compare) fn rows_without_tenant(&mut self) {
        for place in 0..self.out.pairs.len() {
            let pair = self.out.pairs[place].clone();
            let Some((ours, theirs)) = &pair.tenant else { continue };
            let entity = self.source.entity(pair.source);
            let without = without_tenant(ours);
            let rows = self.inquiry.count(Side::Source, &entity.table, without.clone());
            if rows.is_none_or(|rows| rows == 0) {
                continue;
            }
            let key = FindingKey::entity(FindingKind::RowsWithoutTenant, entity);
            let is_refused = !theirs.nullable && self.is_guarded_there(&pair, &theirs.name);
            let is_left_out = self.selection.is_remade(&key, choice::REJECT);
            self.pair_mut(place).carries_tenantless = !is_left_out && !is_refused;
            let cost = self.cost_of_rejecting(place, &without);
            let reject =
                Choice::new(choice::REJECT, "leave these rows out").costing(cost.words.join(", "));
            let stop = Choice::stop("do not run: give them a tenant in the source");
            let (choices, recommended, what_then) = if is_refused {
                let why = "The destination takes no row without a tenant: its column refuses NULL, \
                           and a foreign key refuses 0.";
                (vec![stop, reject], choice::STOP, why)
            } else {
                let keep = Choice::new(choice::KEEP, "carry them over without a tenant");
                let why = match self.is_replaced(&pair) {
                    true => {
                        "Where they are carried over, the destination's rows without a tenant are \
                         deleted first, like those of tenants that are mapped."
                    }
                    false => "Where they are carried over, they belong to no tenant there either.",
                };
                (vec![keep, reject, stop], choice::KEEP, why)
            };
            self.find(
                Finding::decide(
                    key,
                    &pair.name,
                    "rows belong to no tenant: TENANT_ID is 0 or NULL",
                    format!(
                        "No tenant sees such rows. Usual cause: they were inserted past the \
                         application. {what_then}"
                    ),
                    choices,
                    recommended,
                )
                .touching(rows),
            );
        }
    }

    /// Rows of tenants become rows of nobody: whether that was decided.
    pub(super) fn tenants_are_gone(&mut self, entity: &Entity) -> bool {
        let key = FindingKey::entity(FindingKind::MultitenancyChanged, entity);
        let is_decided = self.selection.is_remade(&key, choice::ALL_TENANTS);
        self.find(Finding::decide(
            key,
            entity.full_name(),
            "its rows belong to tenants in the source, not in the destination",
            "Usual cause: another version of the module is published there. Everybody would see the \
             rows of all tenants.",
            vec![
                Choice::stop("do not run until the module is published"),
                Choice::new(choice::ALL_TENANTS, "carry the rows of all tenants over")
                    .costing("whose row is whose is lost"),
                Choice::new(choice::LEAVE_OUT, "leave the entity out"),
            ],
            choice::STOP,
        ));
        is_decided
    }

    /// Rows of nobody become rows of tenants: the tenant that was chosen for all of them.
    pub(super) fn tenant_of_all(
        &mut self,
        entity: &Entity,
        other: &Entity,
    ) -> Option<DestinationId> {
        let key = FindingKey::entity(FindingKind::MultitenancyChanged, entity);
        let made = self.selection.remade.get(&key).filter(|(made, _)| made == choice::MAP);
        let to = made.and_then(|(_, to)| to.as_deref());
        let chosen = to.map(|to| tenants_named(self.destination, to));
        // The tenants of another user provider are nobody's who uses the module.
        let espace = self.destination.espaces.iter().find(|one| one.key == other.espace_key);
        let provider = espace.map(|espace| &espace.user_provider);
        let offers = self
            .destination
            .tenants
            .iter()
            .filter(|tenant| tenant.is_active && provider.is_none_or(|own| *own == tenant.provider))
            .map(|tenant| {
                let name = format!("{} of {}", tenant.name, tenant.provider_name);
                (name.clone(), name)
            })
            .collect();
        self.find(Finding::decide(
            key,
            entity.full_name(),
            "its rows belong to tenants in the destination, not in the source",
            "Usual cause: another version of the module is published there. All rows can go to one \
             tenant; the destination's rows of other tenants stay.",
            vec![
                Choice::stop("do not run until the module is published"),
                Choice::new(choice::MAP, "give all rows to one tenant").to_one_of(offers),
                Choice::new(choice::LEAVE_OUT, "leave the entity out"),
            ],
            choice::STOP,
        ));
        match chosen.as_deref() {
            Some([one]) => Some(*one),
            _ => None,
        }
    }
}
