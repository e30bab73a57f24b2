//! Rows as the destination knows them: every id rewritten, every value checked.
//!
//! Works column by column on a whole batch. A row that cannot be carried over gets a verdict and is
//! taken out; the first column that says so decides.

mod fit;
mod typed;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::idmap::IdMap;
use super::journal::{DeferredCell, EmptiedCell, LeftOutRow};
use crate::database::{
    Batch, Column, ColumnShape, Fault, FaultKind, Refusal, RefusalClass, Result, Value,
};
use crate::outsystems::{DestinationId, SourceId};
use crate::plan::{
    ColumnPlan, ConvertRule, EntityPlan, Fate, FixedPlan, LookupRows, Misfit, Orphan, Plan,
    ReferenceRule, Rule, Target,
};
use fit::{filler, fitted, fitting_id, turned};

/// What is known of an entity's rows once they are all carried over.
#[derive(Clone, Default)]
pub(super) struct Carried {
    /// Whose id became whose.
    pub(super) map: IdMap,
    /// Rows that were not carried over, and whether a decision foresaw it.
    pub(super) left_out: HashMap<String, bool>,
}

impl Carried {
    /// Adds a row; `false` when it is there already.
    #[must_use]
    pub(super) fn keep(&mut self, source: &Value, destination: &Value) -> bool {
        match (source, destination) {
            (Value::Integer(source), Value::Integer(destination)) => {
                return self.map.push(SourceId(*source), DestinationId(*destination));
            }
            (Value::Text(text), _) => self.map.push_text(text),
            _ => {}
        }
        true
    }
}

/// What became of a user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Person {
    /// It is this one of the destination.
    Is(DestinationId),
    /// References to it are emptied by decision.
    Emptied,
    /// The destination has refused to have it created.
    Refused,
}

impl Person {
    /// Its id in the destination, if it has one.
    pub(super) fn id(self) -> Option<DestinationId> {
        match self {
            Self::Is(id) => Some(id),
            Self::Emptied | Self::Refused => None,
        }
    }
}

/// Who became whom.
pub(super) type PeopleMap = HashMap<SourceId, Person>;

/// Everything ids are looked up in.
#[derive(Clone)]
pub(super) struct Maps {
    /// By the entity's place in the plan; set when the entity is complete.
    pub(super) entities: Vec<OnceLock<Arc<Carried>>>,
    /// Likewise, for tables of a circle: which rows will be carried over, not to which ids.
    pub(super) foreseen: Vec<Option<Arc<Carried>>>,
    /// By the place in [`Plan::fixed`].
    pub(super) fixed: Arc<Vec<HashMap<String, Fate>>>,
    /// By the place in [`Plan::lookups`]; empty for those that need no map.
    pub(super) lookups: Arc<Vec<HashMap<String, Fate>>>,
    /// Users.
    pub(super) users: Arc<PeopleMap>,
    /// Groups.
    pub(super) groups: Arc<PeopleMap>,
    /// Tenants.
    pub(super) tenants: Arc<HashMap<SourceId, DestinationId>>,
}

/// A value as a key in a look-up: numbers as numbers, text without case.
pub(super) fn fold(value: &Value) -> String {
    match value {
        Value::Text(_) => format!("t{}", value.to_string().to_lowercase()),
        other => format!("n{other}"),
    }
}

impl Maps {
    /// The maps that the plan itself holds; users and groups come with the people's phase.
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            entities: plan.entities.iter().map(|_| OnceLock::new()).collect(),
            foreseen: vec![None; plan.entities.len()],
            fixed: Arc::new(plan.fixed.iter().map(map_of).collect()),
            lookups: Arc::new(plan.lookups.iter().map(|lookup| looked_up(&lookup.rows)).collect()),
            users: Arc::default(),
            groups: Arc::default(),
            tenants: Arc::new(plan.tenants.iter().copied().collect()),
        }
    }

    /// The plan has other fixed maps from this place on.
    pub(super) fn take_fixed(&mut self, plan: &Plan, from: usize) {
        let fixed = Arc::make_mut(&mut self.fixed);
        fixed.truncate(from);
        fixed.extend(plan.fixed.iter().skip(from).map(map_of));
    }
}

/// The fates of rows that are only looked up, by their ids.
fn map_of(fixed: &FixedPlan) -> HashMap<String, Fate> {
    fixed.fates.iter().map(|(id, fate)| (fold(id), fate.clone())).collect()
}

fn looked_up(rows: &LookupRows) -> HashMap<String, Fate> {
    match rows {
        LookupRows::Reject | LookupRows::Replacement { .. } => HashMap::new(),
        LookupRows::ByKey(keys) => {
            keys.rows.iter().map(|row| (fold(&row.source), row.fate.clone())).collect()
        }
    }
}

