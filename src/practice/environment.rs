//! One side of the pair: who is there, how many rows, under which ids and in which tables.

use std::collections::HashMap;

use super::company::{Company, PROCESS, SERVICE_CENTER, USER, User, split, wrong};
use super::entity::{Attribute, DataType, DeleteRule, Entity};
use super::instances::Instances;
use super::key::seed;
use crate::database::{ColumnShape, ColumnType, Result, Value};
use crate::outsystems::Side;

/// The hidden column of multi-tenant entities.
pub(super) const TENANT_COLUMN: &str = "TENANT_ID";

/// One side of the pair.
pub(super) struct Environment<'a> {
    pub(super) company: &'a Company,
    pub(super) side: Side,
    /// Everybody who is there.
    pub(super) people: Vec<Person<'a>>,
    /// What there is of processes.
    pub(super) instances: Instances,
    /// Ids of the people of the business, and those of each tenant by its id.
    staff: Vec<i64>,
    staff_of: HashMap<i64, Vec<i64>>,
    members: HashMap<&'a str, Vec<i64>>,
    counts: Vec<u64>,
    /// Places of the records of each static entity that rows may refer to at random.
    usual_records: HashMap<usize, Vec<u64>>,
}

/// Somebody, on one side.
pub(super) struct Person<'a> {
    pub(super) user: &'a User,
    pub(super) id: i64,
    pub(super) tenant: i64,
    pub(super) active: bool,
    /// Whether this is the second account of one username in one tenant.
    pub(super) again: bool,
}

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Parent {
    /// The platform's table of users.
    User,
    /// The platform's table of processes.
    Process,
    /// The entity at this place.
    Entity(usize),
}

/// What a column holds.
#[derive(Clone, Copy)]
pub(super) enum Holds<'a> {
    /// An attribute.
    Attribute(&'a Attribute),
    /// What an attribute held before it was renamed.
    Leftover(&'a Attribute),
    /// The row's tenant.
    Tenant,
}

/// A column of an entity's table.
pub(super) struct EntityColumn<'a> {
    pub(super) holds: Holds<'a>,
    pub(super) shape: ColumnShape,
    pub(super) default: Option<Value>,
    pub(super) parent: Option<Parent>,
    /// Where everything random about it starts.
    pub(super) seed: u64,
}

impl<'a> Environment<'a> {
    /// The company on one side, with `rows` rows in every large entity.
    pub(super) fn new(company: &'a Company, side: Side, rows: Option<u64>) -> Result<Self> {
        let people = people(company, side)?;
        let mut staff = Vec::new();
        let mut staff_of: HashMap<i64, Vec<i64>> = HashMap::new();
        let mut members: HashMap<&str, Vec<i64>> = HashMap::new();
        for person in people.iter().filter(|person| person.user.tenant != SERVICE_CENTER) {
            staff.push(person.id);
            staff_of.entry(person.tenant).or_default().push(person.id);
            if let Some(group) = &person.user.group {
                members.entry(group).or_default().push(person.id);
            }
        }
        let mut environment = Self {
            company,
            side,
            people,
            instances: Instances::of(company, side)?,
            staff,
            staff_of,
            members,
            counts: Vec::new(),
            usual_records: HashMap::new(),
        };
        environment.counts = environment.count_rows(rows)?;
        for (place, entity) in company.entities.iter().enumerate().filter(|(_, e)| e.is_static) {
            let usual = entity
                .records
                .iter()
                .filter(|record| record.id(side).is_some())
                .zip(0..)
                .filter(|(record, _)| record.is_shared())
                .map(|(_, row)| row)
                .collect();
            environment.usual_records.insert(place, usual);
        }
        Ok(environment)
    }

    fn count_rows(&self, rows: Option<u64>) -> Result<Vec<u64>> {
        let own = |entity: &Entity| {
            let source = match rows {
                Some(rows) if entity.large => rows.max(entity.least),
                _ => entity.rows,
            };
            match self.side {
                Side::Source => source,
                Side::Destination => (source / 12).max(4),
            }
        };
        let mut counts = Vec::with_capacity(self.company.entities.len());
        for entity in &self.company.entities {
            let count = if !entity.only.allows(self.side) {
                0
            } else if entity.is_static {
                entity.records.iter().filter(|record| record.id(self.side).is_some()).count() as u64
            } else if let Some(group) = &entity.members {
                self.members.get(group.as_str()).map_or(0, Vec::len) as u64
            } else if let Some(one_in) = entity.one_in {
                let parent = entity.identifier().and_then(|id| id.refers.as_deref());
                own(self.company.entity(parent.unwrap_or_default())?) / one_in.max(1)
            } else {
                own(entity)
            };
            counts.push(count);
        }
        Ok(counts)
    }

