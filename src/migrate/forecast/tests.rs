//! The arithmetic of a forecast, and which entities a probe chooses.

use super::super::probe::{Chosen, MOST_ENTITIES, Probe, Probed, Timed, choose};
use super::pace::{not_faster_than, times};
use super::{Basis, Fact, Known};
use crate::database::{Filter, TableName};
use crate::outsystems::Key;
use crate::plan::{EntityPlan, ExistingPlan, IdentifierPlan, Plan, Span, Work};

fn entity(place: usize, rows: u64) -> EntityPlan {
    EntityPlan {
        espace: Key::default(),
        entity: Key::default(),
        name: format!("Core.E{place}"),
        reason: None,
        source_table: TableName::new(format!("OSUSR_1_E{place}")),
        destination_table: TableName::new(format!("OSUSR_2_E{place}")),
        identifier: IdentifierPlan::None,
        columns: Vec::new(),
        constants: Vec::new(),
        existing: ExistingPlan::Keep { rows: 0 },
        uniques: Vec::new(),
        rows: Filter::All,
        source_rows: rows,
        again: None,
    }
}

/// So many rows of each entity.
fn plan(rows: &[u64]) -> Plan {
    let mut plan = Plan::nothing("forecast");
    plan.entities = rows.iter().enumerate().map(|(place, rows)| entity(place, *rows)).collect();
    plan
}

/// Rows, and microseconds of reading and of writing them.
type Batches<'a> = &'a [(u64, u64, u64)];

fn probe(batches: &[(usize, Batches<'_>)]) -> Known {
    let timed =
        |(rows, read, write): &(u64, u64, u64)| Timed { rows: *rows, read: *read, write: *write };
    let probed = |(place, batches): &(usize, Batches<'_>)| Probed {
        name: format!("Core.E{place}"),
        place: *place,
        batches: batches.iter().map(timed).collect(),
    };
    let probe = Probe {
        at: "2026-02-03 14:02:11+01:00".to_owned(),
        destination: "dev".to_owned(),
        fingerprint: String::new(),
        entities: batches.iter().map(probed).collect(),
        skipped: Vec::new(),
    };
    Known { probe: Some(probe), runs: Vec::new() }
}

fn told(plan: &Plan, known: &Known, at_once: u64) -> (Basis, Span, Span) {
    times(plan, &Work::of(plan), known, at_once)
}

#[test]
fn the_first_batch_counts_only_where_there_is_no_other() {
    // 100 µs a row to read and 400 to write: between 400 and 500 each, for a million rows.
    let known = probe(&[(0, &[(1_000, 900_000, 900_000), (1_000, 100_000, 400_000)])]);
    let (basis, writing, proof) = told(&plan(&[1_000_000]), &known, 1);
    // 500 commits of 1 to 50 ms, and what a run has besides.
    assert_eq!(writing, Span::new(400_000 + 500 + 500, 500_000 + 25_000 + 5_000));
    assert_eq!(proof, Span::new(100_000, 400_000));
    assert!(matches!(basis, Basis::Probe { entities: 1, skipped: 0, share: 100, .. }), "{basis:?}");
    let known = probe(&[(0, &[(1_000, 100_000, 400_000)])]);
    assert_eq!(told(&plan(&[1_000_000]), &known, 1).1, writing);
}

#[test]
fn what_was_not_probed_goes_like_anything_that_was() {
    let known = probe(&[(0, &[(1_000, 0, 100_000)]), (1, &[(1_000, 0, 300_000)])]);
    let alone = told(&plan(&[0, 0, 1_000_000]), &known, 1);
    assert_eq!(alone.1, Span::new(100_000 + 1_000, 300_000 + 30_000));
    assert!(matches!(alone.0, Basis::Probe { share: 0, .. }), "{:?}", alone.0);
    let both = told(&plan(&[500_000, 500_000, 0]), &known, 1);
    assert_eq!(both.1, Span::new(200_000 + 1_000, 200_000 + 30_000));
}

#[test]
fn entities_at_the_same_time_gain_all_or_nothing() {
    let known = probe(&[(0, &[(1_000, 0, 100_000)])]);
    let plan = plan(&[1_000_000, 1_000_000, 2_000_000]);
    let (_, one, _) = told(&plan, &known, 1);
    let (_, four, _) = told(&plan, &known, 4);
    assert_eq!(one.most, four.most);
    // The longest one alone takes that long.
    assert_eq!(four.least, 200_000 + 1_000 + 500);
    assert_eq!(one.least, 400_000 + 2_000 + 500);
}

#[test]
fn deleted_rows_cost_their_part() {
    let known = probe(&[(0, &[(1_000, 0, 100_000)])]);
    let mut plan = plan(&[1_000_000]);
    let (_, without, _) = told(&plan, &known, 1);
    plan.entities[0].existing =
        ExistingPlan::Replace { filter: Filter::All, rows: 100_000, standing: 0 };
    let (_, with, _) = told(&plan, &known, 1);
    assert_eq!((with.least - without.least, with.most - without.most), (3_000, 15_000));
}

#[test]
fn a_probe_of_nothing_is_none_and_earlier_runs_come_next() {
    let fact = |writing, rows| Fact { writing, rows, is_whole: true, ..Fact::default() };
    let mut known = probe(&[(0, &[]), (1, &[(0, 5, 5)])]);
    let plan = plan(&[1_000_000, 0]);
    assert_eq!(told(&plan, &known, 1).0, Basis::Bounds);
    known.runs = vec![
        ("new".to_owned(), fact(101, 100_000)),
        ("short".to_owned(), fact(2, 100_000)),
        ("old".to_owned(), fact(399, 100_000)),
    ];
    let (basis, writing, proof) = told(&plan, &known, 1);
    assert_eq!(basis, Basis::Runs { runs: vec!["new".to_owned(), "old".to_owned()] });
    // 1 to 4 ms a row, seven tenths and one and a half times that.
    assert_eq!(writing, Span::new(700_000, 6_000_000));
    assert_eq!(proof, Work::of(&plan).proof_bounds(), "none of them was proved");
    known.runs[0].1.proof = Some((11, 100_000));
    assert_eq!(told(&plan, &known, 1).2, Span::new(70_000, 180_000));
}

#[test]
fn long_rows_widen_the_bounds() {
    let bounds = Span::new(1_000, 10_000);
    assert_eq!(not_faster_than(bounds, 10_000_000), bounds);
    assert_eq!(not_faster_than(bounds, 1_000_000_000), Span::new(5_000, 200_000));
}

#[test]
fn the_largest_entities_are_probed_until_they_have_most_rows() {
    let mut all = plan(&[10, 600_000, 0, 360_000, 40_000]);
    assert_eq!(choose(&all), [Chosen { place: 1, rows: 6_000 }, Chosen { place: 3, rows: 6_000 }]);
    all.options.batch_rows = 100;
    assert_eq!(choose(&all)[0].rows, 300, "three batches");
    assert_eq!(choose(&plan(&[0, 0])), []);
    assert_eq!(choose(&plan(&[7])), [Chosen { place: 0, rows: 7 }]);
    assert_eq!(choose(&plan(&[100; 90])).len(), MOST_ENTITIES);
    assert!(choose(&plan(&[u64::MAX, u64::MAX])).len() <= 2);
}
