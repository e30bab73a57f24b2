//! One entity: read in key order, remap, write, and know whose id became whose.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::control::Control;
use super::journal::{BatchKind, Keys, LeftOutRow, NewBatch, WrittenTo};
use super::operation::{Done, Operation, given_key, telling_columns};
use super::past::PastEntity;
use super::progress::{EntityState, Teller};
use super::reader::{BATCH_BYTES, Read, Reader, key_of, request};
use super::reading::Reading;
use super::remap::{Carried, Maps, Remapped, came_twice, fold, remap};
use super::session::WriteSession;
use super::story::Story;
use super::unkeyed::Unkeyed;
use crate::database::{
    Batch, ColumnRef, Destination, Fault, FaultKind, Filter, InsertTarget, Result, ScanRequest,
    Source, Value,
};
use crate::outsystems::SourceId;
use crate::plan::{EntityPlan, ExistingPlan, IdentifierPlan, Plan};
use crate::proof::{Canonical, combine};

/// What loading an entity needs.
pub(super) struct Load<'a> {
    pub(super) plan: &'a Plan,
    pub(super) place: usize,
    pub(super) source: Arc<dyn Source>,
    pub(super) reading: &'a Reading,
    pub(super) destination: &'a Arc<dyn Destination>,
    pub(super) story: &'a Story,
    /// What was done of it before this stretch of the run.
    pub(super) past: Arc<PastEntity>,
    pub(super) maps: &'a Maps,
    pub(super) teller: &'a Teller,
    pub(super) control: Control,
    pub(super) session: &'a mut WriteSession,
    pub(super) unkeyed: Unkeyed,
    /// Rows above this id came after the run had started and are not read.
    pub(super) mark: Option<SourceId>,
}

