//! Keys and what they do: the one table that dispatch, footer, help and the manual come from.

use std::fmt;

/// A key, as every terminal can send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A character.
    Char(char),
    /// A letter with Ctrl.
    Control(char),
    /// F1 to F12.
    Function(u8),
    #[expect(missing_docs, reason = "the keys' own names")]
    Enter,
    #[expect(missing_docs, reason = "the keys' own names")]
    Escape,
    #[expect(missing_docs, reason = "the keys' own names")]
    Tab,
    /// Shift+Tab.
    BackTab,
    #[expect(missing_docs, reason = "the keys' own names")]
    Backspace,
    #[expect(missing_docs, reason = "the keys' own names")]
    Delete,
    #[expect(missing_docs, reason = "the keys' own names")]
    Up,
    #[expect(missing_docs, reason = "the keys' own names")]
    Down,
    #[expect(missing_docs, reason = "the keys' own names")]
    Left,
    #[expect(missing_docs, reason = "the keys' own names")]
    Right,
    #[expect(missing_docs, reason = "the keys' own names")]
    Home,
    #[expect(missing_docs, reason = "the keys' own names")]
    End,
    #[expect(missing_docs, reason = "the keys' own names")]
    PageUp,
    #[expect(missing_docs, reason = "the keys' own names")]
    PageDown,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(' ') => f.write_str("Space"),
            Self::Char(c) => write!(f, "{c}"),
            Self::Control(c) => write!(f, "Ctrl+{}", c.to_ascii_uppercase()),
            Self::Function(n) => write!(f, "F{n}"),
            Self::Enter => f.write_str("Enter"),
            Self::Escape => f.write_str("Esc"),
            Self::Tab => f.write_str("Tab"),
            Self::BackTab => f.write_str("Shift+Tab"),
            Self::Backspace => f.write_str("Backspace"),
            Self::Delete => f.write_str("Del"),
            Self::Up => f.write_str("↑"),
            Self::Down => f.write_str("↓"),
            Self::Left => f.write_str("←"),
            Self::Right => f.write_str("→"),
            Self::Home => f.write_str("Home"),
            Self::End => f.write_str("End"),
            Self::PageUp => f.write_str("PgUp"),
            Self::PageDown => f.write_str("PgDn"),
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// To the next step.
    Next,
    /// To the previous step.
    Back,
    /// To the step of that number, which the key says.
    GoTo,
    /// The step's check again.
    Recheck,
    /// Copy what is selected.
    Copy,
    /// Help for this screen.
    Help,
    /// Hide or show the lessons.
    Lessons,
    /// Draw everything again.
    Redraw,
    /// Ask to leave.
    Leave,
    /// Ask to leave or to stop, from anywhere.
    Interrupt,
    /// To the next field or pane.
    NextField,
    /// To the previous field or pane.
    PreviousField,
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first line; in a text to its start.
    First,
    /// To the last line; in a text to its end.
    Last,
    /// Left: fold, or the choice before.
    Left,
    /// Right: unfold, or the choice after.
    Right,
    /// Mark, accept, toggle.
    Toggle,
    /// Open, edit, press.
    Open,
    /// Close, leave the field.
    Close,
    /// Filter the list.
    Filter,
    /// Delete the character before the cursor.
    EraseBack,
    /// Delete the character at the cursor.
    EraseHere,
    /// Delete the word before the cursor.
    EraseWord,
    /// Delete to the start of the line.
    EraseToStart,
    /// Delete to the end of the line.
    EraseToEnd,
    /// What only one step knows; a constant of that step.
    Own(&'static str),
}

/// Where a binding stands in the footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Footer {
    /// On the left: this screen's.
    Here,
    /// On the right: always the same.
    Always,
    /// In the help only.
    No,
}

/// Keys with their command.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What it does.
    pub command: Command,
    /// Any of these.
    pub keys: &'static [Key],
    /// Two or three words for the footer.
    pub label: &'static str,
    /// What it does, for help and manual.
    pub help: &'static str,
    /// Whether it works while a text field has the focus.
    pub in_text: bool,
    /// Where it stands in the footer.
    pub footer: Footer,
}

