//! Leaving the program: what is asked before, and what becomes of a run that is going on.

use super::message::{Effect, Leaving};
use super::overlay::{Overlay, Question};
use super::{Model, Screen};
use crate::migrate;

/// The question whether to leave.
const LEAVE: &str = "leave";
/// The question what becomes of the run.
pub(super) const LEAVE_RUN: &str = "leave-run";

impl Model {
    pub(super) fn ask_to_leave(&mut self) {
        if self.migration.is_cleaning() {
            self.migration.say("One moment: rows of the clone are being written.");
            return;
        }
        let question = if self.migration.is_proving() {
            self.whether_to_leave_the_proof()
        } else if self.migration.is_running() {
            what_becomes_of_the_run()
        } else {
            self.whether_to_leave()
        };
        self.migration.overlays.push(Overlay::Question(question));
    }

    fn whether_to_leave_the_proof(&self) -> Question {
        let run = self.migration.run.as_ref().map_or("", |run| run.id.as_str());
        Question::of_program(
            LEAVE,
            "Leave before the proof is done?",
            "Everything is written, and stays. That it is right is not proved yet.",
            &[("Keep proving", ""), ("Leave", &format!("prove it later: osferry verify {run}"))],
        )
    }

    fn whether_to_leave(&self) -> Question {
        let is_editing = matches!(self.screen, Screen::Step(_)) && self.migration.may_change();
        let let_down = self.migration.draft_trouble.as_deref();
        let kept = self.migration.errand().filter(|_| is_editing).zip(self.migration.draft());
        let line = match self.migration.draft().filter(|_| is_editing) {
            _ if kept.is_some() && let_down.is_none() => kept.map_or_else(String::new, |kept| {
                format!(
                    "What was said is kept in the {} \"{}\"; Home lists it.",
                    kept.0.label(),
                    kept.1
                )
            }),
            Some(_) if let_down.is_some() => format!(
                "Your answers are NOT kept: {}. e on Options or Review writes them as a plan.",
                let_down.map_or("", |why| why.trim_end_matches('.'))
            ),
            Some(name) => {
                format!("Your answers are kept in the draft \"{name}\"; Home lists it next time.")
            }
            None => "Nothing is running, and there is nothing to keep.".to_owned(),
        };
        let choices = [("Stay", ""), ("Leave", "")];
        let question = Question::of_program(LEAVE, "Leave osferry?", line, &choices);
        Question { selected: 1, ..question }
    }

    /// The person has answered one of these questions.
    pub(super) fn leave_as_chosen(&mut self, tag: &str, place: usize) {
        match (tag, place) {
            (LEAVE, 1) => self.leave(Leaving::AsItIs),
            (LEAVE_RUN, 1) => self.migration.tell(migrate::Command::Pause),
            (LEAVE_RUN, 2) => {
                self.migration.tell(migrate::Command::Stop);
                self.leave(Leaving::WhenTheRunEnds);
            }
            (LEAVE_RUN, 3) => {
                self.migration.tell(migrate::Command::Cancel);
                self.leave(Leaving::WhenTheRunEnds);
            }
            _ => {}
        }
    }

    /// The system wants the program to end: a run finishes its batches first.
    pub(super) fn on_asked_to_end(&mut self) {
        if self.migration.is_undoing() {
            self.migration.tell_undo(migrate::Command::Stop);
            self.leave(Leaving::WhenTheRunEnds);
        } else if self.migration.is_cleaning() {
            self.leave(Leaving::WhenTheRunEnds);
        } else if self.migration.is_running() && !self.migration.is_proving() {
            self.migration.tell(migrate::Command::Stop);
            self.leave(Leaving::WhenTheRunEnds);
        } else {
            self.leave(Leaving::AsItIs);
        }
    }

    pub(super) fn leave(&mut self, leaving: Leaving) {
        self.leaving = Some(leaving);
        self.migration.order(Effect::Quit(leaving));
    }
}

fn what_becomes_of_the_run() -> Question {
    Question::of_program(
        LEAVE_RUN,
        "Leave while the run is writing?",
        "Every batch is one transaction: it is there as a whole, or not at all.",
        &[
            ("Keep running", ""),
            ("Pause", "finish the current batches, keep the connections"),
            ("Stop", "finish the current batches, then leave"),
            ("Abort", "roll back the open batches, then leave"),
        ],
    )
}
