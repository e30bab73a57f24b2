//! Ids that are reserved: an identity that is set behind those which a run gives itself.

use super::{Parameter, Statement, literal, quote, table_sql};
use crate::database::TableName;

/// Waits until nobody writes the table, which stays so until the transaction ends; then the highest
/// id there, what the identity has come to, and its step. NULL where there is none. What the identity
/// has come to is asked in a statement of its own: before the lock is held somebody may move it.
pub(in super::super) fn look(table: &TableName, key: &str) -> String {
    let (name, key) = (table_sql(table), quote(key));
    let text = literal(&name);
    format!(
        "DECLARE @most bigint;\n\
         SELECT @most = MAX(t.{key}) FROM {name} AS t WITH (TABLOCKX, HOLDLOCK);\n\
         SELECT @most, TRY_CONVERT(bigint, IDENT_CURRENT({text})), \
         TRY_CONVERT(bigint, IDENT_INCR({text}));"
    )
}

/// Sets the identity: the next value is behind this one, or this one where no row ever got one.
pub(in super::super) fn reseed(table: &TableName, to: i64) -> String {
    let name = table_sql(table).replace('\'', "''");
    // A text with letters of other alphabets is only then the name that it says.
    let prefix = if name.is_ascii() { "" } else { "N" };
    format!("DBCC CHECKIDENT ({prefix}'{name}', RESEED, {to}) WITH NO_INFOMSGS;")
}

/// How many rows have ids from the first to the last, and what the identity has come to.
pub(in super::super) fn count(table: &TableName, key: &str, first: i64, last: i64) -> String {
    format!(
        "SELECT COUNT_BIG(*), TRY_CONVERT(bigint, IDENT_CURRENT({}))\n\
         FROM {} AS t WHERE t.{} BETWEEN {first} AND {last};",
        literal(&table_sql(table)),
        table_sql(table),
        quote(key)
    )
}

/// Whether identities of tables in these schemas of the database may be set: 1, 0, or NULL where
/// that is not known. It takes one of three roles, or owning the schema.
pub(in super::super) fn may_reseed(schemas: &[&str]) -> Statement {
    let mut statement = Statement::plain(
        "SELECT CASE WHEN IS_SRVROLEMEMBER(N'sysadmin') = 1 OR IS_ROLEMEMBER(N'db_owner') = 1 \
         OR IS_ROLEMEMBER(N'db_ddladmin') = 1 THEN 1\n\
         WHEN IS_ROLEMEMBER(N'db_owner') IS NULL OR IS_ROLEMEMBER(N'db_ddladmin') IS NULL \
         THEN NULL\n\
         WHEN EXISTS (SELECT 1 FROM sys.schemas AS s WHERE s.[principal_id] <> \
         DATABASE_PRINCIPAL_ID() AND COALESCE(IS_ROLEMEMBER(USER_NAME(s.[principal_id])), 0) = 0 \
         AND s.[name] IN (",
    );
    for (place, schema) in schemas.iter().enumerate() {
        statement.add(if place > 0 { ", " } else { "" });
        statement.bind(Parameter::Text((*schema).to_owned()));
    }
    statement.add(")) THEN 0\nELSE 1 END");
    statement
}
