//! Maps: tables of who and what is which, written for the person and taken in again.

use std::path::{Path, PathBuf};

use super::super::jobs::Purpose;
use super::super::message::Effect;
use super::Migration;
use crate::plan::MapDecisions;
use crate::report::counted;

impl Migration {
    /// Has the maps written, as things are decided now.
    pub fn write_maps(&mut self) {
        let plan = self.plan.clone();
        self.start(Purpose::Maps, |job| Effect::WriteMaps {
            job,
            name: plan.name,
            scope: plan.scope,
            decisions: plan.decisions,
        });
        self.say("Writing the maps…");
    }

    /// Has maps taken in: those of a folder, or one of them.
    pub fn read_maps(&mut self, path: PathBuf) {
        if !self.may_change() {
            return;
        }
        let (scope, decisions) = (self.plan.scope.clone(), self.plan.decisions.clone());
        self.start(Purpose::Maps, |job| Effect::ReadMaps { job, path, scope, decisions });
        self.say("Reading the maps…");
    }

    /// Maps were written.
    pub(super) fn maps_written(&mut self, folder: &Path, names: &[String]) {
        self.said = None;
        self.maps_folder = Some(folder.to_path_buf());
        self.show(
            "Maps of who and what is which",
            vec![
                folder.display().to_string(),
                format!("Written there: {}.", names.join(", ")),
                "Fill in \"to\" (or \"choice\") in them, save them as CSV UTF-8, and take them in \
                 with i. The names of users stand in them."
                    .to_owned(),
            ],
        );
    }

    /// Maps were read: they decide, or nothing is changed.
    pub(super) fn maps_read(&mut self, read: &Result<MapDecisions, Vec<String>>) {
        self.said = None;
        match read {
            Err(wrong) => {
                let count = counted(wrong.len() as u64, "line", "lines");
                let mut lines = vec![format!("{count} cannot be obeyed, so none was:")];
                lines.extend(wrong.iter().cloned());
                self.show("The maps were not taken in", lines);
            }
            Ok(_) if !self.may_change() => {}
            Ok(read) => {
                self.decide_anew(&read.about, read.made.clone());
                self.say(match read.made.len() as u64 {
                    0 => "The maps say nothing that is not so already.".to_owned(),
                    made => format!(
                        "{} taken from the maps.",
                        counted(made, "decision was", "decisions were")
                    ),
                });
            }
        }
    }
}
