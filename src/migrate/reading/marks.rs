//! What each table of the source has at a moment.

use super::super::journal::{Mark, ReadingRecord};
use super::super::reader::rows_below;
use crate::database::{Result, Source};
use crate::outsystems::SourceId;
use crate::plan::{IdentifierPlan, Plan, SourceReading};

/// The marks of all tables, children before parents: every reference that a row below its table's
/// mark holds leads to a row below its parent's (`engine.md` D10).
///
/// Rows are counted where nothing is to change from here on: then the counts have to agree later.
pub(super) async fn take(
    plan: &Plan,
    source: &dyn Source,
    reading: SourceReading,
) -> Result<Vec<Mark>> {
    let mut marks = vec![Mark::default(); plan.entities.len()];
    for (place, entity) in plan.entities.iter().enumerate().rev() {
        let mark = &mut marks[place];
        if let IdentifierPlan::Generated { source: key, .. } = &entity.identifier {
            // A table that is empty now stays out, whatever is inserted from here on.
            let highest = source.highest(&entity.source_table, &key.name).await?;
            mark.highest = Some(SourceId(highest.unwrap_or(i64::from(i32::MIN))));
        }
        let below = match reading {
            SourceReading::Snapshot => mark.highest,
            SourceReading::Frozen => None,
            _ => continue,
        };
        mark.rows = Some(source.count(&entity.source_table, &rows_below(entity, below)).await?);
    }
    Ok(marks)
}

/// A sentence for each table that has moved between the beginning and the end.
pub(super) fn moved(plan: &Plan, record: &ReadingRecord) -> Vec<String> {
    let both = record.marks.iter().zip(&record.after);
    let mut lines = Vec::new();
    for (entity, (before, after)) in plan.entities.iter().zip(both) {
        if let Some(how) = before.moved(after) {
            lines.push(format!("the source is not frozen: {} {how}", entity.name));
        }
    }
    lines
}
