//! The run from the first check to the last reference.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;

use super::again::{check_fits, take_over};
use super::control::Control;
use super::delete::Deleting;
use super::events::{Along, Muting, Which, after_run};
use super::forecast::{LogMoment, note_log};
use super::foresee::Foresight;
use super::gently::{Gate, Pacing};
use super::journal::{self, Images, Journal, Recorder, RunHeader, RunState, StretchKind};
use super::key_set::KeySet;
use super::load::{BatchSize, Load};
use super::marker::{MARKER_TABLE, Marker};
use super::mask::{MaskKey, check_same_key, masked, needed_key};
use super::models::Models;
use super::past::{
    Committed, Past, check_committed, check_models, check_resumable, entity_step, settle_all,
};
use super::pauses;
use super::people::{Made, People};
use super::preflight::{check_destination, every_written};
use super::progress::{EntityState, Phase, Progress, Teller};
use super::reading::Reading;
use super::rejects::Rejects;
use super::remap::Maps;
use super::retry::{is_broken, needs_somebody};
use super::second_pass::SecondPass;
use super::session::{Held, Tolerance, WriteSession};
use super::story::Story;
use super::surroundings::look_around;
use super::unkeyed::Unkeyed;
use crate::database::{
    Destination, Fault, FaultKind, Result, Secret, Source, TableName, TableShape,
};
use crate::outsystems::{Environment, SourceId};
use crate::plan::{Circle, Plan, ReferenceRule, RunOptions, circles};

/// What the story says once nothing is left to write: the end of the time that writing took.
pub(super) const WRITTEN: &str = "everything is written";

/// What a run needs.
pub struct RunRequest {
    /// What to do.
    pub plan: Arc<Plan>,
    /// What the journal says of it; `operator` is whoever has it written from now on.
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
    /// The folder of the run whose rejects are tried again, where the plan does that.
    pub earlier: Option<PathBuf>,
    /// The key of the masks, where the plan masks personal data.
    pub mask_key: Option<Secret>,
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
pub async fn run(mut request: RunRequest) -> Result<RunEnd> {
    let key = needed_key(&request.plan, request.mask_key.as_ref())?;
    request.header.mask_key = key.as_ref().map(MaskKey::fingerprint);
    check_destination(&request.plan, request.source.as_ref(), request.destination.as_ref()).await?;
    if let Some(folder) = &request.earlier {
        check_same_key(&Journal::open(folder)?.header()?, key.as_ref())?;
    }
    let run_lock = request.destination.lock_run(&request.header.id).await?;
    // Until now somebody else may have undone it.
    if let Some(folder) = &request.earlier {
        let models = [request.source_model.as_ref(), request.destination_model.as_ref()];
        check_fits(folder, models, request.destination.as_ref()).await?;
    }
    let recorder = Recorder::create(&request.folder, &request.header, &request.plan)?;
    let end = carry(&request, recorder, key).await;
    drop(run_lock);
    Ok(end)
}

/// Goes on with a run that did not come to its end: whatever ended it, at the batch where it
/// ended. The request's plan and header are those of the journal in its folder.
///
/// An error means that nothing was written: besides the reasons of [`run`], a journal that is
/// damaged or in use, a run that has nothing left to write, models that are other ones than at
/// its start, and a destination that no longer has what the run committed.
pub async fn resume(request: RunRequest) -> Result<RunEnd> {
    check_resumable(&Journal::open(&request.folder)?)?;
    let key = needed_key(&request.plan, request.mask_key.as_ref())?;
    check_same_key(&Journal::open(&request.folder)?.header()?, key.as_ref())?;
    check_models(&request.header, &request.source_model, &request.destination_model)?;
    check_destination(&request.plan, request.source.as_ref(), request.destination.as_ref()).await?;
    let run_lock = request.destination.lock_run(&request.header.id).await?;
    let recorder = Recorder::open(&request.folder)?;
    // Until now somebody else may have held the run.
    check_resumable(&recorder.reader()?)?;
    let committed = Committed::read(&recorder.reader()?, &request.plan)?;
    check_committed(&committed, &request.plan, request.destination.as_ref()).await?;
    let end = carry(&request, recorder, key).await;
    drop(run_lock);
    Ok(end)
}

/// Writes, from wherever the journal says that it is.
async fn carry(request: &RunRequest, recorder: Recorder, key: Option<MaskKey>) -> RunEnd {
    let teller = Teller::new(request.progress.clone());
    let outcome = write(request, &recorder, &teller, key).await;
    let outcome = match outcome {
        Err(fault) => Err(after_run(request, &recorder, fault).await),
        Ok(()) => Ok(()),
    };
    teller.phase(Phase::Ended);
    let end = match outcome {
        Ok(()) => RunEnd::Written,
        Err(fault) if can_wait(&fault) => RunEnd::Stopped(fault),
        Err(fault) => RunEnd::Failed(fault),
    };
    // From the first write on nothing may look like a refusal, not even a full disk under the
    // journal.
    match note_end(request, &recorder, &end).await {
        Ok(()) => end,
        Err(fault) => RunEnd::Failed(fault),
    }
}

/// Whether a run that ended so has only to be resumed, once somebody has seen to the reason.
pub(super) fn can_wait(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Cancelled | FaultKind::Changed | FaultKind::InDoubt)
        || is_broken(fault)
        || needs_somebody(fault)
}

