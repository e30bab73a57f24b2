//! What the statements of a procedure would do in a database: read, before anything is written.
//!
//! What is shown and what is done come from here both: the changes that are applied are those of
//! the preview, looked up anew.

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{Change, Defaults, Entities, RowsOf, Step, Target, Work};
use super::platform::{any_of, column_name, entities, espaces, read};
use super::rows::Shown;
use crate::database::{
    Batch, ColumnRef, ColumnShape, Filter, Result, RowsRequest, Source, TableChange, TableName,
    TableShape, TableWork, Value, ValueKind, ValuesFrom,
};

/// What one step would do.
#[derive(Clone, Debug, Serialize)]
pub struct ForeseenStep {
    /// The step's name.
    pub step: String,
    /// What it does, in a sentence.
    pub title: String,
    /// Table by table.
    pub tables: Vec<ForeseenTable>,
}

impl ForeseenStep {
    /// Rows that it would touch.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(ForeseenTable::rows).sum()
    }

    /// Why it cannot be done.
    pub fn blocked(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().filter_map(|table| match &table.found {
            Found::Blocked(why) => Some(why.as_str()),
            _ => None,
        })
    }
}

/// What it would do to one table.
#[derive(Clone, Debug, Serialize)]
pub struct ForeseenTable {
    /// The table, with the entity where it is one's.
    pub name: String,
    /// What becomes of its rows, in words.
    pub what: String,
    /// What was found there.
    pub found: Found,
}

impl ForeseenTable {
    /// Rows that it would touch.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match &self.found {
            Found::Rows { shown, .. } => shown.of,
            Found::Absent(_) | Found::Blocked(_) => 0,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// Nothing of the kind is in this platform version: no error, and nothing to do.
    Absent(String),
    /// It is there, but it must not or cannot be changed.
    Blocked(String),
    /// Rows.
    Rows {
        /// As they may be shown.
        shown: Shown,
        /// What is to be done with them.
        #[serde(skip)]
        change: Box<TableChange>,
    },
}

/// Where the platform keeps what site properties are.
const DEFINITION: &str = "OSSYS_SITE_PROPERTY_DEFINITION";

/// What the statements of these steps would do, step by step.
pub async fn foresee(source: &dyn Source, steps: &[&Step]) -> Result<Vec<ForeseenStep>> {
    let mut all = Vec::new();
    for step in steps {
        let mut tables = Vec::new();
        for change in &step.changes {
            let looked = look(source, change).await;
            tables.extend(looked.map_err(|fault| fault.while_doing(&step.title))?);
        }
        all.push(ForeseenStep { step: step.name.clone(), title: step.title.clone(), tables });
    }
    Ok(all)
}

/// A table that a change is about.
struct Place {
    name: String,
    found: std::result::Result<TableName, Found>,
}

async fn look(source: &dyn Source, change: &Change) -> Result<Vec<ForeseenTable>> {
    let mut all = Vec::new();
    for place in places(source, &change.target).await? {
        let found = match place.found {
            Ok(table) => match source.shape(&table).await? {
                Some(shape) => look_at(source, &shape, change).await?,
                None => Found::Absent(format!("this platform version has no table {table}")),
            },
            Err(found) => found,
        };
        all.push(ForeseenTable { name: place.name, what: in_words(&change.work), found });
    }
    Ok(all)
}

fn in_words(work: &Work) -> String {
    match work {
        Work::Delete => "deleted".to_owned(),
        Work::Set(set) => {
            let set: Vec<String> = set
                .iter()
                .map(|(column, value)| match value.as_str() {
                    "" => format!("{column} becomes empty"),
                    " " => format!("{column} becomes a blank"),
                    value => format!("{column} becomes {value}"),
                })
                .collect();
            set.join(", ")
        }
        Work::Default(_) => "PROPERTY_VALUE becomes its default, USER_MODIFIED 0".to_owned(),
    }
}

