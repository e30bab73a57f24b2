//! The names that the scripts of a clone on Oracle need. There is no connection to Oracle: the scripts
//! are written, read, and carried out by whoever may.

mod fields;
mod view;

use super::super::form::{Change, Form};
use super::super::keys::{Binding, Command, Key};
use super::super::look::{Area, Canvas};
use super::super::message::{Answer, ErrandPlan, Sign};
use super::super::migration::Migration;
use super::super::step::{Ask, AskKind, Event, Notice, Step};
use crate::procedures::OracleClone;

const KEYS: &[Binding] = &[
    Binding::new(Command::NextField, &[Key::Tab], "field", "next field").in_text(),
    Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "write scripts",
        "write the scripts into a new folder, where nothing is missing",
    )
    .in_text(),
];

/// The step.
#[derive(Debug, Default)]
pub struct Scripts {
    form: Form,
    /// The next question of plain mode.
    asked: usize,
}

impl Scripts {
    fn kept(migration: &Migration) -> OracleClone {
        match migration.errand.as_ref().map(|known| &known.rest) {
            Some(ErrandPlan::Oracle(_, clone)) => clone.clone(),
            _ => OracleClone::empty(),
        }
    }

    fn commit(&mut self, migration: &mut Migration) {
        let name = self.form.value(fields::NAME).to_owned();
        let fault = migration.name_fault(&name);
        if let Some(field) = self.form.field_mut(fields::NAME) {
            field.error.clone_from(&fault);
        }
        migration.set_name(&name);
        migration.set_oracle(fields::clone(&self.form));
    }

    /// What is missing or no identifier, as a sentence.
    fn fault(migration: &Migration) -> Option<String> {
        OracleClone::parse(&Self::kept(migration).to_text()).err().map(|fault| fault.what)
    }

    fn write(&mut self, migration: &mut Migration) {
        self.commit(migration);
        match Self::fault(migration) {
            Some(fault) => migration.say(format!("Not yet: {fault}.")),
            None => migration.write_scripts(),
        }
    }

    fn took(&mut self, change: Change, migration: &mut Migration) {
        match change {
            Change::Pressed(_) => self.write(migration),
            Change::Left(_) => self.commit(migration),
            Change::Changed(_) if !self.form.in_text() => self.commit(migration),
            _ => {}
        }
    }
}

impl Step for Scripts {
    fn name(&self) -> &'static str {
        "Scripts"
    }

    fn purpose(&self, _migration: &Migration) -> String {
        "Names of the original and of the clone; scripts are written, never run.".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn in_text(&self, _migration: &Migration) -> bool {
        self.form.in_text()
    }

    fn rests(&self) -> bool {
        !self.form.has_focus
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.form = fields::form(&migration.plan.name, &Self::kept(migration));
        self.asked = 0;
    }

    fn leave(&mut self, migration: &mut Migration) {
        self.commit(migration);
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        match event {
            Event::Command(Command::Recheck) => self.write(migration),
            Event::Command(command) => {
                let change = self.form.obey(command);
                self.took(change, migration);
            }
            Event::Typed(c) => {
                let change = self.form.type_in(c);
                self.took(change, migration);
            }
            Event::Pasted(text) => {
                let change = self.form.paste(text);
                self.took(change, migration);
            }
            Event::Answered(answer) => {
                let asked = self.asked;
                self.asked += 1;
                match answer {
                    Answer::Text(text) => fields::set(&mut self.form, asked, &text),
                    Answer::Chosen(0) if asked >= fields::TEXTS.len() => self.write(migration),
                    Answer::Chosen(_) => self.asked = 0,
                    Answer::Secret(_) => {}
                }
                self.commit(migration);
            }
            _ => {}
        }
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        if let Some(field) = self.form.focused() {
            if let Some(fault) = &field.error {
                return Some(Notice::new(Sign::Bad, fault.clone()));
            }
            return Some(Notice::new(Sign::Note, field.help));
        }
        Some(match Self::fault(migration) {
            Some(fault) => Notice::new(Sign::Note, format!("Not yet: {fault}.")),
            None => Notice::new(Sign::Good, "Nothing is missing: Ctrl+T writes the scripts."),
        })
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        let Some(name) = fields::TEXTS.get(self.asked) else {
            if self.asked > fields::TEXTS.len() {
                return None;
            }
            let text = Self::fault(migration).map(|fault| format!("Not yet: {fault}."));
            let choices = ["Write the scripts", "Go through the names again"];
            let kind = AskKind::Choice(choices.map(str::to_owned).to_vec());
            return Some(Ask { text: text.into_iter().collect(), kind });
        };
        let field = self.form.field(name)?;
        let kind = AskKind::Text {
            label: field.label.to_owned(),
            current: fields::text(&self.form, name),
        };
        Some(Ask { text: vec![field.help.to_owned()], kind })
    }

    fn draw(&self, _migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(&self.form, area, canvas);
    }
}
