//! Report: what the run has done, whether it was right, what is left, and what can be done now.

mod commands;
mod digest;
mod lessons;
mod taking;
mod view;
mod way_back;

use super::keys::{Binding, Command, EXPORT, EXPORT_PLAN, Key};
use super::list::List;
use super::look::{Area, Canvas, wrap};
use super::message::{Answer, Reported, Sign};
use super::migration::{AGAIN_SHEET, Going, KEY_SHEET, Migration, Taking};
use super::step::{Ask, AskKind, Event, Notice, Reason, Step};
use super::viewport::Size;
use crate::report::{NextStep, Verdict, counted, number};
use digest::{Digest, Said, Section};
use lessons::Learned;
pub(super) use taking::ask_to_resume;
use taking::{Asked, asked, may, next_in_words};
use way_back::Note;

/// What is shown of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    /// The sums, the checks, the files, what now.
    #[default]
    Summary,
    /// A line for each entity.
    Entities,
    /// What did not come along, and why.
    Left,
    /// What is left to do before people work there again.
    WayBack,
    /// The lessons of a practice pair.
    Lessons,
    /// What happened, in its order.
    Story,
}

const PAGES: [Page; 6] =
    [Page::Summary, Page::Entities, Page::Left, Page::WayBack, Page::Lessons, Page::Story];

impl Page {
    fn name(self) -> &'static str {
        match self {
            Self::Summary => "Summary",
            Self::Entities => "Entities",
            Self::Left => "Left behind",
            Self::WayBack => "Way back",
            Self::Lessons => "Lessons",
            Self::Story => "Story",
        }
    }
}

/// The page that is shown, and the cursor on each.
#[derive(Debug, Default)]
pub struct Report {
    page: Page,
    lists: [List; 6],
    note: Note,
    has_way_back: bool,
    digest: Option<Digest>,
    learned: Vec<Learned>,
}

const FOLDER: &str = "folder";
const ANOTHER: &str = "another";
const AGAIN: &str = "again";
const SURE: &str = "again-sure";
const RESUME: &str = "resume";
const SURE_RESUME: &str = "resume-sure";
const TRY: &str = "try-again";
const UNDO: &str = "undo";
const NOTE: &str = "note";

const KEYS: &[Binding] = &[
    Binding::new(Command::NextField, &[Key::Tab], "page", "the next page of the report").in_text(),
    Binding::new(Command::Open, &[Key::Enter], "open", "all about the selected line").in_text(),
    Binding::new(
        Command::Toggle,
        &[Key::Char(' ')],
        "tick",
        "of the way back: the task is done, or is not",
    ),
    Binding::new(
        Command::Own(NOTE),
        &[Key::Char('t')],
        "note",
        "of the way back: a note to the task",
    ),
    Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "read again",
        "of the way back: what the destination says of it now",
    ),
    Binding::new(
        Command::Own(RESUME),
        &[Key::Char('r')],
        "resume",
        "go on with the run where it ended; asks first",
    ),
    Binding::new(
        Command::Own(TRY),
        &[Key::Char('w')],
        "try rejects",
        "write the rejected rows again: looks first, then asks for the destination's name",
    ),
    Binding::new(
        Command::Own(UNDO),
        &[Key::Char('u')],
        "undo",
        "take back what the run wrote: looks first, then asks for the destination's name",
    ),
    Binding::new(Command::Own(FOLDER), &[Key::Char('o')], "folder", "open the run's folder"),
    Binding::new(
        Command::Own(ANOTHER),
        &[Key::Char('n')],
        "another",
        "another migration: Home, where the report stays listed",
    ),
    EXPORT_PLAN,
    Binding::new(
        Command::Own(AGAIN),
        &[Key::Char('a')],
        "same again",
        "the same answers for a new run, both sides tested again; asks first",
    )
    .not_in_footer(),
];

