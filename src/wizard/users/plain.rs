//! The step as questions of plain mode: what is said of all users first, then the findings.

use super::super::message::Answer;
use super::super::migration::Migration;
use super::super::step::{Ask, AskKind, Event};
use super::{Users, whole};

/// What is offered before the findings, in this order.
const OFFERED: [&str; 5] = [
    "go on",
    "change what is said of all users",
    "decide about one user who is there",
    "write the maps: records, users, groups and tenants as tables to fill in",
    "take maps in",
];

impl Users {
    /// Whether what is said of all users is asked about now.
    fn asks_about_all(&self, migration: &Migration) -> bool {
        let is_known = migration.review.is_some()
            && !migration.is_comparing()
            && migration.counting == 0
            && migration.may_change();
        is_known && !self.is_gone_on
    }

    /// The next question.
    pub(super) fn question(&self, migration: &Migration) -> Option<Ask> {
        if let Some(path) = self.path.field() {
            let text = vec!["The folder of the maps, or one of them.".to_owned()];
            let kind = AskKind::Text { label: "Path".to_owned(), current: path.text().to_owned() };
            return Some(Ask { text, kind });
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
            match answer {
                Answer::Text(path) => self.path.take_in(migration, &path),
                _ => self.path.leave(),
            }
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
