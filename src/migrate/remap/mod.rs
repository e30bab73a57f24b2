//! Rows as the destination knows them: every id rewritten, every value checked.
//!
//! Works column by column on a whole batch. A row that cannot be carried over gets a verdict and is
//! taken out; the first column that says so decides.

mod fit;
mod maps;
mod resolve;
mod typed;

pub(super) use fit::fitting_id;
pub(super) use maps::{Carried, Maps, PeopleMap, Person, fold};
pub(super) use resolve::{Settled, settle_late};

use std::collections::HashSet;

use super::journal::{DeferredCell, EmptiedCell, LeftOutRow};
use crate::database::{Batch, Column, Fault, FaultKind, Refusal, RefusalClass, Result, Value};
use crate::plan::{ColumnPlan, ConvertRule, EntityPlan, Misfit, Plan, ReferenceRule, Rule, Target};
use fit::{filler, fitted, turned};
use resolve::{Resolved, foreseen, is_none, kept_value, resolve, soft_id};

/// A batch ready to be written.
pub(super) struct Remapped {
    /// The rows, in the destination's columns.
    pub(super) batch: Batch,
    /// For each of them its place in the batch that was read.
    pub(super) kept: Vec<usize>,
    /// Rows that are not carried over.
    pub(super) left_out: Vec<LeftOutRow>,
    /// Cells that were emptied, with the place of their row in the batch that was read.
    pub(super) emptied: Vec<(usize, EmptiedCell)>,
    /// References to set later, likewise.
    pub(super) deferred: Vec<(usize, DeferredCell)>,
}

/// Why a row is not carried over.
#[derive(Clone)]
struct Verdict {
    reason: String,
    planned: bool,
    refusal: Option<Refusal>,
}

/// Rows under way: verdicts and what was noticed.
struct Work<'a> {
    maps: &'a Maps,
    plan: &'a Plan,
    keys: Option<&'a Column>,
    verdicts: Vec<Option<Verdict>>,
    emptied: Vec<(usize, EmptiedCell)>,
    deferred: Vec<(usize, DeferredCell)>,
}

/// Remaps a batch of an entity. The batch has the key column first if the entity has one, then
/// the plan's columns.
pub(super) fn remap(plan: &Plan, place: usize, read: &Batch, maps: &Maps) -> Result<Remapped> {
    remapped(plan, &plan.entities[place], place, read, maps)
}

/// The same for rows of an entity that need not be one of the plan's; what is left out is noted under
/// this place.
pub(super) fn remapped(
    plan: &Plan,
    entity: &EntityPlan,
    place: usize,
    read: &Batch,
    maps: &Maps,
) -> Result<Remapped> {
    let offset = usize::from(entity.key_column().is_some());
    let mut work = Work {
        maps,
        plan,
        keys: (offset == 1).then(|| read.column(0)),
        verdicts: vec![None; read.len()],
        emptied: Vec::new(),
        deferred: Vec::new(),
    };
    let mut columns = Vec::with_capacity(entity.columns.len() + entity.constants.len());
    for (index, column) in entity.columns.iter().enumerate() {
        let values = read.column(index + offset);
        columns.push(match &column.rule {
            Rule::Copy { misfit } => {
                // Others refer to the identifier as it is: what is written must be that.
                let is_whole = is_mandatory_identifier(entity, index);
                let misfit = match misfit {
                    Misfit::Cut | Misfit::Default if is_whole => Misfit::Refuse,
                    other => *other,
                };
                work.copy(column, misfit, values)?
            }
            Rule::Convert(rule) => work.convert(column, rule, values)?,
            Rule::Reference(rule) => work.reference(entity, index, column, rule, values)?,
            Rule::Typed(rule) => work.typed((index, column), rule, read, offset)?,
        });
    }
    for (column, value) in &entity.constants {
        let mut values = Column::for_type(&column.data_type)?;
        for _ in 0..read.len() {
            values.push(value)?;
        }
        columns.push(values);
    }
    let batch = Batch::new(columns)?;
    let kept: Vec<usize> = (0..read.len()).filter(|row| work.verdicts[*row].is_none()).collect();
    let left_out = work
        .verdicts
        .iter()
        .enumerate()
        .filter_map(|(row, verdict)| {
            let Verdict { reason, planned, refusal } = verdict.clone()?;
            let key = work.key(row);
            Some(LeftOutRow { entity: place, key, reason, planned, code: None, refusal })
        })
        .collect();
    let lost: HashSet<usize> =
        (0..read.len()).filter(|row| work.verdicts[*row].is_some()).collect();
    work.emptied.retain(|(row, _)| !lost.contains(row));
    work.deferred.retain(|(row, _)| !lost.contains(row));
    Ok(Remapped {
        batch: if lost.is_empty() { batch } else { batch.select(&kept)? },
        kept,
        left_out,
        emptied: work.emptied,
        deferred: work.deferred,
    })
}

