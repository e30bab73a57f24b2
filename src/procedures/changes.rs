//! The changes of several steps, put together so that one transaction can do them all.

use super::foresee::{ForeseenStep, Found};
use crate::database::{Batch, Fault, FaultKind, Filter, Result, TableChange, TableWork};

/// The changes of these steps that touch rows. Rows of one table are deleted by one of them; a row
/// that two steps set is set by the later one.
///
/// Errs where a table must not or cannot be changed.
pub fn changes(foreseen: &[ForeseenStep]) -> Result<Vec<TableChange>> {
    let mut all: Vec<TableChange> = Vec::new();
    for step in foreseen {
        for table in &step.tables {
            match &table.found {
                Found::Blocked(why) => {
                    let what = format!("{}: {}: {why}", step.title, table.name);
                    return Err(Fault::new(FaultKind::Invalid, what)
                        .advise("Nothing was written. See to it, or leave the step out."));
                }
                Found::Rows { change, .. } if change.rows() > 0 => add(&mut all, change)?,
                Found::Rows { .. } | Found::Absent(_) => {}
            }
        }
    }
    all.retain(|change| change.rows() > 0);
    Ok(all)
}

fn add(all: &mut Vec<TableChange>, change: &TableChange) -> Result<()> {
    let of_table = all.iter_mut().filter(|known| known.table.name == change.table.name);
    for known in of_table {
        match (&mut known.work, &change.work) {
            (
                TableWork::Delete { filter, rows },
                TableWork::Delete { filter: more, rows: others },
            ) => {
                *filter = Filter::Or(vec![filter.clone(), more.clone()]);
                *rows += others;
                return Ok(());
            }
            (TableWork::Set { values, .. }, TableWork::Set { values: later, .. }) => {
                *values = without(values, later)?;
            }
            _ => {
                let what = format!("{}: rows cannot be deleted and set at once", change.table.name);
                return Err(Fault::new(FaultKind::Invalid, what)
                    .advise("Nothing was written. Carry one of the steps out, then the other."));
            }
        }
    }
    all.push(change.clone());
    Ok(())
}

/// The rows whose keys are not among the others'.
fn without(values: &Batch, others: &Batch) -> Result<Batch> {
    let is_other = |row: usize| {
        let key = values.column(0).value(row);
        (0..others.len()).any(|at| others.column(0).value(at) == key)
    };
    let kept: Vec<usize> = (0..values.len()).filter(|row| !is_other(*row)).collect();
    values.select(&kept)
}
