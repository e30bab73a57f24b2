//! A restored database and the one that it was, compared: that it is intact is a fact then.

use super::super::keys::{Binding, Command, Key};
use super::super::look::{Area, Canvas};
use super::super::message::{Answer, ErrandPlan, Sign};
use super::super::migration::Migration;
use super::super::overlay::Overlay;
use super::super::sheet::{Blank, Sheet};
use super::super::step::{Ask, AskKind, Event, Notice, Step};
use super::super::text_field::TextField;
use super::scrolled;
use super::view::{draw_button, draw_lines};
use crate::procedures::Compared;

const COMPARE: &str = "compare";
const DATABASES: &str = "databases";
const DATABASES_SHEET: &str = "databases-of-restore";

const KEYS: &[Binding] = &[
    Binding::new(
        Command::Own(COMPARE),
        &[Key::Char('c')],
        "compare",
        "compare every table of the old and the new databases; both are only read",
    ),
    Binding::new(
        Command::Own(DATABASES),
        &[Key::Char('d')],
        "databases",
        "name further databases that move: Log, Session",
    ),
];

/// The step.
#[derive(Debug, Default)]
pub struct Comparison {
    first: usize,
}

fn databases(migration: &Migration) -> &[String] {
    match migration.errand.as_ref().map(|known| &known.rest) {
        Some(ErrandPlan::Restore(file)) => &file.databases,
        _ => &[],
    }
}

impl Comparison {
    fn lines(migration: &Migration) -> Vec<String> {
        let Some(known) = &migration.errand else { return Vec::new() };
        let further = match databases(migration) {
            [] => "no others are named (d)".to_owned(),
            names => names.join(", "),
        };
        let mut lines = vec![format!(
            "Compared: Platform, each catalog that it names, and besides: {further}."
        )];
        match (&known.compared, migration.is_comparing_restored()) {
            (_, true) => lines.push(format!("Comparing: {}…", known.comparing)),
            (None, false) => {
                lines.push(
                    "There is one right moment: after the restore, before the first application \
                     server is pointed over. Both sides are only read; every row of every table is."
                        .to_owned(),
                );
            }
            (Some(compared), false) => {
                for one in compared {
                    lines.push(String::new());
                    lines.extend(one.lines().lines().map(str::to_owned));
                }
            }
        }
        lines
    }

    fn ask_databases(migration: &mut Migration) {
        let held = databases(migration).join(", ");
        let field = TextField::new(&held);
        let blank = Blank::Text { label: "Databases".to_owned(), field, wanted: None };
        let lines = vec![
            "Further databases of both servers, by name, with a comma between two: Log and Session. \
             Catalogs are found by themselves."
                .to_owned(),
        ];
        migration.overlays.push(Overlay::Sheet(Box::new(Sheet::new(
            DATABASES_SHEET,
            "What else moves",
            "name them",
            lines,
            vec![blank],
        ))));
    }
}

impl Step for Comparison {
    fn name(&self) -> &'static str {
        "Compare"
    }

    fn purpose(&self, _migration: &Migration) -> String {
        "Whether the restored databases are what they were, table by table, row by row.".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn enter(&mut self, _migration: &mut Migration) {
        self.first = 0;
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        match event {
            Event::Command(Command::Own(COMPARE) | Command::Open)
            | Event::Answered(Answer::Chosen(0)) => {
                migration.compare_restored();
            }
            Event::Command(Command::Own(DATABASES)) | Event::Answered(Answer::Chosen(1)) => {
                Self::ask_databases(migration);
            }
            Event::Command(command) => {
                self.first = scrolled(self.first, command, Self::lines(migration).len());
            }
            Event::Filled(DATABASES_SHEET, filled) => {
                let names = filled.texts.iter().flat_map(|text| text.split(','));
                let names = names.map(str::trim).filter(|name| !name.is_empty());
                migration.set_databases(names.map(str::to_owned).collect());
            }
            _ => {}
        }
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        if migration.is_comparing_restored() {
            return Some(Notice::new(Sign::Here, "Both sides are only read."));
        }
        let compared = migration.errand.as_ref()?.compared.as_ref()?;
        Some(if compared.iter().all(Compared::is_intact) {
            Notice::new(
                Sign::Good,
                "Intact: every table, its shape and all its rows are as they were.",
            )
        } else {
            Notice::new(Sign::Bad, "Not intact: see what differs before anything is pointed over.")
        })
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        Some(Self::lines(migration).join("\n"))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        let kind = if migration.is_comparing_restored() {
            AskKind::Wait
        } else {
            let choices = ["Compare the databases", "Name further databases"];
            AskKind::Choice(choices.map(str::to_owned).to_vec())
        };
        Some(Ask { text: Self::lines(migration), kind })
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        let button = !migration.is_comparing_restored();
        let lines = Area { height: area.height.saturating_sub(2), ..area };
        draw_lines(&Self::lines(migration), self.first, lines, canvas);
        draw_button(if button { "Compare  Enter" } else { "comparing…" }, area, canvas);
    }
}
