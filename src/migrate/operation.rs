//! What one transaction does to the destination, and how rows of ours are known again.

use std::collections::HashMap;

use super::events::lacking;
use super::marker::Marker;
use super::range::{OwnIds, WithIds};
use crate::database::{
    Batch, Column, ColumnRef, ColumnType, Fault, FaultKind, Filter, InsertTarget, Removal, Result,
    RowsRequest, TableName, UpdateTarget, Value, Writer, row_digests, same_name,
};
use crate::outsystems::DestinationId;
use crate::plan::{ColumnPlan, EntityPlan, IdentifierPlan};

/// What a transaction does.
pub(super) enum Operation<'a> {
    /// Inserts rows.
    Insert {
        target: &'a InsertTarget,
        batch: &'a Batch,
        /// Where rows bring their key along: its column, by the place in the batch.
        key: Option<(ColumnRef, usize)>,
        /// The ids to give them, where the run does that itself.
        own_ids: Option<OwnIds<'a>>,
    },
    /// Inserts those of these rows that the table does not hold yet, each as often as it lacks, at
    /// most so many: doing it twice does no harm.
    Lacking { target: &'a InsertTarget, rows: &'a Batch, limit: usize },
    /// Sets columns of rows; doing it twice does no harm.
    Update { target: &'a UpdateTarget, batch: &'a Batch },
    /// Sets columns of rows that are not ours. With `keep`, what they held is kept as before-image:
    /// `returning` has their key first, then the columns that are set.
    Change { target: &'a UpdateTarget, batch: &'a Batch, returning: &'a [ColumnRef], keep: bool },
    /// Deletes rows. With `keep`, what is returned of them is kept as before-image; with `expect`,
    /// they have to be among these contents, of each no more than so many.
    Delete { removal: &'a Removal, keep: bool, expect: Option<&'a Contents> },
    /// Empties a column. With `keep`, what is returned of the rows is kept as before-image.
    Clear { removal: &'a Removal, column: &'a str, keep: bool },
}

impl Operation<'_> {
    pub(super) fn table(&self) -> &TableName {
        match self {
            Self::Insert { target, .. } | Self::Lacking { target, .. } => &target.table,
            Self::Update { target, .. } | Self::Change { target, .. } => &target.table,
            Self::Delete { removal, .. } | Self::Clear { removal, .. } => &removal.table,
        }
    }

    /// Sees to what has to be there before its transaction begins.
    pub(super) async fn make_ready(&self) -> Result<()> {
        match self {
            Self::Insert { batch, own_ids: Some(own), .. } => own.range.prepare(batch.len()).await,
            _ => Ok(()),
        }
    }

    /// Whether its rows can as well be written in two transactions.
    pub(super) fn can_be_halved(&self) -> bool {
        matches!(
            self,
            Self::Insert { batch, .. } | Self::Update { batch, .. } | Self::Change { batch, .. }
                if batch.len() > 1
        )
    }

    /// The columns of what is to be kept of the rows as they were.
    pub(super) fn kept(&self) -> Option<&[ColumnRef]> {
        match self {
            Self::Delete { removal, keep: true, .. } | Self::Clear { removal, keep: true, .. } => {
                Some(&removal.returning)
            }
            Self::Change { returning, keep: true, .. } => Some(returning),
            _ => None,
        }
    }
}

/// What is in rows, each with the number of rows that hold it.
pub(super) type Contents = HashMap<u128, usize>;

/// What it did.
#[derive(Default)]
pub(super) struct Done {
    /// The ids that the destination gave, or the run itself.
    pub(super) ids: Vec<DestinationId>,
    /// References that were set along with them: the places of their rows and columns.
    pub(super) set: Vec<(usize, usize)>,
    /// Rows touched.
    pub(super) rows: u64,
    /// A hash of each inserted row as it is stored, where its key alone does not prove it ours; of
    /// each deleted one where contents were expected; of each changed one as it is now, and 0 where
    /// it is as it was.
    pub(super) hashes: Vec<u128>,
    /// What was asked for of each row removed or changed, as it was before.
    pub(super) before: Batch,
    /// The place of the before-image.
    pub(super) image: Option<i64>,
}

/// Does it, in a transaction that is begun here and left open. With markers, the batch's own goes
/// into the same transaction.
pub(super) async fn perform(
    writer: &mut Box<dyn Writer>,
    operation: &Operation<'_>,
    ids_come_back: bool,
    marker: Option<&Marker>,
    number: i64,
) -> Result<Done> {
    writer.begin().await?;
    let done = within(writer, operation, ids_come_back).await?;
    if let Some(marker) = marker.filter(|_| done.rows > 0) {
        writer.insert(&marker.target, &marker.row(number)?).await?;
    }
    Ok(done)
}

