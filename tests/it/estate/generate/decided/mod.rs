//! What the two sides of a pair have made differently, with what a person decides about it.
//!
//! It is put into a pair that is made already, so that every other feature shows what it would
//! without it.

mod entities;
mod excluded;
mod foreign;
mod leftovers;
mod losses;
mod lost;
mod masks;
mod outside;
mod people;
mod references;
mod several;
mod tenantless;
mod values;

use super::derive::extra;
use super::structure::CHOSEN;
use crate::estate::chance::Chance;
use crate::estate::model::{Attribute, Cell, Entity, EntityKey, Environment, Kind, Pair, Row};
use crate::estate::recipe::{Feature, Recipe};

/// Puts the features in about which a person has to decide.
pub fn decide(pair: &mut Pair, recipe: &Recipe) {
    type Put = fn(&mut Deciding<'_>);
    let all: [(Feature, Put); 33] = [
        (Feature::UsersByEmail, people::by_email),
        (Feature::UsersUpdated, people::updated),
        (Feature::UsersMapped, people::mapped),
        (Feature::TenantMapped, people::tenant_mapped),
        (Feature::GroupsMapped, people::groups_mapped),
        (Feature::RecordMapped, references::record_mapped),
        (Feature::Retyped, values::retyped),
        (Feature::RecordLost, lost::record_lost),
        (Feature::TextsCut, losses::texts_cut),
        (Feature::MisfitsRejected, losses::misfits_rejected),
        (Feature::LeftoversDemand, leftovers::leftovers_demand),
        (Feature::AnotherSystem, foreign::another_system),
        (Feature::ValuesDemanded, lost::values_demanded),
        (Feature::MasksDecided, masks::masks_decided),
        (Feature::LeavingDropped, lost::leaving_dropped),
        (Feature::NewMandatory, values::new_mandatory),
        (Feature::InactiveOneSide, values::inactive_one_side),
        (Feature::UniqueOneSide, values::unique_one_side),
        (Feature::IdentifierGiven, entities::identifier_given),
        (Feature::SoftKeys, references::soft_keys),
        (Feature::LeavingByKey, references::leaving_by_key),
        (Feature::LeavingBySeveral, several::leaving_by_several),
        (Feature::Retargeted, references::retargeted),
        (Feature::Remade, values::remade),
        (Feature::Unresolved, references::unresolved),
        (Feature::OrphansRejected, lost::orphans_rejected),
        (Feature::KindChanged, entities::kind_changed),
        (Feature::RowsWithoutTenant, tenantless::rows_without_tenant),
        (Feature::TenancyChanged, entities::tenancy_changed),
        (Feature::EntityExcluded, excluded::excluded),
        (Feature::OutsidersDecided, outside::outsiders_decided),
        // Whom rows refer to is known when all rows are there.
        (Feature::UsersRecreated, people::recreated),
        (Feature::InTables, |deciding| deciding.pair.decided.in_tables = true),
    ];
    for (feature, put) in all {
        if recipe.has(feature) {
            let chance = Chance::new(recipe.seed).fork("decided").fork(&format!("{feature:?}"));
            put(&mut Deciding { pair, recipe, chance });
        }
    }
}

struct Deciding<'a> {
    pair: &'a mut Pair,
    recipe: &'a Recipe,
    chance: Chance,
}

