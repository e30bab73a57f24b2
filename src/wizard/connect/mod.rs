//! Connect: the two environments, how to sign in, and what they answer.

mod fields;
mod view;

use super::form::{Change, Field, FieldKind, Form};
use super::keys::{Binding, Command, Key};
use super::look::{Area, Canvas};
use super::message::{Answer, Sign};
use super::migration::Migration;
use super::step::{Ask, AskKind, Event, Notice, Reason, Step};
use crate::database::Authentication;
use crate::migrate::check_pair;
use crate::outsystems::Side;

/// Where the cursor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pane {
    /// In the migration's name.
    Name,
    /// In a side's form.
    Of(Side),
}

/// The step's fields and cursor.
#[derive(Debug)]
pub struct Connect {
    pane: Pane,
    name: Form,
    source: Form,
    destination: Form,
    /// The next question of plain mode.
    asked: usize,
}

const BOTH: [Side; 2] = [Side::Source, Side::Destination];
const NAME: &str = "name";
const TRUST: &str = "trust";

const KEYS: &[Binding] = &[
    Binding::new(
        Command::NextField,
        &[Key::Tab],
        "field",
        "next field; the last leads to the other side",
    )
    .in_text(),
    Binding::new(Command::Toggle, &[Key::Char(' ')], "choose", "the next of a field's choices"),
    Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "test both",
        "test both sides, each up to its first failure",
    )
    .in_text(),
];

impl Default for Connect {
    fn default() -> Self {
        Self {
            pane: Pane::Of(Side::Source),
            name: Form::default(),
            source: Form::default(),
            destination: Form::default(),
            asked: 0,
        }
    }
}

impl Connect {
    fn form(&self, side: Side) -> &Form {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }

    fn form_mut(&mut self, side: Side) -> &mut Form {
        match side {
            Side::Source => &mut self.source,
            Side::Destination => &mut self.destination,
        }
    }

    fn focused(&self) -> &Form {
        match self.pane {
            Pane::Name => &self.name,
            Pane::Of(side) => self.form(side),
        }
    }

    fn focused_mut(&mut self) -> &mut Form {
        match self.pane {
            Pane::Name => &mut self.name,
            Pane::Of(side) => self.form_mut(side),
        }
    }