/// Does it in the transaction that is open.
pub(super) async fn within(
    writer: &mut Box<dyn Writer>,
    operation: &Operation<'_>,
    ids_come_back: bool,
) -> Result<Done> {
    Ok(match operation {
        Operation::Insert { target, batch, key, own_ids } => {
            insert(writer, target, batch, key.as_ref(), *own_ids, ids_come_back).await?
        }
        Operation::Lacking { target, rows, limit } => {
            insert_lacking(writer, target, rows, *limit).await?
        }
        Operation::Update { target, batch } => {
            Done { rows: writer.update(target, batch).await?, ..Done::default() }
        }
        Operation::Change { target, batch, returning, .. } => {
            change(writer, target, batch, returning).await?
        }
        Operation::Delete { removal, expect, .. } => {
            let removed = writer.delete(removal).await?;
            let hashes = match expect {
                Some(expect) => among(&removed.before, expect).ok_or_else(|| {
                    let what = format!("{}: rows of others cannot be told apart", removal.table);
                    Fault::new(FaultKind::Data, what)
                })?,
                None => Vec::new(),
            };
            Done { rows: removed.rows, before: removed.before, hashes, ..Done::default() }
        }
        Operation::Clear { removal, column, .. } => {
            let removed = writer.clear(removal, column).await?;
            Done { rows: removed.rows, before: removed.before, ..Done::default() }
        }
    })
}

/// Where the rows of an entity are inserted.
pub(super) fn target_of(entity: &EntityPlan) -> InsertTarget {
    let mut columns: Vec<_> =
        entity.columns.iter().map(|column| column.destination.clone()).collect();
    columns.extend(entity.constants.iter().map(|(column, _)| column.clone()));
    let identity = match &entity.identifier {
        IdentifierPlan::Generated { destination, .. } => Some(destination.name.clone()),
        _ => None,
    };
    InsertTarget { table: entity.destination_table.clone(), columns, identity }
}

/// The identifier that rows of an entity bring along, and its place among their columns; `None`
/// where the destination gives it, and where there is none.
pub(super) fn own_key(entity: &EntityPlan) -> Option<(ColumnRef, usize)> {
    if matches!(entity.identifier, IdentifierPlan::Generated { .. }) {
        return None;
    }
    let key = entity.destination_key()?;
    let is_it = |column: &ColumnPlan| column.destination.name == key.name;
    Some((ColumnRef::from(key), entity.columns.iter().position(is_it)?))
}

/// The column whose values the destination gives.
pub(super) fn given_key(target: &InsertTarget) -> Option<ColumnRef> {
    let name = target.identity.clone()?;
    Some(ColumnRef { name, data_type: ColumnType::BigInt })
}

async fn insert(
    writer: &mut Box<dyn Writer>,
    target: &InsertTarget,
    batch: &Batch,
    key: Option<&(ColumnRef, usize)>,
    own_ids: Option<OwnIds<'_>>,
    ids_come_back: bool,
) -> Result<Done> {
    let taken = own_ids.and_then(|OwnIds { range, backward }| {
        let (first, last) = range.take(batch.len())?;
        Some((range.with_ids(target, batch, backward, first), last))
    });
    let (ids, set) = match taken {
        Some((rows, last)) => {
            let WithIds { target, batch, ids, set } = rows?;
            writer.insert_reserved(&target, &batch, last).await?;
            (ids, set)
        }
        None => (writer.insert(target, batch).await?, Vec::new()),
    };
    if target.identity.is_some() && ids.len() != batch.len() {
        return Err(Fault::new(
            FaultKind::Other,
            format!("{}: {} rows got {} ids", target.table, batch.len(), ids.len()),
        ));
    }
    let hashes = match (given_key(target), key) {
        // An id is given once, by the destination or from a range: that is proof enough.
        (Some(_), _) if !ids_come_back => Vec::new(),
        (Some(column), _) => {
            let keys: Vec<Value> = ids.iter().copied().map(Value::Integer).collect();
            stored(writer, target, &column, &keys).await?
        }
        (None, Some((column, place))) => {
            let keys: Vec<Value> =
                (0..batch.len()).map(|row| batch.column(*place).value(row)).collect();
            stored(writer, target, column, &keys).await?
        }
        (None, None) => row_hashes(batch),
    };
    let ids = ids.into_iter().map(DestinationId).collect();
    Ok(Done { ids, set, rows: batch.len() as u64, hashes, ..Done::default() })
}

/// Inserts the first rows that lack, and looks whether they are there then.
async fn insert_lacking(
    writer: &mut Box<dyn Writer>,
    target: &InsertTarget,
    wanted: &Batch,
    limit: usize,
) -> Result<Done> {
    let columns = target.columns.iter().map(ColumnRef::from).collect();
    let request = RowsRequest::whole(&target.table, columns);
    let mut places = lacking(wanted, &writer.held(&request).await?);
    let lacked = places.len();
    places.truncate(limit);
    if places.is_empty() {
        return Ok(Done::default());
    }
    writer.insert(target, &wanted.select(&places)?).await?;
    let left = lacking(wanted, &writer.rows(&request).await?).len();
    if left + places.len() > lacked {
        let what = format!("{} does not keep rows as they were there before", target.table);
        return Err(Fault::new(FaultKind::Refused, what));
    }
    Ok(Done { rows: places.len() as u64, ..Done::default() })
}

