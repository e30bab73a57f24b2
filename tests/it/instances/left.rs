//! What of instances stays as it is or stays behind is said before the run, and no more than that.

use osferry::outsystems::Side;
use serde_json::Value;

use super::{by_name, decided, text};
use crate::foretold::comparison;
use crate::instances::estate::Estate;
use crate::support::engine::TestEngine;

crate::on_both_engines!(what_stays_behind_is_counted_before_the_run);

/// Every process is carried over, whatever its status.
const ALL: &str = "\n[[decision]]\nkind = \"process-instances\"\nchoice = \"take-in\"\n\
                   \n[[decision]]\nkind = \"process-status\"\nchoice = \"take-in\"\n";

/// An entity that nobody chose, for whose rows activities wait; all but one of them go along, and a
/// process waits to be started.
fn lone(estate: &Estate) {
    let databases = &estate.bench.databases;
    let sql =
        "SELECT CAST(ID AS nvarchar(20)) FROM OSSYS_ESPACE WHERE IS_ACTIVE = 1 AND NAME = 'Users'";
    let espace = databases.ask(Side::Source, sql)[0].clone();
    let columns = "ID, PHYSICAL_TABLE_NAME, NAME, ESPACE_ID, SS_KEY, MULTITENANT, IS_ACTIVE, \
                   IS_EXTERNAL, IS_SYSTEM, DATA_KIND, EXPOSE_PROCESS_EVENTS, EVENT_TABLE_NAME";
    let sql = format!(
        "INSERT INTO OSSYS_ENTITY ({columns}) VALUES (98800, 'OSUSR_EXT_LONE', 'Lone', {espace}, \
         'key-lone', 0, 1, 0, 0, 'entity', 1, 'OSEVT_EXT_LONE')"
    );
    databases.insert_with_id(Side::Source, "OSSYS_ENTITY", &sql);
    databases.execute(
        Side::Source,
        "CREATE TABLE OSEVT_EXT_LONE (_ESPACE_ID int, _TENANT_ID int, _ACTIVITY_ID int, \
         _PROCESS_DEF_ID int, _IS_UPDATE bit, _IS_LIGHT bit, ID int)",
    );
    for (activity, process) in [("101", "NULL"), ("102", "NULL"), ("105", "NULL"), ("NULL", "11")] {
        let sql = format!(
            "INSERT INTO OSEVT_EXT_LONE VALUES ({espace}, NULL, {activity}, {process}, 1, 0, NULL)"
        );
        databases.execute(Side::Source, &sql);
    }
}

/// The findings of a kind whose name ends so.
fn found<'a>(compared: &'a Value, kind: &str, about: &str) -> Vec<&'a Value> {
    let findings = compared["findings"].as_array().map_or(&[][..], Vec::as_slice);
    // How a column's name is written, its server says.
    let about = about.to_lowercase();
    let is_it = |one: &&Value| {
        let name = one["about"].as_str().unwrap_or_default().to_lowercase();
        one["kind"] == kind && name.ends_with(&about)
    };
    findings.iter().filter(is_it).collect()
}

async fn what_stays_behind_is_counted_before_the_run(engine: &TestEngine) {
    let estate = Estate::on(engine, 76);
    lone(&estate);
    let thing = format!("bt{}*{}", estate.thing.espace, estate.thing.key.to_uppercase());
    estate.add(
        Side::Source,
        "OSSYS_BPM_PROCESS_INPUT",
        &[
            format!("7, 11, 5, 'AB-12', 'i1', 'no number', 'rtInteger', '{thing}'"),
            "8, 11, 5, '7.5', 'i1', 'no whole number', 'rtInteger', NULL".to_owned(),
        ],
    );
    let mut plan = estate.bench.usual_plan();
    plan.more = ALL.to_owned();
    estate.bench.plan(&plan.text());
    let compared = comparison(&estate.bench);
    let rows = |kind: &str, about: &str| -> Vec<Option<u64>> {
        found(&compared, kind, about).iter().map(|one| one["rows"].as_u64()).collect()
    };

    // Two of the activities go along; the third does not, and a process is no activity.
    assert_eq!(rows("process-subscription-left", ".Lone"), [Some(2)], "{compared}");
    assert_eq!(rows("process-subscription-left", ""), [Some(2)], "{compared}");
    // One value is the id of a row that is gone; two are no ids.
    let value = format!(".{} Identifier", estate.thing.name);
    assert_eq!(rows("orphan-references", &value), [Some(1)], "{compared}");
    assert_eq!(rows("process-value-no-id", &value), [Some(2)], "{compared}");
    assert_eq!(rows("process-value-no-id", "").len(), 1, "{compared}");

    // A foreign key guards these, and the one that nothing guards has the note.
    for column in ["Activity.PROCESS_ID", "Process_Input.PROCESS_ID", "Activity_Output.ACTIVITY_ID"]
    {
        assert_eq!(rows("orphan-references", &format!(".{column}")), [], "{column} {compared}");
    }
    let precedent = found(&compared, "orphan-references", ".Activity.PRECEDENT_ACTIVITY_ID");
    let [precedent] = precedent[..] else { panic!("{compared}") };
    assert!(
        precedent["what"].as_str().is_some_and(|what| what.starts_with("nothing")),
        "{precedent}"
    );
    // A row of an application names a process that is there, and stays behind.
    let process = found(&compared, "orphan-references", ".ProcessId");
    let [process] = process[..] else { panic!("{compared}") };
    assert_eq!(
        (&process["rows"], &process["what"]),
        (&Value::from(1), &Value::from("some rows refer to rows that are gone or stay behind"),)
    );

    let said = decided(&estate, ALL);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let there = estate.read(Side::Destination);
    let inputs = by_name(&there, "OSSYS_BPM_PROCESS_INPUT", "NAME");
    let value = |name: &str| text(&inputs[name]["INPUT_VALUE"]);
    assert_eq!(
        [value("no number"), value("no whole number"), value("gone")],
        ["AB-12", "7.5", "0"]
    );
}
