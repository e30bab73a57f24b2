//! Users, groups and their links: who was added, and that nobody was changed.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::judge::Case;
use super::names::Names;
use super::pairs::{Holds, Pair};
use super::rows::Rows;
use super::sql::{Cell, Sheet, ask, table};

/// The tables that may grow, and never change otherwise.
pub const TABLES: [&str; 5] =
    ["OSSYS_USER", "OSSYS_GROUP", "OSSYS_USER_ROLE", "OSSYS_GROUP_ROLE", "OSSYS_GROUP_USER"];

/// Rows of a table that were not there before. Those that were must be there as they were.
fn added(case: &Case<'_>, name: &str, troubles: &mut Vec<String>) -> Sheet {
    let (before, after) = (table(case.before, name), table(case.after, name));
    let known: BTreeSet<&Vec<Cell>> = before.rows.iter().collect();
    let kept = after.rows.iter().filter(|row| known.contains(row)).count();
    if kept != before.rows.len() {
        troubles.push(format!("{name}: rows that were there before are gone or changed"));
    }
    let rows = after.rows.iter().filter(|row| !known.contains(row)).cloned().collect();
    Sheet { columns: after.columns, rows }
}

/// Users of the source that rows refer to, or that may do something in these espaces.
pub fn in_use(
    connection: &Connection,
    espaces: &BTreeSet<String>,
    source: &Rows<'_>,
) -> BTreeSet<String> {
    let mut users = BTreeSet::new();
    for (place, (pair, sheet)) in source.pairs.iter().zip(&source.sheets).enumerate() {
        let of_users = Holds::Named("OSSYS_USER".into());
        for column in &pair.columns {
            let at = sheet.at(&column.source);
            let rows = sheet.rows.iter();
            let rows = rows.filter(|row| *source.holds(place, column, row) == of_users);
            let cells = rows.map(|row| &row[at]);
            users.extend(cells.filter(|cell| !cell.is_null_identifier()).map(Cell::key));
        }
    }
    let direct = "SELECT l.USER_ID, s.SS_KEY FROM OSSYS_USER_ROLE l \
                  JOIN OSSYS_ROLE r ON r.ID = l.ROLE_ID JOIN OSSYS_ESPACE s ON s.ID = r.ESPACE_ID";
    let through = "SELECT l.USER_ID, s.SS_KEY FROM OSSYS_GROUP_USER l \
                   JOIN OSSYS_GROUP_ROLE g ON g.GROUP_ID = l.GROUP_ID \
                   JOIN OSSYS_ROLE r ON r.ID = g.ROLE_ID JOIN OSSYS_ESPACE s ON s.ID = r.ESPACE_ID";
    for sql in [direct, through] {
        let rows = ask(connection, sql).rows;
        let granted = rows.iter().filter(|row| espaces.contains(&row[1].key()));
        users.extend(granted.map(|row| row[0].key()));
    }
    users
}

/// Judges who was created and which links were added.
pub fn judge(
    case: &Case<'_>,
    espaces: &BTreeSet<String>,
    names: &Names,
    users: &BTreeSet<String>,
    troubles: &mut Vec<String>,
) {
    let created = added(case, "OSSYS_USER", troubles);
    let told = &case.story.report.people.created;
    let mut due = BTreeMap::new();
    let before = table(case.before, "OSSYS_USER");
    let before = before.by("ID");
    for user in users {
        match names.source["OSSYS_USER"].get(user) {
            Some(id) if before.contains_key(id) => {}
            Some(id) => drop(due.insert(id.clone(), user.clone())),
            None => troubles.push(format!("user {user} of the source has no counterpart")),
        }
    }
    let said: BTreeMap<String, String> = told
        .iter()
        .filter(|person| !person.is_group)
        .map(|person| (person.destination.to_string(), person.source.to_string()))
        .collect();
    let is: BTreeSet<String> = created.by("ID").into_keys().collect();
    if said != due || is != due.keys().cloned().collect() {
        troubles.push(format!("users: {due:?} were due, {said:?} are told, {is:?} are there"));
    }
    as_before(case, &created, &due, troubles);
    let groups = added(case, "OSSYS_GROUP", troubles);
    if groups.rows.len() != told.iter().filter(|person| person.is_group).count() {
        troubles.push("OSSYS_GROUP: what was added is not what is told".into());
    }
    let ours = table(case.source, "OSSYS_GROUP");
    for row in &groups.rows {
        let is_same = |other: &&Vec<Cell>| {
            let same = |name: &str| other[ours.at(name)] == row[groups.at(name)];
            same("NAME") && same("DESCRIPTION")
        };
        if !ours.rows.iter().any(|other| is_same(&other)) {
            troubles.push("OSSYS_GROUP: a group was added that the source does not have".into());
        }
    }
    links(case, espaces, names, users, troubles);
}

