//! What a run rejected, tried again: what that would do is looked for first, then the warnings are
//! accepted and the destination's name is typed. And the key of the masks, which no file keeps: where
//! a run masked with one, it is asked for before anything is done with the run.

use super::super::jobs::Purpose;
use super::super::message::{Again, Check, Effect, Sign};
use super::super::secret_field::SecretField;
use super::super::sheet::{Blank, Filled, Sheet};
use super::super::text_field::TextField;
use super::{Migration, Taking};
use crate::migrate::again::AgainCount;
use crate::migrate::mask_key;
use crate::outsystems::Side;
use crate::report::counted;
use std::sync::Arc;

/// The question in which what is tried again is confirmed.
pub const AGAIN_SHEET: &str = "again-confirmed";
/// The question for the key of the masks.
pub const KEY_SHEET: &str = "mask-key";

impl Migration {
    /// The fingerprint of the key that what is about to be done needs, and that is not there.
    pub(super) fn missing_mask_key(&self) -> Option<String> {
        let reads_source = |taking| taking != Taking::ReadAgain;
        self.taking.filter(|taking| reads_source(*taking))?;
        let wanted = self.past()?.mask_key.clone()?;
        let typed = self.mask_key.as_ref().and_then(|key| mask_key(&key.0).ok());
        typed.is_none_or(|key| key.fingerprint() != wanted).then_some(wanted)
    }

    /// Asks for it.
    pub(super) fn ask_for_mask_key(&mut self, fingerprint: String) {
        let lines = vec![
            format!(
                "This run masked personal data with a key, which is kept nowhere. It is needed \
                 again: with another one the same value would get another mask. The key's \
                 fingerprint is {fingerprint}."
            ),
            "Esc leaves without it; nothing is written then.".to_owned(),
        ];
        let blank = Blank::MaskKey { fingerprint, field: SecretField::default() };
        self.lay_out(Sheet::new(
            KEY_SHEET,
            "The key of this run's masks",
            "go on",
            lines,
            vec![blank],
        ));
    }

    /// The key was typed: what is to be done with the run goes on.
    pub fn mask_key_given(&mut self, filled: &Filled) {
        self.set_mask_key(filled.mask_key.clone());
        self.take_up();
    }

    /// Has it found out what trying the rejects again would do.
    pub(super) fn look_at_rejects(&mut self) {
        let Some(id) = self.report.as_ref().map(|reported| reported.report.id.clone()) else {
            return;
        };
        self.say("Looking for what would be tried again; this only reads…");
        self.start(Purpose::Again, |job| Effect::LookAtRejects(job, id));
    }

    /// That is known: it is to be confirmed, where the person still looks at the run's report.
    pub(super) fn again_foreseen(&mut self, again: &Again) {
        let is_shown = |id: &str| self.report.as_ref().is_some_and(|it| it.report.id == id);
        if self.step != "Report" || !is_shown(&again.id) || self.is_under_way() {
            return;
        }
        self.said = None;
        let name = self.name_of(Side::Destination);
        let bad: Vec<&Check> =
            again.checks.iter().filter(|check| check.sign == Sign::Bad).collect();
        let mut lines = what(&again.count, &name);
        if !bad.is_empty() {
            lines.push(String::new());
            lines.push("It cannot be started before this is mended:".to_owned());
            lines.extend(bad.iter().map(|check| format!("✗ {}. {}", check.text, check.advice)));
            self.show("Rejected rows, tried again", lines);
            return;
        }
        let warnings = again.checks.iter().filter(|check| check.sign == Sign::Warning);
        let mut blanks: Vec<Blank> = warnings.map(accepted).collect();
        blanks.push(Blank::Name { name, field: TextField::default() });
        self.again = Some(Box::new(again.clone()));
        let title = format!("Try again what run {} rejected?", again.id);
        self.lay_out(Sheet::new(AGAIN_SHEET, title, "start", lines, blanks));
    }

    /// It was confirmed: a run of its own begins.
    pub fn try_again(&mut self, filled: &Filled) {
        let Some(again) = self.again.take() else { return };
        let warnings = again.checks.iter().filter(|check| check.sign == Sign::Warning);
        let accepted = warnings
            .zip(&filled.ticks)
            .filter(|(_, is_ticked)| **is_ticked)
            .map(|(check, _)| check.text.clone())
            .collect();
        let confirmed = filled.texts.first().cloned().unwrap_or_default();
        let Some(id) = self.set_aside(Arc::clone(&again.plan), Taking::Again) else { return };
        self.start(Purpose::Run, |job| Effect::TryAgain { job, id, accepted, confirmed });
    }
}

/// A warning to be accepted.
fn accepted(check: &Check) -> Blank {
    Blank::Tick {
        text: format!("accept: {}. {}", check.text, check.advice).trim_end().to_owned(),
        is_ticked: false,
        wanted: Some("accept each warning (Space)".to_owned()),
    }
}

/// What is tried again, in sentences.
fn what(count: &AgainCount, destination: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for (number, one, many) in [
        (count.rows, "row", "rows"),
        (count.people, "user or group", "users or groups"),
        (count.links, "link", "links"),
    ] {
        if number > 0 {
            parts.push(counted(number, one, many));
        }
    }
    let mut lines = vec![
        format!(
            "{} that the run rejected, or left out with what it rejected, are tried once more, \
             with the ids that the run gave. What it wrote is not touched.",
            parts.join(", ")
        ),
        format!(
            "It is a run of its own, with its own journal, proof and report; {destination} is \
             written from the start on. It helps where what refused the rows has been mended \
             since: rejects.csv says what that was."
        ),
    ];
    if count.nameless > 0 {
        lines.push(format!(
            "{} without an identifier cannot be told apart and stay out.",
            counted(count.nameless, "rejected row", "rejected rows")
        ));
    }
    lines
}
