//! Options: what becomes of the rows that the destination has, how rows are read and written, and
//! the plan that follows from all answers.

mod existing;
mod fields;
mod gate;
mod picture;
mod plain;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use super::findings::{Findings, READ, checked, keys_of, may_change};
use super::form::{Change, FieldKind, Form};
use super::frame;
use super::keys::{Binding, Command, EXPORT, EXPORT_PLAN, Key};
use super::list::List;
use super::look::{Area, Canvas};
use super::migration::Migration;
use super::overlay::{Overlay, Reading};
use super::step::{Ask, Event, Notice, Reason, Step};
use super::viewport::Class;
use crate::compare::FindingKind;
use crate::outsystems::Side;
use crate::plan::RunOptions;
use crate::report::number;
use existing::Existing;
use fields::{BATCH, FINDINGS, KEEP, NUMBERS, PARALLEL, READING, REPLACE};
use picture::Picture;
use plain::Plain;

/// Its name, as texts refer to it.
pub const NAME: &str = "Options";

const DEFAULTS: &str = "defaults";

const KEYS: &[Binding] = &[
    Binding::new(
        Command::NextField,
        &[Key::Tab],
        "field",
        "next field; after the last one the plan, then the first",
    )
    .in_text(),
    Binding::new(
        Command::Toggle,
        &[Key::Char(' ')],
        "choose",
        "choose; among the findings: take the recommended decision",
    ),
    Binding::new(
        Command::Open,
        &[Key::Enter],
        "open",
        "on the plan: all of it; on the findings: decide them",
    )
    .in_text()
    .not_in_footer(),
    EXPORT_PLAN,
    Binding::new(
        Command::Own(DEFAULTS),
        &[Key::Char('d')],
        "defaults",
        "reading, batch size and entities at the same time as they were at first",
    ),
    keys_of::SAME,
    keys_of::ALL,
    keys_of::ORDER,
    keys_of::FILTER,
    keys_of::RECHECK,
    keys_of::VIEW,
    keys_of::BLOCKS_KEY,
    keys_of::WARNINGS_KEY,
    keys_of::NOTES_KEY,
];

/// What has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pane {
    /// The fields.
    #[default]
    Form,
    /// The plan beside them.
    Plan,
    /// The plan in all the room.
    WholePlan,
    /// The findings, in all the room.
    Findings,
}

/// The step's fields and cursor.
#[derive(Debug)]
pub struct Options {
    pane: Pane,
    form: Form,
    findings: Findings,
    existing: Existing,
    /// The plan shown; of earlier answers while the new one is being made.
    picture: Option<Picture>,
    plan_list: List,
    no_plan: gate::NoPlan,
    plain: Plain,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pane: Pane::Form,
            form: Form::default(),
            // The form itself asks what the undecided rows are about.
            findings: Findings::new(NAME).without(&[FindingKind::DestinationRowsUndecided]),
            existing: Existing::default(),
            picture: None,
            plan_list: List::default(),
            no_plan: gate::NoPlan::default(),
            plain: Plain::default(),
        }
    }
}

impl Options {
    /// Comes up to date with what is known and answered.
    fn sync(&mut self, migration: &Migration) {
        self.findings.sync(migration);
        self.existing.sync(migration);
        self.no_plan.sync(migration);
        match &migration.built {
            Some(plan) => {
                let is_shown =
                    self.picture.as_ref().is_some_and(|picture| Arc::ptr_eq(&picture.plan, plan));
                if !is_shown {
                    self.picture = Some(Picture::new(plan));
                }
            }
            // The old one stays while the new one is being made.
            None if is_underway(migration) => {}
            None => self.picture = None,
        }
        let lines = self.picture.as_ref().map_or(0, Picture::len);
        self.plan_list.within(lines);
        if self.pane == Pane::WholePlan && self.picture.is_none() {
            self.pane = Pane::Plan;
        }
        fields::show(&mut self.form, migration);
    }

    /// The fields as the migration has them; a text that is no number stays to be mended.
    fn load(&mut self, migration: &Migration) {
        let before = std::mem::replace(&mut self.form, fields::form(migration));
        for field in before.fields {
            if field.error.is_some()
                && migration.may_change()
                && NUMBERS.contains(&field.name)
                && let Some(own) = self.form.field_mut(field.name)
            {
                *own = field;
            }
        }
        fields::show(&mut self.form, migration);
    }

    /// Gives the focus to a field.
    fn go_to_field(&mut self, name: &str) {
        self.pane = Pane::Form;
        self.form.focus_on(name);
    }

