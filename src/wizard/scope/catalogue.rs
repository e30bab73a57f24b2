//! What the source offers to choose from: applications and solutions, their espaces, the entities
//! of these, and which refers to which. Read off the model once; names compare without case.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::compare::{FindingKind, choice};
use crate::outsystems::{AttributeType, EntityIndex, Environment};
use crate::plan::{Decisions, is_component, never_carried};

/// What stands at the top of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopKind {
    /// An application.
    Application,
    /// A solution.
    Solution,
    /// The espaces of no application.
    Rest,
}

/// An application, a solution, or what is in no application.
#[derive(Clone, Debug)]
pub struct Top {
    /// Which of these.
    pub kind: TopKind,
    /// Its name.
    pub name: String,
    /// The name to search in.
    pub folded: String,
    /// Places of its espaces, by name.
    pub espaces: Vec<usize>,
    /// Whether a plan that names it means this one.
    pub is_addressable: bool,
}

/// An espace with its entities.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// The name to search in.
    pub folded: String,
    /// Whether it belongs to the platform.
    pub is_system: bool,
    /// Its applications and solutions.
    pub tops: Vec<usize>,
    /// Its active entities: those that can be carried over by name, then the others.
    pub entities: Vec<EntityIndex>,
    /// How many of them can be carried over.
    pub carried: usize,
    /// Whether a plan that names it means this one.
    pub is_addressable: bool,
}

impl Module {
    /// The entities that can be carried over.
    #[must_use]
    pub fn candidates(&self) -> &[EntityIndex] {
        &self.entities[..self.carried]
    }
}

/// A reference to another entity, by the attribute's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// The entity referred to.
    pub target: EntityIndex,
    /// The place of the attribute in the referring entity.
    pub attribute: usize,
}

/// An entity.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// Its espace's place; `None` for entities that are not shown.
    pub espace: Option<usize>,
    /// Its name and its table's, to search in.
    pub folded: String,
    /// Why its rows are never carried over.
    pub never: Option<&'static str>,
    /// Whether references take it in.
    pub may_be_taken_in: bool,
    /// What it refers to.
    pub links: Vec<Link>,
    /// What refers to it.
    pub referred_by: Vec<EntityIndex>,
}

/// References that a decision cuts: they need nothing.
pub type Cut = HashSet<(EntityIndex, usize)>;

/// Everything that can be chosen.
#[derive(Debug)]
pub struct Catalogue {
    /// The model it was read off.
    pub model: Arc<Environment>,
    /// Applications, solutions, the rest.
    pub tops: Vec<Top>,
    /// The espaces.
    pub espaces: Vec<Module>,
    /// The entities, by their place in the model.
    pub items: Vec<Item>,
    applications: HashMap<String, usize>,
    solutions: HashMap<String, usize>,
    espace_names: HashMap<String, usize>,
    entity_names: HashMap<String, Vec<EntityIndex>>,
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

impl Catalogue {
    /// Reads it off a model.
    #[must_use]
    pub fn new(model: &Arc<Environment>) -> Self {
        let mut catalogue = Self {
            model: Arc::clone(model),
            tops: Vec::new(),
            espaces: Vec::new(),
            items: Vec::new(),
            applications: HashMap::new(),
            solutions: HashMap::new(),
            espace_names: HashMap::new(),
            entity_names: HashMap::new(),
        };
        catalogue.read_espaces();
        catalogue.read_entities();
        catalogue.read_tops();
        catalogue
    }

    fn read_espaces(&mut self) {
        for (place, espace) in self.model.espaces.iter().enumerate() {
            // The first of a name is the one that the name means.
            self.espace_names.entry(espace.name.to_lowercase()).or_insert(place);
            self.espaces.push(Module {
                name: espace.name.clone(),
                folded: folded(&espace.name),
                is_system: espace.is_system,
                tops: Vec::new(),
                entities: Vec::new(),
                carried: 0,
                is_addressable: self.espace_names.get(&folded(&espace.name)) == Some(&place),
            });
        }
    }

