//! What the platform knows about entities: the rows of OSSYS_ENTITY, OSSYS_ENTITY_ATTR and
//! OSSYS_ENTITY_RECORD.

use super::company::{Company, SERVICE_CENTER, split};
use super::entity::{Attribute, DataType, DeleteRule, Entity};
use super::environment::Environment;
use super::events::event_table;
use super::factory::Factory;
use super::platform::PlatformTable;
use super::processes;
use super::records::{Records, flag, number, text};
use crate::database::{ColumnType, Result, same_name};
use crate::outsystems::Side;

/// The platform's own entities that applications may refer to, with their tables.
const SYSTEM_ENTITIES: [(&str, &str); 16] = [
    ("User", "OSSYS_USER"),
    ("Group", "OSSYS_GROUP"),
    ("Role", "OSSYS_ROLE"),
    ("Tenant", "OSSYS_TENANT"),
    ("User_Role", "OSSYS_USER_ROLE"),
    ("Group_Role", "OSSYS_GROUP_ROLE"),
    ("Group_User", "OSSYS_GROUP_USER"),
    ("Espace", "OSSYS_ESPACE"),
    ("Extension", "OSSYS_EXTENSION"),
    ("Application", "OSSYS_APPLICATION"),
    ("Entity", "OSSYS_ENTITY"),
    ("Entity_Attr", "OSSYS_ENTITY_ATTR"),
    ("Process_Definition", "OSSYS_BPM_PROCESS_DEFINITION"),
    ("Activity_Definition", "OSSYS_BPM_ACTIVITY_DEFINITION"),
    ("Process", "OSSYS_BPM_PROCESS"),
    ("Activity", "OSSYS_BPM_ACTIVITY"),
];

/// Entities whose rows belong to a tenant (`metamodel.md` §6).
const TENANT_ISOLATED: [&str; 5] = ["User", "Group", "User_Role", "Group_Role", "Group_User"];

/// The platform's names of the basic types.
const BASIC_TYPES: [&str; 13] = [
    "Text",
    "Integer",
    "LongInteger",
    "Decimal",
    "Currency",
    "Boolean",
    "Date",
    "Time",
    "DateTime",
    "PhoneNumber",
    "Email",
    "BinaryData",
    "EntityReference",
];

/// The definitions of one side, given their ids as they are met.
pub(super) struct Definitions<'a> {
    environment: &'a Environment<'a>,
    company: &'a Company,
    factory: &'a Factory<'a>,
    platform: &'a [PlatformTable],
    entities: Records,
    attributes: Records,
    records: Records,
    uses: Records,
}

impl<'a> Definitions<'a> {
    /// All rows of definitions, those of processes included.
    pub(super) fn records(
        environment: &'a Environment<'a>,
        factory: &'a Factory<'a>,
        platform: &'a [PlatformTable],
    ) -> Result<Vec<Records>> {
        let mut definitions = Self {
            environment,
            company: environment.company,
            factory,
            platform,
            entities: Records::of("OSSYS_ENTITY"),
            attributes: Records::of("OSSYS_ENTITY_ATTR"),
            records: Records::of("OSSYS_ENTITY_RECORD"),
            uses: Records::of("OSSYS_ESPACE_ENTITY"),
        };
        let mut types = Records::of("OSSYS_BASIC_TYPE");
        for name in BASIC_TYPES {
            types.push(vec![("ID", text(format!("rt{name}"))), ("NAME", text(name))]);
        }
        for (place, (name, table)) in SYSTEM_ENTITIES.iter().enumerate() {
            definitions.system_entity(place, name, table)?;
        }
        for (place, entity) in definitions.company.entities.iter().enumerate() {
            if entity.only.allows(environment.side) {
                definitions.entity(place, entity)?;
            }
        }
        for (order, (extension, owner, entity)) in
            definitions.company.external_entities().enumerate()
        {
            let table = &entity.table;
            let id = factory.extension(extension);
            definitions.external_entity(
                (order, id),
                &entity.name,
                &owner.entity_key(entity),
                table,
            );
        }
        let mut all = vec![types];
        all.extend(processes::records(environment, factory)?);
        let Self { entities, attributes, records, uses, .. } = definitions;
        all.extend([entities, attributes, records, uses]);
        Ok(all)
    }

