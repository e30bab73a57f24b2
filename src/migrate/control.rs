//! Pause, stop and cancel, from whoever watches a run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::database::{Fault, FaultKind, Result};
use crate::plan::SourcePace;

/// What a run is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Command {
    /// Go on.
    #[default]
    Run,
    /// Finish the current batches, keep the sessions, wait.
    Pause,
    /// Finish the current batches and end.
    Stop,
    /// Roll the current batches back and end.
    Cancel,
}

/// The end that gives commands.
#[derive(Clone, Debug)]
pub struct Controller {
    sender: watch::Sender<Command>,
    pace: watch::Sender<Option<SourcePace>>,
}

/// The end that obeys.
#[derive(Clone, Debug)]
pub struct Control {
    receiver: watch::Receiver<Command>,
    /// What somebody has chosen instead of the plan's.
    pace: watch::Receiver<Option<SourcePace>>,
    attended: bool,
    halted: Arc<AtomicBool>,
    /// How long it may still wait in all; `None`: as long as it takes.
    patience: Option<Arc<Mutex<Duration>>>,
}

/// Ends what works under one control, between batches, because something else has failed.
pub(super) struct Halt {
    halted: Arc<AtomicBool>,
}

impl Halt {
    /// Has them end.
    pub(super) fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }
}

impl Controller {
    /// Both ends; the run goes on until told otherwise.
    #[must_use]
    pub fn new() -> (Self, Control) {
        let (sender, receiver) = watch::channel(Command::Run);
        let (pace, chosen) = watch::channel(None);
        let control = Control {
            receiver,
            pace: chosen,
            attended: false,
            halted: Arc::default(),
            patience: None,
        };
        (Self { sender, pace }, control)
    }

    /// Both ends, for a run that somebody watches who can see to what it waits for: a full log,
    /// a missing right. Without anybody such a run ends there, to be resumed.
    #[must_use]
    pub fn attended() -> (Self, Control) {
        let (controller, control) = Self::new();
        (controller, Control { attended: true, ..control })
    }

    /// Gives a command.
    pub fn say(&self, command: Command) {
        self.sender.send_replace(command);
    }

    /// Chooses how gently the source is read from now on.
    pub fn choose(&self, pace: SourcePace) {
        self.pace.send_replace(Some(pace));
    }
}

impl Control {
    /// Nobody gives commands, and no more than so much time is waited in all.
    pub(super) fn alone(patience: Duration) -> Self {
        let (_, control) = Controller::new();
        Self { patience: Some(Arc::new(Mutex::new(patience))), ..control }
    }

    /// The same commands for several at once, with the means to end them all.
    pub(super) fn with_halt(&self) -> (Self, Halt) {
        let halted = Arc::new(AtomicBool::new(false));
        (Self { halted: Arc::clone(&halted), ..self.clone() }, Halt { halted })
    }

    /// The same choice of how gently the source is read, without the commands: for what only reads
    /// once nothing is left to be paused or stopped.
    #[must_use]
    pub fn of_reading(&self) -> Self {
        Self { pace: self.pace.clone(), ..Controller::new().1 }
    }

    /// How gently somebody has chosen that the source is read; `None`: nobody has.
    #[must_use]
    pub fn pace(&self) -> Option<SourcePace> {
        *self.pace.borrow()
    }

    /// Waits for the next choice of how gently the source is read; for ever once nobody is left to
    /// make one.
    pub(super) async fn next_pace(&mut self) -> SourcePace {
        loop {
            if self.pace.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if let Some(pace) = *self.pace.borrow_and_update() {
                return pace;
            }
        }
    }

    /// Whether it has to end.
    pub(super) fn is_ending(&self) -> bool {
        matches!(*self.receiver.borrow(), Command::Stop | Command::Cancel)
    }

