//! Static records: which record of the source is which of the destination, entity by entity.

mod pairs;
mod plain;
mod view;

use super::filter::Filter;
use super::findings::split;
use super::findings::{Findings, SAME_KIND, checked, decide, guess, keys_of, may_change};
use super::frame;
use super::keys::{Binding, Command, Key};
use super::list::List;
use super::look::{Area, Canvas};
use super::map_path::{self, MapPath};
use super::migration::Migration;
use super::step::{Ask, Event, Notice, Reason, Step};
use crate::compare::{Finding, FindingKey, FindingKind, choice};
use crate::outsystems::Side;
use crate::plan::Review;
use crate::report::counted;
use pairs::Pairs;

/// Its name, as texts refer to it.
pub const NAME: &str = "Static records";

const UNUSED: &str = "unused";
const GUESSES: &str = "guesses";

const KEYS: &[Binding] = &[
    Binding::new(Command::NextField, &[Key::Tab], "pane", "from entities to records, and back"),
    Binding::new(
        Command::Toggle,
        &[Key::Char(' ')],
        "confirm",
        "confirm a guess, or take the recommended decision; again: take it back",
    ),
    Binding::new(
        Command::Open,
        &[Key::Enter],
        "decide",
        "into the records; there, into the choices of the selected one",
    )
    .in_text(),
    Binding::new(
        Command::Own(UNUSED),
        &[Key::Char('u')],
        "unused",
        "show or hide records that no row in scope refers to",
    ),
    Binding::new(
        Command::Own(SAME_KIND),
        &[Key::Char('A')],
        "all guesses",
        "confirm all guesses of the entity; else the same decision for all of this kind",
    ),
    map_path::WRITE_KEY,
    map_path::READ_KEY,
    keys_of::ALL.not_in_footer(),
    keys_of::FILTER,
    keys_of::RECHECK,
    keys_of::VIEW,
];

/// Which list has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pane {
    #[default]
    Entities,
    Records,
}

/// The step's lists.
#[derive(Debug)]
pub struct StaticRecords {
    findings: Findings,
    pane: Pane,
    pairs: Pairs,
    entities: List,
    records: List,
    /// Whether the person moved a cursor: until then the first entity is selected.
    is_moved: bool,
    /// What is typed to narrow the list that had the focus then.
    filter: Filter,
    /// The path of maps, while it is typed.
    path: MapPath,
    /// Whether plain mode asks about each record now.
    is_gone_on: bool,
}

impl Default for StaticRecords {
    fn default() -> Self {
        Self {
            findings: Findings::new(NAME),
            pane: Pane::default(),
            pairs: Pairs::default(),
            entities: List::default(),
            records: List::default(),
            is_moved: false,
            filter: Filter::default(),
            path: MapPath::default(),
            is_gone_on: false,
        }
    }
}

impl StaticRecords {
    /// Comes up to date; the cursors stay on their entity and record.
    fn sync(&mut self, migration: &Migration) {
        self.findings.sync(migration);
        if self.pairs.is_current(migration) {
            return;
        }
        let entity = self.pairs.entity(self.entities.selected).filter(|_| self.is_moved);
        let entity = entity.map(|line| line.entity);
        let record = self.pairs.mark_of(self.records.selected).filter(|_| self.is_moved);
        self.pairs.read(migration, &self.findings);
        if let Some(place) = entity.and_then(|entity| self.pairs.place_of_entity(entity)) {
            self.entities.selected = place;
        } else {
            self.findings.deciding.close();
            if !self.is_moved {
                (self.entities, self.records) = (List::default(), List::default());
            }
        }
        self.entities.within(self.pairs.entities().len());
        self.choose_entity(migration);
        match record {
            Some(record) => {
                if let Some(place) = self.pairs.place_of_mark(&record) {
                    self.records.selected = place;
                }
                self.records.within(self.pairs.records().len());
            }
            None => self.go_to_first_record(migration),
        }
    }

    /// The cursor of the records goes to the first one with something to decide.
    fn go_to_first_record(&mut self, migration: &Migration) {
        self.records = List::default();
        let (count, height) = (self.pairs.records().len(), self.list_height(migration));
        self.records.select(self.pairs.first_to_decide(), count, height);
    }

    /// The records of the selected entity are shown.
    fn choose_entity(&mut self, migration: &Migration) {
        self.pairs.choose(migration, self.entities.selected, &self.findings);
        self.records.within(self.pairs.records().len());
    }

    /// The finding of the selected record.
    fn finding(&self) -> Option<&Finding> {
        let key = self.pairs.finding_of(self.records.selected)?;
        self.findings.finding(key)
    }

    /// Lines of each list that are seen.
    fn list_height(&self, migration: &Migration) -> usize {
        usize::from(self.split(migration).0.saturating_sub(3)).max(1)
    }

