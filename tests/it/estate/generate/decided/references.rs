//! References that lead elsewhere on the other side, and plain values that lead somewhere.

use super::{Deciding, row};
use crate::estate::decided::Wish;
use crate::estate::model::{
    Attribute, Cell, Damage, Entity, EntityKey, Environment, Kind, Rule, SERVICE_CENTER, TAG,
    Target, Unique,
};

/// What is no id of anything.
const NOBODY: i64 = 987_654_321;

/// Plain attributes that hold ids.
pub fn soft_keys(deciding: &mut Deciding<'_>) {
    let named = |key: &EntityKey| deciding.pair.source.entity(key).expect("there");
    let is_numbered = |key: &&EntityKey| {
        let there = deciding.pair.destination.entity(key).and_then(Entity::identifier);
        there.is_some_and(|id| id.autonumber) && !named(key).rows.is_empty()
    };
    let chosen = deciding.chosen();
    let mut targets: Vec<EntityKey> = chosen.iter().filter(is_numbered).cloned().collect();
    // It is taken in by a reference.
    targets.extend(deciding.pair.source.named("Party").map(Entity::full_key));
    // Without a tag nobody could tell rows apart that hold each other's ids.
    let is_told = |key: &&EntityKey| named(key).identifier.is_some() && named(key).tag().is_some();
    let holders: Vec<EntityKey> = chosen.iter().filter(is_told).cloned().collect();
    for (number, key) in deciding.some(&holders, 4).into_iter().enumerate() {
        let (target, name, ids) = match deciding.chance.pick_any(&targets) {
            Some(target) if deciding.chance.percent(80) => {
                let target = target.clone();
                let entity = deciding.pair.source.entity(&target).expect("there");
                let ids = entity.rows.iter().filter_map(|row| entity.id_of(row).cloned()).collect();
                let espace = &deciding.pair.source.espace(&target.0).name;
                let name = format!("{espace}.{}", entity.name);
                (Target::Entity(target), name, ids)
            }
            _ => (Target::User, format!("{SERVICE_CENTER}.User"), people(&deciding.pair.source)),
        };
        let kinds = [Kind::Integer, Kind::LongInteger, Kind::Text(40)];
        let kind = deciding.chance.pick(&kinds).clone();
        let is_text = kind == Kind::Text(40);
        let held = deciding.attribute(&format!("Held{number}"), kind);
        let rows = deciding.source(&key).rows.len();
        let cells: Vec<Cell> = (0..rows)
            .map(|_| match deciding.chance.below(10) {
                0 => Cell::Null,
                1 if is_text => deciding
                    .chance
                    .pick(&["", "no number", "007", "+5", " 12", "12 "].map(Cell::text))
                    .clone(),
                1 => Cell::Int(0),
                2 => written(&Cell::Int(NOBODY), is_text),
                _ => written(deciding.chance.pick_any(&ids).unwrap_or(&Cell::Null), is_text),
            })
            .collect();
        deciding.add_here(&key, held.clone(), &cells);
        deciding.add_there(&key, held.clone(), &[]);
        deciding.decide("soft-key-likely", &key, &held.key, "remap", &name);
        deciding.pair.decided.attributes.insert(held.key, Wish::Remapped(target));
    }
}

fn written(cell: &Cell, is_text: bool) -> Cell {
    match cell {
        Cell::Int(id) if is_text => Cell::text(id.to_string()),
        other => other.clone(),
    }
}

/// Everybody who is none of the platform's own people.
fn people(environment: &Environment) -> Vec<Cell> {
    environment.users.iter().filter(|u| u.tenant != 1).map(|u| Cell::Int(u.id)).collect()
}

