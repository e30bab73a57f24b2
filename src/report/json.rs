//! Reports for scripts.

use serde::Serialize;

use super::{ComparisonReport, PlanReport, RunReport};
use crate::database::{Fault, FaultKind, Result};

fn json(report: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(report)
        .map_err(|error| Fault::new(FaultKind::Other, format!("no JSON can be made: {error}")))?;
    text.push('\n');
    Ok(text)
}

impl RunReport {
    /// The report as JSON. The names are those of the fields; a name that is there in one version
    /// keeps its meaning in every later one of the same [`FORMAT`](super::FORMAT).
    pub fn to_json(&self) -> Result<String> {
        json(self)
    }
}

impl ComparisonReport {
    /// The comparison as JSON, under the same promise.
    pub fn to_json(&self) -> Result<String> {
        json(self)
    }
}

impl PlanReport {
    /// What a plan would do as JSON, under the same promise.
    pub fn to_json(&self) -> Result<String> {
        json(self)
    }
}
