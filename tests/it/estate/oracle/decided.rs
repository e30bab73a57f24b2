//! What has to come of a decision: a value in another type, an id in a plain value, a reference that
//! is led elsewhere.

use std::collections::BTreeMap;

use super::{Expect, Fate, Oracle, Resolved, fits, folded};
use crate::estate::content::plain;
use crate::estate::decided::Wish;
use crate::estate::generate::values::empty_of;
use crate::estate::model::{Attribute, Cell, Entity, EntityKey, Kind, Row, Target};

impl Oracle<'_> {
    pub(super) fn wish(&self, attribute: &Attribute) -> Option<&Wish> {
        self.pair.decided.attributes.get(&attribute.key)
    }

    /// Rows whose value has no form in the destination stay behind.
    pub(super) fn leave_out_what_has_no_form(&mut self, keys: &[EntityKey]) {
        for key in keys {
            for (mine, theirs) in self.shared[key].clone() {
                for index in 0..self.source_entity(key).rows.len() {
                    let cell = &self.source_entity(key).rows[index].cells[&mine.key];
                    let stays_behind = match self.wish(&mine) {
                        Some(Wish::Converted) => converted(&mine, &theirs, cell).is_none(),
                        Some(Wish::MisfitStaysBehind) => !fits(cell, &theirs),
                        Some(Wish::Instead { of_empty, value: None }) => {
                            is_nothing(cell, *of_empty)
                        }
                        _ => false,
                    };
                    if stays_behind {
                        self.fates.get_mut(key).expect("there")[index] = Fate::LeftOut;
                    }
                }
            }
        }
    }

    /// Where a reference that leaves the scope is led by a decision.
    pub(super) fn led(&self, mine: &Attribute, cell: &Cell) -> Option<Resolved> {
        let Some(Target::Entity(target)) = mine.target() else { return None };
        match self.wish(mine)? {
            Wish::OneRow(row) => Some(Resolved::To(Expect::Is(row.clone()))),
            Wish::Emptied => Some(Resolved::Nowhere),
            Wish::RowStaysBehind => Some(Resolved::Barred),
            Wish::ByKey(by) => {
                let found = self.by_key(mine, target, by).get(cell).cloned();
                Some(found.map_or(Resolved::Nowhere, |row| Resolved::To(Expect::Is(row))))
            }
            _ => None,
        }
    }

    /// Whether a reference to a row that is gone takes its row along.
    pub(super) fn is_orphan_behind(&self, mine: &Attribute, cell: &Cell) -> bool {
        let is_there = || match (mine.target(), cell) {
            (Some(Target::Entity(key)), _) => self.source_row(key, cell).is_some(),
            (_, Cell::Int(id)) => self.pair.source.user(*id).is_some(),
            _ => false,
        };
        matches!(self.wish(mine), Some(Wish::OrphansStayBehind)) && !is_there()
    }

    /// The destination's row for each row referred to of which it is certain: no other row of the
    /// destination has the same key, and no other row referred to is like it.
    fn by_key(&self, mine: &Attribute, target: &EntityKey, by: &[String]) -> BTreeMap<Cell, Cell> {
        let (source, destination) = (&self.pair.source, &self.pair.destination);
        let holds = |e: &&Entity| e.active && e.attribute(&mine.key).is_some();
        let holder = source.entities.iter().find(holds).expect("the attribute's own");
        let (here, there) = (self.source_entity(target), self.destination_entity(target));
        let mut found: Vec<(Cell, Cell)> = Vec::new();
        for row in &here.rows {
            let id = here.id_of(row).expect("identified");
            let is_used = holder.rows.iter().any(|other| &other.cells[&mine.key] == id);
            let values =
                |row: &Row| -> Vec<Cell> { by.iter().map(|at| folded(&row.cells[at])).collect() };
            let key = values(row);
            if !is_used || key.iter().any(|cell| *cell == Cell::Null || *cell == Cell::text("")) {
                continue;
            }
            let tenant = row.tenant.and_then(|tenant| self.tenant(tenant));
            if here.multitenant && tenant.is_none() {
                continue;
            }
            let mut same = there.rows.iter().filter(|other| {
                values(other) == key && (!here.multitenant || other.tenant == tenant)
            });
            if let (Some(one), None) = (same.next(), same.next()) {
                found.push((id.clone(), there.id_of(one).expect("identified").clone()));
            }
        }
        assert!(destination.entity(target).is_some(), "only rows that are there can be meant");
        let times = |row: &Cell| found.iter().filter(|(_, other)| other == row).count();
        found.iter().filter(|(_, row)| times(row) == 1).cloned().collect()
    }

    /// What has to stand in a plain attribute that holds ids.
    pub(super) fn remapped(&self, target: &Target, theirs: &Attribute, cell: &Cell) -> Expect {
        let stays = Expect::Is(cell.clone());
        let (Some(id), is_text) = (id_in(cell), matches!(cell, Cell::Text(_))) else {
            return stays;
        };
        let resolved = match target {
            Target::Entity(key) => {
                let Some(index) = self.source_row(key, &Cell::Int(id)) else { return stays };
                self.fate_of(key, index)
            }
            _ => self.resolve_user(theirs, &Cell::Int(id)),
        };
        match resolved {
            Resolved::To(Expect::Is(Cell::Int(new))) if is_text => {
                Expect::Is(Cell::text(new.to_string()))
            }
            Resolved::To(Expect::Made(symbol)) if is_text => Expect::Written(symbol),
            Resolved::To(expect) => expect,
            Resolved::Nowhere | Resolved::Barred | Resolved::Stop(_) => stays,
        }
    }

    /// Whether rows bring ids along that the source's database gave: one that a row of the
    /// destination has too says nothing.
    pub(super) fn brings_foreign_ids(&self, key: &EntityKey) -> bool {
        let is_given = |entity: &Entity| entity.identifier().is_some_and(|id| id.autonumber);
        is_given(self.source_entity(key)) && !is_given(self.destination_entity(key))
    }

    /// What a column gets that nothing of the source fills.
    pub(super) fn not_carried(&self, here: &Entity, theirs: &Attribute) -> Cell {
        if let Some(Wish::Value(cell)) = self.wish(theirs) {
            return cell.clone();
        }
        let is_in_use = |a: &Attribute| a.active && a.listed;
        let is_new = is_in_use(theirs) && !here.attribute(&theirs.key).is_some_and(is_in_use);
        match &theirs.default {
            Some(default) => default.clone(),
            // What the platform gives a new record.
            // Binary data is nothing where that can be.
            None if is_new && !(theirs.kind == Kind::Binary && theirs.nullable) => {
                empty_of(&theirs.kind)
            }
            None => Cell::Null,
        }
    }
}

