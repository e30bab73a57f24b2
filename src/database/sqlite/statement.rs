//! Conditions as SQLite's SQL.

use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, Value as Cell};

use super::cell;
use super::script::literal;
use super::session::{CASELESS, fault, quote, table_sql};
use crate::database::{
    Column, ColumnType, Fault, FaultKind, Filter, Likened, Result, TableName, Value, ValueKind,
    converted, decimal_from_text, utf16_prefix,
};

/// A condition with its parameters. `rows` is the name by which the statement calls the table.
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) parameters: Vec<Cell>,
    /// The columns of the tables of which a type was asked for, with their declared types.
    declared: HashMap<TableName, Vec<(String, ColumnType)>>,
}

/// Registers what conditions need beyond SQLite's own functions.
pub(super) fn add_functions(connection: &Connection) -> Result<()> {
    use rusqlite::functions::FunctionFlags;
    use rusqlite::types::ValueRef;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function("osferry_length", 1, flags, |context| {
            Ok(match context.get_raw(0) {
                ValueRef::Text(bytes) => {
                    String::from_utf8_lossy(bytes).encode_utf16().count() as i64
                }
                ValueRef::Blob(bytes) => bytes.len() as i64,
                _ => 0,
            })
        })
        .and_then(|()| {
            connection.create_scalar_function("osferry_cut", 2, flags, |context| {
                let most = context.get::<i64>(1)?;
                Ok(match context.get_raw(0) {
                    ValueRef::Text(bytes) => {
                        let most = usize::try_from(most).unwrap_or_default();
                        Cell::Text(String::from_utf8_lossy(utf16_prefix(bytes, most)).into_owned())
                    }
                    _ => context.get::<Cell>(0)?,
                })
            })
        })
        .and_then(|()| {
            connection.create_scalar_function("osferry_outside", 3, flags, |context| {
                let text = match context.get_raw(0) {
                    ValueRef::Null => return Ok(false),
                    ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    ValueRef::Integer(value) => value.to_string(),
                    ValueRef::Real(value) => value.to_string(),
                    ValueRef::Blob(_) => return Ok(true),
                };
                let precision = context.get::<u8>(1)?;
                let scale = context.get::<u8>(2)?;
                Ok(decimal_from_text(&text, scale).is_none_or(|digits| {
                    10_u128
                        .checked_pow(u32::from(precision))
                        .is_some_and(|m| digits.unsigned_abs() >= m)
                }))
            })
        })
        .and_then(|()| {
            connection.create_scalar_function("osferry_unconvertible", 3, flags, |context| {
                let cell = context.get_raw(0);
                if cell == ValueRef::Null {
                    return Ok(false);
                }
                let from = ColumnType::parse(&context.get::<String>(1)?);
                let to = ColumnType::parse(&context.get::<String>(2)?);
                let held = Column::for_type(&from)
                    .and_then(|mut column| cell::read(cell, &from, &mut column).map(|()| column));
                Ok(held.is_ok_and(|column| converted(&column.value(0), &to).is_none()))
            })
        })
        .and_then(|()| {
            connection.create_scalar_function("osferry_converted", 2, flags, |context| {
                let ValueRef::Text(bytes) = context.get_raw(0) else { return Ok(Cell::Null) };
                let to = ColumnType::parse(&context.get::<String>(1)?);
                let value = converted(&Value::Text(bytes.to_vec()), &to);
                Ok(value.map_or(Cell::Null, |value| cell::parameter(&value)))
            })
        })
        .and_then(|()| {
            connection.create_scalar_function("osferry_unreadable", 2, flags, |context| {
                let cell = context.get_raw(0);
                if cell == ValueRef::Null {
                    return Ok(false);
                }
                let declared = ColumnType::parse(&context.get::<String>(1)?);
                let mut column = match Column::for_type(&declared) {
                    Ok(column) => column,
                    // No value of such a column is read.
                    Err(_) => return Ok(false),
                };
                Ok(cell::read(cell, &declared, &mut column).is_err())
            })
        })
        .map_err(|error| fault(&error))
}

