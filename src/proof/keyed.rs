//! Entities with an identifier: batch by batch against the digest that was taken at reading, and
//! row by row where a digest differs.

use std::collections::HashSet;

use futures::StreamExt;
use futures::stream::FuturesOrdered;

use super::canonical::shown;
use super::form::combine;
use super::lookup::{Found, Lookup};
use super::maps::IdKey;
use super::prove::{Against, Job, chosen};
use super::result::{Difference, EntityProof};
use super::rows::{Cells, Emptied, Forms, RowForm};
use super::settle::subset;
use crate::database::{Batch, ColumnRef, Fault, FaultKind, Filter, Result, Value};
use crate::migrate::journal::{BatchKind, BatchRecord, EARLIER, EmptiedCell, Keys, RefusedKind};
use crate::plan::{ColumnPlan, IdentifierPlan, Rule};

/// Batches read at once: one is read while the one before it is compared.
const AT_ONCE: usize = 2;

/// The proof of one entity under way.
pub(super) struct Keyed<'a> {
    job: Job<'a>,
    forms: Forms<'a>,
    source: Lookup<'a>,
    destination: Lookup<'a>,
    /// Cells that the second pass could not set.
    late: Emptied,
    /// Cells already counted because their id leads nowhere, by destination key and column.
    orphans: HashSet<(IdKey, usize)>,
    proof: EntityProof,
}

/// Whether the rows of such a batch were written by this run.
fn is_ours(kind: BatchKind) -> bool {
    !matches!(kind, BatchKind::Recognise | BatchKind::Change)
}

/// What became of a row of a batch, as both sides are now.
enum Row {
    /// Both sides have the same; its hash in the source.
    Same(u128),
    /// They have not.
    Differs { source: RowForm, destination: RowForm, columns: Vec<usize> },
    /// The source has it no more.
    Gone(RowForm),
    /// The destination has not; its hash in the source, if that has it.
    Missing(Option<u128>),
}

impl<'a> Keyed<'a> {
    /// For an entity with an identifier; what is known of it already is in `proof`.
    pub(super) fn new(
        job: Job<'a>,
        forms: Forms<'a>,
        orphans: HashSet<(IdKey, usize)>,
        proof: EntityProof,
    ) -> Result<Self> {
        let entity = job.entity();
        let (Some(ours), Some(theirs)) = (entity.key_column(), entity.destination_key()) else {
            return Err(Fault::new(FaultKind::Other, "the entity has no identifier"));
        };
        let columns = entity.columns.iter().map(|column| ColumnRef::from(&column.destination));
        let constants = entity.constants.iter().map(|(column, _)| ColumnRef::from(column));
        let mut late = Emptied::default();
        late.add(entity, job.ask(|journal| journal.emptied_late(job.place))?);
        if job.against != Against::Plan {
            late.add(entity, refused_references(job)?);
        }
        Ok(Self {
            source: Lookup {
                database: job.source,
                table: &entity.source_table,
                key: ours.clone(),
                columns: entity.columns.iter().map(|column| column.source.clone()).collect(),
            },
            destination: Lookup {
                database: job.destination,
                table: &entity.destination_table,
                key: ColumnRef::from(theirs),
                columns: columns.chain(constants).collect(),
            },
            job,
            forms,
            late,
            orphans,
            proof,
        })
    }

