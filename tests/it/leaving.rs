//! References that leave the scope are set to rows the destination has, by a key or all to one, or
//! their rows are left out: as decided, to the row, and never to a row of which that is not sure.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod several_keys;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use osferry::compare::Answers;
use osferry::database::{Destination, Source, open_destination, open_source};
use osferry::front::look_for_target;
use osferry::migrate::Environments;
use osferry::outsystems::Side;
use osferry::plan::{Decision, Decisions, PlanFile};
use serde_json::Value;

use crate::estate::generate;
use crate::estate::model::{Attribute, Cell, Entity, Environment, Pair, Row, TAG, Unique};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;
use crate::support::library;

crate::on_both_engines!(
    rows_are_matched_by_the_destinations_own_idea_of_equal_keys,
    a_key_that_several_rows_have_is_not_guessed,
    rows_that_cannot_be_told_apart_are_all_listed,
    all_refer_to_one_row_that_has_to_be_there,
    a_row_is_looked_for_before_it_is_decided,
    rows_that_refer_can_be_left_out,
    rows_are_not_alike_for_what_they_are_led_to,
    the_first_rows_referred_to_are_shown,
    a_row_that_has_gone_meanwhile_refuses_the_run,
    a_key_changed_behind_the_programs_back_is_found_by_the_proof,
);

/// Parties that the source's rows refer to.
const PARTIES: usize = 12;

/// The destination's id of the party at a place in the source.
fn there(place: usize) -> i64 {
    9000 + place as i64
}

fn named<'a>(side: &'a mut Environment, name: &str) -> &'a mut Entity {
    side.entities.iter_mut().find(|e| e.active && e.name == name).expect("an entity of the pair")
}

fn attribute(entity: &Entity, name: &str) -> Attribute {
    entity.attributes.iter().find(|a| a.name == name).expect("an attribute").clone()
}

/// A pair in which things of the scope refer to parties outside it. Row 0 refers to none, each
/// other one to the parties in turn. The destination has all of these parties but the last, under
/// other ids and with their codes in capitals.
fn pair() -> Pair {
    with_parties(|_| true)
}

/// The same of a pair that fits.
pub fn with_parties(fits: impl Fn(&Pair) -> bool) -> Pair {
    with_parties_and(&[], fits)
}

/// The same of a pair that has more to it.
fn with_parties_and(more: &[Feature], fits: impl Fn(&Pair) -> bool) -> Pair {
    let has_enough = |pair: &Pair| {
        pair.source.named("Thing0").is_some_and(|thing| thing.rows.len() > PARTIES + 1)
            && fits(pair)
    };
    let features = [&[Feature::ProducerKept], more].concat();
    let mut pairs = (61..400).map(|seed| {
        generate::pair(&Recipe { seed, size: 5, features: features.to_vec(), flaw: None })
    });
    let mut pair = pairs.find(has_enough).expect("a pair with enough rows");
    let mut parties: Vec<Row> = Vec::new();
    for side in [Side::Source, Side::Destination] {
        let environment = match side {
            Side::Source => &mut pair.source,
            Side::Destination => &mut pair.destination,
        };
        let party = named(environment, "Party");
        let id = party.identifier().expect("it has one").key.clone();
        let code = attribute(party, "Code").key;
        if side == Side::Source {
            let like = party.rows.first().expect("a party").clone();
            for place in 0..PARTIES {
                let mut row = like.clone();
                row.cells.insert(id.clone(), Cell::Int(100 + place as i64));
                row.cells.insert(code.clone(), Cell::text(format!("Code-{place}")));
                for attribute in &party.attributes {
                    if attribute.target().is_some() {
                        row.cells.insert(attribute.key.clone(), Cell::Null);
                    } else if attribute.name == TAG {
                        row.cells.insert(attribute.key.clone(), Cell::text(format!("p{place}")));
                    }
                }
                parties.push(row);
            }
        }
        party.rows.clone_from(&parties);
        if side == Side::Destination {
            party.rows.truncate(PARTIES - 1);
            for (place, row) in party.rows.iter_mut().enumerate() {
                row.cells.retain(|key, _| party.attributes.iter().any(|a| &a.key == key));
                row.cells.insert(id.clone(), Cell::Int(there(place)));
                row.cells.insert(code.clone(), Cell::text(format!("CODE-{place}")));
            }
        }
        let thing = named(environment, "Thing0");
        let link = attribute(thing, "PartyId").key;
        thing.uniques.retain(|unique| !unique.attributes.contains(&link));
        for attribute in &mut thing.attributes {
            if attribute.key == link {
                (attribute.mandatory, attribute.nullable) = (false, true);
            }
        }
        for (place, row) in thing.rows.iter_mut().enumerate() {
            let to = match place {
                0 => Cell::Null,
                _ if side == Side::Destination => Cell::Null,
                place => Cell::Int(100 + (place % PARTIES) as i64),
            };
            row.cells.insert(link.clone(), to);
        }
    }
    pair
}

