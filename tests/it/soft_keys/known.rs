//! Plain attributes that hold ids of rows which are matched and never carried over: records of static
//! entities, groups, tenants. What each id becomes is told by the estate's own definitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use osferry::database::{Destination, open_destination, open_source};
use osferry::migrate::journal::Journal;
use osferry::migrate::{RunEnd, run};
use osferry::outsystems::Side;
use osferry::plan::PlanFile;
use osferry::report::write_rejects;
use serde_json::Value;

use super::{NOBODY, Scenario, carries_out_and_undoes, plain, scenario_of};
use crate::estate::model::{Cell, Entity, Environment, Kind, Pair, SERVICE_CENTER, Target};
use crate::estate::recipe::Feature;
use crate::never_silent::{attribute, bench, choices, decide, decide_in, found};
use crate::program::Bench;
use crate::support::engine::TestEngine;
use crate::support::library::planned;

crate::on_both_engines!(
    ids_of_records_in_a_number_are_rewritten_and_proved,
    ids_of_records_in_a_text_are_rewritten_and_proved,
    text_ids_of_records_are_rewritten_and_proved,
    ids_of_records_that_extend_records_are_rewritten,
    a_missing_record_that_only_a_plain_attribute_holds_is_answered,
    a_missing_record_held_only_since_the_review_makes_rejects,
    records_with_the_same_ids_are_not_asked_about,
    ids_of_groups_are_rewritten_and_proved,
    ids_of_tenants_are_rewritten_and_proved,
    a_group_that_is_left_out_leaves_no_id_of_the_source,
    a_target_without_a_map_is_refused,
);

/// Records of the target by what they are in the source, and what in the destination.
fn records(pair: &Pair, name: &str) -> BTreeMap<String, String> {
    let [ours, theirs] = [&pair.source, &pair.destination]
        .map(|side: &Environment| side.named(name).expect("there").records.clone());
    let there: BTreeMap<&String, &Cell> =
        theirs.iter().filter(|one| one.active).map(|one| (&one.key, &one.data_id)).collect();
    let pairs = ours.iter().filter_map(|one| Some((&one.data_id, *there.get(&one.key)?)));
    pairs.map(|(here, there)| (plain(here), plain(there))).collect()
}

/// A pair in which records of that entity have other ids, and the holder has rows enough.
fn of_records(name: &str, target: &str, kind: &Kind, features: &[Feature]) -> Scenario {
    let is_fit = |pair: &Pair| {
        let rows = pair.source.named("Thing0").map_or(0, |thing| thing.rows.len());
        let is_tagged = pair.source.named("Thing0").is_some_and(|thing| thing.tag().is_some());
        let records = records(pair, target);
        let others = records.iter().filter(|(here, there)| here != there).count();
        rows >= 8 && is_tagged && others > 1
    };
    let mut scenario = scenario_of(name, target, kind, features, is_fit);
    scenario.becomes = Some(records(&scenario.pair, target));
    scenario
}

fn ids_of(entity: &Entity) -> Vec<Cell> {
    entity.records.iter().map(|record| record.data_id.clone()).collect()
}

impl Scenario {
    /// These values, and then all ids of the target over and over.
    fn fill_with_records(&mut self, others: &[Cell], cell: impl Fn(&Cell) -> Cell) {
        let ids = ids_of(self.pair.source.entity(&self.target).expect("there"));
        let ids = ids.iter().cycle().map(cell);
        let all: Vec<Cell> = others.iter().cloned().chain(ids.take(200)).collect();
        self.fill(all);
    }

    /// What is found of its attribute, as it is proposed.
    fn proposed(&self, bench: &Bench) -> Value {
        let about = format!("Thing0.{}", self.attribute);
        let finding = found(bench, "soft-key-likely", &about).expect("proposed");
        assert_eq!(choices(&finding), ["remap", "leave"], "{finding}");
        assert_eq!(finding["recommended"], "leave", "{finding}");
        let what = finding["what"].as_str().expect("words");
        assert!(what.contains(&self.target_name), "{what}");
        assert!(what.contains("have another id in the destination"), "{what}");
        finding
    }

    fn is_remapped(&self, engine: &TestEngine, whim: u64, kept: u64) {
        let bench = bench(engine, &self.pair, whim);
        let finding = self.proposed(&bench);
        decide(&bench, &[(&finding, "remap", Some(&self.target_name))]);
        carries_out_and_undoes(self, &bench, kept);
    }
}

