//! Entities whose rows belong to tenants on one side only.

use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice, tenants_named};
use crate::outsystems::{DestinationId, Entity};

impl Work<'_> {
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
