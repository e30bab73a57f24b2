//! Entities, their attributes and their static records.

use std::fmt;

use super::{Key, SystemTarget};
use crate::database::TableName;

/// The place of an entity in [`super::Environment::entities`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityIndex(pub usize);

/// What an entity is, by DATA_KIND (`metamodel.md` §3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// `entity`: rows belong to the application.
    Entity,
    /// `staticEntity`: rows come from the module's code and are never written.
    Static,
    /// `clientEntity`: lives on devices, has no table.
    Client,
    /// A kind this program does not know.
    Other(String),
}

impl DataKind {
    /// From the stored text; an empty one is an entity.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "entity" => Self::Entity,
            "staticentity" => Self::Static,
            "cliententity" => Self::Client,
            _ => Self::Other(text.trim().to_owned()),
        }
    }
}

impl fmt::Display for DataKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entity => f.write_str("entity"),
            Self::Static => f.write_str("static entity"),
            Self::Client => f.write_str("client entity"),
            Self::Other(kind) => write!(f, "\"{kind}\""),
        }
    }
}

/// An entity of an active espace or extension (`metamodel.md` §3.1).
#[derive(Clone, Debug)]
pub struct Entity {
    /// OSSYS_ENTITY.ID
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its SS key: unique together with the espace's only.
    pub key: Key,
    /// The ID of the owning espace; `None` for an entity of an extension.
    pub espace_id: Option<i64>,
    /// The SS key of the owning espace or extension.
    pub espace_key: Key,
    /// The name of the owning espace or extension.
    pub espace_name: String,
    /// Its table, in the espace's catalog.
    pub table: TableName,
    /// What it is.
    pub kind: DataKind,
    /// Whether it is in the current model.
    pub is_active: bool,
    /// Whether its rows lie outside the platform's databases.
    pub is_external: bool,
    /// Whether it belongs to the platform.
    pub is_system: bool,
    /// Whether its rows belong to tenants.
    pub is_multitenant: bool,
    /// The SS key of the identifier attribute; empty when there is none.
    pub identifier_key: Key,
    /// The key of the attribute by which people know a row; empty when it names none.
    pub label_key: Key,
    /// The table of its process-event subscriptions, when it exposes events.
    pub event_table: Option<TableName>,
    /// Its attributes, inactive ones included, in the model's order.
    pub attributes: Vec<Attribute>,
}

impl Entity {
    /// `Espace.Entity`, for people.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.espace_name, self.name)
    }

    /// The active attributes.
    pub fn active_attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| attribute.is_active)
    }

    /// The identifier attribute, when the entity has one (`metamodel.md` §3.2).
    #[must_use]
    pub fn identifier(&self) -> Option<&Attribute> {
        if self.identifier_key.is_empty() {
            return None;
        }
        self.active_attributes().find(|attribute| attribute.key == self.identifier_key)
    }

    /// The active attribute with that key.
    #[must_use]
    pub fn attribute(&self, key: &Key) -> Option<&Attribute> {
        self.active_attributes().find(|attribute| attribute.key == *key)
    }

    /// The platform table this entity stands for.
    #[must_use]
    pub fn system_target(&self) -> Option<SystemTarget> {
        SystemTarget::of_table(&self.table.name)
    }
}

/// An attribute (`metamodel.md` §3.2).
#[derive(Clone, Debug)]
pub struct Attribute {
    /// OSSYS_ENTITY_ATTR.ID
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its SS key.
    pub key: Key,
    /// Its column: DATABASE_NAME when filled, else the name.
    pub column: String,
    /// Its type.
    pub data_type: AttributeType,
    /// LENGTH
    pub length: i64,
    /// DECIMALS
    pub decimals: i64,
    /// Whether the application demands a value; the column may allow NULL all the same.
    pub is_mandatory: bool,
    /// Whether the database gives the values.
    pub is_autonumber: bool,
    /// What happens when the row referred to is deleted.
    pub delete_rule: DeleteRule,
    /// The default from the model; empty when there is none.
    pub default_value: String,
    /// Whether it is in the current model.
    pub is_active: bool,
}

/// What deleting the row referred to does (`metamodel.md` §3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteRule {
    /// Refused, by a foreign key.
    Protect,
    /// Deletes the referring row too, by a foreign key.
    Delete,
    /// Nothing: there is no foreign key, and orphans are legal.
    Ignore,
}

/// The type of an attribute (`metamodel.md` §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// `rt…`
    Basic(BasicType),
    /// `bt<espace key>*<entity key>`
    Reference {
        /// The SS key of the target's espace.
        espace: Key,
        /// The SS key of the target.
        entity: Key,
    },
    /// Neither.
    Unknown(String),
}

/// The platform's basic types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the platform's own names")]
pub enum BasicType {
    Text,
    Integer,
    LongInteger,
    Decimal,
    Currency,
    Boolean,
    Date,
    Time,
    DateTime,
    PhoneNumber,
    Email,
    BinaryData,
    EntityReference,
}

impl AttributeType {
    /// From the stored TYPE.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(keys) = text.strip_prefix("bt").or_else(|| text.strip_prefix("BT"))
            && let Some((espace, entity)) = keys.split_once('*')
            && !espace.is_empty()
            && !entity.is_empty()
        {
            return Self::Reference { espace: Key::new(espace), entity: Key::new(entity) };
        }
        let basic = match text.to_ascii_lowercase().as_str() {
            "rttext" => BasicType::Text,
            "rtinteger" => BasicType::Integer,
            "rtlonginteger" => BasicType::LongInteger,
            "rtdecimal" => BasicType::Decimal,
            "rtcurrency" => BasicType::Currency,
            "rtboolean" => BasicType::Boolean,
            "rtdate" => BasicType::Date,
            "rttime" => BasicType::Time,
            "rtdatetime" => BasicType::DateTime,
            "rtphonenumber" => BasicType::PhoneNumber,
            "rtemail" => BasicType::Email,
            "rtbinarydata" => BasicType::BinaryData,
            "rtentityreference" => BasicType::EntityReference,
            _ => return Self::Unknown(text.to_owned()),
        };
        Self::Basic(basic)
    }

    /// Whether values are ids of other rows.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        matches!(self, Self::Reference { .. })
    }

    /// Whether it does not say what the values are: no type that is known, or an entity's that it
    /// does not name. They may be ids of anything.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Basic(BasicType::EntityReference))
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic(basic) => write!(f, "{basic:?}"),
            Self::Reference { .. } => f.write_str("reference"),
            Self::Unknown(text) => write!(f, "\"{text}\""),
        }
    }
}

/// Where a reference type leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// To this entity.
    Entity(EntityIndex),
    /// Nowhere for sure; these have the right entity key in another espace and are offered,
    /// never taken silently.
    Candidates(Vec<EntityIndex>),
}

/// A record of a static entity (`metamodel.md` §4).
#[derive(Clone, Debug)]
pub struct Record {
    /// The value of the identifier in the static entity's table, as text.
    pub data_id: String,
    /// The record's name in code.
    pub name: String,
    /// Its SS key.
    pub key: Key,
    /// The SS key of its static entity.
    pub entity_key: Key,
    /// The SS key of its espace.
    pub espace_key: Key,
    /// Whether it is in the current model.
    pub is_active: bool,
}
