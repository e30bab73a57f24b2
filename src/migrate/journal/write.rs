//! What a run writes down while it works.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::recorder::Recorder;
use super::{
    EmptiedCell, Keys, LeftOutRow, NewBatch, PersonRecord, Refused, RunState, WrittenTo, keys,
    refused, state_name, tally,
};
use crate::database::{JournalToken, Result, Value};

impl Recorder {
    /// Notes a writing session before its first write: its lock is what a fence waits for.
    pub async fn session(&self, session: &str) -> Result<()> {
        let session = session.to_owned();
        self.write(move |connection| {
            connection
                .execute("INSERT OR IGNORE INTO session (name) VALUES (?1)", [session])
                .map(drop)
        })
        .await
    }

    /// Notes that a session is gone: what it did is decided.
    pub fn session_gone(&self, session: &str) -> Result<()> {
        let session = session.to_owned();
        self.post(move |connection| {
            connection.execute("UPDATE session SET gone = 1 WHERE name = ?1", [session]).map(drop)
        })
    }

    /// Writes a batch down as prepared and syncs. What comes back lets it be committed.
    pub async fn prepare(&self, number: i64, batch: Arc<NewBatch>) -> Result<JournalToken> {
        self.write(move |connection| prepare(connection, number, &batch)).await?;
        Ok(JournalToken::after_sync())
    }

    /// For a transaction that leaves nothing to be known behind.
    pub async fn nothing_to_know(&self) -> Result<JournalToken> {
        self.flush().await?;
        Ok(JournalToken::after_sync())
    }

    /// Notes that a batch is in the database for good. Nobody has to wait for it: if it is lost,
    /// the batch is looked for.
    pub fn committed(&self, batch: i64) -> Result<()> {
        self.post(move |connection| {
            connection
                .prepare_cached("UPDATE batch SET state = 'committed' WHERE id = ?1")?
                .execute([batch])
                .map(drop)
        })
    }

    /// Notes that a batch is not in the database, and forgets what it would have left behind.
    pub async fn aborted(&self, batch: i64) -> Result<()> {
        self.write(move |connection| {
            for sql in [
                "UPDATE batch SET state = 'aborted' WHERE id = ?1",
                "DELETE FROM emptied WHERE batch = ?1",
                "DELETE FROM deferred WHERE batch = ?1",
            ] {
                connection.execute(sql, [batch])?;
            }
            Ok(())
        })
        .await
    }

    /// Notes a row that is not carried over.
    pub fn leave_out(&self, row: &LeftOutRow) -> Result<()> {
        let row = row.clone();
        self.post(move |connection| refused::leave_out(connection, &row))
    }

    /// Forgets which rows of an entity were left out that nothing tells apart: they are all read
    /// again.
    pub fn forget_left_out(&self, entity: usize) -> Result<()> {
        self.post(move |connection| {
            for sql in [
                "DELETE FROM refused WHERE left_out IN \
                 (SELECT rowid FROM left_out WHERE entity = ?1 AND key IS NULL)",
                "DELETE FROM left_out WHERE entity = ?1 AND key IS NULL",
            ] {
                connection.execute(sql, [entity as i64])?;
            }
            Ok(())
        })
    }

