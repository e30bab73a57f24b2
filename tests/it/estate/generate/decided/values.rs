//! Attributes that are made in another way on the other side, and indexes that only one has.

use super::Deciding;
use crate::estate::decided::Wish;
use crate::estate::model::{Cell, EntityKey, Kind, TAG, Unique};

/// A type, the one that the destination has instead, whether a person has to decide that the values
/// are converted, values that have a form there and values that have none.
type Turn = (Kind, Kind, bool, Vec<Cell>, Vec<Cell>);

fn turns() -> Vec<Turn> {
    use Kind::{
        Boolean, Currency, Date, DateTime, Decimal, Email, Integer, LongInteger, Phone, Text,
    };
    let ints = |all: &[i64]| all.iter().map(|one| Cell::Int(*one)).collect::<Vec<_>>();
    let texts = |all: &[&str]| all.iter().map(|one| Cell::text(*one)).collect::<Vec<_>>();
    let (least, most) = (i64::from(i32::MIN), i64::from(i32::MAX));
    let numbers = ["0.00", "-0.05", "999999.99", "-12.30", "7.00"];
    vec![
        (Integer, LongInteger, false, ints(&[least, most, 0, 7]), vec![]),
        (LongInteger, Integer, false, ints(&[least, most, 0, -7]), vec![]),
        (Integer, Decimal(12, 2), false, ints(&[least, most, 0, 7]), vec![]),
        (Boolean, Integer, false, ints(&[0, 1]), vec![]),
        (Date, DateTime, false, texts(&["1900-01-01 00:00:00", "2024-02-29 00:00:00"]), vec![]),
        (Decimal(8, 2), Decimal(12, 4), false, texts(&numbers), vec![]),
        (Decimal(8, 2), Currency, false, texts(&numbers), vec![]),
        (Text(20), Text(60), false, texts(&["", "x", "twenty characters 20"]), vec![]),
        (Text(50), Text(20_000), false, texts(&["", "x", "日本語テキスト"]), vec![]),
        (Email, Text(250), false, texts(&["", "a.b@example.com"]), vec![]),
        (Phone, Text(20), false, texts(&["", "+351 210 000 000"]), vec![]),
        (Integer, Text(12), true, ints(&[least, most, 0, -120]), vec![]),
        (Integer, Text(5), true, ints(&[-120, 0, 99_999]), ints(&[100_000, -99_999])),
        (LongInteger, Text(25), true, ints(&[i64::MIN, i64::MAX, 5]), vec![]),
        (Boolean, Text(10), true, ints(&[0, 1]), vec![]),
        (Decimal(8, 2), Text(20), true, texts(&numbers), vec![]),
        (Integer, Boolean, true, ints(&[0, 1]), ints(&[2, -1])),
        (
            Text(20),
            Integer,
            true,
            texts(&["12", " -0042 ", "", "+2147483647", "   "]),
            texts(&["12.5", "-", "twelve", "2147483648", "1e3", "0x1F", "1 2"]),
        ),
        (
            Text(30),
            Decimal(6, 2),
            true,
            texts(&["9999.99", "-0.5", "", "12"]),
            texts(&["10000", "1.234", "1,5"]),
        ),
        (
            Text(30),
            DateTime,
            true,
            texts(&["2024-02-29", "2024-02-29T10:20:30", "", "1999-12-31 23:59:59"]),
            texts(&["2023-02-29", "29.02.2024", "2024-02-29 25:00:00"]),
        ),
        (
            Decimal(8, 2),
            Integer,
            true,
            texts(&["0.00", "-12.00", "999999.00"]),
            texts(&["0.05", "-12.30"]),
        ),
    ]
}

/// Attributes of another type there.
pub fn retyped(deciding: &mut Deciding<'_>) {
    let turns = turns();
    let keys = deciding.chosen();
    for (number, key) in deciding.some(&keys, 4).into_iter().enumerate() {
        let (from, to, is_asked, good, bad) = deciding.chance.pick(&turns).clone();
        let mut cells = good;
        cells.push(Cell::Null);
        if deciding.chance.percent(25) {
            // Now and then a row whose value has no form there.
            cells = [cells.clone(), cells.clone(), cells, bad].concat();
        }
        let mine = deciding.attribute(&format!("Turned{number}"), from);
        let mut theirs = mine.clone();
        theirs.kind = to;
        let cells = deciding.cells_here(&key, &cells);
        deciding.add_here(&key, mine.clone(), &cells);
        deciding.add_there(&key, theirs, &[]);
        if is_asked {
            deciding.decide("attribute-retyped", &key, &mine.key, "convert", "");
            deciding.pair.decided.attributes.insert(mine.key, Wish::Converted);
        }
    }
}

