//! The plan file: TOML that a person can write by hand (`design.md` §6).

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::{Decision, Decisions, ScopeRequest};
use crate::compare::{FindingKey, FindingKind};
use crate::database::{Authentication, ConnectionSpec, Encryption, Secret, ServerSpec};
use crate::outsystems::Key;

/// What an environment is for, as the person declares it: no table says it (`metamodel.md` §2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Production: never written.
    Production,
    /// Anything between.
    NonProduction,
    /// Development.
    Development,
}

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

/// Which engine an endpoint is on, with what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointEngine {
    /// SQL Server.
    SqlServer {
        /// `host`, `host,port` or `host\instance`.
        server: String,
        /// The database.
        database: String,
        /// The login; empty where none is needed.
        user: String,
        /// How to sign in.
        authentication: Authentication,
        /// How much is encrypted.
        encryption: Encryption,
        /// Accept any certificate.
        trust_certificate: bool,
        /// Authorities to trust.
        ca_file: Option<PathBuf>,
    },
    /// SQLite.
    Sqlite {
        /// The file, relative to the plan file.
        path: PathBuf,
    },
}

/// One environment as the plan file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where it is.
    pub engine: EndpointEngine,
    /// What it is for, when the plan says so.
    pub purpose: Option<Purpose>,
}

impl Endpoint {
    /// What to open; paths are taken relative to `folder`, the plan file's.
    #[must_use]
    pub fn connection(&self, folder: &Path, secret: Option<Secret>) -> ConnectionSpec {
        match &self.engine {
            EndpointEngine::Sqlite { path } => ConnectionSpec::Sqlite { path: folder.join(path) },
            EndpointEngine::SqlServer {
                server,
                database,
                user,
                authentication,
                encryption,
                trust_certificate,
                ca_file,
            } => ConnectionSpec::SqlServer(ServerSpec {
                server: server.clone(),
                database: database.clone(),
                user: user.clone(),
                secret,
                authentication: *authentication,
                encryption: *encryption,
                trust_certificate: *trust_certificate,
                ca_file: ca_file.as_ref().map(|file| folder.join(file)),
            }),
        }
    }

    /// Whether signing in needs a password or token.
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        match &self.engine {
            EndpointEngine::Sqlite { .. } => false,
            EndpointEngine::SqlServer { authentication, .. } => {
                *authentication != Authentication::Integrated
            }
        }
    }
}

/// A plan file.
#[derive(Clone, Debug)]
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

/// Why a plan file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFileError(pub String);

