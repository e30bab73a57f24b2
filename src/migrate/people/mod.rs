//! Users and groups that the destination lacks, users that take what the source says of them, and
//! the links that give them their roles.

mod updating;
mod writing;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::journal::{BatchKind, PersonRecord, RefusedKind};
use super::mask::is_empty;
use super::remap::{Maps, PeopleMap, Person};
use super::session::WriteSession;
use super::story::Story;
use crate::database::{
    Batch, ColumnRef, ColumnShape, Destination, Fault, FaultKind, Filter, InsertTarget, Result,
    RowsRequest, Source, TableName, TableShape, Value, same_name,
};
use crate::outsystems::{DestinationId, Environment, SourceId};
use crate::plan::{PersonFate, PersonPlan, Plan, UserMask};

/// What stands in PASSWORD of a created user: no hash has this form, so no password fits.
pub(super) const NO_PASSWORD: &str = "!";

/// Creating people and linking them.
pub(super) struct People<'a> {
    pub(super) plan: &'a Plan,
    pub(super) source: &'a dyn Source,
    pub(super) destination: &'a dyn Destination,
    pub(super) source_model: &'a Environment,
    pub(super) destination_model: &'a Environment,
    pub(super) story: &'a Story,
    pub(super) session: &'a mut WriteSession,
}

/// Two ids that a link joins, and the tenant of the first.
type Link = (DestinationId, DestinationId, Option<DestinationId>);

/// How many people and links were made, and users updated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Made {
    pub(super) users: u64,
    pub(super) updated: u64,
    pub(super) groups: u64,
    pub(super) links: u64,
}

