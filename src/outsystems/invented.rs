//! Invented models for tests of pure code: as much as names and references need, no tables.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{
    Application, Attribute, AttributeType, BasicType, DataKind, Declared, DeleteRule, Entity,
    EntityIndex, Environment, Espace, Key, ReadAt, RoleLinks, Solution,
};
use crate::database::{
    Capabilities, DatabaseIdentity, EngineFacts, EngineKind, OneInstant, TableName,
};

/// An invented entity.
#[derive(Clone, Debug)]
pub(crate) struct InventedEntity {
    /// Its espace's place.
    pub(crate) espace: usize,
    pub(crate) name: String,
    pub(crate) kind: DataKind,
    /// Places of the entities that it refers to.
    pub(crate) refers_to: Vec<usize>,
}

/// A named group of espaces, by their places.
pub(crate) type InventedGroup = (String, Vec<usize>);

/// A model of these espaces (name, whether it is the platform's), applications, solutions and
/// entities.
pub(crate) fn environment(
    database: &str,
    espaces: &[(String, bool)],
    applications: &[InventedGroup],
    solutions: &[InventedGroup],
    entities: &[InventedEntity],
) -> Environment {
    let id = |place: usize| i64::try_from(place).unwrap_or_default() + 1;
    let ids = |places: &[usize]| places.iter().map(|place| id(*place)).collect::<Vec<i64>>();
    let key = |kind: &str, place: usize| Key::new(&format!("{kind}-{place}"));
    let attribute = |place: usize, name: String, data_type, is_autonumber| Attribute {
        id: id(place),
        key: key("attribute", place),
        column: name.to_uppercase(),
        name,
        data_type,
        length: 0,
        decimals: 0,
        is_mandatory: false,
        is_autonumber,
        delete_rule: DeleteRule::Ignore,
        default_value: String::new(),
        is_active: true,
    };
    let invented: Vec<Entity> = entities
        .iter()
        .enumerate()
        .map(|(place, entity)| {
            let identifier = AttributeType::Basic(BasicType::LongInteger);
            let mut attributes = vec![attribute(0, "Id".to_owned(), identifier, true)];
            for target in &entity.refers_to {
                let data_type = AttributeType::Reference {
                    espace: key("espace", entities[*target].espace),
                    entity: key("entity", *target),
                };
                let name = format!("{}Id", entities[*target].name);
                attributes.push(attribute(attributes.len(), name, data_type, false));
            }
            Entity {
                id: id(place),
                name: entity.name.clone(),
                key: key("entity", place),
                espace_id: Some(id(entity.espace)),
                espace_key: key("espace", entity.espace),
                espace_name: espaces[entity.espace].0.clone(),
                table: TableName::new(format!("OSUSR_{place}")),
                kind: entity.kind.clone(),
                is_active: true,
                is_external: false,
                is_system: false,
                is_multitenant: false,
                identifier_key: key("attribute", 0),
                label_key: Key::default(),
                event_table: None,
                attributes,
            }
        })
        .collect();
    let mut by_key: HashMap<Key, Vec<EntityIndex>> = HashMap::new();
    for (place, entity) in invented.iter().enumerate() {
        by_key.entry(entity.key.clone()).or_default().push(EntityIndex(place));
    }
    Environment {
        read_at: ReadAt { begun: Instant::now(), took: Duration::ZERO },
        facts: EngineFacts {
            kind: EngineKind::Sqlite,
            version: String::new(),
            stand_in: false,
            database: database.to_owned(),
            place: database.to_owned(),
            identity: DatabaseIdentity {
                server: database.to_owned(),
                database_id: String::new(),
                created: String::new(),
                group_id: None,
                recovery_id: None,
            },
            collation: String::new(),
            compatibility: 0,
            user: String::new(),
            read_only: false,
            capabilities: Capabilities {
                parallel_writers: false,
                ids_come_back: true,
                rights: false,
                instant: OneInstant::Denied,
                catalogs: false,
                switches: false,
                untyped: false,
            },
        },
        platform_version: None,
        is_practice: false,
        servers: Vec::new(),
        espaces: espaces
            .iter()
            .enumerate()
            .map(|(place, (name, is_system))| Espace {
                id: id(place),
                name: name.clone(),
                key: key("espace", place),
                is_system: *is_system,
                user_provider: Key::default(),
                catalog: None,
                version: None,
            })
            .collect(),
        extensions: Vec::new(),
        applications: applications
            .iter()
            .enumerate()
            .map(|(place, (name, espaces))| Application {
                id: id(place),
                name: name.clone(),
                key: key("application", place),
                espaces: ids(espaces),
                extensions: Vec::new(),
            })
            .collect(),
        solutions: solutions
            .iter()
            .map(|(name, espaces)| Solution {
                name: name.clone(),
                espaces: ids(espaces),
                extensions: Vec::new(),
            })
            .collect(),
        entities: invented,
        records: Vec::new(),
        tenants: Vec::new(),
        users: Vec::new(),
        groups: Vec::new(),
        roles: Vec::new(),
        links: RoleLinks::default(),
        declared: Declared::default(),
        definitions: HashMap::new(),
        shapes: HashMap::new(),
        referrers: Vec::new(),
        absent: Vec::new(),
        by_key,
    }
}