/// What becomes of one reference.
enum Resolved {
    To(Value),
    None,
    Emptied(String),
    LeaveOut { reason: String, planned: bool },
}

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
            if rule.is_deferred {
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
                    let why = format!("there is none, and {} cannot stand for it", rule.none);
                    self.refuse(row, column, RefusalClass::Dependant, &why, true);
                    out.push(&rule.none)?;
                }
                Resolved::None => {
                    if rule.none.is_null() || !is_mandatory_identifier(entity, place) {
                        out.push(&rule.none)?;
                    } else {
                        let why = "there is no id";
                        self.refuse(row, column, RefusalClass::NotNull, why, false);
                        out.push(&rule.none)?;
                    }
                }
                Resolved::Emptied(reason) => {
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
}

impl Work<'_> {
    /// Values that are ids by decision only: what is no id of a row carried over stays as it is.
    /// Those that wait stand as they are until the second pass.
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
                        Resolved::Emptied(reason) | Resolved::LeaveOut { reason, .. } => {
                            let key = self.key(row);
                            let value = kept_value(&value);
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

/// An id as a plain attribute holds it, when it fits.
fn soft_id(id: &Value, column: &ColumnShape) -> Option<Value> {
    let id = fitting_id(id, column)?;
    let fits = match (&id, column.data_type.max_length()) {
        (Value::Text(text), Some(most)) => text.len() <= most,
        _ => true,
    };
    fits.then_some(id)
}

/// The number that a value of a plain attribute is; texts only as a database writes numbers.
fn soft_number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(_) => {
            let text = value.as_str()?;
            text.parse::<i64>().ok().filter(|number| number.to_string() == text)
        }
        _ => None,
    }
}

/// What is noted of a value that stays: what is no number is anybody's text.
fn kept_value(value: &Value) -> Value {
    if soft_number(value).is_some() { value.clone() } else { Value::Null }
}

fn is_mandatory_identifier(entity: &EntityPlan, place: usize) -> bool {
    entity.destination_key().is_some_and(|key| key.name == entity.columns[place].destination.name)
}

/// Why a reference that has to wait, and may not stay empty, will find nothing to refer to.
fn foreseen(
    plan: &Plan,
    maps: &Maps,
    rule: &ReferenceRule,
    value: &Value,
) -> Option<(String, bool)> {
    let Target::Entity(place) = rule.target else { return None };
    let carried = maps.foreseen[place].as_deref()?;
    match resolve_row(plan, carried, place, rule, value) {
        Resolved::LeaveOut { reason, planned } => Some((reason, planned)),
        _ => None,
    }
}

/// What the second pass does with a reference that had to wait.
pub(super) enum Settled {
    /// It becomes this id.
    Id(Value),
    /// It stays as it was written, for this reason.
    Stays(String),
    /// The id has no room, for this reason, and what was written is an id of the source: it has to
    /// go.
    Goes(String),
}

/// What becomes of a reference that had to wait, now that all ids are known.
pub(super) fn settle_late(
    plan: &Plan,
    maps: &Maps,
    rule: &ReferenceRule,
    column: &ColumnShape,
    value: &Value,
) -> Settled {
    let misfit = |id: &Value| format!("{id} does not fit {}", column.data_type);
    match resolve(plan, maps, rule, value) {
        Resolved::To(id) if rule.soft.is_some() => {
            soft_id(&id, column).map_or_else(|| Settled::Goes(misfit(&id)), Settled::Id)
        }
        Resolved::To(id) => {
            fitting_id(&id, column).map_or_else(|| Settled::Stays(misfit(&id)), Settled::Id)
        }
        Resolved::None => Settled::Stays("there is no id".to_owned()),
        Resolved::Emptied(reason) | Resolved::LeaveOut { reason, .. } => Settled::Stays(reason),
    }
}

/// NULL, or the null identifier in its other form (`metamodel.md` §3.5).
fn is_none(value: &Value, rule: &ReferenceRule) -> bool {
    match value {
        Value::Null => true,
        Value::Integer(0) => !rule.zero_is_row,
        Value::Text(text) => text.is_empty() && !rule.zero_is_row,
        _ => false,
    }
}

