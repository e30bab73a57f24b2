//! What the source defines: espaces, applications, entities and their attributes, without rows.

use crate::estate::chance::Chance;
use crate::estate::generate::values::empty_of;
use crate::estate::model::{
    Application, Attribute, Cell, Entity, EntityKey, Environment, Espace, Kind, Record, Row, Rule,
    SERVICE_CENTER, TAG, Target, USERS, Unique,
};
use crate::estate::recipe::{Feature, Flaw, Recipe};

/// The application in scope.
pub const CHOSEN: &str = "Core";

pub struct Maker<'a> {
    pub recipe: &'a Recipe,
    pub chance: Chance,
    pub environment: Environment,
}

impl<'a> Maker<'a> {
    pub fn new(recipe: &'a Recipe) -> Self {
        let chance = Chance::new(recipe.seed).fork("structure");
        let mut maker = Self { recipe, chance, environment: Environment::default() };
        maker.espaces();
        maker
    }

    fn has(&self, feature: Feature) -> bool {
        self.recipe.has(feature)
    }

    fn espaces(&mut self) {
        let mut names = vec![SERVICE_CENTER, USERS, "Base_CS", "Core_CS", "Core", "Outer"];
        if self.has(Feature::Clone) {
            names.push("Core_CS_Copy");
        }
        for (index, name) in names.into_iter().enumerate() {
            self.environment.espaces.push(Espace {
                id: 11 + 3 * index as i64,
                name: name.to_owned(),
                key: self.chance.fork(name).key(),
                system: name == SERVICE_CENTER,
                multitenant: name == "Core" && self.has(Feature::MultiTenant),
                provider: name == USERS,
                catalog: None,
            });
        }
        let mut parts = vec![
            ("Base", vec!["Base_CS"]),
            (CHOSEN, vec!["Core_CS", "Core"]),
            ("Outer", vec!["Outer"]),
        ];
        if self.has(Feature::Clone) {
            parts.push(("Copy", vec!["Core_CS_Copy"]));
        }
        for (index, (name, espaces)) in parts.into_iter().enumerate() {
            self.environment.applications.push(Application {
                id: 5 + index as i64,
                name: name.to_owned(),
                key: self.chance.fork(&format!("application {name}")).key(),
                espaces: espaces
                    .into_iter()
                    .map(|e| self.environment.espace_named(e).key.clone())
                    .collect(),
            });
        }
    }

    /// An attribute of a basic type.
    pub fn attribute(&mut self, name: &str, kind: Kind) -> Attribute {
        let nullable = self.chance.percent(60);
        Attribute {
            key: self.chance.key(),
            name: name.to_owned(),
            column: name.to_uppercase(),
            mandatory: self.chance.percent(20),
            nullable,
            rule: Rule::Protect,
            autonumber: false,
            active: true,
            listed: true,
            default: (!nullable || self.chance.percent(70)).then(|| empty_of(&kind)),
            kind,
            late: false,
            said_default: String::new(),
            damage: None,
        }
    }

    /// A reference attribute that may be empty.
    pub fn reference(&mut self, name: &str, target: Target) -> Attribute {
        let rule = match self.chance.below(4) {
            0 => Rule::Protect,
            1 => Rule::Delete,
            _ => Rule::Ignore,
        };
        let mut attribute = self.attribute(name, Kind::Reference(target));
        attribute.rule = rule;
        attribute.nullable = true;
        attribute.mandatory = false;
        attribute.default = self.chance.percent(50).then_some(Cell::Null);
        attribute
    }

    /// A reference attribute of which nothing is fixed.
    fn any_reference(&mut self, name: &str, target: Target) -> Attribute {
        let mut attribute = self.reference(name, target);
        attribute.mandatory = self.chance.percent(40);
        if attribute.mandatory && self.chance.percent(60) {
            attribute.nullable = false;
            attribute.default = None;
        }
        attribute
    }

    fn basic(&mut self, name: &str) -> Attribute {
        let kind = match self.chance.below(15) {
            0 => Kind::Text(50),
            1 => Kind::Text(2000),
            2 => Kind::Text(20_000),
            3 => Kind::Integer,
            4 => Kind::LongInteger,
            5 => Kind::Decimal(8, 2),
            6 => Kind::Decimal(28, 0),
            7 => Kind::Currency,
            8 => Kind::Boolean,
            9 => Kind::Date,
            10 => Kind::Time,
            11 => Kind::DateTime,
            12 => Kind::Phone,
            13 => Kind::Email,
            _ => Kind::Binary,
        };
        self.attribute(name, kind)
    }

