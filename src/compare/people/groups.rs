//! Groups: matched by name and tenant.

use std::collections::BTreeMap;

use super::Match;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::outsystems::{DestinationId, Environment, Group, Key, SourceId, SystemTarget};

/// A group of the run.
#[derive(Clone, Debug)]
pub struct GroupMatch {
    /// Its id in the source.
    pub source: SourceId,
    /// Its name.
    pub name: Key,
    /// The tenant's id in the source.
    pub tenant: Option<SourceId>,
    /// What was found.
    pub matched: Match,
    /// The one it was mapped to by a decision, when the destination has none of its name.
    pub mapped: Option<DestinationId>,
    /// The finding that decides, when the match is not plain.
    pub finding: Option<FindingKey>,
}

impl GroupMatch {
    /// The group that references to it go to: the one that was found, or the one it was mapped to.
    #[must_use]
    pub fn destination(&self) -> Option<DestinationId> {
        self.matched.found().or(self.mapped)
    }
}

/// The destination's group that a person means: by id, or by a name that is unique, or is so within
/// this tenant. An error says why it is none.
pub fn group_named(
    destination: &Environment,
    to: &str,
    tenant: Option<DestinationId>,
) -> Result<DestinationId, String> {
    if let Ok(id) = to.trim().parse::<i64>()
        && destination.groups.iter().any(|group| group.id == id)
    {
        return Ok(DestinationId(id));
    }
    let wanted = Key::new(to);
    let all: Vec<_> = destination.groups.iter().filter(|group| group.name == wanted).collect();
    let own: Vec<_> = all
        .iter()
        .filter(|group| group.tenant_id.is_none() || group.tenant_id.map(DestinationId) == tenant)
        .collect();
    match (&own[..], &all[..]) {
        ([one], _) => Ok(DestinationId(one.id)),
        (_, [one]) => Ok(DestinationId(one.id)),
        (_, []) => Err(format!("the destination has no group \"{to}\"")),
        _ => Err(format!("\"{to}\" is several groups in the destination; give the id")),
    }
}

/// How many groups of the source are the group of the same id in the destination, by name and tenant.
pub(in crate::compare) fn same_groups(source: &Environment, destination: &Environment) -> usize {
    let tenant = |environment: &Environment, id: Option<i64>| {
        id.and_then(|id| environment.tenant(id)).map(|tenant| tenant.name.clone())
    };
    let is_same = |group: &&Group| {
        destination.groups.iter().any(|other| {
            other.id == group.id
                && other.name == group.name
                && tenant(destination, other.tenant_id) == tenant(source, group.tenant_id)
        })
    };
    source.groups.iter().filter(is_same).count()
}

impl Work<'_> {
    /// Whether it was decided that nobody gets roles by this group.
    pub(super) fn is_left_out(&self, group: &GroupMatch) -> bool {
        let is_emptied = |key: &FindingKey| self.selection.is_emptied(key);
        group.destination().is_none() && group.finding.as_ref().is_some_and(is_emptied)
    }

    pub(super) fn match_groups(&mut self, needed: &BTreeMap<SourceId, u64>) {
        let groups: Vec<_> = self
            .source
            .groups
            .iter()
            .filter(|group| needed.contains_key(&SourceId(group.id)))
            .cloned()
            .collect();
        let held = self.held(SystemTarget::Group);
        let with_tenants = self.destination.groups.iter().any(|group| group.tenant_id.is_some());
        for group in groups {
            let own_tenant = group.tenant_id.map(SourceId);
            let tenant_name = self.tenant_name(own_tenant);
            let key = FindingKey::person(FindingKind::GroupMissing, &group.name, &tenant_name);
            let tenant = if with_tenants { self.mapped_tenant(own_tenant) } else { Some(None) };
            let candidates: Vec<DestinationId> = match tenant {
                Some(tenant) => self
                    .destination
                    .groups
                    .iter()
                    .filter(|other| {
                        other.name == group.name && other.tenant_id.map(DestinationId) == tenant
                    })
                    .map(|other| DestinationId(other.id))
                    .collect(),
                None => Vec::new(),
            };
            let matched = match candidates[..] {
                [one] => Match::Found(one),
                [] => Match::Missing,
                _ => Match::Ambiguous(candidates),
            };
            let (mut finding, mut mapped) = (None, None);
            if matched.found().is_none() {
                let rows = needed.get(&SourceId(group.id)).copied().filter(|rows| *rows > 0);
                let is_missing = matched == Match::Missing;
                let mut choices = vec![Choice::new(choice::MAP, "use another group").to_a_target()];
                if is_missing {
                    choices.insert(0, Choice::new(choice::CREATE, "create the group"));
                }
                if !held.contains(&SourceId(group.id)) {
                    let leave = "leave it out: no reference, and nobody gets its roles by it";
                    choices.push(Choice::new(choice::EMPTY, leave));
                }
                choices.push(Choice::stop("do not run"));
                let asked = Finding::decide(
                    key.clone(),
                    format!("group {} of {tenant_name}", group.name),
                    if is_missing {
                        "the destination does not have this group"
                    } else {
                        "several groups of the destination have this name in this tenant"
                    },
                    "Groups are matched by name and tenant.",
                    choices,
                    if is_missing { choice::CREATE } else { choice::STOP },
                );
                self.find(match rows {
                    Some(_) => asked.touching(rows),
                    None => asked,
                });
                let decided = self.selection.mapped.get(&key);
                let meant = |to: &String| {
                    group_named(self.destination, to, tenant.unwrap_or_default()).ok()
                };
                mapped = decided.and_then(meant);
                finding = Some(key);
            }
            self.out.groups.push(GroupMatch {
                source: SourceId(group.id),
                name: group.name,
                tenant: own_tenant,
                matched,
                mapped,
                finding,
            });
        }
    }
}
