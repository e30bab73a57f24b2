//! Users and groups of the run, and their links.
//!
//! They have no digest: people sign in and change them. What the plan fixes is proved: that each
//! is there, and of those that the run created the name, the tenant, and the masks of e-mail
//! address and phone number; of those that it updated, what the source says of them; and that every
//! link the plan wants is there.

mod updated;

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use super::mask::{self, Keys};
use super::prove::lock;
use super::result::{Difference, EntityProof};
use crate::database::{
    Batch, ColumnRef, Fault, FaultKind, Filter, Result, RowsRequest, Source, TableName, TableShape,
    Value,
};
use crate::migrate::journal::{Journal, PersonRecord, Refused, RefusedKind};
use crate::outsystems::{DestinationId, Key, SourceId};
use crate::plan::{Mask, PersonFate, PersonPlan, Plan, UserMask};

/// Ids asked for in one request.
const AT_ONCE: usize = 1000;

/// The users, on either side.
const USERS: &str = "OSSYS_USER";

/// Called with the number of the kind, its table, and rows done of all.
type Tell<'a> = dyn FnMut(usize, &str, u64, u64) + Send + 'a;

/// Whose id became whose.
type Ids = HashMap<SourceId, DestinationId>;

/// What a column holds, by the row's id.
type Values = HashMap<i64, Value>;

/// Tables by the name that the platform gives them.
type Shapes = HashMap<&'static str, TableShape>;

/// The tables of people as the two sides have them.
struct Tables {
    source: Shapes,
    destination: Shapes,
}

/// The users and groups of a run.
pub(super) struct People<'a> {
    plan: &'a Plan,
    source: &'a dyn Source,
    destination: &'a dyn Source,
    /// Whom, and which links, the destination has refused.
    refused: Vec<Refused>,
    /// By which personal data of created users was masked.
    keys: Keys,
    kinds: Vec<Kind<'a>>,
}

/// Users or groups.
struct Kind<'a> {
    table: &'static str,
    name_column: &'static str,
    planned: &'a [PersonPlan],
    records: Vec<PersonRecord>,
    links: Vec<Links>,
}

/// Links of a kind.
struct Links {
    table: &'static str,
    columns: [&'static str; 2],
    /// What the second column leads to, in words.
    to: &'static str,
    /// The first on both sides, and what it is linked to.
    pairs: Vec<(SourceId, DestinationId, DestinationId)>,
}

impl<'a> People<'a> {
    /// Reads from plan and journal who should be there.
    pub(super) fn new(
        plan: &'a Plan,
        journal: &Mutex<Journal>,
        [source, destination]: [&'a dyn Source; 2],
        keys: Keys,
    ) -> Result<Self> {
        let (groups, users): (Vec<_>, Vec<_>) =
            lock(journal).all_people()?.into_iter().partition(|person| person.is_group);
        let ids = |records: &[PersonRecord]| -> Ids {
            records.iter().map(|person| (person.source, person.destination)).collect()
        };
        let (user, group) = (ids(&users), ids(&groups));
        let to_roles = |links: &[(SourceId, DestinationId)], people: &Ids| {
            let pairs = links.iter().filter_map(|(a, role)| Some((*a, *people.get(a)?, *role)));
            pairs.collect()
        };
        let memberships = plan.links.group_users.iter();
        let kinds = vec![
            Kind {
                table: USERS,
                name_column: "USERNAME",
                planned: &plan.users,
                links: vec![
                    Links {
                        table: "OSSYS_USER_ROLE",
                        columns: ["USER_ID", "ROLE_ID"],
                        to: "role",
                        pairs: to_roles(&plan.links.user_roles, &user),
                    },
                    Links {
                        table: "OSSYS_GROUP_USER",
                        columns: ["USER_ID", "GROUP_ID"],
                        to: "group",
                        pairs: memberships
                            .filter_map(|(a, b)| Some((*a, *user.get(a)?, *group.get(b)?)))
                            .collect(),
                    },
                ],
                records: users,
            },
            Kind {
                table: "OSSYS_GROUP",
                name_column: "NAME",
                planned: &plan.groups,
                links: vec![Links {
                    table: "OSSYS_GROUP_ROLE",
                    columns: ["GROUP_ID", "ROLE_ID"],
                    to: "role",
                    pairs: to_roles(&plan.links.group_roles, &group),
                }],
                records: groups,
            },
        ];
        let is_any = |kind: &Kind<'_>| {
            let is_created = |person: &PersonPlan| matches!(person.fate, PersonFate::Create { .. });
            !kind.records.is_empty() || kind.planned.iter().any(is_created)
        };
        let kinds = kinds.into_iter().filter(is_any).collect();
        let mut refused = lock(journal).refused(RefusedKind::Person)?;
        refused.extend(lock(journal).refused(RefusedKind::Link)?);
        Ok(Self { plan, source, destination, refused, keys, kinds })
    }

