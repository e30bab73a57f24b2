//! By which key rows of ours are looked for among those of the destination and among each other.

use std::collections::BTreeMap;

use super::decided::shortened;
use super::{Expect, Fate, Oracle, Resolved, Way, folded};
use crate::estate::decided::Wish;
use crate::estate::model::{Attribute, Cell, Entity, EntityKey, Row, Target, Unique};

/// A key as it has to stand in the destination.
type Written = Vec<Expect>;

impl Oracle<'_> {
    /// The unique index by which rows of both sides are known to be the same.
    pub(super) fn natural_key(&self, key: &EntityKey) -> Option<Unique> {
        let common = self.common(key);
        let entity = self.destination_entity(key);
        entity
            .uniques
            .iter()
            .find(|u| u.attributes.iter().all(|a| common.iter().any(|(mine, _)| &mine.key == a)))
            .cloned()
    }

    /// By which of the destination's own keys rows of ours are looked for where its rows stay: the
    /// identifier where rows bring theirs along, else a unique index, else, of rows that are nothing
    /// but links, all their references. Rows without an identifier cannot be named at all.
    pub(super) fn own_key(&self, key: &EntityKey) -> Option<Unique> {
        let identifier = self.destination_entity(key).identifier()?;
        if self.brings_foreign_ids(key) {
            return None;
        }
        if identifier.autonumber {
            return self.natural_key(key).or_else(|| self.link_key(key));
        }
        Some(Unique { attributes: vec![identifier.key.clone()], tenant: false })
    }

    /// All references of an entity that holds nothing else, demands them, and to which nothing
    /// refers.
    fn link_key(&self, key: &EntityKey) -> Option<Unique> {
        let identifier = self.destination_entity(key).identifier.as_ref();
        let common = self.common(key);
        let links = common.iter().filter(|(_, theirs)| Some(&theirs.key) != identifier);
        let links: Vec<&(Attribute, Attribute)> = links.collect();
        let is_link = |(mine, theirs): &&(Attribute, Attribute)| {
            mine.target().is_some() && (theirs.mandatory || !theirs.nullable)
        };
        let to_it = Target::Entity(key.clone());
        let refers = |a: &Attribute| a.active && a.target() == Some(&to_it);
        let entities = &self.pair.source.entities;
        let is_referred_to = entities.iter().any(|e| e.active && e.attributes.iter().any(refers));
        let is_pure = links.len() > 1 && links.iter().all(is_link) && !is_referred_to;
        is_pure.then(|| Unique {
            attributes: links.iter().map(|(mine, _)| mine.key.clone()).collect(),
            tenant: false,
        })
    }

    /// The tenant that a row of ours gets.
    pub(super) fn tenant_of(&self, key: &EntityKey, row: &Row) -> Option<i64> {
        match self.pair.decided.into_tenant.get(key) {
            Some(tenant) => Some(*tenant),
            None => row.tenant.and_then(|t| self.tenant(t)),
        }
    }

    /// What a row of ours has in a key there; `None` where that cannot be.
    fn written(&self, key: &EntityKey, unique: &Unique, row: &Row) -> Option<Written> {
        let mut found = Vec::new();
        for attribute in &unique.attributes {
            let mut pairs = self.shared[key].iter();
            let (mine, theirs) = pairs.find(|(mine, _)| &mine.key == attribute)?;
            let cell = &row.cells[attribute];
            found.push(match mine.target() {
                None if matches!(self.wish(mine), Some(Wish::Cut)) => {
                    Expect::Is(folded(&shortened(theirs, cell)))
                }
                None => Expect::Is(folded(cell)),
                Some(_) => match self.resolve(mine, theirs, cell) {
                    Resolved::To(Expect::Is(cell)) => Expect::Is(folded(&cell)),
                    Resolved::To(expect) => expect,
                    Resolved::Nowhere | Resolved::Barred => Expect::Is(Cell::Null),
                    Resolved::Stop(_) => return None,
                },
            });
        }
        if unique.tenant {
            let tenant = self.tenant_of(key, row);
            found.push(Expect::Is(tenant.map_or(Cell::Null, Cell::Int)));
        }
        Some(found)
    }

    /// The fates of the rows of an entity that are not left out: rows of ours are looked for by the
    /// key of their entity where the destination's rows stay.
    pub(super) fn own_matches(&self, key: &EntityKey) -> Vec<Fate> {
        let here = self.source_entity(key);
        let moves = vec![Fate::Moves; here.rows.len()];
        if self.moved[key] == Way::Replace {
            return moves;
        }
        let Some(unique) = self.own_key(key) else { return moves };
        let there = self.destination_entity(key);
        let mut standing: BTreeMap<Written, Vec<&Cell>> = BTreeMap::new();
        for row in &there.rows {
            let cell = |a: &String| Expect::Is(folded(&row.cells[a]));
            let mut written: Written = unique.attributes.iter().map(cell).collect();
            if unique.tenant {
                written.push(Expect::Is(row.tenant.map_or(Cell::Null, Cell::Int)));
            }
            standing.entry(written).or_default().push(there.id_of(row).expect("identified"));
        }
        let mut first: BTreeMap<Written, usize> = BTreeMap::new();
        let mut fates = moves;
        for place in in_order(here) {
            let Some(written) = self.written(key, &unique, &here.rows[place]) else { continue };
            fates[place] = match standing.get(&written).map(Vec::as_slice) {
                Some([_]) if self.pair.decided.left_out_where_there.contains(key) => Fate::LeftOut,
                Some([one]) => Fate::Reused((*one).clone()),
                // One of them, and nothing refers to it.
                Some(_) => Fate::LeftOut,
                None if self.fates[key][place] == Fate::LeftOut => continue,
                None => match first.get(&written) {
                    Some(other) => Fate::Same(*other),
                    None => {
                        first.insert(written, place);
                        Fate::Moves
                    }
                },
            };
        }
        fates
    }

    /// Rows that bring along what the source's database gave them cannot come beside rows that have
    /// the same id, or the same in a unique index: whether they are the same only a person can say.
    pub(super) fn check_ids(&mut self) {
        let mut found = Vec::new();
        for key in self.moved.keys().filter(|key| self.brings_foreign_ids(key)) {
            let (here, there) = (self.source_entity(key), self.destination_entity(key));
            let own =
                Unique { attributes: there.identifier.iter().cloned().collect(), tenant: false };
            let standing = || there.rows.iter().filter(|row| self.stands(key, row));
            let is_taken = |unique: &Unique| {
                let written = |a: &String, row: &Row| Expect::Is(folded(&row.cells[a]));
                let taken: Vec<Written> = standing()
                    .map(|row| unique.attributes.iter().map(|a| written(a, row)).collect())
                    .collect();
                here.rows.iter().zip(&self.fates[key]).any(|(row, fate)| {
                    *fate == Fate::Moves
                        && self.written(key, unique, row).is_some_and(|own| taken.contains(&own))
                })
            };
            if is_taken(&own) || there.uniques.iter().any(is_taken) {
                found.push(format!("ids of {} are those of other rows there", here.name));
            }
        }
        found.into_iter().for_each(|why| self.stop(why));
    }

    /// Of rows that are alike for a unique index of the destination only the first comes along,
    /// where that was decided and nothing else makes them one.
    pub(super) fn leave_out_what_is_alike(&mut self) {
        for key in self.pair.decided.first_of_each.clone() {
            let Some(way) = self.moved.get(&key) else { continue };
            // Rows that are looked for become one with those that they are like.
            if *way != Way::Replace && self.own_key(&key).is_some() {
                continue;
            }
            let uniques = self.destination_entity(&key).uniques.clone();
            let here = self.source_entity(&key).clone();
            for unique in uniques {
                let mut seen = BTreeMap::new();
                for place in in_order(&here) {
                    if self.fates[&key][place] != Fate::Moves {
                        continue;
                    }
                    let written = self.written(&key, &unique, &here.rows[place]);
                    if seen.insert(written, place).is_some() {
                        self.fates.get_mut(&key).expect("there")[place] = Fate::LeftOut;
                    }
                }
            }
        }
    }
}

/// The places of rows in the order of their identifiers.
fn in_order(entity: &Entity) -> Vec<usize> {
    let mut places: Vec<usize> = (0..entity.rows.len()).collect();
    places.sort_by_key(|place| entity.id_of(&entity.rows[*place]));
    places
}
