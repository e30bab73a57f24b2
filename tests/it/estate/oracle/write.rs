//! Carries a verdict out in a SQLite file: to test the judge where no program is at hand.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, params_from_iter};

use super::{Expect, ExpectedTable, Symbol};
use crate::estate::model::Cell;
use crate::estate::sqlite_file::stored;

/// Makes the file what is expected, with ids that nobody could guess. People's tables, whose
/// expected rows are the new ones only, keep theirs.
pub fn write(path: &Path, tables: &BTreeMap<String, ExpectedTable>) {
    let connection = Connection::open(path).expect("the destination");
    connection.pragma_update(None, "foreign_keys", false).expect("in any order");
    connection.execute_batch("BEGIN").expect("begin");
    let mut ids: BTreeMap<&Symbol, i64> = BTreeMap::new();
    for table in tables.values() {
        for row in &table.rows {
            if let Some(symbol) = &row.symbol {
                let next = 70_000 + 3 * ids.len() as i64;
                ids.insert(symbol, next);
            }
        }
    }
    for (name, table) in tables {
        if !name.starts_with("OSSYS_") {
            connection.execute(&format!("DELETE FROM \"{name}\""), []).expect("emptied");
        }
        for (column, cell, _) in &table.gone {
            let sql = format!("DELETE FROM \"{name}\" WHERE \"{column}\" = ?1");
            connection.execute(&sql, [stored(cell)]).expect("gone");
        }
        for row in &table.rows {
            if let (true, Some(Expect::Is(Cell::Int(id)))) =
                (name.starts_with("OSSYS_"), row.cells.get("ID"))
            {
                connection
                    .execute(&format!("DELETE FROM \"{name}\" WHERE ID = {id}"), [])
                    .expect("gone");
            }
            let mut columns = Vec::new();
            let mut values = Vec::new();
            for (column, expect) in &row.cells {
                let cell = match expect {
                    Expect::Is(cell) => cell.clone(),
                    Expect::Made(symbol) => Cell::Int(ids[symbol]),
                    Expect::Written(symbol) => Cell::text(ids[symbol].to_string()),
                    Expect::OneOf(cells) => cells[0].clone(),
                    Expect::Secret(Cell::Int(_)) => Cell::Int(-3),
                    Expect::Secret(_) => Cell::text("masked"),
                    Expect::Any => continue,
                };
                columns.push(format!("\"{column}\""));
                values.push(stored(&cell));
            }
            let marks = vec!["?"; values.len()].join(", ");
            let sql = format!("INSERT INTO \"{name}\" ({}) VALUES ({marks})", columns.join(", "));
            connection
                .execute(&sql, params_from_iter(values))
                .unwrap_or_else(|e| panic!("{e}: {sql}"));
        }
    }
    // What the triggers of the file's own made of it is none of the oracle's business.
    connection
        .execute_batch("DELETE FROM OSSYS_BPM_EVENT_QUEUE; DELETE FROM OSSYS_BPM_EVENT; COMMIT")
        .expect("commit");
    let broken: i64 = connection
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .expect("a check");
    assert_eq!(broken, 0, "the oracle's own work breaks foreign keys");
}