    /// How many of users and groups there are any of.
    pub(super) fn kinds(&self) -> usize {
        self.kinds.len()
    }

    /// Proves each kind.
    pub(super) async fn prove(&self, tell: &mut Tell<'_>) -> Result<Vec<EntityProof>> {
        let mut proofs = Vec::new();
        let tables = self.tables().await?;
        for (number, kind) in self.kinds.iter().enumerate() {
            let of = kind.records.len() as u64;
            tell(number, kind.table, 0, of);
            let proof = self
                .kind(kind, &tables)
                .await
                .map_err(|fault| fault.while_doing(format!("proving {}", kind.table)))?;
            tell(number, kind.table, of, of);
            proofs.push(proof);
        }
        Ok(proofs)
    }

    /// The tables that will be looked into.
    async fn tables(&self) -> Result<Tables> {
        let of_kinds = self.kinds.iter().flat_map(|kind| {
            let links = kind.links.iter().filter(|links| !links.pairs.is_empty());
            std::iter::once(kind.table).chain(links.map(|links| links.table))
        });
        let there: Vec<&str> = of_kinds.collect();
        let ours: Vec<&str> = there.iter().copied().filter(|table| *table == USERS).collect();
        let (source, destination) =
            tokio::try_join!(shapes(self.source, &ours), shapes(self.destination, &there))?;
        Ok(Tables { source, destination })
    }

    async fn kind(&self, kind: &Kind<'_>, tables: &Tables) -> Result<EntityProof> {
        let ours = kind.records.iter().filter(|person| person.is_ours).count() as u64;
        let mut proof = EntityProof {
            name: kind.table.to_owned(),
            written: ours,
            recognised: kind.records.len() as u64 - ours,
            ..EntityProof::default()
        };
        let shape = shape(&tables.destination, self.destination, kind.table)?;
        let (id, name) = (column(shape, "ID")?, column(shape, kind.name_column)?);
        let tenant = shape.column("TENANT_ID").map(ColumnRef::from);
        let columns: Vec<ColumnRef> = [id, name].into_iter().chain(tenant).collect();
        let ids = kind.records.iter().map(|person| person.destination).collect();
        let there: HashMap<DestinationId, (String, Option<DestinationId>)> = self
            .rows(&shape.name, &columns, ids)
            .await?
            .iter()
            .flat_map(|rows| (0..rows.len()).map(move |row| (rows, row)))
            .filter_map(|(rows, row)| {
                let tenant = rows.columns().get(2).and_then(|column| column.integer(row));
                let tenant = tenant.map(DestinationId);
                let name = rows.column(1).text(row).unwrap_or_default();
                Some((DestinationId(rows.column(0).integer(row)?), (name, tenant)))
            })
            .collect();
        let has_tenant = columns.len() == 3;
        for person in &kind.records {
            let differs = |attribute: &str, what: String| Difference {
                source: person.source.to_string(),
                destination: person.destination.to_string(),
                attribute: attribute.to_owned(),
                what,
            };
            let Some((name, tenant)) = there.get(&person.destination) else {
                proof.differs(differs("", "the row is missing".to_owned()));
                continue;
            };
            if !person.is_ours {
                continue;
            }
            proof.found += 1;
            proof.compared += 1;
            let planned = kind.planned.iter().find(|planned| planned.source == person.source);
            let Some(planned) = planned else { continue };
            if Key::new(name) != Key::new(&planned.name) {
                // A name is personal: it is not repeated here.
                let what = "is not the name that the source had".to_owned();
                proof.differs(differs(kind.name_column, what));
            }
            if let PersonFate::Create { tenant: wanted } = planned.fate
                && has_tenant
                && *tenant != wanted
            {
                let shown = |tenant: Option<DestinationId>| {
                    tenant.map_or_else(|| "empty".to_owned(), |tenant| tenant.to_string())
                };
                let what = format!("is {}; it should be {}", shown(*tenant), shown(wanted));
                proof.differs(differs("TENANT_ID", what));
            }
        }
        self.created(kind, &shape.name, &mut proof);
        if kind.table == USERS {
            self.masks(kind, tables, &mut proof).await?;
            self.updated(tables, &mut proof).await?;
            self.gone(&mut proof).await?;
        }
        for links in kind.links.iter().filter(|links| !links.pairs.is_empty()) {
            self.links(links, tables, &mut proof).await?;
        }
        Ok(proof)
    }

