//! An environment as tables: the platform's own and the applications', for any engine.

mod definitions;
mod people;

use super::chance::Chance;
use super::model::{
    Attribute, Cell, Damage, Entity, Environment, Kind, Rule, SERVICE_CENTER, Target,
};
use definitions::{definitions, entity_tables};
use people::{bystanders, people};

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
    /// The database it is in, where that is a further one.
    pub catalog: Option<String>,
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
pub fn system_key(name: &str) -> String {
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
    if let Some(subscriptions) = environment.user_events {
        let espace = environment.espace_named(SERVICE_CENTER).id;
        found.push(events(USER_EVENTS, espace, subscriptions));
        let users = found.iter_mut().find(|table| table.name == "OSSYS_USER").expect("there");
        users.trigger = Some(USER_EVENTS.to_owned());
    }
    if environment.markers {
        let columns = "RUN nvarchar(40); BATCH bigint";
        found.push(table("OSFERRY_MARKER", columns, Vec::new(), &mut whim.fork("markers")));
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
        catalog: None,
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

fn event_name(entity: &Entity) -> Option<String> {
    entity.events?;
    Some(entity.table.replacen("OSUSR_", "OSEVT_", 1))
}

/// The event table of the platform's entity User.
const USER_EVENTS: &str = "OSEVT_usr_User";

fn event_table(environment: &Environment, entity: &Entity) -> Option<Table> {
    let name = event_name(entity)?;
    let espace = environment.espace(&entity.espace);
    let mut made = events(&name, espace.id, entity.events.unwrap_or(0));
    made.catalog.clone_from(&espace.catalog);
    let key = made.columns.iter_mut().find(|column| column.name == "ID").expect("made");
    let kind = &entity.identifier().expect("events need one").kind;
    key.sql = sql_type(environment, kind, &mut Chance::new(0));
    Some(made)
}

/// An event table with so many subscriptions: to new rows and to changes, normal and light. From the
/// fifth on they are there already.
fn events(name: &str, espace: i64, subscriptions: usize) -> Table {
    let row = |n: usize| {
        vec![
            Cell::Int(espace),
            if n % 4 == 2 { Cell::Int(1) } else { Cell::Null },
            Cell::Null,
            Cell::Int(n as i64 % 4 + 1),
            bit(n % 4 == 1 || n % 4 == 3),
            bit(n % 4 >= 2),
        ]
    };
    let rows = (0..subscriptions).map(row).collect();
    let mut made = table(
        name,
        "_ESPACE_ID int; _TENANT_ID int; _ACTIVITY_ID int; _PROCESS_DEF_ID int; _IS_UPDATE bit; \
         _IS_LIGHT bit; ID bigint",
        rows,
        &mut Chance::new(3),
    );
    made.primary = None;
    for column in &mut made.columns {
        (column.identity, column.nullable) = (false, true);
    }
    made
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
        catalog: environment.espace(&entity.espace).catalog.clone(),
    };
    let with_column: Vec<&Attribute> =
        entity.attributes.iter().filter(|a| a.damage != Some(Damage::NoColumn)).collect();
    for attribute in &with_column {
        made.columns.push(Column {
            name: attribute.column.clone(),
            sql: sql_type(environment, &attribute.kind, &mut chance),
            nullable: attribute.nullable,
            identity: attribute.autonumber && Some(&attribute.key) == entity.identifier.as_ref(),
            default: attribute.default.clone(),
        });
        // No foreign key leads from one database into another.
        made.foreign.extend(
            foreign_key(environment, attribute)
                .filter(|_| catalog_of(environment, attribute) == made.catalog),
        );
    }
    let tenant_at = chance.below(made.columns.len() + 1);
    if entity.multitenant {
        made.columns.insert(
            tenant_at,
            Column {
                name: "TENANT_ID".into(),
                sql: "int".into(),
                nullable: chance.percent(50) || entity.rows.iter().any(|row| row.tenant.is_none()),
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
            with_column.iter().map(|a| leftover_or(a, row.cells.get(&a.key))).collect();
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

/// The database of the table that an attribute refers to.
fn catalog_of(environment: &Environment, attribute: &Attribute) -> Option<String> {
    match attribute.target()? {
        Target::Entity(key) => environment.espace(&key.0).catalog.clone(),
        _ => None,
    }
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
