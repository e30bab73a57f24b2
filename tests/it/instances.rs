//! Instances of processes: carried over with all that belongs to them, each id rewritten, values
//! included.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod estate;
mod left;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use osferry::outsystems::Side;

use crate::estate::content::{Cells, Content};
use crate::estate::model::Cell;
use crate::program::Said;
use crate::support::engine::TestEngine;
use estate::Estate;

crate::on_both_engines!(
    instances_are_carried_over_with_all_that_belongs_to_them,
    instances_that_are_left_behind_stay_behind_with_their_trees,
    an_undo_brings_the_instances_of_before_back,
    a_run_that_is_killed_among_instances_goes_on_or_is_taken_back,
    references_to_processes_wait_for_what_is_decided_about_these,
);

/// The destination's rows of a table by what names them, whichever ids they have.
fn by_name(content: &Content, table: &str, name: &str) -> BTreeMap<String, Cells> {
    let rows = content.rows(table).iter();
    rows.map(|row| (text(&row[name]), row.clone())).collect()
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Int(number) => number.to_string(),
        _ => String::new(),
    }
}

/// What an id of these rows is the name of; what is NULL has none.
fn named(rows: &BTreeMap<String, Cells>, id: &Cell) -> String {
    match id {
        Cell::Null => String::new(),
        id => rows
            .iter()
            .find(|(_, row)| row["ID"] == *id)
            .map_or_else(|| format!("nobody's {id:?}"), |(name, _)| name.clone()),
    }
}

async fn instances_are_carried_over_with_all_that_belongs_to_them(engine: &TestEngine) {
    let estate = Estate::on(engine, 71);
    let before = estate.read(Side::Destination);
    let said = estate.bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    carried(&estate, &before);
    let proved = estate.bench.osferry(&["verify", "estate"]);
    assert_eq!(proved.code, Some(0), "{}", proved.all());
}

/// Everything is where the source has it, whichever ids it has got.
fn carried(estate: &Estate, before: &Content) {
    let there = estate.read(Side::Destination);
    let processes = by_name(&there, "OSSYS_BPM_PROCESS", "LABEL");
    let activities = by_name(&there, "OSSYS_BPM_ACTIVITY", "NAME");
    let names: Vec<&str> = processes.keys().map(String::as_str).collect();
    // Those of the scope were replaced, the foreign one stays.
    assert_eq!(names, ["first", "first pay", "no top", "second", "second far", "theirs far"]);
    for (name, definition, status, parent, activity, top) in [
        ("first", 51, 7, "", "", "first"),
        ("first pay", 52, 7, "first", "start first", "first"),
        ("second", 51, 1, "", "", "second"),
        ("second far", 53, 1, "second", "check second", "second"),
        ("no top", 52, 7, "", "", ""),
        ("theirs far", 53, 7, "", "", "theirs far"),
    ] {
        let row = &processes[name];
        assert_eq!(row["PROCESS_DEF_ID"], Cell::Int(definition), "{name}");
        assert_eq!(row["STATUS_ID"], Cell::Int(status), "{name}");
        assert_eq!(named(&processes, &row["PARENT_PROCESS_ID"]), parent, "{name}");
        assert_eq!(named(&activities, &row["PARENT_ACTIVITY_ID"]), activity, "{name}");
        assert_eq!(named(&processes, &row["TOP_PROCESS_ID"]), top, "{name}");
    }
    assert_eq!(processes["first"]["CREATED_BY"], Cell::Int(estate.user.2));
    let names: Vec<&str> = activities.keys().map(String::as_str).collect();
    let expected = ["check first", "check second", "far", "start first", "theirs far", "work"];
    assert_eq!(names, expected);
    let of = |name: &str| named(&processes, &activities[name]["PROCESS_ID"]);
    assert_eq!([of("work"), of("far"), of("check first")], ["first pay", "second far", "first"]);
    let precedent = &activities["start first"]["PRECEDENT_ACTIVITY_ID"];
    assert_eq!(named(&activities, precedent), "check first");
    assert_eq!(activities["check first"]["USER_ID"], Cell::Int(estate.user.2));
    assert_eq!(activities["check first"]["STATUS_ID"], Cell::Int(9));
    let work = &activities["work"];
    for column in ["IS_RUNNING_SINCE", "IS_RUNNING_AT", "LAST_ERROR_ID", "NEXT_RUN"] {
        assert_eq!(work[column], Cell::Null, "{column}");
    }
    values(estate, &there, &processes);
    let thing = belongs(estate, &there, &processes);
    assert_eq!(thing, ["first", "", "second far"]);
    subscriptions(estate, before, &there, &activities);
    let of = |name: &str| (name.to_owned(), text(&processes[name]["ID"]));
    let cases = [of("first"), of("second far"), of("theirs far")];
    assert_eq!(estate.cases(Side::Destination), cases);
}

