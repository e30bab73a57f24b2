//! A run of changes taken back: rows that were deleted come back under their own keys, rows that
//! were set hold again what they held. All of it in one transaction, or nothing.

use std::collections::HashMap;

use super::{ChangesRequest, begin, note_end, session, story, written_but};
use crate::database::{
    Batch, ColumnRef, ColumnShape, Destination, Fault, FaultKind, Filter, InsertTarget, Result,
    RowsRequest, UpdateTarget, Value, same_name,
};
use crate::migrate::events::lacking;
use crate::migrate::journal::{
    BatchKind, BatchRecord, Image, Images, Journal, Keys, NewBatch, RunState, StretchKind,
    WrittenTo,
};
use crate::migrate::operation::{Operation, by_key, folded};
use crate::migrate::past::settle_all;
use crate::migrate::story::Story;

/// What an undo of changes has come to, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Rows put back, table by table.
    pub tables: Vec<(String, u64)>,
    /// What of it was not as it was when it was looked at again; nothing where every row is.
    pub differs: Option<String>,
}

/// Rows of a table as they were before a run of changes.
#[derive(Clone, Debug)]
pub struct SavedTable {
    /// The table.
    pub table: String,
    /// The columns that were kept.
    pub columns: Vec<ColumnRef>,
    /// The rows.
    pub rows: Batch,
}

/// What of one batch is still to be put back.
struct Back {
    batch: BatchRecord,
    to: WrittenTo,
    columns: Vec<ColumnShape>,
    /// The rows of the image that are not as they were.
    rows: Batch,
    work: BackWork,
}

enum BackWork {
    /// They are inserted; the place of their key.
    Insert(Option<(ColumnRef, usize)>),
    /// They are set.
    Set,
}

/// Takes a run of changes back, or with `only_look` says what that would do. What is back already
/// is left alone, so that it can be asked for again whatever ended it.
///
/// Errs, without having written anything, where somebody has changed since what is to be put back.
/// An error of the kind [`FaultKind::InDoubt`] leaves it open, or comes after all of it was written.
pub async fn put_back(request: &ChangesRequest, only_look: bool) -> Result<Undone> {
    let destination = request.destination.as_ref();
    if only_look {
        let journal = Journal::open(&request.folder)?;
        journal.check()?;
        super::super::undo::check_undoable(&journal)?;
        let back = look(batches(&journal)?, &images(request)?, destination).await?;
        return Ok(Undone { tables: told(&back), differs: None });
    }
    let run_lock = destination.lock_run(&request.header.id).await?;
    let images = images(request)?;
    let recorder = super::Recorder::open(&request.folder)?;
    super::super::undo::check_undoable(&recorder.reader()?)?;
    let story = story(request, recorder, Some(images));
    settle_all(&story, destination, None, &request.control).await?;
    let Some(images) = &story.images else { return Ok(Undone::default()) };
    let back = look(batches(&story.recorder.reader()?)?, images, destination).await?;
    let stretch = begin(&story, request, StretchKind::Undo, RunState::Undoing).await?;
    let mut session = session(request, &story, &format!("{stretch}.undo"));
    let targets: Vec<Target> = back.iter().map(Target::of).collect();
    let operations: Vec<Operation<'_>> =
        targets.iter().zip(&back).map(|(target, back)| target.operation(back)).collect();
    let tell = |what: &str| {
        let _ = story.tell(what);
    };
    session
        .write_together(&operations, &mut |place, done| record(&back[place], done), &tell)
        .await?;
    let differs = match looked_at_again(&story, images, destination).await {
        // By somebody, or by a trigger that changes what it is given.
        Err(fault) if fault.kind == FaultKind::Changed => Some(fault.what),
        looked => looked.map_err(written_but)?,
    };
    let undone = Undone { tables: told(&back), differs };
    let (state, words) = match &undone.differs {
        None => (RunState::Undone, "undone: every row is as it was before".to_owned()),
        Some(what) => (RunState::UndoneInPart, format!("undone, but {what}")),
    };
    note_end(&story, state, &words).await.map_err(written_but)?;
    drop(run_lock);
    Ok(undone)
}

/// What is not as it was before although it was put back.
async fn looked_at_again(
    story: &Story,
    images: &Images,
    destination: &dyn Destination,
) -> Result<Option<String>> {
    let left = look(batches(&story.recorder.reader()?)?, images, destination).await?;
    Ok(left.first().map(|back| format!("rows of {} are not as they were", back.to.table)))
}