async fn note_end(request: &RunRequest, recorder: &Recorder, end: &RunEnd) -> Result<()> {
    let (state, words) = match end {
        RunEnd::Written => (RunState::Written, WRITTEN.to_owned()),
        RunEnd::Stopped(fault) => (RunState::Stopped, fault.to_string()),
        RunEnd::Failed(fault) => (RunState::Failed, format!("failed: {fault}")),
    };
    let at = (request.clock)();
    recorder.event(&at, &words)?;
    let ended = (!matches!(end, RunEnd::Written)).then_some(at);
    recorder.set_state(state, ended).await
}

/// What every phase of a run needs.
#[derive(Clone, Copy)]
struct Work<'a> {
    request: &'a RunRequest,
    plan: &'a Plan,
    story: &'a Story,
    /// What was done before this stretch of the run.
    past: &'a Past,
    teller: &'a Teller,
    reading: &'a Reading,
    /// The source as rows are read from it.
    source: &'a Arc<dyn Source>,
    /// The source as it is at any time.
    now: &'a Arc<dyn Source>,
    models: &'a Models,
}

async fn write(
    request: &RunRequest,
    recorder: &Recorder,
    teller: &Teller,
    key: Option<MaskKey>,
) -> Result<()> {
    let plan = request.plan.as_ref();
    let images = match plan.options.keep_before_images {
        true => Some(Images::open(&request.folder)?),
        false => None,
    };
    let story = Story {
        recorder: recorder.clone(),
        images,
        clock: Arc::clone(&request.clock),
        rejects: Rejects::new(&plan.options),
    };
    let stretch = begin(request, &story).await?;
    let marker = stretch.marker.as_deref();
    settle_all(&story, request.destination.as_ref(), marker, &request.control).await?;
    take_over(request, &story).await?;
    let past = Past::read(&recorder.reader()?, plan)?;
    past.show(teller);
    look_around(plan, request.destination.as_source(), &story, &request.control).await?;
    request.source.keep_to(plan.options.source_connections);
    let gate = gate(request, &story, teller);
    let reading = tokio::select! {
        reading = Reading::open(&request.plan, &request.source, &gate, &story) => reading?,
        followed = gate.attend(&request.header.operator.system_user) => match followed? {},
    };
    let source = masked(reading.source(), plan, key);
    let now = reading.as_it_is();
    let models = Models::new(&request.source_model, &request.destination_model);
    note_log(recorder, request.destination.as_ref(), LogMoment::Before).await?;
    let work = Work {
        request,
        plan,
        story: &story,
        past: &past,
        teller,
        reading: &reading,
        source: &source,
        now: &now,
        models: &models,
    };
    tokio::select! {
        outcome = work.write_all(&stretch) => outcome,
        outcome = reading.watch(&request.control, teller) => outcome.map(|never| match never {}),
        outcome = gate.attend(&request.header.operator.system_user) => outcome.map(|never| match never {}),
        outcome = pauses::tell(request.control.clone(), story.note()) => outcome.map(|never| match never {}),
    }?;
    note_log(recorder, request.destination.as_ref(), LogMoment::After).await
}

