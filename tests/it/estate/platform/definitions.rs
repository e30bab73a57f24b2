//! The metamodel's tables: espaces, applications, entities, attributes, records.

use super::{Spelling, Table, USER_EVENTS, bit, event_name, system, system_key, table, type_name};
use crate::estate::chance::Chance;
use crate::estate::model::{
    Attribute, Cell, Damage, Entity, Environment, Kind, Rule, SERVICE_CENTER, Target, USERS,
};

pub(super) fn definitions(
    environment: &Environment,
    spelling: &mut Spelling,
    whim: &Chance,
) -> Vec<Table> {
    let mut chance = whim.fork("definitions");
    let provider = environment.espace_named(USERS).key.clone();
    let espaces = environment.espaces.iter().map(|e| {
        let key = spelling.key(&e.key);
        let provider_key = spelling.key(if e.system { &e.key } else { &provider });
        let provider_name = Cell::text(if e.system { SERVICE_CENTER } else { USERS });
        vec![
            Cell::Int(e.id),
            Cell::text(&e.name),
            bit(e.multitenant),
            key,
            bit(true),
            bit(e.system),
            bit(e.provider || e.system),
            provider_key,
            provider_name,
            e.catalog
                .as_ref()
                .map_or(Cell::Int(1), |name| Cell::Int(catalog_id(environment, name))),
        ]
    });
    let mut espace_rows: Vec<Vec<Cell>> = espaces.collect();
    // A module deleted long ago.
    espace_rows.push(vec![
        Cell::Int(900),
        Cell::text("Core_CS(deleted0)"),
        bit(false),
        Cell::text(Chance::new(9).key()),
        bit(false),
        bit(false),
        bit(false),
        spelling.key(&provider),
        Cell::text(USERS),
    ]);
    let mut modules = Vec::new();
    let mut links = Vec::new();
    for (index, espace) in environment.espaces.iter().enumerate() {
        let module = 50 + index as i64;
        modules.push(vec![Cell::Int(module), Cell::Int(espace.id), Cell::Null, Cell::Int(1)]);
        for application in
            environment.applications.iter().filter(|a| a.espaces.contains(&espace.key))
        {
            links.push(vec![
                Cell::Int(200 + index as i64),
                Cell::Int(application.id),
                Cell::Int(module),
            ]);
        }
    }
    let applications = environment.applications.iter().map(|a| {
        vec![Cell::Int(a.id), Cell::text(&a.name), spelling.key(&a.key), bit(true), bit(false)]
    });
    let applications = applications.collect();
    let mut catalogs = vec![vec![Cell::Int(1), Cell::text("(Main)"), Cell::text("(Main)")]];
    for name in environment.catalogs() {
        let id = catalog_id(environment, &name);
        catalogs.push(vec![Cell::Int(id), Cell::text("Further"), Cell::text(name)]);
    }
    let parameters = [("Version", "11.30.0"), ("SessionVersion", "3"), ("Secret", "do not copy")];
    let parameters = parameters
        .iter()
        .map(|(name, value)| vec![Cell::text(*name), Cell::text(*value), Cell::Null, Cell::Null])
        .collect();
    vec![
        table(
            "OSSYS_ESPACE",
            "ID int; NAME nvarchar(50); IS_MULTITENANT bit; SS_KEY nvarchar(36); IS_ACTIVE bit; \
             IS_SYSTEM bit; IS_USER_PROVIDER bit; USER_PROVIDER_KEY nvarchar(36); \
             USER_PROVIDER_NAME nvarchar(50); DBCATALOG_ID int; VERSION_ID int?; IS_CONSISTENT bit?; \
             IS_LOCKED bit?; LOCKED_DATE datetime?; PENDING_VERSION_ID int?; \
             HMAC nvarchar(200)?; ESPACEKIND nvarchar(50)?; MADE_UP_LATER nvarchar(10)?",
            espace_rows,
            &mut chance,
        ),
        table(
            "OSSYS_DBCATALOG",
            "ID int; LOGICAL_NAME nvarchar(50); NAME nvarchar(128)",
            catalogs,
            &mut Chance::new(5),
        ),
        table(
            "OSSYS_EXTENSION",
            "ID int; NAME nvarchar(50); SS_KEY nvarchar(36); IS_SYSTEM bit; IS_ACTIVE bit; \
             VERSION_ID int?; PUBLISHED_DATE datetime?; PUBLISHED_BY int?",
            vec![vec![
                Cell::Int(4),
                Cell::text("Zip"),
                spelling.key(&Chance::new(77).key()),
                bit(false),
                bit(true),
            ]],
            &mut chance,
        ),
        table(
            "OSSYS_MODULE",
            "ID int; ESPACE_ID int; EXTENSION_ID int; MODULE_KIND_ID int?",
            modules,
            &mut chance,
        ),
        table(
            "OSSYS_APP_DEFINITION_MODULE",
            "ID int; APPLICATION_ID int; MODULE_ID int",
            links,
            &mut chance,
        ),
        table(
            "OSSYS_APPLICATION",
            "ID int; NAME nvarchar(50); KEY nvarchar(36); IS_ACTIVE bit; DISABLED bit?; \
             DESCRIPTION nvarchar(500)?; APPLICATIONKIND nvarchar(50)?; CREATEDBY int?",
            applications,
            &mut chance,
        ),
        table(
            "OSSYS_PARAMETER",
            "NAME nvarchar(250); VAL nvarchar(2000); HOST nvarchar(250); HOST_SERIAL nvarchar(250)",
            parameters,
            &mut chance,
        ),
    ]
}

