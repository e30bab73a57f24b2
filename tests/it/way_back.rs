//! The way back: what is left to do after a run is counted in the destination, ticked, noted and read
//! again.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;
use serde_json::Value;

use crate::databases::Databases;
use crate::estate::generate;
use crate::estate::model::{Application, Espace, Pair, Role};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Plan, Said};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    the_way_back_is_counted_ticked_and_read_again,
    modules_that_own_no_entity_are_looked_at_too,
);

/// Timers and activities of an espace: two of each are due, the others are not. Applications are
/// taken offline.
fn something_due(bench: &Bench, espace: &str) {
    let side = Side::Destination;
    let espaces = bench.databases.ask(
        side,
        &format!(
            "SELECT CAST(ID AS nvarchar(20)) FROM OSSYS_ESPACE WHERE NAME = '{espace}' \
             AND IS_ACTIVE = 1"
        ),
    );
    let espace = espaces.first().expect("the espace");
    let tables = bench.databases.read(side).tables;
    let columns = bench.databases.ask(
        side,
        match &bench.databases {
            Databases::Files(_) => "SELECT name FROM pragma_table_info('OSSYS_APPLICATION')",
            Databases::OnServer(..) => {
                "SELECT CAST([name] AS nvarchar(128)) FROM sys.columns \
                 WHERE [object_id] = OBJECT_ID(N'OSSYS_APPLICATION')"
            }
        },
    );
    // Not every version of the platform has it.
    if !columns.iter().any(|name| name.eq_ignore_ascii_case("DISABLED")) {
        bench.databases.execute(side, "ALTER TABLE OSSYS_APPLICATION ADD DISABLED bit");
    }
    let there = tables.keys().any(|name| name.eq_ignore_ascii_case("OSSYS_BPM_PROCESS_DEFINITION"));
    if there {
        let its = format!("UPDATE OSSYS_BPM_PROCESS_DEFINITION SET ESPACE_ID = {espace}");
        bench.databases.execute(side, &its);
    } else {
        bench.databases.execute(
            side,
            "CREATE TABLE OSSYS_BPM_PROCESS_DEFINITION (ID int NOT NULL PRIMARY KEY, NAME \
             nvarchar(50), SS_KEY nvarchar(36), IS_ACTIVE bit, ESPACE_ID int)",
        );
        let insert = format!(
            "INSERT INTO OSSYS_BPM_PROCESS_DEFINITION (ID, NAME, SS_KEY, IS_ACTIVE, ESPACE_ID) \
             VALUES (1, 'Approve', 'ab', 1, {espace})"
        );
        bench.databases.execute(side, &insert);
    }
    for sql in [
        "CREATE TABLE OSSYS_META_CYCLIC_JOB (ID int NOT NULL PRIMARY KEY, NAME nvarchar(50), \
         ESPACE_ID int, IS_ACTIVE bit)"
            .to_owned(),
        "CREATE TABLE OSSYS_CYCLIC_JOB_SHARED (ID int NOT NULL PRIMARY KEY, META_CYCLIC_JOB_ID int, \
         IS_RUNNING_SINCE datetime, NEXT_RUN datetime)"
            .to_owned(),
        format!(
            "INSERT INTO OSSYS_META_CYCLIC_JOB (ID, NAME, ESPACE_ID, IS_ACTIVE) VALUES \
             (1, 'SendReminders', {espace}, 1), (2, 'CloseOld', {espace}, 1), \
             (3, 'Later', {espace}, 1), (4, 'Never', {espace}, 1), (5, 'Off', {espace}, 0), \
             (6, 'Another', -7, 1)"
        ),
        "INSERT INTO OSSYS_CYCLIC_JOB_SHARED (ID, META_CYCLIC_JOB_ID, NEXT_RUN) VALUES \
         (1, 1, '2020-01-01 04:00:00'), (2, 2, '2021-01-01 04:00:00'), \
         (3, 3, '2999-01-01 04:00:00'), (4, 4, '1900-01-01 00:00:00'), \
         (5, 5, '2020-01-01 04:00:00'), (6, 6, '2020-01-01 04:00:00')"
            .to_owned(),
        "CREATE TABLE OSSYS_BPM_ACTIVITY_DEFINITION (ID int NOT NULL PRIMARY KEY, \
         PROCESS_DEF_ID int, SS_KEY nvarchar(36))"
            .to_owned(),
        "CREATE TABLE OSSYS_BPM_ACTIVITY_STATUS (ID int NOT NULL PRIMARY KEY, NAME nvarchar(50), IS_TERMINAL bit)"
            .to_owned(),
        "CREATE TABLE OSSYS_BPM_ACTIVITY (ID int NOT NULL PRIMARY KEY, ACTIVITY_DEF_ID int, \
         STATUS_ID int, NEXT_RUN datetime)"
            .to_owned(),
        "INSERT INTO OSSYS_BPM_ACTIVITY_DEFINITION (ID, PROCESS_DEF_ID, SS_KEY) VALUES \
         (1, 1, 'a1'), (2, 77, 'a2')"
            .to_owned(),
        "INSERT INTO OSSYS_BPM_ACTIVITY_STATUS (ID, NAME, IS_TERMINAL) VALUES \
         (5, 'Closed', 1), (9, 'Ready', 0)".to_owned(),
        "INSERT INTO OSSYS_BPM_ACTIVITY (ID, ACTIVITY_DEF_ID, STATUS_ID, NEXT_RUN) VALUES \
         (1, 1, 9, '2020-01-01 04:00:00'), (2, 1, 9, '2021-01-01 04:00:00'), \
         (3, 1, 5, '2020-01-01 04:00:00'), (4, 1, 9, '1900-01-01 00:00:00'), (5, 1, 9, NULL), \
         (6, 1, 9, '2999-01-01 04:00:00'), (7, 2, 9, '2020-01-01 04:00:00')"
            .to_owned(),
        "UPDATE OSSYS_APPLICATION SET DISABLED = 1".to_owned(),
    ] {
        bench.databases.execute(side, &sql);
    }
}