async fn places(source: &dyn Source, target: &Target) -> Result<Vec<Place>> {
    let (filter, missing) = match target {
        Target::Table(name) => {
            return Ok(vec![Place { name: name.clone(), found: Ok(TableName::new(name)) }]);
        }
        Target::Entity(key) => (
            any_of("SS_KEY", std::slice::from_ref(key)),
            vec![("entity".to_owned(), key.to_lowercase())],
        ),
        Target::Entities(Entities { espace, names }) => {
            let missing = names.iter().map(|name| (format!("{espace}.{name}"), String::new()));
            (any_of("NAME", names), missing.collect())
        }
    };
    // The guide asks for the module alone to be active where it goes by the key.
    let by_key = matches!(target, Target::Entity(_));
    let known = entities(source, filter, by_key).await?;
    let mut all = Vec::new();
    for (name, key) in missing {
        let is_it = |found: &&super::platform::Known| {
            !key.is_empty() || found.name.eq_ignore_ascii_case(&name)
        };
        let mut found = known.iter().filter(is_it).peekable();
        if found.peek().is_none() {
            let what = match key.as_str() {
                "" => format!("there is no entity {name}"),
                key => format!("no active module has an entity {key}"),
            };
            all.push(Place { name, found: Err(Found::Absent(what)) });
            continue;
        }
        for entity in found {
            let name = format!("{} ({})", entity.table, entity.name);
            let found = match &entity.catalog {
                None => Ok(TableName::new(&entity.table)),
                // What the clone calls by that name may be the original's.
                Some(catalog) => Err(Found::Blocked(format!(
                    "its table is in the catalog {catalog}, which may still be the original's; \
                     osferry writes to the clone's own database only"
                ))),
            };
            all.push(Place { name, found });
        }
    }
    Ok(all)
}

/// What is in a table that is there.
async fn look_at(source: &dyn Source, shape: &TableShape, change: &Change) -> Result<Found> {
    let filter = match rows_of(source, shape, &change.rows).await? {
        Ok(filter) => filter,
        Err(found) => return Ok(found),
    };
    match &change.work {
        Work::Delete => {
            let lost = shape.columns.iter().find(|c| !c.computed && c.data_type.kind().is_none());
            if let Some(column) = lost {
                return Ok(Found::Blocked(format!(
                    "{}.{} is {}, which cannot be kept for an undo",
                    shape.name, column.name, column.data_type
                )));
            }
            let rows = source.count(&shape.name, &filter).await?;
            let shown = Shown::read(source, shape, &change.show, &filter, rows).await?;
            let work = TableWork::Delete { filter, rows };
            Ok(Found::Rows { shown, change: Box::new(TableChange { table: shape.clone(), work }) })
        }
        Work::Set(set) => set_values(source, shape, change, filter, set).await,
        Work::Default(defaults) => set_defaults(source, shape, change, defaults).await,
    }
}

/// The condition on a table's rows, or what is absent that it asks for.
async fn rows_of(
    source: &dyn Source,
    shape: &TableShape,
    rows: &RowsOf,
) -> Result<std::result::Result<Filter, Found>> {
    let absent = |table: &dyn std::fmt::Display, column: &str| {
        Found::Absent(format!("{table} has no column {column} in this platform version"))
    };
    let own =
        |column: &String| column_name(shape, column).ok_or_else(|| absent(&shape.name, column));
    Ok(match rows {
        RowsOf::All => Ok(Filter::All),
        RowsOf::AnyOf { column, texts } => own(column).map(|column| any_of(&column, texts)),
        RowsOf::Not { column, text } => {
            own(column).map(|column| Filter::Equals(column, Value::text(text)).negated())
        }
        RowsOf::Through { column, table, with, texts } => {
            let parent = source.shape(&TableName::new(table)).await?;
            let Some(parent) = parent else {
                return Ok(Err(Found::Absent(format!(
                    "this platform version has no table {table}"
                ))));
            };
            match (own(column), column_name(&parent, "ID"), column_name(&parent, with)) {
                (Err(found), ..) => Err(found),
                (_, None, _) => Err(absent(table, "ID")),
                (.., None) => Err(absent(table, with)),
                (Ok(column), Some(key), Some(with)) => Ok(Filter::Refers {
                    column,
                    parent: parent.name,
                    key,
                    among: Box::new(any_of(&with, texts)),
                }),
            }
        }
    })
}

