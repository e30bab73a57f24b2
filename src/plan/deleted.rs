//! Which rows of the destination a plan deletes.

use super::{ExistingPlan, OutsideFate, Plan};
use crate::database::TableName;

/// Rows of one table that a plan deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletedRows<'a> {
    /// Whose they are: `Espace.Entity`, or in words.
    pub name: &'a str,
    /// The table.
    pub table: &'a TableName,
    /// The entity's place in the plan; `None` for rows outside it.
    pub place: Option<usize>,
    /// How many, at review.
    pub rows: u64,
}

impl Plan {
    /// The rows it deletes, a table at a time: of its entities, then of others whose rows hang on
    /// those.
    #[must_use]
    pub fn deleted(&self) -> Vec<DeletedRows<'_>> {
        let mut all = Vec::new();
        for (place, entity) in self.entities.iter().enumerate() {
            if let ExistingPlan::Replace { rows, .. } = entity.existing
                && rows > 0
            {
                let (name, table) = (entity.name.as_str(), &entity.destination_table);
                all.push(DeletedRows { name, table, place: Some(place), rows });
            }
        }
        for outside in self.outside.iter().filter(|one| one.fate == OutsideFate::Deleted) {
            let known =
                all.iter_mut().find(|one| one.place.is_none() && *one.table == outside.table);
            match known {
                Some(known) => known.rows += outside.rows,
                None => all.push(DeletedRows {
                    name: &outside.name,
                    table: &outside.table,
                    place: None,
                    rows: outside.rows,
                }),
            }
        }
        all
    }
}
