//! A procedure gone through step by step: what is done is ticked, what is left out has a reason, and
//! statements show the rows that they would touch before they are carried out together.

mod confirming;
mod details;
mod plain;
pub(super) mod view;

use super::super::keys::{Binding, Command, Key};
use super::super::list::List;
use super::super::look::{Area, Canvas};
use super::super::message::Sign;
use super::super::migration::{Migration, SERVERS_SHEET};
use super::super::overlay::Overlay;
use super::super::sheet::{Blank, Filled, Sheet};
use super::super::step::{Ask, Event, Notice, Step};
use super::super::text_field::TextField;
use crate::procedures::{Errand, Place, Procedure, Said, StepKind, Walk, procedure};

/// What a walkthrough is of.
#[derive(Debug)]
pub struct About {
    /// The step's name.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Whether it is of what follows the main procedure.
    pub is_after: bool,
}

/// The clean-up of a clone.
pub const CLEANUP: About = About {
    name: "Clean-up",
    purpose: "Statements are previewed and carried out together (a); the rest is ticked.",
    is_after: false,
};

/// The restore on another server.
pub const RESTORE: About = About {
    name: "Restore",
    purpose: "Step by step; the old server stays the way back until the end.",
    is_after: false,
};

/// A clone on Oracle.
pub const ORACLE: About = About {
    name: "Clone",
    purpose: "Step by step, with the scripts that were written.",
    is_after: false,
};

/// The installation that follows.
pub const INSTALLATION: About = About {
    name: "Install",
    purpose: "An existing installation is configured anew, or a fresh one made.",
    is_after: true,
};

const SKIP: &str = "leave out";
const NOTE: &str = "note";
const APPLY: &str = "apply";
const VARIANT: &str = "variant";
const SERVERS: &str = "servers-of";
const ASK: &str = "ask-databases";

/// The sheets of the step.
const SKIP_SHEET: &str = "leave-out";
const NOTE_SHEET: &str = "note-of-step";
pub(super) const APPLY_SHEET: &str = "apply-cleanup";

const KEYS: &[Binding] = &[
    Binding::new(
        Command::Toggle,
        &[Key::Char(' ')],
        "done",
        "the selected step is done, or is open again; an optional statement is taken",
    ),
    Binding::new(Command::Own(APPLY), &[Key::Char('a')], "carry out", "carry the statements out"),
    Binding::new(
        Command::Own(SKIP),
        &[Key::Char('x')],
        "leave out",
        "leave the selected step out, with the reason",
    ),
    Binding::new(Command::Own(NOTE), &[Key::Char('n')], "note", "the step is done, with a note"),
    Binding::new(Command::Open, &[Key::Enter], "read", "read all about the selected step"),
    Binding::new(
        Command::Own(VARIANT),
        &[Key::Char('v')],
        "variant",
        "an existing installation, or a fresh one",
    ),
    Binding::new(
        Command::Own(SERVERS),
        &[Key::Char('m')],
        "machines",
        "name the application servers: some steps are done on each",
    ),
    Binding::new(
        Command::Own(ASK),
        &[Key::Char('t')],
        "ask",
        "ask the databases what they can tell of the steps; nothing is ticked by that",
    ),
    Binding::new(Command::Recheck, &[Key::Control('t')], "look again", "look at the clone again"),
];

/// The step.
#[derive(Debug)]
pub struct Walkthrough {
    about: &'static About,
    list: List,
    /// Which of the installations is shown, once the person has said.
    variant: Option<usize>,
    /// The step that a sheet is about.
    asked: String,
}

impl Walkthrough {
    /// At its first step.
    #[must_use]
    pub fn new(about: &'static About) -> Self {
        Self { about, list: List::default(), variant: None, asked: String::new() }
    }

