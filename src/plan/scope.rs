//! From names of applications, espaces and solutions to entities, with the producers they need.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;

use super::{Decisions, PersonalData};
use crate::compare::{
    AttributeKey, FindingKey, FindingKind, Leaving, LeftOut, Reason, Selected, Selection,
    UserStrategy, UserWish, attribute_key, choice,
};
use crate::outsystems::{
    DataKind, Entity, EntityIndex, Environment, InstanceTable, Key, Resolution, Solution,
    SystemTarget,
};

/// Modules that come with the platform and hold applications' tables of their own: settings of log-ins
/// encrypted with the environment's key, page dumps with personal data (`metamodel.md` §7). Rows of
/// an application may refer to them; they go along only when somebody asks for it.
const COMPONENTS: [&str; 2] = ["Users", "ECT_Provider"];

/// What the person asked for, by names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeRequest {
    /// Applications.
    pub applications: Vec<String>,
    /// Espaces.
    pub espaces: Vec<String>,
    /// Solutions.
    pub solutions: Vec<String>,
    /// Single entities as `Espace.Entity`, whether their espace is named or not.
    pub entities: Vec<String>,
    /// Whether references take entities of the platform's component modules in as well.
    pub components: bool,
    /// `Espace.Entity` to leave out.
    pub exclude: Vec<String>,
    /// Whether rows of the destination are replaced; `None` when the plan does not say.
    pub replace: Option<bool>,
    /// What becomes of users.
    pub users: UserStrategy,
    /// What the plan says of personal data as a whole; `None` where it says nothing.
    pub personal_data: Option<PersonalData>,
    /// Whether nobody looks for plain attributes that hold ids (`soft_keys = "off"`).
    pub no_soft_keys: bool,
}

/// Something asked for that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeError {
    /// What was asked for.
    pub what: String,
    /// Names that are near.
    pub nearest: Vec<String>,
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.nearest.is_empty() {
            write!(f, "\n  Did you mean {}?", self.nearest.join(" or "))?;
        }
        Ok(())
    }
}

impl std::error::Error for ScopeError {}

/// Names near a wanted one, nearest first, at most three.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(&wanted.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(score, _)| *score > 0.6)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup();
    scored.into_iter().take(3).map(|(_, name)| format!("\"{name}\"")).collect()
}

fn find<'a, T>(
    kind: &str,
    wanted: &str,
    items: &'a [T],
    name: impl Fn(&T) -> &str,
) -> Result<&'a T, ScopeError> {
    items.iter().find(|item| name(item).to_lowercase() == wanted.trim().to_lowercase()).ok_or_else(
        || ScopeError {
            what: format!("the source has no {kind} \"{wanted}\""),
            nearest: nearest(wanted, items.iter().map(&name)),
        },
    )
}