/// Rows that do not hold these values yet.
async fn set_values(
    source: &dyn Source,
    shape: &TableShape,
    change: &Change,
    filter: Filter,
    set: &BTreeMap<String, String>,
) -> Result<Found> {
    let mut columns = Vec::new();
    let mut wanted = Vec::new();
    for (name, text) in set {
        let Some(column) = shape.column(name) else {
            return Ok(Found::Absent(format!(
                "{} has no column {name} in this platform version",
                shape.name
            )));
        };
        let Some(value) = value_of(column, text) else {
            return Ok(Found::Blocked(format!(
                "{}.{name} is {}, which cannot hold {text:?}",
                shape.name, column.data_type
            )));
        };
        columns.push(column.clone());
        wanted.push(value);
    }
    let given = |_: &[Value]| Some(wanted.clone());
    settle(source, shape, change, filter, columns, &[], None, given).await
}

/// A value as the column holds it.
fn value_of(column: &ColumnShape, text: &str) -> Option<Value> {
    match column.data_type.kind()? {
        ValueKind::Text => Some(Value::text(text)),
        ValueKind::Integer => text.parse().ok().map(Value::Integer),
        ValueKind::Bit => text.parse::<u8>().ok().map(|bit| Value::Bit(bit != 0)),
        _ => None,
    }
}

/// Site properties that do not hold their definitions' defaults.
async fn set_defaults(
    source: &dyn Source,
    shape: &TableShape,
    change: &Change,
    defaults: &Defaults,
) -> Result<Found> {
    let needed = ["SITE_PROPERTY_DEFINITION_ID", "PROPERTY_VALUE", "USER_MODIFIED"];
    if let Some(missing) = needed.iter().find(|name| shape.column(name).is_none()) {
        return Ok(Found::Absent(format!(
            "{} has no column {missing} in this platform version",
            shape.name
        )));
    }
    let by_definition = match definitions(source, defaults).await? {
        Ok(found) => found,
        Err(found) => return Ok(found),
    };
    let columns: Vec<ColumnShape> =
        needed[1..].iter().filter_map(|name| shape.column(name).cloned()).collect();
    let Some(modified) = columns.get(1).and_then(|column| value_of(column, "0")) else {
        return Ok(Found::Blocked(format!("{}.USER_MODIFIED is no flag", shape.name)));
    };
    let link = column_name(shape, needed[0]).unwrap_or_default();
    let ids: Vec<Value> = by_definition.iter().map(|(id, _)| Value::Integer(*id)).collect();
    let filter = Filter::AnyOf(link.clone(), ids);
    let given = |extra: &[Value]| {
        let id = extra.first()?.as_integer()?;
        let (_, default) = by_definition.iter().find(|(known, _)| *known == id)?;
        Some(vec![default.clone(), modified.clone()])
    };
    // The values may be secrets of the original: a script leaves them where they are.
    let definition = source.shape(&TableName::new(DEFINITION)).await?;
    let from = definition.and_then(|definition| {
        Some(ValuesFrom {
            column: columns.first()?.name.clone(),
            link: link.clone(),
            key: column_name(&definition, "ID")?,
            value: column_name(&definition, "DEFAULT_VALUE")?,
            table: definition.name,
        })
    });
    settle(source, shape, change, filter, columns, &[link], from, given).await
}

