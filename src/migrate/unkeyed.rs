//! Rows that nothing but their content tells from others: those of entities without identifier.

use std::collections::HashMap;

use super::operation::row_hashes;
use super::remap::Remapped;

/// What is known of rows that nothing but their content tells from others.
#[derive(Default)]
pub(super) struct Unkeyed {
    /// Rows that an earlier stretch of the run has written or found there, each with their number: as
    /// often they are not written again.
    pub(super) written: HashMap<u128, u64>,
    /// Rows of the destination that may stand for ours, each with their number.
    pub(super) standing: HashMap<u128, u64>,
    /// Rows that the table has.
    pub(super) counted: Option<u64>,
}

impl Unkeyed {
    /// Leaves off rows that were dealt with before.
    pub(super) fn leave_off(&mut self, remapped: &Remapped, new: &mut Vec<usize>) {
        if self.written.is_empty() {
            return;
        }
        let hashes = row_hashes(&remapped.batch);
        new.retain(|place| match self.written.get_mut(&hashes[*place]) {
            Some(times) if *times > 0 => {
                *times -= 1;
                false
            }
            _ => true,
        });
    }
}
