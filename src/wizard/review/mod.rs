//! Review: what will happen, what was checked just now, and the destination's name typed to start.

mod answers;
mod ledger;
mod letters;
mod view;

use std::sync::Arc;

use super::jobs::Purpose;
use super::keys::{Binding, Command, EXPORT, EXPORT_PLAN, Key};
use super::list::List;
use super::look::{Area, Canvas};
use super::message::{Check, Effect, Sign};
use super::migration::{Going, Migration};
use super::overlay::{Overlay, Reading};
use super::step::{Ask, Event, Notice, Reason, Step};
use super::text_field::TextField;
use super::viewport::Class;
use crate::outsystems::Side;
use crate::report::counted;
use ledger::Ledger;
use letters::Letters;

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

/// What was confirmed: another plan, other sums or other findings have to be confirmed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Basis {
    fingerprint: String,
    rows: [u64; 3],
    /// Each check's sign; with its text unless all is well.
    checks: Vec<(Sign, String)>,
}

/// Something that keeps Start locked, and where it can be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lock {
    text: String,
    pane: Pane,
}

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

impl Review {
    /// Brings what is kept here up to date with the migration; starts the run when Start was
    /// pressed and everything is still as it was.
    fn sync(&mut self, migration: &mut Migration) {
        let is_new = match (&self.ledger, &migration.built) {
            (Some(ledger), Some(plan)) => !Arc::ptr_eq(&ledger.plan, plan),
            (None, None) => false,
            _ => true,
        };
        if is_new {
            self.ledger = migration.built.as_ref().map(Ledger::new);
            self.whole = None;
            self.is_starting = false;
        }
        if !migration.may_change() || migration.step != NAME {
            self.is_starting = false;
            return;
        }
        if self.ledger.is_none() || migration.jobs.is_running(Purpose::Check) {
            return;
        }
        if migration.checks.is_empty() {
            self.is_starting = false;
            if is_new {
                self.check(migration);
            }
            return;
        }
        let was_starting = std::mem::take(&mut self.is_starting);
        self.compare(migration);
        if !was_starting {
            return;
        }
        if !migration.overlays.is_empty() {
            self.lapsed = Some("Nothing was started: a question was open. Press Start again.");
        } else if self.locks(migration).is_empty() {
            // What comes after a start has to be confirmed anew.
            let typed = std::mem::take(&mut self.typed);
            self.pane = Pane::Checks;
            migration.start_run(typed.text().trim().to_owned());
        } else {
            self.lapsed.get_or_insert("Nothing was started: see what is missing.");
        }
    }

    /// Clears what was typed and accepted when it was about something else.
    fn compare(&mut self, migration: &Migration) {
        let Some(ledger) = &self.ledger else { return };
        let report = &ledger.report;
        let finding = |check: &Check| match check.sign {
            Sign::Good => (Sign::Good, String::new()),
            sign => (sign, check.text.clone()),
        };
        let now = Basis {
            fingerprint: report.fingerprint.clone(),
            rows: [report.rows(), report.deleted(), report.kept()],
            checks: migration.checks.iter().map(finding).collect(),
        };
        if self.basis.as_ref() == Some(&now) {
            return;
        }
        let before = self.basis.replace(now);
        let (Some(before), Some(now)) = (before, &self.basis) else { return };
        if self.typed.text().is_empty() && self.accepted.is_empty() {
            return;
        }
        self.lapsed = Some(if before.fingerprint != now.fingerprint {
            "The plan has changed since you confirmed it: read it again, then confirm it again."
        } else if before.rows != now.rows {
            "Rows were counted anew since you confirmed: read the plan again, then confirm again."
        } else {
            "The checks came out differently: read them again, then confirm again."
        });
        self.typed = TextField::default();
        self.accepted.clear();
        self.pane = Pane::Checks;
    }

    /// Makes all checks.
    fn check(&self, migration: &mut Migration) {
        let Some(ledger) = self.ledger.as_ref().filter(|_| migration.may_change()) else { return };
        let fingerprint = ledger.report.fingerprint.clone();
        let purpose = migration.plan.destination.purpose;
        migration.checks.clear();
        migration.start(Purpose::Check, |job| Effect::Check { job, fingerprint, purpose });
    }

    fn is_accepted(&self, place: usize, check: &Check) -> bool {
        self.accepted.iter().any(|(at, text)| *at == place && *text == check.text)
    }

