//! Rows of a table that equal those of `#stage`, as the table's own collations have it.

use super::read::{TextForm, expression};
use super::write::{EXACT, StageColumn, stage_name};
use super::{Statement, quote, table_sql};
use crate::database::{ColumnRef, ColumnType, TableName};

impl StageColumn {
    /// The staged value as the destination's column would keep it, and so compare it.
    fn kept(&self, own: &str) -> String {
        let kept = &self.destination.data_type;
        if self.as_bytes {
            let text = self.stored(own);
            return format!("CAST({text} AS {kept}){}", self.collate());
        }
        if self.staged == *kept { own.to_owned() } else { format!("CAST({own} AS {kept})") }
    }

    /// What must hold so that nothing of a value is lost on its way into the column; a text that
    /// its code page lacks would equal another.
    fn is_whole(&self, own: &str) -> Option<String> {
        let length = match self.destination.data_type {
            ColumnType::VarChar(Some(n)) | ColumnType::Char(n) if n <= 4_000 => n.to_string(),
            ColumnType::VarChar(_) | ColumnType::Char(_) => "max".to_owned(),
            _ => return None,
        };
        let text = self.stored(own);
        let back = format!("CAST({} AS nvarchar({length}))", self.kept(own));
        Some(format!(
            "({own} IS NULL OR CAST({text} AS nvarchar({length})) {EXACT} = {back} {EXACT})"
        ))
    }

    fn equals(&self, theirs: &str, own: &str) -> String {
        if self.destination.nullable {
            format!("({theirs} = {own} OR ({theirs} IS NULL AND {own} IS NULL))")
        } else {
            format!("{theirs} = {own}")
        }
    }
}

/// For each row of `#stage`, in order: its number, how many rows of the table equal it, the lowest
/// identifier of those, and the first earlier row of `#stage` that equals it. NULL equals NULL.
pub(in super::super) fn find(
    table: &TableName,
    columns: &[StageColumn],
    identifier: &ColumnRef,
    kept: &ColumnType,
    form: TextForm,
) -> Statement {
    let (mut theirs, mut twins) = (Vec::new(), vec!["o.[ord] < s.[ord]".to_owned()]);
    for (index, column) in columns.iter().enumerate() {
        let own = format!("s.{}", stage_name(index));
        let other = format!("o.{}", stage_name(index));
        let name = format!("t.{}", quote(&column.destination.name));
        theirs.push(column.equals(&name, &column.kept(&own)));
        theirs.extend(column.is_whole(&own));
        twins.push(column.equals(&column.kept(&other), &column.kept(&own)));
        twins.extend(column.is_whole(&own));
        twins.extend(column.is_whole(&other));
    }
    Statement::plain(format!(
        "SELECT CAST(s.[ord] AS bigint), COALESCE(d.[n], 0), {}, CAST(e.[first] AS bigint)\n\
         FROM #stage AS s\n  \
         LEFT JOIN (SELECT s.[ord], COUNT_BIG(*) AS [n], MIN(t.{}) AS [id]\n    \
         FROM #stage AS s JOIN {} AS t ON {}\n    GROUP BY s.[ord]) AS d ON d.[ord] = s.[ord]\n  \
         LEFT JOIN (SELECT s.[ord], MIN(o.[ord]) AS [first]\n    \
         FROM #stage AS s JOIN #stage AS o ON {}\n    GROUP BY s.[ord]) AS e ON e.[ord] = s.[ord]\n\
         ORDER BY s.[ord]",
        expression("d.[id]", kept, &identifier.data_type, form),
        quote(&identifier.name),
        table_sql(table),
        theirs.join("\n      AND "),
        twins.join("\n      AND ")
    ))
}
