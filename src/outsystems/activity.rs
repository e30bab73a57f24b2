//! What of an environment is at work just now: applications online, timers that run, process queues
//! with rows. Read anew whenever it is asked, for it changes by the minute.

use super::tables::{self, PlatformTable};
use crate::database::{Filter, Result, Source, TableName, TableShape, Value};

/// What is at work of some espaces.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// Applications that hold one of the espaces, by name, and whether each is taken offline
    /// (`metamodel.md` §2.4).
    pub applications: Vec<(String, bool)>,
    /// Timers that run: name, and since when (`metamodel.md` §7).
    pub timers: Vec<(String, String)>,
    /// Queues of processes with rows of the espaces, and how many (`metamodel.md` §5.4).
    pub queues: Vec<(&'static str, u64)>,
    /// What this version keeps elsewhere, so that nothing is known of it.
    pub unseen: Vec<&'static str>,
}

const APPLICATION: PlatformTable = PlatformTable {
    name: "OSSYS_APPLICATION",
    is_required: false,
    required: &["ID", "NAME"],
    optional: &["DISABLED"],
};
const TIMER: PlatformTable =
    PlatformTable::if_there("OSSYS_META_CYCLIC_JOB", &["ID", "NAME", "ESPACE_ID"]);
/// Timers without a tenant, and those that each tenant has its own of.
const TIMER_STATES: [PlatformTable; 2] = [
    PlatformTable::if_there("OSSYS_CYCLIC_JOB_SHARED", &["META_CYCLIC_JOB_ID", "IS_RUNNING_SINCE"]),
    PlatformTable::if_there("OSSYS_CYCLIC_JOB", &["META_CYCLIC_JOB_ID", "IS_RUNNING_SINCE"]),
];
/// Normal and light events.
const QUEUES: [&str; 2] = ["OSSYS_BPM_EVENT_QUEUE", "OSSYS_BPM_EVENT"];

/// What is at work of these espaces (their IDs), of which `applications` (theirs) hold some.
pub async fn activity(
    source: &dyn Source,
    espaces: &[i64],
    applications: &[i64],
) -> Result<Activity> {
    let mut found = Activity::default();
    let names = [&APPLICATION, &TIMER, &TIMER_STATES[0], &TIMER_STATES[1]];
    let mut tables: Vec<TableName> = names.iter().map(|table| tables::name(table)).collect();
    tables.extend(QUEUES.map(TableName::new));
    let shapes = source.shapes(&tables).await?;
    let has = |place: usize, columns: &[&str]| {
        let shape: Option<&TableShape> = shapes.get(place).and_then(Option::as_ref);
        shape.filter(|shape| columns.iter().all(|column| shape.column(column).is_some()))
    };
    match has(0, &["ID", "NAME", "DISABLED"]) {
        Some(shape) => {
            let rows = tables::rows(source, &APPLICATION, Some(shape)).await?;
            for row in 0..rows.len() {
                if rows.integer(row, "ID").is_some_and(|id| applications.contains(&id)) {
                    let is_offline = rows.flag(row, "DISABLED", false);
                    found.applications.push((rows.text(row, "NAME"), is_offline));
                }
            }
        }
        None => found.unseen.push("whether applications are offline"),
    }
    let states = [2, 3].map(|place| has(place, &["META_CYCLIC_JOB_ID", "IS_RUNNING_SINCE"]));
    match has(1, &["ID", "NAME", "ESPACE_ID"]) {
        Some(shape) if states.iter().any(Option::is_some) => {
            let timers = tables::rows(source, &TIMER, Some(shape)).await?;
            for (table, shape) in TIMER_STATES.iter().zip(states) {
                let Some(shape) = shape else { continue };
                let rows = tables::rows(source, table, Some(shape)).await?;
                for row in 0..rows.len() {
                    let since = rows.text(row, "IS_RUNNING_SINCE");
                    let job = rows.integer(row, "META_CYCLIC_JOB_ID");
                    let timer = (0..timers.len()).find(|place| {
                        timers.integer(*place, "ID") == job
                            && timers
                                .integer(*place, "ESPACE_ID")
                                .is_some_and(|espace| espaces.contains(&espace))
                    });
                    // The platform's date for "none".
                    if let Some(timer) = timer
                        && !since.is_empty()
                        && !since.starts_with("1900-01-01")
                    {
                        found.timers.push((timers.text(timer, "NAME"), since));
                    }
                }
            }
        }
        _ => found.unseen.push("whether timers run"),
    }
    let mut is_seen = false;
    for (place, queue) in QUEUES.iter().enumerate() {
        let Some(shape) = has(4 + place, &["ESPACE_ID"]) else { continue };
        is_seen = true;
        let ids: Vec<Value> = espaces.iter().copied().map(Value::Integer).collect();
        let filter = Filter::AnyOf("ESPACE_ID".to_owned(), ids);
        let rows = source.count(&shape.name, &filter).await?;
        if rows > 0 {
            found.queues.push((queue, rows));
        }
    }
    if !is_seen {
        found.unseen.push("whether process queues are empty");
    }
    Ok(found)
}
