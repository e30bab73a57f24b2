//! A writing session: one transaction at a time, journaled before COMMIT, settled when in doubt.
//!
//! This is the one way in which anything in this program writes to a destination (`engine.md` D2).

mod together;
mod tolerance;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::control::Control;
use super::journal::NewBatch;
use super::marker::{MARKER_TABLE, Marker};
use super::operation::{Done, Operation, perform};
use super::retry::{HALVE_AFTER, Patience, Remedy, in_words, is_broken};
use super::settle::{Doubt, Verdict};
use super::story::Story;
use crate::database::{
    Alike, AlikeTarget, Batch, Destination, Fault, FaultKind, Fence, InsertTarget, JournalToken,
    Outcome, Removal, Result, TableName, Writer,
};

use tolerance::{Change, Ended};

pub(super) use tolerance::Tolerance;

/// How long a lost session is waited for, a second at a time.
const FENCE_TRIES: u32 = 300;

/// Markers deleted in one transaction.
const MARKERS: usize = 4_000;

/// What the journal is to know before COMMIT: made from what was done and the session's name.
pub(super) type Record<'a> = &'a mut (dyn FnMut(&Done, &str) -> NewBatch + Send);
/// Told what went wrong when it is waited for, and when it is tried again.
pub(super) type Trouble<'a> = &'a (dyn Fn(&str) + Sync);

/// Told what somebody has to see to before a session goes on, and when it waits no longer.
pub(super) type Held = Arc<dyn Fn(Option<String>) + Send + Sync>;

/// Why a transaction was not done.
enum Setback {
    /// It is certain that nothing of it is in the database: it may be tried again.
    Decided(Fault),
    /// It is not to be tried again, whatever the fault: its fate is not known, or the run ends.
    Final(Fault),
}

impl From<Fault> for Setback {
    /// What comes up before COMMIT is sent leaves nothing behind.
    fn from(fault: Fault) -> Self {
        Self::Decided(fault)
    }
}

/// One session and what it needs to be opened again.
pub(super) struct WriteSession {
    destination: Arc<dyn Destination>,
    story: Story,
    control: Control,
    held: Held,
    marker: Option<Arc<Marker>>,
    /// How many write at once, where there are several.
    tolerance: Option<Arc<Tolerance>>,
    label: String,
    opened: u32,
    name: String,
    writer: Option<Box<dyn Writer>>,
}

impl WriteSession {
    /// A session to be opened with its first write. `label` is unique within the run and this
    /// stretch of it.
    pub(super) fn new(
        destination: Arc<dyn Destination>,
        story: Story,
        control: Control,
        held: Held,
        marker: Option<Arc<Marker>>,
        label: String,
    ) -> Self {
        Self {
            destination,
            story,
            control,
            held,
            marker,
            tolerance: None,
            label,
            opened: 0,
            name: String::new(),
            writer: None,
        }
    }

    /// The same, writing only when it is its turn.
    pub(super) fn within(self, tolerance: Arc<Tolerance>) -> Self {
        Self { tolerance: Some(tolerance), ..self }
    }

    /// Does one transaction, again and again while that may help. A transaction that touches no
    /// row is rolled back and not recorded.
    ///
    /// Errs with [`FaultKind::Retry`] when the server keeps rolling back rows that could be
    /// written in two halves.
    pub(super) async fn write(
        &mut self,
        operation: &Operation<'_>,
        record: Record<'_>,
        trouble: Trouble<'_>,
    ) -> Result<Done> {
        let mut patience = Patience::default();
        loop {
            let fault = match self.attempt_in_turn(operation, record, trouble).await {
                Ok(done) => return Ok(done),
                Err(Setback::Final(fault)) => return Err(fault),
                Err(Setback::Decided(fault)) => fault,
            };
            let halve = fault.kind == FaultKind::Retry && operation.can_be_halved();
            if halve && patience.tries() >= HALVE_AFTER {
                return Err(fault);
            }
            self.bear(&mut patience, fault, operation.table(), trouble).await?;
        }
    }

    /// Brings the rows of the insert to come to the server ahead of it. What goes wrong here goes
    /// wrong once more when they are inserted, and is dealt with then.
    pub(super) async fn stage(&mut self, target: &InsertTarget, batch: &Batch) {
        if let Ok(writer) = self.open().await {
            let _ = writer.stage(target, batch).await;
        }
    }

