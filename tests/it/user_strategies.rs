//! What a plan says of all users at once: how they are matched, and what becomes of those that the
//! destination does not have.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fmt::Write as _;

use osferry::outsystems::Side;

use crate::estate::content::Cells;
use crate::estate::generate;
use crate::estate::judge::judge;
use crate::estate::model::{Cell, EntityKey, Environment, Pair, Target, User};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::{Feature, Recipe};
use crate::foretold::comparison;
use crate::mismatches::fill;
use crate::program::{Bench, Said};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    users_are_matched_by_what_the_plan_says,
    what_two_users_share_matches_nobody,
    missing_users_are_created_mapped_or_stop,
    references_to_missing_users_are_emptied_where_they_may_be,
    passwords_are_copied_only_when_asked,
    rows_that_users_bring_twice_are_foretold,
    whoever_is_mapped_is_mapped_whatever_has_become_of_the_namesake,
);

/// The tenant `Users` of each side.
const HERE: i64 = 10;
const THERE: i64 = 90;

fn pair(seed: u64, features: &[Feature]) -> Pair {
    generate::pair(&Recipe { seed, size: 3, features: features.to_vec(), flaw: None })
}

fn user<'a>(environment: &'a mut Environment, tenant: i64, name: &str) -> &'a mut User {
    let mut users = environment.users.iter_mut();
    let found = users.find(|u| u.tenant == tenant && u.username.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no user {name}"))
}

fn plan(bench: &Bench, users: &str, more: &str) {
    let mut plan = bench.usual_plan();
    plan.more = format!("\n[users]\n{users}\n{more}");
    bench.plan(&plan.text());
}

/// The users that the destination has now.
fn users(bench: &Bench) -> Vec<Cells> {
    bench.databases.read(Side::Destination).rows("OSSYS_USER").to_vec()
}

/// Carries the plan out with nothing decided but what it says.
fn run(bench: &Bench) -> Said {
    let name = bench.databases.name(Side::Destination);
    bench.osferry(&["run", "plan.toml", "--confirm", &name])
}

/// The run makes of the destination what the oracle makes of that pair, and an undo takes it back.
fn comes_to(bench: &Bench, sound: &Pair) {
    let before = bench.databases.made(Side::Destination);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let expected = match migrate(sound) {
        Verdict::Done(expected) => expected,
        Verdict::Refused(why) => panic!("the oracle refuses a sound pair: {why:?}"),
    };
    let after = bench.databases.read(Side::Destination);
    let troubles = judge(&before, &after, &expected, &sound.destination);
    assert!(troubles.is_empty(), "{}\n{}", troubles.join("\n"), said.all());
    let name = bench.databases.name(Side::Destination);
    let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
    assert_eq!(users(bench), before.rows("OSSYS_USER"));
}

/// A pair whose users have names of their own in the destination, with the same e-mail addresses
/// and external ids; and the pair that it stands for.
fn renamed(seed: u64) -> (Pair, Pair) {
    let mut sound = pair(seed, &[Feature::Groups]);
    let ours: Vec<String> = sound
        .source
        .users
        .iter()
        .filter(|one| one.tenant == HERE)
        .map(|one| one.username.clone())
        .collect();
    for name in &ours {
        let one = user(&mut sound.source, HERE, name);
        (one.email, one.external) = (format!("{name}@company.test"), format!("X-{name}"));
        let other = user(&mut sound.destination, THERE, name);
        (other.email, other.external) = (format!("{name}@Company.TEST"), format!("x-{name}"));
    }
    let mut real = sound.clone();
    for (number, name) in ours.iter().enumerate() {
        user(&mut real.destination, THERE, name).username = format!("person{number}");
    }
    (real, sound)
}

async fn users_are_matched_by_what_the_plan_says(engine: &TestEngine) {
    for (by, seed) in [("email", 71), ("external-id", 72)] {
        let (real, sound) = renamed(seed);
        let bench = Bench::on(engine, &real, seed);
        plan(&bench, &format!("match_by = \"{by}\""), "");
        let compared = bench.osferry(&["compare", "plan.toml"]);
        assert!(!compared.out.contains("user-missing user user0"), "{}", compared.all());
        comes_to(&bench, &sound);
    }
}

