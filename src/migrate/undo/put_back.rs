//! What the run deleted or emptied comes back as it was.

use std::collections::HashSet;
use std::path::Path;

use super::super::delete::whole_row;
use super::super::journal::{
    BatchKind, BatchRecord, Image, Images, Journal, Keys, NewBatch, WrittenTo,
};
use super::super::operation::{Operation, folded, telling_columns};
use super::{NotRestored, Undoing, UndoneTable};
use crate::database::{
    Batch, Column, ColumnRef, ColumnShape, Destination, Fault, FaultKind, Filter, InsertTarget,
    Result, RowsRequest, TableName, TableShape, UpdateTarget, Value, same_name,
};
use crate::plan::Plan;

/// Rows that could not be put back and are named; the others are counted.
const NAMED: usize = 20;

/// Why rows cannot get back what they held.
pub(super) const NOT_KEPT: &str = "its rows as they were are not kept any more";

/// Whether a table would be as before after an undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// `Espace.Entity`.
    pub name: String,
    /// Rows that are deleted.
    pub deleted: u64,
    /// Why they could not come back as they were; empty where they can.
    pub inexact: String,
    /// Whether an undo then writes a script that brings them back.
    pub in_script: bool,
}

/// Says of each table whose rows a plan deletes whether an undo could bring them back: for the
/// review, before anything is written (`design.md` decision 18).
pub async fn forecast(plan: &Plan, destination: &dyn Destination) -> Result<Vec<Outlook>> {
    let deleted = plan.deleted();
    let tables: Vec<_> = deleted.iter().map(|rows| rows.table.clone()).collect();
    let shapes = destination.shapes(&tables).await?;
    let rights = destination.rights(&tables).await?;
    let has_scripts = destination.script().is_some();
    let mut all = Vec::new();
    for (place, rows) in deleted.iter().enumerate() {
        let may_alter = rights.get(place).and_then(|rights| rights.alter) != Some(false);
        let (inexact, in_script) = match shapes.get(place) {
            _ if !plan.options.keep_before_images => {
                ("the plan does not keep rows as they were".to_owned(), false)
            }
            Some(Some(shape)) => {
                let is_moved = whole_row(shape).is_some();
                let inexact = obstacle(shape, may_alter).unwrap_or_default();
                let in_script = is_moved && !inexact.is_empty() && has_scripts;
                (inexact, in_script)
            }
            _ => ("its table is not there".to_owned(), false),
        };
        all.push(Outlook { name: rows.name.to_owned(), deleted: rows.rows, inexact, in_script });
    }
    let changed = plan.entities.iter().filter(|entity| !entity.existing.sets().is_empty());
    for entity in changed.filter(|_| !plan.options.keep_before_images) {
        all.push(Outlook {
            name: entity.name.clone(),
            deleted: 0,
            inexact: "the plan does not keep what rows held that take the values of ours"
                .to_owned(),
            in_script: false,
        });
    }
    Ok(all)
}

/// Why rows of a table cannot be put back as they were.
fn obstacle(shape: &TableShape, may_alter: bool) -> Option<String> {
    if whole_row(shape).is_none() {
        return Some("a column of it has a type whose values are not moved".to_owned());
    }
    // Rows under their own ids need IDENTITY_INSERT.
    (shape.identity().is_some() && !may_alter)
        .then(|| "putting rows back under their own ids needs ALTER on the table".to_owned())
}

/// What an undo of this run puts back, by table, with what is in its way.
pub(super) async fn outlook(
    plan: &Plan,
    journal: &Journal,
    destination: &dyn Destination,
    folder: &Path,
) -> Result<Vec<UndoneTable>> {
    let mut all = Vec::new();
    let forecast = forecast(plan, destination).await?;
    for rows in plan.deleted() {
        let restored = match rows.place {
            Some(place) => journal.rows_of(place, BatchKind::Delete)?,
            None => journal.rows_outside(rows.table, BatchKind::Delete)?,
        };
        if restored == 0 {
            continue;
        }
        let known = forecast.iter().find(|outlook| outlook.name == rows.name);
        let mut inexact = known.map(|outlook| outlook.inexact.clone()).unwrap_or_default();
        let mut in_script = known.is_some_and(|outlook| outlook.in_script);
        if !Images::are_there(folder) && (inexact.is_empty() || in_script) {
            inexact = NOT_KEPT.to_owned();
            in_script = false;
        }
        all.push(UndoneTable {
            name: rows.name.to_owned(),
            restored: if inexact.is_empty() { restored } else { 0 },
            scripted: if in_script { restored } else { 0 },
            inexact,
            ..Default::default()
        });
    }
    Ok(all)
}

/// Whose rows a batch has deleted, in words.
pub(super) fn name_of<'a>(plan: &'a Plan, batch: &BatchRecord) -> Option<&'a str> {
    if let Some(place) = batch.entity {
        return Some(&plan.entities[place].name);
    }
    let table = &batch.written_to.as_ref()?.table;
    plan.outside.iter().find(|outside| outside.table == *table).map(|one| one.name.as_str())
}

