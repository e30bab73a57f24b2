//! Our rows go, children before their parents.

use std::collections::HashSet;

use super::super::journal::{BatchKind, BatchRecord, Journal, Keys, NewBatch, WrittenTo};
use super::super::operation::{Done, Operation};
use super::super::past::entity_step;
use super::Undoing;
use super::ours::ADDED;
use crate::database::{
    Batch, Column, ColumnRef, ColumnShape, Filter, Removal, Result, UpdateTarget, Value,
};
use crate::plan::Rule;

impl Undoing<'_> {
    /// Empties the references that were set in the second pass, so that rows that refer to one
    /// another in a circle can go one after the other. That is done of all that had to wait: what
    /// became of the last batch of a second pass that was interrupted is not always known.
    pub(super) async fn clear_references(&mut self, journal: &Journal) -> Result<()> {
        let plan = self.plan;
        for place in 0..plan.entities.len() {
            if journal.finished(&entity_step(place))?.is_none() {
                // The second pass starts when all rows are there.
                return Ok(());
            }
        }
        let done: HashSet<(i64, String)> = journal
            .of_kind(BatchKind::UndoClear)?
            .iter()
            .filter_map(|batch| Some((batch.origin?, cleared_column(batch)?)))
            .collect();
        for (place, entity) in plan.entities.iter().enumerate() {
            let Some(key) = entity.destination_key() else { continue };
            for (column, planned) in entity.columns.iter().enumerate() {
                let Rule::Reference(rule) = &planned.rule else { continue };
                if !rule.is_deferred {
                    continue;
                }
                let late = Late { place, key, column: &planned.destination, none: &rule.none };
                let mut after = 0;
                while let Some(set) = journal.deferred(place, column, after)? {
                    after = set.batch;
                    if done.contains(&(after, late.column.name.clone())) {
                        continue;
                    }
                    self.control.between_batches().await?;
                    let keys = set.cells.into_iter().map(|(_, key, _)| key).collect();
                    self.clear_batch(&late, after, keys).await.map_err(|fault| {
                        fault.while_doing(format!("emptying references of {}", entity.name))
                    })?;
                }
            }
        }
        Ok(())
    }

    async fn clear_batch(&mut self, late: &Late<'_>, origin: i64, keys: Vec<Value>) -> Result<()> {
        let entity = &self.plan.entities[late.place];
        let going = self.going(&entity.destination_table, keys);
        if going.is_empty() {
            return Ok(());
        }
        self.doing(format!("emptying references of {}", entity.name));
        let mut keys = Column::for_type(&late.key.data_type)?;
        let mut values = Column::for_type(&late.column.data_type)?;
        for id in &going {
            keys.push(id)?;
            values.push(late.none)?;
        }
        let target = UpdateTarget {
            table: entity.destination_table.clone(),
            key: late.key.clone(),
            columns: vec![late.column.clone()],
        };
        let rows = Batch::new(vec![keys, values])?;
        self.write(
            &Operation::Update { target: &target, batch: &rows },
            NewBatch {
                entity: Some(late.place),
                written_to: Some(WrittenTo {
                    table: entity.destination_table.clone(),
                    key: Some(ColumnRef::from(late.key)),
                    columns: vec![ColumnRef::from(late.column)],
                }),
                destination_keys: Keys::of(going.iter().cloned()),
                origin: Some(origin),
                ..NewBatch::new(BatchKind::UndoClear, "", going.len() as u64)
            },
        )
        .await
        .map(drop)
    }

    /// Deletes our rows, the last written first.
    pub(super) async fn take_out(&mut self) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        let done = journal.origins(BatchKind::UndoInsert)?;
        let mut before = i64::MAX;
        while let Some(batch) = journal.previous_batch(&ADDED, before)? {
            before = batch.id;
            let Some(to) = &batch.written_to else { continue };
            // Rows without a key are out already.
            let Some(key) = &to.key else { continue };
            if done.contains(&batch.id) {
                self.done(batch.rows);
                continue;
            }
            self.control.between_batches().await?;
            let what = format!("taking rows of {} out", to.table);
            self.doing(what.clone());
            self.take_out_batch(&batch, to, key).await.map_err(|fault| fault.while_doing(what))?;
        }
        Ok(())
    }

    async fn take_out_batch(
        &mut self,
        batch: &BatchRecord,
        to: &WrittenTo,
        key: &ColumnRef,
    ) -> Result<()> {
        let going = self.going(&to.table, batch.destination_keys.iter().collect());
        if going.is_empty() {
            return Ok(());
        }
        let removal = Removal {
            table: to.table.clone(),
            filter: Filter::AnyOf(key.name.clone(), going.clone()),
            limit: going.len(),
            key: Some(key.name.clone()),
            returning: vec![key.clone()],
        };
        self.write(
            &Operation::Delete { removal: &removal, keep: false, expect: None },
            NewBatch {
                entity: batch.entity,
                written_to: Some(WrittenTo { columns: Vec::new(), ..to.clone() }),
                destination_keys: Keys::of(going.iter().cloned()),
                origin: Some(batch.id),
                ..NewBatch::new(BatchKind::UndoInsert, "", going.len() as u64)
            },
        )
        .await?;
        self.done(going.len() as u64);
        Ok(())
    }

    /// One transaction, with what the journal is to know of it.
    pub(super) async fn write(
        &mut self,
        operation: &Operation<'_>,
        batch: NewBatch,
    ) -> Result<Done> {
        let progress = self.progress;
        self.session
            .write(
                operation,
                &mut |done, session| NewBatch {
                    session: session.to_owned(),
                    rows: done.rows,
                    hashes: done.hashes.clone(),
                    ..batch.clone()
                },
                &|trouble| {
                    progress.send_modify(|progress| progress.trouble = Some(trouble.to_owned()));
                },
            )
            .await
    }
}

/// A column whose references had to wait.
struct Late<'a> {
    place: usize,
    key: &'a ColumnShape,
    column: &'a ColumnShape,
    /// What stands for "none" in it.
    none: &'a Value,
}

/// The column that a batch has emptied.
fn cleared_column(batch: &BatchRecord) -> Option<String> {
    Some(batch.written_to.as_ref()?.columns.first()?.name.clone())
}
