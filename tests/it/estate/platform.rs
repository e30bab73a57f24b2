//! An environment as tables: the platform's own and the applications', for any engine.

use super::chance::Chance;
use super::model::{
    Attribute, Cell, Entity, Environment, Kind, Rule, SERVICE_CENTER, Target, USERS, User,
};

/// A column in SQL Server's words.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    /// As in `nvarchar(50)`.
    pub sql: String,
    pub nullable: bool,
    pub identity: bool,
    pub default: Option<Cell>,
}

#[derive(Clone, Debug)]
pub struct Foreign {
    pub column: String,
    pub parent: String,
    pub parent_column: String,
    pub cascade: bool,
}

/// A table with its rows, in column order.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub primary: Option<String>,
    pub uniques: Vec<Vec<String>>,
    pub foreign: Vec<Foreign>,
    pub rows: Vec<Vec<Cell>>,
    /// The process-event trigger: its event table.
    pub trigger: Option<String>,
}

/// The SQL Server type of an attribute.
pub fn sql_type(environment: &Environment, kind: &Kind, chance: &mut Chance) -> String {
    match kind {
        Kind::Text(length) if *length > 2000 => "nvarchar(max)".into(),
        Kind::Text(length) => format!("nvarchar({length})"),
        Kind::Integer => "int".into(),
        Kind::LongInteger => "bigint".into(),
        Kind::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
        Kind::Currency => "decimal(37,8)".into(),
        Kind::Boolean => "bit".into(),
        Kind::Date | Kind::Time | Kind::DateTime => "datetime".into(),
        Kind::Phone => "varchar(20)".into(),
        Kind::Email => "varchar(250)".into(),
        Kind::Binary => (*chance.pick(&["image", "varbinary(max)"])).into(),
        Kind::Reference(target) => sql_type(environment, &environment.key_kind(target), chance),
    }
}

fn type_name(environment: &Environment, kind: &Kind) -> String {
    match kind {
        Kind::Text(_) => "rtText".into(),
        Kind::Integer => "rtInteger".into(),
        Kind::LongInteger => "rtLongInteger".into(),
        Kind::Decimal(..) => "rtDecimal".into(),
        Kind::Currency => "rtCurrency".into(),
        Kind::Boolean => "rtBoolean".into(),
        Kind::Date => "rtDate".into(),
        Kind::Time => "rtTime".into(),
        Kind::DateTime => "rtDateTime".into(),
        Kind::Phone => "rtPhoneNumber".into(),
        Kind::Email => "rtEmail".into(),
        Kind::Binary => "rtBinaryData".into(),
        Kind::Reference(Target::Entity((espace, entity))) => format!("bt{espace}*{entity}"),
        Kind::Reference(target) => {
            let (name, _) = system(target);
            let espace = &environment.espace_named(SERVICE_CENTER).key;
            format!("bt{espace}*{}", system_key(name))
        }
    }
}

/// The platform's entity of a target, and its table.
pub fn system(target: &Target) -> (&'static str, &'static str) {
    match target {
        Target::User => ("User", "OSSYS_USER"),
        Target::Group => ("Group", "OSSYS_GROUP"),
        Target::Role => ("Role", "OSSYS_ROLE"),
        Target::Tenant => ("Tenant", "OSSYS_TENANT"),
        Target::Espace => ("Espace", "OSSYS_ESPACE"),
        Target::Entity(_) => unreachable!("an application's own"),
    }
}

/// Keys of the platform's entities: the same in every environment.
fn system_key(name: &str) -> String {
    Chance::new(42).fork(name).key()
}

/// Spells keys in one of the ways met in practice.
struct Spelling(Chance);

impl Spelling {
    fn key(&mut self, key: &str) -> Cell {
        Cell::text(if self.0.percent(30) { key.to_uppercase() } else { key.to_owned() })
    }

