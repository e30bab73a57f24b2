//! Making room: the destination's rows are deleted before ours come, children before parents.

use super::journal::{BatchKind, Keys, NewBatch};
use super::progress::{EntityState, Teller};
use super::session::{Operation, WriteSession};
use crate::database::{Filter, Result};
use crate::plan::{ExistingPlan, Plan};

/// Deletes what the plan replaces; returns the rows deleted.
pub(super) async fn delete_rows(
    plan: &Plan,
    session: &mut WriteSession,
    control: &mut super::control::Control,
    teller: &Teller,
) -> Result<u64> {
    let limit = plan.options.batch_rows;
    for (place, column) in &plan.cleared {
        let entity = &plan.entities[*place];
        let ExistingPlan::Replace { filter, .. } = &entity.existing else { continue };
        teller.state(*place, EntityState::Deleting);
        loop {
            control.between_batches().await?;
            let operation =
                Operation::Clear { table: &entity.destination_table, column, filter, limit };
            let rows = run(session, &operation, *place, teller)
                .await
                .map_err(|fault| fault.while_doing(format!("emptying {}.{column}", entity.name)))?;
            if rows == 0 {
                break;
            }
        }
        teller.state(*place, EntityState::Waiting);
    }
    let mut deleted = 0;
    for place in &plan.deletions {
        let entity = &plan.entities[*place];
        let ExistingPlan::Replace { filter, .. } = &entity.existing else { continue };
        let mut filter = filter.clone();
        for (_, column) in plan.leaf_first.iter().filter(|(leaf, _)| leaf == place) {
            if let Some(key) = entity.destination_key() {
                filter = filter.and(Filter::NotReferred {
                    key: key.name.clone(),
                    child: entity.destination_table.clone(),
                    column: column.clone(),
                });
            }
        }
        teller.state(*place, EntityState::Deleting);
        loop {
            control.between_batches().await?;
            let operation =
                Operation::Delete { table: &entity.destination_table, filter: &filter, limit };
            let rows = run(session, &operation, *place, teller).await.map_err(|fault| {
                fault.while_doing(format!("deleting the destination's rows of {}", entity.name))
            })?;
            if rows == 0 {
                break;
            }
            deleted += rows;
            teller.entity(*place, |progress| progress.deleted += rows);
        }
        teller.state(*place, EntityState::Waiting);
    }
    Ok(deleted)
}

async fn run(
    session: &mut WriteSession,
    operation: &Operation<'_>,
    place: usize,
    teller: &Teller,
) -> Result<u64> {
    let is_delete = matches!(operation, Operation::Delete { .. });
    let done = session
        .write(
            operation,
            &mut |done, name| NewBatch {
                entity: Some(place),
                kind: if is_delete { BatchKind::Delete } else { BatchKind::SecondPass },
                session: name.to_owned(),
                // Emptying a column is noted, and counts no row as deleted.
                rows: if is_delete { done.rows } else { 0 },
                source_keys: Keys::None,
                destination_keys: Keys::None,
                digest: 0,
                emptied: Vec::new(),
                deferred: Vec::new(),
            },
            &|trouble| teller.entity(place, |progress| progress.trouble = Some(trouble.to_owned())),
        )
        .await?;
    Ok(done.rows)
}
