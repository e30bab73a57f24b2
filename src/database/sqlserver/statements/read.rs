//! Reading rows: SELECT and nothing else.

use super::filter::{Names, Writer};
use super::{Statement, quote, table_sql};
use crate::database::{
    ColumnRef, ColumnType, Filter, Result, RowsRequest, TableName, Value, ValueKind,
};

/// To a text of so many bytes nothing is added that can as well be asked by itself.
const LONG: usize = 32 << 10;

/// How a column's values are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum TextForm {
    /// As text.
    Text,
    /// As the bytes of UTF-16, which may hold halves of surrogate pairs.
    Bytes,
}

/// What stands in the SELECT list for a column that the catalogue says is kept as `kept`.
///
/// Whatever the driver would read with a loss (money as float) or in a way of its own (code
/// pages, the old large types) is converted by the server.
pub(super) fn expression(
    own: &str,
    kept: &ColumnType,
    wanted: &ColumnType,
    form: TextForm,
) -> String {
    let text = match kept {
        ColumnType::NVarChar(_) | ColumnType::NChar(_) => own.to_owned(),
        ColumnType::VarChar(Some(n)) | ColumnType::Char(n) if *n <= 4_000 => {
            format!("CAST({own} AS nvarchar({n}))")
        }
        ColumnType::VarChar(_) | ColumnType::Char(_) | ColumnType::NText | ColumnType::Text => {
            format!("CAST({own} AS nvarchar(max))")
        }
        ColumnType::Image => format!("CAST({own} AS varbinary(max))"),
        ColumnType::Money => format!("CAST({own} AS decimal(19,4))"),
        ColumnType::SmallMoney => format!("CAST({own} AS decimal(10,4))"),
        _ if kept.kind() == wanted.kind() => own.to_owned(),
        // Kept as something else than was expected: the server converts or says that it cannot.
        _ if wanted.kind() == Some(ValueKind::Text) => format!("CAST({own} AS nvarchar(max))"),
        _ => format!("CAST({own} AS {wanted})"),
    };
    match (wanted.kind(), form) {
        (Some(ValueKind::Text), TextForm::Bytes) => {
            format!("CAST(CAST({text} AS nvarchar(max)) AS varbinary(max))")
        }
        _ => text,
    }
}

fn list(names: &Names, table: &TableName, columns: &[ColumnRef], form: TextForm) -> Result<String> {
    let shape = names.shape(table)?;
    let mut expressions = Vec::with_capacity(columns.len());
    for column in columns {
        let own = format!("t.{}", quote(&column.name));
        let kept = shape.column(&column.name).map_or(&column.data_type, |kept| &kept.data_type);
        expressions.push(expression(&own, kept, &column.data_type, form));
    }
    // A table without wanted columns still has rows to be counted.
    if expressions.is_empty() {
        expressions.push("1".to_owned());
    }
    Ok(expressions.join(", "))
}

/// Which rows, in which order, how many.
pub(in super::super) struct Selection<'a> {
    pub(in super::super) table: &'a TableName,
    pub(in super::super) columns: &'a [ColumnRef],
    pub(in super::super) filter: &'a Filter,
    pub(in super::super) order_by: Option<&'a str>,
    /// Only rows whose `order_by` is greater.
    pub(in super::super) after: Option<&'a Value>,
    pub(in super::super) limit: Option<usize>,
    pub(in super::super) form: TextForm,
    /// Whether the rows are locked for a change.
    pub(in super::super) held: bool,
}

impl<'a> Selection<'a> {
    /// What a request asks for.
    pub(in super::super) fn of(request: &'a RowsRequest, form: TextForm) -> Self {
        Self {
            table: &request.table,
            columns: &request.columns,
            filter: &request.filter,
            order_by: request.order_by.as_deref(),
            after: None,
            limit: request.limit,
            form,
            held: false,
        }
    }
}

/// Rows of one table.
pub(in super::super) fn select(names: &Names, selection: &Selection<'_>) -> Result<Statement> {
    let mut statement = Statement::plain("SELECT ");
    if let Some(limit) = selection.limit {
        statement.add(&format!("TOP ({limit}) "));
    }
    statement.add(&list(names, selection.table, selection.columns, selection.form)?);
    statement.add(&format!("\nFROM {} AS t", names.sql(selection.table)?));
    if selection.held {
        statement.add(" WITH (UPDLOCK)");
    }
    let mut writer = Writer { names, statement: &mut statement };
    let mut word = "\nWHERE ";
    if *selection.filter != Filter::All {
        writer.statement.add(word);
        writer.add(selection.table, "t", selection.filter)?;
        word = "\n  AND ";
    }
    if let Some(order) = selection.order_by {
        let key = format!("t.{}", quote(order));
        if let Some(after) = selection.after {
            let shape = names.shape(selection.table)?;
            writer.statement.add(&format!("{word}{key} > "));
            match shape.column(order) {
                Some(kept) => writer.compared(after, &kept.data_type),
                None => writer.compared(after, &ColumnType::BigInt),
            }
        }
        statement.add(&format!("\nORDER BY {key}"));
    }
    Ok(statement)
}

