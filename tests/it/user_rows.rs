//! Users that the destination has: used as they are, updated, or deleted and created again, for all
//! of a run or for one of them; and what forbids it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeSet;

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::content::{Cells, Content};
use crate::estate::generate;
use crate::estate::judge::judge;
use crate::estate::model::{Cell, Environment, Pair, User};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Said};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    users_are_updated_to_what_the_source_says,
    one_user_is_updated_and_the_others_are_used,
    updated_users_are_masked_and_keep_what_others_change,
    an_update_that_is_refused_is_a_reject,
    users_are_deleted_and_created_again,
    nobody_is_created_again_whom_rows_depend_on,
);

/// The tenant `Users` of each side.
const HERE: i64 = 10;
const THERE: i64 = 90;

fn features() -> Vec<Feature> {
    vec![Feature::MissingUsers, Feature::Groups, Feature::ExistingRows]
}

/// The user of the destination who is this one of the source.
pub fn counterpart<'a>(environment: &'a mut Environment, user: &User) -> Option<&'a mut User> {
    let mut users = environment.users.iter_mut();
    users.find(|u| u.tenant == THERE && u.username.eq_ignore_ascii_case(&user.username))
}

/// The users of the tenant `Users` whom a run needs: those that would have to be created if the
/// destination had none of them.
pub fn needed(pair: &Pair) -> Vec<User> {
    let mut empty = pair.clone();
    let gone: Vec<i64> =
        empty.destination.users.iter().filter(|u| u.tenant == THERE).map(|u| u.id).collect();
    empty.destination.users.retain(|u| u.tenant != THERE);
    empty.destination.user_roles.retain(|(user, _)| !gone.contains(user));
    empty.destination.group_users.retain(|(_, user)| !gone.contains(user));
    let Verdict::Done(expected) = migrate(&empty) else { panic!("a sound pair") };
    let made: BTreeSet<Cell> = expected["OSSYS_USER"]
        .rows
        .iter()
        .filter_map(|row| Some(row.symbol.as_ref()?.source.clone()))
        .collect();
    let users = pair.source.users.iter();
    users.filter(|u| u.tenant == HERE && made.contains(&Cell::Int(u.id))).cloned().collect()
}

/// The pair that comes to the same when the users of a run are only used: those of the destination
/// hold already what the source says.
pub fn updated(pair: &Pair) -> Pair {
    let mut sound = pair.clone();
    for user in needed(pair) {
        if let Some(there) = counterpart(&mut sound.destination, &user) {
            (there.name, there.email) = (user.name, user.email);
            (there.phone, there.external) = (user.phone, user.external);
            there.active = user.active;
        }
    }
    sound
}

/// A pair of whose users the two sides say different things.
pub fn differing(recipe: &Recipe) -> Pair {
    let mut pair = generate::pair(recipe);
    for (number, user) in needed(&pair).iter().enumerate() {
        let active = number % 3 != 1;
        if let Some(there) = counterpart(&mut pair.destination, user) {
            there.name = format!("{} as tested", user.username);
            there.external = format!("t{number}");
            // Who is inactive there is found all the same.
            there.active = active;
        }
    }
    pair
}

/// The pair that comes to the same when missing users are created: the destination does not have
/// those of a run.
pub fn recreated(pair: &Pair) -> Pair {
    let mut sound = pair.clone();
    let gone: Vec<i64> = needed(pair)
        .iter()
        .filter_map(|user| Some(counterpart(&mut sound.destination, user)?.id))
        .collect();
    sound.destination.users.retain(|user| !gone.contains(&user.id));
    sound.destination.user_roles.retain(|(user, _)| !gone.contains(user));
    sound.destination.group_users.retain(|(_, user)| !gone.contains(user));
    sound
}

fn plan(bench: &Bench, users: &str, options: &[&str], more: &str) {
    let mut plan = bench.usual_plan();
    plan.options.extend(options.iter().map(|option| (*option).to_owned()));
    plan.more = format!("\n[users]\n{users}\n{more}");
    bench.plan(&plan.text());
}

pub fn users(bench: &Bench) -> Vec<Cells> {
    bench.databases.read(Side::Destination).rows("OSSYS_USER").to_vec()
}

fn undo(bench: &Bench) -> Said {
    let name = bench.databases.name(Side::Destination);
    bench.osferry(&["undo", "estate", "--confirm", &name])
}

/// What the destination of the real pair would hold if it were the sound one's: the rows of other
/// users, and their links, have the same ids in both.
pub fn as_sound(real: &Content, real_pair: &Pair, sound: &Pair) -> Content {
    let mut content = real.clone();
    let kept = |id: &Cell| sound.destination.users.iter().find(|user| Cell::Int(user.id) == *id);
    let was = |id: &Cell| real_pair.destination.users.iter().any(|user| Cell::Int(user.id) == *id);
    for (table, column) in
        [("OSSYS_USER", "ID"), ("OSSYS_USER_ROLE", "USER_ID"), ("OSSYS_GROUP_USER", "USER_ID")]
    {
        if let Some(rows) = content.tables.get_mut(table) {
            rows.retain(|row| kept(&row[column]).is_some() || !was(&row[column]));
        }
    }
    for row in content.tables.get_mut("OSSYS_USER").into_iter().flatten() {
        let Some(user) = kept(&row["ID"]) else { continue };
        for (column, text) in [
            ("NAME", &user.name),
            ("EMAIL", &user.email),
            ("MOBILEPHONE", &user.phone),
            ("EXTERNAL_ID", &user.external),
        ] {
            if row[column] != Cell::Null {
                row.insert(column.to_owned(), Cell::text(text));
            }
        }
        row.insert("IS_ACTIVE".to_owned(), Cell::Int(i64::from(user.active)));
    }
    content
}