impl People<'_> {
    /// Creates who is missing and fills the maps of users and groups.
    pub(super) async fn run(&mut self, maps: &mut Maps) -> Result<Made> {
        let mut made = Made::default();
        let (how, copies_passwords) = (self.plan.user_mask, self.plan.copies_passwords);
        let change = |column: &str, id, value| match column {
            "PASSWORD" if copies_passwords => value,
            _ => mask_user(how, column, id, value),
        };
        let users = self.create("OSSYS_USER", &self.plan.users, maps, change).await?;
        made.users = users.len() as u64;
        fill(Arc::make_mut(&mut maps.users), &self.plan.users, &users);
        made.updated = self.update().await?;
        let groups =
            self.create("OSSYS_GROUP", &self.plan.groups, maps, |_, _, value| value).await?;
        made.groups = groups.len() as u64;
        fill(Arc::make_mut(&mut maps.groups), &self.plan.groups, &groups);
        let mut records = Vec::new();
        for (is_group, map, ours) in [(false, &maps.users, &users), (true, &maps.groups, &groups)] {
            for (source, destination) in map.iter() {
                if let Some(destination) = destination.id() {
                    records.push(PersonRecord {
                        is_group,
                        source: *source,
                        destination,
                        is_ours: ours.contains_key(source),
                    });
                }
            }
        }
        records.sort_by_key(|record| (record.is_group, record.source));
        self.story.recorder.people(records).await?;
        made.links +=
            self.link("OSSYS_USER_ROLE", ["USER_ID", "ROLE_ID"], &self.links(maps, 0)).await?;
        made.links +=
            self.link("OSSYS_GROUP_ROLE", ["GROUP_ID", "ROLE_ID"], &self.links(maps, 1)).await?;
        made.links +=
            self.link("OSSYS_GROUP_USER", ["USER_ID", "GROUP_ID"], &self.links(maps, 2)).await?;
        Ok(made)
    }

    /// The links of a kind, as the destination will have them.
    fn links(&self, maps: &Maps, kind: u8) -> Vec<Link> {
        let user = |id: &SourceId| maps.users.get(id).and_then(|person| person.id());
        let group = |id: &SourceId| maps.groups.get(id).and_then(|person| person.id());
        let tenant_of_user = |id| self.tenant(&self.plan.users, &maps.users, id, false);
        let tenant_of_group = |id| self.tenant(&self.plan.groups, &maps.groups, id, true);
        let links = &self.plan.links;
        match kind {
            0 => links
                .user_roles
                .iter()
                .filter_map(|(a, b)| user(a).map(|a| (a, *b, tenant_of_user(a))))
                .collect(),
            1 => links
                .group_roles
                .iter()
                .filter_map(|(a, b)| group(a).map(|a| (a, *b, tenant_of_group(a))))
                .collect(),
            _ => links
                .group_users
                .iter()
                .filter_map(|(a, b)| Some((user(a)?, group(b)?)))
                .map(|(a, b)| (a, b, tenant_of_user(a)))
                .collect(),
        }
    }

    /// The destination's tenant of somebody there.
    fn tenant(
        &self,
        people: &[PersonPlan],
        map: &PeopleMap,
        id: DestinationId,
        is_group: bool,
    ) -> Option<DestinationId> {
        let created = people.iter().find_map(|person| match person.fate {
            PersonFate::Create { tenant } if map.get(&person.source) == Some(&Person::Is(id)) => {
                Some(tenant)
            }
            _ => None,
        });
        created.unwrap_or_else(|| {
            let there = self.destination_model;
            let tenant = if is_group {
                there.groups.iter().find(|group| group.id == id.0)?.tenant_id
            } else {
                there.user(id.0)?.tenant_id
            };
            tenant.map(DestinationId)
        })
    }

    /// Creates the people of a table that the plan wants created; returns whose id became whose.
    async fn create(
        &mut self,
        table: &str,
        people: &[PersonPlan],
        maps: &Maps,
        change: impl Fn(&str, SourceId, Value) -> Value,
    ) -> Result<HashMap<SourceId, DestinationId>> {
        let tenants: HashMap<SourceId, Option<DestinationId>> = people
            .iter()
            .filter_map(|person| match person.fate {
                PersonFate::Create { tenant } => Some((person.source, tenant)),
                _ => None,
            })
            .collect();
        if tenants.is_empty() {
            return Ok(HashMap::new());
        }
        let name = TableName::new(table);
        let ours = shape(self.source_model, &name)?;
        let theirs = shape(self.destination_model, &name)?;
        let identity = theirs
            .column("ID")
            .filter(|column| column.identity)
            .map(|column| column.name.clone())
            .ok_or_else(|| {
                Fault::new(
                    FaultKind::NotApplicable,
                    format!("{table} of the destination does not give ids by itself"),
                )
                .advise("Create the missing users there, or map them to others.")
            })?;
        let columns: Vec<(ColumnRef, ColumnShape)> = theirs
            .columns
            .iter()
            .filter(|column| !column.identity && !column.computed)
            .filter_map(|column| {
                let own = ours.column(&column.name)?;
                Some((ColumnRef::from(own), column.clone()))
            })
            .collect();
        let id_column = ours.column("ID").map(ColumnRef::from).ok_or_else(|| {
            Fault::new(FaultKind::NotFound, format!("{table} of the source has no column ID"))
        })?;
        // Those whom an earlier stretch of the run has created are there.
        let mut created = self.created_before(&theirs.name)?;
        let refused = self.refused_before(RefusedKind::Person, &theirs.name)?;
        let is_known = |id: &SourceId| {
            created.contains_key(id) || refused.contains(&(Value::from(*id), Value::Null))
        };
        let mut wanted: Vec<SourceId> =
            tenants.keys().copied().filter(|id| !is_known(id)).collect();
        wanted.sort_unstable();
        for ids in wanted.chunks(self.plan.options.batch_rows.min(1000)) {
            let mut read = vec![id_column.clone()];
            read.extend(columns.iter().map(|(own, _)| own.clone()));
            let rows = self
                .source
                .rows(&RowsRequest {
                    table: ours.name.clone(),
                    columns: read,
                    filter: Filter::AnyOf(
                        id_column.name.clone(),
                        ids.iter().copied().map(Value::from).collect(),
                    ),
                    order_by: Some(id_column.name.clone()),
                    limit: None,
                })
                .await?;
            let mut batch = Batch::for_types(columns.iter().map(|(_, shape)| &shape.data_type))?;
            let mut sources = Vec::new();
            for row in 0..rows.len() {
                let Some(id) = rows.column(0).integer(row).map(SourceId) else { continue };
                for (place, (_, shape)) in columns.iter().enumerate() {
                    let value = rows.column(place + 1).value(row);
                    let value = if same_name(&shape.name, "TENANT_ID") {
                        tenants.get(&id).copied().flatten().map_or(Value::Null, Value::from)
                    } else if same_name(&shape.name, "CREATED_BY") {
                        let by = value.as_integer().map(SourceId);
                        let by = by.and_then(|by| maps.users.get(&by)?.id());
                        by.map_or(Value::Null, Value::from)
                    } else {
                        change(&shape.name.to_uppercase(), id, value)
                    };
                    batch.column_mut(place).push(&value)?;
                }
                sources.push(id);
            }
            let target = InsertTarget {
                table: theirs.name.clone(),
                columns: columns.iter().map(|(_, shape)| shape.clone()).collect(),
                identity: Some(identity.clone()),
            };
            let written = self.insert(&target, &batch, BatchKind::People, &sources).await?;
            for (row, id) in written.rows {
                created.extend(id.map(|id| (sources[row], id)));
            }
            for (row, fault) in written.refused {
                let key = Value::from(sources[row]);
                self.refuse(RefusedKind::Person, &theirs.name, [key, Value::Null], fault)?;
            }
        }
        Ok(created)
    }

    /// Whose id became whose in this table before this stretch of the run.
    fn created_before(&self, table: &TableName) -> Result<HashMap<SourceId, DestinationId>> {
        let journal = self.story.recorder.reader()?;
        let mut created = HashMap::new();
        for batch in journal.of_kind(BatchKind::People)? {
            if batch.written_to.as_ref().is_none_or(|to| to.table != *table) {
                continue;
            }
            for (source, destination) in batch.source_keys.iter().zip(batch.destination_keys.iter())
            {
                if let (Some(source), Some(destination)) =
                    (source.as_integer(), destination.as_integer())
                {
                    created.insert(SourceId(source), DestinationId(destination));
                }
            }
        }
        Ok(created)
    }

    /// Adds the links that are not there yet.
    async fn link(&mut self, table: &str, names: [&str; 2], links: &[Link]) -> Result<u64> {
        if links.is_empty() {
            return Ok(0);
        }
        let theirs = shape(self.destination_model, &TableName::new(table))?;
        let column = |name: &str| {
            theirs.column(name).cloned().ok_or_else(|| {
                Fault::new(FaultKind::NotFound, format!("{table} has no column {name}"))
            })
        };
        let (first, second) = (column(names[0])?, column(names[1])?);
        let tenant = theirs.column("TENANT_ID").cloned();
        let identity = theirs.identity().map(|column| column.name.clone());
        let mut there: HashSet<(DestinationId, DestinationId)> = HashSet::new();
        let mut people: Vec<DestinationId> = links.iter().map(|link| link.0).collect();
        people.sort_unstable();
        people.dedup();
        for ids in people.chunks(1000) {
            let rows = self
                .destination
                .rows(&RowsRequest {
                    table: theirs.name.clone(),
                    columns: vec![ColumnRef::from(&first), ColumnRef::from(&second)],
                    filter: Filter::AnyOf(
                        first.name.clone(),
                        ids.iter().copied().map(Value::from).collect(),
                    ),
                    order_by: None,
                    limit: None,
                })
                .await?;
            for row in 0..rows.len() {
                if let (Some(a), Some(b)) =
                    (rows.column(0).integer(row), rows.column(1).integer(row))
                {
                    there.insert((DestinationId(a), DestinationId(b)));
                }
            }
        }
        let mut columns = vec![first, second];
        columns.extend(tenant);
        let target =
            InsertTarget { table: theirs.name.clone(), columns: columns.clone(), identity };
        let refused = self.refused_before(RefusedKind::Link, &theirs.name)?;
        let is_refused = |a: DestinationId, b: DestinationId| {
            refused.contains(&(Value::from(a), Value::from(b)))
        };
        let missing: Vec<_> = links
            .iter()
            .filter(|(a, b, _)| !is_refused(*a, *b) && there.insert((*a, *b)))
            .copied()
            .collect();
        let mut made = 0;
        for chunk in missing.chunks(self.plan.options.batch_rows) {
            let mut batch = Batch::for_types(columns.iter().map(|column| &column.data_type))?;
            for (a, b, tenant) in chunk {
                let mut row = vec![Value::from(*a), Value::from(*b)];
                if columns.len() == 3 {
                    row.push(tenant.map_or(Value::Null, Value::from));
                }
                batch.push_row(&row)?;
            }
            let written = self.insert(&target, &batch, BatchKind::Links, &[]).await?;
            made += written.rows.len() as u64;
            for (row, fault) in written.refused {
                let ends = [chunk[row].0, chunk[row].1].map(Value::from);
                self.refuse(RefusedKind::Link, &theirs.name, ends, fault)?;
            }
        }
        Ok(made)
    }
}