/// An entity outside the scope with a code, referred to by a few in it.
pub fn leaving_by_key(deciding: &mut Deciding<'_>) {
    let is_number = deciding.chance.percent(30);
    let kind = if is_number { Kind::Integer } else { Kind::Text(30) };
    let code = |number: usize, loud: bool| match (is_number, loud) {
        (true, _) => Cell::Int(500 + number as i64),
        (false, true) => Cell::text(format!("SUP-{number}")),
        (false, false) => Cell::text(format!("Sup-{number}")),
    };
    let key = deciding.outside("Supplier", "Base_CS", "Code", kind);
    let is_unique = deciding.chance.percent(50);
    let count = 4 + deciding.chance.below(8);
    let mut here: Vec<Cell> = (0..count).map(|number| code(number, false)).collect();
    // Now and then another reference takes the entity in.
    let is_taken_in = deciding.chance.percent(25);
    // Some have none, and two may have the same.
    if !is_taken_in && deciding.chance.percent(50) {
        here.push(Cell::Null);
        here.push(if is_number { Cell::Null } else { Cell::text("") });
    }
    if !is_taken_in && deciding.chance.percent(40) {
        let again = deciding.chance.below(count);
        here.push(code(again, true));
    }
    let mut there: Vec<Cell> = Vec::new();
    for number in 0..count {
        if deciding.chance.percent(75) {
            let loud = deciding.chance.percent(50);
            there.push(code(number, loud));
            if !is_unique && deciding.chance.percent(15) {
                there.push(code(number, !loud));
            }
        }
    }
    deciding.chance.shuffle(&mut there);
    let attribute = deciding.fill_outside(&key, &here, &there);
    if is_unique {
        let unique = Unique { attributes: vec![attribute], tenant: false };
        deciding.destination(&key).uniques.push(unique.clone());
        // What is taken in is recognised by a key that both sides have, and that is never NULL.
        if is_taken_in {
            deciding.source(&key).uniques.push(unique);
            for side in deciding.both() {
                let told = side.entity_mut(&key).expect("just made").attributes.last_mut();
                told.expect("just made").nullable = false;
            }
        }
    }
    refer(deciding, &key, "Supplier", &["Code"], is_taken_in);
}

/// References to an entity outside the scope, each of which is led by a key, or to one row; the
/// first one takes the entity in, if that is wanted.
pub(super) fn refer(
    deciding: &mut Deciding<'_>,
    to: &EntityKey,
    name: &str,
    by: &[&str],
    is_taken_in: bool,
) {
    let entity = deciding.source(to).clone();
    let ids: Vec<Cell> = entity.rows.iter().filter_map(|row| entity.id_of(row).cloned()).collect();
    let there = deciding.destination(to).clone();
    let theirs: Vec<Cell> = there.rows.iter().filter_map(|row| there.id_of(row).cloned()).collect();
    let named = |name: &&str| entity.attributes.iter().find(|a| a.name == **name).expect("made");
    let by_key: Vec<String> = by.iter().map(|name| named(name).key.clone()).collect();
    let keys = deciding.chosen();
    let keys: Vec<EntityKey> = keys.into_iter().filter(|key| key != to).collect();
    for (number, key) in deciding.some(&keys, 3).into_iter().enumerate() {
        let kind = Kind::Reference(Target::Entity(to.clone()));
        let mut link = deciding.attribute(&format!("{name}Id"), kind);
        link.mandatory = deciding.chance.percent(30);
        let orphans = deciding.chance.percent(40);
        link.rule = if orphans { Rule::Ignore } else { Rule::Protect };
        let (mandatory, rows) = (link.mandatory, deciding.source(&key).rows.len());
        let cells: Vec<Cell> = (0..rows)
            .map(|_| match deciding.chance.below(8) {
                0 if !mandatory => Cell::Null,
                1 if orphans => Cell::Int(900_000 + deciding.chance.between(0, 9999)),
                _ => deciding.chance.pick_any(&ids).cloned().unwrap_or(Cell::Null),
            })
            .collect();
        deciding.add_here(&key, link.clone(), &cells);
        let stands: Vec<Cell> = (0..deciding.destination(&key).rows.len())
            .map(|_| deciding.chance.pick_any(&theirs).cloned().unwrap_or(Cell::Null))
            .collect();
        deciding.add_there(&key, link.clone(), &stands);
        if is_taken_in && number == 0 {
            continue;
        }
        let kind = "reference-leaves-scope";
        let wish = match deciding.chance.pick_any(&theirs).cloned() {
            Some(Cell::Int(id)) if deciding.chance.percent(25) => {
                deciding.decide(kind, &key, &link.key, "replacement", &id.to_string());
                Wish::OneRow(Cell::Int(id))
            }
            _ => {
                deciding.decide(kind, &key, &link.key, "map-by-key", &by.join("+"));
                let otherwise = if mandatory { "reject" } else { "empty" };
                for kind in ["lookup-missing", "lookup-ambiguous"] {
                    deciding.decide(kind, &key, &link.key, otherwise, "");
                }
                Wish::ByKey(by_key.clone())
            }
        };
        deciding.pair.decided.attributes.insert(link.key, wish);
    }
}