    fn read_entities(&mut self) {
        let model = Arc::clone(&self.model);
        let by_id: HashMap<i64, usize> =
            model.espaces.iter().enumerate().map(|(place, espace)| (espace.id, place)).collect();
        self.items = vec![Item::default(); model.entities.len()];
        for (place, entity) in model.entities.iter().enumerate() {
            if !entity.is_active {
                continue;
            }
            let index = EntityIndex(place);
            let espace = entity.espace_id.and_then(|id| by_id.get(&id).copied());
            let is_systems = espace.is_some_and(|espace| self.espaces[espace].is_system);
            let item = &mut self.items[place];
            item.espace = espace;
            item.folded =
                format!("{} {}", entity.name.to_lowercase(), entity.table.name.to_lowercase());
            item.never = never_carried(entity)
                .or(is_systems.then_some("it belongs to the platform, which is never written"));
            item.may_be_taken_in =
                model.is_application_entity(entity) && !entity.is_system && !is_component(entity);
            self.entity_names.entry(entity.full_name().to_lowercase()).or_default().push(index);
            if let Some(espace) = espace {
                self.espaces[espace].entities.push(index);
            }
            for (attribute, its) in entity.attributes.iter().enumerate() {
                let AttributeType::Reference { espace, entity: key } = &its.data_type else {
                    continue;
                };
                if !its.is_active {
                    continue;
                }
                let named = model.entities_by_key(espace, key);
                let active: Vec<_> =
                    named.into_iter().filter(|index| model.entity(*index).is_active).collect();
                if let [target] = active[..] {
                    self.items[place].links.push(Link { target, attribute });
                    let referred_by = &mut self.items[target.0].referred_by;
                    if referred_by.last() != Some(&index) && target != index {
                        referred_by.push(index);
                    }
                }
            }
        }
        for espace in &mut self.espaces {
            let items = &self.items;
            let order = |index: &EntityIndex| {
                let item = &items[index.0];
                (item.never.is_some(), item.folded.clone())
            };
            espace.entities.sort_by_cached_key(order);
            espace.carried =
                espace.entities.iter().filter(|index| items[index.0].never.is_none()).count();
        }
    }

    /// Whether references take entities of the platform's component modules in as well.
    pub fn take_components(&mut self, takes: bool) {
        let model = Arc::clone(&self.model);
        for (item, entity) in self.items.iter_mut().zip(&model.entities) {
            if entity.is_active && is_component(entity) {
                item.may_be_taken_in =
                    takes && model.is_application_entity(entity) && !entity.is_system;
            }
        }
    }

    fn read_tops(&mut self) {
        let model = Arc::clone(&self.model);
        let by_id: HashMap<i64, usize> =
            model.espaces.iter().enumerate().map(|(place, espace)| (espace.id, place)).collect();
        let espaces = &self.espaces;
        let places = |ids: &[i64]| -> Vec<usize> {
            let mut places: Vec<usize> =
                ids.iter().filter_map(|id| by_id.get(id).copied()).collect();
            places.sort_by(|a, b| (&espaces[*a].folded, a).cmp(&(&espaces[*b].folded, b)));
            places.dedup();
            places
        };
        let mut tops: Vec<(Top, usize)> = Vec::new();
        let named = [
            (
                TopKind::Application,
                model.applications.iter().map(|a| (&a.name, &a.espaces)).collect::<Vec<_>>(),
            ),
            (
                TopKind::Solution,
                model.solutions.iter().map(|s| (&s.name, &s.espaces)).collect::<Vec<_>>(),
            ),
        ];
        let mut in_application = vec![false; espaces.len()];
        for (kind, all) in named {
            let mut first: HashMap<String, usize> = HashMap::new();
            for (order, (name, ids)) in all.into_iter().enumerate() {
                first.entry(name.to_lowercase()).or_insert(order);
                let is_addressable = first.get(&folded(name)) == Some(&order);
                let espaces = places(ids);
                if kind == TopKind::Application {
                    espaces.iter().for_each(|espace| in_application[*espace] = true);
                }
                let top =
                    Top { kind, name: name.clone(), folded: folded(name), espaces, is_addressable };
                tops.push((top, order));
            }
        }
        let rest: Vec<i64> = model
            .espaces
            .iter()
            .zip(&in_application)
            .filter(|(_, is_in)| !**is_in)
            .map(|(espace, _)| espace.id)
            .collect();
        let name = "In no application".to_owned();
        let rest = Top {
            kind: TopKind::Rest,
            folded: String::new(),
            name,
            espaces: places(&rest),
            is_addressable: false,
        };
        tops.push((rest, 0));
        tops.sort_by(|(a, a_order), (b, b_order)| {
            (a.kind as u8, &a.folded, a_order).cmp(&(b.kind as u8, &b.folded, b_order))
        });
        self.tops = tops.into_iter().map(|(top, _)| top).collect();
        for (place, top) in self.tops.iter().enumerate() {
            for espace in &top.espaces {
                self.espaces[*espace].tops.push(place);
            }
            let names = match top.kind {
                TopKind::Application => &mut self.applications,
                TopKind::Solution => &mut self.solutions,
                TopKind::Rest => continue,
            };
            if top.is_addressable {
                names.insert(top.folded.clone(), place);
            }
        }
    }

