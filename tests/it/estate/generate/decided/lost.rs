//! Rows that stay behind, or references that are emptied, by decision.

use super::Deciding;
use crate::estate::decided::Wish;
use crate::estate::generate::values::empty_of;
use crate::estate::model::{Attribute, Cell, EntityKey, Kind, Rule, Target};

/// References that leave the scope: rows that hold one stay behind, or it is emptied.
pub fn leaving_dropped(deciding: &mut Deciding<'_>) {
    let key = deciding.outside("Branch", "Base_CS", "Code", Kind::Text(20));
    let codes: Vec<Cell> = (0..4).map(|number| Cell::text(format!("b{number}"))).collect();
    deciding.fill_outside(&key, &codes, &codes);
    let there = deciding.destination(&key).clone();
    let entity = deciding.source(&key).clone();
    let ids: Vec<Cell> = entity.rows.iter().filter_map(|row| entity.id_of(row).cloned()).collect();
    let theirs: Vec<Cell> = there.rows.iter().filter_map(|row| there.id_of(row).cloned()).collect();
    let keys: Vec<EntityKey> =
        deciding.chosen().into_iter().filter(|other| *other != key).collect();
    for holder in deciding.some(&keys, 2) {
        let kind = Kind::Reference(Target::Entity(key.clone()));
        let mut link = deciding.attribute("BranchId", kind);
        link.rule = *deciding.chance.pick(&[Rule::Protect, Rule::Ignore]);
        link.mandatory = deciding.chance.percent(40);
        let is_guarded = link.rule != Rule::Ignore;
        let rows = deciding.source(&holder).rows.len();
        let cells: Vec<Cell> = (0..rows)
            .map(|_| match deciding.chance.below(6) {
                0 => deciding.chance.pick(&ids).clone(),
                1 if !is_guarded => Cell::Int(900_000 + deciding.chance.between(0, 9999)),
                2 if !is_guarded => Cell::Int(0),
                _ => Cell::Null,
            })
            .collect();
        deciding.add_here(&holder, link.clone(), &cells);
        deciding.add_there(&holder, link.clone(), &theirs);
        let is_rejected = link.mandatory || deciding.chance.percent(60);
        let choice = if is_rejected { "reject" } else { "empty" };
        deciding.decide("reference-leaves-scope", &holder, &link.key, choice, "");
        let wish = if is_rejected { Wish::RowStaysBehind } else { Wish::Emptied };
        deciding.pair.decided.attributes.insert(link.key, wish);
    }
}

/// A record that rows use and that is not there: rows that refer to it stay behind, or refer to
/// nothing.
pub fn record_lost(deciding: &mut Deciding<'_>) {
    let key = deciding.a_static();
    let decided = &deciding.pair.decided.records;
    let records = &deciding.pair.source.entity(&key).expect("there").records;
    let is_free = |key: &String| !decided.contains_key(key);
    let active = records.iter().filter(|r| r.active);
    let free: Vec<String> = active.map(|r| r.key.clone()).filter(is_free).collect();
    let Some(lost) = deciding.chance.pick_any(&free).cloned() else { return };
    let anew = deciding.chance.key();
    for record in &mut deciding.destination(&key).records {
        if record.key == lost {
            (record.key, record.name) = (anew.clone(), "Another".to_owned());
        }
    }
    let pair = &*deciding.pair;
    let target = Target::Entity(key.clone());
    let may_be_emptied = pair.source.entities.iter().filter(|e| e.active).all(|entity| {
        let there = pair.destination.entity(&entity.full_key());
        let mut links =
            entity.attributes.iter().filter(|a| a.active && a.target() == Some(&target));
        links.all(|mine| {
            let theirs = there.and_then(|there| there.attribute(&mine.key));
            theirs.is_some_and(Attribute::may_be_emptied)
        })
    });
    let is_emptied = may_be_emptied && deciding.chance.percent(60);
    let about = [("espace", &*key.0), ("entity", &*key.1), ("record", &*lost)];
    let choice = if is_emptied { "empty" } else { "reject" };
    deciding.pair.decided.decide("record-missing", &about, choice, None);
    deciding.pair.decided.lost_records.insert(lost, is_emptied);
}

