//! Where a run stands: what is kept, what is looked for or done again, and what has not begun.

use super::journal::{BatchKind, Journal};
use super::past::entity_step;
use crate::database::Result;
use crate::plan::Plan;

/// Where a run stands, as its journal tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Entities of which nothing is left to do, with the rows written.
    pub finished: Vec<(String, u64)>,
    /// Entities of which some rows are written, with their number and that of all rows at review.
    pub begun: Vec<(String, u64, u64)>,
    /// Entities of which no row is written.
    pub waiting: Vec<String>,
    /// Batches of which nobody knows what became of them: they are looked for first.
    pub in_doubt: usize,
    /// Rows of the destination that were deleted.
    pub deleted: u64,
}

impl Standing {
    /// Reads it.
    pub fn read(journal: &Journal, plan: &Plan) -> Result<Self> {
        let mut standing = Self { in_doubt: journal.prepared()?.len(), ..Self::default() };
        for (place, entity) in plan.entities.iter().enumerate() {
            let name = entity.name.clone();
            let rows = journal.rows_of(place, BatchKind::Insert)?;
            standing.deleted += journal.rows_of(place, BatchKind::Delete)?;
            if journal.finished(&entity_step(place))?.is_some() {
                standing.finished.push((name, rows));
            } else if rows > 0 {
                standing.begun.push((name, rows, entity.source_rows));
            } else {
                standing.waiting.push(name);
            }
        }
        Ok(standing)
    }

    /// Rows that are kept.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let finished: u64 = self.finished.iter().map(|(_, rows)| rows).sum();
        finished + self.begun.iter().map(|(_, rows, _)| rows).sum::<u64>()
    }
}