async fn what_two_users_share_matches_nobody(engine: &TestEngine) {
    let (mut real, _) = renamed(73);
    let shared = user(&mut real.destination, THERE, "person1").email.clone();
    user(&mut real.destination, THERE, "tester").email = shared;
    user(&mut real.source, HERE, "user002").email = String::new();
    let bench = Bench::on(engine, &real, 73);
    plan(&bench, "match_by = \"email\"\nmissing = \"create\"", "");
    let said = run(&bench);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("user-ambiguous user user001"), "{}", said.all());
    assert!(said.err.contains("have its e-mail address"), "{}", said.all());
    let compared = bench.osferry(&["compare", "plan.toml"]);
    assert!(compared.out.contains("has no e-mail address to be matched by"), "{}", compared.all());
    assert!(bench.destination_unchanged());
    // A second user of one name in a tenant is never made.
    user(&mut real.destination, THERE, "developer").username = "user002".into();
    let bench = Bench::on(engine, &real, 73);
    plan(&bench, "match_by = \"email\"\nmissing = \"create\"", "");
    let said = run(&bench);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("a user of the same name is there"), "{}", said.all());
}

async fn missing_users_are_created_mapped_or_stop(engine: &TestEngine) {
    let features = [Feature::MissingUsers, Feature::Groups];
    let sound = pair(74, &features);
    let bench = Bench::on(engine, &sound, 74);
    plan(&bench, "missing = \"stop\"", "");
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("user-missing"), "{}", said.all());
    assert!(bench.destination_unchanged(), "{}", said.all());
    plan(&bench, "missing = \"map\"\nmap_to = \"nobody\"", "");
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("no user \"nobody\""), "{}", said.all());
    for users in ["missing = \"map\"", "missing = \"create\"\nmap_to = \"tester\""] {
        plan(&bench, users, "");
        let said = bench.run();
        assert!(said.code == Some(2) && said.err.contains("map_to"), "{users}\n{}", said.all());
    }
    // Groups that are missing are a person's to decide, as ever.
    plan(&bench, "missing = \"create\"", "");
    let asked = run(&bench);
    assert!(!asked.err.contains("user-missing"), "{}", asked.all());
    let before = bench.databases.made(Side::Destination);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let Verdict::Done(expected) = migrate(&sound) else { panic!("a sound pair") };
    let after = bench.databases.read(Side::Destination);
    let troubles = judge(&before, &after, &expected, &sound.destination);
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));

    let bench = Bench::on(engine, &sound, 74);
    plan(&bench, "missing = \"map\"\nmap_to = \"tester\"", "");
    let there = users(&bench);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(users(&bench), there, "{}", said.all());
    let gone = sound.source.users.iter().find(|one| {
        let is_there = sound.destination.users.iter();
        let mut is_there = is_there.filter(|u| u.username.eq_ignore_ascii_case(&one.username));
        one.tenant == HERE && is_there.all(|u| u.tenant != THERE)
    });
    let gone = gone.expect("somebody is missing").username.clone();
    // A decision about one of them goes before what is said of all.
    let bench = Bench::on(engine, &sound, 74);
    let decision = format!(
        "\n[[decision]]\nkind = \"user-missing\"\nuser = \"{gone}\"\ntenant = \"Users\"\n\
         choice = \"create\"\n"
    );
    plan(&bench, "missing = \"map\"\nmap_to = \"tester\"", &decision);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let made: Vec<Cells> = users(&bench).into_iter().filter(|one| !there.contains(one)).collect();
    assert_eq!(made.len(), 1, "{made:?}\n{}", said.all());
    assert_eq!(made[0]["USERNAME"], Cell::text(gone), "{}", said.all());
}

/// The users of a tenant that the destination does not have.
fn missing(pair: &Pair) -> Vec<User> {
    let there = |name: &str| {
        let mut users = pair.destination.users.iter();
        users.any(|u| u.tenant == THERE && u.username.eq_ignore_ascii_case(name))
    };
    let users = pair.source.users.iter();
    users.filter(|u| u.tenant == HERE && !there(&u.username)).cloned().collect()
}

/// Has every reference to a user stay empty where it likes, on both sides.
fn let_be_empty(environment: &mut Environment) {
    for entity in &mut environment.entities {
        let of_users: Vec<String> = entity
            .attributes
            .iter_mut()
            .filter(|attribute| attribute.target() == Some(&Target::User))
            .map(|attribute| {
                (attribute.nullable, attribute.mandatory) = (true, false);
                attribute.default = None;
                attribute.key.clone()
            })
            .collect();
        // Rows that differ in nothing but their users would be one.
        entity.uniques.retain(|u| u.attributes.iter().all(|key| !of_users.contains(key)));
    }
}