    fn name(&mut self, name: &str) -> Cell {
        Cell::text(match self.0.below(3) {
            0 => name.to_uppercase(),
            1 => name.to_lowercase(),
            _ => name.to_owned(),
        })
    }
}

/// The tables of an environment. `whim` decides what the document leaves open: optional tables
/// and columns, their order, the case of keys and names.
pub fn tables(environment: &Environment, whim: &Chance) -> Vec<Table> {
    let mut spelling = Spelling(whim.fork("spelling"));
    let mut found = definitions(environment, &mut spelling, whim);
    found.extend(entity_tables(environment, &mut spelling));
    let mut chance = whim.fork("people");
    found.extend(people(environment, &mut chance));
    found.extend(bystanders(environment, &mut chance));
    for entity in &environment.entities {
        found.push(application_table(environment, entity, whim));
        if let Some(table) = event_table(environment, entity) {
            found.push(table);
        }
    }
    found
}

/// Builds a platform table from `NAME type` words: `!` is NOT NULL, `?` may be left out.
fn table(name: &str, columns: &str, rows: Vec<Vec<Cell>>, chance: &mut Chance) -> Table {
    let mut made = Table {
        name: name.to_owned(),
        columns: Vec::new(),
        primary: None,
        uniques: Vec::new(),
        foreign: Vec::new(),
        rows: Vec::new(),
        trigger: None,
    };
    let mut kept = Vec::new();
    for (index, column) in columns.split(';').enumerate() {
        let (column, sql) = column.trim().split_once(' ').expect("a name and a type");
        let optional = sql.ends_with('?');
        let sql = sql.trim_end_matches(['!', '?']);
        if optional && chance.percent(50) {
            continue;
        }
        kept.push(index);
        made.columns.push(Column {
            name: column.to_owned(),
            sql: sql.to_owned(),
            nullable: column != "ID",
            identity: column == "ID",
            default: None,
        });
        if column == "ID" {
            made.primary = Some("ID".into());
        }
    }
    // What no row gives is NULL; the rows give the columns that are never left out first.
    for row in rows {
        let cells = kept.iter().map(|i| row.get(*i).cloned().unwrap_or(Cell::Null)).collect();
        made.rows.push(cells);
    }
    let mut order: Vec<usize> = (0..made.columns.len()).collect();
    chance.shuffle(&mut order);
    made.columns = order.iter().map(|i| made.columns[*i].clone()).collect();
    for row in &mut made.rows {
        *row = order.iter().map(|i| row[*i].clone()).collect();
    }
    made
}

fn bit(value: bool) -> Cell {
    Cell::Int(i64::from(value))
}

fn definitions(environment: &Environment, spelling: &mut Spelling, whim: &Chance) -> Vec<Table> {
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
             USER_PROVIDER_NAME nvarchar(50); VERSION_ID int?; IS_CONSISTENT bit?; \
             IS_LOCKED bit?; LOCKED_DATE datetime?; PENDING_VERSION_ID int?; \
             HMAC nvarchar(200)?; ESPACEKIND nvarchar(50)?; MADE_UP_LATER nvarchar(10)?",
            espace_rows,
            &mut chance,
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

fn entity_tables(environment: &Environment, spelling: &mut Spelling) -> Vec<Table> {
    let mut chance = spelling.0.fork("entities");
    let mut entities = Vec::new();
    let mut attributes = Vec::new();
    let mut records = Vec::new();
    let service_center = environment.espace_named(SERVICE_CENTER);
    let mut attribute_id = chance.between(1000, 5000);
    for target in [Target::User, Target::Group, Target::Role, Target::Tenant, Target::Espace] {
        let (name, physical) = system(&target);
        let id = 3000 + entities.len() as i64;
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
            bit(false),
            Cell::text(""),
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
            bit(false),
            bit(false),
            entity.identifier.as_ref().map_or(Cell::text(""), |key| spelling.key(key)),
            Cell::text(if entity.is_static { "staticEntity" } else { "entity" }),
            bit(entity.events.is_some()),
            Cell::text(event_name(entity).unwrap_or_default()),
        ]);
        for attribute in entity.attributes.iter().filter(|a| a.listed) {
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
        Cell::text(type_name(environment, &attribute.kind)),
        Cell::Int(length),
        Cell::Int(decimals),
        bit(attribute.mandatory),
        bit(attribute.autonumber),
        Cell::text(match attribute.rule {
            Rule::Protect => "Protect",
            Rule::Delete => "Delete",
            Rule::Ignore => "Ignore",
        }),
        Cell::text(""),
        bit(attribute.active),
        if named { Cell::text("") } else { spelling.name(&attribute.column) },
    ]
}