    fn split(&self, migration: &Migration) -> (u16, u16) {
        // A line besides for what the signs mean.
        let lines = self.pairs.entities().len().max(self.pairs.records().len() + 1);
        let height = frame::room(migration, NAME).height;
        split(migration, height, lines, self.findings.deciding.is_open())
    }

    fn on_command(&mut self, migration: &mut Migration, command: Command) {
        if self.path.obey(migration, command) {
            return;
        }
        self.is_moved = true;
        if self.filter.is_typed() && self.on_filter_command(migration, command) {
            return;
        }
        let finding = self.finding().cloned();
        if self.findings.deciding.is_open() {
            self.findings.on_finding(migration, finding.as_ref(), command);
            return;
        }
        match (self.pane, command) {
            (_, Command::Own(UNUSED)) => {
                let mark = self.pairs.mark_of(self.records.selected);
                self.pairs.shows_unused = !self.pairs.shows_unused;
                self.choose_entity(migration);
                let place = mark.and_then(|mark| self.pairs.place_of_mark(&mark));
                let height = self.list_height(migration);
                self.records.select(place.unwrap_or(0), self.pairs.records().len(), height);
            }
            (_, Command::Own(map_path::WRITE | map_path::READ)) => {
                self.path.on_key(migration, command);
            }
            (_, Command::Filter) => self.filter.begin(),
            (_, Command::Close) if !self.filter.text().is_empty() => {
                self.filter.clear();
                self.refilter(migration);
            }
            (Pane::Records, Command::Close) => self.pane = Pane::Entities,
            (Pane::Entities, Command::NextField | Command::PreviousField)
            | (Pane::Entities, Command::Open | Command::Toggle | Command::Right) => {
                self.go_to_pane(migration, Pane::Records);
            }
            (Pane::Records, Command::NextField | Command::PreviousField | Command::Left) => {
                self.go_to_pane(migration, Pane::Entities);
            }
            (_, Command::Own(SAME_KIND)) => self.ask_guesses(migration, finding.as_ref()),
            (Pane::Records, Command::Toggle) if self.toggle_guess(migration) => {}
            (Pane::Records, Command::Toggle | Command::Open) if finding.is_none() => {
                migration.say(if self.pairs.records().is_empty() {
                    "There is no record to decide about."
                } else {
                    "There is nothing to decide about this record."
                });
            }
            (_, command) if self.findings.on_finding(migration, finding.as_ref(), command) => {}
            (pane, command) => {
                let height = self.list_height(migration);
                match pane {
                    Pane::Entities => {
                        let before = self.entities.selected;
                        self.entities.obey(command, self.pairs.entities().len(), height);
                        if before != self.entities.selected {
                            self.choose_entity(migration);
                            self.go_to_first_record(migration);
                        }
                    }
                    Pane::Records => {
                        self.records.obey(command, self.pairs.records().len(), height);
                    }
                }
            }
        }
    }

    fn go_to_pane(&mut self, migration: &Migration, pane: Pane) {
        if self.pane != pane && !self.filter.text().is_empty() {
            self.filter.clear();
            self.refilter(migration);
        }
        self.pane = pane;
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
        let text = self.filter.text().to_owned();
        let entity = self.pairs.entity(self.entities.selected).map(|line| line.entity);
        let mark = self.pairs.mark_of(self.records.selected);
        match self.pane {
            Pane::Entities => self.pairs.filter_entities(migration, &text),
            Pane::Records => self.pairs.filter_records(&text),
        }
        let place = entity.and_then(|entity| self.pairs.place_of_entity(entity));
        self.entities.selected = place.unwrap_or(0);
        self.choose_entity(migration);
        let place = mark.and_then(|mark| self.pairs.place_of_mark(&mark));
        self.records.selected = place.unwrap_or(0);
    }

    /// Confirms the guess of the selected record, or takes that back; says whether it has one.
    fn toggle_guess(&mut self, migration: &mut Migration) -> bool {
        let Some(review) = migration.review.clone() else { return false };
        let Some(finding) = self.finding().cloned() else { return false };
        let Some((_, to)) = self.guess_of(&review, &finding) else { return false };
        if !may_change(migration) {
            return true;
        }
        if migration.choice(&finding) == Some(choice::MAP) {
            migration.undecide(&finding.key);
            migration.say("The guess is not confirmed any more.");
        } else {
            decide(migration, &finding, choice::MAP, Some(to));
        }
        true
    }

    /// The record that is offered for one, by name, and as a plan file names it.
    fn guess_of(&self, review: &Review, finding: &Finding) -> Option<(String, String)> {
        let map = review.comparison.fixed.get(&self.pairs.chosen()?)?;
        let (id, name) = guess(map, finding)?;
        Some((format!("{name} ({id})"), map.name_of(id, name)))
    }