/// Resolves the scope against the source: the entities chosen, and by reference the producers
/// they need (data closure, `metamodel.md` §8). A decision about a reference can keep its
/// producer out.
pub fn resolve(
    source: &Environment,
    request: &ScopeRequest,
    decisions: &Decisions,
) -> Result<Selection, ScopeError> {
    let mut espaces = named_espaces(source, request)?;
    let excluded = entities_named(source, &request.exclude, " to exclude")?;
    let single = entities_named(source, &request.entities, "")?;
    if let Some(both) = single.iter().find(|index| excluded.contains(index)) {
        return Err(ScopeError {
            what: format!(
                "the plan takes the entity \"{}\" in and excludes it; take it out of one of the lists",
                source.entity(*both).full_name()
            ),
            nearest: Vec::new(),
        });
    }
    let mut selection = Selection {
        replace: request.replace,
        confirmed: confirmed(source, decisions),
        leaving: leaving(decisions),
        named_rows: targets(decisions, choice::REPLACEMENT),
        paired: attributes_decided(decisions, FindingKind::AttributeRemade, choice::PAIR),
        values: decided(
            decisions,
            &[
                FindingKind::TextTooLong,
                FindingKind::NumberTooWide,
                FindingKind::AttributeRetyped,
                FindingKind::NullNotAllowed,
                FindingKind::MandatoryEmpty,
            ],
        ),
        mapped: targets(decisions, choice::MAP),
        emptied: emptied(decisions),
        kept: decided(decisions, &[FindingKind::ExistingMatch]),
        users: wishes(decisions),
        strategy: request.users.clone(),
        masks_personal_data: request.personal_data.map(|said| said == PersonalData::Mask),
        masked: masked(decisions),
        soft_keys: soft_keys(decisions),
        no_soft_keys: request.no_soft_keys,
        remade: decided(
            decisions,
            &[
                FindingKind::IdentifierChanged,
                FindingKind::MultitenancyChanged,
                FindingKind::RowsWithoutTenant,
                FindingKind::EntityKindChanged,
            ],
        ),
        processes: decided(
            decisions,
            &[
                FindingKind::ProcessInstances,
                FindingKind::ProcessInactive,
                FindingKind::ProcessStatus,
            ],
        ),
        ..Selection::default()
    };
    for espace in &source.espaces {
        if !espaces.contains(&espace.id) {
            let is_named = single.iter().any(|i| source.entity(*i).espace_id == Some(espace.id));
            if is_named && !espace.is_system {
                selection.espaces.push(espace.key.clone());
            }
            continue;
        }
        if espace.is_system {
            selection.left_out.push(LeftOut {
                what: espace.name.clone(),
                why: "it belongs to the platform, which is never written".to_owned(),
            });
            espaces.remove(&espace.id);
        } else {
            selection.espaces.push(espace.key.clone());
        }
    }

    let mut reasons: BTreeMap<EntityIndex, Reason> = BTreeMap::new();
    let mut left_behind = Vec::new();
    for (index, entity) in source.entities.iter().enumerate() {
        let index = EntityIndex(index);
        let is_named =
            single.contains(&index) || entity.espace_id.is_some_and(|id| espaces.contains(&id));
        if !entity.is_active || !is_named {
            continue;
        }
        if let Some(why) = why_not(entity, excluded.contains(&index), decisions) {
            let left = LeftOut { what: entity.full_name(), why: why.to_owned() };
            left_behind.push((index, left));
        } else {
            reasons.insert(index, Reason::Chosen);
        }
    }
    if are_instances_taken(source, &selection) {
        let tables = InstanceTable::ALL.into_iter();
        let there = tables.filter_map(|table| source.instances(table));
        reasons.extend(there.map(|index| (index, Reason::Chosen)));
    }
    if !request.components {
        let is_component = |entity: &Entity| {
            is_component(entity) && !entity.espace_id.is_some_and(|id| espaces.contains(&id))
        };
        let all = source.entities.iter().enumerate();
        selection.components =
            all.filter(|(_, e)| is_component(e)).map(|(place, _)| EntityIndex(place)).collect();
    }
    selection.barred = take_producers_in(source, decisions, &selection, &excluded, &mut reasons);
    // Records of a static entity that are taken in as rows do not stay behind.
    left_behind.retain(|(index, _)| !reasons.contains_key(index));
    selection.left_out.extend(left_behind.into_iter().map(|(_, left)| left));
    selection.left_out.extend(of_extensions(source, request));
    selection.entities =
        reasons.into_iter().map(|(entity, reason)| Selected { entity, reason }).collect();
    Ok(selection)
}

/// Whether instances of some process of the chosen espaces are carried over.
fn are_instances_taken(source: &Environment, selection: &Selection) -> bool {
    let processes = source.definitions.get(&SystemTarget::ProcessDefinition);
    processes.into_iter().flatten().any(|process| {
        let is_taken = |kind| {
            let (espace, entity) = (process.espace_key.clone(), process.key.clone());
            selection.is_taken(&FindingKey { espace, entity, ..FindingKey::new(kind) })
        };
        selection.espaces.contains(&process.espace_key)
            && [FindingKind::ProcessInstances, FindingKind::ProcessInactive]
                .into_iter()
                .any(is_taken)
    })
}

