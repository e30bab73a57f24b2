//! Whom or what a decision may point to, and how plan files name it: what is offered here is what
//! [`crate::plan::build`] understands, and means the same one.

use std::collections::HashSet;

use super::super::migration::Migration;
use crate::compare::{Finding, FindingKind, FixedMap};
use crate::database::Value;
use crate::outsystems::{Environment, Key, SystemTarget, User};
use crate::plan::Review;

/// Something that a decision may point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As plan files name it.
    pub to: String,
    /// As people read it.
    pub shown: String,
}

/// How alike two names are before one is offered for the other.
const NEAR: f64 = 0.85;

/// What a choice about a finding may point to, the likeliest first.
#[must_use]
pub fn targets(
    migration: &Migration,
    review: &Review,
    finding: &Finding,
    choice: &str,
) -> Vec<Target> {
    let made = finding.choices.iter().find(|one| one.name == choice);
    if let Some(choice) = made.filter(|choice| !choice.offers.is_empty()) {
        let offers = choice.offers.iter().cloned();
        return offers.map(|(to, shown)| Target { to, shown }).collect();
    }
    let Some((source, destination)) = migration.models() else { return Vec::new() };
    match finding.key.kind {
        FindingKind::RecordMissing
        | FindingKind::RecordRecreated
        | FindingKind::RecordAmbiguous
        | FindingKind::RecordInactive => records(source, review, finding),
        FindingKind::UserMissing
        | FindingKind::UserInactive
        | FindingKind::UserAmbiguous
        | FindingKind::UserMapped
        | FindingKind::UserFound => users(source, destination, review, finding),
        FindingKind::AttributeNew if refers_to_users(destination, review, finding) => {
            users_for(source, destination, &Key::default(), &HashSet::new())
        }
        FindingKind::GroupMissing => groups(destination, finding),
        FindingKind::TenantMissing => tenants(destination),
        FindingKind::ReferenceUnresolved | FindingKind::TypeUnknown => entities(source, finding),
        _ => {
            let all = finding.candidates.iter();
            all.map(|name| Target { to: name.clone(), shown: name.clone() }).collect()
        }
    }
}

/// Whether a finding is about a reference to users that only the destination has.
fn refers_to_users(destination: &Environment, review: &Review, finding: &Finding) -> bool {
    let mut all = review.comparison.pairs.iter().flat_map(|pair| &pair.new_references);
    all.find(|reference| reference.finding == finding.key).is_some_and(|reference| {
        destination.entity(reference.refers_to).system_target() == Some(SystemTarget::User)
    })
}

/// The map of the entity whose record a finding is about.
#[must_use]
pub fn map_of<'a>(
    source: &Environment,
    review: &'a Review,
    finding: &Finding,
) -> Option<&'a FixedMap> {
    let of_entity = source.entities_by_key(&finding.key.espace, &finding.key.entity);
    of_entity.iter().find_map(|index| review.comparison.fixed.get(index))
}

fn records(source: &Environment, review: &Review, finding: &Finding) -> Vec<Target> {
    let Some(map) = map_of(source, review, finding) else { return Vec::new() };
    let own_name = record_name(map, finding);
    let mut found: Vec<(bool, Target)> = map
        .offered
        .iter()
        .map(|(id, name)| {
            let to = map.name_of(id, name);
            let shown = format!("{name}  id {id}");
            // The domain offers an ambiguous record's counterparts with their ids.
            let is_candidate = finding.key.kind == FindingKind::RecordAmbiguous
                && finding.candidates.contains(&format!("{name} ({id})"));
            let is_namesake = name.eq_ignore_ascii_case(own_name);
            (!(is_candidate || is_namesake), Target { to, shown })
        })
        .collect();
    found.sort_by_key(|(is_other, _)| *is_other);
    found.into_iter().map(|(_, target)| target).collect()
}

/// The name of the record that a finding is about.
fn record_name<'a>(map: &FixedMap, finding: &'a Finding) -> &'a str {
    let rest = finding.about.strip_prefix(map.name.as_str());
    let own = rest.and_then(|rest| rest.strip_prefix('.'));
    // A definition of processes is named by what it is part of.
    let last = || finding.about.rsplit_once('.').map(|(_, name)| name);
    own.or_else(last).unwrap_or(&finding.about)
}

/// The record of the destination that is offered for one of the source because it has the same
/// name: a guess, which counts only once a person confirms it.
#[must_use]
pub fn guess<'a>(map: &'a FixedMap, finding: &Finding) -> Option<&'a (Value, String)> {
    if finding.key.kind != FindingKind::RecordRecreated {
        return None;
    }
    let wanted = record_name(map, finding);
    let mut namesakes = map.offered.iter().filter(|(_, name)| name.eq_ignore_ascii_case(wanted));
    namesakes.next().filter(|_| namesakes.next().is_none())
}

/// The record of the destination that a plan file's `to` means.
#[must_use]
pub fn record_of<'a>(map: &'a FixedMap, to: &str) -> Option<&'a (Value, String)> {
    let wanted = to.trim().to_lowercase();
    map.offered
        .iter()
        .find(|(id, name)| name.to_lowercase() == wanted || id.to_string().to_lowercase() == wanted)
}