/// What waited for rows waits again, but for what was deleted; and what comes along waits for the rows
/// that it waited for.
fn subscriptions(
    estate: &Estate,
    before: &Content,
    there: &Content,
    activities: &BTreeMap<String, Cells>,
) {
    let waiting = |content: &Content| {
        let mut rows = content.rows(&estate.event_table()).to_vec();
        rows.sort();
        rows
    };
    let (was, is) = (waiting(before), waiting(there));
    let theirs = |row: &&Cells| row["_ACTIVITY_ID"] != Cell::Int(1);
    let mut expected: Vec<Cells> = was.iter().filter(theirs).cloned().collect();
    assert_eq!(was.len(), expected.len() + 1, "{was:?}");
    let stays = expected.iter().find(|row| row["_ACTIVITY_ID"] == Cell::Int(3));
    let model = stays.expect("the foreign activity still waits").clone();
    let row = thing_ids(estate, there)[0].parse().expect("an id");
    for (name, id) in [("start first", Cell::Int(row)), ("work", Cell::Null)] {
        let mut ours = model.clone();
        ours.insert("_ACTIVITY_ID".to_owned(), activities[name]["ID"].clone());
        ours.insert("ID".to_owned(), id);
        expected.push(ours);
    }
    expected.sort();
    assert_eq!(is, expected);
}

/// Ids in values lead where the source's do; all others are as they were.
fn values(estate: &Estate, there: &Content, processes: &BTreeMap<String, Cells>) {
    let inputs = by_name(there, "OSSYS_BPM_PROCESS_INPUT", "NAME");
    let names: Vec<&str> = inputs.keys().map(String::as_str).collect();
    assert_eq!(names, ["by definition", "by type", "gone", "none", "text"]);
    let value = |name: &str| text(&inputs[name]["INPUT_VALUE"]);
    let things = thing_ids(estate, there);
    assert_eq!(value("by type"), things[0], "{things:?}");
    assert_eq!(value("by definition"), things[1], "{things:?}");
    assert_eq!([value("none"), value("gone")], ["0", "0"]);
    assert_eq!(value("text"), estate.things[0].to_string());
    assert_eq!(inputs["by type"]["INPUT_DEF_ID"], Cell::Int(51));
    assert_eq!(text(&inputs["by type"]["SS_KEY"]), "i1.#EventGeneratedInput");
    assert_eq!(named(processes, &inputs["by definition"]["PROCESS_ID"]), "second");
    let outputs = by_name(there, "OSSYS_BPM_PROCESS_OUTPUT", "NAME");
    assert_eq!(text(&outputs["done"]["OUTPUT_VALUE"]), "12");
    let outputs = by_name(there, "OSSYS_BPM_ACTIVITY_OUTPUT", "NAME");
    assert_eq!(text(&outputs["by"]["OUTPUT_VALUE"]), estate.user.2.to_string());
    assert_eq!(outputs["by nobody"]["OUTPUT_VALUE"], Cell::Null);
    assert_eq!(outputs.len(), 2);
}

/// The ids that the first things of the source have in the destination: their tags tell which is
/// which.
fn thing_ids(estate: &Estate, there: &Content) -> Vec<String> {
    let id = estate.thing.identifier().expect("it has one").column.to_uppercase();
    let tag = estate.thing.tag().expect("it has one").column.to_uppercase();
    let here = estate.read(Side::Source);
    let rows = here.rows(&estate.thing.table);
    estate
        .things
        .iter()
        .take(3)
        .map(|wanted| {
            let ours = rows.iter().find(|row| row[&id] == Cell::Int(*wanted)).expect("a row");
            let mut theirs = there.rows(&estate.thing.table).iter();
            let theirs = theirs.find(|row| row[&tag] == ours[&tag]).expect("it was carried over");
            text(&theirs[&id])
        })
        .collect()
}