/// Attributes that only the destination has, whose columns demand a value.
pub fn new_mandatory(deciding: &mut Deciding<'_>) {
    let all = [
        (Kind::Text(10), "ferry", "\"ferry\"", Cell::text("ferry")),
        (Kind::Integer, "-7", "-7", Cell::Int(-7)),
        (Kind::Boolean, "True", "True", Cell::Int(1)),
        (Kind::Decimal(8, 2), "12.5", "12.5", Cell::text("12.50")),
        (Kind::Date, "2024-02-29", "#2024-02-29#", Cell::text("2024-02-29 00:00:00")),
    ];
    let keys = deciding.chosen();
    for (number, key) in deciding.some(&keys, 3).into_iter().enumerate() {
        let (kind, to, said, cell) = deciding.chance.pick(&all).clone();
        let mut theirs = deciding.attribute(&format!("Demanded{number}"), kind);
        (theirs.mandatory, theirs.nullable) = (true, false);
        let attribute = theirs.key.clone();
        // Where the model has a default, that is what is recommended.
        if deciding.chance.percent(40) {
            said.clone_into(&mut theirs.said_default);
        } else {
            deciding.decide("attribute-new", &key, &attribute, "value", to);
        }
        deciding.add_there(&key, theirs, std::slice::from_ref(&cell));
        deciding.pair.decided.attributes.insert(attribute, Wish::Value(cell));
    }
}

/// Attributes that are inactive on one side.
pub fn inactive_one_side(deciding: &mut Deciding<'_>) {
    let keys = deciding.chosen();
    for key in deciding.some(&keys, 3) {
        let entity = deciding.pair.destination.entity(&key).expect("on both sides");
        let in_use =
            |key: &str| entity.uniques.iter().any(|u| u.attributes.iter().any(|k| k == key));
        let is_free = |name: &str| name.starts_with("Field") || name.starts_with("Link");
        let fits = entity.attributes.iter().filter(|a| {
            let ours = deciding.pair.source.entity(&key).and_then(|e| e.attribute(&a.key));
            a.active
                && is_free(&a.name)
                && (a.nullable || a.default.is_some())
                && !in_use(&a.key)
                && ours.is_some_and(|ours| ours.active)
        });
        let fits: Vec<String> = fits.map(|a| a.key.clone()).collect();
        let Some(attribute) = deciding.chance.pick_any(&fits).cloned() else { continue };
        let here = deciding.chance.percent(30);
        let entity = if here { deciding.source(&key) } else { deciding.destination(&key) };
        let found = entity.attributes.iter_mut().find(|a| a.key == attribute);
        found.expect("just seen").active = false;
    }
}

/// Attributes that were deleted and made again there.
pub fn remade(deciding: &mut Deciding<'_>) {
    let keys = deciding.chosen();
    for key in deciding.some(&keys, 3) {
        let there = deciding.pair.destination.entity(&key).expect("on both sides");
        let used: Vec<&String> = there.uniques.iter().flat_map(|u| &u.attributes).collect();
        let is_free = |name: &str| name.starts_with("Field") || name.starts_with("Link");
        let fits = there.attributes.iter().filter(|a| {
            let ours = deciding.pair.source.entity(&key).and_then(|e| e.attribute(&a.key));
            let is_same = ours.is_some_and(|ours| ours.active && ours.kind == a.kind);
            a.active && is_free(&a.name) && is_same && !used.contains(&&a.key)
        });
        let fits: Vec<String> = fits.map(|a| a.key.clone()).collect();
        let Some(old) = deciding.chance.pick_any(&fits).cloned() else { continue };
        let anew = deciding.chance.key();
        let there = deciding.destination(&key);
        let attribute = there.attributes.iter_mut().find(|a| a.key == old);
        attribute.expect("just seen").key.clone_from(&anew);
        for row in &mut there.rows {
            let cell = row.cells.remove(&old).unwrap_or(Cell::Null);
            row.cells.insert(anew.clone(), cell);
        }
        deciding.decide("attribute-remade", &key, &old, "pair", "");
        deciding.pair.decided.attributes.insert(old, Wish::Paired(anew));
    }
}

/// A unique index that only one side has, over a text that some of our rows have in common.
pub fn unique_one_side(deciding: &mut Deciding<'_>) {
    let fits = |key: &EntityKey| {
        let sides = [&deciding.pair.source, &deciding.pair.destination];
        sides.into_iter().all(|side| {
            side.entity(key).is_some_and(|e| {
                e.uniques.is_empty()
                    && e.identifier().is_some_and(|id| id.autonumber)
                    && e.attributes.iter().any(|a| a.name == TAG)
            })
        })
    };
    let keys: Vec<EntityKey> = deciding.chosen().into_iter().filter(fits).collect();
    let Some(key) = deciding.chance.pick_any(&keys).cloned() else { return };
    let mut badge = deciding.attribute("Badge", Kind::Text(30));
    badge.nullable = false;
    let alike = deciding.chance.percent(60);
    let rows = deciding.source(&key).rows.len();
    let cells: Vec<Cell> = (0..rows)
        .map(|number| match deciding.chance.below(4) {
            // In either case it is the same text to an index.
            0 if alike && number > 0 => {
                let other = deciding.chance.below(number);
                Cell::text(format!("BADGE {other}"))
            }
            _ => Cell::text(format!("Badge {number}")),
        })
        .collect();
    let there: Vec<Cell> = (0..deciding.destination(&key).rows.len())
        .map(|number| Cell::text(format!("There {number}")))
        .collect();
    let unique = Unique { attributes: vec![badge.key.clone()], tenant: false };
    deciding.add_here(&key, badge.clone(), &cells);
    deciding.add_there(&key, badge.clone(), &there);
    if !alike && deciding.chance.percent(50) {
        deciding.source(&key).uniques.push(unique);
        return;
    }
    deciding.destination(&key).uniques.push(unique);
    deciding.decide("unique-only-in-destination", &key, &badge.column, "reject", "");
    deciding.pair.decided.first_of_each.insert(key);
}
