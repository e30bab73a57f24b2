//! What lies outside the scope in the destination, and hangs on rows that are deleted.

use super::{Deciding, row};
use crate::estate::model::{Cell, EntityKey, Kind, Rule, Target};

/// Rows of an entity outside the scope refer to rows of chosen ones, and further rows to them: they
/// go with those, or lose their reference.
pub fn outsiders_decided(deciding: &mut Deciding<'_>) {
    let ward = deciding.outside("Ward", "Outer", "Label", Kind::Text(50));
    let is_held = |key: &EntityKey| {
        let there = deciding.pair.destination.entity(key);
        there.is_some_and(|there| there.identifier().is_some() && !there.rows.is_empty())
    };
    let held: Vec<EntityKey> = deciding.chosen().into_iter().filter(is_held).collect();
    let labels: Vec<Cell> = (0..9).map(|number| Cell::text(format!("ward {number}"))).collect();
    deciding.fill_outside(&ward, &labels[..3], &labels);
    for (number, key) in deciding.some(&held, 3).into_iter().enumerate() {
        let there = deciding.destination(&key).clone();
        let ids: Vec<Cell> =
            there.rows.iter().filter_map(|row| there.id_of(row).cloned()).collect();
        let kind = Kind::Reference(Target::Entity(key));
        let mut link = deciding.attribute(&format!("Held{number}Id"), kind);
        link.rule = *deciding.chance.pick(&[Rule::Protect, Rule::Delete, Rule::Ignore]);
        let goes = deciding.chance.percent(60);
        // What the model demands is not emptied.
        link.mandatory = goes && deciding.chance.percent(40);
        let cells: Vec<Cell> = labels
            .iter()
            .map(|_| match deciding.chance.percent(40) {
                true => deciding.chance.pick(&ids).clone(),
                false => Cell::Null,
            })
            .collect();
        deciding.add_here(&ward, link.clone(), &[]);
        deciding.add_there(&ward, link.clone(), &cells);
        let choice = if goes { "delete-too" } else { "empty" };
        deciding.decide("consumer-outside-scope", &ward, &link.key, choice, "");
        deciding.pair.decided.outside.insert(link.key, goes);
    }
    hanging(deciding, &ward, "WardNote", 2);
}

/// Rows that hang on those of an entity outside the scope, and rows on these in turn.
fn hanging(deciding: &mut Deciding<'_>, on: &EntityKey, name: &str, depth: usize) {
    if depth == 0 || deciding.chance.percent(30) {
        return;
    }
    let key = deciding.outside(name, "Base_CS", "Text", Kind::Text(50));
    let kind = Kind::Reference(Target::Entity(on.clone()));
    let mut link = deciding.attribute("OfId", kind);
    link.rule = *deciding.chance.pick(&[Rule::Protect, Rule::Delete, Rule::Ignore]);
    let there = deciding.destination(on).clone();
    let ids: Vec<Cell> = there.rows.iter().filter_map(|row| there.id_of(row).cloned()).collect();
    for side in deciding.both() {
        side.entity_mut(&key).expect("just made").attributes.push(link.clone());
    }
    let mut rows = Vec::new();
    for number in 0..6 {
        let to = match deciding.chance.percent(70) {
            true => deciding.chance.pick(&ids).clone(),
            false => Cell::Null,
        };
        let cells = [Cell::Int(70 + number), Cell::Null, Cell::text("a note"), to];
        rows.push(row(deciding.destination(&key), cells));
    }
    deciding.destination(&key).rows = rows;
    hanging(deciding, &key, "WardLine", depth - 1);
}
