//! Entities without identifier: which row is which cannot be told, so they are compared as a
//! multiset.
//!
//! Where the table holds nothing but our rows as they were read, the sum of its rows' hashes is
//! the sum of the digests, and the source is not read. Else each row of the source takes one equal
//! row of the destination; those taken have to add up to the digests. Rows that the destination had
//! and that stand for ours count like those that were written. Rows of ours whose source
//! has changed since, or that equal a row that was left out, are told by what is missing of the
//! sum, as long as they are few (see [`super::settle`]).
//!
//! Limits: about 36 bytes of memory for each row of the table. Which values were emptied
//! is known by column only, so each of these values counts as emptied wherever it stands, which is
//! how the run decides it; a row with an emptied cell whose source has changed since counts as a
//! difference.

use super::canonical::Look;
use super::form::{combine, hash};
use super::lookup::PAGE_BYTES;
use super::prove::Job;
use super::result::{Difference, EntityProof};
use super::rows::{Cells, EmptiedForms, Forms, RowForm, as_read};
use super::settle::subset;
use crate::database::{ColumnRef, Filter, Result, Scan, ScanRequest, Source, TableName};

/// Rows of a page.
const PAGE_ROWS: usize = 4000;
/// Rows without counterpart that are looked at to name what differs.
const LOOKED_AT: usize = 1000;

/// The destination's rows by their hash, each to be taken once.
struct Rows {
    hashes: Vec<u128>,
    /// At the first place of a hash: how many of its rows are taken.
    taken: Vec<u32>,
}

impl Rows {
    fn new(mut hashes: Vec<u128>) -> Self {
        hashes.sort_unstable();
        let taken = vec![0; hashes.len()];
        Self { hashes, taken }
    }

    fn range(&self, hash: u128) -> std::ops::Range<usize> {
        let first = self.hashes.partition_point(|other| *other < hash);
        let count = self.hashes[first..].partition_point(|other| *other == hash);
        first..first + count
    }

    /// Takes a row of that hash; `false` when none is left.
    fn take(&mut self, hash: u128) -> bool {
        let range = self.range(hash);
        let Some(taken) = self.taken.get_mut(range.start).filter(|_| !range.is_empty()) else {
            return false;
        };
        if *taken as usize >= range.len() {
            return false;
        }
        *taken += 1;
        true
    }

    /// The hashes of the rows that nobody took.
    fn left(&self) -> Vec<u128> {
        let mut left = Vec::new();
        let mut at = 0;
        while let Some(hash) = self.hashes.get(at) {
            let count = self.hashes[at..].partition_point(|other| other == hash);
            left.extend(std::iter::repeat_n(*hash, count - self.taken[at] as usize));
            at += count;
        }
        left
    }
}

/// What the source's rows found in the destination.
struct Matched {
    /// Hashes, as read, of the rows that took one.
    taken: Vec<u128>,
    /// Those that found none, the first of them.
    lonely: Vec<RowForm>,
}

