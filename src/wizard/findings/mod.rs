//! Findings as every step shows them that decides some: a list, the details of the selected one,
//! and deciding it.
//!
//! A step holds a [`Findings`] and passes events on to it; what it is to draw is in [`view`]. The
//! findings themselves stay in the review: here are places in it, in the order shown, worked out
//! again when the review, a decision or the filter changes.

mod bulk;
mod deciding;
mod order;
mod plain;
mod tally;
mod targets;
pub mod view;
pub mod words;

pub use deciding::{Deciding, may_change};
pub use order::Sort;
pub use tally::{Standing, Tally};
pub use targets::{map_of, user_target};

use super::frame;
use super::keys::{Binding, Command, Key};
use super::list::List;
use super::message::Sign;
use super::migration::Migration;
use super::step::{Event, Notice, Reason};
use super::text_field::TextField;
use super::viewport::{Class, Size};
use crate::compare::{Finding, FindingKey, FindingKind, Severity};
use crate::report::counted;
use order::Lines;

/// The step on which findings of a kind are shown and decided.
#[must_use]
pub fn belongs_to(kind: FindingKind) -> &'static str {
    use FindingKind as Kind;
    match kind {
        Kind::PlatformVersionDiffers
        | Kind::CollationDiffers
        | Kind::EntityMissing
        | Kind::EntityAmbiguous
        | Kind::EntityKindChanged
        | Kind::EntityKindUnknown
        | Kind::TableMissing
        | Kind::ExternalEntity
        | Kind::PhysicalNameDiffers
        | Kind::InactiveDuplicate
        | Kind::ClonedEspace
        | Kind::AttributeMissing
        | Kind::AttributeNew
        | Kind::AttributeRenamed
        | Kind::AttributeRetyped
        | Kind::TextTooLong
        | Kind::NumberTooWide
        | Kind::NullNotAllowed
        | Kind::LeftoverColumn
        | Kind::LeftoverNotNull
        | Kind::IdentifierChanged
        | Kind::NoIdentifier
        | Kind::KeptIdentifier
        | Kind::ExtensionEntity
        | Kind::MultiTenant
        | Kind::ManyToManyUnique
        | Kind::LargeValues
        | Kind::MultitenancyChanged
        | Kind::TriggerInsteadOf
        | Kind::ReferenceUnresolved
        | Kind::ReferenceRetargeted
        | Kind::ReferenceLeavesScope
        | Kind::ReferenceToPlatform
        | Kind::OrphanReferences
        | Kind::SelfReference
        | Kind::Cycle
        | Kind::CycleMandatory => "Mismatches",
        Kind::RecordIdDiffers
        | Kind::RecordMissing
        | Kind::RecordRecreated
        | Kind::RecordInactive
        | Kind::RecordAmbiguous => "Static records",
        Kind::TenantMissing
        | Kind::UserProviderDiffers
        | Kind::UserMissing
        | Kind::UserInactive
        | Kind::UserAmbiguous
        | Kind::UserIdDiffers
        | Kind::GroupMissing
        | Kind::RoleMissing => "Users",
        Kind::DestinationRowsUndecided
        | Kind::DestinationRows
        | Kind::ProducerRows
        | Kind::ConsumerOutsideScope
        | Kind::EventTableNotEmpty => "Options",
    }
}

/// The same decision for all of a kind.
pub const SAME_KIND: &str = "same-kind";
/// The recommended decision of everything open.
pub const ALL_RECOMMENDED: &str = "all-recommended";
/// Another order.
pub const SORT: &str = "sort";
/// Show or hide blocks.
pub const BLOCKS: &str = "blocks";
/// Show or hide warnings.
pub const WARNINGS: &str = "warnings";
/// Show or hide notes.
pub const NOTES: &str = "notes";

/// The keys, for the tables of the steps: a constant cannot join others in a table.
pub mod keys_of {
    use super::*;

