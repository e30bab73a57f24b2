//! Two pictures side by side.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::{ConstraintState, Look, Strangers, Surroundings, TableState, TriggerState};
use crate::database::{TableName, same_name};

/// Differences and notes that are kept in words; the others are counted.
pub const SHOWN_NOTICES: usize = 100;

/// What comparing the two pictures has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurroundingsProof {
    /// Tables of the destination.
    pub tables: u64,
    /// Tables that the plan does not write, or only adds rows to, whose rows are as they were, by
    /// digest.
    pub untouched: u64,
    /// The same by their number only.
    pub untouched_by_count: u64,
    /// Those of the platform among them: site properties, settings, endpoints and all others.
    pub platform: Vec<UntouchedTable>,
    /// Foreign keys and check constraints that were compared, of the tables that the plan writes.
    pub constraints: u64,
    /// Triggers that were compared, of the tables that the plan writes.
    pub triggers: u64,
    /// Event tables whose subscriptions were put away while the run wrote.
    #[serde(default)]
    pub event_tables: u64,
    /// These subscriptions.
    #[serde(default)]
    pub subscriptions: u64,
    /// Everything that is not as it was and should be.
    pub differences: u64,
    /// The first of it.
    pub shown: Vec<Noticed>,
    /// What is not as it was and may be: queues, sessions, what others did after the run was
    /// proved.
    pub notes: Vec<Noticed>,
    /// Tables that have to stay as they are and were too large for more than a count.
    pub counted_only: Vec<String>,
    /// Tables at which nobody looked.
    pub unseen: Vec<Noticed>,
    /// Columns that were not read, as `TABLE.COLUMN`.
    pub passed_over: Vec<String>,
    /// Whether the engine says which constraints and triggers are switched off.
    pub switches: bool,
}

/// A table of the platform that is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntouchedTable {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// Their digest, in hexadecimal; `None` where they were counted only.
    pub digest: Option<String>,
}

/// Something about a table, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// The table.
    pub table: String,
    /// What is to be said.
    pub what: String,
}

impl SurroundingsProof {
    pub(in crate::proof) fn differs(&mut self, table: &TableName, what: String) {
        self.differences += 1;
        if self.shown.len() < SHOWN_NOTICES {
            self.shown.push(Noticed { table: table.to_string(), what });
        }
    }

    pub(in crate::proof) fn note(&mut self, table: &TableName, what: String) {
        if self.notes.len() < SHOWN_NOTICES {
            self.notes.push(Noticed { table: table.to_string(), what });
        }
    }
}

/// Compares the picture before the first write with the one of now.
///
/// `proved` is the one that was taken when the run was first proved: what was as before then and
/// is not now was not done by the run, so it is a note.
pub(in crate::proof) fn compare(
    before: &Surroundings,
    proved: Option<&Surroundings>,
    now: &Surroundings,
    switches: bool,
) -> SurroundingsProof {
    let mut proof =
        SurroundingsProof { tables: now.tables.len() as u64, switches, ..Default::default() };
    let proved = proved.map(by_name).unwrap_or_default();
    let (known, there) = (by_name(before), by_name(now));
    for table in &before.tables {
        let was_as_before = proved
            .get(&table.name)
            .is_some_and(|was| was.look == table.look && was.references == table.references);
        match there.get(&table.name) {
            Some(now) => {
                rows(&mut proof, table, now, was_as_before);
                references(&mut proof, table, now, was_as_before);
                let then = proved.get(&table.name).and_then(|then| then.strangers.as_ref());
                strangers(&mut proof, now, then);
                switched(&mut proof, table, now);
            }
            None if was_as_before || !table.class.has_to_stay() && !table.class.is_written() => {
                proof.note(&table.name, "is gone".to_owned());
            }
            None => proof.differs(&table.name, "is gone".to_owned()),
        }
    }
    for table in &now.tables {
        if !known.contains_key(&table.name) {
            proof.note(&table.name, "is new".to_owned());
        }
    }
    proof
}

fn by_name(taken: &Surroundings) -> HashMap<&TableName, &TableState> {
    taken.tables.iter().map(|table| (&table.name, table)).collect()
}

fn rows(proof: &mut SurroundingsProof, before: &TableState, now: &TableState, was: bool) {
    let name = &before.name;
    proof.passed_over.extend(now.passed_over.iter().map(|column| format!("{name}.{column}")));
    if !before.class.has_to_stay() {
        if let (Some(then), Some(rows)) = (before.look.rows(), now.look.rows())
            && then != rows
        {
            proof.note(
                name,
                format!("{} (it changes while the destination is in use)", counts(then, rows)),
            );
        }
        if before.class == Class::Log {
            proof.unseen.push(Noticed { table: name.to_string(), what: "a log".to_owned() });
        }
        return;
    }
    let what = match (&before.look, &now.look) {
        (Look::Not(why), _) | (_, Look::Not(why)) => {
            proof.unseen.push(Noticed { table: name.to_string(), what: why.clone() });
            return;
        }
        (then, now_look) if then == now_look => {
            untouched(proof, now);
            return;
        }
        (Look::Digest { columns: then, .. }, Look::Digest { columns, .. }) if then != columns => {
            "has other columns than before the run".to_owned()
        }
        // The run's own rows among them are too many to read once more.
        (Look::Digest { rows, .. }, Look::Count(now_rows)) if rows == now_rows => {
            untouched(proof, now);
            return;
        }
        (then, now_look) => match (then.rows(), now_look.rows()) {
            (Some(then), Some(rows)) if then != rows => counts(then, rows),
            (rows, _) => changed(rows.unwrap_or_default()),
        },
    };
    let whose = match before.class {
        Class::Added => "of the rows that were there, ",
        Class::Reduced => "of the rows that stay, ",
        _ => "",
    };
    if was {
        proof.note(name, format!("{whose}{what} (since the run was proved)"));
    } else {
        proof.differs(name, format!("{whose}{what}"));
    }
}

