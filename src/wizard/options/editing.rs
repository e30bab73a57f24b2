//! What keys do to the fields and to the plan beside them.

use super::super::findings::{READ, may_change};
use super::super::form::{Change, FieldKind};
use super::super::keys::{Command, EXPORT};
use super::super::migration::{Migration, PROBE};
use super::super::step::Event;
use super::fields::{
    self, BATCH, CONNECTIONS, FINDINGS, IDS, IMAGES, KEEP, MASKS, MOST, NUMBERS, PACE, PACES,
    PARALLEL, PERSONAL, PERSONAL_WAYS, READING, REPLACE, SOFT,
};
use super::picture::Picture;
use super::reading;
use super::{DEFAULTS, Options, Pane};
use crate::outsystems::Side;
use crate::plan::RunOptions;
use crate::report::{forecast_words, probe_words};

impl Options {
    /// What stands in a text counts from now on, as far as it is a number; else says what is wrong.
    pub(super) fn commit(&mut self, name: &str, migration: &mut Migration) {
        if !migration.may_change() {
            return;
        }
        let fault = fields::fault(&self.form, migration, name);
        let Some(field) = self.form.field_mut(name) else { return };
        field.error = fault;
        let FieldKind::Text(text) = &mut field.kind else { return };
        if name == MOST {
            if let Ok((rejects, most)) = fields::most_in(text.text()) {
                migration.set_options(|options| {
                    options.rejects = rejects;
                    options.max_rejects = most;
                });
            }
            return;
        }
        let Ok(typed) = fields::number_in(name, text.text()) else { return };
        if text.text() != typed.to_string() {
            text.set(&typed.to_string());
        }
        migration.set_options(|options| match name {
            CONNECTIONS => options.source_connections = typed,
            BATCH => options.batch_rows = typed,
            PARALLEL => options.parallel_entities = typed,
            _ => {}
        });
    }

    pub(super) fn commit_all(&mut self, migration: &mut Migration) {
        for name in NUMBERS {
            self.commit(name, migration);
        }
    }

    /// Reading, batch size and so on as they are at first.
    pub(super) fn set_defaults(&mut self, migration: &mut Migration) {
        if !may_change(migration) {
            return;
        }
        let defaults = RunOptions::default();
        migration.set_options(|options| *options = defaults);
        for name in NUMBERS {
            if let Some(field) = self.form.field_mut(name) {
                field.error = None;
            }
        }
        self.load(migration);
        migration.say("All options are at their defaults, but what becomes of the rows there.");
    }

    pub(super) fn set_replace(&mut self, replace: bool, migration: &mut Migration) {
        migration.set_scope(|scope| scope.replace = Some(replace));
        let name = migration.name_of(Side::Destination);
        migration.say(match (replace, self.existing.is_open || !self.existing.is_known()) {
            (false, _) => format!("{name}'s rows stay; the new ones are added beside them."),
            (true, true) => format!("{name}'s rows of the chosen entities are deleted first."),
            (true, false) => format!(
                "{name}'s rows of the chosen entities are deleted first: {}.",
                self.existing.goes_words()
            ),
        });
    }

    pub(super) fn set_images(&mut self, keep: bool, migration: &mut Migration) {
        migration.set_options(|options| options.keep_before_images = keep);
        migration.say(if keep {
            "Deleted rows are kept on this machine: an undo brings them back.".to_owned()
        } else {
            let name = migration.name_of(Side::Destination);
            format!("Deleted rows are not kept: only a backup of {name} can bring them back.")
        });
    }

    pub(super) fn set_reading(&mut self, place: usize, migration: &mut Migration) {
        let readings = reading::offered(migration);
        if let Some(reading) = readings.get(place) {
            migration.set_options(|options| options.source_reading = *reading);
        }
        let fault = fields::fault(&self.form, migration, READING);
        if let Some(field) = self.form.field_mut(READING) {
            field.error = fault;
        }
    }

    pub(super) fn set_pace(&mut self, place: usize, migration: &mut Migration) {
        if let Some(pace) = PACES.get(place) {
            migration.set_options(|options| options.source_pace = *pace);
        }
    }

    pub(super) fn set_ids(&mut self, reserves: bool, migration: &mut Migration) {
        migration.set_options(|options| options.identity_ranges = reserves);
    }

    pub(super) fn set_personal(&mut self, place: usize, migration: &mut Migration) {
        if let Some((_, said)) = PERSONAL_WAYS.get(place) {
            migration.set_scope(|scope| scope.personal_data = *said);
        }
    }

    pub(super) fn set_soft(&mut self, is_off: bool, migration: &mut Migration) {
        migration.set_scope(|scope| scope.no_soft_keys = is_off);
    }

    /// A field's value changed.
    pub(super) fn changed(&mut self, place: usize, migration: &mut Migration) {
        let Some(name) = self.form.fields.get(place).map(|field| field.name) else { return };
        match name {
            REPLACE => self.set_replace(true, migration),
            KEEP => self.set_replace(false, migration),
            IMAGES => self.set_images(self.form.fields[place].is_ticked(), migration),
            READING => {
                let chosen = self.form.fields[place].chosen();
                self.set_reading(chosen, migration);
            }
            PACE => {
                let chosen = self.form.fields[place].chosen();
                self.set_pace(chosen, migration);
            }
            IDS => {
                let chosen = self.form.fields[place].chosen();
                self.set_ids(chosen == 1, migration);
            }
            PERSONAL => {
                let chosen = self.form.fields[place].chosen();
                self.set_personal(chosen, migration);
            }
            SOFT => {
                let chosen = self.form.fields[place].chosen();
                self.set_soft(chosen == 1, migration);
            }
            MASKS => {
                if let FieldKind::Secret(secret) = &self.form.fields[place].kind {
                    migration.set_mask_key(secret.secret());
                }
            }
            // An error that is mended goes at once; a new one is said on leaving.
            name => {
                let fault = fields::fault(&self.form, migration, name);
                let field = &mut self.form.fields[place];
                if field.error.is_some() {
                    field.error = fault;
                }
            }
        }
        self.show(migration);
    }

