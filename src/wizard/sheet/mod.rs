//! A box with something to read and a few fields to fill in. Nothing comes of it before all that is
//! wanted is there.

pub(super) mod view;

use super::keys::Command;
use super::letters::Letters;
use super::overlay::Outcome;
use super::secret_field::{Password, SecretField};
use super::text_field::TextField;
use crate::migrate::mask_key;

/// A field of a sheet.
#[derive(Clone, Debug)]
pub enum Blank {
    /// Something to be ticked.
    Tick {
        /// What it says.
        text: String,
        /// Whether it is ticked.
        is_ticked: bool,
        /// What is missing while it is not; `None` where it may be left open.
        wanted: Option<String>,
    },
    /// A text.
    Text {
        /// What it is.
        label: String,
        /// What was typed.
        field: TextField,
        /// What is missing while nothing is typed; `None` where it may be empty.
        wanted: Option<String>,
    },
    /// The destination's name, which confirms that it is written.
    Name {
        /// The name.
        name: String,
        /// What was typed.
        field: TextField,
    },
    /// The key that an earlier run masked with.
    MaskKey {
        /// What tells that key from another one.
        fingerprint: String,
        /// What was typed.
        field: SecretField,
    },
}

impl Blank {
    /// Whether what is typed goes into it.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        !matches!(self, Self::Tick { .. })
    }

    /// What is missing in it; `None` when nothing is.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        match self {
            Self::Tick { is_ticked: false, wanted: Some(wanted), .. } => Some(wanted.clone()),
            Self::Text { field, wanted: Some(wanted), .. } if field.text().trim().is_empty() => {
                Some(wanted.clone())
            }
            Self::Tick { .. } | Self::Text { .. } => None,
            Self::Name { name, field } => {
                let missing = Letters::of(field.text(), name).missing()?;
                Some(format!("type {name}: {missing}"))
            }
            Self::MaskKey { fingerprint, field } => {
                let Some(typed) = field.secret() else {
                    return Some("type the key that this run masked with".to_owned());
                };
                let is_it = mask_key(&typed.0).is_ok_and(|key| key.fingerprint() == *fingerprint);
                (!is_it).then(|| "this is another key than the run masked with".to_owned())
            }
        }
    }
}

/// What stands in the fields once all that is wanted is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Which of the ticks are set, in their order.
    pub ticks: Vec<bool>,
    /// The texts and names, in their order.
    pub texts: Vec<String>,
    /// The key of the masks, where one was asked for.
    pub mask_key: Option<Password>,
}

/// A box with fields.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Which question of the step it is.
    pub tag: &'static str,
    /// The title.
    pub title: String,
    /// What is to be known before, each a paragraph.
    pub lines: Vec<String>,
    /// The fields.
    pub blanks: Vec<Blank>,
    /// What Enter does once all is there, as a verb.
    pub verb: &'static str,
    /// The field with the focus.
    focus: usize,
    /// The first line seen.
    first: usize,
    /// Whether Enter was pressed too early.
    was_refused: bool,
}

impl Sheet {
    /// A sheet with the focus on its first field.
    #[must_use]
    pub fn new(
        tag: &'static str,
        title: impl Into<String>,
        verb: &'static str,
        lines: Vec<String>,
        blanks: Vec<Blank>,
    ) -> Self {
        let title = title.into();
        Self { tag, title, lines, blanks, verb, focus: 0, first: 0, was_refused: false }
    }

    /// Whether what is typed goes into a field.
    #[must_use]
    pub fn in_text(&self) -> bool {
        self.blanks.get(self.focus).is_some_and(Blank::is_typed)
    }

    /// The field with the focus.
    #[must_use]
    pub fn focused(&self) -> Option<&Blank> {
        self.blanks.get(self.focus)
    }

