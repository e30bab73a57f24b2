//! Maps of records, users and tenants as tables beside a plan: written to be filled in, obeyed to
//! the row, and refused with the line that is wrong.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;

use crate::estate::generate;
use crate::estate::judge::judge;
use crate::estate::model::{Cell, Environment, Pair};
use crate::estate::oracle::{Verdict, migrate};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(maps_are_filled_in_and_obeyed, a_line_that_cannot_be_obeyed_is_refused,);

fn sound(seed: u64) -> Pair {
    let features = vec![Feature::MultiTenant, Feature::ExistingRows, Feature::Groups];
    generate::pair(&Recipe { seed, size: 3, features, flaw: None })
}

/// The name of a static record that rows of the source use.
fn used_record(source: &Environment) -> (String, String) {
    let thing = source.named("Thing0").expect("always there");
    let link = &thing.attributes.iter().find(|a| a.name == "StatusId").expect("a link").key;
    let used: Vec<&Cell> = thing.rows.iter().map(|row| &row.cells[link]).collect();
    let status = source.named("Status").expect("always there");
    let record = status.records.iter().find(|r| r.active && used.contains(&&r.data_id));
    let record = record.expect("a record in use");
    (record.key.clone(), record.name.clone())
}

/// The same pair to the row, but for a record that was made anew, a tenant that was renamed, and
/// two users who have changed names.
fn spoilt(sound: &Pair) -> Pair {
    let mut pair = sound.clone();
    let (key, _) = used_record(&pair.source);
    let there = &mut pair.destination;
    let status = there.named("Status").expect("always there").full_key();
    let records = &mut there.entity_mut(&status).expect("always there").records;
    let record = records.iter_mut().find(|r| r.active && r.key == key).expect("in use");
    (record.key, record.name) = ("8a1b1d62-0000-4000-8000-00000000beef".into(), "Anew".into());
    there.tenants.iter_mut().find(|t| t.name == "Acme").expect("a tenant").name = "Acme Lda".into();
    let tenant = 100 - 10;
    let place = |name: &str| {
        let found = there
            .users
            .iter()
            .position(|u| u.tenant == tenant && u.username.eq_ignore_ascii_case(name));
        found.expect("a user")
    };
    let (one, other) = (place("user004"), place("tester"));
    let name = std::mem::take(&mut there.users[one].username);
    there.users[one].username = std::mem::replace(&mut there.users[other].username, name);
    pair
}

fn file(bench: &Bench, name: &str) -> String {
    let path = bench.folder.path().join("maps").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn put(bench: &Bench, name: &str, text: &str) {
    std::fs::write(bench.folder.path().join("maps").join(name), text).expect("a map");
}

/// Fills in `to` of the line about somebody; the cells of these tables hold no commas.
fn fill(bench: &Bench, name: &str, about: &[&str], to: &str) {
    let text = file(bench, name);
    let head: Vec<&str> = text.lines().next().expect("a head").split(',').collect();
    let column = head.iter().position(|cell| *cell == "to").expect("where to");
    let mut filled = 0;
    let lines = text.lines().map(|line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if !about.iter().enumerate().all(|(place, cell)| cells[place] == *cell) {
            return line.to_owned();
        }
        filled += 1;
        cells[column] = to;
        cells.join(",")
    });
    // As a spreadsheet might leave it.
    let lines: Vec<String> = lines.collect();
    assert_eq!(filled, 1, "one line about {about:?} in\n{text}");
    put(bench, name, &lines.join("\n"));
}

fn plan(bench: &Bench, maps: &str) {
    let mut plan = bench.usual_plan();
    plan.more = format!("\n[maps]\n{maps}\n");
    bench.plan(&plan.text());
}

const ALL: &str = "records = \"maps/records.csv\"\nusers = \"maps/users.csv\"\n\
                   tenants = \"maps/tenants.csv\"";

