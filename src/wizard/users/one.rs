//! One user who is plainly found, about whom the comparison asks nothing: used as it is unless
//! somebody says otherwise.

use std::collections::HashSet;

use super::super::findings::{may_change, users_for};
use super::super::migration::Migration;
use super::Users;
use super::people::Who;
use crate::compare::{Choice, FindingKey, FindingKind, choice};
use crate::outsystems::{Key, Side};
use crate::plan::Decision;
use crate::report::counted;

const WAY: &str = "users-one";
const MAP_TO: &str = "users-one-map-to";
const WHOM: &str = "users-whom";

/// The user who is asked about.
#[derive(Clone, Debug)]
pub(super) struct About {
    name: Key,
    tenant: Key,
    ways: Vec<Choice>,
}

impl About {
    fn words(&self) -> String {
        match self.tenant.is_empty() {
            true => format!("user {}", self.name),
            false => format!("user {} of {}", self.name, self.tenant),
        }
    }
}

impl Users {
    /// The place in the comparison of the user on the selected line, where it is plainly found.
    pub(super) fn plainly_found(&self) -> Option<usize> {
        let Some(Who::User(place)) = self.people.at(self.list.selected) else { return None };
        let user = self.people.review()?.comparison.users.get(*place)?;
        let is_decided_elsewhere = user.finding.is_some() || user.matched.found().is_none();
        (!is_decided_elsewhere).then_some(*place)
    }

    /// Asks what becomes of a user who is plainly found.
    pub(super) fn ask_about(&mut self, migration: &mut Migration, place: usize) {
        if !may_change(migration) {
            return;
        }
        let Some(review) = migration.review.clone() else { return };
        let Some(user) = review.comparison.users.get(place) else { return };
        let Some(id) = user.matched.found() else { return };
        let selection = &review.selection;
        let ways = selection.ways_with_found(user.may_be_written);
        let tenant = self.people.tenant_name(user);
        let about = About { name: user.username.clone(), tenant, ways };
        let mut lines = vec![format!(
            "{} has this user, id {id}; {} to it.",
            migration.name_of(Side::Destination),
            counted(user.rows, "row in scope refers", "rows in scope refer")
        )];
        if !user.may_be_written {
            lines.push("Users of Service Center are neither changed nor deleted.".to_owned());
        }
        let choices = about.ways.iter().map(|way| (way.label.clone(), way.cost.clone())).collect();
        migration.ask(WAY, about.words(), lines, choices);
        self.about = Some(about);
    }

    /// Has one of the users picked that are plainly found: for plain mode, which has no list.
    pub(super) fn ask_whom(&mut self, migration: &mut Migration) {
        let Some(review) = migration.review.clone() else { return };
        let users = review.comparison.users.iter().enumerate();
        let found =
            users.filter(|(_, user)| user.finding.is_none() && user.matched.found().is_some());
        let (places, names): (Vec<usize>, Vec<String>) = found
            .map(|(place, user)| {
                let tenant = self.people.tenant_name(user);
                (place, format!("{}  {tenant}, id {}", user.username, user.source))
            })
            .unzip();
        if places.is_empty() {
            migration.say("Nobody is plainly found; the others are asked about.");
            return;
        }
        self.listed = places;
        migration.pick(WHOM, "About whom?", names);
    }

    /// The person chose in one of these questions; says whether it was one.
    pub(super) fn replied_of_one(
        &mut self,
        migration: &mut Migration,
        tag: &'static str,
        place: usize,
    ) -> bool {
        match tag {
            WHOM => {
                if let Some(place) = self.listed.get(place).copied() {
                    self.ask_about(migration, place);
                }
            }
            WAY => {
                let Some(about) = self.about.clone() else { return true };
                match about.ways.get(place) {
                    Some(way) if way.needs_target => {
                        let Some((source, destination)) = migration.models() else { return true };
                        let all = users_for(source, destination, &about.name, &HashSet::new());
                        let title = format!("Who gets the rows of {}?", about.words());
                        self.offer(migration, MAP_TO, &title, all);
                    }
                    Some(way) => decide(migration, &about, way, None),
                    None => {}
                }
            }
            MAP_TO => {
                let Some(about) = self.about.take() else { return true };
                let way = about.ways.iter().find(|way| way.needs_target);
                if let Some((way, to)) = way.zip(self.offered.get(place)) {
                    decide(migration, &about, way, Some(to.clone()));
                }
            }
            _ => return false,
        }
        true
    }
}

/// Decides about a user before the comparison asks: then it does.
fn decide(migration: &mut Migration, about: &About, way: &Choice, to: Option<String>) {
    let key = |kind| FindingKey::person(kind, &about.name, &about.tenant);
    let kind = match way.name {
        choice::MAP => FindingKind::UserMapped,
        _ => FindingKind::UserFound,
    };
    let said = to.as_ref().map_or_else(String::new, |to| format!(" → {to}"));
    migration.say(format!("{}: {}{said}.", about.words(), way.label));
    // What is so already needs no decision.
    let is_other = way.name != migration.plan.scope.users.existing.choice();
    let made = is_other.then(|| Decision {
        key: key(kind),
        about: about.words(),
        choice: way.name.to_owned(),
        to,
    });
    let both = [key(FindingKind::UserMapped), key(FindingKind::UserFound)];
    migration.decide_anew(&both, made.into_iter().collect());
}