/// A table of the platform, as it was read with its model.
fn shape<'m>(model: &'m Environment, table: &TableName) -> Result<&'m TableShape> {
    model.shape(table).ok_or_else(|| {
        let place = &model.facts.place;
        Fault::new(FaultKind::NotFound, format!("{table} is missing in {place}"))
    })
}

fn fill(map: &mut PeopleMap, people: &[PersonPlan], created: &HashMap<SourceId, DestinationId>) {
    for planned in people {
        let person = match planned.fate {
            PersonFate::Use(id) | PersonFate::Update(id) => Person::Is(id),
            PersonFate::Create { .. } => {
                created.get(&planned.source).map_or(Person::Refused, |id| Person::Is(*id))
            }
            PersonFate::Empty => Person::Emptied,
        };
        map.insert(planned.source, person);
    }
}

/// A created user cannot be signed in with, nor be written to unless the plan wants personal data
/// as it is (`design.md` decision 11). What is masked by a key was masked as it was read.
fn mask_user(how: UserMask, column: &str, id: SourceId, value: Value) -> Value {
    match (column, how) {
        ("PASSWORD", _) => Value::text(NO_PASSWORD),
        ("EMAIL", UserMask::ById) if !is_empty(&value) => {
            Value::text(&format!("user{id}@masked.invalid"))
        }
        ("MOBILEPHONE", UserMask::ById) if !is_empty(&value) => Value::text(""),
        _ => value,
    }
}
