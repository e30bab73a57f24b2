//! Process events: subscriptions are put away before the first write and put back at the end, so that
//! no process starts by rows that are written (`metamodel.md` §5.5, `design.md` decision 16).
//!
//! What a table holds is in the journal before the first of its rows goes, and a script that puts it
//! back lies beside it. Putting back looks at what is there and adds what lacks: whatever became of
//! an earlier try, and whatever a publish has written meanwhile, doing it again does no harm. So
//! nothing of it is ever in doubt.

mod along;
mod rows;
mod script;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use super::journal::{
    BatchKind, Journal, MutedRows, MutedState, NewBatch, Recorder, RunHeader, WrittenTo,
};
use super::operation::{Contents, Operation};
use super::past::end_sessions;
use super::rejects::Rejects;
use super::run::RunRequest;
use super::session::WriteSession;
use super::story::Story;
use crate::database::{
    Batch, Destination, Fault, FaultKind, Filter, InsertTarget, Removal, Result, RowsRequest,
};
use crate::plan::{EventTable, Plan};
pub(super) use along::Along;
pub(super) use rows::lacking;
use rows::{contents, take_off, union};
pub use script::{PutEventsBack, events_by_hand};
pub(super) use script::{emptied, filled};

/// Rows that are put back in one transaction.
const AT_ONCE: usize = 20_000;
/// How often a table is looked at that others write while it is emptied.
const LOOKS: usize = 20;
/// How long a run that has ended waits for a chance to put subscriptions back.
const AFTERWARDS: Duration = Duration::from_secs(60);
/// Entities that are named where event tables are empty; the others are counted.
const NAMED: usize = 2;

/// Which subscriptions are put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Those to users, groups and their links.
    OfPeople,
    /// Those that are not back yet.
    All,
}

/// What it takes to put subscriptions away and back.
pub(super) struct Muting<'a> {
    pub(super) plan: &'a Plan,
    pub(super) header: &'a RunHeader,
    pub(super) folder: &'a Path,
    pub(super) destination: &'a dyn Destination,
    pub(super) story: &'a Story,
    pub(super) session: &'a mut WriteSession,
    pub(super) control: &'a mut Control,
    pub(super) along: Along<'a>,
}

