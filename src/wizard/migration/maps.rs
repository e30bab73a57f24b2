//! Maps: tables of who and what is which, written for the person and taken in again.

use std::path::{Path, PathBuf};

use super::super::jobs::Purpose;
use super::super::message::{Effect, MapsAt};
use super::Migration;
use crate::plan::{MapDecisions, MapFiles};
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
        self.order_maps(MapsAt::Path(path));
        self.say("Reading the maps…");
    }

    /// Has the maps taken in that an opened plan names: once, as soon as both sides are known.
    pub(super) fn read_named_maps(&mut self) {
        let named = self.plan.maps.clone();
        let is_wanted = named != MapFiles::default() && self.may_change();
        if is_wanted && !self.jobs.is_running(Purpose::Maps) {
            self.order_maps(MapsAt::Named(named));
            self.say("Reading the maps that the plan names…");
        }
    }

    fn order_maps(&mut self, which: MapsAt) {
        let (scope, decisions) = (self.plan.scope.clone(), self.plan.decisions.clone());
        self.start(Purpose::Maps, |job| Effect::ReadMaps { job, which, scope, decisions });
    }

    /// What the plan named is taken in, or cannot be: from now on its decisions are all there is.
    pub(super) fn named_maps_done(&mut self) {
        if self.plan.maps != MapFiles::default() {
            self.plan.maps = MapFiles::default();
            self.answered();
        }
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
        self.named_maps_done();
        match read {
            Err(wrong) => {
                let count = counted(wrong.len() as u64, "line", "lines");
                let mut lines = vec![format!("{count} cannot be obeyed, so none was:")];
                lines.extend(wrong.iter().cloned());
                lines.push(
                    "Once they are mended, i on Static records or Users takes them in.".to_owned(),
                );
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