/// The id under which the platform knows a further database.
fn catalog_id(environment: &Environment, name: &str) -> i64 {
    let place = environment.catalogs().iter().position(|known| known == name);
    2 + place.expect("a catalog of the environment") as i64
}

pub(super) fn entity_tables(environment: &Environment, spelling: &mut Spelling) -> Vec<Table> {
    let mut chance = spelling.0.fork("entities");
    let mut entities = Vec::new();
    let mut attributes = Vec::new();
    let mut records = Vec::new();
    let service_center = environment.espace_named(SERVICE_CENTER);
    let mut attribute_id = chance.between(1000, 5000);
    for target in [Target::User, Target::Group, Target::Role, Target::Tenant, Target::Espace] {
        let (name, physical) = system(&target);
        let id = 3000 + entities.len() as i64;
        let exposes = environment.user_events.is_some() && target == Target::User;
        let key = Chance::new(43).fork(name).key();
        entities.push(vec![
            Cell::Int(id),
            spelling.name(physical),
            Cell::text(name),
            Cell::Int(service_center.id),
            spelling.key(&system_key(name)),
            bit(matches!(target, Target::User | Target::Group)),
            bit(true),
            bit(false),
            bit(true),
            spelling.key(&key),
            Cell::text("entity"),
            bit(exposes),
            Cell::text(if exposes { USER_EVENTS } else { "" }),
        ]);
        attribute_id += 1;
        attributes.push(vec![
            Cell::Int(attribute_id),
            Cell::Int(id),
            Cell::text("Id"),
            spelling.key(&key),
            Cell::text("rtInteger"),
            Cell::Int(0),
            Cell::Int(0),
            bit(true),
            bit(true),
            Cell::text(""),
            Cell::text(""),
            bit(true),
            Cell::text(""),
        ]);
    }
    for entity in &environment.entities {
        let espace = environment.espace(&entity.espace);
        entities.push(vec![
            Cell::Int(entity.id),
            spelling.name(&entity.table),
            Cell::text(&entity.name),
            Cell::Int(espace.id),
            spelling.key(&entity.key),
            bit(entity.multitenant),
            bit(entity.active),
            bit(entity.external),
            bit(false),
            entity.identifier.as_ref().map_or(Cell::text(""), |key| spelling.key(key)),
            Cell::text(if entity.is_static { "staticEntity" } else { "entity" }),
            bit(entity.events.is_some()),
            Cell::text(event_name(entity).unwrap_or_default()),
        ]);
        let shown = entity.shown_tenant.iter().chain(&entity.attributes);
        for attribute in shown.filter(|a| a.listed) {
            attribute_id += 1;
            attributes.push(attribute_row(environment, entity, attribute, attribute_id, spelling));
        }
        for record in &entity.records {
            records.push(vec![
                Cell::Int(8000 + records.len() as i64),
                Cell::text(match &record.data_id {
                    Cell::Int(id) => id.to_string(),
                    Cell::Text(id) => id.clone(),
                    _ => String::new(),
                }),
                Cell::text(&record.name),
                spelling.key(&record.key),
                spelling.key(&entity.key),
                Cell::Int(espace.id),
                bit(record.active),
            ]);
        }
    }
    vec![
        table(
            "OSSYS_ENTITY",
            "ID int; PHYSICAL_TABLE_NAME nvarchar(100); NAME nvarchar(50); ESPACE_ID int; \
             SS_KEY nvarchar(36); MULTITENANT bit; IS_ACTIVE bit; IS_EXTERNAL bit; IS_SYSTEM bit; \
             PRIMARYKEY_SS_KEY nvarchar(36); DATA_KIND nvarchar(50); EXPOSE_PROCESS_EVENTS bit; \
             EVENT_TABLE_NAME nvarchar(100); EXTENSION_ID int; MULTITENANT_VIEW nvarchar(100)?; \
             DESCRIPTION nvarchar(500)?; GENERATION int?; IS_ACTIVE_ATTRIBUTE nvarchar(36)?; \
             LABEL_ATTRIBUTE nvarchar(36)?; ORDER_BY_ATTRIBUTE nvarchar(36)?; MULTILINGUAL bit?; \
             LOGICALDATABASE nvarchar(50)?; MULTILINGUAL_TABLE_NAME nvarchar(100)?; \
             BASE_VIEW_NAME nvarchar(100)?",
            entities,
            &mut chance,
        ),
        table(
            "OSSYS_ENTITY_ATTR",
            "ID int; ENTITY_ID int; NAME nvarchar(50); SS_KEY nvarchar(36); TYPE nvarchar(100); \
             LENGTH int; DECIMALS int; IS_MANDATORY bit; IS_AUTONUMBER bit; \
             DELETE_RULE nvarchar(20); DEFAULT_VALUE nvarchar(200); IS_ACTIVE bit; \
             DATABASE_NAME nvarchar(100); DESCRIPTION nvarchar(500)?; \
             DEFAULT_LABEL nvarchar(100)?; ORDER_NUM int?; ORIGINAL_TYPE nvarchar(100)?",
            attributes,
            &mut chance,
        ),
        table(
            "OSSYS_ENTITY_RECORD",
            "ID int; DATA_ID nvarchar(50); NAME nvarchar(50); SS_KEY nvarchar(36); \
             ENTITY_SS_KEY nvarchar(36); ESPACE_ID int; IS_ACTIVE bit",
            records,
            &mut chance,
        ),
    ]
}

