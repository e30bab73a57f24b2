//! Connect: the two environments, how to sign in, and what they answer.

mod cursor;
mod editing;
mod fields;
mod plain;
mod testing;
mod view;

use super::form::Form;
use super::keys::{Binding, Command, Key};
use super::look::{Area, Canvas};
use super::message::{Fact, Sign};
use super::migration::Migration;
use super::step::{Ask, Event, Notice, Reason, Step};
use crate::migrate::check_pair;
use crate::outsystems::Side;
use crate::procedures::Errand;
use cursor::Pane;

/// The step's fields and cursor.
#[derive(Debug)]
pub struct Connect {
    pane: Pane,
    name: Form,
    source: Form,
    destination: Form,
    /// The next question of plain mode.
    asked: usize,
}

const BOTH: [Side; 2] = [Side::Source, Side::Destination];
const NAME: &str = "name";
const TRUST: &str = "trust";

const KEYS: &[Binding] = &[
    Binding::new(
        Command::NextField,
        &[Key::Tab],
        "field",
        "next field; the last leads to the other side",
    )
    .in_text(),
    Binding::new(Command::Toggle, &[Key::Char(' ')], "choose", "the next of a field's choices"),
    Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "test both",
        "test both sides, each up to its first failure",
    )
    .in_text(),
];

impl Default for Connect {
    fn default() -> Self {
        Self {
            pane: Pane::Of(Side::Source),
            name: Form::default(),
            source: Form::default(),
            destination: Form::default(),
            asked: 0,
        }
    }
}

impl Step for Connect {
    fn name(&self) -> &'static str {
        "Connect"
    }

    fn purpose(&self, migration: &Migration) -> String {
        if migration.taking.is_some() {
            return "The run's two environments. Only passwords are asked for; Ctrl+T tests both."
                .to_owned();
        }
        match migration.errand() {
            None | Some(Errand::Oracle) => {
                "Choose the two environments. The source is only ever read."
            }
            Some(Errand::Cleanup) => "The clone, and the original that it was made from.",
            Some(Errand::Restore) => "The Platform database as it was, and as it was restored.",
        }
        .to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn rests(&self) -> bool {
        !self.focused().has_focus
    }

    fn in_text(&self, _migration: &Migration) -> bool {
        self.focused().in_text()
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.load(migration);
        self.asked =
            if BOTH.iter().all(|side| fields::first_fault(*side, self.form(*side)).is_none()) {
                self.questions().len()
            } else {
                0
            };
        self.commit(migration);
        self.test_if_complete(migration);
        if migration.taking.is_some() {
            self.go_to_missing(migration);
            return;
        }
        // With both sides on their way there is nothing to type.
        if !BOTH.iter().all(|side| migration.side(*side).tested.is_some()) {
            self.go_to(Pane::Of(Side::Source), false);
        }
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        if !migration.may_connect() {
            return;
        }
        match event {
            Event::Typed(_) | Event::Pasted(_) | Event::Command(Command::Toggle)
                if migration.taking.is_some() && !self.is_on_secret() =>
            {
                migration.say("The run's databases are what they were: only passwords are asked.");
            }
            Event::Fact(Fact::Read(..)) if migration.taking.is_some() => {
                if self.missing(migration).is_empty() {
                    migration.take_up();
                }
            }
            Event::Command(command) => self.on_command(command, migration),
            Event::Typed(c) => {
                let change = self.focused_mut().type_in(c);
                self.took(change, migration);
            }
            Event::Pasted(text) => {
                let change = self.focused_mut().paste(text);
                self.took(change, migration);
            }
            Event::Replied(TRUST, choice) => self.on_trust(choice, migration),
            Event::Answered(answer) => self.on_answer(answer, migration),
            Event::Replied(..)
            | Event::Wrote(..)
            | Event::Filled(..)
            | Event::Fact(_)
            | Event::Ticked => {}
        }
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        self.missing(migration)
    }

    fn offers_next(&self, migration: &Migration) -> bool {
        migration.taking.is_none()
    }

    fn lead_on(&mut self, migration: &mut Migration) {
        let missing = self.missing(migration);
        match missing.first() {
            None => migration.take_up(),
            Some(reason) => {
                self.go_to_missing(migration);
                migration.say(format!("Not yet: {reason}."));
            }
        }
    }

    fn go_to_first_reason(&mut self, migration: &mut Migration) {
        self.go_to_missing(migration);
    }

    fn answers(&self, migration: &Migration) -> String {
        if migration.errand().is_some() {
            // Nothing that was ticked is put in doubt by where the databases are.
            return String::new();
        }
        format!("{:?} {:?}", migration.plan.source, migration.plan.destination)
    }

    fn count(&self, migration: &Migration) -> String {
        let bad = BOTH
            .iter()
            .flat_map(|side| &migration.side(*side).checks)
            .filter(|check| check.sign == Sign::Bad)
            .count();
        if bad > 0 { bad.to_string() } else { String::new() }
    }

    fn summary(&self, migration: &Migration) -> Vec<(String, String)> {
        let place = |side| {
            migration
                .side(side)
                .model
                .as_ref()
                .map_or_else(String::new, |model| model.facts.place.clone())
        };
        vec![("From".to_owned(), place(Side::Source)), ("To".to_owned(), place(Side::Destination))]
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        // Beside the field there is not always room for the whole sentence.
        if let Some(fault) = self.focused().focused().and_then(|field| field.error.as_ref()) {
            return Some(Notice::new(Sign::Bad, format!("{fault}.")));
        }
        for side in BOTH {
            let checks = &migration.side(side).checks;
            if let Some(check) = checks.iter().find(|check| check.sign == Sign::Bad) {
                let may_plan = migration.side(side).model.is_some();
                let tail = if may_plan { " You can plan on; running needs it fixed." } else { "" };
                let text = format!("{}: {}.{tail}", migration.name_of(side), check.text);
                return Some(Notice::new(Sign::Bad, text));
            }
        }
        if migration.errand().is_none()
            && let Some((source, destination)) = migration.models()
        {
            return match check_pair(source, destination, migration.plan.destination.purpose) {
                Err(fault) => {
                    Some(Notice::new(Sign::Bad, format!("{}. {}", fault.what, fault.next)))
                }
                Ok(warnings) => {
                    warnings.first().map(|text| Notice::new(Sign::Warning, text.clone()))
                }
            };
        }
        let help = self.focused().focused().map(|field| field.help)?;
        Some(Notice::new(Sign::Note, help))
    }

    fn checked(&self, migration: &Migration) -> String {
        let at = &migration.destination.checked;
        if at.is_empty() { String::new() } else { format!("checked {at}") }
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        let lines: Vec<String> = BOTH
            .iter()
            .flat_map(|side| {
                let name = migration.name_of(*side);
                migration.side(*side).checks.iter().map(move |check| {
                    format!("{name}: {} {} {}", check.sign.text(), check.text, check.advice)
                })
            })
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        self.next_question(migration)
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
