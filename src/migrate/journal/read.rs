//! What a run wrote down, for its second pass, its proof and its observers.

use std::collections::HashSet;

use rusqlite::{OptionalExtension, params};

use super::evidence::{BATCH, batch, cell};
use super::{
    BatchKind, BatchRecord, DeferredBatch, EmptiedCell, EventRecord, Journal, Keys, PersonRecord,
    WrittenTo, fault, keys,
};
use crate::database::{Result, TableName, Value};
use crate::outsystems::{DestinationId, SourceId};

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
                        source: SourceId(row.get(1)?),
                        destination: DestinationId(row.get(2)?),
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
            &format!(
                "SELECT {BATCH} WHERE b.entity = ?1 AND b.state = 'committed' \
                 AND b.kind IN ('insert', 'recognise', 'change') ORDER BY b.id"
            ),
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

    /// Users that the run changed, so far: of people nothing else is changed.
    pub fn people_changed(&self) -> Result<u64> {
        self.connection
            .query_row(
                "SELECT COALESCE(SUM(rows), 0) FROM batch \
                 WHERE entity IS NULL AND kind = ?1 AND state = 'committed'",
                params![BatchKind::Change.name()],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::unsigned_abs)
            .map_err(|error| fault(&error))
    }

    /// Rows of a table that committed batches of a kind touched, those of no entity.
    pub fn rows_outside(&self, table: &TableName, kind: BatchKind) -> Result<u64> {
        let work = || -> rusqlite::Result<Vec<(String, i64)>> {
            self.connection
                .prepare(
                    "SELECT t.content, SUM(b.rows) FROM batch b JOIN target t ON t.id = b.target \
                     WHERE b.entity IS NULL AND b.kind = ?1 AND b.state = 'committed' \
                     GROUP BY t.content",
                )?
                .query_map([kind.name()], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let all = work().map_err(|error| fault(&error))?;
        let of_table = all.iter().filter(|(content, _)| {
            serde_json::from_str::<WrittenTo>(content).is_ok_and(|to| to.table == *table)
        });
        Ok(of_table.map(|(_, rows)| rows.unsigned_abs()).sum())
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

    /// References of an entity's column to set in the second pass: those of the first batch after
    /// this one.
    pub fn deferred(
        &self,
        entity: usize,
        column: usize,
        after: i64,
    ) -> Result<Option<DeferredBatch>> {
        let read = || {
            self.connection
                .prepare_cached(
                    "SELECT d.batch, b.source_keys, b.destination_keys, d.rows, d.content \
                     FROM deferred d JOIN batch b ON b.id = d.batch AND b.state = 'committed' \
                     WHERE d.entity = ?1 AND d.column = ?2 AND d.batch > ?3 \
                     ORDER BY d.batch LIMIT 1",
                )?
                .query_row(params![entity as i64, column as i64, after], |row| {
                    let keys = |place| -> rusqlite::Result<Keys> {
                        Ok(Keys::from_bytes(&row.get::<_, Vec<u8>>(place)?))
                    };
                    let (source, destination) = (keys(1)?, keys(2)?);
                    let (rows, values) = (keys(3)?, keys(4)?);
                    let cells = (0..rows.len().min(values.len()))
                        .filter_map(|place| {
                            let row = rows.get(place).as_integer()? as usize;
                            let value = values.get(place);
                            (row < source.len().min(destination.len()))
                                .then(|| (source.get(row), destination.get(row), value))
                        })
                        .collect();
                    Ok(DeferredBatch { batch: row.get(0)?, cells })
                })
                .optional()
        };
        read().map_err(|error| fault(&error))
    }

    /// The last batch that the second pass went on from in this column.
    pub fn set_up_to(&self, written_to: &WrittenTo) -> Result<i64> {
        let content = serde_json::to_string(written_to).unwrap_or_default();
        self.connection
            .query_row(
                "SELECT COALESCE(MAX(b.origin), 0) FROM batch b JOIN target t ON t.id = b.target \
                 WHERE t.content = ?1 AND b.kind = 'second-pass' AND b.state = 'committed'",
                [content],
                |row| row.get(0),
            )
            .map_err(|error| fault(&error))
    }

    /// Batches of which nobody knows what became of them.
    pub fn prepared(&self) -> Result<Vec<BatchRecord>> {
        self.all(
            &format!("SELECT {BATCH} WHERE b.state = 'prepared' AND b.id > ?1 ORDER BY b.id"),
            0,
            batch,
        )
    }

    /// Committed batches of a kind, the first one first.
    pub fn of_kind(&self, kind: BatchKind) -> Result<Vec<BatchRecord>> {
        let read = || -> rusqlite::Result<Vec<BatchRecord>> {
            self.connection
                .prepare(&format!(
                    "SELECT {BATCH} WHERE b.state = 'committed' AND b.kind = ?1 ORDER BY b.id"
                ))?
                .query_map([kind.name()], batch)?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// The last committed batch of these kinds before the given number.
    pub fn previous_batch(&self, kinds: &[BatchKind], before: i64) -> Result<Option<BatchRecord>> {
        let names: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.name())).collect();
        let read = || {
            self.connection
                .prepare_cached(&format!(
                    "SELECT {BATCH} WHERE b.state = 'committed' AND b.kind IN ({}) AND b.id < ?1 \
                     ORDER BY b.id DESC LIMIT 1",
                    names.join(", ")
                ))?
                .query_row([before], batch)
                .optional()
        };
        read().map_err(|error| fault(&error))
    }

    /// The batches that committed batches of a kind continue or undo.
    pub fn origins(&self, kind: BatchKind) -> Result<HashSet<i64>> {
        let read = || -> rusqlite::Result<HashSet<i64>> {
            self.connection
                .prepare_cached(
                    "SELECT origin FROM batch WHERE kind = ?1 AND state = 'committed' \
                     AND origin IS NOT NULL",
                )?
                .query_map([kind.name()], |row| row.get(0))?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// The committed batches of a kind that continue or undo this one.
    pub fn of_origin(&self, kind: BatchKind, origin: i64) -> Result<Vec<BatchRecord>> {
        self.all(
            &format!(
                "SELECT {BATCH} WHERE b.origin = ?1 AND b.kind = '{}' AND b.state = 'committed' \
                 ORDER BY b.id",
                kind.name()
            ),
            origin,
            batch,
        )
    }

    /// What an undo has decided and come to, as JSON.
    pub fn undo(&self) -> Result<Option<String>> {
        self.connection
            .query_row("SELECT undo FROM run", [], |row| row.get(0))
            .map_err(|error| fault(&error))
    }

    /// Sessions that may still be open on the server.
    pub fn open_sessions(&self) -> Result<Vec<String>> {
        self.all("SELECT name FROM session WHERE gone = ?1 ORDER BY rowid", 0, |row| row.get(0))
    }

    /// Whether a step is finished: the number that belongs to it.
    pub fn finished(&self, step: &str) -> Result<Option<i64>> {
        self.connection
            .query_row("SELECT value FROM step WHERE name = ?1", [step], |row| row.get(0))
            .optional()
            .map_err(|error| fault(&error))
    }

    /// The source key up to which an entity's rows are dealt with.
    pub fn reached(&self, entity: usize) -> Result<Option<Value>> {
        self.connection
            .query_row("SELECT key FROM reached WHERE entity = ?1", [entity as i64], |row| {
                Ok(keys::value(row.get_ref(0)?))
            })
            .optional()
            .map_err(|error| fault(&error))
    }
}