/// For each tag of the source's things the place of the party it refers to.
fn expected(pair: &Pair) -> BTreeMap<String, Option<usize>> {
    let thing = pair.source.named("Thing0").expect("there");
    let (tag, link) = (attribute(thing, TAG).key, attribute(thing, "PartyId").key);
    let place = |row: &Row| match row.cells[&link] {
        Cell::Int(id) => usize::try_from(id - 100).ok(),
        _ => None,
    };
    thing.rows.iter().map(|row| (text(&row.cells[&tag]), place(row))).collect()
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        other => panic!("no text: {other:?}"),
    }
}

/// What the destination's things refer to now, by tag.
fn references(bench: &Bench, pair: &Pair) -> BTreeMap<String, Option<i64>> {
    let thing = pair.destination.named("Thing0").expect("there");
    let column = |name| attribute(thing, name).column.to_uppercase();
    let (tag, link) = (column(TAG), column("PartyId"));
    let content = bench.databases.read(Side::Destination);
    let rows = content.rows(&thing.table).iter();
    rows.map(|row| {
        let id = match &row[&link] {
            Cell::Null | Cell::Int(0) => None,
            Cell::Int(id) => Some(*id),
            other => panic!("no id: {other:?}"),
        };
        (text(&row[&tag]), id)
    })
    .collect()
}

fn findings(bench: &Bench) -> Vec<Value> {
    let said = bench.osferry(&["compare", "plan.toml", "--json"]);
    let report: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()));
    report["findings"].as_array().expect("findings").clone()
}

fn found(bench: &Bench, kind: &str) -> Value {
    let all = findings(bench);
    let is_it = |f: &&Value| {
        f["kind"] == kind && f["about"].as_str().is_some_and(|a| a.ends_with("Thing0.PartyId"))
    };
    all.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} in {all:#?}")).clone()
}

/// The usual plan with decisions about findings of the reference.
fn decide(bench: &Bench, leaves: &Value, decisions: &[(&str, &str, Option<&str>)]) -> String {
    let mut plan = bench.usual_plan();
    for (kind, choice, to) in decisions {
        let _ = write!(plan.more, "\n[[decision]]\nkind = \"{kind}\"\n");
        for key in ["espace", "entity", "attribute"] {
            let _ = writeln!(plan.more, "{key} = {}", leaves[key]);
        }
        let _ = writeln!(plan.more, "choice = \"{choice}\"");
        if let Some(to) = to {
            let _ = writeln!(plan.more, "to = \"{to}\"");
        }
    }
    bench.plan(&plan.text());
    plan.text()
}

fn bench(engine: &TestEngine, pair: &Pair, whim: u64) -> (Bench, Value) {
    let bench = Bench::on(engine, pair, whim);
    bench.plan(&bench.usual_plan().text());
    let leaves = found(&bench, "reference-leaves-scope");
    (bench, leaves)
}

fn refused(bench: &Bench, words: &str) {
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains(words), "{words}\n{}", said.all());
    assert!(bench.destination_unchanged(), "something was written\n{}", said.all());
}

fn done(bench: &Bench) {
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
}

const LEAVES: &str = "reference-leaves-scope";

async fn rows_are_matched_by_the_destinations_own_idea_of_equal_keys(engine: &TestEngine) {
    let pair = pair();
    let (bench, leaves) = bench(engine, &pair, 61);
    let by_code = (LEAVES, "map-by-key", Some("code"));
    decide(&bench, &leaves, &[by_code]);
    let missing = found(&bench, "lookup-missing");
    let wanted = expected(&pair);
    let lost = wanted.values().filter(|party| **party == Some(PARTIES - 1)).count();
    assert_eq!(missing["rows"].as_u64(), Some(lost as u64), "{missing}");
    assert!(missing["preview"].to_string().contains("Code-11"), "{missing}");
    refused(&bench, "have no counterpart by Code");

    decide(&bench, &leaves, &[by_code, ("lookup-missing", "empty", None)]);
    done(&bench);
    let is: BTreeMap<String, Option<i64>> = references(&bench, &pair);
    for (tag, party) in wanted {
        let should = party.filter(|party| *party < PARTIES - 1).map(there);
        assert_eq!(is.get(&tag), Some(&should), "the thing {tag}");
    }
}

