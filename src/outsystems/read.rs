//! Reading an environment: a handful of statements, however large the factory.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::declared::Declared;
use super::environment::{
    Application, Environment, Espace, Extension, Group, ProcessDefinition, ReadAt, Role, RoleLinks,
    Solution, Tenant, User,
};
use super::tables::{self, PlatformTable, Rows};
use super::{
    Attribute, AttributeType, DataKind, DeleteRule, Entity, EntityIndex, InstanceTable, Key,
    Record, SystemTarget, instances,
};
use crate::database::{Filter, Referrer, Result, Source, TableName, TableShape};

/// The row of OSSYS_PARAMETER that marks a practice pair.
const PRACTICE: &str = "osferry.practice";

/// Reads the environment behind a source.
///
/// Errors when the database is no OutSystems platform (naming the missing table), or when a
/// column that is needed is absent (naming it).
pub async fn read(source: &dyn Source) -> Result<Environment> {
    let begun = Instant::now();
    let of_instances = InstanceTable::ALL.map(InstanceTable::table);
    let read = tables::ALL.iter().map(|table| tables::name(table));
    let names: Vec<TableName> = read.chain(of_instances.clone()).collect();
    let mut shapes: HashMap<TableName, TableShape> = HashMap::new();
    for (name, shape) in names.iter().zip(source.shapes(&names).await?) {
        if let Some(shape) = shape {
            shapes.insert(name.clone(), shape);
        }
    }
    let mut absent = Vec::new();
    for table in tables::ALL {
        if !table.is_required && !shapes.contains_key(&tables::name(table)) {
            absent.push(format!("{} is not there", table.name));
        }
    }
    let reader = Reader { source, shapes: &shapes };

    let catalogs: HashMap<i64, String> = {
        let rows = reader.rows(&tables::CATALOG).await?;
        (0..rows.len())
            .filter_map(|row| Some((rows.integer(row, "ID")?, rows.text(row, "NAME"))))
            .filter(|(_, name)| !name.eq_ignore_ascii_case("(Main)") && !name.is_empty())
            .collect()
    };
    let espaces = espaces(&reader.rows(&tables::ESPACE).await?, &catalogs);
    let extensions = extensions(&reader.rows(&tables::EXTENSION).await?);
    let mut entities = entities(&reader.rows(&tables::ENTITY).await?, &espaces, &extensions);
    add_attributes(&mut entities, &reader.rows(&tables::ATTRIBUTE).await?);
    instances::describe(&mut entities, &shapes);
    let records = records(&reader.rows(&tables::RECORD).await?, &espaces);
    let parameters = reader.rows(&tables::PARAMETER).await?;
    let parameter = |name: &str| {
        (0..parameters.len())
            .find(|row| parameters.text(*row, "NAME").eq_ignore_ascii_case(name))
            .map(|row| parameters.text(row, "VAL"))
    };
    let (platform_version, is_practice) = (parameter("Version"), parameter(PRACTICE).is_some());
    let servers = texts(&reader.rows(&tables::SERVER).await?, "NAME");
    let tenants = tenants(&reader.rows(&tables::TENANT).await?, &espaces);
    let users = users(&reader.rows(&tables::USER).await?);
    let groups = groups(&reader.rows(&tables::GROUP).await?);
    let roles = roles(&reader.rows(&tables::ROLE).await?, &espaces);
    let links = RoleLinks {
        user_roles: pairs(&reader.rows(&tables::USER_ROLE).await?, "USER_ID", "ROLE_ID"),
        group_roles: pairs(&reader.rows(&tables::GROUP_ROLE).await?, "GROUP_ID", "ROLE_ID"),
        group_users: pairs(&reader.rows(&tables::GROUP_USER).await?, "USER_ID", "GROUP_ID"),
    };
    let applications = applications(
        &reader.rows(&tables::APPLICATION).await?,
        &reader.rows(&tables::MODULE).await?,
        &reader.rows(&tables::APPLICATION_MODULE).await?,
    );
    let (of_solutions, content) =
        (reader.rows(&tables::SOLUTION).await?, reader.rows(&tables::SOLUTION_REFERENCE).await?);
    let solutions = solutions(&of_solutions, &content);
    if shapes.contains_key(&tables::name(&tables::SOLUTION_REFERENCE)) {
        let missing = SOLUTION_LINK.into_iter().filter(|column| !content.has(column));
        absent.extend(
            missing.map(|name| format!("{} has no column {name}", tables::SOLUTION_REFERENCE.name)),
        );
    }
    let definitions = definitions(&reader, &espaces).await?;
    let declared = Declared::read(
        &reader.rows(&tables::ESPACE_ENTITY).await?,
        &reader.rows(&tables::ESPACE_REFERENCE).await?,
    );

    let wanted = application_tables(&entities);
    for (name, shape) in wanted.iter().zip(source.shapes(&wanted).await?) {
        if let Some(shape) = shape {
            shapes.insert(name.clone(), shape);
        }
    }
    // Users may be deleted as well: to be created again.
    let mut parents = wanted;
    parents.push(tables::name(&tables::USER));
    // So may instances of processes: before those of the source come.
    parents.extend(of_instances);
    let referrers = referrers(source, &parents, &shapes).await?;
    let of_others = unknown_tables(&referrers, &shapes);
    for (name, shape) in of_others.iter().zip(source.shapes(&of_others).await?) {
        if let Some(shape) = shape {
            shapes.insert(name.clone(), shape);
        }
    }

    let mut by_key: HashMap<Key, Vec<EntityIndex>> = HashMap::new();
    for (index, entity) in entities.iter().enumerate() {
        by_key.entry(entity.key.clone()).or_default().push(EntityIndex(index));
    }
    for indexes in by_key.values_mut() {
        indexes.sort_by_key(|index| (!entities[index.0].is_active, *index));
    }

    Ok(Environment {
        read_at: ReadAt { begun, took: begun.elapsed() },
        facts: source.facts().clone(),
        platform_version,
        is_practice,
        servers,
        espaces,
        extensions,
        applications,
        solutions,
        entities,
        records,
        tenants,
        users,
        groups,
        roles,
        links,
        declared,
        definitions,
        shapes,
        referrers,
        absent,
        by_key,
    })
}

