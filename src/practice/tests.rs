use std::collections::{HashMap, HashSet};

use super::company::Company;
use super::environment::{Environment, Holds};
use super::rows::Rows;
use super::*;
use crate::database::Value;

const SIDES: [Side; 2] = [Side::Source, Side::Destination];

/// The classic traps of a migration; the pair holds each of them once.
const TRAPS: [&str; 56] = [
    "attribute-missing",
    "attribute-new",
    "attribute-retyped",
    "binary",
    "cloned-espace",
    "component-module",
    "cycle-of-three",
    "cycle-of-two",
    "entity-missing",
    "extension-of-entity",
    "extension-of-user",
    "external-entity",
    "group-missing",
    "identifier-changed",
    "ignore-with-orphans",
    "ignore-without-orphans",
    "inactive-duplicate",
    "kind-changed",
    "leaves-the-scope",
    "leftover-not-null",
    "long-text",
    "mandatory-empty",
    "many-to-many",
    "multi-tenant",
    "no-identifier",
    "null-dates",
    "outsiders",
    "personal-by-name",
    "personal-data",
    "physical-names",
    "process-instances",
    "process-next-run",
    "process-part",
    "process-status",
    "process-status-ids",
    "process-subscriptions",
    "record-id-zero",
    "record-ids",
    "record-inactive",
    "record-missing",
    "record-recreated",
    "renamed-attribute",
    "role-missing",
    "self-reference",
    "soft-key",
    "tenancy-changed",
    "tenant-missing",
    "text-identifier",
    "text-narrower",
    "unicode",
    "unique-here-only",
    "user-ids",
    "user-inactive",
    "user-missing",
    "user-twice",
    "user-two-tenants",
];

fn company() -> Company {
    Company::load().expect("the company's data")
}

#[test]
fn the_company_is_as_large_as_promised() {
    let company = company();
    let statics = company.entities.iter().filter(|entity| entity.is_static).count();
    assert!(statics >= 8, "{statics} static entities");
    assert!(company.entities.len() - statics >= 30, "{} entities", company.entities.len());
    assert!((3..=4).contains(&company.factory.applications.len()));
    assert!(company.factory.espaces.len() >= 8);
    for side in SIDES {
        let environment = Environment::new(&company, side, None).expect("side");
        assert!(environment.people.len() >= 60, "{} people", environment.people.len());
        assert_eq!(environment.tenants().len(), 3);
    }
}

#[test]
fn every_trap_of_the_data_has_one_lesson() {
    let lessons = lessons().expect("lessons");
    let mut traps: Vec<&str> = lessons.iter().map(|lesson| lesson.trap.as_str()).collect();
    traps.sort_unstable();
    assert_eq!(traps, TRAPS);
    for lesson in &lessons {
        let sentences = lesson.text.matches(". ").count() + 1;
        assert!((2..=4).contains(&sentences), "{}: {sentences} sentences", lesson.trap);
        // Statuses and times are the platform's.
        let of_platform = ["process-status", "process-status-id-differs", "process-next-run"];
        let own = [&lesson.espace, &lesson.user];
        assert!(
            own.iter().any(|key| key.is_some()) || of_platform.contains(&lesson.finding.as_str()),
            "{} belongs to nothing",
            lesson.trap
        );
    }
}

#[test]
fn keys_are_unique_except_in_the_clone() {
    let company = company();
    let mut seen = HashSet::new();
    for entity in &company.entities {
        if company.espace(&entity.espace).expect("espace").clone_of.is_some() {
            continue;
        }
        let full_name = entity.full_name();
        assert!(seen.insert(company.entity_key(&full_name).expect("key")));
        for attribute in &entity.attributes {
            assert!(seen.insert(company.attribute_key(&full_name, &attribute.name).expect("key")));
        }
        for record in &entity.records {
            for again in [false, true] {
                assert!(
                    seen.insert(company.record_key(&full_name, &record.name, again).expect("key"))
                );
            }
        }
    }
    let key = |name: &str| company.entity_key(name).expect("key");
    assert_eq!(key("Feedback_CS.Survey"), key("Feedback_CS_Trial.Survey"));
}

