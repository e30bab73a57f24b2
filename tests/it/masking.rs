//! Personal data masked on the way: no clear value arrives anywhere, the same value gets the same
//! mask, and the proof knows a wrong mask from the right one.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod decided;
mod people;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use osferry::database::{Secret, open_destination, open_source};
use osferry::migrate::{Command, Controller, RunEnd, resume, run};
use osferry::outsystems::Side;
use osferry::plan::PlanFile;

use crate::estate::generate;
use crate::estate::model::{Attribute, Cell, Entity, Kind, Pair, Rule, TAG};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Said};
use crate::support::engine::TestEngine;
use crate::support::library::{MASK_KEY, planned};

crate::on_both_engines!(
    nothing_personal_arrives_in_clear,
    another_key_is_refused,
    the_proof_knows_a_wrong_mask,
);

/// What is masked besides e-mail addresses and phone numbers, which their types tell: the name,
/// the type, and how. Where nothing is said, the name is enough.
const ATTRIBUTES: [(&str, Kind, Option<&str>); 7] = [
    ("ContactEmail", Kind::Email, None),
    ("ContactPhone", Kind::Phone, None),
    ("TaxNumber", Kind::Text(14), None),
    ("BirthDate", Kind::Date, None),
    ("Remarks", Kind::Text(300), Some("text")),
    ("Points", Kind::LongInteger, Some("number")),
    ("Income", Kind::Currency, Some("number")),
];

pub fn attribute(number: usize, name: &str, kind: Kind) -> Attribute {
    Attribute {
        key: format!("00000000-0000-4000-8000-{number:012}"),
        name: name.to_owned(),
        column: name.to_uppercase(),
        kind,
        mandatory: false,
        nullable: number != 3,
        rule: Rule::Ignore,
        autonumber: false,
        active: true,
        listed: true,
        default: None,
        late: false,
        said_default: String::new(),
        damage: None,
    }
}

/// What an attribute holds in a row; every fifth row holds nothing, and two rows in seven the same.
fn personal(name: &str, row: usize) -> Cell {
    let same = row % 7;
    if row % 5 == 4 {
        return match name {
            "BirthDate" => Cell::text("1900-01-01 00:00:00"),
            "Points" => Cell::Int(0),
            "Income" => Cell::Null,
            "Remarks" => Cell::text("  "),
            _ => Cell::text(""),
        };
    }
    match name {
        "ContactEmail" => Cell::text(format!("Vera.Clara{same}@Company.test")),
        "ContactPhone" => Cell::text(format!("+351 912 7{same}4 680")),
        "TaxNumber" => Cell::text(format!("PT50192{same}77")),
        "BirthDate" => Cell::text(format!("19{same}4-02-0{} 00:00:00", same + 1)),
        "Remarks" => Cell::text(format!("Vive na Rua {same}, não atende à tarde").repeat(1 + same)),
        "Points" => Cell::Int([7, -41, 999, i64::MIN, i64::MAX, 123_456, 2_147_483_648][same]),
        _ => Cell::text(["12.5", "1500", "-0.00000001", "99999.99", "3.14159265", "10", "7"][same]),
    }
}

/// Two entities with the same personal data in their rows.
fn pair() -> Pair {
    let features = vec![Feature::OtherTables, Feature::MissingUsers, Feature::ExistingRows];
    let mut pair = generate::pair(&Recipe { seed: 77, size: 4, features, flaw: None });
    let mut number = 0;
    for name in things(&pair) {
        for (attribute_name, kind, _) in ATTRIBUTES {
            number += 1;
            let attribute = attribute(number, attribute_name, kind);
            for (side, model) in [&mut pair.source, &mut pair.destination].into_iter().enumerate() {
                let entity = model.entities.iter_mut().find(|e| e.active && e.name == name);
                let entity = entity.expect("on both sides");
                entity.attributes.push(attribute.clone());
                for (row, cells) in entity.rows.iter_mut().enumerate() {
                    let cell = match side {
                        0 => personal(attribute_name, row),
                        _ if attribute.nullable => Cell::Null,
                        _ => Cell::text(""),
                    };
                    cells.cells.insert(attribute.key.clone(), cell);
                }
            }
        }
    }
    pair
}

