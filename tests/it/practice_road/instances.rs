//! Instances of processes, and the subscriptions of their activities. What the columns of these
//! tables are is the platform's, so no model is asked.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::judge::Case;
use super::model::{Key, Model};
use super::pairs::{Column, Holds, Pair, Typed, held};
use super::sql::{Cell, Shape, Sheet, ask, shape, table};
use super::story::{Story, Told};

const PROCESS: &str = "OSSYS_BPM_PROCESS";
const ACTIVITY: &str = "OSSYS_BPM_ACTIVITY";

/// The tables of instances, the definitions of each, and the column that names one.
const TABLES: [(&str, &str, &str); 5] = [
    (PROCESS, "OSSYS_BPM_PROCESS_DEFINITION", "PROCESS_DEF_ID"),
    ("OSSYS_BPM_PROCESS_INPUT", "OSSYS_BPM_PROCESS_INPUT_DEF", "INPUT_DEF_ID"),
    ("OSSYS_BPM_PROCESS_OUTPUT", "OSSYS_BPM_PROCESS_OUTPUT_DEF", "OUTPUT_DEF_ID"),
    (ACTIVITY, "OSSYS_BPM_ACTIVITY_DEFINITION", "ACTIVITY_DEF_ID"),
    ("OSSYS_BPM_ACTIVITY_OUTPUT", "OSSYS_BPM_ACTIVITY_OUTPUT_DEF", "OUTPUT_DEF_ID"),
];

/// What an activity at work says that is true of no copy. The times at which it is to go on are
/// emptied because the plan says nothing else.
const RESET: [&str; 4] = ["IS_RUNNING_SINCE", "IS_RUNNING_AT", "LAST_ERROR_ID", "NEXT_RUN"];

fn own(told: &Told) -> Option<&'static (&'static str, &'static str, &'static str)> {
    TABLES.iter().find(|(table, _, _)| told.source_table.eq_ignore_ascii_case(table))
}

/// Whether the report tells of a table of instances there.
pub fn is_told(told: &Told) -> bool {
    own(told).is_some()
}

/// Whether each of the tables is told of, once.
pub fn are_told(told: &[&Told]) -> bool {
    let all = TABLES.iter().all(|(table, _, _)| {
        told.iter().filter(|one| one.source_table.eq_ignore_ascii_case(table)).count() == 1
    });
    all && told.iter().all(|one| one.source_table.eq_ignore_ascii_case(&one.destination_table))
}

/// Both sides of a table of instances: they have the same columns.
pub fn pair(
    model: &Model,
    (source, destination): (&Connection, &Connection),
    story: &Story,
    places: &BTreeMap<Key, usize>,
    told: &Told,
) -> Pair {
    let (name, definitions, definition) = own(told).expect("a table of instances");
    let place = |table: &str| {
        let mut all = story.report.entities.iter();
        all.position(|one| one.source_table.eq_ignore_ascii_case(table)).expect("all are told")
    };
    let named = |what: &str| Holds::Named(what.to_owned());
    let shapes = shape(destination, name);
    let here: Vec<String> = shape(source, name).into_iter().map(|shape| shape.name).collect();
    let there: Vec<&String> = shapes.iter().map(|shape| &shape.name).collect();
    assert!(here.iter().eq(there), "{name} has other columns");
    let is_reset = |shape: &&Shape| *name == ACTIVITY && RESET.contains(&shape.name.as_str());
    let alone: Vec<Shape> = shapes.iter().filter(is_reset).cloned().collect();
    let mut columns = Vec::new();
    for shape in shapes.iter().filter(|shape| !is_reset(shape)) {
        let holds = match shape.name.as_str() {
            "ID" => Holds::OwnId,
            "TENANT_ID" => named("OSSYS_TENANT"),
            "GROUP_ID" => named("OSSYS_GROUP"),
            "USER_ID" | "CREATED_BY" | "LAST_MODIFIED_BY" | "SUSPENDED_BY" => named("OSSYS_USER"),
            "STATUS_ID" => named(&format!("{name}_STATUS")),
            "PROCESS_ID" | "PARENT_PROCESS_ID" | "TOP_PROCESS_ID" => Holds::Row(place(PROCESS)),
            "ACTIVITY_ID" | "PARENT_ACTIVITY_ID" | "PRECEDENT_ACTIVITY_ID" => {
                Holds::Row(place(ACTIVITY))
            }
            "INPUT_VALUE" | "OUTPUT_VALUE" => {
                let defined = [source, destination].map(|side| types(side, definitions));
                Holds::Typed(Box::new(typed(model, places, (source, name), definition, defined)))
            }
            one if one == *definition => named(definitions),
            _ => Holds::Value,
        };
        columns.push(Column {
            attribute: shape.name.clone(),
            source: shape.name.clone(),
            destination: shape.name.clone(),
            data_type: shape.data_type.clone(),
            is_nullable: shape.is_nullable,
            holds,
        });
    }
    let identifier = columns.iter().position(|column| column.holds == Holds::OwnId);
    let table = (*name).to_owned();
    Pair {
        uniques: Vec::new(),
        name: told.name.clone(),
        source: table.clone(),
        destination: table,
        columns,
        identifier,
        alone,
    }
}

