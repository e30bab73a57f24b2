//! What is ordered of the shell: jobs at once; a comparison and the draft once for each message,
//! however often the answers have changed in it.

use super::super::jobs::{JobId, Purpose};
use super::super::message::Effect;
use super::Migration;
use crate::outsystems::Side;
use crate::plan::{Acceptance, PlanFile};

impl Migration {
    /// Starts a job and orders what it is to do.
    pub fn start(&mut self, purpose: Purpose, effect: impl FnOnce(JobId) -> Effect) {
        let job = self.jobs.start(purpose);
        self.orders.push(effect(job));
    }

    /// Orders something that does not answer.
    pub fn order(&mut self, effect: Effect) {
        self.orders.push(effect);
    }

    /// Writes the plan file for the person, as it stands: what is missing in it `osferry run` names.
    pub fn export(&mut self) {
        let plan = self.plan.clone();
        self.start(Purpose::Export, |job| Effect::Export(job, plan));
    }

    /// The same, with what was accepted of the checks: then nobody has to be there to accept it.
    pub fn export_accepting(&mut self, preflight: Acceptance) {
        let plan = PlanFile { preflight, ..self.plan.clone() };
        self.start(Purpose::Export, |job| Effect::Export(job, plan));
    }

    /// Whether a comparison is under way or about to be.
    #[must_use]
    pub fn is_comparing(&self) -> bool {
        // Where a side is neither known nor being tested nothing is about to happen.
        let is_coming = |side| self.side(side).model.is_some() || self.is_testing(side);
        let may_compare = is_coming(Side::Source) && is_coming(Side::Destination);
        self.compare_again && may_compare || self.jobs.is_running(Purpose::Survey)
    }

    /// Has the environments compared again, with rows counted anew.
    pub fn compare_anew(&mut self) {
        if self.may_change() {
            self.compare_again = true;
            self.count_again = true;
        }
    }

    /// Keeps the step where the person is with the draft, once there is one.
    pub(in crate::wizard) fn keep_step(&mut self) {
        self.left_at = None;
        self.save |= self.saved_as.is_some() && self.may_change();
    }

    /// Nothing has changed since the file was opened; a draft keeps the step it was left at until
    /// the person goes to another one.
    pub(in crate::wizard) fn stay_as_opened(&mut self, step: &'static str) {
        self.save = false;
        self.left_at = Some(step);
    }

    /// Orders what follows from changed answers: a comparison, a draft.
    pub(in crate::wizard) fn settle(&mut self) {
        if self.errand.is_some() {
            self.compare_again = false;
            if std::mem::take(&mut self.save) {
                self.save_errand();
            }
            return;
        }
        if self.compare_again && self.models().is_some() && self.has_scope() && self.may_change() {
            self.compare_again = false;
            let again = std::mem::take(&mut self.count_again);
            let plan = self.plan.clone();
            self.counting = 0;
            self.start(Purpose::Survey, |job| Effect::Survey {
                job,
                name: plan.name,
                scope: plan.scope,
                decisions: plan.decisions,
                options: plan.options,
                again,
            });
        } else if self.compare_again && !self.has_scope() {
            self.review = None;
            self.compare_again = false;
        }
        if std::mem::take(&mut self.save) && !self.plan.name.is_empty() && self.may_change() {
            let name = self.plan.name.clone();
            let instead_of = self.saved_as.replace(name.clone()).filter(|old| *old != name);
            let (plan, step) = (self.plan.clone(), self.left_at.unwrap_or(self.step));
            self.draft_saved.clone_from(&self.now.clock);
            self.draft_trouble = None;
            self.orders.push(Effect::SaveDraft { plan, step, instead_of });
        }
    }
}
