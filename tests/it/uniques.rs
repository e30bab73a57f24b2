//! What the destination would refuse is foretold to the row, and left out where that is decided:
//! rows alike for a unique index, rows like others that stay, references that may not be none.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fmt::Write as _;

use osferry::database::EngineKind;
use osferry::outsystems::Side;
use serde_json::Value;

use crate::databases::is_a_stand_in;
use crate::estate::decided::Wish;
use crate::estate::generate;
use crate::estate::model::{Cell, EntityKey, Group, Kind, Pair, Rule, Target, Unique};
use crate::estate::recipe::{Feature, Recipe};
use crate::groups::with_teams;
use crate::identifiers::undone;
use crate::never_silent::{asks, attribute, bench, choices, comes_to, decide, entity, found, pair};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rows_alike_for_an_index_that_only_the_destination_has,
    texts_that_are_cut_become_alike,
    texts_that_are_numbers_there_become_alike,
    rows_that_get_the_same_value_become_alike,
    rows_that_stay_have_what_ours_become,
    an_index_that_nothing_collides_in_is_a_note,
    rows_that_stay_have_the_values_of_ours,
    rows_that_stay_have_the_identifiers_of_ours,
    references_that_may_not_be_none_are_foretold,
    people_who_become_one_make_rows_alike,
    people_who_become_nobody_make_rows_alike,
    rows_of_people_who_stay_apart_are_not_alike,
);

/// Places of an entity's rows in the order of their identifiers.
fn in_order(pair: &Pair, key: &EntityKey) -> Vec<usize> {
    let entity = pair.source.entity(key).expect("there");
    let mut places: Vec<usize> = (0..entity.rows.len()).collect();
    places.sort_by_key(|place| entity.id_of(&entity.rows[*place]).cloned());
    places
}

/// Makes Remark a text of up to fifty characters on both sides, and fills the source's in order.
fn remark(pair: &mut Pair, thing: &EntityKey, text: impl Fn(usize) -> String) -> String {
    for side in [&mut pair.source, &mut pair.destination] {
        attribute(side, thing, "Remark").kind = Kind::Text(50);
    }
    let key = attribute(&mut pair.source, thing, "Remark").key.clone();
    for (number, place) in in_order(pair, thing).into_iter().enumerate() {
        let row = &mut entity(&mut pair.source, thing).rows[place];
        row.cells.insert(key.clone(), Cell::text(text(number)));
    }
    key
}

fn unique(pair: &mut Pair, side: Side, thing: &EntityKey, attribute: &str) {
    let environment = match side {
        Side::Source => &mut pair.source,
        Side::Destination => &mut pair.destination,
    };
    let index = Unique { attributes: vec![attribute.to_owned()], tenant: false };
    entity(environment, thing).uniques.push(index);
}

async fn rows_alike_for_an_index_that_only_the_destination_has(engine: &TestEngine) {
    let (mut both, thing) = pair(51, &[]);
    // Two and two are alike but for their case.
    let key = remark(&mut both, &thing, |number| match number % 2 {
        0 => format!("same {}", number / 2),
        _ => format!("SAME {}", number / 2),
    });
    unique(&mut both, Side::Destination, &thing, &key);
    let order = in_order(&both, &thing);
    let mut repeated: Vec<usize> = order.iter().skip(1).step_by(2).copied().collect();
    assert!(!repeated.is_empty(), "one row is never alike");

    let bench = bench(engine, &both, 51);
    let finding = asks(&bench, "unique-only-in-destination", "Thing0");
    assert_eq!(finding["rows"], repeated.len(), "{finding}");
    assert_eq!(choices(&finding), ["reject", "stop"], "{finding}");
    decide(&bench, &[(&finding, "reject", None)]);
    let mut sound = both.clone();
    repeated.sort_unstable();
    for place in repeated.into_iter().rev() {
        entity(&mut sound.source, &thing).rows.remove(place);
    }
    // Which index refuses a row is told by its name.
    if !bench.databases.are_on_a_stand_in() {
        comes_to(&bench, &sound);
    }
}