/// The foreign keys that lead to these tables, then those that lead to the tables found that way,
/// for a row that goes may take others along.
async fn referrers(
    source: &dyn Source,
    tables: &[TableName],
    shapes: &HashMap<TableName, TableShape>,
) -> Result<Vec<Referrer>> {
    let known = tables.iter().filter_map(|table| Some(shapes.get(table)?.name.clone()));
    let mut ask: Vec<TableName> = known.collect();
    let mut asked: HashSet<TableName> = ask.iter().cloned().collect();
    let mut found: Vec<Referrer> = Vec::new();
    while !ask.is_empty() {
        let more = source.referrers(&ask).await?;
        ask = more
            .iter()
            .filter(|referrer| asked.insert(referrer.table.clone()))
            .map(|referrer| referrer.table.clone())
            .collect();
        found.extend(more);
    }
    Ok(found)
}

/// The tables that foreign keys are of and whose shapes are not known yet.
fn unknown_tables(
    referrers: &[Referrer],
    shapes: &HashMap<TableName, TableShape>,
) -> Vec<TableName> {
    let mut known: HashSet<&TableName> = shapes.values().map(|shape| &shape.name).collect();
    let tables = referrers.iter().map(|referrer| &referrer.table);
    tables.filter(|table| known.insert(table)).cloned().collect()
}

/// Number of subscriptions in each event table, for those that exist and hold any.
pub async fn count_event_rows(
    source: &dyn Source,
    environment: &Environment,
) -> Result<Vec<(TableName, u64)>> {
    let mut counts = Vec::new();
    for table in environment.entities.iter().filter_map(|entity| entity.event_table.as_ref()) {
        if environment.shape(table).is_some() && !counts.iter().any(|(known, _)| known == table) {
            let rows = source.count(table, &Filter::All).await?;
            if rows > 0 {
                counts.push((table.clone(), rows));
            }
        }
    }
    Ok(counts)
}

