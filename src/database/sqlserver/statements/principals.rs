//! Users, logins and roles of a database, and the script that deletes users. Only views of SQL Server
//! 2016; what they show depends on the login's rights.

use std::fmt::Write as _;

use super::changes::on_server;
use super::quote;
use super::script::{GO, TransactScript};
use crate::database::script::comment;
use crate::database::{Owned, OwnedKind, Script, UserRemoval};

/// What every database has, under numbers that differ.
const BUILT_IN: &str = "(N'dbo', N'guest', N'INFORMATION_SCHEMA', N'sys')";

/// 1 where all logins of the server can be seen.
pub(in super::super) const SEES_LOGINS: &str = "SELECT CASE WHEN IS_SRVROLEMEMBER(N'sysadmin') = 1 \
    THEN 1 ELSE HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY DEFINITION') END";

/// Users: name, type, how they are let in, login of the same SID; with `list` also by the server's
/// list of logins, which a database in Azure does not have.
pub(in super::super) fn users(list: bool) -> String {
    let of_sid = "CAST(SUSER_SNAME(p.[sid]) AS nvarchar(128))";
    let (login, join) = match list {
        true => (
            format!("COALESCE(CAST(l.[name] AS nvarchar(128)), {of_sid})"),
            "LEFT JOIN sys.server_principals AS l ON l.[sid] = p.[sid]\n",
        ),
        false => (of_sid.to_owned(), ""),
    };
    format!(
        "SELECT p.[name], CAST(p.[type] AS nvarchar(1)), CAST(p.[authentication_type] AS int), \
         {login}\nFROM sys.database_principals AS p\n{join}\
         WHERE p.[type] IN ('S', 'U', 'G', 'E', 'X', 'C', 'K') AND p.[name] NOT IN {BUILT_IN}\n\
         ORDER BY p.[name]"
    )
}

/// Roles: name, member.
pub(in super::super) const ROLES: &str = "SELECT r.[name], m.[name]\n\
    FROM sys.database_principals AS r\n\
    LEFT JOIN sys.database_role_members AS k ON k.[role_principal_id] = r.[principal_id]\n\
    LEFT JOIN sys.database_principals AS m ON m.[principal_id] = k.[member_principal_id]\n\
    WHERE r.[type] = 'R' AND r.[name] <> N'public'\nORDER BY r.[name], m.[name]";

/// What belongs to users, kind by kind: owner, schema or NULL, name. A server that lacks one of these
/// views has nothing of the kind.
pub(in super::super) fn owned() -> Vec<(OwnedKind, String)> {
    let of = |kind, what: &str, from: &str, owner: &str| {
        let sql = format!(
            "SELECT u.[name], {what}\nFROM {from}\n\
             JOIN sys.database_principals AS u ON u.[principal_id] = {owner}\n\
             WHERE u.[type] <> 'R' AND u.[name] NOT IN {BUILT_IN}\nORDER BY 1, 2, 3"
        );
        (kind, sql)
    };
    let in_schema = "JOIN sys.schemas AS s ON s.[schema_id] = ";
    let plain = "CAST(NULL AS nvarchar(128)), x.[name]";
    let named = "s.[name], x.[name]";
    vec![
        of(OwnedKind::Schema, plain, "sys.schemas AS x", "x.[principal_id]"),
        of(OwnedKind::Role, plain, "sys.database_principals AS x", "x.[owning_principal_id]"),
        of(
            OwnedKind::Object,
            named,
            &format!("sys.objects AS x\n{in_schema}x.[schema_id] AND x.[parent_object_id] = 0"),
            "x.[principal_id]",
        ),
        of(
            OwnedKind::Type,
            named,
            &format!("sys.types AS x\n{in_schema}x.[schema_id]"),
            "x.[principal_id]",
        ),
        of(OwnedKind::Assembly, plain, "sys.assemblies AS x", "x.[principal_id]"),
        of(OwnedKind::Certificate, plain, "sys.certificates AS x", "x.[principal_id]"),
        of(OwnedKind::SymmetricKey, plain, "sys.symmetric_keys AS x", "x.[principal_id]"),
        of(OwnedKind::AsymmetricKey, plain, "sys.asymmetric_keys AS x", "x.[principal_id]"),
        of(
            OwnedKind::RunsAs,
            named,
            &format!(
                "sys.sql_modules AS m\nJOIN sys.objects AS x ON x.[object_id] = m.[object_id]\n\
                 {in_schema}x.[schema_id]"
            ),
            "m.[execute_as_principal_id]",
        ),
        of(
            OwnedKind::Granted,
            plain,
            "(SELECT DISTINCT g.[grantor_principal_id], n.[name] FROM sys.database_permissions AS g\n\
             JOIN sys.database_principals AS n ON n.[principal_id] = g.[grantee_principal_id]) AS x",
            "x.[grantor_principal_id]",
        ),
    ]
}

/// The script that gives what belongs to users to dbo and deletes the users, in one transaction.
pub(in super::super) fn removal(
    script: &TransactScript,
    server: &str,
    about: &[String],
    file: &str,
    removals: &[UserRemoval],
) -> String {
    let mut sql = script.head(about, file, "db_owner");
    sql.push_str(&script.guard());
    sql.push_str(&on_server(server));
    sql.push_str("BEGIN TRY\nBEGIN TRANSACTION;\n");
    for UserRemoval { user, why, is_optional, owned } in removals {
        sql.push('\n');
        sql.push_str(&comment([format!("{user}: {why}")].iter()));
        let mark = if *is_optional { "-- " } else { "" };
        for one in owned {
            // A name may have a line of its own; a comment may not.
            let statement: String =
                owner_change(one).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let _ = writeln!(sql, "{mark}{statement}");
        }
        let drop = format!("DROP USER IF EXISTS {};", quote(user));
        let drop: String = drop.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(sql, "{mark}{drop}");
    }
    sql.push_str(
        "\nCOMMIT TRANSACTION;\nEND TRY\n\
         BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;\n\
         PRINT N'Nothing was changed.';\nTHROW;\nEND CATCH;",
    );
    sql + GO
}

/// The statement that takes something from its owner; a comment where that is somebody's to decide.
fn owner_change(owned: &Owned) -> String {
    let class = match owned.kind {
        OwnedKind::Schema => "SCHEMA",
        OwnedKind::Role => "ROLE",
        OwnedKind::Object => "OBJECT",
        OwnedKind::Type => "TYPE",
        OwnedKind::Assembly => "ASSEMBLY",
        OwnedKind::Certificate => "CERTIFICATE",
        OwnedKind::SymmetricKey => "SYMMETRIC KEY",
        OwnedKind::AsymmetricKey => "ASYMMETRIC KEY",
        OwnedKind::RunsAs => {
            return format!("-- Alter the {owned} WITH EXECUTE AS somebody else, or drop it.");
        }
        OwnedKind::Granted => {
            return format!(
                "-- Revoke the rights that it has given: REVOKE … FROM {} AS {}.",
                quote(&owned.name),
                quote(&owned.owner)
            );
        }
    };
    let name = match &owned.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&owned.name)),
        None => quote(&owned.name),
    };
    format!("ALTER AUTHORIZATION ON {class}::{name} TO [dbo];")
}
