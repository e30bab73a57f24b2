//! What a clean-up has done, and what in the clone still names its original.

use super::super::keys::{Binding, Command, Key};
use super::super::look::{Area, Canvas};
use super::super::message::{Answer, Sign};
use super::super::migration::{ErrandKnown, Migration, UNDO_SHEET};
use super::super::step::{Ask, AskKind, Event, Notice, Step};
use super::scrolled;
use super::view::draw_lines;
use crate::report::counted;

const UNDO: &str = "undo";

const KEYS: &[Binding] = &[
    Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "scan again",
        "look again for what names the original or leads elsewhere",
    ),
    Binding::new(
        Command::Own(UNDO),
        &[Key::Char('u')],
        "undo",
        "take the clean-up back: what that does is shown first",
    ),
];

/// The step.
#[derive(Debug, Default)]
pub struct RecordPage {
    /// The first line seen.
    first: usize,
}

impl RecordPage {
    /// What is to be read, line by line.
    fn lines(migration: &Migration) -> Vec<String> {
        let Some(known) = &migration.errand else { return Vec::new() };
        let scanned = Self::scanned(migration, known);
        let mut lines = Vec::new();
        match &known.run {
            None => {
                lines.push("No statement was carried out from here yet.".to_owned());
                lines.push(String::new());
                lines.extend(scanned);
            }
            Some(run) => {
                let state = match (run.is_undone, run.is_clean) {
                    (true, _) => "taken back: every row is as it was",
                    (false, true) => "done, and looked at again: nothing is left to do",
                    (false, false) => "done, and rows came back: see below",
                };
                lines.push(format!("Run {}: {state}.", run.id));
                lines.push(format!("Its report is in {}.", run.folder.display()));
                lines.push(String::new());
                // What it found does not hold any more once it is taken back.
                let did = |title: &str| [&[title.to_owned()], run.lines.as_slice()].concat();
                let parts = match run.is_undone {
                    true => [scanned, did("What it had done:")],
                    false => [did("What it did:"), scanned],
                };
                lines.extend(parts.join(&String::new()));
            }
        }
        lines
    }

    /// What in the clone names its original now.
    fn scanned(migration: &Migration, known: &ErrandKnown) -> Vec<String> {
        match &known.foreseen {
            None if migration.is_looking_at_clone() => vec!["Scanning the clone…".to_owned()],
            None => vec![
                "What in the clone names its original is shown once it is connected (press 1)."
                    .to_owned(),
            ],
            Some(foreseen) => {
                let mut lines = vec![format!("Scanned {}:", known.looked)];
                lines.extend(foreseen.scan.lines().lines().map(str::to_owned));
                lines
            }
        }
    }
}

impl Step for RecordPage {
    fn name(&self) -> &'static str {
        "Record"
    }

    fn purpose(&self, _migration: &Migration) -> String {
        "What was done, and what in the clone still leads to its original.".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn rests(&self) -> bool {
        true
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.first = 0;
        let is_known = migration.errand.as_ref().is_some_and(|known| known.foreseen.is_some());
        if !is_known && !migration.is_looking_at_clone() {
            migration.look_at_clone();
        }
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        match event {
            Event::Command(Command::Own(UNDO)) => migration.look_at_cleanup_undo(),
            Event::Command(Command::Recheck) if migration.destination.model.is_none() => {
                migration.say("Connect the clone first (press 1).");
            }
            Event::Command(Command::Recheck) => migration.look_at_clone(),
            Event::Command(command) => {
                self.first = scrolled(self.first, command, Self::lines(migration).len());
            }
            Event::Filled(UNDO_SHEET, filled) => {
                if let Some(name) = filled.texts.first() {
                    migration.undo_cleanup(name.clone());
                }
            }
            Event::Answered(Answer::Chosen(0)) => {
                migration.look_at_cleanup_undo();
            }
            _ => {}
        }
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        if migration.is_cleaning() {
            return Some(Notice::new(Sign::Here, "Writing, in one transaction…"));
        }
        let scan = &migration.errand.as_ref()?.foreseen.as_ref()?.scan;
        Some(match scan.of_original() {
            0 => Notice::new(Sign::Good, "Nothing in the scanned tables names the original."),
            found => {
                let places = counted(found as u64, "place names", "places name");
                Notice::new(Sign::Warning, format!("{places} the original."))
            }
        })
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        Some(Self::lines(migration).join("\n"))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        let run = migration.errand.as_ref()?.run.as_ref()?;
        (!run.is_undone).then(|| Ask {
            text: Self::lines(migration),
            kind: AskKind::Choice(vec!["Take the clean-up back".to_owned()]),
        })
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        draw_lines(&Self::lines(migration), self.first, area, canvas);
    }
}
