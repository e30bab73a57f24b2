//! Our rows go, children before their parents.

use std::collections::{HashMap, HashSet};

use super::super::journal::{BatchKind, BatchRecord, Journal, Keys, NewBatch, WrittenTo};
use super::super::operation::{Done, Operation, row_hashes};
use super::super::past::entity_step;
use super::Undoing;
use super::ours::ADDED;
use crate::database::{
    Batch, Column, ColumnRef, ColumnShape, FaultKind, Filter, Removal, Result, ScanRequest,
    UpdateTarget, Value,
};
use crate::plan::Rule;

/// Rows of a page.
const PAGE_ROWS: usize = 10_000;
const PAGE_BYTES: usize = 8 << 20;

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
            let has_key = batch.written_to.as_ref().is_some_and(|to| to.key.is_some());
            if has_key && done.contains(&batch.id) {
                self.done(batch.rows);
                continue;
            }
            self.control.between_batches().await?;
            let name = match &batch.written_to {
                Some(to) => to.table.to_string(),
                None => continue,
            };
            self.doing(format!("taking rows of {name} out"));
            self.take_out_batch(&batch)
                .await
                .map_err(|fault| fault.while_doing(format!("taking rows of {name} out")))?;
        }
        Ok(())
    }

    async fn take_out_batch(&mut self, batch: &BatchRecord) -> Result<()> {
        let Some(to) = &batch.written_to else { return Ok(()) };
        let Some(key) = &to.key else { return self.take_out_unkeyed(batch, to).await };
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

    /// Rows that nothing but their content tells from others: as many as we wrote go, of each.
    async fn take_out_unkeyed(&mut self, batch: &BatchRecord, to: &WrittenTo) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        let step = format!("unkeyed {}", batch.id);
        if journal.finished(&step)?.is_some() {
            return Ok(());
        }
        let mut wanted: HashMap<u128, usize> = HashMap::new();
        for hash in &batch.hashes {
            *wanted.entry(*hash).or_default() += 1;
        }
        // What an earlier attempt has taken out is not taken out again.
        for hash in undone_hashes(&journal, batch.id)? {
            if let Some(left) = wanted.get_mut(&hash) {
                *left = left.saturating_sub(1);
            }
        }
        for (hash, (values, times)) in self.found_equal(to, &mut wanted).await? {
            self.take_out_equal(batch, to, hash, &values, times).await?;
        }
        let missing: usize = wanted.values().sum();
        if missing > 0 {
            self.not_found(to, missing)?;
        }
        self.story.recorder.step(&step, 1).await
    }

    /// The content of rows that are as we wrote them, with how many of each; what is not found
    /// stays in `wanted`.
    async fn found_equal(
        &self,
        to: &WrittenTo,
        wanted: &mut HashMap<u128, usize>,
    ) -> Result<HashMap<u128, (Vec<Value>, usize)>> {
        let mut scan = self
            .destination
            .scan(ScanRequest {
                table: to.table.clone(),
                columns: to.columns.clone(),
                filter: Filter::All,
                key: None,
                after: None,
                batch_rows: PAGE_ROWS,
                batch_bytes: PAGE_BYTES,
            })
            .await?;
        let mut going: HashMap<u128, (Vec<Value>, usize)> = HashMap::new();
        while let Some(page) = scan.next().await? {
            for (row, hash) in row_hashes(&page).into_iter().enumerate() {
                let Some(left) = wanted.get_mut(&hash).filter(|left| **left > 0) else { continue };
                *left -= 1;
                let values = || page.columns().iter().map(|column| column.value(row)).collect();
                going.entry(hash).or_insert_with(|| (values(), 0)).1 += 1;
            }
        }
        Ok(going)
    }

    /// Says that rows of ours are not as they were written, so that nobody can tell which they are.
    fn not_found(&mut self, to: &WrittenTo, missing: usize) -> Result<()> {
        let name = self.ours.table(&to.table).map(|own| own.name.clone());
        let found = self.result.tables.iter_mut().find(|known| Some(&known.name) == name.as_ref());
        if let Some(found) = found {
            found.removed = found.removed.saturating_sub(missing as u64);
            found.left += missing as u64;
        }
        self.story.tell(&format!(
            "{}: {missing} rows of ours are not there as they were written; they stay, or are gone",
            to.table
        ))
    }

    /// Deletes so many rows with this content and no other.
    async fn take_out_equal(
        &mut self,
        batch: &BatchRecord,
        to: &WrittenTo,
        hash: u128,
        values: &[Value],
        times: usize,
    ) -> Result<()> {
        let equal = to.columns.iter().zip(values).map(|(column, value)| match value {
            Value::Null => Filter::IsNull(column.name.clone()),
            value => Filter::Equals(column.name.clone(), value.clone()),
        });
        let removal = Removal {
            table: to.table.clone(),
            filter: Filter::And(equal.collect()),
            limit: times,
            key: None,
            returning: to.columns.clone(),
        };
        let counted = self.destination.count(&to.table, &Filter::All).await?;
        let done = match self
            .write(
                // Texts are compared without case in the database; that will not do here.
                &Operation::Delete { removal: &removal, keep: false, expect: Some(hash) },
                NewBatch {
                    entity: batch.entity,
                    written_to: Some(WrittenTo { columns: Vec::new(), ..to.clone() }),
                    counted: Some(counted),
                    hashes: vec![hash; times],
                    origin: Some(batch.id),
                    ..NewBatch::new(BatchKind::UndoInsert, "", times as u64)
                },
            )
            .await
        {
            Ok(done) => done,
            // They cannot be told from rows of others.
            Err(fault) if fault.kind == FaultKind::Data => return self.not_found(to, times),
            Err(fault) => return Err(fault),
        };
        self.done(done.rows);
        match (times as u64).saturating_sub(done.rows) {
            0 => Ok(()),
            // Somebody was quicker.
            gone => self.not_found(to, gone as usize),
        }
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
                    hashes: match done.hashes.is_empty() {
                        true => batch.hashes.iter().take(done.rows as usize).copied().collect(),
                        false => done.hashes.clone(),
                    },
                    ..batch.clone()
                },
                &|trouble| {
                    progress.send_modify(|progress| progress.trouble = Some(trouble.to_owned()));
                },
            )
            .await
    }
}

/// Hashes of rows that have been taken out of what a batch has written.
pub(super) fn undone_hashes(journal: &Journal, batch: i64) -> Result<Vec<u128>> {
    let undone = journal.of_origin(BatchKind::UndoInsert, batch)?;
    Ok(undone.into_iter().flat_map(|batch| batch.hashes).collect())
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
