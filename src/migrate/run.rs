//! The run from the first check to the last reference.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;

use super::control::Control;
use super::delete::delete_rows;
use super::foresee::{Foresight, circles};
use super::journal::{Journal, RunHeader, RunState};
use super::load::Load;
use super::people::People;
use super::preflight::check_destination;
use super::progress::{Phase, Progress, Teller};
use super::remap::Maps;
use super::second_pass::set_references;
use super::session::{SharedJournal, WriteSession, lock};
use crate::database::{Destination, Fault, FaultKind, Result, Source};
use crate::outsystems::Environment;
use crate::plan::{IdentifierPlan, Plan, SourceReading};

/// What a run needs.
pub struct RunRequest {
    /// What to do.
    pub plan: Arc<Plan>,
    /// What the journal says of it.
    pub header: RunHeader,
    /// The run's own folder, to be made.
    pub folder: PathBuf,
    /// Where rows are read.
    pub source: Arc<dyn Source>,
    /// Where rows are written.
    pub destination: Arc<dyn Destination>,
    /// The source's model.
    pub source_model: Arc<Environment>,
    /// The destination's model.
    pub destination_model: Arc<Environment>,
    /// Pause, stop, cancel.
    pub control: Control,
    /// How far it is; newest only.
    pub progress: watch::Sender<Progress>,
    /// What time it is, in words.
    pub clock: Arc<dyn Fn() -> String + Send + Sync>,
}

/// How a run ended.
#[derive(Debug)]
pub enum RunEnd {
    /// Everything is written; nothing is proved yet.
    Written,
    /// It was asked to stop.
    Stopped(Fault),
    /// It could not go on.
    Failed(Fault),
}

