//! Kinds of entities, sources that change, and samples, on the practice pair.

use super::bench::{of, wrong};
use super::practice::{bench, expected, named};

#[tokio::test]
async fn what_the_source_changed_since_is_information() {
    let bench = bench(40).await;
    let entity = "Claims_CS.Claim";
    let ids = bench.ids(entity);
    let set = |name: &str, row: usize, amount: u64| {
        let (table, id) = match name {
            "prod" => (bench.source_table(entity), ids[row].0),
            _ => (bench.table(entity), ids[row].1),
        };
        let (column, key) = (bench.column(entity, "EstimatedAmount"), bench.key(entity));
        format!("UPDATE {table} SET {column} = '{amount}' WHERE {key} = {id}")
    };
    let cell = |row: usize| expected(ids[row], "EstimatedAmount");

    // The digests still say that the destination is right; nobody reads the source.
    bench.harm("prod", &[set("prod", 4, 7), set("prod", 5, 7)]);
    let proof = bench.prove(None).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    assert_eq!(of(&proof, entity).by_digest, 100);
    assert_eq!(of(&proof, entity).changed_since, 0);

    // Now a row of the same batch is wrong: that one alone is, and the two are told apart from it.
    bench.harm("dev", &[set("dev", 6, 9)]);
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, entity), [cell(6)]);
    assert_eq!(of(&proof, entity).changed_since, 2);
    assert_eq!(of(&proof, entity).by_digest, 60);

    // A row that is gone from the source is still right in the destination.
    let gone = format!(
        "DELETE FROM {} WHERE {} = {}",
        bench.source_table(entity),
        bench.key(entity),
        ids[8].0
    );
    bench.harm("prod", &[gone]);
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, entity), [cell(6)]);
    assert_eq!(of(&proof, entity).changed_since, 3);

    // Changed on both sides: what it was nobody knows, so every row in question is named.
    bench.harm("dev", &[set("dev", 4, 11)]);
    let proof = bench.prove(None).await;
    let found = named(&proof, entity);
    assert_eq!(found.len(), 4, "{}", wrong(&proof));
    for row in [4, 5, 6] {
        assert!(found.contains(&cell(row)), "{}", wrong(&proof));
    }
    assert!(found.contains(&expected(ids[8], "")), "{}", wrong(&proof));
    assert!(wrong(&proof).contains("(or the source has changed since)"));
    assert_eq!(of(&proof, entity).changed_since, 0);
    bench.restore();

    // Both sides changed to the same: as the source is now, but not as it was read.
    bench.harm("prod", &[set("prod", 4, 7)]);
    bench.harm("dev", &[set("dev", 4, 7)]);
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, entity), [(String::new(), String::new(), String::new())]);
    assert!(wrong(&proof).contains("but not as they were read"), "{}", wrong(&proof));
}

#[tokio::test]
async fn a_row_that_was_overlooked_is_found_and_a_later_one_is_not_held_against_the_run() {
    let bench = bench(40).await;
    let (entity, ids) = ("Claims_CS.Claim", bench.ids("Claims_CS.Claim"));
    let (table, key) = (bench.source_table(entity), bench.key(entity));
    let highest = ids.iter().map(|ids| ids.0).max().expect("rows");
    let free = (1..highest).find(|id| ids.iter().all(|ids| ids.0 != *id)).expect("a gap");
    let copy = |id: i64| {
        let connection = bench.open("prod");
        let columns: Vec<String> = bench
            .entity(entity)
            .columns
            .iter()
            .map(|column| format!("\"{}\"", column.source.name))
            .filter(|column| column != "\"NUMBER\"")
            .collect();
        let columns = columns.join(", ");
        let sql = format!(
            "INSERT INTO {table} ({key}, NUMBER, {columns}) \
             SELECT {id}, 'N{id}', {columns} FROM {table} WHERE {key} = {highest}"
        );
        connection.execute(&sql, []).expect("a row");
    };
    copy(highest + 5);
    let proof = bench.prove(None).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    assert_eq!(of(&proof, entity).appeared_since, 1);
    copy(free);
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, entity), [(free.to_string(), String::new(), String::new())]);
    assert!(wrong(&proof).contains("neither carried over nor left out"));
    assert_eq!(of(&proof, entity).appeared_since, 1);
}

