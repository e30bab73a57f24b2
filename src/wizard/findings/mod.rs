//! Findings as every step shows them that decides some: a list, the details of the selected one,
//! and deciding it.
//!
//! A step holds a [`Findings`] and passes events on to it; what it is to draw is in [`view`]. The
//! findings themselves stay in the review: here are places in it, in the order shown, worked out
//! again when the review, a decision or the filter changes.

mod bulk;
mod deciding;
mod gate;
pub mod keys_of;
mod kinds;
mod listed;
mod order;
mod plain;
mod tally;
mod targets;
pub mod view;
pub mod words;

pub use deciding::{Deciding, decide, may_change};
pub use gate::checked;
pub use keys_of::{ALL_RECOMMENDED, BLOCKS, NOTES, READ, SAME_KIND, SORT, WARNINGS};
pub use kinds::belongs_to;
pub use listed::{About, Listed};
pub use order::Sort;
pub use tally::{Standing, Tally};
pub use targets::{Target, guess, map_of, record_of, users_for};

use super::filter::Filter;
use super::frame;
use super::keys::{Binding, Command};
use super::list::List;
use super::migration::Migration;
use super::step::Event;
use super::viewport::{Class, Size};
use crate::compare::{Finding, FindingKey, FindingKind, Severity};
use order::Lines;