    /// The id of an application's entity.
    pub(super) fn entity_id(environment: &Environment<'_>, place: usize) -> i64 {
        let before = environment.entities_before(place);
        environment.id(300, SYSTEM_ENTITIES.len() + before, Self::entities(environment))
    }

    /// How many entities a side has, those of the platform and of other systems included.
    fn entities(environment: &Environment<'_>) -> usize {
        Self::own_entities(environment) + environment.company.external_entities().count()
    }

    fn own_entities(environment: &Environment<'_>) -> usize {
        SYSTEM_ENTITIES.len() + environment.entities_before(environment.company.entities.len())
    }

    fn next_attribute(&self) -> i64 {
        let (first, step) = match self.environment.side {
            Side::Source => (2_000, 1),
            Side::Destination => (7_001, 2),
        };
        first + step * i64::try_from(self.attributes.rows.len()).unwrap_or(0)
    }

    fn system_entity(&mut self, place: usize, name: &'static str, table: &str) -> Result<()> {
        let id = self.environment.id(300, place, Self::entities(self.environment));
        let full_name = format!("{SERVICE_CENTER}.{name}");
        let isolated = TENANT_ISOLATED.contains(&name);
        self.entities.push(vec![
            ("ID", number(id)),
            ("PHYSICAL_TABLE_NAME", text(table)),
            ("NAME", text(name)),
            ("ESPACE_ID", number(self.factory.espace(SERVICE_CENTER))),
            ("SS_KEY", text(self.company.entity_key(&full_name)?)),
            ("MULTITENANT", flag(isolated)),
            ("IS_ACTIVE", flag(true)),
            ("IS_EXTERNAL", flag(false)),
            ("IS_SYSTEM", flag(true)),
            ("DESCRIPTION", text("")),
            ("PRIMARYKEY_SS_KEY", text(self.company.attribute_key(&full_name, "ID")?)),
            ("GENERATION", number(1)),
            ("DATA_KIND", text("entity")),
            ("MULTILINGUAL", flag(false)),
            ("EXPOSE_PROCESS_EVENTS", flag(false)),
        ]);
        let platform = self.platform;
        let Some(found) = platform.iter().find(|candidate| candidate.name() == table) else {
            return Ok(());
        };
        for (order, column) in (1..).zip(&found.table.columns) {
            let shape = &column.shape;
            if isolated && shape.name == "TENANT_ID" {
                continue;
            }
            let parent = found.foreign_keys.iter().find(|key| key.column == shape.name);
            let target = parent.and_then(|key| {
                SYSTEM_ENTITIES.iter().find(|(_, table)| same_name(table, &key.parent.name))
            });
            let data_type = match (target, &shape.data_type) {
                (Some((target, _)), _) => {
                    self.environment.reference(&format!("{SERVICE_CENTER}.{target}"))?
                }
                (None, ColumnType::Bit) => "rtBoolean".to_owned(),
                (None, ColumnType::DateTime) => "rtDateTime".to_owned(),
                (None, ColumnType::Int) => "rtInteger".to_owned(),
                (None, _) => "rtText".to_owned(),
            };
            let length = shape.data_type.max_length().unwrap_or(0);
            let rule = if parent.is_some_and(|key| key.cascade) { "Delete" } else { "Protect" };
            self.attributes.push(vec![
                ("ID", number(self.next_attribute())),
                ("ENTITY_ID", number(id)),
                ("NAME", text(titled(&shape.name))),
                ("SS_KEY", text(self.company.attribute_key(&full_name, &shape.name)?)),
                ("TYPE", text(data_type)),
                ("LENGTH", number(i64::try_from(length).unwrap_or(0))),
                ("DECIMALS", number(0)),
                ("IS_MANDATORY", flag(!shape.nullable)),
                ("IS_AUTONUMBER", flag(shape.identity)),
                ("DELETE_RULE", text(rule)),
                ("IS_ACTIVE", flag(true)),
                ("ORDER_NUM", number(order)),
                ("DATABASE_NAME", text("")),
            ]);
        }
        Ok(())
    }

