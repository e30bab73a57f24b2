//! Tenants, users, groups and roles: who is who in the other environment.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::records::fold;
use super::references::Target;
use super::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{ColumnRef, Filter, Value};
use crate::outsystems::{Key, Side, SystemTarget, Tenant};

/// The espace that owns the platform's own users (`metamodel.md` §6).
const SERVICE_CENTER: &str = "ServiceCenter";

/// What was found in the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// This one.
    Found(i64),
    /// None.
    Missing,
    /// More than one could be meant.
    Ambiguous(Vec<i64>),
}

impl Match {
    /// The id, when there is exactly one.
    #[must_use]
    pub fn found(&self) -> Option<i64> {
        match self {
            Self::Found(id) => Some(*id),
            _ => None,
        }
    }
}

/// A tenant of the run.
#[derive(Clone, Debug)]
pub struct TenantMatch {
    /// Its id in the source.
    pub source: i64,
    /// Its name.
    pub name: Key,
    /// What was found.
    pub matched: Match,
    /// Whether rows or users of the run belong to it.
    pub is_needed: bool,
    /// The finding, when it has no counterpart.
    pub finding: Option<FindingKey>,
}

/// A user of the run.
#[derive(Clone, Debug)]
pub struct UserMatch {
    /// Its id in the source.
    pub source: i64,
    /// The user name.
    pub username: Key,
    /// The tenant's id in the source.
    pub tenant: Option<i64>,
    /// Rows in scope that refer to the user.
    pub rows: u64,
    /// What was found.
    pub matched: Match,
    /// The finding that decides, when the match is not plain.
    pub finding: Option<FindingKey>,
}

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

/// Users of one name in one tenant: id, and whether the account is in use.
type Namesakes = HashMap<(Key, Option<i64>), Vec<(i64, bool)>>;

