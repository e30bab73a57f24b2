//! Conditions as T-SQL.

use std::collections::HashMap;
use std::sync::Arc;

use super::conversion::not_convertible;
use super::{MOST_PARAMETERS, Parameter, Statement, quote, table_sql};
use crate::database::sqlserver::wide;
use crate::database::{
    ColumnType, Fault, FaultKind, Filter, Likened, Result, TableName, TableShape, Value, ValueKind,
    date_time_to_text, decimal_to_text,
};

/// Three or more whole numbers in a row become a range.
const SHORTEST_RANGE: usize = 3;

/// The shapes of the tables a request names, by the name it uses.
#[derive(Default)]
pub(in super::super) struct Names(HashMap<TableName, Arc<TableShape>>);

impl Names {
    /// Adds what a name stands for.
    pub(in super::super) fn add(&mut self, name: TableName, shape: Arc<TableShape>) {
        self.0.insert(name, shape);
    }

    /// What a name stands for.
    pub(in super::super) fn shape(&self, name: &TableName) -> Result<&TableShape> {
        self.0.get(name).map(Arc::as_ref).ok_or_else(|| missing(name))
    }

    /// The table in a statement.
    pub(in super::super) fn sql(&self, name: &TableName) -> Result<String> {
        self.shape(name).map(|shape| table_sql(&shape.name))
    }

    fn column(&self, table: &TableName, column: &str) -> Result<&ColumnType> {
        let shape = self.shape(table)?;
        shape.column(column).map(|column| &column.data_type).ok_or_else(|| {
            Fault::new(FaultKind::NotFound, format!("{table} has no column {column}"))
        })
    }
}

/// No such table.
pub(in super::super) fn missing(name: &TableName) -> Fault {
    Fault::new(FaultKind::NotFound, format!("there is no table {name}"))
        .advise("It is not there, or the login may not see it.")
}

/// The tables a condition names besides its own.
pub(in super::super) fn tables<'a>(filter: &'a Filter, found: &mut Vec<&'a TableName>) {
    match filter {
        Filter::Orphan { parent, among, .. } | Filter::Refers { parent, among, .. } => {
            found.push(parent);
            tables(among, found);
        }
        Filter::NotReferred { child, .. } => found.push(child),
        Filter::Repeated { columns, among, .. } => {
            counted(columns, found);
            tables(among, found);
        }
        Filter::OneOf(columns, _) => counted(columns, found),
        Filter::And(all) | Filter::Or(all) => all.iter().for_each(|one| tables(one, found)),
        Filter::Not(one) => tables(one, found),
        _ => {}
    }
}

fn counted<'a>(columns: &'a [Likened], found: &mut Vec<&'a TableName>) {
    columns.iter().flat_map(|column| &column.count_as).for_each(|(rows, _)| tables(rows, found));
}

/// Writes the conditions of one statement.
pub(in super::super) struct Writer<'a> {
    pub(in super::super) names: &'a Names,
    pub(in super::super) statement: &'a mut Statement,
}