fn people(environment: &Environment, chance: &mut Chance) -> Vec<Table> {
    let tenants = environment.tenants.iter().map(|t| {
        vec![
            Cell::Int(t.id),
            Cell::text(&t.name),
            Cell::Int(environment.espace(&t.espace).id),
            bit(true),
        ]
    });
    let tenants = tenants.collect();
    let tenant_of = |user: i64| Cell::Int(environment.user(user).expect("there").tenant);
    let group_tenant = |group: i64| {
        Cell::Int(environment.groups.iter().find(|g| g.id == group).expect("there").tenant)
    };
    let users = environment.users.iter().map(user_row).collect();
    let groups = environment.groups.iter().map(|g| {
        vec![
            Cell::Int(g.id),
            Cell::text(&g.name),
            Cell::text(""),
            Cell::Null,
            Cell::text("2019-05-05 10:00:00"),
            bit(false),
            Cell::Int(g.tenant),
        ]
    });
    let groups = groups.collect();
    let roles = environment.roles.iter().map(|r| {
        vec![
            Cell::Int(r.id),
            Cell::text(&r.name),
            bit(true),
            Cell::text(&r.key),
            Cell::Int(environment.espace(&r.espace).id),
            bit(true),
            Cell::text(""),
        ]
    });
    let roles = roles.collect();
    let links = |pairs: &[(i64, i64)], tenant: &dyn Fn(&(i64, i64)) -> Cell| {
        pairs
            .iter()
            .enumerate()
            .map(|(n, pair)| {
                let id = Cell::Int(400 + n as i64);
                vec![id, Cell::Int(pair.0), Cell::Int(pair.1), tenant(pair)]
            })
            .collect::<Vec<_>>()
    };
    let mut found = vec![
        table(
            "OSSYS_TENANT",
            "ID int; NAME nvarchar(35); ESPACE_ID int; IS_ACTIVE bit",
            tenants,
            chance,
        ),
        table(
            "OSSYS_USER",
            "ID int; TENANT_ID int; NAME nvarchar(256); USERNAME nvarchar(250); \
             PASSWORD nvarchar(256); EMAIL varchar(250); MOBILEPHONE varchar(20); \
             EXTERNAL_ID nvarchar(36); CREATION_DATE datetime; LAST_LOGIN datetime; IS_ACTIVE bit",
            users,
            chance,
        ),
        table(
            "OSSYS_GROUP",
            "ID int; NAME nvarchar(250); DESCRIPTION nvarchar(500); CREATED_BY int; \
             CREATED datetime; HAS_CUSTOM_MANAGEMENT bit; TENANT_ID int",
            groups,
            chance,
        ),
        table(
            "OSSYS_ROLE",
            "ID int; NAME nvarchar(50); PERSISTENT bit; SS_KEY nvarchar(36); ESPACE_ID int; \
             IS_ACTIVE bit; DESCRIPTION nvarchar(500)",
            roles,
            chance,
        ),
        table(
            "OSSYS_USER_ROLE",
            "ID int; USER_ID int; ROLE_ID int; TENANT_ID int",
            links(&environment.user_roles, &|(user, _)| tenant_of(*user)),
            chance,
        ),
        table(
            "OSSYS_GROUP_ROLE",
            "ID int; GROUP_ID int; ROLE_ID int; TENANT_ID int",
            links(&environment.group_roles, &|(group, _)| group_tenant(*group)),
            chance,
        ),
        table(
            "OSSYS_GROUP_USER",
            "ID int; GROUP_ID int; USER_ID int; TENANT_ID int",
            links(&environment.group_users, &|(group, _)| group_tenant(*group)),
            chance,
        ),
    ];
    for table in &mut found {
        for (column, parent) in [
            ("USER_ID", "OSSYS_USER"),
            ("ROLE_ID", "OSSYS_ROLE"),
            ("GROUP_ID", "OSSYS_GROUP"),
            ("CREATED_BY", "OSSYS_USER"),
        ] {
            if table.columns.iter().any(|c| c.name == column) {
                table.foreign.push(Foreign {
                    column: column.into(),
                    parent: parent.into(),
                    parent_column: "ID".into(),
                    cascade: true,
                });
            }
        }
        if table.name == "OSSYS_TENANT" {
            table.uniques.push(vec!["NAME".into(), "ESPACE_ID".into()]);
        }
    }
    found
}

