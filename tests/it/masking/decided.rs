//! Personal data that is decided attribute by attribute: asked about where the plan says nothing,
//! replaced by nothing or by one value, masked where an index wants every value once.

use osferry::outsystems::Side;
use serde_json::Value;

use super::{MASK_KEY, cells, is_empty, pair, run_with, things};
use crate::estate::model::{Cell, EntityKey, Kind, Pair, Unique};
use crate::mismatches::{add, attribute, fill};
use crate::never_silent::{apart, asks, choices, decide_in, entity, findings};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    what_is_personal_is_asked_about_where_the_plan_says_nothing,
    nothing_or_one_value_stands_in_place_of_what_is_personal,
    masks_that_an_index_may_refuse_are_asked_about,
    a_mask_needs_no_room_for_what_it_stands_for,
);

/// Takes out what every plan of a bench says of personal data.
pub fn say_nothing(bench: &Bench) {
    let path = bench.folder.path().join("plan.toml");
    let text = std::fs::read_to_string(&path).expect("a plan");
    let without = text.replace("personal_data = \"real\"\n", "");
    assert_ne!(without, text, "the plan says something else");
    bench.plan(&without);
}

/// What is found of a kind about that attribute of any entity.
fn of_kind<'a>(all: &'a [Value], kind: &str, attribute: &str) -> Vec<&'a Value> {
    let end = format!(".{attribute}");
    let about = |f: &&Value| f["about"].as_str().is_some_and(|about| about.ends_with(&end));
    all.iter().filter(|f| f["kind"] == kind).filter(about).collect()
}

async fn what_is_personal_is_asked_about_where_the_plan_says_nothing(engine: &TestEngine) {
    let pair = pair();
    let bench = Bench::on(engine, &pair, 4);
    bench.plan(&bench.usual_plan().text());
    say_nothing(&bench);
    let all = findings(&bench);
    for (kind, attribute, recommended) in [
        ("personal-data", "ContactEmail", "mask"),
        ("personal-data", "ContactPhone", "mask"),
        ("personal-data-likely", "TaxNumber", "real"),
        ("personal-data-likely", "BirthDate", "real"),
    ] {
        let found = of_kind(&all, kind, attribute);
        assert_eq!(found.len(), things(&pair).len(), "{kind} {attribute}: {all:?}");
        for finding in found {
            assert_eq!(finding["severity"], "warning", "{finding}");
            assert_eq!(finding["recommended"], recommended, "{finding}");
            assert_eq!(choices(finding), ["mask", "real", "null", "constant"], "{finding}");
        }
    }
    let refused = bench.run();
    assert_eq!(refused.code, Some(2), "{}", refused.all());
    assert!(refused.err.contains("OSFERRY_MASK_KEY"), "{}", refused.all());
    assert!(bench.destination_unchanged(), "{}", refused.all());
    let said = run_with(&bench, MASK_KEY);
    assert_eq!(said.code, Some(0), "{}", said.all());
    for (clear, there) in cells(&bench, &pair, "ContactEmail") {
        let is_masked = matches!(&there, Cell::Text(mask) if mask.ends_with("@example.invalid"));
        assert!(is_masked || is_empty(&clear) && there == clear, "{clear:?} became {there:?}");
    }
    for (clear, there) in cells(&bench, &pair, "TaxNumber") {
        assert_eq!(clear, there, "by its name alone nothing is masked");
    }
}

async fn nothing_or_one_value_stands_in_place_of_what_is_personal(engine: &TestEngine) {
    let pair = pair();
    let bench = Bench::on(engine, &pair, 5);
    bench.plan(&bench.usual_plan().text());
    say_nothing(&bench);
    let all = findings(&bench);
    let kinds = ["personal-data", "personal-data-likely"];
    let decided: Vec<(&Value, &str, Option<&str>)> = [
        ("ContactEmail", "constant", Some("nobody@example.invalid")),
        ("ContactPhone", "null", None),
        ("TaxNumber", "null", None),
        ("BirthDate", "constant", Some("1970-01-01 00:00:00")),
    ]
    .into_iter()
    .flat_map(|(attribute, choice, to)| {
        let found = kinds.iter().flat_map(|kind| of_kind(&all, kind, attribute));
        found.map(move |finding| (finding, choice, to)).collect::<Vec<_>>()
    })
    .collect();
    assert_eq!(decided.len(), 4 * things(&pair).len());
    let mut plan = bench.usual_plan();
    // What is said of one counts more than what is said of all.
    plan.more.push_str("\n[[decision]]\nkind = \"personal-data\"\nchoice = \"real\"\n");
    decide_in(&bench, plan, &decided);
    say_nothing(&bench);
    // Nothing is masked by a key, so that none is asked for.
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let stands = |attribute: &str, what: &dyn Fn(&Cell) -> bool| {
        for (clear, there) in cells(&bench, &pair, attribute) {
            let is_right = if is_empty(&clear) { clear == there } else { what(&there) };
            assert!(is_right, "{attribute}: {clear:?} became {there:?}");
        }
    };
    stands("ContactEmail", &|there| *there == Cell::text("nobody@example.invalid"));
    stands("ContactPhone", &|there| *there == Cell::Null);
    // One of its columns refuses NULL.
    stands("TaxNumber", &|there| matches!(there, Cell::Null) || *there == Cell::text(""));
    let is_day = |there: &Cell| matches!(there, Cell::Text(day) if day.starts_with("1970-01-01"));
    stands("BirthDate", &is_day);

    // What the column does not hold is no constant.
    let email = of_kind(&all, "personal-data", "ContactEmail")[0];
    let long = format!("{}@example.invalid", "x".repeat(250));
    decide_in(&bench, bench.usual_plan(), &[(email, "constant", Some(&long))]);
    let said = run_with(&bench, MASK_KEY);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("is no value of its type, "), "{}", said.all());
    assert!(said.err.contains(", or too long"), "{}", said.all());
}

