//! What is left to do in a destination that was written, as far as it can be read there.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::journal::{Images, PersonRecord};
use super::people::NO_PASSWORD;
use super::preflight::{scope_of, written_tables};
use super::undo::PutBackScript;
use crate::database::{Filter, Result, Source, TableName, Value};
use crate::outsystems::{DestinationId, Environment, Role, activity, waking};
use crate::plan::Plan;

/// Users that one count asks about.
const AT_ONCE: usize = 500;

/// What was read in the destination after a run. What could not be read is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    /// When, by the clock of this machine.
    pub at: String,
    /// Timers of the scope that are due: name, and when they were to run.
    pub timers: Option<Vec<(String, String)>>,
    /// Activities of processes of the scope whose next run has passed.
    pub activities: Option<u64>,
    /// Applications of the scope, and whether each is taken offline.
    pub applications: Option<Vec<(String, bool)>>,
    /// Roles of the scope's espaces.
    pub roles: Vec<String>,
    /// Tenants that the run rewrites rows to.
    pub tenants: Vec<String>,
    /// Users whom the run created and who are there without a password.
    pub without_password: Option<u64>,
    /// Whether whoever is signed in can still write or alter a table of the plan; `None` where the database
    /// does not tell.
    pub may_write: Option<bool>,
    /// Whether there are rights to give and take.
    pub has_rights: bool,
    /// Bytes of the rows that are kept for an undo.
    pub images: u64,
    /// What could not be read, a sentence each.
    pub trouble: Vec<String>,
}

/// Where it is read.
#[derive(Clone, Copy)]
pub struct Written<'a> {
    /// What was written.
    pub plan: &'a Plan,
    /// Whose id became whose.
    pub people: &'a [PersonRecord],
    /// Where it was written.
    pub destination: &'a dyn Source,
    /// What the destination is now.
    pub model: &'a Environment,
    /// The run's folder.
    pub folder: &'a std::path::Path,
}

impl Written<'_> {
    /// Reads it; `at` says when for people, `now` as the front-ends write it
    /// (`2026-11-21 10:11:12`). It never errs: what cannot be read is said.
    pub async fn aftermath(&self, at: String, now: &str) -> Aftermath {
        let (espaces, applications) = scope_of(self.plan, self.model);
        let mut found = Aftermath {
            at,
            roles: self.roles(),
            tenants: self.tenants(),
            has_rights: self.destination.facts().capabilities.rights,
            images: Images::size(self.folder) + PutBackScript::size(self.folder),
            ..Aftermath::default()
        };
        let mut trouble = Vec::new();
        let (awake, active, without, may_write) = tokio::join!(
            waking(self.destination, &espaces, now),
            activity(self.destination, &espaces, &applications),
            self.without_password(),
            self.may_write()
        );
        if let Some(waking) = read("timers and processes", awake, &mut trouble) {
            (found.timers, found.activities) = (waking.timers, waking.activities);
        }
        if let Some(activity) = read("applications", active, &mut trouble) {
            let is_seen = !activity.applications.is_empty() || applications.is_empty();
            found.applications = is_seen.then_some(activity.applications);
        }
        found.without_password = read("created users", without, &mut trouble).flatten();
        found.may_write = read("rights", may_write, &mut trouble).flatten();
        found.trouble = trouble;
        found
    }

    fn roles(&self) -> Vec<String> {
        let keys = self.plan.espace_keys();
        let ours = |role: &&Role| role.is_active && keys.contains(&role.espace_key);
        let mut names: Vec<String> =
            self.model.roles.iter().filter(ours).map(|role| role.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    fn tenants(&self) -> Vec<String> {
        let ids: HashSet<i64> = self.plan.tenants.iter().map(|(_, there)| there.0).collect();
        let written = self.model.tenants.iter().filter(|tenant| ids.contains(&tenant.id));
        let mut names: Vec<String> = written.map(|tenant| tenant.name.to_string()).collect();
        names.sort();
        names
    }

    /// A hash is never read: those without one are counted.
    async fn without_password(&self) -> Result<Option<u64>> {
        let ours = self.people.iter().filter(|person| person.is_ours && !person.is_group);
        let ids: Vec<DestinationId> = ours.map(|person| person.destination).collect();
        if ids.is_empty() {
            return Ok(Some(0));
        }
        let Some(shape) = self.destination.shape(&TableName::new("OSSYS_USER")).await? else {
            return Ok(None);
        };
        let (Some(id), Some(password)) = (shape.column("ID"), shape.column("PASSWORD")) else {
            return Ok(None);
        };
        let is = |text: &str| Filter::Equals(password.name.clone(), Value::text(text));
        let none = Filter::Or(vec![Filter::IsNull(password.name.clone()), is(""), is(NO_PASSWORD)]);
        let mut found = 0;
        for ids in ids.chunks(AT_ONCE) {
            let ids = ids.iter().map(|id| Value::Integer(id.0)).collect();
            let filter = Filter::And(vec![Filter::AnyOf(id.name.clone(), ids), none.clone()]);
            found += self.destination.count(&shape.name, &filter).await?;
        }
        Ok(Some(found))
    }

    async fn may_write(&self) -> Result<Option<bool>> {
        if !self.destination.facts().capabilities.rights {
            return Ok(None);
        }
        let tables = written_tables(self.plan, self.destination).await?;
        let rights = self.destination.rights(&tables).await?;
        let all = rights
            .iter()
            .flat_map(|rights| [rights.insert, rights.update, rights.delete, rights.alter]);
        Ok(all
            .reduce(|one, other| match (one, other) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            })
            .flatten())
    }
}

fn read<T>(what: &str, outcome: Result<T>, trouble: &mut Vec<String>) -> Option<T> {
    match outcome {
        Ok(found) => Some(found),
        Err(fault) => {
            trouble.push(format!("{what} could not be read: {}", fault.what));
            None
        }
    }
}