impl Writer<'_> {
    /// Adds the condition on the rows of `table`, which the statement calls `alias`.
    pub(in super::super) fn add(
        &mut self,
        table: &TableName,
        alias: &str,
        filter: &Filter,
    ) -> Result<()> {
        let column = |name: &str| format!("{alias}.{}", quote(name));
        match filter {
            Filter::All => self.text("1 = 1"),
            Filter::IsNull(name) => self.text(&format!("{} IS NULL", column(name))),
            Filter::Equals(_, Value::Null) => self.text("1 = 0"),
            Filter::Equals(name, value) => {
                self.text(&format!("{} = ", column(name)));
                self.value(value);
            }
            Filter::AnyOf(name, values) => self.any_of(&column(name), values),
            Filter::Between(name, low, high) => {
                let kept = self.names.column(table, name)?.clone();
                self.text(&format!("({} >= ", column(name)));
                self.compared(low, &kept);
                self.text(&format!(" AND {} <= ", column(name)));
                self.compared(high, &kept);
                self.text(")");
            }
            Filter::AtMost(name, most) => {
                let kept = self.names.column(table, name)?.clone();
                self.text(&format!("{} <= ", column(name)));
                self.compared(most, &kept);
            }
            Filter::LongerThan(name, length) => {
                let kept = self.names.column(table, name)?;
                let sql = longer(&column(name), kept, *length);
                self.text(&sql);
            }
            Filter::OutsideDecimal { column: name, precision, scale } => {
                let own = column(name);
                let cast = format!("TRY_CAST({own} AS decimal({precision},{scale}))");
                self.text(&format!("({own} IS NOT NULL AND ({cast} IS NULL OR {cast} <> {own}))"));
            }
            Filter::NotConvertible { column: name, to } => {
                let sql = not_convertible(&column(name), self.names.column(table, name)?, to);
                self.text(&sql);
            }
            // The server keeps to its types.
            Filter::Unreadable(_) => self.text("1 = 0"),
            Filter::Orphan { column: name, parent, key, among } => {
                self.text(&format!("({} IS NOT NULL AND NOT ", column(name)));
                let own = self.as_key(table, name, column(name), parent, key)?;
                self.exists(&own, alias, parent, key, among)?;
                self.text(")");
            }
            Filter::Refers { column: name, parent, key, among } => {
                let own = self.as_key(table, name, column(name), parent, key)?;
                self.exists(&own, alias, parent, key, among)?;
            }
            Filter::NotReferred { key, child, column: referring } => {
                let inner = format!("{alias}n");
                let own = column(key);
                let mut sql = format!(
                    "NOT EXISTS (SELECT 1 FROM {} AS {inner} WHERE {inner}.{} = {own}",
                    self.names.sql(child)?,
                    quote(referring),
                );
                if self.names.shape(child)?.name == self.names.shape(table)?.name {
                    sql.push_str(&format!(" AND {inner}.{} <> {own}", quote(key)));
                }
                sql.push(')');
                self.text(&sql);
            }
            Filter::Repeated { columns, key, among } => {
                self.repeated(table, alias, columns, key, among)?;
            }
            Filter::OneOf(columns, rows) => self.one_of(table, alias, columns, rows)?,
            Filter::And(all) => self.join(table, alias, all, " AND ", "1 = 1")?,
            Filter::Or(all) => self.join(table, alias, all, " OR ", "1 = 0")?,
            Filter::Not(inner) => match inner.as_ref() {
                Filter::IsNull(name) => self.text(&format!("{} IS NOT NULL", column(name))),
                Filter::All => self.text("1 = 0"),
                // NOT alone would leave rows out whose condition is unknown.
                inner => {
                    self.text("CASE WHEN ");
                    self.add(table, alias, inner)?;
                    self.text(" THEN 1 ELSE 0 END = 0");
                }
            },
        }
        Ok(())
    }

    pub(super) fn text(&mut self, text: &str) {
        self.statement.add(text);
    }

    fn join(
        &mut self,
        table: &TableName,
        alias: &str,
        all: &[Filter],
        word: &str,
        none: &str,
    ) -> Result<()> {
        if all.is_empty() {
            self.text(none);
            return Ok(());
        }
        self.text("(");
        for (index, filter) in all.iter().enumerate() {
            if index > 0 {
                self.text(word);
            }
            self.add(table, alias, filter)?;
        }
        self.text(")");
        Ok(())
    }

    /// A column as it is compared with another table's key: ids may be texts, and a text that is no
    /// number would be an error.
    fn as_key(
        &self,
        table: &TableName,
        name: &str,
        own: String,
        parent: &TableName,
        key: &str,
    ) -> Result<String> {
        let kinds =
            (self.names.column(table, name)?.kind(), self.names.column(parent, key)?.kind());
        Ok(match kinds {
            (Some(ValueKind::Text), Some(ValueKind::Integer)) => {
                format!("TRY_CAST({own} AS bigint)")
            }
            _ => own,
        })
    }

    fn exists(
        &mut self,
        own: &str,
        alias: &str,
        parent: &TableName,
        key: &str,
        among: &Filter,
    ) -> Result<()> {
        let inner = format!("{alias}p");
        let sql = format!(
            "EXISTS (SELECT 1 FROM {} AS {inner} WHERE {inner}.{} = {own}",
            self.names.sql(parent)?,
            quote(key)
        );
        self.text(&sql);
        if *among != Filter::All {
            self.text(" AND ");
            self.add(parent, &inner, among)?;
        }
        self.text(")");
        Ok(())
    }

    pub(super) fn any_of(&mut self, own: &str, values: &[Value]) {
        let mut integers: Vec<i64> = values.iter().filter_map(Value::as_integer).collect();
        let others: Vec<&Value> = values
            .iter()
            .filter(|value| !value.is_null() && value.as_integer().is_none())
            .collect();
        integers.sort_unstable();
        integers.dedup();
        let mut parts = Vec::new();
        let mut single = Vec::new();
        for run in integers.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
            match (run.first(), run.last()) {
                (Some(first), Some(last)) if run.len() >= SHORTEST_RANGE => {
                    parts.push(format!("{own} BETWEEN {first} AND {last}"));
                }
                _ => single.extend(run.iter().map(i64::to_string)),
            }
        }
        if !single.is_empty() {
            parts.push(format!("{own} IN ({})", single.join(", ")));
        }
        if parts.is_empty() && others.is_empty() {
            self.text("1 = 0");
            return;
        }
        self.text("(");
        self.text(&parts.join(" OR "));
        if !others.is_empty() {
            self.text(if parts.is_empty() { "" } else { " OR " });
            self.text(&format!("{own} IN ("));
            for (index, value) in others.into_iter().enumerate() {
                if index > 0 {
                    self.text(", ");
                }
                self.value(value);
            }
            self.text(")");
        }
        self.text(")");
    }

    /// Adds a value to be compared by order with a column kept as `kept`: a code page's order
    /// differs from Unicode's, so the value has to be of the column's own type.
    pub(in super::super) fn compared(&mut self, value: &Value, kept: &ColumnType) {
        match (value, kept) {
            (Value::Text(_), ColumnType::VarChar(_) | ColumnType::Char(_)) => {
                self.text("CAST(");
                self.value(value);
                let length = kept.max_length().map_or("max".to_owned(), |n| n.to_string());
                self.text(&format!(" AS varchar({length}))"));
            }
            _ => self.value(value),
        }
    }

    pub(super) fn value(&mut self, value: &Value) {
        let room = self.statement.parameters.len() < MOST_PARAMETERS;
        match value {
            Value::Null => self.text("NULL"),
            Value::Integer(value) => self.text(&value.to_string()),
            Value::Bit(value) => self.text(if *value { "1" } else { "0" }),
            Value::Float(value) => self.text(&format!("{value:E}")),
            Value::Decimal { value, scale } => self.text(&decimal_to_text(*value, *scale)),
            Value::DateTime(ticks) => self.text(&moment(*ticks)),
            Value::Guid(_) => self.text(&format!("CAST('{value}' AS uniqueidentifier)")),
            Value::Text(bytes) => match (std::str::from_utf8(bytes), room) {
                (Ok(text), true) => self.statement.bind(Parameter::Text(text.to_owned())),
                (Ok(text), false) => self.text(&super::literal(text)),
                // What is not Unicode travels as the bytes the server keeps.
                (Err(_), _) => {
                    self.text("CAST(");
                    let wide = wide::to_utf16le(bytes).unwrap_or_default();
                    self.binary(&wide, room);
                    self.text(" AS nvarchar(max))");
                }
            },
            Value::Binary(bytes) => self.binary(bytes, room),
        }
    }

    fn binary(&mut self, bytes: &[u8], room: bool) {
        if room {
            self.statement.bind(Parameter::Binary(bytes.to_vec()));
        } else {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            self.text(&format!("0x{digits}"));
        }
    }
}

