//! Taking a picture: one request for the names of all tables, one for the shapes of some hundred,
//! and for each table a count and, where it is small, its rows.

use std::collections::HashMap;

use futures::StreamExt;

use super::class::{Class, lives};
use super::ours::Ours;
use super::{ConstraintState, Look, OTHER_ROWS, PLATFORM_ROWS};
use super::{Surroundings, TableState, TriggerState};
use crate::database::{
    Batch, ColumnRef, ColumnShape, ColumnType, Fault, FaultKind, Filter, Result, ScanRequest,
    Source, TableName, TableShape, Value, ValueKind, same_name,
};
use crate::plan::{ExistingPlan, OutsideFate, PersonFate, PersonPlan, Plan};
use crate::proof::form::{combine, hash, put_plain};
use crate::proof::lookup::PAGE_BYTES;

/// Tables whose shapes are asked for in one request.
const SHAPES_AT_ONCE: usize = 500;

/// Tables looked at side by side.
const AT_ONCE: usize = 4;

/// Rows of the run that may lie among a few that were there before these are only counted.
const OURS_AMONG_THEM: u64 = 100_000;

/// Rows of a page.
const PAGE_ROWS: usize = 10_000;

/// Called with tables done of all; an error ends the taking.
pub(in crate::proof) type Tell<'a> = dyn FnMut(usize, usize) -> Result<()> + Send + 'a;

impl Surroundings {
    /// Takes the picture before the first write. It only reads. `tell` is called with tables done
    /// of all, between two tables; its error ends the taking.
    ///
    /// A table that the person may not read, or whose rows cannot be understood, is in the picture
    /// without a look; a lost connection is an error.
    pub async fn take(
        plan: &Plan,
        destination: &dyn Source,
        mut tell: impl FnMut(usize, usize) -> Result<()> + Send,
    ) -> Result<Self> {
        take(plan, destination, None, &mut tell).await
    }
}

/// Takes the picture again: of tables that rows were added to, those that were there before.
pub(in crate::proof) async fn take_again(
    before: &Surroundings,
    ours: &Ours,
    plan: &Plan,
    destination: &dyn Source,
    tell: &mut Tell<'_>,
) -> Result<Surroundings> {
    take(plan, destination, Some((before, ours)), tell).await
}

async fn take(
    plan: &Plan,
    destination: &dyn Source,
    earlier: Option<(&Surroundings, &Ours)>,
    tell: &mut Tell<'_>,
) -> Result<Surroundings> {
    let mut names = Vec::new();
    for catalog in catalogs(plan) {
        names.extend(destination.tables(catalog).await?);
    }
    let writes = Writes::new(plan, destination).await?;
    let all = names.len();
    let mut taken = Surroundings::default();
    tell(0, all)?;
    for names in names.chunks(SHAPES_AT_ONCE) {
        let shapes = destination.shapes(names).await?;
        let looks = shapes.into_iter().flatten().map(|shape| {
            let look = Looking { destination, writes: &writes, earlier, shape };
            async move { look.table().await }
        });
        let mut looks = futures::stream::iter(looks).buffered(AT_ONCE);
        while let Some(table) = looks.next().await {
            taken.tables.push(table?);
            tell(taken.tables.len(), all)?;
        }
    }
    Ok(taken)
}

/// The connection's own database and every other one that the plan writes to.
fn catalogs(plan: &Plan) -> Vec<Option<&str>> {
    let mut catalogs: Vec<Option<&str>> = vec![None];
    for entity in &plan.entities {
        if let Some(catalog) = entity.destination_table.catalog.as_deref()
            && !catalogs.iter().flatten().any(|known| same_name(known, catalog))
        {
            catalogs.push(Some(catalog));
        }
    }
    catalogs
}

/// The tables that the plan writes, by their full names.
struct Writes(HashMap<TableName, Written>);

/// What the plan does to a table.
#[derive(Clone)]
struct Written {
    class: Class,
    /// Which rows stay as they are.
    stay: Filter,
    /// Which rows are deleted.
    goes: Option<Filter>,
    /// The column of the entity's identifier.
    key: Option<String>,
    /// Columns that are emptied, each with the rows that this happens to.
    emptied: Vec<(String, Filter)>,
    /// Columns that rows which stay may get from rows of ours: the proof of the entity says which
    /// did.
    set: Vec<String>,
    /// Columns that are set, each with the rows that this happens to.
    set_in: Vec<(String, Filter)>,
}

impl Written {
    fn new(class: Class) -> Self {
        Self {
            class,
            stay: Filter::All,
            goes: None,
            key: None,
            emptied: Vec::new(),
            set: Vec::new(),
            set_in: Vec::new(),
        }
    }
}

