//! Rows of a table that equal those of a batch, as the table's own collations have it.

use rusqlite::{Connection, params_from_iter};

use super::cell;
use super::session::{attach, fault, quote, table_sql};
use crate::database::{
    Alike, AlikeTarget, Batch, ColumnShape, Fault, FaultKind, Result, same_name,
};

/// Where the batch lies meanwhile; it goes with the transaction.
const STAGE: &str = "temp.osferry_alike";

/// What each row of the batch is equal to.
pub(super) fn find(
    connection: &Connection,
    target: &AlikeTarget,
    batch: &Batch,
) -> Result<Vec<Alike>> {
    let collations = collations(connection, target)?;
    stage(connection, target, &collations, batch)?;
    let columns = || target.columns.iter().enumerate();
    let mut found = vec![Alike::Nothing; batch.len()];
    // The column on the left says by which collation texts are compared.
    let twins: Vec<String> =
        (1..=target.columns.len()).map(|at| format!("o.c{at} IS s.c{at}")).collect();
    let sql = format!(
        "SELECT s.ord, MIN(o.ord) FROM {STAGE} AS s CROSS JOIN {STAGE} AS o \
         ON {} AND o.ord < s.ord GROUP BY s.ord",
        twins.join(" AND ")
    );
    let mut statement = connection.prepare(&sql).map_err(|error| fault(&error))?;
    let mut rows = statement.query([]).map_err(|error| fault(&error))?;
    while let Some(row) = rows.next().map_err(|error| fault(&error))? {
        let at = |index: usize| -> Result<usize> { place(row.get(index)) };
        if let Some(slot) = found.get_mut(at(0)?) {
            *slot = Alike::Earlier(at(1)?);
        }
    }
    let same: Vec<String> = columns()
        .map(|(at, column)| {
            format!("t.{} COLLATE {} IS s.c{}", quote(&column.name), quote(&collations[at]), at + 1)
        })
        .collect();
    let sql = format!(
        "SELECT s.ord, COUNT(*), MIN(t.{}) FROM {STAGE} AS s CROSS JOIN {} AS t ON {} GROUP BY s.ord",
        quote(&target.identifier.name),
        table_sql(connection, &target.table)?,
        same.join(" AND ")
    );
    let mut statement = connection.prepare(&sql).map_err(|error| fault(&error))?;
    let mut rows = statement.query([]).map_err(|error| fault(&error))?;
    let mut read = Batch::for_types([&target.identifier.data_type])?;
    while let Some(row) = rows.next().map_err(|error| fault(&error))? {
        let number = place(row.get(0))?;
        let count: i64 = row.get(1).map_err(|error| fault(&error))?;
        let id = row.get_ref(2).map_err(|error| fault(&error))?;
        cell::read(id, &target.identifier.data_type, read.column_mut(0))?;
        let id = read.column(0).value(read.column(0).len() - 1);
        if let Some(slot) = found.get_mut(number) {
            *slot = if count == 1 { Alike::Row(id) } else { Alike::Several(count.unsigned_abs()) };
        }
    }
    Ok(found)
}

/// The place of a row in the batch.
fn place(number: rusqlite::Result<u32>) -> Result<usize> {
    number.map(|number| number as usize).map_err(|error| fault(&error))
}

/// By which collation each column is compared: that of a unique index over just these columns, for
/// an index may have its own, else the column's.
fn collations(connection: &Connection, target: &AlikeTarget) -> Result<Vec<String>> {
    let catalog = attach(connection, &target.table)?;
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut indexes = connection.prepare_cached(
            "SELECT name FROM pragma_index_list(?1, ?2) WHERE \"unique\" = 1 AND partial = 0",
        )?;
        let names = indexes
            .query_map([target.table.name.as_str(), &catalog], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut parts = connection
            .prepare_cached("SELECT name, coll FROM pragma_index_xinfo(?1, ?2) WHERE key = 1")?;
        for name in names {
            let parts = parts
                .query_map([name.as_str(), &catalog], |row| {
                    Ok((row.get::<_, Option<String>>(0)?.unwrap_or_default(), row.get(1)?))
                })?
                .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
            let own = target.columns.iter().map(|column| {
                let part = parts.iter().find(|(name, _)| same_name(name, &column.name));
                part.map(|(_, collation)| collation.clone())
            });
            if let Some(found) = own.collect::<Option<Vec<String>>>()
                && parts.len() == found.len()
            {
                return Ok(found);
            }
        }
        let table = target.table.name.as_str();
        let own = |column: &ColumnShape| -> rusqlite::Result<String> {
            let (_, collation, ..) =
                connection.column_metadata(Some(catalog.as_str()), table, &column.name)?;
            Ok(collation.map_or_else(String::new, |name| name.to_string_lossy().into_owned()))
        };
        target.columns.iter().map(own).collect()
    };
    read().map_err(|error| fault(&error))
}

/// Puts the batch beside the table, in columns of the same affinity.
fn stage(
    connection: &Connection,
    target: &AlikeTarget,
    collations: &[String],
    batch: &Batch,
) -> Result<()> {
    let catalog = attach(connection, &target.table)?;
    let mut columns = Vec::new();
    for (at, (column, collation)) in target.columns.iter().zip(collations).enumerate() {
        let (declared, ..) = connection
            .column_metadata(Some(catalog.as_str()), target.table.name.as_str(), &column.name)
            .map_err(|error| fault(&error))?;
        let declared = declared.map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        columns.push(format!("c{} {} COLLATE {}", at + 1, quote(&declared), quote(collation)));
    }
    let names: Vec<String> = (1..=columns.len()).map(|at| format!("c{at}")).collect();
    connection
        .execute_batch(&format!(
            "DROP TABLE IF EXISTS {STAGE}; CREATE TEMP TABLE osferry_alike (ord INTEGER PRIMARY \
             KEY, {}); CREATE INDEX temp.osferry_alike_key ON osferry_alike ({});",
            columns.join(", "),
            names.join(", ")
        ))
        .map_err(|error| fault(&error))?;
    let marks: Vec<String> = (2..=columns.len() + 1).map(|at| format!("?{at}")).collect();
    let sql = format!("INSERT INTO {STAGE} VALUES (?1, {})", marks.join(", "));
    let mut insert = connection.prepare(&sql).map_err(|error| fault(&error))?;
    for row in 0..batch.len() {
        let number = i64::try_from(row)
            .map_err(|_| Fault::new(FaultKind::Invalid, "a batch has too many rows"))?;
        let mut cells = vec![rusqlite::types::ToSqlOutput::from(number)];
        for (values, column) in batch.columns().iter().zip(&target.columns) {
            cells.push(cell::stored(values, row, column)?);
        }
        insert.execute(params_from_iter(cells)).map_err(|error| fault(&error))?;
    }
    Ok(())
}
