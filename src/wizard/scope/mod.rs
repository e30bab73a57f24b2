//! Scope: which applications, modules and entities are moved. What is chosen is what the plan
//! names (`request`); what comes along because something refers to it is the comparison's to say.

mod catalogue;
mod counting;
mod details;
mod editing;
mod marks;
mod plain;
mod request;
#[cfg(test)]
mod tests;
mod tree;
mod view;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::frame;
use super::keys::{Binding, Command, Key};
use super::look::{Area, Canvas};
use super::message::{Fact, Sign};
use super::migration::Migration;
use super::step::{Ask, Event, Notice, Reason, Step};
use super::viewport::Size;
use crate::compare::Reason as Why;
use crate::outsystems::{EntityIndex, Environment, Side};
use crate::plan::{Review, ScopeRequest};
use crate::report::counted;

use catalogue::Catalogue;
use counting::Counting;
use details::{Details, Known, counted_rows};
use marks::{Mark, Marks, Rows};
use plain::Plain;
use tree::{Node, Tree};

const NAME: &str = "Scope";
/// Choose all that is shown.
const ALL: &str = "all";
/// Leave an entity out.
const OUT: &str = "out";
/// The question about entities that need one that is left out.
const NEEDED: &str = "needed";

const KEYS: &[Binding] = &[
    Binding::new(
        Command::Toggle,
        &[Key::Char(' ')],
        "choose",
        "choose the line, or take it out again",
    ),
    Binding::new(Command::Left, &[Key::Left], "fold", "fold; on a folded line to the one above"),
    Binding::new(Command::Right, &[Key::Right], "unfold", "unfold; then to the first line below"),
    Binding::new(
        Command::Own(ALL),
        &[Key::Char('a')],
        "all",
        "choose all that is shown; again: as it was before",
    ),
    Binding::new(Command::Own(OUT), &[Key::Char('e')], "leave out", "leave an entity out"),
    Binding::new(
        Command::Filter,
        &[Key::Char('/')],
        "find",
        "show only what holds a text, unfolded; Enter keeps it, Esc clears it",
    ),
    Binding::new(Command::Open, &[Key::Enter], "details", "all that is known of the line"),
    Binding::new(
        Command::Recheck,
        &[Key::Control('t')],
        "count again",
        "compare anew and count rows again",
    )
    .in_text()
    .not_in_footer(),
];

/// What the marks were worked out from.
#[derive(Debug, Default)]
struct Basis {
    scope: ScopeRequest,
    review: Option<Arc<Review>>,
}

/// The step's tree and cursor.
#[derive(Debug, Default)]
pub struct Scope {
    catalogue: Option<Catalogue>,
    /// The destination that rows are counted in.
    destination: Option<Arc<Environment>>,
    rows: Rows,
    marks: Marks,
    tree: Tree,
    details: Details,
    basis: Basis,
    counting: Counting,
    /// Whether the scope was changed here and no comparison has seen it yet.
    awaits_review: bool,
    /// The entity that the open question is about.
    asked: Option<EntityIndex>,
    /// The scope before all was chosen.
    before_all: Option<ScopeRequest>,
    plain: Plain,
}

/// The room of the step.
fn room(migration: &Migration) -> Size {
    frame::room(migration, NAME)
}

/// Lines of the tree that are seen: what is below the tree, and its borders, taken off.
fn tree_height(migration: &Migration) -> usize {
    usize::from(room(migration).height.saturating_sub(3)).max(1)
}