    /// The application that a plan means by this name.
    #[must_use]
    pub fn application(&self, name: &str) -> Option<usize> {
        self.applications.get(&folded(name)).copied()
    }

    /// The solution that a plan means by this name.
    #[must_use]
    pub fn solution(&self, name: &str) -> Option<usize> {
        self.solutions.get(&folded(name)).copied()
    }

    /// The espace that a plan means by this name.
    #[must_use]
    pub fn espace(&self, name: &str) -> Option<usize> {
        self.espace_names.get(&folded(name)).copied()
    }

    /// The entities that a plan means by `Espace.Entity`.
    #[must_use]
    pub fn entities(&self, name: &str) -> &[EntityIndex] {
        self.entity_names.get(&folded(name)).map_or(&[], Vec::as_slice)
    }

    /// Entities that a plan cannot tell apart.
    pub fn namesakes(&self) -> impl Iterator<Item = &[EntityIndex]> {
        self.entity_names.values().map(Vec::as_slice).filter(|same| same.len() > 1)
    }

    /// `Espace.Entity`.
    #[must_use]
    pub fn full_name(&self, index: EntityIndex) -> String {
        self.model.entity(index).full_name()
    }

    /// The references that decisions cut.
    #[must_use]
    pub fn cut(&self, decisions: &Decisions) -> Cut {
        let mut cut = Cut::new();
        for decision in decisions.all() {
            let key = &decision.key;
            if key.kind != FindingKind::ReferenceLeavesScope || decision.choice == choice::TAKE_IN {
                continue;
            }
            for index in self.model.entities_by_key(&key.espace, &key.entity) {
                let attributes = &self.model.entity(index).attributes;
                let places = attributes.iter().enumerate();
                cut.extend(
                    places
                        .filter(|(_, attribute)| attribute.key == key.attribute)
                        .map(|(place, _)| (index, place)),
                );
            }
        }
        cut
    }

    /// What an entity needs: the entities that its references take in.
    pub fn needs<'a>(
        &'a self,
        index: EntityIndex,
        cut: &'a Cut,
    ) -> impl Iterator<Item = EntityIndex> + 'a {
        self.items[index.0]
            .links
            .iter()
            .filter(move |link| !cut.contains(&(index, link.attribute)))
            .map(|link| link.target)
            .filter(|target| self.items[target.0].may_be_taken_in)
    }

    /// These entities and all that they need, one after the other; what is barred stays out.
    #[must_use]
    pub fn with_needs(
        &self,
        start: &[bool],
        cut: &Cut,
        is_barred: impl Fn(EntityIndex) -> bool,
    ) -> Vec<bool> {
        let mut inside = start.to_vec();
        let mut queue: Vec<EntityIndex> =
            (0..inside.len()).filter(|place| inside[*place]).map(EntityIndex).collect();
        while let Some(index) = queue.pop() {
            for target in self.needs(index, cut) {
                if !inside[target.0] && !is_barred(target) {
                    inside[target.0] = true;
                    queue.push(target);
                }
            }
        }
        inside
    }

    /// The entities among `within` that need one of these, directly or through others of them,
    /// with the nearest one as the reason; in the model's order.
    #[must_use]
    pub fn dependants(
        &self,
        of: EntityIndex,
        within: &[bool],
        cut: &Cut,
    ) -> BTreeMap<EntityIndex, EntityIndex> {
        let mut found = BTreeMap::new();
        let mut queue = vec![of];
        while let Some(index) = queue.pop() {
            for consumer in &self.items[index.0].referred_by {
                let is_new = within[consumer.0] && *consumer != of && !found.contains_key(consumer);
                if is_new && self.needs(*consumer, cut).any(|needed| needed == index) {
                    found.insert(*consumer, index);
                    queue.push(*consumer);
                }
            }
        }
        found
    }
}
