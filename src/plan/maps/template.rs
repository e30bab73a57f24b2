//! The maps of a comparison as they are, to be filled in: what is open stands first.

use super::check::{tenant_name, tenant_of};
use super::lines::columns;
use super::{MapKind, csv};
use crate::compare::{
    Comparison, Finding, FindingKey, Match, TenantMatch, UserMatch, choice, tenants_named,
    user_named,
};
use crate::database::Value;
use crate::outsystems::{DestinationId, Environment};
use crate::plan::Decisions;

/// A line: whether it is open, and its cells.
type Filled = (bool, Vec<String>);

/// The text of a map: everything that rows in scope use, with what is decided about it.
#[must_use]
pub fn template(
    kind: MapKind,
    comparison: &Comparison,
    decisions: &Decisions,
    source: &Environment,
    destination: &Environment,
) -> String {
    let form = Form { comparison, decisions, source, destination };
    let mut lines: Vec<Filled> = match kind {
        MapKind::Records => form.records(),
        MapKind::Users => form.users(),
        MapKind::Groups => form.groups(),
        MapKind::Tenants => form.tenants(),
    };
    lines.sort_by(|a, b| (!a.0, &a.1).cmp(&(!b.0, &b.1)));
    let mut text = csv::line(columns(kind).iter().copied());
    for (_, cells) in &lines {
        text.push_str(&csv::line(cells.iter().map(String::as_str)));
    }
    text
}

struct Form<'a> {
    comparison: &'a Comparison,
    decisions: &'a Decisions,
    source: &'a Environment,
    destination: &'a Environment,
}

impl Form<'_> {
    fn records(&self) -> Vec<Filled> {
        let mut lines = Vec::new();
        for (index, map) in &self.comparison.fixed {
            // The rows of platform tables are decided in the plan.
            if self.source.entity(*index).system_target().is_some() {
                continue;
            }
            for record in map.records.iter().filter(|record| record.used > 0) {
                let found = record.destination.as_ref().map(Value::to_string);
                let decided = self.decided(record.finding.as_ref(), found);
                let mut cells =
                    vec![map.name.clone(), record.name.clone(), record.key.as_str().to_owned()];
                cells.push(record.used.to_string());
                lines.push(decided.into_line(cells));
            }
        }
        lines
    }

    fn users(&self) -> Vec<Filled> {
        let users = self.comparison.users.iter().map(|user| {
            let found = user.matched.found().map(|id| self.user_there(user, id));
            let mut decided = self.decided(user.finding.as_ref(), found);
            if let Match::Ambiguous(ids) = &user.matched {
                decided.candidates = ids.iter().map(ToString::to_string).collect();
            }
            let tenant = tenant_name(self.source, user);
            let mut cells = vec![user.username.as_str().to_owned(), tenant.as_str().to_owned()];
            cells.push(user.rows.to_string());
            decided.into_line(cells)
        });
        users.collect()
    }

    fn groups(&self) -> Vec<Filled> {
        let groups = self.comparison.groups.iter().map(|group| {
            let found = group.matched.found().map(|id| id.to_string());
            let mut decided = self.decided(group.finding.as_ref(), found);
            if let Match::Ambiguous(ids) = &group.matched {
                decided.candidates = ids.iter().map(ToString::to_string).collect();
            }
            let tenant = tenant_of(self.source, group.tenant);
            decided.into_line(vec![group.name.as_str().to_owned(), tenant.as_str().to_owned()])
        });
        groups.collect()
    }

    fn tenants(&self) -> Vec<Filled> {
        let needed = self.comparison.tenants.iter().filter(|tenant| tenant.is_needed);
        let known = needed.filter_map(|tenant| {
            let own = self.source.tenant(tenant.source.0)?;
            let found = tenant.destination().map(|id| self.tenant_there(id));
            let decided = self.decided(tenant.finding.as_ref(), found);
            Some(decided.into_line(vec![own.name.as_str().to_owned(), own.provider_name.clone()]))
        });
        known.collect()
    }

    /// What a line says of something: the decision about it, or what was found.
    fn decided(&self, finding: Option<&FindingKey>, found: Option<String>) -> Decided {
        let finding: Option<&Finding> = finding.and_then(|key| self.comparison.finding(key));
        let decision = finding.and_then(|finding| self.decisions.get(&finding.key));
        let candidates = finding.map(|finding| finding.candidates.clone()).unwrap_or_default();
        match decision {
            Some(made) if made.choice == choice::MAP => {
                Decided { choice: choice::MAP.to_owned(), to: made.to.clone(), candidates }
            }
            Some(made) => Decided { choice: made.choice.clone(), to: None, candidates },
            None if finding.is_some() && candidates.is_empty() => {
                Decided { candidates: found.into_iter().collect(), ..Decided::default() }
            }
            None if finding.is_some() => Decided { candidates, ..Decided::default() },
            None => Decided { to: found, ..Decided::default() },
        }
    }

    /// A name that means this user, or the id where the name means several.
    fn user_there(&self, user: &UserMatch, id: DestinationId) -> String {
        let tenants = &self.comparison.tenants;
        let tenant = tenants.iter().find(|one| Some(one.source) == user.tenant);
        let tenant = tenant.and_then(TenantMatch::destination);
        self.destination
            .users
            .iter()
            .find(|there| there.id == id.0)
            .map(|there| there.username.as_str().to_owned())
            .filter(|name| user_named(self.destination, name, tenant) == Ok(id))
            .unwrap_or_else(|| id.to_string())
    }

    fn tenant_there(&self, id: DestinationId) -> String {
        self.destination
            .tenant(id.0)
            .map(|there| format!("{} of {}", there.name, there.provider_name))
            .filter(|name| tenants_named(self.destination, name)[..] == [id])
            .unwrap_or_else(|| id.to_string())
    }
}

/// What is decided.
#[derive(Default)]
struct Decided {
    choice: String,
    to: Option<String>,
    candidates: Vec<String>,
}

impl Decided {
    /// The line, after the cells that say what it is about.
    fn into_line(self, mut cells: Vec<String>) -> Filled {
        let is_open = self.choice.is_empty() && self.to.is_none();
        cells.push(self.choice);
        cells.push(self.to.unwrap_or_default());
        cells.push(self.candidates.join("; "));
        (is_open, cells)
    }
}