fn attribute_row(
    environment: &Environment,
    entity: &Entity,
    attribute: &Attribute,
    id: i64,
    spelling: &mut Spelling,
) -> Vec<Cell> {
    let (length, decimals) = match &attribute.kind {
        Kind::Text(length) => (i64::from(*length), 0),
        Kind::Decimal(length, decimals) => (i64::from(*length), i64::from(*decimals)),
        Kind::Currency => (37, 8),
        _ => (0, 0),
    };
    let named = attribute.name.eq_ignore_ascii_case(&attribute.column);
    vec![
        Cell::Int(id),
        Cell::Int(entity.id),
        Cell::text(&attribute.name),
        spelling.key(&attribute.key),
        // The two letters in front are never spelled otherwise.
        Cell::text(match &attribute.damage {
            Some(Damage::Type(text)) => text.clone(),
            _ => type_name(environment, &attribute.kind),
        }),
        Cell::Int(length),
        Cell::Int(decimals),
        bit(attribute.mandatory),
        bit(attribute.autonumber),
        Cell::text(match attribute.rule {
            Rule::Protect => "Protect",
            Rule::Delete => "Delete",
            Rule::Ignore => "Ignore",
        }),
        Cell::text(&attribute.said_default),
        bit(attribute.active),
        if named { Cell::text("") } else { spelling.name(&attribute.column) },
    ]
}
