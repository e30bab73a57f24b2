//! Rows of others that refer to rows of ours: as long as they do, ours cannot simply go.

use std::collections::{BTreeSet, HashMap};

use super::super::operation::row_hashes;
use super::ours::{Left, OurTable, Ours};
use crate::database::{
    Batch, ColumnRef, Destination, Filter, Result, ScanRequest, TableName, TableShape, Value,
    same_name,
};
use crate::outsystems::{Entity, Environment, Resolution, SystemTarget};
use crate::plan::{Plan, Rule, Target};

/// Dependants that are named; the others are counted.
pub const SHOWN_DEPENDANTS: usize = 100;
/// Rows of a page.
const PAGE_ROWS: usize = 20_000;
const PAGE_BYTES: usize = 8 << 20;

/// Rows of others that refer to rows of ours through one column.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Dependants {
    /// Whose rows refer.
    pub child: String,
    /// Through which column.
    pub column: String,
    /// Whose rows they refer to.
    pub parent: String,
    /// How many.
    pub rows: u64,
    /// The first of them: their own key, empty if they have none, and the key of the row referred
    /// to.
    pub shown: Vec<(String, String)>,
}

impl Dependants {
    /// The first of them, in words.
    pub(super) fn first(&self) -> Option<String> {
        let (own, to) = self.shown.first()?;
        let Self { child, column, parent, .. } = self;
        Some(match own.as_str() {
            "" => format!("a row of {child} refers to row {to} of {parent} through {column}"),
            own => format!("row {own} of {child} refers to row {to} of {parent} through {column}"),
        })
    }
}

/// A column that may refer to rows of ours.
struct Referring {
    child: TableName,
    column: ColumnRef,
    key: Option<ColumnRef>,
    name: String,
}

/// The single column that tells the rows of a table apart.
fn key_of(shape: &TableShape) -> Option<ColumnRef> {
    let identity = shape.identity().map(ColumnRef::from);
    identity.or_else(|| match shape.primary_key.as_slice() {
        [one] => shape.column(one).map(ColumnRef::from),
        _ => None,
    })
}

/// Every column of the destination that may refer to a table of ours: by the types of attributes,
/// whether there is a foreign key or not, and by the foreign keys.
fn referring(model: &Environment, parent: &OurTable) -> Vec<Referring> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |shape: &TableShape, column: &str, name: String| {
        let place = (shape.name.to_string().to_lowercase(), column.to_lowercase());
        if let Some(column) = shape.column(column)
            && seen.insert(place)
        {
            found.push(Referring {
                child: shape.name.clone(),
                column: ColumnRef::from(column),
                key: key_of(shape),
                name,
            });
        }
    };
    for entity in model.entities.iter().filter(|entity| entity.is_active) {
        let Some(shape) = model.shape_with_rows(entity) else { continue };
        for attribute in entity.active_attributes() {
            if leads_to(model, entity, &attribute.data_type, parent) {
                add(shape, &attribute.column, entity.full_name());
            }
        }
    }
    for shape in model.shapes.values() {
        for key in &shape.foreign_keys {
            if same_table(&key.parent, &parent.table) {
                add(shape, &key.column, shape.name.name.clone());
            }
        }
    }
    for (parent_table, child, column) in [
        ("OSSYS_USER", "OSSYS_USER_ROLE", "USER_ID"),
        ("OSSYS_USER", "OSSYS_GROUP_USER", "USER_ID"),
        ("OSSYS_GROUP", "OSSYS_GROUP_USER", "GROUP_ID"),
        ("OSSYS_GROUP", "OSSYS_GROUP_ROLE", "GROUP_ID"),
    ] {
        if same_name(&parent.table.name, parent_table)
            && let Some(shape) = model.shape(&TableName::new(child))
        {
            add(shape, column, child.to_owned());
        }
    }
    found
}

