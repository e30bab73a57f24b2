//! Undo: our rows out, the rows that stood there before back (`engine.md` D7).
//!
//! Children go before their parents, in the reverse order of writing; then what the run deleted
//! comes back under its own ids, rows that took values of ours get their own back, and references
//! that were emptied are set again; what could not
//! come back is left in a script for somebody who has the right to do it. Every batch goes
//! the same way as those of a run, so undo survives whatever ends it and goes on when it is asked
//! for again. What is done is decided before the first write, by [`look`].

mod dependants;
mod ours;
mod own_values;
mod put_back;
mod record;
mod script;
mod take_out;
mod unkeyed;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use dependants::{Dependants, SHOWN_DEPENDANTS};
use ours::{Left, Ours};
pub use put_back::{Outlook, forecast};
pub use record::{NotRestored, UndoRecord, UndoResult};
pub use script::PutBackScript;

use super::control::Control;
use super::events::{Along, Muting, Which, afterwards, unasked};
use super::gently::{Gate, Pacing};
use super::journal::{
    BatchKind, Images, Journal, Recorder, RunHeader, RunState, Stretch, StretchKind,
};
use super::marker::Marker;
use super::past::settle_all;
use super::rejects::Rejects;
use super::run::can_wait;
use super::session::WriteSession;
use super::story::{Clock, Story};
use crate::database::{Destination, Fault, FaultKind, Result, Secret, Source, TableName, Value};
use crate::outsystems::{Environment, InstanceTable};
use crate::plan::{Plan, RunOptions};
use crate::proof::{Changed, changed};

/// What an undo needs.
pub struct UndoRequest {
    /// The plan of the run.
    pub plan: Arc<Plan>,
    /// What the journal says of the run; `operator` is whoever has it undone.
    pub header: RunHeader,
    /// The run's folder.
    pub folder: PathBuf,
    /// Where the run read rows: to tell rows that have changed since.
    pub source: Arc<dyn Source>,
    /// Where the run wrote.
    pub destination: Arc<dyn Destination>,
    /// The destination's model as it is now.
    pub destination_model: Arc<Environment>,
    /// What may stay.
    pub leave: Leave,
    /// The key of the masks, where it is known: without it, rows that hold one and are in a batch
    /// of which a row has changed may all count as changed.
    pub mask_key: Option<Secret>,
    /// Stop and cancel.
    pub control: Control,
    /// How far it is; newest only.
    pub progress: watch::Sender<UndoProgress>,
    /// What time it is, in words.
    pub clock: Arc<dyn Fn() -> String + Send + Sync>,
}

/// Which rows of ours the person agrees to leave where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// Those that others refer to.
    pub referenced: bool,
    /// Those that have changed since they were written.
    pub changed: bool,
}

/// How far an undo is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndoProgress {
    /// What it is busy with, in words.
    pub doing: String,
    /// Rows taken out or put back so far.
    pub done: u64,
    /// Rows to take out and to put back.
    pub of: u64,
    /// The last trouble, in words.
    pub trouble: Option<String>,
    /// What it waits for somebody to see to, with what to do; it goes on when it is told to.
    pub held: Option<String>,
}

/// What would be done to one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneTable {
    /// `Espace.Entity`, or the platform's table.
    pub name: String,
    /// Rows of ours that go.
    pub removed: u64,
    /// Rows of ours that stay, because others refer to them or they have changed.
    pub left: u64,
    /// Rows that the run deleted and that come back.
    pub restored: u64,
    /// Rows that took values of ours and get their own back.
    #[serde(default)]
    pub reset: u64,
    /// Rows that the run deleted and that do not come back, but are in the script.
    #[serde(default)]
    pub scripted: u64,
    /// Why not all of the table comes back as it was; empty where it does.
    pub inexact: String,
}

/// What an undo would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UndoPreview {
    /// The tables.
    pub tables: Vec<UndoneTable>,
    /// Rows of others that refer to ours.
    pub dependants: Vec<Dependants>,
    /// Rows of ours that have changed since they were written.
    pub changed: Vec<Changed>,
    /// References of the destination's own rows that were emptied and are set again.
    pub references: u64,
}

