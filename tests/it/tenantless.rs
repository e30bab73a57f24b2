//! Rows of multi-tenant entities that belong to no tenant: told, decided, and replaced like others.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::content::Cells;
use crate::estate::generate;
use crate::estate::model::{Cell, Entity, Pair};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Said};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rows_without_a_tenant_are_told_and_come_once,
    rows_without_a_tenant_can_be_left_out,
);

/// A pair with an entity of which two rows of the source belong to no tenant, in both ways, and one
/// of the destination; and a whim by which its column takes NULL.
fn pair() -> (Pair, Entity, u64) {
    let features = vec![Feature::ExistingRows, Feature::MultiTenant];
    let made = (0..200).find_map(|seed| {
        let recipe = Recipe { seed, size: 3, features: features.clone(), flaw: None };
        let mut pair = generate::pair(&recipe);
        let mut of_tenants = pair.source.entities.iter().filter(|e| e.multitenant && e.active);
        let entity = of_tenants.find(|e| e.rows.len() > 3)?.full_key();
        let there = pair.destination.entity_mut(&entity)?;
        (there.multitenant && there.rows.len() > 2).then_some(())?;
        there.rows[0].tenant = None;
        let there = there.clone();
        let here = pair.source.entity_mut(&entity)?;
        (here.rows[0].tenant, here.rows[1].tenant) = (None, Some(0));
        let here = here.clone();
        let whim = (0..20).find(|whim| {
            // Both sides have to take it, or they cannot be made.
            let mut plain = pair.clone();
            for side in [&mut plain.source, &mut plain.destination] {
                let rows = &mut side.entity_mut(&entity).expect("there").rows;
                rows.iter_mut().for_each(|row| row.tenant = Some(1));
            }
            let bench = Bench::new(&plain, *whim);
            [(Side::Source, &here.table), (Side::Destination, &there.table)].iter().all(
                |(side, table)| {
                    let sql = format!(
                        "SELECT \"notnull\" FROM pragma_table_info('{table}') \
                         WHERE upper(name) = 'TENANT_ID'"
                    );
                    bench.databases.ask(*side, &sql) == ["0"]
                },
            )
        })?;
        Some((pair, there, whim))
    });
    made.expect("some pair has such an entity")
}

fn rows(bench: &Bench, table: &str) -> Vec<Cells> {
    bench.databases.read(Side::Destination).rows(table).to_vec()
}

/// How many rows of the destination belong to no tenant.
fn without(bench: &Bench, table: &str) -> usize {
    let rows = rows(bench, table);
    rows.iter().filter(|row| matches!(row["TENANT_ID"], Cell::Null | Cell::Int(0))).count()
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()))
}

fn finding(bench: &Bench, entity: &Entity) -> Value {
    let report = json(&bench.osferry(&["compare", "plan.toml", "--json"]));
    let all = report["findings"].as_array().expect("findings").iter();
    let mut of_kind = all.filter(|finding| finding["kind"] == "rows-without-tenant");
    let about = |one: &&Value| one["about"].as_str().is_some_and(|a| a.ends_with(&entity.name));
    of_kind.find(about).cloned().unwrap_or_else(|| panic!("{report:#}"))
}

async fn rows_without_a_tenant_are_told_and_come_once(engine: &TestEngine) {
    let (pair, entity, whim) = pair();
    let bench = Bench::on(engine, &pair, whim);
    bench.plan(&bench.usual_plan().text());
    let told = finding(&bench, &entity);
    assert_eq!((&told["rows"], &told["recommended"]), (&2.into(), &"keep".into()), "{told:#}");
    assert_eq!(without(&bench, &entity.table), 1);
    let first = bench.run();
    assert_eq!(first.code, Some(0), "{}", first.all());
    assert_eq!(without(&bench, &entity.table), 2, "the one that was there is replaced");
    let once = rows(&bench, &entity.table).len();
    let second = bench.run();
    assert_eq!(second.code, Some(0), "{}", second.all());
    assert_eq!(without(&bench, &entity.table), 2, "ours are there once");
    assert_eq!(rows(&bench, &entity.table).len(), once);
}

async fn rows_without_a_tenant_can_be_left_out(engine: &TestEngine) {
    let (pair, entity, whim) = pair();
    let bench = Bench::on(engine, &pair, whim);
    let mut plan = bench.usual_plan();
    bench.plan(&plan.text());
    let told = finding(&bench, &entity);
    let text = |key: &str| told[key].as_str().expect("a key").to_owned();
    plan.more = format!(
        "\n[[decision]]\nkind = \"rows-without-tenant\"\nespace = \"{}\"\nentity = \"{}\"\n\
         choice = \"reject\"\n",
        text("espace"),
        text("entity")
    );
    bench.plan(&plan.text());
    let name = bench.destination_name();
    let run = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--json"];
    let said = bench.osferry(&run);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let report = json(&said);
    let of_report = report["entities"].as_array().expect("entities").iter();
    let mut of_report = of_report.filter(|one| one["name"] == told["about"]);
    let of_entity = of_report.next().expect("the entity");
    assert!(of_entity["left_out"].as_u64() >= Some(2), "{of_entity:#}");
    let reasons = of_entity["left_out_reasons"].to_string();
    assert!(reasons.contains("there is no tenant"), "{reasons}");
    // Where none of ours comes, theirs stays.
    assert_eq!(without(&bench, &entity.table), 1, "{}", said.all());
}
