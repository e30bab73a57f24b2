//! Keys of several attributes, and keys within tenants.

use std::collections::BTreeMap;

use osferry::compare::{Answers, FindingKind};
use osferry::database::open_source;
use osferry::migrate::{Environments, survey};
use osferry::outsystems::Side;
use osferry::plan::{Decision, Decisions, PlanFile};

use super::{
    LEAVES, attribute, bench, decide, done, expected, found, looked_for, named, pair, planned,
    references, refused, there, with_parties_and,
};
use crate::estate::model::{Attribute, Cell, Environment, Kind, Pair, Tenant, Unique};
use crate::estate::recipe::Feature;
use crate::identifiers::undone;
use crate::program::Bench;
use crate::support::engine::TestEngine;
use crate::support::library;

crate::on_both_engines!(
    rows_are_matched_by_two_attributes_of_a_unique_index,
    a_typed_key_that_is_not_unique_is_not_guessed,
    what_is_no_part_of_a_key_is_refused,
    rows_of_tenants_are_matched_within_their_tenant,
    a_row_that_has_gone_to_another_tenant_meanwhile_refuses_the_run,
    rows_of_tenants_on_one_side_only_are_not_matched,
);

const KEY_OF_REGION: &str = "5b3f4e0c-6d0e-4d6f-9d0b-0a6c1b7f5e11";
const REGIONS: [&str; 2] = ["North", "South"];

/// Gives the parties of both sides a region: two of them share each code.
fn with_regions(mut pair: Pair) -> Pair {
    for side in [&mut pair.source, &mut pair.destination] {
        let party = named(side, "Party");
        let code = attribute(party, "Code");
        party.attributes.push(Attribute {
            key: KEY_OF_REGION.to_owned(),
            name: "Region".to_owned(),
            column: "REGION".to_owned(),
            kind: Kind::Text(20),
            mandatory: false,
            nullable: true,
            ..code.clone()
        });
        party.uniques.clear();
        let loud =
            matches!(&party.rows[0].cells[&code.key], Cell::Text(t) if t.starts_with("CODE"));
        for (place, row) in party.rows.iter_mut().enumerate() {
            let said = |text: String| Cell::text(if loud { text.to_uppercase() } else { text });
            row.cells.insert(code.key.clone(), said(format!("Code-{}", place / 2)));
            row.cells.insert(KEY_OF_REGION.to_owned(), said(REGIONS[place % 2].to_owned()));
        }
    }
    pair
}

/// The cell of a party.
fn cell<'a>(side: &'a mut Environment, place: usize, name: &str) -> &'a mut Cell {
    let party = named(side, "Party");
    let key = attribute(party, name).key;
    party.rows[place].cells.get_mut(&key).expect("a cell")
}

/// The unique index of the destination's parties.
fn unique(pair: &mut Pair, names: &[&str], tenant: bool) {
    let party = named(&mut pair.destination, "Party");
    let attributes = names.iter().map(|name| attribute(party, name).key).collect();
    party.uniques.push(Unique { attributes, tenant });
}

/// The keys that are offered for the reference, as a plan names them and as people read them.
async fn offers(bench: &Bench) -> Vec<(String, String)> {
    let file = PlanFile::parse(&bench.usual_plan().text(), "plan").expect("a plan");
    let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
    let there = bench.databases.spec(Side::Destination);
    let destination = open_source(&there).await.expect("a destination");
    let environments = Environments {
        source: source.as_ref(),
        destination: destination.as_ref(),
        source_model: &library::model(source.as_ref()).await,
        destination_model: &library::model(destination.as_ref()).await,
    };
    let (none, mut answers) = (Decisions::default(), Answers::default());
    let review = survey(environments, &file.scope, &none, &mut answers, |_| {}).await;
    let review = review.expect("answers").expect("a scope");
    let mut findings = review.comparison.findings.iter();
    let leaves = findings.find(|finding| {
        finding.key.kind == FindingKind::ReferenceLeavesScope
            && finding.about.ends_with("Thing0.PartyId")
    });
    let mut choices = leaves.expect("the finding").choices.iter();
    choices.find(|choice| choice.name == "map-by-key").expect("the choice").offers.clone()
}