async fn a_key_that_several_rows_have_is_not_guessed(engine: &TestEngine) {
    let mut pair = pair();
    let party = named(&mut pair.destination, "Party");
    party.uniques.clear();
    let (id, code) =
        (party.identifier().expect("it has one").key.clone(), attribute(party, "Code").key);
    let mut twin = party.rows[3].clone();
    twin.cells.insert(id, Cell::Int(9500));
    twin.cells.insert(code, Cell::text("code-3"));
    party.rows.push(twin);
    let (bench, leaves) = bench(engine, &pair, 62);
    let by_code = (LEAVES, "map-by-key", Some("Code"));
    let missing = ("lookup-missing", "empty", None);
    decide(&bench, &leaves, &[by_code, missing]);
    let ambiguous = found(&bench, "lookup-ambiguous");
    assert!(ambiguous["preview"].to_string().contains("Code-3"), "{ambiguous}");
    refused(&bench, "cannot be told apart by Code");

    decide(&bench, &leaves, &[by_code, missing, ("lookup-ambiguous", "reject", None)]);
    done(&bench);
    let is = references(&bench, &pair);
    for (tag, party) in expected(&pair) {
        let should = match party {
            Some(3) => None,
            Some(party) if party < PARTIES - 1 => Some(Some(there(party))),
            _ => Some(None),
        };
        assert_eq!(is.get(&tag).copied(), should, "the thing {tag}");
    }
}

async fn rows_that_cannot_be_told_apart_are_all_listed(engine: &TestEngine) {
    let mut pair = pair();
    let party = named(&mut pair.destination, "Party");
    party.uniques.clear();
    let id = party.identifier().expect("it has one").key.clone();
    let mut twins = party.rows.clone();
    for (place, twin) in twins.iter_mut().enumerate() {
        twin.cells.insert(id.clone(), Cell::Int(9500 + place as i64));
    }
    party.rows.extend(twins);
    let (bench, leaves) = bench(engine, &pair, 66);
    decide(&bench, &leaves, &[(LEAVES, "map-by-key", Some("Code"))]);
    let listed = found(&bench, "lookup-ambiguous")["preview"].to_string();
    for place in 0..PARTIES - 1 {
        assert!(listed.contains(&format!("Code-{place} ")), "Code-{place} is not in {listed}");
    }
    let said = bench.osferry(&["compare", "plan.toml"]);
    assert!(said.out.contains("| and 1 more, in the JSON form"), "{}", said.all());
}

async fn all_refer_to_one_row_that_has_to_be_there(engine: &TestEngine) {
    let pair = pair();
    let (first, leaves) = bench(engine, &pair, 63);
    for nobody in ["77", "Code=nobody", "Nothing=1"] {
        decide(&first, &leaves, &[(LEAVES, "replacement", Some(nobody))]);
        assert_eq!(found(&first, "lookup-refused")["recommended"], "stop");
        refused(&first, "the destination has no row");
    }
    decide(&first, &leaves, &[(LEAVES, "replacement", Some("Code=code-5"))]);
    done(&first);
    let is = references(&first, &pair);
    for (tag, party) in expected(&pair) {
        assert_eq!(is.get(&tag), Some(&party.map(|_| there(5))), "the thing {tag}");
    }
}

/// What is said of a target before it is decided.
async fn looked_for(bench: &Bench, file: &PlanFile, made: &Decision) -> Result<String, String> {
    let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
    let there = bench.databases.spec(Side::Destination);
    let destination = open_source(&there).await.expect("a destination");
    let source_model = library::model(source.as_ref()).await;
    let destination_model = library::model(destination.as_ref()).await;
    let environments = Environments {
        source: source.as_ref(),
        destination: destination.as_ref(),
        source_model: &source_model,
        destination_model: &destination_model,
    };
    let (undecided, mut answers) = (Decisions::default(), Answers::default());
    let found = look_for_target(environments, &file.scope, &undecided, made, &mut answers).await;
    found.expect("looked for")
}

