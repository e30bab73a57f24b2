//! Boxes with a title, and lines.

use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Widget as _};

use super::{Area, Canvas, cut, put, role};

/// Draws a box with a title; returns the room in it. One with the focus has a heavier border and
/// a bold title.
pub fn panel(area: Area, title: &str, has_focus: bool, canvas: &mut Canvas) -> Area {
    let block = Block::bordered().border_type(if has_focus {
        BorderType::Thick
    } else {
        BorderType::Plain
    });
    let inner = block.inner(area);
    block.render(area, canvas);
    if !title.is_empty() && area.width > 4 && area.height > 0 {
        let shown = cut(&format!(" {title} "), usize::from(area.width) - 3);
        let style = if has_focus { role::title() } else { Style::new() };
        put(canvas, area.x + 2, area.y, &shown, style);
    }
    Area { x: inner.x + u16::from(inner.width > 2), width: inner.width.saturating_sub(2), ..inner }
}

/// Draws a line across.
pub fn rule(area: Area, canvas: &mut Canvas) {
    let line = "─".repeat(usize::from(area.width));
    put(canvas, area.x, area.y, &line, role::plain());
}
