//! Plain attributes that hold ids: proposed with evidence, never rewritten unless that is decided,
//! and then rewritten, proved and undone like references.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod known;

use std::collections::{BTreeMap, BTreeSet};

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::content::Content;
use crate::estate::model::{Cell, Entity, EntityKey, Environment, Kind, Pair, SERVICE_CENTER};
use crate::estate::recipe::Feature;
use crate::identifiers::number_after;
use crate::never_silent::{attribute, bench, choices, decide, decide_in, entity, found, pair};
use crate::program::Bench;
use crate::rejects::{is_row, refuse, relent};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    ids_in_a_number_are_rewritten_and_proved,
    ids_in_a_text_are_rewritten_and_proved,
    ids_of_its_own_entity_wait_for_the_second_pass,
    an_id_that_has_no_room_leaves_none_of_the_source,
    an_id_that_the_destination_will_not_let_go_is_said_and_found,
    what_is_left_stays_as_it_is,
    small_numbers_are_not_taken_for_ids,
    ids_of_users_are_rewritten_where_that_is_decided,
);

/// A value that is no id of anything.
const NOBODY: i64 = 987_654_321;

/// A pair with two entities whose rows get new ids; the first has an attribute that holds values
/// of its own choice, called so.
struct Scenario {
    pair: Pair,
    holder: EntityKey,
    attribute: String,
    target: EntityKey,
    /// `Espace.Entity` of the target.
    target_name: String,
    /// What its ids become, where that is known before: its rows are matched, not carried over.
    becomes: Option<BTreeMap<String, String>>,
}

fn ids(entity: &Entity) -> Vec<i64> {
    let ids = entity.rows.iter().filter_map(|row| match entity.id_of(row) {
        Some(Cell::Int(id)) => Some(*id),
        _ => None,
    });
    ids.collect()
}

fn scenario(name: &str, target: &str, kind: &Kind) -> Scenario {
    scenario_of(name, target, kind, &[], |pair| {
        let is_fit = |name: &str| {
            pair.source.named(name).is_some_and(|e| {
                e.rows.len() >= 4
                    && e.tag().is_some()
                    && e.identifier()
                        .is_some_and(|id| id.autonumber && id.kind == Kind::LongInteger)
            })
        };
        is_fit("Thing0") && is_fit(target)
    })
}

/// The same in a pair of these features that is fit.
fn scenario_of(
    name: &str,
    target: &str,
    kind: &Kind,
    features: &[Feature],
    is_fit: impl Fn(&Pair) -> bool,
) -> Scenario {
    for seed in 70..400 {
        let (mut pair, holder) = pair(seed, features);
        if !is_fit(&pair) {
            continue;
        }
        let other = pair.source.named(target).expect("fit").clone();
        let key = attribute(&mut pair.source, &holder, "Remark").key.clone();
        for side in [&mut pair.source, &mut pair.destination] {
            let plain = attribute(side, &holder, "Remark");
            (plain.kind, plain.name) = (kind.clone(), name.to_owned());
            (plain.nullable, plain.mandatory, plain.default) = (true, false, None);
            for row in &mut entity(side, &holder).rows {
                row.cells.insert(key.clone(), Cell::Null);
            }
        }
        let espace = pair.source.espace(&other.espace).name.clone();
        return Scenario {
            target_name: format!("{espace}.{target}"),
            target: other.full_key(),
            attribute: name.to_owned(),
            becomes: None,
            pair,
            holder,
        };
    }
    panic!("no pair has two such entities")
}

impl Scenario {
    /// Puts values in, in the order of the rows; the others have none.
    fn fill(&mut self, values: impl IntoIterator<Item = Cell>) {
        let key = attribute(&mut self.pair.source, &self.holder, &self.attribute).key.clone();
        let rows = &mut entity(&mut self.pair.source, &self.holder).rows;
        for (row, value) in rows.iter_mut().zip(values) {
            row.cells.insert(key.clone(), value);
        }
    }