async fn a_row_is_looked_for_before_it_is_decided(engine: &TestEngine) {
    let pair = pair();
    let (bench, leaves) = bench(engine, &pair, 68);
    let wanted = [(LEAVES, "replacement", Some("77"))];
    let file = PlanFile::parse(&decide(&bench, &leaves, &wanted), "plan").expect("a plan");
    let [made] = file.decisions.all()[..] else { panic!("one decision") };
    // The last of them is not among the first that are offered.
    let last = PARTIES - 2;
    for (to, is_there) in [
        (self::there(last).to_string(), true),
        (format!("Code=code-{last}"), true),
        ("77".to_owned(), false),
        ("Code=nobody".to_owned(), false),
    ] {
        let made = Decision { to: Some(to.clone()), ..made.clone() };
        let found = looked_for(&bench, &file, &made).await;
        let shown = format!("{} · Code CODE-{last}", self::there(last));
        match is_there {
            true => assert!(found.clone().is_ok_and(|row| row.starts_with(&shown)), "{found:?}"),
            false => {
                let why = found.expect_err("nobody");
                assert!(why.starts_with(&format!("the destination has no row \"{to}\"")), "{why}");
            }
        }
    }
}

async fn rows_that_refer_can_be_left_out(engine: &TestEngine) {
    let pair = pair();
    let (bench, leaves) = bench(engine, &pair, 64);
    let wanted = expected(&pair);
    let filled = wanted.values().filter(|party| party.is_some()).count();
    assert_eq!(leaves["rows"].as_u64(), Some(filled as u64), "{leaves}");
    let choices = leaves["choices"].as_array().expect("choices");
    let reject = choices.iter().find(|choice| choice["name"] == "reject").expect("to reject");
    let cost = reject["cost"].as_str().expect("a cost");
    assert!(cost.contains(&format!("{filled} of {} rows", wanted.len())), "{cost}");
    decide(&bench, &leaves, &[(LEAVES, "reject", None)]);
    done(&bench);
    let is = references(&bench, &pair);
    for (tag, party) in wanted {
        let should = if party.is_some() { None } else { Some(None) };
        assert_eq!(is.get(&tag).copied(), should, "the thing {tag}");
    }
}

/// A unique index tells things apart by their parties, each of which stays another one or takes its
/// things along.
async fn rows_are_not_alike_for_what_they_are_led_to(engine: &TestEngine) {
    let mut pair = pair();
    for environment in [&mut pair.source, &mut pair.destination] {
        let thing = named(environment, "Thing0");
        let (link, remark) = (attribute(thing, "PartyId").key, attribute(thing, "Remark").key);
        for (place, row) in thing.rows.iter_mut().enumerate() {
            let round = match row.cells[&link] {
                Cell::Null => format!("none {place}"),
                _ => format!("round {}", place / PARTIES),
            };
            row.cells.insert(remark.clone(), Cell::text(round));
        }
        thing.uniques = vec![Unique { attributes: vec![link, remark], tenant: false }];
    }
    let (bench, leaves) = bench(engine, &pair, 65);
    let by_key = [(LEAVES, "map-by-key", Some("Code")), ("lookup-missing", "reject", None)];
    for decisions in [&by_key[..], &[(LEAVES, "reject", None)]] {
        decide(&bench, &leaves, decisions);
        let all = findings(&bench);
        let asks = |f: &&Value| {
            let is_thing = f["about"].as_str().is_some_and(|about| about.ends_with("Thing0"));
            f["kind"] == "unique-collision" && is_thing
        };
        assert_eq!(all.iter().find(asks), None, "{decisions:?}");
        done(&bench);
    }
}

