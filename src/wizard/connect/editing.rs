//! From the migration into the fields and back: choices count at once, texts when their field is
//! left.

use super::super::form::{Change, Field, FieldKind, Form};
use super::super::keys::Command;
use super::super::migration::Migration;
use super::super::secret_field::SecretField;
use super::cursor::Pane;
use super::{BOTH, Connect, NAME, TRUST, fields};
use crate::database::Authentication;
use crate::outsystems::Side;
use crate::procedures::Errand;

impl Connect {
    /// The fields as the migration has them.
    pub(super) fn load(&mut self, migration: &Migration) {
        self.name = Form::new(vec![Field::text(
            NAME,
            "Name",
            match migration.errand() {
                None => "What this migration is called: its draft, its plan, its runs.",
                Some(_) => "What this is called: its plan and its record have the name.",
            },
            &migration.plan.name,
        )]);
        self.name.has_focus = false;
        for side in BOTH {
            let mut form = fields::form(side, migration.endpoint(side));
            if migration.errand() == Some(Errand::Restore) {
                // Both are Production, and neither is written.
                form.fields.retain(|field| field.name != fields::PURPOSE);
            }
            if let Some(secret) = &migration.side(side).secret
                && let Some(field) = fields::secret_mut(&mut form)
            {
                let comes_from = migration.offered_from(side, secret);
                field.set(secret.clone(), comes_from);
            }
            *self.form_mut(side) = form;
            self.offer_secret(side, migration);
        }
    }

    /// A secret that the environment's variables offer, where nothing was typed.
    fn offer_secret(&mut self, side: Side, migration: &Migration) {
        let form = self.form_mut(side);
        let is_token = fields::authentication(form) == Authentication::EntraToken;
        if !fields::misses_secret(form) {
            return;
        }
        if let Some(offered) = migration.offered(side, is_token)
            && let Some(field) = fields::secret_mut(form)
        {
            field.set(offered.secret.clone(), Some(offered.variable.clone()));
        }
    }

    /// What the fields say becomes the migration's; what was known of a changed side is dropped.
    pub(super) fn commit(&mut self, migration: &mut Migration) {
        migration.set_name(self.name.value(NAME));
        for side in BOTH {
            let form = self.form(side);
            migration.set_secret(side, fields::secret(form).and_then(SecretField::secret));
            migration.set_endpoint(side, fields::endpoint(form));
        }
    }

    pub(super) fn on_command(&mut self, command: Command, migration: &mut Migration) {
        if command == Command::Recheck {
            self.test(migration);
            return;
        }
        let pane = self.pane;
        let at = self.focused().focus;
        let had_focus = self.focused().has_focus;
        match self.focused_mut().obey(command) {
            Change::Left(place) => {
                self.left(pane, place, migration);
                self.pass_on(pane, at, command, had_focus);
            }
            change => self.took(change, migration),
        }
    }

    /// Whether the field with the focus is a password or token.
    pub(super) fn is_on_secret(&self) -> bool {
        let form = self.focused();
        form.has_focus && form.focused().is_some_and(|field| field.name == fields::SECRET)
    }

    /// The field with the focus took a command or a text.
    pub(super) fn took(&mut self, change: Change, migration: &mut Migration) {
        if let (Change::Changed(place), Pane::Of(side)) = (change, self.pane) {
            self.changed(side, place, migration);
        }
    }

    /// A field's value changed.
    fn changed(&mut self, side: Side, place: usize, migration: &mut Migration) {
        let form = self.form_mut(side);
        let Some(name) = form.fields.get(place).map(|field| field.name) else { return };
        fields::hide(form);
        // An error that is mended goes at once; a new one is said on leaving, but for a wrong role.
        if name == fields::PURPOSE || form.fields[place].error.is_some() {
            fields::judge(side, form, place);
        }
        if name == fields::AUTHENTICATION {
            self.offer_secret(side, migration);
        }
        if name == fields::TRUST && self.form(side).fields[place].is_ticked() {
            ask_to_trust(migration);
        }
        // Choices count at once, texts on leaving the field.
        if !self.form(side).in_text() {
            self.commit(migration);
        }
    }

    fn left(&mut self, pane: Pane, place: usize, migration: &mut Migration) {
        match pane {
            Pane::Of(side) => {
                let form = self.form_mut(side);
                if place < form.fields.len() {
                    fields::judge(side, form, place);
                }
            }
            Pane::Name => {
                let fault = migration.name_fault(self.name.value(NAME));
                if let Some(field) = self.name.field_mut(NAME) {
                    field.error.clone_from(&fault);
                }
                if let Some(fault) = fault {
                    migration.say(fault);
                }
            }
        }
        self.commit(migration);
    }

    /// The answer to whether any certificate is trusted.
    pub(super) fn on_trust(&mut self, choice: usize, migration: &mut Migration) {
        if choice == 0 {
            for form in [&mut self.source, &mut self.destination] {
                if form.has_focus
                    && let Some(field) = form.field_mut(fields::TRUST)
                {
                    field.kind = FieldKind::Tick(false);
                }
                fields::hide(form);
            }
        }
        self.commit(migration);
    }
}

fn ask_to_trust(migration: &mut Migration) {
    migration.ask(
        TRUST,
        "Trust any certificate?",
        vec![
            "The conversation stays encrypted, but anybody between here and the server could \
             pretend to be it and read the password."
                .to_owned(),
            "Better: name the file of the authority that signed the certificate (CA file)."
                .to_owned(),
        ],
        vec![
            ("No".to_owned(), "check the certificate".to_owned()),
            ("Trust it".to_owned(), "only in a network that is trusted".to_owned()),
        ],
    );
}
