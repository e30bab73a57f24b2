//! What the person answers: the name, the scope, decisions, options. A changed answer makes what
//! was planned lapse, and has the environments compared and the draft saved.

use std::sync::Arc;

use super::super::jobs::Purpose;
use super::super::message::{Effect, SavedKind};
use super::super::secret_field::Password;
use super::Migration;
use crate::compare::{Finding, FindingKey, choice};
use crate::plan::{Decision, PlanFile, Review, RunOptions, ScopeRequest};

impl Migration {
    /// Whether answers can still be changed: not once a run was started with them, nor where there
    /// are none but the report of an earlier run.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.run.is_none() && self.report.is_none() && !self.is_cleaning()
    }

    /// The draft that the answers are kept in.
    #[must_use]
    pub fn draft(&self) -> Option<&str> {
        self.saved_as.as_deref()
    }

    /// Why the migration cannot have a name; `None` when it can.
    #[must_use]
    pub fn name_fault(&self, name: &str) -> Option<String> {
        let name = name.trim();
        if let Some(errand) = self.errand() {
            return self.errand_name_fault(errand, name);
        }
        let is_own = |saved: &str| self.saved_as.as_deref().is_some_and(|own| own == saved);
        let is_taken = self.saved.iter().any(|saved| {
            matches!(saved.kind, SavedKind::Draft(_))
                && saved.name.eq_ignore_ascii_case(name)
                && !is_own(&saved.name)
        });
        if name.is_empty() {
            Some("A name is needed: the draft, the plan and the runs have it.".to_owned())
        } else if is_taken {
            Some(format!("Another draft is called {name} already."))
        } else {
            None
        }
    }

    /// Gives the migration a name, where it can have it.
    pub fn set_name(&mut self, name: &str) {
        if self.may_change() && self.plan.name != name && self.name_fault(name).is_none() {
            name.trim().clone_into(&mut self.plan.name);
            self.save = true;
        }
    }

    /// Whether anything is chosen to be carried over.
    #[must_use]
    pub fn has_scope(&self) -> bool {
        let scope = &self.plan.scope;
        !(scope.applications.is_empty() && scope.espaces.is_empty() && scope.solutions.is_empty())
    }

    /// Changes the scope.
    pub fn set_scope(&mut self, change: impl FnOnce(&mut ScopeRequest)) {
        self.change(|plan| &mut plan.scope, change);
    }

    /// Another key of the masks, or none: whoever reads and proves gets it, no draft does.
    pub fn set_mask_key(&mut self, key: Option<Password>) {
        if self.mask_key != key {
            self.mask_key.clone_from(&key);
            self.order(Effect::MaskKey(key));
        }
    }

    /// Changes the options.
    pub fn set_options(&mut self, change: impl FnOnce(&mut RunOptions)) {
        self.change(|plan| &mut plan.options, change);
    }

    fn change<T: Clone + PartialEq>(
        &mut self,
        part: impl FnOnce(&mut PlanFile) -> &mut T,
        change: impl FnOnce(&mut T),
    ) {
        if !self.may_change() {
            return;
        }
        let part = part(&mut self.plan);
        let before = part.clone();
        change(part);
        if before != *part {
            self.changed();
        }
    }

    /// Whether what was read off a comparison, or off none, is still what is to be shown.
    #[must_use]
    pub fn is_newest(&self, review: Option<&Arc<Review>>) -> bool {
        review.map(Arc::as_ptr) == self.review.as_ref().map(Arc::as_ptr)
    }

    /// The findings of the newest comparison.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.review.as_ref().map_or(&[], |review| &review.comparison.findings)
    }

    /// The choice made about a finding.
    #[must_use]
    pub fn choice(&self, finding: &Finding) -> Option<&str> {
        self.plan.decisions.choice(&finding.key)
    }

    /// Whether a finding keeps the run from starting: it waits for a decision, or was decided to
    /// stop, or blocks without a choice.
    #[must_use]
    pub fn is_open(&self, finding: &Finding) -> bool {
        finding.needs_decision() && self.choice(finding).is_none_or(|choice| choice == choice::STOP)
    }

    /// Decides a finding.
    pub fn decide(&mut self, finding: &Finding, choice: &str, to: Option<String>) {
        if !self.may_change() {
            return;
        }
        let decision = Decision {
            key: finding.key.clone(),
            about: finding.about.clone(),
            choice: choice.to_owned(),
            to,
        };
        if self.plan.decisions.get(&finding.key) != Some(&decision) {
            self.plan.decisions.put(decision);
            self.answered();
        }
    }

    /// Decides about findings that are not there yet, or may be no more: what was decided about
    /// any of them goes.
    pub fn decide_anew(&mut self, about: &[FindingKey], made: Vec<Decision>) {
        if !self.may_change() {
            return;
        }
        let before = self.plan.decisions.clone();
        self.plan.decisions.replace(about, made);
        if before != self.plan.decisions {
            self.answered();
        }
    }

    /// Takes a decision back.
    pub fn undecide(&mut self, key: &FindingKey) {
        if self.may_change() && self.plan.decisions.get(key).is_some() {
            self.plan.decisions.remove(key);
            self.answered();
        }
    }

    /// A decision changed.
    pub(super) fn answered(&mut self) {
        self.decided += 1;
        self.changed();
    }

    /// An answer changed, and no decision with it.
    fn changed(&mut self) {
        self.changes += 1;
        self.save = true;
        self.lapse();
    }

    /// What was planned no longer holds.
    pub(super) fn lapse(&mut self) {
        self.built = None;
        self.refusal = None;
        self.refused = None;
        self.checks.clear();
        self.stop_probe();
        self.jobs.drop(Purpose::Check);
        self.jobs.drop(Purpose::Survey);
        self.compare_again = true;
    }
}
