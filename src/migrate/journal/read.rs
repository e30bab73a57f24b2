//! What a run wrote down, for its second pass, its proof and its observers.

use rusqlite::params;

use super::evidence::{batch, cell};
use super::{
    BatchKind, BatchRecord, DeferredCell, EmptiedCell, EventRecord, Journal, LeftOutRow,
    PersonRecord, fault, keys,
};
use crate::database::Result;

impl Journal {
    /// The run's story.
    pub fn events(&self) -> Result<Vec<EventRecord>> {
        let read = || -> rusqlite::Result<Vec<EventRecord>> {
            let mut statement =
                self.connection.prepare("SELECT at, text FROM event ORDER BY id")?;
            statement
                .query_map([], |row| Ok(EventRecord { at: row.get(0)?, text: row.get(1)? }))?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// Whose id became whose.
    pub fn all_people(&self) -> Result<Vec<PersonRecord>> {
        let read = || -> rusqlite::Result<Vec<PersonRecord>> {
            let mut statement = self
                .connection
                .prepare("SELECT is_group, source, destination, is_ours FROM person")?;
            statement
                .query_map([], |row| {
                    Ok(PersonRecord {
                        is_group: row.get(0)?,
                        source: row.get(1)?,
                        destination: row.get(2)?,
                        is_ours: row.get(3)?,
                    })
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// The committed batches of an entity that carried rows over or recognised them, in the
    /// order they were written.
    pub fn batches(&self, entity: usize) -> Result<Vec<BatchRecord>> {
        self.all(
            "SELECT id, kind, rows, source_keys, destination_keys, digest FROM batch \
             WHERE entity = ?1 AND state = 'committed' AND kind IN ('insert', 'recognise') \
             ORDER BY id",
            entity as i64,
            batch,
        )
    }

    /// Rows that committed batches of a kind touched in an entity.
    pub fn rows_of(&self, entity: usize, kind: BatchKind) -> Result<u64> {
        self.connection
            .query_row(
                "SELECT COALESCE(SUM(rows), 0) FROM batch \
                 WHERE entity = ?1 AND kind = ?2 AND state = 'committed'",
                params![entity as i64, kind.name()],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::unsigned_abs)
            .map_err(|error| fault(&error))
    }

    /// Cells of an entity that were emptied for good.
    pub fn emptied(&self, entity: usize) -> Result<Vec<EmptiedCell>> {
        self.all(
            "SELECT e.column, e.key, e.value, e.reason FROM emptied e \
             LEFT JOIN batch b ON b.id = e.batch \
             WHERE e.entity = ?1 AND (e.batch IS NULL OR b.state = 'committed') ORDER BY e.rowid",
            entity as i64,
            cell,
        )
    }

    /// Rows of an entity that were not carried over.
    pub fn left_out(&self, entity: usize) -> Result<Vec<LeftOutRow>> {
        let read = || -> rusqlite::Result<Vec<LeftOutRow>> {
            let mut statement = self.connection.prepare(
                "SELECT key, reason, planned, code FROM left_out WHERE entity = ?1 ORDER BY rowid",
            )?;
            statement
                .query_map([entity as i64], |row| {
                    Ok(LeftOutRow {
                        entity,
                        key: keys::value(row.get_ref(0)?),
                        reason: row.get(1)?,
                        planned: row.get(2)?,
                        code: row.get(3)?,
                    })
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// References of an entity's column to set in the second pass: at most `limit` after the
    /// given number, with their numbers.
    pub fn deferred(
        &self,
        entity: usize,
        column: usize,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, DeferredCell)>> {
        let read = || -> rusqlite::Result<Vec<(i64, DeferredCell)>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT d.id, d.key, d.destination, d.value FROM deferred d \
                 JOIN batch b ON b.id = d.batch AND b.state = 'committed' \
                 WHERE d.entity = ?1 AND d.column = ?2 AND d.id > ?3 ORDER BY d.id LIMIT ?4",
            )?;
            statement
                .query_map(params![entity as i64, column as i64, after, limit as i64], |row| {
                    Ok((
                        row.get(0)?,
                        DeferredCell {
                            column,
                            key: keys::value(row.get_ref(1)?),
                            destination: keys::value(row.get_ref(2)?),
                            value: keys::value(row.get_ref(3)?),
                        },
                    ))
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }
}
