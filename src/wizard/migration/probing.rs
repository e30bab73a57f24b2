//! Trying out how fast rows go, from the question to what was measured.

use super::super::jobs::Purpose;
use super::super::message::Effect;
use super::super::overlay::{Asker, Overlay, Question};
use super::Migration;
use crate::migrate::Probe;
use crate::outsystems::Side;
use crate::report::{counted, probe_foretold};

/// The tag of the question.
pub const PROBE: &str = "probe";

impl Migration {
    /// Whether a probe is under way.
    #[must_use]
    pub fn is_probing(&self) -> bool {
        self.jobs.is_running(Purpose::Probe)
    }

    /// Asks whether rows may be tried out, saying what that does; ends a probe that is under way.
    pub fn ask_to_probe(&mut self) {
        if self.is_probing() {
            self.stop_probe();
            return;
        }
        let Some(plan) = self.built.clone().filter(|_| self.may_change()) else { return };
        let name = self.name_of(Side::Destination);
        let choices = [
            ("Not now", "the forecast stays as it is"),
            ("Probe", "insert, measure, roll back; p stops it"),
        ];
        self.overlays.push(Overlay::Question(Question {
            asker: Asker::Step(PROBE),
            title: format!("Try out in {name} how fast rows go?"),
            lines: probe_foretold(&plan, &name),
            choices: choices.map(|(name, what)| (name.to_owned(), what.to_owned())).to_vec(),
            selected: 0,
        }));
    }

    /// Starts it.
    pub fn start_probe(&mut self) {
        let Some(plan) = self.built.clone().filter(|_| self.may_change()) else { return };
        self.probing = None;
        let purpose = self.plan.destination.purpose;
        let fingerprint = plan.fingerprint.clone();
        self.start(Purpose::Probe, |job| Effect::Probe { job, fingerprint, purpose });
        self.say("Rows are being tried out; p stops that, and everything is rolled back.");
    }

    /// Ends it; what it has open is rolled back.
    pub fn stop_probe(&mut self) {
        if self.is_probing() {
            self.order(Effect::StopProbe);
            self.say("The probe is being stopped; everything it did is rolled back.");
        }
    }

    /// It has ended, and something was measured.
    pub(super) fn probed(&mut self, probe: &Probe) {
        self.probing = None;
        let entities = counted(probe.entities.len() as u64, "entity", "entities");
        let skipped = match probe.skipped.len() {
            0 => String::new(),
            skipped => format!(", {skipped} could not be (v on the plan says why)"),
        };
        self.said = Some(format!("{entities} probed and rolled back{skipped}."));
        self.probe = Some(probe.clone());
    }
}
