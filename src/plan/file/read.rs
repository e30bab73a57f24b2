//! From TOML to a plan file, or the reason why it is none.

use std::path::PathBuf;

use serde::Deserialize;

use super::endpoint::{AUTHENTICATIONS, ENCRYPTIONS};
use super::{
    Endpoint, EndpointEngine, PlanFile, PlanFileError, Purpose, RunOptions, SourceReading,
};
use crate::compare::{FindingKey, FindingKind};
use crate::database::Authentication;
use crate::outsystems::Key;
use crate::plan::{Decision, Decisions, ScopeRequest};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlan {
    version: u32,
    name: Option<String>,
    source: RawEndpoint,
    destination: RawEndpoint,
    scope: RawScope,
    #[serde(default)]
    options: RawOptions,
    #[serde(default)]
    decision: Vec<RawDecision>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEndpoint {
    engine: String,
    server: Option<String>,
    database: Option<String>,
    user: Option<String>,
    auth: Option<String>,
    encrypt: Option<String>,
    trust_certificate: Option<bool>,
    ca_file: Option<PathBuf>,
    path: Option<PathBuf>,
    purpose: Option<Purpose>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScope {
    #[serde(default)]
    applications: Vec<String>,
    #[serde(default)]
    espaces: Vec<String>,
    #[serde(default)]
    solutions: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawOptions {
    destination_rows: Option<String>,
    source_reading: Option<SourceReading>,
    batch_rows: Option<usize>,
    parallel_entities: Option<usize>,
    keep_before_images: Option<bool>,
    personal_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDecision {
    kind: String,
    espace: Option<String>,
    entity: Option<String>,
    attribute: Option<String>,
    record: Option<String>,
    user: Option<String>,
    tenant: Option<String>,
    about: Option<String>,
    choice: String,
    to: Option<toml::Value>,
}

impl PlanFile {
    /// Reads a plan; `fallback_name` is used when it has none. Unknown keys are refused, with
    /// their line.
    pub fn parse(text: &str, fallback_name: &str) -> Result<Self, PlanFileError> {
        let raw: RawPlan = toml::from_str(text)
            .map_err(|error| PlanFileError(error.to_string().trim().to_owned()))?;
        if raw.version != 1 {
            return Err(PlanFileError(format!(
                "version = {}: this osferry reads plans of version 1",
                raw.version
            )));
        }
        let mut decisions = Decisions::default();
        for (place, decision) in raw.decision.into_iter().enumerate() {
            decisions.put(decision.resolve(place + 1)?);
        }
        let (options, replace) = raw.options.resolve()?;
        Ok(Self {
            name: raw.name.unwrap_or_else(|| fallback_name.to_owned()),
            source: raw.source.resolve("source")?,
            destination: raw.destination.resolve("destination")?,
            scope: ScopeRequest {
                applications: raw.scope.applications,
                espaces: raw.scope.espaces,
                solutions: raw.scope.solutions,
                exclude: raw.scope.exclude,
                replace,
            },
            options,
            decisions,
        })
    }
}

impl RawOptions {
    /// The options, and what becomes of the destination's rows.
    fn resolve(self) -> Result<(RunOptions, Option<bool>), PlanFileError> {
        let replace = match self.destination_rows.as_deref() {
            None => None,
            Some("replace") => Some(true),
            Some("keep") => Some(false),
            Some(other) => {
                return Err(PlanFileError(format!(
                    "destination_rows = \"{other}\": it is \"replace\" or \"keep\""
                )));
            }
        };
        match self.personal_data.as_deref() {
            None | Some("real") => {}
            Some("mask") => {
                return Err(PlanFileError(
                    "personal_data = \"mask\": masking is not built yet; say \"real\" or leave the \
                     key out (created users are masked in any case)"
                        .to_owned(),
                ));
            }
            Some(other) => {
                return Err(PlanFileError(format!(
                    "personal_data = \"{other}\": it is \"real\" or \"mask\""
                )));
            }
        }
        let defaults = RunOptions::default();
        let batch_rows = self.batch_rows.unwrap_or(defaults.batch_rows);
        if !(1..=4000).contains(&batch_rows) {
            return Err(PlanFileError(format!(
                "batch_rows = {batch_rows}: it lies between 1 and 4000; above that SQL Server locks \
                 the whole table"
            )));
        }
        let parallel_entities = self.parallel_entities.unwrap_or(defaults.parallel_entities);
        if !(1..=16).contains(&parallel_entities) {
            return Err(PlanFileError(format!(
                "parallel_entities = {parallel_entities}: it lies between 1 and 16"
            )));
        }
        let options = RunOptions {
            batch_rows,
            parallel_entities,
            source_reading: self.source_reading.unwrap_or_default(),
            keep_before_images: self.keep_before_images.unwrap_or(defaults.keep_before_images),
        };
        Ok((options, replace))
    }
}

fn one_of<T: Copy>(
    section: &str,
    key: &str,
    given: Option<&str>,
    known: &[(&str, T)],
) -> Result<T, PlanFileError> {
    let Some(given) = given else { return Ok(known[0].1) };
    known.iter().find(|(name, _)| *name == given).map(|(_, kind)| *kind).ok_or_else(|| {
        let names: Vec<String> = known.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        PlanFileError(format!("[{section}] {key} = \"{given}\": it is {}", names.join(", ")))
    })
}

impl RawEndpoint {
    fn resolve(self, section: &str) -> Result<Endpoint, PlanFileError> {
        let missing = |key: &str| {
            PlanFileError(format!(
                "[{section}] needs {key} = \"…\" with engine = \"{}\"",
                self.engine
            ))
        };
        let engine = match self.engine.as_str() {
            "sqlite" => {
                EndpointEngine::Sqlite { path: self.path.clone().ok_or_else(|| missing("path"))? }
            }
            "sqlserver" => {
                let authentication =
                    one_of(section, "auth", self.auth.as_deref(), &AUTHENTICATIONS)?;
                let user = self.user.clone().unwrap_or_default();
                let by_name =
                    matches!(authentication, Authentication::Sql | Authentication::Windows);
                if by_name && user.is_empty() {
                    return Err(missing("user"));
                }
                if self.trust_certificate == Some(true) && self.ca_file.is_some() {
                    return Err(PlanFileError(format!(
                        "[{section}] has both trust_certificate and ca_file: one accepts every \
                         certificate, the other says which; choose one"
                    )));
                }
                EndpointEngine::SqlServer {
                    server: self.server.clone().ok_or_else(|| missing("server"))?,
                    database: self.database.clone().ok_or_else(|| missing("database"))?,
                    user,
                    authentication,
                    encryption: one_of(section, "encrypt", self.encrypt.as_deref(), &ENCRYPTIONS)?,
                    trust_certificate: self.trust_certificate.unwrap_or(false),
                    ca_file: self.ca_file.clone(),
                }
            }
            other => {
                return Err(PlanFileError(format!(
                    "[{section}] engine = \"{other}\": it is \"sqlserver\" or \"sqlite\""
                )));
            }
        };
        Ok(Endpoint { engine, purpose: self.purpose })
    }
}

impl RawDecision {
    fn resolve(self, place: usize) -> Result<Decision, PlanFileError> {
        let kind = FindingKind::parse(&self.kind).ok_or_else(|| {
            let near = FindingKind::ALL
                .iter()
                .map(|kind| kind.name())
                .max_by(|a, b| {
                    strsim::jaro_winkler(a, &self.kind)
                        .total_cmp(&strsim::jaro_winkler(b, &self.kind))
                })
                .unwrap_or_default();
            PlanFileError(format!(
                "decision {place}: there is no finding of kind \"{}\"; did you mean \"{near}\"?",
                self.kind
            ))
        })?;
        let key = |text: Option<String>| text.map(|text| Key::new(&text)).unwrap_or_default();
        Ok(Decision {
            key: FindingKey {
                kind,
                espace: key(self.espace),
                entity: key(self.entity),
                attribute: key(self.attribute),
                record: key(self.record),
                user: key(self.user),
                tenant: key(self.tenant),
            },
            about: self.about.unwrap_or_default(),
            choice: self.choice,
            to: self.to.map(|to| match to {
                toml::Value::String(text) => text,
                other => other.to_string(),
            }),
        })
    }
}
