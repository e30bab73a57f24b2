//! What the destination refused: rows of ours, references, people, links, and rows of its own that
//! were to be deleted; and by which rule.

use rusqlite::{Connection, Row, params};

use super::{Journal, LeftOutRow, Recorder, fault, keys};
use crate::database::{Fault, Refusal, RefusalClass, Result, Value};

/// What was refused, besides rows of entities: those are [`LeftOutRow`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedKind {
    /// A reference of a row that is there, to be set in the second pass. `place` is its column,
    /// `key` the source key of the row, `other` the value that the source has.
    Reference,
    /// A user or group to be created. `place` is its table, `key` its source id.
    Person,
    /// A link. `place` is its table, `key` and `other` are the destination ids it would join.
    Link,
    /// A row of the destination to be deleted, which stays. `place` is its table, `key` its key.
    Delete,
}

impl RefusedKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Person, Self::Link, Self::Reference, Self::Delete];

    /// Its name in journals and exports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Person => "person",
            Self::Link => "link",
            Self::Delete => "delete",
        }
    }
}

/// One thing that was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// What it is.
    pub kind: RefusedKind,
    /// The place of its entity in the plan; `None` for people and links.
    pub entity: Option<usize>,
    /// The table or the column, see [`RefusedKind`].
    pub place: String,
    /// Which one.
    pub key: Value,
    /// What it would have been joined to; NULL where there is nothing.
    pub other: Value,
    /// What the database said.
    pub reason: String,
    /// Its error number.
    pub code: Option<i64>,
    /// The rule, as far as it is known.
    pub refusal: Option<Refusal>,
}

impl Refused {
    /// Of an entity's row or reference, or of nobody's: what the database says of one thing.
    #[must_use]
    pub fn new(kind: RefusedKind, place: impl Into<String>, key: Value, fault: Fault) -> Self {
        Self {
            kind,
            entity: None,
            place: place.into(),
            key,
            other: Value::Null,
            reason: fault.what,
            code: fault.code,
            refusal: fault.refusal,
        }
    }
}

impl Recorder {
    /// Notes what was refused.
    pub fn refuse(&self, refused: Refused) -> Result<()> {
        self.post(move |connection| refuse(connection, &refused))
    }
}

impl Journal {
    /// What was refused of a kind, each once, in the order it was.
    pub fn refused(&self, kind: RefusedKind) -> Result<Vec<Refused>> {
        if !self.has_refused {
            return Ok(Vec::new());
        }
        let read = || -> rusqlite::Result<Vec<Refused>> {
            self.connection
                .prepare(
                    "SELECT entity, place, key, other, reason, code, class, name FROM refused \
                     WHERE what = ?1 GROUP BY entity, place, key, other ORDER BY MIN(rowid)",
                )?
                .query_map([kind.name()], |row| {
                    Ok(Refused {
                        kind,
                        entity: row.get::<_, Option<i64>>(0)?.map(|entity| entity as usize),
                        place: row.get(1)?,
                        key: keys::value(row.get_ref(2)?),
                        other: keys::value(row.get_ref(3)?),
                        reason: row.get(4)?,
                        code: row.get(5)?,
                        refusal: rule(row, 6)?,
                    })
                })?
                .collect()
        };
        read().map_err(|error| fault(&error))
    }

    /// Rows of an entity that were not carried over.
    pub fn left_out(&self, entity: usize) -> Result<Vec<LeftOutRow>> {
        let sql = match self.has_refused {
            true => {
                "SELECT l.key, l.reason, l.planned, l.code, r.class, r.name FROM left_out l \
                 LEFT JOIN refused r ON r.left_out = l.rowid WHERE l.entity = ?1 ORDER BY l.rowid"
            }
            false => {
                "SELECT key, reason, planned, code, NULL, NULL FROM left_out WHERE entity = ?1 \
                 ORDER BY rowid"
            }
        };
        self.all(sql, entity as i64, |row| {
            Ok(LeftOutRow {
                entity,
                key: keys::value(row.get_ref(0)?),
                reason: row.get(1)?,
                planned: row.get(2)?,
                code: row.get(3)?,
                refusal: rule(row, 4)?,
            })
        })
    }
}

fn rule(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Refusal>> {
    let class = row.get::<_, Option<String>>(at)?.and_then(|name| RefusalClass::parse(&name));
    let by = row.get(at + 1)?;
    Ok(class.map(|class| Refusal { class, by }))
}

/// Notes a row that is not carried over, with the rule that refused it.
pub(super) fn leave_out(connection: &Connection, row: &LeftOutRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO left_out (entity, key, reason, planned, code) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            row.entity as i64,
            keys::cell(&row.key),
            row.reason,
            row.planned,
            row.code
        ])?;
    let Some(refusal) = &row.refusal else { return Ok(()) };
    let number = connection.last_insert_rowid();
    connection
        .prepare_cached(
            "INSERT INTO refused (what, left_out, place, reason, class, name) \
             VALUES ('row', ?1, '', '', ?2, ?3)",
        )?
        .execute(params![number, refusal.class.name(), refusal.by])
        .map(drop)
}

pub(super) fn refuse(connection: &Connection, refused: &Refused) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO refused (what, entity, place, key, other, reason, code, class, name) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            refused.kind.name(),
            refused.entity.map(|entity| entity as i64),
            refused.place,
            keys::cell(&refused.key),
            keys::cell(&refused.other),
            refused.reason,
            refused.code,
            refused.refusal.as_ref().map(|refusal| refusal.class.name()),
            refused.refusal.as_ref().and_then(|refusal| refusal.by.as_deref()),
        ])
        .map(drop)
}
