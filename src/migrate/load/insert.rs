//! Rows written, and those the destination refuses.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::super::journal::{BatchKind, Keys, NewBatch, WrittenTo};
use super::super::operation::{Done, Operation, given_key, own_key, target_of, telling_columns};
use super::super::range::OwnIds;
use super::super::remap::{Carried, Remapped};
use super::super::retry::calls_for_halves;
use super::Load;
use super::foreseen::refused_row;
use crate::database::{ColumnRef, Fault, FaultKind, InsertTarget, RefusalClass, Result, Value};
use crate::proof::combine;

impl Load<'_> {
    /// Inserts rows; a row that the server refuses is searched by halves and left behind.
    pub(super) async fn insert(
        &mut self,
        remapped: &Remapped,
        new: &[usize],
        key: &(dyn Fn(usize) -> Value + Sync),
        hashes: &[u128],
        pairs: &mut Vec<(usize, Value, Value)>,
        carried: &mut Carried,
    ) -> Result<()> {
        let entity = self.entity();
        let target = target_of(entity);
        let generated = &target.identity;
        let own_key = own_key(entity);
        let mut pending: Vec<Vec<usize>> = self.size.parts(new).rev().map(<[_]>::to_vec).collect();
        // Rows that were refused with their references may do without them at first.
        let mut is_without = false;
        while let Some(rows) = pending.pop() {
            let batch = if rows.len() == remapped.kept.len() {
                remapped.batch.clone()
            } else {
                remapped.batch.select(&rows)?
            };
            let source_keys: Vec<Value> =
                rows.iter().map(|place| key(remapped.kept[*place])).collect();
            let own: Option<Vec<Value>> = own_key.as_ref().map(|(_, column)| {
                (0..batch.len()).map(|row| batch.column(*column).value(row)).collect()
            });
            let own_column = own_key.clone();
            let read_rows: Vec<usize> = rows.iter().map(|place| remapped.kept[*place]).collect();
            let digest = combine(read_rows.iter().map(|row| hashes[*row]));
            let backward = match std::mem::take(&mut is_without) {
                true => Vec::new(),
                false => self.backward(remapped, &read_rows, &source_keys, pairs, carried),
            };
            let range = self.range.clone();
            let operation = Operation::Insert {
                target: &target,
                batch: &batch,
                key: own_column.clone(),
                own_ids: range.as_deref().map(|range| OwnIds { range, backward: &backward }),
            };
            let (place, before) = (self.place, self.unkeyed.counted);
            let started = Instant::now();
            let outcome = self
                .session
                .write(
                    &operation,
                    &mut |done, session| {
                        let destination: Vec<Value> = match &own {
                            Some(own) => own.clone(),
                            None => done.ids.iter().copied().map(Value::from).collect(),
                        };
                        let key = own_column.as_ref().map(|(key, _)| key.clone());
                        let mut batch = NewBatch {
                            written_to: Some(written_to(&target, key, done)),
                            hashes: done.hashes.clone(),
                            counted: before,
                            ..record(
                                remapped,
                                place,
                                &read_rows,
                                &source_keys,
                                destination,
                                digest,
                                session,
                            )
                        };
                        if !done.set.is_empty() {
                            let set: HashSet<_> = done.set.iter().copied().collect();
                            batch.deferred.retain(|cell| !set.contains(&(cell.row, cell.column)));
                        }
                        batch
                    },
                    &self.teller.trouble(place),
                )
                .await;
            if let (Err(fault), Some(range)) = (&outcome, &self.range)
                && fault.kind == FaultKind::Refused
            {
                range.check().await?;
            }
            match outcome {
                Ok(done) => {
                    self.size.took(rows.len(), started.elapsed());
                    let written = rows.len() as u64;
                    self.range.iter().for_each(|range| range.dealt_with(written));
                    self.unkeyed.counted = self.unkeyed.counted.map(|rows| rows + written);
                    self.teller.entity(self.place, |progress| progress.written += written);
                    for (index, row) in read_rows.iter().enumerate() {
                        let destination = match &own {
                            Some(own) => own[index].clone(),
                            None if generated.is_some() => Value::from(done.ids[index]),
                            None => Value::Null,
                        };
                        pairs.push((*row, source_keys[index].clone(), destination));
                    }
                }
                // A rule may bear with them only once all rows are there.
                Err(fault) if !backward.is_empty() && may_be_by_reference(&fault) => {
                    is_without = true;
                    pending.push(rows);
                }
                Err(fault) if calls_for_halves(&fault, rows.len()) => {
                    if fault.kind == FaultKind::Retry {
                        self.size.shrink();
                    }
                    // The later half waits, so that ids stay in the order of the source.
                    let (first, second) = rows.split_at(rows.len() / 2);
                    pending.push(second.to_vec());
                    pending.push(first.to_vec());
                }
                Err(fault) if fault.kind == FaultKind::Refused => {
                    self.range.iter().for_each(|range| range.dealt_with(1));
                    let key = source_keys.first().cloned().unwrap_or(Value::Null);
                    self.leave_out(&refused_row(self.plan, self.place, key, fault), carried)?;
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}

/// Whether rows may have been refused for what they refer to.
fn may_be_by_reference(fault: &Fault) -> bool {
    use RefusalClass::{NotNull, TooLong, Unique, Value};
    let class = fault.refusal.as_ref().map(|refusal| refusal.class);
    fault.kind == FaultKind::Refused && !matches!(class, Some(NotNull | TooLong | Unique | Value))
}

/// What the journal is to know of rows carried over before COMMIT.
pub(super) fn record(
    remapped: &Remapped,
    place: usize,
    read_rows: &[usize],
    source_keys: &[Value],
    destination: Vec<Value>,
    digest: u128,
    session: &str,
) -> NewBatch {
    // Most batches have neither.
    let is_needed = !(remapped.emptied.is_empty() && remapped.deferred.is_empty());
    let at: HashMap<usize, usize> = match is_needed {
        true => read_rows.iter().enumerate().map(|(index, row)| (*row, index)).collect(),
        false => HashMap::new(),
    };
    let emptied = remapped
        .emptied
        .iter()
        .filter(|(row, _)| at.contains_key(row))
        .map(|(_, cell)| cell.clone())
        .collect();
    let deferred = remapped
        .deferred
        .iter()
        .filter_map(|(row, cell)| {
            let mut cell = cell.clone();
            cell.row = *at.get(row)?;
            Some(cell)
        })
        .collect();
    NewBatch {
        entity: Some(place),
        source_keys: Keys::of(source_keys.iter().filter(|key| !key.is_null()).cloned()),
        destination_keys: Keys::of(destination),
        digest,
        emptied,
        deferred,
        ..NewBatch::new(BatchKind::Insert, session, read_rows.len() as u64)
    }
}

/// Where rows were inserted, and by what they are known again.
pub(in super::super) fn written_to(
    target: &InsertTarget,
    key: Option<ColumnRef>,
    done: &Done,
) -> WrittenTo {
    let key = given_key(target).or(key);
    let columns = match done.hashes.is_empty() {
        true => Vec::new(),
        false => telling_columns(target, key.as_ref().map(|key| key.name.as_str())),
    };
    WrittenTo { table: target.table.clone(), key, columns }
}
