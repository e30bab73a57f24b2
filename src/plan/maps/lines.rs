//! From the text of a map to its lines, each about something that the source has.

use std::collections::HashMap;

use super::{Line, MapKind, MapText, Subject, csv};
use crate::compare::choice;
use crate::outsystems::{Entity, EntityIndex, Environment, Key};

/// The columns of a map: what a line is about, what becomes of it, and what only helps to fill
/// the map in.
pub(super) fn columns(kind: MapKind) -> &'static [&'static str] {
    match kind {
        MapKind::Records => &["entity", "record", "key", "rows", "choice", "to", "candidates"],
        MapKind::Users => &["user", "tenant", "rows", "choice", "to", "candidates"],
        MapKind::Groups => &["group", "tenant", "choice", "to", "candidates"],
        MapKind::Tenants => &["tenant", "provider", "choice", "to", "candidates"],
    }
}

/// The choices that a line can name.
fn choices(kind: MapKind) -> &'static [&'static str] {
    match kind {
        MapKind::Records => &[choice::MAP, choice::EMPTY, choice::REJECT, choice::STOP],
        MapKind::Users => &[
            choice::MAP,
            choice::CREATE,
            choice::USE,
            choice::UPDATE,
            choice::RECREATE,
            choice::EMPTY,
            choice::STOP,
        ],
        MapKind::Groups => &[choice::MAP, choice::CREATE, choice::EMPTY, choice::STOP],
        MapKind::Tenants => &[choice::MAP, choice::STOP],
    }
}

/// Reads a map; what is wrong with it is added as a sentence for each line.
pub(super) fn read(
    map: &MapText,
    source: &Environment,
    lines: &mut Vec<Line>,
    wrong: &mut Vec<String>,
) {
    let file = &map.file;
    let rows = match csv::parse(&map.text) {
        Ok(rows) => rows,
        Err((line, why)) => {
            wrong.push(format!("{file}, line {line}: {why}"));
            return;
        }
    };
    let mut rows = rows.into_iter();
    let Some(head) = rows.next() else {
        wrong.push(format!("{file} is empty: its first line has to name the columns"));
        return;
    };
    let head = match header(map.kind, &head.cells) {
        Ok(head) => head,
        Err(why) => {
            wrong.push(format!("{file}, line {}: {why}", head.line));
            return;
        }
    };
    let records = (map.kind == MapKind::Records).then(|| Entities::new(source));
    let begin = lines.len();
    for row in rows {
        let place = format!("{file}, line {}", row.line);
        if row.cells.len() > head.len() {
            let (are, can) = (row.cells.len(), head.len());
            wrong.push(format!("{place}: {are} cells, but the first line names {can} columns"));
            continue;
        }
        let cell = |name: &str| -> &str {
            let column = head.iter().position(|column| *column == name);
            column.and_then(|column| row.cells.get(column)).map_or("", |cell| cell.trim())
        };
        let line = wish(map.kind, cell("choice"), cell("to")).and_then(|wish| {
            let subject = match (map.kind, &records) {
                (MapKind::Records, Some(entities)) => record(source, entities, &cell)?,
                (MapKind::Tenants, _) => tenant(source, cell("tenant"), cell("provider"))?,
                (MapKind::Groups, _) => group(source, cell("group"), cell("tenant"))?,
                _ => user(source, cell("user"), cell("tenant"))?,
            };
            Ok(wish.map(|(choice, to)| Line { place: place.clone(), subject, choice, to }))
        });
        match line {
            Err(why) => wrong.push(format!("{place}: {why}")),
            Ok(None) => {}
            Ok(Some(line)) => {
                match lines[begin..].iter().find(|other| other.subject == line.subject) {
                    Some(other) => {
                        wrong.push(format!("{place}: {} is about the same", other.place));
                    }
                    None => lines.push(line),
                }
            }
        }
    }
}

/// The columns in the order of the file.
fn header(kind: MapKind, cells: &[String]) -> Result<Vec<&'static str>, String> {
    let known = columns(kind);
    if let [only] = cells
        && only.contains(';')
    {
        return Err(
            "the columns are separated by semicolons; save the table with commas".to_owned()
        );
    }
    let mut head = Vec::new();
    for cell in cells {
        let name = cell.trim().to_lowercase();
        let Some(column) = known.iter().find(|column| **column == name) else {
            return Err(format!("there is no column \"{cell}\"; they are {}", known.join(", ")));
        };
        if head.contains(column) {
            return Err(format!("the column \"{name}\" is there twice"));
        }
        head.push(*column);
    }
    let needed: &[&str] = match kind {
        MapKind::Records if head.contains(&"key") => &["entity"],
        MapKind::Records => &["entity", "record"],
        MapKind::Users => &["user"],
        MapKind::Groups => &["group"],
        MapKind::Tenants => &["tenant"],
    };
    for column in needed.iter().chain(&["to"]) {
        if !head.contains(column) {
            return Err(format!("the column \"{column}\" is missing"));
        }
    }
    Ok(head)
}

