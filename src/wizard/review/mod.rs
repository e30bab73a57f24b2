//! Review: what will happen, what was checked just now, and the destination's name typed to start.

mod commands;
mod confirming;
mod gate;
mod ledger;
mod plain;
mod rights;
mod view;

use super::jobs::Purpose;
use super::keys::{Binding, Command, EXPORT_PLAN, Key};
use super::list::List;
use super::look::{Area, Canvas};
use super::message::Sign;
use super::migration::Migration;
use super::step::{Ask, Event, Notice, Reason, Step};
use super::text_field::TextField;
use super::viewport::Class;
use confirming::Basis;
use ledger::Ledger;

/// Write the scripts of the plan's rights.
const RIGHTS: &str = "rights";

/// Its name.
const NAME: &str = "Review";

/// What can have the focus, in the order of Tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pane {
    /// What will happen.
    Plan,
    /// The checks.
    #[default]
    Checks,
    /// The field for the destination's name.
    Name,
    /// The button.
    Start,
}

const PANES: [Pane; 4] = [Pane::Plan, Pane::Checks, Pane::Name, Pane::Start];

/// The step's cursor, and what was typed and accepted.
#[derive(Debug, Default)]
pub struct Review {
    pane: Pane,
    typed: TextField,
    /// Warnings that were accepted: the place in the list and the text.
    accepted: Vec<(usize, String)>,
    checks: List,
    plan: List,
    /// The whole plan, while it is open.
    whole: Option<List>,
    ledger: Option<Ledger>,
    basis: Option<Basis>,
    /// Start was pressed: the checks are made once more before anything happens.
    is_starting: bool,
    /// Whether questions are answered line by line: then Next, which is a bare Enter there, never
    /// starts.
    is_plain: bool,
    /// Why what was typed is gone, or why nothing was started.
    lapsed: Option<&'static str>,
}

const KEYS: &[Binding] = &[
    Binding::new(
        Command::NextField,
        &[Key::Tab],
        "field",
        "next: the plan, the checks, the name, Start",
    )
    .in_text(),
    Binding::new(Command::Toggle, &[Key::Char(' ')], "accept", "accept the warning; press Start"),
    EXPORT_PLAN,
    Binding::new(
        Command::Own(RIGHTS),
        &[Key::Char('r')],
        "rights",
        "write the scripts that give both logins exactly the rights of this plan, and take them back",
    ),
    Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "check again",
        "make all checks once more",
    )
    .in_text(),
    Binding::new(
        Command::Open,
        &[Key::Enter],
        "open",
        "the plan in full; the step of a check; on Start: start",
    )
    .in_text()
    .not_in_footer(),
];

/// Lines of the plan that are seen in so many lines of the body: the checks and the field come
/// first.
fn plan_height(body: u16, migration: &Migration) -> usize {
    match migration.size.class() {
        Class::Large => {
            // The field with its sentence, the button, and the checks with a border each.
            let others = 6 + 1 + migration.checks.len().clamp(4, 8) + 2;
            usize::from(body).saturating_sub(others + 2).clamp(4, 8)
        }
        Class::Medium => 2,
        Class::Small | Class::TooSmall => 1,
    }
}

impl Step for Review {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self, _migration: &Migration) -> String {
        "Read this as if someone else had filled it in.".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        match command {
            Command::Toggle => migration.may_change() && self.pane != Pane::Plan,
            Command::Recheck => migration.may_change(),
            Command::Own(RIGHTS) => rights::may(migration),
            _ => true,
        }
    }

    fn in_text(&self, migration: &Migration) -> bool {
        self.pane == Pane::Name
            && self.whole.is_none()
            && migration.may_change()
            && !self.is_starting
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.pane = Pane::Checks;
        self.whole = None;
        self.is_starting = false;
        if migration.may_change() {
            // Whatever is known was true some time ago.
            migration.checks.clear();
            migration.jobs.drop(Purpose::Check);
        }
        self.sync(migration);
        if !migration.jobs.is_running(Purpose::Check) {
            self.check(migration);
        }
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        match event {
            Event::Command(command) => self.on_command(command, migration),
            Event::Typed(c) if migration.may_change() => {
                self.lapsed = None;
                self.typed.type_in(c);
            }
            Event::Pasted(text) if migration.may_change() => {
                self.lapsed = None;
                self.typed.paste(text);
            }
            Event::Answered(answer) => self.on_answer(answer, migration),
            Event::Typed(_)
            | Event::Pasted(_)
            | Event::Fact(_)
            | Event::Ticked
            | Event::Replied(..) => {}
            Event::Filled(RIGHTS, filled) => rights::write(migration, filled),
            Event::Wrote(..) | Event::Filled(..) => {}
        }
        self.sync(migration);
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        if !migration.may_change() {
            return Vec::new();
        }
        let locks = self.locks(migration);
        if locks.is_empty() {
            return vec![Reason::new("the run has not been started")];
        }
        locks.into_iter().map(|lock| Reason::new(lock.text)).collect()
    }

    fn offers_next(&self, migration: &Migration) -> bool {
        !migration.may_change()
    }

    fn lead_on(&mut self, migration: &mut Migration) {
        if self.is_starting || (self.pane == Pane::Start && !self.is_plain) {
            self.start(migration);
            return;
        }
        let missing = self.missing(migration);
        self.whole = None;
        self.go_to_missing(migration);
        migration.say(missing.map_or_else(
            || "All is there, and nothing is started yet.".to_owned(),
            |missing| format!("Not yet: {missing}."),
        ));
    }

    fn shown(&self, migration: &Migration) -> String {
        migration.built.as_ref().map_or_else(String::new, |plan| plan.fingerprint.clone())
    }

    fn count(&self, migration: &Migration) -> String {
        if !migration.may_change() {
            return String::new();
        }
        let bad = migration.checks.iter().filter(|check| check.sign == Sign::Bad).count();
        match bad + self.unaccepted(migration).count() {
            0 => String::new(),
            count => count.to_string(),
        }
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        if !migration.may_change() {
            let text = "The run was started with this plan; it can be read, not changed.";
            return Some(Notice::new(Sign::Note, text));
        }
        if let Some(text) = self.lapsed {
            return Some(Notice::new(Sign::Warning, text));
        }
        if let Some(fault) = &migration.refused {
            let text = format!("The start was refused, nothing was written: {}", fault.what);
            return Some(Notice::new(Sign::Bad, text));
        }
        if let Some(bad) = migration.checks.iter().find(|check| check.sign == Sign::Bad) {
            return Some(Notice::new(Sign::Bad, format!("{}. {}", bad.text, bad.advice)));
        }
        let Some(ledger) = &self.ledger else {
            return Some(Notice::new(Sign::Warning, self.no_plan(migration)));
        };
        let text = format!("Plan {} · a change clears what you typed", ledger.report.fingerprint);
        Some(Notice::new(Sign::Note, text))
    }

    fn checked(&self, migration: &Migration) -> String {
        let at = &migration.checks_made;
        if at.is_empty() || migration.checks.is_empty() {
            String::new()
        } else {
            format!("checks {at}")
        }
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        let ledger = self.ledger.as_ref()?;
        if let Some(list) = &self.whole {
            return ledger.whole_text(migration, list.selected);
        }
        Some(match self.pane {
            Pane::Checks => migration
                .checks
                .iter()
                .map(|check| format!("{} {} {}", check.sign.text(), check.text, check.advice))
                .collect::<Vec<_>>()
                .join("\n"),
            _ => ledger.report.to_text(),
        })
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        self.next_question(migration)
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
