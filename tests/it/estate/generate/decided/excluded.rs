//! Entities of a chosen application that the plan leaves out.

use super::Deciding;
use crate::estate::decided::Wish;
use crate::estate::model::{Attribute, Entity, EntityKey, Target};

/// What refers to one is emptied, or its rows stay behind.
pub fn excluded(deciding: &mut Deciding<'_>) {
    let keys: Vec<EntityKey> =
        deciding.chosen().into_iter().filter(|key| may_be_left_out(deciding, key)).collect();
    let Some(key) = deciding.chance.pick_any(&keys).cloned() else { return };
    deciding.pair.decided.excluded.insert(key.clone());
    for (holder, link) in links_to(deciding, &key) {
        let there = deciding.destination(&holder);
        let mut uniques = there.uniques.iter();
        // Without it, rows of one index would be alike.
        let is_told = uniques.any(|unique| unique.attributes.contains(&link.key));
        let there = there.attribute(&link.key).cloned();
        let Some(theirs) = there.filter(|theirs| theirs.active) else { continue };
        let is_emptied = theirs.may_be_emptied() && !is_told && deciding.chance.percent(60);
        let choice = if is_emptied { "empty" } else { "reject" };
        deciding.decide("reference-leaves-scope", &holder, &link.key, choice, "");
        let wish = if is_emptied { Wish::Emptied } else { Wish::RowStaysBehind };
        deciding.pair.decided.attributes.insert(link.key, wish);
    }
    // Its rows stay there and may refer to rows that go.
    for (link, is_nullable) in own_links(deciding, &key) {
        let choice = if is_nullable { "empty" } else { "delete-too" };
        deciding.decide("consumer-outside-scope", &key, &link, choice, "");
        deciding.pair.decided.outside.insert(link, !is_nullable);
    }
}

/// Whether nothing is decided about an entity, nothing extends it, and nothing of the scope has to
/// stay for its sake.
fn may_be_left_out(deciding: &Deciding<'_>, key: &EntityKey) -> bool {
    let pair = &*deciding.pair;
    let sides = [&pair.source, &pair.destination];
    let decided = &pair.decided;
    let to_it = Target::Entity(key.clone());
    let is_settled = |a: &Attribute| a.damage.is_some() || decided.attributes.contains_key(&a.key);
    let is_free = |entity: &Entity| {
        let is_it = entity.full_key() == *key;
        entity.attributes.iter().all(|a| match a.target() == Some(&to_it) {
            true => !is_settled(a) && entity.identifier.as_ref() != Some(&a.key),
            false => !is_it || !is_settled(a),
        })
    };
    let remaps = |wish: &Wish| matches!(wish, Wish::Remapped(target) if *target == to_it);
    let is_plain = |entity: Option<&Entity>| {
        entity.is_some_and(|e| e.active && e.extends().is_none() && e.identifier.is_some())
    };
    !decided.is_about(key)
        && !decided.attributes.values().any(remaps)
        && sides.iter().all(|side| is_plain(side.entity(key)))
        && sides.iter().all(|side| side.entities.iter().all(is_free))
        && own_links(deciding, key).iter().all(|(_, is_nullable)| *is_nullable)
}

/// The attributes of entities of the scope that refer to an entity.
fn links_to(deciding: &Deciding<'_>, key: &EntityKey) -> Vec<(EntityKey, Attribute)> {
    let to_it = Target::Entity(key.clone());
    let keys = deciding.chosen().into_iter().filter(|other| other != key);
    let links = |holder: EntityKey| {
        let entity = deciding.pair.source.entity(&holder).expect("there");
        let links = entity.attributes.iter().filter(|a| a.active && a.target() == Some(&to_it));
        links.map(|link| (holder.clone(), link.clone())).collect::<Vec<_>>()
    };
    keys.flat_map(links).collect()
}

/// The keys of an entity's references to entities of the scope in the destination, and whether they
/// may be emptied.
fn own_links(deciding: &Deciding<'_>, key: &EntityKey) -> Vec<(String, bool)> {
    let chosen = deciding.chosen();
    let there = deciding.pair.destination.entity(key);
    let attributes = there.into_iter().flat_map(|entity| &entity.attributes);
    let is_link = |a: &&Attribute| match a.target() {
        Some(Target::Entity(to)) => a.active && to != key && chosen.contains(to),
        _ => false,
    };
    attributes.filter(is_link).map(|a| (a.key.clone(), a.may_be_emptied())).collect()
}