async fn ids_of_records_in_a_number_are_rewritten_and_proved(engine: &TestEngine) {
    for kind in [Kind::Integer, Kind::LongInteger] {
        let mut scenario = of_records("FormerStatusId", "Status", &kind, &[]);
        let others = [Cell::Int(NOBODY), Cell::Null, Cell::Int(0)];
        scenario.fill_with_records(&others, Cell::clone);
        scenario.is_remapped(engine, 81, 1);
        if engine.is_slow() {
            return;
        }
    }
}

async fn ids_of_records_in_a_text_are_rewritten_and_proved(engine: &TestEngine) {
    let mut scenario = of_records("LastStatusCode", "Status", &Kind::Text(40), &[]);
    let others = [Cell::text("no number"), Cell::text("007")];
    scenario.fill_with_records(&others, |id| Cell::text(plain(id)));
    scenario.is_remapped(engine, 82, 2);
}

/// Texts are ids without case, and one of the destination's that is none of the source's stays.
async fn text_ids_of_records_are_rewritten_and_proved(engine: &TestEngine) {
    let features = [Feature::TextRecords];
    let mut scenario = of_records("ChannelCode", "Channel", &Kind::Text(40), &features);
    let becomes = scenario.becomes.clone().expect("known");
    let there = becomes.values().next().expect("a record").clone();
    assert!(!becomes.contains_key(&there), "no id of the source");
    let others = [Cell::text("a word"), Cell::text(there)];
    scenario.fill_with_records(&others, |id| Cell::text(plain(id).to_uppercase()));
    let shouted = becomes.iter().map(|(here, there)| (here.to_uppercase(), there.clone()));
    scenario.becomes = Some(shouted.collect());
    scenario.is_remapped(engine, 83, 2);
}

/// A static entity whose identifier is a reference to another one.
async fn ids_of_records_that_extend_records_are_rewritten(engine: &TestEngine) {
    let mut scenario = of_records("StatusDetailId", "Status", &Kind::LongInteger, &[]);
    let status = scenario.target.clone();
    for side in [&mut scenario.pair.source, &mut scenario.pair.destination] {
        let mut detail = side.entity(&status).expect("there").clone();
        let other = |key: &str| {
            let last = if key.ends_with('0') { '1' } else { '0' };
            format!("{}{last}", &key[..key.len() - 1])
        };
        (detail.name, detail.id) = ("StatusDetail".into(), detail.id + 50_000);
        (detail.key, detail.table) = (other(&detail.key), format!("{}_DET", detail.table));
        let identifier = detail.identifier.clone().expect("always there");
        for attribute in &mut detail.attributes {
            if attribute.key == identifier {
                attribute.kind = Kind::Reference(Target::Entity(status.clone()));
                attribute.autonumber = false;
            }
            attribute.key = other(&attribute.key);
        }
        detail.identifier = Some(other(&identifier));
        for row in &mut detail.rows {
            let cells = std::mem::take(&mut row.cells).into_iter();
            row.cells = cells.map(|(key, cell)| (other(&key), cell)).collect();
        }
        for record in &mut detail.records {
            (record.key, record.name) = (other(&record.key), format!("{}Detail", record.name));
        }
        scenario.target = detail.full_key();
        side.entities.push(detail);
    }
    scenario.target_name = scenario.target_name.replace("Status", "StatusDetail");
    scenario.fill_with_records(&[Cell::Int(NOBODY)], Cell::clone);
    scenario.is_remapped(engine, 84, 1);
}