/// The tables of rows that hang on rows to be deleted, each with which of its rows stay as they
/// are.
fn reduced(plan: &Plan) -> Vec<(TableName, Written)> {
    let mut all: Vec<(TableName, Written)> = Vec::new();
    for outside in &plan.outside {
        let place = all.iter().position(|(table, _)| *table == outside.table);
        let place = place.unwrap_or_else(|| {
            all.push((outside.table.clone(), Written::new(Class::Reduced)));
            all.len() - 1
        });
        let written = &mut all[place].1;
        match &outside.fate {
            OutsideFate::Deleted => {
                let stay = std::mem::replace(&mut written.stay, Filter::All);
                written.stay = stay.and(outside.filter.clone().negated());
            }
            OutsideFate::Emptied(column) => {
                written.emptied.push((column.name.clone(), outside.filter.clone()));
            }
        }
    }
    all
}

impl Writes {
    async fn new(plan: &Plan, destination: &dyn Source) -> Result<Self> {
        let mut written: Vec<(TableName, Written)> = Vec::new();
        for (place, entity) in plan.entities.iter().enumerate() {
            let is_cleared = plan.cleared.iter().any(|(cleared, _)| *cleared == place);
            let (class, stay) = match &entity.existing {
                _ if is_cleared => (Class::Replaced, Filter::All),
                ExistingPlan::Replace { filter: Filter::All, .. } => (Class::Replaced, Filter::All),
                ExistingPlan::Replace { filter, .. } => (Class::Added, filter.clone().negated()),
                ExistingPlan::Keep { .. } | ExistingPlan::Recognise { .. } => {
                    (Class::Added, Filter::All)
                }
            };
            let goes = match &entity.existing {
                ExistingPlan::Replace { filter, .. } => Some(filter.clone()),
                ExistingPlan::Keep { .. } | ExistingPlan::Recognise { .. } => None,
            };
            let key = entity.destination_key().map(|key| key.name.clone());
            let columns = entity.existing.sets().iter().map(|place| &entity.columns[*place]);
            let set = columns.map(|column| column.destination.name.clone()).collect();
            let written_here = Written { stay, goes, key, set, ..Written::new(class) };
            written.push((entity.destination_table.clone(), written_here));
        }
        written.extend(reduced(plan));
        for table in people_tables(plan) {
            written.push((TableName::new(table), people(plan, table)));
        }
        let (names, written): (Vec<_>, Vec<_>) = written.into_iter().unzip();
        let shapes = destination.shapes(&names).await?;
        let resolved = shapes.into_iter().zip(written);
        Ok(Self(resolved.filter_map(|(shape, written)| Some((shape?.name, written))).collect()))
    }
}

/// What the plan does to a table of people or links: rows are added, some may go before that, and
/// some be changed.
fn people(plan: &Plan, table: &str) -> Written {
    let mut written = Written::new(Class::Added);
    let mut goes = Vec::new();
    for outside in plan.outside.iter().filter(|one| same_name(&one.table.name, table)) {
        if outside.fate == OutsideFate::Deleted {
            let stay = std::mem::replace(&mut written.stay, Filter::All);
            written.stay = stay.and(outside.filter.clone().negated());
            goes.push(outside.filter.clone());
        }
    }
    written.goes = (!goes.is_empty()).then_some(Filter::Or(goes));
    if same_name(table, "OSSYS_USER") {
        let updated = plan.users.iter().filter_map(|user| match user.fate {
            PersonFate::Update(id) => Some(Value::from(id)),
            _ => None,
        });
        let updated = Filter::AnyOf("ID".to_owned(), updated.collect());
        let columns = plan.user_columns.iter();
        written.set_in = columns.map(|column| (column.clone(), updated.clone())).collect();
    }
    written
}

/// The tables of people and links that the plan writes.
fn people_tables(plan: &Plan) -> Vec<&'static str> {
    let creates = |people: &[PersonPlan]| {
        people
            .iter()
            .any(|person| matches!(person.fate, PersonFate::Create { .. } | PersonFate::Update(_)))
    };
    [
        ("OSSYS_USER", creates(&plan.users)),
        ("OSSYS_GROUP", creates(&plan.groups)),
        ("OSSYS_USER_ROLE", !plan.links.user_roles.is_empty()),
        ("OSSYS_GROUP_ROLE", !plan.links.group_roles.is_empty()),
        ("OSSYS_GROUP_USER", !plan.links.group_users.is_empty()),
    ]
    .into_iter()
    .filter_map(|(table, is_written)| is_written.then_some(table))
    .collect()
}