impl fmt::Display for PlanFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PlanFileError {}

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
        let options = &raw.options;
        let replace = match options.destination_rows.as_deref() {
            None => None,
            Some("replace") => Some(true),
            Some("keep") => Some(false),
            Some(other) => {
                return Err(PlanFileError(format!(
                    "destination_rows = \"{other}\": it is \"replace\" or \"keep\""
                )));
            }
        };
        match options.personal_data.as_deref() {
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
        let batch_rows = options.batch_rows.unwrap_or(defaults.batch_rows);
        if !(1..=4000).contains(&batch_rows) {
            return Err(PlanFileError(format!(
                "batch_rows = {batch_rows}: it lies between 1 and 4000; above that SQL Server locks \
                 the whole table"
            )));
        }
        let parallel_entities = options.parallel_entities.unwrap_or(defaults.parallel_entities);
        if !(1..=16).contains(&parallel_entities) {
            return Err(PlanFileError(format!(
                "parallel_entities = {parallel_entities}: it lies between 1 and 16"
            )));
        }
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
            options: RunOptions {
                batch_rows,
                parallel_entities,
                source_reading: raw.options.source_reading.unwrap_or_default(),
                keep_before_images: raw
                    .options
                    .keep_before_images
                    .unwrap_or(defaults.keep_before_images),
            },
            decisions,
        })
    }

    /// The text of the file with these decisions in place of its own; comments and everything
    /// else stay as they are.
    pub fn with_decisions(text: &str, decisions: &Decisions) -> Result<String, PlanFileError> {
        let mut document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| PlanFileError(error.to_string()))?;
        let mut tables = ArrayOfTables::new();
        for decision in decisions.all() {
            let mut table = Table::new();
            table.insert("kind", value(decision.key.kind.name()));
            let key = &decision.key;
            for (name, part) in [
                ("espace", &key.espace),
                ("entity", &key.entity),
                ("attribute", &key.attribute),
                ("record", &key.record),
                ("user", &key.user),
                ("tenant", &key.tenant),
            ] {
                if !part.is_empty() {
                    table.insert(name, value(part.as_str()));
                }
            }
            if !decision.about.is_empty() {
                table.insert("about", value(&decision.about));
            }
            table.insert("choice", value(&decision.choice));
            if let Some(to) = &decision.to {
                table.insert("to", value(to));
            }
            tables.push(table);
        }
        document.remove("decision");
        if !tables.is_empty() {
            document.insert("decision", Item::ArrayOfTables(tables));
        }
        Ok(document.to_string())
    }

    /// The text of a new plan file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut document = DocumentMut::new();
        document.insert("version", value(1));
        document.insert("name", value(&self.name));
        document.insert("source", Item::Table(self.source.to_table()));
        document.insert("destination", Item::Table(self.destination.to_table()));
        let list = |names: &[String]| value(names.iter().collect::<Array>());
        let mut scope = Table::new();
        scope.insert("applications", list(&self.scope.applications));
        scope.insert("espaces", list(&self.scope.espaces));
        scope.insert("solutions", list(&self.scope.solutions));
        scope.insert("exclude", list(&self.scope.exclude));
        document.insert("scope", Item::Table(scope));
        let mut options = Table::new();
        if let Some(replace) = self.scope.replace {
            options.insert("destination_rows", value(if replace { "replace" } else { "keep" }));
        }
        let number = |n: usize| value(i64::try_from(n).unwrap_or(i64::MAX));
        options.insert("batch_rows", number(self.options.batch_rows));
        options.insert("parallel_entities", number(self.options.parallel_entities));
        options.insert("keep_before_images", value(self.options.keep_before_images));
        document.insert("options", Item::Table(options));
        let text = document.to_string();
        Self::with_decisions(&text, &self.decisions).unwrap_or(text)
    }
}

impl Endpoint {
    fn to_table(&self) -> Table {
        let mut table = Table::new();
        match &self.engine {
            EndpointEngine::Sqlite { path } => {
                table.insert("engine", value("sqlite"));
                table.insert("path", value(path.to_string_lossy().as_ref()));
            }
            EndpointEngine::SqlServer {
                server,
                database,
                user,
                authentication,
                encryption,
                trust_certificate,
                ca_file,
            } => {
                table.insert("engine", value("sqlserver"));
                table.insert("server", value(server));
                table.insert("database", value(database));
                if !user.is_empty() {
                    table.insert("user", value(user));
                }
                let auth = AUTHENTICATIONS.iter().find(|(_, kind)| kind == authentication);
                table.insert("auth", value(auth.map_or("sql", |(name, _)| *name)));
                let encrypt = ENCRYPTIONS.iter().find(|(_, kind)| kind == encryption);
                table.insert("encrypt", value(encrypt.map_or("required", |(name, _)| *name)));
                if *trust_certificate {
                    table.insert("trust_certificate", value(true));
                }
                if let Some(file) = ca_file {
                    table.insert("ca_file", value(file.to_string_lossy().as_ref()));
                }
            }
        }
        if let Some(purpose) = self.purpose {
            table.insert(
                "purpose",
                value(match purpose {
                    Purpose::Production => "production",
                    Purpose::NonProduction => "non-production",
                    Purpose::Development => "development",
                }),
            );
        }
        table
    }
}

const AUTHENTICATIONS: [(&str, Authentication); 4] = [
    ("sql", Authentication::Sql),
    ("windows", Authentication::Windows),
    ("integrated", Authentication::Integrated),
    ("entra-token", Authentication::EntraToken),
];

const ENCRYPTIONS: [(&str, Encryption); 4] = [
    ("required", Encryption::Required),
    ("strict", Encryption::Strict),
    ("login-only", Encryption::LoginOnly),
    ("none", Encryption::None),
];

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

#[cfg(test)]
mod tests {
    use super::*;

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
        let plan = PlanFile::parse(&text, "x").expect("a plan");
        assert_eq!(plan.decisions.all(), decisions.all());
        let again = PlanFile::parse(&plan.to_text(), "x").expect("a plan");
        assert_eq!(again.decisions.all(), decisions.all());
        assert_eq!(again.source, plan.source);
        assert_eq!(again.scope, plan.scope);
    }
}
