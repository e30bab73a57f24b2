//! Users: matched by user name and tenant, or by what else the plan says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use super::{Match, MatchBy, WhenFound, WhenMissing};
use crate::compare::records::Used;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Severity, Work, choice};
use crate::outsystems::{DestinationId, Environment, Key, SourceId, SystemTarget, User};

/// A user of the run.
#[derive(Clone, Debug)]
pub struct UserMatch {
    /// Its id in the source.
    pub source: SourceId,
    /// The user name.
    pub username: Key,
    /// The tenant's id in the source.
    pub tenant: Option<SourceId>,
    /// Rows in scope that refer to the user.
    pub rows: u64,
    /// What was found.
    pub matched: Match,
    /// The one it was mapped to by a decision, whatever was found.
    pub mapped: Option<DestinationId>,
    /// The finding that decides, when the match is not plain.
    pub finding: Option<FindingKey>,
    /// Whether the row that was found may be written: not that of a user of Service Center.
    pub may_be_written: bool,
}

impl UserMatch {
    /// The user its rows go to: the one it was mapped to, or the one that was found.
    #[must_use]
    pub fn destination(&self) -> Option<DestinationId> {
        self.mapped.or_else(|| self.matched.found())
    }
}

/// The destination's user that a person means: by id, or by a name that is unique, or is so among
/// the active ones of this tenant. An error says why it is none.
pub fn user_named(
    destination: &Environment,
    to: &str,
    tenant: Option<DestinationId>,
) -> Result<DestinationId, String> {
    if let Ok(id) = to.trim().parse::<i64>() {
        return match destination.user(id) {
            Some(user) => Ok(DestinationId(user.id)),
            None => Err(format!("the destination has no user with the id {id}")),
        };
    }
    let wanted = Key::new(to);
    let all: Vec<_> = destination.users.iter().filter(|user| user.username == wanted).collect();
    let narrowed: Vec<_> = all
        .iter()
        .filter(|user| user.is_active && user.tenant_id.map(DestinationId) == tenant)
        .collect();
    match (&narrowed[..], &all[..]) {
        ([one], _) => Ok(DestinationId(one.id)),
        (_, [one]) => Ok(DestinationId(one.id)),
        (_, []) => Err(format!("the destination has no user \"{to}\"")),
        _ => Err(format!("\"{to}\" is several users in the destination; give the id")),
    }
}

/// A user's account: its id, and whether it is in use.
type Account<Id> = (Id, bool);

/// The accounts of each name, or what else they are matched by, in each tenant, of one side.
struct Namesakes<'a, Id>(HashMap<(&'a Key, Option<Id>), Vec<Account<Id>>>);

impl<'a, Id: Copy + Eq + Hash> Namesakes<'a, Id> {
    fn of(users: &'a [User], by: MatchBy, id: fn(i64) -> Id) -> Self {
        let mut all: HashMap<_, Vec<Account<Id>>> = HashMap::with_capacity(users.len());
        for user in users {
            all.entry((by.key(user), user.tenant_id.map(id)))
                .or_default()
                .push((id(user.id), user.is_active));
        }
        Self(all)
    }