impl Muting<'_> {
    /// Puts every subscription away. Where an earlier stretch of the run was cut off meanwhile, what
    /// it had put away counts as there.
    pub(super) async fn mute(&mut self) -> Result<()> {
        if self.plan.events.is_empty() {
            return Ok(());
        }
        let known = self.known().await?;
        let journal = self.story.recorder.reader()?;
        let mut tables = Vec::new();
        for (place, table) in self.plan.events.iter().enumerate() {
            let before = known.iter().find(|known| known.place == place);
            if before.is_some_and(|before| before.state == MutedState::LeftOpen) {
                continue;
            }
            let there = self.read(table).await?;
            if journal.going(place)?.is_none()
                && let Some(going) = self.going(table, &there).await?
            {
                self.story.recorder.going(place, &going).await?;
            }
            if !there.is_empty() && !self.may_empty(table).await? {
                self.check_accepted(table, before)?;
                let state = MutedState::LeftOpen;
                tables.push(MutedRows { place, state, rows: there });
                continue;
            }
            let rows = match before {
                Some(before) if before.is_away() => union(&before.rows, &there)?,
                _ => there,
            };
            tables.push(MutedRows { place, state: MutedState::PutAway, rows });
        }
        self.story.recorder.muted(tables.clone()).await?;
        self.write_script().await?;
        let (mut rows, mut of) = (0, 0);
        for muted in tables {
            let table = &self.plan.events[muted.place];
            if muted.state == MutedState::LeftOpen {
                self.story.tell(&format!(
                    "{} subscriptions to {} stay in {}, as it was accepted: nobody may empty it",
                    muted.rows.len(),
                    table.entity,
                    table.table
                ))?;
                continue;
            }
            rows += muted.rows.len();
            of += usize::from(!muted.rows.is_empty());
            self.empty(muted).await.map_err(|fault| doing(table, "putting away", fault))?;
        }
        if rows > 0 {
            self.story.tell(&format!("{rows} subscriptions of {of} event tables put away"))?;
        }
        Ok(())
    }

    /// Puts subscriptions back: of each row as many as lack.
    pub(super) async fn unmute(&mut self, which: Which) -> Result<()> {
        if self.plan.events.is_empty() {
            return Ok(());
        }
        let known = self.known().await?;
        let journal = self.story.recorder.reader()?;
        let (mut rows, mut of) = (0, 0);
        for muted in known {
            let Some(table) = self.plan.events.get(muted.place) else { continue };
            let is_due = table.is_people || which == Which::All;
            if !is_due || matches!(muted.state, MutedState::Back | MutedState::LeftOpen) {
                continue;
            }
            let going = journal.going(muted.place)?;
            let back = self.coming_back(table, &muted.rows, going).await?;
            let note =
                |state, rows: &Batch| MutedRows { place: muted.place, state, rows: rows.clone() };
            self.story.recorder.muted(vec![note(MutedState::ComingBack, &back)]).await?;
            let added = self
                .fill(table, &back)
                .await
                .map_err(|fault| doing(table, "putting back", fault))?;
            self.story.recorder.muted(vec![note(MutedState::Back, &back)]).await?;
            rows += added;
            of += usize::from(added > 0);
        }
        if rows > 0 {
            self.story.tell(&format!("{rows} subscriptions of {of} event tables put back"))?;
        }
        if which == Which::All {
            PutEventsBack::delete(self.folder)?;
        }
        Ok(())
    }

    /// What the journal knows, with everything that was written to it.
    async fn known(&self) -> Result<Vec<MutedRows>> {
        self.story.recorder.flush().await?;
        self.story.recorder.reader()?.muted()
    }

    async fn read(&self, table: &EventTable) -> Result<Batch> {
        let request = RowsRequest::whole(&table.table, table.column_refs());
        self.destination.rows(&request).await
    }

    /// Whether whoever is signed in may empty and fill a table, as far as the server tells.
    async fn may_empty(&self, table: &EventTable) -> Result<bool> {
        let rights = self.destination.rights(std::slice::from_ref(&table.table)).await?;
        Ok(rights
            .first()
            .is_none_or(|rights| rights.delete != Some(false) && rights.insert != Some(false)))
    }

    /// That nobody may empty a table is accepted before a run begins (the check `events`). One that
    /// was emptied before is not left open afterwards.
    fn check_accepted(&self, table: &EventTable, before: Option<&MutedRows>) -> Result<()> {
        if before.is_none() {
            return Ok(());
        }
        let what = format!(
            "no right to empty the event table {}, which was empty or was emptied before",
            table.table
        );
        Err(Fault::new(FaultKind::Permission, what)
            .advise("Ask for INSERT and DELETE on it; then go on."))
    }

    /// Empties a table whose rows are kept. Rows that come meanwhile are kept before they go.
    async fn empty(&mut self, mut muted: MutedRows) -> Result<()> {
        let plan = self.plan;
        let table = &plan.events[muted.place];
        for _ in 0..LOOKS {
            self.control.between_batches().await?;
            let there = self.read(table).await?;
            if there.is_empty() {
                return Ok(());
            }
            let rows = union(&muted.rows, &there)?;
            if rows.len() > muted.rows.len() {
                muted.rows = rows;
                self.story.recorder.muted(vec![muted.clone()]).await?;
                self.write_script().await?;
            }
            match self.delete(table, contents(&there)).await {
                // Others write there: what they wrote has to be kept first.
                Err(fault) if fault.kind == FaultKind::Data => {}
                other => other?,
            }
        }
        let what = format!("others keep writing to the event table {}", table.table);
        Err(Fault::new(FaultKind::Changed, what)
            .advise("Nobody may publish while a run writes. Wait for its end, then go on."))
    }

    /// Deletes these rows and no others.
    async fn delete(&mut self, table: &EventTable, mut expect: Contents) -> Result<()> {
        let removal = Removal {
            table: table.table.clone(),
            filter: Filter::All,
            limit: AT_ONCE,
            key: None,
            returning: table.column_refs(),
        };
        loop {
            let operation =
                Operation::Delete { removal: &removal, keep: false, expect: Some(&expect) };
            let done = self
                .session
                .write(
                    &operation,
                    &mut |done, session| noted(BatchKind::Mute, table, done.rows, session),
                    &|_| {},
                )
                .await?;
            if done.rows == 0 {
                return Ok(());
            }
            take_off(&mut expect, &done.hashes);
        }
    }

    /// Inserts what lacks of these rows; returns how many did.
    async fn fill(&mut self, table: &EventTable, rows: &Batch) -> Result<u64> {
        let target = InsertTarget {
            table: table.table.clone(),
            columns: table.columns.clone(),
            identity: None,
        };
        let mut added = 0;
        while !rows.is_empty() {
            let operation = Operation::Lacking { target: &target, rows, limit: AT_ONCE };
            let done = self
                .session
                .write(
                    &operation,
                    &mut |done, session| noted(BatchKind::Unmute, table, done.rows, session),
                    &|_| {},
                )
                .await?;
            if done.rows == 0 {
                break;
            }
            added += done.rows;
        }
        Ok(added)
    }

    /// Has the script on disk that puts back whatever is away.
    async fn write_script(&self) -> Result<()> {
        let known = self.known().await?;
        let away: Vec<(&EventTable, &Batch)> = known
            .iter()
            .filter(|known| known.is_away())
            .filter_map(|known| Some((self.plan.events.get(known.place)?, &known.rows)))
            .collect();
        script::write(self.folder, self.header, self.destination, &away)
    }
}