impl UndoPreview {
    /// Whether the destination is in the end as it was before the run, identity counters and what
    /// triggers did aside.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.tables.iter().all(|table| table.inexact.is_empty() && table.left == 0)
    }

    /// Rows that go, rows that come back.
    #[must_use]
    pub fn rows(&self) -> (u64, u64) {
        self.tables.iter().fold((0, 0), |(out, back), table| {
            (out + table.removed, back + table.restored + table.reset)
        })
    }

    /// Why it is refused unless the person agrees to leave rows; `None` when nothing is in the way.
    #[must_use]
    pub fn refusal(&self, leave: Leave) -> Option<Fault> {
        let referring: u64 = self.dependants.iter().map(|found| found.rows).sum();
        if referring > 0 && !leave.referenced {
            let first = self.dependants.iter().find_map(Dependants::first).unwrap_or_default();
            let what = match referring {
                1 => format!("a row of others refers to a row of this run: {first}"),
                rows => {
                    format!("{rows} rows of others refer to rows of this run, the first: {first}")
                }
            };
            return Some(Fault::new(FaultKind::Invalid, what).advise(
                "Nothing was written. --dry-run lists these rows. See to them first, or leave the \
                 rows that they refer to (--leave referenced).",
            ));
        }
        let changed: u64 = self.changed.iter().map(|found| found.rows).sum();
        (changed > 0 && !leave.changed).then(|| {
            let first = self.changed.iter().find_map(first_changed).unwrap_or_default();
            let what = match changed {
                1 => format!("a row of this run has changed since it was written: {first}"),
                rows => format!(
                    "{rows} rows of this run have changed since they were written, the first: \
                     {first}"
                ),
            };
            Fault::new(FaultKind::Invalid, what).advise(
                "Nothing was written. --dry-run lists these rows. See to them first, or leave \
                 them as they are (--leave changed).",
            )
        })
    }
}

/// The first of the rows that have changed, in words.
fn first_changed(found: &Changed) -> Option<String> {
    let first = found.shown.first()?;
    let attribute = match first.attribute.as_str() {
        "" => String::new(),
        attribute => format!(", {attribute}"),
    };
    Some(format!("row {} of {}{attribute}: {}", first.destination, found.name, first.what))
}

/// How an undo ended.
#[derive(Debug)]
pub enum UndoEnd {
    /// Everything that was to be done is done.
    Undone(UndoResult),
    /// It was asked to stop, or waits for somebody; it goes on when it is asked for again.
    Stopped(Fault),
    /// It could not go on.
    Failed(Fault),
}

/// Refuses a run that there is nothing to undo of.
pub fn check_undoable(journal: &Journal) -> Result<()> {
    match journal.state()? {
        RunState::Undone | RunState::UndoneInPart => {
            Err(Fault::new(FaultKind::Invalid, "this run is undone already")
                .advise("`osferry runs` lists the runs; the run's report says what was undone."))
        }
        _ => Ok(()),
    }
}

/// The steps of an undo that are shared by its preview and its doing.
struct Survey {
    ours: Ours,
    left: Left,
    preview: UndoPreview,
}

/// What an undo of this run would do. It only reads; the run may not be writing meanwhile.
pub async fn look(request: &UndoRequest) -> Result<UndoPreview> {
    let journal = Journal::open(&request.folder)?;
    journal.check()?;
    check_undoable(&journal)?;
    if !journal.prepared()?.is_empty() {
        request.progress.send_modify(|progress| {
            progress.trouble = Some(
                "some batches are in doubt; what became of them is found out before anything is \
                 undone"
                    .to_owned(),
            );
        });
    }
    Ok(survey(request, journal).await?.preview)
}

/// The gate through which the source is read: as gently as by the run. What changes is told.
fn gate(request: &UndoRequest) -> Gate {
    let RunOptions { source_connections, source_pace, .. } = request.plan.options;
    request.source.keep_to(source_connections);
    let progress = request.progress.clone();
    let told = move |pacing: &Pacing| {
        progress.send_modify(|progress| progress.doing.clone_from(&pacing.said));
        Ok(())
    };
    Gate::new(source_connections, source_pace, request.control.clone(), Box::new(told))
}