    /// Notes that an entity's rows are dealt with up to this source key.
    pub fn reached(&self, entity: usize, key: &Value) -> Result<()> {
        let key = keys::cell(key);
        self.post(move |connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO reached (entity, key) VALUES (?1, ?2)")?
                .execute(params![entity as i64, key])
                .map(drop)
        })
    }

    /// Notes that a step of the run is finished, with a number that belongs to it.
    pub async fn step(&self, name: &str, value: i64) -> Result<()> {
        let name = name.to_owned();
        self.write(move |connection| step(connection, &name, value)).await
    }

    /// Notes that ids were reserved for an entity's rows, instead of those before; on disk before the
    /// first of them is used.
    pub async fn reserved(&self, entity: usize, first: i64, last: i64) -> Result<()> {
        self.write(move |connection| {
            let mut steps = reserved_steps(entity).into_iter().zip([first, last]);
            steps.try_for_each(|(name, value)| step(connection, &name, value))
        })
        .await
    }

    /// Notes a cell that the second pass could not set; `refused`: because the database refused it.
    pub fn empty(&self, entity: usize, cell: &EmptiedCell, refused: Option<Refused>) -> Result<()> {
        let cell = cell.clone();
        self.post(move |connection| {
            emptied(connection, None, Some(entity as i64), &cell)?;
            refused.map_or(Ok(()), |refused| refused::refuse(connection, &refused))
        })
    }

    /// Notes whose id became whose.
    pub async fn people(&self, people: Vec<PersonRecord>) -> Result<()> {
        self.write(move |connection| {
            for person in &people {
                connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO person \
                         (is_group, source, destination, is_ours, sum) \
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![
                        person.is_group,
                        person.source.0,
                        person.destination.0,
                        person.is_ours,
                        tally::of_person(
                            person.is_group,
                            person.source.0,
                            person.destination.0,
                            person.is_ours
                        )
                    ])?;
            }
            Ok(())
        })
        .await
    }

    /// Adds a line to the run's story.
    pub fn event(&self, at: &str, text: &str) -> Result<()> {
        let (at, text) = (at.to_owned(), text.to_owned());
        self.post(move |connection| {
            connection.execute("INSERT INTO event (at, text) VALUES (?1, ?2)", [at, text]).map(drop)
        })
    }

    /// Says what the run has come to, and when it ended if it did.
    pub async fn set_state(&self, state: RunState, ended: Option<String>) -> Result<()> {
        self.write(move |connection| {
            connection
                .execute("UPDATE run SET state = ?1, ended = ?2", params![state_name(state), ended])
                .map(drop)
        })
        .await
    }

    /// Keeps what an undo has come to, as JSON.
    pub async fn set_undo(&self, result: String) -> Result<()> {
        self.write(move |connection| {
            connection.execute("UPDATE run SET undo = ?1", [result]).map(drop)
        })
        .await
    }

    /// Keeps the result of the last proof, as JSON.
    pub async fn set_proof(&self, proof: String) -> Result<()> {
        self.write(move |connection| {
            connection.execute("UPDATE run SET proof = ?1", [proof]).map(drop)
        })
        .await
    }
}

fn prepare(connection: &Connection, number: i64, batch: &NewBatch) -> rusqlite::Result<()> {
    let entity = batch.entity.map(|entity| entity as i64);
    let target = batch.written_to.as_ref().map(|to| target(connection, to)).transpose()?;
    let (source, destination) = (batch.source_keys.to_bytes(), batch.destination_keys.to_bytes());
    let sum = tally::of_batch(number, entity, batch.kind.name(), &source, &destination);
    let hashes = (!batch.hashes.is_empty())
        .then(|| batch.hashes.iter().flat_map(|hash| hash.to_be_bytes()).collect::<Vec<u8>>());
    connection
        .prepare_cached(
            "INSERT INTO batch (id, entity, target, kind, session, rows, source_keys, \
             destination_keys, digest, hashes, counted, image, origin, sum, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'prepared')",
        )?
        .execute(params![
            number,
            entity,
            target,
            batch.kind.name(),
            batch.session,
            batch.rows as i64,
            source,
            destination,
            batch.digest.to_be_bytes().as_slice(),
            hashes,
            batch.counted.map(|rows| rows as i64),
            batch.image,
            batch.origin,
            sum,
        ])?;
    for cell in &batch.emptied {
        emptied(connection, Some(number), entity, cell)?;
    }
    let mut columns: Vec<usize> = batch.deferred.iter().map(|cell| cell.column).collect();
    columns.sort_unstable();
    columns.dedup();
    for column in columns {
        let cells = || batch.deferred.iter().filter(move |cell| cell.column == column);
        let rows = Keys::Integers(cells().map(|cell| cell.row as i64).collect());
        let values = Keys::of(cells().map(|cell| cell.value.clone()));
        connection
            .prepare_cached(
                "INSERT INTO deferred (batch, entity, column, rows, content) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![number, entity, column as i64, rows.to_bytes(), values.to_bytes()])?;
    }
    Ok(())
}

fn emptied(
    connection: &Connection,
    batch: Option<i64>,
    entity: Option<i64>,
    cell: &EmptiedCell,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO emptied (batch, entity, column, key, value, reason) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            batch,
            entity,
            cell.column as i64,
            keys::cell(&cell.key),
            keys::cell(&cell.value),
            cell.reason
        ])
        .map(drop)
}

/// The number under which the journal knows where a batch is written.
fn target(connection: &Connection, to: &WrittenTo) -> rusqlite::Result<i64> {
    let content = serde_json::to_string(to)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let known = connection
        .prepare_cached("SELECT id FROM target WHERE content = ?1")?
        .query_row([&content], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    connection.execute("INSERT INTO target (content) VALUES (?1)", [&content])?;
    Ok(connection.last_insert_rowid())
}

/// The steps that hold the first and the last of the ids reserved for an entity.
pub(super) fn reserved_steps(entity: usize) -> [String; 2] {
    [format!("ids of {entity} from"), format!("ids of {entity} to")]
}

fn step(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .execute("INSERT OR REPLACE INTO step (name, value) VALUES (?1, ?2)", params![name, value])
        .map(drop)
}
