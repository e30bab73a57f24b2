//! Tenants, users, groups and their links, as decided.

use std::collections::{BTreeMap, HashSet};

use super::Builder;
use crate::compare::{Match, MatchBy, choice, group_named, tenants_named, user_named};
use crate::outsystems::{DestinationId, SourceId};
use crate::plan::{LinksPlan, PersonFate, PersonPlan};

/// What an update sets, besides the password where that is wanted (`metamodel.md` §6).
const UPDATED: [&str; 5] = ["NAME", "EMAIL", "MOBILEPHONE", "EXTERNAL_ID", "IS_ACTIVE"];

impl Builder<'_> {
    pub(super) fn tenants(&mut self) -> BTreeMap<SourceId, DestinationId> {
        let mut tenants = BTreeMap::new();
        for tenant in &self.review.comparison.tenants {
            let id = tenant.destination();
            if id.is_none()
                && let Some((choice::MAP, Some(to))) = self.made(tenant.finding.as_ref())
            {
                let found = match tenants_named(self.destination, to).is_empty() {
                    true => "no active tenant",
                    false => "several tenants",
                };
                let wrong = format!(
                    "tenant {}: \"{to}\" is {found} in the destination; give its id",
                    tenant.name
                );
                self.wrong.push(wrong);
            }
            if let Some(id) = id {
                tenants.insert(tenant.source, id);
            }
        }
        tenants
    }

    pub(super) fn users(&mut self, tenants: &BTreeMap<SourceId, DestinationId>) -> Vec<PersonPlan> {
        let mut users = Vec::new();
        for user in &self.review.comparison.users {
            let tenant = user.tenant.and_then(|id| tenants.get(&id).copied());
            let fate = match (&user.matched, self.made(user.finding.as_ref())) {
                (_, Some((choice::MAP, Some(to)))) => {
                    match user_named(self.destination, to, tenant) {
                        Ok(id) => PersonFate::Use(id),
                        Err(why) => {
                            self.wrong.push(format!("user {}: {why}", user.username));
                            continue;
                        }
                    }
                }
                (_, Some((choice::EMPTY, _))) => PersonFate::Empty,
                (Match::Found(id), Some((choice::UPDATE, _))) => PersonFate::Update(*id),
                (Match::Found(id), Some((choice::RECREATE, _))) => {
                    // Nothing is created of which the old row would stay.
                    let goes = &self.review.comparison.recreated.users;
                    if !goes.contains(&(user.source, *id)) {
                        let wrong = format!("user {} cannot be created again", user.username);
                        self.wrong.push(wrong);
                        continue;
                    }
                    PersonFate::Create { tenant }
                }
                (Match::Found(id), _) => PersonFate::Use(*id),
                (Match::Missing, Some((choice::CREATE, _))) => PersonFate::Create { tenant },
                _ => {
                    self.wrong.push(format!("user {} is not decided", user.username));
                    continue;
                }
            };
            let name = user.username.as_str().to_owned();
            users.push(PersonPlan { source: user.source, name, fate });
        }
        users
    }

    /// What updated users take from the source. What they were found by stays: it is the same but
    /// for its case, and a mask in its place would find nobody the next time.
    pub(super) fn user_columns(&self, users: &[PersonPlan]) -> Vec<String> {
        if !users.iter().any(|user| user.fate.is_update()) {
            return Vec::new();
        }
        let strategy = &self.review.selection.strategy;
        let found_by = match strategy.match_by {
            MatchBy::UserName => "USERNAME",
            MatchBy::Email => "EMAIL",
            MatchBy::ExternalId => "EXTERNAL_ID",
        };
        let password = strategy.copies_passwords.then_some("PASSWORD");
        let columns = UPDATED.iter().copied().chain(password);
        columns.filter(|column| *column != found_by).map(str::to_owned).collect()
    }

    /// Nobody else may become a row that goes; and no row is written for two.
    pub(super) fn check_recreated(&mut self, users: &[PersonPlan]) {
        let gone: HashSet<DestinationId> =
            self.review.comparison.recreated.users.iter().map(|(_, id)| *id).collect();
        let mut updated = HashSet::new();
        for user in users {
            let Some(id) = user.fate.found() else { continue };
            if gone.contains(&id) {
                self.wrong.push(format!(
                    "user {} is to become the user {id} of the destination, who is deleted and \
                     created again; map it to somebody else, or use that user as it is",
                    user.name
                ));
            }
            if user.fate.is_update() && !updated.insert(id) {
                self.wrong.push(format!(
                    "user {}: the user {id} of the destination would be updated twice",
                    user.name
                ));
            }
        }
    }

    pub(super) fn groups(
        &mut self,
        tenants: &BTreeMap<SourceId, DestinationId>,
    ) -> Vec<PersonPlan> {
        let mut groups = Vec::new();
        for group in &self.review.comparison.groups {
            let tenant = group.tenant.and_then(|id| tenants.get(&id).copied());
            let fate = match (&group.matched, self.made(group.finding.as_ref())) {
                (Match::Found(id), _) => PersonFate::Use(*id),
                (_, Some((choice::MAP, Some(to)))) => {
                    match group_named(self.destination, to, tenant) {
                        Ok(id) => PersonFate::Use(id),
                        Err(why) => {
                            self.wrong.push(format!("group {}: {why}", group.name));
                            continue;
                        }
                    }
                }
                (_, Some((choice::EMPTY, _))) => PersonFate::Empty,
                (Match::Missing, Some((choice::CREATE, _))) => PersonFate::Create { tenant },
                _ => {
                    self.wrong.push(format!("group {} is not decided", group.name));
                    continue;
                }
            };
            let name = group.name.as_str().to_owned();
            groups.push(PersonPlan { source: group.source, name, fate });
        }
        groups
    }

    pub(super) fn links(&self, users: &[PersonPlan], groups: &[PersonPlan]) -> LinksPlan {
        let links = &self.source.links;
        let present = |people: &[PersonPlan]| -> HashSet<SourceId> {
            people.iter().filter(|p| p.fate != PersonFate::Empty).map(|p| p.source).collect()
        };
        let (users, groups) = (present(users), present(groups));
        let role = |id: SourceId| self.review.comparison.roles.get(&id).copied();
        LinksPlan {
            user_roles: links
                .user_roles
                .iter()
                .map(|(user, id)| (SourceId(*user), SourceId(*id)))
                .filter(|(user, _)| users.contains(user))
                .filter_map(|(user, id)| Some((user, role(id)?)))
                .collect(),
            group_roles: links
                .group_roles
                .iter()
                .map(|(group, id)| (SourceId(*group), SourceId(*id)))
                .filter(|(group, _)| groups.contains(group))
                .filter_map(|(group, id)| Some((group, role(id)?)))
                .collect(),
            group_users: links
                .group_users
                .iter()
                .map(|(user, group)| (SourceId(*user), SourceId(*group)))
                .filter(|(user, group)| users.contains(user) && groups.contains(group))
                .collect(),
        }
    }
}
