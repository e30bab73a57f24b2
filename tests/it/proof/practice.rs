//! The practice pair, harmed in every way that a migration can go wrong.

use osferry::database::sqlite;
use osferry::migrate::journal::PersonRecord;
use osferry::outsystems::{Side, SourceId};
use osferry::practice::{self, PracticeOptions};
use osferry::proof::{Difference, Proof};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::sample::sample_text;

use super::bench::{Bench, of, plan_file, side, wrong};

/// The practice pair, small, migrated in batches of so many rows.
pub(super) async fn bench(batch_rows: usize) -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    build(&folder, Some(100)).await;
    migrate(folder, batch_rows).await
}

async fn migrate(folder: TempDir, batch_rows: usize) -> Bench {
    let mut file = plan_file(&sample_text());
    file.options.batch_rows = batch_rows;
    Bench::migrate(folder, file).await
}

async fn build(folder: &TempDir, rows: Option<u64>) {
    for (at, name) in [(Side::Source, "prod"), (Side::Destination, "dev")] {
        let builder = sqlite::open_builder(&side(folder.path(), name)).await.expect("a file");
        practice::build(builder, at, PracticeOptions { rows }).await.expect("built");
    }
}

/// The differences of one entity, each as source id, destination id and attribute; nothing may be
/// wrong in another one.
pub(super) fn named(proof: &Proof, entity: &str) -> Vec<(String, String, String)> {
    let found = of(proof, entity);
    // Rows that were there before the run are part of what lies around it as well.
    let all: u64 = proof.entities.iter().map(|entity| entity.differences).sum();
    assert_eq!(all, found.differences, "elsewhere too:\n{}", wrong(proof));
    assert_eq!(found.differences, found.shown.len() as u64);
    let one = |d: &Difference| (d.source.clone(), d.destination.clone(), d.attribute.clone());
    found.shown.iter().map(one).collect()
}

pub(super) fn expected(ids: (i64, i64), attribute: &str) -> (String, String, String) {
    (ids.0.to_string(), ids.1.to_string(), attribute.to_owned())
}

#[tokio::test]
async fn the_practice_migration_is_proved() {
    let bench = bench(40).await;
    let proof = bench.prove(None).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    assert_eq!(proof.entities.len(), bench.plan.entities.len() + 2);
    for (entity, planned) in proof.entities.iter().zip(&bench.plan.entities) {
        assert_eq!(entity.name, planned.name);
        assert!(entity.written > 0, "{}", entity.name);
        assert_eq!(entity.found, entity.written, "{}", entity.name);
        assert_eq!(entity.compared, entity.written, "{}", entity.name);
        // Nothing has changed, so no row of the source had to be read again.
        assert_eq!(entity.by_digest, entity.written, "{}", entity.name);
        assert_eq!((entity.changed_since, entity.appeared_since), (0, 0), "{}", entity.name);
    }
    let signal = of(&proof, "Claims_CS.FraudSignal");
    let payment = signal.references.iter().find(|r| r.attribute == "PaymentId").expect("it");
    assert_eq!((payment.emptied, payment.orphans), (3, 0));
    let users = of(&proof, "OSSYS_USER");
    assert_eq!((users.written, users.found), (1, 1));
    assert!(users.recognised > 50, "{}", users.recognised);
    assert_eq!(of(&proof, "OSSYS_GROUP").recognised, 5);
}

