//! What tables look like and what may be done with them, from the system views.
//!
//! The views of one catalog are asked for many tables at once: first the objects by name, then
//! everything about them by number.

use super::{Parameter, Statement, catalog_prefix, literal, table_sql};
use crate::database::TableName;

/// Tables asked about in one request.
pub(in super::super) const TABLES_AT_ONCE: usize = 500;

/// Objects looked for by name, or described by number, in one request: each is one parameter, of which
/// a request may have 2,100, or one number. Where a server makes its views up as it is asked, what
/// that costs hardly depends on how many are named.
pub(in super::super) const OBJECTS_AT_ONCE: usize = 2_000;

/// A collation under which names are compared without case, whatever the database's own.
const CASELESS: &str = "COLLATE Latin1_General_CI_AS";

/// Objects of these names in any schema: place in the list, schema, name, type, number, whether
/// the schema is the person's own, base object of a synonym.
pub(in super::super) fn objects(catalog: Option<&str>, names: &[&str]) -> Statement {
    let prefix = catalog_prefix(catalog);
    let mut statement = Statement::plain(
        "SELECT w.[place], s.[name], o.[name], CAST(o.[type] AS nvarchar(2)), o.[object_id], \
         CASE WHEN s.[name] = SCHEMA_NAME() THEN 0 WHEN s.[name] = N'dbo' THEN 1 ELSE 2 END, \
         y.[base_object_name]\nFROM (VALUES ",
    );
    for (place, name) in names.iter().enumerate() {
        statement.add(&format!("{}({place}, ", if place > 0 { ", " } else { "" }));
        statement.bind(Parameter::Text((*name).to_owned()));
        statement.add(")");
    }
    statement.add(&format!(
        ") AS w ([place], [name])\n\
         JOIN {prefix}sys.objects AS o ON o.[name] {CASELESS} = w.[name] {CASELESS}\n\
         JOIN {prefix}sys.schemas AS s ON s.[schema_id] = o.[schema_id]\n\
         LEFT JOIN {prefix}sys.synonyms AS y ON y.[object_id] = o.[object_id]\n\
         WHERE o.[type] IN ('U', 'V', 'SN')\nORDER BY w.[place], 6, s.[name], o.[name]"
    ));
    statement
}

/// Every table that is not the server's own: schema, name.
pub(in super::super) fn tables(catalog: Option<&str>) -> Statement {
    let prefix = catalog_prefix(catalog);
    Statement::plain(format!(
        "SELECT s.[name], o.[name]\nFROM {prefix}sys.objects AS o\n\
         JOIN {prefix}sys.schemas AS s ON s.[schema_id] = o.[schema_id]\n\
         WHERE o.[type] = 'U' AND o.[is_ms_shipped] = 0\nORDER BY s.[name], o.[name]"
    ))
}

