//! Which source entities are compared, and why each is among them.

use std::collections::{HashMap, HashSet};

use super::{FindingKey, UserStrategy, choice};
use crate::outsystems::{Attribute, Entity, EntityIndex, Key};

/// Why an entity is in the scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The person chose its application, espace or solution.
    Chosen,
    /// An entity of the scope refers to it: `Espace.Entity.Attribute`.
    Producer(String),
}

/// An entity of the scope.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The source entity.
    pub entity: EntityIndex,
    /// Why.
    pub reason: Reason,
}

/// What becomes of a reference to an entity that was not chosen, where it is not taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// No reference is written.
    Empty,
    /// Rows that hold one are left out.
    Reject,
    /// It is set to the destination's row with the same value of this attribute.
    ByKey(String),
    /// It is set to this row of the destination, given by its id or as `Attribute=value`.
    Replacement(String),
}

/// Something that is not carried over, with the reason.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// By name.
    pub what: String,
    /// Why.
    pub why: String,
}

/// An attribute by espace key, entity key and its own.
pub type AttributeKey = (Key, Key, Key);

/// The keys of an attribute.
#[must_use]
pub fn attribute_key(entity: &Entity, attribute: &Attribute) -> AttributeKey {
    (entity.espace_key.clone(), entity.key.clone(), attribute.key.clone())
}

/// What a person decided about a user.
#[derive(Clone, Debug)]
pub struct UserWish {
    /// The choice's name.
    pub choice: String,
    /// Whom the user is mapped to, as it was written.
    pub to: Option<String>,
}

/// The scope, resolved.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The entities, each once and in the model's order.
    pub entities: Vec<Selected>,
    /// What the person might miss.
    pub left_out: Vec<LeftOut>,
    /// Targets a person confirmed for references that resolve to nothing for sure, and for
    /// attributes of which the model does not say what they hold.
    pub confirmed: HashMap<AttributeKey, EntityIndex>,
    /// What a person decided about references to entities that were not chosen, whatever else takes
    /// the entity in.
    pub leaving: HashMap<AttributeKey, Leaving>,
    /// Rows of the destination that a person named, as they were written, for references that only
    /// the destination has.
    pub named_rows: HashMap<FindingKey, String>,
    /// Attributes of the source that a person took for the same as their namesakes of another key.
    pub paired: HashSet<AttributeKey>,
    /// What was decided about values that the destination's column does not take as they are, and
    /// about rows without a value: the choice, and what it was given.
    pub values: HashMap<FindingKey, (String, Option<String>)>,
    /// What a person mapped tenants, users and static records to, as it was written, by the finding
    /// about each.
    pub mapped: HashMap<FindingKey, String>,
    /// Findings about users, groups and static records of which a person decided that references to
    /// them are emptied.
    pub emptied: HashSet<FindingKey>,
    /// What was decided about rows that are there already, where the destination's rows stay: the
    /// choice, and the name of the key by which they are looked for.
    pub kept: HashMap<FindingKey, (String, Option<String>)>,
    /// What was decided about instances of processes.
    pub processes: HashMap<FindingKey, (String, Option<String>)>,
    /// What a person decided about users, by the findings about them.
    pub users: HashMap<FindingKey, UserWish>,
    /// What the plan says of all users.
    pub strategy: UserStrategy,
    /// What the plan says of personal data as a whole: whether it is masked; `None`: nothing.
    pub masks_personal_data: Option<bool>,
    /// What was decided about attributes with personal data: the choice, and what it was given.
    pub masked: HashMap<FindingKey, (String, Option<String>)>,
    /// What was decided about plain attributes that may hold ids: whose they are, as it was written,
    /// or that they stay as they are.
    pub soft_keys: HashMap<AttributeKey, Option<String>>,
    /// Whether nobody looks for plain attributes that hold ids.
    pub no_soft_keys: bool,
    /// What was decided about entities that are made in another way in the destination, and about
    /// rows that belong to no tenant: the choice, and what it was given.
    pub remade: HashMap<FindingKey, (String, Option<String>)>,
    /// Entities that something of the scope refers to and that stay out all the same: excluded by
    /// name, left out by decision, or the platform's.
    pub barred: HashSet<EntityIndex>,
    /// Entities of component modules, which a reference takes in only where a decision says so.
    pub components: HashSet<EntityIndex>,
    /// SS keys of the espaces the person chose, as a whole or by single entities.
    pub espaces: Vec<Key>,
    /// `false`: the destination's rows stay; `true`: they are replaced; `None`: not said.
    pub replace: Option<bool>,
}

impl Selection {
    /// The selection of an entity, when it is in the scope.
    #[must_use]
    pub fn get(&self, entity: EntityIndex) -> Option<&Selected> {
        let place = self.entities.binary_search_by_key(&entity, |selected| selected.entity).ok()?;
        self.entities.get(place)
    }

    /// Whether it was decided to carry over what a finding about instances is about.
    #[must_use]
    pub fn is_taken(&self, key: &FindingKey) -> bool {
        self.processes.get(key).is_some_and(|(made, _)| made == choice::TAKE_IN)
    }

    /// Whether it was decided to leave behind what a finding about instances is about.
    #[must_use]
    pub fn is_left_out(&self, key: &FindingKey) -> bool {
        self.processes.get(key).is_some_and(|(made, _)| made == choice::LEAVE_OUT)
    }

    /// Whether it was decided to write nothing of what a finding is about.
    #[must_use]
    pub fn is_emptied(&self, key: &FindingKey) -> bool {
        self.emptied.contains(key)
    }

    /// Whether a finding about how an entity is made was decided so.
    #[must_use]
    pub fn is_remade(&self, key: &FindingKey, choice: &str) -> bool {
        self.remade.get(key).is_some_and(|(made, _)| made == choice)
    }
}
