//! Every statement this engine can send, as texts.
//!
//! T-SQL of SQL Server 2016, nothing later. Names are quoted here and nowhere else; whole numbers
//! stand in the text, texts and binaries travel as parameters.

pub(super) mod alike;
pub(super) mod build;
pub(super) mod catalogue;
pub(super) mod changes;
pub(super) mod checks;
mod conversion;
pub(super) mod filter;
mod likened;
pub(super) mod principals;
pub(super) mod read;
pub(super) mod reserve;
pub(super) mod rights;
pub(super) mod script;
pub(super) mod statistics;
#[cfg(test)]
mod tests;
pub(super) mod write;

use crate::database::TableName;

/// A value that travels beside the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parameter {
    /// nvarchar
    Text(String),
    /// varbinary
    Binary(Vec<u8>),
    /// bigint
    Integer(i64),
}

/// A text with the values it names `@P1`, `@P2`, …
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) parameters: Vec<Parameter>,
    /// Whether values stand in the text, for somebody who carries it out with other tools.
    pub(super) in_script: bool,
}

/// Parameters one request may have: 2,100, of which the server's own call takes two.
pub(super) const MOST_PARAMETERS: usize = 2_098;

impl Statement {
    /// A text without parameters.
    pub(super) fn plain(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), ..Self::default() }
    }

    /// Adds text.
    pub(super) fn add(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    /// Adds a value as a parameter.
    pub(super) fn bind(&mut self, parameter: Parameter) {
        if self.in_script {
            script::parameter(&parameter, &mut self.sql);
            return;
        }
        self.parameters.push(parameter);
        self.sql.push_str(&format!("@P{}", self.parameters.len()));
    }
}

/// A name in brackets.
pub(super) fn quote(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// A table by all that is known of its name.
pub(super) fn table_sql(name: &TableName) -> String {
    match (&name.catalog, &name.schema) {
        (Some(catalog), Some(schema)) => {
            format!("{}.{}.{}", quote(catalog), quote(schema), quote(&name.name))
        }
        (Some(catalog), None) => format!("{}..{}", quote(catalog), quote(&name.name)),
        (None, Some(schema)) => format!("{}.{}", quote(schema), quote(&name.name)),
        (None, None) => quote(&name.name),
    }
}

/// The prefix for the system views of a catalog.
pub(super) fn catalog_prefix(catalog: Option<&str>) -> String {
    catalog.map(|name| format!("{}.", quote(name))).unwrap_or_default()
}

/// Sets a session up: strict arithmetic and errors, the options that indexed views and filtered
/// indexes ask for, no endless waiting, and we as the polite victim of a deadlock. Messages are in
/// English whatever the login's language: the rule that refused a row is taken from them. `session` is
/// shown to whoever looks at the server's sessions, as 16 bytes.
pub(super) fn prologue(session: &str) -> String {
    let mut sql = String::from(
        "SET LANGUAGE us_english;\nSET XACT_ABORT ON;\nSET NOCOUNT ON;\nSET ANSI_NULLS ON;\nSET ANSI_PADDING ON;\n\
         SET ANSI_WARNINGS ON;\nSET ARITHABORT ON;\nSET CONCAT_NULL_YIELDS_NULL ON;\n\
         SET QUOTED_IDENTIFIER ON;\nSET NUMERIC_ROUNDABORT OFF;\nSET IMPLICIT_TRANSACTIONS OFF;\n\
         SET LOCK_TIMEOUT 30000;\nSET DEADLOCK_PRIORITY LOW;\n\
         SET TRANSACTION ISOLATION LEVEL READ COMMITTED;",
    );
    if !session.is_empty() {
        let hash = blake3::hash(session.as_bytes());
        let bytes: String = hash.as_bytes()[..16].iter().map(|b| format!("{b:02X}")).collect();
        sql.push_str(&format!("\nSET CONTEXT_INFO 0x{bytes};"));
    }
    sql
}

/// Asks whether the connection lives.
pub(super) const PROBE: &str = "SELECT 1";

/// Has a session read one instant, from the first read of its next transaction on. A request that is
/// called off must not end the transaction.
pub(super) const ONE_INSTANT: &str =
    "SET XACT_ABORT OFF;\nSET TRANSACTION ISOLATION LEVEL SNAPSHOT;";

/// The same on a readable secondary, where every transaction reads one instant whatever its level.
pub(super) const ONE_INSTANT_OF_A_SECONDARY: &str = "SET XACT_ABORT OFF;";

/// Whether the session's transaction is still open: 1, else 0.
pub(super) const TRANSACTIONS: &str = "SELECT CAST(@@TRANCOUNT AS int)";

/// Old row versions kept for the database, in KB. SQL Server 2016 SP2 and later, for those who may
/// see the server's state.
pub(super) const VERSION_STORE: &str = "SELECT CAST(SUM(v.reserved_space_kb) AS bigint) \
    FROM sys.dm_tran_version_store_space_usage AS v WHERE v.database_id = DB_ID()";

/// What the server is, and who is signed in.
pub(super) const SERVER_FACTS: &str = "SELECT CAST(@@VERSION AS nvarchar(400)), \
    CAST(SERVERPROPERTY(N'ProductVersion') AS nvarchar(128)), \
    CAST(COALESCE(SERVERPROPERTY(N'ServerName'), @@SERVERNAME) AS nvarchar(256)), \
    DB_NAME(), CAST(DB_ID() AS int), SUSER_SNAME(), \
    CAST(DATABASEPROPERTYEX(DB_NAME(), N'Collation') AS nvarchar(128)), \
    CAST(DATABASEPROPERTYEX(DB_NAME(), N'Updateability') AS nvarchar(128))";

/// What the database is.
pub(super) const DATABASE_FACTS: &str = "SELECT CONVERT(nvarchar(33), d.create_date, 126), \
    CAST(d.compatibility_level AS int), CAST(d.snapshot_isolation_state AS int), \
    CAST(d.is_read_only AS int), CAST(d.is_in_standby AS int), CAST(d.source_database_id AS int) \
    FROM sys.databases AS d WHERE d.database_id = DB_ID()";

/// The availability group's id of the database.
pub(super) const GROUP_ID: &str = "SELECT CAST(d.group_database_id AS nvarchar(36)) \
    FROM sys.databases AS d WHERE d.database_id = DB_ID()";

/// The recovery fork's id.
pub(super) const RECOVERY_ID: &str = "SELECT CAST(r.recovery_fork_guid AS nvarchar(36)) \
    FROM sys.database_recovery_status AS r WHERE r.database_id = DB_ID()";

/// Takes a lock for as long as the session lives; waits so many milliseconds. The answer is 0 or
/// 1 when it was granted.
pub(super) fn take_lock(resource: &str, wait: u128) -> String {
    format!(
        "DECLARE @granted int;\nEXEC @granted = sp_getapplock @Resource = {}, \
         @LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = {wait};\n\
         SELECT @granted;",
        literal(resource)
    )
}
