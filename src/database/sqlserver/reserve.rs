//! Ids of a table that nobody else is given, and rows that go straight into it with them.

use std::time::Duration;

use tiberius::{SqlBulkCopyOption, TokenRow};

use super::connection::{Connection, Undecided, integer, unexpected};
use super::statements::reserve::{count, look, may_reseed, reseed};
use super::statements::write::{Insert, StageColumn};
use super::statements::{quote, table_sql};
use super::{Limits, fault, stage, values};
use crate::database::{
    Batch, Column, ColumnRef, ColumnType, Fault, FaultKind, Result, TableName, TableShape,
    same_name,
};

/// The highest value of the identity that is called so, where no two rows can have the same one.
pub(super) fn room(shape: &TableShape, key: &str) -> Option<i64> {
    let column = shape.identity().filter(|column| same_name(&column.name, key))?;
    let is_it = |columns: &[String]| matches!(columns, [only] if same_name(only, &column.name));
    let is_unique = is_it(&shape.primary_key)
        || shape.unique_indexes.iter().any(|index| !index.filtered && is_it(&index.columns));
    column.data_type.integer_range().filter(|_| is_unique).map(|(_, most)| most)
}

/// The first of so many ids, in one transaction, where the highest is below `most`. Where none can be
/// reserved, and after a fault, it is left open: the connection is to be closed then.
pub(super) async fn reserve(
    connection: &mut Connection,
    limits: &Limits,
    (shape, key): (&TableShape, &ColumnRef),
    rows: u64,
    most: i64,
) -> Result<Option<i64>> {
    connection.begin(limits.metadata).await?;
    let found = connection.batch(&look(&shape.name, &key.name), limits.statement).await?;
    let row = found.iter().flatten().next().ok_or_else(|| unexpected("an identity"))?;
    let (highest, current) = (integer(row, 0)?, integer(row, 1)?);
    let Some(current) = current.filter(|_| matches!(integer(row, 2), Ok(Some(1)))) else {
        return Ok(None);
    };
    // A table that never had a row says what its first id would be: that one is left out, so that
    // it does not matter which of the two it is.
    let given = highest.map_or(current, |highest| highest.max(current));
    // Whether the next id is the one that is set or the one behind it depends on the same: with one
    // more than is needed neither is ours. Both have to fit.
    let behind = i64::try_from(rows).ok().and_then(|rows| given.checked_add(rows)?.checked_add(1));
    let Some(behind) = behind.filter(|behind| *behind < most) else { return Ok(None) };
    connection.batch(&reseed(&shape.name, behind), limits.metadata).await?;
    match connection.commit(limits.metadata).await {
        Ok(()) => Ok(Some(given + 1)),
        Err(Undecided::Refused(fault) | Undecided::Unknown(fault)) => Err(fault),
    }
}

/// Whether the login may set the identities of these tables, as far as the connection's own
/// database knows.
pub(super) async fn may_reserve(
    connection: &mut Connection,
    tables: &[TableName],
    own: &str,
    limit: Duration,
) -> Result<Option<bool>> {
    let is_here =
        |table: &&TableName| table.catalog.as_deref().is_none_or(|catalog| same_name(catalog, own));
    let mut schemas: Vec<&str> =
        tables.iter().filter(is_here).filter_map(|table| table.schema.as_deref()).collect();
    schemas.sort_unstable();
    schemas.dedup();
    if schemas.is_empty() {
        return Ok(None);
    }
    let answer = connection.run(&may_reseed(&schemas), limit).await?;
    let row = answer.iter().flatten().next().ok_or_else(|| unexpected("a role"))?;
    Ok(integer(row, 0)?.map(|may| may == 1))
}

/// Whether a batch can go straight into its table, and come out of it as it went in.
///
/// What triggers do to rows is not seen by a bulk load. What it leaves in columns that it does not
/// name, where they have a default, is nowhere promised. And every value has to be of a type that the
/// driver encodes and the server stores as it is (`engine.md` A7).
pub(super) fn goes_straight(insert: &Insert, shape: &TableShape, batch: &Batch) -> bool {
    let is_named =
        |name: &str| insert.columns.iter().any(|column| same_name(&column.destination.name, name));
    let keeps_defaults = shape
        .columns
        .iter()
        .any(|column| column.has_default && !column.computed && !is_named(&column.name));
    insert.explicit_identity
        && !insert.triggers
        && !keeps_defaults
        && insert.columns.len() == batch.columns().len()
        && insert.columns.iter().zip(batch.columns()).all(|(column, values)| fits(column, values))
}

