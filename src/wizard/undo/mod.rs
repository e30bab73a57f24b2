//! The box in which a run is undone: what that would do, what may stay, the destination's name;
//! then how far it is.

pub(super) mod view;

use super::keys::Command;
use super::letters::Letters;
use super::overlay::Outcome;
use super::text_field::TextField;
use crate::migrate;
use crate::migrate::undo::{Leave, UndoPreview, UndoProgress};
use crate::report::{counted, undo_summary};

/// To stop an undo after its current batch.
pub(super) const STOP: &str = "undo-stop";
/// To pause an undo, or have it go on.
pub(super) const PAUSE: &str = "undo-pause";

/// How far it is.
#[derive(Clone, Debug)]
pub enum Stage {
    /// What it would do is being looked for; that only reads.
    Looking,
    /// That is known, and nothing is decided.
    Looked(Box<UndoPreview>),
    /// It is being done.
    Doing,
}

/// What can be answered before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Whether rows stay that others refer to.
    Referenced,
    /// Whether rows stay that have changed since.
    Changed,
    /// The destination's name.
    Name,
}

/// What the person wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Look no further, undo nothing.
    GiveUp,
    /// Undo, and leave these rows.
    CarryOut(Leave),
    /// Tell the undo that is going on.
    Tell(migrate::Command),
}

/// A run that is undone, or about to be.
#[derive(Clone, Debug)]
pub struct Undoing {
    /// The run's id.
    pub id: String,
    /// The destination database's name, which is to be typed.
    pub database: String,
    /// How far it is.
    pub stage: Stage,
    /// The newest progress, of looking or of doing.
    pub progress: UndoProgress,
    /// What may stay.
    pub leave: Leave,
    /// What was typed of the name.
    pub typed: TextField,
    /// What it was told last.
    pub told: migrate::Command,
    /// What it would do, in sentences.
    lines: Vec<String>,
    /// The field with the focus, among those there are.
    focus: usize,
    /// The first line seen.
    first: usize,
    /// Whether Enter was pressed too early.
    was_refused: bool,
}

impl Undoing {
    /// Nothing is known of it yet.
    #[must_use]
    pub fn new(id: String, database: String) -> Self {
        Self {
            id,
            database,
            stage: Stage::Looking,
            progress: UndoProgress::default(),
            leave: Leave::default(),
            typed: TextField::default(),
            told: migrate::Command::Run,
            lines: Vec::new(),
            focus: 0,
            first: 0,
            was_refused: false,
        }
    }

    /// What it would do is known.
    pub fn learn(&mut self, preview: UndoPreview) {
        self.lines = undo_summary(&preview).lines().map(str::to_owned).collect();
        self.progress = UndoProgress::default();
        self.stage = Stage::Looked(Box::new(preview));
    }

    /// What it would do, in lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether it is being done.
    #[must_use]
    pub fn is_doing(&self) -> bool {
        matches!(self.stage, Stage::Doing)
    }

