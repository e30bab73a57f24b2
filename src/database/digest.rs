//! A row in a few bytes.

use super::{Batch, Values};

/// What is in a row, in 16 bytes: equal for equal rows of equal columns. It tells rows without a key
/// apart that were read already.
#[must_use]
pub fn row_digest(batch: &Batch, row: usize) -> [u8; 16] {
    let mut bytes = Vec::new();
    put_row(batch, row, &mut bytes);
    digest(&bytes)
}

/// The same of each row.
#[must_use]
pub fn row_digests(batch: &Batch) -> Vec<[u8; 16]> {
    let mut bytes = Vec::new();
    (0..batch.len())
        .map(|row| {
            bytes.clear();
            put_row(batch, row, &mut bytes);
            digest(&bytes)
        })
        .collect()
}

fn digest(bytes: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    digest
}

fn put_row(batch: &Batch, row: usize, to: &mut Vec<u8>) {
    for column in batch.columns() {
        to.push(u8::from(column.is_null(row)));
        match column.values() {
            _ if column.is_null(row) => {}
            Values::Integer(values) | Values::DateTime(values) => {
                to.extend_from_slice(&values[row].to_le_bytes());
            }
            Values::Decimal { values, .. } => to.extend_from_slice(&values[row].to_le_bytes()),
            Values::Float(values) => to.extend_from_slice(&values[row].to_bits().to_le_bytes()),
            Values::Bit(values) => to.push(u8::from(values[row])),
            Values::Guid(values) => to.extend_from_slice(&values[row]),
            Values::Text(bytes) | Values::Binary(bytes) => {
                let bytes = bytes.get(row);
                to.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
                to.extend_from_slice(bytes);
            }
        }
    }
}
