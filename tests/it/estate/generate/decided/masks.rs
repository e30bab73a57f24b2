//! Attributes that hold personal data, each masked in a way of its own.

use super::Deciding;
use crate::estate::decided::Wish;
use crate::estate::generate::values::empty_of;
use crate::estate::model::{Cell, EntityKey, Kind};

/// A type, values of it that say something, one that says nothing, what may stand in place of each
/// as a plan says it and as it is, and how they can be masked by a key.
type Personal = (Kind, Vec<Cell>, Option<Cell>, &'static str, Cell, Option<&'static str>);

fn all() -> Vec<Personal> {
    use Kind::{Boolean, Date, DateTime, Decimal, Email, Integer, LongInteger, Phone, Text};
    let texts = |all: &[&str]| all.iter().map(|one| Cell::text(*one)).collect::<Vec<_>>();
    let ints = |all: &[i64]| all.iter().map(|one| Cell::Int(*one)).collect::<Vec<_>>();
    let (text, no_day) = (Cell::text, Some(Cell::text("1900-01-01 00:00:00")));
    let names =
        texts(&["Ana Ramos", "Ärger mit Größe", "masked", "  x", "Maria da Conceição Ramos"]);
    let moments = texts(&["2024-02-29 10:20:30", "1753-01-01 00:00:00", "9999-12-31 23:59:59"]);
    let days = texts(&["1999-12-31 00:00:00", "2024-02-29 00:00:00"]);
    let numbers = texts(&["0.05", "-12.30", "999999.99"]);
    let (least, most) = (i64::from(i32::MIN), i64::from(i32::MAX));
    vec![
        (Text(50), names.clone(), Some(text("  ")), "masked", text("masked"), Some("text")),
        (Text(20_000), names, Some(text("")), "nobody, nowhere", text("nobody, nowhere"), None),
        (
            Email,
            texts(&["Ana@company.test", "b@x"]),
            Some(text("")),
            "nobody@example.invalid",
            text("nobody@example.invalid"),
            Some("email"),
        ),
        (
            Phone,
            texts(&["+351 210 000 000", "7", "x y"]),
            Some(text(" ")),
            "000000000",
            text("000000000"),
            Some("phone"),
        ),
        (
            Integer,
            ints(&[least, most, 7, -120]),
            Some(Cell::Int(0)),
            "1",
            Cell::Int(1),
            Some("number"),
        ),
        (LongInteger, ints(&[i64::MAX, 5]), Some(Cell::Int(0)), "-9", Cell::Int(-9), None),
        (Decimal(8, 2), numbers, Some(text("0.00")), "12.5", text("12.50"), Some("number")),
        (
            DateTime,
            moments,
            Some(text("1900-01-01 12:34:56")),
            "1970-01-01",
            text("1970-01-01 00:00:00"),
            Some("date"),
        ),
        (Date, days, no_day, "1970-01-01", text("1970-01-01 00:00:00"), Some("date")),
        // Yes and no both say something.
        (Boolean, ints(&[0, 1]), None, "True", Cell::Int(1), None),
    ]
}

/// Nothing, or the same value, or a mask stands in place of each value.
pub fn masks_decided(deciding: &mut Deciding<'_>) {
    let keys = deciding.chosen();
    for (number, key) in deciding.some(&keys, 5).into_iter().enumerate() {
        let (kind, full, empty, to, constant, way) = deciding.chance.pick(&all()).clone();
        let mut mine = deciding.attribute(&format!("Personal{number}"), kind.clone());
        let mut theirs = mine.clone();
        theirs.nullable = deciding.chance.percent(60);
        // What stands in place of a value that has no room there has room.
        theirs.kind = match kind {
            Kind::Text(50) if deciding.chance.percent(50) => Kind::Text(20),
            Kind::LongInteger if deciding.chance.percent(50) => Kind::Integer,
            _ => theirs.kind,
        };
        let mut cells = [full, empty.into_iter().collect()].concat();
        if theirs.nullable {
            cells.push(Cell::Null);
        } else {
            mine.nullable = deciding.chance.percent(50);
        }
        let cells = deciding.cells_here(&key, &cells);
        deciding.add_here(&key, mine.clone(), &cells);
        let there = constant.clone();
        let nothing = if theirs.nullable { Cell::Null } else { empty_of(&kind) };
        deciding.add_there(&key, theirs, &[there]);
        let by_key = way.filter(|_| is_identified(deciding, &key));
        let (choice, to, wish) = match deciding.chance.below(4) {
            0 | 1 => ("null", "", Wish::Masked(Some(nothing))),
            2 => ("constant", to, Wish::Masked(Some(constant))),
            _ => match by_key {
                Some(way) => ("mask", way, Wish::Masked(None)),
                None => ("constant", to, Wish::Masked(Some(constant))),
            },
        };
        let kind = match kind {
            Kind::Email | Kind::Phone => "personal-data",
            _ => "personal-data-likely",
        };
        deciding.decide(kind, &key, &mine.key, choice, to);
        deciding.pair.decided.attributes.insert(mine.key, wish);
    }
}

/// Whether masks can be told from what rows of the destination hold: rows without an identifier are
/// known by everything.
fn is_identified(deciding: &Deciding<'_>, key: &EntityKey) -> bool {
    deciding.pair.source.entity(key).is_some_and(|entity| entity.identifier.is_some())
}
