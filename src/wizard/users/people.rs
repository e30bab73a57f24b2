//! Tenants, users, groups and roles of the run as they are listed: worked out once for each
//! review and each decision, never for each frame.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::findings::Findings;
use super::super::migration::Migration;
use crate::compare::{Finding, FindingKey, FindingKind, Match, Severity, UserMatch, choice};
use crate::outsystems::{DestinationId, Environment, Key, SourceId, User};
use crate::plan::Review;

/// Whom a line is about, by the place in the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Tenant(usize),
    User(usize),
    Group(usize),
    /// A role, or a module with another user provider: there is nothing but its finding.
    Other(FindingKey),
}

/// What becomes of users, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) matched: u64,
    pub(super) created: u64,
    pub(super) mapped: u64,
    pub(super) emptied: u64,
    pub(super) updated: u64,
    pub(super) created_again: u64,
    pub(super) rows: u64,
    pub(super) rows_mapped: u64,
}

impl Tally {
    /// Whether more than one in so many rows goes to a user who was chosen instead.
    pub(super) fn falls_to_others(&self, share: u64) -> bool {
        self.rows_mapped.saturating_mul(share) > self.rows
    }
}

#[derive(Debug, Default)]
pub(super) struct People {
    review: Option<Arc<Review>>,
    decided: u64,
    /// Everybody, the most severe first.
    all: Vec<(Who, Severity)>,
    /// Places in `all`, those seen.
    order: Vec<usize>,
    filter: String,
    /// Places of the destination's users, by id.
    users_there: HashMap<i64, usize>,
    users_here: HashMap<i64, usize>,
    tally: Tally,
    /// What the person wants to see; without a wish, problems where there are any.
    wish: Option<bool>,
}

impl People {
    pub(super) fn is_current(&self, migration: &Migration) -> bool {
        migration.is_newest(self.review.as_ref()) && self.decided == migration.decided
    }

    /// Reads the people of the review.
    pub(super) fn read(&mut self, migration: &Migration, findings: &Findings) {
        let is_same = self.review.is_some() && migration.is_newest(self.review.as_ref());
        self.decided = migration.decided;
        if !is_same {
            self.review.clone_from(&migration.review);
            self.index(migration);
            self.list(findings);
        }
        self.tally = Tally::default();
        if let Some(review) = &self.review {
            self.tally = tally(migration, review);
        }
    }

    fn index(&mut self, migration: &Migration) {
        self.users_here.clear();
        self.users_there.clear();
        if let Some((source, destination)) = migration.models() {
            let places = |model: &Environment| -> HashMap<i64, usize> {
                model.users.iter().enumerate().map(|(place, user)| (user.id, place)).collect()
            };
            self.users_here = places(source);
            self.users_there = places(destination);
        }
    }

    fn list(&mut self, findings: &Findings) {
        let mut all: Vec<(Who, Severity, u8, Reverse<u64>, Key)> = Vec::new();
        if let Some(review) = &self.review {
            let comparison = &review.comparison;
            let severity = |key: Option<&FindingKey>| {
                let finding = key.and_then(|key| findings.finding(key));
                finding.map_or(Severity::Note, |finding| finding.severity)
            };
            for (place, tenant) in comparison.tenants.iter().enumerate() {
                if tenant.is_needed {
                    let severity = severity(tenant.finding.as_ref());
                    let name = tenant.name.clone();
                    all.push((Who::Tenant(place), severity, 1, Reverse(0), name));
                }
            }
            for (place, user) in comparison.users.iter().enumerate() {
                let is_lost = user.finding.is_none() && user.matched == Match::Missing;
                let severity =
                    if is_lost { Severity::Block } else { severity(user.finding.as_ref()) };
                let name = user.username.clone();
                all.push((Who::User(place), severity, 2, Reverse(user.rows), name));
            }
            for (place, group) in comparison.groups.iter().enumerate() {
                let severity = severity(group.finding.as_ref());
                let name = group.name.clone();
                all.push((Who::Group(place), severity, 3, Reverse(0), name));
            }
            for (finding, _) in findings.all() {
                let rank = match finding.key.kind {
                    FindingKind::UserProviderDiffers => 0,
                    FindingKind::RoleMissing => 4,
                    _ => continue,
                };
                let who = Who::Other(finding.key.clone());
                all.push((who, finding.severity, rank, Reverse(0), Key::new(&finding.about)));
            }
        }
        all.sort_by(|a, b| (a.1, a.2, a.3, a.4.folded()).cmp(&(b.1, b.2, b.3, b.4.folded())));
        self.all = all.into_iter().map(|(who, severity, ..)| (who, severity)).collect();
        let filter = std::mem::take(&mut self.filter);
        self.arrange(&filter, findings);
    }

    /// Whether everybody is seen, not only problems. With nothing to decide everybody is: an
    /// empty list would tell nothing.
    pub(super) fn shows_all(&self) -> bool {
        self.wish.unwrap_or_else(|| !self.all.first().is_some_and(is_problem))
    }

    /// Shows only problems, or everybody.
    pub(super) fn toggle_all(&mut self) {
        self.wish = Some(!self.shows_all());
    }

    /// Works out who is seen.
    pub(super) fn arrange(&mut self, filter: &str, findings: &Findings) {
        let wanted = filter.to_lowercase();
        let shows_all = self.shows_all();
        let order = (0..self.all.len())
            .filter(|place| {
                let line = &self.all[*place];
                (shows_all || is_problem(line)) && self.fits(&line.0, &wanted, findings)
            })
            .collect();
        self.order = order;
        filter.clone_into(&mut self.filter);
    }