fn numbers(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// Columns: table, name, type, length in bytes, precision, scale, nullable, identity, not to be
/// written, default, number, collation. Indexes and foreign keys tell their columns by number.
pub(in super::super) fn columns(catalog: Option<&str>, ids: &[i64]) -> String {
    let prefix = catalog_prefix(catalog);
    format!(
        "SELECT c.[object_id], c.[name], COALESCE(b.[name], u.[name]), \
         CAST(c.[max_length] AS int), CAST(c.[precision] AS int), CAST(c.[scale] AS int), \
         CAST(c.[is_nullable] AS int), CAST(c.[is_identity] AS int), \
         CASE WHEN c.[is_computed] = 1 OR c.[generated_always_type] <> 0 \
         OR COALESCE(b.[name], u.[name]) = N'timestamp' THEN 1 ELSE 0 END, \
         CASE WHEN c.[default_object_id] <> 0 THEN 1 ELSE 0 END, \
         c.[column_id], CAST(c.[collation_name] AS nvarchar(128))\n\
         FROM {prefix}sys.columns AS c\n\
         LEFT JOIN {prefix}sys.types AS b ON b.[user_type_id] = c.[system_type_id]\n\
         LEFT JOIN {prefix}sys.types AS u ON u.[user_type_id] = c.[user_type_id]\n\
         WHERE c.[object_id] IN ({})\nORDER BY c.[object_id], c.[column_id]",
        numbers(ids)
    )
}

/// Columns of unique indexes in key order: table, index number, name, primary, filtered, number of the
/// column.
pub(in super::super) fn indexes(catalog: Option<&str>, ids: &[i64]) -> String {
    let prefix = catalog_prefix(catalog);
    format!(
        "SELECT i.[object_id], i.[index_id], i.[name], CAST(i.[is_primary_key] AS int), \
         CAST(i.[has_filter] AS int), k.[column_id]\n\
         FROM {prefix}sys.indexes AS i\n\
         JOIN {prefix}sys.index_columns AS k ON k.[object_id] = i.[object_id] \
         AND k.[index_id] = i.[index_id]\n\
         WHERE i.[object_id] IN ({}) AND i.[is_unique] = 1 AND i.[is_disabled] = 0 \
         AND k.[is_included_column] = 0\n\
         ORDER BY i.[object_id], i.[index_id], k.[key_ordinal]",
        numbers(ids)
    )
}

/// Columns of foreign keys: table, name, number of the column, number of the parent, number of its
/// column, action on delete, switched off, no longer trusted.
fn keys(catalog: Option<&str>, which: &str, ids: &[i64]) -> String {
    let prefix = catalog_prefix(catalog);
    format!(
        "SELECT f.[parent_object_id], f.[name], k.[parent_column_id], k.[referenced_object_id], \
         k.[referenced_column_id], CAST(f.[delete_referential_action] AS int), \
         CAST(f.[is_disabled] AS int), CAST(f.[is_not_trusted] AS int)\n\
         FROM {prefix}sys.foreign_keys AS f\n\
         JOIN {prefix}sys.foreign_key_columns AS k ON k.[constraint_object_id] = f.[object_id]\n\
         WHERE f.[{which}] IN ({})\n\
         ORDER BY f.[parent_object_id], f.[name], k.[constraint_column_id]",
        numbers(ids)
    )
}

/// The foreign keys of these tables, as [`keys`] has them.
pub(in super::super) fn foreign_keys(catalog: Option<&str>, ids: &[i64]) -> String {
    keys(catalog, "parent_object_id", ids)
}

/// The foreign keys that lead to these tables, likewise.
pub(in super::super) fn referrers(catalog: Option<&str>, ids: &[i64]) -> Statement {
    Statement::plain(keys(catalog, "referenced_object_id", ids))
}

/// What tables are called: number, schema, name; then what their columns are: table, number, name.
pub(in super::super) fn called(catalog: Option<&str>, ids: &[i64]) -> Statement {
    let (prefix, ids) = (catalog_prefix(catalog), numbers(ids));
    Statement::plain(format!(
        "SELECT o.[object_id], s.[name], o.[name]\n\
         FROM {prefix}sys.objects AS o\n\
         JOIN {prefix}sys.schemas AS s ON s.[schema_id] = o.[schema_id]\n\
         WHERE o.[object_id] IN ({ids});\n\n\
         SELECT c.[object_id], c.[column_id], c.[name]\n\
         FROM {prefix}sys.columns AS c\n\
         WHERE c.[object_id] IN ({ids})"
    ))
}

/// Check constraints: table, name, switched off, no longer trusted.
pub(in super::super) fn checks(catalog: Option<&str>, ids: &[i64]) -> String {
    let prefix = catalog_prefix(catalog);
    format!(
        "SELECT k.[parent_object_id], k.[name], CAST(k.[is_disabled] AS int), \
         CAST(k.[is_not_trusted] AS int)\nFROM {prefix}sys.check_constraints AS k\n\
         WHERE k.[parent_object_id] IN ({})\nORDER BY k.[parent_object_id], k.[name]",
        numbers(ids)
    )
}

/// Triggers: table, name, instead of the statement, switched off.
pub(in super::super) fn triggers(catalog: Option<&str>, ids: &[i64]) -> String {
    let prefix = catalog_prefix(catalog);
    format!(
        "SELECT g.[parent_id], g.[name], CAST(g.[is_instead_of_trigger] AS int), \
         CAST(g.[is_disabled] AS int)\nFROM {prefix}sys.triggers AS g\n\
         WHERE g.[parent_id] IN ({})\nORDER BY g.[parent_id], g.[name]",
        numbers(ids)
    )
}

/// Everything about these tables in one request, in this order.
pub(in super::super) fn details(catalog: Option<&str>, ids: &[i64]) -> Statement {
    Statement::plain(
        [columns, indexes, foreign_keys, checks, triggers]
            .map(|part| part(catalog, ids))
            .join(";\n\n"),
    )
}

/// Place in the list, then 1, 0 or NULL for SELECT, INSERT, UPDATE, DELETE, ALTER, VIEW
/// DEFINITION.
pub(in super::super) fn rights(tables: &[TableName]) -> Statement {
    let mut statement = Statement::plain("SELECT w.[place]");
    for right in ["SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "VIEW DEFINITION"] {
        statement.add(&format!(", HAS_PERMS_BY_NAME(w.[name], N'OBJECT', N'{right}')"));
    }
    statement.add("\nFROM (VALUES ");
    for (place, table) in tables.iter().enumerate() {
        statement.add(&format!("{}({place}, ", if place > 0 { ", " } else { "" }));
        statement.bind(Parameter::Text(table_sql(table)));
        statement.add(")");
    }
    statement.add(") AS w ([place], [name])\nORDER BY w.[place]");
    statement
}

/// What of a table takes up space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Space {
    /// Its rows with their long values.
    Rows,
    /// Its indexes besides.
    Indexes,
}