    /// Space.
    pub const TOGGLE: Binding = Binding::new(
        Command::Toggle,
        &[Key::Char(' ')],
        "recommended",
        "take the recommended decision; again: take it back",
    );
    /// Enter.
    pub const OPEN: Binding = Binding::new(
        Command::Open,
        &[Key::Enter],
        "decide",
        "into the choices of the selected finding; Enter takes one, Esc leaves",
    )
    .in_text();
    /// `A`
    pub const SAME: Binding = Binding::new(
        Command::Own(SAME_KIND),
        &[Key::Char('A')],
        "same kind",
        "the same decision for all findings of this kind, after a question",
    );
    /// `R`
    pub const ALL: Binding = Binding::new(
        Command::Own(ALL_RECOMMENDED),
        &[Key::Char('R')],
        "all open",
        "the recommended decision of everything open here, after a question",
    );
    /// `s`
    pub const ORDER: Binding = Binding::new(
        Command::Own(SORT),
        &[Key::Char('s')],
        "order",
        "change the order: severity, name, rows",
    );
    /// `/`
    pub const FILTER: Binding = Binding::new(
        Command::Filter,
        &[Key::Char('/')],
        "find",
        "show only what holds a text; Enter keeps it, Esc clears it",
    );
    /// Ctrl+T
    pub const RECHECK: Binding = Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "compare",
        "compare both environments anew, rows counted again",
    )
    .in_text();
    /// `b`
    pub const BLOCKS_KEY: Binding = Binding::new(
        Command::Own(BLOCKS),
        &[Key::Char('b')],
        "blocks",
        "show or hide what blocks the run",
    )
    .not_in_footer();
    /// `w`
    pub const WARNINGS_KEY: Binding = Binding::new(
        Command::Own(WARNINGS),
        &[Key::Char('w')],
        "warnings",
        "show or hide warnings",
    )
    .not_in_footer();
    /// `n`
    pub const NOTES_KEY: Binding =
        Binding::new(Command::Own(NOTES), &[Key::Char('n')], "notes", "show or hide notes")
            .not_in_footer();
}

/// All keys of a step that is nothing but findings.
pub const KEYS: &[Binding] = &[
    keys_of::TOGGLE,
    keys_of::OPEN,
    keys_of::SAME,
    keys_of::ALL,
    keys_of::ORDER,
    keys_of::FILTER,
    keys_of::RECHECK,
    keys_of::BLOCKS_KEY,
    keys_of::WARNINGS_KEY,
    keys_of::NOTES_KEY,
];

/// The findings of a step: which are seen, where the cursor is, what is being decided.
#[derive(Debug)]
pub struct Findings {
    step: &'static str,
    without: &'static [FindingKind],
    room: fn(&Migration) -> Size,
    pub(super) lines: Lines,
    /// The cursor.
    pub list: List,
    /// What is typed to narrow the list.
    pub filter: TextField,
    /// Whether it is being typed.
    pub is_filtering: bool,
    /// The choices of the selected finding.
    pub deciding: Deciding,
    bulk: bulk::Bulk,
    plain: plain::Plain,
}

impl Findings {
    /// The findings of a step, in a room that is a function of the window.
    #[must_use]
    pub fn new(step: &'static str, room: fn(&Migration) -> Size) -> Self {
        Self {
            step,
            without: &[],
            room,
            lines: Lines::default(),
            list: List::default(),
            filter: TextField::default(),
            is_filtering: false,
            deciding: Deciding::default(),
            bulk: bulk::Bulk::default(),
            plain: plain::Plain::default(),
        }
    }

    /// The same without some kinds, which the step decides in its own way.
    #[must_use]
    pub fn without(mut self, kinds: &'static [FindingKind]) -> Self {
        self.without = kinds;
        self
    }

    fn is_own(&self, finding: &Finding) -> bool {
        belongs_to(finding.key.kind) == self.step && !self.without.contains(&finding.key.kind)
    }