impl Condition {
    /// The condition on the rows of `table`, called `alias` in the statement.
    pub(super) fn new(connection: &Connection, table: &TableName, filter: &Filter) -> Result<Self> {
        let mut condition =
            Self { sql: String::new(), parameters: Vec::new(), declared: HashMap::new() };
        condition.add(connection, table, "t", filter)?;
        Ok(condition)
    }

    /// The condition with its values in the text, as the `sqlite3` shell understands it: its own
    /// collation without case knows the letters of ASCII, which is what the platform's names have.
    pub(super) fn in_script(&self) -> Result<String> {
        let sql = self.sql.replace(&format!(" COLLATE {CASELESS}"), " COLLATE NOCASE");
        let mut out = String::with_capacity(sql.len());
        let mut is_name = false;
        let mut signs = sql.chars().peekable();
        while let Some(sign) = signs.next() {
            is_name ^= sign == '"';
            if is_name || sign != '?' {
                out.push(sign);
                continue;
            }
            let mut place = String::new();
            while let Some(digit) = signs.next_if(char::is_ascii_digit) {
                place.push(digit);
            }
            let place: usize = place.parse().unwrap_or_default();
            match self.parameters.get(place.wrapping_sub(1)) {
                Some(value) => literal(&ToSqlOutput::Owned(value.clone()), &mut out)?,
                None => return Err(Fault::new(FaultKind::Other, "a value has no place")),
            }
        }
        Ok(out)
    }

