//! A target of one's own, typed for a choice: judged as it is typed, or looked for in the databases.

use super::super::jobs::Purpose;
use super::super::message::Effect;
use super::super::overlay::Overlay;
use super::super::text_field::LONGEST;
use super::Migration;
use crate::compare::{Finding, choice};
use crate::plan::{Decision, check_target, is_looked_up};

/// What is typed for a choice, and what is known of it.
#[derive(Clone, Debug)]
pub struct Typing {
    /// The decision that it would be.
    made: Decision,
    /// What is known of it.
    pub verdict: Verdict,
}

/// What is known of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is typed yet.
    Nothing,
    /// It can be; with what it is, where that was looked for.
    Fits(String),
    /// It cannot, and why.
    Wrong(String),
    /// Only the databases can tell, and nobody has asked them.
    Unknown,
    /// They are being asked.
    Looking,
}

/// A choice about a finding, without its target.
fn undecided(finding: &Finding, choice: &str) -> Decision {
    let (key, about) = (finding.key.clone(), finding.about.clone());
    Decision { key, about, choice: choice.to_owned(), to: None }
}

impl Typing {
    /// What is typed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.made.to.as_deref().unwrap_or_default()
    }

    /// Whether it is a row of the destination.
    #[must_use]
    pub fn is_row(&self) -> bool {
        self.made.choice == choice::REPLACEMENT
    }
}

impl Migration {
    /// A target may be typed for a choice about a finding.
    pub fn begin_typing(&mut self, finding: &Finding, choice: &str) {
        let made = undecided(finding, choice);
        self.jobs.drop(Purpose::Target);
        self.typing = Some(Typing { made, verdict: Verdict::Nothing });
    }

    /// What is typed now.
    pub fn type_target(&mut self, text: &str) {
        let Some(mut typing) = self.typing.take() else { return };
        if typing.text() != text || typing.verdict == Verdict::Nothing {
            self.jobs.drop(Purpose::Target);
            typing.made.to = Some(text.to_owned());
            typing.verdict = self.judge(&typing.made);
        }
        self.typing = Some(typing);
    }

    /// The same of what stands in the list over the screen, where that takes a target of one's own.
    pub(in crate::wizard) fn type_what_stands(&mut self) {
        if let Some(Overlay::Picker(picker)) = self.overlays.last()
            && picker.takes_others
        {
            let text = picker.filter.text().to_owned();
            self.type_target(&text);
        }
    }

    fn judge(&self, made: &Decision) -> Verdict {
        let text = made.to.as_deref().unwrap_or_default();
        if text.is_empty() {
            return Verdict::Nothing;
        }
        // The field holds no more, so it may be the beginning of something.
        if text.chars().count() >= LONGEST {
            return Verdict::Wrong("so long a text is written into the plan file".to_owned());
        }
        if is_looked_up(&made.choice) {
            return Verdict::Unknown;
        }
        match self.check(made) {
            Ok(shown) => Verdict::Fits(shown),
            Err(why) => Verdict::Wrong(why),
        }
    }

    /// Whether a finding may be decided so, as far as that can be told without the databases.
    pub fn check_target(
        &self,
        finding: &Finding,
        choice: &str,
        to: &str,
    ) -> Result<String, String> {
        if is_looked_up(choice) {
            return Ok(String::new());
        }
        self.check(&Decision { to: Some(to.to_owned()), ..undecided(finding, choice) })
    }

    fn check(&self, made: &Decision) -> Result<String, String> {
        let (Some((source, destination)), Some(review)) = (self.models(), &self.review) else {
            return Err("the environments have to be compared first".to_owned());
        };
        check_target(source, destination, review, made)
    }

    /// Takes what is typed, where it can be; has it looked for, where only the databases can tell.
    pub fn take_typed(&mut self) -> Option<String> {
        let typing = self.typing.as_mut()?;
        match &typing.verdict {
            Verdict::Fits(_) => return typing.made.to.clone(),
            Verdict::Unknown if self.review.is_some() => {
                typing.verdict = Verdict::Looking;
                let made = typing.made.clone();
                let (scope, decisions) = (self.plan.scope.clone(), self.plan.decisions.clone());
                self.start(Purpose::Target, |job| Effect::LookForTarget {
                    job,
                    scope,
                    decisions,
                    made,
                });
            }
            _ => {}
        }
        None
    }

    /// It was looked for.
    pub(super) fn target_looked_for(&mut self, made: &Decision, found: &Result<String, String>) {
        if let Some(typing) = self.typing.as_mut().filter(|typing| typing.made == *made) {
            typing.verdict = match found {
                Ok(shown) => Verdict::Fits(shown.clone()),
                Err(why) => Verdict::Wrong(why.clone()),
            };
        }
    }

    /// It could not be looked for.
    pub(super) fn target_not_looked_for(&mut self) {
        if let Some(typing) = &mut self.typing {
            typing.verdict = Verdict::Unknown;
        }
    }
}
