//! Rows that are not the plan's and hang on rows it deletes: they go first, or their reference is
//! emptied, as it was decided.

use super::control::Control;
use super::delete::whole_row;
use super::journal::{BatchKind, Keys, NewBatch, WrittenTo};
use super::operation::Operation;
use super::session::WriteSession;
use super::story::Story;
use crate::database::{ColumnRef, Destination, Fault, Filter, Removal, Result};
use crate::plan::{OutsideFate, OutsidePlan, Plan};

/// What it needs.
pub(super) struct Outside<'a> {
    pub(super) plan: &'a Plan,
    pub(super) destination: &'a dyn Destination,
    pub(super) story: &'a Story,
    pub(super) session: &'a mut WriteSession,
    pub(super) control: &'a mut Control,
}

impl Outside<'_> {
    /// Does what is not done yet, step by step: what comes before the plan's own rows are deleted,
    /// or what comes after.
    pub(super) async fn run(&mut self, late: bool) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        let plan = self.plan;
        for (number, outside) in plan.outside.iter().enumerate() {
            let step = format!("outside {number}");
            if outside.is_late != late || journal.finished(&step)?.is_some() {
                continue;
            }
            let what = match &outside.fate {
                OutsideFate::Deleted => "deleted",
                OutsideFate::Emptied(_) => "emptied in a reference",
            };
            let rows = self.step(outside).await.map_err(|fault| refused(outside, fault))?;
            self.story.recorder.step(&step, rows as i64).await?;
            self.story.tell(&format!("{rows} rows of {} {what}", outside.name))?;
        }
        Ok(())
    }

    async fn step(&mut self, outside: &OutsidePlan) -> Result<u64> {
        let keeps = self.story.images.is_some();
        let (returning, keep, columns) = match &outside.fate {
            OutsideFate::Emptied(column) => {
                let returning: Vec<ColumnRef> =
                    outside.key.iter().chain([column]).cloned().collect();
                (returning, keeps && outside.key.is_some(), vec![column.clone()])
            }
            OutsideFate::Deleted => {
                let shape = self.destination.shape(&outside.table).await?;
                match shape.filter(|_| keeps).as_ref().and_then(whole_row) {
                    Some(columns) => (columns, true, Vec::new()),
                    None => (outside.key.iter().cloned().collect(), false, Vec::new()),
                }
            }
        };
        let removal = Removal {
            table: outside.table.clone(),
            filter: outside.filter.clone(),
            limit: self.plan.options.batch_rows,
            key: outside.key.as_ref().map(|key| key.name.clone()),
            returning,
        };
        let to = WrittenTo { table: outside.table.clone(), key: outside.key.clone(), columns };
        let mut touched = 0;
        loop {
            let rows = self.one(outside, &removal, keep, &to).await?;
            if rows == 0 {
                return Ok(touched);
            }
            touched += rows;
        }
    }

    /// One transaction; returns the rows it touched.
    async fn one(
        &mut self,
        outside: &OutsidePlan,
        removal: &Removal,
        keep: bool,
        to: &WrittenTo,
    ) -> Result<u64> {
        self.control.between_batches().await?;
        let (operation, kind) = match &outside.fate {
            OutsideFate::Deleted => {
                (Operation::Delete { removal, keep, expect: None }, BatchKind::Delete)
            }
            OutsideFate::Emptied(column) => {
                (Operation::Clear { removal, column: &column.name, keep }, BatchKind::Clear)
            }
        };
        // Nothing tells such rows apart but their number.
        let counted = match (&to.key, kind) {
            (None, BatchKind::Delete) => {
                Some(self.destination.count(&outside.table, &Filter::All).await?)
            }
            _ => None,
        };
        let key = to
            .key
            .as_ref()
            .and_then(|key| removal.returning.iter().position(|column| column.name == key.name));
        let done = self
            .session
            .write(
                &operation,
                &mut |done, session| {
                    let keys = key.map(|key| {
                        let keys = done.before.column(key);
                        (0..done.before.len()).map(|row| keys.value(row)).collect::<Vec<_>>()
                    });
                    NewBatch {
                        written_to: Some(to.clone()),
                        destination_keys: Keys::of(keys.unwrap_or_default()),
                        counted,
                        ..NewBatch::new(kind, session, done.rows)
                    }
                },
                &|_| {},
            )
            .await?;
        Ok(done.rows)
    }
}

fn refused(outside: &OutsidePlan, fault: Fault) -> Fault {
    let what = match &outside.fate {
        OutsideFate::Deleted => "deleting rows",
        OutsideFate::Emptied(_) => "emptying references",
    };
    fault.while_doing(format!("{what} of {}", outside.name))
}