/// The places, in the image of a batch that deleted rows, of those that are back.
pub(super) fn places_done(journal: &Journal, batch: &BatchRecord) -> Result<HashSet<i64>> {
    let back = journal.of_origin(BatchKind::UndoDelete, batch.id)?;
    let places =
        back.iter().flat_map(|part| part.source_keys.iter().filter_map(|key| key.as_integer()));
    Ok(places.collect())
}

impl Undoing<'_> {
    /// Puts the rows back that the run deleted, the last deleted first: parents before children.
    pub(super) async fn put_back(&mut self) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        let begun = journal.origins(BatchKind::UndoDelete)?;
        let mut before = i64::MAX;
        while let Some(batch) = journal.previous_batch(&[BatchKind::Delete], before)? {
            before = batch.id;
            let Some(name) = name_of(self.plan, &batch).map(str::to_owned) else { continue };
            let is_possible = self
                .result
                .tables
                .iter()
                .any(|table| table.name == name && table.inexact.is_empty());
            if !is_possible {
                continue;
            }
            let done = match begun.contains(&batch.id) {
                true => places_done(&journal, &batch)?,
                false => HashSet::new(),
            };
            if done.len() as u64 == batch.rows {
                self.done(batch.rows);
                continue;
            }
            self.control.between_batches().await?;
            self.doing(format!("putting rows of {name} back"));
            self.put_back_batch(&batch, &done)
                .await
                .map_err(|fault| fault.while_doing(format!("putting rows of {name} back")))?;
        }
        Ok(())
    }

    pub(super) async fn image(&self, batch: &BatchRecord) -> Result<Option<Image>> {
        match (batch.image, &self.story.images) {
            (Some(image), Some(images)) => images.get(image).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Notes that the rows of a batch cannot come back.
    pub(super) fn lost(&mut self, batch: &BatchRecord, to: &WrittenTo, why: &str) {
        self.result.not_restored_rows += batch.rows;
        if self.result.not_restored.len() < NAMED {
            self.result.not_restored.push(NotRestored {
                row: format!("{} ({} rows of batch {})", to.table, batch.rows, batch.id),
                what: why.to_owned(),
                code: None,
            });
        }
    }

    /// Puts those rows of a batch back whose places in its image are not among those done.
    async fn put_back_batch(&mut self, batch: &BatchRecord, done: &HashSet<i64>) -> Result<()> {
        let Some(to) = &batch.written_to else { return Ok(()) };
        let image = match self.image(batch).await {
            Ok(Some(image)) => image,
            // The others can come back all the same.
            Ok(None) => {
                self.lost(batch, to, "what they were is not kept");
                return Ok(());
            }
            Err(fault) if matches!(fault.kind, FaultKind::NotFound | FaultKind::Data) => {
                self.lost(batch, to, &fault.what);
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        let columns = self.columns_now(to, &image.columns).await?;
        let key = to.key.as_ref().and_then(|key| {
            let place = columns.iter().position(|column| same_name(&column.name, &key.name))?;
            Some((key.clone(), place))
        });
        let mut missing = match &key {
            Some((key, place)) => self.missing(to, key, image.rows.column(*place)).await?,
            None => (0..image.rows.len()).collect(),
        };
        missing.retain(|row| !done.contains(&(*row as i64)));
        let target = InsertTarget { table: to.table.clone(), columns, identity: None };
        let mut pending = vec![missing];
        while let Some(rows) = pending.pop() {
            if rows.is_empty() {
                continue;
            }
            match self.put_back_rows(batch, &target, key.as_ref(), &image.rows, &rows).await {
                Ok(()) => self.done(rows.len() as u64),
                Err(fault)
                    if matches!(fault.kind, FaultKind::Refused | FaultKind::Retry)
                        && rows.len() > 1 =>
                {
                    let (first, second) = rows.split_at(rows.len() / 2);
                    pending.push(second.to_vec());
                    pending.push(first.to_vec());
                }
                Err(fault) if fault.kind == FaultKind::Refused => {
                    let id = key
                        .as_ref()
                        .zip(rows.first())
                        .map_or_else(String::new, |((_, at), row)| {
                            image.rows.column(*at).value(*row).to_string()
                        });
                    self.not_restored(&to.table, &id, &fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// The columns of an image as the table has them now.
    pub(super) async fn columns_now(
        &self,
        to: &WrittenTo,
        wanted: &[ColumnRef],
    ) -> Result<Vec<ColumnShape>> {
        let shape = self.destination.shape(&to.table).await?;
        wanted
            .iter()
            .map(|column| {
                shape.as_ref().and_then(|shape| shape.column(&column.name)).cloned().ok_or_else(
                    || {
                        Fault::new(
                            FaultKind::NotFound,
                            format!("{}.{} is not there any more", to.table, column.name),
                        )
                        .advise(
                            "Something was published since the run. Bring the column back, then \
                             undo again; what is done stays done.",
                        )
                    },
                )
            })
            .collect()
    }

    /// The rows of an image whose keys the table does not have.
    pub(super) async fn missing(
        &self,
        to: &WrittenTo,
        key: &ColumnRef,
        keys: &Column,
    ) -> Result<Vec<usize>> {
        let values: Vec<Value> = (0..keys.len()).map(|row| keys.value(row)).collect();
        let there = self
            .destination
            .rows(&RowsRequest {
                table: to.table.clone(),
                columns: vec![key.clone()],
                filter: Filter::AnyOf(key.name.clone(), values.clone()),
                order_by: None,
                limit: None,
            })
            .await?;
        let there: HashSet<String> =
            (0..there.len()).map(|row| folded(&there.column(0).value(row))).collect();
        let is_missing = |row: &usize| !there.contains(&folded(&values[*row]));
        Ok((0..values.len()).filter(is_missing).collect())
    }

    async fn put_back_rows(
        &mut self,
        batch: &BatchRecord,
        target: &InsertTarget,
        key: Option<&(ColumnRef, usize)>,
        image: &Batch,
        rows: &[usize],
    ) -> Result<()> {
        let all = rows.len() == image.len();
        let part = if all { image.clone() } else { image.select(rows)? };
        let keys = key.map(|(_, place)| {
            (0..part.len()).map(|row| part.column(*place).value(row)).collect::<Vec<Value>>()
        });
        let counted = match key {
            Some(_) => None,
            None => Some(self.destination.count(&target.table, &Filter::All).await?),
        };
        let key_column = key.map(|(key, _)| key.clone());
        let columns = telling_columns(target, key_column.as_ref().map(|key| key.name.as_str()));
        let operation =
            Operation::Insert { target, batch: &part, key: key.cloned(), own_ids: None };
        self.write(
            &operation,
            NewBatch {
                entity: batch.entity,
                written_to: Some(WrittenTo {
                    table: target.table.clone(),
                    key: key_column,
                    columns,
                }),
                destination_keys: Keys::of(keys.unwrap_or_default()),
                counted,
                // Which rows of the image: nothing else may tell later what is done of it.
                source_keys: Keys::of(rows.iter().map(|row| Value::Integer(*row as i64))),
                origin: Some(batch.id),
                ..NewBatch::new(BatchKind::UndoDelete, "", rows.len() as u64)
            },
        )
        .await
        .map(drop)
    }

    /// Names a row that could not be put back as it was.
    pub(super) fn not_restored(&mut self, table: &TableName, key: &str, fault: &Fault) {
        self.result.not_restored_rows += 1;
        if self.result.not_restored.len() < NAMED {
            self.result.not_restored.push(NotRestored {
                row: format!("{table} {key}").trim_end().to_owned(),
                what: fault.what.clone(),
                code: fault.code,
            });
        }
    }

    /// Sets references again that were emptied so that rows could be deleted.
    pub(super) async fn set_references(&mut self) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        let done = journal.origins(BatchKind::UndoUpdate)?;
        for batch in journal.of_kind(BatchKind::Clear)?.iter().rev() {
            if done.contains(&batch.id) {
                self.result.references += batch.rows;
                continue;
            }
            self.control.between_batches().await?;
            self.set_batch(batch).await?;
        }
        Ok(())
    }

    async fn set_batch(&mut self, batch: &BatchRecord) -> Result<()> {
        let (Some(to), Some(image)) = (&batch.written_to, self.image(batch).await?) else {
            return Ok(());
        };
        let columns = self.columns_now(to, &image.columns).await?;
        let [key, column] = columns.as_slice() else { return Ok(()) };
        self.doing(format!("setting references of {} again", to.table));
        let target = UpdateTarget {
            table: to.table.clone(),
            key: key.clone(),
            columns: vec![column.clone()],
        };
        let mut pending = vec![image.rows];
        let all = pending[0].len();
        while let Some(rows) = pending.pop() {
            let keys = (0..rows.len()).map(|row| rows.column(0).value(row));
            let record = NewBatch {
                entity: batch.entity,
                written_to: Some(to.clone()),
                destination_keys: Keys::of(keys),
                // Doing it again does no harm where only a part of a batch was done.
                origin: (rows.len() == all).then_some(batch.id),
                ..NewBatch::new(BatchKind::UndoUpdate, "", rows.len() as u64)
            };
            match self.write(&Operation::Update { target: &target, batch: &rows }, record).await {
                Ok(done) => self.result.references += done.rows,
                // What a row refers to may not have come back.
                Err(fault) if fault.kind == FaultKind::Refused && rows.len() > 1 => {
                    let places: Vec<usize> = (0..rows.len()).collect();
                    let (first, second) = places.split_at(rows.len() / 2);
                    pending.push(rows.select(second)?);
                    pending.push(rows.select(first)?);
                }
                Err(fault) if fault.kind == FaultKind::Refused => {
                    let key = rows.column(0).value(0).to_string();
                    self.not_restored(&to.table, &key, &fault);
                }
                Err(fault) => {
                    return Err(
                        fault.while_doing(format!("setting references of {} again", to.table))
                    );
                }
            }
        }
        Ok(())
    }
}