struct Reader<'a> {
    source: &'a dyn Source,
    shapes: &'a HashMap<TableName, TableShape>,
}

impl Reader<'_> {
    async fn rows(&self, table: &PlatformTable) -> Result<Rows> {
        tables::rows(self.source, table, self.shapes.get(&tables::name(table))).await
    }
}

fn application_tables(entities: &[Entity]) -> Vec<TableName> {
    let mut wanted: Vec<TableName> = Vec::new();
    let mut seen = HashSet::new();
    for entity in entities {
        let has_table = !entity.is_external
            && !matches!(entity.kind, DataKind::Client)
            && entity.system_target().is_none();
        let own = has_table.then_some(&entity.table);
        for table in own.into_iter().chain(&entity.event_table) {
            if !table.name.is_empty() && seen.insert(table.clone()) {
                wanted.push(table.clone());
            }
        }
    }
    wanted
}

fn espaces(rows: &Rows, catalogs: &HashMap<i64, String>) -> Vec<Espace> {
    (0..rows.len())
        .filter(|row| rows.flag(*row, "IS_ACTIVE", true))
        .filter_map(|row| {
            Some(Espace {
                id: rows.integer(row, "ID")?,
                name: rows.text(row, "NAME"),
                key: Key::new(&rows.text(row, "SS_KEY")),
                is_system: rows.flag(row, "IS_SYSTEM", false),
                user_provider: Key::new(&rows.text(row, "USER_PROVIDER_KEY")),
                catalog: rows
                    .integer(row, "DBCATALOG_ID")
                    .and_then(|id| catalogs.get(&id).cloned()),
                version: rows.integer(row, "VERSION_ID"),
            })
        })
        .collect()
}

fn extensions(rows: &Rows) -> Vec<Extension> {
    (0..rows.len())
        .filter(|row| rows.flag(*row, "IS_ACTIVE", true))
        .filter_map(|row| {
            Some(Extension {
                id: rows.integer(row, "ID")?,
                name: rows.text(row, "NAME"),
                key: Key::new(&rows.text(row, "SS_KEY")),
            })
        })
        .collect()
}

fn entities(rows: &Rows, espaces: &[Espace], extensions: &[Extension]) -> Vec<Entity> {
    let espaces: HashMap<i64, &Espace> = espaces.iter().map(|espace| (espace.id, espace)).collect();
    let extensions: HashMap<i64, &Extension> =
        extensions.iter().map(|extension| (extension.id, extension)).collect();
    let mut entities = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let Some(id) = rows.integer(row, "ID") else { continue };
        let espace = rows.integer(row, "ESPACE_ID").and_then(|id| espaces.get(&id));
        let extension = rows.integer(row, "EXTENSION_ID").and_then(|id| extensions.get(&id));
        let (espace_id, espace_key, espace_name, catalog) = match (espace, extension) {
            (Some(espace), _) => {
                (Some(espace.id), &espace.key, &espace.name, espace.catalog.clone())
            }
            (None, Some(extension)) => (None, &extension.key, &extension.name, None),
            // The owner is deleted: its key has changed and nothing can be matched.
            (None, None) => continue,
        };
        let event_table = rows.text(row, "EVENT_TABLE_NAME");
        let exposes = rows.flag(row, "EXPOSE_PROCESS_EVENTS", !event_table.is_empty());
        let name = rows.text(row, "PHYSICAL_TABLE_NAME");
        // System entities live in the main database whatever the espace says.
        let is_platform = SystemTarget::of_table(&name).is_some();
        entities.push(Entity {
            id,
            name: rows.text(row, "NAME"),
            key: Key::new(&rows.text(row, "SS_KEY")),
            espace_id,
            espace_key: espace_key.clone(),
            espace_name: espace_name.clone(),
            table: TableName::new(name).in_catalog(if is_platform {
                None
            } else {
                catalog.clone()
            }),
            kind: DataKind::parse(&rows.text(row, "DATA_KIND")),
            is_active: rows.flag(row, "IS_ACTIVE", true),
            is_external: rows.flag(row, "IS_EXTERNAL", false),
            is_system: rows.flag(row, "IS_SYSTEM", false),
            is_multitenant: rows.flag(row, "MULTITENANT", false),
            identifier_key: Key::new(&rows.text(row, "PRIMARYKEY_SS_KEY")),
            label_key: Key::new(&rows.text(row, "LABEL_ATTRIBUTE")),
            event_table: (exposes && !event_table.trim().is_empty())
                .then(|| TableName::new(event_table.trim()).in_catalog(catalog)),
            attributes: Vec::new(),
        });
    }
    entities
}