    /// An entity with a long-integer identifier and a tag.
    pub fn entity(&mut self, espace: &str, name: &str) -> Entity {
        let espace = self.environment.espace_named(espace);
        let hash: String = espace.key.chars().filter(|c| *c != '-').take(3).collect();
        let mut entity = Entity {
            id: 700 + 3 * self.environment.entities.len() as i64,
            espace: espace.key.clone(),
            key: self.chance.fork(&format!("entity {name}")).key(),
            name: name.to_owned(),
            table: format!("OSUSR_{hash}_{name}"),
            is_static: false,
            external: false,
            multitenant: false,
            shown_tenant: None,
            active: true,
            identifier: None,
            attributes: Vec::new(),
            uniques: Vec::new(),
            rows: Vec::new(),
            records: Vec::new(),
            events: None,
        };
        self.identify(&mut entity, Kind::LongInteger, true);
        let mut tag = self.attribute(TAG, Kind::Text(100));
        tag.nullable = true;
        entity.attributes.push(tag);
        entity
    }

    /// Shows the tenant of multi-tenant entities as an attribute, now a number, now a reference.
    pub fn show_tenants(&mut self) {
        for index in 0..self.environment.entities.len() {
            let entity = &self.environment.entities[index];
            let mut chance = self.chance.fork(&format!("tenant of {}", entity.key));
            if !entity.multitenant || !chance.percent(80) {
                continue;
            }
            let kinds = [Kind::Integer, Kind::Reference(Target::Tenant)];
            let kind = chance.pick(&kinds).clone();
            std::mem::swap(&mut self.chance, &mut chance);
            let mut shown = self.attribute("Tenant_Id", kind);
            std::mem::swap(&mut self.chance, &mut chance);
            shown.rule = Rule::Ignore;
            self.environment.entities[index].shown_tenant = Some(shown);
        }
    }

    /// Gives an entity another identifier.
    fn identify(&mut self, entity: &mut Entity, kind: Kind, autonumber: bool) {
        let mut id = self.attribute("Id", kind);
        id.nullable = false;
        id.mandatory = true;
        id.autonumber = autonumber;
        id.default = None;
        id.rule = Rule::Protect;
        if let Some(old) = entity.identifier.take() {
            entity.attributes.retain(|a| a.key != old);
        }
        entity.identifier = Some(id.key.clone());
        entity.attributes.insert(0, id);
    }

    pub fn add(&mut self, entity: Entity) -> EntityKey {
        let key = entity.full_key();
        self.environment.entities.push(entity);
        key
    }

    /// A static entity with its records.
    pub fn static_entity(&mut self, espace: &str, name: &str, text: bool, records: usize) {
        let mut entity = self.entity(espace, name);
        entity.is_static = true;
        entity.attributes.clear();
        entity.identifier = None;
        let autonumber = !text && self.chance.percent(50);
        self.identify(&mut entity, if text { Kind::Text(20) } else { Kind::Integer }, autonumber);
        for (attribute, kind) in
            [("Label", Kind::Text(50)), ("Order", Kind::Integer), ("Is_Active", Kind::Boolean)]
        {
            let made = self.attribute(attribute, kind);
            entity.attributes.push(made);
        }
        let zero = self.has(Feature::Zeroes) && !text && name != "Country";
        let mut names: Vec<String> = (0..records).map(|n| format!("{name}{n}")).collect();
        if self.has(Feature::UnusedMissingRecord) {
            names.push("Retired".into());
        }
        for (number, label) in names.into_iter().enumerate() {
            let id = if text {
                Cell::text(format!("{}-{number}", &name[..2]))
            } else {
                Cell::Int(number as i64 + i64::from(!zero))
            };
            entity.records.push(Record {
                key: self.chance.key(),
                name: label.clone(),
                data_id: id.clone(),
                active: true,
            });
            let cells = [id, Cell::text(label), Cell::Int(number as i64 * 10), Cell::Int(1)];
            let keys: Vec<String> = entity.attributes.iter().map(|a| a.key.clone()).collect();
            entity.rows.push(Row { cells: keys.into_iter().zip(cells).collect(), tenant: None });
        }
        self.add(entity);
    }