fn user_row(user: &User) -> Vec<Cell> {
    vec![
        Cell::Int(user.id),
        Cell::Int(user.tenant),
        Cell::text(&user.name),
        Cell::text(&user.username),
        Cell::text(&user.password),
        Cell::text(&user.email),
        Cell::text(&user.phone),
        Cell::text(&user.external),
        Cell::text("2020-02-02 02:02:02"),
        Cell::text("1900-01-01 00:00:00"),
        bit(user.active),
    ]
}

/// Tables that a migration has no business with: some there, some not.
fn bystanders(environment: &Environment, chance: &mut Chance) -> Vec<Table> {
    let one = |texts: &[&str]| {
        let mut row = vec![Cell::Int(1)];
        row.extend(texts.iter().map(|t| Cell::text(*t)));
        vec![row]
    };
    let espace = environment.espace_named("Core").id;
    let mut found = vec![
        table("OSSYS_SOLUTION", "ID int; NAME nvarchar(50)", one(&["Everything"]), chance),
        table(
            "OSSYS_BASIC_TYPE",
            "ID nvarchar(30); NAME nvarchar(30)",
            vec![vec![Cell::text("rtText"), Cell::text("Text")]],
            chance,
        ),
        table(
            "OSSYS_SITE_PROPERTY_SHARED",
            "ID int; SITE_PROPERTY_DEFINITION_ID int; PROPERTY_VALUE nvarchar(2000)",
            vec![vec![Cell::Int(1), Cell::Int(5), Cell::text("https://here.test")]],
            chance,
        ),
        table(
            "OSSYS_BPM_PROCESS_DEFINITION",
            "ID int; NAME nvarchar(50); LABEL nvarchar(50); DESCRIPTION nvarchar(500); \
             SS_KEY nvarchar(36); IS_ACTIVE bit; ESPACE_ID int; PROCESS_ENTITY_ID int?",
            vec![vec![
                Cell::Int(1),
                Cell::text("Approve"),
                Cell::text("Approve"),
                Cell::text(""),
                Cell::text(Chance::new(5).key()),
                bit(true),
                Cell::Int(espace),
            ]],
            chance,
        ),
        table(
            "DBA_NOTES",
            "ID int; NOTE nvarchar(max)",
            one(&["not the platform's at all"]),
            chance,
        ),
    ];
    found[1].columns.iter_mut().for_each(|c| c.identity = false);
    found.retain(|t| t.name == "DBA_NOTES" || chance.percent(60));
    // The queue a process-event trigger writes to; always there, as the trigger names it.
    found.push(table(
        "OSSYS_BPM_EVENT_QUEUE",
        "ID int; ESPACE_ID int; TENANT_ID int; ACTIVITY_ID int; PROCESS_DEF_ID int; \
         DATA_ID nvarchar(20); ENQUEUE_TIME datetime; ERROR_COUNT int; NEXT_RUN datetime",
        Vec::new(),
        chance,
    ));
    found
}