impl Deciding<'_> {
    /// Entities of the scope that both sides have, to which attributes may be added.
    fn chosen(&self) -> Vec<EntityKey> {
        let source = &self.pair.source;
        let application = source.applications.iter().find(|a| a.name == CHOSEN);
        let espaces = &application.expect("always there").espaces;
        let is_apart = |name: &str| ["Fresh", "Wide", "Linking"].contains(&name);
        source
            .entities
            .iter()
            .filter(|e| e.active && !e.is_static && espaces.contains(&e.espace))
            .filter(|e| !is_apart(&e.name))
            .map(Entity::full_key)
            .filter(|key| self.pair.destination.entity(key).is_some_and(|e| !e.is_static))
            .filter(|key| !self.pair.decided.excluded.contains(key))
            .collect()
    }

    /// Up to so many of these, at least one where there is one.
    fn some<T: Clone>(&mut self, from: &[T], most: usize) -> Vec<T> {
        let mut all = from.to_vec();
        self.chance.shuffle(&mut all);
        all.truncate(1 + self.chance.below(most));
        all
    }

    fn both(&mut self) -> [&mut Environment; 2] {
        [&mut self.pair.source, &mut self.pair.destination]
    }

    fn source(&mut self, key: &EntityKey) -> &mut Entity {
        self.pair.source.entity_mut(key).expect("in the source")
    }

    fn destination(&mut self, key: &EntityKey) -> &mut Entity {
        self.pair.destination.entity_mut(key).expect("in the destination")
    }

    /// A static entity that both sides have.
    fn a_static(&mut self) -> EntityKey {
        let statics: Vec<EntityKey> = ["Country", "Status", "Channel"]
            .into_iter()
            .filter_map(|name| Some(self.pair.source.named(name)?.full_key()))
            .collect();
        self.chance.pick(&statics).clone()
    }

    /// An attribute that may be empty, without a default.
    fn attribute(&mut self, name: &str, kind: Kind) -> Attribute {
        extra(&mut self.chance, name, kind, None, true)
    }

    /// Adds an attribute to the source's entity, anywhere among the others.
    fn add_here(&mut self, key: &EntityKey, attribute: Attribute, cells: &[Cell]) {
        let count = self.source(key).attributes.len();
        let at = self.chance.below(count + 1);
        put_in(self.source(key), at, attribute, cells);
    }

    /// Adds an attribute to the destination's entity, anywhere among the others.
    fn add_there(&mut self, key: &EntityKey, attribute: Attribute, cells: &[Cell]) {
        let count = self.destination(key).attributes.len();
        let at = self.chance.below(count + 1);
        put_in(self.destination(key), at, attribute, cells);
    }

    /// One of these for each row of the source's entity.
    fn cells_here(&mut self, key: &EntityKey, from: &[Cell]) -> Vec<Cell> {
        let rows = self.source(key).rows.len();
        (0..rows).map(|_| self.chance.pick(from).clone()).collect()
    }

    /// Decides about an attribute of the source.
    fn decide(&mut self, kind: &str, key: &EntityKey, attribute: &str, choice: &str, to: &str) {
        let about = [("espace", &*key.0), ("entity", &*key.1), ("attribute", attribute)];
        self.pair.decided.decide(kind, &about, choice, Some(to).filter(|to| !to.is_empty()));
    }

    /// Decides about an entity of the source.
    fn decide_entity(&mut self, kind: &str, key: &EntityKey, choice: &str, to: &str) {
        let about = [("espace", &*key.0), ("entity", &*key.1)];
        self.pair.decided.decide(kind, &about, choice, Some(to).filter(|to| !to.is_empty()));
    }
}

/// Gives an entity one more attribute; of too few cells the last stands in the rows that are left.
fn put_in(entity: &mut Entity, at: usize, attribute: Attribute, cells: &[Cell]) {
    let last = cells.last().cloned().unwrap_or(Cell::Null);
    let cells = cells.iter().cloned().chain(std::iter::repeat(last));
    for (row, cell) in entity.rows.iter_mut().zip(cells) {
        row.cells.insert(attribute.key.clone(), cell);
    }
    entity.attributes.insert(at, attribute);
}

/// A row of an entity with these cells, in the order of its attributes.
fn row(entity: &Entity, cells: impl IntoIterator<Item = Cell>) -> Row {
    let keys = entity.attributes.iter().map(|a| a.key.clone());
    Row { cells: keys.zip(cells).collect(), tenant: None }
}