    pub(super) fn on_command(&mut self, command: Command, migration: &mut Migration) {
        if command == Command::Own(EXPORT) {
            migration.export();
            return;
        }
        if command == Command::Recheck {
            self.commit_all(migration);
            self.findings.on_finding(migration, None, command);
            return;
        }
        if command == Command::Own(PROBE) {
            migration.ask_to_probe();
            return;
        }
        match self.pane {
            Pane::Findings => {
                let is_taken = self.findings.update(migration, &Event::Command(command));
                if !is_taken && command == Command::Close {
                    self.go_to_field(FINDINGS);
                }
            }
            Pane::Plan | Pane::WholePlan => self.on_plan(command, migration),
            Pane::Form => self.on_form(command, migration),
        }
    }

    pub(super) fn on_form(&mut self, command: Command, migration: &mut Migration) {
        if command == Command::Own(DEFAULTS) {
            self.set_defaults(migration);
            return;
        }
        let had_focus = self.form.has_focus;
        let at = self.form.focused().map_or("", |field| field.name);
        let is_open = matches!(command, Command::Open | Command::Toggle);
        if command == Command::Own(READ) {
            self.read(migration);
            return;
        }
        if had_focus && at == FINDINGS && is_open {
            self.pane = Pane::Findings;
            self.findings.enter(migration);
            return;
        }
        let is_move = matches!(
            command,
            Command::NextField
                | Command::PreviousField
                | Command::Up
                | Command::Down
                | Command::Close
        );
        if !is_move && !migration.may_change() {
            if is_open || matches!(command, Command::Left | Command::Right) {
                may_change(migration);
            }
            return;
        }
        let before = self.form.focus;
        // The choices above each other are gone through with the arrows; what is chosen stays
        // until Space says otherwise.
        if matches!(self.form.focused().map(|field| &field.kind), Some(FieldKind::Tick(_)))
            && matches!(command, Command::Left | Command::Right)
        {
            return;
        }
        match self.form.obey(command) {
            Change::Left(place) => {
                if let Some(name) = self.form.fields.get(place).map(|field| field.name) {
                    self.commit(name, migration);
                }
                self.pass_on(before, command, had_focus);
            }
            Change::Changed(place) => self.changed(place, migration),
            Change::None | Change::Nothing | Change::Pressed(_) => {}
        }
    }

    /// What there is to say of the field with the focus, where there is no room for all of it.
    pub(super) fn read(&self, migration: &mut Migration) {
        if self.pane == Pane::Plan {
            migration.show("What it will take", self.taking(migration));
            return;
        }
        let Some(field) = self.form.focused() else { return };
        let text = fields::explanation(migration, &self.existing, field.name);
        let title = field.label.to_owned();
        migration.show(title, vec![text]);
    }

    /// What the plan will take, a sentence each, and what the last probe from here came to.
    pub(super) fn taking(&self, migration: &Migration) -> Vec<String> {
        let mut lines = match &migration.forecast {
            Some(forecast) => forecast_words(forecast),
            None => vec!["Nothing is forecast yet.".to_owned()],
        };
        lines.extend(migration.probe.iter().flat_map(probe_words));
        lines
    }

    /// From the last field Tab leads to the plan, and back from the first.
    pub(super) fn pass_on(&mut self, before: usize, command: Command, had_focus: bool) {
        if !had_focus || !self.form.has_focus {
            return;
        }
        let is_forward = matches!(command, Command::NextField | Command::Down | Command::Open);
        let is_wrapped =
            if is_forward { self.form.focus <= before } else { self.form.focus >= before };
        match (is_wrapped, command) {
            (true, Command::Up) => self.form.focus = before,
            (true, _) => {
                self.form.has_focus = false;
                self.pane = Pane::Plan;
            }
            (false, _) => {}
        }
    }

    pub(super) fn on_plan(&mut self, command: Command, migration: &mut Migration) {
        let lines = self.picture.as_ref().map_or(0, Picture::len);
        let is_whole = self.pane == Pane::WholePlan;
        match command {
            Command::Own(DEFAULTS) => self.set_defaults(migration),
            Command::Own(READ) if !is_whole => self.read(migration),
            Command::Close if is_whole => self.pane = Pane::Plan,
            Command::Close => {
                self.pane = Pane::Form;
                self.form.has_focus = false;
            }
            Command::NextField if !is_whole => self.go_to_field(REPLACE),
            Command::PreviousField if !is_whole => self.go_to_field(FINDINGS),
            Command::Up if !is_whole && self.plan_list.selected == 0 => self.go_to_field(FINDINGS),
            Command::Open | Command::Toggle if lines > 0 && !is_whole => {
                self.pane = Pane::WholePlan;
            }
            Command::Open if !is_whole => {
                let text = self.no_plan(migration);
                migration.say(text);
            }
            command => {
                let height = self.plan_height(migration);
                self.plan_list.obey(command, lines, height);
            }
        }
    }
}
