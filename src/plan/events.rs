//! Event tables of the destination that are empty while a plan is carried out, so that no process
//! starts by rows that are written (`metamodel.md` §5.5, `design.md` decision 16).

use serde::{Deserialize, Serialize};

use super::{EntityPlan, Plan};
use crate::database::{ColumnRef, ColumnShape, TableName};
use crate::outsystems::InstanceTable;

/// The subscriptions of processes to the rows of one entity that the plan writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventTable {
    /// `Espace.Entity`.
    pub entity: String,
    /// The event table, as the destination's catalogue names it.
    pub table: TableName,
    /// Its columns, all that a row is made of.
    pub columns: Vec<ColumnShape>,
    /// The table whose rows are subscribed to.
    pub of: TableName,
    /// Whether these are users, groups or their links: then it is filled again as soon as these are
    /// written, for every application waits for it.
    pub is_people: bool,
    /// Subscriptions at review.
    pub rows: u64,
    /// The source's subscriptions of activities to rows of the entity, and how they are rewritten:
    /// where instances are carried over, they come along at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub along: Option<Box<EntityPlan>>,
}

impl EventTable {
    /// The columns to be read.
    #[must_use]
    pub fn column_refs(&self) -> Vec<ColumnRef> {
        self.columns.iter().map(ColumnRef::from).collect()
    }
}

/// How many subscriptions a plan puts away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PutAway {
    /// Subscriptions, at review.
    pub rows: u64,
    /// Event tables that have any.
    pub tables: u64,
    /// Subscriptions of these to users, groups and their links.
    pub of_people: u64,
}

impl Plan {
    /// The place of the entity of a table of process instances, where they are carried over.
    #[must_use]
    pub fn instances(&self, table: InstanceTable) -> Option<usize> {
        let is_it = |entity: &EntityPlan| {
            InstanceTable::of_table(&entity.destination_table.name) == Some(table)
        };
        self.entities.iter().position(is_it)
    }

    /// How many subscriptions it puts away.
    #[must_use]
    pub fn put_away(&self) -> PutAway {
        let filled = || self.events.iter().filter(|table| table.rows > 0);
        let of_people = filled().filter(|table| table.is_people);
        PutAway {
            rows: filled().map(|table| table.rows).sum(),
            tables: filled().count() as u64,
            of_people: of_people.map(|table| table.rows).sum(),
        }
    }
}

impl PutAway {
    /// In words; empty where nothing is put away.
    #[must_use]
    pub fn words(&self) -> String {
        if self.rows == 0 {
            return String::new();
        }
        let counted = |count: u64, one: &str, several: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {several}"),
        };
        let mut words = format!(
            "{} of {} are put away before the first write and put back at the end, so that no process \
             starts by rows that are carried over",
            counted(self.rows, "subscription", "subscriptions"),
            counted(self.tables, "event table", "event tables"),
        );
        if self.of_people > 0 {
            words.push_str(&format!(
                "; {} are to users and groups, and back as soon as these are written: until then no \
                 application starts a process by them",
                self.of_people
            ));
        }
        words
    }
}