    /// How many rows an entity has.
    pub(super) fn count(&self, place: usize) -> u64 {
        self.counts.get(place).copied().unwrap_or(0)
    }

    /// Places of the records that rows may refer to at random.
    pub(super) fn usual_records(&self, place: usize) -> Option<&[u64]> {
        self.usual_records.get(&place).map(Vec::as_slice)
    }

    /// Ids of the people of the business; of one tenant when it is named.
    pub(super) fn staff(&self, tenant: Option<i64>) -> &[i64] {
        match tenant {
            None => &self.staff,
            Some(tenant) => self.staff_of.get(&tenant).map_or(&[], Vec::as_slice),
        }
    }

    /// Ids of a group's members.
    pub(super) fn members(&self, group: &str) -> &[i64] {
        self.members.get(group).map_or(&[], Vec::as_slice)
    }

    /// Ids of the tenants of the business that any row may belong to.
    pub(super) fn tenants(&self) -> Vec<i64> {
        let tenants = self.company.factory.tenants.iter();
        tenants
            .filter(|tenant| tenant.name != SERVICE_CENTER && tenant.every.is_none())
            .map(|tenant| tenant.id(self.side))
            .collect()
    }

    /// The id of the small tenant that a row belongs to.
    pub(super) fn small_tenant(&self, row: u64) -> Option<i64> {
        let mut tenants = self.company.factory.tenants.iter();
        let found = tenants
            .find(|tenant| tenant.every.is_some_and(|every| (row + 1).is_multiple_of(every)));
        found.map(|tenant| tenant.id(self.side))
    }

    /// The id of a row that the database numbers: with gaps, as rows get deleted, and from
    /// another start on each side.
    pub(super) fn numbered(&self, entity: &Entity, row: u64) -> i64 {
        let start = seed(&format!("start/{}/{}", entity.full_name(), self.side));
        let (start, id) = match self.side {
            Side::Source => (1_000 + start % 9_000, row + row / 7),
            Side::Destination => (20_000 + start % 70_000, row + row / 5),
        };
        i64::try_from(start + id).unwrap_or(i64::MAX)
    }

    /// A key as this side writes it: one module's keys are in capitals in the destination.
    pub(super) fn written(&self, espace: &str, key: &str) -> Result<String> {
        let capitals = self.company.espace(espace)?.capitals_in_destination;
        if capitals && self.side == Side::Destination {
            Ok(key.to_uppercase())
        } else {
            Ok(key.to_owned())
        }
    }

    /// The TYPE of a reference: `bt<espace key>*<entity key>`.
    pub(super) fn reference(&self, full_name: &str) -> Result<String> {
        let (espace, _) = split(full_name)?;
        let entity = self.company.entity_key(full_name)?;
        Ok(format!(
            "bt{}*{}",
            self.written(espace, &Company::espace_key(espace))?,
            self.written(espace, &entity)?
        ))
    }

    /// The TYPE of a reference to an entity of an extension.
    pub(super) fn external_reference(&self, full_name: &str) -> Result<String> {
        let (extension, entity) = self.company.external(full_name)?;
        Ok(format!("bt{}*{}", extension.key(), extension.entity_key(entity)))
    }

    /// The table's name as OSSYS_ENTITY has it: in mixed case.
    pub(super) fn written_table(&self, entity: &Entity) -> Result<String> {
        if let (Some(table), Side::Destination) = (&entity.destination_table, self.side) {
            return Ok(table.clone());
        }
        let hash = self.company.espace(&entity.espace)?.hash.to_lowercase();
        Ok(format!("OSUSR_{hash}_{}", entity.name))
    }

    /// The table's name as the database's catalogue has it: in capitals.
    pub(super) fn table(&self, entity: &Entity) -> Result<String> {
        Ok(self.written_table(entity)?.to_uppercase())
    }

    /// What an attribute refers to, by its type or only by its values.
    pub(super) fn parent(&self, attribute: &Attribute) -> Result<Option<Parent>> {
        let refers = attribute.refers.as_ref().or(attribute.ids_of.as_ref());
        let Some(refers) = refers else { return Ok(None) };
        if refers == USER {
            return Ok(Some(Parent::User));
        }
        if refers == PROCESS {
            return Ok(Some(Parent::Process));
        }
        let place = self.company.place(refers);
        place
            .map(|place| Some(Parent::Entity(place)))
            .ok_or_else(|| wrong(format!("{} refers to nothing", attribute.name)))
    }