/// The texts differ after the seventh character, by a case and by a character of two units among
/// others, and the destination has room for seven.
async fn texts_that_are_cut_become_alike(engine: &TestEngine) {
    let (mut both, thing) = pair(55, &[]);
    // A stand-in counts characters where it cuts, and the units afterwards.
    let counts_units = match engine {
        TestEngine::SqlServer(server, _) => !is_a_stand_in(server),
        TestEngine::Sqlite(_) => true,
    };
    let last = if counts_units { '🚚' } else { 'é' };
    let key = remark(&mut both, &thing, |number| match number % 3 {
        0 => format!("Num {:03}", number / 3),
        1 => format!("num {:03} and more", number / 3),
        _ => format!("row {:02}{last}", number / 3),
    });
    unique(&mut both, Side::Source, &thing, &key);
    unique(&mut both, Side::Destination, &thing, &key);
    attribute(&mut both.destination, &thing, "Remark").kind = Kind::Text(7);
    let order = in_order(&both, &thing);
    let repeated: Vec<usize> = order.iter().skip(1).step_by(3).copied().collect();
    assert!(repeated.len() > 1, "too few rows");

    let bench = bench(engine, &both, 55);
    let long = found(&bench, "text-too-long", "Thing0.Remark").expect("they are too long");
    decide(&bench, &[(&long, "cut", None)]);
    let finding = asks(&bench, "unique-collision", "Thing0");
    assert_eq!(finding["rows"], repeated.len(), "{finding}");
    decide(&bench, &[(&long, "cut", None), (&finding, "reject", None)]);
    both.decided.attributes.insert(key, Wish::Cut);
    comes_to_without(&bench, &both, &thing, repeated);
}

/// The usual plan is carried out as if the source did not have these rows.
fn comes_to_without(bench: &Bench, both: &Pair, thing: &EntityKey, mut places: Vec<usize>) {
    let mut sound = both.clone();
    places.sort_unstable();
    for place in places.into_iter().rev() {
        entity(&mut sound.source, thing).rows.remove(place);
    }
    // Which index refuses a row is told by its name.
    if !bench.databases.are_on_a_stand_in() {
        comes_to(bench, &sound);
    }
}

async fn texts_that_are_numbers_there_become_alike(engine: &TestEngine) {
    let (mut both, thing) = pair(55, &[]);
    let key = remark(&mut both, &thing, |number| match number % 3 {
        0 => format!("{}", number / 3),
        1 => format!(" 00{} ", number / 3),
        _ => format!("-{number}"),
    });
    unique(&mut both, Side::Source, &thing, &key);
    unique(&mut both, Side::Destination, &thing, &key);
    attribute(&mut both.destination, &thing, "Remark").kind = Kind::Integer;
    for row in &mut entity(&mut both.destination, &thing).rows {
        row.cells.insert(key.clone(), Cell::Null);
    }
    let order = in_order(&both, &thing);
    let repeated: Vec<usize> = order.iter().skip(1).step_by(3).copied().collect();
    assert!(repeated.len() > 1, "too few rows");
    // Nothing is 0, which is there already.
    let empty = order[2];
    entity(&mut both.source, &thing).rows[empty].cells.insert(key.clone(), Cell::text(""));

    let bench = bench(engine, &both, 55);
    let retyped = found(&bench, "attribute-retyped", "Thing0.Remark").expect("another type");
    decide(&bench, &[(&retyped, "convert", None)]);
    let finding = asks(&bench, "unique-collision", "Thing0");
    assert_eq!(finding["rows"], repeated.len() + 1, "{finding}");
    decide(&bench, &[(&retyped, "convert", None), (&finding, "reject", None)]);
    both.decided.attributes.insert(key, Wish::Converted);
    comes_to_without(&bench, &both, &thing, [repeated, vec![empty]].concat());
}

