//! The way back on its own page: what is left to do, ticked and noted, and read again.

use super::super::jobs::Purpose;
use super::super::keys::Command;
use super::super::message::{Effect, Sign};
use super::super::migration::Migration;
use super::super::step::Event;
use super::super::text_field::TextField;
use super::digest::Said;
use crate::report::{TaskReport, TaskState, WayBackReport};

/// The note that is being typed, of the task that was selected when it was begun.
#[derive(Debug, Default)]
pub(super) struct Note {
    task: Option<&'static str>,
    field: TextField,
}

impl Note {
    /// Whether keys are typed into it.
    pub(super) fn is_typed(&self) -> bool {
        self.task.is_some()
    }

    /// The field, to be drawn.
    pub(super) fn field(&self) -> &TextField {
        &self.field
    }

    /// Begins with what is noted already.
    pub(super) fn begin(&mut self, task: &TaskReport) {
        self.task = Some(task.name);
        self.field.set(&task.note);
    }

    /// Takes what is typed or pasted.
    pub(super) fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Typed(c) => self.field.type_in(*c),
            Event::Pasted(text) => self.field.paste(text),
            _ => {}
        }
    }

    /// Obeys a command while it is typed: Enter keeps it, whatever else leads away drops it.
    pub(super) fn obey(&mut self, command: Command, migration: &mut Migration) {
        if self.field.obey(command) {
            return;
        }
        let task = self.task.take();
        if command != Command::Open {
            return;
        }
        let Some(list) = list(migration) else { return };
        let Some(task) = list.tasks.iter().find(|known| Some(known.name) == task) else { return };
        let (name, is_done) = (task.name, task.state != TaskState::Open);
        say(migration, name, is_done, self.field.text().trim().to_owned());
    }
}

/// The list of the run whose report is shown.
pub(super) fn list(migration: &Migration) -> Option<&WayBackReport> {
    migration.report.as_ref().and_then(|reported| reported.report.way_back.as_ref())
}

/// Ticks a task, or opens it again. What is noted of it stays.
pub(super) fn toggle(task: &TaskReport, migration: &mut Migration) {
    say(migration, task.name, task.state == TaskState::Open, task.note.clone());
}

fn say(migration: &mut Migration, name: &'static str, is_done: bool, note: String) {
    let Some(id) = migration.report.as_ref().map(|reported| reported.report.id.clone()) else {
        return;
    };
    migration.start(Purpose::Tasks, |job| Effect::Tick { job, id, name, is_done, note });
}

/// A task in a line.
pub(super) fn line(task: &TaskReport) -> String {
    format!("[{}] {}: {}", task.state.mark(), task.name, task.what)
}

/// How far it is, and as of when.
pub(super) fn head(list: &WayBackReport) -> Vec<String> {
    let read = match &list.read {
        Some(at) => format!("read in the destination at {at}"),
        None => "not read in the destination yet".to_owned(),
    };
    let done = format!("{} of {} done; {read}.", list.done(), list.tasks.len());
    let keys = "Space ticks, t notes, Ctrl+T reads the destination again.".to_owned();
    [done, keys].into_iter().chain(list.trouble.clone()).collect()
}

/// All about a task.
pub(super) fn words(task: &TaskReport) -> Vec<Said> {
    let state = match task.state {
        TaskState::Open => Said::with(Sign::Later, "to be done"),
        TaskState::Done => Said::with(Sign::Good, "ticked"),
        TaskState::Seen => Said::with(Sign::Good, "seen to be done"),
    };
    let mut lines = vec![state, Said::text(task.what.clone()), Said::text(task.how.clone())];
    if !task.said.is_empty() {
        let note = if task.note.is_empty() { String::new() } else { format!(": {}", task.note) };
        lines.push(Said::text(format!("{}{note}", task.said)));
    }
    lines
}
