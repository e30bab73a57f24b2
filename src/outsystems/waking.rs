//! What starts by itself as soon as applications are online again: timers that are due, activities of
//! processes whose next run has passed. Read anew whenever it is asked, like [`super::activity`].

use super::tables::{self, PlatformTable, Rows};
use crate::database::{Filter, Result, Source, TableName, TableShape, Value, date_time_from_text};

/// What of some espaces is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waking {
    /// Active timers whose next run has passed: name, and when it was to run (`metamodel.md` §7).
    /// `None` where this version keeps it elsewhere.
    pub timers: Option<Vec<(String, String)>>,
    /// Activities that are not at their end, and whose next run has passed (`metamodel.md` §5.2).
    /// `None` where this version keeps it elsewhere.
    pub activities: Option<u64>,
}

/// The first moment that is no date for "none" (`metamodel.md` §3.5).
const FIRST: &str = "1900-01-02 00:00:00";
/// Definitions that one count asks about.
const AT_ONCE: usize = 500;

const TIMER: PlatformTable =
    PlatformTable::if_there("OSSYS_META_CYCLIC_JOB", &["ID", "NAME", "ESPACE_ID", "IS_ACTIVE"]);
/// Timers without a tenant, and those that each tenant has its own of.
const TIMER_STATES: [PlatformTable; 2] = [
    PlatformTable::if_there("OSSYS_CYCLIC_JOB_SHARED", &["META_CYCLIC_JOB_ID", "NEXT_RUN"]),
    PlatformTable::if_there("OSSYS_CYCLIC_JOB", &["META_CYCLIC_JOB_ID", "NEXT_RUN"]),
];
const PROCESS_DEFINITION: PlatformTable =
    PlatformTable::if_there("OSSYS_BPM_PROCESS_DEFINITION", &["ID", "ESPACE_ID"]);
const ACTIVITY_DEFINITION: PlatformTable =
    PlatformTable::if_there("OSSYS_BPM_ACTIVITY_DEFINITION", &["ID", "PROCESS_DEF_ID"]);
const STATUS: PlatformTable =
    PlatformTable::if_there("OSSYS_BPM_ACTIVITY_STATUS", &["ID", "IS_TERMINAL"]);
const ACTIVITY: PlatformTable =
    PlatformTable::if_there("OSSYS_BPM_ACTIVITY", &["ACTIVITY_DEF_ID", "STATUS_ID", "NEXT_RUN"]);

/// What of these espaces (their IDs) is due at `now`, a moment as the front-ends write it:
/// `2026-11-21 10:11:12`.
pub async fn waking(source: &dyn Source, espaces: &[i64], now: &str) -> Result<Waking> {
    let [shared, own] = &TIMER_STATES;
    let [process, activity] = [&PROCESS_DEFINITION, &ACTIVITY_DEFINITION];
    let asked = [&TIMER, shared, own, process, activity, &STATUS, &ACTIVITY];
    let shapes = shapes(source, &asked).await?;
    let (of_timers, of_activities) = shapes.split_at(1 + TIMER_STATES.len());
    Ok(Waking {
        timers: timers(source, of_timers, espaces, now).await?,
        activities: activities(source, of_activities, espaces, now).await?,
    })
}

async fn shapes(source: &dyn Source, tables: &[&PlatformTable]) -> Result<Vec<Option<TableShape>>> {
    let names: Vec<TableName> = tables.iter().map(|table| tables::name(table)).collect();
    let mut shapes = source.shapes(&names).await?;
    for (shape, table) in shapes.iter_mut().zip(tables) {
        let has_all =
            |shape: &TableShape| table.optional.iter().all(|column| shape.column(column).is_some());
        if !shape.as_ref().is_some_and(has_all) {
            *shape = None;
        }
    }
    Ok(shapes)
}

/// IDs of the rows whose `column` is one of these.
fn of(rows: &Rows, column: &str, among: &[i64]) -> Vec<i64> {
    (0..rows.len())
        .filter(|row| rows.integer(*row, column).is_some_and(|value| among.contains(&value)))
        .filter_map(|row| rows.integer(row, "ID"))
        .collect()
}

async fn timers(
    source: &dyn Source,
    shapes: &[Option<TableShape>],
    espaces: &[i64],
    now: &str,
) -> Result<Option<Vec<(String, String)>>> {
    let [Some(timer), states @ ..] = shapes else { return Ok(None) };
    if states.iter().all(Option::is_none) {
        return Ok(None);
    }
    let timers = tables::rows(source, &TIMER, Some(timer)).await?;
    let ours = of(&timers, "ESPACE_ID", espaces);
    let mut found = Vec::new();
    for (table, shape) in TIMER_STATES.iter().zip(states) {
        let Some(shape) = shape else { continue };
        let rows = tables::rows(source, table, Some(shape)).await?;
        for row in 0..rows.len() {
            let Some(job) = rows.integer(row, "META_CYCLIC_JOB_ID") else { continue };
            let next = rows.text(row, "NEXT_RUN");
            // Moments as text are in the order of time.
            if !ours.contains(&job) || next.as_str() < FIRST || next.as_str() > now {
                continue;
            }
            let timer = (0..timers.len()).find(|row| timers.integer(*row, "ID") == Some(job));
            if let Some(timer) = timer.filter(|row| timers.flag(*row, "IS_ACTIVE", true)) {
                found.push((timers.text(timer, "NAME"), next));
            }
        }
    }
    found.sort();
    Ok(Some(found))
}

async fn activities(
    source: &dyn Source,
    shapes: &[Option<TableShape>],
    espaces: &[i64],
    now: &str,
) -> Result<Option<u64>> {
    let [Some(processes), Some(definitions), Some(statuses), Some(shape)] = shapes else {
        return Ok(None);
    };
    let wanted = ["ACTIVITY_DEF_ID", "STATUS_ID", "NEXT_RUN"].map(|name| shape.column(name));
    let [Some(definition), Some(status), Some(next)] = wanted else { return Ok(None) };
    let (Some(first), Some(last)) = (date_time_from_text(FIRST), date_time_from_text(now)) else {
        return Ok(None);
    };
    let processes = tables::rows(source, &PROCESS_DEFINITION, Some(processes)).await?;
    let definitions = tables::rows(source, &ACTIVITY_DEFINITION, Some(definitions)).await?;
    let statuses = tables::rows(source, &STATUS, Some(statuses)).await?;
    let ours = of(&definitions, "PROCESS_DEF_ID", &of(&processes, "ESPACE_ID", espaces));
    let ended: Vec<Value> = (0..statuses.len())
        .filter(|row| statuses.flag(*row, "IS_TERMINAL", false))
        .filter_map(|row| statuses.integer(row, "ID").map(Value::Integer))
        .collect();
    let mut found = 0;
    for ids in ours.chunks(AT_ONCE) {
        let ids = ids.iter().copied().map(Value::Integer).collect();
        let filter = Filter::And(vec![
            Filter::AnyOf(definition.name.clone(), ids),
            Filter::AnyOf(status.name.clone(), ended.clone()).negated(),
            Filter::Between(next.name.clone(), Value::DateTime(first), Value::DateTime(last)),
        ]);
        found += source.count(&shape.name, &filter).await?;
    }
    Ok(Some(found))
}