/// Every row at several sizes: values fit, identifiers and unique indexes hold, references
/// lead somewhere unless they are meant not to.
#[test]
fn rows_keep_what_their_tables_promise() {
    let company = company();
    for (side, rows) in [
        (Side::Source, None),
        (Side::Destination, None),
        (Side::Source, Some(1)),
        (Side::Destination, Some(1)),
        (Side::Source, Some(5_000)),
        (Side::Destination, Some(5_000)),
    ] {
        let environment = Environment::new(&company, side, rows).expect("side");
        let mut identifiers: HashMap<usize, HashSet<String>> = HashMap::new();
        let mut references: Vec<(usize, String, bool, String)> = Vec::new();
        for (place, entity) in company.entities.iter().enumerate() {
            if !entity.only.allows(side) {
                assert_eq!(environment.count(place), 0, "{} has rows", entity.full_name());
                continue;
            }
            let made = Rows::new(&environment, place).expect("rows");
            assert!(environment.count(place) > 0, "{} is empty", entity.full_name());
            let mut unique = vec![HashSet::new(); entity.unique_on(side).count()];
            for row in 0..environment.count(place) {
                let mut values = HashMap::new();
                for column in &made.columns {
                    let value = made.value(column, row).expect("value");
                    let shown = value.to_string();
                    let at = format!("{}.{} row {row}", entity.full_name(), column.shape.name);
                    if let (Value::Text(_), Some(length)) =
                        (&value, column.shape.data_type.max_length())
                    {
                        assert!(
                            shown.encode_utf16().count() <= length,
                            "{at} is too long: {shown}"
                        );
                        let plain = shown.is_ascii() || !column.shape.data_type.is_code_page();
                        assert!(plain, "{at} does not fit a code page: {shown}");
                    }
                    assert!(column.shape.nullable || value != Value::Null, "{at} is NULL");
                    if let (Some(super::environment::Parent::Entity(parent)), Holds::Attribute(a)) =
                        (column.parent, column.holds)
                        && value != Value::Null
                        // A plain number says so that it names nobody.
                        && (a.ids_of.is_none() || value != Value::Integer(0))
                    {
                        let guarded = Environment::is_enforced(a);
                        references.push((parent, at, guarded, shown.clone()));
                    }
                    values.insert(column.shape.name.clone(), shown);
                }
                if let Some(identifier) = entity.identifier() {
                    let id = values[&identifier.name.to_uppercase()].clone();
                    let ids = identifiers.entry(place).or_default();
                    assert!(ids.insert(id), "{} has an id twice", entity.full_name());
                }
                for (columns, seen) in entity.unique_on(side).zip(&mut unique) {
                    let tenant = values.get("TENANT_ID").cloned().unwrap_or_default();
                    let key: Vec<_> =
                        columns.iter().map(|c| values[&c.to_uppercase()].clone()).collect();
                    assert!(
                        seen.insert((tenant, key)),
                        "{} {columns:?} row {row}",
                        entity.full_name()
                    );
                }
            }
        }
        let mut orphans = 0;
        for (parent, at, guarded, id) in references {
            let found = identifiers.get(&parent).is_some_and(|ids| ids.contains(&id));
            assert!(found || !guarded, "{at} refers to {id}, which is not there");
            orphans += u32::from(!found);
        }
        assert_eq!(orphans, if side == Side::Source { 3 } else { 0 });
    }
}

#[test]
fn cascades_never_meet() {
    // SQL Server refuses a table that two cascades can reach from one row.
    let company = company();
    let mut reached: HashMap<String, Vec<String>> = HashMap::new();
    for entity in &company.entities {
        for attribute in &entity.attributes {
            if attribute.rule == super::entity::DeleteRule::Delete {
                let parent = attribute.refers.clone().expect("a reference");
                reached.entry(entity.full_name()).or_default().push(parent);
            }
        }
    }
    for (child, parents) in &reached {
        assert_eq!(parents.len(), 1, "{child} is deleted with {parents:?}");
    }
}

#[test]
fn too_long_references_are_few_and_nobody_needs_them() {
    let company = company();
    let environment = Environment::new(&company, Side::Source, Some(1)).expect("side");
    let payment = company.place("Policy_CS.Payment").expect("Payment");
    let made = Rows::new(&environment, payment).expect("rows");
    let column = made.columns.iter().find(|c| c.shape.name == "BANKREFERENCE").expect("column");
    let long: Vec<u64> = (0..environment.count(payment))
        .filter(|row| {
            made.value(column, *row).expect("value").to_string().encode_utf16().count() > 30
        })
        .collect();
    assert_eq!(long, [28, 55]);
    assert!((long.len() as f64) < environment.count(payment) as f64 * 0.001);
    let ids: Vec<Value> = long
        .iter()
        .map(|row| super::rows::identifier(&environment, payment, *row).expect("id"))
        .collect();
    for (place, entity) in company.entities.iter().enumerate() {
        let made = Rows::new(&environment, place).expect("rows");
        for column in made
            .columns
            .iter()
            .filter(|c| c.parent == Some(super::environment::Parent::Entity(payment)))
        {
            for row in 0..environment.count(place) {
                let value = made.value(column, row).expect("value");
                assert!(!ids.contains(&value), "{} row {row}", entity.full_name());
            }
        }
    }
}