/// The rows that a run of changes kept as they were, table by table.
pub async fn saved(folder: &std::path::Path) -> Result<Vec<SavedTable>> {
    let journal = Journal::open(folder)?;
    let images = Images::open(folder)?;
    let mut all = Vec::new();
    for batch in batches(&journal)? {
        let (Some(to), Some(image)) = (&batch.written_to, batch.image) else { continue };
        let Image { columns, rows } = images.get(image).await?;
        all.push(SavedTable { table: to.table.to_string(), columns, rows });
    }
    all.reverse();
    Ok(all)
}

fn images(request: &ChangesRequest) -> Result<Images> {
    if Images::are_there(&request.folder) {
        return Images::open(&request.folder);
    }
    Err(Fault::new(FaultKind::NotFound, "the rows as they were are not kept any more")
        .advise("Nothing was written. They can only come from a backup."))
}

/// The batches that changed something, the last first.
fn batches(journal: &Journal) -> Result<Vec<BatchRecord>> {
    let mut all = journal.of_kind(BatchKind::Delete)?;
    all.extend(journal.of_kind(BatchKind::Change)?);
    all.sort_by_key(|batch| std::cmp::Reverse(batch.id));
    Ok(all)
}

/// The rows of each table, however many statements changed some of it.
fn told(back: &[Back]) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = Vec::new();
    for back in back {
        let (table, rows) = (back.to.table.to_string(), back.rows.len() as u64);
        match all.iter_mut().find(|(known, _)| *known == table) {
            Some((_, known)) => *known += rows,
            None => all.push((table, rows)),
        }
    }
    all
}

/// What is still to be put back, the last changed first.
async fn look(
    batches: Vec<BatchRecord>,
    images: &Images,
    destination: &dyn Destination,
) -> Result<Vec<Back>> {
    let mut all = Vec::new();
    for batch in batches {
        let (Some(to), Some(image)) = (batch.written_to.clone(), batch.image) else { continue };
        let image = images.get(image).await?;
        let shape = destination.shape(&to.table).await?;
        let column = |wanted: &ColumnRef| {
            let found = shape.as_ref().and_then(|shape| shape.column(&wanted.name)).cloned();
            found.ok_or_else(|| {
                let what = format!("{}.{} is not there any more", to.table, wanted.name);
                Fault::new(FaultKind::NotFound, what).advise("Nothing was written.")
            })
        };
        let columns = image.columns.iter().map(column).collect::<Result<Vec<_>>>()?;
        let (places, work) = match batch.kind {
            BatchKind::Change => {
                (still_set(destination, &batch, &to, &image).await?, BackWork::Set)
            }
            _ => still_gone(destination, &to, &image).await?,
        };
        if !places.is_empty() {
            let rows = image.rows.select(&places)?;
            all.push(Back { batch, to, columns, rows, work });
        }
    }
    Ok(all)
}

/// What rows of an image are like now, by their keys.
async fn now(
    destination: &dyn Destination,
    to: &WrittenTo,
    key: &ColumnRef,
    image: &Image,
    keys: Vec<Value>,
) -> Result<HashMap<String, u128>> {
    let mut columns = vec![key.clone()];
    columns.extend(image.columns.iter().filter(|c| !same_name(&c.name, &key.name)).cloned());
    let request = RowsRequest {
        table: to.table.clone(),
        columns,
        filter: Filter::AnyOf(key.name.clone(), keys),
        order_by: None,
        limit: None,
    };
    Ok(by_key(&destination.rows(&request).await?))
}

/// The places of deleted rows that are not there again.
async fn still_gone(
    destination: &dyn Destination,
    to: &WrittenTo,
    image: &Image,
) -> Result<(Vec<usize>, BackWork)> {
    let key = to.key.as_ref().and_then(|key| {
        let is_key = |column: &ColumnRef| same_name(&column.name, &key.name);
        Some((key.clone(), image.columns.iter().position(is_key)?))
    });
    let Some((key, at)) = key else {
        let request = RowsRequest::whole(&to.table, image.columns.clone());
        let there = destination.rows(&request).await?;
        return Ok((lacking(&image.rows, &there), BackWork::Insert(None)));
    };
    let keys: Vec<Value> =
        (0..image.rows.len()).map(|row| image.rows.column(at).value(row)).collect();
    let there = now(destination, to, &key, image, keys.clone()).await?;
    // With the key first, as it is read.
    let mut order = vec![at];
    order.extend((0..image.columns.len()).filter(|place| *place != at));
    let columns = order.iter().map(|place| image.rows.column(*place).clone());
    let was = by_key(&Batch::new(columns.collect())?);
    let mut places = Vec::new();
    for (row, key) in keys.iter().enumerate() {
        let key = folded(key);
        match there.get(&key) {
            None => places.push(row),
            Some(hash) if was.get(&key) == Some(hash) => {}
            Some(_) => return Err(changed(to, &keys[row])),
        }
    }
    Ok((places, BackWork::Insert(Some((key, at)))))
}