/// Entities of the scope whose rows a tag tells apart.
fn things(pair: &Pair) -> Vec<String> {
    let fits = |e: &&Entity| e.active && e.name.starts_with("Thing") && e.rows.len() > 6;
    let has_tag = |e: &&Entity| e.tag().is_some() && !e.is_static;
    let all: Vec<String> =
        pair.source.entities.iter().filter(fits).filter(has_tag).map(|e| e.name.clone()).collect();
    assert!(all.len() > 1, "the pair shows nothing: {all:?}");
    all
}

/// A plan that masks.
fn plan(bench: &Bench, pair: &Pair) -> String {
    let mut plan = bench.usual_plan();
    plan.options.push("personal_data = \"mask\"".into());
    for name in things(pair) {
        let entity = pair.source.named(&name).expect("a thing");
        for (attribute, _, mask) in ATTRIBUTES {
            let Some(mask) = mask else { continue };
            let key = &entity.attributes.iter().find(|a| a.name == attribute).expect("made").key;
            plan.more.push_str(&format!(
                "\n[[decision]]\nkind = \"personal-data-likely\"\nespace = \"{}\"\nentity = \
                 \"{}\"\nattribute = \"{key}\"\nchoice = \"mask\"\nto = \"{mask}\"\n",
                entity.espace, entity.key
            ));
        }
    }
    plan.text()
}

pub fn with_key(bench: &Bench, key: &str, arguments: &[&str]) -> Said {
    bench.osferry_with(arguments, &[("OSFERRY_MASK_KEY".to_owned(), key.to_owned())])
}

pub fn run_with(bench: &Bench, key: &str) -> Said {
    let name = bench.databases.name(Side::Destination);
    with_key(bench, key, &["run", "plan.toml", "--confirm", &name, "--decide", "recommended"])
}

/// What stands in the column of each row of the source, and in the row that it has become.
fn cells(bench: &Bench, pair: &Pair, attribute: &str) -> Vec<(Cell, Cell)> {
    let (source, destination) =
        (bench.databases.read(Side::Source), bench.databases.read(Side::Destination));
    let mut both = Vec::new();
    for name in things(pair) {
        let (ours, theirs) = (pair.source.named(&name), pair.destination.named(&name));
        let (ours, theirs) = (ours.expect("a thing"), theirs.expect("a thing"));
        let column = |entity: &Entity, name: &str| {
            let found = entity.attributes.iter().find(|a| a.active && a.name == name);
            found.expect("an attribute").column.to_uppercase()
        };
        let tag = column(theirs, TAG);
        let became: BTreeMap<&Cell, &Cell> = destination
            .rows(&theirs.table)
            .iter()
            .map(|row| (&row[&tag], &row[&column(theirs, attribute)]))
            .collect();
        for row in source.rows(&ours.table) {
            if let Some(there) = became.get(&row[&column(ours, TAG)]) {
                both.push((row[&column(ours, attribute)].clone(), (*there).clone()));
            }
        }
    }
    assert!(both.len() > 12, "{attribute}: {} rows", both.len());
    both
}

fn is_empty(cell: &Cell) -> bool {
    match cell {
        Cell::Null | Cell::Int(0) => true,
        Cell::Text(text) => text.trim().is_empty() || text.starts_with("1900-01-01"),
        _ => false,
    }
}

/// Every file below a folder.
fn files(folder: &Path, to: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, to);
        } else {
            to.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
        }
    }
}