/// An entity whose rows each have a tax number of their own, which an index wants once.
fn numbered_by_tax() -> (Pair, EntityKey) {
    let (mut pair, thing) = apart(&[], "Thing0");
    for side in [&mut pair.source, &mut pair.destination] {
        add(side, &thing, "TaxNumber", Kind::Text(10), &Cell::Null);
        let entity = entity(side, &thing);
        let key = entity.attributes.last().expect("just added").key.clone();
        entity.uniques = vec![Unique { attributes: vec![key], tenant: false }];
    }
    let cells: Vec<Cell> = (0..pair.source.entity(&thing).expect("there").rows.len())
        .map(|row| Cell::text(format!("PT{:07}", 1_234_567 + row)))
        .collect();
    fill(&mut pair.source, &thing, "TaxNumber", &cells);
    (pair, thing)
}

async fn masks_that_an_index_may_refuse_are_asked_about(engine: &TestEngine) {
    let (pair, thing) = numbered_by_tax();
    let bench = Bench::on(engine, &pair, 6);
    let masking = || {
        let mut plan = bench.usual_plan();
        plan.options.push("personal_data = \"mask\"".into());
        plan
    };
    bench.plan(&masking().text());
    let all = findings(&bench);
    let likely = of_kind(&all, "personal-data-likely", "TaxNumber")[0];
    assert_eq!(likely["recommended"], "mask", "{likely}");
    let there = pair.destination.entity(&thing).expect("there");
    let ours = pair.source.entity(&thing).expect("there").rows.len();
    let arrived = || bench.databases.read(Side::Destination).rows(&there.table).to_vec();

    // Ten letters are fewer than it takes for no two masks to be the same.
    let masked = (likely, "mask", Some("text"));
    decide_in(&bench, masking(), &[masked]);
    let finding = asks(&bench, "personal-data-key", "Thing0.TaxNumber");
    assert_eq!(choices(&finding), ["stop", "reject"], "{finding}");
    decide_in(&bench, masking(), &[masked, (&finding, "reject", None)]);
    let said = run_with(&bench, MASK_KEY);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let rows = arrived();
    assert_eq!(rows.len(), ours, "{}", said.all());
    for row in &rows {
        let Cell::Text(mask) = &row["TAXNUMBER"] else { panic!("{row:?}") };
        assert!(mask.len() == 10 && !mask.starts_with("PT1"), "{mask}");
    }

    // The same value in every row is there once.
    let same = (likely, "constant", Some("none"));
    decide_in(&bench, masking(), &[same]);
    let all = findings(&bench);
    let finding = of_kind(&all, "personal-data-key", "TaxNumber")[0];
    decide_in(&bench, masking(), &[same, (finding, "reject", None)]);
    let said = run_with(&bench, MASK_KEY);
    assert_eq!(said.code, Some(1), "{}", said.all());
    let rows = arrived();
    assert_eq!(rows.len(), 1, "{}", said.all());
    assert_eq!(rows[0]["TAXNUMBER"], Cell::text("none"));
}

async fn a_mask_needs_no_room_for_what_it_stands_for(engine: &TestEngine) {
    let (mut pair, thing) = apart(&[], "Thing0");
    for side in [&mut pair.source, &mut pair.destination] {
        add(side, &thing, "TaxNumber", Kind::Text(50), &Cell::Null);
    }
    let ours = pair.source.entity(&thing).expect("there").rows.len();
    let long = Cell::text("longer than twenty letters");
    fill(&mut pair.source, &thing, "TaxNumber", &vec![long; ours]);
    attribute(&mut pair.destination, &thing, "TaxNumber").kind = Kind::Text(20);
    let bench = Bench::on(engine, &pair, 7);
    bench.plan(&bench.usual_plan().text());
    say_nothing(&bench);
    let all = findings(&bench);
    let likely = of_kind(&all, "personal-data-likely", "TaxNumber")[0];
    for (choice, to) in
        [("real", None), ("mask", Some("text")), ("constant", Some("none")), ("null", None)]
    {
        decide_in(&bench, bench.usual_plan(), &[(likely, choice, to)]);
        let all = findings(&bench);
        let asked = of_kind(&all, "text-too-long", "TaxNumber");
        assert_eq!(asked.len(), usize::from(choice == "real"), "{choice}: {asked:?}");
        if choice == "real" {
            continue;
        }
        let said = run_with(&bench, MASK_KEY);
        assert_eq!(said.code, Some(0), "{choice}: {}", said.all());
        let there = pair.destination.entity(&thing).expect("there");
        let content = bench.databases.read(Side::Destination);
        assert_eq!(content.rows(&there.table).len(), ours, "{choice}: {}", said.all());
    }
}
