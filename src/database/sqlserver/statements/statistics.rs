//! A script that brings the statistics of tables up to date.

use super::{quote, table_sql};
use crate::database::{TableName, same_name};

/// The script; tables of one database stand together, those of `database` first.
pub(in super::super) fn script(database: &str, tables: &[TableName]) -> String {
    let mut catalogs: Vec<&str> = vec![database];
    for table in tables {
        let catalog = table.catalog.as_deref().unwrap_or(database);
        if !catalogs.iter().any(|known| same_name(known, catalog)) {
            catalogs.push(catalog);
        }
    }
    let mut sql = String::from(
        "-- Run it in SQL Server Management Studio, or with sqlcmd -b -I -x -f 65001, as somebody with\n\
         -- ALTER on these tables. It reads them, and changes none of their rows.\n",
    );
    for catalog in catalogs {
        let of_it =
            |table: &&TableName| same_name(table.catalog.as_deref().unwrap_or(database), catalog);
        let mut tables = tables.iter().filter(of_it).peekable();
        if tables.peek().is_none() {
            continue;
        }
        sql.push_str(&format!("USE {};\nGO\n", quote(catalog)));
        for table in tables {
            let local = TableName { catalog: None, ..table.clone() };
            sql.push_str(&format!("UPDATE STATISTICS {};\n", table_sql(&local)));
        }
        sql.push_str("GO\n");
    }
    sql
}
