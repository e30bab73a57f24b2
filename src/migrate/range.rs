//! Ids that a run gives itself: a range of them is reserved in the destination beforehand, and
//! known to the journal before the first is used (`engine.md` D3, row E).
//!
//! An id is given once. Whatever becomes of an attempt to write rows, the next one gets the ids
//! behind it; a run that goes on begins behind the last that its journal mentions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::remap::fitting_id;
use super::story::Story;
use crate::database::{
    Batch, Column, ColumnRef, ColumnShape, Destination, Fault, FaultKind, Filter, InsertTarget,
    Result, TableName, Value,
};

/// The ids of one entity's rows.
pub(super) struct IdRange {
    destination: Arc<dyn Destination>,
    story: Story,
    place: usize,
    table: TableName,
    /// The identity.
    key: ColumnShape,
    state: Mutex<State>,
}

/// The ids that rows are to be given, and what can be set along with them.
#[derive(Clone, Copy)]
pub(super) struct OwnIds<'a> {
    pub(super) range: &'a IdRange,
    /// References that can be set as soon as the rows have them.
    pub(super) backward: &'a [Backward],
}

/// A reference to a row of the same table that goes before its own, or is it.
pub(super) struct Backward {
    /// The place of its row among the rows.
    pub(super) row: usize,
    /// The place of its column among the columns.
    pub(super) column: usize,
    /// What it refers to.
    pub(super) to: Referred,
}

/// A row whose id is known.
pub(super) enum Referred {
    /// It is written, with this id.
    Written(i64),
    /// It is written along with the other, and has this place among the rows.
    Along(usize),
}

/// Rows with their ids.
pub(super) struct WithIds {
    pub(super) target: InsertTarget,
    pub(super) batch: Batch,
    pub(super) ids: Vec<i64>,
    /// The references that are set: rows and columns, as the rows came.
    pub(super) set: Vec<(usize, usize)>,
}

/// What there is of them.
#[derive(Default)]
struct State {
    /// Rows that are still to come.
    rows: u64,
    /// The next id and the last of those reserved; none is left where it is above that.
    ids: Option<(i64, i64)>,
    /// The first id of the last attempt.
    attempt: Option<i64>,
    /// The destination gives the ids after all.
    is_ordinary: bool,
}

