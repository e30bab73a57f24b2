//! Filling `#stage`.

use std::time::Duration;

use tiberius::{ColumnData, SqlBulkCopyOptions, TokenRow};

use super::connection::Connection;
use super::statements::write::{StageColumn, place_large, stage_name};
use super::statements::{MOST_PARAMETERS, Parameter, Statement};
use super::{values, wide};
use crate::database::{Batch, Column, Fault, FaultKind, Result, Values};

/// The longest value, in bytes on the wire, that the driver takes in a bulk load.
const LONGEST_IN_BULK: usize = 65_535;
/// Bytes of large values in one request.
const REQUEST_BYTES: usize = 8 * 1024 * 1024;

/// A value that goes into its row after the bulk load.
struct Large {
    row: i32,
    column: usize,
}

/// Whether a text column holds halves of surrogate pairs anywhere.
pub(super) fn has_lone_surrogates(column: &Column) -> bool {
    let Values::Text(_) = column.values() else { return false };
    (0..column.len())
        .any(|row| column.bytes(row).is_some_and(|bytes| std::str::from_utf8(bytes).is_err()))
}

/// Loads the rows of a batch into `#stage`, numbered from 0.
pub(super) async fn load(
    connection: &mut Connection,
    columns: &[StageColumn],
    batch: &Batch,
    limit: Duration,
) -> Result<()> {
    if columns.len() != batch.columns().len() {
        return Err(Fault::new(
            FaultKind::Invalid,
            "a batch has another number of columns than its target",
        ));
    }
    let rows = i32::try_from(batch.len())
        .map_err(|_| Fault::new(FaultKind::Invalid, "a batch has too many rows"))?;
    let mut names = vec!["[ord]".to_owned()];
    names.extend((0..columns.len()).map(stage_name));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check(columns, batch)?;
    let mut large = Vec::new();
    let tokens = (0..rows).map(|ord| {
        let row = ord as usize;
        let mut token = TokenRow::with_capacity(columns.len() + 1);
        token.push(ColumnData::I32(Some(ord)));
        for (index, (column, staged)) in batch.columns().iter().zip(columns).enumerate() {
            let cell = values::encode(column, row, &staged.staged, &staged.destination)?;
            if wire_length(&cell) > LONGEST_IN_BULK {
                large.push(Large { row: ord, column: index });
                token.push(match cell {
                    ColumnData::String(_) => ColumnData::String(None),
                    _ => ColumnData::Binary(None),
                });
            } else {
                token.push(cell);
            }
        }
        Ok(token)
    });
    let options = SqlBulkCopyOptions::empty();
    connection.bulk("#stage", &names, options, tokens, std::convert::identity, limit).await?;
    place(connection, columns, batch, &large, limit).await
}

/// Finds a value that does not fit before anything is sent, so that the refusal of a row does not
/// cost the connection.
pub(super) fn check(columns: &[StageColumn], batch: &Batch) -> Result<()> {
    for row in 0..batch.len() {
        for (column, staged) in batch.columns().iter().zip(columns) {
            values::encode(column, row, &staged.staged, &staged.destination)?;
        }
    }
    Ok(())
}

fn wire_length(cell: &ColumnData<'_>) -> usize {
    match cell {
        ColumnData::String(Some(text)) => text_length(text.as_bytes()),
        ColumnData::Binary(Some(bytes)) => bytes.len(),
        _ => 0,
    }
}

/// The length of a text on the wire; 0 where it is certain to be short.
fn text_length(text: &[u8]) -> usize {
    // UTF-16 is at most twice as long as UTF-8; the exact count is only needed in between.
    if text.len() > LONGEST_IN_BULK / 2 { wide::units(text) * 2 } else { 0 }
}

/// Whether a text or a binary is too long for a bulk load.
pub(super) fn is_large(bytes: &[u8], is_text: bool) -> bool {
    let length = if is_text { text_length(bytes) } else { bytes.len() };
    length > LONGEST_IN_BULK
}

async fn place(
    connection: &mut Connection,
    columns: &[StageColumn],
    batch: &Batch,
    large: &[Large],
    limit: Duration,
) -> Result<()> {
    let mut request = Statement::default();
    let mut bytes = 0;
    for value in large {
        let staged = &columns[value.column];
        let column = batch.column(value.column);
        let cell = values::encode(column, value.row as usize, &staged.staged, &staged.destination)?;
        let mut piece = false;
        for part in parts(&cell) {
            let length = match &part {
                Parameter::Text(text) => text.len() * 2,
                Parameter::Binary(bytes) => bytes.len(),
                Parameter::Integer(_) => 0,
            };
            let full =
                bytes + length > REQUEST_BYTES || request.parameters.len() + 2 > MOST_PARAMETERS;
            if full && !request.parameters.is_empty() {
                connection.run(&std::mem::take(&mut request), limit).await?;
                bytes = 0;
            }
            bytes += length;
            request.add(&place_large(value.column, piece, request.parameters.len() + 1));
            request.parameters.push(part);
            request.parameters.push(Parameter::Integer(i64::from(value.row)));
            piece = true;
        }
    }
    if !request.parameters.is_empty() {
        connection.run(&request, limit).await?;
    }
    Ok(())
}

/// A value in pieces that fit a request, never cut inside a character.
fn parts(cell: &ColumnData<'_>) -> Vec<Parameter> {
    match cell {
        ColumnData::String(Some(text)) => {
            let mut parts = Vec::new();
            let mut rest: &str = text;
            while rest.len() > REQUEST_BYTES / 2 {
                let mut cut = REQUEST_BYTES / 2;
                while !rest.is_char_boundary(cut) {
                    cut -= 1;
                }
                let (part, after) = rest.split_at(cut);
                parts.push(Parameter::Text(part.to_owned()));
                rest = after;
            }
            parts.push(Parameter::Text(rest.to_owned()));
            parts
        }
        ColumnData::Binary(Some(bytes)) => {
            bytes.chunks(REQUEST_BYTES).map(|part| Parameter::Binary(part.to_vec())).collect()
        }
        _ => Vec::new(),
    }
}