/// Of the source's rows one has the value that two without one get, by another case.
async fn rows_that_get_the_same_value_become_alike(engine: &TestEngine) {
    let (mut both, thing) = pair(55, &[]);
    let key = remark(&mut both, &thing, |number| format!("row {number}"));
    unique(&mut both, Side::Destination, &thing, &key);
    for (side, is_mandatory) in [(&mut both.source, false), (&mut both.destination, true)] {
        let remark = attribute(side, &thing, "Remark");
        (remark.mandatory, remark.nullable) = (is_mandatory, true);
    }
    let order = in_order(&both, &thing);
    let cells = [Cell::text("NONE GIVEN"), Cell::Null, Cell::text(""), Cell::text("  ")];
    for (place, cell) in order.iter().zip(cells) {
        entity(&mut both.source, &thing).rows[*place].cells.insert(key.clone(), cell);
    }

    let bench = bench(engine, &both, 55);
    let empty = found(&bench, "mandatory-empty", "Thing0.Remark").expect("rows have none");
    assert_eq!(empty["rows"], 2, "{empty}");
    decide(&bench, &[(&empty, "value", Some("None given"))]);
    let finding = asks(&bench, "unique-only-in-destination", "Thing0");
    assert_eq!(finding["rows"], 2, "{finding}");
    decide(&bench, &[(&empty, "value", Some("None given")), (&finding, "reject", None)]);
    comes_to_without(&bench, &both, &thing, order[1..3].to_vec());

    // Rows that are left out for having none are like no others.
    decide(&bench, &[(&empty, "reject", None)]);
    let finding = found(&bench, "unique-only-in-destination", "Thing0").expect("noted");
    assert_eq!(finding["rows"], 0, "{finding}");
}

/// Ours are numbers and theirs texts, of which one is written as that number is.
async fn rows_that_stay_have_what_ours_become(engine: &TestEngine) {
    let (mut both, thing) = pair(53, &[Feature::ExistingRows]);
    let key = remark(&mut both, &thing, |_| String::new());
    attribute(&mut both.source, &thing, "Remark").kind = Kind::Integer;
    for (number, place) in in_order(&both, &thing).into_iter().enumerate() {
        let row = &mut entity(&mut both.source, &thing).rows[place];
        row.cells.insert(key.clone(), Cell::Int(number as i64 + 7));
    }
    let theirs = &mut entity(&mut both.destination, &thing).rows;
    let mut texts =
        ["7", "08", "nine"].into_iter().map(str::to_owned).chain((0..).map(|n| format!("x{n}")));
    assert!(theirs.len() > 1, "the destination has too few rows");
    for row in theirs.iter_mut() {
        row.cells.insert(key.clone(), Cell::Text(texts.next().expect("endless")));
    }
    unique(&mut both, Side::Source, &thing, &key);
    unique(&mut both, Side::Destination, &thing, &key);
    let tag = tagged(&mut both, &thing);
    let bench = bench(engine, &both, 53);
    keep(&bench, &[]);
    let retyped = found(&bench, "attribute-retyped", "Thing0.Remark").expect("another type");
    let by = found(&bench, "existing-match", "Thing0").expect("rows stay");
    keep(&bench, &[(&retyped, "convert", None), (&by, "reuse", Some(&tag))]);
    let finding = asks(&bench, "unique-taken", "Thing0");
    assert_eq!(finding["rows"], 1, "{finding}");
}

async fn an_index_that_nothing_collides_in_is_a_note(engine: &TestEngine) {
    let (mut both, thing) = pair(52, &[]);
    let key = remark(&mut both, &thing, |number| format!("row {number}"));
    unique(&mut both, Side::Destination, &thing, &key);
    let bench = bench(engine, &both, 52);
    let finding = found(&bench, "unique-only-in-destination", "Thing0").expect("noted");
    assert_eq!((&finding["severity"], &finding["rows"]), (&"note".into(), &0.into()), "{finding}");
    comes_to(&bench, &both);
}

/// A plan that keeps the destination's rows, with decisions.
fn keep(bench: &Bench, decided: &[(&Value, &str, Option<&str>)]) {
    let mut plan = bench.usual_plan();
    plan.options = vec!["destination_rows = \"keep\"".into()];
    for (finding, choice, to) in decided {
        plan.more.push_str("\n[[decision]]\n");
        for key in ["kind", "espace", "entity", "attribute"] {
            if let Some(text) = finding[key].as_str() {
                let _ = writeln!(plan.more, "{key} = \"{text}\"");
            }
        }
        let _ = writeln!(plan.more, "choice = \"{choice}\"");
        if let Some(to) = to {
            let _ = writeln!(plan.more, "to = \"{to}\"");
        }
    }
    bench.plan(&plan.text());
}

