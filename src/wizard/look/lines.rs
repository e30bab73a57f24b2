//! Lines of text: cut to fit, aligned, wrapped, bars.

use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Area, Canvas};

/// Columns that a text takes.
#[must_use]
pub fn text_width(text: &str) -> usize {
    text.width()
}

/// A text cut to so many columns, with `…` where something is missing.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if text.width() <= width {
        return text.chars().map(clean).collect();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars().map(clean) {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// Puts a text at a place, cut at the right edge of the canvas.
pub fn put(canvas: &mut Canvas, x: u16, y: u16, text: &str, style: Style) {
    let area = canvas.area;
    if y >= area.bottom() || y < area.y || x >= area.right() {
        return;
    }
    let text = cut(text, usize::from(area.right() - x));
    canvas.set_string(x, y, text, style);
}

/// Puts a text so that it ends at the right edge of an area's line; returns where it starts.
pub fn right(canvas: &mut Canvas, area: Area, line: u16, text: &str, style: Style) -> u16 {
    let text = cut(text, usize::from(area.width));
    let width = u16::try_from(text.width()).unwrap_or(area.width);
    let x = area.right().saturating_sub(width);
    if line < area.height {
        put(canvas, x, area.y + line, &text, style);
    }
    x
}

/// A cell of a row.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    /// The text.
    pub text: std::borrow::Cow<'a, str>,
    /// Its columns.
    pub width: usize,
    /// Whether it ends at its right edge: numbers do.
    pub is_right: bool,
    /// How it looks.
    pub style: Style,
}

impl<'a> Cell<'a> {
    /// A text from the left.
    pub fn left(text: impl Into<std::borrow::Cow<'a, str>>, width: usize, style: Style) -> Self {
        Self { text: text.into(), width, is_right: false, style }
    }

    /// A number from the right.
    pub fn number(text: impl Into<std::borrow::Cow<'a, str>>, width: usize, style: Style) -> Self {
        Self { text: text.into(), width, is_right: true, style }
    }
}

/// Draws a row of cells, one blank between them, on a line of an area. The selected row is
/// reversed as a whole; its `▸` is the caller's first cell.
pub fn row(canvas: &mut Canvas, area: Area, line: usize, cells: &[Cell<'_>], is_selected: bool) {
    let Ok(line) = u16::try_from(line) else { return };
    if line >= area.height {
        return;
    }
    let y = area.y + line;
    let mut x = area.x;
    for cell in cells {
        if x >= area.right() {
            break;
        }
        let room = usize::from(area.right() - x).min(cell.width);
        let text = cut(&cell.text, room);
        let blank = room.saturating_sub(text.width());
        let at = if cell.is_right { x + u16::try_from(blank).unwrap_or(0) } else { x };
        put(canvas, at, y, &text, cell.style);
        x = x.saturating_add(u16::try_from(cell.width + 1).unwrap_or(u16::MAX));
    }
    if is_selected {
        canvas.set_style(Area { y, height: 1, ..area }, super::role::selected());
    }
}

/// Wraps a text to lines of so many columns, at blanks where there are any.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let mut word = word;
            if !line.is_empty() && line.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut line));
            }
            while word.width() > width {
                let mut end = 0;
                let mut used = 0;
                for (at, c) in word.char_indices() {
                    let wide = c.width().unwrap_or(0);
                    if used + wide > width && at > 0 {
                        break;
                    }
                    used += wide;
                    end = at + c.len_utf8();
                }
                lines.push(word[..end].to_owned());
                word = &word[end..];
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Draws a wrapped text from a line of an area on; returns the line after it.
pub fn paragraph(canvas: &mut Canvas, area: Area, line: u16, text: &str, style: Style) -> u16 {
    let mut line = line;
    for part in wrap(text, usize::from(area.width)) {
        if line >= area.height {
            break;
        }
        put(canvas, area.x, area.y + line, &part, style);
        line += 1;
    }
    line
}

/// A bar of so many columns, filled in this proportion.
#[must_use]
pub fn bar(done: u64, of: u64, width: usize) -> String {
    let share = if of == 0 { 0.0 } else { (done as f64 / of as f64).min(1.0) };
    let full = (share * width as f64).floor() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(width - full))
}
