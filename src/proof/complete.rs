//! Whether the source has rows of which the journal knows nothing: neither carried over, nor
//! recognised, nor left out.

use std::collections::HashSet;

use super::canonical::shown;
use super::lookup::PAGE_BYTES;
use super::maps::IdKey;
use super::numbers::Numbers;
use super::prove::Job;
use super::result::{Difference, EntityProof};
use crate::database::{Filter, Result, ScanRequest, Value};
use crate::migrate::journal::{Journal, Mark, ReadingRecord};
use crate::plan::{IdentifierPlan, SourceReading};

/// Keys asked for at once.
const KEYS_AT_ONCE: usize = 1_000;
/// Rows of a page of keys.
const PAGE_ROWS: usize = 50_000;

/// Looks for rows that were overlooked.
///
/// Where the source was read as of one instant, or did not move while it was, the rows it had are
/// known by number: when the journal knows of as many, all others came later. Else numbers that the
/// source gives go up, so a row above its table's mark came later, and one below it was overlooked.
/// With other identifiers, and without one, a row that came later looks like one that was
/// overlooked; it is counted as having appeared since, unless the source was declared frozen.
///
/// One or two counts tell that there is nothing to look for. They do not tell it when as many rows
/// were deleted from the source since as had been overlooked.
pub(super) async fn check(job: Job<'_>, proof: &mut EntityProof) -> Result<()> {
    let entity = job.entity();
    if let Some(again) = &entity.again {
        return tried_again(job, again, proof).await;
    }
    let left_out = job.ask(|journal| journal.left_out_count(job.place))?;
    let known = proof.written + proof.recognised + left_out;
    let frozen = job.plan.options.source_reading == SourceReading::Frozen;
    let record = job.ask(Journal::reading)?;
    let (mark, had) = record.as_ref().map_or((None, None), |record| at_reading(record, job.place));
    if let Some(how) = record.as_ref().and_then(|record| moved(record, job.place)) {
        proof.differs(Difference {
            what: format!("the source was said to be frozen, but moved during the run: it {how}"),
            ..Difference::default()
        });
    }
    let all = job.source.count(&entity.source_table, &entity.rows).await?;
    if let Some(had) = had {
        if had <= known {
            proof.appeared_since += all.saturating_sub(known);
            return Ok(());
        }
        proof.differs(Difference {
            what: format!(
                "the source had {had} rows when it was read, and what became of {known} is known"
            ),
            ..Difference::default()
        });
    }
    // With a mark, rows that came since could stand for as many that were overlooked.
    if all == known && mark.is_none() {
        return Ok(());
    }
    let Some(key) = entity.key_column() else {
        // How many there are too many is all that can be told.
        let more = all.saturating_sub(known);
        if !frozen {
            proof.appeared_since += more;
        } else if more > 0 {
            proof.differs(Difference {
                what: format!("{more} rows of the source were neither carried over nor left out"),
                ..Difference::default()
            });
        }
        return Ok(());
    };
    let is_generated = matches!(entity.identifier, IdentifierPlan::Generated { .. });
    let mut known_keys = None;
    let highest = match mark {
        Some(mark) => Some(mark),
        None if is_generated => {
            let keys = job.ask(|journal| Known::read(journal, job.place))?;
            known_keys.insert(keys).numbers.highest()
        }
        None => None,
    };
    let all_count = frozen && mark.is_none();
    if let Some(highest) = highest.filter(|_| !all_count) {
        let up_to = Filter::AtMost(key.name.clone(), Value::Integer(highest));
        let up_to = up_to.and(entity.rows.clone());
        let earlier = job.source.count(&entity.source_table, &up_to).await?;
        if earlier == known {
            proof.appeared_since += all.saturating_sub(earlier);
            return Ok(());
        }
    }
    let keys = match known_keys {
        Some(keys) => keys,
        None => job.ask(|journal| Known::read(journal, job.place))?,
    };
    let mut scan = job
        .source
        .scan(ScanRequest {
            table: entity.source_table.clone(),
            columns: vec![key.clone()],
            filter: entity.rows.clone(),
            key: Some(key.name.clone()),
            after: None,
            batch_rows: PAGE_ROWS,
            batch_bytes: PAGE_BYTES,
        })
        .await?;
    while let Some(batch) = scan.next().await? {
        for row in 0..batch.len() {
            let value = batch.column(0).value(row);
            let Some(id) = IdKey::of(&value) else { continue };
            if keys.has(&id) {
                continue;
            }
            let is_earlier = highest.is_some_and(|highest| id <= IdKey::Number(highest));
            if all_count || is_earlier {
                proof.differs(Difference {
                    source: shown(&value),
                    what: "the row was neither carried over nor left out".to_owned(),
                    ..Difference::default()
                });
            } else {
                proof.appeared_since += 1;
            }
        }
    }
    Ok(())
}

