//! Rows as a script that sqlcmd or Management Studio carries out.
//!
//! Every batch of it stands for itself: it ends in the wrong database, and when the file was read in
//! another encoding than it was written in. Rows go through `#put_back`, which has the columns of
//! the table, so that each literal becomes a value of the column's own type and collation.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::wide;
use super::{Parameter, literal, quote, table_sql};
use crate::database::script::{comment, parts};
use crate::database::{
    Batch, Column, ColumnType, Result, Script, ScriptTable, ScriptWork, Value, Values,
    date_time_to_text, decimal_to_text,
};

/// Kinds of characters of one text that are written by their number; a text with more is written
/// as bytes.
const ODD: usize = 8;

/// Ends a batch.
pub(super) const GO: &str = "\nGO\n";

/// How a script for a database is written.
pub(in super::super) struct TransactScript {
    pub(in super::super) database: String,
}

/// A value as a literal that stands for it in a script.
pub(super) fn parameter(parameter: &Parameter, out: &mut String) {
    match parameter {
        Parameter::Integer(number) => out.push_str(&number.to_string()),
        Parameter::Binary(value) => bytes(value, out),
        Parameter::Text(value) => {
            // Only what is no Unicode errs.
            let _ = text(value.as_bytes(), out);
        }
    }
}

impl Script for TransactScript {
    fn head(&self, about: &[String], file: &str, right: &str) -> String {
        let how = format!(
            "Run it in the database {}, as somebody with {right}: in SQL Server \
             Management Studio, or with sqlcmd -b -I -x -f 65001 -d {} -i {file}.",
            self.database,
            quote(&self.database)
        );
        // Tools tell by the mark how the file is encoded.
        let mut sql = String::from("\u{FEFF}") + &comment(about.iter().chain([&how]));
        sql.push_str(
            "\nSET QUOTED_IDENTIFIER ON;\nSET ANSI_NULLS ON;\nSET ANSI_PADDING ON;\n\
             SET ANSI_WARNINGS ON;\nSET ARITHABORT ON;\nSET CONCAT_NULL_YIELDS_NULL ON;\n\
             SET NUMERIC_ROUNDABORT OFF;\nSET IMPLICIT_TRANSACTIONS OFF;\nSET XACT_ABORT ON;\n\
             SET NOCOUNT ON;",
        );
        sql + GO
    }

    fn begin(&self, table: &ScriptTable) -> String {
        if table.work == ScriptWork::Empty {
            return String::new();
        }
        let name = table_sql(&table.table);
        let columns = columns(table, "");
        // A union has no identity column.
        let mut sql = format!(
            "{}IF OBJECT_ID(N'tempdb..#put_back') IS NOT NULL DROP TABLE #put_back;{GO}{}\
             SELECT TOP (0) {columns} INTO #put_back FROM {name}\n\
             UNION ALL SELECT TOP (0) {columns} FROM {name};",
            self.guard(),
            self.guard()
        );
        if let ScriptWork::InsertAll { there, rows } = table.work {
            sql.push('\n');
            sql.push_str(&begin_all(table, there, rows));
        }
        sql + GO
    }

    fn rows(&self, table: &ScriptTable, batch: &Batch) -> Result<String> {
        let cell = |place: usize, row, values: &mut String| {
            cell(&batch.columns()[place], row, &table.columns[place].data_type, values)
        };
        parts(batch, cell, |values| self.part(table, values))
    }

    fn end(&self, table: &ScriptTable) -> String {
        let mut sql = self.guard();
        if table.work == ScriptWork::Empty {
            return sql + &format!("DELETE FROM {};", table_sql(&table.table)) + GO;
        }
        if let ScriptWork::InsertAll { there, rows } = table.work {
            sql.push_str(&end_all(table, there, rows));
        }
        if table.work == ScriptWork::Lacking {
            sql.push_str(&insert_lacking(table));
        }
        sql + "DROP TABLE #put_back;" + GO
    }
}

impl TransactScript {
    /// Refuses to go on in another database, and where letters became others.
    pub(super) fn guard(&self) -> String {
        format!(
            "SET XACT_ABORT ON;\nIF DB_NAME() <> {} THROW 50000, {}, 1;\n\
             IF N'ü' <> NCHAR(252) THROW 50000, N'This file is in UTF-8, and was read as something \
             else: sqlcmd wants -f 65001.', 1;\n",
            literal(&self.database),
            literal(&format!("This script is for the database {}.", self.database))
        )
    }