impl Binding {
    /// A binding of a screen, shown in its footer, off while a text is edited.
    #[must_use]
    pub const fn new(
        command: Command,
        keys: &'static [Key],
        label: &'static str,
        help: &'static str,
    ) -> Self {
        Self { command, keys, label, help, in_text: false, footer: Footer::Here }
    }

    /// The same, working while a text is edited too.
    #[must_use]
    pub const fn in_text(mut self) -> Self {
        self.in_text = true;
        self
    }

    /// The same, in the help only.
    #[must_use]
    pub const fn not_in_footer(mut self) -> Self {
        self.footer = Footer::No;
        self
    }

    /// The same, always on the right of the footer.
    #[must_use]
    const fn always(mut self) -> Self {
        self.footer = Footer::Always;
        self
    }

    /// Its keys as people read them: `Ctrl+N, F8`.
    #[must_use]
    pub fn keys_text(&self) -> String {
        if self.command == Command::GoTo {
            return "1 to 9, 0".to_owned();
        }
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        keys.join(", ")
    }
}

/// Write the plan file for the person.
pub const EXPORT: &str = "export";

/// `e`: on each step that shows the plan.
pub const EXPORT_PLAN: Binding = Binding::new(
    Command::Own(EXPORT),
    &[Key::Char('e')],
    "export plan",
    "write the plan file that `osferry run` takes",
);

const DIGITS: &[Key] = &[
    Key::Char('1'),
    Key::Char('2'),
    Key::Char('3'),
    Key::Char('4'),
    Key::Char('5'),
    Key::Char('6'),
    Key::Char('7'),
    Key::Char('8'),
    Key::Char('9'),
    Key::Char('0'),
];

/// What works on every step.
pub const EVERYWHERE: &[Binding] = &[
    Binding::new(
        Command::Back,
        &[Key::Control('p'), Key::Function(7)],
        "back",
        "previous step; never refused",
    )
    .in_text()
    .always(),
    Binding::new(
        Command::Next,
        &[Key::Control('n'), Key::Function(8)],
        "next",
        "next step; says what is missing",
    )
    .in_text()
    .always(),
    Binding::new(Command::Help, &[Key::Char('?')], "help", "help for this screen").always(),
    Binding::new(Command::Help, &[Key::Function(1)], "help", "the same, in text fields too")
        .in_text()
        .not_in_footer(),
    Binding::new(Command::GoTo, DIGITS, "step", "go to a step already reached; 0 is the tenth")
        .not_in_footer(),
    Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "check again",
        "run this step's check again",
    )
    .in_text()
    .not_in_footer(),
    Binding::new(
        Command::Copy,
        &[Key::Char('y')],
        "copy",
        "copy what is selected, through the terminal",
    )
    .not_in_footer(),
    Binding::new(Command::Copy, &[Key::Control('y')], "copy", "the same, in text fields too")
        .in_text()
        .not_in_footer(),
    Binding::new(
        Command::Lessons,
        &[Key::Char('L')],
        "lessons",
        "hide or show the lessons of a practice pair",
    )
    .not_in_footer(),
    Binding::new(Command::Redraw, &[Key::Control('l')], "redraw", "draw the screen again")
        .in_text()
        .not_in_footer(),
    Binding::new(
        Command::Interrupt,
        &[Key::Control('c')],
        "leave",
        "ask to leave; during a run: pause, stop or go on",
    )
    .in_text()
    .not_in_footer(),
    Binding::new(Command::Leave, &[Key::Char('q')], "quit", "ask to leave").not_in_footer(),
];

