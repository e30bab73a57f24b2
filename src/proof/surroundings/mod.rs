//! What a run must leave as it was: everything in the destination that the plan does not write,
//! and the constraints and triggers of what it writes.
//!
//! A picture is taken right before the first write, which the journal keeps, and another one at
//! the proof; comparing the two says what has changed. A picture holds names, counts and digests,
//! never what a row holds.

mod class;
mod compare;
mod ours;
mod strangers;
mod take;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::database::{Fault, FaultKind, Result, TableName};

pub use class::Class;
pub(super) use compare::compare;
pub use compare::{Noticed, SHOWN_NOTICES, SurroundingsProof, UntouchedTable};
pub(super) use ours::Ours;
pub use strangers::Strangers;
pub(super) use take::take_again;

/// Tables of the platform with more rows than this are counted only.
const PLATFORM_ROWS: u64 = 200_000;

/// Other tables with more rows than this are counted only.
const OTHER_ROWS: u64 = 10_000;

/// A picture of the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// Every table of its catalogs, in the order of names.
    pub tables: Vec<TableState>,
}

/// One table of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// Its full name.
    pub name: TableName,
    /// What is expected of it.
    pub class: Class,
    /// What its rows looked like.
    pub look: Look,
    /// Of a table whose rows the plan deletes, after that: rows that nobody expects there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strangers: Option<Strangers>,
    /// The highest identifier it had, where the run may add rows to it: rows above came later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
    /// Columns that were not read: large binaries, and types that are not moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
    /// Of columns that the plan empties in some rows: what the rows looked like that keep theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<(String, Look)>,
    /// Its foreign keys and check constraints, where the plan writes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<ConstraintState>,
    /// Its triggers, where the plan writes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<TriggerState>,
}

/// What the rows of a table looked like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    /// Nobody looked, and why.
    Not(String),
    /// They were counted.
    Count(u64),
    /// They were read.
    Digest {
        /// How many there were.
        rows: u64,
        /// The sum of the rows' hashes, whatever their order, in hexadecimal.
        digest: String,
        /// A hash of the names of the columns read.
        columns: String,
    },
}

impl Look {
    /// How many rows there were.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        match self {
            Self::Not(_) => None,
            Self::Count(rows) | Self::Digest { rows, .. } => Some(*rows),
        }
    }
}

/// A foreign key or check constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConstraintState {
    /// Its name.
    pub name: String,
    /// Whether it checks a condition, or is a foreign key.
    pub is_check: bool,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether the server no longer vouches for it.
    pub not_trusted: bool,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerState {
    /// Its name.
    pub name: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it runs instead of the statement.
    pub instead_of: bool,
}

impl Surroundings {
    /// The picture for the journal.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Fault::new(FaultKind::Other, format!("no JSON can be made: {error}")))
    }

    /// The picture as the journal has it.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Fault::new(
                FaultKind::Data,
                format!("the journal's picture of the destination cannot be read: {error}"),
            )
        })
    }

    /// The table of that name.
    fn table(&self, name: &TableName) -> Option<&TableState> {
        self.tables.iter().find(|table| table.name == *name)
    }
}
