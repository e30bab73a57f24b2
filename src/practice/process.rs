//! Processes of the practice pair and what there is of them, as `processes.toml` describes them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::company::{Only, side, wrong};
use crate::database::Result;
use crate::outsystems::Side;

/// What `processes.toml` holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Processes {
    #[serde(rename = "process")]
    pub(super) all: Vec<Process>,
    #[serde(rename = "instance")]
    pub(super) instances: Vec<Instance>,
}

/// A process definition.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Process {
    pub(super) espace: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) description: String,
    /// The entity whose new rows start it.
    pub(super) launched_by: Option<String>,
    /// Whether it leaves no instance behind.
    #[serde(default)]
    pub(super) light: bool,
    #[serde(default)]
    pub(super) inputs: Vec<Parameter>,
    #[serde(default)]
    pub(super) outputs: Vec<Parameter>,
    pub(super) activities: Vec<Activity>,
}

/// An input or an output.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// A basic type, or the full name of the entity whose id it is.
    #[serde(rename = "type")]
    pub(super) holds: String,
    /// Whether an activity is given it, and does not give it.
    #[serde(default)]
    pub(super) input: bool,
}

impl Parameter {
    /// The entity whose id it is.
    pub(super) fn refers(&self) -> Option<&str> {
        self.holds.contains('.').then_some(self.holds.as_str())
    }
}

/// A step of a process.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Activity {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) role: Option<String>,
    /// The process that it starts.
    pub(super) invokes: Option<String>,
    /// The rows that it waits for.
    pub(super) waits: Option<Waits>,
    /// The attribute by which it knows them.
    pub(super) by: Option<String>,
    /// What it is given and what it gives.
    #[serde(default)]
    pub(super) values: Vec<Parameter>,
    /// The only side that has it.
    #[serde(default)]
    pub(super) only: Only,
}

/// The rows that an activity waits for.
#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Waits {
    New,
    Changed,
}

/// Instances of a process that differ only in the row that they are about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instance {
    pub(super) name: String,
    #[serde(default = "source", deserialize_with = "side")]
    pub(super) side: Side,
    /// The full name of the process.
    pub(super) process: String,
    pub(super) status: String,
    /// The places of the rows that they are about; those of the whole for a part.
    #[serde(default)]
    pub(super) rows: Vec<u64>,
    /// The instance that it is a part of.
    pub(super) part_of: Option<String>,
    /// The activity of the whole that started it.
    pub(super) by: Option<String>,
    pub(super) created_by: Option<String>,
    pub(super) suspended_by: Option<String>,
    /// Whether its values name no type.
    #[serde(default)]
    pub(super) untyped: bool,
    #[serde(default)]
    pub(super) inputs: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) outputs: BTreeMap<String, String>,
    pub(super) activities: Vec<Done>,
}

/// An activity of an instance.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    /// Whether it goes on at a time.
    #[serde(default)]
    pub(super) goes_on: bool,
    /// Whether a front end is at work on it.
    #[serde(default)]
    pub(super) runs: bool,
    #[serde(default)]
    pub(super) errors: i64,
    #[serde(default)]
    pub(super) values: BTreeMap<String, String>,
}

impl Process {
    /// `espace.process`
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.espace, self.name)
    }

    /// The entity of the rows that its instances are about.
    pub(super) fn about(&self) -> Option<&str> {
        self.inputs.first().and_then(Parameter::refers)
    }

    /// Whether new rows of an entity start it.
    pub(super) fn is_launched_by(&self, entity: &str) -> bool {
        self.launched_by.as_deref() == Some(entity)
    }
}

impl Processes {
    /// The place of the process with this full name.
    pub(super) fn place(&self, full_name: &str) -> Result<usize> {
        let place = self.all.iter().position(|process| process.full_name() == full_name);
        place.ok_or_else(|| wrong(format!("there is no process {full_name}")))
    }
}

fn source() -> Side {
    Side::Source
}
