//! Users: who of the source is who in the destination, with tenants, groups and roles.

mod one;
mod people;
mod plain;
mod view;
mod whole;

use super::filter::Filter;
use super::findings::{Findings, checked, keys_of, split};
use super::frame;
use super::keys::{Binding, Command, Key};
use super::list::List;
use super::look::{Area, Canvas};
use super::map_path::{self, MapPath};
use super::message::Sign;
use super::migration::Migration;
use super::step::{Ask, Event, Notice, Reason, Step};
use crate::compare::{Finding, choice};
use crate::report::{counted, number};
use people::People;

/// Its name, as texts refer to it.
pub const NAME: &str = "Users";

const ALL: &str = "all";
const WHOLE: &str = "whole";

const KEYS: &[Binding] = &[
    keys_of::TOGGLE,
    Binding::new(
        Command::Open,
        &[Key::Enter],
        "pick",
        "pick somebody of the destination, by name or user name; where nobody can be picked, into the choices; of somebody plainly found, what becomes of that user",
    )
    .in_text(),
    Binding::new(
        Command::NextField,
        &[Key::Tab],
        "choices",
        "into the choices of the selected line; Enter takes one, Esc leaves",
    ),
    Binding::new(
        Command::Own(ALL),
        &[Key::Char('a')],
        "problems or all",
        "show only what has to be decided, or everybody",
    ),
    Binding::new(
        Command::Own(WHOLE),
        &[Key::Char('s')],
        "all users",
        "change what is said of all users: what they are matched by, what becomes of those that are there and of missing ones, passwords",
    ),
    map_path::WRITE_KEY,
    map_path::READ_KEY,
    keys_of::SAME,
    keys_of::ALL,
    keys_of::FILTER,
    keys_of::RECHECK,
    keys_of::VIEW,
];

/// The share of rows that may fall to somebody else before Review says so: one in twenty.
const SHARE: u64 = 20;

/// The step's list.
#[derive(Debug)]
pub struct Users {
    findings: Findings,
    people: People,
    list: List,
    /// Whether the person moved the cursor: until then it is on the first line.
    is_moved: bool,
    filter: Filter,
    /// The path of maps, while it is typed.
    path: MapPath,
    /// The user who was plainly found and is asked about.
    about: Option<one::About>,
    /// The users of the destination that are offered, as plan files name them.
    offered: Vec<String>,
    /// The users that plain mode lists, by their places in the comparison.
    listed: Vec<usize>,
    /// Whether plain mode has gone on to the findings.
    is_gone_on: bool,
}

impl Default for Users {
    fn default() -> Self {
        Self {
            findings: Findings::new(NAME),
            people: People::default(),
            list: List::default(),
            is_moved: false,
            filter: Filter::default(),
            path: MapPath::default(),
            about: None,
            offered: Vec::new(),
            listed: Vec::new(),
            is_gone_on: false,
        }
    }
}

impl Users {
    /// Comes up to date; the cursor stays on its line.
    fn sync(&mut self, migration: &Migration) {
        self.findings.sync(migration);
        if self.people.is_current(migration) {
            return;
        }
        let selected = self.people.at(self.list.selected).filter(|_| self.is_moved).cloned();
        self.people.read(migration, &self.findings);
        self.stay_on(migration, selected.as_ref());
    }

    fn stay_on(&mut self, migration: &Migration, selected: Option<&people::Who>) {
        let place = selected.and_then(|who| self.people.place_of(who));
        if selected.is_some() && place.is_none() {
            self.findings.deciding.close();
        }
        let height = self.list_height(migration);
        let line = place.unwrap_or(if self.is_moved { self.list.selected } else { 0 });
        self.list.select(line, self.people.len(), height);
    }

    /// The finding of the selected line.
    fn finding(&self) -> Option<&Finding> {
        self.people.finding(self.list.selected, &self.findings)
    }

