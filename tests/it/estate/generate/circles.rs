//! Which rows have to be there for the sake of references that wait until all rows are.

use std::collections::BTreeSet;

use crate::estate::model::{Attribute, EntityKey, Pair, Target};

/// Entities in a circle of references of which one may not be emptied, and all that these refer to:
/// that a row of one is left out is known too late while the destination is written.
pub fn waited_for(pair: &Pair) -> BTreeSet<EntityKey> {
    let links = |key: &EntityKey| -> Vec<(EntityKey, bool)> {
        let (here, there) = (pair.source.entity(key), pair.destination.entity(key));
        let attributes = here.into_iter().flat_map(|entity| &entity.attributes);
        let link = |mine: &Attribute| match mine.target() {
            Some(Target::Entity(to)) if mine.active => {
                let theirs = there.and_then(|there| there.attribute(&mine.key));
                Some((to.clone(), theirs.is_some_and(|theirs| !theirs.may_be_emptied())))
            }
            _ => None,
        };
        attributes.filter_map(link).collect()
    };
    let reached = |from: &EntityKey| {
        let mut reached = BTreeSet::new();
        let mut open = vec![from.clone()];
        while let Some(key) = open.pop() {
            open.extend(
                links(&key).into_iter().map(|(to, _)| to).filter(|to| reached.insert(to.clone())),
            );
        }
        reached
    };
    let mut all = BTreeSet::new();
    for entity in pair.source.entities.iter().filter(|entity| entity.active) {
        let key = entity.full_key();
        let is_back = |(to, demands): &(EntityKey, bool)| {
            *demands && (*to == key || reached(to).contains(&key))
        };
        if links(&key).iter().any(is_back) {
            all.extend(reached(&key));
            all.insert(key);
        }
    }
    all
}
