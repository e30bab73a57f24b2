//! Rows that nothing but their content tells apart, each as often as it is there.

use super::super::operation::{Contents, row_hashes};
use crate::database::{Batch, Column, Result};

/// What is in rows.
pub(super) fn contents(rows: &Batch) -> Contents {
    let mut contents = Contents::new();
    for hash in row_hashes(rows) {
        *contents.entry(hash).or_default() += 1;
    }
    contents
}

/// Takes rows off.
pub(super) fn take_off(contents: &mut Contents, rows: &[u128]) {
    for hash in rows {
        if let Some(times) = contents.get_mut(hash) {
            *times = times.saturating_sub(1);
        }
    }
}

/// The places of the rows that lack, each as often as it does.
pub(in crate::migrate) fn lacking(wanted: &Batch, there: &Batch) -> Vec<usize> {
    let mut there = contents(there);
    let is_lacking = |hash: &u128| match there.get_mut(hash) {
        Some(times) if *times > 0 => {
            *times -= 1;
            false
        }
        _ => true,
    };
    let lacks: Vec<bool> = row_hashes(wanted).iter().map(is_lacking).collect();
    (0..wanted.len()).filter(|row| lacks[*row]).collect()
}

/// Each row as often as the side has it that has it more often.
pub(super) fn union(one: &Batch, other: &Batch) -> Result<Batch> {
    let more = lacking(other, one);
    if one.is_empty() {
        return Ok(other.clone());
    }
    let mut columns: Vec<Column> = one.columns().to_vec();
    for (column, from) in columns.iter_mut().zip(other.columns()) {
        for row in &more {
            column.push_from(from, *row)?;
        }
    }
    Batch::new(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{ColumnType, Value};

    fn batch(rows: &[i64]) -> Batch {
        let mut batch = Batch::for_types([&ColumnType::Int]).expect("a type");
        for row in rows {
            batch.push_row(&[Value::Integer(*row)]).expect("a row");
        }
        batch
    }

    #[test]
    fn rows_count_as_often_as_they_are_there() {
        assert_eq!(lacking(&batch(&[1, 1, 2]), &batch(&[1, 3])), [1, 2]);
        let sorted = |one: &[i64], other: &[i64]| {
            let all = union(&batch(one), &batch(other)).expect("rows");
            let mut all: Vec<i64> =
                (0..all.len()).filter_map(|row| all.column(0).integer(row)).collect();
            all.sort_unstable();
            all
        };
        assert_eq!(sorted(&[1, 1, 2], &[1, 3]), [1, 1, 2, 3]);
        assert_eq!(sorted(&[1], &[1, 1]), [1, 1]);
        assert_eq!(sorted(&[], &[4]), [4]);
        assert_eq!(sorted(&[4], &[]), [4]);
    }
}