fn resolve(plan: &Plan, maps: &Maps, rule: &ReferenceRule, value: &Value) -> Resolved {
    if is_none(value, rule) {
        return Resolved::None;
    }
    let as_number;
    let value = match (rule.soft, soft_number(value)) {
        (None, _) => value,
        (Some(_), Some(number)) => {
            as_number = Value::Integer(number);
            &as_number
        }
        (Some(_), None) => {
            return Resolved::Emptied("the value is no number, so it is no id".to_owned());
        }
    };
    let emptied = |reason: String, planned: bool| emptied(rule, reason, planned);
    let orphan = |whose: &str| orphan(rule, whose, value);
    let person = |map: &PeopleMap, whose: &str| match value {
        Value::Integer(id) => match map.get(&SourceId(*id)) {
            Some(Person::Is(id)) => Resolved::To(Value::from(*id)),
            Some(Person::Emptied) => emptied(format!("{whose} {id} has no counterpart"), true),
            Some(Person::Refused) => emptied(format!("{whose} {id} is left out"), false),
            None => orphan(whose),
        },
        _ => orphan(whose),
    };
    match rule.target {
        Target::Entity(place) => {
            let name = &plan.entities[place].name;
            match maps.entities[place].get() {
                Some(carried) => resolve_row(plan, carried, place, rule, value),
                None => orphan(name),
            }
        }
        Target::Fixed(place) => match maps.fixed[place].get(&fold(value)) {
            Some(Fate::To(id)) => Resolved::To(id.clone()),
            Some(Fate::Empty) => {
                emptied(format!("{} {value} has no counterpart", plan.fixed[place].name), true)
            }
            Some(Fate::LeaveOut) => Resolved::LeaveOut {
                reason: format!("{} {value} has no counterpart", plan.fixed[place].name),
                planned: true,
            },
            None => orphan(&plan.fixed[place].name),
        },
        Target::Lookup(place) => outside(plan, maps, place, rule, value),
        Target::Users => person(&maps.users, "user"),
        Target::Groups => person(&maps.groups, "group"),
        Target::Tenants => match value {
            Value::Integer(id) => match maps.tenants.get(&SourceId(*id)) {
                Some(id) => Resolved::To(Value::from(*id)),
                None => orphan("tenant"),
            },
            _ => orphan("tenant"),
        },
        Target::External => Resolved::To(value.clone()),
        Target::Nothing => emptied("rows referred to are not carried over".to_owned(), true),
    }
}

/// A reference to a row that was not chosen, as it was decided.
fn outside(
    plan: &Plan,
    maps: &Maps,
    place: usize,
    rule: &ReferenceRule,
    value: &Value,
) -> Resolved {
    let lookup = &plan.lookups[place];
    let name = &lookup.name;
    let no_counterpart = || format!("{name} {value} has no counterpart");
    match (&lookup.rows, maps.lookups[place].get(&fold(value))) {
        (LookupRows::Reject, _) => {
            Resolved::LeaveOut { reason: format!("{name} {value} is left out"), planned: true }
        }
        (LookupRows::Replacement { row, .. }, _) | (_, Some(Fate::To(row))) => {
            Resolved::To(row.clone())
        }
        (_, Some(Fate::Empty)) => emptied(rule, no_counterpart(), true),
        (_, Some(Fate::LeaveOut)) => Resolved::LeaveOut { reason: no_counterpart(), planned: true },
        // It was not referred to when all was looked up and decided.
        (_, None) => Resolved::LeaveOut { reason: no_counterpart(), planned: false },
    }
}

/// A reference to a row of an entity whose rows are known.
fn resolve_row(
    plan: &Plan,
    carried: &Carried,
    place: usize,
    rule: &ReferenceRule,
    value: &Value,
) -> Resolved {
    if is_none(value, rule) {
        return Resolved::None;
    }
    let name = &plan.entities[place].name;
    match carried.map.lookup(value) {
        Some(id) => Resolved::To(id),
        None => match carried.left_out.get(&fold(value)) {
            Some(planned) => emptied(rule, format!("{name} {value} is left out"), *planned),
            None => orphan(rule, name, value),
        },
    }
}

/// A reference that finds nothing: emptied where that is allowed, else the row goes.
fn emptied(rule: &ReferenceRule, reason: String, planned: bool) -> Resolved {
    if rule.may_be_emptied {
        Resolved::Emptied(reason)
    } else {
        Resolved::LeaveOut { reason, planned }
    }
}

/// A reference that found nothing in the source already.
fn orphan(rule: &ReferenceRule, whose: &str, value: &Value) -> Resolved {
    let reason = format!("{whose} {value} is not there");
    match rule.orphan {
        Orphan::Empty => emptied(rule, reason, true),
        Orphan::LeaveOut => Resolved::LeaveOut { reason, planned: true },
    }
}

/// The fault for a row whose id is known already.
pub(super) fn came_twice(entity: &EntityPlan) -> Fault {
    Fault::new(
        FaultKind::Data,
        format!("{}: a row came twice; is its identifier unique?", entity.name),
    )
}