/// Every thing refers to what it should by the place of its party: a row there, none, or it is left out.
fn refer_to(bench: &Bench, pair: &Pair, should: impl Fn(usize) -> Option<Option<i64>>) {
    let is: BTreeMap<String, Option<i64>> = references(bench, pair);
    for (tag, party) in expected(pair) {
        let should = party.map_or(Some(None), &should);
        assert_eq!(is.get(&tag).copied(), should, "the thing {tag} of party {party:?}");
    }
}

fn preview(bench: &Bench, kind: &str) -> Vec<String> {
    let finding = found(bench, kind);
    let rows = finding["preview"].as_array().expect("rows").iter();
    rows.map(|row| row.as_str().expect("a row").to_owned()).collect()
}

async fn rows_are_matched_by_two_attributes_of_a_unique_index(engine: &TestEngine) {
    let mut pair = with_regions(pair());
    unique(&mut pair, &["Code", "Region"], false);
    // Two of ours are like one of theirs, and one has no region.
    *cell(&mut pair.source, 4, "Region") = Cell::text("SOUTH");
    *cell(&mut pair.source, 7, "Region") = Cell::Null;
    // Of one the code is the same to the letter: the region alone says that it has changed.
    *cell(&mut pair.destination, 6, "Code") = Cell::text("Code-3");
    let (bench, leaves) = bench(engine, &pair, 71);
    let offers = offers(&bench).await;
    let first = ("Code+Region".to_owned(), "Code and Region  unique there".to_owned());
    assert_eq!(offers[0], first, "{offers:?}");
    let single = ("Code".to_owned(), "Code  not known to be unique".to_owned());
    assert!(offers.contains(&single), "{offers:?}");

    let by_both = (LEAVES, "map-by-key", Some("Code+Region"));
    decide(&bench, &leaves, &[by_both]);
    let ambiguous = preview(&bench, "lookup-ambiguous");
    assert_eq!(ambiguous.len(), 2, "{ambiguous:?}");
    assert!(ambiguous[0].starts_with("104 · Code Code-2 · Region SOUTH ("), "{ambiguous:?}");
    assert!(ambiguous[1].starts_with("105 · Code Code-2 · Region South ("), "{ambiguous:?}");
    let missing = preview(&bench, "lookup-missing");
    assert_eq!(missing.len(), 2, "{missing:?}");
    assert!(missing[0].starts_with("107 · Code Code-3 · Region NULL ("), "{missing:?}");
    assert!(missing[1].starts_with("111 · Code Code-5 · Region South ("), "{missing:?}");
    refused(&bench, "have no counterpart by Code and Region");

    let rest = [("lookup-missing", "empty", None), ("lookup-ambiguous", "reject", None)];
    decide(&bench, &leaves, &[&[by_both][..], &rest].concat());
    done(&bench);
    refer_to(&bench, &pair, |party| match party {
        4 | 5 => None,
        7 | 11 => Some(None),
        _ => Some(Some(there(party))),
    });
    changed_behind_its_back(&bench, &pair, "[REGION] = 'other'", 6);
    let back = format!("[REGION] = '{}'", REGIONS[0].to_uppercase());
    change(&bench, &pair, &back, 6);
    undone(&bench);
}

/// Changes a party of the destination.
fn change(bench: &Bench, pair: &Pair, what: &str, place: usize) {
    let party = pair.destination.named("Party").expect("there");
    let id = &party.identifier().expect("it has one").column;
    let sql = format!("UPDATE [{}] SET {what} WHERE [{id}] = {}", party.table, there(place));
    bench.databases.execute(Side::Destination, &sql);
}

/// The proof finds a party of the destination that has another key since.
fn changed_behind_its_back(bench: &Bench, pair: &Pair, what: &str, place: usize) {
    let proved = bench.osferry(&["verify", "estate"]);
    assert_eq!(proved.code, Some(0), "{}", proved.all());
    change(bench, pair, what, place);
    let said = bench.osferry(&["verify", "estate"]);
    assert_eq!(said.code, Some(4), "{}", said.all());
    assert!(said.out.contains("1 difference"), "{}", said.all());
}

