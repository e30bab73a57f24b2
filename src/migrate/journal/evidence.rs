//! What the proof asks of the journal: a batch at a time, so that its memory does not grow with
//! the table.

use rusqlite::{OptionalExtension, Row, params};

use super::write::reserved_steps;
use super::{BatchKind, BatchRecord, EmptiedCell, Journal, Keys, fault, keys};
use crate::database::{Result, Value};

impl Journal {
    /// The next committed batch after the given number that carried rows of an entity over or
    /// recognised them, changed or not.
    pub fn next_batch(&self, entity: usize, after: i64) -> Result<Option<BatchRecord>> {
        let read = || {
            self.connection
                .prepare_cached(&format!(
                    "SELECT {BATCH} WHERE b.entity = ?1 AND b.state = 'committed' AND b.id > ?2 \
                     AND b.kind IN ('insert', 'recognise', 'change') ORDER BY b.id LIMIT 1"
                ))?
                .query_row(params![entity as i64, after], batch)
                .optional()
        };
        read().map_err(|error| fault(&error))
    }

    /// All batches of an entity that [`Self::next_batch`] tells, one at a time.
    pub fn batches_of(&self, entity: usize) -> impl Iterator<Item = Result<BatchRecord>> {
        let mut after = 0;
        std::iter::from_fn(move || {
            let next = self.next_batch(entity, after).transpose()?;
            if let Ok(batch) = &next {
                after = batch.id;
            }
            Some(next)
        })
    }

    /// The source keys of rows that an earlier run had left out by decision, where its rejects are
    /// tried again.
    pub fn left_before(&self, entity: usize) -> Result<Vec<Value>> {
        let batches: Vec<Keys> = self.all(
            "SELECT source_keys FROM batch WHERE entity = ?1 AND state = 'committed' \
             AND kind = 'left-before' ORDER BY id",
            entity as i64,
            |row| Ok(Keys::from_bytes(&row.get::<_, Vec<u8>>(0)?)),
        )?;
        Ok(batches.iter().flat_map(|keys| keys.iter().collect::<Vec<_>>()).collect())
    }

