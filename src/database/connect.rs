//! Where a database is and how to sign in.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

use super::{Builder, Destination, Result, Source, sqlite, sqlserver};

/// A password or token: never printed, wiped when dropped.
pub type Secret = SecretString;

/// Which engine gives the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// Microsoft SQL Server.
    SqlServer,
    /// A SQLite file in the documented shape.
    Sqlite,
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SqlServer => "SQL Server",
            Self::Sqlite => "SQLite",
        })
    }
}

/// How to sign in to SQL Server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Authentication {
    /// A SQL login with its password.
    #[default]
    Sql,
    /// A Windows user, `DOMAIN\user`, with its password.
    Windows,
    /// Whoever is signed in to this machine.
    Integrated,
    /// A Microsoft Entra access token.
    EntraToken,
}

impl Authentication {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Sql => "SQL login",
            Self::Windows => "Windows account",
            Self::Integrated => "this Windows session",
            Self::EntraToken => "Microsoft Entra token",
        }
    }
}

/// How much of the conversation is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Encryption {
    /// All of it.
    #[default]
    Required,
    /// All of it, TLS before the first byte (TDS 8.0).
    Strict,
    /// The sign-in only.
    LoginOnly,
    /// Nothing: for trusted networks only.
    None,
}

impl Encryption {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Required => "everything",
            Self::Strict => "everything, TLS before the first byte",
            Self::LoginOnly => "the sign-in only",
            Self::None => "nothing",
        }
    }
}

/// A SQL Server and how to sign in there.
#[derive(Clone, Debug)]
pub struct ServerSpec {
    /// `host`, `host,port` or `host\instance`.
    pub server: String,
    /// The database.
    pub database: String,
    /// The login or Windows user; empty where the sign-in needs none.
    pub user: String,
    /// The password or token; absent where the sign-in needs none.
    pub secret: Option<Secret>,
    /// How to sign in.
    pub authentication: Authentication,
    /// How much is encrypted.
    pub encryption: Encryption,
    /// Accept any certificate.
    pub trust_certificate: bool,
    /// A file with the certificates of the authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// A database to open.
#[derive(Clone, Debug)]
pub enum ConnectionSpec {
    /// On SQL Server.
    SqlServer(ServerSpec),
    /// A SQLite file.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
}

impl ConnectionSpec {
    /// Where it is, for the person.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::SqlServer(spec) => format!("{}/{}", spec.server, spec.database),
            Self::Sqlite { path } => path.display().to_string(),
        }
    }
}

/// Opens a database to be read. What comes back has no way to write.
pub async fn open_source(spec: &ConnectionSpec) -> Result<Box<dyn Source>> {
    match spec {
        ConnectionSpec::SqlServer(spec) => sqlserver::open_source(spec).await,
        ConnectionSpec::Sqlite { path } => sqlite::open_source(path).await,
    }
}

/// Opens a database to be written.
pub async fn open_destination(spec: &ConnectionSpec) -> Result<Box<dyn Destination>> {
    match spec {
        ConnectionSpec::SqlServer(spec) => sqlserver::open_destination(spec).await,
        ConnectionSpec::Sqlite { path } => sqlite::open_destination(path).await,
    }
}

/// Opens an empty database to build a practice environment in. A SQLite file is made if it is
/// not there.
pub async fn open_builder(spec: &ConnectionSpec) -> Result<Box<dyn Builder>> {
    match spec {
        ConnectionSpec::SqlServer(spec) => sqlserver::open_builder(spec).await,
        ConnectionSpec::Sqlite { path } => sqlite::open_builder(path).await,
    }
}
