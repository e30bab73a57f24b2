//! Building practice environments: tables, keys, triggers of an empty database.

use super::{literal, quote, table_sql};
use crate::database::{
    ColumnType, NewColumn, NewForeignKey, NewTable, NewTrigger, TableName, Value,
    date_time_to_text, decimal_to_text,
};

/// Number of tables and views that are not the server's own.
pub(in super::super) const COUNT_OBJECTS: &str =
    "SELECT COUNT(*) FROM sys.objects AS o WHERE o.[type] IN ('U', 'V') AND o.[is_ms_shipped] = 0";

fn default_sql(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Bit(value) => i32::from(*value).to_string(),
        Value::Float(value) => format!("{value:E}"),
        Value::Decimal { value, scale } => decimal_to_text(*value, *scale),
        Value::DateTime(ticks) => format!("'{}'", date_time_to_text(*ticks).replace(' ', "T")),
        Value::Guid(_) => format!("'{value}'"),
        Value::Text(bytes) => literal(&String::from_utf8_lossy(bytes)),
        Value::Binary(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("0x{digits}")
        }
    }
}

fn column_sql(column: &NewColumn) -> String {
    let shape = &column.shape;
    let mut sql = format!("{} {}", quote(&shape.name), shape.data_type);
    if shape.identity {
        sql.push_str(" IDENTITY(1,1)");
    }
    sql.push_str(if shape.nullable && !shape.identity { " NULL" } else { " NOT NULL" });
    if let Some(default) = &column.default {
        sql.push_str(&format!(" DEFAULT ({})", default_sql(default)));
    }
    sql
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
}

/// A table with its primary key, named as the platform names it, and its indexes.
pub(in super::super) fn create_table(table: &NewTable) -> String {
    let name = table_sql(&table.name);
    let mut parts: Vec<String> = table.columns.iter().map(column_sql).collect();
    if !table.primary_key.is_empty() {
        parts.push(format!(
            "CONSTRAINT {} PRIMARY KEY CLUSTERED ({})",
            quote(&format!("OSPRK_{}", table.name.name)),
            list(&table.primary_key)
        ));
    }
    let mut sql = format!("CREATE TABLE {name} (\n  {}\n);", parts.join(",\n  "));
    for index in &table.indexes {
        let unique = if index.unique { "UNIQUE " } else { "" };
        sql.push_str(&format!(
            "\nCREATE {unique}INDEX {} ON {name} ({});",
            quote(&index.name),
            list(&index.columns)
        ));
    }
    sql
}

/// Foreign keys of a table that has its rows.
pub(in super::super) fn add_foreign_keys(table: &TableName, keys: &[NewForeignKey]) -> String {
    let mut sql = String::new();
    for key in keys {
        let cascade = if key.cascade { " ON DELETE CASCADE" } else { "" };
        sql.push_str(&format!(
            "ALTER TABLE {} WITH CHECK ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){};\n",
            table_sql(table),
            quote(&key.name),
            quote(&key.column),
            table_sql(&key.parent),
            quote(&key.parent_column),
            cascade
        ));
    }
    sql
}

/// A process-event trigger: one row in the queue for each row and each subscription.
pub(in super::super) fn create_trigger(trigger: &NewTrigger) -> String {
    let filters = trigger.filters.iter().map(|column| {
        let column = quote(column);
        format!(" AND (e.{column} IS NULL OR e.{column} = i.{column})")
    });
    let filters: String = filters.collect();
    format!(
        "CREATE TRIGGER {} ON {} AFTER {} AS\nBEGIN\n  SET NOCOUNT ON;\n  INSERT INTO {} \
         ([ESPACE_ID], [TENANT_ID], [ACTIVITY_ID], [PROCESS_DEF_ID], [{}], [ENQUEUE_TIME], \
         [ERROR_COUNT], [NEXT_RUN])\n  SELECT e.[_ESPACE_ID], e.[_TENANT_ID], e.[_ACTIVITY_ID], \
         e.[_PROCESS_DEF_ID], CAST(i.{} AS {}), GETDATE(), 0, '1900-01-01T00:00:00'\n  \
         FROM inserted AS i CROSS JOIN {} AS e WHERE e.[_IS_UPDATE] = {} AND COALESCE(e.[_IS_LIGHT], 0) = {}{filters};\nEND",
        quote(&trigger.name),
        table_sql(&trigger.table),
        if trigger.on_update { "UPDATE" } else { "INSERT" },
        table_sql(&trigger.queue),
        trigger.record_column(),
        quote(&trigger.key),
        ColumnType::VarChar(Some(36)),
        table_sql(&trigger.event_table),
        i64::from(trigger.on_update),
        i64::from(trigger.is_light),
    )
}
