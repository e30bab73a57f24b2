//! What Space, `a` and `e` do: the scope is changed by names, and what follows from it is said.

use super::super::migration::Migration;
use super::catalogue::Catalogue;
use super::marks::Mark;
use super::request::{Named, Pick, choose, entities_of, leave};
use super::tree::Node;
use super::{NEEDED, Scope, tree_height};
use crate::outsystems::{EntityIndex, Side};
use crate::plan::ScopeRequest;
use crate::report::counted;

/// Names that a sentence gives in full.
const NAMES: usize = 3;

/// The choices of the question about entities that need one that is left out.
#[cfg(test)]
pub(super) const KEEP: usize = 0;
pub(super) const ALL_OF_THEM: usize = 1;
pub(super) const ONLY_THIS: usize = 2;

impl Scope {
    /// Whether the scope may be changed now; says why not.
    pub(super) fn may_change(migration: &mut Migration) -> bool {
        if !migration.may_change() {
            migration.say("A run was started with this scope: it can be read, not changed.");
        }
        migration.may_change()
    }

    /// Space: chooses the line, or takes it out.
    pub(super) fn toggle(&mut self, migration: &mut Migration) {
        let Some(node) = self.tree.selected() else { return };
        if !Self::may_change(migration) {
            return;
        }
        if let Node::Unknown(place) = node {
            self.remove_unknown(place, migration);
            return;
        }
        let (Some(pick), Some(catalogue)) = (node.pick(), &self.catalogue) else { return };
        match (self.marks.of(catalogue, pick), pick) {
            (Mark::Never, Pick::Entity(index)) => {
                let text = never_words(catalogue, index);
                migration.say(text);
            }
            (Mark::Added, Pick::Entity(index)) => self.explain_added(index, migration),
            (Mark::Chosen, Pick::Entity(index)) => self.ask_or_leave(index, migration),
            (Mark::Chosen, pick) => self.leave(&[pick], migration),
            (_, pick) if self.is_platforms(pick) => self.leave(&[pick], migration),
            (_, pick) => self.choose(&[pick], migration),
        }
    }

    /// Whether a pick is an espace of the platform: it is shown only because the plan names it.
    fn is_platforms(&self, pick: Pick) -> bool {
        let (Some(catalogue), Pick::Espace(espace)) = (&self.catalogue, pick) else {
            return false;
        };
        catalogue.espaces[espace].is_system
    }

    fn remove_unknown(&mut self, place: usize, migration: &mut Migration) {
        let Some(unknown) = self.tree.unknown.get(place).cloned() else { return };
        self.set_scope(migration, |scope| {
            let list = match unknown.kind {
                "application" => &mut scope.applications,
                "solution" => &mut scope.solutions,
                "espace" => &mut scope.espaces,
                "entity" => &mut scope.entities,
                _ => &mut scope.exclude,
            };
            list.retain(|name| *name != unknown.name);
        });
        migration.say(format!("\"{}\" is out of the plan.", unknown.name));
    }

    fn explain_added(&self, index: EntityIndex, migration: &mut Migration) {
        let Some(catalogue) = &self.catalogue else { return };
        let name = &catalogue.model.entity(index).name;
        let by = self.marks.added.get(&index).map_or("", String::as_str);
        migration.say(format!(
            "{name} is here because {by} refers to it. To keep it out, decide that reference in \
             Mismatches (\"was not chosen\")."
        ));
    }

    /// Changes the scope; everything that is shown follows.
    pub(super) fn set_scope(
        &mut self,
        migration: &mut Migration,
        change: impl FnOnce(&mut ScopeRequest),
    ) {
        let before = migration.plan.scope.clone();
        migration.set_scope(change);
        if migration.plan.scope != before {
            self.awaits_review = true;
            self.before_all = None;
            // What was wrong is looked for anew.
            migration.scope_trouble = None;
        }
        self.sync(migration);
    }