/// The processes that the first things of the source belong to in the destination.
fn belongs(estate: &Estate, there: &Content, processes: &BTreeMap<String, Cells>) -> Vec<String> {
    let id = estate.thing.identifier().expect("it has one").column.to_uppercase();
    let ids = thing_ids(estate, there);
    let of = |wanted: &String| {
        let mut rows = there.rows(&estate.thing.table).iter();
        let row = rows.find(|row| text(&row[&id]) == *wanted).expect("a row");
        named(processes, &row["PROCESSID"])
    };
    ids.iter().map(of).collect()
}

/// Runs the plan with more decisions.
fn decided(estate: &Estate, more: &str) -> Said {
    let name = estate.bench.databases.name(Side::Destination);
    let mut plan = estate.bench.usual_plan();
    plan.more = more.to_owned();
    estate.bench.plan(&plan.text());
    let run = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended"];
    estate.bench.osferry(&run)
}

/// The names of the processes that the destination has.
fn processes_there(estate: &Estate) -> Vec<String> {
    let there = estate.read(Side::Destination);
    by_name(&there, "OSSYS_BPM_PROCESS", "LABEL").into_keys().collect()
}

async fn instances_that_are_left_behind_stay_behind_with_their_trees(engine: &TestEngine) {
    // Closed ones stay behind, with the foreign process that is part of one.
    let estate = Estate::on(engine, 72);
    let status = "\n[[decision]]\nkind = \"process-status\"\nentity = \"Process_Status\"\n\
                  record = \"Closed\"\nchoice = \"leave-out\"\n";
    let said = decided(&estate, status);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(processes_there(&estate), ["first", "first pay", "no top", "theirs far"]);

    // Without Pay, what it is part of does not go along either. The destination's instance of it
    // would stay, and lose what it is part of.
    let estate = Estate::on(engine, 74);
    let pay = format!(
        "\n[[decision]]\nkind = \"process-instances\"\nespace = \"{}\"\nentity = \"bb\"\nchoice = \
         \"leave-out\"\n",
        estate.core_key()
    );
    let said = decided(&estate, &pay);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.all().contains("it points to rows of"), "{}", said.all());
    let sql = "DELETE FROM OSSYS_BPM_ACTIVITY WHERE PROCESS_ID = 2";
    estate.bench.databases.execute(Side::Destination, sql);
    let sql = "DELETE FROM OSSYS_BPM_PROCESS WHERE ID = 2";
    estate.bench.databases.execute(Side::Destination, sql);
    let said = decided(&estate, &pay);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(processes_there(&estate), ["second", "second far", "theirs far"]);
}