fn add_attributes(entities: &mut [Entity], rows: &Rows) {
    let places: HashMap<i64, usize> =
        entities.iter().enumerate().map(|(place, entity)| (entity.id, place)).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|row| (rows.integer(*row, "ORDER_NUM"), *row));
    for row in order {
        let Some(place) = rows.integer(row, "ENTITY_ID").and_then(|id| places.get(&id)) else {
            continue;
        };
        let name = rows.text(row, "NAME");
        let column = rows.text(row, "DATABASE_NAME");
        entities[*place].attributes.push(Attribute {
            id: rows.integer(row, "ID").unwrap_or_default(),
            key: Key::new(&rows.text(row, "SS_KEY")),
            column: if column.trim().is_empty() { name.clone() } else { column.trim().to_owned() },
            name,
            data_type: AttributeType::parse(&rows.text(row, "TYPE")),
            length: rows.integer(row, "LENGTH").unwrap_or_default(),
            decimals: rows.integer(row, "DECIMALS").unwrap_or_default(),
            is_mandatory: rows.flag(row, "IS_MANDATORY", false),
            is_autonumber: rows.flag(row, "IS_AUTONUMBER", false),
            delete_rule: match rows.text(row, "DELETE_RULE").to_ascii_lowercase().as_str() {
                "delete" => DeleteRule::Delete,
                "ignore" => DeleteRule::Ignore,
                _ => DeleteRule::Protect,
            },
            default_value: rows.text(row, "DEFAULT_VALUE"),
            is_active: rows.flag(row, "IS_ACTIVE", true),
        });
    }
}

fn records(rows: &Rows, espaces: &[Espace]) -> Vec<Record> {
    let keys: HashMap<i64, &Key> = espaces.iter().map(|espace| (espace.id, &espace.key)).collect();
    (0..rows.len())
        .filter_map(|row| {
            Some(Record {
                data_id: rows.text(row, "DATA_ID").trim().to_owned(),
                name: rows.text(row, "NAME"),
                key: Key::new(&rows.text(row, "SS_KEY")),
                entity_key: Key::new(&rows.text(row, "ENTITY_SS_KEY")),
                espace_key: (*keys.get(&rows.integer(row, "ESPACE_ID")?)?).clone(),
                is_active: rows.flag(row, "IS_ACTIVE", true),
            })
        })
        .collect()
}

fn tenants(rows: &Rows, espaces: &[Espace]) -> Vec<Tenant> {
    let by_id: HashMap<i64, &Espace> = espaces.iter().map(|espace| (espace.id, espace)).collect();
    (0..rows.len())
        .filter_map(|row| {
            let provider = rows.integer(row, "ESPACE_ID").and_then(|id| by_id.get(&id));
            Some(Tenant {
                id: rows.integer(row, "ID")?,
                name: Key::new(&rows.text(row, "NAME")),
                provider: provider.map(|espace| espace.key.clone()).unwrap_or_default(),
                provider_name: provider.map(|espace| espace.name.clone()).unwrap_or_default(),
                is_active: rows.flag(row, "IS_ACTIVE", true),
            })
        })
        .collect()
}

