//! Whose id became whose, out of a journal that may be damaged: row by row, whatever can still be
//! read, and in words what cannot.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use super::{BatchKind, Keys, fault, tally};
use crate::database::Result;
use crate::outsystems::{DestinationId, SourceId};
use crate::plan::Plan;

/// Rows that are not there, one after the other, after which a table whose end is not known is
/// taken for read.
const GAP: i64 = 100_000;

/// A journal read row by row. Nothing is asked of it as a whole.
pub struct Salvage {
    connection: Connection,
}

/// A batch that carried rows over or recognised them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedBatch {
    /// Its number.
    pub id: i64,
    /// The place of its entity in the plan.
    pub entity: usize,
    /// Whether its rows were the destination's already.
    pub is_recognised: bool,
    /// `prepared`, `committed` or `aborted`, as the journal has it.
    pub state: String,
    /// Source keys.
    pub source: Keys,
    /// Destination keys, in the same order.
    pub destination: Keys,
}

/// A user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedPerson {
    /// Whether it is a group.
    pub is_group: bool,
    /// Its id in the source.
    pub source: SourceId,
    /// Its id in the destination.
    pub destination: DestinationId,
    /// Whether the run created it.
    pub is_ours: bool,
}

/// Of a row: what was wanted of it, or that it is not what was written.
enum Found<T> {
    Whole(T),
    /// It is whole, and nothing of it is wanted.
    Other,
    Changed,
}

impl Salvage {
    /// Opens the journal of a run, damaged or not. An error when nothing at all can be read.
    pub fn open(folder: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(super::file(folder), flags)
            .map_err(|error| fault(&error))?;
        connection
            .busy_timeout(std::time::Duration::from_secs(10))
            .and_then(|()| {
                connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
            })
            .map_err(|error| {
                fault(&error).advise("Nothing of it can be read; bring the file back from a copy.")
            })?;
        Ok(Self { connection })
    }

    /// The names of the plan's entities; `None` when the plan cannot be read.
    #[must_use]
    pub fn names(&self) -> Option<Vec<String>> {
        let read = |row: &Row<'_>| row.get::<_, String>(0);
        let text = self.connection.query_row("SELECT plan FROM run", [], read).ok()?;
        let plan: Plan = serde_json::from_str(&text).ok()?;
        Some(plan.entities.into_iter().map(|entity| entity.name).collect())
    }

    /// Hands over the batches that can be read; what cannot, a sentence each.
    pub fn batches<E>(
        &self,
        take: impl FnMut(SavedBatch) -> std::result::Result<(), E>,
    ) -> std::result::Result<Vec<String>, E> {
        let columns = "id, entity, kind, state, source_keys, destination_keys, sum";
        self.each("batch", columns, batch, take)
    }

    /// Hands over the users and groups that can be read; what cannot, a sentence each.
    pub fn people<E>(
        &self,
        take: impl FnMut(SavedPerson) -> std::result::Result<(), E>,
    ) -> std::result::Result<Vec<String>, E> {
        self.each("person", "is_group, source, destination, is_ours, sum", person, take)
    }

    fn each<T, E>(
        &self,
        table: &str,
        columns: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<Found<T>>,
        mut take: impl FnMut(T) -> std::result::Result<(), E>,
    ) -> std::result::Result<Vec<String>, E> {
        let number =
            |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).ok();
        let of = format!("SELECT rows FROM tally WHERE of = '{table}'");
        let (last, kept) =
            (number(&format!("SELECT COALESCE(MAX(rowid), 0) FROM {table}")), number(&of));
        let mut lost = Lost { table, first: None, ranges: Vec::new() };
        let (mut id, mut nothing, mut found) = (1, 0, 0);
        while nothing < GAP && last.is_none_or(|last| id <= last) {
            let row = self
                .connection
                .prepare_cached(&format!("SELECT {columns} FROM {table} WHERE rowid = ?1"))
                .and_then(|mut statement| statement.query_row([id], &read).optional());
            nothing = if matches!(row, Ok(Some(_))) { 0 } else { nothing + 1 };
            found += i64::from(matches!(row, Ok(Some(_))));
            lost.note(id, matches!(row, Err(_) | Ok(Some(Found::Changed))));
            if let Ok(Some(Found::Whole(saved))) = row {
                take(saved)?;
            }
            id += 1;
        }
        Ok(lost.told(kept, found))
    }
}

fn batch(row: &Row<'_>) -> rusqlite::Result<Found<SavedBatch>> {
    let (id, entity): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
    let (kind, state): (String, String) = (row.get(2)?, row.get(3)?);
    let (source, destination): (Vec<u8>, Vec<u8>) = (row.get(4)?, row.get(5)?);
    let is_whole =
        tally::of_batch(id, entity, &kind, &source, &destination) == row.get::<_, i64>(6)?;
    if !is_whole || !["prepared", "committed", "aborted"].contains(&state.as_str()) {
        return Ok(Found::Changed);
    }
    let kind = BatchKind::parse(&kind);
    let carries = matches!(kind, BatchKind::Insert | BatchKind::Recognise | BatchKind::Change);
    let (true, Some(entity)) = (carries, entity) else {
        return Ok(Found::Other);
    };
    Ok(Found::Whole(SavedBatch {
        id,
        entity: entity as usize,
        is_recognised: kind != BatchKind::Insert,
        state,
        source: Keys::from_bytes(&source),
        destination: Keys::from_bytes(&destination),
    }))
}

fn person(row: &Row<'_>) -> rusqlite::Result<Found<SavedPerson>> {
    let (is_group, is_ours): (bool, bool) = (row.get(0)?, row.get(3)?);
    let (source, destination): (i64, i64) = (row.get(1)?, row.get(2)?);
    if tally::of_person(is_group, source, destination, is_ours) != row.get::<_, i64>(4)? {
        return Ok(Found::Changed);
    }
    Ok(Found::Whole(SavedPerson {
        is_group,
        source: SourceId(source),
        destination: DestinationId(destination),
        is_ours,
    }))
}

/// Rows of a table that cannot be read, those in a row together.
struct Lost<'a> {
    table: &'a str,
    first: Option<i64>,
    ranges: Vec<(i64, i64)>,
}

impl Lost<'_> {
    fn note(&mut self, id: i64, is_lost: bool) {
        match (self.first, is_lost) {
            (None, true) => self.first = Some(id),
            (Some(first), false) => {
                self.ranges.push((first, id - 1));
                self.first = None;
            }
            _ => {}
        }
    }

    fn told(mut self, kept: Option<i64>, found: i64) -> Vec<String> {
        // Up to the end of a table whose end is not known it is not known either what was there.
        let open = self
            .first
            .take()
            .map(|first| format!("nothing of {} can be read from number {first} on", self.table));
        let mut words: Vec<String> = self
            .ranges
            .iter()
            .map(|(first, last)| match first == last {
                true => format!("{} {first} cannot be read", self.table),
                false => format!("{} {first} to {last} cannot be read", self.table),
            })
            .collect();
        words.extend(open);
        match kept {
            Some(kept) if kept != found => words
                .push(format!("the journal had {kept} rows of {}; {found} were found", self.table)),
            None => words.push(format!("how many rows of {} there were is not known", self.table)),
            _ => {}
        }
        words
    }
}
