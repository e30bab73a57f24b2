//! How fast rows go, from what is known of it.

use super::super::probe::Probed;
use super::{Basis, Fact, Known};
use crate::plan::{EntityPlan, Plan, Span, Work};

/// What a run has besides its rows, in milliseconds: checks, sessions, the steps of its entities.
const BESIDES: Span = Span::new(500, 5_000);
/// A batch's COMMIT, and its part of the journal, in microseconds: a probe, which never commits,
/// cannot tell them.
const COMMIT: Span = Span::new(1_000, 50_000);
/// By how many tenths an earlier run may have been faster, or slower, than this one will be.
const OTHER_RUN: Span = Span::new(7, 15);
/// A proof reads both sides, one beside the other, and compares: so many times as long as the
/// source was read.
const PROOF: Span = Span::new(1, 4);
/// Bytes a second that go at least and at most, where rows are long.
const BYTES_A_SECOND: Span = Span::new(5_000_000, 200_000_000);

/// Where it is taken from, how long writing and how long proving takes, in milliseconds.
pub(super) fn times(plan: &Plan, work: &Work, known: &Known, at_once: u64) -> (Basis, Span, Span) {
    if let Some(times) = by_probe(plan, work, known, at_once) {
        return times;
    }
    if let Some(times) = by_runs(work, &known.runs) {
        return times;
    }
    (Basis::Bounds, work.writing_bounds().plus(BESIDES), work.proof_bounds())
}

/// Bounds that rows of so many bytes in all do not go beyond.
pub(super) fn not_faster_than(bounds: Span, bytes: u64) -> Span {
    let millis = |a_second: u64| bytes / (a_second / 1_000);
    Span::new(
        bounds.least.max(millis(BYTES_A_SECOND.most)),
        bounds.most.max(millis(BYTES_A_SECOND.least)),
    )
}

/// What rows of an entity take, each, in nanoseconds.
#[derive(Clone, Copy)]
struct Cost {
    writing: Span,
    reading: Span,
}

impl Cost {
    /// Of what was measured. The first batch pays for connections and for plans that the server
    /// makes, so it counts only where there is no other. Rows are read while earlier ones are
    /// written: at best both take as long as the slower one, at worst as long as both.
    fn of(probed: &Probed) -> Option<Self> {
        let warm = &probed.batches[usize::from(probed.batches.len() > 1)..];
        let warm = warm.iter().filter(|batch| batch.rows > 0);
        let each = |micros: u64, rows: u64| micros.saturating_mul(1_000) / rows;
        let mut cost: Option<Self> = None;
        for batch in warm {
            let together = each(batch.read.saturating_add(batch.write), batch.rows);
            let slower = each(batch.read.max(batch.write), batch.rows);
            let read = each(batch.read, batch.rows);
            let now = Self { writing: Span::new(slower, together), reading: Span::new(read, read) };
            cost = Some(cost.map_or(now, |cost| cost.or(now)));
        }
        cost
    }

    /// Whatever either may be.
    fn or(self, other: Self) -> Self {
        let either = |one: Span, other: Span| {
            Span::new(one.least.min(other.least), one.most.max(other.most))
        };
        Self {
            writing: either(self.writing, other.writing),
            reading: either(self.reading, other.reading),
        }
    }
}

/// So many times so many nanoseconds, in milliseconds.
fn of_rows(rows: u64, each: u64) -> u64 {
    u64::try_from(u128::from(rows) * u128::from(each) / 1_000_000).unwrap_or(u64::MAX)
}

fn by_probe(plan: &Plan, work: &Work, known: &Known, at_once: u64) -> Option<(Basis, Span, Span)> {
    let probe = known.probe.as_ref()?;
    let mut own: Vec<Option<Cost>> = vec![None; plan.entities.len()];
    for probed in &probe.entities {
        if let Some(cost) = own.get_mut(probed.place) {
            *cost = Cost::of(probed);
        }
    }
    // What was not probed goes as fast or as slow as anything that was.
    let others = own.iter().flatten().copied().reduce(Cost::or)?;
    let batch = plan.options.batch_rows.max(1) as u64;
    let (mut longest, mut all) = (0_u64, Span::default());
    let mut proof = Span::default();
    for (entity, cost) in plan.entities.iter().zip(&own) {
        let (rows, cost) = (entity.rows_to_carry(), cost.unwrap_or(others));
        let commits = rows.div_ceil(batch);
        let end = |each: u64, commit: u64| {
            of_rows(rows, each).saturating_add(commits.saturating_mul(commit) / 1_000)
        };
        let time =
            Span::new(end(cost.writing.least, COMMIT.least), end(cost.writing.most, COMMIT.most));
        longest = longest.max(time.least);
        all = all.plus(time);
        let read = Span::new(of_rows(rows, cost.reading.least), of_rows(rows, cost.reading.most));
        proof = proof.plus(read.times(PROOF));
    }
    // At best entities that are written at the same time do not slow each other and none waits for
    // another, at worst they gain nothing from it.
    let writing = Span::new(longest.max(all.least / at_once), all.most);
    let more = work.units();
    let more = Span::new(
        of_rows(more.least.saturating_sub(work.inserted), others.writing.least),
        of_rows(more.most.saturating_sub(work.inserted), others.writing.most),
    );
    let all: u64 = plan.entities.iter().map(EntityPlan::rows_to_carry).sum();
    let covered = plan.entities.iter().zip(&own).filter(|(_, cost)| cost.is_some());
    let covered: u64 = covered.map(|(entity, _)| entity.rows_to_carry()).sum();
    let basis = Basis::Probe {
        at: probe.at.clone(),
        entities: probe.entities.len() as u64,
        skipped: probe.skipped.len() as u64,
        share: (u128::from(covered) * 100).checked_div(u128::from(all)).unwrap_or(0) as u64,
    };
    Some((basis, writing.plus(more).plus(BESIDES), proof))
}

fn by_runs(work: &Work, runs: &[(String, Fact)]) -> Option<(Basis, Span, Span)> {
    let each = |of: fn(&Fact) -> Option<Span>| {
        let all = runs.iter().filter_map(|(_, fact)| of(fact));
        all.reduce(|one, other| Span::new(one.least.min(other.least), one.most.max(other.most)))
    };
    let writing = each(Fact::nanos_a_row)?;
    let widened = |each: Span, rows: Span| {
        Span::new(
            of_rows(rows.least, each.least).saturating_mul(OTHER_RUN.least) / 10,
            of_rows(rows.most, each.most).saturating_mul(OTHER_RUN.most) / 10,
        )
    };
    let proof = match each(Fact::proof_nanos_a_row) {
        Some(each) => widened(each, Span::new(work.inserted, work.inserted)),
        None => work.proof_bounds(),
    };
    let ids = runs.iter().filter(|(_, fact)| fact.nanos_a_row().is_some());
    let runs = ids.map(|(id, _)| id.clone()).collect();
    Some((Basis::Runs { runs }, widened(writing, work.units()), proof))
}
