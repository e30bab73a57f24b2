//! What a run writes to the destination's log, and what lies in tempdb meanwhile.

use serde::{Deserialize, Serialize};

use super::super::reader::BATCH_BYTES;
use crate::database::{EngineKind, Result, Source, TableName};
use crate::plan::{OutsideFate, Plan, Span, Work};

/// What is logged of an inserted row and its index entries, in tenths of their bytes.
const INSERTED: Span = Span::new(15, 30);
/// The same of a deleted row.
const DELETED: Span = Span::new(10, 20);
/// Bytes that are logged of a reference that is set or emptied.
const SET: Span = Span::new(100, 400);
/// What a batch takes in tempdb: its rows, twice where texts are Unicode, and their ids.
const STAGED: u64 = 2;

/// What a run writes to the destination's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "log", rename_all = "kebab-case")]
pub enum LogUse {
    /// The destination has no such log.
    None,
    /// So much.
    Bytes {
        /// Bytes.
        bytes: Span,
        /// Tables of which nobody tells how long a row is: what they take comes on top.
        unknown: Vec<String>,
    },
}

/// What a run takes in room.
pub(super) struct Needed {
    /// Bytes of the rows and their index entries.
    pub(super) bytes: u64,
    pub(super) log: LogUse,
    pub(super) temp: Option<u64>,
}

/// How long a row of an entity is.
struct Length {
    rows: u64,
    /// With index entries; `None` where nobody tells.
    bytes: Option<u64>,
    /// Without them.
    bare: Option<u64>,
    table: String,
}

/// What a plan takes. Rows are as long as the source's, and have the indexes of the destination; where
/// that has no rows to tell by, those of the source, which mostly are the same.
pub(super) async fn needed(
    plan: &Plan,
    source: &dyn Source,
    destination: &dyn Source,
    at_once: u64,
) -> Result<Needed> {
    let table = |of: fn(&crate::plan::EntityPlan) -> &TableName| -> Vec<TableName> {
        plan.entities.iter().map(|entity| of(entity).clone()).collect()
    };
    let (ours, theirs) = (table(|entity| &entity.source_table), table(|e| &e.destination_table));
    let rows = source.row_bytes(&ours).await?;
    let indexes = destination.index_bytes(&theirs).await?;
    let source_indexes = source.index_bytes(&ours).await?;
    let inserted: Vec<Length> = plan
        .entities
        .iter()
        .zip(&rows)
        .zip(indexes.iter().zip(&source_indexes))
        .map(|((entity, bare), (index, source_index))| Length {
            rows: entity.rows_to_carry(),
            bytes: bare.map(|bare| bare + index.or(*source_index).unwrap_or_default()),
            bare: *bare,
            table: entity.source_table.to_string(),
        })
        .filter(|length| length.rows > 0)
        .collect();
    let deleted = deleted(plan, destination).await?;
    let bytes = inserted.iter().filter_map(|one| Some(one.rows.saturating_mul(one.bytes?)));
    let bytes = bytes.fold(0, u64::saturating_add);
    let is_server = destination.facts().kind == EngineKind::SqlServer;
    let log = if is_server { log(plan, &inserted, &deleted) } else { LogUse::None };
    let longest = inserted.iter().map(|one| one.bare.unwrap_or(BATCH_BYTES as u64)).max();
    let temp = longest.filter(|_| is_server).map(|longest| staged(plan, longest, at_once));
    Ok(Needed { bytes, log, temp })
}

/// Rows that are deleted, with their lengths.
async fn deleted(plan: &Plan, destination: &dyn Source) -> Result<Vec<Length>> {
    let deleted = plan.deleted();
    let tables: Vec<TableName> = deleted.iter().map(|one| one.table.clone()).collect();
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let rows = destination.row_bytes(&tables).await?;
    let indexes = destination.index_bytes(&tables).await?;
    let lengths = deleted.iter().zip(rows.into_iter().zip(indexes));
    Ok(lengths
        .map(|(one, (bare, index))| Length {
            rows: one.rows,
            bytes: bare.map(|bare| bare + index.unwrap_or_default()),
            bare,
            table: one.table.to_string(),
        })
        .collect())
}

fn log(plan: &Plan, inserted: &[Length], deleted: &[Length]) -> LogUse {
    let mut bytes = Span::default();
    let mut unknown = Vec::new();
    for (lengths, tenths) in [(inserted, INSERTED), (deleted, DELETED)] {
        for one in lengths {
            match one.bytes {
                Some(length) => {
                    let whole = one.rows.saturating_mul(length);
                    let of = |tenths| whole.saturating_mul(tenths) / 10;
                    bytes = bytes.plus(Span::new(of(tenths.least), of(tenths.most)));
                }
                None if unknown.contains(&one.table) => {}
                None => unknown.push(one.table.clone()),
            }
        }
    }
    let emptied = plan.outside.iter().filter(|one| one.fate != OutsideFate::Deleted);
    let emptied: u64 = emptied.map(|one| one.rows).sum();
    // References that are set later may as well be empty.
    let set = Span::new(0, Work::of(plan).updated).plus(Span::new(emptied, emptied));
    LogUse::Bytes { bytes: bytes.plus(set.times(SET)), unknown }
}

/// What all sessions have in tempdb at most.
fn staged(plan: &Plan, longest_row: u64, at_once: u64) -> u64 {
    let batch = (plan.options.batch_rows as u64).saturating_mul(longest_row);
    batch.min(BATCH_BYTES as u64).saturating_mul(STAGED).saturating_mul(at_once)
}
