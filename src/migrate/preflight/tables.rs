//! Tables that are written: triggers, constraints, identities.

use std::collections::HashMap;

use super::rights::{bounds, written};
use super::{Check, CheckSign, Preflight};
use crate::database::{Result, TableName};
use crate::plan::{CheckKind, ColumnPlan, IdentifierPlan, ReferenceRule, Rule, Target};

/// How names of the platform's own triggers begin (`metamodel.md` §3.6).
const PLATFORM_TRIGGER: &str = "OSTRG_";

impl Preflight<'_> {
    pub(super) async fn tables(&self) -> Result<Vec<Check>> {
        let names: Vec<TableName> =
            written(self.plan).into_iter().map(|written| written.table).collect();
        let shapes = self.destination.shapes(&names).await?;
        let (mut foreign, mut instead, mut weak) = (Vec::new(), Vec::new(), Vec::new());
        for shape in shapes.iter().flatten() {
            for trigger in shape.triggers.iter().filter(|trigger| !trigger.disabled) {
                let name = format!("{} on {}", trigger.name, shape.name);
                let is_platforms = trigger
                    .name
                    .get(..PLATFORM_TRIGGER.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(PLATFORM_TRIGGER));
                if trigger.instead_of {
                    instead.push(name);
                } else if !is_platforms {
                    foreign.push(name);
                }
            }
            let keys = shape.foreign_keys.iter().map(|k| (&k.name, k.disabled, k.not_trusted));
            let checks = shape.checks.iter().map(|k| (&k.name, k.disabled, k.not_trusted));
            for (name, is_disabled, is_not_trusted) in keys.chain(checks) {
                if is_disabled || is_not_trusted {
                    let how = if is_disabled { "switched off" } else { "not trusted" };
                    weak.push(format!("{name} of {} ({how})", shape.name));
                }
            }
        }
        let mut checks = Vec::new();
        if !instead.is_empty() {
            checks.push(Check::naming(
                CheckKind::InsteadOf,
                CheckSign::Bad,
                "triggers run instead of what is written",
                &instead,
                "What became of a row cannot be known there. Leave these entities out, or have the \
                 triggers removed.",
            ));
        }
        if !foreign.is_empty() {
            checks.push(Check::naming(
                CheckKind::Triggers,
                CheckSign::Warning,
                "triggers that are not the platform's will run",
                &foreign,
                "What they write elsewhere is neither proved nor undone. Ask whose they are before \
                 you accept it.",
            ));
        }
        if !weak.is_empty() {
            checks.push(Check::naming(
                CheckKind::Constraints,
                CheckSign::Warning,
                "constraints that do not hold for all rows",
                &weak,
                "They stay as they are. Rows of the destination may break them already; ours are \
                 checked where they are switched on.",
            ));
        }
        let rights = self.destination.rights(&names).await?;
        let unseen = rights.iter().filter(|rights| rights.view_definition == Some(false)).count();
        if unseen > 0 {
            checks.push(Check::new(
                CheckKind::Triggers,
                CheckSign::Note,
                format!("triggers and constraints of {unseen} tables cannot be seen"),
                "Ask for VIEW DEFINITION in the destination to have them looked at.",
            ));
        }
        if checks.is_empty() {
            let text = "no triggers but the platform's; constraints are on and trusted";
            checks.push(Check::good(CheckKind::Triggers, text));
        }
        Ok(checks)
    }

    /// References whose column cannot hold the ids that the rows they refer to may get; `ends` are
    /// the furthest of these by the entity's place in the plan.
    fn too_narrow(&self, ends: &HashMap<usize, i128>) -> Vec<String> {
        let mut found = Vec::new();
        for entity in &self.plan.entities {
            for column in &entity.columns {
                let Rule::Reference(rule) = &column.rule else { continue };
                let Some(end) = self.giver(rule.target).and_then(|place| ends.get(&place)) else {
                    continue;
                };
                let Some((least, most)) = bounds(&column.destination.data_type) else { continue };
                if *end < least || *end > most {
                    found.push(format!(
                        "{}.{} is {}, for ids up to {end}",
                        entity.name, column.attribute, column.destination.data_type
                    ));
                }
            }
        }
        found
    }

    /// The entity whose new ids references to a target get: along identifiers that are other rows'.
    fn giver(&self, target: Target) -> Option<usize> {
        let Target::Entity(mut place) = target else { return None };
        for _ in 0..self.plan.entities.len() {
            let entity = &self.plan.entities[place];
            let IdentifierPlan::Extension { destination, .. } = &entity.identifier else {
                return Some(place);
            };
            let own = |column: &&ColumnPlan| column.destination.name == destination.name;
            let rule = &entity.columns.iter().find(own)?.rule;
            match rule {
                Rule::Reference(ReferenceRule { target: Target::Entity(further), .. }) => {
                    place = *further;
                }
                _ => return None,
            }
        }
        None
    }

    /// Whether identities have room for twice the rows, and count by one.
    pub(super) async fn identities(&self) -> Result<Vec<Check>> {
        let written = written(self.plan);
        let names: Vec<TableName> = written.iter().map(|written| written.table.clone()).collect();
        let shapes = self.destination.shapes(&names).await?;
        let facts = self.destination.identities(&names).await?;
        let (mut short, mut odd) = (Vec::new(), Vec::new());
        let mut ends: HashMap<usize, i128> = HashMap::new();
        let mut counted = 0;
        for (place, (written, (shape, facts))) in
            written.iter().zip(shapes.iter().zip(&facts)).enumerate()
        {
            let (Some(shape), Some(facts)) = (shape, facts) else { continue };
            let gives_ids = !written.is_entity
                || self.plan.entities.get(place).is_some_and(|entity| {
                    matches!(entity.identifier, IdentifierPlan::Generated { .. })
                });
            if !gives_ids {
                continue;
            }
            counted += 1;
            if facts.step != 1 {
                odd.push(format!("{}.{} counts by {}", shape.name, facts.column, facts.step));
            }
            let column = shape.column(&facts.column);
            let Some((least, most)) = column.and_then(|column| bounds(&column.data_type)) else {
                continue;
            };
            let ahead = 2 * i128::from(written.rows) * i128::from(facts.step);
            let then = i128::from(facts.last.unwrap_or_default()) + ahead;
            if place < self.plan.entities.len() {
                ends.insert(place, then);
            }
            if then > most || then < least {
                short.push(format!(
                    "{}.{} is at {} and ends at {}",
                    shape.name,
                    facts.column,
                    facts.last.unwrap_or_default(),
                    if facts.step < 0 { least } else { most }
                ));
            }
        }
        let narrow = self.too_narrow(&ends);
        let mut checks = Vec::new();
        if !odd.is_empty() {
            checks.push(Check::naming(
                CheckKind::IdentityStep,
                CheckSign::Warning,
                "identities that do not count by one",
                &odd,
                "The new ids will follow them. Accept it if that is meant so.",
            ));
        }
        if !short.is_empty() {
            checks.push(Check::naming(
                CheckKind::IdentityRoom,
                CheckSign::Bad,
                "no room for twice the rows in identities",
                &short,
                "Have the identity set back (DBCC CHECKIDENT), or leave these entities out.",
            ));
        }
        if !narrow.is_empty() {
            checks.push(Check::naming(
                CheckKind::IdentityRoom,
                CheckSign::Bad,
                "references too narrow for the ids to come",
                &narrow,
                "Publish the module with attributes that hold such ids (Long Integer), have the \
                 identity set back (DBCC CHECKIDENT), or leave these entities out.",
            ));
        }
        if short.is_empty() && narrow.is_empty() && counted > 0 {
            let text = "identities have room for twice the rows";
            checks.push(Check::good(CheckKind::IdentityRoom, text));
        }
        Ok(checks)
    }
}