impl Work<'_> {
    fn key(&self, row: usize) -> Value {
        self.keys.map_or(Value::Null, |keys| keys.value(row))
    }

    /// A row that goes: `class` says why to those who count.
    fn refuse(
        &mut self,
        row: usize,
        column: &ColumnPlan,
        class: RefusalClass,
        reason: &str,
        planned: bool,
    ) {
        let reason = format!("{}: {reason}", column.attribute);
        let refusal = (!planned).then(|| Refusal::by(class, &column.destination.name));
        self.verdicts[row].get_or_insert(Verdict { reason, planned, refusal });
    }

    /// Values that stay as they are, as far as the destination's column holds them.
    fn copy(&mut self, column: &ColumnPlan, misfit: Misfit, values: &Column) -> Result<Column> {
        let to = &column.destination;
        let same_type = column.source.data_type == to.data_type;
        if same_type && to.nullable {
            return Ok(values.clone());
        }
        let mut out = Column::for_type(&to.data_type)?;
        for row in 0..values.len() {
            match fitted(values, row, to, misfit) {
                Ok(value) => out.push(&value)?,
                Err(why) => {
                    let class = match values.is_null(row) {
                        true => RefusalClass::NotNull,
                        false => RefusalClass::Value,
                    };
                    self.refuse(row, column, class, &why, misfit == Misfit::LeaveOut);
                    out.push(&filler(&to.data_type))?;
                }
            }
        }
        Ok(out)
    }

    /// Values that become others.
    fn convert(
        &mut self,
        column: &ColumnPlan,
        rule: &ConvertRule,
        values: &Column,
    ) -> Result<Column> {
        let to = &column.destination;
        let mut out = Column::for_type(&to.data_type)?;
        for row in 0..values.len() {
            match turned(values, row, column, rule) {
                Ok(value) => out.push(&value)?,
                Err((why, planned)) => {
                    let class = match values.is_null(row) {
                        true => RefusalClass::NotNull,
                        false => RefusalClass::Value,
                    };
                    self.refuse(row, column, class, &why, planned);
                    out.push(&filler(&to.data_type))?;
                }
            }
        }
        Ok(out)
    }

    fn reference(
        &mut self,
        entity: &EntityPlan,
        place: usize,
        column: &ColumnPlan,
        rule: &ReferenceRule,
        values: &Column,
    ) -> Result<Column> {
        if let Some(misfit) = rule.soft {
            return self.soft_key((place, column), rule, misfit, values);
        }
        let mut out = Column::for_type(&column.destination.data_type)?;
        for row in 0..values.len() {
            let value = values.value(row);
            let is_left_out = rule.none_is_row && is_none(&value, rule);
            if rule.is_deferred && !is_left_out {
                if let Some((reason, planned)) = foreseen(self.plan, self.maps, rule, &value) {
                    self.refuse(row, column, RefusalClass::Dependant, &reason, planned);
                } else if !is_none(&value, rule) {
                    self.deferred.push((row, DeferredCell { column: place, row, value }));
                }
                out.push(&rule.none)?;
                continue;
            }
            match resolve(self.plan, self.maps, rule, &value) {
                Resolved::To(id) => match fitting_id(&id, &column.destination) {
                    Some(id) => out.push(&id)?,
                    None => {
                        let why = format!("{id} does not fit");
                        self.refuse(row, column, RefusalClass::Value, &why, false);
                        out.push(&rule.none)?;
                    }
                },
                Resolved::None if rule.none_is_row => {
                    let why = match (&rule.target, &rule.none) {
                        (Target::Tenants, _) => "there is no tenant".to_owned(),
                        (_, Value::Null) => "there is no value".to_owned(),
                        (_, none) => format!("there is none, and {none} cannot stand for it"),
                    };
                    self.refuse(row, column, RefusalClass::Dependant, &why, true);
                    out.push(&filler(&column.destination.data_type))?;
                }
                Resolved::None => {
                    if rule.none.is_null() || !is_mandatory_identifier(entity, place) {
                        out.push(&rule.none)?;
                    } else {
                        let why = "there is no id";
                        // Of references to rows it is told before the run, with those to rows that
                        // are gone.
                        let is_told = matches!(rule.target, Target::Entity(_));
                        self.refuse(row, column, RefusalClass::NotNull, why, is_told);
                        out.push(&rule.none)?;
                    }
                }
                Resolved::Emptied(reason) | Resolved::Stays(reason) => {
                    self.emptied.push((
                        row,
                        EmptiedCell { column: place, key: self.key(row), value, reason },
                    ));
                    out.push(&rule.none)?;
                }
                Resolved::LeaveOut { reason, planned } => {
                    self.refuse(row, column, RefusalClass::Dependant, &reason, planned);
                    out.push(&filler(&column.destination.data_type))?;
                }
            }
        }
        Ok(out)
    }

    /// Values that are ids by decision only: what is no id of a row carried over or matched stays as it
    /// is. Those that wait stand as they are until the second pass.
    fn soft_key(
        &mut self,
        (place, column): (usize, &ColumnPlan),
        rule: &ReferenceRule,
        misfit: Misfit,
        values: &Column,
    ) -> Result<Column> {
        let mut out = Column::for_type(&column.destination.data_type)?;
        for row in 0..values.len() {
            let value = values.value(row);
            if !is_none(&value, rule) {
                if rule.is_deferred {
                    self.deferred.push((row, DeferredCell { column: place, row, value }));
                } else {
                    match resolve(self.plan, self.maps, rule, &value) {
                        Resolved::To(id) => {
                            match soft_id(&id, &column.destination) {
                                Some(id) => out.push(&id)?,
                                None => {
                                    let why = format!("{id} does not fit");
                                    self.refuse(row, column, RefusalClass::Value, &why, false);
                                    out.push(&filler(&column.destination.data_type))?;
                                }
                            }
                            continue;
                        }
                        Resolved::Emptied(reason) => {
                            let key = self.key(row);
                            let cell = EmptiedCell { column: place, key, value, reason };
                            self.emptied.push((row, cell));
                            out.push(&rule.none)?;
                            continue;
                        }
                        Resolved::LeaveOut { reason, planned } => {
                            self.refuse(row, column, RefusalClass::Dependant, &reason, planned);
                            out.push(&filler(&column.destination.data_type))?;
                            continue;
                        }
                        Resolved::Stays(reason) => {
                            let key = self.key(row);
                            let value = kept_value(self.plan, rule, &value);
                            let cell = EmptiedCell { column: place, key, value, reason };
                            self.emptied.push((row, cell));
                        }
                        Resolved::None => {}
                    }
                }
            }
            match fitted(values, row, &column.destination, misfit) {
                Ok(value) => out.push(&value)?,
                Err(why) => {
                    let is_null = values.is_null(row);
                    let class = if is_null { RefusalClass::NotNull } else { RefusalClass::Value };
                    self.refuse(row, column, class, &why, misfit == Misfit::LeaveOut);
                    out.push(&filler(&column.destination.data_type))?;
                }
            }
        }
        Ok(out)
    }
}

fn is_mandatory_identifier(entity: &EntityPlan, place: usize) -> bool {
    entity.destination_key().is_some_and(|key| key.name == entity.columns[place].destination.name)
}

/// The fault for a row whose id is known already.
pub(super) fn came_twice(entity: &EntityPlan) -> Fault {
    Fault::new(
        FaultKind::Data,
        format!("{}: a row came twice; is its identifier unique?", entity.name),
    )
}
