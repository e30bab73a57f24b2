//! Values that their own column's type cannot hold, and attributes with two things wrong at once:
//! each is told before the run, and no run ends of it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::model::{Cell, Kind};
use crate::foretold::{comparison, not_foretold};
use crate::program::Bench;
use crate::rejects::{id, numbered, pair, rejects, report, undone};
use crate::support::engine::TestEngine;

crate::on_both_engines!(null_does_not_hide_what_is_too_long,);

fn finding(said: &Value, kind: &str) -> Option<Value> {
    let findings = said["findings"].as_array().expect("findings");
    findings.iter().find(|finding| finding["kind"] == kind).cloned()
}

/// On files only: a server keeps to the types of its columns.
#[test]
fn a_row_that_cannot_be_read_is_a_reject() {
    let engine = &TestEngine::sqlite();
    let pair = pair(5, &[]);
    let holds = |kind: &Kind| {
        use Kind::{Boolean, Currency, Date, DateTime, Decimal, Integer, LongInteger, Time};
        matches!(
            kind,
            Integer | LongInteger | Decimal(..) | Currency | Boolean | Date | Time | DateTime
        )
    };
    let (entity, attribute) = pair
        .source
        .entities
        .iter()
        .filter(|e| numbered(e, 4))
        .find_map(|e| {
            let plain = e.attributes.iter().find(|a| a.active && !a.autonumber && holds(&a.kind));
            Some((e.clone(), plain?.clone()))
        })
        .expect("one with a number or a date");
    let bench = Bench::on(engine, &pair, 5);
    let (row, key) = (id(&entity, &entity.rows[2]), &entity.identifier().expect("one").column);
    let sql = format!(
        "UPDATE [{}] SET [{}] = 'none of the kind' WHERE [{key}] = {row}",
        entity.table, attribute.column
    );
    bench.databases.execute(Side::Source, &sql);
    let mut plan = bench.usual_plan();
    // Rows before it are written when it is met.
    plan.options.push("batch_rows = 1".to_owned());
    plan.more = format!(
        "\n[[decision]]\nkind = \"value-unreadable\"\nespace = \"{}\"\nentity = \"{}\"\nattribute = \
         \"{}\"\nchoice = \"reject\"\n",
        entity.espace, entity.key, attribute.key
    );
    bench.plan(&plan.text());
    let said = comparison(&bench);
    let told = finding(&said, "value-unreadable").expect("it is told");
    assert_eq!(told["rows"], 1, "{told}");
    let name = bench.databases.name(Side::Destination);
    let arguments = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--json"];
    let made = report(&bench.osferry(&arguments), 1);
    assert_eq!(made["verdict"], "proved-with-rejects");
    let lines = rejects(&bench, &made);
    assert!(lines.iter().any(|line| line.contains(&format!(",{row},"))), "{lines:?}");
    assert!(!lines.join("").contains("none of the kind"), "{lines:?}");
    assert_eq!(not_foretold(&said, &made), Vec::<String>::new());
    undone(&bench, &made);
}

async fn null_does_not_hide_what_is_too_long(engine: &TestEngine) {
    let mut pair = pair(6, &[]);
    let (place, attribute) = pair
        .source
        .entities
        .iter()
        .enumerate()
        .filter(|(_, e)| numbered(e, 4))
        .find_map(|(place, e)| {
            let text = e.attributes.iter().find(|a| {
                a.active && !a.mandatory && matches!(a.kind, Kind::Text(most) if most > 10)
            });
            Some((place, text?.key.clone()))
        })
        .expect("one with a text");
    let entity = &mut pair.source.entities[place];
    let key = entity.full_key();
    let own = entity.attributes.iter_mut().find(|a| a.key == attribute).expect("there");
    own.nullable = true;
    entity.rows[0].cells.insert(attribute.clone(), Cell::Null);
    entity.rows[1].cells.insert(attribute.clone(), Cell::text("longer than that"));
    let entity_name = entity.name.clone();
    let there = pair.destination.entity_mut(&key).expect("there");
    let theirs = there.attributes.iter_mut().find(|a| a.key == attribute).expect("there");
    (theirs.kind, theirs.nullable) = (Kind::Text(5), false);
    let bench = Bench::on(engine, &pair, 6);
    let (espace, entity_key) = &key;
    let decided = |kind: &str, choice: &str| {
        format!(
            "\n[[decision]]\nkind = \"{kind}\"\nespace = \"{espace}\"\nentity = \
             \"{entity_key}\"\nattribute = \"{attribute}\"\nchoice = \"{choice}\"\n"
        )
    };
    let mut plan = bench.usual_plan();
    plan.more = decided("null-not-allowed", "default") + &decided("text-too-long", "cut");
    bench.plan(&plan.text());
    let said = comparison(&bench);
    for kind in ["null-not-allowed", "text-too-long"] {
        let told =
            finding(&said, kind).unwrap_or_else(|| panic!("{kind} of {entity_name}: {said}"));
        assert!(told["rows"].as_u64().is_some_and(|rows| rows > 0), "{told}");
    }
    let name = bench.databases.name(Side::Destination);
    let arguments = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended", "--json"];
    let made = report(&bench.osferry(&arguments), 0);
    assert_eq!(made["verdict"], "proved", "{made}");
    assert_eq!(made["totals"]["left_out"], 0, "{made}");
    undone(&bench, &made);
}