fn json(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{}", said.all());
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()))
}

fn task<'a>(list: &'a Value, name: &str) -> &'a Value {
    let all = list["tasks"].as_array().expect("tasks");
    all.iter().find(|task| task["name"] == name).unwrap_or_else(|| panic!("no {name} in {list:#}"))
}

fn what(list: &Value, name: &str) -> String {
    task(list, name)["what"].as_str().expect("a sentence").to_owned()
}

async fn the_way_back_is_counted_ticked_and_read_again(engine: &TestEngine) {
    let features = vec![Feature::ExistingRows, Feature::MissingUsers, Feature::ManyToMany];
    let pair = generate::pair(&Recipe { seed: 12, size: 3, features, flaw: None });
    let bench = Bench::on(engine, &pair, 4);
    something_due(&bench, "Core");
    bench.plan(&bench.usual_plan().text());
    let name = bench.databases.name(Side::Destination);
    let arguments = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--json"];
    let report = json(&bench.osferry(&arguments));
    let id = report["id"].as_str().expect("an id").to_owned();
    let folder = bench.folder.path().join("home/runs").join(&id);
    let markdown = || std::fs::read_to_string(folder.join("report.md")).expect("report.md");
    let on_server = name != "dev";

    // The run has read it.
    let list = &report["way_back"];
    let names: Vec<&str> = list["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .filter_map(|task| task["name"].as_str())
        .collect();
    let mut expected = vec![
        "emails",
        "timers",
        "activities",
        "caches",
        "sign-ins",
        "statistics",
        "passwords",
        "trial",
        "applications",
        "before-images",
    ];
    if on_server {
        expected.insert(9, "rights");
    }
    assert_eq!(names, expected);
    assert_eq!(list["trouble"].as_array().map(Vec::len), Some(0), "{list:#}");
    let timers = what(list, "timers");
    assert!(
        timers.starts_with("2 timers ") && timers.contains("SendReminders (2020-01-01"),
        "{timers}"
    );
    assert!(timers.contains("CloseOld") && !timers.contains("Later"), "{timers}");
    let activities = what(list, "activities");
    assert!(activities.starts_with("2 activities "), "{activities}");
    let created = report["people"]["users_created"].as_u64().expect("a count");
    assert!(created > 0, "the pair has no user to create");
    let passwords = what(list, "passwords");
    assert!(passwords.starts_with(&format!("{created} of {created} created")), "{passwords}");
    assert!(what(list, "applications").contains("Core"), "{list:#}");
    let forget = task(list, "before-images")["how"].as_str().expect("a command").to_owned();
    assert_eq!(forget, format!("osferry forget {id} --confirm {name}"));
    let open = |list: &Value, name: &str| task(list, name)["state"] == "open";
    assert!(expected.iter().all(|name| open(list, name)), "{list:#}");
    assert!(
        markdown().contains("\n## The way back\n") && markdown().contains("\n- [ ] **timers**: 2 ")
    );
    let tables: Vec<&str> = report["entities"]
        .as_array()
        .expect("entities")
        .iter()
        .filter_map(|entity| entity["destination_table"].as_str())
        .collect();
    let script = std::fs::read_to_string(folder.join("statistics.sql")).expect("statistics.sql");
    for table in tables {
        let table = table.rsplit('.').next().unwrap_or(table);
        assert!(script.to_lowercase().contains(&table.to_lowercase()), "{table}\n{script}");
    }
    // It names tables only, so it needs no mark of its encoding.
    let script = match bench.databases.are_on_a_stand_in() {
        // It has no statistics to bring up to date: that the tables are there has to do.
        true => script.replace("UPDATE STATISTICS ", "SELECT COUNT(*) FROM "),
        false => script,
    };
    bench.databases.carry_out(Side::Destination, &format!("\u{FEFF}{script}"));

    // Ticked and noted, taken back, and said what there is.
    let ticked =
        bench.osferry(&["tasks", &id, "--done", "emails", "--note", "Ana's list", "--json"]);
    let list = json(&ticked);
    assert_eq!(task(&list, "emails")["state"], "done");
    assert_eq!(task(&list, "emails")["note"], "Ana's list");
    assert!(markdown().contains("- [x] **emails**") && markdown().contains("Ana's list"));
    let list = json(&bench.osferry(&["tasks", &id, "--open", "emails", "--json"]));
    assert!(open(&list, "emails") && task(&list, "emails")["note"].is_null(), "{list:#}");
    let wrong = bench.osferry(&["tasks", &id, "--done", "email"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.all());
    assert!(
        wrong.err.contains("no task") && wrong.err.contains("emails, timers"),
        "{}",
        wrong.all()
    );
    assert_eq!(bench.osferry(&["tasks", &id, "--note", "alone"]).code, Some(64));

    // What somebody has done there is seen.
    for sql in [
        "UPDATE OSSYS_CYCLIC_JOB_SHARED SET NEXT_RUN = '2999-01-01 04:00:00'",
        "UPDATE OSSYS_BPM_ACTIVITY SET STATUS_ID = 5 WHERE ID = 1",
        "UPDATE OSSYS_APPLICATION SET DISABLED = 0",
        "UPDATE OSSYS_USER SET PASSWORD = '$1$abc' WHERE PASSWORD = '!'",
    ] {
        bench.databases.execute(Side::Destination, sql);
    }
    let before = bench.databases.read(Side::Destination);
    let seen = json(&bench.osferry(&["tasks", &id, "--check", "--json"]));
    assert!(bench.databases.read(Side::Destination) == before, "a check only reads");
    for name in ["timers", "passwords", "applications"] {
        assert_eq!(task(&seen, name)["state"], "seen", "{seen:#}");
    }
    assert!(what(&seen, "activities").starts_with("1 activity "), "{seen:#}");
    assert!(open(&seen, "activities") && open(&seen, "trial"), "{seen:#}");

    // The rows kept for an undo are seen to be gone.
    assert_eq!(bench.osferry(&["forget", &id, "--confirm", &name]).code, Some(0));
    let said = bench.osferry(&["tasks", &id]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(
        said.out.contains("[*] before-images") && said.out.contains("[ ] trial"),
        "{}",
        said.out
    );
    assert!(markdown().contains("- [x] **before-images**"));
}

/// A module with a role, in an application of its own, without any entity.
fn add_a_module_without_entities(pair: &mut Pair) {
    let key = |last: char| format!("5f0c1b7a-2222-4d3e-8a1b-00000000000{last}");
    for (environment, id) in [(&mut pair.source, 610), (&mut pair.destination, 720)] {
        let like = environment.espace_named("Core").clone();
        let espace = Espace { id, name: "Flow_BL".to_owned(), key: key('1'), ..like };
        environment.espaces.push(Espace { multitenant: false, ..espace });
        environment.applications.push(Application {
            id: id + 1,
            name: "Flows".to_owned(),
            key: key('2'),
            espaces: vec![key('1')],
        });
        let name = "FlowManager".to_owned();
        environment.roles.push(Role { id: id + 2, name, key: key('3'), espace: key('1') });
    }
}

async fn modules_that_own_no_entity_are_looked_at_too(engine: &TestEngine) {
    let features = vec![Feature::ExistingRows];
    let mut pair = generate::pair(&Recipe { seed: 13, size: 3, features, flaw: None });
    add_a_module_without_entities(&mut pair);
    let bench = Bench::on(engine, &pair, 6);
    something_due(&bench, "Flow_BL");
    let there = |sql: &str| bench.databases.execute(Side::Destination, sql);
    there(
        "INSERT INTO OSSYS_BPM_EVENT_QUEUE (ESPACE_ID, TENANT_ID, ACTIVITY_ID, PROCESS_DEF_ID, \
         DATA_ID, ERROR_COUNT) VALUES (720, 1, 0, 0, '1', 0)",
    );
    there(
        "UPDATE OSSYS_CYCLIC_JOB_SHARED SET IS_RUNNING_SINCE = '2026-01-01 04:00:00' WHERE ID = 3",
    );
    there("UPDATE OSSYS_APPLICATION SET DISABLED = 0 WHERE ID = 721");
    let mut plan = bench.usual_plan();
    plan.scope = "applications = [\"Core\", \"Flows\"]".to_owned();
    let accepted = plan.preflight.clone();
    plan.preflight = accepted.replace("\"timers\", ", "").replace("\"applications\", ", "");
    let refused = |plan: &Plan| {
        bench.plan(&plan.text());
        let said = bench.run();
        assert_eq!(said.code, Some(2), "{}", said.all());
        said
    };
    let said = refused(&plan);
    assert!(said.err.contains("queues: processes of the scope wait in the dest"), "{}", said.all());
    there("DELETE FROM OSSYS_BPM_EVENT_QUEUE");
    let said = refused(&plan);
    for words in [
        "timers: timers of the scope run in the destination: Later (since 2026-01-01",
        "applications: applications of the scope are online in the destination: Flows",
    ] {
        assert!(said.err.contains(words), "{words}\n{}", said.all());
    }

    there("UPDATE OSSYS_APPLICATION SET DISABLED = 1");
    plan.preflight = accepted;
    bench.plan(&plan.text());
    let name = bench.databases.name(Side::Destination);
    let arguments = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--json"];
    let list = json(&bench.osferry(&arguments))["way_back"].clone();
    let timers = what(&list, "timers");
    assert!(timers.starts_with("2 timers ") && timers.contains("CloseOld"), "{timers}");
    let activities = what(&list, "activities");
    assert!(activities.starts_with("2 activities "), "{activities}");
    for (task, word) in [("caches", "Flow_BL"), ("trial", "FlowManager"), ("applications", "Flows")]
    {
        assert!(what(&list, task).contains(word), "no {word} in {list:#}");
    }
}
