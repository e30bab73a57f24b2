//! What each key does on the pages of the report.

use super::super::keys::{Command, EXPORT};
use super::super::list::List;
use super::super::message::Effect;
use super::super::migration::{Going, Migration, Taking};
use super::taking::take;
use super::{
    AGAIN, ANOTHER, FOLDER, NOTE, Page, RESUME, Report, SURE, TRY, UNDO, digest, height, way_back,
};
use crate::outsystems::Side;
use crate::report::TaskReport;

impl Report {
    /// The text of the selected line, in full.
    pub(super) fn selected(&self, migration: &Migration) -> Option<(String, Vec<String>)> {
        let digest = self.digest.as_ref()?;
        let report = &migration.report.as_ref()?.report;
        let place = self.list().selected;
        match self.page {
            Page::Summary => None,
            Page::Entities => {
                let place = *digest.entities.get(place)?;
                let name = report.entities.get(place)?.name.clone();
                Some((name, digest::entity_words(report, place)))
            }
            Page::Left => {
                let said = digest.left.get(place)?;
                let title = digest.left[..=place].iter().rev().find(|said| said.is_title);
                let title = title.map_or_else(String::new, |said| said.text.clone());
                Some((title, vec![said.text.clone()]))
            }
            Page::WayBack => {
                let task = way_back::list(migration)?.tasks.get(place)?;
                let lines = way_back::words(task).into_iter().map(|said| said.text).collect();
                Some((task.name.to_owned(), lines))
            }
            Page::Lessons => {
                let learned = self.learned.get(place)?;
                let title = learned.said.text.split(": ").next().unwrap_or_default().to_owned();
                Some((title, learned.text.clone()))
            }
            Page::Story => {
                Some(("What happened".to_owned(), vec![digest.story.get(place)?.text.clone()]))
            }
        }
    }

    /// The selected task of the way back, while that is shown.
    fn task(&self, migration: &Migration) -> Option<TaskReport> {
        let list = way_back::list(migration).filter(|_| self.page == Page::WayBack)?;
        list.tasks.get(self.list().selected).cloned()
    }

    pub(super) fn on_command(&mut self, command: Command, migration: &mut Migration) {
        if self.note.is_typed() {
            self.note.obey(command, migration);
            return;
        }
        match command {
            Command::Toggle => {
                if let Some(task) = self.task(migration) {
                    way_back::toggle(&task, migration);
                }
            }
            Command::Own(NOTE) => {
                if let Some(task) = self.task(migration) {
                    self.note.begin(&task);
                }
            }
            Command::Recheck => migration.take(Taking::ReadAgain),
            Command::NextField | Command::PreviousField | Command::Left | Command::Right => {
                let pages: Vec<Page> = self.pages().collect();
                let here = pages.iter().position(|page| *page == self.page).unwrap_or(0);
                let forward = matches!(command, Command::NextField | Command::Right);
                let by = if forward { 1 } else { pages.len() - 1 };
                self.page = pages[(here + by) % pages.len()];
            }
            Command::Close => self.page = Page::Summary,
            Command::Own(FOLDER) => {
                if let Some(folder) =
                    migration.report.as_ref().map(|reported| reported.folder.clone())
                {
                    migration.say(format!("Opening {}", folder.display()));
                    migration.order(Effect::OpenFolder(folder));
                }
            }
            Command::Own(ANOTHER) => migration.going = Some(Going::Home),
            Command::Own(EXPORT | AGAIN) if migration.is_earlier_run() => migration.say(
                "This is the report of an earlier run; its plan is in its journal. Home opens \
                 drafts and plan files.",
            ),
            Command::Own(RESUME) => take(Taking::Resume, migration),
            Command::Own(TRY) => take(Taking::Again, migration),
            Command::Own(UNDO) => take(Taking::Undo, migration),
            Command::Own(EXPORT) => migration.export(),
            Command::Own(AGAIN) => ask_again(migration),
            Command::Open => {
                if let Some((title, lines)) = self.selected(migration) {
                    migration.show(title, lines);
                }
            }
            command => {
                let lines = self.count(self.page, migration);
                let height = height(migration.size);
                let list = &mut self.lists[self.page as usize];
                if self.page == Page::Summary {
                    scroll(list, command, lines, height);
                } else {
                    list.obey(command, lines, height);
                }
            }
        }
    }
}

/// Moves the window over lines without a cursor: `selected` is the first line that is seen.
fn scroll(list: &mut List, command: Command, lines: usize, height: usize) {
    let last = lines.saturating_sub(height);
    list.selected = list.selected.min(last);
    list.obey(command, last + 1, height);
}

fn ask_again(migration: &mut Migration) {
    let name = migration.name_of(Side::Destination);
    let mut lines = vec![
        "Your answers are opened again, and both sides are tested and compared anew. Nothing is \
         written before the name is typed on Review."
            .to_owned(),
    ];
    let next = migration.report.as_ref().map(|reported| reported.report.next());
    let is_short = migration.report.as_ref().is_some_and(|reported| !reported.report.is_complete());
    lines.extend(next.into_iter().flatten().filter(|_| is_short));
    let choices =
        [("Stay", "with this report".to_owned()), ("Again", format!("plan another run on {name}"))];
    let choices = choices.map(|(name, what)| (name.to_owned(), what)).to_vec();
    migration.ask(SURE, "The same answers again?", lines, choices);
}