async fn survey(request: &UndoRequest, journal: Journal) -> Result<Survey> {
    let plan = request.plan.as_ref();
    let tell = |doing: String| {
        request.progress.send_modify(|progress| progress.doing = doing);
        // Looking writes nothing: it may end at any time.
        request.control.before_commit()
    };
    let ours = Ours::read(&journal, plan)?;
    let tables =
        put_back::outlook(plan, &journal, request.destination.as_ref(), &request.folder).await?;
    let references = rows_of_kind(&journal, BatchKind::Clear)?;
    let begun = UndoRecord::read(&journal)?;
    let mut left = Left::default();
    for (table, keys) in begun.iter().flat_map(|record| &record.left) {
        for key in keys {
            left.add_folded(table, key.clone());
        }
    }
    let mut preview = UndoPreview { references, ..UndoPreview::default() };
    let destination = request.destination.as_ref();
    // Once rows come back, all of ours are out: who refers to a key of ours then refers to the row
    // that had it before.
    if rows_of_kind(&journal, BatchKind::UndoDelete)? == 0 {
        preview.dependants =
            dependants::look(&ours, &request.destination_model, destination, &mut left, |column| {
                tell(format!("looking for rows of others that refer to ours: {column}"))
            })
            .await?;
    }
    // Once rows of ours are gone, or lack references that were emptied so that they can go, the
    // others cannot be compared any more.
    if begun.is_none() {
        let unfinished =
            matches!(journal.state()?, RunState::Running | RunState::Stopped | RunState::Failed);
        let journal = std::sync::Mutex::new(journal);
        let gate = gate(request);
        preview.changed = changed(
            plan,
            &journal,
            &gate.over(request.source.as_ref()),
            destination.as_source(),
            unfinished,
            request.mask_key.as_ref(),
            |progress| {
                let _ = tell(format!("looking for rows that have changed: {}", progress.name));
            },
        )
        .await?;
        for found in &preview.changed {
            let table = &plan.entities[found.place].destination_table;
            for key in &found.keys {
                left.add(table, key);
            }
        }
    }
    dependants::leave_parents(plan, &ours, destination, &mut left).await?;
    preview.tables = tables;
    for table in &ours.tables {
        let stay = left.among(&table.table, &table.keys);
        let place = match preview.tables.iter().position(|known| known.name == table.name) {
            Some(place) => place,
            None => {
                preview.tables.push(UndoneTable { name: table.name.clone(), ..Default::default() });
                preview.tables.len() - 1
            }
        };
        let stay_changed = left.among(&table.table, &table.changed);
        let undone = &mut preview.tables[place];
        undone.removed = table.rows - stay.min(table.rows);
        undone.left = stay + stay_changed;
        if table.changed_rows > 0 && !Images::are_there(&request.folder) {
            undone.inexact = put_back::NOT_KEPT.to_owned();
        } else {
            undone.reset = table.changed_rows.saturating_sub(stay_changed);
        }
    }
    Ok(Survey { ours, left, preview })
}

fn rows_of_kind(journal: &Journal, kind: BatchKind) -> Result<u64> {
    Ok(journal.of_kind(kind)?.iter().map(|batch| batch.rows).sum())
}

/// Undoes a run, or goes on with its undoing.
///
/// An error means that nothing was written: rows of others refer to ours or ours have changed and
/// nobody agreed to leave them, another run is writing to the destination, the journal is damaged
/// or in use. What happens later is in [`UndoEnd`].
pub async fn undo(request: UndoRequest) -> Result<UndoEnd> {
    let destination = Arc::clone(&request.destination);
    let run_lock = destination.lock_run(&request.header.id).await?;
    let recorder = Recorder::open(&request.folder)?;
    check_undoable(&recorder.reader()?)?;
    let images = match Images::are_there(&request.folder) {
        true => Some(Images::open(&request.folder)?),
        false => None,
    };
    let clock: Clock = Arc::clone(&request.clock);
    let rejects = Rejects::default();
    let story = Story { recorder: recorder.clone(), images, clock, rejects };
    // Batches of the run were marked where it had markers; those of an undo never are.
    let marker = match recorder.reader()?.finished("markers")? {
        Some(1) => Marker::find(destination.as_ref(), &request.header.id).await?,
        _ => None,
    };
    settle_all(&story, destination.as_ref(), marker.as_ref(), &request.control).await?;
    let survey = survey(&request, recorder.reader()?).await?;
    if let Some(refusal) = survey.preview.refusal(request.leave) {
        return Err(refusal);
    }
    let end = match carry(&request, &story, survey, marker.as_ref()).await {
        Ok(result) => UndoEnd::Undone(result),
        Err(fault) if can_wait(&fault) => UndoEnd::Stopped(fault),
        Err(fault) => UndoEnd::Failed(fault),
    };
    let end = match note_end(&story, &end).await {
        Ok(()) => end,
        Err(fault) => UndoEnd::Failed(fault),
    };
    drop(run_lock);
    Ok(end)
}

async fn note_end(story: &Story, end: &UndoEnd) -> Result<()> {
    let at = (story.clock)();
    let (state, words) = match end {
        UndoEnd::Undone(result) => {
            let record = UndoRecord::read(&story.recorder.reader()?)?.unwrap_or_default();
            UndoRecord { result: Some(result.clone()), ..record }.keep(story).await?;
            match result.is_exact() {
                true => (RunState::Undone, "undone: everything is as it was before".to_owned()),
                false => {
                    (RunState::UndoneInPart, "undone, but not all as it was before".to_owned())
                }
            }
        }
        UndoEnd::Stopped(fault) => (RunState::Undoing, format!("undo stopped: {fault}")),
        UndoEnd::Failed(fault) => (RunState::Undoing, format!("undo failed: {fault}")),
    };
    story.recorder.event(&at, &words)?;
    story.recorder.set_state(state, Some(at)).await
}