/// The definitions of the site properties that are meant, each with its default.
async fn definitions(
    source: &dyn Source,
    defaults: &Defaults,
) -> Result<std::result::Result<Vec<(i64, Value)>, Found>> {
    let absent = |what: String| Ok(Err(Found::Absent(what)));
    let filter = match defaults {
        Defaults::Word(_) => {
            const SECRET: &str = "OSSYS_SITE_PROPERTY_DEF_EXT";
            let Some(shape) = source.shape(&TableName::new(SECRET)).await? else {
                return absent(format!("this platform version has no table {SECRET}"));
            };
            if shape.column("IS_SECRET").is_none() {
                return absent(format!(
                    "{SECRET} has no column IS_SECRET in this platform version"
                ));
            }
            let Some(link) = link_to_definition(&shape) else {
                return Ok(Err(Found::Blocked(format!(
                    "{SECRET} does not say which definition a row is of"
                ))));
            };
            let secret = read(source, SECRET, &[&link, "IS_SECRET"], Filter::All).await?;
            let ids = secret.iter().flat_map(|found| {
                (0..found.len())
                    .filter(|row| found.integer(*row, "IS_SECRET") == Some(1))
                    .map(|row| found.value(row, &link))
            });
            Filter::AnyOf("ID".to_owned(), ids.collect())
        }
        Defaults::Of(Entities { espace, names }) => {
            let espaces = espaces(source).await?;
            let Some(espace) = espaces.iter().find(|known| known.name.eq_ignore_ascii_case(espace))
            else {
                return absent(format!("there is no module {espace}"));
            };
            any_of("NAME", names)
                .and(Filter::Equals("ESPACE_ID".to_owned(), Value::Integer(espace.id)))
        }
    };
    let wanted = ["ID", "NAME", "DEFAULT_VALUE", "ESPACE_ID"];
    let Some(found) = read(source, DEFINITION, &wanted, filter).await? else {
        return absent(format!("this platform version has no table {DEFINITION}"));
    };
    Ok(Ok((0..found.len())
        .filter_map(|row| Some((found.integer(row, "ID")?, found.value(row, "DEFAULT_VALUE"))))
        .collect()))
}

/// The column of the extension of site property definitions that says whose row it is: by its
/// foreign key, else by its name; the identifier where both share it.
fn link_to_definition(shape: &TableShape) -> Option<String> {
    let by_key = shape
        .foreign_keys
        .iter()
        .find(|key| key.parent.name.eq_ignore_ascii_case("OSSYS_SITE_PROPERTY_DEFINITION"));
    if let Some(key) = by_key {
        return Some(key.column.clone());
    }
    let named = ["SITE_PROPERTY_DEFINITION_ID", "SITE_PROPERTY_DEF_ID", "SITEPROPERTYDEFINITIONID"];
    named
        .iter()
        .find_map(|name| column_name(shape, name))
        .or_else(|| column_name(shape, "ID").filter(|_| shape.identity().is_none()))
}

/// Reads the rows with what they hold, and keeps those that are to hold something else: `given`
/// says what, from the values of the columns in `beside`.
#[expect(clippy::too_many_arguments, reason = "the parts of one question")]
async fn settle(
    source: &dyn Source,
    shape: &TableShape,
    change: &Change,
    filter: Filter,
    columns: Vec<ColumnShape>,
    beside: &[String],
    from: Option<ValuesFrom>,
    given: impl Fn(&[Value]) -> Option<Vec<Value>>,
) -> Result<Found> {
    let [key] = shape.primary_key.as_slice() else {
        return Ok(Found::Blocked(format!("{} has no key of one column", shape.name)));
    };
    let Some(key) = shape.column(key).cloned() else {
        return Ok(Found::Blocked(format!("{} has no key", shape.name)));
    };
    let show: Vec<ColumnRef> =
        change.show.iter().filter_map(|name| shape.column(name).map(ColumnRef::from)).collect();
    let mut asked: Vec<ColumnRef> = show.clone();
    asked.push(ColumnRef::from(&key));
    asked.extend(columns.iter().map(ColumnRef::from));
    asked.extend(beside.iter().filter_map(|name| shape.column(name).map(ColumnRef::from)));
    let batch = source
        .rows(&RowsRequest {
            table: shape.name.clone(),
            columns: asked,
            filter,
            order_by: Some(key.name.clone()),
            limit: None,
        })
        .await?;
    let mut kept = Vec::new();
    let types = std::iter::once(&key).chain(&columns).map(|column| &column.data_type);
    let mut values = Batch::for_types(types)?;
    for row in 0..batch.len() {
        let held = batch.row(row);
        let (_, of_row) = held.split_at(show.len());
        let (key_value, rest) = of_row.split_at(1);
        let (is, extra) = rest.split_at(columns.len());
        let Some(wanted) = given(extra) else { continue };
        if is == wanted.as_slice() {
            continue;
        }
        kept.push(row);
        values.push_row(&[key_value, &wanted].concat())?;
    }
    let shown = Shown::of_batch(&show, &batch.select(&kept)?, kept.len() as u64);
    let work = TableWork::Set { key, columns, values, from };
    Ok(Found::Rows { shown, change: Box::new(TableChange { table: shape.clone(), work }) })
}
