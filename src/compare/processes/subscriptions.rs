//! Subscriptions of activities that go along (`metamodel.md` §5.5): those to entities that do not are
//! left behind, and the activity waits for what nobody will tell it.

use std::collections::HashSet;

use super::super::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{Filter, TableName};
use crate::outsystems::{EntityIndex, Environment, InstanceTable, Side};

/// The column with the activity that waits.
const ACTIVITY: &str = "_ACTIVITY_ID";

impl Work<'_> {
    /// Counts, for each entity whose subscriptions do not come along, those of activities that do.
    pub(in super::super) fn subscriptions_left(&mut self) {
        if self.instances.is_empty() {
            return;
        }
        let activities = InstanceTable::Activity.table();
        let waiting = Filter::Refers {
            column: ACTIVITY.to_owned(),
            among: Box::new(self.inquiry.among(&activities)),
            parent: activities,
            key: "ID".to_owned(),
        };
        for (table, index) in self.event_tables_left() {
            let rows = self.inquiry.count(Side::Source, &table, waiting.clone());
            if rows == Some(0) {
                continue;
            }
            let entity = self.source.entity(index);
            let what = match self.out.pair(index) {
                None => "activities that go along wait for rows of it, and it is not carried over",
                Some(_) => {
                    "activities that go along wait for rows of it, and it does not expose process \
                     events in the destination"
                }
            };
            let finding = Finding::decide(
                FindingKey::entity(FindingKind::ProcessSubscriptionLeft, entity),
                entity.full_name(),
                what,
                "Their subscriptions are left behind: ids in them would mean other rows there. Nothing \
                 wakes these activities in the destination any more. Subscriptions to an entity of the \
                 scope that exposes process events on both sides come along.",
                vec![
                    Choice::new(choice::LEAVE_OUT, "leave the subscriptions behind")
                        .costing("these activities wait until somebody sees to them"),
                    Choice::stop("do not run"),
                ],
                choice::LEAVE_OUT,
            );
            self.find(finding.touching(rows));
        }
    }

    /// The source's event tables from which nothing comes along, each with its entity.
    fn event_tables_left(&self) -> Vec<(TableName, EntityIndex)> {
        let listens = |side: &Environment, index: EntityIndex| {
            let shape = side.entity(index).event_table.as_ref().and_then(|table| side.shape(table));
            shape.is_some_and(|shape| shape.column(ACTIVITY).is_some())
        };
        let pairs = self.out.pairs.iter();
        let along: HashSet<&TableName> = pairs
            .filter(|pair| listens(self.destination, pair.destination))
            .filter_map(|pair| self.source.entity(pair.source).event_table.as_ref())
            .collect();
        // An event table may be that of several entities.
        let mut seen = HashSet::new();
        let mut left = Vec::new();
        for (place, entity) in self.source.entities.iter().enumerate() {
            let Some(table) = &entity.event_table else { continue };
            let index = EntityIndex(place);
            if listens(self.source, index) && !along.contains(table) && seen.insert(table) {
                left.push((table.clone(), index));
            }
        }
        left
    }
}