/// The run of that plan makes of the real pair what the oracle makes of the sound one, and an undo
/// takes everything back.
fn comes_to(bench: &Bench, real: &Pair, sound: &Pair) {
    let before = as_sound(&bench.databases.made(Side::Destination), real, sound);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let Verdict::Done(expected) = migrate(sound) else { panic!("a sound pair") };
    let after = bench.databases.read(Side::Destination);
    let troubles = judge(&before, &after, &expected, &sound.destination);
    assert!(troubles.is_empty(), "{}\n{}", troubles.join("\n"), said.all());
    let undone = undo(bench);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
    let made = bench.databases.made(Side::Destination).tables;
    assert!(bench.databases.read(Side::Destination).tables == made, "{}", undone.all());
}

fn recipe(seed: u64) -> Recipe {
    Recipe { seed, size: 3, features: features(), flaw: None }
}

async fn users_are_updated_to_what_the_source_says(engine: &TestEngine) {
    for (seed, rows) in [(81, "replace"), (82, "keep")] {
        let real = differing(&recipe(seed));
        let bench = Bench::on(engine, &real, seed);
        let mut text = bench.usual_plan();
        text.options = vec![format!("destination_rows = \"{rows}\"")];
        text.more = "\n[users]\nexisting = \"update\"\nmissing = \"create\"\n".to_owned();
        bench.plan(&text.text());
        let compared = bench.osferry(&["compare", "plan.toml"]);
        assert!(compared.out.contains("user-found"), "{}", compared.all());
        if rows == "keep" {
            // What becomes of the rows has tests of its own; here only the users count.
            let said = bench.run();
            assert_eq!(said.code, Some(0), "{}", said.all());
            let wanted = Bench::on(engine, &updated(&real), seed);
            let wanted = wanted.databases.made(Side::Destination);
            let there = users(&bench);
            let missing = wanted.rows("OSSYS_USER").iter().find(|row| !there.contains(row));
            assert_eq!(missing, None, "{}", said.all());
            continue;
        }
        comes_to(&bench, &real, &updated(&real));
    }
}

async fn one_user_is_updated_and_the_others_are_used(engine: &TestEngine) {
    let real = differing(&recipe(83));
    let mut found = needed(&real).into_iter();
    let one = found
        .find(|user| counterpart(&mut real.clone().destination, user).is_some_and(|u| u.active))
        .expect("somebody is found");
    let bench = Bench::on(engine, &real, 83);
    let decision = format!(
        "\n[[decision]]\nkind = \"user-found\"\nuser = \"{}\"\ntenant = \"Users\"\n\
         choice = \"update\"\n",
        one.username
    );
    plan(&bench, "missing = \"create\"", &[], &decision);
    let mut sound = real.clone();
    let there = counterpart(&mut sound.destination, &one).expect("there");
    (there.name, there.email) = (one.name.clone(), one.email.clone());
    (there.phone, there.external) = (one.phone.clone(), one.external.clone());
    comes_to(&bench, &real, &sound);
}