/// Whether there is no value: NULL, and perhaps a text without a character.
pub(super) fn is_nothing(cell: &Cell, of_empty: bool) -> bool {
    cell == &Cell::Null || of_empty && cell == &Cell::text("")
}

/// Whether a value says nothing of anybody, so that it is never masked.
pub(super) fn says_nothing(mine: &Attribute, cell: &Cell) -> bool {
    match (&mine.kind, cell) {
        (_, Cell::Null) => true,
        (Kind::Boolean, _) => false,
        (Kind::Date | Kind::DateTime, Cell::Text(text)) => text.starts_with("1900-01-01"),
        (Kind::Decimal(..), Cell::Text(text)) => text.chars().all(|sign| "-0.".contains(sign)),
        (_, Cell::Text(text)) => text.trim_matches(' ').is_empty(),
        (_, Cell::Int(number)) => *number == 0,
        (_, Cell::Bytes(bytes)) => bytes.is_empty(),
    }
}

/// The id that a plain value may be; nothing, 0 and what is written otherwise is none.
pub(super) fn id_in(cell: &Cell) -> Option<i64> {
    let id = match cell {
        Cell::Int(id) => Some(*id),
        Cell::Text(text) => text.parse::<i64>().ok().filter(|id| &id.to_string() == text),
        _ => None,
    };
    id.filter(|id| *id != 0)
}

/// A value in the destination's type, where it has a form there.
pub(super) fn converted(mine: &Attribute, theirs: &Attribute, cell: &Cell) -> Option<Cell> {
    let found = match (&mine.kind, &theirs.kind, cell) {
        (_, _, Cell::Null) => Cell::Null,
        (Kind::Boolean, Kind::Text(_), Cell::Int(bit)) => {
            Cell::text(if *bit == 0 { "False" } else { "True" })
        }
        (_, Kind::Text(_), Cell::Int(number)) => Cell::text(number.to_string()),
        (_, Kind::Text(_), Cell::Text(_)) => plain(cell.clone(), "decimal"),
        (_, Kind::Boolean, Cell::Int(0 | 1)) => cell.clone(),
        (Kind::Text(_), Kind::Integer, Cell::Text(text)) => {
            number(text, false)?.parse::<i32>().ok().map(|number| Cell::Int(number.into()))?
        }
        (_, Kind::Integer, Cell::Text(_)) => match plain(cell.clone(), "decimal") {
            Cell::Text(text) => Cell::Int(text.parse::<i32>().ok()?.into()),
            _ => return None,
        },
        (_, Kind::Decimal(..), Cell::Text(text)) => {
            plain(Cell::Text(number(text, true)?), "decimal")
        }
        (_, Kind::DateTime, Cell::Text(text)) => Cell::Text(moment(text.trim_matches(' '))?),
        _ => return None,
    };
    fits(&found, theirs).then_some(found)
}

/// A text with as many of its characters as have room there, each as many UTF-16 units wide as it is.
pub(super) fn shortened(theirs: &Attribute, cell: &Cell) -> Cell {
    let (Kind::Text(most), Cell::Text(text)) = (&theirs.kind, cell) else { return cell.clone() };
    if *most > 2000 {
        return cell.clone();
    }
    let mut room = usize::from(*most);
    let mut kept = String::new();
    for character in text.chars() {
        let Some(left) = room.checked_sub(character.len_utf16()) else { break };
        room = left;
        kept.push(character);
    }
    Cell::Text(kept)
}

/// A text that is nothing but a number, without blanks around it; an empty one is 0.
fn number(text: &str, with_decimals: bool) -> Option<String> {
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return Some("0".to_owned());
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if with_decimals => (whole, fraction),
        Some(_) => return None,
        None => (digits, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = !whole.is_empty() && is_digits(whole) && is_digits(fraction);
    is_number.then(|| text.trim_start_matches('+').to_owned())
}

/// A day, with a time or without.
fn moment(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("1900-01-01 00:00:00".to_owned());
    }
    let (day, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let parts = |text: &str, by: char, most: [u32; 3]| {
        let all: Vec<u32> = text.split(by).map(str::parse).collect::<Result<_, _>>().ok()?;
        let fits = all.len() == 3 && all.iter().zip(most).all(|(one, most)| *one <= most);
        fits.then(|| [all[0], all[1], all[2]])
    };
    let [year, month, date] = parts(day, '-', [9999, 12, 31])?;
    parts(clock, ':', [23, 59, 59])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (date <= last).then(|| format!("{day} {clock}"))
}