impl IdRange {
    /// The ids of the entity at a place, of which so many rows are still to come: those that the
    /// journal knows to be reserved and not given. Nothing is reserved yet.
    pub(super) fn open(
        destination: &Arc<dyn Destination>,
        story: &Story,
        place: usize,
        table: &TableName,
        key: &ColumnShape,
        rows: u64,
    ) -> Result<Self> {
        let journal = story.recorder.reader()?;
        let ids = match journal.reserved(place)? {
            Some((first, last)) => {
                let given = journal.highest_given(place, first, last)?;
                Some((given.map_or(first, |id| id.saturating_add(1)), last))
            }
            None => None,
        };
        Ok(Self {
            destination: Arc::clone(destination),
            story: story.clone(),
            place,
            table: table.clone(),
            key: key.clone(),
            state: Mutex::new(State { rows, ids, ..State::default() }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the destination turned out to have none to reserve, and gives each row its id.
    pub(super) fn is_ordinary(&self) -> bool {
        self.state().is_ordinary
    }

    /// Sees to it that there are ids for so many rows. To be called while no transaction of ours is
    /// open on the table.
    pub(super) async fn prepare(&self, rows: usize) -> Result<()> {
        let wanted = {
            let state = self.state();
            if state.is_ordinary || state.left() >= rows as u64 {
                return Ok(());
            }
            state.rows.max(rows as u64)
        };
        let reserved = match self.key.data_type.integer_range() {
            Some(_) => self.destination.reserve_ids(&self.table, &self.key_ref(), wanted).await,
            None => Ok(None),
        };
        // No row was refused: there was none.
        let reserved = reserved.map_err(|fault| match fault.kind {
            FaultKind::Refused => Fault { kind: FaultKind::Other, ..fault },
            _ => fault,
        });
        let reserved = reserved
            .map_err(|fault| fault.while_doing(format!("reserving ids of {}", self.table)))?;
        let range = reserved.and_then(|first| Some((first, last_of(first, wanted)?)));
        let Some((first, last)) = range else {
            self.state().is_ordinary = true;
            return self.story.tell(&format!(
                "{}: no ids can be reserved, the destination gives them",
                self.table
            ));
        };
        self.story.recorder.reserved(self.place, first, last).await?;
        self.state().ids = Some((first, last));
        self.story.tell(&format!("{}: the ids {first} to {last} are reserved", self.table))
    }

    /// The first of so many ids, which nobody is given again, and the last of the range. `None` where
    /// the destination gives them.
    pub(super) fn take(&self, rows: usize) -> Option<(i64, i64)> {
        let mut state = self.state();
        if state.is_ordinary || state.left() < rows as u64 {
            return None;
        }
        let (next, last) = state.ids?;
        state.attempt = Some(next);
        state.ids = Some((next.checked_add(i64::try_from(rows).ok()?)?, last));
        Some((next, last))
    }

    /// So many of the rows that were still to come are written, or left behind.
    pub(super) fn dealt_with(&self, rows: u64) {
        let mut state = self.state();
        state.rows = state.rows.saturating_sub(rows);
    }

    /// A batch with the ids from `first` on, and where it goes; references among its rows are set
    /// as far as their columns can hold the ids.
    pub(super) fn with_ids(
        &self,
        target: &InsertTarget,
        batch: &Batch,
        backward: &[Backward],
        first: i64,
    ) -> Result<WithIds> {
        let ids: Vec<i64> = (first..).take(batch.len()).collect();
        let mut column = Column::for_type(&self.key.data_type)?;
        for id in &ids {
            column.push_integer(*id)?;
        }
        let mut columns = vec![column];
        let mut set = Vec::new();
        for (place, (column, shape)) in batch.columns().iter().zip(&target.columns).enumerate() {
            let found = backward.iter().filter(|reference| reference.column == place);
            let own: HashMap<usize, Value> = found
                .filter_map(|reference| {
                    let id = match reference.to {
                        Referred::Written(id) => id,
                        Referred::Along(row) => *ids.get(row)?,
                    };
                    Some((reference.row, fitting_id(&Value::Integer(id), shape)?))
                })
                .collect();
            if own.is_empty() {
                columns.push(column.clone());
                continue;
            }
            let mut filled = Column::for_type(&shape.data_type)?;
            for row in 0..column.len() {
                match own.get(&row) {
                    Some(id) => filled.push(id)?,
                    None => filled.push_from(column, row)?,
                }
            }
            columns.push(filled);
            set.extend(own.into_keys().map(|row| (row, place)));
        }
        let key = ColumnShape { identity: true, ..self.key.clone() };
        let target = InsertTarget {
            table: target.table.clone(),
            columns: std::iter::once(key).chain(target.columns.iter().cloned()).collect(),
            identity: None,
        };
        Ok(WithIds { target, batch: Batch::new(columns)?, ids, set })
    }

    /// After the rows of the last attempt were refused: errs where that is because somebody else
    /// has written ids of the range. Then what is left of it is given to nobody.
    pub(super) async fn check(&self) -> Result<()> {
        let (attempt, last) = {
            let state = self.state();
            match (state.attempt, state.ids) {
                (Some(attempt), Some((_, last))) if !state.is_ordinary => (attempt, last),
                _ => return Ok(()),
            }
        };
        let theirs =
            Filter::Between(self.key.name.clone(), Value::Integer(attempt), Value::Integer(last));
        let rows = self.destination.count(&self.table, &theirs).await?;
        if rows == 0 {
            return Ok(());
        }
        self.state().ids = None;
        self.story.recorder.reserved(self.place, attempt, attempt - 1).await?;
        Err(Fault::new(
            FaultKind::Changed,
            format!(
                "{}: the ids {attempt} to {last} were reserved for this run, and rows of somebody \
                 else have {rows} of them",
                self.table
            ),
        )
        .advise(
            "Nothing of ours was written over them. Something gives ids there by itself, or has set \
             the identity back: find out what, then go on (`osferry resume`), which reserves others; \
             or run without identity_ranges.",
        ))
    }

    fn key_ref(&self) -> ColumnRef {
        ColumnRef::from(&self.key)
    }
}

impl State {
    /// Ids that are reserved and not given.
    fn left(&self) -> u64 {
        let left = self.ids.and_then(|(next, last)| last.checked_sub(next)?.checked_add(1));
        left.and_then(|left| u64::try_from(left).ok()).unwrap_or_default()
    }
}

/// The last of so many ids.
fn last_of(first: i64, rows: u64) -> Option<i64> {
    first.checked_add(i64::try_from(rows).ok()?.checked_sub(1)?)
}