/// Any row of a table: the read with which one instant begins.
pub(in super::super) fn first(names: &Names, table: &TableName) -> Result<Statement> {
    select(
        names,
        &Selection {
            table,
            columns: &[],
            filter: &Filter::All,
            order_by: None,
            after: None,
            limit: Some(1),
            form: TextForm::Text,
            held: false,
        },
    )
}

/// The highest value of an integer column.
pub(in super::super) fn highest(
    names: &Names,
    table: &TableName,
    column: &str,
) -> Result<Statement> {
    Ok(Statement::plain(format!(
        "SELECT CAST(MAX(t.{}) AS bigint)\nFROM {} AS t",
        quote(column),
        names.sql(table)?
    )))
}

/// How a table is counted and read, for somebody who wants to know before.
pub(in super::super) fn in_words(table: &TableName, columns: &[ColumnRef]) -> Vec<String> {
    let name = table_sql(table);
    let mut all = vec![format!("SELECT COUNT_BIG(*) FROM {name};")];
    if !columns.is_empty() {
        let columns: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        all.push(format!("SELECT {} FROM {name};", columns.join(", ")));
    }
    all
}

/// Number of rows.
pub(in super::super) fn count(
    names: &Names,
    table: &TableName,
    filter: &Filter,
    hint: &str,
) -> Result<Statement> {
    let mut statement = Statement::default();
    add_count(&mut statement, names, table, filter, hint)?;
    Ok(statement)
}

fn add_count(
    statement: &mut Statement,
    names: &Names,
    table: &TableName,
    filter: &Filter,
    hint: &str,
) -> Result<()> {
    statement.add(&format!("SELECT COUNT_BIG(*)\nFROM {} AS t{hint}", names.sql(table)?));
    if *filter != Filter::All {
        statement.add("\nWHERE ");
        Writer { names, statement }.add(table, "t", filter)?;
    }
    Ok(())
}

/// Numbers of rows of several tables, each a result of its own: as few requests as are of a size
/// that a server is asked at once.
pub(in super::super) fn counts(
    names: &Names,
    asked: &[(TableName, Filter)],
) -> Result<Vec<Statement>> {
    let mut statements: Vec<Statement> = Vec::new();
    for (table, filter) in asked {
        match statements.last_mut().filter(|last| last.sql.len() < LONG) {
            Some(last) => {
                last.add(";\n");
                add_count(last, names, table, filter, "")?;
            }
            None => statements.push(count(names, table, filter, "")?),
        }
    }
    Ok(statements)
}

/// For each key the first two rows that have its values: the place of the key, and a column.
///
/// A statement for each, so that it is always the columns' collations and index that decide.
pub(in super::super) fn look_up(
    names: &Names,
    table: &TableName,
    wanted: &ColumnRef,
    key: &[String],
    values: &[Vec<Value>],
) -> Result<Statement> {
    let column = list(names, table, std::slice::from_ref(wanted), TextForm::Text)?;
    let from = names.sql(table)?;
    let mut statement = Statement::default();
    for (place, values) in values.iter().enumerate() {
        let word = if place == 0 { "" } else { "\nUNION ALL\n" };
        statement.add(&format!(
            "{word}SELECT TOP (2) {place} AS [place], {column} AS [v] FROM {from} AS t WHERE "
        ));
        // As they are: brought to the column's type one could lose what tells it apart.
        let equals = Filter::all_equal(key, values);
        Writer { names, statement: &mut statement }.add(table, "t", &equals)?;
    }
    Ok(statement)
}

/// Distinct values with their number, the most frequent first.
pub(in super::super) fn distinct(
    names: &Names,
    table: &TableName,
    column: &ColumnRef,
    filter: &Filter,
    limit: usize,
) -> Result<Statement> {
    let columns = std::slice::from_ref(column);
    let mut statement = Statement::plain(format!(
        "SELECT TOP ({limit}) d.[v], COUNT_BIG(*)\nFROM (SELECT {} AS [v] FROM {} AS t",
        list(names, table, columns, TextForm::Text)?,
        names.sql(table)?
    ));
    if *filter != Filter::All {
        statement.add(" WHERE ");
        Writer { names, statement: &mut statement }.add(table, "t", filter)?;
    }
    statement
        .add(") AS d\nWHERE d.[v] IS NOT NULL\nGROUP BY d.[v]\nORDER BY COUNT_BIG(*) DESC, d.[v]");
    Ok(statement)
}
