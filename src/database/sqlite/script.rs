//! Rows as a script that the `sqlite3` shell carries out.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};

use super::cell;
use super::session::quote;
use crate::database::script::{comment, parts};
use crate::database::{
    Batch, Fault, FaultKind, Result, Script, ScriptTable, ScriptWork, TableName, same_name,
};

/// Digits that SQLite reads as exactly the number that has them.
const SURE_DIGITS: usize = 15;
/// A power of two that is exact as a decimal.
const STEP: (i32, &str) = (49, "562949953421312.0");

/// How a script for a file is written.
pub(super) struct SqliteScript {
    pub(super) path: PathBuf,
}

impl Script for SqliteScript {
    fn head(&self, about: &[String], _file: &str, _right: &str) -> String {
        let how = format!("Run it with sqlite3 -bail on {}.", self.path.display());
        let mut sql = comment(about.iter().chain([&how]));
        sql.push_str(
            "\nPRAGMA foreign_keys = ON;\n\
             CREATE TEMP TABLE IF NOT EXISTS put_back_check (is_right INTEGER, CONSTRAINT \
             \"a table has not the rows that it has to have, nothing was inserted there\" \
             CHECK (is_right));\n",
        );
        sql
    }

    fn begin(&self, table: &ScriptTable) -> String {
        let mut sql = String::from("\nBEGIN IMMEDIATE;\n");
        if table.work == ScriptWork::Lacking {
            let _ = writeln!(
                sql,
                "CREATE TEMP TABLE put_back_rows AS SELECT {} FROM {} WHERE 0;",
                names(table, ""),
                quote(&table.table.name)
            );
        }
        if matches!(table.work, ScriptWork::InsertAll { .. }) {
            let _ = writeln!(
                sql,
                "CREATE TEMP TABLE put_back_there AS SELECT COUNT(*) AS there FROM {};",
                quote(&table.table.name)
            );
        }
        sql
    }

    fn rows(&self, table: &ScriptTable, batch: &Batch) -> Result<String> {
        let cell = |place: usize, row, values: &mut String| {
            let value = cell::stored(&batch.columns()[place], row, &table.columns[place])?;
            literal(&value, values)
        };
        parts(batch, cell, |values| part(table, values))
    }

    fn end(&self, table: &ScriptTable) -> String {
        if table.work == ScriptWork::Empty {
            return format!("DELETE FROM {};\nCOMMIT;\n", quote(&table.table.name));
        }
        if table.work == ScriptWork::Lacking {
            return insert_lacking(table) + "DROP TABLE temp.put_back_rows;\nCOMMIT;\n";
        }
        let ScriptWork::InsertAll { there, rows } = table.work else {
            return "COMMIT;\n".to_owned();
        };
        format!(
            "INSERT OR ROLLBACK INTO temp.put_back_check SELECT COUNT(*) = {} FROM {};\n\
             DROP TABLE temp.put_back_there;\nCOMMIT;\n",
            there + rows,
            quote(&table.table.name)
        )
    }
}

/// The script that brings the statistics of tables up to date; further catalogs are files beside
/// the database's own.
pub(super) fn statistics(path: &Path, tables: &[TableName]) -> String {
    let how = format!("Run it with sqlite3 -bail on {}.", path.display());
    let mut sql = comment([how].iter());
    let mut attached: Vec<&str> = Vec::new();
    for table in tables {
        let Some(catalog) = &table.catalog else {
            let _ = writeln!(sql, "ANALYZE main.{};", quote(&table.name));
            continue;
        };
        if !attached.iter().any(|known| same_name(known, catalog)) {
            let file = path.with_file_name(format!("{catalog}.sqlite"));
            let file = file.display().to_string().replace('\'', "''");
            let _ = writeln!(sql, "ATTACH DATABASE '{file}' AS {};", quote(catalog));
            attached.push(catalog);
        }
        let _ = writeln!(sql, "ANALYZE {}.{};", quote(catalog), quote(&table.name));
    }
    sql
}

/// The columns of the rows, of `alias` where it is given one.
fn names(table: &ScriptTable, alias: &str) -> String {
    let names: Vec<String> =
        table.columns.iter().map(|column| format!("{alias}{}", quote(&column.name))).collect();
    names.join(", ")
}

/// Of each row of `put_back_rows` as many as the table lacks.
fn insert_lacking(table: &ScriptTable) -> String {
    let name = quote(&table.table.name);
    let same: Vec<String> = table
        .columns
        .iter()
        .map(|column| quote(&column.name))
        .map(|column| format!("t.{column} IS r.{column}"))
        .collect();
    format!(
        "INSERT INTO {name} ({})\nSELECT {} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {}) AS \
         nth_alike\nFROM temp.put_back_rows) AS r WHERE r.nth_alike > (SELECT COUNT(*) FROM {name} \
         AS t WHERE {});\n",
        names(table, ""),
        names(table, "r."),
        names(table, ""),
        same.join(" AND ")
    )
}

