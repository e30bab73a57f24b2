//! Changes of rows as a script of one transaction, for a DBA who reads it and carries it out.

use std::fmt::Write as _;

use super::filter::{Names, Writer};
use super::script::{GO, TransactScript, cell};
use super::{Statement, literal, quote, table_sql};
use crate::database::change::Alike;
use crate::database::script::comment;
use crate::database::{
    Batch, Filter, Result, Script, ScriptChange, TableChange, TableName, TableWork, ValuesFrom,
};

/// The whole script. `server` is what the server calls itself: another one may have a database of
/// the same name.
pub(in super::super) fn script(
    script: &TransactScript,
    server: &str,
    about: &[String],
    file: &str,
    changes: &[ScriptChange],
    names: &Names,
) -> Result<String> {
    let mut sql = script.head(about, file, "DELETE and UPDATE on these tables");
    sql.push_str(&script.guard());
    sql.push_str(&on_server(server));
    sql.push_str(
        "IF @@TRANCOUNT > 0 THROW 50000, N'A transaction is open. End it, then run the script once \
         more.', 1;\n\
         DECLARE @rows bigint;\nBEGIN TRY\nBEGIN TRANSACTION;\n",
    );
    for ScriptChange { about, change } in changes {
        sql.push('\n');
        sql.push_str(&comment(about.iter()));
        sql.push_str(&one(change, names)?);
    }
    sql.push_str(
        "\nCOMMIT TRANSACTION;\nPRINT N'All of it is done.';\nEND TRY\n\
         BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;\n\
         PRINT N'Nothing was changed.';\nTHROW;\nEND CATCH;",
    );
    sql.push_str(GO);
    Ok(sql)
}

/// Refuses to go on on another server.
pub(super) fn on_server(server: &str) -> String {
    if server.is_empty() {
        return String::new();
    }
    format!(
        "IF COALESCE(CAST(SERVERPROPERTY(N'ServerName') AS nvarchar(256)), @@SERVERNAME) <> {} \
         THROW 50000, {}, 1;\n",
        literal(server),
        literal(&format!("This script is for the server {server}."))
    )
}

fn one(change: &TableChange, names: &Names) -> Result<String> {
    let table = &change.table.name;
    let name = table_sql(table);
    let mut sql = String::new();
    match &change.work {
        TableWork::Delete { filter, rows } => {
            let condition = condition(names, table, filter)?;
            let _ = writeln!(sql, "DELETE t FROM {name} AS t{condition};");
            sql.push_str(&counted(table, *rows, "deleted"));
        }
        TableWork::Set { values, from, .. } => {
            for alike in change.alike() {
                let sets = sets(&alike, values, from.as_ref())?;
                let condition = condition(names, table, &alike.filter)?;
                let _ = writeln!(sql, "UPDATE t SET {sets}\nFROM {name} AS t{condition};");
                sql.push_str(&counted(table, alike.rows, "set"));
            }
        }
    }
    Ok(sql)
}

fn condition(names: &Names, table: &TableName, filter: &Filter) -> Result<String> {
    if filter.is_all() {
        return Ok(String::new());
    }
    let mut statement =
        Statement { sql: "\nWHERE ".to_owned(), in_script: true, ..Statement::default() };
    Writer { names, statement: &mut statement }.add(table, "t", filter)?;
    Ok(statement.sql)
}

fn sets(alike: &Alike<'_>, values: &Batch, from: Option<&ValuesFrom>) -> Result<String> {
    let mut sets = Vec::new();
    for (place, column) in &alike.given {
        let mut set = format!("{} = ", quote(&column.name));
        cell(&values.columns()[*place], alike.row, &column.data_type, &mut set)?;
        sets.push(set);
    }
    if let Some(ValuesFrom { column, link, table, key, value }) = from {
        sets.push(format!(
            "{} = (SELECT d.{} FROM {} AS d WHERE d.{} = t.{})",
            quote(column),
            quote(value),
            table_sql(table),
            quote(key),
            quote(link)
        ));
    }
    Ok(sets.join(", "))
}

/// Goes on only where there were as many rows as when the script was written.
fn counted(table: &TableName, rows: u64, done: &str) -> String {
    let word = if rows == 1 { "row" } else { "rows" };
    format!(
        "SET @rows = @@ROWCOUNT;\n\
         IF @rows <> {rows} THROW 50000, {}, 1;\nPRINT {};\n",
        literal(&format!(
            "{table}: when this was written {rows} {word} would have been {done}, now it is another \
             number. Have it written anew."
        )),
        literal(&format!("{table}: {rows} {word} {done}."))
    )
}