/// Nothing refers to the record by its type, so nobody is asked about it before a plain attribute
/// is said to hold its id; then it is answered like any other.
async fn a_missing_record_that_only_a_plain_attribute_holds_is_answered(engine: &TestEngine) {
    let features = [Feature::UnusedMissingRecord];
    let mut scenario = of_records("FormerStatusId", "Status", &Kind::LongInteger, &features);
    scenario.fill_with_records(&[], Cell::clone);
    let records = &scenario.pair.source.entity(&scenario.target).expect("there").records;
    let retired = plain(&records.iter().find(|one| one.name == "Retired").expect("made").data_id);
    let heir = records.iter().find(|one| one.name != "Retired").expect("others");
    let (heir_name, heir) = (heir.name.clone(), plain(&heir.data_id));
    for choice in ["map", "empty", "reject"] {
        let bench = bench(engine, &scenario.pair, 85);
        let soft = scenario.proposed(&bench);
        assert!(found(&bench, "record-missing", "Status.Retired").is_none());
        decide(&bench, &[(&soft, "remap", Some(&scenario.target_name))]);
        let missing = found(&bench, "record-missing", "Status.Retired").expect("asked about");
        assert_eq!(choices(&missing), ["stop", "map", "reject", "empty"], "{missing}");
        let said = bench.run();
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains("Retired"), "{}", said.all());
        assert!(bench.destination_unchanged(), "{}", said.all());

        let to = (choice == "map").then_some(heir_name.as_str());
        let remap = (&soft, "remap", Some(scenario.target_name.as_str()));
        decide(&bench, &[remap, (&missing, choice, to)]);
        let said = bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let [was, is] = [Side::Source, Side::Destination].map(|side| {
            let content = bench.databases.read(side);
            scenario.by_tag(side, &content, &scenario.holder, &scenario.attribute)
        });
        let becomes = scenario.becomes.as_ref().expect("known");
        for (tag, value) in &was {
            let value = plain(value);
            let expected = match (value == retired, choice) {
                (true, "map") => Some(becomes[&heir].clone()),
                (true, "empty") => Some("NULL".to_owned()),
                (true, _) => None,
                (false, _) => Some(becomes.get(&value).cloned().unwrap_or(value.clone())),
            };
            let found = is.get(tag).map(plain);
            // A row may be left out for another row that is.
            if choice != "reject" || found.is_some() {
                assert_eq!(found, expected, "{choice}: {tag:?} held {value}");
            }
        }
        let held = was.values().filter(|value| plain(value) == retired).count();
        assert!(held > 0 && !is.is_empty(), "the test means something");
        let verified = bench.osferry(&["verify", "estate"]);
        assert_eq!(verified.code, Some(0), "{}", verified.all());
        if choice == "empty" {
            assert!(said.all().contains(&format!("{held} references emptied")), "{}", said.all());
            // The proof does not take the id of the source for one that was emptied.
            let (table, column) =
                scenario.column(&Side::Destination, &scenario.holder, &scenario.attribute);
            let (_, own) = scenario.column(&Side::Destination, &scenario.holder, "Tag");
            let emptied: Vec<String> = was
                .iter()
                .filter(|(_, value)| plain(value) == retired)
                .map(|(tag, _)| format!("'{}'", plain(tag).replace('\'', "''")))
                .collect();
            let set = |to: &str| {
                let of = emptied.join(", ");
                let set = format!("UPDATE [{table}] SET [{column}] = {to} WHERE [{own}] IN ({of})");
                bench.databases.execute(Side::Destination, &set);
            };
            set(&retired);
            let spoilt = bench.osferry(&["verify", "estate"]);
            assert_ne!(spoilt.code, Some(0), "{}", spoilt.all());
            set("NULL");
        }
        let name = bench.databases.name(Side::Destination);
        let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
        assert_eq!(undone.code, Some(0), "{}", undone.all());
        if engine.is_slow() {
            return;
        }
    }
}

/// Nobody was asked about the record, and its id may be another one's in the destination.
async fn a_missing_record_held_only_since_the_review_makes_rejects(engine: &TestEngine) {
    let features = [Feature::UnusedMissingRecord];
    let mut scenario = of_records("FormerStatusId", "Status", &Kind::LongInteger, &features);
    let records = &scenario.pair.source.entity(&scenario.target).expect("there").records;
    let (retired, others): (Vec<_>, Vec<_>) = records.iter().partition(|one| one.name == "Retired");
    let [retired, other] = [&retired, &others].map(|some| some[0].data_id.clone());
    scenario.fill(std::iter::repeat_n(other.clone(), 200));
    let plan = {
        let bench = bench(engine, &scenario.pair, 91);
        let text = plan_of(&mut scenario, &bench, "Core_CS.Status");
        let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
        let there = open_source(&bench.databases.spec(Side::Destination)).await.expect("another");
        let file = PlanFile::parse(&text, "since").expect("a plan");
        planned(source.as_ref(), there.as_ref(), file).await
    };
    scenario.fill([retired.clone()].into_iter().chain(std::iter::repeat_n(other, 200)));
    let bench = bench(engine, &scenario.pair, 91);
    let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
    let destination = open_destination(&bench.databases.spec(Side::Destination)).await;
    let destination: Arc<dyn Destination> = Arc::from(destination.expect("a destination"));
    let folder = bench.folder.path().join("run");
    let end = run(plan.request(&folder, Arc::from(source), destination)).await.expect("a run");
    assert!(matches!(end, RunEnd::Written), "{end:?}");

    let mut text = Vec::new();
    write_rejects(&Journal::open(&folder).expect("a journal"), &mut text).expect("rejects.csv");
    let text = String::from_utf8(text).expect("text");
    let why = "FormerStatusId: its Core_CS.Status has no counterpart";
    assert_eq!(text.matches(why).count(), 1, "{text}");
    let [was, is] = [Side::Source, Side::Destination].map(|side| {
        let content = bench.databases.read(side);
        scenario.by_tag(side, &content, &scenario.holder, &scenario.attribute)
    });
    let (lost, _) = was.iter().find(|(_, value)| **value == retired).expect("filled in");
    assert!(!is.contains_key(lost) && !is.is_empty(), "{is:?}");
}

