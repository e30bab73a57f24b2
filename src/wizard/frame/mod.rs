//! The frame around every screen: header, rail, body, status line, footer.

pub mod view;

use super::look::{cut, wrap};
use super::migration::Migration;
use super::viewport::{Class, Size};

/// The lines that the lesson of a step takes: none where lessons are hidden or there is none.
#[must_use]
pub fn lesson(migration: &Migration, step: &str) -> Vec<String> {
    let Some(lesson) = migration.step_lesson(step) else { return Vec::new() };
    let most = if migration.size.class() == Class::Large { 3 } else { 1 };
    let width = usize::from(migration.size.body(0).width).saturating_sub(2);
    let mut lines = wrap(&format!("LESSON  {lesson}"), width);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = format!("{} (? more)", cut(last, width.saturating_sub(9)));
        }
    }
    lines
}

/// The room that a step has for itself: what its state counts on and what it is drawn in.
#[must_use]
pub fn room(migration: &Migration, step: &str) -> Size {
    let lines = lesson(migration, step).len();
    migration.size.body(u16::try_from(lines).unwrap_or(u16::MAX))
}
