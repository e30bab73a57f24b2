//! The path of maps that are taken in, as it is typed.

use std::path::PathBuf;

use super::super::findings::may_change;
use super::super::keys::Command;
use super::super::migration::Migration;
use super::super::text_field::TextField;
use super::Users;

impl Users {
    /// Asks for the path: the folder that maps were written into last, if any.
    pub(super) fn ask_for_maps(&mut self, migration: &mut Migration) {
        if may_change(migration) {
            let last = migration.maps_folder.as_ref().map(|folder| folder.display().to_string());
            self.path = Some(TextField::new(&last.unwrap_or_default()));
        }
    }

    /// While the path is typed.
    pub(super) fn on_path(&mut self, migration: &mut Migration, command: Command) {
        let Some(path) = &mut self.path else { return };
        match command {
            Command::Open => {
                let path = path.text().to_owned();
                self.take_maps(migration, &path);
            }
            Command::Close => self.path = None,
            command => {
                path.obey(command);
            }
        }
    }

    /// Has the maps at a path taken in.
    pub(super) fn take_maps(&mut self, migration: &mut Migration, path: &str) {
        // File managers copy paths with quotation marks around them.
        let path = path.trim().trim_matches('"');
        self.path = None;
        if path.is_empty() {
            migration.say("No path was given; nothing was taken in.");
            return;
        }
        migration.read_maps(PathBuf::from(path));
    }
}
