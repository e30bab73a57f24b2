//! What becomes of rows that are not the plan's and hang on rows it deletes.

use super::Builder;
use crate::compare::{OutsidePart, choice, row_key};
use crate::database::{ColumnRef, TableName};
use crate::plan::{OutsideFate, OutsidePlan};

impl Builder<'_> {
    /// The steps, in their order: what hangs on others goes first, and references are emptied last.
    pub(super) fn outside(&mut self) -> Vec<OutsidePlan> {
        let review = self.review;
        let (mut deleted, mut emptied) = (Vec::new(), Vec::new());
        for outside in &review.comparison.outside {
            match self.made(Some(&outside.finding)) {
                Some((choice::DELETE_TOO, _)) => {
                    let parts = outside.along.iter().chain([&outside.rows]);
                    deleted.extend(parts.map(|part| self.step(part, OutsideFate::Deleted)));
                }
                Some((choice::EMPTY, _)) => match self.column(&outside.rows.table, &outside.column)
                {
                    Some(column) => {
                        emptied.push(self.step(&outside.rows, OutsideFate::Emptied(column)));
                    }
                    None => self.wrong.push(format!(
                        "{} has no column {} any more",
                        outside.rows.table, outside.column
                    )),
                },
                _ => {}
            }
        }
        deleted.extend(emptied);
        // The users' own rows last: what hangs on them goes before.
        let recreated = &review.comparison.recreated.rows;
        deleted.extend(
            recreated
                .iter()
                .map(|part| OutsidePlan { is_late: true, ..self.step(part, OutsideFate::Deleted) }),
        );
        deleted
    }

    fn step(&self, part: &OutsidePart, fate: OutsideFate) -> OutsidePlan {
        let key = self.destination.shape_named(&part.table).and_then(row_key);
        OutsidePlan {
            name: part.name.clone(),
            table: part.table.clone(),
            key: key.and_then(|key| self.column(&part.table, key)),
            filter: part.filter.clone(),
            fate,
            rows: part.count,
            is_late: false,
        }
    }

    fn column(&self, table: &TableName, name: &str) -> Option<ColumnRef> {
        self.destination.shape_named(table)?.column(name).map(ColumnRef::from)
    }
}
