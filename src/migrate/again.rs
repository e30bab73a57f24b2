//! The rows that an earlier run could not write, tried once more.
//!
//! A run of its own: its plan is the earlier one's without what that has done, for the rows that
//! were rejected and those that went with them. Whose id became whose is taken over from the
//! earlier journal into the own one before the first write, so that nothing has to be asked of the
//! earlier one afterwards.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::journal::{
    BatchKind, EARLIER, Journal, Keys, NewBatch, PersonRecord, RefusedKind, RunState,
};
use super::past::{Committed, check_committed, check_models, entity_step};
use super::run::RunRequest;
use super::story::Story;
use crate::database::{Destination, Fault, FaultKind, Result, Value};
use crate::outsystems::{DestinationId, Environment};
use crate::plan::{Again, Plan};

/// The step of the journal that says whether everything is taken over.
const TAKEN_OVER: &str = "earlier";
/// Keys of a batch of rows that were left out.
const KEYS_AT_ONCE: usize = 100_000;

/// What can be tried again of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgainCount {
    /// Rows that were rejected, and rows that were left out with them.
    pub rows: u64,
    /// Rejected rows that cannot be tried again: they have no identifier, so nobody knows which
    /// they were.
    pub nameless: u64,
    /// Users and groups that were rejected.
    pub people: u64,
    /// Links between people and roles that were rejected.
    pub links: u64,
}

/// The plan that tries again what a run rejected.
///
/// Errs with a sentence where the run has not come to its end, is undone, or does not hold, and
/// where there is nothing to try again.
pub fn again(journal: &Journal) -> Result<(Plan, AgainCount)> {
    check_ended(journal)?;
    let (header, plan) = (journal.header()?, journal.plan()?);
    let mut again = Again { run: header.id.clone(), ..Again::default() };
    let mut count = AgainCount::default();
    for place in 0..plan.entities.len() {
        let rejected = journal.left_out(place)?.into_iter().filter(|row| !row.planned);
        let (known, nameless): (Vec<Value>, Vec<Value>) =
            rejected.map(|row| row.key).partition(|key| !key.is_null());
        count.rows += known.len() as u64;
        count.nameless += nameless.len() as u64;
        again.rows.push(known);
    }
    for PersonRecord { is_group, source, destination, .. } in journal.all_people()? {
        let people = if is_group { &mut again.groups } else { &mut again.users };
        people.insert(source, destination);
    }
    for refused in journal.refused(RefusedKind::Link)? {
        if let (Some(one), Some(other)) = (refused.key.as_integer(), refused.other.as_integer()) {
            let table = refused.place.rsplit('.').next().unwrap_or_default();
            let table = table.trim_matches(['[', ']']).to_uppercase();
            again.links.push((table, DestinationId(one), DestinationId(other)));
        }
    }
    count.links = again.links.len() as u64;
    count.people = journal.refused(RefusedKind::Person)?.len() as u64;
    if count.rows + count.people + count.links == 0 {
        let nameless = match count.nameless {
            0 => String::new(),
            rows => {
                format!("; {rows} were, and have no identifier by which they could be read again")
            }
        };
        return Err(Fault::new(
            FaultKind::Invalid,
            format!("run {} rejected no row that could be tried again{nameless}", header.id),
        )
        .advise(
            "Nothing was written. Rows left out by decision need another decision and a new run.",
        ));
    }
    Ok((plan.again(&again), count))
}

/// Refuses a run whose rows are not there to be built upon.
fn check_ended(journal: &Journal) -> Result<()> {
    let (state, id) = (journal.state()?, journal.header()?.id);
    let advice = match state {
        RunState::Written | RunState::Proved => return Ok(()),
        RunState::Running | RunState::Stopped | RunState::Failed => {
            format!("`osferry resume {id}` brings it to its end; then its rejects can be tried again.")
        }
        RunState::Disproved => format!(
            "Its ids cannot be relied upon. `osferry verify {id}` proves it again, `osferry undo {id}` \
             takes it back."
        ),
        RunState::Undoing | RunState::Undone | RunState::UndoneInPart => {
            "What it wrote is gone, and with it the rows that the rejected ones refer to. A new run \
             starts from its plan."
                .to_owned()
        }
    };
    let what = format!("the rejects of run {id} cannot be tried again: it is {}", state.label());
    Err(Fault::new(FaultKind::Invalid, what).advise(advice))
}