    /// Whoever was to be created is there, or the journal says that it was refused.
    fn created(&self, kind: &Kind<'_>, table: &TableName, proof: &mut EntityProof) {
        let known: HashSet<SourceId> = kind.records.iter().map(|person| person.source).collect();
        for planned in kind.planned {
            let is_refused = || {
                self.refused.iter().any(|refused| {
                    refused.kind == RefusedKind::Person
                        && refused.place == table.to_string()
                        && refused.key.as_integer() == Some(planned.source.0)
                })
            };
            if matches!(planned.fate, PersonFate::Create { .. })
                && !known.contains(&planned.source)
                && !is_refused()
            {
                proof.differs(Difference {
                    source: planned.source.to_string(),
                    what: "was neither created nor refused".to_owned(),
                    ..Difference::default()
                });
            }
        }
    }

    /// E-mail address and phone number of created users: masked as the plan says. Whoever has
    /// changed one since made it another, which is not the source's.
    async fn masks(&self, kind: &Kind<'_>, tables: &Tables, proof: &mut EntityProof) -> Result<()> {
        let ours: Vec<&PersonRecord> =
            kind.records.iter().filter(|person| person.is_ours).collect();
        if ours.is_empty() || self.plan.user_mask == UserMask::Real {
            return Ok(());
        }
        let masks = [("EMAIL", Mask::Email), ("MOBILEPHONE", Mask::Phone)];
        let pairs: Vec<_> = ours.iter().map(|person| (person.source, person.destination)).collect();
        for (name, clear, there) in
            self.on_both_sides(tables, &masks.each_ref().map(|(name, _)| *name), &pairs).await?
        {
            let Some((_, mask)) = masks.iter().find(|(masked, _)| *masked == name) else {
                continue;
            };
            for person in &ours {
                let (Some(clear), Some(there)) =
                    (clear.get(&person.source.0), there.get(&person.destination.0))
                else {
                    continue;
                };
                let due = mask::of_user(self.plan, self.keys, person.source.0, mask, clear);
                if due.is_none_or(|due| due == *there) {
                    continue;
                }
                let what = if clear == there {
                    "is the source's, in clear; it should be masked"
                } else {
                    "is not the mask that it should be"
                };
                proof.differs(Difference {
                    source: person.source.to_string(),
                    destination: person.destination.to_string(),
                    attribute: name.to_owned(),
                    what: what.to_owned(),
                });
            }
        }
        Ok(())
    }

    async fn links(&self, links: &Links, tables: &Tables, proof: &mut EntityProof) -> Result<()> {
        let shape = shape(&tables.destination, self.destination, links.table)?;
        let columns = vec![column(shape, links.columns[0])?, column(shape, links.columns[1])?];
        let ids = links.pairs.iter().map(|(_, id, _)| *id).collect();
        let there: HashSet<(DestinationId, DestinationId)> = self
            .rows(&shape.name, &columns, ids)
            .await?
            .iter()
            .flat_map(|rows| (0..rows.len()).map(move |row| (rows, row)))
            .filter_map(|(rows, row)| {
                let id = |column: usize| rows.column(column).integer(row).map(DestinationId);
                Some((id(0)?, id(1)?))
            })
            .collect();
        for (source, id, to) in &links.pairs {
            let is_refused = self.refused.iter().any(|refused| {
                refused.kind == RefusedKind::Link
                    && shape.name.to_string() == refused.place
                    && refused.key.as_integer() == Some(id.0)
                    && refused.other.as_integer() == Some(to.0)
            });
            if !is_refused && !there.contains(&(*id, *to)) {
                proof.differs(Difference {
                    source: source.to_string(),
                    destination: id.to_string(),
                    attribute: links.table.to_owned(),
                    what: format!("the link to {} {to} is missing", links.to),
                });
            }
        }
        Ok(())
    }

