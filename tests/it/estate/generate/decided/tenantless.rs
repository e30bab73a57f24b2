//! Rows of entities whose rows belong to tenants, that belong to none.

use super::Deciding;
use crate::estate::model::{Cell, Entity, EntityKey, Target};

/// They are carried over without a tenant, and those there go; or they stay behind.
pub fn rows_without_tenant(deciding: &mut Deciding<'_>) {
    let has_tenants = |entity: Option<&Entity>| {
        entity.is_some_and(|entity| entity.multitenant && entity.extends().is_none())
    };
    let pair = &*deciding.pair;
    let fits = |key: &EntityKey| {
        has_tenants(pair.source.entity(key)) && has_tenants(pair.destination.entity(key))
    };
    let keys: Vec<EntityKey> = deciding.chosen().into_iter().filter(fits).collect();
    if keys.is_empty() {
        return;
    }
    let known: Vec<i64> = deciding.pair.source.tenants.iter().map(|t| 100 - t.id).collect();
    for key in deciding.some(&keys, 3) {
        let mut some = 0;
        for place in 0..deciding.source(&key).rows.len() {
            if deciding.chance.percent(30) {
                let none = *deciding.chance.pick(&[None, Some(0)]);
                deciding.source(&key).rows[place].tenant = none;
                some += 1;
            }
        }
        let is_kept = deciding.chance.percent(60);
        if !is_kept {
            deciding.decide_entity("rows-without-tenant", &key, "reject", "");
            deciding.pair.decided.tenantless_behind.insert(key.clone());
        }
        let goes = is_kept && some > 0;
        let links: Vec<(String, bool)> = deciding
            .destination(&key)
            .attributes
            .iter()
            .filter(|a| a.active && matches!(a.target(), Some(Target::Entity(_))))
            .map(|a| (a.key.clone(), a.nullable))
            .collect();
        for place in 0..deciding.destination(&key).rows.len() {
            let row = &deciding.destination(&key).rows[place];
            // What stays must not hold what goes, nor the other way round.
            let fits = match row.tenant {
                Some(tenant) if goes => known.contains(&tenant),
                _ => links.iter().all(|(_, nullable)| *nullable),
            };
            if !fits || !deciding.chance.percent(30) {
                continue;
            }
            let row = &mut deciding.destination(&key).rows[place];
            row.tenant = None;
            for (link, _) in links.iter().filter(|_| !goes) {
                row.cells.insert(link.clone(), Cell::Null);
            }
        }
    }
}
