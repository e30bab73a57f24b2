//! What a run has done before it goes on: read from its journal, and checked against the
//! destination before anything more is written (`engine.md` D2).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use super::journal::{BatchKind, BatchRecord, EARLIER, Journal, RunHeader, RunState};
use super::key_set::KeySet;
use super::marker::Marker;
use super::progress::{EntityState, Teller};
use super::remap::{Carried, came_twice, fold};
use super::settle::{Doubt, Verdict};
use super::story::Story;
use crate::database::{Destination, Fault, FaultKind, Fence, Result, Value, Witness};
use crate::outsystems::{Environment, Side};
use crate::plan::{IdentifierPlan, Plan, model_fingerprint};

/// How long the sessions of an interrupted stretch are waited for, a second at a time.
const FENCE_TRIES: u32 = 300;

/// The name of the step that an entity's last row ends.
pub(super) fn entity_step(place: usize) -> String {
    format!("entity {place}")
}

/// What was done of one entity.
#[derive(Default)]
pub(super) struct PastEntity {
    /// Whose id became whose, and which rows were left out.
    pub(super) carried: Arc<Carried>,
    /// Rows are dealt with up to this source key.
    pub(super) reached: Option<Value>,
    /// Hashes of the rows written or found there, each with their number, where nothing else tells
    /// them apart.
    pub(super) written: HashMap<u128, u64>,
    /// Rows of the destination that were written, where the plan changes rows that are there.
    pub(super) taken: KeySet,
    /// Rows written.
    pub(super) rows: u64,
    recognised: u64,
    /// Rows that an earlier run had left out by decision, where its rejects are tried again.
    left_before: usize,
    is_finished: bool,
}

/// What was done of all of them.
pub(super) struct Past {
    entities: Vec<Arc<PastEntity>>,
}

impl Past {
    /// Reads it from the journal. No batch may be in doubt any more.
    pub(super) fn read(journal: &Journal, plan: &Plan) -> Result<Self> {
        let entities = (0..plan.entities.len())
            .map(|place| PastEntity::read(journal, plan, place).map(Arc::new))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { entities })
    }

    /// What was done of an entity.
    pub(super) fn entity(&self, place: usize) -> Arc<PastEntity> {
        Arc::clone(&self.entities[place])
    }

    /// The entities of which nothing is left to do, with what became of their rows.
    pub(super) fn finished(&self) -> impl Iterator<Item = (usize, Arc<Carried>)> {
        let finished = |(place, past): (usize, &Arc<PastEntity>)| {
            past.is_finished.then(|| (place, Arc::clone(&past.carried)))
        };
        self.entities.iter().enumerate().filter_map(finished)
    }

    /// Has whoever watches see it.
    pub(super) fn show(&self, teller: &Teller) {
        for (place, past) in self.entities.iter().enumerate() {
            if past.rows + past.recognised == 0 && !past.is_finished {
                continue;
            }
            teller.entity(place, |progress| {
                let planned = past.carried.left_out.values().filter(|planned| **planned).count();
                let left_out = past.carried.left_out.len();
                progress.written = past.rows;
                progress.recognised = past.recognised;
                progress.left_out = planned.saturating_sub(past.left_before) as u64;
                progress.rejected = (left_out - planned) as u64;
                let left_out = left_out.saturating_sub(past.left_before);
                progress.read = past.rows + past.recognised + left_out as u64;
            });
            if past.is_finished {
                teller.state(place, EntityState::Done);
            }
        }
    }
}