    /// The procedure that is shown, with how far it is.
    pub(super) fn shown<'a>(
        &self,
        migration: &'a Migration,
    ) -> Option<(&'static Procedure, &'a Walk)> {
        let known = migration.errand.as_ref()?;
        let name = if self.about.is_after {
            let names = known.errand.installations();
            // The one of which something is said already.
            let begun = names
                .iter()
                .position(|name| known.walk(name).is_some_and(|walk| !walk.marks.is_empty()));
            names.get(self.variant.or(begun).unwrap_or(0))?
        } else {
            known.errand.main()
        };
        let walk = known.walk(name)?;
        procedure(name).ok().map(|procedure| (procedure, walk))
    }

    /// Whether statements can be carried out here.
    pub(super) fn has_statements(&self, migration: &Migration) -> bool {
        !self.about.is_after && migration.errand() == Some(Errand::Cleanup)
    }

    /// The selected step.
    pub(super) fn selected<'a>(&self, migration: &'a Migration) -> Option<Place<'a>> {
        let (procedure, walk) = self.shown(migration)?;
        let mut places = walk.places(procedure);
        let at = self.list.selected.min(places.len().checked_sub(1)?);
        Some(places.swap_remove(at))
    }

    fn is_statement(&self, place: &Place<'_>, migration: &Migration) -> bool {
        self.has_statements(migration) && place.step.kind() == StepKind::Statement
    }

    fn toggle(&mut self, migration: &mut Migration) {
        let Some(place) = self.selected(migration) else { return };
        let (name, title) = (place.name.clone(), place.step.title.clone());
        if !self.is_statement(&place, migration) {
            let Some((procedure, walk)) = self.shown(migration) else { return };
            let said = if walk.marks.contains_key(&name) { Said::Open } else { Said::Done };
            migration.mark(&procedure.name, vec![name], said, String::new());
            return;
        }
        if place.step.optional {
            migration.set_cleanup(|file| match file.with.iter().position(|with| *with == name) {
                Some(at) => drop(file.with.remove(at)),
                None => file.with.push(name),
            });
            return;
        }
        let is_left_out = is_left_out(migration, &name);
        if is_left_out {
            migration.set_cleanup(|file| file.skip.retain(|(step, _)| *step != name));
        } else {
            migration.say(format!("\"{title}\" is carried out with a; x leaves it out."));
        }
    }

    fn leave_out(&mut self, migration: &mut Migration) {
        let Some(place) = self.selected(migration) else { return };
        if self.is_statement(&place, migration) && place.step.optional {
            migration.say("It is optional: Space takes it, or leaves it out again.");
            return;
        }
        let mut lines = vec![place.step.title.clone()];
        let without = [&place.step.without, &place.section.without];
        if let Some(without) = without.into_iter().find(|text| !text.is_empty()) {
            lines.push(format!("Without it: {without}"));
        }
        lines.push("The record keeps the reason.".to_owned());
        self.asked.clone_from(&place.name);
        let why = Blank::Text {
            label: "Why".to_owned(),
            field: TextField::new(""),
            wanted: Some("say why".to_owned()),
        };
        ask(migration, SKIP_SHEET, "Leave this step out?", "leave it out", lines, why);
    }

    fn note(&mut self, migration: &mut Migration) {
        let Some(place) = self.selected(migration) else { return };
        if self.is_statement(&place, migration) {
            migration.say("What a statement does is its evidence; x leaves it out with a reason.");
            return;
        }
        let Some((_, walk)) = self.shown(migration) else { return };
        let held = walk.marks.get(&place.name).map_or("", |mark| mark.note.as_str()).to_owned();
        let lines = vec![place.step.title.clone()];
        self.asked.clone_from(&place.name);
        let field = TextField::new(&held);
        let note = Blank::Text { label: "Note".to_owned(), field, wanted: None };
        ask(migration, NOTE_SHEET, "A note of this step", "keep it", lines, note);
    }

    fn filled(&mut self, tag: &str, filled: &Filled, migration: &mut Migration) {
        let text = filled.texts.first().cloned().unwrap_or_default();
        let name = std::mem::take(&mut self.asked);
        let Some((procedure, walk)) = self.shown(migration) else { return };
        match tag {
            SKIP_SHEET => {
                let place = walk.places(procedure).into_iter().find(|place| place.name == name);
                if place.is_some_and(|place| self.is_statement(&place, migration)) {
                    migration.set_cleanup(|file| {
                        file.skip.retain(|(step, _)| *step != name);
                        file.skip.push((name, text));
                    });
                } else {
                    migration.mark(&procedure.name, vec![name], Said::Skipped, text);
                }
            }
            NOTE_SHEET => {
                let is_skipped = walk.marks.get(&name).is_some_and(|mark| mark.is_skipped);
                let said = if is_skipped { Said::Skipped } else { Said::Done };
                migration.mark(&procedure.name, vec![name], said, text);
            }
            SERVERS_SHEET => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                let names: Vec<String> = names.map(str::to_owned).collect();
                migration.set_servers(&procedure.name, names);
            }
            APPLY_SHEET => Self::confirmed(filled, migration),
            _ => {}
        }
    }

    fn other_variant(&mut self, migration: &mut Migration) {
        let Some(known) = &migration.errand else { return };
        let names = known.errand.installations();
        let Some((procedure, _)) = self.shown(migration) else { return };
        let at = names.iter().position(|name| **name == *procedure.name).unwrap_or(0);
        self.variant = Some((at + 1) % names.len().max(1));
        self.list = List::default();
        if let Some((procedure, _)) = self.shown(migration) {
            migration.say(format!("{}.", procedure.title));
        }
    }
}

/// Whether a statement is left out by the plan.
pub(super) fn is_left_out(migration: &Migration, step: &str) -> bool {
    let file = migration.errand.as_ref().and_then(|known| known.cleanup());
    file.is_some_and(|file| file.skip.iter().any(|(name, _)| name == step))
}

