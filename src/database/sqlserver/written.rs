//! What writing to a table has to know of it beyond its shape: asked once for all tables that a
//! run writes to, for all its sessions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::catalogue::by_catalog;
use super::connection::{Connection, integer, text, unexpected};
use super::statements::catalogue;
use crate::database::{Fault, FaultKind, Result, TableName};

/// What is known of one table.
#[derive(Clone, Default)]
pub(super) struct TableFacts {
    /// Collations of text columns by lower-case name.
    pub(super) collations: HashMap<String, String>,
    /// Whether the identity counts down.
    pub(super) descending: bool,
    /// Whether it has triggers that are switched on.
    pub(super) triggers: bool,
    /// Whether one of them runs instead of a statement.
    instead: bool,
    /// Whether rows that went straight into it were refused.
    pub(super) refused_straight: bool,
}

/// What is known of the tables that are written to.
#[derive(Default)]
pub(super) struct Written(Mutex<HashMap<TableName, TableFacts>>);

impl Written {
    /// What is known of a table, which is asked for if nobody has yet. Errs when nobody can know
    /// what becomes of a row that is written there.
    pub(super) async fn facts(
        &self,
        connection: &mut Connection,
        table: &TableName,
        limit: Duration,
    ) -> Result<TableFacts> {
        if self.known(table).is_none() {
            self.ask(connection, std::slice::from_ref(table), limit).await?;
        }
        let facts = self.known(table).ok_or_else(|| unexpected("facts of a table"))?;
        if facts.instead {
            return Err(Fault::new(
                FaultKind::NotApplicable,
                format!("{table} has a trigger that runs instead of the statement"),
            )
            .advise("What becomes of a row there cannot be known; leave this entity out."));
        }
        Ok(facts)
    }

    /// Asks for these tables, named as the catalogue does.
    pub(super) async fn ask(
        &self,
        connection: &mut Connection,
        tables: &[TableName],
        limit: Duration,
    ) -> Result<()> {
        for (catalog, places) in by_catalog(tables) {
            for places in places.chunks(catalogue::TABLES_AT_ONCE) {
                let asked: Vec<&TableName> = places.iter().map(|&place| &tables[place]).collect();
                let answer = connection.batch(&catalogue::written(catalog, &asked), limit).await?;
                let [collations, increments, triggers] = answer.as_slice() else {
                    return Err(unexpected("facts of tables"));
                };
                let mut facts = vec![TableFacts::default(); asked.len()];
                let place = |row| -> Result<usize> {
                    let place = integer(row, 0)?.and_then(|place| usize::try_from(place).ok());
                    let place = place.filter(|place| *place < asked.len());
                    place.ok_or_else(|| unexpected("the place of a table"))
                };
                for row in collations {
                    if let (Some(name), Some(collation)) = (text(row, 1)?, text(row, 2)?) {
                        facts[place(row)?].collations.insert(name.to_lowercase(), collation);
                    }
                }
                for row in increments {
                    facts[place(row)?].descending = integer(row, 1)?.is_some_and(|step| step < 0);
                }
                for row in triggers {
                    let own = &mut facts[place(row)?];
                    own.triggers = integer(row, 1)?.is_some_and(|count| count > 0);
                    own.instead = integer(row, 2)?.is_some_and(|count| count > 0);
                }
                let asked = asked.into_iter().cloned();
                self.all().extend(asked.zip(facts));
            }
        }
        Ok(())
    }

    /// Rows that went straight into this table were refused.
    pub(super) fn refused_straight(&self, table: &TableName) {
        if let Some(facts) = self.all().get_mut(table) {
            facts.refused_straight = true;
        }
    }

    /// Forgets all of it: another run may find other triggers.
    pub(super) fn forget(&self) {
        self.all().clear();
    }

    fn known(&self, table: &TableName) -> Option<TableFacts> {
        self.all().get(table).cloned()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<TableName, TableFacts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
