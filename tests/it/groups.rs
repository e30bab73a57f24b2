//! Groups that the destination does not have: created, mapped to others, or left out, by decision or
//! by a table beside the plan; and taken back.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;

use crate::estate::model::{
    Attribute, Cell, EntityKey, Environment, Group, Kind, Pair, Rule, Target, User,
};
use crate::estate::recipe::Feature;
use crate::identifiers::undone;
use crate::never_silent::{asks, attribute, bench, choices, comes_to, decide, entity, found, pair};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    a_missing_group_is_created_or_mapped,
    groups_are_mapped_by_a_table,
    a_group_that_is_left_out_leaves_no_reference,
    a_group_that_rows_demand_is_not_left_out,
    one_of_several_groups_of_one_name_is_named_by_its_id,
);

/// The tenant `Users` of each side.
const HERE: i64 = 10;
const THERE: i64 = 90;

/// Has the rows of an entity refer to groups of the source by an attribute `TeamId`, one after the
/// other; returns its key. The destination's rows refer to none.
pub fn with_teams(pair: &mut Pair, thing: &EntityKey, mandatory: bool) -> String {
    let mut made: Attribute = attribute(&mut pair.source, thing, "Tag").clone();
    made.key = "0a0a0a0a-0000-4000-8000-000000000001".into();
    (made.name, made.column) = ("TeamId".into(), "TEAMID".into());
    made.kind = Kind::Reference(Target::Group);
    (made.nullable, made.mandatory, made.default) = (!mandatory, mandatory, None);
    made.rule = Rule::Ignore;
    let groups: Vec<i64> = groups_of(&pair.source, HERE)
        .filter(|group| group.name != "Visitors")
        .map(|group| group.id)
        .collect();
    let there = groups_of(&pair.destination, THERE).next().map(|group| group.id);
    let there = there.expect("the destination has some group");
    for (environment, of) in [(&mut pair.source, &groups[..]), (&mut pair.destination, &[there])] {
        let entity = entity(environment, thing);
        for (place, row) in entity.rows.iter_mut().enumerate() {
            row.cells.insert(made.key.clone(), Cell::Int(of[place % of.len()]));
        }
        entity.attributes.push(made.clone());
    }
    made.key
}

fn groups_of(environment: &Environment, tenant: i64) -> impl Iterator<Item = &Group> {
    environment.groups.iter().filter(move |group| group.tenant == tenant)
}

/// A pair in which the destination has a group `Staff` where the source has `Clerks`, and the pair
/// that comes to the same with `Staff` in the place of `Clerks`.
fn without_clerks(seed: u64, mandatory: bool) -> (Pair, Pair, EntityKey) {
    let features = [Feature::Groups, Feature::ExistingRows];
    let fits = |(pair, thing): &(Pair, EntityKey)| {
        let rows = pair.source.entity(thing).map_or(0, |entity| entity.rows.len());
        rows > 2 && groups_of(&pair.destination, THERE).next().is_some()
    };
    let (mut sound, thing) =
        (seed..).map(|seed| pair(seed, &features)).find(fits).expect("some pair");
    with_teams(&mut sound, &thing, mandatory);
    let tester = sound.destination.users.iter().find(|u| u.username == "tester").expect("there").id;
    let there = &mut sound.destination;
    if !groups_of(there, THERE).any(|group| group.name == "Clerks") {
        there.groups.push(Group { id: 555, tenant: THERE, name: "Clerks".into() });
    }
    let id = groups_of(there, THERE).find(|group| group.name == "Clerks").expect("there").id;
    // Somebody is in it already, and has another role by it.
    there.group_users.retain(|(group, _)| *group != id);
    there.group_users.push((id, tester));
    there.group_roles.retain(|(group, _)| *group != id);
    there.group_roles.push((id, 48));
    let mut real = sound.clone();
    let staff = real.destination.groups.iter_mut().find(|group| group.id == id);
    staff.expect("just made").name = "Staff".into();
    (real, sound, thing)
}

