//! The plan file: TOML that a person can write by hand (`design.md` §6).

mod endpoint;
mod read;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Decisions, ScopeRequest};

pub use endpoint::{AUTHENTICATIONS, ENCRYPTIONS, Endpoint, EndpointEngine, Purpose};

/// How the source is read (`design.md` decision 19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceReading {
    /// Whichever of the others suits.
    #[default]
    Auto,
    /// One instant for all tables.
    Snapshot,
    /// Up to the highest id that each table had at the start.
    HighWater,
    /// The applications are offline: nothing changes.
    Frozen,
}

impl SourceReading {
    /// Its name in plan files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Snapshot => "snapshot",
            Self::HighWater => "high-water",
            Self::Frozen => "frozen",
        }
    }
}

/// Batch size and the like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions {
    /// Rows per transaction, 1 to 4,000: above that SQL Server locks the whole table.
    pub batch_rows: usize,
    /// Entities written at the same time.
    pub parallel_entities: usize,
    /// How the source is read.
    pub source_reading: SourceReading,
    /// Whether rows that are deleted or changed are kept for undo.
    pub keep_before_images: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            batch_rows: 2000,
            parallel_entities: 4,
            source_reading: SourceReading::Auto,
            keep_before_images: true,
        }
    }
}

/// A plan file.
#[derive(Clone, Debug, PartialEq)]
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
    /// What was decided.
    pub decisions: Decisions,
}

impl PlanFile {
    /// Nothing but a name.
    #[must_use]
    pub fn empty(name: &str) -> Self {
        let side = |purpose| Endpoint {
            engine: EndpointEngine::SqlServer {
                server: String::new(),
                database: String::new(),
                user: String::new(),
                authentication: crate::database::Authentication::default(),
                encryption: crate::database::Encryption::default(),
                trust_certificate: false,
                ca_file: None,
            },
            purpose,
        };
        Self {
            name: name.to_owned(),
            source: side(None),
            destination: side(None),
            scope: ScopeRequest::default(),
            options: RunOptions::default(),
            decisions: Decisions::default(),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{FindingKey, FindingKind};
    use crate::outsystems::Key;
    use crate::plan::Decision;

    const SMALL: &str = r#"
version = 1
name = "small"   # what it is called

[source]
engine = "sqlite"
path = "prod.sqlite"

[destination]
engine = "sqlserver"
server = "dev,1433"
database = "OSDEV"
user = "osferry_rw"
purpose = "non-production"

[scope]
applications = ["Claims"]

[options]
destination_rows = "replace"
"#;

    #[test]
    fn the_smallest_plan_reads() {
        let plan = PlanFile::parse(SMALL, "x").expect("a plan");
        assert_eq!(plan.name, "small");
        assert_eq!(plan.scope.replace, Some(true));
        assert_eq!(plan.options, RunOptions::default());
        assert_eq!(plan.source.purpose, None);
        assert!(plan.destination.needs_secret());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let text = SMALL.replace("database =", "databse =");
        let error = PlanFile::parse(&text, "x").expect_err("a misspelt key").to_string();
        assert!(error.contains("line 12") && error.contains("databse"), "{error}");
    }

    #[test]
    fn decisions_are_written_and_read_back_and_comments_survive() {
        let mut decisions = Decisions::default();
        decisions.put(Decision {
            key: FindingKey {
                espace: Key::new("e"),
                entity: Key::new("n"),
                ..FindingKey::new(FindingKind::EntityMissing)
            },
            about: "Claims.Claim".to_owned(),
            choice: "leave-out".to_owned(),
            to: None,
        });
        let text = PlanFile::with_decisions(SMALL, &decisions).expect("it is TOML");
        assert!(text.contains("# what it is called"));
        let mut plan = PlanFile::parse(&text, "x").expect("a plan");
        assert_eq!(plan.decisions.all(), decisions.all());
        plan.options.source_reading = SourceReading::Frozen;
        let again = PlanFile::parse(&plan.to_text(), "x").expect("a plan");
        assert_eq!(again.decisions.all(), decisions.all());
        assert_eq!(again.source, plan.source);
        assert_eq!(again.scope, plan.scope);
        assert_eq!(again.options, plan.options);
    }
}
