//! Decisions as tables beside a plan, as a person may have filled them in.

use std::collections::BTreeMap;
use std::path::Path;

use super::chance::Chance;
use super::decided::Made;
use super::model::{Environment, Pair};

/// The table in which a decision of that kind can stand.
pub fn table_of(kind: &str) -> Option<&'static str> {
    match kind {
        "record-missing" => Some("records"),
        "user-mapped" | "user-found" | "user-inactive" => Some("users"),
        "group-missing" => Some("groups"),
        "tenant-missing" => Some("tenants"),
        _ => None,
    }
}

/// Writes the tables of a pair into a folder beside its plan.
pub fn write(folder: &Path, pair: &Pair, whim: u64) {
    let mut chance = Chance::new(whim).fork("tables");
    let mut tables: BTreeMap<&str, Vec<Vec<(&str, String)>>> = BTreeMap::new();
    for (table, made) in pair.decided.of_tables() {
        let line = line(&pair.source, table, made, &mut chance);
        tables.entry(table).or_default().push(line);
    }
    if tables.is_empty() {
        return;
    }
    let place = folder.join("tables");
    std::fs::create_dir_all(&place).expect("a folder");
    for (name, mut lines) in tables {
        chance.shuffle(&mut lines);
        let mut columns: Vec<&str> = lines[0].iter().map(|(column, _)| *column).collect();
        chance.shuffle(&mut columns);
        let mut text = String::from(if chance.percent(30) { "\u{feff}" } else { "" });
        let end = if chance.percent(50) { "\r\n" } else { "\n" };
        text.push_str(&columns.join(","));
        text.push_str(end);
        for line in lines {
            let cell = |column: &str| line.iter().find(|(own, _)| *own == column);
            let cells = columns.iter().map(|column| cell(column).map_or("", |(_, text)| text));
            let cells: Vec<String> = cells.map(|text| quoted(text, &mut chance)).collect();
            text.push_str(&cells.join(","));
            text.push_str(end);
        }
        std::fs::write(place.join(format!("{name}.csv")), text).expect("a table");
    }
}

/// A cell in quotation marks, where it needs them or happens to have them.
fn quoted(text: &str, chance: &mut Chance) -> String {
    if text.contains([',', '"', '\n']) || chance.percent(20) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// The cells of a decision, by their columns.
fn line(
    source: &Environment,
    table: &str,
    made: &Made,
    chance: &mut Chance,
) -> Vec<(&'static str, String)> {
    let about = |name: &str| made.about(name).to_owned();
    let mut cells = match table {
        "records" => {
            let entity = source.entity(&(about("espace"), about("entity"))).expect("there");
            let record = entity.records.iter().find(|r| r.key == made.about("record"));
            let name = format!("{}.{}", source.espace(&entity.espace).name, entity.name);
            // Either the name or the key is enough, where the name is the only one.
            let record = record.expect("there");
            let is_alone = entity.records.iter().filter(|r| r.name == record.name).count() == 1;
            let by_name = is_alone && chance.percent(50);
            let (name_of_it, key) = match by_name {
                true => (record.name.clone(), String::new()),
                false => (String::new(), record.key.clone()),
            };
            vec![("entity", name), ("record", name_of_it), ("key", key)]
        }
        "users" => {
            let user = about("user");
            let is_it = |name: &str| name.to_lowercase() == user.to_lowercase();
            let several = source.users.iter().filter(|u| is_it(&u.username)).count() > 1;
            let tenant =
                if several || chance.percent(50) { about("tenant") } else { String::new() };
            vec![("user", user), ("tenant", tenant), ("rows", "many, perhaps".to_owned())]
        }
        "groups" => vec![("group", about("user")), ("tenant", about("tenant"))],
        _ => vec![
            ("tenant", about("tenant")),
            ("provider", source.espace(&about("espace")).name.clone()),
        ],
    };
    // A target alone means that it is mapped.
    let is_said = made.choice != "map" || chance.percent(50);
    cells.push(("choice", if is_said { made.choice.clone() } else { String::new() }));
    cells.push(("to", made.to.clone().unwrap_or_default()));
    cells.push(("candidates", "one of \"many\", or none".to_owned()));
    cells
}
