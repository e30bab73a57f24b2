//! What a run writes down while it works.

use rusqlite::{Transaction, params};

use super::{EmptiedCell, Journal, LeftOutRow, NewBatch, PersonRecord, fault, keys};
use crate::database::{JournalToken, Result};

impl Journal {
    /// Notes a writing session before its first write: its lock is what a fence waits for.
    pub fn session(&self, session: &str) -> Result<()> {
        self.connection
            .execute("INSERT OR IGNORE INTO session (name) VALUES (?1)", [session])
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Writes a batch down as prepared and syncs. What comes back lets it be committed.
    pub fn prepare(&mut self, batch: &NewBatch) -> Result<(i64, JournalToken)> {
        let entity = batch.entity.map(|entity| entity as i64);
        let work = |transaction: &Transaction<'_>| -> rusqlite::Result<i64> {
            transaction
                .prepare_cached(
                    "INSERT INTO batch (entity, kind, session, rows, source_keys, \
                     destination_keys, digest, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'prepared')",
                )?
                .execute(params![
                    entity,
                    batch.kind.name(),
                    batch.session,
                    batch.rows as i64,
                    batch.source_keys.to_bytes(),
                    batch.destination_keys.to_bytes(),
                    batch.digest.to_be_bytes().as_slice(),
                ])?;
            let id = transaction.last_insert_rowid();
            for cell in &batch.emptied {
                transaction
                    .prepare_cached(
                        "INSERT INTO emptied (batch, entity, column, key, value, reason) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![
                        id,
                        entity,
                        cell.column as i64,
                        keys::cell(&cell.key),
                        keys::cell(&cell.value),
                        cell.reason
                    ])?;
            }
            for cell in &batch.deferred {
                transaction
                    .prepare_cached(
                        "INSERT INTO deferred (batch, entity, column, key, destination, value) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![
                        id,
                        entity,
                        cell.column as i64,
                        keys::cell(&cell.key),
                        keys::cell(&cell.destination),
                        keys::cell(&cell.value)
                    ])?;
            }
            Ok(id)
        };
        let transaction = self.connection.transaction().map_err(|error| fault(&error))?;
        let id = work(&transaction).map_err(|error| fault(&error))?;
        // synchronous = FULL: this returns once the disk has it.
        transaction.commit().map_err(|error| fault(&error))?;
        Ok((id, JournalToken::after_sync()))
    }

    /// Notes that a batch is in the database for good.
    pub fn committed(&self, batch: i64) -> Result<()> {
        self.connection
            .execute("UPDATE batch SET state = 'committed' WHERE id = ?1", [batch])
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Notes that a batch is not in the database, and forgets what it would have left behind.
    pub fn aborted(&mut self, batch: i64) -> Result<()> {
        let transaction = self.connection.transaction().map_err(|error| fault(&error))?;
        for sql in [
            "UPDATE batch SET state = 'aborted' WHERE id = ?1",
            "DELETE FROM emptied WHERE batch = ?1",
            "DELETE FROM deferred WHERE batch = ?1",
        ] {
            transaction.execute(sql, [batch]).map_err(|error| fault(&error))?;
        }
        transaction.commit().map_err(|error| fault(&error))
    }

    /// Notes a row that is not carried over.
    pub fn leave_out(&self, row: &LeftOutRow) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO left_out (entity, key, reason, planned, code) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    row.entity as i64,
                    keys::cell(&row.key),
                    row.reason,
                    row.planned,
                    row.code
                ])
            })
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Notes a cell that the second pass could not set.
    pub fn empty(&self, entity: usize, cell: &EmptiedCell) -> Result<()> {
        self.connection
            .execute(
                "INSERT INTO emptied (batch, entity, column, key, value, reason) \
                 VALUES (NULL, ?1, ?2, ?3, ?4, ?5)",
                params![
                    entity as i64,
                    cell.column as i64,
                    keys::cell(&cell.key),
                    keys::cell(&cell.value),
                    cell.reason
                ],
            )
            .map(drop)
            .map_err(|error| fault(&error))
    }

    /// Notes whose id became whose.
    pub fn people(&mut self, people: &[PersonRecord]) -> Result<()> {
        let transaction = self.connection.transaction().map_err(|error| fault(&error))?;
        for person in people {
            transaction
                .execute(
                    "INSERT OR REPLACE INTO person (is_group, source, destination, is_ours) \
                     VALUES (?1, ?2, ?3, ?4)",
                    params![person.is_group, person.source, person.destination, person.is_ours],
                )
                .map_err(|error| fault(&error))?;
        }
        transaction.commit().map_err(|error| fault(&error))
    }

    /// Adds a line to the run's story.
    pub fn event(&self, at: &str, text: &str) -> Result<()> {
        self.connection
            .execute("INSERT INTO event (at, text) VALUES (?1, ?2)", [at, text])
            .map(drop)
            .map_err(|error| fault(&error))
    }
}
