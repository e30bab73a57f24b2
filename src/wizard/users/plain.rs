//! The step as questions of plain mode: what is said of all users first, then the findings.

use super::super::map_path;
use super::super::message::Answer;
use super::super::migration::Migration;
use super::super::step::{Ask, AskKind, Event};
use super::{Users, whole};

/// What is offered before the findings, in this order.
const OFFERED: [&str; 5] = [
    "go on",
    "change what is said of all users",
    "decide about one user who is there",
    map_path::OFFERED[0],
    map_path::OFFERED[1],
];

impl Users {
    /// Whether what is said of all users is asked about now.
    fn asks_about_all(&self, migration: &Migration) -> bool {
        map_path::is_offered(migration) && !self.is_gone_on
    }

    /// The next question.
    pub(super) fn question(&self, migration: &Migration) -> Option<Ask> {
        if let Some(ask) = self.path.question() {
            return Some(ask);
        }
        if self.asks_about_all(migration) {
            let text = vec![format!("{}.", whole::line(migration))];
            return Some(Ask { text, kind: AskKind::Choice(OFFERED.map(str::to_owned).to_vec()) });
        }
        self.findings.ask(migration)
    }

    /// An answer to it.
    pub(super) fn on_answer(&mut self, migration: &mut Migration, answer: Answer) {
        if self.path.is_typed() {
            self.path.answer(migration, answer);
        } else if self.asks_about_all(migration) {
            let Answer::Chosen(place) = answer else { return };
            match place {
                1 => whole::ask(migration),
                2 => self.ask_whom(migration),
                3 => migration.write_maps(),
                4 => self.path.ask(migration),
                _ => self.is_gone_on = true,
            }
        } else {
            self.findings.update(migration, &Event::Answered(answer));
        }
    }
}