/// Who was created is who was there, and cannot log in.
fn as_before(
    case: &Case<'_>,
    created: &Sheet,
    due: &BTreeMap<String, String>,
    troubles: &mut Vec<String>,
) {
    let source = table(case.source, "OSSYS_USER");
    let source = source.by("ID");
    for (id, row) in created.by("ID") {
        let Some(original) = due.get(&id).and_then(|id| source.get(id)) else { continue };
        let cell = |name: &str| &row[created.at(name)];
        let before = |name: &str| &original[created.at(name)];
        let mut say = |what: &str| troubles.push(format!("created user {id}: {what}"));
        for name in ["NAME", "USERNAME", "IS_ACTIVE"] {
            if cell(name) != before(name) {
                say(&format!("{name} is another"));
            }
        }
        // The plan says nothing of personal data as a whole, so nobody can be written to.
        let nobody = format!("user{}@masked.invalid", before("ID").text());
        if cell("EMAIL").text() != nobody || !cell("MOBILEPHONE").text().is_empty() {
            say("EMAIL or MOBILEPHONE is not masked");
        }
        let password = cell("PASSWORD").text();
        if password == before("PASSWORD").text() || password.starts_with('$') {
            say("the password may be usable");
        }
        let secret = before("PASSWORD").key();
        if !secret.is_empty() && row.iter().any(|cell| cell.key().contains(&secret)) {
            say("the source's PASSWORD is in the row");
        }
    }
}

/// What a link joins, on both sides, and whether the roles behind it are in these espaces.
const LINKS: [(&str, [&str; 2]); 3] = [
    ("OSSYS_USER_ROLE", ["USER_ID", "ROLE_ID"]),
    ("OSSYS_GROUP_ROLE", ["GROUP_ID", "ROLE_ID"]),
    ("OSSYS_GROUP_USER", ["USER_ID", "GROUP_ID"]),
];

fn links(
    case: &Case<'_>,
    espaces: &BTreeSet<String>,
    names: &Names,
    users: &BTreeSet<String>,
    troubles: &mut Vec<String>,
) {
    let roles = "SELECT r.ID, s.SS_KEY FROM OSSYS_ROLE r JOIN OSSYS_ESPACE s ON s.ID = r.ESPACE_ID";
    let roles: BTreeSet<String> = ask(case.source, roles)
        .rows
        .iter()
        .filter(|row| espaces.contains(&row[1].key()))
        .map(|row| row[0].key())
        .collect();
    let group_roles = table(case.source, "OSSYS_GROUP_ROLE");
    let groups: BTreeSet<String> = group_roles
        .rows
        .iter()
        .filter(|row| roles.contains(&row[group_roles.at("ROLE_ID")].key()))
        .map(|row| row[group_roles.at("GROUP_ID")].key())
        .collect();
    for (name, ends) in LINKS {
        let wanted = |row: &[String; 2]| match name {
            "OSSYS_GROUP_USER" => users.contains(&row[0]) && groups.contains(&row[1]),
            _ => roles.contains(&row[1]),
        };
        let pairs = |sheet: &Sheet| -> Vec<[String; 2]> {
            sheet.rows.iter().map(|row| ends.map(|end| row[sheet.at(end)].key())).collect()
        };
        let meant = |row: &[String; 2], side: &BTreeMap<String, BTreeMap<String, String>>| {
            let meaning = |at: usize| {
                let what = format!("OSSYS_{}", ends[at].trim_end_matches("_ID"));
                side.get(&what).and_then(|names| names.get(&row[at])).cloned()
            };
            Some([meaning(0)?, meaning(1)?])
        };
        let theirs = table(case.after, name);
        let there: BTreeSet<_> =
            pairs(&theirs).iter().filter_map(|row| meant(row, &names.destination)).collect();
        let ours = pairs(&table(case.source, name));
        // A role comes with its module: where the module has none, nobody is given it.
        let has = |role: &String| names.destination["OSSYS_ROLE"].values().any(|has| has == role);
        let due: BTreeSet<_> = ours
            .iter()
            .filter(|row| wanted(row))
            .filter_map(|row| meant(row, &names.source))
            .filter(|row| name == "OSSYS_GROUP_USER" || has(&row[1]))
            .collect();
        for missing in due.difference(&there) {
            troubles.push(format!("{name}: {missing:?} is missing"));
        }
        for row in pairs(&added(case, name, troubles)) {
            let meaning = meant(&row, &names.destination);
            if !meaning.is_some_and(|meaning| due.contains(&meaning)) {
                troubles.push(format!("{name}: {row:?} was added and the source does not have it"));
            }
        }
    }
}

/// The rows of a table that had to stay where the others were replaced: those of tenants that the
/// source does not have, and those that say more about a user whom this run does not carry.
pub fn standing(
    pair: &Pair,
    before: &Sheet,
    names: &Names,
    users: &BTreeSet<String>,
) -> BTreeSet<String> {
    let Some(identifier) = pair.identifier.map(|at| &pair.columns[at]) else {
        return BTreeSet::new();
    };
    let id = before.at(&identifier.destination);
    let meant = |what: &str, side: &BTreeMap<String, BTreeMap<String, String>>, id: &str| {
        side.get(what).and_then(|names| names.get(id)).cloned()
    };
    let mapped: BTreeSet<String> =
        users.iter().filter_map(|user| meant("OSSYS_USER", &names.source, user)).collect();
    let tenants: BTreeSet<&String> = names.source["OSSYS_TENANT"].values().collect();
    let stays = |row: &&Vec<Cell>| {
        let of_user = identifier.holds == Holds::Named("OSSYS_USER".into());
        let of_tenant = pair.columns.iter().find(|column| {
            column.holds == Holds::Named("OSSYS_TENANT".into()) && column.attribute == "TENANT_ID"
        });
        let unknown = of_tenant.is_some_and(|column| {
            let tenant = row[before.at(&column.destination)].key();
            let meaning = meant("OSSYS_TENANT", &names.destination, &tenant);
            !meaning.is_some_and(|meaning| tenants.contains(&meaning))
        });
        (of_user && !mapped.contains(&row[id].key())) || unknown
    };
    before.rows.iter().filter(stays).map(|row| row[id].key()).collect()
}
