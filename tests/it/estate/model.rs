//! An environment in memory: what it defines and every row it holds.
//!
//! Keys are kept in lower case here; how they are spelled in a database is the writer's whim.

use std::collections::{BTreeMap, BTreeSet};

use super::decided::Decided;

/// One value. Decimals and points in time are kept as their text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// NULL, 0 and '' are no identifier.
    pub fn is_no_identifier(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Int(value) => *value == 0,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(_) => false,
        }
    }
}

/// The data type of an attribute (`metamodel.md` 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Text(u16),
    Integer,
    LongInteger,
    Decimal(u8, u8),
    Currency,
    Boolean,
    Date,
    Time,
    DateTime,
    Phone,
    Email,
    Binary,
    Reference(Target),
}

/// What a reference attribute points at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    User,
    Group,
    Role,
    Tenant,
    Espace,
    /// An entity by espace key and entity key.
    Entity(EntityKey),
}

/// Espace key and entity key.
pub type EntityKey = (String, String);

/// Delete rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Protect,
    Delete,
    Ignore,
}

/// An attribute with its column.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub key: String,
    pub name: String,
    /// The physical column; where it differs from the name, DATABASE_NAME says so.
    pub column: String,
    pub kind: Kind,
    pub mandatory: bool,
    pub nullable: bool,
    pub rule: Rule,
    pub autonumber: bool,
    /// Inactive attributes leave their column behind.
    pub active: bool,
    /// Whether OSSYS_ENTITY_ATTR knows it at all.
    pub listed: bool,
    /// The column's default constraint.
    pub default: Option<Cell>,
    /// What the model says that a new record gets.
    pub said_default: String,
    /// Set in a second pass when rows are made: points at the same or a later entity.
    pub late: bool,
    /// What is wrong with the model's word about it.
    pub damage: Option<Damage>,
}

/// What may be wrong with the model's word about an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// TYPE holds this.
    Type(String),
    /// The table has no such column.
    NoColumn,
}

impl Attribute {
    /// Whether a reference may be emptied, with this as the destination's attribute.
    pub fn may_be_emptied(&self) -> bool {
        self.nullable && !self.mandatory
    }

    /// What it refers to.
    pub fn target(&self) -> Option<&Target> {
        match &self.kind {
            Kind::Reference(target) => Some(target),
            _ => None,
        }
    }
}

/// A unique index.
#[derive(Clone, Debug)]
pub struct Unique {
    pub attributes: Vec<String>,
    /// Whether TENANT_ID is its last column.
    pub tenant: bool,
}

/// A static record's metadata.
#[derive(Clone, Debug)]
pub struct Record {
    pub key: String,
    pub name: String,
    pub data_id: Cell,
    pub active: bool,
}

/// A row, by attribute key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub cells: BTreeMap<String, Cell>,
    pub tenant: Option<i64>,
}

/// An entity with its table and rows.
#[derive(Clone, Debug)]
pub struct Entity {
    pub id: i64,
    pub espace: String,
    pub key: String,
    pub name: String,
    pub table: String,
    pub is_static: bool,
    /// Another system keeps its rows.
    pub external: bool,
    pub multitenant: bool,
    /// The tenant's column as an attribute, where the entity shows it.
    pub shown_tenant: Option<Attribute>,
    pub active: bool,
    /// The key of the identifier attribute.
    pub identifier: Option<String>,
    pub attributes: Vec<Attribute>,
    pub uniques: Vec<Unique>,
    pub rows: Vec<Row>,
    pub records: Vec<Record>,
    /// The process-event table, with its number of subscriptions.
    pub events: Option<usize>,
}

impl Entity {
    pub fn full_key(&self) -> EntityKey {
        (self.espace.clone(), self.key.clone())
    }

    pub fn attribute(&self, key: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.key == key)
    }

    pub fn identifier(&self) -> Option<&Attribute> {
        self.attribute(self.identifier.as_deref()?)
    }

    /// The identifier of a row.
    pub fn id_of<'a>(&self, row: &'a Row) -> Option<&'a Cell> {
        row.cells.get(self.identifier.as_deref()?)
    }

    /// What its identifier refers to, when it is an extension of something.
    pub fn extends(&self) -> Option<&Target> {
        self.identifier()?.target()
    }

    /// The attribute whose text is unlike in every row, by which the judge knows a row again.
    pub fn tag(&self) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == TAG && a.active)
    }
}

/// The name of the attribute that names a row for the judge.
pub const TAG: &str = "Tag";

