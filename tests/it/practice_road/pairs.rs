//! Which table of the source goes into which of the destination, and column into column.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::instances;
use super::model::{Attribute, Key, Model};
use super::sql::{Cell, Shape, ask};
use super::story::{Decision, Story};

/// An entity on both sides.
pub struct Pair {
    pub name: String,
    pub source: String,
    pub destination: String,
    pub columns: Vec<Column>,
    /// Which of the columns is the identifier.
    pub identifier: Option<usize>,
    /// Columns of the destination that nothing is carried into.
    pub alone: Vec<Shape>,
    /// Which of the columns make up each unique index of the destination.
    pub uniques: Vec<Vec<usize>>,
}

/// A column on both sides.
pub struct Column {
    pub attribute: String,
    pub source: String,
    pub destination: String,
    /// The destination's type.
    pub data_type: String,
    /// Whether the destination takes NULL.
    pub is_nullable: bool,
    pub holds: Holds,
}

/// What the cells of a column are.
#[derive(Clone, PartialEq, Eq)]
pub enum Holds {
    /// An identifier that each database gives itself.
    OwnId,
    Value,
    /// A text in the source and a whole number in the destination, by decision.
    Number,
    /// The same in every row that has a value, by decision.
    Same(Cell),
    /// The identifier of a row of another pair.
    Row(usize),
    /// The identifier of something that has a name on both sides.
    Named(String),
    /// An identifier by decision, where it is one of a row that is known.
    Soft(Box<Holds>),
    /// A text that is an identifier where the row's type says so.
    Typed(Box<Typed>),
}

/// What the values of a column are, row by row.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed {
    /// The column with the definition, whose type counts where the row names none.
    pub definition: &'static str,
    /// The types of definitions by their ids, of the source and of the destination.
    pub defined: [BTreeMap<String, String>; 2],
    /// What the values of a type are; those of all others are what they are.
    pub types: BTreeMap<String, Holds>,
}

/// How a static entity is called among what has names.
pub fn static_name(key: &Key) -> String {
    format!("static {}.{}", key.0, key.1)
}

/// The entities that the report names, paired by their keys.
pub fn pair_up(
    (source, here): (&Model, &Connection),
    (destination, there): (&Model, &Connection),
    story: &Story,
    troubles: &mut Vec<String>,
) -> Vec<Pair> {
    let told = &story.report.entities;
    let places: BTreeMap<Key, usize> = told
        .iter()
        .enumerate()
        .map(|(place, told)| ((told.espace.to_lowercase(), told.entity.to_lowercase()), place))
        .collect();
    let mut pairs = Vec::new();
    for told in told {
        if instances::is_told(told) {
            pairs.push(instances::pair(source, (here, there), story, &places, told));
            continue;
        }
        let key = (told.espace.to_lowercase(), told.entity.to_lowercase());
        let (ours, theirs) = (&source.entities[&key], &destination.entities[&key]);
        for (said, is) in [
            (&told.name, &ours.name),
            (&told.source_table.to_uppercase(), &ours.table),
            (&told.destination_table.to_uppercase(), &theirs.table),
        ] {
            if said != is {
                troubles.push(format!("the report says {said} and it is {is}"));
            }
        }
        let mut say = |attribute: &Attribute, what: &str| {
            troubles.push(format!("{}.{}: {what}", ours.name, attribute.name));
        };
        let mut columns: Vec<Column> = Vec::new();
        let mut identifier = None;
        for attribute in &ours.attributes {
            let other = theirs.attributes.iter().find(|other| other.key == attribute.key);
            let Some(other) = other else {
                if !story.tells_of(&format!("{}.{}", ours.name, attribute.name)) {
                    say(attribute, "it is left out and the report does not say so");
                }
                continue;
            };
            if attribute.refers() != other.refers() {
                say(attribute, "it refers to something else in the destination");
            }
            let holds = match attribute.refers() {
                // What another system keeps has the same ids for both.
                Some(parent) if source.external.contains(&parent) => Holds::Value,
                Some(parent) => held(source, &places, &parent).unwrap_or_else(|| {
                    say(attribute, "it refers to something that the judge does not know");
                    Holds::Value
                }),
                None if attribute.key == ours.identifier && other.is_autonumber => Holds::OwnId,
                None if attribute.data_type != other.data_type => {
                    let types = (attribute.data_type.as_str(), other.data_type.as_str());
                    let is_decided = decided(story, "convert", &key, attribute).is_some();
                    if types != ("rtText", "rtInteger") || !is_decided {
                        say(attribute, "it has another type and nobody decided about it");
                    }
                    Holds::Number
                }
                None => match soft(source, story, &key, attribute) {
                    Some(parent) => held(source, &places, &parent)
                        .map_or(Holds::Value, |holds| Holds::Soft(Box::new(holds))),
                    None => same(story, &key, attribute).map_or(Holds::Value, Holds::Same),
                },
            };
            let shape = theirs.columns.iter().find(|shape| shape.name == other.column);
            let Some(shape) = shape else {
                say(other, "it has no column");
                continue;
            };
            if attribute.key == ours.identifier {
                identifier = Some(columns.len());
            }
            columns.push(Column {
                attribute: attribute.name.clone(),
                source: attribute.column.clone(),
                destination: other.column.clone(),
                data_type: shape.data_type.clone(),
                is_nullable: shape.is_nullable,
                holds,
            });
        }
        for attribute in &theirs.attributes {
            let is_new = !ours.attributes.iter().any(|other| other.key == attribute.key);
            if is_new && !story.tells_of(&format!("{}.{}", ours.name, attribute.name)) {
                say(attribute, "only the destination has it and the report does not say so");
            }
        }
        let is_parted = ours.is_multi_tenant && theirs.is_multi_tenant;
        if ours.is_multi_tenant != theirs.is_multi_tenant && !story.tells_of(&ours.name) {
            troubles.push(format!("{}: nobody decided about its tenants", ours.name));
        }
        if is_parted && !columns.iter().any(|column| column.source == TENANT) {
            columns.push(Column {
                attribute: TENANT.into(),
                source: TENANT.into(),
                destination: TENANT.into(),
                data_type: "INT".into(),
                is_nullable: false,
                holds: Holds::Named("OSSYS_TENANT".into()),
            });
        }
        let is_carried = |shape: &&Shape| columns.iter().any(|c| c.destination == shape.name);
        let alone = theirs.columns.iter().filter(|shape| !is_carried(shape)).cloned();
        let alone = alone.map(|shape| filled(story, &key, shape)).collect();
        let uniques = uniques(there, &theirs.table);
        let place = |name: &String| columns.iter().position(|c| c.destination == *name);
        let uniques = uniques.iter().filter_map(|names| names.iter().map(place).collect());
        pairs.push(Pair {
            uniques: uniques.collect(),
            name: ours.name.clone(),
            source: ours.table.clone(),
            destination: theirs.table.clone(),
            columns,
            identifier,
            alone,
        });
    }
    pairs
}