impl Work<'_> {
    /// Matches everybody that rows in scope refer to, or that holds a role in scope
    /// (`design.md` decision 12).
    pub(super) fn people(&mut self) {
        self.providers();
        self.roles();
        let users = self.needed(SystemTarget::User);
        let groups = self.needed(SystemTarget::Group);
        let (Some(mut users), Some(mut groups)) = (users, groups) else { return };
        let source = self.source;
        let roles: BTreeSet<i64> = self.out.roles.keys().copied().collect();
        for (group, role) in &source.links.group_roles {
            if roles.contains(role) {
                groups.entry(*group).or_insert(0);
            }
        }
        for (user, role) in &source.links.user_roles {
            if roles.contains(role) {
                users.entry(*user).or_insert(0);
            }
        }
        for (user, group) in &source.links.group_users {
            if groups.contains_key(group)
                && source.links.group_roles.iter().any(|(g, r)| g == group && roles.contains(r))
            {
                users.entry(*user).or_insert(0);
            }
        }
        let Some(tenants) = self.needed_tenants(&users, &groups) else { return };
        self.tenants(&tenants);
        self.match_users(&users);
        self.match_groups(&groups);
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
                    self.out.roles.insert(role.id, other.id);
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

    fn references_to(&self, system: SystemTarget) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
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
    fn needed(&mut self, system: SystemTarget) -> Option<BTreeMap<i64, u64>> {
        let references = self.references_to(system);
        let usage = self.usage(&references)?;
        let known: HashSet<String> = match system {
            SystemTarget::User => {
                self.source.users.iter().map(|user| fold(&Value::Integer(user.id))).collect()
            }
            SystemTarget::Group => {
                self.source.groups.iter().map(|group| fold(&Value::Integer(group.id))).collect()
            }
            _ => {
                self.source.tenants.iter().map(|tenant| fold(&Value::Integer(tenant.id))).collect()
            }
        };
        self.values_without_record(&references, &usage, &known);
        Some(
            usage
                .iter()
                .filter(|(folded, _)| known.contains(*folded))
                .filter_map(|(_, (value, rows, _))| Some((value.as_integer()?, *rows)))
                .collect(),
        )
    }

    /// The users that some row refers to by a reference that may not be emptied.
    fn held_users(&mut self) -> BTreeSet<i64> {
        let mut references = self.references_to(SystemTarget::User);
        references.retain(|(pair, place)| {
            let pair = &self.out.pairs[*pair];
            pair.identifier == Some(*place) || !pair.attributes[*place].may_be_emptied()
        });
        let usage = self.usage(&references).unwrap_or_default();
        usage.into_values().filter_map(|(value, _, _)| value.as_integer()).collect()
    }

    fn needed_tenants(
        &mut self,
        users: &BTreeMap<i64, u64>,
        groups: &BTreeMap<i64, u64>,
    ) -> Option<BTreeSet<i64>> {
        let mut needed: BTreeSet<i64> = self.needed(SystemTarget::Tenant)?.into_keys().collect();
        let mut complete = true;
        for pair in &self.out.pairs {
            if let Some((column, _)) = &pair.tenant {
                let table = &self.source.entity(pair.source).table;
                let column = ColumnRef::from(column);
                match self.inquiry.values(Side::Source, table, column, Filter::All) {
                    Some(values) => {
                        needed.extend(values.iter().filter_map(|(value, _)| value.as_integer()));
                    }
                    None => complete = false,
                }
            }
        }
        let of_users = self.source.users.iter().filter(|user| users.contains_key(&user.id));
        needed.extend(of_users.filter_map(|user| user.tenant_id));
        let of_groups = self.source.groups.iter().filter(|group| groups.contains_key(&group.id));
        needed.extend(of_groups.filter_map(|group| group.tenant_id));
        needed.remove(&0);
        complete.then_some(needed)
    }

    fn tenants(&mut self, needed: &BTreeSet<i64>) {
        let mut all: Vec<Tenant> = self.source.tenants.clone();
        for id in needed {
            if !all.iter().any(|tenant| tenant.id == *id) {
                all.push(Tenant {
                    id: *id,
                    name: Key::new(&format!("tenant {id}")),
                    provider: Key::default(),
                    provider_name: String::new(),
                    is_active: false,
                });
            }
        }
        for tenant in all {
            let is_needed = needed.contains(&tenant.id);
            let candidates: Vec<&Tenant> = self
                .destination
                .tenants
                .iter()
                .filter(|other| {
                    other.is_active
                        && !tenant.name.is_empty()
                        && other.name == tenant.name
                        && other.provider == tenant.provider
                        && !tenant.provider.is_empty()
                })
                .collect();
            let matched = match candidates[..] {
                [one] => Match::Found(one.id),
                [] => Match::Missing,
                _ => Match::Ambiguous(candidates.iter().map(|tenant| tenant.id).collect()),
            };
            let mut finding = None;
            if is_needed && matched.found().is_none() {
                let key = FindingKey {
                    tenant: tenant.name.clone(),
                    espace: tenant.provider.clone(),
                    ..FindingKey::new(FindingKind::TenantMissing)
                };
                let offered: Vec<String> = self
                    .destination
                    .tenants
                    .iter()
                    .filter(|other| other.is_active)
                    .map(|other| format!("{} of {}", other.name, other.provider_name))
                    .collect();
                self.find(
                    Finding::decide(
                        key.clone(),
                        format!("tenant {} of {}", tenant.name, tenant.provider_name),
                        if matches!(matched, Match::Ambiguous(_)) {
                            "several active tenants of the destination have this name"
                        } else {
                            "the destination has no active tenant of this name"
                        },
                        "Rows of a tenant go to the tenant of the same name and user provider. Make it \
                         in the Users application, or map it.",
                        vec![
                            Choice::stop("do not run until the tenant is there"),
                            Choice::new(choice::MAP, "use another tenant").to_a_target(),
                        ],
                        choice::STOP,
                    )
                    .offering(offered),
                );
                finding = Some(key);
            }
            self.out.tenants.push(TenantMatch {
                source: tenant.id,
                name: tenant.name,
                matched,
                is_needed,
                finding,
            });
        }
    }

    /// The destination's tenant for a source tenant.
    fn mapped_tenant(&self, source: Option<i64>) -> Option<Option<i64>> {
        match source {
            None => Some(None),
            Some(id) => self
                .out
                .tenants
                .iter()
                .find(|tenant| tenant.source == id)
                .and_then(|tenant| tenant.matched.found())
                .map(Some),
        }
    }

    fn tenant_name(&self, id: Option<i64>) -> Key {
        id.and_then(|id| self.source.tenant(id))
            .map(|tenant| tenant.name.clone())
            .unwrap_or_default()
    }

    fn is_platform_tenant(&self, id: Option<i64>) -> bool {
        id.and_then(|id| self.source.tenant(id))
            .is_some_and(|tenant| tenant.provider_name.eq_ignore_ascii_case(SERVICE_CENTER))
    }

    fn match_users(&mut self, needed: &BTreeMap<i64, u64>) {
        let held = self.held_users();
        let mut namesakes: Namesakes = HashMap::new();
        for user in &self.source.users {
            namesakes
                .entry((user.username.clone(), user.tenant_id))
                .or_default()
                .push((user.id, user.is_active));
        }
        let destination = self.destination;
        let with_tenants = destination.users.iter().any(|user| user.tenant_id.is_some());
        let mut theirs: Namesakes = HashMap::new();
        for user in &destination.users {
            theirs
                .entry((user.username.clone(), user.tenant_id))
                .or_default()
                .push((user.id, user.is_active));
        }
        let users: Vec<_> = self
            .source
            .users
            .iter()
            .filter(|user| needed.contains_key(&user.id))
            .cloned()
            .collect();
        for user in users {
            let rows = needed.get(&user.id).copied().unwrap_or_default();
            let may_be_emptied = !held.contains(&user.id);
            let tenant_name = self.tenant_name(user.tenant_id);
            let about = if tenant_name.is_empty() {
                format!("user {}", user.username)
            } else {
                format!("user {} of {tenant_name}", user.username)
            };
            let key = |kind| FindingKey::person(kind, &user.username, &tenant_name);
            let mut record = UserMatch {
                source: user.id,
                username: user.username.clone(),
                tenant: user.tenant_id,
                rows,
                matched: Match::Missing,
                finding: None,
            };
            let tenant = if with_tenants { self.mapped_tenant(user.tenant_id) } else { Some(None) };
            let Some(tenant) = tenant else {
                // The missing tenant is its own finding and blocks.
                self.out.users.push(record);
                continue;
            };
            let same_here = namesakes
                .get(&(user.username.clone(), user.tenant_id))
                .map(Vec::as_slice)
                .unwrap_or_default();
            let twice_here = same_here.iter().filter(|(_, is_active)| *is_active).count() > 1
                || (!user.is_active && same_here.len() > 1);
            let there =
                theirs.get(&(user.username.clone(), tenant)).map(Vec::as_slice).unwrap_or_default();
            let active: Vec<i64> = there.iter().filter(|u| u.1).map(|u| u.0).collect();
            let candidates: Vec<i64> = if active.is_empty() {
                there.iter().map(|u| u.0).collect()
            } else {
                active.clone()
            };
            let offered = |ids: &[i64]| -> Vec<String> {
                ids.iter()
                    .filter_map(|id| destination.users.iter().find(|user| user.id == *id))
                    .map(|user| {
                        let state = if user.is_active { "" } else { ", inactive" };
                        format!("{} ({}, id {}{state})", user.username, user.name, user.id)
                    })
                    .collect()
            };
            if user.username.is_empty() || twice_here || candidates.len() > 1 {
                let (what, why) = if twice_here || user.username.is_empty() {
                    (
                        "several users of the source have this name in this tenant",
                        "Nothing in the database forbids it. Which of them is meant, only a person can say.",
                    )
                } else {
                    (
                        "several users of the destination have this name in this tenant",
                        "Nothing in the database forbids it. Which of them is meant, only a person can say.",
                    )
                };
                let mut choices = vec![
                    Choice::stop("do not run"),
                    Choice::new(choice::MAP, "use this user").to_a_target(),
                ];
                if may_be_emptied {
                    choices.push(Choice::new(choice::EMPTY, "write no reference"));
                }
                self.find(
                    Finding::decide(
                        key(FindingKind::UserAmbiguous),
                        about,
                        what,
                        why,
                        choices,
                        choice::STOP,
                    )
                    .touching(Some(rows))
                    .offering(offered(&candidates)),
                );
                record.matched = Match::Ambiguous(candidates);
                record.finding = Some(key(FindingKind::UserAmbiguous));
            } else if let [id] = candidates[..] {
                record.matched = Match::Found(id);
                if active.is_empty() && user.is_active {
                    self.find(
                        Finding::decide(
                            key(FindingKind::UserInactive),
                            about,
                            "the user is inactive in the destination",
                            "The account is the same; nobody can sign in with it there.",
                            vec![
                                Choice::new(choice::USE, "use it as it is"),
                                Choice::new(choice::MAP, "use another user").to_a_target(),
                                Choice::stop("do not run"),
                            ],
                            choice::USE,
                        )
                        .touching(Some(rows)),
                    );
                    record.finding = Some(key(FindingKind::UserInactive));
                } else if id != user.id {
                    self.find(
                        Finding::note(
                            key(FindingKind::UserIdDiffers),
                            about,
                            format!("{} in the source, {id} in the destination", user.id),
                            "Users are matched by user name and tenant; references are rewritten.",
                        )
                        .touching(Some(rows)),
                    );
                }
            } else {
                record.finding = Some(key(FindingKind::UserMissing));
                let finding = self.user_missing(
                    key(FindingKind::UserMissing),
                    about,
                    self.is_platform_tenant(user.tenant_id),
                    may_be_emptied,
                );
                self.find(finding.touching(Some(rows)));
            }
            self.out.users.push(record);
        }
    }

    fn user_missing(
        &self,
        key: FindingKey,
        about: String,
        of_platform: bool,
        may_be_emptied: bool,
    ) -> Finding {
        let map = Choice::new(choice::MAP, "use another user").to_a_target();
        let empty = Choice::new(choice::EMPTY, "write no reference");
        let stop = Choice::stop("do not run");
        if of_platform {
            let mut choices = vec![map];
            let recommended = if may_be_emptied {
                choices.insert(0, empty);
                choice::EMPTY
            } else {
                choice::STOP
            };
            choices.push(stop);
            return Finding::decide(
                key,
                about,
                "the destination does not have this platform user",
                "Users of Service Center are kept by LifeTime; osferry never makes or changes them.",
                choices,
                recommended,
            );
        }
        let mut choices = vec![
            Choice::new(choice::CREATE, "create the user, e-mail and phone masked, no password"),
            map,
        ];
        if may_be_emptied {
            choices.push(empty);
        }
        choices.push(stop);
        Finding::decide(
            key,
            about,
            "the destination does not have this user",
            "Rows that this person made or owns need somebody to refer to.",
            choices,
            choice::CREATE,
        )
    }

    fn match_groups(&mut self, needed: &BTreeMap<i64, u64>) {
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
