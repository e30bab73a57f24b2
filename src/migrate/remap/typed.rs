//! Values of several types in one column: those that are ids are rewritten as text.

use super::Work;
use super::fit::{filler, fitted};
use super::resolve::{Resolved, resolve, soft_id};
use crate::database::{Batch, Column, RefusalClass, Result, Value};
use crate::migrate::journal::EmptiedCell;
use crate::plan::{ColumnPlan, TypeOf, TypedIds, TypedRule};

impl Work<'_> {
    /// The values of the column at this place; the plan's columns begin at `offset` in what was read.
    pub(super) fn typed(
        &mut self,
        (place, column): (usize, &ColumnPlan),
        rule: &TypedRule,
        read: &Batch,
        offset: usize,
    ) -> Result<Column> {
        let values = read.column(place + offset);
        let beside = |at: Option<usize>, row| {
            at.map_or(Value::Null, |at| read.column(at + offset).value(row))
        };
        let mut out = Column::for_type(&column.destination.data_type)?;
        for row in 0..values.len() {
            let value = values.value(row);
            let named = beside(rule.type_column, row);
            let definition = beside(rule.definition_column, row);
            let ids = match rule.type_of(&named, &definition) {
                TypeOf::Ids(type_place) => Some(&rule.types[type_place]),
                TypeOf::Plain => None,
                TypeOf::Unknown => {
                    let why = "ids of its type were not there at review";
                    self.refuse(row, column, RefusalClass::Dependant, why, false);
                    None
                }
            };
            let new = match ids.and_then(|ids| Some((ids, id(ids, &value)?))) {
                Some((ids, id)) => self.rewritten(row, (place, column), ids, &id, &value),
                None => None,
            };
            match new.map_or_else(|| fitted(values, row, &column.destination, rule.misfit), Ok) {
                Ok(value) => out.push(&value)?,
                Err(why) => {
                    let planned = rule.misfit == crate::plan::Misfit::LeaveOut;
                    self.refuse(row, column, RefusalClass::Value, &why, planned);
                    out.push(&filler(&column.destination.data_type))?;
                }
            }
        }
        Ok(out)
    }

    /// The text that stands for an id; `None` where the row goes.
    fn rewritten(
        &mut self,
        row: usize,
        (place, column): (usize, &ColumnPlan),
        ids: &TypedIds,
        id: &Value,
        value: &Value,
    ) -> Option<Value> {
        match resolve(self.plan, self.maps, &ids.reference, id) {
            Resolved::To(id) => {
                let text = soft_id(&id, &column.destination);
                if text.is_none() {
                    let why = format!("{id} does not fit");
                    self.refuse(row, column, RefusalClass::Value, &why, false);
                }
                text
            }
            Resolved::None => Some(ids.reference.none.clone()),
            Resolved::Emptied(reason) | Resolved::Stays(reason) => {
                let (key, value) = (self.key(row), value.clone());
                self.emptied.push((row, EmptiedCell { column: place, key, value, reason }));
                Some(ids.reference.none.clone())
            }
            Resolved::LeaveOut { reason, planned } => {
                self.refuse(row, column, RefusalClass::Dependant, &reason, planned);
                None
            }
        }
    }
}

/// The id that a value says; `None` where it says none, and stays as it is.
fn id(ids: &TypedIds, value: &Value) -> Option<Value> {
    let Value::Text(_) = value else { return None };
    let text = value.to_string();
    match text.trim() {
        "" => None,
        _ if ids.of_texts => Some(value.clone()),
        number => number.parse().ok().map(Value::Integer),
    }
}
