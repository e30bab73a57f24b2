//! Users: matched by user name and tenant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Match;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::outsystems::{Key, SystemTarget, User};

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

/// A user's account: its id, and whether it is in use.
type Account = (i64, bool);

/// The accounts of each name in each tenant.
struct Namesakes(HashMap<(Key, Option<i64>), Vec<Account>>);

impl Namesakes {
    fn of(users: &[User]) -> Self {
        let mut all: HashMap<_, Vec<Account>> = HashMap::new();
        for user in users {
            all.entry((user.username.clone(), user.tenant_id))
                .or_default()
                .push((user.id, user.is_active));
        }
        Self(all)
    }

    fn get(&self, username: &Key, tenant: Option<i64>) -> &[Account] {
        self.0.get(&(username.clone(), tenant)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A user of the source whose counterpart is looked for.
struct Sought<'a> {
    user: &'a User,
    tenant_name: Key,
    /// Rows in scope that refer to the user.
    rows: u64,
    /// Whether every reference to the user may be emptied.
    may_be_emptied: bool,
}

impl Sought<'_> {
    fn about(&self) -> String {
        if self.tenant_name.is_empty() {
            format!("user {}", self.user.username)
        } else {
            format!("user {} of {}", self.user.username, self.tenant_name)
        }
    }

    fn key(&self, kind: FindingKind) -> FindingKey {
        FindingKey::person(kind, &self.user.username, &self.tenant_name)
    }
}

impl Work<'_> {
    pub(super) fn match_users(&mut self, needed: &BTreeMap<i64, u64>) {
        let held = self.held_users();
        let (source, destination) = (self.source, self.destination);
        let ours = Namesakes::of(&source.users);
        let theirs = Namesakes::of(&destination.users);
        let with_tenants = destination.users.iter().any(|user| user.tenant_id.is_some());
        for user in &source.users {
            let Some(rows) = needed.get(&user.id).copied() else { continue };
            let tenant_name = self.tenant_name(user.tenant_id);
            let may_be_emptied = !held.contains(&user.id);
            let sought = Sought { user, tenant_name, rows, may_be_emptied };
            let tenant = if with_tenants { self.mapped_tenant(user.tenant_id) } else { Some(None) };
            let (matched, finding) = match tenant {
                Some(tenant) => self.match_user(
                    &sought,
                    ours.get(&user.username, user.tenant_id),
                    theirs.get(&user.username, tenant),
                ),
                // The missing tenant is its own finding and blocks.
                None => (Match::Missing, None),
            };
            self.out.users.push(UserMatch {
                source: user.id,
                username: user.username.clone(),
                tenant: user.tenant_id,
                rows,
                matched,
                finding,
            });
        }
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

    /// Finds the counterpart among the accounts of the same name, with the finding that decides.
    fn match_user(
        &mut self,
        sought: &Sought<'_>,
        here: &[Account],
        there: &[Account],
    ) -> (Match, Option<FindingKey>) {
        let user = sought.user;
        let twice_here = here.iter().filter(|(_, is_active)| *is_active).count() > 1
            || (!user.is_active && here.len() > 1);
        let unclear_here = user.username.is_empty() || twice_here;
        let active: Vec<i64> = there.iter().filter(|u| u.1).map(|u| u.0).collect();
        let is_active_there = !active.is_empty();
        let candidates = if is_active_there { active } else { there.iter().map(|u| u.0).collect() };
        if unclear_here || candidates.len() > 1 {
            let key = self.user_ambiguous(sought, unclear_here, &candidates);
            return (Match::Ambiguous(candidates), Some(key));
        }
        match candidates[..] {
            [id] => (Match::Found(id), self.user_found(sought, id, is_active_there)),
            _ => (Match::Missing, Some(self.user_missing(sought))),
        }
    }

    fn user_ambiguous(
        &mut self,
        sought: &Sought<'_>,
        unclear_here: bool,
        candidates: &[i64],
    ) -> FindingKey {
        let what = if unclear_here {
            "several users of the source have this name in this tenant"
        } else {
            "several users of the destination have this name in this tenant"
        };
        let mut choices = vec![
            Choice::stop("do not run"),
            Choice::new(choice::MAP, "use this user").to_a_target(),
        ];
        if sought.may_be_emptied {
            choices.push(Choice::new(choice::EMPTY, "write no reference"));
        }
        let offered = candidates
            .iter()
            .filter_map(|id| self.destination.users.iter().find(|user| user.id == *id))
            .map(|user| {
                let state = if user.is_active { "" } else { ", inactive" };
                format!("{} ({}, id {}{state})", user.username, user.name, user.id)
            })
            .collect();
        let key = sought.key(FindingKind::UserAmbiguous);
        self.find(
            Finding::decide(
                key.clone(),
                sought.about(),
                what,
                "Nothing in the database forbids it. Which of them is meant, only a person can say.",
                choices,
                choice::STOP,
            )
            .touching(Some(sought.rows))
            .offering(offered),
        );
        key
    }

    /// Notes what is odd about a user that was found; the key, when it has to be decided.
    fn user_found(
        &mut self,
        sought: &Sought<'_>,
        id: i64,
        is_active_there: bool,
    ) -> Option<FindingKey> {
        let user = sought.user;
        if !is_active_there && user.is_active {
            let key = sought.key(FindingKind::UserInactive);
            self.find(
                Finding::decide(
                    key.clone(),
                    sought.about(),
                    "the user is inactive in the destination",
                    "The account is the same; nobody can sign in with it there.",
                    vec![
                        Choice::new(choice::USE, "use it as it is"),
                        Choice::new(choice::MAP, "use another user").to_a_target(),
                        Choice::stop("do not run"),
                    ],
                    choice::USE,
                )
                .touching(Some(sought.rows)),
            );
            return Some(key);
        }
        if id != user.id {
            self.find(
                Finding::note(
                    sought.key(FindingKind::UserIdDiffers),
                    sought.about(),
                    format!("{} in the source, {id} in the destination", user.id),
                    "Users are matched by user name and tenant; references are rewritten.",
                )
                .touching(Some(sought.rows)),
            );
        }
        None
    }

    fn user_missing(&mut self, sought: &Sought<'_>) -> FindingKey {
        let map = Choice::new(choice::MAP, "use another user").to_a_target();
        let empty = Choice::new(choice::EMPTY, "write no reference");
        let stop = Choice::stop("do not run");
        let key = sought.key(FindingKind::UserMissing);
        let finding = if self.is_platform_tenant(sought.user.tenant_id) {
            let mut choices = vec![map];
            let recommended = if sought.may_be_emptied {
                choices.insert(0, empty);
                choice::EMPTY
            } else {
                choice::STOP
            };
            choices.push(stop);
            Finding::decide(
                key.clone(),
                sought.about(),
                "the destination does not have this platform user",
                "Users of Service Center are kept by LifeTime; osferry never makes or changes them.",
                choices,
                recommended,
            )
        } else {
            let create = "create the user, e-mail and phone masked, no password";
            let mut choices = vec![Choice::new(choice::CREATE, create), map];
            if sought.may_be_emptied {
                choices.push(empty);
            }
            choices.push(stop);
            Finding::decide(
                key.clone(),
                sought.about(),
                "the destination does not have this user",
                "Rows that this person made or owns need somebody to refer to.",
                choices,
                choice::CREATE,
            )
        };
        self.find(finding.touching(Some(sought.rows)));
        key
    }
}
