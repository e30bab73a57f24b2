//! Review line by line: warnings one by one, the destination's name, and a start of its own.

use super::super::jobs::Purpose;
use super::super::letters::Letters;
use super::super::message::{Answer, Check, Sign};
use super::super::migration::Migration;
use super::super::step::{Ask, AskKind};
use super::super::text_field::TextField;
use super::Review;
use crate::outsystems::Side;

/// What is to be answered next.
enum Question<'a> {
    /// Nothing: something is under way.
    Wait,
    /// There is no plan, or a step before is not done, or a check failed.
    Locked(Vec<String>),
    /// A warning is to be accepted.
    Warning(usize, &'a Check),
    /// The name is to be typed.
    Name,
    /// All is there.
    Start,
}

impl Review {
    fn question<'a>(&self, migration: &'a Migration) -> Question<'a> {
        if self.is_starting || migration.is_comparing() || migration.jobs.is_running(Purpose::Check)
        {
            return Question::Wait;
        }
        let mut locked = migration.unready.clone();
        if self.ledger.is_none() {
            locked.push(self.no_plan(migration));
        } else if migration.checks.is_empty() {
            locked.push("the checks could not be made".to_owned());
        }
        for check in migration.checks.iter().filter(|check| check.sign == Sign::Bad) {
            locked.push(format!("{}. {}", check.text, check.advice));
        }
        if !locked.is_empty() {
            return Question::Locked(locked);
        }
        let warning =
            migration.checks.iter().enumerate().find(|(place, check)| {
                check.sign == Sign::Warning && !self.is_accepted(*place, check)
            });
        match warning {
            Some((place, check)) => Question::Warning(place, check),
            None if self.letters(migration) != Letters::Whole => Question::Name,
            None => Question::Start,
        }
    }

    /// The next question of plain mode.
    pub(super) fn next_question(&self, migration: &Migration) -> Option<Ask> {
        if !migration.may_change() {
            return None;
        }
        let choices = |choices: &[&str]| {
            AskKind::Choice(choices.iter().map(|choice| (*choice).to_owned()).collect())
        };
        let name = migration.name_of(Side::Destination);
        Some(match self.question(migration) {
            Question::Wait => Ask { text: Vec::new(), kind: AskKind::Wait },
            Question::Locked(mut text) => {
                text.insert(0, "The run cannot start:".to_owned());
                Ask { text, kind: choices(&["check again"]) }
            }
            Question::Warning(place, check) => {
                let warnings =
                    migration.checks.iter().filter(|check| check.sign == Sign::Warning).count();
                let number = migration.checks[..place]
                    .iter()
                    .filter(|check| check.sign == Sign::Warning)
                    .count()
                    + 1;
                let mut text = vec![format!("Warning {number} of {warnings}. {}.", check.text)];
                text.extend((!check.advice.is_empty()).then(|| check.advice.clone()));
                text.extend(
                    (!check.all.is_empty()).then(|| format!("All: {}.", check.all.join(", "))),
                );
                Ask { text, kind: choices(&["accept it", "check again"]) }
            }
            Question::Name => {
                let mut text = vec![format!("What will happen to {name}:")];
                if let Some(ledger) = &self.ledger {
                    text.extend(ledger.lines(migration).into_iter().map(|(label, words)| {
                        if label.is_empty() { words } else { format!("{label}: {words}") }
                    }));
                }
                let checks = migration.checks.iter().filter(|check| check.sign == Sign::Good);
                text.extend(checks.map(|check| format!("Checked: {}.", check.text)));
                text.extend(self.lapsed.map(str::to_owned));
                text.extend(self.ledger.as_ref().map(|ledger| ledger.warning(&name)));
                let label = format!("To go on, type the destination database's name, {name}");
                let current = self.typed.text().to_owned();
                Ask { text, kind: AskKind::Text { label, current } }
            }
            Question::Start => {
                let text = vec![format!("All is there. {name} is written from the start on.")];
                Ask { text, kind: choices(&["do not start", "start the run"]) }
            }
        })
    }

    /// An answer to it.
    pub(super) fn on_answer(&mut self, answer: Answer, migration: &mut Migration) {
        self.is_plain = true;
        if !migration.may_change() {
            return;
        }
        let warning = match self.question(migration) {
            Question::Warning(place, _) => Some(place),
            Question::Start if answer == Answer::Chosen(1) => {
                self.start(migration);
                return;
            }
            Question::Start => {
                self.typed = TextField::default();
                migration.say("Nothing was started.");
                return;
            }
            Question::Name => {
                if let Answer::Text(text) = answer {
                    self.lapsed = None;
                    self.typed.set(&text);
                    if let Some(missing) = self.letters(migration).missing() {
                        migration.say(format!("That is not the name: {missing}."));
                        self.typed = TextField::default();
                    }
                }
                return;
            }
            Question::Wait => return,
            Question::Locked(_) => None,
        };
        match (warning, answer) {
            (Some(place), Answer::Chosen(0)) => self.accept(place, migration),
            _ if self.ledger.is_none() => migration.compare_anew(),
            _ => self.check(migration),
        }
    }
}
