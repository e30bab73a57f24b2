//! What is called the same on both sides under other ids: static records, users, tenants,
//! groups, roles, espaces, and what processes consist of.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::model::{Model, ids};
use super::pairs::static_name;
use super::sql::{Cell, ask};
use super::story::{Decision, Plan};

/// What an id means, the same words on both sides.
type Meanings = BTreeMap<String, String>;

/// Meanings by what is named: a platform table, or a static entity.
#[derive(Default)]
pub struct Names {
    pub source: BTreeMap<String, Meanings>,
    pub destination: BTreeMap<String, Meanings>,
}

/// The first column is the id, the others are the name.
const NAMED: &[(&str, &str)] = &[
    (
        "OSSYS_TENANT",
        "SELECT t.ID, t.NAME, s.SS_KEY FROM OSSYS_TENANT t \
         JOIN OSSYS_ESPACE s ON s.ID = t.ESPACE_ID WHERE t.IS_ACTIVE = 1",
    ),
    (
        "OSSYS_GROUP",
        "SELECT g.ID, g.NAME, t.NAME, s.SS_KEY FROM OSSYS_GROUP g \
         JOIN OSSYS_TENANT t ON t.ID = g.TENANT_ID JOIN OSSYS_ESPACE s ON s.ID = t.ESPACE_ID",
    ),
    (
        "OSSYS_ROLE",
        "SELECT r.ID, r.SS_KEY, s.SS_KEY FROM OSSYS_ROLE r \
         JOIN OSSYS_ESPACE s ON s.ID = r.ESPACE_ID WHERE r.IS_ACTIVE = 1",
    ),
    ("OSSYS_ESPACE", "SELECT ID, SS_KEY FROM OSSYS_ESPACE WHERE IS_ACTIVE = 1"),
    ("OSSYS_BPM_PROCESS_STATUS", "SELECT ID, NAME FROM OSSYS_BPM_PROCESS_STATUS"),
    ("OSSYS_BPM_ACTIVITY_STATUS", "SELECT ID, NAME FROM OSSYS_BPM_ACTIVITY_STATUS"),
    (
        "OSSYS_BPM_PROCESS_DEFINITION",
        "SELECT p.ID, p.SS_KEY, s.SS_KEY FROM OSSYS_BPM_PROCESS_DEFINITION p \
         JOIN OSSYS_ESPACE s ON s.ID = p.ESPACE_ID",
    ),
    (
        "OSSYS_BPM_PROCESS_INPUT_DEF",
        "SELECT d.ID, d.SS_KEY, p.SS_KEY, s.SS_KEY FROM OSSYS_BPM_PROCESS_INPUT_DEF d \
         JOIN OSSYS_BPM_PROCESS_DEFINITION p ON p.ID = d.PROCESS_DEF_ID \
         JOIN OSSYS_ESPACE s ON s.ID = p.ESPACE_ID",
    ),
    (
        "OSSYS_BPM_PROCESS_OUTPUT_DEF",
        "SELECT d.ID, d.SS_KEY, p.SS_KEY, s.SS_KEY FROM OSSYS_BPM_PROCESS_OUTPUT_DEF d \
         JOIN OSSYS_BPM_PROCESS_DEFINITION p ON p.ID = d.PROCESS_DEF_ID \
         JOIN OSSYS_ESPACE s ON s.ID = p.ESPACE_ID",
    ),
    (
        "OSSYS_BPM_ACTIVITY_DEFINITION",
        "SELECT a.ID, a.SS_KEY, p.SS_KEY, s.SS_KEY FROM OSSYS_BPM_ACTIVITY_DEFINITION a \
         JOIN OSSYS_BPM_PROCESS_DEFINITION p ON p.ID = a.PROCESS_DEF_ID \
         JOIN OSSYS_ESPACE s ON s.ID = p.ESPACE_ID",
    ),
    (
        "OSSYS_BPM_ACTIVITY_OUTPUT_DEF",
        "SELECT d.ID, d.SS_KEY, a.SS_KEY, p.SS_KEY, s.SS_KEY FROM OSSYS_BPM_ACTIVITY_OUTPUT_DEF d \
         JOIN OSSYS_BPM_ACTIVITY_DEFINITION a ON a.ID = d.ACTIVITY_DEF_ID \
         JOIN OSSYS_BPM_PROCESS_DEFINITION p ON p.ID = a.PROCESS_DEF_ID \
         JOIN OSSYS_ESPACE s ON s.ID = p.ESPACE_ID",
    ),
];

/// Users with what tells them apart: the id, whether active, and then the name.
const USERS: &str = "SELECT u.ID, u.IS_ACTIVE, u.USERNAME, t.NAME, s.SS_KEY FROM OSSYS_USER u \
                     JOIN OSSYS_TENANT t ON t.ID = u.TENANT_ID \
                     JOIN OSSYS_ESPACE s ON s.ID = t.ESPACE_ID";