impl Deciding<'_> {
    /// An entity of both sides with a number, a tag and one attribute more, without rows.
    pub(super) fn outside(
        &mut self,
        name: &str,
        espace: &str,
        attribute: &str,
        kind: Kind,
    ) -> EntityKey {
        let mut id = self.attribute("Id", Kind::LongInteger);
        (id.mandatory, id.nullable, id.autonumber) = (true, false, true);
        id.rule = Rule::Protect;
        let tag = self.attribute(TAG, Kind::Text(100));
        let told = self.attribute(attribute, kind);
        let key = (self.pair.source.espace_named(espace).key.clone(), self.chance.key());
        let hash: String = key.0.chars().filter(|c| *c != '-').take(3).collect();
        for (side, prefix) in self.both().into_iter().zip(["", "d"]) {
            let id_of_entity = side.entities.iter().map(|e| e.id).max().unwrap_or(0) + 1;
            side.entities.push(Entity {
                id: id_of_entity,
                espace: key.0.clone(),
                key: key.1.clone(),
                name: name.to_owned(),
                table: format!("OSUSR_{prefix}{hash}_{name}"),
                is_static: false,
                external: false,
                multitenant: false,
                shown_tenant: None,
                active: true,
                identifier: Some(id.key.clone()),
                attributes: vec![id.clone(), tag.clone(), told.clone()],
                uniques: Vec::new(),
                rows: Vec::new(),
                records: Vec::new(),
                events: None,
            });
        }
        key
    }

    /// Gives it a row for each of these on each side, with other ids; returns the attribute's key.
    pub(super) fn fill_outside(
        &mut self,
        key: &EntityKey,
        here: &[Cell],
        there: &[Cell],
    ) -> String {
        for (first, cells) in [(40, here), (9, there)] {
            let mut next = first;
            let mut rows = Vec::new();
            let side = if first == 40 { "s" } else { "d" };
            let name = self.source(key).name.clone();
            for (number, cell) in cells.iter().enumerate() {
                next += self.chance.between(1, 3);
                let tag = Cell::text(format!("{side}-{name}-{number}"));
                rows.push(row(self.source(key), [Cell::Int(next), tag, cell.clone()]));
            }
            let entity = if first == 40 { self.source(key) } else { self.destination(key) };
            entity.rows = rows;
        }
        self.source(key).attributes[2].key.clone()
    }
}