/// The places of rows that still hold what they were set to.
async fn still_set(
    destination: &dyn Destination,
    batch: &BatchRecord,
    to: &WrittenTo,
    image: &Image,
) -> Result<Vec<usize>> {
    let Some(key) = &to.key else { return Ok(Vec::new()) };
    let keys: Vec<Value> =
        (0..image.rows.len()).map(|row| image.rows.column(0).value(row)).collect();
    let there = now(destination, to, key, image, keys.clone()).await?;
    let was = by_key(&image.rows);
    let set: HashMap<String, u128> =
        batch.destination_keys.iter().map(|key| folded(&key)).zip(batch.hashes.clone()).collect();
    let mut places = Vec::new();
    for (row, value) in keys.iter().enumerate() {
        let key = folded(value);
        let is = there.get(&key);
        if is.is_some() && is == was.get(&key) {
            continue;
        }
        if is.is_none() || is != set.get(&key) {
            return Err(changed(to, value));
        }
        places.push(row);
    }
    Ok(places)
}

fn changed(to: &WrittenTo, key: &Value) -> Fault {
    let what = format!("row {key} of {} has changed since, or is gone", to.table);
    Fault::new(FaultKind::Changed, what)
        .advise("Nothing was written. The rows as they were can still be read from the run.")
}

/// Where rows are put back.
enum Target {
    Insert(InsertTarget),
    Set(UpdateTarget),
}

impl Target {
    fn of(back: &Back) -> Self {
        let (table, columns) = (back.to.table.clone(), back.columns.clone());
        match (&back.work, columns.split_first()) {
            (BackWork::Set, Some((key, columns))) => {
                Self::Set(UpdateTarget { table, key: key.clone(), columns: columns.to_vec() })
            }
            _ => Self::Insert(InsertTarget { table, columns, identity: None }),
        }
    }

    fn operation<'a>(&'a self, back: &'a Back) -> Operation<'a> {
        match (self, &back.work) {
            (Self::Set(target), _) => Operation::Update { target, batch: &back.rows },
            (Self::Insert(target), BackWork::Insert(Some(key))) => Operation::Insert {
                target,
                batch: &back.rows,
                key: Some(key.clone()),
                own_ids: None,
            },
            (Self::Insert(target), _) => {
                Operation::Lacking { target, rows: &back.rows, limit: usize::MAX }
            }
        }
    }
}

/// What the journal is to know of it.
fn record(back: &Back, done: &super::Done) -> NewBatch {
    let key_at = match &back.work {
        BackWork::Insert(Some((_, at))) => Some(*at),
        BackWork::Insert(None) => None,
        BackWork::Set => Some(0),
    };
    let keys =
        key_at.map(|at| Keys::of((0..back.rows.len()).map(|row| back.rows.column(at).value(row))));
    let (kind, columns) = match &back.work {
        BackWork::Set => (BatchKind::UndoUpdate, back.columns.iter().skip(1).collect::<Vec<_>>()),
        // Rows that nothing tells apart are looked for by what lacks: doing it again does no harm.
        BackWork::Insert(None) => (BatchKind::UndoUpdate, Vec::new()),
        BackWork::Insert(Some((key, _))) => {
            let telling = back.columns.iter().filter(|c| !same_name(&c.name, &key.name));
            (BatchKind::UndoDelete, telling.collect())
        }
    };
    NewBatch {
        written_to: Some(WrittenTo {
            table: back.to.table.clone(),
            key: back.to.key.clone(),
            columns: columns.into_iter().map(ColumnRef::from).collect(),
        }),
        destination_keys: keys.unwrap_or_default(),
        hashes: done.hashes.clone(),
        origin: Some(back.batch.id),
        ..NewBatch::new(kind, "", done.rows)
    }
}
