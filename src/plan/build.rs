//! From a review and its decisions to a complete plan, or the reasons why there is none.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::fingerprint::plan_fingerprint;
use super::{
    ColumnPlan, Decisions, EntityPlan, ExistingPlan, Fate, FixedPlan, IdentifierPlan, LinksPlan,
    Misfit, Orphan, PersonFate, PersonPlan, Plan, ReferenceRule, Review, Rule, RunOptions, Target,
};
use crate::compare::{
    self, AttributePair, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Match,
    Reason, choice,
};
use crate::database::{ColumnRef, ColumnShape, Value, ValueKind};
use crate::outsystems::{EntityIndex, Environment, Key, SystemTarget};

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
        wrong: Vec::new(),
    };
    let tenants = builder.tenants();
    let users = builder.users(&tenants);
    let groups = builder.groups(&tenants);
    builder.fix();
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
        links: builder.links(&users, &groups),
        fixed: builder.fixed,
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
    wrong: Vec<String>,
}

impl Builder<'_> {
    fn made(&self, finding: Option<&FindingKey>) -> Option<(&str, Option<&str>)> {
        let decision = self.decisions.get(finding?)?;
        Some((decision.choice.as_str(), decision.to.as_deref()))
    }

    fn tenants(&mut self) -> BTreeMap<i64, i64> {
        let mut tenants = BTreeMap::new();
        for tenant in &self.review.comparison.tenants {
            let id = match (&tenant.matched, self.made(tenant.finding.as_ref())) {
                (Match::Found(id), _) => Some(*id),
                (_, Some((choice::MAP, Some(to)))) => {
                    let wanted = Key::new(to.split(" of ").next().unwrap_or(to));
                    let number = to.trim().parse::<i64>().ok();
                    let found: Vec<i64> = self
                        .destination
                        .tenants
                        .iter()
                        .filter(|other| {
                            other.is_active && (other.name == wanted || Some(other.id) == number)
                        })
                        .map(|other| other.id)
                        .collect();
                    if found.len() != 1 {
                        let wrong = format!(
                            "tenant {}: \"{to}\" is {} in the destination; give its id",
                            tenant.name,
                            if found.is_empty() { "no active tenant" } else { "several tenants" }
                        );
                        self.wrong.push(wrong);
                    }
                    found.first().copied()
                }
                _ => None,
            };
            if let Some(id) = id {
                tenants.insert(tenant.source, id);
            }
        }
        tenants
    }

    fn users(&mut self, tenants: &BTreeMap<i64, i64>) -> Vec<PersonPlan> {
        let mut users = Vec::new();
        for user in &self.review.comparison.users {
            let tenant = user.tenant.and_then(|id| tenants.get(&id).copied());
            let fate = match (&user.matched, self.made(user.finding.as_ref())) {
                (_, Some((choice::MAP, Some(to)))) => match self.named_user(to, tenant) {
                    Ok(id) => PersonFate::Use(id),
                    Err(why) => {
                        self.wrong.push(format!("user {}: {why}", user.username));
                        continue;
                    }
                },
                (_, Some((choice::EMPTY, _))) => PersonFate::Empty,
                (Match::Found(id), _) => PersonFate::Use(*id),
                (Match::Missing, Some((choice::CREATE, _))) => PersonFate::Create { tenant },
                _ => {
                    self.wrong.push(format!("user {} is not decided", user.username));
                    continue;
                }
            };
            let name = user.username.as_str().to_owned();
            users.push(PersonPlan { source: user.source, name, fate });
        }
        users
    }

    /// The destination's user that a decision names: by id, or by a name that is unique.
    fn named_user(&self, to: &str, tenant: Option<i64>) -> Result<i64, String> {
        if let Ok(id) = to.trim().parse::<i64>() {
            return match self.destination.users.iter().find(|user| user.id == id) {
                Some(user) => Ok(user.id),
                None => Err(format!("the destination has no user with the id {id}")),
            };
        }
        let wanted = Key::new(to);
        let all: Vec<_> =
            self.destination.users.iter().filter(|user| user.username == wanted).collect();
        let narrowed: Vec<_> =
            all.iter().filter(|user| user.is_active && user.tenant_id == tenant).collect();
        match (&narrowed[..], &all[..]) {
            ([one], _) => Ok(one.id),
            (_, [one]) => Ok(one.id),
            (_, []) => Err(format!("the destination has no user \"{to}\"")),
            _ => Err(format!("\"{to}\" is several users in the destination; give the id")),
        }
    }

    fn groups(&mut self, tenants: &BTreeMap<i64, i64>) -> Vec<PersonPlan> {
        let mut groups = Vec::new();
        for group in &self.review.comparison.groups {
            let tenant = group.tenant.and_then(|id| tenants.get(&id).copied());
            let fate = match (&group.matched, self.made(group.finding.as_ref())) {
                (Match::Found(id), _) => PersonFate::Use(*id),
                (_, Some((choice::MAP, Some(to)))) => {
                    let (wanted, number) = (Key::new(to), to.trim().parse::<i64>().ok());
                    let found = self.destination.groups.iter().find(|other| {
                        Some(other.id) == number
                            || (other.name == wanted
                                && (other.tenant_id.is_none() || other.tenant_id == tenant))
                    });
                    match found {
                        Some(other) => PersonFate::Use(other.id),
                        None => {
                            let wrong = format!(
                                "group {}: the destination has no group \"{to}\"",
                                group.name
                            );
                            self.wrong.push(wrong);
                            continue;
                        }
                    }
                }
                (Match::Missing, Some((choice::CREATE, _))) => PersonFate::Create { tenant },
                _ => {
                    self.wrong.push(format!("group {} is not decided", group.name));
                    continue;
                }
            };
            let name = group.name.as_str().to_owned();
            groups.push(PersonPlan { source: group.source, name, fate });
        }
        groups
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

    fn links(&self, users: &[PersonPlan], groups: &[PersonPlan]) -> LinksPlan {
        let links = &self.source.links;
        let present = |people: &[PersonPlan]| -> HashSet<i64> {
            people.iter().filter(|p| p.fate != PersonFate::Empty).map(|p| p.source).collect()
        };
        let (users, groups) = (present(users), present(groups));
        let role = |id: &i64| self.review.comparison.roles.get(id).copied();
        LinksPlan {
            user_roles: links
                .user_roles
                .iter()
                .filter(|(user, _)| users.contains(user))
                .filter_map(|(user, id)| Some((*user, role(id)?)))
                .collect(),
            group_roles: links
                .group_roles
                .iter()
                .filter(|(group, _)| groups.contains(group))
                .filter_map(|(group, id)| Some((*group, role(id)?)))
                .collect(),
            group_users: links
                .group_users
                .iter()
                .filter(|(user, group)| users.contains(user) && groups.contains(group))
                .copied()
                .collect(),
        }
    }

    fn entity(&mut self, pair_place: usize) -> EntityPlan {
        let review = self.review;
        let pair = &review.comparison.pairs[pair_place];
        let entity = self.source.entity(pair.source);
        let mut columns = Vec::new();
        let mut column_of: HashMap<usize, usize> = HashMap::new();
        for (place, attribute) in pair.attributes.iter().enumerate() {
            if pair.identifier == Some(place) && pair.identifier_kind == IdentifierKind::Generated {
                continue;
            }
            if let Some(rule) = self.rule(pair_place, place, attribute, entity) {
                column_of.insert(place, columns.len());
                columns.push(ColumnPlan {
                    attribute: attribute.attribute.name.clone(),
                    key: attribute.attribute.key.clone(),
                    source: ColumnRef::from(&attribute.source_column),
                    destination: attribute.destination_column.clone(),
                    rule,
                });
            }
        }
        let mut tenant_place = None;
        if let Some((source, destination)) = &pair.tenant {
            tenant_place = Some(columns.len());
            columns.push(ColumnPlan {
                attribute: source.name.clone(),
                key: Key::default(),
                source: ColumnRef::from(source),
                destination: destination.clone(),
                rule: Rule::Reference(ReferenceRule {
                    target: Target::Tenants,
                    may_be_emptied: destination.nullable,
                    none: none(destination),
                    zero_is_row: false,
                    is_deferred: false,
                    orphan: Orphan::LeaveOut,
                }),
            });
        }
        let existing = self.existing(pair, &column_of, tenant_place, &columns);
        EntityPlan {
            espace: entity.espace_key.clone(),
            entity: entity.key.clone(),
            name: pair.name.clone(),
            reason: match &pair.reason {
                Reason::Chosen => None,
                Reason::Producer(by) => Some(by.clone()),
            },
            source_table: self.resolved(self.source, &entity.table),
            destination_table: self
                .resolved(self.destination, &self.destination.entity(pair.destination).table),
            identifier: identifier(pair),
            columns,
            constants: pair.constants.clone(),
            existing,
            source_rows: pair.source_rows.unwrap_or_default(),
        }
    }

    fn resolved(
        &self,
        environment: &Environment,
        table: &crate::database::TableName,
    ) -> crate::database::TableName {
        environment.shape(table).map_or_else(|| table.clone(), |shape| shape.name.clone())
    }

    /// What happens to the values of an attribute; `None` when it is left out.
    fn rule(
        &mut self,
        pair_place: usize,
        place: usize,
        attribute: &AttributePair,
        entity: &crate::outsystems::Entity,
    ) -> Option<Rule> {
        let key = |kind| FindingKey::attribute(kind, entity, &attribute.attribute);
        let left_out = |kind| self.decisions.choice(&key(kind)) == Some(choice::LEAVE_OUT);
        if left_out(FindingKind::ReferenceRetargeted) || left_out(FindingKind::AttributeRetyped) {
            return None;
        }
        let Some(reference) = &attribute.reference else {
            let misfit = match self.made(attribute.misfit.as_ref()).map(|made| made.0) {
                Some(choice::REJECT) => Misfit::LeaveOut,
                Some(choice::CUT) => Misfit::Cut,
                Some(choice::DEFAULT) => Misfit::Default,
                _ => Misfit::Refuse,
            };
            return Some(Rule::Copy { misfit });
        };
        let review = self.review;
        let pair = &review.comparison.pairs[pair_place];
        let target = match reference.target {
            compare::Target::Entity(index) => {
                let parent = review.comparison.pairs.iter().position(|pair| pair.source == index);
                match parent {
                    Some(parent) => Target::Entity(self.places[&parent]),
                    None => Target::Nothing,
                }
            }
            compare::Target::Static(index) => match self.fixed_places.get(&index) {
                Some(place) => Target::Fixed(*place),
                None => Target::Nothing,
            },
            compare::Target::System(SystemTarget::User, _) => Target::Users,
            compare::Target::System(SystemTarget::Group, _) => Target::Groups,
            compare::Target::System(SystemTarget::Tenant, _) => Target::Tenants,
            compare::Target::System(_, index) => match self.fixed_places.get(&index) {
                Some(place) => Target::Fixed(*place),
                None => Target::Nothing,
            },
            compare::Target::External => Target::External,
            compare::Target::Outside(_) | compare::Target::Unresolved => Target::Nothing,
        };
        let may_be_emptied = attribute.may_be_emptied() && pair.identifier != Some(place);
        let orphan = match self.decisions.choice(&key(FindingKind::OrphanReferences)) {
            Some(choice::EMPTY) => Orphan::Empty,
            Some(choice::REJECT) => Orphan::LeaveOut,
            _ if may_be_emptied => Orphan::Empty,
            _ => Orphan::LeaveOut,
        };
        Some(Rule::Reference(ReferenceRule {
            target,
            may_be_emptied,
            none: none(&attribute.destination_column),
            zero_is_row: reference.zero_is_row,
            is_deferred: review.order.deferred.contains(&(pair_place, place)),
            orphan,
        }))
    }

    fn existing(
        &mut self,
        pair: &EntityPair,
        column_of: &HashMap<usize, usize>,
        tenant_place: Option<usize>,
        columns: &[ColumnPlan],
    ) -> ExistingPlan {
        let known = &pair.existing;
        let rows = known.replaced.unwrap_or_default();
        let standing = known.standing.unwrap_or_default();
        let replace = || ExistingPlan::Replace { filter: known.filter.clone(), rows, standing };
        match pair.reason {
            Reason::Chosen if self.review.selection.replace == Some(true) => replace(),
            Reason::Chosen => ExistingPlan::Keep { rows: rows + standing },
            Reason::Producer(_) => match self.made(known.finding.as_ref()).map(|made| made.0) {
                Some(choice::REPLACE) => replace(),
                _ => {
                    let natural = known.natural_key.clone();
                    let mut key: Vec<usize> = natural
                        .iter()
                        .flat_map(|natural| &natural.attributes)
                        .filter_map(|place| column_of.get(place).copied())
                        .collect();
                    if natural.as_ref().is_some_and(|natural| natural.with_tenant) {
                        key.extend(tenant_place);
                    }
                    let waits = key.iter().any(|place| {
                        matches!(&columns[*place].rule, Rule::Reference(rule) if rule.is_deferred)
                    });
                    if waits || key.is_empty() {
                        self.wrong.push(format!(
                            "{}: its rows cannot be recognised by a key that is part of a circle of \
                             references; choose \"replace\"",
                            pair.name
                        ));
                    }
                    ExistingPlan::Recognise { key, rows: rows + standing }
                }
            },
        }
    }
}

/// What stands for "no reference" in a column.
fn none(column: &ColumnShape) -> Value {
    if column.nullable {
        return Value::Null;
    }
    match column.data_type.kind() {
        Some(ValueKind::Text) => Value::text(""),
        _ => Value::Integer(0),
    }
}

fn identifier(pair: &EntityPair) -> IdentifierPlan {
    let Some(attribute) = pair.identifier() else { return IdentifierPlan::None };
    let source = ColumnRef::from(&attribute.source_column);
    let destination = attribute.destination_column.clone();
    match pair.identifier_kind {
        IdentifierKind::None => IdentifierPlan::None,
        IdentifierKind::Generated => IdentifierPlan::Generated { source, destination },
        IdentifierKind::Kept => IdentifierPlan::Kept { source, destination },
        IdentifierKind::Extension => IdentifierPlan::Extension { source, destination },
    }
}