async fn nothing_personal_arrives_in_clear(engine: &TestEngine) {
    let pair = pair();
    let bench = Bench::on(engine, &pair, 1);
    bench.plan(&plan(&bench, &pair));
    let refused = bench.run();
    assert_eq!(refused.code, Some(2), "{}", refused.all());
    assert!(refused.err.contains("OSFERRY_MASK_KEY"), "{}", refused.all());
    let short = run_with(&bench, "too short");
    assert_eq!(short.code, Some(2), "{}", short.all());
    assert!(bench.destination_unchanged());

    let said = run_with(&bench, MASK_KEY);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let mut masks = BTreeMap::new();
    for (attribute, _, _) in ATTRIBUTES {
        let mut of: BTreeMap<String, Cell> = BTreeMap::new();
        for (clear, mask) in cells(&bench, &pair, attribute) {
            if is_empty(&clear) {
                assert_eq!(clear, mask, "{attribute}: empty values stay");
                continue;
            }
            assert_ne!(clear, mask, "{attribute}: in clear");
            let same = of.entry(format!("{clear:?}").to_lowercase()).or_insert(mask.clone());
            assert_eq!(*same, mask, "{attribute}: {clear:?} has two masks");
            look_at(attribute, &clear, &mask);
        }
        let different: BTreeSet<&Cell> = of.values().collect();
        assert_eq!(different.len(), of.len(), "{attribute}: two values have one mask: {of:?}");
        masks.insert(attribute, of);
    }
    let emails = bench.databases.read(Side::Destination);
    let of_source: BTreeSet<&str> =
        pair.source.users.iter().map(|u| u.email.as_str()).filter(|e| !e.is_empty()).collect();
    let before = bench.databases.made(Side::Destination);
    let created: Vec<_> = emails
        .rows("OSSYS_USER")
        .iter()
        .filter(|row| !before.rows("OSSYS_USER").iter().any(|old| old["ID"] == row["ID"]))
        .collect();
    assert!(!created.is_empty(), "no user was created");
    for user in &created {
        let Cell::Text(email) = &user["EMAIL"] else { panic!("no e-mail column") };
        assert!(email.is_empty() || email.ends_with("@example.invalid"), "{email}");
        assert!(!of_source.contains(email.as_str()), "{email}");
    }
    no_clear_value_in_files(&bench, &said);

    // The same key makes the same masks in another run, another one makes others.
    let again = run_with(&bench, MASK_KEY);
    assert_eq!(again.code, Some(0), "{}", again.all());
    let again = cells(&bench, &pair, "ContactEmail");
    let of = |clear: &Cell| masks["ContactEmail"].get(&format!("{clear:?}").to_lowercase());
    assert!(again.iter().all(|(clear, mask)| of(clear).is_none_or(|before| before == mask)));
    let other = run_with(&bench, "another key of masks");
    assert_eq!(other.code, Some(0), "{}", other.all());
    let other = cells(&bench, &pair, "ContactEmail");
    assert!(other.iter().all(|(clear, mask)| of(clear).is_none_or(|before| before != mask)));
}

/// Whether a mask is of the kind that it should be.
fn look_at(attribute: &str, clear: &Cell, mask: &Cell) {
    match (attribute, clear, mask) {
        ("ContactEmail", _, Cell::Text(mask)) => assert!(mask.ends_with("@example.invalid")),
        ("ContactPhone", Cell::Text(clear), Cell::Text(mask)) => {
            let shape = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
            assert_eq!(shape(clear), shape(mask));
        }
        ("TaxNumber", _, Cell::Text(mask)) => assert_eq!(mask.len(), 14),
        ("Remarks", _, Cell::Text(mask)) => assert!(mask.is_ascii() && mask.len() <= 300),
        ("BirthDate", Cell::Text(clear), Cell::Text(mask)) => {
            let year = |text: &str| text[..4].parse::<i64>().expect("a year");
            assert!((year(clear) - year(mask)).abs() <= 3, "{clear} {mask}");
        }
        ("Points", Cell::Int(clear), Cell::Int(mask)) => {
            assert_eq!(clear.signum(), mask.signum());
            assert_eq!(clear.unsigned_abs().ilog10(), mask.unsigned_abs().ilog10());
        }
        _ => {}
    }
}