/// The pair as if nothing had to do with these users; and how many references to them there were.
fn without(pair: &Pair, gone: &[i64]) -> (Pair, usize) {
    let (mut sound, mut emptied) = (pair.clone(), 0);
    for entity in &mut sound.source.entities {
        for row in &mut entity.rows {
            for attribute in entity.attributes.iter().filter(|a| a.target() == Some(&Target::User))
            {
                let cell = row.cells.get_mut(&attribute.key).expect("every row has it");
                if matches!(cell, Cell::Int(id) if gone.contains(id)) {
                    (*cell, emptied) = (Cell::Null, emptied + 1);
                }
            }
        }
    }
    sound.source.user_roles.retain(|(user, _)| !gone.contains(user));
    sound.source.group_users.retain(|(_, user)| !gone.contains(user));
    (sound, emptied)
}

async fn references_to_missing_users_are_emptied_where_they_may_be(engine: &TestEngine) {
    let mut real = pair(79, &[Feature::MissingUsers, Feature::Groups]);
    let_be_empty(&mut real.source);
    let_be_empty(&mut real.destination);
    let gone: Vec<User> = missing(&real);
    let ids: Vec<i64> = gone.iter().map(|user| user.id).collect();
    assert!(gone.len() > 1, "too few are missing");
    let (sound, emptied) = without(&real, &ids);
    assert!(emptied > 0, "nothing refers to them");
    assert!(sound.source.user_roles.len() < real.source.user_roles.len(), "they have no role");
    let bench = Bench::on(engine, &real, 79);
    plan(&bench, "missing = \"empty\"", "");
    // It is said of all of them: none is left to be decided.
    let asked = run(&bench);
    assert!(!asked.err.contains("user-missing"), "{}", asked.all());
    if asked.code == Some(0) {
        let name = bench.databases.name(Side::Destination);
        let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
        assert_eq!(undone.code, Some(0), "{}", undone.all());
    }
    let users_before = users(&bench);
    comes_to(&bench, &sound);
    assert_eq!(users(&bench), users_before, "nobody is created");

    // A reference that demands somebody is not emptied: that user stays to be decided.
    let thing = real.source.named("Thing0").expect("always there").full_key();
    demand_owner(&mut real, &thing, gone[0].id);
    let bench = Bench::on(engine, &real, 79);
    plan(&bench, "missing = \"empty\"", "");
    let said = run(&bench);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(
        said.err.contains(&format!("user-missing user {}", gone[0].username)),
        "{}",
        said.all()
    );
    assert!(!said.err.contains(&gone[1].username), "{}", said.all());
    assert!(bench.destination_unchanged(), "{}", said.all());
    let decision = format!(
        "\n[[decision]]\nkind = \"user-missing\"\nuser = \"{}\"\ntenant = \"Users\"\n\
         choice = \"create\"\n",
        gone[0].username
    );
    plan(&bench, "missing = \"empty\"", &decision);
    let (sound, _) = without(&real, &ids[1..]);
    comes_to(&bench, &sound);
}

/// Has every row of an entity owned by somebody, the first by this user, and its attribute demand
/// an owner.
fn demand_owner(pair: &mut Pair, thing: &EntityKey, user: i64) {
    let known = pair.source.users.iter().find(|one| {
        let mut there = pair.destination.users.iter();
        one.tenant == HERE
            && there.any(|u| u.tenant == THERE && u.username.eq_ignore_ascii_case(&one.username))
    });
    let known = Cell::Int(known.expect("somebody is there").id);
    let there =
        Cell::Int(pair.destination.users.iter().find(|u| u.tenant == THERE).expect("one").id);
    let rows = pair.source.entity(thing).expect("there").rows.len();
    let mut owners = vec![known; rows];
    owners[0] = Cell::Int(user);
    for (side, owners) in [(&mut pair.source, owners), (&mut pair.destination, vec![there])] {
        let entity = side.entity_mut(thing).expect("on both sides");
        let owner = entity.attributes.iter_mut().find(|a| a.name == "OwnerId");
        let owner = owner.expect("always there");
        (owner.nullable, owner.mandatory) = (false, true);
        fill(side, thing, "OwnerId", &owners);
    }
}

async fn passwords_are_copied_only_when_asked(engine: &TestEngine) {
    let sound = pair(75, &[Feature::MissingUsers]);
    let made = |bench: &Bench| -> Vec<Cell> {
        let all = users(bench).into_iter().map(|mut one| one.remove("PASSWORD"));
        let all: Vec<Cell> = all.map(|one| one.expect("a column")).collect();
        let is_known = |one: &Cell| {
            sound.destination.users.iter().any(|user| Cell::text(&user.password) == *one)
        };
        all.into_iter().filter(|one| !is_known(one)).collect()
    };
    let bench = Bench::on(engine, &sound, 75);
    plan(&bench, "missing = \"create\"", "");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let unusable = made(&bench);
    assert!(
        !unusable.is_empty() && unusable.iter().all(|one| *one == Cell::text("!")),
        "{unusable:?}"
    );

    let bench = Bench::on(engine, &sound, 75);
    plan(&bench, "missing = \"create\"\npasswords = \"copy\"", "");
    let compared = bench.osferry(&["compare", "plan.toml"]);
    assert!(compared.out.contains("passwords-copied"), "{}", compared.all());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let copied = made(&bench);
    assert_eq!(copied.len(), unusable.len(), "{copied:?}");
    let ours = &sound.source.users;
    let is_ours = |one: &Cell| ours.iter().any(|user| Cell::text(&user.password) == *one);
    assert!(copied.iter().all(is_ours), "{copied:?}");
}

