//! Rows go before those that they refer to, and not while rows of others refer to them.

use crate::database::{
    Destination, Fault, FaultKind, Filter, Referrer, Result, TableChange, TableWork,
};

/// The changes in an order in which foreign keys let them be done.
pub(super) async fn in_order(
    destination: &dyn Destination,
    changes: Vec<TableChange>,
) -> Result<Vec<TableChange>> {
    let tables: Vec<_> = changes
        .iter()
        .filter(|change| matches!(change.work, TableWork::Delete { .. }))
        .map(|change| change.table.name.clone())
        .collect();
    let referrers = destination.referrers(&tables).await?;
    check(destination, &changes, &referrers).await?;
    let mut waiting = changes;
    let mut all = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        // The first that nothing which still waits refers to; in a circle the first of all.
        let is_free = |parent: &TableChange| {
            !matches!(parent.work, TableWork::Delete { .. })
                || !waiting.iter().any(|child| {
                    child.table.name != parent.table.name
                        && referrers.iter().any(|referrer| {
                            referrer.table.may_be(&child.table.name)
                                && referrer.key.parent.may_be(&parent.table.name)
                        })
                })
        };
        let next = waiting.iter().position(is_free).unwrap_or(0);
        all.push(waiting.remove(next));
    }
    Ok(all)
}

/// Refuses to delete rows that rows refer to which stay: the server would refuse, or take them along
/// without anybody keeping them.
async fn check(
    destination: &dyn Destination,
    changes: &[TableChange],
    referrers: &[Referrer],
) -> Result<()> {
    for change in changes {
        let TableWork::Delete { filter, .. } = &change.work else { continue };
        let of_it = referrers.iter().filter(|found| found.key.parent.may_be(&change.table.name));
        for referrer in of_it.filter(|found| !found.key.disabled) {
            let refers = Filter::Refers {
                column: referrer.key.column.clone(),
                parent: change.table.name.clone(),
                key: referrer.key.parent_column.clone(),
                among: Box::new(filter.clone()),
            };
            let own = changes.iter().find_map(|other| match &other.work {
                TableWork::Delete { filter, .. } if other.table.name.may_be(&referrer.table) => {
                    Some(filter.clone())
                }
                _ => None,
            });
            let staying = match own {
                None => refers,
                Some(Filter::All) => continue,
                Some(going) => refers.and(going.negated()),
            };
            let rows = destination.count(&referrer.table, &staying).await?;
            if rows > 0 {
                let what = format!(
                    "{rows} rows of {} refer by {} to rows of {} that are to be deleted",
                    referrer.table, referrer.key.column, change.table.name
                );
                return Err(Fault::new(FaultKind::Invalid, what)
                    .advise("Nothing was written. See to them first, or leave the step out."));
            }
        }
    }
    Ok(())
}
