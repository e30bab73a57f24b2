//! From a review and its decisions to a complete plan, or the reasons why there is none.

mod entity;
mod lookups;
mod outside;
mod people;

use std::collections::{BTreeMap, HashMap};

use super::fingerprint::plan_fingerprint;
use super::{
    Decisions, EntityPlan, ExistingPlan, Fate, FixedPlan, LookupPlan, Plan, Review, RunOptions,
};
use crate::compare::{Finding, FindingKey, choice};
use crate::outsystems::{EntityIndex, Environment};

/// Why there is no plan.
#[derive(Debug, Default)]
pub struct Refusal {
    /// Findings that nobody decided.
    pub undecided: Vec<Finding>,
    /// Findings that block, or were decided to stop.
    pub stopped: Vec<Finding>,
    /// Decisions that make no sense, each a sentence.
    pub wrong: Vec<String>,
}

impl Refusal {
    fn is_empty(&self) -> bool {
        self.undecided.is_empty() && self.stopped.is_empty() && self.wrong.is_empty()
    }
}

/// Makes the plan. Every question has to be answered before.
pub fn build(
    name: &str,
    source: &Environment,
    destination: &Environment,
    review: &Review,
    decisions: &Decisions,
    options: &RunOptions,
) -> Result<Plan, Refusal> {
    let mut refusal = Refusal::default();
    let mut words = Vec::new();
    for finding in review.comparison.findings.iter().filter(|finding| finding.needs_decision()) {
        judge(finding, decisions, &mut refusal, &mut words);
    }
    for question in &review.comparison.questions {
        refusal.wrong.push(format!("a question about {} is not answered", question.table));
    }
    if !refusal.is_empty() {
        return Err(refusal);
    }
    let mut builder = Builder {
        source,
        destination,
        review,
        decisions,
        places: review.order.entities.iter().enumerate().map(|(to, from)| (*from, to)).collect(),
        fixed: Vec::new(),
        fixed_places: BTreeMap::new(),
        lookups: Vec::new(),
        lookup_places: BTreeMap::new(),
        wrong: Vec::new(),
    };
    let tenants = builder.tenants();
    let users = builder.users(&tenants);
    let groups = builder.groups(&tenants);
    builder.fix();
    builder.look_up();
    let entities: Vec<EntityPlan> =
        review.order.entities.iter().map(|place| builder.entity(*place)).collect();
    let place = |pair: &usize| builder.places[pair];
    let replaced = |place: usize| matches!(entities[place].existing, ExistingPlan::Replace { .. });
    let mut plan = Plan {
        name: name.to_owned(),
        levels: review.order.levels.iter().map(|group| group.iter().map(place).collect()).collect(),
        deletions: review.order.deletions.iter().map(place).filter(|p| replaced(*p)).collect(),
        cleared: review
            .order
            .cleared
            .iter()
            .map(|(pair, column)| (builder.places[pair], column.clone()))
            .filter(|(p, _)| replaced(*p))
            .collect(),
        leaf_first: review
            .order
            .leaf_first
            .iter()
            .map(|(pair, column)| (builder.places[pair], column.clone()))
            .filter(|(p, _)| replaced(*p))
            .collect(),
        outside: builder.outside(),
        links: builder.links(&users, &groups),
        fixed: builder.fixed,
        lookups: builder.lookups,
        tenants: tenants.into_iter().collect(),
        users,
        groups,
        options: options.clone(),
        decisions: words,
        left_out: review
            .selection
            .left_out
            .iter()
            .map(|left_out| (left_out.what.clone(), left_out.why.clone()))
            .collect(),
        entities,
        fingerprint: String::new(),
    };
    builder.wrong.extend(lookups::refused(&plan));
    if !builder.wrong.is_empty() {
        return Err(Refusal { wrong: builder.wrong, ..Refusal::default() });
    }
    plan.fingerprint = plan_fingerprint(&plan);
    Ok(plan)
}

fn judge(finding: &Finding, decisions: &Decisions, refusal: &mut Refusal, words: &mut Vec<String>) {
    if finding.choices.is_empty() {
        refusal.stopped.push(finding.clone());
        return;
    }
    let Some(decision) = decisions.get(&finding.key) else {
        refusal.undecided.push(finding.clone());
        return;
    };
    if decision.choice == choice::STOP {
        refusal.stopped.push(finding.clone());
        return;
    }
    match finding.choices.iter().find(|choice| choice.name == decision.choice) {
        None => {
            let names: Vec<&str> = finding.choices.iter().map(|choice| choice.name).collect();
            refusal.wrong.push(format!(
                "{}, {}: \"{}\" is no choice here; it is {}",
                finding.about,
                finding.key.kind,
                decision.choice,
                names.join(", ")
            ));
        }
        Some(made) if made.needs_target && decision.to.is_none() => refusal.wrong.push(format!(
            "{}, {}: \"{}\" needs to = \"…\"",
            finding.about, finding.key.kind, decision.choice
        )),
        Some(made) => {
            let to = decision.to.as_ref().map(|to| format!(" ({to})")).unwrap_or_default();
            words.push(format!("{}: {} — {}{to}", finding.about, finding.what, made.label));
        }
    }
}

struct Builder<'a> {
    source: &'a Environment,
    destination: &'a Environment,
    review: &'a Review,
    decisions: &'a Decisions,
    /// Place in the comparison → place in the plan.
    places: HashMap<usize, usize>,
    fixed: Vec<FixedPlan>,
    fixed_places: BTreeMap<EntityIndex, usize>,
    lookups: Vec<LookupPlan>,
    /// Pair and attribute → place in `lookups`.
    lookup_places: BTreeMap<(usize, usize), usize>,
    wrong: Vec<String>,
}

impl Builder<'_> {
    fn made(&self, finding: Option<&FindingKey>) -> Option<(&str, Option<&str>)> {
        let decision = self.decisions.get(finding?)?;
        Some((decision.choice.as_str(), decision.to.as_deref()))
    }

    fn fix(&mut self) {
        for (index, map) in &self.review.comparison.fixed {
            let mut fates = Vec::new();
            for record in &map.records {
                let fate = match (&record.destination, self.made(record.finding.as_ref())) {
                    (_, Some((choice::MAP, Some(to)))) => {
                        let wanted = to.trim().to_lowercase();
                        let found = map.offered.iter().find(|(id, name)| {
                            name.to_lowercase() == wanted || id.to_string().to_lowercase() == wanted
                        });
                        match found {
                            Some((id, _)) => Fate::To(id.clone()),
                            None => {
                                self.wrong.push(format!(
                                    "{}.{}: the destination has no active record \"{to}\"",
                                    map.name, record.name
                                ));
                                continue;
                            }
                        }
                    }
                    (_, Some((choice::EMPTY, _))) => Fate::Empty,
                    (_, Some((choice::REJECT, _))) => Fate::LeaveOut,
                    (Some(id), _) => Fate::To(id.clone()),
                    // Nothing refers to it.
                    (None, _) => continue,
                };
                fates.push((record.source.clone(), fate));
            }
            self.fixed_places.insert(*index, self.fixed.len());
            self.fixed.push(FixedPlan { name: map.name.clone(), fates });
        }
    }
}
