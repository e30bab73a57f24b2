//! Changes of rows as a script of one transaction, for the `sqlite3` shell.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::Connection;

use super::cell;
use super::script::literal;
use super::session::quote;
use super::statement::Condition;
use crate::database::change::Alike;
use crate::database::script::comment;
use crate::database::{
    Batch, Filter, Result, ScriptChange, TableChange, TableName, TableWork, ValuesFrom,
};

/// The whole script.
pub(super) fn script(
    connection: &Connection,
    path: &Path,
    about: &[String],
    changes: &[ScriptChange],
) -> Result<String> {
    let how = format!("Run it with sqlite3 -bail on {}.", path.display());
    let mut sql = comment(about.iter().chain([&how]));
    sql.push_str(
        "\nPRAGMA foreign_keys = ON;\n\
         CREATE TEMP TABLE IF NOT EXISTS change_check (is_right INTEGER, CONSTRAINT \"a table has \
         not the rows that it had when this was written, nothing was changed\" CHECK (is_right));\n\
         BEGIN IMMEDIATE;\n",
    );
    for ScriptChange { about, change } in changes {
        sql.push('\n');
        sql.push_str(&comment(about.iter()));
        sql.push_str(&one(connection, change)?);
    }
    sql.push_str("\nCOMMIT;\n");
    Ok(sql)
}

fn one(connection: &Connection, change: &TableChange) -> Result<String> {
    let table = &change.table.name;
    let name = quote(&table.name);
    let mut sql = String::new();
    match &change.work {
        TableWork::Delete { filter, rows } => {
            let condition = condition(connection, table, filter)?;
            let _ = writeln!(sql, "DELETE FROM {name} AS t{condition};");
            sql.push_str(&counted(*rows));
        }
        TableWork::Set { values, from, .. } => {
            for alike in change.alike() {
                let sets = sets(&alike, values, from.as_ref())?;
                let condition = condition(connection, table, &alike.filter)?;
                let _ = writeln!(sql, "UPDATE {name} AS t SET {sets}{condition};");
                sql.push_str(&counted(alike.rows));
            }
        }
    }
    Ok(sql)
}

fn condition(connection: &Connection, table: &TableName, filter: &Filter) -> Result<String> {
    if filter.is_all() {
        return Ok(String::new());
    }
    Ok(format!("\nWHERE {}", Condition::new(connection, table, filter)?.in_script()?))
}

fn sets(alike: &Alike<'_>, values: &Batch, from: Option<&ValuesFrom>) -> Result<String> {
    let mut sets = Vec::new();
    for (place, column) in &alike.given {
        let mut set = format!("{} = ", quote(&column.name));
        literal(&cell::stored(&values.columns()[*place], alike.row, column)?, &mut set)?;
        sets.push(set);
    }
    if let Some(ValuesFrom { column, link, table, key, value }) = from {
        sets.push(format!(
            "{} = (SELECT d.{} FROM {} AS d WHERE d.{} = t.{})",
            quote(column),
            quote(value),
            quote(&table.name),
            quote(key),
            quote(link)
        ));
    }
    Ok(sets.join(", "))
}

/// Goes on only where there were as many rows as when the script was written.
fn counted(rows: u64) -> String {
    format!("INSERT OR ROLLBACK INTO temp.change_check SELECT changes() = {rows};\n")
}