    /// All ids of the target but the first rows', which hold something else.
    fn fill_with_ids(&mut self, others: &[Cell], cell: impl Fn(i64) -> Cell) {
        let ids = ids(self.pair.source.entity(&self.target).expect("there"));
        let ids = ids.into_iter().cycle().map(cell);
        let all: Vec<Cell> = others.iter().cloned().chain(ids.take(100)).collect();
        self.fill(all);
    }

    fn column(&self, side: &Side, key: &EntityKey, name: &str) -> (String, String) {
        let environment = match side {
            Side::Source => &self.pair.source,
            Side::Destination => &self.pair.destination,
        };
        let entity = environment.entity(key).expect("there");
        let one = entity.attributes.iter().find(|a| a.name == name).expect("an attribute");
        (entity.table.clone(), one.column.to_uppercase())
    }

    /// What rows hold in an attribute, by their tags.
    fn by_tag(
        &self,
        side: Side,
        content: &Content,
        key: &EntityKey,
        name: &str,
    ) -> BTreeMap<Cell, Cell> {
        let (table, tag) = self.column(&side, key, "Tag");
        let (_, column) = self.column(&side, key, name);
        let cell = |row: &BTreeMap<String, Cell>, column: &str| {
            row.get(column).cloned().unwrap_or_else(|| panic!("{column} of {row:?}"))
        };
        let rows = content.rows(&table).iter();
        rows.map(|row| (cell(row, &tag), cell(row, &column))).collect()
    }

    fn identifier(&self) -> String {
        let target = self.pair.source.entity(&self.target).expect("there");
        target.identifier().expect("fit").name.clone()
    }

    /// What each id of the target has become.
    fn new_ids(&self, source: &Content, destination: &Content) -> BTreeMap<String, String> {
        if let Some(known) = &self.becomes {
            return known.clone();
        }
        let id = self.identifier();
        let ours = self.by_tag(Side::Source, source, &self.target, &id);
        let theirs = self.by_tag(Side::Destination, destination, &self.target, &id);
        ours.iter()
            .map(|(tag, id)| (plain(id), plain(theirs.get(tag).expect("carried over"))))
            .collect()
    }

    /// Each value that was an id is the id of the same row now; the others are as they were.
    fn is_rewritten(&self, bench: &Bench, rewritten: bool) {
        let source = bench.databases.read(Side::Source);
        let destination = bench.databases.read(Side::Destination);
        let read = |side, content, key, name: &str| self.by_tag(side, content, key, name);
        let new = self.new_ids(&source, &destination);
        let was = read(Side::Source, &source, &self.holder, &self.attribute);
        let is = read(Side::Destination, &destination, &self.holder, &self.attribute);
        let mut changed = 0;
        for (tag, value) in &was {
            let value = plain(value);
            let expected = match new.get(&value) {
                Some(new) if rewritten => new,
                _ => &value,
            };
            changed += usize::from(*expected != value);
            assert_eq!(plain(&is[tag]), *expected, "{tag:?} held {value}");
        }
        assert_eq!(changed > 0, rewritten, "ids have to differ for this to mean something");
    }
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Int(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Bytes(_) => unreachable!("no such attribute"),
    }
}

