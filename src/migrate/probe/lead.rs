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
            undecided: Vec::new(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Column, ColumnRef, ColumnShape, ColumnType, Filter, Result, TableName};
    use crate::outsystems::Key;
    use crate::plan::{ColumnPlan, ExistingPlan, IdentifierPlan, Misfit, Orphan};

    fn entity(target: Target, soft: Option<Misfit>, is_deferred: bool) -> EntityPlan {
        let rule = ReferenceRule {
            target,
            may_be_emptied: false,
            none: Value::Null,
            none_is_row: false,
            zero_is_row: false,
            is_deferred,
            orphan: Orphan::LeaveOut,
            soft,
        };
        let data_type = ColumnType::Int;
        let column = ColumnPlan {
            attribute: "PolicyId".to_owned(),
            key: Key::default(),
            source: ColumnRef { name: "POLICYID".to_owned(), data_type: data_type.clone() },
            destination: ColumnShape {
                name: "POLICYID".to_owned(),
                data_type,
                nullable: true,
                identity: false,
                computed: false,
                has_default: false,
            },
            rule: Rule::Reference(rule),
            mask: None,
        };
        EntityPlan {
            espace: Key::default(),
            entity: Key::default(),
            name: "Core.Claim".to_owned(),
            reason: None,
            source_table: TableName::new("OSUSR_1"),
            destination_table: TableName::new("OSUSR_2"),
            identifier: IdentifierPlan::None,
            columns: vec![column],
            constants: Vec::new(),
            existing: ExistingPlan::Keep { rows: 0 },
            uniques: Vec::new(),
            rows: Filter::All,
            source_rows: 4,
            again: None,
        }
    }

    fn read(values: &[Value]) -> Result<Batch> {
        let mut column = Column::for_type(&ColumnType::Int)?;
        for value in values {
            column.push(value)?;
        }
        Batch::new(vec![column])
    }

    type Fates = std::result::Result<Vec<(Value, Fate)>, String>;

    fn lead(entity: &EntityPlan, read: &Batch, there: &[i64]) -> Fates {
        let mut fixed =
            vec![FixedPlan { name: "Status".to_owned(), fates: Vec::new(), undecided: Vec::new() }];
        let there = there.iter().copied().map(Value::Integer).collect::<Vec<_>>();
        let name = |_| "Core.Policy".to_owned();
        let led = led(entity, read, &mut fixed, &|_| there.clone(), &name)?;
        let Rule::Reference(rule) = &led.columns[0].rule else { return Ok(Vec::new()) };
        Ok(match rule.target {
            Target::Fixed(1) => fixed.swap_remove(1).fates,
            _ => Vec::new(),
        })
    }

    #[test]
    fn no_reference_keeps_an_id_of_the_source() -> Result<()> {
        let numbers = [7, 8, 7, 9].map(Value::Integer);
        let read = read(&[&numbers[..], &[Value::Null]].concat())?;
        let to = |id: i64| Fate::To(Value::Integer(id));
        let expected =
            [(7, to(101)), (8, to(102)), (9, to(101))].map(|(id, fate)| (Value::Integer(id), fate));
        for target in [Target::Entity(0), Target::Users, Target::Groups] {
            let found = lead(&entity(target, None, false), &read, &[101, 102]);
            assert_eq!(found.as_deref(), Ok(&expected[..]), "{target:?}");
        }
        // What the plan itself knows stays, and so does what is written empty at first.
        for (target, is_deferred) in
            [(Target::Tenants, false), (Target::Fixed(0), false), (Target::Entity(0), true)]
        {
            assert_eq!(lead(&entity(target, None, is_deferred), &read, &[101]), Ok(Vec::new()));
        }
        Ok(())
    }

    #[test]
    fn what_has_nothing_to_refer_to_is_said() -> Result<()> {
        let read = read(&[Value::Integer(7)])?;
        let mut mandatory = entity(Target::Entity(0), None, false);
        let why = lead(&mandatory, &read, &[]).expect_err("nothing is there");
        assert_eq!(
            why,
            "PolicyId has to refer to Core.Policy, of which the destination has no row"
        );
        if let Rule::Reference(rule) = &mut mandatory.columns[0].rule {
            rule.may_be_emptied = true;
        }
        let emptied = lead(&mandatory, &read, &[]);
        assert_eq!(emptied, Ok(vec![(Value::Integer(7), Fate::Empty)]));
        // A soft key that is emptied would stay as it is.
        let soft = entity(Target::Entity(0), Some(Misfit::Refuse), false);
        assert!(lead(&soft, &read, &[]).is_err());
        let waits = entity(Target::Entity(0), Some(Misfit::Refuse), true);
        assert!(lead(&waits, &read, &[101]).expect_err("it waits").contains("set later"));
        Ok(())
    }
}
