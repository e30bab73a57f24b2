//! The invented company, as its files in `assets/practice/` describe it.

use std::collections::HashSet;

use serde::Deserialize;

use super::entity::{Attribute, Entity};
use super::key;
use super::process::Processes;
use crate::database::{Fault, FaultKind, Result};
use crate::outsystems::Side;

/// The espace that owns the platform's own entities.
pub(super) const SERVICE_CENTER: &str = "ServiceCenter";
/// The espace whose tenants hold the people of the business.
pub(super) const USER_PROVIDER: &str = "Users";
/// The full name of the platform's entity for people.
pub(super) const USER: &str = "ServiceCenter.User";
/// The full name of the platform's entity for instances of processes.
pub(super) const PROCESS: &str = "ServiceCenter.Process";

/// Everything about the company that both sides are made of.
pub(super) struct Company {
    /// Applications, modules, tenants, roles and the like.
    pub(super) factory: Factory,
    /// People, in the order of their ids.
    pub(super) users: Vec<User>,
    /// Entities, clones included.
    pub(super) entities: Vec<Entity>,
    /// Processes, and what there is of them.
    pub(super) processes: Processes,
    /// Words that rows are made of.
    pub(super) words: Words,
}

/// What `company.toml` holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Factory {
    /// The platform's version.
    pub(super) version: String,
    #[serde(rename = "application")]
    pub(super) applications: Vec<Application>,
    #[serde(rename = "espace")]
    pub(super) espaces: Vec<Espace>,
    #[serde(rename = "extension")]
    pub(super) extensions: Vec<Extension>,
    #[serde(rename = "tenant")]
    pub(super) tenants: Vec<Tenant>,
    #[serde(rename = "role")]
    pub(super) roles: Vec<Role>,
    #[serde(rename = "group")]
    pub(super) groups: Vec<Group>,
    #[serde(rename = "site_property")]
    pub(super) site_properties: Vec<SiteProperty>,
    #[serde(rename = "server")]
    pub(super) servers: Vec<Server>,
}

/// An application and its modules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) solution: Option<String>,
    pub(super) espaces: Vec<String>,
    #[serde(default)]
    pub(super) extensions: Vec<String>,
    /// Taken offline in the destination: a run writes rows of it.
    #[serde(default)]
    pub(super) offline: bool,
}

/// A module built in Service Studio.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Espace {
    pub(super) name: String,
    #[serde(default)]
    pub(super) system: bool,
    pub(super) kind: String,
    /// The part of its tables' names that stands for it.
    pub(super) hash: String,
    #[serde(default)]
    pub(super) user_provider: bool,
    #[serde(default)]
    pub(super) multi_tenant: bool,
    /// Whether the destination writes its keys in capitals.
    #[serde(default)]
    pub(super) capitals_in_destination: bool,
    /// The module it was cloned from.
    pub(super) clone_of: Option<String>,
}

impl Espace {
    /// The module whose inner keys it has.
    pub(super) fn origin(&self) -> &str {
        self.clone_of.as_deref().unwrap_or(&self.name)
    }
}

/// A module built in Integration Studio.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extension {
    pub(super) name: String,
    /// Entities that another system keeps.
    #[serde(default)]
    pub(super) entities: Vec<ExternalEntity>,
}

impl Extension {
    /// Its key.
    pub(super) fn key(&self) -> String {
        key::key(&format!("extension/{}", self.name))
    }

    /// The key of an entity of its own.
    pub(super) fn entity_key(&self, entity: &ExternalEntity) -> String {
        key::key(&format!("entity/{}/{}", self.name, entity.name))
    }
}

/// An entity of an extension, in a table of another database.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExternalEntity {
    pub(super) name: String,
    pub(super) table: String,
}

/// A tenant with its id on each side.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) provider: String,
    /// Its name where the destination has another.
    destination_name: Option<String>,
    source: i64,
    destination: i64,
    /// For a small tenant: one in so many rows is its own, and no other.
    pub(super) every: Option<u64>,
}

impl Tenant {
    /// Its name on a side.
    pub(super) fn name_on(&self, side: Side) -> &str {
        match (&self.destination_name, side) {
            (Some(renamed), Side::Destination) => renamed,
            _ => &self.name,
        }
    }

