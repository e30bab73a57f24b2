//! The run of these answers: its start, what it is told, how far it is. From the start on the
//! answers can be read, not changed.

use std::path::Path;

use super::super::jobs::Purpose;
use super::super::message::Effect;
use super::super::running::Running;
use super::{Going, Migration};
use crate::database::Fault;
use crate::migrate::{self, Phase, Progress};
use crate::plan::{MapFiles, PlanFile, SourcePace};
use crate::proof::ProofProgress;

impl Migration {
    /// Starts the run of the plan that was made last.
    pub fn start_run(&mut self, confirmed: String) {
        let Some(plan) = self.built.clone().filter(|_| self.may_change()) else { return };
        self.refused = None;
        let mut run = Running::new(self.now.clone());
        run.event(&self.now.clock, format!("plan {}", plan.fingerprint));
        self.run = Some(run);
        // Maps that were never taken in are none of this plan.
        let file = PlanFile { maps: MapFiles::default(), ..self.plan.clone() };
        self.start(Purpose::Run, |job| Effect::Run {
            job,
            fingerprint: plan.fingerprint.clone(),
            plan: file,
            confirmed,
        });
        self.going = Some(Going::Step("Execute"));
    }

    /// Whether a run is going on: then nothing may be changed.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.ended)
    }

    /// Whether a run has written everything and is proving it.
    #[must_use]
    pub fn is_proving(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.ended && run.proving.is_some())
    }

    /// Whether all there is to see is the report of a run that was not started from here.
    #[must_use]
    pub fn is_earlier_run(&self) -> bool {
        self.run.is_none() && self.report.is_some()
    }

    /// The run has an id and a folder.
    pub(super) fn run_started(&mut self, id: &str, folder: &Path) {
        if let Some(run) = &mut self.run {
            id.clone_into(&mut run.id);
            folder.clone_into(&mut run.folder);
            run.event(&self.now.clock, format!("run {id} started"));
        }
    }

    /// The run was refused before anything was written: the answers can be changed again.
    pub(super) fn run_refused(&mut self, fault: &Fault) {
        self.run = None;
        self.refused = Some(fault.clone());
        self.overlays.retain(|overlay| !overlay.is_about_a_run());
        self.going = Some(Going::Step("Review"));
    }

    /// Tells the run.
    pub fn tell(&mut self, command: migrate::Command) {
        let clock = self.now.clock.clone();
        let is_new = |run: &Running| run.told != command || run.held().is_some();
        if let Some(run) = self.run.as_mut().filter(|run| !run.ended && is_new(run)) {
            run.told = command;
            run.go_on();
            run.event(
                &clock,
                match command {
                    migrate::Command::Run => "told to go on",
                    migrate::Command::Pause => "told to pause after the current batches",
                    migrate::Command::Stop => "told to stop after the current batches",
                    migrate::Command::Cancel => "told to roll the current batches back and stop",
                },
            );
            self.orders.push(Effect::Tell(command));
        }
    }

    /// Has the run or its proof read the source so from now on. That it does is told by the run
    /// itself, and by whom it was chosen.
    pub fn choose_pace(&mut self, pace: SourcePace) {
        let Some(run) = self.run.as_mut().filter(|run| !run.ended) else { return };
        let is_new = run.pace() != pace;
        run.chosen = Some(pace);
        self.say(format!("From now on the source is read {}.", pace.words()));
        if is_new {
            self.orders.push(Effect::Pace(pace));
        }
    }

    /// Keeps the newest progress; the terminal's title has the percentage.
    pub(super) fn progressed(&mut self, progress: &Progress) {
        let Some(run) = &mut self.run else { return };
        run.take(progress, &self.now);
        let (read, total) = progress.totals();
        let percent = (read * 100).checked_div(total).unwrap_or(100);
        // Nothing is read yet while the destination's rows are deleted: 100 % of nothing is no
        // end.
        let percent = if progress.phase < Phase::Loading { 0 } else { percent };
        if run.percent != Some(percent) {
            run.percent = Some(percent);
            self.orders.push(Effect::Title(format!("osferry {percent}% {}", self.plan.name)));
        }
    }

    /// Keeps the newest progress of the proof.
    pub(super) fn proof_progressed(&mut self, progress: &ProofProgress) {
        let Some(run) = &mut self.run else { return };
        if run.proving.is_none() {
            run.event(&self.now.clock, "everything is written; proving it");
            self.orders.push(Effect::Title(format!("osferry proving {}", self.plan.name)));
        }
        run.proving = Some(progress.clone());
        run.heard.clone_from(&self.now.clock);
    }

    /// The run has ended: nothing can be told to it any more.
    pub(in crate::wizard) fn end_run(&mut self) {
        if let Some(run) = &mut self.run {
            run.ended = true;
            self.before = None;
            run.ended_at.get_or_insert(self.now.since_start);
            self.overlays.retain(|overlay| !overlay.is_about_a_run());
            self.orders.push(Effect::Title(format!("osferry {}", self.plan.name)));
        }
    }
}
