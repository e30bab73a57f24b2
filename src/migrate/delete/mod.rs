//! Making room: the destination's rows are deleted before ours come, children before parents.

mod halves;
mod outside;

use std::collections::HashMap;

use super::control::Control;
use super::journal::{BatchKind, RefusedKind, WrittenTo};
use super::progress::{EntityState, Teller};
use super::session::WriteSession;
use super::story::Story;
use crate::database::{
    ColumnRef, Destination, Fault, Filter, Removal, Result, TableName, TableShape, Value,
};
use crate::plan::{ExistingPlan, Plan, Rule, Target};
use halves::Task;

/// What deleting needs.
pub(super) struct Deleting<'a> {
    pub(super) plan: &'a Plan,
    pub(super) destination: &'a dyn Destination,
    pub(super) story: &'a Story,
    pub(super) session: &'a mut WriteSession,
    pub(super) control: &'a mut Control,
    pub(super) teller: &'a Teller,
    /// The tables it comes to, as they are.
    pub(super) shapes: &'a HashMap<TableName, TableShape>,
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
    /// Deletes what the plan replaces, as far as it is not done yet, and sees to what hangs on it;
    /// returns the rows of the plan's entities that were deleted.
    pub(super) async fn run(&mut self) -> Result<u64> {
        self.outside(false).await?;
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
        self.outside(true).await?;
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
                let shape = self.shapes.get(&entity.destination_table);
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
        let doing = |fault: Fault| fault.while_doing(format!("emptying {}.{column}", entity.name));
        let (kind, name) = (BatchKind::Clear, &entity.name);
        let task = Task { entity: Some(place), name, kind, column, keep, written_to, removal };
        let emptied = self.all(&task, &mut Vec::new()).await.map_err(doing)?;
        self.teller.state(place, EntityState::Waiting);
        Ok(emptied)
    }

    async fn delete(&mut self, place: usize, before: u64) -> Result<u64> {
        let plan = self.plan;
        let entity = &plan.entities[place];
        let Some(filter) = rows_to_delete(plan, place) else { return Ok(0) };
        let filter = self.without_held(place, filter).await?;
        let key = entity.destination_key().map(ColumnRef::from);
        let wanted = self.wanted(&entity.destination_table, key.as_ref());
        let written_to =
            WrittenTo { table: entity.destination_table.clone(), key, columns: Vec::new() };
        let removal = Removal {
            table: entity.destination_table.clone(),
            filter,
            limit: plan.options.batch_rows,
            key: written_to.key.as_ref().map(|key| key.name.clone()),
            returning: wanted.columns,
        };
        self.teller.state(place, EntityState::Deleting);
        self.teller.entity(place, |progress| progress.deleted = before);
        let doing = |fault: Fault| {
            fault.while_doing(format!("deleting the destination's rows of {}", entity.name))
        };
        let mut stay = self.staying().await?.remove(&place).unwrap_or_default();
        let (kind, column, keep) = (BatchKind::Delete, "", wanted.keep);
        let name = &entity.name;
        let task = Task { entity: Some(place), name, kind, column, keep, written_to, removal };
        let deleted = self.all(&task, &mut stay).await.map_err(doing)?;
        if !self.staying().await?.is_empty() {
            self.note_held(&task, &stay).await.map_err(doing)?;
        }
        self.teller.state(place, EntityState::Waiting);
        Ok(deleted)
    }

    /// The rows that stay because the destination refuses to have them deleted, by entity.
    pub(super) async fn staying(&self) -> Result<HashMap<usize, Vec<Value>>> {
        self.story.recorder.flush().await?;
        let mut staying: HashMap<usize, Vec<Value>> = HashMap::new();
        for refused in self.story.recorder.reader()?.refused(RefusedKind::Delete)? {
            if let Some(place) = refused.entity {
                staying.entry(place).or_default().push(refused.key);
            }
        }
        Ok(staying)
    }

    /// A row that stays keeps what it refers to, whether a constraint says so or not.
    async fn without_held(&self, place: usize, filter: Filter) -> Result<Filter> {
        let Some(key) = self.plan.entities[place].destination_key() else { return Ok(filter) };
        let others = self.staying().await?.into_keys().filter(|other| *other != place);
        Ok(others.fold(filter, |filter, other| {
            let child = &self.plan.entities[other];
            let columns = child.columns.iter().filter(|column| match &column.rule {
                // What a decision calls ids need not be of the key's type.
                Rule::Reference(rule) => {
                    rule.soft.is_none() && rule.target == Target::Entity(place)
                }
                Rule::Copy { .. } | Rule::Convert(_) | Rule::Typed(_) => false,
            });
            columns.fold(filter, |filter, column| {
                filter.and(Filter::NotReferred {
                    key: key.name.clone(),
                    child: child.destination_table.clone(),
                    column: column.destination.name.clone(),
                })
            })
        }))
    }

    /// What is wanted of the rows of a table before they go: all of it where it is kept, else what
    /// a row is looked for by.
    fn wanted(&self, table: &TableName, key: Option<&ColumnRef>) -> Wanted {
        if self.story.images.is_some()
            && let Some(columns) = self.shapes.get(table).and_then(whole_row)
        {
            return Wanted { columns, keep: true };
        }
        Wanted { columns: key.into_iter().cloned().collect(), keep: false }
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