async fn maps_are_filled_in_and_obeyed(engine: &TestEngine) {
    let sound = sound(61);
    let (_, record) = used_record(&sound.source);
    let bench = Bench::on(engine, &spoilt(&sound), 61);
    bench.plan(&bench.usual_plan().text());
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    let said = bench.osferry(&["map", "plan.toml", "--write", "maps"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    // Somebody's work is never written over.
    let again = bench.osferry(&["map", "plan.toml", "--write", "maps"]);
    assert_eq!(again.code, Some(2), "{}", again.all());
    let users = file(&bench, "users.csv");
    assert!(users.starts_with("\u{feff}user,tenant,rows,choice,to,candidates\r\n"), "{users}");

    let entity = format!("{}.Status", "Core_CS");
    let records = file(&bench, "records.csv");
    let entity = records
        .lines()
        .find(|line| line.contains(&format!(".Status,{record},")))
        .and_then(|line| line.split(',').next())
        .unwrap_or(&entity)
        .to_owned();
    fill(&bench, "records.csv", &[&entity, &record], "Anew");
    fill(&bench, "tenants.csv", &["Acme"], "Acme Lda");
    plan(&bench, ALL);
    fill(&bench, "users.csv", &["user004", "Users"], "tester");
    let dry =
        bench.osferry(&["run", "plan.toml", "--dry-run", "--decide", "recommended", "--json"]);
    assert_eq!(dry.code, Some(0), "{}", dry.all());
    let compared = bench.osferry(&["compare", "plan.toml", "--json"]);
    assert!(compared.out.contains("user-mapped"), "{}", compared.all());
    let before = bench.databases.made(Side::Destination);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let expected = match migrate(&sound) {
        Verdict::Done(expected) => expected,
        Verdict::Refused(why) => panic!("the oracle refuses a sound pair: {why:?}"),
    };
    let after = bench.databases.read(Side::Destination);
    let troubles = judge(&before, &after, &expected, &sound.destination);
    assert!(troubles.is_empty(), "{}\n{}", troubles.join("\n"), said.all());

    // The run stands for itself: what its maps said is pinned.
    std::fs::remove_dir_all(bench.folder.path().join("maps")).expect("gone");
    let verified = bench.osferry(&["verify", "estate"]);
    assert_eq!(verified.code, Some(0), "{}", verified.all());
    let name = bench.databases.name(Side::Destination);
    let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
}

async fn a_line_that_cannot_be_obeyed_is_refused(engine: &TestEngine) {
    let sound = sound(62);
    let (key, record) = used_record(&sound.source);
    let status = sound.source.named("Status").expect("always there");
    let espace = sound.source.espace(&status.espace).name.clone();
    let entity = format!("{espace}.Status");
    let bench = Bench::on(engine, &spoilt(&sound), 62);
    std::fs::create_dir(bench.folder.path().join("maps")).expect("a folder");
    let head = "entity,record,key,choice,to";
    let cases = [
        ("records", format!("{head}\n{entity},Nothing,,map,Anew"), 2, "no record \"Nothing\""),
        ("records", format!("{head}\nNowhere.Status,x,,,Anew"), 2, "no entity \"Nowhere.Status\""),
        ("records", format!("{head}\n\n{entity},{record},,,Nowhere"), 3, "no active record"),
        ("records", format!("{head}\n{entity},,{key},create,"), 2, "\"create\" is no choice"),
        ("records", format!("{head}\n{entity},,{key},map,"), 2, "needs something under"),
        (
            "records",
            format!("{head}\n{entity},,{key},,Anew\n{entity},{record},,reject,"),
            3,
            "line 2 is about the same",
        ),
        ("records", format!("{head}\n{entity},\"{record},,,Anew"), 2, "never closed"),
        ("records", "entity;record;to\n".to_owned(), 1, "semicolons"),
        ("records", "entity,name,to\n".to_owned(), 1, "no column \"name\""),
        ("records", format!("entity,record,to\n{entity},{record},Anew,x"), 2, "4 cells"),
        ("users", "user,to\nuser001,tester".to_owned(), 2, "in several tenants"),
        ("users", "user,tenant,to\nuser001,Users,nobody".to_owned(), 2, "no user \"nobody\""),
        ("users", "user,tenant,choice,to\nuser002,Users,empty,".to_owned(), 2, "only \"map\""),
        ("users", "user,tenant,to\nghost,Users,tester".to_owned(), 2, "no user \"ghost\""),
        ("tenants", "tenant,to\nAcme,Elsewhere".to_owned(), 2, "no active tenant \"Elsewhere\""),
        ("tenants", "tenant,to\nUsers,Acme Lda".to_owned(), 2, "has this tenant"),
    ];
    for (kind, text, line, why) in cases {
        let name = format!("{kind}.csv");
        put(&bench, &name, &text);
        plan(&bench, &format!("{kind} = \"maps/{name}\""));
        let said = bench.run();
        assert_eq!(said.code, Some(2), "{text}\n{}", said.all());
        let place = format!("{name}, line {line}: ");
        assert!(said.err.contains(&place) && said.err.contains(why), "{text}\n{}", said.all());
    }
    let mut latin = b"user,tenant,to\n".to_vec();
    latin.extend_from_slice(b"user001,Gr\xf6\xdfe,tester\n");
    std::fs::write(bench.folder.path().join("maps/users.csv"), latin).expect("a map");
    plan(&bench, "users = \"maps/users.csv\"");
    let said = bench.run();
    assert!(said.code == Some(2) && said.err.contains("line 2, is not in UTF-8"), "{}", said.all());
    plan(&bench, "users = \"maps/nowhere.csv\"");
    let said = bench.run();
    assert!(said.code == Some(2) && said.err.contains("nowhere.csv"), "{}", said.all());
    assert!(bench.destination_unchanged());
}