    /// What is missing first; `None` when nothing is.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        self.blanks.iter().find_map(Blank::missing)
    }

    /// What stands in the fields.
    fn filled(&self) -> Filled {
        let mut filled = Filled::default();
        for blank in &self.blanks {
            match blank {
                Blank::Tick { is_ticked, .. } => filled.ticks.push(*is_ticked),
                Blank::Text { field, .. } | Blank::Name { field, .. } => {
                    filled.texts.push(field.text().trim().to_owned());
                }
                Blank::MaskKey { field, .. } => filled.mask_key = field.secret(),
            }
        }
        filled
    }

    /// A text for the field with the focus.
    pub fn paste(&mut self, text: &str) {
        match self.blanks.get_mut(self.focus) {
            Some(Blank::Text { field, .. } | Blank::Name { field, .. }) => field.paste(text),
            Some(Blank::MaskKey { field, .. }) => field.paste(text),
            Some(Blank::Tick { .. }) | None => {}
        }
    }

    /// A character for it.
    pub fn type_in(&mut self, c: char) {
        match self.blanks.get_mut(self.focus) {
            // A blank is a character of a name as well.
            Some(Blank::Text { field, .. } | Blank::Name { field, .. }) => field.type_in(c),
            _ => self.paste(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Obeys a command.
    pub fn obey(&mut self, command: Command) -> Outcome {
        let fields = self.blanks.len().max(1);
        match command {
            Command::Close => return Outcome::Closed,
            Command::Copy => return Outcome::Copy(self.lines.join("\n")),
            Command::NextField => self.focus = (self.focus + 1) % fields,
            Command::PreviousField => self.focus = (self.focus + fields - 1) % fields,
            Command::Up => self.first = self.first.saturating_sub(1),
            Command::Down => self.first += 1,
            Command::PageUp => self.first = self.first.saturating_sub(super::overlay::LINES),
            Command::PageDown => self.first += super::overlay::LINES,
            command => match (self.blanks.get_mut(self.focus), command) {
                (Some(Blank::Tick { is_ticked, .. }), Command::Toggle) => *is_ticked = !*is_ticked,
                (_, Command::Open) => return self.enter(),
                (Some(Blank::Text { field, .. } | Blank::Name { field, .. }), command) => {
                    field.obey(command);
                }
                (Some(Blank::MaskKey { field, .. }), command) => {
                    field.obey(command);
                }
                _ => {}
            },
        }
        Outcome::Stays
    }

    /// Enter: on to what is missing, or done.
    fn enter(&mut self) -> Outcome {
        let open = self.blanks.iter().position(|blank| blank.missing().is_some());
        match open {
            Some(place) => {
                self.focus = place;
                self.was_refused = true;
                Outcome::Stays
            }
            None => Outcome::Filled(self.tag, self.filled()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let tick = Blank::Tick {
            text: "no backup".to_owned(),
            is_ticked: false,
            wanted: Some("accept the warning".to_owned()),
        };
        let name = Blank::Name { name: "OSDEV".to_owned(), field: TextField::default() };
        Sheet::new("again", "Again?", "start", Vec::new(), vec![tick, name])
    }

    #[test]
    fn nothing_comes_of_a_sheet_before_all_that_is_wanted_is_there() {
        let mut sheet = sheet();
        sheet.obey(Command::NextField);
        sheet.paste("osdev");
        assert_eq!(sheet.obey(Command::Open), Outcome::Stays);
        assert_eq!(sheet.missing().as_deref(), Some("accept the warning"));
        assert!(!sheet.in_text(), "the cursor goes to what is missing");
        sheet.obey(Command::Toggle);
        let filled =
            Filled { ticks: vec![true], texts: vec!["osdev".to_owned()], ..Filled::default() };
        assert_eq!(sheet.obey(Command::Open), Outcome::Filled("again", filled));
    }

    #[test]
    fn only_the_key_of_the_run_is_taken() {
        let key = Password::from("a key that is long enough");
        let fingerprint = mask_key(&key.0).expect("a key").fingerprint();
        let blank = Blank::MaskKey { fingerprint, field: SecretField::default() };
        let mut sheet = Sheet::new("key", "Key", "take it", Vec::new(), vec![blank]);
        sheet.paste("another key that is long");
        assert_eq!(sheet.obey(Command::Open), Outcome::Stays);
        assert!(sheet.missing().is_some_and(|missing| missing.contains("another key")));
        sheet.obey(Command::EraseToStart);
        sheet.paste("a key that is long enough");
        let filled = Filled { mask_key: Some(key), ..Filled::default() };
        assert_eq!(sheet.obey(Command::Open), Outcome::Filled("key", filled));
    }
}