impl<'a> Load<'a> {
    pub(super) fn entity(&self) -> &'a EntityPlan {
        &self.plan.entities[self.place]
    }

    /// Carries the entity's rows over.
    pub(super) async fn run(mut self) -> Result<Carried> {
        self.teller.state(self.place, EntityState::Writing);
        let mut known = self.recognisable().await?;
        let mut carried = Carried::clone(&self.past.carried);
        self.unkeyed.written.clone_from(&self.past.written);
        self.unkeyed.counted = self.count_before().await?;
        if self.entity().key_column().is_none() {
            self.story.recorder.forget_left_out(self.place)?;
        }
        let name = self.entity().name.clone();
        let mut batches = self.read_ahead().await?;
        // Rows that nothing tells apart are all read again.
        let mut rows = carried.map.len() + carried.left_out.len() as u64;
        loop {
            let next = batches.recv().await.unwrap_or_else(|| {
                Err(Fault::new(FaultKind::Other, "the reader ended before the last row"))
            });
            let next = next.map_err(|fault| fault.while_doing(format!("reading {name}")))?;
            let Some((batch, hashes)) = next else { break };
            self.control.between_batches().await?;
            let last = key_of(self.entity(), &batch, batch.len().saturating_sub(1));
            let (batch, hashes) = self.unknown(batch, hashes)?;
            rows += batch.len() as u64;
            self.teller.entity(self.place, |progress| progress.read = rows);
            self.carry(batch, &hashes, known.as_mut(), &mut carried)
                .await
                .map_err(|fault| fault.while_doing(format!("writing {name}")))?;
            if !last.is_null() {
                self.story.recorder.reached(self.place, &last)?;
            }
        }
        self.sweep(rows, known.as_mut(), &mut carried)
            .await
            .map_err(|fault| fault.while_doing(format!("reading {name} to its end")))?;
        self.teller.state(self.place, EntityState::Done);
        Ok(carried)
    }

    /// The number of rows that a table has whose rows nothing tells apart.
    async fn count_before(&self) -> Result<Option<u64>> {
        match self.entity().key_column() {
            Some(_) => Ok(None),
            None => {
                let table = &self.entity().destination_table;
                self.destination.count(table, &Filter::All).await.map(Some)
            }
        }
    }

    /// The rows of a batch that were not dealt with before this stretch of the run.
    fn unknown(&self, batch: Batch, hashes: Vec<u128>) -> Result<(Batch, Vec<u128>)> {
        if self.past.is_empty() || self.entity().key_column().is_none() {
            return Ok((batch, hashes));
        }
        let new: Vec<usize> = (0..batch.len())
            .filter(|row| !self.past.knows(&key_of(self.entity(), &batch, *row)))
            .collect();
        if new.len() == batch.len() {
            return Ok((batch, hashes));
        }
        let hashes = new.iter().map(|row| hashes[*row]).collect();
        Ok((batch.select(&new)?, hashes))
    }

    /// Starts reading; a bounded channel keeps the reader at most a few batches ahead.
    async fn read_ahead(&mut self) -> Result<mpsc::Receiver<Result<Read>>> {
        let after = self.past.reached.clone();
        let request = request(self.plan, self.place, self.mark, after)?;
        let reader = Reader {
            source: Arc::clone(&self.source),
            canonical: Canonical::for_source(self.plan, self.place),
            // An instant does not come back with its connection.
            waits: !self.reading.is_one_instant(),
            note: self.story.note(),
            trouble: Box::new(self.teller.trouble(self.place)),
            request,
        };
        reader.start().await
    }

    /// Where rows are recognised by key values: the destination's rows by these values.
    async fn recognisable(&mut self) -> Result<Option<HashMap<String, Value>>> {
        let ExistingPlan::Recognise { key, .. } = &self.entity().existing else { return Ok(None) };
        let Some(identifier) = self.entity().destination_key() else { return Ok(None) };
        let mut columns = vec![ColumnRef::from(identifier)];
        columns.extend(
            key.iter().map(|place| ColumnRef::from(&self.entity().columns[*place].destination)),
        );
        let mut scan = self
            .destination
            .scan(ScanRequest {
                table: self.entity().destination_table.clone(),
                columns,
                filter: Filter::All,
                key: Some(identifier.name.clone()),
                after: None,
                batch_rows: 4000,
                batch_bytes: BATCH_BYTES,
            })
            .await?;
        let mut known = HashMap::new();
        while let Some(batch) = scan.next().await? {
            for row in 0..batch.len() {
                let values: Vec<Value> = (1..batch.columns().len())
                    .map(|column| batch.column(column).value(row))
                    .collect();
                known.insert(joined(&values), batch.column(0).value(row));
            }
        }
        Ok(Some(known))
    }

    pub(super) async fn carry(
        &mut self,
        batch: Batch,
        hashes: &[u128],
        known: Option<&mut HashMap<String, Value>>,
        carried: &mut Carried,
    ) -> Result<()> {
        let remapped = remap(self.plan, self.place, &batch, self.maps)?;
        for row in &remapped.left_out {
            self.leave_out(row, carried)?;
        }
        let entity = self.entity();
        let key = |row: usize| key_of(entity, &batch, row);
        // Pairs of source and destination key, with the place of the row in the batch.
        let mut pairs: Vec<(usize, Value, Value)> = Vec::with_capacity(remapped.kept.len());
        let mut new: Vec<usize> = (0..remapped.kept.len()).collect();
        if let Some(known) = known {
            let ExistingPlan::Recognise { key: parts, .. } = &self.entity().existing else {
                return Ok(());
            };
            let mut found = Vec::new();
            new.retain(|place| {
                let values: Vec<Value> =
                    parts.iter().map(|part| remapped.batch.column(*part).value(*place)).collect();
                match known.get(&joined(&values)) {
                    Some(id) => {
                        found.push((remapped.kept[*place], key(remapped.kept[*place]), id.clone()));
                        false
                    }
                    None => true,
                }
            });
            self.recognise(&found, hashes).await?;
            pairs.extend(found);
        }
        if self.entity().key_column().is_none() {
            self.unkeyed.leave_off(&remapped, &mut new);
        }
        self.insert(&remapped, &new, &key, hashes, &mut pairs, carried).await?;
        pairs.sort_by_key(|(row, _, _)| *row);
        for (_, source, destination) in pairs {
            if !carried.keep(&source, &destination) {
                return Err(came_twice(self.entity()));
            }
        }
        Ok(())
    }

    fn leave_out(&self, row: &LeftOutRow, carried: &mut Carried) -> Result<()> {
        self.story.recorder.leave_out(row)?;
        carried.left_out.insert(fold(&row.key), row.planned);
        self.teller.entity(self.place, |progress| {
            if row.planned {
                progress.left_out += 1;
            } else {
                progress.rejected += 1;
                progress.trouble = Some(row.reason.clone());
            }
        });
        Ok(())
    }

    /// Notes rows that the destination has already. Nothing is written to it.
    async fn recognise(&self, found: &[(usize, Value, Value)], hashes: &[u128]) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        let rows = found.len() as u64;
        let batch = NewBatch {
            entity: Some(self.place),
            source_keys: Keys::of(found.iter().map(|(_, source, _)| source.clone())),
            destination_keys: Keys::of(found.iter().map(|(_, _, id)| id.clone())),
            digest: combine(found.iter().map(|(row, _, _)| hashes[*row])),
            ..NewBatch::new(BatchKind::Recognise, "", rows)
        };
        let number = self.story.recorder.next_batch();
        let _ = self.story.recorder.prepare(number, Arc::new(batch)).await?;
        self.story.recorder.committed(number)?;
        self.teller.entity(self.place, |progress| progress.recognised += rows);
        Ok(())
    }

    /// Inserts rows; a row that the server refuses is searched by halves and left behind.
    async fn insert(
        &mut self,
        remapped: &Remapped,
        new: &[usize],
        key: &(dyn Fn(usize) -> Value + Sync),
        hashes: &[u128],
        pairs: &mut Vec<(usize, Value, Value)>,
        carried: &mut Carried,
    ) -> Result<()> {
        let entity = self.entity();
        let generated = match &entity.identifier {
            IdentifierPlan::Generated { destination, .. } => Some(destination.name.clone()),
            _ => None,
        };
        let own_key = entity.destination_key().and_then(|key| {
            entity.columns.iter().position(|column| column.destination.name == key.name)
        });
        let mut columns: Vec<_> =
            entity.columns.iter().map(|column| column.destination.clone()).collect();
        columns.extend(entity.constants.iter().map(|(column, _)| column.clone()));
        let target = InsertTarget {
            table: entity.destination_table.clone(),
            columns,
            identity: generated.clone(),
        };
        let mut pending: Vec<Vec<usize>> = Vec::new();
        if !new.is_empty() {
            pending.push(new.to_vec());
        }
        while let Some(rows) = pending.pop() {
            let batch = if rows.len() == remapped.kept.len() {
                remapped.batch.clone()
            } else {
                remapped.batch.select(&rows)?
            };
            let source_keys: Vec<Value> =
                rows.iter().map(|place| key(remapped.kept[*place])).collect();
            let own: Option<Vec<Value>> = own_key.filter(|_| generated.is_none()).map(|column| {
                (0..batch.len()).map(|row| batch.column(column).value(row)).collect()
            });
            let own_column = entity
                .destination_key()
                .zip(own_key.filter(|_| generated.is_none()))
                .map(|(key, place)| (ColumnRef::from(key), place));
            let read_rows: Vec<usize> = rows.iter().map(|place| remapped.kept[*place]).collect();
            let digest = combine(read_rows.iter().map(|row| hashes[*row]));
            let operation =
                Operation::Insert { target: &target, batch: &batch, key: own_column.clone() };
            let (place, before) = (self.place, self.unkeyed.counted);
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
                        NewBatch {
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
                        }
                    },
                    &self.teller.trouble(place),
                )
                .await;
            match outcome {
                Ok(done) => {
                    let written = rows.len() as u64;
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
                Err(fault)
                    if matches!(fault.kind, FaultKind::Refused | FaultKind::Retry)
                        && rows.len() > 1 =>
                {
                    // The later half waits, so that ids stay in the order of the source.
                    let (first, second) = rows.split_at(rows.len() / 2);
                    pending.push(second.to_vec());
                    pending.push(first.to_vec());
                }
                Err(fault) if fault.kind == FaultKind::Refused => {
                    let row = LeftOutRow {
                        entity: self.place,
                        key: source_keys.first().cloned().unwrap_or(Value::Null),
                        reason: fault.what,
                        planned: false,
                        code: fault.code,
                    };
                    self.leave_out(&row, carried)?;
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}

/// What the journal is to know of an insert before COMMIT.
fn record(
    remapped: &Remapped,
    place: usize,
    read_rows: &[usize],
    source_keys: &[Value],
    destination: Vec<Value>,
    digest: u128,
    session: &str,
) -> NewBatch {
    let at: HashMap<usize, usize> =
        read_rows.iter().enumerate().map(|(index, row)| (*row, index)).collect();
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
pub(super) fn written_to(target: &InsertTarget, key: Option<ColumnRef>, done: &Done) -> WrittenTo {
    let key = given_key(target).or(key);
    let columns = match done.hashes.is_empty() {
        true => Vec::new(),
        false => telling_columns(target, key.as_ref().map(|key| key.name.as_str())),
    };
    WrittenTo { table: target.table.clone(), key, columns }
}

/// Several values as one key, without case.
fn joined(values: &[Value]) -> String {
    let mut key = String::new();
    for value in values {
        let folded = fold(value);
        key.push_str(&format!("{}:{folded};", folded.len()));
    }
    key
}