    fn add(
        &mut self,
        connection: &Connection,
        table: &TableName,
        alias: &str,
        filter: &Filter,
    ) -> Result<()> {
        let column = |name: &str| format!("{alias}.{}", quote(name));
        match filter {
            Filter::All => self.sql.push('1'),
            Filter::IsNull(name) => self.sql.push_str(&format!("{} IS NULL", column(name))),
            Filter::Equals(name, value) => {
                self.sql.push_str(&format!("{} = ", column(name)));
                self.bind(value);
            }
            Filter::AnyOf(_, values) if values.is_empty() => self.sql.push('0'),
            Filter::AnyOf(name, values) => {
                self.sql.push_str(&format!("{}{} IN (", column(name), collation(values.first())));
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        self.sql.push(',');
                    }
                    match value {
                        Value::Integer(number) => self.sql.push_str(&number.to_string()),
                        other => self.place(other),
                    }
                }
                self.sql.push(')');
            }
            Filter::Between(name, low, high) => {
                self.sql.push_str(&format!("{} BETWEEN ", column(name)));
                self.place(low);
                self.sql.push_str(" AND ");
                self.place(high);
            }
            Filter::AtMost(name, most) => {
                self.sql.push_str(&format!("{} <= ", column(name)));
                self.place(most);
            }
            Filter::LongerThan(name, length) => {
                self.sql.push_str(&format!("osferry_length({}) > {length}", column(name)));
            }
            Filter::OutsideDecimal { column: name, precision, scale } => self
                .sql
                .push_str(&format!("osferry_outside({}, {precision}, {scale})", column(name))),
            Filter::NotConvertible { column: name, to } => {
                let own = column(name);
                let from = self.declared(connection, table, name)?;
                self.sql.push_str(&format!("osferry_unconvertible({own}, "));
                self.place(&Value::text(&from.to_string()));
                self.sql.push_str(", ");
                self.place(&Value::text(&to.to_string()));
                self.sql.push(')');
            }
            Filter::Unreadable(name) => {
                let declared = self.declared(connection, table, name)?;
                self.sql.push_str(&format!("osferry_unreadable({}, ", column(name)));
                self.place(&Value::text(&declared.to_string()));
                self.sql.push(')');
            }
            Filter::Orphan { column: name, parent, key, among } => {
                self.sql.push_str(&format!("({} IS NOT NULL AND NOT ", column(name)));
                self.exists(connection, &column(name), table, name, parent, key, among, alias)?;
                self.sql.push(')');
            }
            Filter::Refers { column: name, parent, key, among } => {
                self.exists(connection, &column(name), table, name, parent, key, among, alias)?;
            }
            Filter::NotReferred { key, child, column: referring } => {
                let child_sql = table_sql(connection, child)?;
                let mut own = String::new();
                if child == table {
                    own = format!(" AND n.{} IS NOT {}", quote(key), column(key));
                }
                self.sql.push_str(&format!(
                    "NOT EXISTS (SELECT 1 FROM {child_sql} AS n WHERE n.{} = {}{own})",
                    quote(referring),
                    column(key)
                ));
            }
            Filter::Repeated { columns, key, among } => {
                self.repeated(connection, table, alias, columns, key, among)?;
            }
            Filter::OneOf(columns, rows) => self.one_of(connection, table, alias, columns, rows)?,
            Filter::And(all) if all.is_empty() => self.sql.push('1'),
            Filter::Or(all) if all.is_empty() => self.sql.push('0'),
            Filter::And(all) => self.join(connection, table, alias, all, " AND ")?,
            Filter::Or(all) => self.join(connection, table, alias, all, " OR ")?,
            Filter::Not(inner) => {
                self.sql.push_str("NOT COALESCE((");
                self.add(connection, table, alias, inner)?;
                self.sql.push_str("), 0)");
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one sub-query")]
    fn exists(
        &mut self,
        connection: &Connection,
        column: &str,
        table: &TableName,
        name: &str,
        parent: &TableName,
        key: &str,
        among: &Filter,
        alias: &str,
    ) -> Result<()> {
        let inner = format!("{alias}p");
        let is_text = self.declared(connection, table, name)?.kind() == Some(ValueKind::Text);
        let caseless = if is_text { format!(" COLLATE {CASELESS}") } else { String::new() };
        self.sql.push_str(&format!(
            "EXISTS (SELECT 1 FROM {} AS {inner} WHERE {inner}.{} = {column}{caseless} AND ",
            table_sql(connection, parent)?,
            quote(key)
        ));
        self.add(connection, parent, &inner, among)?;
        self.sql.push(')');
        Ok(())
    }

    /// Not the first of its group: the groups are made once, not for each row.
    fn repeated(
        &mut self,
        connection: &Connection,
        table: &TableName,
        alias: &str,
        columns: &[Likened],
        key: &str,
        among: &Filter,
    ) -> Result<()> {
        let inner = format!("{alias}g");
        let key = quote(key);
        self.sql.push_str(&format!("({alias}.{key} NOT IN (SELECT MIN({inner}.{key})"));
        self.sql.push_str(&format!(" FROM {} AS {inner} WHERE ", table_sql(connection, table)?));
        self.add(connection, table, &inner, among)?;
        for (place, column) in columns.iter().enumerate() {
            self.sql.push_str(if place == 0 { " GROUP BY " } else { ", " });
            self.likened(connection, table, &inner, column)?;
        }
        self.sql.push_str(") AND ");
        self.add(connection, table, alias, among)?;
        self.sql.push(')');
        Ok(())
    }

    fn one_of(
        &mut self,
        connection: &Connection,
        table: &TableName,
        alias: &str,
        columns: &[Likened],
        rows: &[Vec<Value>],
    ) -> Result<()> {
        self.sql.push_str("(0");
        for row in rows {
            for (place, (column, value)) in columns.iter().zip(row).enumerate() {
                self.sql.push_str(if place == 0 { " OR (" } else { " AND " });
                self.likened(connection, table, alias, column)?;
                self.sql.push_str(" IS ");
                self.place_as(connection, table, column, value)?;
            }
            self.sql.push(')');
        }
        self.sql.push(')');
        Ok(())
    }

    /// A column's value as it counts.
    fn likened(
        &mut self,
        connection: &Connection,
        table: &TableName,
        alias: &str,
        column: &Likened,
    ) -> Result<()> {
        let mut own = format!("{alias}.{}", quote(&column.column));
        if let Some(most) = column.cut_to {
            own = format!("osferry_cut({own}, {most})");
        }
        let collate = column.collation.as_deref().map(|name| format!(" COLLATE {}", quote(name)));
        self.sql.push('(');
        if !column.count_as.is_empty() {
            self.sql.push_str("CASE");
            for (rows, becomes) in &column.count_as {
                self.sql.push_str(" WHEN ");
                self.add(connection, table, alias, rows)?;
                self.sql.push_str(" THEN ");
                self.place_as(connection, table, column, becomes)?;
            }
            self.sql.push_str(" ELSE ");
        }
        match &column.converted_to {
            _ if column.others_are_null => self.sql.push_str("NULL"),
            None => self.sql.push_str(&own),
            Some(to) => {
                self.sql.push_str(&format!("osferry_converted({own}, "));
                self.place(&Value::text(&to.to_string()));
                self.sql.push(')');
            }
        }
        if !column.count_as.is_empty() {
            self.sql.push_str(" END");
        }
        self.sql.push(')');
        self.sql.push_str(&collate.unwrap_or_default());
        Ok(())
    }

    /// A value beside those of a column, as that keeps it: what is not compared with the column
    /// itself is compared to the letter.
    fn place_as(
        &mut self,
        connection: &Connection,
        table: &TableName,
        column: &Likened,
        value: &Value,
    ) -> Result<()> {
        match (value, &column.converted_to) {
            (Value::Decimal { .. }, None) => {
                self.sql.push_str("CAST(");
                self.place(value);
                self.sql.push_str(" AS NUMERIC)");
            }
            (Value::DateTime(ticks), None) => {
                let declared = self.declared(connection, table, &column.column)?;
                self.place(&Value::text(&cell::date_text(*ticks, &declared)));
            }
            _ => self.place(value),
        }
        Ok(())
    }

    fn join(
        &mut self,
        connection: &Connection,
        table: &TableName,
        alias: &str,
        all: &[Filter],
        word: &str,
    ) -> Result<()> {
        self.sql.push('(');
        for (index, filter) in all.iter().enumerate() {
            if index > 0 {
                self.sql.push_str(word);
            }
            self.add(connection, table, alias, filter)?;
        }
        self.sql.push(')');
        Ok(())
    }

    /// The declared type of a column.
    fn declared(
        &mut self,
        connection: &Connection,
        table: &TableName,
        column: &str,
    ) -> Result<ColumnType> {
        if !self.declared.contains_key(table) {
            self.declared.insert(table.clone(), columns(connection, table)?);
        }
        let mut all = self.declared.get(table).into_iter().flatten();
        let own = all.find(|(name, _)| name.eq_ignore_ascii_case(column));
        Ok(own.map_or(ColumnType::Other(String::new()), |(_, declared)| declared.clone()))
    }

    fn place(&mut self, value: &Value) {
        self.parameters.push(cell::parameter(value));
        self.sql.push_str(&format!("?{}", self.parameters.len()));
    }

    fn bind(&mut self, value: &Value) {
        self.place(value);
        self.sql.push_str(&collation(Some(value)));
    }
}

fn collation(value: Option<&Value>) -> String {
    match value {
        Some(Value::Text(_)) => format!(" COLLATE {CASELESS}"),
        _ => String::new(),
    }
}

/// The columns of a table and their declared types.
fn columns(connection: &Connection, table: &TableName) -> Result<Vec<(String, ColumnType)>> {
    let schema = super::session::attach(connection, table)?;
    let read = || -> rusqlite::Result<Vec<(String, ColumnType)>> {
        connection
            .prepare_cached("SELECT name, type FROM pragma_table_info(?1, ?2)")?
            .query_map([table.name.as_str(), &schema], |row| {
                Ok((row.get(0)?, ColumnType::parse(&row.get::<_, String>(1)?)))
            })?
            .collect()
    };
    read().map_err(|error| fault(&error))
}