    /// Something an entity of the scope may refer to, defined before it.
    fn earlier(&mut self) -> Target {
        if self.chance.percent(30) {
            let all = [Target::User, Target::User, Target::Tenant, Target::Espace, Target::Role];
            if self.has(Feature::Groups) && self.chance.percent(25) {
                return Target::Group;
            }
            return self.chance.pick(&all).clone();
        }
        let core: Vec<String> = ["Core_CS", "Core"]
            .iter()
            .map(|e| self.environment.espace_named(e).key.clone())
            .collect();
        let keys: Vec<EntityKey> = self
            .environment
            .entities
            .iter()
            .filter(|e| e.is_static || core.contains(&e.espace) && e.identifier.is_some())
            .filter(|e| !["Wide", "Profile", "Pairing"].contains(&e.name.as_str()))
            .map(Entity::full_key)
            .collect();
        Target::Entity(self.chance.pick(&keys).clone())
    }

    /// An entity of the scope with random attributes and references to earlier ones.
    fn random_entity(&mut self, espace: &str, name: &str) -> Entity {
        let mut entity = self.entity(espace, name);
        if self.chance.percent(25) {
            self.identify(&mut entity, Kind::Integer, true);
        } else if self.has(Feature::TextIdentifier) && self.chance.percent(25) {
            self.identify(&mut entity, Kind::Text(36), false);
        } else if self.has(Feature::PlainIdentifier) && self.chance.percent(20) {
            self.identify(&mut entity, Kind::Integer, false);
        }
        let automatic = entity.identifier().is_some_and(|a| a.autonumber);
        entity.multitenant = self.has(Feature::MultiTenant) && automatic && self.chance.percent(50);
        let reserved = ["Order", "Key", "Group", "Select"];
        for number in 0..2 + self.chance.below(5) {
            let name = match reserved.get(number) {
                Some(word) if self.chance.percent(15) => (*word).to_owned(),
                _ => format!("Field{number}"),
            };
            let made = self.basic(&name);
            entity.attributes.push(made);
        }
        for number in 0..self.chance.below(4) {
            let target = self.earlier();
            let made = self.any_reference(&format!("Link{number}Id"), target);
            entity.attributes.push(made);
        }
        if self.chance.percent(25) {
            let tag = entity.tag().expect("just made").key.clone();
            entity.uniques.push(Unique { attributes: vec![tag], tenant: entity.multitenant });
        }
        if self.chance.percent(20)
            && let Some(basic) = entity.attributes.iter_mut().find(|a| a.name.starts_with("Field"))
        {
            basic.column = format!("X_{}", basic.column);
        }
        entity
    }

    /// A reference back, set in a second pass.
    fn late(&mut self, name: &str, target: EntityKey) -> Attribute {
        let mut made = self.reference(name, Target::Entity(target));
        made.late = true;
        made.mandatory = self.chance.percent(15);
        made
    }