/// A plan maps somebody to another user. That the one of the same name is inactive meanwhile, or gone,
/// does not undo it, whatever the plan says of all others.
async fn whoever_is_mapped_is_mapped_whatever_has_become_of_the_namesake(engine: &TestEngine) {
    for (seed, is_gone) in [(77, false), (78, true)] {
        let mut real = pair(seed, &[]);
        let thing = real.source.named("Thing0").expect("always there");
        let owner = thing.attributes.iter().find(|a| a.name == "OwnerId").expect("always there");
        let owner = thing.rows.iter().find_map(|row| match row.cells[&owner.key] {
            Cell::Int(id) => real.source.user(id).cloned(),
            _ => None,
        });
        let owner = owner.expect("somebody owns something");
        user(&mut real.destination, THERE, &owner.username).active = false;
        if is_gone {
            user(&mut real.destination, THERE, &owner.username).username = "renamed".to_owned();
        }
        let tester = user(&mut real.destination, THERE, "tester").id;
        let decision = format!(
            "\n[[decision]]\nkind = \"user-mapped\"\nuser = \"{}\"\ntenant = \"Users\"\n\
             choice = \"map\"\nto = \"tester\"\n",
            owner.username
        );
        let bench = Bench::on(engine, &real, seed);
        plan(&bench, "existing = \"update\"\nmissing = \"create\"", &decision);
        real.decided.updates_users = true;
        real.decided.users.insert(owner.id, tester);
        comes_to(&bench, &real);
    }
}

async fn rows_that_users_bring_twice_are_foretold(engine: &TestEngine) {
    // Two users with a row each of an entity whose identifier is the user.
    let (sound, owners) = (76..)
        .map(|seed| {
            let pair = pair(seed, &[Feature::UserExtension]);
            let profile = pair.source.named("Profile").expect("of the feature");
            let ids: Vec<&Cell> =
                profile.rows.iter().filter_map(|row| profile.id_of(row)).collect();
            let of = pair.source.users.iter().filter(|u| u.tenant == HERE);
            let owners = of.filter(|u| ids.contains(&&Cell::Int(u.id)));
            let owners: Vec<String> = owners.map(|u| u.username.clone()).take(2).collect();
            (pair.clone(), owners)
        })
        .find(|(_, owners)| owners.len() == 2)
        .expect("some pair has them");
    let mut there = sound.destination.clone();
    let tester = user(&mut there, THERE, "tester").id;
    let profile = there.named("Profile").expect("of the feature");
    let mut decisions = String::new();
    for owner in &owners {
        for kind in ["user-mapped", "user-missing"] {
            let _ = write!(
                decisions,
                "\n[[decision]]\nkind = \"{kind}\"\nuser = \"{owner}\"\ntenant = \"Users\"\n\
                 choice = \"map\"\nto = \"tester\"\n"
            );
        }
    }
    let bench = Bench::on(engine, &sound, 76);
    plan(&bench, "missing = \"create\"", &decisions);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("user-collision") && said.err.contains("1 row"), "{}", said.all());
    assert!(bench.destination_unchanged());
    let compared = comparison(&bench);
    let all = compared["findings"].as_array().expect("findings");
    let collision = all.iter().find(|one| one["kind"] == "user-collision").expect("foretold");
    let costs = collision["choices"].to_string();
    assert!(costs.contains(&format!(".{}", profile.name)), "{collision:#}");
    let _ = write!(
        decisions,
        "\n[[decision]]\nkind = \"user-collision\"\nespace = \"{}\"\nentity = \"{}\"\n\
         choice = \"reject\"\n",
        profile.espace, profile.key
    );
    plan(&bench, "missing = \"create\"", &decisions);
    let said = bench.run();
    assert_eq!(said.code, Some(1), "{}", said.all());
    let after = bench.databases.read(Side::Destination);
    let column = profile.identifier().expect("it has one").column.to_uppercase();
    let rows = after.rows(&profile.table).iter();
    let own = rows.filter(|row| row[&column] == Cell::Int(tester)).count();
    assert_eq!(own, 1, "{}", said.all());
}
