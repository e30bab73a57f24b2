//! The scope as questions of plain mode: names are typed, what came of them is said.

use super::super::message::Answer;
use super::super::migration::Migration;
use super::super::step::{Ask, AskKind};
use super::catalogue::{Catalogue, TopKind};
use super::marks::Mark;
use super::request::{Pick, entities_of};
use super::{Scope, Step as _};
use crate::outsystems::{EntityIndex, Side};
use crate::report::counted;

/// Names that are listed at once.
const LISTED: usize = 60;

/// Where plain mode is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plain {
    /// What is to be done with the scope as it is.
    #[default]
    Asking,
    /// Names to be chosen.
    Choosing,
    /// Names to be left out.
    Leaving,
    /// An entity is needed by others.
    Needed(EntityIndex),
    /// On with the next step.
    Done,
}

const GO_ON: usize = 0;
const CHOOSE: usize = 1;
const LEAVE: usize = 2;
const AGAIN: usize = 3;
const COMPONENTS: usize = 4;

impl Scope {
    pub(super) fn question(&self, migration: &Migration) -> Option<Ask> {
        if migration.is_comparing() {
            return Some(Ask { text: Vec::new(), kind: AskKind::Wait });
        }
        let reasons = self.gate(migration);
        if self.plain == Plain::Done && reasons.is_empty() {
            return None;
        }
        let catalogue = self.catalogue.as_ref()?;
        match self.plain {
            Plain::Needed(index) => {
                let (title, mut text, choices) = self.needed_question(index, migration)?;
                text.insert(0, title);
                let choices = choices
                    .into_iter()
                    .map(
                        |(name, what)| {
                            if what.is_empty() { name } else { format!("{name}: {what}") }
                        },
                    )
                    .collect();
                return Some(Ask { text, kind: AskKind::Choice(choices) });
            }
            Plain::Leaving => {
                let text = vec![
                    "Names of applications, modules or entities (Module.Entity) to take out, with \
                     commas between them. An empty answer takes nothing out."
                        .to_owned(),
                ];
                let kind = AskKind::Text { label: "Take out".to_owned(), current: String::new() };
                return Some(Ask { text, kind });
            }
            _ => {}
        }
        if self.plain == Plain::Choosing || !migration.has_scope() {
            return Some(self.names_question(catalogue, migration));
        }
        let mut text = vec![format!("{}.", self.chosen_line())];
        for (index, by) in self.added_in_order().into_iter().take(LISTED) {
            text.push(format!("Added: {}, {by} refers to it.", catalogue.full_name(index)));
        }
        for unknown in &self.tree.unknown {
            text.push(format!(
                "The plan names the {} \"{}\", which is not there.",
                unknown.kind, unknown.name
            ));
        }
        text.extend(reasons.iter().map(|reason| format!("Not yet: {reason}.")));
        let components = match migration.plan.scope.components {
            true => "have references take tables of component modules in no more",
            false => {
                "have references take tables of component modules in (Users, ECT_Provider), which \
                 hold settings and people's data"
            }
        };
        let choices =
            ["go on", "choose more", "take something out", "compare and count again", components];
        let choices = choices.map(str::to_owned).to_vec();
        Some(Ask { text, kind: AskKind::Choice(choices) })
    }

    fn added_in_order(&self) -> Vec<(EntityIndex, &str)> {
        let mut added: Vec<_> =
            self.marks.added.iter().map(|(index, by)| (*index, by.as_str())).collect();
        added.sort_unstable();
        added
    }