    /// Warnings that nobody has accepted, by their places.
    fn unaccepted<'a>(
        &'a self,
        migration: &'a Migration,
    ) -> impl Iterator<Item = (usize, &'a Check)> {
        migration.checks.iter().enumerate().filter(|(place, check)| {
            check.sign == Sign::Warning && !self.is_accepted(*place, check)
        })
    }

    fn letters(&self, migration: &Migration) -> Letters {
        Letters::of(self.typed.text(), &migration.name_of(Side::Destination))
    }

    /// What keeps Start locked: first what the person has to do elsewhere, then here.
    fn locks(&self, migration: &Migration) -> Vec<Lock> {
        let lock = |text: String, pane| Lock { text, pane };
        let mut locks: Vec<Lock> =
            migration.unready.iter().map(|text| lock(text.clone(), Pane::Plan)).collect();
        if self.ledger.is_none() {
            let text = if migration.is_comparing() {
                "the plan is still being made"
            } else {
                "there is no plan (see above)"
            };
            locks.push(lock(text.to_owned(), Pane::Plan));
        } else if migration.jobs.is_running(Purpose::Check) {
            locks.push(lock("the checks are still being made".to_owned(), Pane::Checks));
        } else if migration.checks.is_empty() {
            locks.push(lock("the checks have not been made (Ctrl+T)".to_owned(), Pane::Checks));
        }
        let bad = migration.checks.iter().filter(|check| check.sign == Sign::Bad).count() as u64;
        if bad > 0 {
            let text = format!("{} to mend", counted(bad, "failed check", "failed checks"));
            locks.push(lock(text, Pane::Checks));
        }
        let warnings = self.unaccepted(migration).count() as u64;
        if warnings > 0 {
            let text = format!("{} to accept", counted(warnings, "warning", "warnings"));
            locks.push(lock(text, Pane::Checks));
        }
        if let Some(text) = self.letters(migration).missing() {
            locks.push(lock(text, Pane::Name));
        }
        locks
    }

    /// Why there is no plan, as a sentence.
    fn no_plan(&self, migration: &Migration) -> String {
        if migration.is_comparing() {
            return "The plan is still being made.".to_owned();
        }
        match &migration.refusal {
            Some(refusal) => {
                let open = refusal.undecided.len() + refusal.stopped.len();
                match refusal.wrong.first() {
                    Some(wrong) if open == 0 => format!("There is no plan: {wrong}."),
                    _ => format!(
                        "There is no plan: {} to decide; the steps marked ! say which.",
                        counted(open as u64, "finding is", "findings are")
                    ),
                }
            }
            None => "There is no plan yet: choose what is carried over, then decide what the \
                     comparison finds."
                .to_owned(),
        }
    }

    /// Start was pressed.
    fn start(&mut self, migration: &mut Migration) {
        if !migration.may_change() {
            migration.say("The run was started already; Ctrl+N leads to it.");
            return;
        }
        if self.is_starting {
            return;
        }
        let locks = self.locks(migration);
        if locks.is_empty() {
            self.lapsed = None;
            self.is_starting = true;
            self.check(migration);
        } else {
            self.go_to_missing(migration);
            let texts: Vec<String> = locks.into_iter().map(|lock| lock.text).collect();
            migration.say(format!("Start is locked: {}.", texts.join("; ")));
        }
    }

    /// The cursor goes to the first thing that is missing.
    fn go_to_missing(&mut self, migration: &Migration) {
        let Some(lock) = self.locks(migration).into_iter().next() else {
            self.pane = Pane::Start;
            return;
        };
        self.pane = lock.pane;
        let bad = migration.checks.iter().position(|check| check.sign == Sign::Bad);
        let place = bad.or_else(|| self.unaccepted(migration).next().map(|(place, _)| place));
        if let Some(place) = place.filter(|_| lock.pane == Pane::Checks) {
            self.checks.select(place, migration.checks.len(), 1);
        }
    }

    /// Accepts the selected warning, or takes that back.
    fn accept(&mut self, place: usize, migration: &mut Migration) {
        let Some(check) = migration.checks.get(place) else { return };
        if check.sign != Sign::Warning {
            let text = match check.sign {
                Sign::Bad => "This cannot be accepted: it has to be mended, then Ctrl+T.",
                _ => "There is nothing to accept here; only warnings (!) are.",
            };
            migration.say(text);
            return;
        }
        let wanted = (place, check.text.clone());
        if self.is_accepted(place, check) {
            self.accepted.retain(|accepted| *accepted != wanted);
        } else {
            self.accepted.push(wanted);
        }
    }

    fn on_command(&mut self, command: Command, migration: &mut Migration) {
        if let Some(list) = &mut self.whole {
            let Some(ledger) = &self.ledger else { return };
            let lines = ledger.whole_count(migration);
            let selected = list.selected;
            match command {
                Command::Close => self.whole = None,
                Command::Open => {
                    if let Some(text) = ledger.whole_text(migration, selected) {
                        read(migration, "In full", &text);
                    }
                }
                command => {
                    list.obey(command, lines, whole_height(migration));
                }
            }
            return;
        }
        match command {
            Command::Own(EXPORT) => {
                migration.export();
                return;
            }
            Command::NextField | Command::PreviousField if !self.is_starting => {
                let here = PANES.iter().position(|pane| *pane == self.pane).unwrap_or(0);
                let by = if command == Command::NextField { 1 } else { PANES.len() - 1 };
                self.pane = PANES[(here + by) % PANES.len()];
                return;
            }
            _ => {}
        }
        if self.is_starting {
            if command == Command::Close {
                self.is_starting = false;
                self.lapsed = Some("Called off: nothing was started.");
            } else {
                migration.say("Checking once more before the start; Esc calls it off.");
            }
            return;
        }
        if command == Command::Recheck {
            self.lapsed = None;
            if migration.may_change() && self.ledger.is_none() {
                migration.compare_anew();
            }
            self.check(migration);
            return;
        }
        match self.pane {
            Pane::Plan => self.on_plan(command, migration),
            Pane::Checks => self.on_checks(command, migration),
            Pane::Name => self.on_name(command, migration),
            Pane::Start => match command {
                Command::Open | Command::Toggle => self.start(migration),
                Command::Up => self.pane = Pane::Name,
                Command::Close => self.pane = Pane::Checks,
                _ => {}
            },
        }
    }

    fn on_plan(&mut self, command: Command, migration: &mut Migration) {
        let Some(ledger) = &self.ledger else { return };
        let lines = ledger.lines(migration).len();
        match command {
            Command::Open => self.whole = Some(List::default()),
            Command::Down if self.plan.selected + 1 >= lines => self.pane = Pane::Checks,
            command => {
                self.plan.obey(
                    command,
                    lines,
                    plan_height(migration.size.body(0).height, migration),
                );
            }
        }
    }

    fn on_checks(&mut self, command: Command, migration: &mut Migration) {
        let count = migration.checks.len();
        self.checks.within(count);
        let place = self.checks.selected;
        match command {
            Command::Toggle if migration.may_change() => self.accept(place, migration),
            Command::Open => {
                let step = migration.checks.get(place).map_or("", |check| check.step);
                if migration.number_of(step).is_some() {
                    migration.going = Some(Going::Step(step));
                } else if let Some(check) = migration.checks.get(place).cloned() {
                    read(migration, "Check", &format!("{}\n{}", check.text, check.advice));
                }
            }
            Command::Up if place == 0 => self.pane = Pane::Plan,
            Command::Down if place + 1 >= count => self.pane = Pane::Name,
            command => {
                self.checks.obey(command, count, 4);
            }
        }
    }

    fn on_name(&mut self, command: Command, migration: &mut Migration) {
        match command {
            Command::Close => self.pane = Pane::Checks,
            Command::Up => self.pane = Pane::Checks,
            Command::Down => self.pane = Pane::Start,
            Command::Open => {
                let missing = self.locks(migration).is_empty();
                migration.say(if missing {
                    "Enter starts nothing here: Tab leads to [ Start ]."
                } else {
                    "Enter starts nothing here; below the field stands what is missing."
                });
            }
            command if migration.may_change() => {
                self.typed.obey(command);
            }
            _ => {}
        }
    }

    /// Whether what is typed goes into the field.
    fn in_text_now(&self, migration: &Migration) -> bool {
        self.pane == Pane::Name
            && self.whole.is_none()
            && migration.may_change()
            && !self.is_starting
    }

    /// What the person may know below the field.
    fn hint(&self, migration: &Migration) -> String {
        if !migration.may_change() {
            return "The run was started; nothing can be changed any more.".to_owned();
        }
        if self.is_starting {
            return "checking once more; it starts only if nothing has changed (Esc: call it off)"
                .to_owned();
        }
        let locks = self.locks(migration);
        if locks.is_empty() {
            return if self.pane == Pane::Start {
                let name = migration.name_of(Side::Destination);
                format!("Enter starts: {name} is written from then on")
            } else {
                "all is there: Tab to [ Start ], Enter presses it".to_owned()
            };
        }
        // The letters first: they are what the person looks at while typing.
        let (typed, others): (Vec<_>, Vec<_>) =
            locks.into_iter().partition(|lock| lock.pane == Pane::Name);
        let texts: Vec<String> = typed.into_iter().chain(others).map(|lock| lock.text).collect();
        let more = if texts.len() > 2 { "; more above" } else { "" };
        let first: Vec<&str> = texts.iter().take(2).map(String::as_str).collect();
        format!("{}{more}; then [ Start ] unlocks", first.join(", and "))
    }
}

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

fn whole_height(migration: &Migration) -> usize {
    usize::from(migration.size.body(0).height.saturating_sub(3))
}

/// Shows a text over the screen.
fn read(migration: &mut Migration, title: &str, text: &str) {
    migration.overlays.push(Overlay::Text(Reading {
        title: title.to_owned(),
        lines: text.lines().map(str::to_owned).collect(),
        first: 0,
    }));
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
            _ => true,
        }
    }

    fn in_text(&self, migration: &Migration) -> bool {
        self.in_text_now(migration)
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
        let texts: Vec<String> = self.locks(migration).into_iter().map(|lock| lock.text).collect();
        self.whole = None;
        self.go_to_missing(migration);
        migration.say(if texts.is_empty() {
            "All is there, and nothing is started yet.".to_owned()
        } else {
            format!("Not yet: {}.", texts.join("; "))
        });
    }

    fn answers(&self, _migration: &Migration) -> String {
        String::new()
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
        let text = format!(
            "Plan {} · any change to the plan clears what you typed",
            ledger.report.fingerprint
        );
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
