//! What jobs report, and what is said of one that failed.

use std::sync::Arc;

use super::super::findings::words::sentence;
use super::super::jobs::{JobId, Purpose};
use super::super::message::Fact;
use super::super::overlay::{Overlay, Trouble};
use super::super::running::Running;
use super::{Migration, Taking};
use crate::database::{Fault, FaultKind};
use crate::outsystems::{Environment, Side};
use crate::plan::Review;

impl Migration {
    /// A job reported: what it found is kept.
    pub(in crate::wizard) fn learn(&mut self, job: JobId, fact: &Fact) {
        match fact {
            Fact::Listed(saved) => self.saved.clone_from(saved),
            Fact::Checked(side, check) => self.side_mut(*side).checks.push(check.clone()),
            Fact::Read(side, model) => self.learn_model(*side, model),
            Fact::Counting(open) => self.counting = *open,
            Fact::Surveyed(review) => self.learn_comparison(review),
            Fact::Planned(made) => {
                self.counting = 0;
                self.built = made.as_ref().ok().cloned();
                self.refusal = made.as_ref().err().cloned();
                self.room = None;
                self.forecast = None;
            }
            Fact::Room(room) => self.room = Some(room.clone()),
            Fact::Forecast(forecast) => self.forecast = Some(forecast.as_ref().clone()),
            Fact::Probing(progress) => self.probing = Some(progress.clone()),
            Fact::Probed(probe) => self.probed(probe),
            Fact::ScopeUnknown(what) => {
                self.scope_trouble = Some(what.clone());
                self.review = None;
            }
            Fact::Counted(side, entity, rows) => {
                self.counts.insert((*side, *entity), *rows);
            }
            Fact::Checks(checks) => {
                self.checks.clone_from(checks);
                self.checks_made.clone_from(&self.now.clock);
            }
            Fact::Started { id, folder } => self.run_started(id, folder),
            Fact::Progressed(progress) => self.progressed(progress),
            Fact::Proving(progress) => self.proof_progressed(progress),
            Fact::UndoForeseen(preview) => self.undo_foreseen(preview),
            Fact::AgainForeseen(again) => self.again_foreseen(again),
            Fact::UndoProgressed(progress) => self.undo_progressed(progress),
            Fact::RightsWritten(files) => self.rights_written(files),
            Fact::MapsWritten(folder, names) => self.maps_written(folder, names),
            Fact::MapsRead(read) => self.maps_read(read),
            Fact::TargetLookedFor(made, found) => self.target_looked_for(made, found),
            Fact::Failed(fault) => self.failed(job, fault),
            Fact::Shown(title, lines) => self.show(title.as_str(), lines.clone()),
            Fact::Walked(_)
            | Fact::Servers(_)
            | Fact::CloneForeseen(_)
            | Fact::CleanedUp(_)
            | Fact::CleanupUndoForeseen(_)
            | Fact::CleanupUndone { .. }
            | Fact::Comparing(_)
            | Fact::Compared(_) => self.learn_errand(fact),
            Fact::Opened(_)
            | Fact::ErrandOpened(_)
            | Fact::Making(_)
            | Fact::PracticeMade(_)
            | Fact::Reported(_)
            | Fact::Exported(_) => {}
        }
    }

    fn learn_model(&mut self, side: Side, model: &Arc<Environment>) {
        let clock = self.now.clock.clone();
        let known = self.side_mut(side);
        known.model = Some(Arc::clone(model));
        known.checked = clock;
        self.learn_lessons();
        self.compare_again = self.may_change();
        if side == Side::Destination || self.destination.model.is_some() {
            self.look_at_clone();
        }
    }

    fn learn_comparison(&mut self, review: &Arc<Review>) {
        self.review = Some(Arc::clone(review));
        self.plan.decisions.follow(&review.comparison);
        self.scope_trouble = None;
        self.compared.clone_from(&self.now.clock);
        let counted = review.comparison.pairs.iter().flat_map(|pair| pair.counted());
        self.counts.extend(counted.map(|(side, entity, rows)| ((side, entity), rows)));
        self.read_named_maps();
        // A plan may hold a decision for all findings of a kind.
        if self.may_change() && self.plan.decisions.take_for_kinds(&review.comparison) > 0 {
            self.answered();
        }
    }

    fn failed(&mut self, job: JobId, fault: &Fault) {
        let title = match job.purpose {
            // Its check says it in its place.
            Purpose::Test(_) => return,
            Purpose::Probe => {
                self.probing = None;
                if fault.kind == FaultKind::Cancelled {
                    self.said = Some(sentence(&fault.what));
                    return;
                }
                "Rows could not be tried out; nothing was committed"
            }
            Purpose::Home => "The list of drafts and runs could not be read",
            Purpose::Open => "This could not be opened",
            Purpose::Practice => "The practice pair could not be made",
            Purpose::Survey => "The environments could not be compared",
            Purpose::Count => "Rows could not be counted",
            Purpose::Check => {
                self.checks.clear();
                "The checks could not be made"
            }
            // What was written is written: it is no refusal.
            Purpose::Run if self.run.as_ref().is_some_and(Running::has_begun) => {
                self.end_run();
                "The run ended, and its report could not be made"
            }
            Purpose::Run => match self.resume_refused() {
                Some(Taking::Again) => "The rejects were not tried again; nothing was written",
                Some(_) => "The run was not gone on with",
                None => {
                    self.run_refused(fault);
                    "The run was refused; nothing was written"
                }
            },
            Purpose::Again => {
                // Connected again, it goes on from there.
                self.taking = Some(Taking::Again);
                "What would be tried again could not be found out"
            }
            Purpose::Undo => {
                let (was_doing, taking) = (self.is_undoing(), self.taking);
                self.end_undo();
                // Connected again, it goes on from there.
                self.taking = taking.or(Some(Taking::Undo));
                if was_doing {
                    "The run was not undone; nothing was written"
                } else {
                    "What undoing would do could not be found out"
                }
            }
            Purpose::Tasks => "The way back could not be brought up to date",
            Purpose::Mark | Purpose::Ask | Purpose::Clone | Purpose::Cleanup | Purpose::Compare => {
                self.errand_failed(job, fault)
            }
            Purpose::Export => "The file could not be written",
            Purpose::Rights => "The scripts of the rights could not be written",
            Purpose::Maps => {
                self.named_maps_done();
                "The maps could not be written or read"
            }
            Purpose::Target => {
                self.target_not_looked_for();
                "It could not be looked for"
            }
        };
        // What was said to be under way is no more.
        self.said = None;
        self.overlays.push(Overlay::Error(Trouble::new(title, fault)));
    }
}
