//! References that had to wait: set once all rows are there.

use super::journal::{BatchKind, EmptiedCell, Keys, NewBatch};
use super::progress::{EntityState, Teller};
use super::remap::{Maps, resolve_late};
use super::session::{Operation, SharedJournal, WriteSession, lock};
use crate::database::{Batch, Column, Result, UpdateTarget, Value};
use crate::plan::{Plan, Rule};

/// Sets every reference of the plan that had to wait.
pub(super) async fn set_references(
    plan: &Plan,
    maps: &Maps,
    journal: &SharedJournal,
    session: &mut WriteSession,
    control: &mut super::control::Control,
    teller: &Teller,
) -> Result<()> {
    for (place, entity) in plan.entities.iter().enumerate() {
        let Some(key) = entity.destination_key() else { continue };
        for (column_place, column) in entity.columns.iter().enumerate() {
            let Rule::Reference(rule) = &column.rule else { continue };
            if !rule.is_deferred {
                continue;
            }
            teller.state(place, EntityState::SecondPass);
            let target = UpdateTarget {
                table: entity.destination_table.clone(),
                key: key.clone(),
                columns: vec![column.destination.clone()],
            };
            let mut after = 0;
            loop {
                control.between_batches().await?;
                let cells =
                    lock(journal).deferred(place, column_place, after, plan.options.batch_rows)?;
                let Some((last, _)) = cells.last() else { break };
                after = *last;
                let mut keys = Column::for_type(&key.data_type)?;
                let mut values = Column::for_type(&column.destination.data_type)?;
                let mut set = Vec::new();
                for (_, cell) in &cells {
                    match resolve_late(plan, maps, rule, &cell.value) {
                        Ok(id) => {
                            keys.push(&cell.destination)?;
                            values.push(&id)?;
                            set.push(cell.destination.clone());
                        }
                        Err(reason) => lock(journal).empty(
                            place,
                            &EmptiedCell {
                                column: column_place,
                                key: cell.key.clone(),
                                value: cell.value.clone(),
                                reason,
                            },
                        )?,
                    }
                }
                if set.is_empty() {
                    continue;
                }
                write(session, &target, &Batch::new(vec![keys, values])?, place, &set, teller)
                    .await
                    .map_err(|fault| {
                        fault.while_doing(format!("setting {}.{}", entity.name, column.attribute))
                    })?;
            }
        }
        teller.state(place, EntityState::Done);
    }
    Ok(())
}

async fn write(
    session: &mut WriteSession,
    target: &UpdateTarget,
    batch: &Batch,
    place: usize,
    set: &[Value],
    teller: &Teller,
) -> Result<()> {
    session
        .write(
            &Operation::Update { target, batch },
            &mut |_, name| NewBatch {
                entity: Some(place),
                kind: BatchKind::SecondPass,
                session: name.to_owned(),
                rows: set.len() as u64,
                source_keys: Keys::None,
                destination_keys: Keys::of(set.iter().cloned()),
                digest: 0,
                emptied: Vec::new(),
                deferred: Vec::new(),
            },
            &|trouble| teller.entity(place, |progress| progress.trouble = Some(trouble.to_owned())),
        )
        .await
        .map(drop)
}
