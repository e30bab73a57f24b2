//! What somebody has changed in the destination since the review: its constraints refuse rows that
//! nobody was asked about.

use std::collections::BTreeMap;
use std::sync::Arc;

use osferry::database::{Destination, EngineKind, open_destination, open_source};
use osferry::migrate::journal::Journal;
use osferry::migrate::{RunEnd, run};
use osferry::outsystems::{self, Side};
use osferry::plan::{PlanFile, model_fingerprint};
use osferry::report::write_rejects;

use super::id;
use crate::estate::model::{Cell, EntityKey, Kind, Pair, Rule, TAG, Unique};
use crate::mismatches::{add, fill};
use crate::never_silent::{apart, attribute, entity};
use crate::program::Bench;
use crate::support::engine::TestEngine;
use crate::support::library::planned;

crate::on_both_engines!(what_has_come_since_the_review_refuses_rows_by_its_name);

/// The places of the rows that will be refused, and how many rows there are.
const NO_RECORD: usize = 0;
const TOO_LONG: usize = 1;
const NOTHING: usize = 2;
const REPEATED: usize = 4;
const ROWS: usize = 7;

/// A pair as it is reviewed, of which every row fits.
fn reviewed() -> (Pair, EntityKey) {
    let (mut pair, thing) = apart(&[], "Thing0");
    let status = pair.source.named("Status").expect("always there").full_key();
    let records: Vec<Cell> = {
        let records = &pair.source.entity(&status).expect("there").records;
        records.iter().map(|record| record.data_id.clone()).collect()
    };
    for side in [&mut pair.source, &mut pair.destination] {
        for name in ["Code", "Wanted", "Short"] {
            add(side, &thing, name, Kind::Text(30), &Cell::text("w"));
        }
        attribute(side, &thing, "StatusId").rule = Rule::Protect;
        entity(side, &thing).uniques.clear();
    }
    let ours = entity(&mut pair.source, &thing);
    let identifier = ours.identifier.clone().expect("it has one");
    let tag = ours.attributes.iter().find(|a| a.name == TAG).expect("it has one").key.clone();
    let (last, first) = (ours.rows.iter().map(|row| id(ours, row)).max(), ours.rows[0].clone());
    ours.rows.truncate(ROWS);
    for number in ours.rows.len()..ROWS {
        let mut row = first.clone();
        let next = last.expect("rows") + number as i64;
        row.cells.insert(identifier.clone(), Cell::Int(next));
        row.cells.insert(tag.clone(), Cell::text(format!("Further {number}")));
        ours.rows.push(row);
    }
    let unsorted = ours.clone();
    ours.rows.sort_by_key(|row| id(&unsorted, row));
    let source = &mut pair.source;
    let filled = |at: usize, usual: Cell, other: Cell| -> Vec<Cell> {
        (0..ROWS).map(|row| if row == at { other.clone() } else { usual.clone() }).collect()
    };
    let statuses = filled(NO_RECORD, records[1].clone(), records[2].clone());
    fill(source, &thing, "StatusId", &statuses);
    fill(source, &thing, "Short", &filled(TOO_LONG, Cell::text("s"), Cell::text("123456")));
    fill(source, &thing, "Wanted", &filled(NOTHING, Cell::text("w"), Cell::Null));
    let codes: Vec<Cell> = (0..ROWS)
        .map(|row| Cell::text(format!("code {}", if row == REPEATED { row - 1 } else { row })))
        .collect();
    fill(source, &thing, "Code", &codes);
    (pair, thing)
}

