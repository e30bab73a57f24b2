//! A run that is taken up again, or taken back: over Connect where its databases are not open,
//! since passwords are never kept.

use std::sync::Arc;

use super::super::jobs::Purpose;
use super::super::message::{Effect, Past};
use super::super::overlay::Overlay;
use super::super::running::Running;
use super::super::undo::{Order, Stage, Undoing};
use super::{Going, Migration};
use crate::migrate;
use crate::migrate::journal::RunState;
use crate::migrate::undo::{UndoPreview, UndoProgress};
use crate::plan::Plan;
use crate::report::RunReport;

/// What is to be done with a run that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// Go on with it where it ended.
    Resume,
    /// Try again what it rejected.
    Again,
    /// Take back what it wrote.
    Undo,
    /// Read the destination again for the way back.
    ReadAgain,
}

impl Taking {
    /// Whether this can be done with such a run.
    #[must_use]
    pub fn fits(self, report: &RunReport) -> bool {
        match self {
            Self::Resume => {
                matches!(report.state, RunState::Running | RunState::Stopped | RunState::Failed)
            }
            Self::Again => report.may_be_tried_again(),
            Self::Undo => !matches!(report.state, RunState::Undone | RunState::UndoneInPart),
            Self::ReadAgain => report.way_back.is_some(),
        }
    }
}

impl Migration {
    /// What is known of the run whose report is shown, beyond its report.
    #[must_use]
    pub fn past(&self) -> Option<&Past> {
        self.report.as_ref().and_then(|reported| reported.past.as_deref())
    }

    /// Whether both sides may be tested and their passwords given: as long as answers can be
    /// changed, and where a run is taken up.
    #[must_use]
    pub fn may_connect(&self) -> bool {
        self.may_change() || self.taking.is_some() && !self.is_under_way()
    }

    /// Begins to resume or undo the run whose report is shown. Where its databases are not open
    /// Connect comes first.
    pub fn take(&mut self, taking: Taking) {
        if self.past().is_none() || self.is_under_way() {
            return;
        }
        self.taking = Some(taking);
        if self.models().is_some() {
            self.take_up();
        } else {
            self.say("Both sides are tested first; passwords are never kept.");
            self.going = Some(Going::Step("Connect"));
        }
    }

    /// Both sides are open: what is to be done with the run goes on, once the key is there that it
    /// masked with.
    pub fn take_up(&mut self) {
        if let Some(fingerprint) = self.missing_mask_key() {
            self.going = Some(Going::Step("Report"));
            self.ask_for_mask_key(fingerprint);
            return;
        }
        match self.taking {
            None => {}
            Some(Taking::Resume) => {
                self.going = Some(Going::Step("Report"));
                super::super::report::ask_to_resume(self);
            }
            Some(Taking::Again) => {
                self.taking = None;
                self.going = Some(Going::Step("Report"));
                self.look_at_rejects();
            }
            Some(Taking::Undo) => {
                self.going = Some(Going::Step("Report"));
                self.look_at_undo();
            }
            Some(Taking::ReadAgain) => {
                self.taking = None;
                self.going = Some(Going::Step("Report"));
                self.read_again();
            }
        }
    }

    /// Goes on with the run whose report is shown.
    pub fn resume(&mut self) {
        let Some(past) = self.past() else { return };
        let plan = Arc::clone(&past.plan);
        let Some(id) = self.set_aside(plan, Taking::Resume) else { return };
        if let Some(run) = &mut self.run {
            run.id.clone_from(&id);
        }
        self.start(Purpose::Run, |job| Effect::Resume(job, id));
    }

    /// The report that is shown gives way to a run that goes on from it: gives the id of its run.
    pub(super) fn set_aside(&mut self, plan: Arc<Plan>, taking: Taking) -> Option<String> {
        let reported = self.report.take()?;
        let id = reported.report.id.clone();
        self.refused = None;
        self.before = Some((taking, reported));
        let mut run = Running::new(self.now.clone());
        run.event(&self.now.clock, format!("plan {}", plan.fingerprint));
        self.built = Some(plan);
        self.run = Some(run);
        self.taking = None;
        self.going = Some(Going::Step("Execute"));
        Some(id)
    }

