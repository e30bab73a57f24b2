//! Which entities are moved, and what forbids it.

use std::collections::{BTreeMap, BTreeSet};

use super::{EntityKey, Oracle, Way};
use crate::estate::decided::Wish;
use crate::estate::model::{Attribute, Cell, Entity, Environment, Row, Rule, Target};

impl Oracle<'_> {
    /// Whether any row of the entity stays, and points at a row of the target that goes.
    fn stay_and_point_at(&self, from: &Entity, target: &EntityKey) -> bool {
        let own = from.full_key();
        let to = self.destination_entity(target);
        let goes = |row: &&Row| !self.stands(target, row);
        let gone: Vec<Option<&Cell>> =
            to.rows.iter().filter(goes).map(|row| to.id_of(row)).collect();
        let stays = |row: &&Row| !self.moved.contains_key(&own) || self.stands(&own, row);
        let to_it = Target::Entity(target.clone());
        let decided = &self.pair.decided.outside;
        let links = from.attributes.iter().filter(|a| a.active && a.target() == Some(&to_it));
        let links: Vec<&String> =
            links.map(|a| &a.key).filter(|key| !decided.contains_key(*key)).collect();
        let mut staying = from.rows.iter().filter(stays);
        staying.any(|row| links.iter().any(|key| gone.contains(&row.cells.get(*key))))
    }

    /// The ids of the rows of a moved entity that go.
    fn gone(&self, key: &EntityKey) -> BTreeSet<Cell> {
        let there = self.destination_entity(key);
        let goes = there.rows.iter().filter(|row| !self.stands(key, row));
        goes.filter_map(|row| there.id_of(row).cloned()).collect()
    }

    /// The rows outside the scope of each entity that hang on rows that go, as they are afterwards:
    /// fewer, or with fewer references.
    pub(super) fn outside(&self) -> BTreeMap<EntityKey, Vec<Row>> {
        let others: Vec<&Entity> = self
            .pair
            .destination
            .entities
            .iter()
            .filter(|e| e.active && !self.moved.contains_key(&e.full_key()))
            .collect();
        let mut rows: BTreeMap<EntityKey, Vec<Row>> = BTreeMap::new();
        let mut gone: BTreeMap<EntityKey, BTreeSet<Cell>> =
            self.moved.keys().map(|key| (key.clone(), self.gone(key))).collect();
        for entity in &others {
            rows.insert(entity.full_key(), entity.rows.clone());
        }
        let points = |gone: &BTreeMap<EntityKey, BTreeSet<Cell>>, link: &Attribute, row: &Row| {
            let Some(Target::Entity(key)) = link.target() else { return false };
            link.active && gone.get(key).is_some_and(|gone| gone.contains(&row.cells[&link.key]))
        };
        // Again and again, for what hangs on what hangs on them.
        loop {
            let mut more = 0;
            for entity in &others {
                let goes = |row: &Row| {
                    entity.attributes.iter().any(|link| {
                        let decided = self.pair.decided.outside.get(&link.key);
                        // Of what refers to rows outside the scope nothing is decided.
                        decided.is_none_or(|goes| *goes) && points(&gone, link, row)
                    })
                };
                let own = rows.get_mut(&entity.full_key()).expect("just put");
                let (going, staying) = own.iter().cloned().partition::<Vec<Row>, _>(goes);
                *own = staying;
                more += going.len();
                let ids = going.iter().filter_map(|row| entity.id_of(row).cloned());
                gone.entry(entity.full_key()).or_default().extend(ids.collect::<Vec<_>>());
            }
            if more == 0 {
                break;
            }
        }
        for entity in &others {
            for row in rows.get_mut(&entity.full_key()).expect("just put") {
                for link in &entity.attributes {
                    if self.pair.decided.outside.get(&link.key) == Some(&false)
                        && points(&gone, link, row)
                    {
                        row.cells.insert(link.key.clone(), Cell::Null);
                    }
                }
            }
        }
        rows.retain(|key, rows| *rows != self.destination_entity(key).rows);
        rows
    }

    /// The espaces of the chosen applications.
    pub(super) fn espaces(&self) -> Vec<String> {
        self.pair
            .source
            .applications
            .iter()
            .filter(|a| self.pair.applications.contains(&a.name))
            .flat_map(|a| a.espaces.clone())
            .collect()
    }

    /// Chosen entities, and the producers that their references lead to.
    pub(super) fn find_scope(&mut self) {
        let espaces = self.espaces();
        let mut queue: Vec<(EntityKey, bool)> = self
            .pair
            .source
            .entities
            .iter()
            .filter(|e| e.active && !e.is_static && espaces.contains(&e.espace))
            .map(|e| (e.full_key(), true))
            // What has become static there is never written.
            .filter(|(key, _)| self.pair.destination.entity(key).is_none_or(|e| !e.is_static))
            .filter(|(key, _)| !self.pair.decided.excluded.contains(key))
            .collect();
        let mut producers = Vec::new();
        while let Some((key, chosen)) = queue.pop() {
            let twins = |environment: &Environment| {
                environment.entities.iter().filter(|e| e.active && e.full_key() == key).count()
            };
            match (twins(&self.pair.source), twins(&self.pair.destination)) {
                (1, 1) => {}
                (1, 0) => {
                    self.only_in_source.insert(key);
                    continue;
                }
                _ => {
                    let name = self.source_entity(&key).name.clone();
                    self.stop(format!("{name} is there twice"));
                    continue;
                }
            }
            let way = if chosen { self.chosen } else { Way::Replace };
            if self.moved.insert(key.clone(), way).is_some() {
                continue;
            }
            if !chosen {
                producers.push(key.clone());
            }
            for (mine, _) in self.common(&key) {
                let stays_out = matches!(
                    self.wish(&mine),
                    Some(Wish::ByKey(_) | Wish::OneRow(_) | Wish::Emptied | Wish::RowStaysBehind)
                );
                if let Some(Target::Entity(target)) = mine.target()
                    && let Some(entity) = self.pair.source.entity(target)
                    && !stays_out
                    && !entity.external
                    && match entity.is_static {
                        true => self.pair.decided.as_rows.contains(target),
                        false => !espaces.contains(&entity.espace),
                    }
                    && !self.moved.contains_key(target)
                {
                    queue.push((target.clone(), false));
                }
            }
        }
        for key in producers {
            if self.own_key(&key).is_some() {
                self.moved.insert(key, Way::Keep);
            }
        }
    }

    /// What forbids the migration before any row is looked at.
    pub(super) fn check_scope(&mut self) {
        let destination = &self.pair.destination;
        let mut found = Vec::new();
        for (key, way) in &self.moved {
            let entity = self.destination_entity(key);
            if *way != Way::Replace {
                continue;
            }
            for other in destination.entities.iter().filter(|e| e.active) {
                if self.stay_and_point_at(other, key) {
                    found.push(format!("rows of {} point at {}", other.name, entity.name));
                }
            }
        }
        for key in self.moved.keys() {
            let demanding = |a: &&Attribute| {
                let is_used = a.active && a.listed;
                let is_told = matches!(self.wish(a), Some(Wish::Value(_)));
                !(is_used || a.nullable || a.autonumber || a.default.is_some() || is_told)
            };
            if let Some(left) = self.destination_entity(key).attributes.iter().find(demanding) {
                found.push(format!("the leftover {} demands a value", left.name));
            }
            for (mine, theirs) in self.common(key) {
                // Rows that it is led to have to stay.
                let is_led = matches!(self.wish(&mine), Some(Wish::ByKey(_) | Wish::OneRow(_)));
                if let Some(Target::Entity(target)) = mine.target()
                    && is_led
                    && self.moved.get(target) == Some(&Way::Replace)
                {
                    found.push(format!("the rows go to which {} is led", mine.name));
                }
                let is_settled = matches!(self.wish(&mine), Some(Wish::Confirmed));
                if mine.damage.is_some() && !is_settled || theirs.damage.is_some() {
                    found.push(format!("the model's word about {} is wrong", mine.name));
                }
            }
            if self.hard_way_back(key, key, &mut Vec::new()) {
                found.push(format!("{} needs itself", self.destination_entity(key).name));
            }
        }
        self.refusals.extend(found);
    }

    /// Whether references that can never be empty lead from one entity to the other.
    fn hard_way_back(&self, from: &EntityKey, to: &EntityKey, seen: &mut Vec<EntityKey>) -> bool {
        for (mine, theirs) in self.common(from) {
            let Some(Target::Entity(next)) = mine.target() else { continue };
            if theirs.nullable || theirs.rule == Rule::Ignore || !self.moved.contains_key(next) {
                continue;
            }
            if next == to {
                return true;
            }
            if !seen.contains(next) {
                seen.push(next.clone());
                if self.hard_way_back(next, to, seen) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether rows that belong to no tenant come along.
    pub(super) fn carries_tenantless(&self, key: &EntityKey) -> bool {
        let here = self.source_entity(key);
        here.multitenant
            && here.rows.iter().any(has_no_tenant)
            && !self.pair.decided.tenantless_behind.contains(key)
    }

    /// Rows of a moved entity that stay in the destination.
    pub(super) fn stands(&self, key: &EntityKey, row: &crate::estate::model::Row) -> bool {
        let entity = self.destination_entity(key);
        if self.moved[key] != Way::Replace {
            return true;
        }
        if let Some(tenant) = self.pair.decided.into_tenant.get(key) {
            if row.tenant != Some(*tenant) {
                return true;
            }
        } else if entity.multitenant && has_no_tenant(row) {
            if !self.carries_tenantless(key) {
                return true;
            }
        } else if entity.multitenant
            && !self.pair.source.tenants.iter().any(|t| self.tenant(t.id) == row.tenant)
        {
            return true;
        }
        if let Some(Target::Entity(parent)) = entity.extends()
            && self.moved.contains_key(parent)
        {
            // It stays with the row that it extends.
            let extended = self.destination_entity(parent);
            let id = entity.id_of(row);
            return extended.rows.iter().any(|r| extended.id_of(r) == id && self.stands(parent, r));
        }
        entity.extends() == Some(&Target::User)
            && !self.pair.source.users.iter().any(|u| {
                self.matches(u).first().map(|m| Cell::Int(m.id)).as_ref() == entity.id_of(row)
            })
    }
}

/// Whether a row of an entity whose rows belong to tenants belongs to none.
pub(super) fn has_no_tenant(row: &Row) -> bool {
    row.tenant.is_none_or(|tenant| tenant == 0)
}