    /// Comes up to date with the review and the decisions; the cursor stays on its finding.
    pub fn sync(&mut self, migration: &Migration) {
        if self.lines.is_current(migration) {
            return;
        }
        let selected = self.selected().map(|finding| finding.key.clone());
        let (step, without) = (self.step, self.without);
        let is_own = |kind: FindingKind| belongs_to(kind) == step && !without.contains(&kind);
        self.lines.read(migration, &is_own, self.filter.text());
        match selected {
            Some(key) => {
                if !self.go_to(migration, &key) {
                    self.deciding.close();
                }
            }
            None => self.list.within(self.lines.len()),
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
        place.is_some()
    }

    /// Whether a text is being typed.
    #[must_use]
    pub fn in_text(&self) -> bool {
        self.is_filtering
    }

    /// The person comes to the step.
    pub fn enter(&mut self, migration: &mut Migration) {
        self.sync(migration);
        self.deciding.close();
        self.is_filtering = false;
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
            Event::Typed(c) if self.is_filtering => {
                self.filter.type_in(*c);
                self.refilter(migration);
                true
            }
            Event::Pasted(text) if self.is_filtering => {
                self.filter.paste(text);
                self.refilter(migration);
                true
            }
            Event::Replied(tag, place) => self.on_reply(migration, tag, *place),
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
        if self.is_filtering && self.on_filter_command(migration, command) {
            return true;
        }
        if self.on_deciding(migration, command) {
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
                self.is_filtering = true;
                return true;
            }
            Command::Close if !self.filter.text().is_empty() => {
                self.filter.set("");
                self.refilter(migration);
                return true;
            }
            command => {
                let height = self.list_height(migration);
                return self.list.obey(command, self.lines.len(), height);
            }
        };
        self.keeping_the_cursor(migration, |findings| {
            findings.lines.toggle(shown, findings.filter.text());
        });
        true
    }

    /// What is done to the selected finding, or to many; the same for steps with lists of their
    /// own, which select by [`Findings::go_to`].
    fn on_deciding(&mut self, migration: &mut Migration, command: Command) -> bool {
        let selected = self.selected().cloned();
        self.on_finding(migration, selected.as_ref(), command)
    }

