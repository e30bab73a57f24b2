//! How much room the before-images of a run will take, told before the run (`design.md` decision 18).

use serde::Serialize;

use super::delete::whole_row;
use crate::database::{Result, Source, TableName};
use crate::plan::{ExistingPlan, OutsideFate, Plan};

/// What a reference that is emptied is kept with: its row's key and itself.
const BYTES_OF_A_REFERENCE: u64 = 20;

/// How much room the before-images of a run will take, as far as it can be told before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Room {
    /// Whether the plan keeps rows as they were.
    pub is_kept: bool,
    /// Rows that are deleted, by the counts at review.
    pub rows: u64,
    /// About how many bytes they take, those of `unknown` aside; 0 where they are not kept.
    pub bytes: u64,
    /// Tables of which the database does not tell how long a row is.
    pub unknown: Vec<String>,
    /// Bytes free where they will lie, as far as the system tells.
    pub free: Option<u64>,
}

impl Room {
    /// Whether there is less room than needed, as far as both are known.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.is_kept && self.free.is_some_and(|free| free < self.bytes)
    }
}

/// What a plan's before-images will take, by how long the destination's rows are on average;
/// `free` is left open.
pub async fn images_needed(plan: &Plan, destination: &dyn Source) -> Result<Room> {
    let mut room = Room { is_kept: plan.options.keep_before_images, ..Room::default() };
    let mut deleted: Vec<(TableName, u64)> = Vec::new();
    for of_table in plan.deleted() {
        let rows = of_table.rows;
        room.rows += rows;
        if !room.is_kept {
            continue;
        }
        let emptied = plan.cleared.iter().filter(|(place, _)| Some(*place) == of_table.place);
        room.bytes += rows * emptied.count() as u64 * BYTES_OF_A_REFERENCE;
        deleted.push((of_table.table.clone(), rows));
    }
    for entity in plan.entities.iter().filter(|entity| !entity.existing.sets().is_empty()) {
        let ExistingPlan::Recognise { matches, rows, .. } = &entity.existing else { continue };
        let most = matches.unwrap_or((*rows).min(entity.source_rows));
        if room.is_kept && most > 0 {
            deleted.push((entity.destination_table.clone(), most));
        }
    }
    let emptied = plan.outside.iter().filter(|one| one.fate != OutsideFate::Deleted);
    if room.is_kept {
        room.bytes += emptied.map(|one| one.rows * BYTES_OF_A_REFERENCE).sum::<u64>();
    }
    if deleted.is_empty() {
        return Ok(room);
    }
    let tables: Vec<TableName> = deleted.iter().map(|(table, _)| table.clone()).collect();
    let shapes = destination.shapes(&tables).await?;
    let lengths = destination.row_bytes(&tables).await?;
    for (((table, rows), shape), length) in deleted.iter().zip(shapes).zip(lengths) {
        // Rows that could not be put back are not kept.
        if shape.is_none_or(|shape| whole_row(&shape).is_none()) {
            continue;
        }
        match length {
            Some(length) => room.bytes += rows * length,
            None => room.unknown.push(table.to_string()),
        }
    }
    Ok(room)
}
