//! What is written by decision in a way of its own, all in one run: references that leave the scope
//! set by a key, plain attributes remapped as the ids they hold, values that change their type,
//! static records carried over as rows. Whatever breaks, each ends as the oracle says of a pair in
//! which nothing of it had to be decided, and an undo takes all of it back.

use std::fmt::Write as _;

use super::boundaries;
use super::case::Case;
use super::kills::migrate as migrate_killed;
use super::trial::Ground;
use super::undo::broken::{self, Where};
use super::undo::kills::undo as undo_killed;
use super::wanted;
use crate::estate::model::{Cell, Entity, EntityKey, Environment, Kind, Pair, Rule, Target};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::Recipe;
use crate::leaving::with_parties;
use crate::mismatches::{add, attribute, fill};
use crate::remade::ordinary;
use crate::support::engine::TestEngine;

crate::on_both_engines!(killed_a_few_times_it_ends_as_decided);

/// How often one is tried, of all calls and all ways to break them.
const EVERY: usize = 131;

/// An attribute whose values are ids of that entity: plain in the real pair, a reference in the
/// sound one.
fn soft(real: &mut Pair, sound: &mut Pair, (thing, name): (&EntityKey, &str), of: &EntityKey) {
    let target = real.source.entity(of).expect("there");
    let kind = target.identifier().expect("it has one").kind.clone();
    let ids: Vec<Cell> = target.rows.iter().filter_map(|row| target.id_of(row)).cloned().collect();
    // The last row refers to none.
    let cells: Vec<Cell> = ids.into_iter().rev().chain([Cell::Null]).collect();
    for (pair, is_sound) in [(real, false), (sound, true)] {
        for side in [&mut pair.source, &mut pair.destination] {
            add(side, thing, name, kind.clone(), &Cell::Null);
            if is_sound {
                let made = attribute(side, thing, name);
                (made.kind, made.rule) =
                    (Kind::Reference(Target::Entity(of.clone())), Rule::Ignore);
            }
        }
        fill(&mut pair.source, thing, name, &cells);
    }
}

/// The attribute by the keys that a plan names it by.
fn keys(environment: &Environment, thing: &EntityKey, name: &str) -> String {
    let entity = environment.entity(thing).expect("there");
    let own = entity.attributes.iter().find(|a| a.name == name && a.active).expect("an attribute");
    format!("espace = \"{}\"\nentity = \"{}\"\nattribute = \"{}\"\n", thing.0, thing.1, own.key)
}

/// Clears what only the oracle would carry over: what the parties refer to.
fn without_producers(sound: &mut Pair) {
    let there: Vec<Cell> = {
        let party = sound.destination.named("Party").expect("there");
        let code = &party.attributes.iter().find(|a| a.name == "Code").expect("a code").key;
        party.rows.iter().map(|row| folded(&row.cells[code])).collect()
    };
    let party = sound.source.named("Party").expect("there").full_key();
    let gone: Vec<Cell> = {
        let party = sound.source.entity_mut(&party).expect("there");
        let code = party.attributes.iter().find(|a| a.name == "Code").expect("a code").key.clone();
        let id = party.identifier.clone().expect("it has one");
        let (stay, go) = std::mem::take(&mut party.rows)
            .into_iter()
            .partition(|row| there.contains(&folded(&row.cells[&code])));
        party.rows = stay;
        go.iter().map(|row| row.cells[&id].clone()).collect()
    };
    let refers = Target::Entity(party);
    for entity in &mut sound.source.entities {
        let links: Vec<String> = entity
            .attributes
            .iter()
            .filter(|a| a.target() == Some(&refers))
            .map(|a| a.key.clone())
            .collect();
        for row in &mut entity.rows {
            for link in &links {
                if gone.contains(&row.cells[link]) {
                    row.cells.insert(link.clone(), Cell::Null);
                }
            }
        }
    }
    for entity in sound.source.entities.iter_mut().filter(|e| e.name == "PartyKind") {
        entity.rows.clear();
    }
}

fn folded(cell: &Cell) -> Cell {
    match cell {
        Cell::Text(text) => Cell::text(text.to_lowercase()),
        other => other.clone(),
    }
}