/// The hidden column of entities that are parted by tenant.
pub const TENANT: &str = "TENANT_ID";

/// What was decided about an attribute, where it is this choice.
fn decided<'a>(
    story: &'a Story,
    choice: &str,
    of: &Key,
    attribute: &Attribute,
) -> Option<&'a Decision> {
    story.plan.decision.iter().find(|decision| {
        decision.choice == choice
            && decision.is_about(of)
            && decision.attribute.to_lowercase() == attribute.key.to_lowercase()
    })
}

/// The columns of each unique index of a table.
fn uniques(connection: &Connection, table: &str) -> Vec<Vec<String>> {
    let sql = format!(
        "SELECT i.name, upper(c.name) FROM pragma_index_list('{table}') i \
         JOIN pragma_index_info(i.name) c WHERE i.\"unique\" = 1 AND i.origin = 'c' \
         ORDER BY 1, c.seqno"
    );
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in ask(connection, &sql).rows {
        all.entry(row[0].text()).or_default().push(row[1].text());
    }
    all.into_values().collect()
}

/// The entity whose ids a plain attribute holds by decision.
fn soft(model: &Model, story: &Story, of: &Key, attribute: &Attribute) -> Option<Key> {
    let decision = decided(story, "remap", of, attribute)?;
    let entity = model.entities.iter().find(|(_, entity)| entity.name == decision.to)?;
    Some(entity.0.clone())
}

/// A column that nothing is carried into, with what every row gets there: by decision, where one
/// was made.
fn filled(story: &Story, of: &Key, shape: Shape) -> Shape {
    let mut decisions = story.plan.decision.iter();
    let made = decisions.find(|decision| {
        decision.kind == "leftover-not-null"
            && decision.choice == "value"
            && decision.is_about(of)
            && decision.attribute == shape.name
    });
    let default = made.map(|decision| Cell::Text(decision.to.clone().into_bytes()));
    Shape { default: default.unwrap_or_else(|| shape.default.clone()), ..shape }
}

/// What every row gets that has a value of its own, where that was decided.
fn same(story: &Story, of: &Key, attribute: &Attribute) -> Option<Cell> {
    let constant = decided(story, "constant", of, attribute);
    let constant = constant.map(|decision| Cell::Text(decision.to.clone().into_bytes()));
    constant.or_else(|| decided(story, "null", of, attribute).map(|_| Cell::Null))
}

/// What references to an entity hold.
pub fn held(model: &Model, places: &BTreeMap<Key, usize>, parent: &Key) -> Option<Holds> {
    if let Some(place) = places.get(parent) {
        return Some(Holds::Row(*place));
    }
    let entity = model.entities.get(parent)?;
    if entity.is_static {
        return Some(Holds::Named(static_name(parent)));
    }
    if entity.is_of_platform() {
        // Its rows stay behind and none has a name, so no reference leads anywhere.
        return Some(Holds::Named(entity.name.clone()));
    }
    entity.table.starts_with("OSSYS_").then(|| Holds::Named(entity.table.clone()))
}
