//! What lies over the screen: the top one takes all keys, Esc takes it away.

pub(super) mod view;

use super::keys::{Binding, Command, Key};
use super::list::List;
use super::sheet::{Filled, Sheet};
use super::text_field::TextField;
use super::undo::{self, Order, Undoing};
use crate::database::Fault;

/// Something over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys of this screen and of all.
    Help {
        /// The first line seen.
        first: usize,
    },
    /// Something did not work.
    Error(Trouble),
    /// A question with its choices.
    Question(Question),
    /// A long list to pick from, with a filter.
    Picker(Picker),
    /// A text to read.
    Text(Reading),
    /// A run that is undone, or about to be.
    Undo(Box<Undoing>),
    /// Something to read with fields to fill in.
    Sheet(Box<Sheet>),
}

/// What did not work: what, why, what next, and details to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The title.
    pub title: String,
    /// What happened.
    pub what: String,
    /// Why; empty when nobody knows.
    pub why: String,
    /// What to do next.
    pub next: String,
    /// For the copy only: numbers, places, times.
    pub details: String,
    /// Whether reconnecting may help: Enter does it.
    pub may_reconnect: bool,
}

impl Trouble {
    /// From a fault, in words.
    #[must_use]
    pub fn new(title: impl Into<String>, fault: &Fault) -> Self {
        use crate::database::FaultKind;
        let lost = matches!(
            fault.kind,
            FaultKind::Lost | FaultKind::Unreachable | FaultKind::SignIn | FaultKind::Timeout
        );
        let next = match (fault.next.is_empty(), lost) {
            (false, _) => fault.next.clone(),
            (true, true) => "Your answers are kept. Enter connects again.".to_owned(),
            (true, false) => "Your answers are kept. Ctrl+T tries again.".to_owned(),
        };
        Self {
            title: title.into(),
            what: fault.what.clone(),
            why: String::new(),
            next,
            details: fault.code.map_or_else(String::new, |code| format!("error {code}")),
            may_reconnect: lost,
        }
    }

    /// What `y` copies.
    #[must_use]
    pub fn to_text(&self) -> String {
        let lines = [&self.title, &self.what, &self.why, &self.next, &self.details];
        let lines: Vec<&str> =
            lines.into_iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        lines.join("\n")
    }
}

/// Who is told the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The step that is shown; the tag says which question.
    Step(&'static str),
    /// The program itself; the tag says which question.
    Program(&'static str),
}

/// A question with its choices. The first one is the safe one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub asker: Asker,
    /// The title.
    pub title: String,
    /// What is to be known before.
    pub lines: Vec<String>,
    /// The choices, each with what it means.
    pub choices: Vec<(String, String)>,
    /// The selected one.
    pub selected: usize,
}

impl Question {
    /// A question of the program itself.
    pub(super) fn of_program(
        tag: &'static str,
        title: impl Into<String>,
        line: impl Into<String>,
        choices: &[(&str, &str)],
    ) -> Self {
        Self {
            asker: Asker::Program(tag),
            title: title.into(),
            lines: vec![line.into()],
            choices: choices.iter().map(|(name, what)| ((*name).into(), (*what).into())).collect(),
            selected: 0,
        }
    }
}

/// A long list to pick from.
#[derive(Clone, Debug)]
pub struct Picker {
    /// Who asks.
    pub asker: Asker,
    /// The title.
    pub title: String,
    /// The items.
    pub items: Vec<String>,
    /// What is typed to narrow it.
    pub filter: TextField,
    /// Whether what is typed can be taken as it is: then that is the first line.
    pub takes_others: bool,
    /// The cursor among the lines.
    pub list: List,
}

impl Picker {
    /// A list to pick from.
    pub fn new(asker: Asker, title: impl Into<String>, items: Vec<String>) -> Self {
        Self {
            asker,
            title: title.into(),
            items,
            filter: TextField::default(),
            takes_others: false,
            list: List::default(),
        }
    }

    /// The same where another one than these can be typed.
    #[must_use]
    pub fn taking_others(mut self) -> Self {
        self.takes_others = true;
        self
    }

    /// What is typed, where it can be taken as it is.
    #[must_use]
    pub fn own(&self) -> Option<&str> {
        Some(self.filter.text()).filter(|text| self.takes_others && !text.is_empty())
    }

    /// Lines of the list that are seen at most.
    #[must_use]
    pub fn height(&self) -> usize {
        // A sentence about what is typed stands below them.
        if self.takes_others { LINES - 1 } else { LINES }
    }

    /// The places of the items that fit the filter.
    #[must_use]
    pub fn fitting(&self) -> Vec<usize> {
        let wanted = self.filter.text().to_lowercase();
        let fits = |place: &usize| self.items[*place].to_lowercase().contains(&wanted);
        (0..self.items.len()).filter(fits).collect()
    }
}

/// A text to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The title.
    pub title: String,
    /// Its paragraphs.
    pub lines: Vec<String>,
    /// The first line seen.
    pub first: usize,
}

/// Lines of a picker or text that are seen at most.
pub const LINES: usize = 10;

/// The keys while an overlay is shown.
pub const KEYS: &[Binding] = &[
    Binding::new(Command::Open, &[Key::Enter], "choose", "take the selected choice"),
    Binding::new(Command::Close, &[Key::Escape], "close", "close without a choice"),
    Binding::new(Command::Copy, &[Key::Char('y')], "copy", "copy the text, through the terminal"),
    Binding::new(
        Command::Own(undo::STOP),
        &[Key::Char('s')],
        "stop",
        "while a run is undone: stop after the current batch",
    ),
    Binding::new(
        Command::Own(undo::PAUSE),
        &[Key::Char('p')],
        "pause",
        "while a run is undone: pause, or go on",
    ),
];