/// The types that definitions say, by their ids.
fn types(connection: &Connection, definitions: &str) -> BTreeMap<String, String> {
    let rows = ask(connection, &format!("SELECT ID, SS_TYPE FROM {definitions}")).rows;
    rows.iter().map(|row| (row[0].key(), row[1].key())).collect()
}

/// What values of all types that there are mean: `bt<espace key>*<entity key>` is an identifier.
fn typed(
    model: &Model,
    places: &BTreeMap<Key, usize>,
    (source, table): (&Connection, &str),
    definition: &'static str,
    defined: [BTreeMap<String, String>; 2],
) -> Typed {
    let named = ask(source, &format!("SELECT DISTINCT SS_TYPE FROM {table}")).rows;
    let named = named.iter().map(|row| row[0].key());
    let all = named.chain(defined.iter().flat_map(|all| all.values().cloned()));
    let meaning = |name: String| {
        let (espace, entity) = name.strip_prefix("bt")?.split_once('*')?;
        let key = (espace.to_owned(), entity.to_owned());
        let holds = held(model, places, &key).unwrap_or_else(|| panic!("{name} is of nothing"));
        Some((name.clone(), holds))
    };
    let types = all.filter_map(meaning).collect();
    Typed { definition, defined, types }
}

/// The event tables by the tables whose rows they are about.
fn event_tables(connection: &Connection) -> BTreeMap<String, String> {
    let sql = "SELECT upper(PHYSICAL_TABLE_NAME), upper(EVENT_TABLE_NAME) FROM OSSYS_ENTITY \
               WHERE IS_ACTIVE = 1 AND EXPOSE_PROCESS_EVENTS = 1";
    ask(connection, sql).rows.iter().map(|row| (row[0].text(), row[1].text())).collect()
}

/// The subscriptions of activities to rows that were written, as one more table each.
pub fn subscriptions(case: &Case<'_>, pairs: &[Pair]) -> Vec<Pair> {
    let (ours, theirs) = (event_tables(case.source), event_tables(case.after));
    let place = |table: &str| pairs.iter().position(|pair| pair.destination == table);
    let activities = place(ACTIVITY).expect("activities");
    let mut all = Vec::new();
    for (of, pair) in pairs.iter().enumerate() {
        let (Some(ours), Some(theirs)) = (ours.get(&pair.source), theirs.get(&pair.destination))
        else {
            continue;
        };
        let mut columns = Vec::new();
        for shape in shape(case.after, theirs) {
            let own = pair.columns.iter().find(|column| column.destination == shape.name);
            let named = |what: &str| Holds::Named(what.to_owned());
            let holds = match (shape.name.as_str(), own.map(|own| &own.holds)) {
                ("_ESPACE_ID", _) => named("OSSYS_ESPACE"),
                ("_TENANT_ID", _) => named("OSSYS_TENANT"),
                ("_ACTIVITY_ID", _) => Holds::Row(activities),
                ("_PROCESS_DEF_ID", _) => named("OSSYS_BPM_PROCESS_DEFINITION"),
                (_, Some(Holds::OwnId)) => Holds::Row(of),
                (_, Some(holds)) => holds.clone(),
                (_, None) => Holds::Value,
            };
            columns.push(Column {
                attribute: shape.name.clone(),
                source: own.map_or(shape.name.clone(), |own| own.source.clone()),
                destination: shape.name,
                data_type: shape.data_type,
                is_nullable: true,
                holds,
            });
        }
        all.push(Pair {
            uniques: Vec::new(),
            name: theirs.clone(),
            source: ours.clone(),
            destination: theirs.clone(),
            columns,
            identifier: None,
            alone: Vec::new(),
        });
    }
    all
}

fn split(connection: &Connection, name: &str) -> (Sheet, Sheet) {
    let (mut of_activities, mut others) = (table(connection, name), table(connection, name));
    let at = others.at("_ACTIVITY_ID");
    of_activities.rows.retain(|row| row[at] != Cell::Null);
    others.rows.retain(|row| row[at] == Cell::Null);
    (of_activities, others)
}

/// The rows of a table; of an event table those of activities.
pub fn sheet(connection: &Connection, name: &str) -> Sheet {
    match name.starts_with("OSEVT_") {
        true => split(connection, name).0,
        false => table(connection, name),
    }
}

/// The destination's subscriptions that start processes are as they were.
pub fn other_subscriptions(case: &Case<'_>, pairs: &[Pair], troubles: &mut Vec<String>) {
    for pair in pairs.iter().filter(|pair| pair.source.starts_with("OSEVT_")) {
        let name = &pair.destination;
        let (before, after) = (split(case.before, name).1, split(case.after, name).1);
        if before.sorted() != after.sorted() {
            troubles.push(format!("{name}: subscriptions of processes are not as they were"));
        }
    }
}
