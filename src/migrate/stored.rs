//! Hashes of rows as the destination has them: to know a row of ours again where its key alone
//! does not prove that it is.

use crate::database::{Batch, Column, Value};

/// A hash of each row, from the column at `first` on.
pub(super) fn row_hashes(batch: &Batch, first: usize) -> Vec<u128> {
    hashes(batch.columns().get(first..).unwrap_or_default(), batch.len())
}

/// A hash of each row of these columns.
fn hashes(columns: &[Column], rows: usize) -> Vec<u128> {
    (0..rows)
        .map(|row| {
            let mut hasher = blake3::Hasher::new();
            for column in columns {
                put(&mut hasher, &column.value(row));
            }
            let mut short = [0; 16];
            short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
            u128::from_be_bytes(short)
        })
        .collect()
}

fn put(hasher: &mut blake3::Hasher, value: &Value) {
    // The kind and the length come first, so that no two rows run into each other.
    let mut cell = |kind: u8, content: &[u8]| {
        hasher.update(&[kind]);
        hasher.update(&(content.len() as u64).to_be_bytes());
        hasher.update(content);
    };
    match value {
        Value::Null => cell(0, &[]),
        Value::Integer(value) => cell(1, &value.to_be_bytes()),
        Value::Decimal { value, scale } => {
            // 1.50 and 1.5 are the same number.
            let (mut value, mut scale) = (*value, *scale);
            while scale > 0 && value % 10 == 0 {
                (value, scale) = (value / 10, scale - 1);
            }
            let mut content = value.to_be_bytes().to_vec();
            content.push(scale);
            cell(2, &content);
        }
        Value::Float(value) => cell(3, &value.to_bits().to_be_bytes()),
        Value::Bit(value) => cell(4, &[u8::from(*value)]),
        Value::DateTime(value) => cell(5, &value.to_be_bytes()),
        Value::Guid(value) => cell(6, value),
        // Columns of fixed width give their texts back padded.
        Value::Text(value) => cell(7, unpadded(value)),
        Value::Binary(value) => cell(8, value),
    }
}

fn unpadded(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    &text[..end]
}
