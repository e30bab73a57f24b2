//! Random values of every attribute type, with the extremes that databases trip over.

use crate::estate::chance::Chance;
use crate::estate::model::{Cell, Kind};

const TEXTS: &[&str] = &[
    "",
    " ",
    "trailing  ",
    "plain",
    "Ärger mit Größe",
    "日本語テキスト",
    "🜚 astral 𝄞",
    "it's; \"quoted\" [x] -- %",
    "line\r\nbreak\ttab",
    "e\u{301} combining",
    "0",
    "NULL",
    "1900-01-01",
];
const NARROW: &[&str] = &["", "+351 210 000 000", "a.b@example.com", "0", "x y"];
const DAYS: &[&str] =
    &["1753-01-01", "1900-01-01", "1899-12-31", "2000-02-29", "2024-06-30", "9999-12-31"];
const CLOCKS: &[&str] =
    &["00:00:00", "00:00:00.003", "12:34:56", "12:34:56.997", "23:59:59.997", "06:00:00.010"];

/// Cuts a text to so many UTF-16 units, never inside a character.
pub fn cut(text: &str, units: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|c| {
            used += c.len_utf16();
            used <= units
        })
        .collect()
}

/// The default OutSystems stores for a type.
pub fn empty_of(kind: &Kind) -> Cell {
    match kind {
        Kind::Text(_) | Kind::Phone | Kind::Email => Cell::text(""),
        Kind::Integer | Kind::LongInteger | Kind::Boolean => Cell::Int(0),
        Kind::Decimal(..) | Kind::Currency => Cell::text("0"),
        Kind::Date | Kind::Time | Kind::DateTime => Cell::text("1900-01-01 00:00:00"),
        Kind::Binary => Cell::Bytes(Vec::new()),
        Kind::Reference(_) => Cell::Null,
    }
}

fn decimal(chance: &mut Chance, precision: u8, scale: u8) -> Cell {
    let whole = usize::from(precision - scale);
    let scale = usize::from(scale);
    let mut text = String::new();
    if chance.percent(40) {
        text.push('-');
    }
    match chance.below(4) {
        0 => return Cell::text("0"),
        1 => {
            text.push_str(&"9".repeat(whole.max(1)));
            if whole == 0 {
                text.pop();
                text.push('0');
            }
            if scale > 0 {
                text = format!("{text}.{}", "9".repeat(scale));
            }
        }
        _ => {
            let digits = chance.below(whole.max(1)) + 1;
            let first = chance.between(1, 9);
            if whole == 0 {
                text.push('0');
            } else {
                text.push_str(&first.to_string());
                for _ in 1..digits {
                    text.push_str(&chance.below(10).to_string());
                }
            }
            if scale > 0 {
                text.push('.');
                for _ in 0..scale {
                    text.push_str(&chance.below(10).to_string());
                }
            }
        }
    }
    Cell::text(text)
}

/// A value of a type that is no reference, never NULL.
pub fn value(chance: &mut Chance, kind: &Kind, big: bool) -> Cell {
    match kind {
        Kind::Text(length) => {
            let text = match chance.below(6) {
                0 => "𝄞ab".repeat(usize::from(*length)),
                1 if big && *length > 2000 => "0123456789abcdeé".repeat(5000),
                _ => (*chance.pick(TEXTS)).to_owned(),
            };
            let units = if *length > 2000 { usize::MAX } else { usize::from(*length) };
            Cell::text(cut(&text, units))
        }
        Kind::Integer => Cell::Int(match chance.below(5) {
            0 => i64::from(i32::MIN),
            1 => i64::from(i32::MAX),
            2 => 0,
            _ => chance.between(-1000, 1000),
        }),
        Kind::LongInteger => Cell::Int(match chance.below(5) {
            0 => i64::MIN,
            1 => i64::MAX,
            2 => 0,
            _ => chance.between(-1_000_000_000_000, 1_000_000_000_000),
        }),
        Kind::Decimal(precision, scale) => decimal(chance, *precision, *scale),
        Kind::Currency => decimal(chance, 37, 8),
        Kind::Boolean => Cell::Int(i64::from(chance.percent(50))),
        Kind::Date => Cell::text(format!("{} 00:00:00", chance.pick(DAYS))),
        Kind::Time => Cell::text(format!("1900-01-01 {}", chance.pick(CLOCKS))),
        Kind::DateTime => Cell::text(format!("{} {}", chance.pick(DAYS), chance.pick(CLOCKS))),
        Kind::Phone | Kind::Email => Cell::text(*chance.pick(NARROW)),
        Kind::Binary => match chance.below(4) {
            0 => Cell::Bytes(Vec::new()),
            1 if big => Cell::Bytes((0..70_000_u32).map(|i| (i % 251) as u8).collect()),
            _ => Cell::Bytes((0..chance.below(40)).map(|i| (i * 37) as u8).collect()),
        },
        Kind::Reference(_) => Cell::Null,
    }
}
