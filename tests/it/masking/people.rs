//! E-mail addresses and phone numbers of users where a plan says nothing of personal data and no
//! attribute is masked: nobody gives a key, and they are masked all the same.

use std::collections::{BTreeMap, BTreeSet};

use osferry::outsystems::Side;

use super::decided::say_nothing;
use super::files;
use crate::estate::content::Cells;
use crate::estate::model::{Cell, Pair, User};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;
use crate::user_rows::{counterpart, differing, needed, users};

crate::on_both_engines!(
    created_users_are_masked_where_nothing_is_said,
    updated_users_are_masked_as_created_ones,
    users_taken_as_they_are_keep_what_they_have,
    the_proof_knows_a_user_in_clear_without_a_key,
);

/// A domain that is nowhere but in the source.
const CLEAR: &str = "@only-in-production.test";

/// What the source says of somebody; `None` is NULL.
type Contact = [Option<&'static str>; 2];

/// Every way of having none, in either column, beside an address and a number. What is filled
/// stands for one that nobody else has.
const CONTACTS: [Contact; 4] = [
    [Some("filled"), Some("filled")],
    [Some(""), None],
    [None, Some("   ")],
    [Some("   "), Some("")],
];

/// Who is missing in the destination and who is there, of the users of a run.
struct Scene {
    pair: Pair,
    bench: Bench,
    created: Vec<User>,
    found: Vec<(User, i64)>,
}

impl Scene {
    fn new(engine: &TestEngine, seed: u64, strategy: &str) -> Self {
        let features = vec![Feature::MissingUsers, Feature::Groups, Feature::ExistingRows];
        let mut pair = differing(&Recipe { seed, size: 6, features, flaw: None });
        let (mut created, mut found) = (Vec::new(), Vec::new());
        for user in needed(&pair) {
            match counterpart(&mut pair.destination, &user) {
                Some(there) => {
                    // Otherwise nothing tells that an empty value has arrived.
                    (there.email, there.phone) = (format!("t{}@there.test", there.id), "1".into());
                    found.push((user, there.id));
                }
                None => created.push(user),
            }
        }
        let mut nulls = Vec::new();
        let all = created.iter_mut().enumerate();
        // Two scenes show every contact, where there are three users or more to be created.
        let all = all.map(|(place, user)| (place + 2 * (seed % 2) as usize, user));
        let of_found = found.iter_mut().map(|(user, _)| user).enumerate();
        for (place, user) in all.chain(of_found) {
            let [email, phone] = CONTACTS[place % CONTACTS.len()];
            user.email = match email {
                Some("filled") => format!("person{}{CLEAR}", user.id),
                text => text.unwrap_or_default().to_owned(),
            };
            user.phone = match phone {
                Some("filled") => format!("+351 9{:08}", user.id),
                text => text.unwrap_or_default().to_owned(),
            };
            for (column, value) in [("EMAIL", email), ("MOBILEPHONE", phone)] {
                if value.is_none() {
                    nulls.push((column, user.id));
                }
            }
            let mut ours = pair.source.users.iter_mut();
            *ours.find(|one| one.id == user.id).expect("a user of the source") = user.clone();
        }
        let bench = Bench::on(engine, &pair, seed);
        for (column, id) in nulls {
            let sql = format!("UPDATE [OSSYS_USER] SET [{column}] = NULL WHERE [ID] = {id}");
            bench.databases.execute(Side::Source, &sql);
        }
        let mut plan = bench.usual_plan();
        // An attribute that were masked would ask for a key, and its mask would be the users' too.
        plan.more = format!(
            "\n[users]\n{strategy}\n\n[[decision]]\nkind = \"personal-data\"\nchoice = \"real\"\n"
        );
        bench.plan(&plan.text());
        say_nothing(&bench);
        Self { pair, bench, created, found }
    }

    /// Carries the plan out: nobody is asked for a key, and nothing that it leaves tells an address.
    fn run(&self) {
        let said = self.bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let mut all = vec![("out".to_owned(), said.out.into_bytes())];
        files(&self.bench.folder.path().join("home"), &mut all);
        for (name, bytes) in all {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(CLEAR), "{name} holds an address");
        }
    }

    /// What the source says of somebody, as it stands there.
    fn ours(&self, user: &User) -> Cells {
        let source = self.bench.databases.read(Side::Source);
        let mut rows = source.rows("OSSYS_USER").iter();
        rows.find(|row| row["ID"] == Cell::Int(user.id)).expect("a user of the source").clone()
    }

    /// The row of somebody whom the run has created.
    fn made(&self, user: &User) -> Cells {
        let before = self.bench.databases.made(Side::Destination);
        let is_new = |row: &&Cells| {
            let mut old = before.rows("OSSYS_USER").iter();
            old.all(|old| old["ID"] != row["ID"]) && row["USERNAME"] == Cell::text(&user.username)
        };
        let all = users(&self.bench);
        let made: Vec<&Cells> = all.iter().filter(is_new).collect();
        assert_eq!(made.len(), 1, "{} is created once: {made:?}", user.username);
        made[0].clone()
    }

    /// The row of somebody whom the destination had.
    fn there(&self, id: i64) -> Cells {
        let all = users(&self.bench);
        all.iter().find(|row| row["ID"] == Cell::Int(id)).expect("nobody goes").clone()
    }
}

