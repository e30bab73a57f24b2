//! The clean-up of a clone as a script for Oracle, from the same data as on SQL Server.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::identifier::{literal, quoted};
use crate::database::Result;
use crate::procedures::model::{
    Change, Defaults, Entities, Origin, RowsOf, Secret, Step, StepKind, Target, Work,
};
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
        "\n-- C2.11 and C2.13 are tasks: `osferry checklist clone-sqlserver` says how. After N3 the \
         values of secret\n-- site properties, after N4 external authentication have to be given \
         again.\n",
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
        (Target::Table(table), Work::Default(Defaults::Word(Secret::Secret))) => {
            Some(secret_defaults(admin, table))
        }
        (Target::Table(table), Work::Default(Defaults::Of(of))) => Some(defaults(admin, table, of)),
        (Target::Entities(of), Work::Delete) => Some(emptied(admin, of)),
        (Target::Entities(_), _) | (Target::Entity(_), Work::Default(_)) => None,
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

/// Columns that say whose row one of OSSYS_SITE_PROPERTY_DEF_EXT is, the best first.
const LINKS: [&str; 3] =
    ["SITE_PROPERTY_DEFINITION_ID", "SITE_PROPERTY_DEF_ID", "SITEPROPERTYDEFINITIONID"];

/// The values of some definitions' site properties become the defaults; `among` selects their IDs.
fn to_defaults(admin: &str, table: &str, among: &str) -> String {
    let schema = quoted(admin);
    format!(
        "UPDATE {schema}.{table} p SET p.PROPERTY_VALUE = (SELECT d.DEFAULT_VALUE FROM \
         {schema}.OSSYS_SITE_PROPERTY_DEFINITION d WHERE d.ID = p.SITE_PROPERTY_DEFINITION_ID), \
         p.USER_MODIFIED = 0 WHERE p.SITE_PROPERTY_DEFINITION_ID IN ({among})"
    )
}

/// Secret site properties: this version of the platform may not know which are, and the column that
/// links them to their definitions has had several names.
fn secret_defaults(admin: &str, table: &str) -> String {
    let (schema, owner) = (quoted(admin), literal(admin));
    let links: Vec<String> = LINKS.iter().map(|name| literal(name)).collect();
    let order: Vec<String> =
        links.iter().enumerate().map(|(place, name)| format!("WHEN {name} THEN {place}")).collect();
    let update = to_defaults(admin, table, "SELECT e.§ FROM ‡ e WHERE e.IS_SECRET = 1");
    let update = literal(&update)
        .replace('§', "' || DBMS_ASSERT.ENQUOTE_NAME(t.column_name, FALSE) || '")
        .replace('‡', &format!("{schema}.OSSYS_SITE_PROPERTY_DEF_EXT"));
    format!(
        "DECLARE\n  is_known BOOLEAN := FALSE;\nBEGIN\n  FOR t IN (SELECT column_name FROM (SELECT c.column_name FROM all_tab_columns c\n    \
         WHERE c.owner = {owner} AND c.table_name = 'OSSYS_SITE_PROPERTY_DEF_EXT' AND c.column_name \
         IN ({})\n    AND EXISTS (SELECT 1 FROM all_tab_columns i WHERE i.owner = c.owner AND \
         i.table_name = c.table_name AND i.column_name = 'IS_SECRET')\n    ORDER BY CASE \
         c.column_name {} END) WHERE ROWNUM = 1) LOOP\n    is_known := TRUE;\n    \
         EXECUTE IMMEDIATE {update};\n  END LOOP;\n  IF NOT is_known THEN\n    \
         DBMS_OUTPUT.PUT_LINE('{table}: which site properties are secret is not known here; see to \
         them by the guide');\n  END IF;\nEND;\n/",
        links.join(", "),
        order.join(" ")
    )
}

/// Site properties of an active espace, by name.
fn defaults(admin: &str, table: &str, of: &Entities) -> String {
    let schema = quoted(admin);
    let among = format!(
        "\n  SELECT d.ID FROM {schema}.OSSYS_SITE_PROPERTY_DEFINITION d JOIN {schema}.OSSYS_ESPACE s \
         ON s.ID = d.ESPACE_ID AND s.IS_ACTIVE = 1\n  WHERE UPPER(s.NAME) = {} AND UPPER(d.NAME) IN \
         ({})",
        capitals(&of.espace),
        of.names.iter().map(|name| capitals(name)).collect::<Vec<_>>().join(", ")
    );
    format!("{};", to_defaults(admin, table, &among))
}

/// Empties the physical tables of an active espace's entities, in the order of their names' list:
/// those that refer come before those that they refer to.
fn emptied(admin: &str, of: &Entities) -> String {
    let schema = quoted(admin);
    let names: Vec<String> = of.names.iter().map(|name| capitals(name)).collect();
    let order: Vec<String> =
        names.iter().enumerate().map(|(place, name)| format!("WHEN {name} THEN {place}")).collect();
    format!(
        "BEGIN\n  FOR t IN (SELECT UPPER(e.PHYSICAL_TABLE_NAME) AS table_name FROM \
         {schema}.OSSYS_ENTITY e\n    JOIN {schema}.OSSYS_ESPACE s ON s.ID = e.ESPACE_ID AND \
         s.IS_ACTIVE = 1 AND UPPER(s.NAME) = {}\n    WHERE e.IS_ACTIVE = 1 AND UPPER(e.NAME) IN \
         ({})\n    ORDER BY CASE UPPER(e.NAME) {} END) LOOP\n    DBMS_OUTPUT.PUT_LINE('emptying ' || \
         t.table_name);\n    EXECUTE IMMEDIATE 'DELETE FROM {schema}.' || \
         DBMS_ASSERT.ENQUOTE_NAME(t.table_name, FALSE);\n  END LOOP;\nEND;\n/",
        capitals(&of.espace),
        names.join(", "),
        order.join(" ")
    )
}

/// A name as a literal in capitals: so early in the script the session still compares by case.
fn capitals(name: &str) -> String {
    literal(&name.to_uppercase())
}
