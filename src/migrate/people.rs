//! Users and groups that the destination lacks, and the links that give them their roles.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::journal::{BatchKind, Keys, NewBatch, PersonRecord};
use super::remap::Maps;
use super::session::{Operation, SharedJournal, WriteSession, lock};
use crate::database::{
    Batch, ColumnRef, ColumnShape, Destination, Fault, FaultKind, Filter, InsertTarget, Result,
    RowsRequest, Source, TableName, TableShape, Value, same_name,
};
use crate::outsystems::Environment;
use crate::plan::{PersonFate, PersonPlan, Plan};

/// What stands in PASSWORD of a created user: no hash has this form, so no password fits.
const NO_PASSWORD: &str = "!";

/// Creating people and linking them.
pub(super) struct People<'a> {
    pub(super) plan: &'a Plan,
    pub(super) source: &'a dyn Source,
    pub(super) destination: &'a dyn Destination,
    pub(super) destination_model: &'a Environment,
    pub(super) journal: &'a SharedJournal,
    pub(super) session: &'a mut WriteSession,
}

/// How many people and links were made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Made {
    pub(super) users: u64,
    pub(super) groups: u64,
    pub(super) links: u64,
}

impl People<'_> {
    /// Creates who is missing and fills the maps of users and groups.
    pub(super) async fn run(&mut self, maps: &mut Maps) -> Result<Made> {
        let mut made = Made::default();
        let users = self.create("OSSYS_USER", &self.plan.users, maps, mask_user).await?;
        made.users = users.len() as u64;
        fill(Arc::make_mut(&mut maps.users), &self.plan.users, &users);
        let groups =
            self.create("OSSYS_GROUP", &self.plan.groups, maps, |_, _, value| value).await?;
        made.groups = groups.len() as u64;
        fill(Arc::make_mut(&mut maps.groups), &self.plan.groups, &groups);
        let mut records = Vec::new();
        for (is_group, map, ours) in [(false, &maps.users, &users), (true, &maps.groups, &groups)] {
            for (source, destination) in map.iter() {
                if let Some(destination) = destination {
                    records.push(PersonRecord {
                        is_group,
                        source: *source,
                        destination: *destination,
                        is_ours: ours.contains_key(source),
                    });
                }
            }
        }
        records.sort_by_key(|record| (record.is_group, record.source));
        lock(self.journal).people(&records)?;
        made.links +=
            self.link("OSSYS_USER_ROLE", ["USER_ID", "ROLE_ID"], &self.links(maps, 0)).await?;
        made.links +=
            self.link("OSSYS_GROUP_ROLE", ["GROUP_ID", "ROLE_ID"], &self.links(maps, 1)).await?;
        made.links +=
            self.link("OSSYS_GROUP_USER", ["USER_ID", "GROUP_ID"], &self.links(maps, 2)).await?;
        Ok(made)
    }

    /// The links of a kind as pairs of destination ids, with the tenant of the first.
    fn links(&self, maps: &Maps, kind: u8) -> Vec<(i64, i64, Option<i64>)> {
        let user = |id: &i64| maps.users.get(id).copied().flatten();
        let group = |id: &i64| maps.groups.get(id).copied().flatten();
        let tenant_of_user = |id: i64| self.tenant(&self.plan.users, &maps.users, id, false);
        let tenant_of_group = |id: i64| self.tenant(&self.plan.groups, &maps.groups, id, true);
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
        map: &HashMap<i64, Option<i64>>,
        id: i64,
        is_group: bool,
    ) -> Option<i64> {
        let created = people.iter().find_map(|person| match person.fate {
            PersonFate::Create { tenant } if map.get(&person.source) == Some(&Some(id)) => {
                Some(tenant)
            }
            _ => None,
        });
        created.unwrap_or_else(|| {
            if is_group {
                let groups = &self.destination_model.groups;
                groups.iter().find(|group| group.id == id).and_then(|group| group.tenant_id)
            } else {
                let users = &self.destination_model.users;
                users.iter().find(|user| user.id == id).and_then(|user| user.tenant_id)
            }
        })
    }

    /// Creates the people of a table that the plan wants created; returns source id →
    /// destination id.
    async fn create(
        &mut self,
        table: &str,
        people: &[PersonPlan],
        maps: &Maps,
        change: impl Fn(&str, i64, Value) -> Value,
    ) -> Result<HashMap<i64, i64>> {
        let tenants: HashMap<i64, Option<i64>> = people
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
        let ours = shape(self.source, &name).await?;
        let theirs = shape(self.destination.as_source(), &name).await?;
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
        let mut wanted: Vec<i64> = tenants.keys().copied().collect();
        wanted.sort_unstable();
        let mut created = HashMap::new();
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
                        ids.iter().map(|id| Value::Integer(*id)).collect(),
                    ),
                    order_by: Some(id_column.name.clone()),
                    limit: None,
                })
                .await?;
            let mut batch = Batch::for_types(columns.iter().map(|(_, shape)| &shape.data_type))?;
            let mut sources = Vec::new();
            for row in 0..rows.len() {
                let Some(id) = rows.column(0).integer(row) else { continue };
                for (place, (_, shape)) in columns.iter().enumerate() {
                    let value = rows.column(place + 1).value(row);
                    let value = if same_name(&shape.name, "TENANT_ID") {
                        tenants.get(&id).copied().flatten().map_or(Value::Null, Value::Integer)
                    } else if same_name(&shape.name, "CREATED_BY") {
                        let by = value.as_integer().and_then(|by| maps.users.get(&by).copied());
                        by.flatten().map_or(Value::Null, Value::Integer)
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
            let ids = self.insert(&target, &batch, &sources).await?;
            created.extend(sources.into_iter().zip(ids));
        }
        Ok(created)
    }

    async fn insert(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
        sources: &[i64],
    ) -> Result<Vec<i64>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let done = self
            .session
            .write(
                &Operation::Insert { target, batch, known: None },
                &mut |done, name| NewBatch {
                    entity: None,
                    kind: BatchKind::People,
                    session: name.to_owned(),
                    rows: done.rows,
                    source_keys: Keys::Integers(sources.to_vec()),
                    destination_keys: Keys::Integers(done.ids.clone()),
                    digest: 0,
                    emptied: Vec::new(),
                    deferred: Vec::new(),
                },
                &|_| {},
            )
            .await
            .map_err(|fault| fault.while_doing(format!("writing {}", target.table)))?;
        Ok(done.ids)
    }

    /// Adds the links that are not there yet.
    async fn link(
        &mut self,
        table: &str,
        names: [&str; 2],
        links: &[(i64, i64, Option<i64>)],
    ) -> Result<u64> {
        if links.is_empty() {
            return Ok(0);
        }
        let theirs = shape(self.destination.as_source(), &TableName::new(table)).await?;
        let column = |name: &str| {
            theirs.column(name).cloned().ok_or_else(|| {
                Fault::new(FaultKind::NotFound, format!("{table} has no column {name}"))
            })
        };
        let (first, second) = (column(names[0])?, column(names[1])?);
        let tenant = theirs.column("TENANT_ID").cloned();
        let identity = theirs.identity().map(|column| column.name.clone());
        let mut there: HashSet<(i64, i64)> = HashSet::new();
        let mut people: Vec<i64> = links.iter().map(|link| link.0).collect();
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
                        ids.iter().map(|id| Value::Integer(*id)).collect(),
                    ),
                    order_by: None,
                    limit: None,
                })
                .await?;
            for row in 0..rows.len() {
                if let (Some(a), Some(b)) =
                    (rows.column(0).integer(row), rows.column(1).integer(row))
                {
                    there.insert((a, b));
                }
            }
        }
        let mut columns = vec![first, second];
        columns.extend(tenant);
        let target =
            InsertTarget { table: theirs.name.clone(), columns: columns.clone(), identity };
        let missing: Vec<_> =
            links.iter().filter(|(a, b, _)| there.insert((*a, *b))).copied().collect();
        for chunk in missing.chunks(self.plan.options.batch_rows) {
            let mut batch = Batch::for_types(columns.iter().map(|column| &column.data_type))?;
            for (a, b, tenant) in chunk {
                let mut row = vec![Value::Integer(*a), Value::Integer(*b)];
                if columns.len() == 3 {
                    row.push(tenant.map_or(Value::Null, Value::Integer));
                }
                batch.push_row(&row)?;
            }
            self.insert(&target, &batch, &[]).await?;
        }
        Ok(missing.len() as u64)
    }
}

async fn shape(database: &dyn Source, table: &TableName) -> Result<TableShape> {
    database.shapes(std::slice::from_ref(table)).await?.into_iter().next().flatten().ok_or_else(
        || {
            Fault::new(
                FaultKind::NotFound,
                format!("{table} is missing in {}", database.facts().place),
            )
        },
    )
}

fn fill(map: &mut HashMap<i64, Option<i64>>, people: &[PersonPlan], created: &HashMap<i64, i64>) {
    for person in people {
        let id = match person.fate {
            PersonFate::Use(id) => Some(id),
            PersonFate::Create { .. } => created.get(&person.source).copied(),
            PersonFate::Empty => None,
        };
        map.insert(person.source, id);
    }
}

/// A created user can neither be written to nor signed in with (`design.md` decision 11).
fn mask_user(column: &str, id: i64, value: Value) -> Value {
    let filled = |value: &Value| matches!(value, Value::Text(text) if !text.is_empty());
    match column {
        "PASSWORD" => Value::text(NO_PASSWORD),
        "EMAIL" if filled(&value) => Value::text(&format!("user{id}@masked.invalid")),
        "MOBILEPHONE" if filled(&value) => Value::text(""),
        _ => value,
    }
}