    /// Its id on a side.
    pub(super) fn id(&self, side: Side) -> i64 {
        match side {
            Side::Source => self.source,
            Side::Destination => self.destination,
        }
    }
}

/// A role of a module.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) espace: String,
    pub(super) name: String,
    pub(super) description: String,
    #[serde(default)]
    pub(super) only: Only,
}

impl Role {
    /// `espace.role`
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.espace, self.name)
    }
}

/// A group of people with its roles (`espace.role`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) tenant: String,
    pub(super) description: String,
    pub(super) roles: Vec<String>,
    #[serde(default)]
    pub(super) only: Only,
}

/// A setting that is never moved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteProperty {
    pub(super) espace: String,
    pub(super) name: String,
    pub(super) data_type: String,
    pub(super) default: String,
    source: Option<String>,
    destination: Option<String>,
}

impl SiteProperty {
    /// The value set on a side, when one is.
    pub(super) fn value(&self, side: Side) -> Option<&str> {
        match side {
            Side::Source => self.source.as_deref(),
            Side::Destination => self.destination.as_deref(),
        }
    }
}

/// A front end of one side.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    #[serde(deserialize_with = "side")]
    pub(super) side: Side,
    pub(super) name: String,
}

/// Somebody who signs in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) username: String,
    pub(super) name: String,
    pub(super) tenant: String,
    pub(super) group: Option<String>,
    /// A second group.
    pub(super) also: Option<String>,
    #[serde(default)]
    pub(super) only: Only,
    #[serde(default, deserialize_with = "optional_side")]
    pub(super) inactive_in: Option<Side>,
    /// The side that has this username twice.
    #[serde(default, deserialize_with = "optional_side")]
    pub(super) twice_in: Option<Side>,
}

/// Words that rows are made of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) first_names: Vec<String>,
    pub(super) last_names: Vec<String>,
    pub(super) company_words: Vec<String>,
    pub(super) company_kinds: Vec<String>,
    pub(super) shop_kinds: Vec<String>,
    pub(super) streets: Vec<String>,
    pub(super) cities: Vec<String>,
    pub(super) sentences: Vec<String>,
    pub(super) worldwide: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserFile {
    users: Vec<User>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntityFile {
    entity: Vec<Entity>,
}

/// Reads `source` or `destination`.
pub(super) fn side<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Side, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "source" => Ok(Side::Source),
        "destination" => Ok(Side::Destination),
        other => Err(serde::de::Error::custom(format!("`{other}` is no side"))),
    }
}

/// Reads `source` or `destination` where a key may be absent.
pub(super) fn optional_side<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Side>, D::Error> {
    side(deserializer).map(Some)
}

/// The side that alone has something; both have it where none is said.
#[derive(Clone, Copy, Default, Deserialize)]
pub(super) struct Only(#[serde(deserialize_with = "optional_side")] Option<Side>);

impl Only {
    /// Whether that side has it.
    pub(super) fn allows(self, side: Side) -> bool {
        self.0.is_none_or(|only| only == side)
    }
}

/// Reads one of the files that came with the program.
pub(super) fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| wrong(format!("practice data, {file}: {error}")))
}

/// A fault in the data that came with the program.
pub(super) fn wrong(what: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Data, what)
}

impl Company {
    /// Reads the company and checks that everything it names is there.
    pub(super) fn load() -> Result<Self> {
        let factory: Factory =
            parse("company.toml", include_str!("../../assets/practice/company.toml"))?;
        let users: UserFile =
            parse("users.toml", include_str!("../../assets/practice/users.toml"))?;
        let file: EntityFile =
            parse("entities.toml", include_str!("../../assets/practice/entities.toml"))?;
        let words =
            parse("vocabulary.toml", include_str!("../../assets/practice/vocabulary.toml"))?;
        let mut entities: Vec<Entity> = file.entity.into_iter().map(Entity::completed).collect();
        for espace in &factory.espaces {
            if let Some(original) = &espace.clone_of {
                let clones: Vec<Entity> = entities
                    .iter()
                    .filter(|entity| entity.espace == *original)
                    .map(|entity| entity.cloned_into(original, &espace.name))
                    .collect();
                entities.extend(clones);
            }
        }
        let processes =
            parse("processes.toml", include_str!("../../assets/practice/processes.toml"))?;
        let company = Self { factory, users: users.users, entities, processes, words };
        company.check()?;
        Ok(company)
    }