/// The espaces that the plan names, by themselves or by their application or solution.
fn named_espaces(
    source: &Environment,
    request: &ScopeRequest,
) -> Result<BTreeSet<i64>, ScopeError> {
    let mut espaces: BTreeSet<i64> = BTreeSet::new();
    for name in &request.applications {
        let application = find("application", name, &source.applications, |a| &a.name)?;
        espaces.extend(&application.espaces);
    }
    for name in &request.solutions {
        espaces.extend(&solution(source, name)?.espaces);
    }
    for name in &request.espaces {
        espaces.insert(find("espace", name, &source.espaces, |e| &e.name)?.id);
    }
    if [&request.applications, &request.solutions, &request.espaces, &request.entities]
        .into_iter()
        .all(Vec::is_empty)
    {
        return Err(ScopeError {
            what: "the scope is empty: name at least one application, espace, solution or entity"
                .to_owned(),
            nearest: Vec::new(),
        });
    }
    Ok(espaces)
}

/// The solution of that name, or a sentence: which may be that no solution is known.
fn solution<'a>(source: &'a Environment, name: &str) -> Result<&'a Solution, ScopeError> {
    let mut absent = source.absent.iter();
    match absent.find(|fact| fact.starts_with("OSSYS_SOLUTION")) {
        Some(fact) if source.solutions.is_empty() => Err(ScopeError {
            what: format!(
                "what is in the solution \"{name}\" is not known: {fact} in the source; name \
                 applications or espaces instead"
            ),
            nearest: Vec::new(),
        }),
        _ => find("solution", name, &source.solutions, |solution| &solution.name),
    }
}

/// The entities that a plan names; a name that several carry means them all.
fn entities_named(
    source: &Environment,
    names: &[String],
    to_do: &str,
) -> Result<HashSet<EntityIndex>, ScopeError> {
    let mut named = HashSet::new();
    if names.is_empty() {
        return Ok(named);
    }
    let mut by_name: HashMap<String, Vec<EntityIndex>> = HashMap::new();
    for (index, entity) in source.entities.iter().enumerate() {
        if entity.is_active {
            by_name.entry(entity.full_name().to_lowercase()).or_default().push(EntityIndex(index));
        }
    }
    for name in names {
        let Some(found) = by_name.get(&name.trim().to_lowercase()) else {
            let active = source.entities.iter().filter(|entity| entity.is_active);
            let names: Vec<String> = active.map(Entity::full_name).collect();
            return Err(ScopeError {
                what: format!("the source has no entity \"{name}\"{to_do}"),
                nearest: nearest(name, names.iter().map(String::as_str)),
            });
        };
        named.extend(found);
    }
    Ok(named)
}

/// The entities of extensions that belong to a chosen application or solution.
fn of_extensions(source: &Environment, request: &ScopeRequest) -> Vec<LeftOut> {
    let applications =
        source.applications.iter().map(|one| (&request.applications, &one.name, &one.extensions));
    let solutions =
        source.solutions.iter().map(|one| (&request.solutions, &one.name, &one.extensions));
    let extensions: HashSet<i64> = applications
        .chain(solutions)
        .filter(|(wanted, name, _)| {
            wanted.iter().any(|wanted| wanted.trim().to_lowercase() == name.to_lowercase())
        })
        .flat_map(|(_, _, extensions)| extensions.iter().copied())
        .collect();
    let keys: HashSet<&Key> = source
        .extensions
        .iter()
        .filter(|extension| extensions.contains(&extension.id))
        .map(|extension| &extension.key)
        .collect();
    source
        .entities
        .iter()
        .filter(|entity| {
            entity.is_active && entity.espace_id.is_none() && keys.contains(&entity.espace_key)
        })
        .map(|entity| LeftOut {
            what: entity.full_name(),
            why: "it belongs to an extension: another system keeps its rows".to_owned(),
        })
        .collect()
}

/// Why an entity of a chosen espace is not carried over; `None` when it is.
fn why_not(entity: &Entity, is_excluded: bool, decisions: &Decisions) -> Option<&'static str> {
    if is_excluded {
        Some("the plan excludes it")
    } else if left_out(entity, decisions) {
        never_carried(entity).or(Some("left out by decision"))
    } else {
        never_carried(entity)
    }
}