    fn split(&self, migration: &Migration) -> (u16, u16) {
        // What is said of all users has a line of its own.
        let height = frame::room(migration, NAME).height.saturating_sub(1);
        // A line besides for those who are not shown.
        let lines = self.people.len() + 1;
        split(migration, height, lines, self.findings.deciding.is_open())
    }

    /// Lines of people that are seen.
    fn list_height(&self, migration: &Migration) -> usize {
        usize::from(self.split(migration).0.saturating_sub(4)).max(1)
    }

    fn on_command(&mut self, migration: &mut Migration, command: Command) {
        if self.path.obey(migration, command) {
            return;
        }
        if self.filter.is_typed() && self.on_filter_command(migration, command) {
            return;
        }
        let finding = self.finding().cloned();
        if self.findings.deciding.is_open() {
            self.findings.on_finding(migration, finding.as_ref(), command);
            return;
        }
        match command {
            Command::Own(ALL) => {
                let selected = self.people.at(self.list.selected).cloned();
                self.people.toggle_all();
                self.people.arrange(self.filter.text(), &self.findings);
                self.stay_on(migration, selected.as_ref());
            }
            Command::Own(WHOLE) => whole::ask(migration),
            Command::Own(map_path::WRITE | map_path::READ) => self.path.on_key(migration, command),
            Command::Filter => self.filter.begin(),
            Command::Close if !self.filter.text().is_empty() => {
                self.filter.clear();
                self.refilter(migration);
            }
            Command::Open => {
                self.is_moved = true;
                self.pick(migration, finding.as_ref());
            }
            Command::NextField if self.plainly_found().is_some() => {
                self.is_moved = true;
                self.pick(migration, None);
            }
            Command::NextField => {
                self.findings.on_finding(migration, finding.as_ref(), Command::Open);
            }
            Command::Toggle if finding.is_none() => {
                migration.say("There is nothing to decide about this line.");
            }
            command => {
                if !self.findings.on_finding(migration, finding.as_ref(), command) {
                    let height = self.list_height(migration);
                    self.is_moved |= self.list.obey(command, self.people.len(), height);
                } else {
                    self.is_moved = true;
                }
            }
        }
    }

    /// Somebody of the destination is picked for the selected line.
    fn pick(&mut self, migration: &mut Migration, finding: Option<&Finding>) {
        if let Some(place) = self.plainly_found() {
            self.ask_about(migration, place);
            return;
        }
        let (Some(finding), Some(review)) = (finding, migration.review.clone()) else {
            migration.say("There is nothing to decide about this line.");
            return;
        };
        let map = finding.choices.iter().position(|choice| choice.name == choice::MAP);
        match map {
            Some(place) => self.findings.deciding.take(migration, &review, finding, place),
            None => self.findings.deciding.open(migration, finding),
        }
    }

    fn on_filter_command(&mut self, migration: &mut Migration, command: Command) -> bool {
        const ENDING: &[Command] = &[Command::Open, Command::Down, Command::Up, Command::NextField];
        if command == Command::Recheck {
            return false;
        }
        if self.filter.obey(command, ENDING) {
            self.refilter(migration);
        }
        true
    }

    fn refilter(&mut self, migration: &Migration) {
        let selected = self.people.at(self.list.selected).cloned();
        self.people.arrange(self.filter.text(), &self.findings);
        let place = selected.and_then(|who| self.people.place_of(&who));
        let height = self.list_height(migration);
        self.list.select(place.unwrap_or(0), self.people.len(), height);
    }
}

