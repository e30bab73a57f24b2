//! The plan of a restore: which database is the old one, which the new.

use toml_edit::{Array, DocumentMut, Item, value};

use super::notes::Notes;
use super::read::{endpoint, read_as};
use super::section::Kind;
use super::{Endpoint, EndpointEngine, PlanFileError};

const ROOT: Kind = Kind { heading: "", keys: &["version", "name", "old", "new", "databases"] };

/// The keys of a restore's plan. Those of `[old]` and `[new]` are those of a plan's sides.
#[must_use]
pub fn restore_keys() -> &'static [&'static str] {
    ROOT.keys
}

/// The plan of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreFile {
    /// Its name.
    pub name: String,
    /// The Platform database on the old server.
    pub old: Endpoint,
    /// The same on the new one.
    pub new: Endpoint,
    /// Further databases of both servers, by name: Log, Session.
    pub databases: Vec<String>,
}

impl RestoreFile {
    /// Reads it; `fallback_name` is used when it has none. Unknown keys are refused, with their
    /// line.
    pub fn parse(text: &str, fallback_name: &str) -> Result<Self, PlanFileError> {
        let (file, notes) = Self::read(text, fallback_name)?;
        notes.into_refusal()?;
        Ok(file)
    }

    /// Reads one that is not finished: what is missing or not understood is left open.
    pub fn draft(text: &str, fallback_name: &str) -> Result<Self, PlanFileError> {
        Ok(Self::read(text, fallback_name)?.0)
    }

    fn read(text: &str, fallback_name: &str) -> Result<(Self, Notes), PlanFileError> {
        read_as(text, &ROOT, fallback_name, |root, name, notes| Self {
            name,
            old: endpoint(root, "old", notes),
            new: endpoint(root, "new", notes),
            databases: root.texts("databases", notes),
        })
    }

    /// The text of a file that says the same.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut document = DocumentMut::new();
        document.insert("version", value(1));
        document.insert("name", value(&self.name));
        if !self.databases.is_empty() {
            document.insert("databases", value(self.databases.iter().collect::<Array>()));
        }
        document.insert("old", Item::Table(self.old.to_table()));
        document.insert("new", Item::Table(self.new.to_table()));
        document.to_string()
    }
}

impl Endpoint {
    /// Another database of the same server; of a file the one beside it.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        let engine = match &self.engine {
            EndpointEngine::Sqlite { path } => {
                EndpointEngine::Sqlite { path: path.with_file_name(format!("{name}.sqlite")) }
            }
            EndpointEngine::SqlServer {
                server,
                user,
                authentication,
                encryption,
                trust_certificate,
                ca_file,
                ..
            } => EndpointEngine::SqlServer {
                server: server.clone(),
                database: name.to_owned(),
                user: user.clone(),
                authentication: *authentication,
                encryption: *encryption,
                trust_certificate: *trust_certificate,
                ca_file: ca_file.clone(),
            },
        };
        Self { engine, purpose: self.purpose }
    }
}