/// Moving in lists and between fields.
pub const MOVING: &[Binding] = &[
    Binding::new(Command::Up, &[Key::Up], "up", "one line up").in_text().not_in_footer(),
    Binding::new(Command::Down, &[Key::Down], "down", "one line down").in_text().not_in_footer(),
    Binding::new(Command::Up, &[Key::Char('k')], "up", "one line up, outside text fields")
        .not_in_footer(),
    Binding::new(Command::Down, &[Key::Char('j')], "down", "one line down, outside text fields")
        .not_in_footer(),
    Binding::new(Command::PageUp, &[Key::PageUp], "page up", "one page up")
        .in_text()
        .not_in_footer(),
    Binding::new(Command::PageDown, &[Key::PageDown], "page down", "one page down")
        .in_text()
        .not_in_footer(),
    Binding::new(Command::First, &[Key::Home], "first", "to the first line").not_in_footer(),
    Binding::new(Command::Last, &[Key::End], "last", "to the last line").not_in_footer(),
    Binding::new(Command::Left, &[Key::Left], "left", "fold; the choice before").not_in_footer(),
    Binding::new(Command::Right, &[Key::Right], "right", "unfold; the choice after")
        .not_in_footer(),
    Binding::new(Command::NextField, &[Key::Tab], "next field", "next field or pane")
        .in_text()
        .not_in_footer(),
    Binding::new(
        Command::PreviousField,
        &[Key::BackTab],
        "previous field",
        "previous field or pane",
    )
    .in_text()
    .not_in_footer(),
    Binding::new(Command::Toggle, &[Key::Char(' ')], "mark", "mark, accept, toggle")
        .not_in_footer(),
    Binding::new(
        Command::Open,
        &[Key::Enter],
        "open",
        "open, edit, press; never starts a run by itself",
    )
    .in_text()
    .not_in_footer(),
    Binding::new(
        Command::Close,
        &[Key::Escape],
        "close",
        "close what is open; leave the field, its text stays",
    )
    .in_text()
    .not_in_footer(),
];

/// Editing a text, as in a shell.
pub const EDITING: &[Binding] = &[
    Binding::new(Command::Left, &[Key::Left], "left", "one character to the left")
        .in_text()
        .not_in_footer(),
    Binding::new(Command::Right, &[Key::Right], "right", "one character to the right")
        .in_text()
        .not_in_footer(),
    Binding::new(
        Command::First,
        &[Key::Home, Key::Control('a')],
        "start",
        "to the start of the text",
    )
    .in_text()
    .not_in_footer(),
    Binding::new(Command::Last, &[Key::End, Key::Control('e')], "end", "to the end of the text")
        .in_text()
        .not_in_footer(),
    Binding::new(
        Command::EraseBack,
        &[Key::Backspace, Key::Control('h')],
        "erase",
        "delete the character before",
    )
    .in_text()
    .not_in_footer(),
    Binding::new(
        Command::EraseHere,
        &[Key::Delete],
        "delete",
        "delete the character at the cursor",
    )
    .in_text()
    .not_in_footer(),
    Binding::new(Command::EraseWord, &[Key::Control('w')], "erase word", "delete the word before")
        .in_text()
        .not_in_footer(),
    Binding::new(Command::EraseToStart, &[Key::Control('u')], "erase line", "delete to the start")
        .in_text()
        .not_in_footer(),
    Binding::new(Command::EraseToEnd, &[Key::Control('k')], "erase rest", "delete to the end")
        .in_text()
        .not_in_footer(),
];

/// A key with what it means on this screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A command.
    Does(Command),
    /// A character for the text field.
    Types(char),
    /// Nothing.
    Nothing,
}

/// What a key means, given the screen's own bindings and whether a text is edited.
#[must_use]
pub fn meaning(key: Key, own: &[Binding], in_text: bool) -> Meaning {
    let tables: [&[Binding]; 4] =
        if in_text { [EDITING, own, EVERYWHERE, MOVING] } else { [own, EVERYWHERE, MOVING, &[]] };
    for binding in tables.into_iter().flatten() {
        if binding.keys.contains(&key) && (binding.in_text || !in_text) {
            return Meaning::Does(binding.command);
        }
    }
    match key {
        Key::Char(c) if in_text => Meaning::Types(c),
        _ => Meaning::Nothing,
    }
}

/// Keys that mean two things among these bindings while a text is edited, or while none is. A
/// screen may give a key of all another label, not another meaning.
#[must_use]
pub fn duplicates(own: &[Binding]) -> Vec<Key> {
    let mut found = Vec::new();
    let plain: [&[Binding]; 3] = [own, EVERYWHERE, MOVING];
    // Moving sideways and to the ends is editing's there, on purpose.
    let in_text: [&[Binding]; 3] = [own, EVERYWHERE, EDITING];
    for (tables, text) in [(plain, false), (in_text, true)] {
        let mut seen = std::collections::BTreeMap::new();
        for binding in tables.into_iter().flatten().filter(|binding| binding.in_text || !text) {
            for key in binding.keys {
                if seen.insert(*key, binding.command).is_some_and(|other| other != binding.command)
                {
                    found.push(*key);
                }
            }
        }
    }
    found
}
