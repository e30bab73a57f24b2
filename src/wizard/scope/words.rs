//! What is said of the scope: what is missing, the status line, the sum below the tree, the lines
//! for Review.

use std::collections::HashSet;

use super::super::message::Sign;
use super::super::migration::Migration;
use super::super::step::{Notice, Reason};
use super::Scope;
use super::details::counted_rows;
use crate::compare::Reason as Why;
use crate::report::counted;

impl Scope {
    /// Why Next is refused.
    pub(super) fn missing(&self, migration: &Migration) -> Vec<Reason> {
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

    /// The most important thing to say now.
    pub(super) fn status_line(&self, migration: &Migration) -> Option<Notice> {
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
                "[+] marks {} that chosen ones refer to; Mismatches can leave {} out.",
                counted(added, "entity", "entities"),
                if added == 1 { "it" } else { "them" }
            );
            Notice::new(Sign::Note, text)
        })
    }

    /// The line below the tree.
    pub(super) fn chosen_line(&self) -> String {
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

/// Lines for Review: what was chosen, what came along, what is left out.
pub(super) fn summary_lines(migration: &Migration) -> Vec<(String, String)> {
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