    /// What each row of a batch is equal to in the destination. Nothing is written.
    pub(super) async fn alike(
        &mut self,
        target: &AlikeTarget,
        batch: &Batch,
        trouble: Trouble<'_>,
    ) -> Result<Vec<Alike>> {
        let mut patience = Patience::default();
        loop {
            let looked = match self.open().await {
                Ok(writer) => look(writer, target, batch).await,
                Err(fault) => Err(fault),
            };
            let fault = match looked {
                Ok(alike) => {
                    // What was put beside the table for it goes, with the session if need be.
                    let _ = self.roll_back().await;
                    return Ok(alike);
                }
                Err(fault) => match self.give_up(fault, trouble).await {
                    Setback::Decided(fault) => fault,
                    Setback::Final(fault) => return Err(fault),
                },
            };
            self.bear(&mut patience, fault, &target.table, trouble).await?;
        }
    }

    /// Takes the markers of a run that has ended away: nothing asks for them any more.
    pub(super) async fn sweep(&mut self, marker: &Marker) -> Result<()> {
        let mut patience = Patience::default();
        loop {
            let fault = match self.delete_markers(marker).await {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    patience = Patience::default();
                    continue;
                }
                Err(fault) => fault,
            };
            let Remedy::Again(wait) = patience.remedy(&fault, self.chance(&patience)) else {
                // They are in nobody's way.
                return self.story.tell(&format!(
                    "the markers of this run stay in {MARKER_TABLE}: {}",
                    fault.in_a_line()
                ));
            };
            self.control.wait(wait).await?;
        }
    }

    /// Deletes some of them. Whether that was committed does not matter: the next look tells.
    async fn delete_markers(&mut self, marker: &Marker) -> Result<u64> {
        let removal = Removal {
            table: marker.target.table.clone(),
            filter: marker.ours(),
            limit: MARKERS,
            key: None,
            returning: Vec::new(),
        };
        let token = self.story.recorder.nothing_to_know().await?;
        match remove(self.open().await?, &removal, token).await {
            Ok(removed) => Ok(removed),
            Err(fault) => match self.give_up(fault, &|_| {}).await {
                Setback::Decided(fault) | Setback::Final(fault) => Err(fault),
            },
        }
    }

    /// Waits as long as a fault calls for, and says so. Errs with the fault when trying again
    /// changes nothing.
    async fn bear(
        &mut self,
        patience: &mut Patience,
        fault: Fault,
        table: &TableName,
        trouble: Trouble<'_>,
    ) -> Result<()> {
        match patience.remedy(&fault, self.chance(patience)) {
            Remedy::None => Err(fault),
            Remedy::Again(wait) => {
                let what = format!("{}; trying again in {}", fault.what, in_words(wait));
                self.say(table, &what, trouble)?;
                self.control.wait(wait).await
            }
            Remedy::Hold => {
                self.say(table, &format!("waiting for you: {fault}"), trouble)?;
                self.hold(&fault).await
            }
        }
    }

    /// Waits for somebody to see to something; whoever watches is told that, and what it is.
    async fn hold(&mut self, fault: &Fault) -> Result<()> {
        let held = &self.held;
        let gone_on = self.control.hold(fault, || held(Some(fault.in_a_line()))).await;
        held(None);
        gone_on
    }

    /// Says a trouble to whoever watches, and to the journal.
    fn say(&self, table: &TableName, what: &str, trouble: Trouble<'_>) -> Result<()> {
        trouble(what);
        self.story.tell(&format!("{table}: {what}"))
    }

    /// Something that differs from session to session.
    fn chance(&self, patience: &Patience) -> u8 {
        let hash = blake3::hash(format!("{}.{}", self.name, patience.tries()).as_bytes());
        hash.as_bytes()[0]
    }

    async fn open(&mut self) -> Result<&mut Box<dyn Writer>> {
        if self.writer.is_none() {
            self.opened += 1;
            self.name = format!("{}.{}", self.label, self.opened);
            // The name has to be on disk before the session's first write: a fence asks for it.
            self.story.recorder.session(&self.name).await?;
            self.writer = Some(self.destination.writer(&self.name).await?);
        }
        self.writer.as_mut().ok_or_else(no_session)
    }

    /// Tries once it is this session's turn, and notes what the destination bears.
    async fn attempt_in_turn(
        &mut self,
        operation: &Operation<'_>,
        record: Record<'_>,
        trouble: Trouble<'_>,
    ) -> std::result::Result<Done, Setback> {
        let Some(tolerance) = self.tolerance.clone() else {
            return self.attempt(operation, record, trouble).await;
        };
        let turn = tolerance.turn().await;
        let begun = Instant::now();
        let outcome = self.attempt(operation, record, trouble).await;
        let ended = match &outcome {
            Ok(_) => Some(Ended::Done(begun.elapsed())),
            Err(Setback::Decided(fault)) if fault.kind == FaultKind::Retry => {
                Some(Ended::TakenBack)
            }
            Err(_) => None,
        };
        let changed = ended.and_then(|ended| tolerance.note(ended));
        drop(turn);
        if let Some(Change { now, why }) = changed {
            let entities = if now == 1 { "1 entity" } else { &format!("{now} entities") };
            self.story
                .tell(&format!("at most {entities} written at once from here on: {why}"))
                .map_err(Setback::Final)?;
        }
        outcome
    }

    async fn attempt(
        &mut self,
        operation: &Operation<'_>,
        record: Record<'_>,
        trouble: Trouble<'_>,
    ) -> std::result::Result<Done, Setback> {
        operation.make_ready().await?;
        let number = self.story.recorder.next_batch();
        let ids_come_back = self.destination.facts().capabilities.ids_come_back;
        let marker = self.marker.clone();
        let writer = self.open().await?;
        let done = match perform(writer, operation, ids_come_back, marker.as_deref(), number).await
        {
            Ok(done) if done.rows > 0 => done,
            Ok(done) => {
                let _ = self.roll_back().await;
                return Ok(done);
            }
            Err(fault) => return Err(self.give_up(fault, trouble).await),
        };
        let (done, batch, token) = match self.prepare(operation, done, record, number).await {
            Ok(prepared) => prepared,
            Err(fault) => {
                let _ = self.roll_back().await;
                return Err(fault.into());
            }
        };
        if let Err(stop) = self.control.before_commit() {
            let _ = self.roll_back().await;
            self.story.recorder.aborted(number).await?;
            return Err(stop.into());
        }
        let Some(writer) = &mut self.writer else { return Err(no_session().into()) };
        match writer.commit(token).await {
            Outcome::Done => {
                self.story.recorder.committed(number).map_err(Setback::Final)?;
                Ok(done)
            }
            Outcome::RolledBack(fault) => {
                self.story.recorder.aborted(number).await?;
                Err(self.give_up(fault, trouble).await)
            }
            Outcome::Unknown(fault) => {
                self.writer = None;
                self.settle(number, &batch, fault, trouble).await.map(|()| done)
            }
        }
    }

    /// Has everything on disk that must be known after a crash.
    async fn prepare(
        &self,
        operation: &Operation<'_>,
        mut done: Done,
        record: Record<'_>,
        number: i64,
    ) -> Result<(Done, Arc<NewBatch>, JournalToken)> {
        if let (Some(columns), Some(images)) = (operation.kept(), &self.story.images) {
            done.image = Some(images.keep(columns.to_vec(), done.before.clone()).await?);
        }
        let mut batch = record(&done, &self.name);
        batch.image = done.image;
        let batch = Arc::new(batch);
        let token = self.story.recorder.prepare(number, Arc::clone(&batch)).await?;
        Ok((done, batch, token))
    }

    /// Nobody knows whether COMMIT was done: wait until the old session is gone, then look.
    /// Errs when it was not done, or when it cannot be known: then the batch stays prepared, to
    /// be neither repeated nor forgotten, and a resumed run looks again.
    async fn settle(
        &mut self,
        number: i64,
        batch: &NewBatch,
        fault: Fault,
        trouble: Trouble<'_>,
    ) -> std::result::Result<(), Setback> {
        self.fence(&fault, trouble).await.map_err(stays_unknown)?;
        let doubt = Doubt::of_new(number, batch);
        let mut patience = Patience::default();
        let verdict = loop {
            let look = doubt.settle(self.destination.as_ref(), self.marker.as_deref());
            let fault = match look.await {
                Ok(verdict) => break verdict,
                Err(fault) => fault,
            };
            match patience.remedy(&fault, self.chance(&patience)) {
                Remedy::Again(wait) => {
                    trouble(&format!("{}; looking again in {}", fault.what, in_words(wait)));
                    self.control.wait(wait).await.map_err(stays_unknown)?;
                }
                Remedy::Hold | Remedy::None => return Err(stays_unknown(fault)),
            }
        };
        match verdict {
            Verdict::Committed => self.story.recorder.committed(number).map_err(Setback::Final),
            Verdict::Aborted => {
                self.story.recorder.aborted(number).await.map_err(Setback::Final)?;
                Err(Setback::Decided(Fault { kind: FaultKind::Lost, ..fault }))
            }
        }
    }

    /// Waits until the lost session is gone, so that its transaction is decided.
    async fn fence(&mut self, why: &Fault, trouble: Trouble<'_>) -> Result<()> {
        for tried in 0..FENCE_TRIES {
            match self.destination.fence(&self.name).await {
                Ok(Fence::Gone) => return self.story.recorder.session_gone(&self.name),
                Ok(Fence::StillThere) => {}
                Err(fault) if is_broken(&fault) => {}
                Err(fault) => return Err(fault),
            }
            if tried == 0 {
                trouble(&format!("{}; waiting for the server", why.what));
                self.story.tell(&format!("{}; waiting for the server", why.what))?;
            }
            self.control.wait(Duration::from_secs(1)).await?;
        }
        Err(Fault::new(
            FaultKind::Lost,
            format!("{}, and the destination's server does not come back", why.what),
        )
        .advise("See to the server, and to a session that it may still hold; then resume the run."))
    }

    /// After an error before COMMIT, or a refused one: rolls back, or drops the session and waits
    /// until the server has. Returns what went wrong: when the connection turns out to be gone,
    /// then that.
    async fn give_up(&mut self, mut fault: Fault, trouble: Trouble<'_>) -> Setback {
        if !is_broken(&fault) {
            match self.roll_back().await {
                Ok(()) => return Setback::Decided(fault),
                // A server that is going down says all sorts of things first.
                Err(broken) if is_broken(&broken) => fault.kind = FaultKind::Lost,
                Err(_) => {}
            }
        }
        self.writer = None;
        match self.fence(&fault, trouble).await {
            Ok(()) => Setback::Decided(fault),
            Err(fault) => Setback::Final(fault),
        }
    }

    /// Ends the session; the server rolls back what it has open.
    pub(super) fn leave(&mut self) {
        self.writer = None;
    }

    async fn roll_back(&mut self) -> Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let rolled_back = writer.rollback().await;
        if rolled_back.is_err() {
            // The server rolls back when the session ends.
            self.writer = None;
        }
        rolled_back
    }
}

/// A transaction in which nothing is changed; it is left open.
async fn look(
    writer: &mut Box<dyn Writer>,
    target: &AlikeTarget,
    batch: &Batch,
) -> Result<Vec<Alike>> {
    writer.begin().await?;
    writer.alike(target, batch).await
}

/// One transaction that deletes rows.
async fn remove(
    writer: &mut Box<dyn Writer>,
    removal: &Removal,
    token: JournalToken,
) -> Result<u64> {
    writer.begin().await?;
    let removed = writer.delete(removal).await?;
    match writer.commit(token).await {
        Outcome::Done => Ok(removed.rows),
        Outcome::RolledBack(fault) | Outcome::Unknown(fault) => Err(fault),
    }
}

fn no_session() -> Fault {
    Fault::new(FaultKind::Lost, "no writing session")
}

/// A batch whose fate is not known ends the run for now.
fn stays_unknown(fault: Fault) -> Setback {
    let what = format!("whether the last batch was committed is not known yet: {}", fault.what);
    let next = if fault.next.is_empty() {
        "`osferry resume` looks for it before it writes anything.".to_owned()
    } else {
        fault.next
    };
    Setback::Final(Fault { kind: FaultKind::InDoubt, what, next, ..fault })
}