    /// Numbers and rows of an entity's committed inserts, in the order they were written.
    pub fn inserts(&self, entity: usize) -> Result<Vec<(i64, u64)>> {
        self.all(
            "SELECT id, rows FROM batch WHERE entity = ?1 AND state = 'committed' \
             AND kind = 'insert' ORDER BY id",
            entity as i64,
            |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())),
        )
    }

    /// The first and the last of the ids that were reserved last for an entity's rows.
    pub fn reserved(&self, entity: usize) -> Result<Option<(i64, i64)>> {
        let [first, last] = reserved_steps(entity);
        Ok(self.finished(&first)?.zip(self.finished(&last)?))
    }

    /// The highest id between two that any insert of an entity was to give a row, whatever became of
    /// it.
    pub fn highest_given(&self, entity: usize, first: i64, last: i64) -> Result<Option<i64>> {
        let highest = |row: &Row<'_>| -> rusqlite::Result<Option<i64>> {
            let keys = Keys::from_bytes(&row.get::<_, Vec<u8>>(0)?);
            let ids = keys.iter().filter_map(|key| key.as_integer());
            Ok(ids.filter(|id| (first..=last).contains(id)).max())
        };
        let all = self.all(
            "SELECT destination_keys FROM batch WHERE entity = ?1 AND kind = 'insert'",
            entity as i64,
            highest,
        )?;
        Ok(all.into_iter().flatten().max())
    }

    /// Cells that a batch wrote empty.
    pub fn emptied_by(&self, batch: i64) -> Result<Vec<EmptiedCell>> {
        self.all("SELECT column, key, value, reason FROM emptied WHERE batch = ?1", batch, cell)
    }

    /// Cells that a batch left for the second pass, which has not set them yet.
    pub fn waiting_of(&self, batch: i64) -> Result<Vec<EmptiedCell>> {
        let read = || -> rusqlite::Result<Vec<EmptiedCell>> {
            let mut cells = Vec::new();
            let mut statement = self.connection.prepare_cached(
                "SELECT d.column, b.source_keys, d.rows, d.content FROM deferred d \
                 JOIN batch b ON b.id = d.batch WHERE d.batch = ?1",
            )?;
            let mut rows = statement.query([batch])?;
            while let Some(row) = rows.next()? {
                let keys = |place| -> rusqlite::Result<Keys> {
                    Ok(Keys::from_bytes(&row.get::<_, Vec<u8>>(place)?))
                };
                let column = row.get::<_, i64>(0)? as usize;
                let (source, places, values) = (keys(1)?, keys(2)?, keys(3)?);
                for at in 0..places.len().min(values.len()) {
                    let place = places.get(at).as_integer().unwrap_or(i64::MAX) as usize;
                    if place < source.len() {
                        let (key, value) = (source.get(place), values.get(at));
                        cells.push(EmptiedCell { column, key, value, reason: String::new() });
                    }
                }
            }
            Ok(cells)
        };
        read().map_err(|error| fault(&error))
    }

    /// Cells of an entity that the second pass could not set.
    pub fn emptied_late(&self, entity: usize) -> Result<Vec<EmptiedCell>> {
        self.all(
            "SELECT column, key, value, reason FROM emptied \
             WHERE entity = ?1 AND batch IS NULL ORDER BY rowid",
            entity as i64,
            cell,
        )
    }

    /// The columns of an entity in which cells were emptied, and how many.
    pub fn emptied_counts(&self, entity: usize) -> Result<Vec<(usize, u64)>> {
        // A second pass that was resumed may have noted a cell twice.
        self.all(
            "SELECT e.column, COUNT(e.batch) + COUNT(DISTINCT IIF(e.batch IS NULL, e.key, NULL)) \
             FROM emptied e LEFT JOIN batch b ON b.id = e.batch \
             WHERE e.entity = ?1 AND (e.batch IS NULL OR b.state = 'committed') GROUP BY e.column",
            entity as i64,
            |row| Ok((row.get::<_, i64>(0)? as usize, row.get::<_, i64>(1)?.unsigned_abs())),
        )
    }

    /// The values that were emptied in an entity, each once, with their column.
    pub fn emptied_values(&self, entity: usize) -> Result<Vec<(usize, Value)>> {
        self.all(
            "SELECT DISTINCT column, value FROM emptied WHERE entity = ?1",
            entity as i64,
            |row| Ok((row.get::<_, i64>(0)? as usize, keys::value(row.get_ref(1)?))),
        )
    }

    /// The source keys of an entity's rows that were not carried over, each once.
    pub fn left_out_keys(&self, entity: usize) -> Result<Vec<Value>> {
        self.all(
            "SELECT DISTINCT key FROM left_out WHERE entity = ?1 AND key IS NOT NULL",
            entity as i64,
            |row| Ok(keys::value(row.get_ref(0)?)),
        )
    }

    /// How many rows of an entity were not carried over.
    pub fn left_out_count(&self, entity: usize) -> Result<u64> {
        self.connection
            .query_row(
                "SELECT COUNT(DISTINCT key) + COALESCE(SUM(key IS NULL), 0) FROM left_out \
                 WHERE entity = ?1",
                [entity as i64],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::unsigned_abs)
            .map_err(|error| fault(&error))
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        of: i64,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let work = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map([of], read)?.collect()
        };
        work().map_err(|error| fault(&error))
    }
}

/// What [`batch`] reads, and where.
pub(super) const BATCH: &str = "b.id, b.entity, t.content, b.kind, b.session, b.rows, \
     b.source_keys, b.destination_keys, b.digest, b.hashes, b.counted, b.image, b.origin \
     FROM batch b LEFT JOIN target t ON t.id = b.target";

pub(super) fn batch(row: &Row<'_>) -> rusqlite::Result<BatchRecord> {
    let hashes = |bytes: &[u8]| -> Vec<u128> {
        let (whole, _) = bytes.as_chunks::<16>();
        whole.iter().map(|bytes| u128::from_be_bytes(*bytes)).collect()
    };
    let written_to: Option<String> = row.get(2)?;
    Ok(BatchRecord {
        id: row.get(0)?,
        entity: row.get::<_, Option<i64>>(1)?.map(|entity| entity as usize),
        written_to: written_to.and_then(|content| serde_json::from_str(&content).ok()),
        kind: BatchKind::parse(&row.get::<_, String>(3)?),
        session: row.get(4)?,
        rows: row.get::<_, i64>(5)?.unsigned_abs(),
        source_keys: Keys::from_bytes(&row.get::<_, Vec<u8>>(6)?),
        destination_keys: Keys::from_bytes(&row.get::<_, Vec<u8>>(7)?),
        digest: hashes(&row.get::<_, Vec<u8>>(8)?).first().copied().unwrap_or_default(),
        hashes: row.get::<_, Option<Vec<u8>>>(9)?.map(|bytes| hashes(&bytes)).unwrap_or_default(),
        counted: row.get::<_, Option<i64>>(10)?.map(i64::unsigned_abs),
        image: row.get(11)?,
        origin: row.get(12)?,
    })
}

pub(super) fn cell(row: &Row<'_>) -> rusqlite::Result<EmptiedCell> {
    Ok(EmptiedCell {
        column: row.get::<_, i64>(0)? as usize,
        key: keys::value(row.get_ref(1)?),
        value: keys::value(row.get_ref(2)?),
        reason: row.get(3)?,
    })
}
