//! A row in a few bytes.

use super::{Batch, Values};

/// What is in a row, in 16 bytes: equal for equal rows of equal columns. It tells rows without a key
/// apart that were read already.
#[must_use]
pub fn row_digest(batch: &Batch, row: usize) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for column in batch.columns() {
        hasher.update(&[u8::from(column.is_null(row))]);
        match column.values() {
            _ if column.is_null(row) => {}
            Values::Integer(values) | Values::DateTime(values) => {
                hasher.update(&values[row].to_le_bytes());
            }
            Values::Decimal { values, .. } => {
                hasher.update(&values[row].to_le_bytes());
            }
            Values::Float(values) => {
                hasher.update(&values[row].to_bits().to_le_bytes());
            }
            Values::Bit(values) => {
                hasher.update(&[u8::from(values[row])]);
            }
            Values::Guid(values) => {
                hasher.update(&values[row]);
            }
            Values::Text(bytes) | Values::Binary(bytes) => {
                let bytes = bytes.get(row);
                hasher.update(&(bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
        }
    }
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}
