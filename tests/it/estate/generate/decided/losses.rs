//! What does not go over as it is, by decision.

use super::Deciding;
use crate::estate::decided::Wish;
use crate::estate::generate::values::cut;
use crate::estate::model::{Cell, Entity, EntityKey, Kind, Unique};

/// Texts that are too long there, and are cut.
pub fn texts_cut(deciding: &mut Deciding<'_>) {
    let keys = deciding.chosen();
    for (number, key) in deciding.some(&keys, 4).into_iter().enumerate() {
        let long = *deciding.chance.pick(&[60, 2000, 20_000]);
        let most = *deciding.chance.pick(&[1, 2, 7, 50]);
        let mine = deciding.attribute(&format!("Cut{number}"), Kind::Text(long));
        let mut theirs = mine.clone();
        theirs.kind = Kind::Text(most);
        let most = usize::from(most);
        // Characters of one unit, of two, and of more than one character; what ends where it is cut.
        let texts = [
            String::new(),
            " ".repeat(most + 3),
            "x".repeat(most),
            format!("{}𝄞", "x".repeat(most - 1)),
            format!("{}é and more", "x".repeat(most)),
            "𝄞".repeat(most),
            "e\u{301}".repeat(most),
            "日本語".repeat(most),
            format!("{}ends in blanks", " ".repeat(most)),
            "0123456789".repeat(if long > 2000 { 900 } else { 6 }),
        ];
        let cells = texts.map(|text| Cell::text(cut(&text, usize::from(long))));
        let cells = deciding.cells_here(&key, &[&cells[..], &[Cell::Null]].concat());
        deciding.add_here(&key, mine.clone(), &cells);
        deciding.add_there(&key, theirs, &[]);
        deciding.decide("text-too-long", &key, &mine.key, "cut", "");
        deciding.pair.decided.attributes.insert(mine.key, Wish::Cut);
    }
    if deciding.chance.percent(60) {
        badges_cut(deciding, &keys);
    }
}

/// Texts of which the destination refuses a second one, and that may become alike when they are cut.
fn badges_cut(deciding: &mut Deciding<'_>, keys: &[EntityKey]) {
    let is_free = |entity: Option<&Entity>| {
        entity.is_some_and(|e| {
            e.uniques.is_empty()
                && e.tag().is_some()
                && e.identifier().is_some_and(|id| id.autonumber)
        })
    };
    let fits = |key: &&EntityKey| {
        is_free(deciding.pair.source.entity(key)) && is_free(deciding.pair.destination.entity(key))
    };
    let keys: Vec<EntityKey> = keys.iter().filter(fits).cloned().collect();
    let Some(key) = deciding.chance.pick_any(&keys).cloned() else { return };
    let mut mine = deciding.attribute("CutBadge", Kind::Text(50));
    mine.nullable = false;
    let mut theirs = mine.clone();
    theirs.kind = Kind::Text(7);
    let alike = deciding.chance.percent(70);
    let rows = deciding.source(&key).rows.len();
    let cells: Vec<Cell> = (0..rows)
        .map(|number| match deciding.chance.below(3) {
            0 if alike => Cell::text(format!("BADGE{:02}-{number}", number / 3)),
            1 => Cell::text(format!("row{number:03}𝄞-{number}")),
            _ => Cell::text(format!("badge{number:02}")),
        })
        .collect();
    let there: Vec<Cell> = (0..deciding.destination(&key).rows.len())
        .map(|number| Cell::text(format!("badge{:02}", number + 40)))
        .collect();
    let unique = Unique { attributes: vec![mine.key.clone()], tenant: false };
    deciding.add_here(&key, mine.clone(), &cells);
    deciding.add_there(&key, theirs, &there);
    deciding.destination(&key).uniques.push(unique.clone());
    let kind = match deciding.chance.percent(50) {
        true => {
            deciding.source(&key).uniques.push(unique);
            "unique-collision"
        }
        false => "unique-only-in-destination",
    };
    deciding.decide("text-too-long", &key, &mine.key, "cut", "");
    deciding.decide(kind, &key, &mine.column, "reject", "");
    deciding.pair.decided.attributes.insert(mine.key, Wish::Cut);
    deciding.pair.decided.first_of_each.insert(key);
}