fn doing(table: &EventTable, what: &str, fault: Fault) -> Fault {
    fault.while_doing(format!("{what} the subscriptions to {}", table.entity))
}

fn noted(kind: BatchKind, table: &EventTable, rows: u64, session: &str) -> NewBatch {
    NewBatch {
        written_to: Some(WrittenTo { table: table.table.clone(), key: None, columns: Vec::new() }),
        ..NewBatch::new(kind, session, rows)
    }
}

/// Whether subscriptions are away that a run has put away.
pub(super) fn are_away(recorder: &Recorder) -> bool {
    let known = recorder.reader().and_then(|journal| journal.muted());
    known.is_ok_and(|known| {
        known.iter().any(|known| !matches!(known.state, MutedState::Back | MutedState::LeftOpen))
    })
}

/// Subscriptions that a run has put away and not put back.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Away {
    /// How many.
    pub rows: u64,
    /// The event tables, with whose rows they are subscriptions to.
    pub tables: Vec<(String, String)>,
}

impl Away {
    /// Reads it from the journal; `None` where none is away.
    pub fn read(journal: &Journal, plan: &Plan) -> Result<Option<Self>> {
        let mut away = Self::default();
        for known in journal.muted()?.iter().filter(|known| known.is_away()) {
            if let Some(table) = plan.events.get(known.place) {
                away.rows += known.rows.len() as u64;
                away.tables.push((table.table.to_string(), table.entity.clone()));
            }
        }
        Ok((away.rows > 0).then_some(away))
    }

    /// What is to be known of it, in words.
    #[must_use]
    pub fn words(&self, run: &str) -> String {
        let mut of: Vec<&str> = self.tables.iter().map(|(_, entity)| entity.as_str()).collect();
        let others = of.len().saturating_sub(NAMED);
        of.truncate(NAMED);
        let others = match others {
            0 => String::new(),
            1 => " and 1 other".to_owned(),
            others => format!(" and {others} others"),
        };
        format!(
            "EVENT TABLES ARE EMPTY: {} subscriptions are put away. `osferry resume {run}` and \
             `osferry undo {run}` put them back; so does {} in the run's folder, carried out by a DBA. \
             Until then no process starts by rows of {}{others}.",
            self.rows,
            PutEventsBack::FILE,
            of.join(", "),
        )
    }
}

/// What is added to the reason of a run that has ended with subscriptions put away.
const STILL_AWAY: &str = "Event tables of the destination are still empty: going on with the run, \
     undoing it, or the script put-events-back.sql in its folder puts their subscriptions back.";

/// After a run, or an undo, that could not come to its end: puts back what it has put away, as far as
/// that is possible now. The session is one that nobody has written with.
pub(super) async fn afterwards(mut muting: Muting<'_>, fault: Fault) -> Fault {
    if !are_away(&muting.story.recorder) {
        return fault;
    }
    let Err(why) = again(&mut muting).await else { return fault };
    let why = why.in_a_line();
    // Where not even the journal can be written, the file itself still says what is away.
    let _ = muting.story.tell(&format!("subscriptions could not be put back: {why}"));
    let next = format!("{} {STILL_AWAY}", fault.next).trim_start().to_owned();
    Fault { next, ..fault }
}

/// What a lost session has sent may be done yet: only once it is gone can it be seen what lacks.
async fn again(muting: &mut Muting<'_>) -> Result<()> {
    muting.story.recorder.flush().await?;
    end_sessions(muting.story, muting.destination, muting.control).await?;
    muting.unmute(Which::All).await
}

/// Subscriptions do not wait until somebody goes on with a run that could not come to its end.
pub(super) async fn after_run(request: &RunRequest, recorder: &Recorder, fault: Fault) -> Fault {
    let story = Story {
        recorder: recorder.clone(),
        images: None,
        clock: Arc::clone(&request.clock),
        rejects: Rejects::default(),
    };
    let stretch = recorder.reader().and_then(|journal| journal.finished("stretch"));
    let label = format!("{}.{}.e", request.header.id, stretch.ok().flatten().unwrap_or_default());
    let destination = Arc::clone(&request.destination);
    let mut session =
        WriteSession::new(destination, story.clone(), unasked(), Arc::new(|_| {}), None, label);
    let muting = Muting {
        plan: &request.plan,
        header: &request.header,
        folder: &request.folder,
        destination: request.destination.as_ref(),
        story: &story,
        session: &mut session,
        control: &mut unasked(),
        along: Along::Nothing,
    };
    afterwards(muting, fault).await
}

/// Commands that nobody gives: what a run does after it was told to end.
pub(super) fn unasked() -> Control {
    Control::alone(AFTERWARDS)
}
