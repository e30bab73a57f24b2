//! How the source of a run was read, and what each of its tables had when reading began.
//!
//! A run that goes on later, and a proof at any time, go by the same marks.

use rusqlite::{OptionalExtension, params};

use super::{Journal, Recorder, fault};
use crate::database::Result;
use crate::outsystems::SourceId;
use crate::plan::{SOURCE_READINGS, SourceReading};

/// What a table of the source had at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The highest id; rows above it came later. `None` where ids do not go up by themselves.
    pub highest: Option<SourceId>,
    /// How many rows it had up to there; `None` when nobody counted.
    pub rows: Option<u64>,
}

impl Mark {
    /// How a table has moved from this moment to a later one, in words; `None` when it has not, as
    /// far as number and highest id tell.
    #[must_use]
    pub fn moved(&self, later: &Self) -> Option<String> {
        if let (Some(before), Some(after)) = (self.rows, later.rows)
            && before != after
        {
            let by = after.abs_diff(before);
            let more = if after > before { "more" } else { "fewer" };
            return Some(format!("had {before} rows and has {after}, {by} {more}"));
        }
        match (self.highest, later.highest) {
            (Some(SourceId(before)), Some(SourceId(after))) if before != after => {
                Some(format!("had {before} as its highest id and has {after}"))
            }
            _ => None,
        }
    }
}

/// How the source was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingRecord {
    /// The way, never [`SourceReading::Auto`].
    pub reading: SourceReading,
    /// Why, in a sentence.
    pub why: String,
    /// In the order of the plan's entities: what was there when reading began.
    pub marks: Vec<Mark>,
    /// Likewise when it had ended; empty where that is not looked at.
    pub after: Vec<Mark>,
    /// Whether everything was read as of the same instant.
    pub one_instant: bool,
}

impl Recorder {
    /// Keeps how the source is read, in place of what was kept before.
    pub async fn set_reading(&self, record: ReadingRecord) -> Result<()> {
        self.write(move |connection| {
            connection.execute_batch("DELETE FROM reading; DELETE FROM mark;")?;
            connection.execute(
                "INSERT INTO reading (mode, why, one_instant) VALUES (?1, ?2, ?3)",
                params![record.reading.name(), record.why, record.one_instant],
            )?;
            for (marks, is_after) in [(&record.marks, false), (&record.after, true)] {
                for (place, mark) in marks.iter().enumerate() {
                    connection.execute(
                        "INSERT INTO mark (entity, is_after, highest, rows) VALUES (?1, ?2, ?3, ?4)",
                        params![
                            place as i64,
                            is_after,
                            mark.highest.map(|id| id.0),
                            mark.rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX))
                        ],
                    )?;
                }
            }
            Ok(())
        })
        .await
    }
}

impl Journal {
    /// How the source is read; `None` before anybody said so.
    pub fn reading(&self) -> Result<Option<ReadingRecord>> {
        let read = || -> rusqlite::Result<Option<ReadingRecord>> {
            let kept = self
                .connection
                .query_row("SELECT mode, why, one_instant FROM reading", [], |row| {
                    Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()?;
            let Some((mode, why, one_instant)) = kept else { return Ok(None) };
            let reading = SOURCE_READINGS.iter().find(|(name, _)| *name == mode);
            Ok(Some(ReadingRecord {
                reading: reading.map_or(SourceReading::Auto, |(_, reading)| *reading),
                why,
                one_instant,
                marks: self.marks_of(false)?,
                after: self.marks_of(true)?,
            }))
        };
        read().map_err(|error| fault(&error))
    }

    fn marks_of(&self, is_after: bool) -> rusqlite::Result<Vec<Mark>> {
        self.connection
            .prepare("SELECT highest, rows FROM mark WHERE is_after = ?1 ORDER BY entity")?
            .query_map([is_after], |row| {
                Ok(Mark {
                    highest: row.get::<_, Option<i64>>(0)?.map(SourceId),
                    rows: row.get::<_, Option<i64>>(1)?.map(i64::unsigned_abs),
                })
            })?
            .collect()
    }
}
