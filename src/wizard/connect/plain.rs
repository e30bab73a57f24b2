//! The fields as questions of plain mode, one after the other.

use super::super::form::FieldKind;
use super::super::message::Answer;
use super::super::migration::Migration;
use super::super::step::{Ask, AskKind};
use super::{BOTH, Connect, fields};
use crate::outsystems::Side;

impl Connect {
    /// The fields that plain mode asks for, in order.
    pub(super) fn questions(&self) -> Vec<(Side, &'static str)> {
        BOTH.iter()
            .flat_map(|side| {
                self.form(*side)
                    .fields
                    .iter()
                    .filter(|field| !field.is_hidden)
                    .map(|field| (*side, field.name))
            })
            .collect()
    }

    /// The next question of plain mode.
    pub(super) fn next_question(&self, migration: &Migration) -> Option<Ask> {
        if BOTH.iter().any(|side| migration.is_testing(*side)) {
            return Some(Ask { text: Vec::new(), kind: AskKind::Wait });
        }
        let Some((side, name)) = self.questions().get(self.asked).copied() else {
            let missing = self.missing(migration);
            if missing.is_empty() {
                return None;
            }
            let text = missing.iter().map(|reason| format!("{reason}.")).collect();
            let choices = vec!["test both sides again".to_owned(), "change the answers".to_owned()];
            return Some(Ask { text, kind: AskKind::Choice(choices) });
        };
        let field = self.form(side).field(name)?;
        let label = format!("{} of the {}", field.label, migration.side_word(side));
        let text = match &field.kind {
            FieldKind::Choice { .. } | FieldKind::Tick(_) => format!("{label}. {}", field.help),
            _ => field.help.to_owned(),
        };
        let kind = match &field.kind {
            FieldKind::Text(text) => AskKind::Text { label, current: text.text().to_owned() },
            FieldKind::Secret(_) => AskKind::Secret { label },
            FieldKind::Choice { options, .. } => AskKind::Choice(options.clone()),
            FieldKind::Tick(_) => AskKind::Choice(vec!["no".to_owned(), "yes".to_owned()]),
            FieldKind::Button => return None,
        };
        Some(Ask { text: vec![text], kind })
    }

    /// An answer to it.
    pub(super) fn on_answer(&mut self, answer: Answer, migration: &mut Migration) {
        let Some((side, name)) = self.questions().get(self.asked).copied() else {
            // Connected or not: test again, or go on by Next.
            if answer == Answer::Chosen(1) {
                self.asked = 0;
            } else {
                self.test(migration);
            }
            return;
        };
        let form = self.form_mut(side);
        let Some(place) = form.fields.iter().position(|field| field.name == name) else { return };
        match (&mut form.fields[place].kind, answer) {
            (FieldKind::Text(field), Answer::Text(text)) => field.set(&text),
            (FieldKind::Secret(field), Answer::Secret(secret)) => field.set(secret, None),
            (FieldKind::Choice { selected, .. }, Answer::Chosen(place)) => *selected = place,
            (FieldKind::Tick(ticked), Answer::Chosen(place)) => *ticked = place == 1,
            _ => return,
        }
        fields::hide(form);
        let fault = fields::judge(side, form, place);
        self.commit(migration);
        match fault {
            Some(fault) => migration.say(format!("{fault}.")),
            None => {
                self.asked += 1;
                if self.asked >= self.questions().len() {
                    self.test(migration);
                }
            }
        }
    }
}