impl PastEntity {
    fn read(journal: &Journal, plan: &Plan, place: usize) -> Result<Self> {
        let entity = &plan.entities[place];
        let mut past = Self {
            is_finished: journal.finished(&entity_step(place))?.is_some(),
            reached: journal.reached(place)?,
            ..Self::default()
        };
        let mut carried = Carried::default();
        let mut pairs = Vec::new();
        let mut after = 0;
        while let Some(batch) = journal.next_batch(place, after)? {
            after = batch.id;
            match batch.kind {
                BatchKind::Recognise if batch.session == EARLIER => {}
                BatchKind::Recognise | BatchKind::Change => past.recognised += batch.rows,
                _ => past.rows += batch.rows,
            }
            if entity.key_column().is_none() {
                for hash in batch.hashes {
                    *past.written.entry(hash).or_default() += 1;
                }
                continue;
            }
            if !entity.existing.sets().is_empty() {
                batch.destination_keys.iter().for_each(|key| past.taken.add(&key));
            }
            pairs.extend(batch.source_keys.iter().zip(batch.destination_keys.iter()));
        }
        // In order the map is small; rows recognised in a batch are noted before those written.
        pairs.sort_by_key(|(source, _)| source.as_integer());
        for (source, destination) in &pairs {
            if !carried.keep(source, destination) {
                return Err(came_twice(entity));
            }
        }
        // Rows that nothing tells apart are all read again, and left out again.
        if entity.key_column().is_some() {
            for row in journal.left_out(place)? {
                carried.left_out.insert(fold(&row.key), row.planned);
            }
        }
        for key in journal.left_before(place)? {
            past.left_before += usize::from(carried.left_out.insert(fold(&key), true).is_none());
        }
        past.carried = Arc::new(carried);
        Ok(past)
    }

    /// Whether a row of the source is dealt with already.
    pub(super) fn knows(&self, key: &Value) -> bool {
        self.carried.map.lookup(key).is_some() || self.carried.left_out.contains_key(&fold(key))
    }

    /// Whether anything was done of the entity.
    pub(super) fn is_empty(&self) -> bool {
        self.carried.map.is_empty() && self.carried.left_out.is_empty() && self.written.is_empty()
    }
}

/// Refuses a run that has nothing left to write.
pub(super) fn check_resumable(journal: &Journal) -> Result<()> {
    let state = journal.state()?;
    if matches!(state, RunState::Running | RunState::Stopped | RunState::Failed) {
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::Invalid,
        format!("there is nothing left to write in this run: {}", state.label()),
    )
    .advise(match state {
        RunState::Undoing => "`osferry undo` goes on with its undoing.",
        RunState::Undone | RunState::UndoneInPart => "A new run starts from its plan.",
        _ => "`osferry verify` proves it again; a new run starts from its plan.",
    }))
}

/// Refuses models that are other ones than at the start of the run (`design.md` decision 20).
pub(super) fn check_models(
    header: &RunHeader,
    source: &Environment,
    destination: &Environment,
) -> Result<()> {
    let Some((side, then, now)) = another_model(header, source, destination) else {
        return Ok(());
    };
    Err(Fault::new(
        FaultKind::Invalid,
        format!(
            "the {side}'s model is another one than at the start of the run: {then} then, {now} \
             now. Something was published there since, or it is another database"
        ),
    )
    .advise(
        "Nothing was written. Go back to what was published then, or undo this run and start a new \
         one.",
    ))
}

/// Errs, as a run that can be resumed, when somebody published while it went on.
pub fn published(
    header: &RunHeader,
    source: &Environment,
    destination: &Environment,
) -> Result<()> {
    let Some((side, then, now)) = another_model(header, source, destination) else {
        return Ok(());
    };
    Err(Fault::new(
        FaultKind::Changed,
        format!(
            "somebody published in the {side} while the run went on: its model was {then} and is {now}"
        ),
    )
    .advise(
        "Go back to what was published at the start, then go on (`osferry resume`); or undo the run \
         and start a new one.",
    ))
}

/// The first side whose model is another one than at the start of the run, with both fingerprints.
fn another_model(
    header: &RunHeader,
    source: &Environment,
    destination: &Environment,
) -> Option<(Side, String, String)> {
    [
        (Side::Source, source, &header.source_fingerprint),
        (Side::Destination, destination, &header.destination_fingerprint),
    ]
    .into_iter()
    .map(|(side, model, then)| (side, then.clone(), model_fingerprint(model)))
    .find(|(_, then, now)| then != now)
}

/// What a run has committed, as far as a look at the destination can tell whether it is there.
pub(super) struct Committed {
    /// Of each entity of which rows with numbers were written: its place, its first and its last
    /// batch, and the highest number.
    entities: Vec<(usize, Vec<BatchRecord>, i64)>,
}

impl Committed {
    /// Reads it from the journal.
    pub(super) fn read(journal: &Journal, plan: &Plan) -> Result<Self> {
        let mut entities = Vec::new();
        for place in 0..plan.entities.len() {
            let inserts = journal.inserts(place)?;
            let Some(highest) = highest_id(journal, place)? else { continue };
            let mut ends = Vec::new();
            for (number, _) in inserts.first().into_iter().chain(inserts.last()) {
                ends.extend(journal.next_batch(place, number - 1)?);
            }
            entities.push((place, ends, highest));
        }
        Ok(Self { entities })
    }
}

