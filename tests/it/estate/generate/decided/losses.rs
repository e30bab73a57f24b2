//! What does not go over as it is, by decision.

use super::Deciding;
use crate::estate::decided::Wish;
use crate::estate::generate::values::cut;
use crate::estate::model::{Cell, Kind};

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
}
