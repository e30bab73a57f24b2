//! Fields that a person fills in: texts, passwords, choices, ticks, buttons.

pub(super) mod view;

use super::keys::Command;
use super::secret_field::SecretField;
use super::text_field::TextField;

/// What a field holds.
#[derive(Clone, Debug)]
pub enum FieldKind {
    /// A text.
    Text(TextField),
    /// A password or token.
    Secret(SecretField),
    /// One of a few.
    Choice {
        /// These.
        options: Vec<String>,
        /// The chosen one.
        selected: usize,
    },
    /// Yes or no.
    Tick(bool),
    /// Something to press.
    Button,
}

/// A field with its label.
#[derive(Clone, Debug)]
pub struct Field {
    /// What the step calls it.
    pub name: &'static str,
    /// What the person reads.
    pub label: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// What it means, which values it takes, what follows.
    pub help: &'static str,
    /// What is wrong with it, as a sentence; said on leaving it.
    pub error: Option<String>,
    /// Whether it has nothing to say as the others stand: it is skipped and not drawn.
    pub is_hidden: bool,
}

impl Field {
    /// A text.
    #[must_use]
    pub fn text(name: &'static str, label: &'static str, help: &'static str, text: &str) -> Self {
        Self::new(name, label, help, FieldKind::Text(TextField::new(text)))
    }

    /// One of a few.
    #[must_use]
    pub fn choice(
        name: &'static str,
        label: &'static str,
        help: &'static str,
        options: &[&str],
        selected: usize,
    ) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self::new(name, label, help, FieldKind::Choice { options, selected })
    }

    /// Any kind.
    #[must_use]
    pub fn new(
        name: &'static str,
        label: &'static str,
        help: &'static str,
        kind: FieldKind,
    ) -> Self {
        Self { name, label, kind, help, error: None, is_hidden: false }
    }

    /// Its text; empty when it holds none.
    #[must_use]
    pub fn value(&self) -> &str {
        match &self.kind {
            FieldKind::Text(field) => field.text().trim(),
            FieldKind::Choice { options, selected } => {
                options.get(*selected).map_or("", String::as_str)
            }
            _ => "",
        }
    }

    /// The chosen place; 0 when it has none.
    #[must_use]
    pub fn chosen(&self) -> usize {
        match self.kind {
            FieldKind::Choice { selected, .. } => selected,
            _ => 0,
        }
    }

    /// Whether it is ticked.
    #[must_use]
    pub fn is_ticked(&self) -> bool {
        matches!(self.kind, FieldKind::Tick(true))
    }

    fn is_text(&self) -> bool {
        matches!(self.kind, FieldKind::Text(_) | FieldKind::Secret(_))
    }
}

/// Fields with the focus on one of them, or on none.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The fields, in the order of Tab.
    pub fields: Vec<Field>,
    /// The one with the focus, as long as the form has it.
    pub focus: usize,
    /// Whether one of them has the focus. Esc gives it away, so that digits lead to steps.
    pub has_focus: bool,
}

/// What a command did to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was none of the form's.
    None,
    /// The cursor moved within a text, or nothing moved.
    Nothing,
    /// The focus left this field.
    Left(usize),
    /// This field's value changed.
    Changed(usize),
    /// This button was pressed.
    Pressed(usize),
}

impl Form {
    /// A form of these fields, the focus on the first.
    #[must_use]
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields, focus: 0, has_focus: true }
    }

    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The same, to be changed.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.name == name)
    }

    /// The text of the field of that name.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.field(name).map_or("", Field::value)
    }

    /// The field with the focus.
    #[must_use]
    pub fn focused(&self) -> Option<&Field> {
        self.fields.get(self.focus).filter(|_| self.has_focus)
    }

    /// Whether a text field has the focus.
    #[must_use]
    pub fn in_text(&self) -> bool {
        self.focused().is_some_and(Field::is_text)
    }

    /// Gives the focus to a field.
    pub fn focus_on(&mut self, name: &str) {
        if let Some(place) = self.fields.iter().position(|field| field.name == name) {
            self.focus = place;
            self.has_focus = true;
        }
    }

    /// A character for the field with the focus.
    pub fn type_in(&mut self, c: char) -> Change {
        self.paste(c.encode_utf8(&mut [0; 4]))
    }

    /// A text for the field with the focus.
    pub fn paste(&mut self, text: &str) -> Change {
        if !self.has_focus {
            return Change::None;
        }
        let place = self.focus;
        match self.fields.get_mut(place).map(|field| &mut field.kind) {
            Some(FieldKind::Text(field)) => match text.chars().next() {
                Some(c) if text.chars().count() == 1 => field.type_in(c),
                _ => field.paste(text),
            },
            Some(FieldKind::Secret(field)) => field.paste(text),
            _ => return Change::None,
        }
        Change::Changed(place)
    }

    /// Obeys a command.
    pub fn obey(&mut self, command: Command) -> Change {
        if !self.has_focus {
            return match command {
                Command::NextField
                | Command::Down
                | Command::Open
                | Command::PreviousField
                | Command::Up => {
                    self.has_focus = true;
                    self.settle_focus(1);
                    Change::Nothing
                }
                _ => Change::None,
            };
        }
        let place = self.focus;
        let Some(field) = self.fields.get_mut(place) else { return Change::None };
        let is_text = field.is_text();
        match (&mut field.kind, command) {
            (_, Command::NextField | Command::Down) => return self.go(1),
            (_, Command::PreviousField | Command::Up) => return self.go(-1),
            (_, Command::Close) => {
                self.has_focus = false;
                return Change::Left(place);
            }
            (FieldKind::Button, Command::Open | Command::Toggle) => return Change::Pressed(place),
            (_, Command::Open) if is_text => return self.go(1),
            (FieldKind::Text(text), command) => {
                let before = text.text().len();
                if !text.obey(command) {
                    return Change::None;
                }
                return if text.text().len() == before {
                    Change::Nothing
                } else {
                    Change::Changed(place)
                };
            }
            (FieldKind::Secret(secret), command) => {
                return if secret.obey(command) { Change::Changed(place) } else { Change::None };
            }
            (
                FieldKind::Tick(ticked),
                Command::Toggle | Command::Open | Command::Left | Command::Right,
            ) => {
                *ticked = !*ticked;
            }
            (
                FieldKind::Choice { options, selected },
                Command::Toggle | Command::Open | Command::Right,
            ) => {
                *selected = (*selected + 1) % options.len().max(1);
            }
            (FieldKind::Choice { options, selected }, Command::Left) => {
                *selected = (*selected + options.len().max(1) - 1) % options.len().max(1);
            }
            _ => return Change::None,
        }
        Change::Changed(place)
    }

    fn go(&mut self, by: isize) -> Change {
        let left = self.focus;
        let last = self.fields.len().saturating_sub(1);
        let next = if by > 0 {
            if self.focus == last { 0 } else { self.focus + 1 }
        } else if self.focus == 0 {
            last
        } else {
            self.focus - 1
        };
        self.focus = next;
        self.settle_focus(by);
        Change::Left(left)
    }

    /// Goes on past hidden fields.
    fn settle_focus(&mut self, by: isize) {
        let count = self.fields.len();
        for _ in 0..count {
            if self.fields.get(self.focus).is_none_or(|field| !field.is_hidden) {
                return;
            }
            self.focus =
                if by > 0 { (self.focus + 1) % count } else { (self.focus + count - 1) % count };
        }
    }
}