#[derive(Clone, Debug)]
pub struct Espace {
    pub id: i64,
    pub name: String,
    pub key: String,
    pub system: bool,
    pub multitenant: bool,
    pub provider: bool,
    /// The database that holds its tables, where that is another one.
    pub catalog: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Application {
    pub id: i64,
    pub name: String,
    pub key: String,
    pub espaces: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Tenant {
    pub id: i64,
    pub name: String,
    /// The user provider's key.
    pub espace: String,
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: i64,
    pub tenant: i64,
    pub name: String,
    pub username: String,
    pub password: String,
    pub email: String,
    pub phone: String,
    pub external: String,
    pub active: bool,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub id: i64,
    pub tenant: i64,
    pub name: String,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub id: i64,
    pub name: String,
    pub key: String,
    pub espace: String,
}

/// One environment.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub espaces: Vec<Espace>,
    pub applications: Vec<Application>,
    pub entities: Vec<Entity>,
    pub tenants: Vec<Tenant>,
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    pub roles: Vec<Role>,
    /// user, role
    pub user_roles: Vec<(i64, i64)>,
    /// group, user
    pub group_users: Vec<(i64, i64)>,
    /// group, role
    pub group_roles: Vec<(i64, i64)>,
    /// Subscriptions to the platform's entity User; `None` where it has no event table.
    pub user_events: Option<usize>,
    /// Whether there is a table of markers.
    pub markers: bool,
}

impl Environment {
    /// The active entity of that key.
    pub fn entity(&self, key: &EntityKey) -> Option<&Entity> {
        self.entities.iter().find(|e| e.active && e.espace == key.0 && e.key == key.1)
    }

    pub fn entity_mut(&mut self, key: &EntityKey) -> Option<&mut Entity> {
        self.entities.iter_mut().find(|e| e.active && e.espace == key.0 && e.key == key.1)
    }

    pub fn named(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|e| e.active && e.name == name)
    }

    pub fn espace(&self, key: &str) -> &Espace {
        self.espaces.iter().find(|e| e.key == key).expect("an espace of the estate")
    }

    pub fn espace_named(&self, name: &str) -> &Espace {
        self.espaces.iter().find(|e| e.name == name).expect("an espace of the estate")
    }

    /// The further databases that hold tables, each once.
    pub fn catalogs(&self) -> Vec<String> {
        let all: BTreeSet<&String> =
            self.espaces.iter().filter_map(|e| e.catalog.as_ref()).collect();
        all.into_iter().cloned().collect()
    }

    pub fn user(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|u| u.id == id)
    }

    pub fn tenant(&self, id: i64) -> Option<&Tenant> {
        self.tenants.iter().find(|t| t.id == id)
    }

    /// The tenant of the platform's own people.
    pub fn service_center_tenant(&self) -> i64 {
        let espace = &self.espace_named(SERVICE_CENTER).key;
        self.tenants.iter().find(|t| &t.espace == espace).expect("always there").id
    }

    /// The kind of column that holds a reference to the target, following chains of identifiers.
    pub fn key_kind(&self, target: &Target) -> Kind {
        let mut target = target.clone();
        for _ in 0..20 {
            let Target::Entity(key) = &target else { return Kind::Integer };
            let identifier = self
                .entities
                .iter()
                .find(|e| e.espace == key.0 && e.key == key.1)
                .and_then(Entity::identifier);
            match identifier.map(|a| &a.kind) {
                Some(Kind::Reference(next)) => target = next.clone(),
                Some(kind) => return kind.clone(),
                None => return Kind::LongInteger,
            }
        }
        panic!("identifiers refer to each other in a circle");
    }
}

/// The espace that owns users, groups, roles and tenants.
pub const SERVICE_CENTER: &str = "ServiceCenter";
/// The default user provider.
pub const USERS: &str = "Users";

/// Two environments and what to move.
#[derive(Clone, Debug)]
pub struct Pair {
    pub source: Environment,
    pub destination: Environment,
    /// The names of the applications in scope.
    pub applications: Vec<String>,
    /// Whether e-mail addresses and phone numbers must not arrive as they are.
    pub masked: bool,
    /// What a person decides about it, besides what is recommended.
    pub decided: Decided,
    /// What must be named when the migration has to be refused, whatever the reason.
    pub refused: Option<Refusal>,
}

/// A migration that must be refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub why: &'static str,
    /// One of these has to be named on standard error.
    pub names: Vec<String>,
}