impl Report {
    fn pages(&self) -> impl Iterator<Item = Page> + '_ {
        let has = |page: &Page| match page {
            Page::Lessons => !self.learned.is_empty(),
            Page::WayBack => self.has_way_back,
            _ => true,
        };
        PAGES.into_iter().filter(has)
    }

    fn list(&self) -> &List {
        &self.lists[self.page as usize]
    }

    /// Lines of the page.
    fn count(&self, page: Page, migration: &Migration) -> usize {
        let Some(digest) = &self.digest else { return 0 };
        match page {
            Page::Summary => self.flat(migration, width(migration.size)).len(),
            Page::Entities => digest.entities.len(),
            Page::Left => digest.left.len(),
            Page::WayBack => way_back::list(migration).map_or(0, |list| list.tasks.len()),
            Page::Lessons => self.learned.len(),
            Page::Story => digest.story.len(),
        }
    }

    /// What can be done now.
    fn next(&self, migration: &Migration) -> Section {
        let Some(reported) = &migration.report else {
            return Section { title: String::new(), lines: Vec::new() };
        };
        let report = &reported.report;
        let words = |step| next_in_words(report, step);
        let mut lines: Vec<Said> =
            report.next_steps().into_iter().map(words).map(Said::text).collect();
        if migration.is_practice && self.learned.iter().any(|learned| learned.is_met) {
            let met = self.learned.iter().filter(|learned| learned.is_met).count() as u64;
            lines.push(Said::text(format!(
                "You met {}; Tab leads to them and to how you decided.",
                counted(met, "trap", "traps")
            )));
        }
        let mut keys = vec!["o  open the folder"];
        if !migration.is_earlier_run() {
            keys.extend(["a  the same answers again", "e  export the plan"]);
        }
        keys.extend(["y  copy the summary", "n  another migration"]);
        lines.extend(keys.chunks(2).map(|pair| match pair {
            [one, other] => Said::text(format!("{one:<32}{other}")),
            pair => Said::text(pair.concat()),
        }));
        Section { title: "What now".to_owned(), lines }
    }

    /// The first page as lines of so many columns.
    fn flat(&self, migration: &Migration, width: usize) -> Vec<Said> {
        let Some(digest) = &self.digest else { return Vec::new() };
        let next = self.next(migration);
        let mut lines = Vec::new();
        let is_open = migration.report.as_ref().is_some_and(|reported| {
            let steps = reported.report.next_steps();
            steps.iter().any(|step| matches!(step, NextStep::Resume | NextStep::UndoFurther))
        });
        // What did not come to its end is gone on with first of all.
        let (above, below) = if is_open { (Some(&next), None) } else { (None, Some(&next)) };
        for section in above.into_iter().chain(&digest.sections).chain(below) {
            if !lines.is_empty() {
                lines.push(Said::text(""));
            }
            lines.push(Said::title(section.title.clone()));
            lines.extend(wrapped(&section.lines, width));
        }
        lines
    }
}

/// Lines below the names of the pages.
fn height(size: Size) -> usize {
    usize::from(size.body(0).height).saturating_sub(2).max(1)
}

fn width(size: Size) -> usize {
    usize::from(size.body(0).width).saturating_sub(1)
}

/// Lines wrapped to so many columns, those that follow set in below their text.
fn wrapped(lines: &[Said], width: usize) -> Vec<Said> {
    let mut out = Vec::new();
    for said in lines {
        let room = width.saturating_sub(if said.sign.is_some() { 2 } else { 0 });
        // A line of a table, or one that fits, keeps its blanks.
        if super::look::text_width(&said.text) <= room {
            out.push(said.clone());
            continue;
        }
        for (place, text) in wrap(&said.text, room.saturating_sub(2)).into_iter().enumerate() {
            let indent = match (place, said.sign.is_some()) {
                (0, _) => "",
                (_, true) => "    ",
                (_, false) => "  ",
            };
            out.push(Said {
                sign: said.sign.filter(|_| place == 0),
                text: format!("{indent}{text}"),
                is_title: said.is_title,
            });
        }
    }
    out
}

/// The first half of the sentence that says how it ended.
fn in_words(reported: &Reported) -> String {
    let result = reported.report.result.split(';').next().unwrap_or_default();
    format!("{}.", result.trim_end_matches('.'))
}