fn event_name(entity: &Entity) -> Option<String> {
    entity.events?;
    Some(entity.table.replacen("OSUSR_", "OSEVT_", 1))
}

fn event_table(environment: &Environment, entity: &Entity) -> Option<Table> {
    let name = event_name(entity)?;
    let row = |n: usize| {
        vec![
            Cell::Int(environment.espace(&entity.espace).id),
            Cell::Null,
            Cell::Null,
            Cell::Int(n as i64 + 1),
            bit(false),
            bit(false),
        ]
    };
    let rows = (0..entity.events.unwrap_or(0)).map(row).collect();
    let mut made = table(
        &name,
        "_ESPACE_ID int; _TENANT_ID int; _ACTIVITY_ID int; _PROCESS_DEF_ID int; _IS_UPDATE bit; \
         _IS_LIGHT bit; ID bigint",
        rows,
        &mut Chance::new(3),
    );
    made.primary = None;
    for column in &mut made.columns {
        (column.identity, column.nullable) = (false, true);
        if column.name == "ID" {
            column.sql = sql_type(
                environment,
                &entity.identifier().expect("events need one").kind,
                &mut Chance::new(0),
            );
        }
    }
    Some(made)
}

fn application_table(environment: &Environment, entity: &Entity, whim: &Chance) -> Table {
    let mut chance = whim.fork(&format!("table {}", entity.table));
    let mut made = Table {
        name: entity.table.clone(),
        columns: Vec::new(),
        primary: entity.identifier().map(|a| a.column.clone()),
        uniques: Vec::new(),
        foreign: Vec::new(),
        rows: Vec::new(),
        trigger: event_name(entity),
    };
    for attribute in &entity.attributes {
        made.columns.push(Column {
            name: attribute.column.clone(),
            sql: sql_type(environment, &attribute.kind, &mut chance),
            nullable: attribute.nullable,
            identity: attribute.autonumber && Some(&attribute.key) == entity.identifier.as_ref(),
            default: attribute.default.clone(),
        });
        made.foreign.extend(foreign_key(environment, attribute));
    }
    let tenant_at = chance.below(made.columns.len() + 1);
    if entity.multitenant {
        made.columns.insert(
            tenant_at,
            Column {
                name: "TENANT_ID".into(),
                sql: "int".into(),
                nullable: chance.percent(50),
                identity: false,
                default: None,
            },
        );
    }
    for unique in &entity.uniques {
        let mut columns: Vec<String> = unique
            .attributes
            .iter()
            .map(|key| entity.attribute(key).expect("its own").column.clone())
            .collect();
        if unique.tenant {
            columns.push("TENANT_ID".into());
        }
        made.uniques.push(columns);
    }
    for row in &entity.rows {
        let mut cells: Vec<Cell> =
            entity.attributes.iter().map(|a| leftover_or(a, row.cells.get(&a.key))).collect();
        if entity.multitenant {
            cells.insert(tenant_at, row.tenant.map_or(Cell::Null, Cell::Int));
        }
        made.rows.push(cells);
    }
    made
}

fn leftover_or(attribute: &Attribute, cell: Option<&Cell>) -> Cell {
    cell.cloned().or_else(|| attribute.default.clone()).unwrap_or(Cell::Null)
}

fn foreign_key(environment: &Environment, attribute: &Attribute) -> Option<Foreign> {
    if !attribute.active || attribute.rule == Rule::Ignore {
        return None;
    }
    let (parent, parent_column) = match attribute.target()? {
        Target::Entity(key) => {
            let entity = environment.entity(key)?;
            (entity.table.clone(), entity.identifier()?.column.clone())
        }
        target => (system(target).1.to_owned(), "ID".to_owned()),
    };
    Some(Foreign {
        column: attribute.column.clone(),
        parent,
        parent_column,
        cascade: attribute.rule == Rule::Delete,
    })
}