/// One table to look at.
pub(super) struct Looking<'a> {
    pub(super) destination: &'a dyn Source,
    writes: &'a Writes,
    pub(super) earlier: Option<(&'a Surroundings, &'a Ours)>,
    pub(super) shape: TableShape,
}

impl Looking<'_> {
    async fn table(self) -> Result<TableState> {
        let written = self.writes.0.get(&self.shape.name);
        let class = written.map_or_else(|| Class::of(&self.shape.name.name), |it| it.class);
        let mut state = TableState {
            name: self.shape.name.clone(),
            class,
            look: Look::Not(String::new()),
            strangers: None,
            up_to: None,
            passed_over: Vec::new(),
            references: Vec::new(),
            constraints: Vec::new(),
            triggers: Vec::new(),
        };
        if class.is_written() {
            state.constraints = constraints(&self.shape);
            state.triggers = triggers(&self.shape);
        }
        let stay = written.map_or(Filter::All, |written| written.stay.clone());
        let emptied = written.map_or(&[][..], |written| &written.emptied);
        // Afterwards what stays is all there is, and nothing is left to tell it by.
        let stay = match class {
            Class::Reduced if self.earlier.is_some() => Filter::All,
            _ => stay,
        };
        let set = written.map_or(&[][..], |written| &written.set);
        let emptied_columns = emptied.iter().map(|(column, _)| column);
        let set_in = written.map_or(&[][..], |written| &written.set_in);
        let set = set.iter().chain(set_in.iter().map(|(column, _)| column));
        let without: Vec<&str> = emptied_columns.chain(set).map(String::as_str).collect();
        let look = self.look(stay.clone(), &without, &mut state).await;
        state.look = self.or_why_not(look)?;
        if let Some(goes) = written.and_then(|written| written.goes.as_ref()) {
            state.up_to = self.highest_before().await?;
            state.strangers = self.strangers(goes).await?;
        }
        let passed_over = state.passed_over.clone();
        for (column, loses) in emptied {
            let mut keeps = stay.clone().and(Filter::not_null(column));
            if self.earlier.is_none() {
                keeps = keeps.and(loses.clone().negated());
            }
            let others: Vec<&str> = without.iter().copied().filter(|one| one != column).collect();
            let look = self.look(keeps, &others, &mut state).await;
            state.references.push((column.clone(), self.or_why_not(look)?));
        }
        for (column, changes) in set_in.iter().filter(|one| self.shape.column(&one.0).is_some()) {
            let keeps = stay.clone().and(changes.clone().negated());
            let others: Vec<&str> = without.iter().copied().filter(|one| one != column).collect();
            let look = self.look(keeps, &others, &mut state).await;
            state.references.push((column.clone(), self.or_why_not(look)?));
        }
        state.passed_over = passed_over;
        Ok(state)
    }

    /// A table that cannot be looked at is in the picture without a look.
    fn or_why_not(&self, look: Result<Look>) -> Result<Look> {
        match look {
            Err(fault) if is_about_the_table(&fault) => Ok(Look::Not(fault.what)),
            other => {
                other.map_err(|fault| fault.while_doing(format!("looking at {}", self.shape.name)))
            }
        }
    }

    /// The number that tells the rows of a table apart: its identity, or the key that the plan
    /// writes.
    pub(super) fn key(&self) -> Option<&ColumnShape> {
        self.shape.identity().or_else(|| {
            let written = self.writes.0.get(&self.shape.name)?;
            let column = self.shape.column(written.key.as_deref()?)?;
            (column.data_type.kind() == Some(ValueKind::Integer)).then_some(column)
        })
    }

    /// The highest identity there was before the run, below every one where there was no row;
    /// `None` without an identity.
    async fn highest_before(&self) -> Result<Option<i64>> {
        let Some(identity) = self.shape.identity() else { return Ok(None) };
        let name = &self.shape.name;
        let earlier = self.earlier.and_then(|(before, _)| before.table(name)?.up_to);
        match earlier {
            Some(earlier) => Ok(Some(earlier)),
            None => {
                let highest = self.destination.highest(name, &identity.name).await?;
                Ok(Some(highest.unwrap_or(i64::from(i32::MIN))))
            }
        }
    }

    /// Looks at the rows that stay, `without` some columns.
    async fn look(&self, stay: Filter, without: &[&str], state: &mut TableState) -> Result<Look> {
        let name = &self.shape.name;
        let limit = match state.class {
            Class::Replaced => return Ok(Look::Not("the plan replaces its rows".to_owned())),
            Class::Log => return Ok(Look::Not("a log".to_owned())),
            Class::Queue | Class::Living => 0,
            Class::Platform => PLATFORM_ROWS,
            Class::Added | Class::Reduced | Class::Outside => OTHER_ROWS,
        };
        let mut filter = stay;
        let (mut key, mut below) = (None, 0);
        if state.class == Class::Added {
            let Some(column) = self.key() else {
                return Ok(Look::Not(
                    "rows are added to it and it has no number for a key that tells which were \
                     there before"
                        .to_owned(),
                ));
            };
            state.up_to = self.highest_before().await?;
            if let Some((_, ours)) = self.earlier
                && filter == Filter::All
            {
                below = ours.of(name).map_or(0, |ours| ours.among);
            }
            if let Some(up_to) = state.up_to {
                filter = filter.and(Filter::AtMost(column.name.clone(), Value::Integer(up_to)));
            }
            key = Some(column);
        }
        let rows = self.destination.count(name, &filter).await?.saturating_sub(below);
        if rows > limit || limit == 0 || below > OURS_AMONG_THEM {
            return Ok(Look::Count(rows));
        }
        self.digest(filter, key, without, &mut state.passed_over).await
    }

    async fn digest(
        &self,
        filter: Filter,
        key: Option<&ColumnShape>,
        without: &[&str],
        passed_over: &mut Vec<String>,
    ) -> Result<Look> {
        let name = &self.shape.name;
        let mut columns: Vec<ColumnRef> = key.into_iter().map(ColumnRef::from).collect();
        for column in &self.shape.columns {
            if key.is_some_and(|key| key.name == column.name)
                || column.computed
                || lives(&name.name, &column.name)
                || without.iter().any(|one| same_name(one, &column.name))
            {
                continue;
            }
            if column.data_type.kind().is_none() || is_large_binary(&column.data_type) {
                passed_over.push(column.name.clone());
            } else {
                columns.push(ColumnRef::from(column));
            }
        }
        let (mut rows, mut digest) = (0_u64, 0_u128);
        if !columns.is_empty() {
            let mut scan = self
                .destination
                .scan(ScanRequest {
                    table: name.clone(),
                    columns: columns.clone(),
                    filter,
                    key: key.map(|key| key.name.clone()),
                    after: None,
                    batch_rows: PAGE_ROWS,
                    batch_bytes: PAGE_BYTES,
                })
                .await?;
            while let Some(batch) = scan.next().await? {
                let stayed = (0..batch.len()).filter(|row| !self.is_ours(key, &batch, *row));
                let hashes: Vec<u128> = stayed.map(|row| row_hash(&batch, row)).collect();
                rows += hashes.len() as u64;
                digest = combine(hashes.into_iter().chain([digest]));
            }
        }
        Ok(Look::Digest { rows, digest: format!("{digest:032x}"), columns: names_hash(&columns) })
    }

    fn is_ours(&self, key: Option<&ColumnShape>, batch: &Batch, row: usize) -> bool {
        let (Some((_, ours)), Some(_)) = (self.earlier, key) else { return false };
        let Some(ours) = ours.of(&self.shape.name) else { return false };
        batch.column(0).integer(row).is_some_and(|id| ours.has(id))
    }
}

