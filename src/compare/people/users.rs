//! Users: matched by user name and tenant.

use std::collections::{BTreeMap, HashMap};

use super::Match;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::outsystems::{Key, SystemTarget};

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

/// Users of one name in one tenant: id, and whether the account is in use.
type Namesakes = HashMap<(Key, Option<i64>), Vec<(i64, bool)>>;

impl Work<'_> {
    pub(super) fn match_users(&mut self, needed: &BTreeMap<i64, u64>) {
        let may_be_emptied = self.references_to(SystemTarget::User).iter().all(|(pair, place)| {
            let pair = &self.out.pairs[*pair];
            pair.identifier != Some(*place) && pair.attributes[*place].may_be_emptied()
        });
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
}