    fn get(&self, key: &'a Key, tenant: Option<Id>) -> &[Account<Id>] {
        self.0.get(&(key, tenant)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A user of the source whose counterpart is looked for.
struct Sought<'a> {
    user: &'a User,
    /// What the user is known by in the destination.
    by: MatchBy,
    /// Users of the destination that have its user name and tenant.
    namesakes: &'a [Account<DestinationId>],
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
    pub(super) fn match_users(&mut self, needed: &BTreeMap<SourceId, u64>) {
        let held = self.held(SystemTarget::User);
        let (source, destination) = (self.source, self.destination);
        let wanted = self.selection.strategy.match_by;
        let by_name = Namesakes::of(&destination.users, MatchBy::UserName, DestinationId);
        let our_names = Namesakes::of(&source.users, MatchBy::UserName, SourceId);
        let by_another = (wanted != MatchBy::UserName).then(|| {
            let theirs = Namesakes::of(&destination.users, wanted, DestinationId);
            (Namesakes::of(&source.users, wanted, SourceId), theirs)
        });
        let with_tenants = destination.users.iter().any(|user| user.tenant_id.is_some());
        for user in &source.users {
            let (id, own_tenant) = (SourceId(user.id), user.tenant_id.map(SourceId));
            let Some(rows) = needed.get(&id).copied() else { continue };
            let tenant_name = self.tenant_name(own_tenant);
            let may_be_emptied = !held.contains(&id);
            // Users of Service Center are LifeTime's, which knows them by their names.
            let by = match self.is_platform_tenant(own_tenant) {
                true => MatchBy::UserName,
                false => wanted,
            };
            let (ours, theirs) = match &by_another {
                Some((ours, theirs)) if by == wanted => (ours, theirs),
                _ => (&our_names, &by_name),
            };
            let tenant = if with_tenants { self.mapped_tenant(own_tenant) } else { Some(None) };
            let namesakes = by_name.get(&user.username, tenant.unwrap_or_default());
            let sought = Sought { user, by, namesakes, tenant_name, rows, may_be_emptied };
            let key = by.key(user);
            let (matched, finding) = match tenant {
                // Many have none of these: they are not all the same person.
                Some(_) if by != MatchBy::UserName && key.is_empty() => {
                    (Match::Missing, Some(self.user_missing(&sought)))
                }
                Some(tenant) => {
                    self.match_user(&sought, ours.get(key, own_tenant), theirs.get(key, tenant))
                }
                // The missing tenant is its own finding and blocks.
                None => (Match::Missing, None),
            };
            let finding = finding.or_else(|| self.user_kept(&sought, &matched));
            let (finding, mapped) =
                self.mapped_user(&sought, &matched, finding, tenant.unwrap_or_default());
            let may_be_written =
                matched.found().is_some_and(|found| self.may_write(&sought, found));
            self.out.users.push(UserMatch {
                source: id,
                username: user.username.clone(),
                tenant: own_tenant,
                rows,
                matched,
                mapped,
                finding,
                may_be_written,
            });
        }
    }

    /// Says that passwords go along, where the plan wants it.
    pub(super) fn passwords(&mut self) {
        if !self.selection.strategy.copies_passwords {
            return;
        }
        let finding = Finding::note(
            FindingKey::new(FindingKind::PasswordsCopied),
            "Users",
            "the plan copies the passwords of the users that are created",
            "Their password hashes, as Production has them, will stand in the destination: whoever \
             knows a password can sign in there, and whoever reads the table has the hashes. Leave \
             passwords = \"copy\" out of [users] unless that is wanted.",
        );
        self.find(Finding { severity: Severity::Warning, ..finding });
    }

    /// Says of a user that was found what the plan wants of it besides being used.
    fn user_kept(&mut self, sought: &Sought<'_>, matched: &Match) -> Option<FindingKey> {
        let id = matched.found()?;
        let key = sought.key(FindingKind::UserFound);
        let wish = |kind| self.wish(&sought.key(kind));
        let is_asked =
            matches!(wish(FindingKind::UserFound), Some(choice::UPDATE | choice::RECREATE))
                || self.selection.strategy.existing != WhenFound::Use;
        let is_mapped = || wish(FindingKind::UserMapped) == Some(choice::MAP);
        if !is_asked || is_mapped() || !self.may_write(sought, id) {
            return None;
        }
        let mut choices = self.selection.ways_with_found(true);
        choices.push(Choice::stop("do not run"));
        let finding = Finding::decide(
            key.clone(),
            sought.about(),
            "the destination has this user",
            "Its references are rewritten to whichever row it has in the end.",
            choices,
            choice::USE,
        );
        let settled = self.selection.strategy.existing.choice();
        self.find(finding.settled_as(settled, None).touching(Some(sought.rows)));
        Some(key)
    }

    /// What a person chose about a user: by itself, or for all of the kind.
    pub(in crate::compare) fn wish(&self, key: &FindingKey) -> Option<&str> {
        let wishes = &self.selection.users;
        let wish = wishes.get(key).or_else(|| wishes.get(&FindingKey::new(key.kind)));
        wish.map(|wish| wish.choice.as_str())
    }

    /// Whom a person mapped this user to, who was found and in use then: that goes on when the user is
    /// inactive or gone meanwhile.
    fn mapped_by_name(&self, sought: &Sought<'_>) -> Option<&str> {
        let wish = self.selection.users.get(&sought.key(FindingKind::UserMapped))?;
        wish.to.as_deref().filter(|_| wish.choice == choice::MAP)
    }

    /// Whether the row of a user that was found may be written: those of Service Center are
    /// LifeTime's.
    fn may_write(&self, sought: &Sought<'_>, id: DestinationId) -> bool {
        let there = self.destination.user(id.0);
        !self.is_platform_tenant(sought.user.tenant_id.map(SourceId))
            && there.is_some_and(|user| !self.is_platform_tenant_there(user.tenant_id))
    }

    /// Whom a person mapped the user to. Where another one was found, that is a finding: rows go
    /// to somebody else than the name says.
    fn mapped_user(
        &mut self,
        sought: &Sought<'_>,
        matched: &Match,
        finding: Option<FindingKey>,
        tenant: Option<DestinationId>,
    ) -> (Option<FindingKey>, Option<DestinationId>) {
        let key = finding.clone().unwrap_or_else(|| sought.key(FindingKind::UserMapped));
        let strategy = &self.selection.strategy;
        let to = match self.selection.users.get(&key) {
            Some(wish) => wish.to.as_deref().filter(|_| wish.choice == choice::MAP),
            None => self.mapped_by_name(sought).or_else(|| {
                let is_all = key.kind == FindingKind::UserMissing
                    && strategy.missing == Some(WhenMissing::Map);
                strategy.map_to.as_deref().filter(|_| is_all)
            }),
        };
        let Some(to) = to else { return (finding, None) };
        let mapped = user_named(self.destination, to, tenant).ok();
        let found = matched.found();
        if finding.is_some() || found.is_none() || found == mapped {
            let mapped = if finding.is_some() { mapped } else { None };
            return (finding, mapped);
        }
        self.find(
            Finding::decide(
                key.clone(),
                sought.about(),
                format!("the destination has this user; the plan maps it to \"{to}\""),
                "Its rows will belong to another user than the one of the same name.",
                vec![
                    Choice::new(choice::MAP, "use the user that the plan names").to_a_target(),
                    Choice::new(choice::USE, "use the one of the same name"),
                    Choice::stop("do not run"),
                ],
                choice::USE,
            )
            .touching(Some(sought.rows)),
        );
        (Some(key), mapped)
    }

    /// The users or groups that some row refers to by a reference that may not be emptied.
    pub(super) fn held(&mut self, people: SystemTarget) -> BTreeSet<SourceId> {
        let mut references = self.references_to(people);
        references.retain(|(pair, place)| {
            let pair = &self.out.pairs[*pair];
            pair.identifier == Some(*place) || !pair.attributes[*place].may_be_emptied()
        });
        let usage = self.usage(&references).unwrap_or_default();
        let ids = usage.values().filter_map(Used::id);
        ids.map(SourceId).collect()
    }

    /// Finds the counterpart among the accounts of the same name, with the finding that decides.
    fn match_user(
        &mut self,
        sought: &Sought<'_>,
        here: &[Account<SourceId>],
        there: &[Account<DestinationId>],
    ) -> (Match, Option<FindingKey>) {
        let user = sought.user;
        let twice_here = here.iter().filter(|(_, is_active)| *is_active).count() > 1
            || (!user.is_active && here.len() > 1);
        let unclear_here = sought.by.key(user).is_empty() || twice_here;
        let active: Vec<DestinationId> = there.iter().filter(|u| u.1).map(|u| u.0).collect();
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
        candidates: &[DestinationId],
    ) -> FindingKey {
        let side = if unclear_here { "source" } else { "destination" };
        let what = format!(
            "several users of the {side} have {} {} in this tenant",
            if sought.by == MatchBy::UserName { "this" } else { "its" },
            sought.by.words()
        );
        let mut choices = vec![
            Choice::stop("do not run"),
            Choice::new(choice::MAP, "use this user").to_a_target(),
        ];
        if sought.may_be_emptied {
            choices.push(Choice::new(choice::EMPTY, "write no reference"));
        }
        let offered = candidates
            .iter()
            .filter_map(|id| self.destination.user(id.0))
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
        id: DestinationId,
        is_active_there: bool,
    ) -> Option<FindingKey> {
        let user = sought.user;
        if !is_active_there && user.is_active {
            let key = sought.key(FindingKind::UserInactive);
            let mut choices = vec![Choice::new(choice::USE, "use it as it is")];
            if self.may_write(sought, id) {
                choices.extend(self.selection.ways_to_write());
            }
            choices.push(Choice::new(choice::MAP, "use another user").to_a_target());
            choices.push(Choice::stop("do not run"));
            let finding = Finding::decide(
                key.clone(),
                sought.about(),
                "the user is inactive in the destination",
                "The account is the same; nobody can sign in with it there.",
                choices,
                choice::USE,
            );
            let finding = match (self.mapped_by_name(sought), self.selection.strategy.existing) {
                (Some(to), _) => finding.settled_as(choice::MAP, Some(to.to_owned())),
                (None, WhenFound::Use) => finding,
                (None, existing) => finding.settled_as(existing.choice(), None),
            };
            self.find(finding.touching(Some(sought.rows)));
            return Some(key);
        }
        if id.0 != user.id {
            self.find(
                Finding::note(
                    sought.key(FindingKind::UserIdDiffers),
                    sought.about(),
                    format!("{} in the source, {id} in the destination", user.id),
                    match sought.by {
                        MatchBy::UserName => {
                            "Users are matched by user name and tenant; references are rewritten."
                        }
                        MatchBy::Email => {
                            "The plan matches users by e-mail address and tenant; references are \
                             rewritten."
                        }
                        MatchBy::ExternalId => {
                            "The plan matches users by external id and tenant; references are \
                             rewritten."
                        }
                    },
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
        let finding = if self.is_platform_tenant(sought.user.tenant_id.map(SourceId)) {
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
            self.own_user_missing(sought, &key, map, empty, stop)
        };
        let strategy = &self.selection.strategy;
        let finding = match (self.mapped_by_name(sought), strategy.missing) {
            (Some(to), _) => finding.settled_as(choice::MAP, Some(to.to_owned())),
            (None, Some(missing)) => finding.settled_as(missing.choice(), strategy.map_to.clone()),
            (None, None) => finding,
        };
        self.find(finding.touching(Some(sought.rows)));
        key
    }

    /// A user of an application that the destination does not have.
    fn own_user_missing(
        &self,
        sought: &Sought<'_>,
        key: &FindingKey,
        map: Choice,
        empty: Choice,
        stop: Choice,
    ) -> Finding {
        let contacts = match self.selection.masks_personal_data {
            Some(false) => "as in the source",
            _ => "masked",
        };
        let password = match self.selection.strategy.copies_passwords {
            true => "the password as in the source",
            false => "no password",
        };
        let create = format!("create the user, e-mail and phone {contacts}, {password}");
        let mut choices = vec![Choice::new(choice::CREATE, create), map];
        if sought.may_be_emptied {
            choices.push(empty);
        }
        choices.push(stop);
        let what = match sought.by {
            MatchBy::UserName => "the destination does not have this user".to_owned(),
            by if by.key(sought.user).is_empty() => {
                format!("the user has no {} to be matched by", by.words())
            }
            by => format!("no user of the destination has its {}", by.words()),
        };
        let why = "Rows that this person made or owns need somebody to refer to.";
        if sought.namesakes.is_empty() {
            return Finding::decide(
                key.clone(),
                sought.about(),
                what,
                why,
                choices,
                choice::CREATE,
            );
        }
        // A second user of the name in the tenant could not be told apart any more.
        choices.remove(0);
        let ids = sought.namesakes.iter().map(|(id, _)| id.to_string()).collect();
        Finding::decide(
            key.clone(),
            sought.about(),
            format!("{what}; a user of the same name is there"),
            "Whether they are the same person only a person can say. A second user of the name is \
             not created.",
            choices,
            choice::STOP,
        )
        .offering(ids)
    }
}
