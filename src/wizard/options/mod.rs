//! Options: what becomes of the rows that the destination has, how rows are read and written, and
//! the plan that follows from all answers.

mod editing;
mod existing;
mod fields;
mod gate;
mod picture;
mod plain;
pub(in crate::wizard) mod reading;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use super::findings::{Findings, READ, checked, keys_of};
use super::form::{Change, Form};
use super::frame;
use super::keys::{Binding, Command, EXPORT, EXPORT_PLAN, Key};
use super::list::List;
use super::look::{Area, Canvas};
use super::migration::{Migration, PROBE};
use super::step::{Ask, Event, Notice, Reason, Step};
use super::viewport::Class;
use crate::compare::FindingKind;
use crate::outsystems::Side;
use crate::report::number;
use existing::Existing;
use fields::{KEEP, NUMBERS, REPLACE};
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
    Binding::new(
        Command::Own(PROBE),
        &[Key::Char('p')],
        "probe",
        "try out how fast rows go, which asks first; while that is done: stop it",
    ),
    EXPORT_PLAN,
    Binding::new(
        Command::Own(DEFAULTS),
        &[Key::Char('d')],
        "defaults",
        "keeping deleted rows, and how rows are read and written, as at first",
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
        if let Some(picture) = &mut self.picture {
            picture.report.forecast.clone_from(&migration.forecast);
        }
        let lines = self.picture.as_ref().map_or(0, Picture::len);
        self.plan_list.within(lines);
        if self.pane == Pane::WholePlan && self.picture.is_none() {
            self.pane = Pane::Plan;
        }
        self.show(migration);
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
        self.show(migration);
    }

    /// The form shows what the migration has.
    fn show(&mut self, migration: &Migration) {
        let planned = self.picture.as_ref().is_some_and(|picture| picture.report.deleted() > 0);
        let deletes = planned || migration.plan.scope.replace == Some(true);
        fields::show(&mut self.form, migration, deletes);
    }

    /// Gives the focus to a field.
    fn go_to_field(&mut self, name: &str) {
        self.pane = Pane::Form;
        self.form.focus_on(name);
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
            Command::Own(PROBE) => {
                let can = migration.built.is_some() || migration.is_probing();
                !in_findings && can && migration.may_change()
            }
            Command::Toggle if !in_findings => {
                migration.may_change() && matches!(self.pane, Pane::Form)
            }
            Command::Recheck => migration.may_change(),
            Command::Own(READ) => in_findings || matches!(self.pane, Pane::Form | Pane::Plan),
            command => in_findings && self.findings.offers(command, migration),
        }
    }

    fn rests(&self) -> bool {
        self.pane == Pane::Form && !self.form.has_focus
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

    fn follow(&mut self, migration: &Migration) {
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
            Event::Replied(PROBE, 1) => migration.start_probe(),
            Event::Replied(PROBE, _) => {}
            event @ (Event::Fact(_)
            | Event::Replied(..)
            | Event::Wrote(..)
            | Event::Filled(..)
            | Event::Ticked) => {
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
            "{} {:?} {:?} {} {:?}",
            self.findings.answers(migration),
            migration.plan.scope.replace,
            migration.plan.scope.personal_data,
            migration.plan.scope.no_soft_keys,
            migration.plan.options
        )
    }

    fn shown(&self, migration: &Migration) -> String {
        format!("{} {}", self.findings.shown(migration), self.existing.goes_words())
    }

    fn count(&self, migration: &Migration) -> String {
        // Before anything is chosen there are no rows to say anything about.
        if migration.has_scope() { self.open_count(migration) } else { String::new() }
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
            "; reading {}, pace {}, {} at once; batches of {}, {} at a time",
            reading::label(migration, options.source_reading),
            options.source_pace.name(),
            options.source_connections,
            number(options.batch_rows as u64),
            number(options.parallel_entities as u64)
        ));
        if options.identity_ranges {
            text.push_str("; new ids reserved ahead");
        }
        if self.form.field(fields::IMAGES).is_some_and(|field| !field.is_hidden)
            && !options.keep_before_images
        {
            text.push_str("; deleted rows are not kept, so an undo brings none of them back");
        }
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
