//! The run from the first check to the last reference.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;

use super::control::Control;
use super::delete::delete_rows;
use super::foresee::{Circle, Foresight, circles};
use super::journal::{Journal, RunHeader, RunState};
use super::load::Load;
use super::people::{Made, People};
use super::preflight::check_destination;
use super::progress::{EntityState, Phase, Progress, Teller};
use super::remap::Maps;
use super::second_pass::set_references;
use super::session::{SharedJournal, WriteSession, lock};
use super::surroundings::look_around;
use crate::database::{Destination, Fault, FaultKind, Result, Source};
use crate::outsystems::{Environment, SourceId};
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
async fn high_water_marks(plan: &Plan, source: &dyn Source) -> Result<Vec<Option<SourceId>>> {
    let mut marks = vec![None; plan.entities.len()];
    if plan.options.source_reading == SourceReading::Frozen {
        return Ok(marks);
    }
    for (place, entity) in plan.entities.iter().enumerate().rev() {
        if let IdentifierPlan::Generated { source: key, .. } = &entity.identifier {
            // A table that is empty now stays out, whatever is inserted from here on.
            let highest = source.highest(&entity.source_table, &key.name).await?;
            marks[place] = Some(SourceId(highest.unwrap_or(i64::from(i32::MIN))));
        }
    }
    Ok(marks)
}

/// What every phase of a run needs.
#[derive(Clone, Copy)]
struct Work<'a> {
    request: &'a RunRequest,
    plan: &'a Plan,
    journal: &'a SharedJournal,
    teller: &'a Teller,
}

async fn write(request: &RunRequest, journal: &SharedJournal, teller: &Teller) -> Result<()> {
    let work = Work { request, plan: request.plan.as_ref(), journal, teller };
    let plan = work.plan;
    work.note(&format!("started, plan {}", plan.fingerprint))?;
    let mut control = request.control.clone();
    look_around(plan, request.destination.as_source(), journal, &control).await?;
    let mut sessions = work.sessions();
    let marks = high_water_marks(plan, request.source.as_ref()).await?;
    work.delete(&mut sessions[0], &mut control).await?;
    let mut maps = Maps::new(plan);
    work.create_people(&mut sessions[0], &mut maps).await?;
    work.load(&mut sessions, &marks, &mut maps).await?;
    teller.phase(Phase::SecondPass);
    set_references(plan, &maps, journal, &mut sessions[0], &mut control, teller).await
}

impl Work<'_> {
    /// Adds a line to the run's story.
    fn note(&self, text: &str) -> Result<()> {
        lock(self.journal).event(&(self.request.clock)(), text)
    }

    /// As many sessions as may write at once. They serve one entity after the other: opening one
    /// takes longer than most tables. What is done one thing at a time is done in the first.
    fn sessions(&self) -> Vec<WriteSession> {
        let destination = &self.request.destination;
        let at_once = if destination.facts().capabilities.parallel_writers {
            self.plan.options.parallel_entities.max(1)
        } else {
            1
        };
        (1..=at_once)
            .map(|number| {
                WriteSession::new(
                    Arc::clone(destination),
                    Arc::clone(self.journal),
                    self.request.control.clone(),
                    format!("{}.w{number}", self.request.header.id),
                )
            })
            .collect()
    }

    async fn delete(&self, session: &mut WriteSession, control: &mut Control) -> Result<()> {
        self.teller.phase(Phase::Deleting);
        let deleted = delete_rows(self.plan, session, control, self.teller).await?;
        if deleted > 0 {
            self.note(&format!("{deleted} rows of the destination deleted"))?;
        }
        Ok(())
    }

    async fn create_people(&self, session: &mut WriteSession, maps: &mut Maps) -> Result<()> {
        self.teller.phase(Phase::People);
        let mut people = People {
            plan: self.plan,
            source: self.request.source.as_ref(),
            destination: self.request.destination.as_ref(),
            destination_model: &self.request.destination_model,
            journal: self.journal,
            session,
        };
        let Made { users, groups, links } = people.run(maps).await?;
        if users + groups + links > 0 {
            self.note(&format!("{users} users, {groups} groups and {links} links created"))?;
        }
        Ok(())
    }

    /// Carries all rows over, level by level: each refers to earlier ones only.
    async fn load(
        &self,
        sessions: &mut Vec<WriteSession>,
        marks: &[Option<SourceId>],
        maps: &mut Maps,
    ) -> Result<()> {
        self.teller.phase(Phase::Loading);
        let mut circles = circles(self.plan);
        for level in &self.plan.levels {
            let (now, later): (Vec<_>, Vec<_>) = circles
                .into_iter()
                .partition(|circle| level.iter().any(|place| circle.contains(place)));
            circles = later;
            for circle in now {
                self.look_ahead(&circle, marks, maps).await?;
            }
            self.load_level(level, marks, maps, sessions).await?;
        }
        Ok(())
    }

    async fn look_ahead(
        &self,
        circle: &Circle,
        marks: &[Option<SourceId>],
        maps: &mut Maps,
    ) -> Result<()> {
        let mut foresight = Foresight {
            plan: self.plan,
            source: self.request.source.as_ref(),
            marks,
            control: self.request.control.clone(),
        };
        let left_out = foresight.look(circle, maps).await?;
        let names: Vec<&str> =
            circle.iter().map(|place| self.plan.entities[*place].name.as_str()).collect();
        self.note(&format!(
            "looked ahead around {}: {left_out} rows will be left out",
            names.join(", ")
        ))
    }

    /// Carries the rows of a level's entities over, as many at once as there are idle sessions.
    /// When one fails, the others finish the batches they are writing.
    async fn load_level(
        &self,
        level: &[usize],
        marks: &[Option<SourceId>],
        maps: &Maps,
        idle: &mut Vec<WriteSession>,
    ) -> Result<()> {
        let (control, halt) = self.request.control.with_halt();
        let mut waiting = level.iter().copied().peekable();
        let mut running = FuturesUnordered::new();
        let mut outcome = Ok(());
        loop {
            while outcome.is_ok()
                && waiting.peek().is_some()
                && let Some(mut session) = idle.pop()
                && let Some(place) = waiting.next()
            {
                let control = control.clone();
                running.push(async move {
                    let load = Load {
                        plan: self.plan,
                        place,
                        source: Arc::clone(&self.request.source),
                        destination: &self.request.destination,
                        journal: self.journal,
                        maps,
                        teller: self.teller,
                        control,
                        session: &mut session,
                        mark: marks[place],
                    };
                    let carried = load.run().await;
                    (place, session, carried)
                });
            }
            let Some((place, session, carried)) = running.next().await else { return outcome };
            idle.push(session);
            let ended = match carried {
                Ok(carried) => {
                    let _ = maps.entities[place].set(Arc::new(carried));
                    self.note_finished(place)
                }
                Err(fault) => {
                    self.teller.entity(place, |entity| entity.trouble = Some(fault.what.clone()));
                    self.teller.state(place, EntityState::Failed);
                    Err(fault)
                }
            };
            if let Err(fault) = ended {
                halt.halt();
                // The others end because of this one.
                outcome = outcome.and(Err(fault));
            }
        }
    }

    fn note_finished(&self, place: usize) -> Result<()> {
        let rows = self.request.progress.borrow().entities[place].written;
        self.note(&format!("{} finished: {rows} rows written", self.plan.entities[place].name))
    }
}
