//! Rows deleted, or emptied, as many at once as the plan says; and those that the destination
//! refuses to let go, which are searched by halves.

use super::super::journal::{BatchKind, Keys, NewBatch, Refused, RefusedKind, WrittenTo};
use super::super::operation::Operation;
use super::super::retry::calls_for_halves;
use super::Deleting;
use crate::database::{
    ColumnRef, Fault, FaultKind, Filter, Refusal, RefusalClass, Removal, Result, RowsRequest, Value,
};
use crate::plan::ExistingPlan;

/// Keys that are looked at together.
const PAGE: usize = 1_000;

/// What is done to rows of a table.
pub(super) struct Task<'a> {
    /// The plan's entity that they belong to; `None` for rows outside it.
    pub(super) entity: Option<usize>,
    /// What it is called.
    pub(super) name: &'a str,
    /// Deleted, or a column of them emptied.
    pub(super) kind: BatchKind,
    /// The column.
    pub(super) column: &'a str,
    /// Whether they are kept as they were.
    pub(super) keep: bool,
    pub(super) written_to: WrittenTo,
    pub(super) removal: Removal,
}

impl Deleting<'_> {
    /// Does it to all rows; returns how many. The keys of rows that stay are added to `stay`.
    pub(super) async fn all(&mut self, task: &Task<'_>, stay: &mut Vec<Value>) -> Result<u64> {
        let mut done = 0;
        // Until a statement finds none: rows that go leaf by leaf leave new leaves behind, and that
        // one removed fewer than it might does not say that no others are left.
        while stay.is_empty() {
            match self.one(task, &task.removal).await {
                Ok(0) => return Ok(done),
                Ok(rows) => done += rows,
                Err(fault) if fault.kind == FaultKind::Refused && task.written_to.key.is_some() => {
                    break;
                }
                Err(fault) => return Err(fault),
            }
        }
        // One row after the other goes only when nothing else does: some may wait for others.
        loop {
            let rows = self.page_by_page(task, stay).await?;
            done += rows;
            if rows == 0 {
                return Ok(done);
            }
        }
    }

    /// Goes through the rows in the order of their keys once, apart from those that stay.
    async fn page_by_page(&mut self, task: &Task<'_>, stay: &mut Vec<Value>) -> Result<u64> {
        let Some(key) = task.written_to.key.clone() else { return Ok(0) };
        let mut done = 0;
        let mut after: Option<Value> = None;
        loop {
            let page = self.keys(task, &key, &task.removal.filter, after.as_ref()).await?;
            let Some(last) = page.last().cloned() else { return Ok(done) };
            after = Some(last);
            let mut pending = vec![page.into_iter().filter(|key| !stay.contains(key)).collect()];
            while let Some(keys) = pending.pop() {
                let keys: Vec<Value> = keys;
                let Some(first) = keys.first() else { continue };
                let among = Filter::AnyOf(key.name.clone(), keys.clone());
                let mut removal = task.removal.clone();
                removal.filter = removal.filter.and(among);
                removal.limit = keys.len();
                match self.one(task, &removal).await {
                    Ok(rows) => done += rows,
                    Err(fault) if calls_for_halves(&fault, keys.len()) => {
                        let (before, behind) = keys.split_at(keys.len() / 2);
                        pending.extend([behind.to_vec(), before.to_vec()]);
                    }
                    Err(fault) if fault.kind == FaultKind::Refused => {
                        stay.push(first.clone());
                        self.refused(task, first.clone(), fault)?;
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
    }

    /// The next keys of rows that meet a condition, in order.
    async fn keys(
        &self,
        task: &Task<'_>,
        key: &ColumnRef,
        filter: &Filter,
        after: Option<&Value>,
    ) -> Result<Vec<Value>> {
        let mut filter = filter.clone();
        if task.kind == BatchKind::Clear {
            filter = filter.and(Filter::not_null(task.column));
        }
        if let Some(after) = after {
            filter = filter.and(Filter::AtMost(key.name.clone(), after.clone()).negated());
        }
        let rows = self
            .destination
            .rows(&RowsRequest {
                table: task.removal.table.clone(),
                columns: vec![key.clone()],
                filter,
                order_by: Some(key.name.clone()),
                limit: Some(PAGE),
            })
            .await?;
        Ok((0..rows.len()).map(|row| rows.column(0).value(row)).collect())
    }

    /// A row that stays. That a reference cannot be emptied is told when what it refers to cannot
    /// be deleted.
    fn refused(&self, task: &Task<'_>, key: Value, fault: Fault) -> Result<()> {
        let name = task.name;
        let code = fault.code.map_or_else(String::new, |code| format!(" (error {code})"));
        if task.kind == BatchKind::Clear {
            let column = task.column;
            return self.story.tell(&format!(
                "the destination's row {key} of {name} keeps its {column}: it was not to be \
                 emptied{code}"
            ));
        }
        let what = format!("the destination's row {key} of {name} could not be deleted{code}");
        self.story.tell(&what)?;
        let table = task.removal.table.to_string();
        let refused =
            Refused { entity: task.entity, ..Refused::new(RefusedKind::Delete, table, key, fault) };
        self.story.refused(refused, &what)
    }

    /// Notes the rows that stay because others do, which refer to them.
    pub(super) async fn note_held(&self, task: &Task<'_>, stay: &[Value]) -> Result<()> {
        let existing = task.entity.map(|place| &self.plan.entities[place].existing);
        let (Some(ExistingPlan::Replace { filter, .. }), Some(key)) =
            (existing, &task.written_to.key)
        else {
            return Ok(());
        };
        let mut after: Option<Value> = None;
        loop {
            let page = self.keys(task, key, filter, after.as_ref()).await?;
            let Some(last) = page.last().cloned() else { return Ok(()) };
            after = Some(last);
            for key in page.into_iter().filter(|key| !stay.contains(key)) {
                let fault = Fault::new(FaultKind::Refused, "a row that stays refers to it")
                    .refused_by(Some(Refusal::unnamed(RefusalClass::Dependant)));
                self.refused(task, key, fault)?;
            }
        }
    }

    /// One transaction; returns the rows it touched.
    pub(super) async fn one(&mut self, task: &Task<'_>, removal: &Removal) -> Result<u64> {
        self.control.between_batches().await?;
        let (kind, written_to) = (task.kind, &task.written_to);
        let key = written_to
            .key
            .as_ref()
            .and_then(|key| removal.returning.iter().position(|column| column.name == key.name));
        // Nothing tells such rows apart but their number.
        let counted = match (&written_to.key, kind) {
            (None, BatchKind::Delete) => {
                Some(self.destination.count(&removal.table, &Filter::All).await?)
            }
            _ => None,
        };
        let operation = match kind {
            BatchKind::Clear => Operation::Clear { removal, column: task.column, keep: task.keep },
            _ => Operation::Delete { removal, keep: task.keep, expect: None },
        };
        let teller = task.entity.map(|place| self.teller.trouble(place));
        let done = self
            .session
            .write(
                &operation,
                &mut |done, session| {
                    let keys = key.map(|key| {
                        let keys = done.before.column(key);
                        (0..done.before.len()).map(|row| keys.value(row)).collect::<Vec<Value>>()
                    });
                    NewBatch {
                        entity: task.entity,
                        written_to: Some(written_to.clone()),
                        destination_keys: Keys::of(keys.unwrap_or_default()),
                        counted,
                        ..NewBatch::new(kind, session, done.rows)
                    }
                },
                &|trouble| {
                    if let Some(tell) = &teller {
                        tell(trouble);
                    }
                },
            )
            .await?;
        if let (Some(place), BatchKind::Delete) = (task.entity, kind) {
            self.teller.entity(place, |progress| progress.deleted += done.rows);
        }
        Ok(done.rows)
    }
}
