//! Making room: the destination's rows are deleted before ours come, children before parents.

use super::control::Control;
use super::journal::{BatchKind, Keys, NewBatch, WrittenTo};
use super::operation::Operation;
use super::progress::{EntityState, Teller};
use super::session::WriteSession;
use super::story::Story;
use crate::database::{ColumnRef, Destination, Filter, Removal, Result, TableShape, Value};
use crate::plan::{EntityPlan, ExistingPlan, Plan};

/// What deleting needs.
pub(super) struct Deleting<'a> {
    pub(super) plan: &'a Plan,
    pub(super) destination: &'a dyn Destination,
    pub(super) story: &'a Story,
    pub(super) session: &'a mut WriteSession,
    pub(super) control: &'a mut Control,
    pub(super) teller: &'a Teller,
}

/// What is wanted of each row before it goes.
struct Wanted {
    columns: Vec<ColumnRef>,
    /// Whether that is all of the row, to be kept.
    keep: bool,
}

/// The columns that a row has to be put back with; `None` where one of them cannot be moved.
pub(super) fn whole_row(shape: &TableShape) -> Option<Vec<ColumnRef>> {
    let stored = shape.columns.iter().filter(|column| !column.computed);
    stored.map(|column| column.data_type.kind().map(|_| ColumnRef::from(column))).collect()
}