    /// Some rows, in a transaction of their own unless the whole table has one.
    fn part(&self, table: &ScriptTable, values: &str) -> String {
        let fill = format!(
            "TRUNCATE TABLE #put_back;\nINSERT INTO #put_back ({}) VALUES{values};\n",
            columns(table, "")
        );
        let work = match table.work {
            ScriptWork::Lacking => {
                let names = columns(table, "");
                let sql = format!("INSERT INTO #put_back ({names}) VALUES{values};");
                return format!("{}{sql}{GO}", self.guard());
            }
            ScriptWork::InsertAll { .. } => {
                let insert = insert(table, "");
                return format!(
                    "{}IF @@TRANCOUNT > 0\nBEGIN\n{fill}{insert}END;{GO}",
                    self.guard()
                );
            }
            ScriptWork::Insert | ScriptWork::Empty => put_back(table),
            ScriptWork::Set => set_again(table),
        };
        format!("{}{fill}{work}{GO}", self.guard())
    }
}

/// The columns of the rows, of `alias` where it is given one.
fn columns(table: &ScriptTable, alias: &str) -> String {
    let names: Vec<String> =
        table.columns.iter().map(|column| format!("{alias}{}", quote(&column.name))).collect();
    names.join(", ")
}

/// Whether a row of the table (`t`) has the key of one of `#put_back` (`r`).
fn same_key(table: &ScriptTable) -> String {
    let same = table.key.iter().filter_map(|place| table.columns.get(*place)).map(|column| {
        let name = quote(&column.name);
        format!("t.{name} = r.{name}")
    });
    same.collect::<Vec<_>>().join(" AND ")
}

fn insert(table: &ScriptTable, condition: &str) -> String {
    format!(
        "INSERT INTO {} ({})\nSELECT {} FROM #put_back AS r{condition};\n",
        table_sql(&table.table),
        columns(table, ""),
        columns(table, "r.")
    )
}

/// The rows of `#put_back` whose key the table does not have, into the table.
fn put_back(table: &ScriptTable) -> String {
    let name = table_sql(&table.table);
    let absent = format!(" WHERE NOT EXISTS (SELECT 1 FROM {name} AS t WHERE {})", same_key(table));
    let identity = |on: &str| match table.columns.iter().any(|column| column.identity) {
        true => format!("SET IDENTITY_INSERT {name} {on};\n"),
        false => String::new(),
    };
    format!(
        "DECLARE @rows bigint, @of bigint;\n\
         SELECT @of = COUNT_BIG(*) FROM #put_back;\n\
         BEGIN TRY\nBEGIN TRANSACTION;\n{}{}SET @rows = @@ROWCOUNT;\n{}\
         IF EXISTS (SELECT 1 FROM #put_back AS r{absent}) THROW 50000, {}, 1;\n\
         COMMIT TRANSACTION;\nPRINT CONCAT({}, @rows, N' of ', @of, N' rows put back, the others \
         were there.');\nEND TRY\n\
         BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;\n{}THROW;\nEND CATCH;",
        identity("ON"),
        insert(table, &absent),
        identity("OFF"),
        literal(&format!("{}: not all rows that were inserted are there.", table.table)),
        literal(&format!("{}: ", table.table)),
        identity("OFF"),
    )
}

/// Of each row of `#put_back` as many as the table lacks, in one statement.
fn insert_lacking(table: &ScriptTable) -> String {
    let name = table_sql(&table.table);
    let own = columns(table, "");
    format!(
        "DECLARE @rows bigint, @of bigint;\nSELECT @of = COUNT_BIG(*) FROM #put_back;\n\
         INSERT INTO {name} ({own})\nSELECT {}\nFROM (SELECT {own}, ROW_NUMBER() OVER (PARTITION BY \
         {own} ORDER BY (SELECT NULL)) AS [nth alike] FROM #put_back) AS r\nWHERE r.[nth alike] > \
         (SELECT COUNT_BIG(*) FROM {name} AS t WHERE EXISTS (SELECT {} INTERSECT SELECT {}));\n\
         SET @rows = @@ROWCOUNT;\nPRINT CONCAT({}, @rows, N' of ', @of, N' rows put back, the others \
         were there.');\n",
        columns(table, "r."),
        columns(table, "t."),
        columns(table, "r."),
        literal(&format!("{}: ", table.table)),
    )
}