#[tokio::test]
async fn rows_without_identifier_are_proved_as_a_whole() {
    let bench = bench(40).await;
    let entity = "Claims_CS.ClaimAudit";
    let (table, place) = (bench.table(entity), "rowid = (SELECT MIN(rowid) + 70 FROM $)");
    let place = place.replace('$', &table);
    let nobody = |attribute: &str| (String::new(), String::new(), attribute.to_owned());
    for (sql, attribute) in [
        (format!("UPDATE {table} SET SCREEN = 'Elsewhere' WHERE {place}"), "Screen"),
        (format!("UPDATE {table} SET SEENAT = '2001-01-01 00:00:00' WHERE {place}"), "SeenAt"),
        (
            format!(
                "UPDATE {table} SET CLAIMID = (SELECT MAX(ID) FROM {}) WHERE {place}",
                bench.table("Claims_CS.Claim")
            ),
            "ClaimId",
        ),
        (format!("DELETE FROM {table} WHERE {place}"), ""),
    ] {
        bench.harm("dev", &[&sql]);
        let proof = bench.prove(None).await;
        assert_eq!(named(&proof, entity), [nobody(attribute)], "{sql}");
        assert_eq!(of(&proof, entity).found, 99);
        bench.restore();
    }

    // Rows of somebody else beside ours, also when they look like one of ours.
    let columns = "CLAIMID, SEENBY, SEENAT, SCREEN";
    let double =
        format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE {place}");
    let foreign = format!("INSERT INTO {table} (SCREEN) VALUES ('Mine')");
    bench.harm("dev", &[&double, &foreign]);
    let proof = bench.prove(None).await;
    assert!(of(&proof, entity).holds(), "{}", wrong(&proof));
    assert_eq!((of(&proof, entity).found, of(&proof, entity).by_digest), (100, 0));
    let around = proof.surroundings.expect("a picture");
    let said: Vec<&str> = around.shown.iter().map(|noticed| noticed.what.as_str()).collect();
    assert_eq!(said, ["2 rows there that it neither wrote nor was to leave"]);

    // Then one of ours is lost although the count would do.
    bench.harm(
        "dev",
        &[format!("DELETE FROM {table} WHERE rowid = (SELECT MIN(rowid) FROM {table})")],
    );
    let proof = bench.prove(None).await;
    assert_eq!(named(&proof, entity), [nobody("")], "{}", wrong(&proof));
    bench.restore();

    // The source changes and loses a row: what the digests say is still there.
    let source = bench.source_table(entity);
    bench.harm(
        "prod",
        &[
            format!("UPDATE {source} SET SCREEN = 'Now' WHERE rowid = 5"),
            format!("DELETE FROM {source} WHERE rowid = 6"),
        ],
    );
    bench.harm("dev", &[double]);
    let proof = bench.prove(None).await;
    assert!(of(&proof, entity).holds(), "{}", wrong(&proof));
    assert_eq!(of(&proof, entity).changed_since, 2);
}

#[tokio::test]
async fn text_identifiers_and_extensions_are_looked_up_too() {
    let bench = bench(5).await;
    let place = |entity: &str| {
        bench.plan.entities.iter().position(|e| e.name == entity).expect("an entity")
    };
    let product = "Policy_CS.Product";
    let batches = bench.journal.lock().expect("it").batches(place(product)).expect("batches");
    let code = batches[1].source_keys.get(0).to_string();
    let (table, key) = (bench.table(product), bench.key(product));
    bench.harm("dev", &[format!("DELETE FROM {table} WHERE {key} = '{code}'")]);
    for sample in [None, Some(1)] {
        let proof = bench.prove(sample).await;
        let found = of(&proof, product);
        assert_eq!(found.differences, 1, "{}", wrong(&proof));
        assert_eq!((&found.shown[0].source, &found.shown[0].destination), (&code, &code));
        // Whoever refers to it leads nowhere now.
        assert!(of(&proof, "Policy_CS.Coverage").references[0].orphans > 0);
    }
    bench.restore();

    let profile = "Customer_CS.CorporateProfile";
    let ids = bench.ids(profile)[12];
    assert!(bench.ids("Customer_CS.Customer").contains(&ids));
    let (table, key) = (bench.table(profile), bench.key(profile));
    bench.harm("dev", &[format!("DELETE FROM {table} WHERE {key} = {}", ids.1)]);
    assert_eq!(named(&bench.prove(None).await, profile), [expected(ids, "")]);
}

#[tokio::test]
async fn a_sample_compares_whole_batches_and_looks_for_all_rows() {
    let bench = bench(40).await;
    let entity = "Policy_CS.Payment";
    let ids = bench.ids(entity);
    let proof = bench.prove(Some(200)).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    assert_eq!(proof.sample, Some(200));
    let found = of(&proof, entity);
    assert_eq!(found.found, found.written);
    assert!((200..280).contains(&found.compared), "{}", found.compared);
    assert_eq!(found.by_digest, found.compared);

    // First and last batch are always among them.
    let (table, key) = (bench.table(entity), bench.key(entity));
    let column = bench.column(entity, "Amount");
    for row in [0, ids.len() - 1] {
        let set = format!("UPDATE {table} SET {column} = '1.5' WHERE {key} = {}", ids[row].1);
        bench.harm("dev", &[set]);
        assert_eq!(named(&bench.prove(Some(41)).await, entity), [expected(ids[row], "Amount")]);
        bench.restore();
    }
}