impl Deleting<'_> {
    /// Deletes what the plan replaces, as far as it is not done yet; returns the rows deleted.
    pub(super) async fn run(&mut self) -> Result<u64> {
        let journal = self.story.recorder.reader()?;
        let plan = self.plan;
        for (number, (place, column)) in plan.cleared.iter().enumerate() {
            let step = format!("cleared {number}");
            if journal.finished(&step)?.is_none() {
                let rows = self.clear(*place, column).await?;
                self.story.recorder.step(&step, rows as i64).await?;
            }
        }
        let mut deleted = 0;
        for place in &plan.deletions {
            let step = format!("deleted {place}");
            if journal.finished(&step)?.is_none() {
                let before = journal.rows_of(*place, BatchKind::Delete)?;
                let rows = self.delete(*place, before).await?;
                self.story.recorder.step(&step, rows as i64).await?;
                deleted += rows;
            }
        }
        Ok(deleted)
    }

    /// Empties a reference that holds the rows in a circle.
    async fn clear(&mut self, place: usize, column: &str) -> Result<u64> {
        let plan = self.plan;
        let entity = &plan.entities[place];
        let ExistingPlan::Replace { filter, .. } = &entity.existing else { return Ok(0) };
        let key = entity.destination_key().map(ColumnRef::from);
        let emptied = entity.columns.iter().find(|planned| planned.destination.name == column);
        let emptied = match emptied {
            Some(planned) => Some(ColumnRef::from(&planned.destination)),
            None => {
                let shape = self.destination.shape(&entity.destination_table).await?;
                shape.and_then(|shape| shape.column(column).map(ColumnRef::from))
            }
        };
        // Without a key nothing can be put back, and nothing has to be noted.
        let keep = self.story.images.is_some() && key.is_some() && emptied.is_some();
        let returning: Vec<ColumnRef> = key.iter().chain(&emptied).cloned().collect();
        let removal = Removal {
            table: entity.destination_table.clone(),
            filter: filter.clone(),
            limit: plan.options.batch_rows,
            key: key.as_ref().map(|key| key.name.clone()),
            returning,
        };
        let written_to = WrittenTo {
            table: entity.destination_table.clone(),
            key,
            columns: emptied.into_iter().collect(),
        };
        self.teller.state(place, EntityState::Deleting);
        let mut emptied = 0;
        loop {
            let operation = Operation::Clear { removal: &removal, column, keep };
            let rows = self
                .one(place, &operation, BatchKind::Clear, &written_to, None)
                .await
                .map_err(|fault| fault.while_doing(format!("emptying {}.{column}", entity.name)))?;
            if rows == 0 {
                break;
            }
            emptied += rows;
        }
        self.teller.state(place, EntityState::Waiting);
        Ok(emptied)
    }

    async fn delete(&mut self, place: usize, before: u64) -> Result<u64> {
        let plan = self.plan;
        let entity = &plan.entities[place];
        let Some(filter) = rows_to_delete(plan, place) else { return Ok(0) };
        let wanted = self.wanted(entity).await?;
        let written_to = WrittenTo {
            table: entity.destination_table.clone(),
            key: entity.destination_key().map(ColumnRef::from),
            columns: Vec::new(),
        };
        let removal = Removal {
            table: entity.destination_table.clone(),
            filter,
            limit: plan.options.batch_rows,
            key: written_to.key.as_ref().map(|key| key.name.clone()),
            returning: wanted.columns,
        };
        self.teller.state(place, EntityState::Deleting);
        let mut deleted = before;
        loop {
            // Nothing tells such rows apart but their number.
            let counted = match &written_to.key {
                Some(_) => None,
                None => {
                    Some(self.destination.count(&entity.destination_table, &Filter::All).await?)
                }
            };
            let operation =
                Operation::Delete { removal: &removal, keep: wanted.keep, expect: None };
            let rows = self
                .one(place, &operation, BatchKind::Delete, &written_to, counted)
                .await
                .map_err(|fault| {
                fault.while_doing(format!("deleting the destination's rows of {}", entity.name))
            })?;
            if rows == 0 {
                break;
            }
            deleted += rows;
            self.teller.entity(place, |progress| progress.deleted = deleted);
        }
        self.teller.state(place, EntityState::Waiting);
        Ok(deleted - before)
    }

    /// What is wanted of the rows of an entity before they go: all of it where it is kept, else
    /// what a row is looked for by.
    async fn wanted(&self, entity: &EntityPlan) -> Result<Wanted> {
        if self.story.images.is_some()
            && let Some(shape) = self.destination.shape(&entity.destination_table).await?
            && let Some(columns) = whole_row(&shape)
        {
            return Ok(Wanted { columns, keep: true });
        }
        let key = entity.destination_key().map(ColumnRef::from);
        Ok(Wanted { columns: key.into_iter().collect(), keep: false })
    }

    /// One transaction; returns the rows it touched.
    async fn one(
        &mut self,
        place: usize,
        operation: &Operation<'_>,
        kind: BatchKind,
        written_to: &WrittenTo,
        counted: Option<u64>,
    ) -> Result<u64> {
        self.control.between_batches().await?;
        let returned: &[ColumnRef] = match operation {
            Operation::Delete { removal, .. } | Operation::Clear { removal, .. } => {
                &removal.returning
            }
            _ => &[],
        };
        let key = written_to
            .key
            .as_ref()
            .and_then(|key| returned.iter().position(|column| column.name == key.name));
        let done = self
            .session
            .write(
                operation,
                &mut |done, session| {
                    let keys = key.map(|key| {
                        let keys = done.before.column(key);
                        (0..done.before.len()).map(|row| keys.value(row)).collect::<Vec<Value>>()
                    });
                    NewBatch {
                        entity: Some(place),
                        written_to: Some(written_to.clone()),
                        destination_keys: Keys::of(keys.unwrap_or_default()),
                        counted,
                        ..NewBatch::new(kind, session, done.rows)
                    }
                },
                &self.teller.trouble(place),
            )
            .await?;
        Ok(done.rows)
    }
}

/// The rows of an entity that the plan has deleted; `None` when it has none deleted.
fn rows_to_delete(plan: &Plan, place: usize) -> Option<Filter> {
    let entity = &plan.entities[place];
    let ExistingPlan::Replace { filter, .. } = &entity.existing else { return None };
    let mut filter = filter.clone();
    for (_, column) in plan.leaf_first.iter().filter(|(leaf, _)| *leaf == place) {
        if let Some(key) = entity.destination_key() {
            filter = filter.and(Filter::NotReferred {
                key: key.name.clone(),
                child: entity.destination_table.clone(),
                column: column.clone(),
            });
        }
    }
    Some(filter)
}