    /// Guesses of the selected entity that nobody decided: the finding, and what is offered.
    fn guesses(&self, migration: &Migration) -> Vec<(FindingKey, String, String)> {
        let Some(review) = migration.review.as_deref() else { return Vec::new() };
        let Some(map) = self.pairs.chosen().and_then(|entity| review.comparison.fixed.get(&entity))
        else {
            return Vec::new();
        };
        map.records
            .iter()
            .filter_map(|record| record.finding.as_ref())
            .filter(|key| migration.plan.decisions.get(key).is_none())
            .filter_map(|key| {
                let finding = self.findings.finding(key)?;
                let (shown, to) = self.guess_of(review, finding)?;
                Some((key.clone(), shown, to))
            })
            .collect()
    }

    fn ask_guesses(&mut self, migration: &mut Migration, finding: Option<&Finding>) {
        if !may_change(migration) {
            return;
        }
        let is_other = self.pane == Pane::Records
            && finding.is_some_and(|finding| finding.key.kind != FindingKind::RecordRecreated);
        if is_other {
            self.findings.on_finding(migration, finding, Command::Own(SAME_KIND));
            return;
        }
        let guesses = self.guesses(migration);
        if guesses.is_empty() {
            migration.say("This entity has no guess that waits to be confirmed.");
            return;
        }
        let mut lines = vec!["Offered because the names are the same; the keys differ:".to_owned()];
        lines.extend(guesses.iter().take(6).map(|(_, shown, _)| format!("  {shown}")));
        if guesses.len() > 6 {
            lines.push(format!("  and {} more", guesses.len() - 6));
        }
        let count = counted(guesses.len() as u64, "guess", "guesses");
        let choices = vec![
            ("No".to_owned(), "look at each".to_owned()),
            ("Confirm".to_owned(), format!("{count} of this entity")),
        ];
        migration.ask(GUESSES, "Confirm all guesses of this entity?", lines, choices);
    }

    fn confirm_guesses(&mut self, migration: &mut Migration) {
        let guesses = self.guesses(migration);
        for (key, _, to) in &guesses {
            if let Some(finding) = self.findings.finding(key) {
                migration.decide(finding, choice::MAP, Some(to.clone()));
            }
        }
        migration.say(format!(
            "{} confirmed.",
            counted(guesses.len() as u64, "guess was", "guesses were")
        ));
    }
}

impl Step for StaticRecords {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self, _migration: &Migration) -> String {
        "Static records have their own ids in each environment. Check every match.".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        if self.path.is_typed() { map_path::KEYS } else { KEYS }
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        match command {
            Command::Open | Command::Close if self.path.is_typed() => true,
            Command::Own(map_path::WRITE | map_path::READ) => map_path::offers(command, migration),
            Command::Open | Command::Toggle if self.pane == Pane::Entities => true,
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
            Event::Replied(GUESSES, 1) => self.confirm_guesses(migration),
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
        self.is_moved = true;
        self.filter.clear();
        self.pairs.filter_entities(migration, "");
        self.pairs.filter_records("");
        if let Some(place) = self.pairs.place_of_finding(migration, &key) {
            let height = self.list_height(migration);
            self.entities.select(place, self.pairs.entities().len(), height);
            self.choose_entity(migration);
            let record = self.pairs.place_of_key(&key).unwrap_or(0);
            self.records.select(record, self.pairs.records().len(), height);
            self.pane = Pane::Records;
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
        self.findings.summary(migration)
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        if self.path.is_typed() {
            return self.path.notice();
        }
        if let Some(review) = migration.review.as_deref()
            && migration.may_change()
            && self.pane == Pane::Records
            && let Some(finding) = self.finding()
            && migration.choice(finding).is_none()
            && let Some((shown, _)) = self.guess_of(review, finding)
        {
            let text = format!(
                "{} has no counterpart by key; {shown} has its name and is offered. Space takes it.",
                finding.about
            );
            return Some(Notice::new(super::message::Sign::Warning, text));
        }
        self.findings.notice(migration)
    }

    fn checked(&self, migration: &Migration) -> String {
        checked(migration)
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        let review = migration.review.as_deref()?;
        let line = view::line(self, migration, review, self.records.selected)?;
        let entity = self.pairs.entity(self.entities.selected)?;
        let (source, destination) =
            (migration.name_of(Side::Source), migration.name_of(Side::Destination));
        Some(format!(
            "{}: {} ({source}: {}, {destination}: {} {}) {}",
            line.name, entity.name, line.id, line.there, line.id_there, line.then
        ))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        self.question(migration)
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