/// Refuses a destination that does not have any more what the run committed: it was restored from
/// a backup, has failed over with a loss, or its ids were set back.
pub(super) async fn check_committed(
    committed: &Committed,
    plan: &Plan,
    destination: &dyn Destination,
) -> Result<()> {
    for (place, ends, highest) in &committed.entities {
        let (entity, highest) = (&plan.entities[*place], *highest);
        for batch in ends {
            check_there(batch, &entity.name, destination).await?;
        }
        if let IdentifierPlan::Generated { destination: key, .. } = &entity.identifier {
            let there = destination.highest(&entity.destination_table, &key.name).await?;
            if there.is_none_or(|there| there < highest) {
                return Err(gone(
                    &entity.name,
                    &format!(
                        "its highest id is {} and was at least {highest}",
                        there.map_or_else(|| "none".to_owned(), |there| there.to_string())
                    ),
                ));
            }
        }
    }
    Ok(())
}

async fn check_there(batch: &BatchRecord, name: &str, destination: &dyn Destination) -> Result<()> {
    let Some(to) = &batch.written_to else { return Ok(()) };
    let Some(key) = &to.key else { return Ok(()) };
    let keys: Vec<Value> = batch.destination_keys.iter().collect();
    if keys.is_empty() || destination.witness(&to.table, key, &keys).await? != Witness::None {
        return Ok(());
    }
    Err(gone(name, &format!("none of the {} rows of batch {} is there", batch.rows, batch.id)))
}

fn gone(name: &str, what: &str) -> Fault {
    Fault::new(
        FaultKind::Data,
        format!("{name} does not have any more what this run has committed: {what}"),
    )
    .advise(
        "Nothing was written. The destination was restored or changed since; start a new run from \
         the plan.",
    )
}

fn highest_id(journal: &Journal, place: usize) -> Result<Option<i64>> {
    let mut highest = None;
    let mut after = 0;
    while let Some(batch) = journal.next_batch(place, after)? {
        after = batch.id;
        let ids = batch.destination_keys.iter().filter_map(|id| id.as_integer());
        if batch.kind == BatchKind::Insert {
            highest = highest.max(ids.max());
        }
    }
    Ok(highest)
}

/// Waits until the sessions of earlier stretches are gone, then finds out what became of each
/// batch of which nobody knows. After this no batch is in doubt.
pub(super) async fn settle_all(
    story: &Story,
    destination: &dyn Destination,
    marker: Option<&Marker>,
    control: &Control,
) -> Result<()> {
    end_sessions(story, destination, &mut control.clone()).await?;
    for batch in story.recorder.reader()?.prepared()? {
        let verdict = Doubt::of_record(&batch).settle(destination, marker).await?;
        let what = match verdict {
            Verdict::Committed => {
                story.recorder.committed(batch.id)?;
                "was committed"
            }
            Verdict::Aborted => {
                story.recorder.aborted(batch.id).await?;
                "was not committed, and is done again"
            }
        };
        let table = batch.written_to.map_or_else(String::new, |to| format!(" of {}", to.table));
        story.tell(&format!("batch {} ({} rows{table}) {what}", batch.id, batch.rows))?;
    }
    story.recorder.flush().await
}

/// Waits until every session that has written is gone, so that nothing it sent is done after this.
pub(super) async fn end_sessions(
    story: &Story,
    destination: &dyn Destination,
    control: &mut Control,
) -> Result<()> {
    for session in story.recorder.reader()?.open_sessions()? {
        fence(story, destination, &session, control).await?;
        story.recorder.session_gone(&session)?;
    }
    Ok(())
}

async fn fence(
    story: &Story,
    destination: &dyn Destination,
    session: &str,
    control: &mut Control,
) -> Result<()> {
    for tried in 0..FENCE_TRIES {
        if destination.fence(session).await? == Fence::Gone {
            return Ok(());
        }
        if tried == 0 {
            story.tell(&format!("waiting until the server has ended the session {session}"))?;
        }
        control.wait(Duration::from_secs(1)).await?;
    }
    Err(Fault::new(
        FaultKind::Busy,
        format!("the destination's server still holds the session {session} of this run"),
    )
    .advise("End that session on the server (its application name is osferry), then resume."))
}
