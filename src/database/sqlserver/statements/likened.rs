//! Rows that are alike as another database would compare them, as T-SQL.

use super::conversion::text_converted;
use super::filter::Writer;
use super::quote;
use crate::database::{Filter, Likened, Result, TableName, Value};

impl Writer<'_> {
    /// Not the first of its group: the groups are made once, not for each row.
    pub(super) fn repeated(
        &mut self,
        table: &TableName,
        alias: &str,
        columns: &[Likened],
        key: &str,
        among: &Filter,
    ) -> Result<()> {
        let (inner, group) = (format!("{alias}r"), format!("{alias}g"));
        self.text(&format!(
            "({alias}.{key} NOT IN (SELECT MIN({group}.[k]) FROM (SELECT {inner}.{key} AS [k]",
            key = quote(key)
        ));
        for (place, column) in columns.iter().enumerate() {
            self.text(", ");
            self.likened(table, &inner, column)?;
            self.text(&format!(" AS [c{place}]"));
        }
        self.text(&format!(" FROM {} AS {inner} WHERE ", self.names.sql(table)?));
        self.add(table, &inner, among)?;
        self.text(&format!(") AS {group}"));
        for place in 0..columns.len() {
            let word = if place == 0 { " GROUP BY" } else { "," };
            self.text(&format!("{word} {group}.[c{place}]"));
        }
        self.text(") AND ");
        self.add(table, alias, among)?;
        self.text(")");
        Ok(())
    }

    /// One of these rows of values.
    pub(super) fn one_of(
        &mut self,
        table: &TableName,
        alias: &str,
        columns: &[Likened],
        rows: &[Vec<Value>],
    ) -> Result<()> {
        if rows.is_empty() || columns.is_empty() {
            self.text("1 = 0");
            return Ok(());
        }
        for (place, row) in rows.iter().enumerate() {
            self.text(if place == 0 { "((" } else { " OR (" });
            for (place, (column, value)) in columns.iter().zip(row).enumerate() {
                self.text(if place == 0 { "" } else { " AND " });
                self.likened(table, alias, column)?;
                if value.is_null() {
                    self.text(" IS NULL");
                } else {
                    self.text(" = ");
                    self.value(value);
                }
            }
            self.text(")");
        }
        self.text(")");
        Ok(())
    }

    /// A column's value as it counts.
    fn likened(&mut self, table: &TableName, alias: &str, column: &Likened) -> Result<()> {
        let mut own = format!("{alias}.{}", quote(&column.column));
        // No index is on longer texts. A character of two units that has room for one only goes as a
        // whole: where a collation counts characters the cast sees to it, elsewhere the condition.
        // What is cast keeps its collation.
        if let Some(most) = column.cut_to.filter(|most| (1..=4_000).contains(most)) {
            own = format!(
                "CAST(CASE WHEN UNICODE(SUBSTRING({own}, {most}, 1)) BETWEEN 55296 AND 56319 THEN \
                 SUBSTRING({own}, 1, {}) ELSE SUBSTRING({own}, 1, {most}) END AS nvarchar({most}))",
                most - 1
            );
        }
        if let Some(to) = &column.converted_to {
            own = text_converted(&own, to);
        }
        if column.count_as.is_empty() && !column.others_are_null {
            self.text(&own);
        } else {
            // A CASE of nothing but NULL would be of no type.
            self.text("CASE");
            for (rows, becomes) in &column.count_as {
                self.text(" WHEN ");
                self.add(table, alias, rows)?;
                self.text(" THEN ");
                self.value(becomes);
            }
            let others = if column.others_are_null { "1 = 0" } else { "1 = 1" };
            self.text(&format!(" WHEN {others} THEN {own} END"));
        }
        // A collation is a bare word in a statement.
        let is_word = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some(name) = column.collation.as_deref().filter(is_word) {
            self.text(&format!(" COLLATE {name}"));
        }
        Ok(())
    }
}