async fn carry(
    request: &UndoRequest,
    story: &Story,
    survey: Survey,
    marker: Option<&Marker>,
) -> Result<UndoResult> {
    let plan = request.plan.as_ref();
    let journal = story.recorder.reader()?;
    let stretch = journal.finished("stretch")?.unwrap_or_default() + 1;
    story.recorder.step("stretch", stretch).await?;
    let operator = request.header.operator.clone();
    let noted = Stretch::new(StretchKind::Undo, (story.clock)(), operator);
    story.recorder.stretch(noted).await?;
    UndoRecord { left: survey.left.all(), result: None }.keep(story).await?;
    story.recorder.set_state(RunState::Undoing, None).await?;
    story.tell("undoing")?;
    let (out, back) = survey.preview.rows();
    request.progress.send_modify(|progress| {
        progress.of = out + back;
        progress.done = 0;
    });
    let watching = request.progress.clone();
    let label = format!("{}.{stretch}.undo", request.header.id);
    let mut work = Undoing {
        plan,
        header: &request.header,
        folder: &request.folder,
        destination: request.destination.as_ref(),
        story,
        ours: &survey.ours,
        left: &survey.left,
        control: request.control.clone(),
        progress: &request.progress,
        session: WriteSession::new(
            Arc::clone(&request.destination),
            story.clone(),
            request.control.clone(),
            Arc::new(move |held| watching.send_modify(|progress| progress.held = held)),
            None,
            label.clone(),
        ),
        label,
        result: UndoResult { tables: survey.preview.tables.clone(), ..UndoResult::default() },
    };
    if let Err(fault) = work.carry_out(&journal).await {
        return Err(work.put_back_events(request, fault).await);
    }
    if let Some(marker) = marker {
        // A run that was undone before its end has left its markers.
        work.session.sweep(marker).await?;
    }
    Ok(work.result)
}

/// What every step of an undo needs.
struct Undoing<'a> {
    plan: &'a Plan,
    header: &'a RunHeader,
    folder: &'a Path,
    destination: &'a dyn Destination,
    story: &'a Story,
    ours: &'a Ours,
    left: &'a Left,
    control: Control,
    progress: &'a watch::Sender<UndoProgress>,
    session: WriteSession,
    /// What its session is called.
    label: String,
    result: UndoResult,
}

impl Undoing<'_> {
    /// Everything, from the first row that is taken out to the last subscription that is put back.
    async fn carry_out(&mut self, journal: &Journal) -> Result<()> {
        self.doing("putting subscriptions of processes away".to_owned());
        self.muting().mute().await?;
        self.take_out_unkeyed().await?;
        self.clear_references(journal).await?;
        self.set_own_references().await?;
        self.take_out().await?;
        self.put_back().await?;
        self.set_own_values().await?;
        self.set_references().await?;
        let activities = self.plan.instances(InstanceTable::Activity);
        let of_activities =
            |table: &&ours::OurTable| activities.is_some() && table.entity == activities;
        let ours = self.ours.tables.iter().find(of_activities).map(|table| &table.keys);
        let mut muting = self.muting();
        muting.along = Along::Undo { ours };
        muting.unmute(Which::All).await?;
        self.write_script().await
    }

    fn muting(&mut self) -> Muting<'_> {
        Muting {
            plan: self.plan,
            header: self.header,
            folder: self.folder,
            destination: self.destination,
            story: self.story,
            session: &mut self.session,
            control: &mut self.control,
            along: Along::Nothing,
        }
    }

    /// Subscriptions do not wait until somebody goes on with an undo that could not come to its end.
    async fn put_back_events(&mut self, request: &UndoRequest, fault: Fault) -> Fault {
        self.session.leave();
        let mut session = WriteSession::new(
            Arc::clone(&request.destination),
            self.story.clone(),
            unasked(),
            Arc::new(|_| {}),
            None,
            format!("{}.events", self.label),
        );
        let mut control = unasked();
        let muting = Muting { session: &mut session, control: &mut control, ..self.muting() };
        afterwards(muting, fault).await
    }

    fn doing(&self, what: String) {
        self.progress.send_modify(|progress| progress.doing = what);
    }

    fn done(&self, rows: u64) {
        self.progress.send_modify(|progress| {
            progress.done += rows;
            progress.trouble = None;
        });
    }

    /// The rows of these that do not stay.
    fn going(&self, table: &TableName, mut keys: Vec<Value>) -> Vec<Value> {
        keys.retain(|key| !self.left.contains(table, key));
        keys
    }
}
