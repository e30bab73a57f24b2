//! Home: start, continue, learn.

pub(super) mod view;

use std::path::PathBuf;

use super::keys::{Binding, Command, Key};
use super::list::List;
use super::message::{Effect, Saved, SavedKind};
use super::migration::{Migration, Taking};
use super::overlay::{Overlay, Question};
use super::text_field::TextField;
use crate::procedures::Errand;

/// What the person begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// A new migration.
    New,
    /// The practice pair.
    Practice,
    /// A plan or draft.
    Plan(PathBuf),
    /// The report of a run, and what is to be done with it there.
    Run(String, Option<Taking>),
    /// The clean-up of a clone: which one is asked.
    Cleanup,
    /// The restore on another server.
    Restore,
    /// A neighbouring procedure that was begun earlier.
    Errand(Errand, String),
    /// The report of a clean-up.
    CleanupReport(String),
}

/// The first screen's cursor and fields.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// The cursor: first the three ways to start, then what is saved.
    pub list: List,
    /// The path of a plan file, while it is typed.
    pub path: Option<TextField>,
    /// What narrows the list, while it is typed or set.
    pub filter: Option<TextField>,
    /// Whether the filter is being typed.
    pub filtering: bool,
    /// Whether the person has moved the cursor.
    moved: bool,
}

const NEW: &str = "new";
const PRACTICE: &str = "practice";
const CLEANUP: &str = "clean-up";
const RESTORE: &str = "restore";
/// The question which clone is cleaned up.
pub(super) const WHICH_CLONE: &str = "which-clone";
/// The question whether to remove a draft.
pub(super) const REMOVE_DRAFT: &str = "remove-draft";
const RESUME: &str = "resume";
const REMOVE: &str = "remove draft";

/// The keys of Home.
pub const KEYS: &[Binding] = &[
    Binding::new(Command::Open, &[Key::Enter], "open", "begin or open what is selected").in_text(),
    Binding::new(Command::Own(NEW), &[Key::Char('n')], "new", "a new migration"),
    Binding::new(
        Command::Own(PRACTICE),
        &[Key::Char('p')],
        "practice",
        "the practice pair, without any server",
    ),
    Binding::new(
        Command::Own(CLEANUP),
        &[Key::Char('c')],
        "clean up",
        "clean up an environment whose database was cloned",
    )
    .not_in_footer(),
    Binding::new(
        Command::Own(RESTORE),
        &[Key::Char('s')],
        "restore",
        "go through a restore of the platform database on another server",
    )
    .not_in_footer(),
    Binding::new(
        Command::Own(RESUME),
        &[Key::Char('r')],
        "resume",
        "go on with the selected run where it ended, or with its undoing",
    ),
    Binding::new(Command::Filter, &[Key::Char('/')], "filter", "narrow the list; Esc clears"),
    Binding::new(
        Command::Own(REMOVE),
        &[Key::Delete, Key::Char('d')],
        "remove draft",
        "remove the selected draft, after a question; runs are kept",
    ),
];

/// The ways to start, in their order.
pub const STARTS: [(&str, &str); 5] = [
    ("New migration", "choose two environments, then go step by step"),
    ("Practice", "two built-in environments; needs no server"),
    ("Open a plan file", "review or run a plan that someone saved earlier"),
    ("Clean up a clone", "cut it off from its original before it starts"),
    ("Restore elsewhere", "the platform database on another server"),
];

impl Home {
    /// Whether what is typed goes into a text.
    #[must_use]
    pub fn in_text(&self) -> bool {
        self.path.is_some() || self.filtering
    }

    fn field(&mut self) -> Option<&mut TextField> {
        if self.path.is_some() {
            return self.path.as_mut();
        }
        if self.filtering { self.filter.as_mut() } else { None }
    }

    /// A character for the text that is typed.
    pub fn type_in(&mut self, c: char) {
        if let Some(field) = self.field() {
            field.type_in(c);
        }
    }

    /// A text for the text that is typed.
    pub fn paste(&mut self, text: &str) {
        if let Some(field) = self.field() {
            field.paste(text);
        }
    }