    /// Gives the focus to a pane's first or last field.
    fn go_to(&mut self, pane: Pane, last: bool) {
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

    /// The fields as the migration has them.
    fn load(&mut self, migration: &Migration) {
        self.name = Form::new(vec![Field::text(
            NAME,
            "Name",
            "What this migration is called: its draft, its plan, its runs.",
            &migration.plan.name,
        )]);
        self.name.has_focus = false;
        for side in BOTH {
            let mut form = fields::form(side, migration.endpoint(side));
            if let Some(secret) = &migration.side(side).secret
                && let Some(Field { kind: FieldKind::Secret(field), .. }) =
                    form.field_mut(fields::SECRET)
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
            && let Some(Field { kind: FieldKind::Secret(field), .. }) =
                form.field_mut(fields::SECRET)
        {
            field.set(offered.secret.clone(), Some(offered.variable.clone()));
        }
    }

    /// What the fields say becomes the migration's; what was known of a changed side is dropped.
    fn commit(&mut self, migration: &mut Migration) {
        migration.set_name(self.name.value(NAME));
        for side in BOTH {
            let form = self.form(side);
            let secret = match form.field(fields::SECRET).map(|field| &field.kind) {
                Some(FieldKind::Secret(field)) => field.secret(),
                _ => None,
            };
            let endpoint = fields::endpoint(form);
            migration.set_secret(side, secret);
            migration.set_endpoint(side, endpoint);
        }
    }

    /// A field's value changed.
    fn changed(&mut self, side: Side, place: usize, migration: &mut Migration) {
        let form = self.form_mut(side);
        let Some(name) = form.fields.get(place).map(|field| field.name) else { return };
        fields::hide(form);
        // An error that is mended goes at once; a new one is said on leaving.
        if let Some(field) = form.fields.get(place)
            && field.error.is_some()
        {
            let fault = fields::fault(side, form, name);
            form.fields[place].error = fault;
        }
        if name == fields::PURPOSE {
            let fault = fields::fault(side, form, name);
            form.fields[place].error = fault;
        }
        if name == fields::AUTHENTICATION {
            self.offer_secret(side, migration);
        }
        let form = self.form(side);
        if name == fields::TRUST && form.fields[place].is_ticked() {
            migration.ask(
                TRUST,
                "Trust any certificate?",
                vec![
                    "The conversation stays encrypted, but anybody between here and the server \
                     could pretend to be it and read the password."
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
        // Choices count at once, texts on leaving the field.
        if !self.form(side).in_text() {
            self.commit(migration);
        }
    }

    fn left(&mut self, pane: Pane, place: usize, migration: &mut Migration) {
        match pane {
            Pane::Of(side) => {
                let form = self.form_mut(side);
                if let Some(name) = form.fields.get(place).map(|field| field.name) {
                    let fault = fields::fault(side, form, name);
                    form.fields[place].error = fault;
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

    fn on_command(&mut self, command: Command, migration: &mut Migration) {
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
            Change::Changed(place) => {
                if let Pane::Of(side) = pane {
                    self.changed(side, place, migration);
                }
            }
            Change::None | Change::Nothing | Change::Pressed(_) => {}
        }
    }

    /// From the last field of a form Tab leads to the next form, and back from the first.
    fn pass_on(&mut self, pane: Pane, from: usize, command: Command, had_focus: bool) {
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

    /// Tests both sides, where their fields are filled in.
    fn test(&mut self, migration: &mut Migration) {
        self.commit(migration);
        let mut missing = None;
        for side in BOTH {
            if let Some((name, fault)) = fields::first_fault(side, self.form(side)) {
                if let Some(field) = self.form_mut(side).field_mut(name) {
                    field.error = Some(fault.clone());
                }
                missing.get_or_insert((side, name, fault));
            } else {
                migration.test(side);
            }
        }
        if let Some((side, name, fault)) = missing {
            self.go_to(Pane::Of(side), false);
            self.form_mut(side).focus_on(name);
            migration.say(format!("{side}: {fault}."));
        }
    }

    /// Tests a side that nothing is missing of and that nobody has tested.
    fn test_if_complete(&self, migration: &mut Migration) {
        for side in BOTH {
            let form = self.form(side);
            let is_complete =
                fields::first_fault(side, form).is_none() && !fields::misses_secret(form);
            if is_complete && migration.side(side).tested.is_none() && !migration.is_testing(side) {
                migration.test(side);
            }
        }
    }

    /// The fields that plain mode asks for, in order.
    fn questions(&self) -> Vec<(Side, &'static str)> {
        BOTH.iter()
            .flat_map(|side| {
                self.form(*side)
                    .fields
                    .iter()
                    .filter(|field| !field.is_hidden)
                    .map(|field| (*side, field.name))
            })
            .collect()
    }

    fn on_answer(&mut self, answer: Answer, migration: &mut Migration) {
        let Some((side, name)) = self.questions().get(self.asked).copied() else {
            // Connected or not: test again, or go on by Next.
            if answer == Answer::Chosen(1) {
                self.asked = 0;
            } else {
                self.test(migration);
            }
            return;
        };
        let form = self.form_mut(side);
        let Some(place) = form.fields.iter().position(|field| field.name == name) else { return };
        match (&mut form.fields[place].kind, answer) {
            (FieldKind::Text(field), Answer::Text(text)) => field.set(&text),
            (FieldKind::Secret(field), Answer::Secret(secret)) => field.set(secret, None),
            (FieldKind::Choice { selected, .. }, Answer::Chosen(place)) => *selected = place,
            (FieldKind::Tick(ticked), Answer::Chosen(place)) => *ticked = place == 1,
            _ => return,
        }
        fields::hide(form);
        let fault = fields::fault(side, form, name);
        form.fields[place].error.clone_from(&fault);
        self.commit(migration);
        match fault {
            Some(fault) => migration.say(format!("{fault}.")),
            None => {
                self.asked += 1;
                if self.asked >= self.questions().len() {
                    self.test(migration);
                }
            }
        }
    }
}

impl Step for Connect {
    fn name(&self) -> &'static str {
        "Connect"
    }

    fn purpose(&self, _migration: &Migration) -> String {
        "Choose the two environments. The source is only ever read.".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn rests(&self) -> bool {
        !self.focused().has_focus
    }

    fn in_text(&self, _migration: &Migration) -> bool {
        self.focused().in_text()
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.load(migration);
        self.asked =
            if BOTH.iter().all(|side| fields::first_fault(*side, self.form(*side)).is_none()) {
                self.questions().len()
            } else {
                0
            };
        self.commit(migration);
        self.test_if_complete(migration);
        // With both sides on their way there is nothing to type.
        if !BOTH.iter().all(|side| migration.side(*side).tested.is_some()) {
            self.go_to(Pane::Of(Side::Source), false);
        }
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        if !migration.may_change() {
            return;
        }
        match event {
            Event::Command(command) => self.on_command(command, migration),
            Event::Typed(c) => {
                let pane = self.pane;
                if let (Change::Changed(place), Pane::Of(side)) =
                    (self.focused_mut().type_in(c), pane)
                {
                    self.changed(side, place, migration);
                }
            }
            Event::Pasted(text) => {
                let pane = self.pane;
                if let (Change::Changed(place), Pane::Of(side)) =
                    (self.focused_mut().paste(text), pane)
                {
                    self.changed(side, place, migration);
                }
            }
            Event::Replied(TRUST, choice) => {
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
            Event::Answered(answer) => self.on_answer(answer, migration),
            Event::Replied(..) | Event::Fact(_) | Event::Ticked => {}
        }
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        let mut reasons: Vec<Reason> =
            migration.name_fault(self.name.value(NAME)).map(Reason::new).into_iter().collect();
        for side in BOTH {
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
                Reason::new(format!("the {side} has not been tested (Ctrl+T)"))
            });
        }
        if let Some((source, destination)) = migration.models()
            && let Err(fault) = check_pair(source, destination, migration.plan.destination.purpose)
        {
            reasons.push(Reason::new(fault.what));
        }
        reasons
    }

    fn go_to_first_reason(&mut self, migration: &mut Migration) {
        if let Some(fault) = migration.name_fault(self.name.value(NAME)) {
            self.go_to(Pane::Name, false);
            if let Some(field) = self.name.field_mut(NAME) {
                field.error = Some(fault);
            }
            return;
        }
        for side in BOTH {
            if migration.side(side).model.is_none() {
                let fault = fields::first_fault(side, self.form(side));
                self.go_to(Pane::Of(side), false);
                let form = self.form_mut(side);
                match fault {
                    Some((name, fault)) => {
                        if let Some(field) = form.field_mut(name) {
                            field.error = Some(fault);
                        }
                        form.focus_on(name);
                    }
                    None if fields::misses_secret(form) => form.focus_on(fields::SECRET),
                    None => {}
                }
                return;
            }
        }
        self.go_to(Pane::Of(Side::Destination), false);
    }

    fn answers(&self, migration: &Migration) -> String {
        format!("{:?} {:?}", migration.plan.source, migration.plan.destination)
    }

    fn count(&self, migration: &Migration) -> String {
        let bad = BOTH
            .iter()
            .flat_map(|side| &migration.side(*side).checks)
            .filter(|check| check.sign == Sign::Bad)
            .count();
        if bad > 0 { bad.to_string() } else { String::new() }
    }

    fn summary(&self, migration: &Migration) -> Vec<(String, String)> {
        let place = |side| {
            migration
                .side(side)
                .model
                .as_ref()
                .map_or_else(String::new, |model| model.facts.place.clone())
        };
        vec![("From".to_owned(), place(Side::Source)), ("To".to_owned(), place(Side::Destination))]
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        // Beside the field there is not always room for the whole sentence.
        if let Some(fault) = self.focused().focused().and_then(|field| field.error.as_ref()) {
            return Some(Notice::new(Sign::Bad, format!("{fault}.")));
        }
        for side in BOTH {
            let checks = &migration.side(side).checks;
            if let Some(check) = checks.iter().find(|check| check.sign == Sign::Bad) {
                let may_plan = migration.side(side).model.is_some();
                let tail = if may_plan { " You can plan on; running needs it fixed." } else { "" };
                let text = format!("{}: {}.{tail}", migration.name_of(side), check.text);
                return Some(Notice::new(Sign::Bad, text));
            }
        }
        if let Some((source, destination)) = migration.models() {
            return match check_pair(source, destination, migration.plan.destination.purpose) {
                Err(fault) => {
                    Some(Notice::new(Sign::Bad, format!("{}. {}", fault.what, fault.next)))
                }
                Ok(warnings) => {
                    warnings.first().map(|text| Notice::new(Sign::Warning, text.clone()))
                }
            };
        }
        let help = self.focused().focused().map(|field| field.help)?;
        Some(Notice::new(Sign::Note, help))
    }

    fn checked(&self, migration: &Migration) -> String {
        let at = &migration.destination.checked;
        if at.is_empty() { String::new() } else { format!("checked {at}") }
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        let lines: Vec<String> = BOTH
            .iter()
            .flat_map(|side| {
                let name = migration.name_of(*side);
                migration.side(*side).checks.iter().map(move |check| {
                    format!("{name}: {} {} {}", check.sign.text(), check.text, check.advice)
                })
            })
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        if BOTH.iter().any(|side| migration.is_testing(*side)) {
            return Some(Ask { text: Vec::new(), kind: AskKind::Wait });
        }
        let Some((side, name)) = self.questions().get(self.asked).copied() else {
            if self.gate(migration).is_empty() {
                return None;
            }
            let text = self.gate(migration).iter().map(|reason| format!("{reason}.")).collect();
            let choices = vec!["test both sides again".to_owned(), "change the answers".to_owned()];
            return Some(Ask { text, kind: AskKind::Choice(choices) });
        };
        let field = self.form(side).field(name)?;
        let label = format!("{} of the {side}", field.label);
        let kind = match &field.kind {
            FieldKind::Text(text) => AskKind::Text { label, current: text.text().to_owned() },
            FieldKind::Secret(_) => AskKind::Secret { label },
            FieldKind::Choice { options, .. } => AskKind::Choice(options.clone()),
            FieldKind::Tick(_) => AskKind::Choice(vec!["no".to_owned(), "yes".to_owned()]),
            FieldKind::Button => return None,
        };
        let text = match kind {
            AskKind::Choice(_) => vec![format!("{} of the {side}. {}", field.label, field.help)],
            _ => vec![field.help.to_owned()],
        };
        Some(Ask { text, kind })
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