/// Runs, which proves too, and verifies again; then everything is undone.
fn carries_out_and_undoes(scenario: &Scenario, bench: &Bench, kept: u64) {
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    scenario.is_rewritten(bench, true);
    let runs = bench.folder.path().join("home/runs");
    let run = std::fs::read_dir(runs).expect("runs").next().expect("one").expect("a folder");
    let report = std::fs::read_to_string(run.path().join("report.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let entities = report["entities"].as_array().expect("entities");
    let kept_there: u64 = entities
        .iter()
        .flat_map(|entity| entity["kept"].as_array().into_iter().flatten())
        .map(|one| one["count"].as_u64().expect("a count"))
        .sum();
    assert_eq!(kept_there, kept, "{report}");
    assert_eq!(report["totals"]["emptied"], 0, "{report}");
    let (table, column) =
        scenario.column(&Side::Destination, &scenario.holder, &scenario.attribute);
    let verified = bench.osferry(&["verify", "estate"]);
    assert_eq!(verified.code, Some(0), "{}", verified.all());

    // The proof sees an id that is another row's.
    let name = bench.databases.name(Side::Destination);
    let first = format!("SELECT CAST(MIN([{column}]) AS nvarchar(40)) FROM [{table}]");
    let value = bench.databases.ask(Side::Destination, &first).remove(0);
    let (_, id) = scenario.column(&Side::Destination, &scenario.holder, "Tag");
    let tag = format!(
        "SELECT CAST(MIN([{id}]) AS nvarchar(200)) FROM [{table}] WHERE [{column}] = '{value}'"
    );
    let tag = bench.databases.ask(Side::Destination, &tag).remove(0);
    let set =
        |value: &str| format!("UPDATE [{table}] SET [{column}] = {value} WHERE [{id}] = '{tag}'");
    bench.databases.execute(Side::Destination, &set("12345"));
    let spoilt = bench.osferry(&["verify", "estate"]);
    assert_ne!(spoilt.code, Some(0), "{}", spoilt.all());
    bench.databases.execute(Side::Destination, &set(&format!("'{value}'")));

    let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
    let count = format!("SELECT CAST(COUNT(*) AS nvarchar(20)) FROM [{table}]");
    let rows = bench.databases.ask(Side::Destination, &count);
    assert_eq!(rows, ["0"], "nothing of ours stays");
}

fn remaps(engine: &TestEngine, scenario: &Scenario, kept: u64) {
    let bench = bench(engine, &scenario.pair, 71);
    let about = format!("Thing0.{}", scenario.attribute);
    let finding = found(&bench, "soft-key-likely", &about).expect("proposed");
    assert_eq!(choices(&finding), ["remap", "leave"], "{finding}");
    assert_eq!(finding["recommended"], "leave", "{finding}");
    assert!(finding["what"].as_str().is_some_and(|what| what.contains(&scenario.target_name)));
    decide(&bench, &[(&finding, "remap", Some(&scenario.target_name))]);
    carries_out_and_undoes(scenario, &bench, kept);
}

async fn ids_in_a_number_are_rewritten_and_proved(engine: &TestEngine) {
    let mut scenario = scenario("Thing1Id", "Thing1", &Kind::LongInteger);
    scenario.fill_with_ids(&[Cell::Int(NOBODY), Cell::Null], Cell::Int);
    remaps(engine, &scenario, 1);
}

async fn ids_in_a_text_are_rewritten_and_proved(engine: &TestEngine) {
    let mut scenario = scenario("FormerThing1Key", "Thing1", &Kind::Text(40));
    let others = [Cell::text("no number"), Cell::text("007")];
    scenario.fill_with_ids(&others, |id| Cell::text(id.to_string()));
    remaps(engine, &scenario, 2);
}

async fn ids_of_its_own_entity_wait_for_the_second_pass(engine: &TestEngine) {
    let mut scenario = scenario("Thing0Ref", "Thing0", &Kind::Text(40));
    scenario.fill_with_ids(&[Cell::text(NOBODY.to_string())], |id| Cell::text(id.to_string()));
    remaps(engine, &scenario, 1);
}

/// The destination's ids get longer than the text that holds them: the old ones, which would be
/// other rows' there, are emptied, and each counts as a reject.
async fn an_id_that_has_no_room_leaves_none_of_the_source(engine: &TestEngine) {
    let mut scenario = scenario("Thing0Ref", "Thing0", &Kind::Text(40));
    let ids = ids(scenario.pair.source.entity(&scenario.holder).expect("there"));
    let room = ids.iter().map(|id| id.to_string().len()).max().expect("rows");
    for side in [&mut scenario.pair.source, &mut scenario.pair.destination] {
        let room = u16::try_from(room).expect("a length");
        attribute(side, &scenario.holder, "Thing0Ref").kind = Kind::Text(room);
    }
    scenario.fill_with_ids(&[Cell::text("X")], |id| Cell::text(id.to_string()));
    for policy in if engine.is_slow() { &["go-on"][..] } else { &["go-on", "stop"] } {
        let bench = bench(engine, &scenario.pair, 77);
        let finding = found(&bench, "soft-key-likely", "Thing0.Thing0Ref").expect("proposed");
        let mut plan = bench.usual_plan();
        plan.options.push(format!("rejects = \"{policy}\""));
        decide_in(&bench, plan, &[(&finding, "remap", Some(&scenario.target_name))]);
        let (table, column) =
            scenario.column(&Side::Destination, &scenario.holder, &scenario.attribute);
        number_after(engine, &bench, &table, 10_i64.pow(u32::try_from(room).expect("a length")));
        let mut said = bench.run();
        let held = |value: &str| {
            let count =
                format!("SELECT CAST(COUNT(*) AS nvarchar(20)) FROM [{table}] WHERE [{column}]");
            bench.databases.ask(Side::Destination, &format!("{count} {value}")).remove(0)
        };
        // It stops at each of them, and goes on behind it.
        for _ in 1..ids.len() {
            if *policy == "stop" {
                assert_eq!(said.code, Some(3), "{}", said.all());
                assert!(said.out.contains("Thing0.Thing0Ref of row"), "{}", said.all());
                said = bench.osferry(&["resume", "estate"]);
            }
        }
        assert_eq!(said.code, Some(1), "{}", said.all());
        assert_eq!(held("= 'X'"), "1");
        assert_eq!(held("<> 'X'"), "0", "{}", said.all());
        let emptied = ids.len() - 1;
        assert!(emptied > 2, "the test means something");
        assert!(said.all().contains(&format!("{emptied} references emptied")), "{}", said.all());
        let verified = bench.osferry(&["verify", "estate"]);
        assert!(verified.all().contains(" 0 differences"), "{}", verified.all());
        let name = bench.databases.name(Side::Destination);
        let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
        assert_eq!(undone.code, Some(0), "{}", undone.all());
        assert_eq!(held("IS NOT NULL"), "0", "nothing of ours stays");
    }
}

/// The destination refuses to have a row changed at all: its new id is refused, and so is emptying
/// it. That is a reject which says so, and the proof does not take it for good.
async fn an_id_that_the_destination_will_not_let_go_is_said_and_found(engine: &TestEngine) {
    let mut scenario = scenario("Thing0Ref", "Thing0", &Kind::Text(40));
    scenario.fill_with_ids(&[Cell::text("X")], |id| Cell::text(id.to_string()));
    let bench = bench(engine, &scenario.pair, 78);
    let finding = found(&bench, "soft-key-likely", "Thing0.Thing0Ref").expect("proposed");
    decide(&bench, &[(&finding, "remap", Some(&scenario.target_name))]);
    let holder = scenario.pair.source.entity(&scenario.holder).expect("there");
    let (row, old) = (&holder.rows[1], ids(holder)[0]);
    let (table, column) =
        scenario.column(&Side::Destination, &scenario.holder, &scenario.attribute);
    refuse(&bench, "KEEPER", &table, "UPDATE", &is_row(&scenario.pair, holder, row));
    let said = bench.run();
    assert_eq!(said.code, Some(4), "{}", said.all());
    let verified = bench.osferry(&["verify", "estate"]);
    assert_eq!(verified.code, Some(4), "{}", verified.all());
    let words = said.all().split_whitespace().collect::<Vec<_>>().join(" ");
    let found = format!(
        "is {old}, which no row of the source has become; it should be what {old} of the source"
    );
    assert!(words.contains(&found), "{}", said.all());
    assert!(words.contains("1 refused besides, 0 references emptied"), "{}", said.all());
    let held = format!("SELECT [{column}] FROM [{table}] WHERE [{column}] = '{old}'");
    assert_eq!(bench.databases.ask(Side::Destination, &held).len(), 1, "{}", said.all());
    relent(&bench, "KEEPER");
    let name = bench.databases.name(Side::Destination);
    let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
    assert_eq!(bench.databases.ask(Side::Destination, &held), Vec::<String>::new());
}

async fn what_is_left_stays_as_it_is(engine: &TestEngine) {
    let mut scenario = scenario("Thing1Id", "Thing1", &Kind::LongInteger);
    scenario.fill_with_ids(&[Cell::Int(NOBODY)], Cell::Int);
    let bench = bench(engine, &scenario.pair, 72);
    found(&bench, "soft-key-likely", "Thing0.Thing1Id").expect("proposed");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    scenario.is_rewritten(&bench, false);
}

async fn small_numbers_are_not_taken_for_ids(engine: &TestEngine) {
    let mut scenario = scenario("Quantity", "Thing1", &Kind::LongInteger);
    let ids = ids(scenario.pair.source.entity(&scenario.target).expect("there"));
    scenario.fill(ids.into_iter().map(Cell::Int));
    let first = bench(engine, &scenario.pair, 73);
    assert!(found(&first, "soft-key-likely", "Thing0.Quantity").is_none());

    let mut named = self::scenario("Thing1Id", "Thing1", &Kind::LongInteger);
    named.fill_with_ids(&[], Cell::Int);
    let second = bench(engine, &named.pair, 74);
    let mut plan = second.usual_plan();
    plan.options.push("soft_keys = \"off\"".into());
    second.plan(&plan.text());
    assert!(found(&second, "soft-key-likely", "Thing0.Thing1Id").is_none());
}

/// Nobody proposes it, for small numbers are ids of users everywhere; a person may say it.
async fn ids_of_users_are_rewritten_where_that_is_decided(engine: &TestEngine) {
    let mut scenario = scenario("ApproverRef", "Thing1", &Kind::Text(40));
    let users = |environment: &Environment| -> BTreeMap<String, i64> {
        let active = environment.users.iter().filter(|user| user.active);
        active.map(|user| (user.username.to_lowercase(), user.id)).collect()
    };
    let (ours, theirs) = (users(&scenario.pair.source), users(&scenario.pair.destination));
    let shared = ours.iter().find(|(name, id)| theirs.get(*name).is_some_and(|other| other != *id));
    let (name, id) = shared.expect("a user of both sides with two ids");
    let (there, id) = (theirs[name], *id);
    let others = [Cell::text("no number"), Cell::text(NOBODY.to_string())];
    scenario.fill(others.into_iter().chain([Cell::text(id.to_string())]));
    let bench = bench(engine, &scenario.pair, 76);
    let key = attribute(&mut scenario.pair.source, &scenario.holder, "ApproverRef").key.clone();
    let mut plan = bench.usual_plan();
    plan.more = format!(
        "\n[[decision]]\nkind = \"soft-key-likely\"\nespace = \"{}\"\nentity = \"{}\"\nattribute = \
         \"{key}\"\nchoice = \"remap\"\nto = \"{SERVICE_CENTER}.User\"\n",
        scenario.holder.0, scenario.holder.1
    );
    bench.plan(&plan.text());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let read = |side| {
        let content = bench.databases.read(side);
        let held = scenario.by_tag(side, &content, &scenario.holder, "ApproverRef");
        held.values().map(plain).filter(|value| value != "NULL").collect::<BTreeSet<String>>()
    };
    let expected = |id: i64| {
        ["no number".to_owned(), NOBODY.to_string(), id.to_string()].into_iter().collect()
    };
    assert_eq!(read(Side::Source), expected(id));
    assert_eq!(read(Side::Destination), expected(there));
    let name = bench.databases.name(Side::Destination);
    let undone = bench.osferry(&["undo", "estate", "--confirm", &name]);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
}
