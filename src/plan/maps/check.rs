//! Whether the lines of a map can be obeyed, now that both sides have been compared.

use super::{Line, Maps, Subject};
use crate::compare::{
    Comparison, FindingKey, GroupMatch, RecordPair, TenantMatch, UserMatch, choice, group_named,
    tenants_named, user_named,
};
use crate::outsystems::{DestinationId, EntityIndex, Environment, Key, SourceId};

impl Maps {
    /// What is wrong with lines that are about something of the run, a sentence each. A line about
    /// something that no row needs is no matter.
    #[must_use]
    pub fn check(
        &self,
        comparison: &Comparison,
        source: &Environment,
        destination: &Environment,
    ) -> Vec<String> {
        let sides = Sides { comparison, source, destination };
        let wrong = self.lines.iter().filter_map(|line| Some((&line.place, sides.wrong(line)?)));
        wrong.map(|(place, why)| format!("{place}: {why}")).collect()
    }
}

struct Sides<'a> {
    comparison: &'a Comparison,
    source: &'a Environment,
    destination: &'a Environment,
}

impl Sides<'_> {
    fn wrong(&self, line: &Line) -> Option<String> {
        match &line.subject {
            Subject::Record { entity, record, .. } => self.record(line, *entity, record),
            Subject::User { name, tenant } => {
                let users = self.comparison.users.iter();
                let mut named = users.filter(|user| {
                    user.username == *name && tenant_name(self.source, user) == *tenant
                });
                named.find_map(|user| self.user(line, user))
            }
            Subject::Group { name, tenant } => {
                let mut groups = self.comparison.groups.iter();
                let group = groups.find(|group| {
                    group.name == *name && tenant_of(self.source, group.tenant) == *tenant
                })?;
                self.group(line, group)
            }
            Subject::Tenant { name, provider } => {
                let tenants = self.comparison.tenants.iter();
                let tenant = tenants.filter(|tenant| tenant.name == *name).find(|tenant| {
                    self.source.tenant(tenant.source.0).is_some_and(|own| own.provider == *provider)
                })?;
                self.tenant(line, tenant)
            }
        }
    }

    fn record(&self, line: &Line, entity: EntityIndex, record: &Key) -> Option<String> {
        let map = self.comparison.fixed.get(&entity)?;
        let pair: &RecordPair = map.records.iter().find(|pair| pair.key == *record)?;
        if pair.finding.is_none() && pair.destination.is_none() {
            // Nothing refers to it.
            return None;
        }
        // One that the module there has dropped is no target for others, and still its own.
        if let (None, Some(found)) = (&pair.finding, &pair.destination)
            && line.to.as_deref().is_some_and(|to| to.eq_ignore_ascii_case(&found.to_string()))
        {
            return None;
        }
        let meant = match line.to.as_deref().map(|to| map.named(to)) {
            Some(Err(why)) => return Some(why),
            Some(Ok(id)) => Some(id),
            None => None,
        };
        match (&pair.finding, &pair.destination) {
            (Some(finding), _) => self.offered(line, finding),
            (None, Some(found)) if meant.as_ref() == Some(found) => None,
            (None, found) => {
                let found = found.as_ref().map(ToString::to_string).unwrap_or_default();
                Some(format!(
                    "the destination has this very record, id {found}; only records that it lacks \
                     can be decided"
                ))
            }
        }
    }

    fn user(&self, line: &Line, user: &UserMatch) -> Option<String> {
        let tenant = self.tenant_there(user);
        let meant = line.to.as_deref().map(|to| user_named(self.destination, to, tenant));
        match (meant, &user.finding) {
            (Some(Err(why)), _) => Some(why),
            (_, Some(finding)) => self.offered(line, finding),
            (Some(Ok(id)), None) if user.matched.found() == Some(id) => None,
            // The user's tenant is missing: that is said elsewhere.
            (Some(Ok(_)), None) => None,
            (None, None) if line.choice == choice::USE => None,
            (None, None) => Some(format!(
                "the destination has this user, so \"{}\" cannot be; only \"map\" can",
                line.choice
            )),
        }
    }

    fn group(&self, line: &Line, group: &GroupMatch) -> Option<String> {
        let tenant = self.tenant_in_destination(group.tenant);
        let meant = line.to.as_deref().map(|to| group_named(self.destination, to, tenant));
        match (meant, &group.finding, group.matched.found()) {
            (Some(Err(why)), _, _) => Some(why),
            (_, Some(finding), _) => self.offered(line, finding),
            (Some(Ok(id)), None, found) if found == Some(id) => None,
            (_, None, Some(found)) => Some(format!(
                "the destination has this group, id {found}; only groups that it lacks can be \
                 decided"
            )),
            (_, None, None) => None,
        }
    }

    fn tenant(&self, line: &Line, tenant: &TenantMatch) -> Option<String> {
        let meant = match line.to.as_deref().map(|to| (to, tenants_named(self.destination, to))) {
            Some((to, found)) => match found[..] {
                [one] => Some(one),
                [] => return Some(format!("the destination has no active tenant \"{to}\"")),
                _ => return Some(format!("\"{to}\" is several tenants; give the id")),
            },
            None => None,
        };
        match (&tenant.finding, tenant.matched.found()) {
            (Some(finding), _) => self.offered(line, finding),
            (None, Some(found)) if meant == Some(found) => None,
            (None, Some(found)) => Some(format!(
                "the destination has this tenant, id {found}; only tenants that it lacks can be \
                 mapped"
            )),
            (None, None) => None,
        }
    }

    /// Whether the finding has this choice.
    fn offered(&self, line: &Line, finding: &FindingKey) -> Option<String> {
        let finding = self.comparison.finding(finding)?;
        if finding.choices.iter().any(|choice| choice.name == line.choice) {
            return None;
        }
        let names: Vec<&str> = finding.choices.iter().map(|choice| choice.name).collect();
        Some(format!(
            "\"{}\" is no choice here ({}: {}); it is {}",
            line.choice,
            finding.about,
            finding.what,
            names.join(", ")
        ))
    }

    fn tenant_there(&self, user: &UserMatch) -> Option<DestinationId> {
        self.tenant_in_destination(user.tenant)
    }

    fn tenant_in_destination(&self, tenant: Option<SourceId>) -> Option<DestinationId> {
        let tenants = &self.comparison.tenants;
        tenants.iter().find(|one| Some(one.source) == tenant)?.destination()
    }
}

/// The name of a user's tenant in the source.
pub(super) fn tenant_name(source: &Environment, user: &UserMatch) -> Key {
    tenant_of(source, user.tenant)
}

/// The name of a tenant of the source.
pub(super) fn tenant_of(source: &Environment, tenant: Option<SourceId>) -> Key {
    let tenant = tenant.and_then(|id| source.tenant(id.0));
    tenant.map(|tenant| tenant.name.clone()).unwrap_or_default()
}