    /// An entity of an extension: the platform knows its key and its table in the other system.
    fn external_entity(
        &mut self,
        (place, extension): (usize, i64),
        name: &str,
        key: &str,
        table: &str,
    ) {
        let place = Self::own_entities(self.environment) + place;
        let id = self.environment.id(300, place, Self::entities(self.environment));
        self.entities.push(vec![
            ("ID", number(id)),
            ("PHYSICAL_TABLE_NAME", text(table)),
            ("NAME", text(name)),
            ("SS_KEY", text(key)),
            ("MULTITENANT", flag(false)),
            ("IS_ACTIVE", flag(true)),
            ("IS_EXTERNAL", flag(true)),
            ("IS_SYSTEM", flag(false)),
            ("DESCRIPTION", text("")),
            ("EXTENSION_ID", number(extension)),
            ("GENERATION", number(1)),
            ("DATA_KIND", text("entity")),
            ("MULTILINGUAL", flag(false)),
            ("EXPOSE_PROCESS_EVENTS", flag(false)),
        ]);
    }

    fn entity(&mut self, place: usize, entity: &Entity) -> Result<()> {
        let id = Self::entity_id(self.environment, place);
        let table = self.environment.written_table(entity)?;
        self.entity_row(id, entity, &table, true)?;
        self.attribute_rows(id, entity)?;
        if let (Some(duplicate), Side::Destination) = (&entity.duplicate, self.environment.side) {
            // Older than the active one, so its id is lower than any other's.
            let old = 77 + i64::try_from(place).unwrap_or(0);
            self.entity_row(old, entity, &duplicate.table, false)?;
            self.attribute_rows(old, entity)?;
        }
        if entity.is_static_on(self.environment.side) {
            self.record_rows(entity)?;
        }
        let mut used = std::collections::BTreeSet::new();
        for refers in entity.attributes.iter().filter_map(|a| a.refers.as_deref()) {
            let (producer, name) = split(refers)?;
            if let Some(place) = self.company.place(refers)
                && producer != entity.espace
                && used.insert(refers)
            {
                let next = i64::try_from(self.uses.rows.len()).unwrap_or(0) + 1;
                self.uses.push(vec![
                    ("ID", number(next)),
                    ("ESPACE_ID", number(self.factory.espace(&entity.espace))),
                    ("ENTITY_ID", number(Self::entity_id(self.environment, place))),
                    ("READ_ONLY", flag(true)),
                    ("NAME", text(name)),
                ]);
            }
        }
        Ok(())
    }

    fn entity_row(&mut self, id: i64, entity: &Entity, table: &str, active: bool) -> Result<()> {
        let full_name = entity.full_name();
        let inner = |key: String| self.environment.written(&entity.espace, &key);
        let identifier = match entity.identifier() {
            Some(attribute) => inner(self.company.attribute_key(&full_name, &attribute.name)?)?,
            None => String::new(),
        };
        let label = match entity.attributes.iter().find(|a| a.name == "Label" || a.name == "Name") {
            Some(attribute) => inner(self.company.attribute_key(&full_name, &attribute.name)?)?,
            None => String::new(),
        };
        let side = self.environment.side;
        let kind = if entity.is_static_on(side) { "staticEntity" } else { "entity" };
        let events = if active { event_table(self.environment, entity)? } else { None };
        self.entities.push(vec![
            ("ID", number(id)),
            ("PHYSICAL_TABLE_NAME", text(table)),
            ("NAME", text(&entity.name)),
            ("ESPACE_ID", number(self.factory.espace(&entity.espace))),
            ("SS_KEY", text(inner(self.company.entity_key(&full_name)?)?)),
            ("MULTITENANT", flag(entity.is_multi_tenant_on(side))),
            ("IS_ACTIVE", flag(active)),
            ("IS_EXTERNAL", flag(false)),
            ("IS_SYSTEM", flag(false)),
            ("DESCRIPTION", text(&entity.about)),
            ("PRIMARYKEY_SS_KEY", text(identifier)),
            ("GENERATION", number(1)),
            ("LABEL_ATTRIBUTE", text(label)),
            ("DATA_KIND", text(kind)),
            ("MULTILINGUAL", flag(false)),
            ("EXPOSE_PROCESS_EVENTS", flag(events.is_some())),
            ("EVENT_TABLE_NAME", text(events.unwrap_or_default())),
        ]);
        Ok(())
    }

