//! One environment as read.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{
    AttributeType, DataKind, Declared, Entity, EntityIndex, Key, Record, Resolution, SystemTarget,
};
use crate::database::{EngineFacts, ObjectKind, Referrer, TableName, TableShape};

/// A module built in Service Studio (`metamodel.md` §2.1).
#[derive(Clone, Debug)]
pub struct Espace {
    /// OSSYS_ESPACE.ID
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its SS key.
    pub key: Key,
    /// Whether it belongs to the platform.
    pub is_system: bool,
    /// The SS key of its user provider; empty when it names none.
    pub user_provider: Key,
    /// The catalog of its tables; `None` for the platform's own database.
    pub catalog: Option<String>,
    /// Its version, by which references are told of.
    pub version: Option<i64>,
}

/// An extension (`metamodel.md` §2.2).
#[derive(Clone, Debug)]
pub struct Extension {
    /// OSSYS_EXTENSION.ID
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its SS key.
    pub key: Key,
}

/// An application with its modules (`metamodel.md` §2.4).
#[derive(Clone, Debug)]
pub struct Application {
    /// OSSYS_APPLICATION.ID
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its KEY.
    pub key: Key,
    /// The IDs of its espaces.
    pub espaces: Vec<i64>,
    /// The IDs of its extensions.
    pub extensions: Vec<i64>,
}

/// A solution with what is in it now (`metamodel.md` §2.5).
#[derive(Clone, Debug)]
pub struct Solution {
    /// Its name.
    pub name: String,
    /// The IDs of its espaces.
    pub espaces: Vec<i64>,
    /// The IDs of its extensions.
    pub extensions: Vec<i64>,
}

/// A tenant (`metamodel.md` §2.7).
#[derive(Clone, Debug)]
pub struct Tenant {
    /// OSSYS_TENANT.ID
    pub id: i64,
    /// Its name.
    pub name: Key,
    /// The SS key of its user provider.
    pub provider: Key,
    /// The name of its user provider.
    pub provider_name: String,
    /// Whether it is in use.
    pub is_active: bool,
}

/// A user of an application (`metamodel.md` §6). The password is never read.
#[derive(Clone, Debug)]
pub struct User {
    /// OSSYS_USER.ID
    pub id: i64,
    /// The tenant's ID, when the table has the column.
    pub tenant_id: Option<i64>,
    /// The user name.
    pub username: Key,
    /// The person's name.
    pub name: String,
    /// The e-mail address; empty when there is none.
    pub email: Key,
    /// The id that another system knows the person by; empty when there is none.
    pub external_id: Key,
    /// Whether the account is in use.
    pub is_active: bool,
}

/// A group of users (`metamodel.md` §6).
#[derive(Clone, Debug)]
pub struct Group {
    /// OSSYS_GROUP.ID
    pub id: i64,
    /// The tenant's ID, when the table has the column.
    pub tenant_id: Option<i64>,
    /// Its name.
    pub name: Key,
}

/// A role (`metamodel.md` §6).
#[derive(Clone, Debug)]
pub struct Role {
    /// OSSYS_ROLE.ID
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its SS key.
    pub key: Key,
    /// The SS key of its espace.
    pub espace_key: Key,
    /// Whether it is in the current model.
    pub is_active: bool,
}

/// Who has which role, and who is in which group: pairs of IDs.
#[derive(Clone, Debug, Default)]
pub struct RoleLinks {
    /// (user, role)
    pub user_roles: Vec<(i64, i64)>,
    /// (group, role)
    pub group_roles: Vec<(i64, i64)>,
    /// (user, group)
    pub group_users: Vec<(i64, i64)>,
}