/// Why the rows of an entity are never carried over, whatever is chosen; `None` when they can be.
#[must_use]
pub fn never_carried(entity: &Entity) -> Option<&'static str> {
    if entity.is_external {
        Some("another system keeps its rows")
    } else if entity.is_system || entity.system_target().is_some() {
        Some("it belongs to the platform, which is never written")
    } else if entity.kind == DataKind::Static {
        Some("a static entity: its records come from the module's code and are matched by key")
    } else if entity.kind == DataKind::Client {
        Some("its rows live on devices, not in the database")
    } else {
        None
    }
}

/// Whether an entity belongs to a component module: references alone do not take it in.
#[must_use]
pub fn is_component(entity: &Entity) -> bool {
    COMPONENTS.iter().any(|name| name.eq_ignore_ascii_case(entity.espace_name.trim()))
}

/// Adds every application entity that an entity of the scope refers to; returns those that the
/// plan keeps out whatever refers to them.
fn take_producers_in(
    source: &Environment,
    decisions: &Decisions,
    selection: &Selection,
    excluded: &HashSet<EntityIndex>,
    reasons: &mut BTreeMap<EntityIndex, Reason>,
) -> HashSet<EntityIndex> {
    let mut barred = HashSet::new();
    let mut queue: VecDeque<EntityIndex> = reasons.keys().copied().collect();
    while let Some(index) = queue.pop_front() {
        let entity = source.entity(index);
        for attribute in entity.active_attributes() {
            let confirmed = selection.confirmed.get(&attribute_key(entity, attribute));
            let target = match (source.resolve(entity, &attribute.data_type), confirmed) {
                (Some(Resolution::Entity(target)), _) => target,
                (Some(Resolution::Candidates(_)), Some(target)) => *target,
                (None, Some(target)) if attribute.data_type.is_unclear() => *target,
                _ => continue,
            };
            let producer = source.entity(target);
            // Records that are rows in the destination, where somebody asked for them.
            let of_rows = FindingKey::entity(FindingKind::EntityKindChanged, producer);
            let is_taken_in = producer.kind == DataKind::Static
                && decisions.choice(&of_rows) == Some(choice::TAKE_IN);
            if reasons.contains_key(&target)
                || !(source.is_application_entity(producer) || is_taken_in)
            {
                continue;
            }
            if excluded.contains(&target) || producer.is_system || left_out(producer, decisions) {
                barred.insert(target);
                continue;
            }
            let key = FindingKey::attribute(FindingKind::ReferenceLeavesScope, entity, attribute);
            let made = decisions.choice(&key);
            let needs_word = selection.components.contains(&target);
            if made.map_or(needs_word, |made| made != choice::TAKE_IN) {
                continue;
            }
            let by = format!("{}.{}", entity.full_name(), attribute.name);
            reasons.insert(target, Reason::Producer(by));
            queue.push_back(target);
        }
    }
    barred
}

/// Whether a decision about an entity as a whole leaves it out.
fn left_out(entity: &Entity, decisions: &Decisions) -> bool {
    [
        FindingKind::EntityAmbiguous,
        FindingKind::EntityKindChanged,
        FindingKind::EntityKindUnknown,
        FindingKind::TableMissing,
        FindingKind::IdentifierChanged,
        FindingKind::MultitenancyChanged,
    ]
    .into_iter()
    .any(|kind| decisions.choice(&FindingKey::entity(kind, entity)) == Some(choice::LEAVE_OUT))
}

/// What decisions for a choice name, as it was written.
fn targets(decisions: &Decisions, choice: &str) -> HashMap<FindingKey, String> {
    decisions
        .all()
        .into_iter()
        .filter(|decision| decision.choice == choice)
        .filter_map(|decision| Some((decision.key.clone(), decision.to.clone()?)))
        .collect()
}