/// References to rows that are gone: rows that hold one stay behind, though they could be emptied.
pub fn orphans_rejected(deciding: &mut Deciding<'_>) {
    let keys = deciding.chosen();
    for key in deciding.some(&keys, 4) {
        let pair = &*deciding.pair;
        let (here, there) = (
            pair.source.entity(&key).expect("there"),
            pair.destination.entity(&key).expect("there"),
        );
        let in_use = |key: &String| {
            let mut uniques = here.uniques.iter().chain(&there.uniques);
            uniques.any(|unique| unique.attributes.contains(key))
        };
        let fits = here.attributes.iter().filter(|a| {
            let theirs = there.attribute(&a.key).filter(|theirs| theirs.active);
            let is_same = theirs.is_some_and(|theirs| theirs.target() == a.target());
            a.active
                && is_same
                && a.rule == Rule::Ignore
                && matches!(a.target(), Some(Target::Entity(_) | Target::User))
                && here.identifier.as_ref() != Some(&a.key)
                && !a.name.starts_with("PlatformPerson")
                && a.name != "FreshId"
                && a.damage.is_none()
                && !pair.decided.attributes.contains_key(&a.key)
                && !in_use(&a.key)
        });
        let fits: Vec<Attribute> = fits.cloned().collect();
        let Some(link) = deciding.chance.pick_any(&fits).cloned() else { continue };
        let target = link.target().expect("a reference").clone();
        let is_text = matches!(deciding.pair.source.key_kind(&target), Kind::Text(_));
        for place in 0..deciding.source(&key).rows.len() {
            if deciding.chance.percent(15) {
                let number = 900_000 + deciding.chance.between(0, 9999);
                let gone =
                    if is_text { Cell::text(format!("gone-{number}")) } else { Cell::Int(number) };
                deciding.source(&key).rows[place].cells.insert(link.key.clone(), gone);
            }
        }
        deciding.decide("orphan-references", &key, &link.key, "reject", "");
        deciding.pair.decided.attributes.insert(link.key, Wish::OrphansStayBehind);
    }
}

/// Attributes that may be without a value here and not there.
pub fn values_demanded(deciding: &mut Deciding<'_>) {
    let all = [
        (Kind::Text(20), "none, so far", Cell::text("none, so far"), Cell::text("x")),
        (Kind::Integer, "-7", Cell::Int(-7), Cell::Int(12)),
        (Kind::Decimal(8, 2), "12.5", Cell::text("12.50"), Cell::text("0.05")),
        (Kind::Boolean, "True", Cell::Int(1), Cell::Int(0)),
        (
            Kind::DateTime,
            "2024-02-29",
            Cell::text("2024-02-29 00:00:00"),
            Cell::text("1999-12-31 23:59:59"),
        ),
    ];
    let keys = deciding.chosen();
    for (number, key) in deciding.some(&keys, 4).into_iter().enumerate() {
        let (kind, said, value, usual) = deciding.chance.pick(&all).clone();
        let mine = deciding.attribute(&format!("Wanted{number}"), kind.clone());
        let mut theirs = mine.clone();
        let (by_column, by_model) =
            *deciding.chance.pick(&[(true, false), (false, true), (true, true)]);
        (theirs.nullable, theirs.mandatory) = (!by_column, by_model);
        let mut cells = vec![usual.clone(), usual.clone(), usual.clone(), Cell::Null];
        if matches!(kind, Kind::Text(_)) {
            cells.extend([" ", "", "   "].map(Cell::text));
        }
        let cells = deciding.cells_here(&key, &cells);
        deciding.add_here(&key, mine.clone(), &cells);
        deciding.add_there(&key, theirs, std::slice::from_ref(&usual));
        let ways: &[&str] = if by_column { &["default", "value", "reject"] } else { &["empty"] };
        let of_null = *deciding.chance.pick(ways);
        let ways = ["empty", "value", "reject"];
        let of_nothing = if by_model { *deciding.chance.pick(&ways) } else { "empty" };
        for (kind, choice, is_asked) in
            [("null-not-allowed", of_null, by_column), ("mandatory-empty", of_nothing, by_model)]
        {
            if is_asked {
                let to = if choice == "value" { said } else { "" };
                deciding.decide(kind, &key, &mine.key, choice, to);
            }
        }
        let becomes = |choice: &str| match choice {
            "value" => Some(value.clone()),
            "default" => Some(empty_of(&kind)),
            _ => None,
        };
        // What the model demands goes before what the column does.
        let wish = match (of_nothing, of_null) {
            ("empty", "empty") => continue,
            ("empty", of_null) => Wish::Instead { of_empty: false, value: becomes(of_null) },
            (of_nothing, _) => Wish::Instead { of_empty: true, value: becomes(of_nothing) },
        };
        deciding.pair.decided.attributes.insert(mine.key, wish);
    }
}
