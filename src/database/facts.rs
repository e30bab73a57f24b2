//! What a server tells of itself and of a database before it is written: log, files, backups,
//! identities. Whatever a login may not see is `None` or [`Backup::Unseen`], never an error.

use super::TableName;

/// Facts of the connection's own database, as far as the login may see them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerFacts {
    /// `SIMPLE`, `FULL` or `BULK_LOGGED`.
    pub recovery_model: Option<String>,
    /// What the log waits for before it is used again, in the server's words; `NOTHING` when it
    /// does not wait.
    pub log_reuse_wait: Option<String>,
    /// Its files; empty where they are not told.
    pub files: Vec<FileFacts>,
    /// The last full backup.
    pub backup: Backup,
    /// The statement for a fresh backup that disturbs no chain of backups.
    pub backup_statement: String,
}

/// A file of a database.
#[derive(Clone, Debug, PartialEq)]
pub struct FileFacts {
    /// Its logical name.
    pub name: String,
    /// Whether it holds the log.
    pub is_log: bool,
    /// Its size, in bytes.
    pub size: u64,
    /// How much of it is taken, in bytes.
    pub used: Option<u64>,
    /// How it grows.
    pub growth: Growth,
    /// The size it may grow to, in bytes; `None` until the disk is full.
    pub most: Option<u64>,
}

impl FileFacts {
    /// Bytes that can still be written; `None` where that is not known or the disk decides.
    #[must_use]
    pub fn room(&self) -> Option<u64> {
        let used = self.used?;
        match self.growth {
            Growth::Fixed => Some(self.size.saturating_sub(used)),
            _ => Some(self.most?.max(self.size).saturating_sub(used)),
        }
    }
}

/// How a file grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Not at all.
    Fixed,
    /// By so many bytes.
    Bytes(u64),
    /// By so many hundredths of its size.
    Percent(u64),
}

/// The last full backup of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Backup {
    /// The login may not see backups.
    #[default]
    Unseen,
    /// The server knows of none.
    None,
    /// There is one.
    At {
        /// When it ended, in the server's own time.
        ended: String,
        /// How many hours ago that is.
        hours: i64,
    },
}

/// What a table's identity has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityFacts {
    /// The column.
    pub column: String,
    /// What it counts by.
    pub step: i64,
    /// The last value it gave; `None` when it has given none.
    pub last: Option<i64>,
}

/// A right on a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// INSERT
    Insert,
    /// UPDATE
    Update,
    /// DELETE
    Delete,
    /// ALTER
    Alter,
}

impl Right {
    /// As a server calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Alter => "ALTER",
        }
    }
}

/// What somebody is to be allowed in one environment.
#[derive(Clone, Debug)]
pub struct GrantRequest {
    /// The login.
    pub login: String,
    /// Whether it is to be forbidden to write, whatever else allows it.
    pub reads_only: bool,
    /// Whether it is to set the identities of tables that it may alter.
    pub sets_identities: bool,
    /// Rights on single tables, by their full names.
    pub tables: Vec<(TableName, Vec<Right>)>,
}

/// A script and the one that takes back what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantScript {
    /// Gives the rights.
    pub grant: String,
    /// Takes them away.
    pub revoke: String,
}

/// What tells a copy from its original, as far as the login may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyFacts {
    /// Whether the server has a restore on record for the database's name.
    pub restored: Restored,
    /// Who else is signed in to the database; `None` where that cannot be seen.
    pub sessions: Option<Vec<OtherSession>>,
}

/// The last restore of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Restored {
    /// The login may not see restores.
    #[default]
    Unseen,
    /// The server knows of none.
    Never,
    /// There is one.
    At {
        /// When it ended, in the server's own time: `YYYY-MM-DDTHH:MM:SS`.
        when: String,
        /// The database and server that the backup was of.
        from: Option<String>,
    },
}

/// A session of somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherSession {
    /// The machine.
    pub host: String,
    /// The login.
    pub login: String,
    /// The program, as it calls itself.
    pub program: String,
}