/// Whom and what a person wants no reference to.
fn emptied(decisions: &Decisions) -> HashSet<FindingKey> {
    let all = decisions.all().into_iter();
    all.filter(|decision| decision.choice == choice::EMPTY)
        .map(|decision| decision.key.clone())
        .collect()
}

/// What a person decided about users.
fn wishes(decisions: &Decisions) -> HashMap<FindingKey, UserWish> {
    let all = decisions.all().into_iter();
    all.filter(|decision| FindingKind::OF_USERS.contains(&decision.key.kind))
        .map(|decision| {
            let wish = UserWish { choice: decision.choice.clone(), to: decision.to.clone() };
            (decision.key.clone(), wish)
        })
        .collect()
}

/// What was decided about attributes with personal data.
fn masked(decisions: &Decisions) -> HashMap<FindingKey, (String, Option<String>)> {
    decided(decisions, &[FindingKind::PersonalData, FindingKind::PersonalDataLikely])
}

/// What was decided about findings of these kinds.
fn decided(
    decisions: &Decisions,
    kinds: &[FindingKind],
) -> HashMap<FindingKey, (String, Option<String>)> {
    let made = decisions.all().into_iter().filter(|made| kinds.contains(&made.key.kind));
    made.map(|made| (made.key.clone(), (made.choice.clone(), made.to.clone()))).collect()
}

/// What was decided about plain attributes that may hold ids.
fn soft_keys(decisions: &Decisions) -> HashMap<AttributeKey, Option<String>> {
    let all = decisions.all().into_iter();
    all.filter(|made| made.key.kind == FindingKind::SoftKeyLikely && !made.key.is_kind_only())
        .map(|made| {
            let to = made.to.clone().filter(|_| made.choice == choice::REMAP);
            (of_attribute(&made.key), to)
        })
        .collect()
}

/// Targets that a person confirmed for references which resolve to nothing for sure, and for
/// attributes of which the model does not say what they hold. A name has to mean one entity.
fn confirmed(source: &Environment, decisions: &Decisions) -> HashMap<AttributeKey, EntityIndex> {
    let kinds = [FindingKind::ReferenceUnresolved, FindingKind::TypeUnknown];
    decisions
        .all()
        .into_iter()
        .filter(|decision| kinds.contains(&decision.key.kind) && decision.choice == choice::MAP)
        .filter_map(|decision| {
            let name = decision.to.as_deref()?.trim().to_lowercase();
            let mut named = source.entities.iter().enumerate().filter(|(_, entity)| {
                entity.is_active && entity.full_name().to_lowercase() == name
            });
            let (place, _) = named.next()?;
            named.next().is_none().then(|| (of_attribute(&decision.key), EntityIndex(place)))
        })
        .collect()
}

/// Attributes of which a finding of that kind was decided so.
fn attributes_decided(
    decisions: &Decisions,
    kind: FindingKind,
    choice: &str,
) -> HashSet<AttributeKey> {
    let all = decisions.all().into_iter();
    all.filter(|decision| decision.key.kind == kind && decision.choice == choice)
        .map(|decision| of_attribute(&decision.key))
        .collect()
}

/// What a person decided about references to entities that were not chosen.
fn leaving(decisions: &Decisions) -> HashMap<AttributeKey, Leaving> {
    let all = decisions.all().into_iter();
    all.filter(|decision| decision.key.kind == FindingKind::ReferenceLeavesScope)
        .filter_map(|decision| {
            let leaving = match (decision.choice.as_str(), &decision.to) {
                (choice::EMPTY, _) => Leaving::Empty,
                (choice::REJECT, _) => Leaving::Reject,
                (choice::MAP_BY_KEY, Some(to)) => Leaving::ByKey(to.clone()),
                (choice::REPLACEMENT, Some(to)) => Leaving::Replacement(to.clone()),
                _ => return None,
            };
            Some((of_attribute(&decision.key), leaving))
        })
        .collect()
}

/// The attribute that a finding is about.
fn of_attribute(key: &FindingKey) -> AttributeKey {
    (key.espace.clone(), key.entity.clone(), key.attribute.clone())
}