#[test]
fn two_cars_have_one_plate_and_that_is_few_enough_to_leave_one_out() {
    let company = company();
    let environment = Environment::new(&company, Side::Source, Some(1)).expect("side");
    let vehicle = company.place("Policy_CS.InsuredVehicle").expect("InsuredVehicle");
    let made = Rows::new(&environment, vehicle).expect("rows");
    let column = made.columns.iter().find(|c| c.shape.name == "PLATE").expect("column");
    let mut plates: HashMap<String, Vec<u64>> = HashMap::new();
    for row in 0..environment.count(vehicle) {
        let plate = made.value(column, row).expect("value").to_string();
        plates.entry(plate).or_default().push(row);
    }
    let shared: Vec<&Vec<u64>> = plates.values().filter(|rows| rows.len() > 1).collect();
    assert_eq!(shared, [&vec![212, 640]]);
    assert!(environment.count(vehicle) > 1_000);
}

#[test]
fn special_people_and_records_are_used() {
    let company = company();
    let environment = Environment::new(&company, Side::Source, Some(1)).expect("side");
    let claim = company.place("Claims_CS.Claim").expect("Claim");
    let made = Rows::new(&environment, claim).expect("rows");
    let all = |name: &str| -> Vec<Value> {
        let column = made.columns.iter().find(|c| c.shape.name == name).expect("column");
        (0..environment.count(claim)).map(|row| made.value(column, row).expect("value")).collect()
    };
    let users = all("REGISTEREDBY");
    for person in &environment.people {
        let special = SIDES.iter().any(|side| !person.user.only.allows(*side))
            || person.user.inactive_in.is_some()
            || person.user.twice_in.is_some()
            || person.user.username == "julia.keller";
        assert!(!special || users.contains(&Value::Integer(person.id)), "{}", person.user.username);
    }
    assert_eq!(all("CAUSEID").iter().filter(|id| **id == Value::Integer(7)).count(), 3);
    assert!(all("SEVERITYID").contains(&Value::Integer(0)));
}

#[tokio::test]
async fn both_sides_are_sound_and_the_same_every_time() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, side) in [("prod", Side::Source), ("dev", Side::Destination)] {
        let mut files = Vec::new();
        for time in ["once", "twice"] {
            let path = folder.path().join(format!("{name}-{time}.sqlite"));
            let builder = crate::database::sqlite::open_builder(&path).await.expect("builder");
            let options = PracticeOptions { rows: Some(100) };
            let written = build(builder, side, options).await.expect("built");
            assert!(written > 800, "{written} rows");
            files.push(std::fs::read(&path).expect("file"));
            let connection = rusqlite::Connection::open(&path).expect("file");
            let check: String =
                connection.query_row("PRAGMA integrity_check", [], |r| r.get(0)).expect("check");
            assert_eq!(check, "ok");
            let mut broken = connection.prepare("PRAGMA foreign_key_check").expect("check");
            let broken: Vec<String> = broken
                .query_map([], |row| {
                    Ok(format!("{:?} → {:?}", row.get::<_, String>(0), row.get::<_, String>(2)))
                })
                .expect("check")
                .map(|row| row.expect("row"))
                .collect();
            assert_eq!(broken, Vec::<String>::new());
            let queue = "SELECT count(*) FROM OSSYS_BPM_EVENT_QUEUE";
            let queued = || connection.query_row(queue, [], |r| r.get::<_, i64>(0)).expect("queue");
            assert_eq!(queued(), 0, "building started a process");
            let light = "SELECT count(*) FROM OSSYS_BPM_EVENT";
            let screened =
                || connection.query_row(light, [], |r| r.get::<_, i64>(0)).expect("queue");
            let waiting = screened();
            let execute = |sql: &str| connection.execute(sql, []).expect("done");
            execute("INSERT INTO OSUSR_4F2_CLAIM (NUMBER) VALUES ('CLM-NEW')");
            assert_eq!(queued(), 1, "HandleClaim starts");
            assert_eq!(screened(), waiting + 1, "ScreenClaim starts");
            // An activity waits for a change of its own claim, and for no other.
            execute("UPDATE OSUSR_4F2_CLAIM SET LOSSON = LOSSON WHERE NUMBER = 'CLM-NEW'");
            assert_eq!(queued(), 1, "nobody waits for that");
            execute(
                "UPDATE OSUSR_4F2_CLAIM SET LOSSON = LOSSON WHERE ID IN (SELECT ID FROM \
                 OSEVT_4F2_CLAIM WHERE _IS_UPDATE = 1)",
            );
            let waits = "SELECT count(*) FROM OSEVT_4F2_CLAIM WHERE _IS_UPDATE = 1";
            let waits = connection.query_row(waits, [], |r| r.get::<_, i64>(0)).expect("events");
            assert!(waits > 0, "nobody waits");
            assert_eq!(queued(), 1 + waits);
        }
        assert!(files[0] == files[1], "the {side} differs from one time to the next");
    }
}