    /// The entity at a place.
    pub(super) fn entity(&self, place: usize) -> Result<&'a Entity> {
        self.company.entities.get(place).ok_or_else(|| wrong("there is no such entity"))
    }

    /// How many of the entities before a place this side has.
    pub(super) fn entities_before(&self, place: usize) -> usize {
        let entities = self.company.entities.iter().take(place);
        entities.filter(|entity| entity.only.allows(self.side)).count()
    }

    /// The type of an attribute's column: a reference has that of the identifier it refers to.
    pub(super) fn column_type(&self, attribute: &Attribute) -> Result<ColumnType> {
        if let Some(data_type) = attribute.type_on(self.side) {
            return Ok(data_type.column());
        }
        match self.parent(attribute)? {
            Some(Parent::User | Parent::Process) => Ok(ColumnType::Int),
            Some(Parent::Entity(place)) => {
                let entity = self.entity(place)?;
                let identifier = entity
                    .identifier()
                    .ok_or_else(|| wrong(format!("{} has no identifier", entity.full_name())))?;
                self.column_type(identifier)
            }
            None => Err(wrong(format!("{} has no type", attribute.name))),
        }
    }

    /// The columns of an entity's table on this side.
    pub(super) fn columns(&self, entity: &'a Entity) -> Result<Vec<EntityColumn<'a>>> {
        let mut columns = Vec::new();
        for (place, attribute) in entity.attributes.iter().enumerate() {
            if !attribute.only.allows(self.side) {
                continue;
            }
            columns.push(self.column(entity, Holds::Attribute(attribute), place == 0)?);
            if attribute.destination_name.is_some() && self.side == Side::Destination {
                columns.push(self.column(entity, Holds::Leftover(attribute), false)?);
            }
        }
        if entity.is_multi_tenant_on(self.side) {
            columns.push(self.column(entity, Holds::Tenant, false)?);
        }
        Ok(columns)
    }

    fn column(&self, entity: &Entity, holds: Holds<'a>, first: bool) -> Result<EntityColumn<'a>> {
        let is_key = first && entity.has_key;
        let (name, data_type, basic, parent, not_null) = match holds {
            Holds::Tenant => (TENANT_COLUMN, ColumnType::Int, None, None, true),
            Holds::Attribute(attribute) => (
                attribute.name_on(self.side),
                self.column_type(attribute)?,
                attribute.type_on(self.side),
                self.parent(attribute)?,
                attribute.not_null,
            ),
            Holds::Leftover(attribute) => (
                attribute.name.as_str(),
                self.column_type(attribute)?,
                attribute.type_on(self.side),
                None,
                false,
            ),
        };
        let demands = matches!(holds, Holds::Attribute(attribute) if attribute.leftover);
        // A reference is NULL where there is none, to other systems too.
        let refers = matches!(holds, Holds::Attribute(attribute) if attribute.external.is_some());
        let default = match is_key || demands || refers {
            true => None,
            false => basic.and_then(DataType::default),
        };
        let numbered = basic == Some(DataType::Autonumber) || entity.is_static && entity.autonumber;
        Ok(EntityColumn {
            holds,
            shape: ColumnShape {
                name: name.to_uppercase(),
                data_type,
                nullable: !(is_key || not_null || demands),
                identity: is_key && numbered,
                computed: false,
                has_default: default.is_some(),
            },
            default,
            parent,
            seed: seed(&format!("{}/{name}/{}", entity.full_name(), self.side)),
        })
    }

    /// Whether a reference has a foreign key.
    pub(super) fn is_enforced(attribute: &Attribute) -> bool {
        attribute.refers.is_some() && attribute.rule != DeleteRule::Ignore
    }

    /// The id of a metamodel row: given in another order on each side.
    pub(super) fn id(&self, first: i64, place: usize, of: usize) -> i64 {
        let number = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
        match self.side {
            Side::Source => first + number(place),
            Side::Destination => 3 * first + 2 * number(of.saturating_sub(place + 1)),
        }
    }
}

fn people(company: &Company, side: Side) -> Result<Vec<Person<'_>>> {
    let mut people = Vec::new();
    let last = i64::try_from(company.users.len()).unwrap_or(i64::MAX);
    for (user, place) in company.users.iter().zip(0_i64..) {
        if !user.only.allows(side) {
            continue;
        }
        let id = match side {
            Side::Source => 101 + 3 * place,
            Side::Destination => 540 + 2 * (last - place),
        };
        let person = Person {
            user,
            id,
            tenant: company.tenant(&user.tenant)?.id(side),
            active: user.inactive_in != Some(side),
            again: false,
        };
        let twice = user.twice_in == Some(side);
        let (tenant, active) = (person.tenant, person.active);
        people.push(person);
        if twice {
            // The import came later, so its account has a later id.
            people.push(Person { user, id: 540 + 2 * last + 7, tenant, active, again: true });
        }
    }
    Ok(people)
}