impl Step for Users {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self, migration: &Migration) -> String {
        use crate::outsystems::Side;
        format!(
            "Rows point at users by id, and ids differ between {} and {}.",
            migration.name_of(Side::Source),
            migration.name_of(Side::Destination)
        )
    }

    fn keys(&self) -> &'static [Binding] {
        if self.path.is_typed() { map_path::KEYS } else { KEYS }
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        match command {
            Command::Open | Command::Close if self.path.is_typed() => true,
            Command::Own(WHOLE) => migration.may_change(),
            Command::Own(map_path::WRITE | map_path::READ) => map_path::offers(command, migration),
            Command::NextField | Command::Open if self.plainly_found().is_some() => {
                migration.may_change() && !self.filter.is_typed()
            }
            Command::NextField => migration.may_change() && self.finding().is_some(),
            Command::Open => {
                self.findings.offers(command, migration)
                    && self.finding().is_some_and(|finding| !finding.choices.is_empty())
            }
            command => self.findings.offers(command, migration),
        }
    }

    fn in_text(&self, _migration: &Migration) -> bool {
        self.filter.is_typed() || self.path.is_typed()
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.findings.enter(migration);
        self.sync(migration);
        self.filter.end();
        self.path.leave();
        self.is_gone_on = false;
    }

    fn follow(&mut self, migration: &Migration) {
        self.sync(migration);
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        self.sync(migration);
        match event {
            Event::Command(command) => self.on_command(migration, command),
            Event::Typed(_) | Event::Pasted(_) => {
                if !self.path.take(&event) && self.filter.take(&event) {
                    self.refilter(migration);
                }
            }
            Event::Answered(answer) => self.on_answer(migration, answer),
            Event::Replied(tag, place)
                if self.replied_of_all(migration, tag, place)
                    || self.replied_of_one(migration, tag, place) => {}
            event => {
                self.findings.update(migration, &event);
            }
        }
        self.sync(migration);
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        self.findings.gate(migration)
    }

    fn awaits_comparison(&self, migration: &Migration) -> bool {
        migration.is_comparing()
    }

    fn go_to_first_reason(&mut self, migration: &mut Migration) {
        self.sync(migration);
        let Some(key) = self.findings.first_reason().cloned() else { return };
        self.findings.deciding.close();
        self.filter.clear();
        self.people.arrange("", &self.findings);
        if let Some(place) = self.people.place_of_finding(&key) {
            let height = self.list_height(migration);
            self.list.select(place, self.people.len(), height);
            self.is_moved = true;
        }
    }

    fn answers(&self, migration: &Migration) -> String {
        self.findings.answers(migration)
    }

    fn shown(&self, migration: &Migration) -> String {
        self.findings.shown(migration)
    }

    fn count(&self, migration: &Migration) -> String {
        self.findings.count(migration)
    }

    fn summary(&self, migration: &Migration) -> Vec<(String, String)> {
        let Some(review) = migration.review.as_deref() else { return Vec::new() };
        let tally = people::tally(migration, review);
        let mut text = format!(
            "{} matched, {} created, {} mapped, {} emptied",
            number(tally.matched),
            number(tally.created),
            number(tally.mapped),
            number(tally.emptied)
        );
        for (count, what) in [(tally.updated, "updated"), (tally.created_again, "created again")] {
            if count > 0 {
                text.push_str(&format!(", {} {what}", number(count)));
            }
        }
        if tally.falls_to_others(SHARE) {
            text.push_str(&format!(
                "; {} of {} go to another user",
                counted(tally.rows_mapped, "row", "rows"),
                number(tally.rows)
            ));
        }
        vec![(NAME.to_owned(), text)]
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        if self.path.is_typed() {
            return self.path.notice();
        }
        let reasons = self.gate(migration);
        if reasons.is_empty() && migration.may_change() && self.people.is_current(migration) {
            let tally = self.people.tally();
            if tally.falls_to_others(SHARE) {
                let text = format!(
                    "{} of {} will belong to another user than in the source.",
                    counted(tally.rows_mapped, "row", "rows"),
                    number(tally.rows)
                );
                return Some(Notice::new(Sign::Warning, text));
            }
        }
        self.findings.notice(migration)
    }

    fn checked(&self, migration: &Migration) -> String {
        checked(migration).replace("compared", "matched")
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        let line = view::line(self, migration, self.list.selected)?;
        Some(format!(
            "{} {} ({}) → {} ({}): {}, {} rows",
            line.kind, line.name, line.id, line.there, line.id_there, line.result, line.rows
        ))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        self.question(migration)
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
