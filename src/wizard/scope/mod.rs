//! Scope: which applications, modules and entities are moved. What is chosen is what the plan
//! names (`request`); what comes along because something refers to it is the comparison's to say.

mod catalogue;
mod commands;
mod counting;
mod details;
mod editing;
mod marks;
mod plain;
mod request;
mod sync;
#[cfg(test)]
mod tests;
mod tree;
mod view;
mod words;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::frame;
use super::keys::{Binding, Command, Key};
use super::look::{Area, Canvas};
use super::message::Fact;
use super::migration::Migration;
use super::step::{Ask, Event, Notice, Reason, Step};
use super::viewport::Size;
use crate::compare::Reason as Why;
use crate::outsystems::{EntityIndex, Environment};
use crate::plan::ScopeRequest;

use catalogue::Catalogue;
use counting::Counting;
use details::Details;
use marks::{Marks, Rows};
use plain::Plain;
use sync::Basis;
use tree::{Node, Tree};

const NAME: &str = "Scope";
/// Choose all that is shown.
const ALL: &str = "all";
/// Leave an entity out.
const OUT: &str = "out";
/// Take component modules in.
const COMPONENTS: &str = "components";
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
        Command::Own(COMPONENTS),
        &[Key::Char('c')],
        "components",
        "have references take tables of the platform's component modules in (Users, ECT_Provider), \
         which hold settings and people's data; again: as before",
    )
    .not_in_footer(),
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
            Command::Own(COMPONENTS) => migration.may_change(),
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
        self.missing(migration)
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
        for list in
            [&scope.applications, &scope.espaces, &scope.solutions, &scope.entities, &scope.exclude]
        {
            list.hash(&mut hasher);
        }
        scope.components.hash(&mut hasher);
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
        words::summary_lines(migration)
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        self.status_line(migration)
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