#[tokio::test]
async fn a_changed_cell_is_named_and_its_text_is_not_shown() {
    let bench = bench(40).await;
    let set = |entity: &str, attribute: &str, to: &str, row: usize| {
        let (table, ids) = (bench.table(entity), bench.ids(entity)[row]);
        let (column, key) = (bench.column(entity, attribute), bench.key(entity));
        let sql = format!("UPDATE {table} SET {column} = {to} WHERE {key} = {}", ids.1);
        (sql.replace("$", &column), expected(ids, attribute))
    };
    for (entity, attribute, to, row, said) in [
        ("Claims_CS.Claim", "EstimatedAmount", "'123.45'", 41, "it should be "),
        ("Claims_CS.Claim", "LossOn", "'2001-02-03 04:05:06'", 0, "is 2001-02-03 04:05:06"),
        ("Claims_CS.Claim", "Number", "'CLM-SECRET'", 99, "is a text of 10 characters"),
        ("Claims_CS.Claim", "Number", "'X' || substr($, 2)", 99, "but another one"),
        ("Claims_CS.Claim", "Number", "NULL", 7, "is empty (NULL); it should be a text of"),
        ("Customer_CS.CustomerNote", "Text", "$ || ' '", 3, "is a text of"),
        ("Claims_CS.Inspection", "AdjusterId", "NULL", 5, "is empty; it should be what"),
    ] {
        let (sql, cell) = set(entity, attribute, to, row);
        let touched = bench.open("dev").execute(&sql, []);
        if touched.is_err() {
            panic!("{sql}: {touched:?}");
        }
        let proof = bench.prove(None).await;
        assert_eq!(named(&proof, entity), [cell], "{sql}");
        let shown = wrong(&proof);
        assert!(shown.contains(said), "{sql}\n{shown}");
        assert!(!shown.contains("SECRET"), "{shown}");
        // One row was wrong; those of its batch were compared one by one, all others by digest.
        let found = of(&proof, entity);
        assert_eq!(found.compared, found.written);
        assert!(found.by_digest < found.written && found.by_digest + 40 >= found.written);
        assert_eq!(found.changed_since, 0);
        bench.restore();
    }
}

#[tokio::test]
async fn one_byte_of_a_large_binary_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    build(&folder, Some(100)).await;
    let prod = Connection::open(side(folder.path(), "prod")).expect("a file");
    let table: String = prod
        .query_row(
            "SELECT PHYSICAL_TABLE_NAME FROM OSSYS_ENTITY WHERE NAME = 'ClaimDocument'",
            [],
            |row| row.get(0),
        )
        .expect("a table");
    let five: Vec<u8> = (0..5_300_000_u32).map(|n| (n % 251) as u8).collect();
    let sql = format!("UPDATE {table} SET CONTENT = ?1 WHERE ID = (SELECT MIN(ID) FROM {table})");
    assert_eq!(prod.execute(&sql, [five]).expect("set"), 1);
    drop(prod);
    let bench = migrate(folder, 40).await;
    let table = bench.table("Claims_CS.ClaimDocument");
    let (column, key) =
        (bench.column("Claims_CS.ClaimDocument", "Content"), bench.key("Claims_CS.ClaimDocument"));
    let connection = bench.open("dev");
    let (id, mut bytes): (i64, Vec<u8>) = connection
        .query_row(
            &format!("SELECT {key}, {column} FROM {table} ORDER BY length({column}) DESC LIMIT 1"),
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("the largest");
    assert!(bytes.len() > 5_000_000, "{}", bytes.len());
    bytes[3_333_333] ^= 0x10;
    let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
    assert_eq!(connection.execute(&sql, rusqlite::params![bytes, id]).expect("set"), 1);
    drop(connection);
    let proof = bench.prove(None).await;
    let ids = bench.ids("Claims_CS.ClaimDocument").into_iter().find(|ids| ids.1 == id);
    let cell = expected(ids.expect("ours"), "Content");
    assert_eq!(named(&proof, "Claims_CS.ClaimDocument"), [cell]);
    assert!(wrong(&proof).contains(&format!("is {} bytes, but not the same", bytes.len())));
}

#[tokio::test]
async fn swapped_ids_are_found() {
    let bench = bench(40).await;
    for (entity, attribute) in [
        ("Claims_CS.Claim", "PolicyId"),
        // A reference that was set in the second pass.
        ("Claims_CS.ClaimNote", "ParentNoteId"),
        ("Claims_CS.Claim", "StatusId"),
        ("Policy_CS.Policy", "CurrentVersionId"),
        ("Claims_CS.Claim", "RegisteredBy"),
    ] {
        let (table, column, key) =
            (bench.table(entity), bench.column(entity, attribute), bench.key(entity));
        let connection = bench.open("dev");
        let sql = format!("SELECT {key}, {column} FROM {table} WHERE {column} > 0 ORDER BY {key}");
        let rows: Vec<(i64, i64)> = connection
            .prepare(&sql)
            .expect("a query")
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("rows")
            .map(|row| row.expect("a row"))
            .collect();
        let ids = bench.ids(entity);
        let ours: Vec<_> =
            rows.iter().filter(|(id, _)| ids.iter().any(|ids| ids.1 == *id)).collect();
        let first = ours[ours.len() / 2];
        let second = ours.iter().find(|(_, to)| *to != first.1).expect("another");
        drop(connection);
        let set =
            |id: i64, to: i64| format!("UPDATE {table} SET {column} = {to} WHERE {key} = {id}");
        bench.harm("dev", &[set(first.0, second.1), set(second.0, first.1)]);
        let proof = bench.prove(None).await;
        let cell = |id: i64| {
            let ids = ids.iter().find(|ids| ids.1 == id).expect("ours");
            expected(*ids, attribute)
        };
        let mut found = named(&proof, entity);
        found.sort();
        let mut cells = [cell(first.0), cell(second.0)];
        cells.sort();
        assert_eq!(found, cells);
        assert!(wrong(&proof).contains("in the source; it should be what"), "{}", wrong(&proof));
        bench.restore();
    }
}