    fn attribute_rows(&mut self, entity_id: i64, entity: &Entity) -> Result<()> {
        let side = self.environment.side;
        let mut order = 0;
        for (place, attribute) in entity.attributes.iter().enumerate() {
            if !attribute.only.allows(side) {
                continue;
            }
            let is_key = place == 0 && entity.has_key;
            order += 1;
            let name = (attribute.name_on(side), !attribute.leftover);
            self.attribute_row((entity_id, order), entity, attribute, name, is_key)?;
            if attribute.destination_name.is_some() && side == Side::Destination {
                order += 1;
                let old = (attribute.name.as_str(), false);
                self.attribute_row((entity_id, order), entity, attribute, old, is_key)?;
            }
        }
        Ok(())
    }

    fn attribute_row(
        &mut self,
        (entity_id, order): (i64, i64),
        entity: &Entity,
        attribute: &Attribute,
        (name, active): (&str, bool),
        is_key: bool,
    ) -> Result<()> {
        let basic = attribute.type_on(self.environment.side);
        let data_type = match (&attribute.refers, &attribute.external) {
            (Some(refers), _) => self.environment.reference(refers)?,
            (None, Some(external)) => self.environment.external_reference(external)?,
            (None, None) => basic.map_or("rtText", DataType::platform_name).to_owned(),
        };
        let (length, decimals) = basic.map_or((0, 0), DataType::size);
        let numbered =
            basic == Some(DataType::Autonumber) || entity.is_static && is_key && entity.autonumber;
        let key = self.company.attribute_key(&entity.full_name(), &attribute.name)?;
        self.attributes.push(vec![
            ("ID", number(self.next_attribute())),
            ("ENTITY_ID", number(entity_id)),
            ("NAME", text(name)),
            ("DESCRIPTION", text("")),
            ("SS_KEY", text(self.environment.written(&entity.espace, &key)?)),
            ("TYPE", text(data_type)),
            ("LENGTH", number(length)),
            ("DECIMALS", number(decimals)),
            ("IS_MANDATORY", flag(attribute.is_mandatory_on(self.environment.side) || is_key)),
            ("IS_AUTONUMBER", flag(is_key && numbered)),
            ("DELETE_RULE", text(DeleteRule::name(attribute.rule))),
            ("DEFAULT_VALUE", text("")),
            ("IS_ACTIVE", flag(active)),
            ("ORDER_NUM", number(order)),
            ("DATABASE_NAME", text("")),
        ]);
        Ok(())
    }

    fn record_rows(&mut self, entity: &Entity) -> Result<()> {
        let side = self.environment.side;
        let full_name = entity.full_name();
        for record in &entity.records {
            let Some(id) = record.id(side) else { continue };
            let again = side == Side::Destination && record.recreated.is_some();
            if let (Some(old), true) = (record.recreated, again) {
                self.record_row(entity, &record.name, (old, false), false)?;
            }
            let active = record.inactive_in != Some(side);
            self.record_row(entity, &record.name, (id, active), again)
                .map_err(|fault| fault.while_doing(&full_name))?;
        }
        Ok(())
    }

    fn record_row(
        &mut self,
        entity: &Entity,
        name: &str,
        (data_id, active): (i64, bool),
        again: bool,
    ) -> Result<()> {
        let full_name = entity.full_name();
        let written = |key: String| self.environment.written(&entity.espace, &key);
        let next = i64::try_from(self.records.rows.len()).unwrap_or(0);
        let id = match self.environment.side {
            Side::Source => 50 + next,
            Side::Destination => 410 + next,
        };
        self.records.push(vec![
            ("ID", number(id)),
            ("DATA_ID", text(data_id.to_string())),
            ("NAME", text(name)),
            ("SS_KEY", text(written(self.company.record_key(&full_name, name, again)?)?)),
            ("ENTITY_SS_KEY", text(written(self.company.entity_key(&full_name)?)?)),
            ("ESPACE_ID", number(self.factory.espace(&entity.espace))),
            ("IS_ACTIVE", flag(active)),
        ]);
        Ok(())
    }
}

/// `Tenant_Id` for `TENANT_ID`.
fn titled(name: &str) -> String {
    let mut titled = String::with_capacity(name.len());
    let mut starts = true;
    for sign in name.chars() {
        titled.push(if starts { sign } else { sign.to_ascii_lowercase() });
        starts = sign == '_';
    }
    titled
}
