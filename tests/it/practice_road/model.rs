//! What an environment is, asked of its OSSYS tables.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::sql::{Shape, ask, shape, table, tables};

/// SS keys of an espace and of an entity in it, in small letters.
pub type Key = (String, String);

/// The active definitions of an environment.
pub struct Model {
    pub entities: BTreeMap<Key, Entity>,
    /// Entities whose rows another system keeps: the keys of the extension and of the entity.
    pub external: BTreeSet<Key>,
    /// The static records by their entity.
    pub records: BTreeMap<Key, Vec<Record>>,
}

pub struct Entity {
    /// `Espace.Entity`.
    pub name: String,
    pub table: String,
    pub is_static: bool,
    pub is_system: bool,
    pub is_multi_tenant: bool,
    /// The SS key of the identifier; empty where there is none.
    pub identifier: String,
    pub attributes: Vec<Attribute>,
    /// The columns that the table has, known to the platform or not.
    pub columns: Vec<Shape>,
}

pub struct Attribute {
    pub key: String,
    pub name: String,
    pub column: String,
    pub data_type: String,
    pub is_autonumber: bool,
}

impl Attribute {
    /// The entity that it refers to: `bt<espace key>*<entity key>`.
    pub fn refers(&self) -> Option<Key> {
        let (espace, entity) = self.data_type.strip_prefix("bt")?.split_once('*')?;
        Some((espace.to_lowercase(), entity.to_lowercase()))
    }
}

pub struct Record {
    pub key: String,
    pub name: String,
    /// The value of its identifier.
    pub id: String,
    pub is_active: bool,
}

impl Entity {
    /// Whether it belongs to a module that comes with the platform, whose rows stay behind.
    pub fn is_of_platform(&self) -> bool {
        ["Users.", "ECT_Provider."].iter().any(|module| self.name.starts_with(module))
    }
}

impl Model {
    pub fn read(connection: &Connection) -> Self {
        let mut attributes: BTreeMap<String, Vec<Attribute>> = BTreeMap::new();
        let sql = "SELECT ENTITY_ID, SS_KEY, NAME, coalesce(nullif(DATABASE_NAME, ''), NAME), \
                   TYPE, IS_AUTONUMBER FROM OSSYS_ENTITY_ATTR WHERE IS_ACTIVE = 1 \
                   ORDER BY ORDER_NUM";
        for row in ask(connection, sql).rows {
            attributes.entry(row[0].key()).or_default().push(Attribute {
                key: row[1].key(),
                name: row[2].text(),
                column: row[3].text().to_uppercase(),
                data_type: row[4].text(),
                is_autonumber: row[5].is_set(),
            });
        }
        let there: BTreeSet<String> = tables(connection).into_iter().collect();
        let mut entities = BTreeMap::new();
        let sql = "SELECT s.SS_KEY, e.SS_KEY, s.NAME, e.NAME, upper(e.PHYSICAL_TABLE_NAME), \
                   e.DATA_KIND, e.IS_SYSTEM, e.MULTITENANT, e.PRIMARYKEY_SS_KEY, e.ID \
                   FROM OSSYS_ENTITY e JOIN OSSYS_ESPACE s ON s.ID = e.ESPACE_ID \
                   WHERE e.IS_ACTIVE = 1 AND s.IS_ACTIVE = 1";
        for row in ask(connection, sql).rows {
            let table = row[4].text();
            let entity = Entity {
                name: format!("{}.{}", row[2].text(), row[3].text()),
                is_static: row[5].text() == "staticEntity",
                is_system: row[6].is_set(),
                is_multi_tenant: row[7].is_set(),
                identifier: row[8].key(),
                attributes: attributes.remove(&row[9].key()).unwrap_or_default(),
                columns: shape(connection, &table),
                table,
            };
            assert!(there.contains(&entity.table), "{} has no table", entity.name);
            let again = entities.insert((row[0].key(), row[1].key()), entity);
            assert!(again.is_none(), "two active entities have the keys {row:?}");
        }
        let mut records: BTreeMap<Key, Vec<Record>> = BTreeMap::new();
        let sql = "SELECT s.SS_KEY, r.ENTITY_SS_KEY, r.SS_KEY, r.NAME, r.DATA_ID, r.IS_ACTIVE \
                   FROM OSSYS_ENTITY_RECORD r JOIN OSSYS_ESPACE s ON s.ID = r.ESPACE_ID \
                   WHERE s.IS_ACTIVE = 1";
        for row in ask(connection, sql).rows {
            records.entry((row[0].key(), row[1].key())).or_default().push(Record {
                key: row[2].key(),
                name: row[3].text(),
                id: row[4].key(),
                is_active: row[5].is_set(),
            });
        }
        let sql = "SELECT x.SS_KEY, e.SS_KEY FROM OSSYS_ENTITY e \
                   JOIN OSSYS_EXTENSION x ON x.ID = e.EXTENSION_ID WHERE e.IS_EXTERNAL = 1";
        let external = ask(connection, sql).rows;
        let external = external.iter().map(|row| (row[0].key(), row[1].key())).collect();
        Self { entities, external, records }
    }

    /// The entities that a migration of these applications has to carry: theirs, and all that
    /// they refer to directly or through others; neither static ones nor the platform's.
    pub fn scope(&self, espaces: &BTreeSet<String>) -> BTreeSet<Key> {
        let is_own = |e: &Entity| !e.is_static && !e.is_system && !e.is_of_platform();
        let own = |key: &Key| self.entities.get(key).is_some_and(is_own);
        let mut open: Vec<Key> = self
            .entities
            .keys()
            .filter(|key| espaces.contains(&key.0) && own(key))
            .cloned()
            .collect();
        let mut scope = BTreeSet::new();
        while let Some(key) = open.pop() {
            if scope.insert(key.clone()) {
                let attributes = &self.entities[&key].attributes;
                open.extend(attributes.iter().filter_map(Attribute::refers).filter(&own));
            }
        }
        scope
    }
}

/// The SS keys of the espaces of some applications.
pub fn espaces_of(connection: &Connection, applications: &[String]) -> BTreeSet<String> {
    let sql = "SELECT a.NAME, s.SS_KEY FROM OSSYS_APPLICATION a \
               JOIN OSSYS_APP_DEFINITION_MODULE d ON d.APPLICATION_ID = a.ID \
               JOIN OSSYS_MODULE m ON m.ID = d.MODULE_ID \
               JOIN OSSYS_ESPACE s ON s.ID = m.ESPACE_ID \
               WHERE a.IS_ACTIVE = 1 AND s.IS_ACTIVE = 1";
    let rows = ask(connection, sql).rows;
    let chosen = rows.iter().filter(|row| applications.contains(&row[0].text()));
    chosen.map(|row| row[1].key()).collect()
}

/// The ids that a physical table holds in its identifier's column.
pub fn ids(connection: &Connection, entity: &Entity) -> BTreeSet<String> {
    let identifier = entity.attributes.iter().find(|a| a.key == entity.identifier);
    let Some(identifier) = identifier else { return BTreeSet::new() };
    table(connection, &entity.table).by(&identifier.column).into_keys().collect()
}