async fn a_missing_group_is_created_or_mapped(engine: &TestEngine) {
    let (real, sound, _) = without_clerks(91, true);
    let first = bench(engine, &real, 91);
    let finding = found(&first, "group-missing", "Clerks").expect("it is missing");
    assert_eq!(finding["recommended"], "create", "{finding}");
    comes_to(&first, &real);
    undone(&first);
    for to in ["Nobody", "Visitors and others", "4711"] {
        decide(&first, &[(&finding, "map", Some(to))]);
        let before = first.databases.read(Side::Destination).tables;
        let said = first.run();
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains(&format!("no group \"{to}\"")), "{}", said.all());
        assert!(first.databases.read(Side::Destination).tables == before, "{}", said.all());
    }

    let second = bench(engine, &real, 91);
    decide(&second, &[(&finding, "map", Some("Staff"))]);
    comes_to(&second, &sound);
    undone(&second);
}

/// Fills in a line of a table whose cells hold no commas.
fn fill(bench: &Bench, group: &str, cells: &[(&str, &str)]) {
    let path = bench.folder.path().join("maps/groups.csv");
    let text = std::fs::read_to_string(&path).expect("a table");
    let head: Vec<&str> =
        text.trim_start_matches('\u{feff}').lines().next().expect("a head").split(',').collect();
    let mut filled = 0;
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let mut own: Vec<&str> = line.split(',').collect();
            if own[0] == group {
                filled += 1;
                for (name, cell) in cells {
                    own[head.iter().position(|one| one == name).expect("a column")] = cell;
                }
            }
            own.join(",")
        })
        .collect();
    assert_eq!(filled, 1, "{text}");
    std::fs::write(&path, lines.join("\n")).expect("a table");
    let mut plan = bench.usual_plan();
    plan.more = "\n[maps]\ngroups = \"maps/groups.csv\"\n".into();
    bench.plan(&plan.text());
}