/// Whether a value is none: it stays as it is.
fn is_none(cell: &Cell) -> bool {
    match cell {
        Cell::Text(text) => text.trim().is_empty(),
        other => *other == Cell::Null,
    }
}

/// Somebody's row holds nothing of the address and the number of the source, and nothing where
/// that holds nothing. Returns the address.
fn is_masked(ours: &Cells, there: &Cells) -> Option<String> {
    if is_none(&ours["MOBILEPHONE"]) {
        assert_eq!(there["MOBILEPHONE"], ours["MOBILEPHONE"], "{ours:?}");
    } else {
        assert_eq!(there["MOBILEPHONE"], Cell::text(""), "{ours:?}");
    }
    if is_none(&ours["EMAIL"]) {
        assert_eq!(there["EMAIL"], ours["EMAIL"], "{ours:?}");
        return None;
    }
    let Cell::Text(mask) = &there["EMAIL"] else { panic!("no address: {there:?}") };
    let Cell::Int(id) = ours["ID"] else { panic!("no id: {ours:?}") };
    assert!(mask.contains(&id.to_string()), "it is made of the id {id}: {mask}");
    // A domain that nobody can have, so that nobody can be written to.
    assert!(mask.ends_with(".invalid") && mask.contains('@'), "{mask}");
    Some(mask.clone())
}

async fn created_users_are_masked_where_nothing_is_said(engine: &TestEngine) {
    let mut shown = BTreeSet::new();
    for seed in [90, 91] {
        let scene = Scene::new(engine, seed, "missing = \"create\"");
        let created = || -> BTreeMap<i64, Cells> {
            scene.created.iter().map(|user| (user.id, scene.made(user))).collect()
        };
        scene.run();
        let first = created();
        let mut masks = BTreeSet::new();
        for user in &scene.created {
            let (ours, there) = (scene.ours(user), &first[&user.id]);
            assert_eq!(there["NAME"], ours["NAME"], "by the name users are told");
            if let Some(mask) = is_masked(&ours, there) {
                assert!(masks.insert(mask), "two users have one address: {first:?}");
            }
            shown.insert((ours["EMAIL"].clone(), ours["MOBILEPHONE"].clone()));
        }
        // Taken back and made again they are the same, whatever ids they get.
        let name = scene.bench.destination_name();
        let undone = scene.bench.osferry(&["undo", "estate", "--confirm", &name]);
        assert_eq!(undone.code, Some(0), "{}", undone.all());
        scene.run();
        for (id, again) in created() {
            for column in ["EMAIL", "MOBILEPHONE"] {
                assert_eq!(again[column], first[&id][column], "{column} of {id}");
            }
        }
    }
    for column in
        [|(email, _): &(Cell, Cell)| email.clone(), |(_, phone): &(Cell, Cell)| phone.clone()]
    {
        let all: BTreeSet<Cell> = shown.iter().map(column).collect();
        for empty in [Cell::Null, Cell::text(""), Cell::text("   ")] {
            assert!(all.contains(&empty), "nobody has {empty:?}: {shown:?}");
        }
        assert!(all.iter().any(|cell| !is_none(cell)), "nobody has any: {shown:?}");
    }
}

