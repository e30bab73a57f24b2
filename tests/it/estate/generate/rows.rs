//! Rows of one environment, every reference of which finds its row unless a feature says not.

use std::collections::{BTreeMap, BTreeSet};

use super::structure::CHOSEN;
use super::values::{cut, value};
use crate::estate::chance::Chance;
use crate::estate::model::{
    Attribute, Cell, Entity, EntityKey, Environment, Kind, Row, Rule, TAG, Target,
};
use crate::estate::recipe::{Feature, Flaw, Recipe};

/// Which side the rows are for, with what the destination has to know of the source.
pub enum Side<'a> {
    Source,
    /// The tenants both sides know, and the people of the destination that stand for people
    /// with a row in `Profile`, with those that only the destination has.
    Destination {
        tenants: &'a BTreeSet<i64>,
        profiles: &'a [i64],
    },
}

/// Makes the rows of an environment.
pub struct Filler<'a> {
    pub recipe: &'a Recipe,
    pub chance: Chance,
    pub environment: Environment,
    pub side: Side<'a>,
}

/// How many rows the entity with the exceeding text has.
pub const WIDE_ROWS: usize = 1205;

/// How the tags begin of rows that extend rows that stay.
const STAYS: &str = "stays-";

impl Filler<'_> {
    /// Fills every table but the static ones.
    pub fn fill(mut self) -> Environment {
        let count = self.environment.entities.len();
        for index in 0..count {
            if !self.environment.entities[index].is_static {
                self.fill_entity(index);
            }
        }
        for index in 0..count {
            self.fill_late(index);
        }
        if matches!(self.side, Side::Source) {
            self.blemishes();
        } else if self.recipe.has(Feature::ExtensionStays) {
            for index in 0..count {
                self.extend_what_stays(index);
            }
        }
        self.environment
    }

    /// Gives rows of tenants that only the destination has rows that extend them, referring to
    /// nothing else.
    fn extend_what_stays(&mut self, index: usize) {
        let entity = self.environment.entities[index].clone();
        let Some(Target::Entity(parent)) = entity.extends().cloned() else { return };
        let Some(parent) = self.environment.entity(&parent).cloned() else { return };
        let others = |a: &&Attribute| Some(&a.key) != entity.identifier.as_ref();
        let tied = |a: &Attribute| a.target().is_some() && !a.nullable;
        if entity.attributes.iter().filter(others).any(tied) {
            return;
        }
        for (number, row) in parent.rows.iter().enumerate() {
            let extended = parent.extends().is_some();
            let stays = if extended {
                row.cells.values().any(|c| matches!(c, Cell::Text(t) if t.starts_with(STAYS)))
            } else {
                self.stands(&parent, row.tenant)
            };
            let Some(id) = parent.id_of(row).filter(|_| stays) else { continue };
            if entity.rows.iter().any(|row| entity.id_of(row) == Some(id)) {
                continue;
            }
            let mut made = Row::default();
            for attribute in &entity.attributes {
                let cell = if Some(&attribute.key) == entity.identifier.as_ref() {
                    id.clone()
                } else if attribute.name == TAG {
                    Cell::text(format!("{STAYS}{}-{number}", entity.name))
                } else if attribute.target().is_some() {
                    Cell::Null
                } else {
                    let kind = self.fitting(attribute);
                    value(&mut self.chance, &kind, false)
                };
                made.cells.insert(attribute.key.clone(), cell);
            }
            self.environment.entities[index].rows.push(made);
        }
    }

    fn is_source(&self) -> bool {
        matches!(self.side, Side::Source)
    }

    /// Whether the entity belongs to the application in scope.
    fn chosen(&self, entity: &Entity) -> bool {
        let application = self.environment.applications.iter().find(|a| a.name == CHOSEN);
        application.expect("always there").espaces.contains(&entity.espace)
    }

    fn count(&mut self, entity: &Entity) -> usize {
        let size = self.recipe.size;
        if entity.name == "Wide" && entity.active {
            return if self.is_source() { WIDE_ROWS } else { 3 };
        }
        if self.is_source() {
            let least = if matches!(
                entity.name.as_str(),
                "Thing0" | "Alpha" | "Beta" | "Party" | "Ledger" | "Fresh"
            ) {
                4
            } else {
                0
            };
            return least + self.chance.below(4 + 3 * size);
        }
        let existing = self.recipe.has(Feature::ExistingRows);
        if existing || !self.chosen(entity) { 2 + self.chance.below(3 + size) } else { 0 }
    }

    /// Whether rows of the entity stay in the destination whatever the migration does.
    fn stands(&self, entity: &Entity, tenant: Option<i64>) -> bool {
        let Side::Destination { tenants, .. } = &self.side else { return false };
        entity.is_static
            || matches!(entity.name.as_str(), "Party" | "PartyKind")
            || !self.chosen(entity) && entity.name != "Ledger"
            || tenant.is_some_and(|t| entity.multitenant && !tenants.contains(&t))
    }

    /// What a row may refer to without ever becoming an orphan.
    fn candidates(&self, from: &Entity, tenant: Option<i64>, target: &Target) -> Vec<Cell> {
        let environment = &self.environment;
        let of_tenant = |t: i64| tenant.is_none_or(|own| own == t);
        match target {
            Target::User => environment
                .users
                .iter()
                .filter(|u| u.tenant != 1 && of_tenant(u.tenant))
                .map(|u| Cell::Int(u.id))
                .collect(),
            Target::Group => environment
                .groups
                .iter()
                .filter(|g| of_tenant(g.tenant) && g.name != "Visitors")
                .map(|g| Cell::Int(g.id))
                .collect(),
            Target::Role => environment.roles.iter().map(|r| Cell::Int(r.id)).collect(),
            Target::Tenant => environment.tenants.iter().map(|t| Cell::Int(t.id)).collect(),
            Target::Espace => environment.espaces.iter().map(|e| Cell::Int(e.id)).collect(),
            Target::Entity(key) => {
                let Some(entity) = environment.entity(key) else { return Vec::new() };
                let must_stand =
                    self.stands(from, tenant) || from.name == "Profile" && !self.is_source();
                entity
                    .rows
                    .iter()
                    .filter(|row| {
                        let same = match (tenant, row.tenant) {
                            (Some(own), Some(other)) => own == other,
                            _ => true,
                        };
                        let mapped = match (&self.side, tenant, row.tenant) {
                            (Side::Destination { tenants, .. }, None, Some(other)) => {
                                tenants.contains(&other)
                            }
                            _ => true,
                        };
                        let kept = !must_stand || self.stands(entity, row.tenant);
                        same && mapped && kept && !self.is_retired(entity, row)
                    })
                    .filter_map(|row| entity.id_of(row).cloned())
                    .collect()
            }
        }
    }

    fn is_retired(&self, entity: &Entity, row: &Row) -> bool {
        entity.is_static && row.cells.values().any(|c| c == &Cell::text("Retired"))
    }

    /// The type that bounds the values of an attribute: that of the narrower side.
    fn fitting(&self, attribute: &Attribute) -> Kind {
        match (attribute.name.as_str(), &attribute.kind) {
            ("Remark", _) => Kind::Text(40),
            ("Quantity", _) => Kind::Decimal(6, 2),
            ("Note", _) => Kind::Text(12),
            (_, kind) => kind.clone(),
        }
    }

    fn fill_entity(&mut self, index: usize) {
        let entity = self.environment.entities[index].clone();
        let mut next = if self.recipe.has(Feature::NegativeIds) && self.chance.percent(50) {
            -self.chance.between(1, 40)
        } else {
            self.chance.between(1, 300)
        };
        let tenants: Vec<i64> =
            self.environment.tenants.iter().map(|t| t.id).filter(|t| *t != 1).collect();
        let mut seen: Vec<BTreeSet<(Vec<Cell>, Option<i64>)>> =
            vec![BTreeSet::new(); entity.uniques.len()];
        let mut parents: Option<Vec<Cell>> = entity.extends().map(|target| {
            let mut all = self.candidates(&entity, None, target);
            if let (Side::Destination { profiles, .. }, Target::User) = (&self.side, target) {
                all = profiles.iter().map(|id| Cell::Int(*id)).collect();
            }
            all
        });
        let count = self.count(&entity);
        let mut rows: Vec<Row> = Vec::new();
        'rows: for number in 0..count {
            let mut row = Row::default();
            if entity.multitenant {
                row.tenant = Some(*self.chance.pick(&tenants));
            }
            for attribute in &entity.attributes {
                let cell = if Some(&attribute.key) == entity.identifier.as_ref() {
                    if let Some(parents) = &mut parents {
                        if parents.is_empty() {
                            break 'rows;
                        }
                        let at = self.chance.below(parents.len());
                        parents.swap_remove(at)
                    } else if let Kind::Text(36) = attribute.kind
                        && self.recipe.has(Feature::GuidIdentifiers)
                    {
                        let guid = self.chance.key();
                        Cell::text(if number % 3 == 0 { guid.to_uppercase() } else { guid })
                    } else if let Kind::Text(_) = attribute.kind {
                        Cell::text(format!("{}-{number}-é", self.chance.below(9)))
                    } else {
                        next += self.chance.between(1, 3);
                        if next == 0 && !self.recipe.has(Feature::Zeroes) {
                            next = 1;
                        }
                        Cell::Int(next)
                    }
                } else {
                    match self.cell(&entity, attribute, row.tenant, number) {
                        Some(cell) => cell,
                        None => continue 'rows,
                    }
                };
                row.cells.insert(attribute.key.clone(), cell);
            }
            for (unique, seen) in entity.uniques.iter().zip(&mut seen) {
                let key = unique.attributes.iter().map(|a| folded(&row.cells[a])).collect();
                if !seen.insert((key, row.tenant.filter(|_| unique.tenant))) {
                    continue 'rows;
                }
            }
            rows.push(row);
        }
        self.environment.entities[index].rows = rows;
    }

    /// A cell of an attribute; `None` when no row can be made.
    fn cell(
        &mut self,
        entity: &Entity,
        attribute: &Attribute,
        tenant: Option<i64>,
        number: usize,
    ) -> Option<Cell> {
        let source = self.is_source();
        if attribute.name == TAG {
            let side = if source { "s" } else { "d" };
            return Some(Cell::text(format!("{side}-{}-{number} ß", entity.name)));
        }
        if attribute.name == "Code" {
            // The same codes on both sides, in whichever case.
            let code = format!("Code-{}", self.chance.below(12));
            return Some(Cell::text(if self.chance.percent(50) {
                code.to_uppercase()
            } else {
                code
            }));
        }
        if let Kind::Reference(target) = &attribute.kind {
            if attribute.late {
                return Some(if attribute.nullable { Cell::Null } else { Cell::Int(0) });
            }
            if attribute.name.starts_with("PlatformPerson") {
                let needed = if source { "gone.operator" } else { "admin" };
                let user = self.environment.users.iter().find(|u| u.username == needed)?;
                return Some(Cell::Int(user.id));
            }
            if attribute.name == "OperatorId" && self.chance.percent(70) {
                let operators: Vec<i64> = (self.environment.users.iter())
                    .filter(|u| u.tenant == 1)
                    .map(|u| u.id)
                    .collect();
                return Some(Cell::Int(*self.chance.pick(&operators)));
            }
            let found = self.candidates(entity, tenant, target);
            let wanted = number == 0 || attribute.mandatory || self.chance.percent(75);
            return match self.chance.pick_any(&found) {
                Some(cell) if wanted || !attribute.nullable => Some(cell.clone()),
                _ if attribute.nullable => Some(Cell::Null),
                _ => None,
            };
        }
        if attribute.nullable && self.chance.percent(15) {
            return Some(Cell::Null);
        }
        let kind = self.fitting(attribute);
        if attribute.name == "Note" {
            return Some(Cell::text(cut(&format!("note {number}"), 12)));
        }
        Some(value(&mut self.chance, &kind, self.recipe.has(Feature::BigValues)))
    }

    fn fill_late(&mut self, index: usize) {
        let entity = self.environment.entities[index].clone();
        for attribute in entity.attributes.iter().filter(|a| a.late) {
            let Some(target) = attribute.target() else { continue };
            for number in 0..entity.rows.len() {
                let tenant = entity.rows[number].tenant;
                let found = self.candidates(&entity, tenant, target);
                if let Some(cell) = self.chance.pick_any(&found)
                    && (number == 0 || !attribute.may_be_emptied() || self.chance.percent(80))
                {
                    let row = &mut self.environment.entities[index].rows[number];
                    row.cells.insert(attribute.key.clone(), cell.clone());
                }
            }
        }
    }

    /// Orphans, zeroes, and the one text that is too long.
    fn blemishes(&mut self) {
        let clean = Environment::clone(&self.environment);
        let enforced: BTreeSet<EntityKey> = (clean.entities.iter())
            .flat_map(|entity| &entity.attributes)
            .filter(|attribute| attribute.rule != Rule::Ignore)
            .filter_map(|attribute| match attribute.target() {
                Some(Target::Entity(key)) => Some(key.clone()),
                _ => None,
            })
            .collect();
        let mut ignoring: BTreeMap<EntityKey, Vec<Attribute>> = BTreeMap::new();
        for entity in clean.entities.iter().filter(|e| e.active && self.chosen(e)) {
            let found: Vec<Attribute> = entity
                .attributes
                .iter()
                .filter(|a| a.rule == Rule::Ignore && a.target().is_some())
                .filter(|a| a.active && !a.name.starts_with("PlatformPerson"))
                .cloned()
                .collect();
            ignoring.insert(entity.full_key(), found);
        }
        for (key, attributes) in ignoring {
            for attribute in attributes {
                let target = attribute.target().expect("a reference").clone();
                let text = matches!(clean.key_kind(&target), Kind::Text(_));
                // There 0 may be a record of the destination: a flaw of its own.
                let zero_may_be_a_record = !attribute.nullable
                    && matches!(&target, Target::Entity(key)
                        if clean.entity(key).is_some_and(|entity| entity.is_static));
                let entity = self.environment.entity_mut(&key).expect("there");
                let identifier = entity.identifier.as_ref() == Some(&attribute.key);
                // A row that others refer to by a foreign key keeps its id.
                let spared = identifier && enforced.contains(&key);
                let in_unique =
                    entity.uniques.iter().any(|u| u.attributes.contains(&attribute.key));
                for row in &mut entity.rows {
                    let orphan = !spared
                        && self.recipe.has(Feature::Orphans)
                        && self.chance.percent(if attribute.may_be_emptied() { 12 } else { 4 });
                    if orphan {
                        let number = 900_000 + self.chance.between(0, 99_999);
                        let cell = if text {
                            Cell::text(format!("gone-{number}"))
                        } else {
                            Cell::Int(number)
                        };
                        row.cells.insert(attribute.key.clone(), cell);
                    } else if self.recipe.has(Feature::Zeroes)
                        && !identifier
                        && !in_unique
                        && !zero_may_be_a_record
                        && self.chance.percent(10)
                    {
                        let cell = if text { Cell::text("") } else { Cell::Int(0) };
                        row.cells.insert(attribute.key.clone(), cell);
                    }
                }
            }
        }
        let many = self.recipe.flaw == Some(Flaw::TooManyTooLong);
        for (name, attribute, applies) in [
            ("Wide", "Note", self.recipe.has(Feature::NarrowerExceeding)),
            ("Thing0", "Remark", many),
        ] {
            let Some(key) = self.environment.named(name).map(Entity::full_key) else { continue };
            let entity = self.environment.entity_mut(&key).expect("there");
            let Some(note) = entity.attributes.iter().find(|a| a.name == attribute) else {
                continue;
            };
            let note = note.key.clone();
            if applies && let Some(row) = entity.rows.last_mut() {
                row.cells.insert(note, Cell::text("ö".repeat(60)));
            }
        }
    }
}

/// A value as a unique index sees it: case apart.
pub fn folded(cell: &Cell) -> Cell {
    match cell {
        Cell::Text(text) => Cell::text(text.to_lowercase()),
        other => other.clone(),
    }
}
