//! Whether what a person names for a choice can be: said before it is decided, by what would say it
//! of a plan file.

use super::build::{constant, not_remapped};
use super::{Decision, Review};
use crate::compare::{
    Comparison, FindingKey, FindingKind, LeavingRows, choice, chosen_value, group_named,
    tenants_named, user_named,
};
use crate::database::ColumnShape;
use crate::outsystems::{DestinationId, Environment, SourceId};

/// Whether a choice takes more than what is offered for it.
#[must_use]
pub fn takes_others(choice: &str) -> bool {
    matches!(choice, choice::VALUE | choice::CONSTANT) || is_looked_up(choice)
}

/// Whether only a comparison that was made with a decision can tell whether its target can be.
#[must_use]
pub fn is_looked_up(choice: &str) -> bool {
    matches!(choice, choice::MAP_BY_KEY | choice::REPLACEMENT | choice::REMAP)
}

/// Whether the target of a decision can be; what it is, where that says more than it does itself, or
/// a sentence that says what is wrong.
pub fn check_target(
    source: &Environment,
    destination: &Environment,
    review: &Review,
    made: &Decision,
) -> Result<String, String> {
    let comparison = &review.comparison;
    let to = made.to.as_deref().unwrap_or_default();
    let fine = Ok(String::new());
    let place = place_of(source, comparison, &made.key);
    match (made.choice.as_str(), made.key.kind) {
        (choice::VALUE, _) => match column_of(comparison, &made.key) {
            Some(column) => chosen_value(to, column).map(|_| String::new()),
            None => fine,
        },
        (choice::CONSTANT, _) => match place {
            Some((pair, attribute)) => {
                constant(&comparison.pairs[pair].attributes[attribute], to).map(|_| String::new())
            }
            None => fine,
        },
        (choice::REPLACEMENT, FindingKind::AttributeNew) => {
            let mut all = comparison.pairs.iter().flat_map(|pair| &pair.new_references);
            let row = all.find(|one| one.finding == made.key).and_then(|one| one.row.as_ref());
            row.map(|row| row.shown.clone()).ok_or_else(|| refused_lookup(comparison, made, to))
        }
        (choice::MAP_BY_KEY | choice::REPLACEMENT, _) => {
            match place.and_then(|place| comparison.leaving.get(&place)).map(|map| &map.rows) {
                Some(LeavingRows::ByKey(keys)) => Ok(keys.words()),
                Some(LeavingRows::Replacement(row)) => Ok(row.shown.clone()),
                _ => Err(refused_lookup(comparison, made, to)),
            }
        }
        (choice::REMAP, _) => {
            let soft =
                place.and_then(|(pair, place)| comparison.pairs[pair].attributes[place].soft);
            match soft {
                Some(entity) => Ok(source.entity(entity).full_name()),
                None => Err(not_remapped(to)),
            }
        }
        (choice::MAP, kind) if FindingKind::OF_RECORDS.contains(&kind) => {
            let of_entity = source.entities_by_key(&made.key.espace, &made.key.entity);
            let map = of_entity.iter().find_map(|index| comparison.fixed.get(index));
            map.map_or(fine, |map| map.named(to).map(|_| String::new()))
        }
        (choice::MAP, kind) if FindingKind::OF_USERS.contains(&kind) => {
            let user =
                comparison.users.iter().find(|user| user.finding.as_ref() == Some(&made.key));
            let tenant = user.and_then(|user| tenant_there(comparison, user.tenant));
            user_named(destination, to, tenant).map(|_| String::new())
        }
        (choice::MAP, FindingKind::GroupMissing) => {
            let group =
                comparison.groups.iter().find(|group| group.finding.as_ref() == Some(&made.key));
            let tenant = group.and_then(|group| tenant_there(comparison, group.tenant));
            group_named(destination, to, tenant).map(|_| String::new())
        }
        (choice::MAP, FindingKind::TenantMissing | FindingKind::MultitenancyChanged) => {
            match tenants_named(destination, to)[..] {
                [_] => fine,
                [] => Err(format!("the destination has no active tenant \"{to}\"")),
                _ => Err(format!("\"{to}\" is several tenants of the destination; give the id")),
            }
        }
        _ => fine,
    }
}

/// The column that gets the value which a decision gives.
fn column_of<'a>(comparison: &'a Comparison, key: &FindingKey) -> Option<&'a ColumnShape> {
    comparison.pairs.iter().find_map(|pair| {
        let mut attributes = pair.attributes.iter();
        let is_own = |one: &Option<FindingKey>| one.as_ref().is_some_and(|finding| finding == key);
        let attribute = attributes.find(|one| is_own(&one.nothing) || is_own(&one.null));
        let fillable = || pair.fillable.iter().find(|(finding, _)| finding == key);
        attribute
            .map(|attribute| &attribute.destination_column)
            .or_else(|| fillable().map(|(_, column)| column))
    })
}

/// The pair and the attribute in it that a finding is about.
fn place_of(
    source: &Environment,
    comparison: &Comparison,
    key: &FindingKey,
) -> Option<(usize, usize)> {
    comparison.pairs.iter().enumerate().find_map(|(place, pair)| {
        let entity = source.entity(pair.source);
        let is_own = entity.espace_key == key.espace && entity.key == key.entity;
        let mut attributes = pair.attributes.iter();
        let attribute = attributes.position(|one| one.attribute.key == key.attribute);
        attribute.filter(|_| is_own).map(|attribute| (place, attribute))
    })
}

/// What was said of a row that cannot stand for all, or of a key.
fn refused_lookup(comparison: &Comparison, made: &Decision, to: &str) -> String {
    let refused = FindingKey { kind: FindingKind::LookupRefused, ..made.key.clone() };
    let is_key = made.choice == choice::MAP_BY_KEY;
    match comparison.finding(&refused) {
        Some(finding) => format!("{}. {}", finding.what, finding.why),
        None if is_key => format!("the destination has no rows that can be matched by \"{to}\""),
        None => format!("the destination has no row \"{to}\" that references can be set to"),
    }
}

fn tenant_there(comparison: &Comparison, tenant: Option<SourceId>) -> Option<DestinationId> {
    comparison.tenants.iter().find(|one| Some(one.source) == tenant)?.destination()
}