    /// What columns of users hold in the source and in the destination, by the column's name and by
    /// the user's id there; without the columns that either side lacks.
    async fn on_both_sides<'n>(
        &self,
        tables: &Tables,
        names: &[&'n str],
        users: &[(SourceId, DestinationId)],
    ) -> Result<Vec<(&'n str, Values, Values)>> {
        let ours = shape(&tables.source, self.source, USERS)?;
        let theirs = shape(&tables.destination, self.destination, USERS)?;
        let has_both = |name: &&&str| ours.column(name).is_some() && theirs.column(name).is_some();
        let names: Vec<&str> = names.iter().filter(has_both).copied().collect();
        let (sources, destinations): (Vec<_>, Vec<_>) =
            users.iter().map(|(source, destination)| (source.0, destination.0)).unzip();
        let (clear, there) = tokio::try_join!(
            values(self.source, ours, &names, &sources),
            values(self.destination, theirs, &names, &destinations)
        )?;
        let both = clear.into_iter().zip(there);
        Ok(names.into_iter().zip(both).map(|(name, (clear, there))| (name, clear, there)).collect())
    }

    /// The rows whose first column is one of these ids.
    async fn rows(
        &self,
        table: &TableName,
        columns: &[ColumnRef],
        mut ids: Vec<DestinationId>,
    ) -> Result<Vec<Batch>> {
        ids.sort_unstable();
        ids.dedup();
        let mut found = Vec::new();
        for ids in ids.chunks(AT_ONCE) {
            let values = ids.iter().copied().map(Value::from).collect();
            let request = RowsRequest {
                table: table.clone(),
                columns: columns.to_vec(),
                filter: Filter::AnyOf(columns[0].name.clone(), values),
                order_by: None,
                limit: None,
            };
            found.push(self.destination.rows(&request).await?);
        }
        Ok(found)
    }
}

/// Those of these tables that there are, asked for at once.
async fn shapes(database: &dyn Source, tables: &[&'static str]) -> Result<Shapes> {
    let names: Vec<TableName> = tables.iter().copied().map(TableName::new).collect();
    let shapes = database.shapes(&names).await?;
    Ok(tables.iter().zip(shapes).filter_map(|(table, shape)| Some((*table, shape?))).collect())
}

fn shape<'s>(shapes: &'s Shapes, database: &dyn Source, table: &str) -> Result<&'s TableShape> {
    shapes.get(table).ok_or_else(|| {
        let place = &database.facts().place;
        Fault::new(FaultKind::NotFound, format!("{table} is missing in {place}"))
    })
}

/// What each of these columns holds in the rows of these ids.
async fn values(
    database: &dyn Source,
    shape: &TableShape,
    names: &[&str],
    ids: &[i64],
) -> Result<Vec<Values>> {
    let mut found = vec![Values::new(); names.len()];
    if names.is_empty() {
        return Ok(found);
    }
    let asked = std::iter::once(&"ID").chain(names).map(|name| column(shape, name));
    let columns: Vec<ColumnRef> = asked.collect::<Result<_>>()?;
    for ids in ids.chunks(AT_ONCE) {
        let ids = ids.iter().copied().map(Value::Integer).collect();
        let request = RowsRequest {
            table: shape.name.clone(),
            columns: columns.clone(),
            filter: Filter::AnyOf(columns[0].name.clone(), ids),
            order_by: None,
            limit: None,
        };
        let rows = database.rows(&request).await?;
        for row in 0..rows.len() {
            let Some(id) = rows.column(0).integer(row) else { continue };
            for (found, column) in found.iter_mut().zip(&rows.columns()[1..]) {
                found.insert(id, column.value(row));
            }
        }
    }
    Ok(found)
}

fn column(shape: &TableShape, name: &str) -> Result<ColumnRef> {
    shape.column(name).map(ColumnRef::from).ok_or_else(|| {
        Fault::new(FaultKind::NotFound, format!("{} has no column {name}", shape.name))
    })
}
