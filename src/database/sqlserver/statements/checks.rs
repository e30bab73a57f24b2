//! What is asked before a run: log, files, backups, identities. Only views of SQL Server 2016 that
//! every login may ask; what they then show depends on its rights.

use super::{Parameter, Statement, catalog_prefix, literal, quote, table_sql};
use crate::database::TableName;

/// Recovery model, and what the log waits for.
pub(in super::super) const LOG: &str = "SELECT CAST(d.recovery_model_desc AS nvarchar(60)), \
    CAST(d.log_reuse_wait_desc AS nvarchar(60)) FROM sys.databases AS d \
    WHERE d.database_id = DB_ID()";

/// Files: name, 1 for the log, size, used, growth (pages or percent), 1 for percent, largest size;
/// all but the percents in pages.
pub(in super::super) const FILES: &str = "SELECT CAST(f.name AS nvarchar(128)), \
    CAST(f.type AS int), CAST(f.size AS bigint), \
    CAST(FILEPROPERTY(f.name, N'SpaceUsed') AS bigint), CAST(f.growth AS bigint), \
    CAST(f.is_percent_growth AS int), CAST(f.max_size AS bigint)\n\
    FROM sys.database_files AS f WHERE f.type IN (0, 1) ORDER BY f.file_id";

/// When the last full backup ended, and how many hours ago that is.
pub(in super::super) const BACKUP: &str = "SELECT CONVERT(nvarchar(16), MAX(b.backup_finish_date), 120), \
    DATEDIFF(hour, MAX(b.backup_finish_date), GETDATE())\n\
    FROM msdb.dbo.backupset AS b WHERE b.database_name = DB_NAME() AND b.type = 'D'";

/// The last restore under the database's name: when, then the database and the server of the backup.
pub(in super::super) const RESTORE: &str = "SELECT TOP (1) CONVERT(nvarchar(19), r.restore_date, 126), \
    CAST(b.database_name AS nvarchar(128)), CAST(b.server_name AS nvarchar(128))\n\
    FROM msdb.dbo.restorehistory AS r\n\
    LEFT JOIN msdb.dbo.backupset AS b ON b.backup_set_id = r.backup_set_id\n\
    WHERE r.destination_database_name = DB_NAME() ORDER BY r.restore_date DESC";

/// 1 where sessions of others can be seen.
pub(in super::super) const SEES_SESSIONS: &str =
    "SELECT HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE')";

/// Sessions of others in the database, ours aside: machine, login, program.
pub(in super::super) const SESSIONS: &str = "SELECT CAST(s.host_name AS nvarchar(128)), \
    CAST(s.login_name AS nvarchar(128)), CAST(s.program_name AS nvarchar(128))\n\
    FROM sys.dm_exec_sessions AS s\n\
    WHERE s.is_user_process = 1 AND s.database_id = DB_ID() AND s.session_id <> @@SPID\n\
    AND COALESCE(s.program_name, N'') <> COALESCE(APP_NAME(), N'')";

/// The name that the database knows the login by.
pub(in super::super) const DATABASE_USER: &str = "SELECT USER_NAME()";

/// Identities of tables of one catalog: place in the list, column, step, last value.
pub(in super::super) fn identities(catalog: Option<&str>, tables: &[&TableName]) -> Statement {
    let prefix = catalog_prefix(catalog);
    let mut statement = Statement::plain(
        "SELECT w.[place], i.[name], TRY_CONVERT(bigint, i.[increment_value]), \
         TRY_CONVERT(bigint, i.[last_value])\nFROM (VALUES ",
    );
    for (place, table) in tables.iter().enumerate() {
        statement.add(&format!("{}({place}, ", if place > 0 { ", " } else { "" }));
        statement.bind(Parameter::Text(table_sql(table)));
        statement.add(")");
    }
    statement.add(&format!(
        ") AS w ([place], [name])\n\
         JOIN {prefix}sys.identity_columns AS i ON i.[object_id] = OBJECT_ID(w.[name])\n\
         ORDER BY w.[place]"
    ));
    statement
}

/// A backup that leaves chains of backups as they are, for the person to carry out.
pub(in super::super) fn fresh_backup(database: &str) -> String {
    let file = format!("{database}-before-osferry.bak");
    format!(
        "BACKUP DATABASE {} TO DISK = {} WITH COPY_ONLY, CHECKSUM;",
        quote(database),
        literal(&file)
    )
}
