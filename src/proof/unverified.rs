//! What a proof says nothing about, and why: so that nobody takes it for more than it is.

use super::result::{EntityProof, Proof, Unverified};
use super::surroundings::SurroundingsProof;
use crate::plan::{ExistingPlan, Plan, SourceReading};

/// Names that are listed; the others are counted.
const NAMED: usize = 5;

/// Everything that this proof has not looked at.
pub(super) fn unverified(plan: &Plan, proof: &Proof) -> Vec<Unverified> {
    let mut all = Vec::new();
    let mut say = |what: String, why: &str| {
        all.push(Unverified { what, why: why.to_owned() });
    };
    if proof.sample.is_some() {
        let (compared, carried) = (proof.compared(), proof.carried());
        say(
            format!("{} of {carried} rows carried over", carried.saturating_sub(compared)),
            "a sample was asked for; whether these rows are there was looked up, what they hold was not",
        );
    }
    let entities = proof.entities.iter().take(plan.entities.len());
    let keyless = plan.entities.iter().zip(entities.clone()).filter_map(|(entity, proof)| {
        (entity.key_column().is_none() && proof.written > 0).then_some(entity.name.as_str())
    });
    if let Some(names) = names(keyless) {
        say(
            format!("which row of the source is which of the destination in {names}"),
            "without an identifier their rows can only be compared all together",
        );
    }
    // Without an identifier they were compared like those that were written.
    let recognised = plan.entities.iter().zip(entities).filter_map(|(entity, proof)| {
        (entity.key_column().is_some() && proof.recognised > 0).then_some(proof.name.as_str())
    });
    if let Some(names) = names(recognised) {
        say(
            format!("what the rows hold that were recognised in {names}"),
            "they are the destination's own; that they are still there was looked up",
        );
    }
    let people = &proof.entities[plan.entities.len().min(proof.entities.len())..];
    let created: u64 = people.iter().map(|kind: &EntityProof| kind.written).sum();
    if created > 0 {
        say(
            format!(
                "other columns than name, tenant and masks of {created} created users and groups"
            ),
            "people sign in and change them",
        );
    }
    if plan.options.source_reading != SourceReading::Frozen {
        say(
            "rows of the source that were overlooked where as many have been deleted since"
                .to_owned(),
            "the source was not declared frozen, and is counted first",
        );
    }
    match &proof.surroundings {
        None => say(
            "whether anything else in the destination has changed: other tables, constraints, \
             triggers, queues"
                .to_owned(),
            "the journal has no picture of the destination from before the first write",
        ),
        Some(surroundings) => around(plan, surroundings, &mut say),
    }
    all
}

fn around(plan: &Plan, proof: &SurroundingsProof, say: &mut impl FnMut(String, &str)) {
    if let Some(names) = names(proof.counted_only.iter().map(String::as_str)) {
        say(
            format!("what the rows hold of {names}"),
            "so large a table outside the plan is counted only",
        );
    }
    if let Some(names) = names(proof.passed_over.iter().map(String::as_str)) {
        say(
            format!("what stands in {names}"),
            "files outside the plan are not read, nor are columns of types that are not moved",
        );
    }
    let mut whys: Vec<&str> = proof.unseen.iter().map(|unseen| unseen.what.as_str()).collect();
    whys.sort_unstable();
    whys.dedup();
    for why in whys {
        let unseen = proof.unseen.iter().filter(|unseen| unseen.what == why);
        if let Some(names) = names(unseen.map(|unseen| unseen.table.as_str())) {
            say(format!("the rows of {names}"), why);
        }
    }
    let replaced = plan.entities.iter().filter(|entity| {
        matches!(entity.existing, ExistingPlan::Replace { standing, .. } if standing > 0)
            && plan.cleared.iter().any(|(place, _)| plan.entities[*place].name == entity.name)
    });
    if let Some(names) = names(replaced.map(|entity| entity.name.as_str())) {
        say(
            format!("the rows that stayed in {names}"),
            "references between their rows were emptied before the others were deleted",
        );
    }
    let changed = plan.entities.iter().filter(|entity| !entity.existing.sets().is_empty());
    if let Some(names) = names(changed.map(|entity| entity.name.as_str())) {
        say(
            format!("whether rows of {names} that none of ours equals hold what they held"),
            "rows there take the values of ours; that these others are there under their ids and \
             keys was looked up",
        );
    }
    if !proof.switches {
        say(
            "whether constraints and triggers are switched off".to_owned(),
            "SQLite cannot switch them off; that none is gone was looked up",
        );
    }
}

/// The first of these names and how many more there are; `None` without any.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let all: Vec<&str> = names.collect();
    let shown = all.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => None,
        count if count > NAMED => Some(format!("{shown} and {} more", count - NAMED)),
        _ => Some(shown),
    }
}