fn same_table(one: &TableName, other: &TableName) -> bool {
    same_name(&one.name, &other.name)
        && match (&one.schema, &other.schema) {
            (Some(one), Some(other)) => same_name(one, other),
            _ => true,
        }
}

fn leads_to(
    model: &Environment,
    consumer: &Entity,
    data_type: &crate::outsystems::AttributeType,
    parent: &OurTable,
) -> bool {
    let referred: Vec<&Entity> = match model.resolve(consumer, data_type) {
        Some(Resolution::Entity(index)) => vec![model.entity(index)],
        // Where it is not certain, every one that it may be.
        Some(Resolution::Candidates(all)) => {
            all.into_iter().map(|index| model.entity(index)).collect()
        }
        None => return false,
    };
    referred.into_iter().any(|entity| match entity.system_target() {
        Some(SystemTarget::User) => same_name(&parent.table.name, "OSSYS_USER"),
        Some(SystemTarget::Group) => same_name(&parent.table.name, "OSSYS_GROUP"),
        _ => model.shape(&entity.table).is_some_and(|shape| same_table(&shape.name, &parent.table)),
    })
}

/// Looks for them, and leaves the rows that they refer to. A row of ours that is left already may
/// be referred to. `tell` is told before each column that is looked through.
pub(super) async fn look(
    ours: &Ours,
    model: &Environment,
    destination: &dyn Destination,
    left: &mut Left,
    mut tell: impl FnMut(&str) -> Result<()>,
) -> Result<Vec<Dependants>> {
    let mut all = Vec::new();
    let agreed = left.clone();
    for parent in ours.tables.iter().filter(|parent| !parent.keys.is_empty()) {
        for referring in referring(model, parent) {
            tell(&format!("{}.{}", referring.name, referring.column.name))?;
            let found = through(&referring, parent, ours, destination, (&agreed, left)).await?;
            if found.rows > 0 {
                all.push(found);
            }
        }
    }
    Ok(all)
}

/// Rows of ours that nothing but their content tells from others, each to be found once.
struct Unkeyed {
    columns: Vec<ColumnRef>,
    hashes: HashMap<u128, usize>,
}

impl Unkeyed {
    fn new(own: Option<&OurTable>) -> Self {
        match own {
            Some(own) => Self { columns: own.columns.clone(), hashes: own.hashes.clone() },
            None => Self { columns: Vec::new(), hashes: HashMap::new() },
        }
    }

    /// Whether a row is one of them. The page starts with their columns.
    fn take(&mut self, page: &Batch, row: usize) -> Result<bool> {
        if self.columns.is_empty() {
            return Ok(false);
        }
        let own = Batch::new(page.select(&[row])?.columns()[..self.columns.len()].to_vec())?;
        let found = row_hashes(&own).first().and_then(|hash| self.hashes.get_mut(hash));
        let is_ours = found.as_ref().is_some_and(|left| **left > 0);
        found.into_iter().for_each(|left| *left = left.saturating_sub(1));
        Ok(is_ours)
    }
}