/// Changes rows, each of which has to be there, and tells what they were.
async fn change(
    writer: &mut Box<dyn Writer>,
    target: &UpdateTarget,
    batch: &Batch,
    returning: &[ColumnRef],
) -> Result<Done> {
    let keys: Vec<Value> = (0..batch.len()).map(|row| batch.column(0).value(row)).collect();
    let request = RowsRequest {
        table: target.table.clone(),
        columns: returning.to_vec(),
        filter: Filter::AnyOf(target.key.name.clone(), keys.clone()),
        order_by: None,
        limit: None,
    };
    let before = writer.held(&request).await?;
    let was = by_key(&before);
    let rows = writer.update(target, batch).await?;
    let is = by_key(&writer.rows(&request).await?);
    if before.len() != keys.len() || rows != keys.len() as u64 || is.len() != keys.len() {
        let what = format!(
            "{}: of {} rows that were to be changed only {} are there",
            target.table,
            keys.len(),
            rows.min(before.len() as u64)
        );
        return Err(Fault::new(FaultKind::Refused, what));
    }
    let hashes = keys.iter().map(|key| {
        let key = folded(key);
        is.get(&key).filter(|now| was.get(&key) != Some(now)).copied().unwrap_or_default()
    });
    Ok(Done { rows, hashes: hashes.collect(), before, ..Done::default() })
}

/// What is in each row, by its key, which is the first column.
pub(super) fn by_key(rows: &Batch) -> HashMap<String, u128> {
    let hashes = row_hashes(rows).into_iter().enumerate();
    hashes.map(|(row, hash)| (folded(&rows.column(0).value(row)), hash)).collect()
}

/// The columns of a target that its rows are known again by: all but the key.
pub(super) fn telling_columns(target: &InsertTarget, key: Option<&str>) -> Vec<ColumnRef> {
    target
        .columns
        .iter()
        .filter(|column| key.is_none_or(|key| !same_name(&column.name, key)))
        .map(ColumnRef::from)
        .collect()
}

/// Hashes of rows as this transaction has stored them, in the order of their keys here.
async fn stored(
    writer: &mut Box<dyn Writer>,
    target: &InsertTarget,
    key: &ColumnRef,
    keys: &[Value],
) -> Result<Vec<u128>> {
    let mut columns = vec![key.clone()];
    columns.extend(telling_columns(target, Some(&key.name)));
    let stretch = stretch(keys);
    let name = key.name.clone();
    let filter = match stretch {
        Some((first, last)) => Filter::Between(name, Value::Integer(first), Value::Integer(last)),
        None => Filter::AnyOf(name, keys.to_vec()),
    };
    let read = writer
        .rows(&RowsRequest {
            table: target.table.clone(),
            columns,
            filter,
            order_by: stretch.map(|_| key.name.clone()),
            limit: None,
        })
        .await?;
    let found = read.columns().first();
    let is_each = |found: &Column| {
        found.len() == keys.len()
            && keys.iter().enumerate().all(|(row, key)| found.integer(row) == key.as_integer())
    };
    if stretch.is_some() && found.is_some_and(is_each) {
        return Ok(row_hashes(&read));
    }
    let stored = by_key(&read);
    keys.iter()
        .map(|key| {
            stored.get(&folded(key)).copied().ok_or_else(|| {
                Fault::new(
                    FaultKind::Refused,
                    format!("{}: row {key} is not there after it was inserted", target.table),
                )
            })
        })
        .collect()
}

/// The first and the last of numbers that follow each other without a gap.
fn stretch(keys: &[Value]) -> Option<(i64, i64)> {
    let number = |key: &Value| match key {
        Value::Integer(number) => Some(*number),
        _ => None,
    };
    let (first, last) = (number(keys.first()?)?, number(keys.last()?)?);
    let follows = |pair: &[Value]| match (number(&pair[0]), number(&pair[1])) {
        (Some(one), Some(next)) => one.checked_add(1) == Some(next),
        _ => false,
    };
    keys.windows(2).all(follows).then_some((first, last))
}

/// What is in each row; `None` when there is more than these contents.
fn among(rows: &Batch, expect: &Contents) -> Option<Vec<u128>> {
    let hashes = row_hashes(rows);
    let mut seen = Contents::new();
    let is_expected = hashes.iter().all(|hash| {
        let times = seen.entry(*hash).or_default();
        *times += 1;
        expect.get(hash).is_some_and(|most| *times <= *most)
    });
    is_expected.then_some(hashes)
}

/// What is in each row.
pub(super) fn row_hashes(batch: &Batch) -> Vec<u128> {
    row_digests(batch).into_iter().map(u128::from_be_bytes).collect()
}

/// A key as the platform compares it.
pub(super) fn folded(key: &Value) -> String {
    key.to_string().trim_end().to_lowercase()
}