#[tokio::test]
async fn missing_rows_and_ids_that_lead_nowhere_are_found() {
    let bench = bench(40).await;
    // A row that nothing refers to.
    let (entity, ids) = ("Claims_CS.Reserve", bench.ids("Claims_CS.Reserve")[500]);
    let delete = |entity: &str, ids: (i64, i64)| {
        format!("DELETE FROM {} WHERE {} = {}", bench.table(entity), bench.key(entity), ids.1)
    };
    bench.harm("dev", &[delete(entity, ids)]);
    for sample in [None, Some(40)] {
        let proof = bench.prove(sample).await;
        assert_eq!(named(&proof, entity), [expected(ids, "")]);
        assert!(wrong(&proof).contains("the row is missing"));
        assert_eq!(of(&proof, entity).found + 1, of(&proof, entity).written);
    }
    bench.restore();

    // A row that others refer to without a foreign key: they lead nowhere now.
    let (parent, child) = ("Claims_CS.Inspection", "Claims_CS.RepairOrder");
    let (table, column, key) =
        (bench.table(child), bench.column(child, "InspectionId"), bench.key(child));
    let sql =
        format!("SELECT {column}, COUNT(*) FROM {table} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1");
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (id, count): (i64, i64) = bench.open("dev").query_row(&sql, [], row).expect("a row");
    let count = count.unsigned_abs();
    let ids = *bench.ids(parent).iter().find(|ids| ids.1 == id).expect("ours");
    bench.harm("dev", &[delete(parent, ids)]);
    let proof = bench.prove(None).await;
    assert_eq!(of(&proof, parent).shown[0].what, "the row is missing");
    assert_eq!(of(&proof, parent).differences, 1);
    assert_eq!(of(&proof, child).references[0].orphans, count);
    assert_eq!(of(&proof, child).differences, count, "{}", wrong(&proof));
    assert_eq!(proof.differences(), count + 1, "{}", wrong(&proof));
    bench.restore();

    // An id that leads nowhere is one difference, not two.
    let ids = bench.ids(child)[3];
    let to = |to: i64| format!("UPDATE {table} SET {column} = {to} WHERE {key} = {}", ids.1);
    bench.harm("dev", &[to(9_999_999)]);
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, child), [expected(ids, "InspectionId")]);
    assert_eq!(of(&proof, child).references[0].orphans, 1);
    bench.restore();

    // A user that is not there.
    let (entity, ids) = ("Claims_CS.Claim", bench.ids("Claims_CS.Claim")[9]);
    let column = bench.column(entity, "RegisteredBy");
    bench.harm(
        "dev",
        &[format!(
            "UPDATE {} SET {column} = 987654 WHERE {} = {}",
            bench.table(entity),
            bench.key(entity),
            ids.1
        )],
    );
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, entity), [expected(ids, "RegisteredBy")]);
    assert!(wrong(&proof).contains("OSSYS_USER has no such row"), "{}", wrong(&proof));
}

#[tokio::test]
async fn a_filled_cell_that_was_emptied_is_found() {
    let bench = bench(40).await;
    let entity = "Claims_CS.FraudSignal";
    let place = bench.plan.entities.iter().position(|e| e.name == entity).expect("it");
    let cell = bench.journal.lock().expect("it").emptied(place).expect("cells").remove(1);
    let ids = bench.ids(entity).into_iter().find(|ids| Some(ids.0) == cell.key.as_integer());
    let ids = ids.expect("ours");
    let payment = bench.ids("Policy_CS.Payment")[17].1;
    let (table, column, key) =
        (bench.table(entity), bench.column(entity, "PaymentId"), bench.key(entity));
    bench
        .harm("dev", &[format!("UPDATE {table} SET {column} = {payment} WHERE {key} = {}", ids.1)]);
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, entity), [expected(ids, "PaymentId")]);
    let said = wrong(&proof);
    assert!(said.contains("it was left empty, as"), "{said}");
    assert!(said.contains(&cell.value.to_string()), "{said}");
}

