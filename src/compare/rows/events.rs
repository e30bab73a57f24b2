//! Event tables of the destination, whose rows would start processes for rows written
//! (`metamodel.md` §5.5).

use super::super::{Finding, FindingKey, FindingKind, Work};
use crate::database::{Filter, TableName, same_name};
use crate::outsystems::{EntityIndex, Side};

/// The tables of people and of their links, which a run may write.
pub const PEOPLE_TABLES: [&str; 5] =
    ["OSSYS_USER", "OSSYS_GROUP", "OSSYS_USER_ROLE", "OSSYS_GROUP_ROLE", "OSSYS_GROUP_USER"];

/// Subscriptions to the rows of one entity of the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriptions {
    /// The event table, as the model names it.
    pub table: TableName,
    /// How many rows it has; `None` as long as nobody has counted.
    pub rows: Option<u64>,
}

impl Work<'_> {
    /// Counts the subscriptions to rows that may be written, deleted or updated: of the entities in
    /// scope, of those that rows hang on, and of people.
    pub(in crate::compare) fn event_tables(&mut self) {
        let model = self.destination;
        let outside = self.out.outside.iter().flat_map(|one| one.along.iter().chain([&one.rows]));
        let mut written: Vec<TableName> = outside
            .chain(&self.out.recreated.rows)
            .map(|part| part.table.clone())
            .chain(PEOPLE_TABLES.map(TableName::new))
            .collect();
        let pairs = self.out.pairs.iter().map(|pair| model.entity(pair.destination));
        written.extend(pairs.map(|entity| entity.table.clone()));
        for (place, entity) in model.entities.iter().enumerate() {
            let Some(table) = &entity.event_table else { continue };
            let is_known = self.out.subscriptions.iter().any(|known| known.table == *table);
            let is_written =
                || written.iter().any(|one| model.is_table_of(EntityIndex(place), one));
            if is_known || model.shape(table).is_none() || !is_written() {
                continue;
            }
            let rows = self.inquiry.count(Side::Destination, table, Filter::All);
            self.out.subscriptions.push(Subscriptions { table: table.clone(), rows });
            if rows == Some(0) {
                continue;
            }
            let is_people =
                PEOPLE_TABLES.iter().any(|people| same_name(people, &entity.table.name));
            let when = if is_people {
                "and put back right after users and groups are written. Until then no application \
                 starts a process by them."
            } else {
                "and put back after the last one, so that no process starts by rows carried over."
            };
            self.find(
                Finding::note(
                    FindingKey::entity(FindingKind::EventTableNotEmpty, entity),
                    entity.full_name(),
                    format!("processes are subscribed to its rows in {table}"),
                    format!("The subscriptions are put away before the first write, {when}"),
                )
                .touching(rows),
            );
        }
    }
}