async fn updated_users_are_masked_and_keep_what_others_change(engine: &TestEngine) {
    let real = differing(&recipe(84));
    let bench = Bench::on(engine, &real, 84);
    let personal = ["personal_data = \"mask\""];
    plan(&bench, "existing = \"update\"\nmissing = \"create\"", &personal, "");
    let name = bench.databases.name(Side::Destination);
    let there = users(&bench);
    let arguments = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--json"];
    let key = [("OSFERRY_MASK_KEY".to_owned(), "a key nobody can guess".to_owned())];
    let said = bench.osferry_with(&arguments, &key);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let mails: Vec<&str> =
        real.source.users.iter().map(|u| u.email.as_str()).filter(|m| !m.is_empty()).collect();
    let after = users(&bench);
    let mut masked = 0;
    for user in needed(&real) {
        let Some(there) = counterpart(&mut real.clone().destination, &user).map(|u| u.clone())
        else {
            continue;
        };
        let row = after.iter().find(|row| row["ID"] == Cell::Int(there.id)).expect("it stays");
        assert_eq!(row["NAME"], Cell::text(&user.name));
        assert_eq!(row["PASSWORD"], Cell::text(&there.password), "nobody asked for it");
        assert_eq!(row["USERNAME"], Cell::text(&there.username));
        assert_eq!(row["TENANT_ID"], Cell::Int(THERE));
        assert!(mails.iter().all(|mail| row["EMAIL"] != Cell::text(*mail)), "{row:?}");
        masked += usize::from(!user.email.is_empty());
    }
    assert!(masked > 0, "nobody has an address");
    let changed = there.iter().filter(|was| {
        let now = after.iter().find(|row| row["ID"] == was["ID"]);
        now.is_some_and(|now| now != *was)
    });
    let report: Value = serde_json::from_str(&said.out).expect("a report");
    assert_eq!(report["people"]["users_updated"], changed.count(), "{}", said.all());
    // What somebody has changed since is not written over by an undo.
    let user = needed(&real)
        .iter()
        .find_map(|user| Some(counterpart(&mut real.clone().destination, user)?.id))
        .expect("somebody");
    let change = format!("UPDATE [OSSYS_USER] SET [NAME] = 'Since' WHERE [ID] = {user}");
    bench.databases.execute(Side::Destination, &change);
    let preview = bench.osferry(&["undo", "estate", "--confirm", &name, "--dry-run"]);
    assert!(preview.out.contains("as they were"), "{}", preview.all());
    let undone = undo(&bench);
    assert_eq!(undone.code, Some(1), "{}", undone.all());
    let told = undone.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("1 row could not be put back"), "{}", undone.all());
    let after = users(&bench);
    let row = after.iter().find(|row| row["ID"] == Cell::Int(user)).expect("it stays");
    assert_eq!(row["NAME"], Cell::text("Since"));
    let before = bench.databases.made(Side::Destination);
    let others = |rows: &[Cells]| -> Vec<Cells> {
        rows.iter().filter(|row| row["ID"] != Cell::Int(user)).cloned().collect()
    };
    assert_eq!(others(&after), others(before.rows("OSSYS_USER")));
}

async fn an_update_that_is_refused_is_a_reject(engine: &TestEngine) {
    let real = differing(&recipe(85));
    let found: Vec<(User, i64)> = needed(&real)
        .into_iter()
        .filter_map(|user| {
            let id = counterpart(&mut real.clone().destination, &user)?.id;
            Some((user, id))
        })
        .collect();
    assert!(found.len() > 1, "too few");
    let bench = Bench::on(engine, &real, 85);
    let id = found[0].1;
    let trigger = if bench.databases.name(Side::Destination) == "dev" {
        format!(
            "CREATE TRIGGER [no] BEFORE UPDATE ON [OSSYS_USER] WHEN NEW.[ID] = {id} BEGIN \
             SELECT RAISE(ABORT, 'not this one'); END"
        )
    } else {
        format!(
            "CREATE TRIGGER [no] ON [OSSYS_USER] AFTER UPDATE AS IF EXISTS (SELECT 1 FROM inserted \
             AS r WHERE r.[ID] = {id}) THROW 50001, 'not this one', 1;"
        )
    };
    bench.databases.execute(Side::Destination, &trigger);
    // At the first reject the run stops, and goes on where it was.
    plan(&bench, "existing = \"update\"\nmissing = \"create\"", &["rejects = \"stop\""], "");
    let said = bench.run();
    assert_eq!(said.code, Some(3), "{}", said.all());
    let resumed = bench.osferry(&["resume", "estate"]);
    assert_eq!(resumed.code, Some(1), "{}", resumed.all());
    let after = users(&bench);
    let row = |id: i64| after.iter().find(|row| row["ID"] == Cell::Int(id)).expect("it stays");
    for (user, id) in &found[1..] {
        assert_eq!(row(*id)["NAME"], Cell::text(&user.name), "{}", resumed.all());
    }
    let undone = undo(&bench);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
    assert_eq!(users(&bench), bench.databases.made(Side::Destination).rows("OSSYS_USER"));
}

async fn users_are_deleted_and_created_again(engine: &TestEngine) {
    let real = differing(&recipe(86));
    let bench = Bench::on(engine, &real, 86);
    plan(&bench, "existing = \"recreate\"\nmissing = \"create\"", &[], "");
    let compared = bench.osferry(&["compare", "plan.toml"]);
    let sound = recreated(&real);
    let links = real.destination.user_roles.len() - sound.destination.user_roles.len();
    assert!(links > 0, "nobody has a role");
    assert!(compared.out.contains("user-cascade"), "{}", compared.all());
    comes_to(&bench, &real, &sound);
}

async fn nobody_is_created_again_whom_rows_depend_on(engine: &TestEngine) {
    let real = differing(&recipe(87));
    let bench = Bench::on(engine, &real, 87);
    let user = needed(&real)
        .iter()
        .find_map(|user| Some(counterpart(&mut real.clone().destination, user)?.id))
        .expect("somebody");
    // A group that this user made would go with it, and with the group whoever is in it.
    let group = real.destination.groups.first().expect("a group").id;
    let made = format!("UPDATE [OSSYS_GROUP] SET [CREATED_BY] = {user} WHERE [ID] = {group}");
    bench.databases.execute(Side::Destination, &made);
    plan(&bench, "existing = \"recreate\"\nmissing = \"create\"", &[], "");
    let there = bench.databases.read(Side::Destination).tables;
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("user-dependants") && said.err.contains("1 row"), "{}", said.all());
    assert!(bench.databases.read(Side::Destination).tables == there, "{}", said.all());
}