    fn fits(&self, who: &Who, wanted: &str, findings: &Findings) -> bool {
        let Some(comparison) = self.review.as_ref().map(|review| &review.comparison) else {
            return false;
        };
        if wanted.is_empty() {
            return true;
        }
        match who {
            Who::Tenant(place) => comparison.tenants[*place].name.folded().contains(wanted),
            Who::Group(place) => comparison.groups[*place].name.folded().contains(wanted),
            Who::User(place) => comparison.users[*place].username.folded().contains(wanted),
            Who::Other(key) => findings
                .finding(key)
                .is_some_and(|finding| finding.about.to_lowercase().contains(wanted)),
        }
    }

    /// How many lines are seen.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Who stands on a line.
    pub(super) fn at(&self, line: usize) -> Option<&Who> {
        Some(&self.all.get(*self.order.get(line)?)?.0)
    }

    pub(super) fn severity(&self, line: usize) -> Severity {
        let place = self.order.get(line).and_then(|place| self.all.get(*place));
        place.map_or(Severity::Note, |(_, severity)| *severity)
    }

    pub(super) fn place_of(&self, who: &Who) -> Option<usize> {
        self.order.iter().position(|place| self.all[*place].0 == *who)
    }

    /// The line whose finding has a key.
    pub(super) fn place_of_finding(&self, key: &FindingKey) -> Option<usize> {
        (0..self.order.len()).find(|line| self.key(*line) == Some(key))
    }

    /// The key of the finding that decides about a line.
    fn key(&self, line: usize) -> Option<&FindingKey> {
        let comparison = &self.review.as_ref()?.comparison;
        match self.at(line)? {
            Who::Tenant(place) => comparison.tenants.get(*place)?.finding.as_ref(),
            Who::User(place) => comparison.users.get(*place)?.finding.as_ref(),
            Who::Group(place) => comparison.groups.get(*place)?.finding.as_ref(),
            Who::Other(key) => Some(key),
        }
    }

    /// The finding about a line: the one that decides, or the note that the ids differ.
    pub(super) fn finding<'a>(&self, line: usize, findings: &'a Findings) -> Option<&'a Finding> {
        if let Some(key) = self.key(line) {
            return findings.finding(key);
        }
        let Who::User(place) = self.at(line)? else { return None };
        let user = self.review.as_ref()?.comparison.users.get(*place)?;
        let tenant = self.tenant_name(user);
        findings.finding(&FindingKey::person(FindingKind::UserIdDiffers, &user.username, &tenant))
    }

    /// The name of a user's tenant in the source.
    pub(super) fn tenant_name(&self, user: &UserMatch) -> Key {
        let tenants = self.review.as_ref().map(|review| &review.comparison.tenants);
        tenants
            .into_iter()
            .flatten()
            .find(|tenant| Some(tenant.source) == user.tenant)
            .map(|tenant| tenant.name.clone())
            .unwrap_or_default()
    }

    pub(super) fn review(&self) -> Option<&Review> {
        self.review.as_deref()
    }

    /// A user of the source.
    pub(super) fn user_here<'a>(&self, model: &'a Environment, id: SourceId) -> Option<&'a User> {
        let place = *self.users_here.get(&id.0)?;
        model.users.get(place).filter(|user| user.id == id.0)
    }

    /// A user of the destination.
    pub(super) fn user_there<'a>(
        &self,
        model: &'a Environment,
        id: DestinationId,
    ) -> Option<&'a User> {
        let place = *self.users_there.get(&id.0)?;
        model.users.get(place).filter(|user| user.id == id.0)
    }

    /// Those who are not seen because nothing has to be decided: how many, and their rows.
    pub(super) fn unseen(&self) -> (u64, u64) {
        let Some(review) = &self.review else { return (0, 0) };
        if self.shows_all() || !self.filter.is_empty() {
            return (0, 0);
        }
        let mut count = 0;
        let mut rows = 0;
        for (who, severity) in self.all.iter().rev() {
            if *severity != Severity::Note {
                break;
            }
            match who {
                Who::User(place) => {
                    count += 1;
                    rows += review.comparison.users[*place].rows;
                }
                Who::Tenant(_) | Who::Group(_) => count += 1,
                Who::Other(_) => {}
            }
        }
        (count, rows)
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// Whether somebody has to decide about a line, or it has nothing but its finding.
fn is_problem((who, severity): &(Who, Severity)) -> bool {
    *severity != Severity::Note || matches!(who, Who::Other(_))
}

/// What becomes of the users of a review.
pub(super) fn tally(migration: &Migration, review: &Review) -> Tally {
    let mut tally = Tally::default();
    for user in &review.comparison.users {
        tally.rows += user.rows;
        let key = user.finding.as_ref();
        // That is only to be known, and may be so of a hundred thousand.
        let decided = key.filter(|key| key.kind != FindingKind::UserIdDiffers);
        let decision = decided.and_then(|key| migration.plan.decisions.choice(key));
        match decision {
            Some(choice::MAP) => {
                tally.mapped += 1;
                // To say which of two accounts is meant gives nobody's rows to somebody else.
                if user.matched == Match::Missing {
                    tally.rows_mapped += user.rows;
                }
            }
            Some(choice::CREATE) => tally.created += 1,
            Some(choice::EMPTY) => tally.emptied += 1,
            Some(choice::UPDATE) => tally.updated += 1,
            Some(choice::RECREATE) => tally.created_again += 1,
            _ if user.matched.found().is_some() => tally.matched += 1,
            _ => {}
        }
    }
    tally
}
