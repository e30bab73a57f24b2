//! The lessons of a practice pair: one for a finding, one for a step.

use super::Migration;
use crate::compare::Finding;
use crate::practice::{About, Lesson};

impl Migration {
    /// A model was read: whether it is one of a practice pair, and what that pair teaches.
    pub(super) fn learn_lessons(&mut self) {
        self.is_practice = [&self.source, &self.destination]
            .iter()
            .any(|known| known.model.as_ref().is_some_and(|model| model.is_practice));
        if self.is_practice && self.lessons.is_empty() {
            // The lessons are part of the program; a test reads them.
            self.lessons = crate::practice::lessons().unwrap_or_default();
            self.step_lessons = crate::practice::step_lessons().unwrap_or_default();
        }
    }

    /// The lesson that belongs to a finding, on a practice pair.
    #[must_use]
    pub fn lesson(&self, finding: &Finding) -> Option<&Lesson> {
        let key = &finding.key;
        let about = About {
            finding: key.kind.name(),
            espace: key.espace.as_str(),
            entity: key.entity.as_str(),
            attribute: key.attribute.as_str(),
            record: key.record.as_str(),
            user: key.user.as_str(),
            tenant: key.tenant.as_str(),
        };
        self.lessons.iter().find(|lesson| lesson.belongs_to(&about))
    }

    /// The lesson of a step, on a practice pair whose lessons are shown.
    #[must_use]
    pub fn step_lesson(&self, step: &str) -> Option<String> {
        let wanted = self.is_practice && self.lessons_shown;
        // Another procedure has other things to teach on a step of the same name.
        let step = match self.errand() {
            None => step.to_owned(),
            Some(errand) => format!("{}: {step}", errand.label()),
        };
        self.step_lessons
            .iter()
            .find(|(name, _)| wanted && *name == step)
            .map(|(_, text)| text.clone())
    }
}
