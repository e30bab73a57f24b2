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

/// Texts and numbers that have no room there: rows that hold one stay behind.
pub fn misfits_rejected(deciding: &mut Deciding<'_>) {
    let ints = |all: &[i64]| all.iter().map(|one| Cell::Int(*one)).collect::<Vec<_>>();
    let texts = |all: &[&str]| all.iter().map(|one| Cell::text(*one)).collect::<Vec<_>>();
    let (least, most) = (i64::from(i32::MIN), i64::from(i32::MAX));
    // What is there, what it is there, values that have room and values that have none.
    let all = [
        (
            Kind::LongInteger,
            Kind::Integer,
            ints(&[0, least, most]),
            ints(&[least - 1, most + 1, i64::MIN]),
        ),
        (
            Kind::Decimal(12, 4),
            Kind::Decimal(6, 2),
            texts(&["0.0000", "9999.9900", "-0.0500"]),
            texts(&["10000.0000", "0.0010", "-123456.7000"]),
        ),
        (
            Kind::Currency,
            Kind::Decimal(8, 2),
            texts(&["0.00000000", "999999.99000000"]),
            texts(&["1000000.00000000", "-0.00500000"]),
        ),
        (Kind::Integer, Kind::Decimal(5, 2), ints(&[0, 999, -999]), ints(&[1000, -1000, least])),
        (
            Kind::Text(60),
            Kind::Text(7),
            texts(&["", "seven  ", "日本語テキスト"]),
            texts(&["eight   ", "xxxxxx𝄞", "much too long"]),
        ),
        (Kind::Text(20_000), Kind::Text(2), texts(&["", "𝄞"]), texts(&["𝄞𝄞", "   "])),
    ];
    let keys = deciding.chosen();
    for (number, key) in deciding.some(&keys, 3).into_iter().enumerate() {
        let (from, to, good, bad) = deciding.chance.pick(&all).clone();
        let mine = deciding.attribute(&format!("Wide{number}"), from);
        let mut theirs = mine.clone();
        theirs.kind = to;
        let cells = [&good[..], &good, &good, &bad, &[Cell::Null]].concat();
        let cells = deciding.cells_here(&key, &cells);
        deciding.add_here(&key, mine.clone(), &cells);
        let kind = match theirs.kind {
            Kind::Text(_) => "text-too-long",
            _ => "number-too-wide",
        };
        deciding.add_there(&key, theirs, &[]);
        deciding.decide(kind, &key, &mine.key, "reject", "");
        deciding.pair.decided.attributes.insert(mine.key, Wish::MisfitStaysBehind);
    }
}