fn users(rows: &Rows) -> Vec<User> {
    let mut users: Vec<User> = (0..rows.len())
        .filter_map(|row| {
            Some(User {
                id: rows.integer(row, "ID")?,
                tenant_id: rows.integer(row, "TENANT_ID"),
                username: Key::new(&rows.text(row, "USERNAME")),
                name: rows.text(row, "NAME"),
                email: Key::new(&rows.text(row, "EMAIL")),
                external_id: Key::new(&rows.text(row, "EXTERNAL_ID")),
                is_active: rows.flag(row, "IS_ACTIVE", true),
            })
        })
        .collect();
    users.sort_by_key(|user| user.id);
    users
}

fn groups(rows: &Rows) -> Vec<Group> {
    (0..rows.len())
        .filter_map(|row| {
            Some(Group {
                id: rows.integer(row, "ID")?,
                tenant_id: rows.integer(row, "TENANT_ID"),
                name: Key::new(&rows.text(row, "NAME")),
            })
        })
        .collect()
}

fn roles(rows: &Rows, espaces: &[Espace]) -> Vec<Role> {
    let keys: HashMap<i64, &Key> = espaces.iter().map(|espace| (espace.id, &espace.key)).collect();
    (0..rows.len())
        .filter_map(|row| {
            Some(Role {
                id: rows.integer(row, "ID")?,
                name: rows.text(row, "NAME"),
                key: Key::new(&rows.text(row, "SS_KEY")),
                espace_key: (*keys.get(&rows.integer(row, "ESPACE_ID")?)?).clone(),
                is_active: rows.flag(row, "IS_ACTIVE", true),
            })
        })
        .collect()
}

pub(super) fn pairs(rows: &Rows, first: &str, second: &str) -> Vec<(i64, i64)> {
    (0..rows.len())
        .filter_map(|row| Some((rows.integer(row, first)?, rows.integer(row, second)?)))
        .collect()
}

fn texts(rows: &Rows, column: &str) -> Vec<String> {
    let mut texts: Vec<String> = (0..rows.len()).map(|row| rows.text(row, column)).collect();
    texts.sort();
    texts
}

fn applications(applications: &Rows, modules: &Rows, links: &Rows) -> Vec<Application> {
    let espace_of: HashMap<i64, i64> = pairs(modules, "ID", "ESPACE_ID").into_iter().collect();
    let extension_of: HashMap<i64, i64> =
        pairs(modules, "ID", "EXTENSION_ID").into_iter().filter(|(_, id)| *id > 0).collect();
    let mut espaces: HashMap<i64, Vec<i64>> = HashMap::new();
    let mut extensions: HashMap<i64, Vec<i64>> = HashMap::new();
    for (application, module) in pairs(links, "APPLICATION_ID", "MODULE_ID") {
        if let Some(espace) = espace_of.get(&module) {
            espaces.entry(application).or_default().push(*espace);
        }
        if let Some(extension) = extension_of.get(&module) {
            extensions.entry(application).or_default().push(*extension);
        }
    }
    (0..applications.len())
        .filter(|row| applications.flag(*row, "IS_ACTIVE", true))
        .filter_map(|row| {
            let id = applications.integer(row, "ID")?;
            Some(Application {
                id,
                name: applications.text(row, "NAME"),
                key: Key::new(&applications.text(row, "KEY")),
                espaces: espaces.remove(&id).unwrap_or_default(),
                extensions: extensions.remove(&id).unwrap_or_default(),
            })
        })
        .collect()
}

/// Columns that say which modules a solution has.
const SOLUTION_LINK: [&str; 2] = ["SOLUTION_ID", "ESPACE_ID"];

/// The solutions; none where nothing says what is in them.
fn solutions(solutions: &Rows, content: &Rows) -> Vec<Solution> {
    if !SOLUTION_LINK.into_iter().all(|column| content.has(column)) {
        return Vec::new();
    }
    let [solution, espace] = SOLUTION_LINK;
    let (espaces, extensions) =
        (pairs(content, solution, espace), pairs(content, solution, "EXTENSION_ID"));
    let of = |links: &[(i64, i64)], id| {
        links.iter().filter(|link| link.0 == id).map(|link| link.1).collect()
    };
    (0..solutions.len())
        .filter_map(|row| {
            let id = solutions.integer(row, "ID")?;
            Some(Solution {
                name: solutions.text(row, "NAME"),
                espaces: of(&espaces, id),
                extensions: of(&extensions, id),
            })
        })
        .collect()
}

