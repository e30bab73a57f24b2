//! Testing the sides, and what is missing until both are connected.

use super::super::message::Sign;
use super::super::migration::Migration;
use super::super::step::Reason;
use super::cursor::Pane;
use super::{BOTH, Connect, NAME, fields};
use crate::migrate::check_pair;
use crate::outsystems::Side;

impl Connect {
    /// Tests both sides, where their fields are filled in.
    pub(super) fn test(&mut self, migration: &mut Migration) {
        self.commit(migration);
        let mut missing = None;
        for side in BOTH {
            if let Some((name, fault)) = fields::judge_first(side, self.form_mut(side)) {
                missing.get_or_insert((side, name, fault));
            } else {
                migration.test(side);
            }
        }
        if let Some((side, name, fault)) = missing {
            self.go_to(Pane::Of(side), false);
            self.form_mut(side).focus_on(name);
            migration.say(format!("{}: {fault}.", migration.side_word(side)));
        }
    }

    /// Tests a side that nothing is missing of and that nobody has tested.
    pub(super) fn test_if_complete(&self, migration: &mut Migration) {
        for side in BOTH {
            let form = self.form(side);
            let is_complete =
                fields::first_fault(side, form).is_none() && !fields::misses_secret(form);
            if is_complete && migration.side(side).tested.is_none() && !migration.is_testing(side) {
                migration.test(side);
            }
        }
    }

    /// Why Next is refused.
    pub(super) fn missing(&self, migration: &Migration) -> Vec<Reason> {
        // A run has its name already.
        let name_fault =
            migration.name_fault(self.name.value(NAME)).filter(|_| migration.may_change());
        let mut reasons: Vec<Reason> = name_fault.map(Reason::new).into_iter().collect();
        // A procedure can be gone through without its databases; what needs them says so.
        let needed = if migration.errand().is_some() { &[][..] } else { &BOTH[..] };
        for side in needed.iter().copied() {
            let known = migration.side(side);
            if known.model.is_some() {
                continue;
            }
            let name = migration.name_of(side);
            reasons.push(if migration.is_testing(side) {
                Reason::new(format!("{name} is still being tested"))
            } else if let Some(check) = known.checks.iter().find(|check| check.sign == Sign::Bad) {
                Reason::new(format!("{name}: {}", check.text))
            } else {
                let side = migration.side_word(side);
                Reason::new(format!("the {side} has not been tested (Ctrl+T)"))
            });
        }
        if migration.errand().is_none()
            && let Some((source, destination)) = migration.models()
            && let Err(fault) = check_pair(source, destination, migration.plan.destination.purpose)
        {
            reasons.push(Reason::new(fault.what));
        }
        reasons
    }

    /// The cursor goes to the first field that is wrong, or to the side that is not connected.
    pub(super) fn go_to_missing(&mut self, migration: &Migration) {
        let fault = migration.name_fault(self.name.value(NAME));
        if let Some(fault) = fault.filter(|_| migration.may_change()) {
            self.go_to(Pane::Name, false);
            if let Some(field) = self.name.field_mut(NAME) {
                field.error = Some(fault);
            }
            return;
        }
        let Some(side) = BOTH.into_iter().find(|side| migration.side(*side).model.is_none()) else {
            self.go_to(Pane::Of(Side::Destination), false);
            return;
        };
        self.go_to(Pane::Of(side), false);
        let form = self.form_mut(side);
        match fields::judge_first(side, form) {
            Some((name, _)) => form.focus_on(name),
            None if fields::misses_secret(form) => form.focus_on(fields::SECRET),
            None => {}
        }
    }
}
