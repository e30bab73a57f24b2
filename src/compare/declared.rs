//! What attributes refer to, beside what modules say that they use (`metamodel.md` §2.6, §8).
//!
//! Rows follow the attributes' types, never these declarations; where the two differ, somebody may
//! want to know why.

use std::collections::{BTreeMap, BTreeSet};

use super::references::Target;
use super::{Finding, FindingKey, FindingKind, Work};
use crate::outsystems::{Entity, Environment, Espace};

/// Most names that a note lists.
const LISTED: usize = 5;

/// Whether a module says that it uses an entity; `None` where nobody says anything.
fn declares(model: &Environment, consumer: &Espace, producer: &Entity) -> Option<bool> {
    let declared = &model.declared;
    let by_entity =
        declared.entities.as_ref().map(|used| used.contains(&(consumer.id, producer.id)));
    let by_element = declared.references.as_ref().zip(consumer.version).map(|(used, version)| {
        let name = producer.espace_name.trim().to_lowercase();
        used.contains(&(version, name, producer.key.clone()))
    });
    match (by_entity, by_element) {
        (None, None) => None,
        (one, other) => Some(one == Some(true) || other == Some(true)),
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Work<'_> {
    /// Notes where references and declarations differ, one for each module.
    pub(super) fn declarations(&mut self) {
        let mut undeclared: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for pair in &self.out.pairs {
            let entity = self.source.entity(pair.source);
            // What instances of processes refer to is said nowhere.
            if self.are_instances(pair.source) {
                continue;
            }
            let Some(consumer) = entity.espace_id.and_then(|id| self.source.espace_by_id(id))
            else {
                continue;
            };
            for attribute in &pair.attributes {
                let Some(Target::Entity(index) | Target::Static(index) | Target::Outside(index)) =
                    attribute.reference.as_ref().map(|reference| reference.target)
                else {
                    continue;
                };
                let producer = self.source.entity(index);
                if producer.espace_id == entity.espace_id || producer.espace_id.is_none() {
                    continue;
                }
                if declares(self.source, consumer, producer) == Some(false) {
                    undeclared.entry(consumer.id).or_default().insert(producer.full_name());
                }
            }
        }
        for (espace, names) in undeclared {
            let what = format!(
                "its attributes refer to entities that it does not say it uses: {}",
                listed(&names)
            );
            let why = "Rows follow the attributes. A module that was not published for long, or \
                       whose producer was replaced, tells its uses wrongly.";
            self.note_of_module(FindingKind::ProducerUndeclared, espace, what, why);
        }
        self.unused();
    }

    /// Entities that chosen modules say they use, and to which none of their references leads.
    fn unused(&mut self) {
        let mut found: Vec<(i64, BTreeSet<String>)> = Vec::new();
        for key in &self.selection.espaces {
            let Some(consumer) = self.source.espace(key) else { continue };
            let names: BTreeSet<String> = self
                .source
                .entities
                .iter()
                .enumerate()
                .filter(|(place, producer)| {
                    producer.is_active
                        && producer.espace_id != Some(consumer.id)
                        && !producer.is_system
                        && self.source.is_application_entity(producer)
                        && self.selection.entities.iter().all(|s| s.entity.0 != *place)
                        && declares(self.source, consumer, producer) == Some(true)
                })
                .map(|(_, producer)| producer.full_name())
                .collect();
            if !names.is_empty() {
                found.push((consumer.id, names));
            }
        }
        for (espace, names) in found {
            let what = format!("it uses entities that stay behind: {}", listed(&names));
            let why = "No attribute of the scope refers to them, so nothing takes them in. Choose \
                       them as well where their rows are needed.";
            self.note_of_module(FindingKind::ProducerUnused, espace, what, why);
        }
    }

    fn note_of_module(&mut self, kind: FindingKind, espace: i64, what: String, why: &str) {
        let Some(espace) = self.source.espace_by_id(espace) else { return };
        let key = FindingKey { espace: espace.key.clone(), ..FindingKey::new(kind) };
        self.find(Finding::note(key, &espace.name, what, why));
    }
}