async fn an_undo_brings_the_instances_of_before_back(engine: &TestEngine) {
    let estate = Estate::on(engine, 73);
    let before = estate.read(Side::Destination);
    let said = estate.bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let name = estate.bench.databases.name(Side::Destination);
    let said = estate.bench.osferry(&["undo", "estate", "--confirm", &name]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let after = estate.read(Side::Destination);
    as_before(&estate, &before, &after);
}

/// Nothing of what instances have to do with is other than it was.
fn as_before(estate: &Estate, before: &Content, after: &Content) {
    let theirs = [("theirs", "1"), ("theirs far", "3")];
    let theirs = theirs.map(|(note, id)| (note.to_owned(), id.to_owned()));
    assert_eq!(estate.cases(Side::Destination), theirs);
    for (table, rows) in &before.tables {
        if table.starts_with("OSSYS_BPM")
            || table.starts_with("OSEVT_")
            || *table == estate.thing.table.to_uppercase()
        {
            let sorted = |rows: &[Cells]| {
                let mut rows = rows.to_vec();
                rows.sort();
                rows
            };
            assert_eq!(sorted(after.rows(table)), sorted(rows), "{table}");
        }
    }
}

/// How often a run may be faster than who kills it.
const TRIES: usize = 30;

/// Starts a run and kills it once the destination has so many rows of a table, or fewer; whether it
/// was killed before its end.
fn kill(estate: &Estate, table: &str, reached: impl Fn(usize) -> bool) -> bool {
    let bench = &estate.bench;
    let mut program = bench.begin();
    let deadline = Instant::now() + Duration::from_secs(240);
    let sql = format!("SELECT CAST(COUNT(*) AS nvarchar(20)) FROM {table}");
    while program.try_wait().expect("its state").is_none() {
        assert!(Instant::now() < deadline, "it hangs");
        let rows = bench.databases.ask(Side::Destination, &sql)[0].parse().expect("a number");
        if reached(rows) {
            break;
        }
    }
    let was_going = program.try_wait().expect("its state").is_none();
    program.kill().expect("it can be killed");
    program.wait().expect("it is gone");
    was_going
}

/// A command about the run, once the lock of the one that was killed is gone.
fn afterwards(estate: &Estate, arguments: &[&str]) -> Said {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let said = estate.bench.osferry(arguments);
        let is_held = said.code == Some(2) && said.all().contains("another run is writing");
        if !is_held || Instant::now() > deadline {
            return said;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

async fn a_run_that_is_killed_among_instances_goes_on_or_is_taken_back(engine: &TestEngine) {
    // The first place is among the deletions, the others are among what is written: not one number of
    // rows, for a server may be asked more slowly than it is written to.
    let places: [(&str, RangeInclusive<usize>); 3] = [
        ("OSSYS_BPM_ACTIVITY", 0..=1),
        ("OSSYS_BPM_ACTIVITY", 4..=5),
        ("OSSYS_BPM_PROCESS_INPUT", 2..=4),
    ];
    for (number, (table, rows)) in places.into_iter().enumerate() {
        let reached = |there| rows.contains(&there);
        let killed = (0..TRIES).find_map(|_| {
            let estate = Estate::on(engine, 75 + number as u64);
            let mut plan = estate.bench.usual_plan();
            plan.options.extend(["batch_rows = 1", "parallel_entities = 1"].map(str::to_owned));
            estate.bench.plan(&plan.text());
            let before = estate.read(Side::Destination);
            kill(&estate, table, reached).then_some((estate, before))
        });
        let (estate, before) = killed.expect("a run that is killed in time");
        let name = estate.bench.databases.name(Side::Destination);
        if number == 1 {
            let said = afterwards(&estate, &["undo", "estate", "--confirm", &name]);
            assert_eq!(said.code, Some(0), "{}", said.all());
            as_before(&estate, &before, &estate.read(Side::Destination));
            continue;
        }
        let said = afterwards(&estate, &["resume", "estate"]);
        assert_eq!(said.code, Some(0), "{}", said.all());
        carried(&estate, &before);
        let said = afterwards(&estate, &["undo", "estate", "--confirm", &name]);
        assert_eq!(said.code, Some(0), "{}", said.all());
        as_before(&estate, &before, &estate.read(Side::Destination));
    }
}

/// Whether instances come along decides whether a reference to a process leads somewhere: nobody is
/// asked about the reference before.
async fn references_to_processes_wait_for_what_is_decided_about_these(engine: &TestEngine) {
    let estate = Estate::on(engine, 75);
    let asked = |more: &str| {
        let mut plan = estate.bench.usual_plan();
        plan.more = more.to_owned();
        estate.bench.plan(&plan.text());
        estate.bench.osferry(&["compare", "plan.toml"]).all()
    };
    let said = asked("");
    assert!(said.contains("process-instances"), "{said}");
    assert!(!said.contains("reference-to-platform"), "{said}");
    let left = ["aa", "bb"].map(|key| {
        format!(
            "\n[[decision]]\nkind = \"process-instances\"\nespace = \"{}\"\nentity = \
             \"{key}\"\nchoice = \"leave-out\"\n",
            estate.core_key()
        )
    });
    let said = asked(&left.concat());
    assert!(said.contains("reference-to-platform"), "{said}");
}