    fn names_question(&self, catalogue: &Catalogue, migration: &Migration) -> Ask {
        let name = migration.name_of(Side::Source);
        let mut text = Vec::new();
        for (kind, title) in [
            (TopKind::Application, "Applications"),
            (TopKind::Solution, "Solutions"),
            (TopKind::Rest, "Modules of no application"),
        ] {
            let mut names = Vec::new();
            for (place, top) in catalogue.tops.iter().enumerate() {
                if top.kind == kind && kind != TopKind::Rest {
                    let entities = entities_of(catalogue, Pick::Top(place)).len() as u64;
                    let entities = counted(entities, "entity", "entities");
                    names.push(format!("{} ({entities})", top.name));
                } else if top.kind == kind {
                    let espaces = top.espaces.iter().map(|espace| &catalogue.espaces[*espace]);
                    let own = espaces.filter(|espace| espace.carried > 0 && !espace.is_system);
                    names.extend(own.map(|espace| espace.name.clone()));
                }
            }
            if names.is_empty() {
                continue;
            }
            let more = names.len().saturating_sub(LISTED);
            names.truncate(LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            text.push(format!("{title} of {name}: {}{more}.", names.join(", ")));
        }
        text.push(
            "Names of applications, solutions, modules or entities (Module.Entity) to choose, with \
             commas between them."
                .to_owned(),
        );
        let kind = AskKind::Text { label: "Choose".to_owned(), current: String::new() };
        Ask { text, kind }
    }

    pub(super) fn on_answer(&mut self, answer: &Answer, migration: &mut Migration) {
        if !Self::may_change(migration) {
            self.plain = Plain::Done;
            return;
        }
        match (self.plain, answer) {
            (Plain::Needed(index), Answer::Chosen(place)) => {
                self.plain = Plain::Asking;
                self.asked = Some(index);
                self.on_reply(*place, migration);
            }
            (Plain::Leaving, Answer::Text(text)) => {
                self.plain = Plain::Asking;
                self.leave_names(text, migration);
            }
            (_, Answer::Text(text)) => {
                if text.trim().is_empty() && !migration.has_scope() {
                    migration.say("Name at least one application, module or entity.");
                    return;
                }
                self.plain = Plain::Asking;
                let picks = self.named_picks(text, migration);
                if !picks.is_empty() {
                    self.choose(&picks, migration);
                }
            }
            (_, Answer::Chosen(GO_ON)) => {
                self.plain = Plain::Done;
                for reason in self.gate(migration) {
                    self.plain = Plain::Asking;
                    migration.say(format!("Not yet: {reason}."));
                }
            }
            (_, Answer::Chosen(CHOOSE)) => self.plain = Plain::Choosing,
            (_, Answer::Chosen(LEAVE)) => self.plain = Plain::Leaving,
            (_, Answer::Chosen(AGAIN)) => self.recount(migration),
            (_, Answer::Chosen(COMPONENTS)) => self.toggle_components(migration),
            _ => {}
        }
    }

    /// What names mean, separated by commas; those that mean nothing are said.
    fn named_picks(&self, text: &str, migration: &mut Migration) -> Vec<Pick> {
        let Some(catalogue) = &self.catalogue else { return Vec::new() };
        let mut picks = Vec::new();
        let mut unknown = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let found = catalogue
                .application(name)
                .or_else(|| catalogue.solution(name))
                .map(Pick::Top)
                .or_else(|| catalogue.espace(name).map(Pick::Espace))
                .or_else(|| catalogue.entities(name).first().copied().map(Pick::Entity));
            match found {
                Some(pick) => picks.push(pick),
                None => unknown.push(format!("\"{name}\"")),
            }
        }
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            migration.say(format!("{} has no {names}.", migration.name_of(Side::Source)));
        }
        picks
    }

    fn leave_names(&mut self, text: &str, migration: &mut Migration) {
        let picks = self.named_picks(text, migration);
        for pick in picks {
            let Some(catalogue) = &self.catalogue else { return };
            match (pick, self.marks.of(catalogue, pick)) {
                (Pick::Entity(index), Mark::Chosen) => {
                    if self.dependants(index, migration).is_empty() {
                        self.leave(&[pick], migration);
                    } else {
                        self.plain = Plain::Needed(index);
                    }
                }
                (Pick::Entity(index), Mark::Added) => {
                    let by = self.marks.added.get(&index).cloned().unwrap_or_default();
                    migration.say(format!(
                        "{} stays: {by} refers to it. Mismatches can keep it out.",
                        catalogue.full_name(index)
                    ));
                }
                (Pick::Entity(_), _) => {}
                (pick, _) => self.leave(&[pick], migration),
            }
        }
        self.remove_unknown_named(text, migration);
    }

    /// Names of the plan that the source does not have are taken out by their names as well.
    fn remove_unknown_named(&mut self, text: &str, migration: &mut Migration) {
        for name in text.split(',').map(|name| name.trim().to_lowercase()) {
            let is_it = |unknown: &super::tree::Unknown| unknown.name.trim().to_lowercase() == name;
            if self.tree.unknown.iter().any(is_it) {
                self.set_scope(migration, |scope| {
                    for list in [
                        &mut scope.applications,
                        &mut scope.espaces,
                        &mut scope.solutions,
                        &mut scope.entities,
                        &mut scope.exclude,
                    ] {
                        list.retain(|known| known.trim().to_lowercase() != name);
                    }
                });
                migration.say("It is out of the plan.");
            }
        }
    }
}
