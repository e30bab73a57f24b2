//! The step as questions of plain mode: where records wait for an answer, all of them may be answered
//! by maps first, then the findings.

use super::super::map_path;
use super::super::message::Answer;
use super::super::migration::Migration;
use super::super::step::{Ask, AskKind, Event};
use super::StaticRecords;

/// What is offered before the findings, in this order.
const OFFERED: [&str; 3] = ["answer for each record", map_path::OFFERED[0], map_path::OFFERED[1]];

impl StaticRecords {
    /// Whether maps are offered now.
    fn offers_maps(&self, migration: &Migration) -> bool {
        map_path::is_offered(migration)
            && !self.is_gone_on
            && !self.findings.gate(migration).is_empty()
    }

    /// The next question.
    pub(super) fn question(&self, migration: &Migration) -> Option<Ask> {
        if let Some(ask) = self.path.question() {
            return Some(ask);
        }
        if self.offers_maps(migration) {
            let text = vec!["Records of the source wait for an answer.".to_owned()];
            return Some(Ask { text, kind: AskKind::Choice(OFFERED.map(str::to_owned).to_vec()) });
        }
        self.findings.ask(migration)
    }

    /// An answer to it.
    pub(super) fn on_answer(&mut self, migration: &mut Migration, answer: Answer) {
        if self.path.is_typed() {
            self.path.answer(migration, answer);
        } else if self.offers_maps(migration) {
            match answer {
                Answer::Chosen(1) => migration.write_maps(),
                Answer::Chosen(2) => self.path.ask(migration),
                Answer::Chosen(_) => self.is_gone_on = true,
                _ => {}
            }
        } else {
            self.findings.update(migration, &Event::Answered(answer));
        }
    }
}
