//! Draws lines to read, scrolled.

use super::super::look::{Area, Canvas, cut, put, right, role, wrap};

/// Draws them from this one on; what is indented stays so where it is wrapped.
pub fn draw_lines(lines: &[String], first: usize, area: Area, canvas: &mut Canvas) {
    let width = usize::from(area.width);
    let wrapped: Vec<String> = lines.iter().flat_map(|line| wrap_indented(line, width)).collect();
    let height = usize::from(area.height);
    let first = first.min(wrapped.len().saturating_sub(height));
    for (y, line) in (area.y..).zip(wrapped.iter().skip(first).take(height)) {
        put(canvas, area.x, y, &cut(line, width), role::plain());
    }
    if first + height < wrapped.len() && area.height > 0 {
        right(canvas, area, area.height - 1, " ↓ more ", role::accent());
    }
}

/// Wraps a line; what is indented stays so.
pub fn wrap_indented(line: &str, width: usize) -> Vec<String> {
    let indent = (line.len() - line.trim_start().len()).min(width / 2);
    let blank = " ".repeat(indent);
    let parts = wrap(line, width.saturating_sub(indent));
    parts.into_iter().map(|part| format!("{blank}{part}")).collect()
}

/// Draws the one thing to press on the last line of an area.
pub fn draw_button(text: &str, area: Area, canvas: &mut Canvas) {
    if let Some(y) = area.bottom().checked_sub(1).filter(|_| area.height > 0) {
        put(canvas, area.x, y, &format!("▸[ {text} ]"), role::selected());
    }
}