/// References to other entities there: nothing of them can be carried over.
pub fn retargeted(deciding: &mut Deciding<'_>) {
    let statics = ["Country", "Status"].map(|name| {
        let entity = deciding.pair.source.named(name).expect("always there");
        Target::Entity(entity.full_key())
    });
    let keys = deciding.chosen();
    let things = keys.iter().filter(|key| {
        let entity = deciding.pair.source.entity(key).expect("there");
        entity.identifier().is_some_and(|id| id.autonumber)
    });
    let mut targets: Vec<Target> = things.cloned().map(Target::Entity).collect();
    targets.extend(statics);
    targets.extend([Target::User, Target::Espace]);
    for key in deciding.some(&keys, 2) {
        let mut pair = targets.clone();
        deciding.chance.shuffle(&mut pair);
        let [mine, theirs, ..] = &pair[..] else { continue };
        let cells = match mine {
            Target::User => people(&deciding.pair.source),
            Target::Entity(target) => {
                let entity = deciding.pair.source.entity(target).expect("there");
                entity.rows.iter().filter_map(|row| entity.id_of(row).cloned()).collect()
            }
            _ => vec![Cell::Int(deciding.pair.source.espaces[0].id)],
        };
        let cells = [cells, vec![Cell::Null]].concat();
        let mut aim = deciding.attribute("AimId", Kind::Reference(mine.clone()));
        aim.rule = Rule::Ignore;
        let cells = deciding.cells_here(&key, &cells);
        deciding.add_here(&key, aim.clone(), &cells);
        aim.kind = Kind::Reference(theirs.clone());
        deciding.add_there(&key, aim.clone(), &[]);
        deciding.decide("reference-retargeted", &key, &aim.key, "leave-out", "");
    }
}

/// References whose types name an espace that is gone; somebody says which entity is meant.
pub fn unresolved(deciding: &mut Deciding<'_>) {
    let keys = deciding.chosen();
    for key in deciding.some(&keys, 3) {
        let entity = deciding.pair.source.entity(&key).expect("there");
        // What says nothing is never taken for an attribute of another key.
        let decided = &deciding.pair.decided.attributes;
        let is_free = |a: &Attribute| a.active && !decided.contains_key(&a.key);
        let fits = entity.attributes.iter().filter_map(|a| match a.target() {
            Some(Target::Entity(target)) if is_free(a) && a.name.starts_with("Link") => {
                Some((a.key.clone(), target.clone()))
            }
            _ => None,
        });
        let fits: Vec<(String, EntityKey)> = fits.collect();
        let Some((attribute, target)) = deciding.chance.pick_any(&fits).cloned() else { continue };
        let gone = deciding.chance.key();
        let espace = deciding.pair.source.espace(&target.0).name.clone();
        let name = format!("{espace}.{}", deciding.source(&target).name);
        let mut mine = deciding.source(&key).attributes.iter_mut();
        let mine = mine.find(|a| a.key == attribute).expect("just seen");
        mine.damage = Some(Damage::Type(format!("bt{gone}*{}", target.1)));
        deciding.decide("reference-unresolved", &key, &attribute, "map", &name);
        deciding.pair.decided.attributes.insert(attribute, Wish::Confirmed);
    }
}

/// A record that rows use was made anew there, and another one stands for it.
pub fn record_mapped(deciding: &mut Deciding<'_>) {
    let key = deciding.a_static();
    let wanted: Vec<String> =
        deciding.source(&key).records.iter().filter(|r| r.active).map(|r| r.key.clone()).collect();
    let wanted = deciding.chance.pick(&wanted).clone();
    let anew = deciding.chance.key();
    let mut targets = Vec::new();
    for record in &mut deciding.destination(&key).records {
        if record.key == wanted {
            (record.key, record.name) = (anew.clone(), "Anew".to_owned());
        }
        if record.active {
            targets.push(record.data_id.clone());
        }
    }
    let Some(to) = deciding.chance.pick_any(&targets).cloned() else { return };
    let shown = match &to {
        Cell::Int(id) => id.to_string(),
        Cell::Text(id) => id.clone(),
        other => unreachable!("{other:?} is no id"),
    };
    let about = [("espace", &*key.0), ("entity", &*key.1), ("record", &*wanted)];
    deciding.pair.decided.decide("record-missing", &about, "map", Some(&shown));
    deciding.pair.decided.records.insert(wanted, to);
}