/// Has both sides refuse rows with the same tag: by it rows that stay are then looked for.
fn tagged(pair: &mut Pair, thing: &EntityKey) -> String {
    let tag = pair.source.entity(thing).and_then(|entity| entity.tag()).expect("it has one");
    let (key, name) = (tag.key.clone(), tag.name.clone());
    unique(pair, Side::Source, thing, &key);
    unique(pair, Side::Destination, thing, &key);
    name
}

/// Has rows that stay looked for by that attribute; returns the finding that decides it.
fn look_by(bench: &Bench, about: &str, tag: &str) -> Value {
    keep(bench, &[]);
    let finding = found(bench, "existing-match", about).expect("rows stay");
    keep(bench, &[(&finding, "reuse", Some(tag))]);
    finding
}

/// Of ours all but one are added to what was there, to the entity that has this key.
fn all_but_one_are_added(
    bench: &Bench,
    (pair, key): (&Pair, &EntityKey),
    (by, tag): (&Value, &str),
    finding: &Value,
) {
    assert_eq!(finding["rows"], 1, "{finding}");
    assert_eq!(choices(finding), ["stop", "reject"], "{finding}");
    keep(bench, &[(by, "reuse", Some(tag)), (finding, "reject", None)]);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let table = &pair.destination.entity(key).expect("there").table;
    let before = bench.databases.made(Side::Destination).rows(table).to_vec();
    let after = bench.databases.read(Side::Destination).rows(table).to_vec();
    let ours = pair.source.entity(key).expect("there").rows.len();
    assert_eq!(after.len(), before.len() + ours - 1, "{}", said.all());
    let gone: Vec<_> = before.iter().filter(|row| !after.contains(row)).collect();
    assert!(gone.is_empty(), "rows that were there have changed: {gone:?}");
}

async fn rows_that_stay_have_the_values_of_ours(engine: &TestEngine) {
    let (mut both, thing) = pair(53, &[Feature::ExistingRows]);
    let key = remark(&mut both, &thing, |number| match number {
        0 => "There 0".into(),
        other => format!("ours {other}"),
    });
    let theirs = &mut entity(&mut both.destination, &thing).rows;
    assert!(!theirs.is_empty(), "the destination has no row");
    for (number, row) in theirs.iter_mut().enumerate() {
        row.cells.insert(key.clone(), Cell::text(format!("THERE {number}")));
    }
    unique(&mut both, Side::Source, &thing, &key);
    unique(&mut both, Side::Destination, &thing, &key);
    let tag = tagged(&mut both, &thing);
    let bench = bench(engine, &both, 53);
    let by = look_by(&bench, "Thing0", &tag);
    let finding = asks(&bench, "unique-taken", "Thing0");
    if !bench.databases.are_on_a_stand_in() {
        all_but_one_are_added(&bench, (&both, &thing), (&by, &tag), &finding);
    }
}

/// A pair with an entity of text identifiers that has rows on both sides, one of them the same.
fn with_the_same_text() -> (Pair, EntityKey) {
    for seed in 0..400 {
        let features = vec![Feature::TextIdentifier, Feature::ExistingRows];
        let mut both = generate::pair(&Recipe { seed, size: 2, features, flaw: None });
        let is_text = |e: &&crate::estate::model::Entity| {
            !e.is_static
                && e.name.starts_with("Thing")
                && !e.rows.is_empty()
                && e.identifier().is_some_and(|a| a.kind == Kind::Text(36))
        };
        let Some(found) = both.source.entities.iter().find(is_text) else { continue };
        let key = found.full_key();
        let theirs = both.destination.entity(&key).expect("there");
        let Some(taken) = theirs.rows.first().and_then(|row| theirs.id_of(row)).cloned() else {
            continue;
        };
        let identifier = found.identifier.clone().expect("it has one");
        let old = found.rows[0].cells[&identifier].clone();
        entity(&mut both.source, &key).rows[0].cells.insert(identifier, taken.clone());
        let target = Target::Entity(key.clone());
        for other in &mut both.source.entities {
            let links: Vec<String> = other
                .attributes
                .iter()
                .filter(|a| a.target() == Some(&target))
                .map(|a| a.key.clone())
                .collect();
            for row in &mut other.rows {
                for link in &links {
                    if row.cells.get(link) == Some(&old) {
                        row.cells.insert(link.clone(), taken.clone());
                    }
                }
            }
        }
        return (both, key);
    }
    panic!("no pair has text identifiers on both sides");
}

