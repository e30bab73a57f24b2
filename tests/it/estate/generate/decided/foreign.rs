//! Entities that another system keeps: their rows are none of a migration's business.

use super::Deciding;
use crate::estate::model::{Cell, EntityKey, Kind, Rule, Target};

/// References to rows of another system stay as they are, whether it has such rows or not.
pub fn another_system(deciding: &mut Deciding<'_>) {
    let key = deciding.outside("Invoice", "Base_CS", "Number", Kind::Text(20));
    let numbers: Vec<Cell> = (0..5).map(|number| Cell::text(format!("F{number}"))).collect();
    deciding.fill_outside(&key, &numbers, &numbers[2..]);
    for side in deciding.both() {
        side.entity_mut(&key).expect("just made").external = true;
    }
    let entity = deciding.source(&key).clone();
    let mut ids: Vec<Cell> =
        entity.rows.iter().filter_map(|row| entity.id_of(row).cloned()).collect();
    ids.extend([Cell::Int(-7), Cell::Int(i64::MAX)]);
    let keys: Vec<EntityKey> =
        deciding.chosen().into_iter().filter(|other| *other != key).collect();
    for holder in deciding.some(&keys, 3) {
        let kind = Kind::Reference(Target::Entity(key.clone()));
        let mut link = deciding.attribute("InvoiceId", kind);
        // No database guards what lies in another system.
        link.rule = Rule::Ignore;
        link.mandatory = deciding.chance.percent(40);
        let cells = match link.mandatory {
            true => ids.clone(),
            false => [&ids[..], &[Cell::Null, Cell::Int(0)]].concat(),
        };
        let cells = deciding.cells_here(&holder, &cells);
        deciding.add_here(&holder, link.clone(), &cells);
        deciding.add_there(&holder, link, &ids);
    }
}
