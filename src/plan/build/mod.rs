//! From a review and its decisions to a complete plan, or the reasons why there is none.

mod circles;
mod entity;
mod events;
mod existing;
mod lookups;
mod mask;
mod outside;
mod people;

use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) use entity::not_remapped;
pub(super) use mask::constant;

use super::fingerprint::plan_fingerprint;
use super::{
    Decisions, EntityPlan, EspacePlan, ExistingPlan, Fate, FixedPlan, LookupPlan, Mask, Plan,
    Review, RunOptions,
};
use crate::compare::{Finding, FindingKey, FindingKind, choice};
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
    refusal.wrong.extend(kinds_in_vain(review, decisions));
    refusal.wrong.extend(tenants_in_vain(review, decisions));
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
        espaces: None,
        lookups: Vec::new(),
        lookup_places: BTreeMap::new(),
        wrong: Vec::new(),
    };
    let tenants = builder.tenants();
    let users = builder.users(&tenants);
    let groups = builder.groups(&tenants);
    builder.fix();
    builder.espaces();
    builder.look_up();
    let entities: Vec<EntityPlan> =
        review.order.entities.iter().map(|place| builder.entity(*place)).collect();
    let columns = entities.iter().flat_map(|entity| &entity.columns);
    let by_key = columns.filter_map(|column| column.mask.as_ref()).any(Mask::is_keyed);
    let user_mask = builder.user_mask(&users, by_key);
    let user_columns = builder.user_columns(&users);
    builder.check_recreated(&users);
    builder.wrong.extend(circles::left_out(&entities));
    let place = |pair: &usize| builder.places[pair];
    let replaced = |place: usize| matches!(entities[place].existing, ExistingPlan::Replace { .. });
    let mut plan = Plan {
        rejects_of: None,
        name: name.to_owned(),
        espaces: builder.chosen(),
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
        copies_passwords: review.selection.strategy.copies_passwords,
        fixed: std::mem::take(&mut builder.fixed),
        lookups: std::mem::take(&mut builder.lookups),
        tenants: tenants.into_iter().collect(),
        users,
        user_columns,
        groups,
        user_mask,
        events: Vec::new(),
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
    plan.events = builder.events(&plan);
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

/// Tenants chosen for all rows of an entity that are none, or several.
fn tenants_in_vain(review: &Review, decisions: &Decisions) -> Vec<String> {
    let findings = review.comparison.findings.iter();
    findings
        .filter(|finding| finding.key.kind == FindingKind::MultitenancyChanged)
        .filter_map(|finding| {
            let made = decisions.get(&finding.key).filter(|made| made.choice == choice::MAP)?;
            let is_there = review.comparison.pairs.iter().any(|pair| {
                pair.into_tenant.is_some() && pair.name == finding.about
            });
            let to = made.to.as_deref().unwrap_or_default();
            (!is_there).then(|| {
                format!(
                    "{}: \"{to}\" is no active tenant of the destination, or several; name one, with \
                     its user provider as in \"Acme of Users\", or give its id",
                    finding.about
                )
            })
        })
        .collect()
}

/// Decisions for all findings of a kind that none of them can have.
fn kinds_in_vain(review: &Review, decisions: &Decisions) -> Vec<String> {
    let findings = &review.comparison.findings;
    let for_kinds = decisions.all().into_iter().filter(|decision| {
        decision.key.is_kind_only() && review.comparison.finding(&decision.key).is_none()
    });
    for_kinds
        .filter_map(|decision| {
            let kind = decision.key.kind;
            let of_kind = findings.iter().filter(|finding| finding.key.kind == kind);
            let mut names: Vec<&str> =
                of_kind.flat_map(|finding| &finding.choices).map(|choice| choice.name).collect();
            names.sort_unstable();
            names.dedup();
            (!names.is_empty() && !names.contains(&decision.choice.as_str())).then(|| {
                format!(
                    "all of {kind}: \"{}\" is no choice of any of them; they have {}",
                    decision.choice,
                    names.join(", ")
                )
            })
        })
        .collect()
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
    /// The place of the espaces in `fixed`, where subscriptions name them.
    espaces: Option<usize>,
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

    fn chosen(&self) -> Vec<EspacePlan> {
        let keys = self.review.selection.espaces.iter();
        let chosen = keys.filter_map(|key| self.source.espace(key));
        chosen
            .map(|espace| EspacePlan { key: espace.key.clone(), name: espace.name.clone() })
            .collect()
    }

    fn fix(&mut self) {
        let attributes = self.review.comparison.pairs.iter().flat_map(|pair| &pair.attributes);
        let by_decision: HashSet<EntityIndex> = attributes.filter_map(|one| one.soft).collect();
        for (index, map) in &self.review.comparison.fixed {
            let (mut fates, mut undecided) = (Vec::new(), Vec::new());
            for record in &map.records {
                let fate = match (&record.destination, self.made(record.finding.as_ref())) {
                    (_, Some((choice::MAP, Some(to)))) => match map.named(to) {
                        Ok(id) => Fate::To(id),
                        Err(why) => {
                            self.wrong.push(format!("{}.{}: {why}", map.name, record.name));
                            continue;
                        }
                    },
                    (_, Some((choice::EMPTY, _))) => Fate::Empty,
                    (_, Some((choice::REJECT, _))) => Fate::LeaveOut,
                    (Some(id), _) => Fate::To(id.clone()),
                    // Nothing refers to it.
                    (None, _) => {
                        if by_decision.contains(index) {
                            undecided.push(record.source.clone());
                        }
                        continue;
                    }
                };
                fates.push((record.source.clone(), fate));
            }
            self.fixed_places.insert(*index, self.fixed.len());
            self.fixed.push(FixedPlan { name: map.name.clone(), fates, undecided });
        }
    }
}
