//! Who gets a key, a pasted text, a command: what lies over the screen, then what works
//! everywhere, then what is shown.

use super::keys::{self, Command, Key, Meaning};
use super::leaving::LEAVE_RUN;
use super::message::Effect;
use super::overlay::{self, Asker, Outcome, Overlay, Question};
use super::step::{Event, Step};
use super::{Model, Screen, home, undo};
use crate::outsystems::Side;

impl Model {
    pub(super) fn on_key(&mut self, key: Key) {
        self.migration.said = None;
        self.goes_on = None;
        if !self.migration.overlays.is_empty() {
            self.on_overlay_key(key);
            return;
        }
        match keys::meaning(key, self.own_keys(), self.in_text()) {
            Meaning::Does(command) => self.on_command(command, Some(key)),
            Meaning::Types(c) => match self.screen {
                Screen::Home => self.home.type_in(c),
                Screen::Step(_) => self.tell_step(Event::Typed(c)),
            },
            Meaning::Nothing => {}
        }
    }

    pub(super) fn on_pasted(&mut self, text: &str) {
        self.migration.said = None;
        if let Some(overlay) = self.migration.overlays.last_mut() {
            overlay.paste(text);
            self.migration.type_what_stands();
        } else if self.in_text() {
            match self.screen {
                Screen::Home => self.home.paste(text),
                Screen::Step(_) => self.tell_step(Event::Pasted(text)),
            }
        }
    }

    fn on_overlay_key(&mut self, key: Key) {
        let Some(top) = self.migration.overlays.last_mut() else { return };
        let in_text = top.in_text();
        let meaning = keys::meaning(key, overlay::KEYS, in_text);
        let is_leave_question =
            matches!(top, Overlay::Question(Question { asker: Asker::Program(LEAVE_RUN), .. }));
        let outcome = match meaning {
            // A second Ctrl+C in the question means: stop after this batch.
            Meaning::Does(Command::Interrupt) if is_leave_question => {
                Outcome::Chose(Asker::Program(LEAVE_RUN), 2)
            }
            // Ctrl+C never leaves an undo half way without it being said so.
            Meaning::Does(Command::Interrupt) => match top {
                Overlay::Undo(undoing) => undoing.obey(Command::Own(undo::STOP)),
                _ => Outcome::Closed,
            },
            Meaning::Does(Command::Redraw) => {
                self.migration.order(Effect::Redraw);
                Outcome::Stays
            }
            Meaning::Does(command) => top.obey(command),
            Meaning::Types(c) => {
                top.type_in(c);
                Outcome::Stays
            }
            Meaning::Nothing => Outcome::Stays,
        };
        self.migration.type_what_stands();
        match outcome {
            Outcome::Stays => {}
            Outcome::Wrote(asker) => {
                let Some(text) = self.migration.take_typed() else { return };
                self.migration.overlays.pop();
                if let Asker::Step(tag) = asker {
                    self.tell_step(Event::Wrote(tag, &text));
                }
            }
            Outcome::Copy(text) => self.migration.copy(text),
            Outcome::Undo(order) => self.migration.obey_undo(order),
            Outcome::Filled(tag, filled) => {
                self.migration.overlays.pop();
                self.tell_step(Event::Filled(tag, &filled));
            }
            Outcome::Closed => {
                self.migration.overlays.pop();
            }
            Outcome::Reconnect => {
                self.migration.overlays.pop();
                self.reconnect();
            }
            Outcome::Chose(asker, place) => {
                self.migration.overlays.pop();
                match asker {
                    Asker::Step(tag) => self.tell_step(Event::Replied(tag, place)),
                    Asker::Program(home::REMOVE_DRAFT) if place == 1 => {
                        self.home.removed(&mut self.migration);
                    }
                    Asker::Program(home::WHICH_CLONE) => self.begin_cleanup(place),
                    Asker::Program(tag) => self.leave_as_chosen(tag, place),
                }
            }
        }
    }

    pub(super) fn on_command(&mut self, command: Command, key: Option<Key>) {
        self.goes_on = None;
        match command {
            Command::Help => self.migration.overlays.push(Overlay::Help { first: 0 }),
            Command::Redraw => self.migration.order(Effect::Redraw),
            Command::Lessons => {
                self.migration.lessons_shown = !self.migration.lessons_shown;
            }
            Command::Interrupt | Command::Leave => self.ask_to_leave(),
            Command::Next => self.next(),
            Command::Back => self.back(),
            Command::GoTo => {
                if let Some(Key::Char(digit)) = key
                    && let Some(number) = digit.to_digit(10)
                {
                    self.go_to_number(number as usize);
                }
            }
            Command::Copy => match self.step().and_then(|step| step.copied(&self.migration)) {
                Some(text) => self.migration.copy(text),
                None => self.migration.say("There is nothing to copy here."),
            },
            Command::Open if self.step().is_some_and(Step::rests) => self.next(),
            command => match self.screen {
                Screen::Home => self.on_home(command),
                Screen::Step(_) => self.tell_step(Event::Command(command)),
            },
        }
    }

    fn reconnect(&mut self) {
        for side in [Side::Source, Side::Destination] {
            self.migration.test(side);
        }
        self.show_step(0);
    }
}
