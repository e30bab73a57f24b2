//! Rows of the destination that are like rows of the source.

use super::circles::waited_for;
use super::structure::CHOSEN;
use crate::estate::chance::Chance;
use crate::estate::model::{Cell, Entity, EntityKey, Pair, Unique};
use crate::estate::recipe::{Feature, Recipe};

/// Has rows of many chosen entities known by their tags on both sides, and gives some rows of the
/// destination the tag of a row of the source, in whichever case.
pub fn liken(pair: &mut Pair, recipe: &Recipe) {
    let mut chance = Chance::new(recipe.seed).fork("likeness");
    let mut apart = chance.fork("left out");
    let application = pair.source.applications.iter().find(|a| a.name == CHOSEN);
    let espaces = application.expect("always there").espaces.clone();
    let keys: Vec<EntityKey> = pair
        .source
        .entities
        .iter()
        .filter(|e| e.active && !e.is_static && espaces.contains(&e.espace))
        .filter(|e| e.identifier().is_some_and(|id| id.autonumber))
        .map(Entity::full_key)
        .collect();
    let waited_for = waited_for(pair);
    for key in keys {
        if !chance.percent(70) {
            continue;
        }
        let Some(tag) = pair.source.entity(&key).and_then(Entity::tag).map(|t| t.key.clone())
        else {
            continue;
        };
        if pair.destination.entity(&key).and_then(Entity::tag).is_none_or(|t| t.key != tag) {
            continue;
        }
        // Another index tells the rows of these apart, or none can.
        let decided = &pair.decided;
        if decided.first_of_each.contains(&key)
            || decided.into_tenant.contains_key(&key)
            || decided.excluded.contains(&key)
        {
            continue;
        }
        let there = pair.destination.entity(&key).and_then(Entity::identifier);
        if there.is_some_and(|id| !id.autonumber) {
            continue;
        }
        for side in [&mut pair.source, &mut pair.destination] {
            let entity = side.entity_mut(&key).expect("on both sides");
            let tenant = entity.multitenant;
            entity.uniques = vec![Unique { attributes: vec![tag.clone()], tenant }];
        }
        let mut tags: Vec<Cell> = pair
            .source
            .entity(&key)
            .expect("there")
            .rows
            .iter()
            .map(|row| row.cells[&tag].clone())
            .collect();
        for row in &mut pair.destination.entity_mut(&key).expect("there").rows {
            if tags.is_empty() || chance.percent(40) {
                continue;
            }
            let at = chance.below(tags.len());
            let taken = tags.swap_remove(at);
            row.cells.insert(
                tag.clone(),
                match taken {
                    Cell::Text(text) if chance.percent(50) => Cell::text(text.to_ascii_uppercase()),
                    other => other,
                },
            );
        }
        if recipe.has(Feature::ExistingLeftOut) && apart.percent(50) && !waited_for.contains(&key) {
            let about = [("espace", &*key.0), ("entity", &*key.1)];
            pair.decided.decide("existing-match", &about, "reject", None);
            pair.decided.left_out_where_there.insert(key);
        }
    }
}
