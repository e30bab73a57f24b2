//! The records of a static entity or platform table, as the model of one side has them.

use std::collections::{HashMap, HashSet};

use super::Folded;
use crate::database::{Value, ValueKind};
use crate::outsystems::{Entity, EntityIndex, Environment, Key, Record, SystemTarget};

/// A record as one side has it.
pub(super) struct Known {
    pub(super) id: Value,
    pub(super) name: String,
    /// What says that it is the same on both sides.
    pub(super) identity: (Key, Key),
    pub(super) is_active: bool,
}

impl Known {
    pub(super) fn about(&self, entity: &Entity) -> String {
        format!("{}.{}", entity.full_name(), self.name)
    }
}

/// The records that the destination has.
pub(super) struct Counterparts {
    pub(super) all: Vec<Known>,
    /// Places in `all`.
    by_identity: HashMap<(Key, Key), Vec<usize>>,
    /// The ids that the physical table holds, where it can be seen.
    physical: Option<HashSet<Folded>>,
}

impl Counterparts {
    pub(super) fn new(all: Vec<Known>, physical: Option<HashSet<Folded>>) -> Self {
        let mut by_identity: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, record) in all.iter().enumerate() {
            by_identity.entry(record.identity.clone()).or_default().push(place);
        }
        Self { all, by_identity, physical }
    }

    /// Those that are the same as a record of the source.
    pub(super) fn of(&self, record: &Known) -> Vec<&Known> {
        let places = self.by_identity.get(&record.identity);
        places.into_iter().flatten().map(|place| &self.all[*place]).collect()
    }

    /// The ids and names of active records whose rows stand: those that a person may name.
    pub(super) fn offered(&self) -> Vec<(Value, String)> {
        let standing = self.all.iter().filter(|record| record.is_active && self.has(record));
        standing.map(|record| (record.id.clone(), record.name.clone())).collect()
    }

    /// Whether the row of one of these records stands.
    pub(super) fn has(&self, record: &Known) -> bool {
        match &self.physical {
            Some(ids) => ids.contains(&Folded::of(&record.id)),
            // The static table cannot be seen: the model's word has to do for active records.
            None => record.is_active,
        }
    }
}

/// An id as a plain attribute says it: numbers as numbers, texts without case and without blanks at
/// their end.
pub(in crate::compare) fn folded_text(value: &Value) -> Folded {
    match value.as_str() {
        Some(text) => Folded::of(&Value::text(text.trim_end_matches(' '))),
        None => Folded::of(value),
    }
}

/// The id of a static record; `None` where the model holds something that is none.
fn record_id(record: &Record, kind: ValueKind) -> Option<Value> {
    match kind {
        ValueKind::Integer => record.data_id.trim().parse().ok().map(Value::Integer),
        _ => Some(Value::text(&record.data_id)),
    }
}

/// The records of a static entity whose ids cannot be read; [`known`] does not have them.
pub(super) fn unreadable<'a>(
    environment: &'a Environment,
    entity: &'a Entity,
    kind: ValueKind,
) -> impl Iterator<Item = &'a Record> {
    let is_static = entity.system_target().is_none();
    environment
        .records_of(entity)
        .filter(move |record| is_static && record_id(record, kind).is_none())
}

/// The records of a static entity or platform table as one side has them.
pub(super) fn known(
    environment: &Environment,
    espace: &Key,
    entity_key: &Key,
    index: EntityIndex,
    kind: ValueKind,
) -> Vec<Known> {
    let entity = environment.entity(index);
    let number = |id: i64| Value::Integer(id);
    let own = |id: i64, name: &str, first: &Key, second: &Key, is_active: bool| Known {
        id: number(id),
        name: name.to_owned(),
        identity: (first.clone(), second.clone()),
        is_active,
    };
    let none = Key::default();
    match entity.system_target() {
        None => environment
            .records
            .iter()
            .filter(|record| record.entity_key == *entity_key && record.espace_key == *espace)
            .filter_map(|record| {
                Some(Known {
                    id: record_id(record, kind)?,
                    name: record.name.clone(),
                    identity: (none.clone(), record.key.clone()),
                    is_active: record.is_active,
                })
            })
            .collect(),
        Some(SystemTarget::Espace) => environment
            .espaces
            .iter()
            .map(|espace| own(espace.id, &espace.name, &none, &espace.key, true))
            .collect(),
        Some(SystemTarget::Extension) => environment
            .extensions
            .iter()
            .map(|extension| own(extension.id, &extension.name, &none, &extension.key, true))
            .collect(),
        Some(SystemTarget::Application) => environment
            .applications
            .iter()
            .map(|application| {
                own(application.id, &application.name, &none, &application.key, true)
            })
            .collect(),
        Some(SystemTarget::Role) => environment
            .roles
            .iter()
            .map(|role| own(role.id, &role.name, &role.espace_key, &role.key, role.is_active))
            .collect(),
        Some(SystemTarget::Entity) => environment
            .entities
            .iter()
            .map(|one| own(one.id, &one.name, &one.espace_key, &one.key, one.is_active))
            .collect(),
        Some(SystemTarget::EntityAttribute) => environment
            .entities
            .iter()
            .filter(|one| one.is_active)
            .flat_map(|one| {
                one.attributes.iter().map(|attribute| {
                    let owner = Key::new(&format!("{}*{}", one.espace_key, one.key));
                    own(attribute.id, &attribute.name, &owner, &attribute.key, attribute.is_active)
                })
            })
            .collect(),
        Some(target) => environment
            .definitions
            .get(&target)
            .into_iter()
            .flatten()
            .map(|definition| {
                // Statuses and kinds have no key; their names say which is which.
                let identity = if definition.key.is_empty() {
                    Key::new(&definition.name)
                } else {
                    definition.full_key()
                };
                own(
                    definition.id,
                    &definition.name,
                    &definition.espace_key,
                    &identity,
                    definition.is_active,
                )
            })
            .collect(),
    }
}