#[tokio::test]
async fn a_database_that_is_not_empty_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.sqlite");
    let connection = rusqlite::Connection::open(&path).expect("file");
    connection.execute_batch("CREATE TABLE mine (id INTEGER)").expect("table");
    drop(connection);
    let builder = crate::database::sqlite::open_builder(&path).await.expect("builder");
    let fault =
        build(builder, Side::Source, PracticeOptions::default()).await.expect_err("refused");
    assert_eq!(fault.kind, FaultKind::Invalid);
    assert!(fault.what.contains("already holds tables"), "{fault}");
}

/// What the sample plan writes down has to be what the pair holds.
#[test]
fn the_sample_plan_names_what_is_there() {
    let company = company();
    let destination = Environment::new(&company, Side::Destination, None).expect("side");
    let mut connection = toml_edit::Table::new();
    connection.insert("engine", toml_edit::value("sqlite"));
    let plan = sample_plan(connection.clone(), connection).expect("plan");
    let plan: toml::Table = plan.parse().expect("TOML");
    assert_eq!(plan["source"].as_table().expect("source").len(), 1);
    let applications = plan["scope"]["applications"].as_array().expect("applications");
    let applications: Vec<&str> = applications.iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(applications, SAMPLE_SCOPE);
    let record = |entity: &str, name: &str| company.record_key(entity, name, false).expect("key");
    let keys = |entity: &str| {
        let (espace, _) = entity.split_once('.').expect("a full name");
        vec![Company::espace_key(espace), company.entity_key(entity).expect("key")]
    };
    let about = |entity: &str, part: String, to: String| [keys(entity), vec![part, to]].concat();
    let attribute = |entity: &str, attribute: &str| {
        [keys(entity), vec![company.attribute_key(entity, attribute).expect("key")]].concat()
    };
    let constant = |entity: &str, name: &str| {
        [attribute(entity, name), vec!["nobody@nordhaven.invalid".to_owned()]].concat()
    };
    let mut twice = destination.people.iter().filter(|p| p.user.username == "tomas.ribeiro");
    let wanted = vec![
        attribute("Customer_CS.CorporateProfile", "Employees"),
        keys("Policy_CS.PaymentFrequency"),
        keys("Policy_CS.SalesTarget"),
        about("Claims_CS.Reserve", "LEDGERCODE".to_owned(), "4100".to_owned()),
        about("Claims_CS.ClaimCause", record("Claims_CS.ClaimCause", "Drone"), "Other".to_owned()),
        about(
            "Claims_CS.DocumentKind",
            record("Claims_CS.DocumentKind", "PoliceReport"),
            "PoliceReport".to_owned(),
        ),
        vec![Company::espace_key("Users"), "Nordhaven Boats".to_owned()],
        vec![twice.next().expect("the older account").id.to_string()],
        about(
            "Claims_CS.FraudSignal",
            company.attribute_key("Claims_CS.FraudSignal", "SimilarClaimId").expect("key"),
            "Claims_CS.Claim".to_owned(),
        ),
        attribute("Partner_CS.Commission", "PolicyId"),
        constant("Customer_CS.Customer", "Email"),
        attribute("Customer_CS.Customer", "MobilePhone"),
        constant("Customer_CS.Contact", "Email"),
        attribute("Customer_CS.Contact", "Phone"),
        attribute("Claims_CS.ClaimParty", "Phone"),
        attribute("Partner_CS.RepairShop", "Phone"),
    ];
    let decisions = plan.get("decision").and_then(toml::Value::as_array).cloned();
    let written: Vec<Vec<String>> = decisions
        .unwrap_or_default()
        .iter()
        .map(|decision| {
            let keys = ["espace", "entity", "record", "attribute", "to"];
            let texts = keys.iter().filter_map(|key| decision.get(*key)?.as_str());
            texts.map(str::to_owned).collect()
        })
        .collect();
    assert_eq!(written, wanted);
}
