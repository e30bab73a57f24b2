//! The clean-up of a clone as a script for Oracle, from the same data as on SQL Server.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::identifier::{literal, quoted};
use crate::database::Result;
use crate::procedures::model::{Change, Origin, RowsOf, Step, StepKind, Target, Work};
use crate::procedures::procedure;

/// From this step on the session compares without case and accents, as the guide has it.
const LINGUISTIC_FROM: &str = "C2.4";

/// C5.7: the statements, each with its COMMIT.
pub(super) fn script(admin: &str) -> Result<String> {
    let clone = procedure("clone-sqlserver")?;
    let mut text = format!(
        "-- C5.7 The clean-up of the clone, in its Platform admin schema {admin}. Not in the original!\n\
         -- Stop at the first error.\n\
         WHENEVER SQLERROR EXIT SQL.SQLCODE ROLLBACK\n\
         SET SERVEROUTPUT ON\n\
         SET DEFINE OFF\n"
    );
    let mut is_linguistic = false;
    for step in clone.steps().filter(|step| step.kind() == StepKind::Statement) {
        if !is_linguistic && step.numbers.iter().any(|number| number == LINGUISTIC_FROM) {
            is_linguistic = true;
            let _ = writeln!(
                text,
                "\nALTER SESSION SET NLS_COMP = LINGUISTIC;\n\
                 ALTER SESSION SET NLS_SORT = BINARY_AI;\n\
                 ALTER SESSION SET CURRENT_SCHEMA = {};",
                quoted(admin)
            );
        }
        let statements: Vec<String> =
            step.changes.iter().filter_map(|change| statement(admin, step, change)).collect();
        if statements.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n-- {} {}", step.numbers.join(" "), step.title);
        for statement in statements {
            let _ = writeln!(text, "{statement}");
        }
        text.push_str("COMMIT;\n");
    }
    connections(admin, &mut text);
    text.push_str(
        "\n-- Not in this script: N3 (secret site properties) and N4 (external authentication); see to \
         them by the\n-- newer guide. C2.11 and C2.13 are tasks: `osferry checklist clone-sqlserver` \
         says how.\n",
    );
    Ok(text)
}

/// C2.7: refused by a foreign key while extensions use connections.
fn connections(admin: &str, text: &mut String) {
    let _ = writeln!(
        text,
        "\n-- C2.7 Delete the database connections: save their configurations first. C2.8: rows of\n\
         -- OSSYS_EXTENSION_DBCONNECTION keep them (a foreign key); set these extensions to (not \
         configured) before.\n\
         DELETE FROM {}.OSSYS_DBCONNECTION WHERE NAME <> {};\nCOMMIT;",
        quoted(admin),
        literal("$OS_LOG_DB_7e3e8ce0")
    );
}

/// A change as Oracle's SQL; `None` for what the script leaves to others.
fn statement(admin: &str, step: &Step, change: &Change) -> Option<String> {
    // The option of ours is for a connected database: it keeps the rows first.
    if step.origin == Origin::Ours {
        return None;
    }
    let schema = quoted(admin);
    match (&change.target, &change.work) {
        (_, Work::Default(_)) | (Target::Entities(_), _) => None,
        (Target::Entity(key), Work::Set(set)) => Some(of_entity(admin, key, set)),
        (Target::Entity(_), Work::Delete) => None,
        (Target::Table(table), Work::Delete) => {
            let condition = condition(admin, &change.rows);
            // This version of the platform may lack it.
            if step.numbers.iter().any(|number| number == "C2.9") {
                return Some(where_there(admin, table));
            }
            Some(format!("DELETE FROM {schema}.{table}{condition};"))
        }
        (Target::Table(table), Work::Set(set)) => {
            let sets: Vec<String> =
                set.iter().map(|(column, value)| format!("{column} = {}", given(value))).collect();
            let condition = condition(admin, &change.rows);
            Some(format!("UPDATE {schema}.{table} SET {}{condition};", sets.join(", ")))
        }
    }
}

/// To Oracle an empty text is NULL: a blank stands for it. Numbers stand as they are.
fn given(value: &str) -> String {
    match value {
        "" => literal(" "),
        value if value.parse::<i64>().is_ok() => value.to_owned(),
        value => literal(value),
    }
}

fn condition(admin: &str, rows: &RowsOf) -> String {
    let list = |texts: &[String]| {
        texts.iter().map(|text| format!("\n  {}", literal(text))).collect::<Vec<_>>().join(",")
    };
    match rows {
        RowsOf::All => String::new(),
        RowsOf::AnyOf { column, texts } => format!(" WHERE {column} IN ({})", list(texts)),
        RowsOf::Not { column, text } => format!(" WHERE {column} <> {}", literal(text)),
        RowsOf::Through { column, table, with, texts } => format!(
            " WHERE {column} IN (\n  SELECT ID FROM {}.{table} WHERE {with} IN ({}))",
            quoted(admin),
            list(texts)
        ),
    }
}

/// Empties a table only where there is one.
fn where_there(admin: &str, table: &str) -> String {
    format!(
        "BEGIN\n  FOR t IN (SELECT table_name FROM all_tables WHERE owner = {} AND table_name = {}) \
         LOOP\n    EXECUTE IMMEDIATE 'DELETE FROM {}.' || DBMS_ASSERT.ENQUOTE_NAME(t.table_name, \
         FALSE);\n  END LOOP;\nEND;\n/",
        literal(admin),
        literal(table),
        quoted(admin)
    )
}

/// Sets rows of an entity's physical table, which the model names.
fn of_entity(admin: &str, key: &str, set: &BTreeMap<String, String>) -> String {
    let schema = quoted(admin);
    let sets: Vec<String> =
        set.iter().map(|(column, value)| format!("{column} = {}", given(value))).collect();
    format!(
        "BEGIN\n  FOR t IN (SELECT UPPER(e.PHYSICAL_TABLE_NAME) AS table_name FROM \
         {schema}.OSSYS_ENTITY e\n    JOIN {schema}.OSSYS_ESPACE s ON s.ID = e.ESPACE_ID AND \
         s.IS_ACTIVE = 1\n    WHERE e.SS_KEY = {}) LOOP\n    DBMS_OUTPUT.PUT_LINE('setting ' || \
         t.table_name);\n    EXECUTE IMMEDIATE 'UPDATE {schema}.' || \
         DBMS_ASSERT.ENQUOTE_NAME(t.table_name, FALSE) || ' SET {}';\n  END LOOP;\nEND;\n/",
        literal(key),
        sets.join(", ").replace('\'', "''")
    )
}