    /// Chooses, and says what came along.
    pub(super) fn choose(&mut self, picks: &[Pick], migration: &mut Migration) {
        let Some(catalogue) = &self.catalogue else { return };
        let before = Named::new(catalogue, &migration.plan.scope).chosen(catalogue);
        let cut = catalogue.cut(&migration.plan.decisions);
        let scope = choose(catalogue, &cut, &migration.plan.scope, picks);
        let mut expected = before;
        for index in picks.iter().flat_map(|pick| entities_of(catalogue, *pick)) {
            expected[index.0] = true;
        }
        let after = Named::new(catalogue, &scope).chosen(catalogue);
        let places = 0..after.len();
        let along: Vec<EntityIndex> =
            places.clone().filter(|p| after[*p] && !expected[*p]).map(EntityIndex).collect();
        let lacks = places.clone().any(|place| {
            expected[place] && !after[place] && catalogue.items[place].never.is_none()
        });
        let said = if lacks {
            Some(
                "Not all of it can be named in a plan: another module or entity has the same name."
                    .to_owned(),
            )
        } else if !along.is_empty() {
            let names = names(catalogue, &along);
            let verb = if along.len() == 1 { "is chosen too, for" } else { "are chosen too, for" };
            Some(format!("{names} {verb} what you chose refers to it."))
        } else if scope == migration.plan.scope {
            self.explain_not_chosen(picks)
        } else {
            None
        };
        self.set_scope(migration, |request| *request = scope);
        if let Some(said) = said {
            migration.say(said);
        }
    }

    /// Everything that was to be chosen is, and yet it is not in the scope.
    fn explain_not_chosen(&self, picks: &[Pick]) -> Option<String> {
        let catalogue = self.catalogue.as_ref()?;
        let out = picks
            .iter()
            .flat_map(|pick| entities_of(catalogue, *pick))
            .find(|index| self.marks.left_out.contains_key(index))?;
        let name = &catalogue.model.entity(out).name;
        let why = self.marks.left_out.get(&out).map_or("", String::as_str);
        Some(format!("{name} is {why}: take that back in Mismatches."))
    }

    /// Leaves, and says what stays all the same.
    pub(super) fn leave(&mut self, picks: &[Pick], migration: &mut Migration) {
        let Some(catalogue) = &self.catalogue else { return };
        let scope = leave(catalogue, &migration.plan.scope, picks, false);
        let named = Named::new(catalogue, &scope);
        let chosen = named.chosen(catalogue);
        let cut = catalogue.cut(&migration.plan.decisions);
        let inside = catalogue.with_needs(&chosen, &cut, |index| named.excluded[index.0]);
        let stays = picks
            .iter()
            .flat_map(|pick| entities_of(catalogue, *pick))
            .filter(|index| inside[index.0])
            .count();
        self.set_scope(migration, |request| *request = scope);
        if stays > 0 {
            let what = counted(stays as u64, "entity of it stays", "entities of it stay");
            migration.say(format!("{what}, marked [+]: chosen ones refer to it."));
        }
    }

    /// Takes an entity out; where chosen ones need it, the person is asked first.
    pub(super) fn ask_or_leave(&mut self, index: EntityIndex, migration: &mut Migration) {
        let dependants = self.dependants(index, migration);
        if dependants.is_empty() {
            self.leave(&[Pick::Entity(index)], migration);
            return;
        }
        self.asked = Some(index);
        let Some((title, lines, choices)) = self.needed_question(index, migration) else { return };
        migration.ask(NEEDED, title, lines, choices);
    }

    /// The chosen entities that need this one.
    pub(super) fn dependants(&self, index: EntityIndex, migration: &Migration) -> Vec<EntityIndex> {
        let Some(catalogue) = &self.catalogue else { return Vec::new() };
        let cut = catalogue.cut(&migration.plan.decisions);
        let mut within = self.marks.chosen.clone();
        for added in self.marks.added.keys() {
            within[added.0] = true;
        }
        let found = catalogue.dependants(index, &within, &cut).into_keys();
        found.filter(|found| self.marks.chosen[found.0]).collect()
    }

    /// The question about the entities that need one that is to be left out.
    #[expect(clippy::type_complexity, reason = "title, lines and choices of one question")]
    pub(super) fn needed_question(
        &self,
        index: EntityIndex,
        migration: &Migration,
    ) -> Option<(String, Vec<String>, Vec<(String, String)>)> {
        let catalogue = self.catalogue.as_ref()?;
        let dependants = self.dependants(index, migration);
        let name = &catalogue.model.entity(index).name;
        let who = names(catalogue, &dependants);
        let verb = if dependants.len() == 1 { "needs" } else { "need" };
        let lines = vec![format!(
            "{who} {verb} it: references lead from there to {name}, directly or through others."
        )];
        let choices = vec![
            ("Keep it".to_owned(), String::new()),
            ("Leave these out too".to_owned(), who),
            (format!("Only {name}"), "its references are decided in Mismatches".to_owned()),
        ];
        Some((format!("Leave out {name}?"), lines, choices))
    }

