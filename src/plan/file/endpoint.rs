//! Where an environment is, as the plan file names it.

use std::path::{Path, PathBuf};

use crate::database::{Authentication, ConnectionSpec, Encryption, Secret, ServerSpec};

/// What an environment is for, as the person declares it: no table says it (`metamodel.md` §2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Production: never written.
    Production,
    /// Anything between.
    NonProduction,
    /// Development.
    Development,
}

impl Purpose {
    /// Its name in plan files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::NonProduction => "non-production",
            Self::Development => "development",
        }
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::NonProduction => "Non-production",
            Self::Development => "Development",
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
    /// A server and a database that are still to be named.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            engine: EndpointEngine::SqlServer {
                server: String::new(),
                database: String::new(),
                user: String::new(),
                authentication: Authentication::default(),
                encryption: Encryption::default(),
                trust_certificate: false,
                ca_file: None,
            },
            purpose: None,
        }
    }

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

/// The ways to sign in with their names in plan files; the first is the default.
pub const AUTHENTICATIONS: [(&str, Authentication); 4] = [
    ("sql", Authentication::Sql),
    ("windows", Authentication::Windows),
    ("integrated", Authentication::Integrated),
    ("entra-token", Authentication::EntraToken),
];

/// The kinds of encryption with their names in plan files; the first is the default.
pub const ENCRYPTIONS: [(&str, Encryption); 4] = [
    ("required", Encryption::Required),
    ("strict", Encryption::Strict),
    ("login-only", Encryption::LoginOnly),
    ("none", Encryption::None),
];

/// What an environment can be for, with the names in plan files; there is no default.
pub const PURPOSES: [(&str, Purpose); 3] = [
    (Purpose::Production.name(), Purpose::Production),
    (Purpose::NonProduction.name(), Purpose::NonProduction),
    (Purpose::Development.name(), Purpose::Development),
];