/// The same with a destination that somebody has changed, the model apart.
fn changed(reviewed: &Pair, thing: &EntityKey) -> Pair {
    let mut pair = reviewed.clone();
    let status = pair.source.named("Status").expect("always there").full_key();
    let there = entity(&mut pair.destination, &status);
    let key = &reviewed.source.entity(&status).expect("there").records[2].key;
    let gone = there.records.iter().find(|record| record.key == *key).expect("there");
    let (gone, identifier) = (gone.data_id.clone(), there.identifier.clone().expect("one"));
    there.rows.retain(|row| row.cells[&identifier] != gone);
    attribute(&mut pair.destination, thing, "Short").kind = Kind::Text(5);
    attribute(&mut pair.destination, thing, "Wanted").nullable = false;
    let code = attribute(&mut pair.destination, thing, "Code").key.clone();
    let index = Unique { attributes: vec![code], tenant: false };
    entity(&mut pair.destination, thing).uniques.push(index);
    pair
}

async fn what_has_come_since_the_review_refuses_rows_by_its_name(engine: &TestEngine) {
    let (reviewed, thing) = reviewed();
    let plan = {
        let bench = Bench::on(engine, &reviewed, 6);
        let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
        let there = open_source(&bench.databases.spec(Side::Destination)).await.expect("another");
        let file = PlanFile::parse(&bench.usual_plan().text(), "since").expect("a plan");
        planned(source.as_ref(), there.as_ref(), file).await
    };
    let met = changed(&reviewed, &thing);
    let bench = Bench::on(engine, &met, 6);
    let length = "UPDATE OSSYS_ENTITY_ATTR SET LENGTH = 30 WHERE NAME = 'Short'";
    bench.databases.execute(Side::Destination, length);
    let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
    let destination = open_destination(&bench.databases.spec(Side::Destination)).await;
    let folder = bench.folder.path().join("run");
    let destination: Arc<dyn Destination> = Arc::from(destination.expect("a destination"));
    let now = outsystems::read(destination.as_source()).await.expect("a model");
    // Otherwise it would stop as soon as it reads the models again.
    let mut request = plan.request(&folder, Arc::from(source), destination);
    request.header.destination_fingerprint = model_fingerprint(&now);
    request.destination_model = Arc::new(now);
    let end = run(request).await.expect("a run");
    assert!(matches!(end, RunEnd::Written), "{end:?}");

    let journal = Journal::open(&folder).expect("a journal");
    let mut text = Vec::new();
    write_rejects(&journal, &mut text).expect("rejects.csv");
    let text = String::from_utf8(text).expect("text");
    let ours = reviewed.source.entity(&thing).expect("there");
    let lines: BTreeMap<i64, Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|line| line.splitn(8, ',').collect::<Vec<_>>())
        .map(|cells| (cells[2].parse().expect("an id"), cells))
        .collect();
    let there = met.destination.entity(&thing).expect("there");
    let is_server = engine.kind() == EngineKind::SqlServer;
    let refused = [
        (NO_RECORD, "foreign-key", ["", "FK"], &["547"][..]),
        (NOTHING, "not-null", ["WANTED", "WANTED"], &["515"]),
        (REPEATED, "unique", [".CODE", "OSIDX"], &["2601", "2627"]),
        (TOO_LONG, "too-long", ["", ""], &["8152", "2628"]),
    ];
    // A file has no lengths of its own: values are measured by what was reviewed.
    let refused = &refused[..if is_server { 4 } else { 3 }];
    for (place, class, by, codes) in refused {
        let line = &lines[&id(ours, &ours.rows[*place])];
        assert_eq!(line[..2], ["row", "Core_CS.Thing0"], "{text}");
        assert_eq!(line[4], *class, "{text}");
        // A server that only speaks the protocol names rules in words of its own.
        let is_named = line[5].to_uppercase().contains(by[usize::from(is_server)]);
        assert!(is_named || bench.databases.are_on_a_stand_in(), "{text}");
        assert!(!is_server || codes.contains(&line[6]), "{text}");
    }
    assert_eq!(lines.len(), refused.len(), "{text}");
    let rows = bench.databases.read(Side::Destination).rows(&there.table).len();
    assert_eq!(rows, ROWS - refused.len(), "{text}");
}