/// What came of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stays.
    Stays,
    /// It is closed without a choice.
    Closed,
    /// It is closed with a choice.
    Chose(Asker, usize),
    /// What is typed is to be taken, if it can be.
    Wrote(Asker),
    /// The person wants to connect again.
    Reconnect,
    /// The text is to be copied.
    Copy(String),
    /// Something is to be done about the undo.
    Undo(Order),
    /// It is closed with its fields filled in: which question of the step, and what stands there.
    Filled(&'static str, Filled),
}

impl Overlay {
    /// Whether what is typed goes into a text.
    #[must_use]
    pub fn in_text(&self) -> bool {
        match self {
            Self::Picker(_) => true,
            Self::Undo(undoing) => undoing.in_text(),
            Self::Sheet(sheet) => sheet.in_text(),
            _ => false,
        }
    }

    /// Whether it asks what to do with a run that is going on: once it has ended there is nothing
    /// to ask.
    #[must_use]
    pub fn is_about_a_run(&self) -> bool {
        match self {
            Self::Question(question) => matches!(
                question.asker,
                Asker::Program(super::leaving::LEAVE_RUN) | Asker::Step(super::execute::STOP)
            ),
            _ => false,
        }
    }

    /// A character for its filter.
    pub fn type_in(&mut self, c: char) {
        match self {
            Self::Picker(picker) => {
                picker.filter.type_in(c);
                picker.list = List::default();
            }
            Self::Undo(undoing) => undoing.type_in(c),
            Self::Sheet(sheet) => sheet.type_in(c),
            _ => {}
        }
    }

    /// A text for its filter.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Picker(picker) => {
                picker.filter.paste(text);
                picker.list = List::default();
            }
            Self::Undo(undoing) => undoing.paste(text),
            Self::Sheet(sheet) => sheet.paste(text),
            _ => {}
        }
    }

    /// Obeys a command.
    pub fn obey(&mut self, command: Command) -> Outcome {
        match self {
            Self::Undo(undoing) => return undoing.obey(command),
            Self::Sheet(sheet) => return sheet.obey(command),
            _ => {}
        }
        if command == Command::Close {
            return Outcome::Closed;
        }
        match self {
            Self::Undo(_) | Self::Sheet(_) => {}
            Self::Help { first } => return scroll(first, command),
            Self::Text(reading) => {
                if command == Command::Copy {
                    return Outcome::Copy(reading.lines.join("\n"));
                }
                return scroll(&mut reading.first, command);
            }
            Self::Error(trouble) => match command {
                Command::Copy => return Outcome::Copy(trouble.to_text()),
                Command::Open if trouble.may_reconnect => return Outcome::Reconnect,
                Command::Open => return Outcome::Closed,
                _ => {}
            },
            Self::Question(question) => match command {
                Command::Up | Command::PreviousField => {
                    question.selected = question.selected.saturating_sub(1);
                }
                Command::Down | Command::NextField => {
                    question.selected =
                        (question.selected + 1).min(question.choices.len().saturating_sub(1));
                }
                Command::Open => return Outcome::Chose(question.asker, question.selected),
                _ => {}
            },
            Self::Picker(picker) => {
                if picker.filter.obey(command) {
                    picker.list = List::default();
                    return Outcome::Stays;
                }
                let fitting = picker.fitting();
                let own = usize::from(picker.own().is_some());
                if command == Command::Open {
                    if own > picker.list.selected {
                        return Outcome::Wrote(picker.asker);
                    }
                    return fitting
                        .get(picker.list.selected - own)
                        .map_or(Outcome::Stays, |place| Outcome::Chose(picker.asker, *place));
                }
                let height = picker.height();
                picker.list.obey(command, fitting.len() + own, height);
            }
        }
        Outcome::Stays
    }
}

fn scroll(first: &mut usize, command: Command) -> Outcome {
    match command {
        Command::Up => *first = first.saturating_sub(1),
        Command::Down => *first += 1,
        Command::PageUp => *first = first.saturating_sub(LINES),
        Command::PageDown => *first += LINES,
        Command::First => *first = 0,
        Command::Open | Command::Help => return Outcome::Closed,
        _ => {}
    }
    Outcome::Stays
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: Asker = Asker::Step("test");

    fn picker(items: &[&str]) -> Picker {
        Picker::new(ASKER, "", items.iter().map(|item| (*item).to_owned()).collect())
    }

    #[test]
    fn what_is_typed_is_the_first_line_where_it_can_be_taken() {
        let mut top = Overlay::Picker(picker(&["100", "1002", "7"]).taking_others());
        assert_eq!(top.obey(Command::Open), Outcome::Chose(ASKER, 0));
        top.paste("100");
        // An id is never taken for a longer one that begins so.
        assert_eq!(top.obey(Command::Open), Outcome::Wrote(ASKER));
        top.obey(Command::Down);
        top.obey(Command::Down);
        assert_eq!(top.obey(Command::Open), Outcome::Chose(ASKER, 1));
        top.paste("9");
        assert_eq!(top.obey(Command::Open), Outcome::Wrote(ASKER));
        top.obey(Command::Down);
        assert_eq!(top.obey(Command::Open), Outcome::Wrote(ASKER), "there is no other line");
    }

    #[test]
    fn a_list_that_is_all_there_is_takes_nothing_else() {
        let mut top = Overlay::Picker(picker(&["100", "1002"]));
        top.paste("2");
        assert_eq!(top.obey(Command::Open), Outcome::Chose(ASKER, 1));
        top.paste("9");
        assert_eq!(top.obey(Command::Open), Outcome::Stays);
    }
}