    /// A run was not gone on with: its report is shown again. Says what was to be done
    /// with it; `None` where it was none.
    pub(super) fn resume_refused(&mut self) -> Option<Taking> {
        let (taking, before) = self.before.take()?;
        self.report = Some(before);
        self.run = None;
        self.taking = Some(taking);
        self.going = Some(Going::Step("Report"));
        Some(taking)
    }

    /// The box in which a run is undone.
    #[must_use]
    pub fn undoing(&self) -> Option<&Undoing> {
        self.overlays.iter().rev().find_map(|overlay| match overlay {
            Overlay::Undo(undoing) => Some(undoing.as_ref()),
            _ => None,
        })
    }

    fn undoing_mut(&mut self) -> Option<&mut Undoing> {
        self.overlays.iter_mut().rev().find_map(|overlay| match overlay {
            Overlay::Undo(undoing) => Some(undoing.as_mut()),
            _ => None,
        })
    }

    /// Whether a run is being undone: rows go and come back.
    #[must_use]
    pub fn is_undoing(&self) -> bool {
        self.undoing().is_some_and(Undoing::is_doing)
    }

    /// Whether something is written, or about to be, that is waited for before the program ends.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.is_running() || self.is_undoing() || self.is_cleaning()
    }

    /// What somebody has to see to before a run or an undo goes on.
    #[must_use]
    pub fn held(&self) -> Option<&str> {
        let run = self.run.as_ref().filter(|run| !run.ended).and_then(Running::held);
        run.or_else(|| self.undoing().and_then(|undoing| undoing.progress.held.as_deref()))
    }

    fn read_again(&mut self) {
        let Some(id) = self.report.as_ref().map(|reported| reported.report.id.clone()) else {
            return;
        };
        self.say("Reading the destination for the way back.");
        self.start(Purpose::Tasks, |job| Effect::ReadAgain(job, id));
    }

    fn look_at_undo(&mut self) {
        let Some(report) = self.report.as_ref().map(|reported| &reported.report) else { return };
        let (id, database) = (report.id.clone(), report.destination_database.clone());
        self.overlays.push(Overlay::Undo(Box::new(Undoing::new(id.clone(), database))));
        self.start(Purpose::Undo, |job| Effect::LookAtUndo(job, id));
    }

    /// What the undo would do is known.
    pub(super) fn undo_foreseen(&mut self, preview: &UndoPreview) {
        self.taking = None;
        if let Some(undoing) = self.undoing_mut() {
            undoing.learn(preview.clone());
        }
    }

    /// Keeps the newest progress of the undo.
    pub(super) fn undo_progressed(&mut self, progress: &UndoProgress) {
        if let Some(undoing) = self.undoing_mut().filter(|undoing| undoing.is_busy()) {
            undoing.progress = progress.clone();
        }
    }

    /// Does what the person wants of the undo.
    pub(in crate::wizard) fn obey_undo(&mut self, order: Order) {
        let Some(undoing) = self.undoing_mut() else { return };
        match order {
            Order::GiveUp => {
                // Looking ends by itself when it is told so; what it would still say counts no
                // more.
                self.orders.push(Effect::Tell(migrate::Command::Cancel));
                self.jobs.drop(Purpose::Undo);
                self.end_undo();
            }
            Order::CarryOut(leave) => {
                undoing.stage = Stage::Doing;
                let id = undoing.id.clone();
                self.start(Purpose::Undo, |job| Effect::Undo { job, id, leave });
            }
            Order::Tell(command) => self.tell_undo(command),
        }
    }

    /// Tells the undo.
    pub fn tell_undo(&mut self, command: migrate::Command) {
        let Some(undoing) = self.undoing_mut() else { return };
        let is_stopping = matches!(undoing.told, migrate::Command::Stop | migrate::Command::Cancel);
        if is_stopping && command != migrate::Command::Cancel {
            return;
        }
        undoing.told = command;
        // Whatever it is told, it waits no more; a pause alone leaves it waiting.
        if command != migrate::Command::Pause {
            undoing.progress.held = None;
        }
        self.orders.push(Effect::Tell(command));
    }

    /// The undo has ended, or is not wanted: its box goes.
    pub(in crate::wizard) fn end_undo(&mut self) {
        self.taking = None;
        self.overlays.retain(|overlay| !matches!(overlay, Overlay::Undo(_)));
    }
}