    /// What stands in a text counts from now on, as far as it is a number; else says what is wrong.
    fn commit(&mut self, name: &str, migration: &mut Migration) {
        if !migration.may_change() {
            return;
        }
        let fault = fields::fault(&self.form, migration, name);
        let Some(field) = self.form.field_mut(name) else { return };
        field.error = fault;
        let FieldKind::Text(text) = &mut field.kind else { return };
        let Ok(typed) = fields::number_in(name, text.text()) else { return };
        if text.text() != typed.to_string() {
            text.set(&typed.to_string());
        }
        migration.set_options(|options| match name {
            BATCH => options.batch_rows = typed,
            PARALLEL => options.parallel_entities = typed,
            _ => {}
        });
    }

    fn commit_all(&mut self, migration: &mut Migration) {
        for name in NUMBERS {
            self.commit(name, migration);
        }
    }

    /// Reading, batch size and so on as they are at first.
    fn set_defaults(&mut self, migration: &mut Migration) {
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
        migration.say(format!(
            "Reading, batch size and entities at the same time are the defaults; what becomes of \
             {}'s rows stays as you chose.",
            migration.name_of(Side::Destination)
        ));
    }

    fn set_replace(&mut self, replace: bool, migration: &mut Migration) {
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

    fn set_reading(&mut self, place: usize, migration: &mut Migration) {
        let readings = fields::readings(migration.plan.options.source_reading);
        if let Some(reading) = readings.get(place) {
            migration.set_options(|options| options.source_reading = *reading);
        }
        let fault = fields::fault(&self.form, migration, READING);
        if let Some(field) = self.form.field_mut(READING) {
            field.error = fault;
        }
    }

    /// A field's value changed.
    fn changed(&mut self, place: usize, migration: &mut Migration) {
        let Some(name) = self.form.fields.get(place).map(|field| field.name) else { return };
        match name {
            REPLACE => self.set_replace(true, migration),
            KEEP => self.set_replace(false, migration),
            READING => {
                let chosen = self.form.fields[place].chosen();
                self.set_reading(chosen, migration);
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
        fields::show(&mut self.form, migration);
    }

    fn on_command(&mut self, command: Command, migration: &mut Migration) {
        if command == Command::Own(EXPORT) {
            migration.export();
            return;
        }
        if command == Command::Recheck {
            self.commit_all(migration);
            self.findings.on_finding(migration, None, command);
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

    fn on_form(&mut self, command: Command, migration: &mut Migration) {
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
    fn read(&self, migration: &mut Migration) {
        let Some(field) = self.form.focused() else { return };
        let text = fields::explanation(migration, &self.existing, field.name);
        let title = field.label.to_owned();
        migration.overlays.push(Overlay::Text(Reading { title, lines: vec![text], first: 0 }));
    }

    /// From the last field Tab leads to the plan, and back from the first.
    fn pass_on(&mut self, before: usize, command: Command, had_focus: bool) {
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

    fn on_plan(&mut self, command: Command, migration: &mut Migration) {
        let lines = self.picture.as_ref().map_or(0, Picture::len);
        let is_whole = self.pane == Pane::WholePlan;
        match command {
            Command::Own(DEFAULTS) => self.set_defaults(migration),
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

    /// Lines of entities that are seen of the plan.
    fn plan_height(&self, migration: &Migration) -> usize {
        let room = frame::room(migration, NAME);
        let Some(picture) = &self.picture else { return 1 };
        if self.pane == Pane::WholePlan {
            let sums = picture.whole_lines(!is_beside(migration)).len();
            return usize::from(room.height).saturating_sub(3 + sums).max(1);
        }
        let width = usize::from(plan_width(room.width)).saturating_sub(4);
        let inner = usize::from(room.height).saturating_sub(2);
        lines_of_plan(inner, picture.sum_lines(width).len(), is_roomy(migration))
    }
}

/// Whether the picture of the plan stands beside the form.
fn is_beside(migration: &Migration) -> bool {
    migration.size.class() > Class::Small
}

/// Whether there is room for blank lines.
fn is_roomy(migration: &Migration) -> bool {
    migration.size.class() == Class::Large
}

/// Columns of the plan beside the form.
fn plan_width(width: u16) -> u16 {
    (width * 17 / 40).clamp(20, 80).min(width)
}

/// Lines for entities in so many lines of the plan's panel: the order stands above them, the sums
/// below.
fn lines_of_plan(inner: usize, sums: usize, is_roomy: bool) -> usize {
    let others = 1 + sums + if is_roomy { 2 } else { 0 };
    inner.saturating_sub(others).max(1)
}

/// Whether a plan is being made or what it is made from.
fn is_underway(migration: &Migration) -> bool {
    migration.is_comparing() || migration.counting > 0
}

impl Step for Options {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self, migration: &Migration) -> String {
        if self.pane == Pane::Findings {
            let name = migration.name_of(Side::Destination);
            return format!("What the comparison found about {name}'s rows. Esc leads back.");
        }
        "How should rows be written? The plan follows every change.".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        let in_findings = self.pane == Pane::Findings;
        match command {
            Command::Own(EXPORT) => true,
            Command::NextField => !in_findings && self.pane != Pane::WholePlan,
            Command::Own(DEFAULTS) => !in_findings && migration.may_change(),
            Command::Toggle if !in_findings => {
                migration.may_change() && matches!(self.pane, Pane::Form)
            }
            Command::Recheck => migration.may_change(),
            Command::Own(READ) => in_findings || self.pane == Pane::Form,
            command => in_findings && self.findings.offers(command, migration),
        }
    }

    fn in_text(&self, migration: &Migration) -> bool {
        match self.pane {
            Pane::Form => migration.may_change() && self.form.in_text(),
            Pane::Findings => self.findings.in_text(),
            Pane::Plan | Pane::WholePlan => false,
        }
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.findings.enter(migration);
        self.load(migration);
        self.plain = Plain::default();
        self.plan_list = List::default();
        self.go_to_field(REPLACE);
        if migration.plan.scope.replace == Some(false) {
            self.form.focus_on(KEEP);
        }
        self.sync(migration);
    }

    fn leave(&mut self, migration: &mut Migration) {
        self.commit_all(migration);
        self.sync(migration);
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        self.sync(migration);
        match event {
            Event::Command(command) => self.on_command(command, migration),
            Event::Typed(_) | Event::Pasted(_) if self.pane == Pane::Findings => {
                self.findings.update(migration, &event);
            }
            Event::Typed(c) if self.in_text(migration) => {
                if let Change::Changed(place) = self.form.type_in(c) {
                    self.changed(place, migration);
                }
            }
            Event::Pasted(text) if self.in_text(migration) => {
                if let Change::Changed(place) = self.form.paste(text) {
                    self.changed(place, migration);
                }
            }
            Event::Typed(_) | Event::Pasted(_) => {}
            Event::Answered(answer) => self.on_answer(answer, migration),
            event @ (Event::Fact(_) | Event::Replied(..) | Event::Ticked) => {
                self.findings.update(migration, &event);
            }
        }
        self.sync(migration);
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        self.lacks(migration).into_iter().map(|lack| lack.reason).collect()
    }

    fn go_to_first_reason(&mut self, migration: &mut Migration) {
        self.sync(migration);
        self.go_to_first_lack(migration);
    }

    fn answers(&self, migration: &Migration) -> String {
        format!(
            "{} {:?} {:?}",
            self.findings.answers(migration),
            migration.plan.scope.replace,
            migration.plan.options
        )
    }

    fn shown(&self, migration: &Migration) -> String {
        format!("{} {}", self.findings.shown(migration), self.existing.goes_words())
    }

    fn count(&self, migration: &Migration) -> String {
        self.open_count(migration)
    }

    fn summary(&self, migration: &Migration) -> Vec<(String, String)> {
        let options = &migration.plan.options;
        let rows = match migration.plan.scope.replace {
            None => "not chosen".to_owned(),
            Some(true) => format!("deleted first, {}", self.existing.goes_words()),
            Some(false) => format!("kept, {}", self.existing.all_words()),
        };
        let mut text = format!("{}'s rows {rows}", migration.name_of(Side::Destination));
        text.push_str(&format!(
            "; reading {}, batches of {}, {} at a time",
            fields::label(options.source_reading),
            number(options.batch_rows as u64),
            number(options.parallel_entities as u64)
        ));
        let mut lines = vec![(NAME.to_owned(), text)];
        lines.extend(self.findings.summary(migration));
        lines
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        self.news(migration)
    }

    fn checked(&self, migration: &Migration) -> String {
        let text = checked(migration);
        if migration.built.is_some() { text.replace("compared", "planned") } else { text }
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        if self.pane == Pane::Findings {
            return self.findings.copied(migration);
        }
        match &self.picture {
            Some(picture) if migration.built.is_some() => Some(picture.report.to_text()),
            _ => Some(self.summary(migration).into_iter().next()?.1),
        }
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        self.question(migration)
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