/// Sessions that have nothing to write just now, and those that take turns with one of them.
type Sessions<'a> = (&'a mut Vec<WriteSession>, &'a mut Vec<WriteSession>);

/// The gate to the source: how it is read is told to whoever watches, and to the story.
fn gate(request: &RunRequest, story: &Story, teller: &Teller) -> Gate {
    let (note, teller) = (story.note(), teller.clone());
    let told = move |pacing: &Pacing| {
        teller.pacing(pacing.clone());
        note(&pacing.said)
    };
    let RunOptions { source_connections, source_pace, .. } = request.plan.options;
    Gate::new(source_connections, source_pace, request.control.clone(), Box::new(told))
}

/// A stretch of a run: from its start, or from where it goes on, to wherever it ends.
struct Stretch {
    number: i64,
    marker: Option<Arc<Marker>>,
}

/// Notes that a stretch of the run begins.
async fn begin(request: &RunRequest, story: &Story) -> Result<Stretch> {
    let recorder = &story.recorder;
    let journal = recorder.reader()?;
    let number = journal.finished("stretch")?.unwrap_or_default() + 1;
    let found = Marker::find(request.destination.as_ref(), &request.header.id).await?;
    // Batches of a stretch without markers cannot be looked up by them.
    let has_markers = match journal.finished("markers")? {
        None => {
            recorder.step("markers", i64::from(found.is_some())).await?;
            found.is_some()
        }
        Some(before) => before == 1,
    };
    recorder.step("stretch", number).await?;
    let kind = if number == 1 { StretchKind::Run } else { StretchKind::Resume };
    let operator = request.header.operator.clone();
    recorder.stretch(journal::Stretch::new(kind, (request.clock)(), operator)).await?;
    recorder.set_state(RunState::Running, None).await?;
    story.tell(&match number {
        1 => format!("started, plan {}", request.plan.fingerprint),
        _ => format!("gone on with, for the {}. time", number - 1),
    })?;
    if has_markers && number == 1 {
        story.tell(&format!("each batch is marked in {MARKER_TABLE} of the destination"))?;
    }
    Ok(Stretch { number, marker: found.filter(|_| has_markers).map(Arc::new) })
}

impl<'w> Work<'w> {
    /// From the first deletion to the last reference.
    async fn write_all(self, stretch: &Stretch) -> Result<()> {
        let mut control = self.request.control.clone();
        let (mut sessions, mut spares) = self.sessions(stretch);
        let marks = self.reading.marks();
        if !self.plan.events.is_empty() {
            self.teller.phase(Phase::Muting);
        }
        let shapes = self.shapes().await?;
        self.muting(&mut sessions[0], &mut control).mute().await?;
        self.delete(&mut sessions[0], &mut control, &shapes).await?;
        let mut maps = Maps::new(self.plan);
        self.create_people(&mut sessions[0], &mut maps).await?;
        self.muting(&mut sessions[0], &mut control).unmute(Which::OfPeople).await?;
        self.load((&mut sessions, &mut spares), &marks, &mut maps).await?;
        self.reading.finish().await?;
        self.teller.phase(Phase::SecondPass);
        let mut second = SecondPass {
            plan: self.plan,
            maps: &maps,
            story: self.story,
            session: &mut sessions[0],
            control: &mut control,
            teller: self.teller,
        };
        second.set_references().await?;
        let source = self.now.as_ref();
        let mut muting = self.muting(&mut sessions[0], &mut control);
        muting.along = Along::Run { source, maps: &maps };
        muting.unmute(Which::All).await?;
        match &stretch.marker {
            Some(marker) => sessions[0].sweep(marker).await,
            None => Ok(()),
        }
    }

    /// The tables that it writes to, as they are: asked about together, for whoever writes there.
    async fn shapes(&self) -> Result<HashMap<TableName, TableShape>> {
        let destination = self.request.destination.as_ref();
        let tables: HashSet<TableName> = every_written(self.plan).collect();
        let tables: Vec<TableName> = tables.into_iter().collect();
        let shapes = destination.shapes(&tables).await?;
        let shapes: HashMap<_, _> = tables
            .into_iter()
            .zip(shapes)
            .filter_map(|(table, shape)| Some((table, shape?)))
            .collect();
        let named: Vec<TableName> = shapes.values().map(|shape| shape.name.clone()).collect();
        destination.about_to_write(&named).await?;
        Ok(shapes)
    }

