//! Who a database knows, and what is theirs: users and their logins, roles and their members.

use std::fmt;

use serde::Serialize;

/// Users and roles of a database, as far as the login may see them; none of the server's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SecurityFacts {
    /// The users, by name.
    pub users: Vec<DatabaseUser>,
    /// The roles, the server's own among them, by name.
    pub roles: Vec<DatabaseRole>,
    /// What belongs to users.
    pub owned: Vec<Owned>,
}

/// A user of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseUser {
    /// Its name.
    pub name: String,
    /// Its login on this server.
    pub login: UserLogin,
}

/// The login of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserLogin {
    /// This one.
    Named(String),
    /// None on this server: the user is orphaned.
    Lacking,
    /// It is meant to have none: contained in the database, for a certificate, or nobody's.
    NotNeeded,
    /// Whether there is one cannot be seen.
    Unseen,
}

impl fmt::Display for UserLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(login) => write!(f, "login {login}"),
            Self::Lacking => f.write_str("no login on this server"),
            Self::NotNeeded => f.write_str("needs no login"),
            Self::Unseen => f.write_str("whether it has a login cannot be seen"),
        }
    }
}

/// A role of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseRole {
    /// Its name.
    pub name: String,
    /// Its members, by name.
    pub members: Vec<String>,
}

/// Something that keeps its owner from being dropped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Owned {
    /// The user.
    pub owner: String,
    /// What it is.
    pub kind: OwnedKind,
    /// The schema that it lies in, where it lies in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

/// What belongs to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnedKind {
    /// A schema.
    Schema,
    /// A role.
    Role,
    /// A table, view, procedure or other object with an owner of its own.
    Object,
    /// A type.
    Type,
    /// An assembly.
    Assembly,
    /// A certificate.
    Certificate,
    /// A symmetric key.
    SymmetricKey,
    /// An asymmetric key.
    AsymmetricKey,
    /// A module that runs as the user.
    RunsAs,
    /// A right that the user has given to the one named.
    Granted,
}

impl OwnedKind {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Role => "role",
            Self::Object => "object",
            Self::Type => "type",
            Self::Assembly => "assembly",
            Self::Certificate => "certificate",
            Self::SymmetricKey => "symmetric key",
            Self::AsymmetricKey => "asymmetric key",
            Self::RunsAs => "module that runs as it:",
            Self::Granted => "rights given to",
        }
    }
}

impl fmt::Display for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, schema, name, .. } = self;
        match schema {
            Some(schema) => write!(f, "{} {schema}.{name}", kind.label()),
            None => write!(f, "{} {name}", kind.label()),
        }
    }
}

/// A user that a script deletes, or proposes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRemoval {
    /// The user.
    pub user: String,
    /// Why, in a sentence.
    pub why: String,
    /// Whether it is left to the person: then its statements are comments.
    pub is_optional: bool,
    /// What is theirs and gets another owner first.
    pub owned: Vec<Owned>,
}