fn row_hash(batch: &Batch, row: usize) -> u128 {
    let mut bytes = Vec::with_capacity(256);
    for column in batch.columns() {
        put_plain(&column.value(row), &mut bytes);
    }
    hash(&bytes)
}

fn names_hash(columns: &[ColumnRef]) -> String {
    let names: Vec<String> = columns.iter().map(|column| column.name.to_lowercase()).collect();
    format!("{:032x}", hash(names.join("\0").as_bytes()))
}

/// A file for a column: published modules, documents, pictures.
fn is_large_binary(data_type: &ColumnType) -> bool {
    matches!(data_type, ColumnType::VarBinary(None) | ColumnType::Image)
}

/// Whether only this table cannot be looked at.
fn is_about_the_table(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Permission | FaultKind::Data | FaultKind::NotFound)
}

fn constraints(shape: &TableShape) -> Vec<ConstraintState> {
    let keys = shape.foreign_keys.iter().map(|key| ConstraintState {
        name: key.name.clone(),
        is_check: false,
        disabled: key.disabled,
        not_trusted: key.not_trusted,
    });
    let checks = shape.checks.iter().map(|check| ConstraintState {
        name: check.name.clone(),
        is_check: true,
        disabled: check.disabled,
        not_trusted: check.not_trusted,
    });
    let mut all: Vec<ConstraintState> = keys.chain(checks).collect();
    // A key of several columns is listed once for each.
    all.dedup();
    all
}

fn triggers(shape: &TableShape) -> Vec<TriggerState> {
    shape
        .triggers
        .iter()
        .map(|trigger| TriggerState {
            name: trigger.name.clone(),
            disabled: trigger.disabled,
            instead_of: trigger.instead_of,
        })
        .collect()
}