/// The definition of a process, of an activity or of a value of either; a status or a kind:
/// anything of BPT that rows may refer to and that is recognised by keys or by name
/// (`metamodel.md` §5.1).
#[derive(Clone, Debug, Default)]
pub struct ProcessDefinition {
    /// Its ID.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its SS key; empty for statuses and kinds, which are recognised by name.
    pub key: Key,
    /// The SS key of its espace; empty for statuses and kinds.
    pub espace_key: Key,
    /// The ID of the definition that it is part of: of an activity or a process's value its process,
    /// of an activity's value the activity.
    pub part_of: Option<i64>,
    /// That definition's SS key, after that one's own where it is a part as well; empty where it is
    /// part of none.
    pub parent_key: Key,
    /// The type of a value (SS_TYPE, as for attributes); empty for anything else, and where the
    /// platform does not say.
    pub value_type: String,
    /// The ID of the entity that shows a process's instances (`metamodel.md` §5.6), where it has one.
    pub entity_id: Option<i64>,
    /// Whether it is in the current model.
    pub is_active: bool,
}

impl ProcessDefinition {
    /// What tells it from any other of its espace: its key, after those of what it is part of.
    #[must_use]
    pub fn full_key(&self) -> Key {
        if self.parent_key.is_empty() {
            return self.key.clone();
        }
        Key::new(&format!("{}*{}", self.parent_key, self.key))
    }
}

/// When an environment was read, and how long that took.
#[derive(Clone, Copy, Debug)]
pub struct ReadAt {
    /// When reading began: what was published later need not have been seen.
    pub begun: Instant,
    /// How long it took.
    pub took: Duration,
}

/// Everything the comparison needs to know of one environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// When it was like this.
    pub read_at: ReadAt,
    /// Server and database.
    pub facts: EngineFacts,
    /// OSSYS_PARAMETER `Version` (`metamodel.md` §2.8).
    pub platform_version: Option<String>,
    /// Whether it is one half of a practice pair.
    pub is_practice: bool,
    /// The front-end servers' registration, which two environments do not share.
    pub servers: Vec<String>,
    /// Active espaces.
    pub espaces: Vec<Espace>,
    /// Active extensions.
    pub extensions: Vec<Extension>,
    /// Active applications.
    pub applications: Vec<Application>,
    /// Solutions; none where nothing says what is in them, which is among what is absent then.
    pub solutions: Vec<Solution>,
    /// Entities of active espaces and extensions, inactive entities included.
    pub entities: Vec<Entity>,
    /// Static records, inactive ones included.
    pub records: Vec<Record>,
    /// Tenants.
    pub tenants: Vec<Tenant>,
    /// Users, by id.
    pub users: Vec<User>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Role and group links.
    pub links: RoleLinks,
    /// Which module says that it uses what of others.
    pub declared: Declared,
    /// Definitions, statuses and kinds of BPT, by table.
    pub definitions: HashMap<SystemTarget, Vec<ProcessDefinition>>,
    /// Shapes of application tables, event tables, the platform tables that may be written, and of
    /// every table that a foreign key leads from to one of an application.
    pub shapes: HashMap<TableName, TableShape>,
    /// Foreign keys that lead to the application tables, and to the tables that these are of, from
    /// tables of any kind: of inactive entities, of deleted modules, of nobody.
    pub referrers: Vec<Referrer>,
    /// What was expected and is not there: facts for the report, each a sentence.
    pub absent: Vec<String>,
    /// The entities of each key, active ones first: a cloned module's have those of the original.
    pub(super) by_key: HashMap<Key, Vec<EntityIndex>>,
}

impl Environment {
    /// An entity by its place.
    #[must_use]
    pub fn entity(&self, index: EntityIndex) -> &Entity {
        &self.entities[index.0]
    }

    /// The entities with this espace key and entity key, active ones first.
    pub fn entities_by_key(&self, espace: &Key, entity: &Key) -> Vec<EntityIndex> {
        let of_espace = |index: &&EntityIndex| self.entity(**index).espace_key == *espace;
        self.entities_of_key(entity).iter().filter(of_espace).copied().collect()
    }