/// Some rows.
fn part(table: &ScriptTable, values: &str) -> String {
    let name = quote(&table.table.name);
    if table.work == ScriptWork::Lacking {
        return format!("INSERT INTO temp.put_back_rows VALUES{values};\n");
    }
    let names: Vec<String> = table.columns.iter().map(|column| quote(&column.name)).collect();
    let same: Vec<String> = table
        .key
        .iter()
        .filter_map(|place| names.get(*place).map(|name| (place, name)))
        .map(|(place, name)| format!("t.{name} = v.column{}", place + 1))
        .collect();
    let same = same.join(" AND ");
    let names = names.join(", ");
    let insert = format!("INSERT INTO {name} ({names})\nSELECT * FROM (VALUES{values}) AS v");
    match table.work {
        ScriptWork::Insert | ScriptWork::Lacking | ScriptWork::Empty => {
            format!("{insert}\nWHERE NOT EXISTS (SELECT 1 FROM {name} AS t WHERE {same});\n")
        }
        ScriptWork::InsertAll { there, .. } => {
            format!("{insert}\nWHERE (SELECT there FROM temp.put_back_there) = {there};\n")
        }
        ScriptWork::Set => {
            let last = table.columns.last().map(|column| quote(&column.name)).unwrap_or_default();
            format!(
                "UPDATE {name} AS t SET {last} = v.column{}\nFROM (VALUES{values}) AS v\n\
                 WHERE {same} AND t.{last} IS NULL;\n",
                table.columns.len()
            )
        }
    }
}

/// A stored value as a literal that is exactly that value.
pub(super) fn literal(stored: &ToSqlOutput<'_>, out: &mut String) -> Result<()> {
    let value = match stored {
        ToSqlOutput::Borrowed(value) => *value,
        ToSqlOutput::Owned(value) => ValueRef::from(value),
        _ => return Err(Fault::new(FaultKind::Other, "a value cannot be written down")),
    };
    match value {
        ValueRef::Null => out.push_str("NULL"),
        ValueRef::Integer(value) => out.push_str(&value.to_string()),
        ValueRef::Real(value) => real(value, out),
        ValueRef::Blob(bytes) => blob(bytes, out),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) if !text.contains(|c: char| c.is_control()) => {
                let _ = write!(out, "'{}'", text.replace('\'', "''"));
            }
            // As the bytes that are kept.
            _ => {
                out.push_str("CAST(");
                blob(text, out);
                out.push_str(" AS TEXT)");
            }
        },
    }
    Ok(())
}

fn blob(bytes: &[u8], out: &mut String) {
    out.push_str("x'");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.push('\'');
}

/// A number. SQLite does not read every decimal as the nearest number: where there are many digits,
/// it is made of a whole number and powers of two, step by step without rounding.
fn real(value: f64, out: &mut String) {
    let shortest = format!("{value:e}");
    let digits = shortest.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    let is_middling = value == 0.0 || (1e-20..1e20).contains(&value.abs());
    if !value.is_finite() {
        out.push_str(if value > 0.0 { "9e999" } else { "-9e999" });
        return;
    }
    if digits <= SURE_DIGITS && is_middling {
        let _ = write!(out, "{value:?}");
        return;
    }
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7FF).unwrap_or_default();
    let fraction = bits & ((1 << 52) - 1);
    let (whole, mut power) = match exponent {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, exponent - 1075),
    };
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let _ = write!(out, "({sign}{whole} * 1.0");
    while power != 0 {
        let step = power.abs().min(STEP.0);
        let sign = if power > 0 { '*' } else { '/' };
        match step == STEP.0 {
            true => {
                let _ = write!(out, " {sign} {}", STEP.1);
            }
            false => {
                let _ = write!(out, " {sign} {}.0", 1_u64 << step);
            }
        }
        power -= step * power.signum();
    }
    out.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::Connection;
    use rusqlite::types::Value as Cell;

    fn read_back(cells: &[Cell]) -> Vec<Cell> {
        let connection = Connection::open_in_memory().expect("a database");
        let mut sql = String::from("VALUES ");
        for (place, cell) in cells.iter().enumerate() {
            sql.push_str(if place > 0 { ",(" } else { "(" });
            literal(&ToSqlOutput::Owned(cell.clone()), &mut sql).expect("a literal");
            sql.push(')');
        }
        let mut statement = connection.prepare(&sql).expect("a statement");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("values")
    }

    proptest! {
        #[test]
        fn literals_are_the_values(
            numbers in proptest::collection::vec(any::<f64>(), 1..30),
            whole in any::<i64>(),
            text in ".*",
            bytes in any::<Vec<u8>>(),
        ) {
            // A division may end in a number without its full digits, and rounds then.
            let is_normal = |number: &f64| number.is_normal() || *number == 0.0;
            let mut cells: Vec<Cell> =
                numbers.into_iter().filter(is_normal).map(Cell::Real).collect();
            cells.extend([
                Cell::Null,
                Cell::Integer(whole),
                Cell::Text(text),
                Cell::Text("it's\r\nGO\0".to_owned()),
                Cell::Blob(bytes),
                Cell::Real(f64::MAX),
                Cell::Real(f64::MIN_POSITIVE),
                Cell::Real(0.1 + 0.2),
                Cell::Real(f64::INFINITY),
            ]);
            prop_assert_eq!(read_back(&cells), cells);
        }
    }
}