    /// Everything that the scope holds.
    pub fn chosen(&mut self) {
        for number in 0..2 + self.recipe.size / 2 {
            let espace = if number % 3 == 2 { "Core" } else { "Core_CS" };
            let made = self.random_entity(espace, &format!("Thing{number}"));
            self.add(made);
        }
        self.circles();
        self.extensions();
        let things: Vec<EntityKey> = self.things();
        if self.has(Feature::ManyToMany) {
            let (a, b) = (self.chance.pick(&things).clone(), self.chance.pick(&things).clone());
            let mut link = self.entity("Core", "Pairing");
            link.attributes.truncate(1);
            for (name, target) in [("LeftId", a), ("RightId", b)] {
                let mut side = self.reference(name, Target::Entity(target));
                side.mandatory = true;
                side.nullable = self.chance.percent(30);
                link.attributes.push(side);
            }
            let attributes = link.attributes[1..].iter().map(|a| a.key.clone()).collect();
            link.uniques.push(Unique { attributes, tenant: false });
            self.add(link);
        }
        if self.has(Feature::LooseLinks) {
            let (a, b) = (self.chance.pick(&things).clone(), self.chance.pick(&things).clone());
            let mut link = self.entity("Core_CS", "Linking");
            link.attributes.truncate(1);
            for (name, target) in [("OneId", a), ("OtherId", b)] {
                let mut side = self.reference(name, Target::Entity(target));
                side.mandatory = true;
                link.attributes.push(side);
            }
            self.add(link);
        }
        if self.has(Feature::NoIdentifier) {
            let mut bare = self.random_entity("Core_CS", "Bare");
            let id = bare.identifier.take();
            bare.attributes.retain(|a| Some(&a.key) != id.as_ref());
            bare.multitenant = false;
            bare.uniques.clear();
            if self.chance.percent(50) {
                bare.attributes.retain(|a| a.name != TAG);
            }
            self.add(bare);
        }
        if self.has(Feature::NarrowerExceeding) {
            let mut wide = self.entity("Core_CS", "Wide");
            let note = self.attribute("Note", Kind::Text(60));
            wide.attributes.push(note);
            self.add(wide);
        }
    }

    /// Entities of the scope that a random row may refer to.
    fn things(&self) -> Vec<EntityKey> {
        self.environment
            .entities
            .iter()
            .filter(|e| e.name.starts_with("Thing"))
            .map(Entity::full_key)
            .collect()
    }

    fn circles(&mut self) {
        let things = self.things();
        if self.has(Feature::SelfReference) {
            let key = self.chance.pick(&things).clone();
            let parent = self.late("ParentId", key.clone());
            self.environment.entity_mut(&key).expect("made").attributes.push(parent);
        }
        for (feature, names) in [
            (Feature::TwoCycle, &["Alpha", "Beta"][..]),
            (Feature::ThreeCycle, &["Uno", "Due", "Tre"][..]),
        ] {
            if !self.has(feature) {
                continue;
            }
            let mut previous: Option<EntityKey> = None;
            let mut first = None;
            for name in names {
                let mut made = self.random_entity("Core_CS", name);
                if let Some(key) = &previous {
                    let link = self.any_reference("BeforeId", Target::Entity(key.clone()));
                    made.attributes.push(link);
                }
                let key = self.add(made);
                first.get_or_insert(key.clone());
                previous = Some(key);
            }
            let (first, last) = (first.expect("made"), previous.expect("made"));
            let mut back = self.late("AfterId", last.clone());
            if self.recipe.flaw == Some(Flaw::HardCircle) && feature == Feature::TwoCycle {
                back.mandatory = true;
                back.nullable = false;
                back.rule = Rule::Protect;
                back.default = None;
                for key in [&first, &last] {
                    let made = self.environment.entity_mut(key).expect("made");
                    made.multitenant = false;
                    made.uniques.iter_mut().for_each(|unique| unique.tenant = false);
                }
                let other = self.environment.entity_mut(&last).expect("made");
                let link = other.attributes.last_mut().expect("made");
                (link.mandatory, link.nullable, link.rule) = (true, false, Rule::Protect);
                link.default = None;
            }
            self.environment.entity_mut(&first).expect("made").attributes.push(back);
        }
    }

    fn extensions(&mut self) {
        if self.has(Feature::Extension) {
            let things = self.things();
            let mut base = self.chance.pick(&things).clone();
            for name in ["Detail", "Footnote"] {
                let mut made = self.random_entity("Core", name);
                made.multitenant = false;
                made.uniques.clear();
                self.identify(&mut made, Kind::Reference(Target::Entity(base)), false);
                made.attributes[0].rule = *self.chance.pick(&[Rule::Delete, Rule::Ignore]);
                if self.chance.percent(40) {
                    made.attributes.retain(|a| a.name != TAG);
                }
                base = self.add(made);
            }
        }
        if self.has(Feature::UserExtension) {
            let mut made = self.entity("Core_CS", "Profile");
            self.identify(&mut made, Kind::Reference(Target::User), false);
            made.attributes[0].rule = *self.chance.pick(&[Rule::Delete, Rule::Ignore]);
            for number in 0..3 {
                let field = self.basic(&format!("Field{number}"));
                made.attributes.push(field);
            }
            self.add(made);
        }
    }
}