#[tokio::test]
async fn a_column_that_only_the_destination_has_is_watched() {
    let folder = tempfile::tempdir().expect("a folder");
    build(&folder, Some(100)).await;
    // The practice column has a default; without one, and where NULL is refused, every row of
    // ours has to be given the value.
    let dev = Connection::open(side(folder.path(), "dev")).expect("a file");
    dev.execute_batch(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_master
         SET sql = replace(sql, '\"TRAVELMINUTES\" INT DEFAULT 0', '\"TRAVELMINUTES\" INT NOT NULL')
         WHERE name LIKE '%INSPECTION';",
    )
    .expect("a column");
    drop(dev);
    let bench = migrate(folder, 40).await;
    let entity = "Claims_CS.Inspection";
    let (column, _) = &bench.entity(entity).constants[0];
    let ids = bench.ids(entity)[11];
    let (table, key) = (bench.table(entity), bench.key(entity));
    bench
        .harm("dev", &[format!("UPDATE {table} SET {} = 15 WHERE {key} = {}", column.name, ids.1)]);
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, entity), [expected(ids, &column.name)]);
    assert!(wrong(&proof).contains("is 15; it should be 0"), "{}", wrong(&proof));
    assert_eq!(of(&proof, entity).by_digest, of(&proof, entity).written);
}

#[tokio::test]
async fn users_and_links_are_proved() {
    let bench = bench(2000).await;
    let people = bench.journal.lock().expect("it").all_people().expect("people");
    let made = *people.iter().find(|person| person.is_ours).expect("somebody made");
    let used = *people.iter().find(|person| !person.is_ours && !person.is_group).expect("one");
    let id = made.destination;
    let person = |person: PersonRecord, attribute: &str| {
        expected((person.source.0, person.destination.0), attribute)
    };
    let alone = |sql: String| (sql, person(made, ""));
    for (sql, cell) in [
        (
            format!("UPDATE OSSYS_USER SET USERNAME = 'else' WHERE ID = {id}"),
            person(made, "USERNAME"),
        ),
        (
            format!("UPDATE OSSYS_USER SET TENANT_ID = TENANT_ID + 1 WHERE ID = {id}"),
            person(made, "TENANT_ID"),
        ),
        alone(format!("UPDATE OSSYS_USER SET ID = 999999 WHERE ID = {id}")),
        (
            format!("UPDATE OSSYS_USER SET ID = 999999 WHERE ID = {}", used.destination),
            person(used, ""),
        ),
    ] {
        bench.harm("dev", &[&sql]);
        let proof = bench.prove(None).await;
        // Rows of ours that refer to a user who has gone are differences of their own.
        let users = of(&proof, "OSSYS_USER");
        assert_eq!(users.differences, 1, "{sql}\n{}", wrong(&proof));
        let shown = &users.shown[0];
        let found = (shown.source.clone(), shown.destination.clone(), shown.attribute.clone());
        assert_eq!(found, cell, "{sql}");
        assert!(!wrong(&proof).contains("else"), "{}", wrong(&proof));
        bench.restore();
    }

    let links = &bench.plan.links;
    let id = |is_group: bool, source: SourceId| {
        *people.iter().find(|p| p.is_group == is_group && p.source == source).expect("somebody")
    };
    let (user, group) = links.group_users[7];
    let (user, group) = (id(false, user), id(true, group));
    let (of_group, role) = links.group_roles[1];
    let of_group = id(true, of_group);
    for (table, columns, pair, entity, cell) in [
        (
            "OSSYS_GROUP_USER",
            ["USER_ID", "GROUP_ID"],
            [user.destination, group.destination],
            "OSSYS_USER",
            person(user, "OSSYS_GROUP_USER"),
        ),
        (
            "OSSYS_GROUP_ROLE",
            ["GROUP_ID", "ROLE_ID"],
            [of_group.destination, role],
            "OSSYS_GROUP",
            person(of_group, "OSSYS_GROUP_ROLE"),
        ),
    ] {
        let [a, b] = columns;
        bench.harm(
            "dev",
            &[format!("DELETE FROM {table} WHERE {a} = {} AND {b} = {}", pair[0], pair[1])],
        );
        let proof = bench.prove(None).await;
        assert_eq!(named(&proof, entity), [cell]);
        bench.restore();
    }
}
