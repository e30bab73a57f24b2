//! References that leave the scope, led by a key of several attributes and within tenants.

use super::Deciding;
use super::references::refer;
use crate::estate::model::{Cell, Kind, Tenant, Unique};
use crate::estate::recipe::Feature;

/// What tells a row: a code, a region, and a tenant where there are any.
type Told = (usize, usize, Option<i64>);

/// So many codes and regions are there: few, so that none of them tells a row alone.
const CODES: usize = 3;
const REGIONS: usize = 3;

/// An entity outside the scope whose rows are told by a code and a region, and by their tenant.
pub fn leaving_by_several(deciding: &mut Deciding<'_>) {
    let key = deciding.outside("Depot", "Base_CS", "Code", Kind::Text(30));
    let is_number = deciding.chance.percent(50);
    let kind = if is_number { Kind::Integer } else { Kind::Text(20) };
    let region = deciding.attribute("Region", kind);
    let (here, there, is_unique) = rows(deciding);
    let code = |(code, _, _): &Told, loud: bool| {
        Cell::text(if loud { format!("DEP-{code}") } else { format!("Dep-{code}") })
    };
    let regions = |rows: &[Told]| -> Vec<Cell> {
        let cells = rows.iter().map(|(_, region, _)| match (region, is_number) {
            (&REGIONS, true) => Cell::Null,
            (&REGIONS, false) => Cell::text(""),
            (region, true) => Cell::Int(70 + *region as i64),
            (region, false) => Cell::text(format!("region {region}")),
        });
        cells.collect()
    };
    let codes_here: Vec<Cell> = here.iter().map(|row| code(row, false)).collect();
    let codes_there: Vec<Cell> =
        there.iter().map(|row| code(row, deciding.chance.percent(50))).collect();
    let told = deciding.fill_outside(&key, &codes_here, &codes_there);
    deciding.add_here(&key, region.clone(), &regions(&here));
    deciding.add_there(&key, region.clone(), &regions(&there));
    let has_tenants = here.iter().any(|(_, _, tenant)| tenant.is_some());
    for (side, rows) in deciding.both().into_iter().zip([&here, &there]) {
        let entity = side.entity_mut(&key).expect("just made");
        entity.multitenant = has_tenants;
        for (row, (_, _, tenant)) in entity.rows.iter_mut().zip(rows) {
            row.tenant = *tenant;
        }
    }
    if is_unique {
        let unique = Unique { attributes: vec![told, region.key], tenant: has_tenants };
        deciding.destination(&key).uniques.push(unique);
    }
    refer(deciding, &key, "Depot", &["Code", "Region"], false);
}

/// What tells the rows of each side, and whether no two of the destination have it in common.
fn rows(deciding: &mut Deciding<'_>) -> (Vec<Told>, Vec<Told>, bool) {
    let is_unique = deciding.chance.percent(50);
    // A tenant of another name is known only where something of the scope belongs to it.
    let has_tenants = deciding.recipe.has(Feature::MultiTenant)
        && !deciding.recipe.has(Feature::TenantMapped)
        && deciding.chance.percent(60);
    let tenants = |all: &[Tenant]| -> Vec<Option<i64>> {
        match has_tenants {
            true => all.iter().filter(|t| t.id != 1).map(|t| Some(t.id)).collect(),
            false => vec![None],
        }
    };
    let ours = tenants(&deciding.pair.source.tenants);
    let theirs = tenants(&deciding.pair.destination.tenants);
    let all = |tenants: &[Option<i64>]| -> Vec<Told> {
        let told = |tenant: &Option<i64>| {
            let tenant = *tenant;
            (0..CODES).flat_map(move |code| (0..REGIONS).map(move |at| (code, at, tenant)))
        };
        tenants.iter().flat_map(told).collect()
    };
    let mut here: Vec<Told> =
        all(&ours).into_iter().filter(|_| deciding.chance.percent(70)).collect();
    // Some have no region, and two may be told by the same.
    if deciding.chance.percent(50) {
        here.push((0, REGIONS, ours[0]));
    }
    if let Some(again) = deciding.chance.pick_any(&here).copied().filter(|_| !is_unique) {
        here.push(again);
    }
    let mut there: Vec<Told> =
        all(&theirs).into_iter().filter(|_| deciding.chance.percent(70)).collect();
    if let Some(again) = deciding.chance.pick_any(&there).copied().filter(|_| !is_unique) {
        there.push(again);
    }
    deciding.chance.shuffle(&mut there);
    (here, there, is_unique)
}