    /// What is saved and fits the filter.
    #[must_use]
    pub fn fitting<'a>(&self, saved: &'a [Saved]) -> Vec<&'a Saved> {
        let wanted = self.filter.as_ref().map_or("", TextField::text).to_lowercase();
        saved
            .iter()
            .filter(|saved| {
                let text =
                    format!("{} {} {} {}", saved.name, saved.source, saved.destination, saved.next);
                text.to_lowercase().contains(&wanted)
            })
            .collect()
    }

    /// The selected saved thing.
    #[must_use]
    pub fn selected<'a>(&self, saved: &'a [Saved]) -> Option<&'a Saved> {
        let place = self.cursor(saved).checked_sub(STARTS.len())?;
        self.fitting(saved).get(place).copied()
    }

    /// Where the cursor is; with nothing saved and nobody having moved it, on Practice.
    #[must_use]
    pub fn cursor(&self, saved: &[Saved]) -> usize {
        if self.moved {
            let last = STARTS.len() + self.fitting(saved).len() - 1;
            return self.list.selected.min(last);
        }
        if saved.is_empty() { 1 } else { 0 }
    }

    /// Obeys a command; says what is begun.
    pub(super) fn obey(&mut self, command: Command, migration: &mut Migration) -> Option<Begin> {
        if let Some(path) = &mut self.path {
            match command {
                Command::Close => self.path = None,
                Command::Open => {
                    let typed = path.text().trim().to_owned();
                    if typed.is_empty() {
                        migration.say("Type the path of a plan file, or press Esc.");
                        return None;
                    }
                    return Some(Begin::Plan(PathBuf::from(typed)));
                }
                command => {
                    path.obey(command);
                }
            }
            return None;
        }
        if self.filtering {
            match command {
                Command::Close => {
                    self.filter = None;
                    self.filtering = false;
                }
                Command::Open | Command::Down | Command::Up | Command::NextField => {
                    self.filtering = false;
                    self.go_to_found(migration);
                }
                command => {
                    if let Some(filter) = &mut self.filter {
                        filter.obey(command);
                    }
                }
            }
            return None;
        }
        let lines = STARTS.len() + self.fitting(&migration.saved).len();
        self.list.selected = self.cursor(&migration.saved);
        match command {
            Command::Own(NEW) => return Some(Begin::New),
            Command::Own(PRACTICE) => return Some(Begin::Practice),
            Command::Own(CLEANUP) => return Some(Begin::Cleanup),
            Command::Own(RESTORE) => return Some(Begin::Restore),
            Command::Filter => {
                self.filter.get_or_insert_default();
                self.filtering = true;
            }
            Command::Close => self.filter = None,
            Command::Own(REMOVE) => self.remove(migration),
            Command::Own(RESUME) => return self.resumed(migration),
            Command::Open | Command::Toggle => {
                return match self.list.selected {
                    0 => Some(Begin::New),
                    1 => Some(Begin::Practice),
                    2 => {
                        self.path = Some(TextField::default());
                        None
                    }
                    3 => Some(Begin::Cleanup),
                    4 => Some(Begin::Restore),
                    _ => self.selected(&migration.saved).map(|saved| match &saved.kind {
                        SavedKind::Draft(path) => Begin::Plan(path.clone()),
                        SavedKind::Run { id, .. } => Begin::Run(id.clone(), None),
                        SavedKind::Errand(errand, label) => Begin::Errand(*errand, label.clone()),
                        SavedKind::Cleanup(id) => Begin::CleanupReport(id.clone()),
                    }),
                };
            }
            command => {
                if self.list.obey(command, lines, lines) {
                    self.moved = true;
                }
            }
        }
        None
    }

    /// Who has looked for something wants it selected.
    fn go_to_found(&mut self, migration: &Migration) {
        let looks = self.filter.as_ref().is_some_and(|filter| !filter.text().is_empty());
        if looks
            && self.cursor(&migration.saved) < STARTS.len()
            && !self.fitting(&migration.saved).is_empty()
        {
            self.list.selected = STARTS.len();
            self.moved = true;
        }
    }

    /// The selected run is gone on with, or the reason is said why not.
    fn resumed(&self, migration: &mut Migration) -> Option<Begin> {
        match self.selected(&migration.saved).map(|saved| &saved.kind) {
            Some(SavedKind::Run { id, taking: Some(taking), .. }) => {
                return Some(Begin::Run(id.clone(), Some(*taking)));
            }
            Some(SavedKind::Run { .. }) => {
                migration.say("This run has come to its end; Enter opens its report.");
            }
            _ => migration.say("Select a run that did not come to its end."),
        }
        None
    }

    fn remove(&mut self, migration: &mut Migration) {
        let Some(saved) = self.selected(&migration.saved).cloned() else {
            migration.say("Select a draft to remove it.");
            return;
        };
        match saved.kind {
            SavedKind::Run { .. } | SavedKind::Cleanup(_) => {
                migration.say("Runs are kept: their journals prove what was written.");
            }
            SavedKind::Errand(..) => {
                migration.say("What was ticked is kept: it is the record of the procedure.");
            }
            SavedKind::Draft(path) => {
                migration.overlays.push(Overlay::Question(Question::of_program(
                    REMOVE_DRAFT,
                    format!("Remove the draft \"{}\"?", saved.name),
                    format!("Its answers are gone then: {}", path.display()),
                    &[("Keep it", ""), ("Remove it", "")],
                )));
            }
        }
    }

    /// The draft that the question was about.
    pub(super) fn removed(&mut self, migration: &mut Migration) {
        if let Some(Saved { kind: SavedKind::Draft(path), .. }) = self.selected(&migration.saved) {
            let path = path.clone();
            migration.saved.retain(|saved| saved.kind != SavedKind::Draft(path.clone()));
            migration.order(Effect::RemoveDraft(path));
            migration.say("The draft is removed.");
        }
    }
}

/// A name that nothing saved has: the wanted one with a number.
#[must_use]
pub fn free_name(wanted: &str, saved: &[Saved]) -> String {
    (1..)
        .map(|number| format!("{wanted}-{number}"))
        .find(|name| !saved.iter().any(|saved| saved.name.eq_ignore_ascii_case(name)))
        .unwrap_or_else(|| wanted.to_owned())
}
