//! What each key does: in the plan, the checks, the field for the name, and on Start.

use super::super::keys::{Command, EXPORT};
use super::super::list::List;
use super::super::migration::{Going, Migration};
use super::{PANES, Pane, RIGHTS, Review, plan_height, rights};

impl Review {
    pub(super) fn on_command(&mut self, command: Command, migration: &mut Migration) {
        if self.whole.is_some() {
            self.on_whole_plan(command, migration);
            return;
        }
        match command {
            Command::Own(EXPORT) => {
                let accepted = self.acceptance(migration);
                migration.export_accepting(accepted);
                return;
            }
            Command::Own(RIGHTS) => {
                rights::ask(migration);
                return;
            }
            Command::NextField | Command::PreviousField if !self.is_starting => {
                let here = PANES.iter().position(|pane| *pane == self.pane).unwrap_or(0);
                let by = if command == Command::NextField { 1 } else { PANES.len() - 1 };
                self.pane = PANES[(here + by) % PANES.len()];
                return;
            }
            _ => {}
        }
        if self.is_starting {
            if command == Command::Close {
                self.is_starting = false;
                self.lapsed = Some("Called off: nothing was started.");
            } else {
                migration.say("Checking once more before the start; Esc calls it off.");
            }
            return;
        }
        if command == Command::Recheck {
            self.lapsed = None;
            if migration.may_change() && self.ledger.is_none() {
                migration.compare_anew();
            }
            self.check(migration);
            return;
        }
        match self.pane {
            Pane::Plan => self.on_plan(command, migration),
            Pane::Checks => self.on_checks(command, migration),
            Pane::Name => self.on_name(command, migration),
            Pane::Start => match command {
                Command::Open | Command::Toggle => self.start(migration),
                Command::Up => self.pane = Pane::Name,
                Command::Close => self.pane = Pane::Checks,
                _ => {}
            },
        }
    }

    /// While the whole plan is open.
    fn on_whole_plan(&mut self, command: Command, migration: &mut Migration) {
        let (Some(list), Some(ledger)) = (&mut self.whole, &self.ledger) else { return };
        match command {
            Command::Close => self.whole = None,
            Command::Open => {
                if let Some(text) = ledger.whole_text(migration, list.selected) {
                    read(migration, "In full", &text);
                }
            }
            command => {
                list.obey(command, ledger.whole_count(migration), whole_height(migration));
            }
        }
    }

    fn on_plan(&mut self, command: Command, migration: &mut Migration) {
        let Some(ledger) = &self.ledger else { return };
        let lines = ledger.lines(migration).len();
        match command {
            Command::Open => self.whole = Some(List::default()),
            Command::Down if self.plan.selected + 1 >= lines => self.pane = Pane::Checks,
            command => {
                self.plan.obey(
                    command,
                    lines,
                    plan_height(migration.size.body(0).height, migration),
                );
            }
        }
    }

    fn on_checks(&mut self, command: Command, migration: &mut Migration) {
        let count = migration.checks.len();
        self.checks.within(count);
        let place = self.checks.selected;
        match command {
            Command::Toggle if migration.may_change() => self.accept(place, migration),
            Command::Open => {
                let step = migration.checks.get(place).map_or("", |check| check.step);
                if migration.number_of(step).is_some() {
                    migration.going = Some(Going::Step(step));
                } else if let Some(check) = migration.checks.get(place).cloned() {
                    let mut text = format!("{}\n{}", check.text, check.advice);
                    text.extend(check.all.iter().map(|name| format!("\n  {name}")));
                    read(migration, "Check", &text);
                }
            }
            Command::Up if place == 0 => self.pane = Pane::Plan,
            Command::Down if place + 1 >= count => self.pane = Pane::Name,
            command => {
                self.checks.obey(command, count, 4);
            }
        }
    }

    fn on_name(&mut self, command: Command, migration: &mut Migration) {
        match command {
            Command::Close | Command::Up => self.pane = Pane::Checks,
            Command::Down => self.pane = Pane::Start,
            Command::Open => {
                let is_all_there = self.locks(migration).is_empty();
                migration.say(if is_all_there {
                    "Enter starts nothing here: Tab leads to [ Start ]."
                } else {
                    "Enter starts nothing here; below the field stands what is missing."
                });
            }
            command if migration.may_change() => {
                self.typed.obey(command);
            }
            _ => {}
        }
    }
}

fn whole_height(migration: &Migration) -> usize {
    usize::from(migration.size.body(0).height.saturating_sub(3))
}

/// Shows a text over the screen.
fn read(migration: &mut Migration, title: &str, text: &str) {
    migration.show(title, text.lines().map(str::to_owned).collect());
}