async fn a_typed_key_that_is_not_unique_is_not_guessed(engine: &TestEngine) {
    let mut pair = with_regions(pair());
    let party = named(&mut pair.destination, "Party");
    let id = party.identifier().expect("it has one").key.clone();
    let mut twin = party.rows[3].clone();
    twin.cells.insert(id, Cell::Int(9500));
    twin.cells.insert(KEY_OF_REGION.to_owned(), Cell::text("south"));
    party.rows.push(twin);
    let (bench, leaves) = bench(engine, &pair, 72);
    let offers = offers(&bench).await;
    assert!(offers.iter().all(|(to, shown)| !to.contains('+') && shown.contains("not known")));

    let typed = (LEAVES, "map-by-key", Some(" region , CODE"));
    let file = PlanFile::parse(&decide(&bench, &leaves, &[typed]), "plan").expect("a plan");
    let [made] = file.decisions.all()[..] else { panic!("one decision") };
    let said = looked_for(&bench, &file, made).await.expect("it can be");
    let counted = "the key Region and Code, by which the destination has 10 of 12 rows";
    assert_eq!(said, counted);
    let ambiguous = preview(&bench, "lookup-ambiguous");
    assert_eq!(ambiguous.len(), 1, "{ambiguous:?}");
    assert!(ambiguous[0].starts_with("103 · Region South · Code Code-1 ("), "{ambiguous:?}");
    refused(&bench, "cannot be told apart by Region and Code");

    let rest = [("lookup-missing", "empty", None), ("lookup-ambiguous", "empty", None)];
    decide(&bench, &leaves, &[&[typed][..], &rest].concat());
    done(&bench);
    refer_to(&bench, &pair, |party| match party {
        3 | 11 => Some(None),
        _ => Some(Some(there(party))),
    });
}

async fn what_is_no_part_of_a_key_is_refused(engine: &TestEngine) {
    let pair = with_regions(pair());
    let (bench, leaves) = bench(engine, &pair, 73);
    for (to, why) in [
        ("Code+Nothing", "\"Nothing\" cannot be part of a key."),
        ("Code,", "These can: Tag, Code, Region."),
        ("Tenant", "\"Tenant\" cannot be part of a key."),
        ("Code, partykindid", "PartyKindId is a reference, whose ids differ there"),
    ] {
        let plan = decide(&bench, &leaves, &[(LEAVES, "map-by-key", Some(to))]);
        let finding = found(&bench, "lookup-refused");
        assert!(finding["why"].as_str().is_some_and(|said| said.contains(why)), "{finding}");
        refused(&bench, &format!("cannot be matched by \"{to}\""));
        let file = PlanFile::parse(&plan, "plan").expect("a plan");
        let [made] = file.decisions.all()[..] else { panic!("one decision") };
        let made = Decision { to: Some(to.to_owned()), ..made.clone() };
        let said = looked_for(&bench, &file, &made).await.expect_err("it cannot be");
        assert!(said.contains(why), "{said}");
    }
}

/// A tenant that only the source has.
const ALONE: i64 = 55;

/// Parties of tenants: each code is one's of `Users` and one's of `Acme`, but for the codes of which
/// the destination has only the other tenant's.
fn of_tenants() -> Pair {
    let mut pair = with_parties_and(&[Feature::MultiTenant, Feature::ExtraTenant], |pair| {
        let thing = pair.source.named("Thing0").expect("there");
        !thing.multitenant
    });
    let provider = pair.source.tenants.iter().find(|t| t.id == 12).expect("Acme").espace.clone();
    let alone = Tenant { id: ALONE, name: "Here alone".to_owned(), espace: provider };
    pair.source.tenants.push(alone);
    for side in [&mut pair.source, &mut pair.destination] {
        let is_source = side.tenants.iter().any(|tenant| tenant.id == ALONE);
        let tenants: [i64; 2] = if is_source { [10, 12] } else { [90, 88] };
        let party = named(side, "Party");
        party.multitenant = true;
        party.shown_tenant = None;
        party.uniques.clear();
        let code = attribute(party, "Code").key;
        for (place, row) in party.rows.iter_mut().enumerate() {
            let said = format!("Code-{}", place / 2);
            let said = if is_source { said } else { said.to_uppercase() };
            row.cells.insert(code.clone(), Cell::text(said));
            row.tenant = Some(tenants[place % 2]);
        }
    }
    let party = named(&mut pair.source, "Party");
    let code = attribute(party, "Code").key;
    // A row of nobody's tenant there, and one whose code only another tenant has there.
    party.rows[6].tenant = Some(ALONE);
    party.rows[9].cells.insert(code.clone(), Cell::text("Lone"));
    let party = named(&mut pair.destination, "Party");
    party.rows[9].cells.insert(code, Cell::text("LONE"));
    party.rows[9].tenant = Some(90);
    // The row that would be meant by the code alone.
    party.rows[7].tenant = Some(77);
    unique(&mut pair, &["Code"], true);
    pair
}

