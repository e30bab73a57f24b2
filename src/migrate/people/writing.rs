//! People and links written, and those that the destination refuses.

use super::super::journal::{BatchKind, Keys, NewBatch, Refused, RefusedKind};
use super::super::load::written_to;
use super::super::operation::Operation;
use super::super::retry::calls_for_halves;
use super::People;
use crate::database::{Batch, Fault, FaultKind, Filter, InsertTarget, Result, TableName, Value};
use crate::outsystems::{DestinationId, SourceId};

/// What became of rows, by their places in the batch.
#[derive(Default)]
pub(super) struct Written {
    /// Those that are there, with the ids that they got.
    pub(super) rows: Vec<(usize, Option<DestinationId>)>,
    /// Those that the destination refuses.
    pub(super) refused: Vec<(usize, Fault)>,
}

impl People<'_> {
    /// What an earlier stretch of the run has seen refused in this table.
    pub(super) fn refused_before(
        &self,
        kind: RefusedKind,
        table: &TableName,
    ) -> Result<Vec<(Value, Value)>> {
        let refused = self.story.recorder.reader()?.refused(kind)?.into_iter();
        let refused = refused.filter(|refused| refused.place == table.to_string());
        Ok(refused.map(|refused| (refused.key, refused.other)).collect())
    }

    /// Notes somebody, or a link, that the destination refuses.
    pub(super) fn refuse(
        &self,
        kind: RefusedKind,
        table: &TableName,
        [key, other]: [Value; 2],
        fault: Fault,
    ) -> Result<()> {
        let code = fault.code.map_or_else(String::new, |code| format!(" (error {code})"));
        let which = match &other {
            Value::Null => format!("row {key} of {table}"),
            other => format!("the link of {key} and {other} in {table}"),
        };
        let what = format!("{which} was rejected{code}");
        self.story.tell(&what)?;
        let refused = Refused { other, ..Refused::new(kind, table.to_string(), key, fault) };
        self.story.refused(refused, &what)
    }

    /// Inserts rows; those that the destination refuses are searched by halves.
    pub(super) async fn insert(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
        kind: BatchKind,
        sources: &[SourceId],
    ) -> Result<Written> {
        let mut written = Written::default();
        let mut pending: Vec<Vec<usize>> = vec![(0..batch.len()).collect()];
        while let Some(mut rows) = pending.pop() {
            if rows.is_empty() {
                continue;
            }
            let some = batch.select(&rows)?;
            let keys: Vec<SourceId> =
                rows.iter().filter_map(|row| sources.get(*row)).copied().collect();
            match self.insert_all(target, &some, kind, &keys).await {
                Ok(ids) => {
                    let given = rows.iter().enumerate();
                    written.rows.extend(given.map(|(place, row)| (*row, ids.get(place).copied())));
                }
                Err(fault) if calls_for_halves(&fault, rows.len()) => {
                    let second = rows.split_off(rows.len() / 2);
                    pending.extend([second, rows]);
                }
                Err(fault) if fault.kind == FaultKind::Refused => {
                    written.refused.push((rows[0], fault));
                }
                Err(fault) => {
                    return Err(fault.while_doing(format!("writing {}", target.table)));
                }
            }
        }
        Ok(written)
    }

    /// Inserts rows in one transaction; returns the ids that they got.
    async fn insert_all(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
        kind: BatchKind,
        sources: &[SourceId],
    ) -> Result<Vec<DestinationId>> {
        // Nothing tells such rows apart but their number.
        let counted = match &target.identity {
            Some(_) => None,
            None => Some(self.destination.count(&target.table, &Filter::All).await?),
        };
        let done = self
            .session
            .write(
                &Operation::Insert { target, batch, key: None, own_ids: None },
                &mut |done, session| NewBatch {
                    written_to: Some(written_to(target, None, done)),
                    source_keys: Keys::Integers(sources.iter().map(|id| id.0).collect()),
                    destination_keys: Keys::Integers(done.ids.iter().map(|id| id.0).collect()),
                    hashes: done.hashes.clone(),
                    counted,
                    ..NewBatch::new(kind, session, done.rows)
                },
                &|_| {},
            )
            .await?;
        Ok(done.ids)
    }
}