/// Whether an optional statement is taken.
pub(super) fn is_taken(migration: &Migration, step: &str) -> bool {
    let file = migration.errand.as_ref().and_then(|known| known.cleanup());
    file.is_some_and(|file| file.with.iter().any(|name| name == step))
}

fn ask(
    migration: &mut Migration,
    tag: &'static str,
    title: &str,
    verb: &'static str,
    lines: Vec<String>,
    blank: Blank,
) {
    let sheet = Sheet::new(tag, title, verb, lines, vec![blank]);
    migration.overlays.push(Overlay::Sheet(Box::new(sheet)));
}

impl Step for Walkthrough {
    fn name(&self) -> &'static str {
        self.about.name
    }

    fn purpose(&self, migration: &Migration) -> String {
        match self.shown(migration) {
            Some((procedure, _)) if self.about.is_after => format!("{}.", procedure.title),
            _ => self.about.purpose.to_owned(),
        }
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        match command {
            Command::Own(APPLY) | Command::Recheck => self.has_statements(migration),
            Command::Own(VARIANT) => self.about.is_after,
            Command::Own(ASK) => migration.errand() != Some(Errand::Oracle),
            Command::Own(SERVERS) => self
                .shown(migration)
                .is_some_and(|(procedure, _)| procedure.steps().any(|step| step.each_server)),
            _ => true,
        }
    }

    fn enter(&mut self, migration: &mut Migration) {
        let is_known = migration.errand.as_ref().is_some_and(|known| known.foreseen.is_some());
        if self.has_statements(migration) && !is_known && !migration.is_looking_at_clone() {
            migration.look_at_clone();
        }
        // To the first step that is open.
        if self.list == List::default()
            && let Some((procedure, walk)) = self.shown(migration)
        {
            let places = walk.places(procedure);
            let open = places.iter().position(|place| !walk.marks.contains_key(&place.name));
            self.list.selected = open.unwrap_or(0);
        }
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        match event {
            Event::Command(command) if self.offers(command, migration) => match command {
                Command::Toggle => self.toggle(migration),
                Command::Own(SKIP) => self.leave_out(migration),
                Command::Own(NOTE) => self.note(migration),
                Command::Own(APPLY) => Self::ask_to_carry_out(migration),
                Command::Own(VARIANT) => self.other_variant(migration),
                Command::Own(SERVERS) => {
                    if let Some((procedure, _)) = self.shown(migration) {
                        migration.ask_servers(&procedure.name);
                    }
                }
                Command::Own(ASK) => {
                    if let Some((procedure, _)) = self.shown(migration) {
                        migration.ask_databases(&procedure.name);
                    }
                }
                Command::Recheck => self.look(migration),
                Command::Open => {
                    if let Some(place) = self.selected(migration) {
                        let lines = details::whole(self, &place, migration);
                        migration.show(place.step.title.clone(), lines);
                    }
                }
                command => {
                    let lines = self
                        .shown(migration)
                        .map_or(0, |(procedure, walk)| walk.places(procedure).len());
                    self.list.obey(command, lines, view::LISTED);
                }
            },
            Event::Filled(tag, filled) => self.filled(tag, filled, migration),
            Event::Answered(answer) => self.on_answer(&answer, migration),
            _ => {}
        }
    }

    fn count(&self, migration: &Migration) -> String {
        self.shown(migration).map_or_else(String::new, |(procedure, walk)| {
            let (done, of) = walk.done(procedure);
            let open = of - done;
            if open == 0 { String::new() } else { open.to_string() }
        })
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        if !self.has_statements(migration) {
            return None;
        }
        if migration.is_cleaning() {
            return Some(Notice::new(Sign::Here, "Writing, in one transaction…"));
        }
        if migration.destination.model.is_none() {
            let text = "Connect the clone (press 1): then each statement shows its rows.";
            return Some(Notice::new(Sign::Note, text));
        }
        if migration.is_looking_at_clone() {
            return Some(Notice::new(Sign::Here, "Looking at the clone…"));
        }
        Some(details::standing_of_copy(migration.errand.as_ref()?.foreseen.as_ref()?))
    }

    fn checked(&self, migration: &Migration) -> String {
        let Some((procedure, walk)) = self.shown(migration) else { return String::new() };
        let (done, of) = walk.done(procedure);
        let looked = migration.errand.as_ref().map_or("", |known| known.looked.as_str());
        if looked.is_empty() || !self.has_statements(migration) {
            format!("{done} of {of} done")
        } else {
            format!("{done} of {of} done, looked {looked}")
        }
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        let place = self.selected(migration)?;
        match &place.step.command {
            Some(command) => Some(command.clone()),
            None => Some(details::whole(self, &place, migration).join("\n")),
        }
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        self.question(migration)
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