/// Proves an entity without identifier.
pub(super) async fn prove(
    job: Job<'_>,
    forms: Forms<'_>,
    mut proof: EntityProof,
    tell: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<EntityProof> {
    // Rows that were there are taken as often as they stand for ours.
    let recognised = proof.recognised;
    let ours = proof.written + recognised;
    let of = proof.written;
    let mut digest = 0_u128;
    let mut after = 0;
    loop {
        let next = job.ask(|journal| journal.next_batch(job.place, after))?;
        let Some(batch) = next else { break };
        after = batch.id;
        digest = digest.wrapping_add(batch.digest);
    }
    let emptied = emptied(job, &forms)?;
    let (hashes, wrong_constants) = destination_hashes(job, &forms, tell, of).await?;
    let count = hashes.len() as u64;
    if count == ours {
        // Every row is ours, so every constant counts.
        wrong_constants.into_iter().for_each(|difference| proof.differs(difference));
    }
    if count == ours && combine(hashes.iter().copied()) == digest {
        proof.found = proof.written;
        proof.compared = proof.written;
        proof.by_digest = proof.written;
        return Ok(proof);
    }
    let mut rows = Rows::new(hashes);
    let matched = match_source(job, &forms, &emptied, &mut rows).await?;
    let found = matched.taken.len() as u64;
    let rest = digest.wrapping_sub(combine(matched.taken.iter().copied()));
    proof.found = found.min(ours).saturating_sub(recognised);
    proof.compared = proof.found;
    if found >= ours {
        // More than ours: rows that were left out look like rows that stood there before.
        let excess = subset(&matched.taken, 0_u128.wrapping_sub(rest));
        let is_right = excess.is_some_and(|excess| {
            excess.iter().filter(|excess| **excess).count() as u64 == found - ours
        });
        if !is_right {
            proof.differs(Difference {
                what: "the rows do not add up to those that were read".to_owned(),
                ..Difference::default()
            });
        }
        return Ok(proof);
    }
    let lost = ours - found;
    let left = rows.left();
    let changed = subset(&left, rest)
        .filter(|chosen| chosen.iter().filter(|chosen| **chosen).count() as u64 == lost);
    if changed.is_some() {
        proof.changed_since += lost;
        proof.found = proof.written;
        proof.compared = proof.written;
        return Ok(proof);
    }
    let left = left_rows(job, &forms, &rows).await?;
    name(&forms, &emptied, &matched.lonely, &left, lost, &mut proof);
    Ok(proof)
}

/// The values that were emptied, by column, in the form they have in the source.
fn emptied(job: Job<'_>, forms: &Forms<'_>) -> Result<EmptiedForms> {
    let mut emptied = EmptiedForms::new();
    for (column, value) in job.ask(|journal| journal.emptied_values(job.place))? {
        if forms.source.is_soft(column) {
            // It stands as it was.
            continue;
        }
        let mut bytes = Vec::new();
        forms.source.value(column, &as_read(forms.entity, column, value), &mut bytes);
        emptied.entry(column).or_default().insert(bytes);
    }
    Ok(emptied)
}

async fn scan(
    database: &dyn Source,
    table: &TableName,
    columns: Vec<ColumnRef>,
) -> Result<Box<dyn Scan>> {
    database
        .scan(ScanRequest {
            table: table.clone(),
            columns,
            filter: Filter::All,
            key: None,
            after: None,
            batch_rows: PAGE_ROWS,
            batch_bytes: PAGE_BYTES,
        })
        .await
}

async fn scan_destination(job: Job<'_>) -> Result<Box<dyn Scan>> {
    let entity = job.entity();
    let columns = entity.columns.iter().map(|column| ColumnRef::from(&column.destination));
    let constants = entity.constants.iter().map(|(column, _)| ColumnRef::from(column));
    scan(job.destination, &entity.destination_table, columns.chain(constants).collect()).await
}

async fn destination_hashes(
    job: Job<'_>,
    forms: &Forms<'_>,
    tell: &mut (dyn FnMut(u64, u64) + Send),
    of: u64,
) -> Result<(Vec<u128>, Vec<Difference>)> {
    let constants = forms.entity.columns.len();
    let (mut hashes, mut wrong, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    let mut scan = scan_destination(job).await?;
    while let Some(batch) = scan.next().await? {
        for row in 0..batch.len() {
            hashes.push(forms.destination_hash(None, &batch, row, 0, &[], &mut scratch));
            for place in forms.wrong_constants(&batch, row, constants) {
                wrong.push(Difference {
                    attribute: forms.entity.constants[place].0.name.clone(),
                    what: forms.wrong_constant(place, &batch, row, constants),
                    ..Difference::default()
                });
            }
        }
        tell((hashes.len() as u64).min(of), of);
    }
    Ok((hashes, wrong))
}

/// Lets each row of the source take an equal row of the destination.
async fn match_source(
    job: Job<'_>,
    forms: &Forms<'_>,
    emptied: &EmptiedForms,
    rows: &mut Rows,
) -> Result<Matched> {
    let entity = job.entity();
    let columns = entity.columns.iter().map(|column| column.source.clone()).collect();
    let mut matched = Matched { taken: Vec::new(), lonely: Vec::new() };
    let shared = forms.shared();
    let mut scan = scan(job.source, &entity.source_table, columns).await?;
    while let Some(batch) = scan.next().await? {
        for row in 0..batch.len() {
            let (read, written) = forms.source_hashes(&batch, row, emptied, &shared);
            if rows.take(written) {
                matched.taken.push(read);
            } else if matched.lonely.len() < LOOKED_AT {
                matched.lonely.push(forms.source_row(None, &batch, row, 0));
            }
        }
    }
    Ok(matched)
}

/// The first rows of the destination that nobody took.
async fn left_rows(job: Job<'_>, forms: &Forms<'_>, rows: &Rows) -> Result<Vec<RowForm>> {
    let (mut found, mut scratch) = (Vec::new(), Vec::new());
    let mut left = rows.left();
    let mut scan = scan_destination(job).await?;
    while let Some(batch) = scan.next().await? {
        for row in 0..batch.len() {
            let hash = forms.destination_hash(None, &batch, row, 0, &[], &mut scratch);
            let Ok(place) = left.binary_search(&hash) else { continue };
            left.remove(place);
            let cells = Cells { batch: &batch, row, first: 0, instead: &[] };
            found.push(forms.destination_row(None, &cells, &[]));
            if found.len() == LOOKED_AT || left.is_empty() {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Says what differs: a row of the source and the row of the destination most like it, when at
/// least half of their cells are equal.
fn name(
    forms: &Forms<'_>,
    emptied: &EmptiedForms,
    lonely: &[RowForm],
    left: &[RowForm],
    lost: u64,
    proof: &mut EntityProof,
) {
    let differing = |source: &RowForm, destination: &RowForm| -> Vec<usize> {
        let mut columns = forms.differing(source, destination);
        // A cell that was emptied by rule is as it should be.
        columns.retain(|column| {
            let was_emptied = emptied.get(column).is_some_and(|values| {
                values.iter().any(|value| hash(value) == source.cells[*column].hash)
            });
            !was_emptied || destination.cells[*column].look != Look::Nothing
        });
        columns
    };
    let mut pairs: Vec<(Vec<usize>, usize, usize)> = Vec::new();
    for (place, source) in lonely.iter().enumerate() {
        let best = left
            .iter()
            .enumerate()
            .map(|(other, destination)| (differing(source, destination), place, other))
            .min_by_key(|(columns, _, _)| columns.len());
        pairs.extend(best.filter(|(columns, _, _)| columns.len() * 2 <= source.cells.len()));
    }
    pairs.sort_by_key(|(columns, place, _)| (columns.len(), *place));
    let mut named = 0;
    for (columns, place, other) in pairs {
        if named == lost {
            break;
        }
        named += u64::from(!columns.is_empty());
        for column in columns {
            let (ours, theirs) = (&lonely[place].cells[column], &left[other].cells[column]);
            proof.differs(Difference {
                attribute: forms.entity.columns[column].attribute.clone(),
                what: forms.what(column, ours, theirs, &[]),
                ..Difference::default()
            });
        }
    }
    for _ in named..lost {
        proof.differs(Difference { what: "a row is missing".to_owned(), ..Difference::default() });
    }
}