/// Copied as they are they mean the same, so there is nothing to ask; who says so all the same gets
/// what he has.
async fn records_with_the_same_ids_are_not_asked_about(engine: &TestEngine) {
    let mut scenario = of_records("FormerStatusId", "Status", &Kind::LongInteger, &[]);
    let ours = scenario.pair.source.entity(&scenario.target).expect("there").clone();
    let there = scenario.pair.destination.entity_mut(&scenario.target).expect("there");
    let identifier = there.identifier.clone().expect("always there");
    for (row, record) in there.rows.iter_mut().zip(&mut there.records) {
        let own = ours.records.iter().find(|one| one.key == record.key).expect("of both");
        record.data_id = own.data_id.clone();
        row.cells.insert(identifier.clone(), own.data_id.clone());
    }
    scenario.fill_with_records(&[], Cell::clone);
    let bench = bench(engine, &scenario.pair, 86);
    assert!(found(&bench, "soft-key-likely", "Thing0.FormerStatusId").is_none());
    decided(&mut scenario, &bench, "Core_CS.Status");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    scenario.is_rewritten(&bench, false);
}

/// A plan with the decision, where nobody has proposed it.
fn plan_of(scenario: &mut Scenario, bench: &Bench, to: &str) -> String {
    let (espace, entity) = scenario.holder.clone();
    let name = scenario.attribute.clone();
    let key = &attribute(&mut scenario.pair.source, &scenario.holder, &name).key;
    let mut plan = bench.usual_plan();
    plan.more = format!(
        "\n[[decision]]\nkind = \"soft-key-likely\"\nespace = \"{espace}\"\nentity = \
         \"{entity}\"\nattribute = \"{key}\"\nchoice = \"remap\"\nto = \"{to}\"\n"
    );
    plan.text()
}

fn decided(scenario: &mut Scenario, bench: &Bench, to: &str) {
    let plan = plan_of(scenario, bench, to);
    bench.plan(&plan);
}

/// A pair with groups or tenants, the holder of which has rows enough.
fn of_platform(name: &str, target: &str, features: &[Feature]) -> Scenario {
    let is_fit = |pair: &Pair| {
        let there = pair.source.named("Thing0");
        there.is_some_and(|thing| thing.rows.len() >= 8 && thing.tag().is_some())
    };
    let mut scenario = scenario_of(name, "Status", &Kind::LongInteger, features, is_fit);
    scenario.target_name = format!("{SERVICE_CENTER}.{target}");
    scenario
}

async fn ids_of_groups_are_rewritten_and_proved(engine: &TestEngine) {
    let mut scenario = of_platform("GroupId", "Group", &[Feature::Groups]);
    let groups = scenario.pair.source.groups.clone();
    let ids = groups.iter().map(|group| Cell::Int(group.id)).cycle().take(100);
    scenario.fill([Cell::Int(NOBODY)].into_iter().chain(ids));
    let bench = bench(engine, &scenario.pair, 87);
    let finding = scenario.proposed(&bench);
    decide(&bench, &[(&finding, "remap", Some(&scenario.target_name))]);
    // Those who are missing are created: a run, taken back, says which ids they get.
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let becomes = groups.iter().map(|group| {
        let tenant = if group.tenant == 1 { 1 } else { 100 - group.tenant };
        let asked = format!(
            "SELECT CAST([ID] AS nvarchar(20)) FROM [OSSYS_GROUP] WHERE [NAME] = '{}' AND \
             [TENANT_ID] = {tenant}",
            group.name
        );
        let found = bench.databases.ask(Side::Destination, &asked);
        assert_eq!(found.len(), 1, "{} of {tenant}", group.name);
        (group.id.to_string(), found[0].clone())
    });
    scenario.becomes = Some(becomes.collect());
    scenario.is_rewritten(&bench, true);
    let verified = bench.osferry(&["verify", "estate"]);
    assert_eq!(verified.code, Some(0), "{}", verified.all());
    let name = bench.databases.name(Side::Destination);
    let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
}