/// Definitions of processes and of what they consist of, statuses and kinds.
async fn definitions(
    reader: &Reader<'_>,
    espaces: &[Espace],
) -> Result<HashMap<SystemTarget, Vec<ProcessDefinition>>> {
    let keys: HashMap<i64, &Key> = espaces.iter().map(|espace| (espace.id, &espace.key)).collect();
    let rows = reader.rows(&tables::PROCESS_DEFINITION).await?;
    let processes: Vec<ProcessDefinition> = (0..rows.len())
        .filter_map(|row| {
            let espace_key = keys.get(&rows.integer(row, "ESPACE_ID")?)?;
            Some(ProcessDefinition { espace_key: (*espace_key).clone(), ..definition(&rows, row)? })
        })
        .collect();
    let part = async |table, column, wholes| -> Result<Vec<ProcessDefinition>> {
        Ok(parts(&reader.rows(table).await?, column, wholes))
    };
    let activities = part(&tables::ACTIVITY_DEFINITION, "PROCESS_DEF_ID", &processes).await?;
    let inputs = part(&tables::PROCESS_INPUT_DEFINITION, "PROCESS_DEF_ID", &processes).await?;
    let outputs = part(&tables::PROCESS_OUTPUT_DEFINITION, "PROCESS_DEF_ID", &processes).await?;
    let values = part(&tables::ACTIVITY_OUTPUT_DEFINITION, "ACTIVITY_DEF_ID", &activities).await?;
    let mut definitions = HashMap::from([
        (SystemTarget::ProcessDefinition, processes),
        (SystemTarget::ActivityDefinition, activities),
        (SystemTarget::ProcessInputDefinition, inputs),
        (SystemTarget::ProcessOutputDefinition, outputs),
        (SystemTarget::ActivityOutputDefinition, values),
    ]);
    for (target, table) in [
        (SystemTarget::ProcessStatus, &tables::PROCESS_STATUS),
        (SystemTarget::ActivityStatus, &tables::ACTIVITY_STATUS),
        (SystemTarget::ActivityKind, &tables::ACTIVITY_KIND),
    ] {
        let rows = reader.rows(table).await?;
        let all = (0..rows.len()).filter_map(|row| definition(&rows, row)).collect();
        definitions.insert(target, all);
    }
    Ok(definitions)
}

/// What a row of any of these tables says for itself.
fn definition(rows: &Rows, row: usize) -> Option<ProcessDefinition> {
    Some(ProcessDefinition {
        id: rows.integer(row, "ID")?,
        name: rows.text(row, "NAME"),
        key: Key::new(&rows.text(row, "SS_KEY")),
        value_type: rows.text(row, "SS_TYPE").trim().to_owned(),
        entity_id: rows.integer(row, "PROCESS_ENTITY_ID").filter(|id| *id != 0),
        is_active: rows.flag(row, "IS_ACTIVE", true),
        ..ProcessDefinition::default()
    })
}

/// Definitions that are part of others, which `column` names.
fn parts(rows: &Rows, column: &str, wholes: &[ProcessDefinition]) -> Vec<ProcessDefinition> {
    let by_id: HashMap<i64, &ProcessDefinition> =
        wholes.iter().map(|whole| (whole.id, whole)).collect();
    (0..rows.len())
        .filter_map(|row| {
            let whole = by_id.get(&rows.integer(row, column)?)?;
            Some(ProcessDefinition {
                espace_key: whole.espace_key.clone(),
                part_of: Some(whole.id),
                parent_key: whole.full_key(),
                ..definition(rows, row)?
            })
        })
        .collect()
}