/// The last column of `#put_back` into the rows of the table that have it empty.
fn set_again(table: &ScriptTable) -> String {
    let name = table_sql(&table.table);
    let column = table.columns.last().map(|column| quote(&column.name)).unwrap_or_default();
    format!(
        "DECLARE @rows bigint;\nUPDATE t SET {column} = r.{column}\nFROM {name} AS t JOIN #put_back \
         AS r ON {} WHERE t.{column} IS NULL;\nSET @rows = @@ROWCOUNT;\n\
         PRINT CONCAT({}, @rows, N' references set again.');",
        same_key(table),
        literal(&format!("{}: ", table.table))
    )
}

/// Opens the transaction of a table whose rows nothing tells apart, where none of them is back yet.
fn begin_all(table: &ScriptTable, there: u64, rows: u64) -> String {
    let name = table_sql(&table.table);
    format!(
        "IF @@TRANCOUNT > 0\nBEGIN\nROLLBACK TRANSACTION;\n\
         THROW 50000, N'A transaction was open, and is rolled back. Run the script once more.', 1;\n\
         END;\nBEGIN TRANSACTION;\nDECLARE @there bigint, @said nvarchar(1000);\n\
         SELECT @there = COUNT_BIG(*) FROM {name} WITH (TABLOCKX, HOLDLOCK);\n\
         IF @there = {}\nBEGIN\nROLLBACK TRANSACTION;\nPRINT {};\nEND\n\
         ELSE IF @there <> {there}\nBEGIN\nROLLBACK TRANSACTION;\nSET @said = CONCAT({}, @there, \
         {});\nTHROW 50000, @said, 1;\nEND;",
        there + rows,
        literal(&format!("{}: its rows are back already.", table.table)),
        literal(&format!("{} has ", table.table)),
        literal(&format!(
            " rows, and had {there} when this was written. Nothing tells its rows apart, so nobody \
             knows which are back: none was inserted. See to them by hand."
        ))
    )
}

/// Ends that transaction.
fn end_all(table: &ScriptTable, there: u64, rows: u64) -> String {
    let name = table_sql(&table.table);
    format!(
        "IF @@TRANCOUNT > 0\nBEGIN\nIF (SELECT COUNT_BIG(*) FROM {name}) <> {}\nBEGIN\n\
         ROLLBACK TRANSACTION;\nTHROW 50000, {}, 1;\nEND;\nCOMMIT TRANSACTION;\nPRINT {};\nEND;\n",
        there + rows,
        literal(&format!("{}: not all rows that were inserted are there.", table.table)),
        literal(&format!("{}: {rows} rows put back.", table.table))
    )
}

/// A cell as a literal that becomes exactly that value in a column of the type. Literals of one
/// column are of one kind, for a list of rows has one type for each column; the types that differ
/// in their digits travel as text.
pub(super) fn cell(
    column: &Column,
    row: usize,
    data_type: &ColumnType,
    out: &mut String,
) -> Result<()> {
    if column.is_null(row) {
        out.push_str("NULL");
        return Ok(());
    }
    match column.values() {
        Values::Integer(values) => out.push_str(&values[row].to_string()),
        Values::Bit(values) => out.push(if values[row] { '1' } else { '0' }),
        Values::Decimal { scale, values } => {
            let _ = write!(out, "N'{}'", decimal_to_text(values[row], *scale));
        }
        // Seventeen digits tell every number from its neighbours.
        Values::Float(values) => {
            let _ = write!(out, "N'{:.16e}'", values[row]);
        }
        Values::DateTime(values) => {
            let _ = write!(out, "N'{}'", moment(values[row], data_type));
        }
        Values::Guid(values) => {
            let _ = write!(out, "N'{}'", Value::Guid(values[row]));
        }
        Values::Text(values) => text(values.get(row), out)?,
        Values::Binary(values) => bytes(values.get(row), out),
    }
    Ok(())
}

fn bytes(bytes: &[u8], out: &mut String) {
    out.push_str("0x");
    for byte in bytes {
        let _ = write!(out, "{byte:02X}");
    }
}

/// A point in time as every language of the server reads it.
fn moment(ticks: i64, data_type: &ColumnType) -> String {
    let text = date_time_to_text(ticks);
    let (day, time) = text.split_once(' ').unwrap_or((&text, "00:00:00"));
    let (whole, _) = time.split_once('.').unwrap_or((time, ""));
    match data_type {
        ColumnType::Date => day.to_owned(),
        ColumnType::Time { .. } => time.to_owned(),
        // Milliseconds are enough: the server rounds them to its three-hundredths.
        ColumnType::DateTime => {
            let milliseconds = (ticks.rem_euclid(10_000_000) + 5_000) / 10_000;
            format!("{day}T{whole}.{milliseconds:03}")
        }
        ColumnType::SmallDateTime => format!("{day}T{whole}"),
        _ => format!("{day}T{time}"),
    }
}

