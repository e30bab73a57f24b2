//! Tenants, users, groups and their links, as decided.

use std::collections::{BTreeMap, HashSet};

use super::Builder;
use crate::compare::{Match, choice};
use crate::outsystems::Key;
use crate::plan::{LinksPlan, PersonFate, PersonPlan};

impl Builder<'_> {
    pub(super) fn tenants(&mut self) -> BTreeMap<i64, i64> {
        let mut tenants = BTreeMap::new();
        for tenant in &self.review.comparison.tenants {
            let id = match (&tenant.matched, self.made(tenant.finding.as_ref())) {
                (Match::Found(id), _) => Some(*id),
                (_, Some((choice::MAP, Some(to)))) => {
                    let wanted = Key::new(to.split(" of ").next().unwrap_or(to));
                    let number = to.trim().parse::<i64>().ok();
                    let found: Vec<i64> = self
                        .destination
                        .tenants
                        .iter()
                        .filter(|other| {
                            other.is_active && (other.name == wanted || Some(other.id) == number)
                        })
                        .map(|other| other.id)
                        .collect();
                    if found.len() != 1 {
                        let wrong = format!(
                            "tenant {}: \"{to}\" is {} in the destination; give its id",
                            tenant.name,
                            if found.is_empty() { "no active tenant" } else { "several tenants" }
                        );
                        self.wrong.push(wrong);
                    }
                    found.first().copied()
                }
                _ => None,
            };
            if let Some(id) = id {
                tenants.insert(tenant.source, id);
            }
        }
        tenants
    }

    pub(super) fn users(&mut self, tenants: &BTreeMap<i64, i64>) -> Vec<PersonPlan> {
        let mut users = Vec::new();
        for user in &self.review.comparison.users {
            let tenant = user.tenant.and_then(|id| tenants.get(&id).copied());
            let fate = match (&user.matched, self.made(user.finding.as_ref())) {
                (_, Some((choice::MAP, Some(to)))) => match self.named_user(to, tenant) {
                    Ok(id) => PersonFate::Use(id),
                    Err(why) => {
                        self.wrong.push(format!("user {}: {why}", user.username));
                        continue;
                    }
                },
                (_, Some((choice::EMPTY, _))) => PersonFate::Empty,
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

    /// The destination's user that a decision names: by id, or by a name that is unique.
    fn named_user(&self, to: &str, tenant: Option<i64>) -> Result<i64, String> {
        if let Ok(id) = to.trim().parse::<i64>() {
            return match self.destination.users.iter().find(|user| user.id == id) {
                Some(user) => Ok(user.id),
                None => Err(format!("the destination has no user with the id {id}")),
            };
        }
        let wanted = Key::new(to);
        let all: Vec<_> =
            self.destination.users.iter().filter(|user| user.username == wanted).collect();
        let narrowed: Vec<_> =
            all.iter().filter(|user| user.is_active && user.tenant_id == tenant).collect();
        match (&narrowed[..], &all[..]) {
            ([one], _) => Ok(one.id),
            (_, [one]) => Ok(one.id),
            (_, []) => Err(format!("the destination has no user \"{to}\"")),
            _ => Err(format!("\"{to}\" is several users in the destination; give the id")),
        }
    }

    pub(super) fn groups(&mut self, tenants: &BTreeMap<i64, i64>) -> Vec<PersonPlan> {
        let mut groups = Vec::new();
        for group in &self.review.comparison.groups {
            let tenant = group.tenant.and_then(|id| tenants.get(&id).copied());
            let fate = match (&group.matched, self.made(group.finding.as_ref())) {
                (Match::Found(id), _) => PersonFate::Use(*id),
                (_, Some((choice::MAP, Some(to)))) => {
                    let (wanted, number) = (Key::new(to), to.trim().parse::<i64>().ok());
                    let found = self.destination.groups.iter().find(|other| {
                        Some(other.id) == number
                            || (other.name == wanted
                                && (other.tenant_id.is_none() || other.tenant_id == tenant))
                    });
                    match found {
                        Some(other) => PersonFate::Use(other.id),
                        None => {
                            let wrong = format!(
                                "group {}: the destination has no group \"{to}\"",
                                group.name
                            );
                            self.wrong.push(wrong);
                            continue;
                        }
                    }
                }
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
        let present = |people: &[PersonPlan]| -> HashSet<i64> {
            people.iter().filter(|p| p.fate != PersonFate::Empty).map(|p| p.source).collect()
        };
        let (users, groups) = (present(users), present(groups));
        let role = |id: &i64| self.review.comparison.roles.get(id).copied();
        LinksPlan {
            user_roles: links
                .user_roles
                .iter()
                .filter(|(user, _)| users.contains(user))
                .filter_map(|(user, id)| Some((*user, role(id)?)))
                .collect(),
            group_roles: links
                .group_roles
                .iter()
                .filter(|(group, _)| groups.contains(group))
                .filter_map(|(group, id)| Some((*group, role(id)?)))
                .collect(),
            group_users: links
                .group_users
                .iter()
                .filter(|(user, group)| users.contains(user) && groups.contains(group))
                .copied()
                .collect(),
        }
    }
}