/// A point in time as a literal. `datetime` is what OutSystems keeps everywhere; only what it
/// cannot hold is written as `datetime2`.
fn moment(ticks: i64) -> String {
    use crate::database::sqlserver::values::{date_time_from_ticks, ticks_of_date_time};
    let text = date_time_to_text(ticks);
    let (day, time) = text.split_once(' ').unwrap_or((&text, "00:00:00"));
    match date_time_from_ticks(ticks) {
        Some(kept) if ticks_of_date_time(kept) == ticks => {
            // Milliseconds are enough: the server rounds them to its three-hundredths.
            let milliseconds = (ticks.rem_euclid(10_000_000) + 5_000) / 10_000;
            let time = time.split('.').next().unwrap_or(time);
            format!("CAST('{day}T{time}.{milliseconds:03}' AS datetime)")
        }
        _ => format!("CAST('{day}T{time}' AS datetime2(7))"),
    }
}

/// Whether a text has more UTF-16 units, or a binary more bytes. LEN does not see trailing blanks
/// and counts a pair of surrogates once under some collations; hence the dot and the binary order.
fn longer(own: &str, kept: &ColumnType, length: usize) -> String {
    if kept.kind() == Some(ValueKind::Binary) {
        return format!("DATALENGTH({own}) > {length}");
    }
    format!("LEN((CAST({own} AS nvarchar(max)) + N'.') COLLATE Latin1_General_BIN2) - 1 > {length}")
}