/// The party there for one here, by tenant and code.
fn by_tenant(party: usize) -> Option<Option<i64>> {
    match party {
        // Of a tenant that is not there; of one that has no such code; not there at all.
        6 | 7 | 9 | 11 => Some(None),
        _ => Some(Some(there(party))),
    }
}

async fn rows_of_tenants_are_matched_within_their_tenant(engine: &TestEngine) {
    let pair = of_tenants();
    let (bench, leaves) = bench(engine, &pair, 74);
    let offers = offers(&bench).await;
    let first = ("Code".to_owned(), "Code and the tenant  unique there".to_owned());
    assert_eq!(offers[0], first, "{offers:?}");
    for to in ["Code", "Code+Tenant", "tenant_id, code"] {
        decide(&bench, &leaves, &[(LEAVES, "map-by-key", Some(to))]);
        let missing = preview(&bench, "lookup-missing");
        assert_eq!(missing.len(), 4, "{missing:?}");
        assert!(missing[0].starts_with("106 · Code Code-3 · tenant Here alone ("), "{missing:?}");
        assert!(missing[1].starts_with("107 · Code Code-3 · tenant Acme ("), "{missing:?}");
        assert!(missing[2].starts_with("109 · Code Lone · tenant Acme ("), "{missing:?}");
        assert!(missing[3].starts_with("111 · Code Code-5 · tenant Acme ("), "{missing:?}");
        refused(&bench, "have no counterpart by Code and the tenant");
    }
    let by_code = (LEAVES, "map-by-key", Some("Code"));
    decide(&bench, &leaves, &[by_code, ("lookup-missing", "empty", None)]);
    done(&bench);
    refer_to(&bench, &pair, by_tenant);
    changed_behind_its_back(&bench, &pair, "[TENANT_ID] = 77", 2);
    change(&bench, &pair, "[TENANT_ID] = 90", 2);
    undone(&bench);
}

async fn a_row_that_has_gone_to_another_tenant_meanwhile_refuses_the_run(engine: &TestEngine) {
    let pair = of_tenants();
    let (bench, leaves) = bench(engine, &pair, 75);
    let decisions = [(LEAVES, "map-by-key", Some("Code")), ("lookup-missing", "empty", None)];
    let (planned, source, destination) = planned(&bench, &leaves, &decisions).await;
    change(&bench, &pair, "[TENANT_ID] = 77", 2);
    let before = bench.databases.read(Side::Destination);
    let request = planned.request(&bench.folder.path().join("run"), source, destination);
    let fault = osferry::migrate::run(request).await.expect_err("the row is another tenant's");
    assert!(fault.to_string().contains("9002 (Code Code-1, tenant 90)"), "{fault}");
    assert!(bench.databases.read(Side::Destination) == before, "something was written");
}

async fn rows_of_tenants_on_one_side_only_are_not_matched(engine: &TestEngine) {
    let mut pair = of_tenants();
    let party = named(&mut pair.destination, "Party");
    party.multitenant = false;
    party.uniques.clear();
    party.rows.iter_mut().for_each(|row| row.tenant = None);
    let (bench, leaves) = bench(engine, &pair, 76);
    let choices = leaves["choices"].as_array().expect("choices");
    assert!(choices.iter().all(|choice| choice["name"] != "map-by-key"), "{leaves}");
    decide(&bench, &leaves, &[(LEAVES, "map-by-key", Some("Code"))]);
    let finding = found(&bench, "lookup-refused");
    let why = "Which tenant its rows belong to is not known on both sides";
    assert!(finding["why"].as_str().is_some_and(|said| said.starts_with(why)), "{finding}");
    refused(&bench, "cannot be matched by \"Code\"");
}