fn fits(column: &StageColumn, values: &Column) -> bool {
    use ColumnType as T;
    let kept = &column.destination.data_type;
    let is_number =
        matches!(kept, T::Bit | T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Decimal { .. });
    let is_exact = is_number
        || matches!(
            kept,
            T::Real | T::Float | T::DateTime | T::DateTime2 { .. } | T::Date | T::Guid
        )
        || matches!(kept, T::NVarChar(_) | T::VarBinary(_));
    // What is staged as another type is converted on its way.
    if !is_exact || column.as_bytes || column.staged != *kept {
        return false;
    }
    // The driver itself refuses NULL there, in the middle of a message.
    let has_null = || (0..values.len()).any(|row| values.is_null(row));
    if !column.destination.nullable && has_null() {
        return false;
    }
    let is_large = |row: usize| {
        values
            .bytes(row)
            .is_some_and(|bytes| stage::is_large(bytes, matches!(kept, T::NVarChar(_))))
    };
    !kept.is_large() || !(0..values.len()).any(is_large)
}

/// Loads rows into their table in the transaction that is open.
pub(super) async fn load(
    connection: &mut Connection,
    insert: &Insert,
    batch: &Batch,
    limit: Duration,
) -> Result<()> {
    let columns = &insert.columns;
    stage::check(columns, batch)?;
    let names: Vec<String> = columns.iter().map(|column| quote(&column.destination.name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = (0..batch.len()).map(|row| {
        let mut token = TokenRow::with_capacity(columns.len());
        for (values, column) in batch.columns().iter().zip(columns) {
            token.push(values::encode(values, row, &column.staged, &column.destination)?);
        }
        Ok(token)
    });
    // Without these a NULL becomes the column's default, and foreign keys are no longer trusted. A
    // trigger that somebody adds meanwhile fires.
    let options = SqlBulkCopyOption::KeepIdentity
        | SqlBulkCopyOption::KeepNulls
        | SqlBulkCopyOption::CheckConstraints
        | SqlBulkCopyOption::FireTriggers;
    let table = table_sql(&insert.table);
    connection.bulk(&table, &names, options, rows, fault::refused_rows, limit).await
}

/// Looks whether all rows are there, whose ids follow each other, and has the identity stay behind
/// the last id that is reserved: what an insert with ids of its own does to an identity that never
/// gave one is nowhere promised.
pub(super) async fn look_after(
    connection: &mut Connection,
    insert: &Insert,
    batch: &Batch,
    last_reserved: i64,
    limit: Duration,
) -> Result<()> {
    let key = insert.key.first().copied().unwrap_or_default();
    let ids = batch.column(key);
    let (Some(first), Some(last)) = (ids.integer(0), ids.integer(batch.len().saturating_sub(1)))
    else {
        return Err(unexpected("ids of our own"));
    };
    let statement = count(&insert.table, &insert.columns[key].destination.name, first, last);
    let answer = connection.batch(&statement, limit).await?;
    let row = answer.iter().flatten().next().ok_or_else(|| unexpected("a number of rows"))?;
    let there = integer(row, 0)?.unwrap_or_default();
    if there != i64::try_from(batch.len()).unwrap_or(i64::MAX) {
        return Err(Fault::new(
            FaultKind::Refused,
            format!(
                "{}: {} rows were sent with the ids {first} to {last}, and {there} are there",
                insert.table,
                batch.len()
            ),
        )
        .advise("An index drops rows without a word, or somebody else gives these ids as well."));
    }
    if integer(row, 1)?.is_some_and(|current| current < last_reserved) {
        connection.batch(&reseed(&insert.table, last_reserved + 1), limit).await?;
    }
    Ok(())
}