/// What a line wants; nothing where it is not filled in.
fn wish(
    kind: MapKind,
    made: &str,
    to: &str,
) -> Result<Option<(&'static str, Option<String>)>, String> {
    let to = (!to.is_empty()).then(|| to.to_owned());
    if made.is_empty() {
        return Ok(to.map(|to| (choice::MAP, Some(to))));
    }
    let known = choices(kind);
    let Some(named) = known.iter().find(|name| name.eq_ignore_ascii_case(made)) else {
        return Err(format!("\"{made}\" is no choice; it is {}", known.join(", ")));
    };
    match (*named == choice::MAP, &to) {
        (true, None) => Err("\"map\" needs something under \"to\"".to_owned()),
        (false, Some(to)) => Err(format!("\"{named}\" and a target, \"{to}\": only one can be")),
        _ => Ok(Some((*named, to))),
    }
}

/// Entities whose records can be referred to, by their names.
struct Entities(HashMap<String, Vec<EntityIndex>>);

impl Entities {
    fn new(source: &Environment) -> Self {
        let mut by_name: HashMap<String, Vec<EntityIndex>> = HashMap::new();
        for (place, entity) in source.entities.iter().enumerate() {
            if entity.is_active {
                let name = entity.full_name().to_lowercase();
                by_name.entry(name).or_default().push(EntityIndex(place));
            }
        }
        Self(by_name)
    }
}

fn record<'a>(
    source: &Environment,
    entities: &Entities,
    cell: &impl Fn(&str) -> &'a str,
) -> Result<Subject, String> {
    let (name, record, key) = (cell("entity"), cell("record"), cell("key"));
    if name.is_empty() || (record.is_empty() && key.is_empty()) {
        return Err("it has to name an entity and a record".to_owned());
    }
    let index = match entities.0.get(&name.to_lowercase()).map(Vec::as_slice) {
        Some([one]) => *one,
        Some(_) => return Err(format!("the source has several entities \"{name}\"")),
        None => return Err(format!("the source has no entity \"{name}\" (it is Espace.Entity)")),
    };
    let entity: &Entity = source.entity(index);
    if entity.system_target().is_some() {
        return Err(format!("\"{name}\" belongs to the platform; decide it in the plan"));
    }
    let all: Vec<_> = source.records_of(entity).collect();
    let key = if key.is_empty() {
        let mut keys: Vec<&Key> = all
            .iter()
            .filter(|one| one.name.to_lowercase() == record.to_lowercase())
            .map(|one| &one.key)
            .collect();
        keys.sort();
        keys.dedup();
        match keys[..] {
            [one] => one.clone(),
            [] => return Err(format!("the source has no record \"{record}\" in {name}")),
            _ => {
                let why = "give the key too, in a column \"key\"";
                return Err(format!(
                    "the source has several records \"{record}\" in {name}; {why}"
                ));
            }
        }
    } else {
        let wanted = Key::new(key);
        if !all.iter().any(|one| one.key == wanted) {
            return Err(format!("the source has no record with the key \"{key}\" in {name}"));
        }
        wanted
    };
    Ok(Subject::Record {
        entity: index,
        espace: entity.espace_key.clone(),
        entity_key: entity.key.clone(),
        record: key,
    })
}

fn user(source: &Environment, name: &str, tenant: &str) -> Result<Subject, String> {
    let all = source.users.iter().map(|user| (&user.username, user.tenant_id));
    let (name, tenant) = person(source, "user", all, name, tenant)?;
    Ok(Subject::User { name, tenant })
}

fn group(source: &Environment, name: &str, tenant: &str) -> Result<Subject, String> {
    let all = source.groups.iter().map(|group| (&group.name, group.tenant_id));
    let (name, tenant) = person(source, "group", all, name, tenant)?;
    Ok(Subject::Group { name, tenant })
}

/// The name of somebody, and of its tenant: the one that is named, or the only one.
fn person<'a>(
    source: &Environment,
    what: &str,
    all: impl Iterator<Item = (&'a Key, Option<i64>)>,
    name: &str,
    tenant: &str,
) -> Result<(Key, Key), String> {
    let wanted = Key::new(name);
    let mut tenants: Vec<Key> = all
        .filter(|(own, _)| !name.is_empty() && **own == wanted)
        .map(|(_, tenant)| {
            let tenant = tenant.and_then(|id| source.tenant(id));
            tenant.map(|tenant| tenant.name.clone()).unwrap_or_default()
        })
        .filter(|own| tenant.is_empty() || *own == Key::new(tenant))
        .collect();
    tenants.sort();
    tenants.dedup();
    let of = if tenant.is_empty() { String::new() } else { format!(" of tenant \"{tenant}\"") };
    match &tenants[..] {
        [one] => Ok((wanted, one.clone())),
        [] => Err(format!("the source has no {what} \"{name}\"{of}")),
        _ => Err(format!("the source has a {what} \"{name}\" in several tenants; name one")),
    }
}

fn tenant(source: &Environment, name: &str, provider: &str) -> Result<Subject, String> {
    let all: Vec<_> = source
        .tenants
        .iter()
        .filter(|tenant| !name.is_empty() && tenant.name == Key::new(name))
        .filter(|tenant| provider.is_empty() || tenant.provider_name.eq_ignore_ascii_case(provider))
        .collect();
    match all[..] {
        [one] => Ok(Subject::Tenant { name: one.name.clone(), provider: one.provider.clone() }),
        [] if provider.is_empty() => Err(format!("the source has no tenant \"{name}\"")),
        [] => Err(format!("the source has no tenant \"{name}\" of \"{provider}\"")),
        _ => Err(format!("the source has several tenants \"{name}\"; name the user provider")),
    }
}
