//! The same as questions: the selected step, and what can be said of it.

use super::super::super::keys::Command;
use super::super::super::message::Answer;
use super::super::super::migration::Migration;
use super::super::super::step::{Ask, AskKind, Event, Step as _};
use super::{Walkthrough, details};

/// What can be said of a step, in the order of the question's choices.
const CHOICES: [(&str, Command); 8] = [
    ("The next step", Command::Down),
    ("The step before", Command::Up),
    ("Done, or open again; of an optional statement: take it, or not", Command::Toggle),
    ("Leave it out, with the reason", Command::Own(super::SKIP)),
    ("Done, with a note", Command::Own(super::NOTE)),
    ("Carry the statements out", Command::Own(super::APPLY)),
    ("Name the application servers", Command::Own(super::SERVERS)),
    ("Ask the databases what they can tell of the steps", Command::Own(super::ASK)),
];
const OTHER: (&str, Command) = ("The other installation", Command::Own(super::VARIANT));

impl Walkthrough {
    fn choices(&self, migration: &Migration) -> Vec<(&'static str, Command)> {
        let all = CHOICES.into_iter().chain([OTHER]);
        all.filter(|(_, command)| self.offers(*command, migration)).collect()
    }

    pub(super) fn question(&self, migration: &Migration) -> Option<Ask> {
        let place = self.selected(migration)?;
        let (procedure, walk) = self.shown(migration)?;
        let (done, of) = walk.done(procedure);
        let (_, state) = details::state(self, &place, migration);
        let state = if state.is_empty() { "open".to_owned() } else { state };
        let mut text =
            vec![format!("{}, {done} of {of} steps. This one is {state}:", procedure.title)];
        text.extend(
            details::whole(self, &place, migration).into_iter().filter(|line| !line.is_empty()),
        );
        let choices =
            self.choices(migration).into_iter().map(|(what, _)| what.to_owned()).collect();
        Some(Ask { text, kind: AskKind::Choice(choices) })
    }

    pub(super) fn on_answer(&mut self, answer: &Answer, migration: &mut Migration) {
        let Answer::Chosen(place) = answer else { return };
        if let Some((_, command)) = self.choices(migration).get(*place).copied() {
            self.update(migration, Event::Command(command));
        }
    }
}
