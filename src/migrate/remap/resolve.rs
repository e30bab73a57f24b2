//! What becomes of one reference, at once or in the second pass.

use super::fit::fitting_id;
use super::maps::{Carried, Maps, PeopleMap, Person, fold};
use crate::compare::as_number;
use crate::database::{ColumnShape, Value};
use crate::outsystems::SourceId;
use crate::plan::{Fate, FixedPlan, LookupRows, Orphan, Plan, ReferenceRule, Target};

/// What becomes of one reference.
pub(super) enum Resolved {
    To(Value),
    None,
    /// By decision: no reference is written.
    Emptied(String),
    /// Of an attribute that holds ids by decision only: it is no id of a row that is known.
    Stays(String),
    LeaveOut {
        reason: String,
        planned: bool,
    },
}

/// An id as a plain attribute holds it, when it fits.
pub(super) fn soft_id(id: &Value, column: &ColumnShape) -> Option<Value> {
    let id = fitting_id(id, column)?;
    let fits = match (&id, column.data_type.max_length()) {
        (Value::Text(text), Some(most)) => text.len() <= most,
        _ => true,
    };
    fits.then_some(id)
}

/// The id that a value of a plain attribute may be: a text where ids of the rows that it may mean are
/// texts, whose blanks at the end mean nothing; else a number.
fn soft_value(plan: &Plan, rule: &ReferenceRule, value: &Value) -> Option<Value> {
    match rule.target {
        Target::Fixed(place) if has_text_ids(&plan.fixed[place]) => {
            value.as_str().map(|text| Value::text(text.trim_end_matches(' ')))
        }
        _ => as_number(value).map(Value::Integer),
    }
}

fn has_text_ids(fixed: &FixedPlan) -> bool {
    let ids = fixed.fates.iter().map(|(id, _)| id).chain(&fixed.undecided);
    ids.take(1).any(|id| matches!(id, Value::Text(_)))
}

/// What is noted of a value that stays. What is no number is anybody's text, unless it is, by
/// accident, the id of a row in the destination.
pub(super) fn kept_value(plan: &Plan, rule: &ReferenceRule, value: &Value) -> Value {
    if as_number(value).is_some() {
        return value.clone();
    }
    let is_met = match (rule.target, soft_value(plan, rule, value)) {
        (Target::Fixed(place), Some(own)) => plan.fixed[place]
            .fates
            .iter()
            .any(|(_, fate)| matches!(fate, Fate::To(id) if fold(id) == fold(&own))),
        _ => false,
    };
    if is_met { value.clone() } else { Value::Null }
}

/// Why a reference that has to wait, and may not stay empty, will find nothing to refer to.
pub(super) fn foreseen(
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
pub(in super::super) enum Settled {
    /// It becomes this id.
    Id(Value),
    /// It stays as it was written, for this reason.
    Stays(String),
    /// The id has no room, for this reason, and what was written is an id of the source: it has to
    /// go.
    Goes(String),
}

/// What becomes of a reference that had to wait, now that all ids are known.
pub(in super::super) fn settle_late(
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
        Resolved::Emptied(reason) | Resolved::Stays(reason) | Resolved::LeaveOut { reason, .. } => {
            Settled::Stays(reason)
        }
    }
}

/// NULL, or the null identifier in its other form (`metamodel.md` §3.5).
pub(super) fn is_none(value: &Value, rule: &ReferenceRule) -> bool {
    match value {
        Value::Null => true,
        Value::Integer(0) => !rule.zero_is_row,
        Value::Text(text) => text.is_empty() && !rule.zero_is_row,
        _ => false,
    }
}

pub(super) fn resolve(plan: &Plan, maps: &Maps, rule: &ReferenceRule, value: &Value) -> Resolved {
    if is_none(value, rule) {
        return Resolved::None;
    }
    let said;
    let value = match rule.soft {
        None => value,
        Some(_) => match soft_value(plan, rule, value) {
            Some(id) => {
                said = id;
                &said
            }
            None => return Resolved::Stays("the value is no number, so it is no id".to_owned()),
        },
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
        Target::Fixed(place) => match maps.fixed[place].get(value) {
            Some(Fate::To(id)) => Resolved::To(id.clone()),
            Some(Fate::Empty) => {
                emptied(format!("{} {value} has no counterpart", plan.fixed[place].name), true)
            }
            Some(Fate::LeaveOut) => Resolved::LeaveOut {
                reason: format!("{} {value} has no counterpart", plan.fixed[place].name),
                planned: true,
            },
            None if plan.fixed[place].undecided.iter().any(|id| fold(id) == fold(value)) => {
                // It was not referred to when all was decided, and its id may be another's there.
                let reason = format!("{} {value} has no counterpart", plan.fixed[place].name);
                Resolved::LeaveOut { reason, planned: false }
            }
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
    match (&lookup.rows, maps.lookups[place].get(value)) {
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
            Some(_) if rule.soft.is_some() => {
                Resolved::Stays(format!("{name} {value} is left out"))
            }
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
    if rule.soft.is_some() {
        return Resolved::Stays(match value {
            // A text that is no id is anybody's, and is not told.
            Value::Text(_) => format!("the value is no id of {whose}"),
            _ => format!("{whose} {value} is not there"),
        });
    }
    let reason = format!("{whose} {value} is not there");
    match rule.orphan {
        Orphan::Empty => emptied(rule, reason, true),
        Orphan::LeaveOut => Resolved::LeaveOut { reason, planned: true },
    }
}