async fn updated_users_are_masked_as_created_ones(engine: &TestEngine) {
    let strategy = "existing = \"update\"\nmissing = \"create\"";
    let scene = Scene::new(engine, 92, strategy);
    assert!(scene.found.len() >= CONTACTS.len(), "somebody of each kind is found");
    scene.run();
    for (user, id) in &scene.found {
        let (ours, there) = (scene.ours(user), scene.there(*id));
        assert_eq!(there["NAME"], ours["NAME"], "it is updated");
        is_masked(&ours, &there);
    }
    // Whoever is found by the address keeps it: a mask would find nobody the next time.
    let by_email = Scene::new(engine, 93, "missing = \"create\"\nmatch_by = \"email\"");
    let (user, id) = by_email.found.first().expect("somebody is found");
    let known = by_email.pair.source.user(user.id).expect("there").email.clone();
    let sql = format!("UPDATE [OSSYS_USER] SET [EMAIL] = '{known}' WHERE [ID] = {id}");
    by_email.bench.databases.execute(Side::Destination, &sql);
    let mut plan = by_email.bench.usual_plan();
    plan.more = String::from(
        "\n[users]\nexisting = \"update\"\nmissing = \"map\"\nmap_to = \"tester\"\n\
         match_by = \"email\"\n\n[[decision]]\nkind = \"personal-data\"\nchoice = \"real\"\n",
    );
    by_email.bench.plan(&plan.text());
    say_nothing(&by_email.bench);
    let said = by_email.bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let there = by_email.there(*id);
    assert_eq!(there["NAME"], Cell::text(&user.name), "{}", said.all());
    assert_eq!(there["EMAIL"], Cell::text(known), "{}", said.all());
    assert_eq!(there["MOBILEPHONE"], Cell::text(""), "{}", said.all());
}

async fn users_taken_as_they_are_keep_what_they_have(engine: &TestEngine) {
    let scene = Scene::new(engine, 94, "missing = \"create\"");
    assert!(!scene.found.is_empty(), "nobody is found");
    scene.run();
    let before = scene.bench.databases.made(Side::Destination);
    for (_, id) in &scene.found {
        let mut rows = before.rows("OSSYS_USER").iter();
        let was = rows.find(|row| row["ID"] == Cell::Int(*id)).expect("it was there");
        assert_eq!(scene.there(*id), *was);
    }
}

async fn the_proof_knows_a_user_in_clear_without_a_key(engine: &TestEngine) {
    let scene = Scene::new(engine, 96, "existing = \"update\"\nmissing = \"create\"");
    scene.run();
    let of_created = &scene.created[0];
    let (of_found, found) = &scene.found[0];
    let made = match scene.made(of_created)["ID"] {
        Cell::Int(id) => id,
        ref other => panic!("no id: {other:?}"),
    };
    for (user, id) in [(of_created, made), (of_found, *found)] {
        let as_it_was = scene.there(id);
        for (column, clear) in [("EMAIL", &user.email), ("MOBILEPHONE", &user.phone)] {
            let set = |value: &str| {
                let sql =
                    format!("UPDATE [OSSYS_USER] SET [{column}] = '{value}' WHERE [ID] = {id}");
                scene.bench.databases.execute(Side::Destination, &sql);
                scene.bench.osferry(&["verify", "estate", "--afresh"])
            };
            let found = set(clear);
            assert_eq!(found.code, Some(4), "{}", found.all());
            let told = found.out.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains("in clear; it should be masked"), "{}", found.all());
            assert!(!found.all().contains(clear.as_str()), "{}", found.all());
            let Cell::Text(mask) = &as_it_was[column] else { panic!("no mask: {as_it_was:?}") };
            let proved = set(mask);
            assert_eq!(proved.code, Some(0), "{}", proved.all());
        }
    }
}