    /// The entities with this entity key in any espace, active ones first.
    #[must_use]
    pub fn entities_of_key(&self, entity: &Key) -> &[EntityIndex] {
        self.by_key.get(entity).map_or(&[], Vec::as_slice)
    }

    /// The user with that ID.
    #[must_use]
    pub fn user(&self, id: i64) -> Option<&User> {
        let place = self.users.binary_search_by_key(&id, |user| user.id).ok()?;
        self.users.get(place)
    }

    /// The espace with that key.
    #[must_use]
    pub fn espace(&self, key: &Key) -> Option<&Espace> {
        self.espaces.iter().find(|espace| espace.key == *key)
    }

    /// The espace with that ID.
    #[must_use]
    pub fn espace_by_id(&self, id: i64) -> Option<&Espace> {
        self.espaces.iter().find(|espace| espace.id == id)
    }

    /// The shape of a table, where it exists.
    #[must_use]
    pub fn shape(&self, table: &TableName) -> Option<&TableShape> {
        self.shapes.get(table)
    }

    /// The shape of a table that is named as the database's catalogue has it.
    #[must_use]
    pub fn shape_named(&self, table: &TableName) -> Option<&TableShape> {
        self.shapes
            .get(table)
            .or_else(|| self.shapes.values().find(|shape| shape.name.may_be(table)))
    }

    /// Whether this name, as the database's catalogue gives it, is that of the entity's table:
    /// catalog and schema matter, for tables of the same name lie in several.
    #[must_use]
    pub fn is_table_of(&self, index: EntityIndex, name: &TableName) -> bool {
        let own = &self.entity(index).table;
        self.shape(own).map_or(own, |shape| &shape.name).may_be(name)
    }

    /// The shape of an entity's table, where the entity has rows of its own: what a view shows is the
    /// rows of others.
    #[must_use]
    pub fn shape_with_rows(&self, entity: &Entity) -> Option<&TableShape> {
        self.shape(&entity.table).filter(|shape| shape.kind != ObjectKind::View)
    }

    /// The shape of an entity's table.
    #[must_use]
    pub fn shape_of(&self, index: EntityIndex) -> Option<&TableShape> {
        self.shape(&self.entity(index).table)
    }

    /// Where a reference type leads (`metamodel.md` §3.3); `None` for types that are none.
    #[must_use]
    pub fn resolve(&self, consumer: &Entity, data_type: &AttributeType) -> Option<Resolution> {
        let AttributeType::Reference { espace, entity } = data_type else { return None };
        let active = |indexes: Vec<EntityIndex>| -> Vec<EntityIndex> {
            indexes.into_iter().filter(|index| self.entity(*index).is_active).collect()
        };
        let exact = active(self.entities_by_key(espace, entity));
        if let [one] = exact[..] {
            return Some(Resolution::Entity(one));
        }
        if !exact.is_empty() {
            return Some(Resolution::Candidates(exact));
        }
        let mut candidates = active(self.entities_by_key(&consumer.espace_key, entity));
        for (index, other) in self.entities.iter().enumerate() {
            let index = EntityIndex(index);
            if other.is_active && other.key == *entity && !candidates.contains(&index) {
                candidates.push(index);
            }
        }
        Some(Resolution::Candidates(candidates))
    }

    /// The static records of an entity, inactive ones included.
    pub fn records_of<'a>(&'a self, entity: &'a Entity) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| {
            record.entity_key == entity.key && record.espace_key == entity.espace_key
        })
    }

    /// The tenant with that ID.
    #[must_use]
    pub fn tenant(&self, id: i64) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }

    /// Whether the entity's rows belong to an application and can be moved.
    #[must_use]
    pub fn is_application_entity(&self, entity: &Entity) -> bool {
        entity.kind == DataKind::Entity
            && !entity.is_external
            && entity.espace_id.is_some()
            && entity.system_target().is_none()
    }
}