impl Scope {
    /// Comes up to date with the models, the scope and the review.
    fn sync(&mut self, migration: &Migration) {
        let Some((source, destination)) = migration.models() else {
            self.catalogue = None;
            self.tree.lines.clear();
            return;
        };
        let is_same = |known: Option<&Arc<Environment>>, model: &Arc<Environment>| {
            known.is_some_and(|known| Arc::ptr_eq(known, model))
        };
        let is_new = !is_same(self.catalogue.as_ref().map(|c| &c.model), source)
            || !is_same(self.destination.as_ref(), destination);
        if is_new {
            self.read(source, destination, migration);
        }
        let is_reviewed = match (&self.basis.review, &migration.review) {
            (Some(seen), Some(review)) => Arc::ptr_eq(seen, review),
            (seen, review) => seen.is_none() && review.is_none(),
        };
        if is_new || !is_reviewed || self.basis.scope != migration.plan.scope {
            self.basis =
                Basis { scope: migration.plan.scope.clone(), review: migration.review.clone() };
            self.mark(migration, is_new);
        }
    }

    fn read(
        &mut self,
        source: &Arc<Environment>,
        destination: &Arc<Environment>,
        migration: &Migration,
    ) {
        let catalogue = Catalogue::new(source);
        self.rows = Rows::new(&catalogue, Some(destination));
        for ((side, entity), rows) in &migration.counts {
            self.rows.put(&catalogue, *side, *entity, *rows);
        }
        self.catalogue = Some(catalogue);
        self.destination = Some(Arc::clone(destination));
        self.counting = Counting::default();
    }

    /// Works out the marks, and the lines that follow from them.
    fn mark(&mut self, migration: &Migration, is_new: bool) {
        let Some(catalogue) = &self.catalogue else { return };
        let scope = &migration.plan.scope;
        if let Some(review) = &migration.review {
            for pair in &review.comparison.pairs {
                if let Some(rows) = pair.source_rows {
                    self.rows.put(catalogue, Side::Source, pair.source, rows);
                }
                let existing = &pair.existing;
                if let Some((goes, stays)) = existing.replaced.zip(existing.standing) {
                    self.rows.put(catalogue, Side::Destination, pair.destination, goes + stays);
                }
            }
        }
        self.marks = Marks::new(catalogue, scope, migration.review.as_deref(), &self.rows);
        self.tree.read_unknown(catalogue, scope);
        if is_new {
            for top in 0..catalogue.tops.len() {
                if !matches!(self.marks.of_top(catalogue, top), Mark::Not) {
                    self.tree.unfold(Node::Top(top));
                }
            }
        }
        self.arrange(migration);
    }

    /// Works out the visible lines again.
    fn arrange(&mut self, migration: &Migration) {
        if let Some(catalogue) = &self.catalogue {
            self.tree.arrange(catalogue, &self.marks.named, tree_height(migration));
        }
        self.counting.look_again();
        self.describe(migration);
    }

    /// Works out what is said of the selected line.
    fn describe(&mut self, migration: &Migration) {
        let Some(catalogue) = &self.catalogue else { return };
        let names = (migration.name_of(Side::Source), migration.name_of(Side::Destination));
        let known = Known {
            catalogue,
            marks: &self.marks,
            rows: &self.rows,
            destination: self.destination.as_deref(),
            names: &names,
            trouble: migration.scope_trouble.as_deref(),
        };
        self.details = known.details(&self.tree, self.tree.selected());
    }

    /// Rows were counted: they are added up, without working anything else out.
    fn counted(&mut self, side: Side, entity: EntityIndex, rows: u64, migration: &Migration) {
        let Some(catalogue) = &self.catalogue else { return };
        let Some(index) = self.rows.put(catalogue, side, entity, rows) else { return };
        if self.marks.chosen.get(index.0) == Some(&true) || self.marks.added.contains_key(&index) {
            self.marks.count(&self.rows);
        }
        self.describe(migration);
    }