async fn rows_that_stay_have_the_identifiers_of_ours(engine: &TestEngine) {
    let (mut both, key) = with_the_same_text();
    let name = both.source.entity(&key).expect("there").name.clone();
    let tag = tagged(&mut both, &key);
    let bench = bench(engine, &both, 54);
    let by = look_by(&bench, &name, &tag);
    let finding = asks(&bench, "identifier-collision", &name);
    all_but_one_are_added(&bench, (&both, &key), (&by, &tag), &finding);
}

async fn references_that_may_not_be_none_are_foretold(engine: &TestEngine) {
    let (mut both, thing) = pair(55, &[]);
    for side in [&mut both.source, &mut both.destination] {
        let link = attribute(side, &thing, "StatusId");
        (link.nullable, link.mandatory, link.rule) = (true, false, Rule::Protect);
    }
    let link = attribute(&mut both.destination, &thing, "StatusId");
    (link.nullable, link.default) = (false, None);
    let key = link.key.clone();
    let first = entity(&mut both.source, &thing);
    first.rows[0].cells.insert(key.clone(), Cell::Null);
    let without = first.rows.iter().filter(|row| row.cells[&key].is_no_identifier()).count();

    let bench = bench(engine, &both, 55);
    let finding = asks(&bench, "null-not-allowed", "Thing0.StatusId");
    assert_eq!(finding["rows"], without, "{finding}");
    assert_eq!(choices(&finding), ["stop", "reject"], "{finding}");
    decide(&bench, &[(&finding, "reject", None)]);
    let mut sound = both.clone();
    entity(&mut sound.source, &thing).rows.retain(|row| !row.cells[&key].is_no_identifier());
    comes_to(&bench, &sound);
}

/// Two rows of the source that only whom they refer to tells apart: by OwnerId two users, or by
/// TeamId two groups, whom the destination does not have. Returns their names.
fn told_apart_by(reference: &str) -> (Pair, EntityKey, [String; 2]) {
    let features = [Feature::Groups];
    let is_long = |both: &Pair, thing: &EntityKey| both.source.entity(thing).map(|e| e.rows.len());
    let (mut both, thing) = (56..)
        .map(|seed| pair(seed, &features))
        .find(|(both, thing)| is_long(both, thing) > Some(2))
        .expect("some pair");
    if both.destination.groups.is_empty() {
        let group = both.source.groups[2].clone();
        both.destination.groups.push(Group { id: 777, tenant: 90, ..group });
    }
    with_teams(&mut both, &thing, false);
    for side in [&mut both.source, &mut both.destination] {
        let owner = attribute(side, &thing, "OwnerId");
        (owner.nullable, owner.mandatory, owner.rule) = (true, false, Rule::Protect);
    }
    let remark = remark(&mut both, &thing, |number| format!("row {}", number.max(1)));
    let key = attribute(&mut both.source, &thing, reference).key.clone();
    let index = Unique { attributes: vec![key.clone(), remark], tenant: false };
    entity(&mut both.destination, &thing).uniques.push(index);
    let two: Vec<(i64, String)> = match reference {
        "OwnerId" => {
            let own = both.source.users.iter().filter(|user| user.tenant == 10);
            own.take(2).map(|user| (user.id, user.username.clone())).collect()
        }
        _ => {
            let own = both.source.groups.iter().filter(|group| group.tenant == 10);
            own.take(2).map(|group| (group.id, group.name.clone())).collect()
        }
    };
    let order = in_order(&both, &thing);
    for (place, (id, _)) in order.into_iter().zip(&two) {
        let row = &mut entity(&mut both.source, &thing).rows[place];
        row.cells.insert(key.clone(), Cell::Int(*id));
    }
    let is_one = |name: &str| two.iter().any(|(_, one)| one.eq_ignore_ascii_case(name));
    let there = &mut both.destination;
    match reference {
        "OwnerId" => {
            let gone: Vec<i64> =
                there.users.iter().filter(|user| is_one(&user.username)).map(|u| u.id).collect();
            there.users.retain(|user| !gone.contains(&user.id));
            there.user_roles.retain(|(user, _)| !gone.contains(user));
            there.group_users.retain(|(_, user)| !gone.contains(user));
        }
        _ => {
            let gone: Vec<i64> =
                there.groups.iter().filter(|group| is_one(&group.name)).map(|g| g.id).collect();
            there.groups.retain(|group| !gone.contains(&group.id));
            there.group_roles.retain(|(group, _)| !gone.contains(group));
            there.group_users.retain(|(group, _)| !gone.contains(group));
            there.groups.push(Group { id: 778, tenant: 90, name: "Staff".into() });
        }
    }
    let names = two.into_iter().map(|(_, name)| name).collect::<Vec<_>>();
    (both, thing, names.try_into().expect("two"))
}

