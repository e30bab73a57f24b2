//! Event tables that would start processes for rows written.

use super::super::{EntityPair, Finding, FindingKey, FindingKind, Severity, Work};
use crate::database::Filter;
use crate::outsystems::{Entity, Side, SystemTarget};

impl Work<'_> {
    /// An event table with rows would start processes for every row inserted
    /// (`metamodel.md` §5.5).
    pub(super) fn event_table(&mut self, pair: &EntityPair) {
        let entity = self.destination.entity(pair.destination).clone();
        self.blocking_events(&entity);
    }

    pub(super) fn people_events(&mut self) {
        let creates = |kind: FindingKind| self.out.findings.iter().any(|f| f.key.kind == kind);
        let mut targets = Vec::new();
        if creates(FindingKind::UserMissing) || creates(FindingKind::UserFound) {
            targets.push(SystemTarget::User);
        }
        if creates(FindingKind::GroupMissing) {
            targets.push(SystemTarget::Group);
        }
        let entities: Vec<_> = self
            .destination
            .entities
            .iter()
            .filter(|entity| {
                entity.is_active
                    && entity.system_target().is_some_and(|target| targets.contains(&target))
            })
            .cloned()
            .collect();
        for entity in entities {
            self.blocking_events(&entity);
        }
    }

    fn blocking_events(&mut self, entity: &Entity) {
        let Some(table) = &entity.event_table else { return };
        if self.destination.shape(table).is_none() {
            return;
        }
        let rows = self.inquiry.count(Side::Destination, table, Filter::All);
        if rows == Some(0) {
            return;
        }
        let mut finding = Finding::note(
            FindingKey::entity(FindingKind::EventTableNotEmpty, entity),
            entity.full_name(),
            format!("the event table {table} holds subscriptions"),
            "Every row inserted would start the processes that are subscribed. This version cannot \
             mute them yet, so the run is refused.",
        )
        .touching(rows);
        finding.severity = Severity::Block;
        self.find(finding);
    }
}