async fn ids_of_tenants_are_rewritten_and_proved(engine: &TestEngine) {
    let mut scenario = of_platform("TenantId", "Tenant", &[Feature::MultiTenant]);
    let tenants = scenario.pair.source.tenants.clone();
    let ids = tenants.iter().map(|tenant| Cell::Int(tenant.id)).cycle().take(100);
    scenario.fill([Cell::Int(NOBODY), Cell::Null].into_iter().chain(ids));
    let there = &scenario.pair.destination.tenants;
    let becomes = tenants.iter().map(|tenant| {
        let is_it = |other: &&crate::estate::model::Tenant| {
            other.name == tenant.name && other.espace == tenant.espace
        };
        let other = there.iter().find(is_it).expect("of both");
        (tenant.id.to_string(), other.id.to_string())
    });
    scenario.becomes = Some(becomes.collect());
    scenario.is_remapped(engine, 88, 1);
}

/// It was decided that nobody is this group there: its number would be a stranger's.
async fn a_group_that_is_left_out_leaves_no_id_of_the_source(engine: &TestEngine) {
    let mut scenario = of_platform("GroupId", "Group", &[Feature::Groups]);
    let groups = scenario.pair.source.groups.clone();
    let lost = groups.first().expect("made").clone();
    scenario.pair.destination.groups.retain(|group| group.name != lost.name);
    let ids = groups.iter().map(|group| Cell::Int(group.id)).cycle().take(100);
    scenario.fill(ids);
    let bench = bench(engine, &scenario.pair, 89);
    let soft = scenario.proposed(&bench);
    decide(&bench, &[(&soft, "remap", Some(&scenario.target_name))]);
    let missing = found(&bench, "group-missing", &lost.name).expect("asked about");
    assert!(choices(&missing).contains(&"empty"), "{missing}");
    let remap = (&soft, "remap", Some(scenario.target_name.as_str()));
    decide_in(&bench, bench.usual_plan(), &[remap, (&missing, "empty", None)]);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let (table, column) =
        scenario.column(&Side::Destination, &scenario.holder, &scenario.attribute);
    let count = |side: &Side, what: &str| {
        let (table, column) = scenario.column(side, &scenario.holder, &scenario.attribute);
        let asked =
            format!("SELECT CAST(COUNT(*) AS nvarchar(20)) FROM [{table}] WHERE [{column}] {what}");
        bench.databases.ask(*side, &asked).remove(0)
    };
    let held = count(&Side::Source, &format!("= {}", lost.id));
    assert_ne!(held, "0", "the test means something");
    let rows = scenario.pair.source.entity(&scenario.holder).expect("there").rows.len();
    assert_eq!(count(&Side::Destination, "IS NULL"), held, "{rows} rows of {table}.{column}");
    assert_eq!(count(&Side::Destination, &format!("= {}", lost.id)), "0");
    assert!(said.all().contains(&format!("{held} references emptied")), "{}", said.all());
    let verified = bench.osferry(&["verify", "estate"]);
    assert_eq!(verified.code, Some(0), "{}", verified.all());
}

/// The platform's own tables have no map for plain attributes; and where 0 is a record, nobody can
/// tell it from nothing.
async fn a_target_without_a_map_is_refused(engine: &TestEngine) {
    let mut plain_one = of_records("FormerStatusId", "Status", &Kind::LongInteger, &[]);
    let mut zeroes = of_records("FormerStatusId", "Status", &Kind::LongInteger, &[Feature::Zeroes]);
    let zero = &zeroes.pair.source.entity(&zeroes.target).expect("there").records;
    assert!(zero.iter().any(|record| record.data_id == Cell::Int(0)), "0 is a record");
    let text = [Feature::TextRecords];
    let mut texts = of_records("ChannelId", "Channel", &Kind::LongInteger, &text);
    for (scenario, to) in [
        (&mut plain_one, "ServiceCenter.Espace"),
        (&mut zeroes, "Core_CS.Status"),
        (&mut texts, "Core.Channel"),
    ] {
        if to != "Core.Channel" {
            scenario.fill_with_records(&[], Cell::clone);
        }
        let bench = bench(engine, &scenario.pair, 90);
        if to != "ServiceCenter.Espace" {
            let about = format!("Thing0.{}", scenario.attribute);
            assert!(found(&bench, "soft-key-likely", &about).is_none(), "{to}");
        }
        decided(scenario, &bench, to);
        let said = bench.run();
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains(&format!("ids of \"{to}\"")), "{}", said.all());
        assert!(bench.destination_unchanged(), "{}", said.all());
    }
}
