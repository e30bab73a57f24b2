//! References of rows that are tried out, led to rows that the destination has.
//!
//! The rows that they refer to are not carried over yet, and an id of the source may be a stranger's
//! row in the destination. So each refers to some row that is there; what the plan knows before the
//! run (static records, tenants, looked-up rows) stays as it is.

use std::collections::HashSet;

use super::super::remap::fold;
use crate::database::{Batch, Value};
use crate::plan::{EntityPlan, Fate, FixedPlan, ReferenceRule, Rule, Target};

/// A rule whose values have to lead to rows that are there now.
pub(super) fn has_to_be_led(rule: &ReferenceRule) -> bool {
    let is_waiting = rule.is_deferred && rule.soft.is_none();
    !is_waiting && matches!(rule.target, Target::Entity(_) | Target::Users | Target::Groups)
}

/// The entity with its references led to rows that are there, by maps that are added to `fixed`.
/// The batch is as it was read. Errs with the sentence why that cannot be.
pub(super) fn led(
    entity: &EntityPlan,
    read: &Batch,
    fixed: &mut Vec<FixedPlan>,
    there: &dyn Fn(Target) -> Vec<Value>,
    name: &dyn Fn(Target) -> String,
) -> Result<EntityPlan, String> {
    let offset = usize::from(entity.key_column().is_some());
    let mut led = entity.clone();
    for (place, column) in led.columns.iter_mut().enumerate() {
        let Rule::Reference(rule) = &mut column.rule else { continue };
        if rule.is_deferred && rule.soft.is_some() {
            // Until the second pass such a value stands as it is, which may be an id of the source.
            return Err(format!("{} holds ids that are set later", column.attribute));
        }
        if !has_to_be_led(rule) {
            continue;
        }
        let to = there(rule.target);
        if to.is_empty() && (rule.soft.is_some() || !rule.may_be_emptied) {
            return Err(format!(
                "{} has to refer to {}, of which the destination has no row",
                column.attribute,
                name(rule.target)
            ));
        }
        fixed.push(FixedPlan {
            name: name(rule.target),
            fates: fates(read, place + offset, rule.soft.is_some(), &to),
        });
        rule.target = Target::Fixed(fixed.len() - 1);
    }
    Ok(led)
}

/// For each value of a column, some row that is there: one after the other, so that a unique index
/// over a reference has as little as possible to refuse.
fn fates(read: &Batch, column: usize, is_soft: bool, to: &[Value]) -> Vec<(Value, Fate)> {
    let mut seen = HashSet::new();
    let mut fates = Vec::new();
    for row in 0..read.len() {
        let value = match read.column(column).value(row) {
            // A number that is written as text is looked for as a number.
            Value::Text(text) if is_soft => {
                let number = Value::Text(text).as_str().and_then(|text| text.parse::<i64>().ok());
                match number {
                    Some(number) => Value::Integer(number),
                    None => continue,
                }
            }
            value => value,
        };
        if value.is_null() || !seen.insert(fold(&value)) {
            continue;
        }
        let fate = match to.get(fates.len() % to.len().max(1)) {
            Some(id) => Fate::To(id.clone()),
            None => Fate::Empty,
        };
        fates.push((value, fate));
    }
    fates
}
