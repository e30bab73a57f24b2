//! Process events: each event table holds what it has to, and no process was started by rows of ours
//! (`metamodel.md` §5.4, §5.5).

mod along;

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::prove::lock;
use super::surroundings::SurroundingsProof;
use crate::database::{
    Batch, ColumnRef, Fault, FaultKind, Filter, Result, RowsRequest, Source, TableName, Value,
    same_name,
};
use crate::migrate::journal::{BatchKind, Journal, MutedRows, MutedState};
use crate::plan::{EventTable, Plan};

/// The queues of normal and light events, each with its column for the row.
const QUEUES: [(&str, &str); 2] =
    [("OSSYS_BPM_EVENT_QUEUE", "DATA_ID"), ("OSSYS_BPM_EVENT", "ENTITY_RECORD_ID")];
/// Rows of a queue that are looked at one by one.
const MOST: u64 = 200_000;
/// The kinds of batches whose rows may start a process.
const WRITTEN: [BatchKind; 5] =
    [BatchKind::Insert, BatchKind::Change, BatchKind::People, BatchKind::Links, BatchKind::Clear];

/// What waits in the queues of process events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queues {
    /// Each queue, with its rows; `None` where they are too many to be looked at.
    pub queues: Vec<(TableName, Option<Vec<Waiting>>)>,
}

/// A row of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Waiting {
    /// Its ID, where the queue has one.
    pub id: Option<i64>,
    /// The process definition that it starts.
    pub process: Option<i64>,
    /// The activity that it goes on with.
    pub activity: Option<i64>,
    /// The row that it is about.
    pub record: String,
}

impl Queues {
    /// Reads the queues, unless nothing of the plan is subscribed to.
    pub async fn take(plan: &Plan, destination: &dyn Source) -> Result<Self> {
        let mut taken = Self::default();
        if plan.events.is_empty() {
            return Ok(taken);
        }
        let shapes = destination.shapes(&QUEUES.map(|(name, _)| TableName::new(name))).await?;
        for ((_, record), shape) in QUEUES.iter().zip(shapes) {
            let Some(shape) = shape else { continue };
            let columns: Option<Vec<ColumnRef>> = ["PROCESS_DEF_ID", "ACTIVITY_ID", record]
                .into_iter()
                .map(|column| shape.column(column).map(ColumnRef::from))
                .collect();
            let Some(mut columns) = columns else { continue };
            if destination.count(&shape.name, &Filter::All).await? > MOST {
                taken.queues.push((shape.name, None));
                continue;
            }
            columns.extend(shape.column("ID").map(ColumnRef::from));
            let request = RowsRequest::whole(&shape.name, columns);
            let rows = destination.rows(&request).await?;
            let waiting = (0..rows.len()).map(|row| Waiting {
                id: rows.columns().get(3).and_then(|ids| ids.integer(row)),
                process: rows.column(0).integer(row),
                activity: rows.column(1).integer(row),
                record: folded(&rows.column(2).value(row)),
            });
            taken.queues.push((shape.name, Some(waiting.collect())));
        }
        Ok(taken)
    }

    /// The picture for the journal.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Fault::new(FaultKind::Other, format!("no JSON can be made: {error}")))
    }

    /// The rows that an earlier picture does not have; where one of the two lacks, none.
    fn since(&self, earlier: &Self) -> Vec<(&TableName, &Waiting)> {
        let mut new = Vec::new();
        for (table, now) in &self.queues {
            let then = earlier.queues.iter().find(|(known, _)| known == table);
            let (Some(now), Some((_, Some(then)))) = (now, then) else { continue };
            let mut known: HashMap<&Waiting, usize> = HashMap::new();
            then.iter().for_each(|row| *known.entry(row).or_default() += 1);
            for row in now {
                match known.get_mut(row) {
                    Some(times) if *times > 0 => *times -= 1,
                    _ => new.push((table, row)),
                }
            }
        }
        new
    }
}

fn folded(value: &Value) -> String {
    value.to_string().trim().to_lowercase()
}

/// What differed: the place of the event table in the plan, and what of it.
pub(super) type Differed = BTreeSet<(usize, What)>;

/// What of an event table can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum What {
    /// Subscriptions are not there.
    Missing,
    /// Processes were started.
    Started,
}