/// All keys of a step that is nothing but findings.
pub const KEYS: &[Binding] = &[
    keys_of::TOGGLE,
    keys_of::OPEN,
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

/// The findings of a step: which are seen, where the cursor is, what is being decided.
#[derive(Debug)]
pub struct Findings {
    step: &'static str,
    without: &'static [FindingKind],
    room: Option<fn(&Migration) -> Size>,
    pub(super) lines: Lines,
    /// The cursor.
    pub list: List,
    /// Whether the person moved it: until then it is on the first line.
    is_moved: bool,
    /// What is typed to narrow the list.
    pub filter: Filter,
    /// The choices of the selected finding.
    pub deciding: Deciding,
    bulk: bulk::Bulk,
    plain: plain::Plain,
}

impl Findings {
    /// The findings of a step that shows nothing else.
    #[must_use]
    pub fn new(step: &'static str) -> Self {
        Self {
            step,
            without: &[],
            room: None,
            lines: Lines::default(),
            list: List::default(),
            is_moved: false,
            filter: Filter::default(),
            deciding: Deciding::default(),
            bulk: bulk::Bulk::default(),
            plain: plain::Plain::default(),
        }
    }

    /// The same in a part of the step's room, which is a function of the window.
    #[must_use]
    pub fn in_room(mut self, room: fn(&Migration) -> Size) -> Self {
        self.room = Some(room);
        self
    }

    /// The same without some kinds, which the step decides in its own way.
    #[must_use]
    pub fn without(mut self, kinds: &'static [FindingKind]) -> Self {
        self.without = kinds;
        self
    }

    fn is_own(&self, finding: &Finding) -> bool {
        belongs_to(finding) == self.step && !self.without.contains(&finding.key.kind)
    }

    /// Comes up to date with the review and the decisions; the cursor stays on its finding.
    pub fn sync(&mut self, migration: &Migration) {
        if self.lines.is_current(migration) {
            return;
        }
        let selected = self.selected().filter(|_| self.is_moved);
        let selected = selected.map(|finding| finding.key.clone());
        let (step, without) = (self.step, self.without);
        let is_own =
            |finding: &Finding| belongs_to(finding) == step && !without.contains(&finding.key.kind);
        self.lines.read(migration, &is_own, self.filter.text());
        match selected {
            Some(key) => {
                if !self.go_to(migration, &key) {
                    self.deciding.close();
                }
            }
            None if self.is_moved => self.list.within(self.lines.len()),
            None => self.list = List::default(),
        }
    }

    /// The selected finding.
    #[must_use]
    pub fn selected(&self) -> Option<&Finding> {
        self.lines.at(self.list.selected)
    }

    /// A finding by its key, once the step is up to date.
    #[must_use]
    pub fn finding(&self, key: &FindingKey) -> Option<&Finding> {
        self.lines.by_key(key)
    }

    /// Every finding of the step with where it stands, seen or not.
    pub fn all(&self) -> impl Iterator<Item = (&Finding, Standing)> {
        self.lines.all()
    }

    /// How far these findings are decided.
    #[must_use]
    pub fn tally(&self, migration: &Migration) -> Tally {
        if self.lines.is_current(migration) {
            return *self.lines.tally();
        }
        let mut tally = Tally::default();
        let decisions = &migration.plan.decisions;
        for finding in migration.findings().iter().filter(|finding| self.is_own(finding)) {
            tally.add(finding, Standing::of(finding, decisions), decisions);
        }
        tally
    }

    /// Moves the cursor to a finding; says whether it is among those seen.
    pub fn go_to(&mut self, migration: &Migration, key: &FindingKey) -> bool {
        let place = self.lines.place_of(key);
        let height = self.list_height(migration);
        let line = place.unwrap_or(self.list.selected);
        self.list.select(line, self.lines.len(), height);
        self.is_moved = true;
        place.is_some()
    }

    /// Whether a text is being typed.
    #[must_use]
    pub fn in_text(&self) -> bool {
        self.filter.is_typed()
    }

    /// The person comes to the step.
    pub fn enter(&mut self, migration: &mut Migration) {
        self.sync(migration);
        self.deciding.close();
        self.filter.end();
        self.plain = plain::Plain::default();
        if migration.review.is_none() && !migration.is_comparing() {
            migration.compare_anew();
        }
    }

    /// Something happened; says whether it was for the findings.
    pub fn update(&mut self, migration: &mut Migration, event: &Event<'_>) -> bool {
        self.sync(migration);
        let taken = match event {
            Event::Command(command) => self.on_command(migration, *command),
            Event::Typed(_) | Event::Pasted(_) => {
                let is_taken = self.filter.take(event);
                if is_taken {
                    self.refilter(migration);
                }
                is_taken
            }
            Event::Replied(tag, place) => self.on_reply(migration, tag, *place),
            Event::Wrote(tag, text) => self.deciding.wrote(migration, tag, text),
            Event::Answered(answer) => {
                self.on_answer(migration, answer);
                true
            }
            _ => false,
        };
        self.sync(migration);
        taken
    }

    fn on_reply(&mut self, migration: &mut Migration, tag: &str, place: usize) -> bool {
        self.deciding.replied(migration, tag, place) || self.bulk_replied(migration, tag, place)
    }

    fn on_command(&mut self, migration: &mut Migration, command: Command) -> bool {
        if self.filter.is_typed() && self.on_filter_command(migration, command) {
            return true;
        }
        let selected = self.selected().cloned();
        self.is_moved |= matches!(command, Command::Toggle | Command::Open);
        // Tab leads to the next pane: the choices.
        let command = match command {
            Command::NextField if !self.deciding.is_open() => Command::Open,
            command => command,
        };
        if self.on_finding(migration, selected.as_ref(), command) {
            return true;
        }
        let shown = match command {
            Command::Own(BLOCKS) => Severity::Block,
            Command::Own(WARNINGS) => Severity::Warning,
            Command::Own(NOTES) => Severity::Note,
            Command::Own(SORT) => {
                self.keeping_the_cursor(migration, |findings| {
                    findings.lines.sort_by(findings.lines.sort().next());
                });
                migration.say(format!("Ordered by {}.", self.lines.sort().label()));
                return true;
            }
            Command::Filter => {
                self.filter.begin();
                return true;
            }
            Command::Close if !self.filter.text().is_empty() => {
                self.filter.clear();
                self.refilter(migration);
                return true;
            }
            command => {
                let height = self.list_height(migration);
                let is_move = self.list.obey(command, self.lines.len(), height);
                self.is_moved |= is_move;
                return is_move;
            }
        };
        self.keeping_the_cursor(migration, |findings| {
            findings.lines.toggle(shown, findings.filter.text());
        });
        true
    }

    /// What is done to a finding, or to many like it; says whether the command was one for that.
    /// Steps with lists of their own pass on what is for their selected line's finding.
    pub fn on_finding(
        &mut self,
        migration: &mut Migration,
        finding: Option<&Finding>,
        command: Command,
    ) -> bool {
        let Some(review) = migration.review.clone() else {
            return command == Command::Recheck && compare_anew(migration);
        };
        match (finding, command) {
            (_, Command::Recheck) => compare_anew(migration),
            (_, Command::Own(ALL_RECOMMENDED)) => {
                self.ask_all(migration);
                true
            }
            (Some(finding), command)
                if self.deciding.obey(migration, &review, finding, command) =>
            {
                true
            }
            (Some(finding), Command::Toggle) => {
                self.deciding.recommended(migration, &review, finding);
                true
            }
            (Some(finding), Command::Open) => {
                self.deciding.open(migration, finding);
                true
            }
            (Some(finding), Command::Own(READ)) => {
                deciding::read(migration, finding);
                true
            }
            (Some(finding), Command::Own(SAME_KIND)) => {
                self.ask_same_kind(migration, finding);
                true
            }
            _ => false,
        }
    }

    /// While the filter is typed; says whether the command was one for that.
    fn on_filter_command(&mut self, migration: &mut Migration, command: Command) -> bool {
        match command {
            Command::Up | Command::Down | Command::PageUp | Command::PageDown => {
                let height = self.list_height(migration);
                self.is_moved |= self.list.obey(command, self.lines.len(), height);
            }
            Command::Recheck => return false,
            command => {
                const ENDING: &[Command] =
                    &[Command::Open, Command::NextField, Command::PreviousField];
                if self.filter.obey(command, ENDING) {
                    self.refilter(migration);
                }
            }
        }
        true
    }

    fn refilter(&mut self, migration: &Migration) {
        self.keeping_the_cursor(migration, |findings| {
            findings.lines.filter(findings.filter.text());
        });
    }

    fn keeping_the_cursor(&mut self, migration: &Migration, change: impl FnOnce(&mut Self)) {
        let selected = self.selected().map(|finding| finding.key.clone());
        change(self);
        if let Some(key) = selected
            && self.go_to(migration, &key)
        {
            return;
        }
        self.deciding.close();
        self.list.select(0, self.lines.len(), self.list_height(migration));
    }

    /// How the room is shared: lines of the list, then lines of the details below it.
    #[must_use]
    pub fn split(&self, migration: &Migration) -> (u16, u16) {
        let room = self.room.map_or_else(|| frame::room(migration, self.step), |of| of(migration));
        split(migration, room.height, self.lines.len(), self.deciding.is_open())
    }

    /// Lines of findings that are seen.
    #[must_use]
    pub fn list_height(&self, migration: &Migration) -> usize {
        usize::from(self.split(migration).0.saturating_sub(3)).max(1)
    }

    /// The selected finding as a text to copy.
    #[must_use]
    pub fn copied(&self, migration: &Migration) -> Option<String> {
        self.selected().map(|finding| words::to_text(migration, finding))
    }
}

/// How a room is shared between a list of so many lines, with its borders and its head, and the
/// details below it. While something is decided the details get what there is.
#[must_use]
pub fn split(migration: &Migration, height: u16, lines: usize, is_deciding: bool) -> (u16, u16) {
    let class = migration.size.class();
    if is_deciding {
        // The selected line stays in sight where it can.
        let list = if class == Class::Large { 6.min(height / 3) } else { 0 };
        return (list, height - list);
    }
    let wanted = u16::try_from(lines.min(1000)).unwrap_or(1000).max(1) + 3;
    let (least, most) = match class {
        Class::Large => (11, 16),
        Class::Medium => (7, 10),
        Class::Small | Class::TooSmall => (0, 0),
    };
    let details = height.saturating_sub(wanted).clamp(least, most).min(height / 2 + 1);
    (height - details, details)
}

fn compare_anew(migration: &mut Migration) -> bool {
    if !may_change(migration) {
    } else if migration.models().is_none() {
        migration.say("Both sides have to be connected first: press 1, then Ctrl+T.");
    } else if !migration.has_scope() {
        migration.say("Nothing is chosen yet: press 2 and choose what to move.");
    } else {
        migration.compare_anew();
        migration.say("Both environments are compared again, rows counted anew.");
    }
    true
}