/// A pair in which all of it has to be decided, and what has to come of it.
fn case() -> Case {
    let is_numbered = |entity: &Entity| {
        entity.rows.len() > 1
            && entity.identifier().is_some_and(|id| id.autonumber && id.kind == Kind::LongInteger)
    };
    let fits = |pair: &Pair| {
        ["Thing0", "Thing1"].iter().all(|name| pair.source.named(name).is_some_and(is_numbered))
    };
    let mut real = with_parties(fits);
    let thing = real.source.named("Thing0").expect("there").full_key();
    let other = real.source.named("Thing1").expect("there").full_key();
    let status = real.source.named("Status").expect("always there").full_key();
    ordinary(&mut real.destination, &status);
    real.destination.entity_mut(&status).expect("there").rows.clear();
    let mut sound = real.clone();
    ordinary(&mut sound.source, &status);
    without_producers(&mut sound);
    soft(&mut real, &mut sound, (&thing, "Thing1Id"), &other);
    soft(&mut real, &mut sound, (&thing, "Thing0Ref"), &thing);
    let turned = [("12", 12), (" -0042 ", -42), ("+7", 7)];
    for (pair, kind) in [(&mut real, Kind::Text(20)), (&mut sound, Kind::Integer)] {
        add(&mut pair.source, &thing, "Turned", kind.clone(), &Cell::Null);
        add(&mut pair.destination, &thing, "Turned", Kind::Integer, &Cell::Null);
        let cells = turned.map(|(text, number)| match kind {
            Kind::Integer => Cell::Int(number),
            _ => Cell::text(text),
        });
        fill(&mut pair.source, &thing, "Turned", &cells);
    }
    let espace = |key: &EntityKey| real.source.espace(&key.0).name.clone();
    let mut decided = String::new();
    let mut decide = |kind: &str, keys: &str, choice: &str, to: Option<String>| {
        let _ = write!(decided, "\n[[decision]]\nkind = \"{kind}\"\n{keys}choice = \"{choice}\"\n");
        if let Some(to) = to {
            let _ = writeln!(decided, "to = \"{to}\"");
        }
    };
    let of = |name: &str| keys(&real.source, &thing, name);
    decide("reference-leaves-scope", &of("PartyId"), "map-by-key", Some("Code".into()));
    decide("lookup-missing", &of("PartyId"), "empty", None);
    decide("attribute-retyped", &of("Turned"), "convert", None);
    let remap = |key: &EntityKey, name: &str| Some(format!("{}.{name}", espace(key)));
    decide("soft-key-likely", &of("Thing1Id"), "remap", remap(&other, "Thing1"));
    decide("soft-key-likely", &of("Thing0Ref"), "remap", remap(&thing, "Thing0"));
    let entity = format!("espace = \"{}\"\nentity = \"{}\"\n", status.0, status.1);
    decide("entity-kind-changed", &entity, "take-in", None);
    let Verdict::Done(expected) = migrate(&sound) else { panic!("a sound pair") };
    let recipe = Recipe { seed: 61, size: 5, features: Vec::new(), flaw: None };
    Case { recipe, pair: real, expected, decided }
}

fn options() -> Vec<String> {
    vec!["batch_rows = 3".to_owned()]
}

fn grounds() -> [Ground; 2] {
    [Ground::files(case(), &options()), Ground::memory(case(), &options())]
}

#[test]
fn what_was_decided_ends_as_the_oracle_says() {
    for ground in grounds() {
        boundaries::every(&ground, wanted("OSFERRY_TEST_EVERY", EVERY));
    }
}

#[test]
fn what_was_decided_is_taken_back_whatever_breaks() {
    for place in [Where::Run, Where::Undo] {
        for ground in grounds() {
            broken::every(&ground, place, wanted("OSFERRY_TEST_EVERY", EVERY));
        }
    }
}

#[test]
fn a_batch_of_it_in_doubt_is_never_written_twice() {
    for ground in grounds() {
        boundaries::doubts(&ground, 2);
    }
}

/// The real program, on either engine: killed while it runs, and killed while it undoes.
async fn killed_a_few_times_it_ends_as_decided(engine: &TestEngine) {
    let mut case = case();
    let usual = if engine.is_slow() { 3 } else { 8 };
    for one in [migrate_killed, undo_killed] {
        let mut killed = 0;
        // Where it ends sooner than the kill comes, the kill comes at another moment.
        while killed == 0 {
            let (kills, troubles) = one(engine, &case, wanted("OSFERRY_TEST_KILLS", usual));
            assert!(troubles.is_empty(), "killed {kills} times\n{}", troubles.join("\n"));
            killed += kills;
            case.recipe.seed += 1;
            assert!(case.recipe.seed < 161, "it was never killed");
        }
    }
}
