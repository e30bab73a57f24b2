//! The plan file: TOML that a person can write by hand (`design.md` §6).

mod cleanup;
mod endpoint;
mod notes;
mod pace;
mod read;
mod restore;
mod section;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Acceptance, Decisions, MapFiles, ScopeRequest};

pub use cleanup::{CleanupFile, cleanup_keys};
pub use endpoint::{AUTHENTICATIONS, ENCRYPTIONS, Endpoint, EndpointEngine, PURPOSES, Purpose};
pub use pace::{SOURCE_PACES, SourcePace};
pub use read::plan_keys;
pub use restore::{RestoreFile, restore_keys};

/// How the source is read (`design.md` decision 19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceReading {
    /// Snapshot or high-water, whichever suits the source (see [`super::choose_reading`]).
    #[default]
    Auto,
    /// One instant for all tables.
    Snapshot,
    /// Up to the highest id that each table had at the start; rows that are committed late below it
    /// are fetched at the end of their table.
    HighWater,
    /// The applications are offline: nothing changes. What moves all the same fails the proof.
    Frozen,
}

impl SourceReading {
    /// Its name in plan files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Snapshot => "snapshot",
            Self::HighWater => "high-water",
            Self::Frozen => "frozen",
        }
    }
}

/// The ways to read the source with their names in plan files; the first is the default.
pub const SOURCE_READINGS: [(&str, SourceReading); 4] = [
    (SourceReading::Auto.name(), SourceReading::Auto),
    (SourceReading::Snapshot.name(), SourceReading::Snapshot),
    (SourceReading::HighWater.name(), SourceReading::HighWater),
    (SourceReading::Frozen.name(), SourceReading::Frozen),
];

/// Batch size and the like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions {
    /// Rows per transaction at most, 1 to 4,000: above that SQL Server locks the whole table.
    pub batch_rows: usize,
    /// Entities written at the same time.
    pub parallel_entities: usize,
    /// How the source is read.
    pub source_reading: SourceReading,
    /// Requests that may be under way in the source at once, each on a connection of its own.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub source_connections: usize,
    /// How gently the source is read at first; whoever watches the run can change it.
    #[serde(default, skip_serializing_if = "SourcePace::is_default")]
    pub source_pace: SourcePace,
    /// Whether rows that are deleted or changed are kept for undo.
    pub keep_before_images: bool,
    /// Whether the run reserves ranges of ids and gives them itself, where it may: faster, with more
    /// rights, and with the same result but for the ids.
    #[serde(default, skip_serializing_if = "is_off")]
    pub identity_ranges: bool,
    /// What happens when the destination refuses something that nobody foresaw.
    #[serde(default, skip_serializing_if = "RejectPolicy::is_default")]
    pub rejects: RejectPolicy,
    /// With [`RejectPolicy::GoOn`]: the run stops after more rejects than this; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rejects: Option<u64>,
}

/// Connections to the source where the plan names no number.
fn one() -> usize {
    1
}

// The fingerprint of a plan must not change with versions that know of more options.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_one(connections: &usize) -> bool {
    *connections == one()
}

// For the same reason.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_off(option: &bool) -> bool {
    !*option
}

/// What happens when the destination refuses a row that nobody foresaw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectPolicy {
    /// It is recorded and left out, with what depends on it, and the run goes on.
    #[default]
    GoOn,
    /// It is recorded, and the run stops so that somebody can decide.
    Stop,
}

impl RejectPolicy {
    /// Its name in plan files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GoOn => "go-on",
            Self::Stop => "stop",
        }
    }

    // The fingerprint of a plan must not change with versions that know of more options.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What may happen at a reject, with the names in plan files; the first is the default.
pub const REJECT_POLICIES: [(&str, RejectPolicy); 2] = [
    (RejectPolicy::GoOn.name(), RejectPolicy::GoOn),
    (RejectPolicy::Stop.name(), RejectPolicy::Stop),
];

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            batch_rows: 2000,
            parallel_entities: 4,
            source_reading: SourceReading::Auto,
            source_connections: one(),
            source_pace: SourcePace::Gentle,
            keep_before_images: true,
            identity_ranges: false,
            rejects: RejectPolicy::GoOn,
            max_rejects: None,
        }
    }
}

/// A plan file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// The plan's name.
    pub name: String,
    /// Where rows are read.
    pub source: Endpoint,
    /// Where rows are written.
    pub destination: Endpoint,
    /// What is carried over.
    pub scope: ScopeRequest,
    /// How.
    pub options: RunOptions,
    /// What is said of the checks before the run.
    pub preflight: Acceptance,
    /// Tables beside the plan that decide more.
    pub maps: MapFiles,
    /// What was decided.
    pub decisions: Decisions,
}

impl PlanFile {
    /// A plan of which nothing but the name is known.
    #[must_use]
    pub fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            source: Endpoint::empty(),
            destination: Endpoint::empty(),
            scope: ScopeRequest::default(),
            options: RunOptions::default(),
            preflight: Acceptance::default(),
            maps: MapFiles::default(),
            decisions: Decisions::default(),
        }
    }
}

/// A plan or a draft as far as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood {
    /// The plan; what is missing is empty.
    pub plan: PlanFile,
    /// What was not understood and what became of it, a sentence each, in the order of the file.
    pub notices: Vec<String>,
    /// The wizard's step at which a draft was left.
    pub step: Option<String>,
}

/// Why a plan file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFileError(pub String);

impl fmt::Display for PlanFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PlanFileError {}
