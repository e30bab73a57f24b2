//! Rows that took values of ours get back what they held.
//!
//! That is done in two steps. Their references go first: one that leads to a row of ours would hold
//! that row back. Everything else comes last: a value that a unique index allows once may be in a
//! row of ours, or with a row that is only about to come back.

use std::collections::HashSet;

use super::super::journal::{BatchKind, BatchRecord, Image, Keys, NewBatch, WrittenTo};
use super::super::operation::{Operation, by_key, folded};
use super::super::retry::calls_for_halves;
use super::Undoing;
use crate::database::{
    Batch, ColumnRef, ColumnShape, Fault, FaultKind, Filter, Result, RowsRequest, UpdateTarget,
    Value, same_name,
};
use crate::plan::Rule;

/// What is set in a batch, and whether that is all of it.
struct Setting<'a> {
    batch: &'a BatchRecord,
    target: UpdateTarget,
    is_all: bool,
}

impl Undoing<'_> {
    /// Has the references of rows that took values of ours lead again where they led.
    pub(super) async fn set_own_references(&mut self) -> Result<()> {
        self.set_all(false).await
    }

    /// Gives rows that took values of ours everything back.
    pub(super) async fn set_own_values(&mut self) -> Result<()> {
        self.set_all(true).await
    }

    /// The last changed first: what a row gives up may be what one that was changed before it held.
    async fn set_all(&mut self, is_all: bool) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        let done = journal.origins(BatchKind::UndoUpdate)?;
        let mut before = i64::MAX;
        while let Some(batch) = journal.previous_batch(&[BatchKind::Change], before)? {
            before = batch.id;
            if done.contains(&batch.id) {
                if is_all {
                    self.done(batch.rows);
                }
                continue;
            }
            self.control.between_batches().await?;
            self.set_own(&batch, is_all).await?;
        }
        Ok(())
    }

    async fn set_own(&mut self, batch: &BatchRecord, is_all: bool) -> Result<()> {
        let Some(to) = &batch.written_to else { return Ok(()) };
        let image = match self.image(batch).await {
            Ok(Some(image)) => image,
            Err(fault) if !matches!(fault.kind, FaultKind::NotFound | FaultKind::Data) => {
                return Err(fault);
            }
            _ if !is_all => return Ok(()),
            Ok(None) => {
                self.lost(batch, to, "what they held is not kept");
                return Ok(());
            }
            Err(fault) => {
                self.lost(batch, to, &fault.what);
                return Ok(());
            }
        };
        let places = self.places(batch, &image, is_all);
        let columns = self.columns_now(to, &image.columns).await?;
        let Some(key) = columns.first().filter(|_| !places.is_empty()) else { return Ok(()) };
        let set: Vec<ColumnShape> = places.iter().map(|place| columns[*place].clone()).collect();
        self.doing(format!("giving rows of {} back what they held", to.table));
        // Entities' rows that somebody has changed since are told before anything is undone.
        let touched = match batch.entity {
            None => self.touched(batch, to, &image).await?,
            Some(_) => HashSet::new(),
        };
        let key_of = |row: usize| image.rows.column(0).value(row);
        let going: Vec<usize> = (0..image.rows.len())
            .filter(|row| !self.left.contains(&to.table, &key_of(*row)))
            .filter(|row| !touched.contains(&folded(&key_of(*row))))
            .collect();
        let rows = image.rows.select(&going)?;
        let kept = [0].iter().chain(&places).map(|place| rows.column(*place).clone());
        let rows = Batch::new(kept.collect())?;
        let target = UpdateTarget { table: to.table.clone(), key: key.clone(), columns: set };
        let what = format!("giving rows of {} back what they held", to.table);
        self.set_rows(&Setting { batch, target, is_all }, rows)
            .await
            .map_err(|fault| fault.while_doing(what))
    }

    /// The keys of rows that hold neither what was written nor what they held: somebody has changed
    /// them since, and they stay as they are.
    async fn touched(
        &mut self,
        batch: &BatchRecord,
        to: &WrittenTo,
        image: &Image,
    ) -> Result<HashSet<String>> {
        let Some(key) = &to.key else { return Ok(HashSet::new()) };
        let request = RowsRequest {
            table: to.table.clone(),
            columns: image.columns.clone(),
            filter: Filter::AnyOf(key.name.clone(), batch.destination_keys.iter().collect()),
            order_by: None,
            limit: None,
        };
        let now = by_key(&self.destination.rows(&request).await?);
        let was = by_key(&image.rows);
        let mut touched = HashSet::new();
        for (key, written) in batch.destination_keys.iter().zip(&batch.hashes) {
            let folded = folded(&key);
            let hash = now.get(&folded);
            if hash.is_some_and(|hash| hash == written || Some(hash) == was.get(&folded)) {
                continue;
            }
            let what = "it has changed since the run, or is gone: it stays as it is";
            self.not_restored(&to.table, &key.to_string(), &Fault::new(FaultKind::Changed, what));
            touched.insert(folded);
        }
        Ok(touched)
    }

    /// The places in an image of what is set: all but the key, or the references.
    fn places(&self, batch: &BatchRecord, image: &Image, is_all: bool) -> Vec<usize> {
        let entity = batch.entity.and_then(|place| self.plan.entities.get(place));
        let is_reference = |column: &ColumnRef| {
            entity.is_some_and(|entity| {
                entity.columns.iter().any(|planned| {
                    same_name(&planned.destination.name, &column.name)
                        && matches!(planned.rule, Rule::Reference(_))
                })
            })
        };
        let columns = image.columns.iter().enumerate().skip(1);
        columns
            .filter(|(_, column)| is_all || is_reference(column))
            .map(|(place, _)| place)
            .collect()
    }

    async fn set_rows(&mut self, setting: &Setting<'_>, rows: Batch) -> Result<()> {
        let Setting { batch, target, is_all } = setting;
        let all = rows.len();
        let mut pending = vec![rows];
        while let Some(rows) = pending.pop() {
            if rows.is_empty() {
                continue;
            }
            let keys = (0..rows.len()).map(|row| rows.column(0).value(row));
            let record = NewBatch {
                entity: batch.entity,
                written_to: Some(WrittenTo {
                    table: target.table.clone(),
                    key: Some(ColumnRef::from(&target.key)),
                    columns: target.columns.iter().map(ColumnRef::from).collect(),
                }),
                destination_keys: Keys::of(keys),
                // Doing it again does no harm where only a part of a batch was done.
                origin: (*is_all && rows.len() == all).then_some(batch.id),
                ..NewBatch::new(BatchKind::UndoUpdate, "", rows.len() as u64)
            };
            match self.write(&Operation::Update { target, batch: &rows }, record).await {
                Ok(_) if *is_all => self.done(rows.len() as u64),
                Ok(_) => {}
                Err(fault) if calls_for_halves(&fault, rows.len()) => {
                    let places: Vec<usize> = (0..rows.len()).collect();
                    let (first, second) = places.split_at(rows.len() / 2);
                    pending.push(rows.select(second)?);
                    pending.push(rows.select(first)?);
                }
                // It may only wait for a value that another row has still.
                Err(fault) if fault.kind == FaultKind::Refused && !*is_all => {}
                Err(fault) if fault.kind == FaultKind::Refused => {
                    let key: Value = rows.column(0).value(0);
                    self.not_restored(&target.table, &key.to_string(), &fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}
