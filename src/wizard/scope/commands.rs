//! What each key does: choosing is in `editing`; here are moving, folding, finding, counting again.

use super::super::keys::Command;
use super::super::migration::Migration;
use super::{ALL, COMPONENTS, OUT, Scope, tree_height};

impl Scope {
    pub(super) fn on_command(&mut self, command: Command, migration: &mut Migration) {
        if self.tree.is_filtering && self.on_filter_command(command, migration) {
            return;
        }
        let height = tree_height(migration);
        match command {
            Command::Toggle => self.toggle(migration),
            Command::Own(ALL) => self.choose_shown(migration),
            Command::Own(OUT) => self.leave_out(migration),
            Command::Own(COMPONENTS) => self.toggle_components(migration),
            Command::Filter => self.tree.is_filtering = true,
            Command::Close => self.set_filter("", migration),
            Command::Recheck => {
                self.recount(migration);
            }
            Command::Open => {
                if self.tree.selected().is_some() {
                    migration.show(&self.details.title, self.details.to_lines());
                }
            }
            Command::Left | Command::Right => {
                if self.tree.turn(command, height) {
                    self.arrange(migration);
                } else {
                    self.describe(migration);
                }
            }
            command => {
                if self.tree.list.obey(command, self.tree.lines.len(), height) {
                    self.counting.look_again();
                    self.describe(migration);
                }
            }
        }
    }

    /// While the filter is typed; says whether the command was one for that.
    fn on_filter_command(&mut self, command: Command, migration: &Migration) -> bool {
        match command {
            Command::Close => {
                self.tree.is_filtering = false;
                self.set_filter("", migration);
            }
            Command::Open | Command::NextField | Command::PreviousField => {
                self.tree.is_filtering = false;
            }
            Command::Up | Command::Down | Command::PageUp | Command::PageDown => {
                let height = tree_height(migration);
                self.tree.list.obey(command, self.tree.lines.len(), height);
                self.describe(migration);
            }
            Command::Recheck => return false,
            command => {
                if self.tree.filter.obey(command) {
                    self.refilter(migration);
                }
            }
        }
        true
    }

    pub(super) fn recount(&mut self, migration: &mut Migration) {
        if !migration.may_change() {
            return;
        }
        migration.counts.clear();
        self.catalogue = None;
        self.sync(migration);
        migration.compare_anew();
        migration.say("Both environments are compared anew, and rows are counted again.");
    }

    pub(super) fn set_filter(&mut self, text: &str, migration: &Migration) {
        if self.tree.filter.text() != text {
            self.tree.filter.set(text);
            self.refilter(migration);
        }
    }

    pub(super) fn refilter(&mut self, migration: &Migration) {
        self.tree.refilter();
        self.arrange(migration);
    }
}