impl Step for Report {
    fn name(&self) -> &'static str {
        "Report"
    }

    fn purpose(&self, migration: &Migration) -> String {
        migration.report.as_deref().map_or_else(|| "There is no report yet.".to_owned(), in_words)
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn in_text(&self, _migration: &Migration) -> bool {
        self.note.is_typed()
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        if migration.report.is_none() {
            return false;
        }
        match command {
            Command::Toggle | Command::Own(NOTE) | Command::Recheck => self.page == Page::WayBack,
            Command::Own(EXPORT | AGAIN) => !migration.is_earlier_run(),
            Command::Own(RESUME) => may(Taking::Resume, migration),
            Command::Own(TRY) => may(Taking::Again, migration),
            Command::Own(UNDO) => may(Taking::Undo, migration),
            Command::Open => self.page != Page::Summary,
            _ => true,
        }
    }

    fn enter(&mut self, migration: &mut Migration) {
        // A run that is gone on with or undone gets another report.
        self.digest = migration.report.as_deref().map(Digest::new);
        self.learned = lessons::learned(migration);
        self.has_way_back = way_back::list(migration).is_some();
        if !self.pages().any(|page| page == self.page) {
            self.page = Page::Summary;
        }
        self.note = Note::default();
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        match event {
            Event::Command(command) => self.on_command(command, migration),
            event @ (Event::Typed(_) | Event::Pasted(_)) if self.note.is_typed() => {
                self.note.take(&event);
            }
            Event::Replied(SURE, 1) => migration.going = Some(Going::Again),
            Event::Replied(SURE_RESUME, 1) => migration.resume(),
            Event::Filled(AGAIN_SHEET, filled) => migration.try_again(filled),
            Event::Filled(KEY_SHEET, filled) => migration.mask_key_given(filled),
            Event::Replied(SURE_RESUME, _) => migration.taking = None,
            Event::Answered(Answer::Chosen(place)) => match asked(migration).get(place) {
                Some(Asked::Leave) => migration.going = Some(Going::Out),
                Some(Asked::Another) => migration.going = Some(Going::Home),
                Some(Asked::Take(taking)) => migration.take(*taking),
                Some(Asked::Tick(task)) => way_back::toggle(task, migration),
                None => {}
            },
            _ => {}
        }
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        match migration.report {
            None => vec![Reason::new("there is no report yet")],
            Some(_) => Vec::new(),
        }
    }

    fn offers_next(&self, _migration: &Migration) -> bool {
        false
    }

    fn lead_on(&mut self, migration: &mut Migration) {
        migration.say("This is the last step: n leads Home to another migration, q leaves.");
    }

    fn count(&self, migration: &Migration) -> String {
        let Some(reported) = &migration.report else { return String::new() };
        match reported.report.verdict {
            Verdict::Proved => String::new(),
            Verdict::ProvedWithRejects => {
                let of = |entity: &&crate::report::EntityReport| entity.rejected > 0;
                format!("{} !", reported.report.entities.iter().filter(of).count())
            }
            _ => digest::sign(&reported.report).text().to_owned(),
        }
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        let reported = migration.report.as_deref()?;
        let report = &reported.report;
        if let Some(fault) = &reported.trouble {
            return Some(Notice::new(Sign::Bad, format!("{}. {}", fault.what, fault.next)));
        }
        let totals = &report.totals;
        let there = format!(
            "{} of {} rows are in {}.",
            number(totals.written + totals.recognised),
            number(totals.source_rows),
            report.destination_database
        );
        let text = match report.verdict {
            Verdict::Disproved => {
                format!("{there} Do not use them before the differences are explained.")
            }
            Verdict::Written => format!("{there} Nothing is proved yet."),
            Verdict::Undone | Verdict::UndoneInPart => report.result.clone(),
            _ => there,
        };
        Some(Notice::new(digest::sign(report), text))
    }

    fn checked(&self, migration: &Migration) -> String {
        let ended = migration.report.as_ref().and_then(|reported| reported.report.ended.as_ref());
        ended.map_or_else(String::new, |at| format!("saved {}", digest::time(at)))
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        if let Some((title, lines)) = self.selected(migration) {
            return Some(format!("{title}\n{}", lines.join("\n")));
        }
        let reported = migration.report.as_deref()?;
        let folder = reported.folder.display();
        Some(format!("{}\nReport: {folder}\n", reported.report.summary()))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        let reported = migration.report.as_deref()?;
        let mut text: Vec<String> = reported.report.summary().lines().map(str::to_owned).collect();
        if let Some(fault) = &reported.trouble {
            text.push(format!("{}. {}", fault.what, fault.next));
        }
        if let Some(list) = way_back::list(migration) {
            text.push(format!("The way back: {}", way_back::head(list).join(" ")));
            text.extend(list.tasks.iter().map(way_back::line));
        }
        text.extend(reported.files.iter().map(|file| format!("Report: {}", file.display())));
        let met = self.learned.iter().filter(|learned| learned.is_met);
        text.extend(met.map(|learned| format!("Trap met. {}", learned.said.text)));
        let choices = asked(migration).iter().map(Asked::label).collect();
        Some(Ask { text, kind: AskKind::Choice(choices) })
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