/// Compares event tables and queues with what the journal says of them, and adds what is found;
/// returns what differs.
///
/// `proved` is what differed when the run was first proved: what was right then and is not now was
/// not done by the run, so it is information. What differed then does so until it is put right.
pub(super) async fn check(
    plan: &Plan,
    journal: &Mutex<Journal>,
    [source, destination]: [&dyn Source; 2],
    proved: Option<&Differed>,
    proof: &mut SurroundingsProof,
) -> Result<Differed> {
    let was_right = |place, what| proved.is_some_and(|then| !then.contains(&(place, what)));
    let mut differed = Differed::new();
    let (known, before) = {
        let journal = lock(journal);
        (journal.muted()?, journal.queues()?)
    };
    for muted in &known {
        if let Some(table) = plan.events.get(muted.place) {
            let was_right = was_right(muted.place, What::Missing);
            if event_table(table, muted, destination, was_right, proof).await? {
                differed.insert((muted.place, What::Missing));
            }
            // Later on activities have gone on, and wait for something else.
            let is_first = proved.is_none() && muted.state == MutedState::Back;
            let sides = [source, destination];
            if is_first && along::check(plan, table, journal, sides, proof).await? {
                differed.insert((muted.place, What::Missing));
            }
        }
    }
    let Some(before) = before else { return Ok(differed) };
    let before: Queues = serde_json::from_str(&before)
        .map_err(|error| Fault::new(FaultKind::Data, format!("the journal's queues: {error}")))?;
    let now = Queues::take(plan, destination).await?;
    for (table, rows) in &now.queues {
        if rows.is_none() {
            proof.note(table, "has too many rows to be looked at one by one".to_owned());
        }
    }
    let new = now.since(&before);
    for (place, table) in plan.events.iter().enumerate() {
        let Some(muted) = known.iter().find(|known| known.place == place) else { continue };
        let started = started(table, muted, &new, journal)?;
        if started.is_empty() {
            continue;
        }
        let start =
            if started.len() == 1 { "row starts a process" } else { "rows start processes" };
        let what = format!(
            "{} {start} by rows of {} that this run wrote, the first for the row {}",
            started.len(),
            table.entity,
            started[0].1.record
        );
        let queue = started[0].0;
        match muted.state {
            MutedState::LeftOpen => proof.note(queue, format!("{what}, as it was accepted")),
            _ if was_right(place, What::Started) => {
                proof.note(queue, format!("{what} (since the run was proved)"));
            }
            _ => {
                proof.differs(queue, what);
                differed.insert((place, What::Started));
            }
        }
    }
    Ok(differed)
}

/// Every row that was put away is there again, as often as it was; whether that differs.
async fn event_table(
    table: &EventTable,
    muted: &MutedRows,
    destination: &dyn Source,
    was_right: bool,
    proof: &mut SurroundingsProof,
) -> Result<bool> {
    proof.event_tables += 1;
    proof.subscriptions += muted.rows.len() as u64;
    if muted.state == MutedState::LeftOpen {
        let what = format!(
            "its {} subscriptions stayed, as it was accepted: processes start by rows of {}",
            muted.rows.len(),
            table.entity
        );
        proof.note(&table.table, what);
        return Ok(false);
    }
    let request = RowsRequest::whole(&table.table, table.column_refs());
    let there = destination.rows(&request).await?;
    let mut counts: HashMap<Vec<String>, i64> = HashMap::new();
    for row in contents(&muted.rows) {
        *counts.entry(row).or_default() += 1;
    }
    for row in contents(&there) {
        *counts.entry(row).or_default() -= 1;
    }
    let missing: i64 = counts.values().filter(|count| **count > 0).sum();
    let more: i64 = -counts.values().filter(|count| **count < 0).sum::<i64>();
    if missing > 0 {
        let what = format!(
            "{missing} of {} subscriptions to {} are not there",
            muted.rows.len(),
            table.entity
        );
        match was_right {
            true => proof.note(&table.table, format!("{what} (since the run was proved)")),
            false => proof.differs(&table.table, what),
        }
    }
    if more > 0 {
        proof.note(&table.table, format!("{more} subscriptions have come since the run began"));
    }
    Ok(missing > 0 && !was_right)
}

/// Each row as texts that tell NULL from every value.
fn contents(rows: &Batch) -> impl Iterator<Item = Vec<String>> + '_ {
    (0..rows.len()).map(|row| {
        let values = rows.row(row);
        values.iter().map(|value| format!("{}{value}", u8::from(value.is_null()))).collect()
    })
}

/// The new rows of the queues that processes subscribed to this entity were given for rows that the
/// run wrote.
fn started<'a>(
    table: &EventTable,
    muted: &MutedRows,
    new: &[(&'a TableName, &'a Waiting)],
    journal: &Mutex<Journal>,
) -> Result<Vec<(&'a TableName, &'a Waiting)>> {
    let (processes, activities) =
        (ids(table, &muted.rows, "_PROCESS_DEF_ID"), ids(table, &muted.rows, "_ACTIVITY_ID"));
    let is_subscribed = |row: &Waiting| {
        row.process.is_some_and(|id| processes.contains(&id))
            || row.activity.is_some_and(|id| activities.contains(&id))
    };
    let of_table: Vec<_> = new.iter().copied().filter(|(_, row)| is_subscribed(row)).collect();
    if of_table.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: BTreeSet<&str> = of_table.iter().map(|(_, row)| row.record.as_str()).collect();
    let mut ours: BTreeSet<String> = BTreeSet::new();
    let mut before = i64::MAX;
    loop {
        let batch = lock(journal).previous_batch(&WRITTEN, before)?;
        let Some(batch) = batch else { break };
        before = batch.id;
        if batch.written_to.as_ref().is_some_and(|to| to.table.may_be(&table.of)) {
            let keys = batch.destination_keys.iter().map(|key| folded(&key));
            ours.extend(keys.filter(|key| wanted.contains(key.as_str())));
        }
    }
    Ok(of_table.into_iter().filter(|(_, row)| ours.contains(&row.record)).collect())
}

/// The ids in a column of an event table.
fn ids(table: &EventTable, rows: &Batch, column: &str) -> BTreeSet<i64> {
    let place = table.columns.iter().position(|known| same_name(&known.name, column));
    let cells = place.and_then(|place| rows.columns().get(place));
    (0..rows.len()).filter_map(|row| cells?.integer(row)).collect()
}