    /// Whether nothing can be answered now: it looks, or it writes.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !matches!(self.stage, Stage::Looked(_))
    }

    /// Whether what is typed goes into the name.
    #[must_use]
    pub fn in_text(&self) -> bool {
        !self.is_busy() && self.focused() == Field::Name
    }

    /// Rows of others that refer to ours, and rows of ours that have changed.
    #[must_use]
    pub fn in_the_way(&self) -> (u64, u64) {
        match &self.stage {
            Stage::Looked(preview) => (
                preview.dependants.iter().map(|found| found.rows).sum(),
                preview.changed.iter().map(|found| found.rows).sum(),
            ),
            _ => (0, 0),
        }
    }

    /// What can be answered: rows that may stay only where there are any.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let (referring, changed) = self.in_the_way();
        let mut fields = Vec::new();
        if referring > 0 {
            fields.push(Field::Referenced);
        }
        if changed > 0 {
            fields.push(Field::Changed);
        }
        fields.push(Field::Name);
        fields
    }

    /// What may stay, in words; empty for the name.
    #[must_use]
    pub fn words(&self, field: Field) -> String {
        let (referring, changed) = self.in_the_way();
        match field {
            Field::Referenced => format!(
                "leave what {} of others {} to",
                counted(referring, "row", "rows"),
                if referring == 1 { "refers" } else { "refer" }
            ),
            Field::Changed => format!(
                "leave {} changed since",
                counted(changed, "row that has", "rows that have")
            ),
            Field::Name => String::new(),
        }
    }

    /// The field with the focus.
    #[must_use]
    pub fn focused(&self) -> Field {
        let fields = self.fields();
        fields[self.focus.min(fields.len() - 1)]
    }

    /// What is missing before it can be done; `None` when nothing is.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let (referring, changed) = self.in_the_way();
        if referring > 0 && !self.leave.referenced {
            return Some(
                "see to the rows of others that refer to ours, or mark (Space) that ours stay"
                    .to_owned(),
            );
        }
        if changed > 0 && !self.leave.changed {
            return Some(
                "see to the rows that have changed since, or mark (Space) that they stay"
                    .to_owned(),
            );
        }
        Letters::of(self.typed.text(), &self.database).missing()
    }

    /// A character for the name.
    pub fn type_in(&mut self, c: char) {
        if self.in_text() {
            self.typed.type_in(c);
        }
    }

    /// A text for the name.
    pub fn paste(&mut self, text: &str) {
        if self.in_text() {
            self.typed.paste(text);
        }
    }

    /// Obeys a command.
    pub fn obey(&mut self, command: Command) -> Outcome {
        match self.stage {
            Stage::Looking => match command {
                Command::Close | Command::Own(STOP) => Outcome::Undo(Order::GiveUp),
                _ => Outcome::Stays,
            },
            Stage::Looked(_) => self.answer(command),
            Stage::Doing => match command {
                Command::Own(STOP) => Outcome::Undo(Order::Tell(migrate::Command::Stop)),
                Command::Own(PAUSE) => Outcome::Undo(Order::Tell(self.other_way())),
                _ => Outcome::Stays,
            },
        }
    }

    /// Go on where it waits, else pause.
    fn other_way(&self) -> migrate::Command {
        match self.told {
            _ if self.progress.held.is_some() => migrate::Command::Run,
            migrate::Command::Run => migrate::Command::Pause,
            migrate::Command::Pause => migrate::Command::Run,
            told => told,
        }
    }

    fn answer(&mut self, command: Command) -> Outcome {
        let fields = self.fields().len();
        match command {
            Command::Close | Command::Own(STOP) => return Outcome::Undo(Order::GiveUp),
            Command::NextField => self.focus = (self.focus + 1) % fields,
            Command::PreviousField => self.focus = (self.focus + fields - 1) % fields,
            Command::Up => self.first = self.first.saturating_sub(1),
            Command::Down => self.first += 1,
            Command::PageUp => self.first = self.first.saturating_sub(super::overlay::LINES),
            Command::PageDown => self.first += super::overlay::LINES,
            Command::Copy => return Outcome::Copy(self.lines.join("\n")),
            command => match (self.focused(), command) {
                (Field::Referenced, Command::Toggle | Command::Open) => {
                    self.leave.referenced = !self.leave.referenced;
                }
                (Field::Changed, Command::Toggle | Command::Open) => {
                    self.leave.changed = !self.leave.changed;
                }
                (Field::Name, Command::Open) => {
                    self.was_refused = self.missing().is_some();
                    if !self.was_refused {
                        return Outcome::Undo(Order::CarryOut(self.leave));
                    }
                }
                (Field::Name, command) => {
                    self.typed.obey(command);
                }
                _ => {}
            },
        }
        // A long list is not scrolled beyond its end, whatever the window.
        self.first = self.first.min(self.lines.len().saturating_sub(1));
        Outcome::Stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::undo::{Dependants, UndoneTable};

    fn referred() -> UndoPreview {
        let name = String::new;
        let dependants = Dependants {
            child: name(),
            column: name(),
            parent: name(),
            rows: 3,
            shown: Vec::new(),
        };
        let table = UndoneTable { removed: 5, left: 2, ..UndoneTable::default() };
        UndoPreview { tables: vec![table], dependants: vec![dependants], ..UndoPreview::default() }
    }

    #[test]
    fn rows_that_others_refer_to_stay_only_when_the_person_says_so() {
        let mut undoing = Undoing::new("1".to_owned(), "OSDEV".to_owned());
        undoing.learn(referred());
        assert_eq!(undoing.focused(), Field::Referenced);
        undoing.obey(Command::NextField);
        undoing.paste("osdev");
        assert_eq!(undoing.obey(Command::Open), Outcome::Stays);
        undoing.obey(Command::NextField);
        undoing.obey(Command::Toggle);
        undoing.obey(Command::NextField);
        let leave = Leave { referenced: true, changed: false };
        assert_eq!(undoing.obey(Command::Open), Outcome::Undo(Order::CarryOut(leave)));
    }

    #[test]
    fn nothing_is_undone_without_the_whole_name() {
        let mut undoing = Undoing::new("1".to_owned(), "OSDEV".to_owned());
        assert_eq!(undoing.obey(Command::Open), Outcome::Stays);
        undoing.learn(UndoPreview::default());
        assert!(undoing.in_text());
        undoing.paste("osde");
        assert_eq!(undoing.obey(Command::Open), Outcome::Stays);
        undoing.type_in('v');
        assert_eq!(undoing.obey(Command::Open), Outcome::Undo(Order::CarryOut(Leave::default())));
        undoing.stage = Stage::Doing;
        assert_eq!(undoing.obey(Command::Close), Outcome::Stays);
        let stop = Outcome::Undo(Order::Tell(migrate::Command::Stop));
        assert_eq!(undoing.obey(Command::Own(STOP)), stop);
    }
}