async fn through(
    referring: &Referring,
    parent: &OurTable,
    ours: &Ours,
    destination: &dyn Destination,
    (agreed, left): (&Left, &mut Left),
) -> Result<Dependants> {
    let filter = match parent.keys.span() {
        Some((first, last)) => Filter::Between(
            referring.column.name.clone(),
            Value::Integer(first),
            Value::Integer(last),
        ),
        None => Filter::not_null(&referring.column.name),
    };
    let own = ours.table(&referring.child);
    // Rows of ours that no key tells from others are told by their content.
    let mut unkeyed = Unkeyed::new(own.filter(|own| own.key.is_none()));
    let mut columns = unkeyed.columns.clone();
    let mut at = |column: &ColumnRef| {
        // The key itself may be what refers, where a table extends another.
        let known = columns.iter().position(|known| same_name(&known.name, &column.name));
        known.unwrap_or_else(|| {
            columns.push(column.clone());
            columns.len() - 1
        })
    };
    let key_at = referring.key.as_ref().map(&mut at);
    let value_at = at(&referring.column);
    let mut scan = destination
        .scan(ScanRequest {
            table: referring.child.clone(),
            columns,
            filter,
            key: referring.key.as_ref().map(|key| key.name.clone()),
            after: None,
            batch_rows: PAGE_ROWS,
            batch_bytes: PAGE_BYTES,
        })
        .await?;
    let mut found = Dependants {
        child: referring.name.clone(),
        column: referring.column.name.clone(),
        parent: parent.name.clone(),
        rows: 0,
        shown: Vec::new(),
    };
    while let Some(page) = scan.next().await? {
        for row in 0..page.len() {
            let value = page.column(value_at).value(row);
            if !parent.keys.contains(&value) {
                continue;
            }
            let key = key_at.map(|at| page.column(at).value(row));
            // A row that took values of ours gets its own back first.
            let is_ours = |key: &Value| {
                own.is_some_and(|own| {
                    own.keys.contains(key) || own.has_set(key, &referring.column.name)
                })
            };
            if key.as_ref().is_some_and(is_ours) || unkeyed.take(&page, row)? {
                continue;
            }
            // A row of ours that is to stay already may be referred to.
            if agreed.contains(&parent.table, &value) {
                continue;
            }
            found.rows += 1;
            left.add(&parent.table, &value);
            if found.shown.len() < SHOWN_DEPENDANTS {
                let own = key.map(|key| key.to_string()).unwrap_or_default();
                found.shown.push((own, value.to_string()));
            }
        }
    }
    Ok(found)
}

/// A row that stays keeps what it refers to: leaves those rows of ours as well, through all
/// generations.
pub(super) async fn leave_parents(
    plan: &Plan,
    ours: &Ours,
    destination: &dyn Destination,
    left: &mut Left,
) -> Result<()> {
    // Parents come before children in the plan, so one way back finds all generations; circles
    // need further rounds.
    loop {
        let before = left.rows();
        for entity in plan.entities.iter().rev() {
            let Some(own) = ours.table(&entity.destination_table) else { continue };
            let Some(key) = &own.key else { continue };
            for column in &entity.columns {
                let Rule::Reference(rule) = &column.rule else { continue };
                let parent = match rule.target {
                    Target::Entity(place) => plan.entities[place].destination_table.clone(),
                    Target::Users => TableName::new("OSSYS_USER"),
                    Target::Groups => TableName::new("OSSYS_GROUP"),
                    _ => continue,
                };
                let Some(parent) =
                    ours.tables.iter().find(|table| same_table(&table.table, &parent))
                else {
                    continue;
                };
                let column = ColumnRef::from(&column.destination);
                let pair = [key.clone(), column];
                let kept = kept_values(own, &pair, destination, left).await?;
                for value in kept.iter().filter(|value| parent.keys.contains(value)) {
                    left.add(&parent.table, value);
                }
            }
        }
        if left.rows() == before {
            return Ok(());
        }
    }
}

/// The values that rows that stay have in a column.
async fn kept_values(
    own: &OurTable,
    pair: &[ColumnRef; 2],
    destination: &dyn Destination,
    left: &Left,
) -> Result<Vec<Value>> {
    if !left.has(&own.table) {
        return Ok(Vec::new());
    }
    let [key, column] = pair;
    let mut scan = destination
        .scan(ScanRequest {
            table: own.table.clone(),
            columns: vec![key.clone(), column.clone()],
            filter: Filter::not_null(&column.name),
            key: Some(key.name.clone()),
            after: None,
            batch_rows: PAGE_ROWS,
            batch_bytes: PAGE_BYTES,
        })
        .await?;
    let mut values = Vec::new();
    while let Some(page) = scan.next().await? {
        for row in 0..page.len() {
            if left.contains(&own.table, &page.column(0).value(row)) {
                values.push(page.column(1).value(row));
            }
        }
    }
    Ok(values)
}