    /// Proves every batch, or those that the sample takes.
    pub(super) async fn run(
        mut self,
        tell: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<EntityProof> {
        let inserts = self.job.ask(|journal| journal.inserts(self.job.place))?;
        let sampled = chosen(&inserts, self.job.sample);
        let of = sampled.iter().map(|(_, rows)| rows).sum();
        let sampled: HashSet<i64> = sampled.into_iter().map(|(id, _)| id).collect();
        let (mut after, mut done, mut is_last) = (0, 0, false);
        tell(done, of);
        let mut reading = FuturesOrdered::new();
        loop {
            while !is_last && reading.len() < AT_ONCE {
                let next = self.job.ask(|journal| journal.next_batch(self.job.place, after))?;
                let Some(batch) = next else {
                    is_last = true;
                    break;
                };
                after = batch.id;
                let is_compared = is_ours(batch.kind) && sampled.contains(&batch.id);
                let keys = is_compared.then(|| self.keys(&batch)).flatten();
                let destination = self.destination.clone();
                reading.push_back(async move {
                    let found = match &keys {
                        Some(keys) => Some(destination.fetch(keys).await?),
                        None => None,
                    };
                    Ok::<_, Fault>((batch, keys.zip(found)))
                });
            }
            let Some(next) = reading.next().await else { break };
            let (batch, found) = next?;
            match batch.kind {
                // Another run wrote these, and its own proof is about them.
                BatchKind::Recognise if batch.session == EARLIER => {}
                BatchKind::Recognise => self.recognised(&batch).await?,
                BatchKind::Change => self.changed(&batch).await?,
                _ if sampled.contains(&batch.id) => {
                    if let Some((keys, found)) = found {
                        self.compare(&batch, &keys, found).await?;
                    }
                    done += batch.rows;
                    tell(done, of);
                }
                _ => self.look_for(&batch).await?,
            }
        }
        Ok(self.proof)
    }

    /// The destination's keys of a batch, as many as it has rows.
    fn keys(&mut self, batch: &BatchRecord) -> Option<Keys> {
        let rows = batch.source_keys.len();
        if rows as u64 == batch.rows && batch.destination_keys.len() == rows {
            return Some(batch.destination_keys.clone());
        }
        // Identifiers that are kept are the same on both sides, whatever their columns' types.
        if rows as u64 == batch.rows
            && matches!(self.forms.entity.identifier, IdentifierPlan::Kept { .. })
        {
            return Some(batch.source_keys.clone());
        }
        self.proof.differs(Difference {
            what: format!("the journal does not name the {} rows of a batch", batch.rows),
            ..Difference::default()
        });
        None
    }

    fn emptied(&self, batch: &BatchRecord) -> Result<Emptied> {
        let mut emptied = Emptied::default();
        emptied.add(self.forms.entity, self.job.ask(|journal| journal.emptied_by(batch.id))?);
        emptied.join(&self.late, &batch.source_keys);
        if self.job.against == Against::Halfway {
            // References that wait for the second pass are empty still.
            let waiting = self.job.ask(|journal| journal.waiting_of(batch.id))?;
            emptied.add(self.forms.entity, waiting);
        }
        Ok(emptied)
    }

    /// Whether the rows of a batch are there, without reading them.
    async fn look_for(&mut self, batch: &BatchRecord) -> Result<()> {
        let Some(keys) = self.keys(batch) else { return Ok(()) };
        let only_keys = Lookup { columns: Vec::new(), ..self.destination.clone() };
        if only_keys.count(&keys).await? == Some(batch.rows) {
            self.proof.found += batch.rows;
            return Ok(());
        }
        let mut seen = vec![false; keys.len()];
        only_keys
            .read(&keys, &mut |_, _, place| {
                seen[place] = true;
                Ok(())
            })
            .await?;
        for (place, seen) in seen.into_iter().enumerate() {
            if seen {
                self.proof.found += 1;
            } else {
                self.missing(&batch.source_keys.get(place), &keys.get(place));
            }
        }
        Ok(())
    }

    /// A batch against its digest.
    async fn compare(&mut self, batch: &BatchRecord, keys: &Keys, found: Found) -> Result<()> {
        let emptied = self.emptied(batch)?;
        let constants = 1 + self.forms.entity.columns.len();
        let mut hashes: Vec<Option<u128>> = vec![None; keys.len()];
        let (forms, proof) = (&self.forms, &mut self.proof);
        let mut scratch = Vec::new();
        found.each(&mut |rows, row, place| {
            let key = batch.source_keys.get(place);
            let own = emptied.of(&key);
            let hash = forms.destination_hash(Some(&key), rows, row, 1, own, &mut scratch);
            hashes[place] = Some(hash);
            for wrong in forms.wrong_constants(rows, row, constants) {
                proof.row_differs(
                    &keys.get(place),
                    Difference {
                        source: shown(&key),
                        destination: shown(&keys.get(place)),
                        attribute: forms.entity.constants[wrong].0.name.clone(),
                        what: forms.wrong_constant(wrong, rows, row, constants),
                    },
                );
            }
            Ok(())
        })?;
        // What they hold may be much.
        drop(found);
        let found = hashes.iter().flatten().count() as u64;
        self.proof.found += found;
        self.proof.compared += found;
        if found == batch.rows && combine(hashes.iter().flatten().copied()) == batch.digest {
            self.proof.by_digest += found;
            return Ok(());
        }
        self.search(batch, keys, &emptied).await
    }

    /// Rows that the destination had and that took the values of ours: what was set of each is as
    /// the source had it at reading, and the columns by which it was recognised still say the same.
    async fn changed(&mut self, batch: &BatchRecord) -> Result<()> {
        let Some(keys) = self.keys(batch) else { return Ok(()) };
        self.recognised(batch).await?;
        let emptied = self.emptied(batch)?;
        let sets = self.forms.entity.existing.sets();
        let rows = self.read_both(batch, &keys, &emptied, Some(sets)).await?;
        // That a row is not there has been said.
        self.judge(batch, &keys, &emptied, &rows, false)
    }

    /// Both sides of a batch row by row, to name what differs.
    async fn search(&mut self, batch: &BatchRecord, keys: &Keys, emptied: &Emptied) -> Result<()> {
        let rows = self.read_both(batch, keys, emptied, None).await?;
        self.judge(batch, keys, emptied, &rows, true)
    }

    /// Names what differs. `tells_missing`: all columns count, and rows that are not there.
    fn judge(
        &mut self,
        batch: &BatchRecord,
        keys: &Keys,
        emptied: &Emptied,
        rows: &[Row],
        tells_missing: bool,
    ) -> Result<()> {
        let wrong = blame(rows, batch.digest);
        let mut nothing_named = true;
        for (place, row) in rows.iter().enumerate() {
            let (source, destination) = (batch.source_keys.get(place), keys.get(place));
            let is_right = wrong.as_ref().is_some_and(|wrong| !wrong[place]);
            match row {
                Row::Same(_) => continue,
                Row::Missing(_) if tells_missing => self.missing(&source, &destination),
                Row::Missing(_) => {}
                _ if is_right => self.proof.changed_since += 1,
                Row::Gone(_) => self.row_differs(
                    &source,
                    &destination,
                    "the source has this row no more, and the batch is not as it was read",
                ),
                Row::Differs { source: ours, destination: theirs, columns } => {
                    let doubt =
                        if wrong.is_none() { " (or the source has changed since)" } else { "" };
                    let own = emptied.of(&source);
                    for column in columns {
                        let known = IdKey::of(&destination).map(|key| (key, *column));
                        // An id that leads nowhere has been counted as such.
                        if known.is_some_and(|known| self.orphans.contains(&known)) {
                            continue;
                        }
                        let (ours, theirs) = (&ours.cells[*column], &theirs.cells[*column]);
                        let difference = Difference {
                            source: shown(&source),
                            destination: shown(&destination),
                            attribute: self.forms.entity.columns[*column].attribute.clone(),
                            what: self.forms.what(*column, ours, theirs, own) + doubt,
                        };
                        self.proof.row_differs(&destination, difference);
                    }
                }
            }
            nothing_named = false;
        }
        if nothing_named && wrong.is_none() && !tells_missing {
            // What counts is as the source has it; what does not may have changed there.
            self.proof.changed_since += batch.rows;
            return Ok(());
        }
        if nothing_named && wrong.is_none() {
            self.proof.differing.extend(keys.iter());
            self.proof.differs(Difference {
                what: format!(
                    "{} rows are as the source has them now, but not as they were read",
                    batch.rows
                ),
                ..Difference::default()
            });
        }
        Ok(())
    }

    /// `only`: the columns of the destination that count; the others of a row stand for what the
    /// source has.
    async fn read_both(
        &self,
        batch: &BatchRecord,
        keys: &Keys,
        emptied: &Emptied,
        only: Option<&[usize]>,
    ) -> Result<Vec<Row>> {
        let key = |place: usize| batch.source_keys.get(place);
        let mut theirs: Vec<Option<RowForm>> = (0..keys.len()).map(|_| None).collect();
        let mut ours: Vec<Option<RowForm>> = (0..keys.len()).map(|_| None).collect();
        // What stands for columns that do not count, by row.
        let mut others: Vec<Vec<Option<Vec<u8>>>> = vec![Vec::new(); keys.len()];
        let forms = &self.forms;
        self.source
            .read(&batch.source_keys, &mut |rows, row, place| {
                ours[place] = Some(forms.source_row(Some(&key(place)), rows, row, 1));
                if let Some(only) = only {
                    others[place] = forms.source_cells(rows, row, 1, only);
                }
                Ok(())
            })
            .await?;
        self.destination
            .read(keys, &mut |rows, row, place| {
                let key = key(place);
                let cells = Cells { batch: rows, row, first: 1, instead: &others[place] };
                theirs[place] = Some(forms.destination_row(Some(&key), &cells, emptied.of(&key)));
                Ok(())
            })
            .await?;
        let row = |(ours, theirs): (Option<RowForm>, Option<RowForm>)| match (ours, theirs) {
            (ours, None) => Row::Missing(ours.map(|row| row.hash)),
            (None, Some(destination)) => Row::Gone(destination),
            (Some(source), Some(destination)) => {
                let columns = forms.differing(&source, &destination);
                if columns.is_empty() {
                    Row::Same(source.hash)
                } else {
                    Row::Differs { source, destination, columns }
                }
            }
        };
        Ok(ours.into_iter().zip(theirs).map(row).collect())
    }

    /// Rows that the destination had already: they are there, and the columns by which they were
    /// recognised still say the same.
    async fn recognised(&mut self, batch: &BatchRecord) -> Result<()> {
        let Some(keys) = self.keys(batch) else { return Ok(()) };
        let crate::plan::ExistingPlan::Recognise { key: parts, .. } = &self.forms.entity.existing
        else {
            return Ok(());
        };
        let pick = |lookup: &Lookup<'a>| Lookup {
            columns: parts.iter().map(|part| lookup.columns[*part].clone()).collect(),
            ..lookup.clone()
        };
        let forms = &self.forms;
        let read = |of: &super::canonical::Canonical, rows: &Batch, row: usize| -> Vec<Part> {
            let parts = parts.iter().enumerate();
            parts
                .map(|(place, part)| Part {
                    form: folded_cell(of, *part, rows, 1 + place, row),
                    value: rows.column(1 + place).value(row),
                })
                .collect()
        };
        let mut theirs: Vec<Option<Vec<Part>>> = vec![None; keys.len()];
        let mut ours = theirs.clone();
        pick(&self.destination)
            .read(&keys, &mut |rows, row, place| {
                theirs[place] = Some(read(&forms.destination, rows, row));
                Ok(())
            })
            .await?;
        pick(&self.source)
            .read(&batch.source_keys, &mut |rows, row, place| {
                ours[place] = Some(read(&forms.source, rows, row));
                Ok(())
            })
            .await?;
        for (place, (ours, theirs)) in ours.iter_mut().zip(&theirs).enumerate() {
            let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
            for ((column, ours), theirs) in parts.iter().zip(ours).zip(theirs) {
                if ours.form != theirs.form
                    && (forms.is_pair(*column, &ours.value, &theirs.value)
                        || self.is_equal_there(&keys.get(place), *column, &ours.value).await?)
                {
                    *ours = theirs.clone();
                }
            }
        }
        let differs = ours.iter().zip(&theirs).any(|(a, b)| a.is_some() && b.is_some() && a != b);
        let is_unchanged = differs && self.source_digest(batch).await? == batch.digest;
        for (place, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
            let (source, destination) = (batch.source_keys.get(place), keys.get(place));
            match (ours, theirs) {
                (_, None) => self.missing(&source, &destination),
                (None, _) => self.proof.changed_since += 1,
                (Some(ours), Some(theirs)) if ours != theirs => {
                    if !is_unchanged {
                        self.proof.changed_since += 1;
                        continue;
                    }
                    for (part, _) in
                        ours.iter().zip(&theirs).enumerate().filter(|(_, (a, b))| a != b)
                    {
                        self.proof.differs(Difference {
                            source: shown(&source),
                            destination: shown(&destination),
                            attribute: self.forms.entity.columns[parts[part]].attribute.clone(),
                            what: "is no longer the value by which the row was recognised"
                                .to_owned(),
                        });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the destination itself finds a text of ours equal to what its row holds: it may see
    /// neither accents nor blanks at the end.
    async fn is_equal_there(&self, key: &Value, column: usize, ours: &Value) -> Result<bool> {
        let planned = &self.forms.entity.columns[column];
        if !matches!((&planned.rule, ours), (Rule::Copy { .. }, Value::Text(_))) {
            return Ok(false);
        }
        let row = Filter::Equals(self.destination.key.name.clone(), key.clone());
        let same = Filter::Equals(planned.destination.name.clone(), ours.clone());
        Ok(self.job.destination.count(self.destination.table, &row.and(same)).await? == 1)
    }

    /// The digest of a batch's rows as the source has them now.
    async fn source_digest(&self, batch: &BatchRecord) -> Result<u128> {
        let mut sum = 0_u128;
        let forms = &self.forms;
        self.source
            .read(&batch.source_keys, &mut |rows, row, place| {
                let key = batch.source_keys.get(place);
                sum = sum.wrapping_add(forms.source_row(Some(&key), rows, row, 1).hash);
                Ok(())
            })
            .await?;
        Ok(sum)
    }

    fn missing(&mut self, source: &Value, destination: &Value) {
        self.row_differs(source, destination, "the row is missing");
    }

    fn row_differs(&mut self, source: &Value, destination: &Value, what: &str) {
        let difference = Difference {
            source: shown(source),
            destination: shown(destination),
            attribute: String::new(),
            what: what.to_owned(),
        };
        self.proof.row_differs(destination, difference);
    }
}

/// Which rows are not in the destination as they were read; `None` when the digest does not tell.
fn blame(rows: &[Row], digest: u128) -> Option<Vec<bool>> {
    // What is left of the digest for the rows in question, if each were as in the source.
    let mut rest = digest;
    let mut changes = Vec::new();
    let mut places = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        rest = rest.wrapping_sub(match row {
            Row::Same(hash) | Row::Missing(Some(hash)) => *hash,
            // What it was at reading nobody knows any more.
            Row::Missing(None) => return None,
            // If the destination had it wrong, that could not be told.
            Row::Gone(destination) => destination.hash,
            Row::Differs { source, destination, .. } => {
                places.push(place);
                changes.push(destination.hash.wrapping_sub(source.hash));
                source.hash
            }
        });
    }
    let right = subset(&changes, rest)?;
    let mut wrong = vec![false; rows.len()];
    for (place, right) in places.into_iter().zip(right) {
        wrong[place] = !right;
    }
    Some(wrong)
}

/// A part of the key by which a row was recognised.
#[derive(Clone)]
struct Part {
    /// What it is in the source's terms.
    form: Vec<u8>,
    /// What is stored.
    value: Value,
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

/// A cell in the source's terms, texts without regard to case: rows are recognised that way.
fn folded_cell(
    of: &super::canonical::Canonical,
    place: usize,
    rows: &Batch,
    at: usize,
    row: usize,
) -> Vec<u8> {
    let column = rows.column(at);
    let mut bytes = Vec::new();
    match column.value(row) {
        Value::Text(text) => {
            let folded = Value::Text(String::from_utf8_lossy(&text).to_lowercase().into_bytes());
            of.value(place, &folded, &mut bytes);
        }
        _ => of.cell(place, column, row, None, &mut bytes),
    }
    bytes
}

/// References that the destination has refused to set, and some even to empty.
fn refused_references(job: Job<'_>) -> Result<Vec<EmptiedCell>> {
    let refused = job.ask(|journal| journal.refused(RefusedKind::Reference))?;
    let ours = refused.into_iter().filter(|refused| refused.entity == Some(job.place));
    let cells = ours.filter_map(|refused| {
        let named = |column: &ColumnPlan| column.destination.name == refused.place;
        let column = job.entity().columns.iter().position(named)?;
        Some(EmptiedCell { column, key: refused.key, value: refused.other, reason: refused.reason })
    });
    Ok(cells.collect())
}