    /// As many sessions as may write at once, and as many more that take turns with them: while one of
    /// two writes, the other brings rows to the server. They serve one entity after the other: opening
    /// one takes longer than most tables. What is done one thing at a time is done in the first.
    fn sessions(&self, stretch: &Stretch) -> (Vec<WriteSession>, Vec<WriteSession>) {
        let are_several = self.request.destination.facts().capabilities.parallel_writers;
        let at_once = if are_several { self.plan.options.parallel_entities.max(1) } else { 1 };
        let tolerance = Tolerance::new(at_once);
        let named = |kind: char| {
            let session = |number| self.session(stretch, &format!("{kind}{number}"));
            (1..=at_once).map(|number| session(number).within(Arc::clone(&tolerance))).collect()
        };
        (named('w'), if are_several { named('s') } else { Vec::new() })
    }

    /// A session that is not open yet.
    fn session(&self, stretch: &Stretch, name: &str) -> WriteSession {
        let teller = self.teller.clone();
        let held: Held = Arc::new(move |held| teller.held(held));
        WriteSession::new(
            Arc::clone(&self.request.destination),
            self.story.clone(),
            self.request.control.clone(),
            held,
            stretch.marker.clone(),
            format!("{}.{}.{name}", self.request.header.id, stretch.number),
        )
    }

    fn muting<'a>(&self, session: &'a mut WriteSession, control: &'a mut Control) -> Muting<'a>
    where
        'w: 'a,
    {
        Muting {
            plan: self.plan,
            header: &self.request.header,
            folder: &self.request.folder,
            destination: self.request.destination.as_ref(),
            story: self.story,
            session,
            control,
            along: Along::Nothing,
        }
    }

    async fn delete(
        &self,
        session: &mut WriteSession,
        control: &mut Control,
        shapes: &HashMap<TableName, TableShape>,
    ) -> Result<()> {
        self.teller.phase(Phase::Deleting);
        let mut deleting = Deleting {
            plan: self.plan,
            destination: self.request.destination.as_ref(),
            story: self.story,
            session,
            control,
            teller: self.teller,
            shapes,
        };
        let deleted = deleting.run().await?;
        if deleted > 0 {
            self.story.tell(&format!("{deleted} rows of the destination deleted"))?;
        }
        Ok(())
    }

    async fn create_people(&self, session: &mut WriteSession, maps: &mut Maps) -> Result<()> {
        self.teller.phase(Phase::People);
        let mut people = People {
            plan: self.plan,
            source: self.source.as_ref(),
            destination: self.request.destination.as_ref(),
            source_model: &self.request.source_model,
            destination_model: &self.request.destination_model,
            story: self.story,
            session,
        };
        let Made { users, updated, groups, links } = people.run(maps).await?;
        if updated > 0 {
            self.story.tell(&format!("{updated} users updated"))?;
        }
        if users + groups + links > 0 {
            self.story
                .tell(&format!("{users} users, {groups} groups and {links} links created"))?;
        }
        Ok(())
    }

    /// Carries all rows over, parents before children. Around a circle is looked ahead once nothing
    /// else can be carried over before it.
    async fn load(
        &self,
        (idle, spares): Sessions<'_>,
        marks: &[Option<SourceId>],
        maps: &mut Maps,
    ) -> Result<()> {
        self.teller.phase(Phase::Loading);
        for (place, carried) in self.past.finished() {
            let _ = maps.entities[place].set(carried);
        }
        let mut circles = circles(&self.plan.entities, ReferenceRule::decides_late);
        let mut waiting: Vec<usize> = (0..self.plan.entities.len())
            .filter(|place| maps.entities[*place].get().is_none())
            .collect();
        circles.retain(|circle| waiting.iter().any(|place| circle.contains(place)));
        while !waiting.is_empty() {
            let before = waiting.len();
            self.load_ready(&mut waiting, &circles, marks, maps, (&mut *idle, &mut *spares))
                .await?;
            let is_next =
                |circle: &Circle| circle.iter().any(|place| is_ready(self.plan, *place, maps));
            let next = circles.iter().position(is_next);
            match next {
                Some(next) => self.look_ahead(&circles.remove(next), marks, maps).await?,
                None if waiting.len() == before => return Err(no_order(self.plan, &waiting)),
                None => {}
            }
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
            source: self.source.as_ref(),
            marks,
            control: self.request.control.clone(),
            past: self.past,
        };
        let left_out = foresight.look(circle, maps).await?;
        let names: Vec<&str> =
            circle.iter().map(|place| self.plan.entities[*place].name.as_str()).collect();
        self.story.tell(&format!(
            "looked ahead around {}: {left_out} rows will be left out",
            names.join(", ")
        ))
    }