    /// The person answered the question about entities that need one.
    pub(super) fn on_reply(&mut self, place: usize, migration: &mut Migration) {
        let Some(index) = self.asked.take() else { return };
        match place {
            ALL_OF_THEM => {
                let mut picks = vec![Pick::Entity(index)];
                picks.extend(self.dependants(index, migration).into_iter().map(Pick::Entity));
                self.leave(&picks, migration);
            }
            ONLY_THIS => {
                let Some(catalogue) = &self.catalogue else { return };
                let picks = [Pick::Entity(index)];
                let scope = leave(catalogue, &migration.plan.scope, &picks, true);
                self.set_scope(migration, |request| *request = scope);
            }
            _ => {}
        }
    }

    /// `e`: leaves the selected entity out.
    pub(super) fn leave_out(&mut self, migration: &mut Migration) {
        let Some(Node::Entity(_, _, index)) = self.tree.selected() else {
            migration.say("e leaves out a single entity; Space takes a whole line out.");
            return;
        };
        if !Self::may_change(migration) {
            return;
        }
        let Some(catalogue) = &self.catalogue else { return };
        match self.marks.of_entity(catalogue, index) {
            Mark::Chosen => self.ask_or_leave(index, migration),
            Mark::Added => self.explain_added(index, migration),
            Mark::Never => {
                let text = never_words(catalogue, index);
                migration.say(text);
            }
            _ => {
                let name = &catalogue.model.entity(index).name;
                migration.say(format!("{name} is not in the scope."));
            }
        }
    }

    /// `c`: whether references take entities of the platform's component modules in.
    pub(super) fn toggle_components(&mut self, migration: &mut Migration) {
        if !Self::may_change(migration) {
            return;
        }
        self.set_scope(migration, |scope| scope.components = !scope.components);
        let there = migration.name_of(Side::Destination);
        migration.say(if migration.plan.scope.components {
            format!(
                "References take tables of component modules in: settings and people's data may \
                 go to {there}."
            )
        } else {
            "Tables of component modules go along only where a decision takes them in.".to_owned()
        });
    }

    /// `a`: chooses all that is shown; once more brings back what was before.
    pub(super) fn choose_shown(&mut self, migration: &mut Migration) {
        if !Self::may_change(migration) {
            return;
        }
        if let Some(before) = self.before_all.take() {
            self.set_scope(migration, |request| {
                let now = std::mem::take(request);
                *request = ScopeRequest {
                    replace: now.replace,
                    personal_data: now.personal_data,
                    no_soft_keys: now.no_soft_keys,
                    ..before
                };
            });
            migration.say("As it was before.");
            return;
        }
        let Some(catalogue) = &self.catalogue else { return };
        let picks: Vec<Pick> = self
            .tree
            .shown_picks()
            .into_iter()
            .filter(|pick| self.marks.of(catalogue, *pick) != Mark::Never)
            .collect();
        let before = migration.plan.scope.clone();
        self.choose(&picks, migration);
        if migration.plan.scope == before {
            migration.say("All that is shown is chosen already.");
        } else {
            self.before_all = Some(before);
            let what = if self.tree.is_narrowed() { "that fits the filter" } else { "there is" };
            let name = migration.name_of(Side::Source);
            migration
                .say(format!("Everything {what} in {name} is chosen; a again: as it was before."));
        }
        let height = tree_height(migration);
        let selected = self.tree.list.selected;
        self.tree.list.select(selected, self.tree.lines.len(), height);
    }
}

/// The first names, and how many more.
fn names(catalogue: &Catalogue, all: &[EntityIndex]) -> String {
    let name = |index: &EntityIndex| catalogue.model.entity(*index).name.clone();
    let shown: Vec<String> = all.iter().take(NAMES).map(name).collect();
    match all.len() {
        0..=1 => shown.concat(),
        2..=NAMES => {
            let (last, first) = shown.split_last().map_or(("", &[][..]), |(l, f)| (l.as_str(), f));
            format!("{} and {last}", first.join(", "))
        }
        more => format!("{} and {} more", shown.join(", "), more - NAMES),
    }
}

fn never_words(catalogue: &Catalogue, index: EntityIndex) -> String {
    let name = &catalogue.model.entity(index).name;
    let why = catalogue.items[index.0].never.unwrap_or_default();
    format!("{name} cannot be chosen: {why}.")
}
