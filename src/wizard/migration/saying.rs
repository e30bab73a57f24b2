//! What is said to the person and asked of them: the status line, questions and lists over the
//! screen.

use std::path::PathBuf;

use super::super::message::Effect;
use super::super::overlay::{Asker, Overlay, Picker, Question, Reading};
use super::super::sheet::Sheet;
use super::Migration;

impl Migration {
    /// Says a sentence in the status line.
    pub fn say(&mut self, text: impl Into<String>) {
        self.said = Some(text.into());
    }

    /// Copies a text.
    pub fn copy(&mut self, text: String) {
        self.say("Copied, if the terminal allows it.");
        self.orders.push(Effect::Copy(text));
    }

    /// Asks a question of the step that is shown.
    pub fn ask(
        &mut self,
        tag: &'static str,
        title: impl Into<String>,
        lines: Vec<String>,
        choices: Vec<(String, String)>,
    ) {
        self.overlays.push(Overlay::Question(Question {
            asker: Asker::Step(tag),
            title: title.into(),
            lines,
            choices,
            selected: 0,
        }));
    }

    /// Has a sheet filled in, for the step that is shown.
    pub fn lay_out(&mut self, sheet: Sheet) {
        self.overlays.push(Overlay::Sheet(Box::new(sheet)));
    }

    /// Shows a text to be read, each line a paragraph.
    pub fn show(&mut self, title: impl Into<String>, lines: Vec<String>) {
        self.overlays.push(Overlay::Text(Reading { title: title.into(), lines, first: 0 }));
    }

    /// The scripts of the plan's rights were written.
    pub(super) fn rights_written(&mut self, files: &[PathBuf]) {
        self.said = None;
        let mut lines = vec!["Written:".to_owned()];
        lines.extend(files.iter().map(|file| file.display().to_string()));
        lines.push(
            "Give them to whoever may give rights on each server. Once that is done, Ctrl+T here \
             checks them; revoke.sql takes them back after the run."
                .to_owned(),
        );
        self.show("Scripts for the rights of this plan", lines);
    }

    /// Has the person pick from a long list, for the step that is shown.
    pub fn pick(&mut self, tag: &'static str, title: impl Into<String>, items: Vec<String>) {
        self.overlays.push(Overlay::Picker(Picker::new(Asker::Step(tag), title, items)));
    }

    /// The same from a list that is not all there is: another one can be typed, once
    /// [`Self::begin_typing`] says for what.
    pub fn pick_or_type(
        &mut self,
        tag: &'static str,
        title: impl Into<String>,
        items: Vec<String>,
    ) {
        let picker = Picker::new(Asker::Step(tag), title, items).taking_others();
        self.overlays.push(Overlay::Picker(picker));
    }
}