/// What a plan says of them: of all users, or of each of the two.
fn said_of(
    bench: &Bench,
    reference: &str,
    names: &[String; 2],
    choice: &str,
    by_strategy: bool,
) -> String {
    let (kind, to) = match reference {
        "OwnerId" => ("user-missing", "tester"),
        _ => ("group-missing", "Staff"),
    };
    let mut more = String::new();
    if by_strategy {
        let _ = writeln!(more, "\n[users]\nmissing = \"{choice}\"");
        if choice == "map" {
            let _ = writeln!(more, "map_to = \"{to}\"");
        }
        return more;
    }
    bench.plan(&bench.usual_plan().text());
    for name in names {
        let finding = found(bench, kind, name).expect("missing");
        let _ = writeln!(
            more,
            "\n[[decision]]\nkind = \"{kind}\"\nuser = {}\ntenant = {}\nchoice = \"{choice}\"",
            finding["user"], finding["tenant"]
        );
        if choice == "map" {
            let _ = writeln!(more, "to = \"{to}\"");
        }
    }
    more
}

/// So many rows are foretold to be refused by the index, and so many are, whichever way the two are
/// decided.
fn refuses(engine: &TestEngine, choice: &str, refused: usize) {
    for (reference, by_strategy) in [("OwnerId", true), ("OwnerId", false), ("TeamId", false)] {
        let (both, thing, names) = told_apart_by(reference);
        let bench = bench(engine, &both, 56);
        let more = said_of(&bench, reference, &names, choice, by_strategy);
        let mut plan = bench.usual_plan();
        plan.more.clone_from(&more);
        bench.plan(&plan.text());
        let finding = found(&bench, "unique-only-in-destination", "Thing0").expect("told");
        assert_eq!(finding["rows"], refused, "{reference}, {by_strategy}: {finding}");
        if refused > 0 {
            assert_eq!(choices(&finding), ["reject", "stop"], "{finding}");
            let _ = writeln!(
                plan.more,
                "\n[[decision]]\nkind = \"unique-only-in-destination\"\nespace = {}\n\
                 entity = {}\nattribute = {}\nchoice = \"reject\"",
                finding["espace"], finding["entity"], finding["attribute"]
            );
            bench.plan(&plan.text());
        }
        let said = bench.run();
        // A test server that names the index in words of its own has the row counted as a reject.
        let in_own_words = said.all().contains("violates unique constraint");
        assert_eq!(said.code, Some(i32::from(in_own_words)), "{}", said.all());
        let table = &both.destination.entity(&thing).expect("there").table;
        let ours = both.source.entity(&thing).expect("there").rows.len();
        let rows = bench.databases.read(Side::Destination).rows(table).len();
        assert_eq!(rows, ours - refused, "{reference}, {by_strategy}\n{}", said.all());
        if engine.is_slow() && by_strategy {
            continue;
        }
        undone(&bench);
    }
}

async fn people_who_become_one_make_rows_alike(engine: &TestEngine) {
    refuses(engine, "map", 1);
}

/// To SQL Server NULL is like NULL, to a file it is like nothing.
async fn people_who_become_nobody_make_rows_alike(engine: &TestEngine) {
    refuses(engine, "empty", usize::from(engine.kind() == EngineKind::SqlServer));
}

async fn rows_of_people_who_stay_apart_are_not_alike(engine: &TestEngine) {
    refuses(engine, "create", 0);
}
