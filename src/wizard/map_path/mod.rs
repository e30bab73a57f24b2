//! The path of maps that are taken in, as it is typed, and the keys for maps: for each step where
//! somebody says who or what is which.

pub(super) mod view;

use std::path::PathBuf;

use super::findings::may_change;
use super::keys::{Binding, Command, Key};
use super::message::{Answer, Sign};
use super::migration::Migration;
use super::step::{Ask, AskKind, Event, Notice};
use super::text_field::TextField;

/// Write maps.
pub const WRITE: &str = "write-maps";
/// Take maps in.
pub const READ: &str = "read-maps";

/// `m`
pub const WRITE_KEY: Binding = Binding::new(
    Command::Own(WRITE),
    &[Key::Char('m')],
    "write maps",
    "write records, users, groups and tenants as tables to fill in; says where",
);
/// `i`
pub const READ_KEY: Binding = Binding::new(
    Command::Own(READ),
    &[Key::Char('i')],
    "take maps in",
    "take such tables in: type their folder, or one of them; Enter takes them, Esc leaves",
);

/// While the path is typed.
pub const KEYS: &[Binding] = &[
    Binding::new(Command::Open, &[Key::Enter], "take in", "take the maps in").in_text(),
    Binding::new(Command::Close, &[Key::Escape], "leave", "leave the maps").in_text(),
];

/// The path of maps, while it is typed.
#[derive(Debug, Default)]
pub struct MapPath {
    field: Option<TextField>,
}

impl MapPath {
    /// Whether it is typed.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        self.field.is_some()
    }

    /// What is typed.
    #[must_use]
    pub fn field(&self) -> Option<&TextField> {
        self.field.as_ref()
    }

    /// It is typed no more.
    pub fn leave(&mut self) {
        self.field = None;
    }

    /// Writes maps, or asks where they are.
    pub fn on_key(&mut self, migration: &mut Migration, command: Command) {
        if migration.review.is_none() {
            migration.say("The environments have to be compared first: Ctrl+T.");
        } else if command == Command::Own(WRITE) {
            migration.write_maps();
        } else {
            self.ask(migration);
        }
    }

    /// Asks for the path: the folder that maps were written into last, if any.
    pub fn ask(&mut self, migration: &mut Migration) {
        if may_change(migration) {
            let last = migration.maps_folder.as_ref().map(|folder| folder.display().to_string());
            self.field = Some(TextField::new(&last.unwrap_or_default()));
        }
    }

    /// While it is typed; says whether it is.
    pub fn obey(&mut self, migration: &mut Migration, command: Command) -> bool {
        let Some(field) = &mut self.field else { return false };
        match command {
            Command::Open => {
                let path = field.text().to_owned();
                self.take_in(migration, &path);
            }
            Command::Close => self.leave(),
            command => {
                field.obey(command);
            }
        }
        true
    }

    /// Takes what is typed or pasted; says whether it was for the path.
    pub fn take(&mut self, event: &Event<'_>) -> bool {
        match (&mut self.field, event) {
            (Some(field), Event::Typed(c)) => field.type_in(*c),
            (Some(field), Event::Pasted(text)) => field.paste(text),
            _ => return false,
        }
        true
    }

    /// Has the maps at a path taken in.
    pub fn take_in(&mut self, migration: &mut Migration, path: &str) {
        // File managers copy paths with quotation marks around them.
        let path = path.trim().trim_matches('"');
        self.leave();
        if path.is_empty() {
            migration.say("No path was given; nothing was taken in.");
            return;
        }
        migration.read_maps(PathBuf::from(path));
    }

    /// The question for it in plain mode, while it is asked for.
    #[must_use]
    pub fn question(&self) -> Option<Ask> {
        let current = self.field()?.text().to_owned();
        let text = vec!["The folder of the maps, or one of them.".to_owned()];
        Some(Ask { text, kind: AskKind::Text { label: "Path".to_owned(), current } })
    }

    /// The answer to it.
    pub fn answer(&mut self, migration: &mut Migration, answer: Answer) {
        match answer {
            Answer::Text(path) => self.take_in(migration, &path),
            _ => self.leave(),
        }
    }

    /// What the status line says while it is typed.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        let text = "Type the folder of the maps, or one of them. Enter takes them in, Esc leaves.";
        self.is_typed().then(|| Notice::new(Sign::Note, text))
    }
}

/// What plain mode offers for maps.
pub const OFFERED: [&str; 2] =
    ["write the maps: records, users, groups and tenants as tables to fill in", "take maps in"];

/// Whether plain mode may offer them now.
#[must_use]
pub fn is_offered(migration: &Migration) -> bool {
    migration.review.is_some()
        && !migration.is_comparing()
        && migration.counting == 0
        && migration.may_change()
}

/// Whether one of the keys does something now.
#[must_use]
pub fn offers(command: Command, migration: &Migration) -> bool {
    migration.review.is_some() && (command == Command::Own(WRITE) || migration.may_change())
}