/// Whether a tool or an editor may take a character for something else than a letter of a text.
fn is_odd(text: &str, at: usize, c: char) -> bool {
    let is_variable = c == '$' && text[at + 1..].starts_with('(');
    is_variable
        || c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFD}'..='\u{FFFF}')
}

/// A text as a literal of one line.
///
/// Characters that would break the line or be taken for something else are written as `<000A>` and
/// replaced by the server; what is no Unicode, or has too many of them, as the bytes it keeps.
fn text(stored: &[u8], out: &mut String) -> Result<()> {
    let Ok(text) = std::str::from_utf8(stored) else { return wide_bytes(stored, out) };
    let mut odd: Vec<char> = Vec::new();
    for (at, c) in text.char_indices() {
        if is_odd(text, at, c) && !odd.contains(&c) {
            odd.push(c);
        }
    }
    if odd.is_empty() {
        out.push_str(&literal(text));
        return Ok(());
    }
    if odd.len() > ODD || odd.contains(&'\0') {
        return wide_bytes(stored, out);
    }
    // A text that holds such a mark gets longer ones.
    let mut edge = (String::from("<"), String::from(">"));
    while odd.iter().any(|c| text.contains(&format!("{}{:04X}{}", edge.0, u32::from(*c), edge.1))) {
        edge.0.push('<');
        edge.1.push('>');
    }
    let mark = |c: char| format!("{}{:04X}{}", edge.0, u32::from(c), edge.1);
    let mut shown = Cow::Borrowed(text);
    for c in &odd {
        shown = Cow::Owned(shown.replace(*c, &mark(*c)));
        out.push_str("REPLACE(");
    }
    // Shorter types are cut off at 8,000 bytes, and other orders take some characters for nothing.
    let _ = write!(out, "CAST({} AS nvarchar(max)) COLLATE Latin1_General_BIN2", literal(&shown));
    for c in &odd {
        let _ = write!(out, ", N'{}', NCHAR({}))", mark(*c), u32::from(*c));
    }
    Ok(())
}

fn wide_bytes(text: &[u8], out: &mut String) -> Result<()> {
    out.push_str("CAST(");
    bytes(&wide::to_utf16le(text)?, out);
    out.push_str(" AS nvarchar(max))");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(stored: &[u8]) -> String {
        let mut out = String::new();
        text(stored, &mut out).expect("a text");
        out
    }

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(written("it's ü 🚚".as_bytes()), "N'it''s ü 🚚'");
        let lines = written(b"a\r\nGO\r\nb");
        assert!(lines.contains("N'a<000D><000A>GO<000D><000A>b'"), "{lines}");
        assert!(lines.ends_with(", N'<000D>', NCHAR(13)), N'<000A>', NCHAR(10))"), "{lines}");
        assert!(!written(b"$(PATH)").contains("$("));
        assert_eq!(written(b"$5"), "N'$5'");
        assert_eq!(written(b"a\0"), "CAST(0x61000000 AS nvarchar(max))");
        assert!(written(b"\n<000A>").contains("N'<<000A>><000A>'"));
        assert_eq!(written(&[0xED, 0xA0, 0xBD]), "CAST(0x3DD8 AS nvarchar(max))");
    }

    #[test]
    fn moments_are_read_in_every_language() {
        let at = |text: &str| crate::database::date_time_from_text(text).expect(text);
        let step = at("2024-05-06 07:08:09") + 9_966_667;
        assert_eq!(moment(step, &ColumnType::DateTime), "2024-05-06T07:08:09.997");
        let exact = at("2024-05-06 07:08:09.1234567");
        assert_eq!(
            moment(exact, &ColumnType::DateTime2 { scale: 7 }),
            "2024-05-06T07:08:09.1234567"
        );
        assert_eq!(moment(exact, &ColumnType::Date), "2024-05-06");
        assert_eq!(moment(exact, &ColumnType::Time { scale: 7 }), "07:08:09.1234567");
        assert_eq!(moment(at("2024-05-06"), &ColumnType::SmallDateTime), "2024-05-06T00:00:00");
    }
}