/// Looks for rows that were to be tried again and of which the journal knows nothing, although the
/// source has them.
async fn tried_again(job: Job<'_>, again: &[Value], proof: &mut EntityProof) -> Result<()> {
    let Some(key) = job.entity().key_column() else { return Ok(()) };
    let known = job.ask(|journal| Known::read(journal, job.place))?;
    let is_known = |key: &&Value| IdKey::of(key).is_some_and(|id| known.has(&id));
    let unknown: Vec<Value> = again.iter().filter(|key| !is_known(key)).cloned().collect();
    for some in unknown.chunks(KEYS_AT_ONCE) {
        let among = Filter::AnyOf(key.name.clone(), some.to_vec());
        let among = among.and(job.entity().rows.clone());
        let rows = job.source.count(&job.entity().source_table, &among).await?;
        if rows > 0 {
            proof.differs(Difference {
                what: format!(
                    "{rows} rows were to be tried again, and were neither carried over nor left out"
                ),
                ..Difference::default()
            });
        }
    }
    Ok(())
}

/// The highest id that was to be read of an entity, and the number of its rows, where known.
fn at_reading(record: &ReadingRecord, place: usize) -> (Option<i64>, Option<u64>) {
    let mark = record.marks.get(place).copied().unwrap_or_default();
    let is_settled = record.one_instant
        || (record.reading == SourceReading::Frozen && moved(record, place).is_none());
    (mark.highest.map(|id| id.0), mark.rows.filter(|_| is_settled))
}

/// How a table moved while a source was read that was declared frozen.
fn moved(record: &ReadingRecord, place: usize) -> Option<String> {
    let after: &Mark = record.after.get(place)?;
    record.marks.get(place)?.moved(after)
}

/// The source keys that the journal knows of.
#[derive(Default)]
struct Known {
    numbers: Numbers,
    texts: HashSet<Box<[u8]>>,
}

impl Known {
    fn read(journal: &Journal, place: usize) -> Result<Self> {
        let mut texts = HashSet::new();
        let mut trouble = Ok(());
        let left_out = journal.left_out_keys(place)?;
        let batches = journal
            .batches_of(place)
            .map_while(|batch| batch.map_err(|fault| trouble = Err(fault)).ok())
            .flat_map(|batch| {
                let keys = batch.source_keys;
                (0..keys.len()).map(move |place| keys.get(place))
            });
        let numbers = batches
            .chain(left_out)
            .filter_map(|key| match IdKey::of(&key)? {
                IdKey::Number(number) => Some(number),
                IdKey::Text(text) => {
                    texts.insert(text);
                    None
                }
            })
            .collect();
        trouble?;
        Ok(Self { numbers, texts })
    }

    fn has(&self, key: &IdKey) -> bool {
        match key {
            IdKey::Number(number) => self.numbers.contains(*number),
            IdKey::Text(text) => self.texts.contains(text),
        }
    }
}