impl Names {
    pub fn read(
        source: (&Connection, &Model),
        destination: (&Connection, &Model),
        plan: &Plan,
        troubles: &mut Vec<String>,
    ) -> Self {
        let mut names = Self::default();
        for (what, sql) in NAMED {
            for (side, connection) in
                [(&mut names.source, source.0), (&mut names.destination, destination.0)]
            {
                let rows = ask(connection, sql).rows;
                let meanings: Meanings =
                    rows.iter().map(|row| (row[0].key(), name_of(&row[1..]))).collect();
                if meanings.values().collect::<BTreeSet<_>>().len() < meanings.len() {
                    troubles.push(format!("two rows of {what} have the same name"));
                }
                side.insert((*what).to_owned(), meanings);
            }
        }
        names.tenants(source.0, plan);
        names.users(source.0, destination.0, plan);
        names.records(source.1, destination, plan);
        names
    }

    /// A tenant that was mapped to another is called as that one is.
    fn tenants(&mut self, source: &Connection, plan: &Plan) {
        let tenants = "SELECT t.ID, t.NAME FROM OSSYS_TENANT t";
        for row in ask(source, tenants).rows {
            let decided = plan.decision.iter().find(|decision| {
                decision.kind == "tenant-missing"
                    && decision.choice == "map"
                    && decision.tenant.to_lowercase() == row[1].key()
            });
            let Some(to) = decided.map(|decision| decision.to.to_lowercase()) else { continue };
            let theirs = self.destination.get("OSSYS_TENANT").into_iter().flatten();
            let mut meant = theirs.filter(|(_, name)| name.starts_with(&format!("{to} / ")));
            if let (Some((_, name)), None) = (meant.next(), meant.next()) {
                let name = name.clone();
                let ours = self.source.entry("OSSYS_TENANT".into()).or_default();
                ours.insert(row[0].key(), name);
            }
        }
    }

    /// Both sides call a user by the id in the destination.
    fn users(&mut self, source: &Connection, destination: &Connection, plan: &Plan) {
        let theirs = ask(destination, USERS).rows;
        let mut meanings = Meanings::new();
        for row in ask(source, USERS).rows {
            let decided = plan.decision.iter().find(|decision| {
                decision.choice == "map"
                    && decision.user.to_lowercase() == row[2].key()
                    && decision.tenant.to_lowercase() == row[3].key()
            });
            let is_same = |other: &&Vec<Cell>| name_of(&other[2..]) == name_of(&row[2..]);
            let same: Vec<&Vec<Cell>> = theirs.iter().filter(is_same).collect();
            let active: Vec<&Vec<Cell>> =
                same.iter().copied().filter(|other| other[1].is_set()).collect();
            let meant = match (decided, active.as_slice(), same.as_slice()) {
                (Some(decision), _, _) => decision.to.clone(),
                (None, [one], _) | (None, [], [one]) => one[0].key(),
                _ => continue,
            };
            meanings.insert(row[0].key(), meant);
        }
        self.source.insert("OSSYS_USER".into(), meanings);
        let meanings = theirs.iter().map(|row| (row[0].key(), row[0].key())).collect();
        self.destination.insert("OSSYS_USER".into(), meanings);
    }

    /// Both sides call a static record by the id in the destination.
    fn records(&mut self, source: &Model, destination: (&Connection, &Model), plan: &Plan) {
        for (key, ours) in &source.records {
            let Some(entity) = destination.1.entities.get(key) else { continue };
            let there = ids(destination.0, entity);
            let theirs: Vec<_> = destination.1.records.get(key).into_iter().flatten().collect();
            let about = |decision: &&Decision| {
                decision.choice == "map"
                    && decision.espace.to_lowercase() == key.0
                    && decision.entity.to_lowercase() == key.1
            };
            let mut meanings = Meanings::new();
            for record in ours.iter().filter(|record| record.is_active) {
                let decided = plan
                    .decision
                    .iter()
                    .filter(about)
                    .find(|decision| decision.record.to_lowercase() == record.key);
                // One that the module dropped stands for itself as long as its row does.
                let mut active = theirs.iter().filter(|other| other.is_active);
                let found = match decided {
                    Some(decision) => active.find(|other| other.name == decision.to),
                    None => active.find(|other| other.key == record.key).or_else(|| {
                        let mut rest = theirs.iter();
                        rest.find(|other| other.key == record.key && there.contains(&other.id))
                    }),
                };
                if let Some(found) = found {
                    meanings.insert(record.id.clone(), found.id.clone());
                }
            }
            self.source.insert(static_name(key), meanings);
            let own = theirs.iter().map(|record| record.id.clone());
            let own = own.filter(|id| there.contains(id)).map(|id| (id.clone(), id));
            self.destination.insert(static_name(key), own.collect());
        }
    }
}

/// A name of several parts, case apart.
fn name_of(parts: &[Cell]) -> String {
    parts.iter().map(Cell::key).collect::<Vec<_>>().join(" / ")
}