/// Runs a plan.
///
/// An error means that it was refused before the first write: a missing right, another run on the
/// same destination, a folder that cannot be written. What happens later is in [`RunEnd`].
pub async fn run(request: RunRequest) -> Result<(RunEnd, Journal)> {
    check_destination(&request.plan, request.source.as_ref(), request.destination.as_ref()).await?;
    let run_lock = request.destination.lock_run(&request.header.id).await?;
    let journal = Journal::create(&request.folder, &request.header, &request.plan)?;
    let journal: SharedJournal = Arc::new(Mutex::new(journal));
    let teller = Teller::new(request.progress.clone());
    let outcome = write(&request, &journal, &teller).await;
    teller.phase(Phase::Ended);
    drop(run_lock);
    let mut end = match outcome {
        Ok(()) => RunEnd::Written,
        Err(fault) if fault.kind == FaultKind::Cancelled => RunEnd::Stopped(fault),
        Err(fault) => RunEnd::Failed(fault),
    };
    // From the first write on nothing may look like a refusal, not even a full disk under the
    // journal.
    if let Err(fault) = note_end(&request, &journal, &end) {
        end = RunEnd::Failed(fault);
    }
    let journal = Arc::try_unwrap(journal)
        .map_err(|_| Fault::new(FaultKind::Other, "the journal is still in use after the run"))?;
    Ok((end, journal.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

fn note_end(request: &RunRequest, journal: &SharedJournal, end: &RunEnd) -> Result<()> {
    let (state, words) = match end {
        RunEnd::Written => (RunState::Written, "everything is written".to_owned()),
        RunEnd::Stopped(fault) => (RunState::Stopped, fault.what.clone()),
        RunEnd::Failed(fault) => (RunState::Failed, format!("failed: {fault}")),
    };
    let at = (request.clock)();
    let journal = lock(journal);
    journal.event(&at, &words)?;
    journal.set_state(state)?;
    if matches!(end, RunEnd::Written) { Ok(()) } else { journal.set_ended(&at) }
}

/// The highest id of each source table, children before parents: every reference that a row below
/// its table's mark holds leads to a row below its parent's (`engine.md` D10).
async fn high_water_marks(plan: &Plan, source: &dyn Source) -> Result<Vec<Option<i64>>> {
    let mut marks = vec![None; plan.entities.len()];
    if plan.options.source_reading == SourceReading::Frozen {
        return Ok(marks);
    }
    for (place, entity) in plan.entities.iter().enumerate().rev() {
        if let IdentifierPlan::Generated { source: key, .. } = &entity.identifier {
            // A table that is empty now stays out, whatever is inserted from here on.
            let highest = source.highest(&entity.source_table, &key.name).await?;
            marks[place] = Some(highest.unwrap_or(i64::from(i32::MIN)));
        }
    }
    Ok(marks)
}

async fn write(request: &RunRequest, journal: &SharedJournal, teller: &Teller) -> Result<()> {
    let plan = request.plan.as_ref();
    let note = |text: &str| lock(journal).event(&(request.clock)(), text);
    note(&format!("started, plan {}", plan.fingerprint))?;
    let mut control = request.control.clone();
    let session = |label: &str| {
        WriteSession::new(
            Arc::clone(&request.destination),
            Arc::clone(journal),
            request.control.clone(),
            format!("{}.{label}", request.header.id),
        )
    };
    let mut first = session("c");
    let marks = high_water_marks(plan, request.source.as_ref()).await?;

    teller.phase(Phase::Deleting);
    let deleted = delete_rows(plan, &mut first, &mut control, teller).await?;
    if deleted > 0 {
        note(&format!("{deleted} rows of the destination deleted"))?;
    }

    teller.phase(Phase::People);
    let mut maps = Maps::new(plan);
    let made = People {
        plan,
        source: request.source.as_ref(),
        destination: request.destination.as_ref(),
        destination_model: &request.destination_model,
        journal,
        session: &mut first,
    }
    .run(&mut maps)
    .await?;
    if made.users + made.groups + made.links > 0 {
        note(&format!(
            "{} users, {} groups and {} links created",
            made.users, made.groups, made.links
        ))?;
    }

    teller.phase(Phase::Loading);
    let at_once = if request.destination.facts().capabilities.parallel_writers {
        plan.options.parallel_entities.max(1)
    } else {
        1
    };
    let mut circles = circles(plan);
    for level in &plan.levels {
        let (now, later): (Vec<_>, Vec<_>) = circles
            .into_iter()
            .partition(|circle| level.iter().any(|place| circle.contains(place)));
        circles = later;
        for circle in now {
            let mut foresight = Foresight {
                plan,
                source: request.source.as_ref(),
                marks: &marks,
                control: control.clone(),
            };
            let left_out = foresight.look(&circle, &mut maps).await?;
            let names: Vec<&str> =
                circle.iter().map(|place| plan.entities[*place].name.as_str()).collect();
            note(&format!(
                "looked ahead around {}: {left_out} rows will be left out",
                names.join(", ")
            ))?;
        }
        let mut waiting = level.iter().copied();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < at_once {
                let Some(place) = waiting.next() else { break };
                let load = Load {
                    plan,
                    place,
                    source: Arc::clone(&request.source),
                    destination: &request.destination,
                    journal,
                    maps: &maps,
                    teller,
                    control: request.control.clone(),
                    session: session(&format!("e{place}")),
                    mark: marks[place],
                };
                running.push(async move { (place, load.run().await) });
            }
            let Some((place, carried)) = running.next().await else { break };
            let carried = match carried {
                Ok(carried) => carried,
                Err(fault) => {
                    teller.entity(place, |progress| progress.trouble = Some(fault.what.clone()));
                    teller.state(place, super::progress::EntityState::Failed);
                    return Err(fault);
                }
            };
            let rows = request.progress.borrow().entities[place].written;
            note(&format!("{} finished: {rows} rows written", plan.entities[place].name))?;
            let _ = maps.entities[place].set(Arc::new(carried));
        }
    }

    teller.phase(Phase::SecondPass);
    set_references(plan, &maps, journal, &mut first, &mut control, teller).await
}