async fn the_first_rows_referred_to_are_shown(engine: &TestEngine) {
    let pair = pair();
    let (_bench, leaves) = bench(engine, &pair, 65);
    let preview = leaves["preview"].as_array().expect("rows");
    assert_eq!(preview.len(), 10, "{leaves}");
    for (place, row) in preview.iter().enumerate() {
        let row = row.as_str().expect("a row");
        assert!(row.starts_with(&format!("{} · Code Code-{place}", 100 + place)), "{row}");
    }
    let names: Vec<&str> = leaves["choices"]
        .as_array()
        .expect("choices")
        .iter()
        .filter_map(|choice| choice["name"].as_str())
        .collect();
    let all = ["take-in", "map-by-key", "replacement", "empty", "reject", "stop"];
    assert_eq!(names, all, "{leaves}");
    // What is called personal is not read for that.
    let mut pair = pair;
    for side in [&mut pair.source, &mut pair.destination] {
        let party = named(side, "Party");
        let code = party.attributes.iter_mut().find(|a| a.name == "Code").expect("a code");
        code.name = "TaxNumber".to_owned();
    }
    let (_bench, leaves) = self::bench(engine, &pair, 65);
    let preview = leaves["preview"].as_array().expect("rows");
    assert_eq!(preview.len(), 10, "{leaves}");
    assert!(preview[3].as_str().is_some_and(|row| row.starts_with("103")), "{leaves}");
    assert!(!leaves["preview"].to_string().contains("Code-"), "{leaves}");
}

/// A plan by the library with everything decided, and the databases it is about.
async fn planned(
    bench: &Bench,
    leaves: &Value,
    decisions: &[(&str, &str, Option<&str>)],
) -> (library::Planned, Arc<dyn Source>, Arc<dyn Destination>) {
    let file = PlanFile::parse(&decide(bench, leaves, decisions), "plan").expect("a plan");
    let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
    let spec = bench.databases.spec(Side::Destination);
    let destination = open_destination(&spec).await.expect("a destination");
    let (source, destination): (Arc<dyn Source>, Arc<dyn Destination>) =
        (source.into(), destination.into());
    let planned = library::planned(source.as_ref(), destination.as_source(), file).await;
    (planned, source, destination)
}

async fn a_row_that_has_gone_meanwhile_refuses_the_run(engine: &TestEngine) {
    let pair = pair();
    let (bench, leaves) = bench(engine, &pair, 66);
    let party = pair.destination.named("Party").expect("there");
    let column = |name| attribute(party, name).column;
    let id = &party.identifier().expect("it has one").column;
    let by_code = (LEAVES, "map-by-key", Some("Code"));
    let missing = ("lookup-missing", "empty", None);
    for (decisions, sql) in [
        (
            vec![by_code, missing],
            format!(
                "UPDATE [{}] SET [{}] = 'other' WHERE [{id}] = {}",
                party.table,
                column("Code"),
                there(4)
            ),
        ),
        (
            vec![(LEAVES, "replacement", Some("9002"))],
            format!("DELETE FROM [{}] WHERE [{id}] = {}", party.table, there(2)),
        ),
    ] {
        let (planned, source, destination) = planned(&bench, &leaves, &decisions).await;
        bench.databases.execute(Side::Destination, &sql);
        let before = bench.databases.read(Side::Destination);
        let folder = bench.folder.path().join(format!("run{}", decisions.len()));
        let request = planned.request(&folder, source, destination);
        let fault = osferry::migrate::run(request).await.expect_err("the row has gone");
        assert!(fault.to_string().contains("not there any more"), "{fault}");
        assert!(bench.databases.read(Side::Destination) == before, "something was written");
    }
}

async fn a_key_changed_behind_the_programs_back_is_found_by_the_proof(engine: &TestEngine) {
    let pair = pair();
    let (bench, leaves) = bench(engine, &pair, 67);
    let by_code = (LEAVES, "map-by-key", Some("Code"));
    decide(&bench, &leaves, &[by_code, ("lookup-missing", "empty", None)]);
    done(&bench);
    let party = pair.destination.named("Party").expect("there");
    let id = &party.identifier().expect("it has one").column;
    let sql = format!(
        "UPDATE [{}] SET [{}] = 'other' WHERE [{id}] = {}",
        party.table,
        attribute(party, "Code").column,
        there(4)
    );
    bench.databases.execute(Side::Destination, &sql);
    let said = bench.osferry(&["verify", "estate"]);
    assert_eq!(said.code, Some(4), "{}", said.all());
    assert!(said.out.contains("1 difference"), "{}", said.all());
    let runs = bench.folder.path().join("home/runs");
    let run = std::fs::read_dir(runs).expect("runs").next().expect("a run").expect("a folder");
    let report = std::fs::read_to_string(run.path().join("report.json")).expect("a report");
    assert!(report.contains("their keys are not equal"), "{report}");
}