/// Refuses to try again what would not fit: an earlier run that is not what it was, a model that is
/// another one, or a destination without what the earlier run wrote.
pub async fn check_fits(
    earlier: &Path,
    [source, destination]: [&Environment; 2],
    written: &dyn Destination,
) -> Result<()> {
    let journal = Journal::open(earlier)?;
    check_ended(&journal)?;
    let (header, plan) = (journal.header()?, journal.plan()?);
    let cannot = |fault: Fault| {
        fault.while_doing(format!("the rejects of run {} cannot be tried again", header.id))
    };
    check_models(&header, source, destination).map_err(cannot)?;
    let committed = Committed::read(&journal, &plan)?;
    drop(journal);
    check_committed(&committed, &plan, written).await.map_err(cannot)
}

/// Takes over whose id became whose, unless that is done. A run that was cut off in the midst of it
/// goes on where it was.
pub(super) async fn take_over(request: &RunRequest, story: &Story) -> Result<()> {
    let Some(run) = &request.plan.rejects_of else { return Ok(()) };
    let own = story.recorder.reader()?;
    if own.finished(TAKEN_OVER)?.is_some() {
        return Ok(());
    }
    let earlier = Mutex::new(open(request.earlier.as_deref(), run)?);
    let own = Mutex::new(own);
    let mut rows = 0;
    for (place, entity) in request.plan.entities.iter().enumerate() {
        rows += Taking { story, own: &own, earlier: &earlier, place }.take().await?;
        // There is nothing to read where no row is tried again.
        if entity.again.as_ref().is_none_or(Vec::is_empty) {
            story.recorder.step(&entity_step(place), 0).await?;
        }
        request.control.clone().between_batches().await?;
    }
    story.recorder.step(TAKEN_OVER, 1).await?;
    story.tell(&format!(
        "tries again what run {run} rejected; whose id became whose of {rows} rows is taken over"
    ))
}

fn open(folder: Option<&Path>, run: &str) -> Result<Journal> {
    let gone = |fault: Fault| {
        Fault::new(
            FaultKind::Invalid,
            format!("the journal of run {run}, which knows whose id became whose, cannot be read: {fault}"),
        )
        .advise("Bring its folder back, or undo this run: it has written no row yet.")
    };
    let folder = folder.ok_or_else(|| gone(Fault::new(FaultKind::Other, "it is not there")))?;
    let journal = Journal::open(folder).map_err(gone)?;
    journal.check().map_err(gone)?;
    Ok(journal)
}

fn lock(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The map of one entity on its way from one journal to the other.
struct Taking<'a> {
    story: &'a Story,
    own: &'a Mutex<Journal>,
    earlier: &'a Mutex<Journal>,
    place: usize,
}

impl Taking<'_> {
    async fn take(&self) -> Result<u64> {
        // Batches are taken over in their order: so many of them are there already.
        let done = lock(self.own).batches(self.place)?.len();
        let (mut after, mut number, mut rows) = (0, 0, 0);
        loop {
            let next = lock(self.earlier).next_batch(self.place, after)?;
            let Some(batch) = next else { break };
            after = batch.id;
            // Rows without an identifier are nobody's parents.
            if batch.source_keys.is_empty() {
                continue;
            }
            rows += batch.rows;
            number += 1;
            if number > done {
                self.note(NewBatch {
                    entity: Some(self.place),
                    source_keys: batch.source_keys,
                    destination_keys: batch.destination_keys,
                    digest: batch.digest,
                    ..NewBatch::new(BatchKind::Recognise, EARLIER, batch.rows)
                })
                .await?;
            }
        }
        let mut left_out: Vec<Value> = Vec::new();
        for row in lock(self.earlier).left_out(self.place)? {
            if row.planned && !row.key.is_null() {
                left_out.push(row.key);
            }
        }
        left_out.extend(lock(self.earlier).left_before(self.place)?);
        let done = lock(self.own).left_before(self.place)?.len();
        for keys in left_out.get(done..).unwrap_or_default().chunks(KEYS_AT_ONCE) {
            self.note(NewBatch {
                entity: Some(self.place),
                source_keys: Keys::of(keys.iter().cloned()),
                ..NewBatch::new(BatchKind::LeftBefore, EARLIER, keys.len() as u64)
            })
            .await?;
        }
        Ok(rows)
    }

    async fn note(&self, batch: NewBatch) -> Result<()> {
        let number = self.story.recorder.next_batch();
        let _ = self.story.recorder.prepare(number, Arc::new(batch)).await?;
        self.story.recorder.committed(number)
    }
}