/// No file that the program has left, and nothing that it has said, holds a clear value or the key.
fn no_clear_value_in_files(bench: &Bench, said: &Said) {
    let mut all = vec![
        ("out".to_owned(), said.out.clone().into_bytes()),
        ("err".to_owned(), said.err.clone().into_bytes()),
    ];
    files(&bench.folder.path().join("home"), &mut all);
    let clear = ["vera.clara", "912 7", "pt50192", "na rua", MASK_KEY];
    for (name, bytes) in all {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for clear in clear {
            assert!(!text.contains(clear), "{name} holds \"{clear}\"");
        }
    }
}

async fn another_key_is_refused(engine: &TestEngine) {
    let pair = pair();
    let bench = Bench::on(engine, &pair, 2);
    let text = plan(&bench, &pair);
    let file = PlanFile::parse(&text, "masks").expect("a plan");
    let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
    let spec = bench.databases.spec(Side::Destination);
    let destination = open_destination(&spec).await.expect("a destination");
    let planned = planned(source.as_ref(), destination.as_source(), file).await;
    let (source, destination) = (std::sync::Arc::from(source), std::sync::Arc::from(destination));
    let folder = bench.folder.path().join("run");
    let mut request = planned.request(
        &folder,
        std::sync::Arc::clone(&source),
        std::sync::Arc::clone(&destination),
    );
    let (controller, control) = Controller::new();
    controller.say(Command::Stop);
    request.control = control;
    let end = run(request).await.expect("a run");
    assert!(matches!(end, RunEnd::Stopped(_)), "{end:?}");
    for (key, words) in [(Some("another key of masks"), "another key"), (None, "no key")] {
        let mut request = planned.request(
            &folder,
            std::sync::Arc::clone(&source),
            std::sync::Arc::clone(&destination),
        );
        request.mask_key = key.map(Secret::from);
        let fault = resume(request).await.expect_err("refused");
        assert!(fault.to_string().contains(words), "{fault}");
    }
    let request = planned.request(&folder, source, destination);
    let end = resume(request).await.expect("gone on with");
    assert!(matches!(end, RunEnd::Written), "{end:?}");
}

async fn the_proof_knows_a_wrong_mask(engine: &TestEngine) {
    let pair = pair();
    let bench = Bench::on(engine, &pair, 3);
    bench.plan(&plan(&bench, &pair));
    let said = run_with(&bench, MASK_KEY);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let listed = bench.osferry(&["runs"]);
    let run = listed.out.split_whitespace().find(|word| said.err.contains(&format!("run {word} ")));
    let run = run.expect("the run is listed").to_owned();
    let verify = ["verify", run.as_str(), "--afresh"];
    assert_eq!(with_key(&bench, MASK_KEY, &verify).code, Some(0));
    for (key, words) in [("another key of masks", "another key"), ("", "is not given")] {
        let refused = with_key(&bench, key, &verify);
        assert_ne!(refused.code, Some(0), "{}", refused.all());
        assert!(refused.err.contains(words), "{}", refused.all());
    }
    let name = things(&pair).remove(0);
    let thing = pair.destination.named(&name).expect("a thing");
    let column = |name: &str| {
        let found = thing.attributes.iter().find(|a| a.active && a.name == name);
        found.expect("an attribute").column.clone()
    };
    let (tag, email) = (column(TAG), column("ContactEmail"));
    let Cell::Text(row) =
        &pair.source.named(&name).expect("a thing").rows[0].cells[&thing.tag().expect("a tag").key]
    else {
        panic!("no tag")
    };
    for wrong in ["Vera.Clara0@Company.test", "aaaaaaaaaaaaaaaaaaaa@example.invalid"] {
        let sql =
            format!("UPDATE [{}] SET [{email}] = '{wrong}' WHERE [{tag}] = '{row}'", thing.table);
        bench.databases.execute(Side::Destination, &sql);
        let found = with_key(&bench, MASK_KEY, &verify);
        assert!(found.code != Some(0) && !found.panicked(), "{}", found.all());
        assert!(found.all().contains("ContactEmail"), "{}", found.all());
        assert!(!found.all().contains("Vera"), "{}", found.all());
    }
}