    /// Carries rows over, of as many entities at once as there are idle sessions: of each as soon as
    /// all is there that its rows refer to, until what is left belongs to a circle, or waits for one.
    /// When one fails, the others finish the batches they are writing.
    async fn load_ready(
        &self,
        waiting: &mut Vec<usize>,
        circles: &[Circle],
        marks: &[Option<SourceId>],
        maps: &Maps,
        (idle, spares): Sessions<'_>,
    ) -> Result<()> {
        let (control, halt) = self.request.control.with_halt();
        let is_next = |place: &usize| {
            !circles.iter().any(|circle| circle.contains(place))
                && is_ready(self.plan, *place, maps)
        };
        let mut running = FuturesUnordered::new();
        let mut outcome = Ok(());
        loop {
            while outcome.is_ok()
                && let Some(next) = waiting.iter().position(is_next)
                && let Some(mut session) = idle.pop()
            {
                let place = waiting.remove(next);
                let control = control.clone();
                let mut spare = spares.pop();
                running.push(async move {
                    let load = Load {
                        plan: self.plan,
                        place,
                        source: Arc::clone(self.source),
                        reading: self.reading,
                        destination: &self.request.destination,
                        story: self.story,
                        past: self.past.entity(place),
                        size: BatchSize::new(self.plan.options.batch_rows),
                        unkeyed: Unkeyed::default(),
                        range: None,
                        taken: KeySet::default(),
                        maps,
                        teller: self.teller,
                        control,
                        session: &mut session,
                        spare: spare.as_mut(),
                        mark: marks[place],
                    };
                    let carried = match self.models.check(self.request, self.now.as_ref()).await {
                        Ok(()) => load.run().await,
                        Err(fault) => Err(fault),
                    };
                    (place, session, spare, carried)
                });
            }
            let Some((place, session, spare, carried)) = running.next().await else {
                return outcome;
            };
            idle.push(session);
            spares.extend(spare);
            let ended = match carried {
                Ok(carried) => {
                    let _ = maps.entities[place].set(Arc::new(carried));
                    self.note_finished(place).await
                }
                Err(fault) => {
                    self.teller.entity(place, |entity| entity.trouble = Some(fault.what.clone()));
                    self.teller.state(place, EntityState::Failed);
                    Err(fault)
                }
            };
            if let Err(fault) = ended {
                halt.halt();
                self.reading.halt();
                // The others end because of this one.
                outcome = outcome.and(Err(fault));
            }
        }
    }

    async fn note_finished(&self, place: usize) -> Result<()> {
        let rows = self.request.progress.borrow().entities[place].written;
        self.story.recorder.step(&entity_step(place), rows as i64).await?;
        self.story
            .tell(&format!("{} finished: {rows} rows written", self.plan.entities[place].name))
    }
}

/// Whether everything that an entity's rows refer to is there, but for what waits for the second pass.
fn is_ready(plan: &Plan, place: usize, maps: &Maps) -> bool {
    plan.entities[place]
        .references()
        .filter(|(rule, _)| !rule.is_deferred)
        .all(|(_, target)| maps.entities[target].get().is_some())
}

fn no_order(plan: &Plan, waiting: &[usize]) -> Fault {
    let names: Vec<&str> =
        waiting.iter().map(|place| plan.entities[*place].name.as_str()).collect();
    Fault::new(
        FaultKind::Other,
        format!("the plan has no order in which {} can be carried over", names.join(", ")),
    )
}