/// Place in the list, rows, and pages that these or their indexes take up, of tables of one
/// catalog; NULL where the catalogue does not tell. It needs no right but those to the tables.
pub(in super::super) fn space(
    catalog: Option<&str>,
    tables: &[&TableName],
    of: Space,
) -> Statement {
    let prefix = catalog_prefix(catalog);
    let rows = "p.[object_id] = OBJECT_ID(w.[name]) AND p.[index_id] IN (0, 1)";
    let indexes = "p.[object_id] = OBJECT_ID(w.[name]) AND p.[index_id] > 1";
    // Long values hang on the partition, all else on its heap or index.
    let pages = |which: &str| {
        format!(
            "(SELECT SUM(a.[used_pages]) FROM {prefix}sys.partitions AS p\n\
             JOIN {prefix}sys.allocation_units AS a ON a.[container_id] = \
             CASE WHEN a.[type] = 2 THEN p.[partition_id] ELSE p.[hobt_id] END\n\
             WHERE {which})"
        )
    };
    let pages = match of {
        Space::Rows => pages(rows),
        // A table without any takes none up.
        Space::Indexes => format!(
            "CASE WHEN EXISTS (SELECT 1 FROM {prefix}sys.partitions AS p\nWHERE {indexes})\n\
             THEN {} ELSE 0 END",
            pages(indexes)
        ),
    };
    let mut statement = Statement::plain(format!(
        "SELECT w.[place],\n\
         (SELECT SUM(p.[rows]) FROM {prefix}sys.partitions AS p\nWHERE {rows}),\n\
         {pages}\nFROM (VALUES "
    ));
    for (place, table) in tables.iter().enumerate() {
        statement.add(&format!("{}({place}, ", if place > 0 { ", " } else { "" }));
        statement.bind(Parameter::Text(table_sql(table)));
        statement.add(")");
    }
    statement.add(") AS w ([place], [name])\nORDER BY w.[place]");
    statement
}

/// What writing to tables has to know of them beyond their shapes, each with the table's place in
/// the list: the collation of each text column, the step of the identity, how many triggers are
/// switched on and how many of these run instead of a statement.
pub(in super::super) fn written(catalog: Option<&str>, tables: &[&TableName]) -> String {
    let prefix = catalog_prefix(catalog);
    let place = |(place, table): (usize, &&TableName)| {
        format!("({place}, OBJECT_ID({}))", literal(&table_sql(table)))
    };
    let places = tables.iter().enumerate().map(place).collect::<Vec<_>>().join(", ");
    let from = format!("FROM (VALUES {places}) AS w ([place], [id])\n");
    format!(
        "SELECT w.[place], c.[name], CAST(c.[collation_name] AS nvarchar(128))\n{from}\
         JOIN {prefix}sys.columns AS c ON c.[object_id] = w.[id]\n\
         WHERE c.[collation_name] IS NOT NULL;\n\n\
         SELECT w.[place], CAST(i.[increment_value] AS bigint)\n{from}\
         JOIN {prefix}sys.identity_columns AS i ON i.[object_id] = w.[id];\n\n\
         SELECT w.[place], COUNT(*), SUM(CAST(g.[is_instead_of_trigger] AS int))\n{from}\
         JOIN {prefix}sys.triggers AS g ON g.[parent_id] = w.[id]\n\
         WHERE g.[is_disabled] = 0\nGROUP BY w.[place]"
    )
}