    /// What is done to a finding, or to many like it; says whether the command was one for that.
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
            Command::Close => {
                self.is_filtering = false;
                self.filter.set("");
                self.refilter(migration);
            }
            Command::Open | Command::NextField | Command::PreviousField => {
                self.is_filtering = false;
            }
            Command::Up | Command::Down | Command::PageUp | Command::PageDown => {
                let height = self.list_height(migration);
                self.list.obey(command, self.lines.len(), height);
            }
            Command::Recheck => return false,
            command => {
                if self.filter.obey(command) {
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
        let room = (self.room)(migration);
        let height = room.height;
        let class = migration.size.class();
        if self.deciding.is_open() {
            // The choices get what they need; the selected line stays in sight where it can.
            let list = if class == Class::Large { 6.min(height / 3) } else { 0 };
            return (list, height - list);
        }
        // Borders and the head of the table.
        let wanted = u16::try_from(self.lines.len().min(1000)).unwrap_or(1000).max(1) + 3;
        let (least, most) = match class {
            Class::Large => (10, 16),
            Class::Medium => (6, 10),
            Class::Small | Class::TooSmall => (0, 0),
        };
        let details = height.saturating_sub(wanted).clamp(least, most).min(height / 2 + 1);
        (height - details, details)
    }

    /// Lines of findings that are seen.
    #[must_use]
    pub fn list_height(&self, migration: &Migration) -> usize {
        usize::from(self.split(migration).0.saturating_sub(3)).max(1)
    }

    /// Why Next is refused.
    #[must_use]
    pub fn gate(&self, migration: &Migration) -> Vec<Reason> {
        if migration.review.is_none() {
            return vec![Reason::new(not_compared(migration))];
        }
        let tally = self.tally(migration);
        let mut reasons = Vec::new();
        let names = |standing: Standing, all: usize| self.names(migration, standing, all);
        if tally.open > 0 {
            let what = counted(tally.open as u64, "finding still needs", "findings still need");
            reasons.push(Reason::new(format!(
                "{what} a decision: {}",
                names(Standing::Open, tally.open)
            )));
        }
        if tally.stopped > 0 {
            let what = counted(tally.stopped as u64, "was", "were");
            let names = names(Standing::Stopped, tally.stopped);
            reasons.push(Reason::new(format!(
                "{what} decided to stop: {names}; publish or mend, then Ctrl+T"
            )));
        }
        if tally.unmendable > 0 {
            let names = names(Standing::Unmendable, tally.unmendable);
            reasons.push(Reason::new(format!("nothing can be chosen for {names}; see its lines")));
        }
        reasons
    }

    /// The first findings that stand so, by name.
    fn names(&self, migration: &Migration, standing: Standing, all: usize) -> String {
        if self.lines.is_current(migration) {
            let found = self.lines.standing_so(standing).map(words::short_about);
            return words::some_of(found, 3, all);
        }
        let decisions = &migration.plan.decisions;
        let found = migration
            .findings()
            .iter()
            .filter(|finding| self.is_own(finding))
            .filter(|finding| Standing::of(finding, decisions) == standing)
            .map(words::short_about);
        words::some_of(found, 3, all)
    }

    /// To the first finding that keeps Next from going on, filtered out or not.
    pub fn go_to_first_reason(&mut self, migration: &mut Migration) {
        self.sync(migration);
        let Some(key) = self.lines.first_that_holds().map(|finding| finding.key.clone()) else {
            return;
        };
        self.deciding.close();
        if self.lines.place_of(&key).is_none() {
            self.filter.set("");
            self.is_filtering = false;
            self.lines.show_all();
        }
        self.go_to(migration, &key);
    }

    /// The key of the first finding that keeps Next from going on.
    #[must_use]
    pub fn first_reason(&self) -> Option<&FindingKey> {
        self.lines.first_that_holds().map(|finding| &finding.key)
    }

    /// The most important thing to say about these findings.
    #[must_use]
    pub fn notice(&self, migration: &Migration) -> Option<Notice> {
        if !migration.may_change() {
            let text = "A run was started with these answers: they can be read, not changed.";
            return Some(Notice::new(Sign::Note, text));
        }
        if migration.review.is_none() {
            let sign = if migration.is_comparing() { Sign::Note } else { Sign::Bad };
            return Some(Notice::new(sign, words::sentence(&not_compared(migration))));
        }
        let reasons = self.gate(migration);
        if let Some(first) = reasons.first() {
            let tally = self.tally(migration);
            let sign = if tally.blocks > 0 { Sign::Bad } else { Sign::Warning };
            return Some(Notice::new(sign, words::sentence(&first.text)));
        }
        if migration.counting > 0 {
            let text = format!(
                "{} about rows…",
                counted(migration.counting as u64, "question", "questions")
            );
            return Some(Notice::new(Sign::Note, text));
        }
        Some(Notice::new(Sign::Good, "Everything on this step is decided."))
    }

    /// Changes when a decision does.
    #[must_use]
    pub fn answers(&self, migration: &Migration) -> String {
        format!("{:x}", self.tally(migration).answers)
    }

    /// Changes when what is shown does.
    #[must_use]
    pub fn shown(&self, migration: &Migration) -> String {
        format!("{:x}", self.tally(migration).shown)
    }

    /// What keeps Next from going on, as a number for the rail.
    #[must_use]
    pub fn count(&self, migration: &Migration) -> String {
        let tally = self.tally(migration);
        match tally.open + tally.stopped + tally.unmendable {
            0 => String::new(),
            holding => holding.to_string(),
        }
    }

    /// The selected finding as a text to copy.
    #[must_use]
    pub fn copied(&self, migration: &Migration) -> Option<String> {
        self.selected().map(|finding| words::to_text(migration, finding))
    }
}

/// What is said on the right of the status line: when the environments were compared.
#[must_use]
pub fn checked(migration: &Migration) -> String {
    if migration.counting > 0 {
        format!("counting, {} to go", migration.counting)
    } else if migration.is_comparing() {
        "comparing…".to_owned()
    } else if migration.compared.is_empty() {
        String::new()
    } else {
        format!("compared {}", migration.compared)
    }
}

/// The room of a step that shows nothing but its findings.
#[must_use]
pub fn whole_room(migration: &Migration, step: &'static str) -> Size {
    frame::room(migration, step)
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

fn not_compared(migration: &Migration) -> String {
    if migration.models().is_none() {
        "both sides have to be connected first (press 1, then Ctrl+T)".to_owned()
    } else if let Some(trouble) = &migration.scope_trouble {
        format!("{trouble} (press 2)")
    } else if !migration.has_scope() {
        "nothing is chosen to be moved (press 2)".to_owned()
    } else if migration.is_comparing() {
        "the environments are being compared".to_owned()
    } else {
        "the environments have not been compared (Ctrl+T)".to_owned()
    }
}