    /// Waits until it has to end.
    pub(super) async fn ending(&mut self) {
        let told = self.receiver.wait_for(|told| matches!(told, Command::Stop | Command::Cancel));
        if told.await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until it is to pause; for ever once nobody is left to say so.
    pub(super) async fn pausing(&mut self) {
        if self.receiver.wait_for(|told| *told == Command::Pause).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until it is no longer to pause: nobody left to say "go on" means go on.
    pub(super) async fn going_on(&mut self) {
        let _ = self.receiver.wait_for(|told| *told != Command::Pause).await;
    }

    /// Whether it is paused just now.
    pub(super) fn is_paused(&self) -> bool {
        *self.receiver.borrow() == Command::Pause
    }

    /// To be called between batches: waits while paused, errs when the run has to end.
    pub(super) async fn between_batches(&mut self) -> Result<()> {
        loop {
            if self.halted.load(Ordering::Relaxed) {
                return Err(stopped());
            }
            let command = *self.receiver.borrow_and_update();
            match command {
                Command::Run => return Ok(()),
                Command::Stop | Command::Cancel => return Err(stopped()),
                Command::Pause => {
                    // Nobody left to say "go on" means go on.
                    if self.receiver.changed().await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Waits so long, or errs as soon as the run has to end.
    pub(super) async fn wait(&mut self, time: Duration) -> Result<()> {
        if let Some(patience) = &self.patience {
            let mut left = patience.lock().unwrap_or_else(PoisonError::into_inner);
            *left = left.checked_sub(time).ok_or_else(stopped)?;
        }
        let end = tokio::time::Instant::now() + time;
        loop {
            if matches!(*self.receiver.borrow_and_update(), Command::Stop | Command::Cancel) {
                return Err(stopped());
            }
            tokio::select! {
                () = tokio::time::sleep_until(end) => return Ok(()),
                changed = self.receiver.changed() => if changed.is_err() {
                    tokio::time::sleep_until(end).await;
                    return Ok(());
                },
            }
        }
    }

    /// Waits until whoever watches the run has seen to something and says "go on"; `tell` has them
    /// know that. Errs with the fault when nobody watches, and when the run has to end.
    pub(super) async fn hold(&mut self, fault: &Fault, tell: impl FnOnce()) -> Result<()> {
        if !self.attended {
            return Err(fault.clone());
        }
        if matches!(*self.receiver.borrow_and_update(), Command::Stop | Command::Cancel) {
            return Err(stopped());
        }
        // Whoever is told may answer before this goes on: that counts.
        tell();
        loop {
            if self.receiver.changed().await.is_err() {
                return Err(fault.clone());
            }
            match *self.receiver.borrow_and_update() {
                Command::Run => return Ok(()),
                Command::Pause => {}
                Command::Stop | Command::Cancel => return Err(stopped()),
            }
        }
    }

    /// To be called before a commit: errs when open batches are to be rolled back.
    pub(super) fn before_commit(&self) -> Result<()> {
        if *self.receiver.borrow() == Command::Cancel { Err(stopped()) } else { Ok(()) }
    }
}

/// What ends because it was told to.
pub(super) fn stopped() -> Fault {
    Fault::new(FaultKind::Cancelled, "the run was stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_paused_run_goes_on_when_told() {
        let (controller, mut control) = Controller::new();
        controller.say(Command::Pause);
        let waiting = tokio::spawn(async move { control.between_batches().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        controller.say(Command::Run);
        assert!(waiting.await.expect("no panic").is_ok());
    }

    #[tokio::test]
    async fn an_answer_given_while_it_is_told_counts() {
        let fault = Fault::new(FaultKind::Full, "full");
        let (controller, mut control) = Controller::attended();
        let go_on = control.hold(&fault, || controller.say(Command::Run));
        let waited = tokio::time::timeout(Duration::from_secs(5), go_on).await;
        assert!(waited.expect("the answer is lost").is_ok());
        let stop = control.hold(&fault, || controller.say(Command::Stop));
        let waited = tokio::time::timeout(Duration::from_secs(5), stop).await;
        assert_eq!(
            waited.expect("the answer is lost").map_err(|f| f.kind),
            Err(FaultKind::Cancelled)
        );
        let told = std::cell::Cell::new(false);
        let ended = control.hold(&fault, || told.set(true)).await;
        assert!(
            ended.is_err() && !told.get(),
            "it has to end already: nobody is asked for anything"
        );
    }

    #[tokio::test]
    async fn a_halt_ends_those_under_it_and_nobody_else() {
        let (_controller, mut control) = Controller::new();
        let (mut under, halt) = control.with_halt();
        let mut also_under = under.clone();
        assert!(under.between_batches().await.is_ok());
        halt.halt();
        assert!(under.between_batches().await.is_err());
        assert!(also_under.between_batches().await.is_err());
        assert!(control.between_batches().await.is_ok());
    }

    #[tokio::test]
    async fn stop_ends_between_batches_and_lets_a_commit_through() {
        let (controller, mut control) = Controller::new();
        controller.say(Command::Stop);
        assert!(control.before_commit().is_ok());
        assert!(control.between_batches().await.is_err());
    }
}
