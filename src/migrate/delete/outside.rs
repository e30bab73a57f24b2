//! Rows that are not the plan's and hang on rows it deletes: they go first, or their reference is
//! emptied, as it was decided.

use super::super::journal::{BatchKind, WrittenTo};
use super::halves::Task;
use super::{Deleting, Wanted};
use crate::database::{ColumnRef, Fault, Removal, Result};
use crate::plan::{OutsideFate, OutsidePlan};

impl Deleting<'_> {
    /// Does what is not done yet, step by step: what comes before the plan's own rows are deleted,
    /// or what comes after.
    pub(super) async fn outside(&mut self, late: bool) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        let plan = self.plan;
        for (number, outside) in plan.outside.iter().enumerate() {
            let step = format!("outside {number}");
            if outside.is_late != late || journal.finished(&step)?.is_some() {
                continue;
            }
            let (doing, what) = match &outside.fate {
                OutsideFate::Deleted => ("deleting rows", "deleted"),
                OutsideFate::Emptied(_) => ("emptying references", "emptied in a reference"),
            };
            let doing = |fault: Fault| fault.while_doing(format!("{doing} of {}", outside.name));
            let rows = self.hanging(outside).await.map_err(doing)?;
            self.story.recorder.step(&step, rows as i64).await?;
            self.story.tell(&format!("{rows} rows of {} {what}", outside.name))?;
        }
        Ok(())
    }

    /// A row of these that the destination refuses ends the run: nobody has decided about it.
    async fn hanging(&mut self, outside: &OutsidePlan) -> Result<u64> {
        let (table, key) = (&outside.table, &outside.key);
        let (kind, wanted, emptied) = match &outside.fate {
            OutsideFate::Deleted => (BatchKind::Delete, self.wanted(table, key.as_ref()), None),
            OutsideFate::Emptied(column) => {
                let columns: Vec<ColumnRef> = key.iter().chain([column]).cloned().collect();
                let keep = self.story.images.is_some() && key.is_some();
                (BatchKind::Clear, Wanted { columns, keep }, Some(column))
            }
        };
        let task = Task {
            entity: None,
            name: &outside.name,
            kind,
            column: emptied.map_or("", |column| &column.name),
            keep: wanted.keep,
            written_to: WrittenTo {
                table: table.clone(),
                key: key.clone(),
                columns: emptied.into_iter().cloned().collect(),
            },
            removal: Removal {
                table: table.clone(),
                filter: outside.filter.clone(),
                limit: self.plan.options.batch_rows,
                key: key.as_ref().map(|key| key.name.clone()),
                returning: wanted.columns,
            },
        };
        let mut touched = 0;
        loop {
            let rows = self.one(&task, &task.removal).await?;
            if rows == 0 {
                return Ok(touched);
            }
            touched += rows;
        }
    }
}
