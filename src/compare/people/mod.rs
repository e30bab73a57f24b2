//! Tenants, users, groups and roles: who is who in the other environment.

mod collisions;
mod groups;
mod names;
mod recreated;
mod strategy;
mod tenants;
mod users;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::records::Folded;
use super::references::Target;
use super::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::outsystems::{DestinationId, Key, SourceId, SystemTarget};

pub(super) use groups::same_groups;
pub use groups::{GroupMatch, group_named};
pub use recreated::Recreated;
pub use strategy::{MatchBy, UserStrategy, WhenFound, WhenMissing};
pub(super) use tenants::same_tenants;
pub use tenants::{TenantMatch, tenants_named};
pub use users::{UserMatch, user_named};

/// What was found in the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// This one.
    Found(DestinationId),
    /// None.
    Missing,
    /// More than one could be meant.
    Ambiguous(Vec<DestinationId>),
}

impl Match {
    /// The id, when there is exactly one.
    #[must_use]
    pub fn found(&self) -> Option<DestinationId> {
        match self {
            Self::Found(id) => Some(*id),
            _ => None,
        }
    }
}

impl Work<'_> {
    /// Matches everybody that rows in scope refer to, or that holds a role in scope
    /// (`design.md` decision 12).
    pub(super) fn people(&mut self) {
        self.providers();
        self.roles();
        self.passwords();
        let users = self.needed(SystemTarget::User);
        let groups = self.needed(SystemTarget::Group);
        let (Some(mut users), Some(mut groups)) = (users, groups) else { return };
        let source = self.source;
        let roles: BTreeSet<SourceId> = self.out.roles.keys().copied().collect();
        for (group, role) in &source.links.group_roles {
            if roles.contains(&SourceId(*role)) {
                groups.entry(SourceId(*group)).or_insert(0);
            }
        }
        for (user, role) in &source.links.user_roles {
            if roles.contains(&SourceId(*role)) {
                users.entry(SourceId(*user)).or_insert(0);
            }
        }
        let of_the_scope: HashSet<SourceId> = (source.links.group_roles.iter())
            .filter(|(_, role)| roles.contains(&SourceId(*role)))
            .map(|(group, _)| SourceId(*group))
            .collect();
        let members = |groups: &HashSet<SourceId>| -> Vec<SourceId> {
            let all = source.links.group_users.iter();
            let theirs = all.filter(|(_, group)| groups.contains(&SourceId(*group)));
            theirs.map(|(user, _)| SourceId(*user)).collect()
        };
        let anybody = users.keys().copied().chain(members(&of_the_scope)).collect();
        let Some(tenants) = self.needed_tenants(&anybody, &groups) else { return };
        self.tenants(&tenants);
        self.match_groups(&groups);
        let carried = self.out.groups.iter().filter(|group| !self.is_left_out(group));
        let carried: HashSet<SourceId> = carried.map(|group| group.source).collect();
        for user in members(&carried.intersection(&of_the_scope).copied().collect()) {
            users.entry(user).or_insert(0);
        }
        self.match_users(&users);
        self.user_collisions();
        self.taken_names();
    }

    /// Modules of the scope whose users live elsewhere on the two sides.
    fn providers(&mut self) {
        for key in &self.selection.espaces {
            let (Some(ours), Some(theirs)) =
                (self.source.espace(key), self.destination.espace(key))
            else {
                continue;
            };
            if ours.user_provider.is_empty()
                || theirs.user_provider.is_empty()
                || ours.user_provider == theirs.user_provider
            {
                continue;
            }
            self.find(Finding::decide(
                FindingKey {
                    espace: key.clone(),
                    ..FindingKey::new(FindingKind::UserProviderDiffers)
                },
                &ours.name,
                "the module takes its users from another user provider",
                "Users and tenants of the two environments would not be the same people. Set the same \
                 user provider for the module on both sides.",
                vec![Choice::stop("do not run until the user provider is the same")],
                choice::STOP,
            ));
        }
    }

    /// Roles of the chosen espaces, by key.
    fn roles(&mut self) {
        let scope: HashSet<&Key> = self.selection.espaces.iter().collect();
        let ours: Vec<_> = self
            .source
            .roles
            .iter()
            .filter(|role| role.is_active && scope.contains(&role.espace_key))
            .cloned()
            .collect();
        for role in ours {
            let counterpart = self.destination.roles.iter().find(|other| {
                other.is_active && other.key == role.key && other.espace_key == role.espace_key
            });
            match counterpart {
                Some(other) => {
                    self.out.roles.insert(SourceId(role.id), DestinationId(other.id));
                }
                None => self.find(Finding::note(
                    FindingKey {
                        espace: role.espace_key.clone(),
                        user: role.key.clone(),
                        ..FindingKey::new(FindingKind::RoleMissing)
                    },
                    format!("role {}", role.name),
                    "the destination does not have this role",
                    "Roles come from the module's code; users and groups cannot be given this one.",
                )),
            }
        }
    }

    /// The attributes whose values are ids of such people or tenants, by their types or by decision.
    fn references_to(&self, system: SystemTarget) -> Vec<(usize, usize)> {
        let mut found = self.soft_references_to(system);
        for (pair_place, pair) in self.out.pairs.iter().enumerate() {
            for (place, attribute) in pair.attributes.iter().enumerate() {
                if let Some(Target::System(target, _)) =
                    attribute.reference.as_ref().map(|reference| reference.target)
                    && target == system
                {
                    found.push((pair_place, place));
                }
            }
        }
        found
    }

    /// The ids that rows in scope refer to, with the rows of each; `None` while a question is
    /// open. Ids that no one has are orphans.
    fn needed(&mut self, system: SystemTarget) -> Option<BTreeMap<SourceId, u64>> {
        let references = self.references_to(system);
        let usage = self.usage(&references)?;
        let source = self.source;
        let is_known = |value: &Folded| match (value, system) {
            (Folded::Integer(id), SystemTarget::User) => source.user(*id).is_some(),
            (Folded::Integer(id), SystemTarget::Group) => {
                source.groups.iter().any(|group| group.id == *id)
            }
            (Folded::Integer(id), _) => source.tenant(*id).is_some(),
            _ => false,
        };
        self.values_without_record(&references, &usage, is_known);
        let known = usage.iter().filter(|(value, _)| is_known(value));
        Some(known.filter_map(|(_, used)| Some((SourceId(used.id()?), used.rows))).collect())
    }
}
