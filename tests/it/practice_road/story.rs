//! What the person was told and what the person decided: `report.json` and the plan file.

use std::path::Path;

use serde::Deserialize;

#[derive(Clone)]
pub struct Story {
    pub report: Report,
    pub plan: Plan,
}

#[derive(Clone, Deserialize)]
pub struct Report {
    pub verdict: String,
    pub entities: Vec<Told>,
    pub people: People,
    pub decisions: Vec<String>,
}

/// What the report says of an entity.
#[derive(Clone, Deserialize)]
pub struct Told {
    pub name: String,
    pub espace: String,
    pub entity: String,
    pub source_table: String,
    pub destination_table: String,
    pub existing: String,
    pub source_rows: usize,
    pub deleted: usize,
    pub written: usize,
    pub left_out: usize,
    pub left_out_reasons: Vec<Reason>,
    pub rejected: usize,
    pub emptied: Vec<Emptied>,
    pub standing: usize,
}

/// Rows that share a reason.
#[derive(Clone, Deserialize)]
pub struct Reason {
    pub attribute: Option<String>,
    /// Some of them, the first ten at most.
    pub keys: Vec<String>,
}

#[derive(Clone, Deserialize)]
pub struct Emptied {
    pub attribute: String,
    pub count: usize,
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Deserialize)]
pub struct People {
    pub created: Vec<Created>,
}

#[derive(Clone, Deserialize)]
pub struct Created {
    pub is_group: bool,
    pub source: i64,
    pub destination: i64,
}

#[derive(Clone, Default, Deserialize)]
pub struct Plan {
    pub scope: Scope,
    #[serde(default)]
    pub decision: Vec<Decision>,
}

impl Plan {
    /// Whether the records of a static entity come along as rows, by decision.
    pub fn takes_records_in(&self, entity: &super::model::Key) -> bool {
        self.decision.iter().any(|decision| {
            decision.kind == "entity-kind-changed"
                && decision.choice == "take-in"
                && decision.is_about(entity)
        })
    }
}

#[derive(Clone, Default, Deserialize)]
pub struct Scope {
    pub applications: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Decision {
    pub kind: String,
    pub espace: String,
    pub entity: String,
    pub attribute: String,
    pub record: String,
    pub user: String,
    pub tenant: String,
    pub choice: String,
    pub to: String,
}

impl Decision {
    /// Whether it is about an entity, or a part of it.
    pub fn is_about(&self, entity: &super::model::Key) -> bool {
        (self.espace.to_lowercase(), self.entity.to_lowercase()) == *entity
    }
}

impl Story {
    pub fn read(report: &Path, plan: &Path) -> Self {
        let text = |path: &Path| {
            std::fs::read_to_string(path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        Self {
            report: serde_json::from_str(&text(report))
                .unwrap_or_else(|error| panic!("{}: {error}", report.display())),
            plan: toml::from_str(&text(plan))
                .unwrap_or_else(|error| panic!("{}: {error}", plan.display())),
        }
    }

    /// Whether a decision about this is told.
    pub fn tells_of(&self, what: &str) -> bool {
        let start = format!("{what}: ");
        self.report.decisions.iter().any(|words| words.starts_with(&start))
    }
}