/// How a user of the destination is read, and named in a plan file.
#[must_use]
pub fn user_target(user: &User, tenant: &str, is_only: bool) -> Target {
    let name = user.username.as_str();
    // A name that is a number would be taken for an id.
    let by_name = is_only && name.trim().parse::<i64>().is_err() && !name.is_empty();
    let to = if by_name { name.to_owned() } else { user.id.to_string() };
    let mut shown = format!("{name}  {}", user.name);
    if !tenant.is_empty() {
        shown.push_str(&format!(", {tenant}"));
    }
    shown.push_str(&format!(", id {}", user.id));
    if !user.is_active {
        shown.push_str(", inactive");
    }
    Target { to, shown }
}

fn users(
    source: &Environment,
    destination: &Environment,
    review: &Review,
    finding: &Finding,
) -> Vec<Target> {
    let key = &finding.key;
    let ambiguous: HashSet<i64> = review
        .comparison
        .users
        .iter()
        .filter(|user| user.finding.as_ref() == Some(key))
        .flat_map(|user| match &user.matched {
            crate::compare::Match::Ambiguous(ids) => ids.iter().map(|id| id.0).collect(),
            crate::compare::Match::Found(id) => vec![id.0],
            crate::compare::Match::Missing => Vec::new(),
        })
        .collect();
    users_for(source, destination, &key.user, &ambiguous)
}

/// The users of the destination, those first who are asked for or have a name near this one.
#[must_use]
pub fn users_for(
    source: &Environment,
    destination: &Environment,
    name: &Key,
    asked: &HashSet<i64>,
) -> Vec<Target> {
    // The person's name is as good a hint as the user name.
    let person = source.users.iter().find(|user| user.username == *name);
    let mut counts = std::collections::HashMap::new();
    for user in &destination.users {
        *counts.entry(user.username.folded()).or_insert(0_usize) += 1;
    }
    let nearness = |user: &User| -> f64 {
        if asked.contains(&user.id) {
            return 2.0;
        }
        let by_user = strsim::jaro_winkler(name.folded(), user.username.folded());
        let by_name = person.map_or(0.0, |person| {
            if person.name.is_empty() || user.name.is_empty() {
                0.0
            } else {
                strsim::jaro_winkler(&person.name.to_lowercase(), &user.name.to_lowercase())
            }
        });
        let near = by_user.max(by_name);
        if near >= NEAR { near } else { 0.0 }
    };
    let mut all: Vec<(f64, &User)> =
        destination.users.iter().map(|user| (nearness(user), user)).collect();
    all.sort_by(|(near, a), (nearer, b)| {
        nearer
            .total_cmp(near)
            .then(b.is_active.cmp(&a.is_active))
            .then_with(|| a.username.cmp(&b.username))
            .then(a.id.cmp(&b.id))
    });
    all.into_iter()
        .map(|(_, user)| {
            let tenant = user.tenant_id.and_then(|id| destination.tenant(id));
            let tenant = tenant.map_or("", |tenant| tenant.name.as_str());
            user_target(user, tenant, counts.get(user.username.folded()) == Some(&1))
        })
        .collect()
}

fn groups(destination: &Environment, finding: &Finding) -> Vec<Target> {
    let mut all: Vec<_> = destination.groups.iter().collect();
    all.sort_by(|a, b| {
        let near = |name: &Key| strsim::jaro_winkler(finding.key.user.folded(), name.folded());
        near(&b.name).total_cmp(&near(&a.name)).then_with(|| a.name.cmp(&b.name))
    });
    all.into_iter()
        .map(|group| {
            let tenant = group.tenant_id.and_then(|id| destination.tenant(id));
            let tenant =
                tenant.map_or_else(String::new, |tenant| format!(", {}", tenant.name.as_str()));
            let name = group.name.as_str();
            let is_only =
                destination.groups.iter().filter(|other| other.name == group.name).count() == 1
                    && name.trim().parse::<i64>().is_err()
                    && group.tenant_id.is_none();
            let to = if is_only { name.to_owned() } else { group.id.to_string() };
            Target { to, shown: format!("{name}{tenant}, id {}", group.id) }
        })
        .collect()
}

fn tenants(destination: &Environment) -> Vec<Target> {
    let active: Vec<_> = destination.tenants.iter().filter(|tenant| tenant.is_active).collect();
    active
        .iter()
        .map(|tenant| {
            let name = tenant.name.as_str();
            // " of " would be taken for the user provider's; an id is one tenant's only.
            let is_plain = !name.contains(" of ")
                && name.trim().parse::<i64>().is_err()
                && active.iter().filter(|other| other.name == tenant.name).count() == 1;
            let to = if is_plain { name.to_owned() } else { tenant.id.to_string() };
            let shown = format!("{name} of {}, id {}", tenant.provider_name, tenant.id);
            Target { to, shown }
        })
        .collect()
}

/// A reference is confirmed to an entity of the source: that is where its type leads.
fn entities(source: &Environment, finding: &Finding) -> Vec<Target> {
    let mut names: Vec<String> = finding.candidates.clone();
    let mut seen: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let mut others: Vec<String> = source
        .entities
        .iter()
        .filter(|entity| entity.is_active)
        .map(crate::outsystems::Entity::full_name)
        .filter(|name| seen.insert(name.to_lowercase()))
        .collect();
    others.sort();
    names.extend(others);
    names.into_iter().map(|name| Target { to: name.clone(), shown: name }).collect()
}