async fn groups_are_mapped_by_a_table(engine: &TestEngine) {
    let (real, sound, _) = without_clerks(92, false);
    let bench = bench(engine, &real, 92);
    let said = bench.osferry(&["map", "plan.toml", "--write", "maps"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let table = bench.folder.path().join("maps/groups.csv");
    let text = std::fs::read_to_string(&table).expect("a table");
    assert!(text.starts_with("\u{feff}group,tenant,"), "{text}");
    // A line that cannot be obeyed writes nothing.
    let cases = [
        ("", "Nobody", "no group \"Nobody\""),
        ("map", "", "needs something under"),
        ("reject", "", "\"reject\" is no choice"),
        ("stop", "", "Clerks"),
    ];
    for (choice, to, why) in cases {
        fill(&bench, "Clerks", &[("choice", choice), ("to", to)]);
        let said = bench.run();
        assert_eq!(said.code, Some(2), "{choice} {to}\n{}", said.all());
        assert!(said.err.contains(why), "{choice} {to}\n{}", said.all());
        assert!(bench.destination_unchanged(), "{}", said.all());
    }
    fill(&bench, "Clerks", &[("choice", "map"), ("to", "staff")]);
    comes_to(&bench, &sound);
    undone(&bench);
}

/// The pair as if nobody were in the group, it had no role and no row referred to it.
fn as_if_gone(pair: &Pair, thing: &EntityKey) -> Pair {
    let mut sound = pair.clone();
    let here = &mut sound.source;
    let id = groups_of(here, HERE).find(|group| group.name == "Clerks").expect("there").id;
    here.group_users.retain(|(group, _)| *group != id);
    here.group_roles.retain(|(group, _)| *group != id);
    let key = attribute(here, thing, "TeamId").key.clone();
    for row in &mut entity(here, thing).rows {
        if row.cells[&key] == Cell::Int(id) {
            row.cells.insert(key.clone(), Cell::Null);
        }
    }
    sound
}

async fn a_group_that_is_left_out_leaves_no_reference(engine: &TestEngine) {
    let (mut real, _, thing) = without_clerks(93, false);
    // Nobody but the group has anything to do with this one.
    let here = &mut real.source;
    let id = groups_of(here, HERE).find(|group| group.name == "Clerks").expect("there").id;
    let clerk = User { id: 9_001, username: "clerk".into(), ..here.users[0].clone() };
    here.users.push(User { tenant: HERE, name: "Clerk".into(), ..clerk });
    here.group_users.push((id, 9_001));
    let first = bench(engine, &real, 93);
    let finding = found(&first, "group-missing", "Clerks").expect("it is missing");
    assert_eq!(choices(&finding), ["create", "map", "empty", "stop"], "{finding}");
    decide(&first, &[(&finding, "stop", None)]);
    let said = first.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("Clerks") && first.destination_unchanged(), "{}", said.all());
    let knows_the_clerk = |bench: &Bench| {
        let users =
            "SELECT CAST(COUNT(*) AS nvarchar(20)) FROM [OSSYS_USER] WHERE [USERNAME] = 'clerk'";
        bench.databases.ask(Side::Destination, users) == ["1"]
    };
    decide(&first, &[(&finding, "empty", None)]);
    assert!(found(&first, "user-missing", "clerk").is_none());
    comes_to(&first, &as_if_gone(&real, &thing));
    assert!(!knows_the_clerk(&first));
    undone(&first);
}

async fn a_group_that_rows_demand_is_not_left_out(engine: &TestEngine) {
    let (real, _, _) = without_clerks(94, true);
    let bench = bench(engine, &real, 94);
    let finding = found(&bench, "group-missing", "Clerks").expect("it is missing");
    assert_eq!(choices(&finding), ["create", "map", "stop"], "{finding}");
    decide(&bench, &[(&finding, "empty", None)]);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("\"empty\" is no choice"), "{}", said.all());
    assert!(bench.destination_unchanged(), "{}", said.all());
}

async fn one_of_several_groups_of_one_name_is_named_by_its_id(engine: &TestEngine) {
    let (_, mut real, thing) = without_clerks(95, false);
    let ours =
        groups_of(&real.source, HERE).find(|group| group.name == "Clerks").expect("there").id;
    let there = groups_of(&real.destination, THERE).find(|group| group.name == "Clerks");
    let there = there.expect("there").id;
    // One of another tenant is nobody's namesake.
    let elsewhere = real.destination.service_center_tenant();
    real.destination.groups.extend([
        Group { id: 556, tenant: THERE, name: "clerks".into() },
        Group { id: 557, tenant: elsewhere, name: "Bosses".into() },
    ]);
    let first = bench(engine, &real, 95);
    let finding = asks(&first, "group-missing", "Clerks");
    assert_eq!(choices(&finding), ["map", "empty", "stop"], "{finding}");
    let what = finding["what"].as_str().expect("a sentence");
    assert!(what.contains("several groups"), "{finding}");
    assert!(found(&first, "group-missing", "Bosses").is_none_or(|f| f["recommended"] == "create"));
    for (choice, to, words) in [
        ("map", Some("Clerks"), "\"Clerks\" is several groups"),
        ("create", None, "\"create\" is no choice"),
    ] {
        decide(&first, &[(&finding, choice, to)]);
        let said = first.run();
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains(words), "{}", said.all());
        assert!(first.destination_unchanged(), "{}", said.all());
    }
    let mut mapped = real.clone();
    for to in [there, 556] {
        let bench = bench(engine, &real, 95);
        decide(&bench, &[(&finding, "map", Some(&to.to_string()))]);
        mapped.decided.groups.insert(ours, Some(to));
        comes_to(&bench, &mapped);
        undone(&bench);
    }
    decide(&first, &[(&finding, "empty", None)]);
    comes_to(&first, &as_if_gone(&real, &thing));
}