/// Rows that were to be deleted, or that nobody expects among ours. What was not there when the run
/// was first proved has come since.
fn strangers(proof: &mut SurroundingsProof, now: &TableState, then: Option<&Strangers>) {
    let (name, Some(found)) = (&now.name, &now.strangers) else { return };
    let left = then.map_or(found.left, |then| then.left.min(found.left));
    let come = found.come + found.left - left;
    if left > 0 {
        let rows = if left == 1 { "row" } else { "rows" };
        proof.differs(
            name,
            match found.told_apart {
                true => format!("{left} {rows} left from before the run that it was to delete"),
                false => format!("{left} {rows} there that it neither wrote nor was to leave"),
            },
        );
    }
    if come > 0 {
        let rows = if come == 1 { "row" } else { "rows" };
        proof.note(name, format!("{come} {rows} there that came by somebody else's hand"));
    }
}

/// References of rows that keep theirs, in columns that the plan empties in others.
fn references(proof: &mut SurroundingsProof, before: &TableState, now: &TableState, was: bool) {
    let name = &before.name;
    for (column, then) in &before.references {
        let found = now.references.iter().find(|(other, _)| same_name(other, column));
        let what = match (then, found.map(|(_, look)| look)) {
            (Look::Not(why), _) | (_, Some(Look::Not(why))) => {
                let table = format!("{name}.{column}");
                proof.unseen.push(Noticed { table, what: why.clone() });
                continue;
            }
            (then, Some(now)) if then == now => continue,
            (then, now) => match (then.rows(), now.and_then(Look::rows)) {
                (Some(then), Some(now)) if then != now => counts(then, now),
                (rows, _) => changed(rows.unwrap_or_default()),
            },
        };
        let what = format!("of the rows that keep what they have in {column}, {what}");
        match was {
            true => proof.note(name, format!("{what} (since the run was proved)")),
            false => proof.differs(name, what),
        }
    }
}

fn untouched(proof: &mut SurroundingsProof, table: &TableState) {
    let (rows, digest) = match &table.look {
        Look::Digest { rows, digest, .. } => {
            proof.untouched += 1;
            (*rows, Some(digest.clone()))
        }
        Look::Count(rows) => {
            proof.untouched_by_count += 1;
            proof.counted_only.push(table.name.to_string());
            (*rows, None)
        }
        Look::Not(_) => return,
    };
    if table.class == Class::Platform {
        proof.platform.push(UntouchedTable { table: table.name.to_string(), rows, digest });
    }
}

fn counts(then: u64, now: u64) -> String {
    let rows = if then == 1 { "row" } else { "rows" };
    format!("{then} {rows} before the run, {now} now")
}

fn changed(rows: u64) -> String {
    match rows {
        1 => "its one row has changed".to_owned(),
        rows => format!("some of its {rows} rows have changed"),
    }
}

/// Constraints and triggers of a table that the plan writes.
fn switched(proof: &mut SurroundingsProof, before: &TableState, now: &TableState) {
    let name = &before.name;
    for then in &before.constraints {
        proof.constraints += 1;
        let found = now.constraints.iter().find(|now| is_one(then, now));
        if let Some(what) = constraint(then, found) {
            proof.differs(name, what);
        }
    }
    for then in &before.triggers {
        proof.triggers += 1;
        let found = now.triggers.iter().find(|now| same_name(&now.name, &then.name));
        if let Some(what) = trigger(then, found) {
            proof.differs(name, what);
        }
    }
    for constraint in &now.constraints {
        if !before.constraints.iter().any(|then| is_one(then, constraint)) {
            proof.note(name, format!("the {} is new", called(constraint)));
        }
    }
    for trigger in &now.triggers {
        if !before.triggers.iter().any(|then| same_name(&then.name, &trigger.name)) {
            proof.note(name, format!("the trigger {} is new", trigger.name));
        }
    }
}

fn is_one(a: &ConstraintState, b: &ConstraintState) -> bool {
    a.is_check == b.is_check && same_name(&a.name, &b.name)
}

fn called(constraint: &ConstraintState) -> String {
    let kind = if constraint.is_check { "check constraint" } else { "foreign key" };
    // SQLite's have a number for a name, and say what they are in it.
    constraint
        .name
        .strip_prefix(kind)
        .map_or_else(|| format!("{kind} {}", constraint.name), |number| format!("{kind}{number}"))
}

fn constraint(then: &ConstraintState, now: Option<&ConstraintState>) -> Option<String> {
    let called = called(then);
    match now {
        None => Some(format!("the {called} is gone")),
        Some(now) if now.disabled && !then.disabled => {
            Some(format!("the {called} is switched off, which it was not before the run"))
        }
        Some(now) if now.not_trusted && !then.not_trusted => {
            Some(format!("the {called} is no longer trusted, which it was before the run"))
        }
        Some(_) => None,
    }
}

fn trigger(then: &TriggerState, now: Option<&TriggerState>) -> Option<String> {
    let name = &then.name;
    match now {
        None => Some(format!("the trigger {name} is gone")),
        Some(now) if now.disabled && !then.disabled => {
            Some(format!("the trigger {name} is switched off, which it was not before the run"))
        }
        Some(now) if !now.disabled && then.disabled => {
            Some(format!("the trigger {name} is switched on, which it was not before the run"))
        }
        Some(now) if now.instead_of != then.instead_of => {
            Some(format!("the trigger {name} is another one than before the run"))
        }
        Some(_) => None,
    }
}
