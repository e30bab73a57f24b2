//! The rows of one table of the source on their way to the writer, a few batches ahead of it.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::remap::fold;
use super::retry::{Patience, Remedy, in_words, is_broken};
use super::story::Note;
use crate::database::{
    Batch, ColumnRef, Fault, FaultKind, Filter, Result, Scan, ScanRequest, Source, Value, same_name,
};
use crate::outsystems::SourceId;
use crate::plan::{EntityPlan, Plan};
use crate::proof::Canonical;

/// A batch holds at most this many bytes; with the batches on their way that bounds the memory.
pub(super) const BATCH_BYTES: usize = 8 << 20;
/// Batches read ahead of the one being written.
const READ_AHEAD: usize = 2;

/// A batch as read, with the proof's hash of each row; `None` after the last. A channel that
/// closes without it has lost its reader, not reached the end.
pub(super) type Read = Option<(Batch, Vec<u128>)>;

/// Keys that are named one by one; of more, a range that holds them is read.
pub(super) const KEYS_NAMED: usize = 1_000;

/// The rows of the source that are carried over. Where some are tried again, others may be among
/// them.
pub(super) fn rows_below(entity: &EntityPlan, mark: Option<SourceId>) -> Filter {
    let below = match (mark, entity.key_column()) {
        (Some(mark), Some(key)) => Filter::AtMost(key.name.clone(), Value::from(mark)),
        _ => Filter::All,
    };
    below.and(rows_again(entity)).and(entity.rows.clone())
}

/// The rows that are tried again, or a range that holds them.
fn rows_again(entity: &EntityPlan) -> Filter {
    let (Some(again), Some(key)) = (&entity.again, entity.key_column()) else {
        return Filter::All;
    };
    if again.len() <= KEYS_NAMED {
        return Filter::AnyOf(key.name.clone(), again.clone());
    }
    let numbers: Vec<i64> = again.iter().filter_map(Value::as_integer).collect();
    match (numbers.iter().min(), numbers.iter().max()) {
        (Some(least), Some(most)) if numbers.len() == again.len() => {
            Filter::Between(key.name.clone(), Value::Integer(*least), Value::Integer(*most))
        }
        _ => Filter::All,
    }
}

/// Whether a row is to be carried over: any, or one of those that are tried again.
pub(super) struct Wanted(Option<HashSet<String>>);

impl Wanted {
    pub(super) fn new(entity: &EntityPlan) -> Self {
        Self(entity.again.as_ref().map(|again| again.iter().map(fold).collect()))
    }

    pub(super) fn has(&self, key: &Value) -> bool {
        self.0.as_ref().is_none_or(|again| again.contains(&fold(key)))
    }

    /// Whether any row is wanted.
    pub(super) fn is_any(&self) -> bool {
        self.0.is_none()
    }
}

/// An entity's rows in key order: the key column first if it has one, then the plan's columns.
pub(super) fn request(
    plan: &Plan,
    place: usize,
    mark: Option<SourceId>,
    after: Option<Value>,
) -> Result<ScanRequest> {
    let entity = &plan.entities[place];
    let key = entity.key_column();
    let mut columns: Vec<ColumnRef> = key.into_iter().cloned().collect();
    columns.extend(entity.columns.iter().map(|column| column.source.clone()));
    if columns.is_empty() {
        return Err(Fault::new(FaultKind::Data, "no column of this entity can be read"));
    }
    Ok(ScanRequest {
        table: entity.source_table.clone(),
        columns,
        filter: rows_below(entity, mark),
        key: key.map(|key| key.name.clone()),
        after,
        batch_rows: plan.options.batch_rows,
        batch_bytes: BATCH_BYTES,
    })
}

/// The key of a row read by a [`request`]; NULL where the entity has none.
pub(super) fn key_of(entity: &EntityPlan, batch: &Batch, row: usize) -> Value {
    entity.key_column().map_or(Value::Null, |_| batch.column(0).value(row))
}

/// Reads a table, and goes on after the last row it has read when the connection breaks.
pub(super) struct Reader {
    pub(super) source: Arc<dyn Source>,
    pub(super) request: ScanRequest,
    pub(super) canonical: Canonical,
    /// Whether a source that does not answer is waited for.
    pub(super) waits: bool,
    /// Adds a line to the run's story.
    pub(super) note: Note,
    /// Tells whoever watches.
    pub(super) trouble: Box<dyn Fn(&str) + Send>,
}

impl Reader {
    /// Starts; a bounded channel keeps it at most a few batches ahead.
    pub(super) async fn start(mut self) -> Result<mpsc::Receiver<Result<Read>>> {
        let mut scan = Some(self.source.scan(self.request.clone()).await?);
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        tokio::spawn(async move {
            loop {
                let next = tokio::select! {
                    next = self.next(&mut scan) => next,
                    // The writer has given up when nobody receives.
                    () = sender.closed() => return,
                };
                let is_last = !matches!(next, Ok(Some(_)));
                if sender.send(next).await.is_err() || is_last {
                    return;
                }
            }
        });
        Ok(receiver)
    }

    /// The next batch. A scan that has failed is never asked again: what it says then, an end above
    /// all, is not to be relied on.
    async fn next(&mut self, scan: &mut Option<Box<dyn Scan>>) -> Result<Read> {
        let mut patience = Patience::default();
        loop {
            let read = match scan {
                Some(scan) => scan.next().await,
                None => match self.source.scan(self.request.clone()).await {
                    Ok(opened) => scan.insert(opened).next().await,
                    // A server that comes up again refuses for a while, for all sorts of reasons.
                    Err(fault) => Err(Fault { kind: FaultKind::Lost, ..fault }),
                },
            };
            let fault = match read {
                Ok(None) => return Ok(None),
                Ok(Some(batch)) => {
                    self.remember(&batch);
                    let hashes = self.canonical.row_hashes(&batch);
                    return Ok(Some((batch, hashes)));
                }
                Err(fault) => fault,
            };
            *scan = None;
            // Without a key nobody knows which rows were read.
            if !self.waits || !is_broken(&fault) || self.request.key.is_none() {
                return Err(fault);
            }
            let Remedy::Again(wait) = patience.remedy(&fault, 0) else { return Err(fault) };
            let table = &self.request.table;
            let what = format!("{}; reading again in {}", fault.what, in_words(wait));
            (self.trouble)(&what);
            (self.note)(&format!("{table}: {what}"))?;
            tokio::time::sleep(wait).await;
        }
    }

    /// The next scan begins after the last row of this batch.
    fn remember(&mut self, batch: &Batch) {
        let is_key = |column: &ColumnRef| {
            self.request.key.as_deref().is_some_and(|key| same_name(&column.name, key))
        };
        let key = self.request.columns.iter().position(is_key);
        if let (Some(key), Some(last)) = (key, batch.len().checked_sub(1)) {
            self.request.after = Some(batch.column(key).value(last));
        }
    }
}