    /// The module of that name.
    pub(super) fn espace(&self, name: &str) -> Result<&Espace> {
        self.factory
            .espaces
            .iter()
            .find(|espace| espace.name == name)
            .ok_or_else(|| wrong(format!("there is no module {name}")))
    }

    /// The place of the entity with this full name (`espace.entity`).
    pub(super) fn place(&self, full_name: &str) -> Option<usize> {
        self.entities.iter().position(|entity| entity.full_name() == full_name)
    }

    /// The entity with this full name.
    pub(super) fn entity(&self, full_name: &str) -> Result<&Entity> {
        self.place(full_name)
            .and_then(|place| self.entities.get(place))
            .ok_or_else(|| wrong(format!("there is no entity {full_name}")))
    }

    /// Every entity of an extension, with the place of the extension.
    pub(super) fn external_entities(
        &self,
    ) -> impl Iterator<Item = (usize, &Extension, &ExternalEntity)> {
        let extensions = self.factory.extensions.iter().enumerate();
        extensions.flat_map(|(place, extension)| {
            extension.entities.iter().map(move |entity| (place, extension, entity))
        })
    }

    /// The extension and the entity with this full name (`extension.entity`).
    pub(super) fn external(&self, full_name: &str) -> Result<(&Extension, &ExternalEntity)> {
        let (owner, name) = split(full_name)?;
        self.external_entities()
            .find(|(_, extension, entity)| extension.name == owner && entity.name == name)
            .map(|(_, extension, entity)| (extension, entity))
            .ok_or_else(|| wrong(format!("there is no external entity {full_name}")))
    }

    /// The tenant of that name.
    pub(super) fn tenant(&self, name: &str) -> Result<&Tenant> {
        self.factory
            .tenants
            .iter()
            .find(|tenant| tenant.name == name)
            .ok_or_else(|| wrong(format!("there is no tenant {name}")))
    }

    /// The key of a module.
    pub(super) fn espace_key(name: &str) -> String {
        key::key(&format!("espace/{name}"))
    }

    /// The name that an inner key is derived from: a clone has the keys of its original.
    fn inner(&self, kind: &str, espace: &str, rest: &str) -> Result<String> {
        Ok(key::key(&format!("{kind}/{}/{rest}", self.espace(espace)?.origin())))
    }

    /// The key of an entity; those of the platform are no entries of the list.
    pub(super) fn entity_key(&self, full_name: &str) -> Result<String> {
        let (espace, name) = split(full_name)?;
        self.inner("entity", espace, name)
    }

    /// The key of an attribute.
    pub(super) fn attribute_key(&self, entity: &str, attribute: &str) -> Result<String> {
        let (espace, name) = split(entity)?;
        self.inner("attribute", espace, &format!("{name}/{attribute}"))
    }

    /// The key of a record; one that was made again has another.
    pub(super) fn record_key(&self, entity: &str, record: &str, again: bool) -> Result<String> {
        let (espace, name) = split(entity)?;
        let again = if again { "/again" } else { "" };
        self.inner("record", espace, &format!("{name}/{record}{again}"))
    }

    fn check(&self) -> Result<()> {
        let mut seen = HashSet::new();
        for entity in &self.entities {
            self.espace(&entity.espace)?;
            if !seen.insert(entity.full_name()) {
                return Err(wrong(format!("{} is there twice", entity.full_name())));
            }
            for Attribute { name, refers, external, .. } in &entity.attributes {
                let about =
                    |fault: Fault| fault.while_doing(format!("{}.{name}", entity.full_name()));
                if let Some(parent) = refers
                    && ![USER, PROCESS].contains(&parent.as_str())
                {
                    self.entity(parent).map_err(about)?;
                }
                if let Some(parent) = external {
                    self.external(parent).map_err(about)?;
                }
            }
        }
        for user in &self.users {
            self.tenant(&user.tenant)?;
        }
        for application in &self.factory.applications {
            for espace in &application.espaces {
                self.espace(espace)?;
            }
        }
        Ok(())
    }
}

/// The espace and the name in a full name.
pub(super) fn split(full_name: &str) -> Result<(&str, &str)> {
    full_name.split_once('.').ok_or_else(|| wrong(format!("`{full_name}` is no full name")))
}
