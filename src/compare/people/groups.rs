//! Groups: matched by name and tenant.

use std::collections::BTreeMap;

use super::Match;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::outsystems::Key;

/// A group of the run.
#[derive(Clone, Debug)]
pub struct GroupMatch {
    /// Its id in the source.
    pub source: i64,
    /// Its name.
    pub name: Key,
    /// The tenant's id in the source.
    pub tenant: Option<i64>,
    /// What was found.
    pub matched: Match,
    /// The finding that decides, when the match is not plain.
    pub finding: Option<FindingKey>,
}

impl Work<'_> {
    pub(super) fn match_groups(&mut self, needed: &BTreeMap<i64, u64>) {
        let groups: Vec<_> = self
            .source
            .groups
            .iter()
            .filter(|group| needed.contains_key(&group.id))
            .cloned()
            .collect();
        let with_tenants = self.destination.groups.iter().any(|group| group.tenant_id.is_some());
        for group in groups {
            let tenant_name = self.tenant_name(group.tenant_id);
            let key = FindingKey::person(FindingKind::GroupMissing, &group.name, &tenant_name);
            let tenant =
                if with_tenants { self.mapped_tenant(group.tenant_id) } else { Some(None) };
            let candidates: Vec<i64> = match tenant {
                Some(tenant) => self
                    .destination
                    .groups
                    .iter()
                    .filter(|other| other.name == group.name && other.tenant_id == tenant)
                    .map(|other| other.id)
                    .collect(),
                None => Vec::new(),
            };
            let matched = match candidates[..] {
                [one] => Match::Found(one),
                [] => Match::Missing,
                _ => Match::Ambiguous(candidates),
            };
            let mut finding = None;
            if matched.found().is_none() {
                let is_missing = matched == Match::Missing;
                let mut choices = vec![Choice::new(choice::MAP, "use another group").to_a_target()];
                if is_missing {
                    choices.insert(0, Choice::new(choice::CREATE, "create the group"));
                }
                choices.push(Choice::stop("do not run"));
                self.find(Finding::decide(
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
                ));
                finding = Some(key);
            }
            self.out.groups.push(GroupMatch {
                source: group.id,
                name: group.name,
                tenant: group.tenant_id,
                matched,
                finding,
            });
        }
    }
}
