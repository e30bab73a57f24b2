//! Where the cursor is: in the name, or in a side's form. Tab leads from the last field of one to
//! the next.

use super::super::form::{Field, Form};
use super::super::keys::Command;
use super::Connect;
use crate::outsystems::Side;

/// Where the cursor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    /// In the migration's name.
    Name,
    /// In a side's form.
    Of(Side),
}

impl Connect {
    pub(super) fn form(&self, side: Side) -> &Form {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }

    pub(super) fn form_mut(&mut self, side: Side) -> &mut Form {
        match side {
            Side::Source => &mut self.source,
            Side::Destination => &mut self.destination,
        }
    }

    pub(super) fn focused(&self) -> &Form {
        match self.pane {
            Pane::Name => &self.name,
            Pane::Of(side) => self.form(side),
        }
    }

    pub(super) fn focused_mut(&mut self) -> &mut Form {
        match self.pane {
            Pane::Name => &mut self.name,
            Pane::Of(side) => self.form_mut(side),
        }
    }

    /// Gives the focus to a pane's first or last field.
    pub(super) fn go_to(&mut self, pane: Pane, last: bool) {
        for form in [&mut self.name, &mut self.source, &mut self.destination] {
            form.has_focus = false;
        }
        self.pane = pane;
        let form = self.focused_mut();
        let shown = |field: &&Field| !field.is_hidden;
        let name = if last {
            form.fields.iter().rev().find(shown)
        } else {
            form.fields.iter().find(shown)
        };
        if let Some(name) = name.map(|field| field.name) {
            form.focus_on(name);
        }
    }

    /// From the last field of a form Tab leads to the next form, and back from the first.
    pub(super) fn pass_on(&mut self, pane: Pane, from: usize, command: Command, had_focus: bool) {
        let form = self.focused();
        if !had_focus || !form.has_focus {
            return;
        }
        let forward = matches!(command, Command::NextField | Command::Down | Command::Open);
        let wrapped = if forward { form.focus <= from } else { form.focus >= from };
        if !wrapped {
            return;
        }
        let order = [Pane::Name, Pane::Of(Side::Source), Pane::Of(Side::Destination)];
        let here = order.iter().position(|candidate| *candidate == pane).unwrap_or(0);
        let next = if forward { (here + 1) % 3 } else { (here + 2) % 3 };
        self.go_to(order[next], !forward);
    }
}