    fn on_command(&mut self, command: Command, migration: &mut Migration) {
        if self.tree.is_filtering && self.on_filter_command(command, migration) {
            return;
        }
        let height = tree_height(migration);
        match command {
            Command::Toggle => self.toggle(migration),
            Command::Own(ALL) => self.choose_shown(migration),
            Command::Own(OUT) => self.leave_out(migration),
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

    fn recount(&mut self, migration: &mut Migration) {
        if !migration.may_change() {
            return;
        }
        migration.counts.clear();
        self.catalogue = None;
        self.sync(migration);
        migration.compare_anew();
        migration.say("Both environments are compared anew, and rows are counted again.");
    }

    fn set_filter(&mut self, text: &str, migration: &Migration) {
        if self.tree.filter.text() != text {
            self.tree.filter.set(text);
            self.refilter(migration);
        }
    }

    fn refilter(&mut self, migration: &Migration) {
        self.tree.refilter();
        self.arrange(migration);
    }

    /// The line below the tree.
    fn chosen_line(&self) -> String {
        let marks = &self.marks;
        if marks.chosen_sum.entities + marks.added_sum.entities == 0 {
            return "Chosen: nothing yet. Space chooses an application, a module or an entity."
                .to_owned();
        }
        let mut line = format!(
            "Chosen: {} in {} · {}",
            counted(marks.chosen_sum.entities as u64, "entity", "entities"),
            counted(marks.modules as u64, "module", "modules"),
            counted_rows(marks.chosen_sum),
        );
        if marks.added_sum.entities > 0 {
            line.push_str(&format!(
                " · added: {}, {}",
                marks.added_sum.entities,
                counted_rows(marks.added_sum)
            ));
        }
        line
    }
}

impl Step for Scope {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self, _migration: &Migration) -> String {
        "What should move? [x] you chose  [+] added because something refers to it".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        let selected = self.tree.selected();
        match command {
            Command::Toggle | Command::Own(ALL) => migration.may_change() && selected.is_some(),
            Command::Own(OUT) => {
                migration.may_change() && matches!(selected, Some(Node::Entity(..)))
            }
            _ => true,
        }
    }

    fn in_text(&self, _migration: &Migration) -> bool {
        self.tree.is_filtering
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.sync(migration);
        self.tree.is_filtering = false;
        self.counting.enter();
        self.plain = Plain::default();
        self.describe(migration);
        self.count(migration);
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        match event {
            Event::Fact(fact) => match fact {
                Fact::Surveyed(_) | Fact::ScopeUnknown(_) => {
                    self.awaits_review = false;
                    if self.catalogue.is_some() {
                        self.sync(migration);
                        self.describe(migration);
                    }
                }
                Fact::Counted(side, entity, rows) => {
                    self.counted(*side, *entity, *rows, migration);
                }
                _ => {}
            },
            Event::Ticked => self.count(migration),
            event => {
                self.sync(migration);
                match event {
                    Event::Command(command) => self.on_command(command, migration),
                    Event::Typed(c) if self.tree.is_filtering => {
                        self.tree.filter.type_in(c);
                        self.refilter(migration);
                    }
                    Event::Pasted(text) if self.tree.is_filtering => {
                        self.tree.filter.paste(text);
                        self.refilter(migration);
                    }
                    Event::Replied(NEEDED, place) => self.on_reply(place, migration),
                    Event::Answered(answer) => self.on_answer(&answer, migration),
                    _ => {}
                }
                self.count(migration);
            }
        }
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        if migration.models().is_none() {
            return vec![Reason::new("both sides have to be connected first (Connect, 1)")];
        }
        if !migration.has_scope() {
            let what = "nothing is chosen; Space chooses an application, a module or an entity";
            return vec![Reason::new(what)];
        }
        if let Some(trouble) = &migration.scope_trouble {
            let trouble = trouble.lines().next().unwrap_or_default();
            return vec![Reason::new(format!("{trouble}; Space on its line takes it out"))];
        }
        match &migration.review {
            Some(review) if !self.awaits_review => {
                if review.selection.entities.is_empty() {
                    let what = "nothing of what is chosen has rows that can be moved";
                    return vec![Reason::new(what)];
                }
                Vec::new()
            }
            _ if migration.is_comparing() => {
                vec![Reason::new("the environments are still being compared, in a moment")]
            }
            _ => vec![Reason::new("the environments are not compared yet (Ctrl+T)")],
        }
    }

    fn go_to_first_reason(&mut self, migration: &mut Migration) {
        if migration.scope_trouble.is_some() && !self.tree.unknown.is_empty() {
            let height = tree_height(migration);
            self.set_filter("", migration);
            self.tree.list.select(0, self.tree.lines.len(), height);
            self.describe(migration);
        }
    }

    fn answers(&self, migration: &Migration) -> String {
        let scope = &migration.plan.scope;
        let mut hasher = DefaultHasher::new();
        for list in [&scope.applications, &scope.espaces, &scope.solutions, &scope.exclude] {
            list.hash(&mut hasher);
        }
        format!("{:x}", hasher.finish())
    }

    fn shown(&self, migration: &Migration) -> String {
        let mut hasher = DefaultHasher::new();
        for selected in migration.review.iter().flat_map(|review| &review.selection.entities) {
            (selected.entity, selected.reason == Why::Chosen).hash(&mut hasher);
        }
        format!("{:x}", hasher.finish())
    }

    fn count(&self, migration: &Migration) -> String {
        migration
            .review
            .as_ref()
            .map_or_else(String::new, |review| review.selection.entities.len().to_string())
    }

    fn summary(&self, migration: &Migration) -> Vec<(String, String)> {
        let Some(review) = &migration.review else { return Vec::new() };
        let selected = &review.selection.entities;
        let is_chosen = |why: &Why| *why == Why::Chosen;
        let chosen = selected.iter().filter(|selected| is_chosen(&selected.reason)).count();
        let mut line = counted(chosen as u64, "entity", "entities");
        if let Some((source, _)) = migration.models() {
            let modules: HashSet<_> = selected
                .iter()
                .filter(|selected| is_chosen(&selected.reason))
                .map(|selected| source.entity(selected.entity).espace_id)
                .collect();
            let modules = counted(modules.len() as u64, "module", "modules");
            line.push_str(&format!(" of {modules} chosen"));
        }
        let added = selected.len() - chosen;
        if added > 0 {
            line.push_str(&format!(", {added} added because others refer to them"));
        }
        let mut lines = vec![("Scope".to_owned(), line)];
        let excluded = &migration.plan.scope.exclude;
        if !excluded.is_empty() {
            let mut names = excluded.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            if excluded.len() > 3 {
                names.push_str(&format!(" and {} more", excluded.len() - 3));
            }
            lines.push(("Left out".to_owned(), names));
        }
        lines
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        if !migration.may_change() {
            let text = "A run was started with this scope: it can be read here, not changed.";
            return Some(Notice::new(Sign::Note, text));
        }
        if migration.models().is_none() {
            let text = "Both sides have to be connected first: press 1.";
            return Some(Notice::new(Sign::Warning, text));
        }
        if let Some(trouble) = &migration.scope_trouble {
            let text = trouble.lines().next().unwrap_or_default();
            return Some(Notice::new(Sign::Bad, format!("{text}.")));
        }
        if migration.is_comparing() {
            let text = match migration.counting {
                0 => "Comparing both environments…".to_owned(),
                open => format!(
                    "Comparing both environments: {} about rows to go…",
                    counted(open as u64, "question", "questions")
                ),
            };
            return Some(Notice::new(Sign::Later, text));
        }
        if self.counting.has_failed() {
            let text = "Rows could not be counted; Ctrl+T tries again.";
            return Some(Notice::new(Sign::Warning, text));
        }
        (self.marks.added_sum.entities > 0).then(|| {
            let added = self.marks.added_sum.entities as u64;
            let text = format!(
                "[+] marks {} that chosen ones refer to; Mismatches can keep it out.",
                counted(added, "entity", "entities")
            );
            Notice::new(Sign::Note, text)
        })
    }

    fn checked(&self, migration: &Migration) -> String {
        let at = &migration.compared;
        if at.is_empty() { String::new() } else { format!("compared {at}") }
    }

    fn copied(&self, _migration: &Migration) -> Option<String> {
        self.tree.selected()?;
        let mut lines = vec![self.details.title.clone()];
        lines.extend(self.details.to_lines());
        Some(lines.join("\n"))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        self.question(migration)
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
